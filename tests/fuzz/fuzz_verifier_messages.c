/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is passed on to the verifier: ID tokens and other messages through its own dispatcher, against
 * a fixed key set. Each question is answered once; nobody is ever named, as no input is signed.
 */
#include "daemon/verifier/verifier.c"
#include "tests/fuzz/worker_says.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* A P-256 public key; the private half was thrown away. */
static const char jwks[] = "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"k\","
                           "\"x\":\"pJWs_nINjZtt2cC0SGWDII8ETGrnXC9Kt_NXBCAVsV4\","
                           "\"y\":\"N3d4UEpSJ9UPq6ezoSI9fZlS9hYUj4lFMd5JsyA_aTw\"}]}";
static const char settings[] =
        "workloads: [{ name: agents, cgroups: [agents.slice] }]\n"
        "issuers: [{ issuer: \"https://issuer.example\", "
        "audience: a, jwks_file: /x }]\n";
static struct verifier v;
static struct sp_ipc peer;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
        struct sp_err e;
        int pair[2];

        (void)argc, (void)argv;
        sp_log_init("fuzz", 0);
        v.arena = SP_ARENA_INIT(4 * SETTINGS_MAX);
        if (uv_loop_init(&v.loop) < 0 || sp_ipc_pair(pair) < 0 ||
            sp_link_open(&v.warden, &v.loop, pair[0]) < 0 ||
            sp_settings_parse(&v.arena, "s", sp_str_c(settings), &v.settings, &e) < 0 ||
            sp_issuers_init(&v.issuers, &v.settings, NULL) < 0 ||
            sp_issuers_set(&v.issuers, v.settings.issuers[0].issuer, sp_str_c(jwks),
                           &e) < 0)
                abort();
        sp_ipc_init(&peer, pair[1]);
        v.has_settings = v.is_started = true;
        return 0;
}

/* The input without its first two bytes is one token, or messages one after the other. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct sp_str in = sp_str((const char *)data, size);
        bool is_token = says_u16(&in) % 2 == 0;
        int r = 0;

        while (r == 0 && in.n) {
                sp_autobuf b = SP_BUF_INIT(1 << 20);
                struct sp_wire_out w = SP_WIRE_OUT(&b);
                struct sp_ipc_msg m = { .type = SP_MSG_VERIFY, .id = 1, .fd = -1 };
                struct sp_ipc_msg answer;
                unsigned answers = 0;

                if (is_token) {
                        sp_wire_put_str(&w, in);
                        m.payload = sp_buf_str(&b);
                        in = SP_STR_NULL;
                } else {
                        m = says_next(&in);
                }
                r = dispatch(&v, &m);
                while (sp_ipc_recv(&peer, &answer) == 1) {
                        answers++;
                        if (m.type == SP_MSG_VERIFY &&
                            answer.type != SP_MSG_ANSWER_ERROR)
                                abort();
                }
                if (answers > 1 || (r == 0 && m.type == SP_MSG_VERIFY && !answers))
                        abort();
        }
        return 0;
}
