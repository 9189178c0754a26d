/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * canary/bijection: hashed values show which of them are equal, and nothing else.
 *
 * Data set `c` is `b` with each hashed value renamed, one to one, equal values alike. Of a
 * statement that only compares hashed values the answers over `a` and `c` must then be the same
 * but for the hashes, which are renamed in the same way: row by row, in any order.
 */
const { CANARY, hashed } = require('./values');
const { VAULT } = require('./views');
const { NO_SALT } = require('./world');

const COMPARED = ['STRING', 'INTEGER', 'BYTES'];

/* ---- data set `c` ---- */

class Renaming {
        constructor(rng) {
                this.rng = rng;
                this.names = new Map(); /* "type value" → new value */
                this.shown = new Map(); /* text of a hash → text of the new value's hash */
        }

        of(v, type) {
                const key = `${type} ${v}`;
                if (!this.names.has(key)) {
                        const renamed = CANARY[type](this.rng);
                        this.names.set(key, renamed);
                        const [was, is] = [v, renamed].map((x) => hashed(x, type, NO_SALT));
                        this.shown.set(was, is);
                        if (type === 'BYTES') this.shown.set(latin1(was), latin1(is));
                }
                return this.names.get(key);
        }

        value(v, field) {
                if (v === null || v === undefined) return v;
                if (field.mask)
                        return field.mask.kind === 'hash' ? this.of(v, field.type) : v;
                if (field.type !== 'RECORD') return v;
                if (field.mode === 'REPEATED')
                        return v.map((e) => this.value(e, { ...field, mode: 'NULLABLE' }));
                return Object.fromEntries(
                        field.fields.map((f) => [f.name, this.value(v[f.name], f)]),
                );
        }

        rows(t) {
                return t.rows.b.map((row) => row.map((v, i) => this.value(v, t.schema[i])));
        }

        /* A cell, which is a hash, or JSON with hashes in it. */
        cell(text) {
                return (
                        this.shown.get(text) ??
                        text.replace(/[0-9a-f]{64}|\d{12,}/g, (x) => this.shown.get(x) ?? x)
                );
        }
}

const latin1 = (base64) => Buffer.from(base64, 'base64').toString('latin1');

/* ---- statements that only compare ---- */

/* Every hashed column and field: {type, from, ref}; lists on the way are unnested. */
function places(world) {
        const found = [];
        const visit = (fields, at) => {
                for (const f of fields) {
                        const ref = `${at.ref}.\`${f.name}\``;
                        if (f.mask?.kind === 'hash') found.push({ ...at, ref, type: f.type });
                        if (f.mask || !f.fields) continue;
                        const element = `e${at.depth + 1}`;
                        visit(
                                f.fields,
                                f.mode === 'REPEATED'
                                        ? {
                                                  from: `${at.from}, UNNEST(${ref}) AS ${element}`,
                                                  ref: element,
                                                  depth: at.depth + 1,
                                          }
                                        : { ...at, ref },
                        );
                }
        };
        for (const [full, t] of Object.entries(world.tables))
                if (full.split('.')[1] !== VAULT)
                        visit(t.schema, { from: `\`${full}\` AS t`, ref: 't', depth: 0 });
        return found;
}

function statement(rng, x, y) {
        const forms = [
                `SELECT t.id, ${x.ref} AS h FROM ${x.from}`,
                `SELECT ${x.ref} AS h, COUNT(*) AS n FROM ${x.from} GROUP BY 1`,
                `SELECT DISTINCT ${x.ref} AS h FROM ${x.from}`,
                `SELECT COUNT(DISTINCT ${x.ref}), COUNT(${x.ref}), COUNTIF(${x.ref} IS NULL) FROM ${x.from}`,
                `SELECT t.id, COUNT(*) OVER (PARTITION BY ${x.ref}) AS n FROM ${x.from}`,
                `SELECT l.h, r.id FROM (SELECT ${x.ref} AS h FROM ${x.from}) AS l JOIN (SELECT ${y.ref} AS h, t.id FROM ${y.from}) AS r ON l.h = r.h`,
                `SELECT ${x.ref} AS h FROM ${x.from} WHERE ${x.ref} IN (SELECT ${y.ref} FROM ${y.from})`,
                ...['UNION', 'INTERSECT', 'EXCEPT'].map(
                        (op) =>
                                `SELECT ${x.ref} AS h FROM ${x.from} ${op} DISTINCT SELECT ${y.ref} FROM ${y.from}`,
                ),
                `SELECT t.id, ${x.ref} = (SELECT ANY_VALUE(h) FROM (SELECT ${y.ref} AS h FROM ${y.from} ORDER BY t.id LIMIT 1)) FROM ${x.from}`,
        ];
        if (x.type !== 'BYTES')
                forms.push(`SELECT TO_JSON_STRING(STRUCT(t.id AS i, ${x.ref} AS h)) FROM ${x.from}`);
        return rng.pick(forms);
}

/* A few for one world; none where nothing is hashed. */
function generate(rng, world, n) {
        const all = places(world).filter((p) => COMPARED.includes(p.type));
        return Array.from({ length: all.length ? n : 0 }, () => {
                const x = rng.pick(all);
                return statement(rng, x, rng.pick(all.filter((p) => p.type === x.type)));
        });
}

/* ---- the property ---- */

/* JSON has an integer of more than 53 bits in quotes, and which hashes are shorter is chance. */
const bare = (cell) => cell.replace(/"(-?\d{12,})"/g, '$1');
const sorted = (rows) => rows.map((r) => JSON.stringify(r)).sort();

/* Gives a list of what is wrong. */
async function check(runner, p, renaming, sql, asked) {
        if (asked.verdict !== 'allow') return [`refused, ${asked.error?.id}: ${sql}`];
        const [a, c] = await Promise.all(
                ['a', 'c'].map((side) =>
                        runner.run('query', asked.text, p.catalogs[side], asked.params),
                ),
        );
        if (!a.ok || !c.ok) return [`${a.message ?? c.message}: ${sql}`];
        const want = sorted(runner.rows(a).map((r) => r.map((x) => bare(renaming.cell(x)))));
        const got = sorted(runner.rows(c).map((r) => r.map(bare)));
        if (JSON.stringify(want) === JSON.stringify(got)) return [];
        const i = want.findIndex((r, k) => r !== got[k]);
        return [`${want[i]} BECAME ${got[i]}: ${sql}\n  sent: ${asked.text}`];
}

async function checkAll(runner, gate, p, renaming, texts) {
        const wrong = [];
        const asked = await gate.ask(p.withMasks, texts);
        for (const [i, sql] of texts.entries())
                wrong.push(...(await check(runner, p, renaming, sql, asked[i])));
        return wrong;
}

module.exports = { Renaming, checkAll, generate };
