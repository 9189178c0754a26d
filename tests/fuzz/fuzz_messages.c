/* SPDX-License-Identifier: Apache-2.0 */
/* The warden and the recorder read messages from workers, which may be hostile: the first
 * byte chooses the struct; what reads well writes back to the same bytes. */
#include <stdlib.h>

#include "daemon/policy/policy.h"
#include "daemon/roles/messages.h"
#include "daemon/worker/job.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TRY(name)                                                                      \
        case __COUNTER__: {                                                            \
                struct sp_msg_##name m;                                                \
                if (sp_msg_read_##name(in, &m) == 0) {                                 \
                        struct sp_wire_out w = SP_WIRE_OUT(&out);                      \
                        sp_msg_put_##name(&w, &m);                                     \
                        if (w.error < 0 || !sp_str_eq(sp_buf_str(&out), in))           \
                                abort();                                               \
                }                                                                      \
                break;                                                                 \
        }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct sp_arena a = SP_ARENA_INIT(1 << 22);
        sp_autobuf out = SP_BUF_INIT(1 << 22);
        struct sp_str in = sp_str((const char *)data + 1, size ? size - 1 : 0);
        struct sp_policy_file *files;
        struct sp_held held;
        struct sp_job job;
        size_t n;

        if (!size)
                return 0;
        switch (data[0] % 32) {
                SP_MSG_STRUCTS(TRY)
        case 24:
                if (sp_policy_unpack(&a, in, &files, &n) == 0 &&
                    (sp_policy_pack(&out, files, n) < 0 ||
                     !sp_str_eq(sp_buf_str(&out), in)))
                        abort();
                break;
        case 25:
                if (sp_held_read(in, &held) == 0 && (sp_held_write(&held, &out) < 0 ||
                                                     !sp_str_eq(sp_buf_str(&out), in)))
                        abort();
                break;
        case 26:
                (void)!sp_job_read(&a, in, &job);
                break;
        default:
                break;
        }
        sp_arena_done(&a);
        return 0;
}
