/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/check_ways — the ways out that `sallyctl guard check` tries.
 *
 * Each is tried by a process of its own, in the network of cli/check_wire, once outside the
 * guard and once inside. `prepare` runs before the process enters the cgroup, with the rights
 * of the caller; `go` inside, with those of the workload; it gets prepare's descriptor.
 * Both return 0 or -errno; whether something got out is not asked of them.
 * Spec: docs/threat-model.md has the whole list, and `make escape` tries it.
 */
#pragma once

#include <stddef.h>

struct sp_check_way {
        const char *name, *closed_by;
        int (*prepare)(const struct sp_check_way *w); /* NULL: nothing, go gets -1 */
        int (*go)(const struct sp_check_way *w, int fd);
        const char *ip;
        int port, type, protocol;
};
extern const struct sp_check_way sp_check_ways[];
extern const size_t sp_check_n_ways;
