/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/mask/stream.h"

#include <errno.h>

const struct sp_stream_member sp_stream_query[] = {
        { "kind", false },
        { "etag", false },
        { "schema", false },
        { "jobReference", true },
        { "totalRows", true },
        { "pageToken", false },
        { "rows", false },
        { "totalBytesProcessed", true },
        { "totalBytesBilled", false },
        { "totalSlotMs", false },
        { "jobComplete", true },
        { "cacheHit", false },
        { "numDmlAffectedRows", true },
        { "dmlStats", false },
        { "queryId", false },
        { "location", false },
        { "statementType", false },
        { "creationTime", false },
        { "startTime", false },
        { "endTime", false },
        { NULL, false },
};

const struct sp_stream_member sp_stream_table_data[] = {
        { "kind", false },      { "etag", false }, { "totalRows", true },
        { "pageToken", false }, { "rows", false }, { NULL, false },
};

/* What the grammar wants next inside the innermost container. */
enum expect {
        WANT_VALUE,
        WANT_NAME, /* of an object, behind ',' */
        WANT_NAME_OR_CLOSE,
        WANT_VALUE_OR_CLOSE,
        WANT_COLON,
        WANT_COMMA_OR_CLOSE,
};

void sp_stream_init(struct sp_stream *s, const struct sp_stream_member *members)
{
        *s = (struct sp_stream){ .members = members,
                                 .expect = WANT_VALUE,
                                 .member = -1 };
        for (size_t i = 0; i < SP_STREAM_MEMBERS_MAX; i++)
                s->notes[i] = SP_BUF_INIT(SP_STREAM_NOTE_MAX);
        sp_page_init(&s->page, NULL);
}

void sp_stream_plan(struct sp_stream *s, const struct sp_page_plan *plan)
{
        s->page.plan = plan;
}

void sp_stream_done(struct sp_stream *s)
{
        for (size_t i = 0; i < SP_STREAM_MEMBERS_MAX; i++)
                sp_buf_done(&s->notes[i]);
        sp_page_done(&s->page);
}

static int bad(struct sp_stream *s, struct sp_err *e, const char *what)
{
        s->error = -EBADMSG;
        return sp_err_set(e, -EBADMSG, "answer.malformed", "",
                          "the upstream's answer is not what it should be: %s", what);
}

/* What passes is moved in runs: a call for each byte was half of a page's cost. A run never
 * spans two members, since what stands between them does not pass. */
static int flush(struct sp_stream *s, struct sp_buf *out)
{
        struct sp_str run = s->run;
        int r = 0;

        s->run = SP_STR_NULL;
        if (!run.n)
                return 0;
        if (s->members[s->member].is_noted)
                r = sp_buf_add(&s->notes[s->member], run);
        return r < 0 ? r : sp_buf_add(out, run);
}

/* The `n` bytes in hand belong to a value: they pass, and into its note, if its member does. */
static int emit(struct sp_stream *s, struct sp_buf *out, size_t n)
{
        int r = 0;

        if (s->depth == 0 || s->member < 0)
                return 0;
        if (s->run.n && s->run.p + s->run.n == s->at) {
                s->run.n += n;
                return 0;
        }
        r = flush(s, out);
        s->run = sp_str(s->at, n);
        return r;
}

/* The name of a top-level member is complete: does it pass? */
static int enter_member(struct sp_stream *s, struct sp_buf *out, struct sp_err *e)
{
        struct sp_str name = sp_str(s->name, s->name_len);
        int r = flush(s, out);

        if (r < 0)
                return r;
        s->member = -1;
        for (int i = 0; s->members[i].name; i++)
                if (sp_str_eq(name, sp_str_c(s->members[i].name)))
                        s->member = i;
        if (s->member < 0)
                return 0;
        if (s->seen & 1u << s->member)
                return bad(s, e, "a member stands twice");
        s->seen |= 1u << s->member;
        if (s->has_output_member)
                r = sp_buf_addc(out, ',');
        s->has_output_member = true;
        return r < 0 ? r : sp_buf_addf(out, "\"%s\":", s->members[s->member].name);
}

static bool is_top(const struct sp_stream *s)
{
        return s->depth == 1;
}

static int string_byte(struct sp_stream *s, struct sp_buf *out, char c,
                       struct sp_err *e)
{
        bool is_top_name = s->is_name && is_top(s);

        if ((unsigned char)c < 0x20)
                return bad(s, e, "a control character in a string");
        if (is_top_name && c == '\\')
                return bad(s, e, "an escaped member name");
        if (s->is_escape) {
                s->is_escape = false;
        } else if (c == '\\') {
                s->is_escape = true;
        } else if (c == '"') {
                s->in_string = false;
                s->expect = s->is_name ? WANT_COLON : WANT_COMMA_OR_CLOSE;
                if (is_top_name)
                        return enter_member(s, out, e);
                return emit(s, out, 1);
        }
        if (!is_top_name)
                return emit(s, out, 1);
        if (s->name_len == sizeof(s->name))
                return bad(s, e, "a member name is too long");
        s->name[s->name_len++] = c;
        return 0;
}

static int open_container(struct sp_stream *s, struct sp_buf *out, char c,
                          struct sp_err *e)
{
        int r;

        if (s->depth == 0) {
                if (c != '{')
                        return bad(s, e, "not an object");
                r = sp_buf_addc(out, '{');
        } else {
                r = emit(s, out, 1);
        }
        if (r < 0)
                return r;
        if (s->depth == SP_STREAM_DEPTH_MAX)
                return bad(s, e, "nested too deep");
        s->stack[s->depth++] = (unsigned char)c;
        s->expect = c == '{' ? WANT_NAME_OR_CLOSE : WANT_VALUE_OR_CLOSE;
        return 0;
}

static int close_container(struct sp_stream *s, struct sp_buf *out, char c,
                           struct sp_err *e)
{
        char open = c == '}' ? '{' : '[';
        int r;

        if (s->depth == 0 || s->stack[s->depth - 1] != (unsigned char)open)
                return bad(s, e, "brackets do not match");
        if (s->expect != WANT_COMMA_OR_CLOSE &&
            s->expect != (open == '{' ? WANT_NAME_OR_CLOSE : WANT_VALUE_OR_CLOSE))
                return bad(s, e, "a value is missing");
        if (is_top(s)) {
                s->depth = 0;
                s->is_done = true;
                r = flush(s, out);
                return r < 0 ? r : sp_buf_addc(out, '}');
        }
        r = emit(s, out, 1);
        s->depth--;
        s->expect = WANT_COMMA_OR_CLOSE;
        return r;
}

static int start_value(struct sp_stream *s, struct sp_buf *out, char c,
                       struct sp_err *e)
{
        if (s->expect != WANT_VALUE && s->expect != WANT_VALUE_OR_CLOSE)
                return bad(s, e, "a value where none may be");
        if (c == '{' || c == '[')
                return open_container(s, out, c, e);
        if (s->depth == 0)
                return bad(s, e, "not an object");
        if (c == '"') {
                s->in_string = true;
                s->is_name = false;
        } else {
                s->in_scalar = true;
        }
        return emit(s, out, 1);
}

static int start_name(struct sp_stream *s, struct sp_buf *out)
{
        s->in_string = true;
        s->is_name = true;
        s->name_len = 0;
        return is_top(s) ? 0 : emit(s, out, 1);
}

static bool is_blank(char c)
{
        return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_scalar_byte(char c)
{
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' ||
               c == '+' || c == '.' || c == 'E';
}

static int structure_byte(struct sp_stream *s, struct sp_buf *out, char c,
                          struct sp_err *e)
{
        switch (c) {
        case ' ':
        case '\t':
        case '\n':
        case '\r':
                return 0;
        case '}':
        case ']':
                return close_container(s, out, c, e);
        case ',':
                if (s->expect != WANT_COMMA_OR_CLOSE || s->depth == 0)
                        return bad(s, e, "a comma where none may be");
                s->expect = s->stack[s->depth - 1] == '{' ? WANT_NAME : WANT_VALUE;
                return is_top(s) ? 0 : emit(s, out, 1);
        case ':':
                if (s->expect != WANT_COLON)
                        return bad(s, e, "a colon where none may be");
                s->expect = WANT_VALUE;
                return is_top(s) ? 0 : emit(s, out, 1);
        case '"':
                if (s->expect == WANT_NAME || s->expect == WANT_NAME_OR_CLOSE)
                        return start_name(s, out);
                return start_value(s, out, c, e);
        default:
                if (c != '{' && c != '[' && !is_scalar_byte(c))
                        return bad(s, e, "a byte that is not JSON");
                return start_value(s, out, c, e);
        }
}

static int one_byte(struct sp_stream *s, struct sp_buf *out, char c, struct sp_err *e)
{
        if (s->in_string)
                return string_byte(s, out, c, e);
        if (s->in_scalar) {
                if (is_scalar_byte(c))
                        return emit(s, out, 1);
                s->in_scalar = false;
                s->expect = WANT_COMMA_OR_CLOSE;
        }
        if (s->is_done && !is_blank(c))
                return bad(s, e, "something stands behind the answer");
        return structure_byte(s, out, c, e);
}

/* The plain middle of a string: how many bytes leave the state as it is. Not where speed counts;
 * that is in the rows. */
static size_t plain_run(const struct sp_stream *s, const char *p, size_t n)
{
        size_t i = 0;

        if (!s->in_string || s->is_escape || (s->is_name && is_top(s)))
                return 0;
        while (i < n && p[i] != '"' && p[i] != '\\' && (unsigned char)p[i] >= 0x20)
                i++;
        return i;
}

/* The value of "rows" is not for this machine. */
static bool is_at_rows(const struct sp_stream *s)
{
        return s->depth == 1 && s->member >= 0 && s->expect == WANT_VALUE &&
               !s->in_scalar && strcmp(s->members[s->member].name, "rows") == 0;
}

static int rows(struct sp_stream *s, struct sp_str in, struct sp_buf *out,
                size_t *ret_n, struct sp_err *e)
{
        int r = flush(s, out);

        if (r < 0)
                return r;
        r = sp_page_push(&s->page, in, out, ret_n, e);
        s->rows = s->page.rows;
        if (r == 0 && s->page.is_done)
                s->expect = WANT_COMMA_OR_CLOSE;
        if (r < 0)
                s->error = r; /* and it told why */
        return r;
}

int sp_stream_push(struct sp_stream *s, struct sp_str in, struct sp_buf *out,
                   struct sp_err *reterr)
{
        size_t i = 0;
        int r = s->error;

        if (r < 0)
                return sp_err_set(reterr, r, "answer.malformed", "",
                                  "the upstream's answer was refused already");
        while (i < in.n && r == 0) {
                size_t run = plain_run(s, in.p + i, in.n - i);

                s->at = in.p + i;
                if (is_at_rows(s)) {
                        r = rows(s, sp_str_sub(in, i, in.n), out, &run, reterr);
                        i += run;
                        continue;
                }
                if (run)
                        r = emit(s, out, run);
                else
                        r = one_byte(s, out, in.p[i], reterr);
                i += run ? run : 1;
        }
        if (r == 0)
                r = flush(s, out);
        s->run = SP_STR_NULL; /* `in` is gone when the next push comes */
        if (r < 0 && s->error == 0) {
                s->error = r;
                return sp_err_set(reterr, r, "answer.too-large", "",
                                  "a part of the upstream's answer is too long");
        }
        return r;
}

int sp_stream_end(const struct sp_stream *s, struct sp_err *reterr)
{
        if (s->error == 0 && s->is_done)
                return 0;
        return sp_err_set(reterr, -EBADMSG, "answer.malformed", "",
                          "the upstream's answer ends too early");
}

struct sp_str sp_stream_note(const struct sp_stream *s, const char *name)
{
        for (int i = 0; s->members[i].name; i++) {
                /* a value that is still coming is not a note yet */
                bool is_open = s->member == i && !s->is_done &&
                               (s->depth > 1 || s->in_string || s->in_scalar);

                if (strcmp(s->members[i].name, name) == 0 && !is_open)
                        return sp_buf_str(&s->notes[i]);
        }
        return SP_STR_NULL;
}
