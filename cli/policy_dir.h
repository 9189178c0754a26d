/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/policy_dir — a policy read from a directory, for the offline commands.
 *
 * Job:    read every *.yaml of a directory in name order (or one file) and load them as
 *         one policy. A *.yml or *.json there is an error: it would seem to count.
 * Errors: -errno with id "policy.unreadable", or what sp_policy_load says.
 */
#pragma once

#include "daemon/policy/policy.h"

sp_must_check int sp_policy_dir_load(const char *path, struct sp_policy **ret,
                                     size_t *ret_n_files, struct sp_err *reterr);
