/* SPDX-License-Identifier: Apache-2.0 */
/* jobs.list shows whoever asks the jobs that are theirs, as the recorder knows them. */
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/worker/joblist.h"

#define REF(id) "{\"jobReference\":{\"projectId\":\"p\",\"jobId\":\"" id "\"}}"

static const struct sp_principal ann = { .workload = SP_STR("ci"),
                                         .iss = SP_STR("i"),
                                         .sub = SP_STR("ann") };

struct fixture {
        struct sp_worker w;
        struct sp_ipc recorder;
        struct sp_arena arena;
        struct sp_joblist list;
        const struct sp_job *parent;
        unsigned asked, called;
        int err;
};

static void done(void *userdata, int err)
{
        struct fixture *f = userdata;

        f->called++;
        f->err = err;
}

static void begin(struct fixture *f)
{
        int fds[2];

        memset(f, 0, sizeof(*f));
        f->arena = SP_ARENA_INIT(1 << 22);
        assert_int_equal(uv_loop_init(&f->w.loop), 0);
        assert_int_equal(sp_ipc_pair(fds), 0);
        assert_int_equal(sp_link_open(&f->w.recorder, &f->w.loop, fds[0]), 0);
        sp_ipc_init(&f->recorder, fds[1]);
}

static void end(struct fixture *f)
{
        sp_link_close(&f->w.recorder);
        while (uv_run(&f->w.loop, UV_RUN_NOWAIT))
                ;
        assert_int_equal(uv_loop_close(&f->w.loop), 0);
        sp_ipc_done(&f->recorder);
        sp_arena_done(&f->arena);
}

/* What the recorder knows: mine-… is Ann's, other-… somebody else's, bad-… unreadable, fail-… cannot
 * be read now; anything else is not known. */
static void answer(struct fixture *f, const struct sp_ipc_msg *m)
{
        sp_autobuf fact = SP_BUF_INIT(4096), out = SP_BUF_INIT(8192);
        struct sp_wire_in in = SP_WIRE_IN(m->payload);
        struct sp_wire_out w = SP_WIRE_OUT(&out);
        struct sp_str key, space = sp_wire_str(&in);
        struct sp_job j = { .project = SP_STR("p"),
                            .workload = ann.workload,
                            .iss = ann.iss,
                            .sub = ann.sub,
                            .sql = SP_STR("SELECT 1"),
                            .created_ms = 1 };
        struct sp_err e = SP_ERR_NULL;

        key = sp_wire_str(&in);
        assert_int_equal(m->type, SP_MSG_RECALL);
        assert_true(sp_str_eq(space, SP_STR(SP_JOB_SPACE)));
        f->asked++;
        j.id = sp_str_sub(key, 2, key.n);
        if (sp_str_starts(j.id, SP_STR("mine-eu")))
                j.location = SP_STR("EU");
        if (sp_str_starts(j.id, SP_STR("other-")))
                j.sub = SP_STR("bob");
        if (sp_str_starts(j.id, SP_STR("bad-"))) {
                sp_wire_put_str(&w, SP_STR("no job"));
        } else if (sp_str_starts(j.id, SP_STR("mine-")) ||
                   sp_str_starts(j.id, SP_STR("other-"))) {
                assert_int_equal(sp_job_write(&j, &fact), 0);
                sp_wire_put_str(&w, sp_buf_str(&fact));
        } else {
                bool is_failing = sp_str_starts(j.id, SP_STR("fail-"));

                (void)sp_err_set(&e, is_failing ? -EIO : -ENOENT, "record.not-found",
                                 "", "x");
                assert_int_equal(sp_msg_answer_error(&f->recorder, m->id, &e), 0);
                return;
        }
        assert_int_equal(sp_msg_answer(&f->recorder, m->id, &out), 0);
}

static int ask(struct fixture *f, struct sp_str body, bool is_gone)
{
        int r = sp_joblist_ask(&f->list, &f->w, &f->arena, &ann, f->parent, body, done,
                               f);

        if (is_gone)
                sp_ipc_done(&f->recorder);
        for (int turn = 0; r == 0 && !f->called && turn < 1000; turn++) {
                struct sp_ipc_msg m;

                (void)uv_run(&f->w.loop, UV_RUN_NOWAIT);
                while (!is_gone && sp_ipc_recv(&f->recorder, &m) == 1)
                        answer(f, &m);
        }
        return r;
}

static void only_the_askers_jobs_are_kept(void **state sp_unused)
{
        struct fixture f;
        struct sp_answer_own own = { 0 };

        begin(&f);
        assert_int_equal(
                ask(&f,
                    SP_STR("{\"jobs\":[" REF("other-1") "," REF("mine-1") ",{},7," REF(
                            "unknown") "," REF("mine-eu") ",{\"jobReference\":{"
                                                          "\"jobId\":\"mine-9\"}}]}"),
                    false),
                0);
        assert_int_equal(f.called, 1);
        assert_int_equal(f.err, 0);
        assert_int_equal(f.asked, 4);
        assert_int_equal(f.list.n, 2);
        assert_true(sp_joblist_own(&f.list, SP_STR("p:mine-1"), SP_STR("US"), &own));
        assert_true(sp_str_eq(own.sql, SP_STR("SELECT 1")));
        assert_false(own.is_rewritten);
        assert_true(sp_joblist_own(&f.list, SP_STR("p:mine-eu"), SP_STR("eu"), &own));
        assert_false(sp_joblist_own(&f.list, SP_STR("p:mine-eu"), SP_STR("US"), &own));
        assert_false(sp_joblist_own(&f.list, SP_STR("p:other-1"), SP_STR("US"), &own));
        assert_false(sp_joblist_own(&f.list, SP_STR("p:unknown"), SP_STR("US"), &own));
        assert_false(sp_joblist_own(&f.list, SP_STR("q:mine-1"), SP_STR("US"), &own));
        assert_false(sp_joblist_own(&f.list, SP_STR("p:mine-"), SP_STR("US"), &own));
        end(&f);
}

static void what_cannot_be_told_is_an_error_of_the_list(void **state sp_unused)
{
        static const struct {
                const char *sentence, *body;
                bool is_gone;
                int r, err;
        } rows[] = {
                { "no jobs", "{}", false, 1, 0 },
                { "an empty list", "{\"jobs\":[]}", false, 1, 0 },
                { "nothing that can be asked about", "{\"jobs\":[{},null]}", false, 1,
                  0 },
                { "no JSON", "<html>", false, -EBADMSG, 0 },
                { "no list", "{\"jobs\":{}}", false, -EBADMSG, 0 },
                { "a recorder that cannot read", "{\"jobs\":[" REF("fail-1") "]}",
                  false, 0, -EIO },
                { "a fact that is none",
                  "{\"jobs\":[" REF("mine-1") "," REF("bad-1") "]}", false, 0,
                  -EBADMSG },
                { "a recorder that is gone", "{\"jobs\":[" REF("mine-1") "]}", true, 0,
                  -EPIPE },
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct fixture f;
                int r;

                begin(&f);
                r = ask(&f, sp_str_c(rows[i].body), rows[i].is_gone);
                if (r != rows[i].r || f.err != rows[i].err)
                        print_message("%s: %d %d\n", rows[i].sentence, r, f.err);
                SP_CHECK(rows[i].sentence, r == rows[i].r);
                SP_CHECK(rows[i].sentence, f.called == (r == 0));
                SP_CHECK(rows[i].sentence, f.err == rows[i].err);
                end(&f);
        }
}

/* The upstream was asked for at most so many; what it sends beyond is nobody's. */
static void no_more_than_a_page_is_asked_about(void **state sp_unused)
{
        sp_autobuf b = SP_BUF_INIT(1 << 16);
        struct sp_answer_own own;
        struct fixture f;

        begin(&f);
        assert_int_equal(sp_buf_add(&b, SP_STR("{\"jobs\":[")), 0);
        for (int i = 0; i < SP_CALL_LIST_JOBS_MAX + 5; i++)
                assert_int_equal(sp_buf_addf(&b,
                                             "%s{\"jobReference\":{\"projectId\":\"p\","
                                             "\"jobId\":\"mine-%d\"}}",
                                             i ? "," : "", i),
                                 0);
        assert_int_equal(sp_buf_add(&b, SP_STR("]}")), 0);
        assert_int_equal(ask(&f, sp_buf_str(&b), false), 0);
        assert_int_equal(f.called, 1);
        assert_int_equal(f.asked, SP_CALL_LIST_JOBS_MAX);
        assert_int_equal(f.list.n, SP_CALL_LIST_JOBS_MAX);
        assert_false(sp_joblist_own(&f.list, SP_STR("p:mine-103"), SP_STR_NULL, &own));
        end(&f);
}

static void the_children_of_ones_own_script_are_ones_own(void **state sp_unused)
{
        const struct sp_job parent = { .project = SP_STR("p"),
                                       .id = SP_STR("mine-1"),
                                       .location = SP_STR("EU"),
                                       .workload = ann.workload,
                                       .iss = ann.iss,
                                       .sub = ann.sub,
                                       .sql = SP_STR("SELECT 1; SELECT 2"),
                                       .is_rewritten = true };
        struct sp_answer_own own = { 0 };
        struct fixture f;

#define CHILD(id, project, parent, location)                                           \
        "{\"jobReference\":{\"projectId\":\"" project "\",\"jobId\":\"" id             \
        "\",\"location\":\"" location "\"},\"statistics\":{\"parentJobId\":\"" parent  \
        "\"}}"
        begin(&f);
        f.parent = &parent;
        assert_int_equal(
                ask(&f,
                    SP_STR("{\"jobs\":[" CHILD("a", "p", "mine-1", "EU") "," CHILD(
                            "b", "p", "mine-2",
                            "EU") "," CHILD("c", "q", "mine-1",
                                            "EU") "," CHILD("d", "p", "mine-1",
                                                            "US") "," REF("mine-3") "]"
                                                                                    "}"),
                    false),
                1);
        assert_int_equal(f.asked, 0);
        assert_int_equal(f.list.n, 1);
        assert_true(sp_joblist_own(&f.list, SP_STR("p:a"), SP_STR("EU"), &own));
        assert_true(own.is_rewritten);
        assert_true(sp_str_eq(own.sql, parent.sql));
        for (const char *other = "bcd"; *other; other++) {
                char id[] = { 'p', ':', *other, 0 };

                assert_false(sp_joblist_own(&f.list, sp_str_c(id), SP_STR("EU"), &own));
        }
        end(&f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_children_of_ones_own_script_are_ones_own),
                cmocka_unit_test(only_the_askers_jobs_are_kept),
                cmocka_unit_test(what_cannot_be_told_is_an_error_of_the_list),
                cmocka_unit_test(no_more_than_a_page_is_asked_about),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
