/* SPDX-License-Identifier: Apache-2.0 */
/* What a file in the approvals directory may hold, and the record made of it. */
#include "daemon/base/json.h"
#include "daemon/warden/approvals_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        sp_autobuf record = SP_BUF_INIT(1u << 20);
        struct sp_approval a;

        if (sp_approval_decode(sp_str((const char *)data, size), &a) == 0)
                (void)!sp_approval_record(&a, "asked", a.approver, a.approver_uid,
                                          a.reason, &record);
        return 0;
}
