/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/verifier/verifier.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>

#include "daemon/base/log.h"
#include "daemon/roles/links.h"
#include "daemon/roles/ports.h"
#include "daemon/roles/sandbox.h"
#include "daemon/verifier/issuers.h"

#define SETTINGS_MAX (1024 * 1024)
#define JWKS_MAX (1024 * 1024)
#define QUESTION_ARENA (1024 * 1024)
/* An issuer is asked twice, for its document and its keys; the warden waits for both. */
#define FETCH_US (8 * SP_USEC_PER_SEC)

struct verifier {
        uv_loop_t loop;
        struct sp_link warden;
        struct sp_arena arena; /* of the settings */
        struct sp_settings settings;
        struct sp_upstream *upstream;
        struct sp_issuers issuers;
        bool has_settings, is_started;
        uint64_t verified, refused;
        int exit_code;
};

/* ---- the question ---- */

struct question {
        struct verifier *v;
        uint64_t id;
        struct sp_arena arena; /* the token, and what it says */
};

static int answer(const struct question *q, const struct sp_person *p)
{
        sp_autobuf groups = SP_BUF_INIT(SP_ID_TOKEN_MAX);
        sp_autobuf b = SP_BUF_INIT(4 * SP_ID_TOKEN_MAX);
        struct sp_wire_out w = SP_WIRE_OUT(&b);
        struct sp_msg_person m = { p->iss, p->sub, p->email, SP_STR_NULL,
                                   p->expires_s };
        int r = sp_msg_join_groups(&groups, p->groups, p->n_groups);

        m.groups = sp_buf_str(&groups);
        sp_msg_put_person(&w, &m);
        if (r == 0)
                r = w.error;
        if (r == 0)
                sp_link_answer(&q->v->warden, q->id, sp_buf_str(&b));
        return r;
}

static void on_verified(void *userdata, const struct sp_person *p,
                        const struct sp_err *e)
{
        struct question *q = userdata;
        struct sp_err mine;

        if (p && answer(q, p) < 0) {
                (void)sp_err_set(&mine, -ENOMEM, "identity.fault", "", "out of memory");
                p = NULL;
                e = &mine;
        }
        if (p) {
                q->v->verified++;
        } else {
                q->v->refused++;
                sp_link_refuse(&q->v->warden, q->id, e);
        }
        sp_arena_done(&q->arena);
        free(q);
}

static int verify(struct verifier *v, const struct sp_ipc_msg *m)
{
        struct sp_wire_in in = SP_WIRE_IN(m->payload);
        struct sp_str token = sp_wire_str(&in);
        struct question *q;

        if (sp_wire_end(&in) < 0 || !m->id || !v->is_started)
                return -EPROTO;
        q = calloc(1, sizeof(*q));
        if (!q)
                return -ENOMEM;
        *q = (struct question){ v, m->id, SP_ARENA_INIT(QUESTION_ARENA) };
        token = sp_arena_str(&q->arena, token);
        if (!token.p) {
                free(q);
                return -ENOMEM;
        }
        sp_issuers_verify(&v->issuers, &q->arena, token, on_verified, q);
        return 0;
}

/* ---- what the warden sends ---- */

static int take_settings(struct verifier *v, int fd)
{
        sp_autobuf text = SP_BUF_INIT(SETTINGS_MAX);
        struct sp_err e;
        int r = v->has_settings ? -EPROTO : sp_memfd_read(fd, SETTINGS_MAX, &text);

        if (r == 0)
                r = sp_settings_parse(&v->arena, "settings", sp_buf_str(&text),
                                      &v->settings, &e);
        if (r == 0) {
                v->settings.upstream.timeout_us =
                        SP_MIN(v->settings.upstream.timeout_us, FETCH_US);
                r = sp_upstream_new(&v->loop, &v->settings, &v->upstream);
        }
        if (r == 0)
                r = sp_issuers_init(&v->issuers, &v->settings, v->upstream);
        v->has_settings = r == 0;
        return r;
}

static int take_keys(struct verifier *v, struct sp_str payload, int fd)
{
        sp_autobuf text = SP_BUF_INIT(JWKS_MAX);
        struct sp_wire_in in = SP_WIRE_IN(payload);
        struct sp_str issuer = sp_wire_str(&in);
        struct sp_err e;
        int r = v->has_settings ? sp_wire_end(&in) : -EPROTO;

        if (r == 0)
                r = sp_memfd_read(fd, JWKS_MAX, &text);
        if (r < 0)
                return r;
        /* a file that is no key set: the keys before it stay, the other issuers go on */
        if (sp_issuers_set(&v->issuers, issuer, sp_buf_str(&text), &e) < 0)
                sp_log_err(SP_LOG_ERR, &e, "an issuer's keys");
        return 0;
}

static int start(struct verifier *v)
{
        uint16_t ports[SP_PORTS_MAX];
        const struct sp_settings *s = &v->settings;
        const struct sp_reach reach = {
                .ca_file = s->upstream.ca_file.n ? s->upstream.ca_file.p : NULL,
                .ports = ports,
                .n_ports = sp_ports_of_issuers(s, ports),
                .reads_system = true,
        };
        struct sp_err e;
        int abi, r;

        if (!v->has_settings || v->is_started)
                return -EPROTO;
        r = sp_sandbox_verifier(&reach, &abi, &e);
        if (r < 0) {
                sp_log_err(SP_LOG_ERR, &e, "the verifier cannot be confined");
                return r;
        }
        sp_log(abi ? SP_LOG_INFO : SP_LOG_WARNING,
               "the verifier is ready (Landlock %d)", abi);
        v->is_started = true;
        return 0;
}

static int answer_metrics(struct verifier *v, uint64_t id)
{
        sp_autobuf text = SP_BUF_INIT(4096);
        sp_autobuf b = SP_BUF_INIT(8192);
        struct sp_wire_out w = SP_WIRE_OUT(&b);
        int r = sp_buf_addf(
                &text,
                "# HELP sallyport_id_tokens_total ID tokens of persons that "
                "were looked at.\n"
                "# TYPE sallyport_id_tokens_total counter\n"
                "sallyport_id_tokens_total{outcome=\"verified\"} %llu\n"
                "sallyport_id_tokens_total{outcome=\"refused\"} %llu\n",
                (unsigned long long)v->verified, (unsigned long long)v->refused);

        sp_msg_put_metrics(&w, &(struct sp_msg_metrics){ sp_buf_str(&text) });
        if (r == 0)
                r = w.error;
        if (r == 0)
                sp_link_answer(&v->warden, id, sp_buf_str(&b));
        return r;
}

static int dispatch(struct verifier *v, const struct sp_ipc_msg *m)
{
        switch (m->type) {
        case SP_MSG_SETTINGS:
                return take_settings(v, m->fd);
        case SP_MSG_JWKS:
                return take_keys(v, m->payload, m->fd);
        case SP_MSG_START:
                return start(v);
        case SP_MSG_VERIFY:
                return verify(v, m);
        case SP_MSG_METRICS_GET:
                return answer_metrics(v, m->id);
        case SP_MSG_PING:
                sp_link_answer(&v->warden, m->id, SP_STR_NULL);
                return 0;
        default:
                return -EPROTO;
        }
}

static void on_push(void *userdata, struct sp_ipc_msg *m)
{
        struct verifier *v = userdata;
        int r = dispatch(v, m);

        if (r == 0)
                return;
        sp_log(SP_LOG_ERR, "message %u from the warden cannot be used: %s", m->type,
               strerror(-r));
        v->exit_code = 1;
        uv_stop(&v->loop);
}

static void on_warden_lost(void *userdata)
{
        struct verifier *v = userdata;

        uv_stop(&v->loop);
}

static void close_handle(uv_handle_t *h, void *arg)
{
        (void)arg;
        if (!uv_is_closing(h))
                uv_close(h, NULL);
}

static void done(struct verifier *v)
{
        sp_link_close(&v->warden);
        if (v->has_settings)
                sp_issuers_done(&v->issuers);
        v->upstream = sp_upstream_free(v->upstream);
        (void)uv_run(&v->loop, UV_RUN_NOWAIT);
        uv_walk(&v->loop, close_handle, NULL);
        (void)uv_run(&v->loop, UV_RUN_NOWAIT);
        (void)uv_loop_close(&v->loop);
        sp_arena_done(&v->arena);
}

int sp_verifier_main(int warden_fd)
{
        struct verifier v = { .arena = SP_ARENA_INIT(4 * SETTINGS_MAX) };

        if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || uv_loop_init(&v.loop) < 0) {
                sp_log(SP_LOG_ERR, "the event loop cannot be made");
                return 1;
        }
        v.warden.on_push = on_push;
        v.warden.on_lost = on_warden_lost;
        v.warden.userdata = &v;
        if (sp_link_open(&v.warden, &v.loop, warden_fd) < 0)
                v.exit_code = 1;
        else
                (void)uv_run(&v.loop, UV_RUN_DEFAULT);
        done(&v);
        curl_global_cleanup();
        return v.exit_code;
}
