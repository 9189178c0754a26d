/* SPDX-License-Identifier: Apache-2.0 */
/* Query parameters and system variables: @name, ?, @@a.b. */
#include "daemon/sql/parser.h"

#include <string.h>

static bool note_parameter(struct sp_sql_parser *p, struct sp_str name)
{
        struct sp_str *one;
        char *lower;
        size_t at;

        if (sp_sql_index_find(&p->named_index, p->named.v, sizeof(*one), name, &at))
                return true;
        if (p->named.n >= SP_SQL_NAMES_MAX) {
                if (!p->code)
                        p->code = sp_err_set(p->err, -E2BIG, "sql.limit", "",
                                             "more than %d named parameters",
                                             SP_SQL_NAMES_MAX);
                return false;
        }
        lower = sp_arena_alloc(p->arena, name.n + 1);
        one = sp_sql_vector_add(p->arena, &p->named, sizeof(*one));
        if (!lower || !one) {
                sp_sql_no_memory(p);
                return false;
        }
        for (size_t i = 0; i < name.n; i++) {
                char c = name.p[i];

                lower[i] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
        }
        *one = sp_str(lower, name.n);
        if (!sp_sql_index_add(p->arena, &p->named_index, p->named.v, sizeof(*one))) {
                sp_sql_no_memory(p);
                return false;
        }
        return true;
}

static bool is_word(const struct sp_sql_parser *p, size_t ahead)
{
        return sp_sql_is_at(p, ahead, SP_SQL_T_WORD) ||
               sp_sql_is_at(p, ahead, SP_SQL_T_QUOTED);
}

/* name.name…, decoded; at the first name */
static struct sp_sql_node *parse_system_variable(struct sp_sql_parser *p,
                                                 struct sp_sql_node *n)
{
        const struct sp_sql_token *first = sp_sql_token_at(p, 0);
        size_t more = 1, size;
        struct sp_str part;
        char *to;

        while (sp_sql_is_at(p, more, '.') && is_word(p, more + 1))
                more += 2;
        size = sp_sql_token_at(p, more - 1)->end - first->start;
        to = sp_arena_alloc(p->arena, size);
        if (!to)
                return sp_sql_no_memory(p);
        n->text = sp_str(to, 0);
        for (; more--; sp_sql_advance(p)) {
                if (sp_sql_is(p, '.'))
                        part = SP_STR(".");
                else if (sp_sql_decode(p->arena, p->text, sp_sql_token_at(p, 0),
                                       &part) < 0)
                        return sp_sql_no_memory(p);
                memcpy(to + n->text.n, part.p, part.n);
                n->text.n += part.n;
        }
        return sp_sql_end(p, n);
}

struct sp_sql_node *sp_sql_parse_parameter(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_PARAM);

        if (!n)
                return NULL;
        if (sp_sql_take(p, '?')) {
                struct sp_sql_span *at =
                        sp_sql_vector_add(p->arena, &p->positional, sizeof(*at));

                if (!at)
                        return sp_sql_no_memory(p);
                *at = sp_sql_end(p, n)->span;
                return n;
        }
        if (sp_sql_is(p, SP_SQL_T_SYSTEM))
                n->kind = SP_SQL_N_SYSTEM;
        sp_sql_advance(p);
        if (!is_word(p, 0))
                return sp_sql_unexpected(p);
        if (n->kind == SP_SQL_N_SYSTEM)
                return parse_system_variable(p, n);
        if (sp_sql_decode(p->arena, p->text, sp_sql_token_at(p, 0), &n->text) < 0)
                return sp_sql_no_memory(p);
        sp_sql_advance(p);
        return note_parameter(p, n->text) ? sp_sql_end(p, n) : NULL;
}
