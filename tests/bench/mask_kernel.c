/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/bench/mask_kernel — how fast the rows of an answer are checked and masked.
 *
 *   mask_kernel [MILLISECONDS]
 *   mask_kernel --json   only the page of 10 MB: an object a plan and way, for `make bench`
 *
 * Pages of 10 KB to 10 MB (8 columns, one repeated, one a record; escapes, NULLs, text that looks
 * like rows) go through mask/stream in pieces of 16 KiB, by every way of scanning that this machine
 * has: without a plan, with one column redacted, shown in part, hashed. Beside it a copy of the
 * page, and a loop that looks at each byte once and redacts the same column without checking
 * anything. The best of the repetitions that fit into MILLISECONDS (60) of CPU each; the ways are
 * compared byte for byte first.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "daemon/mask/stream.h"

#define PIECE ((size_t)16 * 1024)
#define ROUNDS 8
#define SALT "0123456789abcdef0123456789abcdef"

struct bench {
        struct sp_buf page, out;
        uint64_t for_ns;
        bool is_json;
};

static void must(bool is_so, const char *what)
{
        if (is_so)
                return;
        (void)fprintf(stderr, "mask_kernel: %s\n", what);
        exit(EXIT_FAILURE);
}

/* ---- the page ---- */

static const char *const notes[] = {
        "ok",
        "said \\\"hi\\\"",
        "path C:\\\\tmp",
        "tab\\there",
        "na\xc3\xafve caf\xc3\xa9",
        "{\\\"f\\\":[{\\\"v\\\":\\\"not a row\\\"}]}",
        "line1\\nline2",
        "lorem ipsum dolor sit amet consectetur adipiscing",
        "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e \xe3\x83\x86",
        "\\\\\\\"],[{\\\"v\\\":",
};
static const char *const names[] = { "ada",
                                     "bob",
                                     "carla",
                                     "dmitri",
                                     "eve",
                                     "farid",
                                     "grace",
                                     "hugo",
                                     "ines",
                                     "j\xc3\xb6rg",
                                     "kim",
                                     ("l\xc3\xba"
                                      "cia") };

static unsigned pick(uint64_t *seed, size_t n)
{
        *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return (unsigned)((*seed >> 33) % n);
}

static int add_row(struct sp_buf *b, uint64_t *seed, unsigned i)
{
        const char *first = names[pick(seed, SP_ARRAY_SIZE(names))];
        unsigned tags = pick(seed, 3);
        int r = sp_buf_addf(b, "%s{\"f\":[{\"v\":\"%u\"},", i ? "," : "",
                            1000000000 + i);

        if (r == 0)
                r = i % 17 == 0 ? sp_buf_addf(b, "{\"v\":null},")
                                : sp_buf_addf(b, "{\"v\":\"%s.%u@example.com\"},",
                                              first, pick(seed, 1000000));
        if (r == 0)
                r = sp_buf_addf(
                        b,
                        "{\"v\":\"%s %s\"},{\"v\":\"1.%09uE9\"},{\"v\":\"%u.%04u\"},"
                        "{\"v\":\"%s\"},{\"v\":[",
                        first, names[pick(seed, SP_ARRAY_SIZE(names))], 700000000 + i,
                        pick(seed, 10000), pick(seed, 10000),
                        notes[pick(seed, SP_ARRAY_SIZE(notes))]);
        for (unsigned t = 0; r == 0 && t < tags; t++)
                r = sp_buf_addf(b, "%s{\"v\":\"t%u\"}", t ? "," : "", pick(seed, 50));
        if (r == 0)
                r = sp_buf_addf(
                        b, "]},{\"v\":{\"f\":[{\"v\":\"%s\"},{\"v\":\"%05u\"}]}}]}",
                        pick(seed, 2) ? "Lyon" : "K\xc3\xb6ln", pick(seed, 100000));
        return r;
}

static unsigned make_page(struct sp_buf *b, size_t size)
{
        uint64_t seed = 7;
        unsigned rows = 0;

        sp_buf_clear(b);
        must(sp_buf_addf(b,
                         "{\"kind\":\"bigquery#tableDataList\",\"etag\":\"AbCdEf==\","
                         "\"totalRows\":\"1\",\"rows\":[") == 0,
             "no memory");
        while (b->n < size)
                must(add_row(b, &seed, rows++) == 0, "no memory");
        must(sp_buf_addf(b, "]}") == 0, "no memory");
        return rows;
}

/* ---- what is measured ---- */

static int find(void *userdata, struct sp_str name)
{
        (void)userdata;
        return sp_str_eq(name, SP_STR("rows")) ? SP_STREAM_ROWS : -1;
}

static int value(void *userdata, int member, struct sp_str json, struct sp_buf *out,
                 struct sp_err *reterr)
{
        (void)userdata, (void)member, (void)reterr;
        return sp_buf_add(out, json);
}

static const struct sp_stream_hooks hooks = { find, value };

typedef size_t (*pass_fn)(struct bench *b, const struct sp_page_plan *plan,
                          sp_scan_fn scan, struct sp_buf *keep);

static size_t pass_kernel(struct bench *b, const struct sp_page_plan *plan,
                          sp_scan_fn scan, struct sp_buf *keep)
{
        struct sp_stream s;
        size_t n = 0;

        sp_stream_init(&s, &hooks, NULL);
        sp_stream_plan(&s, plan);
        s.page.scan = scan;
        for (size_t i = 0; i < b->page.n; i += PIECE) {
                sp_buf_clear(&b->out); /* the client has it */
                must(sp_stream_push(&s, sp_str_sub(sp_buf_str(&b->page), i, PIECE),
                                    &b->out, NULL) == 0,
                     "the page was refused");
                n += b->out.n;
                if (keep)
                        must(sp_buf_add(keep, sp_buf_str(&b->out)) == 0, "no memory");
        }
        must(sp_stream_end(&s, NULL) == 0, "the page is not whole");
        sp_stream_done(&s);
        return n;
}

static size_t pass_copy(struct bench *b, const struct sp_page_plan *plan,
                        sp_scan_fn scan, struct sp_buf *keep)
{
        (void)plan, (void)scan, (void)keep;
        for (size_t i = 0; i < b->page.n; i += PIECE) {
                size_t n = SP_MIN(PIECE, b->page.n - i);

                memcpy(b->out.p, b->page.p + i, n);
                __asm__ volatile("" : : "r"(b->out.p) : "memory");
        }
        return b->page.n;
}

/* Believes its input, and redacts the second cell of what is nested as a row is. */
static size_t pass_bytes(struct bench *b, const struct sp_page_plan *plan,
                         sp_scan_fn scan, struct sp_buf *keep)
{
        bool in_string = false, is_escape = false, is_value = false;
        int depth = 0, cell = 0;
        size_t n = 0;

        (void)plan, (void)scan, (void)keep;
        for (size_t i = 0; i < b->page.n; i++) {
                char c = b->page.p[i];

                if (i % PIECE == 0)
                        n = 0;
                if (in_string) {
                        if (is_escape)
                                is_escape = false;
                        else if (c == '\\')
                                is_escape = true;
                        else if (c == '"')
                                in_string = false;
                        if (is_value && depth == 5 && cell == 1 && in_string)
                                c = '*';
                } else if (c == '"') {
                        in_string = true;
                } else if (c == '{' || c == '[') {
                        depth++;
                        is_value = false;
                        cell = depth == 4 ? 0 : cell;
                } else if (c == '}' || c == ']') {
                        depth--;
                } else if (c == ':') {
                        is_value = true;
                } else if (c == ',') {
                        is_value = false;
                        cell += depth == 4;
                }
                b->out.p[n++] = c;
        }
        return b->page.n;
}

static uint64_t cpu_ns(void)
{
        struct timespec t;

        must(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) == 0, "no clock");
        return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* GB of input a second of this thread's CPU, at best: what else runs only takes away. Small pages are
 * passed often enough for the clock. */
static double measure(struct bench *b, pass_fn pass, const struct sp_page_plan *plan,
                      sp_scan_fn scan)
{
        unsigned times = (unsigned)SP_MAX((size_t)1, (size_t)1000000 / b->page.n),
                 n = 0;
        uint64_t start = cpu_ns(), before = start, best = UINT64_MAX;

        do {
                uint64_t now;

                for (unsigned i = 0; i < times; i++)
                        (void)pass(b, plan, scan, NULL);
                now = cpu_ns();
                best = SP_MIN(best, now - before);
                before = now;
        } while (++n < 3 || before - start < b->for_ns);
        return (double)b->page.n * times / (double)SP_MAX(best, UINT64_C(1));
}

/* ---- the plans ---- */

struct planned {
        const char *name;
        const struct sp_page_plan *plan;
};

static struct sp_page_column *make_columns(void)
{
        static struct sp_page_column address[] = { { .form = SP_PAGE_STRING },
                                                   { .form = SP_PAGE_STRING } };
        static const struct sp_page_column all[8] = {
                { .form = SP_PAGE_INTEGER },
                { .form = SP_PAGE_STRING },
                { .form = SP_PAGE_STRING },
                { .form = SP_PAGE_SCALAR },
                { .form = SP_PAGE_SCALAR },
                { .form = SP_PAGE_STRING },
                { .form = SP_PAGE_STRING, .is_repeated = true },
                { .form = SP_PAGE_RECORD, .fields = address, .n_fields = 2 },
        };
        struct sp_page_column *c = malloc(sizeof(all));

        must(c, "no memory");
        memcpy(c, all, sizeof(all));
        return c;
}

static void seal(struct sp_page_column *c, struct sp_page_plan *ret)
{
        must(sp_page_plan_seal(c, 8) == 0, "the plan is wrong");
        *ret = (struct sp_page_plan){ .columns = c,
                                      .n_columns = 8,
                                      .salt = SP_STR(SALT) };
}

static size_t make_plans(struct planned *to)
{
        static struct sp_page_plan plans[4];
        struct sp_page_column *c;

        to[0] = (struct planned){ "checked, no plan", NULL };
        seal(make_columns(), &plans[0]);
        to[1] = (struct planned){ "checked against a plan", &plans[0] };
        c = make_columns();
        c[1].action = SP_PAGE_FIXED;
        c[1].fixed = SP_STR("\"[redacted]\"");
        seal(c, &plans[1]);
        to[2] = (struct planned){ "one column redacted", &plans[1] };
        c = make_columns();
        c[1].action = SP_PAGE_PARTIAL;
        c[1].keep_last = 4;
        seal(c, &plans[2]);
        to[3] = (struct planned){ "one column in part", &plans[2] };
        c = make_columns();
        c[1].action = SP_PAGE_HASH;
        seal(c, &plans[3]);
        to[4] = (struct planned){ "one column hashed", &plans[3] };
        return 5;
}

/* ---- the table ---- */

static void compare(struct bench *b, const struct sp_page_plan *plan)
{
        sp_autobuf first = SP_BUF_INIT(SIZE_MAX / 2);

        for (unsigned k = 0; k < SP_SCAN_KINDS_; k++) {
                sp_autobuf other = SP_BUF_INIT(SIZE_MAX / 2);
                sp_scan_fn scan = sp_scan_of((enum sp_scan_kind)k);

                if (scan)
                        (void)pass_kernel(b, plan, scan, k ? &other : &first);
                must(!k || !scan || sp_str_eq(sp_buf_str(&first), sp_buf_str(&other)),
                     "two ways of scanning differ");
        }
}

/* In rounds: a virtual machine is slower for a second now and then, and not for all of them. */
static void run_json(struct bench *b)
{
        double best[5][SP_SCAN_KINDS_] = { 0 };
        struct planned plans[5];
        size_t n = make_plans(plans);

        for (unsigned round = 0; round < ROUNDS; round++)
                for (size_t i = 0; i < n; i++)
                        for (unsigned k = 0; k < SP_SCAN_KINDS_; k++) {
                                sp_scan_fn scan = sp_scan_of((enum sp_scan_kind)k);
                                double v = scan ? measure(b, pass_kernel, plans[i].plan,
                                                          scan)
                                                : 0;

                                best[i][k] = SP_MAX(best[i][k], v);
                        }
        for (size_t i = 0; i < n; i++)
                for (unsigned k = 0; k < SP_SCAN_KINDS_; k++)
                        if (best[i][k] > 0)
                                (void)printf("{\"bytes\":%zu,\"plan\":\"%s\",\"scan\":"
                                             "\"%s\",\"gb_s\":%.3f}\n",
                                             b->page.n, plans[i].name,
                                             sp_scan_name((enum sp_scan_kind)k),
                                             best[i][k]);
}

static void run(struct bench *b, size_t size)
{
        struct planned plans[5];
        unsigned rows = make_page(&b->page, size);
        double copy, bytes;

        if (b->is_json) {
                run_json(b);
                return;
        }
        copy = measure(b, pass_copy, NULL, NULL);
        bytes = measure(b, pass_bytes, NULL, NULL);
        (void)printf("\npage of %zu bytes, %u rows%37s\n", b->page.n, rows,
                     "GB/s  of memcpy   x byte loop");
        (void)printf("%-44s%8.2f%10.2f\n", "memcpy", copy, 1.0);
        (void)printf("%-44s%8.2f%10.2f%14.2f\n", "a byte at a time, nothing checked",
                     bytes, bytes / copy, 1.0);
        for (size_t i = 0, n = make_plans(plans); i < n; i++) {
                compare(b, plans[i].plan);
                for (unsigned k = 0; k < SP_SCAN_KINDS_; k++) {
                        sp_scan_fn scan = sp_scan_of((enum sp_scan_kind)k);
                        double v;

                        if (!scan)
                                continue;
                        v = measure(b, pass_kernel, plans[i].plan, scan);
                        (void)printf("%-32s%-12s%8.2f%10.2f%14.2f\n", plans[i].name,
                                     sp_scan_name((enum sp_scan_kind)k), v, v / copy,
                                     v / bytes);
                }
        }
}

int main(int argc, char **argv)
{
        static const size_t sizes[] = { 10000, 100000, 1000000, 10400000 };
        struct bench b = { .page = SP_BUF_INIT(SIZE_MAX / 2),
                           .out = SP_BUF_INIT(64 * 1024 * 1024),
                           .for_ns = 60000000 };
        char *room;

        b.is_json = argc > 1 && strcmp(argv[1], "--json") == 0;
        if (argc > 1 && !b.is_json)
                b.for_ns = strtoull(argv[1], NULL, 10) * 1000000;
        must(sp_buf_reserve(&b.out, 2 * PIECE, &room) == 0, "no memory");
        for (size_t i = b.is_json ? SP_ARRAY_SIZE(sizes) - 1 : 0;
             i < SP_ARRAY_SIZE(sizes); i++)
                run(&b, sizes[i]);
        sp_buf_done(&b.page);
        sp_buf_done(&b.out);
        return 0;
}
