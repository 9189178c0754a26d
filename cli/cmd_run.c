/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "cli/bus_client.h"
#include "cli/cli.h"
#include "cli/run_cgroup.h"
#include "cli/run_child.h"
#include "daemon/base/json.h"
#include "daemon/warden/guard_path.h"

static const char usage[] = "sallyctl run --workload NAME [--user USER] [--parent "
                            "CGROUP] [--allow-namespaces] -- COMMAND [ARGUMENT…]\n"
                            "Runs COMMAND in a guarded cgroup of its own. Its exit "
                            "status is returned; 125: it "
                            "was not started.";

struct run {
        const char *workload, *parent;
        struct sp_run_child child;
        char parent_buf[PATH_MAX], attach[PATH_MAX];
        char *ca_file, *ca_bundle;
        sd_bus *bus;
        struct sp_run_cgroup cgroup;
        bool has_cgroup, has_tag;
};

/* ---- what the daemon knows ---- */

/* Status says where the programs are attached: below there, and nowhere else, is a
 * guard. */
static int ask_attach(struct run *run, struct sp_err *reterr)
{
        sp_cleanup(sp_arena_done) struct sp_arena a = SP_ARENA_INIT(4 * 1024 * 1024);
        sp_cleanup(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        struct sp_json *status;
        struct sp_str attach;
        char mount[PATH_MAX];
        const char *text;
        int r;

        r = sp_guard_path_mount(mount, reterr);
        if (!r)
                r = sp_client_call(run->bus, SP_DBUS_PATH, SP_DBUS_IFACE_MANAGER,
                                   "Status", &reply, reterr, "");
        if (r)
                return r;
        r = sd_bus_message_read(reply, "s", &text);
        if (r < 0)
                return sp_err_set(reterr, r, "cli.bus", "", "Status has no text");
        r = sp_json_parse(&a, sp_str_c(text), &status, reterr);
        if (r)
                return r;
        attach = sp_json_get_str(sp_json_get(status, "guard"), "attach");
        if (!sp_str_starts(attach, sp_str_c(mount)) || attach.n >= sizeof(run->attach))
                return sp_err_set(reterr, -EINVAL, "cli.bus", "",
                                  "Status does not say where the guard is attached");
        attach = sp_str_sub(attach, strlen(mount), attach.n);
        (void)snprintf(run->attach, sizeof(run->attach), "%.*s", SP_FMT(attach));
        return 0;
}

static int ask_daemon(struct run *run, struct sp_err *reterr)
{
        int n, r = sp_client_open(&run->bus, reterr);

        if (!r)
                r = sp_client_get_string(run->bus, SP_DBUS_PATH, SP_DBUS_IFACE_MANAGER,
                                         "CaFile", &run->ca_file, reterr);
        if (!r)
                r = sp_client_get_string(run->bus, SP_DBUS_PATH, SP_DBUS_IFACE_MANAGER,
                                         "CaBundle", &run->ca_bundle, reterr);
        if (!r && !run->parent)
                r = ask_attach(run, reterr);
        if (r)
                return r;
        run->child.ca_file = run->ca_file;
        run->child.ca_bundle = run->ca_bundle;
        if (run->parent)
                return 0;
        n = snprintf(run->parent_buf, sizeof(run->parent_buf), "%s/sallyport-run.slice",
                     run->attach);
        if (n < 0 || (size_t)n >= sizeof(run->parent_buf))
                return sp_err_set(reterr, -ENAMETOOLONG, "cli.run-cgroup", "",
                                  "path too long");
        run->parent = run->parent_buf;
        return 0;
}

/* Reads back what was asked for: this very directory, by its id, with this workload. */
static int check_tag(struct run *run, struct sp_err *reterr)
{
        sp_cleanup(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *path, *workload;
        bool is_there = false;
        uint64_t id;
        int r = sp_client_call(run->bus, SP_DBUS_PATH, SP_DBUS_IFACE_GUARD, "List",
                               &reply, reterr, "");

        if (r)
                return r;
        r = sd_bus_message_enter_container(reply, 'a', "(sst)");
        while (r >= 0 &&
               (r = sd_bus_message_read(reply, "(sst)", &path, &workload, &id)) > 0)
                is_there |= id == run->cgroup.id && !strcmp(workload, run->workload);
        if (r < 0)
                return sp_err_set(reterr, r, "cli.bus", "",
                                  "the daemon's answer is not understood");
        if (!is_there)
                return sp_err_set(
                        reterr, -ENOENT, "cli.run-unguarded", run->cgroup.path,
                        "the daemon took the tag but does not list the cgroup");
        return 0;
}

/* ---- the command ---- */

/* Hands signals on until the command has ended. Those that a terminal sends, it has sent to
 * the whole foreground group: the command has its own. */
static int wait_for(pid_t pid, const sigset_t *signals)
{
        siginfo_t info;
        int status;

        for (;;) {
                int n = sigwaitinfo(signals, &info);

                if (n < 0)
                        continue; /* EINTR: stopped and continued */
                if (n != SIGCHLD) {
                        if (info.si_code != SI_KERNEL)
                                (void)kill(pid, n);
                        continue;
                }
                if (waitpid(pid, &status, WNOHANG) != pid)
                        continue;
                if (WIFEXITED(status))
                        return WEXITSTATUS(status);
                if (WIFSIGNALED(status))
                        return 128 + WTERMSIG(status);
        }
}

/* What the child said before it could become the command; nothing: it did. */
static bool hear(int fd)
{
        char text[512], shown[2048];
        size_t n = 0;
        ssize_t one;

        while (n < sizeof(text) && (one = read(fd, text + n, sizeof(text) - n)) != 0) {
                if (one > 0)
                        n += (size_t)one;
                else if (errno != EINTR)
                        break;
        }
        if (!n)
                return false;
        sp_err_escape(shown, sizeof(shown), sp_str(text, n));
        (void)fprintf(stderr, "sallyctl run: %s\n", shown);
        return true;
}

static int guard_and_release(struct run *run, pid_t pid, int gate,
                             struct sp_err *reterr)
{
        int r = sp_run_cgroup_enter(&run->cgroup, pid, reterr);

        if (!r)
                r = check_tag(run, reterr);
        if (r)
                return r;
        if (write(gate, "g", 1) != 1)
                return sp_err_set(reterr, -EPIPE, "cli.run-cgroup", "",
                                  "the command's process is gone");
        return 0;
}

static int start(struct run *run, const sigset_t *signals)
{
        struct sp_err err = SP_ERR_NULL;
        int gate[2], report[2], r;
        pid_t pid;

        if (pipe2(gate, O_CLOEXEC) || pipe2(report, O_CLOEXEC) || (pid = fork()) < 0) {
                (void)sp_err_set(&err, -errno, "cli.run-cgroup", "", "cannot fork: %m");
                (void)sp_cli_fail(&err);
                return SP_RUN_FAILED;
        }
        if (!pid) {
                run->child.gate = gate[0];
                run->child.report = report[1];
                (void)close(gate[1]);
                sp_run_child(&run->child);
        }
        (void)close(gate[0]);
        (void)close(report[1]);
        r = guard_and_release(run, pid, gate[1], &err);
        (void)close(gate[1]);
        if (r)
                (void)sp_cli_fail(&err);
        else
                (void)hear(report[0]);
        (void)close(report[0]);
        return wait_for(pid, signals);
}

/* In this order: as long as somebody may live in the cgroup, it is guarded. */
static void clean_up(struct run *run)
{
        struct sp_err err = SP_ERR_NULL;
        sd_bus *bus = NULL;

        if (run->has_cgroup && sp_run_cgroup_remove(&run->cgroup, &err)) {
                (void)sp_cli_fail(&err);
                return;
        }
        if (!run->has_tag)
                return;
        /* A fresh connection: the command may have run for days. */
        if (sp_client_open(&bus, &err) ||
            sp_client_call(bus, SP_DBUS_PATH, SP_DBUS_IFACE_GUARD, "Remove", NULL, &err,
                           "s", run->cgroup.path))
                (void)sp_cli_fail(&err);
        sd_bus_unref(bus);
}

static int go(struct run *run)
{
        static const int handed_on[] = { SIGINT,  SIGTERM, SIGHUP,   SIGQUIT, SIGUSR1,
                                         SIGUSR2, SIGALRM, SIGWINCH, SIGCHLD };
        struct sp_err err = SP_ERR_NULL;
        sigset_t signals;
        int r;

        (void)sigemptyset(&signals);
        for (size_t i = 0; i < SP_ARRAY_SIZE(handed_on); i++)
                (void)sigaddset(&signals, handed_on[i]);
        (void)sigprocmask(SIG_BLOCK, &signals, NULL);
        (void)signal(SIGPIPE, SIG_IGN);
        r = ask_daemon(run, &err);
        if (!r)
                r = sp_run_cgroup_make(&run->cgroup, run->parent, &err);
        run->has_cgroup = !r;
        if (!r)
                r = sp_client_call(run->bus, SP_DBUS_PATH, SP_DBUS_IFACE_GUARD, "Add",
                                   NULL, &err, "ss", run->cgroup.path, run->workload);
        run->has_tag = run->has_cgroup && !r;
        if (r)
                (void)sp_cli_fail(&err);
        r = r ? SP_RUN_FAILED : start(run, &signals);
        clean_up(run);
        return r;
}

/* ---- arguments ---- */

static int find_user(struct run *run)
{
        struct passwd *p;
        uint64_t uid;

        if (!run->child.user)
                return 0;
        p = getpwnam(run->child.user);
        if (!p && !sp_str_u64(sp_str_c(run->child.user), &uid) && uid < UINT32_MAX)
                p = getpwuid((uid_t)uid);
        if (!p)
                return sp_cli_usage(usage, "there is no user '%s'", run->child.user);
        run->child.uid = p->pw_uid;
        run->child.gid = p->pw_gid;
        run->child.user = strdup(p->pw_name);
        return run->child.user ? 0 : SP_RUN_FAILED;
}

int sp_cmd_run(int argc, char **argv)
{
        static const struct option longs[] = {
                { "workload", required_argument, NULL, 'w' },
                { "user", required_argument, NULL, 'u' },
                { "parent", required_argument, NULL, 'p' },
                { "allow-namespaces", no_argument, NULL, 'n' },
                { "help", no_argument, NULL, 'h' },
                { NULL, 0, NULL, 0 },
        };
        struct run run = { 0 };
        int c, r;

        optind = 1;
        while ((c = getopt_long(argc, argv, "+hu:w:", longs, NULL)) >= 0) {
                switch (c) {
                case 'w':
                        run.workload = optarg;
                        break;
                case 'u':
                        run.child.user = optarg;
                        break;
                case 'p':
                        run.parent = optarg;
                        break;
                case 'n':
                        run.child.allow_namespaces = true;
                        break;
                case 'h':
                        (void)printf("usage: %s\n", usage);
                        return SP_EXIT_OK;
                default:
                        (void)sp_cli_usage(usage, "that option is not known");
                        return SP_RUN_FAILED;
                }
        }
        if (!run.workload || optind >= argc) {
                (void)sp_cli_usage(usage, !run.workload ? "which workload?"
                                                        : "which command?");
                return SP_RUN_FAILED;
        }
        if (find_user(&run))
                return SP_RUN_FAILED;
        run.child.argv = argv + optind;
        r = go(&run);
        sd_bus_unref(run.bus);
        free(run.ca_file);
        free(run.ca_bundle);
        free((char *)run.child.user); /* find_user's copy */
        return r;
}
