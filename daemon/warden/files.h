/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warden/files — reading what root trusts, and replacing files so that a crash leaves
 * the old or the new content.
 *
 * Job:    read a file after checking who may have written (and read) it; write one by
 * way of a new name, fsync, rename, fsync of the directory. Errors: -errno; ids
 * "file.open", "file.unsafe" (-EPERM), "file.too-large" (-EFBIG), "file.write".
 */
#pragma once

#include <sys/types.h>

#include "daemon/base/buf.h"
#include "daemon/base/err.h"

enum {
        SP_FILE_TRUSTED = 1, /* owned by root or us, nobody else may write */
        SP_FILE_SECRET = 2, /* the same, and nobody else may read */
};

/* Appends the content to *ret. */
sp_must_check int sp_file_read(const char *path, unsigned flags, size_t max,
                               struct sp_buf *ret, struct sp_err *reterr);
/* The checks of sp_file_read on an open descriptor (a directory too). */
sp_must_check int sp_file_check(int fd, unsigned flags, const char *path,
                                struct sp_err *reterr);
sp_must_check int sp_file_replace(const char *path, struct sp_str content, mode_t mode,
                                  struct sp_err *reterr);
/* Makes the directory and missing parents; mode and owner apply to the last one, also
 * when it exists. uid (uid_t)-1: leave. */
sp_must_check int sp_file_make_dir(const char *path, mode_t mode, uid_t uid, gid_t gid,
                                   struct sp_err *reterr);
/* "dir/name" into `to` of PATH_MAX bytes. -ENAMETOOLONG. */
sp_must_check int sp_file_join(char *to, struct sp_str dir, const char *name,
                               struct sp_err *reterr);
