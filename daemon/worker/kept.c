/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/worker/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

void sp_kept_init(struct sp_kept *k, uint64_t max)
{
        *k = (struct sp_kept){ .begin = SP_BUF_INIT(SP_KEPT_INLINE_MAX),
                               .fd = -1,
                               .max = max };
}

void sp_kept_done(struct sp_kept *k)
{
        sp_buf_done(&k->begin);
        sp_closep(&k->fd);
}

static int write_all(int fd, struct sp_str s)
{
        while (s.n) {
                ssize_t n = write(fd, s.p, s.n);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : -EIO;
                s = sp_str_sub(s, (size_t)n, s.n);
        }
        return 0;
}

static int spill(struct sp_kept *k)
{
        int r;

        k->fd = memfd_create("sallyport-answer", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        if (k->fd < 0)
                return -errno;
        r = write_all(k->fd, sp_buf_str(&k->begin));
        sp_buf_done(&k->begin);
        return r;
}

int sp_kept_add(struct sp_kept *k, struct sp_str piece)
{
        int r = 0;

        piece = sp_str_sub(piece, 0, (size_t)SP_MIN(k->max - k->bytes, piece.n));
        if (k->is_failed || !piece.n)
                return 0;
        if (k->fd < 0 && piece.n > SP_KEPT_INLINE_MAX - k->begin.n)
                r = spill(k);
        if (r == 0)
                r = k->fd >= 0 ? write_all(k->fd, piece) : sp_buf_add(&k->begin, piece);
        if (r == 0) {
                k->bytes += piece.n;
                return 0;
        }
        sp_kept_done(k);
        k->is_failed = true;
        k->bytes = 0;
        return r;
}

int sp_kept_seal(struct sp_kept *k)
{
        const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;

        return k->fd >= 0 && fcntl(k->fd, F_ADD_SEALS, seals) < 0 ? -errno : 0;
}
