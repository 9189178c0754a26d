/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/load — from YAML trees to rules, for policy/ only.
 *
 * Job:       check every key and value of one file and fill the policy.
 * Errors:    -EINVAL with id "policy.*" and file:line:column, -ENOMEM.
 * Spec:      docs/policy.md §3.
 */
#pragma once

#include "daemon/policy/rules.h"

struct sp_loader {
        struct sp_policy *policy;
        const struct sp_str *workloads; /* NULL: not known */
        size_t n_workloads;
        struct sp_err *err;
        const char *file; /* of the file at hand */
        const char *timeout_set, *on_timeout_set, *mode_set, *dry_run_set,
                *inference_set, *sample_set, *detectors_set,
                *bytes_set; /* file, or NULL */
};

/* One key that a mapping may have, and what reads its value into `to`. */
struct sp_key {
        const char *name;
        int (*read)(struct sp_loader *l, const struct sp_yaml *v, void *to);
        bool is_required;
};
/* Every key of `map` must be one of `keys`, and every required one must be there. */
sp_must_check int sp_load_map(struct sp_loader *l, const struct sp_yaml *map,
                              const struct sp_key *keys, size_t n_keys, void *to);
/* A scalar, one of `names` (NULL-terminated list); *ret: its index. */
sp_must_check int sp_load_choice(struct sp_loader *l, const struct sp_yaml *v,
                                 const char *const *names, unsigned *ret);
/* A list that is not empty; its elements are scalars. */
sp_must_check int sp_load_list(struct sp_loader *l, const struct sp_yaml *v);
sp_must_check int sp_load_scalar(struct sp_loader *l, const struct sp_yaml *v);

/* Notes that this file sets a value of the whole policy; two may not. */
sp_must_check int sp_load_once(struct sp_loader *l, const struct sp_yaml *v,
                               const char **by);

/* The keys workloads, persons, groups; `to` is a struct sp_subjects. */
int sp_load_workloads(struct sp_loader *l, const struct sp_yaml *v, void *to);
int sp_load_persons(struct sp_loader *l, const struct sp_yaml *v, void *to);
int sp_load_groups(struct sp_loader *l, const struct sp_yaml *v, void *to);
/* "10-base.yaml#name", with `name` a checked identifier. */
sp_must_check int sp_load_name(struct sp_loader *l, const struct sp_yaml *v,
                               struct sp_str *ret);
/* What follows '#' names one thing in the whole policy. */
sp_must_check int sp_load_name_is_new(struct sp_loader *l, struct sp_str name,
                                      struct sp_mark mark);
/* A list of resource patterns. */
sp_must_check int sp_load_resources(struct sp_loader *l, const struct sp_yaml *v,
                                    struct sp_resource_pattern **ret, size_t *ret_n);
int sp_load_min_groups(struct sp_loader *l, const struct sp_yaml *v, void *to);
int sp_load_limits(struct sp_loader *l, const struct sp_yaml *v, void *to);
sp_must_check int sp_load_conditions(struct sp_loader *l, const struct sp_yaml *v,
                                     struct sp_conditions *ret);
sp_must_check int sp_load_rule(struct sp_loader *l, const struct sp_yaml *v,
                               struct sp_rule *ret);
int sp_load_detectors(struct sp_loader *l, const struct sp_yaml *v, void *to);
sp_must_check int sp_load_mask(struct sp_loader *l, const struct sp_yaml *v,
                               struct sp_mask_rule *ret);
