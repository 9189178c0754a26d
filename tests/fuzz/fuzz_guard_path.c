/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_guard_path — input: a mountinfo text or a tag's path, NUL, a cgroup path.
 *
 * An accepted pattern is normal (accepted again, unchanged), within its limits, and without
 * wildcards matches itself and nothing else.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/warden/guard_path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_pattern(const char *text, const char *path)
{
        struct sp_err err = SP_ERR_NULL;
        struct sp_tag_key key, again;
        bool is_same, is_match;

        if (sp_guard_path_pattern(sp_str_c(text), &key, &err))
                return;
        if (sp_guard_path_pattern(sp_str_c(key.pattern), &again, &err) ||
            memcmp(&key, &again, sizeof(key)) != 0 || key.pattern[0] != '/' ||
            sp_guard_path_depth(key.pattern) > SP_GUARD_DEPTH_MAX ||
            !sp_guard_path_is_below(key.pattern, "/"))
                abort();
        is_same = strcmp(key.pattern, path) == 0;
        is_match = sp_guard_path_match(key.pattern, path);
        if (!sp_guard_path_match(key.pattern, key.pattern))
                abort();
        if (!strpbrk(key.pattern, "*?") && is_match != is_same)
                abort();
        if (is_match && sp_guard_path_depth(path) > sp_guard_path_depth(key.pattern))
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char *text, mount[PATH_MAX];
        size_t first;

        if (size > 4096)
                return 0;
        text = calloc(1, size + 2);
        if (!text)
                return 0;
        if (size)
                memcpy(text, data, size);
        first = strlen(text);
        (void)!sp_guard_path_mount_in(text, mount);
        check_pattern(text, text + first + (first < size));
        free(text);
        return 0;
}
