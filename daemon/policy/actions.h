/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/actions — the closed list of what can be asked for, as small numbers and sets.
 *
 * Job:       number every action: those of SQL statements (sql.h) and the methods of
 *            the BigQuery API v2; read patterns over them into sets.
 * Out:       -1 for a name outside the list: no rule can match it.
 * Spec:      docs/policy.md §4; BigQuery v2 discovery document.
 */
#pragma once

#include "daemon/sql/sql.h"

#define SP_ACTIONS_OTHER 28 /* numbers below are enum sp_sql_action */
#define SP_ACTIONS_METHOD 32
#define SP_ACTIONS_MAX 96

struct sp_action_set {
        uint64_t bits[2];
};

int sp_action_number(struct sp_str name);
const char *sp_action_name(unsigned number); /* NULL: no such action */
/* The actions that `pattern` ("select", "*", "bigquery.tables.*") means; false: none.
 */
bool sp_action_pattern(struct sp_str pattern, struct sp_action_set *ret);

static inline bool sp_action_has(const struct sp_action_set *s, unsigned number)
{
        return s->bits[number / 64] >> (number % 64) & 1;
}
static inline void sp_action_add(struct sp_action_set *s, unsigned number)
{
        s->bits[number / 64] |= UINT64_C(1) << (number % 64);
}
static inline void sp_action_join(struct sp_action_set *s,
                                  const struct sp_action_set *o)
{
        s->bits[0] |= o->bits[0];
        s->bits[1] |= o->bits[1];
}
static inline bool sp_action_contains(const struct sp_action_set *all,
                                      const struct sp_action_set *part)
{
        return !(part->bits[0] & ~all->bits[0]) && !(part->bits[1] & ~all->bits[1]);
}
static inline bool sp_action_is_sql(unsigned number)
{
        return number < SP_ACTIONS_METHOD;
}
static inline bool sp_action_is_other(unsigned number)
{
        return number >= SP_ACTIONS_OTHER && number < SP_ACTIONS_METHOD;
}
/* Changes a container as a whole, so that it hits what is inside. */
bool sp_action_reaches_inside(unsigned number);
/* An API method that only looks (get, list). */
bool sp_action_is_look(unsigned number);
/* UPDATE, DELETE, MERGE, TRUNCATE: the statements that `where:` is about. */
bool sp_action_has_where(unsigned number);
