/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/mask/stream.h"

#include <errno.h>

/* What the grammar wants next inside the innermost container. */
enum expect {
        WANT_VALUE,
        WANT_NAME, /* of an object, behind ',' */
        WANT_NAME_OR_CLOSE,
        WANT_VALUE_OR_CLOSE,
        WANT_COLON,
        WANT_COMMA_OR_CLOSE,
};

void sp_stream_init(struct sp_stream *s, const struct sp_stream_hooks *hooks,
                    void *userdata)
{
        *s = (struct sp_stream){ .hooks = hooks,
                                 .userdata = userdata,
                                 .expect = WANT_VALUE,
                                 .member = -1,
                                 .value = SP_BUF_INIT(SP_STREAM_VALUE_MAX),
                                 .rebuilt = SP_BUF_INIT(SP_STREAM_VALUE_MAX) };
        sp_page_init(&s->page, NULL);
}

void sp_stream_plan(struct sp_stream *s, const struct sp_page_plan *plan)
{
        s->page.plan = plan;
}

void sp_stream_done(struct sp_stream *s)
{
        sp_buf_done(&s->value);
        sp_buf_done(&s->rebuilt);
        sp_page_done(&s->page);
}

static int bad(struct sp_stream *s, struct sp_err *e, const char *what)
{
        s->error = -EBADMSG;
        return sp_err_set(e, -EBADMSG, "answer.malformed", "",
                          "the upstream's answer is not what it should be: %s", what);
}

static bool is_top(const struct sp_stream *s)
{
        return s->depth == 1;
}

/* Bytes of a value. What is dropped is read all the same: it must be JSON's. */
static int collect(struct sp_stream *s, const char *p, size_t n)
{
        return s->depth && s->member >= 0 ? sp_buf_add(&s->value, sp_str(p, n)) : 0;
}

static int put_member(struct sp_stream *s, struct sp_buf *out)
{
        int r = s->has_output_member ? sp_buf_addc(out, ',') : 0;

        s->has_output_member = true;
        if (r == 0)
                r = sp_buf_addc(out, '"');
        if (r == 0)
                r = sp_buf_add(out, sp_str(s->name, s->name_len));
        return r < 0 ? r : sp_buf_add(out, SP_STR("\":"));
}

/* The value in hand is complete. */
static int end_value(struct sp_stream *s, struct sp_buf *out, struct sp_err *e)
{
        int r;

        s->expect = WANT_COMMA_OR_CLOSE;
        if (!is_top(s) || s->member < 0)
                return 0;
        sp_buf_clear(&s->rebuilt);
        r = s->hooks->value(s->userdata, s->member, sp_buf_str(&s->value), &s->rebuilt,
                            e);
        sp_buf_clear(&s->value);
        if (r < 0 && r != -ENOBUFS)
                s->error = r; /* and it told why */
        if (r)
                return SP_MIN(r, 0);
        r = put_member(s, out);
        return r < 0 ? r : sp_buf_add(out, sp_buf_str(&s->rebuilt));
}

/* The name of a top-level member is complete: is it known? */
static int enter_member(struct sp_stream *s, struct sp_buf *out, struct sp_err *e)
{
        s->member = s->hooks->find(s->userdata, sp_str(s->name, s->name_len));
        if (s->member < 0)
                return 0;
        if (s->seen & UINT64_C(1) << s->member)
                return bad(s, e, "a member stands twice");
        s->seen |= UINT64_C(1) << s->member;
        if (s->member != SP_STREAM_ROWS)
                return 0;
        return put_member(s, out);
}

static int end_string(struct sp_stream *s, struct sp_buf *out, struct sp_err *e)
{
        int r;

        s->in_string = false;
        if (s->is_name && is_top(s)) {
                s->expect = WANT_COLON;
                return enter_member(s, out, e);
        }
        r = collect(s, "\"", 1);
        if (r == 0 && s->is_name)
                s->expect = WANT_COLON;
        else if (r == 0)
                r = end_value(s, out, e);
        return r;
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
                return end_string(s, out, e);
        }
        if (!is_top_name)
                return collect(s, &c, 1);
        if (s->name_len == sizeof(s->name))
                return bad(s, e, "a member name is too long");
        s->name[s->name_len++] = c;
        return 0;
}

static int open_container(struct sp_stream *s, struct sp_buf *out, char c,
                          struct sp_err *e)
{
        int r;

        if (s->depth == 0 && c != '{')
                return bad(s, e, "not an object");
        r = s->depth ? collect(s, &c, 1) : sp_buf_addc(out, '{');
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
                return sp_buf_addc(out, '}');
        }
        r = collect(s, &c, 1);
        s->depth--;
        return r < 0 ? r : end_value(s, out, e);
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
        return collect(s, &c, 1);
}

static int start_name(struct sp_stream *s)
{
        s->in_string = true;
        s->is_name = true;
        if (!is_top(s))
                return collect(s, "\"", 1);
        s->name_len = 0;
        return 0;
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
                return is_top(s) ? 0 : collect(s, &c, 1);
        case ':':
                if (s->expect != WANT_COLON)
                        return bad(s, e, "a colon where none may be");
                s->expect = WANT_VALUE;
                return is_top(s) ? 0 : collect(s, &c, 1);
        case '"':
                if (s->expect == WANT_NAME || s->expect == WANT_NAME_OR_CLOSE)
                        return start_name(s);
                return start_value(s, out, c, e);
        default:
                if (c != '{' && c != '[' && !is_scalar_byte(c))
                        return bad(s, e, "a byte that is not JSON");
                return start_value(s, out, c, e);
        }
}

static int one_byte(struct sp_stream *s, struct sp_buf *out, char c, struct sp_err *e)
{
        int r;

        if (s->in_string)
                return string_byte(s, out, c, e);
        if (s->in_scalar && is_scalar_byte(c))
                return collect(s, &c, 1);
        if (s->in_scalar) {
                s->in_scalar = false;
                r = end_value(s, out, e);
                if (r < 0)
                        return r;
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
        return is_top(s) && s->member == SP_STREAM_ROWS && s->expect == WANT_VALUE;
}

static int rows(struct sp_stream *s, struct sp_str in, struct sp_buf *out,
                size_t *ret_n, struct sp_err *e)
{
        int r = sp_page_push(&s->page, in, out, ret_n, e);

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

                if (is_at_rows(s)) {
                        r = rows(s, sp_str_sub(in, i, in.n), out, &run, reterr);
                        i += run;
                        continue;
                }
                if (run)
                        r = collect(s, in.p + i, run);
                else
                        r = one_byte(s, out, in.p[i], reterr);
                i += run ? run : 1;
        }
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
