/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * sandbox/pages: rows in pages, and partial responses.
 *
 * A page token is the offset bound to the list it belongs to by a keyed hash, so that a
 * made-up or foreign token is refused, as the real service does.
 */
const crypto = require('node:crypto');
const types = require('./types');
const { invalid } = require('./errors');

const KEY = crypto.randomBytes(32);
const MAX_PAGE_ROWS = 50000;
const MAX_PAGE_BYTES = 10 * 1024 * 1024; /* about where BigQuery cuts a page */

const seal = (list, offset) =>
        crypto
                .createHmac('sha256', KEY)
                .update(`${list}\0${offset}`)
                .digest('base64url')
                .slice(0, 22);

function makeToken(list, offset) {
        return Buffer.from(`${offset}.${seal(list, offset)}`).toString('base64url');
}

function readToken(list, token) {
        const [offset, mac] = Buffer.from(token, 'base64url')
                .toString('latin1')
                .split('.');
        if (!/^\d{1,15}$/.test(offset) || mac !== seal(list, offset))
                throw invalid('Invalid page token');
        return Number(offset);
}

function integer(params, name, max) {
        const text = params.get(name);
        if (text === null || text === '') return undefined;
        if (!/^\d{1,19}$/.test(text))
                throw invalid(
                        `Invalid value for ${name}: '${text.slice(0, 40)}' is not a valid number`,
                );
        return Math.min(Number(text), max ?? Number.MAX_SAFE_INTEGER);
}

/* `list` names what is paged; items(from, to) is a slice of it. */
function pageOf(list, params, total, limit = MAX_PAGE_ROWS) {
        const token = params.get('pageToken');
        const from = token
                ? readToken(list, token)
                : (integer(params, 'startIndex') ?? 0);
        const most = integer(params, 'maxResults', limit) ?? limit;
        return { from, to: Math.min(total, from + most) };
}

/* Encodes rows from a page's start until its end or until the page is big enough. */
function encodeRows(list, params, { rows, types: rowTypes }, opts) {
        const { from, to } = pageOf(list, params, rows.length);
        const out = [];
        let bytes = 0;
        let i = from;
        for (; i < to && bytes < MAX_PAGE_BYTES; i++) {
                const cells = rowTypes.map((t, c) => ({
                        v: types.toCell(rows[i][c], t, opts),
                }));
                bytes += rowTypes.reduce(
                        (n, t, c) => n + types.sizeOf(rows[i][c], t) + 8,
                        0,
                );
                out.push({ f: cells });
        }
        const page = { totalRows: String(rows.length) };
        if (i < rows.length) page.pageToken = makeToken(list, i);
        if (out.length > 0) page.rows = out;
        return page;
}

/* `selectedFields`: comma-separated column names, dots for fields of a RECORD. */
function select(fields, selected) {
        if (!selected) return { schema: fields, project: (row) => row };
        const tree = {};
        for (const path of selected.split(',')) {
                let at = tree;
                for (const part of path.trim().split('.'))
                        at = at[part.toLowerCase()] ??= {};
        }
        return prune(fields, tree);
}

function prune(fields, tree) {
        const kept = [];
        for (const [i, f] of fields.entries()) {
                const sub = tree[f.name.toLowerCase()];
                if (!sub) continue;
                const inner =
                        Object.keys(sub).length && f.fields
                                ? prune(f.fields, sub)
                                : null;
                kept.push({ i, f: inner ? { ...f, fields: inner.schema } : f, inner });
        }
        for (const name of Object.keys(tree))
                if (!kept.some((k) => k.f.name.toLowerCase() === name))
                        throw invalid(
                                `Invalid field name in selectedFields: ${name.slice(0, 80)}`,
                        );
        const struct = (v, p) =>
                types.isNull(v)
                        ? v
                        : { struct_value: { field: p(v.struct_value.field) } };
        const cell = (k, v) => {
                if (!k.inner) return v;
                if (v?.array_value)
                        return {
                                array_value: {
                                        element: (v.array_value.element ?? []).map(
                                                (e) => struct(e, k.inner.project),
                                        ),
                                },
                        };
                return struct(v, k.inner.project);
        };
        return {
                schema: kept.map((k) => k.f),
                project: (row) => kept.map((k) => cell(k, row[k.i])),
        };
}

/* The `fields` parameter of Google APIs: names, a/b, a(b,c) and *. */
function parseMask(text) {
        let at = 0;
        const list = (depth) => {
                const out = {};
                for (;;) {
                        const m = /^[A-Za-z0-9_*$.-]+/.exec(text.slice(at));
                        if (!m || depth > 20)
                                throw invalid(
                                        `Invalid field selection ${text.slice(0, 80)}`,
                                );
                        at += m[0].length;
                        let sub = null;
                        if (text[at] === '/') {
                                at++;
                                sub = list(depth + 1);
                                Object.assign((out[m[0]] ??= {}), sub);
                                return out;
                        }
                        if (text[at] === '(') {
                                at++;
                                sub = list(depth + 1);
                                if (text[at++] !== ')')
                                        throw invalid(
                                                `Invalid field selection ${text.slice(0, 80)}`,
                                        );
                        }
                        out[m[0]] = sub ?? {};
                        if (text[at] !== ',') return out;
                        at++;
                }
        };
        const mask = list(0);
        if (at !== text.length)
                throw invalid(`Invalid field selection ${text.slice(0, 80)}`);
        return mask;
}

function applyMask(value, mask) {
        if (
                Object.keys(mask).length === 0 ||
                value === null ||
                typeof value !== 'object'
        )
                return value;
        if (Array.isArray(value)) return value.map((v) => applyMask(v, mask));
        const out = {};
        for (const [k, v] of Object.entries(value)) {
                const sub = mask[k] ?? mask['*'];
                if (sub) out[k] = applyMask(v, sub);
        }
        return out;
}

module.exports = {
        encodeRows,
        pageOf,
        makeToken,
        integer,
        select,
        parseMask,
        applyMask,
};
