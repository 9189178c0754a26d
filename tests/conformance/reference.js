/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * conformance/reference: what Google's reference implementation says of a statement.
 *
 * Two questions: its parser (accepted or not, which tables; asked with
 * ExtractTableNamesFromStatement, which does not send the tree back), and, for one
 * statement that parses, its analyzer with a catalogue (output columns with their types
 * and the stored columns that certainly reach them). The engine aborts on some inputs: the
 * statement is asked again alone, and a second abort is its answer.
 */
const { Engine } = require('../../sandbox/lib/engine');
const { Flow, inherited, unwrap } = require('./flow');
const { toProto, toText } = require('./types');

const UNAVAILABLE = 14;
const POOL = { definitions: [{ builtin: {} }] };
const WAYS = 2; /* questions under way at a time */
const SYSTEM_VARIABLES = [
        ['error', 'message'],
        ['error', 'statement_text'],
        ['dataset_id'],
        ['project_id'],
        ['time_zone'],
].map((name_path) => ({ name_path, type: { type_kind: 'TYPE_STRING' } }));

const place = (details) => {
        const m = / ?\[at (\d+):(\d+)\]/.exec(details);
        return m ? { line: Number(m[1]), column: Number(m[2]) } : {};
};

function failure(e) {
        const message = String(e.details ?? e.message).split('\n')[0];
        return {
                ok: false,
                crashed: e.code === UNAVAILABLE,
                message: message.replace(/ ?\[at \d+:\d+\]/, ''),
                ...place(message),
        };
}

/* p.d.t, `p.d`.t, p.`d.t`, `p.d.t` */
function spellings(parts) {
        if (parts.length === 1) return [parts];
        return spellings(parts.slice(1)).flatMap(([head, ...rest]) => [
                [parts[0], head, ...rest],
                [`${parts[0]}.${head}`, ...rest],
        ]);
}

function catalogProto(catalog, language) {
        const root = { name: 'root', table: [], catalog: [] };
        const child = (parent, name) => {
                let c = parent.catalog.find((x) => x.name === name);
                if (!c) parent.catalog.push((c = { name, table: [], catalog: [] }));
                return c;
        };
        for (const [name, columns] of Object.entries(catalog.tables)) {
                const parts = name.split('.');
                const table = (called) => ({
                        name: called,
                        full_name: name,
                        column: columns.map((c) => ({
                                name: c.name,
                                type: toProto(c.type),
                        })),
                });
                for (const path of spellings(parts))
                        path
                                .slice(0, -1)
                                .reduce(child, root)
                                .table.push(table(path[path.length - 1]));
        }
        root.builtin_function_options = { language_options: language };
        return root;
}

/* What BigQuery calls by such names, and the engine knows when it is told. */
const ENTITIES = {
        supported_generic_entity_types: [
                'ASSIGNMENT',
                'BI_CAPACITY',
                'CAPACITY',
                'DATA_POLICY',
                'ORGANIZATION',
                'PROJECT',
                'RESERVATION',
        ],
        supported_generic_sub_entity_types: ['REPLICA'],
};

/* Unfinished in the engine, not in BigQuery; good enough to be asked for columns. */
const FEATURES = [
        'FEATURE_DIFFERENTIAL_PRIVACY',
        'FEATURE_V_1_3_ANNOTATION_FRAMEWORK',
        'FEATURE_V_1_3_COLLATION_SUPPORT',
        'FEATURE_V_1_4_CORRESPONDING_BY',
        'FEATURE_V_1_4_GROUPING_BUILTIN',
        'FEATURE_V_1_4_GROUPING_SETS',
        'FEATURE_V_1_4_SET_OPERATION_COLUMN_PROPAGATION_MODE',
];

class Reference {
        constructor() {
                this.engine = new Engine();
                this.catalogs = new Map(); /* catalogue → {id, generation} */
                this.crashes = 0;
        }

        stop() {
                this.engine.stop();
        }

        language() {
                const known = this.engine.language.enabled_language_features;
                return {
                        ...this.engine.language,
                        ...ENTITIES,
                        enabled_language_features: [...new Set([...known, ...FEATURES])],
                };
        }

        async ask(method, request) {
                await this.engine.ensureAlive();
                return this.engine.rpc(method, await request());
        }

        /* Runs `question` over all cases, a few at a time; those that were under way when
         * the engine died are asked once more, one after the other. */
        async each(cases, question) {
                const answers = new Array(cases.length);
                const again = [];
                let next = 0;
                const way = async () => {
                        while (next < cases.length) {
                                const i = next++;
                                answers[i] = await question(cases[i]);
                                if (answers[i]?.crashed) again.push(i);
                        }
                };
                await Promise.all(Array.from({ length: WAYS }, way));
                for (const i of again) {
                        answers[i] = await question(cases[i]);
                        if (answers[i].crashed) this.crashes++;
                }
                return answers;
        }

        async guarded(work) {
                try {
                        return await work();
                } catch (e) {
                        if (e.code === undefined) throw e;
                        if (e.code === UNAVAILABLE) this.engine.child = null;
                        return failure(e);
                }
        }

        parse(c) {
                return this.guarded(async () => {
                        const v = await this.ask('ExtractTableNamesFromStatement', () => ({
                                sql_statement: c.sql,
                                options: this.language(),
                                allow_script: c.script,
                        }));
                        return {
                                ok: true,
                                tables: (v.table_name ?? []).map((t) =>
                                        (t.table_name_segment ?? []).join('.'),
                                ),
                        };
                });
        }

        async registered(catalog) {
                const known = this.catalogs.get(catalog);
                if (known?.generation === this.engine.generation) return known.id;
                const v = await this.engine.rpc('RegisterCatalog', {
                        simple_catalog: catalogProto(catalog, this.language()),
                        descriptor_pool_list: POOL,
                });
                this.catalogs.set(catalog, {
                        id: v.registered_id,
                        generation: this.engine.generation,
                });
                return v.registered_id;
        }

        async analyzeAs(c, catalog, mode) {
                const v = await this.ask('Analyze', async () => ({
                        sql_statement: c.sql,
                        options: {
                                ...this.engine.options({ prune: true }),
                                language_options: this.language(),
                                enabled_rewrites: this.engine.rewrites.filter((r) => !/PIVOT/.test(r)),
                                parameter_mode: mode,
                                allow_undeclared_parameters: true,
                                system_variables: SYSTEM_VARIABLES,
                        },
                        registered_catalog_id: await this.registered(catalog),
                        descriptor_pool_list: POOL,
                }));
                const node = unwrap(v.resolved_statement);
                const flow = new Flow(node);
                return {
                        ok: true,
                        outputs: inherited(node, 'output_column_list')?.map((o) => ({
                                name: o.name ?? '',
                                type: toText(o.column?.type),
                                sources: o.column ? flow.sources(o.column) : [],
                        })),
                };
        }

        analyze(c, catalog) {
                return this.guarded(async () => {
                        try {
                                return await this.analyzeAs(c, catalog, 'PARAMETER_NAMED');
                        } catch (e) {
                                if (!/^Positional parameters are not/.test(e.details)) throw e;
                                return await this.analyzeAs(c, catalog, 'PARAMETER_POSITIONAL');
                        }
                });
        }
}

module.exports = { Reference };
