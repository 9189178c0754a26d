/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/warden/refusals.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "daemon/warden/guard.h"
#include "daemon/warden/guard_path.h"

#define KINDS_MAX 1024 /* of all guards */
#define PERIOD_FIRST_US (2 * SP_USEC_PER_SEC)
#define PERIOD_MAX_US (60 * SP_USEC_PER_SEC)
#define WHATS_MAX 16
#define WORKLOADS_MAX (SP_TAGS_MAX + 1)

/* One kind; with is_rest, what one guard has no room for. */
struct kind {
        struct sp_guard_event last;
        uint64_t count; /* not reported yet */
        uint64_t due_us, period_us;
        bool is_rest;
        char workload[SP_TAG_WORKLOAD_LEN];
};
struct counted {
        char workload[SP_TAG_WORKLOAD_LEN];
        uint64_t n[WHATS_MAX];
};
struct sp_refusals {
        struct kind *kinds;
        size_t n_kinds, capacity;
        struct kind others; /* of guards that have no room at all */
        struct counted workloads[WORKLOADS_MAX];
        size_t n_workloads;
        sp_refusal_fn tell;
        void *userdata;
};

int sp_refusals_new(sp_refusal_fn tell, void *userdata, struct sp_refusals **ret)
{
        struct sp_refusals *all = calloc(1, sizeof(*all));

        if (!all)
                return -ENOMEM;
        all->tell = tell;
        all->userdata = userdata;
        all->others.is_rest = true;
        *ret = all;
        return 0;
}

struct sp_refusals *sp_refusals_free(struct sp_refusals *all)
{
        if (all)
                free(all->kinds);
        free(all);
        return NULL;
}

/* ---- who it was ---- */

struct sp_str sp_refusal_unit_of(struct sp_str path)
{
        static const struct sp_str endings[] = { SP_STR(".service"), SP_STR(".scope"),
                                                 SP_STR(".slice"), SP_STR(".socket") };
        struct sp_str part, rest = path, last = SP_STR_NULL, unit = SP_STR_NULL;

        while (rest.n) {
                (void)sp_str_cut(rest, '/', &part, &rest);
                if (!part.n)
                        continue;
                last = part;
                for (size_t i = 0; i < SP_ARRAY_SIZE(endings); i++)
                        if (sp_str_ends(part, endings[i]))
                                unit = part;
        }
        return unit.n ? unit : last;
}

/* The inode of a process's program, and nothing asked of the file system that it lies on: that may be
 * the agent's own and never answer, and the warden would wait for it (stat, statx and fstat all ask). */
static uint64_t inode_of_exe(uint32_t pid)
{
        char where[64], text[512], *at;
        sp_autoclose int fd = -1, info = -1;
        ssize_t n;

        (void)snprintf(where, sizeof(where), "/proc/%u/exe", pid);
        fd = open(where, O_PATH | O_CLOEXEC);
        if (fd < 0)
                return 0;
        (void)snprintf(where, sizeof(where), "/proc/self/fdinfo/%d", fd);
        info = open(where, O_RDONLY | O_CLOEXEC);
        n = info < 0 ? -1 : read(info, text, sizeof(text) - 1);
        if (n <= 0)
                return 0;
        text[n] = 0;
        at = strstr(text, "\nino:\t"); /* since Linux 5.14 */
        return at ? strtoull(at + 6, NULL, 10) : 0;
}

/* The kernel told names; a process that still is who it was has paths, too. */
static void look_up(struct sp_refusal *r)
{
        const struct sp_guard_event *e = &r->last;
        char path[PATH_MAX], mount[PATH_MAX], where[2 * PATH_MAX];
        struct sp_str unit = sp_str_c(e->cgroup);
        struct stat st;
        struct sp_err err;
        ssize_t n;

        (void)snprintf(r->exe, sizeof(r->exe), "%s", e->exe);
        (void)snprintf(where, sizeof(where), "/proc/%u/exe", e->pid);
        if (e->pid && e->exe_inode && inode_of_exe(e->pid) == e->exe_inode &&
            (n = readlink(where, path, sizeof(path) - 1)) > 0) {
                path[n] = 0;
                memcpy(r->exe, path, (size_t)n + 1);
        }
        if (e->pid && !sp_guard_path_of_pid((pid_t)e->pid, path) &&
            !sp_guard_path_mount(mount, &err)) {
                (void)snprintf(where, sizeof(where), "%s%s", mount, path);
                if (!stat(where, &st) && st.st_ino == e->cgroup_id)
                        unit = sp_refusal_unit_of(sp_str_c(path));
        }
        (void)snprintf(r->unit, sizeof(r->unit), "%.*s", SP_FMT(unit));
}

/* ---- gathering ---- */

static void tell(struct sp_refusals *all, struct kind *k)
{
        struct sp_refusal r = { .last = k->last,
                                .count = k->count,
                                .is_rest = k->is_rest };

        memcpy(r.workload, k->workload, sizeof(r.workload));
        if (!k->is_rest)
                look_up(&r);
        all->tell(all->userdata, &r);
        k->count = 0;
}

static void count_workload(struct sp_refusals *all, const char *workload, unsigned what)
{
        struct counted *c = all->workloads;
        size_t i = 0;

        while (i < all->n_workloads && strcmp(c[i].workload, workload))
                i++;
        if (i == WORKLOADS_MAX)
                i--; /* more names than tags: some are of the past */
        if (i == all->n_workloads) {
                all->n_workloads++;
                (void)snprintf(c[i].workload, sizeof(c[i].workload), "%s", workload);
        }
        c[i].n[what]++;
}

static bool is_alike(const struct sp_guard_event *a, const struct sp_guard_event *b)
{
        return a->what == b->what && a->uid == b->uid && a->exe_inode == b->exe_inode &&
               !strncmp(a->comm, b->comm, SP_COMM_LEN);
}

/* The kind of this event; the rest of its guard; a place for a new one; or NULL. */
static struct kind *find(struct sp_refusals *all, const struct sp_guard_event *e)
{
        struct kind *k, *rest = NULL, *bigger;
        size_t n = 0;

        for (size_t i = 0; i < all->n_kinds; i++) {
                k = &all->kinds[i];
                if (k->last.guard_id != e->guard_id)
                        continue;
                if (k->is_rest)
                        rest = k;
                else if (is_alike(&k->last, e))
                        return k;
                else
                        n++;
        }
        if (n >= SP_REFUSAL_KINDS_MAX && rest)
                return rest;
        if (all->n_kinds == KINDS_MAX)
                return rest;
        if (all->n_kinds == all->capacity) {
                size_t more = all->capacity ? 2 * all->capacity : 16;

                bigger = reallocarray(all->kinds, more, sizeof(*bigger));
                if (!bigger)
                        return rest;
                all->kinds = bigger;
                all->capacity = more;
        }
        k = &all->kinds[all->n_kinds++];
        *k = (struct kind){ .is_rest = n >= SP_REFUSAL_KINDS_MAX,
                            .period_us = PERIOD_FIRST_US };
        k->last.guard_id = e->guard_id;
        return k;
}

void sp_refusals_add(struct sp_refusals *all, const struct sp_guard_event *e,
                     const char *workload, uint64_t now_us)
{
        struct kind *k;

        if (e->what >= WHATS_MAX || !sp_guard_what_name(e->what))
                return;
        count_workload(all, workload, e->what);
        k = find(all, e);
        if (!k) {
                all->others.count++;
                return;
        }
        (void)snprintf(k->workload, sizeof(k->workload), "%s", workload);
        if (!k->is_rest)
                k->last = *e;
        k->count++;
        if (k->due_us)
                return;
        k->due_us = now_us + k->period_us;
        if (!k->is_rest)
                tell(all, k);
}

void sp_refusals_tell(struct sp_refusals *all, uint64_t now_us)
{
        size_t kept = 0;

        for (size_t i = 0; i < all->n_kinds; i++) {
                struct kind *k = &all->kinds[i];
                bool is_due = now_us >= k->due_us;

                if (is_due && !k->count)
                        continue; /* quiet for a whole period: forgotten */
                if (is_due) {
                        tell(all, k);
                        k->period_us = SP_MIN(2 * k->period_us, PERIOD_MAX_US);
                        k->due_us = now_us + k->period_us;
                }
                if (kept != i)
                        all->kinds[kept] = *k;
                kept++;
        }
        all->n_kinds = kept;
        if (all->others.count)
                tell(all, &all->others);
}

int sp_refusals_metrics(const struct sp_refusals *all, struct sp_buf *to)
{
        int r = sp_buf_add(
                to, SP_STR("# HELP sallyport_guard_refused_total Attempts of guarded "
                           "processes that the kernel refused.\n"
                           "# TYPE sallyport_guard_refused_total counter\n"));

        for (size_t i = 0; r == 0 && i < all->n_workloads; i++) {
                const struct counted *c = &all->workloads[i];

                for (unsigned w = 0; r == 0 && w < WHATS_MAX; w++)
                        if (c->n[w])
                                r = sp_buf_addf(to,
                                                "sallyport_guard_refused_total{"
                                                "workload=\"%s\",what=\"%s\"} %llu\n",
                                                c->workload, sp_guard_what_name(w),
                                                (unsigned long long)c->n[w]);
        }
        return r;
}
