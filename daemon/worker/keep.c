/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/worker/keep.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/base/clock.h"
#include "daemon/base/json.h"

#define FACT_MAX (4 * 1024 * 1024)

struct keeping {
        unsigned open;
        int error;
        sp_kept_fn fn;
        void *userdata;
};

static void on_kept(void *userdata, int err, const struct sp_err *e,
                    struct sp_str payload)
{
        struct keeping *k = userdata;

        (void)e, (void)payload;
        if (err < 0)
                k->error = err;
        if (--k->open)
                return;
        k->fn(k->userdata, k->error);
        free(k);
}

static int keep(struct sp_worker *w, struct keeping *k, const char *space,
                struct sp_str key, struct sp_str value, uint64_t lifetime_s)
{
        const struct sp_msg_keep m = {
                .space = sp_str_c(space),
                .key = key,
                .value = value,
                .expires_s = sp_clock_wall_us() / SP_USEC_PER_SEC + lifetime_s,
        };
        sp_autobuf b = SP_BUF_INIT(FACT_MAX);
        struct sp_wire_out out = SP_WIRE_OUT(&b);
        int r;

        sp_msg_put_keep(&out, &m);
        r = out.error;
        if (r == 0)
                r = sp_link_ask(&w->recorder, SP_MSG_KEEP, sp_buf_str(&b), on_kept, k);
        if (r == 0)
                k->open++;
        return r;
}

static struct keeping *begin(sp_kept_fn fn, void *userdata)
{
        struct keeping *k = calloc(1, sizeof(*k));

        if (k)
                *k = (struct keeping){ .fn = fn, .userdata = userdata };
        return k;
}

static int keep_job(struct sp_worker *w, const struct sp_job *j, struct sp_str table,
                    uint64_t lifetime_s, sp_kept_fn fn, void *userdata)
{
        sp_autobuf value = SP_BUF_INIT(FACT_MAX);
        char key[1200];
        struct keeping *k;
        int n = snprintf(key, sizeof(key), "%.*s:%.*s", SP_FMT(j->project),
                         SP_FMT(j->id));
        int r = sp_job_write(j, &value);

        if (r < 0 || n < 0 || n >= (int)sizeof(key))
                return r < 0 ? r : -EMSGSIZE;
        k = begin(fn, userdata);
        if (!k)
                return -ENOMEM;
        r = keep(w, k, SP_JOB_SPACE, sp_str(key, (size_t)n), sp_buf_str(&value),
                 lifetime_s);
        if (r < 0) {
                free(k);
                return r;
        }
        /* the first is under way: a failure of the second is reported with its answer */
        if (table.n) {
                r = keep(w, k, SP_TABLE_SPACE, table, sp_buf_str(&value), lifetime_s);
                if (r < 0)
                        k->error = r;
        }
        return 0;
}

int sp_keep_job(struct sp_worker *w, const struct sp_job *j, struct sp_str table,
                sp_kept_fn fn, void *userdata)
{
        return keep_job(w, j, table, w->settings.records.jobs_kept_s, fn, userdata);
}

int sp_keep_waiting(struct sp_worker *w, const struct sp_job *j, sp_kept_fn fn,
                    void *userdata)
{
        return keep_job(w, j, SP_STR_NULL, SP_HELD_LIFETIME_S, fn, userdata);
}

int sp_keep_held(struct sp_worker *w, const struct sp_held *h, sp_kept_fn fn,
                 void *userdata)
{
        sp_autobuf value = SP_BUF_INIT(FACT_MAX);
        struct keeping *k;
        int r = sp_held_write(h, &value);

        if (r < 0)
                return r;
        k = begin(fn, userdata);
        if (!k)
                return -ENOMEM;
        r = keep(w, k, SP_HELD_SPACE, h->approval, sp_buf_str(&value),
                 SP_HELD_LIFETIME_S);
        if (r < 0)
                free(k);
        return r;
}

static void take_reference(const struct sp_json *ref, struct sp_job *j)
{
        j->project = sp_json_get_str(ref, "projectId");
        j->id = sp_json_get_str(ref, "jobId");
        j->location = sp_json_get_str(ref, "location");
}

int sp_keep_read_reference(struct sp_arena *a, struct sp_str json, struct sp_job *j)
{
        struct sp_json *ref;

        if (sp_json_parse(a, json, &ref, NULL) < 0)
                return -EBADMSG;
        take_reference(ref, j);
        return j->project.n && j->id.n ? 0 : -EBADMSG;
}

int sp_keep_read_table(struct sp_arena *a, const struct sp_json *resource,
                       struct sp_str *ret)
{
        const struct sp_json *query =
                sp_json_get(sp_json_get(resource, "configuration"), "query");
        const struct sp_json *table = sp_json_get(query, "destinationTable");
        struct sp_str dataset = sp_json_get_str(table, "datasetId"), name = SP_STR_NULL;

        /* hidden datasets hold results of one query; their names begin with '_' */
        if (sp_str_starts(dataset, SP_STR("_"))) {
                name = sp_arena_printf(a, "%.*s.%.*s.%.*s",
                                       SP_FMT(sp_json_get_str(table, "projectId")),
                                       SP_FMT(dataset),
                                       SP_FMT(sp_json_get_str(table, "tableId")));
                if (!name.p)
                        return -ENOMEM;
        }
        *ret = name;
        return 0;
}

int sp_keep_read_resource(struct sp_arena *a, struct sp_str body, struct sp_job *j,
                          struct sp_str *ret_table)
{
        struct sp_json *v;
        struct sp_str kind;
        int r;

        if (sp_json_parse(a, body, &v, NULL) < 0)
                return -EBADMSG;
        take_reference(sp_json_get(v, "jobReference"), j);
        kind = sp_json_get_str(sp_json_get(sp_json_get(v, "statistics"), "query"),
                               "statementType");
        if (kind.n)
                j->kind = kind;
        r = sp_keep_read_table(a, v, ret_table);
        return r < 0 ? r : j->project.n && j->id.n ? 0 : -EBADMSG;
}
