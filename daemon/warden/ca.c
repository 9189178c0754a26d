/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/warden/ca.h"

#include <errno.h>
#include <limits.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <time.h>

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/google/hosts.h"
#include "daemon/warden/files.h"
#include "daemon/warden/x509.h"

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#define CA_DAYS 3650
#define CA_RENEW_S (30 * 86400)
#define LEAF_S 86400
#define LEAF_RENEW_S 43200 /* a leaf is handed out while it has that much left */
#define PEM_MAX 65536

struct leaf {
        UT_hash_handle hh;
        time_t expires;
        char *pem; /* chain */
        char name[]; /* the key */
};

struct sp_ca {
        X509 *cert;
        EVP_PKEY *key, *leaf_key;
        struct sp_buf pem, leaf_key_pem;
        struct leaf *leaves; /* in order of making */
};

static void leaf_drop(struct sp_ca *ca, struct leaf *l)
{
        HASH_DEL(ca->leaves, l);
        free(l->pem);
        free(l);
}

struct sp_ca *sp_ca_free(struct sp_ca *ca)
{
        struct leaf *l, *next;

        if (!ca)
                return NULL;
        HASH_ITER(hh, ca->leaves, l, next)
        leaf_drop(ca, l);
        X509_free(ca->cert);
        EVP_PKEY_free(ca->key);
        EVP_PKEY_free(ca->leaf_key);
        sp_buf_done(&ca->pem);
        sp_buf_done_secret(&ca->leaf_key_pem);
        free(ca);
        return NULL;
}

static int load(struct sp_ca *ca, const char *key_path, const char *cert_path,
                struct sp_err *reterr)
{
        sp_cleanup(sp_buf_done_secret) struct sp_buf key = SP_BUF_INIT(PEM_MAX);
        sp_autobuf cert = SP_BUF_INIT(PEM_MAX);
        int r = sp_file_read(key_path, SP_FILE_SECRET, PEM_MAX / 2, &key, reterr);

        if (r == 0)
                r = sp_file_read(cert_path, SP_FILE_TRUSTED, PEM_MAX / 2, &cert,
                                 reterr);
        if (r < 0)
                return r;
        ca->key = sp_x509_read_key(sp_buf_str(&key));
        ca->cert = sp_x509_read_cert(sp_buf_str(&cert));
        if (!ca->key || !ca->cert || X509_check_private_key(ca->cert, ca->key) != 1)
                return sp_err_set(reterr, -EINVAL, "ca.damaged", cert_path,
                                  "the CA's certificate and key do not read or do not "
                                  "match; remove both to make a new CA");
        return 0;
}

/* Makes a new CA and puts it on disk: the key first, so that a crash between the two
 * leaves a pair that does not match, which load reports, rather than a CA without key.
 */
static int make(struct sp_ca *ca, const char *key_path, const char *cert_path,
                struct sp_err *reterr)
{
        sp_cleanup(sp_buf_done_secret) struct sp_buf key = SP_BUF_INIT(PEM_MAX);
        sp_autobuf cert = SP_BUF_INIT(PEM_MAX);
        int r;

        EVP_PKEY_free(ca->key);
        X509_free(ca->cert);
        ca->cert = NULL;
        ca->key = EVP_EC_gen("P-256");
        if (ca->key)
                ca->cert = sp_x509_make_ca(ca->key, CA_DAYS, sp_host_suffixes());
        if (!ca->cert)
                return sp_err_set(reterr, -EIO, "ca.make", "",
                                  "OpenSSL could not make it");
        r = sp_x509_write_key(ca->key, &key);
        if (r == 0)
                r = sp_x509_write_cert(ca->cert, &cert);
        if (r < 0)
                return sp_err_set(reterr, r, "ca.make", "",
                                  "OpenSSL could not write it");
        (void)unlink(cert_path);
        r = sp_file_replace(key_path, sp_buf_str(&key), 0600, reterr);
        return r < 0 ? r : sp_file_replace(cert_path, sp_buf_str(&cert), 0644, reterr);
}

static int load_or_make(struct sp_ca *ca, struct sp_str dir, struct sp_err *reterr)
{
        char key_path[PATH_MAX], cert_path[PATH_MAX];
        const char *why = NULL;
        int r = sp_file_join(key_path, dir, "ca.key", reterr);

        if (r == 0)
                r = sp_file_join(cert_path, dir, "ca.pem", reterr);
        if (r < 0)
                return r;
        if (access(cert_path, F_OK) < 0 && errno == ENOENT)
                return make(ca, key_path, cert_path, reterr);
        r = load(ca, key_path, cert_path, reterr);
        if (r < 0)
                return r;
        if (X509_cmp_time(X509_get0_notAfter(ca->cert),
                          &(time_t){ time(NULL) + CA_RENEW_S }) < 1)
                why = "it is near its end";
        else if (!sp_x509_has_constraints(ca->cert, sp_host_suffixes()))
                why = "the names that it may sign for have changed";
        if (!why)
                return 0;
        sp_log(SP_LOG_WARNING, "the local CA is made anew: %s", why);
        return make(ca, key_path, cert_path, reterr);
}

int sp_ca_open(struct sp_str state_dir, struct sp_ca **ret, struct sp_err *reterr)
{
        sp_cleanup(sp_ca_freep) struct sp_ca *ca = calloc(1, sizeof(*ca));
        int r;

        if (!ca)
                return sp_err_set(reterr, -ENOMEM, "ca.make", "", "out of memory");
        ca->pem = ca->leaf_key_pem = SP_BUF_INIT(PEM_MAX);
        r = load_or_make(ca, state_dir, reterr);
        if (r < 0)
                return r;
        ca->leaf_key = EVP_EC_gen("P-256");
        r = ca->leaf_key ? sp_x509_write_key(ca->leaf_key, &ca->leaf_key_pem) : -EIO;
        if (r == 0)
                r = sp_x509_write_cert(ca->cert, &ca->pem);
        if (r < 0)
                return sp_err_set(reterr, r, "ca.make", "",
                                  "OpenSSL could not make a key");
        *ret = SP_TAKE(ca);
        return 0;
}

int sp_ca_export(const struct sp_ca *ca, struct sp_str runtime_dir,
                 struct sp_err *reterr)
{
        sp_autobuf bundle = SP_BUF_INIT(8 * 1024 * 1024);
        char path[PATH_MAX];
        struct sp_err e = SP_ERR_NULL;
        int r = sp_file_join(path, runtime_dir, "ca.pem", reterr);

        if (r == 0)
                r = sp_file_replace(path, sp_buf_str(&ca->pem), 0644, reterr);
        if (r == 0)
                r = sp_file_join(path, runtime_dir, "ca-bundle.pem", reterr);
        if (r < 0)
                return r;
        r = sp_buf_add(&bundle, sp_buf_str(&ca->pem));
        if (r < 0)
                return sp_err_set(reterr, r, "ca.export", path, "out of memory");
        r = sp_file_read("/etc/ssl/certs/ca-certificates.crt", SP_FILE_TRUSTED,
                         4 * 1024 * 1024, &bundle, &e);
        if (r < 0 && r != -ENOENT)
                sp_log_err(SP_LOG_WARNING, &e,
                           "ca-bundle.pem is without the system's CAs");
        return sp_file_replace(path, sp_buf_str(&bundle), 0644, reterr);
}

static int leaf_new(struct sp_ca *ca, struct sp_str name, struct leaf **ret)
{
        sp_autobuf pem = SP_BUF_INIT(PEM_MAX);
        struct leaf *l;
        X509 *cert = sp_x509_make_leaf(ca->cert, ca->key, ca->leaf_key, name, LEAF_S);
        int r = cert ? sp_x509_write_cert(cert, &pem) : -EIO;

        X509_free(cert);
        if (r == 0)
                r = sp_buf_add(&pem, sp_buf_str(&ca->pem));
        if (r < 0)
                return r;
        l = calloc(1, sizeof(*l) + name.n + 1);
        if (!l)
                return -ENOMEM;
        memcpy(l->name, name.p, name.n);
        l->expires = time(NULL) + LEAF_S;
        l->pem = sp_str_dup(sp_buf_str(&pem));
        if (!l->pem) {
                free(l);
                return -ENOMEM;
        }
        HASH_ADD_KEYPTR(hh, ca->leaves, l->name, name.n, l);
        if (!l->hh.tbl) {
                free(l->pem);
                free(l);
                return -ENOMEM;
        }
        *ret = l;
        return 0;
}

int sp_ca_leaf(struct sp_ca *ca, struct sp_str sni, struct sp_msg_leaf *ret,
               struct sp_err *reterr)
{
        char canonical[254];
        struct leaf *l = NULL;
        struct sp_str name;
        int r = 0;

        if (sp_host_canonical(sni, canonical, &name) < 0 || !sp_host_is_google(name))
                return sp_err_set(reterr, -EACCES, "ca.name", "",
                                  "not a name that the local CA signs for");
        HASH_FIND(hh, ca->leaves, name.p, name.n, l);
        if (l && l->expires - time(NULL) < LEAF_RENEW_S) {
                leaf_drop(ca, l);
                l = NULL;
        }
        if (!l) {
                if (HASH_COUNT(ca->leaves) >= SP_CA_LEAVES_MAX)
                        leaf_drop(ca, ca->leaves); /* the oldest */
                r = leaf_new(ca, name, &l);
        }
        if (r < 0)
                return sp_err_set(reterr, r, "ca.sign", "",
                                  "the leaf could not be signed");
        *ret = (struct sp_msg_leaf){
                .chain_pem = sp_str_c(l->pem),
                .key_pem = sp_buf_str(&ca->leaf_key_pem),
                .valid_s = (uint64_t)(l->expires - time(NULL) - LEAF_RENEW_S / 2),
        };
        return 0;
}
