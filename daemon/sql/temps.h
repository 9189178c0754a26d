/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql/temps — which names are certainly TEMP tables at one place of a script.
 *
 * Job:       keep the list of names while the facts walk the statements in text order.
 * Rule:      a name is in the list only where no way through the script leads to it with the
 *            table not there: not made in a branch, not dropped in one, not undone by a
 *            ROLLBACK, and no dynamic SQL anywhere. Everywhere else the name counts as that of
 *            a stored table.
 * Ownership: the parser's arena.
 * Errors:    false, with the error kept in the parser.
 */
#pragma once

#include "daemon/sql/collect.h"

struct sp_sql_temps {
        const struct sp_sql_name *doubtful; /* dropped in a branch, or altered */
        bool is_dynamic; /* EXECUTE IMMEDIATE or CALL, a transaction in a branch */
        bool is_undoable; /* behind a BEGIN TRANSACTION */
};

bool sp_sql_temps_look_ahead(struct sp_sql_parser *p, const struct sp_sql_node *script,
                             struct sp_sql_temps *ret);
/* What one statement leaves, whose blocks are walked already. */
bool sp_sql_temps_after(struct sp_sql_parser *p, struct sp_sql_temps *t,
                        const struct sp_sql_node *statement,
                        const struct sp_sql_name **temps);
