/* SPDX-License-Identifier: Apache-2.0 */
#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "daemon/base/log.h"
#include "daemon/warden/guard_internal.h"

/* The tags of the map, in user space. */
struct tag {
        struct sp_tag_key key;
        struct sp_tag value;
        bool is_wanted; /* apply: the new configuration has it */
        bool has_directory; /* list */
};
struct tags {
        struct tag v[SP_TAGS_MAX];
        size_t n;
        unsigned depth; /* of the deepest pattern */
};

static struct tags *tags_free(struct tags *t)
{
        free(t);
        return NULL;
}
SP_DEFINE_CLEANUP(struct tags *, tags_free)

static int tags_read(struct sp_guard *g, struct tags **ret)
{
        sp_cleanup(tags_freep) struct tags *t = calloc(1, sizeof(*t));
        struct sp_tag_key key, *from = NULL;

        if (!t)
                return -ENOMEM;
        while (!bpf_map_get_next_key(g->tags_fd, from, &key)) {
                struct tag *tag = &t->v[t->n];

                from = &key;
                if (t->n == SP_TAGS_MAX)
                        return -E2BIG;
                if (bpf_map_lookup_elem(g->tags_fd, &key, &tag->value))
                        continue; /* removed meanwhile: only by us */
                tag->key = key;
                t->depth = SP_MAX(t->depth, sp_guard_path_depth(key.pattern));
                t->n++;
        }
        if (errno != ENOENT)
                return -errno;
        *ret = SP_TAKE(t);
        return 0;
}

static struct tag *tags_find(struct tags *t, const struct sp_tag_key *key)
{
        for (size_t i = 0; i < t->n; i++)
                if (!memcmp(&t->v[i].key, key, sizeof(*key)))
                        return &t->v[i];
        return NULL;
}

static struct tag *tags_best(struct tags *t, const char *path)
{
        struct tag *best = NULL;

        for (size_t i = 0; i < t->n; i++)
                if ((!best || t->v[i].value.score > best->value.score) &&
                    sp_guard_path_match(t->v[i].key.pattern, path))
                        best = &t->v[i];
        return best;
}

/* ---- walking the directories ---- */

typedef int (*on_directory_fn)(void *userdata, const char *path, uint64_t id);

struct walk {
        on_directory_fn on_directory;
        void *userdata;
        unsigned depth_max;
        char path[PATH_MAX]; /* of the directory at hand, "" for the root */
};

/* Takes `fd`. A directory that goes away under us is no error. */
static int walk_directory(struct walk *w, int fd, unsigned depth)
{
        size_t n = strlen(w->path);
        struct dirent *e;
        struct stat st;
        DIR *d = fdopendir(fd);
        int r = 0, child;

        if (!d) {
                r = -errno;
                (void)close(fd);
                return r;
        }
        while (!r && (errno = 0, e = readdir(d)) != NULL) {
                if (e->d_name[0] == '.' ||
                    (e->d_type != DT_DIR && e->d_type != DT_UNKNOWN))
                        continue;
                if (n + strlen(e->d_name) + 2 > sizeof(w->path))
                        continue; /* longer than any pattern can describe */
                child = openat(dirfd(d), e->d_name,
                               O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                if (child < 0) {
                        if (errno != ENOENT && errno != ENOTDIR && errno != ENODEV)
                                r = -errno;
                        continue;
                }
                (void)snprintf(w->path + n, sizeof(w->path) - n, "/%s", e->d_name);
                if (fstat(child, &st))
                        r = -errno;
                else
                        r = w->on_directory(w->userdata, w->path, st.st_ino);
                if (!r && depth + 1 < w->depth_max)
                        r = walk_directory(w, child, depth + 1);
                else
                        (void)close(child);
                w->path[n] = 0;
        }
        if (!r && errno && errno != ENOENT && errno != ENODEV)
                r = -errno;
        (void)closedir(d);
        return r;
}

static int walk(struct sp_guard *g, unsigned depth_max, on_directory_fn f,
                void *userdata)
{
        struct walk w = { .on_directory = f,
                          .userdata = userdata,
                          .depth_max = depth_max };
        int fd;

        if (!depth_max)
                return 0;
        fd = openat(g->root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        return walk_directory(&w, fd, 0);
}

/* ---- bringing `guarded` in line with the tags ---- */

struct scan {
        struct sp_guard *g;
        struct tags *tags;
        uint64_t *seen; /* ids that a tag matches */
        size_t n_seen, capacity;
        uint64_t lost_from; /* lowest id that found no room; 0: all did */
        bool has_new; /* directories that were not guarded before */
};

static int scan_note_seen(struct scan *s, uint64_t id)
{
        if (s->n_seen == s->capacity) {
                size_t capacity = s->capacity ? 2 * s->capacity : 64;
                uint64_t *p = reallocarray(s->seen, capacity, sizeof(*p));

                if (!p)
                        return -ENOMEM;
                s->seen = p;
                s->capacity = capacity;
        }
        s->seen[s->n_seen++] = id;
        return 0;
}

static int scan_directory(void *userdata, const char *path, uint64_t id)
{
        struct scan *s = userdata;
        struct tag *best = tags_best(s->tags, path);
        struct sp_guarded old, new = { 0 };
        bool is_new;
        unsigned n = 0;
        int r;

        if (!best)
                return 0;
        r = scan_note_seen(s, id);
        if (r)
                return r;
        new.score = best->value.score;
        memcpy(new.workload, best->value.workload, sizeof(new.workload));
        is_new = bpf_map_lookup_elem(s->g->guarded_fd, &id, &old) != 0;
        if (!is_new && !memcmp(&old, &new, sizeof(new)))
                return 0;
        if (bpf_map_update_elem(s->g->guarded_fd, &id, &new, BPF_ANY)) {
                if (errno != E2BIG)
                        return -errno;
                if (!s->lost_from || s->lost_from > id)
                        s->lost_from = id;
                return 0;
        }
        if (!is_new)
                return 0;
        s->has_new = true;
        r = sp_guard_sweep(s->g, path, &n);
        if (r || n)
                sp_log(r ? SP_LOG_WARNING : SP_LOG_INFO,
                       "guard: %u connections older than the tag of cgroup %llu "
                       "ended%s%s",
                       n, (unsigned long long)id, r ? ", others may remain: " : "",
                       r ? strerror(-r) : "");
        return 0;
}

static int compare_u64(const void *a, const void *b)
{
        uint64_t x, y;

        memcpy(&x, a, sizeof(x));
        memcpy(&y, b, sizeof(y));
        return (x > y) - (x < y);
}

/* Forgets directories whose tag is gone. Only ids from `before`, read before the walk: a
 * directory made meanwhile was entered by the kernel and not seen by the walk. */
static int scan_forget(struct scan *s, const uint64_t *before, size_t n)
{
        struct sp_guarded value;
        int r;

        if (s->n_seen)
                qsort(s->seen, s->n_seen, sizeof(*s->seen), compare_u64);
        for (size_t i = 0; i < n; i++) {
                bool has_tag = false;

                if (s->n_seen && bsearch(&before[i], s->seen, s->n_seen,
                                         sizeof(*s->seen), compare_u64))
                        continue;
                if (bpf_map_lookup_elem(s->g->guarded_fd, &before[i], &value))
                        continue;
                for (size_t k = 0; k < s->tags->n; k++)
                        has_tag |= s->tags->v[k].value.score == value.score;
                if (has_tag)
                        continue;
                if (bpf_map_delete_elem(s->g->guarded_fd, &before[i]) &&
                    errno != ENOENT)
                        return -errno;
                r = sp_guard_members_forget(s->g, before[i]);
                if (r)
                        return r;
        }
        return 0;
}

static int guarded_ids(struct sp_guard *g, uint64_t **ret, size_t *ret_n)
{
        uint64_t *ids = calloc(SP_GUARDED_MAX, sizeof(*ids)), key, *from = NULL;
        size_t n = 0;

        if (!ids)
                return -ENOMEM;
        while (n < SP_GUARDED_MAX && !bpf_map_get_next_key(g->guarded_fd, from, &key)) {
                ids[n++] = key;
                from = &key;
        }
        *ret = ids;
        *ret_n = n;
        return 0;
}

/* One pass over all directories. `clears_lost`: everything found its place, so whatever
 * the kernel could not enter before is entered now. -ENOSPC: see sp_guard_state. */
static int scan_once(struct sp_guard *g, struct tags *t, bool clears_lost)
{
        struct scan s = { .g = g, .tags = t };
        struct sp_guard_state state = { 0 };
        uint64_t *before = NULL;
        uint32_t zero = 0;
        size_t n = 0;
        int r;

        r = guarded_ids(g, &before, &n);
        if (!r)
                r = walk(g, t->depth, scan_directory, &s);
        if (!r && s.has_new)
                r = sp_guard_members_seed(g);
        if (!r)
                r = scan_forget(&s, before, n);
        state.lost_from = s.lost_from;
        if (!r && (clears_lost || s.lost_from) &&
            bpf_map_update_elem(g->state_fd, &zero, &state, BPF_ANY))
                r = -errno;
        if (!r && s.lost_from)
                r = -ENOSPC;
        free(before);
        free(s.seen);
        return r;
}

static int scan(struct sp_guard *g, struct sp_err *reterr)
{
        sp_cleanup(tags_freep) struct tags *t = NULL;
        struct sp_guard_state state = { 0 };
        uint32_t zero = 0;
        int r;

        r = tags_read(g, &t);
        if (!r && bpf_map_lookup_elem(g->state_fd, &zero, &state))
                r = -errno;
        if (!r)
                r = scan_once(g, t, state.lost_from != 0);
        if (!r && state.lost_from) /* lost between that walk and the clearing */
                r = scan_once(g, t, false);
        if (r == -ENOSPC)
                return sp_err_set(
                        reterr, r, "guard.full", "",
                        "more than %d guarded cgroups; until there are fewer, "
                        "younger cgroups without a tag are refused port 443",
                        SP_GUARDED_MAX);
        if (r)
                return sp_err_set(reterr, r, "guard.scan", g->mount,
                                  "cannot bring the guarded cgroups up to date: %s",
                                  strerror(-r));
        return 0;
}

/* ---- changing tags ---- */

static int check_workload(struct sp_str name, struct sp_err *reterr)
{
        bool is_ok = name.n && name.n < SP_TAG_WORKLOAD_LEN;

        for (size_t i = 0; is_ok && i < name.n; i++)
                is_ok = (name.p[i] >= 'a' && name.p[i] <= 'z') ||
                        (name.p[i] >= 'A' && name.p[i] <= 'Z') ||
                        (name.p[i] >= '0' && name.p[i] <= '9') ||
                        (i &&
                         (name.p[i] == '-' || name.p[i] == '_' || name.p[i] == '.'));
        if (is_ok)
                return 0;
        return sp_err_set(reterr, -EINVAL, "guard.workload", "",
                          "a workload name is 1 to %d letters, digits, '-', '_' or '.'",
                          SP_TAG_WORKLOAD_LEN - 1);
}

/* Refuses patterns that would not be enforced, and those that would guard ourselves. */
static int check_pattern(struct sp_guard *g, const char *pattern, struct sp_err *reterr)
{
        char self[PATH_MAX];
        int r;

        if (!sp_guard_path_is_below(pattern, g->attach))
                return sp_err_set(reterr, -EINVAL, "guard.outside", pattern,
                                  "not below guard.attach (%s): nothing would guard it",
                                  g->attach);
        r = sp_guard_path_of_pid(0, self);
        if (r)
                return sp_err_set(reterr, r, "guard.scan", "/proc/self/cgroup", "%s",
                                  strerror(-r));
        for (char *end = self + strlen(self); end > self; end = strrchr(self, '/')) {
                *end = 0;
                if (sp_guard_path_match(pattern, self))
                        return sp_err_set(reterr, -EINVAL, "guard.self", pattern,
                                          "the daemon itself runs in there");
        }
        return 0;
}

static int make_tag(struct sp_guard *g, struct sp_str path, struct sp_str workload,
                    enum sp_tag_source source, struct tag *ret, struct sp_err *reterr)
{
        struct tag t = { .value.source = source, .is_wanted = true };
        int r = sp_guard_path_pattern(path, &t.key, reterr);

        if (!r)
                r = check_workload(workload, reterr);
        if (!r)
                r = check_pattern(g, t.key.pattern, reterr);
        if (r)
                return r;
        memcpy(t.value.workload, workload.p, workload.n);
        *ret = t;
        return 0;
}

static uint32_t next_serial(const struct tags *t)
{
        uint32_t serial = 0, one;

        for (size_t i = 0; i < t->n; i++) {
                one = UINT32_MAX - (uint32_t)t->v[i].value.score;
                serial = SP_MAX(serial, one + 1);
        }
        return serial;
}

static int put_tag(struct sp_guard *g, const struct tag *t, struct sp_err *reterr)
{
        if (!bpf_map_update_elem(g->tags_fd, &t->key, &t->value, BPF_ANY))
                return 0;
        return sp_err_set(reterr, errno == E2BIG ? -E2BIG : -EIO, "guard.tags",
                          t->key.pattern, "cannot enter the tag: %m");
}

static int delete_tag(struct sp_guard *g, const struct tag *t, struct sp_err *reterr)
{
        if (!bpf_map_delete_elem(g->tags_fd, &t->key) || errno == ENOENT)
                return 0;
        return sp_err_set(reterr, -EIO, "guard.tags", t->key.pattern,
                          "cannot remove the tag: %m");
}

/* Joins the wanted tags to those in the map. Nothing is written yet. */
static int plan(struct sp_guard *g, struct tags *t, const struct sp_workload *workloads,
                size_t n, struct sp_err *reterr)
{
        struct tag new, *old;
        uint32_t serial = next_serial(t);
        int r;

        for (size_t i = 0; i < n; i++) {
                for (size_t k = 0; k < workloads[i].n_cgroups; k++) {
                        r = make_tag(g, workloads[i].cgroups[k], workloads[i].name,
                                     SP_TAG_CONFIG, &new, reterr);
                        if (r)
                                return r;
                        old = tags_find(t, &new.key);
                        if (old && old->is_wanted)
                                return sp_err_set(reterr, -EEXIST, "guard.duplicate",
                                                  new.key.pattern,
                                                  "named twice in the configuration");
                        if (!old && t->n == SP_TAGS_MAX)
                                return sp_err_set(reterr, -E2BIG, "guard.tags",
                                                  new.key.pattern, "more than %d tags",
                                                  SP_TAGS_MAX);
                        new.value.score =
                                old ? old->value.score
                                    : sp_guard_path_score(new.key.pattern, serial++);
                        *(old ? old : &t->v[t->n++]) = new;
                }
        }
        return 0;
}

int sp_guard_apply(struct sp_guard *g, const struct sp_workload *workloads, size_t n,
                   struct sp_err *reterr)
{
        sp_cleanup(tags_freep) struct tags *t = NULL;
        int r = g->has_old_pins ? sp_guard_adopt(g, SP_GUARD_ADOPT_TAGS) : 0;

        if (!r)
                r = tags_read(g, &t);
        if (r)
                return sp_err_set(reterr, r, "guard.tags", "",
                                  "cannot read the tags: %s", strerror(-r));
        r = plan(g, t, workloads, n, reterr);
        /* New tags before old ones go, so that no directory is between two. */
        for (size_t i = 0; !r && i < t->n; i++)
                if (t->v[i].is_wanted)
                        r = put_tag(g, &t->v[i], reterr);
        for (size_t i = 0; !r && i < t->n; i++)
                if (!t->v[i].is_wanted && t->v[i].value.source == SP_TAG_CONFIG)
                        r = delete_tag(g, &t->v[i], reterr);
        if (!r)
                r = scan(g, reterr);
        if (!r)
                sp_guard_load_forget_others(g);
        return r;
}

int sp_guard_add(struct sp_guard *g, struct sp_str path, struct sp_str workload,
                 struct sp_err *reterr)
{
        sp_cleanup(tags_freep) struct tags *t = NULL;
        struct tag new, *old;
        int r = make_tag(g, path, workload, SP_TAG_RUNTIME, &new, reterr);

        if (r)
                return r;
        r = tags_read(g, &t);
        if (r)
                return sp_err_set(reterr, r, "guard.tags", "",
                                  "cannot read the tags: %s", strerror(-r));
        old = tags_find(t, &new.key);
        if (old && strcmp(old->value.workload, new.value.workload))
                return sp_err_set(reterr, -EEXIST, "guard.exists", new.key.pattern,
                                  "already tagged as workload %s", old->value.workload);
        if (!old) {
                new.value.score = sp_guard_path_score(new.key.pattern, next_serial(t));
                r = put_tag(g, &new, reterr);
                if (r)
                        return r;
        }
        r = scan(g, reterr);
        /* One tag too many must not leave others refused. */
        if (r == -ENOSPC && !old && !delete_tag(g, &new, NULL))
                (void)!scan(g, NULL);
        return r;
}

int sp_guard_remove(struct sp_guard *g, struct sp_str path, struct sp_err *reterr)
{
        sp_cleanup(tags_freep) struct tags *t = NULL;
        struct sp_tag_key key;
        struct tag *old;
        int r = sp_guard_path_pattern(path, &key, reterr);

        if (r)
                return r;
        r = tags_read(g, &t);
        if (r)
                return sp_err_set(reterr, r, "guard.tags", "",
                                  "cannot read the tags: %s", strerror(-r));
        old = tags_find(t, &key);
        if (!old)
                return sp_err_set(reterr, -ENOENT, "guard.no-tag", key.pattern,
                                  "there is no such tag");
        if (old->value.source != SP_TAG_RUNTIME)
                return sp_err_set(reterr, -EPERM, "guard.configured", key.pattern,
                                  "this tag is in the configuration; change it there");
        r = delete_tag(g, old, reterr);
        return r ? r : scan(g, reterr);
}

/* ---- listing ---- */

struct listing {
        struct tags *tags;
        struct sp_arena *arena;
        struct sp_guard_tag *v;
        size_t n, capacity;
};

static int list_add(struct listing *l, struct tag *t, const char *path, uint64_t id)
{
        struct sp_guard_tag *e;

        if (l->n == l->capacity) {
                size_t capacity = l->capacity ? 2 * l->capacity : 32;
                struct sp_guard_tag *v = sp_arena_array(l->arena, capacity, sizeof(*v));

                if (!v)
                        return -ENOMEM;
                if (l->n)
                        memcpy(v, l->v, l->n * sizeof(*v));
                l->v = v;
                l->capacity = capacity;
        }
        e = &l->v[l->n];
        e->path = sp_arena_str(l->arena, sp_str_c(path));
        e->pattern = sp_arena_str(l->arena, sp_str_c(t->key.pattern));
        e->workload = sp_arena_str(l->arena, sp_str_c(t->value.workload));
        e->cgroup_id = id;
        e->source = (enum sp_tag_source)t->value.source;
        if (!e->path.p || !e->pattern.p || !e->workload.p)
                return -ENOMEM;
        l->n++;
        return 0;
}

static int list_directory(void *userdata, const char *path, uint64_t id)
{
        struct listing *l = userdata;
        struct tag *best = tags_best(l->tags, path);

        if (!best)
                return 0;
        best->has_directory = true;
        return list_add(l, best, path, id);
}

int sp_guard_list(struct sp_guard *g, struct sp_arena *a, struct sp_guard_tag **ret,
                  size_t *ret_n, struct sp_err *reterr)
{
        sp_cleanup(tags_freep) struct tags *t = NULL;
        struct listing l = { .arena = a };
        int r = tags_read(g, &t);

        l.tags = t;
        if (!r)
                r = walk(g, t->depth, list_directory, &l);
        for (size_t i = 0; !r && i < t->n; i++)
                if (!t->v[i].has_directory)
                        r = list_add(&l, &t->v[i], t->v[i].key.pattern, 0);
        if (r)
                return sp_err_set(reterr, r, "guard.scan", g->mount,
                                  "cannot list the guarded cgroups: %s", strerror(-r));
        *ret = l.v;
        *ret_n = l.n;
        return 0;
}
