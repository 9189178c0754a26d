/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "daemon/base/buf.h"
#include "tests/fuzz/sql_catalog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ARENA_MAX (1024 * 1024 * 1024)

static void require(bool ok)
{
        if (!ok)
                abort();
}

/* ---- one answer ---- */

/* "a.b" inside a column of structs, or of arrays of them */
static bool has_field(const struct sp_sql_type *t, struct sp_str path)
{
        while (path.n) {
                const char *dot = memchr(path.p, '.', path.n);
                struct sp_str head =
                        sp_str_sub(path, 0, dot ? (size_t)(dot - path.p) : path.n);
                size_t i = 0;

                while (t->kind == SP_SQL_TYPE_ARRAY)
                        t = t->element;
                if (t->kind != SP_SQL_TYPE_STRUCT)
                        return t->kind == SP_SQL_TYPE_UNKNOWN ||
                               t->kind == SP_SQL_TYPE_JSON;
                while (i < t->n_fields && !sp_str_caseeq(t->fields[i].name, head))
                        i++;
                if (i == t->n_fields)
                        return false;
                t = t->fields[i].type;
                path = dot ? sp_str_sub(path, head.n + 1, path.n) : SP_STR_NULL;
        }
        return true;
}

static int compare(const struct sp_sql_source *a, const struct sp_sql_source *b)
{
        int c = sp_str_cmp(a->table, b->table);

        if (c == 0)
                c = sp_str_cmp(a->column, b->column);
        return c ? c : sp_str_cmp(a->field, b->field);
}

/* Sorted, each once, and all of them stored columns of the catalogue. */
static void check_sources(const struct sp_sql_catalog *catalog,
                          const struct sp_sql_source *s, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                const struct sp_sql_catalog_table *t =
                        sp_sql_catalog_find(catalog, s[i].table);
                size_t column = 0;

                require(t && sp_sql_catalog_column(t, s[i].column, &column));
                require(has_field(t->columns[column].type, s[i].field));
                require(i == 0 || compare(&s[i - 1], &s[i]) < 0);
        }
}

static void check_lineage(const struct sp_sql_catalog *catalog,
                          const struct sp_sql_lineage *l, size_t size)
{
        if (l->unresolved) {
                require(l->unresolved[0] && l->n_outputs == 0 && l->n_filters == 0);
                require(l->unresolved_at.start <= l->unresolved_at.end &&
                        l->unresolved_at.end <= size);
                return;
        }
        require(l->has_outputs || l->n_outputs == 0);
        check_sources(catalog, l->filters, l->n_filters);
        for (size_t i = 0; i < l->n_outputs; i++) {
                require(l->outputs[i].type != NULL);
                check_sources(catalog, l->outputs[i].sources, l->outputs[i].n_sources);
        }
}

/* ---- lineage beside facts ---- */

/* `name` is the first of the table's parts joined by dots, or that in the default
 * dataset. Not all of them: FROM d.t.arr is listed as it is written. */
static bool is_named(const struct sp_sql_table *t, struct sp_str dataset,
                     struct sp_str name)
{
        size_t i = 0;

        if (name.n > dataset.n &&
            sp_str_caseeq(sp_str_sub(name, 0, dataset.n), dataset) &&
            sp_str_caseeq(sp_str_sub(name, dataset.n + 1, name.n), t->parts[0]))
                return true;
        for (; i < t->n_parts && name.n &&
               sp_str_caseeq(sp_str_sub(name, 0, t->parts[i].n), t->parts[i]);
             i++)
                name = sp_str_sub(name, t->parts[i].n + 1, name.n);
        return i > 0 && name.n == 0;
}

static void check_named(const struct sp_sql_statement *st, struct sp_str dataset,
                        const struct sp_sql_source *s, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                size_t k = 0;

                while (k < st->n_tables &&
                       !is_named(&st->tables[k], dataset, s[i].table))
                        k++;
                require(k < st->n_tables);
        }
}

/* The policy is asked about the tables of the facts: a query reads from no other. */
static void check_facts(const struct sp_sql_statement *st, struct sp_str dataset,
                        const struct sp_sql_lineage *l)
{
        check_named(st, dataset, l->filters, l->n_filters);
        for (size_t i = 0; i < l->n_outputs; i++)
                check_named(st, dataset, l->outputs[i].sources,
                            l->outputs[i].n_sources);
}

/* ---- the same query in other words ---- */

static bool same_sources(const struct sp_sql_output *a, const struct sp_sql_output *b)
{
        if (a->n_sources != b->n_sources)
                return false;
        for (size_t i = 0; i < a->n_sources; i++)
                if (compare(&a->sources[i], &b->sources[i]) != 0)
                        return false;
        return true;
}

/* `text`, a query, with `head` before and `tail` behind it reads the same columns. */
static void check_wrapped(struct sp_arena *a, const struct sp_sql_resolve_options *o,
                          struct sp_str text, const struct sp_sql_lineage *plain,
                          const char *head, const char *tail)
{
        struct sp_buf b = SP_BUF_INIT(2 * SP_SQL_TEXT_MAX);
        struct sp_sql_script *script;
        struct sp_sql_lineage *l;
        struct sp_err err = SP_ERR_NULL;

        require(sp_buf_addf(&b, "%s%.*s\n%s", head, SP_FMT(text), tail) == 0);
        if (sp_sql_parse_one(a, sp_buf_str(&b), &script, &err) == 0) {
                require(sp_sql_resolve(a, script, o, &l, &err) == 0);
                if (!l[0].unresolved && l[0].n_outputs == plain->n_outputs)
                        for (size_t i = 0; i < plain->n_outputs; i++)
                                require(same_sources(&l[0].outputs[i],
                                                     &plain->outputs[i]));
        }
        sp_buf_done(&b);
}

static void check_script(struct sp_arena *a, const struct sp_sql_resolve_options *o,
                         struct sp_str text, const struct sp_sql_script *script)
{
        const struct sp_sql_statement *st = script->statements;
        struct sp_sql_lineage *l;
        struct sp_err err = SP_ERR_NULL;

        require(sp_sql_resolve(a, script, o, &l, &err) == 0);
        for (size_t i = 0; i < script->n_statements; i++)
                check_lineage(o->catalog, &l[i], text.n);
        if (script->n_statements == 1 && !l[0].unresolved &&
            strcmp(st->kind, "Query") == 0) {
                check_facts(st, o->default_dataset, &l[0]);
                text = sp_str_sub(text, st->span.start, st->span.end - st->span.start);
                check_wrapped(a, o, text, &l[0], "SELECT * FROM (", ")");
                check_wrapped(a, o, text, &l[0], "WITH zz_q AS (",
                              ") SELECT * FROM zz_q");
                check_wrapped(a, o, text, &l[0], "(", ") |> WHERE TRUE");
        }
}

/* Read once: a resolver changes nothing in it. */
static const struct sp_sql_catalog *the_catalog(void)
{
        static struct sp_arena a = SP_ARENA_INIT(ARENA_MAX);
        static struct sp_sql_catalog *catalog;
        struct sp_err err = SP_ERR_NULL;

        if (!catalog)
                require(sp_sql_catalog_read(&a, sp_str_c(sql_catalog), &catalog,
                                            &err) == 0);
        return catalog;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct sp_arena a = SP_ARENA_INIT(ARENA_MAX);
        struct sp_sql_resolve_options o = { .catalog = the_catalog(),
                                            .default_dataset = SP_STR("shop") };
        struct sp_str text = sp_str((const char *)data, size);
        struct sp_sql_script *script;
        struct sp_err err = SP_ERR_NULL;

        if (sp_sql_parse(&a, text, &script, &err) == 0)
                check_script(&a, &o, text, script);
        sp_arena_done(&a);
        return 0;
}
