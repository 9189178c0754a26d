/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * `sallyctl policy suggest`: what looks like personal data and no mask protects.
 * Run: SALLYCTL=build/sallyctl node --test tests/integration/suggest.test.js
 */
const test = require('node:test');
const assert = require('node:assert/strict');
const childProcess = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const SALLYCTL = path.resolve(process.env.SALLYCTL ?? 'build/sallyctl');
const column = (name, type, more) => ({ name, type, mode: 'NULLABLE', ...more });
const CATALOG = {
        tables: {
                'p.d.people': {
                        schema: [
                                column('id', 'INTEGER'),
                                column('ssn', 'STRING'),
                                column('workEmail', 'STRING'),
                                column('tagged_phone', 'STRING', { policyTags: { names: ['projects/p/policyTags/1'] } }),
                                column('home', 'RECORD', { fields: [column('street', 'STRING'), column('floor', 'INTEGER')] }),
                                column('birthday', 'DATE'),
                                column('staff_no', 'NUMERIC'),
                        ],
                },
                'p.d.bare': [column('salary', 'FLOAT'), column('ssn', 'STRING')],
                'p.d.view': { schema: [column('ssn', 'STRING')], view: { query: 'SELECT 1' } },
                'p.d.copy': { type: 'SNAPSHOT', schema: [column('ssn', 'STRING')] },
                'p.d.files': { schema: [column('phone', 'STRING')], externalDataConfiguration: {} },
                'p.d.shown': { schema: { fields: [column('email', 'STRING')] } },
                'p.d.stored': { schema: [column('ssn', 'STRING')], materializedView: { query: 'SELECT 1' } },
        },
};
const POLICY = `version: 1
masks:
  - {name: ssn, columns: [p.d.people.ssn], mask: redact}
  - {name: tag, tags: ["*/policyTags/1"], mask: hash}
detectors:
  - {name: staff-number, names: [staff_no]}
`;

function suggest(policy) {
        const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'suggest-'));
        fs.writeFileSync(path.join(dir, 'p.yaml'), policy);
        fs.writeFileSync(path.join(dir, 'catalog.json'), JSON.stringify(CATALOG));
        const p = childProcess.spawnSync(
                SALLYCTL,
                [
                        'policy', 'suggest', '--json', '--policy', path.join(dir, 'p.yaml'),
                        '--catalog', path.join(dir, 'catalog.json'),
                ],
                { encoding: 'utf8' },
        );
        fs.rmSync(dir, { recursive: true });
        const rows = JSON.parse(p.stdout).suspects ?? [];
        return [p.status, rows.map((r) => Object.values(r)).sort()];
}

test('what no mask protects is listed, with a mask that fits', () => {
        assert.deepEqual(suggest(POLICY), [
                1,
                [
                        ['p.d.bare.salary', 'FLOAT', 'pay', null, 'redact'],
                        ['p.d.bare.ssn', 'STRING', 'national-id', null, 'hash'],
                        ['p.d.copy.ssn', 'STRING', 'national-id', null, 'hash'],
                        ['p.d.files.phone', 'STRING', 'phone', null, 'hash'],
                        ['p.d.people.birthday', 'DATE', 'birth', null, '{ truncate: { to: year } }'],
                        ['p.d.people.home.street', 'STRING', 'address', null, 'hash'],
                        ['p.d.people.staff_no', 'NUMERIC', 'staff-number', null, 'redact'],
                        ['p.d.people.workEmail', 'STRING', 'email', null, 'hash'],
                        ['p.d.shown.email', 'STRING', 'email', null, 'hash'],
                ],
        ]);
});

test('where all is protected there is nothing to list', () => {
        const all = 'version: 1\nmasks:\n  - {name: all, columns: ["*.*.*.*"], mask: redact}\n';
        assert.deepEqual(suggest(all), [0, []]);
});
