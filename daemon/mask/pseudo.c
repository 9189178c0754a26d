/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Columns that a table has without having them: a subquery passes them on only when it names
 * them, and then its star has them as well.
 */
#include <errno.h>

#include "daemon/mask/plan.h"
#include "daemon/sql/lex.h"
#include "daemon/sql/name.h"

static const struct sp_str names[SP_MASK_PSEUDO_MAX] = {
        [SP_MASK_TABLE_SUFFIX] = SP_STR("_TABLE_SUFFIX"),
        [SP_MASK_PARTITIONTIME] = SP_STR("_PARTITIONTIME"),
        [SP_MASK_PARTITIONDATE] = SP_STR("_PARTITIONDATE"),
};

struct sp_str sp_mask_pseudo_name(enum sp_mask_pseudo p)
{
        return names[p];
}

/* SELECT *, t.*, a, *: not COUNT(*), not a product. */
static bool is_star(const struct sp_sql_token *t, size_t i)
{
        uint16_t before = i ? t[i - 1].keyword : 0;

        return t[i].type == '*' && i &&
               (t[i - 1].type == '.' || t[i - 1].type == ',' ||
                before == SP_KW_SELECT || before == SP_KW_DISTINCT ||
                before == SP_KW_ALL || before == SP_KW_STRUCT);
}

int sp_mask_find_pseudo(struct sp_arena *a, struct sp_str text,
                        bool ret[SP_MASK_PSEUDO_MAX], bool *ret_star,
                        struct sp_err *reterr)
{
        struct sp_sql_tokens tokens;
        int r = sp_sql_lex(a, text, &tokens, reterr);

        for (size_t i = 0; r == 0 && i < tokens.n; i++) {
                const struct sp_sql_token *t = &tokens.v[i];
                struct sp_str name;

                *ret_star |= is_star(tokens.v, i);
                if (t->type != SP_SQL_T_WORD && t->type != SP_SQL_T_QUOTED)
                        continue;
                r = sp_sql_decode(a, text, t, &name);
                for (size_t k = 0; r == 0 && k < SP_MASK_PSEUDO_MAX; k++)
                        ret[k] |= sp_sql_name_eq(name, names[k]);
        }
        return r;
}
