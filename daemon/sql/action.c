/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/sql/sql.h"

#include <errno.h>

static const char *const names[SP_SQL_ACTION_MAX_] = {
        [SP_SQL_UNKNOWN] = "unknown",
        [SP_SQL_SELECT] = "select",
        [SP_SQL_INSERT] = "insert",
        [SP_SQL_UPDATE] = "update",
        [SP_SQL_DELETE] = "delete",
        [SP_SQL_MERGE] = "merge",
        [SP_SQL_TRUNCATE] = "truncate",
        [SP_SQL_CREATE] = "create",
        [SP_SQL_ALTER] = "alter",
        [SP_SQL_DROP] = "drop",
        [SP_SQL_GRANT] = "grant",
        [SP_SQL_EXPORT] = "export",
        [SP_SQL_LOAD] = "load",
        [SP_SQL_CALL] = "call",
        [SP_SQL_EXECUTE] = "execute",
        [SP_SQL_SCRIPT] = "script",
        [SP_SQL_CREATE_TEMP_JS] = "create-temp-js",
        [SP_SQL_OTHER] = "other",
};

const char *sp_sql_action_name(enum sp_sql_action a)
{
        return (unsigned)a < SP_SQL_ACTION_MAX_ ? names[a] : NULL;
}

int sp_sql_action_parse(struct sp_str name, enum sp_sql_action *ret)
{
        /* "unknown" is nobody's to allow */
        for (int i = SP_SQL_UNKNOWN + 1; i < SP_SQL_ACTION_MAX_; i++)
                if (sp_str_eq(name, sp_str_c(names[i]))) {
                        *ret = (enum sp_sql_action)i;
                        return 0;
                }
        return -EINVAL;
}
