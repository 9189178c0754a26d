/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "daemon/base/buf.h"
#include "daemon/sql/ast.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ARENA_MAX (1024 * 1024 * 1024)
/* Of the arena, for each byte of text: a token, some nodes and their lists grown twice. */
#define MEMORY_PER_BYTE 512

static void require(bool ok)
{
        if (!ok)
                abort();
}

static void check_span(struct sp_sql_span s, size_t size)
{
        require(s.start <= s.end && s.end <= size);
}

/* ---- the tree ---- */

static void check_node(const struct sp_sql_node *n, size_t size, unsigned depth)
{
        const struct sp_sql_node *last = NULL;

        require(depth < 16 * SP_SQL_DEPTH_MAX);
        check_span(n->span, size);
        for (const struct sp_sql_node *c = n->first; c; c = c->next) {
                check_node(c, size, depth + 1);
                last = c;
        }
        require(last == n->last);
}

/* ---- facts ---- */

static void check_table(const struct sp_sql_table *t, size_t size)
{
        require(t->n_parts > 0 && (t->is_read || t->is_target));
        for (size_t i = 0; i < t->n_parts; i++)
                require(t->parts[i].n > 0 &&
                        memchr(t->parts[i].p, '\0', t->parts[i].n) == NULL);
        check_span(t->path, size);
        check_span(t->span, size);
        require(t->path.start < t->path.end);
        require(t->span.start <= t->path.start && t->span.end >= t->path.end);
        if (t->has_alias) {
                check_span(t->alias_span, size);
                require(t->alias_span.start >= t->path.end && t->alias.n > 0);
        }
        if (t->is_time_travel) {
                check_span(t->system_time, size);
                require(t->system_time.end == t->span.end);
        }
}

static void check_statement(const struct sp_sql_statement *s, size_t size)
{
        require(s->kind && s->kind[0] && sp_sql_action_name(s->action) != NULL);
        require(s->action != SP_SQL_UNKNOWN);
        check_span(s->span, size);
        for (size_t i = 0; i < s->n_tables; i++) {
                check_table(&s->tables[i], size);
                require(i == 0 ||
                        s->tables[i - 1].path.start <= s->tables[i].path.start);
        }
        for (size_t i = 0; i < s->n_functions; i++) {
                require(s->functions[i].name.n > 0);
                check_span(s->functions[i].span, size);
        }
        for (size_t i = 0; i < s->n_opaque; i++)
                require(s->opaque[i] && s->opaque[i][0]);
}

static bool same_parts(const struct sp_sql_table *a, const struct sp_sql_table *b)
{
        if (a->n_parts != b->n_parts)
                return false;
        for (size_t i = 0; i < a->n_parts; i++)
                if (!sp_str_eq(a->parts[i], b->parts[i]))
                        return false;
        return true;
}

/* What is written at a table's place is its name and nothing else: masking puts a
 * subquery there. */
static void check_place(struct sp_arena *a, struct sp_str text,
                        const struct sp_sql_table *t)
{
        struct sp_buf b = SP_BUF_INIT(2 * SP_SQL_TEXT_MAX);
        struct sp_sql_script *s;
        struct sp_err err = SP_ERR_NULL;

        require(sp_buf_add(&b, SP_STR("SELECT 1 FROM ")) == 0);
        require(sp_buf_add(&b, sp_str_sub(text, t->path.start,
                                          t->path.end - t->path.start)) == 0);
        if (b.n <= SP_SQL_TEXT_MAX) {
                require(sp_sql_parse_one(a, sp_buf_str(&b), &s, &err) == 0);
                require(s->n_statements == 1 && s->statements[0].n_tables == 1);
                require(same_parts(&s->statements[0].tables[0], t));
        }
        sp_buf_done(&b);
}

static void check_script(struct sp_arena *a, const struct sp_sql_script *s,
                         struct sp_str text)
{
        size_t tables = 0;

        check_node(s->root, text.n, 0);
        for (size_t i = 0; i < s->n_statements; i++) {
                const struct sp_sql_statement *st = &s->statements[i];

                check_statement(st, text.n);
                for (size_t k = 0; k < st->n_tables && tables < 8; k++, tables++)
                        check_place(a, text, &st->tables[k]);
        }
        for (size_t i = 0; i < s->n_positional; i++) {
                check_span(s->positional[i], text.n);
                require(text.p[s->positional[i].start] == '?');
        }
}

static void check_same(const struct sp_sql_script *x, const struct sp_sql_script *y)
{
        require(x->n_statements == y->n_statements);
        for (size_t i = 0; i < x->n_statements; i++) {
                const struct sp_sql_statement *a = &x->statements[i],
                                              *b = &y->statements[i];

                require(strcmp(a->kind, b->kind) == 0 && a->action == b->action);
                require(a->n_tables == b->n_tables && a->n_opaque == b->n_opaque &&
                        a->n_functions == b->n_functions && a->where == b->where);
                for (size_t k = 0; k < a->n_tables; k++)
                        require(same_parts(&a->tables[k], &b->tables[k]));
        }
}

/* A comment behind the text changes nothing. */
static void check_tail(struct sp_arena *a, struct sp_str text, int r,
                       const struct sp_sql_script *script)
{
        struct sp_buf b = SP_BUF_INIT(2 * SP_SQL_TEXT_MAX);
        struct sp_sql_script *s;
        struct sp_err err = SP_ERR_NULL;

        require(sp_buf_add(&b, text) == 0);
        require(sp_buf_add(&b, SP_STR("\n#\n")) == 0);
        if (b.n <= SP_SQL_TEXT_MAX) {
                require(sp_sql_parse(a, sp_buf_str(&b), &s, &err) == r);
                if (r == 0)
                        check_same(script, s);
        }
        sp_buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct sp_arena a = SP_ARENA_INIT(ARENA_MAX);
        struct sp_str text = sp_str((const char *)data, size);
        struct sp_sql_script *script = NULL, *one = NULL;
        struct sp_err err = SP_ERR_NULL;
        int r = sp_sql_parse(&a, text, &script, &err);

        require(a.used_bytes <= 65536 + MEMORY_PER_BYTE * size);
        if (r == 0)
                check_script(&a, script, text);
        else
                require(script == NULL && err.id != NULL && err.code == r &&
                        r != -ENOMEM);
        check_tail(&a, text, r, script);
        /* a single statement must mean the same alone */
        if (sp_sql_parse_one(&a, text, &one, &err) == 0 && r == 0)
                check_same(one, script);
        sp_arena_done(&a);
        return 0;
}
