/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every test here is sound, not complete: what it reports is certainly dead; a rule
 * that only several others together make dead is not found.
 */
#include <errno.h>

#include "daemon/policy/rules.h"

static bool name_covers(const struct sp_name_pattern *a,
                        const struct sp_name_pattern *b)
{
        return sp_pattern_covers(a->text, b->text, false);
}

static bool person_covers(const struct sp_person_pattern *a,
                          const struct sp_person_pattern *b)
{
        if (!sp_str_eq(a->iss, b->iss))
                return false;
        if (sp_str_eq(a->who, SP_STR("*")))
                return true;
        /* with and without '@' look at different attributes; e-mail folds case */
        return a->is_email == b->is_email && sp_pattern_covers(a->who, b->who, false);
}

static bool column_covers(const struct sp_column_pattern *a,
                          const struct sp_column_pattern *b)
{
        return sp_resource_covers(&a->table, &b->table, true) &&
               sp_pattern_covers(a->column, b->column, true);
}

static int unreachable(struct sp_err *err, struct sp_mark mark, struct sp_str text,
                       struct sp_str by)
{
        return sp_err_set_at(err, -EINVAL, "policy.unreachable-pattern", SP_AT(mark),
                             "'%.*s' is covered by '%.*s' of the same list",
                             (int)SP_MIN(text.n, 100), text.p, (int)SP_MIN(by.n, 100),
                             by.p);
}

/* Of two equal entries the later one is reported. */
#define CHECK_LIST(list, n, covers, text_of, mark_of)                                  \
        do {                                                                           \
                for (size_t i_ = 0; i_ < (n); i_++)                                    \
                        for (size_t j_ = 0; j_ < (n); j_++)                            \
                                if (i_ != j_ && covers(&(list)[j_], &(list)[i_]) &&    \
                                    (j_ < i_ || !covers(&(list)[i_], &(list)[j_])))    \
                                        return unreachable(err, (list)[i_].mark_of,    \
                                                           (list)[i_].text_of,         \
                                                           (list)[j_].text_of);        \
        } while (0)

static int lint_subjects(const struct sp_subjects *s, struct sp_err *err)
{
        CHECK_LIST(s->workloads, s->n_workloads, name_covers, text, mark);
        CHECK_LIST(s->persons, s->n_persons, person_covers, text, mark);
        CHECK_LIST(s->groups, s->n_groups, name_covers, text, mark);
        return 0;
}

/* For granting rules the same view of letters and metadata views as sp_resource_grants.
 */
static bool resource_covers(const struct sp_resource_pattern *a,
                            const struct sp_resource_pattern *b, bool is_deny)
{
        if (!is_deny && sp_resource_is_system(&b->r) && !sp_resource_is_system(&a->r))
                return false;
        return sp_resource_covers(a, b, is_deny);
}

static bool grant_covers(const struct sp_resource_pattern *a,
                         const struct sp_resource_pattern *b)
{
        return resource_covers(a, b, false);
}

static bool deny_covers(const struct sp_resource_pattern *a,
                        const struct sp_resource_pattern *b)
{
        return resource_covers(a, b, true);
}

static int lint_resources(const struct sp_rule *r, struct sp_err *err)
{
        if (r->verdict == SP_VERDICT_DENY)
                CHECK_LIST(r->resources, r->n_resources, deny_covers, text, mark);
        else
                CHECK_LIST(r->resources, r->n_resources, grant_covers, text, mark);
        return 0;
}

static int lint_group(const struct sp_group_rule *g, struct sp_err *err)
{
        CHECK_LIST(g->tables, g->n_tables, deny_covers, text, mark);
        return lint_subjects(&g->except, err);
}

static int column_unreachable(const struct sp_mask_rule *m, struct sp_err *err)
{
        CHECK_LIST(m->columns, m->n_columns, column_covers, column, table.mark);
        CHECK_LIST(m->tags, m->n_tags, name_covers, text, mark);
        return 0;
}

/* Whether whoever matches `b` matches `a`. */
#define ALL_COVERED(a, n_a, b, n_b, covers)                                            \
        __extension__({                                                                \
                bool all_ = !(n_a) || (n_b);                                           \
                for (size_t i_ = 0; all_ && (n_a) && i_ < (n_b); i_++) {               \
                        size_t j_ = 0;                                                 \
                        while (j_ < (n_a) && !covers(&(a)[j_], &(b)[i_]))              \
                                j_++;                                                  \
                        all_ = j_ < (n_a);                                             \
                }                                                                      \
                all_;                                                                  \
        })

static bool subjects_cover(const struct sp_subjects *a, const struct sp_subjects *b)
{
        return ALL_COVERED(a->workloads, a->n_workloads, b->workloads, b->n_workloads,
                           name_covers) &&
               ALL_COVERED(a->persons, a->n_persons, b->persons, b->n_persons,
                           person_covers) &&
               ALL_COVERED(a->groups, a->n_groups, b->groups, b->n_groups, name_covers);
}

/* `strong` decides whenever `r` would match. */
static bool rule_covers(const struct sp_rule *strong, const struct sp_rule *r)
{
        if (!sp_rule_is_unconditional(strong) ||
            !sp_action_contains(&strong->actions, &r->actions) ||
            !subjects_cover(&strong->subjects, &r->subjects))
                return false;
        if (strong->verdict == SP_VERDICT_DENY)
                return ALL_COVERED(strong->resources, strong->n_resources, r->resources,
                                   r->n_resources, deny_covers);
        return ALL_COVERED(strong->resources, strong->n_resources, r->resources,
                           r->n_resources, grant_covers);
}

static int lint_dead_rules(const struct sp_policy *p, struct sp_err *err)
{
        for (size_t i = 0; i < p->n_rules; i++)
                for (size_t j = 0; j < p->n_rules; j++) {
                        const struct sp_rule *r = &p->rules[i], *s = &p->rules[j];
                        bool wins = s->verdict < r->verdict ||
                                    (s->verdict == r->verdict && j < i);

                        if (i != j && wins && rule_covers(s, r))
                                return sp_err_set_at(
                                        err, -EINVAL, "policy.dead-rule",
                                        SP_AT(r->mark),
                                        "this rule never decides: %.*s (%s, without a "
                                        "condition) covers all of it",
                                        (int)SP_MIN(s->name.n, 160), s->name.p,
                                        sp_verdict_name(s->verdict));
                }
        return 0;
}

/* `a` hides at least as much as `b`. */
static bool is_as_strict(const struct sp_mask *a, const struct sp_mask *b)
{
        if (a->kind != b->kind)
                return a->kind < b->kind; /* as enum sp_mask_kind */
        if (a->kind == SP_MASK_TRUNCATE)
                return (a->unit && b->unit && a->unit <= b->unit) ||
                       (a->step && b->step && a->step % b->step == 0);
        return a->kind != SP_MASK_PARTIAL ||
               (a->keep_first <= b->keep_first && a->keep_last <= b->keep_last);
}

static int lint_dead_masks(const struct sp_policy *p, struct sp_err *err)
{
        for (size_t i = 0; i < p->n_masks; i++)
                for (size_t j = 0; j < p->n_masks; j++) {
                        const struct sp_mask_rule *m = &p->masks[i], *s = &p->masks[j];
                        bool wins = is_as_strict(&s->mask, &m->mask) &&
                                    (j < i || !is_as_strict(&m->mask, &s->mask));

                        if (i != j && wins && !s->has_except && s->n_columns &&
                            !m->n_tags &&
                            ALL_COVERED(s->columns, s->n_columns, m->columns,
                                        m->n_columns, column_covers))
                                return sp_err_set_at(err, -EINVAL, "policy.dead-mask",
                                                     SP_AT(m->mark),
                                                     "this mask never applies: %.*s is "
                                                     "as strict and "
                                                     "covers all its columns",
                                                     (int)SP_MIN(s->mask.rule.n, 160),
                                                     s->mask.rule.p);
                }
        return 0;
}

/* Each job may cost as much as maximum_bytes_billed: what BigQuery cannot estimate is counted
 * as that much. */
static int lint_limit(const struct sp_policy *p, const struct sp_limit_rule *l,
                      struct sp_err *err)
{
        const struct sp_limit_amount *bytes = &l->limit.of[SP_LIMIT_BYTES];

        if (bytes->max && !p->maximum_bytes_billed)
                return sp_err_set_at(err, -EINVAL, "policy.missing-key", SP_AT(l->mark),
                                     "bytes_billed needs limits.maximum_bytes_billed: "
                                     "what has no estimate counts as that much");
        if (bytes->max && bytes->max < p->maximum_bytes_billed)
                return sp_err_set_at(err, -EINVAL, "policy.bad-value", SP_AT(l->mark),
                                     "bytes_billed is less than one job may cost "
                                     "(limits.maximum_bytes_billed)");
        return lint_subjects(&l->subjects, err);
}

int sp_policy_lint(const struct sp_policy *p, struct sp_err *reterr)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < p->n_rules; i++) {
                r = lint_subjects(&p->rules[i].subjects, reterr);
                if (r == 0)
                        r = lint_resources(&p->rules[i], reterr);
        }
        for (size_t i = 0; r == 0 && i < p->n_masks; i++) {
                r = lint_subjects(&p->masks[i].except, reterr);
                if (r == 0)
                        r = column_unreachable(&p->masks[i], reterr);
        }
        for (size_t i = 0; r == 0 && i < p->n_limits; i++)
                r = lint_limit(p, &p->limits[i], reterr);
        for (size_t i = 0; r == 0 && i < p->n_groups; i++)
                r = lint_group(&p->groups[i], reterr);
        if (r == 0)
                r = lint_dead_rules(p, reterr);
        return r < 0 ? r : lint_dead_masks(p, reterr);
}
