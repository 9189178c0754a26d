/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/sql/index.h"

#include "daemon/sql/name.h"

static uint32_t hash_of(const struct sp_sql_index *index, struct sp_str s)
{
        uint64_t h = UINT64_C(0xcbf29ce484222325);

        if (!index->is_case_sensitive)
                h = sp_sql_name_hash(s);
        for (size_t i = 0; index->is_case_sensitive && i < s.n; i++)
                h = (h ^ (unsigned char)s.p[i]) * UINT64_C(0x100000001b3);
        return (uint32_t)(h ^ h >> 32);
}

static struct sp_str name_at(const void *items, size_t stride, size_t at)
{
        return *(const struct sp_str *)(const void *)((const char *)items +
                                                      at * stride);
}

static bool is_named(const struct sp_sql_index *index, const void *items, size_t stride,
                     size_t at, struct sp_str name)
{
        struct sp_str other = name_at(items, stride, at);

        return index->is_case_sensitive ? sp_str_eq(name, other)
                                        : sp_sql_name_eq(name, other);
}

/* Linear probing: what was entered first is met first. Nobody asks for the third of a
 * name nor for the empty one: many of them would make the probing long. */
static void enter(struct sp_sql_index *index, const void *items, size_t stride,
                  size_t at)
{
        struct sp_str name = name_at(items, stride, at);
        unsigned same = 0;
        size_t i;

        if (!name.n)
                return;
        for (i = hash_of(index, name) & (index->n_slots - 1); index->slots[i];
             i = (i + 1) & (index->n_slots - 1))
                if (is_named(index, items, stride, index->slots[i] - 1, name) &&
                    ++same == 2)
                        return;
        index->slots[i] = (uint32_t)at + 1;
}

bool sp_sql_index_add(struct sp_arena *a, struct sp_sql_index *index, const void *items,
                      size_t stride)
{
        if (index->n >= UINT32_MAX / 4)
                return false;
        if ((index->n + 1) * 2 > index->n_slots) {
                size_t n_slots = index->n_slots ? index->n_slots * 2 : 16;
                uint32_t *slots = sp_arena_array(a, n_slots, sizeof(*slots));

                if (!slots)
                        return false;
                index->slots = slots;
                index->n_slots = n_slots;
                for (size_t i = 0; i < index->n; i++)
                        enter(index, items, stride, i);
        }
        enter(index, items, stride, index->n);
        index->n++;
        return true;
}

unsigned sp_sql_index_find_below(const struct sp_sql_index *index, const void *items,
                                 size_t stride, struct sp_str name, size_t below,
                                 size_t *ret)
{
        unsigned found = 0;

        if (!index->n_slots || !name.n)
                return 0;
        for (size_t i = hash_of(index, name) & (index->n_slots - 1); index->slots[i];
             i = (i + 1) & (index->n_slots - 1)) {
                size_t at = index->slots[i] - 1;

                if (at >= below || !is_named(index, items, stride, at, name))
                        continue;
                if (found++)
                        break;
                *ret = at;
        }
        return found;
}

unsigned sp_sql_index_find(const struct sp_sql_index *index, const void *items,
                           size_t stride, struct sp_str name, size_t *ret)
{
        return sp_sql_index_find_below(index, items, stride, name, SIZE_MAX, ret);
}
