/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sallyctl policy decide: the worker's own recognise, parse, decide and rewrite, without a
 * daemon. One JSON object a line in, one a line out; see docs/policy.md "Offline decisions".
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/policy_dir.h"
#include "daemon/base/clock.h"
#include "daemon/base/json.h"
#include "daemon/policy/limits.h"
#include "daemon/worker/judge.h"

static const char usage[] =
        "usage: sallyctl policy decide --policy DIR --catalog FILE --jsonl "
        "[FILE]";

#define CATALOG_MAX (64 * 1024 * 1024)
#define LINE_ARENA_MAX (64 * 1024 * 1024)
/* Stands where the session's salt would: no daemon, no key. */
static const char no_salt[] =
        "0000000000000000000000000000000000000000000000000000000000000000";

struct decide {
        struct sp_policy *policy;
        struct sp_arena catalog_arena;
        struct sp_json *tables, *routines; /* the catalogue's, or NULL */
};

struct question {
        struct sp_arena arena;
        struct sp_str id;
        struct sp_principal who;
        struct sp_request request;
        bool has_estimate;
        uint64_t estimated_bytes;
        size_t n_schemas; /* read so far */
        /* the answer */
        struct sp_call call;
        struct sp_judgement judgement;
        struct sp_decision decision;
        struct sp_upstream_request upstream;
        struct sp_err err;
        bool is_refused;
};

/* ---- in ---- */

static int read_all(FILE *in, struct sp_buf *to)
{
        char *p;

        while (!feof(in)) {
                int r = sp_buf_reserve(to, 64 * 1024, &p);

                if (r < 0)
                        return r;
                to->n += fread(p, 1, 64 * 1024, in);
                if (ferror(in))
                        return -EIO;
        }
        return 0;
}

static int load_catalog(struct decide *d, const char *name)
{
        sp_autobuf text = SP_BUF_INIT(CATALOG_MAX);
        struct sp_json *v;
        struct sp_err e;
        struct sp_str kept;
        FILE *in = fopen(name, "re");
        int r = in ? read_all(in, &text) : -errno;

        if (in)
                (void)fclose(in);
        if (r < 0) {
                fprintf(stderr, "sallyctl: %s: %s\n", name, strerror(-r));
                return r;
        }
        kept = sp_arena_str(&d->catalog_arena, sp_buf_str(&text));
        r = kept.p ? sp_json_parse(&d->catalog_arena, kept, &v, &e) : -ENOMEM;
        if (r < 0) {
                (void)sp_cli_fail(&e);
                return r;
        }
        d->tables = sp_json_get(v, "tables");
        d->routines = sp_json_get(v, "routines");
        return 0;
}

static int read_person(struct question *q, const struct sp_json *v)
{
        const struct sp_json *groups = sp_json_get(v, "groups");
        struct sp_str *g =
                sp_arena_array(&q->arena, groups ? groups->count : 0, sizeof(*g));

        if (!g)
                return -ENOMEM;
        q->who.iss = sp_json_get_str(v, "iss");
        q->who.sub = sp_json_get_str(v, "sub");
        q->who.email = sp_json_get_str(v, "email");
        q->who.groups = g;
        for (const struct sp_json *m = groups ? groups->first : NULL; m; m = m->next)
                g[q->who.n_groups++] = m->text;
        return 0;
}

static int read_headers(struct question *q, const struct sp_json *v, bool has_body)
{
        size_t n = (v ? v->count : 0) + 1, i = 0;
        struct sp_header *h = sp_arena_array(&q->arena, n, sizeof(*h));

        if (!h)
                return -ENOMEM;
        for (const struct sp_json *m = v ? v->first : NULL; m; m = m->next) {
                struct sp_str name = sp_arena_str(&q->arena, m->key);

                if (!name.p)
                        return -ENOMEM;
                for (size_t k = 0; k < name.n; k++)
                        if (name.p[k] >= 'A' && name.p[k] <= 'Z')
                                ((char *)name.p)[k] |= 0x20;
                h[i++] = (struct sp_header){ name, m->text };
        }
        q->request.headers = h;
        q->request.n_headers = i;
        if (has_body && !sp_request_header(&q->request, "content-type").p)
                h[q->request.n_headers++] =
                        (struct sp_header){ SP_STR("content-type"),
                                            SP_STR("application/json") };
        return 0;
}

static int read_request(struct question *q, const struct sp_json *v)
{
        const struct sp_json *body = sp_json_get(v, "body");
        sp_autobuf text = SP_BUF_INIT(LINE_ARENA_MAX);
        struct sp_jsonw w = SP_JSONW(&text);
        struct sp_str target = sp_json_get_str(v, "path");

        q->request.scheme = SP_STR("https");
        q->request.method = sp_json_get_str(v, "method");
        q->request.authority = sp_json_get_str(v, "host");
        q->request.sni = q->request.authority;
        q->request.has_query =
                sp_str_cut(target, '?', &q->request.path, &q->request.query);
        if (body && body->type != SP_JSON_NULL) {
                sp_jsonw_node(&w, body);
                if (sp_jsonw_end(&w) < 0)
                        return sp_jsonw_end(&w);
                q->request.body = sp_arena_str(&q->arena, sp_buf_str(&text));
        }
        return read_headers(q, sp_json_get(v, "headers"), q->request.body.n > 0);
}

static int read_question(struct question *q, struct sp_str line)
{
        const struct sp_json *bytes;
        struct sp_json *v;
        int r = sp_json_parse(&q->arena, line, &v, &q->err);

        if (r < 0)
                return r;
        q->id = sp_json_get_str(v, "id");
        q->who.workload = sp_json_get_str(v, "workload");
        bytes = sp_json_get(v, "estimated_bytes");
        q->has_estimate = bytes && bytes->type == SP_JSON_NUMBER &&
                          sp_str_u64(bytes->text, &q->estimated_bytes) == 0;
        r = read_person(q, sp_json_get(v, "person"));
        if (r == 0)
                r = read_request(q, sp_json_get(v, "request"));
        if (r < 0)
                (void)sp_err_set(&q->err, r, "json.too-large", "",
                                 "the line is too large");
        return r;
}

/* ---- the worker's own stages ---- */

/* A wildcard table has the columns of one of its members. */
static const struct sp_json *last_member(const struct sp_json *tables,
                                         struct sp_str prefix)
{
        const struct sp_json *last = NULL;

        for (const struct sp_json *t = tables ? tables->first : NULL; t; t = t->next)
                if (sp_str_starts(t->key, prefix) &&
                    (!last || sp_str_cmp(t->key, last->key) > 0))
                        last = t;
        return last;
}

/* A function of the catalogue, written as routines.get shows it. */
static int read_routine(struct decide *d, struct question *q, struct sp_str name,
                        struct sp_schema *ret)
{
        const struct sp_json *r = d->routines ? d->routines->first : NULL;

        while (r && !sp_str_eq(r->key, sp_str_sub(name, 0, name.n - 2)))
                r = r->next;
        return r ? sp_routine_read(&q->arena, name, r, ret, &q->err)
                 : sp_err_set(&q->err, -ENOENT, "schema.unavailable", "",
                              "the catalogue has no routine %.*s", SP_FMT(name));
}

/* A table of the catalogue as tables.get would show it: either a bare list of columns or
 * {"schema": […]}. */
static int read_schema(struct decide *d, struct question *q, struct sp_str name,
                       struct sp_schema *ret)
{
        char key[1200];
        sp_autobuf text = SP_BUF_INIT(CATALOG_MAX);
        struct sp_jsonw w = SP_JSONW(&text);
        const struct sp_json *t, *columns, *view, *materialized;
        struct sp_json *resource;
        struct sp_str kept, kind;

        (void)snprintf(key, sizeof(key), "%.*s", SP_FMT(name));
        t = sp_json_get(d->tables, key);
        if (!t && sp_str_ends(name, SP_STR("*")))
                t = last_member(d->tables, sp_str_sub(name, 0, name.n - 1));
        columns = t && t->type == SP_JSON_OBJECT ? sp_json_get(t, "schema") : t;
        if (!columns || columns->type != SP_JSON_ARRAY)
                return sp_err_set(&q->err, -ENOENT, "schema.unavailable", "",
                                  "the catalogue has no table %.*s", SP_FMT(name));
        kind = sp_json_get_str(t, "type");
        view = sp_json_get(t, "view");
        materialized = sp_json_get(t, "materializedView");
        if (!kind.n && (view || materialized))
                kind = view ? SP_STR("VIEW") : SP_STR("MATERIALIZED_VIEW");
        sp_jsonw_open(&w, '{');
        sp_jsonw_kstr(&w, "type", kind.n ? kind : SP_STR("TABLE"));
        sp_jsonw_key(&w, "schema");
        sp_jsonw_open(&w, '{');
        sp_jsonw_key(&w, "fields");
        sp_jsonw_node(&w, columns);
        sp_jsonw_close(&w, '}');
        if (view || materialized) {
                sp_jsonw_key(&w, view ? "view" : "materializedView");
                sp_jsonw_node(&w, view ? view : materialized);
        }
        sp_jsonw_close(&w, '}');
        kept = sp_arena_str(&q->arena, sp_buf_str(&text));
        if (sp_jsonw_end(&w) < 0 || !kept.p)
                return -ENOMEM;
        if (sp_json_parse(&q->arena, kept, &resource, &q->err) < 0)
                return q->err.code;
        return sp_schema_read(&q->arena, name, resource, ret, &q->err);
}

/* A table that the catalogue does not have matters where columns are masked. */
static int read_next(struct decide *d, struct question *q,
                     const struct sp_judge_input *in, struct sp_schema *to)
{
        struct sp_str name = q->judgement.needs_schema[q->n_schemas];
        int r = sp_is_routine(name) ? read_routine(d, q, name, to)
                                    : read_schema(d, q, name, to);

        if (r == -ENOENT && !sp_policy_has_masks(d->policy, &q->who, in->now_us)) {
                *to = (struct sp_schema){ .table = name };
                r = 0;
        }
        q->n_schemas += r == 0;
        return r;
}

/* As the worker's stage resolve: views bring more tables. */
static int rewrite(struct decide *d, struct question *q,
                   const struct sp_judge_input *in)
{
        struct sp_judgement *j = &q->judgement;
        struct sp_schema *schemas = NULL;
        int r = 0;

        while (r == 0 && q->n_schemas < j->n_needs_schema) {
                struct sp_schema *all =
                        sp_arena_array(&q->arena, j->n_needs_schema, sizeof(*all));

                if (!all)
                        return -ENOMEM;
                if (q->n_schemas)
                        memcpy(all, schemas, q->n_schemas * sizeof(*all));
                schemas = all;
                while (r == 0 && q->n_schemas < j->n_needs_schema)
                        r = read_next(d, q, in, &schemas[q->n_schemas]);
                if (r == 0)
                        r = sp_judge_expand(&q->arena, in, schemas, q->n_schemas, j,
                                            &q->err);
        }
        return r < 0 ? r
                     : sp_judge_rewrite(&q->arena, in, schemas, q->n_schemas, j,
                                        &q->err);
}

static int prepare(struct decide *d, struct question *q)
{
        const struct sp_query_extra extra = {
                .sql = q->judgement.plan.text,
                .maximum_bytes_billed = sp_policy_maximum_bytes_billed(d->policy),
                .salt = q->judgement.plan.needs_salt ? sp_str_c(no_salt) : SP_STR_NULL,
                .label_workload = q->who.workload,
        };

        return sp_call_upstream(&q->arena, &q->call, &extra, &q->upstream, &q->err);
}

static bool is_judged(const struct sp_call *c)
{
        return c->handling == SP_HANDLING_QUERY || c->handling == SP_HANDLING_READ;
}

static int decide(const struct sp_judge_input *in, struct question *q)
{
        q->decision = sp_judge_decide(in, &q->judgement);
        if (q->decision.verdict != SP_VERDICT_DENY)
                return 0;
        return sp_err_set(&q->err, -EPERM,
                          q->decision.error_id ? q->decision.error_id : "policy.denied",
                          "", "denied by policy");
}

static void judge(struct decide *d, struct question *q)
{
        struct sp_judge_input in = { .call = &q->call,
                                     .who = &q->who,
                                     .policy = d->policy,
                                     .now_us = sp_clock_wall_us(),
                                     .has_estimate = q->has_estimate,
                                     .estimated_bytes = q->estimated_bytes };
        int r = sp_call_recognise(&q->arena, &q->request, &q->call, &q->err);

        if (r == 0 && !is_judged(&q->call)) {
                /* owned, filtered or answered by the daemon: no rule decides these */
                q->decision = (struct sp_decision){ .verdict = SP_VERDICT_ALLOW,
                                                    .rule = SP_STR("builtin#handled") };
                return;
        }
        if (r == 0)
                r = sp_judge_read(&q->arena, &in, &q->judgement, &q->err);
        if (r == 0)
                r = decide(&in, q);
        if (r == 0 && q->call.query)
                r = rewrite(d, q, &in);
        /* once more: with what the views in it read */
        if (r == 0 && q->judgement.n_views)
                r = decide(&in, q);
        if (r == 0)
                r = prepare(d, q);
        q->is_refused = r < 0;
}

/* ---- out ---- */

static void put_names(struct sp_jsonw *w, const char *key, const struct question *q,
                      const struct sp_sql_statement *s, size_t first, bool targets)
{
        sp_jsonw_key(w, key);
        sp_jsonw_open(w, '[');
        for (size_t i = 0; i < s->n_tables; i++)
                if (targets ? s->tables[i].is_target : s->tables[i].is_read)
                        sp_jsonw_str(w, q->judgement.names[first + i]);
        sp_jsonw_close(w, ']');
}

static void put_statements(struct sp_jsonw *w, const struct question *q)
{
        static const char *const where[] = { "none", "absent", "always-true",
                                             "unproven", "selective" };
        const struct sp_sql_script *script = q->judgement.script;
        size_t first = 0;

        sp_jsonw_key(w, "statements");
        sp_jsonw_open(w, '[');
        for (size_t i = 0; script && i < script->n_statements; i++) {
                const struct sp_sql_statement *s = &script->statements[i];

                sp_jsonw_open(w, '{');
                sp_jsonw_kstr(w, "kind", sp_str_c(s->kind));
                sp_jsonw_kstr(w, "action", sp_str_c(sp_sql_action_name(s->action)));
                put_names(w, "tables", q, s, first, false);
                put_names(w, "targets", q, s, first, true);
                if (s->where != SP_SQL_WHERE_NONE)
                        sp_jsonw_kstr(w, "where",
                                      sp_str_c(where[sp_judge_where(&q->judgement, s,
                                                                    q->judgement.names +
                                                                            first)]));
                sp_jsonw_close(w, '}');
                first += s->n_tables;
        }
        sp_jsonw_close(w, ']');
}

/* What the resolver says of the agent's text: which protected columns reach which output,
 * and which only decide what rows there are. */
static void put_reading(struct sp_jsonw *w, const struct sp_mask_reading *r)
{
        if (!r->is_done)
                return;
        if (r->unresolved.n) {
                sp_jsonw_kstr(w, "unresolved", r->unresolved);
                return;
        }
        sp_jsonw_key(w, "reaches");
        sp_jsonw_open(w, '[');
        for (size_t i = 0; i < r->n_reaches; i++) {
                sp_jsonw_open(w, '{');
                sp_jsonw_kstr(w, "output", r->reaches[i].output);
                sp_jsonw_kstr(w, "column", r->reaches[i].column);
                sp_jsonw_kstr(w, "mask",
                              sp_str_c(sp_mask_kind_name(r->reaches[i].mask.kind)));
                sp_jsonw_close(w, '}');
        }
        sp_jsonw_close(w, ']');
        sp_jsonw_key(w, "decides");
        sp_jsonw_open(w, '[');
        for (size_t i = 0; i < r->n_decides; i++)
                sp_jsonw_str(w, r->decides[i].column);
        sp_jsonw_close(w, ']');
}

static void put_error(struct sp_jsonw *w, const struct sp_err *e)
{
        sp_jsonw_key(w, "error");
        sp_jsonw_open(w, '{');
        sp_jsonw_kstr(w, "id", sp_str_c(e->id));
        sp_jsonw_kstr(w, "message", sp_str_c(e->what));
        sp_jsonw_close(w, '}');
}

static void put_upstream(struct sp_jsonw *w, const struct question *q)
{
        sp_jsonw_key(w, "upstream");
        sp_jsonw_open(w, '{');
        sp_jsonw_kstr(w, "method", q->upstream.method);
        sp_jsonw_kstr(w, "path", q->upstream.path_and_query);
        sp_jsonw_key(w, "body");
        if (q->upstream.body.n)
                sp_jsonw_raw(w, q->upstream.body);
        else
                sp_jsonw_null(w);
        sp_jsonw_close(w, '}');
}

/* What counts for this principal; how much is used only the daemon knows. */
static void put_limits(struct sp_jsonw *w, const struct sp_policy *p,
                       const struct sp_principal *who)
{
        const struct sp_limit *limits[SP_POLICY_LIMITS_MAX + 1];
        size_t n = sp_policy_limits(p, who, limits);

        sp_jsonw_key(w, "limits");
        sp_jsonw_open(w, '[');
        for (size_t i = 0; i < n; i++)
                sp_jsonw_str(w, limits[i]->rule);
        sp_jsonw_close(w, ']');
}

static int put_answer(const struct decide *d, const struct question *q,
                      struct sp_buf *to)
{
        struct sp_jsonw w = SP_JSONW(to);
        enum sp_verdict v = q->is_refused ? SP_VERDICT_DENY : q->decision.verdict;

        sp_jsonw_open(&w, '{');
        sp_jsonw_kstr(&w, "id", q->id);
        sp_jsonw_kstr(&w, "verdict", sp_str_c(sp_verdict_name(v)));
        sp_jsonw_kstr(&w, "rule", q->decision.rule);
        if (q->is_refused)
                put_error(&w, &q->err);
        sp_jsonw_kstr(&w, "action", sp_str_c(q->call.action ? q->call.action : ""));
        put_statements(&w, q);
        sp_jsonw_key(&w, "masked");
        sp_jsonw_open(&w, '[');
        for (size_t i = 0; i < q->judgement.plan.n_columns; i++)
                sp_jsonw_str(&w, q->judgement.plan.columns[i].column);
        sp_jsonw_close(&w, ']');
        put_reading(&w, &q->judgement.reading);
        put_limits(&w, d->policy, &q->who);
        if (!q->is_refused && q->upstream.method.n)
                put_upstream(&w, q);
        sp_jsonw_close(&w, '}');
        return sp_jsonw_end(&w);
}

static int decide_line(struct decide *d, struct sp_str line)
{
        struct question q = { .arena = SP_ARENA_INIT(LINE_ARENA_MAX) };
        sp_autobuf out = SP_BUF_INIT(LINE_ARENA_MAX);
        int r = read_question(&q, line);

        if (r == 0)
                judge(d, &q);
        q.is_refused |= r < 0;
        r = put_answer(d, &q, &out);
        if (r == 0)
                printf("%.*s\n", SP_FMT(sp_buf_str(&out)));
        else
                fprintf(stderr, "sallyctl: the answer cannot be written: %s\n",
                        strerror(-r));
        sp_arena_done(&q.arena);
        return r;
}

static int decide_lines(struct decide *d, FILE *in)
{
        char *line = NULL;
        size_t size = 0;
        ssize_t n;
        int r = 0;

        while (r == 0 && (n = getline(&line, &size, in)) >= 0) {
                while (n && (line[n - 1] == '\n' || line[n - 1] == '\r'))
                        n--;
                if (n)
                        r = decide_line(d, sp_str(line, (size_t)n));
        }
        free(line);
        return r;
}

int sp_cmd_policy_decide(int argc, char **argv)
{
        static const struct option options[] = {
                { "policy", required_argument, NULL, 'p' },
                { "catalog", required_argument, NULL, 'c' },
                { "jsonl", no_argument, NULL, 'j' },
                { NULL, 0, NULL, 0 }
        };
        struct decide d = { .catalog_arena = SP_ARENA_INIT(4UL * CATALOG_MAX) };
        const char *dir = NULL, *catalog = NULL;
        struct sp_err e;
        FILE *in = stdin;
        size_t n_files;
        int c, r;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
                if (c == 'p')
                        dir = optarg;
                else if (c == 'c')
                        catalog = optarg;
                else if (c != 'j')
                        return sp_cli_usage(usage, "unknown option");
        }
        if (!dir || argc - optind > 1)
                return sp_cli_usage(usage, "a policy directory is needed");
        r = sp_policy_dir_load(dir, &d.policy, &n_files, &e);
        if (r < 0)
                return sp_cli_fail(&e);
        if (catalog)
                r = load_catalog(&d, catalog);
        if (r == 0 && optind < argc && !(in = fopen(argv[optind], "re"))) {
                fprintf(stderr, "sallyctl: %s: %s\n", argv[optind], strerror(errno));
                r = -errno;
        }
        if (r == 0)
                r = decide_lines(&d, in);
        if (in && in != stdin)
                (void)fclose(in);
        (void)sp_policy_unref(d.policy);
        sp_arena_done(&d.catalog_arena);
        return r < 0 ? SP_EXIT_FAILED : SP_EXIT_OK;
}
