/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/pattern — globs over names, and which glob covers or meets which.
 *
 * Job:       match `*` (any run of bytes) and `?` (one character); resource patterns
 *            "project.dataset.table", part by part.
 * In:        patterns checked by the loader; names from a request, of any length.
 * Errors:    the parsers return a sentence for the author, or NULL when all is well.
 * Spec:      docs/policy.md §4 (patterns) and §5 (which way doubt falls).
 */
#pragma once

#include "daemon/policy/yaml.h"

#define SP_PATTERN_MAX 256 /* bytes of one pattern */
#define SP_RESOURCE_PARTS 3

/* Whether `pattern` matches every name that `text` can stand for: a name, or a pattern
 * itself (a wildcard table "events_*", another rule's pattern). `fold`: ASCII case. */
bool sp_pattern_covers(struct sp_str pattern, struct sp_str text, bool fold);
/* The same for a name of a column, to mask or to refuse by it: letter case and normal form
 * of all of Unicode aside, and in doubt yes. */
bool sp_pattern_catches(struct sp_str pattern, struct sp_str text);
/* Whether some name may match both; may say yes too often, never too seldom. */
bool sp_pattern_meets(struct sp_str pattern, struct sp_str text, bool fold);
/* What is wrong with a glob, or NULL. */
const char *sp_pattern_check(struct sp_str glob);

/* A resource, or a pattern for one: 1 to 3 parts. The third part of a name keeps its
 * dots
 * ("INFORMATION_SCHEMA.COLUMNS"); the first may have one ("example.com:project"). */
struct sp_resource {
        struct sp_str part[SP_RESOURCE_PARTS];
        unsigned n;
};
struct sp_resource sp_resource_split(struct sp_str text);
/* "gs://bucket": one part. Only a pattern that begins so grants it; "*" catches it. */
bool sp_resource_is_bucket(const struct sp_resource *r);

struct sp_resource_pattern {
        struct sp_str text;
        struct sp_resource r;
        struct sp_mark mark;
};
const char *sp_resource_check(struct sp_str text); /* NULL, or what is wrong */

/* To grant: letter for letter, and metadata views only when the pattern names them. */
bool sp_resource_grants(const struct sp_resource_pattern *p,
                        const struct sp_resource *r);
/* To refuse, hold or mask: when in doubt, yes. `inside`: a pattern for something within
 * the resource counts (DROP SCHEMA hits every table of it). */
bool sp_resource_catches(const struct sp_resource_pattern *p,
                         const struct sp_resource *r, bool inside);
/* The pattern without a last part that is just `*`: the container of all it matches. */
struct sp_resource_pattern sp_resource_container(const struct sp_resource_pattern *p);
/* Whether all that `b` matches is matched by `a`. */
bool sp_resource_covers(const struct sp_resource_pattern *a,
                        const struct sp_resource_pattern *b, bool fold);
/* The pattern names metadata views (INFORMATION_SCHEMA …) itself. */
bool sp_resource_is_system(const struct sp_resource *r);
