/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * canary/shrink: a failing statement made small, while it fails in the same property.
 *
 * Cuts are tried a batch at a time, the biggest first; the first that still fails is taken.
 * At the end the world loses the tables that nothing names.
 */
const { agentText, cuts, leaves, Mention } = require('./tree');
const { Prepared, checkAll } = require('./check');

const BATCH = 24;
const ROUNDS = 80;

async function firstFailing(runner, gate, p, candidates, property) {
        for (let i = 0; i < candidates.length; i += BATCH) {
                const batch = candidates.slice(i, i + BATCH);
                const results = await checkAll(runner, gate, p, batch);
                const at = results.findIndex(
                        (r) => r.status === 'failed' && r.property === property,
                );
                if (at >= 0) return { statement: batch[at], result: results[at] };
        }
        return null;
}

async function shrink(runner, gate, p, statement, result) {
        let best = { statement, result };
        for (let round = 0; round < ROUNDS; round++) {
                const seen = new Set([agentText(best.statement.tree)]);
                const candidates = [];
                for (const c of cuts(best.statement.tree)) {
                        const text = agentText(c.tree);
                        if (seen.has(text) || !text.trim()) continue;
                        seen.add(text);
                        candidates.push({ ...best.statement, tree: c.tree });
                }
                const found = await firstFailing(runner, gate, p, candidates, result.property);
                if (!found) break;
                best = found;
        }
        return best;
}

/* The world without tables that the statement does not name, if it fails without them. */
async function shrinkWorld(runner, gate, world, best) {
        const named = new Set(
                leaves(best.statement.tree, 'agent')
                        .filter((l) => l instanceof Mention)
                        .map((m) => m.full),
        );
        if (best.statement.target) named.add(best.statement.target);
        const tables = Object.fromEntries(
                Object.entries(world.tables).filter(([full]) => named.has(full)),
        );
        const small = { ...world, tables };
        const p = new Prepared(runner, small);
        const [r] = await checkAll(runner, gate, p, [best.statement]);
        await p.drop(runner);
        return r.status === 'failed' && r.property === best.result.property ? small : world;
}

module.exports = { shrink, shrinkWorld };
