/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/store_dir — opening the record store for reading, beside a running recorder.
 *
 * Errors: those of sp_store_open. A recorder that tidies up its files meanwhile is
 * tried again a few times.
 */
#pragma once

#include "daemon/recorder/store.h"

#define SP_CLI_STORE_DIR "/var/lib/sallyport/records"
#define SP_CLI_RECORD_MAX (128u << 20) /* a body, all of it escaped, and JSON */

sp_must_check int sp_cli_open_store(const char *dir, bool for_audit,
                                    struct sp_store **ret, struct sp_err *reterr);
