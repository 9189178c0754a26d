/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sallyctl policy suggest: columns of a catalogue that look like personal data and that no mask
 * of the policy protects. Exit status 1 when there are any, so that it can stand in CI.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/policy_dir.h"
#include "daemon/base/json.h"
#include "daemon/mask/mask.h"
#include "daemon/policy/detect.h"

static const char usage[] =
        "usage: sallyctl policy suggest --policy DIR --catalog FILE [--json]";

#define CATALOG_MAX (64 * 1024 * 1024)

struct suggest {
        struct sp_arena arena;
        struct sp_policy *policy;
        struct sp_table *table;
        struct sp_schema schema;
        size_t n;
};

static const char *mask_for(struct sp_str type)
{
        static const struct {
                const char *type, *mask;
        } masks[] = {
                { "STRING", "hash" },
                { "BYTES", "hash" },
                { "INTEGER", "hash" },
                { "INT64", "hash" },
                { "DATE", "{ truncate: { to: year } }" },
                { "DATETIME", "{ truncate: { to: year } }" },
                { "TIMESTAMP", "{ truncate: { to: year } }" },
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(masks); i++)
                if (sp_str_eq(type, sp_str_c(masks[i].type)))
                        return masks[i].mask;
        return "redact";
}

/* As deep as sp_schema_read lets it be. A record itself is not suspected: its fields are. */
static int look(struct suggest *s, struct sp_str parent, const struct sp_column *c,
                size_t n)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < n; i++) {
                struct sp_str path =
                        sp_arena_printf(&s->arena, "%.*s%s%.*s", SP_FMT(parent),
                                        parent.n ? "." : "", SP_FMT(c[i].name));
                struct sp_str found = sp_policy_detect(s->policy, c[i].name), name,
                              type;

                if (!path.p)
                        return -ENOMEM;
                if (sp_mask_of_path(s->policy, NULL, &s->schema, path, 0).kind)
                        continue;
                if (c[i].n_fields) {
                        r = look(s, path, c[i].fields, c[i].n_fields);
                        continue;
                }
                if (!found.n)
                        continue;
                name = sp_arena_printf(&s->arena, "%.*s.%.*s", SP_FMT(s->schema.table),
                                       SP_FMT(path));
                type = sp_arena_str(&s->arena, c[i].type);
                found = sp_arena_str(&s->arena, found);
                if (!name.p || !type.p || !found.p)
                        return -ENOMEM;
                const char *const cells[] = { name.p, type.p, found.p, mask_for(type) };

                s->n++;
                r = sp_table_row(s->table, cells);
        }
        return r;
}

static int read_catalog(struct suggest *s, const char *path, struct sp_json **ret,
                        struct sp_err *e)
{
        sp_autobuf text = SP_BUF_INIT(CATALOG_MAX);
        FILE *f = fopen(path, "re");
        struct sp_str kept;
        int r = 0;
        char *p;

        if (!f)
                return sp_err_set(e, -errno, "cli.file", path, "%s", strerror(errno));
        while (r == 0 && !feof(f) && !ferror(f)) {
                r = sp_buf_reserve(&text, 65536, &p);
                if (r == 0)
                        text.n += fread(p, 1, 65536, f);
        }
        (void)fclose(f);
        if (r < 0)
                return sp_err_set(e, r, "cli.file", path, "%s", strerror(-r));
        kept = sp_arena_str(&s->arena, sp_buf_str(&text));
        return kept.p ? sp_json_parse(&s->arena, kept, ret, e) : -ENOMEM;
}

/* It shows what is masked below it. Everything else has values of its own: snapshots,
 * external tables, and what does not say what it is. */
static bool is_view(struct sp_str kind)
{
        return sp_str_eq(kind, SP_STR("VIEW")) ||
               sp_str_eq(kind, SP_STR("MATERIALIZED_VIEW"));
}

static int look_at_all(struct suggest *s, const struct sp_json *catalog,
                       struct sp_err *e)
{
        const struct sp_json *tables = sp_json_get(catalog, "tables");
        int r = 0;

        if (!tables || tables->type != SP_JSON_OBJECT)
                return sp_err_set(e, -EINVAL, "cli.catalog", "",
                                  "the catalogue has no object 'tables'");
        for (const struct sp_json *t = tables->first; r == 0 && t; t = t->next) {
                struct sp_json wrapped = { .type = SP_JSON_OBJECT, .count = 1 };
                struct sp_json schema = *t;

                if (t->type == SP_JSON_ARRAY) { /* a bare list of columns */
                        schema.key = SP_STR("schema");
                        schema.next = NULL;
                        wrapped.first = &schema;
                }
                r = sp_schema_read(&s->arena, t->key,
                                   t->type == SP_JSON_ARRAY ? &wrapped : t, &s->schema,
                                   e);
                if (r == 0 && !is_view(s->schema.kind))
                        r = look(s, SP_STR_NULL, s->schema.columns,
                                 s->schema.n_columns);
        }
        return r;
}

int sp_cmd_policy_suggest(int argc, char **argv)
{
        static const struct option longs[] = {
                { "policy", required_argument, NULL, 'p' },
                { "catalog", required_argument, NULL, 'c' },
                { "json", no_argument, NULL, 'j' },
                { NULL, 0, NULL, 0 }
        };
        static const char *const columns[] = { "COLUMN", "TYPE", "LOOKS LIKE", "MASK" };
        struct suggest s = { .arena = SP_ARENA_INIT((size_t)8 * CATALOG_MAX) };
        const char *dir = NULL, *file = NULL;
        struct sp_err e = SP_ERR_NULL;
        struct sp_json *catalog;
        bool as_json = false;
        size_t n_files;
        int c, r;

        optind = 1;
        while ((c = getopt_long(argc, argv, "", longs, NULL)) >= 0) {
                if (c == 'p')
                        dir = optarg;
                else if (c == 'c')
                        file = optarg;
                else if (c == 'j')
                        as_json = true;
                else
                        return sp_cli_usage(usage, "that option is not known");
        }
        if (!dir || !file || optind < argc)
                return sp_cli_usage(usage, "which policy, and which catalogue?");
        r = sp_policy_dir_load(dir, &s.policy, &n_files, &e);
        if (r == 0)
                r = read_catalog(&s, file, &catalog, &e);
        s.table = r == 0 ? sp_table_new("suspects", as_json, columns,
                                        SP_ARRAY_SIZE(columns))
                         : NULL;
        if (r == 0)
                r = s.table ? look_at_all(&s, catalog, &e) : -ENOMEM;
        if (s.table)
                (void)sp_table_finish(s.table);
        sp_policy_unref(s.policy);
        sp_arena_done(&s.arena);
        if (r < 0)
                return sp_cli_fail(&e);
        return s.n ? SP_EXIT_FAILED : SP_EXIT_OK;
}
