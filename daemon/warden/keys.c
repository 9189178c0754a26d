/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/warden/keys.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <sys/stat.h>

#include "daemon/base/clock.h"
#include "daemon/warden/files.h"

#define MASK_KEY "mask.key"

static int make_key(const char *path, uint8_t ret[SP_KEY_LEN], struct sp_err *reterr)
{
        if (RAND_priv_bytes(ret, SP_KEY_LEN) != 1)
                return sp_err_set(reterr, -EIO, "keys.random", path, "no random bytes");
        return sp_file_replace(path, sp_str((const char *)ret, SP_KEY_LEN), 0600,
                               reterr);
}

/* -ENOENT: no file, and no error text. 1: an empty one. */
static int read_key(const char *path, uint8_t ret[SP_KEY_LEN], struct sp_err *reterr)
{
        sp_cleanup(sp_buf_done_secret) struct sp_buf b = SP_BUF_INIT(65536);
        struct sp_err e = SP_ERR_NULL;
        int r = sp_file_read(path, SP_FILE_SECRET, SP_KEY_LEN, &b, &e);

        if (r == 0 && !b.n)
                return 1;
        if (r == -ENOENT)
                return r;
        if (r < 0 && r != -EFBIG) {
                if (reterr)
                        *reterr = e;
                return r;
        }
        if (r == -EFBIG || b.n != SP_KEY_LEN)
                return sp_err_set(
                        reterr, -EINVAL, "keys.damaged", path,
                        "is not %d bytes long; restore it, or remove it to start "
                        "with a new key",
                        SP_KEY_LEN);
        memcpy(ret, b.p, SP_KEY_LEN);
        return 0;
}

static int load_key(struct sp_str dir, const char *name, uint8_t ret[SP_KEY_LEN],
                    struct sp_err *reterr)
{
        char path[PATH_MAX];
        int r = sp_file_join(path, dir, name, reterr);

        if (r < 0)
                return r;
        r = read_key(path, ret, reterr);
        return r == -ENOENT ? make_key(path, ret, reterr) : r;
}

static int add_mask_key(struct sp_keys *k, struct sp_str dir, const char *name,
                        uint64_t from_ms, struct sp_err *reterr)
{
        struct sp_mask_key m = { .from_ms = from_ms };
        size_t at = k->n_mask;
        int r;

        if (k->n_mask == SP_MASK_KEYS_MAX)
                return sp_err_set(reterr, -E2BIG, "keys.too-many", "",
                                  "there are more than %d mask keys", SP_MASK_KEYS_MAX);
        r = load_key(dir, name, m.key, reterr);
        if (r < 0)
                return r;
        m.is_gone = r == 1;
        for (; at && k->mask[at - 1].from_ms > from_ms; at--)
                k->mask[at] = k->mask[at - 1];
        k->mask[at] = m;
        k->n_mask++;
        OPENSSL_cleanse(&m, sizeof(m));
        return 0;
}

/* "mask.key.1795263600000" → the number; false for every other name. */
static bool is_successor(const char *name, uint64_t *ret)
{
        struct sp_str s = sp_str_c(name), prefix = SP_STR(MASK_KEY ".");

        return sp_str_starts(s, prefix) &&
               sp_str_u64(sp_str_sub(s, prefix.n, s.n - prefix.n), ret) == 0 && *ret;
}

static uint64_t made_ms(struct sp_str dir)
{
        char path[PATH_MAX];
        struct stat st;

        if (sp_file_join(path, dir, MASK_KEY, NULL) < 0 || stat(path, &st) < 0)
                return 0;
        return (uint64_t)st.st_mtim.tv_sec * 1000;
}

static int load_mask_keys(struct sp_keys *k, struct sp_str dir, struct sp_err *reterr)
{
        char path[PATH_MAX];
        struct dirent *entry;
        uint64_t from_ms;
        int r = add_mask_key(k, dir, MASK_KEY, 0, reterr);
        DIR *d;

        if (r == 0)
                r = sp_file_join(path, dir, "", reterr);
        if (r < 0)
                return r;
        k->first_ms = made_ms(dir);
        d = opendir(path);
        if (!d)
                return sp_err_set(reterr, -errno, "file.open", path, "%s",
                                  strerror(errno));
        while (r == 0 && (entry = readdir(d)))
                if (is_successor(entry->d_name, &from_ms))
                        r = add_mask_key(k, dir, entry->d_name, from_ms, reterr);
        (void)closedir(d);
        if (r == 0 && k->mask[k->n_mask - 1].is_gone)
                return sp_err_set(
                        reterr, -EINVAL, "keys.damaged", path,
                        "the newest mask key is empty: restore it, or remove it");
        return r;
}

int sp_keys_load(struct sp_str state_dir, struct sp_keys *ret, struct sp_err *reterr)
{
        struct sp_keys k = { .n_mask = 0 };
        int r = load_key(state_dir, "token.key", k.token, reterr);

        if (r == 1)
                r = sp_err_set(reterr, -EINVAL, "keys.damaged", "token.key",
                               "is empty; restore it, or remove it");
        if (r == 0)
                r = load_mask_keys(&k, state_dir, reterr);
        if (r == 0)
                *ret = k;
        OPENSSL_cleanse(&k, sizeof(k));
        return r;
}

void sp_keys_done(struct sp_keys *k)
{
        OPENSSL_cleanse(k, sizeof(*k));
}

/* From the next millisecond on: a session that began in this one may have its key already. */
int sp_keys_rotate(struct sp_keys *k, struct sp_str state_dir, uint64_t now_ms,
                   struct sp_err *reterr)
{
        uint64_t from_ms = now_ms + 1;
        char name[64];

        if (k->mask[k->n_mask - 1].from_ms >= from_ms)
                return sp_err_set(reterr, -EAGAIN, "keys.clock", "",
                                  "the newest mask key is from the future: look at the "
                                  "clock");
        (void)snprintf(name, sizeof(name), MASK_KEY ".%llu",
                       (unsigned long long)from_ms);
        return add_mask_key(k, state_dir, name, from_ms, reterr);
}

int sp_keys_salt(const struct sp_keys *k, struct sp_str session,
                 char ret[SP_SHA256_HEX_LEN + 1], struct sp_err *reterr)
{
        const struct sp_mask_key *m = &k->mask[k->n_mask - 1];
        uint8_t mac[SP_SHA256_LEN];
        uint64_t began_ms;
        int r;

        if (!sp_ulid_ms(session, &began_ms))
                return sp_err_set(reterr, -EINVAL, "keys.session", "",
                                  "that is not the id of a session");
        while (m > k->mask && m->from_ms > began_ms)
                m--;
        if (m->is_gone)
                return sp_err_set(reterr, -ENOKEY, "keys.gone", "",
                                  "the mask key of that session was thrown away");
        r = sp_hmac_sha256(sp_str((const char *)m->key, SP_KEY_LEN), session, mac);
        if (r == 0)
                sp_hex(mac, sizeof(mac), ret);
        OPENSSL_cleanse(mac, sizeof(mac));
        return r < 0 ? sp_err_set(reterr, r, "keys.session", "", "no session key") : 0;
}
