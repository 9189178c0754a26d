/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * sandbox/api_writes: datasets and tables made, changed and dropped without SQL, and
 * rows streamed in.
 *
 * Same handler shape as api_jobs; `ifMatch` is the etag of the If-Match header. A handler
 * that returns undefined answers 204. What the stand-in cannot keep honestly (views,
 * external tables, constraints, keys, access lists) it refuses with 501.
 */
const { ApiError, duplicate, invalid, notFound, unsupported } = require('./errors');
const { checkLabels, want } = require('./request');
const { Table } = require('./store');
const types = require('./types');
const data = require('./api_data');

const DATASET_TEXTS = ['friendlyName', 'description', 'defaultCollation', 'storageBillingModel'];
const DATASET_COUNTS = [
        'defaultTableExpirationMs',
        'defaultPartitionExpirationMs',
        'maxTimeTravelHours',
];
const TABLE_TEXTS = ['friendlyName', 'description', 'defaultCollation'];
const TABLE_COUNTS = ['expirationTime'];
const TABLE_OBJECTS = ['timePartitioning', 'rangePartitioning', 'clustering'];
const NOT_KEPT = [
        'view',
        'materializedView',
        'externalDataConfiguration',
        'cloneDefinition',
        'snapshotDefinition',
        'encryptionConfiguration',
        'tableConstraints',
        'access',
        'linkedDatasetSource',
        'externalDatasetReference',
        'defaultEncryptionConfiguration',
];

/* null takes a field away; what is not mentioned stays. */
function merge(meta, body, texts, counts, objects = []) {
        for (const f of NOT_KEPT)
                if (body[f] !== undefined && body[f] !== null) throw unsupported(f);
        const take = (names, type) => {
                for (const f of names) {
                        if (body[f] === null) delete meta[f];
                        const v = want(body, f, type);
                        if (v !== undefined) meta[f] = type === 'int64' ? String(v) : v;
                }
        };
        take(texts, 'string');
        take(counts, 'int64');
        take(objects, 'object');
        const labels = want(body, 'labels', 'object');
        if (!labels) return;
        const all = { ...meta.labels, ...labels };
        for (const k of Object.keys(all)) if (all[k] === null) delete all[k];
        checkLabels(all);
        meta.labels = all;
}

function checkMatch(etag, ifMatch) {
        if (ifMatch && ifMatch !== '*' && ifMatch.replace(/"/g, '') !== etag)
                throw new ApiError(412, 'conditionNotMet', 'Precondition Failed');
}

/* ---- datasets ---- */

function datasetOf(store, project, dataset) {
        const d = store.datasets.get(`${project}.${dataset}`);
        if (!d) throw notFound(`Not found: Dataset ${project}:${dataset}`);
        return d;
}

function insertDataset(services, { project, body }) {
        const { store } = services;
        const ref = want(body, 'datasetReference', 'object') ?? {};
        const id = want(ref, 'datasetId', 'string');
        if (!id || !/^\w{1,1024}$/.test(id))
                throw invalid(`Invalid dataset ID "${String(id).slice(0, 80)}"`);
        if (ref.projectId !== undefined && ref.projectId !== project)
                throw invalid('Dataset reference is not in the project of the request');
        if (store.datasets.has(`${project}.${id}`))
                throw duplicate(`Already Exists: Dataset ${project}:${id}`);
        const meta = {};
        merge(meta, body, DATASET_TEXTS, DATASET_COUNTS);
        store.addDataset(`${project}.${id}`);
        datasetOf(store, project, id).meta = meta;
        return data.getDataset(services, { project, dataset: id });
}

function patchDataset(services, { project, dataset, body, ifMatch }) {
        const d = datasetOf(services.store, project, dataset);
        checkMatch(data.getDataset(services, { project, dataset }).etag, ifMatch);
        d.meta ??= {};
        merge(d.meta, body, DATASET_TEXTS, DATASET_COUNTS);
        d.modified = Date.now();
        return data.getDataset(services, { project, dataset });
}

function deleteDataset({ store }, { project, dataset, params }) {
        const d = datasetOf(store, project, dataset);
        const tables = store.inDataset(project, dataset);
        if (tables.length && params.get('deleteContents') !== 'true')
                throw new ApiError(
                        400,
                        'resourceInUse',
                        `Dataset ${project}:${dataset} is still in use`,
                );
        tables.forEach((t) => store.drop(t.full));
        store.datasets.delete(`${project}.${dataset}`);
        store.undeletable ??= new Map();
        store.undeletable.set(`${project}.${dataset}`, { dataset: d, tables });
}

function undeleteDataset(services, { project, dataset }) {
        const { store } = services;
        const name = `${project}.${dataset}`;
        const old = store.undeletable?.get(name);
        if (store.datasets.has(name))
                throw duplicate(`Already Exists: Dataset ${project}:${dataset}`);
        if (!old) throw notFound(`Not found: Dataset ${project}:${dataset}`);
        store.undeletable.delete(name);
        store.datasets.set(name, old.dataset);
        old.tables.forEach((t) => store.put(t));
        return data.getDataset(services, { project, dataset });
}

/* ---- tables ---- */

function insertTable(services, { project, dataset, body }) {
        const { store } = services;
        const ref = want(body, 'tableReference', 'object') ?? {};
        const id = want(ref, 'tableId', 'string');
        if (!id || !/^[\p{L}\p{M}\p{N}_ -]{1,1024}$/u.test(id))
                throw invalid(`Invalid table ID "${String(id).slice(0, 80)}"`);
        if (
                (ref.projectId ?? project) !== project ||
                (ref.datasetId ?? dataset) !== dataset
        )
                throw invalid('Table reference is not in the dataset of the request');
        const full = `${project}.${dataset}.${id}`;
        store.needDataset(full);
        if (store.tables.has(full))
                throw duplicate(`Already Exists: Table ${store.shown(full)}`);
        const table = new Table(full, want(body, 'schema', 'object')?.fields ?? []);
        table.meta = {};
        merge(table.meta, body, TABLE_TEXTS, TABLE_COUNTS, TABLE_OBJECTS);
        store.put(table);
        return data.getTable(services, named(project, dataset, id));
}

const named = (project, dataset, table) => ({
        project,
        dataset,
        table,
        params: new URLSearchParams(),
});

async function patchTable(services, { project, dataset, table: id, body, ifMatch }) {
        const table = services.store.get(`${project}.${dataset}.${id}`);
        checkMatch(table.etag, ifMatch);
        const fields = want(body, 'schema', 'object')?.fields;
        if (fields) addColumns(table, fields);
        table.meta ??= {};
        merge(table.meta, body, TABLE_TEXTS, TABLE_COUNTS, TABLE_OBJECTS);
        table.modified = Date.now();
        if (Number(table.meta.expirationTime ?? Infinity) <= Date.now())
                services.store.drop(table.full);
        else services.store.changed();
        const shown = services.store.tables.has(table.full);
        return shown
                ? data.getTable(services, named(project, dataset, id))
                : { kind: 'bigquery#table', tableReference: table.reference };
}

/* Columns may be added at the end; the others stay. */
function addColumns(table, fields) {
        const old = table.schema;
        if (old.some((f, i) => fields[i]?.name !== f.name || fields[i]?.type !== f.type))
                throw invalid(
                        'Provided Schema does not match the table: fields are missing or changed',
                );
        const rows = table.rows;
        table.setSchema(fields);
        table.setRows(
                rows.map((r) => [
                        ...r,
                        ...table.types
                                .slice(old.length)
                                .map((t) => types.fromJson(null, t)),
                ]),
        );
}

function deleteTable({ store }, { project, dataset, table }) {
        const full = `${project}.${dataset}.${table}`;
        store.get(full);
        store.drop(full);
}

/* ---- rows ---- */

function problem(reason, location, message) {
        return { reason, location, debugInfo: '', message };
}

function oneRow(table, json, ignoreUnknown) {
        const wrong = [];
        const given = new Map(
                Object.entries(json ?? {}).map(([k, v]) => [k.toLowerCase(), { k, v }]),
        );
        const cells = table.schema.map((f, i) => {
                const v = given.get(f.name.toLowerCase())?.v;
                given.delete(f.name.toLowerCase());
                if (v == null && f.mode === 'REQUIRED')
                        wrong.push(
                                problem('invalid', f.name, `Missing required field: ${f.name}.`),
                        );
                try {
                        return types.fromJson(v, table.types[i]);
                } catch (e) {
                        wrong.push(
                                problem(
                                        'invalid',
                                        f.name,
                                        `Cannot convert value to ${f.type}: ${e.message}`,
                                ),
                        );
                        return undefined;
                }
        });
        if (!ignoreUnknown)
                for (const { k } of given.values())
                        wrong.push(problem('invalid', k, `no such field: ${k}.`));
        return { cells, wrong };
}

function insertAll({ store }, { project, dataset, table: id, body }) {
        const table = store.get(`${project}.${dataset}.${id}`);
        if (want(body, 'templateSuffix', 'string')) throw unsupported('templateSuffix');
        if (!Array.isArray(body.rows) || body.rows.length === 0)
                throw invalid('No rows present in the request.');
        if (table.view) throw invalid('Cannot add rows to a view.');
        const rows = body.rows.map((r) =>
                oneRow(table, r?.json, want(body, 'ignoreUnknownValues', 'boolean')),
        );
        const isBad = rows.some((r) => r.wrong.length);
        const stops = isBad && !want(body, 'skipInvalidRows', 'boolean');
        const insertErrors = rows
                .map((r, index) => ({
                        index,
                        errors: r.wrong.length
                                ? r.wrong
                                : [problem('stopped', '', '')],
                }))
                .filter((e, i) => rows[i].wrong.length || stops);
        const good = stops ? [] : rows.filter((r) => !r.wrong.length);
        table.setRows([...table.rows, ...good.map((r) => r.cells)]);
        store.changed();
        return {
                kind: 'bigquery#tableDataInsertAllResponse',
                ...(insertErrors.length ? { insertErrors } : {}),
        };
}

module.exports = {
        insertDataset,
        patchDataset,
        deleteDataset,
        undeleteDataset,
        insertTable,
        patchTable,
        deleteTable,
        insertAll,
};
