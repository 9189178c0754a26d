/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * sandbox/store: datasets, tables and rows in memory, and the engine's catalogue of them.
 *
 * Tables are registered at the catalogue root under their full name as one identifier,
 * because the engine takes contents only there. A catalogue is registered once per
 * version of the data and dropped when the last statement that reads it is done. Tables
 * that an UPDATE or DELETE has touched get a second copy with a row number as primary
 * key (`mirrorName`): the engine names changed rows by their key.
 */
const crypto = require('node:crypto');
const fs = require('node:fs');
const { put } = require('./routines');
const types = require('./types');
const { duplicate, notFound } = require('./errors');

const ROW_NUMBER = '__standin_row';
const mirrorName = (full) => `rows of ${full}`;
const sha = (text) => crypto.createHash('sha256').update(text).digest('base64url');

function splitName(full) {
        const [project, dataset, ...table] = full.split('.');
        return { projectId: project, datasetId: dataset, tableId: table.join('.') };
}

class Table {
        constructor(full, schema, rows = []) {
                this.full = full;
                this.reference = splitName(full);
                this.created = Date.now();
                this.bytesScale = 1;
                this.isMirrored = false;
                this.setSchema(schema);
                this.setRows(rows);
        }

        setSchema(schema) {
                this.schema = types.checkSchema(schema);
                this.types = schema.map((f) => types.fromField(f));
        }

        setRows(rows) {
                this.rows = rows;
                this.modified = Date.now();
                this.bytes = null;
        }

        get etag() {
                return sha(
                        JSON.stringify([
                                this.full,
                                this.created,
                                this.schema,
                                this.view ?? null,
                                this.meta ?? null,
                        ]),
                );
        }

        /* Bytes per column; what totalBytesProcessed is made of. */
        get columnBytes() {
                this.bytes ??= this.types.map(
                        (t, i) =>
                                this.bytesScale *
                                this.rows.reduce(
                                        (n, r) => n + types.sizeOf(r[i], t),
                                        0,
                                ),
                );
                return this.bytes;
        }

        get numBytes() {
                return this.columnBytes.reduce((a, b) => a + b, 0);
        }

        catalogEntry(name = this.full) {
                const column = this.schema.map((f, i) => ({
                        name: f.name,
                        type: types.toEngine(this.types[i]),
                }));
                const entry = { name, column };
                if (name !== this.full) {
                        column.push({
                                name: ROW_NUMBER,
                                type: types.toEngine({ kind: 'INT64' }),
                        });
                        entry.primary_key_column_index = [column.length - 1];
                }
                return entry;
        }
}

class Store {
        constructor(engine) {
                this.engine = engine;
                this.tables = new Map();
                this.datasets = new Map();
                this.routines = new Map(); /* full name → resource, see routines.js */
                this.virtual = new Map(); /* full name → () => Table, see names.js */
                this.version = 1;
                this.current = null;
        }

        load(file) {
                const data = JSON.parse(fs.readFileSync(file, 'utf8'));
                for (const [full, t] of Object.entries(data.tables ?? {})) {
                        if (full.split('.').length !== 3)
                                throw new Error(
                                        `${file}: ${full}: a table name is project.dataset.table`,
                                );
                        const table = new Table(
                                full,
                                t.view ? (t.schema ?? []) : t.schema,
                        );
                        if (t.view)
                                table.view = {
                                        query: String(t.view),
                                        useLegacySql: false,
                                };
                        table.bytesScale = Number(t.bytesScale ?? 1);
                        table.setRows(
                                (t.rows ?? []).map((row, n) => {
                                        if (
                                                !Array.isArray(row) ||
                                                row.length !== table.types.length
                                        )
                                                throw new Error(
                                                        `${file}: ${full}: row ${n} does not have ` +
                                                                `${table.types.length} values`,
                                                );
                                        return row.map((v, i) =>
                                                types.fromJson(v, table.types[i]),
                                        );
                                }),
                        );
                        this.put(table);
                }
                this.loadRoutines(data.routines);
        }

        /* Written as routines.insert takes them. */
        loadRoutines(all) {
                for (const [full, r] of Object.entries(all ?? {})) {
                        const [project, dataset] = full.split('.');
                        this.addDataset(`${project}.${dataset}`);
                        put(this, full, r);
                }
        }

        changed() {
                this.version++;
        }

        put(table) {
                const { projectId, datasetId } = table.reference;
                this.addDataset(`${projectId}.${datasetId}`);
                this.tables.set(table.full, table);
                this.changed();
        }

        create(full, schema, rows, { orReplace, ifNotExists } = {}) {
                const old = this.tables.get(full);
                this.needDataset(full);
                if (old && ifNotExists) return false;
                if (old && !orReplace)
                        throw duplicate(`Already Exists: Table ${this.shown(full)}`);
                this.put(new Table(full, schema, rows));
                return true;
        }

        drop(full) {
                this.tables.delete(full);
                this.changed();
        }

        addDataset(name) {
                if (!this.datasets.has(name))
                        this.datasets.set(name, { created: Date.now() });
        }

        needDataset(full) {
                const { projectId, datasetId } = splitName(full);
                if (!this.datasets.has(`${projectId}.${datasetId}`))
                        throw notFound(`Not found: Dataset ${projectId}:${datasetId}`);
        }

        get(full) {
                const table = this.tables.get(full) ?? this.virtual.get(full)?.();
                if (table) return table;
                this.needDataset(full);
                throw notFound(`Not found: Table ${this.shown(full)}`);
        }

        /* BigQuery's messages write a table as project:dataset.table. */
        shown(full) {
                const r = splitName(full);
                return `${r.projectId}:${r.datasetId}.${r.tableId}`;
        }

        wantMirror(full) {
                const table = this.get(full);
                if (!table.isMirrored) {
                        table.isMirrored = true;
                        this.changed();
                }
        }

        wantVirtual(full, build) {
                if (!this.virtual.has(full)) {
                        this.virtual.set(full, build);
                        this.changed();
                }
        }

        async registerNow() {
                const entries = [];
                const contents = {};
                const add = (entry, rows) => {
                        entries.push(entry);
                        contents[entry.name] = {
                                table_data: { row: rows.map((cell) => ({ cell })) },
                        };
                };
                const virtual = [...this.virtual.values()].map((build) => build());
                for (const t of [...this.tables.values(), ...virtual]) {
                        if (t.view) continue;
                        add(t.catalogEntry(), t.rows);
                        if (t.isMirrored)
                                add(
                                        t.catalogEntry(mirrorName(t.full)),
                                        t.rows.map((r, i) => [
                                                ...r,
                                                { int64_value: i },
                                        ]),
                                );
                }
                const version = this.version;
                await this.engine.ensureAlive();
                const { generation } = this.engine;
                const { registered_id: id } = await this.engine.register(
                        entries,
                        contents,
                );
                return { id, version, generation, users: 0 };
        }

        isStale(c) {
                return (
                        c.version !== this.version ||
                        c.generation !== this.engine.generation
                );
        }

        async refresh() {
                const old = this.current;
                this.current = await this.registerNow();
                if (old) this.retire(old);
        }

        retire(c) {
                if (c.users === 0 && c.generation === this.engine.generation)
                        this.engine.unregister(c.id).catch(() => {});
        }

        /* Runs `use(catalogue id)` on a catalogue that shows the present data. */
        async withCatalog(use) {
                await this.engine.ensureAlive();
                while (!this.current || this.isStale(this.current)) {
                        this.refreshing ??= this.refresh().finally(
                                () => (this.refreshing = null),
                        );
                        await this.refreshing;
                }
                const c = this.current;
                c.users++;
                try {
                        return await use(c.id);
                } finally {
                        c.users--;
                        if (c !== this.current) this.retire(c);
                }
        }

        inDataset(project, dataset) {
                return [...this.tables.values()]
                        .filter(
                                (t) =>
                                        t.reference.projectId === project &&
                                        t.reference.datasetId === dataset,
                        )
                        .sort((a, b) => (a.full < b.full ? -1 : 1));
        }
}

module.exports = { Store, Table, mirrorName, splitName };
