/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
const test = require('node:test');
const assert = require('node:assert/strict');
const { start } = require('../harness');

let s;
test.before(async () => (s = await start()));
test.after(() => s.stop());

const P = 'projects/acme-prod';
const call = (method, path, body) =>
        s.call(method, `${P}${path}`, { token: s.token, body });
const text = { typeKind: 'STRING' };
const routine = (routineId, definitionBody, names = [], more = {}) => ({
        routineReference: { projectId: 'acme-prod', datasetId: 'analytics', routineId },
        routineType: 'SCALAR_FUNCTION',
        arguments: names.map((name) => ({ name, dataType: text })),
        definitionBody,
        ...more,
});
const insert = (...r) => call('POST', '/datasets/analytics/routines', routine(...r));
const query = (sql) => call('POST', '/queries', { query: sql, useLegacySql: false });
const cells = (r) => (r.body.rows ?? []).map((x) => x.f.map((c) => c.v));

test('a function is stored, shown and deleted', async () => {
        const made = await insert('low', 'LOWER(x)', ['x']);
        assert.deepEqual([made.status, made.body.language], [200, 'SQL']);
        assert.equal((await insert('low', 'x', ['x'])).status, 409);
        assert.equal((await insert('no name', 'x')).status, 400);
        const path = '/datasets/analytics/routines/low';
        const shown = await call('GET', path);
        assert.equal(shown.body.definitionBody, 'LOWER(x)');
        assert.equal(shown.body.etag, made.body.etag);
        assert.equal((await call('DELETE', path)).status, 200);
        assert.equal((await call('GET', path)).status, 404);
        assert.equal((await query("SELECT analytics.low('A')")).status, 400);
});

test('a call gives what the body makes of the arguments', async () => {
        await insert('both', "CONCAT(x, '-', y)", ['x', 'y']);
        await insert('twice', 'CONCAT(`acme-prod.analytics.both`(x, x), x)', ['x']);
        assert.deepEqual(cells(await query("SELECT analytics.both(UPPER('a'), 'b') AS c")), [['A-b']]);
        const nested = "SELECT `acme-prod.analytics.twice`(analytics.both('a', 'b'))";
        assert.deepEqual(cells(await query(nested)), [['a-b-a-ba-b']]);
        assert.equal((await query("SELECT analytics.both('a')")).status, 400);
});

test('a dry run names the functions that a text calls', async () => {
        await insert('js', 'return x', ['x'], { language: 'JAVASCRIPT', returnType: text });
        const sql = "SELECT analytics.js('a') AS a";
        const r = await call('POST', '/jobs', {
                configuration: { dryRun: true, query: { query: sql, useLegacySql: false } },
        });
        assert.deepEqual(r.body.statistics.query.referencedRoutines, [
                { projectId: 'acme-prod', datasetId: 'analytics', routineId: 'js' },
        ]);
        assert.equal((await query(sql)).status, 501, 'no JavaScript is run here');
});
