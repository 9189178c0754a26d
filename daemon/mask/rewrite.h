/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mask/rewrite — what is known while the texts of one request are rewritten.
 *
 * Job:       the agent's text and the definitions of the views it mentions are rewritten by
 *            the same code (rewrite.c); what a view becomes is worked out once (inline.c).
 * Ownership: everything in the arena of the request.
 */
#pragma once

#include "daemon/mask/plan.h"
#include "daemon/sql/parser.h"

/* More mentions, those of definitions that stand in place of others included, are no person's
 * statement. */
#define SP_MASK_MENTIONS_MAX 20000

/* Every answer is kept: a script may name a table many times. */
struct sp_mask_known {
        struct sp_mask_known *next;
        struct sp_str name;
        struct sp_mask_table table;
        bool is_used;
};

/* What a view's definition becomes. */
struct sp_mask_inlined {
        bool is_begun, is_done;
        bool is_protected; /* something below is masked */
        bool is_named; /* a mask's pattern names something below */
        struct sp_str text;
        struct sp_sql_vector mentions; /* struct sp_mask_mention */
};

/* One request. */
struct sp_mask_work {
        struct sp_arena *arena;
        const struct sp_mask_input *in;
        struct sp_mask_known *known; /* in the order they were met */
        struct sp_mask_inlined *masked, *plain; /* per view of `in` */
        unsigned depth;
        bool has_masks, needs_salt, is_unpinned;
        unsigned min_group;
        struct sp_str group_rule;
        struct sp_err *err;
};

/* One text of it. */
struct sp_mask_text {
        struct sp_mask_work *work;
        struct sp_mask_input in; /* the request's, with this text, script and names */
        bool is_definition; /* of a view: names are completed */
        bool is_plain; /* views are put in their place, nothing is masked */
        bool is_protected; /* something was masked */
        bool is_named; /* a mask's pattern names a table in it, or below */
        bool is_stored; /* the statement that is visited keeps its text */
        struct {
                bool is_known, used[SP_MASK_PSEUDO_MAX], has_star;
        } pseudo; /* columns like _TABLE_SUFFIX that this text uses */
        struct sp_sql_vector splices; /* struct sp_mask_splice */
        struct sp_sql_vector mentions; /* struct sp_mask_mention, of the new text */
        bool *replaced; /* per mention of the old text */
        size_t *counts; /* likewise: how many mentions it became */
};

sp_must_check int sp_mask_text_init(struct sp_mask_text *t, struct sp_mask_work *w,
                                    const struct sp_mask_input *in);
/* Visits every mention, and joins the splices. *ret is the text as it was if there are none. */
sp_must_check int sp_mask_text_rewrite(struct sp_mask_text *t, struct sp_str *ret);

int sp_mask_refuse(struct sp_mask_work *w, const char *id, struct sp_str name,
                   const char *what);
sp_must_check int sp_mask_known_table(struct sp_mask_work *w, struct sp_str name,
                                      struct sp_mask_known **ret);
/* `source` with its columns masked takes the place of the mention. */
sp_must_check int sp_mask_text_replace(struct sp_mask_text *t,
                                       const struct sp_sql_table *table, size_t mention,
                                       struct sp_str source,
                                       struct sp_mask_known *known);
sp_must_check int sp_mask_text_splice(struct sp_mask_text *t, struct sp_sql_span span,
                                      struct sp_str text);
sp_must_check int sp_mask_text_mention(struct sp_mask_text *t, size_t mention,
                                       struct sp_mask_mention m);

/* inline.c: a mention of a view. */
const struct sp_mask_view *sp_mask_find_view(const struct sp_mask_input *in,
                                             struct sp_str name);
/* 1: it was replaced. 0: nothing below it is masked, and it may stay. */
sp_must_check int sp_mask_inline(struct sp_mask_text *t,
                                 const struct sp_sql_table *table, size_t mention,
                                 const struct sp_mask_view *view);
