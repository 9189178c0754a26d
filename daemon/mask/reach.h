/* SPDX-License-Identifier: Apache-2.0 */
/* mask/reach — a list of a reading while it grows: which protected column gets where. */
#pragma once

#include "daemon/mask/reading.h"

struct sp_mask_reaches {
        struct sp_mask_reach **v; /* of the reading */
        size_t *n, capacity;
};

/* Copies the texts into the arena. -ENOMEM. */
sp_must_check int sp_mask_reaches_add(struct sp_arena *a, struct sp_mask_reaches *l,
                                      struct sp_str output, struct sp_str table,
                                      struct sp_str path, struct sp_mask mask);
