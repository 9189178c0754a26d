/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql/lex — GoogleSQL text to tokens.
 *
 * Job:       cut one text into tokens with byte positions, checking every literal,
 *            comment and quoted identifier on the way; decode literals and identifiers
 *            on demand.
 * In:        bytes with a length, up to SP_SQL_TEXT_MAX.
 * Out:       an array in the arena, ended by a token of type SP_SQL_T_END.
 * Errors:    -EINVAL "sql.syntax" with line:column, -E2BIG "sql.limit", -ENOTSUP
 *            "sql.unsupported" (legacy SQL), -ENOMEM.
 * Spec:      GoogleSQL lexical structure and syntax.
 */
#pragma once

#include "daemon/sql/sql.h"

enum sp_sql_keyword {
        SP_KW_NONE,
#define KEYWORD(name, is_reserved) SP_KW_##name,
#include "daemon/sql/keywords.inc"
#undef KEYWORD
        SP_KW_MAX_
};

/* A token of one ASCII punctuation mark has that character as its type. `>` is always
 * one token, because ARRAY<STRUCT<x INT64>> closes twice: the parser joins `>>` by
 * position. */
enum sp_sql_token_type {
        SP_SQL_T_END = 0,
        SP_SQL_T_WORD = 128, /* identifier or keyword; the parser decides by position */
        SP_SQL_T_QUOTED, /* `identifier` */
        SP_SQL_T_INT,
        SP_SQL_T_FLOAT,
        SP_SQL_T_STRING,
        SP_SQL_T_BYTES,
        SP_SQL_T_SYSTEM, /* @@ */
        SP_SQL_T_NE, /* != and <> */
        SP_SQL_T_LE,
        SP_SQL_T_GE,
        SP_SQL_T_SHIFT_LEFT,
        SP_SQL_T_CONCAT, /* || */
        SP_SQL_T_PIPE, /* |> */
        SP_SQL_T_ARROW, /* -> */
        SP_SQL_T_FAT_ARROW, /* => */
        SP_SQL_T_ADD_ASSIGN, /* += */
        SP_SQL_T_SUB_ASSIGN, /* -= */
};

struct sp_sql_token {
        uint8_t type;
        bool is_glued; /* number with a word directly behind it: `1from` */
        uint16_t keyword; /* of a WORD that is not a later part of a path; else 0 */
        uint32_t start, end;
};

struct sp_sql_tokens {
        struct sp_sql_token *v;
        size_t n; /* with the END token */
};

sp_must_check int sp_sql_lex(struct sp_arena *a, struct sp_str text,
                             struct sp_sql_tokens *ret, struct sp_err *reterr);
bool sp_sql_keyword_is_reserved(enum sp_sql_keyword k);
const char *sp_sql_keyword_name(enum sp_sql_keyword k); /* "SELECT" */
enum sp_sql_keyword sp_sql_keyword_find(struct sp_str word);

/* Line and column, from 1, of a position. CR, LF and CR LF end a line; a column is one
 * character, and a tab goes on to the next multiple of eight. */
void sp_sql_position(struct sp_str text, uint32_t at, unsigned *line, unsigned *column);

/* literal.c. What is wrong with a literal, and where. */
struct sp_sql_bad {
        uint32_t at;
        char what[120];
};
/* Scans a quoted thing at text[at] (after a prefix of `n_prefix` letters); *ret is its
 * end. -EINVAL with *bad filled. */
sp_must_check int sp_sql_scan_quoted(struct sp_str text, uint32_t at, size_t n_prefix,
                                     uint32_t *ret, struct sp_sql_bad *bad);
/* The value of a STRING, BYTES or QUOTED token, or of a WORD as written. */
sp_must_check int sp_sql_decode(struct sp_arena *a, struct sp_str text,
                                const struct sp_sql_token *t, struct sp_str *ret);
