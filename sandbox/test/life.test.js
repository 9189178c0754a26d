/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
const test = require('node:test');
const assert = require('node:assert/strict');
const { start, waitFor, isAlive } = require('../harness');

const P = 'projects/acme-prod';
const values = (r) => (r.body.rows ?? []).map((row) => row.f.map((c) => c.v));

test('with --delay-ms a query is first incomplete, can be cancelled, and ends', async () => {
        const slow = await start({ args: ['--delay-ms', '400'] });
        try {
                const ask = (sql) => slow.query(sql, { timeoutMs: 0 });
                const at = (path, method = 'GET') =>
                        slow.call(method, `${P}/${path}`, { token: slow.token });
                const first = await ask('SELECT 1');
                assert.deepEqual(
                        [first.body.jobComplete, first.body.rows],
                        [false, undefined],
                );
                const { jobId } = first.body.jobReference;
                assert.equal((await at(`jobs/${jobId}`)).body.status.state, 'RUNNING');
                assert.equal(
                        (await at(`queries/${jobId}?timeoutMs=10`)).body.jobComplete,
                        false,
                );
                assert.deepEqual(values(await at(`queries/${jobId}`)), [['1']]);
                const second = (await ask('DELETE FROM crm.orders WHERE TRUE')).body
                        .jobReference.jobId;
                const cancelled = await at(`jobs/${second}/cancel`, 'POST');
                assert.equal(cancelled.body.job.status.errorResult.reason, 'stopped');
                assert.equal((await at(`queries/${second}`)).status, 499);
                assert.deepEqual(
                        values(await slow.query('SELECT COUNT(*) FROM crm.orders')),
                        [['20']],
                );
        } finally {
                await slow.stop();
        }
});

test('nothing is left running, however the stand-in ends', async (t) => {
        for (const signal of ['SIGTERM', 'SIGINT', 'SIGKILL'])
                await t.test(signal, async () => {
                        const one = await start();
                        const engine = one.engine();
                        assert.ok(isAlive(engine));
                        await one.stop(signal);
                        await waitFor('the engine ended', () => !isAlive(engine), 3000);
                });
});
