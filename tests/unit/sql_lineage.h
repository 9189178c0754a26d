/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/unit/sql_lineage — tables of "statement: what reaches which column".
 *
 * A statement is written `name<-t.c,t.d other<- ? t.e`: its outputs with their sources, then
 * the columns that decide. `_` is an anonymous column, `-` a statement without outputs,
 * `!` one that is not resolved, with the reason where a row asks for it. Statements of a
 * script are separated by " | ". Tables of the default dataset p.d are named without it.
 */
#pragma once

#include "tests/test.h"

#include <errno.h>

#include "daemon/sql/lineage.h"

#define ARENA_MAX (64 * 1024 * 1024)

static const char catalog_json[] =
        "{\"tables\":{"
        "\"p.d.customers\":[{\"name\":\"id\",\"type\":\"INT64\"},"
        "{\"name\":\"name\",\"type\":\"STRING\"},{\"name\":\"ssn\",\"type\":\"STRING\"}"
        ","
        "{\"name\":\"address\",\"type\":\"STRUCT<city STRING, zip STRING>\"},"
        "{\"name\":\"tags\",\"type\":\"ARRAY<STRING>\"},"
        "{\"name\":\"lines\",\"type\":\"ARRAY<STRUCT<sku STRING, qty INT64>>\"}],"
        "\"p.d.orders\":[{\"name\":\"id\",\"type\":\"INT64\"},"
        "{\"name\":\"customer\",\"type\":\"INT64\"},"
        "{\"name\":\"amount\",\"type\":\"NUMERIC\"},{\"name\":\"day\",\"type\":"
        "\"DATE\"},"
        "{\"name\":\"note\",\"type\":\"STRING\"}],"
        "\"p.d.pairs\":[{\"name\":\"k\",\"type\":\"INT64\"},"
        "{\"name\":\"v\",\"type\":\"STRING\"}],"
        "\"p.e.pairs\":[{\"name\":\"k\",\"type\":\"INT64\"},"
        "{\"name\":\"secret\",\"type\":\"STRING\"}],"
        "\"p.d.quarters\":[{\"name\":\"product\",\"type\":\"STRING\"},"
        "{\"name\":\"q1\",\"type\":\"INT64\"},{\"name\":\"q2\",\"type\":\"INT64\"},"
        "{\"name\":\"q3\",\"type\":\"INT64\"},{\"name\":\"q4\",\"type\":\"INT64\"}],"
        "\"p.d.people\":[{\"name\":\"id\",\"type\":\"INT64\"},"
        "{\"name\":\"name\",\"type\":\"STRING\"},"
        "{\"name\":\"home\",\"type\":\"STRUCT<street STRING, city STRUCT<name STRING, "
        "zip STRING>>\"},"
        "{\"name\":\"tags\",\"type\":\"ARRAY<STRING>\"},"
        "{\"name\":\"baskets\",\"type\":\"ARRAY<STRUCT<sku STRING, price NUMERIC, "
        "parts "
        "ARRAY<STRUCT<n INT64, note STRING>>>>\"},"
        "{\"name\":\"props\",\"type\":\"JSON\"}],"
        "\"p.d.staff\":[{\"name\":\"id\",\"type\":\"INT64\"},"
        "{\"name\":\"name\",\"type\":\"STRING\"},{\"name\":\"boss\",\"type\":\"INT64\"}"
        ","
        "{\"name\":\"pay\",\"type\":\"NUMERIC\"}],"
        "\"p.d.t\":[{\"name\":\"a\",\"type\":\"INT64\"},{\"name\":\"b\",\"type\":"
        "\"STRING\"},"
        "{\"name\":\"c\",\"type\":\"FLOAT64\"}],"
        "\"p.d.u\":[{\"name\":\"a\",\"type\":\"INT64\"},{\"name\":\"d\",\"type\":"
        "\"STRING\"},"
        "{\"name\":\"e\",\"type\":\"DATE\"}],"
        "\"p.d.odd\":[{\"name\":\"x\",\"type\":null},{\"name\":\"MONTH\",\"type\":"
        "\"INT64\"},"
        "{\"name\":\"_partitiondate\",\"type\":\"DATE\"}],"
        "\"p.d.empty\":[],"
        "\"p.d.unicode\":[{\"name\":\"größe\",\"type\":\"INT64\"},"
        "{\"name\":\"Ô\",\"type\":\"STRUCT<`straße` STRING, n INT64>\"},"
        "{\"name\":\"id\",\"type\":\"INT64\"}],"
        "\"p.d.twins\":[{\"name\":\"å\",\"type\":\"INT64\"},"
        "{\"name\":\"Å\",\"type\":\"INT64\"},{\"name\":\"id\",\"type\":\"INT64\"}],"
        "\"p.crm.accounts\":[{\"name\":\"iban\",\"type\":\"STRING\"},"
        "{\"name\":\"owner\",\"type\":\"INT64\"}],"
        "\"p.crm.INFORMATION_SCHEMA.TABLES\":[{\"name\":\"table_name\",\"type\":"
        "\"STRING\"}],"
        "\"p.logs.events_*\":[{\"name\":\"day\",\"type\":\"DATE\"},"
        "{\"name\":\"payload\",\"type\":\"STRING\"}]}}";

struct lineage_row {
        const char *sentence, *sql, *expected;
};

struct shown {
        char text[4096];
        size_t n;
};

static void show(struct shown *to, const char *fmt, ...) sp_printf(2, 3);
static void show(struct shown *to, const char *fmt, ...)
{
        va_list ap;
        int n;

        va_start(ap, fmt);
        n = vsnprintf(to->text + to->n, sizeof(to->text) - to->n, fmt, ap);
        va_end(ap);
        assert_true(n >= 0 && (size_t)n < sizeof(to->text) - to->n);
        to->n += (size_t)n;
}

static void show_sources(struct shown *to, const struct sp_sql_source *s, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                struct sp_str table = s[i].table, prefix = SP_STR("p.d.");

                if (sp_str_starts(table, prefix))
                        table = sp_str_sub(table, prefix.n, table.n);
                show(to, "%s%.*s.%.*s%s%.*s", i ? "," : "", SP_FMT(table),
                     SP_FMT(s[i].column), s[i].field.n ? "." : "", SP_FMT(s[i].field));
        }
}

static void show_statement(struct shown *to, const struct sp_sql_lineage *l,
                           bool with_reason)
{
        if (l->unresolved) {
                show(to, "!%s", with_reason ? l->unresolved : "");
                return;
        }
        if (!l->has_outputs)
                show(to, "-");
        for (size_t i = 0; i < l->n_outputs; i++) {
                const struct sp_sql_output *o = &l->outputs[i];

                show(to, "%s%.*s<-", i ? " " : "",
                     SP_FMT(o->name.n ? o->name : SP_STR("_")));
                show_sources(to, o->sources, o->n_sources);
        }
        if (l->n_filters) {
                show(to, " ? ");
                show_sources(to, l->filters, l->n_filters);
        }
}

static void lineage_of(const char *sql, bool with_reason, struct shown *to)
{
        struct sp_arena a = SP_ARENA_INIT(ARENA_MAX);
        struct sp_sql_resolve_options o = { .default_project = SP_STR("p"),
                                            .default_dataset = SP_STR("d") };
        struct sp_sql_catalog *catalog;
        struct sp_sql_script *script;
        struct sp_sql_lineage *l;
        struct sp_err err = { 0 };

        to->n = 0;
        to->text[0] = '\0';
        assert_int_equal(
                sp_sql_catalog_read(&a, sp_str_c(catalog_json), &catalog, &err), 0);
        o.catalog = catalog;
        if (sp_sql_parse(&a, sp_str_c(sql), &script, &err) < 0) {
                show(to, "%s: %s", err.where, err.what);
        } else {
                assert_int_equal(sp_sql_resolve(&a, script, &o, &l, &err), 0);
                for (size_t i = 0; i < script->n_statements; i++) {
                        show(to, "%s", i ? " | " : "");
                        show_statement(to, &l[i], with_reason);
                }
        }
        sp_arena_done(&a);
}

static void check_lineage(const struct lineage_row *rows, size_t n)
{
        struct shown got;
        size_t wrong = 0;

        for (size_t i = 0; i < n; i++) {
                const char *reason = strchr(rows[i].expected, '!');

                lineage_of(rows[i].sql, reason && reason[1] > ' ', &got);
                if (strcmp(got.text, rows[i].expected) == 0)
                        continue;
                print_error("%s:\n  %s\n  want %s\n  got  %s\n", rows[i].sentence,
                            rows[i].sql, rows[i].expected, got.text);
                wrong++;
        }
        assert_int_equal(wrong, 0);
}
