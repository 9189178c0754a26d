/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trie of what is open (docs/guard.md). Its longest prefix decides alone, so an entry
 * takes over what the wider ones open. The kernel looks at port 443 and at metadata servers
 * before it asks: nothing here opens those.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "daemon/base/log.h"
#include "daemon/warden/guard_internal.h"

#define RESOLV_CONF "/etc/resolv.conf"
#define RESOLV_CONF_MAX (64 * 1024)

static bool covers(const struct sp_exit_key *wide, const uint8_t ip[16])
{
        const uint8_t *w = (const uint8_t *)wide->ip;

        for (uint32_t i = 0; i < wide->prefix_bits; i++)
                if ((w[i / 8] ^ ip[i / 8]) & (0x80 >> i % 8))
                        return false;
        return true;
}

static struct sp_exit_key key_of(const struct sp_egress_rule *r)
{
        struct sp_exit_key k = { .prefix_bits = r->prefix_bits };

        memcpy(k.ip, r->ip, sizeof(k.ip));
        return k;
}

static struct sp_guard_exit *find(struct sp_guard_exit *v, size_t n,
                                  const struct sp_exit_key *key)
{
        for (size_t i = 0; i < n; i++)
                if (!memcmp(&v[i].key, key, sizeof(*key)))
                        return &v[i];
        return NULL;
}

int sp_guard_exits_compile(const struct sp_egress_rule *rules, size_t n,
                           struct sp_guard_exit *ret, size_t *ret_n)
{
        size_t count = 0;

        for (size_t i = 0; i < n; i++) {
                struct sp_exit_key key = key_of(&rules[i]);

                if (!find(ret, count, &key))
                        ret[count++] = (struct sp_guard_exit){ .key = key };
        }
        for (size_t i = 0; i < count; i++) {
                struct sp_exit *e = &ret[i].value;

                for (size_t k = 0; k < n; k++) {
                        struct sp_exit_key wide = key_of(&rules[k]);

                        if (wide.prefix_bits > ret[i].key.prefix_bits ||
                            !covers(&wide, (const uint8_t *)ret[i].key.ip))
                                continue;
                        if (e->n == SP_EXIT_RANGES_MAX)
                                return -E2BIG;
                        e->v[e->n++] = (struct sp_exit_range){
                                .protocol = rules[k].protocol,
                                .first = rules[k].first,
                                .last = rules[k].last,
                        };
                }
        }
        *ret_n = count;
        return 0;
}

bool sp_guard_exits_allow(const struct sp_guard_exit *v, size_t n, const uint8_t ip[16],
                          uint8_t protocol, uint16_t port)
{
        const struct sp_guard_exit *best = NULL;

        for (size_t i = 0; i < n; i++)
                if (covers(&v[i].key, ip) &&
                    (!best || v[i].key.prefix_bits > best->key.prefix_bits))
                        best = &v[i];
        for (uint32_t i = 0; best && i < best->value.n; i++) {
                const struct sp_exit_range *r = &best->value.v[i];

                if ((!r->protocol || r->protocol == protocol) && port >= r->first &&
                    port <= r->last)
                        return true;
        }
        return false;
}

/* ---- the rules of this host ---- */

static size_t system_resolvers(struct sp_egress_rule *ret, size_t max)
{
        sp_autoclose int fd = open(RESOLV_CONF, O_RDONLY | O_CLOEXEC);
        char *text = malloc(RESOLV_CONF_MAX);
        ssize_t n = fd < 0 || !text ? 0 : read(fd, text, RESOLV_CONF_MAX);
        size_t rules = 0;

        if (n > 0)
                rules = sp_egress_resolv_conf((struct sp_str){ text, (size_t)n }, ret,
                                              max);
        free(text);
        return rules;
}

static size_t all_rules(const struct sp_settings *s,
                        struct sp_egress_rule ret[SP_GUARD_RULES_MAX])
{
        size_t n = 0;

        for (size_t i = 0; i < s->n_egress_open && n < SP_GUARD_RULES_MAX; i++)
                ret[n++] = s->egress_open[i];
        if (!s->has_resolvers)
                return n + system_resolvers(ret + n, SP_GUARD_RULES_MAX - n);
        for (size_t i = 0; i < s->n_resolvers && n < SP_GUARD_RULES_MAX; i++)
                ret[n++] = s->resolvers[i];
        return n;
}

/* What is open no more goes last: nothing that stays open is ever closed. */
static int write_map(struct sp_guard *g)
{
        struct sp_exit_key key, stale[SP_EXITS_MAX], *from = NULL;
        size_t n_stale = 0;

        for (size_t i = 0; i < g->n_exits; i++)
                if (bpf_map_update_elem(g->exits_fd, &g->exits[i].key,
                                        &g->exits[i].value, BPF_ANY))
                        return -errno;
        while (n_stale < SP_EXITS_MAX &&
               !bpf_map_get_next_key(g->exits_fd, from, &key)) {
                from = &key;
                if (!find(g->exits, g->n_exits, &key))
                        stale[n_stale++] = key;
        }
        for (size_t i = 0; i < n_stale; i++)
                if (bpf_map_delete_elem(g->exits_fd, &stale[i]) && errno != ENOENT)
                        return -errno;
        return 0;
}

int sp_guard_exits_set(struct sp_guard *g, const struct sp_settings *s,
                       struct sp_err *reterr)
{
        struct sp_egress_rule rules[SP_GUARD_RULES_MAX];
        size_t n = all_rules(s, rules);
        int r = sp_guard_exits_compile(rules, n, g->exits, &g->n_exits);

        if (r == -E2BIG)
                return sp_err_set(reterr, r, "guard.exits", "egress",
                                  "more than %d port ranges for one address",
                                  SP_EXIT_RANGES_MAX);
        r = write_map(g);
        if (r)
                return sp_err_set(reterr, r, "guard.exits", "egress",
                                  "cannot tell the kernel what is open: %s",
                                  strerror(-r));
        return 0;
}
