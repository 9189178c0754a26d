/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql/scope — names in scope: lists that share their tails, in which a name is found fast.
 *
 * Job:       a name in front of a list makes a new list and leaves the old one as it was,
 *            so leaving a scope is forgetting its head. To be found without a walk, the
 *            names of each list hang in a radix tree over their hashes as well; a new list
 *            shares all but one path of it with the list that it was made of.
 * Ownership: in the arena given. A struct sp_sql_name stands first in what it names.
 * Errors:    false without memory.
 * Bounds:    adding and finding take the logarithm of the list's length, whatever was added
 *            before. An index for each list would not do: any list can grow at any time, a
 *            hundred names in each of ten thousand subqueries.
 */
#pragma once

#include "daemon/base/arena.h"

struct sp_sql_name;
struct sp_sql_names_below { /* one of both */
        const struct sp_sql_fork *fork;
        const struct sp_sql_name *name;
};

struct sp_sql_name {
        const struct sp_sql_name *next;
        struct sp_str text;
        bool is_folded; /* compared as GoogleSQL may do; else only as it surely does
                           (name.h). The same for all names of a list. */
        unsigned length; /* of the list from here on */
        uint64_t hash;
        const struct sp_sql_name *same; /* behind this one, with the same hash */
        struct sp_sql_names_below all; /* the list from here on, as a tree */
};

/* `name`, zeroed but for its text and rule, in front of *list, which becomes the new list. */
sp_must_check bool sp_sql_scope_push(struct sp_arena *a,
                                     const struct sp_sql_name **list,
                                     struct sp_sql_name *name);
/* The first of this name, by the list's rule; NULL: none. */
const struct sp_sql_name *sp_sql_scope_find(const struct sp_sql_name *list,
                                            struct sp_str text);
/* The next of the same name behind it. */
const struct sp_sql_name *sp_sql_scope_find_next(const struct sp_sql_name *name);
