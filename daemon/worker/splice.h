/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker/splice — a connection to a name that is not Google's, passed through
 * untouched.
 *
 * Job:       connect to the original destination, send the bytes already read, then
 *            move bytes both ways until both sides have ended, each half by itself.
 * In:        the client's socket with what was read from it; where it wanted to go.
 * Out:       `done` once, from the loop; the splice is gone afterwards.
 * Ownership: takes the client's descriptor, also on failure. Bounded: one buffer per
 *            direction, only while the receiving side is slow.
 * Errors:    -EPERM for destinations that are never spliced: see sp_splice_is_allowed.
 */
#pragma once

#include <uv.h>

#include "daemon/base/str.h"
#include "include/sallyport/bpf_abi.h"

struct sp_splice;
typedef void (*sp_splice_done_fn)(void *userdata);

/*
 * Port 443, not a metadata address, and not an address where Google's front ends
 * answer. The last is why a name is no proof: behind a made-up name at such an address,
 * any Google API can be asked for (Host inside the TLS that we do not see). Not
 * complete (private endpoints have addresses of their own), so egress: refuse stays the
 * strong setting.
 */
bool sp_splice_is_allowed(const struct sp_origin *origin);

sp_must_check int sp_splice_new(uv_loop_t *loop, int client_fd,
                                const struct sp_origin *origin, struct sp_str first,
                                uint64_t idle_us, sp_splice_done_fn done,
                                void *userdata, struct sp_splice **ret);
/* Ends it at once; done is not called. Memory goes when the loop has turned. */
struct sp_splice *sp_splice_free(struct sp_splice *s);
