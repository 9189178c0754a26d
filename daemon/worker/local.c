/* SPDX-License-Identifier: Apache-2.0 */
/* Stage local: what the daemon answers itself. Tokens it gives are good only in the
 * asking cgroup. */
#include "daemon/google/oidc.h"
#include "daemon/worker/flow_state.h"

#include <errno.h>

#define PROJECTS_MAX 256 /* of one answer */

/* Its step says what came of it; maybe at once. */
static enum sp_next give_token(struct sp_flow *f, struct sp_str same)
{
        sp_flow_mint(f, same);
        return SP_WAIT;
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
                return give_token(f, SP_STR_NULL);
        if (!t.subject_token.n) {
                (void)sp_err_set(&f->error, -EINVAL, "identity.no-subject-token", "",
                                 "the token exchange needs a subject_token");
                return sp_flow_refuse(f, 400, "invalid_request");
        }
        sp_flow_sign_in(f, t.subject_token);
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
                return give_token(f, SP_STR_NULL);
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
                return give_token(f, sp_flow_bearer(f));
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
