/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/mask/sample.h"

#include <errno.h>
#include <stdio.h>

#include "daemon/policy/detect_value.h"

#define ROW_ARENA_BYTES ((size_t)4 * 1024 * 1024)
#define COLUMNS_MAX 500 /* stored columns, fields included, that one answer shows */

/* A stored column, or a field of one. */
struct column {
        struct sp_str table, path, type;
        uint64_t cells;
};

struct sample {
        struct sp_arena *arena; /* for names */
        const struct sp_policy *policy;
        struct sp_sample_counts *to;
        struct column columns[COLUMNS_MAX];
        size_t n_columns;
};

/* ---- the text of the answer ---- */

/* Behind the JSON value that begins at s[i]; s.n or more: it is cut. */
static size_t value_end(struct sp_str s, size_t i)
{
        size_t depth = 0;
        bool in_string = false;

        for (; i < s.n; i++) {
                char c = s.p[i];

                if (in_string && c == '\\')
                        i++;
                else if (c == '"')
                        in_string = !in_string;
                else if (in_string)
                        continue;
                else if (c == '{' || c == '[')
                        depth++;
                else if (depth && (c == '}' || c == ']'))
                        depth--;
                else if (!depth && (c == ',' || c == '}' || c == ']'))
                        return i;
                if (!depth && !in_string && (c == '"' || c == '}' || c == ']'))
                        return i + 1;
        }
        return s.n;
}

/* The list of rows, from its first row on; empty: there is none in this beginning. */
static struct sp_str find_rows(struct sp_str s)
{
        static const char name[] = "\"rows\":[";

        for (size_t i = 1; s.n && s.p[0] == '{' && i < s.n;) {
                struct sp_str rest = sp_str_sub(s, i, s.n - i);
                size_t colon;

                if (sp_str_starts(rest, sp_str_c(name)))
                        return sp_str_sub(rest, sizeof(name) - 1, rest.n);
                colon = value_end(s, i);
                if (colon >= s.n || s.p[i] != '"' || s.p[colon] != ':')
                        break;
                i = value_end(s, colon + 1) + 1; /* and its comma */
        }
        return SP_STR_NULL;
}

/* ---- counting ---- */

static struct column *column_of(struct sample *s, struct sp_str table,
                                struct sp_str path, struct sp_str type)
{
        struct column *c = s->columns;

        for (size_t i = 0; i < s->n_columns; i++, c++)
                if (sp_str_eq(c->path, path) && sp_str_eq(c->table, table))
                        return c;
        if (s->n_columns == COLUMNS_MAX)
                return NULL;
        *c = (struct column){ .table = sp_arena_str(s->arena, table),
                              .path = sp_arena_str(s->arena, path),
                              .type = sp_arena_str(s->arena, type) };
        if (!c->table.p || !c->path.p || !c->type.p)
                return NULL;
        s->n_columns++;
        return c;
}

static void add_hit(struct sample *s, const struct column *c, struct sp_str detector)
{
        struct sp_sample_counts *to = s->to;
        size_t i = 0;

        while (i < to->n && (!sp_str_eq(to->v[i].detector, detector) ||
                             !sp_str_eq(to->v[i].column, c->path) ||
                             !sp_str_eq(to->v[i].table, c->table)))
                i++;
        if (i == SP_SAMPLE_COUNTS_MAX)
                return;
        if (i == to->n)
                to->v[to->n++] = (struct sp_sample_count){ .table = c->table,
                                                           .column = c->path,
                                                           .type = c->type,
                                                           .detector = detector };
        to->v[i].hits++;
}

/* Types whose text somebody wrote. */
static bool may_hold(struct sp_str type)
{
        static const char *const types[] = { "STRING", "INTEGER", "INT64", "JSON",
                                             "UNKNOWN" };

        for (size_t i = 0; i < SP_ARRAY_SIZE(types); i++)
                if (sp_str_eq(type, sp_str_c(types[i])))
                        return true;
        return false;
}

struct at {
        const struct sp_json *column; /* of the outputs */
        struct sp_str table, path;
};

static int look_at(struct sample *s, const struct at *at, const struct sp_json *v);

static int look_at_fields(struct sample *s, const struct at *at,
                          const struct sp_json *v)
{
        const struct sp_json *fields = sp_json_get(at->column, "fields");
        const struct sp_json *cells = sp_json_get(v, "f"), *c;
        char text
                [512]; /* names have up to 300 bytes, and few are in records of records */
        int r = 0;

        if (!fields || !cells || fields->count != cells->count)
                return 0;
        c = cells->first;
        for (const struct sp_json *f = fields->first; r == 0 && f;
             f = f->next, c = c->next) {
                struct at inner = { .column = f, .table = at->table };
                int n = snprintf(text, sizeof(text), "%.*s.%.*s", SP_FMT(at->path),
                                 SP_FMT(sp_json_get_str(f, "name")));

                if (n < 0 || (size_t)n >= sizeof(text))
                        continue;
                inner.path = sp_str(text, (size_t)n);
                r = look_at(s, &inner, sp_json_get(c, "v"));
        }
        return r;
}

/* As deep as JSON may be. */
static int look_at(struct sample *s, const struct at *at, const struct sp_json *v)
{
        struct sp_str found;
        struct column *c;
        int r = 0;

        if (v && v->type == SP_JSON_ARRAY) {
                for (const struct sp_json *e = v->first; r == 0 && e; e = e->next)
                        r = look_at(s, at, sp_json_get(e, "v"));
                return r;
        }
        if (v && v->type == SP_JSON_OBJECT)
                return look_at_fields(s, at, v);
        if (!v || v->type != SP_JSON_STRING || !v->text.n ||
            !may_hold(sp_json_get_str(at->column, "type")))
                return 0;
        c = column_of(s, at->table, at->path, sp_json_get_str(at->column, "type"));
        if (!c)
                return 0;
        c->cells++;
        found = sp_policy_detect_value(s->policy, v->text);
        if (found.n)
                add_hit(s, c, found);
        return 0;
}

static int look_at_row(struct sample *s, const struct sp_json *columns,
                       const struct sp_json *row)
{
        const struct sp_json *cells = sp_json_get(row, "f"), *c;
        int r = 0;

        /* SELECT AS STRUCT has one output and many columns */
        if (!cells || cells->count != columns->count)
                return 0;
        c = cells->first;
        for (const struct sp_json *o = columns->first; r == 0 && o;
             o = o->next, c = c->next) {
                const struct at at = { o, sp_json_get_str(o, "table"),
                                       sp_json_get_str(o, "column") };

                if (at.table.n && at.path.n)
                        r = look_at(s, &at, sp_json_get(c, "v"));
        }
        return r;
}

static int look_at_rows(struct sample *s, const struct sp_json *columns,
                        struct sp_str rows)
{
        struct sp_arena arena = SP_ARENA_INIT(ROW_ARENA_BYTES);
        size_t i = 0, end;
        int r = 0;

        while (r == 0 && i < rows.n && rows.p[i] == '{') {
                struct sp_json *row;

                end = value_end(rows, i);
                if (end >= rows.n) /* cut, perhaps */
                        break;
                r = sp_json_parse(&arena, sp_str_sub(rows, i, end - i), &row, NULL);
                if (r == 0)
                        r = look_at_row(s, columns, row);
                sp_arena_reset(&arena);
                i = end + 1;
        }
        sp_arena_done(&arena);
        return r == -ENOMEM ? r : 0;
}

static void add_cells(struct sample *s)
{
        for (size_t i = 0; i < s->to->n; i++)
                for (size_t k = 0; k < s->n_columns; k++)
                        if (sp_str_eq(s->to->v[i].column, s->columns[k].path) &&
                            sp_str_eq(s->to->v[i].table, s->columns[k].table))
                                s->to->v[i].cells = s->columns[k].cells;
}

int sp_sample_rows(struct sp_arena *a, const struct sp_policy *p, struct sp_str outputs,
                   struct sp_str answer, struct sp_sample_counts *ret)
{
        struct sample *s = sp_arena_new(a, struct sample);
        struct sp_json *json;
        const struct sp_json *columns;
        int r = s ? sp_json_parse(a, outputs, &json, NULL) : -ENOMEM;

        if (r < 0)
                return r == -ENOMEM ? r : 0;
        columns = sp_json_get(json, "schema");
        if (!columns || columns->type != SP_JSON_ARRAY)
                return 0;
        ret->n = 0;
        s->arena = a;
        s->policy = p;
        s->to = ret;
        r = look_at_rows(s, columns, find_rows(answer));
        add_cells(s);
        return r;
}
