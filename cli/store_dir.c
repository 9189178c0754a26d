/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/store_dir.h"

#include <errno.h>
#include <time.h>

#define TRIES 5

int sp_cli_open_store(const char *dir, bool for_audit, struct sp_store **ret,
                      struct sp_err *reterr)
{
        const struct sp_store_options o = { .read_only = true, .for_audit = for_audit };
        const struct timespec pause = { .tv_nsec = 50 * 1000 * 1000 };
        int r = -EIO;

        if (access(dir, R_OK | X_OK) < 0)
                return sp_err_set(reterr, -errno, "store.io", dir, "cannot be read: %s",
                                  strerror(errno));
        for (int i = 0; i < TRIES; i++) {
                if (i)
                        (void)nanosleep(&pause, NULL);
                r = sp_store_open(dir, &o, ret, reterr);
                /* -ENOENT, -EIO: a file listed a moment ago was replaced */
                if (r != -ENOENT && r != -EIO)
                        break;
        }
        return r;
}
