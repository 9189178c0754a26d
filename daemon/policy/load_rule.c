/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "daemon/policy/load.h"

#define REASON_MAX 500

static int read_where(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        static const char *const names[] = { "absent", "always-true", "unproven",
                                             "selective", NULL };
        static const enum sp_sql_where values[] = { SP_SQL_WHERE_ABSENT,
                                                    SP_SQL_WHERE_ALWAYS_TRUE,
                                                    SP_SQL_WHERE_UNPROVEN,
                                                    SP_SQL_WHERE_SELECTIVE };
        struct sp_conditions *when = to;
        int r = sp_load_list(l, v);

        for (const struct sp_yaml *e = v->first; r == 0 && e; e = e->next) {
                unsigned which = 0;

                r = sp_load_choice(l, e, names, &which);
                if (r < 0)
                        return r;
                if (when->where & 1U << values[which])
                        return sp_err_set_at(
                                l->err, -EINVAL, "policy.unreachable-pattern",
                                SP_AT(e->mark), "'%s' is in the list already",
                                names[which]);
                when->where |= 1U << values[which];
        }
        return r;
}

static int read_bytes(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        struct sp_conditions *when = to;
        int r = sp_load_scalar(l, v);

        if (r == 0 && !sp_value_compare(v->text, &when->compare, &when->bytes))
                return sp_err_set_at(l->err, -EINVAL, "policy.bad-value",
                                     SP_AT(v->mark),
                                     "write a comparison with a size, for example "
                                     "\">10GB\" or \"<=500MiB\"");
        return r;
}

static int read_days(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        struct sp_conditions *when = to;
        int r = sp_load_list(l, v);

        for (const struct sp_yaml *e = v->first; r == 0 && e; e = e->next) {
                unsigned before = when->days;

                r = sp_load_scalar(l, e);
                if (r < 0)
                        return r;
                if (!sp_value_days(e->text, &when->days))
                        return sp_err_set_at(l->err, -EINVAL, "policy.bad-value",
                                             SP_AT(e->mark),
                                             "write days as mon or mon-fri");
                if (when->days == before)
                        return sp_err_set_at(l->err, -EINVAL,
                                             "policy.unreachable-pattern",
                                             SP_AT(e->mark), "in the list already");
        }
        return r;
}

static int read_clock(struct sp_loader *l, const struct sp_yaml *v, int *to)
{
        int r = sp_load_scalar(l, v);

        if (r == 0 && !sp_value_clock(v->text, to))
                return sp_err_set_at(l->err, -EINVAL, "policy.bad-value",
                                     SP_AT(v->mark),
                                     "write a time as \"09:00\", up to \"24:00\"");
        return r;
}

static int read_from(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        return read_clock(l, v, &((struct sp_conditions *)to)->from_min);
}

static int read_to(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        return read_clock(l, v, &((struct sp_conditions *)to)->to_min);
}

static int read_zone(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        int r = sp_load_scalar(l, v);

        if (r == 0 && !sp_value_zone(v->text, &((struct sp_conditions *)to)->zone_min))
                return sp_err_set_at(
                        l->err, -EINVAL, "policy.bad-value", SP_AT(v->mark),
                        "write the zone as UTC or as an offset like \"+02:00\"");
        return r;
}

static int read_time(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        static const struct sp_key keys[] = { { "days", read_days, false },
                                              { "from", read_from, false },
                                              { "to", read_to, false },
                                              { "zone", read_zone, true } };
        struct sp_conditions *when = to;
        int r;

        when->has_time = true;
        when->from_min = when->to_min = -1;
        r = sp_load_map(l, v, keys, SP_ARRAY_SIZE(keys), when);
        if (r < 0)
                return r;
        if ((when->from_min < 0) != (when->to_min < 0))
                return sp_err_set_at(
                        l->err, -EINVAL, "policy.missing-key", SP_AT(v->mark),
                        "'from' and 'to' are given together or not at all");
        if (when->from_min < 0 && !when->days)
                return sp_err_set_at(l->err, -EINVAL, "policy.missing-key",
                                     SP_AT(v->mark),
                                     "a time window needs 'days', or 'from' and 'to'");
        if (when->from_min < 0)
                when->from_min = 0, when->to_min = 24 * 60;
        if (when->from_min == when->to_min || when->from_min == 24 * 60)
                return sp_err_set_at(l->err, -EINVAL, "policy.bad-value",
                                     SP_AT(v->mark), "the window is empty");
        if (!when->days)
                when->days = 0x7F;
        return 0;
}

static int read_person_required(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        static const char *const names[] = { "required", NULL };
        unsigned which;
        int r = sp_load_choice(l, v, names, &which);

        if (r == 0)
                ((struct sp_conditions *)to)->person_required = true;
        return r;
}

int sp_load_conditions(struct sp_loader *l, const struct sp_yaml *v,
                       struct sp_conditions *ret)
{
        static const struct sp_key keys[] = { { "where", read_where, false },
                                              { "estimated_bytes", read_bytes, false },
                                              { "time", read_time, false },
                                              { "person", read_person_required,
                                                false } };
        int r = sp_load_map(l, v, keys, SP_ARRAY_SIZE(keys), ret);

        if (r == 0 && !v->count)
                return sp_err_set_at(l->err, -EINVAL, "policy.empty-list",
                                     SP_AT(v->mark),
                                     "'when' without a condition; leave the key out");
        return r;
}

/* What one rule is read into: the rule and where its parts stand. */
struct rule_reading {
        struct sp_rule rule;
        const struct sp_yaml *when;
};

static int rule_name(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        struct sp_rule *rule = &((struct rule_reading *)to)->rule;

        rule->mark = v->mark;
        return sp_load_name(l, v, &rule->name);
}

static int rule_workloads(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        return sp_load_workloads(l, v, &((struct rule_reading *)to)->rule.subjects);
}

static int rule_persons(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        return sp_load_persons(l, v, &((struct rule_reading *)to)->rule.subjects);
}

static int rule_groups(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        return sp_load_groups(l, v, &((struct rule_reading *)to)->rule.subjects);
}

static int rule_actions(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        struct sp_rule *rule = &((struct rule_reading *)to)->rule;
        struct sp_action_set sets[SP_POLICY_LIST_MAX];
        size_t n = 0;
        int r = sp_load_list(l, v);

        if (r < 0)
                return r;
        for (const struct sp_yaml *e = v->first; e; e = e->next, n++) {
                r = sp_load_scalar(l, e);
                if (r < 0)
                        return r;
                if (!sp_action_pattern(e->text, &sets[n]))
                        return sp_err_set_at(
                                l->err, -EINVAL, "policy.unknown-action",
                                SP_AT(e->mark),
                                "'%.*s' is no SQL action (select, insert, …) and "
                                "matches no "
                                "API method (bigquery.tables.get, bigquery.jobs.*)",
                                (int)SP_MIN(e->text.n, 64), e->text.p);
                sp_action_join(&rule->actions, &sets[n]);
        }
        n = 0;
        for (const struct sp_yaml *e = v->first; e; e = e->next, n++) {
                size_t m = 0;

                for (const struct sp_yaml *o = v->first; o; o = o->next, m++)
                        if (m != n && sp_action_contains(&sets[m], &sets[n]) &&
                            (m < n || !sp_action_contains(&sets[n], &sets[m])))
                                return sp_err_set_at(
                                        l->err, -EINVAL, "policy.unreachable-pattern",
                                        SP_AT(e->mark), "'%.*s' is covered by '%.*s'",
                                        SP_FMT(e->text), SP_FMT(o->text));
        }
        return 0;
}

static int rule_resources(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        struct sp_rule *rule = &((struct rule_reading *)to)->rule;

        return sp_load_resources(l, v, &rule->resources, &rule->n_resources);
}

static int rule_when(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        struct rule_reading *reading = to;

        reading->when = v;
        return sp_load_conditions(l, v, &reading->rule.when);
}

static int rule_verdict(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        static const char *const names[] = { "deny", "approve", "allow", NULL };
        unsigned which = SP_VERDICT_DENY;
        int r = sp_load_choice(l, v, names, &which);

        if (r == 0)
                ((struct rule_reading *)to)->rule.verdict = (enum sp_verdict)which;
        return r;
}

static int rule_reason(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        int r = sp_load_scalar(l, v);

        if (r < 0)
                return r;
        if (v->text.n > REASON_MAX)
                return sp_err_set_at(l->err, -EINVAL, "policy.too-big", SP_AT(v->mark),
                                     "a reason has at most %d bytes", REASON_MAX);
        ((struct rule_reading *)to)->rule.reason = v->text;
        return 0;
}

/* A condition that some of the rule's actions can never meet says something other than
 * what its author means. */
static int check_conditions(struct sp_loader *l, const struct rule_reading *reading)
{
        const struct sp_rule *r = &reading->rule;
        const struct sp_conditions *when = &r->when;

        if (when->person_required && r->verdict == SP_VERDICT_DENY)
                return sp_err_set_at(
                        l->err, -EINVAL, "policy.condition-without-effect",
                        SP_AT(reading->when->mark),
                        "'person: required' belongs on allow and approve "
                        "rules; to deny whoever has none, leave them out there");
        for (unsigned i = 0; i < SP_ACTIONS_MAX; i++) {
                if (!sp_action_has(&r->actions, i))
                        continue;
                if (when->where && !sp_action_has_where(i))
                        return sp_err_set_at(l->err, -EINVAL,
                                             "policy.condition-without-effect",
                                             SP_AT(reading->when->mark),
                                             "'where' is about update, delete, merge "
                                             "and truncate; this "
                                             "rule also names '%s'",
                                             sp_action_name(i));
                if (when->compare && !sp_action_is_sql(i))
                        return sp_err_set_at(l->err, -EINVAL,
                                             "policy.condition-without-effect",
                                             SP_AT(reading->when->mark),
                                             "'estimated_bytes' is about SQL "
                                             "statements; this rule also "
                                             "names '%s'",
                                             sp_action_name(i));
        }
        return 0;
}

int sp_load_rule(struct sp_loader *l, const struct sp_yaml *v, struct sp_rule *ret)
{
        static const struct sp_key keys[] = {
                { "name", rule_name, true },
                { "workloads", rule_workloads, false },
                { "persons", rule_persons, false },
                { "groups", rule_groups, false },
                { "actions", rule_actions, true },
                { "resources", rule_resources, true },
                { "when", rule_when, false },
                { "verdict", rule_verdict, true },
                { "reason", rule_reason, false },
        };
        struct rule_reading reading = { 0 };
        int r = sp_load_map(l, v, keys, SP_ARRAY_SIZE(keys), &reading);

        if (r == 0)
                r = check_conditions(l, &reading);
        if (r == 0)
                *ret = reading.rule;
        return r;
}
