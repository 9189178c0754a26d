/* SPDX-License-Identifier: Apache-2.0 */
/* What is sent upstream, and what an approval of it is bound to. */
#include <errno.h>

#include "daemon/google/page_token.h"
#include "daemon/worker/examine.h"

/* ---- parameters ---- */

const struct sp_header *sp_examine_parameter(const struct sp_flow *f, const char *name)
{
        for (size_t i = 0; i < f->call.n_parameters; i++)
                if (sp_str_eq(f->call.parameters[i].name, sp_str_c(name)))
                        return &f->call.parameters[i];
        return NULL;
}

/* The fields are asked for in the order of the plan, whatever order the client wrote. */
int sp_examine_replace_parameter(struct sp_flow *f, const struct sp_header *h,
                                 struct sp_str value)
{
        struct sp_header *all =
                sp_arena_array(f->arena, f->call.n_parameters, sizeof(*all));

        if (!all)
                return -ENOMEM;
        memcpy(all, f->call.parameters, f->call.n_parameters * sizeof(*all));
        all[h - f->call.parameters].value = value;
        f->call.parameters = all;
        return 0;
}

/* ---- the request ---- */

struct sp_query_extra sp_flow_extra(const struct sp_flow *f, bool is_dry_run)
{
        return (struct sp_query_extra){
                .sql = f->judgement.plan.text,
                .dry_run = is_dry_run,
                .as_insert = is_dry_run,
                .maximum_bytes_billed = sp_policy_maximum_bytes_billed(f->policy),
                .salt = f->judgement.plan.needs_salt ? f->id.salt : SP_STR_NULL,
                .label_session = f->id.session,
                .label_workload = f->id.who.workload,
        };
}

/* The placeholder stands where the salt will: the same for the same session, so that a
 * retried request has the same hash, and not to be guessed by the agent. */
static int placeholder(struct sp_flow *f, struct sp_str *ret)
{
        uint8_t mac[SP_SHA256_LEN];
        char hex[SP_SHA256_HEX_LEN + 1];
        int r = sp_hmac_sha256(f->id.salt, SP_STR("sallyport placeholder"), mac);

        if (r < 0)
                return r;
        sp_hex(mac, sizeof(mac), hex);
        *ret = sp_arena_str(f->arena, sp_str(hex, SP_SHA256_HEX_LEN));
        return ret->p ? 0 : -ENOMEM;
}

/* Who, what exactly, under which policy, on which versions of the tables. */
int sp_flow_hash_request(struct sp_flow *f)
{
        sp_autobuf b = SP_BUF_INIT(4 * 1024 * 1024);
        struct sp_wire_out w = SP_WIRE_OUT(&b);
        uint8_t hash[SP_SHA256_LEN];
        int r;

        sp_wire_put_str(&w, f->id.who.workload);
        sp_wire_put_str(&w, f->id.who.iss);
        sp_wire_put_str(&w, f->id.who.sub);
        sp_wire_put_str(&w, f->upstream.method);
        sp_wire_put_str(&w, f->upstream.host);
        sp_wire_put_str(&w, f->upstream.path_and_query);
        sp_wire_put_str(&w, f->upstream.body);
        sp_wire_put_str(&w, f->upstream.etag);
        sp_wire_put_str(&w, sp_str_c(f->policy_version));
        for (size_t i = 0; i < f->n_schemas; i++) {
                sp_wire_put_str(&w, f->schemas[i].table);
                sp_wire_put_str(&w, f->schemas[i].etag);
        }
        r = w.error;
        if (r == 0)
                r = sp_sha256(sp_buf_str(&b), hash);
        if (r == 0)
                sp_hex(hash, sizeof(hash), f->request_hash);
        return r;
}

static bool must_hold(const struct sp_flow *f)
{
        return f->decision.verdict == SP_VERDICT_APPROVE && !f->is_observed &&
               f->call.query &&
               !f->call.query->dry_run; /* a dry run has no effect to hold */
}

/* A held query goes out later, as jobs.insert under the id that the client polls. */
static int prepare_held(struct sp_flow *f, struct sp_query_extra *e)
{
        struct sp_str id = f->call.query->client_job_id;
        int r = 0;

        f->is_held = true;
        if (!id.n && f->call.query->request_id.n) {
                /* jobs.query is retried with the same requestId: the same job then */
                char hex[SP_SHA256_HEX_LEN + 1];
                uint8_t mac[SP_SHA256_LEN];

                r = sp_hmac_sha256(f->id.salt, f->call.query->request_id, mac);
                if (r < 0)
                        return r;
                sp_hex(mac, sizeof(mac), hex);
                id = sp_arena_printf(f->arena, "sallyport_%.32s", hex);
        } else if (!id.n) {
                id = sp_arena_printf(f->arena, "sallyport_%s", f->x->id.c);
        }
        e->as_insert = true;
        e->job_id = id;
        if (f->judgement.plan.needs_salt)
                r = placeholder(f, &f->salt_placeholder);
        e->salt = f->salt_placeholder;
        if (r == 0 && !id.p)
                r = -ENOMEM;
        return r;
}

/* The client's page token is ours around BigQuery's. */
static int open_page_token(struct sp_flow *f)
{
        const struct sp_header *h = sp_examine_parameter(f, "pageToken");
        struct sp_page_seal seal;
        struct sp_str token;
        int r;

        if (!h || !h->value.n ||
            (f->call.handling != SP_HANDLING_OWN_JOB &&
             f->call.handling != SP_HANDLING_OWN_TABLE))
                return 0;
        r = sp_flow_page_seal(f, &seal);
        if (r == 0)
                r = sp_page_token_open(&seal, h->value, &token, &f->error);
        return r < 0 ? r : sp_examine_replace_parameter(f, h, token);
}

enum sp_next sp_examine_prepare(struct sp_flow *f)
{
        struct sp_query_extra e = sp_flow_extra(f, false);
        int r = open_page_token(f);

        if (r == -EINVAL)
                return sp_flow_refuse(f, 400, "invalid");

        if (!f->call.query)
                e = (struct sp_query_extra){ 0 };
        if (r == 0 && must_hold(f))
                r = prepare_held(f, &e);
        if (r == 0)
                r = sp_call_upstream(f->arena, &f->call, &e, &f->upstream, &f->error);
        else
                (void)sp_err_set(&f->error, r, "judge.too-large", "", "out of memory");
        if (r < 0)
                return sp_examine_refuse(f, r);
        if (f->is_held)
                f->job.id = e.job_id;
        r = sp_flow_hash_request(f);
        if (r < 0) {
                (void)sp_err_set(&f->error, r, "judge.too-large", "",
                                 "the request cannot be hashed");
                return sp_flow_fault(f, &f->error);
        }
        return SP_NEXT;
}
