/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * sandbox/refs: what a parsed statement is and which names in it are tables.
 *
 * Works only on the tree that the engine's Parse returns; positions are byte
 * offsets into the text that was parsed.
 */

/* The tree wraps a node of class C in one `<base>_node` key per base class of C. */
function unwrap(node) {
        let key = '';
        for (;;) {
                const keys = Object.keys(node);
                if (keys.length !== 1 || !keys[0].endsWith('_node'))
                        return { key, node };
                key = keys[0];
                node = node[key];
        }
}

function rangeOf(node) {
        for (let n = node; n; n = n.parent)
                if (n.parse_location_range)
                        return {
                                start: n.parse_location_range.start ?? 0,
                                end: n.parse_location_range.end ?? 0,
                        };
        throw new Error('a syntax tree node without a position');
}

const KINDS = {
        ast_query_statement_node: 'SELECT',
        ast_insert_statement_node: 'INSERT',
        ast_update_statement_node: 'UPDATE',
        ast_delete_statement_node: 'DELETE',
        ast_merge_statement_node: 'MERGE',
        ast_truncate_statement_node: 'TRUNCATE_TABLE',
        ast_create_schema_statement_node: 'CREATE_SCHEMA',
        ast_create_view_statement_node: 'CREATE_VIEW',
        ast_alter_table_statement_node: 'ALTER_TABLE',
};

function kindOf(key, node) {
        if (key === 'ast_create_table_statement_node')
                return node.query ? 'CREATE_TABLE_AS_SELECT' : 'CREATE_TABLE';
        if (key === 'ast_drop_statement_node')
                return `DROP_${String(node.schema_object_kind)
                        .replace(/^k/, '')
                        .replace(/([a-z])([A-Z])/g, '$1_$2')
                        .toUpperCase()}`;
        return (
                KINDS[key] ??
                key.replace(/^ast_|(_statement)?_node$/g, '').toUpperCase()
        );
}

/* A CREATE's base classes hold what this module needs (name, IF NOT EXISTS): looks
 * for `field` along the parents. */
function inherited(node, field) {
        for (let n = node; n; n = n.parent) if (n[field] !== undefined) return n[field];
        return undefined;
}

function statements(parsed) {
        const list = parsed.parsed_statement
                ? [parsed.parsed_statement]
                : (parsed.parsed_script?.statement_list_node?.statement_list ?? []);
        return list.map((any) => {
                const { key, node } = unwrap(any);
                return { kind: kindOf(key, node), node, ...rangeOf(node) };
        });
}

const segments = (path) => path.names.map((n) => n.id_string);
const isDml = (kind) =>
        ['INSERT', 'UPDATE', 'DELETE', 'MERGE', 'TRUNCATE_TABLE'].includes(kind);

class Collector {
        constructor(known) {
                this.known =
                        known; /* segments joined with NUL: names that are tables somewhere */
                this.refs = [];
                this.calls = [];
                this.names = []; /* first names of paths in expressions */
                this.unnamed = new Set(); /* where those begin that name their column */
                this.questions =
                        []; /* positional parameters, in the order of the text */
        }

        path(path, ctes, more) {
                const names = segments(path);
                if (names.length === 1 && ctes.has(names[0].toLowerCase())) return;
                if (!more.target && !this.known.has(names.join('\0')))
                        return; /* a correlated array: `t.phones` */
                this.refs.push({ ...rangeOf(path), names, ...more });
        }

        walk(node, ctes) {
                if (Array.isArray(node)) {
                        for (const n of node) this.walk(n, ctes);
                        return;
                }
                if (!node || typeof node !== 'object' || Buffer.isBuffer(node)) return;
                if (node.with_clause) ctes = this.withClause(node.with_clause, ctes);
                for (const c of Array.isArray(node.columns) ? node.columns : [])
                        if (c.expression && !c.alias)
                                this.unnamed.add(unwrap(c.expression).node.names?.[0]);
                for (const [key, value] of Object.entries(node)) {
                        if (key === 'parent' || key === 'with_clause') continue;
                        if (key === 'ast_table_path_expression_node' && value.path_expr)
                                this.path(value.path_expr, ctes, {
                                        hasAlias: Boolean(value.alias),
                                });
                        if (key === 'ast_function_call_node' && value.function)
                                this.calls.push({
                                        name: segments(value.function)
                                                .join('.')
                                                .toLowerCase(),
                                        path: segments(value.function).join('.'),
                                        arguments: (value.arguments ?? []).map((a) =>
                                                rangeOf(unwrap(a).node),
                                        ),
                                        ...rangeOf(value),
                                });
                        if (key === 'ast_path_expression_node' && value.names)
                                this.names.push({
                                        ...rangeOf(value.names[0]),
                                        name: value.names[0].id_string,
                                        isColumn: this.unnamed.has(value.names[0]),
                                });
                        if (key === 'ast_parameter_expr_node' && !value.name)
                                this.questions.push({
                                        ...rangeOf(value),
                                        position: value.position,
                                });
                        this.walk(value, ctes);
                }
        }

        /* Returns the names visible after the clause; each entry sees the ones before it. */
        withClause(clause, ctes) {
                const seen = new Set(ctes);
                const entries = clause.with ?? [];
                const name = (e) =>
                        (
                                e.alias?.id_string ??
                                e.alias?.identifier?.id_string ??
                                ''
                        ).toLowerCase();
                if (clause.recursive) entries.forEach((e) => seen.add(name(e)));
                for (const e of entries) {
                        this.walk({ query: e.query }, seen);
                        seen.add(name(e));
                }
                return seen;
        }
}

function pathOf(any) {
        const { node } = unwrap(any);
        return node.names ? node : null;
}

/* `names` is the answer of ExtractTableNamesFromStatement for the same statement. */
function references(stmt, names) {
        const known = new Set(
                (names.table_name ?? []).map((t) =>
                        (t.table_name_segment ?? []).join('\0'),
                ),
        );
        const c = new Collector(known);
        if (isDml(stmt.kind) && stmt.node.target_path) {
                const path = pathOf(stmt.node.target_path);
                if (path)
                        c.path(path, new Set(), {
                                target: true,
                                hasAlias: Boolean(stmt.node.alias),
                        });
        }
        c.walk(stmt.node, new Set());
        return { refs: c.refs, calls: c.calls, names: c.names, questions: c.questions };
}

/* How many positional parameters the statements have. */
function countQuestions(stmts) {
        const c = new Collector(new Set());
        stmts.forEach((stmt) => c.walk(stmt.node, new Set()));
        return c.questions.length;
}

module.exports = {
        countQuestions,
        unwrap,
        rangeOf,
        inherited,
        statements,
        references,
        segments,
        isDml,
};
