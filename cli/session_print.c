/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/session_print.h"

#include <inttypes.h>
#include <time.h>

#include "cli/session_columns.h"
#include "daemon/base/clock.h"

static struct sp_str str(const struct sp_json *o, const char *key)
{
        return sp_json_get_str(o, key);
}

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

static void put(FILE *to, const char *before, struct sp_str s)
{
        if (!s.n)
                return;
        (void)fputs(before, to);
        sp_cli_print_escaped(to, s, false);
}

static void put_time(FILE *to, uint64_t wall_us)
{
        time_t t = (time_t)(wall_us / SP_USEC_PER_SEC);
        char text[16] = "";
        struct tm tm;

        if (localtime_r(&t, &tm))
                (void)strftime(text, sizeof(text), "%H:%M:%S", &tm);
        (void)fprintf(to, "%s.%03u", text,
                      (unsigned)(wall_us % SP_USEC_PER_SEC / SP_USEC_PER_MSEC));
}

/* Strings, or what one member of objects says. */
static void put_list(FILE *to, const char *before, const struct sp_json *list,
                     const char *member)
{
        if (!list || list->type != SP_JSON_ARRAY || !list->first)
                return;
        (void)fputs(before, to);
        for (const struct sp_json *i = list->first; i; i = i->next) {
                sp_cli_print_escaped(
                        to, i->type == SP_JSON_OBJECT ? str(i, member) : i->text,
                        false);
                if (i->type == SP_JSON_OBJECT && str(i, "mask").n) {
                        put(to, " (", str(i, "mask"));
                        (void)fputs(")", to);
                }
                (void)fputs(i->next ? ", " : "", to);
        }
}

/* What was read of protected columns, one after the other. */
static void put_columns(FILE *to, const char *before, const struct sp_json *r,
                        size_t max_names)
{
        const struct sp_json *columns = sp_json_get(r, "columns");
        bool is_preview = str(r, "preview").n > 0;

        for (const struct sp_json *c = columns ? columns->first : NULL; c;
             c = c->next) {
                sp_autobuf how = SP_BUF_INIT(1u << 20), mask = SP_BUF_INIT(8192);

                put(to, before, str(c, "column"));
                if (sp_column_how(c, is_preview, max_names, &how) == 0 &&
                    sp_column_mask(c, &mask) == 0) {
                        put(to, " ", sp_buf_str(&how));
                        put(to, " (", sp_buf_str(&mask));
                        (void)fputs(")", to);
                }
        }
        if (number(r, "columns_more"))
                (void)fprintf(to, "%sand %" PRIu64 " columns more", before,
                              number(r, "columns_more"));
        put(to, before, str(r, "unresolved"));
        (void)fputs(str(r, "unresolved").n ? " (columns not known)" : "", to);
}

void sp_record_person(const struct sp_json *record, struct sp_buf *to)
{
        const struct sp_json *p = sp_json_get(record, "person");
        struct sp_str email = str(p, "email"), sub = str(p, "sub");
        int r = 0;

        if (email.n)
                r = sp_buf_add(to, email);
        else if (sub.n)
                r = sp_buf_addf(to, "%.*s at %.*s", SP_FMT(sub), SP_FMT(str(p, "iss")));
        if (r < 0)
                sp_buf_clear(to);
}

/* ---- blocks ---- */

static void put_sql(FILE *to, struct sp_str sql)
{
        struct sp_str line;

        while (sql.n) {
                (void)sp_str_cut(sql, '\n', &line, &sql);
                (void)fputs("    | ", to);
                sp_cli_print_escaped(to, line, true);
                (void)fputs("\n", to);
        }
}

static void print_request(FILE *to, const struct sp_json *r)
{
        const struct sp_json *origin = sp_json_get(r, "origin"),
                             *http = sp_json_get(r, "http");
        const struct sp_json *error = sp_json_get(r, "error");
        const struct sp_json *statements = sp_json_get(r, "statements");
        sp_autobuf person = SP_BUF_INIT(8192);
        struct sp_str verdict = str(r, "verdict");

        sp_record_person(r, &person);
        put(to, "  ", str(r, "workload"));
        put(to, ", ", sp_buf_str(&person));
        if (origin) {
                (void)fprintf(to, ", uid %" PRIu64 ", pid %" PRIu64,
                              number(origin, "uid"), number(origin, "pid"));
                put(to, " (", str(origin, "comm"));
                (void)fputs(str(origin, "comm").n ? ")" : "", to);
        }
        put(to, "\n  ", str(http, "method"));
        put(to, " ", str(http, "host"));
        put(to, "", str(http, "path"));
        put(to, "\n  ", str(r, "action"));
        put_list(to, ": ", statements, "kind");
        for (const struct sp_json *s = statements ? statements->first : NULL; s;
             s = s->next) {
                put_list(to, "\n    reads  ", sp_json_get(s, "tables"), NULL);
                put_list(to, "\n    writes ", sp_json_get(s, "targets"), NULL);
        }
        (void)fputs("\n", to);
        put_sql(to, str(r, str(r, "sql").n ? "sql" : "body"));
        put(to, "  => ", verdict);
        put(to, is_true(r, "held") ? ", held for a person, by " : " by ",
            str(r, "rule"));
        if (is_true(r, "observed"))
                (void)fputs(" (only observed: it was let pass)", to);
        put(to, ": ", str(r, "reason"));
        put(to, "\n     ", str(error, "id"));
        put(to, ": ", str(error, "message"));
        put_list(to, "\n     masked: ", sp_json_get(r, "masked"), "column");
        put_columns(to, "\n     column: ", r, SIZE_MAX);
        (void)fputs("\n", to);
}

static void put_asked(FILE *to, uint64_t asked_us)
{
        if (!asked_us)
                return;
        (void)fputs(" (to the request of ", to);
        put_time(to, asked_us);
        (void)fputs(")", to);
}

static void print_response(FILE *to, const struct sp_json *r, uint64_t asked_us)
{
        char bytes[32];

        sp_cli_bytes(bytes, sizeof(bytes), number(r, "bytes"));
        (void)fprintf(to, "  <= %" PRIu64 ", %" PRIu64 " rows, %s, %.1f ms",
                      number(r, "status"), number(r, "rows"), bytes,
                      (double)number(r, "took_us") / 1000);
        put(to, ", job ", str(r, "job"));
        put(to, ", approval ", str(r, "approval"));
        put_asked(to, asked_us);
        put(to, "\n     ", str(r, "error"));
        (void)fputs("\n", to);
        sp_answer_print(to, str(r, "body"), is_true(r, "truncated"));
}

static void print_approval(FILE *to, const struct sp_json *r)
{
        struct sp_str event = str(r, "event");

        put(to, "  approval ", str(r, "approval"));
        put(to, ": ", event);
        if (sp_str_eq(event, SP_STR("asked"))) {
                put(to, " by rule ", str(r, "rule"));
                put_list(to, ", on ", sp_json_get(r, "resources"), NULL);
        } else {
                put(to, sp_str_eq(event, SP_STR("used")) ? ", given by " : " by ",
                    str(r, "approver"));
                put(to, ": ", str(r, "reason"));
        }
        (void)fputs("\n", to);
}

/* Types without a form of their own: every plain member. */
static void print_plain(FILE *to, const struct sp_json *r)
{
        (void)fputs(" ", to);
        for (const struct sp_json *m = r->first; m; m = m->next) {
                if (m->type != SP_JSON_STRING && m->type != SP_JSON_NUMBER)
                        continue;
                if (sp_str_eq(m->key, SP_STR("type")) ||
                    sp_str_eq(m->key, SP_STR("time")) ||
                    sp_str_eq(m->key, SP_STR("session")))
                        continue;
                put(to, " ", m->key);
                put(to, "=", m->text);
        }
        (void)fputs("\n", to);
}

void sp_record_print(FILE *to, const struct sp_json *r, uint64_t wall_us,
                     uint64_t asked_us)
{
        struct sp_str type = str(r, "type");

        (void)fputs("\n", to);
        put_time(to, wall_us);
        put(to, "  ", type);
        (void)fputs("\n", to);
        if (sp_str_eq(type, SP_STR("request")))
                print_request(to, r);
        else if (sp_str_eq(type, SP_STR("response")))
                print_response(to, r, asked_us);
        else if (sp_str_eq(type, SP_STR("approval")))
                print_approval(to, r);
        else
                print_plain(to, r);
}

/* ---- lines ---- */

void sp_record_print_line(FILE *to, const struct sp_json *r, uint64_t wall_us,
                          uint64_t asked_us)
{
        struct sp_str type = str(r, "type");

        put_time(to, wall_us);
        if (sp_str_eq(type, SP_STR("request"))) {
                put(to, "  ", str(r, "verdict"));
                (void)fputs(is_true(r, "observed") ? " (only observed)" : "", to);
                put(to, "  ", str(r, "action"));
                put_list(to, " ", sp_json_get(r, "statements"), "kind");
                put(to, "  by ", str(r, "rule"));
                put(to, "  ", str(sp_json_get(r, "error"), "id"));
                put_list(to, "  masked ", sp_json_get(r, "masked"), "column");
                put_columns(to, "  column ", r, 4);
        } else if (sp_str_eq(type, SP_STR("response"))) {
                (void)fprintf(to, "    <= %" PRIu64 ", %" PRIu64 " rows, %.1f ms",
                              number(r, "status"), number(r, "rows"),
                              (double)number(r, "took_us") / 1000);
                put_asked(to, asked_us);
                put(to, "  ", str(r, "error"));
        } else {
                put(to, "  ", type);
                put(to, " ", str(r, "event"));
                put(to, " ", str(r, "approval"));
                put(to, " by ", str(r, "approver"));
                put(to, " ", str(r, "error"));
        }
        (void)fputs("\n", to);
}
