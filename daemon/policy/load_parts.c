/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "daemon/policy/load.h"

int sp_load_scalar(struct sp_loader *l, const struct sp_yaml *v)
{
        if (v->type != SP_YAML_SCALAR)
                return sp_err_set_at(l->err, -EINVAL, "policy.bad-type", SP_AT(v->mark),
                                     "one value belongs here, not a %s",
                                     v->type == SP_YAML_LIST ? "list" : "mapping");
        if (!v->text.n)
                return sp_err_set_at(l->err, -EINVAL, "policy.bad-value",
                                     SP_AT(v->mark), "the value is missing");
        return 0;
}

int sp_load_list(struct sp_loader *l, const struct sp_yaml *v)
{
        if (v->type != SP_YAML_LIST)
                return sp_err_set_at(l->err, -EINVAL, "policy.bad-type", SP_AT(v->mark),
                                     "a list belongs here: [one, two]");
        if (!v->count)
                return sp_err_set_at(
                        l->err, -EINVAL, "policy.empty-list", SP_AT(v->mark),
                        "an empty list matches nothing; leave the key out if "
                        "it should not matter");
        if (v->count > SP_POLICY_LIST_MAX)
                return sp_err_set_at(l->err, -EINVAL, "policy.too-big", SP_AT(v->mark),
                                     "more than %d entries in a list",
                                     SP_POLICY_LIST_MAX);
        return 0;
}

static int unknown_key(struct sp_loader *l, const struct sp_yaml *v,
                       const struct sp_key *keys, size_t n_keys)
{
        char known[200] = "";
        size_t n = 0;

        for (size_t i = 0; i < n_keys && n < sizeof(known); i++)
                n += (size_t)snprintf(known + n, sizeof(known) - n, "%s%s",
                                      i ? ", " : "", keys[i].name);
        return sp_err_set_at(l->err, -EINVAL, "policy.unknown-key", SP_AT(v->key_mark),
                             "'%.*s' is not a key of this mapping; known: %s",
                             (int)SP_MIN(v->key.n, 64), v->key.p, known);
}

int sp_load_map(struct sp_loader *l, const struct sp_yaml *map,
                const struct sp_key *keys, size_t n_keys, void *to)
{
        if (map->type != SP_YAML_MAP)
                return sp_err_set_at(l->err, -EINVAL, "policy.bad-type",
                                     SP_AT(map->mark),
                                     "a mapping belongs here: key: value");
        for (const struct sp_yaml *v = map->first; v; v = v->next) {
                size_t i = 0;
                int r;

                while (i < n_keys && !sp_str_eq(v->key, sp_str_c(keys[i].name)))
                        i++;
                if (i == n_keys)
                        return unknown_key(l, v, keys, n_keys);
                r = keys[i].read(l, v, to);
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < n_keys; i++) {
                const struct sp_yaml *v = map->first;

                while (v && !sp_str_eq(v->key, sp_str_c(keys[i].name)))
                        v = v->next;
                if (!v && keys[i].is_required)
                        return sp_err_set_at(l->err, -EINVAL, "policy.missing-key",
                                             SP_AT(map->mark), "'%s' is missing",
                                             keys[i].name);
        }
        return 0;
}

int sp_load_choice(struct sp_loader *l, const struct sp_yaml *v,
                   const char *const *names, unsigned *ret)
{
        char known[160] = "";
        size_t n = 0;
        int r = sp_load_scalar(l, v);

        if (r < 0)
                return r;
        for (unsigned i = 0; names[i]; i++)
                if (sp_str_eq(v->text, sp_str_c(names[i]))) {
                        *ret = i;
                        return 0;
                }
        for (unsigned i = 0; names[i] && n < sizeof(known); i++)
                n += (size_t)snprintf(known + n, sizeof(known) - n, "%s%s",
                                      i ? ", " : "", names[i]);
        return sp_err_set_at(l->err, -EINVAL, "policy.bad-value", SP_AT(v->mark),
                             "'%.*s' is not one of: %s", (int)SP_MIN(v->text.n, 64),
                             v->text.p, known);
}

/* A list of globs over names. */
static int load_names(struct sp_loader *l, const struct sp_yaml *v,
                      struct sp_name_pattern **ret, size_t *ret_n)
{
        struct sp_name_pattern *names;
        size_t n = 0;
        int r = sp_load_list(l, v);

        if (r < 0)
                return r;
        names = sp_arena_array(&l->policy->arena, v->count, sizeof(*names));
        if (!names)
                return -ENOMEM;
        for (const struct sp_yaml *e = v->first; e; e = e->next) {
                const char *wrong;

                r = sp_load_scalar(l, e);
                if (r < 0)
                        return r;
                wrong = sp_pattern_check(e->text);
                if (wrong)
                        return sp_err_set_at(l->err, -EINVAL, "policy.bad-pattern",
                                             SP_AT(e->mark), "%s", wrong);
                names[n++] = (struct sp_name_pattern){ e->text, e->mark };
        }
        *ret = names;
        *ret_n = n;
        return 0;
}

int sp_load_groups(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        struct sp_subjects *s = to;

        return load_names(l, v, &s->groups, &s->n_groups);
}

int sp_load_workloads(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        struct sp_subjects *s = to;
        int r = load_names(l, v, &s->workloads, &s->n_workloads);

        for (size_t i = 0; r == 0 && l->workloads && i < s->n_workloads; i++) {
                const struct sp_name_pattern *p = &s->workloads[i];
                size_t w = 0;

                while (w < l->n_workloads &&
                       !sp_pattern_covers(p->text, l->workloads[w], false))
                        w++;
                if (w == l->n_workloads)
                        return sp_err_set_at(
                                l->err, -EINVAL, "policy.unknown-workload",
                                SP_AT(p->mark),
                                "no workload of the configuration is called '%.*s'",
                                (int)SP_MIN(p->text.n, 64), p->text.p);
        }
        return r;
}

/* ISSUER#GLOB: the issuer letter for letter, the glob over subject or e-mail. */
static const char *read_person(struct sp_person_pattern *p)
{
        const char *wrong;

        if (!sp_str_cut(p->text, '#', &p->iss, &p->who))
                return "write a person as ISSUER#SUBJECT, for example "
                       "https://accounts.example.com#ann@example.com";
        if (!p->iss.n || memchr(p->iss.p, '*', p->iss.n) ||
            memchr(p->iss.p, '?', p->iss.n))
                return "the issuer before # is written out, without * and ?";
        wrong = sp_pattern_check(p->who);
        if (wrong)
                return wrong;
        p->is_email = memchr(p->who.p, '@', p->who.n) != NULL;
        return NULL;
}

int sp_load_persons(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        struct sp_subjects *s = to;
        int r = sp_load_list(l, v);

        if (r < 0)
                return r;
        s->persons = sp_arena_array(&l->policy->arena, v->count, sizeof(*s->persons));
        if (!s->persons)
                return -ENOMEM;
        for (const struct sp_yaml *e = v->first; e; e = e->next) {
                struct sp_person_pattern p = { .text = e->text, .mark = e->mark };
                const char *wrong;

                r = sp_load_scalar(l, e);
                if (r < 0)
                        return r;
                wrong = read_person(&p);
                if (wrong)
                        return sp_err_set_at(l->err, -EINVAL, "policy.bad-person",
                                             SP_AT(e->mark), "%s", wrong);
                s->persons[s->n_persons++] = p;
        }
        return 0;
}

int sp_load_resources(struct sp_loader *l, const struct sp_yaml *v,
                      struct sp_resource_pattern **ret, size_t *ret_n)
{
        struct sp_resource_pattern *all;
        size_t n = 0;
        int r = sp_load_list(l, v);

        if (r < 0)
                return r;
        all = sp_arena_array(&l->policy->arena, v->count, sizeof(*all));
        if (!all)
                return -ENOMEM;
        for (const struct sp_yaml *e = v->first; e; e = e->next) {
                const char *wrong;

                r = sp_load_scalar(l, e);
                if (r < 0)
                        return r;
                wrong = sp_resource_check(e->text);
                if (wrong)
                        return sp_err_set_at(l->err, -EINVAL, "policy.bad-pattern",
                                             SP_AT(e->mark), "%s", wrong);
                all[n++] = (struct sp_resource_pattern){ e->text,
                                                         sp_resource_split(e->text),
                                                         e->mark };
        }
        *ret = all;
        *ret_n = n;
        return 0;
}

int sp_load_name(struct sp_loader *l, const struct sp_yaml *v, struct sp_str *ret)
{
        struct sp_str name;
        int r = sp_load_scalar(l, v);

        if (r < 0)
                return r;
        for (size_t i = 0; i < v->text.n; i++) {
                char c = v->text.p[i];

                if (v->text.n > 64 ||
                    !((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
                        return sp_err_set_at(l->err, -EINVAL, "policy.bad-name",
                                             SP_AT(v->mark),
                                             "a name is up to 64 of a-z, 0-9 and -");
        }
        name = sp_arena_printf(&l->policy->arena, "%s#%.*s", l->file, SP_FMT(v->text));
        if (!name.p)
                return -ENOMEM;
        *ret = name;
        return 0;
}
