#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every error id in the source has an entry in docs/errors.md, and no entry is left over.
cd "$(dirname "$0")/../.." || exit 1
export LC_ALL=C
tmp=$(mktemp -d) && trap 'rm -rf "$tmp"' EXIT
areas='sql|policy|mask|judge|request|api|json|identity|approval|job|table|store|record|recorder|schema|upstream|answer|http|tls|egress|origin|limits|settings|file|guard|worker|bus|keys|ca|yaml|role|sandbox|supervise|spawn|listen|warden|cli|credential|token|limit'
id='[a-z0-9]+\.[a-z0-9]+(-[a-z0-9]+)*'
{
	# ids of the known areas, wherever they stand
	grep -rhoE "\"($areas)\.[a-z0-9]+(-[a-z0-9]+)*\"" --include='*.[ch]' daemon cli | tr -d '"'
	# and the first id in each call of sp_err_set, so that a new area cannot be missed
	grep -rhozP "sp_err_set(_at)?\([^\";]*\"\K$id(?=\")" --include='*.c' daemon cli | tr '\0' '\n'
} | grep -vE '\.(c|h|yaml|pem|key|json|sock|service)$' | sort -u >"$tmp/source"
sed -n 's/^### `\([a-z0-9.-]*\)`$/\1/p' docs/errors.md | sort >"$tmp/all"
sort -u "$tmp/all" >"$tmp/docs"
uniq -d "$tmp/all" | sed 's/^/twice in docs\/errors.md: /'
comm -23 "$tmp/source" "$tmp/docs" | sed 's/^/not in docs\/errors.md: /'
comm -13 "$tmp/source" "$tmp/docs" | sed 's/^/documented, not in the source: /'
cmp -s "$tmp/source" "$tmp/docs" && cmp -s "$tmp/all" "$tmp/docs"
