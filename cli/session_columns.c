/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/session_columns.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "cli/session_print.h"
#include "daemon/base/clock.h"
#include "daemon/policy/pattern.h"

#define RECORD_ARENA_BYTES (256u << 20)
#define NAMES_MAX 8 /* in a table for people */
#define CELL_MAX (1u << 20)

/* ---- patterns and names ---- */

/* "example.com:project" has a dot of its own. Returns the number of parts; more than fit: one
 * more than SP_COLUMN_PARTS_MAX. */
static size_t split(struct sp_str text, struct sp_str part[SP_COLUMN_PARTS_MAX])
{
        const char *colon = text.n ? memchr(text.p, ':', text.n) : NULL;
        size_t from = colon ? (size_t)(colon - text.p) : 0, n = 0;

        for (size_t i = from, start = 0; i <= text.n; i++) {
                if (i < text.n && text.p[i] != '.')
                        continue;
                if (n == SP_COLUMN_PARTS_MAX)
                        return n + 1;
                part[n++] = sp_str(text.p + start, i - start);
                start = i + 1;
        }
        return n;
}

const char *sp_column_pattern_read(struct sp_str text, struct sp_column_pattern *ret)
{
        struct sp_column_pattern p;

        p.n = split(text, p.part);
        if (p.n > SP_COLUMN_PARTS_MAX)
                return "it has too many parts";
        if (p.n < 3)
                return "a column is [PROJECT.]DATASET.TABLE.COLUMN[.FIELD]";
        for (size_t i = 0; i < p.n; i++)
                if (!p.part[i].n)
                        return "a part of it is empty";
        p.may_have_project = p.n >= 4;
        /* *.*.*.ssn: who leaves the project open means all of it */
        p.may_lack_project = p.n == 3 || (!memchr(p.part[0].p, '*', p.part[0].n) &&
                                          !memchr(p.part[0].p, '?', p.part[0].n));
        *ret = p;
        return NULL;
}

/* The parts that both have, from part `skip` of the name on. Who reads a record reads its
 * fields, and who asks for a record asks for its fields. */
static bool matches_from(const struct sp_column_pattern *p, const struct sp_str *name,
                         size_t n, size_t skip, size_t wanted)
{
        size_t both = SP_MIN(p->n, n - skip);

        if (both + skip < wanted)
                return false;
        for (size_t i = 0; i < both; i++)
                if (!sp_pattern_covers(p->part[i], name[skip + i], true))
                        return false;
        return true;
}

/* `wanted`: 3 for the name of a table, 4 for that of a column. */
static bool matches(const struct sp_column_pattern *p, struct sp_str text,
                    size_t wanted)
{
        struct sp_str name[SP_COLUMN_PARTS_MAX];
        size_t n = SP_MIN(split(text, name), (size_t)SP_COLUMN_PARTS_MAX);

        if (n < wanted)
                return false;
        return (p->may_have_project && matches_from(p, name, n, 0, wanted)) ||
               (p->may_lack_project && matches_from(p, name, n, 1, wanted));
}

/* ---- times ---- */

static bool read_ago(const char *text, uint64_t *ret_us)
{
        static const struct {
                const char *name;
                uint64_t us;
        } units[] = {
                { "s", SP_USEC_PER_SEC },         { "m", 60 * SP_USEC_PER_SEC },
                { "min", 60 * SP_USEC_PER_SEC },  { "h", 3600 * SP_USEC_PER_SEC },
                { "d", 86400 * SP_USEC_PER_SEC }, { "w", 604800 * SP_USEC_PER_SEC }
        };
        size_t digits = strspn(text, "0123456789");
        uint64_t n;

        if (!digits || digits > 6 || sp_str_u64(sp_str(text, digits), &n) < 0)
                return false;
        for (size_t i = 0; i < SP_ARRAY_SIZE(units); i++)
                if (strcmp(text + digits, units[i].name) == 0) {
                        *ret_us = n * units[i].us;
                        return true;
                }
        return false;
}

int sp_since_read(const char *text, uint64_t now_us, uint64_t *ret_us)
{
        static const struct {
                const char *format;
                bool is_utc;
        } forms[] = { { "%Y-%m-%d", false },
                      { "%Y-%m-%d %H:%M", false },
                      { "%Y-%m-%d %H:%M:%S", false },
                      { "%Y-%m-%dT%H:%MZ", true },
                      { "%Y-%m-%dT%H:%M:%SZ", true } };
        uint64_t ago_us;

        if (read_ago(text, &ago_us)) {
                *ret_us = now_us - SP_MIN(ago_us, now_us);
                return 0;
        }
        for (size_t i = 0; i < SP_ARRAY_SIZE(forms); i++) {
                struct tm tm = { .tm_isdst = -1 };
                const char *end = strptime(text, forms[i].format, &tm);
                time_t t;

                if (!end || *end)
                        continue;
                t = forms[i].is_utc ? timegm(&tm) : mktime(&tm);
                if (t < 0)
                        return -EINVAL;
                *ret_us = (uint64_t)t * SP_USEC_PER_SEC;
                return 0;
        }
        return -EINVAL;
}

/* ---- an entry in words ---- */

static uint64_t number(const struct sp_json *o, const char *key)
{
        const struct sp_json *v = sp_json_get(o, key);
        uint64_t n;

        return v && v->type == SP_JSON_NUMBER && sp_str_u64(v->text, &n) == 0 ? n : 0;
}

static bool is_true(const struct sp_json *o, const char *key)
{
        const struct sp_json *v = sp_json_get(o, key);

        return v && v->type == SP_JSON_TRUE;
}

static const struct sp_json *first_of(const struct sp_json *o, const char *key)
{
        const struct sp_json *v = sp_json_get(o, key);

        return v && v->type == SP_JSON_ARRAY ? v->first : NULL;
}

int sp_column_how(const struct sp_json *column, bool is_preview, size_t max_names,
                  struct sp_buf *to)
{
        uint64_t more = number(column, "outputs_more");
        size_t n = 0;
        int r = 0;

        if (is_preview)
                return sp_buf_add(to, SP_STR("preview"));
        for (const struct sp_json *o = first_of(column, "outputs"); r == 0 && o;
             o = o->next) {
                if (n++ >= max_names) {
                        more++;
                        continue;
                }
                r = sp_buf_add(to, n == 1 ? SP_STR("reaches ") : SP_STR(", "));
                if (r == 0)
                        r = sp_buf_add(to, o->text.n ? o->text : SP_STR("(no name)"));
        }
        if (r == 0 && more)
                r = sp_buf_addf(to, "%s%" PRIu64 " more", n ? " and " : "reaches ",
                                more);
        if (r == 0 && is_true(column, "decides"))
                r = sp_buf_addf(to, "%sdecides rows", n || more ? "; " : "");
        return r;
}

int sp_column_mask(const struct sp_json *column, struct sp_buf *to)
{
        struct sp_str mask = sp_json_get_str(column, "mask"),
                      rule = sp_json_get_str(column, "rule");

        if (sp_str_eq(mask, SP_STR("none")))
                return sp_buf_addf(to, "not masked: %.*s exempts them", SP_FMT(rule));
        return sp_buf_addf(to, "%.*s by %.*s", SP_FMT(mask), SP_FMT(rule));
}

/* ---- records ---- */

struct search {
        const struct sp_column_pattern *pattern;
        uint64_t since_us;
        struct sp_table *table;
        size_t max_names, rows;
        struct sp_arena arena; /* of one record */
        const struct sp_json *record;
        uint64_t wall_us;
};

/* For sp_table_row: its cells end in NUL. */
static int add_text(struct sp_buf *to, struct sp_str s)
{
        int r = sp_buf_add(to, s);

        return r < 0 ? r : sp_buf_addc(to, '\0');
}

static int add_row(struct search *s, struct sp_str column, const struct sp_buf *how,
                   const struct sp_buf *mask)
{
        const struct sp_json *r = s->record;
        struct sp_str texts[] = { sp_json_get_str(r, "session"),
                                  sp_json_get_str(r, "workload"),
                                  SP_STR_NULL,
                                  sp_json_get_str(r, "verdict"),
                                  column,
                                  sp_buf_str(how),
                                  sp_buf_str(mask) };
        sp_autobuf all = SP_BUF_INIT(4u * CELL_MAX), person = SP_BUF_INIT(8192),
                   verdict = SP_BUF_INIT(256);
        const char *cells[SP_ARRAY_SIZE(texts) + 1];
        char time[32];
        size_t at = 0;
        int e = 0;

        sp_record_person(r, &person);
        texts[2] = sp_buf_str(&person);
        if (is_true(r, "observed")) {
                e = sp_buf_addf(&verdict, "%.*s (only observed)", SP_FMT(texts[3]));
                texts[3] = sp_buf_str(&verdict);
        }
        for (size_t i = 0; e == 0 && i < SP_ARRAY_SIZE(texts); i++)
                e = add_text(&all, texts[i]);
        if (e < 0)
                return e;
        sp_cli_time_local(time, sizeof(time), s->wall_us);
        cells[0] = time;
        for (size_t i = 0; i < SP_ARRAY_SIZE(texts); at += texts[i++].n + 1)
                cells[i + 1] = all.p + at;
        s->rows++;
        return sp_table_row(s->table, cells);
}

static int add_known(struct search *s, const struct sp_json *column)
{
        sp_autobuf how = SP_BUF_INIT(CELL_MAX), mask = SP_BUF_INIT(CELL_MAX);
        bool is_preview = sp_json_get_str(s->record, "preview").n > 0;
        int r = sp_column_how(column, is_preview, s->max_names, &how);

        if (r == 0)
                r = sp_column_mask(column, &mask);
        return r < 0 ? r : add_row(s, sp_json_get_str(column, "column"), &how, &mask);
}

/* Why the record does not tell columns. */
static int tell_why(const struct sp_json *r, struct sp_buf *to)
{
        struct sp_str unresolved = sp_json_get_str(r, "unresolved");
        struct sp_str error = sp_json_get_str(sp_json_get(r, "error"), "id");
        uint64_t more = number(r, "columns_more");

        if (more)
                return sp_buf_addf(to, "not known: %" PRIu64 " more columns were read",
                                   more);
        if (unresolved.n)
                return sp_buf_addf(to, "not known: %.*s", SP_FMT(unresolved));
        if (error.n)
                return sp_buf_addf(to, "not known: refused before, %.*s",
                                   SP_FMT(error));
        return sp_buf_add(to, first_of(r, "masked")
                                      ? SP_STR("not known: an older record")
                                      : SP_STR("not known: no mask is in force for "
                                               "them"));
}

/* What a record says of a table, over all its statements. */
struct mention {
        bool is_read, is_written;
        bool is_changed; /* where it has rows: that reads them */
};

static bool is_listed(const struct sp_json *statement, const char *list,
                      struct sp_str table)
{
        for (const struct sp_json *t = first_of(statement, list); t; t = t->next)
                if (sp_str_eq(t->text, table))
                        return true;
        return false;
}

static struct mention mention_of(const struct sp_json *record, struct sp_str table)
{
        struct mention m = { .is_read = sp_str_eq(sp_json_get_str(record, "preview"),
                                                  table) };

        for (const struct sp_json *x = first_of(record, "statements"); x; x = x->next) {
                struct sp_str kind = sp_json_get_str(x, "kind");
                bool is_target = is_listed(x, "targets", table);

                m.is_read |= is_listed(x, "tables", table);
                m.is_written |= is_target;
                m.is_changed |= is_target && (sp_str_eq(kind, SP_STR("Update")) ||
                                              sp_str_eq(kind, SP_STR("Delete")) ||
                                              sp_str_eq(kind, SP_STR("Merge")));
        }
        return m;
}

/* A row for each of the table's masks that were in force and that the pattern means. */
static int add_masked(struct search *s, struct sp_str table, const struct sp_buf *how)
{
        int r = 0;

        for (const struct sp_json *m = first_of(s->record, "masked"); r == 0 && m;
             m = m->next) {
                struct sp_str column = sp_json_get_str(m, "column");
                sp_autobuf mask = SP_BUF_INIT(CELL_MAX);

                if (!sp_str_starts(column, table) || column.n <= table.n ||
                    column.p[table.n] != '.' || !matches(s->pattern, column, 4))
                        continue;
                r = sp_column_mask(m, &mask);
                if (r == 0)
                        r = add_row(s, column, how, &mask);
        }
        return r;
}

/* The record does not say that the column was read; its table was, or was written. */
static int add_table(struct search *s, struct sp_str table, bool is_known)
{
        struct mention m = mention_of(s->record, table);
        bool is_doubtful = !is_known && (m.is_read || m.is_changed);
        sp_autobuf how = SP_BUF_INIT(CELL_MAX);
        size_t before = s->rows;
        int r = 0;

        if (!matches(s->pattern, table, 3) || (!is_doubtful && !m.is_written))
                return 0;
        if (m.is_written)
                r = sp_buf_addf(&how, "writes the table%s", is_doubtful ? "; " : "");
        if (r == 0 && is_doubtful)
                r = tell_why(s->record, &how);
        if (r == 0 && is_doubtful)
                r = add_masked(s, table, &how);
        if (r == 0 && s->rows == before)
                r = add_row(s, table, &how, &(struct sp_buf){ 0 });
        return r;
}

static bool is_first(const struct sp_json *record, const struct sp_json *table)
{
        static const char *const lists[] = { "tables", "targets" };

        for (const struct sp_json *x = first_of(record, "statements"); x; x = x->next)
                for (size_t i = 0; i < SP_ARRAY_SIZE(lists); i++)
                        for (const struct sp_json *t = first_of(x, lists[i]); t;
                             t = t->next)
                                if (sp_str_eq(t->text, table->text))
                                        return t == table;
        return false;
}

/* Each table once, though it may stand in several places. */
static int add_tables(struct search *s, bool is_known)
{
        static const char *const lists[] = { "tables", "targets" };
        struct sp_str preview = sp_json_get_str(s->record, "preview");
        int r = preview.n ? add_table(s, preview, is_known) : 0;

        for (const struct sp_json *x = first_of(s->record, "statements"); x;
             x = x->next)
                for (size_t i = 0; i < SP_ARRAY_SIZE(lists); i++)
                        for (const struct sp_json *t = first_of(x, lists[i]);
                             r == 0 && t; t = t->next)
                                if (is_first(s->record, t))
                                        r = add_table(s, t->text, is_known);
        return r;
}

static int search_record(void *userdata, const struct sp_store_record *record)
{
        struct search *s = userdata;
        const struct sp_json *columns;
        struct sp_json *json;
        size_t before = s->rows;
        int r = 0;

        if (record->wall_us < s->since_us)
                return 0;
        sp_arena_reset(&s->arena);
        if (sp_json_parse(&s->arena, record->json, &json, NULL) < 0 ||
            !sp_str_eq(sp_json_get_str(json, "type"), SP_STR("request")))
                return 0; /* audit verify is there to judge records */
        s->record = json;
        s->wall_us = record->wall_us;
        columns = sp_json_get(json, "columns");
        for (const struct sp_json *c = first_of(json, "columns"); r == 0 && c;
             c = c->next)
                if (matches(s->pattern, sp_json_get_str(c, "column"), 4))
                        r = add_known(s, c);
        if (r == 0 && s->rows == before)
                r = add_tables(s, columns && !number(json, "columns_more"));
        return r;
}

int sp_session_columns(struct sp_store *store, const struct sp_column_pattern *pattern,
                       uint64_t since_us, bool as_json, struct sp_err *reterr)
{
        static const char *const columns[] = { "TIME",   "SESSION", "WORKLOAD",
                                               "PERSON", "VERDICT", "COLUMN",
                                               "HOW",    "MASKED" };
        struct search s = {
                .pattern = pattern,
                .since_us = since_us,
                .table = sp_table_new("columns", as_json, columns,
                                      SP_ARRAY_SIZE(columns)),
                .max_names = as_json ? SIZE_MAX : NAMES_MAX,
                .arena = SP_ARENA_INIT(RECORD_ARENA_BYTES),
        };
        int r = s.table ? sp_store_walk(store, SP_STR_NULL, 0, search_record, &s,
                                        reterr)
                        : -ENOMEM;

        if (r == -ENOMEM || r == -ENOBUFS)
                (void)sp_err_set(reterr, r, "cli.memory", "", "out of memory");
        if (s.table)
                (void)sp_table_finish(s.table);
        if (r == 0 && !s.rows && !as_json)
                (void)puts("no request on record touched it");
        sp_arena_done(&s.arena);
        return r;
}
