/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * canary/writes: random DML, tables made of queries, and a few scripts.
 *
 * The engine says which rows a statement would change and changes none. It lacks MERGE, which
 * is written for it as the one UPDATE, DELETE or INSERT that it stands for; and a table made
 * of a query, for which it runs the query.
 */
const { Both, Node, Target, join, list, n } = require('./tree');
const { Scope } = require('./scope');
const { scalar } = require('./types');

const KEYED = 'keyed '; /* the engine's copy of a table whose key is the column id */

function target(q, { isKeyed }) {
        const { rng } = q;
        const open = q.tables.filter((t) => !t.isProtected);
        const t = rng.chance(0.75) && open.length ? rng.pick(open) : rng.pick(q.tables);
        const last = t.full.split('.')[2];
        const isImplicit = rng.chance(0.4);
        const alias = isImplicit ? last : 'tgt';
        const mention = new Target(t.full, q.spellTable(t.full), { alias, isImplicit });
        if (isKeyed) mention.engineName = KEYED + t.full;
        const schema = q.world.tables[t.full].schema;
        const free = t.columns.filter((c) => {
                const f = schema.find((x) => x.name === c.name);
                return c.name !== 'id' && !f.mask && !f.fields;
        });
        return {
                ...t,
                mention,
                alias,
                as: isImplicit ? '' : ` AS ${alias}`,
                free /* columns that a statement may name */,
                relation: { alias, columns: [{ name: 'id', type: scalar.INT64 }, ...free] },
        };
}

function insert(q) {
        const { rng } = q;
        const t = target(q, { isKeyed: false });
        t.mention.isImplicit = false;
        const columns = rng.chance(0.5) ? rng.some(t.columns, 1, t.columns.length) : t.columns;
        const names = columns.map((c) => `\`${c.name}\``).join(', ');
        const body = rng.chance(0.75)
                ? q.core(
                          null,
                          2,
                          columns.map((c) => c.type),
                  ).node
                : n(
                          'values',
                          'VALUES (',
                          ...join(
                                  columns.map((c) => q.make(c.type, new Scope(rng, []), 2)),
                                  ', ',
                          ),
                          ')',
                  );
        return {
                node: n(
                        'statement',
                        rng.pick(['INSERT INTO ', 'INSERT ']),
                        t.mention,
                        ` (${names}) `,
                        body,
                ),
                kind: 'modify',
                target: t.full,
        };
}

function sets(q, t, scope) {
        const columns = q.rng.some(t.free, 1, 2);
        if (!columns.length) return null;
        return list(
                'sets',
                columns.map((c) => n('set', `\`${c.name}\` = `, q.make(c.type, scope, 2))),
        );
}

function update(q) {
        const { rng } = q;
        const t = target(q, { isKeyed: true });
        const own = new Scope(rng, [t.relation]);
        if (rng.chance(0.4)) {
                const from = q.from(null, 1, 1);
                const [source] = from.scope.relations;
                if (
                        source.alias &&
                        source.columns &&
                        source.alias.toLowerCase() !== t.alias.toLowerCase()
                ) {
                        const scope = new Scope(rng, [t.relation, source]);
                        const assignments = sets(q, t, scope);
                        const key = source.columns.some(
                                (c) => c.name === 'id' && c.type.k === 'INT64',
                        )
                                ? `${source.alias}.id`
                                : '1';
                        if (assignments)
                                return {
                                        node: n(
                                                'statement',
                                                'UPDATE ',
                                                t.mention,
                                                t.as,
                                                ' SET ',
                                                assignments,
                                                ' FROM ',
                                                from.node,
                                                ` WHERE ${t.alias}.id = ${key}`,
                                        ),
                                        kind: 'modify',
                                        target: t.full,
                                };
                }
        }
        const assignments = sets(q, t, own);
        if (!assignments) return insert(q);
        return {
                node: n(
                        'statement',
                        'UPDATE ',
                        t.mention,
                        t.as,
                        ' SET ',
                        assignments,
                        ' WHERE ',
                        q.make(scalar.BOOL, own, 2),
                ),
                kind: 'modify',
                target: t.full,
        };
}

function remove(q) {
        const t = target(q, { isKeyed: true });
        const own = new Scope(q.rng, [t.relation]);
        return {
                node: n(
                        'statement',
                        q.rng.pick(['DELETE FROM ', 'DELETE ']),
                        t.mention,
                        t.as,
                        ' WHERE ',
                        q.make(scalar.BOOL, own, 2),
                ),
                kind: 'modify',
                target: t.full,
        };
}

function merge(q) {
        const { rng } = q;
        const t = target(q, { isKeyed: true });
        const source = q.query(null, 1);
        const relation = { alias: 'src', columns: source.columns };
        const key = source.columns.find((c) => c.name === 'id' && c.type.k === 'INT64')
                ? 'src.id'
                : '1';
        const on = `${t.alias}.id = ${key}`;
        const using = n('using', '(', source.node, ') AS src');
        const scope = new Scope(rng, [t.relation, relation]);
        const head = ['MERGE INTO ', t.mention, t.as, ' USING ', using, ` ON ${on} WHEN `];
        const result = (agent, engine) => ({
                node: new Node('statement', [
                        new Both(new Node('merge', [...head, ...agent]), new Node('parts', engine)),
                ]),
                kind: 'modify',
                target: t.full,
        });
        const how = rng.weighted({ update: 3, delete: 1, insert: 3 });
        if (how === 'insert') {
                const plain = new Scope(rng, [relation]);
                const columns = [t.columns[0], ...rng.some(t.free, 1, 2)];
                const names = columns.map((c) => `\`${c.name}\``).join(', ');
                const values = list(
                        'values',
                        columns.map((c) => q.make(c.type, plain, 1)),
                );
                const into = `\`${t.full}\``;
                /* as an insertion there is no target alias to see: the copy is read under it */
                return result(
                        [`NOT MATCHED THEN INSERT (${names}) VALUES (`, values, ')'],
                        [
                                `INSERT INTO ${into} (${names}) SELECT `,
                                values,
                                ' FROM ',
                                using,
                                ` WHERE NOT EXISTS (SELECT 1 FROM ${into} AS ${t.alias} WHERE ${on})`,
                        ],
                );
        }
        const cond = q.make(scalar.BOOL, scope, 1);
        if (how === 'delete')
                return result(
                        ['MATCHED AND ', cond, ' THEN DELETE'],
                        [
                                'DELETE FROM ',
                                t.mention,
                                t.as,
                                ' WHERE EXISTS (SELECT 1 FROM ',
                                using,
                                ` WHERE ${on} AND `,
                                cond,
                                ')',
                        ],
                );
        const assignments = sets(q, t, scope);
        if (!assignments) return remove(q);
        return result(
                ['MATCHED THEN UPDATE SET ', assignments],
                ['UPDATE ', t.mention, t.as, ' SET ', assignments, ' FROM ', using, ` WHERE ${on}`],
        );
}

function createAs(q) {
        const made = q.query(null, 2);
        const name = q.rng.pick(['crm.copied', '`acme-prod.crm.copied`', 'copied']);
        const how = q.rng.pick([
                'CREATE TABLE ',
                'CREATE OR REPLACE TABLE ',
                'CREATE TABLE IF NOT EXISTS ',
        ]);
        return {
                node: n('statement', new Both(`${how}${name} AS `, ''), made.node),
                kind: 'query',
        };
}

/* Scripts, temporary objects: nothing runs them here, the gate is asked only. */
function script(q) {
        const inner = q.query(null, 1).node;
        const scalarQuery = q.core(null, 1, [scalar.STRING]).node;
        const form = q.rng.pick([
                ['DECLARE v STRING DEFAULT (', scalarQuery, '); SELECT v'],
                ['BEGIN ', inner, '; END'],
                ['CREATE TEMP TABLE tmp AS ', inner, '; SELECT * FROM tmp'],
                ['CREATE TEMP FUNCTION f(x STRING) AS (UPPER(x)); SELECT f((', scalarQuery, '))'],
                ['IF EXISTS (', inner, ') THEN SELECT 1; END IF'],
                ['FOR r IN (', inner, ') DO SELECT r; END FOR'],
        ]);
        return { node: n('statement', ...form), kind: 'gate' };
}

const WRITES = { insert: 4, update: 3, remove: 2, merge: 3, createAs: 2 };

function write(q) {
        return { insert, update, remove, merge, createAs }[q.rng.weighted(WRITES)](q);
}

module.exports = { KEYED, insert, remove, script, update, write };
