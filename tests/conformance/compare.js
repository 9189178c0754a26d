/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * conformance/compare: two readings of one statement → what differs.
 *
 * A difference is {kind, evidence}; `evidence` is one line that the patterns of
 * known.tsv are matched against; "recorded ok" or "recorded error" ends it for rows of
 * Google's later tests. Kinds:
 *   engine-refuses   we accept a text that the engine's parser does not
 *   we-refuse        the other way round
 *   tables           other tables; the engine lists what is read and the targets of DML
 *   unresolved       the engine knows the output columns, we do not
 *   engine-unresolved  the engine finds a name missing or ambiguous, we resolve all
 *   count, names, types   other output columns
 *   sources          a stored column reaches the engine's output column for certain and
 *                    is not among the sources we give: lost
 */
const lower = (list) => new Set((list ?? []).map((x) => x.toLowerCase()));
const minus = (a, b) => [...a].filter((x) => !b.has(x)).sort();

/* "message @ text from there on; after the text before it" */
function refusal(sql, message, line, column) {
        if (!line) return message;
        const lines = sql.split(/\r\n|\r|\n/).map((l) => l.replaceAll('\t', ' '.repeat(8)));
        const text = lines[line - 1] ?? '';
        const before = [...lines.slice(0, line - 1), text.slice(0, column - 1)].join(' ');
        const from = text.slice(column - 1, column + 59);
        return `${message} @ ${from}; after ${before.trim().slice(-40)}`;
}

/* The engine's analyzer may refuse what its parser let through: that is said behind. */
function ourRefusal(c, error, analyzed) {
        const text = `${error.id}: ${refusal(c.sql, error.message, error.line, error.column)}`;
        return analyzed && !analyzed.ok ? `${text}; analyzer: ${analyzed.message}` : text;
}

const union = (statements, key) => lower(statements.flatMap((s) => s[key] ?? []));

function tables(c, ours, theirs) {
        const read = union(ours.statements, 'tables');
        const written = union(ours.statements, 'targets');
        const engine = lower(theirs.tables);
        const missing = minus(engine, new Set([...read, ...written]));
        const extra = minus(read, engine);
        if (!missing.length && !extra.length) return [];
        const kinds = [...new Set(ours.statements.map((s) => s.kind))].join(' ');
        const text = c.sql.replace(/\s+/g, ' ').slice(0, 400);
        return [
                {
                        kind: 'tables',
                        evidence: `missing [${missing}] extra [${extra}] in ${kinds}; text ${text}`,
                },
        ];
}

const isType = (type) => type && !/UNKNOWN/.test(type); /* stated in full */

/* The engine names a column without a name `$col1`; we leave it empty. */
const plainName = (name) => (/^\$/.test(name ?? '') ? '' : (name ?? ''));

/* What reaches the engine's column for certain and is not among our sources. */
function lost(ours, theirs) {
        const known = [...lower(ours.sources)];
        return [...lower(theirs.sources)]
                .filter((c) => !known.some((o) => o === c || o.startsWith(`${c}.`)))
                .sort();
}

/* What the analyzer says when it is about names; of the rest we do not judge. */
const NAME_ERROR = new RegExp(
        [
                '^Unrecognized name',
                '^Table not found',
                'not found inside',
                '^Name .* not found',
                'ambiguous',
                '^Column .* in USING',
                '^Duplicate (column name|table alias)',
                'has .* columns? but',
                'mismatched column count',
                '^Field name .* does not exist',
                '^Cannot access field',
        ].join('|'),
);

/* What follows from one statement's analysis by both. */
function analysis(ours, theirs) {
        const s = ours.statements[0];
        const found = [];
        if (!theirs.ok) {
                const isName = NAME_ERROR.test(theirs.message);
                if (isName && s.outputs)
                        found.push({
                                kind: 'engine-unresolved',
                                evidence: `${theirs.message} in ${s.kind}`,
                        });
                return found;
        }
        if (!theirs.outputs) return found;
        if (!s.outputs) {
                found.push({
                        kind: 'unresolved',
                        evidence: `${s.unresolved ?? 'no outputs'} in ${s.kind}`,
                });
                return found;
        }
        if (s.outputs.length !== theirs.outputs.length) {
                const names = (outputs) => `[${outputs.map((o) => o.name)}]`;
                found.push({
                        kind: 'count',
                        evidence: `ours ${names(s.outputs)} theirs ${names(theirs.outputs)}`,
                });
                return found;
        }
        theirs.outputs.forEach((t, i) => {
                const o = s.outputs[i];
                if (plainName(o.name) !== plainName(t.name))
                        found.push({
                                kind: 'names',
                                evidence:
                                        `${i + 1}: ours '${o.name}' theirs '${t.name}' ` +
                                        `in ${s.kind}`,
                        });
                const isStated = isType(o.type) && isType(t.type);
                if (isStated && o.type.toUpperCase() !== t.type.toUpperCase())
                        found.push({
                                kind: 'types',
                                evidence: `${t.name || i + 1}: ours ${o.type} theirs ${t.type}`,
                        });
                const missing = lost(o, t);
                if (missing.length)
                        found.push({
                                kind: 'sources',
                                evidence: `${t.name || i + 1}: without ${missing.join(', ')}`,
                        });
        });
        return found;
}

/* `analyzed` may be missing: scripts, texts that do not parse. */
function compare(c, ours, parsed, analyzed) {
        const found = [];
        if (ours.ok && !parsed.ok)
                found.push({
                        kind: 'engine-refuses',
                        evidence: refusal(c.sql, parsed.message, parsed.line, parsed.column),
                });
        else if (!ours.ok && parsed.ok)
                found.push({ kind: 'we-refuse', evidence: ourRefusal(c, ours.error, analyzed) });
        else if (ours.ok) {
                found.push(...tables(c, ours, parsed));
                if (analyzed && ours.statements.length) found.push(...analysis(ours, analyzed));
        }
        const recorded = c.recorded ? `; recorded ${c.recorded}` : '';
        return found.map((d) => ({ ...d, evidence: d.evidence + recorded }));
}

module.exports = { compare };
