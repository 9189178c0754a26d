/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/show — foreign text as a person may safely look at it.
 *
 * Job:    append `s` with control bytes, bidi controls, zero-width characters and
 * invalid UTF-8 as \xNN; nothing is left out. `multiline` keeps newlines and tabs.
 * Errors: -ENOBUFS, -ENOMEM of the buffer; its content is then what it was.
 */
#pragma once

#include "daemon/base/buf.h"

sp_must_check int sp_show(struct sp_buf *to, struct sp_str s, bool multiline);
