/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql/index — the place of a name in an array, without a walk.
 *
 * Job:       open addressing over the names of somebody else's array: columns of a
 *            table, fields of a STRUCT, tables of a catalogue.
 * In:        items of `stride` bytes that begin with their struct sp_str name. The
 *            array may move; it is passed each time.
 * Ownership: the slots live in the arena given.
 * Errors:    false without memory. Equal names may stand in it several times.
 */
#pragma once

#include "daemon/base/arena.h"

struct sp_sql_index {
        uint32_t *slots; /* place + 1; 0: empty */
        size_t n_slots, n;
        bool is_case_sensitive;
};

/* The name of items[index->n] is entered; names are entered in order. */
sp_must_check bool sp_sql_index_add(struct sp_arena *a, struct sp_sql_index *index,
                                    const void *items, size_t stride);
/* How many items have this name: 0, 1, or 2 for several; *ret: the first one's place. */
unsigned sp_sql_index_find(const struct sp_sql_index *index, const void *items,
                           size_t stride, struct sp_str name, size_t *ret);
/* The same among the first `below` items. */
unsigned sp_sql_index_find_below(const struct sp_sql_index *index, const void *items,
                                 size_t stride, struct sp_str name, size_t below,
                                 size_t *ret);
