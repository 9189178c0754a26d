/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * sandbox/text: SQL text by byte offsets, as the engine counts.
 *
 * `splice` replaces ranges of a statement and remembers what came from where, so
 * that a position in an engine message can be told in the client's own text.
 * Columns count code points from 1 and a tab goes to the next multiple of 8: the
 * engine's rule (zetasql ParseLocationTranslator).
 */

const TAB = 8;

function splice(source, edits) {
        const sorted = [...edits].sort((a, b) => a.start - b.start || a.end - b.end);
        const parts = [];
        const anchors =
                []; /* {at, from}: rendered offset `at` shows source offset `from` */
        let from = 0;
        let at = 0;
        const push = (bytes, origin) => {
                anchors.push({ at, from: origin, copied: bytes.isCopy });
                parts.push(bytes.data);
                at += bytes.data.length;
        };
        for (const e of sorted) {
                if (e.start < from) continue; /* nested in an edit already made */
                push({ data: source.subarray(from, e.start), isCopy: true }, from);
                push({ data: Buffer.from(e.text), isCopy: false }, e.start);
                from = e.end;
        }
        push({ data: source.subarray(from), isCopy: true }, from);
        const back = (offset) => {
                let a = anchors[0];
                for (const next of anchors) if (next.at <= offset) a = next;
                return a.copied ? a.from + (offset - a.at) : a.from;
        };
        return { text: Buffer.concat(parts).toString('utf8'), back };
}

function offsetOf(buf, line, column) {
        let at = 0;
        for (let l = 1; l < line; l++) {
                const nl = buf.indexOf(10, at);
                if (nl < 0) return buf.length;
                at = nl + 1;
        }
        let col = 1;
        while (col < column && at < buf.length) {
                col = buf[at] === 9 ? col + TAB - ((col - 1) % TAB) : col + 1;
                at++;
                while (at < buf.length && (buf[at] & 0xc0) === 0x80) at++;
        }
        return at;
}

function lineColumn(buf, offset) {
        const before = buf.subarray(0, offset);
        const start = before.lastIndexOf(10) + 1;
        let line = 1;
        for (const b of before) line += b === 10;
        let col = 1;
        for (const b of before.subarray(start))
                if (b === 9) col += TAB - ((col - 1) % TAB);
                else if ((b & 0xc0) !== 0x80) col++;
        return `${line}:${col}`;
}

/* Rewrites every "at [line:column]" of a message about `rendered` into one about `whole`. */
function mapMessage(message, rendered, base, whole) {
        const shown = Buffer.from(rendered.text);
        return message.replace(/at \[(\d+):(\d+)\]/g, (_, line, column) => {
                const here = rendered.back(
                        offsetOf(shown, Number(line), Number(column)),
                );
                return `at [${lineColumn(whole, base + here)}]`;
        });
}

const quoteName = (name) => '`' + name.replace(/[\\`]/g, '\\$&') + '`';

module.exports = { splice, mapMessage, quoteName };
