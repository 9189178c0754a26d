/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage resolve: asks for the schemas of what is read, and of what views and functions among it
 * mention in turn; with all of them the text is rewritten.
 */
#include <errno.h>

#include "daemon/base/log.h"
#include "daemon/mask/places.h"
#include "daemon/worker/examine.h"
#include "daemon/worker/judge_write.h"

#define TABLES_TEXT_MAX ((size_t)256 * 1024)

/* What is not there is no view that could show another table; and where there are no masks,
 * BigQuery may say so itself. */
static bool may_be_missing(const struct sp_flow *f, const struct sp_err *e)
{
        if (sp_examine_is_only_sampled(f))
                return true;
        return e->code == -ENOENT && f->call.query &&
               !sp_policy_has_masks(f->policy, &f->id.who, sp_clock_wall_us());
}

static void on_schema(void *userdata, const struct sp_schema *s, const struct sp_err *e)
{
        struct sp_flow *f = userdata;
        struct sp_schema *to = &f->schemas[f->n_schemas];
        int r = s ? sp_schema_copy(f->arena, s, to) : 0;

        f->step = 3;
        if (!s && !may_be_missing(f, e)) {
                f->error = *e;
        } else if (r < 0) {
                (void)sp_err_set(&f->error, r, "judge.too-large", "", "out of memory");
        } else {
                if (!s)
                        *to = (struct sp_schema){
                                .table = f->judgement.needs_schema[f->n_schemas]
                        };
                f->n_schemas++;
                f->step = 0;
        }
        sp_flow_resume(f);
}

void sp_flow_forget_schemas(const struct sp_flow *f)
{
        for (size_t i = 0; i < f->n_schemas; i++)
                sp_schemas_forget(&f->w->schemas, f->schemas[i].table);
}

/* The second reading refuses where it differs; where it could not read, it only says so. It may
 * have been a column that came since its table was looked at. */
static void note_reading(struct sp_flow *f, const struct sp_mask_reading *r)
{
        struct sp_str why = r->unresolved.n ? r->unresolved : r->sent_unresolved;

        if (!why.n)
                return;
        f->w->metrics.unresolved_texts++;
        sp_flow_forget_schemas(f);
        sp_log_fields(SP_LOG_DEBUG,
                      (const struct sp_log_field[]){ { "why", why }, { NULL } },
                      "request %s: %s text is not resolved", f->x->id.c,
                      r->unresolved.n ? "its" : "the masked");
}

/* What of the statement its answers are compared with, also when the job is read later. */
static int note_statement(struct sp_flow *f)
{
        const struct sp_judgement *j = &f->judgement;
        sp_autobuf names = SP_BUF_INIT(TABLES_TEXT_MAX);
        sp_autobuf places = SP_BUF_INIT(SP_PLACES_TEXT_MAX);
        struct sp_mask_splice *splices = NULL;
        size_t n = 0;
        int r = 0;

        for (size_t i = 0; i < j->n_names && r == 0; i++)
                if (j->names[i].n)
                        r = sp_buf_addf(&names, "%.*s\n", SP_FMT(j->names[i]));
        /* cut short they name less: less is shown then */
        if (r == 0 || r == -ENOBUFS)
                r = sp_judge_own_splices(f->arena, j, &splices, &n);
        if (r == 0)
                r = sp_places_write(f->call.query->sql, splices, n, &places);
        if (r == -ENOBUFS)
                sp_buf_clear(&places);
        else if (r < 0)
                return r;
        f->tables = sp_arena_str(f->arena, sp_buf_str(&names));
        f->places = sp_arena_str(f->arena, sp_buf_str(&places));
        return f->tables.p && f->places.p ? 0 : -ENOMEM;
}

static enum sp_next ask(struct sp_flow *f);

/* A column that came since shows where a table cannot be read by a list of its columns: what was known
 * up to a minute ago is too old then. */
static enum sp_next ask_anew(struct sp_flow *f)
{
        const struct sp_judge_input in = sp_examine_input(f);
        int r;

        f->is_asked_anew = true;
        sp_flow_forget_schemas(f);
        f->n_schemas = 0;
        r = sp_judge_read(f->arena, &in, &f->judgement, &f->error);
        return r < 0 ? sp_examine_refuse(f, r) : ask(f);
}

static enum sp_next rewrite(struct sp_flow *f)
{
        const struct sp_judge_input in = sp_examine_input(f);
        int r = sp_judge_rewrite(f->arena, &in, f->schemas, f->n_schemas, &f->judgement,
                                 &f->error);

        if (r == 0 && f->judgement.plan.is_unpinned && f->has_old_schema &&
            !f->is_asked_anew)
                return ask_anew(f);
        if (r == 0)
                r = note_statement(f);
        if (r < 0)
                return sp_examine_refuse(f, r);
        f->w->metrics.masked_columns += f->judgement.plan.n_columns;
        f->w->metrics.masked_requests += f->judgement.plan.is_rewritten;
        note_reading(f, &f->judgement.reading);
        return SP_NEXT;
}

/* Nothing to rewrite: what is read must be as it may be seen. */
static enum sp_next check_write(struct sp_flow *f)
{
        const struct sp_judge_input in = sp_examine_input(f);
        int r = sp_judge_check_write(&in, f->schemas, f->n_schemas, &f->error);

        if (r == -ESTALE)
                return sp_flow_refuse(f, 412, "conditionNotMet");
        return r < 0 ? sp_examine_refuse(f, r) : SP_NEXT;
}

/* A rewrite names the columns it knows, where a write reads what there is. */
static bool is_written(const struct sp_flow *f, struct sp_str table)
{
        const struct sp_judgement *j = &f->judgement;

        for (size_t i = 0; i < j->n_accesses; i++)
                if (sp_str_eq(j->accesses[i].resource, table) &&
                    !sp_str_eq(j->accesses[i].action, SP_STR("select")))
                        return true;
        return f->call.write;
}

/* The definitions of views are read, and what they mention is asked for in turn. */
static enum sp_next ask(struct sp_flow *f)
{
        const struct sp_judge_input in = sp_examine_input(f);
        struct sp_judgement *j = &f->judgement;
        struct sp_schema *all;
        int r = f->call.query ? sp_judge_expand(f->arena, &in, f->schemas, f->n_schemas,
                                                j, &f->error)
                              : 0;

        if (r < 0)
                return sp_examine_refuse(f, r);
        if (f->n_schemas == j->n_needs_schema && f->call.write)
                return check_write(f);
        if (f->n_schemas == j->n_needs_schema)
                return f->is_preview ? sp_examine_page(f) : rewrite(f);
        if (f->schemas_max < j->n_needs_schema) {
                all = sp_arena_array(f->arena, j->n_needs_schema, sizeof(*all));
                if (!all) {
                        (void)sp_err_set(&f->error, -ENOMEM, "judge.too-large", "",
                                         "out of memory");
                        return sp_flow_fault(f, &f->error);
                }
                if (f->n_schemas)
                        memcpy(all, f->schemas, f->n_schemas * sizeof(*all));
                f->schemas = all;
                f->schemas_max = j->n_needs_schema;
        }
        f->step = 1;
        if (is_written(f, j->needs_schema[f->n_schemas]))
                sp_schemas_forget(&f->w->schemas, j->needs_schema[f->n_schemas]);
        f->has_old_schema |=
                sp_schemas_has(&f->w->schemas, j->needs_schema[f->n_schemas]);
        sp_schemas_get(&f->w->schemas, f->call.project, j->needs_schema[f->n_schemas],
                       on_schema, f);
        return SP_WAIT;
}

enum sp_next sp_flow_resolve(struct sp_flow *f)
{
        if (f->call.handling != SP_HANDLING_QUERY && !sp_examine_costs_nothing(f))
                return SP_NEXT;
        if (f->step == 3 && f->error.code == -ENOENT)
                return sp_flow_refuse(f, 404, "notFound");
        if (f->step == 3)
                return f->error.code == -EACCES || f->error.code == -EINVAL
                               ? sp_flow_refuse(f, 403, "accessDenied")
                               : sp_flow_fault(f, &f->error);
        return f->step == 1 ? SP_WAIT : ask(f);
}
