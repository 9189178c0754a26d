/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warden/ca — the local certificate authority, which may sign for Google's names only.
 *
 * Job:       make the CA on first start (P-256, ten years, critical name constraints:
 *            the suffixes of google/hosts, no IP address), export it, sign short-lived
 *            leaves.
 * Ownership: the CA key never leaves this module. One leaf key per CA object; workers
 *            get that one. A leaf's strings live until the next call of sp_ca_leaf.
 * Errors:    "ca.*", "file.*". A CA that is near its end, or whose constraints are not
 *            those of this version any more, is replaced, with a warning in the log.
 * Spec:      RFC 5280 §4.2.1.10 (name constraints), §4.2.1.9.
 */
#pragma once

#include "daemon/base/buf.h"
#include "daemon/base/err.h"
#include "daemon/roles/messages.h"

#define SP_CA_LEAVES_MAX 512

struct sp_ca;
sp_must_check int sp_ca_open(struct sp_str state_dir, struct sp_ca **ret,
                             struct sp_err *reterr);
struct sp_ca *sp_ca_free(struct sp_ca *ca);
SP_DEFINE_CLEANUP(struct sp_ca *, sp_ca_free)
/* runtime_dir/ca.pem: ours alone; runtime_dir/ca-bundle.pem: with the system's, for
 * variables that replace a client's store. */
sp_must_check int sp_ca_export(const struct sp_ca *ca, struct sp_str runtime_dir,
                               struct sp_err *reterr);
/* `sni`: any form that sp_host_canonical takes. -EACCES: not a name of Google's. */
sp_must_check int sp_ca_leaf(struct sp_ca *ca, struct sp_str sni,
                             struct sp_msg_leaf *ret, struct sp_err *reterr);
