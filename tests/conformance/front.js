/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * conformance/front: what our front end says, through `sallyctl sql inspect --jsonl`.
 *
 * One process reads all cases; each answer is {ok, error, statements} as it was printed.
 */
const childProcess = require('node:child_process');

function ask(bin, cases, catalog) {
        const args = ['sql', 'inspect', '--jsonl', ...(catalog ? ['--catalog', catalog] : [])];
        const input = cases
                .map((c) => JSON.stringify({ id: c.key, sql: c.sql, script: c.script }) + '\n')
                .join('');
        const run = childProcess.spawnSync(bin, args, {
                input,
                maxBuffer: 1024 * 1024 * 1024,
        });
        if (run.error) throw run.error;
        const lines = run.stdout.toString('utf8').split('\n').filter(Boolean);
        if (run.status !== 0 || lines.length !== cases.length)
                throw new Error(
                        `${bin} ended with ${run.status ?? run.signal} after ` +
                                `${lines.length} of ${cases.length} answers ` +
                                `(next: ${cases[lines.length]?.key}): ${run.stderr}`,
                );
        return lines.map((l) => JSON.parse(l));
}

module.exports = { ask };
