/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * canary/scripts: straight-line scripts, and how they are run statement by statement.
 *
 * Variables are fed from the tables, temporary tables are made, filled and read, stored tables
 * are written to and read back. A step is a node whose sort says what it is: "step declare v1",
 * "step temp t1"; cutting keeps that. To the engine a variable is a named constant, which a
 * column of the same name comes before, as in BigQuery, and a temporary table a table.
 */
const { Both, Mention, Node, engineText, join, n } = require('./tree');
const { Scope } = require('./scope');
const { hasMask } = require('./world');
const { KEYED, insert, remove, update } = require('./writes');
const { arrayOf, scalar, text } = require('./types');

const TYPES = 'STRING STRING STRING INT64 INT64 BYTES BOOL DATE FLOAT64 NUMERIC'.split(' ');
const END = new Both(';\n', '');

/* ---- making one ---- */

class Script {
        constructor(q) {
                this.q = q;
                this.rng = q.rng;
                this.steps = [];
                this.variables = [];
                this.temps = [];
                /* a view's rows would be those from before a write */
                q.views = [];
        }

        scope() {
                return new Scope(this.rng, [{ alias: null, columns: [...this.variables] }]);
        }

        add(sort, ...parts) {
                this.steps.push(new Node(`step ${sort}`, [...parts, END], { isOptional: true }));
        }

        value(type) {
                const { q } = this;
                return this.rng.chance(0.75)
                        ? q.subquery(type, this.scope(), 1)
                        : [q.make(type, this.scope(), 2)];
        }

        declare() {
                const base = scalar[this.rng.pick(TYPES)];
                const isList = this.rng.chance(0.15);
                const type = isList ? arrayOf(base) : base;
                const name = `var${this.variables.length + 1}`;
                const value = isList ? this.q.arrayQuery(base, this.scope(), 1) : this.value(base);
                const head = new Both(`DECLARE ${name} ${text(type)} DEFAULT `, 'SELECT ');
                this.add(`declare ${name}`, head, ...value);
                this.variables.push({ name, type });
        }

        set() {
                const v = this.rng.pick(this.variables);
                const value =
                        v.type.k === 'ARRAY'
                                ? this.q.arrayQuery(v.type.e, this.scope(), 1)
                                : this.value(v.type);
                this.add(`declare ${v.name}`, new Both(`SET ${v.name} = `, 'SELECT '), ...value);
        }

        rows(types, names) {
                const { q, rng } = this;
                const from = q.from(this.scope(), 1, 2);
                const items = types.map((t, i) =>
                        n('item', q.make(t, from.scope, 2), ` AS ${names[i]}`),
                );
                return [
                        'SELECT ',
                        ...join(items, ', '),
                        ' FROM ',
                        from.node,
                        q.where(from.scope, 1, rng.chance(0.5) ? 1 : 0),
                ];
        }

        temp() {
                const name = `temp${this.temps.length + 1}`;
                const types = Array.from(
                        { length: this.rng.between(1, 4) },
                        () => scalar[this.rng.pick(TYPES)],
                );
                const columns = types.map((type, i) => ({ name: `col${i + 1}`, type }));
                const body = this.rows(types, columns.map((c) => c.name));
                this.add(`temp ${name}`, new Both(`CREATE TEMP TABLE ${name} AS `, ''), ...body);
                this.temps.push({ name, columns });
                this.q.ctes = [...this.q.ctes, { name, columns }];
        }

        into() {
                const t = this.rng.pick(this.temps);
                const names = t.columns.map((c) => c.name);
                const body = this.rows(t.columns.map((c) => c.type), names);
                this.add(`into ${t.name}`, `INSERT INTO ${t.name} (${names.join(', ')}) `, ...body);
        }

        /* Of tables that are protected nothing is read back here: writes.js compares those. */
        write() {
                const { q } = this;
                const made = this.rng.pick([insert, insert, update, remove])(q);
                if (hasMask(q.world.tables[made.target].schema)) return this.select();
                this.add(`dml ${made.target}`, ...made.node.parts);
                const path = q.spellTable(made.target);
                const mention = new Mention(made.target, path, { alias: 'back' });
                this.add('select', 'SELECT * FROM ', mention, ' AS back');
        }

        select() {
                this.add('select', this.q.query(this.scope(), 1).node);
        }
}

function script(q) {
        const s = new Script(q);
        for (let i = q.rng.between(1, 3); i > 0; i--) s.declare();
        for (let i = q.rng.between(1, 4); i > 0; i--) {
                const kinds = { set: 2, temp: 3, select: 3, write: 2 };
                if (s.temps.length) kinds.into = 2;
                s[q.rng.weighted(kinds)]();
        }
        s.select();
        return { node: new Node('script', s.steps), kind: 'script' };
}

/* ---- running one ---- */

function apply(rows, changes) {
        const key = (c) => c.old_primary_key?.[0]?.int64_value;
        const inserted = changes.filter((c) => c.operation === 'INSERT').map((c) => ({ cell: c.cell }));
        const touched = new Map(
                changes.filter((c) => c.operation !== 'INSERT').map((c) => [key(c), c]),
        );
        const kept = rows.flatMap((row) => {
                const c = touched.get(row.cell[0].int64_value);
                if (!c) return [row];
                return c.operation === 'DELETE' ? [] : [{ cell: c.cell }];
        });
        return [...kept, ...inserted];
}

/* Runs the script over a catalogue; `sent`: what mentions became. Gives the answers of its
 * steps, up to the first that fails. */
async function runScript(runner, catalog, tree, sent, params) {
        const state = { constants: {}, tables: {} }; /* name → {column, row} */
        const answers = [];
        let derived = catalog;
        for (const step of tree.parts) {
                if (!(step instanceof Node)) continue; /* cut */
                const [, what, name] = step.sort.split(' ');
                const sql = engineText(step, sent);
                const kind = what === 'into' || what === 'dml' ? 'modify' : 'query';
                const r = await runner.run(kind, sql, derived, params, { isAlone: true });
                answers.push(r);
                if (!r.ok) break;
                if (what === 'select') continue;
                const { content, prepared } = runner.decode(r);
                const rows = content?.table_data?.row ?? [];
                if (what === 'declare')
                        state.constants[name] = {
                                type: prepared.columns[0].type,
                                value: rows[0].cell[0],
                        };
                else if (what === 'temp')
                        state.tables[name] = {
                                column: prepared.columns.map((c) => ({ name: c.name, type: c.type })),
                                row: rows,
                        };
                else {
                        const before = state.tables[name] ?? (await runner.table(catalog, name));
                        const row = apply(before.row, content ?? []);
                        state.tables[name] = { ...before, row };
                        if (what === 'dml')
                                state.tables[KEYED + name] = { ...state.tables[name], isKeyed: true };
                }
                if (derived !== catalog) await runner.drop(derived);
                derived = runner.derive(catalog, state);
        }
        if (derived !== catalog) await runner.drop(derived);
        return answers;
}

module.exports = { runScript, script };
