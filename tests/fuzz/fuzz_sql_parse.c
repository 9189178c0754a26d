/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "daemon/sql/sql.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
        if (!ok)
                abort();
}

static void check_span(struct sp_sql_span s, size_t size)
{
        require(s.start <= s.end && s.end <= size);
}

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct sp_arena a = SP_ARENA_INIT(256 * 1024 * 1024);
        struct sp_str text = sp_str((const char *)data, size);
        struct sp_sql_script *script = NULL, *one = NULL;
        struct sp_err err = SP_ERR_NULL;
        int r = sp_sql_parse(&a, text, &script, &err);

        if (r == 0) {
                for (size_t i = 0; i < script->n_statements; i++)
                        check_statement(&script->statements[i], size);
                for (size_t i = 0; i < script->n_positional; i++) {
                        check_span(script->positional[i], size);
                        require(data[script->positional[i].start] == '?');
                }
        } else {
                require(script == NULL && err.id != NULL && err.code == r);
        }
        /* a single statement must mean the same alone */
        if (sp_sql_parse_one(&a, text, &one, &err) == 0 && r == 0) {
                require(one->n_statements == script->n_statements);
                require(strcmp(one->statements[0].kind, script->statements[0].kind) ==
                        0);
                require(one->statements[0].n_tables == script->statements[0].n_tables);
        }
        sp_arena_done(&a);
        return 0;
}
