/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bpf/tags — a new cgroup directory that a tag matches is guarded before anybody can be
 * in it, and forgotten when it is removed.
 *
 * Hook:   tp_btf/cgroup_mkdir (runs before the directory becomes visible), cgroup_rmdir.
 * In:     map `tags`: patterns in which `*` and `?` stay within one path component.
 * Out:    map `guarded`: the directory's id with the best matching tag's workload.
 * Fails:  closed. A directory that could not be entered sets guard_state.lost_from.
 */
#include "bpf/lib/event.h"
#include "bpf/lib/maps.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

#define PATH_LEN 1024 /* the tracepoint itself cuts paths to this */
#define STEPS_MAX 4096 /* per pattern: a longer search counts as a match */

/* Of a cgroup's own directory up to the one the daemon calls the root. */
#define LEVELS_MAX 64

struct glob {
        const char *pattern, *path;
        __u32 p, t; /* where we are */
        __u32 star_p, star_t; /* behind the last `*`, and what it swallowed up to */
        __u32 has_star, is_cut, is_match;
};

struct search {
        char path[PATH_LEN];
        struct sp_guarded best;
        __u32 is_cut;
        __u32 is_found;
        __u32 zero; /* always 0, which the verifier does not know: see glob_start */
        __u32 start; /* where the path begins that the daemon would see */
};

/* Too big for the stack. The tracepoint runs with interrupts off: one user per CPU. */
struct {
        __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
        __uint(max_entries, 1);
        __type(key, __u32);
        __type(value, struct search);
} searches SEC(".maps");

/* One step; 1 ends the loop. Only the last `*` is ever tried again: earlier ones belong to
 * components that are already matched whole, or to text the last one can swallow as well. */
static long glob_step(__u32 i, void *data)
{
        struct glob *g = data;
        char p, t;

        if (g->p >= SP_TAG_PATTERN_LEN || g->t >= PATH_LEN) {
                g->is_match = true; /* cannot be: both end in NUL; guard it */
                return 1;
        }
        p = g->pattern[g->p];
        t = g->path[g->t];
        if (!t && g->is_cut) {
                g->is_match = true; /* as far as it can be seen it matches: guard it */
                return 1;
        }
        if (p == '*') {
                g->p++;
                g->has_star = true;
                g->star_p = g->p;
                g->star_t = g->t;
                return 0;
        }
        if (!p && !t) {
                g->is_match = true;
                return 1;
        }
        if (t && (p == t || (p == '?' && t != '/'))) {
                g->p++;
                g->t++;
                return 0;
        }
        if (!g->has_star || g->star_t >= PATH_LEN)
                return 1;
        t = g->path[g->star_t];
        if (!t || t == '/')
                return 1; /* a `*` ends with its component */
        g->star_t++;
        g->t = g->star_t;
        g->p = g->star_p;
        return 0;
}

/* Linux before 6.7 verifies the body of bpf_loop as if it ran once. Of constants on the
 * stack it then thinks that they keep their first value, and removes the code for any other:
 * all of the handling of `*`. (Seen on 6.1: exact paths matched, patterns never.) So the
 * first values come from a map, of which it knows nothing. */
static __always_inline void glob_start(struct glob *g, const struct search *s)
{
        g->path = s->path;
        g->p = s->zero;
        g->t = s->start;
        g->star_p = s->zero;
        g->star_t = s->zero;
        g->has_star = s->zero;
        g->is_cut = s->is_cut;
        g->is_match = s->zero;
}

struct bpf_map;

static long try_tag(struct bpf_map *map, const struct sp_tag_key *key,
                    struct sp_tag *tag, void *data)
{
        __u32 zero = 0;
        struct search *s = bpf_map_lookup_elem(&searches, &zero);
        struct glob g;
        long steps;

        if (!s)
                return 1;
        if (s->is_found && tag->score <= s->best.score)
                return 0;
        g.pattern = key->pattern;
        glob_start(&g, s);
        steps = bpf_loop(STEPS_MAX, glob_step, &g, 0);
        if (!g.is_match && steps < STEPS_MAX)
                return 0;
        s->is_found = true;
        s->best.score = tag->score;
        __builtin_memcpy(s->best.workload, tag->workload, sizeof(s->best.workload));
        return 0;
}

/* Only upwards in strictness: the lowest id wins, whichever CPU was first. */
static __always_inline void note_lost(__u64 id)
{
        __u32 zero = 0;
        struct sp_guard_state *state = bpf_map_lookup_elem(&guard_state, &zero);

        count(SP_STAT_ERROR_TAG);
        if (state && (!state->lost_from || state->lost_from > id))
                state->lost_from = id;
}

static __always_inline void tell(__u64 id, enum sp_guard_what what)
{
        struct attempt a = { .guard_id = id, .cgroup_id = id, .what = what };

        report(&a);
}

struct skip {
        const char *path;
        __u32 at, slashes; /* how many are still to come */
};

static long skip_step(__u32 i, void *data)
{
        struct skip *k = data;

        if (k->at >= PATH_LEN || !k->path[k->at])
                return 1;
        if (k->path[k->at] == '/' && !k->slashes--)
                return 1;
        k->at++;
        return 0;
}

/* The tracepoint's path begins at the hierarchy's root; a daemon in a cgroup namespace knows only
 * what is below its own. -1: the new directory is not below that. */
static __always_inline int find_start(struct search *s, struct cgroup *cgrp)
{
        struct skip k = { .path = s->path, .at = s->zero, .slashes = s->zero };
        struct cgroup *above = cgrp;

        s->start = 0;
        if (settings.root_id <= 1) /* the hierarchy's root */
                return 0;
        for (int i = 0; i < LEVELS_MAX; i++) {
                /* a cgroup begins with its css, and the css's parent is the parent's */
                above = (struct cgroup *)BPF_CORE_READ(above, self.parent);
                if (!above)
                        return -1;
                if (BPF_CORE_READ(above, kn, id) == settings.root_id) {
                        k.slashes = BPF_CORE_READ(above, level);
                        bpf_loop(PATH_LEN, skip_step, &k, 0);
                        s->start = k.at;
                        return 0;
                }
        }
        return -1;
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(sallyport_mkdir, struct cgroup *cgrp, const char *path)
{
        __u32 zero = 0;
        struct search *s;
        __u64 id;
        long n;

        if (cgrp->root->hierarchy_id != 0) /* a v1 hierarchy */
                return 0;
        id = cgrp->kn->id;
        s = bpf_map_lookup_elem(&searches, &zero);
        if (!s)
                return 0;
        n = bpf_probe_read_kernel_str(s->path, sizeof(s->path), path);
        if (n <= 0) {
                note_lost(id);
                return 0;
        }
        s->is_cut = n == sizeof(s->path);
        if (find_start(s, cgrp) < 0)
                return 0;
        s->is_found = false;
        bpf_for_each_map_elem(&tags, try_tag, 0, 0);
        if (!s->is_found)
                return 0;
        if (bpf_map_update_elem(&guarded, &id, &s->best, BPF_ANY)) {
                note_lost(id);
                return 0;
        }
        count(SP_STAT_TAGGED);
        tell(id, SP_GUARD_TAGGED);
        return 0;
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(sallyport_rmdir, struct cgroup *cgrp, const char *path)
{
        __u64 id;

        if (cgrp->root->hierarchy_id != 0)
                return 0;
        id = cgrp->kn->id;
        if (bpf_map_delete_elem(&guarded, &id))
                return 0; /* was not guarded */
        count(SP_STAT_UNTAGGED);
        tell(id, SP_GUARD_UNTAGGED);
        return 0;
}
