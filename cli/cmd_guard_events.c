/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sallyctl guard events: what the kernel refused guarded processes, from the record store, or
 * with --follow as it happens, from the daemon's signal. Both are the same record.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "cli/bus_client.h"
#include "cli/cli.h"
#include "cli/guard_verbs.h"
#include "cli/store_dir.h"
#include "daemon/base/clock.h"
#include "daemon/base/json.h"
#include "daemon/base/show.h"

#define RECORD_ARENA_BYTES (8u << 20)
#define CELLS 9

static const char usage[] =
        "sallyctl guard events [--workload NAME] [--json] [--store DIR]\n"
        "       sallyctl guard events --follow [--workload NAME] [--json]";

struct events {
        const char *workload;
        bool is_following, as_json;
        struct sp_table *table;
        struct sp_arena arena;
};

/* What a row shows; text of records is escaped as it is written, and once more for those of
 * other writers. */
struct row {
        char time[32], count[24], pid[24], uid[24], to[96];
        struct sp_buf texts[4]; /* workload, what, unit, exe */
};

static void row_done(struct row *row)
{
        for (size_t i = 0; i < SP_ARRAY_SIZE(row->texts); i++)
                sp_buf_done(&row->texts[i]);
}

static const char *protocol_name(uint64_t n)
{
        switch (n) {
        case IPPROTO_TCP:
                return "tcp ";
        case IPPROTO_UDP:
                return "udp ";
        case IPPROTO_ICMP:
        case IPPROTO_ICMPV6:
                return "icmp ";
        default:
                return "";
        }
}

/* false: there is none. */
static bool number(const struct sp_json *v, const char *key, uint64_t *ret)
{
        const struct sp_json *n = sp_json_get(v, key);

        return n && n->type == SP_JSON_NUMBER && sp_str_u64(n->text, ret) == 0;
}

static void number_text(const struct sp_json *v, const char *key, char to[24])
{
        uint64_t n;

        to[0] = 0;
        if (number(v, key, &n))
                (void)snprintf(to, 24, "%" PRIu64, n);
}

static void destination(const struct sp_json *v, char to[96])
{
        struct sp_str dst = sp_json_get_str(v, "dst");
        uint64_t port = 0, protocol = 0;

        (void)number(v, "port", &port);
        (void)number(v, "protocol", &protocol);
        to[0] = 0;
        if (dst.n && dst.n <= INET6_ADDRSTRLEN)
                (void)snprintf(to, 96, "%s%.*s %" PRIu64, protocol_name(protocol),
                               SP_FMT(dst), port);
        else if (protocol)
                (void)snprintf(to, 96, "protocol %" PRIu64, protocol);
}

static int row_fill(struct row *row, const struct sp_json *v, uint64_t wall_us)
{
        bool is_rest = sp_str_eq(sp_json_get_str(v, "event"), SP_STR("refused-more"));
        const struct sp_str exe = sp_json_get_str(v, "exe");
        const struct sp_str texts[] = {
                sp_json_get_str(v, "workload"),
                is_rest ? SP_STR("(further kinds)") : sp_json_get_str(v, "what"),
                sp_json_get_str(v, "unit"),
                exe.n ? exe : sp_json_get_str(v, "comm"),
        };

        *row = (struct row){ 0 };
        sp_cli_time_local(row->time, sizeof(row->time), wall_us);
        number_text(v, "count", row->count);
        number_text(v, "pid", row->pid);
        number_text(v, "uid", row->uid);
        destination(v, row->to);
        for (size_t i = 0; i < SP_ARRAY_SIZE(texts); i++) {
                int r;

                row->texts[i] = SP_BUF_INIT(65536);
                r = sp_show(&row->texts[i], texts[i], false);
                if (r == 0)
                        r = sp_buf_addc(&row->texts[i], '\0');
                if (r < 0)
                        return r;
        }
        return 0;
}

static int show(struct events *ev, const struct sp_json *v, uint64_t wall_us)
{
        struct row row;
        int r = row_fill(&row, v, wall_us);
        const char *const cells[CELLS] = { row.time,  row.texts[0].p, row.texts[1].p,
                                           row.count, row.texts[2].p, row.texts[3].p,
                                           row.pid,   row.uid,        row.to };

        if (r == 0 && ev->table)
                r = sp_table_row(ev->table, cells);
        else if (r == 0)
                for (size_t i = 0; i < CELLS; i++)
                        (void)printf("%s%s", cells[i][0] ? cells[i] : "-",
                                     i + 1 < CELLS ? "  " : "\n");
        row_done(&row);
        return r;
}

/* 1: it is one that was asked for. */
static int parse(struct events *ev, struct sp_str text, struct sp_json **ret)
{
        static const char marker[] = "\"refused";
        struct sp_str event, workload;

        if (!memmem(text.p, text.n, marker, sizeof(marker) - 1))
                return 0; /* most records are of something else */
        sp_arena_reset(&ev->arena);
        if (sp_json_parse(&ev->arena, text, ret, NULL) < 0 ||
            !sp_str_eq(sp_json_get_str(*ret, "type"), SP_STR("guard")))
                return 0;
        event = sp_json_get_str(*ret, "event");
        workload = sp_json_get_str(*ret, "workload");
        if (!sp_str_eq(event, SP_STR("refused")) &&
            !sp_str_eq(event, SP_STR("refused-more")))
                return 0;
        return !ev->workload || sp_str_eq(workload, sp_str_c(ev->workload));
}

/* ---- from the store ---- */

static int on_record(void *userdata, const struct sp_store_record *r)
{
        struct events *ev = userdata;
        struct sp_json *v;

        return parse(ev, r->json, &v) ? show(ev, v, r->wall_us) : 0;
}

static int list(struct events *ev, const char *dir)
{
        static const char *const columns[CELLS] = { "TIME",  "WORKLOAD", "WHAT",
                                                    "COUNT", "UNIT",     "EXE",
                                                    "PID",   "UID",      "TO" };
        sp_cleanup(sp_store_closep) struct sp_store *s = NULL;
        struct sp_err e = SP_ERR_NULL;
        int r = sp_cli_open_store(dir, false, &s, &e);

        if (r < 0)
                return sp_cli_fail(&e);
        ev->table = sp_table_new("events", ev->as_json, columns, CELLS);
        if (!ev->table)
                return SP_EXIT_FAILED;
        r = sp_store_walk(s, SP_STR_NULL, 0, on_record, ev, &e);
        if (r < 0 && !e.id)
                (void)sp_err_set(&e, r, "cli.memory", "", "out of memory");
        (void)sp_table_finish(ev->table);
        return r < 0 ? sp_cli_fail(&e) : SP_EXIT_OK;
}

/* ---- as it happens ---- */

static int on_signal(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        struct events *ev = userdata;
        struct sp_json *v;
        const char *text;

        (void)error;
        if (sd_bus_message_read(m, "s", &text) < 0 || !parse(ev, sp_str_c(text), &v))
                return 0;
        if (ev->as_json)
                (void)puts(text);
        else
                (void)!show(ev, v, sp_clock_wall_us());
        (void)fflush(stdout);
        return 0;
}

static int follow(struct events *ev)
{
        sp_cleanup(sd_bus_unrefp) sd_bus *bus = NULL;
        struct sp_err e = SP_ERR_NULL;
        char *health = NULL;
        int r = sp_client_open(&bus, &e);

        if (r == 0) {
                r = sd_bus_match_signal(bus, NULL, SP_DBUS_SERVICE, SP_DBUS_PATH,
                                        SP_DBUS_IFACE_GUARD, "Refused", on_signal, ev);
                if (r < 0)
                        (void)sp_err_set(&e, r, "cli.bus", "", "%s", strerror(-r));
        }
        if (r >= 0) /* is there somebody to listen to? */
                r = sp_client_get_string(bus, SP_DBUS_PATH, SP_DBUS_IFACE_MANAGER,
                                         "Health", &health, &e);
        free(health);
        while (r >= 0) {
                r = sd_bus_process(bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(bus, UINT64_MAX);
                if (r == -EINTR)
                        r = 0;
                if (r < 0)
                        (void)sp_err_set(&e, r, "cli.bus", "",
                                         "the connection to the bus ended: %s",
                                         strerror(-r));
        }
        return sp_cli_fail(&e);
}

int sp_guard_verb_events(int argc, char **argv)
{
        static const struct option longs[] = {
                { "follow", no_argument, NULL, 'f' },
                { "workload", required_argument, NULL, 'w' },
                { "json", no_argument, NULL, 'j' },
                { "store", required_argument, NULL, 's' },
                { "help", no_argument, NULL, 'h' },
                { NULL, 0, NULL, 0 },
        };
        struct events ev = { .arena = SP_ARENA_INIT(RECORD_ARENA_BYTES) };
        const char *dir = SP_CLI_STORE_DIR;
        int c, r;

        optind = 1;
        while ((c = getopt_long(argc, argv, "fhs:w:", longs, NULL)) >= 0) {
                switch (c) {
                case 'f':
                        ev.is_following = true;
                        break;
                case 'w':
                        ev.workload = optarg;
                        break;
                case 'j':
                        ev.as_json = true;
                        break;
                case 's':
                        dir = optarg;
                        break;
                case 'h':
                        (void)printf("usage: %s\n", usage);
                        return SP_EXIT_OK;
                default:
                        return sp_cli_usage(usage, "that option is not known");
                }
        }
        if (optind < argc)
                return sp_cli_usage(usage, "'%s' is too much", argv[optind]);
        r = ev.is_following ? follow(&ev) : list(&ev, dir);
        sp_arena_done(&ev.arena);
        return r;
}
