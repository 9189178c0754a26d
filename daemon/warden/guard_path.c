/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/warden/guard_path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/base/buf.h"

#define MOUNTINFO_MAX (1024 * 1024)

static int read_file(const char *path, struct sp_buf *to)
{
        FILE *f = fopen(path, "re");
        char chunk[4096];
        size_t n;
        int r = 0;

        if (!f)
                return -errno;
        while (!r && (n = fread(chunk, 1, sizeof(chunk), f)) > 0)
                r = sp_buf_add(to, sp_str(chunk, n));
        if (!r && ferror(f))
                r = -EIO;
        (void)fclose(f);
        return r ? r : sp_buf_addc(to, 0);
}

/* proc(5): space, tab, newline and backslash are written as \ooo. */
static int unescape(const char *from, size_t n, char ret[PATH_MAX])
{
        size_t to = 0;

        for (size_t i = 0; i < n; i++) {
                char c = from[i];

                if (c == '\\' && i + 3 < n && from[i + 1] >= '0' &&
                    from[i + 1] <= '3') {
                        c = (char)((from[i + 1] - '0') * 64 + (from[i + 2] - '0') * 8 +
                                   (from[i + 3] - '0'));
                        i += 3;
                }
                if (to + 1 >= PATH_MAX)
                        return -ENAMETOOLONG;
                ret[to++] = c;
        }
        ret[to] = 0;
        return 0;
}

int sp_guard_path_mount_in(const char *mountinfo, char ret[PATH_MAX])
{
        const char *line = mountinfo;

        while (*line) {
                const char *end = strchrnul(line, '\n');
                struct sp_str rest = sp_str(line, (size_t)(end - line)), field[6], type;
                size_t n = 0;

                line = *end ? end + 1 : end;
                while (n < SP_ARRAY_SIZE(field) &&
                       sp_str_cut(rest, ' ', &field[n], &rest))
                        n++;
                if (n < SP_ARRAY_SIZE(field))
                        continue;
                /* optional fields up to a lone "-", then the type */
                do {
                        if (!sp_str_cut(rest, ' ', &type, &rest))
                                break;
                } while (!sp_str_eq(type, SP_STR("-")));
                (void)sp_str_cut(rest, ' ', &type, &rest);
                if (sp_str_eq(type, SP_STR("cgroup2")) &&
                    sp_str_eq(field[3], SP_STR("/")))
                        return unescape(field[4].p, field[4].n, ret);
        }
        return -ENOENT;
}

int sp_guard_path_mount(char ret[PATH_MAX], struct sp_err *reterr)
{
        sp_autobuf text = SP_BUF_INIT(MOUNTINFO_MAX);
        int r = read_file("/proc/self/mountinfo", &text);

        if (!r)
                r = sp_guard_path_mount_in(text.p, ret);
        if (r)
                return sp_err_set(
                        reterr, r, "guard.no-cgroup2", "/proc/self/mountinfo",
                        "the cgroup v2 hierarchy is not mounted with its root: %s",
                        strerror(-r));
        return 0;
}

int sp_guard_path_of_pid(pid_t pid, char ret[PATH_MAX])
{
        sp_autobuf text = SP_BUF_INIT(64 * 1024);
        char name[64];
        struct sp_str rest, line;
        int r;

        if (pid)
                (void)snprintf(name, sizeof(name), "/proc/%d/cgroup", (int)pid);
        else
                (void)snprintf(name, sizeof(name), "/proc/self/cgroup");
        r = read_file(name, &text);
        if (r)
                return r;
        rest = sp_str(text.p, text.n - 1);
        while (rest.n) {
                (void)sp_str_cut(rest, '\n', &line, &rest);
                if (!sp_str_starts(line, SP_STR("0::/")))
                        continue;
                line = sp_str_sub(line, 3, line.n);
                /* "/a (deleted)": the directory is gone, nothing can be looked up */
                if (line.n >= PATH_MAX)
                        return -ENAMETOOLONG;
                memcpy(ret, line.p, line.n);
                ret[line.n] = 0;
                return 0;
        }
        return -ENOENT;
}

static int component_check(struct sp_str c, const char **why)
{
        if (!c.n)
                *why = "has an empty component";
        else if (sp_str_eq(c, SP_STR(".")) || sp_str_eq(c, SP_STR("..")))
                *why = "has a component '.' or '..'";
        else if (c.n > NAME_MAX)
                *why = "has a component over 255 bytes";
        else
                return 0;
        return -EINVAL;
}

int sp_guard_path_pattern(struct sp_str path, struct sp_tag_key *ret,
                          struct sp_err *reterr)
{
        struct sp_tag_key key = { { 0 } };
        struct sp_str rest, c;
        char shown[96];
        const char *why = NULL;
        unsigned depth = 0;

        sp_err_escape(shown, sizeof(shown), path);
        rest = path;
        if (rest.n && rest.p[0] == '/')
                rest = sp_str_sub(rest, 1, rest.n);
        if (rest.n && rest.p[rest.n - 1] == '/')
                rest = sp_str_sub(rest, 0, rest.n - 1);
        if (!rest.n)
                why = "is empty: the root itself cannot be guarded";
        else if (rest.n + 1 >= sizeof(key.pattern))
                return sp_err_set(reterr, -ENAMETOOLONG, "guard.pattern", shown,
                                  "cgroup path is longer than %zu bytes",
                                  sizeof(key.pattern) - 2);
        else if (!sp_str_is_utf8(rest))
                why = "is not UTF-8 text";
        for (size_t i = 0; !why && i < rest.n; i++)
                if ((unsigned char)rest.p[i] < 0x20 || rest.p[i] == 0x7f)
                        why = "has a control character";
        if (!why) {
                key.pattern[0] = '/';
                memcpy(key.pattern + 1, rest.p, rest.n);
                do {
                        bool more = sp_str_cut(rest, '/', &c, &rest);

                        if (component_check(c, &why))
                                break;
                        if (++depth > SP_GUARD_DEPTH_MAX)
                                why = "is deeper than 32 components";
                        if (!more)
                                break;
                } while (!why);
        }
        if (why)
                return sp_err_set(reterr, -EINVAL, "guard.pattern", shown,
                                  "cgroup path %s", why);
        *ret = key;
        return 0;
}

bool sp_guard_path_match(const char *pattern, const char *path)
{
        const char *star_p = NULL, *star_t = NULL;

        for (;;) {
                if (*pattern == '*') {
                        star_p = ++pattern;
                        star_t = path;
                } else if (!*pattern && !*path) {
                        return true;
                } else if (*path &&
                           (*pattern == *path || (*pattern == '?' && *path != '/'))) {
                        pattern++;
                        path++;
                } else if (star_p && *star_t && *star_t != '/') {
                        path = ++star_t;
                        pattern = star_p;
                } else {
                        return false;
                }
        }
}

unsigned sp_guard_path_depth(const char *path)
{
        unsigned n = 0;

        for (; *path; path++)
                n += *path == '/' && path[1];
        return n;
}

bool sp_guard_path_is_below(const char *path, const char *top)
{
        size_t n = strlen(top);

        if (n && top[n - 1] == '/')
                n--;
        return strncmp(path, top, n) == 0 && path[n] == '/' && path[n + 1];
}

uint64_t sp_guard_path_score(const char *pattern, uint32_t serial)
{
        uint64_t literal = 0, wild = 0;

        for (; *pattern; pattern++) {
                if (*pattern == '*' || *pattern == '?')
                        wild++;
                else
                        literal++;
        }
        if (!wild)
                literal += SP_TAG_PATTERN_LEN; /* an exact path beats any pattern */
        return literal << 32 | (UINT32_MAX - serial);
}
