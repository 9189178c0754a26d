/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/worker/record.h"

#include <arpa/inet.h>
#include <errno.h>

#include "daemon/base/json.h"
#include "daemon/base/log.h"
#include "daemon/worker/kept.h"
#include "daemon/worker/record_columns.h"

#define RECORD_MAX (8 * 1024 * 1024)
#define BODY_MAX (2 * 1024 * 1024) /* of a write; escapes may double it */
/* Refused connections cost an agent nothing: past this they are only counted, or it could
 * fill the store with them. */
#define CONNECTION_RECORDS_PER_SECOND 20

static void head(struct sp_jsonw *w, const char *type)
{
        char now[SP_TIME_LEN + 1];

        sp_clock_format(sp_clock_wall_us(), now);
        sp_jsonw_open(w, '{');
        sp_jsonw_kstr(w, "type", sp_str_c(type));
        sp_jsonw_kstr(w, "time", sp_str_c(now));
}

/* Foreign bytes that need not be UTF-8: escaped, so that the record is always JSON. */
static void safe(struct sp_jsonw *w, const char *key, struct sp_str s)
{
        char text[1024];

        sp_err_escape(text, sizeof(text), s);
        sp_jsonw_kstr(w, key, sp_str_c(text));
}

static void origin(struct sp_jsonw *w, const struct sp_origin *o)
{
        char ip[INET6_ADDRSTRLEN] = "";
        char dst[INET6_ADDRSTRLEN + 10];

        if (o->family == AF_INET)
                (void)inet_ntop(AF_INET, &o->dst_ip[3], ip, sizeof(ip));
        else
                (void)inet_ntop(AF_INET6, o->dst_ip, ip, sizeof(ip));
        (void)snprintf(dst, sizeof(dst), o->family == AF_INET ? "%s:%u" : "[%s]:%u", ip,
                       o->dst_port);
        sp_jsonw_key(w, "origin");
        sp_jsonw_open(w, '{');
        sp_jsonw_ku64(w, "pid", o->pid);
        sp_jsonw_ku64(w, "uid", o->uid);
        safe(w, "comm", sp_str(o->comm, strnlen(o->comm, sizeof(o->comm))));
        sp_jsonw_kstr(w, "dst", sp_str_c(dst));
        sp_jsonw_ku64(w, "cgroup", o->cgroup_id);
        sp_jsonw_close(w, '}');
}

static void person(struct sp_jsonw *w, const struct sp_principal *p)
{
        if (!p->iss.n)
                return;
        sp_jsonw_key(w, "person");
        sp_jsonw_open(w, '{');
        sp_jsonw_kstr(w, "iss", p->iss);
        sp_jsonw_kstr(w, "sub", p->sub);
        sp_jsonw_kstr(w, "email", p->email);
        sp_jsonw_key(w, "groups");
        sp_jsonw_open(w, '[');
        for (size_t i = 0; i < p->n_groups; i++)
                sp_jsonw_str(w, p->groups[i]);
        sp_jsonw_close(w, ']');
        sp_jsonw_close(w, '}');
}

static void tables(struct sp_jsonw *w, const struct sp_judgement *j,
                   const struct sp_sql_statement *s, size_t first, bool targets)
{
        sp_jsonw_key(w, targets ? "targets" : "tables");
        sp_jsonw_open(w, '[');
        for (size_t i = 0; i < s->n_tables; i++)
                if (targets ? s->tables[i].is_target : s->tables[i].is_read)
                        sp_jsonw_str(w, j->names[first + i]);
        sp_jsonw_close(w, ']');
}

static void statements(struct sp_jsonw *w, const struct sp_judgement *j)
{
        size_t first = 0;

        sp_jsonw_key(w, "statements");
        sp_jsonw_open(w, '[');
        for (size_t i = 0; j->script && i < j->script->n_statements; i++) {
                const struct sp_sql_statement *s = &j->script->statements[i];

                sp_jsonw_open(w, '{');
                sp_jsonw_kstr(w, "kind", sp_str_c(s->kind));
                tables(w, j, s, first, false);
                tables(w, j, s, first, true);
                sp_jsonw_close(w, '}');
                first += s->n_tables;
        }
        sp_jsonw_close(w, ']');
}

/* The stored functions that were judged with the text, those that they call included. */
static void routines(struct sp_jsonw *w, const struct sp_judgement *j)
{
        if (!j->n_routines)
                return;
        sp_jsonw_key(w, "routines");
        sp_jsonw_open(w, '[');
        for (size_t i = 0; i < j->n_needs_schema; i++)
                if (sp_is_routine(j->needs_schema[i]))
                        sp_jsonw_str(w, sp_str_sub(j->needs_schema[i], 0,
                                                   j->needs_schema[i].n - 2));
        sp_jsonw_close(w, ']');
}

/* A write without SQL, in the form of the statement that it equals. */
static void equal_statement(struct sp_jsonw *w, const struct sp_bq_write *b)
{
        sp_jsonw_key(w, "statements");
        sp_jsonw_open(w, '[');
        sp_jsonw_open(w, '{');
        sp_jsonw_kstr(w, "kind", sp_str_c(b->statement));
        for (int reads = 0; reads < 2; reads++) {
                sp_jsonw_key(w, reads ? "tables" : "targets");
                sp_jsonw_open(w, '[');
                for (size_t i = 0; i < b->n_effects; i++)
                        if ((b->effects[i].kind == SP_EFFECT_READS) == (reads == 1))
                                sp_jsonw_str(w, b->effects[i].resource);
                sp_jsonw_close(w, ']');
        }
        sp_jsonw_close(w, '}');
        sp_jsonw_close(w, ']');
        if (b->body.n && b->body.n <= BODY_MAX)
                sp_jsonw_kstr(w, "body", b->body);
        else if (b->body.n)
                sp_jsonw_ku64(w, "body_bytes", b->body.n);
}

static void masked(struct sp_jsonw *w, const struct sp_mask_plan *p)
{
        sp_jsonw_key(w, "masked");
        sp_jsonw_open(w, '[');
        for (size_t i = 0; i < p->n_columns; i++) {
                sp_jsonw_open(w, '{');
                sp_jsonw_kstr(w, "column", p->columns[i].column);
                sp_jsonw_kstr(w, "mask",
                              sp_str_c(sp_mask_kind_name(p->columns[i].mask.kind)));
                sp_jsonw_kstr(w, "rule", p->columns[i].mask.rule);
                sp_jsonw_close(w, '}');
        }
        sp_jsonw_close(w, ']');
}

static void min_group(struct sp_jsonw *w, const struct sp_mask_plan *p)
{
        if (!p->min_group)
                return;
        sp_jsonw_key(w, "min_group");
        sp_jsonw_open(w, '{');
        sp_jsonw_ku64(w, "rows", p->min_group);
        sp_jsonw_kstr(w, "rule", p->group_rule);
        sp_jsonw_close(w, '}');
}

static void verdict(struct sp_jsonw *w, const struct sp_flow *f)
{
        bool is_refused = f->outcome == SP_OUTCOME_REFUSE;
        enum sp_verdict v = is_refused ? SP_VERDICT_DENY : f->decision.verdict;

        sp_jsonw_kstr(w, "verdict", sp_str_c(sp_verdict_name(v)));
        sp_jsonw_kstr(w, "rule", f->decision.rule);
        sp_jsonw_kstr(w, "reason", f->decision.reason);
        if (f->is_observed)
                sp_jsonw_kbool(w, "observed", true);
        if (is_refused) {
                sp_jsonw_key(w, "error");
                sp_jsonw_open(w, '{');
                sp_jsonw_kstr(w, "id", sp_str_c(f->error.id));
                sp_jsonw_kstr(w, "message", sp_str_c(f->error.what));
                sp_jsonw_close(w, '}');
        }
}

int sp_record_write_request(const struct sp_flow *f, struct sp_buf *to)
{
        const struct sp_request *r = &f->x->request;
        struct sp_jsonw w = SP_JSONW(to);

        head(&w, "request");
        sp_jsonw_kstr(&w, "session", f->id.session);
        sp_jsonw_kstr(&w, "exchange", sp_str_c(f->x->id.c));
        sp_jsonw_kstr(&w, "workload", f->id.who.workload);
        person(&w, &f->id.who);
        origin(&w, f->x->origin);
        sp_jsonw_key(&w, "http");
        sp_jsonw_open(&w, '{');
        safe(&w, "method", r->method);
        safe(&w, "host", r->authority);
        safe(&w, "path", r->path);
        sp_jsonw_close(&w, '}');
        sp_jsonw_kstr(&w, "action", sp_str_c(f->call.action ? f->call.action : ""));
        if (f->judgement.script)
                statements(&w, &f->judgement);
        routines(&w, &f->judgement);
        if (f->call.write)
                equal_statement(&w, f->call.write);
        if (f->call.query && sp_str_is_utf8(f->call.query->sql))
                sp_jsonw_kstr(&w, "sql", f->call.query->sql);
        verdict(&w, f);
        masked(&w, &f->judgement.plan);
        if (f->is_preview && f->judgement.n_accesses)
                sp_jsonw_kstr(&w, "preview", f->judgement.accesses[0].resource);
        sp_record_columns(&w, &f->judgement.reading);
        min_group(&w, &f->judgement.plan);
        if (f->has_estimate)
                sp_jsonw_ku64(&w, "estimated_bytes", f->estimated_bytes);
        sp_jsonw_kstr(&w, "policy_version", sp_str_c(f->policy_version));
        sp_jsonw_kstr(&w, "request_hash", sp_str_c(f->request_hash));
        if (f->job.id.n)
                sp_jsonw_kstr(&w, "job", f->job.id);
        if (f->is_held)
                sp_jsonw_kbool(&w, "held", true);
        sp_jsonw_close(&w, '}');
        return sp_jsonw_end(&w);
}

/* Names and numbers: never a value. */
static void looks_like(struct sp_jsonw *w, const struct sp_sample_counts *s)
{
        if (!s || !s->n)
                return;
        sp_jsonw_key(w, "looks_like");
        sp_jsonw_open(w, '[');
        for (size_t i = 0; i < s->n; i++) {
                sp_jsonw_open(w, '{');
                sp_jsonw_kstr(w, "table", s->v[i].table);
                sp_jsonw_kstr(w, "column", s->v[i].column);
                sp_jsonw_kstr(w, "column_type", s->v[i].type);
                sp_jsonw_kstr(w, "detector", s->v[i].detector);
                sp_jsonw_ku64(w, "hits", s->v[i].hits);
                sp_jsonw_ku64(w, "cells", s->v[i].cells);
                sp_jsonw_close(w, '}');
        }
        sp_jsonw_close(w, ']');
}

int sp_record_write_answer(const struct sp_answer_facts *a, struct sp_buf *to)
{
        struct sp_jsonw w = SP_JSONW(to);

        head(&w, "response");
        sp_jsonw_kstr(&w, "session", a->session);
        sp_jsonw_kstr(&w, "exchange", a->exchange);
        sp_jsonw_ku64(&w, "status", a->status);
        sp_jsonw_ku64(&w, "bytes", a->bytes);
        sp_jsonw_ku64(&w, "rows", a->rows);
        sp_jsonw_kbool(&w, "truncated", a->is_truncated);
        if (a->sha256 && a->sha256[0])
                sp_jsonw_kstr(&w, "sha256", sp_str_c(a->sha256));
        sp_jsonw_ku64(&w, "took_us", a->took_us);
        sp_jsonw_ku64(&w, "upstream_us", a->upstream_us);
        if (a->columns)
                sp_jsonw_kstr(&w, "columns", sp_str_c(a->columns));
        looks_like(&w, a->looks_like);
        if (a->job.n)
                sp_jsonw_kstr(&w, "job", a->job);
        if (a->approval.n)
                sp_jsonw_kstr(&w, "approval", a->approval);
        if (a->error.n)
                safe(&w, "error", a->error);
        if (a->kept && a->kept->fd < 0) /* it may be cut within a character */
                sp_jsonw_kstr(&w, "body", sp_str_utf8(sp_buf_str(&a->kept->begin)));
        sp_jsonw_close(&w, '}');
        return sp_jsonw_end(&w);
}

/* ---- to the recorder ---- */

static void on_told(void *userdata, int err, const struct sp_err *e,
                    struct sp_str payload)
{
        (void)userdata, (void)payload;
        if (err < 0)
                sp_log_err(SP_LOG_WARNING, e, "a record was not kept");
}

static void tell(struct sp_worker *w, const struct sp_buf *record, int body)
{
        sp_autobuf b = SP_BUF_INIT(RECORD_MAX + 16);
        struct sp_wire_out out = SP_WIRE_OUT(&b);

        sp_wire_put_str(&out, sp_buf_str(record));
        if (out.error < 0 || sp_link_ask_about(&w->recorder, SP_MSG_RECORD,
                                               sp_buf_str(&b), body, on_told, NULL) < 0)
                sp_log(SP_LOG_WARNING, "a record was not kept: the recorder is away");
}

void sp_record_answer(struct sp_worker *w, const struct sp_answer_facts *a)
{
        sp_autobuf b = SP_BUF_INIT(RECORD_MAX);
        int r = sp_record_write_answer(a, &b);

        if (r < 0)
                sp_log(SP_LOG_WARNING, "the record of an answer cannot be written: %s",
                       strerror(-r));
        else
                tell(w, &b, a->kept ? a->kept->fd : -1);
}

void sp_record_connection(struct sp_worker *w, const struct sp_origin *o,
                          struct sp_str name, const char *why)
{
        sp_autobuf b = SP_BUF_INIT(16 * 1024);
        struct sp_jsonw j = SP_JSONW(&b);
        uint64_t now = sp_clock_us();

        if (!o) /* nobody of ours: counted, and not worth a synced write each */
                return;
        if (now - w->connection_records_from_us >= SP_USEC_PER_SEC) {
                w->connection_records_from_us = now;
                w->connection_records = 0;
        }
        if (w->connection_records++ >= CONNECTION_RECORDS_PER_SECOND) {
                w->metrics.connections_not_recorded++;
                return;
        }
        head(&j, "connection");
        safe(&j, "name", name);
        sp_jsonw_kstr(&j, "why", sp_str_c(why));
        origin(&j, o);
        sp_jsonw_close(&j, '}');
        if (sp_jsonw_end(&j) == 0)
                tell(w, &b, -1);
}

/* ---- stage record ---- */

static void on_recorded(void *userdata, int err, const struct sp_err *e,
                        struct sp_str payload)
{
        struct sp_flow *f = userdata;

        (void)payload;
        sp_latency_add(&f->w->metrics.record, sp_clock_us() - f->asked_us);
        if (err < 0) {
                /* the operator's details, with paths, are not the agent's business */
                sp_log_err(SP_LOG_WARNING, e, "a request was not recorded");
                (void)sp_err_set(
                        &f->error, err,
                        err == -ENOSPC ? "store.full" : "store.unavailable", "",
                        err == -ENOSPC
                                ? "the record store is full; nothing is sent "
                                  "without a record; try again later"
                                : "the record store cannot be written; nothing is "
                                  "sent without a record; try again");
        }
        f->step = err < 0 ? 2 : 3;
        sp_flow_resume(f);
}

static enum sp_next unrecorded(struct sp_flow *f, int r)
{
        if (f->error.code == 0 || f->step != 2)
                (void)sp_err_set(
                        &f->error, r, "store.unavailable", "",
                        "the record store does not answer; nothing is sent without "
                        "a record; try again");
        return sp_flow_fault(f, &f->error);
}

static enum sp_next ask(struct sp_flow *f)
{
        sp_autobuf record = SP_BUF_INIT(RECORD_MAX);
        sp_autobuf b = SP_BUF_INIT(RECORD_MAX + 16);
        struct sp_wire_out w = SP_WIRE_OUT(&b);
        enum sp_verdict v =
                f->outcome == SP_OUTCOME_REFUSE ? SP_VERDICT_DENY : f->decision.verdict;
        int r = sp_record_write_request(f, &record);

        f->w->metrics.verdicts[v]++;
        sp_wire_put_str(&w, sp_buf_str(&record));
        if (r == 0)
                r = w.error;
        f->asked_us = sp_clock_us();
        f->step = 1;
        if (r == 0)
                r = sp_link_ask(&f->w->recorder, SP_MSG_RECORD, sp_buf_str(&b),
                                on_recorded, f);
        return r == 0 ? SP_WAIT : unrecorded(f, r);
}

enum sp_next sp_flow_record(struct sp_flow *f)
{
        if (f->is_unrecorded && f->outcome != SP_OUTCOME_OPEN)
                return SP_NEXT;
        switch (f->step) {
        case 0:
                return ask(f);
        case 1:
                return SP_WAIT;
        case 2:
                return unrecorded(f, f->error.code);
        default:
                return SP_NEXT;
        }
}
