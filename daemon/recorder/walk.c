/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "daemon/recorder/db.h"

struct cursor {
        struct sp_store *store;
        rocksdb_readoptions_t *options;
        rocksdb_iterator_t *it;
};

static void cursor_open(struct cursor *c, struct sp_store *s, enum sp_cf cf)
{
        c->store = s;
        (void)pthread_rwlock_rdlock(&s->lock);
        c->options = rocksdb_readoptions_create();
        rocksdb_readoptions_set_verify_checksums(c->options, 1);
        rocksdb_readoptions_set_fill_cache(c->options, 0);
        c->it = rocksdb_create_iterator_cf(s->db.db, c->options, s->db.cf[cf]);
}

static void cursor_close(struct cursor *c)
{
        rocksdb_iter_destroy(c->it);
        rocksdb_readoptions_destroy(c->options);
        (void)pthread_rwlock_unlock(&c->store->lock);
}

static int cursor_error(struct cursor *c, struct sp_err *reterr)
{
        char *error = NULL;

        rocksdb_iter_get_error(c->it, &error);
        return sp_db_error(error, "cannot read on", reterr);
}

static int not_a_record(uint64_t seq, struct sp_err *reterr)
{
        return sp_err_set(reterr, -EBADMSG, "store.damaged", "",
                          "record %llu is not in the store's format",
                          (unsigned long long)seq);
}

static int read_record(struct sp_store *s, rocksdb_readoptions_t *o, uint64_t seq,
                       char **ret_value, struct sp_store_record *ret,
                       struct sp_err *reterr)
{
        char key[8], *error = NULL, *value;
        struct sp_str v;
        int r;

        sp_put_be64(key, seq);
        value = rocksdb_get_cf(s->db.db, o, s->db.cf[SP_CF_RECORDS], key, 8, &v.n,
                               &error);
        r = sp_db_error(error, "cannot read a record", reterr);
        if (r < 0)
                return r;
        v.p = value;
        if (!value || sp_chain_decode(seq, v, ret) < 0) {
                rocksdb_free(value);
                return not_a_record(seq, reterr);
        }
        *ret_value = value;
        return 0;
}

static int walk_session(struct sp_store *s, struct sp_str session, uint64_t from_seq,
                        sp_store_walk_fn fn, void *userdata, struct sp_err *reterr)
{
        struct sp_store_record record;
        struct cursor c;
        char start[256];
        int r = 0;

        if (session.n > sizeof(start) - 8)
                return sp_err_set(reterr, -EINVAL, "store.session", "",
                                  "no such session");
        memcpy(start, session.p, session.n);
        sp_put_be64(start + session.n, from_seq);
        cursor_open(&c, s, SP_CF_SESSIONS);
        rocksdb_iter_seek(c.it, start, session.n + 8);
        for (; r == 0 && rocksdb_iter_valid(c.it); rocksdb_iter_next(c.it)) {
                struct sp_str k;
                char *value = NULL;

                k.p = rocksdb_iter_key(c.it, &k.n);
                if (!sp_str_starts(k, session))
                        break;
                if (k.n != session.n + 8) /* a longer name with the same beginning */
                        continue;
                r = read_record(s, c.options, sp_get_be64(k.p + session.n), &value,
                                &record, reterr);
                if (r < 0)
                        break;
                r = fn(userdata, &record);
                rocksdb_free(value);
        }
        if (r == 0)
                r = cursor_error(&c, reterr);
        cursor_close(&c);
        return r;
}

static int walk_all(struct sp_store *s, uint64_t from_seq, sp_store_walk_fn fn,
                    void *userdata, struct sp_err *reterr)
{
        struct sp_store_record record;
        struct cursor c;
        char start[8];
        int r = 0;

        sp_put_be64(start, from_seq);
        cursor_open(&c, s, SP_CF_RECORDS);
        rocksdb_iter_seek(c.it, start, 8);
        for (; r == 0 && rocksdb_iter_valid(c.it); rocksdb_iter_next(c.it)) {
                struct sp_str k, v;

                k.p = rocksdb_iter_key(c.it, &k.n);
                v.p = rocksdb_iter_value(c.it, &v.n);
                if (k.n != 8 || sp_chain_decode(sp_get_be64(k.p), v, &record) < 0)
                        r = not_a_record(k.n == 8 ? sp_get_be64(k.p) : 0, reterr);
                else
                        r = fn(userdata, &record);
        }
        if (r == 0)
                r = cursor_error(&c, reterr);
        cursor_close(&c);
        return r;
}

int sp_store_walk(struct sp_store *s, struct sp_str session, uint64_t from_seq,
                  sp_store_walk_fn fn, void *userdata, struct sp_err *reterr)
{
        return session.n ? walk_session(s, session, from_seq, fn, userdata, reterr)
                         : walk_all(s, from_seq, fn, userdata, reterr);
}

/* ---- the proof ---- */

struct proof {
        struct sp_chain_head last;
        const struct sp_store *store;
        struct sp_err *err;
        uint64_t count;
};

static int broken(struct proof *p, uint64_t seq, const char *what)
{
        return sp_err_set(p->err, -EBADMSG, "store.chain-broken", "", "record %llu: %s",
                          (unsigned long long)seq, what);
}

static int prove(void *userdata, const struct sp_store_record *r)
{
        struct proof *p = userdata;
        uint8_t hash[SP_SHA256_LEN];
        struct sp_err e;

        if (r->seq != p->last.seq + 1)
                return broken(p, p->last.seq + 1, "it is missing");
        if (memcmp(r->previous, p->last.hash, SP_SHA256_LEN) != 0)
                return broken(p, r->seq,
                              "it does not follow from the record before it");
        if (sp_chain_hash(r, hash) < 0)
                return broken(p, r->seq, "its hash cannot be computed");
        if (memcmp(r->hash, hash, SP_SHA256_LEN) != 0)
                return broken(p, r->seq, "its content does not match its hash");
        if (p->store->has_witness == 0 && p->store->witness.seq == r->seq &&
            memcmp(p->store->witness.hash, hash, SP_SHA256_LEN) != 0)
                return broken(p, r->seq, "it is not the one that chain-head names");
        if (r->body.bytes && sp_body_read(p->store->dir, &r->body, NULL, NULL, &e) < 0)
                return broken(p, r->seq, e.what);
        p->last.seq = r->seq;
        memcpy(p->last.hash, hash, SP_SHA256_LEN);
        p->count++;
        return 0;
}

int sp_store_verify(struct sp_store *s, uint64_t *ret_count, struct sp_err *reterr)
{
        struct proof p = { .store = s, .err = reterr };
        struct sp_err e = SP_ERR_NULL;
        int r;

        if (s->has_witness < 0)
                return sp_err_set(reterr, -EBADMSG, "store.chain-broken", s->dir,
                                  "chain-head cannot be read: %s",
                                  strerror(-s->has_witness));
        p.err = &e;
        r = sp_store_walk(s, SP_STR_NULL, 0, prove, &p, &e);
        if (r == 0 && p.last.seq < s->witness.seq)
                r = broken(&p, p.last.seq + 1,
                           "it is missing: chain-head names a later one");
        if (r == 0 && s->is_damaged)
                r = broken(&p, p.last.seq + 1,
                           "the log is damaged where it would follow");
        if (r < 0 && (!e.id || strcmp(e.id, "store.chain-broken") != 0))
                return sp_err_set(reterr, -EBADMSG, "store.chain-broken", s->dir,
                                  "record %llu: %s", (unsigned long long)p.last.seq + 1,
                                  e.what);
        if (r < 0) {
                if (reterr)
                        *reterr = e;
                return -EBADMSG;
        }
        *ret_count = p.count;
        return 0;
}
