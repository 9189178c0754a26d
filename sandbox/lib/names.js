/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * sandbox/names: from a name in SQL to a table of the store.
 *
 * Adds what is a table to SQL but not in the data: wildcard tables (`p.d.prefix*`,
 * with the pseudo column _TABLE_SUFFIX) and INFORMATION_SCHEMA.TABLES and COLUMNS.
 */
const { Table, splitName } = require('./store');
const types = require('./types');
const { invalid, notFound, unsupported } = require('./errors');

/* The engine takes values by name only, so `?` becomes a name (1 for the first). */
const positionalName = (position) => `standin_parameter_${position}`;

const text = (s) => (s == null ? {} : { string_value: String(s) });
const string = (name) => ({ name, type: 'STRING' });

function fullName(names, ctx) {
        const parts = names.join('.').split('.');
        const temp = ctx.scope?.temps.get(names.join('.'));
        if (temp) return temp;
        if (parts.some((p) => p === ''))
                throw invalid(`Invalid table name: ${names.join('.').slice(0, 200)}`);
        const schemaAt = parts.findIndex(
                (p) => p.toUpperCase() === 'INFORMATION_SCHEMA',
        );
        const wanted = schemaAt >= 0 ? 4 : 3;
        if (schemaAt >= 0) {
                parts[schemaAt] = 'INFORMATION_SCHEMA';
                parts.push((parts.pop() ?? '').toUpperCase());
        }
        const bare = schemaAt >= 0 ? 2 : 1;
        if (parts.length === bare) {
                if (!ctx.defaultDataset)
                        throw invalid(
                                `Table "${parts.join('.')}" must be qualified with a dataset ` +
                                        '(e.g. dataset.table).',
                        );
                parts.unshift(ctx.defaultDataset.datasetId);
                parts.unshift(ctx.defaultDataset.projectId ?? ctx.project);
        } else if (parts.length === bare + 1) {
                parts.unshift(ctx.project);
        }
        if (parts.length !== wanted)
                throw invalid(`Invalid table name: ${names.join('.').slice(0, 200)}`);
        return parts.join('.');
}

function wildcardTable(store, full) {
        const { projectId, datasetId, tableId } = splitName(full);
        const prefix = tableId.slice(0, -1);
        const members = store
                .inDataset(projectId, datasetId)
                .filter((t) => !t.view && t.reference.tableId.startsWith(prefix));
        if (members.length === 0) throw notFound(`${full} does not match any table.`);
        const latest = members[members.length - 1];
        const rows = members.flatMap((t) => {
                const at = latest.schema.map((f) =>
                        t.schema.findIndex((g) => g.name === f.name),
                );
                const suffix = text(t.reference.tableId.slice(prefix.length));
                return t.rows.map((r) => [
                        ...at.map((i) => (i < 0 ? {} : r[i])),
                        suffix,
                ]);
        });
        const table = new Table(full, latest.schema, rows);
        table.members = members;
        const plain = table.catalogEntry.bind(table);
        table.catalogEntry = () => {
                const e = plain();
                e.column.push({
                        name: '_TABLE_SUFFIX',
                        type: types.toEngine({ kind: 'STRING' }),
                        is_pseudo_column: true,
                });
                return e;
        };
        return table;
}

function informationSchema(store, full) {
        const [project, dataset, , view] = full.split('.');
        store.needDataset(`${project}.${dataset}.x`);
        const tables = () => store.inDataset(project, dataset);
        const key = (t) => [text(project), text(dataset), text(t.reference.tableId)];
        const head = ['table_catalog', 'table_schema', 'table_name'].map(string);
        const int = (name) => ({ name, type: 'INT64' });
        const yes = (b) => text(b ? 'YES' : 'NO');
        switch (view.toUpperCase()) {
                case 'TABLES':
                        return new Table(
                                full,
                                [
                                        ...head,
                                        ...[
                                                'table_type',
                                                'is_insertable_into',
                                                'is_typed',
                                                'ddl',
                                        ].map(string),
                                        { name: 'creation_time', type: 'TIMESTAMP' },
                                ],
                                tables().map((t) => [
                                        ...key(t),
                                        text(t.view ? 'VIEW' : 'BASE TABLE'),
                                        yes(!t.view),
                                        yes(false),
                                        text(ddlOf(t)),
                                        types.fromJson(String(t.created / 1000), {
                                                kind: 'TIMESTAMP',
                                        }),
                                ]),
                        );
                case 'COLUMNS':
                        return new Table(
                                full,
                                [
                                        ...head,
                                        string('column_name'),
                                        int('ordinal_position'),
                                        ...[
                                                'is_nullable',
                                                'data_type',
                                                'is_hidden',
                                                'is_system_defined',
                                                'is_partitioning_column',
                                        ].map(string),
                                        int('clustering_ordinal_position'),
                                        string('collation_name'),
                                        string('column_default'),
                                ],
                                tables().flatMap((t) =>
                                        t.schema.map((f, i) => [
                                                ...key(t),
                                                text(f.name),
                                                { int64_value: i + 1 },
                                                yes(f.mode !== 'REQUIRED'),
                                                text(sqlType(t.types[i])),
                                                yes(false),
                                                yes(false),
                                                yes(false),
                                                {},
                                                text('NULL'),
                                                text('NULL'),
                                        ]),
                                ),
                        );
                case 'COLUMN_FIELD_PATHS':
                        return new Table(
                                full,
                                [
                                        ...head,
                                        ...[
                                                'column_name',
                                                'field_path',
                                                'data_type',
                                                'description',
                                                'collation_name',
                                        ].map(string),
                                ],
                                tables().flatMap((t) =>
                                        t.schema.flatMap((f, i) =>
                                                paths(f, t.types[i], '').map(
                                                        ([path, type]) => [
                                                                ...key(t),
                                                                text(f.name),
                                                                text(path),
                                                                text(type),
                                                                {},
                                                                text('NULL'),
                                                        ],
                                                ),
                                        ),
                                ),
                        );
                case 'TABLE_OPTIONS':
                        return new Table(
                                full,
                                [
                                        ...head,
                                        ...[
                                                'option_name',
                                                'option_type',
                                                'option_value',
                                        ].map(string),
                                ],
                                [],
                        );
                case 'KEY_COLUMN_USAGE':
                        return new Table(
                                full,
                                [
                                        ...[
                                                'constraint_catalog',
                                                'constraint_schema',
                                                'constraint_name',
                                        ].map(string),
                                        ...head,
                                        string('column_name'),
                                        int('ordinal_position'),
                                        int('position_in_unique_constraint'),
                                ],
                                [],
                        );
                default:
                        throw unsupported(`INFORMATION_SCHEMA.${view.slice(0, 40)}`);
        }
}

function ddlOf(t) {
        const name = `\`${t.full}\``;
        if (t.view) return `CREATE VIEW ${name}\nAS ${t.view.query};`;
        const columns = t.schema.map((f, i) => `  ${f.name} ${sqlType(t.types[i])}`);
        return `CREATE TABLE ${name}\n(\n${columns.join(',\n')}\n);`;
}

/* A column and the fields inside it, each by its path. */
function paths(field, type, parent) {
        const path = parent + field.name;
        const inner = type.kind === 'ARRAY' ? type.element : type;
        const fields = (field.fields ?? []).flatMap((f, i) =>
                paths(f, inner.fields[i].type, `${path}.`),
        );
        return [[path, sqlType(type)], ...fields];
}

function sqlType(t) {
        if (t.kind === 'ARRAY') return `ARRAY<${sqlType(t.element)}>`;
        if (t.kind === 'STRUCT')
                return `STRUCT<${t.fields.map((f) => `${f.name} ${sqlType(f.type)}`).join(', ')}>`;
        return t.kind;
}

/* Finds the table a reference means; makes the virtual ones known to the catalogue. */
function resolve(store, names, ctx) {
        const full = fullName(names, ctx);
        const build = full.endsWith('*')
                ? wildcardTable
                : full.includes('.INFORMATION_SCHEMA.')
                  ? informationSchema
                  : null;
        if (build) {
                const table = build(store, full);
                store.wantVirtual(full, () => {
                        try {
                                return build(store, full);
                        } catch {
                                return new Table(
                                        full,
                                        table.schema,
                                ); /* its members are gone */
                        }
                });
                return table;
        }
        return store.get(full);
}

module.exports = { fullName, positionalName, resolve };
