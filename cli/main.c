/* SPDX-License-Identifier: Apache-2.0 */
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "daemon/base/log.h"

struct command {
        const char *name, *verbs, *what; /* verbs: what may follow, for completion */
        int (*run)(int argc, char **argv);
};

static int version(int argc, char **argv);
static const struct command commands[] = {
        { "run", "", "run a command in a guarded cgroup of its own", sp_cmd_run },
        { "guard", "add remove list events check unit",
          "tag cgroups, see what the kernel refused", sp_cmd_guard },
        { "approvals", "list show approve deny watch", "decide what waits for a person",
          sp_cmd_approvals },
        { "sessions", "list show replay columns", "look at what agents did",
          sp_cmd_sessions },
        { "audit", "verify export", "prove that no record was changed; print all",
          sp_cmd_audit },
        { "policy", "check decide explain suggest", "check policies and try them out",
          sp_cmd_policy },
        { "sql", "inspect", "show how a statement is understood", sp_cmd_sql },
        { "unmask", "--session --column --integer --reason --approval --no-wait",
          "be told the value behind a token, once somebody agrees", sp_cmd_unmask },
        { "keys", "rotate-mask", "make a new key for masks", sp_cmd_keys },
        { "doctor", "--workload --pid --fix --json",
          "does what runs in a workload trust the CA?", sp_cmd_doctor },
        { "status", "", "show how the daemon is", sp_cmd_status },
        { "metrics", "", "print the metrics in Prometheus' text format",
          sp_cmd_metrics },
        { "version", "", "print the version", version },
};

static int version(int argc, char **argv)
{
        (void)argc, (void)argv;
        (void)puts("sallyctl " SP_VERSION);
        return SP_EXIT_OK;
}

static void help(FILE *to)
{
        (void)fputs("usage: sallyctl COMMAND [ARGUMENT…]\n\n", to);
        for (size_t i = 0; i < SP_ARRAY_SIZE(commands); i++)
                (void)fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].what);
        (void)fputs("\nsallyctl COMMAND --help shows more; so does man sallyctl.\n",
                    to);
}

/* From the same table, so that it cannot be out of date. */
static int completions(const char *shell)
{
        if (!shell || strcmp(shell, "bash") != 0)
                return sp_cli_usage("sallyctl --completions bash", "for which shell?");
        (void)puts("# bash completion of sallyctl, from sallyctl --completions bash\n"
                   "_sallyctl()\n{\n"
                   "        local word=${COMP_WORDS[COMP_CWORD]} words=\n"
                   "        case $COMP_CWORD:${COMP_WORDS[1]} in");
        (void)printf("        1:*) words='");
        for (size_t i = 0; i < SP_ARRAY_SIZE(commands); i++)
                (void)printf("%s%s", i ? " " : "", commands[i].name);
        (void)puts("' ;;");
        for (size_t i = 0; i < SP_ARRAY_SIZE(commands); i++)
                if (commands[i].verbs[0])
                        (void)printf("        2:%s) words='%s' ;;\n", commands[i].name,
                                     commands[i].verbs);
        (void)puts("        esac\n"
                   "        COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
                   "        [ ${#COMPREPLY[@]} -gt 0 ] || "
                   "COMPREPLY=($(compgen -f -- \"$word\"))\n"
                   "}\ncomplete -F _sallyctl sallyctl");
        return SP_EXIT_OK;
}

int main(int argc, char **argv)
{
        const char *name = argc > 1 ? argv[1] : "";

        (void)setlocale(LC_ALL, "");
        sp_log_init("sallyctl", SP_LOG_WARNING);
        if (strcmp(name, "--completions") == 0)
                return completions(argv[2]);
        if (strcmp(name, "--version") == 0)
                return version(0, NULL);
        if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 ||
            strcmp(name, "help") == 0) {
                help(stdout);
                return SP_EXIT_OK;
        }
        for (size_t i = 0; i < SP_ARRAY_SIZE(commands); i++)
                if (strcmp(name, commands[i].name) == 0)
                        return commands[i].run(argc - 1, argv + 1);
        if (name[0])
                (void)fprintf(stderr, "sallyctl: there is no command '%s'\n\n", name);
        help(stderr);
        return SP_EXIT_USAGE;
}
