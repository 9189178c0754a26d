/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/bench/statements — what judging and rewriting a statement costs.
 *
 *   statements time [ROUNDS]   one JSON object a statement and step: us of the thread's CPU
 *   statements count NAME STEP TIMES   that step alone, for callgrind
 *
 * Steps, each on top of those before: "judge" parses, names every table and asks the policy;
 * "rewrite" puts the masks in and verifies the new text; "read" resolves both texts and follows
 * the protected columns. Every round takes each statement through each step in turn, with a
 * fresh arena as in a request; medians of the rounds.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "daemon/base/json.h"
#include "daemon/worker/judge.h"

#define ROUNDS_MAX 1000
#define TIMES 10 /* long against the clock's own cost, short against a time slice */

static const char policy_text[] =
        "version: 1\n"
        "mode: enforce\n"
        "rules:\n"
        "- {name: read, workloads: [ci], actions: [select], resources: [\"p.crm.*\", "
        "\"p.shop.*\"], verdict: allow}\n"
        "- {name: write, workloads: [ci], actions: [insert, create, merge], resources: "
        "[\"p.lab.*\"], verdict: allow}\n"
        "- {name: scripts, workloads: [ci], actions: [script], resources: [p], "
        "verdict: allow}\n"
        "masks:\n"
        "- {name: ssn, columns: [\"*.*.*.ssn\"], mask: redact}\n"
        "- {name: email, columns: [p.crm.customers.email], mask: hash}\n"
        "- {name: phone, columns: [p.crm.customers.phone], mask: {partial: {keep_last: "
        "2}}}\n"
        "- {name: street, columns: [p.crm.people.home.street], mask: \"null\"}\n";

#define STRING_(name) "{\"name\":\"" name "\",\"type\":\"STRING\"}"
#define NUMBER_(name) "{\"name\":\"" name "\",\"type\":\"INTEGER\"}"
static const char schemas_text[] =
        "[{\"table\":\"p.shop.baskets\",\"type\":\"TABLE\",\"schema\":{\"fields\":["
        "" NUMBER_("id") "," NUMBER_("customer_id") "," NUMBER_(
                "total") ",{\"name\":"
                         "\"day\",\"type\":\"DATE\"}," STRING_(
                                 "note") "]}},"
                                         "{\"table\":\"p.crm.customers\",\"type\":"
                                         "\"TABLE\",\"schema\":{\"fields\":["
                                         "" NUMBER_("id") "," STRING_("name") "," STRING_("email") "," STRING_("ssn") "," STRING_("phone") "," STRING_(
                                                 "city") ",{\"name\":\"born\",\"type\":"
                                                         "\"DATE\"}]}},"
                                                         "{\"table\":\"p.crm.people\","
                                                         "\"type\":\"TABLE\","
                                                         "\"schema\":{\"fields\":["
                                                         "" NUMBER_(
                                                                 "id") ",{\"name\":"
                                                                       "\"home\","
                                                                       "\"type\":"
                                                                       "\"RECORD\","
                                                                       "\"fields\":["
                                                                       "" STRING_(
                                                                               "stre"
                                                                               "et") "," STRING_("city") "]},{\"name\":\"phones\",\"type\":"
                                                                                                         "\"RECORD\",\"mode\":\"REPEATED\",\"fields\":[" STRING_(
                                                                                                                 "kind") ","
                                                                                                                         "" STRING_(
                                                                                                                                 "number") "]}]}},"
                                                                                                                                           "{\"table\":\"p.lab.out\",\"type\":\"TABLE\",\"schema\":{\"fields\":["
                                                                                                                                           "" STRING_("name") "," STRING_(
                                                                                                                                                   "ssn") "]}}]";

static const struct statement {
        const char *name, *sql;
} statements[] = {
        { "plain lookup", "SELECT id, total FROM shop.baskets WHERE id = 4711" },
        { "masked lookup",
          "SELECT id, email, ssn, phone FROM crm.customers WHERE id = 4711" },
        { "masked star", "SELECT * FROM crm.customers AS c ORDER BY born LIMIT 100" },
        { "nested field masked",
          "SELECT id, home, p.number FROM crm.people, UNNEST(phones) AS p" },
        { "join and group",
          "SELECT c.city, COUNT(DISTINCT c.email) AS people, SUM(b.total) AS total "
          "FROM shop.baskets AS b JOIN crm.customers AS c ON c.id = b.customer_id "
          "WHERE b.day BETWEEN '2024-01-01' AND '2024-12-31' GROUP BY c.city "
          "HAVING SUM(b.total) > 100 ORDER BY total DESC LIMIT 50" },
        { "three CTEs, a window",
          "WITH spent AS (SELECT customer_id, day, SUM(total) AS total FROM "
          "shop.baskets GROUP BY customer_id, day), known AS (SELECT id, name, email, "
          "city FROM crm.customers WHERE city IN ('Lyon', 'Oslo')), ranked AS (SELECT "
          "k.name, k.email, k.city, s.total, ROW_NUMBER() OVER (PARTITION BY k.city "
          "ORDER BY s.total DESC) AS place FROM spent AS s JOIN known AS k ON k.id = "
          "s.customer_id) SELECT city, name, email, total FROM ranked WHERE place <= 3 "
          "ORDER BY city, place" },
        { "a BI tool's nesting",
          "SELECT `t0`.`city` AS `city`, COUNT(1) AS `n` FROM (SELECT `t`.`city`, "
          "`t`.`email` FROM (SELECT * FROM `p.crm.customers` WHERE `born` >= "
          "DATE '1980-01-01') AS `t` WHERE `t`.`phone` IS NOT NULL) AS `t0` GROUP BY "
          "1 ORDER BY 2 DESC LIMIT 500" },
        { "insert from masked",
          "INSERT INTO lab.out (name, ssn) SELECT name, ssn FROM crm.customers WHERE "
          "city = 'Lyon'" },
        { "script of four",
          "DECLARE n INT64 DEFAULT 10; CREATE TEMP TABLE t AS SELECT id, email FROM "
          "crm.customers; SELECT COUNT(*) FROM t; SELECT * FROM t LIMIT 10" },
};

enum step { STEP_JUDGE, STEP_REWRITE, STEP_READ, STEP_MAX_ };
static const char *const step_names[] = { "judge", "rewrite", "read" };

static struct sp_policy *policy;
static struct sp_schema schemas[8];
static size_t n_schemas;
static struct sp_arena kept = SP_ARENA_INIT((size_t)16 << 20);
static uint64_t ns[SP_ARRAY_SIZE(statements)][STEP_MAX_][ROUNDS_MAX];

static void must(int r, const char *what, const struct sp_err *e)
{
        if (r >= 0)
                return;
        (void)fprintf(stderr, "statements: %s: %s %s\n", what, e->id ? e->id : "",
                      e->what);
        exit(EXIT_FAILURE);
}

static void load(void)
{
        const struct sp_policy_file file = { SP_STR("p.yaml"), sp_str_c(policy_text) };
        struct sp_err e = SP_ERR_NULL;
        struct sp_json *list = NULL;

        must(sp_policy_load(&file, 1, NULL, 0, &policy, &e), "the policy", &e);
        must(sp_json_parse(&kept, sp_str_c(schemas_text), &list, &e), "the schemas",
             &e);
        for (const struct sp_json *s = list->first; s; s = s->next)
                must(sp_schema_read(&kept, sp_json_get_str(s, "table"), s,
                                    &schemas[n_schemas++], &e),
                     "a schema", &e);
}

/* sp_judge_rewrite is rewriting and reading in one; the rewriting alone is given what it gives. */
static int rewrite(struct sp_arena *a, const struct sp_judge_input *in,
                   struct sp_judgement *j, struct sp_err *e)
{
        const struct sp_mask_input m = { .text = in->call->query->sql,
                                         .script = j->script,
                                         .names = j->names,
                                         .n_names = j->n_names,
                                         .default_project = in->call->project,
                                         .schemas = schemas,
                                         .n_schemas = n_schemas,
                                         .policy = policy,
                                         .who = in->who,
                                         .now_us = in->now_us };

        return sp_mask_rewrite(a, &m, &j->plan, e);
}

static void take(const struct statement *s, enum step last)
{
        struct sp_arena a = SP_ARENA_INIT((size_t)16 << 20);
        struct sp_bq_query query = { .sql = sp_str_c(s->sql) };
        struct sp_call call = { .project = SP_STR("p"),
                                .action = "bigquery.jobs.query",
                                .handling = SP_HANDLING_QUERY,
                                .query = &query };
        struct sp_principal who = { .workload = SP_STR("ci") };
        struct sp_judge_input in = {
                .call = &call, .who = &who, .policy = policy, .now_us = 1
        };
        struct sp_err e = SP_ERR_NULL;
        struct sp_judgement j;

        must(sp_judge_read(&a, &in, &j, &e), s->name, &e);
        if (sp_judge_decide(&in, &j).verdict != SP_VERDICT_ALLOW)
                must(-1, s->name, &(struct sp_err){ .what = "it is not allowed" });
        if (last == STEP_REWRITE)
                must(rewrite(&a, &in, &j, &e), s->name, &e);
        if (last == STEP_READ)
                must(sp_judge_rewrite(&a, &in, schemas, n_schemas, &j, &e), s->name,
                     &e);
        sp_arena_done(&a);
}

static uint64_t cpu_ns(void)
{
        struct timespec t;

        (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

        return (x > y) - (x < y);
}

static void time_all(size_t rounds)
{
        for (size_t r = 0; r < rounds; r++)
                for (size_t i = 0; i < SP_ARRAY_SIZE(statements); i++)
                        for (enum step s = 0; s < STEP_MAX_; s++) {
                                uint64_t before = cpu_ns();

                                for (int t = 0; t < TIMES; t++)
                                        take(&statements[i], s);
                                ns[i][s][r] = (cpu_ns() - before) / TIMES;
                        }
        for (size_t i = 0; i < SP_ARRAY_SIZE(statements); i++)
                for (enum step s = 0; s < STEP_MAX_; s++) {
                        qsort(ns[i][s], rounds, sizeof(ns[i][s][0]), by_value);
                        (void)printf("{\"statement\":\"%s\",\"bytes\":%zu,\"step\":"
                                     "\"%s\",\"us\":%.2f,\"least_us\":%.2f}\n",
                                     statements[i].name, strlen(statements[i].sql),
                                     step_names[s], (double)ns[i][s][rounds / 2] / 1000,
                                     (double)ns[i][s][0] / 1000);
                }
}

static int count(const char *name, const char *step, size_t times)
{
        for (size_t i = 0; i < SP_ARRAY_SIZE(statements); i++)
                for (enum step s = 0; s < STEP_MAX_; s++)
                        if (strcmp(name, statements[i].name) == 0 &&
                            strcmp(step, step_names[s]) == 0) {
                                for (size_t t = 0; t < times; t++)
                                        take(&statements[i], s);
                                return EXIT_SUCCESS;
                        }
        return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
        size_t n = 101;
        int r = EXIT_SUCCESS;

        load();
        if (argc == 5 && strcmp(argv[1], "count") == 0)
                r = count(argv[2], argv[3], strtoul(argv[4], NULL, 10));
        else if (argc >= 2 && strcmp(argv[1], "time") == 0) {
                if (argc > 2)
                        n = strtoul(argv[2], NULL, 10);
                time_all(SP_MIN(SP_MAX(n, (size_t)1), (size_t)ROUNDS_MAX));
        } else {
                (void)fputs("usage: statements time [ROUNDS] | count NAME STEP TIMES\n",
                            stderr);
                r = EXIT_FAILURE;
        }
        policy = sp_policy_unref(policy);
        sp_arena_done(&kept);
        return r;
}
