/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warden/table — what a worker may ask, and how often.
 *
 * A worker parses agents' bytes and may one day be taken over; this table is then all
 * that it can reach. Anything else it says costs it its life.
 */
#include <errno.h>

#include "daemon/base/clock.h"
#include "daemon/roles/origin.h"
#include "daemon/warden/state.h"
#include "daemon/warden/vouch.h"

#define CACHE_S UINT64_C(30) /* how long a worker may go on with an identity */

struct question {
        struct sp_warden *w;
        struct sp_child *child;
        uint64_t id;
        struct sp_str payload;
        int fd; /* -1: none came along */
        struct sp_arena *arena;
        struct sp_wire_out answer;
};

/* A handler fills the answer, says why not, or has it answered later (warden/vouch). */
#define ANSWERED_LATER 1
typedef int (*handler_fn)(struct question *q, struct sp_err *reterr);

static uint64_t now_s(void)
{
        return sp_clock_wall_us() / SP_USEC_PER_SEC;
}

static int bad_payload(struct sp_err *reterr)
{
        return sp_err_set(reterr, -EBADMSG, "warden.message", "",
                          "a malformed message");
}

static int read_text(struct sp_str payload, struct sp_str *ret)
{
        struct sp_wire_in in = SP_WIRE_IN(payload);
        struct sp_str s = sp_wire_str(&in);
        int r = sp_wire_end(&in);

        if (r == 0)
                *ret = s;
        return r;
}

/* A worker speaks for connections that it has, and only until both sides have ended them: whose
 * they are is the kernel's word. */
static int find_caller(struct question *q, struct sp_origin *ret,
                       char ret_workload[SP_TAG_WORKLOAD_LEN], struct sp_err *reterr)
{
        struct sp_origin o;
        int r = sp_origin_read_open(sp_guard_origins_fd(q->w->guard), q->fd, &o);

        if (r == -ENOTCONN)
                return sp_err_set(reterr, r, "identity.connection-closed", "",
                                  "the connection has ended");
        if (r < 0)
                return sp_err_set(reterr, r, "identity.no-connection", "",
                                  "what came along is no connection of a guarded "
                                  "process: %s",
                                  strerror(-r));
        if (sp_guard_workload(q->w->guard, o.guard_id, ret_workload) < 0)
                return sp_err_set(reterr, -ENOENT, "identity.not-guarded", "",
                                  "the connection does not come from a guarded cgroup");
        *ret = o;
        return 0;
}

static int find_session(struct sp_warden *w, const struct sp_session_key *key,
                        struct sp_str resume, const struct sp_ulid **ret,
                        struct sp_err *reterr)
{
        int r = sp_sessions_get(w->sessions, key, resume, sp_clock_us(), ret);

        if (r == -ENOSPC)
                return sp_err_set(reterr, r, "identity.too-many-sessions", "",
                                  "%d sessions are at work", SP_SESSIONS_MAX);
        return r < 0 ? sp_err_set(reterr, r, "identity.session", "",
                                  "no session could be made: %s", strerror(-r))
                     : 0;
}

/* Who is behind the connection that came along, by the token that its client sent. */
struct asker {
        struct sp_origin from;
        char workload[SP_TAG_WORKLOAD_LEN];
        bool token_is_ours, token_is_valid;
        struct sp_token t; /* of the person, when it is valid; else empty */
        const struct sp_ulid *session;
};

static int find_asker(struct question *q, struct sp_str token, struct asker *ret,
                      struct sp_err *reterr)
{
        struct sp_str resume = SP_STR_NULL;
        struct sp_session_key key;
        struct sp_token t;
        int r;

        *ret = (struct asker){ .token_is_ours = false };
        r = find_caller(q, &ret->from, ret->workload, reterr);
        if (r < 0)
                return r;
        if (token.n && sp_token_read(&q->w->keys, q->arena, token, &t) == 0) {
                ret->token_is_ours = true;
                ret->token_is_valid =
                        t.guard_id == ret->from.guard_id && t.expires_s > now_s();
        }
        if (ret->token_is_valid) {
                ret->t = t;
                /* a session that this process has ended stays ended */
                if (t.issued_s * SP_USEC_PER_SEC < q->w->started_wall_us)
                        resume = t.session;
        }
        key = (struct sp_session_key){ ret->from.guard_id, ret->t.iss, ret->t.sub };
        return find_session(q->w, &key, resume, &ret->session, reterr);
}

static int on_identify(struct question *q, struct sp_err *reterr)
{
        uint64_t idle_s = q->w->settings.limits.session_idle_us / SP_USEC_PER_SEC;
        struct sp_msg_identity id = { .valid_s = CACHE_S };
        char salt[SP_SHA256_HEX_LEN + 1];
        struct sp_msg_identify m;
        struct asker a;
        int r;

        if (sp_msg_read_identify(q->payload, &m) < 0)
                return bad_payload(reterr);
        r = find_asker(q, m.token, &a, reterr);
        if (r < 0)
                return r;
        id.token_is_ours = a.token_is_ours;
        id.token_is_valid = a.token_is_valid;
        if (a.token_is_valid)
                id.valid_s = SP_MIN(id.valid_s, a.t.expires_s - now_s());
        id.valid_s = SP_MAX(SP_MIN(id.valid_s, idle_s / 2), UINT64_C(1));
        id.iss = a.t.iss;
        id.sub = a.t.sub;
        id.email = a.t.email;
        id.groups = a.t.groups;
        id.workload = sp_str_c(a.workload);
        id.session = sp_str_c(a.session->c);
        r = sp_keys_salt(&q->w->keys, id.session, salt, reterr);
        if (r < 0)
                return r;
        id.salt = sp_str_c(salt);
        sp_msg_put_identity(&q->answer, &id);
        return 0;
}

int sp_warden_give_token(struct sp_warden *w, const struct sp_origin *from,
                         const struct sp_msg_person *p, struct sp_wire_out *answer,
                         struct sp_err *reterr)
{
        static const struct sp_msg_person nobody;
        sp_autobuf text = SP_BUF_INIT(2 * SP_TOKEN_MAX);
        const struct sp_ulid *session;
        struct sp_msg_token m;
        struct sp_session_key key;
        struct sp_token t;
        uint64_t lifetime_s = w->settings.limits.token_lifetime_s, now = now_s();
        int r;

        if (p) { /* never longer than the proof that it rests on */
                if (p->expires_s <= now)
                        return sp_err_set(reterr, -EACCES, "identity.expired", "",
                                          "the person's token has expired");
                lifetime_s = SP_MIN(lifetime_s, p->expires_s - now);
        } else {
                p = &nobody;
        }
        key = (struct sp_session_key){ from->guard_id, p->iss, p->sub };
        r = find_session(w, &key, SP_STR_NULL, &session, reterr);
        if (r < 0)
                return r;
        t = (struct sp_token){ from->guard_id,
                               from->cgroup_id,
                               now,
                               now + lifetime_s,
                               sp_str_c(session->c),
                               p->iss,
                               p->sub,
                               p->email,
                               p->groups };
        r = sp_token_write(&w->keys, &t, &text);
        if (r < 0)
                return sp_err_set(reterr, r, "identity.token", "",
                                  r == -E2BIG
                                          ? "the person has too many or too long groups"
                                          : "no token could be made");
        m = (struct sp_msg_token){ sp_buf_str(&text), lifetime_s, t.session };
        sp_msg_put_token(answer, &m);
        return 0;
}

/* The one way to a person's token without an ID token is another token of that person's. */
static int on_mint(struct question *q, struct sp_err *reterr)
{
        char workload[SP_TAG_WORKLOAD_LEN];
        struct sp_msg_person p;
        struct sp_origin from;
        struct sp_msg_mint m;
        struct sp_token t;
        int r;

        if (sp_msg_read_mint(q->payload, &m) < 0)
                return bad_payload(reterr);
        r = find_caller(q, &from, workload, reterr);
        if (r < 0)
                return r;
        if (!m.token.n)
                return sp_warden_give_token(q->w, &from, NULL, &q->answer, reterr);
        if (sp_token_read(&q->w->keys, q->arena, m.token, &t) < 0 ||
            t.guard_id != from.guard_id || t.expires_s <= now_s())
                return sp_err_set(reterr, -EACCES, "identity.token-expired", "",
                                  "the access token has expired or belongs to another "
                                  "cgroup; get a new one");
        p = (struct sp_msg_person){ t.iss, t.sub, t.email, t.groups, t.expires_s };
        return sp_warden_give_token(q->w, &from, t.iss.n ? &p : NULL, &q->answer,
                                    reterr);
}

static int on_sign_in(struct question *q, struct sp_err *reterr)
{
        char workload[SP_TAG_WORKLOAD_LEN];
        struct sp_origin from;
        struct sp_str token;
        int r;

        if (read_text(q->payload, &token) < 0)
                return bad_payload(reterr);
        r = find_caller(q, &from, workload, reterr);
        if (r == 0)
                r = sp_vouch_ask(q->w, q->child->owner, q->id, token, &from, reterr);
        return r == 0 ? ANSWERED_LATER : r;
}

static int on_leaf(struct question *q, struct sp_err *reterr)
{
        struct sp_msg_leaf leaf;
        struct sp_str sni;
        int r;

        if (read_text(q->payload, &sni) < 0)
                return bad_payload(reterr);
        r = sp_ca_leaf(q->w->ca, sni, &leaf, reterr);
        if (r == 0)
                sp_msg_put_leaf(&q->answer, &leaf);
        return r;
}

static int on_assertion(struct question *q, struct sp_err *reterr)
{
        sp_cleanup(sp_buf_done_secret) struct sp_buf text = SP_BUF_INIT(16384);
        struct sp_msg_assertion a;
        int r;

        if (q->payload.n)
                return bad_payload(reterr);
        if (!q->w->credential)
                return sp_err_set(reterr, -ENOENT, "credential.missing", "",
                                  "no service account key is configured");
        r = sp_credential_assert(q->w->credential, now_s(), &text, reterr);
        if (r < 0)
                return r;
        a = (struct sp_msg_assertion){ sp_credential_token_uri(q->w->credential),
                                       sp_buf_str(&text),
                                       sp_credential_email(q->w->credential) };
        sp_msg_put_assertion(&q->answer, &a);
        return 0;
}

/* Who asks is shown to who decides, and may not be the same: none of it is the worker's word. */
static int on_approval_ask(struct question *q, struct sp_err *reterr)
{
        struct sp_wire_in in = SP_WIRE_IN(q->payload);
        struct sp_msg_approval m;
        struct sp_ulid id;
        struct sp_str token;
        struct asker a;
        int r;

        token = sp_wire_str(&in);
        sp_msg_get_approval(&in, &m);
        if (sp_wire_end(&in) < 0)
                return bad_payload(reterr);
        r = find_asker(q, token, &a, reterr);
        if (r < 0)
                return r;
        if (m.session.n && !sp_str_eq(m.session, sp_str_c(a.session->c)))
                return sp_err_set(reterr, -EACCES, "identity.token-expired", "",
                                  "the access token has expired or belongs to another "
                                  "cgroup; get a new one");
        m.session = sp_str_c(a.session->c);
        m.workload = sp_str_c(a.workload);
        m.iss = a.t.iss;
        m.sub = a.t.email.n ? a.t.email : a.t.sub;
        m.uid = a.from.uid;
        m.pid = a.from.pid;
        m.comm = sp_str(a.from.comm, strnlen(a.from.comm, sizeof(a.from.comm)));
        r = sp_approvals_ask(q->w->approvals, &m, &id, reterr);
        if (r == 0)
                sp_wire_put_str(&q->answer, sp_str_c(id.c));
        sp_warden_arm_approvals(q->w);
        return r;
}

static int on_approval_get(struct question *q, struct sp_err *reterr)
{
        struct sp_msg_approval_state s;
        struct sp_str id;
        int r;

        if (read_text(q->payload, &id) < 0)
                return bad_payload(reterr);
        r = sp_approvals_get(q->w->approvals, id, &s, reterr);
        if (r == 0)
                sp_msg_put_approval_state(&q->answer, &s);
        return r;
}

typedef int (*claim_fn)(struct sp_approvals *t, const struct sp_msg_claim *claim,
                        struct sp_msg_approval_state *ret, struct sp_err *reterr);

static int answer_claim(struct question *q, claim_fn fn, struct sp_err *reterr)
{
        struct sp_msg_approval_state s;
        struct sp_msg_claim m;
        int r;

        if (sp_msg_read_claim(q->payload, &m) < 0)
                return bad_payload(reterr);
        r = fn(q->w->approvals, &m, &s, reterr);
        if (r == 0)
                sp_msg_put_approval_state(&q->answer, &s);
        return r;
}

static int on_approval_claim(struct question *q, struct sp_err *reterr)
{
        return answer_claim(q, sp_approvals_claim, reterr);
}

static int on_approval_withdraw(struct question *q, struct sp_err *reterr)
{
        return answer_claim(q, sp_approvals_withdraw, reterr);
}

static int on_charge(struct question *q, struct sp_err *reterr)
{
        struct sp_msg_charged answer;
        struct sp_msg_charge m;
        int r;

        if (sp_msg_read_charge(q->payload, &m) < 0)
                return bad_payload(reterr);
        r = sp_warden_charge(q->w, &m, &answer, reterr);
        if (r == 0)
                sp_msg_put_charged(&q->answer, &answer);
        return r;
}

/* Per worker and second. Identities are cached, leaves and assertions even more so: a
 * worker that comes near these numbers is broken. Signing is what costs. */
static const struct {
        uint16_t type;
        handler_fn handler;
        uint32_t per_second;
        bool has_socket; /* else a descriptor is out of place */
} table[SP_TABLE_TYPES] = {
        { SP_MSG_IDENTIFY, on_identify, 20000, true },
        { SP_MSG_TOKEN_MINT, on_mint, 2000, true },
        { SP_MSG_SIGN_IN, on_sign_in, 200, true },
        { SP_MSG_LEAF_GET, on_leaf, 500 },
        { SP_MSG_ASSERTION_GET, on_assertion, 10 },
        { SP_MSG_APPROVAL_ASK, on_approval_ask, 200, true },
        { SP_MSG_APPROVAL_GET, on_approval_get, 10000 },
        { SP_MSG_APPROVAL_CLAIM, on_approval_claim, 1000 },
        { SP_MSG_APPROVAL_WITHDRAW, on_approval_withdraw, 1000 },
        { SP_MSG_CHARGE, on_charge, 20000 },
};

static bool is_over_quota(struct sp_warden_worker *k, size_t row)
{
        uint64_t second = sp_clock_us() / SP_USEC_PER_SEC;

        if (k->quota_second != second) {
                memset(k->quota_used, 0, sizeof(k->quota_used));
                k->quota_second = second;
        }
        return k->quota_used[row]++ >= table[row].per_second;
}

int sp_table_dispatch(void *warden, struct sp_child *c, struct sp_ipc_msg *m)
{
        sp_cleanup(sp_arena_done) struct sp_arena a = SP_ARENA_INIT(256 * 1024);
        sp_cleanup(sp_buf_done_secret) struct sp_buf answer =
                SP_BUF_INIT(SP_IPC_PAYLOAD_MAX);
        struct question q = {
                warden, c, m->id, m->payload, m->fd, &a, SP_WIRE_OUT(&answer)
        };
        struct sp_warden_worker *k = c->owner;
        struct sp_err e = SP_ERR_NULL;
        size_t row = 0;
        int r;

        while (row < SP_ARRAY_SIZE(table) && table[row].type != m->type)
                row++;
        if (row == SP_ARRAY_SIZE(table) || !m->id ||
            table[row].has_socket != (m->fd >= 0)) {
                sp_log(SP_LOG_ERR, "worker %u sent message type %u, which it may not",
                       c->index, m->type);
                return -EBADMSG;
        }
        if (is_over_quota(k, row)) {
                k->refused++;
                (void)sp_err_set(&e, -EAGAIN, "warden.quota", "", "asked too often");
                sp_child_refuse(c, m->id, &e);
                return 0;
        }
        r = table[row].handler(&q, &e);
        if (r == ANSWERED_LATER)
                return 0;
        if (r == 0 && q.answer.error < 0)
                r = sp_err_set(&e, q.answer.error, "warden.message", "",
                               "the answer is too large");
        if (r == 0)
                sp_child_answer(c, m->id, &answer);
        else
                sp_child_refuse(c, m->id, &e);
        return 0;
}
