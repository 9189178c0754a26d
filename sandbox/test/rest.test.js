/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
const test = require('node:test');
const assert = require('node:assert/strict');
const http2 = require('node:http2');
const net = require('node:net');
const zlib = require('node:zlib');
const { start, signJwt } = require('../harness');

let s;
test.before(async () => (s = await start()));
test.after(() => s.stop());

const reason = (r) => [r.status, r.body?.error?.errors?.[0]?.reason];
const P = 'projects/acme-prod';
const get = (path) => s.call('GET', path, { token: s.token });
const post = (path, body) => s.call('POST', path, { token: s.token, body });
const values = (r) => (r.body.rows ?? []).map((row) => row.f.map((c) => c.v));
const insert = (sql, more = {}, config = {}) =>
        post(`${P}/jobs`, {
                configuration: {
                        query: { query: sql, useLegacySql: false, ...more },
                        ...config,
                },
                jobReference: {
                        projectId: 'acme-prod',
                        ...(config.jobId ? { jobId: config.jobId } : {}),
                },
        });

test('no token, no answer', async () => {
        assert.deepEqual(reason(await s.call('GET', `${P}/datasets`)), [
                401,
                'required',
        ]);
        assert.deepEqual(
                reason(await s.call('GET', `${P}/datasets`, { token: 'ya29.x' })),
                [401, 'authError'],
        );
        const bad = await s.exchange(
                signJwt(s.account.private_key, s.claims({ aud: 'https://x' })),
        );
        assert.deepEqual([bad.status, bad.body.error], [400, 'invalid_grant']);
});

test('jobs.query: shape, paging and bytes', async () => {
        const r = await s.query('SELECT id FROM crm.customers ORDER BY id', {
                maxResults: 5,
        });
        assert.equal(r.body.kind, 'bigquery#queryResponse');
        assert.deepEqual(
                [
                        r.body.jobComplete,
                        r.body.cacheHit,
                        r.body.totalRows,
                        r.body.totalBytesProcessed,
                ],
                [true, false, '12', '96'],
        );
        assert.deepEqual(r.body.schema.fields, [
                { name: 'id', type: 'INTEGER', mode: 'NULLABLE' },
        ]);
        const seen = values(r);
        let { pageToken } = r.body;
        const job = r.body.jobReference.jobId;
        while (pageToken) {
                const page = await get(
                        `${P}/queries/${job}?maxResults=5&location=US&pageToken=${pageToken}`,
                );
                seen.push(...values(page));
                pageToken = page.body.pageToken;
        }
        assert.deepEqual(
                seen.flat(),
                Array.from({ length: 12 }, (_, i) => String(i + 1)),
        );
        const from = await get(`${P}/queries/${job}?startIndex=10`);
        assert.deepEqual(values(from), [['11'], ['12']]);
        const none = await get(`${P}/queries/${job}?maxResults=0`);
        assert.deepEqual([none.body.rows, none.body.totalRows], [undefined, '12']);
        assert.equal((await get(`${P}/queries/${job}?pageToken=AAAA`)).status, 400);
        const elsewhere = Buffer.from('5.forged-forged-forged').toString('base64url');
        assert.equal(
                (await get(`${P}/queries/${job}?pageToken=${elsewhere}`)).status,
                400,
        );
});

test('TIMESTAMP both ways', async () => {
        const sql = 'SELECT TIMESTAMP "2023-11-14 22:13:20.5+00"';
        assert.deepEqual(values(await s.query(sql)), [['1.7000000005E9']]);
        const r = await s.query(sql, { formatOptions: { useInt64Timestamp: true } });
        assert.deepEqual(values(r), [['1700000000500000']]);
        const again = await get(
                `${P}/queries/${r.body.jobReference.jobId}?formatOptions.useInt64Timestamp=true`,
        );
        assert.deepEqual(values(again), [['1700000000500000']]);
});

test('parameters, named, positional, nested', async () => {
        const named = await s.query('SELECT @A || "!", @list, @s.x', {
                parameterMode: 'NAMED',
                queryParameters: [
                        {
                                name: 'a',
                                parameterType: { type: 'STRING' },
                                parameterValue: { value: 'hi' },
                        },
                        {
                                name: 'list',
                                parameterType: {
                                        type: 'ARRAY',
                                        arrayType: { type: 'INT64' },
                                },
                                parameterValue: {
                                        arrayValues: [{ value: '1' }, { value: '2' }],
                                },
                        },
                        {
                                name: 's',
                                parameterType: {
                                        type: 'STRUCT',
                                        structTypes: [
                                                { name: 'x', type: { type: 'DATE' } },
                                        ],
                                },
                                parameterValue: {
                                        structValues: { x: { value: '2020-01-01' } },
                                },
                        },
                ],
        });
        assert.deepEqual(
                values(named),
                [['hi!', [{ v: '1' }, { v: '2' }], '2020-01-01']],
                JSON.stringify(named.body),
        );
        const positional = await s.query('SELECT ? + 1, ?', {
                parameterMode: 'POSITIONAL',
                queryParameters: [
                        {
                                parameterType: { type: 'INT64' },
                                parameterValue: { value: '41' },
                        },
                        {
                                parameterType: { type: 'STRING' },
                                parameterValue: { value: null },
                        },
                ],
        });
        assert.deepEqual(
                values(positional),
                [['42', null]],
                JSON.stringify(positional.body),
        );
        const wrong = await s.query('SELECT @a', {
                queryParameters: [
                        {
                                name: 'a',
                                parameterType: { type: 'INT64' },
                                parameterValue: { value: 'x' },
                        },
                ],
        });
        assert.equal(wrong.status, 400);
        assert.equal((await s.query('SELECT @missing')).status, 400);
});

test('dry runs say type, schema, tables and bytes, and do nothing', async () => {
        const r = await insert(
                'SELECT name, ssn FROM crm.customers',
                {},
                { dryRun: true },
        );
        const q = r.body.statistics.query;
        assert.deepEqual(r.body.jobReference, {
                projectId: 'acme-prod',
                location: 'US',
        });
        assert.deepEqual(
                [
                        q.statementType,
                        q.schema.fields.map((f) => f.name),
                        q.referencedTables,
                ],
                [
                        'SELECT',
                        ['name', 'ssn'],
                        [
                                {
                                        projectId: 'acme-prod',
                                        datasetId: 'crm',
                                        tableId: 'customers',
                                },
                        ],
                ],
        );
        assert.equal(r.body.statistics.totalBytesProcessed, String(178 + 12 * 13));
        const view = await insert(
                'SELECT * FROM analytics.active_customers',
                {},
                { dryRun: true },
        );
        assert.deepEqual(
                view.body.statistics.query.referencedTables.map((t) => t.tableId),
                ['customers', 'orders'],
        );
        const kinds = {
                'DELETE FROM crm.orders WHERE TRUE': 'DELETE',
                'DROP TABLE crm.orders': 'DROP_TABLE',
                'TRUNCATE TABLE crm.orders': 'TRUNCATE_TABLE',
                'CREATE TABLE crm.x AS SELECT 1 AS a': 'CREATE_TABLE_AS_SELECT',
                'SELECT 1; SELECT 2': 'SCRIPT',
        };
        for (const [sql, kind] of Object.entries(kinds))
                assert.equal(
                        (await insert(sql, {}, { dryRun: true })).body.statistics.query
                                .statementType,
                        kind,
                );
        assert.deepEqual(values(await s.query('SELECT COUNT(*) FROM crm.orders')), [
                ['20'],
        ]);
        const flat = await s.query('SELECT 1 AS a', { dryRun: true });
        assert.deepEqual(
                [flat.body.jobComplete, flat.body.jobReference.jobId, flat.body.rows],
                [true, undefined, undefined],
        );
        assert.deepEqual(
                reason(
                        await insert(
                                'SELECT zzz FROM crm.orders',
                                {},
                                { dryRun: true },
                        ),
                ),
                [400, 'invalidQuery'],
        );
});

test('jobs.insert, jobs.get, tabledata of the anonymous table', async () => {
        const r = await insert(
                'SELECT id, name FROM crm.customers ORDER BY id',
                {},
                { jobId: 'own-1', labels: { who: 'ann' } },
        );
        assert.equal(r.body.id, 'acme-prod:US.own-1');
        assert.deepEqual(r.body.configuration.labels, { who: 'ann' });
        const d = r.body.configuration.query.destinationTable;
        assert.match(d.tableId, /^anon/);
        await get(`${P}/queries/own-1?maxResults=0`);
        const job = await get(`${P}/jobs/own-1?location=US`);
        assert.deepEqual(
                [job.body.status, job.body.statistics.query.statementType],
                [{ state: 'DONE' }, 'SELECT'],
        );
        const rows = await get(
                `${P}/datasets/${d.datasetId}/tables/${d.tableId}/data?maxResults=1&startIndex=1`,
        );
        assert.equal(rows.body.kind, 'bigquery#tableDataList');
        assert.deepEqual(
                [rows.body.totalRows, values(rows)],
                ['12', [['2', 'Grace Hopper']]],
        );
        assert.deepEqual(reason(await insert('SELECT 1', {}, { jobId: 'own-1' })), [
                409,
                'duplicate',
        ]);
        assert.deepEqual(reason(await get(`${P}/jobs/nope`)), [404, 'notFound']);
        assert.deepEqual(reason(await get(`${P}/jobs/own-1?location=EU`)), [
                404,
                'notFound',
        ]);
        assert.deepEqual(reason(await get('projects/other/jobs/own-1')), [
                404,
                'notFound',
        ]);
        assert.equal((await insert('SELECT 1', {}, { jobId: 'a b' })).status, 400);
        const list = await get(
                `${P}/jobs?maxResults=1&projection=full&stateFilter=done`,
        );
        assert.deepEqual(
                [list.body.jobs.length, Boolean(list.body.jobs[0].configuration)],
                [1, true],
        );
});

test('a failed job: errorResult in jobs.get, the error from getQueryResults', async () => {
        await insert('SELECT zzz FROM crm.customers', {}, { jobId: 'bad-1' });
        assert.deepEqual(reason(await get(`${P}/queries/bad-1`)), [
                400,
                'invalidQuery',
        ]);
        const job = await get(`${P}/jobs/bad-1`);
        assert.deepEqual(job.body.status.errorResult, {
                reason: 'invalidQuery',
                message: 'Unrecognized name: zzz at [1:8]',
                location: 'q',
        });
});

test('requestId makes jobs.query idempotent', async () => {
        const sql = 'INSERT crm.orders (id) VALUES (9999)';
        const one = await s.query(sql, { requestId: 'r-1' });
        const two = await s.query(sql, { requestId: 'r-1' });
        assert.equal(one.body.jobReference.jobId, two.body.jobReference.jobId);
        assert.deepEqual(
                values(
                        await s.query(
                                'SELECT COUNT(*) FROM crm.orders WHERE id = 9999',
                        ),
                ),
                [['1']],
        );
        await s.query('DELETE FROM crm.orders WHERE id = 9999');
});

test('maximumBytesBilled stops a query before it does anything', async () => {
        const r = await s.query('DELETE FROM crm.orders WHERE id = 1001', {
                maximumBytesBilled: '1000',
        });
        assert.deepEqual(reason(r), [400, 'bytesBilledLimitExceeded']);
        assert.match(
                r.body.error.message,
                /limit for bytes billed: 1000\. 10485760 or higher required/,
        );
        assert.deepEqual(
                values(
                        await s.query('SELECT COUNT(*) FROM crm.orders', {
                                maximumBytesBilled: '10485760',
                        }),
                ),
                [['20']],
        );
});

test('destination tables', async () => {
        const to = {
                destinationTable: {
                        projectId: 'acme-prod',
                        datasetId: 'shop',
                        tableId: 'copy',
                },
        };
        await insert('SELECT sku FROM shop.products', to, { jobId: 'd-1' });
        assert.equal((await get(`${P}/queries/d-1`)).body.totalRows, '5');
        await insert('SELECT sku FROM shop.products', to, { jobId: 'd-2' });
        assert.deepEqual(reason(await get(`${P}/queries/d-2`)), [409, 'duplicate']);
        await insert(
                'SELECT sku FROM shop.products',
                { ...to, writeDisposition: 'WRITE_APPEND' },
                { jobId: 'd-3' },
        );
        await get(`${P}/queries/d-3`);
        assert.deepEqual(values(await s.query('SELECT COUNT(*) FROM shop.copy')), [
                ['10'],
        ]);
        await s.query('DROP TABLE shop.copy');
});

test('metadata: projects, datasets, tables, etags', async () => {
        assert.deepEqual(
                (await get('projects')).body.projects.map((p) => p.id),
                ['acme-prod'],
        );
        assert.deepEqual(
                (await get(`${P}/datasets`)).body.datasets.map(
                        (d) => d.datasetReference.datasetId,
                ),
                ['analytics', 'crm', 'hr', 'shop'],
        );
        assert.equal((await get(`${P}/datasets/crm`)).body.id, 'acme-prod:crm');
        assert.deepEqual(reason(await get(`${P}/datasets/nope`)), [404, 'notFound']);
        const first = await get(`${P}/datasets/crm/tables?maxResults=2`);
        assert.deepEqual(
                [
                        first.body.totalItems,
                        first.body.tables.map((t) => t.tableReference.tableId),
                ],
                [3, ['contacts', 'customers']],
        );
        const rest = await get(
                `${P}/datasets/crm/tables?pageToken=${first.body.nextPageToken}`,
        );
        assert.deepEqual(
                rest.body.tables.map((t) => t.tableReference.tableId),
                ['orders'],
        );
        const table = await get(`${P}/datasets/crm/tables/customers`);
        assert.deepEqual(
                [table.body.numRows, table.body.type, table.body.schema.fields[0].mode],
                ['12', 'TABLE', 'REQUIRED'],
        );
        assert.ok(Number(table.body.numBytes) > 500);
        const same = await s.call('GET', `${P}/datasets/crm/tables/customers`, {
                token: s.token,
                headers: { 'if-none-match': table.headers.etag },
        });
        assert.deepEqual([same.status, same.raw.length], [304, 0]);
        await s.query('CREATE TABLE shop.e (a INT64)');
        const before = (await get(`${P}/datasets/shop/tables/e`)).body.etag;
        await s.query('INSERT shop.e VALUES (1)');
        assert.equal((await get(`${P}/datasets/shop/tables/e`)).body.etag, before);
        await s.query('ALTER TABLE shop.e ADD COLUMN b STRING');
        assert.notEqual((await get(`${P}/datasets/shop/tables/e`)).body.etag, before);
        await s.query('DROP TABLE shop.e');
        assert.equal(
                (await get(`${P}/datasets/analytics/tables/active_customers`)).body
                        .type,
                'VIEW',
        );
});

test('tabledata.list with selectedFields, and the fields mask', async () => {
        const r = await get(
                `${P}/datasets/crm/tables/contacts/data?selectedFields=phones.number,id&maxResults=1`,
        );
        assert.deepEqual(values(r), [
                [
                        '1',
                        [
                                { v: { f: [{ v: '+44-555-0101' }] } },
                                { v: { f: [{ v: '+44-555-0102' }] } },
                        ],
                ],
        ]);
        assert.equal(
                (await get(`${P}/datasets/crm/tables/contacts/data?selectedFields=zzz`))
                        .status,
                400,
        );
        const masked = await get(
                `${P}/datasets/crm/tables/contacts?fields=id,schema(fields/name),tableReference/tableId`,
        );
        assert.deepEqual(masked.body, {
                id: 'acme-prod:crm.contacts',
                tableReference: { tableId: 'contacts' },
                schema: {
                        fields: [
                                { name: 'id' },
                                { name: 'address' },
                                { name: 'phones' },
                        ],
                },
        });
        assert.equal((await get(`${P}/datasets?fields=a(`)).status, 400);
});

test('discovery documents need no token', async () => {
        const direct = await s.call(
                'GET',
                'https://bigquery.googleapis.com/$discovery/rest?version=v2',
        );
        const directory = await s.call(
                'GET',
                'https://www.googleapis.com/discovery/v1/apis/bigquery/v2/rest',
        );
        assert.deepEqual(direct.body, directory.body);
        assert.equal(
                direct.body.resources.jobs.methods.query.path,
                'projects/{+projectId}/queries',
        );
});

test('wrong requests get Google-shaped errors', async () => {
        const raw = (body, type = 'application/json') =>
                s.call('POST', `${P}/queries`, {
                        token: s.token,
                        body,
                        headers: { 'content-type': type },
                });
        assert.deepEqual(reason(await raw('{')), [400, 'parseError']);
        assert.deepEqual(reason(await raw('[]')), [400, 'parseError']);
        assert.equal((await raw('{}', 'text/plain')).status, 400);
        assert.equal((await post(`${P}/queries`, { query: 'SELECT 1' })).status, 501);
        assert.equal(
                (await post(`${P}/queries`, { query: 7, useLegacySql: false })).status,
                400,
        );
        assert.equal(
                (
                        await post(`${P}/queries`, {
                                query: 'SELECT 1',
                                useLegacySql: false,
                                timeoutMs: 'x',
                        })
                ).status,
                400,
        );
        assert.equal(
                (
                        await post(`${P}/queries`, {
                                query: 'SELECT 1',
                                useLegacySql: false,
                                queryParameters: [null],
                        })
                ).status,
                400,
        );
        assert.equal(
                (
                        await post(`${P}/queries`, {
                                query: 'SELECT 1',
                                useLegacySql: false,
                                labels: { 'A B': 'x' },
                        })
                ).status,
                400,
        );
        assert.equal(
                (await post(`${P}/jobs`, { configuration: { load: {} } })).status,
                501,
        );
        assert.equal((await post(`${P}/jobs`, {})).status, 501);
        assert.deepEqual(reason(await get('projects/acme-prod/nothing')), [
                404,
                'notFound',
        ]);
        assert.deepEqual(
                reason(await s.call('DELETE', `${P}/datasets/crm`, { token: s.token })),
                [400, 'resourceInUse'],
        );
        assert.deepEqual(reason(await get(`${P}/jobs/%zz`)), [400, 'invalid']);
        assert.deepEqual(
                reason(await s.call('GET', 'https://pubsub.googleapis.com/b')),
                [404, 'notFound'],
        );
        assert.equal(
                (
                        await s.call('POST', `${P}/queries`, {
                                token: s.token,
                                body: `{"query":"${'x'.repeat(11 << 20)}"}`,
                                headers: { 'content-type': 'application/json' },
                        })
                ).status,
                413,
        );
});

test('gzip when asked for', async () => {
        const r = await s.call('GET', `${P}/datasets/crm/tables/customers/data`, {
                token: s.token,
                headers: { 'accept-encoding': 'gzip' },
        });
        assert.equal(r.headers['content-encoding'], 'gzip');
        assert.equal(JSON.parse(zlib.gunzipSync(r.raw)).totalRows, '12');
});

test('HTTP/2 gives the same answers', async () => {
        const session = http2.connect(`https://127.0.0.1:${s.port}`, {
                ca: s.ca,
                servername: 'bigquery.googleapis.com',
        });
        const stream = session.request({
                ':path': `/bigquery/v2/${P}/datasets`,
                ':authority': 'bigquery.googleapis.com',
                authorization: `Bearer ${s.token}`,
        });
        let text = '';
        for await (const c of stream) text += c;
        assert.equal(JSON.parse(text).datasets.length, 4);
        session.close();
});

test('bytes that are not TLS do no harm', async () => {
        await new Promise((resolve) => {
                const c = net.connect(s.port, '127.0.0.1', () =>
                        c.end('GET / HTTP/1.1\r\n\r\n'),
                );
                c.on('close', resolve)
                        .on('error', () => {})
                        .resume();
        });
        assert.equal((await get('projects')).status, 200);
});

test('the journal has every request and no secret', async () => {
        await s.query('SELECT "journal-marker"');
        const lines = s.journal();
        const line = lines.find((l) => l.body?.includes('journal-marker'));
        assert.deepEqual(
                [line.host, line.method, line.path, line.status],
                ['bigquery.googleapis.com', 'POST', `/bigquery/v2/${P}/queries`, 200],
        );
        assert.ok(line.header_names.includes('authorization'));
        assert.equal(line.headers.authorization, undefined);
        assert.match(line.authorization_sha256, /^[0-9a-f]{64}$/);
        const text = JSON.stringify(lines);
        assert.ok(!text.includes(s.token));
        assert.ok(!text.includes('eyJhbGciOi'));
        assert.ok(
                lines.some(
                        (l) =>
                                l.path === '/token' &&
                                l.body.includes('assertion=sha256'),
                ),
        );
});

test('a script runs its statements as child jobs', async () => {
        const made = await insert(
                'DECLARE n INT64 DEFAULT (SELECT COUNT(*) FROM crm.customers);\nSELECT n;\nSELECT 7 AS x',
        );
        const { jobId } = made.body.jobReference;
        await get(`${P}/queries/${jobId}`);
        const job = (await get(`${P}/jobs/${jobId}`)).body;
        assert.equal(job.statistics.query.statementType, 'SCRIPT');
        assert.equal(job.statistics.numChildJobs, '3');
        const { jobs } = (await get(`${P}/jobs?parentJobId=${jobId}`)).body;
        assert.deepEqual(
                jobs
                        .reverse()
                        .map((j) => [
                                j.statistics.parentJobId,
                                j.statistics.scriptStatistics.evaluationKind,
                                j.statistics.scriptStatistics.stackFrames[0].startLine,
                        ]),
                [
                        [jobId, 'EXPRESSION', 1],
                        [jobId, 'STATEMENT', 2],
                        [jobId, 'STATEMENT', 3],
                ],
        );
        const last = jobs[2].jobReference.jobId;
        assert.match(last, /^script_job_[0-9a-f]{32}_2$/);
        assert.deepEqual(values(await get(`${P}/queries/${last}`)), [['7']]);
        const all = (await get(`${P}/jobs`)).body.jobs;
        assert.ok(!all.some((j) => j.statistics.parentJobId));
});
