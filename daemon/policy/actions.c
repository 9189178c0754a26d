/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/policy/actions.h"

#include "daemon/policy/pattern.h"

/* What is neither a statement nor a method. No star means them. */
static const char *const others[] = {
        "select-through", /* read what a view reads without a rule for that */
};
_Static_assert((int)SP_SQL_ACTION_MAX_ <= SP_ACTIONS_OTHER &&
                       SP_ACTIONS_OTHER + SP_ARRAY_SIZE(others) <= SP_ACTIONS_METHOD,
               "actions overlap");

/* The 47 methods of BigQuery v2 and more, sorted by byte value for the search below. */
static const char *const methods[] = {
        "bigquery.datasets.delete",
        "bigquery.datasets.get",
        "bigquery.datasets.insert",
        "bigquery.datasets.list",
        "bigquery.datasets.patch",
        "bigquery.datasets.undelete",
        "bigquery.datasets.update",
        "bigquery.jobs.cancel",
        "bigquery.jobs.delete",
        "bigquery.jobs.get",
        "bigquery.jobs.getQueryResults",
        "bigquery.jobs.insert",
        "bigquery.jobs.list",
        "bigquery.jobs.query",
        "bigquery.models.delete",
        "bigquery.models.get",
        "bigquery.models.list",
        "bigquery.models.patch",
        "bigquery.projects.getServiceAccount",
        "bigquery.projects.list",
        "bigquery.routines.delete",
        "bigquery.routines.get",
        "bigquery.routines.getIamPolicy",
        "bigquery.routines.insert",
        "bigquery.routines.list",
        "bigquery.routines.setIamPolicy",
        "bigquery.routines.testIamPermissions",
        "bigquery.routines.update",
        "bigquery.rowAccessPolicies.batchDelete",
        "bigquery.rowAccessPolicies.delete",
        "bigquery.rowAccessPolicies.get",
        "bigquery.rowAccessPolicies.getIamPolicy",
        "bigquery.rowAccessPolicies.insert",
        "bigquery.rowAccessPolicies.list",
        "bigquery.rowAccessPolicies.testIamPermissions",
        "bigquery.rowAccessPolicies.update",
        "bigquery.tabledata.insertAll",
        "bigquery.tabledata.list",
        "bigquery.tables.delete",
        "bigquery.tables.get",
        "bigquery.tables.getIamPolicy",
        "bigquery.tables.insert",
        "bigquery.tables.list",
        "bigquery.tables.patch",
        "bigquery.tables.setIamPolicy",
        "bigquery.tables.testIamPermissions",
        "bigquery.tables.update",
        /* of Cloud Storage those that are offered */
        "storage.buckets.get",
        "storage.objects.get",
        "storage.objects.list",
};
_Static_assert(SP_ACTIONS_METHOD + SP_ARRAY_SIZE(methods) <= SP_ACTIONS_MAX,
               "too many");

int sp_action_number(struct sp_str name)
{
        enum sp_sql_action sql;
        size_t low = 0, high = SP_ARRAY_SIZE(methods);

        for (unsigned i = 0; i < SP_ARRAY_SIZE(others); i++)
                if (sp_str_eq(name, sp_str_c(others[i])))
                        return (int)(SP_ACTIONS_OTHER + i);
        if (!sp_str_starts(name, SP_STR("bigquery.")) &&
            !sp_str_starts(name, SP_STR("storage.")))
                return sp_sql_action_parse(name, &sql) == 0 && sql != SP_SQL_UNKNOWN
                               ? (int)sql
                               : -1;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int c = sp_str_cmp(name, sp_str_c(methods[middle]));

                if (c == 0)
                        return (int)(SP_ACTIONS_METHOD + middle);
                if (c < 0)
                        high = middle;
                else
                        low = middle + 1;
        }
        return -1;
}

const char *sp_action_name(unsigned number)
{
        if (number >= SP_ACTIONS_OTHER &&
            number < SP_ACTIONS_OTHER + SP_ARRAY_SIZE(others))
                return others[number - SP_ACTIONS_OTHER];
        if (number < SP_ACTIONS_METHOD)
                return number != SP_SQL_UNKNOWN && number < SP_SQL_ACTION_MAX_
                               ? sp_sql_action_name((enum sp_sql_action)number)
                               : NULL;
        number -= SP_ACTIONS_METHOD;
        return number < SP_ARRAY_SIZE(methods) ? methods[number] : NULL;
}

bool sp_action_pattern(struct sp_str pattern, struct sp_action_set *ret)
{
        struct sp_action_set set = { 0 };
        bool is_any = sp_str_eq(pattern, SP_STR("*"));

        for (unsigned i = 0; i < SP_ACTIONS_MAX; i++) {
                const char *name = sp_action_name(i);

                if (!name)
                        continue;
                /* SQL actions are spelled out: "d*" for delete and drop helps nobody */
                if ((is_any && !sp_action_is_other(i)) ||
                    (sp_action_is_sql(i)
                             ? sp_str_eq(pattern, sp_str_c(name))
                             : sp_pattern_covers(pattern, sp_str_c(name), false)))
                        sp_action_add(&set, i);
        }
        if (!set.bits[0] && !set.bits[1])
                return false;
        *ret = set;
        return true;
}

bool sp_action_reaches_inside(unsigned number)
{
        const char *name = sp_action_name(number);
        struct sp_str s = sp_str_c(name);

        if (sp_action_is_sql(number))
                return number == SP_SQL_DROP || number == SP_SQL_ALTER ||
                       number == SP_SQL_GRANT;
        return sp_str_starts(s, SP_STR("bigquery.datasets.")) &&
               !sp_action_is_look(number);
}

bool sp_action_is_look(unsigned number)
{
        struct sp_str s = sp_str_c(sp_action_name(number));

        return !sp_action_is_sql(number) &&
               (sp_str_ends(s, SP_STR(".get")) || sp_str_ends(s, SP_STR(".list")));
}

bool sp_action_has_where(unsigned number)
{
        return number == SP_SQL_UPDATE || number == SP_SQL_DELETE ||
               number == SP_SQL_MERGE || number == SP_SQL_TRUNCATE;
}
