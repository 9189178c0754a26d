/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * sandbox/jobs: query jobs, their states and their resources as the API shows them.
 *
 * A job runs once, in the background; callers wait for it with a deadline. Its result
 * rows stay readable by job id and through the anonymous destination table.
 */
const crypto = require('node:crypto');
const { ApiError, duplicate, invalid, notFound } = require('./errors');
const lies = require('./lies');
const { splitName } = require('./store');

const LOCATION = 'US';
const MAX_JOBS = 10000;
const REQUEST_ID_MS = 15 * 60 * 1000; /* how long jobs.query remembers a requestId */
const JOB_ID = /^[A-Za-z0-9_-]{1,1024}$/;

const newId = () => `job_${crypto.randomBytes(18).toString('base64url')}`;
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

class Job {
        constructor(project, jobId, config, email) {
                this.reference = { projectId: project, jobId, location: LOCATION };
                this.config = config;
                this.email = email;
                this.created = Date.now();
                this.state = 'RUNNING';
                this.etag = crypto.randomBytes(16).toString('base64url');
        }

        get isDone() {
                return this.state === 'DONE';
        }

        finish({ result, error }) {
                if (this.isDone) return;
                this.state = 'DONE';
                this.ended = Date.now();
                this.result = result;
                this.error = error;
                this.etag = crypto.randomBytes(16).toString('base64url');
        }

        get dmlRows() {
                const d = this.result?.dml;
                return d && String(d.inserted + d.updated + d.deleted);
        }

        get dmlStats() {
                const d = this.result?.dml;
                return (
                        d && {
                                insertedRowCount: String(d.inserted),
                                updatedRowCount: String(d.updated),
                                deletedRowCount: String(d.deleted),
                        }
                );
        }

        statistics() {
                const r = this.result;
                const stats = {
                        creationTime: String(this.created),
                        startTime: String(this.created),
                };
                if (!this.isDone) return stats;
                stats.endTime = String(this.ended);
                if (r?.copy) return { ...stats, copy: r.copy };
                if (!r) return { ...stats, query: {} };
                const query = {
                        totalBytesProcessed: String(r.bytesProcessed),
                        totalBytesBilled: String(this.isDryRun ? 0 : r.bytesBilled),
                        cacheHit: false,
                        statementType: r.statementType,
                };
                if (this.parent) {
                        stats.parentJobId = this.parent;
                        stats.scriptStatistics = this.script;
                }
                if (this.children) stats.numChildJobs = String(this.children);
                if (r.referencedTables.length)
                        query.referencedTables = r.referencedTables;
                if (r.referencedRoutines.length)
                        query.referencedRoutines = r.referencedRoutines;
                if (this.isDryRun) query.totalBytesProcessedAccuracy = r.isLowerBound
                                ? 'LOWER_BOUND'
                                : 'PRECISE';
                if (r.columns) query.schema = { fields: r.columns.schema };
                if (r.dml)
                        Object.assign(query, {
                                numDmlAffectedRows: this.dmlRows,
                                dmlStats: this.dmlStats,
                        });
                if (r.ddl) Object.assign(query, ddlStats(r.ddl));
                return {
                        ...stats,
                        totalBytesProcessed: query.totalBytesProcessed,
                        query: lies.statistics(this.config.query?.query, query),
                };
        }

        toResource() {
                const { projectId, jobId, location } = this.reference;
                const status = { state: this.state };
                if (this.error)
                        Object.assign(status, {
                                errorResult: this.error.toProto(),
                                errors: [this.error.toProto()],
                        });
                return {
                        kind: 'bigquery#job',
                        etag: this.etag,
                        id: `${projectId}:${location}${this.isDryRun ? '' : `.${jobId}`}`,
                        selfLink:
                                `https://bigquery.googleapis.com/bigquery/v2/projects/${projectId}` +
                                `/jobs/${jobId ?? ''}?location=${location}`,
                        user_email: this.email,
                        configuration: this.config,
                        jobReference: this.isDryRun
                                ? { projectId, location }
                                : this.reference,
                        statistics: this.statistics(),
                        status,
                };
        }
}

function ddlStats({ full, operation }) {
        const r = splitName(full);
        const { projectId, datasetId } = r;
        return {
                ddlOperationPerformed: operation,
                ...(r.tableId
                        ? { ddlTargetTable: r }
                        : { ddlTargetDataset: { projectId, datasetId } }),
        };
}

class Jobs {
        constructor({ runner, store, delayMs = 0 }) {
                this.runner = runner;
                this.store = store;
                this.delayMs = delayMs;
                this.byId = new Map();
                this.byRequest = new Map();
                this.byResult = new Map(); /* anonymous table's full name → Job */
        }

        key(project, jobId) {
                return `${project}:${jobId}`;
        }

        get(project, jobId, location) {
                const job = this.byId.get(this.key(project, jobId));
                if (!job || (location && location.toUpperCase() !== LOCATION))
                        throw notFound(
                                `Not found: Job ${project}:${location ?? LOCATION}.${jobId}`,
                        );
                return job;
        }

        list(project, parent) {
                return [...this.byId.values()]
                        .filter(
                                (j) =>
                                        j.reference.projectId === project &&
                                        j.parent === parent,
                        )
                        .reverse();
        }

        /* A statement of a script that is done: a job of its own. */
        addChild(parent, { result, script }) {
                const { projectId, jobId } = parent.reference;
                const number = parent.children ?? 0;
                const digest = crypto.createHash('sha256').update(`${projectId}:${jobId}`);
                const config = {
                        jobType: 'QUERY',
                        query: { query: script.stackFrames[0].text, useLegacySql: false },
                };
                const child = new Job(
                        projectId,
                        `script_job_${digest.digest('hex').slice(0, 32)}_${number}`,
                        config,
                        parent.email,
                );
                child.created = Math.max(child.created, parent.created + number);
                Object.assign(child, { parent: jobId, script });
                if (result.rows) {
                        config.query.destinationTable = anonymousTable(child);
                        child.anonymous = fullOf(config.query.destinationTable);
                }
                this.keepResult(child, result);
                child.finish({ result });
                parent.children = number + 1;
                this.byId.set(this.key(projectId, child.reference.jobId), child);
        }

        /* ctx: what Runner.run takes; `run` instead of it for
         * what is no query. Dry runs are done when this returns, or throw. */
        async start(project, config, ctx, { jobId, email, requestId, run } = {}) {
                if (jobId !== undefined && !JOB_ID.test(jobId))
                        throw invalid(`Invalid job ID "${String(jobId).slice(0, 80)}"`);
                if (config.dryRun) return this.dryRun(project, config, ctx, email);
                const known =
                        requestId && this.byRequest.get(`${project}:${requestId}`);
                if (known && Date.now() - known.created < REQUEST_ID_MS) return known;
                const job = new Job(project, jobId ?? newId(), config, email);
                const key = this.key(project, job.reference.jobId);
                if (this.byId.has(key))
                        throw duplicate(
                                `Already Exists: Job ${project}:${LOCATION}.${job.reference.jobId}`,
                        );
                this.byId.set(key, job);
                if (requestId) this.byRequest.set(`${project}:${requestId}`, job);
                this.evict();
                if (!run) await this.nameDestination(job, ctx);
                job.done = this.carryOut(job, ctx, run);
                return job;
        }

        async dryRun(project, config, ctx, email) {
                const job = new Job(project, undefined, config, email);
                job.isDryRun = true;
                const result = await this.runner.dryRun(config.query.query, ctx);
                job.finish({ result });
                return job;
        }

        /* `run` carries out what is no query. */
        async carryOut(job, ctx, run) {
                try {
                        if (this.delayMs) await later(this.delayMs);
                        if (job.isDone) return; /* cancelled meanwhile */
                        if (run) {
                                job.finish({ result: { copy: run() } });
                                return;
                        }
                        const result = await this.runner.run(job.config.query.query, {
                                ...ctx,
                                onChild: (c) => this.addChild(job, c),
                        });
                        this.keepResult(job, result);
                        job.finish({ result });
                } catch (e) {
                        job.finish({
                                error:
                                        e instanceof ApiError
                                                ? e
                                                : new ApiError(
                                                          500,
                                                          'internalError',
                                                          `The stand-in failed: ${e.message}`,
                                                  ),
                        });
                }
        }

        /* The real service names the table that a query's result goes to as soon as the job
         * exists, and clients look there. A statement that changes a table names that one. */
        async nameDestination(job, ctx) {
                const query = job.config.query;
                if (query.destinationTable) return;
                let plan;
                try {
                        plan = await this.runner.plan(query.query, ctx);
                } catch {
                        return; /* the job will fail with the same error */
                }
                if (plan.isScript) return;
                const { kind, target } = plan.first;
                if (kind !== 'SELECT' && !target) return;
                const destinationTable = target
                        ? splitName(target)
                        : anonymousTable(job);
                if (!target) job.anonymous = fullOf(destinationTable);
                job.config = { ...job.config, query: { ...query, destinationTable } };
        }

        keepResult(job, result) {
                if (!result.rows) return;
                const query = job.config.query;
                if (query.destinationTable && !job.anonymous)
                        this.writeResult(query, result);
                else
                        this.byResult.set(
                                (job.anonymous ??= fullOf(anonymousTable(job))),
                                job,
                        );
        }

        writeResult(query, result) {
                const full = fullOf(query.destinationTable);
                this.store.needDataset(full);
                const old = this.store.tables.get(full);
                const how = query.writeDisposition ?? 'WRITE_EMPTY';
                if (!old && query.createDisposition === 'CREATE_NEVER')
                        throw notFound(`Not found: Table ${this.store.shown(full)}`);
                if (old && how === 'WRITE_EMPTY' && old.rows.length > 0)
                        throw duplicate(
                                `Already Exists: Table ${this.store.shown(full)}`,
                        );
                if (old && how === 'WRITE_APPEND') {
                        const plain = (t) => JSON.stringify(t);
                        if (plain(old.types) !== plain(result.columns.types))
                                throw invalid(
                                        `Provided Schema does not match Table ${this.store.shown(full)}.`,
                                );
                        old.setRows([...old.rows, ...result.rows]);
                        this.store.changed();
                        return;
                }
                this.store.create(full, result.columns.schema, result.rows, {
                        orReplace: true,
                });
        }

        cancel(job) {
                job.finish({
                        error: new ApiError(
                                499,
                                'stopped',
                                'Job execution was cancelled: User requested cancellation',
                        ),
                });
        }

        /* Resolves when the job is done or the time is up, whichever is first. */
        async wait(job, ms) {
                if (job.isDone) return;
                let timer;
                const limit = new Promise(
                        (resolve) => (timer = setTimeout(resolve, ms)),
                );
                await Promise.race([job.done, limit]);
                clearTimeout(timer);
        }

        evict() {
                for (const [key, job] of this.byId) {
                        if (this.byId.size <= MAX_JOBS) break;
                        if (job.isDone) {
                                this.byId.delete(key);
                                this.byResult.delete(job.anonymous);
                        }
                }
                const old = Date.now() - REQUEST_ID_MS;
                for (const [key, job] of this.byRequest)
                        if (job.created < old) this.byRequest.delete(key);
        }
}

function anonymousTable(job) {
        const digest = (text) => crypto.createHash('sha256').update(text).digest('hex');
        const { projectId, jobId } = job.reference;
        return {
                projectId,
                datasetId: `_${digest(job.email ?? '').slice(0, 40)}`,
                tableId: `anon${digest(`${projectId}:${jobId}`)}`,
        };
}

const fullOf = (t) => `${t.projectId}.${t.datasetId}.${t.tableId}`;

/* What a reader of rows needs, from a job: nothing selected means nothing to read. */
function resultOf(job) {
        const r = job.result;
        if (!r?.rows) return { schema: undefined, types: [], rows: [] };
        return { schema: r.columns.schema, types: r.columns.types, rows: r.rows };
}

module.exports = { Jobs, resultOf, LOCATION };
