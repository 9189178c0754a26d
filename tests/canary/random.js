/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * canary/random: a small seeded generator of numbers (splitmix64 folded to 32 bits).
 *
 * The same seed gives the same worlds and statements on every machine; a stream derived with
 * `fork` does not depend on how much was drawn from others.
 */

const MASK = (1n << 64n) - 1n;

function mix(z) {
        z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
        z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK;
        return z ^ (z >> 31n);
}

class Random {
        constructor(seed) {
                const z = mix(BigInt.asUintN(64, BigInt(seed)) + 0x9e3779b97f4a7c15n);
                this.a = Number(z & 0xffffffffn) | 0;
                this.b = Number(z >> 32n) | 0;
        }

        fork(n) {
                const at = (BigInt(this.a >>> 0) << 32n) | BigInt(this.b >>> 0);
                return new Random(mix((at + BigInt(n) * 0x9e3779b97f4a7c15n) & MASK));
        }

        /* 32 bits: two steps of xorshift64 in halves. */
        next() {
                let x = this.a;
                const y = this.b;
                this.a = y;
                x ^= x << 23;
                x ^= x >>> 17;
                x ^= y ^ (y >>> 26);
                this.b = x;
                return (x + y) >>> 0;
        }

        /* an integer from 0 to n - 1 */
        int(n) {
                return Math.floor((this.next() / 4294967296) * n);
        }

        between(low, high) {
                return low + this.int(high - low + 1);
        }

        chance(p) {
                return this.next() / 4294967296 < p;
        }

        pick(list) {
                return list[this.int(list.length)];
        }

        /* {name: weight} or [[value, weight]…] → one of them */
        weighted(table) {
                const rows = Array.isArray(table) ? table : Object.entries(table);
                let at = (this.next() / 4294967296) * rows.reduce((n, r) => n + r[1], 0);
                for (const [value, weight] of rows) if ((at -= weight) < 0) return value;
                return rows[rows.length - 1][0];
        }

        shuffle(list) {
                const out = [...list];
                for (let i = out.length - 1; i > 0; i--) {
                        const k = this.int(i + 1);
                        [out[i], out[k]] = [out[k], out[i]];
                }
                return out;
        }

        some(list, low, high) {
                return this.shuffle(list).slice(0, this.between(low, high));
        }
}

module.exports = { Random };
