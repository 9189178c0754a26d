/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/cmd_policy — sallyctl policy check|explain|decide: a policy looked at without a
 * daemon. `check` is for editors and CI: one line per finding, file:line:column first.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/policy_dir.h"
#include "daemon/base/clock.h"
#include "daemon/policy/explain.h"
#include "daemon/policy/limits.h"

#define GROUPS_MAX 64

static const char usage_text[] =
        "usage: sallyctl policy check DIR\n"
        "       sallyctl policy explain --policy DIR --workload NAME --action ACTION\n"
        "                --resource RESOURCE [--iss ISSUER --sub SUBJECT] [--email "
        "ADDRESS]\n"
        "                [--group GROUP]... [--where STATE] [--bytes N] [--json]\n"
        "       sallyctl policy decide --policy DIR --catalog FILE --jsonl\n"
        "       sallyctl policy suggest --policy DIR --catalog FILE [--json]\n";

static int fail_load(const struct sp_err *e, int code)
{
        if (!e->id)
                fprintf(stderr, "sallyctl: %s\n", strerror(-code));
        else if (e->where[0])
                fprintf(stderr, "%s: %s (%s)\n", e->where, e->what, e->id);
        else
                fprintf(stderr, "sallyctl: %s (%s)\n", e->what, e->id);
        return SP_EXIT_FAILED;
}

static int check(int argc, char **argv)
{
        sp_cleanup(sp_policy_unrefp) struct sp_policy *p = NULL;
        struct sp_err err = SP_ERR_NULL;
        size_t n_files = 0;
        int r;

        if (argc != 2 || argv[1][0] == '-')
                return sp_cli_usage(usage_text,
                                    "policy check takes one directory or file");
        r = sp_policy_dir_load(argv[1], &p, &n_files, &err);
        if (r < 0)
                return fail_load(&err, r);
        printf("OK: %zu file%s, %zu rule%s, %zu mask%s, mode %s, version %.12s\n",
               n_files, n_files == 1 ? "" : "s", sp_policy_n_rules(p),
               sp_policy_n_rules(p) == 1 ? "" : "s", sp_policy_n_masks(p),
               sp_policy_n_masks(p) == 1 ? "" : "s",
               sp_policy_mode(p) == SP_MODE_OBSERVE ? "observe" : "enforce",
               sp_policy_version(p).p);
        return SP_EXIT_OK;
}

struct request {
        const char *policy;
        struct sp_principal who;
        struct sp_str groups[GROUPS_MAX];
        struct sp_access access;
        struct sp_question question;
        bool as_json;
};

static bool read_where(const char *s, enum sp_sql_where *ret)
{
        static const struct {
                const char *name;
                enum sp_sql_where where;
        } names[] = { { "absent", SP_SQL_WHERE_ABSENT },
                      { "always-true", SP_SQL_WHERE_ALWAYS_TRUE },
                      { "unproven", SP_SQL_WHERE_UNPROVEN },
                      { "selective", SP_SQL_WHERE_SELECTIVE } };

        for (size_t i = 0; i < SP_ARRAY_SIZE(names); i++)
                if (strcmp(s, names[i].name) == 0) {
                        *ret = names[i].where;
                        return true;
                }
        return false;
}

enum {
        OPT_POLICY = 1,
        OPT_WORKLOAD,
        OPT_ISS,
        OPT_SUB,
        OPT_EMAIL,
        OPT_GROUP,
        OPT_ACTION,
        OPT_RESOURCE,
        OPT_WHERE,
        OPT_BYTES,
        OPT_JSON
};

static const struct option options[] = {
        { "policy", required_argument, NULL, OPT_POLICY },
        { "workload", required_argument, NULL, OPT_WORKLOAD },
        { "iss", required_argument, NULL, OPT_ISS },
        { "sub", required_argument, NULL, OPT_SUB },
        { "email", required_argument, NULL, OPT_EMAIL },
        { "group", required_argument, NULL, OPT_GROUP },
        { "action", required_argument, NULL, OPT_ACTION },
        { "resource", required_argument, NULL, OPT_RESOURCE },
        { "where", required_argument, NULL, OPT_WHERE },
        { "bytes", required_argument, NULL, OPT_BYTES },
        { "json", no_argument, NULL, OPT_JSON },
        { NULL, 0, NULL, 0 },
};

static const char *take_option(struct request *r, int option, const char *value)
{
        struct sp_str v = sp_str_c(value);

        switch (option) {
        case OPT_POLICY:
                r->policy = value;
                return NULL;
        case OPT_WORKLOAD:
                r->who.workload = v;
                return NULL;
        case OPT_ISS:
                r->who.iss = v;
                return NULL;
        case OPT_SUB:
                r->who.sub = v;
                return NULL;
        case OPT_EMAIL:
                r->who.email = v;
                return NULL;
        case OPT_GROUP:
                if (r->who.n_groups == GROUPS_MAX)
                        return "too many groups";
                r->groups[r->who.n_groups++] = v;
                return NULL;
        case OPT_ACTION:
                r->access.action = v;
                return sp_policy_knows_action(v) ? NULL : "there is no such action";
        case OPT_RESOURCE:
                r->access.resource = v;
                return NULL;
        case OPT_WHERE:
                return read_where(value, &r->question.where)
                               ? NULL
                               : "--where is absent, always-true, unproven or "
                                 "selective";
        case OPT_BYTES:
                r->question.has_estimate = true;
                return sp_str_u64(v, &r->question.estimated_bytes) == 0
                               ? NULL
                               : "--bytes takes a number";
        case OPT_JSON:
                r->as_json = true;
                return NULL;
        default:
                return "unknown option, or an option without its value";
        }
}

static const char *read_request(int argc, char **argv, struct request *r)
{
        int option;

        optind = 0; /* main has used getopt already */
        opterr = 0;
        while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
                const char *wrong = take_option(r, option, optarg);

                if (wrong)
                        return wrong;
        }
        if (optind != argc)
                return "policy explain takes options only";
        if (!r->policy || !r->who.workload.n || !r->access.action.n ||
            !r->access.resource.n)
                return "--policy, --workload, --action and --resource are needed";
        if (!r->who.iss.n != !r->who.sub.n)
                return "--iss and --sub belong together";
        r->who.groups = r->groups;
        r->question.principal = &r->who;
        r->question.accesses = &r->access;
        r->question.n_accesses = 1;
        r->question.now_us = sp_clock_wall_us();
        return NULL;
}

static void print_decision(const struct sp_decision *d)
{
        printf("verdict: %s", sp_verdict_name(d->verdict));
        if (d->rule.n)
                printf(" by %.*s", SP_FMT(d->rule));
        if (d->error_id)
                printf(" (%s)", d->error_id);
        putchar('\n');
        if (d->reason.n) {
                printf("reason:  ");
                sp_cli_print_escaped(stdout, d->reason, false);
                putchar('\n');
        }
}

/* One line for each limit: "limit:   10-base.yaml#agents: queries 200/h, rows 5000/day". */
static void print_limits(const struct sp_policy *p, const struct sp_principal *who)
{
        const struct sp_limit *limits[SP_POLICY_LIMITS_MAX + 1];
        size_t n = sp_policy_limits(p, who, limits);

        for (size_t i = 0; i < n; i++) {
                const char *before = ": ";

                printf("limit:   %.*s", SP_FMT(limits[i]->rule));
                for (unsigned k = 0; k < SP_LIMIT_KINDS; k++) {
                        const struct sp_limit_amount *a = &limits[i]->of[k];

                        if (!a->max)
                                continue;
                        printf("%s%s %" PRIu64 "%s%s", before, sp_limit_kind_name(k),
                               a->max, a->window_s ? "/" : "",
                               a->window_s ? sp_limit_window_name(a->window_s) : "");
                        before = ", ";
                }
                putchar('\n');
        }
        putchar('\n');
}

static int explain(int argc, char **argv)
{
        static const char *const columns[] = { "RULE", "VERDICT", "MATCH", "WHY" };
        sp_cleanup(sp_policy_unrefp) struct sp_policy *p = NULL;
        struct request request = { 0 };
        struct sp_err err = SP_ERR_NULL;
        struct sp_table *table;
        size_t n_files = 0;
        const char *wrong = read_request(argc, argv, &request);
        int r;

        if (wrong)
                return sp_cli_usage(usage_text, "%s", wrong);
        r = sp_policy_dir_load(request.policy, &p, &n_files, &err);
        if (r < 0)
                return fail_load(&err, r);
        if (!request.as_json) {
                struct sp_decision d = sp_policy_decide(p, &request.question);

                print_decision(&d);
                print_limits(p, &request.who);
        }
        table = sp_table_new("rules", request.as_json, columns, SP_ARRAY_SIZE(columns));
        r = table ? 0 : -ENOMEM;
        for (size_t i = 0; r == 0 && i < sp_policy_n_rules(p); i++) {
                struct sp_rule_view v = sp_policy_explain(p, i, &request.question, 0);
                char name[256];

                sp_err_escape(name, sizeof(name), v.name);
                r = sp_table_row(table,
                                 (const char *[]){ name, sp_verdict_name(v.verdict),
                                                   v.is_match ? "yes" : "-", v.why });
        }
        if (r < 0) {
                fprintf(stderr, "sallyctl: %s\n", strerror(-r));
                return SP_EXIT_FAILED;
        }
        return sp_table_finish(table) < 0 ? SP_EXIT_FAILED : SP_EXIT_OK;
}

int sp_cmd_policy(int argc, char **argv)
{
        if (argc >= 2 && strcmp(argv[1], "check") == 0)
                return check(argc - 1, argv + 1);
        if (argc >= 2 && strcmp(argv[1], "explain") == 0)
                return explain(argc - 1, argv + 1);
        if (argc >= 2 && strcmp(argv[1], "decide") == 0)
                return sp_cmd_policy_decide(argc - 1, argv + 1);
        if (argc >= 2 && strcmp(argv[1], "suggest") == 0)
                return sp_cmd_policy_suggest(argc - 1, argv + 1);
        return sp_cli_usage(usage_text,
                            "policy has the commands check, explain, decide, suggest");
}
