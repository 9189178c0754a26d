/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * canary/world: random tables, what the policy protects of them, and their rows.
 *
 * A world is plain JSON, so that a kept case carries its own:
 *   {project, dataset, tables: {"p.d.t": {schema: [TableFieldSchema + mask], rows: {a, b}}}}
 * `a` and `b` are two data sets that differ only in values no answer may depend on: in what is
 * redacted or nulled, there also in NULLs and lengths of lists, and in what partial stars out or
 * truncate cuts off.
 * Hashed values are equal in both, since their hash may show.
 */
const {
        CANARY,
        PUBLIC,
        SCALARS,
        Canaries,
        letters,
        masked,
        partialValue,
        textsOf,
        truncatePair,
        value,
} = require('./values');

const PROJECT = 'acme-prod';
const DATASETS = ['crm', 'web'];
const TABLE_NAMES = ['customers', 'orders', 'events', 'people', 'Items', 'v', 'daily_2026'];
const COLUMN_NAMES = (
        'ssn email name phone city amount value kind note tags created items address profile code ' +
        'score birthday Status order user date sallyport_source a b c'
).split(' ');
/* what the subquery's own variables are called, or begin with */
const HOSTILE_NAMES = 'sallyport_source_e1 Sallyport_Source_1 sallyport_source_o1'.split(
        ' ',
);
const HASHABLE = ['STRING', 'BYTES', 'INTEGER'];
const STEPS = [2, 7, 10, 1000];
const TRUNCATED = {
        DATE: ['year', 'month'],
        DATETIME: ['year', 'month', 'day', 'hour'],
        TIME: ['hour'],
        TIMESTAMP: ['year', 'month', 'day', 'hour'],
        INTEGER: STEPS,
        FLOAT: STEPS,
        NUMERIC: STEPS,
        BIGNUMERIC: STEPS,
};
const NO_SALT = '0'.repeat(64);

function randomMask(rng, field) {
        const kinds = { redact: 4, null: 4 };
        if (field.mode !== 'REPEATED' && HASHABLE.includes(field.type)) kinds.hash = 6;
        if (field.mode !== 'REPEATED' && field.type === 'STRING') kinds.partial = 6;
        if (field.mode !== 'REPEATED' && TRUNCATED[field.type]) kinds.truncate = 5;
        const kind = rng.weighted(kinds);
        if (kind === 'truncate') return { kind, to: rng.pick(TRUNCATED[field.type]) };
        if (kind !== 'partial') return { kind };
        return rng.pick([
                { kind, keep_last: 4 },
                { kind, keep_first: 1 },
                { kind, keep_first: 2, keep_last: 2 },
        ]);
}

function randomField(rng, name, depth, isProtected) {
        let type = depth < 3 && rng.chance(0.22) ? 'RECORD' : rng.pick(SCALARS);
        /* the types that more than two masks can hide */
        if (isProtected && rng.chance(0.4)) type = rng.pick(HASHABLE);
        const mode = rng.weighted({ NULLABLE: 7, REQUIRED: 1, REPEATED: 2 });
        const field = { name, type, mode };
        if (type === 'RECORD') fillRecord(rng, field, depth);
        if (isProtected) field.mask = randomMask(rng, field);
        return field;
}

function fillRecord(rng, field, depth) {
        if (field.mode === 'REQUIRED') field.mode = 'NULLABLE';
        const names = rng.chance(0.1) ? [...COLUMN_NAMES, ...HOSTILE_NAMES] : COLUMN_NAMES;
        field.fields = rng.some(names, 2, 4).map((n) => randomField(rng, n, depth + 1, false));
}

/* A record with records and lists inside, mostly a list itself. */
function deepRecord(rng, name) {
        const field = { name, type: 'RECORD', mode: rng.weighted({ NULLABLE: 4, REPEATED: 6 }) };
        fillRecord(rng, field, 0);
        if (!field.fields.some((f) => f.type === 'RECORD') && rng.chance(0.6)) {
                const inner = {
                        name: 'inside',
                        type: 'RECORD',
                        mode: rng.weighted({ NULLABLE: 4, REPEATED: 6 }),
                };
                fillRecord(rng, inner, 1);
                field.fields.push(inner);
        }
        return field;
}

/* One field of a record that is not protected as a whole. */
function protectNested(rng, field) {
        const inner = rng.pick(field.fields);
        if (inner.mask) return;
        if (inner.type === 'RECORD' && rng.chance(0.8)) {
                protectNested(rng, inner);
                return;
        }
        /* nothing inside keeps a mask of its own */
        if (inner.fields) unprotect(inner.fields);
        if (inner.type !== 'RECORD' && inner.mode !== 'REPEATED' && rng.chance(0.4))
                inner.type = rng.pick(HASHABLE);
        inner.mask = randomMask(rng, inner);
}

function unprotect(fields) {
        for (const f of fields) {
                delete f.mask;
                if (f.fields) unprotect(f.fields);
        }
}

function randomSchema(rng, { isProtected, hasNested }) {
        const names = rng.some(COLUMN_NAMES, 4, 7);
        const fields = names.map((n) => randomField(rng, n, 0, isProtected && rng.chance(0.45)));
        if (isProtected && !fields.some((f) => f.mask && f.type === 'STRING')) {
                const f = { name: 'secret', type: 'STRING', mode: 'NULLABLE' };
                fields.push({ ...f, mask: randomMask(rng, f) });
        }
        if (hasNested) {
                if (rng.chance(0.6)) fields.push(deepRecord(rng, 'deep'));
                const records = fields.filter((f) => f.type === 'RECORD' && !f.mask);
                for (let i = rng.between(1, 3); records.length && i > 0; i--)
                        protectNested(rng, rng.pick(records));
        }
        return [
                { name: 'id', type: 'INTEGER', mode: 'REQUIRED' },
                { name: 'grp', type: 'STRING', mode: 'NULLABLE' },
                ...rng.shuffle(fields),
        ];
}

const seen = new WeakMap(); /* hashed field → its values */

/* The values of a protected field in both data sets. */
function protectedPair(rng, field) {
        const { mask } = field;
        if (mask.kind === 'hash') {
                /* few, so that equality has something to show */
                if (!seen.has(field)) seen.set(field, []);
                const known = seen.get(field);
                const v = known.length && rng.chance(0.3) ? rng.pick(known) : value(rng, field, CANARY);
                known.push(v);
                return { a: v, b: v };
        }
        if (mask.kind === 'partial') {
                if (rng.chance(0.1)) return { a: null, b: null };
                const n = rng.between(5, 14);
                return { a: partialValue(rng, mask, n), b: partialValue(rng, mask, n) };
        }
        if (mask.kind === 'truncate')
                return field.mode !== 'REQUIRED' && rng.chance(0.1)
                        ? { a: null, b: null }
                        : truncatePair(rng, field.type, mask);
        return { a: value(rng, field, CANARY), b: value(rng, field, CANARY) };
}

function pair(rng, field) {
        if (field.mask) return protectedPair(rng, field);
        const isDeep = field.type === 'RECORD' && hasMask(field.fields);
        if (!isDeep) {
                const v = value(rng, field, PUBLIC);
                return { a: v, b: v };
        }
        const one = () => {
                const parts = field.fields.map((f) => [f.name, pair(rng, f)]);
                const side = (k) => Object.fromEntries(parts.map(([n, p]) => [n, p[k]]));
                return { a: side('a'), b: side('b') };
        };
        if (field.mode === 'REPEATED') {
                const list = Array.from({ length: rng.int(4) }, one);
                return { a: list.map((p) => p.a), b: list.map((p) => p.b) };
        }
        return rng.chance(0.15) ? { a: null, b: null } : one();
}

const hasMask = (fields) => fields.some((f) => f.mask || (f.fields && hasMask(f.fields)));

function randomRows(rng, schema, n) {
        const rows = { a: [], b: [] };
        for (let i = 0; i < n; i++) {
                const cells = schema.map((f) => pair(rng, f));
                cells[0] = { a: String(i + 1), b: String(i + 1) };
                const g = rng.pick(['x', 'y', 'z', null]);
                cells[1] = { a: g, b: g };
                rows.a.push(cells.map((c) => c.a));
                rows.b.push(cells.map((c) => c.b));
        }
        return rows;
}

function randomWorld(rng) {
        const tables = {};
        const names = rng.some(TABLE_NAMES, 3, 4);
        const hasNested = rng.chance(0.6);
        names.forEach((name, i) => {
                const isProtected = i < 2;
                const schema = randomSchema(rng, { isProtected, hasNested: hasNested && isProtected });
                const full = `${PROJECT}.${rng.weighted({ crm: 3, web: 1 })}.${name}`;
                tables[full] = { schema, rows: randomRows(rng, schema, rng.between(2, 6)) };
        });
        return { project: PROJECT, dataset: DATASETS[0], tables };
}

/* ---- what the others are given ---- */

function columnsWithMasks(prefix, fields, into = []) {
        for (const f of fields) {
                if (f.mask) into.push({ path: `${prefix}.${f.name}`, mask: f.mask });
                else if (f.fields) columnsWithMasks(`${prefix}.${f.name}`, f.fields, into);
        }
        return into;
}

function protectedColumns(world) {
        return Object.entries(world.tables).flatMap(([name, t]) =>
                columnsWithMasks(name, t.schema),
        );
}

/* The policy as a YAML file; JSON is YAML. */
function policyText(world, { withMasks = true } = {}) {
        const masks = protectedColumns(world).map(({ path, mask }, i) => {
                const { kind, ...how } = mask;
                return {
                        name: `m${i}`,
                        columns: [path],
                        mask: Object.keys(how).length ? { [kind]: how } : kind,
                };
        });
        const actions =
                'select insert update delete merge truncate create alter drop export load call execute script other';
        const rule = {
                name: 'all',
                actions: actions.split(' '),
                resources: ['*'],
                verdict: 'allow',
        };
        const metadata = {
                name: 'metadata',
                actions: ['select'],
                resources: ['*.*.INFORMATION_SCHEMA.*'],
                verdict: 'allow',
        };
        const policy = { version: 1, rules: [rule, metadata] };
        if (withMasks && masks.length) policy.masks = masks;
        return JSON.stringify(policy, null, 1);
}

const plainField = ({ name, type, mode, fields }) => ({
        name,
        type,
        mode,
        ...(fields ? { fields: fields.map(plainField) } : {}),
});

function catalogText(world) {
        const tables = {};
        for (const [name, t] of Object.entries(world.tables)) {
                tables[name] = { schema: t.schema.map(plainField) };
                if (t.type) tables[name].type = t.type;
        }
        return JSON.stringify({ tables });
}

/* Rows as the masks would show them. */
const maskedRows = (t) => t.rows.a.map((row) => row.map((v, i) => masked(v, t.schema[i], NO_SALT)));

/* Everything that must not show, of data set `side`: kept ends of partial values may. */
function canariesOf(world, side) {
        const found = new Canaries();
        const add = (v, field) => {
                if (v === null || v === undefined) return;
                if (field.mask?.kind === 'partial') {
                        const { keep_first = 0, keep_last = 0 } = field.mask;
                        found.add(v.slice(keep_first, v.length - keep_last));
                } else if (field.mask?.kind === 'truncate') {
                        /* its first digits may show: what may not, `answer` and `pair` find */
                } else if (field.mask) {
                        textsOf(v).forEach((x) => found.add(x));
                } else if (field.mode === 'REPEATED' && field.type === 'RECORD') {
                        v.forEach((e) => add(e, { ...field, mode: 'NULLABLE' }));
                } else if (field.type === 'RECORD') {
                        field.fields.forEach((f) => add(v[f.name], f));
                }
        };
        for (const t of Object.values(world.tables))
                for (const row of t.rows[side]) row.forEach((v, i) => add(v, t.schema[i]));
        return found;
}

module.exports = {
        NO_SALT,
        canariesOf,
        catalogText,
        hasMask,
        letters,
        maskedRows,
        plainField,
        policyText,
        randomRows,
        randomWorld,
};
