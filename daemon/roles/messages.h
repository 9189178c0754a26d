/* SPDX-License-Identifier: Apache-2.0 */
/*
 * roles/messages — everything that warden, workers, verifier and recorder say to each other.
 *
 * Job:       message types over base/ipc, and their payloads as structs with encode and
 *            decode. One version number for all: base/ipc refuses another.
 * Ownership: decoded strings borrow from the received message.
 * Errors:    decode -EBADMSG. An answer to a question has the question's id and the
 *            type SP_MSG_ANSWER_OK or SP_MSG_ANSWER_ERROR (struct sp_msg_error).
 */
#pragma once

#include "daemon/base/arena.h"
#include "daemon/base/err.h"
#include "daemon/base/ipc.h"
#include "daemon/base/wire.h"

enum sp_msg_type {
        SP_MSG_ANSWER_OK = 1,
        SP_MSG_ANSWER_ERROR,

        /* warden → worker or verifier, no answer */
        SP_MSG_SETTINGS = 16, /* fd: sealed memfd with the settings file's text */
        SP_MSG_POLICY, /* fd: sealed memfd, sp_policy_pack format */
        SP_MSG_RECORDER, /* fd: a fresh channel to the recorder; replaces the old one */
        SP_MSG_LISTENER, /* fd: a listening socket; payload u8: 0 TLS, 1 metadata (HTTP);
                          * u64: cookie of its network namespace, 0: the host's */
        SP_MSG_ORIGINS, /* fd: the BPF map of origins (socket storage), read only */
        SP_MSG_JWKS, /* verifier; fd: memfd with a JWKS; payload str: issuer */
        SP_MSG_START, /* all of the above that it gets were sent: start */
        SP_MSG_APPROVAL_DECIDED, /* struct sp_msg_approval_state */
        SP_MSG_UNLISTEN, /* u64: close the listeners in that network namespace */
        SP_MSG_DRAIN, /* accept nothing more, finish what is under way, and end */

        /* warden → any role, answered */
        SP_MSG_METRICS_GET =
                32, /* answer: struct sp_msg_metrics (text, Prometheus format) */
        SP_MSG_PING, /* answer: empty. No answer in time: the role hangs */

        /* warden → verifier, answered */
        SP_MSG_VERIFY = 36, /* str: ID token → struct sp_msg_person */

        /* warden → any role, no answer: the first message */
        SP_MSG_BEGIN = 40, /* struct sp_msg_begin */

        /* worker → warden, answered. IDENTIFY, MINT, SIGN_IN and APPROVAL_ASK carry the
         * accepted socket that they are about: where it comes from, the warden reads itself. */
        SP_MSG_IDENTIFY = 48, /* struct sp_msg_identify → struct sp_msg_identity */
        SP_MSG_TOKEN_MINT, /* struct sp_msg_mint → struct sp_msg_token */
        SP_MSG_LEAF_GET, /* str: SNI → struct sp_msg_leaf */
        SP_MSG_ASSERTION_GET, /* empty → struct sp_msg_assertion */
        SP_MSG_APPROVAL_ASK, /* str: token as in sp_msg_identify, struct sp_msg_approval
                              → str: approval id */
        SP_MSG_APPROVAL_GET, /* str: approval id → struct sp_msg_approval_state */
        SP_MSG_APPROVAL_CLAIM, /* struct sp_msg_claim → struct sp_msg_approval_state */
        SP_MSG_APPROVAL_WITHDRAW, /* the same: the asker cancelled its job */
        SP_MSG_CHARGE, /* struct sp_msg_charge → struct sp_msg_charged */
        SP_MSG_SIGN_IN, /* str: ID token → struct sp_msg_token */

        /* warden → recorder, no answer */
        SP_MSG_CHANNEL = 64, /* fd: one more client channel (a worker's) */

        /* any → recorder, answered when on stable storage */
        SP_MSG_RECORD =
                80, /* str: one JSON record → u64 sequence number. fd, or none: a
                               sealed memfd with the body of an answer, not empty */
        SP_MSG_KEEP, /* struct sp_msg_keep → empty */
        SP_MSG_RECALL, /* str space, str key → str value; -ENOENT */
        SP_MSG_RECORDER_STATUS, /* empty → struct sp_msg_metrics */
};

struct sp_msg_begin {
        uint32_t index; /* among those of its role */
        uint8_t level; /* enum sp_log_level: what it logs */
};
struct sp_msg_error {
        uint32_t code; /* errno, positive */
        struct sp_str id, what; /* as in struct sp_err */
};

/* Who is behind a connection. `token`: what the client sent as bearer, empty for none. */
struct sp_msg_identify {
        struct sp_str token;
};
struct sp_msg_identity {
        struct sp_str workload, session; /* session: ULID */
        struct sp_str iss, sub, email, groups; /* groups: joined by '\n' */
        struct sp_str salt; /* hex; key of hash masks for this session */
        uint8_t token_is_ours, token_is_valid;
        uint64_t valid_s; /* how long a worker may cache this */
};
/* `token`: one of ours: the new one is for the same person; empty: for nobody in particular. */
struct sp_msg_mint {
        struct sp_str token;
};
#define SP_ID_TOKEN_MAX ((size_t)16 * 1024)
struct sp_msg_person {
        struct sp_str iss, sub, email, groups; /* groups: joined by '\n' */
        uint64_t expires_s; /* Unix time: of the proof */
};
struct sp_msg_token {
        struct sp_str token;
        uint64_t expires_in_s;
        struct sp_str session;
};
struct sp_msg_leaf {
        struct sp_str chain_pem, key_pem; /* leaf first, then the CA */
        uint64_t valid_s;
};
/* The warden signs, a worker exchanges it at the token endpoint: the root process has
 * no network client. */
struct sp_msg_assertion {
        struct sp_str token_uri, assertion;
        struct sp_str client_email;
};
struct sp_msg_approval {
        struct sp_str job; /* "project:job_id": what the client polls */
        struct sp_str
                session; /* that the worker takes it for; empty: whichever it is */
        /* filled in by the warden: */
        struct sp_str workload, iss, sub; /* sub: the address, where there is one */
        uint32_t uid, pid;
        struct sp_str comm;
        struct sp_str action, resources; /* resources joined by '\n' */
        struct sp_str rule, reason, sql; /* sql: the agent's text */
        struct sp_str masked; /* columns joined by '\n' */
        uint64_t estimated_bytes;
        uint8_t has_estimate;
        struct sp_str request_hash; /* hex SHA-256 of the canonical request */
        struct sp_str policy_version;
        uint64_t timeout_us;
        uint8_t keep_queued;
};
enum sp_approval_state {
        SP_APPROVAL_PENDING = 1,
        SP_APPROVAL_APPROVED,
        SP_APPROVAL_DENIED,
        SP_APPROVAL_EXPIRED,
        SP_APPROVAL_USED, /* claimed: its request was, or is being, sent */
        SP_APPROVAL_WITHDRAWN, /* its asker cancelled it before it was sent */
        SP_APPROVAL_STATES_
};
const char *
sp_approval_state_name(enum sp_approval_state s); /* "pending"; NULL out of range */
struct sp_msg_approval_state {
        struct sp_str approval; /* id, a ULID */
        uint8_t state; /* enum sp_approval_state */
        struct sp_str approver, reason;
};
struct sp_msg_claim {
        struct sp_str approval, request_hash;
};
#define SP_RECORD_BODY_MAX (8u << 20)
#define SP_LIMITS_SPACE "limits" /* what was used of them; the warden's alone */
/* A small durable fact with an expiry: ownership of a job, a held request. Kept by
 * the recorder because it owns the disk. */
struct sp_msg_keep {
        struct sp_str space, key, value; /* space: "job", "held", "table" … */
        uint64_t expires_s; /* Unix time */
};
/* What a request uses of its principal's limits (policy/limits.h). */
struct sp_msg_charge {
        struct sp_str workload, iss, sub, email, groups; /* groups: joined by '\n' */
        uint8_t may_refuse; /* before: counted if all of it fits; after: counted */
        uint8_t gives_rows; /* it would: refused when none are left */
        uint64_t requests, queries, bytes, rows, refusals;
        struct sp_str job; /* "project:job_id" of a request to be held; empty: none */
        uint64_t estimate, charged_s; /* `bytes` stands for this charge of then */
};
struct sp_msg_charged {
        struct sp_str
                rule; /* of the limit that it does not fit; empty: it was counted */
        uint8_t kind; /* enum sp_limit_kind */
        uint64_t used, max, frees_s; /* frees_s: Unix time; 0: no time frees it */
        uint32_t window_s;
        uint64_t now_s; /* for charged_s, later */
        uint8_t is_quiet; /* over the rate of refusals: counted, not recorded by itself */
};
struct sp_msg_metrics {
        struct sp_str text;
};

/* One pair per struct: append to a writer, read from a payload. */
/* clang-format off */
#define SP_MSG_STRUCTS(X)                                                              \
        X(begin) X(error) X(identify) X(identity) X(mint) X(person) X(token) X(leaf) X(assertion)         \
        X(approval) X(approval_state) X(claim) X(keep) X(metrics) X(charge) X(charged)
/* clang-format on */
#define SP_MSG_DECLARE(name)                                                           \
        void sp_msg_put_##name(struct sp_wire_out *w, const struct sp_msg_##name *m);  \
        void sp_msg_get_##name(struct sp_wire_in *w, struct sp_msg_##name *m);         \
        sp_must_check int sp_msg_read_##name(struct sp_str payload,                    \
                                             struct sp_msg_##name *ret);
SP_MSG_STRUCTS(SP_MSG_DECLARE)
#undef SP_MSG_DECLARE

/* Groups travel as one string, a name a line. */
sp_must_check int sp_msg_split_groups(struct sp_arena *a, struct sp_str joined,
                                      const struct sp_str **ret, size_t *ret_n);
sp_must_check int sp_msg_join_groups(struct sp_buf *to, const struct sp_str *groups,
                                     size_t n);

/* Answers: what every server end sends. */
sp_must_check int sp_msg_answer_error(struct sp_ipc *c, uint64_t id,
                                      const struct sp_err *e);
sp_must_check int sp_msg_answer(struct sp_ipc *c, uint64_t id,
                                const struct sp_buf *payload);

/* The policy directory as one text that fits a memfd: count, then name and text of each. */
struct sp_policy_file;
sp_must_check int sp_policy_pack(struct sp_buf *to, const struct sp_policy_file *files,
                                 size_t n);
sp_must_check int sp_policy_unpack(struct sp_arena *a, struct sp_str packed,
                                   struct sp_policy_file **ret, size_t *ret_n);
