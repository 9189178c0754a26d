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
const status = async (method, path, body) => (await call(method, path, body)).status;
const ref = (table) => ({
        projectId: 'acme-prod',
        datasetId: 'made',
        tableId: table,
});
const SCHEMA = {
        fields: [
                { name: 'id', type: 'INTEGER', mode: 'REQUIRED' },
                { name: 'tags', type: 'STRING', mode: 'REPEATED' },
        ],
};

test('a dataset is made, changed, dropped and brought back', async () => {
        const made = await call('POST', '/datasets', {
                datasetReference: { datasetId: 'made' },
                labels: { a: 'b' },
        });
        assert.deepEqual([made.status, made.body.labels], [200, { a: 'b' }]);
        assert.equal(
                await status('POST', '/datasets', {
                        datasetReference: { datasetId: 'made' },
                }),
                409,
        );
        const changed = await call('PATCH', '/datasets/made', {
                description: 'x',
                labels: { a: null, c: 'd' },
        });
        assert.deepEqual(
                [changed.body.description, changed.body.labels],
                ['x', { c: 'd' }],
        );
        assert.notEqual(changed.body.etag, made.body.etag);
        assert.equal(await status('DELETE', '/datasets/made'), 204);
        assert.equal(await status('GET', '/datasets/made'), 404);
        assert.equal(await status('POST', '/datasets/made:undelete', {}), 200);
        assert.equal((await call('GET', '/datasets/made')).body.description, 'x');
});

test('a table takes rows, all or none of them', async () => {
        const made = await call('POST', '/datasets/made/tables', {
                tableReference: ref('t'),
                schema: SCHEMA,
        });
        assert.deepEqual([made.status, made.body.numRows], [200, '0']);
        const put = (rows, more) =>
                call('POST', '/datasets/made/tables/t/insertAll', {
                        rows: rows.map((json) => ({ json })),
                        ...more,
                });
        const good = await put([{ id: 1, tags: ['x', 'y'] }, { ID: '2' }]);
        assert.deepEqual([good.status, good.body.insertErrors], [200, undefined]);
        const bad = await put([{ id: 3 }, { tags: [] }, { id: 4, no: 1 }]);
        assert.deepEqual(
                bad.body.insertErrors.map((e) => [e.index, e.errors[0].reason]),
                [
                        [0, 'stopped'],
                        [1, 'invalid'],
                        [2, 'invalid'],
                ],
        );
        assert.equal((await call('GET', '/datasets/made/tables/t')).body.numRows, '2');
        await put([{ id: 3 }, { tags: [] }], { skipInvalidRows: true });
        assert.equal((await call('GET', '/datasets/made/tables/t')).body.numRows, '3');
        const read = await s.query('SELECT id, ARRAY_LENGTH(tags) FROM made.t ORDER BY id');
        assert.deepEqual(
                read.body.rows.map((r) => r.f.map((c) => c.v)),
                [
                        ['1', '2'],
                        ['2', '0'],
                        ['3', '0'],
                ],
        );
});

test('columns are added at the end, and an expired table is gone', async () => {
        const wide = { fields: [...SCHEMA.fields, { name: 'n', type: 'FLOAT' }] };
        const r = await call('PATCH', '/datasets/made/tables/t', { schema: wide });
        assert.equal(r.body.schema.fields.length, 3);
        assert.equal(
                await status('PATCH', '/datasets/made/tables/t', { schema: SCHEMA }),
                400,
        );
        await call('POST', '/datasets/made/tables', { tableReference: ref('old') });
        await call('PATCH', '/datasets/made/tables/old', { expirationTime: '1' });
        assert.equal(await status('GET', '/datasets/made/tables/old'), 404);
});

test('a copy job copies, appends, and does not overwrite unasked', async () => {
        const copy = async (more) => {
                const r = await call('POST', '/jobs', {
                        configuration: {
                                copy: {
                                        sourceTable: ref('t'),
                                        destinationTable: ref('u'),
                                        ...more,
                                },
                        },
                });
                const path = `/jobs/${r.body.jobReference.jobId}`;
                for (;;) {
                        const job = (await call('GET', path)).body;
                        if (job.status.state === 'DONE') return job;
                }
        };
        const first = await copy();
        assert.deepEqual(
                [first.configuration.jobType, first.statistics.copy.copiedRows],
                ['COPY', '3'],
        );
        assert.equal((await copy()).status.errorResult.reason, 'duplicate');
        await copy({ writeDisposition: 'WRITE_APPEND' });
        assert.equal((await call('GET', '/datasets/made/tables/u')).body.numRows, '6');
        assert.equal(await status('DELETE', '/datasets/made/tables/u'), 204);
        assert.equal(await status('DELETE', '/datasets/made'), 400);
        assert.equal(await status('DELETE', '/datasets/made?deleteContents=true'), 204);
});
