/* SPDX-License-Identifier: Apache-2.0 */
/*
 * queryParameters: checked as a tree of types and values, written again from the same
 * tree member by member. Both halves stand side by side so that nothing can be written
 * that was not checked.
 */
#include "daemon/google/read.h"

#include <errno.h>

#define PARAMETERS_MAX 10000 /* BigQuery's own limit */

static const char *const types[] = {
        "INT64",  "INTEGER",  "FLOAT64",    "FLOAT",      "NUMERIC",  "DECIMAL",
        "BOOL",   "BOOLEAN",  "BIGNUMERIC", "BIGDECIMAL", "STRING",   "BYTES",
        "DATE",   "DATETIME", "TIME",       "TIMESTAMP",  "JSON",     "GEOGRAPHY",
        "RECORD", "STRUCT",   "ARRAY",      "RANGE",      "INTERVAL",
};

struct check {
        const char *where;
        struct sp_err *err;
};

static int bad(const struct check *c, const char *what)
{
        return sp_err_set(c->err, -EINVAL, "request.query-parameter", c->where,
                          "%s: %s", c->where, what);
}

static int unknown(const struct check *c, struct sp_str key)
{
        return sp_err_set(c->err, -EPERM, "request.unknown-field", c->where,
                          "%s: %.*s is not a field that is known here", c->where,
                          SP_FMT(sp_str_sub(key, 0, 64)));
}

static bool is_key(const struct sp_json *m, const char *name)
{
        return sp_str_eq(m->key, sp_str_c(name));
}

static bool is_name(struct sp_str s)
{
        if (s.n == 0 || s.n > 128 || (s.p[0] >= '0' && s.p[0] <= '9'))
                return false;
        for (size_t i = 0; i < s.n; i++) {
                char c = s.p[i];

                if (!((c >= '0' && c <= '9') ||
                      ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_'))
                        return false;
        }
        return true;
}

static bool is_type(struct sp_str s)
{
        for (size_t i = 0; i < SP_ARRAY_SIZE(types); i++)
                if (sp_str_caseeq(s, sp_str_c(types[i])))
                        return true;
        return false;
}

static int check_type(const struct check *c, const struct sp_json *o);

static int check_struct_types(const struct check *c, const struct sp_json *array)
{
        if (array->type != SP_JSON_ARRAY)
                return bad(c, "structTypes must be an array");
        for (const struct sp_json *f = array->first; f; f = f->next) {
                int e = 0;

                if (f->type != SP_JSON_OBJECT)
                        return bad(c, "a structTypes entry must be an object");
                for (const struct sp_json *m = f->first; m && e == 0; m = m->next) {
                        if (is_key(m, "type"))
                                e = check_type(c, m);
                        else if (is_key(m, "name") || is_key(m, "description"))
                                e = m->type == SP_JSON_STRING ? 0
                                                              : bad(c, "not a string");
                        else
                                e = unknown(c, m->key);
                }
                if (e < 0)
                        return e;
        }
        return 0;
}

static int check_type(const struct check *c, const struct sp_json *o)
{
        if (o->type != SP_JSON_OBJECT)
                return bad(c, "a parameterType must be an object");
        if (!is_type(sp_json_get_str(o, "type")))
                return bad(c, "a parameterType without a known type");
        for (const struct sp_json *m = o->first; m; m = m->next) {
                int e = 0;

                if (is_key(m, "arrayType") || is_key(m, "rangeElementType"))
                        e = check_type(c, m);
                else if (is_key(m, "structTypes"))
                        e = check_struct_types(c, m);
                else if (!is_key(m, "type"))
                        e = unknown(c, m->key);
                if (e < 0)
                        return e;
        }
        return 0;
}

static int check_value(const struct check *c, const struct sp_json *o);

static int check_values(const struct check *c, const struct sp_json *all,
                        enum sp_json_type type)
{
        int e = 0;

        if (all->type != type)
                return bad(c, "arrayValues is an array, structValues and rangeValue "
                              "are objects");
        for (const struct sp_json *m = all->first; m && e == 0; m = m->next)
                e = check_value(c, m);
        return e;
}

static int check_value(const struct check *c, const struct sp_json *o)
{
        if (o->type == SP_JSON_NULL)
                return 0;
        if (o->type != SP_JSON_OBJECT)
                return bad(c, "a parameterValue must be an object");
        for (const struct sp_json *m = o->first; m; m = m->next) {
                int e = 0;

                if (is_key(m, "value")) {
                        /* Node sends numbers and booleans as they are */
                        if (m->type == SP_JSON_ARRAY || m->type == SP_JSON_OBJECT)
                                e = bad(c,
                                        "a value must be a string, number or boolean");
                } else if (is_key(m, "arrayValues")) {
                        e = check_values(c, m, SP_JSON_ARRAY);
                } else if (is_key(m, "structValues")) {
                        e = check_values(c, m, SP_JSON_OBJECT);
                } else if (is_key(m, "rangeValue")) {
                        e = check_values(c, m, SP_JSON_OBJECT);
                        for (const struct sp_json *b = m->first; b && e == 0;
                             b = b->next)
                                if (!is_key(b, "start") && !is_key(b, "end"))
                                        e = unknown(c, b->key);
                } else {
                        e = unknown(c, m->key);
                }
                if (e < 0)
                        return e;
        }
        return 0;
}

static int check_parameter(const struct check *c, const struct sp_json *p)
{
        const struct sp_json *name = sp_json_get(p, "name");
        int e = 0;

        if (p->type != SP_JSON_OBJECT)
                return bad(c, "a parameter must be an object");
        for (const struct sp_json *m = p->first; m && e == 0; m = m->next) {
                if (is_key(m, "parameterType"))
                        e = check_type(c, m);
                else if (is_key(m, "parameterValue"))
                        e = check_value(c, m);
                else if (!is_key(m, "name"))
                        e = unknown(c, m->key);
        }
        if (e < 0)
                return e;
        if (!sp_json_get(p, "parameterType"))
                return bad(c, "a parameter without parameterType");
        if (name && name->type != SP_JSON_NULL &&
            !(name->type == SP_JSON_STRING &&
              (name->text.n == 0 || is_name(name->text))))
                return bad(c, "a parameter name is an identifier");
        if (sp_str_caseeq(sp_json_get_str(p, "name"), SP_STR(SP_CALL_SALT_PARAMETER)))
                return sp_err_set(
                        c->err, -EPERM, "request.reserved-parameter", c->where,
                        "the parameter name " SP_CALL_SALT_PARAMETER " is reserved");
        return 0;
}

int sp_read_query_parameters(const struct sp_json *v, const char *where,
                             struct sp_bq_query *q, struct sp_err *reterr)
{
        struct check c = { .where = where, .err = reterr };

        if (v->type != SP_JSON_ARRAY)
                return bad(&c, "must be an array");
        if (v->count > PARAMETERS_MAX)
                return bad(&c, "too many parameters");
        for (const struct sp_json *p = v->first; p; p = p->next) {
                int e = check_parameter(&c, p);

                if (e < 0)
                        return e;
        }
        q->parameters = v;
        return 0;
}

int sp_check_parameter_mode(const struct sp_bq_query *q, struct sp_err *reterr)
{
        struct check c = { .where = "queryParameters", .err = reterr };
        bool is_named = sp_str_eq(q->parameter_mode, SP_STR("NAMED"));

        for (const struct sp_json *p = q->parameters ? q->parameters->first : NULL; p;
             p = p->next)
                if (is_named != (sp_json_get_str(p, "name").n > 0))
                        return bad(&c, "named parameters have a name each, positional "
                                       "ones have none");
        return 0;
}

/* ---- writing ---- */

static void write_type(struct sp_jsonw *w, const struct sp_json *o)
{
        const struct sp_json *array = sp_json_get(o, "arrayType");
        const struct sp_json *range = sp_json_get(o, "rangeElementType");
        const struct sp_json *fields = sp_json_get(o, "structTypes");

        sp_jsonw_open(w, '{');
        for (size_t i = 0; i < SP_ARRAY_SIZE(types); i++)
                if (sp_str_caseeq(sp_json_get_str(o, "type"), sp_str_c(types[i])))
                        sp_jsonw_kstr(w, "type", sp_str_c(types[i]));
        if (array) {
                sp_jsonw_key(w, "arrayType");
                write_type(w, array);
        }
        if (range) {
                sp_jsonw_key(w, "rangeElementType");
                write_type(w, range);
        }
        if (fields) {
                sp_jsonw_key(w, "structTypes");
                sp_jsonw_open(w, '[');
                for (const struct sp_json *f = fields->first; f; f = f->next) {
                        sp_jsonw_open(w, '{');
                        if (sp_json_get(f, "name"))
                                sp_jsonw_kstr(w, "name", sp_json_get_str(f, "name"));
                        if (sp_json_get(f, "type")) {
                                sp_jsonw_key(w, "type");
                                write_type(w, sp_json_get(f, "type"));
                        }
                        sp_jsonw_close(w, '}');
                }
                sp_jsonw_close(w, ']');
        }
        sp_jsonw_close(w, '}');
}

static void write_scalar(struct sp_jsonw *w, const struct sp_json *v)
{
        if (v->type == SP_JSON_NULL)
                return;
        sp_jsonw_key(w, "value");
        if (v->type == SP_JSON_TRUE || v->type == SP_JSON_FALSE)
                sp_jsonw_str(w, v->type == SP_JSON_TRUE ? SP_STR("true")
                                                        : SP_STR("false"));
        else
                sp_jsonw_str(w, v->text);
}

static void write_value(struct sp_jsonw *w, const struct sp_json *o);

static void write_values(struct sp_jsonw *w, const char *key, const struct sp_json *all)
{
        bool is_array = all->type == SP_JSON_ARRAY;

        sp_jsonw_key(w, key);
        sp_jsonw_open(w, is_array ? '[' : '{');
        for (const struct sp_json *m = all->first; m; m = m->next) {
                if (!is_array)
                        sp_jsonw_key_str(w, m->key);
                write_value(w, m);
        }
        sp_jsonw_close(w, is_array ? ']' : '}');
}

static void write_value(struct sp_jsonw *w, const struct sp_json *o)
{
        static const char *const nested[] = { "arrayValues", "structValues",
                                              "rangeValue" };

        sp_jsonw_open(w, '{');
        if (sp_json_get(o, "value"))
                write_scalar(w, sp_json_get(o, "value"));
        for (size_t i = 0; i < SP_ARRAY_SIZE(nested); i++)
                if (sp_json_get(o, nested[i]))
                        write_values(w, nested[i], sp_json_get(o, nested[i]));
        sp_jsonw_close(w, '}');
}

static void write_salt(struct sp_jsonw *w, struct sp_str salt)
{
        sp_jsonw_open(w, '{');
        sp_jsonw_kstr(w, "name", SP_STR(SP_CALL_SALT_PARAMETER));
        sp_jsonw_key(w, "parameterType");
        sp_jsonw_open(w, '{');
        sp_jsonw_kstr(w, "type", SP_STR("STRING"));
        sp_jsonw_close(w, '}');
        sp_jsonw_key(w, "parameterValue");
        sp_jsonw_open(w, '{');
        sp_jsonw_kstr(w, "value", salt);
        sp_jsonw_close(w, '}');
        sp_jsonw_close(w, '}');
}

void sp_write_query_parameters(struct sp_jsonw *w, const struct sp_json *v,
                               struct sp_str salt)
{
        sp_jsonw_open(w, '[');
        for (const struct sp_json *p = v ? v->first : NULL; p; p = p->next) {
                sp_jsonw_open(w, '{');
                if (sp_json_get_str(p, "name").n)
                        sp_jsonw_kstr(w, "name", sp_json_get_str(p, "name"));
                sp_jsonw_key(w, "parameterType");
                write_type(w, sp_json_get(p, "parameterType"));
                if (sp_json_get(p, "parameterValue")) {
                        sp_jsonw_key(w, "parameterValue");
                        write_value(w, sp_json_get(p, "parameterValue"));
                }
                sp_jsonw_close(w, '}');
        }
        if (salt.n)
                write_salt(w, salt);
        sp_jsonw_close(w, ']');
}
