/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/roles/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* Build hosts' headers are older than kernels: the numbers of linux/landlock.h. */
#define READ_FILE (UINT64_C(1) << 2)
#define FS_BITS_FIRST 13 /* 5.13; then REFER, TRUNCATE, and IOCTL_DEV with the fifth */
#define BIND_TCP UINT64_C(1)
#define CONNECT_TCP UINT64_C(2)
#define SCOPES UINT64_C(3) /* abstract Unix sockets, signals */
#define RULE_PATH 1
#define RULE_PORT 2
#define ABI_TCP 4
#define ABI_SCOPE 6

struct ruleset {
        uint64_t fs, net, scoped;
};
struct path_rule {
        uint64_t allowed;
        int32_t fd;
} __attribute__((packed));
struct port_rule {
        uint64_t allowed, port;
};

/* What a resolver or a TLS library opens, each time anew: resolv.conf is replaced while
 * we run, so that names of files would not do. Nothing here is a secret of the daemon's. */
static const char *const system_paths[] = {
        "/etc",
        "/usr/lib/ssl",
        "/usr/share/ca-certificates",
        "/usr/local/share/ca-certificates",
        "/usr/share/zoneinfo",
        "/run/systemd/resolve",
        "/run/resolvconf",
        "/run/NetworkManager",
};

static uint64_t fs_bits(int abi)
{
        int n = FS_BITS_FIRST + (abi >= 2) + (abi >= 3) + (abi >= 5);

        return (UINT64_C(1) << n) - 1;
}

/* A path that is not there is nothing to allow. */
static int allow_path(int rules, const char *path, uint64_t allowed)
{
        sp_autoclose int fd = open(path, O_PATH | O_CLOEXEC);
        struct path_rule r = { allowed, fd };

        if (fd < 0)
                return errno == ENOENT || errno == EACCES ? 0 : -errno;
        return syscall(SYS_landlock_add_rule, rules, RULE_PATH, &r, 0) < 0 ? -errno : 0;
}

static int allow_port(int rules, uint16_t port)
{
        const struct port_rule r = { CONNECT_TCP, port };

        return syscall(SYS_landlock_add_rule, rules, RULE_PORT, &r, 0) < 0 ? -errno : 0;
}

static int add_rules(int rules, int abi, const struct sp_reach *reach)
{
        int r = 0;

        if (reach->directory)
                r = allow_path(rules, reach->directory, fs_bits(abi));
        if (r == 0 && reach->ca_file)
                r = allow_path(rules, reach->ca_file, READ_FILE);
        for (size_t i = 0;
             r == 0 && reach->reads_system && i < SP_ARRAY_SIZE(system_paths); i++)
                r = allow_path(rules, system_paths[i], READ_FILE);
        if (abi < ABI_TCP || reach->is_any_port)
                return r;
        for (size_t i = 0; r == 0 && i < reach->n_ports; i++)
                r = allow_port(rules, reach->ports[i]);
        return r;
}

static int restrict_self(int abi, const struct sp_reach *reach)
{
        struct ruleset all = { fs_bits(abi), BIND_TCP, SCOPES };
        size_t n = abi >= ABI_SCOPE ? sizeof(all)
                   : abi >= ABI_TCP ? offsetof(struct ruleset, scoped)
                                    : offsetof(struct ruleset, net);
        sp_autoclose int rules = -1;
        int r;

        if (!reach->is_any_port)
                all.net |= CONNECT_TCP;
        rules = (int)syscall(SYS_landlock_create_ruleset, &all, n, 0);
        if (rules < 0)
                return -errno;
        r = add_rules(rules, abi, reach);
        if (r == 0 && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
                       syscall(SYS_landlock_restrict_self, rules, 0) < 0))
                r = -errno;
        return r;
}

int sp_landlock(const struct sp_reach *reach, int *ret_abi, struct sp_err *reterr)
{
        /* the second argument's flag asks for the version */
        int abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, 1), r;

        /* not built; not among lsm=; a container's filter does not know it */
        if (abi < 0) {
                if (errno != ENOSYS && errno != EOPNOTSUPP && errno != EPERM)
                        return sp_err_set(reterr, -errno, "sandbox.landlock", "",
                                          "Landlock cannot be asked: %m");
                *ret_abi = 0;
                return 0;
        }
        r = restrict_self(abi, reach);
        if (r < 0)
                return sp_err_set(reterr, r, "sandbox.landlock", "",
                                  "the reach cannot be limited: %s", strerror(-r));
        *ret_abi = abi;
        return 0;
}
