/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * canary/world: random tables, what the policy protects of them, and their rows.
 *
 * A world is plain JSON, so that a kept case carries its own:
 *   {project, dataset, tables: {"p.d.t": {schema: [TableFieldSchema + mask], rows: {a, b}}},
 *    views: {"p.d.v": …}, see views.js}
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
const { VAULT, addViews, addWildcard } = require('./views');

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
const TOKENS = ['STRING', 'INTEGER'];
/* worlds with something that takes long, or that not every statement should meet */
const WITH = { tokens: 0.1, views: 0.4, vault: 0.3 /* of those with views */, wildcard: 0.2 };

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
        if (mask.kind === 'hash' || mask.kind === 'tokenize') {
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

/* One mask of the world becomes `tokenize`: its SQL is long, so one is enough. */
function addTokens(rng, schema) {
        const fit = (fields) =>
                fields.flatMap((f) =>
                        f.mask
                                ? f.mode !== 'REPEATED' && TOKENS.includes(f.type)
                                        ? [f]
                                        : []
                                : f.fields
                                  ? fit(f.fields)
                                  : [],
                );
        const [field] = rng.some(fit(schema), 1, 1);
        if (field) field.mask = { kind: 'tokenize' };
}

function randomWorld(rng) {
        const tables = {};
        const names = rng.some(TABLE_NAMES, 3, 4);
        const hasNested = rng.chance(0.6);
        const hasViews = rng.chance(WITH.views);
        const hasVault = hasViews && rng.chance(WITH.vault);
        const hasTokens = rng.chance(WITH.tokens);
        const add = (name, dataset, isProtected) => {
                const schema = randomSchema(rng, { isProtected, hasNested: hasNested && isProtected });
                if (hasTokens && isProtected) addTokens(rng, schema);
                const full = `${PROJECT}.${dataset}.${name}`;
                tables[full] = { schema, rows: randomRows(rng, schema, rng.between(2, 6)) };
                return full;
        };
        const added = names.map((name, i) =>
                add(name, rng.weighted({ crm: 3, web: 1 }), i < 2),
        );
        const world = { project: PROJECT, dataset: DATASETS[0], tables, views: {} };
        const vault = hasVault ? add('kept', VAULT, true) : null;
        if (rng.chance(WITH.wildcard)) addWildcard(rng, world, added[rng.int(2)]);
        if (hasViews) addViews(rng, world, vault && [vault, tables[vault]]);
        return world;
}

/* ---- what the others are given ---- */

function columnsWithMasks(prefix, fields, into = []) {
        for (const f of fields) {
                if (f.mask) into.push({ path: `${prefix}.${f.name}`, mask: f.mask });
                else if (f.fields) columnsWithMasks(`${prefix}.${f.name}`, f.fields, into);
        }
        return into;
}

function protectedColumns(world, forget) {
        const tables = Object.entries(world.tables).filter(
                ([, t]) => !(t.members && forget === 'wildcards'),
        );
        return tables.flatMap(([name, t]) =>
                (t.masked ?? [null]).flatMap((member) =>
                        columnsWithMasks(member ? memberOf(name, member) : name, t.schema),
                ),
        );
}

const memberOf = (full, member) => full.replace(/\*$/, member);

const rule = (name, actions, resources) => ({ name, actions, resources, verdict: 'allow' });

/* What the policy allows: everything, but tables of the vault, which some views may show. */
function rules(world, hasThrough) {
        const actions =
                'select insert update delete merge truncate create alter drop grant export load call execute script other'.split(
                        ' ',
                );
        const metadata = rule('metadata', ['select'], ['*.*.INFORMATION_SCHEMA.*']);
        const views = Object.entries(world.views ?? {}).filter(([, v]) => v.isThrough);
        if (!views.length) return [rule('all', actions, ['*']), metadata];
        const found = [
                rule('all', actions, DATASETS.map((d) => `${world.project}.${d}`)),
                rule('scripts', ['script'], [world.project]),
                metadata,
        ];
        if (hasThrough)
                found.push(rule('through', ['select-through'], views.map(([full]) => full)));
        return found;
}

/* The policy as a YAML file; JSON is YAML. `forget`: a kind of mask to leave out, as of a gate
 * that does not know it; or 'wildcards': that does not know which tables one may match. */
function policyText(world, { withMasks = true, hasThrough = true, forget = null } = {}) {
        const masks = protectedColumns(world, forget)
                .filter(({ mask }) => mask.kind !== forget)
                .map(({ path, mask }, i) => {
                        const { kind, ...how } = mask;
                        return {
                                name: `m${i}`,
                                columns: [path],
                                mask: Object.keys(how).length ? { [kind]: how } : kind,
                        };
                });
        const policy = { version: 1, rules: rules(world, hasThrough) };
        if (withMasks && masks.length) policy.masks = masks;
        return JSON.stringify(policy, null, 1);
}

const plainField = ({ name, type, mode, fields }) => ({
        name,
        type,
        mode,
        ...(fields ? { fields: fields.map(plainField) } : {}),
});

/* `forget`: 'views': they are told to be tables, as of a gate that does not look into them. */
function catalogText(world, { forget = null } = {}) {
        const tables = {};
        for (const [name, t] of Object.entries(world.tables)) {
                const schema = t.schema.map(plainField);
                for (const member of t.members ?? [null]) {
                        const full = member ? memberOf(name, member) : name;
                        tables[full] = t.type ? { schema, type: t.type } : { schema };
                }
        }
        for (const [name, v] of Object.entries(world.views ?? {})) {
                const kind = v.isMaterialized ? 'materializedView' : 'view';
                tables[name] = { schema: v.schema.map(plainField) };
                if (forget !== 'views')
                        tables[name][kind] = { query: v.query, useLegacySql: false };
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
