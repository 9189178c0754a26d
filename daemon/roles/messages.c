/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/roles/messages.h"

#include <errno.h>

#include "daemon/policy/policy.h"

/* Fields in wire order, once per struct: both directions come from the same list. */
/* clang-format off */
#define FIELDS_begin(S, B, W, L) W(index) B(level)
#define FIELDS_error(S, B, W, L) W(code) S(id) S(what)
#define FIELDS_identify(S, B, W, L) S(token)
#define FIELDS_identity(S, B, W, L)                                                    \
        S(workload) S(session) S(iss) S(sub) S(email) S(groups) S(salt)                \
        B(token_is_ours) B(token_is_valid) L(valid_s)
#define FIELDS_mint(S, B, W, L) S(token)
#define FIELDS_person(S, B, W, L) S(iss) S(sub) S(email) S(groups) L(expires_s)
#define FIELDS_token(S, B, W, L) S(token) L(expires_in_s) S(session)
#define FIELDS_leaf(S, B, W, L) S(chain_pem) S(key_pem) L(valid_s)
#define FIELDS_assertion(S, B, W, L) S(token_uri) S(assertion) S(client_email)
#define FIELDS_approval(S, B, W, L)                                                    \
        S(job) S(session) S(workload) S(iss) S(sub) W(uid) W(pid) S(comm) S(action)    \
        S(resources) S(rule) S(reason) S(sql) S(masked) L(estimated_bytes)             \
        B(has_estimate) S(request_hash) S(policy_version) L(timeout_us) B(keep_queued)
#define FIELDS_approval_state(S, B, W, L) S(approval) B(state) S(approver) S(reason)
#define FIELDS_claim(S, B, W, L) S(approval) S(request_hash)
#define FIELDS_keep(S, B, W, L) S(space) S(key) S(value) L(expires_s)
#define FIELDS_charge(S, B, W, L)                                                      \
        S(workload) S(iss) S(sub) S(email) S(groups) B(may_refuse) B(gives_rows)       \
        L(requests) L(queries) L(bytes) L(rows) L(refusals) S(job) L(estimate)         \
        L(charged_s)
#define FIELDS_charged(S, B, W, L)                                                     \
        S(rule) B(kind) L(used) L(max) L(frees_s) W(window_s) L(now_s) B(is_quiet)
#define FIELDS_metrics(S, B, W, L) S(text)
/* clang-format on */

#define PUT_S(f) sp_wire_put_str(w, m->f);
#define PUT_B(f) sp_wire_put_u8(w, m->f);
#define PUT_W(f) sp_wire_put_u32(w, m->f);
#define PUT_L(f) sp_wire_put_u64(w, m->f);
#define GET_S(f) m->f = sp_wire_str(w);
#define GET_B(f) m->f = sp_wire_u8(w);
#define GET_W(f) m->f = sp_wire_u32(w);
#define GET_L(f) m->f = sp_wire_u64(w);

#define DEFINE(name)                                                                   \
        void sp_msg_put_##name(struct sp_wire_out *w, const struct sp_msg_##name *m)   \
        {                                                                              \
                FIELDS_##name(PUT_S, PUT_B, PUT_W, PUT_L)                              \
        }                                                                              \
        void sp_msg_get_##name(struct sp_wire_in *w, struct sp_msg_##name *m)          \
        {                                                                              \
                FIELDS_##name(GET_S, GET_B, GET_W, GET_L)                              \
        }                                                                              \
        int sp_msg_read_##name(struct sp_str payload, struct sp_msg_##name *ret)       \
        {                                                                              \
                struct sp_wire_in w = SP_WIRE_IN(payload);                             \
                struct sp_msg_##name m;                                                \
                int r;                                                                 \
                                                                                       \
                sp_msg_get_##name(&w, &m);                                             \
                r = sp_wire_end(&w);                                                   \
                if (r == 0)                                                            \
                        *ret = m;                                                      \
                return r;                                                              \
        }
SP_MSG_STRUCTS(DEFINE)

const char *sp_approval_state_name(enum sp_approval_state s)
{
        static const char *const names[] = {
                [SP_APPROVAL_PENDING] = "pending",
                [SP_APPROVAL_APPROVED] = "approved",
                [SP_APPROVAL_DENIED] = "denied",
                [SP_APPROVAL_EXPIRED] = "expired",
                [SP_APPROVAL_USED] = "used",
                [SP_APPROVAL_WITHDRAWN] = "withdrawn",
        };

        return (size_t)s < SP_ARRAY_SIZE(names) ? names[s] : NULL;
}

int sp_msg_split_groups(struct sp_arena *a, struct sp_str joined,
                        const struct sp_str **ret, size_t *ret_n)
{
        struct sp_str rest = joined, head, *groups;
        size_t n = 0, max = 1;

        for (size_t i = 0; i < rest.n; i++)
                max += rest.p[i] == '\n';
        groups = sp_arena_array(a, max, sizeof(*groups));
        if (!groups)
                return -ENOMEM;
        while (rest.n) {
                (void)sp_str_cut(rest, '\n', &head, &rest);
                if (head.n)
                        groups[n++] = head;
        }
        *ret = groups;
        *ret_n = n;
        return 0;
}

int sp_msg_join_groups(struct sp_buf *to, const struct sp_str *groups, size_t n)
{
        int r = 0;

        for (size_t i = 0; i < n && r == 0; i++)
                r = sp_buf_addf(to, "%.*s\n", SP_FMT(groups[i]));
        return r;
}

int sp_msg_answer(struct sp_ipc *c, uint64_t id, const struct sp_buf *payload)
{
        return sp_ipc_send(c, SP_MSG_ANSWER_OK, id,
                           payload ? sp_buf_str(payload) : SP_STR_NULL, -1);
}

int sp_msg_answer_error(struct sp_ipc *c, uint64_t id, const struct sp_err *e)
{
        sp_autobuf b = SP_BUF_INIT(4096);
        struct sp_wire_out w = SP_WIRE_OUT(&b);
        const struct sp_msg_error m = { .code = (uint32_t)-e->code,
                                        .id = sp_str_c(e->id),
                                        .what = sp_str_c(e->what) };

        sp_msg_put_error(&w, &m);
        if (w.error < 0)
                return w.error;
        return sp_ipc_send(c, SP_MSG_ANSWER_ERROR, id, sp_buf_str(&b), -1);
}

int sp_policy_pack(struct sp_buf *to, const struct sp_policy_file *files, size_t n)
{
        struct sp_wire_out w = SP_WIRE_OUT(to);

        sp_wire_put_u32(&w, (uint32_t)n);
        for (size_t i = 0; i < n; i++) {
                sp_wire_put_str(&w, files[i].name);
                sp_wire_put_str(&w, files[i].text);
        }
        return w.error;
}

int sp_policy_unpack(struct sp_arena *a, struct sp_str packed,
                     struct sp_policy_file **ret, size_t *ret_n)
{
        struct sp_wire_in w = SP_WIRE_IN(packed);
        uint32_t n = sp_wire_u32(&w);
        struct sp_policy_file *files;
        int r;

        if (n > packed.n / 8) /* each file has two length fields */
                return -EBADMSG;
        files = sp_arena_array(a, n, sizeof(*files));
        if (!files)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++) {
                files[i].name = sp_wire_str(&w);
                files[i].text = sp_wire_str(&w);
        }
        r = sp_wire_end(&w);
        if (r < 0)
                return r;
        *ret = files;
        *ret_n = n;
        return 0;
}
