/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * canary: no protected value in any answer, whatever the statement.
 *
 * usage: node run.js --bin build/sallyctl [--statements N] [--seed S] [--per-world N] [--keep]
 *   --keep  write failures, made small, to tests/canary/found/
 *
 * Exit status: 0, 1 for a property that does not hold, 77 where the engine cannot run.
 */
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');

const ALLOWED_AT_LEAST = 0.95;
const RUN_AT_LEAST = 0.9; /* of those allowed: what the engine refuses tests nothing */
const ENOUGH = 500; /* statements, before their shares are looked at */
const SHRINK_AT_MOST = 6;
const COMPARED = 8; /* statements for each world that only compare hashed values */

function cannotRun(why) {
        console.log(`canary: skipped, ${why}`);
        process.exit(77);
}

class Tally {
        constructor() {
                this.counts = {};
                this.denied = {};
                this.invalid = {};
                this.rewritten = 0;
                this.compared = 0; /* beside the others: with hashed values renamed */
                this.all = 0;
        }

        add(r, sql) {
                this.all++;
                this.counts[r.status] = (this.counts[r.status] ?? 0) + 1;
                if (r.isRewritten) this.rewritten++;
                const note = (table, key) => {
                        table[key] ??= { n: 0, example: sql, detail: r.detail };
                        table[key].n++;
                        if (sql.length < table[key].example.length)
                                Object.assign(table[key], { example: sql, detail: r.detail });
                };
                if (r.status === 'denied') note(this.denied, r.id);
                if (r.status === 'invalid' || r.status === 'engine')
                        note(this.invalid, generic(r.detail));
        }

        of(status) {
                return this.counts[status] ?? 0;
        }

        get allowed() {
                return this.all - this.of('denied');
        }

        print(verbose) {
                const percent = (n, of) => `${((100 * n) / Math.max(of, 1)).toFixed(1)} %`;
                const row = (name, n, of) =>
                        console.log(
                                `  ${name.padEnd(44)}${String(n).padStart(8)}  ${percent(n, of).padStart(8)}`,
                        );
                row('statements', this.all, this.all);
                row('allowed', this.allowed, this.all);
                row('  run, all properties hold', this.of('passed'), this.allowed);
                row('    of these rewritten', this.rewritten, this.allowed);
                row('  fail at run time, masked or not, alike', this.of('erred'), this.allowed);
                row('  not valid to the engine', this.of('invalid'), this.allowed);
                row('  engine ended, or cannot', this.of('engine'), this.allowed);
                row('  asked of the gate only', this.of('allowed'), this.allowed);
                row('  a property does not hold', this.of('failed'), this.allowed);
                row('denied', this.of('denied'), this.all);
                row('beside: hashed values renamed', this.compared, this.all);
                const sorted = (t) => Object.entries(t).sort((a, b) => b[1].n - a[1].n);
                for (const [id, d] of sorted(this.denied)) row(`  ${id}`, d.n, this.all);
                if (!verbose) return;
                for (const [id, d] of sorted(this.denied))
                        console.log(`\n${id} (${d.detail})\n  ${d.example}`);
                for (const [id, d] of sorted(this.invalid).slice(0, 40))
                        console.log(`\n${d.n} × ${id}: ${d.detail}\n  ${d.example}`);
        }
}

const generic = (s) =>
        String(s)
                .replace(/`[^`]*`|'[^']*'|\b[a-z]+\d+\b|\d+/gi, '?')
                .slice(0, 60);

const FOUND = path.join(__dirname, 'found');

/* A kept case: NAME.sql is the statement, NAME.json its world and what it was found with. */
function keep(seed, world, best) {
        const { agentText, engineText } = require('./tree');
        const name = `${best.result.property}-${seed}`;
        fs.mkdirSync(FOUND, { recursive: true });
        fs.writeFileSync(path.join(FOUND, `${name}.sql`), agentText(best.statement.tree) + '\n');
        const { kind, target } = best.statement;
        fs.writeFileSync(
                path.join(FOUND, `${name}.json`),
                JSON.stringify(
                        {
                                property: best.result.property,
                                seed,
                                kind,
                                target,
                                tree: require('./kept').freeze(best.statement.tree),
                                world,
                        },
                        null,
                        1,
                ) + '\n',
        );
        return { name, engine: engineText(best.statement.tree, null) };
}

async function replayKept(runner, gate, tally) {
        const { Prepared, checkAll } = require('./check');
        const { cases } = require('./kept');
        const failures = [];
        for (const c of cases(FOUND)) {
                const p = new Prepared(runner, c.world);
                const [r] = await checkAll(runner, gate, p, [c.statement]);
                await p.drop(runner);
                tally.add(r, c.sql);
                if (r.status === 'failed' || r.status === 'invalid')
                        failures.push(`${c.name}: ${r.property ?? r.status}: ${r.detail}`);
        }
        return failures;
}

async function main() {
        const { values } = parseArgs({
                options: {
                        bin: { type: 'string', default: 'build/sallyctl' },
                        statements: { type: 'string', default: '10000' },
                        seed: { type: 'string', default: '' },
                        'per-world': { type: 'string', default: '100' },
                        keep: { type: 'boolean', default: false },
                        verbose: { type: 'boolean', default: false },
                },
        });
        if (process.platform !== 'linux' || process.arch !== 'x64')
                cannotRun('the engine is built for Linux on x86-64');
        let modules;
        try {
                modules = { ...require('./check'), ...require('./shrink') };
        } catch (e) {
                if (e.code === 'MODULE_NOT_FOUND') cannotRun(e.message.split('\n')[0]);
                throw e;
        }
        const { Gate } = require('./gate');
        const { Random } = require('./random');
        const { randomWorld } = require('./world');
        const { generate, guessesOf } = require('./generate');
        const bijection = require('./bijection');
        const { agentText } = require('./tree');
        const { Prepared, Runner, checkAll, shrink, shrinkWorld } = modules;

        const seed = Number(values.seed || Math.floor(Date.now() / 1000));
        const total = Number(values.statements);
        const perWorld = Number(values['per-world']);
        const runner = new Runner();
        const gate = new Gate(path.resolve(values.bin));
        const tally = new Tally();
        const failures = [];
        const started = Date.now();
        console.log(`canary: ${total} statements, seed ${seed}`);
        try {
                await runner.start();
                failures.push(...(await replayKept(runner, gate, tally)));
                const prepare = (at) => {
                        const rng = new Random(seed).fork(at);
                        const world = randomWorld(rng);
                        const guesses = guessesOf(world);
                        const statements = Array.from(
                                { length: Math.min(perWorld, total - at) },
                                (_, i) => generate(rng.fork(i), world, guesses),
                        );
                        const renaming = new bijection.Renaming(rng.fork(perWorld));
                        const p = new Prepared(runner, world, renaming);
                        const compared = bijection.generate(rng.fork(perWorld + 1), world, COMPARED);
                        const texts = statements.map((s) => agentText(s.tree));
                        const asked = Promise.all([
                                gate.ask(p.withMasks, texts),
                                gate.ask(p.withoutMasks, texts),
                        ]);
                        return { at, world, statements, p, asked, texts, renaming, compared };
                };
                let ahead = total ? prepare(0) : null;
                while (ahead) {
                        const { at, world, statements, p, asked, texts, renaming, compared } = ahead;
                        const answers = await asked;
                        ahead = at + perWorld < total ? prepare(at + perWorld) : null;
                        const results = await checkAll(runner, gate, p, statements, {
                                asked: answers,
                        });
                        for (const [i, r] of results.entries()) {
                                tally.add(r, texts[i]);
                                if (r.status !== 'failed') continue;
                                const key = `${r.property} ${generic(r.detail)}`;
                                const isNew = !failures.some((f) => f.startsWith(key));
                                let shown = texts[i];
                                let detail = r.detail;
                                if (isNew && failures.length < SHRINK_AT_MOST) {
                                        const best = await shrink(
                                                runner,
                                                gate,
                                                p,
                                                statements[i],
                                                r,
                                        );
                                        shown = agentText(best.statement.tree);
                                        detail = `${best.result.detail}\n  sent: ${best.result.sent}`;
                                        if (values.keep) {
                                                best.world = await shrinkWorld(
                                                        runner,
                                                        gate,
                                                        world,
                                                        best,
                                                );
                                                keep(`${seed}-${at + i}`, best.world, best);
                                        }
                                }
                                failures.push(
                                        `${key}\n  statement ${at + i} of seed ${seed}: ${detail}\n  ${shown}`,
                                );
                        }
                        tally.compared += compared.length;
                        for (const wrong of await bijection.checkAll(
                                runner,
                                gate,
                                p,
                                renaming,
                                compared,
                        ))
                                failures.push(`bijection\n  world ${at} of seed ${seed}: ${wrong}`);
                        await p.drop(runner);
                }
        } finally {
                runner.stop();
                gate.done();
        }
        const seconds = (Date.now() - started) / 1000;
        tally.print(values.verbose);
        for (const f of failures.slice(0, 12)) console.log(`\n${f}`);
        console.log(
                `\n  ${seconds.toFixed(1)} s, ${Math.round((tally.all / seconds) * 60)} statements a minute, engine restarted ${runner.crashes} times`,
        );
        const says = tally.all >= ENOUGH;
        if (says && tally.allowed < ALLOWED_AT_LEAST * tally.all)
                failures.push('too few statements are allowed: the test says little');
        if (says && tally.of('passed') + tally.of('erred') < RUN_AT_LEAST * tally.allowed)
                failures.push('too few statements run: the test says little');
        console.log(
                `canary: ${tally.all - tally.of('failed')} passed, ${failures.length} failed (seed ${seed})`,
        );
        return failures.length ? 1 : 0;
}

main().then((status) => process.exit(status));
