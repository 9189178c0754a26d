/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/base/json.h"
#include "daemon/warden/approvals.h"
#include "daemon/warden/approvals_file.h"
#include "tests/test.h"

struct world {
        struct sp_approvals *t;
        uint64_t ticket; /* of the record that waits */
        int record_result;
        unsigned records, new, state, gone;
        char last_record[4096];
        int done_result; /* 1: not called */
        const char *done_id;
        bool records_at_once;
};

static int on_record(void *userdata, struct sp_str json, uint64_t ticket)
{
        struct world *w = userdata;

        if (w->record_result < 0)
                return w->record_result;
        w->records++;
        (void)snprintf(w->last_record, sizeof(w->last_record), "%.*s", SP_FMT(json));
        if (ticket && w->records_at_once)
                sp_approvals_recorded(w->t, ticket, NULL);
        else if (ticket)
                w->ticket = ticket;
        return 0;
}

static void on_changed(void *userdata, const struct sp_approval *a,
                       enum sp_approval_change change)
{
        struct world *w = userdata;

        assert_non_null(a);
        w->new += change == SP_APPROVAL_CHANGE_NEW;
        w->state += change == SP_APPROVAL_CHANGE_STATE;
        w->gone += change == SP_APPROVAL_CHANGE_GONE;
}

static void on_done(void *userdata, const struct sp_approval *a, const struct sp_err *e)
{
        struct world *w = userdata;

        assert_true((a == NULL) == (e != NULL));
        w->done_result = e ? e->code : 0;
        w->done_id = e ? e->id : "";
}

static struct world *world_new(const char *dir, uint32_t pending_max)
{
        struct world *w = calloc(1, sizeof(*w));
        const struct sp_approvals_hooks hooks = { w, on_record, on_changed };
        struct sp_err e;

        w->done_result = 1;
        assert_int_equal(sp_approvals_new(dir, pending_max, &hooks, &w->t, &e), 0);
        return w;
}

static void world_free(struct world *w)
{
        w->t = sp_approvals_free(w->t);
        free(w);
}

static struct sp_msg_approval ask_for(const char *job, const char *hash)
{
        return (struct sp_msg_approval){
                .job = sp_str_c(job),
                .session = SP_STR("01SESSION"),
                .workload = SP_STR("ci-agents"),
                .uid = 1001,
                .pid = 77,
                .comm = SP_STR("node\xff\n"),
                .action = SP_STR("update"),
                .resources = SP_STR("p.d.a\np.d.b"),
                .rule = SP_STR("10.yaml#updates"),
                .sql = SP_STR("UPDATE d.a SET x = 1 WHERE y = 2"),
                .request_hash = sp_str_c(hash),
                .policy_version = SP_STR("v1"),
                .timeout_us = 60 * SP_USEC_PER_SEC,
        };
}

static struct sp_ulid must_ask(struct world *w, const char *job, const char *hash)
{
        const struct sp_msg_approval m = ask_for(job, hash);
        struct sp_ulid id;
        struct sp_err e;

        assert_int_equal(sp_approvals_ask(w->t, &m, &id, &e), 0);
        return id;
}

static int decide(struct world *w, const struct sp_ulid *id, bool approve, uid_t uid,
                  bool is_guarded, struct sp_err *e)
{
        const struct sp_approvals_decision d = { .id = sp_str_c(id->c),
                                                 .approve = approve,
                                                 .reason = SP_STR("ticket 7"),
                                                 .who = SP_STR("alice (uid 1000)"),
                                                 .uid = uid,
                                                 .is_guarded = is_guarded };

        w->done_result = 1;
        return sp_approvals_decide(w->t, &d, on_done, w, e);
}

static int claim(struct world *w, const struct sp_ulid *id, const char *hash,
                 struct sp_err *e)
{
        const struct sp_msg_claim c = { sp_str_c(id->c), sp_str_c(hash) };
        struct sp_msg_approval_state s;
        int r = sp_approvals_claim(w->t, &c, &s, e);

        if (r == 0)
                assert_int_equal(s.state, SP_APPROVAL_USED);
        return r;
}

static int state_of(struct world *w, const struct sp_ulid *id)
{
        struct sp_msg_approval_state s;
        struct sp_err e;
        int r = sp_approvals_get(w->t, sp_str_c(id->c), &s, &e);

        return r < 0 ? r : s.state;
}

static void an_approval_serves_one_request_once(void **state)
{
        struct world *w = world_new(NULL, 16);
        struct sp_ulid id = must_ask(w, "p:j1", "aa");
        struct sp_err e;

        (void)state;
        assert_int_equal(w->new, 1);
        assert_int_equal(claim(w, &id, "aa", &e), -EACCES);
        assert_int_equal(decide(w, &id, true, 1000, false, &e), 0);
        /* nothing is approved before it is recorded */
        assert_int_equal(state_of(w, &id), SP_APPROVAL_PENDING);
        assert_int_equal(claim(w, &id, "aa", &e), -EACCES);
        assert_int_equal(w->done_result, 1);
        assert_int_equal(decide(w, &id, false, 1002, false, &e), -EBUSY);
        sp_approvals_recorded(w->t, w->ticket, NULL);
        assert_int_equal(w->done_result, 0);
        assert_int_equal(state_of(w, &id), SP_APPROVAL_APPROVED);
        sp_approvals_recorded(w->t, w->ticket, NULL); /* a late echo changes nothing */
        assert_int_equal(w->state, 1);
        assert_int_equal(claim(w, &id, "bb", &e), -EACCES);
        assert_string_equal(e.id, "approval.other-request");
        assert_int_equal(claim(w, &id, "aa", &e), 0);
        assert_int_equal(claim(w, &id, "aa", &e), -EALREADY);
        assert_int_equal(decide(w, &id, true, 1000, false, &e), -EALREADY);
        assert_int_equal(state_of(w, &id), SP_APPROVAL_USED);
        world_free(w);
}

static int withdraw(struct world *w, const struct sp_ulid *id, const char *hash,
                    int *ret_state)
{
        const struct sp_msg_claim c = { sp_str_c(id->c), sp_str_c(hash) };
        struct sp_msg_approval_state s = { .state = 0 };
        struct sp_err e;
        int r = sp_approvals_withdraw(w->t, &c, &s, &e);

        *ret_state = s.state;
        return r;
}

static void what_its_asker_withdrew_is_never_sent(void **state)
{
        struct world *w = world_new(NULL, 16);
        struct sp_ulid pending = must_ask(w, "p:j1", "aa");
        struct sp_ulid approved = must_ask(w, "p:j2", "bb");
        struct sp_ulid in_hand = must_ask(w, "p:j3", "cc");
        struct sp_ulid used = must_ask(w, "p:j4", "dd");
        struct sp_err e;
        int s;

        (void)state;
        /* only for its own request, and only once it has an effect */
        assert_int_equal(withdraw(w, &pending, "bb", &s), -EACCES);
        assert_int_equal(withdraw(w, &pending, "aa", &s), 0);
        assert_int_equal(s, SP_APPROVAL_WITHDRAWN);
        assert_int_equal(withdraw(w, &pending, "aa", &s), 0);
        assert_int_equal(decide(w, &pending, true, 1000, false, &e), -EALREADY);
        /* approved, not sent yet */
        assert_int_equal(decide(w, &approved, true, 1000, false, &e), 0);
        sp_approvals_recorded(w->t, w->ticket, NULL);
        assert_int_equal(withdraw(w, &approved, "bb", &s), 0);
        assert_int_equal(claim(w, &approved, "bb", &e), -EACCES);
        /* while the decision is being recorded: the decision comes too late */
        assert_int_equal(decide(w, &in_hand, true, 1000, false, &e), 0);
        assert_int_equal(withdraw(w, &in_hand, "cc", &s), 0);
        sp_approvals_recorded(w->t, w->ticket, NULL);
        assert_int_equal(w->done_result, -EALREADY);
        assert_int_equal(state_of(w, &in_hand), SP_APPROVAL_WITHDRAWN);
        /* sent already: stays what it is, and says so */
        assert_int_equal(decide(w, &used, true, 1000, false, &e), 0);
        sp_approvals_recorded(w->t, w->ticket, NULL);
        assert_int_equal(claim(w, &used, "dd", &e), 0);
        assert_int_equal(withdraw(w, &used, "dd", &s), 0);
        assert_int_equal(s, SP_APPROVAL_USED);
        world_free(w);
}

static void those_who_may_not_decide_do_not(void **state)
{
        static const struct {
                const char *sentence;
                uid_t uid;
                bool is_guarded;
                int want;
                const char *id;
        } rows[] = {
                { "not the one who asked", 1001, false, -EPERM,
                  "approval.own-request" },
                { "nobody from inside a guarded cgroup", 1000, true, -EPERM,
                  "approval.guarded-caller" },
                { "not even root from inside", 0, true, -EPERM,
                  "approval.guarded-caller" },
                { "somebody else may", 1000, false, 0, "" },
        };
        struct world *w = world_new(NULL, 16);
        struct sp_ulid id = must_ask(w, "p:j1", "aa");

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct sp_err e = { .id = "" };

                SP_CHECK(rows[i].sentence,
                         decide(w, &id, true, rows[i].uid, rows[i].is_guarded, &e) ==
                                 rows[i].want);
                SP_CHECK(rows[i].sentence, strcmp(e.id, rows[i].id) == 0);
        }
        world_free(w);
        /* root asked: root does not approve */
        w = world_new(NULL, 16);
        struct sp_msg_approval m = ask_for("p:j", "aa");
        struct sp_err e;

        m.uid = 0;
        assert_int_equal(sp_approvals_ask(w->t, &m, &id, &e), 0);
        assert_int_equal(decide(w, &id, true, 0, false, &e), -EPERM);
        world_free(w);
}

static void without_a_record_nothing_is_decided(void **state)
{
        struct sp_err e, lost = { .code = -EPIPE, .id = "x", .what = "recorder gone" };
        struct world *w = world_new(NULL, 16);
        struct sp_ulid id = must_ask(w, "p:j1", "aa");

        (void)state;
        w->record_result = -ENOSPC;
        assert_int_equal(decide(w, &id, true, 1000, false, &e), -ENOSPC);
        assert_string_equal(e.id, "approval.not-recorded");
        assert_int_equal(state_of(w, &id), SP_APPROVAL_PENDING);
        w->record_result = 0;
        assert_int_equal(decide(w, &id, true, 1000, false, &e), 0);
        sp_approvals_recorded(w->t, w->ticket, &lost);
        assert_int_equal(w->done_result, -EPIPE);
        assert_string_equal(w->done_id, "approval.not-recorded");
        assert_int_equal(state_of(w, &id), SP_APPROVAL_PENDING);
        w->records_at_once = true; /* and it can still be decided */
        assert_int_equal(decide(w, &id, false, 1000, false, &e), 0);
        assert_int_equal(w->done_result, 0);
        assert_int_equal(state_of(w, &id), SP_APPROVAL_DENIED);
        world_free(w);
}

static void asking_again_gives_the_same_answer(void **state)
{
        struct world *w = world_new(NULL, 2);
        struct sp_msg_approval m = ask_for("p:j1", "bb");
        struct sp_ulid a = must_ask(w, "p:j1", "aa"), b = must_ask(w, "p:j1", "aa"), c;
        struct sp_err e;

        (void)state;
        assert_string_equal(a.c, b.c);
        assert_int_equal(w->new, 1);
        assert_int_equal(sp_approvals_ask(w->t, &m, &c, &e), -EEXIST);
        (void)must_ask(w, "p:j2", "cc"); /* at the limit */
        m = ask_for("p:j3", "dd");
        assert_int_equal(sp_approvals_ask(w->t, &m, &c, &e), -EAGAIN);
        m.session = SP_STR("another"); /* the limit is one session's */
        assert_int_equal(sp_approvals_ask(w->t, &m, &c, &e), 0);
        w->records_at_once = true;
        assert_int_equal(decide(w, &a, false, 1000, false, &e), 0);
        b = must_ask(w, "p:j1", "aa"); /* denied stays denied for the same request */
        assert_string_equal(a.c, b.c);
        m = ask_for("p:j4", "ee"); /* and made room for another */
        assert_int_equal(sp_approvals_ask(w->t, &m, &c, &e), 0);
        world_free(w);
}

static void malformed_requests_are_refused(void **state)
{
        static const struct {
                const char *sentence;
                struct sp_str job, sql, hash;
                uint64_t timeout_us;
        } rows[] = {
                { "no job", SP_STR(""), SP_STR("x"), SP_STR("aa"), 1 },
                { "no hash", SP_STR("p:j"), SP_STR("x"), SP_STR(""), 1 },
                { "no time-out", SP_STR("p:j"), SP_STR("x"), SP_STR("aa"), 0 },
                { "broken UTF-8", SP_STR("p:j"), SP_STR("\xff"), SP_STR("aa"), 1 },
        };
        struct world *w = world_new(NULL, 16);

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct sp_msg_approval m = ask_for("", "");
                struct sp_ulid id;
                struct sp_err e;

                m.job = rows[i].job;
                m.sql = rows[i].sql;
                m.request_hash = rows[i].hash;
                m.timeout_us = rows[i].timeout_us;
                SP_CHECK(rows[i].sentence,
                         sp_approvals_ask(w->t, &m, &id, &e) == -EINVAL);
        }
        assert_int_equal(w->new, 0);
        world_free(w);
}

static void time_ends_what_nobody_decides_or_uses(void **state)
{
        struct world *w = world_new(NULL, 16);
        struct sp_msg_approval m = ask_for("p:j1", "aa");
        struct sp_ulid pending, approved, queued;
        struct sp_err e;

        (void)state;
        w->records_at_once = true;
        m.timeout_us = 20000;
        assert_int_equal(sp_approvals_ask(w->t, &m, &pending, &e), 0);
        m.job = SP_STR("p:j2");
        assert_int_equal(sp_approvals_ask(w->t, &m, &approved, &e), 0);
        assert_int_equal(decide(w, &approved, true, 1000, false, &e), 0);
        m.job = SP_STR("p:j3");
        m.keep_queued = 1;
        assert_int_equal(sp_approvals_ask(w->t, &m, &queued, &e), 0);
        assert_true(sp_approvals_tick(w->t) <= sp_clock_us() + 20000);
        assert_int_equal(state_of(w, &pending), SP_APPROVAL_PENDING);
        usleep(25000);
        /* also before the timer fires */
        assert_int_equal(decide(w, &pending, true, 1000, false, &e), -EALREADY);
        assert_int_equal(claim(w, &approved, "aa", &e), -EACCES);
        assert_true(sp_approvals_tick(w->t) > sp_clock_us() + SP_USEC_PER_SEC);
        assert_int_equal(state_of(w, &pending), SP_APPROVAL_EXPIRED);
        assert_int_equal(state_of(w, &approved), SP_APPROVAL_EXPIRED);
        assert_int_equal(state_of(w, &queued), SP_APPROVAL_PENDING);
        assert_int_equal(claim(w, &approved, "aa", &e), -EACCES);
        world_free(w);
}

static void approvals_live_through_a_restart(void **state)
{
        char dir[] = "/tmp/sp-approvals-XXXXXX", command[64], long_sql[3000];
        struct sp_ulid pending, approved, used;
        struct world *w;
        struct sp_msg_approval m;
        struct sp_err e;

        (void)state;
        assert_non_null(mkdtemp(dir));
        memset(long_sql, 'x', sizeof(long_sql));
        w = world_new(dir, 16);
        w->records_at_once = true;
        m = ask_for("p:j1", "aa");
        m.sql = sp_str(long_sql, sizeof(long_sql));
        assert_int_equal(sp_approvals_ask(w->t, &m, &pending, &e), 0);
        approved = must_ask(w, "p:j2", "bb");
        used = must_ask(w, "p:j3", "cc");
        assert_int_equal(decide(w, &approved, true, 1000, false, &e), 0);
        assert_int_equal(decide(w, &used, true, 1000, false, &e), 0);
        assert_int_equal(claim(w, &used, "cc", &e), 0);
        world_free(w);

        w = world_new(dir, 16);
        w->records_at_once = true;
        assert_int_equal(state_of(w, &pending), SP_APPROVAL_PENDING);
        assert_int_equal(state_of(w, &approved), SP_APPROVAL_APPROVED);
        assert_int_equal(claim(w, &used, "cc", &e), -EALREADY); /* once is once */
        const struct sp_approval *a = sp_approvals_find(w->t, sp_str_c(pending.c));
        assert_true(sp_str_eq(a->ask.sql, m.sql));
        assert_true(sp_str_eq(a->ask.comm, SP_STR("node\\xff\\x0a")));
        a = sp_approvals_find(w->t, sp_str_c(approved.c));
        assert_true(sp_str_eq(a->approver, SP_STR("alice (uid 1000)")));
        assert_int_equal(decide(w, &pending, false, 1000, false, &e), 0);
        assert_int_equal(claim(w, &approved, "bb", &e), 0);
        world_free(w);

        /* a damaged file is not an approval */
        (void)snprintf(command, sizeof(command), "truncate -s 40 %s/*", dir);
        assert_int_equal(system(command), 0);
        w = world_new(dir, 16);
        assert_null(sp_approvals_next(w->t, NULL));
        world_free(w);
        (void)snprintf(command, sizeof(command), "rm -rf '%s'", dir);
        assert_int_equal(system(command), 0);
}

static void the_record_says_who_decided_what(void **state)
{
        sp_cleanup(sp_arena_done) struct sp_arena arena = SP_ARENA_INIT(65536);
        struct world *w = world_new(NULL, 16);
        struct sp_ulid id = must_ask(w, "p:j1", "aa");
        struct sp_json *j;
        struct sp_err e;

        (void)state;
        assert_int_equal(decide(w, &id, true, 1000, false, &e), 0);
        assert_int_equal(sp_json_parse(&arena, sp_str_c(w->last_record), &j, &e), 0);
        assert_true(sp_str_eq(sp_json_get_str(j, "type"), SP_STR("approval")));
        assert_true(sp_str_eq(sp_json_get_str(j, "event"), SP_STR("approved")));
        assert_true(sp_str_eq(sp_json_get_str(j, "session"), SP_STR("01SESSION")));
        assert_true(
                sp_str_eq(sp_json_get_str(j, "approver"), SP_STR("alice (uid 1000)")));
        assert_true(sp_str_eq(sp_json_get_str(j, "reason"), SP_STR("ticket 7")));
        assert_true(sp_str_eq(sp_json_get_str(j, "request_hash"), SP_STR("aa")));
        assert_int_equal(sp_json_get(j, "resources")->count, 2);
        world_free(w); /* the decision under way is told that it failed */
}

static void old_ones_make_room_but_live_ones_stay(void **state)
{
        struct world *w = world_new(NULL, SP_APPROVALS_MAX + 10);
        struct sp_msg_approval m = ask_for("", "aa");
        struct sp_ulid id, first;
        struct sp_err e;
        char job[16];

        (void)state;
        w->records_at_once = true;
        for (int i = 0; i < SP_APPROVALS_MAX; i++) {
                (void)snprintf(job, sizeof(job), "p:%d", i);
                m.job = sp_str_c(job);
                assert_int_equal(sp_approvals_ask(w->t, &m, &id, &e), 0);
                if (i == 0)
                        first = id;
        }
        m.job = SP_STR("p:one-more");
        assert_int_equal(sp_approvals_ask(w->t, &m, &id, &e), -EAGAIN);
        assert_int_equal(decide(w, &first, false, 1000, false, &e), 0);
        assert_int_equal(sp_approvals_ask(w->t, &m, &id, &e), 0);
        assert_int_equal(state_of(w, &first), -ENOENT);
        assert_int_equal(w->gone, 1);
        world_free(w);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_approval_serves_one_request_once),
                cmocka_unit_test(what_its_asker_withdrew_is_never_sent),
                cmocka_unit_test(those_who_may_not_decide_do_not),
                cmocka_unit_test(without_a_record_nothing_is_decided),
                cmocka_unit_test(asking_again_gives_the_same_answer),
                cmocka_unit_test(malformed_requests_are_refused),
                cmocka_unit_test(time_ends_what_nobody_decides_or_uses),
                cmocka_unit_test(approvals_live_through_a_restart),
                cmocka_unit_test(the_record_says_who_decided_what),
                cmocka_unit_test(old_ones_make_room_but_live_ones_stay),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
