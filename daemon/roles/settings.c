/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/roles/settings.h"

#include <errno.h>
#include <stdio.h>

#include "daemon/policy/yaml.h"

#define MIB (UINT64_C(1024) * 1024)
#define GIB (1024 * MIB)
#define DAY_US (UINT64_C(86400) * SP_USEC_PER_SEC)

enum kind {
        KIND_TEXT,
        KIND_PATH, /* absolute */
        KIND_FLAG,
        KIND_U16,
        KIND_U32,
        KIND_SIZE, /* bytes */
        KIND_SPAN_US,
        KIND_SPAN_S,
        KIND_EGRESS,
        KIND_DIGEST,
};

struct key {
        const char *name;
        enum kind kind;
        size_t offset; /* in the structure that the section fills */
        uint64_t min, max; /* numbers, and the length of texts */
};

struct reader {
        struct sp_arena *arena;
        const char *name;
        struct sp_settings *to;
        struct sp_err *err;
};

#define AT(field) offsetof(struct sp_settings, field)

static const struct key top_keys[] = {
        { "state_dir", KIND_PATH, AT(state_dir), 1, 1024 },
        /* sockets live below it: sun_path has 108 bytes */
        { "runtime_dir", KIND_PATH, AT(runtime_dir), 1, 80 },
        { "policy_dir", KIND_PATH, AT(policy_dir), 1, 1024 },
        { "workers", KIND_U32, AT(workers), 0, SP_WORKERS_MAX },
        { NULL },
};
static const struct key guard_keys[] = {
        { "attach", KIND_TEXT, AT(guard.attach), 1, 1024 },
        { "pin_dir", KIND_PATH, AT(guard.pin_dir), 1, 1024 },
        /* Privileged, so that no other user can listen there while the daemon is down.
         */
        { "port", KIND_U16, AT(guard.port), 1, 1023 },
        { "metadata_port", KIND_U16, AT(guard.metadata_port), 1, 1023 },
        { NULL },
};
static const struct key egress_keys[] = {
        { "default", KIND_EGRESS, AT(egress_splice), 0, 0 },
        { NULL },
};
static const struct key upstream_keys[] = {
        { "base_host", KIND_TEXT, AT(upstream.base_host), 1, 253 },
        { "connect_to", KIND_TEXT, AT(upstream.connect_to), 3, 260 },
        { "ca_file", KIND_PATH, AT(upstream.ca_file), 1, 1024 },
        { "timeout", KIND_SPAN_US, AT(upstream.timeout_us), SP_USEC_PER_SEC,
          3600 * SP_USEC_PER_SEC },
        { NULL },
};
static const struct key credential_keys[] = {
        { "service_account_file", KIND_PATH, AT(credential.service_account_file), 1,
          1024 },
        { "credential_name", KIND_TEXT, AT(credential.credential_name), 1, 128 },
        { "project", KIND_TEXT, AT(credential.project), 1, 128 },
        { NULL },
};
/* 128 generations (warden/keys.h) then last two and a half years */
#define MASK_KEY_AGE_MIN_US (7 * DAY_US)
static const struct key limits_keys[] = {
        { "body_max", KIND_SIZE, AT(limits.body_max_bytes), 1024, 64 * MIB },
        { "connections_max", KIND_U32, AT(limits.connections_max), 1, 65536 },
        { "streams_max", KIND_U32, AT(limits.streams_max), 1, 1000 },
        { "idle_timeout", KIND_SPAN_US, AT(limits.idle_timeout_us), SP_USEC_PER_SEC,
          DAY_US },
        { "token_lifetime", KIND_SPAN_S, AT(limits.token_lifetime_s), 60, 43200 },
        { "session_idle", KIND_SPAN_US, AT(limits.session_idle_us), SP_USEC_PER_SEC,
          30 * DAY_US },
        { "mask_key_age", KIND_SPAN_US, AT(limits.mask_key_age_us), 0, 3650 * DAY_US },
        { "approvals_pending_max", KIND_U32, AT(limits.approvals_pending_max), 1,
          1000 },
        { NULL },
};
static const struct key records_keys[] = {
        { "answer_max", KIND_SIZE, AT(records.answer_max_bytes), 0, 8 * MIB },
        { "answer_digest", KIND_DIGEST, AT(records.digest_whole), 0, 0 },
        { "free_min", KIND_SIZE, AT(records.free_min_bytes), 0, 1024 * GIB },
        { "jobs_kept", KIND_SPAN_S, AT(records.jobs_kept_s), 1, 180 * 86400 },
        { NULL },
};
static const struct key users_keys[] = {
        { "worker", KIND_TEXT, AT(user_worker), 1, 32 },
        { "recorder", KIND_TEXT, AT(user_recorder), 1, 32 },
        { "verifier", KIND_TEXT, AT(user_verifier), 1, 32 },
        { NULL },
};

static const struct {
        const char *name;
        const struct key *keys;
} sections[] = {
        { "guard", guard_keys },           { "upstream", upstream_keys },
        { "credential", credential_keys }, { "limits", limits_keys },
        { "records", records_keys },       { "users", users_keys },
};

#define ISSUER_AT(field) offsetof(struct sp_issuer_settings, field)
static const struct key issuer_keys[] = {
        { "issuer", KIND_TEXT, ISSUER_AT(issuer), 9, 512 },
        { "audience", KIND_TEXT, ISSUER_AT(audience), 1, 512 },
        { "groups_claim", KIND_TEXT, ISSUER_AT(groups_claim), 1, 128 },
        { "jwks_file", KIND_PATH, ISSUER_AT(jwks_file), 1, 1024 },
        { "discover", KIND_FLAG, ISSUER_AT(discover), 0, 0 },
        { NULL },
};

static int refuse(const struct reader *r, const struct sp_yaml *at, const char *what)
{
        return sp_err_set_at(r->err, -EINVAL, "settings.value", SP_AT(at->mark),
                             "'%.*s' %s", SP_FMT(at->key), what);
}

static int no_memory(const struct reader *r)
{
        return sp_err_set(r->err, -ENOMEM, "settings.memory", r->name, "out of memory");
}

struct unit {
        const char *name;
        uint64_t factor;
};
static const struct unit size_units[] = { { "KiB", 1024 }, { "MiB", MIB },
                                          { "GiB", GIB },  { "B", 1 },
                                          { "", 1 },       { NULL, 0 } };
static const struct unit span_units[] = { { "ms", SP_USEC_PER_MSEC },
                                          { "s", SP_USEC_PER_SEC },
                                          { "m", 60 * SP_USEC_PER_SEC },
                                          { "min", 60 * SP_USEC_PER_SEC },
                                          { "h", 3600 * SP_USEC_PER_SEC },
                                          { "d", DAY_US },
                                          { NULL, 0 } };

static int read_amount(struct sp_str text, const struct unit *units, uint64_t *ret)
{
        size_t digits = 0;
        uint64_t n;
        int r;

        while (digits < text.n && text.p[digits] >= '0' && text.p[digits] <= '9')
                digits++;
        r = sp_str_u64(sp_str_sub(text, 0, digits), &n);
        if (r < 0)
                return r;
        for (; units->name; units++) {
                if (!sp_str_eq(sp_str_sub(text, digits, text.n), sp_str_c(units->name)))
                        continue;
                return __builtin_mul_overflow(n, units->factor, ret) ? -ERANGE : 0;
        }
        if (n == 0 && digits == text.n) { /* "0" needs no unit */
                *ret = 0;
                return 0;
        }
        return -EINVAL;
}

static int read_number(const struct reader *r, const struct key *k,
                       const struct sp_yaml *n, uint64_t *ret)
{
        uint64_t v, scale = 1;
        char what[128];
        int x;

        if (k->kind == KIND_SIZE)
                x = read_amount(n->text, size_units, &v);
        else if (k->kind == KIND_SPAN_US || k->kind == KIND_SPAN_S)
                x = read_amount(n->text, span_units, &v);
        else
                x = sp_str_u64(n->text, &v);
        if (k->kind == KIND_SPAN_S)
                scale = SP_USEC_PER_SEC;
        if (x == -EINVAL)
                return refuse(r, n,
                              k->kind == KIND_SIZE
                                      ? "must be a size such as 512KiB or 10MiB"
                              : k->kind == KIND_SPAN_S || k->kind == KIND_SPAN_US
                                      ? "must be a time such as 30s, 15m or 2h"
                                      : "must be a whole number");
        if (x == 0 && v % scale)
                return refuse(r, n, "must be whole seconds");
        if (x < 0 || v / scale < k->min || v / scale > k->max) {
                (void)snprintf(what, sizeof(what), "must be from %llu to %llu%s",
                               (unsigned long long)k->min, (unsigned long long)k->max,
                               k->kind == KIND_SIZE      ? " bytes"
                               : k->kind == KIND_SPAN_US ? " microseconds"
                               : k->kind == KIND_SPAN_S  ? " seconds"
                                                         : "");
                return refuse(r, n, what);
        }
        *ret = v / scale;
        return 0;
}

static int check_text(const struct reader *r, const struct key *k,
                      const struct sp_yaml *n)
{
        struct sp_str s = n->text;

        if (n->is_plain && (sp_str_eq(s, SP_STR("")) || sp_str_eq(s, SP_STR("~")) ||
                            sp_str_eq(s, SP_STR("null"))))
                return refuse(r, n, "has no value; leave the key out instead");
        if (s.n < k->min)
                return refuse(r, n, "is too short");
        if (s.n > k->max)
                return refuse(r, n, "is too long");
        for (size_t i = 0; i < s.n; i++)
                if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7F)
                        return refuse(r, n, "has control characters");
        if (k->kind == KIND_PATH && s.p[0] != '/')
                return refuse(r, n, "must be an absolute path");
        return 0;
}

static int read_choice(const struct reader *r, const struct sp_yaml *n, const char *yes,
                       const char *no, bool *to)
{
        char what[64];

        if (!sp_str_eq(n->text, sp_str_c(yes)) && !sp_str_eq(n->text, sp_str_c(no))) {
                (void)snprintf(what, sizeof(what), "must be %s or %s", yes, no);
                return refuse(r, n, what);
        }
        *to = sp_str_eq(n->text, sp_str_c(yes));
        return 0;
}

static int read_value(const struct reader *r, const struct key *k,
                      const struct sp_yaml *n, void *base)
{
        char *to = (char *)base + k->offset;
        uint64_t v = 0;
        int x;

        if (n->type != SP_YAML_SCALAR)
                return refuse(r, n, "must be one value");
        if (k->kind != KIND_TEXT && k->kind != KIND_PATH && !n->is_plain)
                return refuse(r, n, "must not be in quotes");
        switch (k->kind) {
        case KIND_TEXT:
        case KIND_PATH:
                x = check_text(r, k, n);
                if (x == 0)
                        *(struct sp_str *)(void *)to = n->text;
                return x;
        case KIND_FLAG:
                return read_choice(r, n, "true", "false", (bool *)to);
        case KIND_EGRESS:
                return read_choice(r, n, "splice", "refuse", (bool *)to);
        case KIND_DIGEST:
                return read_choice(r, n, "whole", "kept", (bool *)to);
        default:
                x = read_number(r, k, n, &v);
                if (x < 0)
                        return x;
                if (k->kind == KIND_U16)
                        *(uint16_t *)(void *)to = (uint16_t)v;
                else if (k->kind == KIND_U32)
                        *(uint32_t *)(void *)to = (uint32_t)v;
                else
                        *(uint64_t *)(void *)to = v;
                return 0;
        }
}

static int unknown_key(const struct reader *r, const struct sp_yaml *n,
                       const char *where)
{
        return sp_err_set_at(r->err, -EINVAL, "settings.unknown-key",
                             SP_AT(n->key_mark), "'%.*s' is not a setting%s%s",
                             SP_FMT(n->key), *where ? " of " : "", where);
}

static int read_key(const struct reader *r, const char *name, const struct key *keys,
                    const struct sp_yaml *n, void *base)
{
        const struct key *k = keys;

        while (k->name && !sp_str_eq(n->key, sp_str_c(k->name)))
                k++;
        return k->name ? read_value(r, k, n, base) : unknown_key(r, n, name);
}

static int read_section(const struct reader *r, const char *name,
                        const struct key *keys, const struct sp_yaml *map, void *base)
{
        if (map->type != SP_YAML_MAP)
                return refuse(r, map, "must hold further keys");
        for (const struct sp_yaml *n = map->first; n; n = n->next) {
                int x = read_key(r, name, keys, n, base);

                if (x < 0)
                        return x;
        }
        return 0;
}

static int read_open(const struct reader *r, const struct sp_yaml *list)
{
        const char *why = NULL;

        if (list->type != SP_YAML_LIST)
                return refuse(r, list,
                              "must be a list such as [\"tcp 10.0.0.0/8 5432\"]");
        if (list->count > SP_EGRESS_RULES_MAX)
                return refuse(r, list, "has too many entries");
        r->to->egress_open =
                sp_arena_array(r->arena, list->count, sizeof(*r->to->egress_open));
        if (!r->to->egress_open)
                return no_memory(r);
        for (struct sp_yaml *n = list->first; n; n = n->next) {
                n->key = list->key;
                if (n->type != SP_YAML_SCALAR)
                        return refuse(r, n, "must hold texts");
                if (sp_egress_parse(n->text, &r->to->egress_open[r->to->n_egress_open],
                                    &why) < 0)
                        return refuse(r, n, why);
                r->to->n_egress_open++;
        }
        return 0;
}

static int read_resolvers(const struct reader *r, const struct sp_yaml *list)
{
        if (list->type != SP_YAML_LIST)
                return refuse(r, list, "must be a list of addresses");
        if (list->count > SP_RESOLVERS_MAX)
                return refuse(r, list, "has too many entries");
        r->to->resolvers =
                sp_arena_array(r->arena, 2 * list->count, sizeof(*r->to->resolvers));
        if (!r->to->resolvers)
                return no_memory(r);
        r->to->has_resolvers = true;
        for (struct sp_yaml *n = list->first; n; n = n->next) {
                n->key = list->key;
                if (n->type != SP_YAML_SCALAR ||
                    sp_egress_resolver(n->text, &r->to->resolvers[r->to->n_resolvers]) <
                            0)
                        return refuse(r, n, "must hold addresses");
                r->to->n_resolvers += 2;
        }
        return 0;
}

static int read_egress(const struct reader *r, const struct sp_yaml *map)
{
        if (map->type != SP_YAML_MAP)
                return refuse(r, map, "must hold further keys");
        for (const struct sp_yaml *n = map->first; n; n = n->next) {
                int x = sp_str_eq(n->key, SP_STR("open")) ? read_open(r, n)
                        : sp_str_eq(n->key, SP_STR("resolvers"))
                                ? read_resolvers(r, n)
                                : read_key(r, "egress", egress_keys, n, r->to);

                if (x < 0)
                        return x;
        }
        return 0;
}

/* A name that appears in policies, records and metrics. */
static bool is_name(struct sp_str s)
{
        if (s.n == 0 || s.n > 63)
                return false;
        for (size_t i = 0; i < s.n; i++)
                if (!((s.p[i] >= 'a' && s.p[i] <= 'z') ||
                      (s.p[i] >= '0' && s.p[i] <= '9') ||
                      (i && (s.p[i] == '-' || s.p[i] == '_' || s.p[i] == '.'))))
                        return false;
        return true;
}

/* A path below the cgroup v2 root: no empty, "." or ".." part. */
static bool is_cgroup_path(struct sp_str s)
{
        struct sp_str part, rest = s;
        bool more = true;

        if (s.n == 0 || s.n > 1024)
                return false;
        while (more) {
                more = sp_str_cut(rest, '/', &part, &rest);
                if (part.n == 0 || sp_str_eq(part, SP_STR(".")) ||
                    sp_str_eq(part, SP_STR("..")))
                        return false;
        }
        return true;
}

static int read_cgroups(const struct reader *r, const struct sp_yaml *list,
                        struct sp_workload *w)
{
        if (list->type != SP_YAML_LIST)
                return refuse(r, list, "must be a list of cgroup paths");
        if (list->count > SP_CGROUPS_MAX)
                return refuse(r, list, "has too many paths");
        w->cgroups = sp_arena_array(r->arena, list->count, sizeof(*w->cgroups));
        if (!w->cgroups)
                return no_memory(r);
        for (struct sp_yaml *n = list->first; n; n = n->next) {
                n->key = list->key;
                if (n->type != SP_YAML_SCALAR || !is_cgroup_path(n->text))
                        return refuse(
                                r, n,
                                "must hold paths below the cgroup v2 root, without a "
                                "leading '/' and without '..'");
                w->cgroups[w->n_cgroups++] = n->text;
        }
        return 0;
}

static int read_workload(const struct reader *r, const struct sp_yaml *map,
                         struct sp_workload *w)
{
        if (map->type != SP_YAML_MAP)
                return refuse(r, map, "must be a list of {name, cgroups}");
        for (struct sp_yaml *n = map->first; n; n = n->next) {
                int x = 0;

                if (sp_str_eq(n->key, SP_STR("cgroups"))) {
                        x = read_cgroups(r, n, w);
                } else if (!sp_str_eq(n->key, SP_STR("name"))) {
                        return unknown_key(r, n, "a workload");
                } else if (n->type != SP_YAML_SCALAR || !is_name(n->text)) {
                        x = refuse(r, n,
                                   "must be lower-case letters, digits, '-', '_', '.'");
                } else {
                        w->name = n->text;
                }
                if (x < 0)
                        return x;
        }
        if (!w->name.n)
                return refuse(r, map, "needs a 'name' in each entry");
        for (const struct sp_workload *o = r->to->workloads; o < w; o++)
                if (sp_str_eq(o->name, w->name))
                        return refuse(r, map, "names the same workload twice");
        return 0;
}

static int read_workloads(const struct reader *r, const struct sp_yaml *list)
{
        if (list->type != SP_YAML_LIST)
                return refuse(r, list, "must be a list of {name, cgroups}");
        if (list->count > SP_WORKLOADS_MAX)
                return refuse(r, list, "has too many entries");
        r->to->workloads =
                sp_arena_array(r->arena, list->count, sizeof(*r->to->workloads));
        if (!r->to->workloads)
                return no_memory(r);
        for (struct sp_yaml *n = list->first; n; n = n->next) {
                int x;

                n->key = list->key;
                x = read_workload(r, n, &r->to->workloads[r->to->n_workloads]);
                if (x < 0)
                        return x;
                r->to->n_workloads++;
        }
        return 0;
}

static int check_issuer(const struct reader *r, const struct sp_yaml *at,
                        const struct sp_issuer_settings *i)
{
        if (!sp_str_starts(i->issuer, SP_STR("https://")))
                return refuse(r, at, "needs an 'issuer' that starts with https://");
        if (!i->audience.n)
                return refuse(r, at,
                              "needs an 'audience': any token of the issuer would do");
        if ((i->jwks_file.n > 0) == i->discover)
                return refuse(r, at, "needs either 'jwks_file' or 'discover: true'");
        for (const struct sp_issuer_settings *o = r->to->issuers; o < i; o++)
                if (sp_str_eq(o->issuer, i->issuer) &&
                    sp_str_eq(o->audience, i->audience))
                        return refuse(r, at,
                                      "names the same issuer and audience twice");
        return 0;
}

static int read_issuers(const struct reader *r, const struct sp_yaml *list)
{
        if (list->type != SP_YAML_LIST)
                return refuse(r, list, "must be a list of {issuer, audience, …}");
        if (list->count > SP_ISSUERS_MAX)
                return refuse(r, list, "has too many entries");
        r->to->issuers = sp_arena_array(r->arena, list->count, sizeof(*r->to->issuers));
        if (!r->to->issuers)
                return no_memory(r);
        for (struct sp_yaml *n = list->first; n; n = n->next) {
                struct sp_issuer_settings *i = &r->to->issuers[r->to->n_issuers];
                int x;

                n->key = list->key;
                i->groups_claim = SP_STR("groups");
                x = read_section(r, "an issuer", issuer_keys, n, i);
                if (x == 0)
                        x = check_issuer(r, n, i);
                if (x < 0)
                        return x;
                r->to->n_issuers++;
        }
        return 0;
}

/* "host:port" or "[v6]:port" */
static bool is_address(struct sp_str s)
{
        size_t colon = s.n;
        uint64_t port;

        while (colon > 0 && s.p[colon - 1] != ':')
                colon--;
        if (colon < 2 || sp_str_u64(sp_str_sub(s, colon, s.n), &port) < 0)
                return false;
        if (port == 0 || port > UINT16_MAX)
                return false;
        s.n = colon - 1;
        if (s.p[0] == '[')
                return s.n > 2 && s.p[s.n - 1] == ']';
        return memchr(s.p, ':', s.n) == NULL;
}

static int check_whole(const struct reader *r)
{
        const struct sp_settings *s = r->to;
        const char *what = NULL;

        if (s->guard.port == s->guard.metadata_port)
                what = "guard.port and guard.metadata_port must differ";
        else if (s->upstream.connect_to.n && !is_address(s->upstream.connect_to))
                what = "upstream.connect_to must be HOST:PORT or [IPV6]:PORT";
        else if (memchr(s->credential.credential_name.n
                                ? s->credential.credential_name.p
                                : "",
                        '/', s->credential.credential_name.n))
                what = "credential.credential_name is a name, not a path";
        else if (s->limits.mask_key_age_us &&
                 s->limits.mask_key_age_us < MASK_KEY_AGE_MIN_US)
                what = "limits.mask_key_age must be 7d or longer: there can be 128 "
                       "keys, each "
                       "is kept for the tokens it made, and then there are no new ones";
        else if (s->user_worker.n && s->n_issuers && !s->user_verifier.n)
                what = "with issuers, users.verifier must be set: "
                       "sallyport-verifier";
        if (what)
                return sp_err_set(r->err, -EINVAL, "settings.value", r->name, "%s",
                                  what);
        return 0;
}

static int read_top(const struct reader *r, const struct sp_yaml *root)
{
        if (root->type != SP_YAML_MAP)
                return sp_err_set_at(r->err, -EINVAL, "settings.value",
                                     SP_AT(root->mark),
                                     "the file must hold keys and values");
        for (const struct sp_yaml *n = root->first; n; n = n->next) {
                const struct key *k = top_keys;
                size_t i = 0;
                int x;

                while (k->name && !sp_str_eq(n->key, sp_str_c(k->name)))
                        k++;
                while (i < SP_ARRAY_SIZE(sections) &&
                       !sp_str_eq(n->key, sp_str_c(sections[i].name)))
                        i++;
                if (k->name)
                        x = read_value(r, k, n, r->to);
                else if (i < SP_ARRAY_SIZE(sections))
                        x = read_section(r, sections[i].name, sections[i].keys, n,
                                         r->to);
                else if (sp_str_eq(n->key, SP_STR("egress")))
                        x = read_egress(r, n);
                else if (sp_str_eq(n->key, SP_STR("workloads")))
                        x = read_workloads(r, n);
                else if (sp_str_eq(n->key, SP_STR("issuers")))
                        x = read_issuers(r, n);
                else
                        x = unknown_key(r, n, "");
                if (x < 0)
                        return x;
        }
        return check_whole(r);
}

static void set_defaults(struct sp_settings *s)
{
        *s = (struct sp_settings){
                .state_dir = SP_STR("/var/lib/sallyport"),
                .runtime_dir = SP_STR("/run/sallyport"),
                .policy_dir = SP_STR("/etc/sallyport/policy"),
                .guard = { SP_STR("/"), SP_STR("/sys/fs/bpf/sallyport"), 844, 845 },
                .upstream = { .base_host = SP_STR("bigquery.googleapis.com"),
                              .timeout_us = 60 * SP_USEC_PER_SEC },
                .limits = { .body_max_bytes = 10 * MIB,
                            .connections_max = 4096,
                            .streams_max = 64,
                            .idle_timeout_us = 300 * SP_USEC_PER_SEC,
                            .token_lifetime_s = 900,
                            .session_idle_us = 1800 * SP_USEC_PER_SEC,
                            .approvals_pending_max = 16 },
                .records = { .answer_max_bytes = MIB,
                             .free_min_bytes = 64 * MIB,
                             .jobs_kept_s = 7 * 86400 },
        };
}

int sp_settings_parse(struct sp_arena *a, const char *name, struct sp_str text,
                      struct sp_settings *ret, struct sp_err *reterr)
{
        struct sp_settings s;
        struct reader r = { .arena = a, .name = name, .to = &s, .err = reterr };
        struct sp_yaml *root;
        int x;

        set_defaults(&s);
        x = sp_yaml_parse(a, name, text, &root, reterr);
        if (x == 0)
                x = read_top(&r, root);
        if (x == 0)
                *ret = s;
        return x;
}
