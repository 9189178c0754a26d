/* SPDX-License-Identifier: Apache-2.0 */
/* Stage local: what the daemon answers itself. Tokens it gives are good only in the
 * asking cgroup. */
#include "daemon/worker/flow_state.h"

#include <errno.h>

#define PROJECTS_MAX 256 /* of one answer */

static void on_minted(void *userdata, int err, const struct sp_err *e,
                      struct sp_str payload)
{
        struct sp_flow *f = userdata;
        struct sp_msg_token m;

        if (err == 0)
                err = sp_msg_read_token(payload, &m);
        if (err < 0) {
                if (e)
                        f->error = *e;
                else
                        (void)sp_err_set(&f->error, err, "identity.fault", "",
                                         "no token can be made now; try again");
                f->step = 3;
        } else {
                f->w->metrics.tokens_minted++;
                f->body = sp_answer_token(f->arena, f->call.local, m.token,
                                          m.expires_in_s, sp_clock_wall_us());
                f->step = 2;
        }
        sp_flow_resume(f);
}

static enum sp_next mint(struct sp_flow *f, const struct sp_person *p)
{
        sp_autobuf groups = SP_BUF_INIT(64 * 1024);
        sp_autobuf b = SP_BUF_INIT(128 * 1024);
        struct sp_wire_out w = SP_WIRE_OUT(&b);
        struct sp_msg_mint m = { .person_expires_s = 0 };
        int fd = sp_exchange_socket(f->x), r = fd < 0 ? -ENOTCONN : 0;

        if (r == 0 && p) {
                r = sp_msg_join_groups(&groups, p->groups, p->n_groups);
                m.iss = p->iss;
                m.sub = p->sub;
                m.email = p->email;
                m.groups = sp_buf_str(&groups);
                m.person_expires_s = p->expires_s;
        }
        sp_msg_put_mint(&w, &m);
        if (r == 0)
                r = w.error;
        f->step = 1;
        if (r == 0)
                r = sp_link_ask_about(&f->w->warden, SP_MSG_TOKEN_MINT, sp_buf_str(&b),
                                      fd, on_minted, f);
        if (r == 0)
                return SP_WAIT;
        (void)sp_err_set(&f->error, r, "identity.fault", "",
                         "no token can be made now; try again");
        return sp_flow_fault(f, &f->error);
}

/* iamcredentials: the token that asked names the person; the new one is for the same. */
static enum sp_next mint_for_same_person(struct sp_flow *f)
{
        struct sp_person p = {
                .iss = f->id.who.iss,
                .sub = f->id.who.sub,
                .email = f->id.who.email,
                .groups = (struct sp_str *)f->id.who.groups,
                .n_groups = f->id.who.n_groups,
                .expires_s = sp_clock_wall_us() / SP_USEC_PER_SEC +
                             f->w->settings.limits.token_lifetime_s,
        };

        return mint(f, p.iss.n ? &p : NULL);
}

static void on_verified(void *userdata, const struct sp_person *p,
                        const struct sp_err *e)
{
        struct sp_flow *f = userdata;

        if (!p) {
                f->error = *e;
                f->step = 4;
                sp_flow_resume(f);
        } else if (mint(f, p) != SP_WAIT) {
                f->step = 3;
                sp_flow_resume(f);
        }
}

static enum sp_next token_endpoint(struct sp_flow *f)
{
        struct sp_token_request t;
        int r = sp_token_request_read(f->arena,
                                      sp_request_header(&f->x->request, "content-type"),
                                      f->x->request.body, &t, &f->error);

        if (r < 0)
                return sp_flow_refuse(f, 400, "invalid_request");
        /* A key file in the agent's hands opens nothing: whatever assertion it signed, it
         * gets a token of this cgroup, without a person. */
        if (f->call.local != SP_LOCAL_STS_TOKEN)
                return mint(f, NULL);
        if (!t.subject_token.n) {
                (void)sp_err_set(&f->error, -EINVAL, "identity.no-subject-token", "",
                                 "the token exchange needs a subject_token");
                return sp_flow_refuse(f, 400, "invalid_request");
        }
        f->step = 1;
        sp_issuers_verify(&f->w->issuers, f->arena, t.subject_token, on_verified, f);
        return SP_WAIT;
}

static enum sp_next metadata(struct sp_flow *f)
{
        struct sp_metadata_answer m;
        int r = sp_answer_metadata(f->arena, &f->x->request,
                                   f->w->settings.credential.project, &m);

        if (r < 0) {
                (void)sp_err_set(&f->error, r, "identity.fault", "", "out of memory");
                return sp_flow_fault(f, &f->error);
        }
        if (m.needs_token)
                return mint(f, NULL);
        f->content_type = m.content_type;
        f->is_unrecorded = true;
        return sp_flow_answer(f, m.status, m.body);
}

static enum sp_next start(struct sp_flow *f)
{
        switch (f->call.local) {
        case SP_LOCAL_METADATA:
                return metadata(f);
        case SP_LOCAL_DISCOVERY:
                f->decision.verdict = SP_VERDICT_ALLOW;
                f->decision.rule = SP_STR("builtin#discovery");
                return sp_flow_answer(f, 200, sp_answer_discovery(f->arena));
        case SP_LOCAL_OAUTH_TOKEN:
        case SP_LOCAL_STS_TOKEN:
                return token_endpoint(f);
        case SP_LOCAL_IAM_ACCESS_TOKEN:
                return mint_for_same_person(f);
        default:
                (void)sp_err_set(&f->error, -EPERM, "api.unknown", "",
                                 "nothing answers this request");
                return sp_flow_refuse(f, 403, "accessDenied");
        }
}

/* projects.list: Google would name all that the gateway can see; the asker gets those
 * in which it may read something. */
static enum sp_next list_projects(struct sp_flow *f)
{
        struct sp_str all[PROJECTS_MAX + 1], own = f->w->settings.credential.project;
        size_t n = sp_policy_projects(f->policy, all, PROJECTS_MAX), kept = 0;
        bool has_own = !own.n;

        for (size_t i = 0; i < n; i++)
                has_own |= sp_str_eq(all[i], own);
        if (!has_own)
                all[n++] = own;
        for (size_t i = 0; i < n; i++)
                if (sp_policy_may_see(f->policy, &f->id.who, SP_STR("select"), all[i],
                                      sp_clock_wall_us()))
                        all[kept++] = all[i];
        f->decision.verdict = SP_VERDICT_ALLOW;
        f->decision.rule = SP_STR("builtin#filtered");
        return sp_flow_answer(f, 200, sp_answer_projects(f->arena, all, kept));
}

enum sp_next sp_flow_local(struct sp_flow *f)
{
        if (strcmp(f->call.action, "bigquery.projects.list") == 0)
                return list_projects(f);
        if (f->call.handling != SP_HANDLING_LOCAL)
                return SP_NEXT;
        switch (f->step) {
        case 0:
                return start(f);
        case 1:
                return SP_WAIT;
        case 2:
                f->decision.verdict = SP_VERDICT_ALLOW;
                f->decision.rule = SP_STR("builtin#token");
                return sp_flow_answer(f, 200, f->body);
        case 3:
                return sp_flow_fault(f, &f->error);
        default:
                return sp_flow_refuse(f, 403, "accessDenied");
        }
}
