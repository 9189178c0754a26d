/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker/flow_state — what the stages of one request share. Included by the stages only.
 *
 * A stage returns NEXT, WAIT (it asked somebody and will be run again from its start when
 * sp_flow_resume is called; `step` tells it where it was), or DONE (the exchange is answered
 * or handed to the reply). Later stages reach earlier ones only through this struct.
 */
#pragma once

#include "daemon/base/digest.h"
#include "daemon/base/json.h"
#include "daemon/google/answer.h"
#include "daemon/google/call.h"
#include "daemon/mask/page_plan.h"
#include "daemon/worker/exchange.h"
#include "daemon/worker/identity.h"
#include "daemon/worker/job.h"
#include "daemon/worker/judge.h"
#include "daemon/worker/worker.h"

enum sp_next { SP_NEXT, SP_WAIT, SP_DONE };

/* How the request ends, as far as it is known. */
enum sp_outcome {
        SP_OUTCOME_OPEN, /* goes on to forward */
        SP_OUTCOME_ANSWER, /* `status` and `body` are the answer: record, then send it */
        SP_OUTCOME_REFUSE, /* `error` says why: record, then refuse with `status` */
};

struct sp_reply;
struct sp_flow {
        struct sp_worker *w;
        struct sp_exchange *x;
        struct sp_arena *arena; /* the exchange's */
        unsigned stage, step;
        uint64_t started_us;
        bool is_running, is_woken, is_aborted;

        enum sp_outcome outcome;
        unsigned status;
        const char *reason; /* Google's error reason; NULL: by status */
        struct sp_str body;
        const char *content_type; /* NULL: JSON */
        struct sp_err error;

        struct sp_identity id;
        struct sp_call call;
        bool is_recognised; /* `call.action` may be shown */
        bool is_unrecorded; /* health reads of the metadata server; too many that are not sent */

        struct sp_policy *policy; /* the one in force when the request came */
        struct sp_judgement judgement;
        struct sp_decision decision;
        bool is_observed; /* the policy said no, observe mode lets it pass */
        struct sp_str tables, places; /* of the text: what is kept with its job */
        struct sp_schema *schemas;
        size_t n_schemas, schemas_max;
        bool is_own_result; /* what is asked about is the principal's result table */
        bool has_old_schema; /* of some table what was known before this request … */
        bool is_asked_anew; /* … and now what was asked for it alone */
        bool is_preview; /* rows of a table that is nobody's result: a SELECT without SQL */
        bool has_page; /* they are checked and masked in flight, by `page` */
        struct sp_page_plan page;
        bool has_estimate;
        uint64_t estimated_bytes;
        bool is_billed; /* counted as `charged_bytes` until its bill is known */
        uint64_t charged_bytes, charged_s;

        struct sp_upstream_request upstream;
        char request_hash[SP_SHA256_HEX_LEN + 1];
        char policy_version[SP_SHA256_HEX_LEN + 1];

        struct sp_job job; /* of an existing or to-be job; job.id empty: none */
        struct sp_json *child; /* resource of a job whose parent is asked for */
        bool is_held; /* parked, waits for a person */
        struct sp_str salt_placeholder; /* stands in a held body until it is sent */
        bool is_job_new;
        uint64_t deadline_us; /* of a long poll */
        uint8_t approval_state;
        struct sp_str approver, approval_reason;

        struct sp_flow *next_sign_in; /* waits for its turn, */
        struct sp_str id_token; /* with this */
        uint64_t asked_us; /* when the current question was asked, for latencies */
        struct sp_reply *reply;
};

/* Runs the stages from where the flow stands. Callbacks end with this. */
void sp_flow_resume(struct sp_flow *f);
/* Policy and understanding: 400/401/403/404 with f->error. Returns SP_NEXT, so that a stage can
 * `return sp_flow_refuse(…)`: the record stage comes next and the refusal after it. */
enum sp_next sp_flow_refuse(struct sp_flow *f, unsigned status, const char *reason);
/* We cannot: 503, not recorded (it may be the recorder that is missing). */
enum sp_next sp_flow_fault(struct sp_flow *f, const struct sp_err *e);
enum sp_next sp_flow_answer(struct sp_flow *f, unsigned status, struct sp_str body);
/* Ends a flow whose reply is complete (or whose exchange was answered). */
void sp_flow_end(struct sp_flow *f);
/* The same for an answer that was begun and cannot be completed. */
void sp_flow_abort(struct sp_flow *f);

/* What the client sent as its access token; empty: none. */
struct sp_str sp_flow_bearer(const struct sp_flow *f);
/* sign_in.c: a token for the client. `same`: a token of ours: for its person; empty: for nobody. */
void sp_flow_mint(struct sp_flow *f, struct sp_str same);
void sp_flow_sign_in(struct sp_flow *f, struct sp_str id_token);

/* What is kept of a job that this request makes: everything but its reference. */
void sp_flow_describe_job(const struct sp_flow *f, struct sp_job *j);

/* examine_request.c: what is sent, and its hash in f->request_hash. */
struct sp_query_extra sp_flow_extra(const struct sp_flow *f, bool is_dry_run);
sp_must_check int sp_flow_hash_request(struct sp_flow *f);
/* examine_schemas.c: what is known of its tables may be old: the next request asks. */
void sp_flow_forget_schemas(const struct sp_flow *f);

/* For the page tokens of an answer with rows: of a query, `result` is left to the answer. */
struct sp_page_seal;
sp_must_check int sp_flow_page_seal(const struct sp_flow *f, struct sp_page_seal *ret);

/* The stages that have a file of their own. */
enum sp_next sp_flow_local(struct sp_flow *f); /* local.c */
enum sp_next sp_flow_own(struct sp_flow *f); /* owner.c */
enum sp_next sp_flow_parse(struct sp_flow *f); /* examine.c */
enum sp_next sp_flow_resolve(struct sp_flow *f); /* examine_schemas.c */
enum sp_next sp_flow_decide(struct sp_flow *f); /* examine.c */
enum sp_next sp_flow_limit(struct sp_flow *f); /* limits.c */
enum sp_next sp_flow_record(struct sp_flow *f); /* record.c */
enum sp_next sp_flow_approve(struct sp_flow *f); /* hold.c */
enum sp_next sp_flow_forward(struct sp_flow *f); /* forward.c */
