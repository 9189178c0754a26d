/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>

#include "cli/bus_client.h"
#include "cli/cli.h"
#include "daemon/base/json.h"

static const char usage[] = "sallyctl status [--json]";

static bool is_flat(const struct sp_json *v)
{
        for (const struct sp_json *m = v->first; m; m = m->next)
                if (m->type == SP_JSON_ARRAY || m->type == SP_JSON_OBJECT)
                        return false;
        return true;
}

static void print_scalar(const struct sp_json *v)
{
        if (v->type == SP_JSON_NULL)
                (void)fputs("-", stdout);
        else if (v->type == SP_JSON_TRUE || v->type == SP_JSON_FALSE)
                (void)fputs(v->type == SP_JSON_TRUE ? "yes" : "no", stdout);
        else
                sp_cli_print_escaped(stdout, v->text, false);
}

/* Counters that never counted say nothing to a person. */
static bool is_quiet(const struct sp_json *v)
{
        return v->type == SP_JSON_NUMBER && sp_str_eq(v->text, SP_STR("0")) &&
               !sp_str_eq(v->key, SP_STR("index"));
}

/* The daemon's JSON as an outline, a line for each thing that has only plain facts:
 * whatever it tells is shown. */
static void print_value(const struct sp_json *v, int depth)
{
        bool is_object = v->type == SP_JSON_OBJECT, is_first = true;

        if (!is_object && v->type != SP_JSON_ARRAY) {
                print_scalar(v);
                (void)puts("");
                return;
        }
        if (is_flat(v)) {
                for (const struct sp_json *m = v->first; m; m = m->next) {
                        if (is_object && is_quiet(m))
                                continue;
                        (void)fputs(is_first ? "" : ", ", stdout);
                        is_first = false;
                        if (is_object) {
                                sp_cli_print_escaped(stdout, m->key, false);
                                (void)putchar(' ');
                        }
                        print_scalar(m);
                }
                (void)puts(is_first ? "none" : "");
                return;
        }
        (void)puts("");
        for (const struct sp_json *m = v->first; m; m = m->next) {
                (void)printf("%*s", depth * 2, "");
                if (is_object) {
                        sp_cli_print_escaped(stdout, m->key, false);
                        (void)fputs(": ", stdout);
                } else {
                        (void)fputs("- ", stdout);
                }
                print_value(m, depth + 1);
        }
}

static int print_outline(const char *text, struct sp_err *e)
{
        sp_cleanup(sp_arena_done) struct sp_arena arena = SP_ARENA_INIT(64u << 20);
        struct sp_json *json;
        int r = sp_json_parse(&arena, sp_str_c(text), &json, e);

        if (r < 0)
                return r;
        for (const struct sp_json *m = json->first; m; m = m->next) {
                sp_cli_print_escaped(stdout, m->key, false);
                (void)fputs(": ", stdout);
                print_value(m, 1);
        }
        return 0;
}

int sp_cmd_status(int argc, char **argv)
{
        sp_cleanup(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        sp_cleanup(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        bool as_json = argc == 2 && strcmp(argv[1], "--json") == 0;
        struct sp_err e = SP_ERR_NULL;
        const char *text;
        int r;

        if (argc == 2 &&
            (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
                (void)printf("usage: %s\n", usage);
                return SP_EXIT_OK;
        }
        if (argc > 1 && !as_json)
                return sp_cli_usage(usage, "'%s' is not known", argv[1]);
        r = sp_client_open(&bus, &e);
        if (r == 0)
                r = sp_client_call(bus, SP_DBUS_PATH, SP_DBUS_IFACE_MANAGER, "Status",
                                   &reply, &e, NULL);
        if (r == 0 && sd_bus_message_read(reply, "s", &text) < 0)
                r = sp_err_set(&e, -EBADMSG, "cli.bus", "",
                               "the answer was not understood");
        if (r == 0 && as_json)
                (void)puts(text);
        else if (r == 0)
                r = print_outline(text, &e);
        return r < 0 ? sp_cli_fail(&e) : SP_EXIT_OK;
}
