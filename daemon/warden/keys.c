/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/warden/keys.h"

#include <errno.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "daemon/warden/files.h"

static int load_key(struct sp_str dir, const char *name, uint8_t ret[SP_KEY_LEN],
                    struct sp_err *reterr)
{
        sp_cleanup(sp_buf_done_secret) struct sp_buf b = SP_BUF_INIT(65536);
        struct sp_err e = SP_ERR_NULL;
        char path[PATH_MAX];
        int r = sp_file_join(path, dir, name, reterr);

        if (r < 0)
                return r;
        r = sp_file_read(path, SP_FILE_SECRET, SP_KEY_LEN, &b, &e);
        if (r == -ENOENT) {
                if (RAND_priv_bytes(ret, SP_KEY_LEN) != 1)
                        return sp_err_set(reterr, -EIO, "keys.random", name,
                                          "no random bytes");
                return sp_file_replace(path, sp_str((const char *)ret, SP_KEY_LEN),
                                       0600, reterr);
        }
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

int sp_keys_load(struct sp_str state_dir, struct sp_keys *ret, struct sp_err *reterr)
{
        struct sp_keys k;
        int r = load_key(state_dir, "token.key", k.token, reterr);

        if (r == 0)
                r = load_key(state_dir, "mask.key", k.mask, reterr);
        if (r == 0)
                *ret = k;
        OPENSSL_cleanse(&k, sizeof(k));
        return r;
}

void sp_keys_done(struct sp_keys *k)
{
        OPENSSL_cleanse(k, sizeof(*k));
}

int sp_keys_salt(const struct sp_keys *k, struct sp_str session,
                 char ret[SP_SHA256_HEX_LEN + 1])
{
        uint8_t mac[SP_SHA256_LEN];
        int r = sp_hmac_sha256(sp_str((const char *)k->mask, SP_KEY_LEN), session, mac);

        if (r == 0)
                sp_hex(mac, sizeof(mac), ret);
        OPENSSL_cleanse(mac, sizeof(mac));
        return r;
}
