/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/worker/script_child.h"

#include <errno.h>

#include "daemon/base/json.h"
#include "daemon/worker/keep.h"

#define RESOURCE_MAX ((size_t)8 * 1024 * 1024)

bool sp_script_child_may_be(const struct sp_flow *f)
{
        return f->call.handling == SP_HANDLING_OWN_JOB &&
               sp_str_starts(f->call.job_id, SP_STR("script_job_"));
}

static void end(struct sp_flow *f, unsigned step)
{
        f->step = step;
        sp_flow_resume(f);
}

static void fault(struct sp_flow *f, int err, const char *id, const char *what)
{
        (void)sp_err_set(&f->error, err < 0 ? err : -EIO, id, "", "%s", what);
        end(f, SP_SCRIPT_CHILD_FAULT);
}

bool sp_script_child_of(const struct sp_json *item, const struct sp_job *parent,
                        struct sp_job *ret)
{
        const struct sp_json *ref = sp_json_get(item, "jobReference");
        struct sp_str location = sp_json_get_str(ref, "location");
        struct sp_job j = *parent;

        j.id = sp_json_get_str(ref, "jobId");
        if (!j.id.n || !parent->id.n ||
            !sp_str_eq(sp_json_get_str(sp_json_get(item, "statistics"), "parentJobId"),
                       parent->id) ||
            !sp_str_eq(sp_json_get_str(ref, "projectId"), parent->project) ||
            (parent->location.n && !sp_str_caseeq(location, parent->location)))
                return false;
        j.location = location;
        j.kind = sp_json_get_str(sp_json_get(sp_json_get(item, "statistics"), "query"),
                                 "statementType");
        /* whatever was asked about the parent was not asked about this */
        j.approval = j.request_hash = j.failure = SP_STR_NULL;
        *ret = j;
        return true;
}

static void on_kept(void *userdata, int err)
{
        struct sp_flow *f = userdata;

        if (err < 0)
                fault(f, err, "store.unavailable",
                      "the owner of the job cannot be kept; try again");
        else
                end(f, SP_SCRIPT_CHILD_FOUND);
}

static void on_parent(void *userdata, int err, const struct sp_err *e,
                      struct sp_str payload)
{
        struct sp_flow *f = userdata;
        struct sp_wire_in w = SP_WIRE_IN(payload);
        struct sp_str value = sp_wire_str(&w), table;
        struct sp_job parent, child;

        if (err == 0)
                err = sp_wire_end(&w);
        if (err == 0)
                err = sp_job_read(f->arena, value, &parent);
        if (err == -ENOENT ||
            (err == 0 && (!sp_job_is_owner(&parent, &f->id.who) ||
                          !sp_script_child_of(f->child, &parent, &child)))) {
                end(f, SP_SCRIPT_CHILD_NONE);
                return;
        }
        if (err == 0)
                err = sp_keep_read_table(f->arena, f->child, &table);
        if (err == 0) {
                f->job = child;
                err = sp_keep_job(f->w, &f->job, table, on_kept, f);
        }
        if (err < 0)
                fault(f, err, "store.unavailable",
                      e ? e->what : "the owner of the script is not known; try again");
}

static int recall(struct sp_flow *f, struct sp_str parent)
{
        struct sp_str key = sp_job_key(f->arena, f->call.project, parent);
        sp_autobuf b = SP_BUF_INIT(4096);
        struct sp_wire_out w = SP_WIRE_OUT(&b);

        if (!key.p)
                return -ENOMEM;
        sp_wire_put_str(&w, SP_STR(SP_JOB_SPACE));
        sp_wire_put_str(&w, key);
        return w.error
                       ?: sp_link_ask(&f->w->recorder, SP_MSG_RECALL, sp_buf_str(&b),
                                      on_parent, f);
}

static void on_resource(void *userdata, int err, const char *what, unsigned status,
                        struct sp_str body)
{
        struct sp_flow *f = userdata;
        struct sp_str parent, text;

        if (err < 0 || (status != 200 && status != 403 && status != 404)) {
                fault(f, err, "upstream.unreachable", what);
                return;
        }
        text = sp_arena_str(f->arena, body); /* it goes, and numbers borrow */
        if (status != 200 || !text.p ||
            sp_json_parse(f->arena, text, &f->child, NULL) < 0) {
                end(f, SP_SCRIPT_CHILD_NONE);
                return;
        }
        parent = sp_json_get_str(sp_json_get(f->child, "statistics"), "parentJobId");
        /* the answer must be about the job that was asked for */
        if (!parent.n ||
            !sp_str_eq(sp_json_get_str(sp_json_get(f->child, "jobReference"), "jobId"),
                       f->call.job_id)) {
                end(f, SP_SCRIPT_CHILD_NONE);
                return;
        }
        err = recall(f, parent);
        if (err < 0)
                fault(f, err, "store.unavailable",
                      "the record store does not answer; try again");
}

static void on_access(void *userdata, int err, const char *what, struct sp_str token)
{
        struct sp_flow *f = userdata;

        if (err == 0)
                err = sp_upstream_fetch(f->w->upstream, &f->upstream, token, NULL,
                                        RESOURCE_MAX, on_resource, f);
        if (err < 0)
                fault(f, err, "upstream.no-credential", what);
}

void sp_script_child_ask(struct sp_flow *f)
{
        const struct sp_call get = {
                .service = f->call.service,
                .handling = SP_HANDLING_OWN_JOB,
                .action = "bigquery.jobs.get",
                .project = f->call.project,
                .job_id = f->call.job_id,
                .location = f->call.location,
        };

        f->step = SP_SCRIPT_CHILD_WAITS;
        if (sp_call_upstream(f->arena, &get, NULL, &f->upstream, &f->error) < 0)
                f->step = SP_SCRIPT_CHILD_FAULT;
        else
                sp_access_get(&f->w->access, on_access, f);
}
