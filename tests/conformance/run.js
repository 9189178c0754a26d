/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * conformance: our front end beside Google's reference implementation.
 *
 * usage: node run.js --bin build/sallyctl --out FILE [--data DIR]
 *   --out   each difference, one JSON object a line
 *   --data  other people's statements as well: *.jsonl, and catalog.json for them
 *   --parse-only  do not ask for output columns
 *
 * Exit status: 0, 1 for a difference that known.tsv does not explain or a statement of
 * our own that is not read as it says, 77 where the engine cannot run.
 */
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');

const KINDS = [
        'engine-refuses',
        'we-refuse',
        'tables',
        'unresolved',
        'engine-unresolved',
        'count',
        'names',
        'types',
        'sources',
];
const DOC = path.join(__dirname, '../../docs/sql-conformance.md');

function options() {
        const { values } = parseArgs({
                options: {
                        bin: { type: 'string', default: 'build/sallyctl' },
                        out: { type: 'string', default: 'build/conformance.jsonl' },
                        data: { type: 'string', default: '' },
                        'parse-only': { type: 'boolean', default: false },
                },
        });
        return values;
}

function cannotRun(why) {
        console.log(`conformance: skipped, ${why}`);
        process.exit(77);
}

/* {"p.d.t": {columns: [[name, type]…]}} → ours. Tables with a type that BigQuery does not
 * have or that is not known are left out, for both readers. */
function foreignCatalog(dir) {
        const file = path.join(dir, 'catalog.json');
        if (!fs.existsSync(file)) return null;
        const { toProto } = require('./types');
        const raw = JSON.parse(fs.readFileSync(file, 'utf8'));
        const tables = {};
        for (const [name, { columns }] of Object.entries(raw)) {
                try {
                        columns.forEach(([c, type]) => c && toProto(type));
                        if (columns.some(([c]) => !c)) continue;
                        tables[name.trim()] = columns.map(([c, type]) => ({ name: c, type }));
                } catch (e) {
                        if (!e.message.startsWith('type:')) throw e;
                }
        }
        return { case_insensitive_tables: true, case_insensitive_columns: true, tables };
}

class Tally {
        constructor() {
                this.sets = {};
                this.classes = {};
                this.passed = this.failed = 0;
        }

        add(set, what) {
                this.sets[set] ??= {};
                this.sets[set][what] = (this.sets[set][what] ?? 0) + 1;
        }

        print() {
                const sets = Object.keys(this.sets);
                const line = (label, what) =>
                        sets.some((s) => this.sets[s][what]) &&
                        console.log(
                                label.padEnd(34) +
                                        sets
                                                .map((s) =>
                                                        String(this.sets[s][what] ?? 0).padStart(9),
                                                )
                                                .join(''),
                        );
                console.log(''.padEnd(34) + sets.map((s) => s.padStart(9)).join(''));
                line('statements', 'all');
                line('both accept', 'both accept');
                line('both refuse', 'both refuse');
                line('  at the same place', 'same place');
                line('columns compared', 'columns compared');
                for (const kind of KINDS) {
                        line(kind, kind);
                        line('  not explained', `${kind}!`);
                }
                line('engine ended', 'engine ended');
        }
}

async function compareSet(set, cases, context) {
        const { bin, catalog, catalogFile, reference, known, tally, out } = context;
        const { compare } = require('./compare');
        const ours = require('./front').ask(bin, cases, catalogFile);
        const parsed = await reference.each(cases, (c) => reference.parse(c));
        const analyzable = cases
                .map((c, i) => i)
                .filter((i) => !cases[i].script && parsed[i].ok && catalog);
        const results = await reference.each(
                analyzable.map((i) => cases[i]),
                (c) => reference.analyze(c, catalog),
        );
        const analyzed = new Map(analyzable.map((i, n) => [i, results[n]]));

        cases.forEach((c, i) => {
                const o = ours[i];
                const a = analyzed.get(i);
                tally.add(set, 'all');
                if (o.ok && parsed[i].ok) tally.add(set, 'both accept');
                if (!o.ok && !parsed[i].ok) {
                        tally.add(set, 'both refuse');
                        if (
                                o.error.line === parsed[i].line &&
                                o.error.column === parsed[i].column
                        )
                                tally.add(set, 'same place');
                }
                if (a?.ok && a.outputs && o.statements?.[0]?.outputs)
                        tally.add(set, 'columns compared');
                let isBad = false;
                const note = (difference, cls) => {
                        if (!cls) isBad = true;
                        out.push({ case: c.key, ...difference, class: cls ?? null, sql: c.sql });
                };
                if (c.expect && o.ok !== (c.expect === 'ok'))
                        note({
                                kind: 'expectation',
                                evidence: o.ok ? 'accepted' : o.error.message,
                        });
                if (parsed[i].crashed || a?.crashed) {
                        tally.add(set, 'engine ended');
                        if (parsed[i].crashed) return;
                }
                for (const d of compare(c, o, parsed[i], a?.crashed ? undefined : a)) {
                        const cls = known.explain(c, d);
                        tally.add(set, d.kind);
                        if (!cls) tally.add(set, `${d.kind}!`);
                        else tally.classes[cls] = (tally.classes[cls] ?? 0) + 1;
                        note(d, cls);
                }
                if (isBad) tally.failed++;
                else tally.passed++;
        });
}

function checkTables(known, tally, keys) {
        const doc = fs.readFileSync(DOC, 'utf8');
        const fail = (text) => {
                console.log(text);
                tally.failed++;
        };
        for (const cls of known.classes())
                if (!doc.includes(`### ${cls}\n`))
                        fail(`the class '${cls}' is not in docs/sql-conformance.md`);
        for (const r of known.stale(keys))
                fail(`known.tsv:${r.line}: '${r.key}' does not differ any more`);
}

async function main() {
        const { bin, out: outFile, data, 'parse-only': parseOnly } = options();
        if (process.platform !== 'linux' || process.arch !== 'x64')
                cannotRun('the engine is built for Linux on x86-64');
        let Reference;
        try {
                ({ Reference } = require('./reference'));
        } catch (e) {
                if (e.code === 'MODULE_NOT_FOUND') cannotRun(e.message.split('\n')[0]);
                throw e;
        }
        const { own, foreign } = require('./cases');
        const { Known } = require('./known');
        const known = new Known(path.join(__dirname, 'known.tsv'));
        const tally = new Tally();
        const reference = new Reference();
        const out = [];
        const tmp = fs.mkdtempSync(path.join(os.tmpdir(), 'conformance-'));
        const context = { bin, reference, known, tally, out };
        const keys = new Set();
        try {
                const catalogFile = parseOnly ? null : path.join(__dirname, 'catalog.json');
                const cases = own(path.join(__dirname, 'statements'));
                cases.forEach((c) => keys.add(c.key));
                await compareSet('own', cases, {
                        ...context,
                        catalogFile,
                        catalog: catalogFile && JSON.parse(fs.readFileSync(catalogFile, 'utf8')),
                });
                if (data) {
                        const catalog = parseOnly ? null : foreignCatalog(data);
                        const file = path.join(tmp, 'catalog.json');
                        if (catalog) fs.writeFileSync(file, JSON.stringify(catalog));
                        await compareSet('others', foreign(data), {
                                ...context,
                                catalog,
                                catalogFile: catalog && file,
                        });
                }
        } finally {
                reference.stop();
                fs.rmSync(tmp, { recursive: true });
        }
        fs.writeFileSync(outFile, out.map((o) => JSON.stringify(o) + '\n').join(''));
        tally.print();
        checkTables(known, tally, keys);
        for (const [cls, n] of Object.entries(tally.classes).sort((a, b) => b[1] - a[1]))
                console.log(`  explained: ${cls.padEnd(40)} ${String(n).padStart(6)}`);
        for (const d of out.filter((o) => !o.class).slice(0, 20))
                console.log(`  ${d.case}: ${d.kind}: ${d.evidence}`);
        console.log(`conformance: ${tally.passed} passed, ${tally.failed} failed (${outFile})`);
        return tally.failed ? 1 : 0;
}

main().then((status) => process.exit(status));
