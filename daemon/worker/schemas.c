/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/worker/schemas.h"

#include <errno.h>
#include <stdlib.h>

#include <uthash.h>

#include "daemon/base/clock.h"
#include "daemon/base/digest.h"
#include "daemon/base/json.h"

#define ANSWER_MAX (4 * 1024 * 1024) /* a table has at most 10,000 columns */
#define ARENA_MAX (16 * 1024 * 1024)

struct sp_schema_entry {
        char *table;
        uint64_t fresh_until_us;
        struct sp_arena arena;
        struct sp_schema schema;
        UT_hash_handle hh;
};

struct question {
        struct sp_schemas *all;
        struct sp_arena arena;
        struct sp_str table;
        struct sp_upstream_request request;
        sp_schema_fn fn;
        void *userdata;
};

static void forget(struct sp_schemas *all, struct sp_schema_entry *e)
{
        HASH_DEL(all->entries, e);
        all->count--;
        sp_arena_done(&e->arena);
        free(e->table);
        free(e);
}

void sp_schemas_clear(struct sp_schemas *all)
{
        struct sp_schema_entry *e, *tmp;

        HASH_ITER(hh, all->entries, e, tmp)
        forget(all, e);
}

static int copy_tags(struct sp_arena *a, struct sp_tags *tags)
{
        struct sp_str *v = sp_arena_array(a, tags->n, sizeof(*v));

        if (!v)
                return -ENOMEM;
        for (size_t i = 0; i < tags->n; i++) {
                v[i] = sp_arena_str(a, tags->v[i]);
                if (!v[i].p)
                        return -ENOMEM;
        }
        tags->v = v;
        return 0;
}

/* depth: sp_schema_read refuses records nested deeper than JSON may be */
static int copy_columns(struct sp_arena *a, const struct sp_column *from, size_t n,
                        const struct sp_column **ret)
{
        struct sp_column *c = sp_arena_array(a, n, sizeof(*c));

        if (!c)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                c[i] = from[i];
                c[i].name = sp_arena_str(a, from[i].name);
                c[i].type = sp_arena_str(a, from[i].type);
                c[i].mode = sp_arena_str(a, from[i].mode);
                if (!c[i].name.p || !c[i].type.p || !c[i].mode.p ||
                    copy_tags(a, &c[i].tags) < 0 ||
                    copy_columns(a, from[i].fields, from[i].n_fields, &c[i].fields) < 0)
                        return -ENOMEM;
        }
        *ret = c;
        return 0;
}

int sp_schema_copy(struct sp_arena *a, const struct sp_schema *from,
                   struct sp_schema *to)
{
        struct sp_schema s = *from;

        s.table = sp_arena_str(a, from->table);
        s.etag = sp_arena_str(a, from->etag);
        s.kind = sp_arena_str(a, from->kind);
        s.definition = sp_arena_str(a, from->definition);
        if (!s.table.p || !s.etag.p || !s.kind.p || !s.definition.p ||
            copy_columns(a, from->columns, from->n_columns, &s.columns) < 0)
                return -ENOMEM;
        *to = s;
        return 0;
}

static bool same_tags(struct sp_tags a, struct sp_tags b)
{
        if (a.n != b.n)
                return false;
        for (size_t i = 0; i < a.n; i++)
                if (!sp_str_eq(a.v[i], b.v[i]))
                        return false;
        return true;
}

static bool same_columns(const struct sp_column *a, size_t n_a,
                         const struct sp_column *b, size_t n_b)
{
        if (n_a != n_b)
                return false;
        for (size_t i = 0; i < n_a; i++)
                if (!sp_str_eq(a[i].name, b[i].name) ||
                    !sp_str_eq(a[i].type, b[i].type) ||
                    !sp_str_eq(a[i].mode, b[i].mode) ||
                    !same_tags(a[i].tags, b[i].tags) ||
                    !same_columns(a[i].fields, a[i].n_fields, b[i].fields,
                                  b[i].n_fields))
                        return false;
        return true;
}

bool sp_schema_is_same(const struct sp_schema *a, const struct sp_schema *b)
{
        return sp_str_eq(a->kind, b->kind) && sp_str_eq(a->definition, b->definition) &&
               same_columns(a->columns, a->n_columns, b->columns, b->n_columns);
}

void sp_schemas_forget(struct sp_schemas *all, struct sp_str table)
{
        struct sp_schema_entry *entry;

        HASH_FIND(hh, all->entries, table.p, table.n, entry);
        if (entry)
                forget(all, entry);
}

static void remember(struct sp_schemas *all, const struct sp_schema *s)
{
        struct sp_schema_entry *e = calloc(1, sizeof(*e)), *old;

        if (!e)
                return;
        if (all->count >= SP_SCHEMAS_MAX)
                sp_schemas_clear(all);
        e->arena = SP_ARENA_INIT(ARENA_MAX);
        e->table = sp_str_dup(s->table);
        if (!e->table || sp_schema_copy(&e->arena, s, &e->schema) < 0) {
                sp_arena_done(&e->arena);
                free(e->table);
                free(e);
                return;
        }
        HASH_FIND(hh, all->entries, s->table.p, s->table.n, old);
        if (old)
                forget(all, old);
        e->fresh_until_us = sp_clock_us() + SP_SCHEMA_FRESH_US;
        HASH_ADD_KEYPTR(hh, all->entries, e->table, s->table.n, e);
        all->count++;
}

static void answer(struct question *q, const struct sp_schema *s,
                   const struct sp_err *e)
{
        q->fn(q->userdata, s, e);
        sp_arena_done(&q->arena);
        free(q);
}

/* Of a wildcard table the columns are those of a job that would read it. Its members are
 * tables, and it has no version but what is seen of them. */
static int read_schema(struct question *q, const struct sp_json *answer,
                       struct sp_schema *ret, struct sp_err *err)
{
        sp_autobuf columns = SP_BUF_INIT(ANSWER_MAX);
        struct sp_jsonw w = SP_JSONW(&columns);
        char hex[SP_SHA256_HEX_LEN + 1];
        uint8_t hash[SP_SHA256_LEN];
        const struct sp_json *query =
                sp_json_get(sp_json_get(answer, "statistics"), "query");
        int r;

        if (sp_is_routine(q->table))
                return sp_routine_read(&q->arena, q->table, answer, ret, err);
        if (!sp_str_ends(q->table, SP_STR("*")))
                return sp_schema_read(&q->arena, q->table, answer, ret, err);
        r = query ? sp_schema_read(&q->arena, q->table, query, ret, err)
                  : sp_err_set(err, -EINVAL, "schema.unavailable", "",
                               "the columns of %.*s are not told", SP_FMT(q->table));
        if (r == 0) {
                sp_jsonw_node(&w, sp_json_get(query, "schema"));
                r = sp_jsonw_end(&w);
        }
        if (r == 0)
                r = sp_sha256(sp_buf_str(&columns), hash);
        if (r < 0)
                return r;
        sp_hex(hash, sizeof(hash), hex);
        ret->etag = sp_arena_str(&q->arena, sp_str_c(hex));
        ret->kind = SP_STR("TABLE");
        ret->is_by_ingestion = false;
        return ret->etag.p ? 0 : -ENOMEM;
}

static void on_table(void *userdata, int err, const char *what, unsigned status,
                     struct sp_str body)
{
        struct question *q = userdata;
        struct sp_json *resource;
        struct sp_schema s;
        struct sp_err e;

        if (err < 0)
                (void)sp_err_set(&e, err, "upstream.unreachable", "", "%s", what);
        else if (status == 401)
                sp_access_forget(q->all->access);
        if (err == 0 && status == 404)
                err = sp_err_set(&e, -ENOENT, "schema.not-found", "",
                                 "Not found: %s %.*s",
                                 sp_is_routine(q->table) ? "Routine" : "Table",
                                 SP_FMT(q->table));
        else if (err == 0 && status != 200)
                err = sp_err_set(&e,
                                 status == 403   ? -EACCES
                                 : status == 400 ? -EINVAL
                                                 : -EIO,
                                 "schema.unavailable", "",
                                 "the %s of %.*s cannot be read (status %u)",
                                 sp_is_routine(q->table) ? "definition" : "columns",
                                 SP_FMT(q->table), status);
        if (err == 0)
                err = sp_json_parse(&q->arena, body, &resource, &e);
        if (err == 0)
                err = read_schema(q, resource, &s, &e);
        if (err == 0)
                remember(q->all, &s);
        answer(q, err == 0 ? &s : NULL, err == 0 ? NULL : &e);
}

static void on_access(void *userdata, int err, const char *what, struct sp_str token)
{
        struct question *q = userdata;
        struct sp_err e;

        if (err == 0) {
                what = "out of memory";
                err = sp_upstream_fetch(q->all->upstream, &q->request, token, NULL,
                                        ANSWER_MAX, on_table, q);
        }
        if (err < 0) {
                (void)sp_err_set(&e, err, "upstream.no-credential", "", "%s", what);
                answer(q, NULL, &e);
        }
}

static int make_request(struct question *q, struct sp_str project)
{
        if (sp_is_routine(q->table))
                return sp_call_routines_get(&q->arena, q->table, &q->request);
        return sp_str_ends(q->table, SP_STR("*"))
                       ? sp_call_wildcard_get(&q->arena, project, q->table, &q->request)
                       : sp_call_tables_get(&q->arena, q->table, &q->request);
}

static const struct sp_schema_entry *find_fresh(const struct sp_schemas *all,
                                                struct sp_str table)
{
        struct sp_schema_entry *entry;

        HASH_FIND(hh, all->entries, table.p, table.n, entry);
        return entry && entry->fresh_until_us > sp_clock_us() ? entry : NULL;
}

bool sp_schemas_has(const struct sp_schemas *all, struct sp_str table)
{
        return find_fresh(all, table);
}

void sp_schemas_get(struct sp_schemas *all, struct sp_str project, struct sp_str table,
                    sp_schema_fn fn, void *userdata)
{
        const struct sp_schema_entry *entry = find_fresh(all, table);
        struct question *q;
        struct sp_err e;

        if (entry) {
                fn(userdata, &entry->schema, NULL);
                return;
        }
        q = calloc(1, sizeof(*q));
        if (q) {
                q->arena = SP_ARENA_INIT(ARENA_MAX);
                q->all = all;
                q->fn = fn;
                q->userdata = userdata;
                q->table = sp_arena_str(&q->arena, table);
                if (q->table.p && make_request(q, project) == 0) {
                        sp_access_get(all->access, on_access, q);
                        return;
                }
                sp_arena_done(&q->arena);
                free(q);
        }
        (void)sp_err_set(&e, -ENOMEM, "schema.unavailable", "",
                         "the columns of %.*s cannot be asked for", SP_FMT(table));
        fn(userdata, NULL, &e);
}
