/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql/builtin — the functions that only compute from their arguments.
 *
 * Job:  an allow-list. Functions that reach out (AI.*, ML.*, EXTERNAL_QUERY, remote
 *       functions), read tables by name, sign URLs or use key sets are not on it, nor is any
 *       function in a dataset: its body is not known here.
 * Spec: GoogleSQL function reference; threats.md §2.3 for what is left out.
 */
#pragma once

#include "daemon/base/str.h"

bool sp_sql_is_builtin(struct sp_str name); /* lower case, dotted */
