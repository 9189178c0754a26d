/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include <libsmartcols/libsmartcols.h>

#include "cli/session_print.h"
#include "daemon/base/show.h"

#define ROWS_MAX 20
#define COLUMNS_MAX 64
#define CELL_MAX 60 /* characters of one cell; the record has all of it */
#define INDENT "    "

/* A value as one short line. Struct and array values are shown as JSON. */
static char *cell(const struct sp_json *v)
{
        sp_autobuf raw = SP_BUF_INIT(1u << 20), shown = SP_BUF_INIT(4u << 20);
        struct sp_jsonw w = SP_JSONW(&raw);
        struct sp_str text = SP_STR("NULL");
        size_t n;

        if (v && (v->type == SP_JSON_STRING || v->type == SP_JSON_NUMBER)) {
                text = v->text;
        } else if (v && v->type != SP_JSON_NULL) {
                sp_jsonw_node(&w, v);
                text = sp_jsonw_end(&w) == 0 ? sp_buf_str(&raw) : SP_STR("?");
        }
        if (sp_show(&shown, text, false) < 0)
                return strdup("?");
        n = SP_MIN(shown.n, (size_t)CELL_MAX);
        while (n && n < shown.n && ((unsigned char)shown.p[n] & 0xC0) == 0x80)
                n--;
        if (n < shown.n) {
                shown.n = n;
                if (sp_buf_add(&shown, SP_STR("…")) < 0)
                        return strdup("?");
        }
        return sp_str_dup(sp_buf_str(&shown));
}

static int add_row(struct libscols_table *t, const struct sp_json *row,
                   size_t n_columns)
{
        struct libscols_line *line = scols_table_new_line(t, NULL);
        const struct sp_json *fields = sp_json_get(row, "f");
        const struct sp_json *f = fields ? fields->first : NULL;

        for (size_t i = 0; line && f && i < n_columns; i++, f = f->next) {
                char *text = cell(sp_json_get(f, "v"));

                if (!text || scols_line_refer_data(line, i, text) != 0) {
                        free(text);
                        return -1;
                }
        }
        return line ? 0 : -1;
}

static void print_table(FILE *to, const struct sp_json *schema,
                        const struct sp_json *rows)
{
        const struct sp_json *fields = sp_json_get(schema, "fields");
        struct libscols_table *t = scols_new_table();
        size_t n_columns = 0, n_rows = 0;
        char *text = NULL;
        bool ok = t && scols_table_enable_noencoding(t, 1) == 0; /* cells are escaped */

        /* tabledata.list answers without a schema: numbers instead of names */
        fields = fields ?: sp_json_get(rows->first, "f");
        for (const struct sp_json *f = fields ? fields->first : NULL;
             ok && f && n_columns < COLUMNS_MAX; f = f->next, n_columns++) {
                sp_autobuf name = SP_BUF_INIT(4096);

                ok = (sp_json_get(f, "name")
                              ? sp_show(&name, sp_json_get_str(f, "name"), false)
                              : sp_buf_addf(&name, "%zu", n_columns + 1)) == 0 &&
                     sp_buf_addc(&name, '\0') == 0 &&
                     scols_table_new_column(t, name.p, 0, 0) != NULL;
        }
        for (const struct sp_json *r = rows->first; ok && r && n_rows < ROWS_MAX;
             r = r->next, n_rows++)
                ok = add_row(t, r, n_columns) == 0;
        if (ok)
                ok = n_columns && scols_print_table_to_string(t, &text) == 0;
        for (char *save = NULL, *line = ok ? strtok_r(text, "\n", &save) : NULL; line;
             line = strtok_r(NULL, "\n", &save))
                (void)fprintf(to, INDENT "%s\n", line);
        if (!ok)
                (void)fputs(INDENT "(no room to show the rows)\n", to);
        else if (rows->count > n_rows)
                (void)fprintf(to, INDENT "… and %zu rows more\n", rows->count - n_rows);
        free(text);
        scols_unref_table(t);
}

void sp_answer_print(FILE *to, struct sp_str body, bool is_cut)
{
        sp_cleanup(sp_arena_done) struct sp_arena arena = SP_ARENA_INIT(256u << 20);
        const struct sp_json *rows, *schema, *error;
        struct sp_json *json;

        if (!body.n)
                return;
        if (sp_json_parse(&arena, body, &json, NULL) < 0) {
                (void)fputs(is_cut ? INDENT
                                    "(the answer is longer than what is kept of it)\n"
                                   : INDENT "(the answer is not JSON)\n",
                            to);
                return;
        }
        rows = sp_json_get(json, "rows");
        schema = sp_json_get(json, "schema");
        error = sp_json_get(json, "error");
        if (error && sp_json_get_str(error, "message").n) {
                (void)fputs(INDENT, to);
                sp_cli_print_escaped(to, sp_json_get_str(error, "message"), false);
                (void)fputs("\n", to);
        } else if (rows && rows->type == SP_JSON_ARRAY && rows->count) {
                print_table(to, schema, rows);
        }
}
