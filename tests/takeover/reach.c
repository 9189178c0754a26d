/* SPDX-License-Identifier: Apache-2.0 */
/* What he asks of files and of other processes. */
#include "tests/takeover/system.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

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

#define DAC "the kernel: another user; Landlock"
#define FILES "Files"
#define OTHERS "Other processes"

/* clang-format off */
const struct takeover_attempt takeover_reach[] = {
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
};
/* clang-format on */
const size_t n_takeover_reach = sizeof(takeover_reach) / sizeof(*takeover_reach);
