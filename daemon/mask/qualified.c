/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `p.d.t`.column: in BigQuery a table written in one pair of backquotes can be called by
 * the same, and BI tools qualify each column so. The subquery that takes the table's place is
 * called t; so these are replaced by t where that can mean nothing else. What is left
 * alone is a name that BigQuery will not know: never a raw column.
 */
#include <errno.h>

#include "daemon/mask/plan.h"
#include "daemon/sql/lex.h"
#include "daemon/sql/name.h"

/* A query of so many mentions is no BI tool's; each looks at all tokens once. */
#define MENTIONS_MAX 64

struct finder {
        struct sp_arena *arena;
        const struct sp_mask_input *in;
        struct sp_sql_tokens tokens;
        struct sp_str *names; /* per token: decoded name, empty for what is none */
        bool *taken; /* per token */
        struct sp_mask_qualified *found; /* room for one per token */
        size_t n_found;
};

/* The table's path is one quoted name with dots in it, and nobody gave it another. */
static bool is_quoted_path(const struct sp_mask_input *in, const struct sp_sql_table *t)
{
        struct sp_str path =
                sp_str_sub(in->text, t->path.start, t->path.end - t->path.start);

        return !t->has_alias && !t->is_target && t->alias.n && path.n > 2 &&
               path.p[0] == '`' &&
               memchr(path.p + 1, '`', path.n - 1) == path.p + path.n - 1 &&
               memchr(path.p, '.', path.n);
}

static int decode_names(struct finder *f, struct sp_err *err)
{
        for (size_t i = 0; i < f->tokens.n; i++) {
                const struct sp_sql_token *t = &f->tokens.v[i];
                int r = 0;

                if (t->type == SP_SQL_T_WORD || t->type == SP_SQL_T_QUOTED)
                        r = sp_sql_decode(f->arena, f->in->text, t, &f->names[i]);
                if (r < 0)
                        return r == -ENOMEM ? r
                                            : sp_err_set(err, -EPERM, "mask.verify", "",
                                                         "a name cannot be read");
        }
        return 0;
}

static int start(struct finder *f, struct sp_err *err)
{
        int r = sp_sql_lex(f->arena, f->in->text, &f->tokens, err);

        if (r < 0)
                return r;
        f->names = sp_arena_array(f->arena, f->tokens.n, sizeof(*f->names));
        f->taken = sp_arena_array(f->arena, f->tokens.n, sizeof(*f->taken));
        f->found = sp_arena_array(f->arena, f->tokens.n, sizeof(*f->found));
        if (!f->names || !f->taken || !f->found)
                return -ENOMEM;
        return decode_names(f, err);
}

/* Nothing else in the text may be called what the subquery is called. */
static bool is_only_one(const struct finder *f, const struct sp_sql_table *t,
                        struct sp_str name)
{
        size_t mention = 0;

        for (size_t i = 0; i < f->tokens.n; i++)
                if (f->names[i].n && sp_sql_name_eq(f->names[i], t->alias))
                        return false;
        for (size_t i = 0; i < f->in->script->n_statements; i++) {
                const struct sp_sql_statement *st = &f->in->script->statements[i];

                for (size_t k = 0; k < st->n_tables; k++, mention++)
                        if (sp_sql_name_eq(st->tables[k].alias, t->alias) &&
                            !sp_str_eq(f->in->names[mention], name))
                                return false;
        }
        return true;
}

static void find(struct finder *f, const struct sp_sql_table *t)
{
        struct sp_str path = SP_STR_NULL;

        for (size_t i = 0; i < f->tokens.n; i++)
                if (f->tokens.v[i].start == t->path.start)
                        path = f->names[i];
        for (size_t i = 0; path.n && i + 1 < f->tokens.n; i++) {
                const struct sp_sql_token *token = &f->tokens.v[i];

                if (token->type != SP_SQL_T_QUOTED || f->tokens.v[i + 1].type != '.' ||
                    (i && f->tokens.v[i - 1].type == '.') ||
                    !sp_str_eq(f->names[i], path) || f->taken[i])
                        continue;
                f->taken[i] = true;
                f->found[f->n_found++] = (struct sp_mask_qualified){
                        .span = { token->start, token->end }, .alias = t->alias
                };
        }
}

int sp_mask_find_qualified(struct sp_arena *a, const struct sp_mask_input *in,
                           const bool *replaced, struct sp_mask_qualified **ret,
                           size_t *ret_n, struct sp_err *reterr)
{
        struct finder f = { .arena = a, .in = in };
        size_t mention = 0;

        for (size_t i = 0; i < in->script->n_statements; i++) {
                const struct sp_sql_statement *st = &in->script->statements[i];

                for (size_t k = 0; k < st->n_tables; k++, mention++) {
                        const struct sp_sql_table *t = &st->tables[k];
                        int r = 0;

                        if (!replaced[mention] || in->n_names > MENTIONS_MAX ||
                            !is_quoted_path(in, t))
                                continue;
                        if (!f.tokens.v)
                                r = start(&f, reterr);
                        if (r < 0)
                                return r;
                        if (is_only_one(&f, t, in->names[mention]))
                                find(&f, t);
                }
        }
        *ret = f.found;
        *ret_n = f.n_found;
        return 0;
}
