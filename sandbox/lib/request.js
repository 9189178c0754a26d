/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * sandbox/request: the query part of jobs.query and jobs.insert, checked and typed.
 *
 * Unknown fields are ignored, as the real service mostly does; known fields of a wrong
 * type, and settings the stand-in cannot honour, are errors.
 */
const { positionalName } = require('./names');
const types = require('./types');
const { ApiError, invalid, unsupported } = require('./errors');

const LABEL_KEY = /^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u;
const LABEL_VALUE = /^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u;
const MAX_LABELS = 64;
const MAX_PARAMETERS = 10000;

function want(object, field, type) {
        const v = object[field];
        if (v === undefined || v === null) return undefined;
        if (type === 'int64') {
                if (!/^-?\d{1,19}$/.test(String(v)))
                        throw invalid(
                                `Invalid value for ${field}: an integer is expected`,
                        );
                return Number(v);
        }
        if (
                type === 'object'
                        ? typeof v !== 'object' || Array.isArray(v)
                        : typeof v !== type
        )
                throw invalid(`Invalid value for ${field}: ${type} is expected`);
        return v;
}

function checkLabels(labels) {
        if (labels === undefined) return;
        const entries = Object.entries(labels);
        if (entries.length > MAX_LABELS)
                throw invalid(`No more than ${MAX_LABELS} labels are allowed`);
        for (const [k, v] of entries)
                if (!LABEL_KEY.test(k) || typeof v !== 'string' || !LABEL_VALUE.test(v))
                        throw invalid(
                                `Label '${k.slice(0, 80)}' is not valid: keys and values are up to 63 ` +
                                        'lower-case letters, digits, underscores and dashes',
                        );
}

function parameters(q) {
        const list = q.queryParameters ?? [];
        if (!Array.isArray(list) || list.length > MAX_PARAMETERS)
                throw invalid('Invalid value for queryParameters');
        const mode = String(want(q, 'parameterMode', 'string') ?? '').toUpperCase();
        if (mode && mode !== 'NAMED' && mode !== 'POSITIONAL')
                throw invalid(`Invalid value for parameterMode: ${mode.slice(0, 40)}`);
        const positional = mode
                ? mode === 'POSITIONAL'
                : list.length > 0 && !list[0]?.name;
        const params = list.map((p, i) => {
                if (!positional && !p?.name)
                        throw invalid('A named query parameter has no name');
                const type = types.fromParameterType(p?.parameterType);
                try {
                        const value = types.fromParameterValue(p.parameterValue, type);
                        return {
                                name: positional
                                        ? positionalName(i + 1)
                                        : String(p.name).toLowerCase(),
                                type: types.toEngine(type),
                                value,
                        };
                } catch (e) {
                        throw e instanceof ApiError
                                ? e
                                : invalid(
                                          `Query parameter '${p.name ?? '?'}': ${e.message}`,
                                  );
                }
        });
        return { params, positional };
}

function dataset(ref) {
        if (!ref) return undefined;
        if (typeof ref.datasetId !== 'string')
                throw invalid('Invalid value for defaultDataset: datasetId is missing');
        return ref.projectId
                ? { projectId: String(ref.projectId), datasetId: ref.datasetId }
                : { datasetId: ref.datasetId };
}

/* From a JobConfiguration: returns {config, ctx}; config is what the job will show. */
function fromConfiguration(project, configuration) {
        const q = want(configuration ?? {}, 'query', 'object');
        if (!q) throw unsupported('jobs other than queries');
        if (want(q, 'useLegacySql', 'boolean') !== false)
                throw unsupported('legacy SQL; set useLegacySql to false');
        const query = want(q, 'query', 'string');
        if (query === undefined) throw invalid('Required parameter is missing: query');
        const labels = want(configuration, 'labels', 'object');
        checkLabels(labels);
        const limit = want(q, 'maximumBytesBilled', 'int64');
        const destination = want(q, 'destinationTable', 'object');
        if (
                destination &&
                ![
                        destination.projectId,
                        destination.datasetId,
                        destination.tableId,
                ].every((s) => typeof s === 'string' && s !== '')
        )
                throw invalid('Invalid value for destinationTable');
        const kept = {};
        for (const f of [
                'priority',
                'writeDisposition',
                'createDisposition',
                'useQueryCache',
                'parameterMode',
                'queryParameters',
                'defaultDataset',
                'maximumBytesBilled',
        ])
                if (q[f] !== undefined && q[f] !== null) kept[f] = q[f];
        const config = {
                jobType: 'QUERY',
                query: {
                        query,
                        useLegacySql: false,
                        priority: 'INTERACTIVE',
                        ...kept,
                        ...(destination ? { destinationTable: destination } : {}),
                },
        };
        if (labels) config.labels = labels;
        if (want(configuration, 'dryRun', 'boolean')) config.dryRun = true;
        if (configuration.jobTimeoutMs !== undefined)
                config.jobTimeoutMs = String(
                        want(configuration, 'jobTimeoutMs', 'int64'),
                );
        const ctx = {
                project,
                defaultDataset: dataset(want(q, 'defaultDataset', 'object')),
                query: parameters(q),
                check: (billed) => {
                        if (limit !== undefined && billed > limit)
                                throw new ApiError(
                                        400,
                                        'bytesBilledLimitExceeded',
                                        `Query exceeded limit for bytes billed: ${limit}. ` +
                                                `${billed} or higher required.`,
                                );
                },
        };
        return { config, ctx };
}

/* jobs.query has the same settings flat in its body. */
function fromQueryRequest(project, body) {
        return fromConfiguration(project, {
                query: body,
                labels: body.labels,
                dryRun: body.dryRun,
                ...(body.jobTimeoutMs === undefined
                        ? {}
                        : { jobTimeoutMs: body.jobTimeoutMs }),
        });
}

module.exports = { checkLabels, fromConfiguration, fromQueryRequest, want };
