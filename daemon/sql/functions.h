/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql/functions — what is known of the builtin functions.
 *
 * Job:  one table of names (functions.inc): what a call returns, and an allow-list of the
 *       functions that only compute from their arguments. Functions that reach out (AI.*,
 *       ML.*, EXTERNAL_QUERY, remote functions), read tables by name, sign URLs or use key
 *       sets are not on the list, nor is any function in a dataset: its body is not known
 *       here. The return type is declared in resolve.h.
 * Spec: GoogleSQL function reference; docs/threat-model.md for what is left out.
 */
#pragma once

#include "daemon/base/str.h"

bool sp_sql_is_builtin(struct sp_str name); /* on the allow-list; lower case, dotted */
