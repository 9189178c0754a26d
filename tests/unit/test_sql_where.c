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
        { "x < 5 OR x > 5", U },
        { "x != 1 OR x != 2", T },
        { "x IN (1) OR x NOT IN (1)", T },
        { "TRUE OR x = 5", T },
        { "x = 5 OR 1 = 1", T },
        { "1 = 1 AND x = 5", S },
        { "x = x AND y = y", T },
        { "x = 5", S },
        { "5 = x", S },
        { "x > 5", U },
        { "(x, y) = (x, y)", T },
        { "x = y", U },
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
        { "LENGTH(x) > 3", U },
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
        { "DATE_DIFF(x, DATE '2020-01-01', DAY) > 0", U },
        { "EXTRACT(DAY FROM CURRENT_DATE()) > 0", U },
        { "EXTRACT(DAY FROM x) > 3", U },
        { "year = 2024", S },
        { "UPPER(x) = 'A'", S },
        { "DATE(x) >= DATE '2024-01-01'", U },
        { "x > TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 DAY)", U },
        /* constants */
        { "1.5 > 1", T },
        { "1 = 1.0", T },
        { "-0.5 > 0", S },
        { "1e3 = 1000", T },
        { "DATE '2024-01-01' < DATE '2024-02-01'", T },
        { "DATE '2024-01-01' > DATE '2024-02-01'", S },
        { "TIMESTAMP '2024-01-01' < TIMESTAMP '2024-01-02'", U }, /* time zones */
        { "NUMERIC '1' = NUMERIC '1'", T },
        { "NUMERIC '1' = NUMERIC '1.0'", U },
        { "0x1 = 1", U },
        { "b'a' = b'a'", T },
        { "'b' > 'a'", T },
        { "'a' IN ('b', 'a')", T },
        { "1 IN UNNEST([1])", T },
        { "1 IN UNNEST(ARRAY<INT64>[2, 1])", T },
        { "NULL IN (1)", S },
        { "1 NOT IN (2, NULL)", T },
        { "2 NOT BETWEEN 1 AND 3", S },
        { "1 IS DISTINCT FROM 2", T },
        { "NULL IS NOT DISTINCT FROM NULL", T },
        { "1 IS DISTINCT FROM NULL", T },
        { "NOT NULL", T },
        { "NOT (NOT NULL)", S },
        { "NOT (1 = 2)", T },
        { "1 = 1 AND 2 = 2 AND (3 = 3)", T },
        { "(SELECT (SELECT TRUE))", T },
        { "CAST('true' AS BOOL)", U },
        { "CAST(CAST(TRUE AS BOOL) AS BOOL)", T },
        { "SAFE_CAST(TRUE AS BOOL)", T },
        { "NOT NOT NOT FALSE", T },
        { "RAND() != RAND()", U },
        { "GENERATE_UUID() != GENERATE_UUID()", U },
        { "d.f(x) != d.f(x)", U },
        /* all rows but those named, and ranges that are open */
        { "x != 5", U },
        { "NOT x = 5", U },
        { "NOT x != 5", S },
        { "NOT NOT x = 5", S },
        { "x <> 'a'", U },
        { "x NOT IN (1, 2)", U },
        { "NOT x NOT IN (1, 2)", S },
        { "x NOT LIKE 'a%'", U },
        { "x NOT BETWEEN 1 AND 3", U },
        { "x IS DISTINCT FROM 5", U },
        { "x IS NOT DISTINCT FROM 5", S },
        { "x IS NOT DISTINCT FROM @p", S },
        { "id > -1", U },
        { "-1 < id", U },
        { "id >= 0 AND id >= -5", U },
        { "name >= ''", U },
        { "day >= '1900-01-01'", U },
        { "day < CURRENT_DATE()", U },
        { "id >= 10 AND id < 20", S },
        { "20 > id AND 10 <= id", S },
        { "id >= 10 AND other < 20", U },
        { "id >= -9223372036854775807 AND id <= 9223372036854775807", U },
        { "id BETWEEN 0 AND 1000000", S },
        { "id BETWEEN 0 AND 1000001", U },
        { "id BETWEEN -1 AND 999999999999", U },
        { "id BETWEEN 5 AND 1", S },
        { "day BETWEEN '2024-01-01' AND '2024-01-31'", S },
        { "day BETWEEN DATE '2024-01-01' AND DATE '2025-12-31'", S },
        { "day BETWEEN '0001-01-01' AND '9999-12-31'", U },
        { "day >= DATE '2023-01-01' AND day < DATE '2025-01-01'", U },
        { "ts BETWEEN TIMESTAMP '2024-01-01 00:00:00' AND TIMESTAMP '2024-01-02'", S },
        { "name BETWEEN 'ka' AND 'kz'", S },
        { "name BETWEEN '' AND 'zzzz'", U },
        { "name BETWEEN 'a' AND 'z'", U },
        { "price BETWEEN 0.0 AND 1.0", U },
        { "x BETWEEN 1 AND y", U },
        /* values of which nobody knows here what they are */
        { "MOD(x, 1) = 0", U },
        { "x * 0 = 0", U },
        { "x - x = 0", U },
        { "LENGTH(x) = 3", U },
        { "LENGTH(x) >= -3", T },
        { "LENGTH(x) < 0", S },
        { "NOT LENGTH(x) < 0", T },
        { "LENGTH(x) != -1", T },
        { "ABS(x) = -1", S },
        { "SUBSTR(x, 1, 0) = ''", U },
        { "CONCAT(x, 'a') != 'b'", U },
        { "IF(x = 1, 'a', 'a') = 'a'", U },
        { "NULLIF(TRUE, FALSE)", U },
        { "NULLIF(x, x) IS NULL", U },
        { "(x = NULL) IS NULL", U },
        { "SAFE_CAST('a' AS INT64) IS NULL", U },
        { "x + NULL IS NULL", U },
        { "x = (SELECT y FROM u)", U },
        { "x = (SELECT x)", U },
        { "x = CURRENT_DATE()", S },
        { "DATE(x) = CURRENT_DATE", S },
        { "DATE_TRUNC(day, MONTH) = '2024-01-01'", S },
        { "EXTRACT(YEAR FROM day) = 2024", S },
        { "EXTRACT(MONTH FROM day) BETWEEN 1 AND 12", U },
        { "EXTRACT(MONTH FROM day) IN (1, 2, 3)", U },
        { "CAST(flag AS STRING) IN ('true', 'false')", U },
        { "CAST(id AS STRING) = '5'", S },
        { "address.city = 'Bonn'", S },
        { "tags[OFFSET(0)] = 'a'", S },
        { "(a, b) = (1, 2)", S },
        { "(a, b) IN ((1, 2), (3, 4))", S },
        { "(1, 2) IN ((1, 2))", T },
        { "(a, b) = (a, 2)", U },
        { "x IN (@p, @q)", U },
        { "x = @p OR x = @q", U },
        { "x = 1 OR y = @p", U },
        { "x = 1 OR x = 2 OR y = 3", S },
        { "x IN (1, y)", U },
        { "1 IN (x, y)", U },
        /* both values of a BOOL are all there are */
        { "flag OR NOT flag", T },
        { "flag = TRUE OR flag = FALSE", T },
        { "flag IS TRUE OR flag IS FALSE", T },
        { "flag OR flag != TRUE OR flag IS NULL", T },
        { "(flag AND TRUE) OR NOT flag", U },
        { "flag IN (TRUE, FALSE)", T },
        { "flag IN (TRUE) OR flag IN (FALSE)", U },
        { "flag = (1 = 1) OR flag = (1 = 2)", U },
        { "flag IS NOT DISTINCT FROM TRUE OR flag IS NOT DISTINCT FROM FALSE", U },
        { "flag >= FALSE", U },
        { "flag BETWEEN FALSE AND TRUE", U },
        { "flag = FALSE", S },
        { "NOT flag", S },
        { "flag IS NOT TRUE", S },
        { "NOT (flag AND NOT flag)", U },
        { "IF(flag, TRUE, NOT flag)", U },
        { "CASE flag WHEN TRUE THEN TRUE WHEN FALSE THEN TRUE END", U },
        /* IS turns NULL into TRUE or FALSE */
        { "NULL IS NOT TRUE", T },
        { "(NULL = 1) IS NOT FALSE", U },
        { "NOT ((NULL = 1) IS FALSE)", U },
        { "(x = NULL) IS NOT TRUE", T },
        { "(NOT NULL) IS NOT TRUE", U },
        { "(x = 5) IS TRUE", S },
        { "(x = 5) IS NOT TRUE", U },
        { "(x != 5) IS FALSE", S },
        { "(x != 5) IS NOT FALSE", U },
        { "(x = 5) IS NOT FALSE", U },
        { "(x != @p) IS NOT TRUE", U },
        { "NOT ((x != @p) IS TRUE)", U },
        { "IF(x = 5, TRUE, NULL) IS NOT FALSE", U },
        { "NOT IFNULL(x != @p, FALSE)", U },
        { "NOT IF(x != 5, TRUE, FALSE)", U },
        { "(x = 5) IS UNKNOWN", U },
        /* arms */
        { "IF(x = 5, y = 6, FALSE)", S },
        { "IF(x = 5, y = 6, z = 7)", U },
        { "IF(x > 0, TRUE, x <= 0)", U },
        { "IF(x IS NULL, TRUE, x = x)", T },
        { "IF(1 = 1, TRUE, FALSE)", T },
        { "IF(x = x, TRUE, FALSE)", T },
        { "NOT IF(x = x, TRUE, FALSE)", U },
        { "IF(NOT NULL, x = 5, TRUE)", U },
        { "IF(NOT NULL, FALSE, TRUE)", U },
        { "CASE WHEN NOT NULL THEN flag WHEN NOT flag THEN TRUE ELSE flag END", U },
        { "CASE x WHEN 1 THEN TRUE ELSE FALSE END", S },
        { "CASE x WHEN 1 THEN TRUE ELSE TRUE END", T },
        { "CASE WHEN x = 1 THEN TRUE WHEN x != 1 THEN TRUE END", U },
        { "CASE WHEN FALSE THEN FALSE ELSE TRUE END", T },
        { "COALESCE(x = 5, FALSE)", S },
        { "COALESCE(x = 5, TRUE)", U },
        { "COALESCE(x = 5, y = 5)", U },
        { "COALESCE(NULL, NULL, TRUE)", T },
        { "COALESCE(NULL = 1, TRUE)", U },
        { "NOT COALESCE(x = x, FALSE)", U },
        /* texts */
        { "x LIKE '%a'", S },
        { "x LIKE '%a%'", U },
        { "x LIKE '_%'", U },
        { "x LIKE ''", S },
        { "x NOT LIKE '%'", S },
        { "UPPER(x) LIKE 'A%'", S },
        { "CONCAT('a', x) LIKE 'a%'", U },
        { "x LIKE ANY ('a%', 'b%')", U },
        { "x LIKE ALL ('%')", U },
        { "ENDS_WITH(x, '')", T },
        { "ENDS_WITH(x, '.tmp')", S },
        { "STARTS_WITH(x, x)", T },
        { "STARTS_WITH(x, @p)", U },
        { "STARTS_WITH(CONCAT('a', x), 'a')", U },
        { "CONTAINS_SUBSTR(x, '')", T },
        { "CONTAINS_SUBSTR(x, 'a')", U },
        { "REGEXP_CONTAINS(x, '')", T },
        { "REGEXP_CONTAINS(x, '^')", T },
        { "REGEXP_CONTAINS(x, 'a*')", U },
        { "REGEXP_CONTAINS(x, 'a|')", U },
        { "REGEXP_CONTAINS(x, '^a*')", U },
        { "REGEXP_CONTAINS(x, '^ab')", S },
        { "REGEXP_CONTAINS(x, '^ab|')", U },
        /* nesting */
        { "((x = 5) AND ((y = 6) OR FALSE))", S },
        { "x = 5 AND (y > 1 OR TRUE)", S },
        { "(x = 5 OR TRUE) AND (y = 6 OR 1 = 1)", T },
        { "(x = 5 OR y > 1)", U },
        { "NOT (x != 1 OR y = 2)", S },
        { "NOT (x = 1 AND y = 2)", U },
        { "x > 1 AND y > 2", U },
        { "(SELECT x = 5)", S },
        { "EXISTS (SELECT 1 WHERE FALSE)", U },
        { "EXISTS (SELECT 1 UNION ALL SELECT 2)", U },
        { "x IN UNNEST([])", U },
        { "x NOT IN UNNEST([])", U },
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
        size_t wrong = 0;

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(conditions); i++) {
                char sql[500];
                enum sp_sql_where w;

                snprintf(sql, sizeof(sql), "DELETE FROM s.t WHERE %s",
                         conditions[i].condition);
                w = where_of(sql, conditions[i].condition);
                if (w == conditions[i].where)
                        continue;
                print_error("%s: got %d, want %d\n", conditions[i].condition, w,
                            conditions[i].where);
                wrong++;
        }
        assert_int_equal(wrong, 0);
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
                /* what says nothing of the target's rows chooses all or none of them */
                { "UPDATE s.t SET a = 1 FROM u WHERE u.id = 5", U },
                { "UPDATE s.t SET a = 1 FROM u WHERE id = 5", U },
                { "UPDATE s.t x SET a = 1 FROM u WHERE x.id = 5", S },
                { "UPDATE s.t x SET a = 1 FROM u WHERE t.id = 5", U },
                { "UPDATE s.t SET a = 1 FROM u WHERE t.id = u.id AND u.x > 5", S },
                { "UPDATE s.t SET a = 1 FROM u WHERE u.id = u.id", T },
                { "UPDATE s.t SET a = 1 FROM u WHERE u.id = u.other", U },
                { "MERGE s.t t USING s.u u ON u.id = 5 WHEN MATCHED THEN DELETE", U },
                { "MERGE s.t t USING s.u u ON u.flag WHEN MATCHED THEN DELETE", U },
                { "MERGE s.t t USING s.u u ON t.id = u.id AND u.x = 1 WHEN MATCHED AND "
                  "u.gone THEN DELETE",
                  S },
                { "MERGE s.t t USING s.u u ON t.id > u.id WHEN MATCHED THEN DELETE",
                  U },
                /* a table joined to itself finds a partner for each row */
                { "UPDATE s.t SET a = 1 FROM s.t b WHERE t.id = b.id", U },
                { "UPDATE s.t SET a = 1 FROM s.t b WHERE t.id = b.id AND t.x = 1", S },
                { "MERGE s.t t USING (SELECT * FROM p.s.t) u ON t.id = u.id WHEN "
                  "MATCHED THEN DELETE",
                  U },
                { "MERGE s.t t USING (SELECT * FROM `p.s.T`) u ON t.id = u.id WHEN "
                  "MATCHED THEN DELETE",
                  U },
                { "MERGE s.t t USING (SELECT * FROM s.`u*`) u ON t.id = u.id WHEN "
                  "MATCHED THEN DELETE",
                  U },
                { "MERGE s.t t USING (SELECT 1 id) u ON t.id = u.id WHEN MATCHED THEN "
                  "DELETE",
                  S },
                /* nothing matches when the source is empty */
                { "MERGE s.t USING s.u ON TRUE WHEN NOT MATCHED BY SOURCE THEN DELETE",
                  U },
                { "MERGE s.t t USING s.u u ON t.id = u.id WHEN NOT MATCHED BY SOURCE "
                  "AND id > -1 THEN DELETE",
                  U },
                { "MERGE s.t t USING s.u u ON t.id = u.id WHEN NOT MATCHED BY SOURCE "
                  "AND day = '2024-01-01' THEN DELETE",
                  S },
                { "DELETE s.t a WHERE a.x = (SELECT b.x FROM s.t b WHERE b.id = a.id)",
                  U },
                { "DELETE s.t a WHERE EXISTS (SELECT 1 FROM s.u WHERE u.id = a.id)",
                  U },
                { "DECLARE yes BOOL DEFAULT TRUE; DELETE s.t WHERE yes", U },
                { "DECLARE yes BOOL DEFAULT TRUE; DELETE s.t WHERE x = 1 OR YES", U },
                { "DECLARE v INT64; DELETE s.t WHERE x = v", S },
                { "DECLARE x INT64; DELETE s.t WHERE x = 5", U },
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
