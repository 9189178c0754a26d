/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bpf/egress_handed — bpf/egress that also catches datagram sockets handed in by others: it
 * asks who is sending.
 *
 * Needs:  kernels that let these programs ask for the current task (6.18 does, 6.1 does
 *         not). Where it does not load bpf/egress takes its place, and a connected datagram
 *         socket that somebody outside made and passed in is not stopped.
 */
#define SP_HANDED 1
#include "bpf/egress.bpf.c"
