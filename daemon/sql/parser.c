/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/sql/parser.h"

#include <stdarg.h>
#include <stdio.h>

void *sp_sql_vector_add(struct sp_arena *a, struct sp_sql_vector *v, size_t size)
{
        if (v->n == v->capacity) {
                size_t capacity = v->capacity ? v->capacity * 2 : 8;
                void *grown = sp_arena_array(a, capacity, size);

                if (!grown)
                        return NULL;
                if (v->n)
                        memcpy(grown, v->v, v->n * size);
                v->v = grown;
                v->capacity = capacity;
        }
        return (char *)v->v + v->n++ * size;
}

static void fail(struct sp_sql_parser *p, uint32_t at, const char *prefix,
                 const char *fmt, va_list ap)
{
        unsigned line, column;
        char what[256];

        if (p->code)
                return;
        vsnprintf(what, sizeof(what), fmt, ap);
        sp_sql_position(p->text, at, &line, &column);
        p->code = sp_err_set_at(p->err, -EINVAL, "sql.syntax", "sql", line, column,
                                "%s%s", prefix, what);
}

void *sp_sql_fail(struct sp_sql_parser *p, uint32_t at, const char *fmt, ...)
{
        va_list ap;

        va_start(ap, fmt);
        fail(p, at, "Syntax error: ", fmt, ap);
        va_end(ap);
        return NULL;
}

void *sp_sql_invalid(struct sp_sql_parser *p, uint32_t at, const char *fmt, ...)
{
        va_list ap;

        va_start(ap, fmt);
        fail(p, at, "", fmt, ap);
        va_end(ap);
        return NULL;
}

void *sp_sql_unsupported(struct sp_sql_parser *p, uint32_t at, const char *what)
{
        unsigned line, column;

        if (p->code)
                return NULL;
        sp_sql_position(p->text, at, &line, &column);
        p->code = sp_err_set_at(p->err, -ENOTSUP, "sql.unsupported", "sql", line,
                                column, "%s is not supported", what);
        return NULL;
}

void *sp_sql_no_memory(struct sp_sql_parser *p)
{
        if (!p->code)
                p->code =
                        sp_err_set(p->err, -ENOMEM, "sql.memory", "", "out of memory");
        return NULL;
}

/* The token as an error shows it: `keyword FROM`, `identifier "x"`, `")"`. */
static void describe(const struct sp_sql_parser *p, const struct sp_sql_token *t,
                     char *to, size_t size)
{
        struct sp_str s =
                sp_str_sub(sp_str(p->text.p, p->text.n), t->start, t->end - t->start);
        const char *more = s.n > 50 ? "..." : "";

        s = sp_str_sub(s, 0, 50);
        switch (t->type) {
        case SP_SQL_T_END:
                snprintf(to, size, "end of %s",
                         p->is_script && !p->is_body ? "script" : "statement");
                break;
        case SP_SQL_T_WORD:
                if (t->keyword)
                        snprintf(to, size, "keyword %s",
                                 sp_sql_keyword_name(t->keyword));
                else
                        snprintf(to, size, "identifier \"%.*s\"%s", SP_FMT(s), more);
                break;
        case SP_SQL_T_QUOTED:
                snprintf(to, size, "identifier %.*s%s", SP_FMT(s), more);
                break;
        case SP_SQL_T_INT:
                snprintf(to, size, "integer literal \"%.*s\"%s", SP_FMT(s), more);
                break;
        case SP_SQL_T_FLOAT:
                snprintf(to, size, "floating point literal \"%.*s\"%s", SP_FMT(s),
                         more);
                break;
        case SP_SQL_T_STRING:
                snprintf(to, size, "string literal %.*s%s", SP_FMT(s), more);
                break;
        case SP_SQL_T_BYTES:
                snprintf(to, size, "bytes literal %.*s%s", SP_FMT(s), more);
                break;
        default:
                snprintf(to, size, "\"%.*s\"", SP_FMT(s));
        }
}

void *sp_sql_unexpected(struct sp_sql_parser *p)
{
        const struct sp_sql_token *t = sp_sql_token_at(p, 0);
        char got[120];

        describe(p, t, got, sizeof(got));
        return sp_sql_fail(p, t->start, "Unexpected %s", got);
}

void *sp_sql_expected(struct sp_sql_parser *p, const char *what)
{
        const struct sp_sql_token *t = sp_sql_token_at(p, 0);
        char got[120];

        describe(p, t, got, sizeof(got));
        return sp_sql_fail(p, t->start, "Expected %s but got %s", what, got);
}

bool sp_sql_enter(struct sp_sql_parser *p)
{
        if (p->depth < SP_SQL_DEPTH_MAX) {
                p->depth++;
                return !p->code;
        }
        if (!p->code)
                p->code = sp_err_set(p->err, -E2BIG, "sql.limit", "",
                                     "nested deeper than %d levels", SP_SQL_DEPTH_MAX);
        p->depth++; /* the caller leaves in either case */
        return false;
}

bool sp_sql_need(struct sp_sql_parser *p, unsigned type)
{
        char what[8] = { '"', (char)type, '"', 0 };

        if (sp_sql_take(p, type))
                return true;
        sp_sql_expected(p, what);
        return false;
}

bool sp_sql_need_kw(struct sp_sql_parser *p, unsigned k)
{
        char what[48];

        if (sp_sql_take_kw(p, k))
                return true;
        snprintf(what, sizeof(what), "keyword %s", sp_sql_keyword_name(k));
        sp_sql_expected(p, what);
        return false;
}

struct sp_sql_node *sp_sql_node_at(struct sp_sql_parser *p, enum sp_sql_node_kind kind,
                                   uint32_t start)
{
        struct sp_sql_node *n;

        if (p->n_nodes >= SP_SQL_NODES_MAX) {
                if (!p->code)
                        p->code = sp_err_set(p->err, -E2BIG, "sql.limit", "",
                                             "more than %d nodes in the syntax tree",
                                             SP_SQL_NODES_MAX);
                return NULL;
        }
        n = sp_arena_new(p->arena, struct sp_sql_node);
        if (!n)
                return sp_sql_no_memory(p);
        p->n_nodes++;
        n->kind = (uint8_t)kind;
        n->span = (struct sp_sql_span){ start, start };
        return n;
}

struct sp_sql_node *sp_sql_node_new(struct sp_sql_parser *p, enum sp_sql_node_kind kind)
{
        return sp_sql_node_at(p, kind, sp_sql_here(p));
}

bool sp_sql_add(struct sp_sql_node *to, struct sp_sql_node *child)
{
        if (!child)
                return false;
        if (to->last)
                to->last->next = child;
        else
                to->first = child;
        to->last = child;
        return true;
}
