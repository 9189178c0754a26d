/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * canary/pipes: random queries in pipe syntax.
 *
 * The engine has no pipes, so each is written twice: as the gate reads it, and as the standard
 * query it stands for, over the same mentions of tables.
 */
const { Both, Node, join, n } = require('./tree');
const { Scope, lower } = require('./scope');
const { AGGREGATED } = require('./expressions');
const { isGroupable, scalar } = require('./types');

/* What a stage makes: {agent: parts behind |>, engine: (input parts) => parts, columns} */
const STAGES = {
        where(g, s) {
                const e = g.make(scalar.BOOL, s, 1);
                return {
                        agent: ['WHERE ', e],
                        engine: (i) => ['SELECT * FROM ', ...i, ' WHERE ', e],
                };
        },
        select(g, s) {
                const out = g.plain(s, 1, null, {});
                const columns = out.columns;
                return {
                        agent: ['SELECT ', ...join(out.items, ', ')],
                        engine: (i) => ['SELECT ', ...join(out.items, ', '), ' FROM ', ...i],
                        columns,
                };
        },
        extend(g, s, columns) {
                const type = g.randomType(s);
                const e = g.make(type, s, 1);
                const name = g.fresh('e');
                return {
                        agent: ['EXTEND ', e, ` AS ${name}`],
                        engine: (i) => ['SELECT *, ', e, ` AS ${name} FROM `, ...i],
                        columns: [...columns, { name, type }],
                };
        },
        set(g, s, columns) {
                const c = g.rng.pick(distinct(columns));
                if (!c) return null;
                const e = g.make(scalar.STRING, s, 1);
                return {
                        agent: [`SET \`${c.name}\` = `, e],
                        engine: (i) => ['SELECT * REPLACE (', e, ` AS \`${c.name}\`) FROM `, ...i],
                        columns: columns.map((x) =>
                                x === c ? { name: c.name, type: scalar.STRING } : x,
                        ),
                };
        },
        drop(g, s, columns) {
                const c = g.rng.pick(distinct(columns));
                if (!c || columns.length < 2) return null;
                return {
                        agent: [`DROP \`${c.name}\``],
                        engine: (i) => [`SELECT * EXCEPT (\`${c.name}\`) FROM `, ...i],
                        columns: columns.filter((x) => x !== c),
                };
        },
        rename(g, s, columns) {
                const c = g.rng.pick(distinct(columns));
                const name = g.fresh('r');
                if (
                        !c ||
                        columns.some((x) => !x.name) ||
                        distinct(columns).length !== columns.length
                )
                        return null;
                const items = columns
                        .map((x) => `\`${x.name}\`${x === c ? ` AS ${name}` : ''}`)
                        .join(', ');
                return {
                        agent: [`RENAME \`${c.name}\` AS ${name}`],
                        engine: (i) => [`SELECT ${items} FROM `, ...i],
                        columns: columns.map((x) => (x === c ? { name, type: c.type } : x)),
                };
        },
        aggregate(g, s) {
                const types = Array.from({ length: g.rng.between(1, 2) }, () =>
                        g.rng.pick(AGGREGATED),
                );
                const items = types.map((t) => n('item', g.expressions.aggregate(t, s, 1)));
                const names = types.map(() => g.fresh('x'));
                const named = items.map((e, k) => n('item', e, ` AS ${names[k]}`));
                const [key] = g.rng.chance(0.7) ? s.pickPaths(1, isGroupable) : [];
                const as = g.fresh('g');
                const columns = types.map((type, k) => ({ name: names[k], type }));
                if (!key)
                        return {
                                agent: ['AGGREGATE ', ...join(named, ', ')],
                                engine: (i) => ['SELECT ', ...join(named, ', '), ' FROM ', ...i],
                                columns,
                        };
                return {
                        agent: [
                                'AGGREGATE ',
                                ...join(named, ', '),
                                ` GROUP BY ${key.text} AS ${as}`,
                        ],
                        engine: (i) => [
                                `SELECT ${key.text} AS ${as}, `,
                                ...join(named, ', '),
                                ' FROM ',
                                ...i,
                                ` GROUP BY ${key.text}`,
                        ],
                        columns: [{ name: as, type: key.type }, ...columns],
                };
        },
        order(g, s) {
                const e = g.expressions.orderKey(s);
                const limit = g.rng.chance(0.5) ? ' LIMIT 3' : '';
                return {
                        agent: ['ORDER BY ', e, limit && ` |>${limit}`],
                        engine: (i) => ['SELECT * FROM ', ...i, ' ORDER BY ', e, limit],
                };
        },
        limit: () => ({ agent: ['LIMIT 2'], engine: (i) => ['SELECT * FROM ', ...i, ' LIMIT 2'] }),
        distinct(g, s, columns) {
                if (!columns.every((c) => isGroupable(c.type))) return null;
                return { agent: ['DISTINCT'], engine: (i) => ['SELECT DISTINCT * FROM ', ...i] };
        },
        union(g, s, columns) {
                if (!columns.length) return null;
                const q = g.core(
                        null,
                        0,
                        columns.map((c) => c.type),
                );
                return {
                        agent: ['UNION ALL (', q.node, ')'],
                        engine: (i) => ['SELECT * FROM ', ...i, ' UNION ALL (', q.node, ')'],
                };
        },
        as: () => ({ agent: ['AS piped'], engine: (i) => ['SELECT * FROM ', ...i] }),
};

function distinct(columns) {
        const names = columns.map((c) => lower(c.name ?? ''));
        return columns.filter(
                (c, i) => c.name && names.indexOf(names[i]) === names.lastIndexOf(names[i]),
        );
}

function pipe(g, outer, depth) {
        const { rng } = g;
        const from = g.from(outer, depth - 1, 2);
        let { scope } = from;
        let columns = g.starColumns(scope);
        const agent = ['FROM ', from.node];
        let engine = [from.node];
        const depths = rng.between(1, 4);
        for (let k = 0; k < depths; k++) {
                const weights = {
                        where: 4,
                        select: 4,
                        extend: 3,
                        set: 1.5,
                        drop: 1,
                        rename: 1,
                        aggregate: 3,
                        order: 2,
                        limit: 0.7,
                        distinct: 1,
                        union: 1,
                        as: 0.5,
                };
                /* behind a join there are columns of the same name, and USING moves some */
                if (k === 0)
                        for (const w of ['set', 'drop', 'rename', 'distinct', 'union', 'extend'])
                                if (scope.relations.length > 1) weights[w] = 0;
                const made = STAGES[rng.weighted(weights)](g, scope, columns);
                if (!made) continue;
                agent.push(rng.pick([' |> ', '\n|> ']), ...made.agent.filter((p) => p !== ''));
                columns = made.columns ?? columns;
                /* behind the first stage columns are named without a range variable */
                const alias = g.fresh('p');
                engine = ['(', ...made.engine(engine), `) AS ${alias}`];
                const names = columns.map((c) => lower(c.name ?? ''));
                const usable = columns.filter(
                        (c, i) => c.name && names.indexOf(names[i]) === names.lastIndexOf(names[i]),
                );
                scope = new Scope(rng, [{ alias: null, columns: usable }], { outer });
                if (!usable.length) break;
        }
        const standard = ['SELECT * FROM ', ...engine];
        return {
                node: new Node('query', [
                        new Both(new Node('pipe', agent), new Node('standard', standard)),
                ]),
                columns,
        };
}

module.exports = { pipe };
