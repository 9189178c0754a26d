/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole request through recognise, and what comes out of it through upstream.
 * Input: lines method, host, path, query, one header "name: value", then the body.
 * Properties: whatever is accepted can be written again; what is written is one JSON
 * text, of a query with useLegacySql false, a path under /bigquery/v2/projects (of storage, one bucket under
 * /storage/v1/b), and reads back the same. A write has an effect on a full name.
 */
#include <stdlib.h>

#include "daemon/google/call.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sp_str line(struct sp_str *rest)
{
        struct sp_str head;

        (void)sp_str_cut(*rest, '\n', &head, rest);
        return head;
}

static void check(bool ok)
{
        if (!ok)
                abort();
}

static void check_body(struct sp_arena *a, const struct sp_call *c, struct sp_str body)
{
        struct sp_json *o;
        const struct sp_json *q;

        check(sp_json_parse(a, body, &o, NULL) == 0);
        if (c->write) {
                q = sp_json_get(o, "configuration");
                check(sp_json_get(q, "copy") && !sp_json_get(q, "query"));
                return;
        }
        q = c->is_insert ? sp_json_get(sp_json_get(o, "configuration"), "query") : o;
        check(sp_json_get(q, "useLegacySql")->type == SP_JSON_FALSE);
        check(sp_str_eq(sp_json_get_str(q, "query"), c->query->sql));
}

static void check_write(struct sp_arena *a, const struct sp_call *c, struct sp_str body)
{
        struct sp_json *o;

        check(c->write->n_effects > 0);
        for (size_t i = 0; i < c->write->n_effects; i++) {
                struct sp_str r = c->write->effects[i].resource;

                check(memchr(r.p, '.', r.n) && !memchr(r.p, '$', r.n) &&
                      !memchr(r.p, '@', r.n));
        }
        if (body.n)
                check(sp_json_parse(a, body, &o, NULL) == 0 &&
                      o->type == SP_JSON_OBJECT);
}

/* A PUT is sent as a PATCH of what it says. */
static bool is_same_action(const char *asked, const char *sent)
{
        size_t n = strlen(asked), update = strlen("update");

        return strcmp(asked, sent) == 0 ||
               (n > update && strcmp(asked + n - update, "update") == 0 &&
                strncmp(asked, sent, n - update) == 0 &&
                strcmp(sent + n - update, "patch") == 0);
}

/* The written request is itself acceptable, and means the same. */
static void check_fixpoint(struct sp_arena *a, const struct sp_call *c,
                           const struct sp_upstream_request *up)
{
        struct sp_header headers[] = {
                { SP_STR("content-type"), SP_STR("application/json") },
                { SP_STR("if-match"), up->etag },
        };
        struct sp_request r = { .scheme = SP_STR("https"),
                                .method = up->method,
                                .authority = up->host,
                                .sni = up->host,
                                .headers = headers,
                                .n_headers = up->etag.n ? 2 : 1,
                                .body = up->body };
        struct sp_query_extra x = { 0 };
        struct sp_upstream_request again;
        struct sp_call c2;

        r.has_query = sp_str_cut(up->path_and_query, '?', &r.path, &r.query);
        check(sp_call_recognise(a, &r, &c2, NULL) == 0);
        check(is_same_action(c->action, c2.action));
        if (c2.query)
                x.sql = c2.query->sql;
        check(sp_call_upstream(a, &c2, &x, &again, NULL) == 0);
        check(sp_str_eq(again.path_and_query, up->path_and_query));
        check(sp_str_eq(again.body, up->body));
        check(sp_str_eq(again.etag, up->etag));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct sp_arena a = SP_ARENA_INIT(64u * 1024 * 1024);
        struct sp_str rest = sp_str((const char *)data, size);
        struct sp_header headers[2] = { { SP_STR("content-type"),
                                          SP_STR("application/json") } };
        struct sp_request r = { .scheme = SP_STR("https"),
                                .headers = headers,
                                .n_headers = 2 };
        struct sp_upstream_request up;
        struct sp_query_extra x = { 0 };
        struct sp_err err = SP_ERR_NULL;
        struct sp_call c;
        char host[254];

        r.method = line(&rest);
        if (sp_host_canonical(line(&rest), host, &r.authority) < 0)
                return 0;
        r.sni = r.authority;
        if (sp_host_service(r.authority) == SP_SERVICE_METADATA)
                r.scheme = SP_STR("http");
        r.path = line(&rest);
        r.query = line(&rest);
        (void)sp_str_cut(line(&rest), ':', &headers[1].name, &headers[1].value);
        headers[1].value = sp_str_trim(headers[1].value);
        r.body = rest;
        if (sp_call_recognise(&a, &r, &c, &err) < 0) {
                check(err.id != NULL);
        } else {
                check(c.action && c.handling != SP_HANDLING_DENY);
                if (c.query)
                        x.sql = c.query->sql;
                if (sp_call_upstream(&a, &c, &x, &up, &err) == 0) {
                        check(sp_str_starts(
                                up.path_and_query,
                                c.bucket.n ? SP_STR("/storage/v1/b/")
                                           : SP_STR("/bigquery/v2/projects/")));
                        if (c.query)
                                check_body(&a, &c, up.body);
                        if (c.write)
                                check_write(&a, &c, up.body);
                        check_fixpoint(&a, &c, &up);
                }
        }
        sp_arena_done(&a);
        return 0;
}
