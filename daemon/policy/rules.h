/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/rules — how a loaded policy lies in memory; for policy/ only.
 *
 * Job:       the structs that load fills, lint checks and decide reads.
 * Ownership: everything is in the policy's own arena and never changes after load.
 */
#pragma once

#include "daemon/policy/actions.h"
#include "daemon/policy/groups.h"
#include "daemon/policy/limits.h"
#include "daemon/policy/pattern.h"
#include "daemon/policy/policy.h"

#define SP_POLICY_FILES_MAX 100
#define SP_POLICY_RULES_MAX 1000 /* rules, and masks, of all files together */
#define SP_POLICY_LIST_MAX 256 /* entries of one list */
#define SP_POLICY_ARENA_MAX ((size_t)64 * 1024 * 1024)

struct sp_name_pattern {
        struct sp_str text;
        struct sp_mark mark;
};

/* "https://issuer#glob" */
struct sp_person_pattern {
        struct sp_str text, iss, who;
        bool is_email; /* the glob has an '@': it may match the e-mail address too */
        struct sp_mark mark;
};

/* All given fields must match; within a field, any of the patterns. */
struct sp_subjects {
        struct sp_name_pattern *workloads;
        size_t n_workloads;
        struct sp_person_pattern *persons;
        size_t n_persons;
        struct sp_name_pattern *groups;
        size_t n_groups;
};

enum sp_compare {
        SP_COMPARE_NONE,
        SP_LESS,
        SP_LESS_EQUAL,
        SP_GREATER,
        SP_GREATER_EQUAL
};

struct sp_conditions {
        unsigned where; /* bits 1 << enum sp_sql_where; 0: not asked */
        enum sp_compare compare; /* estimated_bytes */
        uint64_t bytes;
        bool has_time, person_required;
        unsigned days; /* bit 0: Sunday */
        int from_min, to_min; /* of the day, 0 … 1440 */
        int zone_min; /* east of UTC */
};

struct sp_rule {
        struct sp_str name; /* "10-base.yaml#no-drops" */
        struct sp_mark mark; /* of its name */
        struct sp_subjects subjects;
        struct sp_action_set actions;
        struct sp_resource_pattern *resources;
        size_t n_resources;
        struct sp_conditions when;
        enum sp_verdict verdict;
        struct sp_str reason;
};

struct sp_column_pattern {
        struct sp_resource_pattern table;
        struct sp_str column; /* glob over "name" or "parent.child" */
};

/* Names of columns, and values, that look like personal data; of policy/detect, detect_value. */
struct sp_detector {
        struct sp_str name;
        struct sp_name_pattern *names, *values;
        size_t n_names, n_values;
        bool is_off; /* stands in for the built-in one of its name, and finds nothing */
};

struct sp_mask_rule {
        struct sp_mask mask;
        struct sp_mark mark;
        struct sp_column_pattern *columns;
        size_t n_columns;
        struct sp_name_pattern *tags; /* globs over names of policy tags */
        size_t n_tags;
        bool has_except;
        struct sp_subjects except;
        uint64_t except_until_us; /* 0: no end */
};

struct sp_limit_rule {
        struct sp_limit limit;
        struct sp_mark mark;
        struct sp_subjects subjects;
};

struct sp_group_rule {
        struct sp_str rule;
        struct sp_mark mark;
        struct sp_resource_pattern *tables;
        size_t n_tables;
        unsigned rows;
        bool has_except;
        struct sp_subjects except;
};

struct sp_policy {
        unsigned refs;
        struct sp_arena arena;
        char version[65];
        enum sp_policy_mode mode;
        bool denies_inference;
        struct sp_policy_approvals approvals;
        uint64_t maximum_bytes_billed;
        bool needs_estimate, always_dry_runs;
        unsigned sample; /* sample_answers */
        struct sp_rule *rules;
        size_t n_rules;
        struct sp_mask_rule *masks;
        size_t n_masks;
        struct sp_detector *detectors;
        size_t n_detectors;
        struct sp_limit_rule *limits;
        size_t n_limits;
        struct sp_group_rule *groups;
        size_t n_groups;
        /* the rules that name an action, in the order of the files */
        struct {
                uint16_t *rules;
                size_t n;
        } by_action[SP_ACTIONS_MAX];
};

/* Why a rule does not match; zero: it does. In the order they are looked at. */
enum sp_miss {
        SP_MISS_NOTHING,
        SP_MISS_ACTION,
        SP_MISS_RESOURCE,
        SP_MISS_WORKLOAD,
        SP_MISS_PERSON,
        SP_MISS_GROUP,
        SP_MISS_TIME,
        SP_MISS_WHERE,
        SP_MISS_BYTES,
        SP_MISS_NO_PERSON, /* last: only this stands between rule and match */
        SP_MISS_MAX_
};
enum sp_miss sp_rule_match(const struct sp_rule *r, const struct sp_question *q,
                           const struct sp_access *access);
bool sp_subjects_match(const struct sp_subjects *s, const struct sp_principal *who);
static inline bool sp_rule_is_unconditional(const struct sp_rule *r)
{
        return !r->when.where && !r->when.compare && !r->when.has_time &&
               !r->when.person_required;
}

/* policy/load_values.c: scalars with a unit or a form of their own. */
bool sp_value_duration(struct sp_str s, uint64_t *ret_us);
bool sp_value_bytes(struct sp_str s, uint64_t *ret);
/* "100/min", "20k/day", "1TiB/day" */
bool sp_value_rate(struct sp_str s, bool is_bytes, struct sp_limit_amount *ret);
bool sp_value_compare(struct sp_str s, enum sp_compare *ret, uint64_t *ret_bytes);
bool sp_value_clock(struct sp_str s, int *ret_min); /* "09:30" */
bool sp_value_zone(struct sp_str s, int *ret_min); /* "UTC", "+02:00" */
bool sp_value_date(struct sp_str s,
                   uint64_t *ret_us); /* 2027-01-31, at 00:00 UTC; 2027-01-31T18:30Z */
bool sp_value_days(struct sp_str s, unsigned *ret); /* "mon", "mon-fri"; adds bits */

/* policy/lint.c: what can never decide or match anything is an error. */
sp_must_check int sp_policy_lint(const struct sp_policy *p, struct sp_err *reterr);
