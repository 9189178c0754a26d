/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * canary/engine: Google's engine, asked for answers that are compared byte for byte.
 *
 * A catalogue holds every table twice: plain, and with the column id as its key, which the
 * engine wants of an UPDATE or DELETE. Requests are encoded by hand around the options, which
 * never change: that is most of a request, and the time counts here. What is asked for at the
 * same time goes in batches: a call costs the two processes as much as a short statement.
 */
const { Engine } = require('../../sandbox/lib/engine');
const types = require('../../sandbox/lib/types');
const { KEYED } = require('./writes');
const { SUFFIX } = require('./views');
const { plainField } = require('./world');

const UNAVAILABLE = 14;
const ANALYSIS = 3; /* INVALID_ARGUMENT: the statement itself is wrong, whatever the data */
const UNIMPLEMENTED = 12;
const DEADLINE = 4; /* a machine with other things to do, or a statement without end */
const INTERNAL = 13; /* a mistake of the engine's own */
const BATCH = 16;
const UNDER_WAY = 1; /* batches: two would wait for each other in the engine */
const BATCH_MS = 10000;
const CALL_MS = 15000; /* for one that takes longer the engine is ended: it would not stop */
const ALONE = 4;
const STREAMS = { query: 'EvaluateQueryStream', modify: 'EvaluateModifyStream' };

function varint(n) {
        const out = [];
        for (; n > 127; n = Math.floor(n / 128)) out.push((n & 127) | 128);
        return Buffer.from([...out, n]);
}

const field = (number, bytes) =>
        Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);

function number(buf, at) {
        let n = 0;
        for (let shift = 1; ; shift *= 128) {
                const b = buf[at++];
                n += (b & 127) * shift;
                if (b < 128) return [n, at];
        }
}

/* Top-level length-delimited fields of a message: [number, bytes]. */
function* fields(buf) {
        for (let at = 0; at < buf.length;) {
                let tag, n;
                [tag, at] = number(buf, at);
                [n, at] = number(buf, at);
                if (tag % 8 === 2) {
                        yield [Math.floor(tag / 8), buf.subarray(at, at + n)];
                        at += n;
                } else if (tag % 8 !== 0) throw new Error(`wire type ${tag % 8}`);
        }
}

/* A table as the engine is told of it; one with suffixes has them as a pseudo-column. */
function tableProtos({ schema, rows, suffixes }) {
        const kinds = schema.map((f) => types.fromField(plainField(f)));
        const column = schema.map((f, i) => ({ name: f.name, type: types.toEngine(kinds[i]) }));
        if (suffixes)
                column.push({
                        name: SUFFIX.name,
                        type: { type_kind: 'TYPE_STRING' },
                        is_pseudo_column: true,
                });
        const row = rows.map((r, k) => ({
                cell: [
                        ...r.map((v, i) => types.fromJson(v, kinds[i])),
                        ...(suffixes ? [{ string_value: suffixes[k] }] : []),
                ],
        }));
        return { column, row };
}

class Runner {
        constructor() {
                this.engine = new Engine();
                this.crashes = 0;
                this.heads = new Map(); /* what each request begins with */
                this.waiting = { query: [], modify: [] };
                this.underWay = 0;
                this.alone = 0;
                this.atEnd = []; /* those that wait to run alone */
                this.isDue = false;
        }

        async start() {
                await this.engine.ensureAlive();
                const s = this.engine.Service.service;
                this.methods = { query: s.EvaluateQuery, modify: s.EvaluateModify };
                this.streams = { query: s[STREAMS.query], modify: s[STREAMS.modify] };
        }

        stop() {
                this.engine.stop();
        }

        /* tables: {full name: {schema, rows, suffixes}}, rows as a data file has them; views:
         * {full name: {schema, engine}}, which become tables with the rows they have there */
        catalog(tables, views = {}) {
                return { tables, views, id: null, generation: -1 };
        }

        /* A catalogue with other or more tables, {name: {column, row, isKeyed}}, and with
         * constants, {name: {type, value}}. */
        derive(base, { tables, constants }) {
                return {
                        base,
                        changed: { ...tables },
                        constants: { ...constants },
                        id: null,
                        generation: -1,
                };
        }

        /* {column, row}, as they are registered. */
        async table(c, name) {
                await this.register(c);
                const { column } = c.protos.find((t) => t.name === name);
                return { column, row: c.contents[name].table_data.row };
        }

        async register(c) {
                for (let attempt = 0; ; attempt++) {
                        await this.engine.ensureAlive();
                        if (c.generation === this.engine.generation) return c.id;
                        const { generation } = this.engine;
                        /* several ask at the same time */
                        c.coming ??= (c.base ? this.registerDerived(c) : this.registerAll(c)).finally(
                                () => (c.coming = null),
                        );
                        try {
                                return await c.coming;
                        } catch (e) {
                                const isGone = this.engine.generation !== generation || !this.engine.child;
                                if (!isGone || attempt > 2) throw e;
                        }
                }
        }

        async registerDerived(c) {
                await this.register(c.base);
                const contents = { ...c.base.contents };
                const protos = c.base.protos.filter((t) => !(t.name in c.changed));
                for (const [name, { column, row, isKeyed }] of Object.entries(c.changed)) {
                        const key = isKeyed ? { primary_key_column_index: [0] } : {};
                        protos.push({ name, full_name: name, column, ...key });
                        contents[name] = { table_data: { row } };
                }
                const constant = Object.entries(c.constants).map(([name, { type, value }]) => ({
                        name_path: [name],
                        type,
                        value,
                }));
                const { generation } = this.engine;
                const id = await this.registerTables(protos, contents, constant);
                return Object.assign(c, { id, generation }).id;
        }

        async registerAll(c) {
                const { generation } = this.engine;
                const protos = [];
                const contents = {};
                for (const [full, t] of Object.entries(c.tables)) {
                        const { column, row } = tableProtos(t);
                        for (const name of [full, KEYED + full]) {
                                const key = name === full ? {} : { primary_key_column_index: [0] };
                                protos.push({ name, full_name: name, column, ...key });
                                contents[name] = { table_data: { row } };
                        }
                }
                const views = Object.entries(c.views);
                let id = await this.registerTables(protos, contents);
                if (views.length) {
                        const answers = [];
                        for (const [, v] of views)
                                answers.push(await this.engine.evaluate(v.engine, id, {}));
                        await this.engine.unregister(id);
                        for (const [i, [name, v]] of views.entries()) {
                                const { column } = tableProtos({ schema: v.schema, rows: [] });
                                protos.push({ name, full_name: name, column });
                                contents[name] = answers[i].content ?? { table_data: { row: [] } };
                        }
                        id = await this.registerTables(protos, contents);
                }
                return Object.assign(c, { id, generation, protos, contents }).id;
        }

        async registerTables(table, contents, constant = []) {
                const { registered_id } = await this.engine.call('RegisterCatalog', {
                        simple_catalog: {
                                name: 'root',
                                table,
                                constant,
                                builtin_function_options: {
                                        language_options: this.engine.language,
                                },
                        },
                        descriptor_pool_list: { definitions: [{ builtin: {} }] },
                        table_content: contents,
                });
                return registered_id;
        }

        /* The next one that asks starts another. Several hear of one end. */
        end(generation) {
                if (generation !== this.engine.generation || !this.engine.child) return;
                this.engine.child.kill('SIGKILL');
                this.engine.child = null;
                this.crashes++;
        }

        async drop(c) {
                if (c.generation === this.engine.generation)
                        await this.engine.unregister(c.id).catch(() => {}); /* it ended just now */
                c.generation = -1;
        }

        encode(kind, sql, id, params) {
                const key = `${kind} ${id} ${JSON.stringify(params)}`;
                if (!this.heads.has(key)) {
                        if (this.heads.size > 100) this.heads.clear();
                        this.heads.set(
                                key,
                                this.methods[kind].requestSerialize(
                                        this.engine.request('', id, {
                                                params: params.map((p) => {
                                                        const type = types.fromParameterType({
                                                                type: p.type,
                                                        });
                                                        return {
                                                                name: p.name,
                                                                type: types.toEngine(type),
                                                                value: types.fromParameterValue(
                                                                        { value: p.value },
                                                                        type,
                                                                ),
                                                        };
                                                }),
                                        }),
                                ),
                        );
                }
                return Buffer.concat([this.heads.get(key), field(1, Buffer.from(sql))]);
        }

        send(kind, bytes) {
                const { path } = this.methods[kind];
                return new Promise((resolve, reject) =>
                        this.engine.client.makeUnaryRequest(
                                path,
                                (x) => x,
                                (x) => x,
                                bytes,
                                { deadline: Date.now() + CALL_MS },
                                (e, v) => (e ? reject(e) : resolve(v)),
                        ),
                );
        }

        /* {ok, content, schema, raw} or {code, message}. `isAlone`: it is likely to fail, and
         * one that fails takes the others of its batch along, which are then asked again. */
        async run(kind, sql, catalog, params = [], { isAlone = false } = {}) {
                if (isAlone) return this.runAlone(kind, sql, catalog, params);
                await this.engine.ensureAlive();
                const bytes = this.encode(kind, sql, await this.register(catalog), params);
                const raw = await new Promise((resolve) => {
                        this.waiting[kind].push({ bytes, resolve });
                        this.soon();
                });
                return raw
                        ? this.read(kind, raw)
                        : this.runAlone(kind, sql, catalog, params);
        }

        /* Once all that now runs has said what it wants. */
        soon() {
                if (this.isDue) return;
                this.isDue = true;
                setImmediate(() => {
                        this.isDue = false;
                        for (const kind of Object.keys(this.waiting)) this.sendWaiting(kind);
                });
        }

        sendWaiting(kind) {
                const waiting = this.waiting[kind];
                while (waiting.length && this.underWay < UNDER_WAY) {
                        const batch = waiting.splice(0, BATCH);
                        this.underWay++;
                        this.sendBatch(kind, batch, (answers) => {
                                this.underWay--;
                                batch.forEach((w, i) => w.resolve(answers?.[i]));
                                this.soon();
                        });
                }
        }

        /* Answers in the order of the requests; none at all where one of them failed. */
        sendBatch(kind, batch, done) {
                const stream = this.engine.client.makeBidiStreamRequest(
                        this.streams[kind].path,
                        (x) => x,
                        (x) => x,
                        { deadline: Date.now() + BATCH_MS },
                );
                const parts = [];
                stream.on('data', (d) => parts.push(d));
                stream.on('error', () => {}); /* it is in the status too */
                stream.on('status', ({ code }) => {
                        const answers = [];
                        if (code === 0)
                                for (const [number, bytes] of fields(Buffer.concat(parts)))
                                        if (number === 1) answers.push(bytes);
                        done(answers.length === batch.length ? answers : null);
                });
                stream.end(Buffer.concat(batch.map((w) => field(1, w.bytes))));
        }

        async runAlone(kind, sql, catalog, params) {
                while (this.alone >= ALONE) await new Promise((r) => this.atEnd.push(r));
                this.alone++;
                try {
                        return await this.runNow(kind, sql, catalog, params);
                } finally {
                        this.alone--;
                        this.atEnd.shift()?.();
                }
        }

        /* The engine ends on some statements: {code: 14} when it did so twice. */
        async runNow(kind, sql, catalog, params) {
                for (let attempt = 0; ; attempt++) {
                        await this.engine.ensureAlive();
                        const id = await this.register(catalog);
                        const { generation } = this.engine;
                        try {
                                const raw = await this.send(
                                        kind,
                                        this.encode(kind, sql, id, params),
                                );
                                return this.read(kind, raw);
                        } catch (e) {
                                if (e.code === undefined) throw e;
                                if (e.code === UNAVAILABLE || e.code === DEADLINE)
                                        this.end(generation);
                                if (e.code === UNAVAILABLE && attempt < 1) continue;
                                const message = String(e.details)
                                        .split('\n')[0]
                                        .replace(/ ?\[at \d+:\d+\]/g, '');
                                return { code: e.code, message };
                        }
                }
        }

        read(kind, raw) {
                const content = [];
                const schema = [];
                for (const [number, bytes] of fields(raw)) {
                        if (number === 1) content.push(bytes);
                        else if (kind === 'modify' && number === 2) content.push(bytes);
                        if (number === 2 || number === 3)
                                for (const [inner, column] of safeFields(bytes))
                                        if (inner === 4) schema.push(column);
                }
                return {
                        ok: true,
                        kind,
                        raw,
                        content: Buffer.concat(content),
                        schema: Buffer.concat(schema),
                };
        }

        decode(result) {
                result.decoded ??= this.methods[result.kind].responseDeserialize(result.raw);
                return result.decoded;
        }

        /* The cells of each row as texts; NULL is none. */
        rows(result) {
                const answer = this.decode(result);
                const kinds = (answer.prepared?.columns ?? []).map((c) =>
                        types.fromEngine(c.type),
                );
                return (answer.content?.table_data?.row ?? []).map((row) => {
                        const out = [];
                        kinds.forEach((t, i) => put(row.cell?.[i], t, out));
                        return out;
                });
        }

        /* All cells as text, and the names of the columns. */
        texts(result) {
                const columns = this.decode(result).prepared?.columns ?? [];
                return [...columns.map((c) => c.name ?? ''), ...this.rows(result).flat()];
        }
}

function safeFields(bytes) {
        try {
                return [...fields(bytes)];
        } catch {
                return [];
        }
}

function put(value, type, out) {
        if (types.isNull(value)) return;
        if (type.kind === 'ARRAY')
                for (const e of value.array_value.element ?? []) put(e, type.element, out);
        else if (type.kind === 'STRUCT')
                type.fields.forEach((f, i) => put(value.struct_value.field?.[i], f.type, out));
        else {
                const cell = types.toCell(value, type, {});
                out.push(
                        type.kind === 'BYTES'
                                ? Buffer.from(cell, 'base64').toString('latin1')
                                : cell,
                );
                if (type.kind === 'BYTES') out.push(cell);
        }
}

module.exports = { ANALYSIS, DEADLINE, INTERNAL, Runner, UNAVAILABLE, UNIMPLEMENTED };
