/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <errno.h>

#include "daemon/roles/settings.h"

static int parse(struct sp_arena *a, const char *text, struct sp_settings *s,
                 struct sp_err *e)
{
        return sp_settings_parse(a, "t.yaml", sp_str_c(text), s, e);
}

static const struct {
        const char *sentence, *text, *where, *what; /* what: a part of the message */
} refused[] = {
        { "an unknown key is named", "stat_dir: /x\n", "t.yaml:1:1",
          "'stat_dir' is not" },
        { "an unknown key of a section is named with it", "guard:\n  prot: 1\n",
          "t.yaml:2:3", "'prot' is not a setting of guard" },
        { "a key twice is an error", "workers: 1\nworkers: 2\n", "t.yaml:2:1",
          "workers" },
        { "a relative path is refused", "state_dir: var\n", "t.yaml:1:12", "absolute" },
        { "a path with a control byte is refused", "state_dir: \"/a\\x01\"\n",
          "t.yaml:1:12", "control" },
        { "a runtime directory too long for its sockets is refused",
          "runtime_dir: "
          "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
          "aaaaaaaa\n",
          "t.yaml:1:14", "too long" },
        { "a number in quotes is not a number", "workers: \"2\"\n", "t.yaml:1:10",
          "quotes" },
        { "a negative number is refused", "workers: -1\n", "t.yaml:1:10",
          "whole number" },
        { "more workers than the limit are refused", "workers: 65\n", "t.yaml:1:10",
          "from 0 to 64" },
        { "an unprivileged port is refused", "guard: {port: 1024}\n", "t.yaml:1:15",
          "from 1 to 1023" },
        { "port 0 is refused", "guard: {port: 0}\n", "t.yaml:1:15", "from 1" },
        { "the two ports must differ", "guard: {port: 9, metadata_port: 9}\n", "t.yaml",
          "differ" },
        { "a value where a section should be", "guard: 1\n", "t.yaml:1:8",
          "further keys" },
        { "a section where a value should be", "workers: {a: 1}\n", "t.yaml:1:10",
          "one value" },
        { "a list where a value should be", "state_dir: [/a]\n", "t.yaml:1:12",
          "one value" },
        { "an unknown choice", "egress: {default: allow}\n", "t.yaml:1:19",
          "splice or refuse" },
        { "an unknown key of egress", "egress: {opne: []}\n", "t.yaml:1:10",
          "'opne' is not a setting of egress" },
        { "what is open is a list", "egress: {open: tcp any 22}\n", "t.yaml:1:16",
          "a list" },
        { "an entry that is none says why", "egress: {open: [tcp any 22, tcp any]}\n",
          "t.yaml:1:29", "needs a port" },
        { "a resolver is an address", "egress: {resolvers: [dns.test]}\n",
          "t.yaml:1:22", "addresses" },
        { "a time without a unit", "limits: {session_idle: 30}\n", "t.yaml:1:24",
          "15m" },
        { "a time with an unknown unit", "limits: {session_idle: 3w}\n", "t.yaml:1:24",
          "15m" },
        { "a time that overflows", "limits: {session_idle: 18446744073709551615d}\n",
          "t.yaml:1:24", "from" },
        { "a token lifetime of half a second", "limits: {token_lifetime: 60500ms}\n",
          "t.yaml:1:26", "whole seconds" },
        { "a token lifetime over twelve hours", "limits: {token_lifetime: 43201s}\n",
          "t.yaml:1:26", "43200" },
        { "a size with an unknown unit", "limits: {body_max: 10MB}\n", "t.yaml:1:20",
          "10MiB" },
        { "a size over the limit", "limits: {body_max: 65MiB}\n", "t.yaml:1:20",
          "from" },
        { "an empty value", "credential:\n  project:\n", "t.yaml", "no value" },
        { "null is no value", "credential: {project: ~}\n", "t.yaml:1:23", "no value" },
        { "a workload without a name", "workloads: [{cgroups: [a]}]\n", "t.yaml:1:13",
          "'name'" },
        { "a workload name with capitals", "workloads: [{name: A, cgroups: [a]}]\n",
          "t.yaml:1:20", "lower-case" },
        { "a workload twice", "workloads: [{name: a}, {name: a}]\n", "t.yaml:1:24",
          "twice" },
        { "a cgroup path from the root", "workloads: [{name: a, cgroups: [/a]}]\n",
          "t.yaml:1:33", "leading" },
        { "a cgroup path that climbs", "workloads: [{name: a, cgroups: [a/../b]}]\n",
          "t.yaml:1:33", ".." },
        { "a cgroup path with an empty part",
          "workloads: [{name: a, cgroups: [a//b]}]\n", "t.yaml:1:33", "leading" },
        { "an issuer by http",
          "issuers: [{issuer: 'http://a/b', audience: x, discover: true}]\n",
          "t.yaml:1:11", "https://" },
        { "an issuer without audience",
          "issuers: [{issuer: 'https://a', discover: true}]\n", "t.yaml:1:11",
          "audience" },
        { "an issuer without keys", "issuers: [{issuer: 'https://a', audience: x}]\n",
          "t.yaml:1:11", "either" },
        { "an issuer with keys from two places",
          "issuers: [{issuer: 'https://a', audience: x, discover: true, jwks_file: "
          "/a}]\n",
          "t.yaml:1:11", "either" },
        { "issuers without a user for who checks their tokens",
          "issuers: [{issuer: 'https://a', audience: x, discover: true}]\n"
          "users: {worker: w, recorder: r}\n",
          "t.yaml", "users.verifier" },
        { "an address without a port", "upstream: {connect_to: localhost}\n", "t.yaml",
          "HOST:PORT" },
        { "an address with a port out of range", "upstream: {connect_to: 'a:65536'}\n",
          "t.yaml", "HOST:PORT" },
        { "an IPv6 address without brackets", "upstream: {connect_to: '::1:443'}\n",
          "t.yaml", "HOST:PORT" },
        { "a credential name that is a path", "credential: {credential_name: ../x}\n",
          "t.yaml", "not a path" },
        { "mask keys that would be used up in days", "limits: {mask_key_age: 167h}\n",
          "t.yaml", "7d or longer" },
        { "an alias", "workers: &a 1\nlimits: {streams_max: *a}\n", "t.yaml:1:10", "" },
        { "two documents", "workers: 1\n---\nworkers: 2\n", "t.yaml", "" },
        { "an empty file", "", "t.yaml", "" },
        { "a list at the top", "- a\n", "t.yaml:1:1", "" },
};

static void bad_settings_are_refused_with_their_place(void **state)
{
        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(refused); i++) {
                sp_cleanup(sp_arena_done) struct sp_arena a = SP_ARENA_INIT(1 << 22);
                struct sp_settings s = { .workers = 77 };
                struct sp_err e = SP_ERR_NULL;
                int r = parse(&a, refused[i].text, &s, &e);

                SP_CHECK(refused[i].sentence, r == -EINVAL);
                SP_CHECK(refused[i].sentence, s.workers == 77);
                if (strncmp(e.where, refused[i].where, strlen(refused[i].where)) != 0 ||
                    !strstr(e.what, refused[i].what))
                        fail_msg("%s: got %s: %s", refused[i].sentence, e.where,
                                 e.what);
        }
}

static void what_is_not_set_has_its_default(void **state)
{
        sp_cleanup(sp_arena_done) struct sp_arena a = SP_ARENA_INIT(1 << 20);
        struct sp_settings s;
        struct sp_err e;

        (void)state;
        assert_int_equal(parse(&a, "workers: 0\n", &s, &e), 0);
        assert_true(sp_str_eq(s.state_dir, SP_STR("/var/lib/sallyport")));
        assert_true(sp_str_eq(s.guard.attach, SP_STR("/")));
        assert_int_equal(s.guard.port, 844);
        assert_int_equal(s.guard.metadata_port, 845);
        assert_false(s.egress_splice);
        assert_int_equal(s.n_egress_open, 0);
        assert_false(s.has_resolvers);
        assert_true(sp_str_eq(s.upstream.base_host, SP_STR("bigquery.googleapis.com")));
        assert_int_equal(s.limits.body_max_bytes, 10 * 1024 * 1024);
        assert_int_equal(s.limits.token_lifetime_s, 900);
        assert_int_equal(s.limits.session_idle_us, 1800 * SP_USEC_PER_SEC);
        assert_int_equal(s.user_worker.n, 0);
        assert_int_equal(s.n_workloads, 0);
}

static void everything_that_is_set_is_read(void **state)
{
        static const char text[] =
                "state_dir: /s\nruntime_dir: /r\npolicy_dir: /p\nworkers: 64\n"
                "guard: {attach: sub/tree, pin_dir: /b, port: 1023, metadata_port: 1}\n"
                "workloads:\n- name: ci-agents\n  cgroups: [agents.slice, "
                "'run/job-*']\n"
                "- {name: none}\n"
                "egress: {default: splice, resolvers: [192.0.2.1, '::1'],\n"
                "  open: [tcp 10.0.0.0/8 5432, 'any 2001:db8::1']}\n"
                "upstream: {base_host: bq.test, connect_to: '[::1]:18443', ca_file: "
                "/c,\n"
                "  timeout: 90s}\n"
                "credential: {service_account_file: /k, project: p}\n"
                "issuers:\n- {issuer: 'https://a/', audience: x, jwks_file: /j}\n"
                "- {issuer: 'https://b/', audience: y, discover: true, groups_claim: "
                "roles}\n"
                "limits: {body_max: 64MiB, connections_max: 65536, streams_max: 1000,\n"
                "  idle_timeout: 1d, token_lifetime: 12h, session_idle: 500m,\n"
                "  approvals_pending_max: 1000}\n"
                "records: {answer_max: 0, answer_digest: whole, free_min: 1GiB, "
                "jobs_kept: 90d}\n"
                "users: {worker: w, recorder: r, verifier: v}\n";
        sp_cleanup(sp_arena_done) struct sp_arena a = SP_ARENA_INIT(1 << 20);
        struct sp_settings s;
        struct sp_err e = SP_ERR_NULL;

        (void)state;
        if (parse(&a, text, &s, &e) < 0)
                fail_msg("%s: %s", e.where, e.what);
        assert_int_equal(s.workers, 64);
        assert_true(sp_str_eq(s.guard.attach, SP_STR("sub/tree")));
        assert_int_equal(s.guard.port, 1023);
        assert_int_equal(s.guard.metadata_port, 1);
        assert_int_equal(s.n_workloads, 2);
        assert_int_equal(s.workloads[0].n_cgroups, 2);
        assert_true(sp_str_eq(s.workloads[0].cgroups[1], SP_STR("run/job-*")));
        assert_int_equal(s.workloads[1].n_cgroups, 0);
        assert_true(s.egress_splice);
        assert_int_equal(s.n_egress_open, 2);
        assert_int_equal(s.egress_open[0].first, 5432);
        assert_true(s.has_resolvers);
        assert_int_equal(s.n_resolvers, 4);
        assert_int_equal(s.upstream.timeout_us, 90 * SP_USEC_PER_SEC);
        assert_true(sp_str_eq(s.user_verifier, SP_STR("v")));
        assert_true(sp_str_eq(s.upstream.connect_to, SP_STR("[::1]:18443")));
        assert_int_equal(s.n_issuers, 2);
        assert_true(sp_str_eq(s.issuers[0].groups_claim, SP_STR("groups")));
        assert_true(sp_str_eq(s.issuers[1].groups_claim, SP_STR("roles")));
        assert_true(s.issuers[1].discover && !s.issuers[0].discover);
        assert_int_equal(s.limits.body_max_bytes, 64 << 20);
        assert_int_equal(s.limits.idle_timeout_us, 86400 * SP_USEC_PER_SEC);
        assert_int_equal(s.limits.token_lifetime_s, 43200);
        assert_int_equal(s.limits.session_idle_us, 30000 * SP_USEC_PER_SEC);
        assert_int_equal(s.records.answer_max_bytes, 0);
        assert_true(s.records.digest_whole);
        assert_int_equal(s.records.free_min_bytes, 1 << 30);
        assert_int_equal(s.records.jobs_kept_s, 90 * 86400);
        assert_true(sp_str_eq(s.user_recorder, SP_STR("r")));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(bad_settings_are_refused_with_their_place),
                cmocka_unit_test(what_is_not_set_has_its_default),
                cmocka_unit_test(everything_that_is_set_is_read),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
