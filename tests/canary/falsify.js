/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * canary/falsify: a gate that forgets something is found.
 *
 * usage: node falsify.js --bin build/sallyctl [--seed S]
 *
 * For each kind of mask, and for views, wildcards and the variables of scripts, the gate is asked as if it did not know
 * of them; some property must fail within so many statements.
 */
const childProcess = require('node:child_process');
const path = require('node:path');
const { parseArgs } = require('node:util');

/* Few worlds have the last ones, and not every statement over those reads them. */
const WITHIN = {
        redact: 400,
        null: 400,
        hash: 400,
        partial: 400,
        truncate: 400,
        views: 1500,
        wildcards: 1500,
        tokenize: 2500,
        variables: 2500,
};

const { values } = parseArgs({
        options: {
                bin: { type: 'string', default: 'build/sallyctl' },
                seed: { type: 'string', default: '1' },
        },
});
let missed = 0;
for (const [what, within] of Object.entries(WITHIN)) {
        const args = ['--bin', values.bin, '--seed', values.seed, '--statements', String(within)];
        const run = childProcess.spawnSync(
                process.execPath,
                [path.join(__dirname, 'run.js'), ...args, '--stop', '--per-world', '50', '--forget', what],
                { encoding: 'utf8' },
        );
        if (run.status === 77) {
                console.log(run.stdout.trim());
                process.exit(77);
        }
        const n = /^ {2}statements +(\d+)/m.exec(run.stdout)?.[1];
        const failed = /^ {4}a property does not hold +(\d+)/m.exec(run.stdout)?.[1];
        const property = /^(\w+) [^\n]*\n {2}statement \d+/m.exec(run.stdout)?.[1];
        const isFound = run.status === 1 && failed > 0 && property;
        missed += !isFound;
        console.log(
                `${isFound ? 'found' : 'MISSED'}: a gate without ${what}, among ${n} statements (${property})`,
        );
        if (!isFound) console.log(run.stdout, run.stderr);
}
console.log(`falsify: ${Object.keys(WITHIN).length - missed} found, ${missed} missed`);
process.exit(missed ? 1 : 0);
