/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy — who may do what to which data, and what they see of it.
 *
 * Job:       load a directory of YAML files into one immutable rule set; answer one
 *            question about it: allow, approve or deny, by which rule, with which masks.
 * In:        file names and texts (load does no I/O: callers read files or a memfd).
 * Out:       struct sp_decision by value; its strings live as long as the policy.
 * Ownership: reference counted, not atomic: one per process and thread.
 * Errors:    load: -EINVAL with id "policy.*" and file:line:column. decide cannot fail:
 *            nothing matching means deny.
 * Spec:      docs/policy.md. Deny wins over approve, approve over allow.
 */
#pragma once

#include "daemon/base/arena.h"
#include "daemon/base/err.h"
#include "daemon/sql/sql.h"

enum sp_verdict {
        SP_VERDICT_DENY, /* zero, so a forgotten initialiser denies */
        SP_VERDICT_APPROVE, /* park the request until a person answers */
        SP_VERDICT_ALLOW,
        SP_VERDICT_MAX_
};
const char *sp_verdict_name(enum sp_verdict v);

enum sp_policy_mode { SP_MODE_ENFORCE, SP_MODE_OBSERVE };

struct sp_policy_file {
        struct sp_str name; /* "10-base.yaml": used in rule names and messages */
        struct sp_str text;
};

struct sp_policy; /* opaque: laid out in policy/rules.h */

/* `workloads`: names the configuration knows, so that a rule for an unknown one is an
 * error; NULL: not checked (offline use). */
sp_must_check int sp_policy_load(const struct sp_policy_file *files, size_t n_files,
                                 const struct sp_str *workloads, size_t n_workloads,
                                 struct sp_policy **ret, struct sp_err *reterr);
struct sp_policy *sp_policy_ref(struct sp_policy *p);
struct sp_policy *sp_policy_unref(struct sp_policy *p); /* NULL is fine; returns NULL */
SP_DEFINE_CLEANUP(struct sp_policy *, sp_policy_unref)

/* SHA-256 over names and texts of all files, hex: names the policy in records. */
struct sp_str sp_policy_version(const struct sp_policy *p);
enum sp_policy_mode sp_policy_mode(const struct sp_policy *p);
/* Of how many answers one is looked at for values that look like personal data; 0: none. Only in
 * observe mode there is any. */
#define SP_POLICY_SAMPLE_MAX 1000000
unsigned sp_policy_sample(const struct sp_policy *p);

struct sp_policy_approvals {
        uint64_t timeout_us; /* default 15 min */
        bool keep_queued; /* on_timeout: queue (else deny) */
};
struct sp_policy_approvals sp_policy_approvals(const struct sp_policy *p);
uint64_t sp_policy_maximum_bytes_billed(const struct sp_policy *p); /* 0: not set */
/* Some rule needs estimated_bytes to be decided: the caller must dry-run first. */
bool sp_policy_needs_estimate(const struct sp_policy *p);
bool sp_policy_always_dry_runs(const struct sp_policy *p); /* dry_run: always */

/* Who asks. All strings may be empty; iss and sub are set together or not at all. */
struct sp_principal {
        struct sp_str workload;
        struct sp_str iss, sub, email;
        const struct sp_str *groups;
        size_t n_groups;
};

/* What a statement or API method does to one resource. */
struct sp_access {
        struct sp_str action; /* "select", "bigquery.tables.get" */
        struct sp_str
                resource; /* "project.dataset.table", "project.dataset", "project" */
};

struct sp_question {
        const struct sp_principal *principal;
        const struct sp_access *accesses; /* every one must be allowed */
        size_t n_accesses;
        enum sp_sql_where where; /* the least selective of the statements */
        bool has_estimate;
        uint64_t estimated_bytes;
        uint64_t now_us; /* wall clock, for time windows */
};

struct sp_decision {
        enum sp_verdict verdict;
        struct sp_str rule; /* "10-base.yaml#no-drops"; empty: no rule matched */
        struct sp_str reason; /* the rule's own `reason:` text, may be empty */
        size_t access; /* index of the access that decided */
        const char *error_id; /* of a denial: "policy.denied", "policy.no-rule",
                                 "policy.person-required" */
};
struct sp_decision sp_policy_decide(const struct sp_policy *p,
                                    const struct sp_question *q);

enum sp_mask_kind {
        SP_MASK_NONE,
        SP_MASK_REDACT,
        SP_MASK_NULL,
        SP_MASK_HASH,
        SP_MASK_TOKENIZE,
        SP_MASK_PARTIAL,
        SP_MASK_TRUNCATE
};
#define SP_MASK_STEP_MAX UINT64_C(1000000000000)
enum sp_mask_unit { /* the coarsest first */
                    SP_UNIT_NONE,
                    SP_UNIT_YEAR,
                    SP_UNIT_MONTH,
                    SP_UNIT_DAY,
                    SP_UNIT_HOUR
};
struct sp_mask {
        enum sp_mask_kind kind;
        unsigned keep_first, keep_last; /* of SP_MASK_PARTIAL, characters */
        struct sp_str rule; /* "10-base.yaml#masks[0]" or its name */
        enum sp_mask_unit unit; /* of SP_MASK_TRUNCATE, for dates and times; or */
        uint64_t step; /* for numbers, 1 … SP_MASK_STEP_MAX */
};
const char *sp_mask_kind_name(enum sp_mask_kind k);
/* Whether any mask, or least size of groups, is in force for this principal: then a view over some table could hide
 * a protected one, and the caller gives sp_mask_rewrite the schema of every table read. */
bool sp_policy_has_masks(const struct sp_policy *p, const struct sp_principal *who,
                         uint64_t now_us);
/* Whether any column of this table may be masked for this principal, or its rows be read in
 * groups only (then its schema is needed). `table` is "project.dataset.table". */
bool sp_policy_masks_table(const struct sp_policy *p, const struct sp_principal *who,
                           struct sp_str table, uint64_t now_us);
/* The mask of one column, `column` being "name" or "parent.child": strictest rule wins:
 * redact, null, hash, tokenize, partial, truncate; exemptions applied. Column names match ASCII-case-insensitively. */
struct sp_mask sp_policy_mask(const struct sp_policy *p, const struct sp_principal *who,
                              struct sp_str table, struct sp_str column,
                              uint64_t now_us);
/* The same of a column that has policy tags, "projects/…/policyTags/…". What is masked by its
 * tag only is masked only where the caller gives the tags. */
struct sp_tags {
        const struct sp_str *v;
        size_t n;
};
struct sp_mask sp_policy_mask_tagged(const struct sp_policy *p,
                                     const struct sp_principal *who,
                                     struct sp_str table, struct sp_str column,
                                     struct sp_tags tags, uint64_t now_us);
/* Whether a field that is not there yet, at any depth below the record `column`, may be masked by its name or tag. */
bool sp_policy_may_mask_below(const struct sp_policy *p, const struct sp_principal *who,
                              struct sp_str table, struct sp_str column,
                              uint64_t now_us);
/* `inference: deny`: hashed columns and tokens may decide no rows. */
bool sp_policy_denies_inference(const struct sp_policy *p);
bool sp_policy_has_tags(const struct sp_policy *p); /* some mask goes by tags */
/* The mask that somebody sees whom no rule exempts: whether the column is protected at all. */
struct sp_mask sp_policy_mask_of_others(const struct sp_policy *p, struct sp_str table,
                                        struct sp_str column, struct sp_tags tags);
/* Whether some mask, for whomever, makes tokens of the column. */
bool sp_policy_tokenizes(const struct sp_policy *p, struct sp_str table,
                         struct sp_str column);
/* Whether the principal has an allow or approve rule for `action` on anything at or below
 * `resource` (a project, a dataset): for filtering lists. */
bool sp_policy_may_see(const struct sp_policy *p, const struct sp_principal *who,
                       struct sp_str action, struct sp_str resource, uint64_t now_us);
/* Whether a rule denies the principal `action` on something, at some time. */
bool sp_policy_may_deny(const struct sp_policy *p, const struct sp_principal *who,
                        struct sp_str action);
/* The projects that allow and approve rules name letter for letter, each once: at most
 * `max` into `ret`; returns how many. For answering projects.list. */
size_t sp_policy_projects(const struct sp_policy *p, struct sp_str *ret, size_t max);
