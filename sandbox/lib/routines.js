/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * sandbox/routines: stored functions.
 *
 * routines.insert, get and delete of BigQuery v2, and calls: of a function in SQL the call becomes
 * `(SELECT body FROM (SELECT argument AS name, …))`, which gives what the function would. The engine
 * here runs no JavaScript, and reaches no remote endpoint: a call of those is planned, and then told to be
 * unsupported.
 */
const crypto = require('node:crypto');
const { references, statements } = require('./refs');
const { quoteName, splice } = require('./text');
const { duplicate, invalid, invalidQuery, notFound, unsupported } = require('./errors');

const MAX_DEPTH = 16;
const TYPES = ['SCALAR_FUNCTION', 'AGGREGATE_FUNCTION', 'PROCEDURE', 'TABLE_VALUED_FUNCTION'];
/* What the client says of a routine, and gets back. */
const MEMBERS = [
        'arguments',
        'definitionBody',
        'description',
        'importedLibraries',
        'language',
        'remoteFunctionOptions',
        'returnType',
];

const sha = (v) =>
        crypto.createHash('sha256').update(JSON.stringify(v)).digest('base64url');

/* ---- REST ---- */

function put(store, full, body) {
        const [projectId, datasetId, routineId] = full.split('.');
        const now = String(Date.now());
        const routine = {
                routineReference: { projectId, datasetId, routineId },
                routineType: body.routineType ?? 'SCALAR_FUNCTION',
                language: 'SQL',
                creationTime: now,
                lastModifiedTime: now,
        };
        for (const name of MEMBERS)
                if (body[name] !== undefined) routine[name] = body[name];
        routine.etag = sha([routine, ++store.version]);
        store.routines.set(full, routine);
        return routine;
}

function find(store, full) {
        const r = store.routines.get(full);
        if (r) return r;
        store.needDataset(full);
        throw notFound(`Not found: Routine ${store.shown(full)}`);
}

function insertRoutine({ store }, { project, dataset, body }) {
        const id = body.routineReference?.routineId;
        const full = `${project}.${dataset}.${id}`;
        if (typeof id !== 'string' || !/^\w{1,256}$/.test(id))
                throw invalid(`Invalid routine ID "${String(id).slice(0, 80)}"`);
        if (!TYPES.includes(body.routineType))
                throw invalid('Required parameter is missing: routineType');
        if (typeof body.definitionBody !== 'string' && !body.remoteFunctionOptions)
                throw invalid('Required parameter is missing: definitionBody');
        store.needDataset(full);
        if (store.routines.has(full))
                throw duplicate(`Already Exists: Routine ${store.shown(full)}`);
        return put(store, full, body);
}

function getRoutine({ store }, { project, dataset, routine }) {
        return find(store, `${project}.${dataset}.${routine}`);
}

/* As BigQuery: without bodies, unless readMask asks for them. */
function listRoutines({ store }, { project, dataset }) {
        store.needDataset(`${project}.${dataset}.x`);
        const routines = [...store.routines.values()]
                .filter((r) => r.routineReference.projectId === project)
                .filter((r) => r.routineReference.datasetId === dataset)
                .map(({ definitionBody, ...rest }) => rest);
        return routines.length ? { routines } : {};
}

function deleteRoutine({ store }, { project, dataset, routine }) {
        const full = `${project}.${dataset}.${routine}`;
        find(store, full);
        store.routines.delete(full);
        store.changed();
        return {};
}

/* ---- calls ---- */

/* The stored function that a call of `p.d.f` or `d.f` means, or undefined. */
function called(store, path, project) {
        const parts = path.split('.');
        if (parts.length === 2) parts.unshift(project);
        return store.routines.get(parts.join('.'));
}

const typed = (text, type) =>
        type?.typeKind && /^\w+$/.test(type.typeKind)
                ? [`CAST(${text[0]}`, `${text[1]} AS ${type.typeKind})`]
                : text;

/* Edits that leave the arguments to whatever else is to be done to them. */
async function edits(planner, stmt, call, routine, ctx) {
        const { routineId } = routine.routineReference;
        const name = call.path;
        if (routine.remoteFunctionOptions || routine.language !== 'SQL') {
                stmt.cannotRun = `the function ${name}, which is not in SQL`;
                const type = routine.returnType?.typeKind ?? 'STRING';
                return [{ start: call.start, end: call.end, text: `CAST(NULL AS ${type})` }];
        }
        if (!routine.routineType.startsWith('SCALAR'))
                throw unsupported(`the routine ${routineId}, a ${routine.routineType}`);
        const parameters = routine.arguments ?? [];
        if (call.arguments.length !== parameters.length)
                throw invalidQuery(
                        `Number of arguments does not match for function ${name}. ` +
                                `Supported signature: ${routineId}(${parameters
                                        .map((p) => p.dataType?.typeKind ?? 'ANY TYPE')
                                        .join(', ')})`,
                );
        const inner = await body(planner, stmt, routine, ctx);
        const [open, close] = typed(['(', ')'], routine.returnType);
        const begin = `(SELECT ${open}${inner}\n${close}`;
        if (!parameters.length)
                return [{ start: call.start, end: call.end, text: `${begin})` }];
        const out = [];
        let at = call.start;
        parameters.forEach((p, i) => {
                const [before, after] = typed(['(', ')'], p.dataType);
                const { start, end } = call.arguments[i];
                out.push({
                        start: at,
                        end: start,
                        text: (i ? ', ' : `${begin} FROM (SELECT `) + before,
                });
                const next = i + 1 < parameters.length ? call.arguments[i + 1].start : call.end;
                const text = `${after} AS ${quoteName(p.name)}`;
                if (i + 1 === parameters.length) {
                        out.push({ start: end, end: next, text: `${text}))` });
                } else {
                        out.push({ start: end, end, text });
                        at = end;
                }
        });
        return out;
}

/* The expression, with the functions that it calls in turn. */
async function body(planner, stmt, routine, ctx) {
        const depth = (ctx.functionDepth ?? 0) + 1;
        if (depth > MAX_DEPTH) throw invalid('Too many nested function calls');
        const text = `SELECT (${routine.definitionBody}\n)`;
        const source = Buffer.from(text);
        const [own] = statements(await planner.engine.parse(text));
        const found = references(own, await planner.engine.tableNames(text));
        if (found.refs.length)
                throw unsupported('a stored function that reads tables');
        const { projectId } = routine.routineReference;
        const all = [];
        for (const call of found.calls) {
                const r = called(planner.store, call.path, projectId);
                if (!r) continue;
                const inner = { ...ctx, functionDepth: depth };
                all.push(...(await edits(planner, stmt, call, r, inner)));
        }
        return splice(source, all).text.slice('SELECT '.length);
}

module.exports = { put, insertRoutine, getRoutine, listRoutines, deleteRoutine, called, edits };
