/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/warden/policy_source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>

#include "daemon/base/clock.h"
#include "daemon/roles/messages.h"
#include "daemon/warden/files.h"

#define FILES_MAX 256
#define FILE_MAX (1024 * 1024)
#define ALL_MAX (8 * 1024 * 1024)

/* Hidden files and editors' leavings are not policy; what ends in .yaml is. */
static int is_policy_name(const struct dirent *d)
{
        return d->d_name[0] != '.' && sp_str_ends(sp_str_c(d->d_name), SP_STR(".yaml"));
}

/* Not by locale: the order decides which file a message names first. */
static int by_bytes(const struct dirent **a, const struct dirent **b)
{
        return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_file(struct sp_arena *a, struct sp_str dir, const char *name,
                     struct sp_policy_file *ret, struct sp_err *reterr)
{
        sp_autobuf text = SP_BUF_INIT(2 * FILE_MAX);
        char path[PATH_MAX];
        int r = sp_file_join(path, dir, name, reterr);

        if (r == 0)
                r = sp_file_read(path, SP_FILE_TRUSTED, FILE_MAX, &text, reterr);
        if (r < 0)
                return r;
        ret->name = sp_arena_str(a, sp_str_c(name));
        ret->text = sp_arena_str(a, sp_buf_str(&text));
        if (!ret->name.p || !ret->text.p)
                return sp_err_set(reterr, -ENOMEM, "policy.too-large", dir.p,
                                  "the policy is larger than %d bytes", ALL_MAX);
        return 0;
}

static int read_all(struct sp_arena *a, struct sp_str dir, struct sp_policy_file **ret,
                    size_t *ret_n, struct sp_err *reterr)
{
        char path[PATH_MAX];
        sp_autoclose int fd = -1;
        struct dirent **list = NULL;
        struct sp_policy_file *files = NULL;
        int n, r = sp_file_join(path, dir, "", reterr);

        if (r < 0)
                return r;
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return sp_err_set(reterr, -errno, "file.open", path,
                                  "cannot be opened: %m");
        r = sp_file_check(fd, SP_FILE_TRUSTED, path, reterr);
        if (r < 0)
                return r;
        n = scandir(path, &list, is_policy_name, by_bytes);
        if (n < 0)
                return sp_err_set(reterr, -errno, "file.open", path,
                                  "cannot be read: %m");
        if (n > FILES_MAX)
                r = sp_err_set(reterr, -E2BIG, "policy.too-large", path,
                               "more than %d files", FILES_MAX);
        if (r == 0 && n == 0)
                r = sp_err_set(reterr, -ENOENT, "policy.empty", path,
                               "holds no *.yaml file: nothing would be allowed");
        if (r == 0 && !(files = sp_arena_array(a, (size_t)n, sizeof(*files))))
                r = sp_err_set(reterr, -ENOMEM, "policy.too-large", path,
                               "out of memory");
        for (int i = 0; i < n; i++) {
                if (r == 0)
                        r = read_file(a, dir, list[i]->d_name, &files[i], reterr);
                free(list[i]);
        }
        free(list);
        if (r < 0)
                return r;
        *ret = files;
        *ret_n = (size_t)n;
        return 0;
}

static int compile(const struct sp_settings *s, struct sp_arena *a,
                   const struct sp_policy_file *files, size_t n, struct sp_policy **ret,
                   struct sp_err *reterr)
{
        struct sp_str *names = sp_arena_array(a, s->n_workloads, sizeof(*names));

        if (!names)
                return sp_err_set(reterr, -ENOMEM, "policy.too-large", "",
                                  "out of memory");
        for (size_t i = 0; i < s->n_workloads; i++)
                names[i] = s->workloads[i].name;
        return sp_policy_load(files, n, names, s->n_workloads, ret, reterr);
}

int sp_policy_source_load(const struct sp_settings *settings,
                          struct sp_policy_source *ret, struct sp_err *reterr)
{
        sp_cleanup(sp_arena_done) struct sp_arena a =
                SP_ARENA_INIT(ALL_MAX + 1024 * 1024);
        sp_autobuf packed = SP_BUF_INIT(ALL_MAX + 1024 * 1024);
        sp_cleanup(sp_policy_unrefp) struct sp_policy *policy = NULL;
        struct sp_policy_file *files;
        size_t n;
        int fd, r = read_all(&a, settings->policy_dir, &files, &n, reterr);

        if (r == 0)
                r = compile(settings, &a, files, n, &policy, reterr);
        if (r < 0)
                return r;
        r = sp_policy_pack(&packed, files, n);
        if (r == 0)
                r = sp_memfd_new("sallyport-policy", sp_buf_str(&packed), &fd);
        if (r < 0)
                return sp_err_set(reterr, r, "policy.too-large", "",
                                  "the policy cannot be handed to workers: %s",
                                  strerror(-r));
        *ret = (struct sp_policy_source){ .policy = SP_TAKE(policy),
                                          .fd = fd,
                                          .files = n,
                                          .loaded_wall_us = sp_clock_wall_us() };
        return 0;
}

void sp_policy_source_done(struct sp_policy_source *p)
{
        p->policy = sp_policy_unref(p->policy);
        sp_closep(&p->fd);
}
