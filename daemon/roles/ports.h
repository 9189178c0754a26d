/* SPDX-License-Identifier: Apache-2.0 */
/*
 * roles/ports — the TCP ports that a role has to reach, by the settings.
 *
 * Job:    for its Landlock domain. Workers: upstream's. Verifier: those of issuers whose keys are
 *         fetched, and none at all when there is no such issuer. Both: DNS over TCP.
 */
#pragma once

#include "daemon/roles/settings.h"

#define SP_PORTS_MAX (SP_ISSUERS_MAX + 3)

size_t sp_ports_of_upstream(const struct sp_settings *s, uint16_t ret[SP_PORTS_MAX]);
size_t sp_ports_of_issuers(const struct sp_settings *s, uint16_t ret[SP_PORTS_MAX]);
