/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>

#include "cli/cli.h"
#include "cli/store_dir.h"
#include "daemon/base/digest.h"
#include "daemon/base/json.h"

static const char usage[] = "sallyctl audit verify [--store DIR]\n"
                            "       sallyctl audit export [--type TYPE] [--store DIR]";

static int verify(const char *dir)
{
        sp_cleanup(sp_store_closep) struct sp_store *s = NULL;
        char hex[SP_SHA256_HEX_LEN + 1];
        uint8_t hash[SP_SHA256_LEN];
        struct sp_err e = SP_ERR_NULL;
        uint64_t count, seq;
        int r = sp_cli_open_store(dir, true, &s, &e);

        if (r == 0)
                r = sp_store_verify(s, &count, &e);
        if (r < 0)
                return sp_cli_fail(&e);
        sp_store_head(s, &seq, hash);
        sp_hex(hash, sizeof(hash), hex);
        (void)printf("%" PRIu64 " records, chain intact, head %s\n", count, hex);
        return SP_EXIT_OK;
}

struct export
{
        struct sp_store *store;
        const char *type;
};

/* A record is one line of JSON already. */
static int print_record(void *userdata, const struct sp_store_record *r)
{
        sp_cleanup(sp_arena_done) struct sp_arena a =
                SP_ARENA_INIT(SP_RECORD_ARENA_BYTES);
        sp_autobuf room = SP_BUF_INIT(SP_CLI_RECORD_MAX);
        const struct export *x = userdata;
        struct sp_str text;
        struct sp_json *v;
        int e;

        if (x->type && (sp_json_parse(&a, r->json, &v, NULL) < 0 ||
                        !sp_str_eq(sp_json_get_str(v, "type"), sp_str_c(x->type))))
                return 0;
        e = sp_store_text(x->store, r, &room, &text);
        if (e < 0)
                return e;
        return fwrite(text.p, 1, text.n, stdout) == text.n && putchar('\n') != EOF
                       ? 0
                       : -EIO;
}

static int export(const char *dir, const char *type)
{
        sp_cleanup(sp_store_closep) struct sp_store *s = NULL;
        struct sp_err e = SP_ERR_NULL;
        int r = sp_cli_open_store(dir, false, &s, &e);

        if (r == 0)
                r = sp_store_walk(s, SP_STR_NULL, 0, print_record,
                                  &(struct export){ s, type }, &e);
        if (r < 0)
                return sp_cli_fail(&e);
        return SP_EXIT_OK;
}

int sp_cmd_audit(int argc, char **argv)
{
        static const struct option longs[] = {
                { "store", required_argument, NULL, 's' },
                { "type", required_argument, NULL, 't' },
                { "help", no_argument, NULL, 'h' },
                { NULL, 0, NULL, 0 },
        };
        const char *dir = SP_CLI_STORE_DIR, *type = NULL;
        int c;

        while ((c = getopt_long(argc, argv, "hs:t:", longs, NULL)) >= 0) {
                switch (c) {
                case 's':
                        dir = optarg;
                        break;
                case 't':
                        type = optarg;
                        break;
                case 'h':
                        (void)printf("usage: %s\n", usage);
                        return SP_EXIT_OK;
                default:
                        return sp_cli_usage(usage, "that option is not known");
                }
        }
        if (optind + 1 == argc && strcmp(argv[optind], "verify") == 0 && !type)
                return verify(dir);
        if (optind + 1 == argc && strcmp(argv[optind], "export") == 0)
                return export(dir, type);
        return sp_cli_usage(usage, "what about the audit?");
}
