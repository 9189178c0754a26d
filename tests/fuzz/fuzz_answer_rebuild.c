/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First byte: which action; its high bit: an error status. The rest is the upstream
 * body. Properties: what comes out is one JSON object, the rewritten text and our
 * labels are not in it, and it can be put in again.
 */
#include <stdlib.h>

#include "daemon/google/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const actions[] = {
        "bigquery.jobs.get",    "bigquery.jobs.getQueryResults", "bigquery.tables.get",
        "bigquery.tables.list", "bigquery.datasets.get",         "bigquery.jobs.cancel",
        "bigquery.jobs.list",
};

static void check(bool ok)
{
        if (!ok)
                abort();
}

static bool keep(void *userdata, struct sp_str resource)
{
        (void)userdata;
        return resource.n % 2;
}

static bool own(void *userdata, struct sp_str job, struct sp_str location,
                struct sp_answer_own *ret)
{
        (void)userdata, (void)location;
        ret->sql = SP_STR("SELECT own");
        return job.n % 2;
}

static int rebuild(struct sp_arena *a, const struct sp_call *c, unsigned status,
                   struct sp_str body, struct sp_str *ret)
{
        struct sp_answer_own mine = { .sql = SP_STR("SELECT own"),
                                      .is_rewritten = true,
                                      .tables = SP_STR("p.d.own\n"),
                                      .places = SP_STR("7 10 2 9\n") };

        if (strcmp(c->action, "bigquery.jobs.list") == 0 && status < 300)
                return sp_answer_job_list(a, c, body, own, NULL, ret, NULL);
        if (c->handling == SP_HANDLING_FILTER && status < 300)
                return sp_answer_filter(a, c, body, keep, NULL, ret, NULL);
        return sp_answer_rebuild(a, c, status, body, &mine, ret, NULL);
}

/* No member anywhere is one of those that must not leave. */
static void check_members(const struct sp_json *v)
{
        static const char *const never[] = { "user_email",
                                             "queryPlan",
                                             "timeline",
                                             "policyTags",
                                             "access",
                                             "debugInfo",
                                             "undeclaredQueryParameters" };

        for (const struct sp_json *m = v->first; m; m = m->next) {
                for (size_t i = 0; i < SP_ARRAY_SIZE(never); i++)
                        check(!sp_str_eq(m->key, sp_str_c(never[i])) ||
                              m->type == SP_JSON_STRING); /* a label may be called so */
                check(!sp_str_starts(m->key, SP_STR("sallyport")));
                if (sp_str_eq(m->key, SP_STR("message")) && m->type == SP_JSON_STRING)
                        check(m->text.n < 2048 + 64);
                check_members(m);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct sp_arena a = SP_ARENA_INIT(64u * 1024 * 1024);
        struct sp_call c = { .handling = SP_HANDLING_READ };
        struct sp_str body, once, twice;
        struct sp_json *o;
        unsigned status;

        if (size == 0)
                return 0;
        c.action = actions[(data[0] & 0x7F) % SP_ARRAY_SIZE(actions)];
        if (strcmp(c.action, "bigquery.tables.list") == 0)
                c.handling = SP_HANDLING_FILTER;
        status = data[0] & 0x80 ? 400 : 200;
        body = sp_str((const char *)data + 1, size - 1);
        if (rebuild(&a, &c, status, body, &once) == 0) {
                check(sp_json_parse(&a, once, &o, NULL) == 0 &&
                      o->type == SP_JSON_OBJECT);
                check_members(o);
                check(rebuild(&a, &c, status, once, &twice) == 0);
                if (status < 300) /* escaping a message twice shows its backslashes */
                        check(once.n <= twice.n);
        }
        sp_arena_done(&a);
        return 0;
}
