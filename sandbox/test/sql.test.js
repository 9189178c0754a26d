/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
const test = require('node:test');
const assert = require('node:assert/strict');
const { start } = require('../harness');

let s;
test.before(async () => (s = await start()));
test.after(() => s.stop());

const cells = (r) => (r.body.rows ?? []).map((row) => row.f.map((c) => c.v));
const error = (r) =>
        r.body.error && [r.status, r.body.error.errors[0].reason, r.body.error.message];

const ANSWERS = [
        [
                "a name of two parts takes the request's project",
                'SELECT name FROM crm.customers WHERE id = 1',
                [['Ada Lovelace']],
        ],
        [
                'a name in one pair of backquotes',
                'SELECT customers.id FROM `acme-prod.crm.customers` WHERE id = 2',
                [['2']],
        ],
        [
                'a name in three parts, dashes bare',
                'SELECT COUNT(*) FROM acme-prod.crm.customers',
                [['12']],
        ],
        [
                'a CTE hides a table of the same name',
                'WITH orders AS (SELECT 7 AS id) SELECT id FROM orders',
                [['7']],
        ],
        [
                'a CTE does not see itself',
                'WITH c AS (SELECT id FROM crm.customers WHERE id = 3) SELECT * FROM c',
                [['3']],
        ],
        [
                'a correlated array is not a table',
                'SELECT p.number FROM crm.contacts AS c, c.phones AS p WHERE c.id = 2',
                [['+1-555-0103']],
        ],
        [
                'a join',
                'SELECT COUNT(*) FROM crm.orders o JOIN crm.customers c ON c.id = o.customer_id WHERE c.id = 1',
                [['1']],
        ],
        [
                'masking at the source: SELECT * REPLACE',
                'SELECT c.ssn FROM (SELECT * REPLACE(CONCAT("***", SUBSTR(ssn, -4)) AS ssn) FROM `acme-prod.crm.customers`) AS c WHERE id = 1',
                [['***1317']],
        ],
        [
                'masking at the source: a rebuilt array',
                `SELECT TO_JSON_STRING(t) FROM (SELECT * REPLACE(ARRAY(SELECT AS STRUCT p.* REPLACE("x" AS number)
          FROM UNNEST(phones) AS p WITH OFFSET o ORDER BY o) AS phones) FROM crm.contacts) AS t WHERE id = 2`,
                [
                        [
                                '{"id":2,"address":{"street":"1 Navy Yard","city":"New York","zip":"10001"},"phones":[{"kind":"work","number":"x"}]}',
                        ],
                ],
        ],
        [
                'a view',
                'SELECT orders FROM analytics.active_customers WHERE id = 2',
                [['2']],
        ],
        [
                'a wildcard',
                'SELECT COUNT(*), MIN(_TABLE_SUFFIX) FROM `acme-prod.crm.cust*`',
                [['12', 'omers']],
        ],
        [
                'INFORMATION_SCHEMA',
                'SELECT table_name FROM crm.INFORMATION_SCHEMA.TABLES ORDER BY 1 LIMIT 1',
                [['contacts']],
        ],
        ['a script answers with its last query', 'SELECT 1; SELECT 2;', [['2']]],
        [
                'a script has variables',
                "DECLARE a, b INT64 DEFAULT 2; DECLARE c STRING; SET a = (SELECT COUNT(*) FROM crm.customers) + b; SELECT a, b, IFNULL(c, 'none'), (SELECT name FROM crm.customers WHERE id = b - 1)",
                [['14', '2', 'none', 'Ada Lovelace']],
        ],
        [
                'a script has temporary tables, which hide stored ones',
                'CREATE TEMP TABLE t AS SELECT id, name FROM crm.customers WHERE id < 3; INSERT INTO t VALUES (99, "x"); UPDATE t SET name = "y" WHERE id = 2; CREATE TEMP TABLE u AS SELECT * FROM t; DROP TABLE t; SELECT id, name FROM u ORDER BY id',
                [
                        ['1', 'Ada Lovelace'],
                        ['2', 'y'],
                        ['99', 'x'],
                ],
        ],
        ['comments and a semicolon', '-- one\nSELECT 1; -- two', [['1']]],
        [
                'a value table of structs is its fields',
                'SELECT AS STRUCT 1 AS a, "x" AS b',
                [['1', 'x']],
        ],
        [
                'who asks',
                'SELECT SESSION_USER()',
                [['gateway@sallyport-demo.iam.gserviceaccount.com']],
        ],
        [
                'QUALIFY',
                'SELECT id FROM crm.orders QUALIFY ROW_NUMBER() OVER (ORDER BY id DESC) = 1',
                [['1020']],
        ],
        [
                'bytes beyond ASCII before a name',
                'SELECT "Zürich", city FROM crm.customers WHERE city = "Zürich"',
                [['Zürich', 'Zürich']],
        ],
];

test('queries', async (t) => {
        for (const [sentence, sql, rows] of ANSWERS)
                await t.test(sentence, async () => {
                        const r = await s.query(sql);
                        assert.deepEqual(cells(r), rows, JSON.stringify(r.body));
                });
});

const ERRORS = [
        [
                'an unknown column, at its place',
                'SELECT x FROM crm.customers',
                [400, 'invalidQuery', 'Unrecognized name: x at [1:8]'],
        ],
        [
                'a place behind a name that is longer inside',
                'SELECT 1 FROM crm.customers AS c JOIN crm.orders AS o\n  ON c.id = o.zz',
                [400, 'invalidQuery', 'Name zz not found inside o at [2:15]'],
        ],
        [
                'a place after a tab and two-byte letters',
                'SELECT\t"ü", zzz FROM crm.customers',
                [400, 'invalidQuery', 'Unrecognized name: zzz at [1:14]'],
        ],
        [
                'a syntax error',
                'SELEC 1',
                [
                        400,
                        'invalidQuery',
                        'Syntax error: Unexpected identifier "SELEC" at [1:1]',
                ],
        ],
        [
                'no table',
                'SELECT * FROM crm.nope',
                [404, 'notFound', 'Not found: Table acme-prod:crm.nope'],
        ],
        [
                'no dataset',
                'SELECT * FROM nope.t',
                [404, 'notFound', 'Not found: Dataset acme-prod:nope'],
        ],
        [
                'no dataset given',
                'SELECT * FROM t',
                [
                        400,
                        'invalid',
                        'Table "t" must be qualified with a dataset (e.g. dataset.table).',
                ],
        ],
        ['nothing', '', [400, 'invalid', 'Required parameter is missing: query']],
        [
                'only a comment',
                '-- x',
                [
                        400,
                        'invalidQuery',
                        'Syntax error: Unexpected end of statement at [1:1]',
                ],
        ],
        ['at run time', 'SELECT 1/0', [400, 'invalidQuery', 'division by zero: 1 / 0']],
        [
                'two columns of one name',
                'SELECT 1 AS a, 2 AS A',
                [
                        400,
                        'invalidQuery',
                        'Duplicate column names in the result are not supported when a destination table is present. Found duplicate(s): A',
                ],
        ],
        [
                'NULL for a REQUIRED column',
                'INSERT INTO crm.customers (name) VALUES ("x")',
                [400, 'invalidQuery', 'Required field id cannot be null'],
        ],
        [
                'a table that exists',
                'CREATE TABLE crm.orders (a INT64)',
                [409, 'duplicate', 'Already Exists: Table acme-prod:crm.orders'],
        ],
        [
                'a statement that is not there',
                'EXPORT DATA OPTIONS (uri = "gs://b/*") AS SELECT 1',
                [
                        501,
                        'notImplemented',
                        'The stand-in does not implement the statement EXPORT DATA',
                ],
        ],
];

test("errors in BigQuery's words", async (t) => {
        for (const [sentence, sql, expected] of ERRORS)
                await t.test(sentence, async () =>
                        assert.deepEqual(error(await s.query(sql)), expected),
                );
});

const stats = (r) => r.body.dmlStats && Object.values(r.body.dmlStats).map(Number);

test('statements change the data, and only what they say', async (t) => {
        const all = 'SELECT id, amount, status FROM crm.o ORDER BY id';
        const steps = [
                [
                        'CREATE TABLE crm.o AS SELECT id, amount, status FROM crm.orders WHERE id < 1004',
                        undefined,
                        [
                                ['1001', '19.73', 'open'],
                                ['1002', '39.46', 'shipped'],
                                ['1003', '59.19', 'refunded'],
                        ],
                ],
                [
                        'INSERT crm.o VALUES (1, 2.5, "new"), (2, NULL, NULL)',
                        [2, 0, 0],
                        [
                                ['1', '2.5', 'new'],
                                ['2', null, null],
                                ['1001', '19.73', 'open'],
                                ['1002', '39.46', 'shipped'],
                                ['1003', '59.19', 'refunded'],
                        ],
                ],
                [
                        'UPDATE crm.o SET status = "paid", amount = amount + 1 WHERE o.id > 1001',
                        [0, 2, 0],
                        [
                                ['1', '2.5', 'new'],
                                ['2', null, null],
                                ['1001', '19.73', 'open'],
                                ['1002', '40.46', 'paid'],
                                ['1003', '60.19', 'paid'],
                        ],
                ],
                [
                        'UPDATE crm.o AS t SET status = c.name FROM crm.customers AS c WHERE c.id = t.id',
                        [0, 2, 0],
                        [
                                ['1', '2.5', 'Ada Lovelace'],
                                ['2', null, 'Grace Hopper'],
                                ['1001', '19.73', 'open'],
                                ['1002', '40.46', 'paid'],
                                ['1003', '60.19', 'paid'],
                        ],
                ],
                [
                        'DELETE FROM crm.o WHERE id IN (1, 2)',
                        [0, 0, 2],
                        [
                                ['1001', '19.73', 'open'],
                                ['1002', '40.46', 'paid'],
                                ['1003', '60.19', 'paid'],
                        ],
                ],
                [
                        `MERGE crm.o AS t USING (SELECT 1001 AS id, NUMERIC "9.5" AS a UNION ALL SELECT 1002, 0 UNION ALL
                  SELECT 77, 3 UNION ALL SELECT 78, -1) AS s ON t.id = s.id
                  WHEN MATCHED AND s.a = 0 THEN DELETE
                  WHEN MATCHED THEN UPDATE SET amount = s.a
                  WHEN NOT MATCHED AND s.a > 0 THEN INSERT (id, amount) VALUES (s.id, s.a)
                  WHEN NOT MATCHED BY SOURCE THEN UPDATE SET status = "gone"`,
                        [1, 2, 1],
                        [
                                ['77', '3', null],
                                ['1001', '9.5', 'open'],
                                ['1003', '60.19', 'gone'],
                        ],
                ],
                ['TRUNCATE TABLE crm.o', [0, 0, 3], []],
        ];
        for (const [sql, counts, rows] of steps)
                await t.test(sql.slice(0, 60), async () => {
                        const r = await s.query(sql);
                        assert.deepEqual(stats(r), counts, JSON.stringify(r.body));
                        assert.deepEqual(cells(await s.query(all)), rows);
                });
        await t.test('a MERGE that matches a row twice changes nothing', async () => {
                await s.query('INSERT crm.o VALUES (1, 1, "x")');
                const r = await s.query(
                        'MERGE crm.o t USING (SELECT 1 id, "a" v UNION ALL SELECT 1, "b") s ON t.id = s.id ' +
                                'WHEN MATCHED THEN UPDATE SET status = s.v',
                );
                assert.equal(r.status, 400);
                assert.deepEqual(cells(await s.query(all)), [['1', '1', 'x']]);
        });
        await t.test('ALTER, then DROP', async () => {
                await s.query(
                        'ALTER TABLE crm.o ADD COLUMN note STRING, DROP COLUMN status',
                );
                assert.deepEqual(cells(await s.query('SELECT * FROM crm.o')), [
                        ['1', '1', null],
                ]);
                assert.equal((await s.query('DROP TABLE crm.o')).status, 200);
                assert.equal((await s.query(all)).status, 404);
        });
        await t.test('the other tables are as they were', async () =>
                assert.deepEqual(
                        cells(
                                await s.query(
                                        'SELECT COUNT(*), SUM(amount) FROM crm.orders',
                                ),
                        ),
                        [['20', '4143.3']],
                ),
        );
});

test('the engine comes back after an abort', async () => {
        const before = s.engine();
        process.kill(before, 'SIGKILL');
        let r;
        for (let i = 0; i < 50; i++) {
                r = await s.query('SELECT COUNT(*) FROM crm.customers');
                if (r.status === 200) break;
                assert.equal(r.body.error.errors[0].reason, 'internalError');
        }
        assert.deepEqual(cells(r), [['12']]);
        assert.notEqual(s.engine(), before);
});
