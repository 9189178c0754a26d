/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store that somebody else wrote: any bytes as the value of a record, and any bytes as the file
 * of its body. What is read has a body only if the file holds, at its place, what the digest of
 * the record says, and is one JSON object in any case.
 * Input: length of the value (16 bits), value, file.
 */
#include <stdio.h>
#include <stdlib.h>

#include "daemon/base/json.h"
#include "daemon/recorder/db.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[64], path[128];

static void remove_all(void)
{
        (void)unlink(path);
        (void)rmdir(dir);
}

static void write_file(struct sp_str content)
{
        FILE *f;

        if (!dir[0]) {
                (void)snprintf(dir, sizeof(dir), "/dev/shm/sp-fuzz-XXXXXX");
                if (!mkdtemp(dir))
                        abort();
                (void)snprintf(path, sizeof(path), "%s/body-00000001", dir);
                (void)atexit(remove_all);
        }
        f = fopen(path, "w");
        if (!f || fwrite(content.p, 1, content.n, f) != content.n || fclose(f) != 0)
                abort();
}

static void check(const struct sp_store_record *r, struct sp_str file,
                  struct sp_str text)
{
        sp_cleanup(sp_arena_done) struct sp_arena a = SP_ARENA_INIT(64 << 20);
        struct sp_str at = sp_str_sub(file, (size_t)r->body.at, (size_t)r->body.bytes);
        uint8_t hash[SP_SHA256_LEN];
        struct sp_json *json;

        if (!r->body.bytes)
                return; /* the record's own text, whatever it is */
        if (sp_json_parse(&a, text, &json, NULL) < 0 || json->type != SP_JSON_OBJECT)
                abort();
        if (sp_json_get(json, "body_lost"))
                return;
        if (r->body.file != 1 || at.n != r->body.bytes || sp_sha256(at, hash) < 0 ||
            memcmp(hash, r->body.sha256, sizeof(hash)) != 0 ||
            !sp_str_eq(sp_json_get_str(json, "body"), sp_str_utf8(at)))
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct sp_str in = sp_str((const char *)data, size), value, file, text;
        sp_autobuf room = SP_BUF_INIT(64 << 20);
        struct sp_store_record r;
        struct sp_store s = { 0 };
        char again[SP_CHAIN_PREFIX_MAX];
        size_t n;

        if (size < 2)
                return 0;
        n = (size_t)data[0] << 8 | data[1];
        value = sp_str_sub(in, 2, n);
        file = sp_str_sub(in, 2 + value.n, in.n);
        if (sp_chain_decode(1, value, &r) < 0)
                return 0;
        n = sp_chain_encode(&r, again);
        if (n > value.n || memcmp(again, value.p, n) != 0 || r.json.n != value.n - n)
                abort();
        write_file(file);
        s.dir = dir;
        if (sp_store_text(&s, &r, &room, &text) == 0)
                check(&r, file, text);
        return 0;
}
