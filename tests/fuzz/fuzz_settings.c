/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "daemon/roles/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever is accepted must be within the limits that the rest of the program counts
 * on. */
static void check(const struct sp_settings *s)
{
        bool ok = s->workers <= SP_WORKERS_MAX && s->n_workloads <= SP_WORKLOADS_MAX &&
                  s->n_issuers <= SP_ISSUERS_MAX && s->guard.port &&
                  s->guard.port < 1024 && s->guard.metadata_port &&
                  s->guard.port != s->guard.metadata_port &&
                  s->limits.body_max_bytes >= 1024 &&
                  s->limits.token_lifetime_s >= 60 && s->runtime_dir.n <= 80 &&
                  s->runtime_dir.p[0] == '/';

        for (size_t i = 0; i < s->n_workloads; i++) {
                ok = ok && s->workloads[i].name.n && s->workloads[i].name.n < 64;
                for (size_t k = 0; k < s->workloads[i].n_cgroups; k++)
                        ok = ok && s->workloads[i].cgroups[k].n;
        }
        for (size_t i = 0; i < s->n_issuers; i++)
                ok = ok && s->issuers[i].audience.n &&
                     (s->issuers[i].jwks_file.n > 0) != s->issuers[i].discover;
        if (!ok)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        sp_cleanup(sp_arena_done) struct sp_arena a = SP_ARENA_INIT(32 << 20);
        struct sp_settings s;
        struct sp_err e;

        if (sp_settings_parse(&a, "f", sp_str((const char *)data, size), &s, &e) == 0)
                check(&s);
        return 0;
}
