/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * canary/tree: a statement as a tree of text, so that it can be written twice and cut down.
 *
 * A node has parts: strings, nodes, mentions of tables, and `Both`, which the gate reads in one
 * form and the engine in another (pipes, time travel: what the engine lacks). Nodes do not
 * change; cutting makes a new tree.
 */

class Node {
        /* sort: nodes of one sort may stand for each other ("expr STRING", "query").
         * isOptional: may go. simple: a text that may stand instead. */
        constructor(sort, parts, { isOptional = false, simple = null } = {}) {
                Object.assign(this, { sort, parts, isOptional, simple });
        }

        with(parts) {
                return new Node(this.sort, parts, this);
        }
}

class Both {
        constructor(agent, engine) {
                Object.assign(this, { agent, engine });
        }
}

/* One mention of a table that is read. `after`: what stands behind the path and belongs to the
 * table for the gate alone (FOR SYSTEM_TIME …). */
class Mention {
        constructor(
                full,
                path,
                { alias = null, isImplicit = false, after = '', pivot = false } = {},
        ) {
                Object.assign(this, { full, path, alias, isImplicit, after, pivot });
        }

        get agentText() {
                return this.path + this.after;
        }

        /* The engine knows each table under its full name as one identifier. */
        engineText() {
                return `\`${this.full}\`` + (this.isImplicit ? ` AS \`${this.alias}\`` : '');
        }
}

/* A mention of a table that is written, which the gate leaves alone. `engineName`: which of
 * the engine's copies of it. */
class Target extends Mention {
        engineText() {
                return (
                        `\`${this.engineName ?? this.full}\`` +
                        (this.isImplicit ? ` AS \`${this.alias}\`` : '')
                );
        }
}

/* A column behind the quoted path of its table, which the engine does not read: `p.d.t`.x.
 * The gate may give it the name of the subquery. */
class Qualified {
        constructor(path, alias, rest) {
                Object.assign(this, { path, alias, rest });
        }

        get agentText() {
                return `${this.path}.${this.rest}`;
        }

        engineText() {
                return `\`${this.alias}\`.${this.rest}`;
        }
}

const isLeaf = (l) => l instanceof Mention || l instanceof Qualified;
const n = (sort, ...parts) => new Node(sort, parts);
const optional = (sort, ...parts) => new Node(sort, parts, { isOptional: true });
const expr = (type, parts, simple) => new Node(`expr ${type}`, parts, { simple });

function join(list, separator) {
        return list.flatMap((x, i) => (i ? [separator, x] : [x]));
}

/* A list whose elements may go, all but one. */
function list(sort, items, separator = ', ') {
        const parts = items.map((x, i) =>
                i ? new Node(`${sort} item`, [separator, x], { isOptional: true }) : x,
        );
        return new Node(sort, parts);
}

/* Leaves in order: strings and mentions. `side` is 'agent' or 'engine'. */
function leaves(node, side, into = []) {
        if (node instanceof Node) for (const p of node.parts) leaves(p, side, into);
        else if (node instanceof Both) leaves(node[side], side, into);
        else if (node !== '' && node !== null && node !== undefined) into.push(node);
        return into;
}

function agentText(root) {
        return leaves(root, 'agent')
                .map((l) => (isLeaf(l) ? l.agentText : l))
                .join('');
}

/* `sent`: Map from mention to the text it was replaced with. */
function engineText(root, sent) {
        return leaves(root, 'engine')
                .map((l) => (isLeaf(l) ? (sent?.get(l) ?? l.engineText()) : l))
                .join('');
}

/* ---- what a mention became ---- */

/* The end of the parenthesis that opens at `at`; strings, names and comments are passed over. */
function closing(text, at) {
        let depth = 0;
        for (let i = at; i < text.length; i++) {
                const c = text[i];
                if (c === "'" || c === '"' || c === '`') {
                        for (i++; i < text.length && text[i] !== c; i++) if (text[i] === '\\') i++;
                } else if (c === '-' && text[i + 1] === '-') {
                        while (i < text.length && text[i] !== '\n') i++;
                } else if (c === '(') depth++;
                else if (c === ')' && --depth === 0) return i + 1;
        }
        return -1;
}

/* The sent text must be the agent's but for whole mentions. Returns Map mention → text for the
 * engine, or a string: what is wrong. */
function replacements(root, sentText) {
        const sent = new Map();
        let at = 0;
        for (const leaf of leaves(root, 'agent')) {
                const text = isLeaf(leaf) ? leaf.agentText : leaf;
                if (sentText.startsWith(text, at)) {
                        at += text.length;
                        continue;
                }
                if (leaf instanceof Qualified && sentText.startsWith(leaf.engineText(), at)) {
                        at += leaf.engineText().length;
                        continue;
                }
                const rest = sentText.slice(at, at + 80);
                if (!(leaf instanceof Mention) || leaf instanceof Target)
                        return `the text differs at byte ${at}: ${rest}`;
                if (sentText[at] !== '(') return `no subquery at byte ${at}: ${rest}`;
                let end = closing(sentText, at);
                if (end < 0) return `an open subquery at byte ${at}: ${rest}`;
                let text0 = sentText.slice(at, end);
                if (leaf.isImplicit) {
                        const alias = /^ AS (`[^`]*`|\w+)/.exec(sentText.slice(end));
                        if (!alias)
                                return `no alias at byte ${end}: ${sentText.slice(end, end + 80)}`;
                        text0 += alias[0];
                        end += alias[0].length;
                } else if (leaf.alias && leaf.after) {
                        /* the alias stands before FOR SYSTEM_TIME, and for the engine behind the mention */
                        const alias = new RegExp(`^\\s+(AS )?${leaf.alias}\\b`).exec(
                                sentText.slice(end),
                        );
                        if (!alias)
                                return `no alias at byte ${end}: ${sentText.slice(end, end + 80)}`;
                        end += alias[0].length;
                }
                /* what went into the subquery leaves the blank before it */
                if (/TABLESAMPLE/.test(leaf.after) && sentText[end] === ' ') end++;
                sent.set(
                        leaf,
                        text0
                                .replace(/FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP\(\)/g, '')
                                .replace(/TABLESAMPLE SYSTEM \(100 PERCENT\)/g, ''),
                );
                at = end;
        }
        if (at !== sentText.length)
                return `text was added at the end: ${sentText.slice(at, at + 80)}`;
        return sent;
}

/* ---- cutting ---- */

function size(node) {
        if (node instanceof Node) return node.parts.reduce((s, p) => s + size(p), 1);
        if (node instanceof Both) return size(node.agent);
        return isLeaf(node) ? node.agentText.length : String(node ?? '').length;
}

function* within(node, sort) {
        if (node instanceof Both) node = node.agent;
        if (!(node instanceof Node)) return;
        for (const p of node.parts) {
                const inner = p instanceof Both ? p.agent : p;
                if (inner instanceof Node && inner.sort === sort) yield inner;
                else yield* within(p, sort);
        }
}

/* Every tree with one cut, biggest cuts first. A `Both` is cut only as a whole: its two forms
 * would not stay the same statement. */
function cuts(root) {
        const found = [];
        const visit = (node, rebuild) => {
                if (!(node instanceof Node)) return;
                const put = (x) => found.push({ tree: rebuild(x), saved: size(node) - size(x) });
                if (node.isOptional) put('');
                for (const d of within(node, node.sort)) put(d);
                if (node.simple && !(node.parts.length === 1 && node.parts[0] === node.simple))
                        put(new Node(node.sort, [node.simple]));
                node.parts.forEach((p, i) =>
                        visit(p, (x) =>
                                rebuild(node.with(node.parts.map((q, k) => (k === i ? x : q)))),
                        ),
                );
        };
        visit(root, (x) => x);
        return found
                .filter((f) => f.saved > 0 && f.tree instanceof Node)
                .sort((a, b) => b.saved - a.saved);
}

module.exports = {
        Both,
        Mention,
        Node,
        Qualified,
        Target,
        agentText,
        cuts,
        engineText,
        expr,
        join,
        leaves,
        list,
        n,
        optional,
        replacements,
};
