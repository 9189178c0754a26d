/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql/spelling — whether it matters by which of GoogleSQL's two rules names are compared.
 *
 * Job:       collect the names that a script and the tables it reads give to things; say
 *            when two of them are one name by one rule (NFKC_Casefold) and two by the other
 *            (letter case of ASCII). While there are none, a name of an expression that is
 *            found by the first rule is found by the second as well, or nobody has it
 *            and the engine refuses the statement: so what was found is right by both.
 *            A name with a character that is not known here counts as two.
 * Attack:    FROM t AS `ſales`, sales.pay: an array of t, or the table pay of the dataset
 *            sales.
 * Ownership: the arena given; names are borrowed.
 * Errors:    false without memory.
 */
#pragma once

#include "daemon/sql/name.h"
#include "daemon/sql/parser.h"
#include "daemon/sql/type.h"

struct sp_sql_spellings {
        struct sp_arena *arena;
        struct sp_sql_vector names; /* struct sp_str, each spelling once */
        struct sp_sql_index index;
        bool is_doubtful;
        struct sp_str name,
                other; /* the first two of that kind; `name` alone: unknown */
};

/* Names of this text are ASCII, so compared alike by both rules: nothing above ASCII in it
 * and no escape sequences. */
bool sp_sql_spelling_is_plain(struct sp_str text);
sp_must_check bool sp_sql_spelling_add(struct sp_sql_spellings *s, struct sp_str name);
/* Fields, at all levels. */
sp_must_check bool sp_sql_spelling_add_type(struct sp_sql_spellings *s,
                                            const struct sp_sql_type *t);
/* What is below `n` gives a name to, or names outside of the text: aliases, tables,
 * functions. `with_uses`: the names that expressions use as well. */
sp_must_check bool sp_sql_spelling_add_tree(struct sp_sql_spellings *s,
                                            const struct sp_sql_node *n,
                                            bool with_uses);
