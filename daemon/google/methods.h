/* SPDX-License-Identifier: Apache-2.0 */
/*
 * google/methods — which call a method and a path are.
 *
 * Job:    the tables: 47 methods of BigQuery v2, and the routes around them (uploads,
 * batch, MCP, discovery, token endpoints, metadata server). Errors: -EPERM
 * "api.unknown-method", "api.unknown-host"; -EINVAL "request.path" for an id that may
 * not stand in a path; -EPERM "api.not-offered" for another service, by the name of the
 * method. For what is recognised but not offered ret->handling is
 * SP_HANDLING_DENY.
 */
#pragma once

#include "daemon/google/call.h"
#include "daemon/google/url.h"

enum sp_parameter { /* bits of sp_method_info.parameters, in the order of the upstream
                       URL */
                    SP_PARAMETER_LOCATION,
                    SP_PARAMETER_MAX_RESULTS,
                    SP_PARAMETER_PAGE_TOKEN,
                    SP_PARAMETER_START_INDEX,
                    SP_PARAMETER_TIMEOUT_MS,
                    SP_PARAMETER_INT64_TIMESTAMP,
                    SP_PARAMETER_SELECTED_FIELDS,
                    SP_PARAMETER_ALL,
                    SP_PARAMETER_FILTER,
                    SP_PARAMETER_VIEW,
                    SP_PARAMETER_DATASET_VIEW,
                    SP_PARAMETER_ACCESS_POLICY_VERSION,
                    SP_PARAMETER_ALL_USERS,
                    SP_PARAMETER_PROJECTION,
                    SP_PARAMETER_STATE_FILTER,
                    SP_PARAMETER_PARENT_JOB_ID,
                    SP_PARAMETER_MIN_CREATION_TIME,
                    SP_PARAMETER_MAX_CREATION_TIME,
                    SP_PARAMETER_DELETE_CONTENTS,
                    SP_PARAMETER_UPDATE_MODE,
                    SP_PARAMETER_AUTODETECT_SCHEMA,
                    SP_PARAMETER_NO_ACL, /* of Cloud Storage, as those below */
                    SP_PARAMETER_PREFIX,
                    SP_PARAMETER_DELIMITER,
                    SP_PARAMETER_START_OFFSET,
                    SP_PARAMETER_END_OFFSET,
                    SP_PARAMETER_GENERATION,
                    SP_PARAMETER_IF_GENERATION,
                    SP_PARAMETER_VERSION, /* of discovery documents */
                    SP_PARAMETER_MAX_
};

/* Fills service, handling, local, action, project, dataset, table, job_id. */
sp_must_check int sp_method_find(struct sp_arena *a, const struct sp_request *r,
                                 const struct sp_url_path *path, struct sp_call *ret,
                                 struct sp_err *reterr);
/* NULL: no method of BigQuery v2. */
const struct sp_method_info *sp_method_of(const char *action);
/* Bits of the parameters that the call accepts; whether it has a JSON body. */
uint32_t sp_method_parameters(const char *action);
bool sp_method_has_body(const char *action);
/* What the tables say about it; NULL for an action that is not in them. */
const char *sp_method_why(const char *action);
