/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/policy/limits.h"

#include "daemon/policy/rules.h"

/* A refusal counts once for each 16 KiB of its request: some 10 MB of records a minute. */
static const struct sp_limit builtin = {
        .rule = { "builtin#refusals", sizeof("builtin#refusals") - 1 },
        .of = { [SP_LIMIT_REFUSALS] = { 600, 60 } },
};

const char *sp_limit_kind_name(enum sp_limit_kind k)
{
        static const char *const names[] = { "requests", "queries",  "bytes_billed",
                                             "rows",     "refusals", "approvals" };

        return (unsigned)k < SP_ARRAY_SIZE(names) ? names[k] : NULL;
}

const char *sp_limit_window_name(uint32_t window_s)
{
        return window_s == 60 ? "min" : window_s == 3600 ? "h" : "day";
}

size_t sp_policy_limits(const struct sp_policy *p, const struct sp_principal *who,
                        const struct sp_limit *ret[SP_POLICY_LIMITS_MAX + 1])
{
        bool counts_refusals = false;
        size_t n = 0;

        for (size_t i = 0; i < p->n_limits; i++) {
                const struct sp_limit_rule *l = &p->limits[i];

                if (!sp_subjects_match(&l->subjects, who))
                        continue;
                counts_refusals |= l->limit.of[SP_LIMIT_REFUSALS].max > 0;
                ret[n++] = &l->limit;
        }
        if (!counts_refusals)
                ret[n++] = &builtin;
        return n;
}

bool sp_policy_is_limited(const struct sp_policy *p, const struct sp_principal *who,
                          unsigned kinds)
{
        for (size_t i = 0; i < p->n_limits; i++)
                for (unsigned k = 0; k < SP_LIMIT_KINDS; k++)
                        if (kinds >> k & 1 && p->limits[i].limit.of[k].max &&
                            sp_subjects_match(&p->limits[i].subjects, who))
                                return true;
        return false;
}
