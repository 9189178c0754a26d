/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First byte: which action, whether the text was rewritten, whether the columns are planned. The rest is
 * the upstream's answer. Properties: any input, at any split and by any way of scanning, gives the same
 * output or the same refusal; what comes out of an accepted answer is itself accepted and comes out
 * unchanged, is one JSON object, and has none of the members that must not leave.
 */
#include <stdlib.h>

#include "daemon/google/answer_stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OUT_MAX ((size_t)16 * 1024 * 1024)

static void check(bool ok)
{
        if (!ok)
                abort();
}

static int run(unsigned how, struct sp_str in, size_t piece, sp_scan_fn scan,
               struct sp_buf *out)
{
        static const char *const actions[] = { "bigquery.jobs.query",
                                               "bigquery.jobs.getQueryResults",
                                               "bigquery.tabledata.list" };
        const struct sp_answer_own own = { .sql = SP_STR("SELECT a FROM t"),
                                           .is_rewritten = how & 0x40 };
        const struct sp_answer_stream_from from = {
                .action = actions[how % SP_ARRAY_SIZE(actions)],
                .own = &own,
                .planned = how & 0x80 ? SP_STR("{\"schema\":[{\"name\":\"a\",\"type\":"
                                               "\"STRING\"}]}")
                                      : SP_STR_NULL,
        };
        struct sp_answer_stream s;
        int r = sp_answer_stream_init(&s, &from, NULL);

        check(r == 0);
        s.stream.page.scan = scan ? scan : s.stream.page.scan;
        for (size_t i = 0; i < in.n && r == 0; i += piece)
                r = sp_stream_push(&s.stream, sp_str_sub(in, i, piece), out, NULL);
        if (r == 0)
                r = sp_stream_end(&s.stream, NULL);
        sp_answer_stream_done(&s);
        return r;
}

static void check_members(const struct sp_json *v)
{
        static const char *const never[] = { "policyTags",  "dataPolicies",
                                             "description", "defaultValueExpression",
                                             "debugInfo",   "sessionInfo" };

        for (const struct sp_json *m = v->first; m; m = m->next) {
                for (size_t i = 0; i < SP_ARRAY_SIZE(never); i++)
                        check(!sp_str_eq(m->key, sp_str_c(never[i])));
                check_members(m);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct sp_arena a = SP_ARENA_INIT(64u * 1024 * 1024);
        sp_autobuf whole = SP_BUF_INIT(OUT_MAX);
        sp_autobuf pieces = SP_BUF_INIT(OUT_MAX);
        sp_autobuf again = SP_BUF_INIT(OUT_MAX);
        struct sp_json *o;
        struct sp_str in;
        int r;

        if (!size)
                return 0;
        in = sp_str((const char *)data + 1, size - 1);
        r = run(data[0], in, in.n ? in.n : 1, NULL, &whole);
        check(run(data[0], in, in.n ? 1 + (unsigned char)in.p[0] % 7 : 1,
                  sp_scan_of((enum sp_scan_kind)(size % SP_SCAN_KINDS_)),
                  &pieces) == r);
        if (r < 0)
                return 0;
        check(sp_str_eq(sp_buf_str(&whole), sp_buf_str(&pieces)));
        /* what stands in a cell is BigQuery's, whatever its bytes */
        if (sp_str_is_utf8(sp_buf_str(&whole)) &&
            sp_json_parse(&a, sp_buf_str(&whole), &o, NULL) == 0) {
                check(o->type == SP_JSON_OBJECT);
                check_members(o);
        }
        sp_arena_done(&a);
        check(run(data[0], sp_buf_str(&whole), 3, NULL, &again) == 0);
        /* escaping a message twice shows its backslashes */
        check(sp_str_eq(sp_buf_str(&whole), sp_buf_str(&again)) ||
              memmem(whole.p, whole.n, "\"message\"", 9));
        return 0;
}
