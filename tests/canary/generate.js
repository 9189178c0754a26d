/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * canary/generate: one random statement over a world.
 *
 * Gives {tree, kind, target}: kind 'query', 'modify' (rows that would change are compared) or
 * 'gate' (the engine cannot run such a thing). Now and then a literal is a protected value of
 * data set `a`: somebody guesses, and the answer must not say whether he was right.
 */
const { n, optional } = require('./tree');
const { Queries } = require('./queries');
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
        for (const t of Object.values(world.tables))
                t.schema.forEach((f, i) => {
                        if (!f.mask || f.mode === 'REPEATED' || !LITERALS[f.type]) return;
                        for (const row of t.rows.a)
                                if (row[i] !== null)
                                        for (const [k, text] of LITERALS[f.type](row[i]))
                                                (found[k] ??= []).push(text);
                });
        return found;
}

function generate(rng, world, guesses) {
        const q = new Queries(rng, world, guesses);
        const kind = rng.weighted({ query: 84, write: 14.5, script: 1.5 });
        if (kind === 'script') {
                const s = script(q);
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
