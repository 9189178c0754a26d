/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sallyctl doctor: does what runs in a workload trust the local CA? Each runtime is asked inside the
 * workload's cgroup, with the rights and the environment of one of its processes.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "cli/bus_client.h"
#include "cli/cli.h"
#include "cli/doctor_probes.h"
#include "cli/run_cgroup.h"
#include "cli/run_child.h"
#include "cli/workload.h"

#define PROBE_SECONDS 60
#define ENVIRON_BYTES (256u << 10)
#define STORE_DIR "/usr/local/share/ca-certificates"
#define VARIABLES_DIR "/etc/environment.d"

static const char usage[] =
        "sallyctl doctor --workload NAME | --pid PID [--fix] [--json]\n"
        "Tells which runtimes trust the local CA. Exit status 1: one that is here does "
        "not.";

struct doctor {
        const char *workload;
        pid_t pid;
        bool is_fixing, as_json;
        struct sp_workload_place place;
        struct sp_run_cgroup cgroup;
        char *ca_file, *ca_bundle;
        char directory[64]; /* of files that probes need */
        struct sp_buf environ; /* NUL-separated; what --fix sets comes on top of it */
        unsigned n_untrusted;
};

/* ---- a probe ---- */

static void set_environment(const struct doctor *d, bool is_fixed)
{
        const char *end = d->environ.p + d->environ.n;

        (void)clearenv();
        (void)setenv("PATH",
                     "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
        (void)setenv("HOME", d->directory, 1);
        for (char *p = d->environ.p; p && p < end; p += strlen(p) + 1)
                if (strchr(p, '='))
                        (void)putenv(p);
        if (!is_fixed)
                return;
        (void)setenv("NODE_EXTRA_CA_CERTS", d->ca_file, 1);
        for (size_t i = 0; sp_run_ca_replaces[i]; i++)
                (void)setenv(sp_run_ca_replaces[i], d->ca_bundle, 1);
}

static void probe(const struct doctor *d, const struct sp_doctor_probe *p,
                  bool is_fixed) __attribute__((noreturn));

static void probe(const struct doctor *d, const struct sp_doctor_probe *p,
                  bool is_fixed)
{
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        struct sp_err e;

        if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0 ||
            sp_run_cgroup_enter(&d->cgroup, getpid(), &e) ||
            sp_workload_take_rights(&d->place.rights) || chdir(d->directory))
                _exit(1);
        (void)alarm(PROBE_SECONDS);
        set_environment(d, is_fixed);
        if (p->own)
                _exit(p->own());
        (void)execvp(p->argv[0], (char *const *)p->argv);
        _exit(SP_TRUST_ABSENT);
}

static int ask(const struct doctor *d, const struct sp_doctor_probe *p, bool is_fixed)
{
        int status;
        pid_t pid = fork();

        if (!pid)
                probe(d, p, is_fixed);
        if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
                return -1;
        return WEXITSTATUS(status);
}

static int ask_all(struct doctor *d, bool is_fixed)
{
        static const char *const columns[] = { "RUNTIME", "RESULT", "SET" };
        struct sp_table *t =
                sp_table_new("runtimes", d->as_json, columns, SP_ARRAY_SIZE(columns));
        int r = t ? 0 : -ENOMEM;

        d->n_untrusted = 0;
        for (size_t i = 0; !r && i < sp_doctor_n_probes; i++) {
                const struct sp_doctor_probe *p = &sp_doctor_probes[i];
                int s = ask(d, p, is_fixed);
                bool is_here = s != SP_TRUST_ABSENT, trusts = s == SP_TRUST_YES;
                const char *const cells[] = { p->name,
                                              trusts             ? "trusts"
                                              : !is_here         ? "not here"
                                              : s == SP_TRUST_NO ? "DOES NOT TRUST"
                                                                 : "NO CONNECTION",
                                              is_here && !trusts ? p->set : "" };

                d->n_untrusted += is_here && !trusts;
                r = sp_table_row(t, cells);
        }
        if (t)
                (void)sp_table_finish(t);
        return r;
}

/* ---- --fix ---- */

static int run_program(const char *const *argv)
{
        int status;
        pid_t pid = fork();

        if (!pid) {
                (void)dup2(2, 1); /* stdout is for the table */
                (void)execvp(argv[0], (char *const *)argv);
                _exit(127);
        }
        if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
                return -1;
        return WEXITSTATUS(status);
}

static int write_whole(const char *path, struct sp_str text, struct sp_err *reterr)
{
        sp_autoclose int fd =
                open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);

        if (fd < 0 || write(fd, text.p, text.n) != (ssize_t)text.n || fchmod(fd, 0644))
                return sp_err_set(reterr, errno ? -errno : -EIO, "cli.doctor", path,
                                  "cannot be written: %m");
        return 0;
}

static int read_whole(const char *path, struct sp_buf *to)
{
        sp_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
        char part[4096];
        ssize_t n;

        if (fd < 0)
                return -errno;
        while ((n = read(fd, part, sizeof(part))) > 0) {
                int r = sp_buf_add(to, sp_str(part, (size_t)n));

                if (r < 0)
                        return r;
        }
        return n < 0 ? -errno : 0;
}

static int fix_store(const struct doctor *d, struct sp_err *reterr)
{
        static const char *const update[] = { "update-ca-certificates", NULL };
        const char *const import[] = { "keytool",   "-importcert", "-cacerts",
                                       "-noprompt", "-storepass",  "changeit",
                                       "-alias",    "sallyport",   "-file",
                                       d->ca_file,  NULL };
        sp_autobuf text = SP_BUF_INIT(1u << 20);
        int r = read_whole(d->ca_file, &text);

        if (r)
                return sp_err_set(reterr, r, "cli.doctor", d->ca_file,
                                  "cannot be read: %s", strerror(-r));
        (void)mkdir(STORE_DIR, 0755);
        r = write_whole(STORE_DIR "/sallyport.crt", sp_buf_str(&text), reterr);
        if (r)
                return r;
        if (run_program(update))
                return sp_err_set(reterr, -EIO, "cli.doctor", "update-ca-certificates",
                                  "failed or is not here: install ca-certificates");
        /* Where the packages keep Java's store up to date this is there already. */
        (void)run_program(import);
        return 0;
}

static int fix_variables(const struct doctor *d, struct sp_err *reterr)
{
        sp_autobuf text = SP_BUF_INIT(65536);
        int r = sp_buf_addf(
                &text,
                "# Written by sallyctl doctor --fix: trust in Sallyport's CA.\n"
                "NODE_EXTRA_CA_CERTS=%s\n",
                d->ca_file);

        for (size_t i = 0; !r && sp_run_ca_replaces[i]; i++)
                r = sp_buf_addf(&text, "%s=%s\n", sp_run_ca_replaces[i], d->ca_bundle);
        if (r)
                return sp_err_set(reterr, r, "cli.memory", "", "out of memory");
        (void)mkdir(VARIABLES_DIR, 0755);
        return write_whole(VARIABLES_DIR "/50-sallyport.conf", sp_buf_str(&text),
                           reterr);
}

static int fix(struct doctor *d, struct sp_err *reterr)
{
        int r = fix_store(d, reterr);

        if (!r)
                r = fix_variables(d, reterr);
        if (!r)
                (void)fputs(
                        "sallyctl: wrote " STORE_DIR "/sallyport.crt and " VARIABLES_DIR
                        "/50-sallyport.conf; sessions of users see the variables "
                        "after they log in again, services by `sallyctl guard unit`. "
                        "With both:\n",
                        stderr);
        return r;
}

/* ---- the whole ---- */

static int prepare(struct doctor *d, struct sp_err *reterr)
{
        sp_cleanup(sd_bus_unrefp) sd_bus *bus = NULL;
        char path[128];
        int r = sp_client_open(&bus, reterr);

        if (!r)
                r = sp_client_get_string(bus, SP_DBUS_PATH, SP_DBUS_IFACE_MANAGER,
                                         "CaFile", &d->ca_file, reterr);
        if (!r)
                r = sp_client_get_string(bus, SP_DBUS_PATH, SP_DBUS_IFACE_MANAGER,
                                         "CaBundle", &d->ca_bundle, reterr);
        if (!r)
                r = sp_workload_find(d->workload, d->pid, &d->place, reterr);
        if (r)
                return r;
        (void)snprintf(path, sizeof(path), "/proc/%d/environ",
                       (int)d->place.rights.pid);
        if (d->place.rights.pid &&
            (read_whole(path, &d->environ) || sp_buf_addc(&d->environ, '\0')))
                sp_buf_done(&d->environ); /* it ended: a plain environment then */
        (void)snprintf(d->directory, sizeof(d->directory),
                       "/tmp/sallyport-doctor-XXXXXX");
        if (!mkdtemp(d->directory)) {
                d->directory[0] = 0;
                return sp_err_set(reterr, -errno, "cli.doctor", "/tmp", "%m");
        }
        (void)snprintf(path, sizeof(path), "%s/" SP_DOCTOR_JAVA, d->directory);
        r = write_whole(path, sp_str_c(sp_doctor_java), reterr);
        if (!r && chmod(d->directory, 0755))
                r = sp_err_set(reterr, -errno, "cli.doctor", d->directory, "%m");
        return r ? r : sp_run_cgroup_make(&d->cgroup, d->place.path, reterr);
}

static void clean_up(struct doctor *d)
{
        char path[128];
        struct sp_err e;

        if (d->cgroup.directory[0] && sp_run_cgroup_remove(&d->cgroup, &e))
                (void)sp_cli_fail(&e);
        if (d->directory[0]) {
                (void)snprintf(path, sizeof(path), "%s/" SP_DOCTOR_JAVA, d->directory);
                (void)unlink(path);
                (void)rmdir(d->directory);
        }
        sp_buf_done(&d->environ);
        free(d->ca_file);
        free(d->ca_bundle);
}

static int doctor(struct doctor *d)
{
        struct sp_err e = SP_ERR_NULL;
        int r;

        if (geteuid())
                return sp_cli_fail((sp_err_set(&e, -EPERM, "cli.doctor", "",
                                               "needs root: it enters cgroups"),
                                    &e));
        r = prepare(d, &e);
        if (!r && d->is_fixing)
                r = fix(d, &e);
        if (!r && ask_all(d, d->is_fixing))
                r = sp_err_set(&e, -ENOMEM, "cli.memory", "", "out of memory");
        clean_up(d);
        if (r)
                return sp_cli_fail(&e);
        return d->n_untrusted ? SP_EXIT_FAILED : SP_EXIT_OK;
}

int sp_cmd_doctor(int argc, char **argv)
{
        static const struct option longs[] = {
                { "workload", required_argument, NULL, 'w' },
                { "pid", required_argument, NULL, 'p' },
                { "fix", no_argument, NULL, 'f' },
                { "json", no_argument, NULL, 'j' },
                { "help", no_argument, NULL, 'h' },
                { NULL, 0, NULL, 0 },
        };
        struct doctor d = { .environ = SP_BUF_INIT(ENVIRON_BYTES) };
        uint64_t pid;
        int c;

        optind = 1;
        while ((c = getopt_long(argc, argv, "hp:w:", longs, NULL)) >= 0) {
                switch (c) {
                case 'w':
                        d.workload = optarg;
                        break;
                case 'p':
                        if (sp_str_u64(sp_str_c(optarg), &pid) || !pid || pid > INT_MAX)
                                return sp_cli_usage(usage, "'%s' is no pid", optarg);
                        d.pid = (pid_t)pid;
                        break;
                case 'f':
                        d.is_fixing = true;
                        break;
                case 'j':
                        d.as_json = true;
                        break;
                case 'h':
                        (void)printf("usage: %s\n", usage);
                        return SP_EXIT_OK;
                default:
                        return sp_cli_usage(usage, "that option is not known");
                }
        }
        if (optind < argc || !d.workload == !d.pid)
                return sp_cli_usage(usage, "a workload or a process?");
        return doctor(&d);
}
