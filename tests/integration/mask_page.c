/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mask_page POLICY_FILE DATA_FILE TABLE SALT: reads the JSON list of a table's raw rows and
 * writes them as a preview would show them. For comparing with what the SQL of the masks gives.
 */
#include <stdio.h>
#include <stdlib.h>

#include "daemon/base/json.h"
#include "daemon/mask/page.h"

#define SIZE_MAX_ ((size_t)16 * 1024 * 1024)

static int read_file(FILE *f, struct sp_buf *to)
{
        char *p;
        int r = 0;

        while (f && r == 0 && !feof(f)) {
                r = sp_buf_reserve(to, 65536, &p);
                if (r == 0)
                        to->n += fread(p, 1, 65536, f);
        }
        return f ? r : -1;
}

static int read_path(const char *path, struct sp_buf *to)
{
        FILE *f = fopen(path, "re");
        int r = read_file(f, to);

        if (f)
                (void)fclose(f);
        return r;
}

int main(int argc, char **argv)
{
        sp_autobuf policy = SP_BUF_INIT(SIZE_MAX_), data = SP_BUF_INIT(SIZE_MAX_),
                   rows = SP_BUF_INIT(SIZE_MAX_), out = SP_BUF_INIT(SIZE_MAX_);
        struct sp_arena a = SP_ARENA_INIT((size_t)4 * SIZE_MAX_);
        sp_cleanup(sp_policy_unrefp) struct sp_policy *p = NULL;
        struct sp_principal who = { .workload = SP_STR("ci") };
        struct sp_err e = SP_ERR_NULL;
        struct sp_schema schema;
        struct sp_page_plan plan;
        struct sp_json *json;
        struct sp_page page;
        size_t n;
        int r = argc == 5 ? 0 : -1;

        if (r == 0)
                r = read_path(argv[1], &policy);
        if (r == 0)
                r = read_path(argv[2], &data);
        if (r == 0)
                r = read_file(stdin, &rows);
        if (r == 0) {
                const struct sp_policy_file f = { SP_STR("p.yaml"),
                                                  sp_buf_str(&policy) };

                r = sp_policy_load(&f, 1, NULL, 0, &p, &e);
        }
        if (r == 0)
                r = sp_json_parse(&a, sp_buf_str(&data), &json, &e);
        if (r == 0)
                r = sp_schema_read(&a, sp_str_c(argv[3]),
                                   sp_json_get(sp_json_get(json, "tables"), argv[3]),
                                   &schema, &e);
        if (r == 0) {
                const struct sp_page_source from = { .schema = &schema,
                                                     .policy = p,
                                                     .who = &who,
                                                     .now_us = 1,
                                                     .salt = sp_str_c(argv[4]) };

                r = sp_page_plan_make(&a, &from, &plan, &e);
        }
        if (r == 0) {
                sp_page_init(&page, &plan);
                r = sp_page_push(&page, sp_buf_str(&rows), &out, &n, &e);
                sp_page_done(&page);
        }
        if (r == 0)
                (void)printf("%.*s\n", SP_FMT(sp_buf_str(&out)));
        else
                (void)fprintf(stderr, "mask_page: %s: %s\n", e.id ? e.id : "failed",
                              e.what);
        sp_arena_done(&a);
        return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
