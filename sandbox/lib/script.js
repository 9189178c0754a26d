/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * sandbox/script: runs a script of several statements, one after the other.
 *
 * DECLARE, SET and temporary tables are carried out here; a variable is a parameter to the
 * engine, which knows no scripts. Branches, loops and handlers are not implemented. A
 * variable must not be called as a column is: in BigQuery the column would win.
 */
const crypto = require('node:crypto');
const { rangeOf, unwrap } = require('./refs');
const types = require('./types');
const { quoteName } = require('./text');
const { variableName } = require('./variables');
const { invalidQuery, unsupported } = require('./errors');

const VARIABLES = ['VARIABLE_DECLARATION', 'SINGLE_ASSIGNMENT'];

const isScript = (list) => list.length > 1 || VARIABLES.includes(list[0].kind);

/* Names that only this script knows. */
class Scope {
        constructor(project) {
                this.variables = new Map(); /* name in lower case → {type, value} */
                this.temps = new Map(); /* name → full name */
                this.dataset = `${project}._script${crypto.randomBytes(20).toString('hex')}`;
        }

        params() {
                return [...this.variables].map(([name, { type, value }]) => ({
                        name: variableName(name),
                        type,
                        value,
                }));
        }
}

/* Line and column, from 1, of a byte of the text. */
function place(whole, offset) {
        const before = whole.subarray(0, offset).toString('utf8').split('\n');
        return { line: before.length, column: before[before.length - 1].length + 1 };
}

function frame(whole, { start, end }) {
        const from = place(whole, start);
        const to = place(whole, end);
        return {
                startLine: from.line,
                startColumn: from.column,
                endLine: to.line,
                endColumn: to.column,
                text: whole.subarray(start, end).toString('utf8'),
        };
}

class Script {
        constructor(runner, parsed, ctx) {
                Object.assign(this, { runner, parsed, ctx });
                this.scope = new Scope(ctx.project);
                this.ran = [];
                this.outcome = {};
        }

        context() {
                const query = this.ctx.query ?? {};
                return {
                        ...this.ctx,
                        scope: this.scope,
                        query: {
                                ...query,
                                params: [...(query.params ?? []), ...this.scope.params()],
                        },
                };
        }

        async run() {
                try {
                        for (let i = 0; i < this.parsed.list.length; i++)
                                await this.step(i);
                } finally {
                        for (const full of this.scope.temps.values())
                                this.runner.store.drop(full);
                        this.runner.store.datasets.delete(this.scope.dataset);
                }
                return { stmts: this.ran, outcome: this.outcome };
        }

        async step(i) {
                const { kind, node } = this.parsed.list[i];
                if (VARIABLES.includes(kind)) return this.assign(i, node);
                const stmt = await this.runner.planner.plan(
                        this.parsed,
                        i,
                        this.context(),
                );
                const did = await this.runner.runOne(stmt, this.context());
                this.tell(i, 'STATEMENT', stmt, did);
                if (did.rows) this.outcome = did;
        }

        tell(i, evaluationKind, stmt, did) {
                this.ran.push(stmt);
                this.ctx.onChild?.({
                        result: this.runner.summary({ isScript: false }, [stmt], did),
                        script: {
                                evaluationKind,
                                stackFrames: [frame(this.parsed.whole, this.parsed.list[i])],
                        },
                });
        }

        textOf(node) {
                const { start, end } = rangeOf(unwrap(node).node);
                return this.parsed.whole.subarray(start, end).toString('utf8');
        }

        async assign(i, node) {
                const names = node.variable
                        ? [node.variable.id_string]
                        : node.variable_list.identifier_list.map((n) => n.id_string);
                const given = node.expression ?? node.default_value;
                const known = this.scope.variables.get(names[0].toLowerCase());
                if (node.variable && !known)
                        throw invalidQuery(`Undeclared variable: ${names[0]}`);
                const type = node.type ? this.textOf(node.type) : known?.sqlType;
                let text = given ? this.textOf(given) : 'NULL';
                if (type) text = `CAST(${text} AS ${type})`;
                const { columns, rows } = await this.evaluate(i, text, Boolean(given));
                const value = {
                        type: types.toEngine(columns.types[0]),
                        value: rows[0][0],
                        sqlType: type,
                };
                for (const name of names)
                        this.scope.variables.set(name.toLowerCase(), value);
        }

        /* An expression that reads a table is a child job of its own. */
        async evaluate(i, text, isGiven) {
                const { planner } = this.runner;
                const parsed = await planner.parse(`SELECT ${text} AS ${quoteName('v')}`);
                const stmt = await planner.plan(parsed, 0, this.context());
                if (stmt.kind !== 'SELECT') throw unsupported('this expression');
                const did = await this.runner.select(stmt, stmt.render(), this.context());
                if (isGiven && stmt.tables.size > 0)
                        this.tell(i, 'EXPRESSION', stmt, did);
                return did;
        }
}

/* As far as it can be planned before it has run. */
async function planAhead(runner, parsed, ctx) {
        const scope = new Scope(ctx.project);
        const stmts = [];
        for (let i = 0; i < parsed.list.length; i++) {
                if (VARIABLES.includes(parsed.list[i].kind)) break;
                try {
                        stmts.push(await runner.planner.plan(parsed, i, { ...ctx, scope }));
                } catch (e) {
                        if (i === 0) throw e;
                        break;
                }
        }
        return stmts;
}

module.exports = { Script, isScript, planAhead };
