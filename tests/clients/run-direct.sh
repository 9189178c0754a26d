#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# run-direct.sh: every client against the stand-in, with nothing in between.
#
# The positive control of the end-to-end tests: it shows that each client works and sees
# the raw rows when Sallyport is not there. Runs in network and mount namespaces of its
# own (loopback only; Google's names map to it in a private /etc/hosts), so nothing of the
# host is touched and all of it ends with this script. Needs root. A client that is not installed is shown as skipped; the
# exit status is 0 when all the others did what the table expects.
#
# Environment: KEEP=1 keeps the work directory and prints its name.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
sandbox=$here/../../sandbox

outside() {
	test "$(id -u)" -eq 0 || { echo "skip: needs root for namespaces" >&2; exit 77; }
	for d in "$sandbox" "$here/node"; do
		test -d "$d/node_modules" || { echo "run 'npm ci' in $d first" >&2; exit 77; }
	done
	work=$(mktemp -d "${TMPDIR:-/tmp}/sallyport-direct.XXXXXX")
	trap 'if test -n "${KEEP:-}"; then echo "kept: $work"; else rm -rf "$work"; fi' EXIT
	trap 'exit 130' INT TERM
	"$sandbox/make-demo-pki.sh" "$work/pki"
	"$here/go/build.sh" "$work/go-query" || test $? -eq 77
	unshare --mount --net --pid --mount-proc --fork --kill-child "$0" --inside "$work"
}

namespace() {
	mount --make-rprivate /
	ip link set lo up
	ip addr add 169.254.169.254/32 dev lo
	{
		echo "127.0.0.1 localhost"
		echo "127.0.0.1 bigquery.googleapis.com oauth2.googleapis.com www.googleapis.com"
		echo "127.0.0.1 sts.googleapis.com accounts.google.com"
		echo "169.254.169.254 metadata.google.internal metadata"
	} >"$work/hosts"
	mount --bind "$work/hosts" /etc/hosts
}

servers() {
	node "$sandbox/bq-standin.js" --listen 127.0.0.1:443 \
		--tls-cert "$work/pki/upstream.crt" --tls-key "$work/pki/upstream.key" \
		--data "$sandbox/demo-data.json" --journal "$work/journal" \
		--demo-key-pub "$work/pki/demo-sa.pub" --ready-file "$work/standin.ready" \
		>/dev/null 2>"$work/standin.log" &
	NODE_EXTRA_CA_CERTS=$ca node "$here/metadata-standin.js" \
		--listen 169.254.169.254:80 --key-file "$work/pki/demo-sa.json" \
		--project acme-prod --ready-file "$work/metadata.ready" >/dev/null 2>"$work/metadata.log" &
	for name in standin metadata; do
		i=0
		until test -s "$work/$name.ready"; do
			i=$((i + 1))
			test $i -lt 150 || { echo "$name did not start:"; cat "$work/$name.log"; exit 1; }
			sleep 0.1
		done
	done
}

# try NAME EXPECTED COMMAND...: one row of the table.
try() {
	name=$1 expected=$2
	shift 2
	out=$("$@" 2>"$work/err") && status=0 || status=$?
	case $status in
	77) verdict=skip out=$(cat "$work/err") ;;
	*)
		if printf '%s' "$out" | grep -qF -- "$expected"; then
			verdict=ok
		else
			verdict=FAIL failed=1
			out="$out $(tail -n 3 "$work/err")"
		fi
		;;
	esac
	printf '%-6s %-22s %.110s\n' "$verdict" "$name" "$(printf '%s' "$out" | tr '\n' ' ')"
}

go_query() {
	test -x "$work/go-query" || { echo "skip: the Go client could not be built" >&2; return 77; }
	"$work/go-query" "$@"
}

py_query() {
	/usr/bin/python3 -c 'import googleapiclient, google.auth' 2>/dev/null ||
		{ echo "skip: python3-googleapi is not installed" >&2; return 77; }
	/usr/bin/python3 "$here/python/query.py" "$@"
}

inside() {
	work=$1
	ca=$work/pki/upstream-ca.crt
	failed=0
	namespace
	servers
	export NODE_EXTRA_CA_CERTS="$ca" SSL_CERT_FILE="$ca" HTTPLIB2_CA_CERTS="$ca" \
		REQUESTS_CA_BUNDLE="$ca" CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE="$ca"
	export GOOGLE_CLOUD_PROJECT=acme-prod HOME="$work" CLOUDSDK_CONFIG="$work/no-gcloud"
	unset GOOGLE_APPLICATION_CREDENTIALS || true
	node=$here/node/query.js
	rows='SELECT id, name, ssn FROM crm.customers WHERE id = 1'
	seen='900-13-1317'
	wrong='SELECT zzz FROM crm.customers'
	said='Unrecognized name: zzz at [1:8]'
	change='UPDATE crm.orders SET status = "paid" WHERE id = 1001'
	key=$work/pki/demo-sa.json

	try 'node query()' "$seen" "$node" "$rows"
	try 'node job' "$seen" "$node" --mode job "$rows"
	try 'node job.promise()' "$seen" "$node" --mode promise "$rows"
	try 'node getRows()' "$seen" "$node" --mode rows crm.customers
	try 'node paging' '"id":12' "$node" --max-results 5 'SELECT id FROM crm.customers ORDER BY id'
	try 'node parameters' 'Ada' "$node" --param 'who=Ada%' 'SELECT name FROM crm.customers WHERE name LIKE @who'
	try 'node dry run' '"statementType":"SELECT"' "$node" --mode dry-run "$rows"
	try 'node nested' '"number":"+44-555-0102"' "$node" 'SELECT * FROM crm.contacts'
	try 'node key file' "$seen" "$node" --key-file "$key" "$rows"
	try 'node error' "$said" "$node" "$wrong"
	try 'node update' '"ok":true' "$node" "$change"
	try 'go query' "$seen" go_query "$rows"
	try 'go dry run' '"bytes_processed"' go_query -dry-run "$rows"
	try 'go nested' '+44-555-0102' go_query 'SELECT * FROM crm.contacts'
	try 'go error' "$said" go_query "$wrong"
	try 'go update' '"dml_rows":1' go_query -exec "$change"
	try 'python jobs.query' "$seen" py_query "$rows"
	try 'python jobs.insert' "$seen" py_query --mode insert "$rows"
	try 'python paging' '"id": "12"' py_query --max-results 5 'SELECT id FROM crm.customers ORDER BY id'
	try 'python error' "$said" py_query "$wrong"
	try 'python update' '"dml_rows": 1' py_query "$change"
	try 'bq query' "$seen" "$here/bq.sh" "$rows"
	try 'bq query --rpc' "$seen" "$here/bq.sh" --mode rpc "$rows"
	try 'bq head' "$seen" "$here/bq.sh" --mode head crm.customers
	try 'bq key file' "$seen" "$here/bq.sh" --cred-file "$key" "$rows"
	try 'bq error' 'Unrecognized name: zzz' "$here/bq.sh" "$wrong"
	try 'bq foreign key' 'Failed JWT signature check' "$here/bq.sh" --dummy-key "$rows"
	echo "requests seen by the stand-in: $(wc -l <"$work/journal")"
	return $failed
}

case ${1:-} in
--inside) inside "$2" ;;
'') outside ;;
*) echo "usage: $0" >&2; exit 2 ;;
esac
