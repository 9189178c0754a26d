/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/warden/unmask.h"

#include <errno.h>

#include "daemon/base/digest.h"
#include "daemon/base/json.h"
#include "daemon/mask/token.h"

#define ACTION "unmask"

/* "project.dataset.table.column.field": the column is what follows the third dot. */
static int check_column(const struct sp_unmask_desk *d, struct sp_str name,
                        struct sp_err *reterr)
{
        struct sp_str table, column = name;

        for (unsigned i = 0; i < 3; i++) {
                struct sp_str part;

                if (!sp_str_cut(column, '.', &part, &column) || !part.n)
                        column = SP_STR_NULL;
        }
        if (!column.n || !sp_str_is_utf8(name) || name.n > 1024)
                return sp_err_set(reterr, -EINVAL, "unmask.column", "",
                                  "write the column as project.dataset.table.column");
        table = sp_str_sub(name, 0, name.n - column.n - 1);
        if (!sp_policy_tokenizes(d->policy, table, column))
                return sp_err_set(reterr, -EPERM, "unmask.not-tokenized", "",
                                  "the policy in force makes no tokens of that column");
        return 0;
}

static int undo(const struct sp_unmask_desk *d, const struct sp_bus_unmask *q,
                struct sp_buf *to, struct sp_err *reterr)
{
        char salt[SP_SHA256_HEX_LEN + 1];
        int r = sp_keys_salt(d->keys, q->session, salt, reterr);

        if (r < 0)
                return r;
        r = q->token.n > SP_UNMASK_TOKEN_MAX ? -EBADMSG
            : q->is_integer ? sp_token_undo_integer(to, sp_str_c(salt), q->token)
                            : sp_token_undo_string(to, sp_str_c(salt), q->token);
        explicit_bzero(salt, sizeof(salt));
        if (r == -EBADMSG)
                return sp_err_set(reterr, r, "unmask.not-a-token", "",
                                  "that is no token of this type: a value that was "
                                  "too short or too long was hashed, which has no way "
                                  "back");
        return r;
}

static int check(const struct sp_unmask_desk *d, const struct sp_bus_unmask *q,
                 struct sp_err *reterr)
{
        sp_cleanup(sp_buf_done_secret) struct sp_buf value =
                SP_BUF_INIT(SP_UNMASK_TOKEN_MAX + 1);
        int r = check_column(d, q->column, reterr);

        return r < 0 ? r : undo(d, q, &value, reterr);
}

/* What the approval is for, all of it; keyed, so that no worker can ask for one that looks
 * like it. */
static int request_hash(const struct sp_unmask_desk *d, const struct sp_bus_unmask *q,
                        char ret[SP_SHA256_HEX_LEN + 1])
{
        sp_autobuf b = SP_BUF_INIT(8192);
        uint8_t sum[SP_SHA256_LEN];
        int r = sp_buf_addf(&b, "unmask\n%u\n%.*s\n%.*s\n%d\n%.*s", q->uid,
                            SP_FMT(q->session), SP_FMT(q->column), q->is_integer,
                            SP_FMT(q->token));

        if (r == 0)
                r = sp_hmac_sha256(sp_str((const char *)d->keys->token, SP_KEY_LEN),
                                   sp_buf_str(&b), sum);
        if (r == 0)
                sp_hex(sum, sizeof(sum), ret);
        return r;
}

int sp_unmask_ask(const struct sp_unmask_desk *d, const struct sp_bus_unmask *q,
                  struct sp_ulid *ret, struct sp_err *reterr)
{
        sp_autobuf shown = SP_BUF_INIT(8192), job = SP_BUF_INIT(128);
        char hash[SP_SHA256_HEX_LEN + 1];
        struct sp_ulid id;
        int r;

        if (!q->reason.n || q->reason.n > SP_UNMASK_REASON_MAX ||
            !sp_str_is_utf8(q->reason))
                return sp_err_set(reterr, -EINVAL, "unmask.reason", "",
                                  "say why, in 1 to %d bytes", SP_UNMASK_REASON_MAX);
        r = check(d, q, reterr);
        if (r == 0)
                r = request_hash(d, q, hash);
        if (r == 0)
                r = sp_ulid_new(&id);
        if (r == 0)
                r = sp_buf_addf(&job, "unmask:%s", id.c);
        if (r == 0)
                r = sp_buf_addf(&shown, "unmask the token %.*s of %.*s",
                                SP_FMT(q->token), SP_FMT(q->column));
        if (r < 0)
                return r;
        const struct sp_msg_approval ask = {
                .job = sp_buf_str(&job),
                .session = q->session,
                .uid = q->uid,
                .pid = q->pid,
                .comm = SP_STR("sallyctl"),
                .action = SP_STR(ACTION),
                .resources = q->column,
                .reason = q->reason,
                .sql = sp_buf_str(&shown),
                .masked = q->column,
                .request_hash = sp_str_c(hash),
                .policy_version = sp_policy_version(d->policy),
                .timeout_us = SP_UNMASK_TIMEOUT_US,
        };

        return sp_approvals_ask(d->approvals, &ask, ret, reterr);
}

static int put_record(const struct sp_bus_unmask *q, const struct sp_approval *a,
                      struct sp_buf *to)
{
        struct sp_jsonw j = SP_JSONW(to);
        char time[SP_TIME_LEN + 1];

        sp_clock_format(sp_clock_wall_us(), time);
        sp_jsonw_open(&j, '{');
        sp_jsonw_kstr(&j, "type", SP_STR(ACTION));
        sp_jsonw_kstr(&j, "time", sp_str_c(time));
        sp_jsonw_kstr(&j, "session", q->session);
        sp_jsonw_kstr(&j, "column", q->column);
        sp_jsonw_kstr(&j, "token", q->token);
        sp_jsonw_kstr(&j, "told", sp_str_c(q->who));
        sp_jsonw_kstr(&j, "reason", a->ask.reason);
        sp_jsonw_kstr(&j, "approval", sp_str_c(a->id.c));
        sp_jsonw_kstr(&j, "approver", a->approver);
        sp_jsonw_kstr(&j, "approver_reason", a->reason);
        sp_jsonw_close(&j, '}');
        return sp_jsonw_end(&j);
}

int sp_unmask_open(const struct sp_unmask_desk *d, const struct sp_bus_unmask *q,
                   struct sp_buf *value, struct sp_buf *record, struct sp_err *reterr)
{
        const struct sp_approval *a = sp_approvals_find(d->approvals, q->approval);
        char hash[SP_SHA256_HEX_LEN + 1];
        struct sp_msg_approval_state state;
        struct sp_msg_claim claim;
        int r = check(d, q, reterr);

        if (r == 0 && (!a || !sp_str_eq(a->ask.action, SP_STR(ACTION))))
                return sp_err_set(reterr, -ENOENT, "approval.unknown", "",
                                  "there is no such approval, or not any more");
        if (r == 0)
                r = request_hash(d, q, hash);
        if (r == 0)
                r = undo(d, q, value, reterr);
        if (r == 0)
                r = put_record(q, a, record);
        if (r < 0)
                return r;
        claim = (struct sp_msg_claim){ q->approval, sp_str_c(hash) };
        return sp_approvals_claim(d->approvals, &claim, &state, reterr);
}
