/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * sandbox/journal: one JSON line for every request that reached the stand-in.
 *
 * Tests read it to see what was really sent upstream. Secrets are kept as their
 * sha256 only: the authorization header, cookies and the token endpoint's assertion.
 * A line is written, synchronously, before the client has its answer.
 */
const fs = require('node:fs');
const { hash } = require('./auth');

const SECRET_HEADERS = new Set([
        'authorization',
        'proxy-authorization',
        'cookie',
        'x-goog-api-key',
        'x-goog-iam-authorization-token',
]);
const SECRET_FIELDS = [
        'assertion',
        'subject_token',
        'actor_token',
        'refresh_token',
        'client_secret',
];

class Journal {
        constructor(file) {
                this.fd = file ? fs.openSync(file, 'a', 0o600) : null;
        }

        write({ request, url, body, status, started }) {
                if (this.fd === null) return;
                const { headers } = request;
                const shown = {};
                for (const [name, value] of Object.entries(headers))
                        if (!SECRET_HEADERS.has(name) && !name.startsWith(':'))
                                shown[name] = value;
                const line = {
                        time: new Date(started).toISOString(),
                        ms: Date.now() - started,
                        http: request.httpVersion,
                        host: headers[':authority'] ?? headers.host ?? null,
                        method: request.method,
                        path: url?.pathname ?? request.url,
                        query: url
                                ? [...url.searchParams].map(([k, v]) => [k, v])
                                : null,
                        header_names: Object.keys(headers),
                        headers: shown,
                        authorization_sha256: headers.authorization
                                ? hash(headers.authorization)
                                : null,
                        body: shownBody(headers, body),
                        status,
                };
                fs.writeSync(this.fd, JSON.stringify(line) + '\n');
        }

        close() {
                if (this.fd !== null) fs.closeSync(this.fd);
                this.fd = null;
        }
}

function shownBody(headers, body) {
        if (!body?.length) return null;
        const text = body.toString('utf8');
        if (
                !String(headers['content-type'] ?? '').startsWith(
                        'application/x-www-form-urlencoded',
                )
        )
                return text;
        const form = new URLSearchParams(text);
        for (const name of SECRET_FIELDS)
                if (form.has(name)) form.set(name, `sha256:${hash(form.get(name))}`);
        return form.toString();
}

module.exports = { Journal };
