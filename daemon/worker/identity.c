/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/worker/identity.h"

#include <errno.h>
#include <stdlib.h>

#include <uthash.h>

#include "daemon/base/clock.h"
#include "daemon/base/digest.h"

#define KEY_LEN (8 + SP_SHA256_LEN)

struct sp_identity_entry {
        uint8_t key
                [KEY_LEN]; /* guard id, SHA-256 of the token: attackers choose tokens */
        uint64_t valid_until_us;
        struct sp_arena arena;
        struct sp_identity identity;
        UT_hash_handle hh;
};

struct question {
        struct sp_identities *all;
        uint8_t key[KEY_LEN];
        sp_identified_fn fn;
        void *userdata;
};

static void forget(struct sp_identities *all, struct sp_identity_entry *e)
{
        HASH_DEL(all->entries, e);
        all->count--;
        sp_arena_done(&e->arena);
        free(e);
}

void sp_identities_clear(struct sp_identities *all)
{
        struct sp_identity_entry *e, *tmp;

        HASH_ITER(hh, all->entries, e, tmp)
        forget(all, e);
}

static int copy(struct sp_arena *a, struct sp_str *to, struct sp_str from)
{
        *to = sp_arena_str(a, from);
        return to->p ? 0 : -ENOMEM;
}

int sp_identity_copy(struct sp_arena *a, const struct sp_identity *from,
                     struct sp_identity *to)
{
        struct sp_str *groups = sp_arena_array(a, from->who.n_groups, sizeof(*groups));

        *to = *from;
        if (!groups || copy(a, &to->who.workload, from->who.workload) < 0 ||
            copy(a, &to->who.iss, from->who.iss) < 0 ||
            copy(a, &to->who.sub, from->who.sub) < 0 ||
            copy(a, &to->who.email, from->who.email) < 0 ||
            copy(a, &to->session, from->session) < 0 ||
            copy(a, &to->salt, from->salt) < 0)
                return -ENOMEM;
        for (size_t i = 0; i < from->who.n_groups; i++)
                if (copy(a, &groups[i], from->who.groups[i]) < 0)
                        return -ENOMEM;
        to->who.groups = groups;
        return 0;
}

static int unpack(struct sp_arena *a, const struct sp_msg_identity *m,
                  struct sp_identity *ret)
{
        const struct sp_str *groups;
        size_t n;
        int r = sp_msg_split_groups(a, m->groups, &groups, &n);

        if (r < 0)
                return r;
        *ret = (struct sp_identity){
                .who = { .workload = m->workload,
                         .iss = m->iss,
                         .sub = m->sub,
                         .email = m->email,
                         .groups = groups,
                         .n_groups = n },
                .session = m->session,
                .salt = m->salt,
                .token_is_ours = m->token_is_ours,
                .token_is_valid = m->token_is_valid,
        };
        return 0;
}

static void remember(struct question *q, const struct sp_identity *id, uint64_t valid_s)
{
        struct sp_identity_entry *e;

        if (!valid_s)
                return;
        if (q->all->count >= SP_IDENTITIES_MAX)
                sp_identities_clear(q->all);
        e = calloc(1, sizeof(*e));
        if (!e)
                return;
        e->arena = SP_ARENA_INIT(64 * 1024);
        if (sp_identity_copy(&e->arena, id, &e->identity) < 0) {
                sp_arena_done(&e->arena);
                free(e);
                return;
        }
        memcpy(e->key, q->key, KEY_LEN);
        e->valid_until_us = sp_clock_us() + valid_s * SP_USEC_PER_SEC;
        HASH_ADD(hh, q->all->entries, key, KEY_LEN, e);
        q->all->count++;
}

static void on_identity(void *userdata, int err, const struct sp_err *e,
                        struct sp_str payload)
{
        struct question *q = userdata;
        struct sp_arena a = SP_ARENA_INIT(64 * 1024);
        struct sp_msg_identity m;
        struct sp_identity id;
        struct sp_identity_entry *old;
        struct sp_err mine;

        if (err == 0) {
                err = sp_msg_read_identity(payload, &m);
                if (err == 0)
                        err = unpack(&a, &m, &id);
                if (err < 0)
                        (void)sp_err_set(&mine, err, "identity.fault", "",
                                         "unreadable identity");
                e = &mine;
        }
        if (err == 0) {
                HASH_FIND(hh, q->all->entries, q->key, KEY_LEN, old);
                if (old)
                        forget(q->all, old);
                remember(q, &id, m.valid_s);
        }
        q->fn(q->userdata, err == 0 ? &id : NULL, err == 0 ? NULL : e);
        sp_arena_done(&a);
        free(q);
}

int sp_identify(struct sp_identities *all, struct sp_link *warden, uint64_t guard_id,
                int socket_fd, struct sp_str token, sp_identified_fn fn, void *userdata)
{
        const struct sp_msg_identify m = { token };
        sp_autobuf b = SP_BUF_INIT(64 * 1024);
        struct sp_wire_out w = SP_WIRE_OUT(&b);
        struct sp_identity_entry *e;
        struct question *q;
        uint8_t key[KEY_LEN];
        int r;

        memcpy(key, &guard_id, 8);
        r = sp_sha256(token, key + 8);
        if (r < 0)
                return r;
        HASH_FIND(hh, all->entries, key, KEY_LEN, e);
        if (e && e->valid_until_us > sp_clock_us()) {
                fn(userdata, &e->identity, NULL);
                return 0;
        }
        if (e)
                forget(all, e);
        if (socket_fd < 0)
                return -ENOTCONN;
        sp_msg_put_identify(&w, &m);
        if (w.error < 0)
                return w.error;
        q = malloc(sizeof(*q));
        if (!q)
                return -ENOMEM;
        *q = (struct question){ .all = all, .fn = fn, .userdata = userdata };
        memcpy(q->key, key, KEY_LEN);
        r = sp_link_ask_about(warden, SP_MSG_IDENTIFY, sp_buf_str(&b), socket_fd,
                              on_identity, q);
        if (r < 0)
                free(q);
        return r;
}
