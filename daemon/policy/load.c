/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/policy/load.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/base/digest.h"

#define APPROVAL_TIMEOUT_MIN_US (10 * SP_USEC_PER_SEC)
#define APPROVAL_TIMEOUT_MAX_US (30 * 86400 * SP_USEC_PER_SEC)

int sp_load_once(struct sp_loader *l, const struct sp_yaml *v, const char **by)
{
        if (*by)
                return sp_err_set_at(l->err, -EINVAL, "policy.set-twice",
                                     SP_AT(v->key_mark), "'%.*s' is already set in %s",
                                     SP_FMT(v->key), *by);
        *by = l->file;
        return 0;
}

static int top_version(struct sp_loader *l, const struct sp_yaml *v, void *to sp_unused)
{
        int r = sp_load_scalar(l, v);

        if (r == 0 && !sp_str_eq(v->text, SP_STR("1")))
                return sp_err_set_at(l->err, -EINVAL, "policy.bad-version",
                                     SP_AT(v->mark),
                                     "this program reads policy version 1");
        return r;
}

static int top_mode(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        static const char *const names[] = { "enforce", "observe", NULL };
        struct sp_policy *p = to;
        unsigned which = SP_MODE_ENFORCE;
        int r = sp_load_once(l, v, &l->mode_set);

        if (r == 0)
                r = sp_load_choice(l, v, names, &which);
        if (r == 0)
                p->mode = (enum sp_policy_mode)which;
        return r;
}

static int top_dry_run(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        static const char *const names[] = { "needed", "always", NULL };
        struct sp_policy *p = to;
        unsigned which = 0;
        int r = sp_load_once(l, v, &l->dry_run_set);

        if (r == 0)
                r = sp_load_choice(l, v, names, &which);
        if (r == 0)
                p->always_dry_runs = which == 1;
        return r;
}

/* One of so many answers is looked at, in observe mode. */
static int top_sample(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        struct sp_policy *p = to;
        uint64_t n;
        int r = sp_load_once(l, v, &l->sample_set);

        if (r == 0)
                r = sp_load_scalar(l, v);
        if (r == 0 && (sp_str_u64(v->text, &n) < 0 || n > SP_POLICY_SAMPLE_MAX))
                r = sp_err_set_at(l->err, -EINVAL, "policy.bad-value", SP_AT(v->mark),
                                  "one answer of how many: 1 to %d, or 0 for none",
                                  SP_POLICY_SAMPLE_MAX);
        if (r == 0)
                p->sample = (unsigned)n;
        return r;
}

static int top_inference(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        static const char *const names[] = { "allow-hash-equality", "deny", NULL };
        unsigned which = 0;
        int r = sp_load_once(l, v, &l->inference_set);

        if (r == 0)
                r = sp_load_choice(l, v, names, &which);
        if (r == 0)
                ((struct sp_policy *)to)->denies_inference = which == 1;
        return r;
}

static int approvals_timeout(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        struct sp_policy *p = to;
        uint64_t us;
        int r = sp_load_once(l, v, &l->timeout_set);

        if (r == 0)
                r = sp_load_scalar(l, v);
        if (r < 0)
                return r;
        if (!sp_value_duration(v->text, &us) || us < APPROVAL_TIMEOUT_MIN_US ||
            us > APPROVAL_TIMEOUT_MAX_US)
                return sp_err_set_at(
                        l->err, -EINVAL, "policy.bad-value", SP_AT(v->mark),
                        "write a duration from 10s to 30d, for example 15m");
        p->approvals.timeout_us = us;
        return 0;
}

static int approvals_on_timeout(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        static const char *const names[] = { "deny", "queue", NULL };
        struct sp_policy *p = to;
        unsigned which = 0;
        int r = sp_load_once(l, v, &l->on_timeout_set);

        if (r == 0)
                r = sp_load_choice(l, v, names, &which);
        if (r == 0)
                p->approvals.keep_queued = which == 1;
        return r;
}

static int top_approvals(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        static const struct sp_key keys[] = { { "timeout", approvals_timeout, false },
                                              { "on_timeout", approvals_on_timeout,
                                                false } };

        return sp_load_map(l, v, keys, SP_ARRAY_SIZE(keys), to);
}

/* Of rules, masks, limits and groups, one after the other. */
static struct sp_str name_at(const struct sp_policy *p, size_t i)
{
        if (i < p->n_rules)
                return p->rules[i].name;
        i -= p->n_rules;
        if (i < p->n_masks)
                return p->masks[i].mask.rule;
        i -= p->n_masks;
        return i < p->n_limits ? p->limits[i].limit.rule
                               : p->groups[i - p->n_limits].rule;
}

int sp_load_name_is_new(struct sp_loader *l, struct sp_str name, struct sp_mark mark)
{
        const struct sp_policy *p = l->policy;
        size_t n = p->n_rules + p->n_masks + p->n_limits + p->n_groups;
        struct sp_str file, s, other;

        (void)sp_str_cut(name, '#', &file, &s);
        for (size_t i = 0; i < n; i++) {
                struct sp_str o = name_at(p, i);

                (void)sp_str_cut(o, '#', &file, &other);
                if (sp_str_eq(s, other))
                        return sp_err_set_at(l->err, -EINVAL, "policy.duplicate-name",
                                             SP_AT(mark),
                                             "the name '%.*s' is taken by %.*s",
                                             SP_FMT(s), SP_FMT(o));
        }
        return 0;
}

/* A rule is named by what follows '#': that must be one thing in the whole policy. */
static int top_rules(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        struct sp_policy *p = to;
        int r = 0;

        for (const struct sp_yaml *e = v->first; r == 0 && e; e = e->next) {
                struct sp_rule rule = { 0 };

                r = sp_load_rule(l, e, &rule);
                if (r == 0)
                        r = sp_load_name_is_new(l, rule.name, rule.mark);
                if (r == 0)
                        p->rules[p->n_rules++] = rule;
        }
        return r;
}

static int top_masks(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        struct sp_policy *p = to;
        int r = 0;

        for (const struct sp_yaml *e = v->first; r == 0 && e; e = e->next) {
                struct sp_mask_rule mask = { 0 };

                r = sp_load_mask(l, e, &mask);
                if (r == 0)
                        r = sp_load_name_is_new(l, mask.mask.rule, mask.mark);
                if (r == 0)
                        p->masks[p->n_masks++] = mask;
        }
        return r;
}

/* Room for the rules and masks of all files, so that the arrays need not grow. */
static int make_room(struct sp_loader *l, struct sp_yaml *const *trees, size_t n)
{
        size_t counts[2] = { 0, 0 };
        static const char *const keys[2] = { "rules", "masks" };

        for (size_t i = 0; i < n; i++) {
                for (const struct sp_yaml *v = trees[i]->first; v; v = v->next)
                        for (size_t k = 0; k < 2; k++) {
                                if (!sp_str_eq(v->key, sp_str_c(keys[k])))
                                        continue;
                                if (v->type != SP_YAML_LIST || !v->count) {
                                        int r = sp_load_list(l, v);

                                        return r < 0 ? r : -EINVAL;
                                }
                                counts[k] += v->count;
                                if (counts[k] > SP_POLICY_RULES_MAX)
                                        return sp_err_set_at(
                                                l->err, -EINVAL, "policy.too-big",
                                                SP_AT(v->key_mark),
                                                "more than %d %s in the policy",
                                                SP_POLICY_RULES_MAX, keys[k]);
                        }
        }
        l->policy->rules =
                sp_arena_array(&l->policy->arena, counts[0], sizeof(*l->policy->rules));
        l->policy->masks =
                sp_arena_array(&l->policy->arena, counts[1], sizeof(*l->policy->masks));
        return l->policy->rules && l->policy->masks ? 0 : -ENOMEM;
}

static int load_files(struct sp_loader *l, const struct sp_policy_file *files, size_t n)
{
        static const struct sp_key keys[] = {
                { "version", top_version, true },
                { "mode", top_mode, false },
                { "dry_run", top_dry_run, false },
                { "inference", top_inference, false },
                { "sample_answers", top_sample, false },
                { "approvals", top_approvals, false },
                { "limits", sp_load_limits, false },
                { "rules", top_rules, false },
                { "masks", top_masks, false },
                { "detectors", sp_load_detectors, false },
                { "min_groups", sp_load_min_groups, false },
        };
        struct sp_yaml *trees[SP_POLICY_FILES_MAX];
        const char *names[SP_POLICY_FILES_MAX];
        int r = 0;

        for (size_t i = 0; i < n && r == 0; i++) {
                names[i] = sp_arena_str(&l->policy->arena, files[i].name).p;
                if (!names[i])
                        return -ENOMEM;
                r = sp_yaml_parse(&l->policy->arena, names[i], files[i].text, &trees[i],
                                  l->err);
        }
        if (r == 0)
                r = make_room(l, trees, n);
        for (size_t i = 0; i < n && r == 0; i++) {
                l->file = names[i];
                r = sp_load_map(l, trees[i], keys, SP_ARRAY_SIZE(keys), l->policy);
        }
        return r;
}

static int make_index(struct sp_policy *p)
{
        for (unsigned a = 0; a < SP_ACTIONS_MAX; a++) {
                size_t n = 0;

                for (size_t i = 0; i < p->n_rules; i++)
                        n += sp_action_has(&p->rules[i].actions, a);
                p->by_action[a].rules = sp_arena_array(&p->arena, n, sizeof(uint16_t));
                if (!p->by_action[a].rules)
                        return -ENOMEM;
                for (size_t i = 0; i < p->n_rules; i++)
                        if (sp_action_has(&p->rules[i].actions, a))
                                p->by_action[a].rules[p->by_action[a].n++] =
                                        (uint16_t)i;
        }
        for (size_t i = 0; i < p->n_rules; i++)
                p->needs_estimate |= p->rules[i].when.compare != SP_COMPARE_NONE;
        for (size_t i = 0; i < p->n_limits; i++)
                p->needs_estimate |= p->limits[i].limit.of[SP_LIMIT_BYTES].max > 0;
        return 0;
}

static int add_counted(struct sp_digest *d, struct sp_str s)
{
        uint8_t length[8];
        int r;

        for (unsigned i = 0; i < sizeof(length); i++)
                length[i] = (uint8_t)((uint64_t)s.n >> (8 * i));
        r = sp_digest_add(d, sp_str((const char *)length, sizeof(length)));
        return r < 0 ? r : sp_digest_add(d, s);
}

/* Lengths go in as well: moving bytes from one file to the next is another policy. */
static int make_version(struct sp_policy *p, const struct sp_policy_file *files,
                        size_t n)
{
        sp_cleanup(sp_digest_freep) struct sp_digest *d = sp_digest_new();
        uint8_t hash[SP_SHA256_LEN];
        int r = d ? 0 : -ENOMEM;

        for (size_t i = 0; i < n && r == 0; i++) {
                r = add_counted(d, files[i].name);
                if (r == 0)
                        r = add_counted(d, files[i].text);
        }
        if (r == 0)
                r = sp_digest_end(d, hash);
        if (r == 0)
                sp_hex(hash, sizeof(hash), p->version);
        return r;
}

int sp_policy_load(const struct sp_policy_file *files, size_t n_files,
                   const struct sp_str *workloads, size_t n_workloads,
                   struct sp_policy **ret, struct sp_err *reterr)
{
        sp_cleanup(sp_policy_unrefp) struct sp_policy *p = calloc(1, sizeof(*p));
        struct sp_loader l = { .policy = p,
                               .workloads = workloads,
                               .n_workloads = n_workloads,
                               .err = reterr };
        int r;

        if (!p)
                return -ENOMEM;
        p->refs = 1;
        p->arena = SP_ARENA_INIT(SP_POLICY_ARENA_MAX);
        p->approvals.timeout_us = 15 * 60 * SP_USEC_PER_SEC;
        p->sample = 10;
        if (!n_files)
                return sp_err_set(reterr, -EINVAL, "policy.empty", "",
                                  "there is no policy file");
        if (n_files > SP_POLICY_FILES_MAX)
                return sp_err_set(reterr, -EINVAL, "policy.too-big", "",
                                  "more than %d policy files", SP_POLICY_FILES_MAX);
        r = load_files(&l, files, n_files);
        if (r == 0)
                r = sp_policy_lint(p, reterr);
        if (r == 0)
                r = make_index(p);
        if (r == 0)
                r = make_version(p, files, n_files);
        if (r < 0)
                return r;
        *ret = SP_TAKE(p);
        return 0;
}

struct sp_policy *sp_policy_ref(struct sp_policy *p)
{
        p->refs++;
        return p;
}

struct sp_policy *sp_policy_unref(struct sp_policy *p)
{
        if (!p || --p->refs)
                return NULL;
        sp_arena_done(&p->arena);
        free(p);
        return NULL;
}
