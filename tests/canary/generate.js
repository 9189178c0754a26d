/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * canary/generate: one random statement over a world.
 *
 * Gives {tree, kind, target}: kind 'query', 'modify' (rows that would change are compared),
 * 'script' (run step by step) or 'gate' (the engine cannot run such a thing). Now and then a literal is a protected value of
 * data set `a`: somebody guesses, and the answer must not say whether he was right.
 */
const { n, optional } = require('./tree');
const { Queries } = require('./queries');
const scripts = require('./scripts');
const { script, write } = require('./writes');

const LITERALS = {
        STRING: (v) => [['STRING', `'${v}'`]],
        BYTES: (v) => [['BYTES', `b'${Buffer.from(v, 'base64')}'`]],
        INTEGER: (v) => [['INT64', v]],
        FLOAT: (v) => [['FLOAT64', String(v)]],
        NUMERIC: (v) => [['NUMERIC', `NUMERIC '${v}'`]],
        DATE: (v) => [
                ['DATE', `DATE '${v}'`],
                ['STRING', `'${v}'`],
        ],
        TIMESTAMP: (v) => [['TIMESTAMP', `TIMESTAMP '${v}'`]],
};

function guessesOf(world) {
        const found = {};
        const add = (v, f) => {
                if (v === null || v === undefined) return;
                if (f.mode === 'REPEATED') {
                        for (const e of v) add(e, { ...f, mode: 'NULLABLE' });
                } else if (f.type === 'RECORD') {
                        /* a mask of the record hides all its fields */
                        for (const x of f.fields) add(v[x.name], { ...x, mask: f.mask ?? x.mask });
                } else if (f.mask && LITERALS[f.type]) {
                        for (const [k, text] of LITERALS[f.type](v)) (found[k] ??= []).push(text);
                }
        };
        for (const t of Object.values(world.tables))
                for (const row of t.rows.a) t.schema.forEach((f, i) => add(row[i], f));
        return found;
}

function generate(rng, world, guesses) {
        const q = new Queries(rng, world, guesses);
        const kind = rng.weighted({ query: 83, write: 14, steps: 1.5, script: 1.5 });
        if (kind === 'script') {
                const s = script(q);
                return { tree: s.node, kind: s.kind };
        }
        if (kind === 'steps') {
                const s = scripts.script(q);
                return { tree: s.node, kind: s.kind };
        }
        if (kind === 'write') {
                const w = write(q);
                return { tree: w.node, kind: w.kind, target: w.target };
        }
        const made = q.query(
                null,
                rng.weighted([
                        [1, 3],
                        [2, 5],
                        [3, 2],
                ]),
        );
        const comment = rng.chance(0.03)
                ? optional('comment', rng.pick(['-- note\n', '/* ssn */ ', '# x\r\n']))
                : '';
        const end = rng.chance(0.1) ? optional('end', ';') : '';
        return { tree: n('statement', comment, made.node, end), kind: 'query' };
}

module.exports = { generate, guessesOf };
