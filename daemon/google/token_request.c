/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "daemon/base/json.h"
#include "daemon/google/oidc.h"
#include "daemon/google/url.h"

#define BODY_MAX (64u * 1024)

static const struct field {
        const char *form, *json; /* sts takes both spellings in JSON */
        size_t offset;
} fields[] = {
        { "grant_type", "grantType", offsetof(struct sp_token_request, grant_type) },
        { "subject_token", "subjectToken",
          offsetof(struct sp_token_request, subject_token) },
        { "subject_token_type", "subjectTokenType",
          offsetof(struct sp_token_request, subject_token_type) },
        { "assertion", "assertion", offsetof(struct sp_token_request, assertion) },
        { "scope", "scope", offsetof(struct sp_token_request, scope) },
};

/* Members that are not read here (audience, client_id, options, delegates …) change
 * nothing: the daemon's own token is all that can come out. */
static int take(struct sp_token_request *t, struct sp_str name, bool is_json,
                struct sp_str value, struct sp_err *reterr)
{
        for (size_t i = 0; i < SP_ARRAY_SIZE(fields); i++) {
                struct sp_str *to = (void *)((char *)t + fields[i].offset);

                if (!sp_str_eq(name, sp_str_c(fields[i].form)) &&
                    !(is_json && sp_str_eq(name, sp_str_c(fields[i].json))))
                        continue;
                if (to->p)
                        return sp_err_set(reterr, -EINVAL, "request.token", "",
                                          "the token request has %s twice",
                                          fields[i].form);
                *to = value;
                return 0;
        }
        return 0;
}

static int read_form(struct sp_arena *a, struct sp_str body,
                     struct sp_token_request *ret, struct sp_err *reterr)
{
        struct sp_header *all = NULL;
        size_t n = 0;
        int e = sp_url_query_read(a, body, BODY_MAX, &all, &n, reterr);

        for (size_t i = 0; e == 0 && i < n; i++)
                e = take(ret, all[i].name, false, all[i].value, reterr);
        return e;
}

static int read_json(struct sp_arena *a, struct sp_str body,
                     struct sp_token_request *ret, struct sp_err *reterr)
{
        struct sp_json *o;
        int e = sp_json_parse(a, body, &o, reterr);

        if (e < 0)
                return e;
        if (o->type != SP_JSON_OBJECT)
                return sp_err_set(reterr, -EINVAL, "request.token", "",
                                  "the token request is no JSON object");
        for (const struct sp_json *m = o->first; m && e == 0; m = m->next)
                if (m->type == SP_JSON_STRING) /* scope may be an array: not needed */
                        e = take(ret, m->key, true, m->text, reterr);
        return e;
}

int sp_token_request_read(struct sp_arena *a, struct sp_str content_type,
                          struct sp_str body, struct sp_token_request *ret,
                          struct sp_err *reterr)
{
        struct sp_token_request out = { .scope = SP_STR_NULL };
        struct sp_str type, parameters;
        int e;

        if (body.n > BODY_MAX)
                return sp_err_set(reterr, -EINVAL, "request.too-large", "",
                                  "a token request has at most %u bytes", BODY_MAX);
        (void)sp_str_cut(content_type, ';', &type, &parameters);
        type = sp_str_trim(type);
        if (sp_str_caseeq(type, SP_STR("application/x-www-form-urlencoded")))
                e = read_form(a, body, &out, reterr);
        else if (sp_str_caseeq(type, SP_STR("application/json")))
                e = read_json(a, body, &out, reterr);
        else
                e = sp_err_set(reterr, -EPERM, "request.content-type", "",
                               "a token request is a form or JSON, not '%.*s'",
                               SP_FMT(sp_str_sub(type, 0, 64)));
        if (e < 0)
                return e;
        *ret = out;
        return 0;
}
