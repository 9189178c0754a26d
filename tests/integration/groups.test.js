/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * Tables that are read in groups of five rows or more: what passes gives no smaller group, what could
 * is refused by name. Really executed, as in masks.test.js.
 */
const test = require('node:test');
const assert = require('node:assert/strict');
const { start, cells } = require('./masked');

const field = (name, type) => ({ name, type, mode: 'NULLABLE' });
/* department a has 6 rows, b 5, c 4; only one of b has a bonus */
const ROWS = [...'aaaaaabbbbbcccc'].map((dept, i) => [
        String(i), dept, `name-${i}`, String(1000 + i), dept === 'b' && i > 6 ? null : '7',
        dept === 'b' && i === 6 ? '4242' : null, `2024-0${1 + (i % 3)}-01`, String(20 + i),
]);
const schema = [
        field('id', 'INTEGER'), field('dept', 'STRING'), field('name', 'STRING'),
        field('pay', 'INTEGER'), field('part', 'INTEGER'), field('bonus', 'INTEGER'),
        field('since', 'DATE'), field('age', 'INTEGER'),
];
const tables = {
        'p.hr.people': { schema, rows: ROWS },
        'p.hr.people_view': { type: 'VIEW', schema: schema.slice(0, 2), view: { query: 'SELECT id, dept FROM hr.people' } },
        'p.hr.depts': { schema: [field('dept', 'STRING')], rows: [['a'], ['b'], ['c']] },
};
const policy = `version: 1
rules:
  - { name: all, actions: [select, insert, update, delete, merge, create, drop, alter, truncate], resources: [p], verdict: allow }
min_groups:
  - { name: five, tables: [p.hr.people], rows: 5, except: { groups: [hr] } }
masks:
  - { name: names, columns: ["p.hr.people.name"], mask: redact }
  - { name: ages, columns: ["p.hr.people.age"], mask: redact }
`;

let w;
test.before(async () => {
        w = await start({ tables, policy });
});
test.after(() => w?.stop());

/* each with the cells of its answer */
const PASSES = [
        ['SELECT COUNT(*) FROM hr.people', [['15']]],
        ['SELECT dept, COUNT(*) FROM hr.people GROUP BY dept ORDER BY dept', [['a', '6'], ['b', '5']]],
        ['SELECT dept, COUNT(*) AS n FROM hr.people AS p WHERE p.dept = "c" GROUP BY 1', []],
        ['SELECT COUNT(*) FROM hr.people WHERE id = 3', []],
        ['SELECT AVG(pay) FROM `p.hr.people` WHERE dept IN ("a", "b") -- both', [['1005.0']]],
        ['SELECT dept, SUM(p.pay) AS s FROM p.hr.people p GROUP BY dept HAVING s > 0 OR TRUE ORDER BY s DESC -- x',
                [['b', '5040'], ['a', '6015']].sort((a, b) => b[1] - a[1])],
        ['SELECT dept, COUNT(DISTINCT name) FROM hr.people GROUP BY dept ORDER BY dept',
                [['a', '1'], ['b', '1']]],
        ['SELECT DATE_TRUNC(since, MONTH) AS m, COUNT(1) FROM hr.people GROUP BY m ORDER BY m',
                [['2024-01-01', '5'], ['2024-02-01', '5'], ['2024-03-01', '5']]],
        ['SELECT EXTRACT(YEAR FROM since) AS y, COUNT(*) FROM hr.people GROUP BY y', [['2024', '15']]],
        ['SELECT dept, COUNT(*) FROM hr.people WHERE since BETWEEN DATE "2024-01-01" AND DATE "2024-12-31" ' +
         'AND name LIKE "[r%" AND NOT id IS NULL GROUP BY dept ORDER BY 1 LIMIT 9',
                [['a', '6'], ['b', '5']]],
        ['SELECT dept, SUM(age) FROM hr.people GROUP BY dept ORDER BY dept', [['a', '0'], ['b', '0']]],
        ['SELECT dept FROM hr.people GROUP BY dept HAVING COUNT(*) < 5', []],
        ['SELECT dept FROM hr.people GROUP BY dept HAVING COUNT(*) < 5 OR FALSE', []],
];
for (const [sql, want] of PASSES)
        test(`passes: ${sql}`, async () => {
                assert.deepEqual(cells(await w.run(sql)), want);
        });

test('a sum of which one row has all is no sum of five rows', async () => {
        assert.deepEqual(cells(await w.run('SELECT dept, SUM(bonus) FROM hr.people GROUP BY dept')), []);
        assert.deepEqual(cells(await w.run('SELECT COUNT(bonus) FROM hr.people')), []);
        assert.deepEqual(cells(await w.raw('SELECT SUM(bonus) FROM hr.people')), [['4242']]);
});

const REFUSED = [
        ['SELECT * FROM hr.people', 'SELECT *'],
        ['SELECT pay FROM hr.people', 'rows one by one'],
        ['SELECT DISTINCT dept FROM hr.people GROUP BY dept', 'modifier'],
        ['SELECT /* x */ COUNT(*) FROM hr.people', 'modifier'],
        ['SELECT AS STRUCT COUNT(*) AS n FROM hr.people', 'modifier'],
        ['SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS(epsilon=1) COUNT(*) FROM hr.people', ''],
        ['SELECT MAX(pay) FROM hr.people', 'functions'],
        ['SELECT ANY_VALUE(pay) FROM hr.people', 'functions'],
        ['SELECT ARRAY_AGG(pay) FROM hr.people', 'functions'],
        ['SELECT APPROX_QUANTILES(pay, 100) FROM hr.people', 'functions'],
        ['SELECT COUNTIF(id = 7 AND pay > 5) FROM hr.people', 'functions'],
        ['SELECT SUM(IF(id = 7, pay, 0)) FROM hr.people', 'aggregate of anything but a column'],
        ['SELECT SUM(pay * 1) FROM hr.people', 'aggregate of anything but a column'],
        ['SELECT SUM(pay) / COUNT(*) FROM hr.people', 'arithmetic'],
        ['SELECT SUM(CASE WHEN id = 7 THEN pay END) FROM hr.people', 'aggregate of anything'],
        ['SELECT COUNT(*) OVER () FROM hr.people GROUP BY id', 'window'],
        ['SELECT AVG(pay HAVING MAX id) FROM hr.people', 'aggregate of anything'],
        ['SELECT COUNT(*) FROM hr.people WHERE 1 / (id - 7) > 0', 'arithmetic'],
        ['SELECT COUNT(*) FROM hr.people WHERE IF(id = 7, ERROR("x"), TRUE)', 'functions'],
        ['SELECT COUNT(*) FROM hr.people WHERE CAST(name AS INT64) = 1', 'CAST'],
        ['SELECT COUNT(*) FROM hr.people WHERE "x" LIKE name', 'LIKE'],
        ['SELECT dept, COUNT(*) FROM hr.people GROUP BY dept HAVING IF(SUM(pay) > 5, ERROR("x"), TRUE)', 'functions'],
        ['SELECT dept, COUNT(*) FROM hr.people GROUP BY dept ORDER BY 1 / (COUNT(*) - 1)', 'arithmetic'],
        ['SELECT dept, COUNT(*) FROM hr.people GROUP BY dept QUALIFY ROW_NUMBER() OVER () = 1', ''],
        ['SELECT COUNT(*) FROM hr.people, UNNEST([1, 2, 3, 4, 5])', 'join'],
        ['SELECT COUNT(*) FROM hr.people JOIN hr.depts USING (dept)', 'second table'],
        ['SELECT COUNT(*) FROM hr.people a JOIN hr.people b ON TRUE', 'second table'],
        ['SELECT COUNT(*) FROM (SELECT * FROM hr.people)', 'anything but the table'],
        ['SELECT (SELECT MAX(pay) FROM hr.people)', 'a subquery'],
        ['SELECT dept FROM hr.depts WHERE EXISTS (SELECT 1 FROM hr.people WHERE pay > 5)', 'second table'],
        ['WITH x AS (SELECT * FROM hr.people) SELECT COUNT(*) FROM x', 'WITH'],
        ['SELECT COUNT(*) FROM hr.people UNION ALL SELECT 1', 'set operation'],
        ['(SELECT COUNT(*) FROM hr.people)', 'parentheses'],
        ['FROM hr.people |> AGGREGATE COUNT(*)', ''],
        ['SELECT COUNT(*) FROM hr.people |> LIMIT 5', 'pipe syntax'],
        ['SELECT COUNT(*) FROM hr.people FOR SYSTEM_TIME AS OF TIMESTAMP "2026-01-01"', 'time travel'],
        ['SELECT COUNT(*) FROM hr.people TABLESAMPLE SYSTEM (10 PERCENT)', 'sample'],
        ['SELECT COUNT(*) FROM `p.hr.peopl*`', ''],
        ['SELECT 0 AS bonus, SUM(bonus) FROM hr.people GROUP BY dept', 'named like a column'],
        ['SELECT dept AS Bonus, SUM(bonus) FROM hr.people GROUP BY dept', 'named like a column'],
        ['CREATE TABLE hr.x AS SELECT dept, COUNT(*) AS n FROM hr.people GROUP BY dept', 'anything but a SELECT'],
        ['INSERT INTO hr.depts SELECT name FROM hr.people', ''],
        ['UPDATE hr.people SET pay = 1 WHERE id = 7', 'anything but a SELECT'],
        ['DELETE FROM hr.people WHERE pay > 1007', 'anything but a SELECT'],
        ['MERGE hr.people USING hr.depts d ON pay = 1 WHEN MATCHED THEN DELETE', ''],
        ['ALTER TABLE hr.people RENAME TO free', ''],
        ['SELECT dept, COUNT(*) FROM hr.people_view GROUP BY dept', ''], /* test_mask_view.c knows its definition */
        ['SELECT COUNT(*) FROM HR.People', ''], /* in doubt, yes */
];
for (const [sql, word] of REFUSED)
        test(`refused: ${sql}`, () => {
                const d = w.decide(sql);
                assert.equal(d.verdict, 'deny', JSON.stringify(d));
                if (word) {
                        assert.equal(d.error.id, 'mask.group-shape', JSON.stringify(d.error));
                        assert.ok(d.error.message.includes(word), d.error.message);
                }
        });

test('what only writes passes, and other forms of grouping', () => {
        for (const sql of [
                'INSERT INTO hr.people (id) VALUES (1)',
                'INSERT INTO hr.people (dept) SELECT dept FROM hr.depts',
                'DROP TABLE hr.people',
                /* not known to the engine of the stand-in */
                'SELECT dept, COUNT(*) FROM hr.people GROUP BY ALL',
                'SELECT dept, COUNT(*) FROM hr.people GROUP BY ROLLUP(dept)',
        ])
                assert.equal(w.decide(sql).verdict, 'allow', sql);
});

test('other tables are read as ever', async () => {
        assert.deepEqual(cells(await w.run('SELECT dept FROM hr.depts ORDER BY 1')), [['a'], ['b'], ['c']]);
});

test('random statements give no group of fewer than five rows', async () => {
        let state = 7;
        const pick = (list) => list[(state = (state * 48271) % 2147483647) % list.length];
        const keys = ['dept', 'name', 'id', 'pay', 'part', 'since', 'DATE_TRUNC(since, MONTH)'];
        const tests = ['id > 3', 'pay < 1012', 'dept = "a"', 'dept != "b"', 'part IS NULL', 'id IN (1, 2, 3, 9, 10, 11)',
                'since = DATE "2024-02-01"', 'name LIKE "%-1%"', 'bonus IS NOT NULL', 'TRUE'];
        let shown = 0;
        for (let i = 0; i < 300; i++) {
                const key = pick(keys);
                const where = `${pick(tests)} ${pick(['AND', 'OR'])} ${pick(tests)}`;
                const having = pick(['', ' HAVING COUNT(*) > 1 OR TRUE', ' HAVING SUM(part) > 0']);
                const sql = `SELECT ${key} AS k, COUNT(*) AS n, SUM(pay) FROM hr.people WHERE ${where} GROUP BY k${having}`;
                const rows = cells(await w.run(sql));
                shown += rows.length;
                for (const [, n] of rows) assert.ok(Number(n) >= 5, `${sql}: ${JSON.stringify(rows)}`);
        }
        assert.ok(shown > 30, `and gives large ones: ${shown}`);
});
