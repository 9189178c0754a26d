/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a worker that was taken over says to the warden: a sequence of questions through the
 * warden's own table, with its sessions, tokens, approvals, limits and CA. Each must be answered
 * once, or end the worker. In: for each message its type, number and length (16 bits each), and
 * its payload; what stands in place of kernel programs and sockets is below.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/roles/origin.h"
#include "daemon/warden/state.h"
#include "tests/fuzz/worker_says.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define GUARD_MAX 16 /* cgroups with smaller ids are guarded */
static unsigned answers;

int sp_guard_workload(struct sp_guard *g, uint64_t guard_id,
                      char ret[SP_TAG_WORKLOAD_LEN])
{
        (void)g;
        if (guard_id >= GUARD_MAX)
                return -ENOENT;
        (void)snprintf(ret, SP_TAG_WORKLOAD_LEN, "agents");
        return 0;
}

int sp_guard_origins_fd(const struct sp_guard *g)
{
        (void)g;
        return -1;
}

/* Whose a socket is; some are nobody's. */
int sp_origin_read_open(int map_fd, int socket_fd, struct sp_origin *ret)
{
        (void)map_fd;
        if (socket_fd == 0)
                return -ENOTCONN;
        *ret = (struct sp_origin){ .guard_id = (uint64_t)socket_fd };
        return 0;
}

void sp_warden_arm_approvals(struct sp_warden *w)
{
        (void)w;
}

int sp_warden_charge(struct sp_warden *w, const struct sp_msg_charge *m,
                     struct sp_msg_charged *ret, struct sp_err *reterr)
{
        return sp_limits_charge(w->limits, w->policy.policy, m, 0, 1000, ret, reterr);
}

/* What the verifier was asked; the harness answers for it. */
static sp_child_answer_fn asked_fn;
static void *asked_data;

int sp_child_ask(struct sp_child *c, uint16_t type, struct sp_str payload,
                 sp_child_answer_fn fn, void *userdata)
{
        (void)c;
        if (type != SP_MSG_VERIFY || payload.n > SP_ID_TOKEN_MAX + 4 || asked_fn)
                abort();
        asked_fn = fn;
        asked_data = userdata;
        return 0;
}

void sp_child_kill(struct sp_child *c, const char *why)
{
        (void)c, (void)why;
        abort(); /* nothing is late here */
}

void sp_child_answer(struct sp_child *c, uint64_t id, const struct sp_buf *payload)
{
        (void)c;
        if (!id || payload->n > SP_IPC_PAYLOAD_MAX)
                abort();
        answers++;
}

void sp_child_refuse(struct sp_child *c, uint64_t id, const struct sp_err *e)
{
        (void)c;
        if (!id || e->code >= 0 || !e->id)
                abort();
        answers++;
}

static int record(void *userdata, struct sp_str json, uint64_t ticket)
{
        (void)userdata, (void)ticket;
        if (!sp_str_is_utf8(json))
                abort();
        return 0;
}

static void changed(void *userdata, const struct sp_approval *a,
                    enum sp_approval_change change)
{
        (void)userdata, (void)a, (void)change;
}

static struct sp_ca *ca;
static struct sp_policy *policy;
static struct sp_issuer_settings issuer;
#define POLICY                                                                         \
        "version: 1\nmode: enforce\nlimits: { maximum_bytes_billed: 1GiB, "            \
        "per_principal: [{ name: a, workloads: [agents], queries: 3/h, "               \
        "bytes_billed: 2GiB/day }] }\nrules:\n  - { name: r, actions: [select], "      \
        "resources: [\"a.b.c\"], verdict: allow }\n"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
        const struct sp_policy_file file = { SP_STR("p.yaml"), SP_STR(POLICY) };
        char dir[] = "/tmp/sp-fuzz-XXXXXX", key[64];
        struct sp_err e;

        (void)argc, (void)argv;
        sp_log_init("fuzz", 0);
        issuer.issuer = SP_STR("https://i");
        if (!mkdtemp(dir) || sp_ca_open(sp_str_c(dir), &ca, &e) < 0 ||
            sp_policy_load(&file, 1, NULL, 0, &policy, &e) < 0) {
                (void)fprintf(stderr, "%s\n", e.what);
                abort();
        }
        (void)snprintf(key, sizeof(key), "rm -r %s", dir);
        return system(key) == 0 ? 0 : -1;
}

static void warden_init(struct sp_warden *w)
{
        static const struct sp_approvals_hooks hooks = { NULL, record, changed };
        struct sp_err e;

        memset(w, 0, sizeof(*w));
        memset(&w->keys, 1, sizeof(w->keys));
        w->keys.mask[0] = (struct sp_mask_key){ .key = { 1 } };
        w->keys.n_mask = 1;
        w->started_wall_us = sp_clock_wall_us();
        w->settings.limits.token_lifetime_s = 900;
        w->settings.limits.session_idle_us = 1800 * SP_USEC_PER_SEC;
        w->settings.issuers = &issuer;
        w->settings.n_issuers = 1;
        w->ca = ca;
        w->policy.policy = policy;
        if (sp_sessions_new(1800 * SP_USEC_PER_SEC, &w->sessions) < 0 ||
            sp_approvals_new(NULL, 4, &hooks, &w->approvals, &e) < 0 ||
            sp_limits_new(&w->limits) < 0)
                abort();
        sp_limits_start(w->limits);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct sp_str in = sp_str((const char *)data, size);
        struct sp_warden w;
        struct sp_warden_worker k = { .child = { .launch = { .role = "worker" } } };
        int r = 0;

        warden_init(&w);
        k.child.owner = &k;
        w.workers = &k;
        w.n_workers = 1;
        while (r == 0 && in.n) {
                struct sp_ipc_msg m = says_next(&in);

                if (m.type == SP_MSG_IDENTIFY || m.type == SP_MSG_TOKEN_MINT ||
                    m.type == SP_MSG_SIGN_IN || m.type == SP_MSG_APPROVAL_ASK)
                        m.fd = (int)(m.id %
                                     (GUARD_MAX + 4)); /* only its number counts */
                answers = 0;
                r = sp_table_dispatch(&w, &k.child, &m);
                if (asked_fn) { /* by a verifier that was taken over, too */
                        sp_child_answer_fn fn = asked_fn;

                        asked_fn = NULL;
                        if (answers)
                                abort();
                        fn(asked_data, NULL, in, NULL);
                }
                if ((r == 0) != (answers == 1) || answers > 1)
                        abort();
        }
        w.sessions = sp_sessions_free(w.sessions);
        w.approvals = sp_approvals_free(w.approvals);
        w.limits = sp_limits_free(w.limits);
        return 0;
}
