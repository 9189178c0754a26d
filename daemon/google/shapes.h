/* SPDX-License-Identifier: Apache-2.0 */
/*
 * google/shapes — which fields of Google's answers a client may see.
 *
 * Job:    one table per resource. What is not in a table does not leave: texts and
 * numbers that describe how our rewritten statement was run, who runs it, access lists,
 *         stored SQL.
 * Spec:   BigQuery v2 discovery document, schemas Job, QueryResponse, Table, Dataset, …
 */
#pragma once

#include "daemon/base/json.h"

enum sp_shape_kind {
        SP_SHAPE_SCALAR, /* number, boolean, or a string that is one word of ASCII */
        SP_SHAPE_NAME, /* a string of at most 1 KiB without control characters */
        SP_SHAPE_TEXT, /* what people wrote about a table, as it is */
        SP_SHAPE_OBJECT,
        SP_SHAPE_ARRAY, /* of objects */
        SP_SHAPE_STRINGS, /* array of strings */
        SP_SHAPE_LABELS, /* object of strings, without ours */
        SP_SHAPE_MESSAGE, /* text for people that may quote the statement */
        SP_SHAPE_TABLES, /* array of table references: those that the statement names */
        SP_SHAPE_SQL, /* replaced by the agent's own text, if it is no part of that */
        SP_SHAPE_QUOTE, /* left out if it is no part of the agent's own text */
        SP_SHAPE_ROWS, /* [{"f":[{"v":…}]}]: only in answers that stream */
        SP_SHAPE_ITEMS, /* the list of a list answer: what is not granted is dropped */
};

struct sp_shape {
        const char *name; /* NULL ends a table */
        enum sp_shape_kind kind;
        const struct sp_shape *children;
};

/* NULL: answers of this action are not rebuilt. */
const struct sp_shape *sp_shape_of(const char *action);
extern const struct sp_shape sp_shape_error[];
