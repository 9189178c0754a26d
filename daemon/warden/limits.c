/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/warden/limits.h"

#include <errno.h>
#include <stdlib.h>

#include <uthash.h>

#include "daemon/base/clock.h"

#define FORMAT 1
#define KEY_MAX 8192
#define STATUS_MAX 100 /* counters that status shows */
#define PAIRS_MAX ((SP_POLICY_LIMITS_MAX + 1) * SP_LIMIT_KINDS)

/* A principal's use of one amount of one limit. The key is five texts, each with a NUL
 * behind it: kind, rule (without its file: a limit may move), workload, issuer, subject. */
struct counter {
        UT_hash_handle hh;
        size_t n;
        uint64_t start_s, used, max, quiet;
        uint32_t window_s;
        char key[];
};
enum part { PART_KIND, PART_RULE, PART_WORKLOAD, PART_ISS, PART_SUB, PARTS };

struct sp_limits {
        struct counter *all;
        bool is_started, is_changed;
        uint64_t refused[SP_LIMIT_KINDS], quiet;
};

int sp_limits_new(struct sp_limits **ret)
{
        struct sp_limits *t = calloc(1, sizeof(*t));

        if (!t)
                return -ENOMEM;
        *ret = t;
        return 0;
}

static void drop(struct sp_limits *t, struct counter *c)
{
        HASH_DELETE(hh, t->all, c);
        free(c);
}

struct sp_limits *sp_limits_free(struct sp_limits *t)
{
        struct counter *c, *next;

        if (!t)
                return NULL;
        HASH_ITER(hh, t->all, c, next)
        drop(t, c);
        free(t);
        return NULL;
}

/* ---- counters ---- */

static struct sp_str part(const struct counter *c, enum part which)
{
        struct sp_str rest = sp_str(c->key, c->n), head = SP_STR_NULL;

        for (unsigned i = 0; i <= which; i++)
                (void)sp_str_cut(rest, '\0', &head, &rest);
        return head;
}

static bool is_over(const struct counter *c, uint64_t now_s)
{
        return now_s >= c->start_s && now_s - c->start_s >= c->window_s;
}

static void sweep(struct sp_limits *t, uint64_t now_s)
{
        struct counter *c, *next;

        HASH_ITER(hh, t->all, c, next)
        {
                if (is_over(c, now_s) && !c->quiet)
                        drop(t, c);
        }
}

static int counter_add(struct sp_limits *t, struct sp_str key, uint64_t now_s,
                       struct counter **ret)
{
        struct counter *c;

        if (HASH_COUNT(t->all) >= SP_LIMITS_COUNTERS_MAX)
                sweep(t, now_s);
        if (HASH_COUNT(t->all) >= SP_LIMITS_COUNTERS_MAX)
                return -ENOSPC;
        c = calloc(1, sizeof(*c) + key.n);
        if (!c)
                return -ENOMEM;
        c->n = key.n;
        memcpy(c->key, key.p, key.n);
        HASH_ADD_KEYPTR(hh, t->all, c->key, c->n, c);
        if (!c->hh.tbl) { /* uthash leaves it empty when it had no memory */
                free(c);
                return -ENOMEM;
        }
        *ret = c;
        return 0;
}

static struct sp_str rule_name(struct sp_str rule)
{
        struct sp_str file, name;

        return sp_str_cut(rule, '#', &file, &name) ? name : rule;
}

/* The counter of the running window. */
static int counter_get(struct sp_limits *t, const struct sp_limit *l,
                       enum sp_limit_kind kind, const struct sp_principal *who,
                       uint64_t now_s, struct counter **ret)
{
        const struct sp_limit_amount *a = &l->of[kind];
        const struct sp_str parts[PARTS] = { sp_str_c(sp_limit_kind_name(kind)),
                                             rule_name(l->rule), who->workload,
                                             who->iss, who->sub };
        sp_autobuf key = SP_BUF_INIT(KEY_MAX);
        struct counter *c = NULL;
        int r = 0;

        for (size_t i = 0; r == 0 && i < PARTS; i++) {
                r = sp_buf_add(&key, parts[i]);
                if (r == 0)
                        r = sp_buf_addc(&key, '\0');
        }
        if (r < 0)
                return r;
        HASH_FIND(hh, t->all, key.p, key.n, c);
        if (!c)
                r = counter_add(t, sp_buf_str(&key), now_s, &c);
        if (r < 0)
                return r;
        if (is_over(c, now_s) || c->window_s != a->window_s) {
                c->start_s = now_s - now_s % a->window_s;
                c->window_s = a->window_s;
                c->used = 0;
        }
        c->max = a->max;
        *ret = c;
        return 0;
}

/* ---- charging ---- */

struct pair {
        const struct sp_limit *limit;
        enum sp_limit_kind kind;
        struct counter *counter; /* NULL: of what waits at one time */
};

static uint64_t amount(const struct sp_msg_charge *m, enum sp_limit_kind kind)
{
        switch (kind) {
        case SP_LIMIT_REQUESTS:
                return m->requests;
        case SP_LIMIT_QUERIES:
                return m->queries;
        case SP_LIMIT_BYTES:
                return m->bytes;
        case SP_LIMIT_ROWS:
                return m->rows;
        case SP_LIMIT_REFUSALS:
                return m->refusals;
        default:
                return 0;
        }
}

static bool concerns(const struct sp_msg_charge *m, enum sp_limit_kind kind)
{
        if (kind == SP_LIMIT_APPROVALS)
                return m->job.n > 0;
        return amount(m, kind) || (kind == SP_LIMIT_ROWS && m->gives_rows) ||
               (kind == SP_LIMIT_BYTES && m->estimate);
}

static int find_pairs(struct sp_limits *t, const struct sp_policy *p,
                      const struct sp_principal *who, const struct sp_msg_charge *m,
                      uint64_t now_s, struct pair *to, size_t *ret_n)
{
        const struct sp_limit *limits[SP_POLICY_LIMITS_MAX + 1];
        size_t n_limits = sp_policy_limits(p, who, limits), n = 0;

        for (size_t i = 0; i < n_limits; i++)
                for (unsigned k = 0; k < SP_LIMIT_KINDS; k++) {
                        int r = 0;

                        if (!limits[i]->of[k].max || !concerns(m, k))
                                continue;
                        to[n] = (struct pair){ limits[i], k, NULL };
                        if (k != SP_LIMIT_APPROVALS)
                                r = counter_get(t, limits[i], k, who, now_s,
                                                &to[n].counter);
                        if (r < 0)
                                return r;
                        n++;
                }
        *ret_n = n;
        return 0;
}

static bool fits(const struct pair *p, const struct sp_msg_charge *m, uint64_t waiting)
{
        uint64_t max = p->limit->of[p->kind].max, used = waiting, more = 1;

        if (p->counter) {
                used = p->counter->used;
                more = SP_MAX(amount(m, p->kind), p->kind == SP_LIMIT_ROWS);
        }
        return more <= max && used <= max - more;
}

static void refuse(struct sp_limits *t, const struct pair *p, uint64_t waiting,
                   struct sp_msg_charged *ret)
{
        const struct sp_limit_amount *a = &p->limit->of[p->kind];
        const struct counter *c = p->counter;

        t->refused[p->kind]++;
        ret->rule = p->limit->rule;
        ret->kind = (uint8_t)p->kind;
        ret->max = a->max;
        ret->window_s = a->window_s;
        ret->used = c ? c->used : waiting;
        ret->frees_s = c ? c->start_s + c->window_s : 0;
}

static void add(uint64_t *to, uint64_t n)
{
        if (__builtin_add_overflow(*to, n, to))
                *to = UINT64_MAX;
}

static void count(struct sp_limits *t, const struct pair *p,
                  const struct sp_msg_charge *m, struct sp_msg_charged *ret)
{
        struct counter *c = p->counter;

        if (!c)
                return;
        /* what was guessed is taken back, if it was counted in this window */
        if (p->kind == SP_LIMIT_BYTES && m->estimate && m->charged_s >= c->start_s)
                c->used -= SP_MIN(c->used, m->estimate);
        add(&c->used, amount(m, p->kind));
        t->is_changed = true;
        if (p->kind == SP_LIMIT_REFUSALS && c->used > c->max && !ret->is_quiet) {
                ret->is_quiet = 1;
                c->quiet++;
                t->quiet++;
        }
}

/* It becomes part of a key, and of what people are shown. */
static bool is_name(struct sp_str s)
{
        return sp_str_is_utf8(s) && !(s.n && memchr(s.p, 0, s.n));
}

static int charge(struct sp_limits *t, const struct sp_policy *p,
                  const struct sp_msg_charge *m, uint64_t waiting, uint64_t now_s,
                  struct sp_msg_charged *ret)
{
        sp_cleanup(sp_arena_done) struct sp_arena a = SP_ARENA_INIT(256 * 1024);
        struct sp_principal who = {
                .workload = m->workload, .iss = m->iss, .sub = m->sub, .email = m->email
        };
        struct pair pairs[PAIRS_MAX];
        size_t n = 0;
        int r = is_name(who.workload) && is_name(who.iss) && is_name(who.sub)
                        ? sp_msg_split_groups(&a, m->groups, &who.groups, &who.n_groups)
                        : -EBADMSG;

        if (r == 0)
                r = find_pairs(t, p, &who, m, now_s, pairs, &n);
        if (r < 0)
                return r;
        if (n && m->may_refuse && !t->is_started)
                return -EAGAIN;
        for (size_t i = 0; m->may_refuse && i < n; i++)
                if (!fits(&pairs[i], m, waiting)) {
                        refuse(t, &pairs[i], waiting, ret);
                        return 0;
                }
        for (size_t i = 0; i < n; i++)
                count(t, &pairs[i], m, ret);
        return 0;
}

int sp_limits_charge(struct sp_limits *t, const struct sp_policy *p,
                     const struct sp_msg_charge *m, uint64_t waiting, uint64_t now_s,
                     struct sp_msg_charged *ret, struct sp_err *reterr)
{
        struct sp_msg_charged answer = { .now_s = now_s };
        int r = charge(t, p, m, waiting, now_s, &answer);

        if (r == -EAGAIN)
                return sp_err_set(reterr, r, "limit.unknown", "",
                                  "what was used of the limits is not known yet");
        if (r < 0)
                return sp_err_set(reterr, r, "limit.unknown", "",
                                  r == -ENOSPC ? "too many principals have limits"
                                               : "the limits cannot be counted");
        *ret = answer;
        return 0;
}

/* ---- kept ---- */

int sp_limits_write(const struct sp_limits *t, uint64_t now_s, struct sp_buf *to)
{
        struct sp_wire_out w = SP_WIRE_OUT(to);

        sp_wire_put_u8(&w, FORMAT);
        for (const struct counter *c = t->all; c; c = c->hh.next) {
                if (is_over(c, now_s))
                        continue;
                sp_wire_put_str(&w, sp_str(c->key, c->n));
                sp_wire_put_u64(&w, c->start_s);
                sp_wire_put_u32(&w, c->window_s);
                sp_wire_put_u64(&w, c->used);
                sp_wire_put_u64(&w, c->max);
        }
        return w.error;
}

static int read_counter(struct sp_limits *t, struct sp_wire_in *in, bool is_check,
                        uint64_t now_s)
{
        struct sp_str key = sp_wire_str(in);
        uint64_t start_s = sp_wire_u64(in);
        uint32_t window_s = sp_wire_u32(in);
        uint64_t used = sp_wire_u64(in), max = sp_wire_u64(in);
        struct counter *c = NULL;
        size_t ends = 0;
        int r;

        for (size_t i = 0; i < key.n; i++)
                ends += key.p[i] == '\0';
        if (in->is_bad || ends != PARTS || key.p[key.n - 1] != '\0' || !window_s)
                return -EBADMSG;
        if (start_s > now_s) /* the clock was set back */
                start_s = now_s;
        if (is_check || now_s - start_s >= window_s)
                return 0;
        HASH_FIND(hh, t->all, key.p, key.n, c);
        if (!c) {
                r = counter_add(t, key, now_s, &c);
                if (r < 0)
                        return r;
                c->start_s = start_s;
                c->window_s = window_s;
                c->max = max;
        }
        add(&c->used, used);
        return 0;
}

int sp_limits_read(struct sp_limits *t, struct sp_str text, uint64_t now_s)
{
        for (int pass = 0; pass < 2; pass++) {
                struct sp_wire_in in = SP_WIRE_IN(text);

                if (sp_wire_u8(&in) != FORMAT)
                        return -EBADMSG;
                while (in.rest.n) {
                        int r = read_counter(t, &in, pass == 0, now_s);

                        if (r < 0)
                                return r;
                }
        }
        sp_limits_start(t);
        return 0;
}

void sp_limits_start(struct sp_limits *t)
{
        t->is_started = true;
}

bool sp_limits_is_started(const struct sp_limits *t)
{
        return t->is_started;
}

bool sp_limits_is_changed(const struct sp_limits *t)
{
        return t->is_changed;
}

void sp_limits_mark(struct sp_limits *t, bool is_changed)
{
        t->is_changed = is_changed;
}

/* ---- looking ---- */

void sp_limits_take_quiet(struct sp_limits *t, sp_limits_quiet_fn fn, void *userdata)
{
        for (struct counter *c = t->all; c; c = c->hh.next) {
                const struct sp_limits_quiet q = { part(c, PART_RULE),
                                                   part(c, PART_WORKLOAD),
                                                   part(c, PART_ISS), part(c, PART_SUB),
                                                   c->quiet };

                c->quiet = 0;
                if (q.count)
                        fn(userdata, &q);
        }
}

void sp_limits_status(const struct sp_limits *t, uint64_t now_s, struct sp_jsonw *w)
{
        size_t n = 0;

        sp_jsonw_open(w, '[');
        for (const struct counter *c = t->all; c && n < STATUS_MAX; c = c->hh.next) {
                char frees[SP_TIME_LEN + 1];

                if (is_over(c, now_s) || !c->used)
                        continue;
                n++;
                sp_clock_format((c->start_s + c->window_s) * SP_USEC_PER_SEC, frees);
                sp_jsonw_open(w, '{');
                sp_jsonw_kstr(w, "limit", part(c, PART_RULE));
                sp_jsonw_kstr(w, "workload", part(c, PART_WORKLOAD));
                if (part(c, PART_SUB).n)
                        sp_jsonw_kstr(w, "person", part(c, PART_SUB));
                sp_jsonw_kstr(w, "counts", part(c, PART_KIND));
                sp_jsonw_ku64(w, "used", c->used);
                sp_jsonw_ku64(w, "max", c->max);
                sp_jsonw_kstr(w, "per", sp_str_c(sp_limit_window_name(c->window_s)));
                sp_jsonw_kstr(w, "frees", sp_str_c(frees));
                sp_jsonw_close(w, '}');
        }
        sp_jsonw_close(w, ']');
}

int sp_limits_metrics(const struct sp_limits *t, struct sp_buf *to)
{
        int r = sp_buf_add(
                to, SP_STR("# HELP sallyport_limit_refused_total Requests that did not "
                           "fit a limit.\n"
                           "# TYPE sallyport_limit_refused_total counter\n"));

        for (unsigned k = 0; r == 0 && k < SP_LIMIT_KINDS; k++)
                r = sp_buf_addf(to, "sallyport_limit_refused_total{kind=\"%s\"} %llu\n",
                                sp_limit_kind_name(k),
                                (unsigned long long)t->refused[k]);
        return r < 0 ? r
                     : sp_buf_addf(to,
                                   "# HELP sallyport_requests_not_recorded_total "
                                   "Requests that were not sent, over the rate of "
                                   "refusals: counted only.\n"
                                   "# TYPE sallyport_requests_not_recorded_total "
                                   "counter\n"
                                   "sallyport_requests_not_recorded_total %llu\n",
                                   (unsigned long long)t->quiet);
}
