/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql/name — when two identifiers are one name.
 *
 * Job:       compare and hash names of columns, fields, aliases, WITH queries, variables,
 *            functions. Keywords, date parts and built-in functions are ASCII and compared
 *            with sp_str_caseeq.
 * Rule:      GoogleSQL compares the Unicode NFKC_Casefold of both names, or, where that
 *            is switched off, both with ASCII letters lowered. Which of the two an engine
 *            runs with cannot be seen from here. Names that are equal by the second rule
 *            (sp_str_caseeq) are equal by both; spelling.h refuses what depends on the
 *            difference.
 * In:        any bytes; one that is no UTF-8 is equal to itself only.
 * Bounds:    no memory; linear in both names.
 * Spec:      The Unicode Standard, section 3.13, D147 and R5; UAX #15.
 */
#pragma once

#include "daemon/base/buf.h"

/* The same name by NFKC_Casefold. The empty name is the missing one: equal to itself
 * only, not to one of invisible characters. */
bool sp_sql_name_eq(struct sp_str x, struct sp_str y);
/* Equal for equal names. */
uint64_t sp_sql_name_hash(struct sp_str x);
/* Whether what `x` folds to begins with what `prefix` folds to. */
bool sp_sql_name_starts(struct sp_str x, struct sp_str prefix);
/* Nothing but ASCII: then sp_str_caseeq and sp_sql_name_eq say the same among such names. */
bool sp_sql_name_is_ascii(struct sp_str x);
/* False where the comparison may be wrong: a character that this Unicode version does not
 * know (how it folds will be said by a later one), bytes that are no UTF-8, more marks
 * behind each other than text for interchange has. */
bool sp_sql_name_is_known(struct sp_str x);
/* Appends what `x` folds to, composed: equal texts for equal names. -EINVAL: not UTF-8. */
sp_must_check int sp_sql_name_fold(struct sp_str x, struct sp_buf *to);
