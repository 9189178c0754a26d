/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warden/records — the warden's own records: start, policy, guard, and those of
 * approvals.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

#include "daemon/base/clock.h"
#include "daemon/base/json.h"
#include "daemon/warden/state.h"

#define RECORD_MAX (SP_IPC_PAYLOAD_MAX / 2)
#define UNSENT_BYTES_MAX (1024 * 1024)

struct waiting {
        struct sp_warden *w;
        uint64_t ticket;
        sp_recorded_fn fn;
};

static void on_recorded(void *userdata, struct sp_child *c, struct sp_str payload,
                        const struct sp_err *e)
{
        struct waiting *q = userdata;

        (void)c, (void)payload;
        if (q->fn)
                q->fn(q->w, q->ticket, e);
        else if (e)
                sp_log_err(SP_LOG_ERR, e, "a record of the warden was not written");
        free(q);
}

static int send_record(struct sp_warden *w, struct sp_str json, uint64_t ticket,
                       sp_recorded_fn waits)
{
        sp_autobuf b = SP_BUF_INIT(RECORD_MAX);
        struct sp_wire_out out = SP_WIRE_OUT(&b);
        struct waiting *q;
        int r;

        sp_wire_put_str(&out, json);
        if (out.error < 0)
                return out.error;
        q = malloc(sizeof(*q));
        if (!q)
                return -ENOMEM;
        *q = (struct waiting){ w, ticket, waits };
        r = sp_child_ask(&w->recorder, SP_MSG_RECORD, sp_buf_str(&b), on_recorded, q);
        if (r < 0)
                free(q);
        return r;
}

/* ---- while there is no recorder ---- */

struct sp_unsent {
        struct sp_unsent *next;
        size_t n;
        char json[];
};

static int keep_unsent(struct sp_warden *w, struct sp_str json)
{
        struct sp_unsent *u;

        if (w->unsent_bytes + json.n > UNSENT_BYTES_MAX)
                return -ENOBUFS;
        u = malloc(sizeof(*u) + json.n);
        if (!u)
                return -ENOMEM;
        u->next = NULL;
        u->n = json.n;
        memcpy(u->json, json.p, json.n);
        if (!w->unsent)
                w->unsent_tail = &w->unsent;
        *w->unsent_tail = u;
        w->unsent_tail = &u->next;
        w->unsent_bytes += json.n;
        return 0;
}

static struct sp_unsent *take_unsent(struct sp_warden *w)
{
        struct sp_unsent *u = w->unsent;

        if (u) {
                w->unsent = u->next;
                w->unsent_bytes -= u->n;
        }
        return u;
}

void sp_record_forget_unsent(struct sp_warden *w)
{
        struct sp_unsent *u;

        while ((u = take_unsent(w)))
                free(u);
}

void sp_record_unsent(struct sp_warden *w)
{
        struct sp_unsent *u;

        while (w->recorder.is_open && (u = take_unsent(w))) {
                int r = send_record(w, sp_str(u->json, u->n), 0, NULL);

                if (r < 0)
                        sp_log(SP_LOG_ERR, "a record of the warden was not written: %s",
                               strerror(-r));
                free(u);
        }
}

/* What nobody waits for waits itself: the kernel refuses attempts also while the recorder
 * is still starting. */
int sp_record_json(struct sp_warden *w, struct sp_str json, uint64_t ticket,
                   sp_recorded_fn waits)
{
        if (!waits && !w->recorder.is_open && !w->is_stopping)
                return keep_unsent(w, json);
        return send_record(w, json, ticket, waits);
}

struct record {
        struct sp_buf text;
        struct sp_jsonw json;
};

static void record_begin(struct record *r, const char *type)
{
        char time[SP_TIME_LEN + 1];

        r->text = SP_BUF_INIT(65536);
        r->json = SP_JSONW(&r->text);
        sp_clock_format(sp_clock_wall_us(), time);
        sp_jsonw_open(&r->json, '{');
        sp_jsonw_kstr(&r->json, "type", sp_str_c(type));
        sp_jsonw_kstr(&r->json, "time", sp_str_c(time));
}

/* Without an error the text is there until the caller frees it. */
static int record_end(struct sp_warden *w, struct record *r)
{
        int x;

        sp_jsonw_close(&r->json, '}');
        x = sp_jsonw_end(&r->json);
        if (x == 0)
                x = sp_record_json(w, sp_buf_str(&r->text), 0, NULL);
        if (x < 0)
                sp_log(SP_LOG_ERR, "a record of the warden was not written: %s",
                       strerror(-x));
        return x;
}

static void record_send(struct sp_warden *w, struct record *r)
{
        (void)!record_end(w, r);
        sp_buf_done(&r->text);
}

/* Text of errors holds what sp_err_escape let through: always valid UTF-8 unless cut.
 */
static void put_text(struct sp_jsonw *j, const char *key, const char *text)
{
        struct sp_str s = sp_str_c(text);

        while (s.n && !sp_str_is_utf8(s))
                s.n--;
        sp_jsonw_kstr(j, key, s);
}

void sp_record_start(struct sp_warden *w)
{
        struct record r;

        record_begin(&r, "start");
        sp_jsonw_kstr(&r.json, "version", SP_STR(SP_VERSION));
        sp_jsonw_ku64(&r.json, "workers", w->n_workers);
        sp_jsonw_kstr(&r.json, "policy_version", sp_policy_version(w->policy.policy));
        put_text(&r.json, "attach", sp_guard_attach_path(w->guard));
        record_send(w, &r);
}

void sp_record_policy(struct sp_warden *w, const struct sp_err *e)
{
        struct record r;

        record_begin(&r, "policy");
        sp_jsonw_kbool(&r.json, "loaded", !e);
        sp_jsonw_kstr(&r.json, "policy_version", sp_policy_version(w->policy.policy));
        if (e) {
                put_text(&r.json, "error", e->id);
                put_text(&r.json, "where", e->where);
                put_text(&r.json, "what", e->what);
        }
        record_send(w, &r);
}

void sp_record_tag(struct sp_warden *w, const char *verb, struct sp_str path,
                   struct sp_str workload)
{
        struct record r;

        record_begin(&r, "guard");
        sp_jsonw_kstr(&r.json, "event", sp_str_c(verb));
        sp_jsonw_kstr(&r.json, "path", path);
        sp_jsonw_kstr(&r.json, "workload", workload);
        record_send(w, &r);
}

void sp_record_quiet(struct sp_warden *w, const struct sp_limits_quiet *q)
{
        struct record r;

        record_begin(&r, "limit");
        sp_jsonw_kstr(&r.json, "event", SP_STR("not-recorded"));
        sp_jsonw_kstr(&r.json, "workload", q->workload);
        if (q->iss.n) {
                sp_jsonw_key(&r.json, "person");
                sp_jsonw_open(&r.json, '{');
                sp_jsonw_kstr(&r.json, "iss", q->iss);
                sp_jsonw_kstr(&r.json, "sub", q->sub);
                sp_jsonw_close(&r.json, '}');
        }
        sp_jsonw_kstr(&r.json, "limit", q->rule);
        sp_jsonw_ku64(&r.json, "count", q->count);
        record_send(w, &r);
}

void sp_record_mask_key(struct sp_warden *w, const char *who)
{
        struct record r;

        record_begin(&r, "mask-key");
        put_text(&r.json, "by", who);
        sp_jsonw_ku64(&r.json, "keys", w->keys.n_mask);
        record_send(w, &r);
}

/* ---- what the kernel refused ---- */

void sp_record_event(void *warden, const struct sp_guard_event *e)
{
        struct sp_warden *w = warden;
        char workload[SP_TAG_WORKLOAD_LEN] = "";

        if (e->what == SP_GUARD_TAGGED || e->what == SP_GUARD_UNTAGGED) {
                sp_log(SP_LOG_DEBUG, "guard: %s cgroup %llu",
                       sp_guard_what_name(e->what), (unsigned long long)e->guard_id);
                return;
        }
        if (e->what == SP_GUARD_NETWORK) {
                if (!w->is_stopping)
                        sp_networks_ask(w->networks, e);
                return;
        }
        (void)!sp_guard_workload(w->guard, e->guard_id, workload);
        sp_refusals_add(w->refusals, e, workload, sp_clock_us());
}

static void put_destination(struct sp_jsonw *j, const struct sp_guard_event *e)
{
        static const uint8_t mapped[12] = { [10] = 0xFF, [11] = 0xFF };
        char text[INET6_ADDRSTRLEN];
        const uint8_t *ip = (const uint8_t *)e->dst_ip;
        bool is_v4 = memcmp(ip, mapped, sizeof(mapped)) == 0;

        if (!e->family)
                return;
        if (inet_ntop(is_v4 ? AF_INET : AF_INET6, is_v4 ? ip + 12 : ip, text,
                      sizeof(text)))
                sp_jsonw_kstr(j, "dst", sp_str_c(text));
        sp_jsonw_ku64(j, "port", e->dst_port);
}

static void put_foreign(struct sp_jsonw *j, const char *key, const char *text)
{
        char shown[4 * SP_REFUSAL_UNIT_LEN + 1];

        if (!text[0])
                return;
        sp_err_escape(shown, sizeof(shown), sp_str_c(text));
        put_text(j, key, shown);
}

static void put_refusal(struct sp_jsonw *j, const struct sp_refusal *f)
{
        const struct sp_guard_event *e = &f->last;

        put_text(j, "what", sp_guard_what_name(e->what));
        sp_jsonw_ku64(j, "cgroup", e->cgroup_id);
        sp_jsonw_ku64(j, "pid", e->pid);
        sp_jsonw_ku64(j, "ppid", e->ppid);
        sp_jsonw_ku64(j, "uid", e->uid);
        put_foreign(j, "comm", e->comm);
        put_foreign(j, "exe", f->exe);
        put_foreign(j, "unit", f->unit);
        sp_jsonw_ku64(j, "protocol", e->protocol);
        put_destination(j, e);
}

void sp_record_refusal(void *warden, const struct sp_refusal *f)
{
        struct sp_warden *w = warden;
        const char *what =
                f->is_rest ? "of further kinds" : sp_guard_what_name(f->last.what);
        struct record r;

        record_begin(&r, "guard");
        sp_jsonw_kstr(&r.json, "event",
                      f->is_rest ? SP_STR("refused-more") : SP_STR("refused"));
        sp_jsonw_ku64(&r.json, "count", f->count);
        put_text(&r.json, "workload", f->workload);
        if (!f->is_rest)
                put_refusal(&r.json, f);
        if (record_end(w, &r) == 0 && w->bus)
                sp_bus_refused(w->bus, sp_buf_str(&r.text));
        sp_buf_done(&r.text);
        sp_log_fields(SP_LOG_WARNING,
                      (struct sp_log_field[]){ { "workload", sp_str_c(f->workload) },
                                               { "unit", sp_str_c(f->unit) },
                                               { NULL } },
                      "the kernel refused %llu attempts: %s",
                      (unsigned long long)f->count, what);
}
