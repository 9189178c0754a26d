/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/worker/sign_in.h"

#include <errno.h>

#include "daemon/google/oidc.h"
#include "daemon/worker/flow_state.h"

enum { STEP_WAIT = 1, STEP_TOKEN, STEP_FAULT, STEP_REFUSED };

static void fail(struct sp_flow *f, int err, const struct sp_err *e)
{
        /* those of the warden's that a client is told as they are */
        static const char *const faults[] = { "identity.busy",
                                              "identity.verifier",
                                              "identity.verifier-late",
                                              "identity.token",
                                              "identity.too-many-sessions",
                                              "identity.token-expired" };
        struct sp_str text = e ? sp_str_c(e->where) : SP_STR_NULL;
        const char *id = sp_oidc_error_id(text);

        f->step = id ? STEP_REFUSED : STEP_FAULT;
        for (size_t i = 0; !id && i < SP_ARRAY_SIZE(faults); i++)
                if (sp_str_eq(text, sp_str_c(faults[i])))
                        id = faults[i];
        (void)sp_err_set(&f->error, err, id ? id : "identity.fault", "", "%s",
                         id ? e->what : "no token can be made now; try again");
}

static void take(struct sp_flow *f, int err, const struct sp_err *e,
                 struct sp_str payload)
{
        struct sp_msg_token m;

        if (err == 0)
                err = sp_msg_read_token(payload, &m);
        if (err < 0) {
                fail(f, err, e);
        } else {
                f->w->metrics.tokens_minted++;
                f->body = sp_answer_token(f->arena, f->call.local, m.token,
                                          m.expires_in_s, sp_clock_wall_us());
                f->step = STEP_TOKEN;
        }
        sp_flow_resume(f);
}

static int ask(struct sp_flow *f, uint16_t type, struct sp_str text, sp_answer_fn fn)
{
        sp_autobuf b = SP_BUF_INIT(128 * 1024);
        struct sp_wire_out w = SP_WIRE_OUT(&b);
        int fd = sp_exchange_socket(f->x);

        if (fd < 0) /* nobody waits */
                return -ENOTCONN;
        sp_wire_put_str(&w, text);
        return w.error < 0 ? w.error
                           : sp_link_ask_about(&f->w->warden, type, sp_buf_str(&b), fd,
                                               fn, f);
}

static void on_minted(void *userdata, int err, const struct sp_err *e,
                      struct sp_str payload)
{
        take(userdata, err, e, payload);
}

void sp_flow_mint(struct sp_flow *f, struct sp_str same)
{
        int r = ask(f, SP_MSG_TOKEN_MINT, same, on_minted);

        f->step = STEP_WAIT;
        if (r < 0)
                take(f, r, NULL, SP_STR_NULL);
}

/* ---- one at a time ---- */

static void send_next(struct sp_worker *w);

static void on_signed_in(void *userdata, int err, const struct sp_err *e,
                         struct sp_str payload)
{
        struct sp_flow *f = userdata;
        struct sp_worker *w = f->w;

        w->sign_ins.is_busy = false;
        take(f, err, e, payload);
        send_next(w);
}

static void send_next(struct sp_worker *w)
{
        struct sp_sign_ins *all = &w->sign_ins;

        while (all->first && !all->is_busy) {
                struct sp_flow *f = all->first;
                int r = ask(f, SP_MSG_SIGN_IN, f->id_token, on_signed_in);

                all->first = f->next_sign_in;
                if (!all->first)
                        all->last = &all->first;
                all->n--;
                all->is_busy = r == 0;
                if (r < 0)
                        take(f, r, NULL, SP_STR_NULL);
        }
}

void sp_flow_sign_in(struct sp_flow *f, struct sp_str id_token)
{
        struct sp_sign_ins *all = &f->w->sign_ins;

        f->step = STEP_WAIT;
        if (all->n == SP_SIGN_INS_MAX) {
                (void)sp_err_set(&f->error, -EBUSY, "identity.busy", "",
                                 "%d ID tokens wait to be checked; try again",
                                 SP_SIGN_INS_MAX);
                f->step = STEP_FAULT;
                sp_flow_resume(f);
                return;
        }
        if (!all->last)
                all->last = &all->first;
        f->id_token = id_token;
        f->next_sign_in = NULL;
        *all->last = f;
        all->last = &f->next_sign_in;
        all->n++;
        send_next(f->w);
}
