/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/google/oidc.h"

#include <errno.h>

#include <jwt.h>

#include "daemon/base/digest.h"
#include "daemon/base/json.h"
#include "daemon/google/jwks.h"

#define TOKEN_MAX (16u * 1024)
#define SKEW_S 60u
#define LIFETIME_MAX_S (366u * 24 * 3600)
#define TIME_MAX_S UINT64_C(253402300799) /* the end of the year 9999 */
#define GROUPS_MAX 256

struct token {
        struct sp_str text; /* NUL-terminated */
        struct sp_json *header, *claims;
};

static int refuse(struct sp_err *reterr, const char *id, const char *what)
{
        return sp_err_set(reterr, -EACCES, id, "", "%s", what);
}

static int read_part(struct sp_arena *a, struct sp_str part, struct sp_json **ret)
{
        sp_autobuf raw = SP_BUF_INIT(TOKEN_MAX);
        struct sp_str text;
        int e = sp_base64url_decode(&raw, part);

        if (e < 0)
                return e;
        text = sp_arena_str(a, sp_buf_str(&raw)); /* numbers borrow from their text */
        if (!text.p)
                return -ENOMEM;
        e = sp_json_parse(a, text, ret, NULL);
        if (e == 0 && (*ret)->type != SP_JSON_OBJECT)
                e = -EINVAL;
        return e;
}

/* header.claims.signature, each strict base64url. */
static int read_token(struct sp_arena *a, struct sp_str text, struct token *ret,
                      struct sp_err *reterr)
{
        sp_autobuf signature = SP_BUF_INIT(TOKEN_MAX);
        struct sp_str header, claims, rest, sig, more;
        int e;

        if (text.n == 0 || text.n > TOKEN_MAX)
                return refuse(reterr, "identity.malformed",
                              "the OIDC token is empty or longer than 16 KiB");
        if (!sp_str_cut(text, '.', &header, &rest) ||
            !sp_str_cut(rest, '.', &claims, &sig) ||
            sp_str_cut(sig, '.', &sig, &more) || sig.n == 0)
                return refuse(reterr, "identity.malformed",
                              "the OIDC token is not header.claims.signature");
        e = read_part(a, header, &ret->header);
        if (e == 0)
                e = read_part(a, claims, &ret->claims);
        if (e == 0)
                e = sp_base64url_decode(&signature, sig);
        ret->text = sp_arena_str(a, text);
        if (e == -ENOMEM || !ret->text.p)
                return -ENOMEM;
        if (e < 0)
                return refuse(
                        reterr, "identity.malformed",
                        "the OIDC token is not base64url of JSON with one meaning");
        return 0;
}

/* Before any key is looked at: what the header may say at all. */
static int check_header(const struct sp_json *h, enum sp_jwk_type *ret,
                        struct sp_err *reterr)
{
        static const char *const refused[] = { "crit", "jwk", "jku", "x5u",
                                               "x5c",  "b64", "zip", "enc" };
        struct sp_str alg = sp_json_get_str(h, "alg");
        const struct sp_json *typ = sp_json_get(h, "typ");

        for (size_t i = 0; i < SP_ARRAY_SIZE(refused); i++)
                if (sp_json_get(h, refused[i]))
                        return sp_err_set(reterr, -EACCES, "identity.header", "",
                                          "the OIDC token's header has \"%s\"",
                                          refused[i]);
        if (typ && !sp_str_eq(sp_json_get_str(h, "typ"), SP_STR("JWT")))
                return refuse(reterr, "identity.header",
                              "the OIDC token's typ is not JWT");
        if (sp_str_eq(alg, SP_STR("RS256")))
                *ret = SP_JWK_RS256;
        else if (sp_str_eq(alg, SP_STR("ES256")))
                *ret = SP_JWK_ES256;
        else
                return refuse(reterr, "identity.algorithm",
                              "the OIDC token is not signed with RS256 or ES256");
        return 0;
}

static bool verify_with(const struct sp_jwk *key, const struct token *t)
{
        jwt_t *jwt = NULL;
        bool ok;

        ok = jwt_decode(&jwt, t->text.p, (const unsigned char *)key->pem,
                        (int)key->pem_len) == 0 &&
             jwt_get_alg(jwt) ==
                     (key->type == SP_JWK_RS256 ? JWT_ALG_RS256 : JWT_ALG_ES256);
        if (jwt)
                jwt_free(jwt);
        return ok;
}

/* `kid` only chooses among the issuer's own keys, and only among those of the
 * algorithm's type; without one the choice must be clear. */
static int check_signature(const struct token *t, const struct sp_jwks *keys,
                           enum sp_jwk_type type, struct sp_err *reterr)
{
        const struct sp_json *kid = sp_json_get(t->header, "kid");
        size_t candidates = 0;
        bool is_verified = false;

        if (kid && (kid->type != SP_JSON_STRING || kid->text.n == 0))
                return refuse(reterr, "identity.header",
                              "the OIDC token's kid is no string");
        for (size_t i = 0; i < keys->n; i++) {
                const struct sp_jwk *k = &keys->keys[i];

                if (k->type != type || (kid && !sp_str_eq(kid->text, sp_str_c(k->kid))))
                        continue;
                candidates++;
                if (kid || candidates == 1)
                        is_verified = is_verified || verify_with(k, t);
        }
        if (candidates == 0 || (!kid && candidates > 1))
                return refuse(reterr, "identity.unknown-key",
                              "the OIDC token names no key of its issuer");
        if (!is_verified)
                return refuse(reterr, "identity.signature",
                              "the OIDC token's signature does not fit");
        return 0;
}

/* Seconds as an integer; a fraction or an exponent would be read differently elsewhere.
 */
static int read_time(const struct sp_json *claims, const char *name, bool is_required,
                     uint64_t *ret, struct sp_err *reterr)
{
        const struct sp_json *m = sp_json_get(claims, name);

        if (!m && !is_required)
                return 0;
        if (!m || m->type != SP_JSON_NUMBER || sp_str_u64(m->text, ret) < 0 ||
            *ret > TIME_MAX_S)
                return sp_err_set(reterr, -EACCES, "identity.time", "",
                                  "the OIDC token's %s is missing or no time", name);
        return 0;
}

static int check_times(const struct sp_json *claims, uint64_t now_s, uint64_t *ret_exp,
                       struct sp_err *reterr)
{
        uint64_t exp = 0, iat = 0, nbf = 0;
        int e;

        e = read_time(claims, "exp", true, &exp, reterr);
        if (e == 0)
                e = read_time(claims, "iat", true, &iat, reterr);
        if (e == 0)
                e = read_time(claims, "nbf", false, &nbf, reterr);
        if (e < 0)
                return e;
        if (exp <= iat || exp - iat > LIFETIME_MAX_S)
                return refuse(reterr, "identity.time",
                              "the OIDC token's exp is not after its iat, or over a "
                              "year after it");
        if (now_s >= exp + SKEW_S)
                return refuse(reterr, "identity.expired", "the OIDC token has expired");
        if (nbf > now_s + SKEW_S || iat > now_s + SKEW_S)
                return refuse(reterr, "identity.not-yet-valid",
                              "the OIDC token is not valid yet");
        *ret_exp = exp;
        return 0;
}

static int check_audience(const struct sp_json *claims, struct sp_str audience,
                          struct sp_err *reterr)
{
        const struct sp_json *aud = sp_json_get(claims, "aud");
        bool found = false;

        if (aud && aud->type == SP_JSON_STRING)
                found = sp_str_eq(aud->text, audience);
        else if (aud && aud->type == SP_JSON_ARRAY)
                for (const struct sp_json *m = aud->first; m; m = m->next) {
                        if (m->type != SP_JSON_STRING)
                                return refuse(reterr, "identity.audience",
                                              "the OIDC token's aud holds no strings");
                        found = found || sp_str_eq(m->text, audience);
                }
        if (!found || audience.n == 0)
                return refuse(reterr, "identity.audience",
                              "the OIDC token is for another audience");
        /* OIDC Core §3.1.3.7: with several audiences, azp says whose it is */
        if (aud->type == SP_JSON_ARRAY && aud->count > 1 &&
            !sp_str_eq(sp_json_get_str(claims, "azp"), audience))
                return refuse(
                        reterr, "identity.audience",
                        "the OIDC token has several audiences and its azp is another");
        return 0;
}

/* Names become fields of records and lines of lists: no control bytes. */
static bool is_name(struct sp_str s, size_t max)
{
        for (size_t i = 0; i < s.n; i++)
                if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7F)
                        return false;
        return s.n > 0 && s.n <= max;
}

static int read_groups(struct sp_arena *a, const struct sp_json *claims,
                       struct sp_str name, struct sp_person *ret, struct sp_err *reterr)
{
        const struct sp_json *groups = NULL;

        if (name.n == 0)
                name = SP_STR("groups");
        for (const struct sp_json *m = claims->first; m; m = m->next)
                if (sp_str_eq(m->key, name))
                        groups = m;
        if (!groups)
                return 0;
        if (groups->type != SP_JSON_ARRAY || groups->count > GROUPS_MAX)
                return refuse(
                        reterr, "identity.groups",
                        "the OIDC token's groups are no array of at most 256 strings");
        ret->groups = sp_arena_array(a, groups->count, sizeof(*ret->groups));
        if (!ret->groups)
                return -ENOMEM;
        for (const struct sp_json *m = groups->first; m; m = m->next) {
                if (m->type != SP_JSON_STRING || !is_name(m->text, 256))
                        return refuse(reterr, "identity.groups",
                                      "one of the OIDC token's groups is no name");
                ret->groups[ret->n_groups++] = m->text;
        }
        return 0;
}

static int read_person(struct sp_arena *a, const struct sp_json *claims,
                       const struct sp_issuer *issuer, struct sp_person *ret,
                       struct sp_err *reterr)
{
        const struct sp_json *email = sp_json_get(claims, "email");
        const struct sp_json *verified = sp_json_get(claims, "email_verified");

        ret->iss = sp_json_get_str(claims, "iss");
        ret->sub = sp_json_get_str(claims, "sub");
        if (!is_name(ret->sub, 255))
                return refuse(reterr, "identity.subject",
                              "the OIDC token's sub is missing or no name");
        /* an address that its issuer does not vouch for is worth nothing in a policy */
        if (email && !(verified && verified->type == SP_JSON_FALSE)) {
                if (email->type != SP_JSON_STRING || !is_name(email->text, 320))
                        return refuse(reterr, "identity.email",
                                      "the OIDC token's email is no address");
                ret->email = email->text;
        }
        return read_groups(a, claims, issuer->groups_claim, ret, reterr);
}

int sp_oidc_peek_issuer(struct sp_arena *a, struct sp_str token, struct sp_str *ret,
                        struct sp_err *reterr)
{
        struct token t;
        struct sp_str iss;
        int e = read_token(a, token, &t, reterr);

        if (e == -ENOMEM)
                return sp_err_set(reterr, e, "identity.fault", "", "out of memory");
        if (e < 0)
                return e;
        iss = sp_json_get_str(t.claims, "iss");
        if (!is_name(iss, 1024))
                return refuse(reterr, "identity.unknown-issuer",
                              "the OIDC token's iss is missing or no name");
        *ret = iss;
        return 0;
}

int sp_oidc_verify(struct sp_arena *a, struct sp_str token,
                   const struct sp_issuer *issuers, size_t n_issuers, uint64_t now_s,
                   struct sp_person *ret, struct sp_err *reterr)
{
        const struct sp_issuer *issuer = NULL;
        struct sp_person person = { .n_groups = 0 };
        enum sp_jwk_type type = SP_JWK_RS256;
        struct token t;
        int e;

        e = read_token(a, token, &t, reterr);
        if (e == 0)
                e = check_header(t.header, &type, reterr);
        if (e < 0)
                return e;
        for (size_t i = 0; i < n_issuers && !issuer; i++)
                if (issuers[i].issuer.n &&
                    sp_str_eq(issuers[i].issuer, sp_json_get_str(t.claims, "iss")))
                        issuer = &issuers[i];
        if (!issuer)
                return refuse(
                        reterr, "identity.unknown-issuer",
                        "the OIDC token's issuer is not one of the configured ones");
        if (!issuer->keys)
                return refuse(
                        reterr, "identity.no-keys",
                        "the keys of the OIDC token's issuer are not known (yet)");
        e = check_signature(&t, issuer->keys, type, reterr);
        if (e == 0)
                e = check_audience(t.claims, issuer->audience, reterr);
        if (e == 0)
                e = check_times(t.claims, now_s, &person.expires_s, reterr);
        if (e == 0)
                e = read_person(a, t.claims, issuer, &person, reterr);
        if (e < 0)
                return e;
        *ret = person;
        return 0;
}

const char *sp_oidc_error_id(struct sp_str id)
{
        static const char *const ids[] = {
                "identity.malformed", "identity.header",         "identity.algorithm",
                "identity.signature", "identity.unknown-issuer", "identity.unknown-key",
                "identity.no-keys",   "identity.audience",       "identity.expired",
                "identity.time",      "identity.not-yet-valid",  "identity.subject",
                "identity.email",     "identity.groups",
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(ids); i++)
                if (sp_str_eq(id, sp_str_c(ids[i])))
                        return ids[i];
        return NULL;
}
