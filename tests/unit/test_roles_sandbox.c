/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "daemon/roles/ports.h"
#include "daemon/roles/sandbox.h"

/* Each probe runs in a process of its own behind a filter. It returns an errno or 0. */
typedef int (*probe_fn)(void);
#define CANNOT_CONFINE 250
#define KILLED 251
static int unix_socket; /* as the role's channels are: it was there before */
static struct sockaddr_un other = { .sun_family = AF_UNIX }; /* somebody listens */

static int result_of(probe_fn probe, int (*confine)(struct sp_err *))
{
        pid_t pid = fork();
        int status;

        if (pid == 0) {
                struct sp_err e = SP_ERR_NULL;

                unix_socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
                (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
                _exit(confine(&e) < 0 ? CANNOT_CONFINE : probe());
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (WIFSIGNALED(status))
                return WTERMSIG(status) == SIGSYS ? KILLED : -WTERMSIG(status);
        return WEXITSTATUS(status);
}

static int confine_worker(struct sp_err *e)
{
        static const uint16_t port = 443;
        const struct sp_reach reach = { .ports = &port,
                                        .n_ports = 1,
                                        .reads_system = true };
        int abi;

        return sp_sandbox_worker(&reach, &abi, e);
}

static int confine_verifier(struct sp_err *e)
{
        static const uint16_t port = 443;
        const struct sp_reach reach = { .ports = &port,
                                        .n_ports = 1,
                                        .reads_system = true };
        int abi;

        return sp_sandbox_verifier(&reach, &abi, e);
}

static int confine_recorder(struct sp_err *e)
{
        int abi;

        return sp_sandbox_recorder("/tmp", &abi, e);
}

static int failed(long r)
{
        return r < 0 ? errno : 0;
}

static int read_a_file(void)
{
        return failed(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}
static int write_a_file(void)
{
        return failed(open("/dev/null", O_WRONLY | O_CLOEXEC));
}
static int make_a_file(void)
{
        int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

        return fd < 0 ? errno : failed(fsync(fd));
}
static int truncate_a_file(void)
{
        return failed(open("/dev/null", O_RDONLY | O_TRUNC | O_CLOEXEC));
}
static int open_tcp(void)
{
        return failed(socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}
static int open_udp(void)
{
        return failed(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}
static int open_raw(void)
{
        return failed(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
}
static int open_packet(void)
{
        return failed(socket(AF_PACKET, SOCK_DGRAM, 0));
}
static int pair_of(int type)
{
        int pair[2];

        return failed(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair));
}
static int pair_of_streams(void)
{
        return pair_of(SOCK_STREAM);
}
static int pair_of_datagram_sockets(void) /* each can turn to another address */
{
        return pair_of(SOCK_DGRAM);
}
static int pair_of_seqpacket_sockets(void)
{
        return pair_of(SOCK_SEQPACKET);
}
static int turn_a_pair_to_others(void)
{
        int pair[2];

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
                return errno;
        (void)close(pair[1]);
        return failed(connect(pair[0], (const struct sockaddr *)&other, sizeof(other)));
}
static int open_unix(void)
{
        return failed(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}
static int open_unix_stream(void)
{
        return failed(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}
static int set_an_option(void)
{
        const int on = 1;
        int fd = unix_socket;

        return setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &on, sizeof(on)) < 0 ? errno : 0;
}

/* With rubbish in the upper halves, which the kernel does not look at. */
static int make_others_wait(void)
{
        const struct linger l = { 1, 3600 };
        int fd = unix_socket;

        return syscall(SYS_setsockopt, fd, (1UL << 32) | SOL_SOCKET,
                       (1UL << 32) | SO_LINGER, &l, sizeof(l)) < 0
                       ? errno
                       : 0;
}

static int take_an_address(void)
{
        const struct sockaddr_un a = { .sun_family = AF_UNIX,
                                       .sun_path = "\0sp-sandbox" };

        return failed(bind(unix_socket, (const struct sockaddr *)&a, sizeof(a)));
}

/* The kernel gives a Unix socket with this option an address when it sends. */
static int be_given_an_address(void)
{
        const int on = 1;

        return failed(
                setsockopt(unix_socket, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)));
}

static int open_mptcp(void)
{
        return failed(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_MPTCP));
}
static int listen_to_others(void)
{
        return failed(listen(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), 1));
}
static int connect_to_port(uint16_t port)
{
        const struct sockaddr_in a = { .sin_family = AF_INET,
                                       .sin_port = htons(port),
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        return fd < 0 ? errno
                      : failed(connect(fd, (const struct sockaddr *)&a, sizeof(a)));
}
static int connect_elsewhere(void)
{
        return connect_to_port(9);
}
static int read_a_secret_place(void)
{
        return failed(open("/proc/self/environ", O_RDONLY | O_CLOEXEC));
}
static int list_a_directory(void)
{
        return failed(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}
static int signal_the_parent(void)
{
        return failed(syscall(SYS_tgkill, getppid(), getppid(), 0));
}
static int signal_by_a_descriptor(void)
{
        return failed(fcntl(0, F_SETOWN, getppid()));
}
static int signal_itself(void)
{
        (void)signal(SIGUSR1, SIG_IGN);
        return raise(SIGUSR1) ? errno : 0;
}
static int resolve(void)
{
        const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
        struct addrinfo *a = NULL;
        int r = getaddrinfo("localhost", "443", &hints, &a);

        return r == 0 && a ? 0 : EHOSTUNREACH;
}
static void *nothing(void *arg)
{
        return arg;
}
static int make_a_thread(void)
{
        pthread_t t;
        int r = pthread_create(&t, NULL, nothing, NULL);

        return r ? r : pthread_join(t, NULL);
}
static int make_a_process(void)
{
        pid_t pid = fork();

        if (pid == 0)
                _exit(0);
        return failed(pid);
}
static int bpf_call(int cmd)
{
        union bpf_attr attr = { .map_fd = 999 };

        return failed(syscall(SYS_bpf, cmd, &attr, sizeof(attr)));
}
static int look_up_a_map(void)
{
        return bpf_call(BPF_MAP_LOOKUP_ELEM);
}
static int change_a_map(void)
{
        return bpf_call(BPF_MAP_UPDATE_ELEM);
}
static int load_a_program(void)
{
        return bpf_call(BPF_PROG_LOAD);
}
static int map_code(void)
{
        void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        return p == MAP_FAILED ? errno : 0;
}
static int make_code(void)
{
        void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                       -1, 0);

        return p == MAP_FAILED ? 1 : failed(mprotect(p, 4096, PROT_READ | PROT_EXEC));
}
static int take_memory(void)
{
        char *p = malloc(8 << 20);

        if (!p)
                return ENOMEM;
        memset(p, 1, 8 << 20);
        free(p);
        return 0;
}
static int run_a_program(void)
{
        char *argv[] = { "true", NULL };

        return failed(execve("/bin/true", argv, argv + 1));
}
static int attach_to_the_parent(void)
{
        return failed(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
}
static int kill_the_parent(void)
{
        return failed(kill(getppid(), 0));
}
static int become_another(void)
{
        return failed(syscall(SYS_setuid, 65534));
}
static int seal_a_message(void)
{
        int fd = memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING);

        return fd < 0 ? errno : failed(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
}

#ifdef __SANITIZE_ADDRESS__
#define DEADLY EACCES /* roles/sandbox.c says why */
#else
#define DEADLY KILLED
#endif
#define NO_FILE EACCES /* Landlock */
#define ROW(probe, worker, verifier, recorder)                                         \
        {                                                                              \
#probe, probe, worker, verifier, recorder                              \
        }

static const struct {
        const char *sentence;
        probe_fn probe;
        int worker, verifier, recorder; /* errno expected */
} rows[] = {
        ROW(take_memory, 0, 0, 0),
        ROW(make_a_thread, 0, 0, 0),
        ROW(seal_a_message, 0, 0, 0),
        ROW(read_a_file, 0, 0, NO_FILE),
        ROW(write_a_file, EPERM, EPERM, NO_FILE),
        ROW(make_a_file, EPERM, EPERM, 0),
        ROW(truncate_a_file, EPERM, EPERM, NO_FILE),
        ROW(open_unix, EPERM, EPERM, EPERM),
        ROW(pair_of_streams, 0, 0, EPERM),
        ROW(pair_of_datagram_sockets, EPERM, EPERM, EPERM),
        ROW(pair_of_seqpacket_sockets, EPERM, EPERM, EPERM),
        ROW(turn_a_pair_to_others, EISCONN, EISCONN, EPERM),
        ROW(open_tcp, 0, 0, EPERM),
        ROW(open_udp, 0, 0, EPERM),
        ROW(resolve, 0, 0, EHOSTUNREACH),
        ROW(open_unix_stream, EPERM, EPERM, EPERM),
        ROW(set_an_option, 0, 0, 0),
        ROW(make_others_wait, EPERM, EPERM, EPERM),
        ROW(take_an_address, EPERM, EPERM, EPERM),
        ROW(be_given_an_address, EPERM, EPERM, EPERM),
        ROW(open_mptcp, EPERM, EPERM, EPERM),
        ROW(listen_to_others, EPERM, EPERM, EPERM),
        ROW(read_a_secret_place, NO_FILE, NO_FILE, NO_FILE),
        ROW(list_a_directory, NO_FILE, NO_FILE, NO_FILE),
        ROW(signal_the_parent, EPERM, EPERM, EPERM),
        ROW(signal_by_a_descriptor, EPERM, EPERM, EPERM),
        ROW(signal_itself, 0, 0, 0),
        ROW(open_raw, EPERM, EPERM, EPERM),
        ROW(open_packet, EPERM, EPERM, EPERM),
        ROW(look_up_a_map, EBADF, EPERM, EPERM), /* EBADF: the kernel was asked */
        ROW(change_a_map, EPERM, EPERM, EPERM),
        ROW(load_a_program, EPERM, EPERM, EPERM),
        ROW(map_code, EPERM, EPERM, EPERM),
        ROW(make_code, EPERM, EPERM, EPERM),
        ROW(make_a_process, EPERM, EPERM, EPERM),
        ROW(kill_the_parent, EPERM, EPERM, EPERM),
        ROW(run_a_program, DEADLY, DEADLY, DEADLY),
        ROW(attach_to_the_parent, DEADLY, DEADLY, DEADLY),
        ROW(become_another, DEADLY, DEADLY, DEADLY),
};

static int landlock_version(void)
{
        return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
}

static void a_worker_connects_to_the_ports_given_only(void **state)
{
        (void)state;
        if (landlock_version() < 4) { /* Linux 6.7 */
                print_message("the kernel's Landlock does not know ports\n");
                skip();
        }
        /* nobody listens on port 9: outside the answer is ECONNREFUSED */
        assert_int_equal(connect_to_port(9), ECONNREFUSED);
        assert_int_equal(result_of(connect_elsewhere, confine_worker), EACCES);
        assert_int_equal(result_of(connect_elsewhere, confine_verifier), EACCES);
}

static void a_role_is_given_the_ports_that_it_needs(void **state)
{
        struct sp_issuer_settings each[] = {
                { .issuer = SP_STR("https://filed.example:1/"),
                  .jwks_file = SP_STR("/j") },
                { .issuer = SP_STR("https://a.example:8443/x"), .discover = true },
                { .issuer = SP_STR("https://[::1]:8444"), .discover = true },
                { .issuer = SP_STR("https://b.example"), .discover = true },
        };
        struct sp_settings s = { .issuers = each, .n_issuers = 1 };
        uint16_t ports[SP_PORTS_MAX];

        (void)state;
        s.upstream.connect_to = SP_STR("[::1]:9443");
        assert_int_equal(sp_ports_of_upstream(&s, ports), 3);
        assert_int_equal(ports[0], 53);
        assert_int_equal(ports[1], 443);
        assert_int_equal(ports[2], 9443);
        assert_int_equal(sp_ports_of_issuers(&s, ports), 0); /* nothing is fetched */
        s.n_issuers = 4;
        assert_int_equal(sp_ports_of_issuers(&s, ports), 6);
        assert_int_equal(ports[3], 8443);
        assert_int_equal(ports[4], 8444);
        assert_int_equal(ports[5], 443);
}

static void a_role_can_do_what_it_must_and_nothing_else(void **state)
{
        sp_autoclose int listener = -1;

        (void)state;
        if (landlock_version() < 1) {
                print_message("the kernel has no Landlock\n");
                skip();
        }
        listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        (void)snprintf(other.sun_path, sizeof(other.sun_path), "/tmp/sp-sandbox-%d",
                       (int)getpid());
        assert_int_equal(bind(listener, (struct sockaddr *)&other, sizeof(other)), 0);
        assert_int_equal(listen(listener, 16), 0);
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                int w = result_of(rows[i].probe, confine_worker);
                int v = result_of(rows[i].probe, confine_verifier);
                int r = result_of(rows[i].probe, confine_recorder);

                if (w != rows[i].worker || v != rows[i].verifier ||
                    r != rows[i].recorder)
                        fail_msg("%s: worker %d, verifier %d, recorder %d",
                                 rows[i].sentence, w, v, r);
        }
        assert_int_equal(unlink(other.sun_path), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_worker_connects_to_the_ports_given_only),
                cmocka_unit_test(a_role_is_given_the_ports_that_it_needs),
                cmocka_unit_test(a_role_can_do_what_it_must_and_nothing_else),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
