/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/warden/guard_internal.h"

struct walk {
        sp_guard_process_fn fn;
        void *userdata;
};

static int walk_processes(const struct walk *w, int fd)
{
        int procs = openat(fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
        FILE *f = procs < 0 ? NULL : fdopen(procs, "r");
        int pid, r = 0;

        while (f && r != 1 && fscanf(f, "%d", &pid) == 1)
                if (pid > 0) /* 0: of a process namespace that we do not see */
                        r = w->fn(w->userdata, pid);
        if (f)
                (void)fclose(f);
        return r == 1;
}

/* Takes `fd`, a cgroup directory. */
static int walk(const struct walk *w, int fd, unsigned depth)
{
        int child, one, r = walk_processes(w, fd);
        DIR *d = r ? NULL : fdopendir(fd);
        struct dirent *e;

        if (!d) {
                (void)close(fd);
                return r;
        }
        while (r != 1 && (e = readdir(d)) != NULL) {
                if (e->d_name[0] == '.' || e->d_type != DT_DIR)
                        continue;
                if (depth >= 2 * SP_GUARD_DEPTH_MAX) {
                        r = -ELOOP;
                        break;
                }
                child = openat(fd, e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                one = child < 0 ? 0 : walk(w, child, depth + 1);
                if (one == 1 || !r)
                        r = one;
        }
        (void)closedir(d);
        return r;
}

int sp_guard_procs(struct sp_guard *g, const char *path, sp_guard_process_fn fn,
                   void *userdata)
{
        const struct walk w = { fn, userdata };
        int fd = openat(g->root_fd, path[1] ? path + 1 : ".",
                        O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return fd < 0 ? -errno : walk(&w, fd, 0);
}
