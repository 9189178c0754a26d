/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <errno.h>

#include "daemon/base/clock.h"
#include "daemon/roles/origin.h"
#include "daemon/warden/state.h"
#include "daemon/warden/vouch.h"

/*
 * The table against a warden without kernel programs: which cgroups are guarded and whose a socket
 * is is said here, in place of warden/guard and roles/origin: a socket's number is its guard's.
 * Nothing is armed, in place of warden/bus_hooks.
 */
#define GUARD 7
#define OTHER_GUARD 8
#define ENDED 200
#define FOREIGN 201
#define SESSION "01JD0000000000000000000000"

int sp_guard_workload(struct sp_guard *g, uint64_t guard_id,
                      char ret[SP_TAG_WORKLOAD_LEN])
{
        (void)g;
        if (guard_id != GUARD && guard_id != OTHER_GUARD)
                return -ENOENT;
        (void)snprintf(ret, SP_TAG_WORKLOAD_LEN, "agents");
        return 0;
}

int sp_guard_origins_fd(const struct sp_guard *g)
{
        (void)g;
        return 50;
}

int sp_origin_read_open(int map_fd, int socket_fd, struct sp_origin *ret)
{
        assert_int_equal(map_fd, 50);
        if (socket_fd == ENDED || socket_fd == FOREIGN)
                return socket_fd == ENDED ? -ENOTCONN : -ENOENT;
        *ret = (struct sp_origin){ .guard_id = (uint64_t)socket_fd,
                                   .cgroup_id = (uint64_t)socket_fd + 100,
                                   .uid = 1000,
                                   .comm = "agent" };
        return 0;
}

/* In place of warden/supervise: what the verifier was asked stands here until it answers. */
static struct {
        bool is_there;
        unsigned asked, killed;
        char token[64];
        sp_child_answer_fn fn;
        void *userdata;
} verifier;

int sp_child_ask(struct sp_child *c, uint16_t type, struct sp_str payload,
                 sp_child_answer_fn fn, void *userdata)
{
        struct sp_wire_in in = SP_WIRE_IN(payload);
        struct sp_str token = sp_wire_str(&in);

        (void)c;
        assert_int_equal(type, SP_MSG_VERIFY);
        assert_int_equal(sp_wire_end(&in), 0);
        if (!verifier.is_there)
                return -EPIPE;
        verifier.asked++;
        (void)snprintf(verifier.token, sizeof(verifier.token), "%.*s", SP_FMT(token));
        verifier.fn = fn;
        verifier.userdata = userdata;
        return 0;
}

static void verifier_says(const struct sp_msg_person *p, const struct sp_err *e)
{
        sp_autobuf b = SP_BUF_INIT(65536);
        struct sp_wire_out w = SP_WIRE_OUT(&b);

        if (p)
                sp_msg_put_person(&w, p);
        assert_non_null(verifier.fn);
        verifier.fn(verifier.userdata, NULL, sp_buf_str(&b), e);
        verifier.fn = NULL;
}

void sp_child_kill(struct sp_child *c, const char *why)
{
        const struct sp_err lost = { -EPIPE, "supervise.lost", "", "" };

        (void)c, (void)why;
        verifier.killed++;
        if (verifier.fn)
                verifier_says(NULL, &lost);
}

void sp_child_answer(struct sp_child *c, uint64_t id, const struct sp_buf *payload)
{
        assert_int_equal(sp_msg_answer(&c->ipc, id, payload), 0);
}

void sp_child_refuse(struct sp_child *c, uint64_t id, const struct sp_err *e)
{
        assert_int_equal(sp_msg_answer_error(&c->ipc, id, e), 0);
}

void sp_warden_arm_approvals(struct sp_warden *w)
{
        (void)w;
}

/* Of warden/limits_hooks: counted, not kept. */
int sp_warden_charge(struct sp_warden *w, const struct sp_msg_charge *m,
                     struct sp_msg_charged *ret, struct sp_err *reterr)
{
        return sp_limits_charge(w->limits, w->policy.policy, m, 0, 1000, ret, reterr);
}

struct desk {
        struct sp_warden w;
        struct sp_warden_worker k;
        struct sp_ipc worker_end;
        struct sp_ipc_msg answer;
        struct sp_issuer_settings issuer;
};

static void desk_init(struct desk *d)
{
        int pair[2];

        memset(d, 0, sizeof(*d));
        memset(&d->w.keys, 1, sizeof(d->w.keys));
        d->w.keys.mask[0] = (struct sp_mask_key){ .key = { 1 } };
        d->w.keys.n_mask = 1;
        d->w.started_wall_us = sp_clock_wall_us();
        d->w.settings.limits.token_lifetime_s = 900;
        d->issuer.issuer = SP_STR("https://i");
        d->w.settings.issuers = &d->issuer;
        d->w.settings.n_issuers = 1;
        d->w.settings.limits.session_idle_us = 1800 * SP_USEC_PER_SEC;
        assert_int_equal(sp_sessions_new(1800 * SP_USEC_PER_SEC, &d->w.sessions), 0);
        assert_int_equal(sp_ipc_pair(pair), 0);
        sp_ipc_init(&d->k.child.ipc, pair[0]);
        sp_ipc_init(&d->worker_end, pair[1]);
        d->k.child.is_open = true;
        d->k.child.launch.role = "worker";
        d->k.child.owner = &d->k;
        d->w.workers = &d->k;
        d->w.n_workers = 1;
        memset(&verifier, 0, sizeof(verifier));
        verifier.is_there = true;
}

static void desk_done(struct desk *d)
{
        d->w.sessions = sp_sessions_free(d->w.sessions);
        sp_ipc_done(&d->k.child.ipc);
        sp_ipc_done(&d->worker_end);
}

/* 1: answered, 0: refused (*ret: the error's id), < 0: the worker would be killed. */
static int ask_about(struct desk *d, uint16_t type, uint64_t id, struct sp_str payload,
                     int fd)
{
        struct sp_ipc_msg m = { .type = type, .id = id, .payload = payload, .fd = fd };
        int r = sp_table_dispatch(&d->w, &d->k.child, &m);

        if (r < 0)
                return r;
        assert_int_equal(sp_ipc_recv(&d->worker_end, &d->answer), 1);
        assert_int_equal(d->answer.id, id);
        return d->answer.type == SP_MSG_ANSWER_OK;
}

static int ask(struct desk *d, uint16_t type, uint64_t id, struct sp_str payload)
{
        return ask_about(d, type, id, payload, -1);
}

static bool refused_with(struct desk *d, const char *id)
{
        struct sp_msg_error e;

        assert_int_equal(sp_msg_read_error(d->answer.payload, &e), 0);
        return sp_str_eq(e.id, sp_str_c(id));
}

static int identify(struct desk *d, int guard, struct sp_str token,
                    struct sp_msg_identity *ret)
{
        sp_autobuf b = SP_BUF_INIT(65536);
        struct sp_wire_out w = SP_WIRE_OUT(&b);
        const struct sp_msg_identify m = { token };
        int r;

        sp_msg_put_identify(&w, &m);
        r = ask_about(d, SP_MSG_IDENTIFY, 1, sp_buf_str(&b), guard);
        if (r == 1)
                assert_int_equal(sp_msg_read_identity(d->answer.payload, ret), 0);
        return r;
}

static int token_of(struct desk *d, struct sp_buf *ret)
{
        struct sp_msg_token t;

        assert_int_equal(sp_msg_read_token(d->answer.payload, &t), 0);
        assert_int_equal(sp_buf_add(ret, t.token), 0);
        return (int)t.expires_in_s;
}

/* `same`: a token of ours; empty: for nobody. */
static int mint(struct desk *d, int guard, struct sp_str same, struct sp_buf *ret)
{
        sp_autobuf b = SP_BUF_INIT(65536);
        struct sp_wire_out w = SP_WIRE_OUT(&b);
        int r;

        sp_msg_put_mint(&w, &(struct sp_msg_mint){ same });
        r = ask_about(d, SP_MSG_TOKEN_MINT, 2, sp_buf_str(&b), guard);
        return r == 1 ? token_of(d, ret) : r;
}

/* 0: asked, nothing was answered yet; -1: refused at once. */
static int begin_sign_in(struct desk *d, int guard, struct sp_str id_token)
{
        sp_autobuf b = SP_BUF_INIT(65536);
        struct sp_wire_out w = SP_WIRE_OUT(&b);
        struct sp_ipc_msg m = { .type = SP_MSG_SIGN_IN, .id = 3, .fd = guard };

        sp_wire_put_str(&w, id_token);
        m.payload = sp_buf_str(&b);
        assert_int_equal(sp_table_dispatch(&d->w, &d->k.child, &m), 0);
        return -sp_ipc_recv(&d->worker_end, &d->answer);
}

static int take_answer(struct desk *d)
{
        assert_int_equal(sp_ipc_recv(&d->worker_end, &d->answer), 1);
        assert_int_equal(d->answer.id, 3);
        return d->answer.type == SP_MSG_ANSWER_OK;
}

static int sign_in(struct desk *d, int guard, const char *sub, uint64_t expires_s,
                   struct sp_buf *ret)
{
        const struct sp_msg_person p = { SP_STR("https://i"), sp_str_c(sub),
                                         SP_STR_NULL, SP_STR("g1\ng2"), expires_s };

        assert_int_equal(begin_sign_in(d, guard, SP_STR("an.id.token")), 0);
        assert_string_equal(verifier.token, "an.id.token");
        verifier_says(&p, NULL);
        return take_answer(d) ? token_of(d, ret) : 0;
}

static uint64_t now_s(void)
{
        return sp_clock_wall_us() / SP_USEC_PER_SEC;
}

static void a_token_makes_a_person_in_its_own_cgroup_only(void **state)
{
        sp_autobuf token = SP_BUF_INIT(8192);
        struct sp_msg_identity nobody, ann;
        char session[SP_ULID_LEN], salt[64];
        struct desk d;

        (void)state;
        desk_init(&d);
        assert_int_equal(identify(&d, GUARD, SP_STR_NULL, &nobody), 1);
        assert_true(sp_str_eq(nobody.workload, SP_STR("agents")));
        assert_int_equal(nobody.sub.n, 0);
        assert_int_equal(nobody.token_is_ours, 0);
        memcpy(session, nobody.session.p, sizeof(session));
        memcpy(salt, nobody.salt.p, sizeof(salt));
        assert_int_equal(sign_in(&d, GUARD, "ann", now_s() + 7200, &token), 900);
        assert_int_equal(identify(&d, GUARD, sp_buf_str(&token), &ann), 1);
        assert_true(sp_str_eq(ann.sub, SP_STR("ann")));
        assert_true(sp_str_eq(ann.groups, SP_STR("g1\ng2")));
        assert_int_equal(ann.token_is_ours && ann.token_is_valid, 1);
        assert_memory_not_equal(ann.session.p, session, sizeof(session));
        assert_memory_not_equal(ann.salt.p, salt, sizeof(salt));
        assert_int_equal(identify(&d, OTHER_GUARD, sp_buf_str(&token), &ann), 1);
        assert_int_equal(ann.token_is_ours, 1);
        assert_int_equal(ann.token_is_valid, 0);
        assert_int_equal(ann.sub.n, 0);
        assert_int_equal(identify(&d, GUARD, SP_STR("ya29.foreign"), &ann), 1);
        assert_int_equal(ann.token_is_ours, 0);
        assert_int_equal(ann.sub.n, 0);
        desk_done(&d);
}

static void what_is_not_guarded_gets_nothing(void **state)
{
        sp_autobuf token = SP_BUF_INIT(8192);
        struct sp_msg_identity id;
        struct desk d;

        (void)state;
        desk_init(&d);
        assert_int_equal(identify(&d, 99, SP_STR_NULL, &id), 0);
        assert_true(refused_with(&d, "identity.not-guarded"));
        assert_int_equal(mint(&d, 99, SP_STR_NULL, &token), 0);
        assert_true(refused_with(&d, "identity.not-guarded"));
        assert_int_equal(sp_sessions_count(d.w.sessions), 0);
        desk_done(&d);
}

static void a_worker_speaks_only_for_connections_that_it_has(void **state)
{
        static const struct {
                int fd;
                const char *id;
        } sockets[] = { { ENDED, "identity.connection-closed" },
                        { FOREIGN, "identity.no-connection" } };
        sp_autobuf token = SP_BUF_INIT(8192);
        struct sp_msg_identity id;
        struct desk d;

        (void)state;
        desk_init(&d);
        for (size_t i = 0; i < SP_ARRAY_SIZE(sockets); i++) {
                assert_int_equal(identify(&d, sockets[i].fd, SP_STR_NULL, &id), 0);
                assert_true(refused_with(&d, sockets[i].id));
                assert_int_equal(mint(&d, sockets[i].fd, SP_STR_NULL, &token), 0);
                assert_true(refused_with(&d, sockets[i].id));
                assert_int_equal(
                        begin_sign_in(&d, sockets[i].fd, SP_STR("an.id.token")), -1);
                assert_true(refused_with(&d, sockets[i].id));
        }
        assert_int_equal(verifier.asked, 0);
        assert_int_equal(identify(&d, -1, SP_STR_NULL, &id), -EBADMSG);
        assert_int_equal(mint(&d, -1, SP_STR_NULL, &token), -EBADMSG);
        assert_int_equal(sp_sessions_count(d.w.sessions), 0);
        desk_done(&d);
}

static void a_token_is_for_persons_of_known_issuers_only(void **state)
{
        sp_autobuf token = SP_BUF_INIT(8192);
        struct desk d;

        (void)state;
        desk_init(&d);
        d.issuer.issuer = SP_STR("https://j");
        assert_int_equal(sign_in(&d, GUARD, "ann", now_s() + 60, &token), 0);
        assert_true(refused_with(&d, "identity.unknown-issuer"));
        assert_true(mint(&d, GUARD, SP_STR_NULL, &token) > 0);
        desk_done(&d);
}

static void a_token_ends_with_what_it_rests_on(void **state)
{
        sp_autobuf token = SP_BUF_INIT(8192);
        struct sp_msg_identity id;
        struct sp_token t = { .guard_id = GUARD,
                              .session = SP_STR(SESSION),
                              .iss = SP_STR("https://i"),
                              .sub = SP_STR("ann") };
        struct desk d;
        int lifetime;

        (void)state;
        desk_init(&d);
        assert_int_equal(sign_in(&d, GUARD, "ann", now_s(), &token), 0);
        assert_true(refused_with(&d, "identity.expired"));
        lifetime = sign_in(&d, GUARD, "ann", now_s() + 60, &token);
        assert_true(lifetime > 0 && lifetime <= 60);
        sp_buf_clear(&token);
        assert_int_equal(mint(&d, GUARD, SP_STR_NULL, &token),
                         900); /* no person: no such end */
        sp_buf_clear(&token);
        t.issued_s = now_s() - 100;
        t.expires_s = now_s() - 1;
        assert_int_equal(sp_token_write(&d.w.keys, &t, &token), 0);
        assert_int_equal(identify(&d, GUARD, sp_buf_str(&token), &id), 1);
        assert_int_equal(id.token_is_ours, 1);
        assert_int_equal(id.token_is_valid, 0);
        assert_int_equal(id.sub.n, 0);
        desk_done(&d);
}

static void a_token_begets_tokens_of_its_person_and_its_life(void **state)
{
        sp_autobuf first = SP_BUF_INIT(8192);
        sp_autobuf second = SP_BUF_INIT(8192);
        sp_autobuf other = SP_BUF_INIT(8192);
        struct sp_msg_identity id;
        struct desk d;
        int lifetime;

        (void)state;
        desk_init(&d);
        assert_true(sign_in(&d, GUARD, "ann", now_s() + 60, &first) > 0);
        lifetime = mint(&d, GUARD, sp_buf_str(&first), &second);
        assert_true(lifetime > 0 && lifetime <= 60);
        assert_int_equal(identify(&d, GUARD, sp_buf_str(&second), &id), 1);
        assert_true(sp_str_eq(id.sub, SP_STR("ann")));
        assert_int_equal(mint(&d, OTHER_GUARD, sp_buf_str(&first), &other), 0);
        assert_true(refused_with(&d, "identity.token-expired"));
        first.p[first.n / 2] ^= 1;
        assert_int_equal(mint(&d, GUARD, sp_buf_str(&first), &other), 0);
        assert_true(refused_with(&d, "identity.token-expired"));
        sp_buf_clear(&first);
        assert_int_equal(mint(&d, GUARD, SP_STR_NULL, &first), 900);
        assert_int_equal(mint(&d, GUARD, sp_buf_str(&first), &other), 900);
        desk_done(&d);
}

static void nobody_signs_in_but_by_the_verifiers_word(void **state)
{
        static const struct {
                struct sp_err said;
                const char *told;
        } words[] = {
                { { -EACCES, "supervise.refused", "identity.signature", "x" },
                  "identity.signature" },
                { { -EACCES, "supervise.refused", "identity.no-keys", "x" },
                  "identity.no-keys" },
                { { -EPERM, "supervise.refused", "made.up", "x" },
                  "identity.verifier" },
                { { -EPIPE, "supervise.lost", "", "x" }, "identity.verifier" },
        };
        static char long_token[SP_ID_TOKEN_MAX + 1];
        struct desk d;

        (void)state;
        desk_init(&d);
        for (size_t i = 0; i < SP_ARRAY_SIZE(words); i++) {
                assert_int_equal(begin_sign_in(&d, GUARD, SP_STR("t")), 0);
                verifier_says(NULL, &words[i].said);
                assert_int_equal(take_answer(&d), 0);
                assert_true(refused_with(&d, words[i].told));
        }
        assert_int_equal(begin_sign_in(&d, GUARD, SP_STR("t")), 0);
        verifier_says(&(struct sp_msg_person){ SP_STR("https://i") },
                      NULL); /* no sub */
        assert_int_equal(take_answer(&d), 0);
        assert_true(refused_with(&d, "identity.verifier"));
        memset(long_token, 'a', sizeof(long_token));
        verifier.asked = 0;
        assert_int_equal(
                begin_sign_in(&d, GUARD, sp_str(long_token, sizeof(long_token))), -1);
        assert_true(refused_with(&d, "identity.malformed"));
        verifier.is_there = false;
        assert_int_equal(begin_sign_in(&d, GUARD, SP_STR("t")), -1);
        assert_true(refused_with(&d, "identity.verifier"));
        d.w.settings.n_issuers = 0;
        assert_int_equal(begin_sign_in(&d, GUARD, SP_STR("t")), -1);
        assert_true(refused_with(&d, "identity.unknown-issuer"));
        assert_int_equal(verifier.asked, 0);
        assert_int_equal(sp_sessions_count(d.w.sessions), 0);
        desk_done(&d);
}

static void a_worker_has_one_sign_in_at_a_time_and_not_for_ever(void **state)
{
        const struct sp_msg_person ann = { SP_STR("https://i"), SP_STR("ann"),
                                           SP_STR_NULL, SP_STR_NULL, now_s() + 60 };
        struct desk d;

        (void)state;
        desk_init(&d);
        assert_int_equal(begin_sign_in(&d, GUARD, SP_STR("t")), 0);
        assert_int_equal(begin_sign_in(&d, GUARD, SP_STR("u")), -1);
        assert_true(refused_with(&d, "identity.busy"));
        assert_string_equal(verifier.token, "t");
        sp_vouch_tick(&d.w, sp_clock_us() + SP_VOUCH_US / 2);
        assert_int_equal(verifier.killed, 0);
        sp_vouch_tick(&d.w, sp_clock_us() + SP_VOUCH_US + 1);
        assert_int_equal(take_answer(&d), 0);
        assert_true(refused_with(&d, "identity.verifier-late"));
        assert_int_equal(verifier.killed, 1);
        assert_int_equal(sp_ipc_recv(&d.worker_end, &d.answer), 0); /* once */
        /* the next worker, whose questions have the same numbers, hears nothing of this */
        assert_int_equal(begin_sign_in(&d, GUARD, SP_STR("t")), 0);
        sp_vouch_forget(&d.k);
        verifier_says(&ann, NULL);
        assert_int_equal(sp_ipc_recv(&d.worker_end, &d.answer), 0);
        assert_int_equal(sp_sessions_count(d.w.sessions), 0);
        assert_int_equal(begin_sign_in(&d, GUARD, SP_STR("t")), 0);
        verifier_says(&ann, NULL);
        assert_int_equal(take_answer(&d), 1);
        desk_done(&d);
}

static int forget_record(void *userdata, struct sp_str json, uint64_t ticket)
{
        (void)userdata, (void)json, (void)ticket;
        return 0;
}

static void forget_change(void *userdata, const struct sp_approval *a,
                          enum sp_approval_change change)
{
        (void)userdata, (void)a, (void)change;
}

static int ask_approval(struct desk *d, int guard, struct sp_str token,
                        const struct sp_msg_approval *m)
{
        sp_autobuf b = SP_BUF_INIT(65536);
        struct sp_wire_out w = SP_WIRE_OUT(&b);

        sp_wire_put_str(&w, token);
        sp_msg_put_approval(&w, m);
        return ask_about(d, SP_MSG_APPROVAL_ASK, 4, sp_buf_str(&b), guard);
}

static void who_asks_for_an_approval_is_not_the_workers_word(void **state)
{
        static const struct sp_approvals_hooks hooks = { NULL, forget_record,
                                                         forget_change };
        sp_autobuf token = SP_BUF_INIT(8192);
        struct sp_msg_approval m = { .job = SP_STR("p:j"),
                                     .workload = SP_STR("others"),
                                     .iss = SP_STR("https://i"),
                                     .sub = SP_STR("boss"),
                                     .uid = 4711,
                                     .comm = SP_STR("liar"),
                                     .request_hash = SP_STR("00"),
                                     .timeout_us = 1000000 };
        const struct sp_approval *a;
        struct sp_msg_identity ann;
        char session[SP_ULID_LEN];
        struct sp_err e;
        struct desk d;

        (void)state;
        desk_init(&d);
        assert_int_equal(sp_approvals_new(NULL, 4, &hooks, &d.w.approvals, &e), 0);
        assert_true(sign_in(&d, GUARD, "ann", now_s() + 60, &token) > 0);
        assert_int_equal(identify(&d, GUARD, sp_buf_str(&token), &ann), 1);
        memcpy(session, ann.session.p, sizeof(session));
        m.session = sp_str(session, sizeof(session));
        assert_int_equal(ask_approval(&d, GUARD, SP_STR_NULL, &m),
                         0); /* without her token */
        assert_true(refused_with(&d, "identity.token-expired"));
        assert_int_equal(ask_approval(&d, OTHER_GUARD, sp_buf_str(&token), &m), 0);
        assert_true(refused_with(&d, "identity.token-expired"));
        assert_int_equal(ask_approval(&d, FOREIGN, sp_buf_str(&token), &m), 0);
        assert_true(refused_with(&d, "identity.no-connection"));
        assert_null(sp_approvals_next(d.w.approvals, NULL));
        assert_int_equal(ask_approval(&d, GUARD, sp_buf_str(&token), &m), 1);
        a = sp_approvals_next(d.w.approvals, NULL);
        assert_non_null(a);
        assert_true(sp_str_eq(a->ask.session, m.session));
        assert_true(sp_str_eq(a->ask.workload, SP_STR("agents")));
        assert_true(sp_str_eq(a->ask.sub, SP_STR("ann")));
        assert_true(sp_str_eq(a->ask.comm, SP_STR("agent")));
        assert_int_equal(a->ask.uid, 1000);
        d.w.approvals = sp_approvals_free(d.w.approvals);
        desk_done(&d);
}

static void a_session_goes_on_over_a_restart(void **state)
{
        sp_autobuf old = SP_BUF_INIT(8192);
        sp_autobuf fresh = SP_BUF_INIT(8192);
        struct sp_msg_identity id;
        struct sp_token t = { .guard_id = GUARD,
                              .session = SP_STR(SESSION),
                              .iss = SP_STR("https://i"),
                              .sub = SP_STR("ann"),
                              .issued_s = now_s() - 100,
                              .expires_s = now_s() + 100 };
        struct desk d;

        (void)state;
        desk_init(&d);
        assert_int_equal(sp_token_write(&d.w.keys, &t, &old), 0);
        assert_int_equal(identify(&d, GUARD, sp_buf_str(&old), &id), 1);
        assert_true(sp_str_eq(id.session, SP_STR(SESSION)));
        /* one that this warden has ended does not come back */
        t.sub = SP_STR("bob");
        t.issued_s = now_s() + 1;
        assert_int_equal(sp_token_write(&d.w.keys, &t, &fresh), 0);
        assert_int_equal(identify(&d, GUARD, sp_buf_str(&fresh), &id), 1);
        assert_false(sp_str_eq(id.session, SP_STR(SESSION)));
        desk_done(&d);
}

static void a_worker_is_refused_or_killed_for_what_it_may_not_say(void **state)
{
        static const uint16_t not_its[] = { SP_MSG_ANSWER_OK,
                                            SP_MSG_SETTINGS,
                                            SP_MSG_POLICY,
                                            SP_MSG_LISTENER,
                                            SP_MSG_PING,
                                            SP_MSG_CHANNEL,
                                            SP_MSG_RECORD,
                                            SP_MSG_APPROVAL_DECIDED,
                                            0,
                                            999 };
        static const struct {
                uint16_t type;
                bool has_socket;
        } its[] = { { SP_MSG_IDENTIFY, true },       { SP_MSG_TOKEN_MINT, true },
                    { SP_MSG_LEAF_GET, false },      { SP_MSG_ASSERTION_GET, false },
                    { SP_MSG_APPROVAL_ASK, true },   { SP_MSG_APPROVAL_GET, false },
                    { SP_MSG_APPROVAL_CLAIM, false } };
        struct desk d;

        (void)state;
        desk_init(&d);
        for (size_t i = 0; i < SP_ARRAY_SIZE(not_its); i++)
                assert_int_equal(ask(&d, not_its[i], 1, SP_STR_NULL), -EBADMSG);
        for (size_t i = 0; i < SP_ARRAY_SIZE(its); i++) {
                const int fd = its[i].has_socket ? GUARD : -1,
                          other = its[i].has_socket ? -1 : GUARD;
                const struct sp_str garbage = SP_STR("garbage");

                assert_int_equal(ask_about(&d, its[i].type, 0, SP_STR_NULL, fd),
                                 -EBADMSG);
                assert_int_equal(ask_about(&d, its[i].type, 1, garbage, other),
                                 -EBADMSG);
                assert_int_equal(ask_about(&d, its[i].type, 1, garbage, fd), 0);
                assert_true(refused_with(&d, "warden.message"));
        }
        desk_done(&d);
}

static void questions_over_the_quota_are_refused(void **state)
{
        unsigned passed = 0, over = 0;
        struct desk d;

        (void)state;
        desk_init(&d);
        /* without a credential each is refused for that reason, until the quota is */
        for (unsigned i = 0; i < 40; i++) {
                assert_int_equal(ask(&d, SP_MSG_ASSERTION_GET, 1, SP_STR_NULL), 0);
                passed += refused_with(&d, "credential.missing");
                over += refused_with(&d, "warden.quota");
        }
        assert_int_equal(passed + over, 40);
        assert_true(passed == 10 || passed == 20); /* 20: a second began on the way */
        assert_int_equal(d.k.refused, over);
        desk_done(&d);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_token_makes_a_person_in_its_own_cgroup_only),
                cmocka_unit_test(what_is_not_guarded_gets_nothing),
                cmocka_unit_test(a_worker_speaks_only_for_connections_that_it_has),
                cmocka_unit_test(a_token_is_for_persons_of_known_issuers_only),
                cmocka_unit_test(a_token_ends_with_what_it_rests_on),
                cmocka_unit_test(a_token_begets_tokens_of_its_person_and_its_life),
                cmocka_unit_test(nobody_signs_in_but_by_the_verifiers_word),
                cmocka_unit_test(a_worker_has_one_sign_in_at_a_time_and_not_for_ever),
                cmocka_unit_test(who_asks_for_an_approval_is_not_the_workers_word),
                cmocka_unit_test(a_session_goes_on_over_a_restart),
                cmocka_unit_test(a_worker_is_refused_or_killed_for_what_it_may_not_say),
                cmocka_unit_test(questions_over_the_quota_are_refused),
        };

        sp_log_init("test", 0);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
