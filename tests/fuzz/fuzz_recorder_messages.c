/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a worker that was taken over says to the recorder: a sequence of messages through the
 * recorder's own dispatcher. In place of the writer's thread and the store stands what looks at
 * what gets that far: nothing of the warden's, only records that are one JSON object, and only
 * bodies that nobody can change any more. A type with bit 8 has the payload in a descriptor too,
 * with bit 9 a sealed one.
 */
#include <sys/mman.h>

#include "daemon/recorder/recorder.c"
#include "tests/fuzz/worker_says.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sp_writer {
        struct sp_job *first;
};

int sp_writer_new(const char *dir, const struct sp_store_options *o,
                  struct sp_writer **ret, struct sp_err *reterr)
{
        (void)dir, (void)o, (void)ret;
        return sp_err_set(reterr, -ENOSYS, "fuzz", "", "no store");
}

struct sp_writer *sp_writer_free(struct sp_writer *w)
{
        (void)w;
        return NULL;
}

int sp_writer_event_fd(const struct sp_writer *w)
{
        (void)w;
        return -1;
}

struct sp_job *sp_job_new(struct sp_str record, struct sp_str session,
                          const struct sp_msg_keep *keep_it)
{
        struct sp_job *j = calloc(1, sizeof(*j));

        if (!j)
                abort();
        j->record = record;
        j->session = session;
        if (keep_it)
                j->keep = *keep_it;
        return j;
}

void sp_job_free(struct sp_job *j)
{
        free(j);
}

static struct sp_ipc_msg with_body(struct sp_ipc_msg m)
{
        bool is_sealed = m.type & 0x200;
        int r = 0;

        if (m.type & 0x100) {
                if (is_sealed)
                        r = sp_memfd_new("body", m.payload, &m.fd);
                else
                        m.fd = memfd_create("body", MFD_CLOEXEC);
                if (r < 0 || m.fd < 0)
                        abort();
        }
        m.type &= 0xFF;
        return m;
}

int sp_writer_put(struct sp_writer *w, struct sp_job *j)
{
        struct sp_arena a = SP_ARENA_INIT(8u << 20);
        struct sp_json *json;

        if (j->body >= 0 && (!j->record.n || !j->body_bytes ||
                             !(fcntl(j->body, F_GET_SEALS) & F_SEAL_WRITE)))
                abort();
        sp_closep(&j->body);

        (void)w;
        if (j->record.n) {
                if (sp_json_parse(&a, j->record, &json, NULL) < 0 ||
                    json->type != SP_JSON_OBJECT ||
                    is_wardens(sp_json_get_str(json, "type")) ||
                    memmem(j->record.p, j->record.n, "\n{", 2) != NULL ||
                    j->session.n > SESSION_MAX)
                        abort();
        } else if (!j->keep.space.n ||
                   sp_str_eq(j->keep.space, SP_STR(SP_LIMITS_SPACE))) {
                abort();
        }
        sp_arena_done(&a);
        free(j);
        return 0;
}

struct sp_job *sp_writer_take(struct sp_writer *w)
{
        (void)w;
        return NULL;
}

void sp_writer_stats(struct sp_writer *w, struct sp_writer_stats *ret)
{
        (void)w;
        *ret = (struct sp_writer_stats){ .was_tried = true };
}

struct sp_store *sp_writer_store(struct sp_writer *w)
{
        return (struct sp_store *)w; /* not NULL: recall is to ask it */
}

int sp_store_recall(struct sp_store *s, struct sp_str space, struct sp_str key,
                    struct sp_buf *to)
{
        (void)s;
        if (sp_str_eq(space, SP_STR(SP_LIMITS_SPACE)))
                abort();
        return key.n ? sp_buf_add(to, key) : -ENOENT;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct sp_str in = sp_str((const char *)data, size);
        static struct recorder r;
        static struct sp_writer writer;
        struct channel *c = &r.channels[1];
        int pair[2];
        struct sp_ipc peer;

        sp_log_init("fuzz", 0);
        memset(&r, 0, sizeof(r));
        r.writer = &writer;
        r.arena = SP_ARENA_INIT(SP_RECORD_ARENA_BYTES);
        if (sp_ipc_pair(pair) < 0)
                abort();
        sp_ipc_init(&peer, pair[1]);
        sp_ipc_init(&c->ipc, pair[0]);
        c->number = 1;
        c->is_open = true;
        while (c->is_open && in.n) {
                struct sp_ipc_msg m = with_body(says_next(&in)), answer;
                unsigned answers = 0;

                on_message(&r, c, &m);
                while (sp_ipc_recv(&peer, &answer) == 1) {
                        answers++;
                        if (answer.id != m.id || answer.fd >= 0)
                                abort();
                }
                if (answers > 1)
                        abort();
        }
        if (c->is_open)
                channel_close(c);
        sp_ipc_done(&peer);
        sp_arena_done(&r.arena);
        return 0;
}
