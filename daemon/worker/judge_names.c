/* SPDX-License-Identifier: Apache-2.0 */
/* What a table may be called, and what has to be asked about it before it is read. */
#include <errno.h>

#include "daemon/mask/inference.h"
#include "daemon/sql/name.h"
#include "daemon/worker/judge.h"

static bool is_meta_name(struct sp_str part)
{
        return sp_sql_name_eq(part, SP_STR("INFORMATION_SCHEMA")) ||
               (sp_str_starts(part, SP_STR("__")) && sp_str_ends(part, SP_STR("__")));
}

/* dataset.INFORMATION_SCHEMA.VIEW, of the views that are known; nothing of a region. */
static bool is_offered_metadata(const struct sp_sql_table *t)
{
        size_t n = t->n_parts;

        return (n == 3 || n == 4) && t->is_read && !t->is_target &&
               sp_sql_name_eq(t->parts[n - 2], SP_STR("INFORMATION_SCHEMA")) &&
               !is_meta_name(t->parts[n - 3]) &&
               !sp_str_caseeq(sp_str_sub(t->parts[n - 3], 0, 7), SP_STR("region-")) &&
               sp_mask_metadata_view(t->parts[n - 1]).n;
}

/* `events_*`: one star, at the end. */
static bool is_offered_wildcard(const struct sp_sql_table *t, size_t i)
{
        struct sp_str p = t->parts[i];

        return i + 1 == t->n_parts && t->is_read && !t->is_target && p.n > 1 &&
               (const char *)memchr(p.p, '*', p.n) == p.p + p.n - 1;
}

/* BigQuery has none in names; here names stand in lists, one a line. */
static bool has_control(struct sp_str s)
{
        for (size_t i = 0; i < s.n; i++)
                if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7F)
                        return true;
        return false;
}

int sp_judge_check_name(const struct sp_sql_table *t, struct sp_err *err)
{
        for (size_t i = 0; i < t->n_parts; i++) {
                struct sp_str p = t->parts[i];

                if (is_meta_name(p) && !is_offered_metadata(t))
                        return sp_err_set(
                                err, -EPERM, "sql.information-schema", "",
                                "%.*s is offered as dataset.INFORMATION_SCHEMA.TABLES, "
                                "COLUMNS, COLUMN_FIELD_PATHS, TABLE_OPTIONS and "
                                "KEY_COLUMN_USAGE only; use tables.list and tables.get",
                                (int)SP_MIN(p.n, (size_t)60), p.p);
                if (sp_str_ends(p, SP_STR(")"))) /* as routines are called here */
                        return sp_err_set(err, -EPERM, "sql.table-name", "",
                                          "a table name has no parentheses");
                if (has_control(p))
                        return sp_err_set(err, -EPERM, "sql.table-name", "",
                                          "a table name has no control characters");
                if (memchr(p.p, '*', p.n) && !is_offered_wildcard(t, i))
                        return sp_err_set(err, -EPERM, "sql.wildcard", "",
                                          "a wildcard table is read, and has one star "
                                          "at the end of its name");
                if (!p.n || memchr(p.p, '$', p.n) || memchr(p.p, '@', p.n))
                        return sp_err_set(err, -EPERM, "sql.decorator", "",
                                          "table decorators are not offered");
        }
        return 0;
}

int sp_judge_split_name(struct sp_arena *a, const struct sp_sql_table *t, size_t *ret_n,
                        struct sp_str *ret_last)
{
        size_t n = t->n_parts;
        struct sp_str last = t->parts[n - 1];

        if (is_offered_metadata(t)) {
                n--;
                last = sp_arena_printf(a, "INFORMATION_SCHEMA.%.*s",
                                       SP_FMT(sp_mask_metadata_view(last)));
                if (!last.p)
                        return -ENOMEM;
        }
        *ret_n = n;
        *ret_last = last;
        return 0;
}

/* Whether its columns have to be asked for. What a wildcard matches is no view, and metadata is
 * known. */
bool sp_judge_needs_schema(const struct sp_judge_input *in, struct sp_str name)
{
        struct sp_schema metadata;
        struct sp_str clauses;

        if (memchr(name.p, '*', name.n))
                return sp_policy_masks_table(in->policy, in->who, name, in->now_us);
        return !sp_mask_metadata(name, &metadata, &clauses);
}

/* ---- known and asked for ---- */

static void add_metadata(struct sp_schema *to, size_t *n, const struct sp_str *names,
                         size_t n_names)
{
        struct sp_str clauses;

        for (size_t i = 0; i < n_names; i++)
                if (names[i].n && sp_mask_metadata(names[i], &to[*n], &clauses))
                        (*n)++;
}

/* The schemas that were asked for, and those that are known. */
static int all_schemas(struct sp_arena *a, const struct sp_judgement *j,
                       const struct sp_schema *schemas, size_t n,
                       const struct sp_schema **ret, size_t *ret_n)
{
        size_t most = n + j->n_names;
        struct sp_schema *all;

        for (size_t i = 0; i < j->n_views; i++)
                most += j->views[i].n_names;
        all = sp_arena_array(a, most, sizeof(*all));
        if (!all)
                return -ENOMEM;
        if (n)
                memcpy(all, schemas, n * sizeof(*all));
        add_metadata(all, &n, j->names, j->n_names);
        for (size_t i = 0; i < j->n_views; i++)
                add_metadata(all, &n, j->views[i].names, j->views[i].n_names);
        *ret = all;
        *ret_n = n;
        return 0;
}

int sp_judge_rewrite(struct sp_arena *a, const struct sp_judge_input *in,
                     const struct sp_schema *schemas, size_t n_schemas,
                     struct sp_judgement *j, struct sp_err *reterr)
{
        const struct sp_bq_query *q = in->call->query;
        struct sp_mask_input m = {
                .text = j->text,
                .script = j->script,
                .names = j->names,
                .n_names = j->n_names,
                .default_project =
                        q->default_project.n ? q->default_project : in->call->project,
                .default_dataset = q->default_dataset,
                .views = j->views,
                .n_views = j->n_views,
                .policy = in->policy,
                .who = in->who,
                .now_us = in->now_us,
                .is_positional = sp_str_eq(q->parameter_mode, SP_STR("POSITIONAL")),
        };
        int r = all_schemas(a, j, schemas, n_schemas, &m.schemas, &m.n_schemas);

        if (r == 0)
                r = sp_mask_rewrite(a, &m, &j->plan, reterr);
        if (r == 0)
                r = sp_mask_read(a, &m, &j->plan, &j->reading, reterr);
        return r < 0 ? r
                     : sp_mask_check_inference(in->policy, &j->plan, &j->reading,
                                               reterr);
}
