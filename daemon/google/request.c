/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/google/request.h"

struct sp_str sp_request_header(const struct sp_request *r, const char *name)
{
        struct sp_str wanted = sp_str_c(name);

        for (size_t i = 0; i < r->n_headers; i++)
                if (sp_str_eq(r->headers[i].name, wanted))
                        return r->headers[i].value;
        return SP_STR_NULL;
}
