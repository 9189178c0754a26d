/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/sql/scope.h"

#include "daemon/sql/name.h"

/* Where the hashes below begin to differ. */
struct sp_sql_fork {
        struct sp_sql_names_below below[2];
        unsigned bit;
};

static uint64_t hash_of(struct sp_str s, bool is_folded)
{
        uint64_t h = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

        if (is_folded)
                h = sp_sql_name_hash(s);
        for (size_t i = 0; !is_folded && i < s.n; i++) {
                unsigned char c = (unsigned char)s.p[i];

                h = (h ^ (c >= 'A' && c <= 'Z' ? c | 0x20u : c)) *
                    UINT64_C(0x100000001b3);
        }
        h ^= h >> 32; /* its low bits are better than its high ones */
        return h * UINT64_C(0x9e3779b97f4a7c15);
}

/* The one name that may have this hash. */
static const struct sp_sql_name *nearest(struct sp_sql_names_below at, uint64_t hash)
{
        while (at.fork)
                at = at.fork->below[hash >> at.fork->bit & 1];
        return at.name;
}

/* Copies the forks above the place of `name` and hangs it in there; `old` is the nearest
 * name, whose place it takes when the hashes are the same. */
static bool plant(struct sp_arena *a, struct sp_sql_names_below at,
                  const struct sp_sql_name *old, const struct sp_sql_name *name,
                  struct sp_sql_names_below *to)
{
        uint64_t differs = old->hash ^ name->hash;
        unsigned bit = differs ? 63u - (unsigned)__builtin_clzll(differs) : 0, side;
        struct sp_sql_fork *fork;

        while (at.fork && (!differs || at.fork->bit > bit)) {
                fork = sp_arena_new(a, struct sp_sql_fork);
                if (!fork)
                        return false;
                *fork = *at.fork;
                *to = (struct sp_sql_names_below){ .fork = fork };
                side = name->hash >> fork->bit & 1;
                at = fork->below[side];
                to = &fork->below[side];
        }
        if (!differs) {
                *to = (struct sp_sql_names_below){ .name = name };
                return true;
        }
        fork = sp_arena_new(a, struct sp_sql_fork);
        if (!fork)
                return false;
        side = name->hash >> bit & 1;
        fork->bit = bit;
        fork->below[side].name = name;
        fork->below[!side] = at;
        *to = (struct sp_sql_names_below){ .fork = fork };
        return true;
}

bool sp_sql_scope_push(struct sp_arena *a, const struct sp_sql_name **list,
                       struct sp_sql_name *name)
{
        const struct sp_sql_name *head = *list, *old;

        name->next = head;
        name->length = head ? head->length + 1 : 1;
        name->hash = hash_of(name->text, name->is_folded);
        name->all.name = name;
        if (head) {
                old = nearest(head->all, name->hash);
                name->same = old->hash == name->hash ? old : NULL;
                if (!plant(a, head->all, old, name, &name->all))
                        return false;
        }
        *list = name;
        return true;
}

static const struct sp_sql_name *equal(const struct sp_sql_name *n, struct sp_str text)
{
        while (n && !(n->is_folded ? sp_sql_name_eq(n->text, text)
                                   : sp_str_caseeq(n->text, text)))
                n = n->same;
        return n;
}

const struct sp_sql_name *sp_sql_scope_find(const struct sp_sql_name *list,
                                            struct sp_str text)
{
        const struct sp_sql_name *n;
        uint64_t hash;

        if (!list)
                return NULL;
        hash = hash_of(text, list->is_folded);
        n = nearest(list->all, hash);
        return n->hash == hash ? equal(n, text) : NULL;
}

const struct sp_sql_name *sp_sql_scope_find_next(const struct sp_sql_name *name)
{
        return equal(name->same, name->text);
}
