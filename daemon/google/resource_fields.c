/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the bodies of writes may hold. BigQuery v2 discovery document: Table, Dataset,
 * TableDataInsertAllRequest, JobConfigurationTableCopy. What is not here is refused by name.
 */
#include "daemon/google/fields.h"

#define FIELD(n, k)                                                                    \
        {                                                                              \
                n, SP_FIELD_##k, NULL, NULL                                            \
        }
#define CHOICE(n, c)                                                                   \
        {                                                                              \
                n, SP_FIELD_CHOICE, c, NULL                                            \
        }
#define OBJECT(n, c)                                                                   \
        {                                                                              \
                n, SP_FIELD_OBJECT, NULL, c                                            \
        }
#define OBJECTS(n, c)                                                                  \
        {                                                                              \
                n, SP_FIELD_OBJECTS, NULL, c                                           \
        }
#define REFUSED(n, why)                                                                \
        {                                                                              \
                n, SP_FIELD_REFUSED, why, NULL                                         \
        }
#define END                                                                            \
        {                                                                              \
                NULL, SP_FIELD_TEXT, NULL, NULL                                        \
        }

static const char why_access[] =
        "who may read or change something is decided elsewhere (GRANT)";
static const char why_keys[] = "keys are the gateway's business";
static const char why_outside[] = "data outside BigQuery's tables is not offered";
static const char why_view[] =
        "a stored query is judged as a statement only (CREATE VIEW)";
static const char why_copy[] = "copies are made by a copy job or by a statement";
static const char why_statement[] = "only a statement may say this (CREATE TABLE)";
static const char why_tags[] = "tags decide who may read: they are set elsewhere";

#define ROUNDING "|ROUNDING_MODE_UNSPECIFIED|ROUND_HALF_AWAY_FROM_ZERO|ROUND_HALF_EVEN|"

/* ---- references ---- */

static const struct sp_field table_reference[] = { FIELD("projectId", PROJECT),
                                                   FIELD("datasetId", DATASET),
                                                   FIELD("tableId", TABLE), END };
static const struct sp_field dataset_reference[] = { FIELD("projectId", PROJECT),
                                                     FIELD("datasetId", DATASET), END };
static const struct sp_field other_reference[] = { FIELD("projectId", OTHER_PROJECT),
                                                   FIELD("datasetId", OTHER_DATASET),
                                                   FIELD("tableId", OTHER_TABLE), END };

/* ---- tables ---- */

static const struct sp_field range_element[] = {
        CHOICE("type", "|DATE|DATETIME|TIMESTAMP|"), END
};
static const struct sp_field schema_field[] = {
        FIELD("name", TEXT),
        CHOICE("type", "|STRING|BYTES|INTEGER|INT64|FLOAT|FLOAT64|NUMERIC|DECIMAL|"
                       "BIGNUMERIC|BIGDECIMAL|BOOLEAN|BOOL|TIMESTAMP|DATE|TIME|"
                       "DATETIME|INTERVAL|RANGE|GEOGRAPHY|JSON|RECORD|STRUCT|"),
        CHOICE("mode", "|NULLABLE|REQUIRED|REPEATED|"),
        OBJECTS("fields", schema_field),
        FIELD("description", TEXT),
        FIELD("maxLength", INTEGER),
        FIELD("precision", INTEGER),
        FIELD("scale", INTEGER),
        CHOICE("roundingMode", ROUNDING),
        FIELD("collation", TEXT),
        OBJECT("rangeElementType", range_element),
        REFUSED("policyTags", why_tags),
        REFUSED("dataPolicies", why_tags),
        REFUSED("categories", why_tags),
        REFUSED("defaultValueExpression", why_statement),
        REFUSED("foreignTypeDefinition", why_outside),
        REFUSED("timestampPrecision", why_statement),
        END,
};
static const struct sp_field schema[] = { OBJECTS("fields", schema_field),
                                          REFUSED("foreignTypeInfo", why_outside),
                                          END };
static const struct sp_field time_partitioning[] = {
        CHOICE("type", "|DAY|HOUR|MONTH|YEAR|"), FIELD("field", TEXT),
        FIELD("expirationMs", INTEGER), FIELD("requirePartitionFilter", BOOL), END
};
static const struct sp_field range[] = { FIELD("start", INTEGER), FIELD("end", INTEGER),
                                         FIELD("interval", INTEGER), END };
static const struct sp_field range_partitioning[] = { FIELD("field", TEXT),
                                                      OBJECT("range", range), END };
static const struct sp_field clustering[] = { FIELD("fields", STRINGS), END };

#define TABLE_FIELDS                                                                   \
        OBJECT("tableReference", table_reference), FIELD("friendlyName", TEXT),        \
                FIELD("description", TEXT), FIELD("labels", LABELS),                   \
                FIELD("expirationTime", INTEGER),                                      \
                OBJECT("timePartitioning", time_partitioning),                         \
                OBJECT("rangePartitioning", range_partitioning),                       \
                OBJECT("clustering", clustering),                                      \
                FIELD("requirePartitionFilter", BOOL),                                 \
                FIELD("defaultCollation", TEXT),                                       \
                CHOICE("defaultRoundingMode", ROUNDING), FIELD("kind", OUTPUT),        \
                FIELD("etag", OUTPUT), FIELD("id", OUTPUT), FIELD("selfLink", OUTPUT), \
                FIELD("numBytes", OUTPUT), FIELD("numLongTermBytes", OUTPUT),          \
                FIELD("numRows", OUTPUT), FIELD("creationTime", OUTPUT),               \
                FIELD("lastModifiedTime", OUTPUT), FIELD("type", OUTPUT),              \
                FIELD("location", OUTPUT), REFUSED("materializedView", why_view),      \
                REFUSED("externalDataConfiguration", why_outside),                     \
                REFUSED("biglakeConfiguration", why_outside),                          \
                REFUSED("externalCatalogTableOptions", why_outside),                   \
                REFUSED("cloneDefinition", why_copy),                                  \
                REFUSED("snapshotDefinition", why_copy),                               \
                REFUSED("tableReplicationInfo", why_copy),                             \
                REFUSED("partitionDefinition", why_statement),                         \
                REFUSED("managedTableType", why_statement),                            \
                REFUSED("maxStaleness", why_statement),                                \
                REFUSED("caseInsensitive", why_statement),                             \
                REFUSED("tableConstraints", why_statement),                            \
                REFUSED("table_constraints", why_statement),                           \
                REFUSED("model", why_statement),                                       \
                REFUSED("encryptionConfiguration", why_keys),                          \
                REFUSED("resourceTags", why_tags)

const struct sp_field sp_fields_table[] = { TABLE_FIELDS, OBJECT("schema", schema),
                                            REFUSED("view", why_view), END };

/* ---- datasets ---- */

#define DATASET_FIELDS                                                                 \
        OBJECT("datasetReference", dataset_reference), FIELD("friendlyName", TEXT),    \
                FIELD("description", TEXT), FIELD("labels", LABELS),                   \
                FIELD("defaultTableExpirationMs", INTEGER),                            \
                FIELD("defaultPartitionExpirationMs", INTEGER),                        \
                FIELD("defaultCollation", TEXT),                                       \
                CHOICE("defaultRoundingMode", ROUNDING),                               \
                FIELD("isCaseInsensitive", BOOL),                                      \
                FIELD("maxTimeTravelHours", INTEGER),                                  \
                CHOICE("storageBillingModel",                                          \
                       "|STORAGE_BILLING_MODEL_UNSPECIFIED|LOGICAL|PHYSICAL|"),        \
                FIELD("kind", OUTPUT), FIELD("etag", OUTPUT), FIELD("id", OUTPUT),     \
                FIELD("selfLink", OUTPUT), FIELD("type", OUTPUT),                      \
                FIELD("creationTime", OUTPUT), FIELD("lastModifiedTime", OUTPUT),      \
                REFUSED("access", why_access), REFUSED("tags", why_tags),              \
                REFUSED("resourceTags", why_tags),                                     \
                REFUSED("defaultEncryptionConfiguration", why_keys),                   \
                REFUSED("linkedDatasetSource", why_copy),                              \
                REFUSED("externalDatasetReference", why_outside),                      \
                REFUSED("externalCatalogDatasetOptions", why_outside)

const struct sp_field sp_fields_new_dataset[] = { DATASET_FIELDS,
                                                  FIELD("location", TEXT), END };
/* a dataset does not move */
const struct sp_field sp_fields_dataset[] = { DATASET_FIELDS, FIELD("location", OUTPUT),
                                              END };
const struct sp_field sp_fields_undelete[] = { FIELD("deletionTime", TEXT), END };

/* ---- rows ---- */

static const struct sp_field row[] = { FIELD("insertId", TEXT), FIELD("json", DATA),
                                       END };
const struct sp_field sp_fields_rows[] = {
        FIELD("kind", OUTPUT),
        FIELD("skipInvalidRows", BOOL),
        FIELD("ignoreUnknownValues", BOOL),
        REFUSED("templateSuffix", "it makes another table: name the table itself"),
        OBJECTS("rows", row),
        END,
};

/* ---- copy jobs ---- */

const struct sp_field sp_fields_copy[] = {
        OBJECT("sourceTable", other_reference),
        OBJECTS("sourceTables", other_reference),
        OBJECT("destinationTable", other_reference),
        CHOICE("createDisposition", "|CREATE_IF_NEEDED|CREATE_NEVER|"),
        CHOICE("writeDisposition", "|WRITE_TRUNCATE|WRITE_APPEND|WRITE_EMPTY|"),
        CHOICE("operationType", "|COPY|SNAPSHOT|RESTORE|CLONE|"),
        FIELD("destinationExpirationTime", TEXT),
        REFUSED("destinationEncryptionConfiguration", why_keys),
        END,
};
