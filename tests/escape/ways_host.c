/* SPDX-License-Identifier: Apache-2.0 */
/* Other processes, the guard's own parts, and helpers that act for the agent. */
#include "tests/escape/escape.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>

/* ---- the guard itself: ESCAPE_PINS, ESCAPE_DAEMON (a pid) ---- */

static long bpf(int command, union bpf_attr *a)
{
        return syscall(SYS_bpf, command, a, sizeof(*a));
}

static int load_program(struct env *e)
{
        const struct bpf_insn code[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K },
                                         { .code = BPF_JMP | BPF_EXIT } };
        union bpf_attr a = { 0 };

        (void)e;
        a.prog_type = BPF_PROG_TYPE_CGROUP_SKB;
        a.insn_cnt = 2;
        a.insns = (uintptr_t)code;
        a.license = (uintptr_t) "GPL";
        return err((int)bpf(BPF_PROG_LOAD, &a));
}

static int open_pin(const char *name)
{
        union bpf_attr a = { 0 };
        char path[4096];

        (void)snprintf(path, sizeof(path), "%s/%s", getenv("ESCAPE_PINS"), name);
        a.pathname = (uintptr_t)path;
        return err((int)bpf(BPF_OBJ_GET, &a));
}

static int open_map(struct env *e)
{
        (void)e;
        return open_pin("maps/guarded");
}

static int open_link(struct env *e)
{
        (void)e;
        return open_pin("links/sallyport_connect4");
}

static int unpin(struct env *e)
{
        char path[4096];

        (void)e;
        (void)snprintf(path, sizeof(path), "%s/links/escape", getenv("ESCAPE_PINS"));
        if (mkdir(path, 0700))
                return -errno;
        return err(rmdir(path));
}

static int signal_daemon(struct env *e)
{
        (void)e;
        return err(kill(atoi(getenv("ESCAPE_DAEMON")), 0)); /* may it? */
}

/* The listener's port, to be there when the daemon is not. */
static int take_port(struct env *e)
{
        struct target t = target(e);
        int fd = new_socket(e), r = fd < 0 ? fd : set(fd, SOL_SOCKET, SO_REUSEPORT, 1);

        return r ? r : err(bind(fd, (void *)&t.a, t.n));
}

/* ---- a process outside of the same user ---- */

struct shared {
        volatile int go;
        char token[64];
};

static struct shared *page; /* at the same address in both: made before the fork */

static int map_private(struct env *e)
{
        (void)e;
        page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                    0);
        return page == MAP_FAILED ? -errno : 0;
}

static int map_shared(struct env *e)
{
        (void)e;
        page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                    0);
        return page == MAP_FAILED ? -errno : 0;
}

/* Sends what it finds in its memory as soon as it is told to. */
static int obey(struct env *e)
{
        pid_t self = getpid();
        struct env mine = *e;

        if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
                return -errno;
        (void)prctl(PR_SET_DUMPABLE, 1);
        if (write(e->peer, &self, sizeof(self)) < 0)
                return -errno;
        for (int i = 0; !page->go && i < 300; i++)
                pause_ms(10);
        mine.token = page->token;
        mine.token_len = strnlen(page->token, sizeof(page->token));
        return page->go ? finish(&mine, new_socket(&mine)) : -ETIMEDOUT;
}

static int orders(const struct env *e, struct shared *ret, pid_t *pid)
{
        if (read(e->peer, pid, sizeof(*pid)) != sizeof(*pid))
                return -EPIPE;
        ret->go = 1;
        memset(ret->token, 0, sizeof(ret->token));
        memcpy(ret->token, e->token, e->token_len);
        return 0;
}

static int by_vm_write(struct env *e)
{
        struct shared s;
        struct iovec from = { .iov_base = &s, .iov_len = sizeof(s) },
                     to = { .iov_base = page, .iov_len = sizeof(s) };
        pid_t pid;
        int r = orders(e, &s, &pid);

        return r ? r : process_vm_writev(pid, &from, 1, &to, 1, 0) < 0 ? -errno : 0;
}

static int by_proc_mem(struct env *e)
{
        char path[64];
        struct shared s;
        pid_t pid;
        int r = orders(e, &s, &pid), fd;

        if (r)
                return r;
        (void)snprintf(path, sizeof(path), "/proc/%d/mem", pid);
        fd = open(path, O_RDWR | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        return pwrite(fd, &s, sizeof(s), (off_t)(uintptr_t)page) < 0 ? -errno : 0;
}

static int by_ptrace(struct env *e)
{
        struct shared s;
        pid_t pid;
        int r = orders(e, &s, &pid);

        if (r)
                return r;
        if (ptrace(PTRACE_ATTACH, pid, NULL, NULL))
                return -errno;
        (void)waitpid(pid, NULL, 0);
        for (size_t i = 0; i < sizeof(s); i += sizeof(long)) {
                long word;

                memcpy(&word, (char *)&s + i, sizeof(word));
                if (ptrace(PTRACE_POKEDATA, pid, (char *)page + i, word))
                        return -errno;
        }
        return err((int)ptrace(PTRACE_DETACH, pid, NULL, NULL));
}

/* The same, but what is outside is root's. */
static int obey_as_root(struct env *e)
{
        pid_t self = getpid();

        (void)!write(e->peer, &self, sizeof(self));
        for (int i = 0; !page->go && i < 200; i++)
                pause_ms(10);
        return page->go ? finish(e, new_socket(e)) : -ETIMEDOUT;
}

/* ---- a helper that wants to help ---- */

static int by_memory(struct env *e)
{
        struct shared s;
        pid_t pid;
        int r = orders(e, &s, &pid);

        if (!r)
                memcpy(page->token, s.token, sizeof(s.token));
        if (!r)
                page->go = 1;
        return r;
}

static int by_unix(struct env *e)
{
        return write(e->peer, e->token, e->token_len) < 0 ? -errno : 0;
}

static int relay(struct env *e)
{
        char token[64];
        ssize_t n = read(e->peer, token, sizeof(token));
        struct env mine = *e;

        if (n < 0)
                return -errno;
        mine.token = token;
        mine.token_len = (size_t)n;
        return finish(&mine, new_socket(&mine));
}

#define GROUP "The guard itself"
#define KIN "Other processes"
#define TO REAL4, 443, SOCK_STREAM
#define MADE REAL4, 0, 0, 0
#define UNIT                                                                           \
        "a user of its own (`sallyctl run --user`), `lsm`, `kernel.yama.ptrace_scope`"

static const struct way v[] = {
        { "bpf-load", GROUP, "loads a BPF program",
          "the kernel: `kernel.unprivileged_bpf_disabled`", load_program, MADE,
          .flags = WAY_RESULT, .control_who = WHO_ROOT },
        { "bpf-map", GROUP, "opens the map of guarded cgroups by its pin",
          "the pins belong to root", open_map, MADE, .flags = WAY_RESULT,
          .control_who = WHO_ROOT },
        { "bpf-link", GROUP, "opens a link by its pin, to detach it",
          "the pins belong to root", open_link, MADE, .flags = WAY_RESULT,
          .control_who = WHO_ROOT },
        { "bpf-unpin", GROUP, "changes the directory of the pins",
          "the pins belong to root", unpin, MADE, .flags = WAY_RESULT,
          .control_who = WHO_ROOT },
        { "kill", GROUP, "kills the daemon",
          "the kernel: another user; and then connects fail", signal_daemon, MADE,
          .flags = WAY_RESULT, .control_who = WHO_ROOT },
        { "port", GROUP, "listens on the daemon's port", "a port below 1024", take_port,
          "127.0.0.2", 844, SOCK_STREAM, 0, .flags = WAY_RESULT,
          .control_who = WHO_NET_RAW },
        { "proc-mem-root", KIN, "writes into a process of root (`/proc/PID/mem`)",
          "the kernel: another user", by_proc_mem, TO, 0, map_private, obey_as_root,
          .control_who = WHO_ROOT },
        { "ptrace-root", KIN, "traces a process of root", "the kernel: another user",
          by_ptrace, TO, 0, map_private, obey_as_root, .control_who = WHO_ROOT },
        { "vm-write", KIN,
          "writes into an unguarded process of its own user (`process_vm_writev`)",
          UNIT, by_vm_write, TO, 0, map_private, obey, .flags = WAY_OPEN },
        { "proc-mem", KIN, "the same with `/proc/PID/mem`", UNIT, by_proc_mem, TO, 0,
          map_private, obey, .flags = WAY_OPEN },
        { "ptrace", KIN, "the same with ptrace", UNIT, by_ptrace, TO, 0, map_private,
          obey, .flags = WAY_OPEN },
        { "helper-unix", KIN,
          "asks a willing process outside by a Unix socket (container engine, D-Bus, "
          "`systemd-run --user`, ssh to localhost)",
          "the socket's permissions; a user of its own; `InaccessiblePaths=`, "
          "`PrivateUsers=`",
          by_unix, TO, 0, NULL, relay, .flags = WAY_OPEN },
        { "helper-memory", KIN, "the same by shared memory, a file, a pipe",
          "nobody outside may help", by_memory, TO, 0, map_shared, obey,
          .flags = WAY_OPEN },
};
const struct ways ways_host = { v, sizeof(v) / sizeof(v[0]) };
