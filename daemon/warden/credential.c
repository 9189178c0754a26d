/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/warden/credential.h"

#include <errno.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "daemon/base/digest.h"
#include "daemon/base/json.h"
#include "daemon/warden/files.h"
#include "daemon/warden/x509.h"

#define FILE_MAX (64 * 1024)
#define RSA_BITS_MIN 2048
#define RSA_BYTES_MAX 1024 /* 8192 bits */
#define SCOPES                                                                         \
        SP_STR("https://www.googleapis.com/auth/bigquery "                             \
               "https://www.googleapis.com/auth/cloud-platform")

struct sp_credential {
        EVP_PKEY *key;
        char *email, *token_uri, *key_id;
};

struct sp_credential *sp_credential_free(struct sp_credential *c)
{
        if (!c)
                return NULL;
        EVP_PKEY_free(c->key);
        free(c->email);
        free(c->token_uri);
        free(c->key_id);
        free(c);
        return NULL;
}

struct sp_str sp_credential_email(const struct sp_credential *c)
{
        return sp_str_c(c->email);
}

struct sp_str sp_credential_token_uri(const struct sp_credential *c)
{
        return sp_str_c(c->token_uri);
}

/* A copy of a member that is a short, printable text; NULL when it is not. */
static char *take_text(const struct sp_json *o, const char *member)
{
        struct sp_str s = sp_json_get_str(o, member);

        if (s.n == 0 || s.n > 512)
                return NULL;
        for (size_t i = 0; i < s.n; i++)
                if (s.p[i] <= ' ' || s.p[i] > '~')
                        return NULL;
        return sp_str_dup(s);
}

static int fill(struct sp_credential *c, const char *name, const struct sp_json *o,
                struct sp_err *reterr)
{
        const char *what = NULL;

        c->email = take_text(o, "client_email");
        c->token_uri = take_text(o, "token_uri");
        c->key_id = take_text(o, "private_key_id");
        c->key = sp_x509_read_key(sp_json_get_str(o, "private_key"));
        if (!sp_str_eq(sp_json_get_str(o, "type"), SP_STR("service_account")))
                what = "its \"type\" is not service_account";
        else if (!c->email || !c->key_id)
                what = "it lacks \"client_email\" or \"private_key_id\"";
        else if (!c->token_uri ||
                 !sp_str_starts(sp_str_c(c->token_uri), SP_STR("https://")))
                what = "its \"token_uri\" does not start with https://";
        else if (!c->key || EVP_PKEY_get_base_id(c->key) != EVP_PKEY_RSA ||
                 EVP_PKEY_get_bits(c->key) < RSA_BITS_MIN)
                what = "its \"private_key\" is not an RSA key of 2048 bits or more";
        return what ? sp_err_set(reterr, -EINVAL, "credential.format", name, "%s", what)
                    : 0;
}

/* The arena holds the decoded key: wiped chunk by chunk is not in its contract, so the
 * text is wiped here, node by node. */
static void wipe(struct sp_json *n)
{
        for (; n; n = n->next) {
                if (n->type == SP_JSON_STRING && n->text.n)
                        OPENSSL_cleanse((char *)n->text.p, n->text.n);
                wipe(n->first);
        }
}

int sp_credential_parse(const char *name, struct sp_str json,
                        struct sp_credential **ret, struct sp_err *reterr)
{
        sp_cleanup(sp_arena_done) struct sp_arena a = SP_ARENA_INIT(8 * FILE_MAX);
        sp_cleanup(sp_credential_freep) struct sp_credential *c = calloc(1, sizeof(*c));
        struct sp_json *o = NULL;
        int r = c ? 0 : -ENOMEM;

        /* the parser's message could show where, never what: but keep it out all the
         * same */
        if (r == 0)
                r = sp_json_parse(&a, json, &o, NULL);
        if (r < 0)
                return sp_err_set(reterr, r, "credential.format", name,
                                  "it is not a service account key in JSON");
        r = fill(c, name, o, reterr);
        wipe(o);
        if (r == 0)
                *ret = SP_TAKE(c);
        return r;
}

static int find(const struct sp_settings *s, char path[PATH_MAX], struct sp_err *reterr)
{
        const char *dir = getenv("CREDENTIALS_DIRECTORY"); /* systemd.exec(5) */
        char name[256];

        if (s->credential.credential_name.n) {
                if (!dir)
                        return sp_err_set(
                                reterr, -ENOENT, "credential.missing", "",
                                "credential.credential_name is set, but systemd "
                                "gave no credentials");
                (void)snprintf(name, sizeof(name), "%.*s",
                               SP_FMT(s->credential.credential_name));
                return sp_file_join(path, sp_str_c(dir), name, reterr);
        }
        if (s->credential.service_account_file.n)
                return sp_file_join(path, s->credential.service_account_file, "",
                                    reterr);
        return sp_err_set(reterr, -ENOENT, "credential.missing", "",
                          "no service account key is configured");
}

int sp_credential_load(const struct sp_settings *settings, struct sp_credential **ret,
                       struct sp_err *reterr)
{
        sp_cleanup(sp_buf_done_secret) struct sp_buf text = SP_BUF_INIT(2 * FILE_MAX);
        char path[PATH_MAX];
        int r = find(settings, path, reterr);

        if (r == 0)
                r = sp_file_read(path, SP_FILE_SECRET, FILE_MAX, &text, reterr);
        return r < 0 ? r : sp_credential_parse(path, sp_buf_str(&text), ret, reterr);
}

static int write_claims(const struct sp_credential *c, uint64_t now_s,
                        struct sp_buf *to)
{
        struct sp_jsonw w = SP_JSONW(to);

        sp_jsonw_open(&w, '{');
        sp_jsonw_kstr(&w, "iss", sp_str_c(c->email));
        sp_jsonw_kstr(&w, "scope", SCOPES);
        sp_jsonw_kstr(&w, "aud", sp_str_c(c->token_uri));
        sp_jsonw_ku64(&w, "iat", now_s);
        sp_jsonw_ku64(&w, "exp", now_s + SP_ASSERTION_LIFETIME_S);
        sp_jsonw_close(&w, '}');
        return sp_jsonw_end(&w);
}

static int write_header(const struct sp_credential *c, struct sp_buf *to)
{
        struct sp_jsonw w = SP_JSONW(to);

        sp_jsonw_open(&w, '{');
        sp_jsonw_kstr(&w, "alg", SP_STR("RS256"));
        sp_jsonw_kstr(&w, "typ", SP_STR("JWT"));
        sp_jsonw_kstr(&w, "kid", sp_str_c(c->key_id));
        sp_jsonw_close(&w, '}');
        return sp_jsonw_end(&w);
}

static int sign(EVP_PKEY *key, struct sp_str text, struct sp_buf *to)
{
        unsigned char signature[RSA_BYTES_MAX];
        size_t n = sizeof(signature);
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        bool ok = ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
                  EVP_DigestSign(ctx, signature, &n, (const unsigned char *)text.p,
                                 text.n) == 1;

        EVP_MD_CTX_free(ctx);
        return ok ? sp_base64url(to, sp_str((const char *)signature, n)) : -EIO;
}

int sp_credential_assert(const struct sp_credential *c, uint64_t now_s,
                         struct sp_buf *to, struct sp_err *reterr)
{
        sp_autobuf header = SP_BUF_INIT(2048);
        sp_autobuf claims = SP_BUF_INIT(4096);
        sp_autobuf jws = SP_BUF_INIT(16384);
        int r = write_header(c, &header);

        if (r == 0)
                r = write_claims(c, now_s, &claims);
        if (r == 0)
                r = sp_base64url(&jws, sp_buf_str(&header));
        if (r == 0)
                r = sp_buf_addc(&jws, '.');
        if (r == 0)
                r = sp_base64url(&jws, sp_buf_str(&claims));
        if (r == 0) {
                sp_autobuf signature = SP_BUF_INIT(4096);

                r = sign(c->key, sp_buf_str(&jws), &signature);
                if (r == 0)
                        r = sp_buf_addc(&jws, '.');
                if (r == 0)
                        r = sp_buf_add(&jws, sp_buf_str(&signature));
        }
        if (r == 0)
                r = sp_buf_add(to, sp_buf_str(&jws));
        if (r < 0)
                return sp_err_set(reterr, r, "credential.sign", "",
                                  "the assertion could not be signed");
        return 0;
}
