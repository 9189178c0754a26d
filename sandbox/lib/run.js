/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * sandbox/run: carries out planned statements on the store.
 *
 * Queries go to the engine as they are. INSERT, UPDATE and DELETE are evaluated by the
 * engine, which says what rows change; this module applies that. MERGE is carried out
 * as its clauses (merge.js); DDL and TRUNCATE change the store without the engine.
 * Statements that change something run one at a time.
 */
const { Planner, outputColumns, bytesBilled } = require('./plan');
const { mergeParts } = require('./merge');
const { fullName } = require('./names');
const { inherited, rangeOf, segments, unwrap } = require('./refs');
const { Script, isScript, planAhead } = require('./script');
const types = require('./types');
const { ApiError, invalid, invalidQuery, notFound, unsupported } = require('./errors');

const MAX_STATEMENTS = 100;

class Runner {
        constructor(engine, store, userEmail) {
                this.engine = engine;
                this.store = store;
                this.planner = new Planner(engine, store, userEmail);
                this.lastWrite = Promise.resolve();
                this.cache = new Map();
        }

        /* Statements of `sql` as planned now; later ones of a script may fail to plan
         * before the earlier ones have run, so a caller that runs them plans each itself. */
        async plan(sql, ctx) {
                const key = JSON.stringify([
                        sql,
                        ctx.project,
                        ctx.defaultDataset ?? null,
                        ctx.query,
                        this.store.version,
                ]);
                const hit = this.cache.get(key);
                if (hit) return hit;
                const parsed = await this.planner.parse(sql);
                if (parsed.list.length > MAX_STATEMENTS)
                        throw invalidQuery(
                                `The script has more than ${MAX_STATEMENTS} statements`,
                        );
                const plan = { parsed, isScript: isScript(parsed.list) };
                if (!plan.isScript) plan.first = await this.planner.plan(parsed, 0, ctx);
                if (this.cache.size > 200) this.cache.clear();
                this.cache.set(key, plan);
                return plan;
        }

        async dryRun(sql, ctx) {
                const plan = await this.plan(sql, ctx);
                if (!plan.isScript) return this.summary(plan, [plan.first], {});
                const stmts = await planAhead(this, plan.parsed, ctx);
                return this.summary(plan, stmts, { isLowerBound: true });
        }

        summary(plan, stmts, outcome) {
                const tables = new Map(stmts.flatMap((s) => [...s.tables]));
                return {
                        statementType: plan.isScript ? 'SCRIPT' : stmts[0].kind,
                        bytesProcessed: stmts.reduce((n, s) => n + s.bytes, 0),
                        bytesBilled: bytesBilled(stmts),
                        referencedTables: [...tables.values()].map((t) => t.reference),
                        referencedRoutines: [
                                ...new Set(stmts.flatMap((s) => [...s.routines.values()])),
                        ],
                        columns: plan.isScript ? null : stmts[0].columns,
                        ...outcome,
                };
        }

        /* ctx.check(bytesBilled) may throw before anything is carried out. */
        async run(sql, ctx) {
                const plan = await this.plan(sql, ctx);
                if (plan.isScript) {
                        const { stmts, outcome } = await new Script(
                                this,
                                plan.parsed,
                                ctx,
                        ).run();
                        return this.summary(plan, stmts, outcome);
                }
                ctx.check?.(bytesBilled([plan.first]));
                return this.summary(
                        plan,
                        [plan.first],
                        await this.runOne(plan.first, ctx),
                );
        }

        runOne(stmt, ctx) {
                if (stmt.cannotRun) throw unsupported(stmt.cannotRun);
                if (stmt.kind === 'SELECT')
                        return this.select(stmt, stmt.render(), ctx);
                const turn = this.lastWrite.then(() => this.change(stmt, ctx));
                this.lastWrite = turn.catch(() => {});
                return turn;
        }

        async select(stmt, rendered, ctx) {
                const answer = await stmt.onEngine(rendered, (sql) =>
                        this.store.withCatalog((id) =>
                                this.engine.evaluate(sql, id, ctx.query),
                        ),
                );
                const columns =
                        stmt.columns ??
                        outputColumns(answer.prepared.columns ?? [], false);
                const rows = (answer.content?.table_data?.row ?? []).map(
                        (r) => r.cell ?? [],
                );
                return {
                        columns,
                        rows: columns.isStruct
                                ? rows.map((r) => r[0].struct_value?.field ?? [])
                                : rows,
                };
        }

        async change(stmt, ctx) {
                switch (stmt.kind) {
                        case 'INSERT':
                                return this.dml(
                                        stmt,
                                        await this.modify(stmt, stmt.render(), ctx),
                                );
                        case 'UPDATE':
                        case 'DELETE':
                                this.store.wantMirror(stmt.target);
                                return this.dml(
                                        stmt,
                                        await this.modify(
                                                stmt,
                                                stmt.render({ mirror: true }),
                                                ctx,
                                        ),
                                );
                        case 'MERGE':
                                return this.merge(stmt, ctx);
                        case 'TRUNCATE_TABLE':
                                return this.truncate(stmt);
                        case 'CREATE_TABLE':
                        case 'CREATE_TABLE_AS_SELECT':
                                return this.createTable(stmt, ctx);
                        case 'CREATE_VIEW':
                                return this.createView(stmt, ctx);
                        case 'CREATE_SCHEMA':
                                return this.createSchema(stmt, ctx);
                        case 'DROP_TABLE':
                        case 'DROP_VIEW':
                                return this.drop(stmt, ctx);
                        case 'DROP_SCHEMA':
                                return this.dropSchema(stmt, ctx);
                        case 'ALTER_TABLE':
                                return this.alter(stmt, ctx);
                        default:
                                throw unsupported(`running ${stmt.kind}`);
                }
        }

        async modify(stmt, rendered, ctx) {
                const answer = await stmt.onEngine(rendered, (sql) =>
                        this.store.withCatalog((id) =>
                                this.engine.modify(sql, id, ctx.query),
                        ),
                );
                return answer.content ?? [];
        }

        dml(stmt, changes) {
                const table = this.store.get(stmt.target);
                const width = table.types.length;
                const inserted = [];
                const updated = new Map();
                const deleted = new Set();
                for (const c of changes) {
                        const cells = (c.cell ?? []).slice(0, width);
                        const number = Number(c.old_primary_key?.[0]?.int64_value);
                        if (c.operation === 'INSERT') inserted.push(cells);
                        else if (c.operation === 'DELETE') deleted.add(number);
                        else if (updated.has(number) || deleted.has(number))
                                throw invalidQuery(
                                        'UPDATE/MERGE must match at most one source row for ' +
                                                'each target row',
                                );
                        else updated.set(number, cells);
                }
                for (const row of [...inserted, ...updated.values()])
                        checkRequired(table, row);
                const kept = table.rows
                        .map((row, i) => updated.get(i) ?? row)
                        .filter((_, i) => !deleted.has(i));
                table.setRows([...kept, ...inserted]);
                this.store.changed();
                return {
                        dml: {
                                inserted: inserted.length,
                                updated: updated.size,
                                deleted: deleted.size,
                        },
                };
        }

        /* Every clause is judged on the table as it was before the statement. */
        async merge(stmt, ctx) {
                this.store.wantMirror(stmt.target);
                const changes = [];
                for (const rendered of mergeParts(stmt))
                        changes.push(...(await this.modify(stmt, rendered, ctx)));
                return this.dml(stmt, changes);
        }

        truncate(stmt) {
                const table = this.store.get(stmt.target);
                const deleted = table.rows.length;
                table.setRows([]);
                this.store.changed();
                return { dml: { inserted: 0, updated: 0, deleted } };
        }

        async createTable(stmt, ctx) {
                const node = stmt.node;
                if (
                        inherited(node, 'like_table_name') ||
                        node.clone_data_source ||
                        node.copy_data_source
                )
                        throw unsupported('CREATE TABLE LIKE, CLONE or COPY');
                const { node: made } = unwrap(stmt.resolved);
                const defined = inherited(made, 'column_definition_list') ?? [];
                const schema = defined.map((c) => {
                        const f = types.toField(c.name, types.fromEngine(c.type));
                        return c.annotations?.not_null ? { ...f, mode: 'REQUIRED' } : f;
                });
                let rows = [];
                if (node.query)
                        rows = (
                                await this.select(
                                        stmt,
                                        stmt.fragment(rangeOf(node.query)),
                                        ctx,
                                )
                        ).rows;
                return this.ddlCreate(stmt, schema, rows, undefined, ctx.scope);
        }

        ddlCreate(stmt, schema, rows, view, scope) {
                const orReplace = Boolean(inherited(stmt.node, 'is_or_replace'));
                const ifNotExists = Boolean(inherited(stmt.node, 'is_if_not_exists'));
                const existed = this.store.tables.has(stmt.target);
                if (stmt.isTemporary) {
                        this.store.addDataset(scope.dataset);
                        scope.temps.set(stmt.targetPath.join('.'), stmt.target);
                }
                const made = this.store.create(stmt.target, schema, rows, {
                        orReplace,
                        ifNotExists,
                });
                if (made && view) {
                        this.store.tables.get(stmt.target).view = view;
                        this.store.changed();
                }
                const operation = !made ? 'SKIP' : existed ? 'REPLACE' : 'CREATE';
                return { ddl: { full: stmt.target, operation } };
        }

        async createView(stmt, ctx) {
                const { start, end } = rangeOf(
                        stmt.node.query ?? inherited(stmt.node, 'query'),
                );
                const query = stmt.source.subarray(start, end).toString('utf8');
                stmt.target = fullName(stmt.targetPath, ctx);
                const inner = await this.planner.plan(
                        await this.planner.parse(query),
                        0,
                        { project: ctx.project },
                );
                return this.ddlCreate(stmt, inner.columns.schema, [], {
                        query,
                        useLegacySql: false,
                });
        }

        createSchema(stmt, ctx) {
                const name = datasetName(stmt, ctx);
                const exists = this.store.datasets.has(name);
                if (exists && !inherited(stmt.node, 'is_if_not_exists'))
                        throw new ApiError(
                                409,
                                'duplicate',
                                `Already Exists: Dataset ${name.replace('.', ':')}`,
                        );
                this.store.addDataset(name);
                return {
                        ddl: {
                                full: `${name}.`,
                                operation: exists ? 'SKIP' : 'CREATE',
                        },
                };
        }

        dropSchema(stmt, ctx) {
                const name = datasetName(stmt, ctx);
                const [project, dataset] = name.split('.');
                if (!this.store.datasets.has(name)) {
                        if (stmt.node.is_if_exists)
                                return { ddl: { full: `${name}.`, operation: 'SKIP' } };
                        throw notFound(`Not found: Dataset ${name.replace('.', ':')}`);
                }
                const tables = this.store.inDataset(project, dataset);
                if (tables.length > 0 && stmt.node.drop_mode !== 'CASCADE')
                        throw invalid(
                                `Dataset ${name.replace('.', ':')} is still in use`,
                        );
                for (const t of tables) this.store.drop(t.full);
                this.store.datasets.delete(name);
                return { ddl: { full: `${name}.`, operation: 'DROP' } };
        }

        drop(stmt, ctx) {
                const full = fullName(stmt.targetPath, ctx);
                const table = this.store.tables.get(full);
                ctx.scope?.temps.delete(stmt.targetPath.join('.'));
                const wantsView = stmt.kind === 'DROP_VIEW';
                if (!table && stmt.node.is_if_exists)
                        return { ddl: { full, operation: 'SKIP' } };
                if (!table) this.store.get(full); /* throws the right error */
                if (Boolean(table.view) !== wantsView)
                        throw invalid(
                                `${full} is ${table.view ? 'a view' : 'a table'}; ` +
                                        `use DROP ${table.view ? 'VIEW' : 'TABLE'}`,
                        );
                this.store.drop(full);
                return { ddl: { full, operation: 'DROP' } };
        }

        /* ADD COLUMN and DROP COLUMN: enough to let a schema change under a client. */
        async alter(stmt, ctx) {
                const full = fullName(segments(inherited(stmt.node, 'path')), ctx);
                const table = this.store.get(full);
                const actions = inherited(stmt.node, 'action_list')?.actions ?? [];
                let schema = table.schema;
                let rows = table.rows;
                for (const any of actions) {
                        const { key, node } = unwrap(any);
                        if (key === 'ast_add_column_action_node') {
                                const field = await this.newColumn(
                                        stmt,
                                        node.column_definition,
                                        ctx,
                                );
                                schema = [...schema, field];
                                rows = rows.map((r) => [
                                        ...r,
                                        types.fromJson(null, types.fromField(field)),
                                ]);
                        } else if (key === 'ast_drop_column_action_node') {
                                const name = node.column_name.id_string.toLowerCase();
                                const at = schema.findIndex(
                                        (f) => f.name.toLowerCase() === name,
                                );
                                if (at < 0)
                                        throw invalidQuery(
                                                `Column not found: ${node.column_name.id_string}`,
                                        );
                                schema = schema.filter((_, i) => i !== at);
                                rows = rows.map((r) => r.filter((_, i) => i !== at));
                        } else {
                                throw unsupported(
                                        `ALTER TABLE with ${key.replace(/^ast_|_action_node$/g, '')}`,
                                );
                        }
                }
                table.setSchema(schema);
                table.setRows(rows);
                this.store.changed();
                return { ddl: { full, operation: 'ALTER' } };
        }

        /* The engine reads the column definition as part of a CREATE TABLE of its own. */
        async newColumn(stmt, definition, ctx) {
                const { start, end } = rangeOf(definition);
                const sql = `CREATE TABLE x (${stmt.source.subarray(start, end).toString('utf8')})`;
                const answer = await this.store.withCatalog((id) =>
                        this.engine.analyze(sql, id, ctx.query),
                );
                const [column] = inherited(
                        unwrap(answer.resolved_statement).node,
                        'column_definition_list',
                );
                return types.toField(column.name, types.fromEngine(column.type));
        }
}

function datasetName(stmt, ctx) {
        const parts = stmt.targetPath.join('.').split('.');
        if (parts.length === 1) parts.unshift(ctx.project);
        if (parts.length !== 2)
                throw invalid(`Invalid dataset name: ${stmt.targetPath.join('.')}`);
        return parts.join('.');
}

function checkRequired(table, row) {
        table.schema.forEach((f, i) => {
                if (f.mode === 'REQUIRED' && types.isNull(row[i]))
                        throw invalidQuery(`Required field ${f.name} cannot be null`);
        });
}

module.exports = { Runner };
