/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql/ast — the syntax tree: one kind of node for everything.
 *
 * Job:       ordered children, a byte span, a text. Uniform on purpose: a walker that
 *            does not know a kind still visits all that is below it, so nothing a
 *            statement reads can hide in a place nobody thought of. Chains (a OR b OR
 *            c, a + b + c, joins, set operations, pipes) are one node with many
 *            children, so that depth is bounded by SP_SQL_DEPTH_MAX.
 * Ownership: nodes live in the arena; texts there or in the source.
 */
#pragma once

#include "daemon/sql/sql.h"

enum sp_sql_node_kind {
        SP_SQL_N_NONE,
        /* names */
        SP_SQL_N_NAME, /* text: decoded; SP_SQL_F_QUOTED */
        SP_SQL_N_PATH, /* NAME… */
        SP_SQL_N_ALIAS, /* text: decoded; span with AS */
        /* expressions */
        SP_SQL_N_INT, /* text as written, as are FLOAT's */
        SP_SQL_N_FLOAT,
        SP_SQL_N_STRING, /* text: decoded, adjacent literals joined */
        SP_SQL_N_BYTES,
        SP_SQL_N_TRUE,
        SP_SQL_N_FALSE,
        SP_SQL_N_NULL,
        SP_SQL_N_DEFAULT,
        SP_SQL_N_TYPED, /* DATE '…': text is the type's name, child STRING */
        SP_SQL_N_PARAM, /* @name: text; `?`: no text */
        SP_SQL_N_SYSTEM, /* @@a.b: text a.b, decoded */
        SP_SQL_N_STAR, /* `*`; SELECT's: EXCEPT and REPLACE children */
        SP_SQL_N_DOT_STAR, /* expression, then as STAR */
        SP_SQL_N_OR, /* operands */
        SP_SQL_N_AND,
        SP_SQL_N_NOT,
        SP_SQL_N_UNARY, /* op: '+' '-' '~' */
        SP_SQL_N_BINARY, /* operands; `link` of each after the first: the operator
                            before it */
        SP_SQL_N_COMPARE, /* two operands, op: '=' '<' '>' or a token type */
        SP_SQL_N_QUANTIFIED, /* = ANY …, LIKE ANY …: left, then LIST, UNNEST or SUBQUERY
                              */
        SP_SQL_N_LIKE, /* value, pattern; SP_SQL_F_NOT */
        SP_SQL_N_IN, /* value, then LIST, UNNEST or SUBQUERY; SP_SQL_F_NOT */
        SP_SQL_N_BETWEEN, /* value, low, high; SP_SQL_F_NOT */
        SP_SQL_N_IS, /* value; op: SP_KW_NULL, TRUE, FALSE, UNKNOWN; SP_SQL_F_NOT */
        SP_SQL_N_IS_DISTINCT, /* two operands; SP_SQL_F_NOT */
        SP_SQL_N_LIST, /* ( … ) behind IN */
        SP_SQL_N_CASE, /* [value] WHEN… [ELSE]; op 1: with value */
        SP_SQL_N_WHEN, /* condition, result */
        SP_SQL_N_ELSE,
        SP_SQL_N_CAST, /* expression, TYPE, …; op 1: SAFE_CAST */
        SP_SQL_N_EXTRACT,
        SP_SQL_N_INTERVAL, /* expression; text: the part */
        SP_SQL_N_CALL, /* PATH, arguments and clauses (HAVING: CLAUSE of that op);
                          SP_SQL_F_OVER */
        SP_SQL_N_POSTFIX, /* operand, then FIELD, INDEX, CALL… */
        SP_SQL_N_FIELD, /* text */
        SP_SQL_N_INDEX,
        SP_SQL_N_ARGUMENT, /* wrapper that only holds a modifier clause of a call */
        SP_SQL_N_NAMED, /* name => value: text */
        SP_SQL_N_LAMBDA, /* parameters as NAME, body last */
        SP_SQL_N_STRUCT, /* [TYPE] fields */
        SP_SQL_N_ARRAY, /* [TYPE] elements */
        SP_SQL_N_BRACED, /* { a: 1 … } */
        SP_SQL_N_WITH_EXPR, /* WITH(a AS 1, a + 1) */
        SP_SQL_N_SUBQUERY, /* QUERY; op: 0, SP_KW_ARRAY or SP_KW_EXISTS */
        SP_SQL_N_PAREN, /* one expression in parentheses */
        SP_SQL_N_TYPE, /* text: name as written; children: parameters */
        SP_SQL_N_WINDOW, /* specification */
        SP_SQL_N_ORDER, /* ORDER BY items */
        SP_SQL_N_GROUP, /* grouping items */
        SP_SQL_N_HINT,
        SP_SQL_N_OPTIONS,
        SP_SQL_N_CLAUSE, /* anything whose inside matters only for what it mentions */
        /* queries */
        SP_SQL_N_QUERY, /* [WITH] body [ALIAS] [ORDER] [LIMIT] PIPE…; the ALIAS is that
                           of a body in parentheses, a QUERY */
        SP_SQL_N_WITH, /* CTE…; SP_SQL_F_RECURSIVE */
        SP_SQL_N_CTE, /* text: name; QUERY …; g() AS GROUP ROWS: OPAQUE instead */
        SP_SQL_N_SETOP, /* operands, [LIST] of BY NAME ON behind the first; op: keyword
                           of the operation times 2, plus 1 when DISTINCT */
        SP_SQL_N_SELECT,
        SP_SQL_N_ITEM, /* select list: expression [ALIAS] */
        SP_SQL_N_FROM, /* table expressions and JOINs */
        SP_SQL_N_JOIN, /* table expression; op: ',' or SP_KW_CROSS, INNER, LEFT, … */
        SP_SQL_N_ON, /* condition, or names of USING */
        SP_SQL_N_TABLE, /* PATH first; [ALIAS] and suffixes */
        SP_SQL_N_TABLE_QUERY, /* QUERY [ALIAS] and suffixes */
        SP_SQL_N_TABLE_JOIN, /* ( FROM ) and suffixes */
        SP_SQL_N_TABLE_CALL, /* CALL [ALIAS] and suffixes */
        SP_SQL_N_TABLE_UNNEST, /* UNNEST [ALIAS] and suffixes */
        SP_SQL_N_TABLE_GRAPH, /* GRAPH_TABLE: GRAPH [ALIAS] and suffixes */
        SP_SQL_N_GRAPH, /* body of a QUERY, or of TABLE_GRAPH: OPAQUE, [SOURCE], and a
                           CLAUSE for each statement of it, op: its keyword */
        SP_SQL_N_UNNEST,
        SP_SQL_N_OFFSET, /* WITH OFFSET [ALIAS] */
        SP_SQL_N_SYSTEM_TIME, /* expression */
        SP_SQL_N_SAMPLE,
        SP_SQL_N_PIVOT, /* … [ALIAS]; op: SP_KW_PIVOT, UNPIVOT, MATCH_RECOGNIZE or
                           ALIGN */
        SP_SQL_N_WHERE,
        SP_SQL_N_LIMIT,
        SP_SQL_N_PIPE, /* op: keyword of the operator */
        SP_SQL_N_TABLE_ARG, /* TABLE path */
        SP_SQL_N_MODEL_ARG, /* MODEL path */
        /* statements */
        SP_SQL_N_STATEMENT, /* text: kind; op: enum sp_sql_action */
        SP_SQL_N_BLOCK, /* STATEMENT…; conditional unless SP_SQL_F_ALWAYS */
        SP_SQL_N_TARGET, /* PATH [ALIAS]; op: SP_KW_FUNCTION, PROCEDURE or MODEL, whose
                            name it is */
        SP_SQL_N_SOURCE, /* PATH: LIKE; op SP_KW_CLONE: with its rows, as COPY is */
        SP_SQL_N_MERGE_WHEN, /* op: which rows; [WHERE], action */
        SP_SQL_N_NESTED_DML,
        SP_SQL_N_OPAQUE, /* text: its name */
        SP_SQL_N_SUBPIPELINE, /* PIPE…, on the rows of the pipe around it; may be empty */
};

/* The children of PIVOT by its op, then [ALIAS]:
 *   PIVOT      ITEM (aggregate [ALIAS]), …, FOR's expression, ITEM (value [ALIAS]), …
 *   UNPIVOT    LIST (value columns' PATH, …), PATH, ITEM (LIST (PATH, …) [label]), …
 *   MATCH_RECOGNIZE   [GROUP (PARTITION BY)] [ORDER] ITEM (measure ALIAS), …, LIST (NAME
 *              of PATTERN, …), NAMED (DEFINE), … [OPTIONS]
 *   ALIGN      OPAQUE, ITEM (expression …) with op SP_KW_TIMESTAMP, PARTITION, METRICS,
 *              and expressions
 * Columns and parameters of CREATE are CLAUSEs with a `text`: op SP_KW_COLUMN, or
 * SP_KW_IN, OUT, INOUT. THEN RETURN is a SELECT. The variables that DECLARE, SET, FOR and
 * EXECUTE … INTO name are NAMEs. */

/* The children of PIPE by its op, behind an optional HINT each:
 *   WHERE, ORDER, LIMIT, TABLESAMPLE   the clause's node
 *   SELECT     as SELECT's: [OPTIONS] items, then NAME WINDOW pairs of a WINDOW clause
 *   EXTEND     items, then NAME WINDOW pairs
 *   WINDOW     items
 *   AGGREGATE  [OPTIONS] ITEM (item), …, [GROUP (ITEM (item) or a grouping item, …)]
 *   SET        ITEM (NAME, expression), …
 *   DROP       NAME, …
 *   RENAME     ITEM (NAME, NAME), …: old, new
 *   AS         ALIAS
 *   JOIN       JOIN [ON]
 *   CALL       TABLE_CALL
 *   UNION, INTERSECT, EXCEPT           [LIST] QUERY, …; flags as of SETOP
 *   WITH       WITH
 *   PIVOT, UNPIVOT, MATCH_RECOGNIZE, ALIGN   PIVOT [ALIAS]
 *   ASSERT     expressions
 *   DISTINCT, DESCRIBE, STATIC_DESCRIBE, FINISH   nothing
 *   IF         WHEN (condition, SUBPIPELINE), …, [ELSE (SUBPIPELINE)]
 *   FORK, TEE, LOG                     SUBPIPELINE, …; the output of FORK is theirs
 *   RECURSIVE  [LIST] [CLAUSE: depth] SUBPIPELINE or QUERY, [ALIAS]
 *   CREATE, INSERT, EXPORT             STATEMENT, without the query it would have
 * What BigQuery does not have of these carries an OPAQUE child. */

/* Flags. */
#define SP_SQL_F_QUOTED 0x1u
#define SP_SQL_F_NOT 0x2u
#define SP_SQL_F_OVER 0x4u
#define SP_SQL_F_RECURSIVE 0x8u
#define SP_SQL_F_TEMP 0x10u
#define SP_SQL_F_ALWAYS 0x20u
#define SP_SQL_F_EXCEPTION 0x40u /* a BLOCK with a handler; the handler itself */
#define SP_SQL_F_LATERAL 0x80u
#define SP_SQL_F_BODY                                                                  \
        0x100u /* BLOCK of a routine: its statements are part of the outer */
#define SP_SQL_F_DISTINCT 0x200u
#define SP_SQL_F_AS_STRUCT 0x400u /* SELECT and pipe SELECT */
#define SP_SQL_F_AS_VALUE 0x800u
/* SETOP and the pipe operators of that kind. STRICT and nothing of these are alike;
 * plain CORRESPONDING is INNER. */
#define SP_SQL_F_BY_NAME 0x1000u /* BY NAME, CORRESPONDING */
#define SP_SQL_F_IF_EXISTS 0x1000u /* TARGET behind IF [NOT] EXISTS: the same bit */
#define SP_SQL_F_FULL 0x2000u
#define SP_SQL_F_LEFT 0x4000u
#define SP_SQL_F_INNER 0x8000u

/* MERGE_WHEN.op: rows, plus what is done to them. */
#define SP_SQL_MERGE_MATCHED 0x1u
#define SP_SQL_MERGE_BY_TARGET 0x2u
#define SP_SQL_MERGE_BY_SOURCE 0x4u
#define SP_SQL_MERGE_INSERT 0x10u
#define SP_SQL_MERGE_UPDATE 0x20u
#define SP_SQL_MERGE_DELETE 0x40u

struct sp_sql_node {
        uint8_t kind;
        uint8_t link; /* operator that joins this to the sibling before it */
        uint16_t op, flags;
        struct sp_sql_span span;
        struct sp_sql_node *first, *last, *next;
        struct sp_str text;
};
