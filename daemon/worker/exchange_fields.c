/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/worker/exchange_fields.h"

#include <errno.h>

#include "daemon/base/json.h"
#include "daemon/google/hosts.h"

#define METHOD_MAX 32
#define TARGET_MAX (16 * 1024)

static bool is_tchar(unsigned char c)
{
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
               (c >= 'a' && c <= 'z') ||
               (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

bool sp_fields_is_token(struct sp_str s)
{
        for (size_t i = 0; i < s.n; i++)
                if (!is_tchar((unsigned char)s.p[i]))
                        return false;
        return s.n > 0;
}

bool sp_fields_is_value(struct sp_str s)
{
        for (size_t i = 0; i < s.n; i++) {
                unsigned char c = (unsigned char)s.p[i];

                if ((c < 0x20 && c != '\t') || c == 0x7f)
                        return false;
        }
        return true;
}

int sp_fields_method(struct sp_str method, struct sp_err *reterr)
{
        if (!sp_fields_is_token(method) || method.n > METHOD_MAX)
                return sp_err_set(reterr, -EBADMSG, "http.bad-request-line", "",
                                  "the method is not a token of at most %d bytes",
                                  METHOD_MAX);
        if (sp_str_caseeq(method, SP_STR("CONNECT")))
                return sp_err_set(reterr, -EBADMSG, "http.connect", "",
                                  "CONNECT is not served here");
        return 0;
}

int sp_fields_target(struct sp_str target, struct sp_request *r, struct sp_err *reterr)
{
        if (target.n > TARGET_MAX)
                return sp_err_set(reterr, -EMSGSIZE, "http.head-too-large", "",
                                  "request target of %zu bytes; at most %d", target.n,
                                  TARGET_MAX);
        /* absolute-form and authority-form are for proxies, asterisk-form for OPTIONS
         */
        if (!target.n || target.p[0] != '/')
                return sp_err_set(reterr, -EBADMSG, "http.bad-target", "",
                                  "the request target does not begin with '/'");
        for (size_t i = 0; i < target.n; i++) {
                unsigned char c = (unsigned char)target.p[i];

                if (c <= 0x20 || c >= 0x7f || c == '#')
                        return sp_err_set(reterr, -EBADMSG, "http.bad-target", "",
                                          "byte 0x%02x in the request target", c);
        }
        r->has_query = sp_str_cut(target, '?', &r->path, &r->query);
        return 0;
}

static int bad_authority(struct sp_err *reterr, struct sp_str raw)
{
        char shown[128];

        sp_err_escape(shown, sizeof(shown), raw);
        return sp_err_set(
                reterr, -EBADMSG, "http.bad-authority", "",
                "Host '%s' is not a name or address with port 443, 80 or none", shown);
}

int sp_fields_authority(struct sp_arena *a, struct sp_str raw, struct sp_str *ret,
                        struct sp_err *reterr)
{
        struct sp_str port = raw, canonical, copy;
        char to[256];

        if (sp_host_canonical(raw, to, &canonical) < 0)
                return bad_authority(reterr, raw);
        /* behind "]" of an IPv6 address, else behind the first colon */
        if (raw.p[0] == '[')
                (void)sp_str_cut(raw, ']', &copy, &port);
        if (sp_str_cut(port, ':', &copy, &port) && !sp_str_eq(port, SP_STR("443")) &&
            !sp_str_eq(port, SP_STR("80")))
                return bad_authority(reterr, raw);
        copy = sp_arena_str(a, canonical);
        if (!copy.p)
                return -ENOMEM;
        *ret = copy;
        return 0;
}

/* Lists by their definition (RFC 9110 §5.3), where two lines mean the same as one. */
static bool may_repeat(struct sp_str name)
{
        static const char *const lists[] = {
                "accept",    "accept-charset", "accept-encoding", "accept-language",
                "baggage",   "cache-control",  "connection",      "cookie",
                "forwarded", "if-none-match",  "pragma",          "tracestate",
                "via",       "warning",        "x-forwarded-for", "x-goog-api-client",
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(lists); i++)
                if (sp_str_eq(name, sp_str_c(lists[i])))
                        return true;
        return false;
}

static bool stands_before(const struct sp_request *r, size_t i)
{
        for (size_t j = 0; j < i; j++)
                if (sp_str_eq(r->headers[i].name, r->headers[j].name))
                        return true;
        return false;
}

int sp_fields_check(const struct sp_request *r, struct sp_err *reterr)
{
        static const char *const refused[] = {
                /* each would change the protocol or announce fields behind the body */
                "upgrade",
                "http2-settings",
                "trailer",
                "proxy-connection",
        };

        for (size_t i = 0; i < r->n_headers; i++) {
                struct sp_str name = r->headers[i].name;

                if (!may_repeat(name) && stands_before(r, i))
                        return sp_err_set(reterr, -EBADMSG, "http.duplicate-field", "",
                                          "the field '%.*s' stands twice",
                                          SP_FMT(name));
                for (size_t k = 0; k < SP_ARRAY_SIZE(refused); k++)
                        if (sp_str_eq(name, sp_str_c(refused[k])))
                                return sp_err_set(reterr, -EBADMSG,
                                                  "http.refused-field", "",
                                                  "the field '%s' is not served here",
                                                  refused[k]);
        }
        if (r->body.n && (sp_str_eq(r->method, SP_STR("GET")) ||
                          sp_str_eq(r->method, SP_STR("HEAD"))))
                return sp_err_set(reterr, -EBADMSG, "http.unexpected-body", "",
                                  "%.*s with a body", SP_FMT(r->method));
        return 0;
}

bool sp_fields_is_framing(struct sp_str name)
{
        static const char *const names[] = {
                "host",           "connection", "keep-alive", "transfer-encoding",
                "content-length", "expect",     "te",
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(names); i++)
                if (sp_str_eq(name, sp_str_c(names[i])))
                        return true;
        return false;
}

bool sp_fields_list_has(struct sp_str list, struct sp_str token)
{
        struct sp_str head, rest = list;

        while (rest.n) {
                (void)sp_str_cut(rest, ',', &head, &rest);
                if (sp_str_caseeq(sp_str_trim(head), token))
                        return true;
        }
        return false;
}

unsigned sp_fields_status(const struct sp_err *e)
{
        static const struct {
                const char *id;
                unsigned status;
        } statuses[] = {
                { "http.body-too-large", 413 }, { "http.head-too-large", 431 },
                { "http.expectation", 417 },    { "http.unknown-coding", 501 },
                { "http.version", 505 },        { "http.timeout", 408 },
        };

        for (size_t i = 0; e->id && i < SP_ARRAY_SIZE(statuses); i++)
                if (strcmp(e->id, statuses[i].id) == 0)
                        return statuses[i].status;
        return e->code == -ENOMEM || e->code == -EIO ? 503 : 400;
}

int sp_fields_error_json(struct sp_buf *to, unsigned status, struct sp_str message)
{
        struct sp_jsonw w = SP_JSONW(to);
        const char *name = status == 501   ? "UNIMPLEMENTED"
                           : status == 503 ? "UNAVAILABLE"
                           : status == 408 ? "DEADLINE_EXCEEDED"
                                           : "INVALID_ARGUMENT";

        sp_jsonw_open(&w, '{');
        sp_jsonw_key(&w, "error");
        sp_jsonw_open(&w, '{');
        sp_jsonw_ku64(&w, "code", status);
        sp_jsonw_kstr(&w, "message", message);
        sp_jsonw_kstr(&w, "status", sp_str_c(name));
        sp_jsonw_close(&w, '}');
        sp_jsonw_close(&w, '}');
        return sp_jsonw_end(&w);
}
