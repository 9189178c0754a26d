/* SPDX-License-Identifier: Apache-2.0 */
/*
 * roles/settings — the configuration file, as all three roles read it.
 *
 * Job:       parse sallyport.yaml strictly: unknown keys and wrong types are errors
 *            with file:line:column. Holds paths and numbers, never a secret.
 * Ownership: all strings in the arena given; immutable.
 * Errors:    -EINVAL with id "settings.*", or of the YAML reader ("policy.yaml", …),
 *            with file:line:column.
 * Spec:      docs/man/sallyport.yaml.5.scd
 */
#pragma once

#include "daemon/base/arena.h"
#include "daemon/base/err.h"
#include "daemon/roles/egress.h"

#define SP_WORKERS_MAX 64
#define SP_WORKLOADS_MAX 256
#define SP_CGROUPS_MAX 256 /* of one workload */
#define SP_ISSUERS_MAX 16

struct sp_workload {
        struct sp_str name;
        struct sp_str *cgroups; /* paths or globs relative to the cgroup v2 root */
        size_t n_cgroups;
};

struct sp_issuer_settings {
        struct sp_str issuer, audience, groups_claim;
        struct sp_str jwks_file; /* one of the two */
        bool discover; /* fetch <issuer>/.well-known/openid-configuration */
};

struct sp_settings {
        struct sp_str state_dir; /* /var/lib/sallyport */
        struct sp_str runtime_dir; /* /run/sallyport */
        struct sp_str policy_dir; /* /etc/sallyport/policy */
        uint32_t workers; /* 0: one per CPU */
        struct {
                struct sp_str
                        attach; /* cgroup path where programs attach; "/" = v2 root */
                struct sp_str pin_dir; /* /sys/fs/bpf/sallyport */
                uint16_t port; /* TLS listener, 127.0.0.1 and ::1; 844 */
                uint16_t metadata_port; /* plain HTTP listener; 845 */
        } guard;
        struct sp_workload *workloads;
        size_t n_workloads;
        bool egress_splice; /* egress.default: splice (else refuse) */
        struct sp_egress_rule *egress_open; /* beside loopback and resolvers */
        size_t n_egress_open;
        struct sp_egress_rule *resolvers; /* two for each */
        size_t n_resolvers;
        bool has_resolvers; /* else those of /etc/resolv.conf */
        struct {
                struct sp_str base_host; /* host that BigQuery calls go to; default
                                            "bigquery.googleapis.com" */
                struct sp_str connect_to; /* "127.0.0.1:18443": TCP goes there whatever
                                             the name; TLS is verified against the name.
                                             Empty: DNS */
                struct sp_str
                        ca_file; /* extra trust anchor; empty: system store only */
                uint64_t timeout_us;
        } upstream;
        struct {
                struct sp_str
                        service_account_file; /* path; opened by the warden only */
                struct sp_str
                        credential_name; /* systemd credential; preferred when set */
                struct sp_str
                        project; /* billing project the metadata server tells clients */
        } credential;
        struct sp_issuer_settings *issuers;
        size_t n_issuers;
        struct {
                uint64_t body_max_bytes; /* request bodies; 10 MiB */
                uint32_t connections_max; /* per worker; 4096 */
                uint32_t streams_max; /* HTTP/2 streams per connection; 64 */
                uint64_t idle_timeout_us; /* client connections */
                uint64_t token_lifetime_s; /* of tokens given to clients; 900 */
                uint64_t session_idle_us; /* 30 min */
                uint64_t mask_key_age_us; /* 0: no new mask key by itself */
                uint32_t approvals_pending_max; /* per session; 16 */
        } limits;
        struct {
                uint64_t answer_max_bytes; /* of each answer kept in records; 1 MiB */
                bool digest_whole; /* SHA-256 of all of an answer, not only what is kept */
                uint64_t free_min_bytes; /* below that much free space nothing is
                                            written */
                uint64_t jobs_kept_s; /* how long a job stays its owner's; 7 d */
        } records;
        /* "sallyport-worker"; empty: stay (tests) */
        struct sp_str user_worker, user_recorder, user_verifier;
};

sp_must_check int sp_settings_parse(struct sp_arena *a, const char *name,
                                    struct sp_str text, struct sp_settings *ret,
                                    struct sp_err *reterr);
