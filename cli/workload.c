/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/workload.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/bus_client.h"
#include "daemon/warden/guard_path.h"

#define UID_NOBODY 65534
#define CAPS 64

/* Of the listed directories the deepest that holds `own`, or that has the workload. */
static int find_guard(struct sp_workload_place *k, const char *name, const char *own,
                      struct sp_err *reterr)
{
        sp_cleanup(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        sp_cleanup(sd_bus_unrefp) sd_bus *bus = NULL;
        const char *path, *workload;
        size_t best = 0;
        uint64_t id;
        int r = sp_client_open(&bus, reterr);

        if (!r)
                r = sp_client_call(bus, SP_DBUS_PATH, SP_DBUS_IFACE_GUARD, "List",
                                   &reply, reterr, "");
        if (r)
                return r;
        r = sd_bus_message_enter_container(reply, 'a', "(sst)");
        while (r >= 0 &&
               (r = sd_bus_message_read(reply, "(sst)", &path, &workload, &id)) > 0) {
                bool fits =
                        own ? !strcmp(path, own) || sp_guard_path_is_below(own, path)
                            : !strcmp(workload, name);

                if (!id || !fits || strlen(path) <= best)
                        continue;
                best = strlen(path);
                (void)snprintf(k->path, sizeof(k->path), "%s", own ? own : path);
                (void)snprintf(k->workload, sizeof(k->workload), "%s", workload);
        }
        if (r < 0)
                return sp_err_set(reterr, r, "cli.bus", "",
                                  "the daemon's answer is not understood");
        if (!best)
                return sp_err_set(reterr, -ENOENT, "cli.check-unguarded",
                                  own ? own : "",
                                  own ? "is not below a guarded directory"
                                      : "no directory of that workload is there now");
        return 0;
}

static int read_rights(pid_t pid, struct sp_workload_rights *ret)
{
        struct sp_workload_rights r = { .pid = pid };
        char path[64], line[256];
        unsigned long long caps;
        FILE *f;
        int found = 0;

        (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
        f = fopen(path, "re");
        if (!f)
                return -errno;
        while (fgets(line, sizeof(line), f)) {
                found += sscanf(line, "Uid: %*u %u", &r.uid) == 1;
                found += sscanf(line, "Gid: %*u %u", &r.gid) == 1;
                if (sscanf(line, "CapEff: %llx", &caps) == 1)
                        r.effective = caps, found++;
                if (sscanf(line, "CapPrm: %llx", &caps) == 1)
                        r.permitted = caps, found++;
                if (sscanf(line, "CapBnd: %llx", &caps) == 1)
                        r.bounding = caps, found++;
        }
        (void)fclose(f);
        if (found != 5)
                return -ESRCH;
        *ret = r;
        return 0;
}

/* Somebody in the directory itself; those below may be other units'. */
static void find_rights(struct sp_workload_place *k, pid_t process)
{
        char mount[PATH_MAX], path[2 * PATH_MAX + 16];
        struct sp_err e;
        FILE *f;
        int pid;

        k->rights = (struct sp_workload_rights){ .uid = UID_NOBODY, .gid = UID_NOBODY };
        if (process) {
                (void)!read_rights(process, &k->rights);
                return;
        }
        if (sp_guard_path_mount(mount, &e))
                return;
        (void)snprintf(path, sizeof(path), "%s%s/cgroup.procs", mount, k->path);
        f = fopen(path, "re");
        if (f && fscanf(f, "%d", &pid) == 1 && pid > 0)
                (void)!read_rights((pid_t)pid, &k->rights);
        if (f)
                (void)fclose(f);
}

int sp_workload_take_rights(const struct sp_workload_rights *r)
{
        struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct d[2] = {
                { (uint32_t)r->effective, (uint32_t)r->permitted, 0 },
                { (uint32_t)(r->effective >> 32), (uint32_t)(r->permitted >> 32), 0 },
        };

        for (int i = 0; i < CAPS; i++)
                if (!(r->bounding >> i & 1))
                        (void)prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
            prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) || setgroups(0, NULL) ||
            setresgid(r->gid, r->gid, r->gid) || setresuid(r->uid, r->uid, r->uid) ||
            syscall(SYS_capset, &h, d))
                return -errno;
        return 0;
}

int sp_workload_find(const char *name, pid_t pid, struct sp_workload_place *ret,
                     struct sp_err *reterr)
{
        char own[PATH_MAX];
        int r = pid ? sp_guard_path_of_pid(pid, own) : 0;

        if (r)
                return sp_err_set(reterr, r, "cli.check", "", "no process %d",
                                  (int)pid);
        r = find_guard(ret, name, pid ? own : NULL, reterr);
        if (!r)
                find_rights(ret, pid);
        return r;
}
