/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/warden/metrics.h"

#include <errno.h>
#include <stdlib.h>

#define FAMILY_BYTES_MAX (1024 * 1024)
#define FAMILIES_MAX 1000

struct sp_metrics_family {
        struct sp_metrics_family *next;
        char *name;
        struct sp_buf help, type, samples; /* whole lines */
};

static void family_free(struct sp_metrics_family *f)
{
        free(f->name);
        sp_buf_done(&f->help);
        sp_buf_done(&f->type);
        sp_buf_done(&f->samples);
        free(f);
}

void sp_metrics_merge_done(struct sp_metrics_merge *m)
{
        while (m->families) {
                struct sp_metrics_family *f = m->families;

                m->families = f->next;
                family_free(f);
        }
}

static int family_get(struct sp_metrics_merge *m, struct sp_str name,
                      struct sp_metrics_family **ret)
{
        struct sp_metrics_family **at = &m->families, *f;
        size_t n = 0;

        for (; *at; at = &(*at)->next, n++) {
                if (sp_str_eq(sp_str_c((*at)->name), name)) {
                        *ret = *at;
                        return 0;
                }
        }
        if (n >= FAMILIES_MAX)
                return -ENOBUFS;
        f = calloc(1, sizeof(*f));
        if (!f)
                return -ENOMEM;
        f->help = f->type = f->samples = SP_BUF_INIT(FAMILY_BYTES_MAX);
        f->name = sp_str_dup(name);
        if (!f->name) {
                free(f);
                return -ENOMEM;
        }
        *at = f;
        *ret = f;
        return 0;
}

static bool is_name_byte(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               (c >= '0' && c <= '9') || c == '_' || c == ':';
}

static struct sp_str name_of(struct sp_str line)
{
        size_t n = 0;

        while (n < line.n && is_name_byte(line.p[n]))
                n++;
        return sp_str_sub(line, 0, n);
}

/* A histogram's samples carry the family's name and a suffix. */
static bool belongs_to(struct sp_str sample, const struct sp_metrics_family *f)
{
        struct sp_str rest, name = sp_str_c(f->name);

        if (!sp_str_starts(sample, name))
                return false;
        rest = sp_str_sub(sample, name.n, sample.n);
        return rest.n == 0 || sp_str_eq(rest, SP_STR("_bucket")) ||
               sp_str_eq(rest, SP_STR("_sum")) || sp_str_eq(rest, SP_STR("_count")) ||
               sp_str_eq(rest, SP_STR("_total"));
}

static int add_comment(struct sp_metrics_merge *m, struct sp_str line,
                       struct sp_metrics_family **current)
{
        bool is_help = sp_str_starts(line, SP_STR("# HELP "));
        struct sp_str name;
        struct sp_buf *to;
        int r;

        if (!is_help && !sp_str_starts(line, SP_STR("# TYPE ")))
                return 0;
        name = name_of(sp_str_sub(line, 7, line.n));
        if (!name.n)
                return -EBADMSG;
        r = family_get(m, name, current);
        if (r < 0)
                return r;
        to = is_help ? &(*current)->help : &(*current)->type;
        if (to->n) /* another process has said it */
                return 0;
        r = sp_buf_add(to, line);
        return r == 0 ? sp_buf_addc(to, '\n') : r;
}

static int add_sample(struct sp_metrics_merge *m, struct sp_str line,
                      const char *labels, struct sp_metrics_family **current)
{
        struct sp_str name = name_of(line), rest = sp_str_sub(line, name.n, line.n);
        bool has_labels = rest.n && rest.p[0] == '{';
        int r = 0;

        if (!name.n || !rest.n || (!has_labels && rest.p[0] != ' '))
                return -EBADMSG;
        if (!*current || !belongs_to(name, *current))
                r = family_get(m, name, current);
        if (r < 0)
                return r;
        if (has_labels)
                rest = sp_str_sub(rest, 1, rest.n);
        return sp_buf_addf(&(*current)->samples, "%.*s{%s%s%.*s\n", SP_FMT(name),
                           labels,
                           !has_labels                  ? "}"
                           : rest.n && rest.p[0] == '}' ? ""
                                                        : ",",
                           SP_FMT(rest));
}

int sp_metrics_merge_add(struct sp_metrics_merge *m, struct sp_str text,
                         const char *labels)
{
        struct sp_metrics_family *current = NULL;
        struct sp_str line;

        while (text.n) {
                int r = 0;

                (void)sp_str_cut(text, '\n', &line, &text);
                if (line.n && line.p[0] == '#')
                        r = add_comment(m, line, &current);
                else if (line.n)
                        r = add_sample(m, line, labels, &current);
                if (r < 0)
                        return r;
        }
        return 0;
}

int sp_metrics_merge_write(const struct sp_metrics_merge *m, struct sp_buf *to)
{
        for (const struct sp_metrics_family *f = m->families; f; f = f->next) {
                int r = f->samples.n ? sp_buf_add(to, sp_buf_str(&f->help)) : 0;

                if (r == 0 && f->samples.n)
                        r = sp_buf_add(to, sp_buf_str(&f->type));
                if (r == 0)
                        r = sp_buf_add(to, sp_buf_str(&f->samples));
                if (r < 0)
                        return r;
        }
        return 0;
}
