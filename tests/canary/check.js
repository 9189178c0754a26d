/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * canary/check: the properties of one statement over one world.
 *
 * Three runs of the engine: the agent's statement over tables that were masked beforehand
 * (`masked`), and what the gate sends over data sets `a` and `b`. Then:
 *   text       what is sent is the agent's text but for whole mentions of tables
 *   runs       what is sent runs if the agent's statement runs
 *   schema     and has the same output columns, names and types
 *   answer     and the same answer as over the masked tables, byte for byte
 *   leak       no canary of `a` is in an answer or error (but what the statement itself says)
 *   pair       the answers over `a` and `b` are the same (of hashed values: canary/bijection)
 *   refused    nothing is refused for its syntax that the engine runs
 *   unchanged  without masks in the policy the text passes as it is
 */
const { Mention, agentText, engineText, leaves, replacements } = require('./tree');
const { ANALYSIS, DEADLINE, INTERNAL, Runner, UNAVAILABLE, UNIMPLEMENTED } = require('./engine');
const { runScript } = require('./scripts');
const { canariesOf, catalogText, hasMask, maskedRows, policyText } = require('./world');

class Prepared {
        /* renaming: of hashed values, for canary/bijection; forget: a kind of mask that the
         * policy lacks; or nothing */
        constructor(runner, world, { renaming = null, forget = null } = {}) {
                Object.assign(this, { world, forget });
                const side = (rows) => {
                        const tables = {};
                        for (const [full, t] of Object.entries(world.tables))
                                tables[full] = {
                                        schema: t.schema,
                                        rows: rows(t),
                                        suffixes: t.suffixes,
                                };
                        return runner.catalog(tables, world.views);
                };
                this.catalogs = {
                        masked: side(maskedRows),
                        a: side((t) => t.rows.a),
                        b: side((t) => t.rows.b),
                };
                if (renaming) this.catalogs.c = side((t) => renaming.rows(t));
                this.canaries = canariesOf(world, 'a');
                const all = Object.entries(world.tables);
                const views = Object.entries(world.views ?? {});
                const tablesWhere = (test) => {
                        const found = new Set(all.filter(([, t]) => test(t)).map(([full]) => full));
                        for (const [full, v] of views) if (found.has(v.below)) found.add(full);
                        return found;
                };
                this.guarded = tablesWhere((t) => hasMask(t.schema));
                this.paired = tablesWhere(
                        (t) => JSON.stringify(t.rows.a) !== JSON.stringify(t.rows.b),
                );
                const common = {
                        project: world.project,
                        dataset: world.dataset,
                        catalog: catalogText(world, { forget }),
                };
                this.withMasks = { ...common, policy: policyText(world, { forget }) };
                this.withoutMasks = { ...common, policy: policyText(world, { withMasks: false }) };
        }

        async drop(runner) {
                for (const c of Object.values(this.catalogs)) await runner.drop(c);
        }
}

const bytesOf = (r) => (r.ok ? r.content.toString('latin1') : `${r.code} ${r.message}`);
function columnsOf(runner, r) {
        if (r.steps) return r.steps.map((step) => columnsOf(runner, step));
        const columns = runner.decode(r).prepared?.columns ?? [];
        return columns.map((c) => [c.name ?? '', JSON.stringify(c.type)]);
}

/* Rows that a statement would write, without the protected cells that stay where they are. */
function changes(runner, r, schema) {
        const hidden = schema.map((f) => Boolean(f.mask) || Boolean(f.fields && hasMask(f.fields)));
        return JSON.stringify(
                (runner.decode(r).content ?? []).map((row) => ({
                        ...row,
                        cell:
                                row.operation === 'INSERT'
                                        ? row.cell
                                        : (row.cell ?? []).filter((_, i) => !hidden[i]),
                })),
        );
}

/* The answers of a script's steps as one; the first failure is its own. */
function whole(runner, answers) {
        const failed = answers.find((r) => !r.ok);
        const texts = answers.flatMap((r) => {
                if (!r.ok) return [r.message];
                return r.kind === 'modify'
                        ? [JSON.stringify(runner.decode(r).content ?? [])]
                        : runner.texts(r);
        });
        return {
                ok: !failed,
                code: failed?.code,
                message: failed?.message,
                texts,
                steps: answers,
                content: Buffer.from(answers.map(bytesOf).join('\n'), 'latin1'),
                schema: Buffer.concat(answers.filter((r) => r.ok).map((r) => r.schema)),
        };
}

function answerOf(runner, p, statement, r) {
        if (statement.kind === 'script') return r.content.toString('latin1');
        if (!r.ok) return bytesOf(r);
        if (statement.kind === 'modify')
                return changes(runner, r, p.world.tables[statement.target].schema);
        return bytesOf(r);
}

function textsOf(runner, p, statement, r) {
        if (statement.kind === 'script') return r.texts;
        if (!r.ok) return [r.message];
        if (statement.kind === 'modify')
                return [changes(runner, r, p.world.tables[statement.target].schema)];
        return runner.texts(r);
}

function isSame(x, y) {
        return x.ok && y.ok && x.content.equals(y.content) && x.schema.equals(y.schema);
}

function findLeak(runner, p, statement, sql, result, reference) {
        if (isSame(result, reference)) return null;
        const known = new Set(textsOf(runner, p, statement, reference));
        for (const text of textsOf(runner, p, statement, result)) {
                /* over the masked tables there is no canary: the same text is none here */
                if (known.has(text)) continue;
                const run = p.canaries.find(text, sql);
                if (run) return `'${run}' in '${text.slice(0, 200)}'`;
        }
        return null;
}

const shortly = (s) => (s.length > 300 ? `${s.slice(0, 300)}…` : s);

/* A refusal for a reason of its own is counted; one for syntax that Google's engine reads is
 * a mistake. */
async function refused(runner, p, statement, sql, asked, fail) {
        const id = asked.error?.id ?? asked.verdict;
        const detail = asked.error?.message;
        if (
                /^sql\.(syntax|encoding|readings-differ)$|^mask\.verify$/.test(id) &&
                statement.kind !== 'gate' &&
                engineText(statement.tree, null) === sql
        ) {
                const r = await runner.run(statement.kind, sql, p.catalogs.masked);
                if (r.ok) return fail('refused', `${id}: ${detail}`);
        }
        return { status: 'denied', id, detail };
}

/* As of a gate that masks what a script selects, and not what it keeps. */
function unmaskVariables(tree, sent) {
        for (const step of tree.parts)
                if (/^step declare/.test(step.sort))
                        for (const l of leaves(step, 'agent')) sent.delete(l);
}

/* Every table that the statement reads or writes. */
function tablesOf(statement) {
        const named = ['agent', 'engine'].flatMap((side) =>
                leaves(statement.tree, side)
                        .filter((l) => l instanceof Mention)
                        .map((m) => m.full),
        );
        return statement.target ? [...named, statement.target] : named;
}

/* asked: {masked, plain}: the gate's two answers. Gives {status, property, detail}. */
async function check(runner, p, statement, asked) {
        const sql = agentText(statement.tree);
        const fail = (property, detail) => ({
                status: 'failed',
                property,
                detail: shortly(detail),
        });
        const { masked, plain } = asked;

        if (plain.text !== undefined && plain.text !== sql) return fail('unchanged', plain.text);
        if (masked.verdict !== 'allow') return refused(runner, p, statement, sql, masked, fail);
        const sent = replacements(statement.tree, masked.text);
        if (typeof sent === 'string') return fail('text', sent);
        if (statement.kind === 'gate') return { status: 'allowed' };

        if (p.forget === 'variables') unmaskVariables(statement.tree, sent);
        const text = engineText(statement.tree, sent);
        const own = engineText(statement.tree, null);
        const isScript = statement.kind === 'script';
        const askScript = async (catalog, replaced, params) =>
                whole(runner, await runScript(runner, catalog, statement.tree, replaced, params));
        const reference = isScript
                ? await askScript(p.catalogs.masked, null, [])
                : await runner.run(statement.kind, own, p.catalogs.masked);
        const ask = (catalog) =>
                isScript
                        ? askScript(catalog, sent, masked.params)
                        : runner.run(statement.kind, text, catalog, masked.params, {
                                  isAlone: !reference.ok,
                          });
        /* without a replacement there is one data set only, and so where both have the same
         * rows; the same text over the same rows need not be asked for twice */
        const named = tablesOf(statement);
        const isOpen = text === own && !named.some((full) => p.guarded.has(full));
        const hasPair = sent.size > 0;
        const [a, b] = await Promise.all([
                isOpen ? reference : ask(p.catalogs.a),
                hasPair && named.some((full) => p.paired.has(full)) ? ask(p.catalogs.b) : null,
        ]);
        const cannot = [reference, a, b].find(
                (r) => r && [UNAVAILABLE, UNIMPLEMENTED, INTERNAL, DEADLINE].includes(r.code),
        );
        if (cannot) return { status: 'engine', detail: cannot.message };
        const leak = findLeak(runner, p, statement, sql, a, reference);
        if (leak) return fail('leak', leak);
        if (b && answerOf(runner, p, statement, a) !== answerOf(runner, p, statement, b))
                return fail(
                        'pair',
                        `${shortly(textsOf(runner, p, statement, a).join(' | '))} AND ${textsOf(runner, p, statement, b).join(' | ')}`,
                );
        if (reference.code === ANALYSIS) return { status: 'invalid', detail: reference.message };
        if (reference.ok && !a.ok) return fail('runs', a.message);
        if (reference.ok && !reference.schema.equals(a.schema)) {
                const [was, is] = [columnsOf(runner, reference), columnsOf(runner, a)].map((x) =>
                        JSON.stringify(x),
                );
                if (was !== is) return fail('schema', `${was} became ${is}`);
        }
        if (answerOf(runner, p, statement, reference) !== answerOf(runner, p, statement, a))
                return fail(
                        'answer',
                        `${textsOf(runner, p, statement, reference).join(' | ').slice(0, 140)} BECAME ${textsOf(runner, p, statement, a).join(' | ').slice(0, 140)}`,
                );
        return {
                status: reference.ok ? 'passed' : 'erred',
                detail: reference.message,
                isRewritten: hasPair,
        };
}

/* Checks many statements of one world, a few at a time. */
async function checkAll(runner, gate, p, statements, { ways = 48, asked = null } = {}) {
        const texts = statements.map((s) => agentText(s.tree));
        const [masked, plain] =
                asked ??
                (await Promise.all([
                        gate.ask(p.withMasks, texts),
                        gate.ask(p.withoutMasks, texts),
                ]));
        const results = new Array(statements.length);
        let next = 0;
        const way = async () => {
                while (next < statements.length) {
                        const i = next++;
                        results[i] = await check(runner, p, statements[i], {
                                masked: masked[i],
                                plain: plain[i],
                        });
                        results[i].sent = masked[i].text;
                }
        };
        await Promise.all(Array.from({ length: ways }, way));
        return results;
}

module.exports = { Prepared, Runner, checkAll };
