/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/google/hosts.h"

#include <errno.h>

#define HOST_MAX 253
#define LABEL_MAX 63

struct host {
        const char *name;
        enum sp_service service;
};

static const struct host hosts[] = {
        { "bigquery.googleapis.com", SP_SERVICE_BIGQUERY },
        { "bigquery.mtls.googleapis.com", SP_SERVICE_BIGQUERY },
        { "content-bigquery.googleapis.com", SP_SERVICE_BIGQUERY },
        { "bigquery.clients6.google.com", SP_SERVICE_BIGQUERY },
        { "www.googleapis.com", SP_SERVICE_GOOGLEAPIS },
        { "www.mtls.googleapis.com", SP_SERVICE_GOOGLEAPIS },
        { "content.googleapis.com", SP_SERVICE_GOOGLEAPIS },
        { "oauth2.googleapis.com", SP_SERVICE_OAUTH2 },
        { "oauth2.mtls.googleapis.com", SP_SERVICE_OAUTH2 },
        { "sts.googleapis.com", SP_SERVICE_STS },
        { "sts.mtls.googleapis.com", SP_SERVICE_STS },
        { "iamcredentials.googleapis.com", SP_SERVICE_IAMCREDENTIALS },
        { "iamcredentials.mtls.googleapis.com", SP_SERVICE_IAMCREDENTIALS },
        { "storage.googleapis.com", SP_SERVICE_STORAGE },
        { "storage.mtls.googleapis.com", SP_SERVICE_STORAGE },
        { "content-storage.googleapis.com", SP_SERVICE_STORAGE },
        { "storage.clients6.google.com", SP_SERVICE_STORAGE },
        { "metadata.google.internal", SP_SERVICE_METADATA },
        { "metadata", SP_SERVICE_METADATA },
        { "169.254.169.254", SP_SERVICE_METADATA },
        { "fd20:ce::254", SP_SERVICE_METADATA },
};

/* google.internal stands here so that the metadata name over TLS is refused, not
 * spliced. */
static const char *const suffixes[] = { "googleapis.com", "google.com",
                                        "google.internal", NULL };

/* One label between `before` and `after`: regional names (bigquery.LOCATION.rep.…) and
 * private service connect (bigquery-ENDPOINT.p.…). */
static bool is_one_label_between(struct sp_str host, struct sp_str before,
                                 struct sp_str after)
{
        struct sp_str label;

        if (!sp_str_starts(host, before) || !sp_str_ends(host, after) ||
            host.n <= before.n + after.n)
                return false;
        label = sp_str_sub(host, before.n, host.n - before.n - after.n);
        return !memchr(label.p, '.', label.n);
}

enum sp_service sp_host_service(struct sp_str host)
{
        for (size_t i = 0; i < SP_ARRAY_SIZE(hosts); i++)
                if (sp_str_eq(host, sp_str_c(hosts[i].name)))
                        return hosts[i].service;
        if (is_one_label_between(host, SP_STR("bigquery."),
                                 SP_STR(".rep.googleapis.com")) ||
            is_one_label_between(host, SP_STR("bigquery-"),
                                 SP_STR(".p.googleapis.com")))
                return SP_SERVICE_BIGQUERY;
        if (is_one_label_between(host, SP_STR("storage."),
                                 SP_STR(".rep.googleapis.com")) ||
            is_one_label_between(host, SP_STR("storage-"), SP_STR(".p.googleapis.com")))
                return SP_SERVICE_STORAGE;
        return sp_host_is_google(host) ? SP_SERVICE_UNKNOWN : SP_SERVICE_NOT_GOOGLE;
}

bool sp_host_is_google(struct sp_str host)
{
        for (size_t i = 0; suffixes[i]; i++) {
                struct sp_str suffix = sp_str_c(suffixes[i]);

                if (sp_str_eq(host, suffix))
                        return true;
                if (sp_str_ends(host, suffix) && host.p[host.n - suffix.n - 1] == '.')
                        return true;
        }
        return false;
}

const char *const *sp_host_suffixes(void)
{
        return suffixes;
}

/* `rest` is what follows the name: nothing, or ':' and one to five digits. */
static bool is_port(struct sp_str rest)
{
        if (rest.n == 0)
                return true;
        if (rest.p[0] != ':' || rest.n < 2 || rest.n > 6)
                return false;
        for (size_t i = 1; i < rest.n; i++)
                if (rest.p[i] < '0' || rest.p[i] > '9')
                        return false;
        return true;
}

static char lower(char c)
{
        return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* "[fd20:ce::254]:80": the metadata server is also asked by its IPv6 address. */
static int canonical_ipv6(struct sp_str host, char *to, struct sp_str *ret)
{
        const char *close = memchr(host.p, ']', host.n);
        size_t n = close ? (size_t)(close - host.p) - 1 : 0;

        if (n < 2 || n > 45 || !is_port(sp_str_sub(host, n + 2, host.n)))
                return -EINVAL;
        for (size_t i = 0; i < n; i++) {
                char c = lower(host.p[i + 1]);

                if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == ':' ||
                      c == '.'))
                        return -EINVAL;
                to[i] = c;
        }
        to[n] = '\0';
        *ret = sp_str(to, n);
        return 0;
}

int sp_host_canonical(struct sp_str host, char *to, struct sp_str *ret)
{
        size_t n = 0, label = 0;

        if (host.n == 0)
                return -EINVAL;
        if (host.p[0] == '[')
                return canonical_ipv6(host, to, ret);
        for (; n < host.n && host.p[n] != ':'; n++) {
                char c = lower(host.p[n]);

                if (n >= HOST_MAX + 1)
                        return -EINVAL;
                if (c == '.') {
                        if (label == 0)
                                return -EINVAL;
                        label = 0;
                } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                           c == '-') {
                        if (++label > LABEL_MAX)
                                return -EINVAL;
                } else {
                        return -EINVAL;
                }
                if (n < HOST_MAX)
                        to[n] = c;
                else if (c != '.') /* only a trailing dot may be the 254th byte */
                        return -EINVAL;
        }
        if (!is_port(sp_str_sub(host, n, host.n)))
                return -EINVAL;
        if (n && host.p[n - 1] == '.')
                n--;
        if (n == 0)
                return -EINVAL;
        to[n] = '\0';
        *ret = sp_str(to, n);
        return 0;
}
