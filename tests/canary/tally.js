/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/* canary/tally: what became of the statements, counted; several processes count for one. */

const generic = (s) =>
        String(s)
                .replace(/`[^`]*`|'[^']*'|\b[a-z]+\d+\b|\d+/gi, '?')
                .slice(0, 60);

class Tally {
        constructor(counted = {}) {
                this.counts = {};
                this.kinds = {};
                this.denied = {}; /* id → {n, example, detail} */
                this.invalid = {};
                this.rewritten = 0;
                this.compared = 0; /* beside the others: with hashed values renamed */
                this.crashes = 0;
                this.all = 0;
                Object.assign(this, counted);
        }

        add(r, sql, kind) {
                this.all++;
                this.counts[r.status] = (this.counts[r.status] ?? 0) + 1;
                if (kind) this.kinds[kind] = (this.kinds[kind] ?? 0) + 1;
                if (r.isRewritten) this.rewritten++;
                const one = { n: 1, example: sql, detail: r.detail };
                if (r.status === 'denied') note(this.denied, r.id, one);
                if (r.status === 'invalid' || r.status === 'engine')
                        note(this.invalid, generic(r.detail), one);
        }

        merge(other) {
                for (const key of ['all', 'rewritten', 'compared', 'crashes'])
                        this[key] += other[key];
                for (const key of ['counts', 'kinds'])
                        for (const [name, n] of Object.entries(other[key]))
                                this[key][name] = (this[key][name] ?? 0) + n;
                for (const key of ['denied', 'invalid'])
                        for (const [name, seen] of Object.entries(other[key]))
                                note(this[key], name, seen);
        }

        of(status) {
                return this.counts[status] ?? 0;
        }

        get allowed() {
                return this.all - this.of('denied');
        }

        line() {
                const rest = ['failed', 'denied', 'erred', 'invalid', 'engine'];
                return `${this.all} statements, ${rest.map((s) => `${this.of(s)} ${s}`).join(', ')}`;
        }

        print(verbose) {
                const percent = (n, of) => `${((100 * n) / Math.max(of, 1)).toFixed(1)} %`;
                const row = (name, n, of) =>
                        console.log(
                                `  ${name.padEnd(44)}${String(n).padStart(8)}  ${percent(n, of).padStart(8)}`,
                        );
                row('statements', this.all, this.all);
                for (const [kind, n] of Object.entries(this.kinds).sort()) row(`  ${kind}`, n, this.all);
                row('allowed', this.allowed, this.all);
                row('  run, all properties hold', this.of('passed'), this.allowed);
                row('    of these rewritten', this.rewritten, this.allowed);
                row('  fail at run time, masked or not, alike', this.of('erred'), this.allowed);
                row('  not valid to the engine', this.of('invalid'), this.allowed);
                row('  engine ended, or cannot', this.of('engine'), this.allowed);
                row('  asked of the gate only', this.of('allowed'), this.allowed);
                row('  a property does not hold', this.of('failed'), this.allowed);
                row('denied', this.of('denied'), this.all);
                row('beside: hashed values renamed', this.compared, this.all);
                const sorted = (t) => Object.entries(t).sort((a, b) => b[1].n - a[1].n);
                for (const [id, d] of sorted(this.denied)) row(`  ${id}`, d.n, this.all);
                if (!verbose) return;
                for (const [id, d] of sorted(this.denied))
                        console.log(`\n${id} (${d.detail})\n  ${d.example}`);
                for (const [id, d] of sorted(this.invalid).slice(0, 40))
                        console.log(`\n${d.n} × ${id}: ${d.detail}\n  ${d.example}`);
        }
}

/* The shortest example is the one that is kept. */
function note(table, key, { n, example, detail }) {
        const known = (table[key] ??= { n: 0, example, detail });
        known.n += n;
        if (example.length < known.example.length) Object.assign(known, { example, detail });
}

module.exports = { Tally, generic };
