/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * canary/expressions: random expressions of a wanted type over what a scope offers.
 *
 * Each type has templates; {STRING} stands for an expression of that type, {any} for one of any
 * scalar type, {row} for a range variable, {n} for a small number. What may fail at run time
 * is written in its SAFE form where there is one: a statement that fails tells little.
 */
const { expr } = require('./tree');
const { SCALARS, arrayOf, isGroupable, isOrderable, scalar, simple, text } = require('./types');

const PLAIN = {
        STRING: [
                'CONCAT({STRING}, {STRING})',
                '{STRING} || {STRING}',
                'UPPER({STRING})',
                'LOWER({STRING})',
                'REVERSE({STRING})',
                'SUBSTR({STRING}, {n}, {n})',
                'LEFT({STRING}, {n})',
                'RIGHT({STRING}, {n})',
                'TO_HEX({BYTES})',
                'TO_BASE64({BYTES})',
                'CAST({orderable} AS STRING)',
                "FORMAT('%T', {any})",
                "FORMAT('%t|%t', {any}, {any})",
                'TO_JSON_STRING({any})',
                'IF({BOOL}, {STRING}, {STRING})',
                'COALESCE({STRING}, {STRING})',
                'IFNULL({STRING}, {STRING})',
                'NULLIF({STRING}, {STRING})',
                "LPAD({STRING}, 12, '*')",
                "RPAD({STRING}, 3, '.')",
                "REPLACE({STRING}, 'a', {STRING})",
                "SPLIT({STRING}, ' ')[SAFE_OFFSET({n})]",
                "REGEXP_EXTRACT({STRING}, r'^.')",
                "REGEXP_REPLACE({STRING}, r'[aeiou]', '_')",
                "TRANSLATE({STRING}, 'abc', 'xyz')",
                'INITCAP({STRING})',
                'TRIM({STRING})',
                'CODE_POINTS_TO_STRING(TO_CODE_POINTS({STRING}))',
                'NORMALIZE({STRING})',
                'SOUNDEX({STRING})',
                "JSON_VALUE(TO_JSON(STRUCT({any} AS x)), '$.x')",
                "ARRAY_TO_STRING({ARRAY<STRING>}, ',')",
                'CASE WHEN {BOOL} THEN {STRING} ELSE {STRING} END',
                'CASE {STRING} WHEN {STRING} THEN {STRING} END',
                'TO_HEX(SHA256({STRING}))',
                'TO_HEX(MD5({BYTES}))',
                'SAFE_CONVERT_BYTES_TO_STRING({BYTES})',
                'GREATEST({STRING}, {STRING})',
                'LEAST({STRING}, {STRING})',
                "FORMAT_DATE('%Y-%m-%d', {DATE})",
                "FORMAT_TIMESTAMP('%s', {TIMESTAMP})",
                'TO_JSON_STRING({row})',
                "FORMAT('%t', {row})",
                "FORMAT('%T', {row})",
                'REPEAT({STRING}, 2)',
                'STRING({TIMESTAMP})',
                'SAFE.SUBSTR({STRING}, {n})',
                "JSON_VALUE({JSON}, '$.k')",
                'TO_JSON_STRING({JSON})',
        ],
        BYTES: [
                'CAST({STRING} AS BYTES)',
                'SUBSTR({BYTES}, {n}, {n})',
                'CONCAT({BYTES}, {BYTES})',
                'REVERSE({BYTES})',
                'SHA1({STRING})',
                'MD5({STRING})',
                'SHA512({BYTES})',
                'SAFE.FROM_HEX({STRING})',
                'SAFE.FROM_BASE64({STRING})',
                'COALESCE({BYTES}, {BYTES})',
                'IF({BOOL}, {BYTES}, {BYTES})',
                'LPAD({BYTES}, {n})',
                'CODE_POINTS_TO_BYTES(TO_CODE_POINTS({BYTES}))',
        ],
        INT64: [
                'LENGTH({STRING})',
                'BYTE_LENGTH({BYTES})',
                'CHAR_LENGTH({STRING})',
                'ABS({INT64})',
                'SAFE_ADD({INT64}, {INT64})',
                'SAFE_SUBTRACT({INT64}, {INT64})',
                'SAFE_MULTIPLY({INT64}, {n})',
                'MOD({INT64}, 7)',
                'SAFE_CAST({STRING} AS INT64)',
                'CAST({BOOL} AS INT64)',
                'IF({BOOL}, {INT64}, {INT64})',
                'COALESCE({INT64}, {INT64})',
                'NULLIF({INT64}, {INT64})',
                'STRPOS({STRING}, {STRING})',
                'INSTR({STRING}, {STRING})',
                'ASCII({STRING})',
                'UNICODE({STRING})',
                'FARM_FINGERPRINT({STRING})',
                'EXTRACT(YEAR FROM {DATE})',
                'EXTRACT(HOUR FROM {TIMESTAMP})',
                'DATE_DIFF({DATE}, {DATE}, DAY)',
                'UNIX_SECONDS({TIMESTAMP})',
                'UNIX_DATE({DATE})',
                'TO_CODE_POINTS({STRING})[SAFE_OFFSET({n})]',
                'ARRAY_LENGTH({ARRAY<STRING>})',
                'BIT_COUNT({INT64})',
                '{INT64} & {n}',
                '{INT64} | {n}',
                'SIGN({INT64})',
                'GREATEST({INT64}, {INT64})',
                'DIV({INT64}, 3)',
                'CASE WHEN {BOOL} THEN {INT64} END',
                'ARRAY_LENGTH({ARRAY<INT64>})',
        ],
        FLOAT64: [
                'CAST({INT64} AS FLOAT64)',
                'CAST({NUMERIC} AS FLOAT64)',
                'SAFE_DIVIDE({INT64}, {INT64})',
                'ROUND({FLOAT64}, 2)',
                'SQRT(ABS({FLOAT64}))',
                'SAFE_CAST({STRING} AS FLOAT64)',
                'COALESCE({FLOAT64}, {FLOAT64})',
                'IF({BOOL}, {FLOAT64}, {FLOAT64})',
                'FLOOR({FLOAT64})',
                'IEEE_DIVIDE({FLOAT64}, {FLOAT64})',
                'LOG10(1 + ABS({FLOAT64}))',
                'SAFE_ADD({FLOAT64}, {INT64})',
        ],
        NUMERIC: [
                'CAST({INT64} AS NUMERIC)',
                'SAFE_ADD({NUMERIC}, {NUMERIC})',
                'ROUND({NUMERIC}, 1)',
                'ABS({NUMERIC})',
                'SAFE_CAST({STRING} AS NUMERIC)',
                'COALESCE({NUMERIC}, {NUMERIC})',
                'TRUNC({NUMERIC})',
        ],
        BIGNUMERIC: [
                'CAST({NUMERIC} AS BIGNUMERIC)',
                'ABS({BIGNUMERIC})',
                'SAFE_CAST({STRING} AS BIGNUMERIC)',
                'COALESCE({BIGNUMERIC}, {BIGNUMERIC})',
        ],
        BOOL: [
                '{any1} = {same}',
                '{any1} < {same}',
                '{any1} != {same}',
                '{any1} IS NULL',
                '{any1} IS NOT NULL',
                '{any1} BETWEEN {same} AND {same}',
                '{any1} IN ({same}, {same})',
                '{any1} NOT IN ({same}, {same})',
                '{any1} IS DISTINCT FROM {same}',
                "{STRING} LIKE '%a%'",
                "{STRING} LIKE CONCAT({STRING}, '%')",
                'STARTS_WITH({STRING}, {STRING})',
                'ENDS_WITH({STRING}, {STRING})',
                "REGEXP_CONTAINS({STRING}, r'[a-f]')",
                '({BOOL} AND {BOOL})',
                '({BOOL} OR {BOOL})',
                'NOT {BOOL}',
                '{BOOL} IS TRUE',
                'COALESCE({BOOL}, FALSE)',
                'EXISTS (SELECT 1 FROM UNNEST({ARRAY<STRING>}) AS el WHERE el = {STRING})',
                '{STRING} IN UNNEST({ARRAY<STRING>})',
                "{STRING} LIKE ANY ('a%', {STRING})",
                '{INT64} > {n}',
                'SAFE_CAST({STRING} AS BOOL)',
                "STARTS_WITH(TO_JSON_STRING({row}), '{')",
        ],
        DATE: [
                'CAST({TIMESTAMP} AS DATE)',
                'SAFE.DATE_ADD({DATE}, INTERVAL {n} DAY)',
                'DATE_TRUNC({DATE}, MONTH)',
                'COALESCE({DATE}, {DATE})',
                'IF({BOOL}, {DATE}, {DATE})',
                'EXTRACT(DATE FROM {DATETIME})',
                "SAFE.PARSE_DATE('%Y-%m-%d', {STRING})",
                'LAST_DAY({DATE})',
        ],
        DATETIME: [
                'CAST({DATE} AS DATETIME)',
                'DATETIME_TRUNC({DATETIME}, DAY)',
                'COALESCE({DATETIME}, {DATETIME})',
                'SAFE.DATETIME_ADD({DATETIME}, INTERVAL {n} HOUR)',
                'DATETIME({TIMESTAMP})',
        ],
        TIME: [
                'CAST({DATETIME} AS TIME)',
                'TIME_TRUNC({TIME}, HOUR)',
                'COALESCE({TIME}, {TIME})',
                'EXTRACT(TIME FROM {TIMESTAMP})',
        ],
        TIMESTAMP: [
                'CAST({DATE} AS TIMESTAMP)',
                'TIMESTAMP_TRUNC({TIMESTAMP}, DAY)',
                'COALESCE({TIMESTAMP}, {TIMESTAMP})',
                'SAFE.TIMESTAMP_ADD({TIMESTAMP}, INTERVAL {n} MINUTE)',
                'TIMESTAMP({DATETIME})',
        ],
        JSON: [
                'TO_JSON({any})',
                'TO_JSON(STRUCT({any} AS x, {any} AS y))',
                'SAFE.PARSE_JSON({STRING})',
                'TO_JSON({row})',
                "JSON_QUERY({JSON}, '$.a')",
                'IF({BOOL}, {JSON}, {JSON})',
                '{JSON}.k',
        ],
};

/* Over groups of rows; their arguments see the rows. */
const AGGREGATES = {
        STRING: [
                'MIN({STRING})',
                'MAX({STRING})',
                'ANY_VALUE({STRING})',
                "STRING_AGG({STRING}, ',')",
                "STRING_AGG(DISTINCT {STRING}, '/')",
                'TO_JSON_STRING(ARRAY_AGG({any}))',
                "STRING_AGG({STRING}, '|' ORDER BY {order})",
                'MAX({STRING} HAVING MAX {INT64})',
                'ARRAY_AGG({STRING} IGNORE NULLS LIMIT 1)[SAFE_OFFSET(0)]',
                'TO_JSON_STRING(ARRAY_AGG({row}))',
                "FORMAT('%T', ARRAY_AGG({row} LIMIT 2))",
                'ANY_VALUE({STRING} HAVING MIN {INT64})',
        ],
        BYTES: ['MAX({BYTES})', 'ANY_VALUE({BYTES})', "STRING_AGG({BYTES}, b',')"],
        INT64: [
                'COUNT(*)',
                'COUNT({any})',
                'COUNT(DISTINCT {groupable})',
                'COUNTIF({BOOL})',
                'MIN({INT64})',
                'MAX({INT64})',
                'SUM(MOD({INT64}, 1000))',
                'BIT_AND({INT64})',
                'BIT_XOR({INT64})',
                'ARRAY_LENGTH(ARRAY_AGG({any}))',
        ],
        FLOAT64: [
                'AVG({INT64})',
                'SUM({FLOAT64})',
                'MAX({FLOAT64})',
                'STDDEV({INT64})',
                'CORR({FLOAT64}, {INT64})',
        ],
        NUMERIC: ['SUM({NUMERIC})', 'MIN({NUMERIC})', 'AVG({NUMERIC})'],
        BIGNUMERIC: ['MAX({BIGNUMERIC})', 'SUM({BIGNUMERIC})'],
        BOOL: [
                'LOGICAL_OR({BOOL})',
                'LOGICAL_AND({BOOL})',
                'COUNT({any}) > {n}',
                'MAX({STRING}) = {literal:STRING}',
        ],
        DATE: ['MIN({DATE})', 'MAX({DATE})'],
        DATETIME: ['MAX({DATETIME})'],
        TIME: ['MIN({TIME})'],
        TIMESTAMP: ['MAX({TIMESTAMP})'],
        JSON: ['ANY_VALUE({JSON})', 'TO_JSON(ARRAY_AGG({any}))'],
};
const WINDOWED = {
        INT64: [
                'ROW_NUMBER() OVER ({window})',
                'RANK() OVER ({ordered})',
                'DENSE_RANK() OVER ({ordered})',
                'NTILE(2) OVER ({ordered})',
                'COUNT(*) OVER ({window})',
                'COUNT({any}) OVER ({partition})',
                'MAX({INT64}) OVER ({window})',
                'LAG({INT64}) OVER ({ordered})',
        ],
        STRING: [
                'LAG({STRING}) OVER ({ordered})',
                'LEAD({STRING}, 1) OVER ({ordered})',
                'FIRST_VALUE({STRING}) OVER ({ordered})',
                'LAST_VALUE({STRING}) OVER ({ordered})',
                'NTH_VALUE({STRING}, 2) OVER ({ordered})',
                'MAX({STRING}) OVER ({partition})',
                "STRING_AGG({STRING}, ',') OVER ({partition})",
        ],
        FLOAT64: [
                'AVG({INT64}) OVER ({partition})',
                'PERCENT_RANK() OVER ({ordered})',
                'CUME_DIST() OVER ({ordered})',
                'SUM({FLOAT64}) OVER ({ordered} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)',
        ],
        BOOL: ['LOGICAL_OR({BOOL}) OVER ({partition})'],
        DATE: ['MAX({DATE}) OVER ({partition})'],
};
const COMPARABLE = SCALARS.filter((k) => k !== 'JSON');

class Expressions {
        /* g: the generator: {rng, guesses: {STRING: [text…]…}, subquery(type, scope, depth)} */
        constructor(g) {
                this.g = g;
                this.rng = g.rng;
        }

        literal(k) {
                const { rng } = this;
                const guesses = this.g.guesses[k];
                if (guesses?.length && rng.chance(0.3)) return rng.pick(guesses);
                switch (k) {
                        case 'STRING':
                                return rng.pick([
                                        "'alpha'",
                                        "'Beta'",
                                        "''",
                                        "'12'",
                                        '"one two"',
                                        "r'a\\d'",
                                        "'''gamma'''",
                                        "'[redacted]'",
                                ]);
                        case 'BYTES':
                                return rng.pick(["b'alpha'", "b''", "rb'x'"]);
                        case 'INT64':
                                return rng.pick(['0', '1', '2', '5', '0xff', '-1']);
                        case 'FLOAT64':
                                return rng.pick(['0.5', '1e2', '-.25']);
                        case 'NUMERIC':
                                return "NUMERIC '1.5'";
                        case 'BIGNUMERIC':
                                return "BIGNUMERIC '2.5'";
                        case 'BOOL':
                                return rng.pick(['TRUE', 'FALSE']);
                        case 'DATE':
                                return "DATE '2020-02-29'";
                        case 'DATETIME':
                                return "DATETIME '2020-02-29 10:00:00'";
                        case 'TIME':
                                return "TIME '12:30:00'";
                        case 'TIMESTAMP':
                                return "TIMESTAMP '2020-02-29 10:00:00+00'";
                        default:
                                return `JSON '{"a": 1}'`;
                }
        }

        ref(type, scope) {
                const found = scope.refs(type);
                return found.length ? this.rng.pick(found) : null;
        }

        /* An expression of any scalar type: [type, node] */
        any(scope, depth, test = () => true) {
                const refs = scope.kinds().filter((k) => scalar[k] && test(scalar[k]));
                const k =
                        refs.length && this.rng.chance(0.8)
                                ? this.rng.pick(refs)
                                : this.rng.pick(SCALARS.filter((x) => test(scalar[x])));
                return [scalar[k], this.make(scalar[k], scope, depth)];
        }

        fill(template, scope, depth, outer = {}) {
                let same = null;
                const parts = template.split(/\{([^{}']+)\}/).map((piece, i) => {
                        if (i % 2 === 0) return piece;
                        if (piece === 'n') return String(this.rng.between(0, 5));
                        if (piece === 'row') return this.row(scope);
                        if (piece === 'order') return this.orderKey(scope);
                        if (piece === 'any') return this.any(scope, depth)[1];
                        if (piece === 'groupable') return this.any(scope, depth, isGroupable)[1];
                        if (piece === 'orderable') return this.any(scope, depth, isOrderable)[1];
                        if (piece === 'any1') {
                                const [type, node] = this.any(scope, depth, (t) =>
                                        COMPARABLE.includes(t.k),
                                );
                                same = type;
                                return node;
                        }
                        if (piece === 'same') return this.make(same, scope, depth);
                        if (piece.startsWith('literal:')) return this.literal(piece.slice(8));
                        if (outer[piece]) return outer[piece]();
                        if (piece.startsWith('ARRAY<'))
                                return this.make(arrayOf(scalar[piece.slice(6, -1)]), scope, depth);
                        return this.make(scalar[piece], scope, depth);
                });
                return parts.filter((p) => p !== '');
        }

        /* A constant is no order. */
        orderKey(scope) {
                const refs = scope.pickPaths(1, isOrderable);
                if (!refs.length) return expr('order', ["CONCAT('x', 'y')"], null);
                if (this.rng.chance(0.5)) return expr('order', [refs[0].text], null);
                return expr(
                        'order',
                        [`COALESCE(${refs[0].text}, `, this.make(refs[0].type, scope, 1), ')'],
                        null,
                );
        }

        row(scope) {
                const rows = scope.rows();
                return rows.length ? this.rng.pick(rows) : 'STRUCT(1 AS one)';
        }

        make(type, scope, depth) {
                return expr(text(type), this.parts(type, scope, depth), simple(type));
        }

        parts(type, scope, depth) {
                const { rng } = this;
                const ref = rng.chance(depth > 0 ? 0.5 : 0.85) ? this.ref(type, scope) : null;
                if (ref) return [ref];
                if (type.k === 'ARRAY') return this.array(type, scope, depth);
                if (type.k === 'STRUCT') return this.struct(type, scope, depth);
                if (depth <= 0 || rng.chance(0.15)) return [this.literal(type.k)];
                if (this.g.subquery && rng.chance(0.07))
                        return this.g.subquery(type, scope, depth - 1);
                return ['(', ...this.fill(rng.pick(PLAIN[type.k]), scope, depth - 1), ')'];
        }

        array(type, scope, depth) {
                const { rng } = this;
                if (depth > 0 && rng.chance(0.3) && this.g.arrayQuery)
                        return this.g.arrayQuery(type.e, scope, depth - 1);
                if (depth > 0 && rng.chance(0.2))
                        return [
                                'ARRAY_CONCAT(',
                                this.make(type, scope, depth - 1),
                                ', ',
                                this.make(type, scope, depth - 1),
                                ')',
                        ];
                if (depth > 0 && rng.chance(0.2))
                        return ['ARRAY_REVERSE(', this.make(type, scope, depth - 1), ')'];
                /* an array of arrays does not exist */
                const items = [this.make(type.e, scope, depth - 1)];
                if (rng.chance(0.5)) items.push(', ', this.make(type.e, scope, depth - 1));
                return [rng.chance(0.4) ? `${text(type)}[` : '[', ...items, ']'];
        }

        struct(type, scope, depth) {
                if (type.f.every((f) => !f.name) || this.rng.chance(0.3))
                        return [`CAST(NULL AS ${text(type)})`];
                const items = type.f.flatMap((f, i) => [
                        i ? ', ' : '',
                        this.make(f.type, scope, depth - 1),
                        f.name ? ` AS \`${f.name}\`` : '',
                ]);
                return ['STRUCT(', ...items.filter((x) => x !== ''), ')'];
        }

        /* keys: nodes of the grouping expressions by type text */
        aggregate(type, scope, depth) {
                const templates = AGGREGATES[type.k];
                if (type.k === 'ARRAY') {
                        const distinct =
                                isGroupable(type.e) && this.rng.chance(0.2) ? 'DISTINCT ' : '';
                        return expr(
                                text(type),
                                [
                                        `ARRAY_AGG(${distinct}`,
                                        this.make(type.e, scope, depth),
                                        ' IGNORE NULLS)',
                                ],
                                simple(type),
                        );
                }
                const inner = this.fill(this.rng.pick(templates), scope, depth);
                return expr(text(type), inner, simple(type));
        }

        windowed(type, scope, depth, name) {
                const templates = WINDOWED[type.k];
                const by = (test) => this.any(scope, 0, test)[1];
                const partition = () => expr('window', ['PARTITION BY ', by(isGroupable)], '');
                const order = () =>
                        expr(
                                'window',
                                [
                                        'ORDER BY ',
                                        this.orderKey(scope),
                                        this.rng.pick(['', ' DESC', ' ASC NULLS LAST']),
                                        ', ',
                                        scope.key(),
                                ],
                                null,
                        );
                const parts = this.fill(this.rng.pick(templates), scope, depth, {
                        partition: () => (name && this.rng.chance(0.4) ? name : partition()),
                        ordered: () =>
                                this.rng.chance(0.5)
                                        ? order()
                                        : expr('window', [partition(), ' ', order()], null),
                        window: () => (this.rng.chance(0.5) ? order() : partition()),
                });
                return expr(text(type), parts, simple(type));
        }
}

const AGGREGATED = Object.keys(AGGREGATES).map((k) => scalar[k]);
const WINDOW_TYPES = Object.keys(WINDOWED).map((k) => scalar[k]);

module.exports = { AGGREGATED, Expressions, WINDOW_TYPES };
