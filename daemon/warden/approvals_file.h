/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warden/approvals_file — one approval as a file of root's, to live through a restart,
 * and as a line in the records.
 *
 * Job:       save, load, remove. The file's name is the approval's id.
 * Ownership: a loaded approval's strings point into `*ret_text`, which the caller
 *            frees.
 * Errors:    "file.*"; -EBADMSG "approval.damaged": not a file of ours.
 */
#pragma once

#include "daemon/warden/approvals.h"

#define SP_APPROVAL_FILE_MAX SP_IPC_PAYLOAD_MAX

sp_must_check int sp_approval_file_save(const char *dir, const struct sp_approval *a,
                                        struct sp_err *reterr);
sp_must_check int sp_approval_file_load(const char *dir, const char *name,
                                        struct sp_approval *ret,
                                        struct sp_buf *ret_text, struct sp_err *reterr);
void sp_approval_file_remove(const char *dir, const struct sp_approval *a);
/* Decodes the content of such a file. */
sp_must_check int sp_approval_decode(struct sp_str text, struct sp_approval *ret);
/* One "approval" record. `event`: asked, approved, denied, expired, used. `who` empty:
 * nobody decided (yet); `uid` SP_APPROVER_NONE: not a person. */
sp_must_check int sp_approval_record(const struct sp_approval *a, const char *event,
                                     struct sp_str who, uint32_t uid,
                                     struct sp_str reason, struct sp_buf *to);
