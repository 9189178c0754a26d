/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/yaml — one strict YAML document as a small tree with positions.
 *
 * Job:       read the part of YAML that has one meaning for every reader: mappings,
 *            lists and scalars. Anchors, aliases, tags, merge keys, directives, several
 *            documents and duplicate keys are errors, as is what exceeds the limits.
 * Ownership: nodes and texts belong to the arena.
 * Errors:    -EINVAL with id "policy.yaml", "policy.yaml-feature",
 *            "policy.duplicate-key", "policy.too-big" and file:line:column; -ENOMEM.
 * Spec:      YAML 1.1 as libyaml reads it; docs/policy.md §2.
 */
#pragma once

#include "daemon/base/arena.h"
#include "daemon/base/err.h"

#define SP_YAML_TEXT_MAX (1024 * 1024)
#define SP_YAML_DEPTH_MAX 10
#define SP_YAML_NODES_MAX 100000
#define SP_YAML_SCALAR_MAX 4096
#define SP_YAML_KEYS_MAX 64 /* of one mapping */

enum sp_yaml_type { SP_YAML_SCALAR, SP_YAML_LIST, SP_YAML_MAP };

struct sp_mark {
        const char *file; /* NUL-terminated */
        unsigned line, column; /* from 1; column in characters */
};

struct sp_yaml {
        enum sp_yaml_type type;
        struct sp_mark mark;
        struct sp_str text; /* of a scalar */
        bool is_plain; /* a scalar without quotes */
        struct sp_str key; /* of a value in a mapping */
        struct sp_mark key_mark;
        struct sp_yaml *first, *next; /* children; siblings */
        size_t count;
};

/* For sp_err_set_at. */
#define SP_AT(mark_) (mark_).file, (mark_).line, (mark_).column

/* `file` must live as long as the tree. */
sp_must_check int sp_yaml_parse(struct sp_arena *a, const char *file,
                                struct sp_str text, struct sp_yaml **ret,
                                struct sp_err *reterr);
