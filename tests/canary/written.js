/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * canary/written: attacks.sql and honest.sql, one by one, through the gate and the stand-in.
 *
 * usage: node written.js --bin build/sallyctl [--verbose] [--markdown]
 *
 * Three stand-ins hold data set `a`, data set `b`, and the tables masked beforehand. What the
 * gate sends goes to the first two, the statement as it was written to the third. No answer
 * may hold a canary, depend on protected values, or differ from that of the masked tables.
 * What the stand-in cannot execute (pipes, time travel) is looked at as text: every mention
 * of a protected table must be a masked subquery.
 */
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');

const PROJECT = 'acme-prod';
const field = (name, type, more = {}) => ({ name, type, mode: 'NULLABLE', ...more });
const id = { name: 'id', type: 'INTEGER', mode: 'REQUIRED' };
const grp = (name) => field(name, 'STRING');
const mask = (kind, more) => ({ mask: { kind, ...more } });

/* The first two columns get a number from 1 and one of a few letters; see world.js. */
const SCHEMAS = {
        'crm.customers': [
                id,
                grp('country'),
                field('name', 'STRING', mask('partial', { keep_first: 1 })),
                field('email', 'STRING', mask('hash')),
                field('ssn', 'STRING', mask('redact')),
                field('phone', 'STRING', mask('null')),
                field('birthday', 'DATE', mask('redact')),
                field('salary', 'NUMERIC', mask('null')),
                field('notes', 'BYTES', mask('redact')),
                field('score', 'INTEGER', mask('hash')),
                field('tags', 'STRING', { mode: 'REPEATED', ...mask('null') }),
                field('address', 'RECORD', {
                        fields: [
                                field('street', 'STRING'),
                                field('city', 'STRING'),
                                field('zip', 'INTEGER'),
                        ],
                        ...mask('redact'),
                }),
                field('profile', 'JSON', mask('redact')),
                field('segment', 'STRING'),
                field('created', 'TIMESTAMP'),
        ],
        'crm.contacts': [
                id,
                grp('kind'),
                field('phones', 'RECORD', {
                        mode: 'REPEATED',
                        fields: [field('label', 'STRING'), field('number', 'STRING')],
                        ...mask('redact'),
                }),
        ],
        'shop.orders': [
                id,
                grp('status'),
                field('customer_id', 'INTEGER'),
                field('placed', 'DATE'),
                field('amount', 'NUMERIC'),
                field('items', 'RECORD', {
                        mode: 'REPEATED',
                        fields: [
                                field('sku', 'STRING'),
                                field('qty', 'INTEGER'),
                                field('price', 'NUMERIC'),
                        ],
                }),
        ],
        'shop.products': [
                id,
                grp('category'),
                field('sku', 'STRING'),
                field('title', 'STRING'),
                field('price', 'NUMERIC'),
        ],
        'shop.notes': [id, grp('body')],
        'analytics.events': [
                { ...id, name: 'event_id' },
                grp('name'),
                field('user_id', 'INTEGER'),
                field('ts', 'TIMESTAMP'),
                field('device', 'RECORD', {
                        fields: [field('os', 'STRING'), field('browser', 'STRING')],
                }),
                field('params', 'RECORD', {
                        mode: 'REPEATED',
                        fields: [field('key', 'STRING'), field('value', 'STRING')],
                }),
        ],
        'analytics.events_20260101': [{ ...id, name: 'event_id' }, grp('name')],
        'crm.people': [
                id,
                grp('kind'),
                field('home', 'RECORD', {
                        fields: [
                                field('city', 'STRING'),
                                field('street', 'STRING', mask('redact')),
                                field('zip', 'INTEGER', mask('hash')),
                                field('geo', 'RECORD', {
                                        fields: [
                                                field('lat', 'FLOAT', mask('null')),
                                                field('lon', 'FLOAT'),
                                        ],
                                }),
                        ],
                }),
                field('phones', 'RECORD', {
                        mode: 'REPEATED',
                        fields: [
                                field('label', 'STRING'),
                                field('number', 'STRING', mask('partial', { keep_last: 2 })),
                                field('calls', 'RECORD', {
                                        mode: 'REPEATED',
                                        fields: [
                                                field('day', 'DATE'),
                                                field('peer', 'STRING', mask('hash')),
                                                field('note', 'STRING', mask('redact')),
                                        ],
                                }),
                        ],
                }),
        ],
        'crm.visits_2025': [id, grp('kind'), field('ssn', 'STRING', mask('redact'))],
        'crm.visits_2026': [
                id,
                grp('kind'),
                field('ssn', 'STRING', mask('redact')),
                field('mail', 'STRING', mask('hash')),
        ],
};
const PROTECTED = ['crm.customers', 'crm.contacts', 'crm.people', 'crm.visits_2025', 'crm.visits_2026'];
const VIEWS = {
        'crm.v_customers': {
                query: 'SELECT * FROM `acme-prod.crm.customers`',
                schema: SCHEMAS['crm.customers'],
        },
        'crm.v_deep': {
                query:
                        'WITH customers AS (SELECT id, ssn AS tax, email, address FROM crm.v_customers) ' +
                        'SELECT c.tax, c.email, o.amount, c.address.city AS town FROM customers AS c ' +
                        'JOIN `shop.orders` AS o ON o.customer_id = c.id; -- all',
                schema: [
                        field('tax', 'STRING'),
                        field('email', 'STRING'),
                        field('amount', 'NUMERIC'),
                        field('town', 'STRING'),
                ],
        },
        'shop.v_totals': {
                query:
                        'SELECT (SELECT MAX(ssn) FROM crm.customers) AS top, orders.status, COUNT(*) AS n ' +
                        'FROM `shop.orders` GROUP BY status',
                schema: [field('top', 'STRING'), field('status', 'STRING'), field('n', 'INTEGER')],
        },
        'shop.v_orders': {
                query: 'SELECT id, status, amount FROM shop.orders WHERE amount > 0',
                schema: [id, field('status', 'STRING'), field('amount', 'NUMERIC')],
        },
        'shop.v_loop': { query: 'SELECT id FROM shop.v_loop', schema: [id] },
};

const text = { dataType: { typeKind: 'STRING' } };
const routine = (definitionBody, names = ['x'], more = {}) => ({
        routineType: 'SCALAR_FUNCTION',
        language: 'SQL',
        arguments: names.map((name) => ({ name, ...text })),
        definitionBody,
        ...more,
});
const ROUTINES = {
        'shop.same': routine('x'),
        'shop.initials': routine("CONCAT(SUBSTR(a, 1, 1), '.', SUBSTR(b, 1, 1), '.')", ['a', 'b']),
        'shop.spell': routine("ARRAY_TO_STRING(ARRAY(SELECT FORMAT('%04x', c) FROM UNNEST(TO_CODE_POINTS(x)) AS c), ' ')"),
        'shop.guess': routine("IF(x = y, ERROR('right'), x)", ['x', 'y']),
        'shop.twice': routine('CONCAT(`acme-prod.shop.same`(x), `acme-prod.shop.same`(x))'),
        'shop.top': routine('(SELECT MAX(ssn) FROM `acme-prod.crm.customers`)', []),
        'shop.under': routine('CONCAT(x, `acme-prod.shop.top`())'),
        'shop.ask': routine("AI.GENERATE(CONCAT('say ', x))"),
        'shop.tell': routine('', ['x'], { remoteFunctionOptions: { endpoint: 'https://tell.example.test' } }),
        'shop.js': routine('return x', ['x'], { language: 'JAVASCRIPT', returnType: { typeKind: 'STRING' } }),
        'shop.closes': routine('x), (SELECT MAX(ssn) FROM `acme-prod.crm.customers`'),
};

function makeWorld(Random, { randomRows }) {
        const rng = new Random(20260101);
        const tables = {};
        for (const [name, schema] of Object.entries(SCHEMAS)) {
                const rows = randomRows(rng, schema, name === 'crm.customers' ? 8 : 6);
                tables[`${PROJECT}.${name}`] = { schema, rows };
        }
        /* the values that the attacks guess are there */
        const first = tables['acme-prod.crm.customers'];
        for (const [i, f] of first.schema.entries())
                for (const side of ['a', 'b'])
                        if (f.mask && first.rows[side][0][i] === null)
                                first.rows[side][0][i] = first.rows[side].find(
                                        (r) => r[i] !== null,
                                )[i];
        return { project: PROJECT, dataset: null, tables };
}

/* The first value that a column of a protected table, or a field of it, really has. */
function guess(world, path) {
        const [column, ...fields] = path.split('.');
        for (const name of PROTECTED) {
                const { schema, rows } = world.tables[`${PROJECT}.${name}`];
                const i = schema.findIndex((f) => f.name === column);
                for (const row of i < 0 ? [] : rows.a)
                        for (const v of down(row[i], fields)) return String(v);
        }
        throw new Error(`nothing to guess of ${path}`);
}

function* down(v, [field, ...rest]) {
        if (v === null || v === undefined) return;
        if (field === undefined) yield v;
        else if (Array.isArray(v)) for (const e of v) yield* down(e, [field, ...rest]);
        else yield* down(v[field], rest);
}

/* Blocks between empty lines, each under the last `-- class:`. */
function statements(file, world) {
        let cls = '';
        const found = [];
        for (const block of fs.readFileSync(path.join(__dirname, file), 'utf8').split(/\n\s*\n/)) {
                const m = /^-- class: (.*)$/.exec(block.trim());
                if (m) cls = m[1];
                else if (cls && block.trim()) {
                        const sql = block
                                .trim()
                                .replace(/\{\{([\w.]+)(?::(\d+))?\}\}/g, (_, name, n) =>
                                        guess(world, name).slice(0, n ? Number(n) : undefined),
                                );
                        found.push({ cls, sql });
                }
        }
        return found;
}

function dataFile(world, rowsOf, plainField) {
        const tables = {};
        for (const [full, t] of Object.entries(world.tables))
                tables[full] = { schema: t.schema.map(plainField), rows: rowsOf(t) };
        for (const [name, view] of Object.entries(VIEWS))
                tables[`${PROJECT}.${name}`] = {
                        schema: view.schema.map(plainField),
                        rows: [],
                        view: view.query,
                };
        return JSON.stringify({ tables, routines: routines() });
}

const routines = () =>
        Object.fromEntries(Object.entries(ROUTINES).map(([n, r]) => [`${PROJECT}.${n}`, r]));

function catalogFile(world, plainField) {
        const all = JSON.parse(dataFile(world, () => [], plainField)).tables;
        for (const name of Object.keys(VIEWS)) all[`${PROJECT}.${name}`].type = 'VIEW';
        return JSON.stringify({ tables: all, routines: routines() });
}

const answerOf = (r) =>
        JSON.stringify([
                r.body.schema?.fields?.map((f) => [f.name, f.type, f.mode]),
                r.body.rows,
                r.body.numDmlAffectedRows,
        ]);
const shownOf = (r) => [
        ...strings(r.body.rows),
        ...strings(r.body.schema),
        ...strings(r.body.error),
        ...strings(r.body.errors),
];

function strings(v, into = []) {
        if (typeof v === 'string') {
                into.push(v);
                if (/^[A-Za-z0-9+/]{8,}={0,2}$/.test(v))
                        into.push(Buffer.from(v, 'base64').toString('latin1'));
        } else if (v && typeof v === 'object') for (const x of Object.values(v)) strings(x, into);
        return into;
}

/* Each mention of a protected table's full name in the sent text stands in our subquery. */
function isReplaced(sent) {
        for (const name of [...PROTECTED, 'crm.visits_\\*'])
                for (const m of sent.matchAll(new RegExp(`\`${PROJECT}\\.${name}\``, 'g')))
                        if (!/^`[^`]*` AS sallyport_source\b/.test(sent.slice(m.index)))
                                return false;
        return true;
}

/* `p.d.t`.column, which BigQuery reads and the stand-in's engine does not. */
const unqualified = (sql) =>
        sql.replace(/`(?:acme-prod\.)?\w+\.(\w+)`\s*\.(?=\s*[`*\w])/g, '`$1`.');

async function one(s, asked, standins, canaries) {
        if (asked.verdict !== 'allow')
                return { how: 'denied', why: asked.error?.id ?? asked.verdict };
        const parameters = asked.params.map((p) => ({
                name: p.name,
                parameterType: { type: p.type },
                parameterValue: { value: p.value },
        }));
        const body = (query, p) => ({
                query,
                useLegacySql: false,
                maxResults: 1000,
                ...(p.length ? { parameterMode: 'NAMED', queryParameters: p } : {}),
        });
        const ask = (which, query, p) =>
                standins[which].call('POST', `projects/${PROJECT}/queries`, {
                        token: standins[which].token,
                        body: body(query, p),
                });
        const sent = asked.text === s.sql ? unqualified(s.sql) : asked.text;
        const [masked, a, b] = await Promise.all([
                ask('masked', unqualified(s.sql), []),
                ask('a', sent, parameters),
                ask('b', sent, parameters),
        ]);
        const known = new Set(shownOf(masked));
        for (const text of shownOf(a)) {
                const run = known.has(text) ? null : canaries.find(text, s.sql);
                if (run) return { how: 'LEAK', why: `'${run}' in ${text.slice(0, 200)}` };
        }
        if (a.status !== b.status || answerOf(a) !== answerOf(b))
                return {
                        how: 'PAIR DIFFERS',
                        why: `${a.status} ${answerOf(a)} / ${b.status} ${answerOf(b)}`,
                };
        const message = (r) => r.body.error?.message ?? '';
        if (masked.status !== 200 && a.status !== 200) {
                const cannot = masked.status >= 500 || CANNOT.test(message(masked));
                if (cannot)
                        return isReplaced(asked.text)
                                ? { how: 'masked, not executed here', why: message(masked) }
                                : { how: 'NOT REPLACED', why: asked.text };
                return { how: 'fails, masked or not', why: message(a) };
        }
        if (masked.status === 200 && a.status !== 200)
                return { how: 'DOES NOT RUN', why: message(a) };
        if (masked.status === 200 && answerOf(a) !== answerOf(masked))
                return { how: 'ANSWER DIFFERS', why: `${answerOf(masked)} BECAME ${answerOf(a)}` };
        return { how: asked.text === s.sql ? 'run as it is' : 'run masked' };
}

/* What the stand-in's engine lacks, and an output that the stand-in cannot write down. */
const CANNOT =
        /Syntax error|Function not found|not supported|not have its\/their content set|DIFFERENTIAL_PRIVACY|GEOGRAPHY|LIKE ANY.*subquery/;

const BAD = ['LEAK', 'PAIR DIFFERS', 'NOT REPLACED', 'DOES NOT RUN', 'ANSWER DIFFERS'];
/* What honest people must be able to send; the rest is counted by reason. */
const HONEST_AT_LEAST = 0.85;

function table(results, markdown) {
        const classes = new Map();
        for (const r of results) {
                const c =
                        classes.get(r.cls) ??
                        classes
                                .set(r.cls, { n: 0, run: 0, other: 0, denied: 0, ids: new Map() })
                                .get(r.cls);
                c.n++;
                if (r.how.startsWith('run')) c.run++;
                else if (r.how === 'denied') {
                        c.denied++;
                        c.ids.set(r.why, (c.ids.get(r.why) ?? 0) + 1);
                } else c.other++;
        }
        for (const [name, c] of classes) {
                const ids = [...c.ids]
                        .sort((x, y) => y[1] - x[1])
                        .map(([k, n]) => (markdown ? `\`${k}\`` : k) + (n > 1 ? ` ${n}` : ''))
                        .join(', ');
                if (markdown)
                        console.log(
                                `| ${name} | ${c.n} | ${c.run} | ${c.other} | ${c.denied} | ${ids} |`,
                        );
                else
                        console.log(
                                `  ${name.padEnd(32)}${String(c.n).padStart(4)} ${String(c.run).padStart(6)} ${String(c.other).padStart(7)} ${String(c.denied).padStart(7)}  ${ids}`,
                        );
        }
}

async function main() {
        const { values } = parseArgs({
                options: {
                        bin: { type: 'string', default: 'build/sallyctl' },
                        verbose: { type: 'boolean', default: false },
                        markdown: { type: 'boolean', default: false },
                },
        });
        if (
                process.platform !== 'linux' ||
                process.arch !== 'x64' ||
                !fs.existsSync(path.join(__dirname, '../../sandbox/node_modules'))
        ) {
                console.log('written: skipped, the engine is not installed');
                process.exit(77);
        }
        const { start } = require('../../sandbox/harness');
        const { Random } = require('./random');
        const { Gate } = require('./gate');
        const worlds = require('./world');
        const world = makeWorld(Random, worlds);
        const canaries = worlds.canariesOf(world, 'a');
        const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'written-'));
        const gate = new Gate(path.resolve(values.bin));
        const standins = {};
        const all = { honest: [], attacks: [] };
        try {
                const sides = { a: (t) => t.rows.a, b: (t) => t.rows.b, masked: worlds.maskedRows };
                for (const [name, rows] of Object.entries(sides)) {
                        const file = path.join(dir, `${name}.json`);
                        fs.writeFileSync(file, dataFile(world, rows, worlds.plainField));
                        standins[name] = await start({ data: file });
                }
                const files = {
                        honest: statements('honest.sql', world),
                        attacks: statements('attacks.sql', world),
                };
                /* tables that the statements make themselves are known to the gate as made */
                const context = {
                        project: PROJECT,
                        dataset: null,
                        policy: worlds.policyText(world),
                        catalog: withMade(catalogFile(world, worlds.plainField)),
                };
                for (const [name, list] of Object.entries(files)) {
                        const asked = await gate.ask(
                                context,
                                list.map((s) => s.sql),
                        );
                        for (const [i, s] of list.entries())
                                all[name].push({
                                        ...s,
                                        ...(await one(s, asked[i], standins, canaries)),
                                        sent: asked[i].text,
                                        message: asked[i].error?.message,
                                });
                }
        } finally {
                for (const s of Object.values(standins)) await s.stop();
                gate.done();
                fs.rmSync(dir, { recursive: true, force: true });
        }
        const failed = [];
        for (const [name, results] of Object.entries(all)) {
                console.log(`\n${name}: statements, run, else, denied`);
                table(results, values.markdown);
                failed.push(...results.filter((r) => BAD.includes(r.how)));
                if (values.verbose)
                        for (const r of results)
                                console.log(
                                        `${r.how}${r.why ? `: ${r.why}` : ''}${r.message ? ` (${r.message})` : ''}\n    ${r.sql.replaceAll('\n', '\n    ')}`,
                                );
        }
        for (const r of failed) console.log(`\n${r.how}: ${r.why}\n  ${r.sql}\n  sent: ${r.sent}`);
        const run = all.honest.filter(
                (r) => r.how.startsWith('run') || r.how.startsWith('masked,'),
        ).length;
        console.log(`\n  of ${all.honest.length} honest statements ${run} run`);
        if (run < HONEST_AT_LEAST * all.honest.length) failed.push('too few honest statements run');
        const total = all.honest.length + all.attacks.length;
        console.log(`written: ${total - failed.length} passed, ${failed.length} failed`);
        return failed.length ? 1 : 0;
}

/* Columns of the tables that statements of the two files make and read again. */
function withMade(catalog) {
        const c = JSON.parse(catalog);
        const columns = (t) => c.tables[`acme-prod.${t}`].schema;
        const texts = (...names) => names.map((n) => field(n, 'STRING'));
        c.tables['acme-prod.shop.copy1'] = { schema: columns('crm.customers') };
        c.tables['acme-prod.shop.copy2'] = { schema: texts('s', 'p') };
        c.tables['acme-prod.shop.copy3'] = { schema: columns('crm.people') };
        c.tables['acme-prod.shop.by_country'] = {
                schema: [...texts('country'), field('n', 'INTEGER')],
        };
        c.tables['acme-prod.crm.customers_2025'] = { schema: columns('crm.customers') };
        return JSON.stringify(c);
}

main().then((status) => process.exit(status));
