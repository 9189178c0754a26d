/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * canary/token: what `tokenize` shows of a value, by docs/policy.md §6 and the words of
 * daemon/mask/token.h, with no code of theirs.
 */
const crypto = require('node:crypto');

const ROUNDS = 10;
const LONGEST = 63;
const LONGEST_HALF = 32;
const FEWEST = 6; /* letters and digits */
const SIZES = { 0: 10, A: 26, a: 26 };

const digest = (name, text) => crypto.createHash(name).update(text).digest();

/* The class of each character; what is no letter or digit stands for itself. */
const formatOf = (s) => s.replace(/\d/g, '0').replace(/[A-Z]/g, 'A').replace(/[a-z]/g, 'a');

/* Where the right half begins, or -1 where the value has no token. */
function cutOf(s, format) {
        if (s.length > LONGEST || !/^[ -~]*$/.test(s)) return -1;
        const moved = [...format].flatMap((c, i) => (c in SIZES ? [i] : []));
        if (moved.length < FEWEST) return -1;
        const cut = moved[Math.floor(moved.length / 2)];
        return cut <= LONGEST_HALF && s.length - cut <= LONGEST_HALF ? cut : -1;
}

function add(half, format, key) {
        return [...half]
                .map((c, i) => {
                        const size = SIZES[format[i]];
                        if (!size) return c;
                        const first = format.charCodeAt(i);
                        const n = c.charCodeAt(0) - first + key.readUInt16BE(2 * i);
                        return String.fromCharCode(first + (n % size));
                })
                .join('');
}

function ofString(v, salt) {
        const format = formatOf(v);
        const cut = cutOf(v, format);
        if (cut < 0) return digest('sha256', salt + v).toString('hex');
        let [left, right] = [v.slice(0, cut), v.slice(cut)];
        for (let round = 0; round < ROUNDS; round++) {
                const isLeft = round % 2 === 0;
                const key = digest(
                        'sha512',
                        `${salt}/token/${round}/${format}/${isLeft ? right : left}`,
                );
                if (isLeft) left = add(left, format.slice(0, cut), key);
                else right = add(right, format.slice(cut), key);
        }
        return left + right;
}

function ofInteger(v, salt) {
        const n = BigInt(v);
        const isMinus = n < 0n;
        const u = isMinus ? ~n : n;
        let [high, low] = [u >> 31n, u & 0x7fffffffn];
        for (let round = 0; round < ROUNDS; round++) {
                const isHigh = round % 2 === 0;
                const text = `${salt}/token/${round}${isMinus ? '-' : '+'}${isHigh ? low : high}`;
                const key = BigInt(digest('sha256', text).readUInt32BE(0));
                if (isHigh) high = (high + key) % 0x100000000n;
                else low = (low + key) % 0x80000000n;
        }
        const w = (high << 31n) | low;
        return String(isMinus ? ~w : w);
}

const tokenized = (v, type, salt) =>
        v === null ? null : type === 'STRING' ? ofString(v, salt) : ofInteger(v, salt);

module.exports = { tokenized };
