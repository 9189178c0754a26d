/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/approval_view.h"

#include <errno.h>
#include <stdlib.h>

static void free_list(char **list)
{
        for (size_t i = 0; list && list[i]; i++)
                free(list[i]);
        free(list);
}

void sp_view_free(struct sp_view *v)
{
        if (!v)
                return;
        char *const strings[] = { v->path,         v->id,
                                  v->state,        v->job,
                                  v->session,      v->workload,
                                  v->person,       v->comm,
                                  v->action,       v->rule,
                                  v->reason,       v->sql,
                                  v->request_hash, v->policy_version,
                                  v->approver,     v->decision_reason };

        for (size_t i = 0; i < SP_ARRAY_SIZE(strings); i++)
                free(strings[i]);
        free_list(v->resources);
        free_list(v->masked);
        free(v);
}

static void view_freep(struct sp_view **v)
{
        sp_view_free(*v);
}

static int read_string(sd_bus_message *m, char **to)
{
        const char *s;
        int r = sd_bus_message_read(m, "v", "s", &s);

        if (r < 0)
                return r;
        free(*to);
        *to = strdup(s);
        return *to ? 0 : -ENOMEM;
}

static int read_list(sd_bus_message *m, char ***to)
{
        int r = sd_bus_message_enter_container(m, 'v', "as");

        free_list(*to);
        *to = NULL;
        if (r >= 0)
                r = sd_bus_message_read_strv(m, to);
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_property(sd_bus_message *m, const char *name, struct sp_view *v)
{
        const struct {
                const char *name;
                char **to;
        } strings[] = {
                { "Id", &v->id },
                { "State", &v->state },
                { "Job", &v->job },
                { "Session", &v->session },
                { "Workload", &v->workload },
                { "Person", &v->person },
                { "Comm", &v->comm },
                { "Action", &v->action },
                { "Rule", &v->rule },
                { "Reason", &v->reason },
                { "Sql", &v->sql },
                { "RequestHash", &v->request_hash },
                { "PolicyVersion", &v->policy_version },
                { "Approver", &v->approver },
                { "DecisionReason", &v->decision_reason },
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(strings); i++)
                if (strcmp(name, strings[i].name) == 0)
                        return read_string(m, strings[i].to);
        if (strcmp(name, "Resources") == 0)
                return read_list(m, &v->resources);
        if (strcmp(name, "Masked") == 0)
                return read_list(m, &v->masked);
        if (strcmp(name, "Uid") == 0)
                return sd_bus_message_read(m, "v", "u", &v->uid);
        if (strcmp(name, "Pid") == 0)
                return sd_bus_message_read(m, "v", "u", &v->pid);
        if (strcmp(name, "EstimatedBytes") == 0)
                return sd_bus_message_read(m, "v", "t", &v->estimated_bytes);
        if (strcmp(name, "Created") == 0)
                return sd_bus_message_read(m, "v", "t", &v->created);
        if (strcmp(name, "Expires") == 0)
                return sd_bus_message_read(m, "v", "t", &v->expires);
        if (strcmp(name, "SqlTruncated") == 0)
                return sd_bus_message_read(m, "v", "b", &v->sql_truncated);
        return sd_bus_message_skip(m, "v");
}

int sp_view_read(sd_bus_message *m, const char *path, struct sp_view **ret)
{
        sp_cleanup(view_freep) struct sp_view *v = calloc(1, sizeof(*v));
        const char *name;
        int r;

        if (!v)
                return -ENOMEM;
        v->estimated_bytes = UINT64_MAX;
        v->path = strdup(path);
        if (!v->path)
                return -ENOMEM;
        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = sd_bus_message_read(m, "s", &name);
                if (r >= 0)
                        r = read_property(m, name, v);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        if (r < 0)
                return r;
        if (!v->id || !v->state || !v->workload || !v->sql)
                return -EBADMSG;
        *ret = SP_TAKE(v);
        return 0;
}

/* One a{sa{sv}}: the interfaces of one object. *ret stays NULL without ours. */
static int read_interfaces(sd_bus_message *m, const char *path, struct sp_view **ret)
{
        const char *iface;
        int r = sd_bus_message_enter_container(m, 'a', "{sa{sv}}");

        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sa{sv}")) > 0) {
                r = sd_bus_message_read(m, "s", &iface);
                if (r >= 0 && strcmp(iface, SP_DBUS_IFACE_APPROVAL) == 0)
                        r = sp_view_read(m, path, ret);
                else if (r >= 0)
                        r = sd_bus_message_skip(m, "a{sv}");
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* Not by id alone: ids of the same millisecond are in no order. */
static int compare_views(const void *a, const void *b)
{
        const struct sp_view *x = *(struct sp_view *const *)a;
        const struct sp_view *y = *(struct sp_view *const *)b;

        if (x->created != y->created)
                return x->created < y->created ? -1 : 1;
        return strcmp(x->id, y->id);
}

static int read_all(sd_bus_message *m, struct sp_view ***ret, size_t *ret_n)
{
        struct sp_view **all = NULL, **more;
        const char *path;
        size_t n = 0;
        int r = sd_bus_message_enter_container(m, 'a', "{oa{sa{sv}}}");

        while (r >= 0 &&
               (r = sd_bus_message_enter_container(m, 'e', "oa{sa{sv}}")) > 0) {
                struct sp_view *v = NULL;

                r = sd_bus_message_read(m, "o", &path);
                if (r >= 0)
                        r = read_interfaces(m, path, &v);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
                if (!v)
                        continue;
                more = realloc(all, (n + 1) * sizeof(*all));
                if (!more) {
                        sp_view_free(v);
                        r = -ENOMEM;
                        break;
                }
                all = more;
                all[n++] = v;
        }
        *ret = all;
        *ret_n = n;
        return r < 0 ? r : 0;
}

int sp_view_all(sd_bus *bus, sp_view_fn each, void *userdata, struct sp_err *reterr)
{
        sp_cleanup(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        struct sp_view **all;
        size_t n;
        int r = sp_client_call(bus, SP_DBUS_PATH, "org.freedesktop.DBus.ObjectManager",
                               "GetManagedObjects", &reply, reterr, NULL);

        if (r < 0)
                return r;
        r = read_all(reply, &all, &n);
        if (n)
                qsort(all, n, sizeof(*all), compare_views);
        for (size_t i = 0; i < n; i++) {
                if (r >= 0)
                        each(userdata, all[i]);
                else
                        sp_view_free(all[i]);
        }
        free(all);
        return r < 0 ? sp_err_set(reterr, r, "cli.bus", "",
                                  "the daemon's answer was not understood")
                     : 0;
}

struct search {
        const char *id;
        struct sp_view *found;
        unsigned matches;
};

static void match(void *userdata, struct sp_view *v)
{
        struct search *s = userdata;

        if (strncasecmp(v->id, s->id, strlen(s->id)) == 0) {
                s->matches++;
                sp_view_free(s->found);
                s->found = v;
        } else {
                sp_view_free(v);
        }
}

int sp_view_find(sd_bus *bus, const char *id, struct sp_view **ret,
                 struct sp_err *reterr)
{
        struct search s = { .id = id };
        int r = sp_view_all(bus, match, &s, reterr);

        if (r == 0 && s.matches != 1)
                r = s.matches
                            ? sp_err_set(reterr, -EINVAL, "cli.ambiguous", "",
                                         "%u approvals begin with '%s'", s.matches, id)
                            : sp_err_set(reterr, -ENOENT, "cli.unknown-object", "",
                                         "there is no such approval, or not any more");
        if (r < 0) {
                sp_view_free(s.found);
                return r;
        }
        *ret = s.found;
        return 0;
}

/* ---- printing ---- */

static void print_list(FILE *to, const char *label, char **list)
{
        for (size_t i = 0; list && list[i]; i++)
                (void)fprintf(to, "  %-10s %s\n", i ? "" : label, list[i]);
}

static void print_line(FILE *to, const char *label, const char *value)
{
        if (value && value[0])
                (void)fprintf(to, "  %-10s %s\n", label, value);
}

static int print_sql(sd_bus *bus, const struct sp_view *v, FILE *to,
                     struct sp_err *reterr)
{
        int r = 0;

        (void)fprintf(to, "\n%s", v->sql);
        for (uint32_t part = 1; r == 0 && v->sql_truncated; part++) {
                sp_cleanup(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
                const char *text = "";

                r = sp_client_call(bus, v->path, SP_DBUS_IFACE_APPROVAL, "SqlPart",
                                   &reply, reterr, "u", part);
                if (r == 0 && sd_bus_message_read(reply, "s", &text) < 0)
                        r = sp_err_set(reterr, -EBADMSG, "cli.bus", "",
                                       "the SQL could not be read");
                if (r < 0 || !text[0])
                        break;
                (void)fputs(text, to);
        }
        (void)fputs("\n", to);
        return r;
}

int sp_view_print(sd_bus *bus, const struct sp_view *v, FILE *to, struct sp_err *reterr)
{
        char ago[32], bytes[32] = "not estimated", deadline[32], who[64];

        sp_cli_time_ago(ago, sizeof(ago), v->created);
        sp_cli_time_ago(deadline, sizeof(deadline), v->expires);
        if (v->estimated_bytes != UINT64_MAX)
                sp_cli_bytes(bytes, sizeof(bytes), v->estimated_bytes);
        (void)snprintf(who, sizeof(who), "uid %u, pid %u (%s)", v->uid, v->pid,
                       v->comm ?: "");
        (void)fprintf(to, "%s  %s, asked %s", v->id, v->state, ago);
        if (strcmp(v->state, "pending") == 0 || strcmp(v->state, "approved") == 0)
                (void)fprintf(to, ", expires %s", deadline);
        (void)fputs("\n", to);
        print_line(to, "workload", v->workload);
        print_line(to, "person", v->person);
        print_line(to, "process", who);
        print_line(to, "session", v->session);
        print_line(to, "action", v->action);
        print_list(to, "on", v->resources);
        print_list(to, "masked", v->masked);
        print_line(to, "reads", bytes);
        print_line(to, "rule", v->rule);
        print_line(to, "because", v->reason);
        print_line(to, "job", v->job);
        print_line(to, "request", v->request_hash);
        print_line(to, "policy", v->policy_version);
        print_line(to, "decided by", v->approver);
        print_line(to, "saying", v->decision_reason);
        return print_sql(bus, v, to, reterr);
}
