/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>

/* The one piece of state outside main: every module logs, none should carry a logger. */
static struct {
        const char *role;
        enum sp_log_level max;
        bool has_fields; /* the journal's own protocol */
        bool has_level; /* the journal reads "<4>" before a line */
} logger = { "sallyport", SP_LOG_INFO, false, false };

#define MAX_FIELDS 16

/* systemd.exec(5): the variable names the socket, as others may have taken its place since. */
static bool is_stderr_journal(void)
{
        const char *stream = getenv("JOURNAL_STREAM");
        char own[64];
        struct stat st;

        if (!stream || fstat(STDERR_FILENO, &st) < 0)
                return false;
        (void)snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)st.st_dev,
                       (uintmax_t)st.st_ino);
        return strcmp(stream, own) == 0;
}

void sp_log_init(const char *role, enum sp_log_level max)
{
        sp_log_init_confined(role, max);
        logger.has_fields = logger.has_level;
}

void sp_log_init_confined(const char *role, enum sp_log_level max)
{
        logger.role = role;
        logger.max = max;
        logger.has_fields = false;
        logger.has_level = is_stderr_journal();
}

static void to_journal(enum sp_log_level level, const struct sp_log_field *fields,
                       const char *message)
{
        char text[MAX_FIELDS + 3][600];
        struct iovec v[MAX_FIELDS + 3];
        size_t n = 0;

        (void)snprintf(text[n++], sizeof(text[0]), "MESSAGE=%s", message);
        (void)snprintf(text[n++], sizeof(text[0]), "PRIORITY=%d", (int)level);
        (void)snprintf(text[n++], sizeof(text[0]), "SALLYPORT_ROLE=%s", logger.role);
        for (; fields && fields->key && n < SP_ARRAY_SIZE(text); fields++) {
                int at = snprintf(text[n], 64, "SALLYPORT_%s=", fields->key);

                for (char *c = text[n]; *c != '='; c++)
                        if (*c >= 'a' && *c <= 'z')
                                *c -= 32;
                sp_err_escape(text[n] + at, sizeof(text[0]) - (size_t)at,
                              fields->value);
                n++;
        }
        for (size_t i = 0; i < n; i++)
                v[i] = (struct iovec){ text[i], strlen(text[i]) };
        (void)sd_journal_sendv(v, (int)n);
}

static void to_stderr(enum sp_log_level level, const struct sp_log_field *fields,
                      const char *message)
{
        static const char *const names[] = { [SP_LOG_ERR] = "error",
                                             [SP_LOG_WARNING] = "warning",
                                             [SP_LOG_INFO] = "info",
                                             [SP_LOG_DEBUG] = "debug" };
        char line[2048];
        int n = logger.has_level ? snprintf(line, sizeof(line), "<%d>", (int)level) : 0;

        n += snprintf(line + n, sizeof(line) - (size_t)n, "%s %s: %s", names[level],
                      logger.role, message);
        for (; fields && fields->key && n > 0 && n < (int)sizeof(line) - 64; fields++) {
                char value[400];

                sp_err_escape(value, sizeof(value), fields->value);
                n += snprintf(line + n, sizeof(line) - (size_t)n, " %s=%s", fields->key,
                              value);
        }
        /* one write per line: lines of three processes share the descriptor */
        n = SP_MIN(n, (int)sizeof(line) - 2);
        line[n++] = '\n';
        (void)!write(STDERR_FILENO, line, (size_t)n);
}

void sp_log_fields(enum sp_log_level level, const struct sp_log_field *fields,
                   const char *fmt, ...)
{
        char message[512];
        va_list ap;

        if (level > logger.max)
                return;
        va_start(ap, fmt);
        (void)vsnprintf(message, sizeof(message), fmt, ap);
        va_end(ap);
        if (logger.has_fields)
                to_journal(level, fields, message);
        else
                to_stderr(level, fields, message);
}

void sp_log_err(enum sp_log_level level, const struct sp_err *e, const char *doing)
{
        const struct sp_log_field fields[] = {
                { "error", sp_str_c(e->id) },
                { "where", sp_str_c(e->where) },
                { NULL, SP_STR_NULL },
        };

        sp_log_fields(level, fields, "%s: %s", doing,
                      e->what[0] ? e->what : strerror(-e->code));
}
