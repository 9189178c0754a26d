/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Up to the first newline what is known of the columns, then the beginning of an answer. Properties: no
 * hit without a cell; what is counted is a column that was named and a detector there is; more of the
 * answer does not take a hit back.
 */
#include <stdlib.h>

#include "daemon/mask/sample.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
        if (!ok)
                abort();
}

static struct sp_policy *policy(void)
{
        static const char text[] = "version: 1\ndetectors:\n"
                                   "- {name: own, values: [\"EMP-###\", \"a*z\"]}\n";
        const struct sp_policy_file f = { SP_STR("p.yaml"), sp_str_c(text) };
        static struct sp_policy *p;

        if (!p)
                check(sp_policy_load(&f, 1, NULL, 0, &p, NULL) == 0);
        return p;
}

static uint64_t count(struct sp_arena *a, struct sp_str outputs, struct sp_str answer,
                      struct sp_sample_counts *c)
{
        uint64_t hits = 0;

        c->n = 0;
        if (sp_sample_rows(a, policy(), outputs, answer, c) < 0)
                return 0;
        for (size_t i = 0; i < c->n; i++) {
                check(c->v[i].hits > 0 && c->v[i].hits <= c->v[i].cells);
                check(c->v[i].table.n > 0 && c->v[i].detector.n > 0);
                check(memmem(outputs.p, outputs.n, "column", 6) != NULL);
                hits += c->v[i].hits;
        }
        return hits;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct sp_arena a = SP_ARENA_INIT(64 << 20);
        struct sp_str outputs, answer;
        struct sp_sample_counts whole, half;

        (void)sp_str_cut(sp_str((const char *)data, size), '\n', &outputs, &answer);
        if (count(&a, outputs, answer, &whole) <
            count(&a, outputs, sp_str_sub(answer, 0, answer.n / 2), &half))
                check(whole.n == SP_SAMPLE_COUNTS_MAX);
        sp_arena_done(&a);
        return 0;
}
