/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/doctor_probes.h"

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define URL "https://" SP_DOCTOR_HOST "/"

/* OpenSSL with its default paths. Go and Rust look at the same file and variable. */
static int by_openssl(void)
{
        SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
        BIO *bio = ctx ? BIO_new_ssl_connect(ctx) : NULL;
        SSL *ssl = NULL;

        if (!bio || SSL_CTX_set_default_verify_paths(ctx) != 1)
                return 1;
        (void)BIO_get_ssl(bio, &ssl);
        if (!ssl || !SSL_set_tlsext_host_name(ssl, SP_DOCTOR_HOST) ||
            !SSL_set1_host(ssl, SP_DOCTOR_HOST))
                return 1;
        /* Asked afterwards, so that a certificate that is not trusted is told apart. */
        SSL_set_verify(ssl, SSL_VERIFY_NONE, NULL);
        (void)BIO_set_conn_hostname(bio, SP_DOCTOR_HOST ":443");
        if (BIO_do_connect(bio) != 1 || BIO_do_handshake(bio) != 1)
                return 1;
        return SSL_get_verify_result(ssl) == X509_V_OK ? SP_TRUST_YES : SP_TRUST_NO;
}

/* Their packages read these two; to ask them itself one would need an account. */
static int by_gcloud_variables(void)
{
        const char *a = getenv("REQUESTS_CA_BUNDLE");
        const char *b = getenv("CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE");
        const char *path = getenv("PATH");
        char *list = path ? strdup(path) : NULL, *rest = NULL, file[4096];
        bool is_here = false;

        for (char *d = list ? strtok_r(list, ":", &rest) : NULL; d;
             d = strtok_r(NULL, ":", &rest)) {
                (void)snprintf(file, sizeof(file), "%s/bq", d);
                is_here |= !access(file, X_OK);
                (void)snprintf(file, sizeof(file), "%s/gcloud", d);
                is_here |= !access(file, X_OK);
        }
        free(list);
        if (!is_here)
                return SP_TRUST_ABSENT;
        return a && b && !access(a, R_OK) && !access(b, R_OK) ? SP_TRUST_YES
                                                              : SP_TRUST_NO;
}

static const char *const curl[] = { "curl", "-sS", "-o", "/dev/null",
                                    "-m",   "20",  URL,  NULL };
static const char *const node[] = {
        "node", "-e",
        "require('https').get('" URL "', () => process.exit(0)).on('error', e =>"
        " process.exit(/CERT|SIGNATURE|ISSUER/.test(e.code) ? 60 : 1))",
        NULL
};
#define PYTHON_END                                                                     \
        "except Exception as e:\n"                                                     \
        "  import sys\n"                                                               \
        "  sys.exit(60 if 'CERTIFICATE_VERIFY_FAILED' in repr(e) else 1)\n"
#define PYTHON(module)                                                                 \
        "try: import " module "\nexcept ImportError: raise SystemExit(61)\n"
static const char *const python_ssl[] = {
        "python3", "-c",
        "import socket, ssl\n"
        "try: ssl.create_default_context().wrap_socket(socket.create_connection("
        "('" SP_DOCTOR_HOST "', 443), 20), server_hostname='" SP_DOCTOR_HOST
        "')\n" PYTHON_END,
        NULL
};
static const char *const python_requests[] = {
        "python3", "-c",
        PYTHON("requests") "try: requests.get('" URL "', timeout=20)\n" PYTHON_END, NULL
};
static const char *const python_httplib2[] = {
        "python3", "-c",
        PYTHON("httplib2") "try: httplib2.Http(timeout=20).request('" URL
                           "')\n" PYTHON_END,
        NULL
};
static const char *const python_grpc[] = {
        "python3", "-c",
        PYTHON("grpc") "c = grpc.secure_channel('" SP_DOCTOR_HOST
                       ":443', grpc.ssl_channel_credentials())\n"
                       "try: grpc.channel_ready_future(c).result(timeout=10)\n"
                       "except Exception: raise SystemExit(60)\n",
        NULL
};
static const char *const java[] = { "java", SP_DOCTOR_JAVA, NULL };
const char sp_doctor_java[] =
        "public class Probe {\n"
        "  public static void main(String[] a) throws Exception {\n"
        "    try {\n"
        "      ((java.net.HttpURLConnection) new java.net.URL(\"" URL "\")\n"
        "          .openConnection()).getResponseCode();\n"
        "    } catch (javax.net.ssl.SSLHandshakeException e) {\n"
        "      System.exit(60);\n"
        "    }\n"
        "  }\n"
        "}\n";

const struct sp_doctor_probe sp_doctor_probes[] = {
        { "OpenSSL; Go; Rust with the system's store", NULL, by_openssl,
          "SSL_CERT_FILE, or the system's store" },
        { "curl", curl, NULL, "SSL_CERT_FILE, or the system's store" },
        { "Node", node, NULL, "NODE_EXTRA_CA_CERTS" },
        { "Python, ssl", python_ssl, NULL, "SSL_CERT_FILE, or the system's store" },
        { "Python, requests", python_requests, NULL, "REQUESTS_CA_BUNDLE" },
        { "Python, httplib2", python_httplib2, NULL, "HTTPLIB2_CA_CERTS" },
        { "Python, gRPC", python_grpc, NULL, "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH" },
        { "Java", java, NULL, "the JDK's cacerts" },
        { "gcloud, bq", NULL, by_gcloud_variables,
          "REQUESTS_CA_BUNDLE and CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE" },
};
const size_t sp_doctor_n_probes =
        sizeof(sp_doctor_probes) / sizeof(sp_doctor_probes[0]);
