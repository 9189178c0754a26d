/* SPDX-License-Identifier: Apache-2.0 */
/*
 * INFORMATION_SCHEMA of a dataset, as far as it says what tables.get says too. What is not
 * here shows texts of other people (ddl, view_definition, jobs), values (partition ids,
 * defaults), or more than the dataset.
 */
#include "daemon/mask/plan.h"
#include "daemon/sql/name.h"

#define TEXT(name_)                                                                    \
        {                                                                              \
                .name = SP_STR(name_), .type = SP_STR("STRING")                        \
        }
#define NUMBER(name_)                                                                  \
        {                                                                              \
                .name = SP_STR(name_), .type = SP_STR("INTEGER")                       \
        }
#define TABLE_NAME TEXT("table_catalog"), TEXT("table_schema"), TEXT("table_name")

static const struct sp_column tables[] = {
        TABLE_NAME,
        TEXT("table_type"),
        TEXT("is_insertable_into"),
        TEXT("is_typed"),
        { .name = SP_STR("creation_time"), .type = SP_STR("TIMESTAMP") },
};
static const struct sp_column columns[] = {
        TABLE_NAME,
        TEXT("column_name"),
        NUMBER("ordinal_position"),
        TEXT("is_nullable"),
        TEXT("data_type"),
        TEXT("is_hidden"),
        TEXT("is_system_defined"),
        TEXT("is_partitioning_column"),
        NUMBER("clustering_ordinal_position"),
        TEXT("collation_name"),
};
static const struct sp_column paths[] = {
        TABLE_NAME,        TEXT("column_name"), TEXT("field_path"),
        TEXT("data_type"), TEXT("description"), TEXT("collation_name"),
};
static const struct sp_column options[] = {
        TABLE_NAME,
        TEXT("option_name"),
        TEXT("option_type"),
        TEXT("option_value"),
};
static const struct sp_column keys[] = {
        TEXT("constraint_catalog"),
        TEXT("constraint_schema"),
        TEXT("constraint_name"),
        TABLE_NAME,
        TEXT("column_name"),
        NUMBER("ordinal_position"),
        NUMBER("position_in_unique_constraint"),
};

static const struct {
        struct sp_str view;
        const struct sp_column *columns;
        size_t n;
        const char *clauses;
} known[] = {
        { SP_STR("TABLES"), tables, SP_ARRAY_SIZE(tables), "" },
        { SP_STR("COLUMNS"), columns, SP_ARRAY_SIZE(columns), "" },
        { SP_STR("COLUMN_FIELD_PATHS"), paths, SP_ARRAY_SIZE(paths), "" },
        /* others quote text of their authors, or name where data lies */
        { SP_STR("TABLE_OPTIONS"), options, SP_ARRAY_SIZE(options),
          "WHERE sallyport_source.option_name IN ('labels', 'expiration_timestamp', "
          "'partition_expiration_days', 'require_partition_filter')" },
        { SP_STR("KEY_COLUMN_USAGE"), keys, SP_ARRAY_SIZE(keys), "" },
};

static size_t find(struct sp_str view)
{
        size_t i = 0;

        while (i < SP_ARRAY_SIZE(known) && !sp_sql_name_eq(view, known[i].view))
                i++;
        return i;
}

struct sp_str sp_mask_metadata_view(struct sp_str view)
{
        size_t i = find(view);

        return i < SP_ARRAY_SIZE(known) ? known[i].view : SP_STR_NULL;
}

bool sp_mask_metadata(struct sp_str name, struct sp_schema *ret, struct sp_str *clauses)
{
        struct sp_str head, rest = name;
        size_t i;

        /* a project may have a dot of its own */
        do {
                if (!sp_str_cut(rest, '.', &head, &rest))
                        return false;
        } while (!sp_str_starts(rest, SP_STR("INFORMATION_SCHEMA.")));
        (void)sp_str_cut(rest, '.', &head, &rest);
        i = find(rest);
        if (i == SP_ARRAY_SIZE(known))
                return false;
        *ret = (struct sp_schema){ .table = name,
                                   .kind = SP_STR("TABLE"),
                                   .columns = known[i].columns,
                                   .n_columns = known[i].n };
        *clauses = sp_str_c(known[i].clauses);
        return true;
}
