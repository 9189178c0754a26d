#!/usr/bin/env node
/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * tests/clients/node: one query with an unmodified @google-cloud/bigquery.
 *
 *   query.js [--mode query|job|promise|stream|rows|dry-run] [--project P] [--location L]
 *            [--key-file FILE] [--param NAME=VALUE ...] [--max-results N]
 *            [--destination DATASET.TABLE] [--label KEY=VALUE ...] SQL | DATASET.TABLE
 *
 * `query` is BigQuery.query(), `job` createQueryJob() + getQueryResults(), `promise`
 * the same but waiting with job.promise(), `stream` createQueryStream(), `rows` Table.getRows(). Credentials are the
 * default ones unless a key file is named. Prints one JSON line: what the user got.
 * Exit status 0 for rows, 1 for an error from the API, 2 for wrong use.
 */
const { parseArgs } = require('node:util');

const OPTIONS = {
        mode: { type: 'string', default: 'query' },
        project: { type: 'string', default: process.env.GOOGLE_CLOUD_PROJECT },
        location: { type: 'string' },
        'key-file': { type: 'string' },
        param: { type: 'string', multiple: true, default: [] },
        label: { type: 'string', multiple: true, default: [] },
        'max-results': { type: 'string' },
        destination: { type: 'string' },
};

const pairs = (list) =>
        Object.fromEntries(
                list.map((p) => {
                        const at = p.indexOf('=');
                        return [p.slice(0, at), p.slice(at + 1)];
                }),
        );

function plain(value) {
        if (Array.isArray(value)) return value.map(plain);
        if (Buffer.isBuffer(value)) return value.toString('base64');
        if (value && typeof value === 'object') {
                const keys = Object.keys(value);
                if (keys.length === 1 && keys[0] === 'value')
                        return value.value; /* BigQueryDate and its like */
                if (value.constructor?.name === 'Big') return value.toString();
                return Object.fromEntries(keys.map((k) => [k, plain(value[k])]));
        }
        return value;
}

async function run(bigquery, o, text) {
        const options = { query: text };
        if (o.location) options.location = o.location;
        if (o.param.length) options.params = pairs(o.param);
        if (o.label.length) options.labels = pairs(o.label);
        if (o.destination) {
                const [dataset, table] = o.destination.split('.');
                options.destination = bigquery.dataset(dataset).table(table);
        }
        const paging = o['max-results'] ? { maxResults: Number(o['max-results']) } : {};
        switch (o.mode) {
                case 'query': {
                        const [rows] = await bigquery.query({ ...options, ...paging });
                        return { rows: plain(rows) };
                }
                case 'job':
                case 'promise': {
                        const [job] = await bigquery.createQueryJob(options);
                        if (o.mode === 'promise') await job.promise();
                        const [rows] = await job.getQueryResults(paging);
                        return { job_id: job.id, rows: plain(rows) };
                }
                case 'dry-run': {
                        const [job] = await bigquery.createQueryJob({
                                ...options,
                                dryRun: true,
                        });
                        return { statistics: job.metadata.statistics };
                }
                case 'stream': {
                        const rows = [];
                        for await (const row of bigquery.createQueryStream({
                                ...options,
                                ...paging,
                        }))
                                rows.push(row);
                        return { rows: plain(rows) };
                }
                case 'rows': {
                        const [dataset, table] = text.split('.');
                        const [rows] = await bigquery
                                .dataset(dataset)
                                .table(table)
                                .getRows(paging);
                        return { rows: plain(rows) };
                }
                default:
                        throw new TypeError(`--mode ${o.mode} is not known`);
        }
}

async function main() {
        const { values: o, positionals } = parseArgs({
                options: OPTIONS,
                allowPositionals: true,
        });
        const text = positionals[0] ?? process.env.SQL;
        if (!text || !o.project) {
                process.stderr.write(
                        'query.js: a project (--project) and SQL are needed\n',
                );
                process.exit(2);
        }
        const { BigQuery } = require('@google-cloud/bigquery');
        const bigquery = new BigQuery({
                projectId: o.project,
                ...(o['key-file'] ? { keyFilename: o['key-file'] } : {}),
        });
        const started = Date.now();
        let out;
        try {
                out = { ok: true, ...(await run(bigquery, o, text)) };
        } catch (e) {
                if (e instanceof TypeError) throw e;
                out = {
                        ok: false,
                        error: {
                                message: e.message,
                                code: e.code ?? null,
                                reason: e.errors?.[0]?.reason ?? null,
                        },
                };
                process.exitCode = 1;
        }
        process.stdout.write(
                JSON.stringify({
                        client: 'node',
                        mode: o.mode,
                        ...out,
                        elapsed_ms: Date.now() - started,
                }) + '\n',
        );
}

main().catch((e) => {
        process.stderr.write(`query.js: ${e.message}\n`);
        process.exitCode = 2;
});
