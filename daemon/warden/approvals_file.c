/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/warden/approvals_file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "daemon/base/json.h"
#include "daemon/base/log.h"
#include "daemon/warden/files.h"

#define FORMAT SP_STR("sallyport approval 1")

static int path_of(const char *dir, const char *name, char to[PATH_MAX],
                   struct sp_err *reterr)
{
        return sp_file_join(to, sp_str_c(dir), name, reterr);
}

static int encode(const struct sp_approval *a, struct sp_buf *to)
{
        struct sp_wire_out w = SP_WIRE_OUT(to);

        sp_wire_put_str(&w, FORMAT);
        sp_wire_put_str(&w, sp_str_c(a->id.c));
        sp_wire_put_u8(&w, (uint8_t)a->state);
        sp_wire_put_u64(&w, a->created_wall_us);
        sp_wire_put_u64(&w, a->expires_wall_us);
        sp_wire_put_str(&w, a->approver);
        sp_wire_put_str(&w, a->reason);
        sp_wire_put_u32(&w, a->approver_uid);
        sp_msg_put_approval(&w, &a->ask);
        return w.error;
}

int sp_approval_decode(struct sp_str text, struct sp_approval *ret)
{
        struct sp_wire_in w = SP_WIRE_IN(text);
        struct sp_str format = sp_wire_str(&w), id = sp_wire_str(&w);
        struct sp_approval a = { .state = (enum sp_approval_state)sp_wire_u8(&w) };

        a.created_wall_us = sp_wire_u64(&w);
        a.expires_wall_us = sp_wire_u64(&w);
        a.approver = sp_wire_str(&w);
        a.reason = sp_wire_str(&w);
        a.approver_uid = sp_wire_u32(&w);
        sp_msg_get_approval(&w, &a.ask);
        if (sp_wire_end(&w) < 0 || !sp_str_eq(format, FORMAT) ||
            !sp_ulid_is_valid(id) || !sp_approval_state_name(a.state))
                return -EBADMSG;
        memcpy(a.id.c, id.p, SP_ULID_LEN);
        *ret = a;
        return 0;
}

int sp_approval_file_save(const char *dir, const struct sp_approval *a,
                          struct sp_err *reterr)
{
        sp_autobuf text = SP_BUF_INIT(SP_APPROVAL_FILE_MAX);
        char path[PATH_MAX];
        int r = path_of(dir, a->id.c, path, reterr);

        if (r < 0)
                return r;
        r = encode(a, &text);
        if (r < 0)
                return sp_err_set(reterr, r, "approval.too-large", "", "%s",
                                  strerror(-r));
        return sp_file_replace(path, sp_buf_str(&text), 0600, reterr);
}

int sp_approval_file_load(const char *dir, const char *name, struct sp_approval *ret,
                          struct sp_buf *ret_text, struct sp_err *reterr)
{
        char path[PATH_MAX];
        int r = path_of(dir, name, path, reterr);

        if (r == 0)
                r = sp_file_read(path, SP_FILE_SECRET, SP_APPROVAL_FILE_MAX, ret_text,
                                 reterr);
        if (r < 0)
                return r;
        r = sp_approval_decode(sp_buf_str(ret_text), ret);
        if (r == 0 && strcmp(ret->id.c, name) != 0)
                r = -EBADMSG;
        return r < 0 ? sp_err_set(reterr, r, "approval.damaged", path,
                                  "this is no approval of ours")
                     : 0;
}

void sp_approval_file_remove(const char *dir, const struct sp_approval *a)
{
        char path[PATH_MAX];

        /* A file that stays is decided for good: it can only be shown once more. */
        if (path_of(dir, a->id.c, path, NULL) == 0 && unlink(path) < 0 &&
            errno != ENOENT)
                sp_log(SP_LOG_WARNING, "cannot remove %s: %s", path, strerror(errno));
}

static void put_list(struct sp_jsonw *w, const char *key, struct sp_str lines)
{
        sp_jsonw_key(w, key);
        sp_jsonw_open(w, '[');
        while (lines.n) {
                struct sp_str line;

                (void)sp_str_cut(lines, '\n', &line, &lines);
                sp_jsonw_str(w, line);
        }
        sp_jsonw_close(w, ']');
}

int sp_approval_record(const struct sp_approval *a, const char *event,
                       struct sp_str who, uint32_t uid, struct sp_str reason,
                       struct sp_buf *to)
{
        const struct sp_msg_approval *ask = &a->ask;
        struct sp_jsonw w = SP_JSONW(to);
        char time[SP_TIME_LEN + 1];

        sp_clock_format(sp_clock_wall_us(), time);
        sp_jsonw_open(&w, '{');
        sp_jsonw_kstr(&w, "type", SP_STR("approval"));
        sp_jsonw_kstr(&w, "time", sp_str_c(time));
        sp_jsonw_kstr(&w, "session", ask->session);
        sp_jsonw_kstr(&w, "approval", sp_str_c(a->id.c));
        sp_jsonw_kstr(&w, "event", sp_str_c(event));
        sp_jsonw_kstr(&w, "job", ask->job);
        sp_jsonw_kstr(&w, "workload", ask->workload);
        sp_jsonw_key(&w, "person");
        sp_jsonw_open(&w, '{');
        sp_jsonw_kstr(&w, "iss", ask->iss);
        sp_jsonw_kstr(&w, "sub", ask->sub);
        sp_jsonw_close(&w, '}');
        sp_jsonw_ku64(&w, "uid", ask->uid);
        sp_jsonw_ku64(&w, "pid", ask->pid);
        sp_jsonw_kstr(&w, "action", ask->action);
        put_list(&w, "resources", ask->resources);
        sp_jsonw_kstr(&w, "rule", ask->rule);
        sp_jsonw_kstr(&w, "request_hash", ask->request_hash);
        sp_jsonw_kstr(&w, "policy_version", ask->policy_version);
        if (who.n) {
                sp_jsonw_kstr(&w, "approver", who);
                if (uid != SP_APPROVER_NONE)
                        sp_jsonw_ku64(&w, "approver_uid", uid);
                sp_jsonw_kstr(&w, "reason", reason);
        }
        sp_jsonw_close(&w, '}');
        return sp_jsonw_end(&w);
}
