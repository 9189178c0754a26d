/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "daemon/policy/load.h"

#define ROWS_MAX 1000000

static int group_name(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        return sp_load_name(l, v, &((struct sp_group_rule *)to)->rule);
}

static int group_tables(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        struct sp_group_rule *g = to;

        return sp_load_resources(l, v, &g->tables, &g->n_tables);
}

/* One row is no group. */
static int group_rows(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        uint64_t n;
        int r = sp_load_scalar(l, v);

        if (r < 0)
                return r;
        if (sp_str_u64(v->text, &n) < 0 || n < 2 || n > ROWS_MAX)
                return sp_err_set_at(
                        l->err, -EINVAL, "policy.bad-value", SP_AT(v->mark),
                        "write how many rows a group has at least, 2 to %d", ROWS_MAX);
        ((struct sp_group_rule *)to)->rows = (unsigned)n;
        return 0;
}

static int group_except(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        static const struct sp_key keys[] = { { "workloads", sp_load_workloads, false },
                                              { "persons", sp_load_persons, false },
                                              { "groups", sp_load_groups, false } };
        struct sp_group_rule *g = to;
        const struct sp_subjects *s = &g->except;
        int r = sp_load_map(l, v, keys, SP_ARRAY_SIZE(keys), &g->except);

        if (r == 0 && !s->n_workloads && !s->n_persons && !s->n_groups)
                return sp_err_set_at(l->err, -EINVAL, "policy.missing-key",
                                     SP_AT(v->mark),
                                     "an exemption names workloads, persons or groups");
        g->has_except = true;
        return r;
}

int sp_load_min_groups(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        static const struct sp_key keys[] = { { "name", group_name, true },
                                              { "tables", group_tables, true },
                                              { "rows", group_rows, true },
                                              { "except", group_except, false } };
        struct sp_policy *p = to;
        int r = sp_load_list(l, v);

        if (r == 0 && p->n_groups + v->count > SP_POLICY_GROUPS_MAX)
                return sp_err_set_at(l->err, -EINVAL, "policy.too-big", SP_AT(v->mark),
                                     "more than %d min_groups in the policy",
                                     SP_POLICY_GROUPS_MAX);
        if (r == 0 && !p->groups)
                p->groups = sp_arena_array(&p->arena, SP_POLICY_GROUPS_MAX,
                                           sizeof(*p->groups));
        if (r == 0 && !p->groups)
                return -ENOMEM;
        for (const struct sp_yaml *e = v->first; r == 0 && e; e = e->next) {
                struct sp_group_rule g = { .mark = e->mark };

                r = sp_load_map(l, e, keys, SP_ARRAY_SIZE(keys), &g);
                if (r == 0)
                        r = sp_load_name_is_new(l, g.rule, g.mark);
                if (r == 0)
                        p->groups[p->n_groups++] = g;
        }
        return r;
}
