/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control run ID DIR WARDEN RECORDER OTHER   the attempt in a plain process: "through", or an errno
 * control list                               all attempts, as JSON
 * control table                              the same for docs/threat-model.md
 */
#include "tests/takeover/takeover.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const ends[] = { "refused", "killed", "open" };

static int run(char **argv)
{
        struct takeover_target t = { .warden = atoi(argv[4]),
                                     .recorder = atoi(argv[5]),
                                     .other = atoi(argv[6]),
                                     .google = "203.0.113.10",
                                     .port = 8080 };

        (void)snprintf(t.dir, sizeof(t.dir), "%s", argv[3]);
        for (size_t i = 0; takeover_system(i); i++) {
                int r;

                if (strcmp(takeover_system(i)->id, argv[2]) != 0)
                        continue;
                errno = 0;
                r = takeover_system(i)->act(&t);
                (void)puts(r == 0 ? "through" : strerrorname_np(r));
                return 0;
        }
        return 2;
}

static void list(void)
{
        for (size_t i = 0; takeover_system(i); i++) {
                const struct takeover_attempt *a = takeover_system(i);

                (void)printf("{\"id\":\"%s\",\"end\":\"%s\",\"control\":%s,"
                             "\"landlock\":%u}\n",
                             a->id, ends[a->end], a->has_control ? "true" : "false",
                             a->landlock);
        }
        for (size_t i = 0; i < n_takeover_messages; i++) {
                const struct takeover_message *m = &takeover_messages[i];

                (void)printf("{\"id\":\"%s\",\"end\":\"%s\",\"error\":\"%s\","
                             "\"to\":\"%s\"}\n",
                             m->id, ends[m->end], m->error ? m->error : "",
                             m->is_to_recorder ? "recorder" : "warden");
        }
}

static const char *row(const char *before, const char *group, const char *what,
                       const char *stop, enum takeover_end end)
{
        (void)printf("| %s | %s | %s%s |\n",
                     before && strcmp(before, group) == 0 ? "" : group, what,
                     end == TAKEOVER_OPEN ? "**not stopped**: " : "", stop);
        return group;
}

static void table(void)
{
        const char *before = NULL;

        (void)puts("| | who has taken over a worker … | stopped by |\n|---|---|---|");
        for (size_t i = 0; takeover_system(i); i++) {
                const struct takeover_attempt *a = takeover_system(i);

                before = row(before, a->group, a->what, a->stop, a->end);
        }
        for (size_t i = 0; i < n_takeover_messages; i++) {
                const struct takeover_message *m = &takeover_messages[i];

                before = row(before, m->group, m->what, m->stop, m->end);
        }
}

int main(int argc, char **argv)
{
        if (argc == 7 && strcmp(argv[1], "run") == 0)
                return run(argv);
        if (argc == 2 && strcmp(argv[1], "list") == 0)
                return list(), 0;
        if (argc == 2 && strcmp(argv[1], "table") == 0)
                return table(), 0;
        (void)fputs("usage: control run ID DIR WARDEN RECORDER OTHER | list | table\n",
                    stderr);
        return 2;
}
