#!/usr/bin/env node
/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * sandbox/bq-standin: a BigQuery v2 server for the demo and the tests.
 *
 * See README.md. Starts the SQL engine, loads the data, listens, says when it is
 * ready, and ends with everything it started.
 */
const fs = require('node:fs');
const { parseArgs } = require('node:util');
const { Engine } = require('./lib/engine');
const { Store } = require('./lib/store');
const { Runner } = require('./lib/run');
const { Jobs } = require('./lib/jobs');
const { Auth } = require('./lib/auth');
const { Journal } = require('./lib/journal');
const { Rest } = require('./lib/rest');
const { Server } = require('./lib/server');

const EMAIL = 'gateway@sallyport-demo.iam.gserviceaccount.com';
const PARENT_CHECK_MS = 500;
const OPTIONS = {
        listen: { type: 'string', multiple: true },
        'tls-cert': { type: 'string' },
        'tls-key': { type: 'string' },
        data: { type: 'string' },
        journal: { type: 'string' },
        'demo-key-pub': { type: 'string' },
        'oidc-issuer': { type: 'string' },
        'oidc-jwks': { type: 'string' },
        'service-account': { type: 'string', default: EMAIL },
        'ready-fd': { type: 'string' },
        'ready-file': { type: 'string' },
        'engine-port': { type: 'string' },
        'delay-ms': { type: 'string', default: '0' },
        'token-seconds': { type: 'string', default: '3600' },
        detached: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
};
const USAGE = `usage: bq-standin.js --listen ADDRESS:PORT [--listen ...] --tls-cert FILE --tls-key FILE
                     --data FILE --demo-key-pub FILE [--journal FILE]
                     [--service-account EMAIL] [--ready-fd N | --ready-file FILE]
                     [--oidc-issuer URL --oidc-jwks FILE]
                     [--engine-port N] [--delay-ms N] [--token-seconds N] [--detached]
`;

const log = (text) => process.stderr.write(`bq-standin: ${text}\n`);

function usageError(text) {
        process.stderr.write(`bq-standin: ${text}\n${USAGE}`);
        process.exit(2);
}

function address(text) {
        const m = /^(?:\[([0-9a-fA-F:.]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
        if (!m) usageError(`--listen ${text}: ADDRESS:PORT is expected`);
        return { host: m[1] ?? m[2], port: Number(m[3]) };
}

function number(options, name) {
        const text = options[name];
        if (text === undefined) return undefined;
        if (!/^\d{1,9}$/.test(text))
                usageError(`--${name} ${text}: a number is expected`);
        return Number(text);
}

function options() {
        let o;
        try {
                o = parseArgs({ options: OPTIONS }).values;
        } catch (e) {
                usageError(e.message);
        }
        if (o.help) {
                process.stdout.write(USAGE);
                process.exit(0);
        }
        for (const name of ['listen', 'tls-cert', 'tls-key', 'data', 'demo-key-pub'])
                if (!o[name]) usageError(`--${name} is missing`);
        return o;
}

function sayReady(o, addresses) {
        const line = JSON.stringify({
                pid: process.pid,
                listen: addresses.map((a) => ({ address: a.address, port: a.port })),
        });
        if (o['ready-fd'] !== undefined)
                fs.writeSync(number(o, 'ready-fd'), `${line}\n`);
        if (o['ready-file']) {
                fs.writeFileSync(`${o['ready-file']}.tmp`, `${line}\n`);
                fs.renameSync(`${o['ready-file']}.tmp`, o['ready-file']);
        }
        log(`ready ${line}`);
}

async function main() {
        const o = options();
        const wanted = o.listen.map(address);
        const email = o['service-account'];
        const engine = new Engine({ port: number(o, 'engine-port') });
        const journal = new Journal(o.journal);
        let server;
        const stop = (code) => {
                server?.close();
                engine.stop();
                journal.close();
                process.exit(code);
        };
        for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'])
                process.on(signal, () => stop(0));
        process.on('exit', () => engine.stop());
        process.on('uncaughtException', (e) => log(e.stack));
        process.on('unhandledRejection', (e) => log(e?.stack ?? e));
        const parent = process.ppid;
        if (!o.detached)
                setInterval(
                        () => process.ppid !== parent && stop(0),
                        PARENT_CHECK_MS,
                ).unref();
        try {
                const store = new Store(engine);
                store.load(o.data);
                await engine.start();
                const runner = new Runner(engine, store, email);
                const services = {
                        oidc: o['oidc-issuer'] && {
                                issuer: o['oidc-issuer'],
                                host: new URL(o['oidc-issuer']).host,
                                get keys() {
                                        return JSON.parse(fs.readFileSync(o['oidc-jwks']));
                                }, // each time: issuers change them
                        },
                        store,
                        jobs: new Jobs({
                                runner,
                                store,
                                delayMs: number(o, 'delay-ms'),
                        }),
                        auth: new Auth({
                                publicKeyPem: fs.readFileSync(o['demo-key-pub']),
                                email,
                                lifeSeconds: number(o, 'token-seconds'),
                        }),
                };
                server = new Server({
                        key: fs.readFileSync(o['tls-key']),
                        cert: fs.readFileSync(o['tls-cert']),
                        rest: new Rest(services),
                        journal,
                        log,
                });
                const addresses = [];
                for (const a of wanted) addresses.push(await server.listen(a));
                sayReady(o, addresses);
        } catch (e) {
                log(e.message);
                stop(1);
        }
}

main();
