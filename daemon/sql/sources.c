/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small sets are flat: up to FLAT_MAX leaves in the order they were first met. Larger
 * ones are a graph of joins whose ends are flat, so a union costs O(FLAT_MAX) whatever
 * its size. Lists are made once per node and shared.
 */
#include <errno.h>
#include <stdlib.h>

#include "daemon/sql/resolve.h"

#define FLAT_MAX 8
/* Nodes visited for all lists of one script; real ones need some thousands. */
#define STEPS_MAX ((size_t)20 * 1000 * 1000)

struct leaf {
        struct sp_sql_leaf shown; /* first: sp_sql_sources_single gives it out */
        const struct sp_sql_type *type; /* NULL: not in the catalogue */
        const struct sp_sql_sources *set; /* of it alone */
        uint32_t id;
        uint32_t walk; /* the last walk that met it */
};

enum kind {
        FLAT, /* `n` leaves, ascending by id */
        JOIN, /* two sets */
        CELL, /* sets, as they were filled in */
};

struct sp_sql_sources {
        enum kind kind;
        uint32_t walk, n;
        uint32_t listed_at; /* pool->fills + 1 when `list` was made; 0: never */
        const struct sp_sql_source *list;
        size_t n_list;
        struct sp_sql_vector cell; /* const struct sp_sql_sources * */
        const void *part[]; /* FLAT: struct leaf; JOIN: struct sp_sql_sources */
};

struct pool {
        struct leaf **slots;
        size_t n_slots, n;
        uint32_t walk;
        uint32_t fills; /* of cells: lists made before are stale */
        size_t steps;
        struct sp_sql_vector stack, found; /* reused by each walk */
};

/* ---- leaves ---- */

static struct pool *pool_of(struct sp_sql_resolver *r)
{
        if (!r->leaves)
                r->leaves = sp_arena_new(r->arena, struct pool);
        return r->leaves ? r->leaves : sp_sql_resolver_no_memory(r);
}

static size_t mix(size_t h, struct sp_str s)
{
        for (size_t i = 0; i < s.n; i++)
                h = (h ^ (unsigned char)s.p[i]) * UINT64_C(0x100000001b3);
        return (h ^ 0xff) * UINT64_C(0x100000001b3);
}

static size_t hash_of(const struct sp_sql_leaf *l)
{
        size_t h = ((size_t)(uintptr_t)l->table >> 4) + l->is_target +
                   2 * (size_t)l->is_presence;

        h = mix(mix(h, l->column), l->field);

        return h ^ h >> 32;
}

static bool is_same(const struct sp_sql_leaf *x, const struct sp_sql_leaf *y)
{
        return x->table == y->table && x->is_target == y->is_target &&
               x->is_presence == y->is_presence && sp_str_eq(x->column, y->column) &&
               sp_str_eq(x->field, y->field);
}

static struct leaf **slot_of(const struct pool *p, const struct sp_sql_leaf *l)
{
        size_t i = hash_of(l) & (p->n_slots - 1);

        while (p->slots[i] && !is_same(&p->slots[i]->shown, l))
                i = (i + 1) & (p->n_slots - 1);
        return &p->slots[i];
}

static bool make_room(struct sp_sql_resolver *r, struct pool *p)
{
        struct pool old = *p;

        if ((p->n + 1) * 2 <= p->n_slots)
                return true;
        p->n_slots = old.n_slots ? old.n_slots * 2 : 64;
        p->slots = sp_arena_array(r->arena, p->n_slots, sizeof(*p->slots));
        if (!p->slots) {
                *p = old;
                return false;
        }
        for (size_t i = 0; i < old.n_slots; i++)
                if (old.slots[i])
                        *slot_of(p, &old.slots[i]->shown) = old.slots[i];
        return true;
}

/* The type of the column, or of the field of it: "a.b". */
static const struct sp_sql_type *type_of(const struct sp_sql_leaf *l)
{
        struct sp_str rest = l->field, head;
        const struct sp_sql_type *t;
        size_t at;

        if (!sp_sql_catalog_column(l->table, l->column, &at))
                return NULL;
        t = l->table->columns[at].type;
        while (rest.n) {
                sp_str_cut(rest, '.', &head, &rest);
                while (t->kind == SP_SQL_TYPE_ARRAY)
                        t = t->element;
                if (t->kind != SP_SQL_TYPE_STRUCT ||
                    sp_sql_type_field(t, head, &at) != 1)
                        return NULL;
                t = t->fields[at].type;
        }
        return t;
}

static struct sp_sql_sources *flat_new(struct sp_sql_resolver *r, size_t n)
{
        struct sp_sql_sources *s =
                sp_arena_alloc(r->arena, sizeof(*s) + n * sizeof(s->part[0]));

        if (!s)
                return sp_sql_resolver_no_memory(r);
        s->n = (uint32_t)n;
        return s;
}

const struct sp_sql_sources *sp_sql_sources_leaf(struct sp_sql_resolver *r,
                                                 const struct sp_sql_leaf *leaf)
{
        struct sp_sql_leaf key = *leaf;
        struct pool *p = pool_of(r);
        struct sp_sql_sources *set;
        struct leaf **slot, *l;
        size_t at;

        if (!p)
                return NULL;
        if (sp_sql_catalog_column(key.table, key.column, &at))
                key.column = key.table->columns[at].name;
        if (!make_room(r, p))
                return sp_sql_resolver_no_memory(r);
        slot = slot_of(p, &key);
        if (*slot)
                return (*slot)->set;
        l = sp_arena_new(r->arena, struct leaf);
        set = flat_new(r, 1);
        if (!l || !set)
                return sp_sql_resolver_no_memory(r);
        l->shown = key;
        l->type = type_of(&key);
        l->id = (uint32_t)++p->n;
        l->set = set;
        set->part[0] = l;
        *slot = l;
        return set;
}

const struct sp_sql_leaf *sp_sql_sources_single(const struct sp_sql_sources *s)
{
        return s && s->kind == FLAT && s->n == 1
                       ? &((const struct leaf *)s->part[0])->shown
                       : NULL;
}

const struct sp_sql_type *sp_sql_leaf_type(const struct sp_sql_leaf *l)
{
        return ((const struct leaf *)(const void *)l)->type;
}

/* ---- unions ---- */

static uint32_t id_at(const struct sp_sql_sources *s, size_t i)
{
        return ((const struct leaf *)s->part[i])->id;
}

/* The union of two flat sets, when it is small enough to be flat; *ret_n anyway. */
static size_t merge(const struct sp_sql_sources *x, const struct sp_sql_sources *y,
                    const void *to[2 * FLAT_MAX])
{
        size_t i = 0, k = 0, n = 0;

        while (i < x->n || k < y->n) {
                if (k == y->n || (i < x->n && id_at(x, i) < id_at(y, k))) {
                        to[n++] = x->part[i++];
                } else if (i == x->n || id_at(y, k) < id_at(x, i)) {
                        to[n++] = y->part[k++];
                } else {
                        to[n++] = x->part[i++];
                        k++;
                }
        }
        return n;
}

static const struct sp_sql_sources *join_new(struct sp_sql_resolver *r,
                                             const struct sp_sql_sources *x,
                                             const struct sp_sql_sources *y)
{
        struct sp_sql_sources *s = flat_new(r, 2);

        if (!s)
                return NULL;
        s->kind = JOIN;
        s->part[0] = x;
        s->part[1] = y;
        return s;
}

static const struct sp_sql_sources *join_flat(struct sp_sql_resolver *r,
                                              const struct sp_sql_sources *x,
                                              const struct sp_sql_sources *y)
{
        const void *part[2 * FLAT_MAX];
        size_t n = merge(x, y, part);
        struct sp_sql_sources *s;

        if (n == x->n)
                return x;
        if (n == y->n)
                return y;
        if (n > FLAT_MAX)
                return join_new(r, x, y);
        s = flat_new(r, n);
        if (s)
                memcpy(s->part, part, n * sizeof(part[0]));
        return s;
}

const struct sp_sql_sources *sp_sql_sources_join(struct sp_sql_resolver *r,
                                                 const struct sp_sql_sources *x,
                                                 const struct sp_sql_sources *y)
{
        const struct sp_sql_sources *u, *last;

        if (!x || !y || x == y)
                return x ? x : y;
        if (x->kind == FLAT && y->kind == FLAT)
                return join_flat(r, x, y);
        if (x->kind == FLAT) {
                u = x;
                x = y;
                y = u;
        }
        if (x->kind != JOIN)
                return join_new(r, x, y);
        if (x->part[0] == y || x->part[1] == y)
                return x;
        /* a chain over few columns stays short: its end takes what fits */
        last = x->part[1];
        if (y->kind != FLAT || last->kind != FLAT)
                return join_new(r, x, y);
        u = join_flat(r, last, y);
        if (!u || u == last)
                return u ? x : NULL;
        return u->kind == FLAT ? join_new(r, x->part[0], u) : join_new(r, x, y);
}

struct sp_sql_sources *sp_sql_sources_cell(struct sp_sql_resolver *r)
{
        struct sp_sql_sources *s = flat_new(r, 0);

        if (s)
                s->kind = CELL;
        return s;
}

bool sp_sql_sources_fill(struct sp_sql_resolver *r, struct sp_sql_sources *cell,
                         const struct sp_sql_sources *more)
{
        const struct sp_sql_sources **to, **all = cell->cell.v;
        struct pool *p = pool_of(r);

        if (!p)
                return false;
        if (!more || more == cell || (cell->cell.n && all[cell->cell.n - 1] == more))
                return true;
        to = sp_sql_vector_add(r->arena, &cell->cell, sizeof(*to));
        if (!to)
                return sp_sql_resolver_no_memory(r) != NULL;
        *to = more;
        p->fills++;
        return true;
}

/* ---- lists ---- */

static bool push(struct sp_sql_resolver *r, struct pool *p,
                 const struct sp_sql_sources *s)
{
        struct sp_sql_sources *node = (struct sp_sql_sources *)s; /* its mark only */
        struct sp_sql_sources **to;

        if (node->walk == p->walk)
                return true;
        node->walk = p->walk;
        to = sp_sql_vector_add(r->arena, &p->stack, sizeof(*to));
        if (!to)
                return sp_sql_resolver_no_memory(r) != NULL;
        *to = node;
        return true;
}

static bool meet(struct sp_sql_resolver *r, struct pool *p, const void *part)
{
        struct leaf *l = (struct leaf *)part; /* its mark only */
        struct leaf **to;

        if (l->walk == p->walk)
                return true;
        l->walk = p->walk;
        to = sp_sql_vector_add(r->arena, &p->found, sizeof(*to));
        if (!to)
                return sp_sql_resolver_no_memory(r) != NULL;
        *to = l;
        return true;
}

/* All leaves below `s` into p->found. */
static bool walk(struct sp_sql_resolver *r, struct pool *p,
                 const struct sp_sql_sources *s)
{
        bool ok;

        p->walk++;
        p->stack.n = p->found.n = 0;
        ok = push(r, p, s);
        while (ok && p->stack.n) {
                const struct sp_sql_sources *at =
                        ((struct sp_sql_sources **)p->stack.v)[--p->stack.n];
                const struct sp_sql_sources **filled = at->cell.v;

                if (++p->steps > STEPS_MAX)
                        return sp_sql_unresolved(
                                       r, (struct sp_sql_span){ 0 },
                                       "the lineage of this statement is too large") !=
                               NULL;
                for (size_t i = 0; ok && i < at->n; i++)
                        ok = at->kind == FLAT ? meet(r, p, at->part[i])
                                              : push(r, p, at->part[i]);
                for (size_t i = 0; ok && i < at->cell.n; i++)
                        ok = push(r, p, filled[i]);
        }
        return ok;
}

static int compare(const void *x, const void *y)
{
        const struct sp_sql_leaf *a = &(*(struct leaf *const *)x)->shown;
        const struct sp_sql_leaf *b = &(*(struct leaf *const *)y)->shown;
        int c = a->table == b->table ? 0 : sp_str_cmp(a->table->name, b->table->name);

        if (c == 0)
                c = sp_str_cmp(a->column, b->column);
        if (c == 0)
                c = sp_str_cmp(a->field, b->field);
        if (c == 0)
                c = (int)a->is_target - (int)b->is_target;
        return c ? c : (int)a->is_presence - (int)b->is_presence;
}

/* Who reads a record or a list reads that it is there. */
static bool is_said(const struct sp_sql_leaf *l, const struct sp_sql_leaf *before)
{
        return l->is_presence && l->table == before->table &&
               l->is_target == before->is_target &&
               sp_str_eq(l->column, before->column) &&
               sp_str_eq(l->field, before->field);
}

bool sp_sql_sources_list(struct sp_sql_resolver *r, const struct sp_sql_sources *s,
                         const struct sp_sql_source **ret, size_t *ret_n)
{
        struct sp_sql_sources *node = (struct sp_sql_sources *)s; /* to remember */
        struct pool *p = pool_of(r);
        struct sp_sql_source *list;
        struct leaf **found;

        if (!p)
                return false;
        if (!s || (s->kind == CELL && !s->cell.n)) {
                *ret = NULL;
                *ret_n = 0;
                return true;
        }
        if (s->listed_at != p->fills + 1) {
                if (!walk(r, p, s))
                        return false;
                found = p->found.v;
                r->n_pairs += p->found.n;
                if (r->n_pairs > SP_SQL_SOURCES_TOTAL)
                        return sp_sql_unresolved(r, (struct sp_sql_span){ 0 },
                                                 "more than %d columns reach the "
                                                 "outputs of this script",
                                                 SP_SQL_SOURCES_TOTAL) != NULL;
                if (p->found.n) /* qsort takes no NULL */
                        qsort(found, p->found.n, sizeof(struct leaf *), compare);
                list = sp_arena_array(r->arena, p->found.n, sizeof(*list));
                if (!list)
                        return sp_sql_resolver_no_memory(r) != NULL;
                node->n_list = 0;
                for (size_t i = 0; i < p->found.n; i++) {
                        const struct sp_sql_leaf *l = &found[i]->shown;

                        if (i && is_said(l, &found[i - 1]->shown))
                                continue;
                        list[node->n_list++] = (struct sp_sql_source){
                                .table = l->table->name,
                                .column = l->column,
                                .field = l->field,
                                .is_target = l->is_target,
                                .is_presence = l->is_presence,
                        };
                }
                node->list = list;
                node->listed_at = p->fills + 1;
        }
        *ret = s->list;
        *ret_n = s->n_list;
        return true;
}
