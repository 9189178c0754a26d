/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/session_print — one record of a session, told to a person.
 *
 * Job:    print a record (parsed JSON) as a block for replay, or as a line for show.
 * In:     records as worker and warden write them; unknown types are named, and fields
 *         that are missing are left out.
 * Errors: none; everything foreign is escaped.
 */
#pragma once

#include "cli/cli.h"
#include "daemon/base/json.h"

/* `asked_us`: when the request of this answer was printed, where it is not the record right above; else 0. */
void sp_record_print(FILE *to, const struct sp_json *record, uint64_t wall_us,
                     uint64_t asked_us);
void sp_record_print_line(FILE *to, const struct sp_json *record, uint64_t wall_us,
                          uint64_t asked_us);
/* "bob@example.com", "bob at https://issuer", or nothing. */
void sp_record_person(const struct sp_json *record, struct sp_buf *to);
/* The answer's rows as a table, or its error message; nothing for other answers. */
void sp_answer_print(FILE *to, struct sp_str body, bool is_cut);
