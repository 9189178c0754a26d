/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/warden/sessions.h"

#include <errno.h>
#include <stdlib.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct session {
        UT_hash_handle hh;
        struct sp_ulid id;
        uint64_t used_us;
        uint64_t guard_id;
        size_t n; /* of key */
        char key[]; /* guard id, then "iss\0sub" */
};

struct sp_sessions {
        struct session *all;
        uint64_t idle_us;
};

int sp_sessions_new(uint64_t idle_us, struct sp_sessions **ret)
{
        struct sp_sessions *t = calloc(1, sizeof(*t));

        if (!t)
                return -ENOMEM;
        t->idle_us = idle_us;
        *ret = t;
        return 0;
}

static void end(struct sp_sessions *t, struct session *s)
{
        HASH_DEL(t->all, s);
        free(s);
}

struct sp_sessions *sp_sessions_free(struct sp_sessions *t)
{
        struct session *s, *next;

        if (!t)
                return NULL;
        HASH_ITER(hh, t->all, s, next)
        end(t, s);
        free(t);
        return NULL;
}

void sp_sessions_tick(struct sp_sessions *t, uint64_t now_us,
                      bool (*is_live)(void *userdata, uint64_t guard_id),
                      void *userdata)
{
        struct session *s, *next;

        HASH_ITER(hh, t->all, s, next)
        if (now_us - s->used_us >= t->idle_us ||
            (is_live && !is_live(userdata, s->guard_id)))
                end(t, s);
}

static struct session *session_new(const struct sp_session_key *key)
{
        size_t n = sizeof(key->guard_id) + key->iss.n + 1 + key->sub.n;
        struct session *s = calloc(1, sizeof(*s) + n);
        char *p;

        if (!s)
                return NULL;
        s->guard_id = key->guard_id;
        s->n = n;
        p = s->key;
        memcpy(p, &key->guard_id, sizeof(key->guard_id));
        p += sizeof(key->guard_id);
        if (key->iss.n)
                memcpy(p, key->iss.p, key->iss.n);
        p += key->iss.n + 1; /* the NUL keeps ("ab","c") apart from ("a","bc") */
        if (key->sub.n)
                memcpy(p, key->sub.p, key->sub.n);
        return s;
}

static int name_session(struct session *s, struct sp_str resume)
{
        if (!sp_ulid_is_valid(resume))
                return sp_ulid_new(&s->id);
        memcpy(s->id.c, resume.p, SP_ULID_LEN);
        s->id.c[SP_ULID_LEN] = '\0';
        return 0;
}

int sp_sessions_get(struct sp_sessions *t, const struct sp_session_key *key,
                    struct sp_str resume, uint64_t now_us, const struct sp_ulid **ret)
{
        struct session *fresh = session_new(key), *s = NULL;
        int r = 0;

        if (!fresh)
                return -ENOMEM;
        HASH_FIND(hh, t->all, fresh->key, fresh->n, s);
        if (s && now_us - s->used_us >= t->idle_us) {
                end(t, s);
                s = NULL;
        }
        if (!s) {
                if (HASH_COUNT(t->all) >= SP_SESSIONS_MAX)
                        sp_sessions_tick(t, now_us, NULL, NULL);
                if (HASH_COUNT(t->all) >= SP_SESSIONS_MAX)
                        r = -ENOSPC;
                if (r == 0)
                        r = name_session(fresh, resume);
                if (r == 0) {
                        HASH_ADD_KEYPTR(hh, t->all, fresh->key, fresh->n, fresh);
                        /* uthash leaves hh.tbl empty when it had no memory */
                        r = fresh->hh.tbl ? 0 : -ENOMEM;
                }
                if (r == 0) {
                        s = fresh;
                        fresh = NULL;
                }
        }
        free(fresh);
        if (r < 0)
                return r;
        s->used_us = now_us;
        *ret = &s->id;
        return 0;
}

size_t sp_sessions_count(const struct sp_sessions *t)
{
        return HASH_COUNT(t->all);
}
