/* SPDX-License-Identifier: Apache-2.0 */
/* What he asks of the kernel. */
#include "tests/takeover/takeover.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define TARGET const struct takeover_target *t
#define SPAN 4096
#define THREADS 1200

static int of(long r)
{
        return r < 0 ? errno : 0;
}

static int read_path(const char *path)
{
        char byte;
        int fd = open(path, O_RDONLY | O_CLOEXEC), r;

        if (fd < 0)
                return errno;
        r = of(read(fd, &byte, 1));
        (void)close(fd);
        return r;
}

static int read_below(TARGET, const char *name)
{
        char path[300];

        (void)snprintf(path, sizeof(path), "%s/%s", t->dir, name);
        return read_path(path);
}

static int open_of(pid_t pid, const char *name)
{
        char path[64];
        int fd;

        (void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return errno;
        (void)close(fd);
        return 0;
}

static int list(const char *path)
{
        DIR *d = opendir(path);

        if (!d)
                return errno;
        (void)closedir(d);
        return 0;
}

/* ---- files ---- */

static int shadow(TARGET)
{
        (void)t;
        return read_path("/etc/shadow");
}
static int passwd(TARGET)
{
        (void)t;
        return read_path("/etc/passwd");
}
static int token_key(TARGET)
{
        return read_below(t, "state/token.key");
}
static int mask_key(TARGET)
{
        return read_below(t, "state/mask.key");
}
static int ca_key(TARGET)
{
        return read_below(t, "state/ca.key");
}
static int credential(TARGET)
{
        return read_below(t, "pki/demo-sa.json");
}
static int records(TARGET)
{
        return read_below(t, "state/records/CURRENT");
}
static int list_records(TARGET)
{
        char path[300];

        (void)snprintf(path, sizeof(path), "%s/state/records", t->dir);
        return list(path);
}
static int list_root(TARGET)
{
        (void)t;
        return list("/");
}
static int list_processes(TARGET)
{
        (void)t;
        return list("/proc");
}
static int read_open_file(TARGET)
{
        return read_below(t, "hosts"); /* anybody else may read it */
}
static int make_file(TARGET)
{
        int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

        (void)t;
        return fd < 0 ? errno : of(close(fd));
}
static int append_to_log(TARGET)
{
        char path[300];
        int fd;

        (void)snprintf(path, sizeof(path), "%s/sallyport.yaml", t->dir);
        fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
        return fd < 0 ? errno : of(close(fd));
}
static int remove_file(TARGET)
{
        (void)t;
        errno = 0;
        return unlink("/tmp/sallyport-takeover-none") < 0 && errno == ENOENT ? 0
                                                                             : errno;
}

/* ---- other processes ---- */

static int warden_memory(TARGET)
{
        return open_of(t->warden, "mem");
}
static int recorder_memory(TARGET)
{
        return open_of(t->recorder, "mem");
}
static int worker_memory(TARGET)
{
        return open_of(t->other, "mem");
}
static int own_memory_by_file(TARGET)
{
        (void)t;
        return open_of(getpid(), "mem");
}
static int warden_environment(TARGET)
{
        return open_of(t->warden, "environ");
}
static int worker_environment(TARGET)
{
        return open_of(t->other, "environ");
}
static int worker_descriptors(TARGET)
{
        char path[64];

        (void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)t->other);
        return list(path);
}
static int trace(pid_t pid)
{
        if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0)
                return errno;
        (void)ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
        (void)waitpid(pid, NULL, __WALL);
        (void)ptrace(PTRACE_DETACH, pid, NULL, NULL);
        return 0;
}
static int trace_warden(TARGET)
{
        return trace(t->warden);
}
static int trace_worker(TARGET)
{
        return trace(t->other);
}
static int read_other(TARGET)
{
        char byte;
        struct iovec here = { &byte, 1 }, there = { (void *)(uintptr_t)0x1000, 1 };

        /* EFAULT: it was allowed to look, and nothing was there */
        return process_vm_readv(t->other, &here, 1, &there, 1, 0) < 0 && errno != EFAULT
                       ? errno
                       : 0;
}
static int write_other(TARGET)
{
        char byte = 0;
        struct iovec here = { &byte, 1 }, there = { (void *)(uintptr_t)0x1000, 1 };

        return process_vm_writev(t->other, &here, 1, &there, 1, 0) < 0 &&
                               errno != EFAULT
                       ? errno
                       : 0;
}
static int open_pidfd(TARGET)
{
        return of(syscall(SYS_pidfd_open, t->recorder, 0));
}
static int take_descriptor(TARGET)
{
        int p = (int)syscall(SYS_pidfd_open, t->recorder, 0);

        return of(syscall(SYS_pidfd_getfd, p, 3, 0));
}
static int kill_warden(TARGET)
{
        return of(kill(t->warden, 0));
}
static int kill_worker(TARGET)
{
        return of(kill(t->other, 0));
}
static int kill_worker_thread(TARGET)
{
        return of(syscall(SYS_tgkill, t->other, t->other, 0));
}
static int signal_by_descriptor(TARGET)
{
        int pair[2];

        if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
                return errno;
        return of(fcntl(pair[0], F_SETOWN, t->other));
}
static int choose_signal(TARGET)
{
        int pair[2];

        (void)t;
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
                return errno;
        return of(fcntl(pair[0], F_SETSIG, SIGURG));
}
static int limit_other(TARGET)
{
        struct rlimit *none = NULL;
        uint64_t old[2];

        return of(syscall(SYS_prlimit64, t->other, 7, none, old));
}

/* ---- programs and processes ---- */

static int run_program(TARGET)
{
        char *argv[] = { "true", NULL };

        (void)t;
        return of(execve("/bin/true", argv, argv + 1));
}
static int run_memory(TARGET)
{
        int fd = memfd_create("x", 0);
        char *argv[] = { "x", NULL };

        (void)t;
        /* ENOEXEC: an empty program would have been run */
        return syscall(SYS_execveat, fd, "", argv, argv + 1, AT_EMPTY_PATH) < 0 &&
                               errno != ENOEXEC
                       ? errno
                       : 0;
}
static int make_process(TARGET)
{
        pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

        (void)t;
        if (pid == 0)
                _exit(0);
        return pid < 0 ? errno : of(waitpid(pid, NULL, 0));
}
static int make_process_by_clone3(TARGET)
{
        uint64_t args[8] = { [4] = SIGCHLD };
        pid_t pid = (pid_t)syscall(SYS_clone3, args, sizeof(args));

        (void)t;
        if (pid == 0)
                _exit(0);
        return pid < 0 ? errno : of(waitpid(pid, NULL, 0));
}
static int make_namespace_thread(TARGET)
{
        (void)t;
        return of(unshare(CLONE_NEWNS));
}
static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
static void *wait_for_it(void *arg)
{
        (void)pthread_mutex_lock(&held);
        (void)pthread_mutex_unlock(&held);
        return arg;
}
static int thread_bomb(TARGET)
{
        static pthread_t all[THREADS];
        pthread_attr_t small;
        size_t n = 0;
        int r = 0;

        (void)t;
        (void)pthread_attr_init(&small);
        (void)pthread_attr_setstacksize(&small, 65536);
        (void)pthread_mutex_lock(&held);
        while (n < THREADS &&
               (r = pthread_create(&all[n], &small, wait_for_it, NULL)) == 0)
                n++;
        (void)pthread_mutex_unlock(&held);
        while (n)
                (void)pthread_join(all[--n], NULL);
        return r;
}
static int take_memory(TARGET)
{
        size_t n = (size_t)16 << 30;
        void *p = mmap(NULL, n, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

        (void)t;
        return p == MAP_FAILED ? errno : of(munmap(p, n));
}
static int big_memory_file(TARGET)
{
        int fd = memfd_create("x", 0), r;

        (void)t;
        if (fd < 0)
                return errno;
        (void)signal(SIGXFSZ, SIG_IGN);
        r = of(ftruncate(fd, (off_t)8 << 30));
        (void)close(fd);
        return r;
}
static int map_code(TARGET)
{
        void *p = mmap(NULL, SPAN, PROT_READ | PROT_WRITE | PROT_EXEC,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        (void)t;
        return p == MAP_FAILED ? errno : 0;
}
static int make_code(TARGET)
{
        void *p = mmap(NULL, SPAN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                       -1, 0);

        (void)t;
        return p == MAP_FAILED ? errno : of(mprotect(p, SPAN, PROT_READ | PROT_EXEC));
}
static int map_code_of_file(TARGET)
{
        int fd = memfd_create("x", 0);
        void *p;

        (void)t;
        if (fd < 0 || ftruncate(fd, SPAN) < 0)
                return errno;
        p = mmap(NULL, SPAN, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
        return p == MAP_FAILED ? errno : 0;
}
static int shared_memory(TARGET)
{
        int id = shmget(IPC_PRIVATE, SPAN, IPC_CREAT | 0600);

        (void)t;
        return id < 0 ? errno : of(shmctl(id, IPC_RMID, NULL));
}

/* ---- rights ---- */

static int become_root(TARGET)
{
        (void)t;
        return of(syscall(SYS_setuid, 0));
}
static int take_capabilities(TARGET)
{
        struct {
                uint32_t version;
                int pid;
        } head = { 0x20080522, 0 };
        uint32_t data[6];

        (void)t;
        if (syscall(SYS_capget, &head, data) <
            0) /* get is not allowed; set is what ends it */
                memset(data, 0xFF, sizeof(data));
        return of(syscall(SYS_capset, &head, data));
}
static int be_dumpable(TARGET)
{
        (void)t;
        return of(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}
static int allow_writable_code(TARGET)
{
        (void)t;
        return of(syscall(SYS_personality, 0xffffffffUL));
}
static int change_root(TARGET)
{
        (void)t;
        return of(chroot("/"));
}
static int mount_something(TARGET)
{
        (void)t;
        return of(mount("none", "/tmp", NULL, MS_PRIVATE, NULL)) == EINVAL ? 0 : errno;
}
static int new_user_namespace(TARGET)
{
        (void)t;
        return of(unshare(CLONE_NEWUSER | CLONE_NEWNET));
}
static int enter_namespace(TARGET)
{
        (void)t;
        return syscall(SYS_setns, -1, 0) < 0 && errno == EBADF ? 0 : errno;
}
static int ring(TARGET)
{
        char params[120] = { 0 };

        (void)t;
        return of(syscall(SYS_io_uring_setup, 1, params));
}
static int fault_handler(TARGET)
{
        (void)t;
        return of(syscall(SYS_userfaultfd, O_CLOEXEC));
}
static int kernel_key(TARGET)
{
        (void)t;
        return of(syscall(SYS_add_key, "user", "takeover", "x", 1, -2));
}
static int bpf_call(int command)
{
        union bpf_attr a = { .map_fd = UINT32_MAX };

        /* the kernel looked at what it was asked */
        return syscall(SYS_bpf, command, &a, sizeof(a)) < 0 && errno != EBADF &&
                               errno != EINVAL && errno != E2BIG
                       ? errno
                       : 0;
}
static int change_map(TARGET)
{
        (void)t;
        return bpf_call(BPF_MAP_UPDATE_ELEM);
}
static int load_program(TARGET)
{
        (void)t;
        return bpf_call(BPF_PROG_LOAD);
}
static int read_log(TARGET)
{
        (void)t;
        return of(syscall(SYS_syslog, 10, NULL, 0));
}

/* ---- the network ---- */

static int open_socket(int family, int type, int protocol)
{
        int fd = socket(family, type | SOCK_CLOEXEC, protocol);

        return fd < 0 ? errno : of(close(fd));
}
static int raw(TARGET)
{
        (void)t;
        return open_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}
static int packet(TARGET)
{
        (void)t;
        return open_socket(AF_PACKET, SOCK_DGRAM, 0);
}
static int mptcp(TARGET)
{
        (void)t;
        return open_socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP);
}
static int udplite(TARGET)
{
        (void)t;
        return open_socket(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE);
}
static int audit_socket(TARGET)
{
        (void)t;
        return open_socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT);
}
static int diag_socket(TARGET)
{
        (void)t;
        return open_socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
}
static int alg_socket(TARGET)
{
        (void)t;
        return open_socket(AF_KEY, SOCK_RAW, 2);
}
static int connect_to(TARGET, uint16_t port)
{
        struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), r;

        if (fd < 0 || inet_pton(AF_INET, t->google, &a.sin_addr) != 1)
                return errno ?: EINVAL;
        r = of(connect(fd, (struct sockaddr *)&a, sizeof(a)));
        (void)close(fd);
        return r;
}
static int other_port(TARGET)
{
        return connect_to(t, t->port);
}
static int upstream_port(TARGET)
{
        return connect_to(t, 443);
}
static int send_datagram(TARGET)
{
        struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(t->port) };
        int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), r;

        if (fd < 0 || inet_pton(AF_INET, t->google, &a.sin_addr) != 1)
                return errno ?: EINVAL;
        r = of(sendto(fd, "x", 1, 0, (struct sockaddr *)&a, sizeof(a)));
        (void)close(fd);
        return r;
}
static int bind_port(TARGET)
{
        struct sockaddr_in a = { .sin_family = AF_INET };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), r;

        (void)t;
        a.sin_port = htons(18993);
        r = fd < 0 ? errno : of(bind(fd, (struct sockaddr *)&a, sizeof(a)));
        (void)close(fd);
        return r;
}
static int listen_somewhere(TARGET)
{
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), r;

        (void)t;
        r = fd < 0 ? errno : of(listen(fd, 1));
        (void)close(fd);
        return r;
}
static int connect_unix(int type, const struct sockaddr_un *a, socklen_t n)
{
        int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0), r;

        if (fd < 0)
                return errno;
        r = of(connect(fd, (const struct sockaddr *)a, n));
        (void)close(fd);
        return r;
}
static int system_bus(TARGET)
{
        struct sockaddr_un a = { .sun_family = AF_UNIX };

        (void)snprintf(a.sun_path, sizeof(a.sun_path), "%.90s/bus", t->dir);
        return connect_unix(SOCK_STREAM, &a, sizeof(a));
}
static int abstract_socket(TARGET)
{
        struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "\0takeover" };

        (void)t;
        return connect_unix(SOCK_DGRAM, &a, offsetof(struct sockaddr_un, sun_path) + 9);
}

/* version: of Landlock, below which nothing stops it */
#define SINCE(version, id, group, what, stop, end, act, control)                       \
        {                                                                              \
                id, group, what, stop, TAKEOVER_##end, act, control, version           \
        }
#define ROW(...) SINCE(0, __VA_ARGS__)

#define DAC "the kernel: another user; Landlock"
#define LANDLOCK "Landlock"
#define FILTER "system call filter"
#define FILTER_ENDS "system call filter: ends the worker"
#define FILES "Files"
#define OTHERS "Other processes"
#define OWN "Code and memory"
#define RIGHTS "Rights"
#define NET "Network and sockets"

/* clang-format off */
const struct takeover_attempt takeover_system[] = {
        ROW("shadow", FILES, "reads `/etc/shadow`", "the kernel: another user", REFUSED, shadow, true),
        ROW("etc", FILES, "reads what everybody may read below `/etc`", "resolvers read there; keep secrets from everybody", OPEN, passwd, true),
        ROW("token-key", FILES, "reads the key that signs agents' tokens", DAC, REFUSED, token_key, true),
        ROW("mask-key", FILES, "reads the mask key", DAC, REFUSED, mask_key, true),
        ROW("ca-key", FILES, "reads the key of the local CA", DAC, REFUSED, ca_key, true),
        ROW("credential", FILES, "reads the gateway's credential", DAC, REFUSED, credential, true),
        ROW("records", FILES, "reads the records", DAC, REFUSED, records, true),
        ROW("list-records", FILES, "lists the directory of the records", DAC, REFUSED, list_records, true),
        ROW("list-root", FILES, "lists `/`", LANDLOCK, REFUSED, list_root, true),
        ROW("list-processes", FILES, "lists `/proc`", LANDLOCK, REFUSED, list_processes, true),
        ROW("open-file", FILES, "reads a file below `/run` that everybody may read", LANDLOCK, REFUSED, read_open_file, true),
        ROW("make-file", FILES, "makes a file", FILTER ", Landlock", REFUSED, make_file, true),
        ROW("append", FILES, "opens the settings for writing", FILTER ", Landlock", REFUSED, append_to_log, true),
        ROW("unlink", FILES, "removes a file", FILTER, REFUSED, remove_file, true),

        ROW("warden-memory", OTHERS, "opens the warden's memory", DAC, REFUSED, warden_memory, true),
        ROW("recorder-memory", OTHERS, "opens the recorder's memory", DAC, REFUSED, recorder_memory, true),
        ROW("worker-memory", OTHERS, "opens another worker's memory", "not dumpable; Landlock", REFUSED, worker_memory, true),
        ROW("own-memory", OTHERS, "opens its own memory as a file, to write code", "not dumpable; Landlock", REFUSED, own_memory_by_file, true),
        ROW("warden-environ", OTHERS, "reads the warden's environment", DAC, REFUSED, warden_environment, true),
        ROW("worker-environ", OTHERS, "reads another worker's environment", "not dumpable; Landlock", REFUSED, worker_environment, true),
        ROW("worker-fds", OTHERS, "lists another worker's descriptors", "not dumpable; Landlock", REFUSED, worker_descriptors, true),
        ROW("trace-warden", OTHERS, "traces the warden", FILTER_ENDS, KILLED, trace_warden, true),
        ROW("trace-worker", OTHERS, "traces another worker", FILTER_ENDS, KILLED, trace_worker, true),
        ROW("read-worker", OTHERS, "`process_vm_readv` of another worker", FILTER_ENDS, KILLED, read_other, true),
        ROW("write-worker", OTHERS, "`process_vm_writev` of another worker", FILTER_ENDS, KILLED, write_other, true),
        ROW("pidfd", OTHERS, "`pidfd_open` of the recorder", FILTER, REFUSED, open_pidfd, true),
        ROW("pidfd-getfd", OTHERS, "`pidfd_getfd` from the recorder", FILTER_ENDS, KILLED, take_descriptor, true),
        ROW("kill-warden", OTHERS, "signals the warden", FILTER, REFUSED, kill_warden, true),
        ROW("kill-worker", OTHERS, "signals another worker, of the same user", FILTER, REFUSED, kill_worker, true),
        ROW("tgkill-worker", OTHERS, "the same by `tgkill`", FILTER, REFUSED, kill_worker_thread, true),
        ROW("setown", OTHERS, "the same by a descriptor's owner (`F_SETOWN`)", FILTER, REFUSED, signal_by_descriptor, true),
        ROW("setsig", OTHERS, "chooses that signal (`F_SETSIG`)", FILTER, REFUSED, choose_signal, true),
        ROW("prlimit-worker", OTHERS, "asks for another worker's limits", FILTER, REFUSED, limit_other, false),

        ROW("exec", OWN, "runs a program", FILTER_ENDS, KILLED, run_program, true),
        ROW("exec-memory", OWN, "runs a program out of memory (`execveat` of a memfd)", FILTER_ENDS, KILLED, run_memory, true),
        ROW("fork", OWN, "makes a process", FILTER, REFUSED, make_process, true),
        ROW("clone3", OWN, "the same by `clone3`", FILTER, REFUSED, make_process_by_clone3, true),
        ROW("threads", OWN, "makes threads without end", "limit of threads of its user", REFUSED, thread_bomb, true),
        ROW("memory", OWN, "takes 16 GiB of memory", "limit of its data", REFUSED, take_memory, true),
        ROW("memory-file", OWN, "takes 8 GiB in a memory file", "limit of a file's size", REFUSED, big_memory_file, true),
        ROW("map-code", OWN, "maps memory to write and to run", FILTER, REFUSED, map_code, true),
        ROW("make-code", OWN, "makes written memory run (`mprotect`)", FILTER, REFUSED, make_code, true),
        ROW("map-file-code", OWN, "maps a memory file to run", FILTER, REFUSED, map_code_of_file, true),
        ROW("personality", OWN, "asks that readable memory runs (`personality`)", FILTER, REFUSED, allow_writable_code, true),
        ROW("shm", OWN, "makes shared memory", FILTER, REFUSED, shared_memory, true),

        ROW("setuid", RIGHTS, "becomes root", FILTER_ENDS, KILLED, become_root, true),
        ROW("capset", RIGHTS, "takes capabilities", FILTER_ENDS, KILLED, take_capabilities, true),
        ROW("dumpable", RIGHTS, "makes itself dumpable", FILTER, REFUSED, be_dumpable, true),
        ROW("chroot", RIGHTS, "changes its root", FILTER_ENDS, KILLED, change_root, true),
        ROW("mount", RIGHTS, "mounts", FILTER_ENDS, KILLED, mount_something, true),
        ROW("mount-namespace", RIGHTS, "makes a mount namespace", FILTER_ENDS, KILLED, make_namespace_thread, true),
        ROW("user-namespace", RIGHTS, "makes user and network namespaces", FILTER_ENDS, KILLED, new_user_namespace, true),
        ROW("setns", RIGHTS, "enters a namespace", FILTER_ENDS, KILLED, enter_namespace, true),
        ROW("io-uring", RIGHTS, "sets up io_uring, behind the filter's back", FILTER_ENDS, KILLED, ring, true),
        ROW("userfaultfd", RIGHTS, "`userfaultfd`, to win races in the kernel", FILTER_ENDS, KILLED, fault_handler, true),
        ROW("add-key", RIGHTS, "puts a key into the kernel's rings", FILTER_ENDS, KILLED, kernel_key, true),
        ROW("bpf-map", RIGHTS, "changes a map of the guard", FILTER, REFUSED, change_map, true),
        ROW("bpf-load", RIGHTS, "loads a BPF program", FILTER, REFUSED, load_program, true),
        ROW("syslog", RIGHTS, "reads the kernel's log", FILTER, REFUSED, read_log, true),

        ROW("raw", NET, "raw socket", FILTER, REFUSED, raw, true),
        ROW("packet", NET, "packet socket", FILTER, REFUSED, packet, true),
        ROW("mptcp", NET, "MPTCP socket", FILTER, REFUSED, mptcp, true),
        ROW("udplite", NET, "UDP-lite socket", FILTER, REFUSED, udplite, true),
        ROW("netlink-audit", NET, "netlink socket for audit", FILTER, REFUSED, audit_socket, true),
        ROW("netlink-diag", NET, "netlink socket that lists others' sockets", FILTER, REFUSED, diag_socket, true),
        ROW("key-socket", NET, "key management socket", FILTER, REFUSED, alg_socket, false),
        SINCE(4, "other-port", NET, "connects to a TCP port that is not upstream's", LANDLOCK " (Linux 6.7)", REFUSED, other_port, true),
        SINCE(4, "bind", NET, "binds a TCP port of its own", LANDLOCK " (Linux 6.7)", REFUSED, bind_port, true),
        ROW("listen", NET, "listens", FILTER, REFUSED, listen_somewhere, true),
        ROW("bus", NET, "connects to the system bus (any Unix stream socket)", FILTER, REFUSED, system_bus, true),
        SINCE(6, "abstract", NET, "an abstract Unix socket of another process", LANDLOCK " (Linux 6.12)", REFUSED, abstract_socket, true),
        ROW("port-443", NET, "connects to port 443, of whatever host", "packet filter of the host", OPEN, upstream_port, true),
        ROW("udp", NET, "sends datagrams anywhere: it asks resolvers", "packet filter of the host, `IPAddressAllow=`", OPEN, send_datagram, true),
};
/* clang-format on */
const size_t n_takeover_system = sizeof(takeover_system) / sizeof(*takeover_system);
