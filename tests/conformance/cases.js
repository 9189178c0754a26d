/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * conformance/cases: the statements that both readers are asked about.
 *
 * A file of our own holds many statements, each below a line `--- name of the case`;
 * `--- [invalid] name` says that GoogleSQL refuses it, `--- [script] name` that it is a
 * script. The key of a case is `file: name`. Other people's collections are *.jsonl
 * with {"id","sql"} a line; a row is a script when `script`, `multi` or `mode` says so,
 * and `recorded` when it tells what a later version of Google's own parser said.
 */
const fs = require('node:fs');
const path = require('node:path');

const HEADER = /^--- ((?:\[(?:invalid|script)\] )*)(.+)$/;

function parseFile(file) {
        const base = path.basename(file, '.sql');
        const cases = [];
        for (const line of fs.readFileSync(file, 'utf8').split('\n')) {
                const header = HEADER.exec(line);
                if (header)
                        cases.push({
                                key: `${base}: ${header[2]}`,
                                lines: [],
                                script: header[1].includes('[script]'),
                                expect: header[1].includes('[invalid]') ? 'error' : 'ok',
                        });
                else if (cases.length) cases[cases.length - 1].lines.push(line);
                else if (line.trim() && !line.startsWith('--'))
                        throw new Error(`${file}: text before the first case`);
        }
        return cases.map(({ lines, ...c }) => ({ ...c, sql: lines.join('\n').trim() }));
}

function own(dir) {
        const cases = fs
                .readdirSync(dir)
                .filter((f) => f.endsWith('.sql'))
                .sort()
                .flatMap((f) => parseFile(path.join(dir, f)));
        const seen = new Set();
        for (const { key, sql } of cases) {
                if (seen.has(key)) throw new Error(`two cases are named '${key}'`);
                if (!sql) throw new Error(`'${key}' has no statement`);
                seen.add(key);
        }
        return cases;
}

/* Rows without `oracle` are Google's own tests: `expect`, and of an error ["syntax" or
 * "analysis", …] or, in the parser's tests, {msg}. Nothing is said of rows whose outcome
 * hangs on a switch of the test. What a row says otherwise is an opinion of its source;
 * both readers are asked afresh. */
function recorded(row) {
        if (row.oracle || row.option_dependent || row.gate) return undefined;
        if (row.expect === 'ok' || row.error?.[0] === 'analysis') return 'ok';
        return row.error?.[0] === 'syntax' || row.error?.msg ? 'error' : undefined;
}

function foreign(dir) {
        return fs
                .readdirSync(dir)
                .filter((f) => f.endsWith('.jsonl'))
                .sort()
                .flatMap((f) =>
                        fs
                                .readFileSync(path.join(dir, f), 'utf8')
                                .split('\n')
                                .filter((l) => l.trim())
                                .map((l) => JSON.parse(l))
                                .filter((r) => typeof r.sql === 'string')
                                .map((r) => ({
                                        key: `${path.basename(f, '.jsonl')}: ${r.id}`,
                                        sql: r.sql,
                                        script: Boolean(r.script || r.multi || r.mode),
                                        recorded: recorded(r),
                                })),
                );
}

module.exports = { own, foreign };
