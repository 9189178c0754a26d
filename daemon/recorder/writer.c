/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/recorder/writer.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>

#include "daemon/base/clock.h"
#include "daemon/base/log.h"

/* A body counts for at least this much of what may wait: it holds a descriptor. */
#define BODY_LEAST (UINT64_C(128) << 10)

/* Nobody waits for a body: several are synced at once, and not while the disk is wanted for the request that
 * comes next. What a crash takes of an answer's record is longer by so much. */
#define GATHER_US 5000

/* First in, first out. */
struct queue {
        struct sp_job *first, **tail;
};

struct sp_writer {
        pthread_t thread, body_thread;
        pthread_mutex_t lock; /* of everything below but `dir` and `options` */
        pthread_cond_t wake, wake_bodies;
        struct queue bodies, waiting,
                done; /* in the order that a job goes through them */
        struct sp_writer_stats stats;
        struct sp_store *store;
        bool should_stop, has_body_thread;
        int event_fd;
        char *dir;
        struct sp_store_options options;
};

static void queue_init(struct queue *q)
{
        q->first = NULL;
        q->tail = &q->first;
}

static void queue_add(struct queue *q, struct sp_job *list)
{
        *q->tail = list;
        while (*q->tail)
                q->tail = &(*q->tail)->next;
}

/* ---- jobs ---- */

static struct sp_str copy(char **to, struct sp_str s)
{
        struct sp_str ret = sp_str(*to, s.n);

        if (s.n)
                memcpy(*to, s.p, s.n);
        *to += s.n;
        return ret;
}

struct sp_job *sp_job_new(struct sp_str record, struct sp_str session,
                          const struct sp_msg_keep *keep)
{
        static const struct sp_msg_keep none;
        struct sp_job *j;
        char *to;

        keep = keep ?: &none;
        j = malloc(sizeof(*j) + record.n + session.n + keep->space.n + keep->key.n +
                   keep->value.n);
        if (!j)
                return NULL;
        *j = (struct sp_job){ .queued_us = sp_clock_us(), .body = -1 };
        to = j->bytes;
        j->record = copy(&to, record);
        j->session = copy(&to, session);
        j->keep = (struct sp_msg_keep){ .space = copy(&to, keep->space),
                                        .key = copy(&to, keep->key),
                                        .value = copy(&to, keep->value),
                                        .expires_s = keep->expires_s };
        return j;
}

void sp_job_free(struct sp_job *j)
{
        if (j)
                sp_closep(&j->body);
        free(j);
}

static size_t job_bytes(const struct sp_job *j)
{
        size_t body = j->body_bytes ? SP_MAX(j->body_bytes, BODY_LEAST) : 0;

        return sizeof(*j) + j->record.n + j->keep.value.n + body;
}

/* ---- the thread ---- */

static void set_state(struct sp_writer *w, const struct sp_err *e)
{
        bool changed;

        (void)pthread_mutex_lock(&w->lock);
        changed = !w->stats.was_tried || (e->code < 0) != (w->stats.state.code < 0) ||
                  (e->code < 0 && strcmp(e->id, w->stats.state.id) != 0);
        w->stats.state = *e;
        w->stats.was_tried = true;
        if (w->store && e->code == 0)
                sp_store_head(w->store, &w->stats.head.seq, w->stats.head.hash);
        (void)pthread_cond_signal(&w->wake_bodies);
        (void)pthread_mutex_unlock(&w->lock);
        if (changed) {
                uint64_t one = 1;

                if (e->code < 0)
                        sp_log_err(SP_LOG_ERR, e, "cannot write records");
                else
                        sp_log(SP_LOG_INFO, "the record store is open");
                /* whoever waits for the first attempt looks again */
                (void)!write(w->event_fd, &one, sizeof(one));
        }
}

static bool ensure_open(struct sp_writer *w)
{
        struct sp_err e = SP_ERR_NULL;
        struct sp_store *s = NULL;
        int r;

        if (w->store) { /* only this thread writes the pointer */
                r = sp_store_probe(w->store, &e);
        } else {
                r = sp_store_open(w->dir, &w->options, &s, &e);
                if (r == 0) {
                        (void)pthread_mutex_lock(&w->lock);
                        w->store = s;
                        (void)pthread_mutex_unlock(&w->lock);
                        r = sp_store_probe(s, &e);
                }
        }
        if (r < 0 && !e.id)
                (void)sp_err_set(&e, r, "store.io", "", "%s", strerror(-r));
        set_state(w, &e);
        return r == 0;
}

static void explain(struct sp_job *j)
{
        if (j->result < 0 && !j->err.id)
                (void)sp_err_set(&j->err, j->result, "record.invalid", "", "%s",
                                 strerror(-j->result));
}

/* One job that cannot be written must not take others along. (recorder.c has checked
 * the lengths: what fails here is memory, before anything was added.) */
static void gather(struct sp_store_batch *b, struct sp_job *j)
{
        if (j->result == 0 && j->keep.space.n)
                j->result = sp_store_keep(b, j->keep.space, j->keep.key, j->keep.value,
                                          j->keep.expires_s);
        /* The record goes last: once it is in, its number is used. */
        if (j->result == 0 && j->body_bytes)
                j->result = sp_store_append_body(b, j->session, j->record, &j->where,
                                                 &j->seq);
        else if (j->result == 0 && j->record.n)
                j->result = sp_store_append(b, j->session, j->record, &j->seq);
        explain(j);
}

static void fail_all(struct sp_job *list, const struct sp_err *e)
{
        for (struct sp_job *j = list; j; j = j->next) {
                if (j->result < 0)
                        continue;
                j->result = e->code;
                j->err = *e;
        }
}

static void write_batch(struct sp_writer *w, struct sp_job *list)
{
        sp_cleanup(sp_store_batch_freep) struct sp_store_batch *b = NULL;
        struct sp_err e = SP_ERR_NULL;
        uint64_t start = sp_clock_us(), took;
        int r = sp_store_batch_new(w->store, &b, &e);

        if (r == 0) {
                for (struct sp_job *j = list; j; j = j->next)
                        gather(b, j);
                r = sp_store_commit(b, &e);
        }
        if (r < 0) {
                if (!e.id)
                        (void)sp_err_set(&e, r, "store.io", "", "%s", strerror(-r));
                fail_all(list, &e);
        }
        took = sp_clock_us() - start;
        set_state(w, &e);
        (void)pthread_mutex_lock(&w->lock);
        w->stats.batches++;
        w->stats.last_commit_us = took;
        w->stats.longest_commit_us = SP_MAX(w->stats.longest_commit_us, took);
        w->stats.last_batch_jobs = 0;
        for (struct sp_job *j = list; j; j = j->next) {
                w->stats.last_batch_jobs++;
                w->stats.failures += j->result < 0;
                w->stats.records += j->result == 0 && j->record.n;
                w->stats.facts += j->result == 0 && j->keep.space.n;
                w->stats.bytes +=
                        j->result == 0 ? j->record.n + j->body_bytes + j->keep.value.n
                                       : 0;
        }
        (void)pthread_mutex_unlock(&w->lock);
}

/* Called with the lock held: a batch of what waits; NULL: nothing does. */
static struct sp_job *take_batch(struct queue *q, size_t *ret_jobs, size_t *ret_bytes)
{
        struct sp_job *list = q->first, **end = &q->first;
        size_t bytes = 0, n = 0;

        while (*end && n < SP_WRITER_BATCH_JOBS &&
               (n == 0 || bytes < SP_WRITER_BATCH_BYTES)) {
                bytes += job_bytes(*end);
                n++;
                end = &(*end)->next;
        }
        q->first = *end;
        *end = NULL;
        if (!q->first)
                q->tail = &q->first;
        *ret_jobs = n;
        *ret_bytes = bytes;
        return n ? list : NULL;
}

static void give_back(struct sp_writer *w, struct sp_job *list)
{
        uint64_t one = 1;

        (void)pthread_mutex_lock(&w->lock);
        queue_add(&w->done, list);
        (void)pthread_mutex_unlock(&w->lock);
        (void)!write(w->event_fd, &one, sizeof(one));
}

/* The next batch; NULL: nothing came within a second, or stop. */
static struct sp_job *wait_for_jobs(struct sp_writer *w, bool *should_stop)
{
        struct sp_job *list;
        struct timespec until;
        size_t n, bytes;

        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec++;
        (void)pthread_mutex_lock(&w->lock);
        while (!w->waiting.first && !(w->should_stop && !w->has_body_thread))
                if (pthread_cond_timedwait(&w->wake, &w->lock, &until) == ETIMEDOUT)
                        break;
        list = take_batch(&w->waiting, &n, &bytes);
        w->stats.waiting_jobs -= n;
        w->stats.waiting_bytes -= bytes;
        *should_stop = w->should_stop && !w->has_body_thread && !list;
        (void)pthread_mutex_unlock(&w->lock);
        return list;
}

static void *run(void *userdata)
{
        struct sp_writer *w = userdata;
        bool can_write = ensure_open(w), should_stop = false;
        uint64_t tried_us = sp_clock_us();

        while (!should_stop) {
                struct sp_job *list = wait_for_jobs(w, &should_stop);

                if (!can_write && sp_clock_us() - tried_us >= SP_USEC_PER_SEC) {
                        can_write = ensure_open(w);
                        tried_us = sp_clock_us();
                }
                if (!list)
                        continue;
                if (can_write) {
                        write_batch(w, list);
                        can_write =
                                w->stats.state.code == 0; /* written by this thread */
                        tried_us = sp_clock_us();
                } else {
                        struct sp_err e = w->stats.state;

                        fail_all(list, &e);
                }
                give_back(w, list);
        }
        return NULL;
}

/* ---- the thread of bodies ---- */

static void write_bodies(struct sp_store *s, struct sp_job *list)
{
        struct sp_err e = SP_ERR_NULL;

        for (struct sp_job *j = list; j; j = j->next) {
                j->result = sp_store_put_body(s, j->body, j->body_bytes, &j->where,
                                              &j->err);
                explain(j);
        }
        if (sp_store_sync_bodies(s, &e) < 0)
                fail_all(list, &e);
        /* here rather than in the loop: it gives the pages back */
        for (struct sp_job *j = list; j; j = j->next)
                sp_closep(&j->body);
}

/* What came until GATHER_US after the first; NULL: stop. Called with the lock held, which others get
 * meanwhile. */
static struct sp_job *wait_for_bodies(struct sp_writer *w)
{
        struct timespec until;
        uint64_t until_us;
        size_t n, bytes;

        while (!w->bodies.first || !w->stats.was_tried) {
                if (w->should_stop && !w->bodies.first)
                        return NULL;
                (void)pthread_cond_wait(&w->wake_bodies, &w->lock);
        }
        until_us = w->bodies.first->queued_us + GATHER_US;
        until.tv_sec = (time_t)(until_us / SP_USEC_PER_SEC);
        until.tv_nsec = (long)(until_us % SP_USEC_PER_SEC * 1000);
        while (!w->should_stop)
                if (pthread_cond_timedwait(&w->wake_bodies, &w->lock, &until) ==
                    ETIMEDOUT)
                        break;
        return take_batch(&w->bodies, &n, &bytes);
}

static void *run_bodies(void *userdata)
{
        struct sp_writer *w = userdata;
        struct sp_job *list;

        (void)pthread_mutex_lock(&w->lock);
        while ((list = wait_for_bodies(w))) {
                struct sp_err state = w->stats.state;
                struct sp_store *s = w->store;

                (void)pthread_mutex_unlock(&w->lock);
                if (state.code < 0)
                        fail_all(list, &state);
                else
                        write_bodies(s, list);
                (void)pthread_mutex_lock(&w->lock);
                queue_add(&w->waiting, list);
                (void)pthread_cond_signal(&w->wake);
        }
        w->has_body_thread = false;
        (void)pthread_cond_signal(&w->wake);
        (void)pthread_mutex_unlock(&w->lock);
        return NULL;
}

/* ---- the loop's side ---- */

static void stop_writing(struct sp_writer *w, bool has_body_thread)
{
        (void)pthread_mutex_lock(&w->lock);
        w->should_stop = true;
        w->has_body_thread = has_body_thread;
        (void)pthread_cond_signal(&w->wake);
        (void)pthread_cond_signal(&w->wake_bodies);
        (void)pthread_mutex_unlock(&w->lock);
        if (has_body_thread)
                (void)pthread_join(w->body_thread, NULL);
        (void)pthread_join(w->thread, NULL);
}

static int start(struct sp_writer *w)
{
        pthread_condattr_t a;
        int r;

        (void)pthread_mutex_init(&w->lock, NULL);
        (void)pthread_condattr_init(&a);
        (void)pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
        (void)pthread_cond_init(&w->wake, &a);
        (void)pthread_cond_init(&w->wake_bodies, &a);
        (void)pthread_condattr_destroy(&a);
        w->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (w->event_fd < 0)
                return -errno;
        w->has_body_thread = true;
        r = pthread_create(&w->thread, NULL, run, w);
        if (r)
                return -r;
        r = pthread_create(&w->body_thread, NULL, run_bodies, w);
        if (r) {
                stop_writing(w, false);
                return -r;
        }
        return 0;
}

static void discard(struct sp_writer *w)
{
        for (struct sp_job *j = w->done.first, *next; j; j = next) {
                next = j->next;
                sp_job_free(j);
        }
        w->store = sp_store_close(w->store);
        (void)pthread_cond_destroy(&w->wake);
        (void)pthread_cond_destroy(&w->wake_bodies);
        (void)pthread_mutex_destroy(&w->lock);
        sp_closep(&w->event_fd);
        free(w->dir);
        free(w);
}

int sp_writer_new(const char *dir, const struct sp_store_options *o,
                  struct sp_writer **ret, struct sp_err *reterr)
{
        struct sp_writer *w = calloc(1, sizeof(*w));
        int r;

        if (!w)
                return -ENOMEM;
        w->options = *o;
        queue_init(&w->bodies);
        queue_init(&w->waiting);
        queue_init(&w->done);
        w->dir = strdup(dir);
        r = w->dir ? start(w) : -ENOMEM;
        if (r < 0) {
                discard(w);
                return sp_err_set(reterr, r, "store.io", dir,
                                  "cannot start the writer: %s", strerror(-r));
        }
        *ret = w;
        return 0;
}

struct sp_writer *sp_writer_free(struct sp_writer *w)
{
        if (!w)
                return NULL;
        stop_writing(w, true);
        discard(w);
        return NULL;
}

int sp_writer_event_fd(const struct sp_writer *w)
{
        return w->event_fd;
}

int sp_writer_put(struct sp_writer *w, struct sp_job *j)
{
        int r = 0;

        (void)pthread_mutex_lock(&w->lock);
        if (w->stats.waiting_bytes + job_bytes(j) > SP_WRITER_QUEUE_BYTES) {
                r = -ENOBUFS;
        } else {
                j->next = NULL;
                queue_add(j->body_bytes ? &w->bodies : &w->waiting, j);
                w->stats.waiting_jobs++;
                w->stats.waiting_bytes += job_bytes(j);
                (void)pthread_cond_signal(j->body_bytes ? &w->wake_bodies : &w->wake);
        }
        (void)pthread_mutex_unlock(&w->lock);
        return r;
}

struct sp_job *sp_writer_take(struct sp_writer *w)
{
        struct sp_job *list;
        uint64_t n;

        (void)!read(w->event_fd, &n, sizeof(n));
        (void)pthread_mutex_lock(&w->lock);
        list = w->done.first;
        queue_init(&w->done);
        (void)pthread_mutex_unlock(&w->lock);
        return list;
}

/* 0: nothing waits. Called with the lock held. */
static uint64_t oldest_us(const struct sp_writer *w)
{
        const struct sp_job *a = w->waiting.first, *b = w->bodies.first;

        if (!a || !b)
                return a ? a->queued_us : b ? b->queued_us : 0;
        return SP_MIN(a->queued_us, b->queued_us);
}

void sp_writer_stats(struct sp_writer *w, struct sp_writer_stats *ret)
{
        (void)pthread_mutex_lock(&w->lock);
        *ret = w->stats;
        ret->oldest_us = oldest_us(w);
        (void)pthread_mutex_unlock(&w->lock);
}

struct sp_store *sp_writer_store(struct sp_writer *w)
{
        struct sp_store *s;

        (void)pthread_mutex_lock(&w->lock);
        s = w->store;
        (void)pthread_mutex_unlock(&w->lock);
        return s;
}
