/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a condition chooses rows or only looks as if it did: what AND, OR, NOT, CASE
 * and the like make of the predicates, and the statements. Not a proof system: what is
 * not seen to choose is "unproven". truth.h says what counts as choosing.
 */
#include "daemon/sql/collect.h"
#include "daemon/sql/facts.h"
#include "daemon/sql/name.h"
#include "daemon/sql/spelling.h"
#include "daemon/sql/truth.h"

#define OPERANDS_MAX 64 /* of one AND or OR, compared pair by pair */

enum sp_sql_truth sp_sql_negate(enum sp_sql_truth t)
{
        switch (t) {
        case SP_SQL_YES:
                return SP_SQL_NO;
        case SP_SQL_NO:
                return SP_SQL_YES;
        case SP_SQL_SELECTS:
                return SP_SQL_EXCLUDES;
        case SP_SQL_EXCLUDES:
                return SP_SQL_SELECTS;
        default:
                return SP_SQL_MAYBE;
        }
}

/* ---- AND, OR, NOT ---- */

/* Of two that are both to hold: the surer one. */
static enum sp_sql_truth both(enum sp_sql_truth a, enum sp_sql_truth b)
{
        static const enum sp_sql_truth order[] = { SP_SQL_NO,       SP_SQL_SELECTS,
                                                   SP_SQL_MATCHES,  SP_SQL_MAYBE,
                                                   SP_SQL_EXCLUDES, SP_SQL_ALL };

        if ((a == SP_SQL_EXCLUDES && b == SP_SQL_ALL) ||
            (a == SP_SQL_ALL && b == SP_SQL_EXCLUDES))
                return SP_SQL_MAYBE;
        for (size_t i = 0; i < SP_ARRAY_SIZE(order); i++)
                if (a == order[i] || b == order[i])
                        return order[i];
        return SP_SQL_YES;
}

/* Of two of which one is to hold. */
static enum sp_sql_truth either(enum sp_sql_truth a, enum sp_sql_truth b)
{
        static const enum sp_sql_truth order[] = { SP_SQL_YES, SP_SQL_ALL,
                                                   SP_SQL_EXCLUDES, SP_SQL_MAYBE };

        if (a == SP_SQL_NO || b == SP_SQL_NO)
                return a == SP_SQL_NO ? b : a;
        for (size_t i = 0; i < SP_ARRAY_SIZE(order); i++)
                if (a == order[i] || b == order[i])
                        return order[i];
        return a == SP_SQL_SELECTS && b == SP_SQL_SELECTS ? SP_SQL_SELECTS
                                                          : SP_SQL_MAYBE;
}

static enum sp_sql_truth judge_and(const struct sp_sql_rows *rows,
                                   const struct sp_sql_node *n)
{
        enum sp_sql_truth t = SP_SQL_YES;
        size_t count = 0;

        for (const struct sp_sql_node *c = n->first; c; c = c->next, count++) {
                t = both(t, sp_sql_judge(rows, c));
                for (const struct sp_sql_node *d = n->first;
                     d != c && count < OPERANDS_MAX; d = d->next)
                        if (sp_sql_is_narrow_pair(rows, c, d))
                                t = both(t, SP_SQL_SELECTS);
        }
        return t;
}

/* flag OR flag = FALSE */
static bool are_opposite_flags(const struct sp_sql_rows *rows,
                               const struct sp_sql_node *a, const struct sp_sql_node *b)
{
        const struct sp_sql_node *x, *y;
        int sign = sp_sql_flag_of(rows, a, &x);

        return sign && sp_sql_flag_of(rows, b, &y) == -sign && sp_sql_same(x, y);
}

static enum sp_sql_truth judge_or(const struct sp_sql_rows *rows,
                                  const struct sp_sql_node *n)
{
        enum sp_sql_truth t = SP_SQL_NO;
        size_t count = 0;

        for (const struct sp_sql_node *c = n->first; c; c = c->next, count++) {
                t = either(t, sp_sql_judge(rows, c));
                for (const struct sp_sql_node *d = n->first;
                     d != c && count < OPERANDS_MAX; d = d->next)
                        if (sp_sql_is_complement(c, d) ||
                            are_opposite_flags(rows, c, d))
                                return SP_SQL_YES;
        }
        return t == SP_SQL_SELECTS && count > OPERANDS_MAX ? SP_SQL_MAYBE : t;
}

/* ---- conditional expressions ---- */

struct arms {
        enum sp_sql_truth sum;
        bool all_yes, decided;
        unsigned seen, live;
};

/* One arm: it is reached when its condition holds and none before it did. */
static void add_arm(struct arms *a, enum sp_sql_truth condition,
                    enum sp_sql_truth result)
{
        enum sp_sql_truth t;

        if (a->decided || condition == SP_SQL_NO)
                return;
        a->decided = condition == SP_SQL_YES;
        a->all_yes = a->all_yes && result == SP_SQL_YES;
        t = both(condition, result);
        /* all that is left, or all but those named, of which the arms before took some */
        if (t != SP_SQL_NO && t != SP_SQL_SELECTS && t != SP_SQL_MATCHES && a->seen)
                t = SP_SQL_MAYBE;
        /* where the condition is NULL the next arm decides, so the opposite is not known */
        if (t == SP_SQL_EXCLUDES)
                t = SP_SQL_MAYBE;
        a->seen++;
        if (t != SP_SQL_NO)
                a->sum = a->live++ ? SP_SQL_MAYBE : t;
}

/* A condition that is true or NULL does not keep the arms behind it from being reached. */
static enum sp_sql_truth judge_condition(const struct sp_sql_rows *rows,
                                         const struct sp_sql_node *n)
{
        enum sp_sql_truth t = sp_sql_judge(rows, n);
        struct sp_sql_constant v;

        n = sp_sql_strip(n);
        if (t != SP_SQL_YES || n->kind == SP_SQL_N_TRUE ||
            (n->kind == SP_SQL_N_COMPARE && sp_sql_constant(n->first, &v) &&
             sp_sql_constant(n->first->next, &v)))
                return t; /* a comparison with NULL is not SP_SQL_YES */
        return SP_SQL_ALL;
}

static enum sp_sql_truth sum_arms(const struct arms *a)
{
        return a->all_yes && a->decided ? SP_SQL_YES : a->sum;
}

/* CASE e WHEN c: as e = c, if that names a value. */
static enum sp_sql_truth judge_when_value(const struct sp_sql_rows *rows,
                                          const struct sp_sql_node *e,
                                          const struct sp_sql_node *c)
{
        struct sp_sql_constant v;

        return sp_sql_pick_of(rows, e) == SP_SQL_PICK_FULL && sp_sql_constant(c, &v) &&
                               v.type != SP_SQL_V_BOOL
                       ? SP_SQL_SELECTS
                       : SP_SQL_MAYBE;
}

static enum sp_sql_truth judge_case(const struct sp_sql_rows *rows,
                                    const struct sp_sql_node *n)
{
        struct arms a = { .all_yes = true, .sum = SP_SQL_NO };

        for (const struct sp_sql_node *c = n->first; c; c = c->next) {
                if (c->kind == SP_SQL_N_WHEN)
                        add_arm(&a,
                                n->op ? judge_when_value(rows, n->first, c->first)
                                      : judge_condition(rows, c->first),
                                sp_sql_judge(rows, c->last));
                else if (c->kind == SP_SQL_N_ELSE)
                        add_arm(&a, SP_SQL_YES, sp_sql_judge(rows, c->first));
        }
        return sum_arms(&a);
}

static enum sp_sql_truth judge_if(const struct sp_sql_rows *rows,
                                  const struct sp_sql_node *condition)
{
        struct arms arms = { .all_yes = true, .sum = SP_SQL_NO };
        const struct sp_sql_node *yes = condition->next;

        add_arm(&arms, judge_condition(rows, condition), sp_sql_judge(rows, yes));
        add_arm(&arms, SP_SQL_YES, sp_sql_judge(rows, yes->next));
        return sum_arms(&arms);
}

/* A column that is NULL lets the next argument speak. */
static enum sp_sql_truth judge_coalesce(const struct sp_sql_rows *rows,
                                        const struct sp_sql_node *args)
{
        enum sp_sql_truth t = SP_SQL_NO;
        bool has_first = false;

        for (const struct sp_sql_node *c = args; c; c = c->next) {
                enum sp_sql_truth one = sp_sql_judge(rows, c);
                struct sp_sql_constant v;

                if (sp_sql_constant(c, &v) && v.type == SP_SQL_V_NULL)
                        continue;
                if (!has_first)
                        t = one;
                else if (t == SP_SQL_YES || t == SP_SQL_ALL)
                        t = one == SP_SQL_YES ? t : SP_SQL_ALL;
                else if (one != SP_SQL_NO || t == SP_SQL_EXCLUDES)
                        t = SP_SQL_MAYBE;
                has_first = true;
        }
        return t;
}

static enum sp_sql_truth judge_call(const struct sp_sql_rows *rows,
                                    const struct sp_sql_node *n)
{
        static const char *const coalesces[] = { "ifnull", "coalesce", NULL };
        struct sp_str name = sp_sql_called(n);
        const struct sp_sql_node *a = name.n ? n->first->next : NULL;

        if (a && a->next && a->next->next && sp_str_caseeq(name, SP_STR("if")))
                return judge_if(rows, a);
        if (a && sp_sql_is_one_of(name, coalesces))
                return judge_coalesce(rows, a);
        return sp_sql_judge_predicate(rows, n);
}

enum sp_sql_truth sp_sql_judge(const struct sp_sql_rows *rows,
                               const struct sp_sql_node *n)
{
        const struct sp_sql_node *ignored;

        n = sp_sql_strip(n);
        switch (n->kind) {
        case SP_SQL_N_TRUE:
                return SP_SQL_YES;
        case SP_SQL_N_FALSE:
        case SP_SQL_N_NULL:
                return SP_SQL_NO;
        case SP_SQL_N_AND:
                return judge_and(rows, n);
        case SP_SQL_N_OR:
                return judge_or(rows, n);
        case SP_SQL_N_CASE:
                return judge_case(rows, n);
        case SP_SQL_N_CALL:
                return judge_call(rows, n);
        case SP_SQL_N_CAST:
                return sp_sql_judge(rows, n->first);
        default:
                break;
        }
        if (sp_sql_flag_of(rows, n, &ignored))
                return SP_SQL_MATCHES;
        return n->kind == SP_SQL_N_NOT ? sp_sql_negate(sp_sql_judge(rows, n->first))
                                       : sp_sql_judge_predicate(rows, n);
}

/* ---- statements ---- */

static enum sp_sql_where as_where(enum sp_sql_truth t)
{
        switch (t) {
        case SP_SQL_YES:
        case SP_SQL_ALL:
                return SP_SQL_WHERE_ALWAYS_TRUE;
        case SP_SQL_NO:
        case SP_SQL_SELECTS:
        case SP_SQL_MATCHES:
                return SP_SQL_WHERE_SELECTIVE;
        default:
                return SP_SQL_WHERE_UNPROVEN;
        }
}

static const struct sp_sql_node *find(const struct sp_sql_node *n,
                                      enum sp_sql_node_kind kind)
{
        for (const struct sp_sql_node *c = n->first; c; c = c->next)
                if (c->kind == kind)
                        return c;
        return NULL;
}

/* The rows of the target that one WHEN touches. Rows without a partner are all of them
 * when nothing matches, and whether something does depends on the source. */
static enum sp_sql_where judge_when(const struct sp_sql_rows *rows,
                                    const struct sp_sql_node *when,
                                    enum sp_sql_truth on)
{
        const struct sp_sql_node *where = find(when, SP_SQL_N_WHERE);
        struct sp_sql_rows alone = { rows->parser, rows->alias, false, false };
        enum sp_sql_truth and = SP_SQL_YES;

        if (when->op & SP_SQL_MERGE_INSERT)
                return SP_SQL_WHERE_SELECTIVE; /* touches no row that is there */
        if (when->op & SP_SQL_MERGE_MATCHED) {
                if (where)
                        and = sp_sql_judge(rows, where->first);
                return as_where(both(on, and));
        }
        if (where) /* the source's columns are not in scope */
                and = sp_sql_judge(&alone, where->first);
        if (and == SP_SQL_YES && on == SP_SQL_NO && !where)
                return SP_SQL_WHERE_ABSENT;
        if (and == SP_SQL_YES || and == SP_SQL_ALL)
                return on == SP_SQL_NO ? SP_SQL_WHERE_ALWAYS_TRUE
                                       : SP_SQL_WHERE_UNPROVEN;
        return as_where(and);
}

static enum sp_sql_where judge_merge(const struct sp_sql_rows *rows,
                                     const struct sp_sql_node *n)
{
        enum sp_sql_where least = SP_SQL_WHERE_SELECTIVE;
        const struct sp_sql_node *on = find(n, SP_SQL_N_ON);
        enum sp_sql_truth t = on ? sp_sql_judge(rows, on->first) : SP_SQL_MAYBE;

        for (const struct sp_sql_node *c = n->first; c; c = c->next)
                if (c->kind == SP_SQL_N_MERGE_WHEN) {
                        enum sp_sql_where w = judge_when(rows, c, t);

                        if (w < least) /* the enum is in this order */
                                least = w;
                }
        return least;
}

/* Whether the statement also reads the table it writes, under whichever qualification. */
static bool reads_target(const struct sp_sql_statement *st)
{
        const struct sp_sql_table *target = NULL;

        for (size_t i = 0; i < st->n_tables && !target; i++)
                if (st->tables[i].is_target)
                        target = &st->tables[i];
        for (size_t i = 0; target && i < st->n_tables; i++) {
                const struct sp_sql_table *t = &st->tables[i];

                if (t != target && t->n_parts && target->n_parts &&
                    (t->is_wildcard ||
                     sp_sql_name_eq(t->parts[t->n_parts - 1],
                                    target->parts[target->n_parts - 1])))
                        return true;
        }
        return false;
}

/* `å = Å` compares a column with itself or with another one (name.h). */
static bool is_spelled_once(const struct sp_sql_parser *p, const struct sp_sql_node *n)
{
        struct sp_sql_spellings s = { .arena = p->arena };

        if (sp_sql_spelling_is_plain(
                    sp_str_sub(p->text, n->span.start, n->span.end - n->span.start)))
                return true;
        return sp_sql_spelling_add_tree(&s, n, true) && !s.is_doubtful;
}

static enum sp_sql_where judge_statement(const struct sp_sql_parser *p,
                                         const struct sp_sql_node *statement,
                                         bool reads_own)
{
        const struct sp_sql_node *where = find(statement, SP_SQL_N_WHERE),
                                 *target = find(statement, SP_SQL_N_TARGET), *alias;
        struct sp_sql_rows rows = { .parser = p };
        enum sp_sql_where found = SP_SQL_WHERE_ABSENT;

        if (statement->op != SP_SQL_MERGE && statement->op != SP_SQL_UPDATE &&
            statement->op != SP_SQL_DELETE && statement->op != SP_SQL_TRUNCATE)
                return SP_SQL_WHERE_NONE;
        if (target && target->first->first) {
                alias = find(target, SP_SQL_N_ALIAS);
                rows.alias = alias ? alias->text : sp_sql_implicit_alias(target->first);
        }
        rows.has_others = find(statement, SP_SQL_N_FROM) != NULL;
        rows.is_among_others = reads_own;
        if (statement->op == SP_SQL_MERGE)
                found = judge_merge(&rows, statement);
        else if (where)
                found = as_where(sp_sql_judge(&rows, where->first));
        return found == SP_SQL_WHERE_SELECTIVE && !is_spelled_once(p, statement)
                       ? SP_SQL_WHERE_UNPROVEN
                       : found;
}

void sp_sql_find_where(const struct sp_sql_parser *p,
                       const struct sp_sql_node *statement,
                       struct sp_sql_statement *facts)
{
        facts->where_among_own = judge_statement(p, statement, true);
        facts->where = reads_target(facts) ? facts->where_among_own
                                           : judge_statement(p, statement, false);
}
