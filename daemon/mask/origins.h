/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mask/origins — which stored column an output shows.
 *
 * Job:       for observing: name the one stored column that each output of a text shows, if it is
 *            one, and masked for nobody.
 * In:        the lineage of the text that is sent, the catalogue it was resolved over.
 * Out:       one sp_output_origin per output, in the arena; mask/outputs writes them.
 * Errors:    -ENOMEM.
 */
#pragma once

#include "daemon/mask/mask.h"
#include "daemon/mask/outputs.h"

sp_must_check int sp_mask_origins(struct sp_arena *a, const struct sp_mask_input *in,
                                  const struct sp_sql_catalog *catalog,
                                  const struct sp_sql_lineage *l,
                                  struct sp_output_origin **ret);
/* The STRUCT that a source is, or is a list of; or NULL. */
const struct sp_sql_type *sp_mask_struct_of(const struct sp_sql_catalog *catalog,
                                            const struct sp_sql_source *s);
