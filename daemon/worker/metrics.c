/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/worker/metrics.h"

#include <errno.h>

static const uint64_t bounds_us[SP_LATENCY_BUCKETS - 1] = {
        100, 250, 500, 1000, 2500, 5000, 10000, 50000, 250000, 1000000, 10000000,
};

void sp_latency_add(struct sp_latency *l, uint64_t us)
{
        size_t i = 0;

        while (i < SP_ARRAY_SIZE(bounds_us) && us > bounds_us[i])
                i++;
        l->buckets[i]++;
        l->sum_us += us;
        l->count++;
}

struct out {
        struct sp_buf *to;
        int error;
};

static void line(struct out *o, const char *name, const char *labels, uint64_t value)
{
        if (o->error == 0)
                o->error = sp_buf_addf(o->to, "sallyport_%s%s %llu\n", name, labels,
                                       (unsigned long long)value);
}

static void type(struct out *o, const char *name, const char *kind)
{
        if (o->error == 0)
                o->error = sp_buf_addf(o->to, "# TYPE sallyport_%s %s\n", name, kind);
}

static void counter(struct out *o, const char *name, uint64_t value)
{
        type(o, name, "counter");
        line(o, name, "", value);
}

static void histogram(struct out *o, const char *name, const struct sp_latency *l)
{
        char full[80], labels[40];
        uint64_t sum = 0;

        type(o, name, "histogram");
        (void)snprintf(full, sizeof(full), "%s_bucket", name);
        for (size_t i = 0; i < SP_LATENCY_BUCKETS; i++) {
                sum += l->buckets[i];
                if (i < SP_ARRAY_SIZE(bounds_us))
                        (void)snprintf(labels, sizeof(labels), "{le=\"%g\"}",
                                       (double)bounds_us[i] / 1e6);
                else
                        (void)snprintf(labels, sizeof(labels), "{le=\"+Inf\"}");
                line(o, full, labels, sum);
        }
        if (o->error == 0)
                o->error = sp_buf_addf(o->to, "sallyport_%s_sum %.6f\n", name,
                                       (double)l->sum_us / 1e6);
        (void)snprintf(full, sizeof(full), "%s_count", name);
        line(o, full, "", l->count);
}

int sp_metrics_write(const struct sp_metrics *m, const struct sp_front_counters *f,
                     struct sp_buf *to)
{
        struct out o = { to, 0 };
        char labels[40];

        type(&o, "verdicts_total", "counter");
        for (int v = 0; v < SP_VERDICT_MAX_; v++) {
                (void)snprintf(labels, sizeof(labels), "{verdict=\"%s\"}",
                               sp_verdict_name((enum sp_verdict)v));
                line(&o, "verdicts_total", labels, m->verdicts[v]);
        }
        counter(&o, "connections_total", f->accepted);
        counter(&o, "connections_without_origin_total", f->no_origin);
        counter(&o, "connections_refused_total", f->refused);
        counter(&o, "connections_spliced_total", f->spliced);
        counter(&o, "tls_failures_total", f->tls_failed);
        counter(&o, "http_failures_total", f->http_failed);
        type(&o, "connections_open", "gauge");
        line(&o, "connections_open", "", f->open);
        counter(&o, "requests_total", m->requests);
        counter(&o, "faults_total", m->faults);
        counter(&o, "held_total", m->held);
        counter(&o, "executed_total", m->executed);
        counter(&o, "masked_columns_total", m->masked_columns);
        counter(&o, "masked_requests_total", m->masked_requests);
        counter(&o, "unresolved_texts_total", m->unresolved_texts);
        counter(&o, "dry_runs_total", m->dry_runs);
        counter(&o, "dry_runs_saved_total", m->dry_runs_saved);
        counter(&o, "mismatches_total", m->mismatches);
        counter(&o, "rows_total", m->rows);
        counter(&o, "answer_bytes_total", m->answer_bytes);
        counter(&o, "foreign_credentials_total", m->foreign_credentials);
        counter(&o, "tokens_minted_total", m->tokens_minted);
        counter(&o, "connections_not_recorded_total", m->connections_not_recorded);
        histogram(&o, "request_seconds", &m->request);
        histogram(&o, "upstream_seconds", &m->upstream);
        histogram(&o, "record_seconds", &m->record);
        histogram(&o, "judge_seconds", &m->judge);
        return o.error;
}
