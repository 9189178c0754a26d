/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * sandbox/api_jobs: the jobs.* methods of BigQuery v2.
 *
 * Each handler takes {project, id, params, body, email} and returns the response's
 * JSON; failures are ApiErrors. `services` is {jobs}.
 */
const { fromConfiguration, fromQueryRequest, want } = require('./request');
const { encodeRows, integer, makeToken, pageOf } = require('./pages');
const { fromCopy } = require('./copy');
const { resultOf } = require('./jobs');
const { ApiError, invalid } = require('./errors');
const lies = require('./lies');

const DEFAULT_WAIT_MS = 10000; /* timeoutMs when it is not given, as documented */
const MAX_WAIT_MS = 200000;
const STATES = { pending: 'PENDING', running: 'RUNNING', done: 'DONE' };

const waitMs = (n) => Math.min(n ?? DEFAULT_WAIT_MS, MAX_WAIT_MS);

function ask(params, name) {
        return params.get(name) === 'true';
}

function timestamps(params, body) {
        const f = body?.formatOptions ?? {};
        return {
                int64Timestamp:
                        f.useInt64Timestamp === true ||
                        ask(params, 'formatOptions.useInt64Timestamp') ||
                        params.get('formatOptions.timestampOutputFormat') === 'INT64',
        };
}

/* The part that a query's and a getQueryResults' response have in common. */
function results(job, params, opts) {
        const out = { jobReference: job.reference, jobComplete: job.isDone };
        if (!job.isDone) return out;
        if (job.error) throw job.error;
        const result = resultOf(job);
        if (result.schema) out.schema = { fields: result.schema };
        Object.assign(
                out,
                encodeRows(`job ${job.reference.jobId}`, params, result, opts),
        );
        if (!result.schema) delete out.totalRows;
        out.totalBytesProcessed = String(job.result.bytesProcessed);
        out.cacheHit = false;
        if (job.result.dml) {
                out.numDmlAffectedRows = job.dmlRows;
                out.dmlStats = job.dmlStats;
                out.totalRows = undefined;
        }
        return lies.results(job.config?.query?.query, out);
}

async function query({ jobs }, { project, body, email }) {
        const { config, ctx } = fromQueryRequest(project, body);
        const maxResults = want(body, 'maxResults', 'int64');
        const timeout = want(body, 'timeoutMs', 'int64');
        const requestId = want(body, 'requestId', 'string');
        checkLocation(body.location);
        const job = await jobs.start(project, config, ctx, { email, requestId });
        if (job.isDryRun)
                return {
                        kind: 'bigquery#queryResponse',
                        jobReference: {
                                projectId: project,
                                location: job.reference.location,
                        },
                        jobComplete: true,
                        schema: job.result.columns && {
                                fields: job.result.columns.schema,
                        },
                        totalBytesProcessed: String(job.result.bytesProcessed),
                        cacheHit: false,
                };
        await jobs.wait(job, waitMs(timeout));
        const page = new URLSearchParams(
                maxResults === undefined ? '' : `maxResults=${maxResults}`,
        );
        return {
                kind: 'bigquery#queryResponse',
                ...results(job, page, timestamps(page, body)),
        };
}

function checkLocation(location) {
        if (
                location !== undefined &&
                location !== null &&
                String(location).toUpperCase() !== 'US'
        )
                throw new ApiError(
                        404,
                        'notFound',
                        `Not found: location ${String(location).slice(0, 40)}; ` +
                                'the stand-in has only US',
                );
}

async function insert({ jobs, store }, { project, body, email }) {
        const configuration = want(body, 'configuration', 'object');
        const { config, ctx, run } = configuration?.copy
                ? fromCopy(store, configuration)
                : fromConfiguration(project, configuration);
        const ref = want(body, 'jobReference', 'object') ?? {};
        if (ref.projectId !== undefined && ref.projectId !== project)
                throw invalid(
                        'jobReference.projectId is not the project of the request',
                );
        checkLocation(ref.location);
        const job = await jobs.start(project, config, ctx, {
                jobId: ref.jobId,
                email,
                run,
        });
        return job.toResource();
}

function get({ jobs }, { project, id, params }) {
        return jobs.get(project, id, params.get('location')).toResource();
}

function cancel({ jobs }, { project, id, params }) {
        const job = jobs.get(project, id, params.get('location'));
        jobs.cancel(job);
        return { kind: 'bigquery#jobCancelResponse', job: job.toResource() };
}

function list({ jobs }, { project, params }) {
        const states = params
                .getAll('stateFilter')
                .map((s) => STATES[s.toLowerCase()] ?? s);
        const all = jobs
                .list(project, params.get('parentJobId') ?? undefined)
                .filter((j) => states.length === 0 || states.includes(j.state));
        const { from, to } = pageOf('jobs', params, all.length, 1000);
        const full = params.get('projection') === 'full';
        const out = {
                kind: 'bigquery#jobList',
                etag: String(all.length),
                jobs: all.slice(from, to).map((j) => {
                        const r = j.toResource();
                        const item = {
                                id: r.id,
                                kind: r.kind,
                                jobReference: r.jobReference,
                                state: r.status.state,
                                statistics: r.statistics,
                                status: r.status,
                                user_email: r.user_email,
                        };
                        if (r.status.errorResult)
                                item.errorResult = r.status.errorResult;
                        return full
                                ? { ...item, configuration: r.configuration }
                                : item;
                }),
        };
        if (to < all.length) out.nextPageToken = makeToken('jobs', to);
        return out;
}

async function getQueryResults({ jobs }, { project, id, params }) {
        const job = jobs.get(project, id, params.get('location'));
        await jobs.wait(job, waitMs(integer(params, 'timeoutMs')));
        return {
                kind: 'bigquery#getQueryResultsResponse',
                etag: job.etag,
                ...results(job, params, timestamps(params)),
        };
}

module.exports = { query, insert, get, cancel, list, getQueryResults, timestamps };
