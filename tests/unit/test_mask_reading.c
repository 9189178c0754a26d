/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <errno.h>

#include "daemon/base/buf.h"
#include "daemon/base/json.h"
#include "daemon/mask/outputs.h"
#include "daemon/mask/reading.h"

static const char policy_text[] =
        "version: 1\n"
        "masks:\n"
        "- {name: ssn, columns: [p.crm.people.ssn], mask: redact}\n"
        "- {name: pay, columns: [p.crm.people.pay], mask: \"null\"}\n"
        "- {name: mail, columns: [p.crm.people.mail], mask: hash}\n"
        "- {name: street, columns: [p.crm.deep.addr.street], mask: redact}\n"
        "- {name: lat, columns: [p.crm.deep.addr.geo.lat], mask: \"null\"}\n"
        "- {name: number, columns: [p.crm.deep.phones.number], mask: hash}\n";

static const char schemas_text[] =
        "[{\"table\":\"p.crm.people\",\"type\":\"TABLE\",\"schema\":{\"fields\":["
        "{\"name\":\"id\",\"type\":\"INTEGER\"},{\"name\":\"ssn\",\"type\":\"STRING\"},"
        "{\"name\":\"pay\",\"type\":\"NUMERIC\"},{\"name\":\"mail\",\"type\":"
        "\"STRING\"},"
        "{\"name\":\"home\",\"type\":\"RECORD\",\"fields\":[{\"name\":\"city\","
        "\"type\":\"STRING\"},{\"name\":\"zip\",\"type\":\"STRING\"}]},{\"name\":"
        "\"tags\",\"type\":\"STRING\",\"mode\":"
        "\"REPEATED\"}]}},"
        "{\"table\":\"p.crm.plain\",\"type\":\"TABLE\",\"schema\":{\"fields\":["
        "{\"name\":\"id\",\"type\":\"INTEGER\"},{\"name\":\"note\",\"type\":"
        "\"STRING\"}]}},"
        "{\"table\":\"p.crm.deep\",\"type\":\"TABLE\",\"schema\":{\"fields\":["
        "{\"name\":\"id\",\"type\":\"INTEGER\"},"
        "{\"name\":\"addr\",\"type\":\"RECORD\",\"fields\":["
        "{\"name\":\"city\",\"type\":\"STRING\"},"
        "{\"name\":\"street\",\"type\":\"STRING\"},"
        "{\"name\":\"geo\",\"type\":\"RECORD\",\"fields\":["
        "{\"name\":\"lat\",\"type\":\"FLOAT\"},{\"name\":\"lon\",\"type\":\"FLOAT\"}]}]"
        "},"
        "{\"name\":\"phones\",\"type\":\"RECORD\",\"mode\":\"REPEATED\",\"fields\":["
        "{\"name\":\"kind\",\"type\":\"STRING\"},"
        "{\"name\":\"number\",\"type\":\"STRING\"}]}]}}]";

#define STREET "p.crm.deep.addr.street"
#define LAT "p.crm.deep.addr.geo.lat"
#define NUMBER "p.crm.deep.phones.number"

struct given {
        struct sp_arena arena;
        struct sp_policy *policy;
        struct sp_schema schemas[4];
        size_t n_schemas;
        struct sp_principal who;
};

static int setup(void **state)
{
        static struct given g;
        struct sp_policy_file f = { SP_STR("m.yaml"), sp_str_c(policy_text) };
        struct sp_err err = SP_ERR_NULL;
        struct sp_json *list = NULL;

        g = (struct given){ .arena = SP_ARENA_INIT((size_t)64 << 20) };
        g.who.workload = SP_STR("ci");
        if (sp_policy_load(&f, 1, NULL, 0, &g.policy, &err) < 0 ||
            sp_json_parse(&g.arena, sp_str_c(schemas_text), &list, &err) < 0)
                return -1;
        for (const struct sp_json *s = list->first; s; s = s->next)
                if (sp_schema_read(&g.arena, sp_json_get_str(s, "table"), s,
                                   &g.schemas[g.n_schemas++], &err) < 0)
                        return -1;
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

/* What the worker gives: every mention under its full name in p.crm. */
static struct sp_mask_input input(struct given *g, struct sp_arena *a, const char *sql)
{
        struct sp_mask_input in = { .text = sp_str_c(sql),
                                    .default_project = SP_STR("p"),
                                    .default_dataset = SP_STR("crm"),
                                    .schemas = g->schemas,
                                    .n_schemas = g->n_schemas,
                                    .policy = g->policy,
                                    .who = &g->who };
        struct sp_sql_script *script = NULL;
        struct sp_err err = SP_ERR_NULL;
        struct sp_str *names = sp_arena_array(a, 64, sizeof(*names));

        assert_non_null(names);
        if (sp_sql_parse(a, in.text, &script, &err) < 0)
                fail_msg("%s: %s", sql, err.what);
        for (size_t i = 0; i < script->n_statements; i++)
                for (size_t t = 0; t < script->statements[i].n_tables; t++) {
                        const struct sp_sql_table *m = &script->statements[i].tables[t];

                        names[in.n_names++] = sp_arena_printf(
                                a, "p.crm.%.*s", SP_FMT(m->parts[m->n_parts - 1]));
                }
        in.names = names;
        in.script = script;
        return in;
}

/* "output<column …; /decides …" */
static void print(const struct sp_mask_reading *r, struct sp_buf *to)
{
        for (size_t i = 0; i < r->n_reaches; i++)
                assert_int_equal(
                        sp_buf_addf(to, "%.*s<%.*s(%s) ", SP_FMT(r->reaches[i].output),
                                    SP_FMT(r->reaches[i].column),
                                    sp_mask_kind_name(r->reaches[i].mask.kind)),
                        0);
        for (size_t i = 0; i < r->n_decides; i++)
                assert_int_equal(
                        sp_buf_addf(to, "/%.*s ", SP_FMT(r->decides[i].column)), 0);
}

static void print_columns(const struct sp_column *c, size_t n, struct sp_buf *to)
{
        for (size_t i = 0; i < n; i++) {
                bool is_list = sp_str_eq(c[i].mode, SP_STR("REPEATED"));

                assert_int_equal(sp_buf_addf(to, "%s%.*s %.*s%s", i ? "," : "",
                                             SP_FMT(c[i].name), SP_FMT(c[i].type),
                                             is_list ? "[]" : ""),
                                 0);
                if (!c[i].n_fields)
                        continue;
                assert_int_equal(sp_buf_addc(to, '{'), 0);
                print_columns(c[i].fields, c[i].n_fields, to);
                assert_int_equal(sp_buf_addc(to, '}'), 0);
        }
}

static void protected_columns_are_followed_to_the_answer(void **state)
{
        static const struct {
                const char *sql, *want;
        } rows[] = {
                { "SELECT id FROM people", "" },
                { "SELECT note FROM crm.plain", "" },
                { "SELECT ssn FROM people", "ssn<p.crm.people.ssn(redact) " },
                { "SELECT LOWER(mail) AS m FROM crm.people",
                  "m<p.crm.people.mail(hash) " },
                { "SELECT * EXCEPT (pay) FROM `p.crm.people` AS x",
                  "ssn<p.crm.people.ssn(redact) mail<p.crm.people.mail(hash) " },
                { "WITH x AS (SELECT id, CONCAT(ssn, mail) AS both_ FROM people) "
                  "SELECT "
                  "both_ FROM x",
                  "both_<p.crm.people.mail(hash) both_<p.crm.people.ssn(redact) " },
                { "SELECT id FROM people WHERE ssn = '1' ORDER BY pay",
                  "/p.crm.people.pay /p.crm.people.ssn " },
                { "SELECT COUNT(*) FROM people GROUP BY mail", "/p.crm.people.mail " },
                { "SELECT p.home.city, t FROM people AS p, p.tags AS t", "" },
                { "SELECT n.note FROM plain AS n JOIN people AS p ON p.ssn = n.note",
                  "/p.crm.people.ssn " },
                { "SELECT addr.city, addr.geo.lon FROM deep", "" },
                { "SELECT addr.street AS s FROM deep", "s<" STREET "(redact) " },
                { "SELECT addr FROM deep",
                  "addr<" STREET "(redact) addr<" LAT "(null) " },
                { "SELECT d.addr.geo.* FROM deep AS d", "lat<" LAT "(null) " },
                { "SELECT d FROM deep AS d",
                  "d<" STREET "(redact) d<" LAT "(null) d<" NUMBER "(hash) " },
                { "SELECT p.number, p.kind FROM deep AS d, d.phones AS p",
                  "number<" NUMBER "(hash) " },
                { "SELECT IF(addr IS NULL, addr, NULL) AS a FROM deep",
                  "a<" STREET "(redact) a<" LAT "(null) " },
                { "SELECT ARRAY(SELECT p.kind FROM UNNEST(phones) AS p) AS k FROM deep",
                  "" },
                { "SELECT id FROM deep AS d WHERE 'x' IN (SELECT number FROM d.phones)",
                  "/" NUMBER " " },
                { "SELECT COUNT(*) FROM deep AS d, d.phones WHERE addr IS NOT NULL",
                  "" },
                { "SELECT id FROM deep WHERE NULLIF(addr, addr) IS NULL",
                  "/" STREET " /" LAT " " },
                { "SELECT id FROM (SELECT id, NULLIF(addr, addr) AS a FROM deep) "
                  "WHERE a IS NULL",
                  "/" STREET " /" LAT " " },
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct sp_arena a = SP_ARENA_INIT((size_t)8 << 20);
                sp_autobuf b = SP_BUF_INIT(4096);
                struct sp_mask_input in = input(*state, &a, rows[i].sql);
                struct sp_mask_reading r = { 0 };
                struct sp_err err = SP_ERR_NULL;
                struct sp_mask_plan plan;

                assert_int_equal(sp_mask_rewrite(&a, &in, &plan, &err), 0);
                if (sp_mask_read(&a, &in, &plan, &r, &err) < 0)
                        fail_msg("%s: %s", rows[i].sql, err.what);
                assert_true(r.is_done);
                if (r.unresolved.n || r.sent_unresolved.n)
                        fail_msg("%s: %.*s%.*s", rows[i].sql, SP_FMT(r.unresolved),
                                 SP_FMT(r.sent_unresolved));
                print(&r, &b);
                if (!sp_str_eq(sp_buf_str(&b), sp_str_c(rows[i].want)))
                        fail_msg("%s: got \"%.*s\"", rows[i].sql,
                                 SP_FMT(sp_buf_str(&b)));
                sp_arena_done(&a);
        }
}

/* "output<column" of what others must not see; "/column" decides rows. */
static void print_bare(const struct sp_mask_reading *r, struct sp_buf *to)
{
        for (size_t i = 0; i < r->n_bare_reaches; i++)
                assert_int_equal(
                        sp_buf_addf(to, "%.*s<%.*s(%s) ",
                                    SP_FMT(r->bare_reaches[i].output),
                                    SP_FMT(r->bare_reaches[i].column),
                                    sp_mask_kind_name(r->bare_reaches[i].mask.kind)),
                        0);
        for (size_t i = 0; i < r->n_bare_decides; i++)
                assert_int_equal(
                        sp_buf_addf(to, "/%.*s ", SP_FMT(r->bare_decides[i].column)),
                        0);
}

static const char exempting_text[] =
        "version: 1\n"
        "masks:\n"
        "- {name: ssn, columns: [p.crm.people.ssn], mask: redact, except: {workloads: "
        "[ci]}}\n"
        "- {name: home, columns: [p.crm.people.home.city], mask: redact, except: "
        "{workloads: [ci]}}\n"
        "- {name: pay, columns: [p.crm.people.pay], mask: \"null\"}\n";

static struct sp_policy *exempting(void)
{
        struct sp_policy_file f = { SP_STR("m.yaml"), sp_str_c(exempting_text) };
        struct sp_policy *p = NULL;

        assert_int_equal(sp_policy_load(&f, 1, NULL, 0, &p, NULL), 0);
        return p;
}

static void
what_an_exempt_principal_reads_unmasked_is_told_and_not_refused(void **state)
{
        static const struct {
                const char *sql, *want, *bare;
        } rows[] = {
                { "SELECT ssn AS s, id FROM people", "",
                  "s<p.crm.people.ssn(redact) " },
                { "SELECT id FROM people WHERE ssn = '1'", "", "/p.crm.people.ssn " },
                { "SELECT ssn, pay FROM people", "pay<p.crm.people.pay(null) ",
                  "ssn<p.crm.people.ssn(redact) " },
                { "SELECT p.home.city AS c FROM people AS p", "",
                  "c<p.crm.people.home.city(redact) " },
                { "SELECT home AS h FROM people", "",
                  "h<p.crm.people.home.city(redact) " },
                { "SELECT mail, tags FROM people", "", "" },
        };
        sp_cleanup(sp_policy_unrefp) struct sp_policy *p = exempting();

        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct sp_arena a = SP_ARENA_INIT((size_t)8 << 20);
                sp_autobuf b = SP_BUF_INIT(4096), bare = SP_BUF_INIT(4096);
                struct sp_mask_input in = input(*state, &a, rows[i].sql);
                struct sp_mask_reading r = { 0 };
                struct sp_err err = SP_ERR_NULL;
                struct sp_mask_plan plan;

                in.policy = p;
                assert_int_equal(sp_mask_rewrite(&a, &in, &plan, &err), 0);
                if (sp_mask_read(&a, &in, &plan, &r, &err) < 0)
                        fail_msg("%s: %s", rows[i].sql, err.what);
                print(&r, &b);
                print_bare(&r, &bare);
                if (!sp_str_eq(sp_buf_str(&b), sp_str_c(rows[i].want)) ||
                    !sp_str_eq(sp_buf_str(&bare), sp_str_c(rows[i].bare)))
                        fail_msg("%s: got \"%.*s\" and \"%.*s\"", rows[i].sql,
                                 SP_FMT(sp_buf_str(&b)), SP_FMT(sp_buf_str(&bare)));
                sp_arena_done(&a);
        }
}

static void a_record_that_is_named_too_often_is_told_to_be_too_large(void **state)
{
        enum { FIELDS = 4000 };
        static const struct {
                const char *sentence;
                size_t extra;
                bool is_resolved;
        } rows[] = { { "the limit", 0, true }, { "one record more", 1, false } };
        static struct sp_column fields[FIELDS];
        const struct sp_column big = { .name = SP_STR("big"),
                                       .type = SP_STR("RECORD"),
                                       .fields = fields,
                                       .n_fields = FIELDS };
        const struct sp_schema schema = { .table = SP_STR("p.crm.wide"),
                                          .kind = SP_STR("TABLE"),
                                          .columns = &big,
                                          .n_columns = 1 };

        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct sp_arena a = SP_ARENA_INIT((size_t)64 << 20);
                sp_autobuf sql = SP_BUF_INIT(1 << 16);
                struct sp_mask_reading r = { 0 };
                struct sp_mask_input in;
                struct sp_mask_plan plan;

                for (size_t k = 0; k < FIELDS; k++)
                        fields[k] = (struct sp_column){ .name = sp_arena_printf(
                                                                &a, "f%zu", k),
                                                        .type = SP_STR("STRING") };
                assert_int_equal(sp_buf_addf(&sql, "SELECT 1"), 0);
                for (size_t k = SP_MASK_READING_FIELDS_MAX / FIELDS + rows[i].extra; k;
                     k--)
                        assert_int_equal(sp_buf_addf(&sql, ", big AS b%zu", k), 0);
                assert_int_equal(sp_buf_addf(&sql, " FROM wide%c", 0), 0);
                in = input(*state, &a, sql.p);
                in.schemas = &schema;
                in.n_schemas = 1;
                assert_int_equal(sp_mask_rewrite(&a, &in, &plan, NULL), 0);
                assert_int_equal(sp_mask_read(&a, &in, &plan, &r, NULL), 0);
                SP_CHECK(rows[i].sentence,
                         (r.unresolved.n == 0) == rows[i].is_resolved);
                sp_arena_done(&a);
        }
}

static void rows_without_sql_are_read_like_a_select_of_their_fields(void **state)
{
        static const struct {
                const char *selected, *want, *bare;
        } rows[] = {
                { "", "pay<p.crm.people.pay(null) ",
                  "ssn<p.crm.people.ssn(redact) "
                  "home.city<p.crm.people.home.city(redact) " },
                { "id,pay", "pay<p.crm.people.pay(null) ", "" },
                { "SSN", "", "ssn<p.crm.people.ssn(redact) " },
                { "home", "", "home.city<p.crm.people.home.city(redact) " },
                { "id", "", "" },
        };
        sp_cleanup(sp_policy_unrefp) struct sp_policy *p = exempting();
        struct given *g = *state;

        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct sp_arena a = SP_ARENA_INIT((size_t)8 << 20);
                sp_autobuf b = SP_BUF_INIT(4096), bare = SP_BUF_INIT(4096);
                const struct sp_page_source from = {
                        .schema = &g->schemas[0],
                        .policy = p,
                        .who = &g->who,
                        .selected = sp_str_c(rows[i].selected),
                        .salt = SP_STR("salt"),
                };
                struct sp_mask_reading r = { 0 };
                struct sp_page_plan plan;

                assert_int_equal(sp_page_plan_make(&a, &from, &plan, NULL), 0);
                assert_int_equal(sp_mask_read_page(&a, &from, &plan, &r), 0);
                assert_true(r.is_done);
                print(&r, &b);
                print_bare(&r, &bare);
                if (!sp_str_eq(sp_buf_str(&b), sp_str_c(rows[i].want)) ||
                    !sp_str_eq(sp_buf_str(&bare), sp_str_c(rows[i].bare)))
                        fail_msg("\"%s\": got \"%.*s\" and \"%.*s\"", rows[i].selected,
                                 SP_FMT(sp_buf_str(&b)), SP_FMT(sp_buf_str(&bare)));
                sp_arena_done(&a);
        }
}

static void what_cannot_be_resolved_is_told_and_not_refused(void **state)
{
        static const char *const rows[] = {
                "SELECT nothing FROM people",
                "SELECT id FROM elsewhere",
                "SELECT id FROM people, UNNEST(unknown) AS x",
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct sp_arena a = SP_ARENA_INIT((size_t)8 << 20);
                struct sp_mask_input in = input(*state, &a, rows[i]);
                struct sp_mask_reading r = { 0 };
                struct sp_err err = SP_ERR_NULL;
                struct sp_mask_plan plan;

                assert_int_equal(sp_mask_rewrite(&a, &in, &plan, &err), 0);
                if (sp_mask_read(&a, &in, &plan, &r, &err) < 0)
                        fail_msg("%s: %s", rows[i], err.what);
                SP_CHECK(rows[i], r.unresolved.n > 0);
                SP_CHECK(rows[i], !r.n_reaches && !r.n_decides);
                sp_arena_done(&a);
        }
}

static void without_schemas_there_is_nothing_to_read_over(void **state)
{
        struct sp_arena a = SP_ARENA_INIT((size_t)8 << 20);
        struct sp_mask_input in = input(*state, &a, "SELECT 1 FROM plain");
        const struct sp_mask_plan plan = { .text = in.text };
        struct sp_mask_reading r = { 0 };

        in.n_schemas = 0;
        assert_int_equal(sp_mask_read(&a, &in, &plan, &r, NULL), 0);
        assert_false(r.is_done);
        sp_arena_done(&a);
}

/* Each row is a mistake somewhere before, which the second reading has to notice. */
static void a_mistake_of_the_first_reading_is_noticed(void **state)
{
        static const struct {
                const char *sentence, *sql;
                const char *sent; /* NULL: taken for a text without protected columns */
                const char *name; /* instead of the first table's, or NULL */
        } rows[] = {
                { "a protected table is not replaced", "SELECT ssn FROM people", NULL,
                  NULL },
                { "not even one that is only hashed", "SELECT mail FROM people", NULL,
                  NULL },
                { "a protected column decides rows unmasked",
                  "SELECT id FROM people WHERE ssn = 'x'", NULL, NULL },
                { "a table is judged under another name", "SELECT id FROM people", NULL,
                  "p.crm.plain" },
                { "the masked text still reads a redacted column",
                  "SELECT ssn FROM people", "SELECT ssn FROM p.crm.people", NULL },
                { "the masked text still decides by a nulled column",
                  "SELECT id FROM people", "SELECT id FROM p.crm.people WHERE pay > 1",
                  NULL },
                { "a column is made of another one", "SELECT id FROM people",
                  "SELECT CHAR_LENGTH(mail) AS id FROM p.crm.people", NULL },
                { "a column has another name", "SELECT id FROM people",
                  "SELECT id AS it FROM p.crm.people", NULL },
                { "a column is missing", "SELECT id, id FROM people",
                  "SELECT id FROM p.crm.people", NULL },
                { "a table is added", "SELECT id FROM people",
                  "SELECT id FROM p.crm.people CROSS JOIN p.crm.plain AS q", NULL },
                { "a statement is added", "SELECT id FROM people",
                  "SELECT id FROM p.crm.people; SELECT 1", NULL },
                { "a redacted field of a record is read",
                  "SELECT addr.street FROM deep", "SELECT addr.street FROM p.crm.deep",
                  NULL },
                { "a record with a redacted field is read whole",
                  "SELECT addr FROM deep", "SELECT addr FROM p.crm.deep", NULL },
                { "a row with a redacted field is read whole",
                  "SELECT d FROM deep AS d", "SELECT d FROM p.crm.deep AS d", NULL },
                { "a nulled field decides rows", "SELECT id FROM deep",
                  "SELECT id FROM p.crm.deep WHERE addr.geo.lat > 1", NULL },
                { "a record is compared whole", "SELECT id FROM deep",
                  "SELECT id FROM p.crm.deep WHERE NULLIF(addr, addr) IS NULL", NULL },
                { "a protected field is taken for an open one",
                  "SELECT p.number FROM deep AS d, d.phones AS p", NULL, NULL },
                { "a field is made of another one", "SELECT home.city FROM people",
                  "SELECT home.zip AS city FROM p.crm.people", NULL },
                { "a field is made of a record that has it",
                  "SELECT home.city FROM people",
                  "SELECT home AS city FROM p.crm.people", NULL },
                { "the masked text is not SQL", "SELECT id FROM people", "SELECT FROM",
                  NULL },
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct sp_arena a = SP_ARENA_INIT((size_t)8 << 20);
                struct sp_mask_input in = input(*state, &a, rows[i].sql);
                struct sp_mask_plan plan = { .text = in.text };
                struct sp_mask_reading r = { 0 };
                struct sp_err err = SP_ERR_NULL;
                struct sp_str name;

                if (rows[i].sent) {
                        plan.text = sp_str_c(rows[i].sent);
                        plan.is_rewritten = true;
                }
                if (rows[i].name) {
                        name = sp_str_c(rows[i].name);
                        in.names = &name;
                }
                SP_CHECK(rows[i].sentence,
                         sp_mask_read(&a, &in, &plan, &r, &err) == -EPERM);
                SP_CHECK(rows[i].sentence, strcmp(err.id, "sql.readings-differ") == 0);
                sp_arena_done(&a);
        }
}

static void memory_that_runs_out_is_an_error_or_told(void **state)
{
        bool was_read = false;

        for (size_t max = 0; !was_read; max += 16) {
                struct sp_arena a = SP_ARENA_INIT((size_t)8 << 20);
                struct sp_arena small = SP_ARENA_INIT(max);
                struct sp_mask_input in =
                        input(*state, &a, "SELECT ssn, mail FROM people WHERE pay > 1");
                struct sp_mask_reading r = { 0 };
                struct sp_err err = SP_ERR_NULL;
                struct sp_mask_plan plan;

                assert_true(max < 100000);
                assert_int_equal(sp_mask_rewrite(&a, &in, &plan, &err), 0);
                assert_int_equal(sp_mask_read(&small, &in, &plan, &r, &err), 0);
                was_read = !r.unresolved.n;
                if (was_read)
                        assert_int_equal(r.n_reaches + r.n_decides, 3);
                sp_arena_done(&small);
                sp_arena_done(&a);
        }
}

static void the_columns_of_the_answer_are_planned(void **state)
{
        static const struct {
                const char *sql, *want; /* "name type…"; NULL: not planned */
        } rows[] = {
                { "SELECT id, ssn, pay FROM people",
                  "id INT64,ssn STRING,pay NUMERIC" },
                { "SELECT id + 1, mail AS m FROM people", "? INT64,m STRING" },
                { "SELECT tags, home FROM people",
                  "tags STRING[],home RECORD{city STRING,zip STRING}" },
                { "SELECT STRUCT(1 AS a, [DATE '2020-01-01']) AS s, note FROM plain",
                  "s RECORD{a INT64,? DATE[]},note STRING" },
                { "SELECT note FROM plain UNION ALL SELECT NULL", "note STRING" },
                { "SELECT note FROM nowhere.there", NULL },
                { "INSERT INTO plain (id, note) SELECT id, ssn FROM people", NULL },
                { "CREATE TABLE p.crm.plain2 AS SELECT ssn FROM people", NULL },
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                sp_cleanup(sp_arena_done) struct sp_arena a = SP_ARENA_INIT(16u << 20);
                struct sp_mask_input in = input(*state, &a, rows[i].sql);
                sp_autobuf b = SP_BUF_INIT(4096);
                struct sp_mask_reading r;
                struct sp_mask_plan plan;
                struct sp_outputs o;

                SP_CHECK(rows[i].sql, sp_mask_rewrite(&a, &in, &plan, NULL) == 0);
                SP_CHECK(rows[i].sql, sp_mask_read(&a, &in, &plan, &r, NULL) == 0);
                SP_CHECK(rows[i].sql, (r.outputs.n > 0) == (rows[i].want != NULL));
                if (!rows[i].want)
                        continue;
                SP_CHECK(rows[i].sql, sp_outputs_read(&a, r.outputs, &o, NULL) == 0);
                print_columns(o.v, o.n, &b);
                if (!sp_str_eq(sp_buf_str(&b), sp_str_c(rows[i].want)))
                        print_message("%.*s\n", SP_FMT(sp_buf_str(&b)));
                SP_CHECK(rows[i].sql,
                         sp_str_eq(sp_buf_str(&b), sp_str_c(rows[i].want)));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_columns_of_the_answer_are_planned),
                cmocka_unit_test(protected_columns_are_followed_to_the_answer),
                cmocka_unit_test(
                        what_an_exempt_principal_reads_unmasked_is_told_and_not_refused),
                cmocka_unit_test(
                        a_record_that_is_named_too_often_is_told_to_be_too_large),
                cmocka_unit_test(
                        rows_without_sql_are_read_like_a_select_of_their_fields),
                cmocka_unit_test(what_cannot_be_resolved_is_told_and_not_refused),
                cmocka_unit_test(without_schemas_there_is_nothing_to_read_over),
                cmocka_unit_test(a_mistake_of_the_first_reading_is_noticed),
                cmocka_unit_test(memory_that_runs_out_is_an_error_or_told),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
