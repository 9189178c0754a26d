/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/warden/x509.h"

#include <errno.h>
#include <limits.h>
#include <openssl/bn.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

/* Clocks of clients may be behind. */
#define BACKDATE_S 3600

static bool add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
        X509V3_CTX ctx;
        X509_EXTENSION *e;
        bool ok;

        X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
        e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
        ok = e && X509_add_ext(cert, e, -1) == 1;
        X509_EXTENSION_free(e);
        return ok;
}

static bool set_serial(X509 *cert)
{
        BIGNUM *n = BN_new();
        /* RFC 5280 §4.1.2.2: positive, at most 20 octets */
        bool ok = n && BN_rand(n, 159, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
                  BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert));

        BN_free(n);
        return ok;
}

static bool add_name(X509_NAME *to, const char *field, struct sp_str value)
{
        return X509_NAME_add_entry_by_txt(to, field, MBSTRING_UTF8,
                                          (const unsigned char *)value.p, (int)value.n,
                                          -1, 0) == 1;
}

static X509 *cert_new(EVP_PKEY *key, long valid_s)
{
        X509 *cert = X509_new();

        if (cert && X509_set_version(cert, X509_VERSION_3) == 1 && set_serial(cert) &&
            X509_gmtime_adj(X509_getm_notBefore(cert), -BACKDATE_S) &&
            X509_gmtime_adj(X509_getm_notAfter(cert), valid_s) &&
            X509_set_pubkey(cert, key) == 1)
                return cert;
        X509_free(cert);
        return NULL;
}

/* DNS names at or below the suffixes, and no address at all: RFC 5280 leaves name forms
 * without a constraint free, so addresses are excluded by name. */
static int constraints_text(const char *const *suffixes, struct sp_buf *to)
{
        int r = sp_buf_add(to, SP_STR("critical,excluded;IP:0.0.0.0/0.0.0.0,"
                                      "excluded;IP:0:0:0:0:0:0:0:0/0:0:0:0:0:0:0:0"));

        for (; r == 0 && *suffixes; suffixes++)
                r = sp_buf_addf(to, ",permitted;DNS:%s", *suffixes);
        return r == 0 ? sp_buf_addc(to, '\0') : r;
}

static X509_EXTENSION *constraints_new(const char *const *suffixes)
{
        sp_autobuf text = SP_BUF_INIT(16384);
        X509V3_CTX ctx;

        if (constraints_text(suffixes, &text) < 0)
                return NULL;
        X509V3_set_ctx_nodb(&ctx);
        X509V3_set_ctx(&ctx, NULL, NULL, NULL, NULL, 0);
        return X509V3_EXT_conf_nid(NULL, &ctx, NID_name_constraints, text.p);
}

static bool add_constraints(X509 *cert, const char *const *suffixes)
{
        X509_EXTENSION *e = constraints_new(suffixes);
        bool ok = e && X509_add_ext(cert, e, -1) == 1;

        X509_EXTENSION_free(e);
        return ok;
}

bool sp_x509_has_constraints(const X509 *ca, const char *const *suffixes)
{
        X509_EXTENSION *wanted = constraints_new(suffixes);
        int at = X509_get_ext_by_NID(ca, NID_name_constraints, -1);
        const X509_EXTENSION *has = at < 0 ? NULL : X509_get_ext(ca, at);
        bool same =
                wanted && has &&
                X509_EXTENSION_get_critical(has) ==
                        X509_EXTENSION_get_critical(wanted) &&
                ASN1_OCTET_STRING_cmp(X509_EXTENSION_get_data((X509_EXTENSION *)has),
                                      X509_EXTENSION_get_data(wanted)) == 0;

        X509_EXTENSION_free(wanted);
        return same;
}

X509 *sp_x509_make_ca(EVP_PKEY *key, int days, const char *const *suffixes)
{
        X509 *cert = cert_new(key, (long)days * 86400);
        char host[HOST_NAME_MAX + 1] = "", common[64 + 1];
        X509_NAME *name;

        if (!cert)
                return NULL;
        (void)gethostname(host, sizeof(host) - 1);
        (void)snprintf(common, sizeof(common), "Sallyport on %.48s", host);
        name = X509_get_subject_name(cert);
        if (add_name(name, "O", SP_STR("Sallyport local CA")) &&
            add_name(name, "CN", sp_str_c(common)) &&
            X509_set_issuer_name(cert, name) == 1 &&
            add_extension(cert, cert, NID_basic_constraints,
                          "critical,CA:TRUE,pathlen:0") &&
            add_extension(cert, cert, NID_key_usage, "critical,keyCertSign,cRLSign") &&
            add_extension(cert, cert, NID_ext_key_usage, "serverAuth") &&
            add_extension(cert, cert, NID_subject_key_identifier, "hash") &&
            add_constraints(cert, suffixes) && X509_sign(cert, key, EVP_sha256()) > 0)
                return cert;
        X509_free(cert);
        return NULL;
}

X509 *sp_x509_make_leaf(X509 *ca, EVP_PKEY *ca_key, EVP_PKEY *key, struct sp_str name,
                        long valid_s)
{
        X509 *cert = cert_new(key, valid_s);
        /* X.520 ub-common-name; a longer name is in the SAN alone */
        struct sp_str common = name.n <= 64 ? name : SP_STR("Sallyport leaf");
        char san[300];

        if (!cert)
                return NULL;
        (void)snprintf(san, sizeof(san), "DNS:%.*s", SP_FMT(name));
        if (add_name(X509_get_subject_name(cert), "CN", common) &&
            X509_set_issuer_name(cert, X509_get_subject_name(ca)) == 1 &&
            add_extension(cert, ca, NID_basic_constraints, "critical,CA:FALSE") &&
            add_extension(cert, ca, NID_key_usage, "critical,digitalSignature") &&
            add_extension(cert, ca, NID_ext_key_usage, "serverAuth") &&
            add_extension(cert, ca, NID_subject_key_identifier, "hash") &&
            add_extension(cert, ca, NID_authority_key_identifier, "keyid:always") &&
            add_extension(cert, ca, NID_subject_alt_name, san) &&
            X509_sign(cert, ca_key, EVP_sha256()) > 0)
                return cert;
        X509_free(cert);
        return NULL;
}

/* A password prompt would stop the daemon: an encrypted key is simply not readable. */
static int no_password(char *buf, int size, int rwflag, void *userdata)
{
        (void)buf, (void)size, (void)rwflag, (void)userdata;
        return -1;
}

EVP_PKEY *sp_x509_read_key(struct sp_str pem)
{
        BIO *b = pem.n && pem.n < INT_MAX ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
        EVP_PKEY *key = b ? PEM_read_bio_PrivateKey(b, NULL, no_password, NULL) : NULL;

        BIO_free(b);
        return key;
}

X509 *sp_x509_read_cert(struct sp_str pem)
{
        BIO *b = pem.n && pem.n < INT_MAX ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
        X509 *cert = b ? PEM_read_bio_X509(b, NULL, no_password, NULL) : NULL;

        BIO_free(b);
        return cert;
}

static int take_bio(BIO *b, bool ok, struct sp_buf *to)
{
        char *p = NULL;
        long n = ok ? BIO_get_mem_data(b, &p) : 0;
        int r = n > 0 ? sp_buf_add(to, sp_str(p, (size_t)n)) : -EIO;

        BIO_free(b);
        return r;
}

int sp_x509_write_key(EVP_PKEY *key, struct sp_buf *to)
{
        BIO *b = BIO_new(BIO_s_secmem()); /* wiped when freed */

        return take_bio(b,
                        b && PEM_write_bio_PKCS8PrivateKey(b, key, NULL, NULL, 0, NULL,
                                                           NULL) == 1,
                        to);
}

int sp_x509_write_cert(X509 *cert, struct sp_buf *to)
{
        BIO *b = BIO_new(BIO_s_mem());

        return take_bio(b, b && PEM_write_bio_X509(b, cert) == 1, to);
}
