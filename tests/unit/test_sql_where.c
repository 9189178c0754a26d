/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include "daemon/sql/sql.h"

#define A SP_SQL_WHERE_ABSENT
#define T SP_SQL_WHERE_ALWAYS_TRUE
#define U SP_SQL_WHERE_UNPROVEN
#define S SP_SQL_WHERE_SELECTIVE

static const struct {
        const char *condition;
        enum sp_sql_where where;
} conditions[] = {
        { "TRUE", T },
        { "(((TRUE)))", T },
        { "FALSE", S },
        { "NULL", S },
        { "1 = 1", T },
        { "1 != 1", S },
        { "1 < 2", T },
        { "2 + 3 * 2 = 8", T },
        { "'a' = 'a'", T },
        { "'a' 'b' = 'ab'", T },
        { "NOT FALSE", T },
        { "NOT NOT TRUE", T },
        { "x = x", T },
        { "t.x = x", T },
        { "x = X", T },
        { "x <= x", T },
        { "x != x", S },
        { "NOT x != x", T },
        { "x = x OR x IS NULL", T },
        { "x IS NULL OR x IS NOT NULL", T },
        { "x = 1 OR x != 1", T },
        { "x = 1 OR NOT (x = 1)", T },
        { "x < 5 OR x >= 5", T },
        { "x < 5 OR 3 < x", T },
        { "x < 5 OR x > 5", S },
        { "x != 1 OR x != 2", T },
        { "x IN (1) OR x NOT IN (1)", T },
        { "TRUE OR x = 5", T },
        { "x = 5 OR 1 = 1", T },
        { "1 = 1 AND x = 5", S },
        { "x = x AND y = y", T },
        { "x = 5", S },
        { "5 = x", S },
        { "x > 5", S },
        { "(x, y) = (x, y)", T },
        { "x = y", S },
        { "x + 0 = x", U },
        { "CONCAT(x, '') = x", U },
        { "x = @p", S },
        { "x >= @p", U },
        { "x != @p", U },
        { "@p", U },
        { "@p = @q", U },
        { "@p = 1", U },
        { "@p OR x = 5", U },
        { "@p AND x = 5", S },
        { "?", U },
        { "(SELECT TRUE)", T },
        { "(SELECT 1) = 1", T },
        { "(SELECT MAX(x) FROM u) = 1", U },
        { "EXISTS (SELECT 1)", T },
        { "NOT EXISTS (SELECT 1)", S },
        { "EXISTS (SELECT 1 FROM u)", U },
        { "NOT EXISTS (SELECT 1 FROM u)", U },
        { "EXISTS (SELECT 1 FROM u LIMIT 0)", U },
        { "x IN UNNEST([x])", T },
        { "x IN UNNEST([1, 2])", S },
        { "x IN UNNEST(@p)", U },
        { "1 IN (1)", T },
        { "1 IN (2, 1)", T },
        { "1 IN (2)", S },
        { "1 NOT IN (2)", T },
        { "x IN (1, 2)", S },
        { "x IN (1, x)", T },
        { "x IN (@p)", S },
        { "x IN (SELECT x)", T },
        { "x IN (SELECT y FROM u)", U },
        { "TRUE IN (x = x)", T },
        { "x BETWEEN x AND x", T },
        { "2 BETWEEN 1 AND 3", T },
        { "x BETWEEN 1 AND 3", S },
        { "x BETWEEN @p AND @q", U },
        { "x LIKE '%'", T },
        { "x LIKE '%%'", T },
        { "x LIKE x", T },
        { "x LIKE 'a%'", S },
        { "x LIKE @p", U },
        { "x LIKE ANY ('%')", U },
        { "x IS NOT DISTINCT FROM x", T },
        { "x IS NOT NULL", U },
        { "x IS NULL", S },
        { "1 IS NOT NULL", T },
        { "[x] IS NOT NULL", T },
        { "(x = x) IS TRUE", T },
        { "(x = x) IS NOT FALSE", T },
        { "(x = 5) = TRUE", S },
        { "(x = x) = TRUE", T },
        { "IFNULL(x = x, TRUE)", T },
        { "IFNULL(x = 5, TRUE)", U },
        { "IFNULL(x = 5, FALSE)", S },
        { "COALESCE(NULL, TRUE)", T },
        { "COALESCE(x = x, FALSE)", T },
        { "IF(x = 5, TRUE, TRUE)", T },
        { "IF(x = 5, TRUE, FALSE)", S },
        { "IF(TRUE, TRUE, FALSE)", T },
        { "IF(FALSE, FALSE, TRUE)", T },
        { "CASE WHEN x = 5 THEN TRUE ELSE TRUE END", T },
        { "CASE WHEN x = 5 THEN TRUE ELSE FALSE END", S },
        { "CASE WHEN TRUE THEN TRUE END", T },
        { "CASE WHEN x = 5 THEN FALSE ELSE TRUE END", U },
        { "CAST(TRUE AS BOOL)", T },
        { "LENGTH(x) >= 0", T },
        { "LENGTH(x) > 3", S },
        { "ABS(x) > -1", T },
        { "RAND() < 0.5", U },
        { "STARTS_WITH(x, '')", T },
        { "STARTS_WITH(x, 'a')", S },
        { "REGEXP_CONTAINS(x, '.*')", T },
        { "d.my_function(x)", U },
        { "unknown_function(x)", U },
        { "flag", S },
        { "CURRENT_DATE > DATE '2020-01-01'", U },
        { "CURRENT_DATE() > DATE '2020-01-01'", U },
        { "DATE_DIFF(CURRENT_DATE(), DATE '2020-01-01', DAY) > 0", U },
        { "DATE_DIFF(x, DATE '2020-01-01', DAY) > 0", S },
        { "EXTRACT(DAY FROM CURRENT_DATE()) > 0", U },
        { "EXTRACT(DAY FROM x) > 3", S },
        { "year = 2024", S },
        { "UPPER(x) = 'A'", S },
        { "DATE(x) >= DATE '2024-01-01'", S },
        { "x > TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 DAY)", S },
};

static enum sp_sql_where where_of(const char *sql, const char *sentence)
{
        struct sp_arena a = SP_ARENA_INIT(64 * 1024 * 1024);
        struct sp_sql_script *s;
        struct sp_err err = SP_ERR_NULL;
        enum sp_sql_where w = SP_SQL_WHERE_NONE;

        if (sp_sql_parse(&a, sp_str_c(sql), &s, &err) < 0)
                fail_msg("%s: %s %s", sentence, err.where, err.what);
        else
                w = s->statements[s->n_statements - 1].where;
        sp_arena_done(&a);
        return w;
}

static void test_conditions(void **state)
{
        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(conditions); i++) {
                char sql[500];
                enum sp_sql_where w;

                snprintf(sql, sizeof(sql), "DELETE FROM s.t WHERE %s",
                         conditions[i].condition);
                w = where_of(sql, conditions[i].condition);
                if (w != conditions[i].where)
                        fail_msg("%s: got %d, want %d", conditions[i].condition, w,
                                 conditions[i].where);
        }
}

static void test_statements(void **state)
{
        static const struct {
                const char *sql;
                enum sp_sql_where where;
        } rows[] = {
                { "SELECT 1 FROM s.t WHERE TRUE", SP_SQL_WHERE_NONE },
                { "DELETE s.t", A },
                { "UPDATE s.t SET a = 1", A },
                { "UPDATE s.t SET a = 1 WHERE 1 = 1", T },
                { "UPDATE s.t SET a = 1 FROM u WHERE t.id = u.id", S },
                { "TRUNCATE TABLE s.t", A },
                { "MERGE s.t USING s.u ON FALSE WHEN NOT MATCHED BY SOURCE THEN DELETE",
                  A },
                { "MERGE s.t USING s.u ON 1 = 2 WHEN NOT MATCHED BY SOURCE THEN UPDATE "
                  "SET a = 1",
                  A },
                { "MERGE s.t USING s.u ON FALSE WHEN NOT MATCHED BY SOURCE AND TRUE "
                  "THEN DELETE",
                  T },
                { "MERGE s.t USING s.u ON FALSE WHEN NOT MATCHED BY SOURCE AND x = 1 "
                  "THEN DELETE",
                  S },
                { "MERGE s.t USING s.u ON TRUE WHEN MATCHED THEN DELETE", T },
                { "MERGE s.t USING s.u ON TRUE WHEN NOT MATCHED THEN INSERT ROW", S },
                { "MERGE s.t t USING s.u u ON t.id = u.id WHEN MATCHED THEN UPDATE SET "
                  "a = 1",
                  S },
                { "MERGE s.t t USING s.u u ON t.id = u.id WHEN NOT MATCHED BY SOURCE "
                  "THEN DELETE",
                  U },
                { "MERGE s.t t USING s.u u ON t.id = u.id WHEN MATCHED THEN UPDATE SET "
                  "a = 1 WHEN NOT "
                  "MATCHED BY SOURCE THEN DELETE",
                  U },
                { "MERGE s.t t USING s.u u ON @p WHEN MATCHED THEN DELETE", U },
                { "DECLARE yes BOOL DEFAULT TRUE; DELETE s.t WHERE yes", U },
                { "DECLARE yes BOOL DEFAULT TRUE; DELETE s.t WHERE x = 1 OR YES", U },
        };

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                enum sp_sql_where w = where_of(rows[i].sql, rows[i].sql);

                if (w != rows[i].where)
                        fail_msg("%s: got %d, want %d", rows[i].sql, w, rows[i].where);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_conditions),
                cmocka_unit_test(test_statements),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
