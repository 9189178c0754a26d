/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Up to the first NUL a text, then the body of the stored function `p.d.f`. Properties: where the text
 * is taken, what is sent is the agent's text with its splices, and nothing dynamic is left in it.
 */
#include <stdlib.h>

#include "daemon/worker/judge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
        if (!ok)
                abort();
}

static struct sp_policy *policy(void)
{
        static const char text[] =
                "version: 1\nrules:\n- {name: all, actions: [\"*\"], resources: "
                "[\"*\"], "
                "verdict: allow}\nmasks:\n- {name: m, columns: [\"*.*.*.ssn\"], mask: "
                "redact}\n";
        const struct sp_policy_file f = { SP_STR("p.yaml"), sp_str_c(text) };
        static struct sp_policy *p;

        if (!p)
                check(sp_policy_load(&f, 1, NULL, 0, &p, NULL) == 0);
        return p;
}

static void check_splices(struct sp_arena *a, struct sp_str own,
                          const struct sp_judgement *j)
{
        sp_autobuf b = SP_BUF_INIT(64 << 20);
        struct sp_mask_splice *s;
        size_t n, at = 0;

        if (sp_judge_own_splices(a, j, &s, &n) < 0)
                return;
        for (size_t i = 0; i < n; i++) {
                check(s[i].span.start >= at && s[i].span.end <= own.n);
                check(sp_buf_add(&b, sp_str_sub(own, at, s[i].span.start - at)) == 0);
                check(sp_buf_add(&b, s[i].text) == 0);
                at = s[i].span.end;
        }
        check(sp_buf_add(&b, sp_str_sub(own, at, own.n)) == 0);
        check(sp_str_eq(sp_buf_str(&b), j->plan.text));
}

static struct sp_schema schema_of(struct sp_str name, struct sp_str body)
{
        static const struct sp_column columns[] = {
                { .name = { "id", 2 }, .type = { "INTEGER", 7 } },
                { .name = { "ssn", 3 }, .type = { "STRING", 6 } },
        };
        struct sp_schema s = { .table = name,
                               .kind = SP_STR("TABLE"),
                               .columns = columns,
                               .n_columns = 2 };

        if (!sp_is_routine(name))
                return s;
        return (struct sp_schema){ .table = name,
                                   .kind = SP_STR(SP_ROUTINE_SQL),
                                   .definition = body };
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct sp_arena a = SP_ARENA_INIT(256 << 20);
        const struct sp_principal who = { .workload = SP_STR("ci") };
        struct sp_str text, body;
        struct sp_bq_query q = { .default_dataset = SP_STR("d") };
        struct sp_call call = { .handling = SP_HANDLING_QUERY,
                                .action = "bigquery.jobs.query",
                                .project = SP_STR("p"),
                                .query = &q };
        const struct sp_judge_input in = { .call = &call,
                                           .who = &who,
                                           .policy = policy() };
        struct sp_schema schemas[SP_JUDGE_OBJECTS_MAX + 1];
        struct sp_err err = SP_ERR_NULL;
        struct sp_judgement j;
        size_t n = 0;
        int r;

        (void)sp_str_cut(sp_str((const char *)data, size), '\0', &text, &body);
        q.sql = text;
        r = sp_judge_read(&a, &in, &j, &err);
        for (; r == 0 && n < j.n_needs_schema && n < SP_JUDGE_OBJECTS_MAX; n++) {
                schemas[n] = schema_of(j.needs_schema[n], body);
                r = sp_judge_expand(&a, &in, schemas, n + 1, &j, &err);
        }
        if (r == 0)
                r = sp_judge_rewrite(&a, &in, schemas, n, &j, &err);
        if (r == 0) {
                check_splices(&a, text, &j);
                for (size_t i = 0; i < j.script->n_statements; i++)
                        check(j.script->statements[i].action != SP_SQL_EXECUTE);
        }
        sp_arena_done(&a);
        return 0;
}
