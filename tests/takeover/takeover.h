/* SPDX-License-Identifier: Apache-2.0 */
/*
 * takeover — what somebody tries who runs code of his own inside a worker.
 *
 * Job:    one struct each: what he tries, what stops him, and the code that tries it. The same code
 *         runs in a live worker behind its sandbox (backdoor.c) and in a plain process of root
 *         (control.c): there it must work, which shows that the attempt is one.
 * In:     where the daemon's files and processes are. He knows them; that is no secret.
 * Out:    0: it worked; else the errno that stopped it. The kernel may end the process instead.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum takeover_end {
        TAKEOVER_REFUSED, /* an error; the worker lives on */
        TAKEOVER_KILLED, /* the kernel or the warden ends the worker */
        TAKEOVER_OPEN, /* not stopped, and said so: shown to be true */
};

struct takeover_target {
        char dir[200]; /* holds state/, pki/, bus */
        pid_t warden, recorder, other; /* other: another worker */
        const char *google; /* IPv4 of upstream */
        uint16_t port; /* a port there that is not upstream's; somebody listens */
        const char *session; /* of another agent */
};

struct takeover_attempt {
        const char *id, *group;
        const char *what, *stop; /* sentences for docs/threat-model.md */
        enum takeover_end end;
        int (*act)(const struct takeover_target *t);
        bool has_control; /* root outside succeeds */
        unsigned landlock; /* its version that stops it; older: nothing does */
};

/* NULL: there are no more. */
const struct takeover_attempt *takeover_system(size_t i);

/* What he says to the warden and the recorder over the worker's own channels. */
struct sp_buf;
struct sp_worker;
struct takeover_message {
        const char *id, *group;
        const char *what, *stop;
        enum takeover_end end;
        const char *error; /* that answers it; NULL: any */
        bool is_to_recorder;
        uint16_t type;
        void (*write)(struct sp_buf *to); /* the payload; NULL: empty */
        unsigned times; /* 0: once */
        bool ask_first; /* for an approval, that is */
        int (*socket)(void); /* sent along */
        int (*raw)(int channel); /* instead of a well-formed message */
};

extern const struct takeover_message takeover_messages[];
extern const size_t n_takeover_messages;
