/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sallyctl guard unit: the drop-in that a systemd unit needs so that what the guard rests on
 * holds for it.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "cli/guard_verbs.h"
#include "cli/run_child.h"

#define UNIT_LEN_MAX 200
#define DROP_IN "50-sallyport.conf"

static const char usage[] = "sallyctl guard unit NAME [--slice SLICE] [--ca-dir DIR] "
                            "[--print | --root DIR]\n"
                            "Writes /etc/systemd/system/NAME.d/" DROP_IN
                            ", or prints it. NAME is a service "
                            "or a slice.";

static const char first_line[] = "# Written by sallyctl guard unit.";

static const char of_unit[] = "[Unit]\n"
                              "# Not without the kernel programs and the tags: they "
                              "are there before it starts.\n"
                              "Requires=sallyport-guard.service\n"
                              "After=sallyport-guard.service\n";

/* Why each is there is for whoever edits the file: they decide whether it can go. */
static const char of_service[] =
        "# No set-uid program gains anything: sudo, su, pkexec, mount.\n"
        "NoNewPrivileges=yes\n"
        "# Root in here is root in name only. SYS_ADMIN, NET_ADMIN and BPF could take "
        "the\n"
        "# guard off; NET_RAW makes packets below it; SYS_PTRACE, DAC_READ_SEARCH and\n"
        "# CHECKPOINT_RESTORE borrow the sockets of others; the rest lead to the "
        "kernel.\n"
        "CapabilityBoundingSet=~CAP_SYS_ADMIN CAP_NET_ADMIN CAP_NET_RAW CAP_BPF "
        "CAP_PERFMON CAP_SYS_PTRACE CAP_DAC_READ_SEARCH CAP_CHECKPOINT_RESTORE "
        "CAP_SYS_MODULE CAP_SYS_RAWIO CAP_SYS_BOOT CAP_MKNOD CAP_SYSLOG CAP_MAC_ADMIN "
        "CAP_MAC_OVERRIDE\n"
        "AmbientCapabilities=\n"
        "# No packet, vsock, XDP or netlink sockets. Programs that list network "
        "interfaces\n"
        "# need AF_NETLINK too: it may be added.\n"
        "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6\n"
        "# No user namespace with rights of its own. Rootless containers and "
        "browsers'\n"
        "# sandboxes do not work with this.\n"
        "RestrictNamespaces=yes\n"
        "# Nobody moves to another cgroup; bpffs, where the guard is pinned, is read "
        "only.\n"
        "ProtectControlGroups=yes\n"
        "ProtectKernelTunables=yes\n"
        "ProtectKernelModules=yes\n"
        "# No /dev/net/tun, /dev/vsock, /dev/kvm.\n"
        "PrivateDevices=yes\n"
        "# No programs for the next one to start with rights.\n"
        "RestrictSUIDSGID=yes\n"
        "# Processes outside are not seen, not traced; their descriptors not taken.\n"
        "ProtectProc=invisible\n"
        "SystemCallArchitectures=native\n"
        "SystemCallFilter=~@debug @module @mount @raw-io @reboot @swap bpf "
        "io_uring_setup\n"
        "SystemCallErrorNumber=EPERM\n"
        "# Accomplices outside the guard: who may talk to a container engine or to "
        "systemd\n"
        "# has them start anything anywhere.\n"
        "InaccessiblePaths=-/run/docker.sock -/run/containerd -/run/podman -/run/crio "
        "-/run/dbus -/run/systemd/private -/run/libvirt -/run/snapd.socket "
        "-/run/sallyport/roles\n";

struct unit {
        const char *name, *slice, *ca_dir, *root;
        bool is_slice;
        char full[UNIT_LEN_MAX + 16]; /* with its ending */
};

static int text_of(const struct unit *u, struct sp_buf *to)
{
        int r = sp_buf_addf(to, "%s\n%s", first_line, of_unit);

        if (r || u->is_slice) /* slices run nothing: what is in them needs the rest */
                return r;
        r = sp_buf_addf(to,
                        "\n[Service]\n"
                        "# The slice that a workload of sallyport.yaml names:\n"
                        "#   workloads:\n"
                        "#     - name: agents\n"
                        "#       cgroups: [%s]\n"
                        "Slice=%s\n%s",
                        u->slice, u->slice, of_service);
        if (r == 0)
                r = sp_buf_addf(
                        to,
                        "# Trust in the local CA; docs/clients.md tells which client\n"
                        "# looks at which.\n"
                        "Environment=NODE_EXTRA_CA_CERTS=%s/ca.pem\n",
                        u->ca_dir);
        for (size_t i = 0; r == 0 && sp_run_ca_replaces[i]; i++)
                r = sp_buf_addf(to, "Environment=%s=%s/ca-bundle.pem\n",
                                sp_run_ca_replaces[i], u->ca_dir);
        return r;
}

/* ---- the file ---- */

static int make_directory(char *path, struct sp_err *reterr)
{
        for (char *p = path + 1;; p++) {
                char kept = *p;

                if (kept && kept != '/')
                        continue;
                *p = 0;
                if (mkdir(path, 0755) && errno != EEXIST)
                        return sp_err_set(reterr, -errno, "cli.unit", path, "%m");
                *p = kept;
                if (!kept)
                        return 0;
        }
}

/* Another's file of that name stays. */
static int is_ours(const char *path, struct sp_err *reterr)
{
        char start[sizeof(first_line) - 1];
        sp_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

        if (fd < 0)
                return errno == ENOENT
                               ? 0
                               : sp_err_set(reterr, -errno, "cli.unit", path, "%m");
        if (read(fd, start, sizeof(start)) != (ssize_t)sizeof(start) ||
            memcmp(start, first_line, sizeof(start)) != 0)
                return sp_err_set(reterr, -EEXIST, "cli.unit", path,
                                  "is there already, and not ours: it stays as it is");
        return 0;
}

static int write_new(const char *path, struct sp_str text, struct sp_err *reterr)
{
        char temporary[PATH_MAX + 8];
        sp_autoclose int fd = -1;

        (void)snprintf(temporary, sizeof(temporary), "%s.new", path);
        (void)unlink(temporary);
        fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        if (fd < 0 || write(fd, text.p, text.n) != (ssize_t)text.n || fsync(fd) ||
            rename(temporary, path))
                return sp_err_set(reterr, errno ? -errno : -EIO, "cli.unit", path,
                                  "cannot be written: %m");
        return 0;
}

static int install(const struct unit *u, struct sp_str text, struct sp_err *reterr)
{
        char path[PATH_MAX];
        int n = snprintf(path, sizeof(path), "%s/etc/systemd/system/%s.d", u->root,
                         u->full);
        int r;

        if (n < 0 || (size_t)n + sizeof("/" DROP_IN) >= sizeof(path))
                return sp_err_set(reterr, -ENAMETOOLONG, "cli.unit", "",
                                  "path too long");
        r = make_directory(path, reterr);
        if (r)
                return r;
        memcpy(path + n, "/" DROP_IN, sizeof("/" DROP_IN));
        r = is_ours(path, reterr);
        if (!r)
                r = write_new(path, text, reterr);
        if (!r)
                (void)printf(
                        "wrote %s; it takes effect with: systemctl daemon-reload && "
                        "systemctl restart %s\n",
                        path, u->full);
        return r;
}

/* ---- arguments ---- */

/* systemd.unit(5), "Description" */
static bool is_unit_name(struct sp_str s)
{
        for (size_t i = 0; i < s.n; i++) {
                char c = s.p[i];

                if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
                    !(c >= '0' && c <= '9') && !strchr(":_.\\@-", c))
                        return false;
        }
        return s.n && s.n <= UNIT_LEN_MAX && s.p[0] != '.';
}

static bool is_plain_path(const char *s)
{
        if (*s != '/')
                return false;
        for (; *s; s++)
                if (*s <= ' ' || *s == '"' || *s == '\'' || *s == '%' || *s == '\\')
                        return false;
        return true;
}

static int check(struct unit *u)
{
        struct sp_str name = sp_str_c(u->name);
        bool has_ending = sp_str_ends(name, SP_STR(".service")) ||
                          sp_str_ends(name, SP_STR(".slice"));

        u->is_slice = sp_str_ends(name, SP_STR(".slice"));
        if (!is_unit_name(name))
                return sp_cli_usage(usage, "'%s' is not the name of a unit", u->name);
        if (sp_str_ends(name, SP_STR(".scope")))
                return sp_cli_usage(usage,
                                    "a scope has no file: whoever makes it sets its "
                                    "slice (sallyctl run does)");
        if (!is_unit_name(sp_str_c(u->slice)) ||
            !sp_str_ends(sp_str_c(u->slice), SP_STR(".slice")))
                return sp_cli_usage(usage, "'%s' is not the name of a slice", u->slice);
        if (sp_str_eq(sp_str_c(u->slice), SP_STR("sallyport.slice")))
                return sp_cli_usage(usage, "sallyport.slice is the daemon's own");
        if (!is_plain_path(u->ca_dir))
                return sp_cli_usage(usage,
                                    "--ca-dir wants a path from / without blanks, "
                                    "quotes, %% and \\");
        (void)snprintf(u->full, sizeof(u->full), "%s%s", u->name,
                       has_ending ? "" : ".service");
        return 0;
}

int sp_guard_verb_unit(int argc, char **argv)
{
        static const struct option longs[] = {
                { "slice", required_argument, NULL, 's' },
                { "ca-dir", required_argument, NULL, 'c' },
                { "print", no_argument, NULL, 'p' },
                { "root", required_argument, NULL, 'r' },
                { "help", no_argument, NULL, 'h' },
                { NULL, 0, NULL, 0 },
        };
        struct unit u = { .slice = "agents.slice",
                          .ca_dir = "/run/sallyport",
                          .root = "" };
        sp_autobuf text = SP_BUF_INIT(65536);
        struct sp_err e = SP_ERR_NULL;
        bool is_printed = false;
        int c, r;

        optind = 1;
        while ((c = getopt_long(argc, argv, "hp", longs, NULL)) >= 0) {
                switch (c) {
                case 's':
                        u.slice = optarg;
                        break;
                case 'c':
                        u.ca_dir = optarg;
                        break;
                case 'p':
                        is_printed = true;
                        break;
                case 'r':
                        u.root = optarg;
                        break;
                case 'h':
                        (void)printf("usage: %s\n", usage);
                        return SP_EXIT_OK;
                default:
                        return sp_cli_usage(usage, "that option is not known");
                }
        }
        if (optind + 1 != argc)
                return sp_cli_usage(usage, "which unit?");
        u.name = argv[optind];
        r = check(&u);
        if (r)
                return r;
        r = text_of(&u, &text);
        if (r < 0)
                return sp_cli_fail(
                        (sp_err_set(&e, r, "cli.memory", "", "out of memory"), &e));
        if (is_printed) {
                (void)fwrite(text.p, 1, text.n, stdout);
                return SP_EXIT_OK;
        }
        return install(&u, sp_buf_str(&text), &e) ? sp_cli_fail(&e) : SP_EXIT_OK;
}
