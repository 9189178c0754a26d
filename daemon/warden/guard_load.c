/* SPDX-License-Identifier: Apache-2.0 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "daemon/base/log.h"
#include "daemon/warden/guard_internal.h"

#include "bpf/connect.skel.h"
#include "bpf/create.skel.h"
#include "bpf/egress.skel.h"
#include "bpf/egress_handed.skel.h"
#include "bpf/handed.skel.h"
#include "bpf/lsm.skel.h"
#include "bpf/members.skel.h"
#include "bpf/peername.skel.h"
#include "bpf/sendmsg.skel.h"
#include "bpf/sockops.skel.h"
#include "bpf/tags.skel.h"

#define BPFFS "/sys/fs/bpf"

/* In the order in which they go live: what hands an origin on before what redirects. */
static const struct object {
        const char *name;
        const void *(*bytes)(size_t *size);
        const char *loss; /* not NULL: can be missed, and this is weaker then */
        bool is_substitute; /* only if the one before it did not load */
} objects[] = {
        { "tags", tags_bpf__elf_bytes, NULL, false },
        { "sockops", sockops_bpf__elf_bytes, NULL, false },
        { "peername", peername_bpf__elf_bytes, NULL, false },
        { "create", create_bpf__elf_bytes, NULL, false },
        { "sendmsg", sendmsg_bpf__elf_bytes, NULL, false },
        { "connect", connect_bpf__elf_bytes, NULL, false },
        { "egress_handed", egress_handed_bpf__elf_bytes,
          "a connected UDP socket made outside that is inherited, or passed in where "
          "no "
          "security module looks, is not stopped",
          false },
        { "egress", egress_bpf__elf_bytes, NULL, true },
        { "handed", handed_bpf__elf_bytes,
          "a TCP connection made outside that is inherited, or passed in where no "
          "security module looks, is not stopped",
          false },
        { "members", members_bpf__elf_bytes,
          "a guarded process that can write to cgroupfs can leave its guard", false },
        { "lsm", lsm_bpf__elf_bytes,
          "other address families, and unguarded processes of the same user, are not "
          "closed to guarded ones",
          false },
};

/* The maps that live below maps/; all others belong to one load of one object. */
static const char *const pinned_maps[] = {
        "origins",     "births", "bridge", "guarded", "members",  "tags",
        "guard_state", "stats",  "events", "exits",   "networks", "lost_members",
};

static int on_libbpf(enum libbpf_print_level level, const char *fmt, va_list ap)
{
        char line[512];

        if (level != LIBBPF_WARN)
                return 0;
        (void)vsnprintf(line, sizeof(line), fmt, ap);
        line[strcspn(line, "\n")] = 0;
        sp_log(SP_LOG_DEBUG, "%s", line);
        return 0;
}

/* ---- the pin directory ---- */

static bool is_bpffs(const char *path)
{
        struct statfs s;

        return !statfs(path, &s) &&
               (unsigned long)s.f_type == (unsigned long)BPF_FS_MAGIC;
}

static int make_dir(const char *path)
{
        return mkdir(path, 0700) && errno != EEXIST ? -errno : 0;
}

int sp_guard_load_pin_path(const struct sp_guard *g, char ret[PATH_MAX],
                           const char *kind, const char *name)
{
        int n = snprintf(ret, PATH_MAX, "%s/v%d/%s/%s", g->pin_dir, SP_BPF_ABI, kind,
                         name);

        return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

/* Makes pin_dir and its missing parents; whatever is made must be on bpffs. */
static int make_pin_dir(struct sp_guard *g, struct sp_err *reterr)
{
        char path[PATH_MAX / 2];
        int r;

        if (strncmp(g->pin_dir, BPFFS "/", sizeof(BPFFS)) == 0 && !is_bpffs(BPFFS) &&
            mount("bpf", BPFFS, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700"))
                return sp_err_set(
                        reterr, -errno, "guard.no-bpffs", BPFFS,
                        "no bpf file system there, and mounting one failed: %m");
        memcpy(path, g->pin_dir, sizeof(path));
        for (char *p = path + 1;; p++) {
                char c = *p;

                if (c != '/' && c)
                        continue;
                *p = 0;
                if (access(path, F_OK)) {
                        r = make_dir(path);
                        if (r)
                                return sp_err_set(reterr, r, "guard.pin", path,
                                                  "cannot make the pin directory: %s",
                                                  strerror(-r));
                }
                *p = c;
                if (!c)
                        break;
        }
        if (!is_bpffs(g->pin_dir))
                return sp_err_set(reterr, -EINVAL, "guard.no-bpffs", g->pin_dir,
                                  "guard.pin_dir is not on a bpf file system");
        return 0;
}

int sp_guard_load_lock(struct sp_guard *g, struct sp_err *reterr)
{
        int r = make_pin_dir(g, reterr);

        if (r)
                return r;
        g->lock_fd = open(g->pin_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (g->lock_fd < 0)
                return sp_err_set(reterr, -errno, "guard.pin", g->pin_dir, "%m");
        if (flock(g->lock_fd, LOCK_EX | LOCK_NB))
                return sp_err_set(reterr, -EBUSY, "guard.busy", g->pin_dir,
                                  "another sallyportd is running with this guard");
        return 0;
}

/* ---- links ---- */

static uint64_t link_cgroup(int fd)
{
        struct bpf_link_info info = { 0 };
        uint32_t size = sizeof(info);

        if (bpf_obj_get_info_by_fd(fd, &info, &size) ||
            info.type != BPF_LINK_TYPE_CGROUP)
                return 0;
        return info.cgroup.cgroup_id;
}

/* Puts a new program behind the pinned link, so that no connect falls between the old
 * and the new one. 1: there is no such link, or it is attached elsewhere. */
static int replace_program(const char *pin, const struct bpf_program *program,
                           uint64_t cgroup_id)
{
        struct bpf_link *old = bpf_link__open(pin);
        int r = 1;

        if (!old)
                return errno == ENOENT ? 1 : -errno;
        if (cgroup_id && link_cgroup(bpf_link__fd(old)) == cgroup_id)
                r = bpf_link__update_program(old, (struct bpf_program *)program);
        (void)bpf_link__destroy(old); /* closes our descriptor; the pin holds on */
        return r;
}

/* Attaches anew and moves the pin over the old one: the old link dies with its last
 * reference, after the new one is live. */
static int attach_program(struct sp_guard *g, struct bpf_program *program,
                          const char *pin, bool is_cgroup)
{
        char fresh[PATH_MAX];
        struct bpf_link *link;
        int r;

        r = sp_guard_load_pin_path(g, fresh, "links", "new");
        if (r)
                return r;
        (void)unlink(fresh); /* left by a daemon that died in here */
        link = is_cgroup ? bpf_program__attach_cgroup(program, g->attach_fd)
                         : bpf_program__attach(program);
        if (!link)
                return -errno;
        r = bpf_link__pin(link, fresh);
        if (!r && rename(fresh, pin))
                r = -errno;
        (void)bpf_link__destroy(link); /* without a pin this detaches it again */
        return r;
}

static int go_live(struct sp_guard *g, struct bpf_object *o, struct sp_err *reterr)
{
        struct bpf_program *program;
        struct stat attach;
        char pin[PATH_MAX];
        int r;

        if (fstat(g->attach_fd, &attach))
                return sp_err_set(reterr, -errno, "guard.attach", g->attach_path, "%m");
        bpf_object__for_each_program(program, o)
        {
                const char *name = bpf_program__name(program);
                enum bpf_prog_type type = bpf_program__type(program);
                bool is_cgroup =
                        type != BPF_PROG_TYPE_TRACING && type != BPF_PROG_TYPE_LSM;

                r = sp_guard_load_pin_path(g, pin, "links", name);
                /* Links of tracing programs cannot take another program. */
                if (!r)
                        r = is_cgroup ? replace_program(pin, program, attach.st_ino)
                                      : 1;
                if (r == 1)
                        r = attach_program(g, program, pin, is_cgroup);
                if (r)
                        return sp_err_set(reterr, r, "guard.attach", g->attach_path,
                                          "%s: cannot attach and pin: %s", name,
                                          strerror(-r));
        }
        return 0;
}

/* ---- objects ---- */

static bool is_pinned_map(const char *name)
{
        for (size_t i = 0; i < SP_ARRAY_SIZE(pinned_maps); i++)
                if (!strcmp(pinned_maps[i], name))
                        return true;
        return false;
}

static int prepare(struct sp_guard *g, struct bpf_object *o,
                   const struct sp_bpf_settings *settings)
{
        struct bpf_map *map;
        char pin[PATH_MAX];
        int r;

        bpf_object__for_each_map(map, o)
        {
                const char *name = bpf_map__name(map);

                if (!strcmp(name, ".rodata.settings")) {
                        r = bpf_map__set_initial_value(map, settings,
                                                       sizeof(*settings));
                } else if (is_pinned_map(name)) {
                        r = sp_guard_load_pin_path(g, pin, "maps", name);
                        if (!r)
                                r = bpf_map__set_pin_path(map, pin);
                } else {
                        r = 0;
                }
                if (r)
                        return r;
        }
        return 0;
}

static int load_object(struct sp_guard *g, const struct object *object,
                       const struct sp_bpf_settings *settings, struct sp_err *reterr)
{
        LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = object->name);
        struct bpf_object *o;
        size_t size;
        const void *bytes = object->bytes(&size);
        int r;

        o = bpf_object__open_mem(bytes, size, &opts);
        if (!o)
                return sp_err_set(reterr, -errno, "guard.load", object->name,
                                  "cannot read the BPF object: %m");
        r = prepare(g, o, settings);
        if (!r)
                r = bpf_object__load(o);
        if (r)
                sp_err_set(reterr, r, "guard.load", object->name,
                           "the kernel does not load it: %s (log level debug has more)",
                           strerror(-r));
        else
                r = go_live(g, o, reterr);
        bpf_object__close(o);
        return r;
}

static int open_map(struct sp_guard *g, const char *name, uint32_t flags, int *ret,
                    struct sp_err *reterr)
{
        LIBBPF_OPTS(bpf_obj_get_opts, opts, .file_flags = flags);
        char pin[PATH_MAX];
        int r = sp_guard_load_pin_path(g, pin, "maps", name);

        if (r)
                return sp_err_set(reterr, r, "guard.pin", name, "path too long");
        *ret = bpf_obj_get_opts(pin, &opts);
        if (*ret < 0)
                return sp_err_set(reterr, -errno, "guard.pin", pin, "%m");
        return 0;
}

static int open_maps(struct sp_guard *g, struct sp_err *reterr)
{
        const struct {
                const char *name;
                uint32_t flags;
                int *fd;
        } maps[] = {
                { "tags", 0, &g->tags_fd },
                { "guarded", 0, &g->guarded_fd },
                { "guard_state", 0, &g->state_fd },
                { "stats", BPF_F_RDONLY, &g->stats_fd },
                { "events", 0, &g->events_map_fd },
                { "origins", BPF_F_RDONLY, &g->origins_fd },
                { "members", 0, &g->members_fd },
                { "lost_members", BPF_F_RDONLY, &g->lost_members_fd },
                { "exits", 0, &g->exits_fd },
                { "networks", 0, &g->networks_fd },
        };
        int r;

        for (size_t i = 0; i < SP_ARRAY_SIZE(maps); i++) {
                r = open_map(g, maps[i].name, maps[i].flags, maps[i].fd, reterr);
                if (r)
                        return r;
        }
        return 0;
}

/* ---- removal ---- */

static int remove_pins(const char *dir)
{
        DIR *d = opendir(dir);
        struct dirent *e;
        int r = 0;

        if (!d)
                return errno == ENOENT ? 0 : -errno;
        while ((e = readdir(d)) != NULL) {
                if (e->d_name[0] == '.')
                        continue;
                if (unlinkat(dirfd(d), e->d_name, 0) && errno != ENOENT)
                        r = -errno;
        }
        (void)closedir(d);
        return !r && rmdir(dir) ? -errno : r;
}

/* Removes the pins of one version, or with `keep` of all versions but that one. */
static int remove_versions(struct sp_guard *g, const char *keep)
{
        static const char *const kinds[] = { "links", "maps" }; /* detach first */
        char path[PATH_MAX];
        DIR *d = opendir(g->pin_dir);
        struct dirent *e;
        int r = 0, one;

        if (!d)
                return -errno;
        while ((e = readdir(d)) != NULL) {
                if (e->d_name[0] != 'v' || (keep && !strcmp(e->d_name, keep)))
                        continue;
                for (size_t i = 0; i < SP_ARRAY_SIZE(kinds); i++) {
                        (void)snprintf(path, sizeof(path), "%s/%s/%s", g->pin_dir,
                                       e->d_name, kinds[i]);
                        one = remove_pins(path);
                        r = r ? r : one;
                }
                if (unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR) && !r)
                        r = -errno;
        }
        (void)closedir(d);
        return r;
}

int sp_guard_load_remove(struct sp_guard *g, struct sp_err *reterr)
{
        int r = remove_versions(g, NULL);

        if (!r && rmdir(g->pin_dir))
                r = -errno;
        if (r)
                return sp_err_set(reterr, r, "guard.pin", g->pin_dir,
                                  "cannot remove all pins: %s", strerror(-r));
        return 0;
}

static int load_one(struct sp_guard *g, size_t i,
                    const struct sp_bpf_settings *settings, struct sp_err *reterr)
{
        const struct object *o = &objects[i];
        struct sp_guard_missing *m;
        struct sp_err err;
        int r;

        if (o->is_substitute &&
            !(g->n_missing && g->missing[g->n_missing - 1].what == objects[i - 1].loss))
                return 0;
        r = load_object(g, o, settings, &err);
        if (r && !o->loss && reterr)
                *reterr = err;
        if (!r || !o->loss)
                return r;
        m = &g->missing[g->n_missing++];
        m->what = o->loss;
        (void)snprintf(m->why, sizeof(m->why), "%s: %s", o->name, err.what);
        return 0;
}

int sp_guard_load_programs(struct sp_guard *g, const struct sp_bpf_settings *settings,
                           struct sp_err *reterr)
{
        static const char *const dirs[] = { "", "maps", "links" };
        char path[PATH_MAX];
        int r = 0;

        (void)libbpf_set_print(on_libbpf);
        for (size_t i = 0; i < SP_ARRAY_SIZE(dirs); i++) {
                (void)snprintf(path, sizeof(path), "%s/v%d/%s", g->pin_dir, SP_BPF_ABI,
                               dirs[i]);
                r = make_dir(path);
                if (r)
                        return sp_err_set(reterr, r, "guard.pin", path,
                                          "cannot make the pin directory: %s",
                                          strerror(-r));
        }
        for (size_t i = 0; !r && i < SP_ARRAY_SIZE(objects); i++)
                r = load_one(g, i, settings, reterr);
        if (!r)
                r = open_maps(g, reterr);
        g->has_old_pins = !r;
        return r;
}

void sp_guard_load_forget_others(struct sp_guard *g)
{
        char version[16];
        int r = 0;

        (void)snprintf(version, sizeof(version), "v%d", SP_BPF_ABI);
        if (g->has_old_pins)
                r = sp_guard_adopt(g, SP_GUARD_ADOPT_MEMBERS);
        if (g->has_old_pins && !r)
                r = remove_versions(g, version);
        g->has_old_pins = false;
        if (r)
                sp_log(SP_LOG_WARNING,
                       "guard: cannot remove the pins of another version: %s",
                       strerror(-r));
}

void sp_guard_load_done(struct sp_guard *g)
{
        int *fds[] = { &g->tags_fd,     &g->guarded_fd,      &g->state_fd,
                       &g->stats_fd,    &g->events_map_fd,   &g->origins_fd,
                       &g->members_fd,  &g->lost_members_fd, &g->exits_fd,
                       &g->networks_fd, &g->lock_fd };

        /* Not by closing alone: a child between fork and exec has the descriptor too.
         */
        if (g->lock_fd >= 0)
                (void)flock(g->lock_fd, LOCK_UN);
        for (size_t i = 0; i < SP_ARRAY_SIZE(fds); i++)
                sp_closep(fds[i]);
}
