/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * canary/from: what stands behind FROM: tables under all their spellings, WITH names, arrays,
 * subqueries, PIVOT and UNPIVOT, joins.
 *
 * Every method gives {node, relation} (see scope.js); `from` the whole clause and its scope.
 * Subqueries come from the class that extends this one (queries.js).
 */
const { Both, Mention, Node, n, optional } = require('./tree');
const { Expressions } = require('./expressions');
const { Scope, lower } = require('./scope');
const { SUFFIX, VAULT } = require('./views');
const { hasMask } = require('./world');
const { arrayOf, fromField, isGroupable, isScalar, scalar, text } = require('./types');

const JOINS = {
        ' JOIN ': 4,
        ' INNER JOIN ': 2,
        ' LEFT JOIN ': 4,
        ' RIGHT OUTER JOIN ': 2,
        ' FULL JOIN ': 2,
        ' CROSS JOIN ': 1,
        ', ': 2,
};

class From {
        constructor(rng, world, guesses) {
                Object.assign(this, { rng, world, guesses });
                const columnsOf = (t) =>
                        t.schema.map((f) => ({ name: f.name, type: fromField(f) }));
                this.tables = Object.entries(world.tables)
                        .filter(([full, t]) => !t.members && full.split('.')[1] !== VAULT)
                        .map(([full, t]) => ({
                                full,
                                isProtected: hasMask(t.schema),
                                columns: columnsOf(t),
                        }));
                this.views = Object.entries(world.views ?? {}).map(([full, v]) => ({
                        full,
                        isView: true,
                        columns: columnsOf(v),
                }));
                this.wildcards = Object.entries(world.tables)
                        .filter(([, t]) => t.members)
                        .map(([full, t]) => ({ full, members: t.members, columns: columnsOf(t) }));
                this.expressions = new Expressions(this);
                this.ctes = []; /* visible WITH names: [{name, columns}] */
                this.hidden =
                        new Set(); /* names of a WITH RECURSIVE, which is visible before it is written */
                this.count = 0;
        }

        fresh(prefix = 'c') {
                return `${prefix}${++this.count}`;
        }

        make(type, scope, depth = 2) {
                return this.expressions.make(type, scope, depth);
        }

        where(scope, depth, p = 0.5) {
                if (!this.rng.chance(p)) return '';
                return optional('where', ' WHERE ', this.make(scalar.BOOL, scope, depth));
        }

        /* ---- FROM ---- */

        spellTable(full) {
                const [p, d, t] = full.split('.');
                const forms = [
                        `\`${full}\``,
                        `\`${full}\``,
                        `${p}.${d}.${t}`,
                        `\`${p}\`.${d}.\`${t}\``,
                        `\`${p}.${d}\`.${t}`,
                        `${d}.${t}`,
                        `\`${d}.${t}\``,
                ];
                if (
                        d === this.world.dataset &&
                        !this.hidden.has(lower(t)) &&
                        !this.ctes.some((c) => lower(c.name) === lower(t))
                )
                        forms.push(t, t, t, `\`${t}\``);
                return this.rng.pick(forms);
        }

        pickTable() {
                if (this.views.length && this.rng.chance(0.3)) return this.rng.pick(this.views);
                const guarded = this.tables.filter((t) => t.isProtected);
                return this.rng.pick(
                        guarded.length && this.rng.chance(0.7) ? guarded : this.tables,
                );
        }

        freeAlias(used, wanted) {
                const pool = ['a', 'b', 't', 's', 'x', 'src', 'tab', 'Cust', 'grp', 'id'];
                let name = wanted && !used.has(lower(wanted)) ? wanted : this.rng.pick(pool);
                while (used.has(lower(name))) name = this.fresh('t');
                used.add(lower(name));
                return name;
        }

        table(used) {
                const { rng } = this;
                const t = this.pickTable();
                const last = t.full.split('.')[2];
                const path = this.spellTable(t.full);
                const isImplicit = !used.has(lower(last)) && rng.chance(0.4);
                const alias = isImplicit ? last : this.freeAlias(used, null);
                used.add(lower(alias));
                const as = isImplicit ? '' : rng.pick([` AS ${alias}`, ` ${alias}`]);
                const relation = { alias, columns: t.columns };
                if (isImplicit && /^`[^`]*\.[^`]*`$/.test(path)) relation.quoted = path;
                if (!t.isView && rng.chance(0.02)) {
                        const time = ' FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP()';
                        return {
                                node: n(
                                        'table',
                                        new Mention(t.full, path, {
                                                alias,
                                                isImplicit,
                                                after: as + time,
                                        }),
                                        new Both('', as),
                                ),
                                relation,
                        };
                }
                if (!t.isView && rng.chance(0.02)) {
                        const sample = `${rng.chance(0.3) ? ' FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP()' : ''} TABLESAMPLE SYSTEM (100 PERCENT)`;
                        return {
                                node: n(
                                        'table',
                                        new Mention(t.full, path, {
                                                alias,
                                                isImplicit,
                                                after: as + sample,
                                        }),
                                        new Both('', as),
                                ),
                                relation,
                        };
                }
                return {
                        node: n('table', new Mention(t.full, path, { alias, isImplicit }), as),
                        relation,
                };
        }

        unpivot(used) {
                const { rng } = this;
                const t = this.pickTable();
                const byType = new Map();
                const last = t.full.split('.')[2];
                for (const c of t.columns)
                        if (isScalar(c.type) && lower(c.name) !== lower(last))
                                byType.set(c.type.k, [...(byType.get(c.type.k) ?? []), c]);
                const sets = [...byType.values()].filter((s) => s.length > 1);
                if (!sets.length) return this.table(used);
                const inputs = rng.some(rng.pick(sets), 2, 3);
                const [value, name] = [this.fresh('val'), this.fresh('name')];
                const alias = this.freeAlias(used, null);
                const keep = t.columns.filter((c) => !inputs.includes(c));
                const nulls = rng.pick(['', '', ' INCLUDE NULLS']);
                const names = inputs.map((c) =>
                        c.name === 'order' || c.name === 'Order' ? `\`${c.name}\`` : c.name,
                );
                return {
                        node: n(
                                'table',
                                new Mention(t.full, this.spellTable(t.full), {
                                        alias: last,
                                        isImplicit: true,
                                }),
                                ` UNPIVOT${nulls}(${value} FOR ${name} IN (${names.join(', ')})) AS ${alias}`,
                        ),
                        relation: {
                                alias,
                                columns: [
                                        ...keep,
                                        { name: value, type: inputs[0].type },
                                        { name, type: scalar.STRING },
                                ],
                        },
                };
        }

        pivot(outer, used, depth) {
                const from = this.from(outer, depth, 1);
                const [key, arg] = [this.fresh('k'), this.fresh('v')];
                const [of, node] = this.expressions.any(from.scope, depth, isGroupable);
                const keep = this.rng.chance(0.5) ? [', ', from.scope.key(), ' AS kept'] : [];
                const values = ["'x'", "'y'", "'[redacted]'", "''"].slice(
                        0,
                        this.rng.between(1, 4),
                );
                const names = ['x', 'y', 'red', 'none'];
                const alias = this.freeAlias(used, null);
                const agg = this.rng.pick(['COUNT', 'ANY_VALUE', 'MAX', 'MIN']);
                const type = agg === 'COUNT' ? scalar.INT64 : of;
                return {
                        node: n(
                                'table',
                                '(SELECT ',
                                this.make(scalar.STRING, from.scope, 1),
                                ` AS ${key}, `,
                                node,
                                ` AS ${arg}`,
                                ...keep,
                                ' FROM ',
                                from.node,
                                `) PIVOT(${agg}(${arg}) FOR ${key} IN (${values.map((v, i) => `${v} AS ${names[i]}`).join(', ')})) AS ${alias}`,
                        ),
                        relation: {
                                alias,
                                columns: [
                                        ...(keep.length
                                                ? [{ name: 'kept', type: scalar.INT64 }]
                                                : []),
                                        ...values.map((v, i) => ({ name: names[i], type })),
                                ],
                        },
                };
        }

        /* A wildcard table is read by its columns: `*` beside the pseudo-column is refused. */
        wildcard(used) {
                const { rng } = this;
                const t = rng.pick(this.wildcards);
                const alias = this.freeAlias(used, null);
                const picked = rng.some(t.columns, 2, t.columns.length);
                const names = picked.map((c) => `w.\`${c.name}\``);
                const columns = [...picked];
                const hasSuffix = rng.chance(0.5);
                if (hasSuffix) {
                        names.push(`w.${SUFFIX.name} AS sfx`);
                        columns.push({ name: 'sfx', type: SUFFIX.type });
                }
                const where = optional(
                        'where',
                        rng.pick(['', ` WHERE ${SUFFIX.name} = '${rng.pick(t.members)}'`, " WHERE w.id > 1"]),
                );
                return {
                        node: n(
                                'table',
                                `(SELECT ${names.join(', ')} FROM `,
                                new Mention(t.full, `\`${t.full}\``, { alias: 'w' }),
                                ' AS w',
                                where,
                                `) AS ${alias}`,
                        ),
                        relation: { alias, columns },
                };
        }

        derived(outer, used, depth) {
                const q = this.query(outer, depth - 1);
                const alias = this.freeAlias(used, null);
                return {
                        node: n('table', '(', q.node, `) AS ${alias}`),
                        relation: { alias, columns: q.columns },
                };
        }

        unnest(scope, used) {
                const { rng } = this;
                const alias = this.freeAlias(used, this.fresh('el'));
                const arrays = scope?.paths.filter(([, t]) => t.k === 'ARRAY') ?? [];
                const relation = (e) =>
                        e.k === 'STRUCT'
                                ? { alias, columns: e.f, isElement: true }
                                : { alias, value: e };
                if (arrays.length && rng.chance(0.8)) {
                        const [path, type] = rng.pick(arrays);
                        const inner = scope.relations.some(
                                (r) => r.alias && lower(r.alias) === lower(path[0]),
                        );
                        const at = scope.write(path);
                        const offset = rng.chance(0.3) ? ` WITH OFFSET AS ${alias}o` : '';
                        const isPath = inner && path.length > 1 && rng.chance(0.5);
                        const node = n(
                                'table',
                                isPath
                                        ? `${at} AS ${alias}${offset}`
                                        : `UNNEST(${at}) AS ${alias}${offset}`,
                        );
                        const also = offset ? [{ alias: `${alias}o`, value: scalar.INT64 }] : [];
                        return { node, relation: relation(type.e), also };
                }
                const type = scalar[rng.pick(['STRING', 'INT64'])];
                return {
                        node: n(
                                'table',
                                'UNNEST(',
                                this.make(arrayOf(type), scope ?? new Scope(rng, []), 1),
                                `) AS ${alias}`,
                        ),
                        relation: relation(type),
                };
        }

        fromItem(outer, used, depth, scope) {
                const { rng } = this;
                const kinds = { table: 12, unnest: scope ? 4 : 1, unpivot: 1 };
                if (depth > 0) Object.assign(kinds, { derived: 4, pivot: 0.7 });
                if (this.ctes.length) kinds.cte = 8;
                if (this.wildcards.length) kinds.wildcard = 4;
                switch (rng.weighted(kinds)) {
                        case 'unnest':
                                return this.unnest(scope ?? outer, used);
                        case 'wildcard':
                                return this.wildcard(used);
                        case 'unpivot':
                                return this.unpivot(used);
                        case 'derived':
                                return this.derived(outer, used, depth);
                        case 'pivot':
                                return this.pivot(outer, used, depth - 1);
                        case 'cte': {
                                const c = rng.pick(this.ctes);
                                const isImplicit = !used.has(lower(c.name)) && rng.chance(0.5);
                                const alias = isImplicit ? c.name : this.freeAlias(used, null);
                                used.add(lower(alias));
                                return {
                                        node: n('table', c.name, isImplicit ? '' : ` AS ${alias}`),
                                        relation: { alias, columns: c.columns },
                                };
                        }
                        default:
                                return this.table(used);
                }
        }

        /* Columns that both sides have under one name and type: for USING. */
        common(left, right, aliases) {
                const names = (cols) => cols.map((c) => lower(c.name ?? ''));
                const [l, r] = [names(left), names(right)];
                const once = (all, x) => all.indexOf(x) === all.lastIndexOf(x);
                return left.filter((c, i) => {
                        const k = r.indexOf(l[i]);
                        return (
                                c.name &&
                                !aliases.includes(l[i]) &&
                                k >= 0 &&
                                once(l, l[i]) &&
                                once(r, l[i]) &&
                                isGroupable(c.type) &&
                                text(c.type) === text(right[k].type)
                        );
                });
        }

        from(outer, depth, most = 3) {
                const { rng } = this;
                const used = new Set();
                const first = this.fromItem(outer, used, depth, null);
                const relations = [first.relation, ...(first.also ?? [])];
                const parts = [first.node];
                let merged = [];
                const more = rng.weighted([
                        [0, 6],
                        [1, 3],
                        [2, 1],
                ]);
                for (let i = 0; i < Math.min(more, most - 1); i++) {
                        const scope = new Scope(rng, [...relations], { outer, merged });
                        const item = this.fromItem(outer, used, depth - 1, scope);
                        const isArray = Boolean(item.relation.value || item.relation.isElement);
                        let how = rng.weighted(
                                isArray
                                        ? {
                                                  ', ': 3,
                                                  ' CROSS JOIN ': 2,
                                                  ' LEFT JOIN ': 1,
                                                  ' JOIN ': 1,
                                          }
                                        : JOINS,
                        );
                        /* behind a comma these need parentheses */
                        if (/RIGHT|FULL/.test(how) && parts.some((p) => p.parts[0] === ', '))
                                how = ' LEFT JOIN ';
                        const both = [...relations, item.relation, ...(item.also ?? [])];
                        let on = '';
                        if (!/CROSS|,/.test(how)) {
                                const shared =
                                        !isArray &&
                                        i === 0 &&
                                        relations.length === 1 &&
                                        !relations[0].value
                                                ? this.common(
                                                          relations[0].columns,
                                                          item.relation.columns,
                                                          both.map((r) => lower(r.alias ?? '')),
                                                  )
                                                : [];
                                if (shared.length && rng.chance(0.5)) {
                                        merged = rng.some(shared, 1, Math.min(2, shared.length));
                                        on = ` USING (${merged.map((c) => scope.spell(c.name)).join(', ')})`;
                                } else {
                                        const at = new Scope(rng, both, { outer, merged });
                                        on = n('on', ' ON ', this.make(scalar.BOOL, at, 1));
                                }
                        }
                        parts.push(new Node('join', [how, item.node, on], { isOptional: true }));
                        relations.push(item.relation, ...(item.also ?? []));
                }
                return {
                        node: new Node('from', parts),
                        scope: new Scope(rng, relations, { outer, merged }),
                };
        }
}

module.exports = { From };
