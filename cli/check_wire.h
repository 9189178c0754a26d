/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/check_wire — a network that ends in our hands.
 *
 * Job:       a network namespace with loopback and one tun device that all routes lead to.
 *            What is sent there, into the Internet or to a metadata server, is read here:
 *            that is how a probe is seen to get out. No packet reaches a real host.
 * Ownership: sp_check_wire_done closes, and goes back to the namespace before.
 * Errors:    -errno and "cli.check". Needs root and /dev/net/tun.
 */
#pragma once

#include "daemon/base/err.h"

/* Documentation addresses (RFC 5737, RFC 3849): nobody's. */
#define SP_CHECK_IP4 "192.0.2.7"
#define SP_CHECK_IP6 "2001:db8::7"
#define SP_CHECK_METADATA "169.254.169.254"
#define SP_CHECK_DEVICE "wire0"

struct sp_check_wire {
        int tun, before; /* descriptors: the device; the namespace we came from */
};
#define SP_CHECK_WIRE_INIT                                                             \
        {                                                                              \
                -1, -1                                                                 \
        }

sp_must_check int sp_check_wire_open(struct sp_check_wire *w, struct sp_err *reterr);
void sp_check_wire_done(struct sp_check_wire *w);
/* Has a packet to one of the addresses above come out within `wait_ms`? Forgets it. */
bool sp_check_wire_saw(const struct sp_check_wire *w, int wait_ms);
