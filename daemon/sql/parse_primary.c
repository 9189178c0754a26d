/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/sql/parser.h"

static struct sp_sql_node *parse_number(struct sp_sql_parser *p)
{
        const struct sp_sql_token *t = sp_sql_token_at(p, 0);
        struct sp_sql_node *n = sp_sql_node_new(
                p, t->type == SP_SQL_T_INT ? SP_SQL_N_INT : SP_SQL_N_FLOAT);

        if (!n)
                return NULL;
        /* `1.BEGIN` is 1. and an alias; behind a digit a word may not begin */
        if (t->is_glued && p->text.p[t->end - 1] != '.')
                return sp_sql_fail(p, t->end,
                                   "Missing whitespace between literal and alias");
        n->text = sp_str(p->text.p + t->start, t->end - t->start);
        sp_sql_advance(p);
        return sp_sql_end(p, n);
}

/* One or more adjacent literals of the same sort are one value. */
static struct sp_sql_node *parse_quoted(struct sp_sql_parser *p)
{
        unsigned type = sp_sql_token_at(p, 0)->type;
        struct sp_sql_node *n = sp_sql_node_new(
                p, type == SP_SQL_T_STRING ? SP_SQL_N_STRING : SP_SQL_N_BYTES);
        struct sp_str s, joined;
        uint32_t end = 0;
        size_t first = p->at, total = 0, many;
        char *to;

        if (!n)
                return NULL;
        while (sp_sql_is(p, type)) {
                if (end && sp_sql_here(p) == end)
                        return sp_sql_fail(
                                p, end,
                                "concatenated %s literals must be separated by "
                                "whitespace or comments",
                                type == SP_SQL_T_STRING ? "string" : "bytes");
                end = sp_sql_token_at(p, 0)->end;
                sp_sql_advance(p);
        }
        if (sp_sql_is(p, SP_SQL_T_STRING) || sp_sql_is(p, SP_SQL_T_BYTES))
                return sp_sql_fail(p, sp_sql_here(p),
                                   "string and bytes literals cannot be concatenated.");
        many = p->at - first;
        for (size_t i = 0; i < many; i++)
                total += p->tokens[first + i].end - p->tokens[first + i].start;
        to = many > 1 ? sp_arena_alloc(p->arena, total) : NULL;
        if (many > 1 && !to)
                return sp_sql_no_memory(p);
        joined = sp_str(to, 0);
        for (size_t i = 0; i < many; i++) {
                if (sp_sql_decode(p->arena, p->text, &p->tokens[first + i], &s) < 0)
                        return sp_sql_no_memory(p);
                if (many == 1) {
                        joined = s;
                } else if (s.n) {
                        memcpy(to + joined.n, s.p, s.n);
                        joined.n += s.n;
                }
        }
        n->text = joined;
        return sp_sql_end(p, n);
}

static struct sp_sql_node *parse_word(struct sp_sql_parser *p,
                                      enum sp_sql_node_kind kind)
{
        struct sp_sql_node *n = sp_sql_node_new(p, kind);

        if (!n)
                return NULL;
        sp_sql_advance(p);
        return sp_sql_end(p, n);
}

static struct sp_sql_node *parse_case(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_CASE), *arm;

        if (!n)
                return NULL;
        sp_sql_advance(p);
        if (!kw(p, WHEN)) {
                n->op = 1;
                if (!sp_sql_add(n, sp_sql_parse_expr(p)))
                        return NULL;
        }
        if (!kw(p, WHEN))
                return sp_sql_expected(p, "keyword WHEN");
        while (kw(p, WHEN)) {
                arm = sp_sql_node_new(p, SP_SQL_N_WHEN);
                if (!arm)
                        return NULL;
                sp_sql_advance(p);
                if (!sp_sql_add(arm, sp_sql_parse_expr(p)) || !need_kw(p, THEN) ||
                    !sp_sql_add(arm, sp_sql_parse_expr(p)))
                        return NULL;
                sp_sql_add(n, sp_sql_end(p, arm));
        }
        if (kw(p, ELSE)) {
                arm = sp_sql_node_new(p, SP_SQL_N_ELSE);
                if (!arm)
                        return NULL;
                sp_sql_advance(p);
                if (!sp_sql_add(arm, sp_sql_parse_expr(p)))
                        return NULL;
                sp_sql_add(n, sp_sql_end(p, arm));
        }
        return need_kw(p, END) ? sp_sql_end(p, n) : NULL;
}

static bool parse_time_zone(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        if (!take_kw(p, AT))
                return true;
        return need_kw(p, TIME) && need_kw(p, ZONE) &&
               sp_sql_add(n, sp_sql_parse_expr(p));
}

static struct sp_sql_node *parse_cast(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_CAST);

        if (!n)
                return NULL;
        n->op = kw(p, SAFE_CAST);
        sp_sql_advance(p);
        if (sp_sql_is(p, '(') && kw_at(p, 1, SELECT))
                return sp_sql_fail(p, sp_sql_token_at(p, 1)->start,
                                   "The argument to %s is an expression, not a query; "
                                   "to use a query as an expression, the query must be "
                                   "wrapped with additional parentheses to make it a "
                                   "scalar subquery expression",
                                   n->op ? "SAFE_CAST" : "CAST");
        if (!sp_sql_need(p, '(') || !sp_sql_add(n, sp_sql_parse_expr(p)) ||
            !need_kw(p, AS) || !sp_sql_add(n, sp_sql_parse_type(p)))
                return NULL;
        if (take_kw(p, FORMAT) &&
            (!sp_sql_add(n, sp_sql_parse_expr(p)) || !parse_time_zone(p, n)))
                return NULL;
        return sp_sql_need(p, ')') ? sp_sql_end(p, n) : NULL;
}

static struct sp_sql_node *parse_extract(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_EXTRACT);

        if (!n)
                return NULL;
        sp_sql_advance(p);
        if (!sp_sql_need(p, '(') || !sp_sql_add(n, sp_sql_parse_expr(p)) ||
            !need_kw(p, FROM) || !sp_sql_add(n, sp_sql_parse_expr(p)) ||
            !parse_time_zone(p, n) || !sp_sql_need(p, ')'))
                return NULL;
        return sp_sql_end(p, n);
}

static struct sp_sql_node *parse_interval(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_INTERVAL), *part;

        if (!n)
                return NULL;
        sp_sql_advance(p);
        if (!sp_sql_add(n, sp_sql_parse_expr(p)))
                return NULL;
        part = sp_sql_parse_name(p);
        if (!part || (take_kw(p, TO) && !sp_sql_parse_name(p)))
                return NULL;
        n->text = part->text;
        return sp_sql_end(p, n);
}

static struct sp_sql_node *parse_exists(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_SUBQUERY);

        if (!n)
                return NULL;
        n->op = SP_KW_EXISTS;
        sp_sql_advance(p);
        if (!sp_sql_parse_hint(p, n))
                return NULL;
        if (sp_sql_is(p, '{'))
                return sp_sql_parse_graph_subquery(p, n);
        if (!sp_sql_add(n, sp_sql_parse_query_paren(p)))
                return NULL;
        return sp_sql_end(p, n);
}

static bool parse_elements(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        if (!sp_sql_need(p, '['))
                return false;
        if (!sp_sql_is(p, ']') && !sp_sql_parse_expr_list(p, n))
                return false;
        return sp_sql_need(p, ']');
}

static struct sp_sql_node *parse_array(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_ARRAY);

        if (!n)
                return NULL;
        if (kw(p, ARRAY) && sp_sql_is_at(p, 1, '{')) {
                n->kind = SP_SQL_N_SUBQUERY;
                n->op = SP_KW_ARRAY;
                sp_sql_advance(p);
                return sp_sql_parse_graph_subquery(p, n);
        }
        if (kw(p, ARRAY) && sp_sql_is_at(p, 1, '(')) {
                n->kind = SP_SQL_N_SUBQUERY;
                n->op = SP_KW_ARRAY;
                sp_sql_advance(p);
                return sp_sql_add(n, sp_sql_parse_query_paren(p)) ? sp_sql_end(p, n)
                                                                  : NULL;
        }
        if (kw(p, ARRAY) && sp_sql_is_at(p, 1, '<')) {
                if (!sp_sql_add(n, sp_sql_parse_bare_type(p)))
                        return NULL;
        } else if (take_kw(p, ARRAY) && !sp_sql_is(p, '[')) {
                return sp_sql_expected(p, "\"(\" or \"<\" or \"[\"");
        }
        return parse_elements(p, n) ? sp_sql_end(p, n) : NULL;
}

/* name: value, path: value, (extension): value, name { … } */
static bool parse_braced_field(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        bool is_simple = sp_sql_is_name(p) && !sp_sql_is_at(p, 1, '.') &&
                         !sp_sql_is_at(p, 1, '[');

        if (!sp_sql_add(n,
                        is_simple ? sp_sql_parse_name(p) : sp_sql_parse_field_path(p)))
                return false;
        if (!sp_sql_take(p, '*'))
                (void)sp_sql_take(p, '?');
        if (sp_sql_is(p, '{'))
                return sp_sql_add(n, sp_sql_parse_braced(p));
        return sp_sql_need(p, ':') && sp_sql_add(n, sp_sql_parse_expr(p));
}

/* { field, … } behind STRUCT; the commas may be left out */
struct sp_sql_node *sp_sql_parse_braced(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_BRACED);
        bool ok = sp_sql_enter(p) && n && sp_sql_need(p, '{');

        while (ok && !sp_sql_is(p, '}')) {
                ok = parse_braced_field(p, n);
                if (ok && !sp_sql_take(p, ',') && sp_sql_is(p, '('))
                        ok = sp_sql_unexpected(p);
        }
        ok = ok && sp_sql_need(p, '}');
        sp_sql_leave(p);
        return ok ? sp_sql_end(p, n) : NULL;
}

/* value [AS name], value AS (extension.path) */
static bool parse_new_argument(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        struct sp_sql_node *item = sp_sql_node_new(p, SP_SQL_N_ITEM);

        if (!item || !sp_sql_add(item, sp_sql_parse_expr(p)))
                return false;
        if (kw(p, AS) && sp_sql_is_at(p, 1, '(')) {
                sp_sql_advance(p);
                sp_sql_advance(p);
                if (!sp_sql_parse_whole_path(p) || !sp_sql_need(p, ')'))
                        return false;
        } else if (kw(p, AS) && !sp_sql_parse_alias(p, item)) {
                return false;
        }
        sp_sql_add(n, sp_sql_end(p, item));
        if (sp_sql_is(p, ',') || sp_sql_is(p, ')'))
                return true;
        sp_sql_expected(p, "\")\" or \",\"");
        return false;
}

/* NEW type ( … ), NEW type { … }: a protocol buffer, which BigQuery does not have. It
 * stands in the tree as a STRUCT. */
static struct sp_sql_node *parse_new(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_STRUCT), *type, *path;

        if (!n)
                return NULL;
        sp_sql_advance(p);
        type = sp_sql_node_new(p, SP_SQL_N_TYPE);
        path = sp_sql_parse_whole_path(p);
        if (!type || !path || !sp_sql_parse_opaque(p, type, "proto"))
                return NULL;
        type->text =
                sp_str(p->text.p + path->span.start, path->span.end - path->span.start);
        sp_sql_add(n, sp_sql_end(p, type));
        if (sp_sql_is(p, '{'))
                return sp_sql_add(n, sp_sql_parse_braced(p)) ? sp_sql_end(p, n) : NULL;
        if (!sp_sql_need(p, '('))
                return NULL;
        if (!sp_sql_is(p, ')'))
                do
                        if (!parse_new_argument(p, n))
                                return NULL;
                while (sp_sql_take(p, ','));
        return sp_sql_need(p, ')') ? sp_sql_end(p, n) : NULL;
}

static struct sp_sql_node *parse_struct(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_STRUCT), *item;
        bool is_typed;

        if (!n)
                return NULL;
        is_typed = sp_sql_is_at(p, 1, '<') || sp_sql_is_at(p, 1, SP_SQL_T_NE);
        if (is_typed) {
                if (!sp_sql_add(n, sp_sql_parse_bare_type(p)))
                        return NULL;
        } else {
                sp_sql_advance(p);
        }
        if (sp_sql_is(p, '{'))
                return sp_sql_add(n, sp_sql_parse_braced(p)) ? sp_sql_end(p, n) : NULL;
        if (!sp_sql_need(p, '('))
                return NULL;
        while (!sp_sql_is(p, ')')) {
                item = sp_sql_node_new(p, SP_SQL_N_ITEM);
                if (!item || !sp_sql_add(item, sp_sql_parse_expr(p)) ||
                    (kw(p, AS) && !sp_sql_parse_alias(p, item)))
                        return NULL;
                sp_sql_add(n, sp_sql_end(p, item));
                if (!sp_sql_take(p, ','))
                        break;
                if (sp_sql_is(p, ')'))
                        return sp_sql_unexpected(p);
        }
        return sp_sql_need(p, ')') ? sp_sql_end(p, n) : NULL;
}

/* WITH(a AS expression, …, expression) */
static struct sp_sql_node *parse_with_expr(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_WITH_EXPR), *item;

        if (!n)
                return NULL;
        sp_sql_advance(p);
        sp_sql_advance(p);
        while (sp_sql_is_name(p) && kw_at(p, 1, AS)) {
                item = sp_sql_node_new(p, SP_SQL_N_ITEM);
                if (!item || !sp_sql_add(item, sp_sql_parse_name(p)) ||
                    !need_kw(p, AS) || !sp_sql_add(item, sp_sql_parse_expr(p)) ||
                    !sp_sql_need(p, ','))
                        return NULL;
                sp_sql_add(n, sp_sql_end(p, item));
        }
        if (!n->first)
                return sp_sql_unexpected(p);
        return sp_sql_add(n, sp_sql_parse_expr(p)) && sp_sql_need(p, ')')
                       ? sp_sql_end(p, n)
                       : NULL;
}

static bool is_typed_literal(const struct sp_sql_parser *p)
{
        switch (sp_sql_token_at(p, 0)->keyword) {
        case SP_KW_DATE:
        case SP_KW_DATETIME:
        case SP_KW_TIME:
        case SP_KW_TIMESTAMP:
        case SP_KW_NUMERIC:
        case SP_KW_DECIMAL:
        case SP_KW_BIGNUMERIC:
        case SP_KW_BIGDECIMAL:
        case SP_KW_JSON:
                return sp_sql_is_at(p, 1, SP_SQL_T_STRING);
        default:
                return false;
        }
}

static struct sp_sql_node *parse_typed(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_TYPED), *type;

        if (!n)
                return NULL;
        type = sp_sql_parse_bare_type(p);
        if (!type || !sp_sql_add(n, sp_sql_parse_string(p)))
                return NULL;
        n->text = type->text;
        return sp_sql_end(p, n);
}

struct sp_sql_node *sp_sql_parse_reserved_path(struct sp_sql_parser *p)
{
        struct sp_sql_node *path = sp_sql_node_new(p, SP_SQL_N_PATH),
                           *name = sp_sql_node_new(p, SP_SQL_N_NAME);

        if (!path || !name)
                return NULL;
        name->text = sp_str(p->text.p + name->span.start,
                            sp_sql_token_at(p, 0)->end - name->span.start);
        sp_sql_advance(p);
        sp_sql_add(path, sp_sql_end(p, name));
        return sp_sql_end(p, path);
}

/* Reserved words that are functions when `(` follows. */
static struct sp_sql_node *parse_reserved_call(struct sp_sql_parser *p)
{
        struct sp_sql_node *path = sp_sql_parse_reserved_path(p);

        if (path && !sp_sql_is(p, '('))
                return sp_sql_expected(p, "\"(\"");
        return sp_sql_parse_call(p, path);
}

static struct sp_sql_node *parse_name_or_call(struct sp_sql_parser *p)
{
        struct sp_sql_node *path;

        if (is_typed_literal(p))
                return parse_typed(p);
        if (kw(p, SAFE_CAST) && sp_sql_is_at(p, 1, '('))
                return parse_cast(p);
        if (kw(p, VALUE) && sp_sql_is_at(p, 1, '{')) { /* a graph's one value */
                path = sp_sql_node_new(p, SP_SQL_N_SUBQUERY);
                sp_sql_advance(p);
                return path ? sp_sql_parse_graph_subquery(p, path) : NULL;
        }
        path = sp_sql_parse_path(p);
        if (!path || !sp_sql_is(p, '('))
                return path;
        return sp_sql_is_word_path(path, SP_STR("REPLACE_FIELDS"))
                       ? sp_sql_parse_replace_fields(p, path)
                       : sp_sql_parse_call(p, path);
}

static struct sp_sql_node *parse_keyword_primary(struct sp_sql_parser *p)
{
        switch (sp_sql_token_at(p, 0)->keyword) {
        case SP_KW_TRUE:
                return parse_word(p, SP_SQL_N_TRUE);
        case SP_KW_FALSE:
                return parse_word(p, SP_SQL_N_FALSE);
        case SP_KW_NULL:
                return parse_word(p, SP_SQL_N_NULL);
        case SP_KW_CASE:
                return parse_case(p);
        case SP_KW_CAST:
                return parse_cast(p);
        case SP_KW_EXTRACT:
                return parse_extract(p);
        case SP_KW_INTERVAL:
                return parse_interval(p);
        case SP_KW_EXISTS:
                return parse_exists(p);
        case SP_KW_ARRAY:
                return parse_array(p);
        case SP_KW_STRUCT:
                return parse_struct(p);
        case SP_KW_RANGE:
                return sp_sql_is_at(p, 1, '<') ? parse_typed(p)
                                               : parse_reserved_call(p);
        case SP_KW_WITH:
                return sp_sql_is_at(p, 1, '(') ? parse_with_expr(p)
                                               : sp_sql_unexpected(p);
        case SP_KW_IF:
        case SP_KW_LEFT:
        case SP_KW_RIGHT:
        case SP_KW_GROUPING:
        case SP_KW_COLLATE:
                return parse_reserved_call(p);
        case SP_KW_NEW:
                return parse_new(p);
        default:
                return sp_sql_unexpected(p);
        }
}

struct sp_sql_node *sp_sql_parse_primary(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = p->operand;

        if (n) {
                p->operand = NULL;
                return n;
        }
        switch (sp_sql_token_at(p, 0)->type) {
        case SP_SQL_T_INT:
        case SP_SQL_T_FLOAT:
                return parse_number(p);
        case SP_SQL_T_STRING:
        case SP_SQL_T_BYTES:
                return parse_quoted(p);
        case '@':
        case '?':
        case SP_SQL_T_SYSTEM:
                return sp_sql_parse_parameter(p);
        case '(':
                return sp_sql_parse_paren(p);
        case '[':
                return parse_array(p);
        case '{':
                return sp_sql_parse_braced(p);
        default:
                return sp_sql_is_name(p) ? parse_name_or_call(p)
                                         : parse_keyword_primary(p);
        }
}
