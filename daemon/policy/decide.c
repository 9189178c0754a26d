/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/policy/rules.h"

#define US_PER_MIN (60 * SP_USEC_PER_SEC)
#define MIN_PER_DAY (24 * 60)

const char *sp_verdict_name(enum sp_verdict v)
{
        static const char *const names[SP_VERDICT_MAX_] = { "deny", "approve",
                                                            "allow" };

        return (unsigned)v < SP_VERDICT_MAX_ ? names[v] : NULL;
}

struct sp_str sp_policy_version(const struct sp_policy *p)
{
        return sp_str_c(p->version);
}

enum sp_policy_mode sp_policy_mode(const struct sp_policy *p)
{
        return p->mode;
}

unsigned sp_policy_sample(const struct sp_policy *p)
{
        return p->mode == SP_MODE_OBSERVE ? p->sample : 0;
}

struct sp_policy_approvals sp_policy_approvals(const struct sp_policy *p)
{
        return p->approvals;
}

uint64_t sp_policy_maximum_bytes_billed(const struct sp_policy *p)
{
        return p->maximum_bytes_billed;
}

bool sp_policy_always_dry_runs(const struct sp_policy *p)
{
        return p->always_dry_runs;
}

bool sp_policy_needs_estimate(const struct sp_policy *p)
{
        return p->needs_estimate;
}

/* ---- subjects ---- */

static bool names_match(const struct sp_name_pattern *p, size_t n, struct sp_str name)
{
        for (size_t i = 0; i < n; i++)
                if (sp_pattern_covers(p[i].text, name, false))
                        return true;
        return n == 0;
}

static bool persons_match(const struct sp_subjects *s, const struct sp_principal *who)
{
        for (size_t i = 0; i < s->n_persons; i++) {
                const struct sp_person_pattern *p = &s->persons[i];

                if (!who->iss.n || !sp_str_eq(p->iss, who->iss))
                        continue;
                if (sp_pattern_covers(p->who, who->sub, false))
                        return true;
                if (p->is_email && who->email.n &&
                    sp_pattern_covers(p->who, who->email, true))
                        return true;
        }
        return s->n_persons == 0;
}

static bool groups_match(const struct sp_subjects *s, const struct sp_principal *who)
{
        for (size_t i = 0; i < who->n_groups; i++)
                if (s->n_groups && names_match(s->groups, s->n_groups, who->groups[i]))
                        return true;
        return s->n_groups == 0;
}

bool sp_subjects_match(const struct sp_subjects *s, const struct sp_principal *who)
{
        return names_match(s->workloads, s->n_workloads, who->workload) &&
               persons_match(s, who) && groups_match(s, who);
}

/* ---- conditions ---- */

/* A window that ends before it begins passes midnight and belongs to the day it began.
 */
static bool time_matches(const struct sp_conditions *when, uint64_t now_us)
{
        int64_t local = (int64_t)(now_us / US_PER_MIN) + when->zone_min;
        int64_t day = local / MIN_PER_DAY;
        int minute = (int)(local % MIN_PER_DAY);
        unsigned today, yesterday;

        if (minute < 0)
                minute += MIN_PER_DAY, day--;
        today = (unsigned)(((day + 4) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
        yesterday = (today + 6) % 7;
        if (when->from_min < when->to_min)
                return when->days >> today & 1 && minute >= when->from_min &&
                       minute < when->to_min;
        return (when->days >> today & 1 && minute >= when->from_min) ||
               (when->days >> yesterday & 1 && minute < when->to_min);
}

/* An unproven WHERE may turn out to be any of the others: it meets every condition of a
 * rule that restrains, and of a rule that allows only one that lists it. A statement of
 * these kinds without any statement about its WHERE is no better than unproven. */
static bool where_matches(const struct sp_rule *r, enum sp_sql_where where)
{
        if (where == SP_SQL_WHERE_NONE || where > SP_SQL_WHERE_SELECTIVE)
                where = SP_SQL_WHERE_UNPROVEN;
        if (where == SP_SQL_WHERE_UNPROVEN && r->verdict != SP_VERDICT_ALLOW)
                return true;
        return r->when.where >> where & 1;
}

static bool bytes_match(const struct sp_rule *r, const struct sp_question *q)
{
        if (!q->has_estimate)
                return r->verdict != SP_VERDICT_ALLOW;
        switch (r->when.compare) {
        case SP_LESS:
                return q->estimated_bytes < r->when.bytes;
        case SP_LESS_EQUAL:
                return q->estimated_bytes <= r->when.bytes;
        case SP_GREATER:
                return q->estimated_bytes > r->when.bytes;
        case SP_GREATER_EQUAL:
                return q->estimated_bytes >= r->when.bytes;
        default:
                return true;
        }
}

/* ---- one rule, one access ---- */

struct target {
        int action; /* -1: not in the list */
        struct sp_resource resource;
};

static struct target target_of(const struct sp_access *a)
{
        return (struct target){ sp_action_number(a->action),
                                sp_resource_split(a->resource) };
}

/* "p.d.*" in a rule for bigquery.datasets.get or bigquery.tables.list can only mean the
 * dataset: those methods are asked about nothing smaller. */
static struct sp_resource_pattern pattern_for(const struct sp_resource_pattern *p,
                                              const struct target *t)
{
        if (p->r.n == t->resource.n + 1 && sp_action_is_look((unsigned)t->action))
                return sp_resource_container(p);
        return *p;
}

static bool resources_grant(const struct sp_rule *r, const struct target *t)
{
        for (size_t i = 0; i < r->n_resources; i++) {
                struct sp_resource_pattern p = pattern_for(&r->resources[i], t);

                if (sp_resource_grants(&p, &t->resource))
                        return true;
        }
        return false;
}

static bool resources_catch(const struct sp_rule *r, const struct target *t)
{
        bool inside = sp_action_reaches_inside((unsigned)t->action);

        for (size_t i = 0; i < r->n_resources; i++) {
                struct sp_resource_pattern p = pattern_for(&r->resources[i], t);

                if (sp_resource_catches(&p, &t->resource, inside))
                        return true;
        }
        return false;
}

static enum sp_miss subjects_miss(const struct sp_rule *r,
                                  const struct sp_principal *who)
{
        const struct sp_subjects *s = &r->subjects;
        /* without a person these cannot match; if the rule says that it wants one, that
         * is the reason to give */
        bool wants_person = r->when.person_required && !who->iss.n;

        if (!names_match(s->workloads, s->n_workloads, who->workload))
                return SP_MISS_WORKLOAD;
        if (!wants_person && !persons_match(s, who))
                return SP_MISS_PERSON;
        if (!wants_person && !groups_match(s, who))
                return SP_MISS_GROUP;
        return SP_MISS_NOTHING;
}

static enum sp_miss rule_miss(const struct sp_rule *r, const struct sp_question *q,
                              const struct target *t)
{
        enum sp_miss miss;

        if (t->action < 0 || !sp_action_has(&r->actions, (unsigned)t->action))
                return SP_MISS_ACTION;
        if (r->verdict == SP_VERDICT_ALLOW ? !resources_grant(r, t)
                                           : !resources_catch(r, t))
                return SP_MISS_RESOURCE;
        miss = subjects_miss(r, q->principal);
        if (miss)
                return miss;
        if (r->when.has_time && !time_matches(&r->when, q->now_us))
                return SP_MISS_TIME;
        if (r->when.where && !where_matches(r, q->where))
                return SP_MISS_WHERE;
        if (r->when.compare && !bytes_match(r, q))
                return SP_MISS_BYTES;
        if (r->when.person_required && !q->principal->iss.n)
                return SP_MISS_NO_PERSON;
        return SP_MISS_NOTHING;
}

enum sp_miss sp_rule_match(const struct sp_rule *r, const struct sp_question *q,
                           const struct sp_access *access)
{
        struct target t = target_of(access);

        return rule_miss(r, q, &t);
}

static struct sp_decision decide_access(const struct sp_policy *p,
                                        const struct sp_question *q, size_t access)
{
        struct target t = target_of(&q->accesses[access]);
        const struct sp_rule *first[SP_VERDICT_MAX_] = { NULL };
        struct sp_decision d = { .access = access, .error_id = "policy.no-rule" };
        bool granted = false, wants_person = false;
        enum sp_verdict v;

        for (size_t i = 0; t.action >= 0 && i < p->by_action[t.action].n; i++) {
                const struct sp_rule *r = &p->rules[p->by_action[t.action].rules[i]];
                enum sp_miss miss = rule_miss(r, q, &t);

                wants_person |= miss == SP_MISS_NO_PERSON;
                if (miss)
                        continue;
                if (!first[r->verdict])
                        first[r->verdict] = r;
                /* an approve rule catches more than it grants: see docs/policy.md §5 */
                granted |= r->verdict == SP_VERDICT_ALLOW ||
                           (r->verdict == SP_VERDICT_APPROVE && resources_grant(r, &t));
        }
        if (first[SP_VERDICT_DENY]) {
                v = SP_VERDICT_DENY;
                d.error_id = "policy.denied";
        } else if (!granted) {
                if (wants_person)
                        d.error_id = "policy.person-required";
                return d;
        } else {
                v = first[SP_VERDICT_APPROVE] ? SP_VERDICT_APPROVE : SP_VERDICT_ALLOW;
                d.error_id = NULL;
        }
        d.verdict = v;
        d.rule = first[v]->name;
        d.reason = first[v]->reason;
        return d;
}

/* Of two denials the one by a rule says more. */
static bool is_stronger(const struct sp_decision *a, const struct sp_decision *b)
{
        if (a->verdict != b->verdict)
                return a->verdict < b->verdict;
        return a->verdict == SP_VERDICT_DENY && a->rule.n && !b->rule.n;
}

struct sp_decision sp_policy_decide(const struct sp_policy *p,
                                    const struct sp_question *q)
{
        /* no access is no reason to allow anything */
        struct sp_decision strongest = { .error_id = "policy.no-rule" };

        for (size_t i = 0; i < q->n_accesses; i++) {
                struct sp_decision d = decide_access(p, q, i);

                if (i == 0 || is_stronger(&d, &strongest))
                        strongest = d;
        }
        return strongest;
}

bool sp_policy_may_deny(const struct sp_policy *p, const struct sp_principal *who,
                        struct sp_str action)
{
        int n = sp_action_number(action);

        for (size_t i = 0; n >= 0 && i < p->by_action[n].n; i++) {
                const struct sp_rule *r = &p->rules[p->by_action[n].rules[i]];

                if (r->verdict == SP_VERDICT_DENY && !subjects_miss(r, who))
                        return true;
        }
        return false;
}

bool sp_policy_may_see(const struct sp_policy *p, const struct sp_principal *who,
                       struct sp_str action, struct sp_str resource, uint64_t now_us)
{
        struct sp_access access = { action, resource };
        struct target t = target_of(&access);
        bool may = false;

        for (size_t i = 0; t.action >= 0 && i < p->by_action[t.action].n; i++) {
                const struct sp_rule *r = &p->rules[p->by_action[t.action].rules[i]];
                bool hit = false;

                if (subjects_miss(r, who) || (r->when.person_required && !who->iss.n) ||
                    (r->when.has_time && !time_matches(&r->when, now_us)))
                        continue;
                if (r->verdict == SP_VERDICT_DENY) {
                        /* only a rule that denies all of it hides it */
                        for (size_t j = 0; !hit && j < r->n_resources; j++)
                                hit = sp_resource_catches(&r->resources[j], &t.resource,
                                                          false);
                        if (hit && !r->when.where && !r->when.compare)
                                return false;
                        continue;
                }
                for (size_t j = 0; !may && j < r->n_resources; j++)
                        may = sp_resource_catches(&r->resources[j], &t.resource, true);
        }
        return may;
}
