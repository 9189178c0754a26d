/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sallyportd — picks the role.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <sys/prctl.h>

#include "daemon/base/log.h"
#include "daemon/recorder/recorder.h"
#include "daemon/roles/start.h"
#include "daemon/verifier/verifier.h"
#include "daemon/warden/warden.h"
#include "daemon/worker/worker.h"

enum role { ROLE_WARDEN, ROLE_WORKER, ROLE_RECORDER, ROLE_VERIFIER };
static const char *const role_names[] = { "warden", "worker", "recorder", "verifier" };

struct arguments {
        struct sp_warden_options warden;
        enum role role;
        bool install, uninstall, check;
};

static const struct option options[] = {
        { "config", required_argument, NULL, 'c' },
        { "role", required_argument, NULL, 'r' },
        { "roles", required_argument, NULL, 'R' },
        { "log-level", required_argument, NULL, 'l' },
        { "install-guard", no_argument, NULL, 'g' },
        { "uninstall-guard", no_argument, NULL, 'u' },
        { "check-config", no_argument, NULL, 'k' },
        { "no-bus", no_argument, NULL, 'n' },
        { "version", no_argument, NULL, 'V' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
};

static void help(void)
{
        (void)puts(
                "usage: sallyportd --config FILE [--log-level LEVEL]\n"
                "       sallyportd --config FILE --check-config\n"
                "       sallyportd --config FILE --install-guard\n"
                "       sallyportd --config FILE --uninstall-guard\n"
                "\n"
                "  -c, --config FILE      default /etc/sallyport/sallyport.yaml\n"
                "      --check-config     read configuration and policy, say what is "
                "wrong\n"
                "      --install-guard    attach the kernel programs and end: "
                "guarded processes\n"
                "                         are refused until the daemon runs\n"
                "      --uninstall-guard  detach the kernel programs: guarded "
                "processes are\n"
                "                         free afterwards\n"
                "      --log-level LEVEL  error, warning, info or debug\n"
                "      --roles HOW        children: workers and recorder are started "
                "by the daemon\n"
                "                         itself (default); units: by systemd, as "
                "units\n"
                "      --no-bus           run without D-Bus; nothing can be approved\n"
                "      --version");
}

static int read_level(const char *text, enum sp_log_level *ret)
{
        static const struct {
                const char *name;
                enum sp_log_level level;
        } levels[] = { { "error", SP_LOG_ERR },
                       { "warning", SP_LOG_WARNING },
                       { "info", SP_LOG_INFO },
                       { "debug", SP_LOG_DEBUG } };

        for (size_t i = 0; i < SP_ARRAY_SIZE(levels); i++) {
                if (strcmp(text, levels[i].name) == 0) {
                        *ret = levels[i].level;
                        return 0;
                }
        }
        return -1;
}

static int read_role(const char *text, enum role *ret)
{
        if (strcmp(text, "worker") == 0)
                *ret = ROLE_WORKER;
        else if (strcmp(text, "recorder") == 0)
                *ret = ROLE_RECORDER;
        else if (strcmp(text, "verifier") == 0)
                *ret = ROLE_VERIFIER;
        else
                return -1;
        return 0;
}

/* 0: go on; 1: all done; -1: usage. */
static int read_arguments(int argc, char **argv, struct arguments *a)
{
        int c;

        while ((c = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
                switch (c) {
                case 'c':
                        a->warden.config = optarg;
                        break;
                case 'r':
                        if (read_role(optarg, &a->role) < 0)
                                return -1;
                        break;
                case 'R':
                        a->warden.has_units = strcmp(optarg, "units") == 0;
                        if (!a->warden.has_units && strcmp(optarg, "children") != 0)
                                return -1;
                        break;
                case 'l':
                        if (read_level(optarg, &a->warden.log_level) < 0)
                                return -1;
                        break;
                case 'g':
                        a->install = true;
                        break;
                case 'u':
                        a->uninstall = true;
                        break;
                case 'k':
                        a->check = true;
                        break;
                case 'n':
                        a->warden.no_bus = true;
                        break;
                case 'V':
                        (void)puts("sallyportd " SP_VERSION);
                        return 1;
                case 'h':
                        help();
                        return 1;
                default:
                        return -1;
                }
        }
        return optind == argc ? 0 : -1;
}

static int run_role(enum role role)
{
        struct sp_msg_begin begin;
        struct sp_err e;
        int r = sp_role_start(role == ROLE_RECORDER, &begin, &e);

        if (r == -EPIPE) /* it is gone, and nobody is waiting */
                return 0;
        if (r < 0) {
                sp_log_err(SP_LOG_ERR, &e, "starting");
                return 2;
        }
        sp_log_init_confined(role_names[role], (enum sp_log_level)begin.level);
        (void)prctl(PR_SET_NAME, role == ROLE_RECORDER   ? "sallyport-rec"
                                 : role == ROLE_VERIFIER ? "sallyport-ver"
                                                         : "sallyport-work");
        if (role == ROLE_RECORDER)
                return sp_recorder_main(SP_ROLE_CHANNEL);
        if (role == ROLE_VERIFIER)
                return sp_verifier_main(SP_ROLE_CHANNEL);
        return sp_worker_main(SP_ROLE_CHANNEL, begin.index);
}

int main(int argc, char **argv)
{
        struct arguments a = { .warden = { .config = "/etc/sallyport/sallyport.yaml",
                                           .log_level = SP_LOG_INFO } };
        int r = read_arguments(argc, argv, &a);

        if (r > 0)
                return 0;
        if (r < 0) {
                (void)fputs("sallyportd: see sallyportd --help\n", stderr);
                return 2;
        }
        if (a.role != ROLE_WARDEN) {
                sp_log_init_confined(role_names[a.role], a.warden.log_level);
                return run_role(a.role);
        }
        sp_log_init(role_names[a.role], a.warden.log_level);
        if (a.check)
                return sp_warden_check(&a.warden);
        if (a.install)
                return sp_warden_install(&a.warden);
        if (a.uninstall)
                return sp_warden_uninstall(&a.warden);
        return sp_warden_main(&a.warden);
}
