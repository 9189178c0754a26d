#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# make-demo-pki.sh DIR: keys and certificates for the stand-in, the demo and the tests.
#
#   upstream-ca.{key,crt}    a CA that the daemon is told to trust as its upstream
#   upstream.{key,crt}       the stand-in's server certificate (Google's names, localhost)
#   demo-sa.json             a service-account key file for the stand-in's token endpoint
#   demo-sa.{key,pub}        the same key as PEM; the stand-in needs only the public half
#   oidc-{rs256,es256}.key   an OIDC issuer's signing keys, public halves in oidc-jwks.json
#
# Nothing here is worth anything outside a test. Files that exist already are kept.
set -eu
umask 077
test $# -eq 1 || { echo "usage: $0 DIR" >&2; exit 2; }
mkdir -p "$1"
cd "$1"
days=3650

if ! test -s upstream-ca.crt; then
	openssl ecparam -name prime256v1 -genkey -noout -out upstream-ca.key
	openssl req -x509 -new -key upstream-ca.key -sha256 -days $days -out upstream-ca.crt \
		-subj '/CN=Sallyport demo upstream CA' \
		-addext basicConstraints=critical,CA:TRUE \
		-addext keyUsage=critical,keyCertSign,cRLSign
fi
if ! test -s upstream.crt; then
	openssl ecparam -name prime256v1 -genkey -noout -out upstream.key
	openssl req -new -key upstream.key -subj '/CN=*.googleapis.com' -out upstream.csr
	cat >upstream.ext <<-EOF
	basicConstraints=critical,CA:FALSE
	keyUsage=critical,digitalSignature
	extendedKeyUsage=serverAuth
	subjectAltName=DNS:*.googleapis.com,DNS:bigquery.googleapis.com,DNS:oauth2.googleapis.com,DNS:www.googleapis.com,DNS:accounts.google.com,DNS:bigquery.mtls.googleapis.com,DNS:localhost,IP:127.0.0.1,IP:::1
	EOF
	openssl x509 -req -in upstream.csr -CA upstream-ca.crt -CAkey upstream-ca.key \
		-set_serial "0x$(openssl rand -hex 16 | sed 's/^./1/')" \
		-sha256 -days $days -extfile upstream.ext -out upstream.crt 2>/dev/null
	rm -f upstream.csr upstream.ext
fi
if ! test -s demo-sa.json; then
	openssl genrsa -out demo-sa.key 2048 2>/dev/null
	openssl rsa -in demo-sa.key -pubout -out demo-sa.pub 2>/dev/null
	node - demo-sa.key >demo-sa.json.tmp <<-'EOF'
	const fs = require('fs'), crypto = require('crypto');
	const key = crypto.createPrivateKey(fs.readFileSync(process.argv[2]));
	const email = 'gateway@sallyport-demo.iam.gserviceaccount.com';
	console.log(JSON.stringify({
	        type: 'service_account', project_id: 'sallyport-demo',
	        private_key_id: crypto.randomBytes(20).toString('hex'),
	        private_key: key.export({ type: 'pkcs8', format: 'pem' }),
	        client_email: email, client_id: '100000000000000000001',
	        auth_uri: 'https://accounts.google.com/o/oauth2/auth',
	        token_uri: 'https://oauth2.googleapis.com/token',
	        universe_domain: 'googleapis.com',
	}, null, 2));
	EOF
	mv demo-sa.json.tmp demo-sa.json
fi
if ! test -s oidc-jwks.json; then
	openssl genrsa -out oidc-rs256.key 2048 2>/dev/null
	openssl ecparam -name prime256v1 -genkey -noout -out oidc-es256.key
	node - oidc-rs256.key oidc-es256.key >oidc-jwks.json.tmp <<-'EOF'
	const fs = require('fs'), crypto = require('crypto');
	const keys = ['RS256', 'ES256'].map((alg, i) => ({
	        ...crypto.createPublicKey(fs.readFileSync(process.argv[2 + i])).export({ format: 'jwk' }),
	        use: 'sig', alg, kid: `test-${alg.toLowerCase()}`,
	}));
	console.log(JSON.stringify({ keys }, null, 2));
	EOF
	mv oidc-jwks.json.tmp oidc-jwks.json
fi
