/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * sandbox/api_data: projects, datasets, tables and tabledata of BigQuery v2.
 *
 * Same handler shape as api_jobs. Anonymous result tables are found here as well: the
 * Go client reads every result through tabledata.list.
 */
const crypto = require('node:crypto');
const { encodeRows, makeToken, pageOf, select } = require('./pages');
const { resultOf, LOCATION } = require('./jobs');
const { timestamps } = require('./api_jobs');
const { invalid, notFound } = require('./errors');
const types = require('./types');

const BASE = 'https://bigquery.googleapis.com/bigquery/v2';
const digest = (v) =>
        crypto
                .createHash('sha256')
                .update(JSON.stringify(v))
                .digest('base64url')
                .slice(0, 22);

function paged(name, all, params, kind, field) {
        const { from, to } = pageOf(name, params, all.length, 1000);
        const out = {
                kind,
                etag: digest(all),
                [field]: all.slice(from, to),
                totalItems: all.length,
        };
        if (to < all.length) out.nextPageToken = makeToken(name, to);
        if (out[field].length === 0) delete out[field];
        return out;
}

function listProjects({ store }, { params }) {
        const ids = [
                ...new Set([...store.datasets.keys()].map((d) => d.split('.')[0])),
        ].sort();
        return paged(
                'projects',
                ids.map((id, i) => ({
                        kind: 'bigquery#project',
                        id,
                        numericId: String(100000000001 + i),
                        projectReference: { projectId: id },
                        friendlyName: id,
                })),
                params,
                'bigquery#projectList',
                'projects',
        );
}

function listDatasets({ store }, { project, params }) {
        const names = [...store.datasets.keys()]
                .filter((d) => d.split('.')[0] === project)
                .sort();
        const out = paged(
                `datasets ${project}`,
                names.map((n) => ({
                        kind: 'bigquery#dataset',
                        id: n.replace('.', ':'),
                        datasetReference: {
                                datasetId: n.split('.')[1],
                                projectId: project,
                        },
                        location: LOCATION,
                })),
                params,
                'bigquery#datasetList',
                'datasets',
        );
        delete out.totalItems;
        return out;
}

function getDataset({ store }, { project, dataset }) {
        const d = store.datasets.get(`${project}.${dataset}`);
        if (!d) throw notFound(`Not found: Dataset ${project}:${dataset}`);
        return {
                kind: 'bigquery#dataset',
                etag: digest([project, dataset, d.created, d.meta ?? null]),
                id: `${project}:${dataset}`,
                selfLink: `${BASE}/projects/${project}/datasets/${dataset}`,
                datasetReference: { datasetId: dataset, projectId: project },
                creationTime: String(d.created),
                lastModifiedTime: String(d.modified ?? d.created),
                location: LOCATION,
                type: 'DEFAULT',
                ...d.meta,
        };
}

function listTables({ store }, { project, dataset, params }) {
        store.needDataset(`${project}.${dataset}.x`);
        return paged(
                `tables ${project}.${dataset}`,
                store.inDataset(project, dataset).map((t) => ({
                        kind: 'bigquery#table',
                        id: store.shown(t.full),
                        tableReference: t.reference,
                        type: t.view ? 'VIEW' : 'TABLE',
                        creationTime: String(t.created),
                })),
                params,
                'bigquery#tableList',
                'tables',
        );
}

/* A stored table, or the result that an anonymous table's name stands for. */
function find({ store, jobs }, full) {
        const job = jobs.byResult.get(full);
        return job ? { job, ...resultOf(job) } : { table: store.get(full) };
}

async function getTable(services, { project, dataset, table: id, params }) {
        const full = `${project}.${dataset}.${id}`;
        const { table, schema, rows } = find(services, full);
        const out = {
                kind: 'bigquery#table',
                etag: table?.etag ?? digest(schema),
                id: services.store.shown(full),
                selfLink: `${BASE}/projects/${project}/datasets/${dataset}/tables/${id}`,
                tableReference: { projectId: project, datasetId: dataset, tableId: id },
                schema: { fields: table?.schema ?? schema },
                type: table?.view ? 'VIEW' : 'TABLE',
                location: LOCATION,
                numRows: String((table?.rows ?? rows).length),
                numBytes: String(table?.numBytes ?? 0),
                numLongTermBytes: '0',
                creationTime: String(table?.created ?? 0),
                lastModifiedTime: String(table?.modified ?? 0),
                ...table?.meta,
        };
        if (table?.view) out.view = table.view;
        const selected = params.get('selectedFields');
        if (selected)
                out.schema = { fields: select(out.schema.fields, selected).schema };
        return out;
}

function listRows(services, { project, dataset, table: id, params }) {
        const full = `${project}.${dataset}.${id}`;
        const found = find(services, full);
        if (found.table?.view) throw invalid(`Cannot list a table of type VIEW.`);
        const fields = found.table?.schema ?? found.schema ?? [];
        const { schema, project: cut } = select(fields, params.get('selectedFields'));
        const rows = (found.table ?? found).rows;
        return {
                kind: 'bigquery#tableDataList',
                etag: digest([full, rows.length]),
                ...encodeRows(
                        `rows ${full}`,
                        params,
                        {
                                rows: params.get('selectedFields')
                                        ? rows.map(cut)
                                        : rows,
                                types: schema.map((f) => types.fromField(f)),
                        },
                        timestamps(params),
                ),
        };
}

module.exports = {
        listProjects,
        listDatasets,
        getDataset,
        listTables,
        getTable,
        listRows,
};
