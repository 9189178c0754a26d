/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sallyctl policy suggest: columns that look like personal data and that no mask of the policy
 * protects: by their names in a catalogue, by their values where observing looked at some (the
 * records have counts, no values). Exit status 1 when there are any, so that it can stand in CI.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/policy_dir.h"
#include "cli/store_dir.h"
#include "daemon/base/json.h"
#include "daemon/mask/mask.h"
#include "daemon/policy/detect.h"

static const char usage[] =
        "usage: sallyctl policy suggest --policy DIR [--catalog FILE] [--store DIR]\n"
        "                               [--json | --rules]";

#define CATALOG_MAX (64 * 1024 * 1024)
#define RECORD_ARENA_BYTES (256u << 20)

/* Fewer hits, or a smaller part of the values, are chance: one number of ten has the check digit
 * of a card. */
#define HITS_MIN 3
#define HITS_PART 20

struct suspect {
        struct suspect *next;
        struct sp_str table, path, type, detector;
        bool by_name;
        uint64_t hits, cells; /* of its detector, as observed */
};

struct suggest {
        struct sp_arena arena;
        struct sp_policy *policy;
        struct sp_schema schema;
        struct suspect *first, **last;
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

/* A column of the catalogue whose name says nothing is added for its type. */
static int add(struct suggest *s, const struct suspect *from, struct suspect **ret)
{
        struct suspect *to = sp_arena_new(&s->arena, struct suspect);

        if (!to)
                return -ENOMEM;
        *to = *from;
        to->next = NULL;
        to->table = sp_arena_str(&s->arena, from->table);
        to->path = sp_arena_str(&s->arena, from->path);
        to->type = sp_arena_str(&s->arena, from->type);
        to->detector = sp_arena_str(&s->arena, from->detector);
        if (!to->table.p || !to->path.p || !to->type.p || !to->detector.p)
                return -ENOMEM;
        *s->last = to;
        s->last = &to->next;
        *ret = to;
        return 0;
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
                struct sp_str found = sp_policy_detect(s->policy, c[i].name);
                struct suspect *added;

                if (!path.p)
                        return -ENOMEM;
                if (sp_mask_of_path(s->policy, NULL, &s->schema, path, 0).kind)
                        continue;
                if (c[i].n_fields) {
                        r = look(s, path, c[i].fields, c[i].n_fields);
                        continue;
                }
                r = add(s,
                        &(struct suspect){ .table = s->schema.table,
                                           .path = path,
                                           .type = c[i].type,
                                           .detector = found,
                                           .by_name = found.n > 0 },
                        &added);
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

/* ---- what observing saw ---- */

static uint64_t number(const struct sp_json *o, const char *key)
{
        const struct sp_json *v = sp_json_get(o, key);
        uint64_t n;

        return v && v->type == SP_JSON_NUMBER && sp_str_u64(v->text, &n) == 0 ? n : 0;
}

/* A column has one line: that of its name, or of the detector that hit first. */
static struct suspect *find(const struct suggest *s, struct sp_str table,
                            struct sp_str path, struct sp_str detector)
{
        struct suspect *x = s->first;

        while (x && (!sp_str_eq(x->path, path) || !sp_str_eq(x->table, table) ||
                     (x->detector.n && !sp_str_eq(x->detector, detector))))
                x = x->next;
        return x;
}

static int add_seen(struct suggest *s, const struct sp_json *seen)
{
        const struct sp_schema schema = { .table = sp_json_get_str(seen, "table") };
        struct suspect new = { .table = schema.table,
                               .path = sp_json_get_str(seen, "column"),
                               .type = sp_json_get_str(seen, "column_type"),
                               .detector = sp_json_get_str(seen, "detector") };
        struct suspect *x = find(s, new.table, new.path, new.detector);
        int r = 0;

        if (!new.table.n || !new.path.n || !new.detector.n ||
            sp_mask_of_path(s->policy, NULL, &schema, new.path, 0).kind)
                return 0;
        if (!x) {
                r = add(s, &new, &x);
        } else if (!x->detector.n) {
                x->detector = sp_arena_str(&s->arena, new.detector);
                r = x->detector.p ? 0 : -ENOMEM;
        }
        if (r < 0)
                return r;
        x->hits += number(seen, "hits");
        x->cells += number(seen, "cells");
        return 0;
}

struct walk {
        struct suggest *s;
        struct sp_arena arena; /* of one record */
};

static int look_at_record(void *userdata, const struct sp_store_record *record)
{
        static const char member[] = "\"looks_like\":[";
        struct walk *w = userdata;
        const struct sp_json *seen;
        struct sp_json *json;
        int r = 0;

        /* most have none: not worth reading them as JSON */
        if (!memmem(record->json.p, record->json.n, member, sizeof(member) - 1))
                return 0;
        sp_arena_reset(&w->arena);
        if (sp_json_parse(&w->arena, record->json, &json, NULL) < 0 ||
            !sp_str_eq(sp_json_get_str(json, "type"), SP_STR("response")))
                return 0; /* audit verify is there to judge records */
        seen = sp_json_get(json, "looks_like");
        for (const struct sp_json *c = seen && seen->type == SP_JSON_ARRAY ? seen->first
                                                                           : NULL;
             r == 0 && c; c = c->next)
                r = add_seen(w->s, c);
        return r;
}

static int look_at_records(struct suggest *s, const char *dir, struct sp_err *e)
{
        sp_cleanup(sp_store_closep) struct sp_store *store = NULL;
        struct walk w = { s, SP_ARENA_INIT(RECORD_ARENA_BYTES) };
        int r = sp_cli_open_store(dir, false, &store, e);

        if (r == 0)
                r = sp_store_walk(store, SP_STR_NULL, 0, look_at_record, &w, e);
        sp_arena_done(&w.arena);
        return r;
}

/* ---- shown ---- */

static bool is_suspected(const struct suspect *x)
{
        return x->by_name || (x->hits >= HITS_MIN && x->hits * HITS_PART >= x->cells);
}

static int show(struct suggest *s, bool as_json)
{
        static const char *const columns[] = { "COLUMN", "TYPE", "LOOKS LIKE", "SEEN",
                                               "MASK" };
        struct sp_table *t =
                sp_table_new("suspects", as_json, columns, SP_ARRAY_SIZE(columns));
        int r = t ? 0 : -ENOMEM;

        for (const struct suspect *x = s->first; r == 0 && x; x = x->next) {
                struct sp_str name, seen = SP_STR("");

                if (!is_suspected(x))
                        continue;
                name = sp_arena_printf(&s->arena, "%.*s.%.*s", SP_FMT(x->table),
                                       SP_FMT(x->path));
                if (x->hits)
                        seen = sp_arena_printf(&s->arena, "%" PRIu64 " of %" PRIu64,
                                               x->hits, x->cells);
                if (!name.p || !seen.p) {
                        r = -ENOMEM;
                        break;
                }
                const char *const cells[] = { name.p, x->type.p, x->detector.p, seen.p,
                                              mask_for(x->type) };

                s->n++;
                r = sp_table_row(t, cells);
        }
        if (t)
                (void)sp_table_finish(t);
        return r;
}

/* A file of the policy, to be read and put beside the others. */
static void show_rules(struct suggest *s)
{
        for (const struct suspect *x = s->first; x; x = x->next) {
                if (!is_suspected(x))
                        continue;
                if (!s->n++)
                        (void)puts("version: 1\nmasks:");
                (void)printf("  - name: suggested-%zu # %.*s\n"
                             "    columns: [\"%.*s.%.*s\"]\n"
                             "    mask: %s\n",
                             s->n, SP_FMT(x->detector), SP_FMT(x->table),
                             SP_FMT(x->path), mask_for(x->type));
        }
}

static int suggest(struct suggest *s, const char *dir, const char *file,
                   const char *store, struct sp_err *e)
{
        struct sp_json *catalog;
        size_t n_files;
        int r = sp_policy_dir_load(dir, &s->policy, &n_files, e);

        if (r == 0 && file)
                r = read_catalog(s, file, &catalog, e);
        if (r == 0 && file)
                r = look_at_all(s, catalog, e);
        if (r == 0 && store)
                r = look_at_records(s, store, e);
        return r;
}

int sp_cmd_policy_suggest(int argc, char **argv)
{
        static const struct option longs[] = {
                { "policy", required_argument, NULL, 'p' },
                { "catalog", required_argument, NULL, 'c' },
                { "store", required_argument, NULL, 's' },
                { "json", no_argument, NULL, 'j' },
                { "rules", no_argument, NULL, 'r' },
                { NULL, 0, NULL, 0 }
        };
        struct suggest s = { .arena = SP_ARENA_INIT((size_t)8 * CATALOG_MAX) };
        const char *dir = NULL, *file = NULL, *store = NULL;
        bool as_json = false, as_rules = false;
        struct sp_err e = SP_ERR_NULL;
        int c, r;

        s.last = &s.first;
        optind = 1;
        while ((c = getopt_long(argc, argv, "", longs, NULL)) >= 0) {
                if (c == 'p')
                        dir = optarg;
                else if (c == 'c')
                        file = optarg;
                else if (c == 's')
                        store = optarg;
                else if (c == 'j')
                        as_json = true;
                else if (c == 'r')
                        as_rules = true;
                else
                        return sp_cli_usage(usage, "that option is not known");
        }
        if (!dir || (!file && !store) || optind < argc)
                return sp_cli_usage(usage,
                                    "which policy, and which catalogue or store?");
        r = suggest(&s, dir, file, store, &e);
        if (r == 0 && as_rules)
                show_rules(&s);
        else if (r == 0)
                r = show(&s, as_json);
        sp_policy_unref(s.policy);
        sp_arena_done(&s.arena);
        if (r == -ENOMEM)
                (void)sp_err_set(&e, r, "cli.memory", "", "out of memory");
        if (r < 0)
                return sp_cli_fail(&e);
        return s.n ? SP_EXIT_FAILED : SP_EXIT_OK;
}
