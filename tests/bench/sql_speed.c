/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/bench/sql_speed — what reading SQL costs, beside PostgreSQL's parser.
 *
 *   sql_speed compare CATALOG QUERIES ROUNDS   ns of CPU time, medians of the rounds
 *   sql_speed count CATALOG QUERIES            each work once, for callgrind
 *   sql_speed growth CATALOG MAX_BYTES         ns and bytes of memory by size of the text
 *
 * QUERIES: name, GoogleSQL, PostgreSQL (or nothing), each ended by a NUL byte. Lines of
 * fields with tabs between them go out; tests/bench/sql_run starts this and shows them.
 * Time is the thread's CPU time: what else runs on the machine matters less.
 */
#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <pg_query.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "daemon/sql/facts.h"
#include "daemon/sql/lineage.h"
#include "tests/unit/sql_shapes.h"

#define QUERIES_MAX 200
#define ROUNDS_MAX 1000
#define SLICE_NS                                                                       \
        100000 /* long against the clock's own cost, short against a time slice */
#define ARENA_MAX (1024u * 1024 * 1024)

enum work {
        WORK_LEX,
        WORK_PARSE, /* lex and parse */
        WORK_FACTS, /* sp_sql_parse: that and the facts */
        WORK_RESOLVE, /* and sp_sql_resolve: names and lineage */
        WORK_RAW, /* PostgreSQL's scanner and grammar alone */
        WORK_POSTGRES, /* pg_query_parse_protobuf */
        WORK_MAX_
};

struct query {
        const char *name, *postgres;
        struct sp_str text;
        unsigned repeats[WORK_MAX_];
        uint64_t ns[WORK_MAX_][ROUNDS_MAX];
};

static struct query queries[QUERIES_MAX];
static size_t n_queries;
static struct sp_sql_resolve_options options;
static struct sp_arena catalog_arena = SP_ARENA_INIT(64u * 1024 * 1024);

_Noreturn static void die(const char *what, const char *why)
{
        (void)fprintf(stderr, "sql_speed: %s: %s\n", what, why);
        exit(EXIT_FAILURE);
}

static char *read_file(const char *path, size_t *ret_n)
{
        FILE *f = fopen(path, "re");
        size_t n = 0, capacity = 0, got;
        char *to = NULL;

        if (!f)
                die(path, strerror(errno));
        do {
                if (n == capacity) {
                        capacity = capacity ? capacity * 2 : 65536;
                        to = realloc(to, capacity);
                        if (!to)
                                die(path, strerror(ENOMEM));
                }
                got = fread(to + n, 1, capacity - n, f);
                n += got;
        } while (got);
        (void)fclose(f);
        *ret_n = n;
        return to;
}

static void read_catalog(const char *path)
{
        struct sp_sql_catalog *catalog;
        struct sp_err err;
        size_t n;
        char *json = read_file(path, &n);

        if (sp_sql_catalog_read(&catalog_arena, sp_str(json, n), &catalog, &err) < 0)
                die(path, err.what);
        free(json);
        options.catalog = catalog;
}

static void read_queries(const char *path)
{
        size_t n;
        char *at = read_file(path, &n), *end = at + n;

        while (at < end) {
                struct query *q = &queries[n_queries];

                if (++n_queries > QUERIES_MAX)
                        die(path, "too many queries");
                q->name = at;
                at += strlen(at) + 1;
                q->text = sp_str_c(at);
                at += strlen(at) + 1;
                q->postgres = at;
                at += strlen(at) + 1;
        }
        if (!n_queries)
                die(path, "no queries");
}

/* ---- the works; each whole, from bytes to what the caller gets and gives back ---- */

/* Parser's inside: the tree without the facts. */
static int parse_only(struct sp_arena *a, struct sp_str text, bool is_lex_only,
                      struct sp_err *err)
{
        struct sp_sql_parser p = {
                .arena = a, .text = text, .err = err, .is_script = true
        };
        struct sp_sql_tokens tokens;
        int r = sp_sql_lex(a, text, &tokens, err);

        if (r < 0 || is_lex_only)
                return r;
        p.tokens = tokens.v;
        p.n_tokens = tokens.n;
        return sp_sql_parse_script(&p) ? 0 : p.code;
}

/* *ret_bytes: memory taken. 1: read, but past a limit of the resolver. */
static int read_sql(enum work work, struct sp_str text, size_t *ret_bytes,
                    struct sp_err *err)
{
        struct sp_arena a = SP_ARENA_INIT(ARENA_MAX);
        struct sp_sql_script *script;
        struct sp_sql_lineage *lineage = NULL;
        int r;

        if (work < WORK_FACTS)
                r = parse_only(&a, text, work == WORK_LEX, err);
        else
                r = sp_sql_parse(&a, text, &script, err);
        if (r >= 0 && work == WORK_RESOLVE)
                r = sp_sql_resolve(&a, script, &options, &lineage, err);
        if (r >= 0 && lineage)
                for (size_t i = 0; i < script->n_statements; i++)
                        if (lineage[i].unresolved) {
                                (void)sp_err_set(err, -EINVAL, "bench", "", "%s",
                                                 lineage[i].unresolved);
                                r = 1;
                                break;
                        }
        *ret_bytes = a.used_bytes;
        sp_arena_done(&a);
        return r;
}

/* What pg_query_parse_protobuf calls first; exported, but its header needs PostgreSQL's. */
struct raw_parse {
        void *tree;
        char *stderr_buffer;
        PgQueryError *error;
};
void *pg_query_enter_memory_context(void);
void pg_query_exit_memory_context(void *context);
struct raw_parse pg_query_raw_parse(const char *input);

static void read_raw(const struct query *q)
{
        void *context = pg_query_enter_memory_context();
        struct raw_parse r = pg_query_raw_parse(q->postgres);

        if (r.error)
                die(q->name, r.error->message);
        free(r.stderr_buffer);
        pg_query_exit_memory_context(context);
}

static void read_postgres(const struct query *q)
{
        PgQueryProtobufParseResult r = pg_query_parse_protobuf(q->postgres);

        if (r.error)
                die(q->name, r.error->message);
        pg_query_free_protobuf_parse_result(r);
}

static bool has_work(const struct query *q, enum work work)
{
        return work < WORK_RAW || q->postgres[0];
}

static void do_work(const struct query *q, enum work work)
{
        struct sp_err err;
        size_t bytes;

        if (work == WORK_POSTGRES)
                read_postgres(q);
        else if (work == WORK_RAW)
                read_raw(q);
        else if (read_sql(work, q->text, &bytes, &err) < 0)
                die(q->name, err.what);
}

/* Says what is not measured as it should be: a statement without a form for PostgreSQL,
 * and one whose names are not all resolved, which may have ended early. */
static void try_all(void)
{
        for (size_t i = 0; i < n_queries; i++) {
                struct query *q = &queries[i];
                PgQueryProtobufParseResult r = pg_query_parse_protobuf(q->postgres);
                struct sp_err err;
                size_t bytes;

                if (r.error) {
                        (void)fprintf(stderr, "sql_speed: %s is not PostgreSQL: %s\n",
                                      q->name, r.error->message);
                        q->postgres = "";
                }
                pg_query_free_protobuf_parse_result(r);
                if (read_sql(WORK_RESOLVE, q->text, &bytes, &err))
                        (void)fprintf(stderr, "sql_speed: %s is not resolved: %s\n",
                                      q->name, err.what);
        }
}

/* ---- compare ---- */

static uint64_t cpu_ns(void)
{
        struct timespec t;

        (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t time_work(struct query *q, enum work work, unsigned repeats)
{
        uint64_t start = cpu_ns();

        for (unsigned i = 0; i < repeats; i++)
                do_work(q, work);
        return (cpu_ns() - start) / repeats;
}

static int by_size(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

        return x < y ? -1 : x > y;
}

static uint64_t median(uint64_t *v, size_t n)
{
        qsort(v, n, sizeof(*v), by_size);
        return v[n / 2];
}

static void print_medians(unsigned rounds)
{
        static uint64_t sums[WORK_MAX_][ROUNDS_MAX];
        size_t bytes = 0;

        for (size_t i = 0; i < n_queries;
             i++) /* only what both can read is in the sum */
                if (has_work(&queries[i], WORK_POSTGRES)) {
                        bytes += queries[i].text.n;
                        for (int w = 0; w < WORK_MAX_; w++)
                                for (unsigned r = 0; r < rounds; r++)
                                        sums[w][r] += queries[i].ns[w][r];
                }
        for (size_t i = 0; i < n_queries; i++) {
                printf("%s\t%zu", queries[i].name, queries[i].text.n);
                for (int w = 0; w < WORK_MAX_; w++)
                        printf("\t%" PRIu64, median(queries[i].ns[w], rounds));
                printf("\n");
        }
        printf("sum\t%zu", bytes);
        for (int w = 0; w < WORK_MAX_; w++)
                printf("\t%" PRIu64, median(sums[w], rounds));
        printf("\n");
}

/* Each round takes every query through every work, so that what disturbs one disturbs
 * the others too; the order of the works turns from round to round. */
static void compare(unsigned rounds)
{
        for (size_t i = 0; i < n_queries; i++)
                for (int w = 0; w < WORK_MAX_; w++)
                        if (has_work(&queries[i], (enum work)w)) {
                                uint64_t ns = time_work(&queries[i], (enum work)w, 20);

                                queries[i].repeats[w] =
                                        (unsigned)(SLICE_NS / SP_MAX(ns, 1u)) + 1;
                        }
        for (unsigned r = 0; r < rounds; r++)
                for (size_t i = 0; i < n_queries; i++)
                        for (unsigned k = 0; k < WORK_MAX_; k++) {
                                enum work w = (enum work)((k + r) % WORK_MAX_);

                                if (has_work(&queries[i], w))
                                        queries[i].ns[w][r] = time_work(
                                                &queries[i], w, queries[i].repeats[w]);
                        }
        print_medians(rounds);
}

/* ---- count: callgrind collects inside this function and dumps behind it ---- */

void counted(const struct query *q, enum work work);
__attribute__((noinline)) void counted(const struct query *q, enum work work)
{
        do_work(q, work);
}

static void count(void)
{
        for (size_t i = 0; i < n_queries; i++)
                for (int w = 0; w < WORK_MAX_; w++) {
                        if (!has_work(&queries[i], (enum work)w))
                                continue;
                        do_work(&queries[i],
                                (enum work)w); /* symbols bound, heap warm */
                        counted(&queries[i], (enum work)w);
                        printf("%s\t%d\n", queries[i].name, w);
                }
}

/* ---- growth ---- */

#define SIZES_MAX 11
#define TRIES 9
#define TRY_NS 1000000

struct size {
        struct sp_str text;
        uint64_t ns[WORK_MAX_]; /* the least of the tries; 0: past a limit */
        size_t bytes[WORK_MAX_]; /* of memory */
};

static uint64_t try_once(const struct sql_shape *s, struct size *z, enum work work)
{
        uint64_t start = cpu_ns(), took;
        unsigned n = 0;

        do {
                struct sp_err err;
                int r = read_sql(work, z->text, &z->bytes[work], &err);

                if (r < 0)
                        die(s->name, err.what);
                if (r > 0) {
                        (void)fprintf(stderr, "sql_speed: %s, %zu bytes: %s\n", s->name,
                                      z->text.n, err.what);
                        return 0;
                }
                n++;
                took = cpu_ns() - start;
        } while (took < TRY_NS);
        return took / n;
}

/* Takes all sizes in each try, so that what disturbs hits all of them. */
static void grow(const struct sql_shape *s, struct size *sizes, size_t n)
{
        static const enum work works[] = { WORK_FACTS, WORK_RESOLVE };

        for (unsigned t = 0; t < TRIES; t++)
                for (size_t i = 0; i < n; i++)
                        for (size_t k = 0; k < SP_ARRAY_SIZE(works); k++) {
                                uint64_t *least = &sizes[i].ns[works[k]], ns;

                                if (t && !*least)
                                        continue;
                                ns = try_once(s, &sizes[i], works[k]);
                                *least = t ? SP_MIN(*least, ns) : ns;
                        }
}

/* Memory stays with the process, or the kernel's work for fresh pages would be measured
 * from the size on from which malloc gives memory back to it. */
static void keep_memory(void)
{
        (void)mallopt(M_MMAP_THRESHOLD, 1 << 30);
        (void)mallopt(M_TRIM_THRESHOLD, 1 << 30);
}

static void growth(size_t max)
{
        for (size_t i = 0; i < SP_ARRAY_SIZE(sql_shapes); i++) {
                const struct sql_shape *s = &sql_shapes[i];
                struct size sizes[SIZES_MAX] = { 0 };
                size_t n = 0;

                for (size_t size = 1024; size <= max && n < SIZES_MAX; size *= 2, n++) {
                        struct sp_str *t = &sizes[n].text;

                        t->p = sql_shape_text(s, size, &t->n);
                        if (!t->p)
                                die(s->name, strerror(ENOMEM));
                }
                grow(s, sizes, n);
                for (size_t k = 0; k < n; k++) {
                        struct size *z = &sizes[k];

                        printf("%s\t%d\t%zu\t%" PRIu64 "\t%zu\t%" PRIu64 "\t%zu\n",
                               s->name, 1024 << k, z->text.n, z->ns[WORK_FACTS],
                               z->bytes[WORK_FACTS], z->ns[WORK_RESOLVE],
                               z->bytes[WORK_RESOLVE]);
                        free((char *)z->text.p);
                }
                (void)fflush(stdout);
        }
}

static unsigned number(const char *s, unsigned max)
{
        unsigned long n = strtoul(s, NULL, 10);

        if (!n || n > max)
                die(s, "not a number in range");
        return (unsigned)n;
}

int main(int argc, char **argv)
{
        if (argc < 4)
                die("usage", "compare|count|growth CATALOG …");
        read_catalog(argv[2]);
        if (strcmp(argv[1], "growth") == 0) {
                keep_memory();
                growth(number(argv[3], SP_SQL_TEXT_MAX));
                return EXIT_SUCCESS;
        }
        read_queries(argv[3]);
        try_all();
        if (strcmp(argv[1], "count") == 0)
                count();
        else
                compare(argc > 4 ? number(argv[4], ROUNDS_MAX) : 100);
        return EXIT_SUCCESS;
}
