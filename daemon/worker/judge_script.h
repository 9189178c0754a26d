/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker/judge_script — what a text may consist of, whatever the policy says.
 *
 * Job:       refuse statements whose effect is not read here, in a script and alone; say what
 *            the temporary objects of a script are, and refuse names of which that is not
 *            certain.
 * Ownership: the arena given; of the script.
 * Errors:    -EPERM "sql.*", which names the statement or the thing; -ENOMEM.
 */
#pragma once

#include "daemon/base/arena.h"
#include "daemon/sql/sql.h"

/* The temporary objects that a text makes. */
struct sp_judge_own {
        const struct sp_sql_name *tables, *functions;
        bool has_loop;
};

/* All of a text: kinds of statements, system variables, names of temporary objects. */
sp_must_check int sp_judge_check_script(struct sp_arena *a,
                                        const struct sp_sql_script *script,
                                        struct sp_judge_own *ret,
                                        struct sp_err *reterr);
/* A call of a function that the text itself makes, further up. */
bool sp_judge_is_own_function(const struct sp_judge_own *own,
                              const struct sp_sql_function *f);
/* CREATE TEMP FUNCTION in JavaScript: an action of its own. */
bool sp_judge_is_javascript(const struct sp_sql_statement *s);
