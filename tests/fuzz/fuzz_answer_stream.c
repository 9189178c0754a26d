/* SPDX-License-Identifier: Apache-2.0 */
/* Any input, at any split and by any way of scanning, gives the same output or the same refusal; what
 * comes out of an accepted answer is itself accepted and comes out unchanged. */
#include <stdlib.h>

#include "daemon/mask/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run(struct sp_str in, size_t piece, sp_scan_fn scan, struct sp_buf *out)
{
        struct sp_stream s;
        int r = 0;

        sp_stream_init(&s, sp_stream_query);
        s.page.scan = scan ? scan : s.page.scan;
        for (size_t i = 0; i < in.n && r == 0; i += piece)
                r = sp_stream_push(&s, sp_str_sub(in, i, piece), out, NULL);
        if (r == 0)
                r = sp_stream_end(&s, NULL);
        sp_stream_done(&s);
        return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct sp_str in = sp_str((const char *)data, size);
        sp_autobuf whole = SP_BUF_INIT(1 << 20);
        sp_autobuf pieces = SP_BUF_INIT(1 << 20);
        sp_autobuf again = SP_BUF_INIT(1 << 20);
        int r = run(in, size ? size : 1, NULL, &whole);

        if (run(in, size ? 1 + data[0] % 7 : 1,
                sp_scan_of((enum sp_scan_kind)(size % SP_SCAN_KINDS_)), &pieces) != r)
                abort();
        if (r < 0)
                return 0;
        if (!sp_str_eq(sp_buf_str(&whole), sp_buf_str(&pieces)))
                abort();
        if (run(sp_buf_str(&whole), 3, NULL, &again) != 0 ||
            !sp_str_eq(sp_buf_str(&whole), sp_buf_str(&again)))
                abort();
        return 0;
}
