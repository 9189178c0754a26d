/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/sql/sql.h"

#include "daemon/sql/facts.h"

static int parse(struct sp_arena *a, struct sp_str text, bool is_script,
                 struct sp_sql_script **ret, struct sp_err *reterr)
{
        struct sp_sql_parser p = {
                .arena = a, .text = text, .err = reterr, .is_script = is_script
        };
        struct sp_sql_script *script = sp_arena_new(a, struct sp_sql_script);
        struct sp_sql_tokens tokens;
        struct sp_sql_node *root;
        int r;

        if (!script)
                return sp_err_set(reterr, -ENOMEM, "sql.memory", "", "out of memory");
        r = sp_sql_lex(a, text, &tokens, reterr);
        if (r < 0)
                return r;
        p.tokens = tokens.v;
        p.n_tokens = tokens.n;
        root = sp_sql_parse_script(&p);
        if (!root)
                return p.code;
        r = sp_sql_facts(&p, root, script);
        if (r < 0)
                return r;
        script->text = text;
        script->root = root;
        script->is_script = p.has_procedural || script->n_statements > 1;
        script->positional = p.positional.v;
        script->n_positional = p.positional.n;
        script->named = p.named.v;
        script->n_named = p.named.n;
        *ret = script;
        return 0;
}

int sp_sql_parse(struct sp_arena *a, struct sp_str text, struct sp_sql_script **ret,
                 struct sp_err *reterr)
{
        return parse(a, text, true, ret, reterr);
}

int sp_sql_parse_one(struct sp_arena *a, struct sp_str text, struct sp_sql_script **ret,
                     struct sp_err *reterr)
{
        return parse(a, text, false, ret, reterr);
}
