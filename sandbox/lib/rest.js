/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * sandbox/rest: which request is which method.
 *
 * Routes by Host, method and path. Everything under /bigquery/v2 needs a token; the
 * token endpoint and the discovery documents do not. Returns {status, body} where body
 * is a JSON value, and never throws.
 */
const jobsApi = require('./api_jobs');
const dataApi = require('./api_data');
const writesApi = require('./api_writes');
const routinesApi = require('./routines');
const { applyMask, parseMask } = require('./pages');
const { discovery } = require('./discovery');
const { ApiError, invalid, notFound } = require('./errors');
const { OAuthError } = require('./auth');
const storage = require('./storage');

const P = '/projects/:project';
const D = `${P}/datasets/:dataset`;
const T = `${D}/tables/:table`;
const ROUTES = [
        ['GET', '/projects', dataApi.listProjects],
        ['POST', `${P}/queries`, jobsApi.query],
        ['GET', `${P}/queries/:id`, jobsApi.getQueryResults],
        ['POST', `${P}/jobs`, jobsApi.insert],
        ['GET', `${P}/jobs`, jobsApi.list],
        ['GET', `${P}/jobs/:id`, jobsApi.get],
        ['POST', `${P}/jobs/:id/cancel`, jobsApi.cancel],
        ['GET', `${P}/datasets`, dataApi.listDatasets],
        ['POST', `${P}/datasets`, writesApi.insertDataset],
        ['POST', `${D}:undelete`, writesApi.undeleteDataset],
        ['GET', D, dataApi.getDataset],
        ['PATCH', D, writesApi.patchDataset],
        ['DELETE', D, writesApi.deleteDataset],
        ['GET', `${D}/tables`, dataApi.listTables],
        ['POST', `${D}/tables`, writesApi.insertTable],
        ['GET', T, dataApi.getTable],
        ['PATCH', T, writesApi.patchTable],
        ['DELETE', T, writesApi.deleteTable],
        ['POST', `${T}/insertAll`, writesApi.insertAll],
        ['GET', `${T}/data`, dataApi.listRows],
        ['POST', `${D}/routines`, routinesApi.insertRoutine],
        ['GET', `${D}/routines`, routinesApi.listRoutines],
        ['GET', `${D}/routines/:routine`, routinesApi.getRoutine],
        ['DELETE', `${D}/routines/:routine`, routinesApi.deleteRoutine],
].map(([method, pattern, handler]) => ({ method, parts: pattern.split('/'), handler }));

const LOCAL = ['localhost', '127.0.0.1', '[::1]'];
const API_HOSTS = [
        'bigquery.googleapis.com',
        'bigquery.mtls.googleapis.com',
        'www.googleapis.com',
        ...LOCAL,
];
const TOKEN_PATHS = {
        'oauth2.googleapis.com': ['/token'],
        'www.googleapis.com': ['/oauth2/v4/token'],
        'accounts.google.com': ['/o/oauth2/token'],
};

function match(parts, path) {
        const given = path.split('/');
        if (given.length !== parts.length) return null;
        const found = {};
        for (let i = 0; i < parts.length; i++) {
                const [, name, verb] = /^:(\w+)(:\w+)?$/.exec(parts[i]) ?? [];
                if (name && verb) {
                        if (!given[i].endsWith(verb)) return null;
                        found[name] = decode(given[i].slice(0, -verb.length));
                } else if (name) {
                        if (given[i].includes(':')) return null;
                        found[name] = decode(given[i]);
                } else if (parts[i] !== given[i]) return null;
        }
        return found;
}

function decode(text) {
        try {
                return decodeURIComponent(text);
        } catch {
                throw invalid('The path is not valid percent-encoding');
        }
}

function jsonBody(request, body) {
        if (body.length === 0) return {};
        const type = String(request.headers['content-type'] ?? '');
        if (!/^application\/json\b/i.test(type))
                throw invalid(`Invalid content type: ${type.slice(0, 60)}`);
        let v;
        try {
                v = JSON.parse(body.toString('utf8'));
        } catch (e) {
                throw new ApiError(
                        400,
                        'parseError',
                        `Invalid JSON payload received. ${e.message}`,
                );
        }
        if (!v || typeof v !== 'object' || Array.isArray(v))
                throw new ApiError(
                        400,
                        'parseError',
                        'Invalid JSON payload received. An object is expected',
                );
        return v;
}

class Rest {
        constructor(services) {
                this.services = services; /* {auth, jobs, store, oidc} */
        }

        async answer(request, url, body) {
                try {
                        return await this.route(request, url, body);
                } catch (e) {
                        if (e instanceof OAuthError)
                                return {
                                        status:
                                                e.word === 'unauthorized_client'
                                                        ? 401
                                                        : 400,
                                        body: {
                                                error: e.word,
                                                error_description: e.message,
                                        },
                                };
                        if (e instanceof ApiError)
                                return { status: e.code, body: e.toBody() };
                        const internal = new ApiError(
                                500,
                                'internalError',
                                `The stand-in failed: ${e.message}`,
                        );
                        return { status: 500, body: internal.toBody(), cause: e };
                }
        }

        async route(request, url, body) {
                const host = hostOf(request);
                const path = url.pathname;
                const isToken =
                        TOKEN_PATHS[host]?.includes(path) ||
                        (LOCAL.includes(host) && path === '/token');
                if (isToken && request.method === 'POST')
                        return { status: 200, body: this.token(request, body) };
                const oidc = this.oidc(request, host, path);
                if (oidc) return { status: 200, body: oidc };
                const found =
                        request.method === 'GET'
                                ? discovery(host, path, url.searchParams)
                                : null;
                if (found) return { status: 200, body: found };
                if (host === 'storage.googleapis.com')
                        return storage.answer(this.services.auth, request, url);
                const m = /^(?:\/bigquery\/v2)(\/.*)$/.exec(path);
                if (!API_HOSTS.includes(host) || !m)
                        throw notFound(
                                `The requested URL was not found: ${request.method} ` +
                                        `${host}${path.slice(0, 200)}`,
                        );
                return this.api(request, url, m[1], body);
        }

        /* OpenID Connect Discovery 1.0: where the keys of the test issuer are. */
        oidc(request, host, path) {
                const o = this.services.oidc;
                if (!o || request.method !== 'GET' || host !== o.host) return null;
                if (path === '/.well-known/openid-configuration')
                        return { issuer: o.issuer, jwks_uri: `${o.issuer}/keys` };
                return path === '/keys' ? o.keys : null;
        }

        token(request, body) {
                const type = String(request.headers['content-type'] ?? '');
                if (!type.startsWith('application/x-www-form-urlencoded'))
                        throw new OAuthError('invalid_request', 'A form is expected');
                return this.services.auth.exchange(
                        new URLSearchParams(body.toString('utf8')),
                );
        }

        async api(request, url, path, body) {
                const email = this.services.auth.check(request.headers.authorization);
                const paths = ROUTES.map((r) => ({
                        ...r,
                        vars: match(r.parts, path),
                })).filter((r) => r.vars);
                const route = paths.find((r) => r.method === request.method);
                if (!route && paths.length)
                        throw new ApiError(
                                405,
                                'methodNotAllowed',
                                `${request.method} is not allowed here`,
                        );
                if (!route)
                        throw notFound(
                                `The stand-in has no method for ${request.method} ${path.slice(0, 200)}`,
                        );
                const params = url.searchParams;
                const mask = params.get('fields')
                        ? parseMask(params.get('fields'))
                        : null;
                const json = request.method === 'GET' ? {} : jsonBody(request, body);
                const answer = await route.handler(this.services, {
                        ...route.vars,
                        params,
                        body: json,
                        email,
                        ifMatch: request.headers['if-match'],
                });
                if (answer === undefined) return { status: 204 };
                const etag = request.headers['if-none-match'];
                if (etag && answer.etag && etag.replace(/"/g, '') === answer.etag)
                        return { status: 304, etag: answer.etag };
                return {
                        status: 200,
                        body: mask ? applyMask(answer, mask) : answer,
                        etag: answer.etag,
                };
        }
}

function hostOf(request) {
        const host = String(
                request.headers[':authority'] ?? request.headers.host ?? '',
        ).toLowerCase();
        return host.replace(/:\d+$/, '').replace(/\.$/, '');
}

module.exports = { Rest };
