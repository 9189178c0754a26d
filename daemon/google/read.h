/* SPDX-License-Identifier: Apache-2.0 */
/*
 * google/read — the parts of recognise: parameters, headers, body, typed query.
 *
 * Job:       each function checks one part of a request against its allow-list and
 *            fills its part of struct sp_call.
 * Errors:    as sp_call_recognise.
 */
#pragma once

#include "daemon/google/call.h"
#include "daemon/google/url.h"

/* Request bodies: as sent, and after gzip. */
#define SP_CALL_BODY_MAX (10u * 1024 * 1024)
#define SP_CALL_SQL_MAX (1024u * 1024)
#define SP_CALL_SALT_PARAMETER "sallyport_salt"
#define SP_CALL_LABEL_PREFIX "sallyport"

sp_must_check int sp_read_parameters(struct sp_arena *a, const struct sp_request *r,
                                     struct sp_call *ret, struct sp_err *reterr);
sp_must_check int sp_read_headers(const struct sp_request *r, const struct sp_call *c,
                                  struct sp_err *reterr);
/* Checks type and encoding, opens gzip, parses. */
sp_must_check int sp_read_body(struct sp_arena *a, const struct sp_request *r,
                               struct sp_json **ret, struct sp_err *reterr);
/* Fills ret->query (and action, job_id, location) of jobs.query and jobs.insert. */
sp_must_check int sp_read_query(struct sp_arena *a, const struct sp_json *body,
                                struct sp_call *ret, struct sp_err *reterr);
/* Fills ret->write (and the ids that the body names) of SP_HANDLING_WRITE. `body` NULL: the
 * method has none. */
sp_must_check int sp_read_write(struct sp_arena *a, const struct sp_request *r,
                                const struct sp_json *body, struct sp_call *ret,
                                struct sp_err *reterr);
/* The same of configuration.copy in jobs.insert. */
sp_must_check int sp_read_copy(struct sp_arena *a, const struct sp_json *copy,
                               struct sp_call *ret, struct sp_err *reterr);

/* Typed pieces, shared by reading and writing. */
sp_must_check int sp_read_query_parameters(const struct sp_json *v, const char *where,
                                           struct sp_bq_query *q,
                                           struct sp_err *reterr);
sp_must_check int sp_check_parameter_mode(const struct sp_bq_query *q,
                                          struct sp_err *reterr);
void sp_write_query_parameters(struct sp_jsonw *w, const struct sp_json *v,
                               struct sp_str salt);
