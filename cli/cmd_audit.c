/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>

#include "cli/cli.h"
#include "cli/store_dir.h"
#include "daemon/base/digest.h"

static const char usage[] = "sallyctl audit verify [--store DIR]";

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

int sp_cmd_audit(int argc, char **argv)
{
        static const struct option longs[] = {
                { "store", required_argument, NULL, 's' },
                { "help", no_argument, NULL, 'h' },
                { NULL, 0, NULL, 0 },
        };
        const char *dir = SP_CLI_STORE_DIR;
        int c;

        while ((c = getopt_long(argc, argv, "hs:", longs, NULL)) >= 0) {
                switch (c) {
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
        if (optind + 1 != argc || strcmp(argv[optind], "verify") != 0)
                return sp_cli_usage(usage, "what about the audit?");
        return verify(dir);
}
