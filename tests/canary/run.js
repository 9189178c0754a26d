/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * canary: no protected value in any answer, whatever the statement.
 *
 * usage: node run.js --bin build/sallyctl [--statements N] [--seed S] [--per-world N] [--jobs N]
 *                    [--first N] [--keep] [--stop] [--verbose] [--forget WHAT]
 *   --first N  begin with the world of statement N, a multiple of --per-world
 *   --forget WHAT  leave out a kind of mask, 'views', 'wildcards' or 'variables':
 *              this must be found
 *   --jobs N   processes, each with an engine of its own (one for each CPU)
 *   --keep     write failures, made small, to tests/canary/found/
 *   --stop     stop at the first failure
 *
 * The same seed and size of worlds give the same statements, by however many processes.
 * Exit status: 0, 1 for a property that does not hold, 77 where the engine cannot run.
 */
const childProcess = require('node:child_process');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { Tally } = require('./tally');

const ALLOWED_AT_LEAST = 0.95;
const RUN_AT_LEAST = 0.9; /* of those allowed: what the engine refuses tests nothing */
const ENOUGH = 500; /* statements, before their shares are looked at */
const AHEAD = 2; /* worlds that a process is given at a time */
const SAY_EVERY_MS = 60000;

function cannotRun(why) {
        console.log(`canary: skipped, ${why}`);
        process.exit(77);
}

function* worlds(first, total, perWorld) {
        yield { kept: true };
        for (let at = first; at < first + total; at += perWorld)
                yield { at, n: Math.min(perWorld, first + total - at) };
}

/* One process: it is given tasks until there are none. Gives each result to `take`. */
function work(options, tasks, take) {
        return new Promise((resolve) => {
                const child = childProcess.fork(path.join(__dirname, 'work.js'), [
                        JSON.stringify(options),
                ]);
                const given = [];
                const next = () => {
                        while (given.length < AHEAD) {
                                const { value, done } = tasks.next();
                                if (done) break;
                                given.push(value);
                                child.send(value);
                        }
                        if (!given.length && child.connected) child.disconnect();
                };
                child.on('message', (m) => {
                        if (!m.isReady) {
                                given.shift();
                                take(m);
                        }
                        next();
                });
                child.once('error', () => {});
                child.once('exit', (status, signal) => {
                        if (given.length) {
                                const text = `a process ended with ${status ?? signal}, of seed ${options.seed} at ${JSON.stringify(given[0])}`;
                                take({ tally: new Tally(), failures: [{ key: 'ended', text }] });
                        }
                        resolve();
                });
        });
}

async function main() {
        const { values } = parseArgs({
                options: {
                        bin: { type: 'string', default: 'build/sallyctl' },
                        statements: { type: 'string', default: '10000' },
                        seed: { type: 'string', default: '' },
                        first: { type: 'string', default: '0' },
                        'per-world': { type: 'string', default: '100' },
                        jobs: { type: 'string', default: '' },
                        keep: { type: 'boolean', default: false },
                        stop: { type: 'boolean', default: false },
                        forget: { type: 'string' },
                        verbose: { type: 'boolean', default: false },
                },
        });
        if (process.platform !== 'linux' || process.arch !== 'x64')
                cannotRun('the engine is built for Linux on x86-64');
        try {
                require('./check');
        } catch (e) {
                if (e.code === 'MODULE_NOT_FOUND') cannotRun(e.message.split('\n')[0]);
                throw e;
        }
        const seed = Number(values.seed || Math.floor(Date.now() / 1000));
        const total = Number(values.statements);
        const jobs = Number(values.jobs) || os.availableParallelism?.() || os.cpus().length;
        const started = Date.now();
        const minutes = () => (Date.now() - started) / 60000;
        const tally = new Tally();
        const failures = [];
        console.log(`canary: ${total} statements, seed ${seed}, ${jobs} processes`);
        const tasks = worlds(Number(values.first), total, Number(values['per-world']));
        const say = setInterval(
                () =>
                        console.log(
                                `  ${tally.line()}; ${Math.round(tally.all / minutes())} a minute`,
                        ),
                SAY_EVERY_MS,
        );
        const take = (done) => {
                tally.merge(done.tally);
                failures.push(...done.failures);
                if (values.stop && failures.length) tasks.return();
        };
        const options = { bin: values.bin, seed, isKept: values.keep, forget: values.forget };
        await Promise.all(Array.from({ length: jobs }, () => work(options, tasks, take)));
        clearInterval(say);
        const spent = minutes();
        tally.print(values.verbose);
        for (const f of failures.slice(0, 12)) console.log(`\n${f.text}`);
        console.log(
                `\n  ${(spent * 60).toFixed(1)} s, ${Math.round(tally.all / spent)} statements a minute, engine restarted ${tally.crashes} times`,
        );
        const tooFew = (what) => {
                failures.push({ key: what });
                console.log(`too few statements ${what}: the test says little`);
        };
        const says = tally.all >= ENOUGH;
        if (says && tally.allowed < ALLOWED_AT_LEAST * tally.all) tooFew('are allowed');
        if (says && tally.of('passed') + tally.of('erred') < RUN_AT_LEAST * tally.allowed)
                tooFew('run');
        console.log(
                `canary: ${tally.all - tally.of('failed')} passed, ${failures.length} failed (seed ${seed})`,
        );
        return failures.length ? 1 : 0;
}

main().then((status) => process.exit(status));
