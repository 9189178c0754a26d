/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * canary/values: what stands in the tables, what a mask makes of it, and how it is found.
 *
 * A protected value is a canary: text of letters that nothing else uses, numbers and dates
 * from ranges of their own. `mask` says independently of the daemon what docs/policy.md
 * promises of each mask: the test compares with tables that were masked beforehand.
 */
const crypto = require('node:crypto');
const { tokenized } = require('./token');

const RARE = 'qxzjkvwQXZJKVW';
const WORDS = ['alpha', 'Beta', 'gamma', 'delta', 'one two', 'Ännö', '', 'true', '12', 'a%b'];
/* what partial masks leave: the same in every row and every data set */
const KEPT = 'open';

const letters = (rng, n) => Array.from({ length: n }, () => rng.pick(RARE)).join('');
const two = (n) => String(n).padStart(2, '0');
const date = (rng, from, to) =>
        `${rng.between(from, to)}-${two(rng.between(1, 12))}-${two(rng.between(1, 28))}`;
const clock = (rng) =>
        `${two(rng.int(24))}:${two(rng.int(60))}:${two(rng.int(60))}.${rng.between(100000, 999999)}`;

/* JSON values in the form of a data file, by GoogleSQL type. */
const CANARY = {
        STRING: (rng) => letters(rng, 12),
        BYTES: (rng) => Buffer.from(letters(rng, 12)).toString('base64'),
        INTEGER: (rng) => String(7000000000000 + rng.int(2 ** 32) * 100 + rng.int(100)),
        FLOAT: (rng) => 7000000 + rng.int(2 ** 30) / 64,
        NUMERIC: (rng) => `${70000000 + rng.int(9999999)}.${rng.between(1000, 9999)}`,
        BIGNUMERIC: (rng) => `${700000000000 + rng.int(2 ** 31)}.${rng.between(100000, 999999)}`,
        BOOLEAN: (rng) => rng.chance(0.5),
        DATE: (rng) => date(rng, 2300, 2999),
        DATETIME: (rng) => `${date(rng, 2300, 2999)}T${clock(rng)}`,
        TIME: clock,
        TIMESTAMP: (rng) => `${date(rng, 2300, 2999)}T${clock(rng)}Z`,
        JSON: (rng) => `{"k":"${letters(rng, 12)}","n":${rng.between(7000000, 7999999)}}`,
};
const PUBLIC = {
        STRING: (rng) => rng.pick(WORDS),
        BYTES: (rng) => Buffer.from(rng.pick(WORDS)).toString('base64'),
        INTEGER: (rng) => String(rng.between(-2, 9)),
        FLOAT: (rng) => rng.between(-4, 40) / 4,
        NUMERIC: (rng) => `${rng.between(-2, 99)}.${rng.between(0, 99)}`,
        BIGNUMERIC: (rng) => `${rng.between(-2, 99)}.${rng.between(0, 99)}`,
        BOOLEAN: (rng) => rng.chance(0.5),
        DATE: (rng) => date(rng, 2019, 2021),
        DATETIME: (rng) => `${date(rng, 2019, 2021)}T0${rng.int(9)}:00:00`,
        TIME: (rng) => `${two(rng.int(24))}:30:00`,
        TIMESTAMP: (rng) => `${date(rng, 2019, 2021)}T10:00:00Z`,
        JSON: (rng) => rng.pick(['{"a":1}', '[1,"b"]', '"text"', '7', '{"a":{"b":null}}']),
};
const REDACTED = {
        STRING: '[redacted]',
        BYTES: '',
        INTEGER: '0',
        FLOAT: 0,
        NUMERIC: '0',
        BIGNUMERIC: '0',
        BOOLEAN: false,
        DATE: '1970-01-01',
        DATETIME: '1970-01-01T00:00:00',
        TIME: '00:00:00',
        TIMESTAMP: '1970-01-01T00:00:00Z',
        JSON: 'null',
};
const SCALARS = Object.keys(CANARY);

/* A value for a field of a schema. `of` is CANARY or PUBLIC. */
function value(rng, field, of, nulls = 0.12) {
        if (field.mode === 'REPEATED') {
                const element = { ...field, mode: 'NULLABLE' };
                return Array.from({ length: rng.int(4) }, () => value(rng, element, of, 0));
        }
        if (field.mode !== 'REQUIRED' && rng.chance(nulls)) return null;
        if (field.type === 'RECORD')
                return Object.fromEntries(
                        field.fields.map((f) => [f.name, value(rng, f, f.mask ? CANARY : of)]),
                );
        return of[field.type](rng);
}

/* A canary for a column with a partial mask: what stays visible is KEPT at either end. */
function partialValue(rng, mask, length) {
        const first = KEPT.repeat(3).slice(0, mask.keep_first ?? 0);
        const last = KEPT.repeat(3).slice(0, mask.keep_last ?? 0);
        return first + letters(rng, length) + last;
}

function redacted(field) {
        if (field.mode === 'REPEATED') return [];
        return field.type === 'RECORD' ? null : REDACTED[field.type];
}

const sha = (...parts) => {
        const h = crypto.createHash('sha256');
        for (const p of parts) h.update(p);
        return h.digest();
};

function hashed(v, type, salt) {
        if (v === null) return null;
        if (type === 'STRING') return sha(salt, v).toString('hex');
        if (type === 'BYTES') return sha(salt, Buffer.from(v, 'base64')).toString('base64');
        return BigInt(`0x${sha(salt, v).toString('hex').slice(0, 15)}`).toString();
}

function starred(v, { keep_first = 0, keep_last = 0 }) {
        if (v === null) return null;
        const c = [...v];
        if (c.length <= keep_first + keep_last) return '*'.repeat(c.length);
        return (
                c.slice(0, keep_first).join('') +
                '*'.repeat(c.length - keep_first - keep_last) +
                c.slice(c.length - keep_last).join('')
        );
}

/* How much of a date or time its unit leaves, and what stands for the rest. */
const LEFT = { year: 4, month: 7, day: 10, hour: 13 };
const FIRST = {
        DATE: '0000-01-01',
        DATETIME: '0000-01-01T00:00:00',
        TIME: '00:00:00',
        TIMESTAMP: '0000-01-01T00:00:00Z',
};
const left = (type, to) => (type === 'TIME' ? 2 : LEFT[to]);

function truncated(v, type, { to }) {
        if (v === null) return null;
        if (FIRST[type]) {
                const n = left(type, to);
                return v.slice(0, n) + FIRST[type].slice(n);
        }
        if (type === 'FLOAT') return Math.trunc(v / to) * to + 0;
        const whole = BigInt(String(v).split('.')[0]);
        return String(whole - (whole % BigInt(to)));
}

/* Two values that `truncate` shows alike. */
function truncatePair(rng, type, { to }) {
        if (FIRST[type]) {
                const [v, other] = [CANARY[type](rng), CANARY[type](rng)];
                const n = left(type, to);
                return { a: v, b: v.slice(0, n) + other.slice(n) };
        }
        const times = rng.between(-20, 20);
        const one = () => {
                const whole = Math.abs(times) * to + rng.int(to);
                const sign = times < 0 ? -1 : 1;
                if (type === 'FLOAT') return sign * (whole + rng.int(64) / 64);
                const fraction = type === 'INTEGER' ? '' : `.${rng.between(100, 999)}`;
                return `${sign < 0 && whole ? '-' : ''}${whole}${fraction}`;
        };
        return { a: one(), b: one() };
}

/* What docs/policy.md says a column shows. Fields of records with masks of their own are
 * masked where they stand; NULL and the order of a list stay. */
function masked(v, field, salt) {
        const { mask } = field;
        if (!mask) {
                if (field.type !== 'RECORD' || v === null) return v;
                if (field.mode === 'REPEATED')
                        return v.map((e) => masked(e, { ...field, mode: 'NULLABLE' }, salt));
                return Object.fromEntries(
                        field.fields.map((f) => [f.name, masked(v[f.name], f, salt)]),
                );
        }
        if (mask.kind === 'redact' || (mask.kind === 'null' && field.mode === 'REQUIRED'))
                return redacted(field);
        if (mask.kind === 'null') return field.mode === 'REPEATED' ? [] : null;
        if (mask.kind === 'hash') return hashed(v, field.type, salt);
        if (mask.kind === 'tokenize') return tokenized(v, field.type, salt);
        if (mask.kind === 'truncate') return truncated(v, field.type, mask);
        return starred(v, mask);
}

/* ---- finding canaries ---- */

const GRAM = 4;

/* Every run of GRAM bytes of a text's usual forms, as one set to look into. */
class Canaries {
        constructor() {
                this.grams = new Set();
                this.long = new Set();
        }

        add(text) {
                const bytes = Buffer.from(String(text));
                if (bytes.length < GRAM) return;
                for (const form of [
                        text,
                        [...text].reverse().join(''),
                        text.toUpperCase(),
                        text.toLowerCase(),
                ])
                        for (let i = 0; i + GRAM <= form.length; i++)
                                this.grams.add(form.slice(i, i + GRAM));
                const hex = bytes.toString('hex');
                for (let i = 0; i + 2 * GRAM <= hex.length; i += 2) {
                        this.long.add(hex.slice(i, i + 2 * GRAM));
                        this.long.add(hex.slice(i, i + 2 * GRAM).toUpperCase());
                }
                /* six bytes at any of the three alignments keep six sextets of their own */
                for (let i = 0; i + 6 <= bytes.length; i++)
                        for (let lead = 0; lead < 3; lead++) {
                                const padded = Buffer.concat([
                                        Buffer.alloc(lead),
                                        bytes.subarray(i, i + 6),
                                ]);
                                const from = Math.ceil((lead * 8) / 6);
                                this.long.add(padded.toString('base64').slice(from, from + 6));
                        }
        }

        /* The first run of `text` that belongs to a canary and does not stand in `own`. */
        find(text, own) {
                for (const [set, n] of [
                        [this.grams, GRAM],
                        [this.long, 2 * GRAM],
                        [this.long, 6],
                ])
                        for (let i = 0; i + n <= text.length; i++) {
                                const run = text.slice(i, i + n);
                                if (set.has(run) && !own.includes(run)) return run;
                        }
                return null;
        }
}

/* The texts of a canary value that could show in an answer. */
function textsOf(v, into = []) {
        if (typeof v === 'string') {
                /* punctuation of JSON and dates is everybody's */
                into.push(...v.split(/[^A-Za-z0-9+/=]+/).filter((x) => x.length >= GRAM));
                if (/^[A-Za-z0-9+/]{16}$/.test(v)) into.push(Buffer.from(v, 'base64').toString());
        } else if (typeof v === 'number') into.push(String(v));
        else if (v && typeof v === 'object') for (const x of Object.values(v)) textsOf(x, into);
        return into;
}

module.exports = {
        CANARY,
        PUBLIC,
        SCALARS,
        Canaries,
        hashed,
        letters,
        masked,
        partialValue,
        textsOf,
        truncatePair,
        value,
};
