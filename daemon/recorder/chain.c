/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/recorder/chain.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define HEAD_LEN (20 + 1 + SP_SHA256_HEX_LEN + 1)

int sp_chain_hash(const struct sp_store_record *r, uint8_t ret[SP_SHA256_LEN])
{
        char head[SP_SHA256_LEN + 3 * 8 + SP_SHA256_LEN], *to = head;
        sp_cleanup(sp_digest_freep) struct sp_digest *d = sp_digest_new();
        int e;

        if (!d)
                return -ENOMEM;
        memcpy(to, r->previous, SP_SHA256_LEN);
        sp_put_be64(to += SP_SHA256_LEN, r->seq);
        sp_put_be64(to += 8, r->wall_us);
        to += 8;
        if (r->body.bytes) {
                sp_put_be64(to, r->body.bytes);
                memcpy(to += 8, r->body.sha256, SP_SHA256_LEN);
                to += SP_SHA256_LEN;
        }
        e = sp_digest_add(d, sp_str(head, (size_t)(to - head)));
        if (e == 0)
                e = sp_digest_add(d, r->json);
        return e < 0 ? e : sp_digest_end(d, ret);
}

size_t sp_chain_encode(const struct sp_store_record *r, char to[SP_CHAIN_PREFIX_MAX])
{
        char *body = to + SP_CHAIN_PREFIX;

        to[0] = r->body.bytes ? SP_CHAIN_VERSION_BODY : SP_CHAIN_VERSION;
        sp_put_be64(to + 1, r->wall_us);
        memcpy(to + 9, r->previous, SP_SHA256_LEN);
        memcpy(to + 9 + SP_SHA256_LEN, r->hash, SP_SHA256_LEN);
        if (!r->body.bytes)
                return SP_CHAIN_PREFIX;
        sp_put_be32(body, r->body.file);
        sp_put_be64(body + 4, r->body.at);
        sp_put_be64(body + 12, r->body.bytes);
        memcpy(body + 20, r->body.sha256, SP_SHA256_LEN);
        return SP_CHAIN_PREFIX_MAX;
}

int sp_chain_decode(uint64_t seq, struct sp_str value, struct sp_store_record *ret)
{
        struct sp_store_body body = { 0 };
        size_t prefix = SP_CHAIN_PREFIX;

        if (value.n < SP_CHAIN_PREFIX)
                return -EBADMSG;
        if (value.p[0] == SP_CHAIN_VERSION_BODY) {
                const char *p = value.p + SP_CHAIN_PREFIX;

                prefix = SP_CHAIN_PREFIX_MAX;
                if (value.n < prefix)
                        return -EBADMSG;
                body.file = sp_get_be32(p);
                body.at = sp_get_be64(p + 4);
                body.bytes = sp_get_be64(p + 12);
                memcpy(body.sha256, p + 20, SP_SHA256_LEN);
                if (!body.bytes || body.bytes > SP_CHAIN_BODY_MAX)
                        return -EBADMSG;
        } else if (value.p[0] != SP_CHAIN_VERSION) {
                return -EBADMSG;
        }
        /* what begins so is a body's length: the same bytes and hash, called version 1 */
        if (value.n > prefix && value.p[prefix] == 0)
                return -EBADMSG;
        ret->seq = seq;
        ret->wall_us = sp_get_be64(value.p + 1);
        memcpy(ret->previous, value.p + 9, SP_SHA256_LEN);
        memcpy(ret->hash, value.p + 9 + SP_SHA256_LEN, SP_SHA256_LEN);
        ret->body = body;
        ret->json = sp_str_sub(value, prefix, value.n);
        return 0;
}

static void head_format(const struct sp_chain_head *h, char to[HEAD_LEN + 1])
{
        char hex[SP_SHA256_HEX_LEN + 1];

        sp_hex(h->hash, SP_SHA256_LEN, hex);
        (void)snprintf(to, HEAD_LEN + 1, "%020llu %s\n", (unsigned long long)h->seq,
                       hex);
}

static int head_parse(struct sp_str text, struct sp_chain_head *ret)
{
        struct sp_chain_head h;
        struct sp_str number, rest;

        if (text.n != HEAD_LEN || text.p[HEAD_LEN - 1] != '\n' ||
            !sp_str_cut(sp_str_sub(text, 0, HEAD_LEN - 1), ' ', &number, &rest) ||
            sp_str_u64(number, &h.seq) < 0 || sp_unhex(rest, h.hash, SP_SHA256_LEN) < 0)
                return -EBADMSG;
        *ret = h;
        return 0;
}

static int head_path(const char *dir, char **ret)
{
        return asprintf(ret, "%s/" SP_CHAIN_HEAD_FILE, dir) < 0 ? -ENOMEM : 0;
}

int sp_chain_head_read(const char *dir, struct sp_chain_head *ret)
{
        char text[HEAD_LEN + 1], *path;
        sp_autoclose int fd = -1;
        ssize_t n;
        int r = head_path(dir, &path);

        if (r < 0)
                return r;
        fd = open(path, O_RDONLY | O_CLOEXEC);
        r = fd < 0 ? -errno : 0;
        free(path);
        if (r < 0)
                return r;
        n = pread(fd, text, sizeof(text), 0);
        if (n < 0)
                return -errno;
        return head_parse(sp_str(text, (size_t)n), ret);
}

int sp_chain_head_open(const char *dir, int *ret)
{
        static const struct sp_chain_head none;
        sp_autoclose int fd = -1;
        char *path;
        struct stat st;
        int r = head_path(dir, &path);

        if (r < 0)
                return r;
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
        r = fd < 0 || fstat(fd, &st) < 0 ? -errno : 0;
        free(path);
        if (r == 0 && st.st_size == 0)
                r = sp_chain_head_write(fd, &none);
        if (r == 0)
                *ret = SP_TAKE_FD(fd);
        return r;
}

int sp_chain_head_write(int fd, const struct sp_chain_head *h)
{
        char text[HEAD_LEN + 1];
        ssize_t n;

        head_format(h, text);
        n = pwrite(fd, text, HEAD_LEN, 0);
        return n == HEAD_LEN ? 0 : n < 0 ? -errno : -EIO;
}
