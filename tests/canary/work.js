/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * canary/work: one process of a run: an engine, a gate, and the worlds it is told to look at.
 *
 * In:  {kept: true}, or {at, n}: the world of statement `at`, and n statements over it.
 * Out: {tally, failures: [{key, text}]} for each, in order. The next world is made while the
 *      engine is busy with the one before.
 */
const fs = require('node:fs');
const path = require('node:path');
const bijection = require('./bijection');
const { Prepared, Runner, checkAll } = require('./check');
const { Gate } = require('./gate');
const { generate, guessesOf } = require('./generate');
const { cases, freeze } = require('./kept');
const { Random } = require('./random');
const { shrink, shrinkWorld } = require('./shrink');
const { Tally, generic } = require('./tally');
const { agentText } = require('./tree');
const { policyText, randomWorld } = require('./world');

const FOUND = path.join(__dirname, 'found');
const SHRINK_AT_MOST = 6;
const COMPARED = 8; /* statements for each world that only compare hashed values */

/* A kept case: NAME.sql is the statement, NAME.json its world and what it was found with. */
function keep(seed, world, { statement, result }) {
        const name = path.join(FOUND, `${result.property}-${seed}`);
        const { kind, target, tree } = statement;
        const found = { property: result.property, seed, kind, target, tree: freeze(tree), world };
        fs.mkdirSync(FOUND, { recursive: true });
        fs.writeFileSync(`${name}.sql`, agentText(tree) + '\n');
        fs.writeFileSync(`${name}.json`, JSON.stringify(found, null, 1) + '\n');
}

/* What only `select-through` lets somebody read is refused without it, and by itself. */
async function through(gate, world, p) {
        const views = Object.entries(world.views).filter(([, v]) => v.isThrough);
        if (!views.length) return [];
        const without = { ...p.withMasks, policy: policyText(world, { hasThrough: false }) };
        const texts = views.map(([full]) => `SELECT COUNT(*) FROM \`${full}\``);
        const below = views.map(([, v]) => `SELECT COUNT(*) FROM \`${v.below}\``);
        const refused = [
                ...(await gate.ask(without, texts)),
                ...(await gate.ask(p.withMasks, below)),
        ];
        return [...texts, ...below].filter((_, i) => refused[i].verdict !== 'deny');
}

class Work {
        constructor({ bin, seed, isKept, forget }) {
                Object.assign(this, { seed, isKept, forget });
                this.runner = new Runner();
                this.gate = new Gate(path.resolve(bin));
                this.known = new Set(); /* failures: of each sort one is made small */
        }

        stop() {
                this.runner.stop();
                this.gate.done();
        }

        async kept() {
                const tally = new Tally();
                const failures = [];
                for (const c of cases(FOUND)) {
                        const p = new Prepared(this.runner, c.world);
                        const [r] = await checkAll(this.runner, this.gate, p, [c.statement]);
                        await p.drop(this.runner);
                        tally.add(r, c.sql, 'kept');
                        if (r.status === 'failed' || r.status === 'invalid') {
                                const key = `${c.name}: ${r.property ?? r.status}`;
                                failures.push({ key, text: `${key}: ${r.detail}` });
                        }
                }
                return { tally, failures };
        }

        /* Everything of a world but the engine's answers. */
        prepare({ at, n }) {
                const rng = new Random(this.seed).fork(at);
                const world = randomWorld(rng);
                const guesses = guessesOf(world);
                const statements = Array.from({ length: n }, (_, i) =>
                        generate(rng.fork(i), world, guesses),
                );
                const renaming = new bijection.Renaming(rng.fork(n));
                const p = new Prepared(this.runner, world, { renaming, forget: this.forget });
                const compared = bijection.generate(rng.fork(n + 1), world, COMPARED);
                const texts = statements.map((s) => agentText(s.tree));
                const asked = Promise.all([
                        this.gate.ask(p.withMasks, texts),
                        this.gate.ask(p.withoutMasks, texts),
                ]);
                asked.catch(() => {}); /* whoever waits for it hears of it */
                return { at, world, statements, p, asked, texts, renaming, compared };
        }

        async world(prepared) {
                const { at, statements, p, asked, texts, renaming, compared } = prepared;
                const { runner, gate } = this;
                const tally = new Tally();
                const failures = [];
                const crashes = runner.crashes;
                const results = await checkAll(runner, gate, p, statements, { asked: await asked });
                for (const [i, r] of results.entries()) {
                        tally.add(r, texts[i], statements[i].kind);
                        if (r.status === 'failed')
                                failures.push(await this.failure(prepared, i, r));
                }
                tally.compared = compared.length;
                for (const wrong of await through(gate, prepared.world, p))
                        failures.push({
                                key: 'through',
                                text: `through\n  world ${at} of seed ${this.seed}: ${wrong}`,
                        });
                for (const wrong of await bijection.checkAll(runner, gate, p, renaming, compared))
                        failures.push({
                                key: 'bijection',
                                text: `bijection\n  world ${at} of seed ${this.seed}: ${wrong}`,
                        });
                await p.drop(runner);
                tally.crashes = runner.crashes - crashes;
                return { tally, failures };
        }

        async failure({ at, world, statements, p, texts }, i, r) {
                const key = `${r.property} ${generic(r.detail)}`;
                let [shown, detail] = [texts[i], r.detail];
                if (!this.known.has(key) && this.known.size < SHRINK_AT_MOST) {
                        const { runner, gate } = this;
                        const best = await shrink(runner, gate, p, statements[i], r);
                        shown = agentText(best.statement.tree);
                        detail = `${best.result.detail}\n  sent: ${best.result.sent}`;
                        if (this.isKept)
                                keep(
                                        `${this.seed}-${at + i}`,
                                        await shrinkWorld(runner, gate, world, best),
                                        best,
                                );
                }
                this.known.add(key);
                const where = `statement ${at + i} of seed ${this.seed}`;
                return { key, text: `${key}\n  ${where}: ${detail}\n  ${shown}` };
        }
}

async function main() {
        const work = new Work(JSON.parse(process.argv[2]));
        process.once('exit', () => work.stop());
        process.once('disconnect', () => process.exit(0)); /* nothing more to do, or nobody asks */
        await work.runner.start();
        let last = Promise.resolve();
        process.on('message', (task) => {
                const prepared = task.kept ? null : work.prepare(task);
                last = last
                        .then(() => (prepared ? work.world(prepared) : work.kept()))
                        .then((done) => process.send(done))
                        .catch((e) => {
                                console.error(`canary: ${e.stack}`);
                                process.exit(1);
                        });
        });
        process.send({ isReady: true });
}

main();
