/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/google/shapes.h"

#define SCALAR(n)                                                                      \
        {                                                                              \
                n, SP_SHAPE_SCALAR, NULL                                               \
        }
#define NAME(n)                                                                        \
        {                                                                              \
                n, SP_SHAPE_NAME, NULL                                                 \
        }
#define TEXT(n)                                                                        \
        {                                                                              \
                n, SP_SHAPE_TEXT, NULL                                                 \
        }
#define OBJECT(n, c)                                                                   \
        {                                                                              \
                n, SP_SHAPE_OBJECT, c                                                  \
        }
#define ARRAY(n, c)                                                                    \
        {                                                                              \
                n, SP_SHAPE_ARRAY, c                                                   \
        }
#define LABELS                                                                         \
        {                                                                              \
                "labels", SP_SHAPE_LABELS, NULL                                        \
        }
#define MESSAGE                                                                        \
        {                                                                              \
                "message", SP_SHAPE_MESSAGE, NULL                                      \
        }
#define END                                                                            \
        {                                                                              \
                NULL, SP_SHAPE_SCALAR, NULL                                            \
        }

/* ---- errors ---- */

static const struct sp_shape error_item[] = { MESSAGE,
                                              SCALAR("domain"),
                                              SCALAR("reason"),
                                              SCALAR("location"),
                                              SCALAR("locationType"),
                                              END };
static const struct sp_shape error_body[] = { SCALAR("code"), MESSAGE,
                                              ARRAY("errors", error_item),
                                              SCALAR("status"), END };
const struct sp_shape sp_shape_error[] = { OBJECT("error", error_body), END };

/* ---- common ---- */

static const struct sp_shape job_reference[] = { SCALAR("projectId"), SCALAR("jobId"),
                                                 SCALAR("location"), END };
static const struct sp_shape dataset_reference[] = { SCALAR("projectId"),
                                                     SCALAR("datasetId"), END };
static const struct sp_shape table_reference[] = { SCALAR("projectId"),
                                                   SCALAR("datasetId"), NAME("tableId"),
                                                   END };
static const struct sp_shape range_element[] = { SCALAR("type"), END };
/* Without policyTags, dataPolicies and defaultValueExpression. */
#define FIELD_MEMBERS(fields)                                                          \
        NAME("name"), SCALAR("type"), SCALAR("mode"), ARRAY("fields", fields),         \
                SCALAR("maxLength"), SCALAR("precision"), SCALAR("scale"),             \
                SCALAR("timestampPrecision"), SCALAR("roundingMode"),                  \
                SCALAR("collation"), OBJECT("rangeElementType", range_element)
static const struct sp_shape schema_field[] = { FIELD_MEMBERS(schema_field),
                                                TEXT("description"), END };
static const struct sp_shape schema[] = { ARRAY("fields", schema_field), END };
/* Of an answer: the descriptions are those of the tables that were read, whoever may see them. */
static const struct sp_shape result_field[] = { FIELD_MEMBERS(result_field), END };
static const struct sp_shape result_schema[] = { ARRAY("fields", result_field), END };
static const struct sp_shape error_proto[] = { SCALAR("reason"), SCALAR("location"),
                                               MESSAGE, END };
static const struct sp_shape dml_stats[] = { SCALAR("insertedRowCount"),
                                             SCALAR("deletedRowCount"),
                                             SCALAR("updatedRowCount"), END };

/* ---- jobs ---- */

static const struct sp_shape query_configuration[] = {
        { "query", SP_SHAPE_SQL, NULL },
        OBJECT("destinationTable", table_reference),
        OBJECT("defaultDataset", dataset_reference),
        SCALAR("createDisposition"),
        SCALAR("writeDisposition"),
        SCALAR("priority"),
        SCALAR("useQueryCache"),
        SCALAR("useLegacySql"),
        SCALAR("maximumBytesBilled"),
        END,
};
static const struct sp_shape copy_configuration[] = {
        OBJECT("sourceTable", table_reference),
        ARRAY("sourceTables", table_reference),
        OBJECT("destinationTable", table_reference),
        SCALAR("createDisposition"),
        SCALAR("writeDisposition"),
        SCALAR("operationType"),
        SCALAR("destinationExpirationTime"),
        END,
};
static const struct sp_shape configuration[] = {
        SCALAR("jobType"),
        OBJECT("query", query_configuration),
        OBJECT("copy", copy_configuration),
        SCALAR("dryRun"),
        SCALAR("jobTimeoutMs"),
        LABELS,
        END,
};
/* Without queryPlan and timeline (they quote literals of the rewritten text) and
 * without undeclaredQueryParameters (ours is one). */
static const struct sp_shape query_statistics[] = {
        SCALAR("statementType"),
        SCALAR("cacheHit"),
        SCALAR("billingTier"),
        SCALAR("estimatedBytesProcessed"),
        SCALAR("totalBytesProcessed"),
        SCALAR("totalBytesProcessedAccuracy"),
        SCALAR("totalBytesBilled"),
        SCALAR("totalPartitionsProcessed"),
        SCALAR("totalSlotMs"),
        SCALAR("numDmlAffectedRows"),
        OBJECT("dmlStats", dml_stats),
        SCALAR("ddlOperationPerformed"),
        OBJECT("ddlTargetTable", table_reference),
        OBJECT("ddlTargetDataset", dataset_reference),
        { "referencedTables", SP_SHAPE_TABLES, table_reference },
        OBJECT("schema", result_schema),
        END,
};
static const struct sp_shape copy_statistics[] = { SCALAR("copiedRows"),
                                                   SCALAR("copiedLogicalBytes"), END };
/* Where in the script a child job's statement stands. */
static const struct sp_shape stack_frame[] = {
        SCALAR("startLine"),
        SCALAR("startColumn"),
        SCALAR("endLine"),
        SCALAR("endColumn"),
        { "text", SP_SHAPE_QUOTE, NULL },
        END,
};
static const struct sp_shape script_statistics[] = { SCALAR("evaluationKind"),
                                                     ARRAY("stackFrames", stack_frame),
                                                     END };
static const struct sp_shape statistics[] = {
        SCALAR("creationTime"),
        SCALAR("startTime"),
        SCALAR("endTime"),
        SCALAR("completionRatio"),
        SCALAR("finalExecutionDurationMs"),
        SCALAR("numChildJobs"),
        SCALAR("parentJobId"),
        OBJECT("scriptStatistics", script_statistics),
        SCALAR("totalBytesProcessed"),
        SCALAR("totalSlotMs"),
        OBJECT("query", query_statistics),
        OBJECT("copy", copy_statistics),
        END,
};
static const struct sp_shape status[] = { SCALAR("state"),
                                          OBJECT("errorResult", error_proto),
                                          ARRAY("errors", error_proto), END };
/* Without user_email and principal_subject: the gateway's. */
static const struct sp_shape job[] = {
        SCALAR("kind"),
        SCALAR("etag"),
        SCALAR("id"),
        OBJECT("jobReference", job_reference),
        OBJECT("configuration", configuration),
        OBJECT("status", status),
        OBJECT("statistics", statistics),
        END,
};
static const struct sp_shape job_cancel[] = { SCALAR("kind"), OBJECT("job", job), END };

static const struct sp_shape job_item[] = {
        SCALAR("kind"),
        SCALAR("id"),
        OBJECT("jobReference", job_reference),
        SCALAR("state"),
        OBJECT("errorResult", error_proto),
        OBJECT("configuration", configuration),
        OBJECT("status", status),
        OBJECT("statistics", statistics),
        END,
};
/* Without unreachable: it names locations of the whole project. */
static const struct sp_shape job_list[] = {
        SCALAR("kind"),
        SCALAR("etag"),
        { "jobs", SP_SHAPE_ITEMS, job_item },
        SCALAR("nextPageToken"),
        END,
};

static const struct sp_shape query_response[] = {
        SCALAR("kind"),
        SCALAR("etag"),
        OBJECT("schema", result_schema),
        OBJECT("jobReference", job_reference),
        SCALAR("location"),
        SCALAR("jobComplete"),
        SCALAR("totalRows"),
        SCALAR("pageToken"),
        { "rows", SP_SHAPE_ROWS, NULL },
        ARRAY("errors", error_proto),
        SCALAR("cacheHit"),
        SCALAR("totalBytesProcessed"),
        SCALAR("totalBytesBilled"),
        SCALAR("totalSlotMs"),
        SCALAR("numDmlAffectedRows"),
        OBJECT("dmlStats", dml_stats),
        SCALAR("queryId"),
        SCALAR("statementType"),
        SCALAR("creationTime"),
        SCALAR("startTime"),
        SCALAR("endTime"),
        END,
};
static const struct sp_shape table_data[] = { SCALAR("kind"),
                                              SCALAR("etag"),
                                              SCALAR("totalRows"),
                                              SCALAR("pageToken"),
                                              { "rows", SP_SHAPE_ROWS, NULL },
                                              END };

/* ---- datasets and tables ---- */

/* Without access lists, encryption keys and external references. */
static const struct sp_shape dataset[] = {
        SCALAR("kind"),
        SCALAR("etag"),
        SCALAR("id"),
        OBJECT("datasetReference", dataset_reference),
        TEXT("friendlyName"),
        TEXT("description"),
        SCALAR("location"),
        LABELS,
        SCALAR("type"),
        SCALAR("creationTime"),
        SCALAR("lastModifiedTime"),
        SCALAR("defaultTableExpirationMs"),
        SCALAR("defaultPartitionExpirationMs"),
        SCALAR("defaultCollation"),
        SCALAR("isCaseInsensitive"),
        SCALAR("maxTimeTravelHours"),
        SCALAR("storageBillingModel"),
        END,
};
static const struct sp_shape dataset_item[] = { SCALAR("kind"),
                                                SCALAR("id"),
                                                OBJECT("datasetReference",
                                                       dataset_reference),
                                                TEXT("friendlyName"),
                                                SCALAR("location"),
                                                LABELS,
                                                END };
static const struct sp_shape dataset_list[] = {
        SCALAR("kind"),
        SCALAR("etag"),
        { "datasets", SP_SHAPE_ITEMS, dataset_item },
        SCALAR("nextPageToken"),
        END,
};

static const struct sp_shape time_partitioning[] = { SCALAR("type"), NAME("field"),
                                                     SCALAR("expirationMs"),
                                                     SCALAR("requirePartitionFilter"),
                                                     END };
static const struct sp_shape range[] = { SCALAR("start"), SCALAR("end"),
                                         SCALAR("interval"), END };
static const struct sp_shape range_partitioning[] = { NAME("field"),
                                                      OBJECT("range", range), END };
static const struct sp_shape clustering[] = { { "fields", SP_SHAPE_STRINGS, NULL },
                                              END };
static const struct sp_shape view[] = { SCALAR("useLegacySql"), END };
/* Without the SQL of views, external sources, constraints and encryption keys. */
static const struct sp_shape table[] = {
        SCALAR("kind"),
        SCALAR("etag"),
        NAME("id"),
        OBJECT("tableReference", table_reference),
        TEXT("friendlyName"),
        TEXT("description"),
        LABELS,
        OBJECT("schema", schema),
        SCALAR("type"),
        SCALAR("location"),
        SCALAR("numBytes"),
        SCALAR("numLongTermBytes"),
        SCALAR("numRows"),
        SCALAR("creationTime"),
        SCALAR("expirationTime"),
        SCALAR("lastModifiedTime"),
        OBJECT("timePartitioning", time_partitioning),
        OBJECT("rangePartitioning", range_partitioning),
        OBJECT("clustering", clustering),
        SCALAR("requirePartitionFilter"),
        OBJECT("view", view),
        SCALAR("defaultCollation"),
        END,
};
static const struct sp_shape table_item[] = {
        SCALAR("kind"),
        NAME("id"),
        OBJECT("tableReference", table_reference),
        TEXT("friendlyName"),
        SCALAR("type"),
        LABELS,
        OBJECT("timePartitioning", time_partitioning),
        OBJECT("rangePartitioning", range_partitioning),
        OBJECT("clustering", clustering),
        OBJECT("view", view),
        SCALAR("creationTime"),
        SCALAR("expirationTime"),
        END,
};
static const struct sp_shape table_list[] = {
        SCALAR("kind"),
        SCALAR("etag"),
        { "tables", SP_SHAPE_ITEMS, table_item },
        SCALAR("nextPageToken"),
        END,
};

/* ---- routines and models ---- */

static const struct sp_shape routine_reference[] = { SCALAR("projectId"),
                                                     SCALAR("datasetId"),
                                                     NAME("routineId"), END };
static const struct sp_shape sql_type[] = { SCALAR("typeKind"),
                                            OBJECT("arrayElementType", sql_type), END };
static const struct sp_shape argument[] = { NAME("name"), SCALAR("argumentKind"),
                                            SCALAR("mode"),
                                            OBJECT("dataType", sql_type), END };
/* Without the body, libraries, connections and options; descriptions are the author's text, too. */
static const struct sp_shape routine[] = { SCALAR("etag"),
                                           OBJECT("routineReference",
                                                  routine_reference),
                                           SCALAR("routineType"),
                                           SCALAR("language"),
                                           SCALAR("creationTime"),
                                           SCALAR("lastModifiedTime"),
                                           ARRAY("arguments", argument),
                                           OBJECT("returnType", sql_type),
                                           SCALAR("determinismLevel"),
                                           END };
static const struct sp_shape routine_list[] = {
        { "routines", SP_SHAPE_ITEMS, routine },
        SCALAR("nextPageToken"),
        END,
};

static const struct sp_shape model_reference[] = { SCALAR("projectId"),
                                                   SCALAR("datasetId"), NAME("modelId"),
                                                   END };
/* Without features, labels, training runs and what they measured: values of the rows. */
static const struct sp_shape model[] = { SCALAR("etag"),
                                         OBJECT("modelReference", model_reference),
                                         SCALAR("modelType"),
                                         SCALAR("creationTime"),
                                         SCALAR("lastModifiedTime"),
                                         SCALAR("expirationTime"),
                                         SCALAR("location"),
                                         LABELS,
                                         END };
static const struct sp_shape model_list[] = {
        { "models", SP_SHAPE_ITEMS, model },
        SCALAR("nextPageToken"),
        END,
};

/* Without debugInfo. Messages quote what the client itself sent. */
static const struct sp_shape insert_error[] = { SCALAR("index"),
                                                ARRAY("errors", error_proto), END };
static const struct sp_shape insert_all[] = { SCALAR("kind"),
                                              ARRAY("insertErrors", insert_error),
                                              END };

/* ---- Cloud Storage: without access lists, owners, keys, links and metadata of one's own ---- */

static const struct sp_shape bucket[] = { SCALAR("kind"),
                                          SCALAR("name"),
                                          SCALAR("location"),
                                          SCALAR("locationType"),
                                          SCALAR("storageClass"),
                                          SCALAR("metageneration"),
                                          SCALAR("timeCreated"),
                                          SCALAR("updated"),
                                          SCALAR("etag"),
                                          LABELS,
                                          END };
static const struct sp_shape object[] = { SCALAR("kind"),
                                          NAME("name"),
                                          SCALAR("bucket"),
                                          SCALAR("generation"),
                                          SCALAR("metageneration"),
                                          NAME("contentType"),
                                          NAME("contentEncoding"),
                                          SCALAR("size"),
                                          SCALAR("storageClass"),
                                          SCALAR("md5Hash"),
                                          SCALAR("crc32c"),
                                          SCALAR("etag"),
                                          SCALAR("timeCreated"),
                                          SCALAR("updated"),
                                          END };
static const struct sp_shape object_list[] = { SCALAR("kind"),
                                               SCALAR("nextPageToken"),
                                               ARRAY("items", object),
                                               { "prefixes", SP_SHAPE_STRINGS, NULL },
                                               END };

const struct sp_shape *sp_shape_of(const char *action)
{
        static const struct {
                const char *action;
                const struct sp_shape *shape;
        } all[] = {
                { "bigquery.jobs.get", job },
                { "bigquery.jobs.insert", job },
                { "bigquery.jobs.cancel", job_cancel },
                { "bigquery.jobs.list", job_list },
                { "bigquery.jobs.query", query_response },
                { "bigquery.jobs.getQueryResults", query_response },
                { "bigquery.tabledata.list", table_data },
                { "bigquery.tabledata.insertAll", insert_all },
                { "bigquery.datasets.get", dataset },
                { "bigquery.datasets.insert", dataset },
                { "bigquery.datasets.list", dataset_list },
                { "bigquery.datasets.patch", dataset },
                { "bigquery.datasets.undelete", dataset },
                { "bigquery.datasets.update", dataset },
                { "bigquery.models.get", model },
                { "bigquery.models.list", model_list },
                { "bigquery.routines.get", routine },
                { "bigquery.routines.list", routine_list },
                { "bigquery.tables.get", table },
                { "bigquery.tables.insert", table },
                { "bigquery.tables.list", table_list },
                { "bigquery.tables.patch", table },
                { "bigquery.tables.update", table },
                { "storage.buckets.get", bucket },
                { "storage.objects.get", object },
                { "storage.objects.list", object_list },
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(all); i++)
                if (strcmp(action, all[i].action) == 0)
                        return all[i].shape;
        return NULL;
}
