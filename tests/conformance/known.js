/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * conformance/known: differences with an explanation.
 *
 * known.tsv has lines `class ⇥ kind ⇥ case ⇥ pattern`: `case` is a key, `*` for all or
 * `others` for all but our own, and
 * `pattern` a regular expression (of either case) on the evidence, or `-` for any. docs/sql-conformance.md
 * has a heading for each class. A line that names a case and matches nothing is stale.
 * When Google's later tests side with the engine, only a pattern that says so explains.
 */
const fs = require('node:fs');

const AGAINST = {
        'engine-refuses': '; recorded error',
        'we-refuse': '; recorded ok',
};

class Known {
        constructor(file) {
                this.rules = fs
                        .readFileSync(file, 'utf8')
                        .split('\n')
                        .map((text, i) => ({ text, line: i + 1 }))
                        .filter(({ text }) => text && !text.startsWith('#'))
                        .map(({ text, line }) => {
                                const [cls, kind, key, pattern, more] = text.split('\t');
                                if (!pattern || more !== undefined)
                                        throw new Error(`${file}:${line}: four fields expected`);
                                return {
                                        cls,
                                        kind,
                                        key,
                                        pattern: pattern === '-' ? null : new RegExp(pattern, 'i'),
                                        line,
                                        used: 0,
                                };
                        });
        }

        explain({ key, expect }, { kind, evidence }) {
                const keys = ['*', key, ...(expect ? [] : ['others'])];
                const isAgainst = AGAINST[kind] && evidence.endsWith(AGAINST[kind]);
                const rule = this.rules.find(
                        (r) =>
                                r.kind === kind &&
                                keys.includes(r.key) &&
                                (!r.pattern || r.pattern.test(evidence)) &&
                                (!isAgainst || r.pattern?.source.includes('recorded')),
                );
                if (rule) rule.used++;
                return rule?.cls;
        }

        stale(keys) {
                return this.rules.filter((r) => !r.used && keys.has(r.key));
        }

        classes() {
                return new Set(this.rules.map((r) => r.cls));
        }
}

module.exports = { Known };
