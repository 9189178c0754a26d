/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/json — whole JSON texts: a strict reader into an arena and a writer into a buffer.
 *
 * Job:       read one RFC 8259 text so that it has one meaning: duplicate keys, depth over
 *            the limit, NUL, lone surrogates, invalid UTF-8, a BOM and trailing bytes are
 *            errors. Large bodies that only stream through are mask/'s business.
 * Ownership: nodes and strings belong to the arena; number text borrows from the input.
 * Errors:    -EINVAL with id "json.*" and line:column, -ENOMEM.
 * Limits:    depth 64, arena size.
 */
#pragma once

#include "daemon/base/arena.h"
#include "daemon/base/buf.h"
#include "daemon/base/err.h"

#define SP_JSON_DEPTH_MAX 64

enum sp_json_type {
        SP_JSON_NULL,
        SP_JSON_FALSE,
        SP_JSON_TRUE,
        SP_JSON_NUMBER, /* text kept as written */
        SP_JSON_STRING, /* decoded */
        SP_JSON_ARRAY,
        SP_JSON_OBJECT,
};

struct sp_json {
        enum sp_json_type type;
        unsigned line, column;
        struct sp_str key; /* decoded; of a member of an object */
        struct sp_str text; /* of a number or string */
        struct sp_json *first, *next; /* children of an array or object; siblings */
        size_t count; /* children */
};

sp_must_check int sp_json_parse(struct sp_arena *a, struct sp_str text,
                                struct sp_json **ret, struct sp_err *reterr);
/* NULL when `o` is NULL, no object, or has no such member. */
struct sp_json *sp_json_get(const struct sp_json *o, const char *key);
/* The string of member `key`, or the empty string if absent or of another type. */
struct sp_str sp_json_get_str(const struct sp_json *o, const char *key);

/* For those who read strings as they stand in a text: the escape that `s` begins with, both
 * halves of a surrogate pair as one; which character it is, and how many bytes of text.
 * -EINVAL: none of RFC 8259's; -EILSEQ: half of a pair. */
sp_must_check int sp_json_escape(struct sp_str s, uint32_t *ret, size_t *ret_n);
/* `c` in UTF-8, up to 4 bytes; returns the place behind it. */
char *sp_json_put_utf8(char *to, uint32_t c);

/*
 * The writer puts in commas and escapes. It remembers the first failure (`error`) and
 * does nothing after it, so callers check once, at the end, with sp_jsonw_end.
 */
struct sp_jsonw {
        struct sp_buf *to;
        int error;
        bool needs_comma;
};

#define SP_JSONW(buf) ((struct sp_jsonw){ .to = (buf) })
void sp_jsonw_open(struct sp_jsonw *w, char bracket); /* '{' or '[' */
void sp_jsonw_close(struct sp_jsonw *w, char bracket);
void sp_jsonw_key(struct sp_jsonw *w, const char *key);
void sp_jsonw_key_str(struct sp_jsonw *w, struct sp_str key);
void sp_jsonw_str(struct sp_jsonw *w, struct sp_str s); /* invalid UTF-8: -EILSEQ */
void sp_jsonw_bool(struct sp_jsonw *w, bool b);
void sp_jsonw_null(struct sp_jsonw *w);
void sp_jsonw_u64(struct sp_jsonw *w, uint64_t v);
void sp_jsonw_i64(struct sp_jsonw *w, int64_t v);
void sp_jsonw_number(struct sp_jsonw *w, struct sp_str text); /* as parsed */
void sp_jsonw_raw(struct sp_jsonw *w, struct sp_str json); /* a value already written */
void sp_jsonw_node(struct sp_jsonw *w,
                   const struct sp_json *node); /* a copy of a tree */
sp_must_check int sp_jsonw_end(const struct sp_jsonw *w);
/* key and value in one call */
void sp_jsonw_kstr(struct sp_jsonw *w, const char *key, struct sp_str s);
void sp_jsonw_ku64(struct sp_jsonw *w, const char *key, uint64_t v);
void sp_jsonw_kbool(struct sp_jsonw *w, const char *key, bool b);
