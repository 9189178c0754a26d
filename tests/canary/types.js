/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * canary/types: GoogleSQL types as the generator handles them.
 *
 * A type is {k, e (of ARRAY), f (of STRUCT: [{name, type}])}; `text` is its SQL spelling.
 */

const FROM_REST = { INTEGER: 'INT64', FLOAT: 'FLOAT64', BOOLEAN: 'BOOL', RECORD: 'STRUCT' };
const SCALARS =
        'STRING BYTES INT64 FLOAT64 NUMERIC BIGNUMERIC BOOL DATE DATETIME TIME TIMESTAMP JSON'.split(
                ' ',
        );
const scalar = Object.fromEntries(SCALARS.map((k) => [k, { k }]));
const arrayOf = (e) => ({ k: 'ARRAY', e });
const structOf = (f) => ({ k: 'STRUCT', f });

function text(t) {
        if (t.k === 'ARRAY') return `ARRAY<${text(t.e)}>`;
        if (t.k === 'STRUCT')
                return `STRUCT<${t.f.map((f) => `${f.name ? `\`${f.name}\` ` : ''}${text(f.type)}`).join(', ')}>`;
        return t.k;
}

function fromField(field) {
        const k = FROM_REST[field.type] ?? field.type;
        const t =
                k === 'STRUCT'
                        ? structOf(field.fields.map((f) => ({ name: f.name, type: fromField(f) })))
                        : { k };
        return field.mode === 'REPEATED' ? arrayOf(t) : t;
}

const isScalar = (t) => t.k !== 'ARRAY' && t.k !== 'STRUCT';
/* comparable with =, as a key of groups, DISTINCT and set operations */
const isGroupable = (t) => isScalar(t) && t.k !== 'JSON' && t.k !== 'FLOAT64';
const isOrderable = (t) => isScalar(t) && t.k !== 'JSON';

/* A constant of the type, to stand for any expression of it. */
function simple(t) {
        switch (t.k) {
                case 'STRING':
                        return "'s'";
                case 'INT64':
                        return '1';
                case 'BOOL':
                        return 'TRUE';
                default:
                        return `CAST(NULL AS ${text(t)})`;
        }
}

module.exports = {
        SCALARS,
        arrayOf,
        fromField,
        isGroupable,
        isOrderable,
        isScalar,
        scalar,
        simple,
        structOf,
        text,
};
