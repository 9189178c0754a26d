/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/google/answer_stream.h"

#include <errno.h>

#include "daemon/google/rebuild.h"
#include "daemon/google/shapes.h"

#define MEMBERS_BYTES_MAX ((size_t)128 * 1024 * 1024) /* a schema as a tree, at most */

static int find(void *userdata, struct sp_str name)
{
        const struct sp_answer_stream *s = userdata;

        for (int i = 0; s->shape[i].name; i++)
                if (sp_str_eq(name, sp_str_c(s->shape[i].name)))
                        return s->shape[i].kind == SP_SHAPE_ROWS ? SP_STREAM_ROWS : i;
        return -1;
}

/* The client gets every name and type that the rows are planned by. */
static bool is_shown(const struct sp_column *c, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (!sp_rebuild_is_plain(SP_SHAPE_NAME, c[i].name) ||
                    !sp_rebuild_is_plain(SP_SHAPE_SCALAR, c[i].type) ||
                    !is_shown(c[i].fields, c[i].n_fields))
                        return false;
        return true;
}

/* The columns are those of the plan, and the rows will be those of the columns. */
static int take_schema(struct sp_answer_stream *s, struct sp_str json, struct sp_err *e)
{
        struct sp_str text =
                sp_arena_printf(&s->arena, "{\"schema\":%.*s}", SP_FMT(json));
        struct sp_outputs planned, came;
        int r;

        if (s->stream.seen >> SP_STREAM_ROWS & 1)
                return sp_err_set(e, -EBADMSG, "answer.shape", "",
                                  "the schema of the upstream's answer stands behind "
                                  "its rows");
        r = text.p ? sp_outputs_read(&s->arena, text, &came, e) : -ENOMEM;
        if (r == 0 && !is_shown(came.v, came.n))
                return sp_rebuild_refuse(e);
        if (r == 0 && s->planned.n) {
                r = sp_outputs_read(&s->arena, s->planned, &planned, e);
                if (r == 0)
                        r = sp_outputs_compare(&planned, &came, e);
                s->is_compared = r == 0;
        }
        if (r < 0)
                return r == -EINVAL ? sp_rebuild_refuse(e) : r;
        r = sp_outputs_plan(&s->arena, &came, &s->plan);
        if (r == 0)
                sp_stream_plan(&s->stream, &s->plan);
        return r == -EINVAL || r == -ENOTSUP ? sp_rebuild_refuse(e) : r;
}

static int note_job(struct sp_answer_stream *s, struct sp_err *e)
{
        struct sp_json *ref;

        if (sp_json_parse(&s->arena, s->reference, &ref, NULL) < 0)
                return sp_rebuild_refuse(e);
        s->seal.result = sp_page_token_job(&s->arena, sp_json_get_str(ref, "projectId"),
                                           sp_json_get_str(ref, "jobId"));
        return s->seal.result.p ? 0 : -ENOMEM;
}

/* What is also needed here, before what the client may see of it is written. */
static int note(struct sp_answer_stream *s, const char *name, struct sp_str json,
                struct sp_err *e)
{
        /* a query without rows has an empty schema, or none */
        if (strcmp(name, "schema") == 0 && json.n > 2)
                return take_schema(s, json, e);
        if (strcmp(name, "jobReference") != 0)
                return 0;
        s->reference = sp_arena_str(&s->arena, json);
        if (!s->reference.p)
                return -ENOMEM;
        return s->seal.result.n ? 0 : note_job(s, e);
}

/* What the client gets in place of a page token. */
static int seal(struct sp_answer_stream *s, struct sp_str json, struct sp_buf *out,
                struct sp_err *e)
{
        struct sp_jsonw w = SP_JSONW(out);
        struct sp_str sealed;
        struct sp_json *token;

        /* BigQuery names the job before the token; a token of no job is good for nothing */
        if (!s->seal.result.n || sp_json_parse(&s->arena, json, &token, NULL) < 0 ||
            token->type != SP_JSON_STRING)
                return sp_rebuild_refuse(e);
        sealed = sp_page_token_seal(&s->arena, &s->seal, token->text);
        if (!sealed.p)
                return sp_rebuild_refuse(e);
        sp_jsonw_str(&w, sealed);
        return sp_jsonw_end(&w);
}

static int value(void *userdata, int member, struct sp_str json, struct sp_buf *out,
                 struct sp_err *reterr)
{
        struct sp_answer_stream *s = userdata;
        const struct sp_shape *shape = &s->shape[member];
        int r = note(s, shape->name, json, reterr);

        if (r == 0 && s->seal.key.n && strcmp(shape->name, "pageToken") == 0 &&
            !sp_str_eq(json, SP_STR("null")))
                return seal(s, json, out, reterr);
        if (r == 0)
                r = sp_rebuild_member(&s->arena, shape, s->own, json, out, reterr);
        if (r == -ENOMEM)
                return sp_err_set(reterr, r, "answer.too-large", "",
                                  "the upstream answer is too large to be checked");
        return r;
}

int sp_answer_stream_init(struct sp_answer_stream *s,
                          const struct sp_answer_stream_from *from,
                          struct sp_err *reterr)
{
        static const struct sp_stream_hooks hooks = { find, value };
        static const struct sp_page_plan no_columns; /* until a schema says which */
        struct sp_outputs planned;
        int r = 0;

        *s = (struct sp_answer_stream){ .arena = SP_ARENA_INIT(MEMBERS_BYTES_MAX),
                                        .shape = sp_shape_of(from->action),
                                        .own = from->own,
                                        .planned = from->planned,
                                        .seal = from->seal };
        sp_stream_init(&s->stream, &hooks, s);
        if (strcmp(from->action, "bigquery.tabledata.list") != 0) {
                sp_stream_plan(&s->stream, &no_columns);
        } else if (from->page) {
                sp_stream_plan(&s->stream, from->page);
        } else if (from->planned.n) {
                r = sp_outputs_read(&s->arena, from->planned, &planned, reterr);
                if (r == 0)
                        r = sp_outputs_plan(&s->arena, &planned, &s->plan);
                if (r == 0)
                        sp_stream_plan(&s->stream, &s->plan);
                s->is_compared = r == 0;
        }
        return r == -ENOTSUP ? 0 : r;
}

void sp_answer_stream_done(struct sp_answer_stream *s)
{
        sp_stream_done(&s->stream);
        sp_arena_done(&s->arena);
}
