/* SPDX-License-Identifier: Apache-2.0 */
/* Types from text, from the tree, and back to text. */
#include "daemon/sql/type.h"

#include <errno.h>

#include "daemon/base/buf.h"
#include "daemon/sql/parser.h"

#define TEXT_MAX ((size_t)8 * 1024 * 1024) /* 10,000 fields with names of 300 letters */

/* ---- names ---- */

static const struct {
        const char *name;
        enum sp_sql_type_kind kind;
} simple_names[] = {
        { "BOOL", SP_SQL_TYPE_BOOL },
        { "INT64", SP_SQL_TYPE_INT64 },
        { "FLOAT64", SP_SQL_TYPE_FLOAT64 },
        { "NUMERIC", SP_SQL_TYPE_NUMERIC },
        { "BIGNUMERIC", SP_SQL_TYPE_BIGNUMERIC },
        { "STRING", SP_SQL_TYPE_STRING },
        { "BYTES", SP_SQL_TYPE_BYTES },
        { "DATE", SP_SQL_TYPE_DATE },
        { "DATETIME", SP_SQL_TYPE_DATETIME },
        { "TIME", SP_SQL_TYPE_TIME },
        { "TIMESTAMP", SP_SQL_TYPE_TIMESTAMP },
        { "INTERVAL", SP_SQL_TYPE_INTERVAL },
        { "GEOGRAPHY", SP_SQL_TYPE_GEOGRAPHY },
        { "JSON", SP_SQL_TYPE_JSON },
        /* other names of the same: BigQuery's aliases, then those of its API */
        { "BOOLEAN", SP_SQL_TYPE_BOOL },
        { "INT", SP_SQL_TYPE_INT64 },
        { "SMALLINT", SP_SQL_TYPE_INT64 },
        { "INTEGER", SP_SQL_TYPE_INT64 },
        { "BIGINT", SP_SQL_TYPE_INT64 },
        { "TINYINT", SP_SQL_TYPE_INT64 },
        { "BYTEINT", SP_SQL_TYPE_INT64 },
        { "DECIMAL", SP_SQL_TYPE_NUMERIC },
        { "BIGDECIMAL", SP_SQL_TYPE_BIGNUMERIC },
        { "FLOAT", SP_SQL_TYPE_FLOAT64 },
        { "DOUBLE", SP_SQL_TYPE_FLOAT64 },
};

/* Scalars that GoogleSQL has and BigQuery does not. */
static const char *const named[] = { "INT32", "UINT32",    "UINT64",       "FLOAT32",
                                     "UUID",  "TOKENLIST", "GRAPH_ELEMENT" };

/* A scalar by its name; NULL: not one of ours. */
static const struct sp_sql_type *by_name(struct sp_str name)
{
        for (size_t i = 0; i < SP_ARRAY_SIZE(simple_names); i++)
                if (sp_str_caseeq(name, sp_str_c(simple_names[i].name)))
                        return sp_sql_type_simple(simple_names[i].kind);
        return NULL;
}

static const struct sp_sql_type *other(struct sp_arena *a, enum sp_sql_type_kind kind,
                                       struct sp_str name)
{
        struct sp_sql_type *t = sp_arena_new(a, struct sp_sql_type);

        if (!t)
                return NULL;
        t->kind = kind;
        t->depth = t->size = 1;
        t->name = sp_arena_str(a, name);
        return t->name.p ? t : NULL;
}

static const struct sp_sql_type *scalar(struct sp_arena *a, struct sp_str name)
{
        const struct sp_sql_type *t = by_name(name);

        if (t)
                return t;
        for (size_t i = 0; i < SP_ARRAY_SIZE(named); i++)
                if (sp_str_caseeq(name, sp_str_c(named[i])))
                        return other(a, SP_SQL_TYPE_NAMED, sp_str_c(named[i]));
        return other(a, SP_SQL_TYPE_UNKNOWN, name);
}

/* ---- from text ---- */

struct reader {
        struct sp_arena *arena;
        const char *p, *end;
        unsigned structs, levels, types; /* depth so far; types read */
        struct sp_str whole;
        struct sp_err *err;
};

static int bad(struct reader *r, const char *what)
{
        return sp_err_set(r->err, -EINVAL, "sql.type", "", "'%.*s' is no type: %s",
                          (int)SP_MIN(r->whole.n, (size_t)100), r->whole.p, what);
}

static int no_memory(struct reader *r)
{
        return sp_err_set(r->err, -ENOMEM, "sql.memory", "", "out of memory");
}

static void blanks(struct reader *r)
{
        while (r->p < r->end &&
               (*r->p == ' ' || *r->p == '\t' || *r->p == '\n' || *r->p == '\r'))
                r->p++;
}

static bool take(struct reader *r, char c)
{
        blanks(r);
        if (r->p >= r->end || *r->p != c)
                return false;
        r->p++;
        return true;
}

static bool is_name_byte(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
               (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
}

/* A name, backquoted or not; "a.b.C" is one for a type of its own name. */
static int read_name(struct reader *r, bool with_dots, struct sp_str *ret)
{
        const char *start;

        blanks(r);
        start = r->p;
        if (r->p < r->end && *r->p == '`') {
                for (r->p++; r->p < r->end && *r->p != '`';)
                        r->p++;
                if (r->p >= r->end || r->p - start < 2)
                        return bad(r, "a backquote does not end");
                *ret = sp_str(start + 1, (size_t)(r->p++ - start) - 1);
                return 0;
        }
        while (r->p < r->end && (is_name_byte(*r->p) || (with_dots && *r->p == '.')))
                r->p++;
        if (r->p == start)
                return bad(r, "a name is missing");
        *ret = sp_str(start, (size_t)(r->p - start));
        return 0;
}

/* (10, 2) behind a name: read and dropped. */
static int skip_parameters(struct reader *r)
{
        if (!take(r, '('))
                return 0;
        while (r->p < r->end && *r->p != ')' && *r->p != '<' && *r->p != '>')
                r->p++;
        return take(r, ')') ? 0 : bad(r, "')' is missing");
}

static int read_type(struct reader *r, const struct sp_sql_type **ret);

/* Is this a field's name: something that a type follows? */
static bool is_field_name(const struct reader *r)
{
        struct reader ahead = *r;
        struct sp_str name;

        ahead.err = NULL;
        if (read_name(&ahead, false, &name) < 0)
                return false;
        blanks(&ahead);
        return ahead.p < ahead.end && (is_name_byte(*ahead.p) || *ahead.p == '`');
}

static int read_fields(struct reader *r, const struct sp_sql_type **ret)
{
        struct sp_sql_vector fields = { 0 };
        int e = 0;

        if (++r->structs > SP_SQL_TYPE_DEPTH_MAX)
                return sp_err_set(r->err, -E2BIG, "sql.type", "",
                                  "a type has more than %d STRUCTs inside each other",
                                  SP_SQL_TYPE_DEPTH_MAX);
        do {
                struct sp_sql_field *f;

                if (fields.n == 0 && take(r, '>'))
                        goto out;
                f = sp_sql_vector_add(r->arena, &fields, sizeof(*f));
                if (!f)
                        return no_memory(r);
                if (is_field_name(r)) {
                        e = read_name(r, false, &f->name);
                        if (e == 0)
                                f->name = sp_arena_str(r->arena, f->name);
                        if (e == 0 && !f->name.p)
                                return no_memory(r);
                }
                if (e == 0)
                        e = read_type(r, &f->type);
                if (e < 0)
                        return e;
        } while (take(r, ','));
        if (!take(r, '>'))
                return bad(r, "'>' is missing");
out:
        r->structs--;
        *ret = sp_sql_type_struct(r->arena, fields.v, fields.n);
        return *ret ? 0 : no_memory(r);
}

/* PROTO<a.b>, ENUM<…>, MEASURE<…>, MAP<…>: BigQuery has none of them. */
static int read_foreign(struct reader *r, const char *start, struct sp_str name,
                        const struct sp_sql_type **ret)
{
        unsigned open = 1;
        bool is_scalar = sp_str_caseeq(name, SP_STR("ENUM")) ||
                         sp_str_caseeq(name, SP_STR("MEASURE"));

        for (; r->p < r->end && open; r->p++)
                open += *r->p == '<' ? 1u : *r->p == '>' ? -1u : 0u;
        if (open)
                return bad(r, "'>' is missing");
        *ret = other(r->arena, is_scalar ? SP_SQL_TYPE_NAMED : SP_SQL_TYPE_UNKNOWN,
                     sp_str(start, (size_t)(r->p - start)));
        return *ret ? 0 : no_memory(r);
}

static int read_generic(struct reader *r, const char *start, struct sp_str name,
                        const struct sp_sql_type **ret)
{
        const struct sp_sql_type *element;
        bool is_array = sp_str_caseeq(name, SP_STR("ARRAY"));
        int e;

        if (sp_str_caseeq(name, SP_STR("STRUCT")))
                return read_fields(r, ret);
        if (!is_array && !sp_str_caseeq(name, SP_STR("RANGE")))
                return read_foreign(r, start, name, ret);
        e = read_type(r, &element);
        if (e < 0)
                return e;
        if (!take(r, '>'))
                return bad(r, "'>' is missing");
        *ret = is_array ? sp_sql_type_array(r->arena, element)
                        : sp_sql_type_range(r->arena, element);
        return *ret ? 0 : no_memory(r);
}

static int read_type(struct reader *r, const struct sp_sql_type **ret)
{
        struct sp_str name;
        const char *start;
        int e;

        if (++r->types > SP_SQL_TYPE_FIELDS_MAX)
                return sp_err_set(r->err, -E2BIG, "sql.type", "",
                                  "a type has more than %d parts",
                                  SP_SQL_TYPE_FIELDS_MAX);
        if (++r->levels > SP_SQL_TYPE_LEVELS_MAX)
                return sp_err_set(r->err, -E2BIG, "sql.type", "",
                                  "a type is nested deeper than %d levels",
                                  SP_SQL_TYPE_LEVELS_MAX);
        blanks(r);
        start = r->p;
        e = read_name(r, true, &name);
        if (e == 0 && take(r, '<')) {
                e = read_generic(r, start, name, ret);
        } else if (e == 0) {
                e = skip_parameters(r);
                if (e == 0) {
                        *ret = scalar(r->arena, name);
                        e = *ret ? 0 : no_memory(r);
                }
        }
        r->levels--;
        return e;
}

int sp_sql_type_parse(struct sp_arena *a, struct sp_str text,
                      const struct sp_sql_type **ret, struct sp_err *reterr)
{
        struct reader r = { .arena = a,
                            .p = text.p,
                            .end = text.p + text.n,
                            .whole = text,
                            .err = reterr };
        const struct sp_sql_type *t = by_name(text);
        int e;

        if (!t) { /* else the common case, without reading */
                e = read_type(&r, &t);
                if (e < 0)
                        return e;
                blanks(&r);
                if (r.p < r.end)
                        return bad(&r, "something follows it");
        }
        *ret = t;
        return 0;
}

/* ---- from the tree ---- */

/* NULL only without memory. The parser bounds the depth. */
static const struct sp_sql_type *of_node(struct sp_arena *a,
                                         const struct sp_sql_node *n)
{
        const struct sp_sql_type *element = sp_sql_type_simple(SP_SQL_TYPE_UNKNOWN);
        bool is_array = sp_str_caseeq(n->text, SP_STR("ARRAY"));
        bool is_range = sp_str_caseeq(n->text, SP_STR("RANGE"));
        struct sp_sql_vector fields = { 0 };
        struct sp_str name = SP_STR("");

        if (!is_array && !is_range && !sp_str_caseeq(n->text, SP_STR("STRUCT")))
                return scalar(a, n->text);
        for (const struct sp_sql_node *c = n->first; c; c = c->next) {
                struct sp_sql_field *f;

                if (c->kind == SP_SQL_N_NAME)
                        name = c->text;
                if (c->kind != SP_SQL_N_TYPE)
                        continue;
                f = sp_sql_vector_add(a, &fields, sizeof(*f));
                if (!f)
                        return NULL;
                f->name = name;
                f->type = element = of_node(a, c);
                if (!element)
                        return NULL;
                name = SP_STR("");
        }
        if (is_array || is_range)
                return is_array ? sp_sql_type_array(a, element)
                                : sp_sql_type_range(a, element);
        return sp_sql_type_struct(a, fields.v, fields.n);
}

int sp_sql_type_of(struct sp_arena *a, const struct sp_sql_node *type,
                   const struct sp_sql_type **ret, struct sp_err *reterr)
{
        const struct sp_sql_type *t = of_node(a, type);

        if (!t)
                return sp_err_set(reterr, -ENOMEM, "sql.memory", "", "out of memory");
        *ret = t;
        return 0;
}

/* ---- to text ---- */

static const char *simple_name(enum sp_sql_type_kind kind)
{
        for (size_t i = 0; i < SP_ARRAY_SIZE(simple_names); i++)
                if (simple_names[i].kind == kind)
                        return simple_names[i].name;
        return "UNKNOWN";
}

static bool is_plain(struct sp_str name)
{
        if (name.p[0] >= '0' && name.p[0] <= '9')
                return false;
        for (size_t i = 0; i < name.n; i++)
                if (!is_name_byte(name.p[i]) || (unsigned char)name.p[i] >= 0x80)
                        return false;
        return true;
}

static int write_type(struct sp_buf *b, const struct sp_sql_type *t)
{
        int r;

        switch (t->kind) {
        case SP_SQL_TYPE_ARRAY:
        case SP_SQL_TYPE_RANGE:
                r = sp_buf_add(b, t->kind == SP_SQL_TYPE_ARRAY ? SP_STR("ARRAY<")
                                                               : SP_STR("RANGE<"));
                if (r == 0)
                        r = write_type(b, t->element);
                return r < 0 ? r : sp_buf_addc(b, '>');
        case SP_SQL_TYPE_STRUCT:
                r = sp_buf_add(b, SP_STR("STRUCT<"));
                for (size_t i = 0; r == 0 && i < t->n_fields; i++) {
                        struct sp_str name = t->fields[i].name;
                        const char *quote = name.n && !is_plain(name) ? "`" : "";

                        r = sp_buf_addf(b, "%s%s%.*s%s%s", i ? ", " : "", quote,
                                        SP_FMT(name), quote, name.n ? " " : "");
                        if (r == 0)
                                r = write_type(b, t->fields[i].type);
                }
                return r < 0 ? r : sp_buf_addc(b, '>');
        default:
                if (t ==
                    sp_sql_type_null()) /* nothing gave it a type: then it is INT64 */
                        return sp_buf_add(b, SP_STR("INT64"));
                return sp_buf_add(b,
                                  t->name.n ? t->name : sp_str_c(simple_name(t->kind)));
        }
}

struct sp_str sp_sql_type_text(struct sp_arena *a, const struct sp_sql_type *t)
{
        sp_autobuf b = SP_BUF_INIT(TEXT_MAX);

        if (t == sp_sql_type_null()) /* GoogleSQL's type of a NULL that stands alone */
                return SP_STR("INT64");
        if (t->depth == 1 && t->kind != SP_SQL_TYPE_STRUCT)
                return t->name.n ? t->name : sp_str_c(simple_name(t->kind));
        return write_type(&b, t) < 0 ? SP_STR_NULL : sp_arena_str(a, sp_buf_str(&b));
}
