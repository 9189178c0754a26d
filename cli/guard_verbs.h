/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/guard_verbs — the verbs of `sallyctl guard` that are more than a call of the daemon.
 *
 * Each takes argv with its own name in [0] and returns the exit status, as a subcommand.
 */
#pragma once

int sp_guard_verb_events(int argc, char **argv);
int sp_guard_verb_check(int argc, char **argv);
int sp_guard_verb_unit(int argc, char **argv);
