/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * Masked SQL, really executed: the statement goes through `sallyctl policy decide`, what that
 * would send goes to the stand-in, and the answer is looked at. The protected values are
 * canaries: one that shows up anywhere in an answer fails the test.
 * Run: SALLYCTL=build/sallyctl node --test tests/integration/masks.test.js
 */
const test = require('node:test');
const assert = require('node:assert/strict');
const { start, cells } = require('./masked');

/* name, type, mode, value, what redact makes of it */
const COLUMNS = [
        ['s', 'STRING', 'NULLABLE', 'canary-string', '[redacted]'],
        ['s_req', 'STRING', 'REQUIRED', 'canary-required', '[redacted]'],
        ['s_rep', 'STRING', 'REPEATED', ['canary-list'], []],
        ['b', 'BYTES', 'NULLABLE', Buffer.from('canary').toString('base64'), ''],
        ['i', 'INTEGER', 'NULLABLE', '7007007', '0'],
        ['f', 'FLOAT', 'NULLABLE', '7007.007', '0.0'],
        ['n', 'NUMERIC', 'NULLABLE', '7007.5', '0'],
        ['t', 'BOOLEAN', 'NULLABLE', 'true', 'false'],
        ['d', 'DATE', 'NULLABLE', '2007-07-07', '1970-01-01'],
        ['dt', 'DATETIME', 'NULLABLE', '2007-07-07T07:07:07', '1970-01-01T00:00:00'],
        ['ti', 'TIME', 'NULLABLE', '07:07:07', '00:00:00'],
        ['ts', 'TIMESTAMP', 'NULLABLE', '1183792027.0', '0.0'],
];
const CANARIES = ['canary', 'Y2FuYXJ5', '7007', '2007-07-07', '07:07:07', '183792027'];
const field = ([name, type, mode]) => ({ name, type, mode });
const row = (id) => [id, ...COLUMNS.map((c) => c[3])];
const schema = [{ name: 'id', type: 'INTEGER', mode: 'NULLABLE' }, ...COLUMNS.map(field)];
const HASHED = ['s', 's_req', 'b', 'i'];
const TABLES = {
        'p.m.redacted': { schema, rows: [row('1')] },
        'p.m.nulled': { schema, rows: [row('1')] },
        'p.m.hashed': {
                schema: schema.filter((c) => ['id', ...HASHED].includes(c.name)),
                rows: [
                        ['1', 'canary-string', 'canary-required', 'Y2FuYXJ5', '7007007'],
                        ['2', 'canary-string', 'canary-required', 'Y2FuYXJ5', '7007007'],
                        ['3', 'canary-other', 'canary-more', 'Y2FuYXJ5MQ==', '7007008'],
                        ['4', null, 'canary-more', null, null],
                ],
        },
        'p.m.partial': {
                schema: [
                        { name: 'id', type: 'INTEGER', mode: 'NULLABLE' },
                        { name: 's', type: 'STRING', mode: 'NULLABLE' },
                ],
                rows: [
                        ['1', '123456789'],
                        ['2', '6789'],
                        ['3', ''],
                        ['4', null],
                        ['5', 'naïveté'],
                ],
        },
};
const list = (t, columns) => columns.map((c) => JSON.stringify(`p.m.${t}.${c}`)).join(', ');
const names = COLUMNS.map((c) => c[0]);
const POLICY = `version: 1
rules:
  - {name: all, actions: [select, create, insert], resources: [p], verdict: allow}
masks:
  - {name: redacted, columns: [${list('redacted', names)}], mask: redact}
  - {name: nulled, columns: [${list('nulled', names)}], mask: "null"}
  - {name: hashed, columns: [${list('hashed', HASHED)}], mask: hash}
  - {name: partial, columns: [p.m.partial.s], mask: {partial: {keep_last: 4}}}
`;

let world;
test.before(async () => {
        world = await start({ tables: TABLES, policy: POLICY });
});
test.after(() => world?.stop());
const decide = (sql) => world.decide(sql);
const run = (sql) => world.run(sql);

function assertNoCanary(r) {
        for (const c of CANARIES)
                assert.ok(!r.raw.includes(c), `${c} in the answer to ${r.sent}`);
}

test('redact has the value and the type of each column', async () => {
        for (const [name, type, mode, , redacted] of COLUMNS) {
                const r = await run(`SELECT ${name} FROM m.redacted`);
                assert.equal(r.status, 200, `${name}: ${r.raw}`);
                assert.deepEqual(cells(r), [[redacted]], name);
                assert.equal(r.body.schema.fields[0].type, type, name);
                assert.equal(r.body.schema.fields[0].mode === 'REPEATED', mode === 'REPEATED');
                assertNoCanary(r);
        }
});

test('null has the type of each column', async () => {
        for (const [name, type, mode, , redacted] of COLUMNS) {
                const r = await run(`SELECT ${name} FROM m.nulled`);
                const want = mode === 'NULLABLE' ? null : redacted;
                assert.equal(r.status, 200, `${name}: ${r.raw}`);
                assert.deepEqual(cells(r), [[want]], name);
                assert.equal(r.body.schema.fields[0].type, type, name);
                assertNoCanary(r);
        }
});

test('hash keeps equality, types and NULL', async () => {
        const r = await run('SELECT s, s_req, b, i FROM m.hashed ORDER BY id');
        const [a, b, c, d] = cells(r);
        assert.deepEqual(a, b);
        for (const k of [0, 1, 2, 3]) assert.notEqual(a[k], c[k]);
        assert.equal(c[1], d[1]);
        assert.deepEqual([d[0], d[2], d[3]], [null, null, null]);
        assert.match(a[0], /^[0-9a-f]{64}$/);
        assert.match(a[3], /^[0-9]+$/);
        assert.deepEqual(
                r.body.schema.fields.map((f) => f.type),
                ['STRING', 'STRING', 'BYTES', 'INTEGER'],
        );
        assertNoCanary(r);
        const joined = await run(
                'SELECT COUNT(*) FROM m.hashed a JOIN m.hashed b ON a.s = b.s AND a.i = b.i',
        );
        assert.deepEqual(cells(joined), [['5']]);
});

test('partial keeps the end, of a long enough value', async () => {
        const r = await run('SELECT s FROM m.partial ORDER BY id');
        assert.deepEqual(cells(r), [['*****6789'], ['****'], [''], [null], ['***veté']]);
});

/* Each would show a canary if it saw the raw column. */
const ATTACKS = [
        'SELECT TO_JSON_STRING(t) FROM m.redacted t',
        'SELECT TO_JSON_STRING(redacted) FROM m.redacted',
        'SELECT AS STRUCT * FROM m.redacted',
        'SELECT id AS x FROM m.hashed UNION ALL SELECT i FROM m.redacted',
        'SELECT * EXCEPT (id) FROM p.m.redacted AS s',
        'SELECT s.s FROM m.redacted AS s',
        'SELECT `s` FROM `p.m.redacted` WHERE s LIKE "%"',
        'SELECT ARRAY_AGG(s) FROM m.redacted GROUP BY i',
        'SELECT FORMAT("%T", t) FROM m.redacted t',
        'SELECT * REPLACE (s AS id) FROM m.redacted',
        'WITH c AS (SELECT * FROM m.redacted) SELECT c FROM c',
        'SELECT (SELECT s FROM m.redacted LIMIT 1), (SELECT MAX(i) FROM m.hashed)',
        'SELECT CAST(s AS INT64) FROM m.redacted',
        'SELECT ERROR(s) FROM m.redacted',
        'FROM m.redacted |> SELECT s, i',
        'FROM m.hashed |> AGGREGATE ANY_VALUE(s) GROUP BY i',
        'SELECT x FROM m.redacted, UNNEST([s]) AS x',
        'SELECT s FROM m.redacted AS sallyport_source',
        "SELECT * FROM m.partial PIVOT(COUNT(partial.id) FOR s IN ('6789', '****')) AS q",
        'SELECT * FROM m.redacted UNPIVOT(v FOR k IN (s, s_req))',
        'SELECT s FROM m.redacted FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP()',
        'SELECT x.s FROM m.redacted AS x FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP() -- end',
        'SELECT sallyport_source FROM m.redacted AS sallyport_source',
];

test('no form of a query shows a raw value', async () => {
        let executed = 0;
        for (const sql of ATTACKS) {
                const d = decide(sql);
                if (d.verdict !== 'allow') {
                        assert.match(d.error.id, /^(sql|mask)\./, `${sql}: ${d.error.id}`);
                        continue;
                }
                assertNoCanary(await run(sql));
                executed++;
        }
        assert.ok(executed > ATTACKS.length / 2, `${executed} of ${ATTACKS.length} executed`);
});

test('the raw canaries are really there', async () => {
        const r = await world.raw('SELECT * FROM m.redacted');
        for (const c of CANARIES) assert.ok(r.raw.includes(c), c);
});

test('a predicate sees masked values only', async () => {
        const r = await run("SELECT COUNT(*) FROM m.redacted WHERE s = 'canary-string'");
        assert.deepEqual(cells(r), [['0']]);
        const h = await run("SELECT COUNT(*) FROM m.hashed WHERE s = 'canary-string'");
        assert.deepEqual(cells(h), [['0']]);
});

test('forms around a table still work', async () => {
        const pivot = await run(
                "SELECT * FROM m.partial PIVOT(COUNT(partial.id) FOR s IN ('6789', '****')) AS q",
        );
        assert.equal(pivot.status, 200, String(pivot.raw));
        assert.deepEqual(cells(pivot), [['0', '1']]);
        /* the stand-in analyses reading the past and cannot execute it */
        const past = decide(
                'SELECT x.s FROM m.redacted AS x FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP()',
        );
        const body = { ...past.upstream.body, dryRun: true };
        const r = await world.post(body);
        assert.equal(r.status, 200, String(r.raw));
});

test('a copy is masked already', async () => {
        const made = await run('CREATE TABLE m.copied AS SELECT * FROM m.redacted');
        assert.equal(made.status, 200, String(made.raw));
        const r = await world.raw('SELECT * FROM m.copied');
        assert.equal(cells(r).length, 1);
        assertNoCanary({ ...r, sent: 'SELECT * FROM m.copied' });
});
