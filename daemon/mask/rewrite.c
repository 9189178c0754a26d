/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "daemon/mask/group.h"
#include "daemon/mask/rewrite.h"
#include "daemon/policy/groups.h"
#include "daemon/sql/name.h"

int sp_mask_refuse(struct sp_mask_work *w, const char *id, struct sp_str name,
                   const char *what)
{
        return sp_err_set(w->err, -EPERM, id, "", "%.*s %s", (int)SP_MIN(name.n, 160),
                          name.n ? name.p : "", what);
}

static int refuse(const struct sp_mask_text *t, const char *id, struct sp_str name,
                  const char *what)
{
        return sp_mask_refuse(t->work, id, name, what);
}

int sp_mask_known_table(struct sp_mask_work *w, struct sp_str name,
                        struct sp_mask_known **ret)
{
        struct sp_mask_known **at = &w->known, *k;
        int r;

        for (; *at; at = &(*at)->next)
                if (sp_str_eq((*at)->name, name)) {
                        *ret = *at;
                        return 0;
                }
        k = sp_arena_new(w->arena, struct sp_mask_known);
        if (!k)
                return -ENOMEM;
        r = sp_mask_table_find(w->arena, w->in, name, &k->table, w->err);
        if (r < 0)
                return r;
        k->name = name;
        *at = k;
        *ret = k;
        return 0;
}

static struct sp_str slice(const struct sp_mask_text *t, uint32_t start, uint32_t end)
{
        return sp_str_sub(t->in.text, start, end > start ? end - start : 0);
}

/* The implicit alias has to be written out, or the subquery would have none. */
static int put_alias(struct sp_mask_text *w, struct sp_buf *to,
                     const struct sp_sql_table *t, bool alias_is_inside)
{
        struct sp_str alias = t->alias;
        int r;

        if (t->has_alias && !alias_is_inside)
                return 0; /* stands behind the span and stays */
        if (t->has_alias) {
                r = sp_buf_addc(to, ' ');
                return r < 0 ? r
                             : sp_buf_add(to, slice(w, t->alias_span.start,
                                                    t->alias_span.end));
        }
        if (t->is_wildcard)
                return 0; /* is called `events_*`, which nothing is safely called */
        if (!alias.n && t->n_parts)
                alias = t->parts[t->n_parts - 1];
        r = sp_buf_add(to, SP_STR(" AS "));
        return r < 0 ? r : sp_mask_put_quoted(to, alias, w->work->err);
}

int sp_mask_text_splice(struct sp_mask_text *t, struct sp_sql_span span,
                        struct sp_str text)
{
        struct sp_mask_splice *s =
                sp_sql_vector_add(t->work->arena, &t->splices, sizeof(*s));

        if (!s)
                return -ENOMEM;
        s->span = span;
        s->text = sp_arena_str(t->work->arena, text);
        return s->text.p ? 0 : -ENOMEM;
}

int sp_mask_text_mention(struct sp_mask_text *t, size_t mention,
                         struct sp_mask_mention m)
{
        struct sp_mask_mention *to;

        if (t->mentions.n == SP_MASK_MENTIONS_MAX)
                return refuse(t, "mask.too-long", SP_STR("the statement"),
                              "mentions too many tables, those below views included");
        to = sp_sql_vector_add(t->work->arena, &t->mentions, sizeof(*to));
        if (!to)
                return -ENOMEM;
        *to = m;
        t->counts[mention]++;
        return 0;
}

/* A mention that a script lists with the outer statement too is replaced once. */
static bool is_replaced(const struct sp_mask_text *t, const struct sp_sql_table *table)
{
        const struct sp_mask_splice *s = t->splices.v;

        for (size_t i = 0; i < t->splices.n; i++)
                if (s[i].span.start == table->span.start &&
                    s[i].span.end == table->span.end)
                        return true;
        return false;
}

int sp_mask_text_replace(struct sp_mask_text *w, const struct sp_sql_table *t,
                         size_t mention, struct sp_str source,
                         struct sp_mask_known *known)
{
        sp_autobuf text = SP_BUF_INIT(SP_SQL_TEXT_MAX);
        /* t AS x FOR SYSTEM_TIME …: the alias is in the middle */
        bool alias_is_inside = t->has_alias && t->alias_span.start < t->span.end;
        struct sp_str clauses = slice(w, t->system_time.start, t->system_time.end);
        struct sp_schema metadata;
        int r;

        known->is_used = true;
        w->replaced[mention] = true;
        if (is_replaced(w, t))
                return 0;
        if (t->sample.end) {
                clauses = sp_arena_printf(
                        w->work->arena, "%.*s\n%.*s", SP_FMT(clauses),
                        SP_FMT(slice(w, t->sample.start, t->sample.end)));
                if (!clauses.p)
                        return -ENOMEM;
        }
        (void)sp_mask_metadata(known->name, &metadata, &clauses);
        r = sp_mask_put_subquery(&text, &known->table, source, clauses,
                                 &w->work->needs_salt, w->work->err);
        if (r == 0)
                r = put_alias(w, &text, t, alias_is_inside);
        if (r == 0)
                r = sp_mask_text_splice(w, t->span, sp_buf_str(&text));
        /* what went into the subquery must not stand behind it */
        if (r == 0 && t->sample.end)
                r = sp_mask_text_splice(w, t->sample, SP_STR(""));
        return r;
}

/* A protected table that is written. What only writes may pass; what also reads the
 * target is looked at; what could take the protection away is refused. */
static int check_target(struct sp_mask_text *w, const struct sp_sql_statement *st,
                        const struct sp_sql_table *t, struct sp_str name)
{
        switch (st->action) {
        case SP_SQL_INSERT:
        case SP_SQL_TRUNCATE:
        case SP_SQL_CREATE:
        case SP_SQL_DROP:
        case SP_SQL_LOAD:
        case SP_SQL_GRANT:
                if (t->is_read)
                        break;
                return 0;
        case SP_SQL_UPDATE:
        case SP_SQL_DELETE:
        case SP_SQL_MERGE:
                return 0; /* sp_mask_check_targets looks at all of them at once */
        default:
                break;
        }
        return refuse(
                w, "mask.statement", name,
                "has protected columns; this statement could take their protection "
                "away or read them unmasked");
}

/* Metadata shows the columns that are known here, whatever the policy masks. */
static int read_metadata(struct sp_mask_text *w, const struct sp_sql_table *t,
                         size_t mention, struct sp_str name)
{
        const struct sp_mask_mention m = { t, name, SP_MASK_REPLACED };
        sp_autobuf source = SP_BUF_INIT(SP_SQL_TEXT_MAX);
        struct sp_mask_known *known;
        int r = sp_mask_known_table(w->work, name, &known);

        if (r < 0)
                return r;
        if (t->is_target || t->is_argument || t->is_time_travel || t->is_sampled)
                return refuse(w, "sql.information-schema", name,
                              "can only be read as it is now");
        r = sp_mask_put_quoted(&source, name, w->work->err);
        if (r == 0)
                r = sp_mask_text_replace(w, t, mention, sp_buf_str(&source), known);
        return r < 0 ? r : sp_mask_text_mention(w, mention, m);
}

/* A mention that stays. In a definition it gets its full name: what is a short one there
 * would be another table in the agent's text. */
static int leave(struct sp_mask_text *w, const struct sp_sql_table *t, size_t mention)
{
        struct sp_mask_mention m = { t, w->in.names[mention], SP_MASK_LEFT };
        sp_autobuf text = SP_BUF_INIT(SP_SQL_TEXT_MAX);
        int r;

        if (w->is_definition) {
                m.how = SP_MASK_NAMED;
                w->replaced[mention] = true;
                r = sp_mask_put_quoted(&text, m.name, w->work->err);
                if (r == 0)
                        r = sp_mask_text_splice(w, t->path, sp_buf_str(&text));
                if (r < 0)
                        return r;
        }
        return sp_mask_text_mention(w, mention, m);
}

/* The text is looked at once, however often it mentions such tables. */
static int find_pseudo(struct sp_mask_text *w, struct sp_err *err)
{
        int r = 0;

        if (!w->pseudo.is_known)
                r = sp_mask_find_pseudo(w->work->arena, w->in.text, w->pseudo.used,
                                        &w->pseudo.has_star, err);
        w->pseudo.is_known = r == 0;
        return r;
}

/* Columns like _TABLE_SUFFIX go through where the text uses them; a star would then have them
 * too. */
static int pass_pseudo(struct sp_mask_text *w, const struct sp_sql_table *t,
                       struct sp_mask_known *known, struct sp_err *err)
{
        bool is_by_ingestion = known->table.schema->is_by_ingestion;
        bool used[SP_MASK_PSEUDO_MAX] = { false }, any = false;
        int r = 0;

        if (t->is_wildcard || is_by_ingestion) {
                r = find_pseudo(w, err);
                memcpy(used, w->pseudo.used, sizeof(used));
        }
        used[SP_MASK_TABLE_SUFFIX] &= t->is_wildcard;
        used[SP_MASK_PARTITIONTIME] &= is_by_ingestion;
        used[SP_MASK_PARTITIONDATE] &= is_by_ingestion;
        for (size_t i = 0; i < SP_MASK_PSEUDO_MAX; i++)
                any |= used[i];
        if (r == 0 && any && w->pseudo.has_star)
                return sp_err_set(
                        err, -EPERM, "mask.pseudo-column", "",
                        "%.*s has protected columns: name the columns that you select "
                        "instead of * when you use _TABLE_SUFFIX or _PARTITIONTIME",
                        (int)SP_MIN(known->name.n, 60), known->name.p);
        memcpy(known->table.pseudo, used, sizeof(used));
        return r;
}

/* A table that a mask's pattern names, and none of whose columns is masked, is read by the columns
 * that are known all the same: one that came since may be a protected one, and what takes a whole
 * row would show it. */
static bool can_pin(struct sp_mask_text *w, const struct sp_sql_table *t,
                    struct sp_mask_known *known)
{
        struct sp_err why;

        return !w->is_stored && known->table.schema->n_columns &&
               sp_str_eq(known->table.schema->kind, SP_STR("TABLE")) &&
               !(t->is_sampled && !t->sample.end) &&
               pass_pseudo(w, t, known, &why) == 0;
}

/* What is kept as text shows the reader's own columns when it is read. */
static bool is_stored(const struct sp_sql_statement *st)
{
        return st->action == SP_SQL_CREATE && !st->is_temporary &&
               strcmp(st->kind, "CreateTable") != 0;
}

static int read_protected(struct sp_mask_text *w, const struct sp_sql_table *t,
                          size_t mention, struct sp_str name)
{
        sp_autobuf source = SP_BUF_INIT(SP_SQL_TEXT_MAX);
        struct sp_mask_known *known;
        int r;

        if (t->is_wildcard && sp_policy_has_tags(w->in.policy))
                return refuse(w, "mask.wildcard", name,
                              "may match a table whose columns have policy tags, which "
                              "are masked; name the tables");
        if (t->is_argument)
                return refuse(w, "mask.table-argument", name,
                              "has protected columns and cannot be the argument of a "
                              "function or model");
        r = sp_mask_known_table(w->work, name, &known);
        if (r < 0)
                return r;
        if (!known->table.n_columns && !can_pin(w, t, known)) {
                w->work->is_unpinned |= !w->is_stored;
                return leave(w, t, mention);
        }
        if (t->is_sampled && !t->sample.end)
                return refuse(w, "mask.sampled", name,
                              "has protected columns and cannot be sampled behind "
                              "something else");
        w->is_protected |= known->table.n_columns > 0;
        w->work->is_unpinned |= known->table.is_open && !w->is_stored;
        r = pass_pseudo(w, t, known, w->work->err);
        if (r == 0)
                r = sp_mask_put_quoted(&source, name, w->work->err);
        if (r == 0)
                r = sp_mask_text_replace(w, t, mention, sp_buf_str(&source), known);
        return r < 0 ? r
                     : sp_mask_text_mention(
                               w, mention,
                               (struct sp_mask_mention){ t, name, SP_MASK_REPLACED });
}

static bool is_view(const struct sp_mask_text *w, struct sp_str name)
{
        for (size_t i = 0; i < w->in.n_schemas; i++)
                if (sp_str_eq(w->in.schemas[i].table, name))
                        return sp_str_ends(w->in.schemas[i].kind, SP_STR("VIEW"));
        return false;
}

static bool is_full_name(struct sp_str name)
{
        struct sp_str head, tail;

        return sp_str_cut(name, '.', &head, &tail) && head.n &&
               sp_str_cut(tail, '.', &head, &tail) && head.n && tail.n;
}

static int check_group(struct sp_mask_text *w, const struct sp_sql_statement *st,
                       const struct sp_sql_table *t, struct sp_str name)
{
        struct sp_str rule;
        unsigned rows =
                w->is_plain ? 0
                            : sp_policy_min_group(w->in.policy, w->in.who, name, &rule);

        return rows ? sp_mask_group(w, st, t, name, rows, rule) : 0;
}

static int visit(struct sp_mask_text *w, const struct sp_sql_statement *st,
                 const struct sp_sql_table *t, size_t mention)
{
        struct sp_str name = w->in.names[mention];
        const struct sp_mask_view *view = sp_mask_find_view(&w->in, name);
        bool has_masks = w->work->has_masks && !w->is_plain;
        struct sp_schema metadata;
        struct sp_str clauses;
        int r;

        w->is_stored = is_stored(st);
        if (!is_full_name(name)) {
                /* datasets and functions as targets have shorter names */
                if (!w->is_definition && (!t->is_read || !has_masks || t->is_temporary))
                        return leave(w, t, mention);
                return refuse(w, "mask.unresolved", name,
                              "is a table whose full name is not known");
        }
        if (view && !t->is_target) {
                r = check_group(w, st, t, name);
                if (r < 0)
                        return r;
                r = sp_mask_inline(w, t, mention, view);
                return r ? SP_MIN(r, 0) : leave(w, t, mention);
        }
        if (sp_mask_metadata(name, &metadata, &clauses))
                return read_metadata(w, t, mention, name);
        if (has_masks && t->is_read && is_view(w, name))
                return refuse(w, "mask.view", name,
                              "is a view without a definition that can be read");
        if (w->is_plain ||
            !sp_policy_masks_table(w->in.policy, w->in.who, name, w->in.now_us))
                return leave(w, t, mention);
        w->is_named = true;
        r = check_group(w, st, t, name);
        if (r < 0)
                return r;
        if (!t->is_target)
                return read_protected(w, t, mention, name);
        r = check_target(w, st, t, name);
        return r < 0 ? r : leave(w, t, mention);
}

static int compare_splices(const void *a, const void *b)
{
        const struct sp_mask_splice *x = a, *y = b;

        return x->span.start < y->span.start ? -1 : x->span.start > y->span.start;
}

static int join(struct sp_mask_text *w, struct sp_str *ret)
{
        sp_autobuf text = SP_BUF_INIT(SP_SQL_TEXT_MAX);
        struct sp_mask_splice *all = w->splices.v;
        uint32_t at = 0;
        int r = 0;

        qsort(all, w->splices.n, sizeof(*all), compare_splices);
        for (size_t i = 0; r == 0 && i < w->splices.n; i++) {
                const struct sp_mask_splice *s = &all[i];

                if (s->span.start < at || s->span.end > w->in.text.n)
                        return refuse(w, "mask.verify", SP_STR("the statement"),
                                      "names protected tables one inside the other");
                r = sp_buf_add(&text, slice(w, at, s->span.start));
                if (r == 0)
                        r = sp_buf_add(&text, s->text);
                at = s->span.end;
        }
        if (r == 0)
                r = sp_buf_add(&text, sp_str_sub(w->in.text, at, w->in.text.n));
        if (r < 0)
                return r;
        *ret = sp_arena_str(w->work->arena, sp_buf_str(&text));
        return ret->p ? 0 : -ENOMEM;
}

/* `p.d.t`.column becomes `t`.column, with the subquery. */
static int replace_qualified(struct sp_mask_text *w)
{
        struct sp_mask_qualified *found;
        size_t n;
        int r = sp_mask_find_qualified(w->work->arena, &w->in, w->replaced, &found, &n,
                                       w->work->err);

        for (size_t i = 0; r == 0 && i < n; i++) {
                sp_autobuf text = SP_BUF_INIT(SP_SQL_TEXT_MAX);

                r = sp_mask_put_quoted(&text, found[i].alias, w->work->err);
                if (r == 0)
                        r = sp_mask_text_splice(w, found[i].span, sp_buf_str(&text));
        }
        return r;
}

int sp_mask_text_init(struct sp_mask_text *t, struct sp_mask_work *w,
                      const struct sp_mask_input *in)
{
        *t = (struct sp_mask_text){ .work = w, .in = *in };
        t->replaced = sp_arena_array(w->arena, in->n_names, sizeof(*t->replaced));
        t->counts = sp_arena_array(w->arena, in->n_names, sizeof(*t->counts));
        return t->replaced && t->counts ? 0 : -ENOMEM;
}

int sp_mask_text_rewrite(struct sp_mask_text *t, struct sp_str *ret)
{
        const struct sp_sql_script *s = t->in.script;
        size_t mention = 0;
        int r = 0;

        for (size_t i = 0; i < s->n_statements; i++)
                for (size_t k = 0; k < s->statements[i].n_tables; k++, mention++) {
                        r = visit(t, &s->statements[i], &s->statements[i].tables[k],
                                  mention);
                        if (r < 0)
                                return r;
                }
        if (!t->splices.n) {
                *ret = t->in.text;
                return 0;
        }
        r = replace_qualified(t);
        return r < 0 ? r : join(t, ret);
}

/* Each masked column of each table that was replaced, once. */
static int list_columns(struct sp_mask_work *w, struct sp_mask_plan *plan)
{
        size_t n = 0;

        for (const struct sp_mask_known *k = w->known; k; k = k->next)
                n += k->is_used ? k->table.n_columns : 0;
        plan->columns = sp_arena_array(w->arena, n, sizeof(*plan->columns));
        if (!plan->columns)
                return -ENOMEM;
        for (const struct sp_mask_known *k = w->known; k; k = k->next)
                for (size_t c = 0; k->is_used && c < k->table.n_columns; c++) {
                        const struct sp_mask_column *m = &k->table.columns[c];
                        struct sp_masked_column *to = &plan->columns[plan->n_columns++];

                        to->mask = m->mask;
                        to->column = sp_arena_printf(w->arena, "%.*s.%.*s",
                                                     SP_FMT(k->name), SP_FMT(m->path));
                        if (!to->column.p)
                                return -ENOMEM;
                }
        return 0;
}

static int list_names(struct sp_mask_text *t, const struct sp_str **ret, size_t *ret_n)
{
        const struct sp_mask_mention *m = t->mentions.v;
        struct sp_str *names =
                sp_arena_array(t->work->arena, t->mentions.n, sizeof(*names));

        if (!names)
                return -ENOMEM;
        for (size_t i = 0; i < t->mentions.n; i++)
                names[i] = m[i].name;
        *ret = names;
        *ret_n = t->mentions.n;
        return 0;
}

static int make_plan(struct sp_mask_text *t, struct sp_mask_plan *plan)
{
        struct sp_mask_work *w = t->work;
        int r = sp_mask_text_rewrite(t, &plan->text);

        plan->is_unpinned = w->is_unpinned;
        if (r == 0 && w->has_masks)
                r = sp_mask_check_targets(w->arena, w->in, w->err);
        if (r == 0)
                r = list_names(t, &plan->names, &plan->n_names);
        if (r == 0 && w->needs_salt &&
            (w->in->is_positional || w->in->script->n_positional))
                return refuse(
                        t, "mask.positional-parameters", SP_STR("the statement"),
                        "uses positional parameters, which cannot be combined with a "
                        "hash mask; use named ones");
        if (r < 0 || !t->splices.n)
                return r;
        r = sp_mask_verify(w->arena, &t->in, t->mentions.v, t->counts, plan->text,
                           w->err);
        if (r == 0)
                r = list_columns(w, plan);
        plan->splices = t->splices.v;
        plan->n_splices = t->splices.n;
        plan->is_rewritten = true;
        plan->needs_salt = w->needs_salt;
        plan->min_group = w->min_group;
        plan->group_rule = w->group_rule;
        return r;
}

/* What the text reads, with the definitions in place of their views. */
static int make_whole(struct sp_mask_work *w, struct sp_mask_plan *plan)
{
        struct sp_mask_named *to = &plan->whole;
        struct sp_mask_text t;
        int r;

        *to = (struct sp_mask_named){ w->in->text, w->in->names, w->in->n_names };
        if (!w->in->n_views)
                return 0;
        r = sp_mask_text_init(&t, w, w->in);
        if (r < 0)
                return r;
        t.is_plain = true;
        r = sp_mask_text_rewrite(&t, &to->text);
        if (r == 0)
                r = list_names(&t, &to->names, &to->n_names);
        if (r < 0 || !t.splices.n)
                return r;
        return sp_mask_verify(w->arena, w->in, t.mentions.v, t.counts, to->text,
                              w->err);
}

static int check_parameters(struct sp_mask_work *w)
{
        const struct sp_sql_script *s = w->in->script;

        for (size_t i = 0; i < s->n_named; i++)
                if (sp_sql_name_eq(s->named[i], SP_STR(SP_MASK_SALT_PARAMETER)))
                        return sp_mask_refuse(w, "mask.reserved-parameter",
                                              SP_STR("@" SP_MASK_SALT_PARAMETER),
                                              "is a parameter of the gateway's own");
        return 0;
}

static size_t count_mentions(const struct sp_sql_script *s)
{
        size_t n = 0;

        for (size_t i = 0; i < s->n_statements; i++)
                n += s->statements[i].n_tables;
        return n;
}

int sp_mask_rewrite(struct sp_arena *a, const struct sp_mask_input *in,
                    struct sp_mask_plan *ret, struct sp_err *reterr)
{
        struct sp_mask_work w = { .arena = a, .in = in, .err = reterr };
        struct sp_mask_plan plan = { .text = in->text };
        size_t n = count_mentions(in->script);
        struct sp_mask_text t;
        int r;

        if (n != in->n_names)
                return sp_err_set(reterr, -EPERM, "mask.verify", "",
                                  "%zu tables and %zu names for them", n, in->n_names);
        w.masked = sp_arena_array(a, in->n_views, sizeof(*w.masked));
        w.plain = sp_arena_array(a, in->n_views, sizeof(*w.plain));
        if (!w.masked || !w.plain)
                return -ENOMEM;
        w.has_masks = sp_policy_has_masks(in->policy, in->who, in->now_us);
        r = check_parameters(&w);
        if (r == 0)
                r = sp_mask_text_init(&t, &w, in);
        if (r == 0)
                r = make_plan(&t, &plan);
        if (r == 0)
                r = make_whole(&w, &plan);
        if (r == -ENOBUFS)
                return sp_err_set(reterr, -EPERM, "mask.too-long", "",
                                  "the statement with its masks has more than %d bytes",
                                  SP_SQL_TEXT_MAX);
        if (r == 0)
                *ret = plan;
        return r;
}
