/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker/judge — the pure middle of a request: parse, resolve, decide, rewrite.
 *
 * Job:       from a recognised call, a principal and a policy: which tables under which
 *            full names, which accesses, the verdict, and the text to send. No I/O: the same
 *            code answers `sallyctl policy decide`.
 * In:        struct sp_judge_input; schemas of the tables in `needs_schema`, as far as there are
 *            such tables, for the rewrite.
 * Out:       struct sp_judgement in the arena.
 * Errors:    -EINVAL/-EPERM/-E2BIG with id "sql.*", "mask.*", "judge.*": the request is
 *            denied with it (a policy in observe mode does not let these pass: what is
 *            not understood cannot be masked). -ENOMEM.
 */
#pragma once

#include "daemon/google/call.h"
#include "daemon/mask/reading.h"

/* BigQuery's limit of one query, views and what they read included. Each costs a question upstream
 * when it is not known. */
#define SP_JUDGE_OBJECTS_MAX 1000

struct sp_judge_input {
        const struct sp_call *call;
        const struct sp_principal *who;
        const struct sp_policy *policy;
        uint64_t now_us; /* wall clock */
        bool has_estimate;
        uint64_t estimated_bytes;
};

/* EXECUTE IMMEDIATE of a constant: its place in the agent's text, and that of what it runs. */
struct sp_judge_unfolded {
        struct sp_sql_span own, text;
};

/* A definition calls a stored function. Full names. */
struct sp_judge_call {
        struct sp_str caller, callee;
};

struct sp_judgement {
        struct sp_str
                text; /* that is judged: the agent's, constant dynamic SQL unfolded */
        struct sp_judge_unfolded *unfolded; /* by position */
        size_t n_unfolded;
        const struct sp_sql_script *script; /* NULL: not a query */
        struct sp_str *names; /* full name of each table mention, in statement order */
        size_t n_names;
        struct sp_access *accesses;
        size_t n_accesses;
        size_t n_below; /* behind them: read through a view, which a rule may still deny */
        enum sp_sql_where where;
        struct sp_str
                *needs_schema; /* full names of the tables, views and functions read,
                                        each once; those that these read join them */
        size_t n_needs_schema;
        size_t n_expanded; /* of them: looked at by sp_judge_expand */
        size_t n_routines; /* among them: stored functions, "project.dataset.function()" */
        struct sp_str
                *guessed; /* those called without their project: BigQuery must say that
                                   it takes them for functions */
        size_t n_guessed;
        struct sp_mask_view *views; /* among them */
        size_t n_views;
        struct sp_judge_call *calls; /* of views and functions among them */
        size_t n_calls;
        bool reads_beyond; /* a view may be read through, and was not looked into */
        struct sp_mask_plan plan; /* after sp_judge_rewrite */
        struct sp_mask_reading reading; /* the resolver's, of both texts; likewise */
};

/* Parses and resolves; ret is complete but for `plan` and `reading`. */
sp_must_check int sp_judge_read(struct sp_arena *a, const struct sp_judge_input *in,
                                struct sp_judgement *ret, struct sp_err *reterr);
/* judge_views.c: reads the definitions of the views and functions among the first `n_schemas` of
 * needs_schema, whose schemas these are, and adds what they mention to needs_schema. When all
 * are there, adds the accesses: what a view reads is read by who reads the view, unless the
 * policy lets him read through it ("select-through"); what a rule denies below stays denied. The
 * functions that a view or a function calls are no different. */
sp_must_check int sp_judge_expand(struct sp_arena *a, const struct sp_judge_input *in,
                                  const struct sp_schema *schemas, size_t n_schemas,
                                  struct sp_judgement *j, struct sp_err *reterr);
/* The policy's word on it. Cannot fail: what does not match is denied. */
struct sp_decision sp_judge_decide(const struct sp_judge_input *in,
                                   const struct sp_judgement *j);
/* Of a statement with these names of its tables. A column of the target that equals one of a view
 * chooses nothing when the view shows the target's own rows: each finds its partner. */
enum sp_sql_where sp_judge_where(const struct sp_judgement *j,
                                 const struct sp_sql_statement *st,
                                 const struct sp_str *names);
/* Fills j->plan and j->reading. Where the policy has masks, every table of needs_schema must be
 * among the schemas. */
sp_must_check int sp_judge_rewrite(struct sp_arena *a, const struct sp_judge_input *in,
                                   const struct sp_schema *schemas, size_t n_schemas,
                                   struct sp_judgement *j, struct sp_err *reterr);

/* judge_dynamic.c: *script is that of the agent's text, and becomes that of j->text. */
sp_must_check int sp_judge_unfold(struct sp_arena *a, struct sp_sql_script **script,
                                  struct sp_judgement *j, struct sp_err *err);
/* The splices of the plan, and what was unfolded, as splices of the agent's own text. -ENOMEM,
 * -ENOBUFS. */
sp_must_check int sp_judge_own_splices(struct sp_arena *a, const struct sp_judgement *j,
                                       struct sp_mask_splice **ret, size_t *ret_n);

/* What may stand in a text, or in the definition of a view, at all. */
struct sp_judge_own;
sp_must_check int sp_judge_check_functions(const struct sp_judge_own *own,
                                           const struct sp_sql_statement *s,
                                           struct sp_err *err);
sp_must_check int sp_judge_check_name(const struct sp_sql_table *t, struct sp_err *err);
/* The last part of a checked name, and how many parts there are: INFORMATION_SCHEMA.X is one. */
sp_must_check int sp_judge_split_name(struct sp_arena *a, const struct sp_sql_table *t,
                                      size_t *ret_n, struct sp_str *ret_last);
/* judge_routines.c: the stored functions that a statement calls join needs_schema; `j` has room. */
sp_must_check int sp_judge_read_functions(struct sp_arena *a,
                                          const struct sp_judge_input *in,
                                          const struct sp_sql_statement *s,
                                          struct sp_judgement *j, struct sp_err *err);
/* Those that the definition of `caller` calls; each must be named with its project. */
sp_must_check int sp_judge_need_functions(struct sp_arena *a, struct sp_str caller,
                                          const struct sp_sql_statement *s,
                                          struct sp_judgement *j, struct sp_err *err);
/* Judges one whose definition has come. */
sp_must_check int sp_judge_expand_routine(struct sp_arena *a,
                                          const struct sp_judge_input *in,
                                          const struct sp_schema *s,
                                          struct sp_judgement *j, struct sp_err *err);
/* Called like a function that may be stored in a dataset. */
bool sp_judge_is_stored(const struct sp_sql_function *f);
bool sp_judge_needs_schema(const struct sp_judge_input *in, struct sp_str name);
