/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/sql/parser.h"

static struct sp_sql_node *name_from_token(struct sp_sql_parser *p)
{
        const struct sp_sql_token *t = sp_sql_token_at(p, 0);
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_NAME);

        if (!n)
                return NULL;
        if (sp_sql_decode(p->arena, p->text, t, &n->text) < 0)
                return sp_sql_no_memory(p);
        if (t->type == SP_SQL_T_QUOTED)
                n->flags |= SP_SQL_F_QUOTED;
        sp_sql_advance(p);
        return sp_sql_end(p, n);
}

struct sp_sql_node *sp_sql_parse_name(struct sp_sql_parser *p)
{
        if (!sp_sql_is_name(p))
                return sp_sql_unexpected(p);
        return name_from_token(p);
}

static bool is_any_word(const struct sp_sql_token *t)
{
        return t->type == SP_SQL_T_WORD || t->type == SP_SQL_T_QUOTED;
}

/* `.name` as often as it is there; any word may follow a dot. */
static bool parse_later_parts(struct sp_sql_parser *p, struct sp_sql_node *path)
{
        while (sp_sql_is(p, '.') && is_any_word(sp_sql_token_at(p, 1))) {
                sp_sql_advance(p);
                if (!sp_sql_add(path, name_from_token(p)))
                        return false;
        }
        return true;
}

struct sp_sql_node *sp_sql_parse_path(struct sp_sql_parser *p)
{
        struct sp_sql_node *path = sp_sql_node_new(p, SP_SQL_N_PATH);

        if (!path || !sp_sql_add(path, sp_sql_parse_name(p)) ||
            !parse_later_parts(p, path))
                return NULL;
        return sp_sql_end(p, path);
}

/* A path that nothing but a path may be: a dot needs a name behind it. */
struct sp_sql_node *sp_sql_parse_whole_path(struct sp_sql_parser *p)
{
        struct sp_sql_node *path = sp_sql_parse_path(p);

        if (!path || !sp_sql_is(p, '.'))
                return path;
        sp_sql_advance(p);
        return sp_sql_unexpected(p);
}

/* a.b.(c.d)[e].f of a protocol buffer, or (a.b).c: where a value goes */
struct sp_sql_node *sp_sql_parse_field_path(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_CLAUSE);
        bool is_name = !sp_sql_is(p, '(');

        if (!n)
                return NULL;
        for (;;) {
                if (sp_sql_take(p, '(')) {
                        if (!sp_sql_parse_whole_path(p) || !sp_sql_need(p, ')'))
                                return NULL;
                } else if (!is_any_word(sp_sql_token_at(p, 0)) ||
                           (is_name && !sp_sql_is_name(p))) {
                        return sp_sql_unexpected(p);
                } else {
                        sp_sql_advance(p);
                }
                is_name = false;
                while (sp_sql_take(p, '['))
                        if (!sp_sql_add(n, sp_sql_parse_expr(p)) ||
                            !sp_sql_need(p, ']'))
                                return NULL;
                if (!sp_sql_take(p, '.'))
                        return sp_sql_end(p, n);
        }
}

static bool is_word_byte(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               (c >= '0' && c <= '9') || c == '_';
}

/* End of `word-word-1a` in the text, or `start` when there is no dash in it. */
static uint32_t scan_dashed(const struct sp_sql_parser *p, uint32_t start)
{
        uint32_t i = start, end = start;

        for (;;) {
                uint32_t part = i;

                while (i < p->text.n && is_word_byte(p->text.p[i]))
                        i++;
                if (i == part)
                        break;
                end = i;
                if (i >= p->text.n || p->text.p[i] != '-')
                        break;
                i++;
        }
        return memchr(p->text.p + start, '-', end - start) ? end : start;
}

/* The first part of a table's path: `my-project-1.d.t`. The tokens were cut without
 * knowing of it, so the part is read from the text and the cursor moved behind it. A
 * number takes the dot along (`1.`): then the dot is spent. */
static struct sp_sql_node *parse_dashed(struct sp_sql_parser *p, uint32_t end,
                                        bool *has_dot)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_NAME);
        uint32_t start = sp_sql_here(p);

        if (!n)
                return NULL;
        while (sp_sql_token_at(p, 0)->type != SP_SQL_T_END &&
               sp_sql_token_at(p, 0)->end <= end)
                sp_sql_advance(p);
        if (sp_sql_here(p) < end) {
                if (sp_sql_token_at(p, 0)->end != end + 1 || p->text.p[end] != '.')
                        return sp_sql_unexpected(p);
                sp_sql_advance(p);
                *has_dot = true;
        }
        n->text = sp_str(p->text.p + start, end - start);
        n->span.end = end;
        return n;
}

/* What FROM refuses with a better word stays for it: t.(x) */
static struct sp_sql_node *parse_plain_path(struct sp_sql_parser *p)
{
        struct sp_sql_node *path = sp_sql_parse_path(p);

        if (!path || !sp_sql_is(p, '.') || sp_sql_is_at(p, 1, '('))
                return path;
        sp_sql_advance(p);
        return sp_sql_unexpected(p);
}

struct sp_sql_node *sp_sql_parse_table_path(struct sp_sql_parser *p)
{
        const struct sp_sql_token *t = sp_sql_token_at(p, 0);
        struct sp_sql_node *path;
        bool has_dot = false;
        uint32_t end;

        if (t->type != SP_SQL_T_WORD || !sp_sql_token_is_name(t) ||
            !sp_sql_is_at(p, 1, '-') || sp_sql_token_at(p, 1)->start != t->end)
                return parse_plain_path(p);
        end = scan_dashed(p, t->start);
        if (end == t->start)
                return parse_plain_path(p);
        path = sp_sql_node_new(p, SP_SQL_N_PATH);
        if (!path || !sp_sql_add(path, parse_dashed(p, end, &has_dot)))
                return NULL;
        if (has_dot) {
                if (!is_any_word(sp_sql_token_at(p, 0)))
                        return sp_sql_unexpected(p);
                if (!sp_sql_add(path, name_from_token(p)))
                        return NULL;
        }
        if (!parse_later_parts(p, path))
                return NULL;
        return sp_sql_end(p, path);
}

bool sp_sql_parse_alias(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        uint32_t start = sp_sql_here(p);
        struct sp_sql_node *alias;

        if (!take_kw(p, AS) && !sp_sql_is_name(p))
                return true;
        alias = sp_sql_parse_name(p);
        if (!alias)
                return false;
        alias->kind = SP_SQL_N_ALIAS;
        alias->flags = 0;
        alias->span.start = start;
        return sp_sql_add(to, alias);
}

/* name = value; a hint may be meant for one engine: spanner.name = value */
static bool parse_entry(struct sp_sql_parser *p, struct sp_sql_node *to, bool is_hint)
{
        struct sp_sql_node *e = sp_sql_node_new(p, SP_SQL_N_CLAUSE);

        if (!e)
                return false;
        if (!sp_sql_is_name(p) && !kw(p, HASH) && !kw(p, PROTO) && !kw(p, PARTITION)) {
                if (is_hint || to->first)
                        sp_sql_unexpected(p);
                else
                        sp_sql_expected(p, "\")\"");
                return false;
        }
        if (sp_sql_decode(p->arena, p->text, sp_sql_token_at(p, 0), &e->text) < 0) {
                sp_sql_no_memory(p);
                return false;
        }
        sp_sql_advance(p);
        if (is_hint && sp_sql_is(p, '.') && is_any_word(sp_sql_token_at(p, 1))) {
                sp_sql_advance(p);
                sp_sql_advance(p);
        }
        if (!(!is_hint && (sp_sql_take(p, SP_SQL_T_ADD_ASSIGN) ||
                           sp_sql_take(p, SP_SQL_T_SUB_ASSIGN))) &&
            !sp_sql_need(p, '='))
                return false;
        /* reserved words as values: OPTIONS(format = PROTO) by the grammar; a hint's
         * join_method = hash, which it refuses, is harmless and written all the same */
        if (is_hint ? take_kw(p, HASH) : take_kw(p, PROTO))
                return sp_sql_add(to, sp_sql_end(p, e));
        return sp_sql_add(e, sp_sql_parse_expr(p)) && sp_sql_add(to, sp_sql_end(p, e));
}

bool sp_sql_parse_hint(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        struct sp_sql_node *h;

        if (!sp_sql_is(p, '@') ||
            !(sp_sql_is_at(p, 1, SP_SQL_T_INT) || sp_sql_is_at(p, 1, '{')))
                return true;
        h = sp_sql_node_new(p, SP_SQL_N_HINT);
        if (!h)
                return false;
        sp_sql_advance(p);
        if (sp_sql_take(p, SP_SQL_T_INT)) {
                if (!(sp_sql_is(p, '@') && sp_sql_is_at(p, 1, '{')))
                        return sp_sql_add(to, sp_sql_end(p, h));
                sp_sql_advance(p);
        }
        sp_sql_advance(p);
        do
                if (!parse_entry(p, h, true))
                        return false;
        while (sp_sql_take(p, ','));
        return sp_sql_need(p, '}') && sp_sql_add(to, sp_sql_end(p, h));
}

bool sp_sql_parse_option_list(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        struct sp_sql_node *o = sp_sql_node_new(p, SP_SQL_N_OPTIONS);

        if (!o || !sp_sql_need(p, '('))
                return false;
        if (!sp_sql_is(p, ')')) {
                do
                        if (!parse_entry(p, o, false))
                                return false;
                while (sp_sql_take(p, ','));
        }
        return sp_sql_need(p, ')') && sp_sql_add(to, sp_sql_end(p, o));
}

bool sp_sql_parse_options(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        if (!take_kw(p, OPTIONS))
                return true;
        return sp_sql_parse_option_list(p, to);
}

struct sp_sql_node *sp_sql_parse_name_list(struct sp_sql_parser *p)
{
        struct sp_sql_node *list = sp_sql_node_new(p, SP_SQL_N_LIST);

        if (!list || !sp_sql_need(p, '('))
                return NULL;
        do
                if (!sp_sql_add(list, sp_sql_parse_name(p)))
                        return NULL;
        while (sp_sql_take(p, ','));
        return sp_sql_need(p, ')') ? sp_sql_end(p, list) : NULL;
}

bool sp_sql_parse_path_list(struct sp_sql_parser *p)
{
        if (!sp_sql_need(p, '('))
                return false;
        do
                if (!sp_sql_parse_path(p))
                        return false;
        while (sp_sql_take(p, ','));
        return sp_sql_need(p, ')');
}

struct sp_sql_node *sp_sql_parse_string(struct sp_sql_parser *p)
{
        if (!sp_sql_is(p, SP_SQL_T_STRING))
                return sp_sql_expected(p, "string literal");
        return sp_sql_parse_primary(p);
}

bool sp_sql_parse_expr_list(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        do
                if (!sp_sql_add(to, sp_sql_parse_expr(p)))
                        return false;
        while (sp_sql_take(p, ','));
        return true;
}

bool sp_sql_parse_opaque(struct sp_sql_parser *p, struct sp_sql_node *to,
                         const char *name)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_OPAQUE);

        if (!n)
                return false;
        n->text = sp_str_c(name);
        return sp_sql_add(to, n);
}
