/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/policy/rules.h"

#include "daemon/sql/name.h"

#define INSIDE_MAX                                                                     \
        8192 /* bytes of a column's path; one that is longer is not looked at */

const char *sp_mask_kind_name(enum sp_mask_kind k)
{
        static const char *const names[] = { "none",     "redact",  "null",    "hash",
                                             "tokenize", "partial", "truncate" };

        return (unsigned)k < SP_ARRAY_SIZE(names) ? names[k] : NULL;
}

static bool applies(const struct sp_mask_rule *m, const struct sp_principal *who,
                    uint64_t now_us)
{
        if (!m->has_except || (m->except_until_us && now_us >= m->except_until_us))
                return true;
        return !sp_subjects_match(&m->except, who);
}

bool sp_policy_has_masks(const struct sp_policy *p, const struct sp_principal *who,
                         uint64_t now_us)
{
        for (size_t i = 0; i < p->n_masks; i++)
                if (applies(&p->masks[i], who, now_us))
                        return true;
        return sp_policy_has_groups(p, who);
}

static bool may_mask_below(const struct sp_mask_rule *m,
                           const struct sp_resource *table, struct sp_str inside)
{
        for (size_t c = 0; c < m->n_columns; c++)
                if (sp_resource_catches(&m->columns[c].table, table, false) &&
                    sp_pattern_meets(m->columns[c].column, inside, true))
                        return true;
        return m->n_tags > 0;
}

bool sp_policy_may_mask_below(const struct sp_policy *p, const struct sp_principal *who,
                              struct sp_str table, struct sp_str column,
                              uint64_t now_us)
{
        struct sp_resource r = sp_resource_split(table);
        sp_autobuf inside = SP_BUF_INIT(INSIDE_MAX);

        /* letters outside of ASCII may fold to anything */
        if (!sp_sql_name_is_ascii(column) || sp_buf_add(&inside, column) < 0 ||
            sp_buf_add(&inside, SP_STR(".*")) < 0)
                return sp_policy_masks_table(p, who, table, now_us);
        for (size_t i = 0; i < p->n_masks; i++)
                if (applies(&p->masks[i], who, now_us) &&
                    may_mask_below(&p->masks[i], &r, sp_buf_str(&inside)))
                        return true;
        return false;
}

bool sp_policy_masks_table(const struct sp_policy *p, const struct sp_principal *who,
                           struct sp_str table, uint64_t now_us)
{
        struct sp_resource r = sp_resource_split(table);

        for (size_t i = 0; i < p->n_masks; i++) {
                const struct sp_mask_rule *m = &p->masks[i];

                if (!applies(m, who, now_us))
                        continue;
                if (m->n_tags) /* any table may have tags */
                        return true;
                for (size_t c = 0; c < m->n_columns; c++)
                        if (sp_resource_catches(&m->columns[c].table, &r, false))
                                return true;
        }
        return sp_policy_min_group(p, who, table, NULL) > 0;
}

/* The column itself, or a parent of it: what hides a record hides its fields. */
static bool column_matches(struct sp_str glob, struct sp_str column)
{
        for (size_t n = 1; n <= column.n; n++)
                if ((n == column.n || column.p[n] == '.') &&
                    sp_pattern_catches(glob, sp_str_sub(column, 0, n)))
                        return true;
        return false;
}

static bool has_tag(const struct sp_mask_rule *m, struct sp_tags tags)
{
        for (size_t i = 0; i < m->n_tags; i++)
                for (size_t k = 0; k < tags.n; k++)
                        if (sp_pattern_catches(m->tags[i].text, tags.v[k]))
                                return true;
        return false;
}

static bool rule_masks(const struct sp_mask_rule *m, const struct sp_resource *table,
                       struct sp_str column, struct sp_tags tags)
{
        for (size_t c = 0; c < m->n_columns; c++)
                if (sp_resource_catches(&m->columns[c].table, table, false) &&
                    column_matches(m->columns[c].column, column))
                        return true;
        return has_tag(m, tags);
}

static uint64_t greatest_divisor(uint64_t a, uint64_t b)
{
        while (b) {
                uint64_t rest = a % b;

                a = b;
                b = rest;
        }
        return a;
}

/* What both leave: the coarser unit; the least common multiple of two steps, which either
 * result could be truncated to. One of each: one of them does not fit the column. */
static struct sp_mask both_truncate(struct sp_mask a, const struct sp_mask *b)
{
        if (a.unit && b->unit) {
                a.unit = SP_MIN(a.unit, b->unit);
        } else if (a.step && b->step) {
                uint64_t times = b->step / greatest_divisor(a.step, b->step);

                if (a.step > SP_MASK_STEP_MAX / times)
                        a.kind = SP_MASK_REDACT;
                else
                        a.step *= times;
        } else {
                a.kind = SP_MASK_REDACT;
        }
        return a;
}

/* The stricter of two; of two partial ones or two that truncate, what both leave. */
static struct sp_mask stricter(struct sp_mask a, struct sp_mask b)
{
        if (a.kind == SP_MASK_NONE || (b.kind != SP_MASK_NONE && b.kind < a.kind))
                return b;
        if (a.kind == SP_MASK_PARTIAL && b.kind == SP_MASK_PARTIAL) {
                a.keep_first = SP_MIN(a.keep_first, b.keep_first);
                a.keep_last = SP_MIN(a.keep_last, b.keep_last);
                if (!a.keep_first && !a.keep_last)
                        a.kind = SP_MASK_REDACT;
        }
        if (a.kind == SP_MASK_TRUNCATE && b.kind == SP_MASK_TRUNCATE)
                return both_truncate(a, &b);
        return a;
}

/* `who` NULL: of somebody whom no rule leaves out. */
static struct sp_mask strictest(const struct sp_policy *p,
                                const struct sp_principal *who, struct sp_str table,
                                struct sp_str column, struct sp_tags tags,
                                uint64_t now_us)
{
        struct sp_resource r = sp_resource_split(table);
        struct sp_mask found = { SP_MASK_NONE };

        for (size_t i = 0; i < p->n_masks; i++) {
                const struct sp_mask_rule *m = &p->masks[i];

                if ((!who || applies(m, who, now_us)) &&
                    rule_masks(m, &r, column, tags))
                        found = stricter(found, m->mask);
        }
        return found;
}

static const struct sp_tags no_tags;

struct sp_mask sp_policy_mask(const struct sp_policy *p, const struct sp_principal *who,
                              struct sp_str table, struct sp_str column,
                              uint64_t now_us)
{
        return strictest(p, who, table, column, no_tags, now_us);
}

struct sp_mask sp_policy_mask_tagged(const struct sp_policy *p,
                                     const struct sp_principal *who,
                                     struct sp_str table, struct sp_str column,
                                     struct sp_tags tags, uint64_t now_us)
{
        return strictest(p, who, table, column, tags, now_us);
}

bool sp_policy_denies_inference(const struct sp_policy *p)
{
        return p->denies_inference;
}

bool sp_policy_has_tags(const struct sp_policy *p)
{
        for (size_t i = 0; i < p->n_masks; i++)
                if (p->masks[i].n_tags)
                        return true;
        return false;
}

/* Which columns have a tag is not known here: a mask that goes by tags may mean any. */
bool sp_policy_tokenizes(const struct sp_policy *p, struct sp_str table,
                         struct sp_str column)
{
        struct sp_resource r = sp_resource_split(table);

        for (size_t i = 0; i < p->n_masks; i++)
                if (p->masks[i].mask.kind == SP_MASK_TOKENIZE &&
                    (p->masks[i].n_tags ||
                     rule_masks(&p->masks[i], &r, column, no_tags)))
                        return true;
        return false;
}

struct sp_mask sp_policy_mask_of_others(const struct sp_policy *p, struct sp_str table,
                                        struct sp_str column, struct sp_tags tags)
{
        return strictest(p, NULL, table, column, tags, 0);
}
