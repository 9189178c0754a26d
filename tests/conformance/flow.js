/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * conformance/flow: which stored columns reach a column of a resolved statement.
 *
 * Works on the engine's resolved tree, where every column has a number: what defines a
 * number is another number or a column of a table. Only flows that are certain count
 * (arguments of calls, fields, elements, set operations by position, WITH by position);
 * conditions of joins and filters, groups, windows and the order inside an aggregate do
 * not. So the answer is a lower bound: what it holds must be in anybody's lineage.
 */

/* Below these keys a column decides, but its value is not what comes out. */
const NOT_VALUES = new Set([
        'order_by_item_list',
        'having_modifier',
        'limit',
        'hint_list',
        'option_list',
        'parameter_list',
        'type',
        'column_list',
]);

/* The tree wraps a node in one `…_node` key for each base class. */
function unwrap(node) {
        for (let n = node; n; ) {
                const keys = Object.keys(n);
                if (keys.length !== 1 || !keys[0].endsWith('_node')) return n;
                n = n[keys[0]];
        }
        return {};
}

function inherited(node, field) {
        for (let n = node; n; n = n.parent) if (n[field] !== undefined) return n[field];
        return undefined;
}

const tableName = (table) => table.full_name || table.name;
const isNode = (x) => x && typeof x === 'object' && !Buffer.isBuffer(x);
const columnsOf = (scan) => inherited(unwrap(scan), 'column_list') ?? [];

/* The column of `c`, `c.a`, `c.a.b`…; null for any other expression. */
function pathOf(any) {
        const node = unwrap(any);
        if (node.column && !node.expr) return { id: node.column.column_id, isField: false };
        if (node.field_idx === undefined || !node.expr) return null;
        const base = pathOf(node.expr);
        return base && { id: base.id, isField: true };
}

class Flow {
        constructor(statement) {
                /* column number → [{id, isField, isSame}]: `isSame` when the value is passed
                 * on as it is. A field is followed through those only: which part of a
                 * constructed value it is would have to be known otherwise. */
                this.from = new Map();
                this.withQueries = new Map();
                this.define(statement);
        }

        add(column, edges) {
                const id = column.column_id;
                this.from.set(id, [...(this.from.get(id) ?? []), ...edges]);
        }

        addExpression(column, expr) {
                const path = pathOf(expr);
                this.add(column, path ? [{ ...path, isSame: true }] : this.values(expr));
        }

        /* The columns in an expression. Of a subquery only what it gives back. */
        values(node, into = []) {
                if (Array.isArray(node)) {
                        for (const n of node) this.values(n, into);
                } else if (isNode(node)) {
                        const path = pathOf(node);
                        if (path) into.push(path);
                        if (path || node.field_idx !== undefined) return into;
                        if (node.subquery) {
                                for (const c of columnsOf(node.subquery))
                                        into.push({ id: c.column_id });
                                return this.values(node.in_expr, into);
                        }
                        for (const [key, value] of Object.entries(node))
                                if (!NOT_VALUES.has(key)) this.values(value, into);
                }
                return into;
        }

        byPosition(columns, sources) {
                columns.forEach(
                        (c, i) =>
                                sources[i] &&
                                this.add(c, [{ id: sources[i].column_id, isSame: true }]),
                );
        }

        define(node) {
                if (Array.isArray(node)) {
                        for (const n of node) this.define(n);
                        return;
                }
                if (!isNode(node)) return;
                const columns = inherited(node, 'column_list') ?? [];
                if (node.table && node.column_index_list !== undefined)
                        for (const c of columns)
                                this.add(c, [{ stored: `${tableName(node.table)}.${c.name}` }]);
                if (node.column?.column_id !== undefined && node.expr)
                        this.addExpression(node.column, node.expr);
                if (node.element_column) this.addExpression(node.element_column, node.array_expr);
                for (const item of [
                        ...(node.input_item_list ?? []),
                        node.non_recursive_term,
                        node.recursive_term,
                ])
                        if (item) this.byPosition(columns, item.output_column_list ?? []);
                for (const entry of node.with_entry_list ?? [])
                        this.withQueries.set(entry.with_query_name, columnsOf(entry.with_subquery));
                for (const value of Object.values(node)) this.define(value);
                if (node.with_query_name && !node.with_subquery)
                        this.byPosition(columns, this.withQueries.get(node.with_query_name) ?? []);
        }

        /* Sorted "table.column" that reach the column. */
        sources(column) {
                const found = new Set();
                const seen = new Set();
                const queue = [{ id: column.column_id, isField: false }];
                while (queue.length) {
                        const at = queue.pop();
                        const key = `${at.id} ${at.isField}`;
                        if (seen.has(key)) continue;
                        seen.add(key);
                        for (const e of this.from.get(at.id) ?? []) {
                                if (e.stored) found.add(e.stored);
                                else if (e.isSame || !at.isField)
                                        queue.push({
                                                id: e.id,
                                                isField: at.isField || Boolean(e.isField),
                                        });
                        }
                }
                return [...found].sort();
        }
}

module.exports = { Flow, unwrap, inherited };
