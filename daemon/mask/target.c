/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A target cannot be replaced by a subquery, so a WHERE or SET that looks at a
 * protected column would see the raw value (DELETE … WHERE ssn LIKE '1%' and its row
 * count answer a question about ssn). The resolver says which columns of the target's own
 * row reach a value that is written, or decide. What it cannot resolve is looked at name by
 * name, the coarse way round: whatever could be a protected column or the whole row is
 * refused.
 */
#include <errno.h>

#include "daemon/mask/plan.h"
#include "daemon/mask/reading.h"
#include "daemon/sql/lex.h"
#include "daemon/sql/name.h"

/* ---- by names ---- */

struct scan {
        struct sp_arena *arena;
        struct sp_str text;
        const struct sp_sql_statement *st;
        const struct sp_sql_table *target;
        const struct sp_mask_table *table;
        struct sp_str alias;
        struct sp_err *err;
};

static bool is_protected(const struct scan *s, struct sp_str name)
{
        for (size_t i = 0; i < s->table->n_columns; i++)
                if (sp_sql_name_eq(s->table->columns[i].top->name, name))
                        return true;
        return false;
}

static bool inside(const struct sp_sql_token *t, struct sp_sql_span span)
{
        return t->start >= span.start && t->end <= span.end;
}

/* A token of a table's path or of the target's alias names no column. A path that
 * begins like the target's alias may be a column of it (FROM c.phones), so it does not
 * count. */
static bool names_a_table(const struct scan *s, const struct sp_sql_token *t)
{
        if (inside(t, s->target->path))
                return true;
        if (s->target->has_alias && inside(t, s->target->alias_span))
                return true;
        for (size_t i = 0; i < s->st->n_tables; i++) {
                const struct sp_sql_table *m = &s->st->tables[i];

                if (inside(t, m->path) && m->n_parts &&
                    !sp_sql_name_eq(m->parts[0], s->alias))
                        return true;
        }
        return false;
}

static int refuse(const struct scan *s, struct sp_str name, const char *what)
{
        return sp_err_set(
                s->err, -EPERM, "mask.dml-target", "",
                "%.*s has protected columns, and the statement names '%.*s', %s",
                (int)SP_MIN(s->table->schema->table.n, 120), s->table->schema->table.p,
                (int)SP_MIN(name.n, 60), name.p, what);
}

/* One identifier at tokens[i], which is no table. The list ends with an END token. */
static int check_name(const struct scan *s, const struct sp_sql_token *tokens, size_t i,
                      struct sp_str name)
{
        const struct sp_sql_token *next = &tokens[i + 1];
        struct sp_str rest = name, part;
        bool more;

        /* `customers.ssn` in one pair of backquotes: look at each part */
        do {
                more = sp_str_cut(rest, '.', &part, &rest);
                if (is_protected(s, part))
                        return refuse(s, part, "which may be one of them");
        } while (more);
        if (!sp_sql_name_eq(name, s->alias))
                return 0;
        if (next->type != '.' || tokens[i + 2].type == '*')
                return refuse(s, name, "which may be its whole row");
        return 0;
}

static int check_names(struct sp_arena *a, const struct sp_mask_input *in,
                       const struct sp_sql_statement *st,
                       const struct sp_sql_table *target, const struct sp_mask_table *t,
                       struct sp_err *reterr)
{
        struct scan s = { .arena = a,
                          .text = in->text,
                          .st = st,
                          .target = target,
                          .table = t,
                          .alias = target->alias,
                          .err = reterr };
        struct sp_sql_tokens tokens;
        int r = sp_sql_lex(a, in->text, &tokens, reterr);

        if (r < 0)
                return r;
        if (!s.alias.n && target->n_parts)
                s.alias = target->parts[target->n_parts - 1];
        for (size_t i = 0; i + 1 < tokens.n; i++) {
                const struct sp_sql_token *token = &tokens.v[i];
                struct sp_str name;

                if (!inside(token, st->span) ||
                    (token->type != SP_SQL_T_WORD && token->type != SP_SQL_T_QUOTED))
                        continue;
                if ((i && tokens.v[i - 1].type == '@') || names_a_table(&s, token))
                        continue;
                r = sp_sql_decode(a, in->text, token, &name);
                if (r == 0)
                        r = check_name(&s, tokens.v, i, name);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* ---- by lineage ---- */

struct check {
        struct sp_arena *arena; /* the request's */
        struct sp_arena scratch; /* the resolver's */
        const struct sp_mask_input *in;
        const struct sp_sql_lineage *lineage; /* NULL: not resolved, or not yet */
        bool is_tried;
        struct sp_err *err;
};

/* One path is the other, or of something inside of it. */
static bool overlap(struct sp_str x, struct sp_str y)
{
        struct sp_str a, b;
        bool more_x = true, more_y = true;

        while (more_x && more_y) {
                more_x = sp_str_cut(x, '.', &a, &x);
                more_y = sp_str_cut(y, '.', &b, &y);
                if (!sp_sql_name_eq(a, b))
                        return false;
        }
        return true;
}

/* 1: what is read at this place is protected, holds something protected, or is inside of
 * something that is. */
static int is_protected_source(struct check *c, const struct sp_mask_table *t,
                               const struct sp_sql_source *s)
{
        struct sp_str path = s->column;

        if (s->field.n)
                path = sp_arena_printf(&c->scratch, "%.*s.%.*s", SP_FMT(s->column),
                                       SP_FMT(s->field));
        if (!path.p)
                return -ENOMEM;
        for (size_t i = 0; i < t->n_columns; i++)
                if (overlap(t->columns[i].path, path))
                        return 1;
        return 0;
}

/* `where`: what of the statement they reach, with the column's name when there is one. */
static int check_sources(struct check *c, const struct sp_mask_table *t,
                         const struct sp_sql_source *v, size_t n, const char *where,
                         struct sp_str output)
{
        for (size_t i = 0; i < n; i++) {
                int r;

                if (!v[i].is_target || !sp_str_eq(v[i].table, t->schema->table))
                        continue;
                r = is_protected_source(c, t, &v[i]);
                if (r < 0)
                        return r;
                if (r)
                        return sp_err_set(
                                c->err, -EPERM, "mask.dml-target", "",
                                "%.*s.%.*s is protected and would be read %s%.*s",
                                (int)SP_MIN(t->schema->table.n, 70), t->schema->table.p,
                                (int)SP_MIN(v[i].column.n, 40), v[i].column.p, where,
                                (int)SP_MIN(output.n, 30), output.p);
        }
        return 0;
}

static int check_lineage(struct check *c, const struct sp_mask_table *t,
                         const struct sp_sql_lineage *l)
{
        int r = check_sources(c, t, l->filters, l->n_filters,
                              "in a condition (WHERE, ON, WHEN)", SP_STR(""));

        for (size_t i = 0; r == 0 && i < l->n_outputs; i++)
                r = check_sources(c, t, l->outputs[i].sources, l->outputs[i].n_sources,
                                  "in what is written to ", l->outputs[i].name);
        return r;
}

/* Once for all statements, and only if some statement needs it. */
static void resolve(struct check *c)
{
        struct sp_sql_resolve_options o = {
                .default_project = c->in->default_project,
                .default_dataset = c->in->default_dataset,
        };
        struct sp_sql_lineage *lineage;
        struct sp_sql_catalog *catalog;

        c->is_tried = true;
        if (sp_mask_catalog(&c->scratch, c->in, &catalog) < 0)
                return;
        o.catalog = catalog;
        if (sp_sql_resolve(&c->scratch, c->in->script, &o, &lineage, NULL) == 0)
                c->lineage = lineage;
}

static int check_target(struct check *c, size_t statement,
                        const struct sp_sql_table *target, struct sp_str name)
{
        const struct sp_sql_statement *st = &c->in->script->statements[statement];
        struct sp_mask_table t;
        int r;

        if (!sp_policy_masks_table(c->in->policy, c->in->who, name, c->in->now_us))
                return 0;
        r = sp_mask_table_find(c->arena, c->in, name, &t, c->err);
        if (r < 0 || !t.n_columns)
                return r;
        if (!c->is_tried)
                resolve(c);
        if (c->lineage && !c->lineage[statement].unresolved)
                return check_lineage(c, &t, &c->lineage[statement]);
        return check_names(c->arena, c->in, st, target, &t, c->err);
}

static bool reads_its_target(const struct sp_sql_statement *st)
{
        return st->action == SP_SQL_UPDATE || st->action == SP_SQL_DELETE ||
               st->action == SP_SQL_MERGE;
}

int sp_mask_check_targets(struct sp_arena *a, const struct sp_mask_input *in,
                          struct sp_err *reterr)
{
        struct check c = { .arena = a,
                           .scratch = SP_ARENA_INIT(SP_MASK_READING_BYTES_MAX),
                           .in = in,
                           .err = reterr };
        size_t mention = 0;
        int r = 0;

        for (size_t i = 0; r == 0 && i < in->script->n_statements; i++) {
                const struct sp_sql_statement *st = &in->script->statements[i];

                for (size_t k = 0; r == 0 && k < st->n_tables; k++, mention++)
                        if (st->tables[k].is_target && reads_its_target(st) &&
                            in->names[mention].n)
                                r = check_target(&c, i, &st->tables[k],
                                                 in->names[mention]);
        }
        sp_arena_done(&c.scratch);
        return r;
}
