/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/run_child — the process that becomes the command of `sallyctl run`.
 *
 * Job:    wait until it is guarded, try the guard, drop what it must not have, set the CA
 *         variables, become the command.
 * Order:  nothing of the command runs before the parent has said so over `gate`.
 * Errors: told to the parent over `report` as text; the exit status is SP_RUN_*.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

enum {
        SP_RUN_FAILED = 125, /* the command was not started */
        SP_RUN_CANNOT_EXECUTE = 126,
        SP_RUN_NOT_FOUND = 127,
};

struct sp_run_child {
        char **argv;
        const char *user; /* NULL: stay who we are */
        const char *ca_file, *ca_bundle;
        bool allow_namespaces; /* without sp_run_filter */
        uid_t uid;
        gid_t gid;
        int gate; /* one byte: go; end of file: do not */
        int report; /* closed by a successful exec */
};

/* Variables that want the bundle, since they replace the client's own store; NULL behind the
 * last. NODE_EXTRA_CA_CERTS adds to it, and gets the CA alone. */
extern const char *const sp_run_ca_replaces[];

void sp_run_child(const struct sp_run_child *c) __attribute__((noreturn));
