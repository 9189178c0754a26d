/* SPDX-License-Identifier: Apache-2.0 */
/*
 * google/request — one HTTP request, complete, whatever version carried it.
 *
 * Ownership: borrowed from the exchange's arena. Header names are lower case.
 */
#pragma once

#include "daemon/base/arena.h"

struct sp_header {
        struct sp_str name, value;
};

struct sp_request {
        struct sp_str scheme; /* "https", or "http" for the metadata server */
        struct sp_str method; /* "GET" */
        struct sp_str
                authority; /* Host or :authority as sent, lower case, without port */
        struct sp_str sni; /* empty on plain HTTP */
        struct sp_str path; /* before '?', as sent */
        struct sp_str query; /* behind '?', without it; empty if none */
        bool has_query;
        const struct sp_header *headers; /* without the pseudo headers and host */
        size_t n_headers;
        struct sp_str body; /* decoded from chunked; still as Content-Encoding says */
};

/* Value of the header, or a NULL string; a header that may stand once but stands twice
 * was refused by the reader already. `name` in lower case. */
struct sp_str sp_request_header(const struct sp_request *r, const char *name);
