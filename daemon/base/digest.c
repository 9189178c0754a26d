/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/base/digest.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

struct sp_digest *sp_digest_new(void)
{
        EVP_MD_CTX *c = EVP_MD_CTX_new();

        if (c && EVP_DigestInit_ex(c, EVP_sha256(), NULL) != 1) {
                EVP_MD_CTX_free(c);
                c = NULL;
        }
        return (struct sp_digest *)c;
}

struct sp_digest *sp_digest_free(struct sp_digest *d)
{
        EVP_MD_CTX_free((EVP_MD_CTX *)d);
        return NULL;
}

int sp_digest_restart(struct sp_digest *d)
{
        return EVP_DigestInit_ex((EVP_MD_CTX *)d, NULL, NULL) == 1 ? 0 : -EIO;
}

int sp_digest_add(struct sp_digest *d, struct sp_str s)
{
        return EVP_DigestUpdate((EVP_MD_CTX *)d, s.p, s.n) == 1 ? 0 : -EIO;
}

int sp_digest_end(struct sp_digest *d, uint8_t ret[SP_SHA256_LEN])
{
        return EVP_DigestFinal_ex((EVP_MD_CTX *)d, ret, NULL) == 1 ? 0 : -EIO;
}

int sp_sha256(struct sp_str s, uint8_t ret[SP_SHA256_LEN])
{
        return EVP_Digest(s.p, s.n, ret, NULL, EVP_sha256(), NULL) == 1 ? 0 : -EIO;
}

int sp_sha512(struct sp_str s, uint8_t ret[SP_SHA512_LEN])
{
        return EVP_Digest(s.p, s.n, ret, NULL, EVP_sha512(), NULL) == 1 ? 0 : -EIO;
}

int sp_hmac_sha256(struct sp_str key, struct sp_str s, uint8_t ret[SP_SHA256_LEN])
{
        unsigned n = SP_SHA256_LEN;

        if (key.n > INT32_MAX)
                return -EINVAL;
        return HMAC(EVP_sha256(), key.p, (int)key.n, (const unsigned char *)s.p, s.n,
                    ret, &n)
                       ? 0
                       : -EIO;
}

void sp_hex(const uint8_t *p, size_t n, char *to)
{
        static const char digits[] = "0123456789abcdef";

        for (size_t i = 0; i < n; i++) {
                *to++ = digits[p[i] >> 4];
                *to++ = digits[p[i] & 15];
        }
        *to = '\0';
}

static int nibble(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        return -1;
}

int sp_unhex(struct sp_str s, uint8_t *to, size_t n)
{
        if (s.n != 2 * n)
                return -EINVAL;
        for (size_t i = 0; i < n; i++) {
                int hi = nibble(s.p[2 * i]), lo = nibble(s.p[2 * i + 1]);

                if (hi < 0 || lo < 0)
                        return -EINVAL;
                to[i] = (uint8_t)(hi << 4 | lo);
        }
        return 0;
}

int sp_base64(struct sp_buf *to, struct sp_str s)
{
        char *p;
        int r;

        if (s.n > INT32_MAX / 2)
                return -EINVAL;
        r = sp_buf_reserve(to, (s.n + 2) / 3 * 4 + 1, &p);
        if (r < 0)
                return r;
        to->n += (size_t)EVP_EncodeBlock((unsigned char *)p, (const unsigned char *)s.p,
                                         (int)s.n);
        return 0;
}

int sp_base64url(struct sp_buf *to, struct sp_str s)
{
        size_t from = to->n;
        int r = sp_base64(to, s);

        if (r < 0)
                return r;
        while (to->n > from && to->p[to->n - 1] == '=')
                to->n--;
        for (size_t i = from; i < to->n; i++)
                to->p[i] = to->p[i] == '+' ? '-' : to->p[i] == '/' ? '_' : to->p[i];
        return 0;
}

static int url_value(char c)
{
        if (c >= 'A' && c <= 'Z')
                return c - 'A';
        if (c >= 'a' && c <= 'z')
                return c - 'a' + 26;
        if (c >= '0' && c <= '9')
                return c - '0' + 52;
        return c == '-' ? 62 : c == '_' ? 63 : -1;
}

int sp_base64url_decode(struct sp_buf *to, struct sp_str s)
{
        uint32_t acc = 0;
        unsigned bits = 0;
        char *p;
        int r;

        if (s.n % 4 == 1)
                return -EINVAL;
        r = sp_buf_reserve(to, s.n / 4 * 3 + 3, &p);
        if (r < 0)
                return r;
        for (size_t i = 0; i < s.n; i++) {
                int v = url_value(s.p[i]);

                if (v < 0)
                        return -EINVAL;
                acc = acc << 6 | (uint32_t)v;
                bits += 6;
                if (bits >= 8) {
                        bits -= 8;
                        *p++ = (char)(acc >> bits);
                        acc &= (1u << bits) - 1;
                }
        }
        if (acc) /* RFC 4648 §3.5: stray bits are another spelling of the same bytes */
                return -EINVAL;
        to->n += s.n / 4 * 3 + (s.n % 4 ? s.n % 4 - 1 : 0);
        return 0;
}
