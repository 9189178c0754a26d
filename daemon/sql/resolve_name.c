/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a name in an expression means: a column or a table's alias of the innermost scope
 * that has it; else a variable, a pseudo column, a function without parentheses.
 */
#include "daemon/sql/resolve.h"

static const struct sp_sql_value *plain(struct sp_sql_resolver *r,
                                        enum sp_sql_type_kind kind)
{
        return sp_sql_value_new(r, sp_sql_type_simple(kind), NULL);
}

static void *unrecognized(struct sp_sql_resolver *r, const struct sp_sql_node *path)
{
        struct sp_str text = sp_str_sub(r->text, path->span.start,
                                        path->span.end - path->span.start);

        return sp_sql_unresolved(r, path->span, "Unrecognized name: %.*s",
                                 SP_FMT(sp_str_sub(text, 0, 120)));
}

static const struct sp_sql_value *pseudo_column(struct sp_sql_resolver *r,
                                                struct sp_str name, unsigned pseudo)
{
        static const struct {
                const char *name;
                unsigned of;
                enum sp_sql_type_kind type;
        } all[] = {
                { "_PARTITIONTIME", SP_SQL_PSEUDO_STORED, SP_SQL_TYPE_TIMESTAMP },
                { "_PARTITIONDATE", SP_SQL_PSEUDO_STORED, SP_SQL_TYPE_DATE },
                { "_FILE_NAME", SP_SQL_PSEUDO_STORED, SP_SQL_TYPE_STRING },
                { "_TABLE_SUFFIX", SP_SQL_PSEUDO_WILDCARD, SP_SQL_TYPE_STRING },
        };

        if (!name.n || name.p[0] != '_')
                return NULL;
        for (size_t i = 0; i < SP_ARRAY_SIZE(all); i++)
                if (all[i].of & pseudo && sp_str_caseeq(name, sp_str_c(all[i].name)))
                        return plain(r, all[i].type);
        return NULL;
}

/* Functions that need no parentheses, when no column has their name. */
enum sp_sql_type_kind sp_sql_bare_function(struct sp_str name)
{
        static const struct {
                const char *name;
                enum sp_sql_type_kind type;
        } all[] = {
                { "CURRENT_DATE", SP_SQL_TYPE_DATE },
                { "CURRENT_DATETIME", SP_SQL_TYPE_DATETIME },
                { "CURRENT_TIME", SP_SQL_TYPE_TIME },
                { "CURRENT_TIMESTAMP", SP_SQL_TYPE_TIMESTAMP },
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(all); i++)
                if (sp_str_caseeq(name, sp_str_c(all[i].name)))
                        return all[i].type;
        return SP_SQL_TYPE_UNKNOWN;
}

const struct sp_sql_value *sp_sql_value_member(struct sp_sql_resolver *r,
                                               const struct sp_sql_value *v,
                                               struct sp_str name,
                                               struct sp_sql_span at)
{
        const struct sp_sql_type *t;

        if (!v || v->type->kind != SP_SQL_TYPE_ARRAY)
                return sp_sql_value_field(r, v, name, at);
        while (v && v->type->kind == SP_SQL_TYPE_ARRAY)
                v = sp_sql_value_element(r, v);
        v = sp_sql_value_field(r, v, name, at);
        if (!v || v->type->kind == SP_SQL_TYPE_ARRAY)
                return v;
        t = sp_sql_type_array(r->arena, v->type);
        return t ? sp_sql_value_new(r, t, v->sources) : sp_sql_resolver_no_memory(r);
}

/* range.name; *next: what of the path is left */
static const struct sp_sql_value *in_range(struct sp_sql_resolver *r,
                                           const struct sp_sql_range *range,
                                           const struct sp_sql_node **next)
{
        const struct sp_sql_node *name = *next;
        const struct sp_sql_column *column;
        const struct sp_sql_value *v;

        if (!name || range->relation->is_value_table) {
                for (size_t i = 0; i < range->relation->n; i++)
                        if (!sp_sql_use(r, range->relation->columns[i].value))
                                return NULL;
                return sp_sql_range_value(r, range);
        }
        *next = name->next;
        switch (sp_sql_relation_find(r, range->relation, name->text, &column)) {
        case 0:
                v = pseudo_column(r, name->text, range->relation->pseudo);
                if (v || r->code || r->unresolved)
                        return v;
                return sp_sql_unresolved(r, name->span,
                                         "Name %.*s not found inside %.*s",
                                         SP_FMT(sp_str_sub(name->text, 0, 120)),
                                         SP_FMT(sp_str_sub(range->name, 0, 120)));
        case 1:
                return sp_sql_use(r, column->value) ? column->value : NULL;
        default:
                return sp_sql_unresolved(r, name->span,
                                         "Name %.*s is ambiguous inside %.*s",
                                         SP_FMT(sp_str_sub(name->text, 0, 120)),
                                         SP_FMT(sp_str_sub(range->name, 0, 120)));
        }
}

/* A name that no scope has. */
static const struct sp_sql_value *without_scope(struct sp_sql_resolver *r,
                                                const struct sp_sql_node *path,
                                                const struct sp_sql_unsure *unsure)
{
        struct sp_str name = path->first->text;
        const struct sp_sql_value *v = sp_sql_variable_find(r, name);

        if (!v && !r->code)
                v = pseudo_column(r, name, unsure->pseudo);
        if (!v && !r->code && path->first == path->last)
                if (sp_sql_bare_function(name) != SP_SQL_TYPE_UNKNOWN)
                        v = plain(r, sp_sql_bare_function(name));
        if (!v && !r->code)
                v = sp_sql_lateral_find(r, name);
        if (!v && !r->code && !r->unresolved && unsure->is_row)
                v = plain(r, SP_SQL_TYPE_UNKNOWN);
        return v || r->code ? v : unrecognized(r, path);
}

const struct sp_sql_value *sp_sql_resolve_name(struct sp_sql_resolver *r,
                                               const struct sp_sql_names *names,
                                               const struct sp_sql_node *path)
{
        const struct sp_sql_node *first = path->first, *next = first->next;
        const struct sp_sql_column *column = NULL;
        const struct sp_sql_range *range = NULL;
        const struct sp_sql_value *v = NULL;
        struct sp_sql_unsure unsure = { 0 };

        switch (sp_sql_names_find_all(r, names, first->text, &column, &range,
                                      &unsure)) {
        case SP_SQL_FOUND_COLUMN:
                v = sp_sql_use(r, column->value) ? column->value : NULL;
                break;
        case SP_SQL_FOUND_RANGE:
                v = in_range(r, range, &next);
                break;
        case SP_SQL_FOUND_AMBIGUOUS:
                return sp_sql_unresolved(r, first->span,
                                         "Column name %.*s is ambiguous",
                                         SP_FMT(sp_str_sub(first->text, 0, 120)));
        case SP_SQL_FOUND_NONE:
                v = without_scope(r, path, &unsure);
                break;
        }
        if (unsure.is_name)
                return sp_sql_unresolved(r, first->span,
                                         "Whose name %.*s is is not certain",
                                         SP_FMT(sp_str_sub(first->text, 0, 120)));
        if (v && unsure.is_row && !r->code)
                v = sp_sql_value_new(
                        r, sp_sql_type_simple(SP_SQL_TYPE_UNKNOWN),
                        sp_sql_sources_join(r, v->sources, unsure.sources));
        for (; v && next; next = next->next)
                v = sp_sql_value_member(r, v, next->text, next->span);
        return v;
}
