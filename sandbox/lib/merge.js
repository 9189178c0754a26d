/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * sandbox/merge: a MERGE as the UPDATE, DELETE and INSERT statements it stands for.
 *
 * The engine does not evaluate MERGE. Each WHEN clause becomes one statement over the
 * same target and source, restricted to the rows that no earlier clause of its kind
 * has taken; together they touch every row at most once, as MERGE does.
 */
const { rangeOf, unwrap } = require('./refs');
const { mirrorName } = require('./store');
const { quoteName, splice } = require('./text');
const { unsupported } = require('./errors');

function mergeParts(stmt) {
        const node = stmt.node;
        const piece = (n) => stmt.fragment(rangeOf(n)).text;
        const targetEdit = stmt.edits.find((e) => e.isTarget);
        const alias = quoteName(
                node.alias ? node.alias.identifier.id_string : targetEdit.alias,
        );
        const plain = `${quoteName(stmt.target)} AS ${alias}`;
        const target = `${quoteName(mirrorName(stmt.target))} AS ${alias}`;
        const source = piece(unwrap(node.table_expression).node);
        const on = piece(unwrap(node.merge_condition).node);
        const taken = {
                MATCHED: [],
                NOT_MATCHED_BY_TARGET: [],
                NOT_MATCHED_BY_SOURCE: [],
        };
        return (node.when_clauses.clause_list ?? []).map((when) => {
                const earlier = taken[when.match_type];
                if (!earlier) throw unsupported(`MERGE with ${when.match_type}`);
                const mine = when.search_condition
                        ? piece(unwrap(when.search_condition).node)
                        : 'TRUE';
                const rows = [
                        `(${mine})`,
                        ...earlier.map((c) => `NOT IFNULL((${c}), FALSE)`),
                ].join(' AND ');
                earlier.push(mine);
                const text = clause(when, {
                        piece,
                        target,
                        plain,
                        source,
                        on,
                        rows,
                        stmt,
                });
                return splice(Buffer.from(text), []);
        });
}

function clause(when, { piece, target, plain, source, on, rows, stmt }) {
        const { action } = when;
        const set = action.update_item_list && piece(action.update_item_list);
        const bySource = when.match_type === 'NOT_MATCHED_BY_SOURCE';
        const none = `NOT EXISTS (SELECT 1 FROM ${source} WHERE ${on})`;
        switch (action.action_type) {
                case 'UPDATE':
                        return bySource
                                ? `UPDATE ${target} SET ${set} WHERE ${none} AND ${rows}`
                                : `UPDATE ${target} SET ${set} FROM ${source} WHERE (${on}) AND ${rows}`;
                case 'DELETE':
                        return bySource
                                ? `DELETE FROM ${target} WHERE ${none} AND ${rows}`
                                : `DELETE FROM ${target} WHERE EXISTS (SELECT 1 FROM ${source} ` +
                                          `WHERE (${on}) AND ${rows})`;
                case 'INSERT':
                        return insert(action, { piece, plain, source, on, rows, stmt });
                default:
                        throw unsupported(`MERGE with ${action.action_type}`);
        }
}

function insert(action, { piece, plain, source, on, rows, stmt }) {
        const columns = action.insert_column_list
                ? piece(action.insert_column_list)
                : '';
        const values = action.insert_row?.values;
        const shown = values?.length
                ? values.map((v) => piece(unwrap(v).node)).join(', ')
                : '*';
        return (
                `INSERT INTO ${quoteName(stmt.target)} ${columns} SELECT ${shown} FROM ${source} ` +
                `WHERE NOT EXISTS (SELECT 1 FROM ${plain} WHERE ${on}) AND ${rows}`
        );
}

module.exports = { mergeParts };
