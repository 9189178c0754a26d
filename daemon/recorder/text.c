/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record as people and programs read it: the body, which is kept apart, is its last members.
 */
#include <errno.h>

#include "daemon/base/json.h"
#include "daemon/recorder/db.h"

static int add_piece(void *userdata, struct sp_str piece)
{
        return sp_buf_add(userdata, piece);
}

/* What is known of the body, then the body: `w` is in the record's object. */
static void put_body(struct sp_jsonw *w, const struct sp_store *s,
                     const struct sp_store_record *r, bool is_all)
{
        sp_autobuf body = SP_BUF_INIT(r->body.bytes);
        char hex[SP_SHA256_HEX_LEN + 1];
        struct sp_err e = SP_ERR_NULL;

        sp_hex(r->body.sha256, SP_SHA256_LEN, hex);
        if (is_all)
                sp_jsonw_kstr(w, "sha256", sp_str_c(hex));
        sp_jsonw_ku64(w, "body_bytes", r->body.bytes);
        sp_jsonw_kstr(w, "body_sha256", sp_str_c(hex));
        if (sp_body_read(s->dir, &r->body, add_piece, &body, &e) < 0)
                sp_jsonw_kstr(w, "body_lost", sp_str_c(e.what));
        else /* it may be cut within a character */
                sp_jsonw_kstr(w, "body", sp_str_utf8(sp_buf_str(&body)));
}

int sp_store_text(struct sp_store *s, const struct sp_store_record *r,
                  struct sp_buf *room, struct sp_str *ret)
{
        sp_cleanup(sp_arena_done) struct sp_arena a =
                SP_ARENA_INIT(SP_RECORD_ARENA_BYTES);
        const struct sp_json *truncated;
        struct sp_json *json;
        struct sp_jsonw w = SP_JSONW(room);
        int e;

        if (!r->body.bytes) {
                *ret = r->json;
                return 0;
        }
        e = sp_json_parse(&a, r->json, &json, NULL);
        if (e < 0 || json->type != SP_JSON_OBJECT)
                return e < 0 ? e : -EBADMSG;
        truncated = sp_json_get(json, "truncated");
        sp_buf_clear(room);
        sp_jsonw_open(&w, '{');
        for (const struct sp_json *m = json->first; m; m = m->next) {
                if (sp_str_starts(m->key, SP_STR("body"))) /* what is said here below */
                        continue;
                sp_jsonw_key_str(&w, m->key);
                sp_jsonw_node(&w, m);
        }
        put_body(&w, s, r,
                 truncated && truncated->type == SP_JSON_FALSE &&
                         !sp_json_get(json, "sha256"));
        sp_jsonw_close(&w, '}');
        e = sp_jsonw_end(&w);
        if (e == 0)
                *ret = sp_buf_str(room);
        return e;
}
