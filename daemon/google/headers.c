/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/google/read.h"

#include <errno.h>

/* Headers that make a request mean something else than its method, path and body say,
 * or that carry a credential. Anything not named here is ignored: no header of a client
 * is ever forwarded. */
static const struct refused {
        const char *prefix, *why;
} refused[] = {
        { "x-http-method", "it overrides the method" },
        { "x-method-override", "it overrides the method" },
        { "x-goog-fieldmask", "it changes the answer" },
        { "x-goog-api-key", "it is a credential" },
        { "x-goog-iam-", "it is a credential" },
        { "x-goog-upload-", "uploads are not offered" },
        { "x-upload-content-", "uploads are not offered" },
        { "upgrade", "the protocol cannot be changed" },
        { "http2-settings", "the protocol cannot be changed" },
};

static int refuse(struct sp_str name, const char *why, struct sp_err *reterr)
{
        return sp_err_set(reterr, -EPERM, "request.header", "",
                          "the header %.*s is not accepted: %s",
                          SP_FMT(sp_str_sub(name, 0, 64)), why);
}

static int check_one(const struct sp_header *h, const struct sp_call *c,
                     struct sp_err *reterr)
{
        for (size_t i = 0; i < SP_ARRAY_SIZE(refused); i++) {
                struct sp_str prefix = sp_str_c(refused[i].prefix);

                /* "upgrade" is a whole name; upgrade-insecure-requests is harmless */
                if (sp_str_eq(prefix, SP_STR("upgrade"))
                            ? sp_str_eq(h->name, prefix)
                            : sp_str_starts(h->name, prefix))
                        return refuse(h->name, refused[i].why, reterr);
        }
        if (sp_str_eq(h->name, SP_STR("expect")) &&
            !sp_str_caseeq(h->value, SP_STR("100-continue")))
                return refuse(h->name, "only 100-continue is known", reterr);
        if (c->object.n && sp_str_eq(h->name, SP_STR("range")))
                return refuse(h->name, "an object is read as a whole", reterr);
        if (sp_str_eq(h->name, SP_STR("content-encoding")) &&
            !sp_str_caseeq(h->value, SP_STR("gzip")) &&
            !sp_str_caseeq(h->value, SP_STR("identity")))
                return refuse(h->name, "only gzip and identity are known", reterr);
        /* who pays is decided by the gateway; clients that repeat the path's project
         * say nothing new */
        if (sp_str_eq(h->name, SP_STR("x-goog-user-project")) && c->project.n &&
            !sp_str_eq(h->value, c->project))
                return refuse(h->name, "it names another project than the path",
                              reterr);
        return 0;
}

int sp_read_headers(const struct sp_request *r, const struct sp_call *c,
                    struct sp_err *reterr)
{
        for (size_t i = 0; i < r->n_headers; i++) {
                int e = check_one(&r->headers[i], c, reterr);

                if (e < 0)
                        return e;
        }
        return 0;
}
