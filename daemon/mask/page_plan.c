/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a mask shows is what the SQL of function.c shows, as BigQuery writes it in an answer:
 * a preview must not tell more than a query, nor something else.
 */
#include <errno.h>

#include "daemon/base/buf.h"
#include "daemon/mask/page_impl.h"
#include "daemon/mask/token.h"
#include "daemon/policy/groups.h"

#define DEPTH_MAX 20 /* that of sp_schema_read */
#define FIELDS_MAX (64 * 1024) /* of selectedFields: longer than any URL may be */
#define SELECTED_MAX 256 /* each is compared with each column */

static const struct type_info {
        const char *rest, *alias;
        enum sp_page_form form;
        const char *redacted; /* NULL: no harmless value, becomes NULL */
} types[] = {
        { "STRING", "", SP_PAGE_STRING, "\"[redacted]\"" },
        { "BYTES", "", SP_PAGE_BYTES, "\"\"" },
        { "INTEGER", "INT64", SP_PAGE_INTEGER, "\"0\"" },
        { "FLOAT", "FLOAT64", SP_PAGE_SCALAR, "\"0.0\"" },
        { "NUMERIC", "DECIMAL", SP_PAGE_SCALAR, "\"0\"" },
        { "BIGNUMERIC", "BIGDECIMAL", SP_PAGE_SCALAR, "\"0\"" },
        { "BOOLEAN", "BOOL", SP_PAGE_SCALAR, "\"false\"" },
        { "DATE", "", SP_PAGE_SCALAR, "\"1970-01-01\"" },
        { "DATETIME", "", SP_PAGE_SCALAR, "\"1970-01-01T00:00:00\"" },
        { "TIME", "", SP_PAGE_SCALAR, "\"00:00:00\"" },
        { "TIMESTAMP", "", SP_PAGE_SCALAR, "\"0.0\"" },
        { "JSON", "", SP_PAGE_SCALAR, "\"null\"" },
        { "GEOGRAPHY", "", SP_PAGE_SCALAR, NULL },
        { "INTERVAL", "", SP_PAGE_SCALAR, NULL },
        { "RECORD", "STRUCT", SP_PAGE_RECORD, NULL },
};

struct maker {
        struct sp_arena *arena;
        const struct sp_page_source *from;
        struct sp_masked_column *masked;
        size_t n_masked;
        struct sp_buf fields; /* the text for selectedFields */
        struct sp_err *err;
};

static const struct type_info *find_type(struct sp_str rest)
{
        for (size_t i = 0; i < SP_ARRAY_SIZE(types); i++)
                if (sp_str_eq(rest, sp_str_c(types[i].rest)) ||
                    (types[i].alias[0] && sp_str_eq(rest, sp_str_c(types[i].alias))))
                        return &types[i];
        return NULL;
}

/* ---- masks ---- */

static int bad_type(const struct maker *m, const struct sp_column *c,
                    struct sp_str path, enum sp_mask_kind kind, bool is_repeated)
{
        return sp_err_set(m->err, -EPERM, "mask.type", "",
                          "the mask '%s' cannot hide column %.*s of type %.*s%s",
                          sp_mask_kind_name(kind), (int)SP_MIN(path.n, 100), path.p,
                          (int)SP_MIN(c->type.n, 40), c->type.p,
                          is_repeated ? " (repeated)" : "");
}

/* What stands for a hidden value. Empty: there is nothing. */
static struct sp_str redacted(const struct maker *m, const struct sp_column *c,
                              const struct type_info *type, bool is_repeated)
{
        if (is_repeated)
                return SP_STR("[]");
        if (type->redacted && m->from->is_int64_timestamp &&
            sp_str_eq(c->type, SP_STR("TIMESTAMP")))
                return SP_STR("\"0\"");
        if (type->redacted)
                return sp_str_c(type->redacted);
        return sp_str_eq(c->mode, SP_STR("REQUIRED")) ? SP_STR_NULL : SP_STR("null");
}

static int set_mask(const struct maker *m, const struct sp_column *c,
                    struct sp_str path, const struct sp_mask *mask,
                    struct sp_page_column *to)
{
        const struct type_info *type = find_type(c->type);
        bool is_fixed = mask->kind == SP_MASK_REDACT || mask->kind == SP_MASK_NULL;

        if (!type || (!is_fixed && to->is_repeated))
                return bad_type(m, c, path, mask->kind, to->is_repeated);
        switch (mask->kind) {
        case SP_MASK_HASH:
                to->action = SP_PAGE_HASH;
                if (type->form == SP_PAGE_SCALAR || type->form == SP_PAGE_RECORD)
                        return bad_type(m, c, path, mask->kind, false);
                return 0;
        case SP_MASK_PARTIAL:
                to->action = SP_PAGE_PARTIAL;
                to->keep_first = mask->keep_first;
                to->keep_last = mask->keep_last;
                if (type->form != SP_PAGE_STRING || (!to->keep_first && !to->keep_last))
                        return bad_type(m, c, path, mask->kind, false);
                return 0;
        case SP_MASK_TRUNCATE:
                to->action = SP_PAGE_TRUNCATE;
                if (!sp_truncate_of(c->type, mask, &to->truncate))
                        return bad_type(m, c, path, mask->kind, false);
                to->truncate.is_int64_timestamp = m->from->is_int64_timestamp;
                return 0;
        case SP_MASK_TOKENIZE:
                to->action = SP_PAGE_TOKEN;
                return sp_token_fits(c->type) ? 0
                                              : bad_type(m, c, path, mask->kind, false);
        default: /* redact, null, and any kind that is new */
                to->action = SP_PAGE_FIXED;
                to->fixed = redacted(m, c, type, to->is_repeated);
                if (mask->kind == SP_MASK_NULL && !to->is_repeated &&
                    !sp_str_eq(c->mode, SP_STR("REQUIRED")))
                        to->fixed = SP_STR("null");
                return to->fixed.n ? 0 : bad_type(m, c, path, mask->kind, false);
        }
}

static int note_masked(struct maker *m, struct sp_str path, const struct sp_mask *mask)
{
        struct sp_str name = sp_arena_printf(
                m->arena, "%.*s.%.*s", SP_FMT(m->from->schema->table), SP_FMT(path));

        if (!name.p)
                return -ENOMEM;
        m->masked[m->n_masked++] = (struct sp_masked_column){ name, *mask };
        return 0;
}

/* ---- selectedFields ---- */

enum selection { NOT_SELECTED, SELECTED_INSIDE, SELECTED };

static bool is_below(struct sp_str path, struct sp_str parent)
{
        return path.n > parent.n && path.p[parent.n] == '.' &&
               sp_str_caseeq(sp_str_sub(path, 0, parent.n), parent);
}

static enum selection selection(const struct sp_page_source *from, struct sp_str path)
{
        struct sp_str rest = from->selected, one;
        enum selection best = rest.n ? NOT_SELECTED : SELECTED;

        while (rest.n) {
                (void)sp_str_cut(rest, ',', &one, &rest);
                if (sp_str_caseeq(one, path) || is_below(path, one))
                        return SELECTED;
                if (is_below(one, path))
                        best = SELECTED_INSIDE;
        }
        return best;
}

static bool is_field(const struct sp_column *columns, size_t n, struct sp_str path)
{
        struct sp_str head, tail;
        bool is_nested = sp_str_cut(path, '.', &head, &tail);

        for (size_t i = 0; i < n; i++)
                if (sp_str_caseeq(columns[i].name, head))
                        return !is_nested ||
                               is_field(columns[i].fields, columns[i].n_fields, tail);
        return false;
}

static int check_selected(const struct maker *m)
{
        struct sp_str rest = m->from->selected, one;

        for (unsigned i = 0; rest.n; i++) {
                bool is_more = sp_str_cut(rest, ',', &one, &rest);

                if (i == SELECTED_MAX)
                        return sp_err_set(m->err, -EINVAL, "mask.selected-fields", "",
                                          "more than %d selected fields", SELECTED_MAX);
                if ((is_more && !rest.n) || !is_field(m->from->schema->columns,
                                                      m->from->schema->n_columns, one))
                        return sp_err_set(m->err, -EINVAL, "mask.selected-fields", "",
                                          "table %.*s has no field '%.*s'",
                                          (int)SP_MIN(m->from->schema->table.n, 120),
                                          m->from->schema->table.p,
                                          (int)SP_MIN(one.n, 100), one.p);
        }
        return 0;
}

static int add_field(struct maker *m, struct sp_str path)
{
        int r = m->fields.n ? sp_buf_addc(&m->fields, ',') : 0;

        return r < 0 ? r : sp_buf_add(&m->fields, path);
}

/* ---- the tree ---- */

static size_t count(const struct sp_column *columns, size_t n)
{
        size_t all = n;

        for (size_t i = 0; i < n; i++) /* as deep as sp_schema_read lets it be */
                all += count(columns[i].fields, columns[i].n_fields);
        return all;
}

static int make(struct maker *m, const struct sp_column *columns, size_t n,
                struct sp_str parent, bool is_hidden, const struct sp_page_column **ret,
                size_t *ret_n);

static int make_column(struct maker *m, const struct sp_column *c, struct sp_str path,
                       bool is_hidden, struct sp_page_column *to)
{
        const struct sp_page_source *from = m->from;
        struct sp_mask mask =
                sp_policy_mask_tagged(from->policy, from->who, from->schema->table,
                                      path, c->tags, from->now_us);
        const struct type_info *type = find_type(c->type);
        bool is_masked = !is_hidden && mask.kind != SP_MASK_NONE;
        int r = 0;

        *to = (struct sp_page_column){
                .name = c->name,
                .form = type ? type->form : SP_PAGE_SCALAR,
                .is_repeated = sp_str_eq(c->mode, SP_STR("REPEATED")),
        };
        if (is_masked)
                r = set_mask(m, c, path, &mask, to);
        if (r == 0 && is_masked)
                r = note_masked(m, path, &mask);
        if (r < 0 || to->form != SP_PAGE_RECORD)
                return r;
        return make(m, c->fields, c->n_fields, path, is_hidden || is_masked,
                    &to->fields, &to->n_fields);
}

/* `is_hidden`: a mask of the record above hides all of it. */
static int make(struct maker *m, const struct sp_column *columns, size_t n,
                struct sp_str parent, bool is_hidden, const struct sp_page_column **ret,
                size_t *ret_n)
{
        struct sp_page_column *to = sp_arena_array(m->arena, n, sizeof(*to));
        size_t made = 0;

        if (!to)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                struct sp_str path = parent.n ? sp_arena_printf(m->arena, "%.*s.%.*s",
                                                                SP_FMT(parent),
                                                                SP_FMT(columns[i].name))
                                              : columns[i].name;
                enum selection how;
                int r = 0;

                if (!path.p)
                        return -ENOMEM;
                how = selection(m->from, path);
                if (how == NOT_SELECTED)
                        continue;
                if (m->from->selected.n && how == SELECTED &&
                    (!parent.n || selection(m->from, parent) != SELECTED))
                        r = add_field(m, path);
                if (r == 0)
                        r = make_column(m, &columns[i], path, is_hidden, &to[made++]);
                if (r < 0)
                        return r;
        }
        *ret = to;
        *ret_n = made;
        return 0;
}

static int make_plan(struct maker *m, struct sp_page_plan *ret)
{
        const struct sp_schema *s = m->from->schema;
        struct sp_page_plan plan = { .salt = m->from->salt };
        int r = check_selected(m);

        m->masked = sp_arena_array(m->arena, count(s->columns, s->n_columns),
                                   sizeof(*m->masked));
        if (!m->masked)
                return -ENOMEM;
        if (r == 0)
                r = make(m, s->columns, s->n_columns, SP_STR_NULL, false, &plan.columns,
                         &plan.n_columns);
        if (r == 0)
                /* made here, and nobody's yet */
                r = sp_page_plan_seal((struct sp_page_column *)plan.columns,
                                      plan.n_columns);
        if (r < 0)
                return r;
        plan.fields = sp_arena_str(m->arena, sp_buf_str(&m->fields));
        plan.masked = m->masked;
        plan.n_masked = m->n_masked;
        if (!plan.fields.p)
                return -ENOMEM;
        *ret = plan;
        return 0;
}

int sp_page_plan_make(struct sp_arena *a, const struct sp_page_source *from,
                      struct sp_page_plan *ret, struct sp_err *reterr)
{
        struct maker m = { .arena = a,
                           .from = from,
                           .fields = SP_BUF_INIT(FIELDS_MAX),
                           .err = reterr };
        unsigned rows;
        int r;

        if (!sp_str_eq(from->schema->kind, SP_STR("TABLE")))
                return sp_err_set(
                        reterr, -EPERM, "mask.not-a-table", "",
                        "%.*s is not a plain table (%.*s)",
                        (int)SP_MIN(from->schema->table.n, 160), from->schema->table.p,
                        (int)SP_MIN(from->schema->kind.n, 40), from->schema->kind.p);
        rows = sp_policy_min_group(from->policy, from->who, from->schema->table, NULL);
        if (rows)
                return sp_err_set(reterr, -EPERM, "mask.group-shape", "",
                                  "%.*s is read in groups of %u rows or more: SELECT "
                                  "keys, COUNT(*), AVG(column) … GROUP BY keys",
                                  (int)SP_MIN(from->schema->table.n, 60),
                                  from->schema->table.p, rows);
        r = make_plan(&m, ret);
        sp_buf_done(&m.fields);
        return r;
}

/* ---- seal ---- */

static enum sp_page_way way_of(const struct sp_page_column *c)
{
        bool is_scalar = !c->is_repeated && c->form != SP_PAGE_RECORD;

        switch (c->action) {
        case SP_PAGE_KEEP:
                return c->is_repeated              ? SP_PAGE_WAY_LIST
                       : c->form == SP_PAGE_RECORD ? SP_PAGE_WAY_RECORD
                                                   : SP_PAGE_WAY_PLAIN;
        case SP_PAGE_FIXED:
                return is_scalar ? SP_PAGE_WAY_FIXED : SP_PAGE_WAY_SLOW;
        case SP_PAGE_HASH:
        case SP_PAGE_PARTIAL:
        case SP_PAGE_TRUNCATE:
        case SP_PAGE_TOKEN:
                return SP_PAGE_WAY_VALUE;
        default:
                return SP_PAGE_WAY_SLOW;
        }
}

static bool is_sound(const struct sp_page_column *c)
{
        switch (c->action) {
        case SP_PAGE_KEEP:
        case SP_PAGE_STRIP:
                return true;
        case SP_PAGE_FIXED:
                return c->fixed.n > 0;
        case SP_PAGE_HASH:
                return !c->is_repeated && c->form != SP_PAGE_SCALAR &&
                       c->form != SP_PAGE_RECORD;
        case SP_PAGE_PARTIAL:
                return !c->is_repeated && c->form == SP_PAGE_STRING &&
                       (c->keep_first || c->keep_last);
        case SP_PAGE_TOKEN:
                return !c->is_repeated &&
                       (c->form == SP_PAGE_STRING || c->form == SP_PAGE_INTEGER);
        case SP_PAGE_TRUNCATE:
                return !c->is_repeated && c->form != SP_PAGE_RECORD &&
                       c->truncate.form != SP_TRUNCATE_NONE;
        default:
                return false;
        }
}

static int seal(struct sp_page_column *columns, size_t n, unsigned depth)
{
        bool is_first = true;

        if (depth > DEPTH_MAX || n > UINT32_MAX)
                return -EINVAL;
        for (size_t i = 0; i < n; i++) {
                struct sp_page_column *c = &columns[i];
                int r = 0;

                if (!is_sound(c) || (c->form == SP_PAGE_RECORD && !c->n_fields))
                        return -EINVAL;
                if (c->form == SP_PAGE_RECORD)
                        r = seal((struct sp_page_column *)c->fields, c->n_fields,
                                 depth + 1);
                if (r < 0)
                        return r;
                c->way = (uint8_t)way_of(c);
                if (c->action == SP_PAGE_FIXED)
                        memcpy(c->short_fixed, c->fixed.p,
                               SP_MIN(c->fixed.n, sizeof(c->short_fixed)));
                c->has_comma = !is_first && c->action != SP_PAGE_STRIP;
                is_first = is_first && c->action == SP_PAGE_STRIP;
        }
        for (size_t i = n; i-- > 0;) {
                struct sp_page_column *c = &columns[i];

                c->plain = c->way == SP_PAGE_WAY_PLAIN;
                if (c->plain && i + 1 < n && c[1].has_comma)
                        c->plain += c[1].plain;
        }
        return 0;
}

int sp_page_plan_seal(struct sp_page_column *columns, size_t n)
{
        return seal(columns, n, 1);
}
