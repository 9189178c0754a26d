/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/doctor_probes — how each runtime is asked whether it trusts the local CA: by a TLS
 * handshake of its own with the daemon, as a program that knows nothing of Sallyport makes it.
 *
 * A probe's exit status is a SP_TRUST_*; whatever else it is, the connection did not work.
 * Source: docs/clients.md, "Trusting the CA".
 */
#pragma once

#include <stddef.h>

#define SP_DOCTOR_HOST "bigquery.googleapis.com"
#define SP_DOCTOR_JAVA "Probe.java"

enum {
        SP_TRUST_YES = 0,
        SP_TRUST_NO = 60, /* as of curl(1): the peer's certificate is not trusted */
        SP_TRUST_ABSENT = 61, /* the runtime is here, the library is not */
};

struct sp_doctor_probe {
        const char *name;
        const char *const *argv; /* argv[0] is looked up in PATH; NULL: `own` */
        int (*own)(void); /* in a child; returns the exit status */
        const char *set; /* what to set */
};
extern const struct sp_doctor_probe sp_doctor_probes[];
extern const size_t sp_doctor_n_probes;
extern const char
        sp_doctor_java[]; /* text of SP_DOCTOR_JAVA, in the working directory */
