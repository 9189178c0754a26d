/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
const test = require('node:test');
const assert = require('node:assert/strict');
const types = require('../lib/types');
const { SCALARS } = require('../lib/scalar');

const ROUND = [
        [
                'INT64 keeps 64 bits',
                'INT64',
                '-9223372036854775808',
                '-9223372036854775808',
        ],
        [
                'NUMERIC is exact and has no trailing zeros',
                'NUMERIC',
                '-0012.340',
                '-12.34',
        ],
        [
                'NUMERIC keeps nine digits',
                'NUMERIC',
                '99999999999999999999999999999.999999999',
                '99999999999999999999999999999.999999999',
        ],
        ['NUMERIC rounds the tenth digit', 'NUMERIC', '0.0000000005', '0.000000001'],
        ['NUMERIC reads exponents', 'NUMERIC', '1.5e3', '1500'],
        [
                'BIGNUMERIC keeps 38 digits',
                'BIGNUMERIC',
                '1.00000000000000000000000000000000000001',
                '1.00000000000000000000000000000000000001',
        ],
        ['zero is zero', 'NUMERIC', '0', '0'],
        ['DATE before the epoch', 'DATE', '1969-12-31', '1969-12-31'],
        ['DATE in year 1', 'DATE', '0001-01-01', '0001-01-01'],
        [
                'DATETIME with a fraction',
                'DATETIME',
                '2020-02-29 23:59:59.000001',
                '2020-02-29T23:59:59.000001',
        ],
        ['TIME', 'TIME', '23:59:59', '23:59:59'],
        [
                'TIMESTAMP as float seconds',
                'TIMESTAMP',
                '2023-11-14T22:13:20.123456Z',
                '1.700000000123456E9',
        ],
        ['TIMESTAMP with an offset', 'TIMESTAMP', '2023-11-15 00:13:20+02:00', '1.7E9'],
        ['TIMESTAMP at the epoch', 'TIMESTAMP', '0', '0.0'],
        [
                'TIMESTAMP before the epoch',
                'TIMESTAMP',
                '1969-12-31 23:59:59.5+00',
                '-5.0E-1',
        ],
        ['BYTES are base64', 'BYTES', 'AP8=', 'AP8='],
        ['BOOL', 'BOOL', 'true', 'true'],
        ['FLOAT64 small', 'FLOAT64', '1.5', '1.5'],
        ['FLOAT64 whole', 'FLOAT64', '3', '3.0'],
        ['FLOAT64 large', 'FLOAT64', '1e21', '1.0E21'],
        ['FLOAT64 tiny', 'FLOAT64', '0.00012', '1.2E-4'],
        ['FLOAT64 infinite', 'FLOAT64', '-inf', '-Infinity'],
        ['JSON is compact', 'JSON', '{ "a": [1] }', '{"a":[1]}'],
        ['STRING keeps its bytes', 'STRING', 'Zürich\u0000\n', 'Zürich\u0000\n'],
];

test('scalars survive the way in and out', async (t) => {
        for (const [sentence, kind, given, expected] of ROUND)
                await t.test(sentence, () => {
                        const value = types.fromJson(given, { kind });
                        assert.equal(types.toCell(value, { kind }, {}), expected);
                });
});

const BAD = [
        ['INT64', '9223372036854775808'],
        ['INT64', '1.5'],
        ['INT64', ''],
        ['NUMERIC', 'abc'],
        ['NUMERIC', '.'],
        ['DATE', '2023-02-30'],
        ['DATE', '2023-13-01'],
        ['TIMESTAMP', 'yesterday'],
        ['TIME', '25:00:00'],
        ['BYTES', '***'],
        ['BOOL', '1'],
        ['FLOAT64', 'one'],
        ['JSON', '{'],
];

test('what is not a value of the type is refused', async (t) => {
        for (const [kind, text] of BAD)
                await t.test(`${kind} ${JSON.stringify(text)}`, () =>
                        assert.throws(() => types.fromJson(text, { kind }), RangeError),
                );
});

test('NULL is null in a cell, an empty list for REPEATED', () => {
        assert.equal(types.toCell({}, { kind: 'STRING' }, {}), null);
        assert.deepEqual(
                types.toCell({}, { kind: 'ARRAY', element: { kind: 'STRING' } }, {}),
                [],
        );
});

test("nested records and repeated fields have the API's shape", () => {
        const type = types.fromField({
                name: 'p',
                type: 'RECORD',
                mode: 'REPEATED',
                fields: [
                        { name: 'kind', type: 'STRING' },
                        { name: 'n', type: 'INTEGER', mode: 'REPEATED' },
                ],
        });
        const value = types.fromJson([{ kind: 'home', n: [1, 2] }, ['work', []]], type);
        assert.deepEqual(types.toCell(value, type, {}), [
                { v: { f: [{ v: 'home' }, { v: [{ v: '1' }, { v: '2' }] }] } },
                { v: { f: [{ v: 'work' }, { v: [] }] } },
        ]);
        assert.equal(types.sizeOf(value, type), 2 + 4 + 16 + (2 + 4));
});

test('the two encodings of a TIMESTAMP agree', () => {
        const kind = 'TIMESTAMP';
        const value = types.fromJson('2026-01-02 03:04:05.678901+00', { kind });
        assert.equal(
                types.toCell(value, { kind }, { int64Timestamp: true }),
                '1767323045678901',
        );
        assert.equal(types.toCell(value, { kind }, {}), '1.767323045678901E9');
});

test('schema types go to the engine and come back', () => {
        for (const kind of Object.keys(SCALARS)) {
                const type = {
                        kind: 'ARRAY',
                        element: {
                                kind: 'STRUCT',
                                fields: [{ name: 'x', type: { kind } }],
                        },
                };
                assert.deepEqual(types.fromEngine(types.toEngine(type)), type);
                const field = types.toField('c', type);
                assert.deepEqual(types.fromField(field), type);
        }
});
