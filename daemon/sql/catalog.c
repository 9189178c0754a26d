/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/sql/catalog.h"

#include <errno.h>

#include "daemon/base/json.h"
#include "daemon/sql/index.h"
#include "daemon/sql/lineage.h"
#include "daemon/sql/name.h"

#define NAME_MAX_BYTES 1024 /* of a table's whole name; BigQuery's parts are shorter */

/* What the pointer given out points at, with what only this file needs behind it. */
struct table {
        struct sp_sql_catalog_table shown;
        size_t capacity;
        struct sp_sql_index index; /* of the columns */
};

struct entry {
        struct sp_str name; /* first: what the index reads */
        struct table *table;
};

struct sp_sql_catalog {
        struct sp_arena *arena;
        struct entry *entries;
        size_t n, capacity;
        struct sp_sql_index index;
        bool has_unicode; /* a column or a field */
};

static int no_memory(struct sp_err *e)
{
        return sp_err_set(e, -ENOMEM, "sql.memory", "", "out of memory");
}

int sp_sql_catalog_new(struct sp_arena *a, bool case_insensitive_tables,
                       struct sp_sql_catalog **ret)
{
        struct sp_sql_catalog *c = sp_arena_new(a, struct sp_sql_catalog);

        if (!c)
                return -ENOMEM;
        c->arena = a;
        c->index.is_case_sensitive = !case_insensitive_tables;
        *ret = c;
        return 0;
}

/* Room for one more behind n; the array may move. */
static bool grow(struct sp_arena *a, void **items, size_t n, size_t *capacity,
                 size_t size)
{
        size_t more = *capacity ? *capacity * 2 : 8;
        void *grown;

        if (n < *capacity)
                return true;
        grown = sp_arena_array(a, more, size);
        if (!grown)
                return false;
        if (n)
                memcpy(grown, *items, n * size);
        *items = grown;
        *capacity = more;
        return true;
}

int sp_sql_catalog_add(struct sp_sql_catalog *c, struct sp_str name,
                       struct sp_sql_catalog_table **ret, struct sp_err *reterr)
{
        struct table *t;
        void *items = c->entries;

        if (!name.n || name.n > NAME_MAX_BYTES)
                return sp_err_set(reterr, -EINVAL, "sql.catalog", "",
                                  "a table's name is empty or too long");
        if (sp_sql_catalog_find(c, name))
                return sp_err_set(reterr, -EEXIST, "sql.catalog", "",
                                  "the table %.*s stands twice in the catalogue",
                                  SP_FMT(name));
        t = sp_arena_new(c->arena, struct table);
        if (!t || !grow(c->arena, &items, c->n, &c->capacity, sizeof(*c->entries)))
                return no_memory(reterr);
        c->entries = items;
        t->shown.name = sp_arena_str(c->arena, name);
        if (!t->shown.name.p)
                return no_memory(reterr);
        c->entries[c->n] = (struct entry){ .name = t->shown.name, .table = t };
        if (!sp_sql_index_add(c->arena, &c->index, c->entries, sizeof(*c->entries)))
                return no_memory(reterr);
        c->n++;
        *ret = &t->shown;
        return 0;
}

static bool has_unicode(const struct sp_sql_type *t)
{
        while (t && !t->n_fields && t->element)
                t = t->element;
        for (size_t i = 0; t && i < t->n_fields; i++)
                if (!sp_sql_name_is_ascii(t->fields[i].name) ||
                    has_unicode(t->fields[i].type))
                        return true;
        return false;
}

bool sp_sql_catalog_is_ascii(const struct sp_sql_catalog *c)
{
        return !c->has_unicode;
}

int sp_sql_catalog_add_column(struct sp_sql_catalog *c, struct sp_sql_catalog_table *t,
                              struct sp_str name, const struct sp_sql_type *type,
                              struct sp_err *reterr)
{
        struct table *own = (struct table *)t; /* its first member */
        void *items = t->columns;
        size_t place;

        if (t->n_columns >= SP_SQL_COLUMNS_MAX)
                return sp_err_set(reterr, -E2BIG, "sql.catalog", "",
                                  "the table %.*s has more than %d columns",
                                  SP_FMT(t->name), SP_SQL_COLUMNS_MAX);
        /* two that may be one (name.h) are both kept: asking for them is ambiguous */
        if (name.n && sp_sql_catalog_column(t, name, &place) &&
            sp_str_caseeq(t->columns[place].name, name))
                return sp_err_set(reterr, -EEXIST, "sql.catalog", "",
                                  "the column %.*s stands twice in table %.*s",
                                  SP_FMT(name), SP_FMT(t->name));
        if (!grow(c->arena, &items, t->n_columns, &own->capacity, sizeof(*t->columns)))
                return no_memory(reterr);
        t->columns = items;
        t->columns[t->n_columns].name = sp_arena_str(c->arena, name);
        t->columns[t->n_columns].type = type;
        if (!t->columns[t->n_columns].name.p ||
            !sp_sql_index_add(c->arena, &own->index, t->columns, sizeof(*t->columns)))
                return no_memory(reterr);
        t->n_columns++;
        c->has_unicode =
                c->has_unicode || !sp_sql_name_is_ascii(name) || has_unicode(type);
        return 0;
}

const struct sp_sql_catalog_table *sp_sql_catalog_find(const struct sp_sql_catalog *c,
                                                       struct sp_str name)
{
        size_t at;

        if (!sp_sql_index_find(&c->index, c->entries, sizeof(*c->entries), name, &at))
                return NULL;
        return &c->entries[at].table->shown;
}

bool sp_sql_catalog_column(const struct sp_sql_catalog_table *t, struct sp_str name,
                           size_t *ret)
{
        const struct table *own = (const struct table *)t;

        return name.n && sp_sql_index_find(&own->index, t->columns, sizeof(*t->columns),
                                           name, ret) > 0;
}

/* ---- from JSON ---- */

static int bad(struct sp_err *e, const struct sp_json *at, const char *what)
{
        return sp_err_set_at(e, -EINVAL, "sql.catalog", "catalog", at->line, at->column,
                             "%s", what);
}

static int read_column(struct sp_sql_catalog *c, struct sp_sql_catalog_table *t,
                       const struct sp_json *column, struct sp_err *reterr)
{
        const struct sp_json *name, *type;
        const struct sp_sql_type *read = sp_sql_type_simple(SP_SQL_TYPE_UNKNOWN);
        struct sp_err why = SP_ERR_NULL;
        int r;

        if (column->type != SP_JSON_OBJECT)
                return bad(reterr, column,
                           "a column must be an object with name and type");
        name = sp_json_get(column, "name");
        type = sp_json_get(column, "type");
        if (!name || (name->type != SP_JSON_STRING && name->type != SP_JSON_NULL))
                return bad(reterr, column, "a column's name must be a string");
        if (type && type->type != SP_JSON_STRING && type->type != SP_JSON_NULL)
                return bad(reterr, type, "a column's type must be a string or null");
        if (type && type->type == SP_JSON_STRING) {
                r = sp_sql_type_parse(c->arena, type->text, &read, &why);
                if (r == -ENOMEM)
                        return no_memory(reterr);
                if (r < 0)
                        return sp_err_set_at(reterr, r, "sql.catalog", "catalog",
                                             type->line, type->column, "%s", why.what);
        }
        r = sp_sql_catalog_add_column(
                c, t, name->type == SP_JSON_STRING ? name->text : SP_STR(""), read,
                &why);
        if (r == -ENOMEM)
                return no_memory(reterr);
        return r < 0 ? sp_err_set_at(reterr, r, "sql.catalog", "catalog", column->line,
                                     column->column, "%s", why.what)
                     : 0;
}

/* The columns as an array, or an object that says more of the table. */
static int read_table(struct sp_sql_catalog *c, const struct sp_json *table,
                      struct sp_err *reterr)
{
        const struct sp_json *columns = table, *is_value;
        struct sp_sql_catalog_table *t;
        struct sp_err why = SP_ERR_NULL;
        int r;

        if (table->type == SP_JSON_OBJECT)
                columns = sp_json_get(table, "columns");
        if (!columns || columns->type != SP_JSON_ARRAY)
                return bad(reterr, table, "a table must be an array of columns");
        r = sp_sql_catalog_add(c, table->key, &t, &why);
        if (r == -ENOMEM)
                return no_memory(reterr);
        if (r < 0)
                return sp_err_set_at(reterr, r, "sql.catalog", "catalog", table->line,
                                     table->column, "%s", why.what);
        for (const struct sp_json *m = columns->first; m && r == 0; m = m->next)
                r = read_column(c, t, m, reterr);
        is_value = sp_json_get(table, "value_table");
        t->is_value_table = is_value && is_value->type == SP_JSON_TRUE;
        if (r == 0 && t->is_value_table && t->n_columns != 1)
                return bad(reterr, table, "a value table has one column");
        return r;
}

static int read_tables(struct sp_arena *a, const struct sp_json *root,
                       struct sp_sql_catalog **ret, struct sp_err *reterr)
{
        const struct sp_json *tables = sp_json_get(root, "tables");
        const struct sp_json *insensitive =
                sp_json_get(root, "case_insensitive_tables");
        struct sp_sql_catalog *c;
        int r;

        if (!tables || tables->type != SP_JSON_OBJECT)
                return bad(reterr, root, "a catalogue is an object with \"tables\"");
        if (insensitive && insensitive->type != SP_JSON_TRUE &&
            insensitive->type != SP_JSON_FALSE)
                return bad(reterr, insensitive,
                           "case_insensitive_tables must be true or false");
        r = sp_sql_catalog_new(a, insensitive && insensitive->type == SP_JSON_TRUE, &c);
        if (r < 0)
                return no_memory(reterr);
        for (const struct sp_json *t = tables->first; t && r == 0; t = t->next)
                r = read_table(c, t, reterr);
        if (r < 0)
                return r;
        *ret = c;
        return 0;
}

/* The JSON is larger than what is kept of it, and goes when it is read. */
int sp_sql_catalog_read(struct sp_arena *a, struct sp_str json,
                        struct sp_sql_catalog **ret, struct sp_err *reterr)
{
        struct sp_arena scratch = SP_ARENA_INIT(a->max_bytes);
        struct sp_json *root;
        int r = sp_json_parse(&scratch, json, &root, reterr);

        if (r == 0)
                r = read_tables(a, root, ret, reterr);
        sp_arena_done(&scratch);
        return r;
}
