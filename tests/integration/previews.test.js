/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * What a preview shows of a masked table is what the SQL of its masks gives: many values of each
 * type, some at the edges and some at random, through the engine and through mask/page.
 * Run: SALLYCTL=build/sallyctl node --test tests/integration/previews.test.js (make mask_page first)
 */
const test = require('node:test');
const assert = require('node:assert/strict');
const { start, cells } = require('./masked');

const RANDOM = 300;
let seed = Number(process.env.SEED ?? 20261121);
/* a small generator of its own, so that a failure can be had again */
const random = (n) => {
        seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
        return Math.floor((seed / 2 ** 32) * n);
};
const two = (n) => String(n).padStart(2, '0');
const digits = (n) => Array.from({ length: n }, () => random(10)).join('');
const integer = () => String(BigInt((random(2) ? '-' : '') + (digits(1 + random(18)))));
const decimal = (whole, fraction) => {
        const s = `${BigInt(digits(1 + random(whole)))}.${digits(random(fraction))}1`;
        return random(2) ? `-${s}` : s;
};
const date = () =>
        `${String(1 + random(9999)).padStart(4, '0')}-${two(1 + random(12))}-${two(1 + random(28))}`;
const time = () =>
        `${two(random(24))}:${two(random(60))}:${two(random(60))}${random(2) ? `.${digits(5)}1` : ''}`;
const seconds = () => `${random(2) ? '-' : ''}${random(60000000)}${digits(2)}.${digits(2)}5`;

const STRINGS = [
        '', '12345', '123456', 'ann@example.com', 'Ann O\'Neil-McX "the" \\ 3rd', '4111 1111 1111 1111',
        '-----------------------------------123456', '123456-----------------------------------',
        'Größenwahn', 'new\nline 1234567', 'a'.repeat(63), 'a'.repeat(64), 'A0a'.repeat(21), '~!@#$%^&*()_+{}',
        '1 2 3 4 5 6', 'x'.repeat(3) + ' '.repeat(30) + 'y'.repeat(3), '0x1f4b7 zz', 'Пётр 123456',
];
const LETTERS = ' -.@/"\\0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const text = (n) => Array.from({ length: n }, () => LETTERS[random(LETTERS.length)]).join('');

const TAG = 'projects/p/locations/eu/taxonomies/17/policyTags/42';

/* column, type, mask, edge values, random ones, whether the text may differ for one number */
const COLUMNS = [
        ['date_month', 'DATE', 'mask: { truncate: { to: month } }', ['0001-01-01', '9999-12-31', '2000-02-29'], date],
        ['date_year', 'DATE', 'mask: { truncate: { to: year } }', ['0001-12-31', '9999-12-31'], date],
        ['dt_hour', 'DATETIME', 'mask: { truncate: { to: hour } }', ['9999-12-31T23:59:59.999999'], () => `${date()}T${time()}`],
        ['dt_month', 'DATETIME', 'mask: { truncate: { to: month } }', ['0001-01-01T00:00:00'], () => `${date()}T${time()}`],
        ['time_hour', 'TIME', 'mask: { truncate: { to: hour } }', ['00:00:00', '23:59:59.999999'], time],
        ['ts_hour', 'TIMESTAMP', 'mask: { truncate: { to: hour } }', ['0.0', '-0.5', '-62135596800.0'], seconds, true],
        ['ts_day', 'TIMESTAMP', 'mask: { truncate: { to: day } }', ['1.183792027E9'], seconds, true],
        ['ts_month', 'TIMESTAMP', 'mask: { truncate: { to: month } }', ['951782400.0', '-2203891200.0'], seconds, true],
        ['ts_year', 'TIMESTAMP', 'mask: { truncate: { to: year } }', ['253402300799.0', '-62135596800.0'], seconds, true],
        ['int_1000', 'INTEGER', 'mask: { truncate: { to: 1000 } }', ['9223372036854775807', '-9223372036854775808', '-999', '0'], integer],
        ['int_7', 'INTEGER', 'mask: { truncate: { to: 7 } }', ['-7', '6'], integer],
        ['num_50', 'NUMERIC', 'mask: { truncate: { to: 50 } }', ['99999999999999999999999999999.999999999', '-49.9', '0.5'], () => decimal(28, 8)],
        ['num_1', 'NUMERIC', 'mask: { truncate: { to: 1 } }', ['-0.5', '7'], () => decimal(28, 8)],
        ['big_7', 'BIGNUMERIC', 'mask: { truncate: { to: 7 } }', ['-578960446186580977117854925043439539266.3'], () => decimal(37, 30)],
        ['float_10', 'FLOAT', 'mask: { truncate: { to: 10 } }', ['1.7976931348623157e+308', '-5.5', '0.0', '1e+20'], () => decimal(12, 5), true],
        ['token', 'STRING', 'mask: tokenize', STRINGS, () => text(random(70))],
        ['token_digits', 'STRING', 'mask: tokenize', [], () => digits(9)],
        ['token_int', 'INTEGER', 'mask: tokenize', ['9223372036854775807', '-9223372036854775808', '0', '-1', '1'], integer],
        ['by_tag', 'STRING', 'mask: hash', [], () => text(random(70)), false, TAG],
        ['hashed', 'STRING', 'mask: hash', STRINGS, () => text(random(70))],
        ['part', 'STRING', 'mask: { partial: { keep_first: 1, keep_last: 3 } }', STRINGS, () => text(random(12))],
];
const width = Math.max(...COLUMNS.map((c) => c[3].length)) + RANDOM;
const values = COLUMNS.map(([, , , edges, any]) =>
        Array.from({ length: width }, (_, i) => (i < edges.length ? edges[i] : random(20) ? any() : null)),
);
const ROWS = Array.from({ length: width }, (_, i) => [String(i), ...values.map((v) => v[i])]);
const TABLES = {
        'p.m.t': {
                schema: [
                        { name: 'row', type: 'INTEGER', mode: 'NULLABLE' },
                        ...COLUMNS.map(([name, type, , , , , tag]) => ({
                                name,
                                type,
                                mode: 'NULLABLE',
                                ...(tag && { policyTags: { names: [tag] } }),
                        })),
                ],
                rows: ROWS,
        },
};
const POLICY = `version: 1
rules:
  - {name: all, actions: [select], resources: [p], verdict: allow}
masks:
${COLUMNS.map(([name, , mask, , , , tag]) => `  - {${tag ? 'tags: ["projects/*/policyTags/42"]' : `columns: [p.m.t.${name}]`}, ${mask}, name: m-${name.replaceAll('_', '-')}}`).join('\n')}
`;

let world;
test.before(async () => {
        world = await start({ tables: TABLES, policy: POLICY });
});
test.after(() => world?.stop());

test('a preview of a masked table is what SELECT * gives', async () => {
        const r = await world.run('SELECT * FROM m.t ORDER BY `row`');
        assert.equal(r.status, 200, String(r.raw));
        const sql = cells(r);
        const page = world.preview('p.m.t', ROWS);
        assert.equal(sql.length, ROWS.length);
        assert.deepEqual(
                r.body.schema.fields.map((f) => f.type),
                TABLES['p.m.t'].schema.map((f) => f.type),
        );
        COLUMNS.forEach(([name, , , , , isNumber], c) => {
                let changed = 0;
                for (let i = 0; i < ROWS.length; i++) {
                        const [raw, a, b] = [ROWS[i][c + 1], sql[i][c + 1], page[i][c + 1]];
                        const same = isNumber && a !== null ? Number(a) === Number(b) : a === b;
                        assert.ok(same, `${name} of ${raw}: ${a} by SQL, ${b} in the preview`);
                        if (raw !== a) changed++;
                }
                assert.ok(changed > RANDOM / 2, `${name}: ${changed} values changed`);
        });
});
