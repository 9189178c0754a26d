/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/mask/outputs.h"

#include <errno.h>
#include <stdio.h>

#include "daemon/base/json.h"

static bool is_record(const struct sp_column *c)
{
        return c->n_fields > 0;
}

static bool is_repeated(const struct sp_column *c)
{
        return sp_str_eq(c->mode, SP_STR("REPEATED"));
}

static bool is_any_type(const struct sp_column *c)
{
        return sp_str_eq(c->type, SP_STR(SP_OUTPUTS_ANY_TYPE));
}

/* ---- written ---- */

static const char *name_of(const struct sp_sql_type *t)
{
        switch (t->kind) {
        case SP_SQL_TYPE_STRUCT:
                return t->n_fields ? "RECORD" : SP_OUTPUTS_ANY_TYPE;
        case SP_SQL_TYPE_RANGE:
                return "RANGE";
        case SP_SQL_TYPE_ARRAY: /* of arrays: no answer has that */
        case SP_SQL_TYPE_UNKNOWN:
        case SP_SQL_TYPE_NAMED:
                return SP_OUTPUTS_ANY_TYPE;
        default:
                return NULL;
        }
}

/* As deep as a type may be. */
static int write_column(struct sp_jsonw *w, struct sp_str name,
                        const struct sp_sql_type *t,
                        const struct sp_output_origin *origin)
{
        bool is_list = t->kind == SP_SQL_TYPE_ARRAY;
        const struct sp_sql_type *e = is_list ? t->element : t;
        const char *type = name_of(e);
        int r = 0;

        sp_jsonw_open(w, '{');
        sp_jsonw_kstr(w, "name", name.n ? name : SP_STR(SP_OUTPUTS_ANY_NAME));
        sp_jsonw_kstr(w, "type", type ? sp_str_c(type) : sp_sql_type_text(NULL, e));
        if (is_list)
                sp_jsonw_kstr(w, "mode", SP_STR("REPEATED"));
        if (e->kind == SP_SQL_TYPE_STRUCT && e->n_fields) {
                sp_jsonw_key(w, "fields");
                sp_jsonw_open(w, '[');
                for (size_t i = 0; i < e->n_fields && r == 0; i++)
                        r = write_column(w, e->fields[i].name, e->fields[i].type, NULL);
                sp_jsonw_close(w, ']');
        }
        if (origin && origin->table.n) {
                sp_jsonw_kstr(w, "table", origin->table);
                sp_jsonw_kstr(w, "column", origin->column);
        }
        sp_jsonw_close(w, '}');
        return r < 0 ? r : w->error;
}

int sp_outputs_write(const struct sp_sql_lineage *l,
                     const struct sp_output_origin *origins, struct sp_buf *to)
{
        struct sp_jsonw w = SP_JSONW(to);
        int r = 0;

        sp_jsonw_open(&w, '{');
        sp_jsonw_key(&w, "schema");
        sp_jsonw_open(&w, '[');
        for (size_t i = 0; i < l->n_outputs && r == 0; i++)
                r = write_column(&w, l->outputs[i].name, l->outputs[i].type,
                                 origins ? &origins[i] : NULL);
        sp_jsonw_close(&w, ']');
        sp_jsonw_close(&w, '}');
        return r < 0 ? r : sp_jsonw_end(&w);
}

/* ---- read ---- */

int sp_outputs_read(struct sp_arena *a, struct sp_str text, struct sp_outputs *ret,
                    struct sp_err *reterr)
{
        struct sp_json *resource;
        struct sp_schema s;
        int r = sp_json_parse(a, text, &resource, reterr);

        if (r == 0)
                r = sp_schema_read(a, SP_STR("the answer"), resource, &s, reterr);
        if (r == 0)
                *ret = (struct sp_outputs){ s.columns, s.n_columns };
        return r;
}

/* ---- compared ---- */

static bool is_one_of(struct sp_str type, const char *const *list)
{
        for (; *list; list++)
                if (sp_str_caseeq(type, sp_str_c(*list)))
                        return true;
        return false;
}

/* Scalars. A literal takes the type that its neighbour wants, and the resolver states the literal's
 * own: INT64 also for NULL and [] (docs/sql-conformance.md, "types of coerced literals"). */
static bool is_type(struct sp_str planned, struct sp_str came)
{
        static const char *const any[] = { "INT64", NULL };
        static const char *const numbers[] = { "FLOAT64",    "FLOAT",      "NUMERIC",
                                               "BIGNUMERIC", "DECIMAL",    "INTEGER",
                                               "INT64",      "BIGDECIMAL", NULL };
        static const char *const texts[] = { "STRING",    "DATE", "DATETIME",
                                             "TIMESTAMP", "TIME", NULL };
        static const char *const booleans[] = { "BOOL", "BOOLEAN", NULL };
        static const char *const *const alike[] = { numbers, texts, booleans };

        if (is_one_of(planned, any))
                return true;
        for (size_t i = 0; i < SP_ARRAY_SIZE(alike); i++)
                if (is_one_of(planned, alike[i]))
                        return is_one_of(came, alike[i]);
        return sp_str_caseeq(planned, came);
}

/* The first pair that differs; both NULL: none does. One alone: the other has no such column. */
struct difference {
        const struct sp_column *planned, *came;
};

static struct difference difference(const struct sp_column *planned, size_t n,
                                    const struct sp_column *came, size_t n_came);

/* As deep as sp_schema_read lets it be. */
static struct difference difference_of(const struct sp_column *p,
                                       const struct sp_column *c)
{
        const struct difference none = { NULL, NULL }, this = { p, c };
        struct difference inner;

        if (!sp_str_eq(p->name, SP_STR(SP_OUTPUTS_ANY_NAME)) &&
            !sp_str_caseeq(p->name, c->name))
                return this;
        if (is_any_type(p)) /* it may turn out to be a list, too */
                return none;
        if (is_repeated(p) != is_repeated(c) || is_record(p) != is_record(c))
                return this;
        if (!is_record(p))
                return is_type(p->type, c->type) ? none : this;
        inner = difference(p->fields, p->n_fields, c->fields, c->n_fields);
        return inner.planned || inner.came ? inner : none;
}

static struct difference difference(const struct sp_column *planned, size_t n,
                                    const struct sp_column *came, size_t n_came)
{
        struct difference d = { NULL, NULL };

        for (size_t i = 0; i < SP_MAX(n, n_came) && !d.planned && !d.came; i++)
                d = i < n && i < n_came
                            ? difference_of(&planned[i], &came[i])
                            : (struct difference){ i < n ? &planned[i] : NULL,
                                                   i < n ? NULL : &came[i] };
        return d;
}

static struct sp_str show(char *to, size_t size, const struct sp_column *c)
{
        int n = c ? snprintf(to, size, "%.*s %.*s%s",
                             (int)SP_MIN(c->name.n, (size_t)30), c->name.p,
                             (int)SP_MIN(c->type.n, (size_t)12), c->type.p,
                             is_repeated(c) ? " list" : "")
                  : snprintf(to, size, "nothing");

        return sp_str(to, SP_MIN((size_t)n, size - 1));
}

int sp_outputs_compare(const struct sp_outputs *planned, const struct sp_outputs *came,
                       struct sp_err *reterr)
{
        const struct sp_column *first = planned->v;
        struct difference d = difference(planned->v, planned->n, came->v, came->n), s;
        char p[64], c[64];

        /* SELECT AS STRUCT: the fields come as columns */
        if ((d.planned || d.came) && planned->n == 1 && is_record(first) &&
            !is_repeated(first) &&
            sp_str_eq(first->name, SP_STR(SP_OUTPUTS_ANY_NAME))) {
                s = difference(first->fields, first->n_fields, came->v, came->n);
                if (!s.planned && !s.came)
                        d = s;
        }
        if (!d.planned && !d.came)
                return 0;
        return sp_err_set(
                reterr, -EBADMSG, "answer.schema", "",
                "BigQuery answers with %.*s where Sallyport reads %.*s in the "
                "statement",
                SP_FMT(show(c, sizeof(c), d.came)),
                SP_FMT(show(p, sizeof(p), d.planned)));
}

/* ---- the plan of the rows ---- */

static int plan_columns(struct sp_arena *a, const struct sp_column *columns, size_t n,
                        struct sp_page_column **ret)
{
        struct sp_page_column *to = sp_arena_array(a, n, sizeof(*to));
        int r = to ? 0 : -ENOMEM;

        for (size_t i = 0; r == 0 && i < n; i++) {
                struct sp_page_column *fields = NULL;

                if (is_any_type(&columns[i]))
                        return -ENOTSUP;
                if (is_record(&columns[i]))
                        r = plan_columns(a, columns[i].fields, columns[i].n_fields,
                                         &fields);
                to[i] = (struct sp_page_column){
                        .name = columns[i].name,
                        .form = fields ? SP_PAGE_RECORD : SP_PAGE_SCALAR,
                        .is_repeated = is_repeated(&columns[i]),
                        .fields = fields,
                        .n_fields = columns[i].n_fields,
                };
        }
        if (r == 0)
                *ret = to;
        return r;
}

int sp_outputs_plan(struct sp_arena *a, const struct sp_outputs *o,
                    struct sp_page_plan *ret)
{
        struct sp_page_column *columns;
        int r = plan_columns(a, o->v, o->n, &columns);

        if (r == 0)
                r = sp_page_plan_seal(columns, o->n);
        if (r == 0)
                *ret = (struct sp_page_plan){ .columns = columns, .n_columns = o->n };
        return r;
}
