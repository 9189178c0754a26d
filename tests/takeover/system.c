/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/takeover/system.h"

const struct takeover_attempt *takeover_system(size_t i)
{
        const struct {
                const struct takeover_attempt *all;
                size_t n;
        } tables[] = {
                { takeover_reach, n_takeover_reach },
                { takeover_rights, n_takeover_rights },
                { takeover_network, n_takeover_network },
        };

        for (size_t k = 0; k < sizeof(tables) / sizeof(*tables); k++) {
                if (i < tables[k].n)
                        return &tables[k].all[i];
                i -= tables[k].n;
        }
        return NULL;
}
