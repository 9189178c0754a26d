/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "daemon/policy/load.h"

static int limits_bytes(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        struct sp_policy *p = to;
        uint64_t bytes;
        int r = sp_load_once(l, v, &l->bytes_set);

        if (r == 0)
                r = sp_load_scalar(l, v);
        if (r < 0)
                return r;
        /* the API takes an int64 */
        if (!sp_value_bytes(v->text, &bytes) || !bytes || bytes > INT64_MAX)
                return sp_err_set_at(
                        l->err, -EINVAL, "policy.bad-value", SP_AT(v->mark),
                        "write a size above zero, for example 10GB or 500MiB");
        p->maximum_bytes_billed = bytes;
        return 0;
}

/* ---- one limit of each principal ---- */

static int limit_name(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        return sp_load_name(l, v, &((struct sp_limit_rule *)to)->limit.rule);
}

static int limit_workloads(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        return sp_load_workloads(l, v, &((struct sp_limit_rule *)to)->subjects);
}

static int limit_persons(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        return sp_load_persons(l, v, &((struct sp_limit_rule *)to)->subjects);
}

static int limit_groups(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        return sp_load_groups(l, v, &((struct sp_limit_rule *)to)->subjects);
}

static int limit_rate(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        struct sp_limit_rule *rule = to;
        bool is_bytes = false;
        unsigned kind = 0;
        int r = sp_load_scalar(l, v);

        while (kind < SP_LIMIT_KINDS &&
               !sp_str_eq(v->key, sp_str_c(sp_limit_kind_name(kind))))
                kind++;
        is_bytes = kind == SP_LIMIT_BYTES;
        if (r == 0 && !sp_value_rate(v->text, is_bytes, &rule->limit.of[kind]))
                return sp_err_set_at(
                        l->err, -EINVAL, "policy.bad-value", SP_AT(v->mark),
                        is_bytes ? "write a size for each min, h or day, for example "
                                   "1TiB/day"
                                 : "write a number for each min, h or day, for example "
                                   "100/min or 20k/day");
        return r;
}

static int limit_approvals(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        struct sp_limit_rule *rule = to;
        uint64_t n;
        int r = sp_load_scalar(l, v);

        if (r == 0 && (sp_str_u64(v->text, &n) < 0 || !n))
                return sp_err_set_at(l->err, -EINVAL, "policy.bad-value",
                                     SP_AT(v->mark),
                                     "write how many may wait at one time, 1 or more");
        if (r == 0)
                rule->limit.of[SP_LIMIT_APPROVALS] = (struct sp_limit_amount){ n, 0 };
        return r;
}

static int load_limit(struct sp_loader *l, const struct sp_yaml *v,
                      struct sp_limit_rule *ret)
{
        static const struct sp_key keys[] = {
                { "name", limit_name, true },
                { "workloads", limit_workloads, false },
                { "persons", limit_persons, false },
                { "groups", limit_groups, false },
                { "requests", limit_rate, false },
                { "queries", limit_rate, false },
                { "bytes_billed", limit_rate, false },
                { "rows", limit_rate, false },
                { "refusals", limit_rate, false },
                { "approvals", limit_approvals, false },
        };
        int r = sp_load_map(l, v, keys, SP_ARRAY_SIZE(keys), ret);
        bool has_amount = false;

        for (unsigned k = 0; k < SP_LIMIT_KINDS; k++)
                has_amount |= ret->limit.of[k].max > 0;
        if (r == 0 && !has_amount)
                return sp_err_set_at(l->err, -EINVAL, "policy.missing-key",
                                     SP_AT(v->mark),
                                     "a limit needs requests, queries, bytes_billed, "
                                     "rows, refusals or approvals");
        return r;
}

static int limits_each(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        struct sp_policy *p = to;
        int r = sp_load_list(l, v);

        if (r == 0 && p->n_limits + v->count > SP_POLICY_LIMITS_MAX)
                return sp_err_set_at(l->err, -EINVAL, "policy.too-big", SP_AT(v->mark),
                                     "more than %d limits in the policy",
                                     SP_POLICY_LIMITS_MAX);
        if (r == 0 && !p->limits)
                p->limits = sp_arena_array(&p->arena, SP_POLICY_LIMITS_MAX,
                                           sizeof(*p->limits));
        if (r == 0 && !p->limits)
                return -ENOMEM;
        for (const struct sp_yaml *e = v->first; r == 0 && e; e = e->next) {
                struct sp_limit_rule limit = { .mark = e->mark };

                r = load_limit(l, e, &limit);
                if (r == 0)
                        r = sp_load_name_is_new(l, limit.limit.rule, limit.mark);
                if (r == 0)
                        p->limits[p->n_limits++] = limit;
        }
        return r;
}

int sp_load_limits(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        static const struct sp_key keys[] = {
                { "maximum_bytes_billed", limits_bytes, false },
                { "per_principal", limits_each, false },
        };

        return sp_load_map(l, v, keys, SP_ARRAY_SIZE(keys), to);
}
