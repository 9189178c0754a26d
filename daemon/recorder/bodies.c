/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/recorder/bodies.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "daemon/base/digest.h"

#define PIECE (64 * 1024) /* of what is hashed, or read back */
#define NAME "body-"
#define NAME_LEN (sizeof(NAME) - 1 + 8)

static int wrong(struct sp_err *reterr, int r, const char *dir, const char *doing)
{
        return sp_err_set(reterr, r, r == -ENOSPC ? "store.full" : "store.io", dir,
                          "%s: %s", doing, strerror(-r));
}

static int open_file(const char *dir, uint32_t file, int flags, int *ret)
{
        char *path;
        int fd;

        if (asprintf(&path, "%s/" NAME "%08" PRIu32, dir, file) < 0)
                return -ENOMEM;
        fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0640);
        free(path);
        if (fd < 0)
                return -errno;
        *ret = fd;
        return 0;
}

void sp_bodies_init(struct sp_bodies *b, const char *dir)
{
        *b = (struct sp_bodies){ .dir = dir, .fd = -1 };
}

void sp_bodies_done(struct sp_bodies *b)
{
        sp_closep(&b->fd);
        b->is_unsynced = b->is_lost = false;
}

/* ---- appending ---- */

/* The number of the newest file; 0: none. */
static int newest_file(const char *dir, uint32_t *ret)
{
        DIR *d = opendir(dir);
        const struct dirent *e;
        uint32_t newest = 0;
        uint64_t n;

        if (!d)
                return -errno;
        while ((e = readdir(d))) {
                struct sp_str name = sp_str_c(e->d_name);

                if (name.n == NAME_LEN && sp_str_starts(name, SP_STR(NAME)) &&
                    sp_str_u64(sp_str_sub(name, sizeof(NAME) - 1, name.n), &n) == 0)
                        newest = SP_MAX(newest, (uint32_t)n);
        }
        (void)closedir(d);
        *ret = newest;
        return 0;
}

/* A new file's name must be on the disk before a record names it. */
static int sync_directory(const char *dir)
{
        sp_autoclose int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static uint64_t aligned(uint64_t n)
{
        return (n + SP_BODIES_ALIGN - 1) & ~(uint64_t)(SP_BODIES_ALIGN - 1);
}

/* Past the page cache where the file system can: nobody reads a body soon, and half of writing it
 * is to find it pages. */
static int use_file(struct sp_bodies *b, uint32_t file)
{
        sp_autoclose int fd = -1;
        struct stat st;
        int r = open_file(b->dir, file, O_RDWR | O_CREAT | O_DIRECT, &fd);

        if (r == -EINVAL)
                r = open_file(b->dir, file, O_RDWR | O_CREAT, &fd);
        if (r == 0 && fstat(fd, &st) < 0)
                r = -errno;
        if (r == 0 && st.st_size == 0)
                r = sync_directory(b->dir);
        if (r < 0)
                return r;
        sp_closep(&b->fd);
        b->fd = SP_TAKE_FD(fd);
        b->file = file;
        b->bytes = aligned((uint64_t)st.st_size);
        return 0;
}

static int sync_file(struct sp_bodies *b)
{
        if (b->is_lost)
                return -EIO;
        if (b->is_unsynced && fdatasync(b->fd) < 0) {
                b->is_lost = true;
                return -errno;
        }
        b->is_unsynced = false;
        return 0;
}

/* After a crash the newest file may end with what no record names: it is left there. */
static int ensure_room(struct sp_bodies *b)
{
        uint32_t newest = 0;
        int r = 0;

        if (b->fd < 0) {
                r = newest_file(b->dir, &newest);
                if (r == 0)
                        r = use_file(b, SP_MAX(newest, 1u));
        }
        if (r == 0 && b->bytes >= SP_BODIES_FILE_BYTES) {
                r = sync_file(b);
                if (r == 0)
                        r = use_file(b, b->file + 1);
        }
        return r;
}

static int read_all(int fd, char *to, size_t n, uint64_t at)
{
        for (size_t done = 0; done < n;) {
                ssize_t got = pread(fd, to + done, n - done, (off_t)(at + done));

                if (got < 0 && errno == EINTR)
                        continue;
                if (got <= 0)
                        return got < 0 ? -errno : -EBADMSG;
                done += (size_t)got;
        }
        return 0;
}

/* Aligned, and still refused: through the page cache then. */
static bool leave_direct(int fd)
{
        int flags = fcntl(fd, F_GETFL);

        return flags >= 0 && flags & O_DIRECT &&
               fcntl(fd, F_SETFL, flags & ~O_DIRECT) == 0;
}

static int write_all(int fd, const char *from, size_t n, uint64_t at)
{
        for (size_t done = 0; done < n;) {
                ssize_t put = pwrite(fd, from + done, n - done, (off_t)(at + done));

                if (put < 0 &&
                    (errno == EINTR || (errno == EINVAL && leave_direct(fd))))
                        continue;
                if (put <= 0)
                        return put < 0 ? -errno : -EIO;
                done += (size_t)put;
        }
        return 0;
}

/* A megabyte takes most of a millisecond; who waits for this CPU is let in between. */
static int hash(struct sp_digest *d, const char *p, uint64_t n)
{
        int r = 0;

        for (uint64_t at = 0; r == 0 && at < n; at += PIECE) {
                if (at)
                        (void)sched_yield();
                r = sp_digest_add(d, sp_str(p + at, SP_MIN(n - at, (uint64_t)PIECE)));
        }
        return r;
}

/* What is behind the end of a memfd in its last page is zeros. Sealed, it cannot change between being
 * hashed and being written, nor end earlier. */
static int copy(struct sp_bodies *b, int from, uint64_t bytes,
                uint8_t ret[SP_SHA256_LEN])
{
        sp_cleanup(sp_digest_freep) struct sp_digest *d = sp_digest_new();
        struct stat st;
        char *p;
        int r;

        if (!d)
                return -ENOMEM;
        if (fstat(from, &st) < 0)
                return -errno;
        if ((uint64_t)st.st_size < bytes)
                return -EBADMSG;
        p = mmap(NULL, bytes, PROT_READ, MAP_SHARED | MAP_POPULATE, from, 0);
        if (p == MAP_FAILED)
                return -errno;
        r = hash(d, p, bytes);
        if (r == 0)
                r = write_all(b->fd, p, aligned(bytes), b->bytes);
        (void)munmap(p, bytes);
        return r < 0 ? r : sp_digest_end(d, ret);
}

int sp_bodies_append(struct sp_bodies *b, int from, uint64_t bytes,
                     struct sp_store_body *ret, struct sp_err *reterr)
{
        struct sp_store_body body;
        int r = ensure_room(b);

        if (r < 0)
                return wrong(reterr, r, b->dir, "cannot open the file of bodies");
        body = (struct sp_store_body){ .file = b->file,
                                       .at = b->bytes,
                                       .bytes = bytes };
        r = copy(b, from, bytes, body.sha256);
        if (r < 0) {
                (void)!ftruncate(b->fd,
                                 (off_t)b->bytes); /* else it is only in the way */
                return wrong(reterr, r, b->dir, "cannot write a body");
        }
        b->bytes += aligned(bytes);
        b->is_unsynced = true;
        *ret = body;
        return 0;
}

int sp_bodies_sync(struct sp_bodies *b, struct sp_err *reterr)
{
        int r = sync_file(b);

        return r < 0 ? wrong(reterr, r, b->dir, "cannot write a body") : 0;
}

/* ---- reading ---- */

static int damaged(struct sp_err *reterr, const char *what)
{
        return sp_err_set(reterr, -EBADMSG, "store.damaged", "", "%s", what);
}

int sp_body_read(const char *dir, const struct sp_store_body *where,
                 int (*fn)(void *userdata, struct sp_str piece), void *userdata,
                 struct sp_err *reterr)
{
        sp_cleanup(sp_digest_freep) struct sp_digest *d = sp_digest_new();
        sp_autobuf piece = SP_BUF_INIT(PIECE);
        uint8_t hash[SP_SHA256_LEN];
        sp_autoclose int fd = -1;
        char *to;
        int r = open_file(dir, where->file, O_RDONLY, &fd);

        if (r < 0)
                return sp_err_set(reterr, r, "store.damaged", "",
                                  "its body cannot be read: %s", strerror(-r));
        r = d ? sp_buf_reserve(&piece, PIECE, &to) : -ENOMEM;
        for (uint64_t done = 0; r == 0 && done < where->bytes;) {
                size_t n = (size_t)SP_MIN(where->bytes - done, (uint64_t)PIECE);

                if (where->at > INT64_MAX - where->bytes ||
                    read_all(fd, to, n, where->at + done) < 0)
                        return damaged(reterr, "its body is cut off");
                r = sp_digest_add(d, sp_str(to, n));
                if (r == 0 && fn)
                        r = fn(userdata, sp_str(to, n));
                done += n;
        }
        if (r == 0)
                r = sp_digest_end(d, hash);
        if (r < 0)
                return sp_err_set(reterr, r, "store.io", dir, "cannot read a body: %s",
                                  strerror(-r));
        if (memcmp(hash, where->sha256, sizeof(hash)) != 0)
                return damaged(reterr, "its body does not match its digest");
        return 0;
}
