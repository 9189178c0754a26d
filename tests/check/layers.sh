#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A folder includes only folders before it in this list (ARCHITECTURE.md has the same list):
# prints each include that points the wrong way; the roles do not include each other.
cd "$(dirname "$0")/../.." || exit 1
order='base sql policy mask google roles'
bad=0
below=
for layer in $order; do
	below="$below $layer"
	for f in daemon/"$layer"/*.[ch]; do
		for inc in $(sed -n 's|^#include "daemon/\([a-z0-9]*\)/.*|\1|p' "$f"); do
			case " $below " in *" $inc "*) ;; *) echo "$f includes daemon/$inc"; bad=1 ;; esac
		done
	done
done
for role in worker verifier warden recorder; do
	for f in daemon/"$role"/*.[ch]; do
		for inc in $(sed -n 's|^#include "daemon/\([a-z0-9]*\)/.*|\1|p' "$f"); do
			case " $order $role " in *" $inc "*) ;; *) echo "$f includes daemon/$inc"; bad=1 ;; esac
		done
	done
done
# the pure layers do no I/O
for layer in sql policy mask google; do
	grep -lE '^#include <(sys/socket|sys/stat|fcntl|curl/.*|uv|systemd/.*|rocksdb/.*)\.h>' daemon/$layer/*.[ch] |
		sed 's/$/ includes a header for I\/O/' | grep . && bad=1
done
grep -q "base → sql → policy → mask → google → roles" ARCHITECTURE.md || { echo "ARCHITECTURE.md does not name the layers"; bad=1; }
exit $bad
