/* SPDX-License-Identifier: Apache-2.0 */
/* What he does to his own process: code, memory, rights. */
#include "tests/takeover/system.h"

#include <linux/bpf.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define THREADS 1200

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
                               errno != EINVAL && errno != E2BIG && errno != EFAULT
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

#define OWN "Code and memory"
#define RIGHTS "Rights"

/* clang-format off */
const struct takeover_attempt takeover_rights[] = {
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
};
/* clang-format on */
const size_t n_takeover_rights = sizeof(takeover_rights) / sizeof(*takeover_rights);
