/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/policy_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "daemon/base/buf.h"

#define FILES_MAX 100
#define TEXT_MAX                                                                       \
        (1024 * 1024 + 1) /* one more than load takes, so that it can complain */

struct reading {
        struct sp_policy_file files[FILES_MAX];
        char *names[FILES_MAX];
        struct sp_buf texts[FILES_MAX];
        size_t n;
};

static void reading_done(struct reading *r)
{
        for (size_t i = 0; i < r->n; i++) {
                free(r->names[i]);
                sp_buf_done(&r->texts[i]);
        }
}

static int unreadable(struct sp_err *err, int code, const char *name)
{
        return sp_err_set(err, code, "policy.unreadable", name, "%s", strerror(-code));
}

static int read_all(int dir, const char *path, struct sp_buf *ret)
{
        sp_autoclose int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EINVAL;
        while (ret->n < TEXT_MAX) {
                size_t want = SP_MIN((size_t)65536, TEXT_MAX - ret->n);
                char *to;
                ssize_t got;
                int r = sp_buf_reserve(ret, want, &to);

                if (r < 0)
                        return r;
                got = read(fd, to, want);
                if (got < 0 && errno == EINTR)
                        continue;
                if (got <= 0)
                        return got < 0 ? -errno : 0;
                ret->n += (size_t)got;
        }
        return 0;
}

static int add_file(struct reading *to, int dir, const char *path, struct sp_err *err)
{
        const char *slash = strrchr(path, '/');
        size_t i = to->n;
        int r;

        if (i == FILES_MAX)
                return sp_err_set(err, -E2BIG, "policy.too-big", "",
                                  "more than %d policy files", FILES_MAX);
        to->texts[i] = (struct sp_buf)SP_BUF_INIT(TEXT_MAX);
        to->names[i] = sp_str_dup(sp_str_c(slash ? slash + 1 : path));
        to->n++;
        if (!to->names[i])
                return -ENOMEM;
        r = read_all(dir, path, &to->texts[i]);
        if (r < 0)
                return unreadable(err, r, path);
        to->files[i] = (struct sp_policy_file){ sp_str_c(to->names[i]),
                                                sp_buf_str(&to->texts[i]) };
        return 0;
}

/* 1: a policy file; 0: something else; negative: looks like one and is not. */
static int check_name(const char *name, struct sp_err *err)
{
        struct sp_str s = sp_str_c(name);

        if (s.p[0] == '.')
                return 0;
        if (sp_str_ends(s, SP_STR(".yml")) || sp_str_ends(s, SP_STR(".json")))
                return sp_err_set(
                        err, -EINVAL, "policy.file-name", name,
                        "policy files end in .yaml; rename or remove this one");
        return sp_str_ends(s, SP_STR(".yaml"));
}

static int add_directory(struct reading *to, const char *path, struct sp_err *err)
{
        struct dirent **entries = NULL;
        sp_autoclose int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int n, r = 0;

        if (dir < 0)
                return unreadable(err, -errno, path);
        n = scandirat(dir, ".", &entries, NULL, alphasort);
        if (n < 0)
                return unreadable(err, -errno, path);
        for (int i = 0; i < n; i++) {
                if (r == 0)
                        r = check_name(entries[i]->d_name, err);
                if (r > 0)
                        r = add_file(to, dir, entries[i]->d_name, err);
                free(entries[i]);
        }
        free(entries);
        return r;
}

int sp_policy_dir_load(const char *path, struct sp_policy **ret, size_t *ret_n_files,
                       struct sp_err *reterr)
{
        sp_cleanup(reading_done) struct reading to = { 0 };
        struct stat st;
        int r;

        if (stat(path, &st) < 0)
                return unreadable(reterr, -errno, path);
        r = S_ISDIR(st.st_mode) ? add_directory(&to, path, reterr)
                                : add_file(&to, AT_FDCWD, path, reterr);
        if (r == 0)
                r = sp_policy_load(to.files, to.n, NULL, 0, ret, reterr);
        if (r == 0)
                *ret_n_files = to.n;
        return r;
}
