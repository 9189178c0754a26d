/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/worker/job.h"

#include <errno.h>

#include "daemon/base/json.h"
#include "daemon/base/wire.h"

int sp_job_write(const struct sp_job *j, struct sp_buf *to)
{
        struct sp_jsonw w = SP_JSONW(to);

        sp_jsonw_open(&w, '{');
        sp_jsonw_kstr(&w, "project", j->project);
        sp_jsonw_kstr(&w, "id", j->id);
        sp_jsonw_kstr(&w, "location", j->location);
        sp_jsonw_kstr(&w, "workload", j->workload);
        sp_jsonw_kstr(&w, "iss", j->iss);
        sp_jsonw_kstr(&w, "sub", j->sub);
        sp_jsonw_kstr(&w, "session", j->session);
        sp_jsonw_kstr(&w, "exchange", j->exchange);
        sp_jsonw_kstr(&w, "sql", j->sql);
        sp_jsonw_kstr(&w, "kind", j->kind);
        sp_jsonw_kbool(&w, "rewritten", j->is_rewritten);
        if (j->tables.p)
                sp_jsonw_kstr(&w, "tables", j->tables);
        sp_jsonw_kstr(&w, "places", j->places);
        sp_jsonw_kstr(&w, "outputs", j->outputs);
        sp_jsonw_kstr(&w, "approval", j->approval);
        sp_jsonw_kstr(&w, "request_hash", j->request_hash);
        sp_jsonw_kstr(&w, "failure", j->failure);
        sp_jsonw_ku64(&w, "created_ms", j->created_ms);
        sp_jsonw_close(&w, '}');
        return sp_jsonw_end(&w);
}

int sp_job_read(struct sp_arena *a, struct sp_str json, struct sp_job *ret)
{
        const struct sp_json *created, *rewritten;
        struct sp_json *v;
        /* json strings are copied into the arena, numbers borrow: keep the text */
        struct sp_str text = sp_arena_str(a, json);

        if (!text.p)
                return -ENOMEM;
        if (sp_json_parse(a, text, &v, NULL) < 0)
                return -EBADMSG;
        *ret = (struct sp_job){
                .project = sp_json_get_str(v, "project"),
                .id = sp_json_get_str(v, "id"),
                .location = sp_json_get_str(v, "location"),
                .workload = sp_json_get_str(v, "workload"),
                .iss = sp_json_get_str(v, "iss"),
                .sub = sp_json_get_str(v, "sub"),
                .session = sp_json_get_str(v, "session"),
                .exchange = sp_json_get_str(v, "exchange"),
                .sql = sp_json_get_str(v, "sql"),
                .kind = sp_json_get_str(v, "kind"),
                .tables = sp_json_get(v, "tables") ? sp_json_get_str(v, "tables")
                                                   : SP_STR_NULL,
                .places = sp_json_get_str(v, "places"),
                .outputs = sp_json_get_str(v, "outputs"),
                .approval = sp_json_get_str(v, "approval"),
                .request_hash = sp_json_get_str(v, "request_hash"),
                .failure = sp_json_get_str(v, "failure"),
        };
        rewritten = sp_json_get(v, "rewritten");
        created = sp_json_get(v, "created_ms");
        ret->is_rewritten = rewritten && rewritten->type == SP_JSON_TRUE;
        if (!created || sp_str_u64(created->text, &ret->created_ms) < 0 ||
            !ret->workload.n)
                return -EBADMSG;
        return 0;
}

bool sp_job_is_owner(const struct sp_job *j, const struct sp_principal *who)
{
        return j->workload.n && sp_str_eq(j->workload, who->workload) &&
               sp_str_eq(j->iss, who->iss) && sp_str_eq(j->sub, who->sub);
}

struct sp_answer_own sp_job_own(const struct sp_job *j)
{
        return (struct sp_answer_own){ .sql = j->sql,
                                       .is_rewritten = j->is_rewritten,
                                       .tables = j->tables,
                                       .places = j->places };
}

struct sp_str sp_job_key(struct sp_arena *a, struct sp_str project, struct sp_str id)
{
        return sp_arena_printf(a, "%.*s:%.*s", SP_FMT(project), SP_FMT(id));
}

int sp_held_write(const struct sp_held *h, struct sp_buf *to)
{
        struct sp_wire_out w = SP_WIRE_OUT(to);

        sp_wire_put_str(&w, h->job_key);
        sp_wire_put_str(&w, h->approval);
        sp_wire_put_str(&w, h->request_hash);
        sp_wire_put_str(&w, h->method);
        sp_wire_put_str(&w, h->host);
        sp_wire_put_str(&w, h->path_and_query);
        sp_wire_put_str(&w, h->body);
        sp_wire_put_u64(&w, h->salt_at);
        sp_wire_put_str(&w, h->session);
        sp_wire_put_str(&w, h->exchange);
        sp_wire_put_str(&w, h->workload);
        return w.error;
}

int sp_held_read(struct sp_str value, struct sp_held *ret)
{
        struct sp_wire_in w = SP_WIRE_IN(value);
        struct sp_held h;

        h.job_key = sp_wire_str(&w);
        h.approval = sp_wire_str(&w);
        h.request_hash = sp_wire_str(&w);
        h.method = sp_wire_str(&w);
        h.host = sp_wire_str(&w);
        h.path_and_query = sp_wire_str(&w);
        h.body = sp_wire_str(&w);
        h.salt_at = sp_wire_u64(&w);
        h.session = sp_wire_str(&w);
        h.exchange = sp_wire_str(&w);
        h.workload = sp_wire_str(&w);
        if (sp_wire_end(&w) < 0)
                return -EBADMSG;
        *ret = h;
        return 0;
}
