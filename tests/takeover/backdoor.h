/* SPDX-License-Identifier: Apache-2.0 */
/* takeover/backdoor — shared by the parts that act inside a live worker. */
#pragma once

#include "daemon/base/str.h"
#include "tests/takeover/takeover.h"

/* Of the connection that the attacker came in by. */
extern int takeover_socket;
/* One that passed through; in the header `x-id-token`. */
extern char takeover_id_token[2048];
/* An approval that he asked for, and that nobody has decided. */
struct sp_buf;
void takeover_ask(struct sp_buf *to);
void takeover_remember(struct sp_str approval);
