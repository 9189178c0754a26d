/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/worker/worker.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>

#include "daemon/base/log.h"
#include "daemon/roles/gcm.h"
#include "daemon/roles/ports.h"
#include "daemon/roles/sandbox.h"
#include "daemon/worker/bill.h"
#include "daemon/worker/flow.h"
#include "daemon/worker/held.h"
#include "daemon/worker/record.h"

#define SETTINGS_MAX (1024 * 1024)
#define POLICY_MAX (16 * 1024 * 1024)

/* ---- what the front asks ---- */

static void on_request(void *userdata, struct sp_exchange *x)
{
        sp_flow_start(userdata, x);
}

struct leaf_question {
        sp_leaf_fn done;
        void *done_data;
};

static void on_leaf(void *userdata, int err, const struct sp_err *e,
                    struct sp_str payload)
{
        struct leaf_question *q = userdata;
        struct sp_msg_leaf m = { 0 };

        (void)e;
        if (err == 0)
                err = sp_msg_read_leaf(payload, &m);
        q->done(q->done_data, err, m.chain_pem, m.key_pem);
        free(q);
}

static void get_leaf(void *userdata, struct sp_str sni, sp_leaf_fn done,
                     void *done_data)
{
        struct sp_worker *w = userdata;
        sp_autobuf b = SP_BUF_INIT(1024);
        struct sp_wire_out out = SP_WIRE_OUT(&b);
        struct leaf_question *q = malloc(sizeof(*q));
        int r = q ? 0 : -ENOMEM;

        sp_wire_put_str(&out, sni);
        if (r == 0)
                r = out.error;
        if (r == 0) {
                *q = (struct leaf_question){ done, done_data };
                r = sp_link_ask(&w->warden, SP_MSG_LEAF_GET, sp_buf_str(&b), on_leaf,
                                q);
        }
        if (r < 0) {
                free(q);
                done(done_data, r, SP_STR_NULL, SP_STR_NULL);
        }
}

static void on_connection(void *userdata, const struct sp_origin *origin,
                          struct sp_str name, const char *why)
{
        sp_record_connection(userdata, origin, name, why);
}

/* ---- what the warden sends ---- */

static int take_settings(struct sp_worker *w, int fd)
{
        const struct sp_front_hooks hooks = { w, on_request, get_leaf, on_connection };
        sp_autobuf text = SP_BUF_INIT(SETTINGS_MAX);
        struct sp_err e;
        int r = sp_memfd_read(fd, SETTINGS_MAX, &text);

        if (r == 0)
                r = sp_settings_parse(&w->settings_arena, "settings", sp_buf_str(&text),
                                      &w->settings, &e);
        if (r == 0)
                r = sp_upstream_new(&w->loop, &w->settings, &w->upstream);
        if (r == 0)
                r = sp_front_new(&w->loop, &w->settings, &hooks, &w->front);
        if (r < 0)
                return r;
        sp_access_init(&w->access, &w->warden, w->upstream);
        w->schemas =
                (struct sp_schemas){ .access = &w->access, .upstream = w->upstream };
        w->has_settings = true;
        return 0;
}

static int take_policy(struct sp_worker *w, int fd)
{
        sp_autobuf packed = SP_BUF_INIT(POLICY_MAX);
        struct sp_arena a = SP_ARENA_INIT(POLICY_MAX);
        struct sp_policy_file *files;
        struct sp_policy *p;
        struct sp_err e;
        size_t n;
        int r = sp_memfd_read(fd, POLICY_MAX, &packed);

        if (r == 0)
                r = sp_policy_unpack(&a, sp_buf_str(&packed), &files, &n);
        if (r == 0)
                r = sp_policy_load(files, n, NULL, 0, &p, &e);
        sp_arena_done(&a);
        if (r < 0)
                return r;
        (void)sp_policy_unref(w->policy);
        w->policy = p;
        return 0;
}

static int take_listener(struct sp_worker *w, struct sp_str payload, int *fd)
{
        struct sp_wire_in in = SP_WIRE_IN(payload);
        uint8_t is_metadata = sp_wire_u8(&in);
        uint64_t network = sp_wire_u64(&in);

        if (sp_wire_end(&in) < 0 || *fd < 0)
                return -EBADMSG;
        if (w->is_draining) /* it was on its way */
                return 0;
        return sp_front_listen(w->front, SP_TAKE_FD(*fd), is_metadata, network);
}

static int take_listeners_back(struct sp_worker *w, struct sp_str payload)
{
        struct sp_wire_in in = SP_WIRE_IN(payload);
        uint64_t network = sp_wire_u64(&in);

        if (sp_wire_end(&in) < 0)
                return -EBADMSG;
        sp_front_unlisten(w->front, network);
        return 0;
}

static int confine(const struct sp_worker *w, int *ret_abi, struct sp_err *reterr)
{
        const struct sp_settings *s = &w->settings;
        uint16_t ports[SP_PORTS_MAX];
        const struct sp_reach reach = {
                .ca_file = s->upstream.ca_file.n ? s->upstream.ca_file.p : NULL,
                .ports = ports,
                .n_ports = sp_ports_of_upstream(s, ports),
                .is_any_port = s->egress_splice, /* to wherever the agent connects */
                .reads_system = true,
        };

        return sp_sandbox_worker(&reach, ret_abi, reterr);
}

static int start(struct sp_worker *w)
{
        struct sp_err e;
        int abi, r;

        if (!w->policy || !w->recorder.is_open)
                return -EPROTO;
        r = confine(w, &abi, &e);
        if (r < 0)
                sp_log_err(SP_LOG_ERR, &e, "the worker cannot be confined");
        else
                sp_log(abi ? SP_LOG_INFO : SP_LOG_WARNING,
                       "worker %u is ready (Landlock %d)", w->index, abi);
        return r;
}

static void answer_metrics(struct sp_worker *w, uint64_t id)
{
        static const struct sp_front_counters none;
        sp_autobuf text = SP_BUF_INIT(256 * 1024);
        sp_autobuf b = SP_BUF_INIT(256 * 1024);
        struct sp_wire_out out = SP_WIRE_OUT(&b);
        const struct sp_front_counters *f =
                w->front ? sp_front_counters(w->front) : &none;

        if (sp_metrics_write(&w->metrics, f, &text) < 0)
                sp_buf_clear(&text);
        sp_msg_put_metrics(&out, &(struct sp_msg_metrics){ sp_buf_str(&text) });
        sp_link_answer(&w->warden, id, out.error == 0 ? sp_buf_str(&b) : SP_STR_NULL);
}

static void on_drained(void *userdata)
{
        struct sp_worker *w = userdata;

        uv_stop(&w->loop);
}

static int drain(struct sp_worker *w)
{
        w->is_draining = true;
        sp_held_drain(w);
        sp_front_drain(w->front, on_drained);
        return 0;
}

static int dispatch(struct sp_worker *w, struct sp_ipc_msg *m)
{
        struct sp_msg_approval_state decided;
        int r;

        if (m->type == SP_MSG_SETTINGS)
                return w->has_settings ? -EPROTO : take_settings(w, m->fd);
        if (!w->has_settings)
                return -EPROTO;
        switch (m->type) {
        case SP_MSG_POLICY:
                return take_policy(w, m->fd);
        case SP_MSG_RECORDER:
                return sp_link_open(&w->recorder, &w->loop, SP_TAKE_FD(m->fd));
        case SP_MSG_LISTENER:
                return take_listener(w, m->payload, &m->fd);
        case SP_MSG_UNLISTEN:
                return take_listeners_back(w, m->payload);
        case SP_MSG_ORIGINS:
                sp_front_set_origins(w->front, SP_TAKE_FD(m->fd));
                return 0;
        case SP_MSG_START:
                return start(w);
        case SP_MSG_APPROVAL_DECIDED:
                r = sp_msg_read_approval_state(m->payload, &decided);
                if (r == 0)
                        sp_held_decided(w, &decided);
                return r;
        case SP_MSG_DRAIN:
                return drain(w);
        case SP_MSG_METRICS_GET:
                answer_metrics(w, m->id);
                return 0;
        case SP_MSG_PING:
                sp_link_answer(&w->warden, m->id, SP_STR_NULL);
                return 0;
        default:
                return -EPROTO;
        }
}

static void on_push(void *userdata, struct sp_ipc_msg *m)
{
        struct sp_worker *w = userdata;
        int r = dispatch(w, m);

        if (r == 0)
                return;
        /* the warden checked all of it before: something is badly wrong, start afresh */
        sp_log(SP_LOG_ERR, "message %u from the warden cannot be used: %s", m->type,
               strerror(-r));
        w->exit_code = 1;
        uv_stop(&w->loop);
}

static void on_warden_lost(void *userdata)
{
        struct sp_worker *w = userdata;

        uv_stop(&w->loop);
}

static void on_recorder_lost(void *userdata)
{
        (void)userdata; /* the warden sends a new channel; until then nothing is forwarded */
        sp_log(SP_LOG_WARNING,
               "the recorder is away: requests are refused until it is back");
}

static void close_handle(uv_handle_t *h, void *arg)
{
        (void)arg;
        if (!uv_is_closing(h))
                uv_close(h, NULL);
}

static void done(struct sp_worker *w)
{
        if (w->front)
                w->front = sp_front_free(w->front);
        w->upstream = sp_upstream_free(w->upstream);
        sp_link_close(&w->recorder);
        sp_link_close(&w->warden);
        sp_held_done(w);
        sp_identities_clear(&w->identities);
        sp_schemas_clear(&w->schemas);
        if (w->has_settings)
                sp_access_done(&w->access);
        sp_bill_done(w);
        w->policy = sp_policy_unref(w->policy);
        (void)uv_run(&w->loop, UV_RUN_NOWAIT);
        uv_walk(&w->loop, close_handle, NULL);
        (void)uv_run(&w->loop, UV_RUN_NOWAIT);
        (void)uv_loop_close(&w->loop);
        sp_arena_done(&w->settings_arena);
}

static void choose_aes(void)
{
        int r = sp_gcm_prefer(false);

        if (r == -EBADMSG)
                sp_log(SP_LOG_ERR,
                       "libIPSec_MB does not encrypt as OpenSSL does: it is "
                       "not used");
        else
                sp_log(SP_LOG_DEBUG, "AES-GCM: %s", r == 0 ? "libIPSec_MB" : "OpenSSL");
}

int sp_worker_main(int warden_fd, unsigned index)
{
        struct sp_worker w = { .index = index,
                               .settings_arena = SP_ARENA_INIT(4 * SETTINGS_MAX) };

        choose_aes();
        if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || uv_loop_init(&w.loop) < 0) {
                sp_log(SP_LOG_ERR, "the event loop cannot be made");
                return 1;
        }
        w.warden.on_push = on_push;
        w.warden.on_lost = on_warden_lost;
        w.warden.userdata = &w;
        w.recorder.on_lost = on_recorder_lost;
        w.recorder.userdata = &w;
        if (sp_link_open(&w.warden, &w.loop, warden_fd) < 0)
                w.exit_code = 1;
        else
                (void)uv_run(&w.loop, UV_RUN_DEFAULT);
        done(&w);
        curl_global_cleanup();
        return w.exit_code;
}
