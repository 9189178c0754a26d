/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <errno.h>

#include "daemon/base/json.h"
#include "daemon/mask/plan.h"

static const char policy_text[] =
        "version: 1\n"
        "masks:\n"
        "- {name: a, columns: [p.crm.customers.ssn, p.crm.customers.pay], mask: "
        "redact}\n"
        "- {name: b, columns: [p.crm.customers.mail], mask: hash}\n"
        "- {name: c, columns: [p.crm.customers.home.street], mask: redact}\n";

static const char schemas_text[] =
        "[{\"table\":\"p.crm.customers\",\"type\":\"TABLE\",\"schema\":{\"fields\":["
        "{\"name\":\"id\",\"type\":\"INTEGER\"},{\"name\":\"ssn\",\"type\":\"STRING\"},"
        "{\"name\":\"mail\",\"type\":\"STRING\"},{\"name\":\"city\",\"type\":"
        "\"STRING\"},"
        "{\"name\":\"pay\",\"type\":\"INTEGER\",\"mode\":\"REPEATED\"},"
        "{\"name\":\"home\",\"type\":\"RECORD\",\"fields\":["
        "{\"name\":\"street\",\"type\":\"STRING\"},{\"name\":\"town\",\"type\":"
        "\"STRING\"}]}]}},"
        "{\"table\":\"p.crm.orders\",\"type\":\"TABLE\",\"schema\":{\"fields\":["
        "{\"name\":\"id\",\"type\":\"INTEGER\"},{\"name\":\"ssn\",\"type\":\"STRING\"},"
        "{\"name\":\"city\",\"type\":\"STRING\"}]}}]";

/* `refused`: the column that is named, and where; NULL: not refused. */
struct row {
        const char *sentence, *sql, *refused;
};

static const struct row rows[] = {
        { "an unprotected column may be set by unprotected ones",
          "UPDATE crm.customers SET city = UPPER(city) WHERE id = 1", NULL },
        { "a protected column may be set to a constant",
          "UPDATE crm.customers SET ssn = 'x' WHERE id = 1", NULL },
        { "and to NULL, through the alias",
          "UPDATE crm.customers c SET c.ssn = NULL, mail = DEFAULT WHERE c.id = 1",
          NULL },
        { "and to a column of another table that has its name",
          "UPDATE crm.customers c SET ssn = o.ssn FROM crm.orders o WHERE o.id = c.id",
          NULL },
        { "and from the masked rows of the table itself",
          "UPDATE crm.customers c SET ssn = s.ssn FROM crm.customers s WHERE s.id = "
          "c.id AND s.mail = 'x'",
          NULL },
        { "its name may be an alias",
          "DELETE FROM crm.customers WHERE EXISTS (SELECT 1 FROM crm.orders AS ssn "
          "WHERE ssn.id = 1)",
          NULL },
        { "another table's column of the same name is not it",
          "DELETE FROM crm.customers WHERE id IN (SELECT id FROM crm.orders o WHERE "
          "o.ssn = 'x')",
          NULL },
        { "a row of another table is not the target's",
          "DELETE FROM crm.customers c WHERE EXISTS (SELECT 1 FROM crm.orders o WHERE "
          "TO_JSON_STRING(o) = 'x' AND o.id = c.id)",
          NULL },
        { "a field beside a protected one may be read",
          "UPDATE crm.customers SET city = home.town WHERE home.town = 'x'", NULL },
        { "a protected field may be set",
          "UPDATE crm.customers SET home.street = 'x' WHERE id = 1", NULL },
        { "a merge may set protected columns",
          "MERGE crm.customers c USING crm.orders o ON o.id = c.id WHEN MATCHED THEN "
          "UPDATE SET ssn = o.ssn WHEN NOT MATCHED THEN INSERT (id, ssn) VALUES (id, "
          "ssn)",
          NULL },
        { "a condition may not read one",
          "DELETE FROM crm.customers WHERE ssn LIKE '1%'",
          "p.crm.customers.ssn in a condition" },
        { "nor one with a hash mask", "DELETE FROM crm.customers WHERE MaIl = 'a'",
          "p.crm.customers.mail in a condition" },
        { "nor in another spelling", "DELETE FROM crm.customers WHERE `s\\x73n` = '1'",
          "p.crm.customers.ssn in a condition" },
        { "nor through the row",
          "DELETE FROM crm.customers c WHERE TO_JSON_STRING(c) LIKE '%1%'",
          "p.crm.customers.home in a condition" },
        { "nor by a star",
          "DELETE FROM crm.customers c WHERE EXISTS (SELECT 1 FROM (SELECT c.*) x "
          "WHERE "
          "TO_JSON_STRING(x) LIKE '%1%')",
          "p.crm.customers.home in a condition" },
        { "nor in a subquery",
          "DELETE FROM crm.customers c WHERE EXISTS (SELECT 1 FROM crm.orders o WHERE "
          "o.ssn = c.ssn)",
          "p.crm.customers.ssn in a condition" },
        { "nor how many elements one has",
          "DELETE FROM crm.customers c WHERE EXISTS (SELECT 1 FROM c.pay)",
          "p.crm.customers.pay in a condition" },
        { "nor a protected field",
          "DELETE FROM crm.customers WHERE home.street LIKE 'a%'",
          "p.crm.customers.home in a condition" },
        { "nor a record with one",
          "DELETE FROM crm.customers WHERE TO_JSON_STRING(home) LIKE '%a%'",
          "p.crm.customers.home in a condition" },
        { "a value that is written may not come from one",
          "UPDATE crm.customers SET city = ssn WHERE id = 1",
          "p.crm.customers.ssn in what is written to city" },
        { "nor go to another protected one",
          "UPDATE crm.customers SET ssn = CONCAT(mail, 'x') WHERE id = 1",
          "p.crm.customers.mail in what is written to ssn" },
        { "nor decide among constants",
          "UPDATE crm.customers SET city = IF(ssn > '5', 'a', 'b') WHERE id = 1",
          "p.crm.customers.ssn in what is written to city" },
        { "a merge may not match by one",
          "MERGE crm.customers c USING crm.orders o ON o.ssn = c.ssn WHEN MATCHED THEN "
          "DELETE",
          "p.crm.customers.ssn in a condition" },
        { "nor choose by one",
          "MERGE crm.customers c USING crm.orders o ON o.id = c.id WHEN MATCHED AND "
          "c.ssn > '5' THEN DELETE",
          "p.crm.customers.ssn in a condition" },
        { "nor when no source matches",
          "MERGE crm.customers c USING crm.orders o ON o.id = c.id WHEN NOT MATCHED BY "
          "SOURCE AND ssn > '5' THEN DELETE",
          "p.crm.customers.ssn in a condition" },
        { "nor write one elsewhere",
          "MERGE crm.customers c USING crm.orders o ON o.id = c.id WHEN MATCHED THEN "
          "UPDATE SET city = c.ssn",
          "p.crm.customers.ssn in what is written to city" },
        { "in a script each statement counts",
          "DECLARE x INT64; IF x = 1 THEN DELETE FROM crm.customers WHERE id = x AND "
          "ssn "
          "= 'a'; END IF;",
          "p.crm.customers.ssn in a condition" },
        { "a variable does not hide a column",
          "DECLARE ssn STRING; DELETE FROM crm.customers WHERE ssn = 'a'",
          "p.crm.customers.ssn in a condition" },
        { "what is not resolved is looked at by names",
          "DELETE FROM crm.customers WHERE id IN (SELECT ssn FROM crm.elsewhere)",
          "the statement names 'ssn'" },
        { "and passes without one",
          "DELETE FROM crm.customers WHERE id IN (SELECT x FROM crm.elsewhere)", NULL },
};

struct given {
        struct sp_arena arena;
        struct sp_policy *policy;
        struct sp_schema schemas[2];
        struct sp_principal who;
};

static int setup(void **state)
{
        static struct given g;
        struct sp_policy_file f = { SP_STR("m.yaml"), sp_str_c(policy_text) };
        struct sp_err err = SP_ERR_NULL;
        struct sp_json *list = NULL;
        size_t n = 0;

        g = (struct given){ .arena = SP_ARENA_INIT((size_t)64 << 20) };
        g.who.workload = SP_STR("ci");
        assert_int_equal(sp_policy_load(&f, 1, NULL, 0, &g.policy, &err), 0);
        assert_int_equal(sp_json_parse(&g.arena, sp_str_c(schemas_text), &list, &err),
                         0);
        for (const struct sp_json *s = list->first; s; s = s->next)
                assert_int_equal(sp_schema_read(&g.arena, sp_json_get_str(s, "table"),
                                                s, &g.schemas[n++], &err),
                                 0);
        *state = &g;
        return 0;
}

static int teardown(void **state)
{
        struct given *g = *state;

        g->policy = sp_policy_unref(g->policy);
        sp_arena_done(&g->arena);
        return 0;
}

static int check(struct given *g, struct sp_arena *a, struct sp_str sql,
                 struct sp_err *err)
{
        struct sp_mask_input in = { .text = sql,
                                    .default_project = SP_STR("p"),
                                    .schemas = g->schemas,
                                    .n_schemas = 2,
                                    .policy = g->policy,
                                    .who = &g->who };
        struct sp_sql_script *script = NULL;
        struct sp_str names[16];

        assert_int_equal(sp_sql_parse(a, sql, &script, err), 0);
        for (size_t i = 0; i < script->n_statements; i++)
                for (size_t t = 0; t < script->statements[i].n_tables; t++) {
                        const struct sp_sql_table *m = &script->statements[i].tables[t];

                        assert_true(m->n_parts == 2 || !m->is_target);
                        names[in.n_names++] = sp_arena_printf(
                                a, "p.crm.%.*s", SP_FMT(m->parts[m->n_parts - 1]));
                }
        in.names = names;
        in.script = script;
        return sp_mask_check_targets(a, &in, err);
}

static void a_target_is_judged_by_what_is_read_of_it(void **state)
{
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct sp_arena a = SP_ARENA_INIT((size_t)8 << 20);
                struct sp_err err = SP_ERR_NULL;
                int r = check(*state, &a, sp_str_c(rows[i].sql), &err);
                const char *in =
                        rows[i].refused ? strstr(rows[i].refused, " in ") : NULL;
                struct sp_str column = sp_str(rows[i].refused,
                                              in ? (size_t)(in - rows[i].refused) : 0);

                if (!rows[i].refused && r < 0)
                        fail_msg("%s: %s", rows[i].sentence, err.what);
                if (rows[i].refused &&
                    (r != -EPERM || strcmp(err.id, "mask.dml-target") != 0 ||
                     (in ? !sp_str_starts(sp_str_c(err.what), column) ||
                                      !strstr(err.what, in)
                         : !strstr(err.what, rows[i].refused))))
                        fail_msg("%s: %d %s", rows[i].sentence, r, err.what);
                sp_arena_done(&a);
        }
}

/* A text too large for the resolver is looked at by names, and refused all the same. */
static void memory_never_makes_a_target_readable(void **state)
{
        const struct sp_str sql = SP_STR("DELETE FROM crm.customers WHERE ssn = 'a'");
        int r = -ENOMEM;

        for (size_t bytes = 4096; r == -ENOMEM; bytes += 512) {
                struct sp_arena parsed = SP_ARENA_INIT((size_t)1 << 20);
                struct sp_arena a = SP_ARENA_INIT(bytes);
                struct sp_err err = SP_ERR_NULL;
                struct sp_sql_script *script = NULL;
                const struct sp_str name = SP_STR("p.crm.customers");
                struct given *g = *state;
                struct sp_mask_input in = { .text = sql,
                                            .names = &name,
                                            .n_names = 1,
                                            .default_project = SP_STR("p"),
                                            .schemas = g->schemas,
                                            .n_schemas = 2,
                                            .policy = g->policy,
                                            .who = &g->who };

                assert_int_equal(sp_sql_parse(&parsed, in.text, &script, &err), 0);
                in.script = script;
                r = sp_mask_check_targets(&a, &in, &err);
                assert_int_not_equal(r, 0);
                sp_arena_done(&a);
                sp_arena_done(&parsed);
        }
        assert_int_equal(r, -EPERM);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_target_is_judged_by_what_is_read_of_it),
                cmocka_unit_test(memory_never_makes_a_target_readable),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
