/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * sandbox/harness: starts a stand-in of its own for a test and talks to it.
 *
 * `start()` runs bq-standin.js on a free loopback
 * port with keys of its own and returns {call, token, journal, stop, …}; `call` sends one request and gives
 * back {status, headers, body} with the body parsed.
 */
const childProcess = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const https = require('node:https');
const os = require('node:os');
const path = require('node:path');

const HERE = __dirname;
const SCOPE = 'https://www.googleapis.com/auth/bigquery';
const READY_MS = 20000;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const part = (v) => Buffer.from(JSON.stringify(v)).toString('base64url');

function signJwt(key, claims, header = {}) {
        const body = `${part({ alg: 'RS256', typ: 'JWT', ...header })}.${part(claims)}`;
        return `${body}.${crypto.sign('RSA-SHA256', Buffer.from(body), key).toString('base64url')}`;
}

async function waitFor(what, probe, ms = READY_MS) {
        const end = Date.now() + ms;
        for (;;) {
                const v = await probe();
                if (v) return v;
                if (Date.now() > end) throw new Error(`timed out: ${what}`);
                await sleep(20);
        }
}

let keys = null;

/* One set of keys for a test process; making RSA keys takes longer than the tests. */
function keyDirectory() {
        if (!keys) {
                keys = fs.mkdtempSync(path.join(os.tmpdir(), 'bq-standin-keys-'));
                process.on('exit', () =>
                        fs.rmSync(keys, { recursive: true, force: true }),
                );
                childProcess.execFileSync(path.join(HERE, 'make-demo-pki.sh'), [keys], {
                        stdio: 'pipe',
                });
        }
        return keys;
}

async function start({ data = path.join(HERE, 'demo-data.json'), args = [] } = {}) {
        const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'bq-standin-'));
        const file = (name) => path.join(dir, name);
        const key = (name) => path.join(keyDirectory(), name);
        const child = childProcess.spawn(
                process.execPath,
                [
                        path.join(HERE, 'bq-standin.js'),
                        '--listen',
                        '127.0.0.1:0',
                        '--tls-cert',
                        key('upstream.crt'),
                        '--tls-key',
                        key('upstream.key'),
                        '--data',
                        data,
                        '--journal',
                        file('journal'),
                        '--demo-key-pub',
                        key('demo-sa.pub'),
                        '--ready-file',
                        file('ready'),
                        ...args,
                ],
                { stdio: ['ignore', 'ignore', fs.openSync(file('log'), 'w')] },
        );
        let ended = null;
        child.once('exit', (code, signal) => (ended = { code, signal }));
        const log = () => fs.readFileSync(file('log'), 'utf8');
        await waitFor('the stand-in is ready', () => {
                if (ended) throw new Error(`the stand-in ended: ${log()}`);
                return fs.existsSync(file('ready'));
        });
        const { listen } = JSON.parse(fs.readFileSync(file('ready'), 'utf8'));
        const ca = fs.readFileSync(key('upstream-ca.crt'));
        const account = JSON.parse(fs.readFileSync(key('demo-sa.json'), 'utf8'));
        const agent = new https.Agent({ keepAlive: true });
        const { port } = listen[0];

        function call(method, url, { body, headers = {}, token } = {}) {
                const u = new URL(url, 'https://bigquery.googleapis.com/bigquery/v2/');
                const isForm = typeof body === 'string';
                const all = { host: u.host, ...headers };
                if (body !== undefined && !all['content-type'])
                        all['content-type'] = isForm
                                ? 'application/x-www-form-urlencoded'
                                : 'application/json';
                if (token) all.authorization = `Bearer ${token}`;
                return new Promise((resolve, reject) => {
                        const r = https.request(
                                {
                                        agent,
                                        ca,
                                        host: '127.0.0.1',
                                        port,
                                        servername: u.hostname,
                                        method,
                                        path: u.pathname + u.search,
                                        headers: all,
                                },
                                (res) => {
                                        const chunks = [];
                                        res.on('data', (c) => chunks.push(c));
                                        res.on('end', () => {
                                                const raw = Buffer.concat(chunks);
                                                let json;
                                                try {
                                                        json = JSON.parse(
                                                                raw.toString('utf8'),
                                                        );
                                                } catch {
                                                        json = undefined;
                                                }
                                                resolve({
                                                        status: res.statusCode,
                                                        headers: res.headers,
                                                        raw,
                                                        body: json,
                                                });
                                        });
                                },
                        );
                        r.on('error', reject);
                        r.end(
                                body === undefined || isForm
                                        ? body
                                        : JSON.stringify(body),
                        );
                });
        }

        function claims(more = {}) {
                const now = Math.floor(Date.now() / 1000);
                return {
                        iss: account.client_email,
                        aud: account.token_uri,
                        scope: SCOPE,
                        iat: now,
                        exp: now + 3600,
                        ...more,
                };
        }

        function exchange(assertion) {
                const form = new URLSearchParams({
                        grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
                        assertion,
                });
                return call('POST', 'https://oauth2.googleapis.com/token', {
                        body: form.toString(),
                });
        }

        const granted = await exchange(signJwt(account.private_key, claims()));
        const token = granted.body.access_token;

        return {
                dir,
                child,
                port,
                ca,
                account,
                token,
                call,
                claims,
                exchange,
                log,
                /* One query through jobs.query, in project acme-prod. */
                query: (sql, more = {}) =>
                        call('POST', 'projects/acme-prod/queries', {
                                token,
                                body: { query: sql, useLegacySql: false, ...more },
                        }),
                journal: () =>
                        fs
                                .readFileSync(file('journal'), 'utf8')
                                .trim()
                                .split('\n')
                                .map((l) => JSON.parse(l)),
                engine: () => engineOf(child.pid),
                async stop(signal = 'SIGTERM') {
                        agent.destroy();
                        child.kill(signal);
                        await waitFor('the stand-in ended', () => ended);
                        fs.rmSync(dir, { recursive: true, force: true });
                        return ended;
                },
        };
}

/* The pid of the SQL engine that a process has as its child. */
function engineOf(pid) {
        const children = fs
                .readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
                .trim();
        return Number(children.split(' ')[0]) || null;
}

function isAlive(pid) {
        try {
                return !/^State:\s+Z/m.test(
                        fs.readFileSync(`/proc/${pid}/status`, 'utf8'),
                );
        } catch {
                return false;
        }
}

module.exports = { start, signJwt, waitFor, isAlive, sleep };
