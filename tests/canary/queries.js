/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * canary/queries: random queries over the tables of a world.
 *
 * Every method gives {node, columns}: the tree and the output columns, so that what stands
 * around a query can use them. `outer` is the scope that a correlated query sees.
 */
const { Both, Node, expr, join, list, n, optional } = require('./tree');
const { From } = require('./from');
const { AGGREGATED, WINDOW_TYPES } = require('./expressions');
const { Scope, lower } = require('./scope');
const { arrayOf, isGroupable, isOrderable, isScalar, scalar, structOf, text } = require('./types');

const SET_OPERATIONS = {
        ' UNION ALL ': 5,
        ' UNION DISTINCT ': 3,
        ' INTERSECT DISTINCT ': 2,
        ' EXCEPT DISTINCT ': 2,
};
/* How often an expression is wanted of a type; BIGNUMERIC is never named, only copied. */
const OUTPUT_TYPES =
        'STRING STRING STRING INT64 INT64 BYTES FLOAT64 NUMERIC BOOL DATE DATETIME TIMESTAMP TIME JSON';

class Queries extends From {
        /* ---- subqueries as expressions ---- */

        subquery(type, scope, depth) {
                if (type.k === 'BOOL' && this.rng.chance(0.5)) {
                        if (this.rng.chance(0.5))
                                return [
                                        this.rng.pick(['(EXISTS (', '(NOT EXISTS (']),
                                        this.query(scope, depth).node,
                                        '))',
                                ];
                        const [of, node] = this.expressions.any(scope, depth, isGroupable);
                        return ['(', node, ' IN (', this.query(scope, depth, [of]).node, '))'];
                }
                const from = this.from(scope, depth, 1);
                const item =
                        isScalar(type) && this.rng.chance(0.75)
                                ? this.expressions.aggregate(type, from.scope, depth)
                                : null;
                if (item)
                        return [
                                '(SELECT ',
                                item,
                                ' FROM ',
                                from.node,
                                this.where(from.scope, depth),
                                ')',
                        ];
                return [
                        '(SELECT ',
                        this.make(type, from.scope, depth),
                        ' FROM ',
                        from.node,
                        ' ORDER BY ',
                        from.scope.key(),
                        ' LIMIT 1)',
                ];
        }

        arrayQuery(type, scope, depth) {
                const from = this.from(scope, depth, 1);
                if (type.k === 'STRUCT' && type.f.every((f) => f.name)) {
                        const items = type.f.map((f) =>
                                n(
                                        'item',
                                        this.make(f.type, from.scope, depth),
                                        ` AS \`${f.name}\``,
                                ),
                        );
                        return [
                                'ARRAY(SELECT AS STRUCT ',
                                ...join(items, ', '),
                                ' FROM ',
                                from.node,
                                this.where(from.scope, depth),
                                ')',
                        ];
                }
                return [
                        'ARRAY(SELECT ',
                        this.make(type, from.scope, depth),
                        ' FROM ',
                        from.node,
                        this.where(from.scope, depth),
                        ' ORDER BY ',
                        from.scope.key(),
                        ')',
                ];
        }

        /* ---- SELECT ---- */

        /* What a bare `*` gives. */
        starColumns(scope) {
                const isMerged = (c) =>
                        scope.merged.some((m) => lower(m.name) === lower(c.name ?? ''));
                return [
                        ...scope.merged,
                        ...scope.relations.flatMap((r) =>
                                r.value
                                        ? [{ name: r.alias, type: r.value }]
                                        : r.columns.filter((c) => !isMerged(c)),
                        ),
                ];
        }

        star(scope, depth) {
                const { rng } = this;
                const rows = scope.relations.filter(
                        (r) => r.columns && r.alias && scope.meanings.get(lower(r.alias)) === 1,
                );
                const records = scope.paths.filter(
                        ([, t]) => t.k === 'STRUCT' && t.f.length && t.f.every((f) => f.name),
                );
                const kind = rng.weighted({
                        all: 3,
                        row: rows.length ? 3 : 0,
                        record: records.length ? 1 : 0,
                });
                let text0 = '*';
                let columns = this.starColumns(scope);
                if (kind === 'row') {
                        const r = rng.pick(rows);
                        text0 = `${scope.spell(r.alias)}.*`;
                        columns = r.columns;
                } else if (kind === 'record') {
                        const [path, type] = rng.pick(records);
                        text0 = `${scope.write(path)}.*`;
                        columns = type.f;
                }
                const names = columns.map((c) => lower(c.name ?? ''));
                const free = columns.filter(
                        (c, i) => c.name && names.indexOf(names[i]) === names.lastIndexOf(names[i]),
                );
                const parts = [text0];
                if (free.length > 1 && columns.length > 1 && rng.chance(0.3)) {
                        const gone = rng.pick(free);
                        parts.push(optional('except', ` EXCEPT (${scope.spell(gone.name)})`));
                        columns = columns.filter((c) => c !== gone);
                        free.splice(free.indexOf(gone), 1);
                }
                if (free.length && rng.chance(0.25)) {
                        const c = rng.pick(free);
                        const type = scalar[rng.pick(['STRING', 'INT64'])];
                        parts.push(
                                optional(
                                        'replace',
                                        ' REPLACE (',
                                        this.make(type, scope, depth),
                                        ` AS ${scope.spell(c.name)})`,
                                ),
                        );
                        columns = columns.map((x) => (x === c ? { name: c.name, type } : x));
                }
                return { node: n('star', ...parts), columns };
        }

        item(type, node, { noAlias = false } = {}) {
                const { rng } = this;
                if (noAlias || rng.chance(0.15)) {
                        const only =
                                node.parts.length === 1 && typeof node.parts[0] === 'string'
                                        ? node.parts[0]
                                        : '';
                        /* a path gives its last name */
                        const m = /^(?:[`\w]+\.)*`?(\w+)`?$/.exec(only);
                        const isPath =
                                m &&
                                /^[`A-Za-z_]/.test(only) &&
                                !/^(TRUE|FALSE|NULL|b'|r')/i.test(only);
                        return {
                                node: n('item', node),
                                column: { name: isPath ? m[1] : null, type },
                        };
                }
                const name = rng.chance(0.03)
                        ? rng.pick(['id', 'grp', 'ssn', 'email', 'total', 'Value'])
                        : this.fresh();
                return {
                        node: n('item', node, rng.chance(0.85) ? ` AS ${name}` : ` ${name}`),
                        column: { name, type },
                };
        }

        randomType(scope) {
                const { rng } = this;
                const kinds = [...scope.byType.keys()];
                if (kinds.length && rng.chance(0.3)) {
                        const [, type] = rng.pick(scope.paths);
                        return type;
                }
                const k = scalar[rng.pick(OUTPUT_TYPES.split(' '))];
                if (rng.chance(0.05)) return arrayOf(k);
                if (rng.chance(0.05))
                        return structOf([
                                { name: 'p', type: k },
                                { name: 'q', type: scalar.STRING },
                        ]);
                return k;
        }

        plain(scope, depth, want, flags) {
                const { rng } = this;
                const out = { items: [], columns: [] };
                const add = ({ node, column }) => {
                        out.items.push(node);
                        out.columns.push(column);
                };
                if (want) {
                        want.forEach((type) => add(this.item(type, this.make(type, scope, depth))));
                        return out;
                }
                if (scope.relations.length && rng.chance(0.3) && !flags.isDistinct) {
                        const s = this.star(scope, depth);
                        out.items.push(s.node);
                        out.columns.push(...s.columns);
                        if (rng.chance(0.6)) return out;
                }
                for (let i = rng.between(1, 4); i > 0; i--) {
                        if (rng.chance(0.12) && !flags.isDistinct && scope.rows().length) {
                                /* the whole row as one value */
                                const r = rng.pick(
                                        scope.relations.filter((x) => x.alias && x.columns),
                                );
                                if (
                                        scope.meanings.get(lower(r.alias)) === 1 &&
                                        r.columns.length &&
                                        r.columns.every((c) => c.name)
                                ) {
                                        add(
                                                this.item(
                                                        structOf(r.columns),
                                                        expr('row', [scope.spell(r.alias)], null),
                                                ),
                                        );
                                        continue;
                                }
                        }
                        let type = this.randomType(scope);
                        if (flags.isDistinct && !isGroupable(type)) type = scalar.STRING;
                        if (flags.hasWindow && rng.chance(0.5)) {
                                type = rng.pick(WINDOW_TYPES);
                                add(
                                        this.item(
                                                type,
                                                this.expressions.windowed(
                                                        type,
                                                        scope,
                                                        depth - 1,
                                                        flags.window,
                                                ),
                                        ),
                                );
                        } else add(this.item(type, this.make(type, scope, depth)));
                }
                return out;
        }

        grouped(scope, depth, want) {
                const { rng } = this;
                const found = rng.chance(0.12)
                        ? []
                        : scope.pickPaths(rng.between(1, 2), isGroupable);
                const keys = found.filter(
                        (k, i) => i === 0 || lower(k.name) !== lower(found[0].name),
                );
                const items = [];
                const columns = [];
                const by = [];
                const add = (k, i) => {
                        const name = rng.chance(0.5) ? this.fresh('g') : null;
                        items.push(
                                n(
                                        'item',
                                        expr(text(k.type), [k.text], null),
                                        name ? ` AS ${name}` : '',
                                ),
                        );
                        columns.push({ name: name ?? k.name, type: k.type });
                        by.push(
                                rng.weighted([
                                        [k.text, 4],
                                        [String(i + 1), 2],
                                        [name ?? k.text, name ? 2 : 0],
                                ]),
                        );
                };
                if (!want) keys.forEach(add);
                else keys.forEach((k) => by.push(k.text));
                const types =
                        want ??
                        Array.from({ length: rng.between(1, 3) }, () => {
                                const t = rng.pick(AGGREGATED);
                                return rng.chance(0.08) && t.k !== 'JSON' ? arrayOf(t) : t;
                        });
                for (const type of types) {
                        const { node, column } = this.item(
                                type,
                                this.expressions.aggregate(type, scope, depth),
                                {},
                        );
                        items.push(node);
                        columns.push(column);
                }
                const tail = [];
                if (by.length) {
                        const inside = by.join(', ');
                        const isPlain = by.every((b) => !/^\d/.test(b));
                        const form = rng.weighted([
                                [inside, 8],
                                [`ROLLUP(${inside})`, isPlain ? 0.8 : 0],
                                [`CUBE(${inside})`, isPlain ? 0.4 : 0],
                                [`GROUPING SETS((${inside}), ())`, isPlain ? 0.4 : 0],
                        ]);
                        /* the engine groups by plain keys only */
                        tail.push(new Both(` GROUP BY ${form}`, ` GROUP BY ${inside}`));
                }
                if (rng.chance(0.25))
                        tail.push(
                                optional(
                                        'having',
                                        ' HAVING ',
                                        this.expressions.aggregate(scalar.BOOL, scope, depth),
                                ),
                        );
                return { items, columns, tail };
        }

        core(outer, depth, want = null) {
                const { rng } = this;
                if (rng.chance(0.04)) {
                        const scope = new Scope(rng, [], { outer });
                        const out = this.plain(scope, depth, want, {});
                        return {
                                node: new Node('query', ['SELECT ', list('items', out.items)]),
                                columns: out.columns,
                        };
                }
                const from = this.from(outer, depth);
                const { scope } = from;
                const canGroup = !want || want.every((t) => AGGREGATED.some((a) => a.k === t.k));
                const where = this.where(scope, depth);
                if (canGroup && rng.chance(0.28)) {
                        const g = this.grouped(scope, depth - 1, want);
                        const order = rng.chance(0.3)
                                ? optional('order', ` ORDER BY 1${rng.pick(['', ' DESC'])}`)
                                : '';
                        const canOrder = isOrderable(g.columns[0].type);
                        return {
                                node: new Node('query', [
                                        'SELECT ',
                                        list('items', g.items),
                                        ' FROM ',
                                        from.node,
                                        where,
                                        ...g.tail,
                                        canOrder ? order : '',
                                ]),
                                columns: g.columns,
                        };
                }
                const isDistinct = rng.chance(0.08) && (!want || want.every(isGroupable));
                const hasWindow = !want && !isDistinct && rng.chance(0.15);
                const window = hasWindow && rng.chance(0.3) ? 'w' : null;
                const out = this.plain(scope, depth, want, { isDistinct, hasWindow, window });
                const tail = [];
                if (hasWindow && rng.chance(0.4)) {
                        const rank = this.expressions.windowed(scalar.INT64, scope, 0, null);
                        tail.push(optional('qualify', ' QUALIFY ', rank, ' <= 2'));
                }
                if (window) tail.push(` WINDOW w AS (ORDER BY ${scope.key()})`);
                if (!isDistinct && rng.chance(0.3)) {
                        const by = this.expressions.orderKey(scope);
                        tail.push(
                                optional(
                                        'order',
                                        ' ORDER BY ',
                                        by,
                                        rng.pick(['', ' DESC', ' ASC', ' DESC NULLS LAST']),
                                        optional('key', `, ${scope.key()}`),
                                ),
                        );
                        if (rng.chance(0.4))
                                tail.push(
                                        optional(
                                                'limit',
                                                ` LIMIT ${rng.between(1, 4)}${rng.pick(['', ' OFFSET 1'])}`,
                                        ),
                                );
                }
                return {
                        node: new Node('query', [
                                isDistinct ? 'SELECT DISTINCT ' : 'SELECT ',
                                list('items', out.items),
                                ' FROM ',
                                from.node,
                                where,
                                ...tail,
                        ]),
                        columns: out.columns,
                };
        }

        /* ---- what is made of queries ---- */

        setOperation(outer, depth, want) {
                const { rng } = this;
                const how = rng.weighted(SET_OPERATIONS);
                const types =
                        want ??
                        Array.from(
                                { length: rng.between(1, 3) },
                                () => scalar[rng.pick(OUTPUT_TYPES.split(' '))],
                        );
                const isDistinct = !/ALL/.test(how);
                if (isDistinct && !types.every(isGroupable)) return this.core(outer, depth, want);
                const arm = (k) =>
                        n(
                                'arm',
                                '(',
                                this.core(
                                        outer,
                                        depth - 1,
                                        types.map((_, i) => types[(i + k) % types.length]),
                                ).node,
                                ')',
                        );
                if (!want && rng.chance(0.15)) return this.byName(outer, depth, types, how);
                const parts = [arm(0), how, arm(0)];
                if (rng.chance(0.2))
                        parts.push(new Node('arm more', [how, arm(0)], { isOptional: true }));
                /* the first arm names the columns; it may have none */
                return {
                        node: new Node('query', parts),
                        columns: types.map((type) => ({ name: null, type })),
                };
        }

        /* The engine says CORRESPONDING where BigQuery says BY NAME. */
        byName(outer, depth, types, how) {
                const { rng } = this;
                const columns = types.map((type) => ({ name: this.fresh('u'), type }));
                const arm = (order) => {
                        const from = this.from(outer, depth - 1, 2);
                        const items = order.map((c) =>
                                n(
                                        'item',
                                        this.make(c.type, from.scope, depth - 1),
                                        ` AS ${c.name}`,
                                ),
                        );
                        return n(
                                'arm',
                                'SELECT ',
                                ...join(items, ', '),
                                ' FROM ',
                                from.node,
                                this.where(from.scope, depth - 1),
                        );
                };
                const by = new Both(`${how}BY NAME `, `${how}CORRESPONDING `);
                return {
                        node: new Node('query', [arm(columns), by, arm(rng.shuffle(columns))]),
                        columns,
                };
        }

        with(outer, depth, want) {
                const { rng } = this;
                const before = this.ctes;
                const parts = ['WITH '];
                const isRecursive = rng.chance(0.15);
                if (isRecursive) parts[0] = 'WITH RECURSIVE ';
                const names = [];
                for (let i = rng.between(1, 3); i > 0; i--) {
                        /* a WITH name may be a table's: from then on it is no table */
                        const shadowed = this.tables.map((t) => t.full.split('.')[2]);
                        const name = rng.chance(0.3)
                                ? rng.pick(shadowed)
                                : rng.pick(['cte', 'base', 'stage', 'raw', 'final']);
                        names.push(
                                names.some((x) => lower(x) === lower(name))
                                        ? this.fresh('w')
                                        : name,
                        );
                }
                const hiddenBefore = this.hidden;
                if (isRecursive) this.hidden = new Set([...this.hidden, ...names.map(lower)]);
                for (let i = names.length; i > 0; i--) {
                        const name = names[names.length - i];
                        let q;
                        if (isRecursive && i === 1) q = this.recursive(name, depth - 1);
                        else q = this.query(null, depth - 1);
                        parts.push(n('cte', `${name} AS (`, q.node, ')'), i > 1 ? ', ' : ' ');
                        /* with one that hides a table of the same name, the table needs its dataset */
                        this.ctes = [
                                ...this.ctes.filter((c) => lower(c.name) !== lower(name)),
                                { name, columns: q.columns },
                        ];
                }
                const q = this.core(outer, depth - 1, want);
                this.ctes = before;
                this.hidden = hiddenBefore;
                return { node: new Node('query', [...parts, q.node]), columns: q.columns };
        }

        recursive(name, depth) {
                const from = this.from(null, depth, 1);
                const [i, v] = [this.fresh('i'), this.fresh('s')];
                return {
                        node: n(
                                'recursion',
                                'SELECT 1 AS ',
                                i,
                                ', ',
                                this.make(scalar.STRING, from.scope, depth),
                                ` AS ${v} FROM `,
                                from.node,
                                ` UNION ALL SELECT ${i} + 1, CONCAT(${v}, 'x') FROM ${name} WHERE ${i} < 3`,
                        ),
                        columns: [
                                { name: i, type: scalar.INT64 },
                                { name: v, type: scalar.STRING },
                        ],
                };
        }

        query(outer, depth, want = null) {
                const { rng } = this;
                if (depth <= 0) return this.core(outer, 0, want);
                const kind = rng.weighted({
                        core: 14,
                        set: 2.5,
                        with: outer ? 0.7 : 2.5,
                        pipe: want ? 0 : 2,
                });
                if (kind === 'set') return this.setOperation(outer, depth, want);
                if (kind === 'with') return this.with(outer, depth, want);
                if (kind === 'pipe') return require('./pipes').pipe(this, outer, depth);
                return this.core(outer, depth, want);
        }
}

module.exports = { Queries };
