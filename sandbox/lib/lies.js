/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * sandbox/lies: for tests of those who read answers. A statement with the comment
 * "stand-in lies: WHAT" is answered with something that BigQuery would not answer.
 */

const ASKED = /\/\* stand-in lies: ([a-z ]+) \*\//;
const EXTRA = { name: 'extra', type: 'STRING', mode: 'NULLABLE' };

const columns = (schema, lie) => {
        const [first, ...rest] = schema.fields;
        if (lie === 'another column') return { fields: [...schema.fields, EXTRA] };
        if (lie === 'another name') return { fields: [{ ...first, name: 'other' }, ...rest] };
        if (lie === 'another type') return { fields: [{ ...first, type: 'BYTES' }, ...rest] };
        if (lie === 'told tables')
                return {
                        fields: [
                                {
                                        ...first,
                                        description: 'of the table',
                                        policyTags: { names: ['tag'] },
                                },
                                ...rest,
                        ],
                };
        return schema;
};

const cells = (row, lie) => {
        if (lie === 'another column' || lie === 'a cell more')
                return { f: [...row.f, { v: 'extra' }] };
        if (lie === 'a cell less') return { f: row.f.slice(1) };
        if (lie === 'a record') return { f: row.f.map(() => ({ v: { f: [{ v: 'extra' }] } })) };
        if (lie === 'a value twice') return { f: row.f, f2: row.f };
        return row;
};

function lieOf(sql) {
        return ASKED.exec(sql ?? '')?.[1];
}

/* The body of an answer with rows. */
function results(sql, answer) {
        const lie = lieOf(sql);
        if (!lie || !answer.schema) return answer;
        const { schema, ...rest } = answer;
        if (lie === 'a late schema') return { ...rest, schema };
        return {
                ...answer,
                schema: columns(schema, lie),
                rows: (answer.rows ?? []).map((row) => cells(row, lie)),
        };
}

/* `statistics.query` of a job. */
function statistics(sql, query) {
        const lie = lieOf(sql);
        if (lie === 'a lower bound')
                return { ...query, totalBytesProcessedAccuracy: 'LOWER_BOUND' };
        if (lie === 'another kind') return { ...query, statementType: 'SCRIPT' };
        if (lie === 'another table')
                return {
                        ...query,
                        referencedTables: [
                                ...(query.referencedTables ?? []),
                                { projectId: 'acme-prod', datasetId: 'hr', tableId: 'pay' },
                        ],
                };
        if (lie === 'no routines') return { ...query, referencedRoutines: undefined };
        if (lie === 'another routine')
                return {
                        ...query,
                        referencedRoutines: [
                                { projectId: 'acme-prod', datasetId: 'hr', routineId: 'raise' },
                        ],
                };
        if (lie && query.schema) return { ...query, schema: columns(query.schema, lie) };
        return query;
}

module.exports = { results, statistics };
