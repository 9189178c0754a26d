/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * Random tables of records and lists with masks inside: what SELECT * gives through the engine
 * is what a preview shows, cell by cell.
 * Run: SALLYCTL=build/sallyctl node --test tests/integration/nested.test.js (make mask_page first)
 */
const test = require('node:test');
const assert = require('node:assert/strict');
const { Random } = require('../canary/random');
const { hasMask, plainField, policyText, randomWorld } = require('../canary/world');
const { start, cells } = require('./masked');

const WORLDS = 24;
const seed = Number(process.env.SEED ?? 20261121);

/* The protected tables of many worlds, each world a dataset. Tables of a wildcard have no
 * preview. */
function manyWorlds() {
        const tables = {};
        for (let i = 0; i < WORLDS; i++) {
                const world = randomWorld(new Random(seed).fork(i));
                for (const [name, t] of Object.entries(world.tables))
                        if (hasMask(t.schema) && !t.suffixes) tables[`p.w${i}.${name.split('.')[2]}`] = t;
        }
        return { project: 'p', tables };
}

const insideRecords = (fields) =>
        fields.filter((f) => !f.mask && f.fields && hasMask(f.fields)).length;

const all = manyWorlds();
let world;
test.before(async () => {
        const tables = {};
        for (const [name, t] of Object.entries(all.tables))
                tables[name] = { schema: t.schema.map(plainField), rows: t.rows.a };
        world = await start({ tables, policy: policyText(all) });
});
test.after(() => world?.stop());

test('a preview of records and lists with protected fields is what SELECT * gives', async () => {
        let nested = 0;
        let changed = 0;
        for (const [name, t] of Object.entries(all.tables)) {
                const sql = `SELECT * FROM \`${name}\` ORDER BY id`;
                const [masked, raw] = [await world.run(sql), await world.raw(sql)];
                assert.equal(masked.status, 200, `${name}: ${masked.raw}`);
                assert.equal(raw.status, 200, `${name}: ${raw.raw}`);
                assert.equal(cells(masked).length, t.rows.a.length, name);
                assert.deepEqual(
                        cells(masked),
                        world.preview(name, cells(raw)),
                        `${name} of seed ${seed}`,
                );
                assert.deepEqual(shape(masked.body.schema), shape(raw.body.schema), name);
                if (!insideRecords(t.schema)) continue;
                nested++;
                t.schema.forEach((f, i) => {
                        const column = (r) => JSON.stringify(cells(r).map((c) => c[i]));
                        if (f.fields && !f.mask && hasMask(f.fields))
                                changed += column(masked) !== column(raw);
                });
        }
        assert.ok(nested >= WORLDS / 4, `${nested} tables with masks inside of records`);
        assert.ok(changed >= nested / 2, `${changed} columns changed`);
});

/* Names and types; an expression is never REQUIRED. */
function shape(schema) {
        return schema.fields.map(({ name, type, mode, fields }) => ({
                name,
                type,
                isRepeated: mode === 'REPEATED',
                ...(fields ? { fields: shape({ fields }) } : {}),
        }));
}
