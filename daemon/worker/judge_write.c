/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/worker/judge_write.h"

#include <errno.h>
#include <stdio.h>

#include "daemon/policy/groups.h"

#define DEPTH_MAX 20 /* BigQuery allows 15 levels of nesting */

int sp_judge_read_write(struct sp_arena *a, const struct sp_judge_input *in,
                        struct sp_judgement *j, struct sp_err *reterr)
{
        const struct sp_bq_write *w = in->call->write;
        bool has_masks = sp_policy_has_masks(in->policy, in->who, in->now_us);

        j->accesses = sp_arena_array(a, w->n_effects, sizeof(*j->accesses));
        j->needs_schema = sp_arena_array(a, w->n_effects, sizeof(*j->needs_schema));
        if (!j->accesses || !j->needs_schema)
                return sp_err_set(reterr, -ENOMEM, "judge.too-large", "",
                                  "the request needs more memory than one may use");
        for (size_t i = 0; i < w->n_effects; i++) {
                const struct sp_effect *e = &w->effects[i];

                j->accesses[j->n_accesses++] =
                        (struct sp_access){ sp_str_c(e->action), e->resource };
                if (e->kind == SP_EFFECT_RESHAPES ||
                    (has_masks && e->kind == SP_EFFECT_READS))
                        j->needs_schema[j->n_needs_schema++] = e->resource;
                if (strcmp(e->action, "truncate") == 0)
                        j->where = SP_SQL_WHERE_ABSENT;
        }
        return 0;
}

/* The protected column, or NULL. */
static const struct sp_column *find_masked(const struct sp_judge_input *in,
                                           struct sp_str table, struct sp_str parent,
                                           const struct sp_column *columns, size_t n,
                                           unsigned depth)
{
        const struct sp_column *found = NULL;

        for (size_t i = 0; i < n && !found; i++) {
                const struct sp_column *c = &columns[i];
                char path[1024];
                int len = snprintf(path, sizeof(path), "%.*s%s%.*s", SP_FMT(parent),
                                   parent.n ? "." : "", SP_FMT(c->name));
                struct sp_str whole = sp_str(path, (size_t)len);

                if (len < 0 || len >= (int)sizeof(path) || depth > DEPTH_MAX ||
                    sp_policy_mask_tagged(in->policy, in->who, table, whole, c->tags,
                                          in->now_us)
                                    .kind != SP_MASK_NONE)
                        return c;
                found = find_masked(in, table, whole, c->fields, c->n_fields,
                                    depth + 1);
        }
        return found;
}

static int check_source(const struct sp_judge_input *in, const struct sp_schema *s,
                        struct sp_err *reterr)
{
        const struct sp_column *column;

        /* what anything but a table shows is not told by its columns */
        if (!sp_str_eq(s->kind, SP_STR("TABLE")) &&
            !sp_str_eq(s->kind, SP_STR("SNAPSHOT")))
                return sp_err_set(reterr, -EPERM, "mask.copy", "",
                                  "%.*s is no plain table: use CREATE TABLE AS SELECT",
                                  SP_FMT(s->table));
        if (sp_policy_min_group(in->policy, in->who, s->table, NULL))
                return sp_err_set(reterr, -EPERM, "mask.group-shape", "",
                                  "%.*s is read in groups of rows only, and a copy has "
                                  "all of them",
                                  (int)SP_MIN(s->table.n, 100), s->table.p);
        column = find_masked(in, s->table, SP_STR_NULL, s->columns, s->n_columns, 0);
        if (!column)
                return 0;
        return sp_err_set(reterr, -EPERM, "mask.copy", "",
                          "%.*s has the protected column %.*s, and a copy cannot be "
                          "masked: use CREATE TABLE AS SELECT",
                          SP_FMT(s->table), SP_FMT(sp_str_sub(column->name, 0, 60)));
}

/* A schema that is written anew, by somebody who does not see all of it, could take what
 * protects a column away. */
static int check_reshaped(const struct sp_judge_input *in, const struct sp_schema *s,
                          struct sp_err *reterr)
{
        const struct sp_column *column =
                find_masked(in, s->table, SP_STR_NULL, s->columns, s->n_columns, 0);

        if (column)
                return sp_err_set(reterr, -EPERM, "mask.reshape", "",
                                  "%.*s has the protected column %.*s: its schema "
                                  "cannot be changed",
                                  SP_FMT(s->table),
                                  SP_FMT(sp_str_sub(column->name, 0, 60)));
        if (s->has_unshown)
                return sp_err_set(
                        reterr, -EPERM, "mask.reshape", "",
                        "%.*s has columns with policy tags or default values, "
                        "which are not shown here: its schema cannot be "
                        "changed",
                        SP_FMT(s->table));
        return 0;
}

/* Written only if it is still what was looked at. */
static int pin(struct sp_bq_write *w, const struct sp_schema *s, struct sp_err *reterr)
{
        if (!s->etag.n || (w->etag.n && !sp_str_eq(w->etag, s->etag)))
                return sp_err_set(reterr, -ESTALE, "schema.changed", "",
                                  "%.*s is not what the if-match header names any more",
                                  SP_FMT(s->table));
        w->etag = s->etag;
        return 0;
}

int sp_judge_check_write(const struct sp_judge_input *in,
                         const struct sp_schema *schemas, size_t n_schemas,
                         struct sp_err *reterr)
{
        struct sp_bq_write *w = in->call->write;
        bool is_reshaped = w->n_effects && w->effects[0].kind == SP_EFFECT_RESHAPES;

        for (size_t i = 0; i < n_schemas; i++) {
                int r = is_reshaped ? check_reshaped(in, &schemas[i], reterr)
                                    : check_source(in, &schemas[i], reterr);

                if (r == 0 && is_reshaped)
                        r = pin(w, &schemas[i], reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}
