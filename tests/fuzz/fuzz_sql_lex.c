/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "daemon/base/buf.h"
#include "daemon/sql/lex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
        if (!ok)
                abort();
}

/* Tokens are in order, inside the text, none empty but the END; every value can be
 * decoded and is not longer than it was written. */
static void check_tokens(struct sp_arena *a, struct sp_str text,
                         const struct sp_sql_tokens *tokens)
{
        struct sp_str value;
        uint32_t at = 0;

        require(tokens->n > 0 && tokens->v[tokens->n - 1].type == SP_SQL_T_END);
        for (size_t i = 0; i < tokens->n; i++) {
                const struct sp_sql_token *t = &tokens->v[i];

                require(t->start >= at && t->end >= t->start && t->end <= text.n);
                require((t->type == SP_SQL_T_END) == (i + 1 == tokens->n));
                require(t->type == SP_SQL_T_END || t->end > t->start);
                require(sp_sql_decode(a, text, t, &value) == 0);
                require(value.n <= t->end - t->start);
                at = t->end;
        }
}

static struct sp_str written(struct sp_str text, const struct sp_sql_token *t)
{
        return sp_str_sub(text, t->start, t->end - t->start);
}

/* Nothing but the tokens has a meaning: with one blank between them they are the same,
 * whatever stood there before. */
static void check_again(struct sp_arena *a, struct sp_str text,
                        const struct sp_sql_tokens *tokens)
{
        struct sp_buf b = SP_BUF_INIT(2 * SP_SQL_TEXT_MAX);
        struct sp_sql_tokens again;
        struct sp_err err = SP_ERR_NULL;

        for (size_t i = 0; i + 1 < tokens->n; i++) {
                require(sp_buf_add(&b, written(text, &tokens->v[i])) == 0);
                require(sp_buf_add(&b, SP_STR(" ")) == 0);
        }
        if (b.n <= SP_SQL_TEXT_MAX) {
                require(sp_sql_lex(a, sp_buf_str(&b), &again, &err) == 0);
                require(again.n == tokens->n);
                for (size_t i = 0; i < again.n; i++) {
                        require(again.v[i].type == tokens->v[i].type);
                        require(again.v[i].keyword == tokens->v[i].keyword);
                        require(sp_str_eq(written(sp_buf_str(&b), &again.v[i]),
                                          written(text, &tokens->v[i])));
                }
        }
        sp_buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct sp_arena a = SP_ARENA_INIT(256 * 1024 * 1024);
        struct sp_str text = sp_str((const char *)data, size);
        struct sp_sql_tokens tokens;
        struct sp_err err = SP_ERR_NULL;

        if (sp_sql_lex(&a, text, &tokens, &err) == 0) {
                check_tokens(&a, text, &tokens);
                check_again(&a, text, &tokens);
        } else {
                require(err.id != NULL && err.what[0] != '\0');
        }
        sp_arena_done(&a);
        return 0;
}
