/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * `inference: deny`: a hashed column or a token may be shown and decides no rows, however it is
 * written. Run: SALLYCTL=build/sallyctl node --test tests/integration/inference.test.js
 */
const test = require('node:test');
const assert = require('node:assert/strict');
const { start, cells } = require('./masked');

const column = (name, type = 'STRING') => ({ name, type, mode: 'NULLABLE' });
const TABLES = {
        'p.m.c': {
                schema: [column('id', 'INTEGER'), column('h'), column('t'), column('r'), column('o')],
                rows: [
                        ['1', 'one-h', '111111', 'r', 'x'],
                        ['2', 'two-h', '222222', 'r', 'y'],
                ],
        },
        'p.m.free': { schema: [column('h')], rows: [['one-h']] },
};
const policy = (inference) => `version: 1
inference: ${inference}
rules:
  - {name: all, actions: [select, insert], resources: [p], verdict: allow}
masks:
  - {name: h, columns: [p.m.c.h], mask: hash}
  - {name: t, columns: [p.m.c.t], mask: tokenize}
  - {name: r, columns: [p.m.c.r], mask: redact}
`;
const DECIDES = [
        "SELECT id FROM m.c WHERE h = 'one-h'",
        'SELECT id FROM m.c WHERE t = @guess',
        'SELECT id FROM m.c WHERE t IS NOT NULL',
        "SELECT id FROM m.c WHERE LENGTH(CONCAT(h, 'x')) > 3",
        'SELECT COUNT(*) FROM m.c GROUP BY h',
        'SELECT id FROM m.c ORDER BY t',
        'SELECT c.id FROM m.c AS c JOIN m.free AS f ON c.h = f.h',
        'SELECT c.id FROM m.c AS c JOIN m.free USING (h)',
        "SELECT id FROM (SELECT id, h = 'x' AS same FROM m.c) WHERE same",
        "WITH g AS (SELECT 'x' AS v) SELECT id FROM m.c, g WHERE h = v",
        'SELECT id FROM m.c WHERE EXISTS (SELECT 1 FROM m.free AS f WHERE f.h = c.h)',
        'SELECT id, RANK() OVER (ORDER BY h) FROM m.c',
        'SELECT id FROM m.c WHERE TRUE QUALIFY ROW_NUMBER() OVER (PARTITION BY t ORDER BY id) = 1',
        "FROM m.c |> WHERE h = 'x' |> SELECT id",
        "INSERT INTO m.free SELECT o FROM m.c WHERE h = 'x'",
        'SELECT id FROM m.c WHERE no_such_column = h',
];
const SHOWS = [
        'SELECT * FROM m.c',
        'SELECT id, h, t FROM m.c WHERE id = 1 ORDER BY o',
        "SELECT id FROM m.c WHERE r = 'x' AND o = 'y'",
        'SELECT o, ANY_VALUE(h) FROM m.c GROUP BY o',
        'SELECT COUNT(*) FROM m.c',
        'SELECT h FROM m.free WHERE h = "one-h"',
];

let strict, free;
test.before(async () => {
        strict = await start({ tables: TABLES, policy: policy('deny') });
        free = await start({ tables: TABLES, policy: policy('allow-hash-equality') });
});
test.after(async () => {
        await strict?.stop();
        await free?.stop();
});

test('with deny, what shows equality decides no rows', () => {
        for (const sql of DECIDES) {
                const d = strict.decide(sql);
                assert.equal(d.error?.id, 'mask.inference', `${sql}: ${JSON.stringify(d.error)}`);
                assert.match(d.error.what ?? d.error.message, /p\.m\.c\.[ht] may decide no rows/);
                assert.notEqual(free.decide(sql).error?.id, 'mask.inference', sql);
        }
});

test('it may be shown, and other columns decide', async () => {
        for (const sql of SHOWS) {
                const r = await strict.run(sql);
                assert.equal(r.status, 200, `${sql}: ${r.raw}`);
        }
        const r = await strict.run('SELECT h FROM m.c WHERE id = 1');
        assert.match(cells(r)[0][0], /^[0-9a-f]{64}$/);
});
