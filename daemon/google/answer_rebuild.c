/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Upstream answers, written again from the tables of google/shapes: nothing is copied
 * that is not named there.
 */
#include <errno.h>

#include "daemon/google/answer.h"
#include "daemon/google/message.h"
#include "daemon/google/read.h"
#include "daemon/google/rebuild.h"
#include "daemon/google/write.h"

#define MESSAGE_MAX 2048
#define ANSWER_MAX (64u * 1024 * 1024)
#define WORD_MAX 4096u /* page tokens are the longest */
#define NAME_BYTES_MAX 1024u

struct rebuild {
        struct sp_jsonw w;
        struct sp_arena *arena;
        const struct sp_answer_own *own;
        sp_answer_keep_fn keep; /* only for lists */
        sp_answer_own_fn own_of; /* only for lists of jobs */
        void *userdata;
        bool is_broken; /* upstream sent a type that Google never sends */
};

static void write_fields(struct rebuild *b, const struct sp_json *o,
                         const struct sp_shape *shape);

static void write_message(struct rebuild *b, struct sp_str s)
{
        struct sp_str clean = sp_message_clean(b->arena, b->own, s);
        char text[MESSAGE_MAX];

        sp_jsonw_str(&b->w, sp_write_clean(text, sizeof(text), clean));
}

static bool write_scalar(struct rebuild *b, const struct sp_json *v)
{
        switch (v->type) {
        case SP_JSON_STRING:
                sp_jsonw_str(&b->w, v->text);
                return true;
        case SP_JSON_NUMBER:
                sp_jsonw_number(&b->w, v->text);
                return true;
        case SP_JSON_TRUE:
        case SP_JSON_FALSE:
                sp_jsonw_bool(&b->w, v->type == SP_JSON_TRUE);
                return true;
        case SP_JSON_NULL:
                sp_jsonw_null(&b->w);
                return true;
        default:
                sp_jsonw_null(&b->w);
                b->is_broken = true;
                return false;
        }
}

static void write_labels(struct rebuild *b, const struct sp_json *o)
{
        sp_jsonw_open(&b->w, '{');
        for (const struct sp_json *m = o->first; m; m = m->next) {
                if (m->type != SP_JSON_STRING ||
                    sp_str_starts(m->key, SP_STR(SP_CALL_LABEL_PREFIX)))
                        continue;
                sp_jsonw_key_str(&b->w, m->key);
                sp_jsonw_str(&b->w, m->text);
        }
        sp_jsonw_close(&b->w, '}');
}

/* "p.d", or "p.d.t" with the member `id`; a NULL string when the reference is not complete, or would
 * not be once what is no name was left out of it. */
static struct sp_str name_of(struct rebuild *b, const struct sp_json *ref,
                             const char *id)
{
        struct sp_str p = sp_json_get_str(ref, "projectId");
        struct sp_str d = sp_json_get_str(ref, "datasetId");
        struct sp_str t = id ? sp_json_get_str(ref, id) : SP_STR_NULL;

        if (!p.n || !d.n || (id && !t.n) || !sp_rebuild_is_plain(SP_SHAPE_SCALAR, p) ||
            !sp_rebuild_is_plain(SP_SHAPE_SCALAR, d) ||
            !sp_rebuild_is_plain(SP_SHAPE_NAME, t))
                return SP_STR_NULL;
        return sp_arena_printf(b->arena, "%.*s.%.*s%s%.*s", SP_FMT(p), SP_FMT(d),
                               id ? "." : "", SP_FMT(t));
}

static struct sp_str item_resource(struct rebuild *b, const struct sp_json *item)
{
        static const struct {
                const char *reference, *id;
        } kinds[] = {
                { "tableReference", "tableId" },
                { "routineReference", "routineId" },
                { "modelReference", "modelId" },
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(kinds); i++) {
                const struct sp_json *ref = sp_json_get(item, kinds[i].reference);

                if (ref)
                        return name_of(b, ref, kinds[i].id);
        }
        return name_of(b, sp_json_get(item, "datasetReference"), NULL);
}

/* The others are those that a view reads, say. */
static void write_own_tables(struct rebuild *b, const struct sp_json *all,
                             const struct sp_shape *shape)
{
        sp_jsonw_open(&b->w, '[');
        for (const struct sp_json *m = all->first; m; m = m->next) {
                struct sp_str name = name_of(b, m, "tableId");

                if (name.p && b->own && sp_message_is_own_table(b->own, name))
                        write_fields(b, m, shape);
        }
        sp_jsonw_close(&b->w, ']');
}

static void write_jobs(struct rebuild *b, const struct sp_json *all,
                       const struct sp_shape *shape)
{
        sp_jsonw_open(&b->w, '[');
        for (const struct sp_json *m = all->first; m; m = m->next) {
                const struct sp_json *ref = sp_json_get(m, "jobReference");
                struct sp_str p = sp_json_get_str(ref, "projectId");
                struct sp_str id = sp_json_get_str(ref, "jobId"), job;
                struct sp_str location = sp_json_get_str(ref, "location");
                struct sp_answer_own own = { .is_rewritten = true };

                job = sp_arena_printf(b->arena, "%.*s:%.*s", SP_FMT(p), SP_FMT(id));
                if (!p.n || !id.n || !job.p ||
                    !sp_rebuild_is_plain(SP_SHAPE_SCALAR, p) ||
                    !sp_rebuild_is_plain(SP_SHAPE_SCALAR, id) ||
                    !sp_rebuild_is_plain(SP_SHAPE_SCALAR, location) ||
                    !b->own_of(b->userdata, job, location, &own))
                        continue;
                b->own = &own;
                write_fields(b, m, shape);
                b->own = NULL;
        }
        sp_jsonw_close(&b->w, ']');
}

static void write_items(struct rebuild *b, const struct sp_json *all,
                        const struct sp_shape *shape)
{
        uint64_t n = 0;

        if (b->own_of) {
                write_jobs(b, all, shape);
                return;
        }
        sp_jsonw_open(&b->w, '[');
        for (const struct sp_json *m = all->first; m; m = m->next) {
                struct sp_str resource = item_resource(b, m);

                if (!resource.p || !b->keep || !b->keep(b->userdata, resource))
                        continue;
                write_fields(b, m, shape);
                n++;
        }
        sp_jsonw_close(&b->w, ']');
        sp_jsonw_ku64(&b->w, "totalItems",
                      n); /* the true total would count what is hidden */
}

static void write_array(struct rebuild *b, const struct sp_json *all,
                        const struct sp_shape *field)
{
        sp_jsonw_open(&b->w, '[');
        for (const struct sp_json *m = all->first; m; m = m->next) {
                if (field->kind == SP_SHAPE_ARRAY)
                        write_fields(b, m, field->children);
                else if (m->type == SP_JSON_STRING)
                        sp_jsonw_str(&b->w, m->text);
        }
        sp_jsonw_close(&b->w, ']');
}

static bool type_fits(const struct sp_shape *f, const struct sp_json *v)
{
        switch (f->kind) {
        case SP_SHAPE_OBJECT:
        case SP_SHAPE_LABELS:
                return v->type == SP_JSON_OBJECT;
        case SP_SHAPE_ARRAY:
        case SP_SHAPE_STRINGS:
        case SP_SHAPE_ITEMS:
        case SP_SHAPE_TABLES:
                return v->type == SP_JSON_ARRAY;
        case SP_SHAPE_MESSAGE:
        case SP_SHAPE_SQL:
        case SP_SHAPE_QUOTE:
        case SP_SHAPE_NAME:
        case SP_SHAPE_TEXT:
                return v->type == SP_JSON_STRING;
        default:
                return v->type != SP_JSON_ARRAY && v->type != SP_JSON_OBJECT;
        }
}

bool sp_rebuild_is_plain(enum sp_shape_kind kind, struct sp_str s)
{
        bool is_word = kind == SP_SHAPE_SCALAR;

        if (s.n > (is_word ? WORD_MAX : NAME_BYTES_MAX))
                return false;
        for (size_t i = 0; i < s.n; i++) {
                unsigned char c = (unsigned char)s.p[i];

                if (c < 0x20 || c == 0x7f || (is_word && (c == ' ' || c > 0x7e)))
                        return false;
        }
        return true;
}

/* A string that is more than its member is for may be anything. It is left out. */
static bool is_plain(const struct sp_shape *f, const struct sp_json *v)
{
        if (v->type != SP_JSON_STRING ||
            (f->kind != SP_SHAPE_SCALAR && f->kind != SP_SHAPE_NAME))
                return true;
        return sp_rebuild_is_plain(f->kind, v->text);
}

/* Part of the text that the agent wrote: tells nothing of the one that was sent. */
static bool is_own_text(const struct rebuild *b, struct sp_str s)
{
        return b->own && s.n && b->own->sql.n &&
               memmem(b->own->sql.p, b->own->sql.n, s.p, s.n);
}

static void write_value(struct rebuild *b, const struct sp_shape *f,
                        const struct sp_json *v)
{
        switch (f->kind) {
        case SP_SHAPE_OBJECT:
                write_fields(b, v, f->children);
                break;
        case SP_SHAPE_LABELS:
                write_labels(b, v);
                break;
        case SP_SHAPE_MESSAGE:
                write_message(b, v->text);
                break;
        case SP_SHAPE_SQL:
                if (is_own_text(b, v->text)) /* of a script's child: its statement */
                        sp_jsonw_str(&b->w, v->text);
                else
                        sp_jsonw_str(&b->w, b->own ? b->own->sql : SP_STR_NULL);
                break;
        case SP_SHAPE_ITEMS:
                write_items(b, v, f->children);
                break;
        case SP_SHAPE_TABLES:
                write_own_tables(b, v, f->children);
                break;
        case SP_SHAPE_ARRAY:
        case SP_SHAPE_STRINGS:
                write_array(b, v, f);
                break;
        default:
                (void)write_scalar(b, v);
        }
}

static void write_fields(struct rebuild *b, const struct sp_json *o,
                         const struct sp_shape *shape)
{
        sp_jsonw_open(&b->w, '{');
        for (const struct sp_shape *f = shape; f->name; f++) {
                const struct sp_json *v = sp_json_get(o, f->name);

                if (!v || v->type == SP_JSON_NULL || !is_plain(f, v))
                        continue;
                if (f->kind == SP_SHAPE_QUOTE && v->type == SP_JSON_STRING &&
                    !is_own_text(b, v->text))
                        continue;
                if (!type_fits(f, v)) {
                        b->is_broken = true;
                        continue;
                }
                sp_jsonw_key(&b->w, f->name);
                write_value(b, f, v);
        }
        sp_jsonw_close(&b->w, '}');
}

int sp_rebuild_refuse(struct sp_err *reterr)
{
        return sp_err_set(reterr, -EBADMSG, "answer.not-understood", "",
                          "the upstream answer is not what BigQuery sends");
}

int sp_rebuild_member(struct sp_arena *a, const struct sp_shape *shape,
                      const struct sp_answer_own *own, struct sp_str json,
                      struct sp_buf *out, struct sp_err *reterr)
{
        struct rebuild b = { .w = SP_JSONW(out), .arena = a, .own = own };
        struct sp_json *v;
        int e = sp_json_parse(a, json, &v, NULL);

        if (e < 0)
                return e == -ENOMEM ? e : sp_rebuild_refuse(reterr);
        if (v->type == SP_JSON_NULL || !is_plain(shape, v))
                return 1;
        if (!type_fits(shape, v))
                return sp_rebuild_refuse(reterr);
        write_value(&b, shape, v);
        if (b.is_broken)
                return sp_rebuild_refuse(reterr);
        return sp_jsonw_end(&b.w);
}

static int rebuild_body(struct rebuild *b, const struct sp_shape *shape,
                        struct sp_str upstream_body, struct sp_str *ret,
                        struct sp_err *reterr)
{
        sp_autobuf out = SP_BUF_INIT(ANSWER_MAX);
        struct sp_json *root;
        struct sp_str text;
        int e;

        e = sp_json_parse(b->arena, upstream_body, &root, NULL);
        if (e == -ENOMEM)
                return sp_err_set(reterr, e, "answer.too-large", "",
                                  "the upstream answer is too large to be checked");
        if (e < 0 || root->type != SP_JSON_OBJECT)
                return sp_rebuild_refuse(reterr);
        b->w = SP_JSONW(&out);
        write_fields(b, root, shape);
        if (b->is_broken)
                return sp_rebuild_refuse(reterr);
        text = sp_write_end(b->arena, &b->w);
        if (!text.p)
                return sp_err_set(reterr, -ENOMEM, "answer.too-large", "",
                                  "the upstream answer is too large to be checked");
        *ret = text;
        return 0;
}

/* An error whose body is not Google's JSON (a proxy's page, say) says nothing but its
 * code. */
static int rebuild_error(struct rebuild *b, unsigned status,
                         struct sp_str upstream_body, struct sp_str *ret)
{
        struct sp_str text;

        if (rebuild_body(b, sp_shape_error, upstream_body, &text, NULL) == 0 &&
            !sp_str_eq(text, SP_STR("{}"))) {
                *ret = text;
                return 0;
        }
        text = sp_answer_error(
                b->arena, status, NULL,
                SP_STR("BigQuery refused the request without saying why"));
        if (!text.p)
                return -ENOMEM;
        *ret = text;
        return 0;
}

int sp_answer_rebuild(struct sp_arena *a, const struct sp_call *c, unsigned status,
                      struct sp_str upstream_body, const struct sp_answer_own *own,
                      struct sp_str *ret, struct sp_err *reterr)
{
        struct rebuild b = { .arena = a, .own = own };
        const struct sp_shape *shape = sp_shape_of(c->action);

        if (status >= 300)
                return rebuild_error(&b, status, upstream_body, ret);
        if (!shape)
                return sp_err_set(reterr, -ENOTSUP, "answer.not-understood", "",
                                  "answers of %s are not known here", c->action);
        return rebuild_body(&b, shape, upstream_body, ret, reterr);
}

int sp_answer_job_list(struct sp_arena *a, const struct sp_call *c,
                       struct sp_str upstream_body, sp_answer_own_fn own,
                       void *userdata, struct sp_str *ret, struct sp_err *reterr)
{
        struct rebuild b = { .arena = a, .own_of = own, .userdata = userdata };
        const struct sp_shape *shape = sp_shape_of(c->action);

        if (!shape || strcmp(c->action, "bigquery.jobs.list") != 0)
                return sp_err_set(reterr, -ENOTSUP, "answer.not-understood", "",
                                  "answers of %s are not known here", c->action);
        return rebuild_body(&b, shape, upstream_body, ret, reterr);
}

int sp_answer_filter(struct sp_arena *a, const struct sp_call *c,
                     struct sp_str upstream_body, sp_answer_keep_fn keep,
                     void *userdata, struct sp_str *ret, struct sp_err *reterr)
{
        struct rebuild b = { .arena = a, .keep = keep, .userdata = userdata };
        const struct sp_shape *shape = sp_shape_of(c->action);

        if (!shape || c->handling != SP_HANDLING_FILTER)
                return sp_err_set(reterr, -ENOTSUP, "answer.not-understood", "",
                                  "answers of %s are not known here", c->action);
        return rebuild_body(&b, shape, upstream_body, ret, reterr);
}
