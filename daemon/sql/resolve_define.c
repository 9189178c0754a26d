/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/sql/collect.h"
#include "daemon/sql/name.h"
#include "daemon/sql/resolve_script.h"

/* ---- who depends on what ---- */

struct link {
        struct sp_sql_thing *thing;
        size_t statement;
        bool is_write;
};

static bool add_link(struct sp_sql_scripting *w, struct sp_sql_thing *t, bool is_write)
{
        struct link *l = sp_sql_vector_add(w->r->arena, &w->links, sizeof(*l));

        if (!l)
                return sp_sql_resolver_no_memory(w->r);
        *l = (struct link){ t, w->current, is_write };
        return true;
}

bool sp_sql_thing_read(struct sp_sql_scripting *w, struct sp_sql_thing *t)
{
        if (t->read_by == w->current + 1)
                return true;
        t->read_by = w->current + 1;
        return add_link(w, t, false);
}

bool sp_sql_thing_written(struct sp_sql_scripting *w, struct sp_sql_thing *t)
{
        return add_link(w, t, true);
}

void sp_sql_spread_doubt(struct sp_sql_scripting *w)
{
        const struct link *l = w->links.v;
        bool is_changed = true;

        /* once for each step of the longest chain; a chain is text */
        while (is_changed) {
                is_changed = false;
                for (size_t i = 0; i < w->links.n; i++) {
                        struct sp_sql_lineage *out = &w->out[l[i].statement];

                        if (l[i].is_write && out->unresolved &&
                            !l[i].thing->is_doubtful) {
                                l[i].thing->is_doubtful = is_changed = true;
                        } else if (!l[i].is_write && l[i].thing->is_doubtful &&
                                   !out->unresolved) {
                                out->unresolved =
                                        "it reads what a statement leaves that could "
                                        "not be resolved";
                                is_changed = true;
                        }
                }
        }
}

/* ---- variables ---- */

struct sp_sql_variable *sp_sql_variable_add(struct sp_sql_scripting *w,
                                            struct sp_str name,
                                            const struct sp_sql_type *type)
{
        struct sp_sql_variable *v = sp_arena_new(w->r->arena, struct sp_sql_variable);

        if (!v)
                return sp_sql_resolver_no_memory(w->r);
        v->cell = sp_sql_sources_cell(w->r);
        v->value = v->cell ? sp_sql_value_new(w->r, type, v->cell) : NULL;
        if (!v->value)
                return NULL;
        v->link.text = name;
        v->link.is_folded = true;
        return sp_sql_scope_push(w->r->arena, &w->r->variables, &v->link)
                       ? v
                       : sp_sql_resolver_no_memory(w->r);
}

struct sp_sql_variable *sp_sql_variable_get(const struct sp_sql_resolver *r,
                                            struct sp_str name)
{
        /* made by sp_sql_variable_add */
        return (struct sp_sql_variable *)sp_sql_scope_find(r->variables, name);
}

const struct sp_sql_value *sp_sql_variable_find(struct sp_sql_resolver *r,
                                                struct sp_str name)
{
        struct sp_sql_variable *v = sp_sql_variable_get(r, name);

        if (!v)
                return NULL;
        if (!v->cell) /* a function's parameter: it is as good as the call */
                return v->value;
        return sp_sql_thing_read(r->script, &v->thing) ? v->value : NULL;
}

bool sp_sql_variable_assign(struct sp_sql_scripting *w, const struct sp_sql_node *name,
                            const struct sp_sql_value *value)
{
        struct sp_sql_variable *v = sp_sql_variable_get(w->r, name->text);

        if (!v)
                return sp_sql_unresolved(w->r, name->span, "Undeclared variable: %.*s",
                                         SP_FMT(name->text));
        if (!sp_sql_thing_written(w, &v->thing))
                return false;
        if (v->value->sources != v->cell) /* the row of a FOR: only what it was told */
                v->thing.is_doubtful = true;
        return value && sp_sql_sources_fill(w->r, v->cell, value->sources);
}

/* ---- names of tables ---- */

/* The parts joined by dots; a quoted part may have some inside. */
static struct sp_str path_text(struct sp_sql_resolver *r,
                               const struct sp_sql_node *path)
{
        struct sp_str text = path->first->text;

        for (const struct sp_sql_node *c = path->first->next; c; c = c->next) {
                text = sp_arena_printf(r->arena, "%.*s.%.*s", SP_FMT(text),
                                       SP_FMT(c->text));
                if (!text.p)
                        return text;
        }
        return text;
}

static size_t dots(struct sp_str s)
{
        size_t n = 0;

        for (size_t i = 0; i < s.n; i++)
                n += s.p[i] == '.';
        return n;
}

static struct sp_str qualified(struct sp_sql_resolver *r, struct sp_str name)
{
        size_t n = dots(name);

        if (n == 0 && r->default_dataset.n)
                name = sp_arena_printf(r->arena, "%.*s.%.*s",
                                       SP_FMT(r->default_dataset), SP_FMT(name));
        if (n <= 1 && name.p && r->default_project.n && dots(name) == 1)
                name = sp_arena_printf(r->arena, "%.*s.%.*s",
                                       SP_FMT(r->default_project), SP_FMT(name));
        if (!name.p)
                sp_sql_resolver_no_memory(r);
        return name;
}

/* The name of a TEMP table, as `t` or `_SESSION.t`. */
static bool is_session_name(struct sp_str name, struct sp_str *ret)
{
        struct sp_str head, tail;

        if (!sp_str_cut(name, '.', &head, &tail)) {
                *ret = name;
                return true;
        }
        if (!sp_str_caseeq(head, SP_STR("_SESSION")) || dots(tail))
                return false;
        *ret = tail;
        return true;
}

/* Table names are case-sensitive; whoever writes one in two ways is not understood. */
static const struct sp_sql_temp *find(const struct sp_sql_resolver *r,
                                      struct sp_str name, bool is_temporary)
{
        const struct sp_sql_temp *t = r->temps;

        while (t && (t->is_temporary != is_temporary || !sp_sql_name_eq(t->name, name)))
                t = t->next;
        return t;
}

static struct sp_sql_temp *push(struct sp_sql_scripting *w, struct sp_str name,
                                bool is_temporary, enum sp_sql_temp_state state)
{
        struct sp_sql_temp *t = sp_arena_new(w->r->arena, struct sp_sql_temp);

        if (!t)
                return sp_sql_resolver_no_memory(w->r);
        t->name = name;
        t->is_temporary = is_temporary;
        t->state = state;
        t->next = w->r->temps;
        w->r->temps = t;
        return t;
}

/* ---- reading ---- */

/* `d.events_*` reads whatever begins so, and may have been made here. */
static bool matches_made(const struct sp_sql_resolver *r, struct sp_str name)
{
        struct sp_str prefix = sp_str_sub(name, 0, name.n ? name.n - 1 : 0);

        if (!sp_str_ends(name, SP_STR("*")))
                return false;
        for (const struct sp_sql_temp *t = r->temps; t; t = t->next)
                if (!t->is_temporary && sp_sql_name_starts(t->name, prefix))
                        return true;
        return false;
}

static const struct sp_sql_relation *use(struct sp_sql_resolver *r,
                                         const struct sp_sql_temp *t,
                                         const struct sp_sql_node *path,
                                         struct sp_str name)
{
        if (t->state != SP_SQL_TEMP_KNOWN || !t->relation || !sp_str_eq(t->name, name))
                return sp_sql_unresolved(r, path->span,
                                         "What table %.*s is at this place is not "
                                         "certain",
                                         SP_FMT(sp_str_sub(name, 0, 200)));
        return sp_sql_thing_read(r->script, (struct sp_sql_thing *)&t->thing)
                       ? t->relation
                       : NULL;
}

const struct sp_sql_relation *sp_sql_temp_find(struct sp_sql_resolver *r,
                                               const struct sp_sql_node *path)
{
        const struct sp_sql_scripting *w = r->script;
        const struct sp_sql_temp *t;
        struct sp_str name, session, full;
        bool is_short;

        if (!w || !path->first ||
            (!r->temps && !w->is_dynamic && !w->is_dataset_unsure))
                return NULL;
        name = path_text(r, path);
        full = name.p ? qualified(r, name) : name;
        if (!full.p)
                return sp_sql_resolver_no_memory(r);
        is_short = is_session_name(name, &session);
        t = is_short ? find(r, session, true) : NULL;
        if (t && (t->state != SP_SQL_TEMP_GONE || name.n != session.n))
                return use(r, t, path, session);
        if ((is_short && (w->is_dynamic || w->is_dataset_unsure)) ||
            (dots(name) == 1 && w->is_project_unsure))
                return sp_sql_unresolved(
                        r, path->span,
                        w->is_dynamic ? "%.*s may be a table that dynamic SQL made"
                                      : "The dataset of %.*s is not known",
                        SP_FMT(sp_str_sub(name, 0, 200)));
        t = find(r, full, false);
        if (t)
                return use(r, t, path, full);
        if (matches_made(r, full))
                return sp_sql_unresolved(r, path->span,
                                         "Tables that %.*s reads are made in the same "
                                         "script",
                                         SP_FMT(sp_str_sub(name, 0, 200)));
        return NULL;
}

/* ---- making ---- */

static const struct sp_sql_node *target_of(const struct sp_sql_node *s)
{
        const struct sp_sql_node *t = sp_sql_child(s, SP_SQL_N_TARGET);

        return t && t->first && t->first->first ? t : NULL;
}

bool sp_sql_temp_make(struct sp_sql_scripting *w, const struct sp_sql_node *create,
                      const struct sp_sql_relation *relation)
{
        const struct sp_sql_node *target = target_of(create);
        bool is_temporary = create->flags & SP_SQL_F_TEMP;
        enum sp_sql_temp_state state = SP_SQL_TEMP_KNOWN;
        struct sp_sql_sources **cells = NULL;
        struct sp_sql_temp *t;
        struct sp_str name;

        if (!target)
                return true;
        name = path_text(w->r, target->first);
        if (name.p && (!is_temporary || !is_session_name(name, &name)))
                name = qualified(w->r, name);
        if (!name.p)
                return sp_sql_resolver_no_memory(w->r);
        if (target->flags & SP_SQL_F_IF_EXISTS &&
            (!is_temporary || find(w->r, name, true)))
                state = SP_SQL_TEMP_UNSURE; /* it may be an older one */
        if (relation && state == SP_SQL_TEMP_KNOWN &&
            sp_sql_place(&w->written, NULL, sp_sql_implicit_alias(target->first))
                    ->is_used) {
                relation = sp_sql_relation_cells(w->r, relation, &cells);
                if (!relation)
                        return false;
        }
        t = push(w, name, is_temporary, state);
        if (!t)
                return false;
        t->relation = relation;
        t->cells = cells;
        return sp_sql_thing_written(w, &t->thing);
}

bool sp_sql_temp_mark(struct sp_sql_scripting *w, const struct sp_sql_node *path,
                      enum sp_sql_temp_state state)
{
        struct sp_str name = path_text(w->r, path), session;

        if (!name.p)
                return sp_sql_resolver_no_memory(w->r);
        if (is_session_name(name, &session) && find(w->r, session, true))
                return push(w, session, true, state) != NULL;
        name = qualified(w->r, name);
        return name.p && push(w, name, false, state);
}

bool sp_sql_temp_write(struct sp_sql_scripting *w, const struct sp_sql_node *path,
                       const struct sp_sql_relation *relation)
{
        struct sp_str name = path_text(w->r, path), session;
        const struct sp_sql_temp *t = NULL;
        const struct sp_sql_column *to;

        if (!name.p)
                return sp_sql_resolver_no_memory(w->r);
        if (is_session_name(name, &session))
                t = find(w->r, session, true);
        if (!t) {
                name = qualified(w->r, name);
                t = name.p ? find(w->r, name, false) : NULL;
        }
        if (!t || t->state != SP_SQL_TEMP_KNOWN)
                return !w->r->code;
        if (!sp_sql_thing_written(w, (struct sp_sql_thing *)&t->thing))
                return false;
        for (size_t i = 0; relation && t->cells && i < relation->n; i++) {
                const struct sp_sql_column *from = &relation->columns[i];

                if (sp_sql_relation_find(w->r, t->relation, from->name, &to) == 1 &&
                    !sp_sql_sources_fill(w->r, t->cells[to - t->relation->columns],
                                         from->value->sources))
                        return false;
        }
        return true;
}

/* ---- branches and loops ---- */

/* Whatever the block makes or drops is there or not when it begins again. */
static bool mark_made(struct sp_sql_scripting *w, const struct sp_sql_node *n)
{
        for (const struct sp_sql_node *c = n->first; c; c = c->next) {
                const struct sp_sql_node *t;

                if (c->kind != SP_SQL_N_STATEMENT && c->kind != SP_SQL_N_BLOCK)
                        continue;
                t = c->kind == SP_SQL_N_STATEMENT ? target_of(c) : NULL;
                if (t && (c->op == SP_SQL_CREATE || c->op == SP_SQL_DROP ||
                          c->op == SP_SQL_ALTER || c->op == SP_SQL_LOAD)) {
                        struct sp_str name = path_text(w->r, t->first), session;

                        if (!name.p)
                                return sp_sql_resolver_no_memory(w->r);
                        if (c->flags & SP_SQL_F_TEMP &&
                            is_session_name(name, &session) &&
                            !push(w, session, true, SP_SQL_TEMP_UNSURE))
                                return false;
                        if (!(c->flags & SP_SQL_F_TEMP) &&
                            !sp_sql_temp_mark(w, t->first, SP_SQL_TEMP_UNSURE))
                                return false;
                }
                if (!mark_made(w, c))
                        return false;
        }
        return true;
}

bool sp_sql_block_begin(struct sp_sql_scripting *w, const struct sp_sql_node *block,
                        bool is_loop)
{
        w->conditional++;
        return !is_loop || mark_made(w, block);
}

/* One unsure entry for each name that the block touched. */
bool sp_sql_block_end(struct sp_sql_scripting *w, const struct sp_sql_temp *before)
{
        const struct sp_sql_temp *made = w->r->temps;
        struct sp_sql_places seen[2]; /* by name: stored, TEMP */
        size_t n = 0;

        w->conditional--;
        for (const struct sp_sql_temp *t = made; t != before; t = t->next)
                n++;
        if (!n)
                return true;
        if (!sp_sql_places_new(w->r, &seen[0], n) ||
            !sp_sql_places_new(w->r, &seen[1], n))
                return false;
        w->r->temps = before;
        for (const struct sp_sql_temp *t = made; t != before; t = t->next) {
                struct sp_sql_place *p =
                        sp_sql_place(&seen[t->is_temporary], NULL, t->name);

                if (p->is_used)
                        continue;
                *p = (struct sp_sql_place){ NULL, t->name, 0, true };
                if (!push(w, t->name, t->is_temporary, SP_SQL_TEMP_UNSURE))
                        return false;
        }
        return true;
}
