/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "daemon/sql/lex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
        if (!ok)
                abort();
}

/* Tokens are in order, inside the text, none empty but the END; every value can be
 * decoded and is not longer than it was written. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct sp_arena a = SP_ARENA_INIT(256 * 1024 * 1024);
        struct sp_str text = sp_str((const char *)data, size), value;
        struct sp_sql_tokens tokens;
        struct sp_err err = SP_ERR_NULL;
        uint32_t at = 0;

        if (sp_sql_lex(&a, text, &tokens, &err) == 0) {
                require(tokens.n > 0 && tokens.v[tokens.n - 1].type == SP_SQL_T_END);
                for (size_t i = 0; i < tokens.n; i++) {
                        const struct sp_sql_token *t = &tokens.v[i];

                        require(t->start >= at && t->end >= t->start && t->end <= size);
                        require((t->type == SP_SQL_T_END) == (i + 1 == tokens.n));
                        require(t->type == SP_SQL_T_END || t->end > t->start);
                        require(sp_sql_decode(&a, text, t, &value) == 0);
                        require(value.n <= t->end - t->start);
                        at = t->end;
                }
        } else {
                require(err.id != NULL && err.what[0] != '\0');
        }
        sp_arena_done(&a);
        return 0;
}
