/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>

#include "daemon/base/digest.h"
#include "daemon/google/methods.h"
#include "daemon/google/read.h"

#define HOST "bigquery.googleapis.com"
#define STORAGE_HOST "storage.googleapis.com"
#define URL_MAX (64u * 1024)
#define BODY_MAX                                                                       \
        (64u * 1024 *                                                                  \
         1024) /* 10 MiB of JSON can grow by escapes, not more            \
                             */
/* Some clients give up after 60 s without a byte (clients.md §6). An answer that comes
 * earlier than asked for is allowed; the client asks again. */
#define LONG_POLL_MAX_MS 55000u

static uint64_t poll_ms(uint64_t wanted)
{
        return SP_MIN(wanted, (uint64_t)LONG_POLL_MAX_MS);
}

/* Of each job of a list the owner must be asked for; a page may be shorter than asked
 * for. */
#define LIST_JOBS_DEFAULT 50u

/* ---- the path ---- */

struct url {
        struct sp_buf *to;
        int error;
};

static void add(struct url *u, struct sp_str s)
{
        u->error = u->error ?: sp_buf_add(u->to, s);
}

static void add_encoded(struct url *u, struct sp_str s)
{
        u->error = u->error ?: sp_url_encode(u->to, s);
}

static void add_segment(struct url *u, const char *collection, struct sp_str id)
{
        add(u, SP_STR("/"));
        add(u, sp_str_c(collection));
        if (id.n) {
                add(u, SP_STR("/"));
                add_encoded(u, id);
        }
}

static void add_parameter(struct url *u, struct sp_str name, struct sp_str value)
{
        add(u, SP_STR("&"));
        add_encoded(u, name);
        add(u, SP_STR("="));
        add_encoded(u, value);
}

static bool is_action(const struct sp_call *c, const char *action)
{
        return strcmp(c->action, action) == 0;
}

static struct sp_str id_of(const struct sp_call *c, struct sp_str name)
{
        if (sp_str_eq(name, SP_STR("projectId")))
                return c->project;
        if (sp_str_eq(name, SP_STR("datasetId")))
                return c->dataset;
        if (sp_str_eq(name, SP_STR("jobId")))
                return c->job_id;
        if (sp_str_eq(name, SP_STR("bucket")))
                return c->bucket;
        if (sp_str_eq(name, SP_STR("object")))
                return c->object;
        return c->table; /* a routine's and a model's id too */
}

/* The table's path with the checked ids in it, never the client's own. -EINVAL: nothing to
 * send. */
static int add_path(struct url *u, const struct sp_call *c, const char *path)
{
        const char *open;

        if (!strchr(path, '{')) /* projects.list is answered here */
                return -EINVAL;
        add(u, c->bucket.n ? SP_STR("/storage/v1/") : SP_STR("/bigquery/v2/"));
        for (; (open = strchr(path, '{')) != NULL; path = strchr(open, '}') + 1) {
                struct sp_str id = id_of(
                        c, sp_str(open + 1, (size_t)(strchr(open, '}') - open) - 1));

                if (!id.n)
                        return -EINVAL;
                add(u, sp_str(path, (size_t)(open - path)));
                add_encoded(u, id);
        }
        add(u, sp_str_c(path));
        return u->error;
}

static bool is_max_results(const struct sp_header *h)
{
        return sp_str_eq(h->name, SP_STR("maxResults"));
}

static void add_job_count(struct url *u, const struct sp_call *c)
{
        uint64_t n = LIST_JOBS_DEFAULT;

        for (size_t i = 0; i < c->n_parameters; i++)
                if (is_max_results(&c->parameters[i]) &&
                    sp_str_u64(c->parameters[i].value, &n) == 0)
                        n = SP_MIN(n, (uint64_t)SP_CALL_LIST_JOBS_MAX);
        u->error = u->error ?: sp_buf_addf(u->to, "&maxResults=%u", (unsigned)n);
}

static void add_parameters(struct url *u, const struct sp_call *c)
{
        bool is_job_list = is_action(c, "bigquery.jobs.list");

        add(u, SP_STR("?prettyPrint=false"));
        if (c->is_media)
                add(u, SP_STR("&alt=media"));
        if (c->query)
                return; /* all of a query is in its body */
        if (c->location.n)
                add_parameter(u, SP_STR("location"), c->location);
        if (is_job_list)
                add_job_count(u, c);
        for (size_t i = 0; i < c->n_parameters; i++)
                if (!is_job_list || !is_max_results(&c->parameters[i]))
                        add_parameter(u, c->parameters[i].name, c->parameters[i].value);
        if (c->has_timeout_ms)
                u->error = u->error
                                   ?: sp_buf_addf(u->to, "&timeoutMs=%llu",
                                                  (unsigned long long)poll_ms(
                                                          c->timeout_ms));
}

/* ---- the body ---- */

/* Label values: lower-case letters, digits, '-', '_', at most 63 bytes. */
static struct sp_str label_safe(struct sp_str s, char to[63])
{
        size_t n = SP_MIN(s.n, (size_t)63);

        for (size_t i = 0; i < n; i++) {
                int c = tolower((unsigned char)s.p[i]);

                to[i] = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'
                                ? (char)c
                                : '-';
        }
        return sp_str(to, n);
}

static void write_labels(struct sp_jsonw *w, const struct sp_json *clients,
                         const struct sp_query_extra *x)
{
        char text[63];

        sp_jsonw_key(w, "labels");
        sp_jsonw_open(w, '{');
        for (const struct sp_json *m = clients ? clients->first : NULL; m;
             m = m->next) {
                /* ours say who asked; nobody else may */
                if (sp_str_starts(m->key, SP_STR(SP_CALL_LABEL_PREFIX)))
                        continue;
                sp_jsonw_key_str(w, m->key);
                sp_jsonw_str(w, m->text);
        }
        if (x->label_session.n)
                sp_jsonw_kstr(w, "sallyport_session",
                              label_safe(x->label_session, text));
        if (x->label_workload.n)
                sp_jsonw_kstr(w, "sallyport_workload",
                              label_safe(x->label_workload, text));
        sp_jsonw_close(w, '}');
}

static void write_u64_text(struct sp_jsonw *w, const char *key, uint64_t v)
{
        char text[24];
        int n = snprintf(text, sizeof(text), "%llu", (unsigned long long)v);

        sp_jsonw_kstr(w, key, sp_str(text, (size_t)n));
}

static void write_text(struct sp_jsonw *w, const char *key, struct sp_str s)
{
        if (s.n)
                sp_jsonw_kstr(w, key, s);
}

static void write_reference(struct sp_jsonw *w, const char *key, struct sp_str project,
                            struct sp_str dataset, struct sp_str table)
{
        if (dataset.n == 0)
                return;
        sp_jsonw_key(w, key);
        sp_jsonw_open(w, '{');
        sp_jsonw_kstr(w, "projectId", project);
        sp_jsonw_kstr(w, "datasetId", dataset);
        write_text(w, "tableId", table);
        sp_jsonw_close(w, '}');
}

/* What both forms have, in the object that holds `query`. */
static void write_query(struct sp_jsonw *w, const struct sp_bq_query *q,
                        const struct sp_query_extra *x)
{
        bool has_parameters = (q->parameters && q->parameters->count) || x->salt.n;
        uint64_t max = q->has_maximum_bytes_billed ? q->maximum_bytes_billed : 0;

        sp_jsonw_kstr(w, "query", x->sql);
        sp_jsonw_kbool(w, "useLegacySql", false);
        write_reference(w, "defaultDataset", q->default_project, q->default_dataset,
                        SP_STR_NULL);
        if (q->has_use_query_cache)
                sp_jsonw_kbool(w, "useQueryCache", q->use_query_cache);
        if (x->maximum_bytes_billed && (max == 0 || x->maximum_bytes_billed < max))
                max = x->maximum_bytes_billed;
        /* an estimate must not fail because of the limit it is compared with */
        if (max && !x->dry_run)
                write_u64_text(w, "maximumBytesBilled", max);
        if (has_parameters) {
                sp_jsonw_kstr(w, "parameterMode",
                              x->salt.n ? SP_STR("NAMED") : q->parameter_mode);
                sp_jsonw_key(w, "queryParameters");
                sp_write_query_parameters(w, q->parameters, x->salt);
        }
}

/* The same requestId of two sessions must not make one job of theirs: BigQuery keeps
 * request ids per user, and all sessions are one user to it. */
static int scoped_request_id(const struct sp_bq_query *q,
                             const struct sp_query_extra *x,
                             char to[SP_SHA256_HEX_LEN + 1], struct sp_str *ret)
{
        uint8_t digest[SP_SHA256_LEN];
        int e;

        *ret = q->request_id;
        if (q->request_id.n == 0 || x->label_session.n == 0)
                return 0;
        e = sp_hmac_sha256(x->label_session, q->request_id, digest);
        if (e < 0)
                return e;
        sp_hex(digest, sizeof(digest), to);
        *ret = sp_str(to, 32);
        return 0;
}

static int write_request(struct sp_jsonw *w, const struct sp_bq_query *q,
                         const struct sp_query_extra *x)
{
        char text[SP_SHA256_HEX_LEN + 1];
        struct sp_str request_id;
        int e = scoped_request_id(q, x, text, &request_id);

        if (e < 0)
                return e;
        sp_jsonw_open(w, '{');
        write_query(w, q, x);
        write_text(w, "location", q->location);
        write_text(w, "requestId", request_id);
        if (q->has_max_results)
                sp_jsonw_ku64(w, "maxResults", q->max_results);
        if (q->has_timeout_ms)
                sp_jsonw_ku64(w, "timeoutMs", poll_ms(q->timeout_ms));
        if (q->has_job_timeout_ms)
                write_u64_text(w, "jobTimeoutMs", q->job_timeout_ms);
        if (q->dry_run)
                sp_jsonw_kbool(w, "dryRun", true);
        if (q->has_use_int64_timestamp) {
                sp_jsonw_key(w, "formatOptions");
                sp_jsonw_open(w, '{');
                sp_jsonw_kbool(w, "useInt64Timestamp", q->use_int64_timestamp);
                sp_jsonw_close(w, '}');
        }
        sp_jsonw_kstr(w, "jobCreationMode", SP_STR("JOB_CREATION_REQUIRED"));
        write_labels(w, q->labels, x);
        sp_jsonw_close(w, '}');
        return sp_jsonw_end(w);
}

static void write_query_configuration(struct sp_jsonw *w, const struct sp_bq_query *q,
                                      const struct sp_query_extra *x)
{
        sp_jsonw_kstr(w, "jobType", SP_STR("QUERY"));
        sp_jsonw_key(w, "query");
        sp_jsonw_open(w, '{');
        write_query(w, q, x);
        write_reference(w, "destinationTable", q->destination_project,
                        q->destination_dataset, q->destination_table);
        write_text(w, "createDisposition", q->create_disposition);
        write_text(w, "writeDisposition", q->write_disposition);
        write_text(w, "priority", q->priority);
        sp_jsonw_close(w, '}');
}

static int write_job(struct sp_jsonw *w, const struct sp_call *c,
                     const struct sp_query_extra *x)
{
        const struct sp_bq_query *q = c->query;
        struct sp_str job_id = x->job_id.n ? x->job_id : q->client_job_id;

        sp_jsonw_open(w, '{');
        sp_jsonw_key(w, "jobReference");
        sp_jsonw_open(w, '{');
        sp_jsonw_kstr(w, "projectId", c->project);
        if (!x->dry_run) /* a dry run makes no job; the id stays free for the real one
                          */
                write_text(w, "jobId", job_id);
        write_text(w, "location", q->location);
        sp_jsonw_close(w, '}');
        sp_jsonw_key(w, "configuration");
        sp_jsonw_open(w, '{');
        if (c->write) {
                sp_jsonw_kstr(w, "jobType", SP_STR("COPY"));
                sp_jsonw_key(w, "copy");
                sp_jsonw_raw(w, c->write->body);
        } else {
                write_query_configuration(w, q, x);
        }
        if (q->dry_run || x->dry_run)
                sp_jsonw_kbool(w, "dryRun", true);
        if (q->has_job_timeout_ms)
                write_u64_text(w, "jobTimeoutMs", q->job_timeout_ms);
        write_labels(w, q->labels, x);
        sp_jsonw_close(w, '}');
        sp_jsonw_close(w, '}');
        return sp_jsonw_end(w);
}

static int write_body(struct sp_arena *a, const struct sp_call *c,
                      const struct sp_query_extra *x, bool as_insert,
                      struct sp_str *ret, struct sp_err *reterr)
{
        sp_autobuf body = SP_BUF_INIT(BODY_MAX);
        struct sp_jsonw w = SP_JSONW(&body);
        int e;

        if (x->salt.n && c->query->parameters && c->query->parameters->count &&
            !sp_str_eq(c->query->parameter_mode, SP_STR("NAMED")))
                return sp_err_set(reterr, -EPERM, "request.positional-parameters", "",
                                  "a hash mask cannot be combined with positional "
                                  "parameters; name them");
        e = as_insert ? write_job(&w, c, x) : write_request(&w, c->query, x);
        if (e < 0)
                return sp_err_set(reterr, e, "request.upstream", "",
                                  "the request cannot be written again");
        *ret = sp_arena_str(a, sp_buf_str(&body));
        return ret->p ? 0 : -ENOMEM;
}

/* Of a PUT what the client does not say would be taken away, and it is not shown all. */
static struct sp_str http_method(const struct sp_method_info *m)
{
        return strcmp(m->http_method, "PUT") == 0 ? SP_STR("PATCH")
                                                  : sp_str_c(m->http_method);
}

int sp_call_upstream(struct sp_arena *a, const struct sp_call *c,
                     const struct sp_query_extra *extra,
                     struct sp_upstream_request *ret, struct sp_err *reterr)
{
        static const struct sp_query_extra none = { 0 };
        struct sp_query_extra x = extra ? *extra : none;
        bool as_insert = c->is_insert || x.as_insert || x.dry_run;
        struct sp_upstream_request out = { .host = c->bucket.n ? SP_STR(STORAGE_HOST)
                                                               : SP_STR(HOST) };
        const struct sp_method_info *m = sp_method_of(
                c->query && as_insert ? "bigquery.jobs.insert" : c->action);
        sp_autobuf path = SP_BUF_INIT(URL_MAX);
        struct url u = { .to = &path };
        int e;

        if (c->handling == SP_HANDLING_DENY || c->handling == SP_HANDLING_LOCAL || !m ||
            add_path(&u, c, m->path) < 0)
                return sp_err_set(reterr, -EINVAL, "request.upstream", "",
                                  "%s is not sent upstream", c->action);
        add_parameters(&u, c);
        if (u.error < 0)
                return sp_err_set(reterr, u.error, "request.upstream", "",
                                  "the path cannot be written again");
        out.path_and_query = sp_arena_str(a, sp_buf_str(&path));
        out.method = http_method(m);
        if (!out.path_and_query.p)
                return -ENOMEM;
        if (c->query) {
                /* the text is always handed over: what was judged is what is sent */
                if (!x.sql.n)
                        return sp_err_set(reterr, -EINVAL, "request.upstream", "",
                                          "no statement to send");
                e = write_body(a, c, &x, as_insert, &out.body, reterr);
                if (e < 0)
                        return e;
        } else if (c->write) {
                out.body = c->write->body;
                out.etag = c->write->etag;
        }
        *ret = out;
        return 0;
}

/* "p.d.t" at its last two dots: only a project may have dots. */
static bool split_table(struct sp_str name, struct sp_str parts[3])
{
        for (int i = 2; i > 0; i--) {
                const char *dot = name.n ? memrchr(name.p, '.', name.n) : NULL;

                if (!dot)
                        return false;
                parts[i] = sp_str(dot + 1, (size_t)(name.p + name.n - dot) - 1);
                name.n = (size_t)(dot - name.p);
        }
        parts[0] = name;
        return true;
}

/* Table names may hold letters of any script, blanks and dashes; what could be read as
 * something else in a path may not. */
static bool is_table_name(struct sp_str s)
{
        for (size_t i = 0; i < s.n; i++)
                if ((unsigned char)s.p[i] < 0x20 || strchr("/\\$@*?#%;\x7f", s.p[i]))
                        return false;
        return s.n > 0 && s.n <= 1024 && sp_str_is_utf8(s);
}

static int get(struct sp_arena *a, const struct sp_str parts[3], const char *kind,
               struct sp_upstream_request *ret)
{
        sp_autobuf path = SP_BUF_INIT(URL_MAX);
        struct url u = { .to = &path };
        struct sp_str out;

        add(&u, SP_STR("/bigquery/v2"));
        add_segment(&u, "projects", parts[0]);
        add_segment(&u, "datasets", parts[1]);
        add_segment(&u, kind, parts[2]);
        add(&u, SP_STR("?prettyPrint=false"));
        if (u.error < 0)
                return u.error;
        out = sp_arena_str(a, sp_buf_str(&path));
        if (!out.p)
                return -ENOMEM;
        *ret = (struct sp_upstream_request){ .method = SP_STR("GET"),
                                             .host = SP_STR(HOST),
                                             .path_and_query = out };
        return 0;
}

int sp_call_tables_get(struct sp_arena *a, struct sp_str table,
                       struct sp_upstream_request *ret)
{
        struct sp_str parts[3];

        if (!split_table(table, parts) || !sp_id_is_valid(SP_ID_PROJECT, parts[0]) ||
            !sp_id_is_valid(SP_ID_DATASET, parts[1]) || !is_table_name(parts[2]))
                return -EINVAL;
        return get(a, parts, "tables", ret);
}

int sp_call_routines_get(struct sp_arena *a, struct sp_str routine,
                         struct sp_upstream_request *ret)
{
        struct sp_str parts[3];

        if (!sp_str_ends(routine, SP_STR("()")) ||
            !split_table(sp_str_sub(routine, 0, routine.n - 2), parts) ||
            !sp_id_is_valid(SP_ID_PROJECT, parts[0]) ||
            !sp_id_is_valid(SP_ID_DATASET, parts[1]) ||
            !sp_id_is_valid(SP_ID_DATASET, parts[2]))
                return -EINVAL;
        return get(a, parts, "routines", ret);
}

int sp_call_wildcard_get(struct sp_arena *a, struct sp_str project, struct sp_str table,
                         struct sp_upstream_request *ret)
{
        struct sp_str parts[3], prefix, path, body;

        if (!split_table(table, parts) || !sp_id_is_valid(SP_ID_PROJECT, project) ||
            !sp_id_is_valid(SP_ID_PROJECT, parts[0]) ||
            !sp_id_is_valid(SP_ID_DATASET, parts[1]) ||
            !sp_str_ends(parts[2], SP_STR("*")))
                return -EINVAL;
        prefix = sp_str_sub(parts[2], 0, parts[2].n - 1);
        /* nothing that would end the quotes, of SQL or of JSON */
        if (!is_table_name(prefix) || memchr(prefix.p, '`', prefix.n) ||
            memchr(prefix.p, '"', prefix.n))
                return -EINVAL;
        path = sp_arena_printf(a, "/bigquery/v2/projects/%.*s/jobs?prettyPrint=false",
                               SP_FMT(project));
        body = sp_arena_printf(
                a,
                "{\"configuration\":{\"dryRun\":true,\"query\":{\"query\":"
                "\"SELECT * FROM `%.*s`\",\"useLegacySql\":false}}}",
                SP_FMT(table));
        if (!path.p || !body.p)
                return -ENOMEM;
        *ret = (struct sp_upstream_request){ .method = SP_STR("POST"),
                                             .host = SP_STR(HOST),
                                             .path_and_query = path,
                                             .body = body };
        return 0;
}
