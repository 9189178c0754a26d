/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/warden/vouch.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/google/oidc.h"

struct sp_vouch {
        struct sp_warden *w;
        struct sp_warden_worker *worker; /* NULL: nobody waits any more */
        uint64_t id, asked_us;
        struct sp_origin from;
};

static struct sp_warden_worker *release(struct sp_vouch *v)
{
        struct sp_warden_worker *k = v->worker;

        if (k)
                k->vouch = NULL;
        v->worker = NULL;
        return k;
}

static int no_verifier(struct sp_err *reterr)
{
        return sp_err_set(reterr, -EPIPE, "identity.verifier", "",
                          "the process that checks ID tokens is not there; try again");
}

/* The verifier has no say in who may vouch for whom, whatever became of it: the person is one
 * of an issuer that the administrator trusts. */
static bool is_issuer(const struct sp_settings *s, struct sp_str iss)
{
        for (size_t i = 0; i < s->n_issuers; i++)
                if (sp_str_eq(s->issuers[i].issuer, iss))
                        return true;
        return false;
}

static int grant(struct sp_vouch *v, struct sp_str payload, struct sp_wire_out *answer,
                 struct sp_err *reterr)
{
        struct sp_msg_person p;

        if (sp_msg_read_person(payload, &p) < 0 || !p.sub.n)
                return sp_err_set(reterr, -EBADMSG, "identity.verifier", "",
                                  "the verifier's answer cannot be read");
        if (!is_issuer(&v->w->settings, p.iss))
                return sp_err_set(reterr, -EACCES, "identity.unknown-issuer", "",
                                  "the person's issuer is not configured");
        return sp_warden_give_token(v->w, &v->from, &p, answer, reterr);
}

/* Its error's id came as text; ours are literals. */
static void explain(const struct sp_err *e, struct sp_err *ret)
{
        const char *id = sp_oidc_error_id(sp_str_c(e->where));

        if (id)
                (void)sp_err_set(ret, -EACCES, id, "", "%s", e->what);
        else
                (void)no_verifier(ret);
}

static void on_verified(void *userdata, struct sp_child *c, struct sp_str payload,
                        const struct sp_err *e)
{
        sp_autobuf b = SP_BUF_INIT(4 * SP_ID_TOKEN_MAX);
        struct sp_wire_out answer = SP_WIRE_OUT(&b);
        struct sp_vouch *v = userdata;
        struct sp_warden_worker *k = release(v);
        struct sp_err mine = SP_ERR_NULL;
        int r = e ? e->code : 0;

        (void)c;
        if (e)
                explain(e, &mine);
        else if (k)
                r = grant(v, payload, &answer, &mine);
        if (r == 0 && answer.error < 0)
                r = sp_err_set(&mine, answer.error, "warden.message", "",
                               "the answer is too large");
        if (k && r == 0)
                sp_child_answer(&k->child, v->id, &b);
        else if (k)
                sp_child_refuse(&k->child, v->id, &mine);
        free(v);
}

int sp_vouch_ask(struct sp_warden *w, struct sp_warden_worker *k, uint64_t id,
                 struct sp_str token, const struct sp_origin *from,
                 struct sp_err *reterr)
{
        sp_autobuf b = SP_BUF_INIT(2 * SP_ID_TOKEN_MAX);
        struct sp_wire_out question = SP_WIRE_OUT(&b);
        struct sp_vouch *v;

        if (token.n > SP_ID_TOKEN_MAX)
                return sp_err_set(reterr, -EACCES, "identity.malformed", "",
                                  "the OIDC token is longer than 16 KiB");
        if (!w->settings.n_issuers)
                return sp_err_set(reterr, -EACCES, "identity.unknown-issuer", "",
                                  "the token's issuer is not configured");
        if (k->vouch)
                return sp_err_set(reterr, -EBUSY, "identity.busy", "",
                                  "another ID token is being checked; try again");
        sp_wire_put_str(&question, token);
        v = question.error == 0 ? malloc(sizeof(*v)) : NULL;
        if (!v)
                return sp_err_set(reterr, -ENOMEM, "identity.token", "",
                                  "out of memory");
        *v = (struct sp_vouch){ w, k, id, sp_clock_us(), *from };
        if (sp_child_ask(&w->verifier, SP_MSG_VERIFY, sp_buf_str(&b), on_verified, v) <
            0) {
                free(v);
                return no_verifier(reterr);
        }
        k->vouch = v;
        return 0;
}

void sp_vouch_forget(struct sp_warden_worker *k)
{
        if (k->vouch)
                (void)release(k->vouch);
}

void sp_vouch_tick(struct sp_warden *w, uint64_t now_us)
{
        for (unsigned i = 0; i < w->n_workers; i++) {
                struct sp_vouch *v = w->workers[i].vouch;
                struct sp_err e;

                if (!v || now_us - v->asked_us < SP_VOUCH_US)
                        continue;
                (void)sp_err_set(&e, -ETIMEDOUT, "identity.verifier-late", "",
                                 "the ID token could not be checked in time; its "
                                 "issuer's keys may be slow to come");
                sp_child_refuse(&release(v)->child, v->id, &e);
                /* fetching takes less; and with it goes what it still owes */
                sp_child_kill(&w->verifier, "it did not check an ID token in time");
        }
}
