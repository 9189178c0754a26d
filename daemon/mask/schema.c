/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "daemon/base/json.h"
#include "daemon/mask/mask.h"
#include "daemon/sql/name.h"

#define DEPTH_MAX 20 /* BigQuery allows 15 levels of nesting */
#define TAGS_MAX 16 /* BigQuery allows one */
#define COLUMNS_MAX 20000 /* BigQuery allows 10,000 columns in a table */

struct schema_reader {
        struct sp_arena *arena;
        struct sp_str table;
        size_t n;
        bool has_unshown;
        struct sp_err *err;
};

static int fail(struct schema_reader *r, const struct sp_json *at, const char *what)
{
        return sp_err_set(r->err, -EINVAL, "mask.schema", "",
                          "the schema of %.*s cannot be read: %s (%u:%u)",
                          (int)SP_MIN(r->table.n, 120), r->table.p, what,
                          at ? at->line : 0, at ? at->column : 0);
}

static int read_fields(struct schema_reader *r, const struct sp_json *list,
                       unsigned depth, const struct sp_column **ret, size_t *ret_n);

/* google/shapes leaves these out, so a client that writes a schema back loses them. */
static bool has_unshown(const struct sp_json *field)
{
        static const char *const names[] = { "policyTags", "dataPolicies", "categories",
                                             "defaultValueExpression" };

        for (size_t i = 0; i < SP_ARRAY_SIZE(names); i++)
                if (sp_json_get(field, names[i]))
                        return true;
        return false;
}

/* A string member that may be absent; anything else under that name is an error. */
static int read_string(struct schema_reader *r, const struct sp_json *o,
                       const char *key, struct sp_str *ret)
{
        const struct sp_json *v = sp_json_get(o, key);

        if (v && v->type != SP_JSON_STRING)
                return fail(r, v, "a member that should be a string");
        *ret = v ? v->text : SP_STR_NULL;
        return 0;
}

/* policyTags.names */
static int read_tags(struct schema_reader *r, const struct sp_json *f,
                     struct sp_tags *ret)
{
        const struct sp_json *tags = sp_json_get(f, "policyTags");
        const struct sp_json *names = tags ? sp_json_get(tags, "names") : NULL;
        struct sp_str *v;

        if (!tags || (tags->type == SP_JSON_OBJECT && !names))
                return 0;
        if (tags->type != SP_JSON_OBJECT || names->type != SP_JSON_ARRAY ||
            names->count > TAGS_MAX)
                return fail(r, f, "policy tags that are no short list");
        v = sp_arena_array(r->arena, names->count, sizeof(*v));
        if (!v)
                return -ENOMEM;
        for (const struct sp_json *t = names->first; t; t = t->next) {
                if (t->type != SP_JSON_STRING)
                        return fail(r, t, "a policy tag that is no string");
                v[ret->n++] = t->text;
        }
        ret->v = v;
        return 0;
}

static int read_field(struct schema_reader *r, const struct sp_json *f, unsigned depth,
                      struct sp_column *c)
{
        const struct sp_json *fields = sp_json_get(f, "fields");
        int e;

        if (f->type != SP_JSON_OBJECT)
                return fail(r, f, "a field that is no object");
        if (++r->n > COLUMNS_MAX)
                return fail(r, f, "too many columns");
        e = read_string(r, f, "name", &c->name);
        if (e == 0)
                e = read_string(r, f, "type", &c->type);
        if (e == 0)
                e = read_string(r, f, "mode", &c->mode);
        if (e < 0)
                return e;
        r->has_unshown |= has_unshown(f);
        e = read_tags(r, f, &c->tags);
        if (e < 0)
                return e;
        if (!c->name.n || !c->type.n)
                return fail(r, f, "a field without name or type");
        if (c->mode.n && !sp_str_eq(c->mode, SP_STR("NULLABLE")) &&
            !sp_str_eq(c->mode, SP_STR("REQUIRED")) &&
            !sp_str_eq(c->mode, SP_STR("REPEATED")))
                return fail(r, f, "a field of unknown mode");
        if (fields)
                return read_fields(r, fields, depth + 1, &c->fields, &c->n_fields);
        if (sp_str_eq(c->type, SP_STR("RECORD")) ||
            sp_str_eq(c->type, SP_STR("STRUCT")))
                return fail(r, f, "a record without fields");
        return 0;
}

static int read_fields(struct schema_reader *r, const struct sp_json *list,
                       unsigned depth, const struct sp_column **ret, size_t *ret_n)
{
        struct sp_column *columns;
        size_t n = 0;

        if (list->type != SP_JSON_ARRAY || depth > DEPTH_MAX)
                return fail(r, list, "fields that are no list, or nested too deeply");
        columns = sp_arena_array(r->arena, list->count, sizeof(*columns));
        if (!columns)
                return -ENOMEM;
        for (const struct sp_json *f = list->first; f; f = f->next, n++) {
                int e = read_field(r, f, depth, &columns[n]);

                if (e < 0)
                        return e;
        }
        *ret = columns;
        *ret_n = n;
        return 0;
}

/* A catalogue file may leave the type out: what defines the object tells it then. */
static struct sp_str kind_of_entry(const struct sp_json *entry)
{
        static const struct {
                const char *member;
                struct sp_str kind;
        } kinds[] = {
                { "view", { "VIEW", 4 } },
                { "materializedView", { "MATERIALIZED_VIEW", 17 } },
                { "externalDataConfiguration", { "EXTERNAL", 8 } },
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(kinds); i++)
                if (sp_json_get(entry, kinds[i].member))
                        return kinds[i].kind;
        return SP_STR("TABLE");
}

/* What stands behind a view: of tables.get an object with `query`; a catalogue file may
 * write the text itself. */
static int read_definition(struct schema_reader *r, const struct sp_json *resource,
                           struct sp_schema *s)
{
        const struct sp_json *view = sp_json_get(resource, "view"), *legacy;

        if (view && view->type == SP_JSON_STRING) {
                s->definition = view->text;
                return 0;
        }
        if (view && view->type == SP_JSON_OBJECT) {
                /* the API's default is true */
                legacy = sp_json_get(view, "useLegacySql");
                s->is_legacy = !legacy || legacy->type != SP_JSON_FALSE;
                return read_string(r, view, "query", &s->definition);
        }
        view = sp_json_get(resource, "materializedView");
        if (!view || view->type != SP_JSON_OBJECT)
                return 0;
        return read_string(r, view, "query", &s->definition);
}

int sp_schema_read(struct sp_arena *a, struct sp_str table,
                   const struct sp_json *resource, struct sp_schema *ret,
                   struct sp_err *reterr)
{
        struct schema_reader r = { .arena = a, .table = table, .err = reterr };
        const struct sp_json *schema = sp_json_get(resource, "schema");
        struct sp_schema s = { .table = table };
        int e = read_string(&r, resource, "etag", &s.etag);

        if (e == 0)
                e = read_string(&r, resource, "type", &s.kind);
        if (e < 0)
                return e;
        /* A catalogue file writes the list itself and may leave the type out; an answer
         * of tables.get always has one, and without it the kind stays unknown. */
        if (schema && schema->type == SP_JSON_ARRAY) {
                if (!s.kind.n)
                        s.kind = kind_of_entry(resource);
                e = read_fields(&r, schema, 1, &s.columns, &s.n_columns);
        } else if (schema && schema->type == SP_JSON_OBJECT) {
                const struct sp_json *fields = sp_json_get(schema, "fields");

                if (fields)
                        e = read_fields(&r, fields, 1, &s.columns, &s.n_columns);
        } else if (schema) {
                e = fail(&r, schema, "the schema is no object");
        }
        if (e == 0)
                e = read_definition(&r, resource, &s);
        s.has_unshown = r.has_unshown;
        if (sp_json_get(resource, "timePartitioning"))
                s.is_by_ingestion = !sp_json_get(
                        sp_json_get(resource, "timePartitioning"), "field");
        if (e == 0)
                *ret = s;
        return e;
}

static const struct sp_column *find_column(const struct sp_column *c, size_t n,
                                           struct sp_str name)
{
        for (size_t i = 0; i < n; i++)
                if (sp_sql_name_eq(c[i].name, name))
                        return &c[i];
        return NULL;
}

struct sp_mask sp_mask_of_path(const struct sp_policy *p,
                               const struct sp_principal *who,
                               const struct sp_schema *s, struct sp_str path,
                               uint64_t now_us)
{
        struct sp_str all[DEPTH_MAX * TAGS_MAX], rest = path, name;
        const struct sp_column *c = s->columns;
        size_t n = s->n_columns, n_tags = 0;
        bool is_more = sp_policy_has_tags(p);

        while (is_more) {
                is_more = sp_str_cut(rest, '.', &name, &rest);
                c = find_column(c, n, name);
                if (!c)
                        break;
                for (size_t i = 0; i < c->tags.n && n_tags < SP_ARRAY_SIZE(all); i++)
                        all[n_tags++] = c->tags.v[i];
                n = c->n_fields;
                c = c->fields;
        }
        const struct sp_tags tags = { all, n_tags };

        return who ? sp_policy_mask_tagged(p, who, s->table, path, tags, now_us)
                   : sp_policy_mask_of_others(p, s->table, path, tags);
}
