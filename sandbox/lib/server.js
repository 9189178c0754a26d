/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * sandbox/server: TLS listeners that speak HTTP/1.1 and HTTP/2.
 *
 * Reads a whole request within limits, hands it to Rest, writes JSON (gzip when asked
 * for) and the journal line. A bad request costs its connection at most.
 */
const http2 = require('node:http2');
const zlib = require('node:zlib');
const { ApiError } = require('./errors');

const MAX_BODY = 10 * 1024 * 1024;
const GZIP_FROM = 512;

function readBody(request) {
        return new Promise((resolve, reject) => {
                const chunks = [];
                let size = 0;
                request.on('data', (c) => {
                        size += c.length;
                        if (size <= MAX_BODY) chunks.push(c);
                });
                request.on('end', () =>
                        size > MAX_BODY
                                ? reject(
                                          new ApiError(
                                                  413,
                                                  'uploadTooLarge',
                                                  'The request is too large',
                                          ),
                                  )
                                : resolve(Buffer.concat(chunks)),
                );
                request.on('error', reject);
                request.on('aborted', () => reject(new Error('the client went away')));
        });
}

function send(request, response, { status, body, etag, data: raw, type }) {
        const headers = {
                'content-type': type ?? 'application/json; charset=UTF-8',
                vary: 'Origin, X-Origin, Referer',
                'cache-control': 'private',
                'x-content-type-options': 'nosniff',
        };
        if (etag) headers.etag = `"${etag}"`;
        let data =
                raw ??
                (body === undefined
                        ? Buffer.alloc(0)
                        : Buffer.from(JSON.stringify(body)));
        if (
                data.length >= GZIP_FROM &&
                /\bgzip\b/.test(String(request.headers['accept-encoding']))
        ) {
                data = zlib.gzipSync(data, { level: 1 });
                headers['content-encoding'] = 'gzip';
        }
        headers['content-length'] = data.length;
        response.writeHead(status, headers);
        response.end(data);
}

class Server {
        constructor({ key, cert, rest, journal, log }) {
                this.rest = rest;
                this.journal = journal;
                this.log = log;
                this.tls = { key, cert, allowHTTP1: true, minVersion: 'TLSv1.2' };
                this.servers = [];
                this.sessions = new Set();
        }

        listen({ host, port }) {
                const s = http2.createSecureServer(this.tls, (req, res) =>
                        this.handle(req, res),
                );
                s.on('connection', (socket) => {
                        this.sessions.add(socket);
                        socket.on('close', () => this.sessions.delete(socket));
                        socket.on('error', () => {});
                });
                for (const event of [
                        'tlsClientError',
                        'clientError',
                        'sessionError',
                        'secureConnection',
                ])
                        s.on(event, (e, socket) => {
                                if (e instanceof Error) socket?.destroy?.();
                        });
                this.servers.push(s);
                return new Promise((resolve, reject) => {
                        s.once('error', reject);
                        s.listen(port, host, () => {
                                s.removeListener('error', reject);
                                s.on('error', (e) =>
                                        this.log(`listener: ${e.message}`),
                                );
                                resolve(s.address());
                        });
                });
        }

        async handle(request, response) {
                const started = Date.now();
                let url = null;
                let body = null;
                let answer;
                try {
                        url = new URL(request.url, 'https://standin.invalid');
                        body = await readBody(request);
                        answer = await this.rest.answer(request, url, body);
                } catch (e) {
                        const shown =
                                e instanceof ApiError
                                        ? e
                                        : new ApiError(400, 'badRequest', e.message);
                        answer = { status: shown.code, body: shown.toBody() };
                }
                if (answer.cause) this.log(answer.cause.stack);
                try {
                        this.journal.write({
                                request,
                                url,
                                body,
                                status: answer.status,
                                started,
                        });
                        send(request, response, answer);
                } catch (e) {
                        this.log(`answer not sent: ${e.message}`);
                        response.destroy?.();
                }
        }

        close() {
                for (const s of this.servers) s.close();
                for (const socket of this.sessions) socket.destroy();
        }
}

module.exports = { Server };
