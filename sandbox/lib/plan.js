/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * sandbox/plan: what a query means before it is run.
 *
 * Parses a script, resolves each statement's tables, splices every reference to the
 * one-identifier name the engine's catalogue has, and asks the engine to analyse it:
 * statement type, output schema, tables and bytes. This is the whole of a dry run.
 */
const {
        countQuestions,
        inherited,
        isDml,
        rangeOf,
        references,
        segments,
        statements,
} = require('./refs');
const { fullName, positionalName, resolve } = require('./names');
const { mapMessage, quoteName, splice } = require('./text');
const { mirrorName } = require('./store');
const { variableName } = require('./variables');
const routines = require('./routines');
const types = require('./types');
const { ApiError, invalid, invalidQuery, unsupported } = require('./errors');

const MAX_SQL_BYTES = 1024 * 1024; /* BigQuery's limit on unresolved GoogleSQL text */
const MAX_VIEW_DEPTH = 16; /* BigQuery's limit on nested views */
const ANALYSED = [
        'SELECT',
        'INSERT',
        'UPDATE',
        'DELETE',
        'MERGE',
        'CREATE_TABLE',
        'CREATE_TABLE_AS_SELECT',
];
const NO_ENGINE = [
        'TRUNCATE_TABLE',
        'DROP_TABLE',
        'DROP_VIEW',
        'DROP_SCHEMA',
        'CREATE_SCHEMA',
        'ALTER_TABLE',
        'CREATE_VIEW',
];

const MIB = 1048576;
const MIN_BILLED =
        10 * MIB; /* BigQuery bills at least 10 MB for each table a query reads */

class Statement {
        constructor(base, kind, node, source, whole) {
                Object.assign(this, { base, kind, node, source, whole });
                this.tables = new Map();
                this.routines = new Map();
                this.bytes = 0;
        }

        /* Text for the engine; with `mirror` the DML target is its row-numbered copy. */
        render({ mirror = false } = {}) {
                return splice(
                        this.source,
                        this.edits.map((e) =>
                                mirror && e.mirrorText
                                        ? { ...e, text: e.mirrorText }
                                        : e,
                        ),
                );
        }

        /* A part of the statement, references spliced, as a rendering of its own. */
        fragment({ start, end }) {
                const edits = this.edits
                        .filter((e) => e.start >= start && e.end <= end)
                        .map((e) => ({
                                ...e,
                                start: e.start - start,
                                end: e.end - start,
                        }));
                const r = splice(this.source.subarray(start, end), edits);
                return { text: r.text, back: (offset) => start + r.back(offset) };
        }

        /* Runs an engine call on rendered text, with positions told in the client's text. */
        async onEngine(rendered, call) {
                try {
                        return await call(rendered.text);
                } catch (e) {
                        if (e instanceof ApiError)
                                e.message = mapMessage(
                                        e.message,
                                        rendered,
                                        this.base,
                                        this.whole,
                                );
                        throw e;
                }
        }
}

class Planner {
        constructor(engine, store, userEmail) {
                this.engine = engine;
                this.store = store;
                this.userEmail = userEmail;
        }

        /* Returns the statements' texts and trees; planning each waits for its turn, since
         * an earlier statement of a script may make the table that a later one reads. */
        async parse(sql) {
                const whole = Buffer.from(sql);
                if (sql.trim() === '')
                        throw invalid('Required parameter is missing: query');
                if (whole.length > MAX_SQL_BYTES)
                        throw invalid(
                                `The query is too large. The maximum standard SQL query length is ` +
                                        `${MAX_SQL_BYTES / 1024}K characters, including comments and white space characters.`,
                        );
                const list = await this.parseList(sql);
                if (list.length === 0)
                        throw invalidQuery(
                                'Syntax error: Unexpected end of statement at [1:1]',
                        );
                return { whole, list };
        }

        /* Of something that is no script, the analyser words the syntax error as BigQuery. */
        async parseList(sql) {
                try {
                        return statements(
                                await this.engine.parse(sql, { isScript: true }),
                        );
                } catch (e) {
                        if (e.reason !== 'invalidQuery') throw e;
                        await this.store
                                .withCatalog((id) => this.engine.analyze(sql, id))
                                .catch((single) => {
                                        if (
                                                /^Syntax error: (?!Expected end of input)/.test(
                                                        single.message,
                                                )
                                        )
                                                throw single;
                                });
                        throw e;
                }
        }

        async plan({ whole, list }, index, ctx) {
                /* One of several is parsed again alone, so that its positions are its own. */
                const isAlone = list.length === 1;
                if (
                        !ANALYSED.includes(list[index].kind) &&
                        !NO_ENGINE.includes(list[index].kind)
                )
                        throw unsupported(
                                `the statement ${list[index].kind.replace(/_/g, ' ')}`,
                        );
                const start = isAlone ? 0 : list[index].start;
                const source = whole.subarray(start, list[index].end);
                const text = source.toString('utf8');
                const own = isAlone
                        ? list[0]
                        : statements(await this.engine.parse(text))[0];
                const stmt = new Statement(start, own.kind, own.node, source, whole);
                stmt.questionsBefore = countQuestions(list.slice(0, index));
                await this.resolveNames(stmt, text, ctx);
                if (ANALYSED.includes(stmt.kind)) await this.analyse(stmt, ctx);
                return stmt;
        }

        async resolveNames(stmt, text, ctx) {
                const named =
                        NO_ENGINE.includes(stmt.kind) && stmt.kind !== 'CREATE_VIEW'
                                ? {}
                                : await this.engine.tableNames(text);
                const found = references(stmt, named);
                const variables = ctx.scope?.variables;
                stmt.edits = [];
                for (const ref of found.refs)
                        stmt.edits.push(await this.edit(stmt, ref, ctx));
                for (const n of variables ? found.names : [])
                        if (variables.has(n.name.toLowerCase()))
                                stmt.edits.push({
                                        ...n,
                                        text:
                                                `@${variableName(n.name)}` +
                                                (n.isColumn ? ` AS ${quoteName(n.name)}` : ''),
                                });
                for (const call of found.calls)
                        if (call.name === 'session_user')
                                stmt.edits.push({
                                        ...call,
                                        text: `'${this.userEmail}'`,
                                });
                for (const call of found.calls) {
                        const routine = routines.called(this.store, call.path, ctx.project);
                        if (!routine) continue;
                        stmt.routines.set(call.path, routine.routineReference);
                        stmt.edits.push(...(await routines.edits(this, stmt, call, routine, ctx)));
                }
                if (found.questions.length && !ctx.query?.positional)
                        throw invalidQuery(
                                'Positional parameters are not supported in this query: ' +
                                        'parameterMode is not POSITIONAL',
                        );
                for (const q of found.questions)
                        stmt.edits.push({
                                ...q,
                                text: `@${positionalName(stmt.questionsBefore + Number(q.position))}`,
                        });
                const path = inherited(stmt.node, 'name') ?? stmt.node.path;
                if (!isDml(stmt.kind) && path?.names) {
                        stmt.targetPath = segments(path);
                        if (stmt.kind.startsWith('CREATE_TABLE')) {
                                stmt.target = this.newTable(stmt, ctx);
                                stmt.edits.push({
                                        ...rangeOf(path),
                                        text: quoteName(stmt.target),
                                });
                        }
                }
        }

        newTable(stmt, ctx) {
                stmt.isTemporary = inherited(stmt.node, 'scope') === 'TEMPORARY';
                if (!stmt.isTemporary)
                        return fullName(stmt.targetPath, { ...ctx, scope: undefined });
                if (!ctx.scope)
                        throw invalid(
                                'Use of CREATE TEMPORARY TABLE requires a script or session',
                        );
                return `${ctx.scope.dataset}.${stmt.targetPath.join('.')}`;
        }

        async edit(stmt, ref, ctx) {
                const table = resolve(this.store, ref.names, ctx);
                const alias = ref.names[ref.names.length - 1].split('.').pop();
                const suffix = ref.hasAlias ? '' : ` AS ${quoteName(alias)}`;
                const range = { start: ref.start, end: ref.end };
                if (table.view) {
                        if (ref.target)
                                throw invalidQuery(
                                        `${table.full} is a view and cannot be modified`,
                                );
                        const inner = await this.viewText(stmt, table, ctx);
                        return { ...range, text: `(${inner})${suffix}` };
                }
                for (const t of table.members ?? [table]) stmt.tables.set(t.full, t);
                if (!ref.target)
                        return { ...range, text: quoteName(table.full) + suffix };
                stmt.target = table.full;
                const as =
                        stmt.kind === 'INSERT' || stmt.kind === 'TRUNCATE_TABLE'
                                ? ''
                                : suffix;
                return {
                        ...range,
                        isTarget: true,
                        alias,
                        text: quoteName(table.full) + as,
                        mirrorText: quoteName(mirrorName(table.full)) + as,
                };
        }

        async viewText(stmt, view, ctx) {
                const depth = (ctx.viewDepth ?? 0) + 1;
                if (depth > MAX_VIEW_DEPTH)
                        throw invalid(`Too many nested views: ${view.full}`);
                const source = Buffer.from(view.view.query);
                const [own] = statements(await this.engine.parse(view.view.query));
                const inner = new Statement(0, own.kind, own.node, source, source);
                const { projectId } = view.reference;
                await this.resolveNames(inner, view.view.query, {
                        project: projectId,
                        viewDepth: depth,
                });
                for (const [full, t] of inner.tables) stmt.tables.set(full, t);
                for (const [path, r] of inner.routines) stmt.routines.set(path, r);
                stmt.cannotRun ??= inner.cannotRun;
                return inner.fragment(rangeOf(own.node)).text + '\n';
        }

        async analyse(stmt, ctx) {
                const rendered = stmt.render();
                const answer = await stmt.onEngine(rendered, (sql) =>
                        this.store.withCatalog((id) =>
                                this.engine.analyze(sql, id, ctx.query),
                        ),
                );
                const resolved = answer.resolved_statement;
                const query = resolved.resolved_query_stmt_node;
                if (query)
                        stmt.columns = outputColumns(
                                query.output_column_list.map((c) => ({
                                        name: c.name,
                                        type: c.column.type,
                                })),
                                query.is_value_table,
                        );
                stmt.resolved = resolved;
                stmt.bytes = this.bytesRead(resolved, stmt);
        }

        bytesRead(resolved, stmt) {
                const read = new Map();
                /* An INSERT's own table is written, not read. */
                const inserted = resolved.resolved_insert_stmt_node?.table_scan;
                collectScans(resolved, read, inserted);
                let bytes = 0;
                for (const [full, columns] of read) {
                        const members = stmt.tables.get(full)
                                ? [stmt.tables.get(full)]
                                : full.endsWith('*')
                                  ? this.wildcardMembers(full, stmt)
                                  : [];
                        for (const t of members)
                                t.schema.forEach((f, i) => {
                                        if (columns.has(f.name.toLowerCase()))
                                                bytes += t.columnBytes[i];
                                });
                }
                return bytes;
        }

        wildcardMembers(full, stmt) {
                return [...stmt.tables.values()].filter((t) =>
                        t.full.startsWith(full.slice(0, -1)),
                );
        }
}

function collectScans(node, into, except) {
        if (
                !node ||
                node === except ||
                typeof node !== 'object' ||
                Buffer.isBuffer(node)
        )
                return;
        const full = node.table?.name;
        if (typeof full === 'string' && node.parent?.column_list) {
                const columns = into.get(full) ?? new Set();
                for (const c of node.parent.column_list)
                        columns.add(c.name.toLowerCase());
                into.set(full, columns);
        }
        for (const value of Object.values(node)) collectScans(value, into, except);
}

/* Names and types of a query's output as BigQuery shows them: a value table of STRUCTs
 * is its fields, and a column without a name is f0_, f1_ …  */
function outputColumns(list, isValueTable) {
        let columns = list.map((c) => ({
                name: c.name ?? '',
                type: types.fromEngine(c.type),
        }));
        const isStruct = isValueTable && columns[0]?.type.kind === 'STRUCT';
        if (isStruct)
                columns = columns[0].type.fields.map((f) => ({
                        name: f.name,
                        type: f.type,
                }));
        let unnamed = 0;
        for (const c of columns)
                if (c.name === '' || c.name.startsWith('$')) c.name = `f${unnamed++}_`;
        const seen = new Set();
        for (const { name, type } of columns) {
                if (seen.has(name.toLowerCase()))
                        throw invalidQuery(
                                'Duplicate column names in the result are not supported when a ' +
                                        `destination table is present. Found duplicate(s): ${name}`,
                        );
                seen.add(name.toLowerCase());
                if (type.kind === 'ARRAY' && type.element.kind === 'ARRAY')
                        throw invalidQuery(
                                `Cannot return an array of arrays in column ${name}`,
                        );
        }
        return {
                schema: columns.map((c) => types.toField(c.name, c.type)),
                types: columns.map((c) => c.type),
                isStruct,
        };
}

function bytesBilled(stmts) {
        const perTable = (n) => Math.max(MIN_BILLED, Math.ceil(n / MIB) * MIB);
        return stmts.reduce((sum, s) => {
                if (s.tables.size === 0 || s.kind.startsWith('DROP')) return sum;
                return sum + Math.max(perTable(s.bytes), MIN_BILLED * s.tables.size);
        }, 0);
}

module.exports = { Planner, outputColumns, bytesBilled };
