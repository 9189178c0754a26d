/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/recorder/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "daemon/base/clock.h"
#include "daemon/base/digest.h"
#include "daemon/base/json.h"
#include "daemon/base/log.h"
#include "daemon/recorder/writer.h"
#include "daemon/roles/sandbox.h"
#include "daemon/roles/settings.h"

#define CHANNELS_MAX 65 /* the warden and 64 workers */
#define MESSAGES_PER_TURN 256
#define SETTINGS_MAX (1u << 20)
#define FACT_KEY_MAX 4000
#define SESSION_MAX 64

struct channel {
        struct sp_ipc ipc;
        uint64_t number; /* never reused: a late answer must not reach a newcomer */
        bool is_warden, is_open;
};

struct recorder {
        struct channel channels[CHANNELS_MAX];
        uint64_t next_number;
        struct sp_writer *writer;
        struct sp_arena arena; /* of the message at hand */
        uint64_t refused, recalls;
        /* SP_MSG_RECORDER_STATUS that came before the store was tried */
        struct {
                uint64_t channel, id;
        } waiting_status[8];
        size_t n_waiting_status;
};

static struct channel *channel_by_number(struct recorder *r, uint64_t number)
{
        for (size_t i = 0; i < CHANNELS_MAX; i++)
                if (r->channels[i].is_open && r->channels[i].number == number)
                        return &r->channels[i];
        return NULL;
}

static void channel_close(struct channel *c)
{
        sp_ipc_done(&c->ipc);
        c->is_open = false;
}

static int channel_add(struct recorder *r, int fd, bool is_warden)
{
        for (size_t i = 0; i < CHANNELS_MAX; i++) {
                struct channel *c = &r->channels[i];

                if (c->is_open)
                        continue;
                sp_ipc_init(&c->ipc, fd);
                c->number = ++r->next_number;
                c->is_warden = is_warden;
                c->is_open = true;
                return 0;
        }
        (void)close(fd);
        return -ENOBUFS;
}

/* A peer that does not take its answers is as good as gone. */
static void sent(struct channel *c, int result)
{
        if (result < 0) {
                sp_log(SP_LOG_WARNING, "closing channel %" PRIu64 ": %s", c->number,
                       strerror(-result));
                channel_close(c);
        }
}

static void answer_error(struct channel *c, uint64_t id, const struct sp_err *e)
{
        if (id)
                sent(c, sp_msg_answer_error(&c->ipc, id, e));
}

static void refuse(struct recorder *r, struct channel *c, uint64_t id, const char *what)
{
        struct sp_err e;

        r->refused++;
        (void)sp_err_set(&e, -EINVAL, "record.invalid", "", "%s", what);
        sp_log_err(SP_LOG_WARNING, &e, "refused a record");
        answer_error(c, id, &e);
}

/* ---- records and facts ---- */

/* What only the warden may state: a worker, which reads agents' bytes, must not be able
 * to make up an approval. */
static bool is_wardens(struct sp_str type)
{
        static const char *const types[] = { "approval", "policy",   "guard", "start",
                                             "unmask",   "mask-key", "limit" };

        for (size_t i = 0; i < SP_ARRAY_SIZE(types); i++)
                if (sp_str_eq(type, sp_str_c(types[i])))
                        return true;
        return false;
}

static const char *check_record(struct recorder *r, const struct channel *c,
                                struct sp_str text, bool has_body,
                                struct sp_str *ret_session)
{
        struct sp_json *json;
        struct sp_str type;

        if (sp_json_parse(&r->arena, text, &json, NULL) < 0 ||
            json->type != SP_JSON_OBJECT)
                return "a record is one JSON object";
        type = sp_json_get_str(json, "type");
        *ret_session = sp_json_get_str(json, "session");
        if (!type.n)
                return "a record has a type";
        if (ret_session->n > SESSION_MAX)
                return "the session's name is too long";
        if (is_wardens(type) && !c->is_warden)
                return "records of this type are for the warden only";
        if (has_body && sp_json_get(json, "body"))
                return "a record has one body";
        return NULL;
}

/* It must stay as it is, and be there, while the writer reads it. */
static const char *check_body(int fd, uint64_t *ret_bytes)
{
        const int sealed = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
        int seals = fcntl(fd, F_GET_SEALS); /* of another file: -EINVAL */
        struct stat st;

        if (seals < 0 || (seals & sealed) != sealed || fstat(fd, &st) < 0)
                return "a body is a sealed memfd";
        if (st.st_size <= 0 || st.st_size > SP_RECORD_BODY_MAX)
                return "a body is 1 byte to 8 MiB";
        *ret_bytes = (uint64_t)st.st_size;
        return NULL;
}

static const char *check_keep(const struct channel *c, const struct sp_msg_keep *k)
{
        if (!k->space.n || memchr(k->space.p, 0, k->space.n))
                return "a fact has a space, without NUL";
        if (sp_str_eq(k->space, SP_STR(SP_LIMITS_SPACE)) && !c->is_warden)
                return "facts of this space are for the warden only";
        return k->space.n + k->key.n > FACT_KEY_MAX ? "the fact's key is too long"
                                                    : NULL;
}

static void write_job(struct recorder *r, struct channel *c, uint64_t id,
                      struct sp_str record, int *body, const struct sp_msg_keep *keep)
{
        const char *wrong = keep ? check_keep(c, keep) : NULL;
        struct sp_str session = SP_STR_NULL;
        uint64_t body_bytes = 0;
        struct sp_err e;
        struct sp_job *j;
        int v;

        if (!wrong && (record.n || !keep))
                wrong = check_record(r, c, record, *body >= 0, &session);
        if (!wrong && *body >= 0)
                wrong = keep ? "a fact has no body" : check_body(*body, &body_bytes);
        if (wrong) {
                refuse(r, c, id, wrong);
                return;
        }
        j = sp_job_new(record, session, keep);
        v = j ? 0 : -ENOMEM;
        if (j) {
                j->channel = c->number;
                j->id = id;
                j->body = SP_TAKE_FD(*body);
                j->body_bytes = body_bytes;
                v = sp_writer_put(r->writer, j);
        }
        if (v < 0) {
                sp_job_free(j);
                (void)sp_err_set(&e, v, "store.busy", "",
                                 "too much waits to be written");
                answer_error(c, id, &e);
        }
}

static void on_record(struct recorder *r, struct channel *c, struct sp_ipc_msg *m)
{
        struct sp_wire_in w = SP_WIRE_IN(m->payload);
        bool is_record = m->type == SP_MSG_RECORD;
        struct sp_str record = is_record ? sp_wire_str(&w) : SP_STR_NULL;
        struct sp_msg_keep keep;

        if (!is_record)
                sp_msg_get_keep(&w, &keep);
        if (sp_wire_end(&w) < 0 || (is_record && !record.n))
                refuse(r, c, m->id, "the message is malformed");
        else
                write_job(r, c, m->id, record, &m->fd, is_record ? NULL : &keep);
}

static void on_recall(struct recorder *r, struct channel *c, const struct sp_ipc_msg *m)
{
        sp_autobuf value = SP_BUF_INIT(SP_IPC_PAYLOAD_MAX - 4);
        sp_autobuf payload = SP_BUF_INIT(SP_IPC_PAYLOAD_MAX);
        struct sp_store *store = sp_writer_store(r->writer);
        struct sp_wire_in w = SP_WIRE_IN(m->payload);
        struct sp_str space = sp_wire_str(&w), key = sp_wire_str(&w);
        struct sp_wire_out out = SP_WIRE_OUT(&payload);
        struct sp_err e;
        int v = sp_wire_end(&w);

        r->recalls++;
        if (v == 0 && sp_str_eq(space, SP_STR(SP_LIMITS_SPACE)) && !c->is_warden) {
                refuse(r, c, m->id, "facts of this space are for the warden only");
                return;
        }
        if (v == 0)
                v = store ? sp_store_recall(store, space, key, &value) : -EIO;
        if (v == 0) {
                sp_wire_put_str(&out, sp_buf_str(&value));
                v = out.error;
        }
        if (v == 0) {
                sent(c, sp_msg_answer(&c->ipc, m->id, &payload));
                return;
        }
        (void)sp_err_set(&e, v, v == -ENOENT ? "store.no-fact" : "store.io", "", "%s",
                         v == -ENOENT ? "nothing is kept under this key"
                                      : strerror(-v));
        answer_error(c, m->id, &e);
}

static void finish_jobs(struct recorder *r)
{
        struct sp_job *next;

        for (struct sp_job *j = sp_writer_take(r->writer); j; j = next) {
                struct channel *c = channel_by_number(r, j->channel);

                next = j->next;
                if (c && j->result < 0) {
                        answer_error(c, j->id, &j->err);
                } else if (c && j->id) {
                        sp_autobuf payload = SP_BUF_INIT(64);
                        struct sp_wire_out w = SP_WIRE_OUT(&payload);

                        if (j->record.n)
                                sp_wire_put_u64(&w, j->seq);
                        sent(c, w.error ?: sp_msg_answer(&c->ipc, j->id, &payload));
                }
                sp_job_free(j);
        }
}

/* ---- status and metrics ---- */

static void answer_text(struct channel *c, uint64_t id, const struct sp_buf *text)
{
        sp_autobuf payload = SP_BUF_INIT(64 * 1024);
        struct sp_wire_out w = SP_WIRE_OUT(&payload);
        const struct sp_msg_metrics m = { .text = sp_buf_str(text) };

        sp_msg_put_metrics(&w, &m);
        sent(c, w.error ?: sp_msg_answer(&c->ipc, id, &payload));
}

static void on_status(struct recorder *r, struct channel *c, uint64_t id)
{
        sp_autobuf text = SP_BUF_INIT(4096);
        struct sp_jsonw w = SP_JSONW(&text);
        char hex[SP_SHA256_HEX_LEN + 1];
        struct sp_writer_stats s;

        sp_writer_stats(r->writer, &s);
        if (!s.was_tried) {
                if (r->n_waiting_status == SP_ARRAY_SIZE(r->waiting_status)) {
                        refuse(r, c, id, "too many ask before the store was tried");
                        return;
                }
                r->waiting_status[r->n_waiting_status].channel = c->number;
                r->waiting_status[r->n_waiting_status++].id = id;
                return;
        }
        if (s.state.code < 0) {
                answer_error(c, id, &s.state);
                return;
        }
        sp_hex(s.head.hash, sizeof(s.head.hash), hex);
        sp_jsonw_open(&w, '{');
        sp_jsonw_kstr(&w, "store", SP_STR("ok"));
        sp_jsonw_ku64(&w, "records", s.head.seq);
        sp_jsonw_kstr(&w, "head", sp_str_c(hex));
        sp_jsonw_close(&w, '}');
        answer_text(c, id, &text);
}

static void answer_waiting_status(struct recorder *r)
{
        size_t n = r->n_waiting_status;
        struct sp_writer_stats s;

        sp_writer_stats(r->writer, &s);
        if (!s.was_tried)
                return;
        r->n_waiting_status = 0;
        for (size_t i = 0; i < n; i++) {
                struct channel *c = channel_by_number(r, r->waiting_status[i].channel);

                if (c)
                        on_status(r, c, r->waiting_status[i].id);
        }
}

static int put_metric(struct sp_buf *to, const char *name, const char *type,
                      const char *help, double value)
{
        return sp_buf_addf(to, "# HELP %s %s\n# TYPE %s %s\n%s %.17g\n", name, help,
                           name, type, name, value);
}

static void on_metrics(struct recorder *r, struct channel *c, uint64_t id)
{
        sp_autobuf text = SP_BUF_INIT(16 * 1024);
        uint64_t now_us = sp_clock_us();
        struct sp_writer_stats s;
        int v = 0;

        sp_writer_stats(r->writer, &s);
        const struct {
                const char *name, *type, *help;
                double value;
        } metrics[] = {
                { "sallyport_records_total", "counter", "Records on stable storage.",
                  (double)s.records },
                { "sallyport_records_facts_total", "counter", "Facts kept.",
                  (double)s.facts },
                { "sallyport_records_bytes_total", "counter",
                  "Bytes of records and facts.", (double)s.bytes },
                { "sallyport_records_failures_total", "counter",
                  "Records and facts that could not be written.", (double)s.failures },
                { "sallyport_records_refused_total", "counter",
                  "Records refused before writing.", (double)r->refused },
                { "sallyport_records_recalls_total", "counter", "Facts asked for.",
                  (double)r->recalls },
                { "sallyport_records_waiting", "gauge",
                  "Jobs that wait for the writer.", (double)s.waiting_jobs },
                { "sallyport_records_lag_seconds", "gauge",
                  "Age of the oldest of them.",
                  s.oldest_us ? (double)(now_us - s.oldest_us) / 1e6 : 0 },
                { "sallyport_store_batches_total", "counter", "Synced writes.",
                  (double)s.batches },
                { "sallyport_store_batch_jobs", "gauge",
                  "Jobs in the newest synced write.", (double)s.last_batch_jobs },
                { "sallyport_store_commit_seconds", "gauge", "Time of the newest one.",
                  (double)s.last_commit_us / 1e6 },
                { "sallyport_store_commit_seconds_max", "gauge",
                  "Time of the longest one.", (double)s.longest_commit_us / 1e6 },
                { "sallyport_store_writable", "gauge", "1 when records can be written.",
                  s.was_tried && s.state.code == 0 },
                { "sallyport_store_head", "gauge", "Number of the newest record.",
                  (double)s.head.seq },
        };

        for (size_t i = 0; v == 0 && i < SP_ARRAY_SIZE(metrics); i++)
                v = put_metric(&text, metrics[i].name, metrics[i].type, metrics[i].help,
                               metrics[i].value);
        if (v == 0)
                answer_text(c, id, &text);
        else
                sent(c, v);
}

/* ---- the loop ---- */

static void not_yours(struct channel *c, uint16_t type)
{
        sp_log(SP_LOG_ERR,
               "channel %" PRIu64 " sent a message of type %u, and is closed",
               c->number, type);
        channel_close(c);
}

static void on_message(struct recorder *r, struct channel *c, struct sp_ipc_msg *m)
{
        switch (m->type) {
        case SP_MSG_RECORD:
        case SP_MSG_KEEP:
                on_record(r, c, m);
                break;
        case SP_MSG_RECALL:
                on_recall(r, c, m);
                break;
        case SP_MSG_RECORDER_STATUS:
                on_status(r, c, m->id);
                break;
        case SP_MSG_METRICS_GET:
                on_metrics(r, c, m->id);
                break;
        case SP_MSG_PING:
                sent(c, sp_msg_answer(&c->ipc, m->id, NULL));
                break;
        case SP_MSG_CHANNEL:
                if (!c->is_warden) {
                        not_yours(c, m->type);
                        break;
                }
                if (m->fd < 0 || channel_add(r, SP_TAKE_FD(m->fd), false) < 0)
                        sp_log(SP_LOG_ERR, "cannot add a channel");
                break;
        default:
                not_yours(c, m->type);
                break;
        }
        sp_closep(&m->fd);
        sp_arena_reset(&r->arena);
}

static void channel_read(struct recorder *r, struct channel *c)
{
        struct sp_ipc_msg m;

        for (int i = 0; i < MESSAGES_PER_TURN && c->is_open; i++) {
                int v = sp_ipc_recv(&c->ipc, &m);

                if (v == 0)
                        return;
                if (v < 0) {
                        if (v != -EPIPE)
                                sp_log(SP_LOG_ERR, "channel %" PRIu64 ": %s", c->number,
                                       strerror(-v));
                        channel_close(c);
                        return;
                }
                on_message(r, c, &m);
        }
}

static int turn(struct recorder *r)
{
        struct pollfd fds[CHANNELS_MAX + 1];
        struct channel *who[CHANNELS_MAX + 1];
        nfds_t n = 0;

        fds[n++] = (struct pollfd){ .fd = sp_writer_event_fd(r->writer),
                                    .events = POLLIN };
        for (size_t i = 0; i < CHANNELS_MAX; i++) {
                struct channel *c = &r->channels[i];

                if (!c->is_open)
                        continue;
                who[n] = c;
                fds[n++] = (struct pollfd){
                        .fd = c->ipc.fd,
                        .events = (short)(POLLIN |
                                          (sp_ipc_wants_write(&c->ipc) ? POLLOUT : 0)),
                };
        }
        if (poll(fds, n, -1) < 0)
                return errno == EINTR ? 0 : -errno;
        if (fds[0].revents) {
                finish_jobs(r);
                answer_waiting_status(r);
        }
        for (nfds_t i = 1; i < n; i++) {
                if (who[i]->is_open && (fds[i].revents & POLLOUT))
                        sent(who[i], sp_ipc_flush(&who[i]->ipc));
                if (who[i]->is_open && (fds[i].revents & (POLLIN | POLLHUP | POLLERR)))
                        channel_read(r, who[i]);
        }
        return 0;
}

/* The first message must be the settings; nothing else is due before, so it may block.
 */
static int first_message(struct sp_ipc *ipc, struct sp_buf *text, struct sp_err *e)
{
        struct pollfd p = { .fd = ipc->fd, .events = POLLIN };
        struct sp_ipc_msg m;
        int v;

        do
                v = poll(&p, 1, -1);
        while (v < 0 && errno == EINTR);
        v = v < 0 ? -errno : sp_ipc_recv(ipc, &m);
        if (v < 0)
                return sp_err_set(e, v, "recorder.settings", "", "%s", strerror(-v));
        if (v == 1 && m.type == SP_MSG_SETTINGS && m.fd >= 0)
                v = sp_memfd_read(m.fd, SETTINGS_MAX, text);
        else
                v = -EBADMSG;
        sp_closep(&m.fd);
        return v < 0 ? sp_err_set(e, v, "recorder.settings", "",
                                  "no settings were sent")
                     : 0;
}

static int set_up(struct recorder *r, struct sp_err *e)
{
        sp_cleanup(sp_arena_done) struct sp_arena arena = SP_ARENA_INIT(8u << 20);
        sp_autobuf text = SP_BUF_INIT(SETTINGS_MAX);
        struct sp_settings settings;
        struct sp_store_options o = { 0 };
        char *dir = NULL;
        int abi, v = first_message(&r->channels[0].ipc, &text, e);

        if (v == 0)
                v = sp_settings_parse(&arena, "settings", sp_buf_str(&text), &settings,
                                      e);
        if (v < 0)
                return v;
        o.free_min_bytes = settings.records.free_min_bytes;
        if (asprintf(&dir, "%.*s/records", SP_FMT(settings.state_dir)) < 0)
                return -ENOMEM;
        /* Before the writer: its threads inherit the filter. The directory above, which is root's:
         * the store's own may come later, or be replaced when something was wrong with it. */
        v = sp_sandbox_recorder(settings.state_dir.p, &abi, e);
        if (v == 0)
                v = sp_writer_new(dir, &o, &r->writer, e);
        free(dir);
        return v;
}

static int serve(struct recorder *r, int fd)
{
        struct sp_err e = SP_ERR_NULL;
        int v = channel_add(r, fd, true);

        if (v == 0)
                v = set_up(r, &e);
        if (v < 0) {
                if (!e.id)
                        (void)sp_err_set(&e, v, "recorder.settings", "", "%s",
                                         strerror(-v));
                sp_log_err(SP_LOG_ERR, &e, "cannot start");
        }
        while (v == 0 && r->channels[0].is_open)
                v = turn(r);
        /* What was accepted is written, though nobody is left to hear of it. */
        r->writer = sp_writer_free(r->writer);
        for (size_t i = 0; i < CHANNELS_MAX; i++)
                if (r->channels[i].is_open)
                        channel_close(&r->channels[i]);
        return v;
}

int sp_recorder_main(int fd)
{
        struct recorder *r = calloc(1, sizeof(*r));
        int v;

        if (!r)
                return EXIT_FAILURE;
        r->arena = SP_ARENA_INIT(SP_RECORD_ARENA_BYTES);
        v = serve(r, fd);
        free(r);
        return v < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
