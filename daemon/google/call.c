/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/google/call.h"

#include <errno.h>

#include "daemon/google/methods.h"
#include "daemon/google/read.h"
#include "daemon/google/storage.h"

const char *sp_handling_name(enum sp_handling h)
{
        static const char *const names[] = { "deny", "query", "own-job", "own-table",
                                             "read", "write", "filter",  "local" };

        return (size_t)h < SP_ARRAY_SIZE(names) ? names[h] : NULL;
}

/* One Google certificate covers all Google names and any front end answers for any of
 * them: only the name inside TLS, equal to the one in the request, says which API is
 * meant. */
static int check_host(const struct sp_request *r, struct sp_call *ret,
                      struct sp_err *reterr)
{
        bool is_tls = sp_str_eq(r->scheme, SP_STR("https"));
        char buffer[254];
        struct sp_str sni;

        ret->service = sp_host_service(r->authority);
        if (is_tls && (sp_host_canonical(r->sni, buffer, &sni) < 0 ||
                       !sp_str_eq(sni, r->authority)))
                return sp_err_set(reterr, -EPERM, "request.sni-mismatch", "",
                                  "the connection was opened for '%.*s', the request "
                                  "is for '%.*s'",
                                  SP_FMT(r->sni), SP_FMT(r->authority));
        if (is_tls == (ret->service == SP_SERVICE_METADATA) ||
            (!is_tls && !sp_str_eq(r->scheme, SP_STR("http"))))
                return sp_err_set(reterr, -EPERM, "request.scheme", "",
                                  "%.*s is not served over %.*s", SP_FMT(r->authority),
                                  SP_FMT(r->scheme));
        return 0;
}

static int not_offered(const struct sp_call *c, struct sp_err *reterr)
{
        const char *why = sp_method_why(c->action);

        return sp_err_set(reterr, -EPERM, "api.not-offered", "",
                          "%s is recognised but not offered here%s%s%s", c->action,
                          why ? " (" : "", why ? why : "", why ? ")" : "");
}

/* A body where the method has none is a smuggling form or a mistake; "{}" is what some
 * libraries send with every POST. */
static int check_no_body(const struct sp_request *r, const struct sp_call *c,
                         struct sp_err *reterr)
{
        if (r->body.n == 0 ||
            (sp_str_eq(r->method, SP_STR("POST")) && sp_str_eq(r->body, SP_STR("{}"))))
                return 0;
        return sp_err_set(reterr, -EPERM, "request.unexpected-body", "",
                          "%s has no request body", c->action);
}

static int read_body(struct sp_arena *a, const struct sp_request *r,
                     struct sp_call *ret, struct sp_err *reterr)
{
        bool is_write = ret->handling == SP_HANDLING_WRITE;
        struct sp_json *body = NULL;
        int e;

        /* forms and OIDC tokens: sp_token_request_read */
        if (ret->local == SP_LOCAL_OAUTH_TOKEN || ret->local == SP_LOCAL_STS_TOKEN ||
            ret->local == SP_LOCAL_IAM_ACCESS_TOKEN)
                return 0;
        if (sp_method_has_body(ret->action))
                e = sp_read_body(a, r, &body, reterr);
        else
                e = check_no_body(r, ret, reterr);
        if (e == 0 && is_write)
                e = sp_read_write(a, r, body, ret, reterr);
        else if (e == 0 && body)
                e = sp_read_query(a, body, ret, reterr);
        return e;
}

int sp_call_recognise(struct sp_arena *a, const struct sp_request *r,
                      struct sp_call *ret, struct sp_err *reterr)
{
        struct sp_str text, object;
        struct sp_url_path path;
        int e;

        *ret = (struct sp_call){ 0 };
        e = check_host(r, ret, reterr);
        if (e == 0)
                e = sp_storage_path(a, r, ret->service, &text, &object, reterr);
        if (e == 0)
                e = sp_url_path_read(a, text, &path, reterr);
        if (e == 0)
                ret->object = object;
        if (e == 0)
                e = sp_method_find(a, r, &path, ret, reterr);
        if (e == 0 && ret->handling == SP_HANDLING_DENY)
                e = not_offered(ret, reterr);
        if (e == 0)
                e = sp_read_headers(r, ret, reterr);
        if (e == 0)
                e = sp_read_parameters(a, r, ret, reterr);
        if (e == 0)
                e = read_body(a, r, ret, reterr);
        if (e == -ENOMEM)
                return sp_err_set(reterr, e, "request.too-large", "",
                                  "the request needs more memory than one may use");
        return e;
}
