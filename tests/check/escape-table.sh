#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The table of ways round the guard in docs/threat-model.md is the one that `make escape` tries.
# Usage: escape-table.sh ESCAPE [--write]
cd "$(dirname "$0")/../.." || exit 1
page=docs/threat-model.md
tmp=$(mktemp -d) && trap 'rm -rf "$tmp"' EXIT
"$1" table >"$tmp/table" || exit 1
sed -e '/^<!-- ways -->$/r '"$tmp/table" -e '/^<!-- ways -->$/,/^<!-- end of ways -->$/{/^<!--/!d}' $page >"$tmp/page"
if [ "${2:-}" = --write ]; then
	cp "$tmp/page" $page
else
	cmp -s $page "$tmp/page" || { echo "$page: not the ways that tests/escape tries: tests/check/escape-table.sh $1 --write"; exit 1; }
fi
