/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "daemon/google/fields.h"
#include "daemon/google/read.h"

/* What a field of a body may hold and where it goes. */
enum kind {
        BOOL,
        U32,
        I64, /* a number or a decimal string, as Google writes 64-bit integers */
        TEXT,
        SQL,
        LOCATION,
        JOB_ID,
        REQUEST_ID,
        CHOICE, /* `arg`: |A|B| */
        LABELS,
        PARAMETERS,
        FORMAT,
        DATASET,
        TABLE,
        JOB_REFERENCE,
        CONFIGURATION,
        QUERY,
        LEGACY_SQL,
        IGNORED_BOOL, /* without effect in GoogleSQL: checked and dropped */
        IGNORED_TEXT,
        COPY,
        OTHER_JOB, /* load, extract */
        REFUSED, /* `arg`: why; harmless when null, false, {} or [] */
};

#define NOWHERE SIZE_MAX
struct field {
        const char *name;
        enum kind kind;
        size_t value, has; /* offsets in struct sp_bq_query */
        const char *arg;
};

#define AT(m) offsetof(struct sp_bq_query, m)
#define NO_OFFSETS NOWHERE, NOWHERE

static const char why_session[] =
        "sessions are not offered: send one script, or keep what statements share in a "
        "table";
static const char why_connection[] = "there are no sessions; a time zone is written "
                                     "into the functions, a label into "
                                     "the job's labels";
static const char why_schema[] =
        "only the statement itself may say how a table is made";
static const char why_external[] = "tables outside the catalogue are not offered";

/* Both kinds of query have these. */
#define COMMON_FIELDS                                                                  \
        { "query", SQL, AT(sql), NOWHERE, NULL },                                      \
                { "useLegacySql", LEGACY_SQL, NO_OFFSETS, NULL },                      \
                { "defaultDataset", DATASET, NO_OFFSETS, NULL },                       \
                { "parameterMode", CHOICE, AT(parameter_mode), NOWHERE,                \
                  "|NAMED|POSITIONAL|" },                                              \
                { "queryParameters", PARAMETERS, NO_OFFSETS, NULL },                   \
                { "useQueryCache", BOOL, AT(use_query_cache), AT(has_use_query_cache), \
                  NULL },                                                              \
                { "maximumBytesBilled", I64, AT(maximum_bytes_billed),                 \
                  AT(has_maximum_bytes_billed), NULL },                                \
                { "preserveNulls", IGNORED_BOOL, NO_OFFSETS,                           \
                  NULL }, /* optional would leave us without a job to own */           \
                { "jobCreationMode", CHOICE, NO_OFFSETS,                               \
                  "|JOB_CREATION_REQUIRED|JOB_CREATION_OPTIONAL|JOB_CREATION_MODE_"    \
                  "UNSPECIFIED|" },                                                    \
                { "connectionProperties", REFUSED, NO_OFFSETS, why_connection },       \
                { "createSession", REFUSED, NO_OFFSETS, why_session },                 \
                { "continuous", REFUSED, NO_OFFSETS,                                   \
                  "continuous queries are not offered" },                              \
                { "writeIncrementalResults", REFUSED, NO_OFFSETS,                      \
                  "incremental results are not offered" },                             \
        {                                                                              \
                "destinationEncryptionConfiguration", REFUSED, NO_OFFSETS,             \
                        "keys are the gateway's business"                              \
        }

static const struct field request_fields[] = {
        COMMON_FIELDS,
        { "kind", IGNORED_TEXT, NO_OFFSETS, NULL },
        { "location", LOCATION, AT(location), NOWHERE, NULL },
        { "requestId", REQUEST_ID, AT(request_id), NOWHERE, NULL },
        { "maxResults", U32, AT(max_results), AT(has_max_results), NULL },
        { "timeoutMs", U32, AT(timeout_ms), AT(has_timeout_ms), NULL },
        { "jobTimeoutMs", I64, AT(job_timeout_ms), AT(has_job_timeout_ms), NULL },
        { "dryRun", BOOL, AT(dry_run), NOWHERE, NULL },
        { "labels", LABELS, NO_OFFSETS, NULL },
        { "formatOptions", FORMAT, NO_OFFSETS, NULL },
        { "reservation", REFUSED, NO_OFFSETS, "the gateway chooses the reservation" },
};

static const struct field job_fields[] = {
        { "kind", IGNORED_TEXT, NO_OFFSETS, NULL },
        { "jobReference", JOB_REFERENCE, NO_OFFSETS, NULL },
        { "configuration", CONFIGURATION, NO_OFFSETS, NULL },
};

static const struct field configuration_fields[] = {
        { "query", QUERY, NO_OFFSETS, NULL },
        { "load", OTHER_JOB, NO_OFFSETS, "bigquery.jobs.insert.load" },
        { "extract", OTHER_JOB, NO_OFFSETS, "bigquery.jobs.insert.extract" },
        { "copy", COPY, NO_OFFSETS, NULL },
        { "jobType", CHOICE, NO_OFFSETS, "|QUERY|COPY|" },
        { "dryRun", BOOL, AT(dry_run), NOWHERE, NULL },
        { "jobTimeoutMs", I64, AT(job_timeout_ms), AT(has_job_timeout_ms), NULL },
        { "labels", LABELS, NO_OFFSETS, NULL },
        { "reservation", REFUSED, NO_OFFSETS, "the gateway chooses the reservation" },
};

static const struct field query_fields[] = {
        COMMON_FIELDS,
        { "destinationTable", TABLE, NO_OFFSETS, NULL },
        { "createDisposition", CHOICE, AT(create_disposition), NOWHERE,
          "|CREATE_IF_NEEDED|CREATE_NEVER|" },
        { "writeDisposition", CHOICE, AT(write_disposition), NOWHERE,
          "|WRITE_TRUNCATE|WRITE_APPEND|WRITE_EMPTY|" },
        { "priority", CHOICE, AT(priority), NOWHERE, "|INTERACTIVE|BATCH|" },
        { "allowLargeResults", IGNORED_BOOL, NO_OFFSETS, NULL },
        { "flattenResults", IGNORED_BOOL, NO_OFFSETS, NULL },
        { "maximumBillingTier", REFUSED, NO_OFFSETS, "it has no effect any more" },
        { "schemaUpdateOptions", REFUSED, NO_OFFSETS, why_schema },
        { "timePartitioning", REFUSED, NO_OFFSETS, why_schema },
        { "rangePartitioning", REFUSED, NO_OFFSETS, why_schema },
        { "clustering", REFUSED, NO_OFFSETS, why_schema },
        { "tableDefinitions", REFUSED, NO_OFFSETS, why_external },
        { "userDefinedFunctionResources", REFUSED, NO_OFFSETS,
          "functions from outside the statement are not offered" },
        { "scriptOptions", REFUSED, NO_OFFSETS, "script options are not offered" },
        { "systemVariables", REFUSED, NO_OFFSETS, "system variables are not offered" },
};

struct reader {
        struct sp_arena *arena;
        struct sp_call *call;
        struct sp_err *err;
        bool has_query;
};

#define MEMBER(r, offset, type) ((type *)(void *)((char *)(r)->call->query + (offset)))

static int read_object(struct reader *r, const struct sp_json *o, const char *where,
                       const struct field *fields, size_t n);
#define READ_OBJECT(r, o, where, fields)                                               \
        read_object((r), (o), (where), (fields), SP_ARRAY_SIZE(fields))

static int bad_type(struct reader *r, const char *where, const char *wanted)
{
        return sp_field_bad_type(r->err, where, wanted);
}

static int bad_value(struct reader *r, const char *where, struct sp_str v)
{
        return sp_field_bad_value(r->err, where, v);
}

static int read_u64(struct reader *r, const struct sp_json *v, const char *where,
                    uint64_t max, uint64_t *ret)
{
        if (v->type != SP_JSON_NUMBER && v->type != SP_JSON_STRING)
                return bad_type(r, where, "an integer");
        if (sp_str_u64(v->text, ret) < 0 || *ret > max)
                return bad_type(r, where,
                                "an integer that is not negative and not too large");
        return 0;
}

static int read_bool(struct reader *r, const struct sp_json *v, const char *where,
                     bool *ret)
{
        if (v->type != SP_JSON_TRUE && v->type != SP_JSON_FALSE)
                return bad_type(r, where, "true or false");
        *ret = v->type == SP_JSON_TRUE;
        return 0;
}

static bool is_request_id(struct sp_str s)
{
        for (size_t i = 0; i < s.n; i++)
                if (s.p[i] <= ' ' || s.p[i] > '~')
                        return false;
        return s.n <= 36; /* BigQuery's own limit */
}

static int read_text(struct reader *r, const struct sp_json *v, const char *where,
                     const struct field *f)
{
        struct sp_str text = v->text;
        bool ok = true;

        if (v->type != SP_JSON_STRING)
                return bad_type(r, where, "a string");
        switch (f->kind) {
        case CHOICE:
                ok = text.n == 0 || sp_field_choice(f->arg, &text);
                break;
        case LOCATION:
                ok = v->text.n == 0 || sp_id_is_valid(SP_ID_LOCATION, v->text);
                break;
        case JOB_ID:
                ok = v->text.n == 0 || sp_id_is_valid(SP_ID_JOB, v->text);
                break;
        case REQUEST_ID:
                ok = is_request_id(v->text);
                break;
        case SQL:
                if (v->text.n > SP_CALL_SQL_MAX)
                        return sp_err_set(r->err, -EPERM, "request.too-large", where,
                                          "the statement is longer than 1 MiB");
                break;
        default:
                break;
        }
        if (!ok)
                return bad_value(r, where, v->text);
        if (f->value != NOWHERE)
                *MEMBER(r, f->value, struct sp_str) = text;
        return 0;
}

/* {"projectId", "datasetId"[, "tableId"]}; the project may be left out: the path's. */
static int read_reference(struct reader *r, const struct sp_json *o, const char *where,
                          bool is_table)
{
        struct sp_bq_query *q = r->call->query;
        struct sp_str project = r->call->project, dataset = SP_STR_NULL,
                      table = SP_STR_NULL;

        if (o->type != SP_JSON_OBJECT)
                return bad_type(r, where, "an object");
        for (const struct sp_json *m = o->first; m; m = m->next) {
                bool ok;

                if (m->type != SP_JSON_STRING)
                        return bad_type(r, where, "an object of strings");
                if (sp_str_eq(m->key, SP_STR("projectId"))) {
                        project = m->text.n ? m->text : project;
                        ok = sp_id_is_valid(SP_ID_PROJECT, project);
                } else if (sp_str_eq(m->key, SP_STR("datasetId"))) {
                        dataset = m->text;
                        ok = sp_id_is_valid(SP_ID_DATASET, dataset);
                } else if (is_table && sp_str_eq(m->key, SP_STR("tableId"))) {
                        table = m->text;
                        ok = sp_id_is_valid(SP_ID_TABLE, table);
                } else {
                        return sp_err_set(r->err, -EPERM, "request.unknown-field",
                                          where,
                                          "%s.%.*s is not a field that is known here",
                                          where, SP_FMT(sp_str_sub(m->key, 0, 64)));
                }
                if (!ok)
                        return bad_value(r, where, m->text);
        }
        if (dataset.n == 0 || (is_table && table.n == 0))
                return bad_type(r, where, "a complete reference");
        if (is_table) {
                q->destination_project = project;
                q->destination_dataset = dataset;
                q->destination_table = table;
        } else {
                q->default_project = project;
                q->default_dataset = dataset;
        }
        return 0;
}

static int read_job_reference(struct reader *r, const struct sp_json *o,
                              const char *where)
{
        static const struct field fields[] = {
                { "projectId", TEXT, NO_OFFSETS, NULL },
                { "jobId", JOB_ID, AT(client_job_id), NOWHERE, NULL },
                { "location", LOCATION, AT(location), NOWHERE, NULL },
        };
        struct sp_str project = sp_json_get_str(o, "projectId");

        if (project.n && !sp_str_eq(project, r->call->project))
                return sp_err_set(r->err, -EPERM, "request.project-mismatch", where,
                                  "%s.projectId is not the project of the path", where);
        return READ_OBJECT(r, o, where, fields);
}

static int read_labels(struct reader *r, const struct sp_json *o, const char *where)
{
        if (o->type != SP_JSON_OBJECT || o->count > 62) /* 64 with ours */
                return bad_type(r, where, "an object of at most 62 strings");
        for (const struct sp_json *m = o->first; m; m = m->next)
                if (m->type != SP_JSON_STRING || !sp_field_is_label(m->key, true) ||
                    !sp_field_is_label(m->text, false))
                        return bad_type(r, where,
                                        "labels of lower-case letters, digits, '_' and "
                                        "'-', at most 63 bytes each");
        r->call->query->labels = o;
        return 0;
}

static int read_other_job(struct reader *r, const struct field *f)
{
        r->call->action = f->arg;
        r->call->handling = SP_HANDLING_DENY;
        return sp_err_set(r->err, -EPERM, "api.not-offered", "",
                          "%s is recognised but not offered here; only jobs that query "
                          "or copy are",
                          f->arg);
}

static int read_legacy(struct reader *r, const struct sp_json *v, const char *where)
{
        bool is_legacy = true;
        int e = read_bool(r, v, where, &is_legacy);

        if (e < 0 || !is_legacy)
                return e;
        return sp_err_set(r->err, -EPERM, "request.legacy-sql", where,
                          "legacy SQL is not offered: set useLegacySql to false (bq: "
                          "--nouse_legacy_sql) and write GoogleSQL");
}

static int read_configuration(struct reader *r, const struct sp_json *v,
                              const char *where)
{
        const struct sp_json *copy = sp_json_get(v, "copy");
        struct sp_str type = sp_json_get_str(v, "jobType");

        for (size_t i = 1; i < 3; i++)
                if (sp_json_get(v, configuration_fields[i].name))
                        return read_other_job(r, &configuration_fields[i]);
        /* a job with two kinds means different things to different readers */
        if (copy && sp_json_get(v, "query"))
                return sp_field_refused(r->err, "configuration.copy",
                                        "a job does one thing");
        if (type.n && !sp_str_caseeq(type, copy ? SP_STR("COPY") : SP_STR("QUERY")))
                return bad_value(r, "configuration.jobType", type);
        return READ_OBJECT(r, v, where, configuration_fields);
}

static int read_copy(struct reader *r, const struct sp_json *v)
{
        int e = sp_read_copy(r->arena, v, r->call, r->err);

        if (e < 0)
                return e;
        r->call->query->sql = r->call->write->equal;
        return 0;
}

static int read_field(struct reader *r, const struct field *f, const struct sp_json *v,
                      const char *where)
{
        static const struct field format_fields[] = {
                { "useInt64Timestamp", BOOL, AT(use_int64_timestamp),
                  AT(has_use_int64_timestamp), NULL },
        };
        bool ignored = false;
        int e = 0;

        switch (f->kind) {
        case BOOL:
                e = read_bool(r, v, where, MEMBER(r, f->value, bool));
                break;
        case U32:
                e = read_u64(r, v, where, UINT32_MAX, MEMBER(r, f->value, uint64_t));
                break;
        case I64:
                e = read_u64(r, v, where, INT64_MAX, MEMBER(r, f->value, uint64_t));
                break;
        case IGNORED_BOOL:
                return read_bool(r, v, where, &ignored);
        case LEGACY_SQL:
                return read_legacy(r, v, where);
        case LABELS:
                return read_labels(r, v, where);
        case PARAMETERS:
                return sp_read_query_parameters(v, where, r->call->query, r->err);
        case FORMAT:
                return READ_OBJECT(r, v, where, format_fields);
        case DATASET:
        case TABLE:
                return read_reference(r, v, where, f->kind == TABLE);
        case JOB_REFERENCE:
                return read_job_reference(r, v, where);
        case CONFIGURATION:
                return read_configuration(r, v, where);
        case QUERY:
                r->has_query = true;
                return READ_OBJECT(r, v, where, query_fields);
        case COPY:
                return read_copy(r, v);
        case OTHER_JOB:
                return read_other_job(r, f);
        case REFUSED:
                if (sp_field_is_neutral(v))
                        return 0;
                return sp_field_refused(r->err, where, f->arg);
        default:
                return read_text(r, v, where, f);
        }
        if (e == 0 && f->has != NOWHERE)
                *MEMBER(r, f->has, bool) = true;
        return e;
}

static int read_object(struct reader *r, const struct sp_json *o, const char *where,
                       const struct field *fields, size_t n)
{
        if (o->type != SP_JSON_OBJECT)
                return bad_type(r, *where ? where : "the body", "an object");
        for (const struct sp_json *m = o->first; m; m = m->next) {
                const struct field *f = NULL;
                char path[96];
                int e;

                (void)snprintf(path, sizeof(path), "%s%s%.*s", where, *where ? "." : "",
                               SP_FMT(sp_str_sub(m->key, 0, 64)));
                for (size_t i = 0; i < n && !f; i++)
                        if (sp_str_eq(m->key, sp_str_c(fields[i].name)))
                                f = &fields[i];
                if (!f)
                        return sp_field_unknown(r->err, path);
                if (m->type == SP_JSON_NULL) /* as Google's readers: absent */
                        continue;
                e = read_field(r, f, m, path);
                if (e < 0)
                        return e;
        }
        return 0;
}

int sp_read_query(struct sp_arena *a, const struct sp_json *body, struct sp_call *ret,
                  struct sp_err *reterr)
{
        struct reader r = { .arena = a, .call = ret, .err = reterr };
        struct sp_bq_query *q = sp_arena_new(a, struct sp_bq_query);
        bool is_insert = strcmp(ret->action, "bigquery.jobs.insert") == 0;
        int e;

        if (!q)
                return -ENOMEM;
        ret->query = q;
        ret->is_insert = is_insert;
        e = is_insert ? READ_OBJECT(&r, body, "", job_fields)
                      : READ_OBJECT(&r, body, "", request_fields);
        if (e < 0)
                return e;
        if (is_insert && !r.has_query && !ret->write)
                return sp_err_set(
                        reterr, -EPERM, "api.not-offered", "",
                        "a job without configuration.query is not offered here");
        if (ret->write && q->dry_run)
                return sp_field_refused(reterr, "configuration.dryRun",
                                        "BigQuery does not say what it does to a copy");
        if (q->sql.n == 0)
                return sp_err_set(reterr, -EINVAL, "request.no-query", "",
                                  "the request holds no statement");
        /* Go's old client names its parameters and leaves the mode out */
        if (q->parameter_mode.n == 0 && q->parameters && q->parameters->count)
                q->parameter_mode = sp_json_get_str(q->parameters->first, "name").n
                                            ? SP_STR("NAMED")
                                            : SP_STR("POSITIONAL");
        e = sp_check_parameter_mode(q, reterr);
        if (e < 0)
                return e;
        ret->job_id = q->client_job_id;
        ret->location = q->location;
        return 0;
}
