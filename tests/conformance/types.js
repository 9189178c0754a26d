/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * conformance/types: GoogleSQL's type text ⇄ the engine's TypeProto.
 *
 * Only what a catalogue of BigQuery tables can hold; `toProto` throws on other types.
 */
const TO_KIND = { FLOAT64: 'DOUBLE', FLOAT32: 'FLOAT' };
const FROM_KIND = { DOUBLE: 'FLOAT64', FLOAT: 'FLOAT32' };
const SCALARS = new Set(
        (
                'BOOL INT32 INT64 UINT32 UINT64 FLOAT32 FLOAT64 NUMERIC BIGNUMERIC STRING BYTES ' +
                'DATE DATETIME TIME TIMESTAMP INTERVAL GEOGRAPHY JSON'
        ).split(' '),
);

class Reader {
        constructor(text) {
                this.words = text.match(/`[^`]*`|\w+|\S/g) ?? [];
                this.at = 0;
        }

        next() {
                return this.words[this.at++];
        }

        need(word) {
                const got = this.next();
                if (got !== word) throw new Error(`type: '${word}' expected, '${got}' found`);
        }

        type() {
                const word = String(this.next()).toUpperCase();
                if (word === 'ARRAY' || word === 'RANGE') {
                        this.need('<');
                        const element_type = this.type();
                        this.need('>');
                        return word === 'ARRAY'
                                ? { type_kind: 'TYPE_ARRAY', array_type: { element_type } }
                                : { type_kind: 'TYPE_RANGE', range_type: { element_type } };
                }
                if (word === 'STRUCT') return this.struct();
                if (!SCALARS.has(word)) throw new Error(`type: '${word}'`);
                return { type_kind: `TYPE_${TO_KIND[word] ?? word}` };
        }

        /* `STRUCT<a INT64, STRING>`: a field's name may be missing. */
        struct() {
                const field = [];
                this.need('<');
                while (this.words[this.at] !== '>') {
                        if (field.length) this.need(',');
                        const after = this.words[this.at + 1];
                        const named = after !== '<' && after !== ',' && after !== '>';
                        field.push({
                                field_name: named ? this.next().replaceAll('`', '') : '',
                                field_type: this.type(),
                        });
                }
                this.next();
                return { type_kind: 'TYPE_STRUCT', struct_type: { field } };
        }
}

function toProto(text) {
        const r = new Reader(String(text));
        const type = r.type();
        if (r.at !== r.words.length) throw new Error(`type: text after '${text}'`);
        return type;
}

function toText(proto) {
        const kind = String(proto?.type_kind ?? 'TYPE_UNKNOWN').replace(/^TYPE_/, '');
        switch (kind) {
                case 'ARRAY':
                        return `ARRAY<${toText(proto.array_type.element_type)}>`;
                case 'RANGE':
                        return `RANGE<${toText(proto.range_type.element_type)}>`;
                case 'STRUCT':
                        return `STRUCT<${(proto.struct_type?.field ?? [])
                                .map((f) =>
                                        `${f.field_name ?? ''} ${toText(f.field_type)}`.trim(),
                                )
                                .join(', ')}>`;
                default:
                        return FROM_KIND[kind] ?? kind;
        }
}

module.exports = { toProto, toText };
