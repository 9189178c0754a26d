/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/integration/store_tool — makes record stores for tests.
 *
 *   store_tool append DIR PAUSE_MS   records from stdin, one JSON object a line
 *   store_tool full DIR FILLER       appends until the disk is full, removes the file
 *                                    FILLER, and appends again: prints
 *                                    "full after N, then M, verified V"
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/base/json.h"
#include "daemon/recorder/store.h"

static int append(struct sp_store *s, struct sp_str json, struct sp_err *e)
{
        sp_cleanup(sp_arena_done) struct sp_arena arena = SP_ARENA_INIT(64u << 20);
        sp_cleanup(sp_store_batch_freep) struct sp_store_batch *b = NULL;
        struct sp_json *object;
        int r = sp_json_parse(&arena, json, &object, e);

        if (r == 0)
                r = sp_store_batch_new(s, &b, e);
        if (r == 0)
                r = sp_store_append(b, sp_json_get_str(object, "session"), json, NULL);
        return r < 0 ? r : sp_store_commit(b, e);
}

static int append_lines(struct sp_store *s, unsigned pause_ms, struct sp_err *e)
{
        char *line = NULL;
        size_t size = 0;
        ssize_t n;
        int r = 0;

        while (r == 0 && (n = getline(&line, &size, stdin)) > 1) {
                r = append(s, sp_str(line, (size_t)n - 1), e);
                usleep(pause_ms * 1000);
        }
        free(line);
        return r;
}

static int fill(struct sp_store *s, const char *filler, struct sp_err *e)
{
        sp_autobuf json = SP_BUF_INIT(1u << 20);
        unsigned before = 0, after = 0;
        uint64_t verified = 0;
        int r = sp_buf_addf(&json, "{\"type\":\"start\",\"text\":\"");

        /* random, or it would be compressed away */
        for (size_t i = 0; r == 0 && i < 4096; i++)
                r = sp_buf_addf(&json, "%08lx", random());
        if (r == 0)
                r = sp_buf_addf(&json, "\"}");
        while (r == 0 && before < 100000) {
                r = append(s, sp_buf_str(&json), e);
                before += r == 0;
        }
        if (r != -ENOSPC || unlink(filler) < 0)
                return r < 0 ? r : -EIO;
        for (int i = 0; i < 20; i++) {
                r = append(s, sp_buf_str(&json), e);
                if (r < 0)
                        return r;
                after++;
        }
        r = sp_store_verify(s, &verified, e);
        if (r == 0)
                printf("full after %u, then %u, verified %llu\n", before, after,
                       (unsigned long long)verified);
        return r;
}

int main(int argc, char **argv)
{
        const struct sp_store_options o = { 0 };
        struct sp_store *s = NULL;
        struct sp_err e = SP_ERR_NULL;
        int r = -EINVAL;

        if (argc == 4)
                r = sp_store_open(argv[2], &o, &s, &e);
        if (r == 0 && strcmp(argv[1], "append") == 0)
                r = append_lines(s, (unsigned)atoi(argv[3]), &e);
        else if (r == 0)
                r = fill(s, argv[3], &e);
        sp_store_close(s);
        if (r < 0)
                fprintf(stderr, "store_tool: %d %s\n", r, e.what);
        return r < 0;
}
