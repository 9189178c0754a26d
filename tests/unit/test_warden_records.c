/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/warden/state.h"

struct desk {
        struct sp_warden w;
        struct sp_ipc recorder_end;
};

static void desk_init(struct desk *d)
{
        memset(d, 0, sizeof(*d));
        d->w.recorder.launch.role = "recorder";
}

static void recorder_comes(struct desk *d)
{
        int pair[2];

        assert_int_equal(sp_ipc_pair(pair), 0);
        sp_ipc_init(&d->w.recorder.ipc, pair[0]);
        sp_ipc_init(&d->recorder_end, pair[1]);
        d->w.recorder.has_channel = d->w.recorder.is_open = true;
}

static void desk_done(struct desk *d)
{
        if (d->w.recorder.has_channel) {
                sp_child_done(&d->w.recorder);
                sp_ipc_done(&d->recorder_end);
        }
        sp_record_forget_unsent(&d->w);
        assert_null(d->w.unsent);
        assert_int_equal(d->w.unsent_bytes, 0);
}

/* The text of the next record that the recorder is sent; "" for none. */
static void next_record(struct desk *d, char *ret, size_t n)
{
        struct sp_ipc_msg m;

        ret[0] = 0;
        if (sp_ipc_recv(&d->recorder_end, &m) == 1) {
                struct sp_wire_in in = SP_WIRE_IN(m.payload);
                struct sp_str text = sp_wire_str(&in);

                assert_int_equal(m.type, SP_MSG_RECORD);
                (void)snprintf(ret, n, "%.*s", SP_FMT(text));
        }
}

static void records_wait_for_the_recorder_and_keep_their_order(void **state)
{
        struct desk d;
        char text[512];

        (void)state;
        desk_init(&d);
        sp_record_mask_key(&d.w, "first");
        sp_record_mask_key(&d.w, "second");
        recorder_comes(&d);
        next_record(&d, text, sizeof(text));
        assert_string_equal(text, "");
        sp_record_unsent(&d.w);
        sp_record_mask_key(&d.w, "third");
        next_record(&d, text, sizeof(text));
        assert_non_null(strstr(text, "\"first\""));
        assert_non_null(strstr(text, "\"time\":\""));
        next_record(&d, text, sizeof(text));
        assert_non_null(strstr(text, "\"second\""));
        next_record(&d, text, sizeof(text));
        assert_non_null(strstr(text, "\"third\""));
        sp_record_unsent(&d.w); /* nothing twice */
        next_record(&d, text, sizeof(text));
        assert_string_equal(text, "");
        desk_done(&d);
}

static void on_recorded(struct sp_warden *w, uint64_t ticket, const struct sp_err *e)
{
        (void)w, (void)ticket, (void)e;
        fail_msg("told of a record that was never taken");
}

static void what_somebody_waits_for_fails_at_once(void **state)
{
        struct desk d;

        (void)state;
        desk_init(&d);
        assert_int_equal(sp_record_json(&d.w, SP_STR("{}"), 1, on_recorded), -EPIPE);
        assert_null(d.w.unsent);
        desk_done(&d);
}

static void what_waits_is_bounded(void **state)
{
        const size_t n = 64 * 1024;
        char *json = malloc(n);
        struct desk d;

        (void)state;
        assert_non_null(json);
        memset(json, 'x', n);
        desk_init(&d);
        for (int i = 0; i < 16; i++)
                assert_int_equal(sp_record_json(&d.w, sp_str(json, n), 0, NULL), 0);
        assert_int_equal(sp_record_json(&d.w, SP_STR("x"), 0, NULL), -ENOBUFS);
        desk_done(&d);
        desk_init(&d);
        d.w.is_stopping = true; /* nobody will come any more */
        assert_int_equal(sp_record_json(&d.w, SP_STR("x"), 0, NULL), -EPIPE);
        desk_done(&d);
        free(json);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(records_wait_for_the_recorder_and_keep_their_order),
                cmocka_unit_test(what_somebody_waits_for_fails_at_once),
                cmocka_unit_test(what_waits_is_bounded),
        };

        sp_log_init("test", 0);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
