/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * sandbox/copy: jobs that copy tables.
 */
const { duplicate, invalid, notFound, unsupported } = require('./errors');
const { checkLabels, want } = require('./request');

function fullOf(ref) {
        if (!ref?.projectId || !ref.datasetId || !ref.tableId)
                throw invalid('A table reference of the copy job is not complete');
        return `${ref.projectId}.${ref.datasetId}.${ref.tableId}`;
}

/* From configuration.copy: {config, run}; run() carries it out when the job does. */
function fromCopy(store, configuration) {
        const c = want(configuration, 'copy', 'object');
        const list = c.sourceTables ?? [c.sourceTable];
        const how = want(c, 'writeDisposition', 'string') ?? 'WRITE_EMPTY';
        const operation = want(c, 'operationType', 'string') ?? 'COPY';
        const labels = want(configuration, 'labels', 'object');
        if (!['COPY', 'SNAPSHOT', 'CLONE', 'RESTORE'].includes(operation))
                throw unsupported(`copy jobs of type ${operation.slice(0, 40)}`);
        checkLabels(labels);
        if (!Array.isArray(list) || !list.length)
                throw invalid('Required parameter is missing: sourceTable');
        const to = fullOf(c.destinationTable);
        list.forEach(fullOf);
        const run = () => {
                const sources = list.map((ref) => store.get(fullOf(ref)));
                const view = sources.find((s) => s.view);
                if (view) throw invalid(`${store.shown(view.full)} is not a table`);
                store.needDataset(to);
                const old = store.tables.get(to);
                if (!old && c.createDisposition === 'CREATE_NEVER')
                        throw notFound(`Not found: Table ${store.shown(to)}`);
                if (old && how === 'WRITE_EMPTY' && old.rows.length)
                        throw duplicate(`Already Exists: Table ${store.shown(to)}`);
                const rows = sources.flatMap((s) => s.rows);
                if (old && how === 'WRITE_APPEND') {
                        old.setRows([...old.rows, ...rows]);
                        store.changed();
                } else {
                        store.create(to, sources[0].schema, rows, { orReplace: true });
                }
                return { copiedRows: String(rows.length) };
        };
        const config = { jobType: 'COPY', copy: { ...c, operationType: operation } };
        if (labels) config.labels = labels;
        return { config, run };
}

module.exports = { fromCopy };
