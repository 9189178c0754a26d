/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes without SQL as policy and masks see them.
 */
#include "tests/test.h"

#include <errno.h>

#include "daemon/base/json.h"
#include "daemon/worker/judge_write.h"

static const char policy_text[] =
        "version: 1\n"
        "rules:\n"
        "  - name: all\n"
        "    actions: [select, create, insert, alter]\n"
        "    resources: [\"p\"]\n"
        "    verdict: allow\n"
        "  - name: no-emptying\n"
        "    actions: [truncate]\n"
        "    resources: [\"*\"]\n"
        "    when: { where: [absent] }\n"
        "    verdict: deny\n"
        "masks:\n"
        "  - name: ssn\n"
        "    columns: [\"p.crm.*.ssn\", \"p.crm.*.who.phone\"]\n"
        "    mask: redact\n"
        "    except: { groups: [keepers], until: 2100-01-01 }\n";

struct fixture {
        struct sp_arena arena;
        struct sp_policy *policy;
        struct sp_call call;
        struct sp_bq_write write;
        struct sp_principal who;
        struct sp_judge_input in;
        struct sp_judgement j;
        struct sp_err err;
};

static void begin(struct fixture *f, struct sp_effect *effects, size_t n)
{
        const struct sp_policy_file file = { SP_STR("a.yaml"), sp_str_c(policy_text) };

        *f = (struct fixture){ .arena = SP_ARENA_INIT(1 << 20) };
        assert_int_equal(sp_policy_load(&file, 1, NULL, 0, &f->policy, &f->err), 0);
        f->write = (struct sp_bq_write){ .effects = effects, .n_effects = n };
        f->call = (struct sp_call){ .project = SP_STR("p"), .write = &f->write };
        f->who = (struct sp_principal){ .workload = SP_STR("ci") };
        f->in = (struct sp_judge_input){ .call = &f->call,
                                         .who = &f->who,
                                         .policy = f->policy,
                                         .now_us = 1800000000000000 };
        assert_int_equal(sp_judge_read(&f->arena, &f->in, &f->j, &f->err), 0);
}

static void end(struct fixture *f)
{
        (void)sp_policy_unref(f->policy);
        sp_arena_done(&f->arena);
}

static struct sp_schema schema(struct fixture *f, const char *resource)
{
        struct sp_schema s;
        struct sp_json *v;

        assert_int_equal(sp_json_parse(&f->arena, sp_str_c(resource), &v, NULL), 0);
        assert_int_equal(sp_schema_read(&f->arena, SP_STR("p.crm.t"), v, &s, &f->err),
                         0);
        return s;
}

#define FIELD(name) "{\"name\":\"" name "\",\"type\":\"STRING\"}"
#define TABLE(type, fields)                                                            \
        "{\"etag\":\"e1\",\"type\":\"" type "\",\"schema\":{\"fields\":[" fields "]}}"

static void what_is_read_or_described_must_have_nothing_to_mask(void **state sp_unused)
{
        static const struct {
                const char *sentence;
                enum sp_effect_kind kind;
                const char *resource, *id;
        } rows[] = {
                { "a table without protected columns is copied", SP_EFFECT_READS,
                  TABLE("TABLE", FIELD("a")), NULL },
                { "a snapshot is a table", SP_EFFECT_READS,
                  TABLE("SNAPSHOT", FIELD("a")), NULL },
                { "a protected column stops a copy", SP_EFFECT_READS,
                  TABLE("TABLE", FIELD("a") "," FIELD("SSN")), "mask.copy" },
                { "one inside a record does too", SP_EFFECT_READS,
                  TABLE("TABLE",
                        "{\"name\":\"who\",\"type\":\"RECORD\",\"fields\":[" FIELD(
                                "phone") "]}"),
                  "mask.copy" },
                { "a view shows what its columns do not tell", SP_EFFECT_READS,
                  TABLE("VIEW", FIELD("a")), "mask.copy" },
                { "what has no kind is no table", SP_EFFECT_READS,
                  TABLE("", FIELD("a")), "mask.copy" },
                { "an unprotected table is described anew", SP_EFFECT_RESHAPES,
                  TABLE("TABLE", FIELD("a")), NULL },
                { "a protected one is not", SP_EFFECT_RESHAPES,
                  TABLE("TABLE", FIELD("ssn")), "mask.reshape" },
                { "nor one with policy tags", SP_EFFECT_RESHAPES,
                  TABLE("TABLE", "{\"name\":\"a\",\"type\":\"STRING\",\"policyTags\":{"
                                 "\"names\":[\"x\"]}}"),
                  "mask.reshape" },
                { "nor one with default values inside a record", SP_EFFECT_RESHAPES,
                  TABLE("TABLE", "{\"name\":\"b\",\"type\":\"RECORD\",\"fields\":[{"
                                 "\"name\":\"a\",\"type\":\"STRING\","
                                 "\"defaultValueExpression\":\"'x'\"}]}"),
                  "mask.reshape" },
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct sp_effect e = { "alter", SP_STR("p.crm.t"), rows[i].kind };
                struct fixture f;
                struct sp_schema s;
                int r;

                begin(&f, &e, 1);
                SP_CHECK(rows[i].sentence, f.j.n_needs_schema == 1);
                s = schema(&f, rows[i].resource);
                r = sp_judge_check_write(&f.in, &s, 1, &f.err);
                SP_CHECK(rows[i].sentence, rows[i].id ? r == -EPERM : r == 0);
                if (rows[i].id)
                        SP_CHECK(rows[i].sentence, strcmp(f.err.id, rows[i].id) == 0);
                end(&f);
        }
}

static void who_is_exempt_copies_what_they_may_see(void **state sp_unused)
{
        struct sp_effect e = { "select", SP_STR("p.crm.t"), SP_EFFECT_READS };
        const struct sp_str group = SP_STR("keepers");
        struct sp_schema s;
        struct fixture f;

        begin(&f, &e, 1);
        s = schema(&f, TABLE("TABLE", FIELD("ssn")));
        SP_CHECK("not exempt", sp_judge_check_write(&f.in, &s, 1, &f.err) == -EPERM);
        f.who.groups = &group;
        f.who.n_groups = 1;
        SP_CHECK("exempt", sp_judge_check_write(&f.in, &s, 1, &f.err) == 0);
        end(&f);
}

static void
only_the_version_that_was_looked_at_is_described_anew(void **state sp_unused)
{
        struct sp_effect e = { "alter", SP_STR("p.crm.t"), SP_EFFECT_RESHAPES };
        struct sp_schema s;
        struct fixture f;

        begin(&f, &e, 1);
        s = schema(&f, TABLE("TABLE", FIELD("a")));
        assert_int_equal(sp_judge_check_write(&f.in, &s, 1, &f.err), 0);
        SP_CHECK("ours", sp_str_eq(f.write.etag, SP_STR("e1")));
        f.write.etag = SP_STR("e0");
        SP_CHECK("another", sp_judge_check_write(&f.in, &s, 1, &f.err) == -ESTALE);
        f.write.etag = s.etag = SP_STR("");
        SP_CHECK("none", sp_judge_check_write(&f.in, &s, 1, &f.err) == -ESTALE);
        end(&f);
}

static void every_effect_is_an_access(void **state sp_unused)
{
        struct sp_effect all[] = {
                { "select", SP_STR("p.crm.t"), SP_EFFECT_READS },
                { "create", SP_STR("p.crm.u"), SP_EFFECT_WRITES },
                { "truncate", SP_STR("p.crm.u"), SP_EFFECT_WRITES },
        };
        struct sp_decision d;
        struct fixture f;

        begin(&f, all, 2);
        SP_CHECK("allowed", sp_judge_decide(&f.in, &f.j).verdict == SP_VERDICT_ALLOW);
        SP_CHECK("only what is read", f.j.n_needs_schema == 1);
        end(&f);
        begin(&f, all, 3);
        d = sp_judge_decide(&f.in, &f.j);
        SP_CHECK("emptying names no rows",
                 d.verdict == SP_VERDICT_DENY && d.rule.n && d.access == 2);
        end(&f);
        all[1].resource = SP_STR("q.crm.u");
        begin(&f, all, 2);
        SP_CHECK("elsewhere", sp_judge_decide(&f.in, &f.j).verdict == SP_VERDICT_DENY);
        end(&f);
}

static void what_a_copy_equals_is_what_is_judged_and_sent(void **state sp_unused)
{
        const struct sp_str equal = SP_STR("CREATE TABLE crm.u COPY crm.t");
        struct sp_effect e = { "select", SP_STR("p.crm.t"), SP_EFFECT_READS };
        struct sp_bq_query query = { .sql = equal };
        struct sp_judgement j;
        struct fixture f;

        begin(&f, &e, 1);
        f.call.query = &query;
        assert_int_equal(sp_judge_read(&f.arena, &f.in, &j, &f.err), 0);
        SP_CHECK("judged", sp_str_eq(j.text, equal));
        SP_CHECK("sent", sp_str_eq(j.plan.text, equal));
        end(&f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_read_or_described_must_have_nothing_to_mask),
                cmocka_unit_test(who_is_exempt_copies_what_they_may_see),
                cmocka_unit_test(only_the_version_that_was_looked_at_is_described_anew),
                cmocka_unit_test(every_effect_is_an_access),
                cmocka_unit_test(what_a_copy_equals_is_what_is_judged_and_sent),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
