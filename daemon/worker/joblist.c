/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/worker/joblist.h"
#include "daemon/worker/script_child.h"

#include <errno.h>

static void on_fact(void *userdata, int err, const struct sp_err *e,
                    struct sp_str payload);

/* Asks about the item in hand, or the next one that can be asked about. 1: there is none. */
static int ask(struct sp_joblist *l)
{
        sp_autobuf b = SP_BUF_INIT(4096);
        struct sp_wire_out w = SP_WIRE_OUT(&b);
        const struct sp_json *ref = NULL;
        struct sp_str project, id, key;

        for (; l->at && l->asked < SP_ARRAY_SIZE(l->jobs); l->at = l->at->next) {
                ref = sp_json_get(l->at, "jobReference");
                project = sp_json_get_str(ref, "projectId");
                id = sp_json_get_str(ref, "jobId");
                if (project.n && id.n)
                        break;
        }
        if (!l->at || l->asked == SP_ARRAY_SIZE(l->jobs))
                return 1;
        key = sp_job_key(l->arena, project, id);
        if (!key.p)
                return -ENOMEM;
        sp_wire_put_str(&w, SP_STR(SP_JOB_SPACE));
        sp_wire_put_str(&w, key);
        l->asked++;
        return w.error
                       ?: sp_link_ask(&l->w->recorder, SP_MSG_RECALL, sp_buf_str(&b),
                                      on_fact, l);
}

static void on_fact(void *userdata, int err, const struct sp_err *e,
                    struct sp_str payload)
{
        struct sp_joblist *l = userdata;
        struct sp_wire_in w = SP_WIRE_IN(payload);
        struct sp_str value = sp_wire_str(&w);
        struct sp_job *j = &l->jobs[l->n];

        (void)e;
        if (err == 0)
                err = sp_wire_end(&w);
        if (err == 0)
                err = sp_job_read(l->arena, value, j);
        if (err == 0 && sp_job_is_owner(j, l->who))
                l->n++;
        if (err == 0 || err == -ENOENT) {
                l->at = l->at->next;
                err = ask(l);
        }
        if (err)
                l->fn(l->userdata, err < 0 ? err : 0);
}

static int take_children(struct sp_joblist *l)
{
        for (; l->at && l->n < SP_ARRAY_SIZE(l->jobs); l->at = l->at->next)
                if (sp_script_child_of(l->at, l->parent, &l->jobs[l->n]))
                        l->n++;
        return 1;
}

int sp_joblist_ask(struct sp_joblist *l, struct sp_worker *w, struct sp_arena *a,
                   const struct sp_principal *who, const struct sp_job *parent,
                   struct sp_str body, sp_joblist_fn fn, void *userdata)
{
        const struct sp_json *jobs;
        struct sp_json *root;
        int r = sp_json_parse(a, body, &root, NULL);

        *l = (struct sp_joblist){ .w = w,
                                  .arena = a,
                                  .who = who,
                                  .parent = parent,
                                  .fn = fn,
                                  .userdata = userdata };
        if (r < 0)
                return r == -ENOMEM ? r : -EBADMSG;
        jobs = sp_json_get(root, "jobs");
        if (jobs && jobs->type != SP_JSON_ARRAY)
                return -EBADMSG;
        l->at = jobs ? jobs->first : NULL;
        return parent ? take_children(l) : ask(l);
}

/* An id is unique in a location only. */
bool sp_joblist_own(void *userdata, struct sp_str job, struct sp_str location,
                    struct sp_answer_own *ret)
{
        const struct sp_joblist *l = userdata;

        for (size_t i = 0; i < l->n; i++) {
                const struct sp_job *j = &l->jobs[i];

                if (job.n != j->project.n + 1 + j->id.n ||
                    !sp_str_starts(job, j->project) || job.p[j->project.n] != ':' ||
                    !sp_str_ends(job, j->id) ||
                    (j->location.n && !sp_str_caseeq(j->location, location)))
                        continue;
                *ret = sp_job_own(j);
                return true;
        }
        return false;
}
