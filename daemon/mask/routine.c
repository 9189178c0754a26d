/* SPDX-License-Identifier: Apache-2.0 */
/* What routines.get says of a stored function. */
#include <errno.h>

#include "daemon/base/json.h"
#include "daemon/mask/mask.h"

/* Each of them runs something that is not in the body. */
static bool reaches_out(const struct sp_json *resource)
{
        static const char *const members[] = { "remoteFunctionOptions", "sparkOptions",
                                               "pythonOptions",
                                               "externalRuntimeOptions" };
        const struct sp_json *libraries = sp_json_get(resource, "importedLibraries");

        for (size_t i = 0; i < SP_ARRAY_SIZE(members); i++)
                if (sp_json_get(resource, members[i]))
                        return true;
        return libraries && (libraries->type != SP_JSON_ARRAY || libraries->count);
}

static const char *kind_of(const struct sp_json *resource)
{
        struct sp_str type = sp_json_get_str(resource, "routineType");
        struct sp_str language = sp_json_get_str(resource, "language");
        bool is_scalar = sp_str_eq(type, SP_STR("SCALAR_FUNCTION"));

        if (!sp_json_get_str(resource, "definitionBody").n || reaches_out(resource))
                return SP_ROUTINE_OTHER;
        /* the API leaves out the language of SQL */
        if ((is_scalar || sp_str_eq(type, SP_STR("AGGREGATE_FUNCTION"))) &&
            (!sp_json_get(resource, "language") || sp_str_eq(language, SP_STR("SQL"))))
                return SP_ROUTINE_SQL;
        return is_scalar && sp_str_eq(language, SP_STR("JAVASCRIPT"))
                       ? SP_ROUTINE_JAVASCRIPT
                       : SP_ROUTINE_OTHER;
}

int sp_routine_read(struct sp_arena *a, struct sp_str name,
                    const struct sp_json *resource, struct sp_schema *ret,
                    struct sp_err *reterr)
{
        struct sp_schema s = {
                .table = sp_arena_str(a, name),
                .etag = sp_arena_str(a, sp_json_get_str(resource, "etag")),
                .kind = sp_str_c(kind_of(resource)),
                .definition =
                        sp_arena_str(a, sp_json_get_str(resource, "definitionBody")),
        };

        if (!s.table.p || !s.etag.p || !s.definition.p)
                return sp_err_set(reterr, -ENOMEM, "judge.too-large", "",
                                  "out of memory");
        *ret = s;
        return 0;
}
