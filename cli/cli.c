/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include <libsmartcols/libsmartcols.h>

#include "daemon/base/clock.h"
#include "daemon/base/show.h"

int sp_cli_fail(const struct sp_err *e)
{
        (void)fflush(stdout);
        (void)fprintf(stderr, "sallyctl: %s%s%s", e->where, e->where[0] ? ": " : "",
                      e->what[0] ? e->what : strerror(-e->code));
        if (e->id)
                (void)fprintf(stderr, " (%s)", e->id);
        (void)fputc('\n', stderr);
        return SP_EXIT_FAILED;
}

int sp_cli_usage(const char *usage, const char *fmt, ...)
{
        va_list ap;

        (void)fputs("sallyctl: ", stderr);
        va_start(ap, fmt);
        (void)vfprintf(stderr, fmt, ap);
        va_end(ap);
        (void)fprintf(stderr, "\nusage: %s\n", usage);
        return SP_EXIT_USAGE;
}

void sp_cli_print_escaped(FILE *to, struct sp_str s, bool multiline)
{
        sp_autobuf b = SP_BUF_INIT(4 * s.n + 1);

        if (sp_show(&b, s, multiline) == 0)
                (void)fwrite(b.n ? b.p : "", 1, b.n, to);
        else
                (void)fputs("(out of memory)", to);
}

void sp_cli_time_ago(char *to, size_t size, uint64_t wall_us)
{
        static const struct {
                uint64_t seconds;
                const char *name;
        } units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" } };
        uint64_t now_us = sp_clock_wall_us();
        bool is_future = wall_us > now_us;
        uint64_t s =
                (is_future ? wall_us - now_us : now_us - wall_us) / SP_USEC_PER_SEC;

        for (size_t i = 0; i < SP_ARRAY_SIZE(units); i++) {
                if (s < units[i].seconds)
                        continue;
                (void)snprintf(to, size,
                               is_future ? "in %" PRIu64 " %s" : "%" PRIu64 " %s ago",
                               s / units[i].seconds, units[i].name);
                return;
        }
        (void)snprintf(to, size, "now");
}

void sp_cli_time_local(char *to, size_t size, uint64_t wall_us)
{
        time_t t = (time_t)(wall_us / SP_USEC_PER_SEC);
        struct tm tm;

        if (!size)
                return;
        if (!localtime_r(&t, &tm) || !strftime(to, size, "%Y-%m-%d %H:%M:%S", &tm))
                to[0] = '\0';
}

void sp_cli_bytes(char *to, size_t size, uint64_t bytes)
{
        static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" };
        double v = (double)bytes;
        size_t u = 0;

        for (; v >= 1024 && u + 1 < SP_ARRAY_SIZE(units); u++)
                v /= 1024;
        (void)snprintf(to, size, u ? "%.1f %s" : "%.0f %s", v, units[u]);
}

/* ---- tables ---- */

struct sp_table {
        struct libscols_table *t;
        size_t n_columns;
};

struct sp_table *sp_table_new(const char *name, bool as_json,
                              const char *const *columns, size_t n_columns)
{
        struct sp_table *t = calloc(1, sizeof(*t));
        int r = 0;

        if (!t)
                return NULL;
        t->n_columns = n_columns;
        t->t = scols_new_table();
        if (t->t) {
                r |= scols_table_set_name(t->t, name);
                r |= scols_table_enable_json(t->t, as_json);
                r |= scols_table_enable_noencoding(t->t,
                                                   1); /* cells are escaped by us */
                for (size_t i = 0; i < n_columns; i++)
                        r |= !scols_table_new_column(t->t, columns[i], 0, 0);
        }
        if (!t->t || r) {
                scols_unref_table(t->t);
                free(t);
                return NULL;
        }
        return t;
}

int sp_table_row(struct sp_table *t, const char *const *cells)
{
        struct libscols_line *line = scols_table_new_line(t->t, NULL);
        int r = line ? 0 : -ENOMEM;

        for (size_t i = 0; r == 0 && i < t->n_columns; i++) {
                sp_autobuf b = SP_BUF_INIT(1u << 20);

                r = sp_show(&b, sp_str_c(cells[i]), false);
                if (r == 0)
                        r = sp_buf_addc(&b, '\0');
                if (r == 0)
                        r = scols_line_set_data(line, i, b.p);
        }
        return r;
}

int sp_table_finish(struct sp_table *t)
{
        int r = scols_print_table(t->t);

        scols_unref_table(t->t);
        free(t);
        return r;
}

int sp_table_finish_indented(struct sp_table *t, const char *indent)
{
        char *text = NULL;
        int r = scols_print_table_to_string(t->t, &text);

        for (char *save = NULL, *line = r == 0 ? strtok_r(text, "\n", &save) : NULL;
             line; line = strtok_r(NULL, "\n", &save))
                (void)printf("%s%s\n", indent, line);
        free(text);
        scols_unref_table(t->t);
        free(t);
        return r;
}
