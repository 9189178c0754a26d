/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * canary/views: views and wildcard tables over the tables of a world.
 *
 * A view is {schema, query, engine, below, isMaterialized, isThrough}: `query` names tables by
 * one pair of backquotes, which both the gate and the engine read; in `engine` views that it
 * reads are written out. In the engine's catalogue a view is a table with the rows that its
 * query gives there, raw ones too: a view that the gate does not look into is seen to leak.
 * A wildcard table `p.d.t_*` has the rows of its members, and a pseudo-column; which of them
 * has the masks is drawn: any one must do.
 */
const { scalar } = require('./types');

const VAULT = 'vault'; /* tables there are read through authorised views only */
const SCALAR = (f) => f.type !== 'RECORD' && f.mode !== 'REPEATED';
const ORDERED = (f) => SCALAR(f) && f.type !== 'JSON';
const quote = (name) => `\`${name}\``;

/* A field as a view shows it: nothing of it is REQUIRED, and it has no mask of its own. */
function shown(f, name = f.name) {
        const { mask, ...plain } = f;
        const fields = f.fields && { fields: f.fields.map((x) => shown(x)) };
        return { ...plain, ...fields, name, mode: f.mode === 'REQUIRED' ? 'NULLABLE' : f.mode };
}

const FORMS = {
        some(rng, t) {
                const columns = rng.some(t.schema, 2, t.schema.length);
                const has = (name) => t.schema.some((f) => f.name === name);
                const where = rng.pick([
                        '',
                        has('grp') ? " WHERE t.grp = 'x'" : '',
                        has('id') ? ' WHERE t.id > 1' : '',
                ]);
                return {
                        head: `SELECT ${columns.map((f, i) => `t.${quote(f.name)}${i % 2 ? ` AS ${quote(`v_${f.name}`)}` : ''}`).join(', ')} FROM `,
                        tail: ` AS t${where}`,
                        schema: columns.map((f, i) => shown(f, i % 2 ? `v_${f.name}` : f.name)),
                };
        },
        star: (rng, t) => ({
                head: 'SELECT * FROM ',
                tail: ' AS t',
                schema: t.schema.map((f) => shown(f)),
        }),
        except(rng, t) {
                const gone = rng.pick(t.schema.slice(1));
                return {
                        head: `WITH c AS (SELECT t.* EXCEPT (${quote(gone.name)}) FROM `,
                        tail: ' AS t) SELECT * FROM c',
                        schema: t.schema.filter((f) => f !== gone).map((f) => shown(f)),
                };
        },
        grouped(rng, t) {
                const [of] = rng.some(t.schema.filter(ORDERED), 1, 1);
                return {
                        head: `SELECT t.grp, COUNT(*) AS n, MAX(t.${quote(of.name)}) AS top FROM `,
                        tail: ' AS t GROUP BY t.grp',
                        schema: [
                                { name: 'grp', type: 'STRING', mode: 'NULLABLE' },
                                { name: 'n', type: 'INTEGER', mode: 'NULLABLE' },
                                shown(of, 'top'),
                        ],
                };
        },
        filtered(rng, t) {
                const [by] = rng.some(t.schema.filter(ORDERED), 1, 1);
                return {
                        head: 'SELECT t.id, TO_JSON_STRING(t) AS whole FROM ',
                        tail: ` AS t WHERE t.${quote(by.name)} IS NOT NULL`,
                        schema: [
                                { name: 'id', type: 'INTEGER', mode: 'NULLABLE' },
                                { name: 'whole', type: 'STRING', mode: 'NULLABLE' },
                        ],
                };
        },
        elements(rng, t) {
                const lists = t.schema.filter((f) => f.mode === 'REPEATED');
                if (!lists.length) return FORMS.some(rng, t);
                const of = rng.pick(lists);
                return {
                        head: 'SELECT t.id, e AS element FROM ',
                        tail: ` AS t, UNNEST(t.${quote(of.name)}) AS e`,
                        schema: [
                                { name: 'id', type: 'INTEGER', mode: 'NULLABLE' },
                                { ...shown(of, 'element'), mode: 'NULLABLE' },
                        ],
                };
        },
};

/* One view over a table or a view of the world. */
function view(rng, world, full, source, isThrough) {
        const form = FORMS[rng.weighted({ some: 3, star: 2, except: 2, grouped: 2, filtered: 1, elements: 2 })];
        const has = (name) => source.schema.some((f) => f.name === name);
        const isWhole = has('id') && has('grp') && source.schema.length > 2;
        const { head, tail, schema } = (isWhole ? form : FORMS.star)(rng, source);
        const below = source.query ? source.below : full;
        return {
                schema,
                query: head + quote(full) + tail,
                engine: head + (source.query ? `(${source.engine})` : quote(full)) + tail,
                below,
                isThrough,
                isMaterialized: rng.chance(0.3),
        };
}

function addViews(rng, world, vault) {
        world.views = {};
        const tables = Object.entries(world.tables).filter(([, t]) => !t.members);
        const n = rng.between(1, 3);
        for (let i = 1; i <= n; i++) {
                const views = Object.entries(world.views);
                const isThrough = Boolean(vault) && i === 1;
                const [full, source] = isThrough
                        ? vault
                        : views.length && rng.chance(0.35)
                          ? rng.pick(views)
                          : rng.pick(tables.filter(([f]) => f.split('.')[1] !== VAULT));
                const name = `${world.project}.${rng.pick(['crm', 'web'])}.view_${i}`;
                world.views[name] = view(
                        rng,
                        world,
                        full,
                        source,
                        isThrough || Boolean(source.isThrough),
                );
        }
}

/* Makes one table of the world into a wildcard table: its rows are dealt to members. */
function addWildcard(rng, world, full) {
        const t = world.tables[full];
        const members = ['2024', '2025', '2026'].slice(rng.int(2));
        delete world.tables[full];
        const of = t.rows.a.map(() => rng.pick(members));
        const order = [...of.keys()].sort((x, y) => of[x].localeCompare(of[y]) || x - y);
        world.tables[`${full}_*`] = {
                schema: t.schema,
                rows: { a: order.map((i) => t.rows.a[i]), b: order.map((i) => t.rows.b[i]) },
                members,
                suffixes: order.map((i) => of[i]),
                masked: rng.some(members, 1, members.length), /* members that the policy names */
        };
}

const SUFFIX = { name: '_TABLE_SUFFIX', type: scalar.STRING };

module.exports = { SUFFIX, VAULT, addViews, addWildcard };
