#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A table in docs/threat-model.md is the one that a suite tries.
# Usage: table.sh NAME PROGRAM [--write]: between "<!-- NAME -->" and "<!-- end of NAME -->" stands what
# `PROGRAM table` prints.
cd "$(dirname "$0")/../.." || exit 1
page=docs/threat-model.md name=$1
tmp=$(mktemp -d) && trap 'rm -rf "$tmp"' EXIT
"$2" table >"$tmp/table" || exit 1
sed -e "/^<!-- $name -->\$/r $tmp/table" -e "/^<!-- $name -->\$/,/^<!-- end of $name -->\$/{/^<!--/!d}" $page >"$tmp/page"
if [ "${3:-}" = --write ]; then
	cp "$tmp/page" $page
else
	cmp -s $page "$tmp/page" || { echo "$page: not the $name that the suite tries: tests/check/table.sh $1 $2 --write"; exit 1; }
fi
