/* SPDX-License-Identifier: Apache-2.0 */
/* What is read and written again reads as the same. */
#include <stdlib.h>

#include "daemon/base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int print(struct sp_arena *a, struct sp_str text, struct sp_buf *to)
{
        struct sp_jsonw w = SP_JSONW(to);
        struct sp_json *v;
        int r = sp_json_parse(a, text, &v, NULL);

        if (r < 0)
                return r;
        sp_jsonw_node(&w, v);
        if (sp_jsonw_end(&w) < 0)
                abort();
        return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct sp_arena a = SP_ARENA_INIT(1 << 24);
        sp_autobuf once = SP_BUF_INIT(1 << 22);
        sp_autobuf twice = SP_BUF_INIT(1 << 22);

        if (print(&a, sp_str((const char *)data, size), &once) == 0 &&
            (print(&a, sp_buf_str(&once), &twice) < 0 ||
             !sp_str_eq(sp_buf_str(&once), sp_buf_str(&twice))))
                abort();
        sp_arena_done(&a);
        return 0;
}
