/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/wire — typed fields in a message: fixed-width integers and counted strings.
 *
 * Job:    the writer appends to a buffer; the reader takes fields in the same order.
 *         Host byte order: both ends are the same binary on the same machine.
 * Errors: the reader notes the first short or oversized field (`is_bad`) and from then on
 *         gives zeros and empty strings; check sp_wire_end once, which also refuses
 *         left-over bytes. The writer remembers its first error in `error`.
 */
#pragma once

#include "daemon/base/buf.h"

struct sp_wire_out {
        struct sp_buf *to;
        int error;
};
#define SP_WIRE_OUT(buf) ((struct sp_wire_out){ .to = (buf) })
void sp_wire_put_u8(struct sp_wire_out *w, uint8_t v);
void sp_wire_put_u32(struct sp_wire_out *w, uint32_t v);
void sp_wire_put_u64(struct sp_wire_out *w, uint64_t v);
void sp_wire_put_str(struct sp_wire_out *w, struct sp_str s);

struct sp_wire_in {
        struct sp_str rest;
        bool is_bad;
};
#define SP_WIRE_IN(s) ((struct sp_wire_in){ .rest = (s) })
uint8_t sp_wire_u8(struct sp_wire_in *w);
uint32_t sp_wire_u32(struct sp_wire_in *w);
uint64_t sp_wire_u64(struct sp_wire_in *w);
struct sp_str sp_wire_str(struct sp_wire_in *w); /* borrows from the message */
sp_must_check int sp_wire_end(const struct sp_wire_in *w); /* -EBADMSG */
