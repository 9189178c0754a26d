/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * sandbox/discovery: a small API description, enough for googleapis-style clients.
 *
 * Says only what the stand-in serves. Clients build their methods from it: names,
 * HTTP verbs, paths and parameters.
 */

const string = { type: 'string', location: 'query' };
const flag = { type: 'boolean', location: 'query' };
const integer = { type: 'integer', format: 'uint32', location: 'query' };
const uint64 = { type: 'string', format: 'uint64', location: 'query' };

const COMMON = {
        alt: { ...string, default: 'json', enum: ['json'] },
        fields: string,
        key: string,
        prettyPrint: { ...flag, default: 'true' },
        quotaUser: string,
        userIp: string,
        access_token: string,
        oauth_token: string,
};

const PAGE = { maxResults: integer, pageToken: string };

function method(id, httpMethod, path, query = {}, request, response = 'Any') {
        const names = [...path.matchAll(/\{\+?(\w+)\}/g)].map((m) => m[1]);
        const parameters = { ...query };
        for (const name of names)
                parameters[name] = { type: 'string', location: 'path', required: true };
        return {
                id: `bigquery.${id}`,
                httpMethod,
                path: path.replace(/\{(\w+)\}/g, '{+$1}'),
                flatPath: path,
                description: id,
                parameters,
                parameterOrder: names,
                response: { $ref: response },
                ...(request ? { request: { $ref: request } } : {}),
                scopes: [
                        'https://www.googleapis.com/auth/bigquery',
                        'https://www.googleapis.com/auth/cloud-platform',
                ],
        };
}

const P = 'projects/{projectId}';
const D = `${P}/datasets/{datasetId}`;
const T = `${D}/tables/{tableId}`;
const FORMAT = { 'formatOptions.useInt64Timestamp': flag };

const RESOURCES = {
        projects: {
                methods: { list: method('projects.list', 'GET', 'projects', PAGE) },
        },
        jobs: {
                methods: {
                        query: method(
                                'jobs.query',
                                'POST',
                                `${P}/queries`,
                                {},
                                'QueryRequest',
                        ),
                        insert: method(
                                'jobs.insert',
                                'POST',
                                `${P}/jobs`,
                                {},
                                'Job',
                                'Job',
                        ),
                        get: method(
                                'jobs.get',
                                'GET',
                                `${P}/jobs/{jobId}`,
                                { location: string },
                                undefined,
                                'Job',
                        ),
                        cancel: method(
                                'jobs.cancel',
                                'POST',
                                `${P}/jobs/{jobId}/cancel`,
                                { location: string },
                        ),
                        list: method('jobs.list', 'GET', `${P}/jobs`, {
                                ...PAGE,
                                projection: string,
                                allUsers: flag,
                                parentJobId: string,
                                stateFilter: { ...string, repeated: true },
                        }),
                        getQueryResults: method(
                                'jobs.getQueryResults',
                                'GET',
                                `${P}/queries/{jobId}`,
                                {
                                        ...PAGE,
                                        ...FORMAT,
                                        location: string,
                                        startIndex: uint64,
                                        timeoutMs: integer,
                                },
                        ),
                },
        },
        datasets: {
                methods: {
                        list: method('datasets.list', 'GET', `${P}/datasets`, {
                                ...PAGE,
                                all: flag,
                                filter: string,
                        }),
                        get: method('datasets.get', 'GET', D),
                },
        },
        tables: {
                methods: {
                        list: method('tables.list', 'GET', `${D}/tables`, PAGE),
                        get: method('tables.get', 'GET', T, {
                                selectedFields: string,
                                view: string,
                        }),
                },
        },
        tabledata: {
                methods: {
                        list: method('tabledata.list', 'GET', `${T}/data`, {
                                ...PAGE,
                                ...FORMAT,
                                startIndex: uint64,
                                selectedFields: string,
                        }),
                },
        },
};

const anything = (id) => ({
        id,
        type: 'object',
        additionalProperties: { type: 'any' },
});

const DOCUMENT = {
        kind: 'discovery#restDescription',
        discoveryVersion: 'v1',
        id: 'bigquery:v2',
        name: 'bigquery',
        version: 'v2',
        revision: '1',
        title: 'BigQuery API',
        description: "The stand-in's part of BigQuery v2",
        protocol: 'rest',
        rootUrl: 'https://bigquery.googleapis.com/',
        servicePath: 'bigquery/v2/',
        baseUrl: 'https://bigquery.googleapis.com/bigquery/v2/',
        basePath: '/bigquery/v2/',
        batchPath: 'batch/bigquery/v2',
        parameters: COMMON,
        auth: {
                oauth2: {
                        scopes: {
                                'https://www.googleapis.com/auth/bigquery': {
                                        description: 'BigQuery',
                                },
                                'https://www.googleapis.com/auth/cloud-platform': {
                                        description: 'Google Cloud',
                                },
                        },
                },
        },
        schemas: {
                Any: anything('Any'),
                Job: anything('Job'),
                QueryRequest: anything('QueryRequest'),
        },
        resources: RESOURCES,
};

function discovery(host, path, params) {
        const direct =
                path === '/$discovery/rest' &&
                ['bigquery.googleapis.com', 'localhost', '127.0.0.1'].includes(host) &&
                (params.get('version') ?? 'v2') === 'v2';
        const directory =
                path === '/discovery/v1/apis/bigquery/v2/rest' &&
                [
                        'www.googleapis.com',
                        'bigquery.googleapis.com',
                        'localhost',
                        '127.0.0.1',
                ].includes(host);
        return direct || directory ? DOCUMENT : null;
}

module.exports = { discovery };
