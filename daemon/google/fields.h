/* SPDX-License-Identifier: Apache-2.0 */
/*
 * google/fields — JSON bodies checked against a table of fields and written anew.
 *
 * Job:       one walk that refuses what the table does not list and writes the rest in the
 *            order of the table, so that equal requests have equal bytes.
 * Out:       the writer of struct sp_fields; ids that only the body names into its call.
 * Errors:    -EPERM "request.unknown-field", "request.refused-field",
 *            "request.field-value", "request.reference-mismatch"; -EINVAL
 *            "request.field-type". sp_jsonw_end of the writer is the caller's.
 * Limits:    those of base/json; a body has no list but labels that is not its size.
 */
#pragma once

#include "daemon/google/call.h"

enum sp_field_kind {
        SP_FIELD_TEXT,
        SP_FIELD_BOOL,
        SP_FIELD_INTEGER, /* a number or a decimal string, as Google writes 64 bits */
        SP_FIELD_CHOICE, /* `arg`: |A|B|; read in any case, written as in `arg` */
        SP_FIELD_LABELS,
        SP_FIELD_STRINGS,
        SP_FIELD_OBJECT, /* of `children` */
        SP_FIELD_OBJECTS, /* an array of them */
        SP_FIELD_DATA, /* an object of the client's own: a row */
        /* that of the path; an id that the path lacks is taken from here */
        SP_FIELD_PROJECT,
        SP_FIELD_DATASET,
        SP_FIELD_TABLE,
        SP_FIELD_OTHER_PROJECT, /* any; what is judged is the whole reference */
        SP_FIELD_OTHER_DATASET,
        SP_FIELD_OTHER_TABLE,
        SP_FIELD_OUTPUT, /* told by the server and sent back by clients: dropped */
        SP_FIELD_REFUSED, /* `arg`: why; harmless when it says nothing */
};

struct sp_field {
        const char *name; /* NULL ends a table */
        enum sp_field_kind kind;
        const char *arg;
        const struct sp_field *children;
};

struct sp_fields {
        struct sp_jsonw *to;
        struct sp_call *call;
        bool keeps_null; /* a patch takes away with null what it does not mention else */
        struct sp_err *err;
};
/* `where` is "" for the body itself, else the path of `o` in it. */
sp_must_check int sp_fields_write(struct sp_fields *f, const struct sp_json *o,
                                  const char *where, const struct sp_field *fields);

/* Shared with the reader of queries. */
int sp_field_bad_type(struct sp_err *reterr, const char *where, const char *wanted);
int sp_field_bad_value(struct sp_err *reterr, const char *where, struct sp_str v);
int sp_field_unknown(struct sp_err *reterr, const char *where);
int sp_field_refused(struct sp_err *reterr, const char *where, const char *why);
/* Google takes enum values in either case: *v becomes the table's spelling. */
bool sp_field_choice(const char *choices, struct sp_str *v);
bool sp_field_is_neutral(const struct sp_json *v); /* false, {}, [] */
bool sp_field_is_label(struct sp_str s, bool is_key);

/* What bodies may hold: google/resource_fields.c. */
extern const struct sp_field sp_fields_table[], sp_fields_new_dataset[],
        sp_fields_dataset[], sp_fields_undelete[], sp_fields_rows[], sp_fields_copy[];
