/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * canary/scope: what names mean at a place of a statement.
 *
 * A relation is {alias, columns: [{name, type}]} or, for the elements of an array, {alias,
 * value: type}. `refs` gives spellings that are not ambiguous there: bare, through the range
 * variable, into fields of records, in other letter case, in backquotes.
 */
const { Qualified } = require('./tree');
const { text } = require('./types');

const RESERVED = new Set(['order', 'select', 'group', 'from', 'where', 'end', 'all', 'hash', 'at']);
const lower = (s) => s.toLowerCase();

class Scope {
        constructor(rng, relations, { outer = null, merged = [] } = {}) {
                Object.assign(this, { rng, relations, outer, merged });
        }

        spell(name) {
                if (RESERVED.has(lower(name)) || !/^[A-Za-z_]\w*$/.test(name)) return `\`${name}\``;
                return this.rng.weighted([
                        [name, 12],
                        [`\`${name}\``, 2],
                        [name.toUpperCase(), 1],
                        [lower(name), 1],
                ]);
        }

        /* name in lower case → how many things it may mean here without a qualifier */
        get meanings() {
                if (!this.counts) {
                        this.counts = new Map();
                        const add = (name) =>
                                name &&
                                this.counts.set(
                                        lower(name),
                                        (this.counts.get(lower(name)) ?? 0) + 1,
                                );
                        for (const r of this.relations) {
                                add(r.alias);
                                for (const c of r.columns ?? []) add(c.name);
                        }
                        /* USING joins the first two; a third may have the name again */
                        for (const m of this.merged) {
                                const again = this.relations
                                        .slice(2)
                                        .flatMap((r) => r.columns ?? [])
                                        .filter((c) => lower(c.name ?? '') === lower(m.name));
                                const called = this.relations.filter(
                                        (r) => lower(r.alias ?? '') === lower(m.name),
                                );
                                this.counts.set(lower(m.name), 1 + again.length + called.length);
                        }
                }
                return this.counts;
        }

        /* [path, type] of all that can be named; paths are lists of names. */
        get paths() {
                if (this.known) return this.known;
                const found = [];
                const add = (path, type) => {
                        found.push([path, type]);
                        if (type.k === 'STRUCT' && path.length < 5) {
                                const names = type.f.map((f) => lower(f.name ?? ''));
                                type.f.forEach((f, i) => {
                                        if (
                                                f.name &&
                                                names.indexOf(names[i]) ===
                                                        names.lastIndexOf(names[i])
                                        )
                                                add([...path, f.name], f.type);
                                });
                        }
                };
                const once = (name) => this.meanings.get(lower(name)) === 1;
                for (const m of this.merged) if (once(m.name)) add([m.name], m.type);
                for (const r of this.relations) {
                        const names = (r.columns ?? []).map((c) => lower(c.name ?? ''));
                        /* a column of the same name comes before the range variable */
                        const hasAlias = r.alias && once(r.alias);
                        if (r.value && hasAlias) add([r.alias], r.value);
                        for (const [i, c] of (r.columns ?? []).entries()) {
                                if (
                                        !c.name ||
                                        names.indexOf(names[i]) !== names.lastIndexOf(names[i])
                                )
                                        continue;
                                if (
                                        once(c.name) &&
                                        !this.merged.some((m) => lower(m.name) === names[i])
                                )
                                        add([c.name], c.type);
                                if (hasAlias) add([r.alias, c.name], c.type);
                        }
                }
                if (this.outer)
                        for (const [path, type] of this.outer.paths)
                                if (!this.meanings.has(lower(path[0]))) found.push([path, type]);
                this.known = found;
                return found;
        }

        get byType() {
                if (!this.types) {
                        this.types = new Map();
                        for (const [path, type] of this.paths) {
                                const key = text(type);
                                if (!this.types.has(key)) this.types.set(key, []);
                                this.types.get(key).push(path);
                        }
                }
                return this.types;
        }

        refs(type) {
                const paths = this.byType.get(text(type));
                return paths ? [this.reference(this.rng.pick(paths))] : [];
        }

        /* Of a table in one pair of backquotes also `p.d.t`.column. */
        reference(path) {
                const r =
                        path.length > 1 &&
                        this.relations.find((x) => x.quoted && lower(x.alias) === lower(path[0]));
                if (!r || !this.rng.chance(0.3)) return this.write(path);
                return new Qualified(r.quoted, r.alias, this.write(path.slice(1)));
        }

        write(path) {
                return path.map((p) => this.spell(p)).join('.');
        }

        /* A few references of any type that passes: {text, name, type, path} */
        pickPaths(n, test) {
                const all = this.paths.filter(([, type]) => test(type));
                return this.rng
                        .some(all, Math.min(n, all.length), Math.min(n, all.length))
                        .map(([path, type]) => ({
                                text: this.write(path),
                                name: path[path.length - 1],
                                type,
                                path,
                        }));
        }

        kinds() {
                return [...this.byType.keys()];
        }

        /* Range variables that can stand for a whole row. */
        rows() {
                return this.relations
                        .filter(
                                (r) =>
                                        r.alias &&
                                        r.columns &&
                                        this.meanings.get(lower(r.alias)) === 1,
                        )
                        .map((r) => this.spell(r.alias));
        }

        /* Something to order by so that there is one order only, as far as possible. */
        key() {
                const ids = this.byType.get('INT64') ?? [];
                const id = ids.find((p) => lower(p[p.length - 1]) === 'id' && p.length <= 2);
                return id ? this.write(id) : "CAST('1' AS INT64)";
        }
}

module.exports = { Scope, lower };
