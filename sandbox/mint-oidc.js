#!/usr/bin/env node
/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * sandbox/mint-oidc: signs an OIDC token for tests.
 *
 *   mint-oidc.js --key FILE [--alg RS256|ES256] [--kid ID] [--iss URL] [--aud AUDIENCE]
 *                [--sub SUBJECT] [--groups a,b] [--exp-in SECONDS] [--nbf-in SECONDS]
 *                [--claim NAME=JSON ...]
 *
 * `--exp-in=-60` makes an expired one, and `--claim` may override or (with null) remove anything:
 * making wrong tokens is half of what this is for.
 */
const crypto = require('node:crypto');
const fs = require('node:fs');
const { parseArgs } = require('node:util');

const { values: o } = parseArgs({
        options: {
                key: { type: 'string' },
                alg: { type: 'string', default: 'RS256' },
                kid: { type: 'string' },
                iss: { type: 'string', default: 'https://idp.example.test' },
                aud: { type: 'string', default: 'sallyport' },
                sub: { type: 'string', default: 'ann@example.test' },
                groups: { type: 'string', default: '' },
                'exp-in': { type: 'string', default: '3600' },
                'nbf-in': { type: 'string', default: '-60' },
                claim: { type: 'string', multiple: true, default: [] },
        },
});

function sign(alg, key, data) {
        const k = crypto.createPrivateKey(key);
        if (alg === 'RS256') return crypto.sign('RSA-SHA256', data, k);
        if (alg === 'ES256')
                return crypto.sign('SHA256', data, {
                        key: k,
                        dsaEncoding: 'ieee-p1363',
                });
        throw new Error(`alg ${alg}: RS256 or ES256 is expected`);
}

if (!o.key) {
        process.stderr.write('mint-oidc: --key is missing\n');
        process.exit(2);
}
const now = Math.floor(Date.now() / 1000);
const claims = {
        iss: o.iss,
        aud: o.aud,
        sub: o.sub,
        iat: now,
        nbf: now + Number(o['nbf-in']),
        exp: now + Number(o['exp-in']),
};
if (o.groups) claims.groups = o.groups.split(',');
for (const c of o.claim) {
        const [name, json] = [c.slice(0, c.indexOf('=')), c.slice(c.indexOf('=') + 1)];
        claims[name] = JSON.parse(json);
        if (claims[name] === null) delete claims[name];
}
const encode = (v) => Buffer.from(JSON.stringify(v)).toString('base64url');
const header = { alg: o.alg, typ: 'JWT', kid: o.kid ?? `test-${o.alg.toLowerCase()}` };
const body = `${encode(header)}.${encode(claims)}`;
const signature = sign(o.alg, fs.readFileSync(o.key), Buffer.from(body));
process.stdout.write(`${body}.${signature.toString('base64url')}\n`);
