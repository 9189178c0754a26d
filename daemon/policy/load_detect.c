/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "daemon/policy/detect_value.h"
#include "daemon/policy/load.h"

static int detector_name(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        int r = sp_load_scalar(l, v);

        if (r == 0)
                ((struct sp_detector *)to)->name = v->text;
        return r;
}

static int patterns(struct sp_loader *l, const struct sp_yaml *v,
                    const char *(*check)(struct sp_str pattern),
                    struct sp_name_pattern **ret, size_t *ret_n)
{
        int r = sp_load_list(l, v);

        if (r < 0)
                return r;
        *ret = sp_arena_array(&l->policy->arena, v->count, sizeof(**ret));
        if (!*ret)
                return -ENOMEM;
        for (const struct sp_yaml *e = v->first; e; e = e->next) {
                const char *wrong;

                r = sp_load_scalar(l, e);
                if (r < 0)
                        return r;
                wrong = check(e->text);
                if (wrong)
                        return sp_err_set_at(l->err, -EINVAL, "policy.bad-pattern",
                                             SP_AT(e->mark), "%s", wrong);
                (*ret)[(*ret_n)++] = (struct sp_name_pattern){ e->text, e->mark };
        }
        return 0;
}

static int detector_names(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        struct sp_detector *d = to;

        return patterns(l, v, sp_pattern_check, &d->names, &d->n_names);
}

static int detector_values(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        struct sp_detector *d = to;

        return patterns(l, v, sp_detect_value_check, &d->values, &d->n_values);
}

static int detector_off(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        static const char *const names[] = { "true", NULL };
        unsigned which;
        int r = sp_load_choice(l, v, names, &which);

        if (r == 0)
                ((struct sp_detector *)to)->is_off = true;
        return r;
}

int sp_load_detectors(struct sp_loader *l, const struct sp_yaml *v, void *to)
{
        static const struct sp_key keys[] = { { "name", detector_name, true },
                                              { "names", detector_names, false },
                                              { "values", detector_values, false },
                                              { "off", detector_off, false } };
        struct sp_policy *p = to;
        int r = sp_load_once(l, v, &l->detectors_set);

        if (r == 0 && (v->type != SP_YAML_LIST || !v->count))
                r = sp_err_set_at(l->err, -EINVAL, "policy.empty-list", SP_AT(v->mark),
                                  "write a list of detectors");
        if (r < 0)
                return r;
        p->detectors = sp_arena_array(&p->arena, v->count, sizeof(*p->detectors));
        if (!p->detectors)
                return -ENOMEM;
        for (const struct sp_yaml *e = v->first; e; e = e->next) {
                struct sp_detector d = { .n_names = 0 };

                r = sp_load_map(l, e, keys, SP_ARRAY_SIZE(keys), &d);
                if (r == 0 && (d.n_names + d.n_values == 0) != d.is_off)
                        r = sp_err_set_at(
                                l->err, -EINVAL, "policy.missing-key", SP_AT(e->mark),
                                "a detector has names or values, or is off: true");
                if (r < 0)
                        return r;
                p->detectors[p->n_detectors++] = d;
        }
        return 0;
}
