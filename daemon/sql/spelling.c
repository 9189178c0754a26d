/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/sql/spelling.h"

bool sp_sql_spelling_is_plain(struct sp_str text)
{
        return sp_sql_name_is_ascii(text) && !(text.n && memchr(text.p, '\\', text.n));
}

static void doubt(struct sp_sql_spellings *s, struct sp_str name, struct sp_str other)
{
        if (s->is_doubtful)
                return;
        s->is_doubtful = true;
        s->name = name;
        s->other = other;
}

static bool add_one(struct sp_sql_spellings *s, struct sp_str name)
{
        const struct sp_str *v = s->names.v;
        struct sp_str *to;
        size_t at;

        if (!name.n || s->is_doubtful)
                return true;
        if (!sp_sql_name_is_known(name))
                doubt(s, name, SP_STR_NULL);
        if (sp_sql_index_find(&s->index, s->names.v, sizeof(*v), name, &at)) {
                if (!sp_str_caseeq(v[at], name))
                        doubt(s, name, v[at]);
                return true;
        }
        to = sp_sql_vector_add(s->arena, &s->names, sizeof(*to));
        if (!to)
                return false;
        *to = name;
        return sp_sql_index_add(s->arena, &s->index, s->names.v, sizeof(*to));
}

/* `d.t` in one pair of backquotes may be a path. */
bool sp_sql_spelling_add(struct sp_sql_spellings *s, struct sp_str name)
{
        struct sp_str rest = name, part;

        while (sp_str_cut(rest, '.', &part, &rest))
                if (!add_one(s, part))
                        return false;
        return (part.n == name.n || add_one(s, part)) && add_one(s, name);
}

bool sp_sql_spelling_add_type(struct sp_sql_spellings *s, const struct sp_sql_type *t)
{
        while (t && !t->n_fields && t->element)
                t = t->element;
        for (size_t i = 0; t && i < t->n_fields; i++)
                if (!sp_sql_spelling_add(s, t->fields[i].name) ||
                    !sp_sql_spelling_add_type(s, t->fields[i].type))
                        return false;
        return true;
}

static bool has_name(const struct sp_sql_node *n, bool is_all)
{
        switch (n->kind) {
        case SP_SQL_N_INT:
        case SP_SQL_N_FLOAT:
        case SP_SQL_N_STRING:
        case SP_SQL_N_BYTES:
        case SP_SQL_N_TYPED:
        case SP_SQL_N_PARAM:
        case SP_SQL_N_SYSTEM:
        case SP_SQL_N_INTERVAL:
        case SP_SQL_N_TYPE: /* of a type that is built in, or not known */
        case SP_SQL_N_STATEMENT:
        case SP_SQL_N_OPAQUE:
                return false;
        case SP_SQL_N_FIELD:
                return is_all;
        default:
                return true;
        }
}

/* Children that are paths are expressions. Of what is not listed they may be tables. */
static bool holds_expressions(const struct sp_sql_node *n)
{
        switch (n->kind) {
        case SP_SQL_N_ITEM:
        case SP_SQL_N_WHERE:
        case SP_SQL_N_ON:
        case SP_SQL_N_UNNEST:
        case SP_SQL_N_WINDOW:
        case SP_SQL_N_ORDER:
        case SP_SQL_N_GROUP:
                return true;
        case SP_SQL_N_CLAUSE:
                return n->op == SP_KW_HAVING || n->op == SP_KW_QUALIFY;
        default:
                return n->kind >= SP_SQL_N_STAR && n->kind <= SP_SQL_N_PAREN;
        }
}

/* PIVOT and graphs make names of what stands in them. */
static bool makes_names(const struct sp_sql_node *n)
{
        return n->kind == SP_SQL_N_PIVOT || n->kind == SP_SQL_N_GRAPH;
}

/* The tree is as deep as the parser lets it be. */
bool sp_sql_spelling_add_tree(struct sp_sql_spellings *s, const struct sp_sql_node *n,
                              bool with_uses)
{
        bool is_all = with_uses || makes_names(n);

        for (const struct sp_sql_node *c = n->first; c; c = c->next) {
                bool is_function = n->kind == SP_SQL_N_CALL && c == n->first;

                if (c->kind == SP_SQL_N_PATH && !is_all && !is_function &&
                    holds_expressions(n))
                        continue;
                if (has_name(c, is_all) && !sp_sql_spelling_add(s, c->text))
                        return false;
                if (!sp_sql_spelling_add_tree(s, c, is_all))
                        return false;
        }
        return true;
}
