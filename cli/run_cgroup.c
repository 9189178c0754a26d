/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/run_cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "daemon/base/clock.h"
#include "daemon/warden/guard_path.h"

#define END_US (5 * SP_USEC_PER_SEC) /* for killed processes to be gone */

static int fail(struct sp_err *reterr, int r, const char *where, const char *doing)
{
        return sp_err_set(reterr, r, "cli.run-cgroup", where, "cannot %s: %s", doing,
                          strerror(-r));
}

int sp_run_cgroup_make(struct sp_run_cgroup *c, const char *parent,
                       struct sp_err *reterr)
{
        struct sp_run_cgroup made = { 0 };
        char mount[PATH_MAX];
        struct sp_tag_key key;
        struct sp_ulid name;
        struct stat st;
        int r, n;

        r = sp_guard_path_mount(mount, reterr);
        if (!r)
                r = sp_guard_path_pattern(sp_str_c(parent), &key, reterr);
        if (r)
                return r;
        if (strpbrk(key.pattern, "*?"))
                return sp_err_set(reterr, -EINVAL, "cli.run-cgroup", key.pattern,
                                  "not one cgroup but a pattern");
        r = sp_ulid_new(&name);
        if (r)
                return fail(reterr, r, "", "get a random name");
        n = snprintf(made.path, sizeof(made.path), "%s/%s", key.pattern, name.c);
        if (n > 0 && (size_t)n < sizeof(made.path))
                n = snprintf(made.parent, sizeof(made.parent), "%s%s", mount,
                             key.pattern);
        if (n > 0 && (size_t)n < sizeof(made.parent))
                n = snprintf(made.directory, sizeof(made.directory), "%s%s", mount,
                             made.path);
        if (n < 0 || (size_t)n >= sizeof(made.directory))
                return fail(reterr, -ENAMETOOLONG, parent, "name the cgroup");
        made.made_parent = !mkdir(made.parent, 0755);
        if (!made.made_parent && errno != EEXIST)
                return fail(reterr, -errno, made.parent, "make the cgroup");
        if (mkdir(made.directory, 0755))
                return fail(reterr, -errno, made.directory, "make the cgroup");
        if (stat(made.directory, &st))
                return fail(reterr, -errno, made.directory, "look at the cgroup");
        made.id = st.st_ino;
        *c = made;
        return 0;
}

static int write_file(const char *directory, const char *file, const char *text)
{
        char path[PATH_MAX];
        sp_autoclose int fd = -1;
        int n = snprintf(path, sizeof(path), "%s/%s", directory, file);

        if (n < 0 || (size_t)n >= sizeof(path))
                return -ENAMETOOLONG;
        fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        return write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

int sp_run_cgroup_enter(const struct sp_run_cgroup *c, pid_t pid, struct sp_err *reterr)
{
        char text[24], where[PATH_MAX];
        int r;

        (void)snprintf(text, sizeof(text), "%d", (int)pid);
        r = write_file(c->directory, "cgroup.procs", text);
        if (r)
                return fail(reterr, r, c->directory,
                            "move the command into the cgroup");
        r = sp_guard_path_of_pid(pid, where);
        if (r)
                return fail(reterr, r, c->directory, "read the command's cgroup back");
        if (strcmp(where, c->path))
                return sp_err_set(reterr, -EXDEV, "cli.run-cgroup", where,
                                  "the command should be in %s but is here", c->path);
        return 0;
}

/* Kernels before 5.14 have no cgroup.kill. */
static void kill_each(const char *directory)
{
        char path[PATH_MAX];
        FILE *f;
        int pid;
        int n = snprintf(path, sizeof(path), "%s/cgroup.procs", directory);

        if (n < 0 || (size_t)n >= sizeof(path) || !(f = fopen(path, "re")))
                return;
        while (fscanf(f, "%d", &pid) == 1)
                if (pid > 0)
                        (void)kill(pid, SIGKILL);
        (void)fclose(f);
}

/* The directory and what the command made below it; -EBUSY: somebody is in there. */
static int remove_tree(const char *directory)
{
        char path[PATH_MAX];
        struct dirent *e;
        DIR *d = opendir(directory);
        int n, r = 0;

        if (!d)
                return errno == ENOENT ? 0 : -errno;
        while (!r && (e = readdir(d)) != NULL) {
                if (e->d_type != DT_DIR || e->d_name[0] == '.')
                        continue;
                n = snprintf(path, sizeof(path), "%s/%s", directory, e->d_name);
                r = n < 0 || (size_t)n >= sizeof(path) ? -ENAMETOOLONG
                                                       : remove_tree(path);
        }
        (void)closedir(d);
        if (r)
                return r;
        if (!rmdir(directory) || errno == ENOENT)
                return 0;
        r = -errno;
        if (r == -EBUSY)
                kill_each(directory);
        return r;
}

int sp_run_cgroup_remove(const struct sp_run_cgroup *c, struct sp_err *reterr)
{
        const struct timespec pause = { .tv_nsec = 5 * 1000 * 1000 };
        uint64_t until_us = sp_clock_us() + END_US;
        int r;

        (void)!write_file(c->directory, "cgroup.kill", "1");
        while ((r = remove_tree(c->directory)) == -EBUSY && sp_clock_us() < until_us)
                (void)nanosleep(&pause, NULL);
        if (r)
                return fail(reterr, r, c->directory,
                            "remove the cgroup (it stays guarded)");
        if (c->made_parent)
                (void)rmdir(c->parent); /* somebody else may be using it by now */
        return 0;
}
