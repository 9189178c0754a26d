/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/mask/reach.h"

#include <errno.h>

int sp_mask_reaches_add(struct sp_arena *a, struct sp_mask_reaches *l,
                        struct sp_str output, struct sp_str table, struct sp_str path,
                        struct sp_mask mask)
{
        struct sp_mask_reach *grown = *l->v;

        if (*l->n == l->capacity) {
                l->capacity = l->capacity ? l->capacity * 2 : 8;
                grown = sp_arena_array(a, l->capacity, sizeof(*grown));
                if (!grown)
                        return -ENOMEM;
                if (*l->n)
                        memcpy(grown, *l->v, *l->n * sizeof(*grown));
                *l->v = grown;
        }
        grown[*l->n] = (struct sp_mask_reach){
                .output = sp_arena_str(a, output),
                .column = sp_arena_printf(a, "%.*s.%.*s", SP_FMT(table), SP_FMT(path)),
                .mask = mask,
        };
        if (!grown[*l->n].output.p || !grown[*l->n].column.p)
                return -ENOMEM;
        (*l->n)++;
        return 0;
}
