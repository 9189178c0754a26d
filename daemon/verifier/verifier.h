/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verifier — the role that says whose an ID token is.
 *
 * Job:    hold the key sets of the configured issuers, given by the warden or fetched, and answer one
 *         question: SP_MSG_VERIFY, an ID token as it came from a client, by struct sp_msg_person.
 * In:     the channel to the warden; settings and key sets over it. No listener, no agent's request,
 *         no secret: what is public is all that it has.
 * Errors: answered with "identity.*", never quoting the token. Its end is the warden's to see: until it
 *         is back nobody signs in.
 * Spec:   docs/decisions/0013-who-vouches-for-a-person.md
 */
#pragma once

#include "daemon/base/def.h"

/* Runs until the warden's channel closes. Returns an exit status. */
int sp_verifier_main(int warden_fd);
