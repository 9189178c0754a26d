/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/google/read.h"

#include <errno.h>

#include "daemon/google/methods.h"

enum kind { TEXT, COUNT, U64, BOOL, TOKEN, FIELDS, LOCATION, VERSION, OBJECT };

static const struct parameter {
        const char *name, *type;
        enum kind kind;
        bool is_forwarded; /* copied into sp_call.parameters */
        const char *choices; /* |A|B|; NULL: any text of the kind */
} table[SP_PARAMETER_MAX_] = {
        [SP_PARAMETER_LOCATION] = { "location", "string", LOCATION, false, NULL },
        [SP_PARAMETER_MAX_RESULTS] = { "maxResults", "integer", COUNT, true, NULL },
        [SP_PARAMETER_PAGE_TOKEN] = { "pageToken", "string", TOKEN, true, NULL },
        [SP_PARAMETER_START_INDEX] = { "startIndex", "string", U64, true, NULL },
        [SP_PARAMETER_TIMEOUT_MS] = { "timeoutMs", "integer", COUNT, false, NULL },
        [SP_PARAMETER_INT64_TIMESTAMP] = { "formatOptions.useInt64Timestamp", "boolean",
                                           BOOL, true, NULL },
        [SP_PARAMETER_SELECTED_FIELDS] = { "selectedFields", "string", FIELDS, true,
                                           NULL },
        [SP_PARAMETER_ALL] = { "all", "boolean", BOOL, true, NULL },
        [SP_PARAMETER_FILTER] = { "filter", "string", TEXT, true, NULL },
        /* what the larger views add is not in the rebuilt answers */
        [SP_PARAMETER_VIEW] = { "view", "string", TEXT, false,
                                "|BASIC|STORAGE_STATS|FULL|TABLE_METADATA_VIEW_"
                                "UNSPECIFIED|" },
        [SP_PARAMETER_DATASET_VIEW] = { "datasetView", "string", TEXT, false,
                                        "|METADATA|ACL|FULL|DATASET_VIEW_"
                                        "UNSPECIFIED|" },
        [SP_PARAMETER_ACCESS_POLICY_VERSION] = { "accessPolicyVersion", "integer",
                                                 COUNT, false, NULL },
        /* BigQuery takes everybody behind the gateway for one user */
        [SP_PARAMETER_ALL_USERS] = { "allUsers", "boolean", BOOL, false, "|false|" },
        [SP_PARAMETER_PROJECTION] = { "projection", "string", TEXT, true,
                                      "|full|minimal|" },
        [SP_PARAMETER_STATE_FILTER] = { "stateFilter", "string", TEXT, true,
                                        "|done|pending|running|" },
        [SP_PARAMETER_PARENT_JOB_ID] = { "parentJobId", "string", TEXT, true, NULL },
        [SP_PARAMETER_MIN_CREATION_TIME] = { "minCreationTime", "string", U64, true,
                                             NULL },
        [SP_PARAMETER_MAX_CREATION_TIME] = { "maxCreationTime", "string", U64, true,
                                             NULL },
        [SP_PARAMETER_DELETE_CONTENTS] = { "deleteContents", "boolean", BOOL, true,
                                           NULL },
        /* no access list is ever sent */
        [SP_PARAMETER_UPDATE_MODE] = { "updateMode", "string", TEXT, false,
                                       "|UPDATE_MODE_UNSPECIFIED|UPDATE_METADATA|"
                                       "UPDATE_FULL|" },
        [SP_PARAMETER_AUTODETECT_SCHEMA] = { "autodetect_schema", "boolean", BOOL,
                                             false, "|false|" },
        [SP_PARAMETER_NO_ACL] = { "projection", "string", TEXT, false, "|noAcl|" },
        [SP_PARAMETER_PREFIX] = { "prefix", "string", OBJECT, true, NULL },
        [SP_PARAMETER_DELIMITER] = { "delimiter", "string", OBJECT, true, NULL },
        [SP_PARAMETER_START_OFFSET] = { "startOffset", "string", OBJECT, true, NULL },
        [SP_PARAMETER_END_OFFSET] = { "endOffset", "string", OBJECT, true, NULL },
        [SP_PARAMETER_GENERATION] = { "generation", "string", U64, true, NULL },
        [SP_PARAMETER_IF_GENERATION] = { "ifGenerationMatch", "string", U64, true,
                                         NULL },
        [SP_PARAMETER_VERSION] = { "version", "string", VERSION, false, "|v2|" },
};

const char *sp_call_parameter(size_t i, const char **ret_type)
{
        if (i >= SP_ARRAY_SIZE(table))
                return NULL;
        *ret_type = table[i].type;
        return table[i].name;
}

static bool only(struct sp_str s, const char *extra, size_t max)
{
        if (s.n == 0 || s.n > max)
                return false;
        for (size_t i = 0; i < s.n; i++) {
                char c = s.p[i];

                if (!((c >= '0' && c <= '9') ||
                      ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
                      (c && strchr(extra, c))))
                        return false;
        }
        return true;
}

static bool is_choice(const char *choices, struct sp_str v)
{
        for (const char *p = choices; *p && p[1];) {
                const char *end = strchr(p + 1, '|');

                if (sp_str_eq(v, sp_str(p + 1, (size_t)(end - p) - 1)))
                        return true;
                p = end;
        }
        return false;
}

static bool value_is_valid(const struct parameter *p, struct sp_str v)
{
        uint64_t n;

        if (p->choices && !is_choice(p->choices, v))
                return false;
        switch (p->kind) {
        case COUNT:
                return sp_str_u64(v, &n) == 0 && n <= UINT32_MAX;
        case U64:
                return sp_str_u64(v, &n) == 0;
        case BOOL:
                return sp_str_eq(v, SP_STR("true")) || sp_str_eq(v, SP_STR("false"));
        case TOKEN:
                return only(v, "-_.~+/=:,", 8192);
        case FIELDS:
                return only(v, "-_.,*", 4096);
        case LOCATION:
                return sp_id_is_valid(SP_ID_LOCATION, v);
        case TEXT:
                return only(v, "-_.: ", 1024);
        case OBJECT: /* UTF-8 without control characters it is already */
                return v.n <= 1024;
        case VERSION:
                return true;
        }
        return false;
}

static int bad_value(const struct sp_header *h, struct sp_err *reterr)
{
        return sp_err_set(reterr, -EPERM, "request.parameter", "",
                          "the query parameter %.*s cannot have the value '%.*s' here",
                          SP_FMT(h->name), SP_FMT(sp_str_sub(h->value, 0, 64)));
}

/* The content of an object in place of what is said of it. */
static bool read_media(struct sp_str alt, struct sp_call *c)
{
        c->is_media = c->object.n && sp_str_eq(alt, SP_STR("media"));
        return c->is_media;
}

/* Accepted everywhere and not forwarded: the daemon writes its own. `fields` asks for
 * less than the answer: the whole of an answer that is safe is safe, and clients read
 * from it what they asked for. Returns 1 when `h` is none of them. */
static int read_common(const struct sp_header *h, struct sp_call *c,
                       struct sp_err *reterr)
{
        bool ok;

        if (sp_str_eq(h->name, SP_STR("alt")))
                ok = sp_str_eq(h->value, SP_STR("json")) || read_media(h->value, c);
        else if (sp_str_eq(h->name, SP_STR("prettyPrint")))
                ok = sp_str_eq(h->value, SP_STR("true")) ||
                     sp_str_eq(h->value, SP_STR("false"));
        else if (sp_str_eq(h->name, SP_STR("fields")))
                ok = only(h->value, "-_.,*/()", 4096);
        else
                return 1;
        return ok ? 0 : bad_value(h, reterr);
}

static const struct sp_header *find(const struct sp_header *all, size_t n,
                                    const char *name)
{
        for (size_t i = 0; i < n; i++)
                if (sp_str_eq(all[i].name, sp_str_c(name)))
                        return &all[i];
        return NULL;
}

static int refuse_unknown(const struct sp_header *all, size_t n, uint32_t accepted,
                          struct sp_call *c, struct sp_err *reterr)
{
        for (size_t i = 0; i < n; i++) {
                bool is_known = false;
                int e = read_common(&all[i], c, reterr);

                if (e < 0)
                        return e;
                for (size_t k = 0; e == 1 && k < SP_ARRAY_SIZE(table); k++)
                        if ((accepted & 1u << k) &&
                            sp_str_eq(all[i].name, sp_str_c(table[k].name)))
                                is_known = true;
                if (e == 1 && !is_known)
                        return sp_err_set(
                                reterr, -EPERM, "request.unknown-parameter", "",
                                "the query parameter '%.*s' is not accepted for %s",
                                SP_FMT(sp_str_sub(all[i].name, 0, 64)), c->action);
        }
        return 0;
}

int sp_read_parameters(struct sp_arena *a, const struct sp_request *r,
                       struct sp_call *ret, struct sp_err *reterr)
{
        uint32_t accepted = sp_method_parameters(ret->action);
        struct sp_header *all = NULL, *out;
        size_t n = 0, used = 0;
        int e;

        e = sp_url_query_read(a, r->query, SP_URL_QUERY_MAX, &all, &n, reterr);
        if (e < 0)
                return e;
        /* the metadata server's own parameters are read where it is answered; nothing
         * of them goes anywhere */
        if (ret->local == SP_LOCAL_METADATA)
                return 0;
        e = refuse_unknown(all, n, accepted, ret, reterr);
        if (e < 0)
                return e;
        out = sp_arena_array(a, SP_PARAMETER_MAX_, sizeof(*out));
        if (!out)
                return -ENOMEM;
        for (size_t k = 0; k < SP_ARRAY_SIZE(table); k++) {
                const struct sp_header *h = find(all, n, table[k].name);

                if (!h || !(accepted & 1u << k))
                        continue;
                if (!value_is_valid(&table[k], h->value))
                        return bad_value(h, reterr);
                if (table[k].is_forwarded)
                        out[used++] = *h;
                if (k == SP_PARAMETER_LOCATION)
                        ret->location = h->value;
                if (k == SP_PARAMETER_TIMEOUT_MS)
                        ret->has_timeout_ms =
                                sp_str_u64(h->value, &ret->timeout_ms) == 0;
        }
        ret->parameters = out;
        ret->n_parameters = used;
        return 0;
}
