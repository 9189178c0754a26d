/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/warden/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

int sp_file_join(char *to, struct sp_str dir, const char *name, struct sp_err *reterr)
{
        int n = snprintf(to, PATH_MAX, "%.*s%s%s", SP_FMT(dir), *name ? "/" : "", name);

        if (n < 0 || n >= PATH_MAX)
                return sp_err_set(reterr, -ENAMETOOLONG, "file.open", name,
                                  "the path is too long");
        return 0;
}

int sp_file_check(int fd, unsigned flags, const char *path, struct sp_err *reterr)
{
        mode_t forbidden = flags & SP_FILE_SECRET    ? 0077
                           : flags & SP_FILE_TRUSTED ? 0022
                                                     : 0;
        struct stat st;

        if (fstat(fd, &st) < 0)
                return sp_err_set(reterr, -errno, "file.open", path,
                                  "cannot be examined: %m");
        if (!forbidden)
                return 0;
        if (st.st_uid != 0 && st.st_uid != geteuid())
                return sp_err_set(reterr, -EPERM, "file.unsafe", path,
                                  "belongs to uid %u, not to root",
                                  (unsigned)st.st_uid);
        if (st.st_mode & forbidden)
                return sp_err_set(reterr, -EPERM, "file.unsafe", path,
                                  "mode %04o lets others %s it; use chmod %s",
                                  (unsigned)st.st_mode & 07777,
                                  flags & SP_FILE_SECRET ? "read" : "write",
                                  flags & SP_FILE_SECRET ? "go-rwx" : "go-w");
        return 0;
}

int sp_file_read(const char *path, unsigned flags, size_t max, struct sp_buf *ret,
                 struct sp_err *reterr)
{
        sp_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        size_t before = ret->n;
        struct stat st;
        int r;

        if (fd < 0)
                return sp_err_set(reterr, -errno, "file.open", path,
                                  "cannot be opened: %m");
        if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
                return sp_err_set(reterr, -EINVAL, "file.open", path, "is not a file");
        r = sp_file_check(fd, flags, path, reterr);
        if (r < 0)
                return r;
        for (;;) {
                char *to;
                ssize_t n;

                r = sp_buf_reserve(
                        ret, SP_MIN(max - (ret->n - before) + 1, (size_t)16384), &to);
                if (r < 0)
                        return sp_err_set(reterr, r, "file.too-large", path,
                                          "is too large");
                n = read(fd, to, SP_MIN(max - (ret->n - before) + 1, (size_t)16384));
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return sp_err_set(reterr, -errno, "file.open", path,
                                          "cannot be read: %m");
                if (n == 0)
                        return 0;
                ret->n += (size_t)n;
                if (ret->n - before > max)
                        return sp_err_set(reterr, -EFBIG, "file.too-large", path,
                                          "is larger than %zu bytes", max);
        }
}

static int write_all(int fd, struct sp_str s)
{
        while (s.n) {
                ssize_t n = write(fd, s.p, s.n);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                s = sp_str_sub(s, (size_t)n, s.n);
        }
        return 0;
}

static int sync_parent(const char *path)
{
        char dir[PATH_MAX];
        sp_autoclose int fd = -1;
        char *slash;

        (void)snprintf(dir, sizeof(dir), "%s", path);
        slash = strrchr(dir, '/');
        if (!slash)
                return -EINVAL;
        *slash = '\0';
        fd = open(*dir ? dir : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int sp_file_replace(const char *path, struct sp_str content, mode_t mode,
                    struct sp_err *reterr)
{
        sp_autoclose int fd = -1;
        char fresh[PATH_MAX];
        int r = 0;

        if (snprintf(fresh, sizeof(fresh), "%s.new", path) >= (int)sizeof(fresh))
                return sp_err_set(reterr, -ENAMETOOLONG, "file.write", path,
                                  "the path is too long");
        (void)unlink(fresh); /* of a crash; O_EXCL then refuses what came since */
        fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
        if (fd < 0)
                return sp_err_set(reterr, -errno, "file.write", fresh,
                                  "cannot be made: %m");
        if (fchmod(fd, mode) < 0) /* whatever the umask */
                r = -errno;
        if (r == 0)
                r = write_all(fd, content);
        if (r == 0 && fsync(fd) < 0)
                r = -errno;
        if (r == 0 && rename(fresh, path) < 0)
                r = -errno;
        if (r == 0)
                return sync_parent(path) < 0
                               ? sp_err_set(reterr, -EIO, "file.write", path,
                                            "its directory cannot be synced")
                               : 0;
        (void)unlink(fresh);
        return sp_err_set(reterr, r, "file.write", path, "cannot be written: %s",
                          strerror(-r));
}

int sp_file_make_dir(const char *path, mode_t mode, uid_t uid, gid_t gid,
                     struct sp_err *reterr)
{
        char part[PATH_MAX];
        struct stat st;

        if (snprintf(part, sizeof(part), "%s", path) >= (int)sizeof(part))
                return sp_err_set(reterr, -ENAMETOOLONG, "file.write", path,
                                  "the path is too long");
        for (char *c = strchr(part + 1, '/');; c = strchr(c + 1, '/')) {
                if (c)
                        *c = '\0';
                if (mkdir(part, c ? 0755 : mode) < 0 && errno != EEXIST)
                        return sp_err_set(reterr, -errno, "file.write", part,
                                          "cannot be made: %m");
                if (!c)
                        break;
                *c = '/';
        }
        /* By path: root without CAP_DAC_OVERRIDE cannot open a directory that it gave
         * away, and nobody else can write to its parent. */
        if (lstat(path, &st) < 0 || !S_ISDIR(st.st_mode))
                return sp_err_set(reterr, -ENOTDIR, "file.write", path,
                                  "is no directory");
        if ((st.st_mode & 07777) != mode && chmod(path, mode) < 0)
                return sp_err_set(reterr, -errno, "file.write", path,
                                  "its mode cannot be set: %m");
        if (uid != (uid_t)-1 && (st.st_uid != uid || st.st_gid != gid) &&
            lchown(path, uid, gid) < 0)
                return sp_err_set(reterr, -errno, "file.write", path,
                                  "its owner cannot be set: %m");
        return 0;
}
