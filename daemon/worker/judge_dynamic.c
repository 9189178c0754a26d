/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EXECUTE IMMEDIATE of a constant text is that text: the statement takes its place before anything
 * is judged, and is what is sent. Where the text is not a constant, has values put into it (USING) or
 * puts some into variables (INTO), it stays, and is refused as dynamic SQL.
 */
#include <errno.h>

#include "daemon/sql/ast.h"
#include "daemon/sql/parser.h"
#include "daemon/worker/judge.h"

static int no_memory(struct sp_err *e)
{
        return sp_err_set(e, -ENOMEM, "judge.too-large", "",
                          "the statement needs more memory than a request may use");
}

/* Its children are what it runs, and INTO and USING. */
static bool is_constant(const struct sp_sql_node *n)
{
        const struct sp_sql_node *opaque = n->first;

        return n->kind == SP_SQL_N_STATEMENT && n->op == SP_SQL_EXECUTE && opaque &&
               opaque->kind == SP_SQL_N_OPAQUE && opaque->next &&
               opaque->next->kind == SP_SQL_N_STRING && !opaque->next->next;
}

/* As deep as the parser lets a text be. */
static size_t count(const struct sp_sql_node *n)
{
        size_t found = is_constant(n);

        for (const struct sp_sql_node *i = n->first; i && !found; i = i->next)
                found += count(i);
        return found;
}

/* The one statement of a text; empty: it is none that can stand for its call. */
static int one_statement(struct sp_arena *a, struct sp_str text, struct sp_str *ret,
                         struct sp_err *err)
{
        struct sp_sql_script *s;
        struct sp_err e;
        int r = sp_sql_parse(a, text, &s, &e);

        if (r == -ENOMEM)
                return no_memory(err);
        if (r < 0) /* its place is that in the inner text */
                return sp_err_set(err, r, e.id, e.where, "in EXECUTE IMMEDIATE: %s",
                                  e.what);
        /* what a nested call is given, BigQuery refuses; parameters are not those of the job */
        *ret = SP_STR_NULL;
        if (s->n_statements == 1 && !s->is_script && !s->n_named && !s->n_positional &&
            s->statements[0].action != SP_SQL_EXECUTE)
                *ret = sp_str_sub(s->text, s->statements[0].span.start,
                                  s->statements[0].span.end -
                                          s->statements[0].span.start);
        return 0;
}

struct unfold {
        struct sp_arena *arena;
        struct sp_str from;
        struct sp_buf *to;
        uint32_t at; /* of `from`, up to where it is in `to` */
        struct sp_sql_vector all; /* struct sp_judge_unfolded */
        struct sp_err *err;
};

static int unfold_one(struct unfold *u, const struct sp_sql_node *n)
{
        struct sp_judge_unfolded *new;
        struct sp_str text;
        int r = one_statement(u->arena, n->first->next->text, &text, u->err);

        if (r < 0 || !text.n)
                return r;
        new = sp_sql_vector_add(u->arena, &u->all, sizeof(*new));
        if (!new ||
            sp_buf_add(u->to, sp_str_sub(u->from, u->at, n->span.start - u->at)) < 0)
                return no_memory(u->err);
        new->own = n->span;
        new->text.start = (uint32_t)u->to->n;
        if (sp_buf_add(u->to, text) < 0)
                return no_memory(u->err);
        new->text.end = (uint32_t)u->to->n;
        u->at = n->span.end;
        return 0;
}

/* In text order. */
static int unfold(struct unfold *u, const struct sp_sql_node *n)
{
        int r = 0;

        if (is_constant(n))
                return unfold_one(u, n);
        for (const struct sp_sql_node *i = n->first; i && r == 0; i = i->next)
                r = unfold(u, i);
        return r;
}

int sp_judge_unfold(struct sp_arena *a, struct sp_sql_script **script,
                    struct sp_judgement *j, struct sp_err *err)
{
        sp_autobuf to = SP_BUF_INIT(SP_SQL_TEXT_MAX);
        struct unfold u = {
                .arena = a, .from = (*script)->text, .to = &to, .err = err
        };
        int r;

        j->text = (*script)->text;
        if (!count((*script)->root))
                return 0;
        r = unfold(&u, (*script)->root);
        if (r < 0 || !u.all.n)
                return r;
        if (sp_buf_add(&to, sp_str_sub(u.from, u.at, u.from.n - u.at)) < 0)
                return no_memory(err);
        j->text = sp_arena_str(a, sp_buf_str(&to));
        j->unfolded = u.all.v;
        j->n_unfolded = u.all.n;
        return j->text.p ? sp_sql_parse(a, j->text, script, err) : no_memory(err);
}

/* ---- back ---- */

/* Splices up to `end` of the judged text, from `*i` on, applied to it from `start`. */
static int apply(const struct sp_judgement *j, size_t *i, uint32_t start, uint32_t end,
                 struct sp_buf *to)
{
        const struct sp_mask_splice *s = j->plan.splices;
        int r = 0;

        for (; r == 0 && *i < j->plan.n_splices && s[*i].span.start < end; (*i)++) {
                r = sp_buf_add(to,
                               sp_str_sub(j->text, start, s[*i].span.start - start));
                if (r == 0)
                        r = sp_buf_add(to, s[*i].text);
                start = s[*i].span.end;
        }
        return r < 0 ? r : sp_buf_add(to, sp_str_sub(j->text, start, end - start));
}

int sp_judge_own_splices(struct sp_arena *a, const struct sp_judgement *j,
                         struct sp_mask_splice **ret, size_t *ret_n)
{
        const struct sp_mask_splice *s = j->plan.splices;
        struct sp_mask_splice *to =
                sp_arena_array(a, j->plan.n_splices + j->n_unfolded, sizeof(*to));
        size_t n = 0, i = 0;
        int64_t shift = 0; /* from the judged text to the agent's */

        if (!to)
                return -ENOMEM;
        for (size_t k = 0; k <= j->n_unfolded; k++) {
                const struct sp_judge_unfolded *u =
                        k < j->n_unfolded ? &j->unfolded[k] : NULL;
                sp_autobuf text = SP_BUF_INIT(4 * SP_SQL_TEXT_MAX);

                for (; i < j->plan.n_splices && (!u || s[i].span.start < u->text.start);
                     i++, n++) {
                        to[n] = s[i];
                        to[n].span.start = (uint32_t)(s[i].span.start + shift);
                        to[n].span.end = (uint32_t)(s[i].span.end + shift);
                }
                if (!u)
                        break;
                if (apply(j, &i, u->text.start, u->text.end, &text) < 0)
                        return -ENOBUFS;
                to[n].span = u->own;
                to[n].text = sp_arena_str(a, sp_buf_str(&text));
                if (!to[n++].text.p)
                        return -ENOMEM;
                shift = (int64_t)u->own.end - u->text.end;
        }
        *ret = to;
        *ret_n = n;
        return 0;
}
