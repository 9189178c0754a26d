#!/usr/bin/env node
/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * tests/clients/metadata-standin: a small GCE metadata server for the positive control.
 *
 *   metadata-standin.js --listen ADDRESS:PORT [--listen ...] --key-file FILE --project ID
 *                       [--ready-file FILE]
 *
 * Hands out real tokens of the stand-in: it signs an assertion with the service-account
 * key and exchanges it at the key's token_uri, so that clients which know nothing but a
 * metadata server reach the stand-in directly. NODE_EXTRA_CA_CERTS says whom it trusts.
 * Ends when its parent does.
 */
const crypto = require('node:crypto');
const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const { parseArgs } = require('node:util');

const SCOPES = [
        'https://www.googleapis.com/auth/bigquery',
        'https://www.googleapis.com/auth/cloud-platform',
];
const FLAVOR = { 'Metadata-Flavor': 'Google', Server: 'Metadata Server for VM' };

const { values: o } = parseArgs({
        options: {
                listen: {
                        type: 'string',
                        multiple: true,
                        default: ['169.254.169.254:80'],
                },
                'key-file': { type: 'string' },
                project: { type: 'string', default: 'acme-prod' },
                'ready-file': { type: 'string' },
        },
});
const key = JSON.parse(fs.readFileSync(o['key-file'], 'utf8'));

function assertion(scopes) {
        const now = Math.floor(Date.now() / 1000);
        const part = (v) => Buffer.from(JSON.stringify(v)).toString('base64url');
        const head = part({ alg: 'RS256', typ: 'JWT', kid: key.private_key_id });
        const body = `${head}.${part({
                iss: key.client_email,
                aud: key.token_uri,
                iat: now,
                exp: now + 3600,
                scope: scopes.join(' '),
        })}`;
        return `${body}.${crypto.sign('RSA-SHA256', Buffer.from(body), key.private_key).toString('base64url')}`;
}

function fetchToken(scopes) {
        const form = new URLSearchParams({
                grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
                assertion: assertion(scopes),
        }).toString();
        return new Promise((resolve, reject) => {
                const r = https.request(
                        key.token_uri,
                        {
                                method: 'POST',
                                headers: {
                                        'content-type':
                                                'application/x-www-form-urlencoded',
                                        'content-length': Buffer.byteLength(form),
                                },
                        },
                        (res) => {
                                let text = '';
                                res.on('data', (c) => (text += c));
                                res.on('end', () =>
                                        res.statusCode === 200
                                                ? resolve(JSON.parse(text))
                                                : reject(
                                                          new Error(
                                                                  `token endpoint: ${res.statusCode} ${text}`,
                                                          ),
                                                  ),
                                );
                        },
                );
                r.on('error', reject);
                r.end(form);
        });
}

const account = () => ({
        aliases: ['default'],
        email: key.client_email,
        scopes: SCOPES,
});

async function lookUp(path, params) {
        const recursive = params.get('recursive') === 'true';
        switch (path.replace(/\/$/, '')) {
                case '/computeMetadata/v1/instance':
                        return 'service-accounts/\n';
                case '/computeMetadata/v1/project/project-id':
                        return o.project;
                case '/computeMetadata/v1/project/numeric-project-id':
                        return '100000000001';
                case '/computeMetadata/v1/universe/universe-domain':
                case '/computeMetadata/v1/universe/universe_domain':
                        return 'googleapis.com';
                case '/computeMetadata/v1/instance/service-accounts':
                        return recursive
                                ? { default: account() }
                                : `default/\n${key.client_email}/\n`;
                case '/computeMetadata/v1/instance/service-accounts/default':
                case `/computeMetadata/v1/instance/service-accounts/${key.client_email}`:
                        return recursive
                                ? account()
                                : 'aliases\nemail\nscopes\ntoken\n';
                case '/computeMetadata/v1/instance/service-accounts/default/email':
                case `/computeMetadata/v1/instance/service-accounts/${key.client_email}/email`:
                        return key.client_email;
                case '/computeMetadata/v1/instance/service-accounts/default/scopes':
                        return SCOPES.join('\n') + '\n';
                case '/computeMetadata/v1/instance/service-accounts/default/token':
                case `/computeMetadata/v1/instance/service-accounts/${key.client_email}/token`: {
                        const asked = (params.get('scopes') ?? '')
                                .split(',')
                                .filter(Boolean);
                        const t = await fetchToken(asked.length ? asked : SCOPES);
                        return {
                                access_token: t.access_token,
                                expires_in: t.expires_in,
                                token_type: 'Bearer',
                        };
                }
                default:
                        return null;
        }
}

async function answer(req, res) {
        const url = new URL(req.url, 'http://metadata.google.internal');
        if (url.pathname === '/') {
                res.writeHead(200, { ...FLAVOR, 'content-type': 'application/text' });
                res.end('computeMetadata/\n');
                return;
        }
        if (req.headers['metadata-flavor'] !== 'Google') {
                res.writeHead(403, FLAVOR);
                res.end('Missing required header Metadata-Flavor\n');
                return;
        }
        const found = await lookUp(url.pathname, url.searchParams);
        if (found === null) {
                res.writeHead(404, FLAVOR);
                res.end('not here\n');
                return;
        }
        const isJson = typeof found === 'object';
        res.writeHead(200, {
                ...FLAVOR,
                'content-type': isJson ? 'application/json' : 'application/text',
        });
        res.end(isJson ? JSON.stringify(found) : found);
}

const parent = process.ppid;
setInterval(() => process.ppid !== parent && process.exit(0), 500).unref();
let waiting = o.listen.length;
for (const text of o.listen) {
        const at = text.lastIndexOf(':');
        const s = http.createServer((req, res) =>
                answer(req, res).catch((e) => {
                        process.stderr.write(`metadata-standin: ${e.message}\n`);
                        res.writeHead(503, FLAVOR);
                        res.end('unavailable\n');
                }),
        );
        s.listen(
                Number(text.slice(at + 1)),
                text.slice(0, at).replace(/[[\]]/g, ''),
                () => {
                        if (--waiting === 0 && o['ready-file'])
                                fs.writeFileSync(o['ready-file'], `${process.pid}\n`);
                },
        );
}
