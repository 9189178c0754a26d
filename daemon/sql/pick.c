/* SPDX-License-Identifier: Apache-2.0 */
/* The two sides of a predicate: the value of the row that it is about, and what that is
 * compared with. */
#include "daemon/sql/truth.h"

/* ---- values ---- */

/* Functions whose value tells their first argument's: they do not fall to one value for
 * all, as MOD(x, 1) does. */
static bool keeps_value(struct sp_str function)
{
        static const char *const words[] = {
                "lower",
                "upper",
                "date",
                "datetime",
                "timestamp",
                "time",
                "date_trunc",
                "datetime_trunc",
                "timestamp_trunc",
                "json_value",
                "md5",
                "sha1",
                "sha256",
                "sha512",
                "farm_fingerprint",
                "to_hex",
                "to_base64",
                NULL,
        };

        return sp_sql_is_one_of(function, words);
}

static enum sp_sql_pick pick_call(const struct sp_sql_rows *rows,
                                  const struct sp_sql_node *n)
{
        const struct sp_sql_node *argument = n->first ? n->first->next : NULL;

        if (!argument || !keeps_value(sp_sql_called(n)))
                return SP_SQL_PICK_NONE;
        for (const struct sp_sql_node *c = argument->next; c; c = c->next) {
                struct sp_sql_depends d = sp_sql_depends_on(rows, c);

                /* a part is written like a column: DATE_TRUNC(x, MONTH) */
                if (d.on_unknown || (d.on_column && c->kind != SP_SQL_N_PATH))
                        return SP_SQL_PICK_NONE;
        }
        return sp_sql_pick_of(rows, argument);
}

/* (x, y) = (1, 2) chooses as well as its best field. */
static enum sp_sql_pick pick_struct(const struct sp_sql_rows *rows,
                                    const struct sp_sql_node *n)
{
        enum sp_sql_pick best = SP_SQL_PICK_NONE;

        for (const struct sp_sql_node *c = n->first; c; c = c->next) {
                enum sp_sql_pick one;

                if (c->kind == SP_SQL_N_TYPE)
                        continue;
                one = sp_sql_pick_of(rows, c->kind == SP_SQL_N_ITEM ? c->first : c);
                if (one > best)
                        best = one;
        }
        return best;
}

enum sp_sql_pick sp_sql_pick_of(const struct sp_sql_rows *rows,
                                const struct sp_sql_node *n)
{
        n = sp_sql_strip(n);
        switch (n->kind) {
        case SP_SQL_N_PATH:
                return sp_sql_depends_on(rows, n).on_column ? SP_SQL_PICK_FULL
                                                            : SP_SQL_PICK_NONE;
        case SP_SQL_N_POSTFIX:
                for (const struct sp_sql_node *c = n->first->next; c; c = c->next)
                        if (c->kind != SP_SQL_N_FIELD && c->kind != SP_SQL_N_INDEX)
                                return SP_SQL_PICK_NONE;
                return sp_sql_pick_of(rows, n->first);
        case SP_SQL_N_CAST:
                return sp_sql_pick_of(rows, n->first) ? SP_SQL_PICK_COARSE
                                                      : SP_SQL_PICK_NONE;
        case SP_SQL_N_EXTRACT:
                return sp_sql_pick_of(rows, n->first->next) ? SP_SQL_PICK_COARSE
                                                            : SP_SQL_PICK_NONE;
        case SP_SQL_N_STRUCT:
                return pick_struct(rows, n);
        case SP_SQL_N_CALL:
                return pick_call(rows, n);
        default:
                return SP_SQL_PICK_NONE;
        }
}

/* Written out, and not an expression that could be anything. */
bool sp_sql_is_plain(const struct sp_sql_node *n)
{
        struct sp_sql_constant v;

        n = sp_sql_strip(n);
        if (n->kind == SP_SQL_N_STRUCT) {
                for (const struct sp_sql_node *c = n->first; c; c = c->next)
                        if (!sp_sql_is_plain(c))
                                return false;
                return true;
        }
        return sp_sql_constant(n, &v) || n->kind == SP_SQL_N_TYPED ||
               n->kind == SP_SQL_N_BYTES;
}

/* The same value for every row, and not the value of a condition. */
bool sp_sql_is_fixed(const struct sp_sql_rows *rows, const struct sp_sql_node *n)
{
        struct sp_sql_depends d = sp_sql_depends_on(rows, n);

        n = sp_sql_strip(n);
        switch (n->kind) {
        case SP_SQL_N_PATH:
        case SP_SQL_N_POSTFIX:
        case SP_SQL_N_CALL:
        case SP_SQL_N_CAST:
        case SP_SQL_N_EXTRACT:
        case SP_SQL_N_BINARY:
        case SP_SQL_N_UNARY:
        case SP_SQL_N_PARAM:
        case SP_SQL_N_SYSTEM:
                break;
        default:
                if (!sp_sql_is_plain(n))
                        return false;
        }
        /* a table joined to itself finds a partner for each row */
        return !d.on_column && !d.on_query && !(d.on_other && rows->is_among_others);
}

bool sp_sql_is_bool(const struct sp_sql_node *n, struct sp_sql_constant *v)
{
        return sp_sql_constant(n, v) && v->type == SP_SQL_V_BOOL;
}

int sp_sql_flag_of(const struct sp_sql_rows *rows, const struct sp_sql_node *n,
                   const struct sp_sql_node **ret)
{
        int sign = 1;

        for (;;) {
                const struct sp_sql_node *a, *b;
                struct sp_sql_constant v;

                n = sp_sql_strip(n);
                a = n->first;
                b = a ? a->next : NULL;
                if (n->kind == SP_SQL_N_NOT) {
                        sign = -sign;
                } else if (n->kind == SP_SQL_N_IS &&
                           (n->op == SP_KW_TRUE || n->op == SP_KW_FALSE)) {
                        if ((n->op == SP_KW_FALSE) != !!(n->flags & SP_SQL_F_NOT))
                                sign = -sign;
                } else if (n->kind == SP_SQL_N_COMPARE &&
                           (n->op == '=' || n->op == SP_SQL_T_NE) &&
                           (sp_sql_is_bool(b, &v) || sp_sql_is_bool(a, &v))) {
                        if ((n->op == SP_SQL_T_NE) != !v.i)
                                sign = -sign;
                        if (!sp_sql_is_bool(b, &v))
                                a = b;
                } else {
                        break;
                }
                n = a;
        }
        *ret = n;
        return (n->kind == SP_SQL_N_PATH || n->kind == SP_SQL_N_POSTFIX) &&
                               sp_sql_pick_of(rows, n)
                       ? sign
                       : 0;
}
