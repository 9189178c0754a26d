/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "daemon/policy/load.h"

#define KEEP_MAX 64 /* characters a partial mask may leave */

static int mask_name(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        return sp_load_name(l, v, &((struct sp_mask_rule *)to)->mask.rule);
}

/* "project.dataset.table.column": the column is what follows the third dot. */
static const char *read_column(struct sp_str text, struct sp_column_pattern *ret)
{
        struct sp_resource r = sp_resource_split(text);
        struct sp_str table, column;

        if (r.n < SP_RESOURCE_PARTS || !sp_str_cut(r.part[2], '.', &table, &column))
                return "write a column as project.dataset.table.column";
        ret->table.text = sp_str(text.p, (size_t)(table.p + table.n - text.p));
        ret->table.r = r;
        ret->table.r.part[2] = table;
        ret->column = column;
        if (!r.part[0].n || !r.part[1].n || !table.n || !column.n)
                return "a part between the dots is empty";
        return sp_pattern_check(text);
}

static int mask_columns(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        struct sp_mask_rule *m = to;
        int r = sp_load_list(l, v);

        if (r < 0)
                return r;
        m->columns = sp_arena_array(&l->policy->arena, v->count, sizeof(*m->columns));
        if (!m->columns)
                return -ENOMEM;
        for (const struct sp_yaml *e = v->first; e; e = e->next) {
                struct sp_column_pattern *c = &m->columns[m->n_columns++];
                const char *wrong;

                r = sp_load_scalar(l, e);
                if (r < 0)
                        return r;
                c->table.mark = e->mark;
                wrong = read_column(e->text, c);
                if (wrong)
                        return sp_err_set_at(l->err, -EINVAL, "policy.bad-pattern",
                                             SP_AT(e->mark), "%s", wrong);
        }
        return 0;
}

static int mask_tags(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        struct sp_mask_rule *m = to;
        int r = sp_load_list(l, v);

        if (r < 0)
                return r;
        m->tags = sp_arena_array(&l->policy->arena, v->count, sizeof(*m->tags));
        if (!m->tags)
                return -ENOMEM;
        for (const struct sp_yaml *e = v->first; e; e = e->next) {
                const char *wrong;

                r = sp_load_scalar(l, e);
                if (r < 0)
                        return r;
                wrong = sp_pattern_check(e->text);
                if (!e->text.n)
                        wrong = "a tag is empty";
                if (wrong)
                        return sp_err_set_at(l->err, -EINVAL, "policy.bad-pattern",
                                             SP_AT(e->mark), "%s", wrong);
                m->tags[m->n_tags++] = (struct sp_name_pattern){ e->text, e->mark };
        }
        return 0;
}

static int read_keep(struct sp_loader *l, const struct sp_yaml *v, unsigned *to)
{
        uint64_t n;
        int r = sp_load_scalar(l, v);

        if (r < 0)
                return r;
        if (sp_str_u64(v->text, &n) < 0 || n < 1 || n > KEEP_MAX)
                return sp_err_set_at(
                        l->err, -EINVAL, "policy.bad-value", SP_AT(v->mark),
                        "write how many characters stay, 1 to %d", KEEP_MAX);
        *to = (unsigned)n;
        return 0;
}

static int partial_first(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        return read_keep(l, v, &((struct sp_mask *)to)->keep_first);
}

static int partial_last(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        return read_keep(l, v, &((struct sp_mask *)to)->keep_last);
}

static int kind_partial(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        static const struct sp_key keys[] = { { "keep_first", partial_first, false },
                                              { "keep_last", partial_last, false } };
        struct sp_mask *m = to;
        int r = sp_load_map(l, v, keys, SP_ARRAY_SIZE(keys), m);

        if (r == 0 && !v->count)
                return sp_err_set_at(l->err, -EINVAL, "policy.missing-key",
                                     SP_AT(v->mark),
                                     "'partial' needs keep_first or keep_last");
        m->kind = SP_MASK_PARTIAL;
        return r;
}

static int truncate_to(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        static const char *const units[] = { "year", "month", "day", "hour" };
        struct sp_mask *m = to;
        int r = sp_load_scalar(l, v);

        if (r < 0)
                return r;
        for (unsigned i = 0; i < SP_ARRAY_SIZE(units); i++)
                if (sp_str_eq(v->text, sp_str_c(units[i]))) {
                        m->unit = (enum sp_mask_unit)(SP_UNIT_YEAR + i);
                        return 0;
                }
        if (sp_str_u64(v->text, &m->step) < 0 || m->step < 1 ||
            m->step > SP_MASK_STEP_MAX)
                return sp_err_set_at(l->err, -EINVAL, "policy.bad-value",
                                     SP_AT(v->mark),
                                     "write year, month, day or hour, or for numbers a "
                                     "step from 1 to 10^12");
        return 0;
}

static int kind_truncate(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        static const struct sp_key keys[] = { { "to", truncate_to, true } };

        ((struct sp_mask *)to)->kind = SP_MASK_TRUNCATE;
        return sp_load_map(l, v, keys, SP_ARRAY_SIZE(keys), to);
}

/* A mask with settings is one of these, and only one. */
static int kind_with_settings(struct sp_loader *l, const struct sp_yaml *v,
                              struct sp_mask *to)
{
        static const struct sp_key keys[] = { { "partial", kind_partial, false },
                                              { "truncate", kind_truncate, false } };

        if (v->count != 1)
                return sp_err_set_at(l->err, -EINVAL, "policy.bad-value",
                                     SP_AT(v->mark), "a mask is one kind of mask");
        return sp_load_map(l, v, keys, SP_ARRAY_SIZE(keys), to);
}

static int mask_kind(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        static const char *const names[] = { "redact", "null", "hash", "tokenize",
                                             NULL };
        struct sp_mask *m = &((struct sp_mask_rule *)to)->mask;
        unsigned which = 0;
        int r;

        if (v->type == SP_YAML_MAP)
                return kind_with_settings(l, v, m);
        if (v->type == SP_YAML_SCALAR && sp_str_eq(v->text, SP_STR("truncate")))
                return sp_err_set_at(l->err, -EINVAL, "policy.bad-value",
                                     SP_AT(v->mark),
                                     "write { truncate: { to: month } }");
        if (v->type == SP_YAML_SCALAR && sp_str_eq(v->text, SP_STR("partial")))
                return sp_err_set_at(l->err, -EINVAL, "policy.bad-value",
                                     SP_AT(v->mark),
                                     "write { partial: { keep_last: 4 } }");
        r = sp_load_choice(l, v, names, &which);
        if (r == 0)
                m->kind = (enum sp_mask_kind)(SP_MASK_REDACT + which);
        return r;
}

static int except_workloads(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        return sp_load_workloads(l, v, &((struct sp_mask_rule *)to)->except);
}

static int except_persons(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        return sp_load_persons(l, v, &((struct sp_mask_rule *)to)->except);
}

static int except_groups(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        return sp_load_groups(l, v, &((struct sp_mask_rule *)to)->except);
}

static int except_until(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        struct sp_mask_rule *m = to;
        int r = sp_load_scalar(l, v);

        if (r == 0 &&
            (!sp_value_date(v->text, &m->except_until_us) || !m->except_until_us))
                return sp_err_set_at(l->err, -EINVAL, "policy.bad-value",
                                     SP_AT(v->mark),
                                     "write a date as 2027-01-31, which ends at 00:00 "
                                     "UTC, or a time as 2027-01-31T18:30Z");
        return r;
}

static int mask_except(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        static const struct sp_key keys[] = { { "workloads", except_workloads, false },
                                              { "persons", except_persons, false },
                                              { "groups", except_groups, false },
                                              { "until", except_until, false } };
        struct sp_mask_rule *m = to;
        const struct sp_subjects *s = &m->except;
        int r = sp_load_map(l, v, keys, SP_ARRAY_SIZE(keys), m);

        if (r == 0 && !s->n_workloads && !s->n_persons && !s->n_groups)
                return sp_err_set_at(l->err, -EINVAL, "policy.missing-key",
                                     SP_AT(v->mark),
                                     "an exemption names workloads, persons or groups");
        m->has_except = true;
        return r;
}

int sp_load_mask(struct sp_loader *l, const struct sp_yaml *v, struct sp_mask_rule *ret)
{
        static const struct sp_key keys[] = { { "name", mask_name, true },
                                              { "columns", mask_columns, false },
                                              { "tags", mask_tags, false },
                                              { "mask", mask_kind, true },
                                              { "except", mask_except, false } };
        struct sp_mask_rule m = { .mark = v->mark };
        int r = sp_load_map(l, v, keys, SP_ARRAY_SIZE(keys), &m);

        if (r == 0 && !m.n_columns && !m.n_tags)
                return sp_err_set_at(l->err, -EINVAL, "policy.missing-key",
                                     SP_AT(v->mark), "a mask names columns or tags");
        if (r == 0)
                *ret = m;
        return r;
}
