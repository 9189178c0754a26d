/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/run_filter — what the command of `sallyctl run` and its children cannot ask of the kernel.
 *
 * Job:    namespaces of their own (unshare, setns, clone: EPERM) and sockets but of IPv4, IPv6,
 *         Unix and netlink (EAFNOSUPPORT). As RestrictNamespaces= and RestrictAddressFamilies=
 *         of systemd.exec(5) do; calls of another architecture are refused whole.
 *         io_uring is refused (EPERM): it makes sockets without a system call.
 * Needs:  no_new_privs, which is what makes it hold for set-uid programs, too.
 */
#pragma once

int sp_run_filter(void); /* -errno */
