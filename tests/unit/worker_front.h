/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/unit/worker_front — what tests of the transport need around a front: a loopback
 * listener, a made-up origin, and certificates of their own.
 */
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "daemon/worker/conn_internal.h"

static inline struct sp_settings front_settings(void)
{
        struct sp_settings s = { .egress_splice = true };

        s.limits.body_max_bytes = 1024 * 1024;
        s.limits.connections_max = 64;
        s.limits.streams_max = 16;
        s.limits.idle_timeout_us = 60 * SP_USEC_PER_SEC;
        return s;
}

/* On 127.0.0.1; *ret_port in host order. -errno. */
static inline int front_listener(const char *address, uint16_t port, uint16_t *ret_port)
{
        struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
        socklen_t n = sizeof(a);
        int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0 || inet_pton(AF_INET, address, &a.sin_addr) != 1 ||
            setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
            bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 128) < 0 ||
            getsockname(fd, (struct sockaddr *)&a, &n) < 0) {
                int e = errno;

                if (fd >= 0)
                        (void)close(fd);
                return -e;
        }
        *ret_port = ntohs(a.sin_port);
        return fd;
}

/* A self-signed P-256 certificate for `name`, as PEM in malloc'ed strings. */
static inline void front_leaf(const char *name, char **ret_chain, char **ret_key)
{
        EVP_PKEY *key = EVP_EC_gen("P-256");
        X509 *x = X509_new();
        char san[300];
        X509_EXTENSION *e;
        BIO *b = BIO_new(BIO_s_mem());
        char *p;
        long n;

        (void)snprintf(san, sizeof(san), "DNS:%s", name);
        e = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san);
        (void)X509_set_version(x, 2);
        (void)ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
        (void)X509_gmtime_adj(X509_getm_notBefore(x), -60);
        (void)X509_gmtime_adj(X509_getm_notAfter(x), 86400);
        (void)X509_set_pubkey(x, key);
        /* curl wants an issuer with a name */
        (void)X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                                         (const unsigned char *)"test leaf", -1, -1, 0);
        (void)X509_set_issuer_name(x, X509_get_subject_name(x));
        (void)X509_add_ext(x, e, -1);
        (void)X509_sign(x, key, EVP_sha256());
        (void)PEM_write_bio_X509(b, x);
        n = BIO_get_mem_data(b, &p);
        *ret_chain = sp_str_dup(sp_str(p, (size_t)n));
        (void)BIO_reset(b);
        (void)PEM_write_bio_PrivateKey(b, key, NULL, NULL, 0, NULL, NULL);
        n = BIO_get_mem_data(b, &p);
        *ret_key = sp_str_dup(sp_str(p, (size_t)n));
        BIO_free(b);
        X509_EXTENSION_free(e);
        X509_free(x);
        EVP_PKEY_free(key);
}
