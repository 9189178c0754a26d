/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * canary/gate: what the daemon would send for a statement, by its own code.
 *
 * `sallyctl policy decide` runs the worker's stages over a policy and a catalogue; one process
 * answers a whole batch. An answer: {verdict, error, text, params}.
 */
const childProcess = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

class Gate {
        constructor(bin) {
                this.bin = bin;
                this.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'canary-'));
                this.count = 0;
        }

        done() {
                fs.rmSync(this.dir, { recursive: true, force: true });
        }

        write(policy, catalog) {
                const at = path.join(this.dir, String(++this.count));
                fs.mkdirSync(path.join(at, 'policy'), { recursive: true });
                fs.writeFileSync(path.join(at, 'policy', 'p.yaml'), policy);
                fs.writeFileSync(path.join(at, 'catalog.json'), catalog);
                return at;
        }

        /* texts: SQL, or {sql, ...other members of the request's body} */
        async ask({ policy, catalog, project, dataset }, texts) {
                if (!texts.length) return [];
                const at = this.write(policy, catalog);
                const input = texts.map((t, i) => question(i, t, project, dataset)).join('');
                const out = await this.run(
                        [
                                'policy',
                                'decide',
                                '--policy',
                                path.join(at, 'policy'),
                                '--catalog',
                                path.join(at, 'catalog.json'),
                                '--jsonl',
                        ],
                        input,
                );
                fs.rmSync(at, { recursive: true, force: true });
                const lines = out.split('\n').filter(Boolean);
                if (lines.length !== texts.length)
                        throw new Error(
                                `${this.bin} gave ${lines.length} of ${texts.length} answers; next: ${JSON.stringify(texts[lines.length])}`,
                        );
                return lines.map((l) => answer(JSON.parse(l)));
        }

        run(args, input) {
                return new Promise((resolve, reject) => {
                        const child = childProcess.spawn(this.bin, args, {
                                stdio: ['pipe', 'pipe', 'pipe'],
                        });
                        const out = [];
                        let err = '';
                        child.stdout.on('data', (d) => out.push(d));
                        child.stderr.on('data', (d) => (err += d));
                        child.once('error', reject);
                        child.stdin.on('error', () => {});
                        child.once('close', (status, signal) =>
                                status === 0
                                        ? resolve(Buffer.concat(out).toString())
                                        : reject(
                                                  new Error(
                                                          `${this.bin} ended with ${status ?? signal}: ${err}`,
                                                  ),
                                          ),
                        );
                        child.stdin.end(input);
                });
        }
}

function question(i, text, project, dataset) {
        const { sql, ...members } = typeof text === 'string' ? { sql: text } : text;
        const body = {
                query: sql,
                useLegacySql: false,
                ...(dataset ? { defaultDataset: { projectId: project, datasetId: dataset } } : {}),
                ...members,
        };
        return (
                JSON.stringify({
                        id: String(i),
                        workload: 'ci',
                        estimated_bytes: 1,
                        request: {
                                method: 'POST',
                                host: 'bigquery.googleapis.com',
                                path: `/bigquery/v2/projects/${project}/queries`,
                                headers: {},
                                body,
                        },
                }) + '\n'
        );
}

function answer(a) {
        const body = a.upstream?.body;
        return {
                verdict: a.verdict,
                error: a.error,
                reaches: a.reaches,
                unresolved: a.unresolved,
                text: body?.query,
                params: (body?.queryParameters ?? []).map((p) => ({
                        name: p.name,
                        type: p.parameterType.type,
                        value: p.parameterValue?.value,
                })),
        };
}

module.exports = { Gate };
