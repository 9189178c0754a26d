/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sallyctl guard check: tries the ways out from inside the cgroup of a workload that runs, with
 * the rights of one of its processes, in a network that ends in our hands (cli/check_wire).
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "cli/check_ways.h"
#include "cli/check_wire.h"
#include "cli/cli.h"
#include "cli/guard_verbs.h"
#include "cli/run_cgroup.h"
#include "cli/workload.h"

#define WAIT_MS 60 /* a packet is on the device when the call that sends it returns */
#define NOTHING_TRIED 255

static const char usage[] =
        "sallyctl guard check --workload NAME | --pid PID [--json]\n"
        "Tries ways out from inside a guarded cgroup. Exit status 1: one is open.";

struct check {
        const char *workload;
        pid_t pid;
        bool as_json;
        struct sp_workload_place place;
        struct sp_check_wire wire;
        struct sp_run_cgroup cgroup;
        struct sp_table *table;
        unsigned n_open, n_closed, n_untried;
};

/* ---- a probe ---- */

static void probe(const struct check *k, const struct sp_check_way *w, bool is_inside)
        __attribute__((noreturn));

static void probe(const struct check *k, const struct sp_check_way *w, bool is_inside)
{
        int fd = w->prepare ? w->prepare(w) : -1, r = 0;
        struct sp_err e;

        if (w->prepare && fd < 0)
                _exit(NOTHING_TRIED);
        if (is_inside && sp_run_cgroup_enter(&k->cgroup, getpid(), &e))
                _exit(NOTHING_TRIED);
        if (sp_workload_take_rights(&k->place.rights))
                _exit(NOTHING_TRIED);
        r = w->go(w, fd);
        _exit(r < 0 && -r < NOTHING_TRIED ? -r : 0);
}

/* *ret_errno: what the system call said; 0: nothing wrong. -1: the probe did not get so far. */
static bool got_out(struct check *k, const struct sp_check_way *w, bool is_inside,
                    int *ret_errno)
{
        int status = 0;
        pid_t pid;

        (void)sp_check_wire_saw(&k->wire, 0);
        pid = fork();
        if (!pid)
                probe(k, w, is_inside);
        *ret_errno = -1;
        if (pid < 0 || waitpid(pid, &status, 0) != pid)
                return false;
        if (WIFEXITED(status) && WEXITSTATUS(status) != NOTHING_TRIED)
                *ret_errno = WEXITSTATUS(status);
        return sp_check_wire_saw(&k->wire, WAIT_MS);
}

static void says(char to[64], bool is_out, int number)
{
        if (is_out)
                (void)snprintf(to, 64, "gets out");
        else if (number < 0)
                (void)snprintf(to, 64, "could not be tried");
        else
                (void)snprintf(to, 64, "%s",
                               number ? strerrorname_np(number) : "nothing");
}

static int try_way(struct check *k, const struct sp_check_way *w)
{
        int e_out, e_in;
        bool control = got_out(k, w, false, &e_out),
             is_open = got_out(k, w, true, &e_in);
        char outside[64], inside[64];
        const char *verdict = is_open      ? "OPEN"
                              : !control   ? "no way here"
                              : e_in == -1 ? "NOT TRIED"
                                           : "closed";

        says(outside, control, e_out);
        says(inside, is_open, e_in);
        k->n_open += is_open;
        k->n_closed += !is_open && control && e_in != -1;
        k->n_untried += !is_open && control && e_in == -1;
        const char *const cells[] = { w->name, outside, inside, verdict,
                                      control || is_open ? w->closed_by : "" };

        return sp_table_row(k->table, cells);
}

static int try_all(struct check *k, struct sp_err *reterr)
{
        static const char *const columns[] = { "WAY", "OUTSIDE", "INSIDE", "RESULT",
                                               "CLOSED BY" };
        int r = 0;

        k->table = sp_table_new("ways", k->as_json, columns, SP_ARRAY_SIZE(columns));
        if (!k->table)
                r = -ENOMEM;
        for (size_t i = 0; !r && i < sp_check_n_ways; i++)
                r = try_way(k, &sp_check_ways[i]);
        if (k->table)
                (void)sp_table_finish(k->table);
        return r ? sp_err_set(reterr, r, "cli.memory", "", "out of memory") : 0;
}

static int run_checks(struct check *k, struct sp_err *reterr)
{
        struct sp_err e;
        int r = sp_run_cgroup_make(&k->cgroup, k->place.path, reterr);

        if (r)
                return r;
        r = sp_check_wire_open(&k->wire, reterr);
        if (!r)
                r = try_all(k, reterr);
        sp_check_wire_done(&k->wire);
        if (sp_run_cgroup_remove(&k->cgroup, &e))
                (void)sp_cli_fail(&e);
        return r;
}

static int summarise(const struct check *k)
{
        if (!k->as_json)
                (void)printf(
                        "%s, workload %s, as uid %u%s: %u ways closed, %u open%s\n",
                        k->place.path, k->place.workload, k->place.rights.uid,
                        k->place.rights.effective ? " with capabilities" : "",
                        k->n_closed, k->n_open,
                        k->n_untried ? ", some could not be tried" : "");
        /* A control that never gets out would make everything look closed. */
        if (!k->n_closed && !k->n_open)
                (void)fputs("sallyctl: nothing got out outside the guard either: this "
                            "proves nothing (cli.check)\n",
                            stderr);
        return k->n_open || k->n_untried || !k->n_closed ? SP_EXIT_FAILED : SP_EXIT_OK;
}

static int check(struct check *k)
{
        struct sp_err e = SP_ERR_NULL;
        int r;

        if (geteuid())
                return sp_cli_fail(
                        (sp_err_set(&e, -EPERM, "cli.check", "",
                                    "needs root: it enters cgroups and makes "
                                    "a network"),
                         &e));
        r = sp_workload_find(k->workload, k->pid, &k->place, &e);
        if (r)
                return sp_cli_fail(&e);
        return run_checks(k, &e) ? sp_cli_fail(&e) : summarise(k);
}

int sp_guard_verb_check(int argc, char **argv)
{
        static const struct option longs[] = {
                { "workload", required_argument, NULL, 'w' },
                { "pid", required_argument, NULL, 'p' },
                { "json", no_argument, NULL, 'j' },
                { "help", no_argument, NULL, 'h' },
                { NULL, 0, NULL, 0 },
        };
        struct check k = { .wire = SP_CHECK_WIRE_INIT };
        uint64_t pid;
        int c;

        optind = 1;
        while ((c = getopt_long(argc, argv, "hp:w:", longs, NULL)) >= 0) {
                switch (c) {
                case 'w':
                        k.workload = optarg;
                        break;
                case 'p':
                        if (sp_str_u64(sp_str_c(optarg), &pid) || !pid || pid > INT_MAX)
                                return sp_cli_usage(usage, "'%s' is no pid", optarg);
                        k.pid = (pid_t)pid;
                        break;
                case 'j':
                        k.as_json = true;
                        break;
                case 'h':
                        (void)printf("usage: %s\n", usage);
                        return SP_EXIT_OK;
                default:
                        return sp_cli_usage(usage, "that option is not known");
                }
        }
        if (optind < argc || !k.workload == !k.pid)
                return sp_cli_usage(usage, "a workload or a process?");
        return check(&k);
}
