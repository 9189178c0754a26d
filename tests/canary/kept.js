/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/* canary/kept: trees to JSON and back, for failures that are kept and run again. */
const fs = require('node:fs');
const path = require('node:path');
const { Both, Mention, Node, Qualified, Target, agentText } = require('./tree');

function freeze(x, ids = new Map()) {
        if (x instanceof Node) return { n: x.sort, p: x.parts.map((p) => freeze(p, ids)) };
        if (x instanceof Both)
                return { agent: freeze(x.agent, ids), engine: freeze(x.engine, ids) };
        if (x instanceof Qualified) return { qualified: { ...x } };
        if (!(x instanceof Mention)) return x;
        /* one mention may stand in both forms */
        const isKnown = ids.has(x);
        if (!isKnown) ids.set(x, ids.size);
        return isKnown
                ? { again: ids.get(x) }
                : { mention: { ...x }, id: ids.get(x), isTarget: x instanceof Target };
}

function thaw(x, known = new Map()) {
        if (x === null || typeof x !== 'object') return x;
        if (x.p)
                return new Node(
                        x.n,
                        x.p.map((p) => thaw(p, known)),
                );
        if ('agent' in x) return new Both(thaw(x.agent, known), thaw(x.engine, known));
        if (x.qualified)
                return new Qualified(x.qualified.path, x.qualified.alias, x.qualified.rest);
        if ('again' in x) return known.get(x.again);
        const { full, path: at, ...rest } = x.mention;
        const m = Object.assign(new (x.isTarget ? Target : Mention)(full, at), rest);
        known.set(x.id, m);
        return m;
}

function cases(dir) {
        if (!fs.existsSync(dir)) return [];
        return fs
                .readdirSync(dir)
                .filter((f) => f.endsWith('.json'))
                .sort()
                .map((f) => {
                        const c = JSON.parse(fs.readFileSync(path.join(dir, f), 'utf8'));
                        const statement = { tree: thaw(c.tree), kind: c.kind, target: c.target };
                        return {
                                name: f.slice(0, -5),
                                world: c.world,
                                statement,
                                sql: agentText(statement.tree),
                        };
                });
}

module.exports = { cases, freeze };
