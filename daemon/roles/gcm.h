/* SPDX-License-Identifier: Apache-2.0 */
/*
 * roles/gcm — AES-GCM of TLS by the widest instructions that the CPU has.
 *
 * Job:     OpenSSL 3.0 encrypts 16 bytes an instruction. Where the CPU does 64 (VAES with AVX-512: Ice
 *          Lake, Zen 4 and later), libIPSec_MB is three times as fast, and AES is a third of what a long
 *          answer costs. This is a provider that OpenSSL asks first for AES-128-GCM and AES-256-GCM, and
 *          for nothing else. The library is optional: it is looked for when the process starts.
 * Limits:  what TLS asks for (RFC 8446 §5.2, RFC 5288 §3): nonces of 12 bytes, tags of 16, up to
 *          SP_GCM_AAD_MAX bytes of additional data, a new nonce for each message. All else is refused.
 * Memory:  a key is kept as it is, and unrolled only while it is used, SP_GCM_KEYS at a time: an idle
 *          connection holds no tables.
 * Errors:  OpenSSL's own stays, nothing is lost. -EOPNOTSUPP: the library is not there, not the version
 *          this was built with, or not for this CPU; or OpenSSL is configured for FIPS. -EBADMSG: it does not answer what OpenSSL answers.
 * Threads: one.
 * Spec:    provider-cipher(7), provider-base(7); NIST SP 800-38D.
 */
#pragma once

#include "daemon/base/def.h"

#define SP_GCM_AAD_MAX 32
#define SP_GCM_KEYS 16

/* For the rest of the process. Before the sandbox and before the first SSL_CTX. `any_cpu`: where it is no
 * faster, too, for tests. */
sp_must_check int sp_gcm_prefer(bool any_cpu);
