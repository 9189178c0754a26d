/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql — GoogleSQL read for a gate: what each statement is and what it touches.
 *
 * Job:       lex and parse one text (a statement or a script) and state the facts a
 *            policy needs: kind, tables read and written with their byte spans,
 *            functions, the WHERE of DML, and everything that could not be understood.
 * In:        bytes with a length; an arena.
 * Out:       struct sp_sql_script in the arena; its strings point into arena or text.
 * Errors:    -EINVAL with id "sql.*" and line:column (characters, from 1; a tab goes to
 *            the next multiple of 8) for text that is not GoogleSQL; -E2BIG for a
 *            limit; -ENOMEM. What is GoogleSQL but not understood by this front end is
 *            -ENOTSUP with id "sql.unsupported" and the name of the thing.
 * Spec:      GoogleSQL language reference: lexical structure, query syntax, DML.
 */
#pragma once

#include "daemon/base/arena.h"
#include "daemon/base/err.h"

/* All limits of the front end, in one place. */
#define SP_SQL_TEXT_MAX (1024 * 1024)
#define SP_SQL_TOKENS_MAX 200000
#define SP_SQL_NODES_MAX 350000 /* of the tree; those thrown away count */
#define SP_SQL_DEPTH_MAX 200
#define SP_SQL_STATEMENTS_MAX 1000
#define SP_SQL_NAMES_MAX                                                               \
        4000 /* aliases or WITH names visible at one place; parameters; variables */

struct sp_sql_span {
        uint32_t start, end; /* bytes of the text: [start, end) */
};

/* What a policy calls the statement. Closed list; zero is the one nobody may allow. */
enum sp_sql_action {
        SP_SQL_UNKNOWN,
        SP_SQL_SELECT,
        SP_SQL_INSERT,
        SP_SQL_UPDATE,
        SP_SQL_DELETE,
        SP_SQL_MERGE,
        SP_SQL_TRUNCATE,
        SP_SQL_CREATE,
        SP_SQL_ALTER,
        SP_SQL_DROP,
        SP_SQL_GRANT, /* and REVOKE */
        SP_SQL_EXPORT,
        SP_SQL_LOAD,
        SP_SQL_CALL,
        SP_SQL_EXECUTE, /* EXECUTE IMMEDIATE */
        SP_SQL_SCRIPT, /* DECLARE, SET, IF, loops, transactions, … */
        SP_SQL_CREATE_TEMP_JS, /* no statement's own: CREATE TEMP FUNCTION in JavaScript */
        SP_SQL_OTHER, /* recognised by name, no action of its own: ASSERT, EXPLAIN, … */
        SP_SQL_ACTION_MAX_
};
const char *sp_sql_action_name(enum sp_sql_action a); /* "select"; NULL out of range */
int sp_sql_action_parse(struct sp_str name, enum sp_sql_action *ret) sp_must_check;

enum sp_sql_where {
        SP_SQL_WHERE_NONE, /* the statement has no place for one */
        SP_SQL_WHERE_ABSENT, /* DELETE/UPDATE without one, TRUNCATE, MERGE ON FALSE + BY
                                SOURCE */
        SP_SQL_WHERE_ALWAYS_TRUE, /* constant or tautology: WHERE TRUE, 1=1, x = x OR x
                                     IS NULL */
        SP_SQL_WHERE_UNPROVEN, /* parameters, subqueries: may be always true */
        SP_SQL_WHERE_SELECTIVE,
};

/* One mention of a table. */
struct sp_sql_table {
        struct sp_str *parts; /* decoded path parts: {"acme-prod","crm","customers"} */
        size_t n_parts; /* a backquoted `p.d.t` is split at its dots */
        struct sp_sql_span path; /* the path expression as written */
        struct sp_sql_span
                span; /* path with FOR SYSTEM_TIME AS OF (which belongs to the table) */
        struct sp_str alias; /* explicit, or implicit: the last part; decoded */
        bool has_alias; /* written out */
        struct sp_sql_span alias_span; /* "AS x" or "x", when has_alias */
        bool is_target; /* written: INSERT INTO t, CREATE TABLE t, DROP TABLE t */
        bool is_read; /* in a FROM clause or as a source */
        bool is_wildcard; /* `p.d.events_*` */
        bool is_time_travel; /* FOR SYSTEM_TIME AS OF */
        bool is_argument; /* TABLE t of a table function, MODEL m: cannot be wrapped */
        bool is_sampled; /* followed by TABLESAMPLE */
        struct sp_sql_span sample; /* TABLESAMPLE …, when nothing but an alias and FOR
                                      SYSTEM_TIME stands before it; else empty */
        bool is_pipe; /* source of a pipe query, or JOIN operand of a pipe operator */
        bool is_model; /* MODEL m; is_argument too, or is_target */
        bool is_routine; /* target of CREATE or DROP FUNCTION, PROCEDURE; not a table */
        bool is_temporary; /* a TEMP table that this script has certainly made before;
                              its name is in no dataset */
        struct sp_sql_span system_time; /* FOR SYSTEM_TIME AS OF …, when is_time_travel.
                                           An alias stands before it, so alias_span is
                                           then inside span. */
};

struct sp_sql_function {
        struct sp_str name; /* dotted, lower case: "sum", "net.host", "p.d.f" */
        struct sp_str written; /* the same in the letters of the text */
        struct sp_sql_span span;
        bool is_table_function;
};

struct sp_sql_statement {
        const char *kind; /* GoogleSQL's syntax node name: "Query", "Insert",
                             "DropTable", … */
        enum sp_sql_action action;
        struct sp_sql_span span;
        struct sp_sql_table *tables; /* every mention, in text order; no CTE, no alias,
                                        no correlated array path */
        size_t n_tables;
        struct sp_sql_function *functions;
        size_t n_functions;
        const char **opaque; /* "execute-immediate", "external-query", "javascript", … :
                                parts whose effect cannot be read here */
        size_t n_opaque;
        struct sp_str *system_variables; /* that it sets, lower case: "dataset_id" */
        size_t n_system_variables;
        enum sp_sql_where where;
        enum sp_sql_where
                where_among_own; /* should a view that it reads show the target's rows */
        bool is_temporary; /* CREATE TEMP … */
};

struct sp_sql_node;

struct sp_sql_script {
        struct sp_str text; /* what was parsed; the tree's spans are into it */
        const struct sp_sql_node *root; /* the syntax tree (ast.h), for the resolver */
        struct sp_sql_statement *statements; /* nested ones too, in text order */
        size_t n_statements; /* 0 for a text of nothing but comments, in a script */
        bool is_script; /* more than one statement, or procedural */
        size_t n_positional; /* `?` parameters */
        struct sp_sql_span *positional; /* their places, ascending */
        struct sp_str *named; /* `@name`, lower case, each once */
        size_t n_named;
};

sp_must_check int sp_sql_parse(struct sp_arena *a, struct sp_str text,
                               struct sp_sql_script **ret, struct sp_err *reterr);
/* The same for text that must be one statement; procedural language is an error. */
sp_must_check int sp_sql_parse_one(struct sp_arena *a, struct sp_str text,
                                   struct sp_sql_script **ret, struct sp_err *reterr);
