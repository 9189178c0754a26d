/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * tests/integration/masked: a policy, tables, and a stand-in that holds them raw.
 *
 * `start({tables, policy})` gives {decide, run, raw, preview, cells, stop}: what `sallyctl policy
 * decide` says of a text, the answer to what it would send, the answer to the text itself, and the
 * rows of a table as a preview of it shows them.
 */
const assert = require('node:assert/strict');
const childProcess = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const standin = require('../../sandbox/harness');

const SALLYCTL = path.resolve(process.env.SALLYCTL ?? 'build/sallyctl');
const MASK_PAGE = path.join(path.dirname(SALLYCTL), 'integration', 'mask_page');
/* what `policy decide` puts where the session's key would be */
const SALT = '0'.repeat(64);

const cells = (r) => (r.body.rows ?? []).map((x) => x.f.map((c) => c.v));

async function start({ tables, policy }) {
        const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'masks-'));
        const file = (name) => path.join(dir, name);
        fs.mkdirSync(file('policy'));
        fs.writeFileSync(file('policy/p.yaml'), policy);
        fs.writeFileSync(file('data.json'), JSON.stringify({ tables }));
        const s = await standin.start({ data: file('data.json') });

        function decide(sql) {
                const question = {
                        id: '1',
                        workload: 'ci',
                        request: {
                                method: 'POST',
                                host: 'bigquery.googleapis.com',
                                path: '/bigquery/v2/projects/p/queries',
                                headers: {},
                                body: { query: sql, useLegacySql: false },
                        },
                        estimated_bytes: 1,
                };
                const out = childProcess.execFileSync(
                        SALLYCTL,
                        [
                                'policy', 'decide', '--policy', file('policy'),
                                '--catalog', file('data.json'), '--jsonl',
                        ],
                        { input: `${JSON.stringify(question)}\n`, encoding: 'utf8' },
                );
                return JSON.parse(out);
        }
        const post = (body) =>
                s.call('POST', 'projects/p/queries', { token: s.token, body });
        async function run(sql) {
                const d = decide(sql);
                assert.equal(d.verdict, 'allow', JSON.stringify(d));
                return { ...(await post(d.upstream.body)), sent: d.upstream.body.query };
        }
        const raw = (sql) => post({ query: sql, useLegacySql: false });
        function preview(table, rows) {
                const list = rows.map((r) => ({ f: r.map((v) => ({ v })) }));
                const out = childProcess.execFileSync(
                        MASK_PAGE,
                        [file('policy/p.yaml'), file('data.json'), table, SALT],
                        { input: JSON.stringify(list), encoding: 'utf8' },
                );
                return JSON.parse(out).map((r) => r.f.map((c) => c.v));
        }
        async function stop() {
                await s.stop();
                fs.rmSync(dir, { recursive: true, force: true });
        }
        return { decide, run, raw, post, preview, stop };
}

module.exports = { start, cells };
