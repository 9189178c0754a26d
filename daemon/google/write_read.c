/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes without SQL: each is read as the statement that it equals, with what that
 * statement would do to which table.
 */
#include <errno.h>

#include "daemon/google/fields.h"
#include "daemon/google/methods.h"
#include "daemon/google/read.h"

#define BODY_MAX (64u * 1024 * 1024)
#define EFFECTS_MAX (2 * SP_CALL_COPY_SOURCES_MAX + 4)
#define ETAG_MAX 256
#define ROWS_MAX 50000 /* BigQuery's own limit of an insertAll request */

struct writing {
        struct sp_arena *arena;
        struct sp_call *call;
        struct sp_bq_write *w;
        struct sp_err *err;
};

static int no_memory(struct sp_err *e)
{
        return sp_err_set(e, -ENOMEM, "request.too-large", "",
                          "the request needs more memory than one may use");
}

/* Hidden datasets hold results of queries, which belong to whoever asked; names with two
 * underscores are views of BigQuery's own. No policy is asked about writing to them. */
static bool is_hidden(struct sp_str id)
{
        return sp_str_starts(id, SP_STR("__")) ||
               sp_str_caseeq(id, SP_STR("INFORMATION_SCHEMA"));
}

static int add_effect(struct writing *g, const char *action, struct sp_str project,
                      struct sp_str dataset, struct sp_str table,
                      enum sp_effect_kind kind)
{
        struct sp_str resource =
                sp_arena_printf(g->arena, "%.*s.%.*s%s%.*s", SP_FMT(project),
                                SP_FMT(dataset), table.n ? "." : "", SP_FMT(table));

        if (sp_str_starts(dataset, SP_STR("_")) || is_hidden(dataset) ||
            is_hidden(table))
                return sp_err_set(g->err, -EPERM, "request.hidden-name", "",
                                  "%.*s is kept by BigQuery itself; it is not written "
                                  "to, copied or taken away here",
                                  SP_FMT(resource));
        if (!resource.p)
                return no_memory(g->err);
        g->w->effects[g->w->n_effects++] = (struct sp_effect){ action, resource, kind };
        return 0;
}

/* On what the path names. */
static int affect(struct writing *g, const char *action)
{
        const struct sp_call *c = g->call;

        return add_effect(g, action, c->project, c->dataset, c->table,
                          SP_EFFECT_WRITES);
}

static const struct sp_header *parameter(const struct sp_call *c, const char *name)
{
        for (size_t i = 0; i < c->n_parameters; i++)
                if (sp_str_eq(c->parameters[i].name, sp_str_c(name)))
                        return &c->parameters[i];
        return NULL;
}

/* ---- what each does beyond its first effect ---- */

static int need_id(struct writing *g, struct sp_str id, const char *what)
{
        return id.n ? 0 : sp_field_bad_type(g->err, what, "given");
}

static int new_table(struct writing *g, const struct sp_json *body)
{
        (void)body;
        return need_id(g, g->call->table, "tableReference.tableId");
}

static int new_dataset(struct writing *g, const struct sp_json *body)
{
        (void)body;
        return need_id(g, g->call->dataset, "datasetReference.datasetId");
}

/* A table or a partition that expires is dropped, perhaps at once. */
static int changed_table(struct writing *g, const struct sp_json *body)
{
        const struct sp_json *at = sp_json_get(body, "expirationTime");
        const struct sp_json *parts =
                sp_json_get(sp_json_get(body, "timePartitioning"), "expirationMs");
        bool drops = (at && at->type != SP_JSON_NULL) ||
                     (parts && parts->type != SP_JSON_NULL);

        if (sp_json_get(body, "schema"))
                g->w->effects[0].kind = SP_EFFECT_RESHAPES;
        return drops ? affect(g, "drop") : 0;
}

/* DROP SCHEMA … CASCADE: all that is inside goes too. */
static int dropped_dataset(struct writing *g, const struct sp_json *body)
{
        const struct sp_header *h = parameter(g->call, "deleteContents");
        const struct sp_call *c = g->call;

        (void)body;
        if (!h || !sp_str_eq(h->value, SP_STR("true")))
                return 0;
        return add_effect(g, "drop", c->project, c->dataset, SP_STR("*"),
                          SP_EFFECT_WRITES);
}

static int new_rows(struct writing *g, const struct sp_json *body)
{
        const struct sp_json *rows = sp_json_get(body, "rows");

        if (rows && rows->count > ROWS_MAX)
                return sp_err_set(g->err, -EINVAL, "request.too-large", "rows",
                                  "at most %d rows go into one request", ROWS_MAX);
        return 0;
}

static const struct write {
        const char *action, *statement, *effect;
        const struct sp_field *fields; /* NULL: no body */
        bool keeps_null;
        int (*more)(struct writing *g, const struct sp_json *body);
} writes[] = {
        { "bigquery.datasets.delete", "DropSchema", "drop", NULL, false,
          dropped_dataset },
        { "bigquery.datasets.insert", "CreateSchema", "create", sp_fields_new_dataset,
          false, new_dataset },
        { "bigquery.datasets.patch", "AlterSchema", "alter", sp_fields_dataset, true,
          NULL },
        { "bigquery.datasets.undelete", "Undrop", "create", sp_fields_undelete, false,
          NULL },
        { "bigquery.datasets.update", "AlterSchema", "alter", sp_fields_dataset, true,
          NULL },
        { "bigquery.tabledata.insertAll", "Insert", "insert", sp_fields_rows, false,
          new_rows },
        { "bigquery.tables.delete", "DropTable", "drop", NULL, false, NULL },
        { "bigquery.tables.insert", "CreateTable", "create", sp_fields_table, false,
          new_table },
        { "bigquery.tables.patch", "AlterTable", "alter", sp_fields_table, true,
          changed_table },
        { "bigquery.tables.update", "AlterTable", "alter", sp_fields_table, true,
          changed_table },
};

static const struct write *find(const char *action)
{
        for (size_t i = 0; i < SP_ARRAY_SIZE(writes); i++)
                if (strcmp(writes[i].action, action) == 0)
                        return &writes[i];
        return NULL;
}

/* `o` in the fields of `fields`, in the arena. */
static int write_body(struct writing *g, const struct sp_json *o, const char *where,
                      const struct sp_field *fields, bool keeps_null)
{
        sp_autobuf b = SP_BUF_INIT(BODY_MAX);
        struct sp_jsonw w = SP_JSONW(&b);
        struct sp_fields f = {
                .to = &w, .call = g->call, .keeps_null = keeps_null, .err = g->err
        };
        int e = sp_fields_write(&f, o, where, fields);

        if (e < 0)
                return e;
        if (sp_jsonw_end(&w) < 0)
                return no_memory(g->err);
        g->w->body = sp_arena_str(g->arena, sp_buf_str(&b));
        return g->w->body.p ? 0 : no_memory(g->err);
}

static int begin(struct writing *g)
{
        g->w = sp_arena_new(g->arena, struct sp_bq_write);
        if (g->w)
                g->w->effects =
                        sp_arena_array(g->arena, EFFECTS_MAX, sizeof(*g->w->effects));
        return g->w && g->w->effects ? 0 : no_memory(g->err);
}

/* The version that the client saw: BigQuery writes only if it is still there. */
static int read_etag(struct writing *g, const struct sp_request *r)
{
        struct sp_str etag = sp_request_header(r, "if-match");
        bool is_one = etag.n <= ETAG_MAX && (etag.n || !etag.p);

        for (size_t i = 0; i < etag.n && is_one; i++)
                is_one = etag.p[i] >= '!' && etag.p[i] <= '~';
        if (!is_one)
                return sp_err_set(g->err, -EPERM, "request.header", "",
                                  "the header if-match is not accepted: it is not one "
                                  "etag");
        g->w->etag = etag;
        return 0;
}

int sp_read_write(struct sp_arena *a, const struct sp_request *r,
                  const struct sp_json *body, struct sp_call *ret,
                  struct sp_err *reterr)
{
        struct writing g = { .arena = a, .call = ret, .err = reterr };
        const struct write *d = find(ret->action);
        int e = d ? begin(&g) : -EINVAL;

        if (e < 0)
                return e;
        g.w->statement = d->statement;
        e = read_etag(&g, r);
        if (e == 0 && d->fields)
                e = write_body(&g, body, "", d->fields, d->keeps_null);
        if (e == 0)
                e = affect(&g, d->effect);
        if (e == 0 && d->more)
                e = d->more(&g, body);
        if (e == 0)
                ret->write = g.w;
        return e;
}

/* ---- copy jobs ---- */

static struct sp_str id(const struct sp_json *reference, const char *name)
{
        return sp_json_get_str(reference, name);
}

static int add_reference(struct writing *g, const char *action,
                         const struct sp_json *reference, enum sp_effect_kind kind)
{
        if (!id(reference, "projectId").n || !id(reference, "datasetId").n ||
            !id(reference, "tableId").n)
                return sp_field_bad_type(g->err, "configuration.copy",
                                         "made of complete table references");
        return add_effect(g, action, id(reference, "projectId"),
                          id(reference, "datasetId"), id(reference, "tableId"), kind);
}

static int add_sources(struct writing *g, const struct sp_json *copy)
{
        const struct sp_json *one = sp_json_get(copy, "sourceTable");
        const struct sp_json *list = sp_json_get(copy, "sourceTables");
        int e = 0;

        if (!one == !list ||
            (list && (list->count == 0 || list->count > SP_CALL_COPY_SOURCES_MAX)))
                return sp_field_bad_type(g->err, "configuration.copy",
                                         "a copy of one to 20 tables");
        for (const struct sp_json *s = one ? one : list->first; s && e == 0;
             s = one ? NULL : s->next)
                e = add_reference(g, "select", s, SP_EFFECT_READS);
        return e;
}

static bool has(const struct sp_json *copy, const char *field, const char *value)
{
        return sp_str_caseeq(sp_json_get_str(copy, field), sp_str_c(value));
}

/* As a destinationTable of a query is: what may be there is created, added to, emptied. */
static int add_destination(struct writing *g, const struct sp_json *copy)
{
        const struct sp_json *to = sp_json_get(copy, "destinationTable");
        int e = add_reference(g, "create", to, SP_EFFECT_WRITES);

        if (e == 0 && !has(copy, "operationType", "SNAPSHOT") &&
            !has(copy, "operationType", "CLONE"))
                e = add_reference(g, "insert", to, SP_EFFECT_WRITES);
        if (e == 0 && has(copy, "writeDisposition", "WRITE_TRUNCATE"))
                e = add_reference(g, "truncate", to, SP_EFFECT_WRITES);
        if (e == 0 && sp_json_get_str(copy, "destinationExpirationTime").n)
                e = add_reference(g, "drop", to, SP_EFFECT_WRITES);
        return e;
}

/* For people who approve or read records: what a statement of the same effect says. */
static struct sp_str describe(struct writing *g, const struct sp_json *copy)
{
        sp_autobuf b = SP_BUF_INIT(256 * 1024);
        const struct sp_effect *all = g->w->effects;
        bool appends = has(copy, "writeDisposition", "WRITE_APPEND");
        bool is_snapshot = has(copy, "operationType", "SNAPSHOT");
        const char *word =
                is_snapshot || has(copy, "operationType", "CLONE") ? "CLONE" : "COPY";
        struct sp_str to = SP_STR_NULL;
        int e;

        for (size_t i = 0; i < g->w->n_effects; i++)
                if (all[i].kind == SP_EFFECT_WRITES)
                        to = all[i].resource;
        e = sp_buf_addf(&b, "%s%s%sTABLE `%.*s`", appends ? "INSERT INTO " : "CREATE ",
                        has(copy, "writeDisposition", "WRITE_TRUNCATE") ? "OR REPLACE "
                                                                        : "",
                        is_snapshot ? "SNAPSHOT " : "", SP_FMT(to));
        for (size_t i = 0; i < g->w->n_effects && e == 0; i++)
                if (all[i].kind == SP_EFFECT_READS)
                        e = sp_buf_addf(&b, "%s%s `%.*s`", i ? "," : " ", i ? "" : word,
                                        SP_FMT(all[i].resource));
        return e < 0 ? SP_STR_NULL : sp_arena_str(g->arena, sp_buf_str(&b));
}

int sp_read_copy(struct sp_arena *a, const struct sp_json *copy, struct sp_call *ret,
                 struct sp_err *reterr)
{
        struct writing g = { .arena = a, .call = ret, .err = reterr };
        int e = begin(&g);

        if (e == 0)
                e = write_body(&g, copy, "configuration.copy", sp_fields_copy, false);
        if (e == 0)
                e = add_sources(&g, copy);
        if (e == 0)
                e = add_destination(&g, copy);
        if (e < 0)
                return e;
        g.w->statement = "CreateTable";
        g.w->equal = describe(&g, copy);
        if (!g.w->equal.p)
                return no_memory(reterr);
        ret->write = g.w;
        return 0;
}
