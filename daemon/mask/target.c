/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A target cannot be replaced by a subquery, so a WHERE or SET that looks at a
 * protected column would see the raw value (DELETE … WHERE ssn LIKE '1%' and its row
 * count answer a question about ssn). The names a statement uses are therefore looked
 * at one by one, the coarse way round: whatever could be a protected column or the
 * whole row is refused.
 */
#include <errno.h>

#include "daemon/mask/plan.h"
#include "daemon/sql/lex.h"
#include "daemon/sql/name.h"

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

int sp_mask_check_target(struct sp_arena *a, const struct sp_mask_input *in,
                         const struct sp_sql_statement *st,
                         const struct sp_sql_table *target,
                         const struct sp_mask_table *t, struct sp_err *reterr)
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
