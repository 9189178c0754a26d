/* SPDX-License-Identifier: Apache-2.0 */
/* sallyctl sql inspect: what the front end understands of a text. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/sql_inspect.h"
#include "daemon/sql/index.h"

#define LINE_MAX_BYTES (16 * 1024 * 1024) /* JSON may escape each byte of the text */
#define CATALOG_MAX ((size_t)64 * 1024 * 1024)
#define ARENA_MAX ((size_t)512 * 1024 * 1024)
#define CATALOG_ARENA_MAX ((size_t)2 * 1024 * 1024 * 1024)

static const char usage[] =
        "sallyctl sql inspect [--catalog FILE] [--default-dataset PROJECT.DATASET] "
        "[--jsonl] [FILE]";

/* ---- shared by both forms ---- */

const char *sp_inspect_where(enum sp_sql_where w)
{
        switch (w) {
        case SP_SQL_WHERE_ABSENT:
                return "absent";
        case SP_SQL_WHERE_ALWAYS_TRUE:
                return "always-true";
        case SP_SQL_WHERE_UNPROVEN:
                return "unproven";
        case SP_SQL_WHERE_SELECTIVE:
                return "selective";
        default:
                return NULL;
        }
}

bool sp_inspect_place(const struct sp_err *e, unsigned *ret_line, unsigned *ret_column)
{
        return sscanf(e->where, "sql:%u:%u", ret_line, ret_column) == 2;
}

int sp_inspect_read(struct sp_arena *a, const struct sp_inspect *in, struct sp_str sql,
                    bool is_script, struct sp_inspected *ret, struct sp_err *reterr)
{
        const struct sp_sql_resolve_options options = {
                .catalog = in->catalog,
                .default_project = in->project,
                .default_dataset = in->dataset,
        };
        struct sp_sql_lineage *lineage = NULL;
        struct sp_sql_script *script = NULL;
        int r = is_script ? sp_sql_parse(a, sql, &script, reterr)
                          : sp_sql_parse_one(a, sql, &script, reterr);

        if (r == 0 && in->catalog)
                r = sp_sql_resolve(a, script, &options, &lineage, reterr);
        if (r == 0)
                *ret = (struct sp_inspected){ script, lineage };
        return r;
}

/* The parts with dots, as written. */
static struct sp_str table_name(struct sp_arena *a, const struct sp_inspect *in,
                                const struct sp_sql_table *t)
{
        bool is_filled = in->dataset.n && !t->is_temporary;
        struct sp_str s = SP_STR("");

        if (is_filled && t->n_parts <= 2)
                s = in->project;
        if (is_filled && t->n_parts == 1)
                s = sp_arena_printf(a, "%.*s%s%.*s", SP_FMT(s), s.n ? "." : "",
                                    SP_FMT(in->dataset));
        for (size_t i = 0; s.p && i < t->n_parts; i++)
                s = sp_arena_printf(a, "%.*s%s%.*s", SP_FMT(s), s.n ? "." : "",
                                    SP_FMT(t->parts[i]));
        return s;
}

static bool is_listed(const struct sp_sql_table *t, enum sp_inspect_which which)
{
        switch (which) {
        case SP_INSPECT_READ:
                return t->is_read && !t->is_temporary && !t->is_model;
        case SP_INSPECT_WRITTEN:
                return t->is_target;
        default:
                return t->is_model && t->is_read;
        }
}

int sp_inspect_tables(struct sp_arena *a, const struct sp_inspect *in,
                      const struct sp_sql_statement *s, enum sp_inspect_which which,
                      struct sp_inspect_names *ret)
{
        struct sp_sql_index seen = { .is_case_sensitive = true };
        struct sp_inspect_names names = {
                .v = sp_arena_array(a, s->n_tables, sizeof(*names.v)),
                .tables = sp_arena_array(a, s->n_tables, sizeof(*names.tables)),
        };
        size_t at;

        if (!names.v || !names.tables)
                return -ENOMEM;
        for (size_t i = 0; i < s->n_tables; i++) {
                struct sp_str name;

                if (!is_listed(&s->tables[i], which))
                        continue;
                name = table_name(a, in, &s->tables[i]);
                if (!name.p)
                        return -ENOMEM;
                if (sp_sql_index_find(&seen, names.v, sizeof(*names.v), name, &at))
                        continue;
                names.v[names.n] = name;
                names.tables[names.n] = &s->tables[i];
                if (!sp_sql_index_add(a, &seen, names.v, sizeof(*names.v)))
                        return -ENOMEM;
                names.n++;
        }
        *ret = names;
        return 0;
}

/* ---- files ---- */

/* Reads to the end, or until `to` is full. */
static int read_all(FILE *f, struct sp_buf *to)
{
        size_t n;
        char *p;

        errno = 0;
        do {
                size_t want = SP_MIN((size_t)65536, to->max - to->n);
                int r = sp_buf_reserve(to, want, &p);

                if (r < 0)
                        return r;
                n = fread(p, 1, want, f);
                to->n += n;
        } while (n);
        return ferror(f) ? -(errno ? errno : EIO) : 0;
}

static int fail_file(const char *name, int code)
{
        fprintf(stderr, "sallyctl: %s: %s\n", name, strerror(-code));
        return code;
}

static int read_catalog(const char *name, struct sp_arena *a,
                        const struct sp_sql_catalog **ret)
{
        sp_autobuf text = SP_BUF_INIT(CATALOG_MAX + 1);
        struct sp_err err = SP_ERR_NULL;
        struct sp_sql_catalog *c = NULL;
        FILE *f = fopen(name, "re");
        const char *place;
        int r = f ? read_all(f, &text) : -errno;

        if (f)
                (void)fclose(f);
        if (r == 0 && text.n > CATALOG_MAX)
                r = -EFBIG;
        if (r < 0)
                return fail_file(name, r);
        r = sp_sql_catalog_read(a, sp_buf_str(&text), &c, &err);
        if (r < 0) {
                place = strchr(err.where, ':'); /* behind "json" or "catalog" */
                fprintf(stderr, "sallyctl: %s%s: %s (%s)\n", name, place ? place : "",
                        err.what, err.id);
                return r;
        }
        *ret = c;
        return 0;
}

static int inspect_lines(const struct sp_inspect *in, FILE *f)
{
        char *line = NULL;
        size_t capacity = 0;
        ssize_t n;
        int r = 0;

        while (r == 0 && (n = getline(&line, &capacity, f)) > 0) {
                struct sp_arena a = SP_ARENA_INIT(ARENA_MAX);
                sp_autobuf out = SP_BUF_INIT(LINE_MAX_BYTES * 4);

                if (line[n - 1] == '\n')
                        n--;
                if (n > LINE_MAX_BYTES)
                        r = -E2BIG;
                else if (n > 0)
                        r = sp_inspect_json(&a, in, sp_str(line, (size_t)n), &out);
                if (r == 0 && n > 0)
                        printf("%.*s\n", SP_FMT(sp_buf_str(&out)));
                sp_arena_done(&a);
        }
        free(line);
        if (r < 0)
                fprintf(stderr, "sallyctl: a line cannot be answered: %s\n",
                        strerror(-r));
        return r;
}

static int inspect_text(const struct sp_inspect *in, const char *name, FILE *f)
{
        struct sp_arena a = SP_ARENA_INIT(ARENA_MAX);
        sp_autobuf text = SP_BUF_INIT(SP_SQL_TEXT_MAX + 1);
        struct sp_inspected what = { 0 };
        struct sp_err err = SP_ERR_NULL;
        int r = read_all(f, &text);

        if (r < 0)
                return fail_file(name, r);
        r = sp_inspect_read(&a, in, sp_buf_str(&text), true, &what, &err);
        if (r < 0)
                sp_inspect_show_error(&err, sp_buf_str(&text));
        else
                r = sp_inspect_show(&a, in, &what);
        sp_arena_done(&a);
        return r; /* 1: not resolved */
}

/* "P.D" or "D"; a project of a domain has dots of its own, a dataset has none. */
static void read_default(struct sp_inspect *in, struct sp_str s)
{
        size_t at = s.n;

        while (at && s.p[at - 1] != '.')
                at--;
        in->dataset = sp_str_sub(s, at, s.n);
        in->project = sp_str_sub(s, 0, at ? at - 1 : 0);
}

static int inspect(int argc, char **argv)
{
        static const struct option options[] = {
                { "catalog", required_argument, NULL, 'c' },
                { "default-dataset", required_argument, NULL, 'd' },
                { "jsonl", no_argument, NULL, 'j' },
                { NULL, 0, NULL, 0 }
        };
        struct sp_arena a = SP_ARENA_INIT(CATALOG_ARENA_MAX);
        struct sp_inspect in = { 0 };
        const char *catalog = NULL, *name = "-";
        bool is_jsonl = false;
        FILE *f = stdin;
        int c, r = 0;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
                if (c == 'c')
                        catalog = optarg;
                else if (c == 'd')
                        read_default(&in, sp_str_c(optarg));
                else if (c == 'j')
                        is_jsonl = true;
                else
                        return sp_cli_usage(usage, "unknown option");
        }
        if (argc - optind > 1)
                return sp_cli_usage(usage, "one file at a time");
        if (optind < argc)
                name = argv[optind];
        if (catalog)
                r = read_catalog(catalog, &a, &in.catalog);
        if (r == 0 && strcmp(name, "-") != 0 && !(f = fopen(name, "re")))
                r = fail_file(name, -errno);
        if (r == 0)
                r = is_jsonl ? inspect_lines(&in, f) : inspect_text(&in, name, f);
        if (f && f != stdin)
                (void)fclose(f);
        sp_arena_done(&a);
        return r ? SP_EXIT_FAILED : SP_EXIT_OK;
}

int sp_cmd_sql(int argc, char **argv)
{
        if (argc == 2 && strcmp(argv[1], "--help") == 0) {
                printf("usage: %s\n", usage);
                return SP_EXIT_OK;
        }
        if (argc < 2 || strcmp(argv[1], "inspect") != 0)
                return sp_cli_usage(usage, "inspect is all there is");
        return inspect(argc - 1, argv + 1);
}
