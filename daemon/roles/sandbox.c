/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/roles/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/netlink.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* What both roles do all day. */
static const int common_calls[] = {
        SCMP_SYS(read),
        SCMP_SYS(readv),
        SCMP_SYS(pread64),
        SCMP_SYS(preadv),
        SCMP_SYS(write),
        SCMP_SYS(writev),
        SCMP_SYS(close),
        SCMP_SYS(lseek),
        SCMP_SYS(recvmsg),
        SCMP_SYS(recvmmsg),
        SCMP_SYS(recvfrom),
        SCMP_SYS(sendmsg),
        SCMP_SYS(sendmmsg),
        SCMP_SYS(sendto),
        SCMP_SYS(shutdown),
        SCMP_SYS(getsockopt),
        SCMP_SYS(setsockopt),
        SCMP_SYS(getsockname),
        SCMP_SYS(getpeername),
        SCMP_SYS(poll),
        SCMP_SYS(ppoll),
        SCMP_SYS(select),
        SCMP_SYS(pselect6),
        SCMP_SYS(epoll_create1),
        SCMP_SYS(epoll_ctl),
        SCMP_SYS(epoll_wait),
        SCMP_SYS(epoll_pwait),
        SCMP_SYS(epoll_pwait2),
        SCMP_SYS(eventfd2),
        SCMP_SYS(pipe2),
        SCMP_SYS(timerfd_create),
        SCMP_SYS(timerfd_settime),
        SCMP_SYS(timerfd_gettime),
        SCMP_SYS(futex),
        SCMP_SYS(set_robust_list),
        SCMP_SYS(get_robust_list),
        SCMP_SYS(rseq),
        SCMP_SYS(set_tid_address),
        SCMP_SYS(rt_sigaction),
        SCMP_SYS(rt_sigprocmask),
        SCMP_SYS(rt_sigreturn),
        SCMP_SYS(rt_sigtimedwait),
        SCMP_SYS(sigaltstack),
        SCMP_SYS(restart_syscall),
        SCMP_SYS(clock_gettime),
        SCMP_SYS(clock_getres),
        SCMP_SYS(clock_nanosleep),
        SCMP_SYS(nanosleep),
        SCMP_SYS(gettimeofday),
        SCMP_SYS(time),
        SCMP_SYS(getrandom),
        SCMP_SYS(munmap),
        SCMP_SYS(mremap),
        SCMP_SYS(madvise),
        SCMP_SYS(mincore),
        SCMP_SYS(brk),
        SCMP_SYS(exit),
        SCMP_SYS(exit_group),
        SCMP_SYS(getpid),
        SCMP_SYS(getppid),
        SCMP_SYS(gettid),
        SCMP_SYS(getuid),
        SCMP_SYS(geteuid),
        SCMP_SYS(getgid),
        SCMP_SYS(getegid),
        SCMP_SYS(fstat),
        SCMP_SYS(newfstatat),
        SCMP_SYS(stat),
        SCMP_SYS(lstat),
        SCMP_SYS(statx),
        SCMP_SYS(statfs),
        SCMP_SYS(fstatfs),
        SCMP_SYS(access),
        SCMP_SYS(faccessat),
        SCMP_SYS(faccessat2),
        SCMP_SYS(readlink),
        SCMP_SYS(readlinkat),
        SCMP_SYS(getdents64),
        SCMP_SYS(getcwd),
        SCMP_SYS(dup),
        SCMP_SYS(dup2),
        SCMP_SYS(dup3),
        SCMP_SYS(memfd_create),
        SCMP_SYS(ftruncate),
        SCMP_SYS(sched_yield),
        SCMP_SYS(sched_getaffinity),
        SCMP_SYS(sched_getparam),
        SCMP_SYS(sched_getscheduler),
        SCMP_SYS(getcpu),
        SCMP_SYS(membarrier),
        SCMP_SYS(uname),
        SCMP_SYS(sysinfo),
        SCMP_SYS(getrusage),
        SCMP_SYS(getrlimit),
        SCMP_SYS(umask),
};

static const int client_calls[] = {
        SCMP_SYS(connect),
};

static const int worker_calls[] = {
        SCMP_SYS(accept),
        SCMP_SYS(accept4),
};

static const int recorder_calls[] = {
        SCMP_SYS(open),      SCMP_SYS(openat),          SCMP_SYS(creat),
        SCMP_SYS(pwrite64),  SCMP_SYS(pwritev),         SCMP_SYS(fsync),
        SCMP_SYS(fdatasync), SCMP_SYS(sync_file_range), SCMP_SYS(syncfs),
        SCMP_SYS(fallocate), SCMP_SYS(truncate),        SCMP_SYS(fadvise64),
        SCMP_SYS(readahead), SCMP_SYS(unlink),          SCMP_SYS(unlinkat),
        SCMP_SYS(rename),    SCMP_SYS(renameat),        SCMP_SYS(renameat2),
        SCMP_SYS(mkdir),     SCMP_SYS(mkdirat),         SCMP_SYS(rmdir),
        SCMP_SYS(link),      SCMP_SYS(linkat),          SCMP_SYS(flock),
        SCMP_SYS(getdents),  SCMP_SYS(msync),           SCMP_SYS(fchmod),
        SCMP_SYS(utimensat), SCMP_SYS(ioprio_get),
};

/* Nothing in this program or its libraries makes these after the start. */
static const int deadly_calls[] = {
        SCMP_SYS(execve),
        SCMP_SYS(execveat),
        SCMP_SYS(ptrace),
        SCMP_SYS(process_vm_readv),
        SCMP_SYS(process_vm_writev),
        SCMP_SYS(pidfd_getfd),
        SCMP_SYS(mount),
        SCMP_SYS(umount2),
        SCMP_SYS(pivot_root),
        SCMP_SYS(chroot),
        SCMP_SYS(setns),
        SCMP_SYS(unshare),
        SCMP_SYS(init_module),
        SCMP_SYS(finit_module),
        SCMP_SYS(delete_module),
        SCMP_SYS(kexec_load),
        SCMP_SYS(keyctl),
        SCMP_SYS(add_key),
        SCMP_SYS(request_key),
        SCMP_SYS(userfaultfd),
        SCMP_SYS(perf_event_open),
        SCMP_SYS(io_uring_setup),
        SCMP_SYS(setuid),
        SCMP_SYS(setreuid),
        SCMP_SYS(setresuid),
        SCMP_SYS(setgid),
        SCMP_SYS(setregid),
        SCMP_SYS(setresgid),
        SCMP_SYS(capset),
};

/* LeakSanitizer attaches to its own process: then the calls fail instead of killing. */
#ifdef __SANITIZE_ADDRESS__
#define DEADLY SCMP_ACT_ERRNO(EACCES)
#else
#define DEADLY SCMP_ACT_KILL_PROCESS
#endif

static int add_calls(scmp_filter_ctx f, uint32_t action, const int *calls, size_t n)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < n; i++) {
                if (calls[i] >= 0) /* < 0: this architecture has no such call */
                        r = seccomp_rule_add(f, action, calls[i], 0);
        }
        return r;
}

/* Memory is written or run, never both and never later. */
static int add_memory(scmp_filter_ctx f)
{
        int r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                                 SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));

        if (r == 0)
                r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                                     SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
        return r;
}

/* What glibc gives to clone for a thread; no namespace can hide among it. */
#define THREAD_FLAGS                                                                   \
        (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |            \
         CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)

/* The flags of clone3 are in memory, where a filter cannot look: ENOSYS sends glibc back to
 * clone. */
static int add_threads(scmp_filter_ctx f)
{
        int r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                                 SCMP_A0(SCMP_CMP_EQ, THREAD_FLAGS));

        if (r == 0)
                r = seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
        if (r == 0)
                r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
                                     SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
        if (r == 0) /* reading its own limits; RocksDB and libuv do */
                r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2,
                                     SCMP_A0(SCMP_CMP_EQ, 0), SCMP_A2(SCMP_CMP_EQ, 0));
        if (r == 0) /* abort(); workers have one user, and could end each other */
                r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                                     SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
        return r;
}

/* Not F_SETOWN and F_SETSIG: they send a signal to whom one likes. */
static int add_fcntl(scmp_filter_ctx f)
{
        static const int commands[] = { F_DUPFD,  F_DUPFD_CLOEXEC, F_GETFD,    F_SETFD,
                                        F_GETFL,  F_SETFL,         F_GETLK,    F_SETLK,
                                        F_SETLKW, F_ADD_SEALS,     F_GET_SEALS };
        int r = 0;

        for (size_t i = 0; r == 0 && i < SP_ARRAY_SIZE(commands); i++)
                r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
                                     SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)commands[i]));
        return r;
}

/* One type and one protocol: none of MPTCP, SCTP, UDP-lite, ping. */
static int add_socket(scmp_filter_ctx f, int call, int family, int type, int protocol)
{
        const uint64_t type_mask =
                UINT32_MAX & ~(uint32_t)(SOCK_NONBLOCK | SOCK_CLOEXEC);

        return seccomp_rule_add(
                f, SCMP_ACT_ALLOW, call, 3, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)family),
                SCMP_A1(SCMP_CMP_MASKED_EQ, type_mask, (scmp_datum_t)type),
                SCMP_A2(SCMP_CMP_MASKED_EQ, UINT32_MAX, (scmp_datum_t)protocol));
}

static int add_ioctl(scmp_filter_ctx f)
{
        int r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                                 SCMP_A1(SCMP_CMP_EQ, FIONBIO));

        return r == 0 ? seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                                         SCMP_A1(SCMP_CMP_EQ, FIONREAD))
                      : r;
}

static int filter_new(scmp_filter_ctx *ret)
{
        scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
        int r = f ? 0 : -ENOMEM;

        if (r == 0)
                r = seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1);
        if (r == 0) /* a balanced tree: the list is long, and read() is frequent */
                r = seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2);
        if (r == 0)
                r = add_calls(f, DEADLY, deadly_calls, SP_ARRAY_SIZE(deadly_calls));
        if (r == 0)
                r = add_calls(f, SCMP_ACT_ALLOW, common_calls,
                              SP_ARRAY_SIZE(common_calls));
        if (r == 0)
                r = add_memory(f);
        if (r == 0)
                r = add_threads(f);
        if (r == 0)
                r = add_ioctl(f);
        if (r == 0)
                r = add_fcntl(f);
        if (r < 0)
                seccomp_release(f);
        else
                *ret = f;
        return r;
}

#ifndef SO_PASSPIDFD /* Linux 6.5 */
#define SO_PASSPIDFD 76
#endif

/* Who closes the last descriptor of a socket with SO_LINGER waits; it could be one that was sent
 * to the warden. The other two give a Unix socket an address, to which others could send descriptors.
 * A filter of its own, as a rule for one option would make exceptions of all others. */
static int refuse_options(void)
{
        static const int options[] = { SO_LINGER, SO_PASSCRED, SO_PASSPIDFD };
        scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
        int r = f ? seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1) : -ENOMEM;

        for (size_t i = 0; r == 0 && i < SP_ARRAY_SIZE(options); i++)
                r = seccomp_rule_add(
                        f, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(setsockopt), 2,
                        SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX, SOL_SOCKET),
                        SCMP_A2(SCMP_CMP_MASKED_EQ, UINT32_MAX,
                                (scmp_datum_t)options[i]));
        if (r == 0)
                r = seccomp_load(f);
        seccomp_release(f);
        return r;
}

static int install(scmp_filter_ctx f, int r, struct sp_err *reterr)
{
        if (r == 0)
                r = refuse_options();
        if (r == 0)
                r = seccomp_load(f);
        seccomp_release(f);
        if (r < 0)
                return sp_err_set(reterr, r, "sandbox.seccomp", "",
                                  "the system call filter cannot be installed: %s",
                                  strerror(-r));
        return 0;
}

/* Who connects to hosts by name, over TLS. bind() is none of it: getaddrinfo, which would for a list
 * of the machine's addresses, does without. */
static int add_client(scmp_filter_ctx f)
{
        static const struct {
                int family, type, protocol;
        } sockets[] = {
                { AF_INET, SOCK_STREAM, 0 },
                { AF_INET, SOCK_STREAM, IPPROTO_TCP },
                { AF_INET6, SOCK_STREAM, 0 },
                { AF_INET6, SOCK_STREAM, IPPROTO_TCP },
                { AF_INET, SOCK_DGRAM, 0 },
                { AF_INET, SOCK_DGRAM, IPPROTO_UDP },
                { AF_INET6, SOCK_DGRAM, 0 },
                { AF_INET6, SOCK_DGRAM, IPPROTO_UDP },
                /* getaddrinfo tries */
                { AF_NETLINK, SOCK_RAW, NETLINK_ROUTE },
        };
        const uint64_t writing = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND;
        int r = 0;

        for (size_t i = 0; r == 0 && i < SP_ARRAY_SIZE(sockets); i++)
                r = add_socket(f, SCMP_SYS(socket), sockets[i].family, sockets[i].type,
                               sockets[i].protocol);
        if (r ==
            0) /* libcurl, for a thread that resolves: its ends stay each other's */
                r = add_socket(f, SCMP_SYS(socketpair), AF_UNIX, SOCK_STREAM, 0);
        if (r == 0)
                r = add_calls(f, SCMP_ACT_ALLOW, client_calls,
                              SP_ARRAY_SIZE(client_calls));
        if (r == 0)
                r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
                                     SCMP_A2(SCMP_CMP_MASKED_EQ, writing, O_RDONLY));
        if (r == 0 && SCMP_SYS(open) >= 0)
                r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(open), 1,
                                     SCMP_A1(SCMP_CMP_MASKED_EQ, writing, O_RDONLY));
        return r;
}

static int add_worker(scmp_filter_ctx f)
{
        int r = add_calls(f, SCMP_ACT_ALLOW, worker_calls, SP_ARRAY_SIZE(worker_calls));

        return r == 0 ? seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(bpf), 1,
                                         SCMP_A0(SCMP_CMP_EQ, BPF_MAP_LOOKUP_ELEM))
                      : r;
}

/* The name service loads its modules when it is first asked: that is code, and there is
 * no executable memory later on. What it answers does not matter. */
static void load_name_service(void)
{
        const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
        struct addrinfo *found = NULL;

        if (getaddrinfo("localhost", "443", &hints, &found) == 0)
                freeaddrinfo(found);
}

static int confine_client(const struct sp_reach *reach,
                          int (*add_more)(scmp_filter_ctx f), int *ret_abi,
                          struct sp_err *reterr)
{
        scmp_filter_ctx f = NULL;
        int abi, r;

        load_name_service();
        r = sp_landlock(reach, &abi, reterr);
        if (r < 0)
                return r;
        r = filter_new(&f);
        if (r == 0)
                r = add_client(f);
        if (r == 0 && add_more)
                r = add_more(f);
        r = install(f, r, reterr);
        if (r == 0)
                *ret_abi = abi;
        return r;
}

int sp_sandbox_worker(const struct sp_reach *reach, int *ret_abi, struct sp_err *reterr)
{
        return confine_client(reach, add_worker, ret_abi, reterr);
}

int sp_sandbox_verifier(const struct sp_reach *reach, int *ret_abi,
                        struct sp_err *reterr)
{
        return confine_client(reach, NULL, ret_abi, reterr);
}

int sp_sandbox_recorder(const char *directory, int *ret_abi, struct sp_err *reterr)
{
        const struct sp_reach reach = { .directory = directory };
        scmp_filter_ctx f = NULL;
        int abi, r = sp_landlock(&reach, &abi, reterr);

        if (r < 0)
                return r;
        r = filter_new(&f);
        if (r == 0)
                r = add_calls(f, SCMP_ACT_ALLOW, recorder_calls,
                              SP_ARRAY_SIZE(recorder_calls));
        r = install(f, r, reterr);
        if (r == 0)
                *ret_abi = abi;
        return r;
}
