#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# build.sh OUTPUT: builds the Go client from Debian's packages (golang-1.19-go or later,
# golang-google-cloud-dev). Exit status 77 with a reason when they are not there.
set -eu
test $# -eq 1 || { echo "usage: $0 OUTPUT" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
go=$(command -v go || ls -d /usr/lib/go-*/bin/go 2>/dev/null | tail -n 1)
test -n "$go" || { echo "skip: no Go compiler" >&2; exit 77; }
test -d /usr/share/gocode/src/cloud.google.com/go/bigquery ||
	{ echo "skip: golang-google-cloud-dev is not installed" >&2; exit 77; }
if test -s "$1" && test "$1" -nt "$here/query.go"; then
	exit 0
fi
cd "$here"
GO111MODULE=off GOPATH=/usr/share/gocode CGO_ENABLED=0 GOFLAGS= \
	GOCACHE="${GOCACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/go-build}" \
	"$go" build -p 2 -o "$1.tmp" query.go
mv "$1.tmp" "$1"
