/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * sandbox/types: one type language for schemas, parameters and engine values.
 *
 * A type here is `{kind, fields?, element?}`: kind is a GoogleSQL scalar name,
 * 'STRUCT' (fields: [{name, type}]) or 'ARRAY' (element). Conversions exist to and
 * from TableFieldSchema (REST), QueryParameterType (REST) and TypeProto (engine);
 * values are kept as the engine's ValueProto everywhere and turned into REST cells
 * or read from JSON only at the border. NULL is the empty ValueProto.
 */
const { SCALARS, byteSize, timestampMicros } = require('./scalar');
const { invalid } = require('./errors');

const MAX_DEPTH = 15; /* BigQuery's limit on nested RECORDs */

const REST_TO_KIND = {
        INTEGER: 'INT64',
        FLOAT: 'FLOAT64',
        BOOLEAN: 'BOOL',
        RECORD: 'STRUCT',
        DECIMAL: 'NUMERIC',
        BIGDECIMAL: 'BIGNUMERIC',
};
const KIND_TO_REST = {
        INT64: 'INTEGER',
        FLOAT64: 'FLOAT',
        BOOL: 'BOOLEAN',
        STRUCT: 'RECORD',
};
const KIND_TO_ENGINE = { FLOAT64: 'DOUBLE' };
const ENGINE_TO_KIND = { DOUBLE: 'FLOAT64' };

const isNull = (v) => v == null || Object.keys(v).length === 0;

function kindOf(name) {
        const upper = String(name ?? '').toUpperCase();
        const kind = REST_TO_KIND[upper] ?? upper;
        if (kind !== 'STRUCT' && kind !== 'ARRAY' && !SCALARS[kind])
                throw invalid(
                        `Invalid value for type: ${upper.slice(0, 40)} is not a valid value`,
                );
        return kind;
}

function fromField(field, depth = 0) {
        if (depth > MAX_DEPTH) throw invalid('Schema is nested too deeply');
        const kind = kindOf(field.type);
        let type = { kind };
        if (kind === 'STRUCT')
                type.fields = (field.fields ?? []).map((f) => ({
                        name: f.name,
                        type: fromField(f, depth + 1),
                }));
        if (String(field.mode ?? '').toUpperCase() === 'REPEATED')
                type = { kind: 'ARRAY', element: type };
        return type;
}

function toField(name, type) {
        const repeated = type.kind === 'ARRAY';
        const inner = repeated ? type.element : type;
        const field = {
                name,
                type: KIND_TO_REST[inner.kind] ?? inner.kind,
                mode: repeated ? 'REPEATED' : 'NULLABLE',
        };
        if (inner.kind === 'STRUCT')
                field.fields = inner.fields.map((f, i) =>
                        toField(f.name || `_field_${i + 1}`, f.type),
                );
        return field;
}

function fromEngine(proto) {
        const name = proto.type_kind.replace(/^TYPE_/, '');
        if (name === 'ARRAY')
                return {
                        kind: 'ARRAY',
                        element: fromEngine(proto.array_type.element_type),
                };
        if (name === 'STRUCT')
                return {
                        kind: 'STRUCT',
                        fields: (proto.struct_type?.field ?? []).map((f) => ({
                                name: f.field_name ?? '',
                                type: fromEngine(f.field_type),
                        })),
                };
        return { kind: kindOf(ENGINE_TO_KIND[name] ?? name) };
}

function toEngine(type) {
        if (type.kind === 'ARRAY')
                return {
                        type_kind: 'TYPE_ARRAY',
                        array_type: { element_type: toEngine(type.element) },
                };
        if (type.kind === 'STRUCT')
                return {
                        type_kind: 'TYPE_STRUCT',
                        struct_type: {
                                field: type.fields.map((f) => ({
                                        field_name: f.name,
                                        field_type: toEngine(f.type),
                                })),
                        },
                };
        return { type_kind: `TYPE_${KIND_TO_ENGINE[type.kind] ?? type.kind}` };
}

/* A value of a data file: rows are arrays in column order, STRUCTs objects or arrays. */
function fromJson(json, type) {
        if (json == null)
                return type.kind === 'ARRAY' ? { array_value: { element: [] } } : {};
        if (type.kind === 'ARRAY') {
                if (!Array.isArray(json))
                        throw new RangeError('a REPEATED field needs a JSON array');
                return {
                        array_value: {
                                element: json.map((e) => fromJson(e, type.element)),
                        },
                };
        }
        if (type.kind === 'STRUCT') {
                const at = (f, i) => (Array.isArray(json) ? json[i] : json[f.name]);
                return {
                        struct_value: {
                                field: type.fields.map((f, i) =>
                                        fromJson(at(f, i), f.type),
                                ),
                        },
                };
        }
        const [slot, parse] = SCALARS[type.kind];
        return { [slot]: parse(json) };
}

function toCell(value, type, opts) {
        if (type.kind === 'ARRAY')
                return (value?.array_value?.element ?? []).map((e) => ({
                        v: toCell(e, type.element, opts),
                }));
        if (isNull(value)) return null;
        if (type.kind === 'STRUCT')
                return {
                        f: type.fields.map((f, i) => ({
                                v: toCell(value.struct_value.field[i], f.type, opts),
                        })),
                };
        const [slot, , print] = SCALARS[type.kind];
        if (type.kind === 'TIMESTAMP' && opts.int64Timestamp)
                return timestampMicros(value[slot]).toString();
        return print(value[slot]);
}

function sizeOf(value, type) {
        if (isNull(value)) return 0;
        if (type.kind === 'ARRAY')
                return (value.array_value.element ?? []).reduce(
                        (n, e) => n + sizeOf(e, type.element),
                        0,
                );
        if (type.kind === 'STRUCT')
                return type.fields.reduce(
                        (n, f, i) => n + sizeOf(value.struct_value.field[i], f.type),
                        0,
                );
        return byteSize(type.kind, value);
}

function fromParameterType(t, depth = 0) {
        if (depth > MAX_DEPTH || !t || typeof t !== 'object')
                throw invalid('Query parameter has no usable parameterType');
        const kind = kindOf(t.type);
        if (kind === 'ARRAY')
                return { kind, element: fromParameterType(t.arrayType, depth + 1) };
        if (kind === 'STRUCT')
                return {
                        kind,
                        fields: (t.structTypes ?? []).map((f) => ({
                                name: f.name ?? '',
                                type: fromParameterType(f.type, depth + 1),
                        })),
                };
        return { kind };
}

function fromParameterValue(v, type) {
        if (type.kind === 'ARRAY')
                return {
                        array_value: {
                                element: (v?.arrayValues ?? []).map((e) =>
                                        fromParameterValue(e, type.element),
                                ),
                        },
                };
        if (type.kind === 'STRUCT') {
                if (!v?.structValues) return {};
                return {
                        struct_value: {
                                field: type.fields.map((f) =>
                                        fromParameterValue(
                                                v.structValues[f.name],
                                                f.type,
                                        ),
                                ),
                        },
                };
        }
        if (v?.value == null) return {};
        const [slot, parse] = SCALARS[type.kind];
        return { [slot]: parse(v.value) };
}

/* Accepts only JSON that is an array of fields with names; throws ApiError. */
function checkSchema(fields) {
        if (!Array.isArray(fields)) throw invalid('Schema has no fields');
        for (const f of fields) {
                if (
                        !f ||
                        typeof f.name !== 'string' ||
                        !/^[\p{L}_][\p{L}\p{N}\p{M}_ -]{0,299}$/u.test(f.name)
                )
                        throw invalid('Schema has a field without a usable name');
                fromField(f);
        }
        return fields;
}

module.exports = {
        isNull,
        fromField,
        toField,
        fromEngine,
        toEngine,
        fromJson,
        toCell,
        sizeOf,
        fromParameterType,
        fromParameterValue,
        checkSchema,
};
