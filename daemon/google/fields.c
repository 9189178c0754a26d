/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/google/fields.h"

#include <errno.h>
#include <stdio.h>

#include "daemon/google/url.h"

#define WHERE_MAX 160
#define LABELS_MAX 64 /* BigQuery's own limit */

int sp_field_bad_type(struct sp_err *reterr, const char *where, const char *wanted)
{
        return sp_err_set(reterr, -EINVAL, "request.field-type", where, "%s must be %s",
                          *where ? where : "the body", wanted);
}

int sp_field_bad_value(struct sp_err *reterr, const char *where, struct sp_str v)
{
        return sp_err_set(reterr, -EPERM, "request.field-value", where,
                          "%s cannot have the value '%.*s' here", where,
                          SP_FMT(sp_str_sub(v, 0, 64)));
}

int sp_field_unknown(struct sp_err *reterr, const char *where)
{
        return sp_err_set(reterr, -EPERM, "request.unknown-field", where,
                          "%s is not a field that is known here", where);
}

int sp_field_refused(struct sp_err *reterr, const char *where, const char *why)
{
        return sp_err_set(reterr, -EPERM, "request.refused-field", where,
                          "the field %s is not accepted: %s", where, why);
}

bool sp_field_choice(const char *choices, struct sp_str *v)
{
        const char *p = choices;

        while (p[1]) {
                const char *end = strchr(p + 1, '|');
                struct sp_str name = sp_str(p + 1, (size_t)(end - p) - 1);

                if (sp_str_caseeq(*v, name)) {
                        *v = name;
                        return true;
                }
                p = end;
        }
        return false;
}

bool sp_field_is_neutral(const struct sp_json *v)
{
        return v->type == SP_JSON_FALSE ||
               ((v->type == SP_JSON_ARRAY || v->type == SP_JSON_OBJECT) &&
                v->count == 0);
}

bool sp_field_is_label(struct sp_str s, bool is_key)
{
        if (s.n > 63 || (is_key && s.n == 0))
                return false;
        for (size_t i = 0; i < s.n; i++) {
                char c = s.p[i];

                if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
                      c == '-'))
                        return false;
        }
        return true;
}

static int write_labels(struct sp_fields *f, const struct sp_json *o, const char *where)
{
        if (o->type != SP_JSON_OBJECT || o->count > LABELS_MAX)
                return sp_field_bad_type(f->err, where,
                                         "an object of at most 64 strings");
        sp_jsonw_open(f->to, '{');
        for (const struct sp_json *m = o->first; m; m = m->next) {
                bool is_gone = f->keeps_null && m->type == SP_JSON_NULL;

                if (!sp_field_is_label(m->key, true) ||
                    !(is_gone ||
                      (m->type == SP_JSON_STRING && sp_field_is_label(m->text, false))))
                        return sp_field_bad_type(
                                f->err, where,
                                "labels of lower-case letters, digits, '_' and '-', at "
                                "most 63 bytes each");
                sp_jsonw_key_str(f->to, m->key);
                if (is_gone)
                        sp_jsonw_null(f->to);
                else
                        sp_jsonw_str(f->to, m->text);
        }
        sp_jsonw_close(f->to, '}');
        return 0;
}

static int write_strings(struct sp_fields *f, const struct sp_json *all,
                         const char *where)
{
        if (all->type != SP_JSON_ARRAY)
                return sp_field_bad_type(f->err, where, "an array of strings");
        sp_jsonw_open(f->to, '[');
        for (const struct sp_json *m = all->first; m; m = m->next) {
                if (m->type != SP_JSON_STRING)
                        return sp_field_bad_type(f->err, where, "an array of strings");
                sp_jsonw_str(f->to, m->text);
        }
        sp_jsonw_close(f->to, ']');
        return 0;
}

static int write_objects(struct sp_fields *f, const struct sp_json *all,
                         const char *where, const struct sp_field *children)
{
        char item[WHERE_MAX + 24];
        size_t i = 0;

        if (all->type != SP_JSON_ARRAY)
                return sp_field_bad_type(f->err, where, "an array of objects");
        sp_jsonw_open(f->to, '[');
        for (const struct sp_json *m = all->first; m; m = m->next) {
                int e;

                (void)snprintf(item, sizeof(item), "%s[%zu]", where, i++);
                e = sp_fields_write(f, m, item, children);
                if (e < 0)
                        return e;
        }
        sp_jsonw_close(f->to, ']');
        return 0;
}

/* Written as a string, the way Google itself writes 64-bit integers. */
static int write_integer(struct sp_fields *f, const struct sp_json *v,
                         const char *where)
{
        int64_t n;

        if ((v->type != SP_JSON_NUMBER && v->type != SP_JSON_STRING) ||
            sp_str_i64(v->text, &n) < 0)
                return sp_field_bad_type(f->err, where, "an integer");
        sp_jsonw_str(f->to, v->text);
        return 0;
}

static int write_id(struct sp_fields *f, const struct sp_json *v, const char *where,
                    enum sp_id_kind kind, struct sp_str *in_path)
{
        if (v->type != SP_JSON_STRING)
                return sp_field_bad_type(f->err, where, "a string");
        if (!sp_id_is_valid(kind, v->text))
                return sp_field_bad_value(f->err, where, v->text);
        if (in_path && in_path->n && !sp_str_eq(*in_path, v->text))
                return sp_err_set(f->err, -EPERM, "request.reference-mismatch", where,
                                  "%s is not what the path names", where);
        if (in_path)
                *in_path = v->text;
        sp_jsonw_str(f->to, v->text);
        return 0;
}

static int write_text(struct sp_fields *f, const struct sp_json *v, const char *where,
                      const char *choices)
{
        struct sp_str text = v->text;

        if (v->type != SP_JSON_STRING)
                return sp_field_bad_type(f->err, where, "a string");
        if (choices && !sp_field_choice(choices, &text))
                return sp_field_bad_value(f->err, where, v->text);
        sp_jsonw_str(f->to, text);
        return 0;
}

static int write_value(struct sp_fields *f, const struct sp_json *v, const char *where,
                       const struct sp_field *d)
{
        struct sp_call *c = f->call;

        switch (d->kind) {
        case SP_FIELD_BOOL:
                if (v->type != SP_JSON_TRUE && v->type != SP_JSON_FALSE)
                        return sp_field_bad_type(f->err, where, "true or false");
                sp_jsonw_bool(f->to, v->type == SP_JSON_TRUE);
                return 0;
        case SP_FIELD_INTEGER:
                return write_integer(f, v, where);
        case SP_FIELD_LABELS:
                return write_labels(f, v, where);
        case SP_FIELD_STRINGS:
                return write_strings(f, v, where);
        case SP_FIELD_OBJECT:
                return sp_fields_write(f, v, where, d->children);
        case SP_FIELD_OBJECTS:
                return write_objects(f, v, where, d->children);
        case SP_FIELD_DATA:
                if (v->type != SP_JSON_OBJECT)
                        return sp_field_bad_type(f->err, where, "an object");
                sp_jsonw_node(f->to, v);
                return 0;
        case SP_FIELD_PROJECT:
                return write_id(f, v, where, SP_ID_PROJECT, &c->project);
        case SP_FIELD_DATASET:
                return write_id(f, v, where, SP_ID_DATASET, &c->dataset);
        case SP_FIELD_TABLE:
                return write_id(f, v, where, SP_ID_TABLE, &c->table);
        case SP_FIELD_OTHER_PROJECT:
                return write_id(f, v, where, SP_ID_PROJECT, NULL);
        case SP_FIELD_OTHER_DATASET:
                return write_id(f, v, where, SP_ID_DATASET, NULL);
        case SP_FIELD_OTHER_TABLE:
                return write_id(f, v, where, SP_ID_TABLE, NULL);
        default:
                return write_text(f, v, where, d->arg);
        }
}

static bool says_nothing(const struct sp_json *v)
{
        return sp_field_is_neutral(v) || v->type == SP_JSON_NULL ||
               (v->type == SP_JSON_STRING && v->text.n == 0);
}

static const struct sp_field *find(const struct sp_field *fields, struct sp_str name)
{
        for (const struct sp_field *d = fields; d->name; d++)
                if (sp_str_eq(name, sp_str_c(d->name)))
                        return d;
        return NULL;
}

static void path_to(char to[WHERE_MAX], const char *where, struct sp_str name)
{
        (void)snprintf(to, WHERE_MAX, "%s%s%.*s", where, *where ? "." : "",
                       SP_FMT(sp_str_sub(name, 0, 64)));
}

static int check_names(struct sp_fields *f, const struct sp_json *o, const char *where,
                       const struct sp_field *fields)
{
        char path[WHERE_MAX];

        for (const struct sp_json *m = o->first; m; m = m->next) {
                const struct sp_field *d = find(fields, m->key);

                path_to(path, where, m->key);
                if (!d)
                        return sp_field_unknown(f->err, path);
                if (d->kind == SP_FIELD_REFUSED && !says_nothing(m))
                        return sp_field_refused(f->err, path, d->arg);
        }
        return 0;
}

int sp_fields_write(struct sp_fields *f, const struct sp_json *o, const char *where,
                    const struct sp_field *fields)
{
        char path[WHERE_MAX];
        int e;

        if (o->type != SP_JSON_OBJECT)
                return sp_field_bad_type(f->err, where, "an object");
        e = check_names(f, o, where, fields);
        sp_jsonw_open(f->to, '{');
        for (const struct sp_field *d = fields; d->name && e == 0; d++) {
                const struct sp_json *v = sp_json_get(o, d->name);

                if (!v || d->kind == SP_FIELD_OUTPUT || d->kind == SP_FIELD_REFUSED ||
                    (v->type == SP_JSON_NULL && !f->keeps_null))
                        continue;
                path_to(path, where, sp_str_c(d->name));
                sp_jsonw_key(f->to, d->name);
                if (v->type == SP_JSON_NULL)
                        sp_jsonw_null(f->to);
                else
                        e = write_value(f, v, path, d);
        }
        sp_jsonw_close(f->to, '}');
        return e;
}
