/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the pins of another version know and nobody else: tags set while that ran, and processes
 * that left their cgroup. Without them an upgrade would set guarded processes free.
 */
#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>

#include "daemon/base/log.h"
#include "daemon/warden/guard_internal.h"

#define PASSES_MAX 8

/* -1: there is none; or it has another shape, which is told. */
static int open_old(const struct sp_guard *g, const char *version, const char *name,
                    uint32_t key_size, uint32_t value_size)
{
        struct bpf_map_info info = { 0 };
        uint32_t size = sizeof(info);
        char pin[PATH_MAX];
        sp_autoclose int fd = -1;
        int n = snprintf(pin, sizeof(pin), "%s/%s/maps/%s", g->pin_dir, version, name);

        fd = n < 0 || (size_t)n >= sizeof(pin) ? -1 : bpf_obj_get(pin);
        if (fd < 0)
                return -1;
        if (bpf_obj_get_info_by_fd(fd, &info, &size) || info.key_size != key_size ||
            info.value_size != value_size) {
                sp_log(SP_LOG_WARNING,
                       "guard: %s cannot be read: what it says is not taken over", pin);
                return -1;
        }
        return SP_TAKE_FD(fd);
}

static int adopt_tags(struct sp_guard *g, int old)
{
        struct sp_tag_key key, next;
        struct sp_tag tag;
        int more = !bpf_map_get_next_key(old, NULL, &key);

        for (unsigned i = 0; more && i < 2 * SP_TAGS_MAX; i++) {
                more = !bpf_map_get_next_key(old, &key, &next);
                if (!bpf_map_lookup_elem(old, &key, &tag) &&
                    tag.source == SP_TAG_RUNTIME &&
                    bpf_map_update_elem(g->tags_fd, &key, &tag, BPF_NOEXIST) &&
                    errno != EEXIST)
                        return -errno;
                key = next;
        }
        return 0;
}

/* 1: some were missing. */
static int adopt_members_once(struct sp_guard *g, int old)
{
        uint32_t pid, next;
        uint64_t id;
        int found = 0, more = !bpf_map_get_next_key(old, NULL, &pid);

        for (unsigned i = 0; more && i < 2 * SP_MEMBERS_MAX; i++) {
                more = !bpf_map_get_next_key(old, &pid, &next);
                if (!bpf_map_lookup_elem(old, &pid, &id)) {
                        if (!bpf_map_update_elem(g->members_fd, &pid, &id,
                                                 BPF_NOEXIST)) {
                                found = 1;
                                /* it may have ended meanwhile, and its number be another's soon */
                                if (bpf_map_lookup_elem(old, &pid, &id))
                                        (void)bpf_map_delete_elem(g->members_fd, &pid);
                        } else if (errno != EEXIST) {
                                return -errno;
                        }
                }
                pid = next;
        }
        return found;
}

/* Both versions' programs run: a child of one that is entered is entered by them; one that was
 * born just before is found in the next pass. */
static int adopt_members(struct sp_guard *g, int old)
{
        int r = 1;

        for (unsigned i = 0; r == 1 && i < PASSES_MAX; i++)
                r = adopt_members_once(g, old);
        return r < 0 ? r : 0;
}

int sp_guard_adopt(struct sp_guard *g, enum sp_guard_adopted what)
{
        char own[16];
        struct dirent *e;
        DIR *d = opendir(g->pin_dir);
        int r = d ? 0 : -errno;

        (void)snprintf(own, sizeof(own), "v%d", SP_BPF_ABI);
        while (!r && (e = readdir(d)) != NULL) {
                sp_autoclose int old = -1;

                if (e->d_name[0] != 'v' || !strcmp(e->d_name, own))
                        continue;
                if (what == SP_GUARD_ADOPT_TAGS) {
                        old = open_old(g, e->d_name, "tags", sizeof(struct sp_tag_key),
                                       sizeof(struct sp_tag));
                        r = old < 0 ? 0 : adopt_tags(g, old);
                } else {
                        old = open_old(g, e->d_name, "members", sizeof(uint32_t),
                                       sizeof(uint64_t));
                        r = old < 0 ? 0 : adopt_members(g, old);
                }
        }
        if (d)
                (void)closedir(d);
        return r;
}
