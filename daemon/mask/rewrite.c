/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "daemon/mask/plan.h"
#include "daemon/sql/name.h"

/* Every answer is kept: a script may name a table many times. */
struct known_table {
        struct sp_str name;
        struct sp_mask_table table;
};

struct splice {
        struct sp_sql_span span;
        struct sp_str text;
};

struct rewrite {
        struct sp_arena *arena;
        const struct sp_mask_input *in;
        struct known_table *known; /* room for one per mention */
        size_t n_known;
        struct splice *splices; /* room for two per mention */
        size_t n_splices;
        bool *replaced; /* per mention */
        bool has_masks, needs_salt;
        struct sp_err *err;
};

static int refuse(struct rewrite *w, const char *id, struct sp_str name,
                  const char *what)
{
        return sp_err_set(w->err, -EPERM, id, "", "%.*s %s", (int)SP_MIN(name.n, 160),
                          name.n ? name.p : "", what);
}

static int find_table(struct rewrite *w, struct sp_str name, struct sp_mask_table **ret)
{
        struct known_table *k = &w->known[w->n_known];
        int r;

        for (size_t i = 0; i < w->n_known; i++)
                if (sp_str_eq(w->known[i].name, name)) {
                        *ret = &w->known[i].table;
                        return 0;
                }
        r = sp_mask_table_find(w->arena, w->in, name, &k->table, w->err);
        if (r < 0)
                return r;
        k->name = name;
        w->n_known++;
        *ret = &k->table;
        return 0;
}

static struct sp_str slice(const struct rewrite *w, uint32_t start, uint32_t end)
{
        return sp_str_sub(w->in->text, start, end > start ? end - start : 0);
}

/* The implicit alias has to be written out, or the subquery would have none. */
static int put_alias(struct rewrite *w, struct sp_buf *to, const struct sp_sql_table *t,
                     bool alias_is_inside)
{
        struct sp_str alias = t->alias;
        int r;

        if (t->has_alias && !alias_is_inside)
                return 0; /* stands behind the span and stays */
        if (t->has_alias) {
                r = sp_buf_addc(to, ' ');
                return r < 0 ? r
                             : sp_buf_add(to, slice(w, t->alias_span.start,
                                                    t->alias_span.end));
        }
        if (!alias.n && t->n_parts)
                alias = t->parts[t->n_parts - 1];
        r = sp_buf_add(to, SP_STR(" AS "));
        return r < 0 ? r : sp_mask_put_quoted(to, alias, w->err);
}

static int add_splice(struct rewrite *w, struct sp_sql_span span, struct sp_str text)
{
        struct splice *s = &w->splices[w->n_splices];

        s->span = span;
        s->text = sp_arena_str(w->arena, text);
        if (!s->text.p)
                return -ENOMEM;
        w->n_splices++;
        return 0;
}

static int replace(struct rewrite *w, const struct sp_sql_table *t, struct sp_str name,
                   const struct sp_mask_table *table)
{
        sp_autobuf text = SP_BUF_INIT(SP_SQL_TEXT_MAX);
        /* t AS x FOR SYSTEM_TIME …: the alias is in the middle */
        bool alias_is_inside = t->has_alias && t->alias_span.start < t->span.end;
        struct sp_str clauses = slice(w, t->system_time.start, t->system_time.end);
        int r;

        if (t->sample.end) {
                clauses = sp_arena_printf(
                        w->arena, "%.*s\n%.*s", SP_FMT(clauses),
                        SP_FMT(slice(w, t->sample.start, t->sample.end)));
                if (!clauses.p)
                        return -ENOMEM;
        }
        r = sp_mask_put_subquery(&text, table, name, clauses, &w->needs_salt, w->err);
        if (r == 0)
                r = put_alias(w, &text, t, alias_is_inside);
        if (r == 0)
                r = add_splice(w, t->span, sp_buf_str(&text));
        /* what went into the subquery must not stand behind it */
        if (r == 0 && t->sample.end)
                r = add_splice(w, t->sample, SP_STR(""));
        return r;
}

/* A protected table that is written. What only writes may pass; what also reads the
 * target is looked at; what could take the protection away is refused. */
static int check_target(struct rewrite *w, const struct sp_sql_statement *st,
                        const struct sp_sql_table *t, struct sp_str name)
{
        switch (st->action) {
        case SP_SQL_INSERT:
        case SP_SQL_TRUNCATE:
        case SP_SQL_CREATE:
        case SP_SQL_DROP:
        case SP_SQL_LOAD:
        case SP_SQL_GRANT:
                if (t->is_read)
                        break;
                return 0;
        case SP_SQL_UPDATE:
        case SP_SQL_DELETE:
        case SP_SQL_MERGE:
                return 0; /* sp_mask_check_targets looks at all of them at once */
        default:
                break;
        }
        return refuse(
                w, "mask.statement", name,
                "has protected columns; this statement could take their protection "
                "away or read them unmasked");
}

static int read_protected(struct rewrite *w, const struct sp_sql_table *t,
                          size_t mention, struct sp_str name)
{
        struct sp_mask_table *table;
        int r;

        if (t->is_wildcard || memchr(name.p, '*', name.n))
                return refuse(
                        w, "mask.wildcard", name,
                        "may match a table with protected columns; name the tables");
        if (t->is_argument)
                return refuse(w, "mask.table-argument", name,
                              "has protected columns and cannot be the argument of a "
                              "function or model");
        r = find_table(w, name, &table);
        if (r < 0)
                return r;
        if (!table->n_columns)
                return 0;
        if (t->is_sampled && !t->sample.end)
                return refuse(w, "mask.sampled", name,
                              "has protected columns and cannot be sampled behind "
                              "something else");
        w->replaced[mention] = true;
        for (size_t i = 0; i < w->n_splices; i++)
                if (w->splices[i].span.start == t->span.start &&
                    w->splices[i].span.end == t->span.end)
                        return 0; /* the same mention, listed with an outer statement */
        return replace(w, t, name, table);
}

/* A temporary table that the script itself makes holds what masked reads put there. */
static bool is_own_temporary(const struct rewrite *w, const struct sp_sql_table *t)
{
        for (size_t i = 0; t->n_parts == 1 && i < w->in->script->n_statements; i++) {
                const struct sp_sql_statement *st = &w->in->script->statements[i];

                for (size_t j = 0; st->is_temporary && j < st->n_tables; j++)
                        if (st->tables[j].is_target && st->tables[j].n_parts == 1 &&
                            sp_str_eq(st->tables[j].parts[0], t->parts[0]))
                                return true;
        }
        return false;
}

static bool is_view(const struct rewrite *w, struct sp_str name)
{
        for (size_t i = 0; i < w->in->n_schemas; i++)
                if (sp_str_eq(w->in->schemas[i].table, name))
                        return sp_str_ends(w->in->schemas[i].kind, SP_STR("VIEW"));
        return false;
}

static int visit(struct rewrite *w, const struct sp_sql_statement *st,
                 const struct sp_sql_table *t, size_t mention)
{
        struct sp_str name = w->in->names[mention], head, tail;
        bool is_full = sp_str_cut(name, '.', &head, &tail) && head.n &&
                       sp_str_cut(tail, '.', &head, &tail) && head.n && tail.n;

        if (!is_full) {
                /* datasets and functions as targets have shorter names */
                if (!t->is_read || !w->has_masks || (!name.n && is_own_temporary(w, t)))
                        return 0;
                return refuse(w, "mask.unresolved", name,
                              "is a table whose full name is not known");
        }
        if (!sp_policy_masks_table(w->in->policy, w->in->who, name, w->in->now_us)) {
                if (t->is_read && w->has_masks && is_view(w, name))
                        return refuse(w, "mask.view", name,
                                      "is a view; what it reads could not be masked");
                return 0;
        }
        if (t->is_target)
                return check_target(w, st, t, name);
        return read_protected(w, t, mention, name);
}

static int compare_splices(const void *a, const void *b)
{
        const struct splice *x = a, *y = b;

        return x->span.start < y->span.start ? -1 : x->span.start > y->span.start;
}

static int join(struct rewrite *w, struct sp_str *ret)
{
        sp_autobuf text = SP_BUF_INIT(SP_SQL_TEXT_MAX);
        uint32_t at = 0;
        int r = 0;

        qsort(w->splices, w->n_splices, sizeof(*w->splices), compare_splices);
        for (size_t i = 0; r == 0 && i < w->n_splices; i++) {
                const struct splice *s = &w->splices[i];

                if (s->span.start < at || s->span.end > w->in->text.n)
                        return refuse(w, "mask.verify", SP_STR("the statement"),
                                      "names protected tables one inside the other");
                r = sp_buf_add(&text, slice(w, at, s->span.start));
                if (r == 0)
                        r = sp_buf_add(&text, s->text);
                at = s->span.end;
        }
        if (r == 0)
                r = sp_buf_add(&text, sp_str_sub(w->in->text, at, w->in->text.n));
        if (r < 0)
                return r;
        *ret = sp_arena_str(w->arena, sp_buf_str(&text));
        return ret->p ? 0 : -ENOMEM;
}

/* `p.d.t`.column becomes `t`.column, with the subquery. */
static int replace_qualified(struct rewrite *w)
{
        struct sp_mask_qualified *found;
        struct splice *all;
        size_t n;
        int r = sp_mask_find_qualified(w->arena, w->in, w->replaced, &found, &n,
                                       w->err);

        if (r < 0 || !n)
                return r;
        all = sp_arena_array(w->arena, w->n_splices + n, sizeof(*all));
        if (!all)
                return -ENOMEM;
        memcpy(all, w->splices, w->n_splices * sizeof(*all));
        w->splices = all;
        for (size_t i = 0; r == 0 && i < n; i++) {
                sp_autobuf text = SP_BUF_INIT(SP_SQL_TEXT_MAX);

                r = sp_mask_put_quoted(&text, found[i].alias, w->err);
                if (r == 0)
                        r = add_splice(w, found[i].span, sp_buf_str(&text));
        }
        return r;
}

/* Each masked column of each table that was replaced, once. */
static int list_columns(struct rewrite *w, const bool *is_used,
                        struct sp_mask_plan *plan)
{
        size_t n = 0;

        for (size_t i = 0; i < w->n_known; i++)
                n += is_used[i] ? w->known[i].table.n_columns : 0;
        plan->columns = sp_arena_array(w->arena, n, sizeof(*plan->columns));
        if (!plan->columns)
                return -ENOMEM;
        for (size_t i = 0; i < w->n_known; i++)
                for (size_t c = 0; is_used[i] && c < w->known[i].table.n_columns; c++) {
                        const struct sp_mask_column *m = &w->known[i].table.columns[c];
                        struct sp_masked_column *to = &plan->columns[plan->n_columns++];

                        to->mask = m->mask;
                        to->column = sp_arena_printf(w->arena, "%.*s.%.*s",
                                                     SP_FMT(w->known[i].name),
                                                     SP_FMT(m->path));
                        if (!to->column.p)
                                return -ENOMEM;
                }
        return 0;
}

static int make_plan(struct rewrite *w, struct sp_mask_plan *plan)
{
        bool *is_used = sp_arena_array(w->arena, w->n_known, sizeof(*is_used));
        int r;

        if (!is_used)
                return -ENOMEM;
        for (size_t m = 0; m < w->in->n_names; m++)
                for (size_t i = 0; w->replaced[m] && i < w->n_known; i++)
                        is_used[i] |= sp_str_eq(w->known[i].name, w->in->names[m]);
        r = replace_qualified(w);
        if (r == 0)
                r = join(w, &plan->text);
        if (r == 0)
                r = sp_mask_verify(w->arena, w->in, w->replaced, plan->text, w->err);
        if (r == 0)
                r = list_columns(w, is_used, plan);
        plan->is_rewritten = true;
        plan->needs_salt = w->needs_salt;
        return r;
}

static int check_parameters(struct rewrite *w)
{
        const struct sp_sql_script *s = w->in->script;

        for (size_t i = 0; i < s->n_named; i++)
                if (sp_sql_name_eq(s->named[i], SP_STR(SP_MASK_SALT_PARAMETER)))
                        return refuse(w, "mask.reserved-parameter",
                                      SP_STR("@" SP_MASK_SALT_PARAMETER),
                                      "is a parameter of the gateway's own");
        return 0;
}

static int visit_all(struct rewrite *w)
{
        const struct sp_sql_script *s = w->in->script;
        size_t mention = 0;

        for (size_t i = 0; i < s->n_statements; i++)
                for (size_t t = 0; t < s->statements[i].n_tables; t++, mention++) {
                        int r = visit(w, &s->statements[i], &s->statements[i].tables[t],
                                      mention);

                        if (r < 0)
                                return r;
                }
        return 0;
}

static size_t count_mentions(const struct sp_sql_script *s)
{
        size_t n = 0;

        for (size_t i = 0; i < s->n_statements; i++)
                n += s->statements[i].n_tables;
        return n;
}

int sp_mask_rewrite(struct sp_arena *a, const struct sp_mask_input *in,
                    struct sp_mask_plan *ret, struct sp_err *reterr)
{
        struct rewrite w = { .arena = a, .in = in, .err = reterr };
        struct sp_mask_plan plan = { .text = in->text };
        size_t n = count_mentions(in->script);
        int r;

        if (n != in->n_names)
                return sp_err_set(reterr, -EPERM, "mask.verify", "",
                                  "%zu tables and %zu names for them", n, in->n_names);
        w.known = sp_arena_array(a, n, sizeof(*w.known));
        w.splices = sp_arena_array(a, 2 * n, sizeof(*w.splices));
        w.replaced = sp_arena_array(a, n, sizeof(*w.replaced));
        if (!w.known || !w.splices || !w.replaced)
                return -ENOMEM;
        w.has_masks = sp_policy_has_masks(in->policy, in->who, in->now_us);
        r = check_parameters(&w);
        if (r == 0)
                r = visit_all(&w);
        if (r == 0 && w.has_masks)
                r = sp_mask_check_targets(a, in, reterr);
        if (r == 0 && w.needs_salt && (in->is_positional || in->script->n_positional))
                return refuse(
                        &w, "mask.positional-parameters", SP_STR("the statement"),
                        "uses positional parameters, which cannot be combined with a "
                        "hash mask; use named ones");
        if (r == 0 && w.n_splices)
                r = make_plan(&w, &plan);
        if (r == -ENOBUFS)
                return sp_err_set(reterr, -EPERM, "mask.too-long", "",
                                  "the statement with its masks has more than %d bytes",
                                  SP_SQL_TEXT_MAX);
        if (r == 0)
                *ret = plan;
        return r;
}
