/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The discovery document: made from the method table, so that a client built from it
 * offers exactly what is offered here.
 */
#include "daemon/google/answer.h"
#include "daemon/google/write.h"

#define ANY_SCHEMA "JsonObject"

static void kv(struct sp_jsonw *w, const char *key, const char *value)
{
        sp_jsonw_kstr(w, key, sp_str_c(value));
}

static void open_key(struct sp_jsonw *w, const char *key, char bracket)
{
        sp_jsonw_key(w, key);
        sp_jsonw_open(w, bracket);
}

static void write_parameter(struct sp_jsonw *w, struct sp_str name, const char *type,
                            const char *location, bool is_required)
{
        sp_jsonw_key_str(w, name);
        sp_jsonw_open(w, '{');
        kv(w, "type", type);
        kv(w, "location", location);
        if (is_required)
                sp_jsonw_kbool(w, "required", true);
        sp_jsonw_close(w, '}');
}

typedef void (*name_fn)(struct sp_jsonw *w, struct sp_str name);

static void as_parameter(struct sp_jsonw *w, struct sp_str name)
{
        write_parameter(w, name, "string", "path", true);
}

static void as_order(struct sp_jsonw *w, struct sp_str name)
{
        sp_jsonw_str(w, name);
}

/* Calls `fn` for each {name} of a path. */
static void for_names(struct sp_jsonw *w, const char *path, name_fn fn)
{
        for (const char *p = strchr(path, '{'); p; p = strchr(p + 1, '{'))
                fn(w, sp_str(p + 1, (size_t)(strchr(p, '}') - p) - 1));
}

/* "bigquery.jobs.query" → {"jobs", "query"} */
static struct sp_str resource_of(const struct sp_method_info *m,
                                 struct sp_str *ret_method)
{
        struct sp_str api, rest, resource;

        (void)sp_str_cut(sp_str_c(m->action), '.', &api, &rest);
        (void)sp_str_cut(rest, '.', &resource, ret_method);
        return resource;
}

static void write_method(struct sp_jsonw *w, const struct sp_method_info *m)
{
        struct sp_str name;
        const char *type, *parameter;

        (void)resource_of(m, &name);
        sp_jsonw_key_str(w, name);
        sp_jsonw_open(w, '{');
        kv(w, "id", m->action);
        kv(w, "httpMethod", m->http_method);
        kv(w, "path", m->path);
        open_key(w, "parameters", '{');
        for_names(w, m->path, as_parameter);
        for (size_t i = 0; (parameter = sp_call_parameter(i, &type)) != NULL; i++)
                if (m->parameters & 1u << i)
                        write_parameter(w, sp_str_c(parameter), type, "query", false);
        sp_jsonw_close(w, '}');
        open_key(w, "parameterOrder", '[');
        for_names(w, m->path, as_order);
        sp_jsonw_close(w, ']');
        if (m->has_body) {
                open_key(w, "request", '{');
                kv(w, "$ref", ANY_SCHEMA);
                sp_jsonw_close(w, '}');
        }
        open_key(w, "response", '{');
        kv(w, "$ref", ANY_SCHEMA);
        sp_jsonw_close(w, '}');
        open_key(w, "scopes", '[');
        sp_jsonw_str(w, SP_STR("https://www.googleapis.com/auth/bigquery"));
        sp_jsonw_close(w, ']');
        sp_jsonw_close(w, '}');
}

/* The table is sorted by action, so the methods of a resource stand together. */
static void write_resources(struct sp_jsonw *w)
{
        struct sp_str open = SP_STR_NULL, resource, name;
        size_t n;
        const struct sp_method_info *m = sp_call_methods(&n);

        open_key(w, "resources", '{');
        for (size_t i = 0; i < n; i++) {
                if (m[i].handling == SP_HANDLING_DENY)
                        continue;
                resource = resource_of(&m[i], &name);
                if (!sp_str_eq(resource, open)) {
                        if (open.n) {
                                sp_jsonw_close(w, '}');
                                sp_jsonw_close(w, '}');
                        }
                        open = resource;
                        sp_jsonw_key_str(w, resource);
                        sp_jsonw_open(w, '{');
                        open_key(w, "methods", '{');
                }
                write_method(w, &m[i]);
        }
        sp_jsonw_close(w, '}');
        sp_jsonw_close(w, '}');
        sp_jsonw_close(w, '}');
}

static void write_auth(struct sp_jsonw *w)
{
        open_key(w, "auth", '{');
        open_key(w, "oauth2", '{');
        open_key(w, "scopes", '{');
        open_key(w, "https://www.googleapis.com/auth/bigquery", '{');
        kv(w, "description", "Queries through this gateway");
        sp_jsonw_close(w, '}');
        sp_jsonw_close(w, '}');
        sp_jsonw_close(w, '}');
        sp_jsonw_close(w, '}');
}

struct sp_str sp_answer_discovery(struct sp_arena *a)
{
        static const struct {
                const char *key, *value;
        } top[] = {
                { "kind", "discovery#restDescription" },
                { "discoveryVersion", "v1" },
                { "id", "bigquery:v2" },
                { "name", "bigquery" },
                { "version", "v2" },
                { "revision", "20250528" }, /* the revision the method table follows */
                { "title", "BigQuery API" },
                { "description",
                  "The part of the BigQuery API that this gateway offers." },
                { "protocol", "rest" },
                { "rootUrl", "https://bigquery.googleapis.com/" },
                { "servicePath", "bigquery/v2/" },
                { "basePath", "/bigquery/v2/" },
                { "baseUrl", "https://bigquery.googleapis.com/bigquery/v2/" },
                { "batchPath", "batch/bigquery/v2" },
        };
        sp_autobuf b = SP_BUF_INIT(256 * 1024);
        struct sp_jsonw w = SP_JSONW(&b);

        sp_jsonw_open(&w, '{');
        for (size_t i = 0; i < SP_ARRAY_SIZE(top); i++)
                kv(&w, top[i].key, top[i].value);
        open_key(&w, "parameters", '{');
        write_parameter(&w, SP_STR("alt"), "string", "query", false);
        write_parameter(&w, SP_STR("fields"), "string", "query", false);
        write_parameter(&w, SP_STR("prettyPrint"), "boolean", "query", false);
        sp_jsonw_close(&w, '}');
        write_auth(&w);
        open_key(&w, "schemas", '{');
        open_key(&w, ANY_SCHEMA, '{');
        kv(&w, "id", ANY_SCHEMA);
        kv(&w, "type", "object");
        sp_jsonw_close(&w, '}');
        sp_jsonw_close(&w, '}');
        write_resources(&w);
        sp_jsonw_close(&w, '}');
        return sp_write_end(a, &w);
}
