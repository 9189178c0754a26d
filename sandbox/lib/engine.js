/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * sandbox/engine: Google's reference GoogleSQL implementation as a child process.
 *
 * The npm package @fivetrandevelopers/zetasql brings `remote_server.so`, a gRPC
 * server. This module starts it on a loopback port, speaks its protocol, starts it
 * again when it dies (some inputs make it abort), and ends it with the stand-in:
 * `setpriv --pdeathsig KILL` makes the kernel do that even after a SIGKILL of ours.
 */
const childProcess = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const grpc = require('@grpc/grpc-js');
const protoLoader = require('@grpc/proto-loader');
const protobuf = require('protobufjs');
const { ApiError, invalidQuery, unsupported } = require('./errors');

const HOME = path.join(
        path.dirname(require.resolve('@fivetrandevelopers/zetasql')),
        'zetasql',
);
const START_TRIES = 3;
const READY_MS = 30000;
const CALL_MS = 60000;
const MAX_MESSAGE = 256 * 1024 * 1024;
/* BigQuery's TIMESTAMP stops at microseconds; INT32 and its like do not exist there. */
const NOT_IN_BIGQUERY = ['FEATURE_TIMESTAMP_NANOS'];
/* What BigQuery has and the engine's maximum_features leaves out as unfinished. */
const ALSO_IN_BIGQUERY = [
        'FEATURE_INTERVAL_TYPE',
        'FEATURE_V_1_4_LIKE_ANY_SOME_ALL_ARRAY',
        'FEATURE_V_1_4_LIKE_ANY_SOME_ALL_SUBQUERY',
        'FEATURE_CREATE_TABLE_CLONE',
        'FEATURE_CREATE_VIEWS_WITH_COLUMN_OPTIONS',
        'FEATURE_ALTER_COLUMN_SET_DATA_TYPE',
];
const POOL = { definitions: [{ builtin: {} }] };

/* The tree of a statement over nested records is deeper than the library's 100, which is meant
 * for messages of strangers. */
protobuf.util.recursionLimit = 1000;
protobuf.Reader.recursionLimit = 1000;

function freePort() {
        return new Promise((resolve, reject) => {
                const s = net.createServer().once('error', reject);
                s.listen(0, '127.0.0.1', () => {
                        const { port } = s.address();
                        s.close(() => resolve(port));
                });
        });
}

function serverFile() {
        const arm = process.arch.startsWith('arm') ? '_arm' : '';
        const file = path.join(HOME, `remote_server${arm}.so`);
        fs.accessSync(file, fs.constants.X_OK);
        return file;
}

/* The engine says "text [at 1:8]", BigQuery "text at [1:8]". What follows the first line
 * is the engine's own debugging text. */
function clientMessage(details) {
        return String(details)
                .split('\n')[0]
                .replace(/ ?\[at (\d+:\d+)\]/g, ' at [$1]');
}

class Engine {
        constructor({ port } = {}) {
                this.wantedPort = port ?? 0;
                this.generation = 0; /* changes at every start: registered catalogues are gone then */
                this.stopped = false;
                const def = protoLoader.loadSync('local_service.proto', {
                        keepCase: true,
                        longs: String,
                        enums: String,
                        defaults: false,
                        includeDirs: [path.join(HOME, 'protos')],
                });
                this.Service =
                        grpc.loadPackageDefinition(
                                def,
                        ).zetasql.local_service.ZetaSqlLocalService;
                this.rewrites = def['zetasql.ResolvedASTRewrite'].type.value
                        .map((v) => v.name)
                        .filter(
                                (n) =>
                                        /^REWRITE_(?!INVALID)/.test(n) &&
                                        !/ANONYMIZATION|AGGREGATION_THRESHOLD/.test(n),
                        );
        }

        /* A free port may be somebody else's by the time that the engine listens on it. */
        async start() {
                for (let left = this.wantedPort ? 1 : START_TRIES; ; ) {
                        try {
                                return await this.startOnce();
                        } catch (e) {
                                if (this.stopped || --left === 0) throw e;
                        }
                }
        }

        async startOnce() {
                this.port = this.wantedPort || (await freePort());
                this.child = childProcess.spawn(
                        'setpriv',
                        [
                                '--pdeathsig',
                                'KILL',
                                serverFile(),
                                '127.0.0.1',
                                String(this.port),
                        ],
                        { stdio: 'ignore' },
                );
                const child = this.child;
                const died = new Promise((_, reject) => {
                        child.once('error', reject);
                        child.once('exit', () =>
                                reject(new Error('the SQL engine ended')),
                        );
                });
                died.catch(() => {
                        if (this.child === child) this.child = null;
                });
                this.client?.close();
                this.client = new this.Service(
                        `127.0.0.1:${this.port}`,
                        grpc.credentials.createInsecure(),
                        {
                                'grpc.max_send_message_length': MAX_MESSAGE,
                                'grpc.max_receive_message_length': MAX_MESSAGE,
                        },
                );
                const ready = new Promise((resolve, reject) =>
                        this.client.waitForReady(Date.now() + READY_MS, (e) =>
                                e ? reject(e) : resolve(),
                        ),
                );
                await Promise.race([ready, died]);
                this.generation++;
                this.language ??= await this.bigqueryLanguage();
        }

        async bigqueryLanguage() {
                const lang = await this.rpc('GetLanguageOptions', {
                        maximum_features: true,
                });
                return {
                        ...lang,
                        product_mode: 'PRODUCT_EXTERNAL',
                        reserved_keywords: ['QUALIFY'],
                        supported_statement_kinds: [],
                        enabled_language_features: [
                                ...lang.enabled_language_features,
                                ...ALSO_IN_BIGQUERY,
                        ].filter((f) => !NOT_IN_BIGQUERY.includes(f)),
                };
        }

        stop() {
                this.stopped = true;
                this.client?.close();
                this.child?.kill('SIGKILL');
        }

        rpc(method, request) {
                return new Promise((resolve, reject) =>
                        this.client[method](
                                request,
                                { deadline: Date.now() + CALL_MS },
                                (e, v) => (e ? reject(e) : resolve(v)),
                        ),
                );
        }

        /* Several callers may find it dead at once; one of them starts it. */
        ensureAlive() {
                if (this.child && !this.starting) return Promise.resolve();
                this.starting ??= this.start().finally(() => (this.starting = null));
                return this.starting;
        }

        async call(method, request) {
                await this.ensureAlive();
                try {
                        return await this.rpc(method, request);
                } catch (e) {
                        throw this.translate(e);
                }
        }

        translate(e) {
                switch (e.code) {
                        case grpc.status.INVALID_ARGUMENT:
                        case grpc.status.OUT_OF_RANGE:
                        case grpc.status.NOT_FOUND:
                        case grpc.status.ALREADY_EXISTS:
                        case grpc.status.FAILED_PRECONDITION:
                                return invalidQuery(clientMessage(e.details));
                        case grpc.status.UNIMPLEMENTED:
                                return unsupported(
                                        `this SQL: ${clientMessage(e.details)}`,
                                );
                        case grpc.status.UNAVAILABLE:
                                this.child = null;
                                return new ApiError(
                                        500,
                                        'internalError',
                                        'The SQL engine failed on this statement',
                                );
                        default:
                                return new ApiError(
                                        500,
                                        'internalError',
                                        `The SQL engine failed: ${clientMessage(e.details ?? e.message)}`,
                                );
                }
        }

        options({ params = [], prune = false } = {}) {
                return {
                        language_options: this.language,
                        error_message_mode: 'ERROR_MESSAGE_ONE_LINE',
                        prune_unused_columns: prune,
                        enabled_rewrites: this.rewrites,
                        default_timezone: 'UTC',
                        parameter_mode: 'PARAMETER_NAMED',
                        query_parameters: params.map(({ name, type }) => ({
                                name,
                                type,
                        })),
                };
        }

        parse(sql, { isScript = false } = {}) {
                return this.call('Parse', {
                        sql_statement: sql,
                        options: this.language,
                        allow_script: isScript,
                });
        }

        tableNames(sql) {
                return this.call('ExtractTableNamesFromStatement', {
                        sql_statement: sql,
                        options: this.language,
                });
        }

        register(tables, contents) {
                return this.call('RegisterCatalog', {
                        simple_catalog: {
                                name: 'root',
                                table: tables,
                                builtin_function_options: {
                                        language_options: this.language,
                                },
                        },
                        descriptor_pool_list: POOL,
                        table_content: contents,
                });
        }

        unregister(id) {
                return this.call('UnregisterCatalog', { registered_id: id });
        }

        request(sql, catalog, query) {
                return {
                        sql,
                        options: this.options(query),
                        registered_catalog_id: catalog,
                        descriptor_pool_list: POOL,
                        params: (query?.params ?? []).map(({ name, value }) => ({
                                name,
                                value,
                        })),
                };
        }

        evaluate(sql, catalog, query) {
                return this.call('EvaluateQuery', this.request(sql, catalog, query));
        }

        /* Pruning is off: with it the engine aborts on columns a statement does not name. */
        modify(sql, catalog, query) {
                return this.call('EvaluateModify', this.request(sql, catalog, query));
        }

        analyze(sql, catalog, query) {
                return this.call('Analyze', {
                        sql_statement: sql,
                        options: this.options({ ...query, prune: true }),
                        registered_catalog_id: catalog,
                        descriptor_pool_list: POOL,
                });
        }
}

module.exports = { Engine };
