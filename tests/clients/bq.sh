#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# bq.sh [--mode query|rpc|head|dry-run|jobs|job] [--project P] [--cred-file FILE | --oidc-token FILE
#        | --dummy-key] [--location L] SQL | DATASET.TABLE | PROJECT | JOB
# bq.sh --mode run [OPTIONS] COMMAND ARGUMENT...
#
# One query, or with `run` any command, with an unmodified bq command. Prints one JSON line: what the user got. Exit
# status 0 for rows, 1 for an error, 2 for wrong use, 77 (with a reason) where bq is not
# installed.
#
# Credentials, none of them the user's own (the configuration is a new directory each time):
#   default            the metadata server's account, as on a Google VM
#   --cred-file FILE   a service_account or external_account JSON file
#   --oidc-token FILE  an OIDC token in a file, by workload identity federation through
#                      sts.googleapis.com (the external_account file is made here)
#   --dummy-key        a service-account key made on the spot, known to nobody
set -u
mode=query project=${GOOGLE_CLOUD_PROJECT:-} cred= oidc= dummy= location=
while test $# -gt 0; do
	case $1 in
	--mode) mode=$2; shift 2 ;;
	--project) project=$2; shift 2 ;;
	--cred-file) cred=$2; shift 2 ;;
	--oidc-token) oidc=$2; shift 2 ;;
	--dummy-key) dummy=1; shift ;;
	--location) location=$2; shift 2 ;;
	--*) echo "bq.sh: unknown option $1" >&2; exit 2 ;;
	*) break ;;
	esac
done
text=${1:-${SQL:-}}
if test -z "$text" || test -z "$project"; then
	echo "bq.sh: a project (--project) and SQL are needed" >&2
	exit 2
fi
command -v bq >/dev/null || { echo "skip: bq is not installed" >&2; exit 77; }
command -v node >/dev/null || { echo "skip: node is not installed" >&2; exit 77; }

config=$(mktemp -d "${TMPDIR:-/tmp}/sallyport-bq.XXXXXX") || exit 2
trap 'rm -rf "$config"' EXIT
trap 'exit 130' INT TERM
export CLOUDSDK_CONFIG="$config" CLOUDSDK_CORE_PROJECT="$project" \
	CLOUDSDK_CORE_DISABLE_USAGE_REPORTING=true CLOUDSDK_CORE_DISABLE_PROMPTS=1 \
	CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK=true CLOUDSDK_CORE_SURVEY_DISABLE=true \
	CLOUDSDK_CORE_DISABLE_FILE_LOGGING=true BIGQUERYRC="$config/bigqueryrc" PYTHONWARNINGS=ignore
: >"$BIGQUERYRC"

if test -n "$oidc"; then
	cred=$config/external.json
	node -e '
		const file = require("path").resolve(process.argv[1]);
		console.log(JSON.stringify({
			type: "external_account",
			audience: "//iam.googleapis.com/projects/1/locations/global/" +
				"workloadIdentityPools/sallyport/providers/test",
			subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
			token_url: "https://sts.googleapis.com/v1/token",
			credential_source: { file },
		}));' "$oidc" >"$cred" || exit 2
elif test -n "$dummy"; then
	cred=$config/dummy.json
	node -e '
		const { privateKey } = require("crypto").generateKeyPairSync("rsa", {
			modulusLength: 2048,
			privateKeyEncoding: { type: "pkcs8", format: "pem" },
			publicKeyEncoding: { type: "spki", format: "pem" } });
		console.log(JSON.stringify({
			type: "service_account", project_id: process.argv[1],
			private_key_id: "0".repeat(40), private_key: privateKey,
			client_email: `dummy@${process.argv[1]}.iam.gserviceaccount.com`,
			client_id: "1", token_uri: "https://oauth2.googleapis.com/token" }));' \
		"$project" >"$cred" || exit 2
fi
if test -n "$cred"; then
	# An override needs no login and therefore no request before the query itself.
	export CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE="$cred"
	account=$(node -e '
		const c = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"));
		console.log(c.client_email ?? "federated");' "$cred") || exit 2
	export CLOUDSDK_CORE_ACCOUNT="$account"
fi

test "$mode" = run || set --
test -z "$location" || set -- "--location=$location" "$@"
set -- --format=json --headless=true --synchronous_mode=true --quiet=true "--project_id=$project" "$@"
case $mode in
run) ;;
query) set -- "$@" query --nouse_legacy_sql --max_rows=10000 "$text" ;;
rpc) set -- "$@" query --rpc --nouse_legacy_sql --max_rows=10000 "$text" ;;
dry-run) set -- "$@" query --dry_run --nouse_legacy_sql "$text" ;;
head) set -- "$@" head --max_rows=10000 "$text" ;;
jobs) set -- "$@" ls --jobs --max_results=1000 "$text" ;;
job) set -- "$@" show --job "$text" ;;
*) echo "bq.sh: --mode $mode is not known" >&2; exit 2 ;;
esac
bq "$@" >"$config/out" 2>"$config/err" </dev/null
status=$?
node -e '
	const fs = require("fs");
	const [dir, mode, status] = process.argv.slice(1);
	const read = (name) => fs.readFileSync(`${dir}/${name}`, "utf8").trim();
	const out = read("out"), err = read("err");
	const answer = { client: "bq", mode, ok: status === "0" };
	if (answer.ok) {
		let v;
		try { v = JSON.parse(out); } catch { answer.text = out; }
		if (v !== undefined) answer[Array.isArray(v) ? "rows" : "result"] = v;
	} else {
		const message = `${out}\n${err}`.trim().replace(/\s*\n\s*/g, " ");
		answer.error = { message, code: null, reason: null };
	}
	console.log(JSON.stringify(answer));
' "$config" "$mode" "$status"
test "$status" -eq 0 || exit 1
