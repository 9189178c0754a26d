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
        return s->reference.p ? 0 : -ENOMEM;
}

static int value(void *userdata, int member, struct sp_str json, struct sp_buf *out,
                 struct sp_err *reterr)
{
        struct sp_answer_stream *s = userdata;
        const struct sp_shape *shape = &s->shape[member];
        int r = note(s, shape->name, json, reterr);

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
                                        .planned = from->planned };
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
