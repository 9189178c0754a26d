/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/recorder/store.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>

#include "daemon/base/clock.h"
#include "daemon/recorder/db.h"

#define SESSION_MAX 64
#define KEY_MAX 4096 /* of a fact, with its space */
/* What opening the database again may write; with less the disk counts as full. */
#define ROOM_TO_REOPEN (8u << 20)

struct sp_store_batch {
        struct sp_store *store;
        rocksdb_writebatch_t *batch;
        struct sp_chain_head base, head; /* before it; as it will be after commit */
        uint64_t bytes;
};

/* ---- open and close ---- */

static int newest_record(struct sp_store *s, struct sp_err *reterr)
{
        rocksdb_readoptions_t *o = rocksdb_readoptions_create();
        rocksdb_iterator_t *it =
                rocksdb_create_iterator_cf(s->db.db, o, s->db.cf[SP_CF_RECORDS]);
        struct sp_store_record record;
        char *error = NULL;
        int r = 0;

        s->head = (struct sp_chain_head){ 0 };
        rocksdb_iter_seek_to_last(it);
        if (rocksdb_iter_valid(it)) {
                struct sp_str k, v;

                k.p = rocksdb_iter_key(it, &k.n);
                v.p = rocksdb_iter_value(it, &v.n);
                if (k.n != 8 || sp_chain_decode(sp_get_be64(k.p), v, &record) < 0) {
                        r = sp_err_set(reterr, -EBADMSG, "store.damaged", "",
                                       "the newest record cannot be read");
                } else {
                        s->head.seq = record.seq;
                        memcpy(s->head.hash, record.hash, SP_SHA256_LEN);
                }
        }
        rocksdb_iter_get_error(it, &error);
        if (error && r == 0)
                r = sp_db_error(error, "cannot read the newest record", reterr);
        else if (error)
                rocksdb_free(error);
        rocksdb_iter_destroy(it);
        rocksdb_readoptions_destroy(o);
        return r;
}

/* The chain-head file is written after each commit: a database that ends before it has
 * lost records. Going on would reuse their numbers and cover the loss up. */
static int check_witness(const struct sp_store *s, struct sp_err *reterr)
{
        bool is_lost = s->has_witness == -ENOENT ? s->head.seq > 0
                       : s->has_witness < 0      ? true
                                                 : s->witness.seq > s->head.seq;

        if (!is_lost)
                return 0;
        return sp_err_set(
                reterr, -EBADMSG, "store.truncated", s->dir,
                "the newest record is %llu, but %s%llu; keep this directory as "
                "evidence and start with an empty one",
                (unsigned long long)s->head.seq,
                s->has_witness < 0 ? "its witness file cannot be read: "
                                   : "there was a record ",
                (unsigned long long)s->witness.seq);
}

static int open_database(struct sp_store *s, struct sp_err *reterr)
{
        int r;

        s->has_witness = sp_chain_head_read(s->dir, &s->witness);
        r = sp_db_open(&s->db, s->dir, s->options.read_only, false, reterr);
        if (r == -EBADMSG && s->options.for_audit) {
                s->is_damaged = true;
                r = sp_db_open(&s->db, s->dir, true, true, reterr);
        }
        if (r < 0)
                return r;
        r = newest_record(s, reterr);
        if (r == -EBADMSG && s->options.for_audit)
                r = 0;
        if (r == 0 && !s->options.read_only)
                r = check_witness(s, reterr);
        if (r == 0 && !s->options.read_only) {
                sp_closep(&s->head_fd);
                r = sp_chain_head_open(s->dir, &s->head_fd);
                if (r < 0)
                        r = sp_err_set(reterr, r, "store.io", s->dir,
                                       "cannot write the witness file: %s",
                                       strerror(-r));
                else if (s->has_witness == -ENOENT)
                        s->has_witness = 0; /* just made: an empty chain */
        }
        if (r < 0)
                sp_db_close(&s->db);
        return r;
}

int sp_store_open(const char *dir, const struct sp_store_options *o,
                  struct sp_store **ret, struct sp_err *reterr)
{
        sp_cleanup(sp_store_closep) struct sp_store *s = calloc(1, sizeof(*s));
        int r;

        if (!s)
                return -ENOMEM;
        s->head_fd = -1;
        s->options = *o;
        (void)pthread_rwlock_init(&s->lock, NULL);
        s->dir = strdup(dir);
        if (!s->dir)
                return -ENOMEM;
        sp_bodies_init(&s->bodies, s->dir);
        if (!o->read_only && mkdir(dir, 0750) < 0 && errno != EEXIST)
                return sp_err_set(reterr, -errno,
                                  errno == ENOSPC ? "store.full" : "store.io", dir,
                                  "cannot make the directory: %s", strerror(errno));
        r = open_database(s, reterr);
        if (r < 0)
                return r;
        *ret = SP_TAKE(s);
        return 0;
}

struct sp_store *sp_store_close(struct sp_store *s)
{
        if (!s)
                return NULL;
        sp_db_close(&s->db);
        sp_bodies_done(&s->bodies);
        sp_closep(&s->head_fd);
        (void)pthread_rwlock_destroy(&s->lock);
        free(s->dir);
        free(s);
        return NULL;
}

/* RocksDB refuses all writes after one failed, also when there is room again. */
static int reopen(struct sp_store *s, struct sp_err *reterr)
{
        int r;

        (void)pthread_rwlock_wrlock(&s->lock);
        sp_db_close(&s->db);
        atomic_store(&s->has_moved, true);
        r = open_database(s, reterr);
        s->is_broken = r < 0;
        (void)pthread_rwlock_unlock(&s->lock);
        return r;
}

/* ---- writing ---- */

int sp_store_batch_new(struct sp_store *s, struct sp_store_batch **ret,
                       struct sp_err *reterr)
{
        struct sp_store_batch *b;
        int r;

        if (s->options.read_only)
                return sp_err_set(reterr, -EROFS, "store.io", s->dir,
                                  "opened for reading");
        if (s->is_broken) {
                r = reopen(s, reterr);
                if (r < 0)
                        return r;
        }
        b = calloc(1, sizeof(*b));
        if (!b)
                return -ENOMEM;
        b->store = s;
        b->base = b->head = s->head;
        b->batch = rocksdb_writebatch_create();
        *ret = b;
        return 0;
}

struct sp_store_batch *sp_store_batch_free(struct sp_store_batch *b)
{
        if (!b)
                return NULL;
        rocksdb_writebatch_destroy(b->batch);
        free(b);
        return NULL;
}

static int check_space(const struct sp_store *s, uint64_t bytes, struct sp_err *reterr)
{
        struct statvfs v;
        uint64_t free_bytes;

        if (statvfs(s->dir, &v) < 0)
                return sp_err_set(reterr, -EIO, "store.io", s->dir, "%s",
                                  strerror(errno));
        free_bytes = (uint64_t)v.f_bavail * v.f_frsize;
        if (free_bytes >= bytes && free_bytes - bytes >= s->options.free_min_bytes)
                return 0;
        return sp_err_set(reterr, -ENOSPC, "store.full", s->dir,
                          "%llu bytes are free, and at least %llu must stay free",
                          (unsigned long long)free_bytes,
                          (unsigned long long)s->options.free_min_bytes);
}

static int append(struct sp_store_batch *b, struct sp_str session, struct sp_str json,
                  const struct sp_store_body *body, uint64_t *ret_seq)
{
        struct sp_store_record record = { .seq = b->head.seq + 1,
                                          .wall_us = sp_clock_wall_us(),
                                          .json = json,
                                          .body = *body };
        char prefix[SP_CHAIN_PREFIX_MAX], key[8], index[SESSION_MAX + 8];
        const char *keys[] = { key }, *values[] = { prefix, json.p };
        const size_t key_sizes[] = { 8 };
        size_t value_sizes[] = { 0, json.n };
        int r;

        if (session.n > SESSION_MAX || !json.n)
                return -EINVAL;
        memcpy(record.previous, b->head.hash, SP_SHA256_LEN);
        r = sp_chain_hash(&record, record.hash);
        if (r < 0)
                return r;
        value_sizes[0] = sp_chain_encode(&record, prefix);
        sp_put_be64(key, record.seq);
        rocksdb_writebatch_putv_cf(b->batch, b->store->db.cf[SP_CF_RECORDS], 1, keys,
                                   key_sizes, 2, values, value_sizes);
        if (session.n) {
                memcpy(index, session.p, session.n);
                memcpy(index + session.n, key, 8);
                rocksdb_writebatch_put_cf(b->batch, b->store->db.cf[SP_CF_SESSIONS],
                                          index, session.n + 8, "", 0);
        }
        b->head.seq = record.seq;
        memcpy(b->head.hash, record.hash, SP_SHA256_LEN);
        b->bytes += sizeof(prefix) + json.n + 128;
        if (ret_seq)
                *ret_seq = record.seq;
        return 0;
}

int sp_store_append(struct sp_store_batch *b, struct sp_str session, struct sp_str json,
                    uint64_t *ret_seq)
{
        return append(b, session, json, &(struct sp_store_body){ 0 }, ret_seq);
}

int sp_store_append_body(struct sp_store_batch *b, struct sp_str session,
                         struct sp_str json, const struct sp_store_body *body,
                         uint64_t *ret_seq)
{
        return append(b, session, json, body, ret_seq);
}

/* What was put before is named by a record soon: it is not left behind unsynced. */
static int follow(struct sp_store *s, struct sp_err *reterr)
{
        int r;

        if (!atomic_load(&s->has_moved))
                return 0;
        r = sp_bodies_sync(&s->bodies, reterr);
        if (r < 0)
                return r;
        atomic_store(&s->has_moved, false);
        sp_bodies_done(&s->bodies);
        return 0;
}

int sp_store_put_body(struct sp_store *s, int from, uint64_t bytes,
                      struct sp_store_body *ret, struct sp_err *reterr)
{
        int r;

        if (!bytes || bytes > SP_CHAIN_BODY_MAX)
                return -EINVAL;
        r = check_space(s, bytes, reterr);
        if (r == 0)
                r = follow(s, reterr);
        return r < 0 ? r : sp_bodies_append(&s->bodies, from, bytes, ret, reterr);
}

int sp_store_sync_bodies(struct sp_store *s, struct sp_err *reterr)
{
        int r = sp_bodies_sync(&s->bodies, reterr);

        if (r < 0)
                sp_bodies_done(&s->bodies); /* the next begins anew */
        return r;
}

static int fact_key(struct sp_str space, struct sp_str key, struct sp_buf *to)
{
        int r;

        if (!space.n || memchr(space.p, 0, space.n))
                return -EINVAL;
        r = sp_buf_add(to, space);
        if (r == 0)
                r = sp_buf_addc(to, '\0');
        if (r == 0)
                r = sp_buf_add(to, key);
        return r == -ENOBUFS ? -EINVAL : r;
}

int sp_store_keep(struct sp_store_batch *b, struct sp_str space, struct sp_str key,
                  struct sp_str value, uint64_t expires_s)
{
        sp_autobuf k = SP_BUF_INIT(KEY_MAX);
        char prefix[8];
        const char *keys[1], *values[] = { prefix, value.n ? value.p : "" };
        size_t key_sizes[1];
        const size_t value_sizes[] = { sizeof(prefix), value.n };
        int r = fact_key(space, key, &k);

        if (r < 0)
                return r;
        keys[0] = k.p;
        key_sizes[0] = k.n;
        sp_put_be64(prefix, expires_s);
        rocksdb_writebatch_putv_cf(b->batch, b->store->db.cf[SP_CF_FACTS], 1, keys,
                                   key_sizes, 2, values, value_sizes);
        b->bytes += k.n + value.n + 64;
        return 0;
}

static int write_batch(struct sp_store_batch *b, struct sp_err *reterr)
{
        struct sp_store *s = b->store;
        rocksdb_writeoptions_t *o = rocksdb_writeoptions_create();
        char *error = NULL;

        rocksdb_writeoptions_set_sync(o, 1);
        rocksdb_write(s->db.db, o, b->batch, &error);
        rocksdb_writeoptions_destroy(o);
        return sp_db_error(error, "cannot write", reterr);
}

static bool is_same_head(const struct sp_chain_head *x, const struct sp_chain_head *y)
{
        return x->seq == y->seq && memcmp(x->hash, y->hash, SP_SHA256_LEN) == 0;
}

/* There is room, and the engine says there is none: it tells only now of a background write
 * that failed when the disk was full. Open it again, and see whether the batch is in. */
static int write_again(struct sp_store_batch *b, struct sp_err *reterr)
{
        struct sp_store *s = b->store;
        int r = reopen(s, reterr);

        if (r < 0 ||
            (is_same_head(&s->head, &b->head) && !is_same_head(&b->head, &b->base)))
                return r;
        if (!is_same_head(&s->head, &b->base))
                return sp_err_set(reterr, -EIO, "store.io", s->dir,
                                  "the store is not where this write began");
        return write_batch(b, reterr);
}

int sp_store_commit(struct sp_store_batch *b, struct sp_err *reterr)
{
        struct sp_store *s = b->store;
        int r = check_space(s, b->bytes, reterr);

        if (r < 0)
                return r;
        if (s->is_broken) /* a batch begun before another one failed */
                return sp_err_set(reterr, -EIO, "store.io", s->dir,
                                  "the store is closed");
        r = write_batch(b, reterr);
        if (r == -ENOSPC && check_space(s, b->bytes + ROOM_TO_REOPEN, NULL) == 0)
                r = write_again(b, reterr);
        if (r == 0 && b->head.seq != b->base.seq) {
                r = sp_chain_head_write(s->head_fd, &b->head);
                if (r < 0)
                        r = sp_err_set(reterr, r, "store.io", s->dir,
                                       "cannot write the witness file: %s",
                                       strerror(-r));
        }
        if (r < 0)
                s->is_broken = true;
        else
                s->head = s->witness = b->head;
        rocksdb_writebatch_clear(b->batch);
        return r;
}

int sp_store_probe(struct sp_store *s, struct sp_err *reterr)
{
        sp_cleanup(sp_store_batch_freep) struct sp_store_batch *b = NULL;
        int r = sp_store_batch_new(s, &b, reterr);

        if (r == 0) /* expired from the start */
                r = sp_store_keep(b, SP_STR("probe"), SP_STR("probe"), SP_STR_NULL, 1);
        return r < 0 ? r : sp_store_commit(b, reterr);
}

/* ---- facts ---- */

int sp_store_recall(struct sp_store *s, struct sp_str space, struct sp_str key,
                    struct sp_buf *ret)
{
        sp_autobuf k = SP_BUF_INIT(KEY_MAX);
        rocksdb_readoptions_t *o;
        uint64_t expires_s;
        char *error = NULL, *value = NULL;
        size_t n = 0;
        int r = fact_key(space, key, &k);

        if (r < 0)
                return r;
        (void)pthread_rwlock_rdlock(&s->lock);
        if (!s->db.db) {
                (void)pthread_rwlock_unlock(&s->lock);
                return -EIO;
        }
        o = rocksdb_readoptions_create();
        value = rocksdb_get_cf(s->db.db, o, s->db.cf[SP_CF_FACTS], k.p, k.n, &n,
                               &error);
        rocksdb_readoptions_destroy(o);
        (void)pthread_rwlock_unlock(&s->lock);
        r = sp_db_error(error, "cannot read a fact", NULL);
        if (r == 0)
                r = !value ? -ENOENT : n < 8 ? -EBADMSG : 0;
        if (r == 0) {
                expires_s = sp_get_be64(value);
                r = expires_s && expires_s < (uint64_t)time(NULL)
                            ? -ENOENT
                            : sp_buf_add(ret, sp_str(value + 8, n - 8));
        }
        rocksdb_free(value);
        return r;
}

void sp_store_head(const struct sp_store *s, uint64_t *ret_seq, uint8_t ret_hash[32])
{
        *ret_seq = s->head.seq;
        memcpy(ret_hash, s->head.hash, SP_SHA256_LEN);
}
