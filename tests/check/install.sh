#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `make install` and `make uninstall`, into a directory; and how exposed systemd finds the units of the roles, which
# `make boot` asks of the running ones.
cd "$(dirname "$0")/../.." || exit 1
to=$(mktemp -d) && trap 'rm -rf "$to"' EXIT
passed=0 failed=0

check() {
	sentence=$1
	shift
	if "$@" >"$to.out" 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED $sentence"
		tail -5 "$to.out"
	fi
	rm -f "$to.out"
}
install() { make -s "$1" DESTDIR="$to" PREFIX=/usr >/dev/null; }
units=usr/lib/systemd/system

check "it installs" install install
check "the programs are there and run" "$to/usr/sbin/sallyportd" --version
check "and sallyctl" "$to/usr/bin/sallyctl" --version
check "the manual is there" test -s "$to/usr/share/man/man8/sallyportd.8"
for unit in systemd/*.service systemd/*.socket systemd/*.slice; do
	check "${unit##*/} is there" test -s "$to/$units/${unit##*/}"
done
for unit in "$to/$units"/sallyport-*@.service; do
	role=${unit##*/sallyport-} && role=${role%@.service}
	check "sallyport-$role@.service runs the role $role, as its user" \
		sh -c "grep -qx 'ExecStart=/usr/sbin/sallyportd --role=$role' $unit && grep -qx 'User=sallyport-$role' $unit"
	check "its socket is where the daemon asks, for root alone" \
		sh -c "grep -qx 'ListenSequentialPacket=/run/sallyport/roles/$role' $to/$units/sallyport-$role.socket &&
			grep -qx 'SocketMode=0600' $to/$units/sallyport-$role.socket"
	check "and the daemon requires it" grep -q "^Requires=.*sallyport-$role.socket" "$to/$units/sallyportd.service"
	check "the user is made" grep -q "^u sallyport-$role " "$to/usr/lib/sysusers.d/sallyport.conf"
	if systemd-analyze security --help 2>/dev/null | grep -q -- --offline; then
		check "systemd finds it exposed 2.0 or less" systemd-analyze security --offline=true --threshold=20 --no-pager "$unit"
	fi
done
check "it uninstalls" install uninstall
check "and leaves the configuration alone" sh -c "cd $to && [ \"\$(find . -type f)\" = ./etc/sallyport/sallyport.yaml ]"

echo "install: $passed passed, $failed failed"
[ $failed = 0 ]
