/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>
#include <uthash.h>

#include "cli/session_columns.h"
#include "cli/session_print.h"
#include "cli/store_dir.h"
#include "daemon/base/clock.h"

/* longer silences are told, not waited for */
#define GAP_MAX_US (3 * SP_USEC_PER_SEC)
#define RECORD_ARENA_BYTES (256u << 20)

static const char usage[] =
        "sallyctl sessions list [--json] [--store DIR]\n"
        "       sallyctl sessions show ID [--store DIR]\n"
        "       sallyctl sessions replay ID [--speed N | --no-wait] [--store DIR]\n"
        "       sallyctl sessions columns --column [PROJECT.]DATASET.TABLE.COLUMN "
        "[--since TIME] [--json] [--store DIR]";

struct options {
        const char *dir, *id;
        struct sp_column_pattern column; /* n is 0: not given */
        uint64_t since_us;
        double speed; /* 0: do not wait */
        bool json;
};

/* 0: go on; else an exit status, negative for success. */
static int parse(int argc, char **argv, bool wants_id, struct options *o)
{
        static const struct option longs[] = {
                { "store", required_argument, NULL, 's' },
                { "speed", required_argument, NULL, 'x' },
                { "no-wait", no_argument, NULL, 'n' },
                { "json", no_argument, NULL, 'j' },
                { "column", required_argument, NULL, 'c' },
                { "since", required_argument, NULL, 't' },
                { "help", no_argument, NULL, 'h' },
                { NULL, 0, NULL, 0 },
        };
        const char *wrong;
        char *end;
        int c;

        *o = (struct options){ .dir = SP_CLI_STORE_DIR, .speed = 1 };
        optind = 1;
        while ((c = getopt_long(argc, argv, "hs:", longs, NULL)) >= 0) {
                switch (c) {
                case 's':
                        o->dir = optarg;
                        break;
                case 'x':
                        o->speed = strtod(optarg, &end);
                        if (end == optarg || *end || !(o->speed > 0) || o->speed > 1e6)
                                return sp_cli_usage(usage,
                                                    "--speed wants a number like 4");
                        break;
                case 'n':
                        o->speed = 0;
                        break;
                case 'j':
                        o->json = true;
                        break;
                case 'c':
                        wrong = sp_column_pattern_read(sp_str_c(optarg), &o->column);
                        if (wrong)
                                return sp_cli_usage(usage, "--column: %s", wrong);
                        break;
                case 't':
                        if (sp_since_read(optarg, sp_clock_wall_us(), &o->since_us) < 0)
                                return sp_cli_usage(usage,
                                                    "--since wants a time like 7d "
                                                    "or 2026-11-20");
                        break;
                case 'h':
                        (void)printf("usage: %s\n", usage);
                        return -1;
                default:
                        return sp_cli_usage(usage, "that option is not known");
                }
        }
        if (wants_id && optind < argc)
                o->id = argv[optind++];
        if (wants_id && !o->id)
                return sp_cli_usage(usage, "which session?");
        if (optind < argc)
                return sp_cli_usage(usage, "'%s' is too much", argv[optind]);
        return 0;
}

/* ---- all sessions ---- */

struct session {
        char id[65];
        char *workload, *person;
        uint64_t first_us, last_us;
        unsigned exchanges, verdicts[3]; /* allow, approve, deny */
};

struct sessions {
        struct session *all;
        size_t n, capacity;
        struct sp_arena arena; /* of one record */
        struct sp_err *err;
};

static void sessions_done(struct sessions *s)
{
        for (size_t i = 0; i < s->n; i++) {
                free(s->all[i].workload);
                free(s->all[i].person);
        }
        free(s->all);
        sp_arena_done(&s->arena);
}

/* Most records are of one of the newest sessions: look from the end. */
static struct session *session_of(struct sessions *s, struct sp_str id)
{
        struct session *more;

        for (size_t i = s->n; i-- > 0;)
                if (sp_str_eq(sp_str_c(s->all[i].id), id))
                        return &s->all[i];
        if (s->n == s->capacity) {
                size_t capacity = s->capacity ? 2 * s->capacity : 64;

                more = realloc(s->all, capacity * sizeof(*more));
                if (!more)
                        return NULL;
                s->all = more;
                s->capacity = capacity;
        }
        s->all[s->n] = (struct session){ 0 };
        (void)snprintf(s->all[s->n].id, sizeof(s->all->id), "%.*s", SP_FMT(id));
        return &s->all[s->n++];
}

static void count_request(struct session *x, const struct sp_json *json)
{
        static const struct sp_str verdicts[] = { SP_STR("allow"), SP_STR("approve"),
                                                  SP_STR("deny") };
        sp_autobuf person = SP_BUF_INIT(8192);

        x->exchanges++;
        for (size_t i = 0; i < SP_ARRAY_SIZE(verdicts); i++)
                x->verdicts[i] +=
                        sp_str_eq(sp_json_get_str(json, "verdict"), verdicts[i]);
        if (!x->workload)
                x->workload = sp_str_dup(sp_json_get_str(json, "workload"));
        sp_record_person(json, &person);
        if (!x->person && person.n)
                x->person = sp_str_dup(sp_buf_str(&person));
}

static int no_memory(struct sp_err *e)
{
        return sp_err_set(e, -ENOMEM, "cli.memory", "", "out of memory");
}

static int count(void *userdata, const struct sp_store_record *r)
{
        struct sessions *s = userdata;
        struct session *x;
        struct sp_json *json;
        struct sp_str id;

        sp_arena_reset(&s->arena);
        if (sp_json_parse(&s->arena, r->json, &json, NULL) < 0)
                return 0; /* audit verify is there to judge records */
        id = sp_json_get_str(json, "session");
        if (!id.n)
                return 0;
        x = session_of(s, id);
        if (!x)
                return no_memory(s->err);
        x->first_us = x->first_us ?: r->wall_us;
        x->last_us = r->wall_us;
        if (sp_str_eq(sp_json_get_str(json, "type"), SP_STR("request")))
                count_request(x, json);
        return 0;
}

static int read_sessions(struct sp_store *store, struct sessions *s, struct sp_err *e)
{
        *s = (struct sessions){ .arena = SP_ARENA_INIT(RECORD_ARENA_BYTES), .err = e };
        return sp_store_walk(store, SP_STR_NULL, 0, count, s, e);
}

static int list(struct sp_store *store, const struct options *o, struct sp_err *e)
{
        static const char *const columns[] = { "SESSION", "WORKLOAD", "PERSON",
                                               "STARTED", "LAST",     "EXCHANGES",
                                               "ALLOWED", "HELD",     "DENIED" };
        struct sp_table *t =
                sp_table_new("sessions", o->json, columns, SP_ARRAY_SIZE(columns));
        struct sessions s;
        int r = t ? read_sessions(store, &s, e) : no_memory(e);

        if (!t)
                return r;
        for (size_t i = 0; r == 0 && i < s.n; i++) {
                const struct session *x = &s.all[i];
                char started[32], last[32], numbers[4][16];
                const unsigned values[] = { x->exchanges, x->verdicts[0],
                                            x->verdicts[1], x->verdicts[2] };

                sp_cli_time_local(started, sizeof(started), x->first_us);
                sp_cli_time_ago(last, sizeof(last), x->last_us);
                for (size_t n = 0; n < SP_ARRAY_SIZE(values); n++)
                        (void)snprintf(numbers[n], sizeof(numbers[n]), "%u", values[n]);
                const char *const cells[] = { x->id,      x->workload, x->person,
                                              started,    last,        numbers[0],
                                              numbers[1], numbers[2],  numbers[3] };

                if (sp_table_row(t, cells) != 0)
                        r = no_memory(e);
        }
        (void)sp_table_finish(t);
        sessions_done(&s);
        return r;
}

/* ---- one session ---- */

/* A request whose answer was not told yet. */
struct asked {
        char exchange[SP_ULID_LEN];
        uint64_t wall_us;
        UT_hash_handle hh;
};

struct telling {
        const struct options *o;
        const char *session;
        struct sp_store *store;
        struct sp_arena arena;
        uint64_t last_us, n;
        bool as_lines;
        struct asked *asked; /* requests are answered in any order */
        const struct asked *above; /* the record before was this one; NULL: another */
};

/* When the request of this answer was told, if not right above; 0: nothing to say. */
static uint64_t pair(struct telling *t, const struct sp_json *json, uint64_t wall_us)
{
        struct sp_str exchange = sp_json_get_str(json, "exchange"),
                      type = sp_json_get_str(json, "type");
        const struct asked *above = t->above;
        struct asked *a = NULL;
        uint64_t asked_us = 0;

        t->above = NULL;
        if (exchange.n != SP_ULID_LEN)
                return 0;
        HASH_FIND(hh, t->asked, exchange.p, SP_ULID_LEN, a);
        if (!a && sp_str_eq(type, SP_STR("request"))) {
                a = calloc(1, sizeof(*a));
                if (!a)
                        return 0;
                memcpy(a->exchange, exchange.p, SP_ULID_LEN);
                a->wall_us = wall_us;
                HASH_ADD(hh, t->asked, exchange, SP_ULID_LEN, a);
                t->above = a;
        } else if (a && sp_str_eq(type, SP_STR("response"))) {
                asked_us = a == above ? 0 : a->wall_us;
                HASH_DEL(t->asked, a);
                free(a);
        }
        return asked_us;
}

static void forget_asked(struct telling *t)
{
        struct asked *a, *next;

        HASH_ITER(hh, t->asked, a, next)
        {
                HASH_DEL(t->asked, a);
                free(a);
        }
}

static void wait_as_it_was(struct telling *t, uint64_t wall_us)
{
        uint64_t gap_us = t->last_us && wall_us > t->last_us ? wall_us - t->last_us : 0;
        uint64_t wait_us;
        struct timespec ts;

        t->last_us = wall_us;
        if (t->o->speed == 0 || !gap_us)
                return;
        wait_us = SP_MIN((uint64_t)((double)gap_us / t->o->speed), GAP_MAX_US);
        if (wait_us == GAP_MAX_US)
                (void)printf("\n(%.0f s later)\n", (double)gap_us / 1e6);
        (void)fflush(stdout);
        ts.tv_sec = (time_t)(wait_us / SP_USEC_PER_SEC);
        ts.tv_nsec = (long)(wait_us % SP_USEC_PER_SEC * 1000);
        (void)nanosleep(&ts, NULL);
}

static int tell(void *userdata, const struct sp_store_record *r)
{
        sp_autobuf room = SP_BUF_INIT(SP_CLI_RECORD_MAX);
        struct telling *t = userdata;
        struct sp_str text;
        struct sp_json *json;

        if (!t->n++)
                (void)printf("session %s\n", t->session);
        sp_arena_reset(&t->arena);
        if (!t->as_lines)
                wait_as_it_was(t, r->wall_us);

        if (sp_store_text(t->store, r, &room, &text) < 0 ||
            sp_json_parse(&t->arena, text, &json, NULL) < 0)
                (void)printf("record %" PRIu64 " is not JSON\n", r->seq);
        else if (t->as_lines)
                sp_record_print_line(stdout, json, r->wall_us,
                                     pair(t, json, r->wall_us));
        else
                sp_record_print(stdout, json, r->wall_us, pair(t, json, r->wall_us));
        return 0;
}

static int unknown_session(const char *id, struct sp_err *e)
{
        return sp_err_set(e, -ENOENT, "cli.unknown-session", "",
                          "there is no session '%s'", id);
}

/* The whole id, or a beginning of it that only one session has. */
static int find_session(struct sp_store *store, const char *id, char to[65],
                        struct sp_err *e)
{
        const struct session *found = NULL;
        struct sessions s;
        unsigned matches = 0;
        int r;

        if (sp_ulid_is_valid(sp_str_c(id))) { /* then its index is enough */
                memcpy(to, id, SP_ULID_LEN + 1);
                return 0;
        }
        r = read_sessions(store, &s, e);
        for (size_t i = 0; r == 0 && i < s.n; i++) {
                if (strncasecmp(s.all[i].id, id, strlen(id)) != 0)
                        continue;
                found = &s.all[i];
                matches++;
        }
        if (r == 0 && matches != 1)
                r = matches ? sp_err_set(e, -EINVAL, "cli.ambiguous", "",
                                         "%u sessions begin with '%s'", matches, id)
                            : unknown_session(id, e);
        if (r == 0)
                memcpy(to, found->id, sizeof(found->id));
        sessions_done(&s);
        return r;
}

static int tell_session(struct sp_store *store, const struct options *o, bool as_lines,
                        struct sp_err *e)
{
        struct telling t = { .o = o,
                             .store = store,
                             .arena = SP_ARENA_INIT(RECORD_ARENA_BYTES),
                             .as_lines = as_lines };
        char id[65];
        int r = find_session(store, o->id, id, e);

        if (r < 0)
                return r;
        t.session = id;
        r = sp_store_walk(store, sp_str_c(id), 0, tell, &t, e);
        forget_asked(&t);
        sp_arena_done(&t.arena);
        return r == 0 && !t.n ? unknown_session(id, e) : r;
}

static int show(struct sp_store *store, const struct options *o, struct sp_err *e)
{
        return tell_session(store, o, true, e);
}

static int replay(struct sp_store *store, const struct options *o, struct sp_err *e)
{
        return tell_session(store, o, false, e);
}

static int columns(struct sp_store *store, const struct options *o, struct sp_err *e)
{
        return sp_session_columns(store, &o->column, o->since_us, o->json, e);
}

int sp_cmd_sessions(int argc, char **argv)
{
        static const struct {
                const char *name;
                bool wants_id, wants_column;
                int (*run)(struct sp_store *store, const struct options *o,
                           struct sp_err *e);
        } verbs[] = { { "list", false, false, list },
                      { "show", true, false, show },
                      { "replay", true, false, replay },
                      { "columns", false, true, columns } };
        sp_cleanup(sp_store_closep) struct sp_store *store = NULL;
        struct sp_err e = SP_ERR_NULL;
        struct options o;
        int r;

        for (size_t i = 0; argc > 1 && i < SP_ARRAY_SIZE(verbs); i++) {
                if (strcmp(argv[1], verbs[i].name) != 0)
                        continue;
                r = parse(argc - 1, argv + 1, verbs[i].wants_id, &o);
                if (r)
                        return r < 0 ? SP_EXIT_OK : r;
                if (verbs[i].wants_column && !o.column.n)
                        return sp_cli_usage(usage, "which column?");
                r = sp_cli_open_store(o.dir, false, &store, &e);
                if (r == 0)
                        r = verbs[i].run(store, &o, &e);
                return r < 0 ? sp_cli_fail(&e) : SP_EXIT_OK;
        }
        if (argc > 1 &&
            (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
                (void)printf("usage: %s\n", usage);
                return SP_EXIT_OK;
        }
        return sp_cli_usage(usage, "what about sessions?");
}
