/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql/catalog — what is known of the tables a statement names.
 *
 * Job:       answer "which columns has this table?" for the resolver; be filled column by
 *            column, or from JSON.
 * In:        {"tables":{"p.d.t":[{"name":"c","type":"STRING"},…]},
 *             "case_insensitive_tables":false}; types as GoogleSQL writes them, null for
 *            one that is not known. A value table is
 *            {"columns":[{"name":"value","type":"…"}],"value_table":true}. Other members
 *            are not looked at.
 * Ownership: everything in the arena given; texts are copied.
 * Errors:    -EINVAL with id "sql.catalog"; -EEXIST for a table or column that is there
 *            already; -E2BIG; -ENOMEM.
 */
#pragma once

#include "daemon/sql/type.h"

struct sp_sql_catalog_column {
        struct sp_str name;
        const struct sp_sql_type *type;
};

struct sp_sql_catalog_table {
        struct sp_str name; /* parts joined by dots, as entered */
        struct sp_sql_catalog_column *columns;
        size_t n_columns;
        bool is_value_table; /* its one column is the row itself */
};

struct sp_sql_catalog;

sp_must_check int sp_sql_catalog_new(struct sp_arena *a, bool case_insensitive_tables,
                                     struct sp_sql_catalog **ret);
sp_must_check int sp_sql_catalog_read(struct sp_arena *a, struct sp_str json,
                                      struct sp_sql_catalog **ret,
                                      struct sp_err *reterr);
/* A new table without columns. `name`: parts joined by dots. */
sp_must_check int sp_sql_catalog_add(struct sp_sql_catalog *c, struct sp_str name,
                                     struct sp_sql_catalog_table **ret,
                                     struct sp_err *reterr);
sp_must_check int sp_sql_catalog_add_column(struct sp_sql_catalog *c,
                                            struct sp_sql_catalog_table *t,
                                            struct sp_str name,
                                            const struct sp_sql_type *type,
                                            struct sp_err *reterr);
/* Every name of a column or a field is ASCII. */
bool sp_sql_catalog_is_ascii(const struct sp_sql_catalog *c);
/* NULL when there is none. O(1). */
const struct sp_sql_catalog_table *sp_sql_catalog_find(const struct sp_sql_catalog *c,
                                                       struct sp_str name);
/* The column's place; false when there is none. Letter case aside. O(1) for wide tables.
 */
bool sp_sql_catalog_column(const struct sp_sql_catalog_table *t, struct sp_str name,
                           size_t *ret);
