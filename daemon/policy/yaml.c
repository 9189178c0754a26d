/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/policy/yaml.h"

#include <errno.h>
#include <yaml.h>

struct reader {
        yaml_parser_t parser;
        yaml_event_t event;
        bool has_event;
        struct sp_arena *arena;
        const char *file;
        size_t nodes;
        struct sp_err *err;
};

static void reader_done(struct reader *r)
{
        if (r->has_event)
                yaml_event_delete(&r->event);
        yaml_parser_delete(&r->parser);
}

static struct sp_mark mark_of(const struct reader *r, yaml_mark_t m)
{
        return (struct sp_mark){ r->file, (unsigned)m.line + 1,
                                 (unsigned)m.column + 1 };
}

static int fail_feature(struct reader *r, const char *what)
{
        struct sp_mark m = mark_of(r, r->event.start_mark);

        return sp_err_set_at(r->err, -EINVAL, "policy.yaml-feature", SP_AT(m),
                             "%s cannot be used here: write the value out", what);
}

static int next_event(struct reader *r)
{
        struct sp_mark m;

        if (r->has_event)
                yaml_event_delete(&r->event);
        r->has_event = false;
        if (yaml_parser_parse(&r->parser, &r->event)) {
                r->has_event = true;
                return 0;
        }
        if (r->parser.error == YAML_MEMORY_ERROR)
                return -ENOMEM;
        m = mark_of(r, r->parser.problem_mark);
        return sp_err_set_at(r->err, -EINVAL, "policy.yaml", SP_AT(m), "%s",
                             r->parser.problem ? r->parser.problem : "not YAML");
}

static int check_plain_form(struct reader *r, const yaml_char_t *anchor,
                            const yaml_char_t *tag)
{
        if (anchor)
                return fail_feature(r, "an anchor (&name)");
        if (tag)
                return fail_feature(r, "a tag (!name)");
        return 0;
}

static int read_node(struct reader *r, unsigned depth, struct sp_yaml **ret);

static int read_scalar(struct reader *r, struct sp_yaml *n)
{
        const char *value = (const char *)r->event.data.scalar.value;
        size_t length = r->event.data.scalar.length;
        int e = check_plain_form(r, r->event.data.scalar.anchor,
                                 r->event.data.scalar.tag);

        if (e < 0)
                return e;
        if (length > SP_YAML_SCALAR_MAX)
                return sp_err_set_at(r->err, -EINVAL, "policy.too-big", SP_AT(n->mark),
                                     "a value of more than %d bytes",
                                     SP_YAML_SCALAR_MAX);
        n->type = SP_YAML_SCALAR;
        n->is_plain = r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
        n->text = sp_arena_str(r->arena, sp_str(value, length));
        /* a quoted "\0" would be cut short by whoever handles it as a C string */
        if (n->text.p && memchr(n->text.p, '\0', length))
                return sp_err_set_at(r->err, -EINVAL, "policy.yaml", SP_AT(n->mark),
                                     "a NUL character in a value");
        return n->text.p ? 0 : -ENOMEM;
}

static int read_list(struct reader *r, unsigned depth, struct sp_yaml *n)
{
        struct sp_yaml **tail = &n->first;
        int e = check_plain_form(r, r->event.data.sequence_start.anchor,
                                 r->event.data.sequence_start.tag);

        n->type = SP_YAML_LIST;
        while (e == 0 && (e = next_event(r)) == 0 &&
               r->event.type != YAML_SEQUENCE_END_EVENT) {
                e = read_node(r, depth + 1, tail);
                if (e == 0) {
                        tail = &(*tail)->next;
                        n->count++;
                }
        }
        return e;
}

/* The key of the event at hand; it must be a scalar that is new in this mapping. */
static int read_key(struct reader *r, unsigned depth, const struct sp_yaml *map,
                    struct sp_yaml **ret)
{
        struct sp_yaml *key = NULL;
        int e;

        if (r->event.type != YAML_SCALAR_EVENT && r->event.type != YAML_ALIAS_EVENT)
                return fail_feature(r, "a key that is a list or a mapping");
        e = read_node(r, depth + 1, &key);
        if (e < 0)
                return e;
        if (key->is_plain && sp_str_eq(key->text, SP_STR("<<")))
                return fail_feature(r, "a merge key (<<)");
        if (map->count == SP_YAML_KEYS_MAX)
                return sp_err_set_at(r->err, -EINVAL, "policy.too-big",
                                     SP_AT(key->mark), "more than %d keys in a mapping",
                                     SP_YAML_KEYS_MAX);
        for (const struct sp_yaml *v = map->first; v; v = v->next)
                if (sp_str_eq(v->key, key->text))
                        return sp_err_set_at(
                                r->err, -EINVAL, "policy.duplicate-key",
                                SP_AT(key->mark),
                                "'%.*s' is set a second time; the first is in line %u",
                                SP_FMT(key->text), v->key_mark.line);
        *ret = key;
        return 0;
}

static int read_map(struct reader *r, unsigned depth, struct sp_yaml *n)
{
        struct sp_yaml **tail = &n->first;
        int e = check_plain_form(r, r->event.data.mapping_start.anchor,
                                 r->event.data.mapping_start.tag);

        n->type = SP_YAML_MAP;
        while (e == 0 && (e = next_event(r)) == 0 &&
               r->event.type != YAML_MAPPING_END_EVENT) {
                struct sp_yaml *key = NULL, *value = NULL;

                e = read_key(r, depth, n, &key);
                if (e == 0)
                        e = next_event(r);
                if (e == 0)
                        e = read_node(r, depth + 1, &value);
                if (e < 0)
                        break;
                value->key = key->text;
                value->key_mark = key->mark;
                *tail = value;
                tail = &value->next;
                n->count++;
        }
        return e;
}

/* Reads the node that the event at hand begins. */
static int read_node(struct reader *r, unsigned depth, struct sp_yaml **ret)
{
        struct sp_mark m = mark_of(r, r->event.start_mark);
        struct sp_yaml *n;
        int e;

        if (depth > SP_YAML_DEPTH_MAX || ++r->nodes > SP_YAML_NODES_MAX)
                return sp_err_set_at(r->err, -EINVAL, "policy.too-big", SP_AT(m),
                                     "nested too deeply, or too many values");
        n = sp_arena_new(r->arena, struct sp_yaml);
        if (!n)
                return -ENOMEM;
        n->mark = m;
        switch (r->event.type) {
        case YAML_SCALAR_EVENT:
                e = read_scalar(r, n);
                break;
        case YAML_SEQUENCE_START_EVENT:
                e = read_list(r, depth, n);
                break;
        case YAML_MAPPING_START_EVENT:
                e = read_map(r, depth, n);
                break;
        case YAML_ALIAS_EVENT:
                e = fail_feature(r, "an alias (*name)");
                break;
        default:
                e = sp_err_set_at(r->err, -EINVAL, "policy.yaml", SP_AT(m),
                                  "a value is missing");
        }
        if (e == 0)
                *ret = n;
        return e;
}

static int read_document(struct reader *r, struct sp_yaml **ret)
{
        struct sp_yaml *root = NULL;
        int e = next_event(r); /* stream start */

        if (e == 0)
                e = next_event(r);
        if (e < 0)
                return e;
        if (r->event.type != YAML_DOCUMENT_START_EVENT)
                return sp_err_set_at(r->err, -EINVAL, "policy.yaml", r->file, 1, 1,
                                     "the file holds no document");
        if (r->event.data.document_start.version_directive ||
            r->event.data.document_start.tag_directives.start !=
                    r->event.data.document_start.tag_directives.end)
                return fail_feature(r, "a directive (%YAML, %TAG)");
        e = next_event(r);
        if (e == 0)
                e = read_node(r, 1, &root);
        if (e == 0)
                e = next_event(r); /* document end */
        if (e == 0)
                e = next_event(r);
        if (e < 0)
                return e;
        if (r->event.type != YAML_STREAM_END_EVENT)
                return fail_feature(r, "a second document");
        *ret = root;
        return 0;
}

int sp_yaml_parse(struct sp_arena *a, const char *file, struct sp_str text,
                  struct sp_yaml **ret, struct sp_err *reterr)
{
        sp_cleanup(reader_done) struct reader r = { .arena = a,
                                                    .file = file,
                                                    .err = reterr };

        if (!yaml_parser_initialize(&r.parser))
                return -ENOMEM;
        if (text.n > SP_YAML_TEXT_MAX)
                return sp_err_set_at(reterr, -EINVAL, "policy.too-big", file, 1, 1,
                                     "the file has more than %d bytes",
                                     SP_YAML_TEXT_MAX);
        /* libyaml would also take UTF-16: then two readers could see two texts */
        if (!sp_str_is_utf8(text) || sp_str_starts(text, SP_STR("\xEF\xBB\xBF")))
                return sp_err_set_at(reterr, -EINVAL, "policy.yaml", file, 1, 1,
                                     "the file is not UTF-8 text without BOM and NUL");
        yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(
                &r.parser, (const unsigned char *)(text.n ? text.p : ""), text.n);
        return read_document(&r, ret);
}
