/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * sandbox/scalar: scalar values between the engine's ValueProto encoding and text.
 *
 * `parse[kind](text)` makes a ValueProto from what a client or a data file wrote;
 * `print[kind](value)` makes the string that BigQuery's REST API would send.
 * The packed layouts are those of the engine's value.proto and civil_time.h.
 */

const NUMERIC_DIGITS = 9;
const BIGNUMERIC_DIGITS = 38;

function bad(kind, text) {
        return new RangeError(`Invalid ${kind} value: ${String(text).slice(0, 80)}`);
}

/* Little-endian two's complement, as few bytes as hold the sign. */
function bigintToBytes(n) {
        const out = [];
        for (;;) {
                const byte = Number(BigInt.asUintN(8, n));
                out.push(byte);
                n >>= 8n;
                if ((n === 0n && byte < 128) || (n === -1n && byte >= 128))
                        return Buffer.from(out);
        }
}

function bytesToBigint(buf) {
        let n = 0n;
        for (let i = buf.length - 1; i >= 0; i--) n = (n << 8n) | BigInt(buf[i]);
        return BigInt.asIntN(8 * Math.max(buf.length, 1), n);
}

function parseDecimal(kind, text, scale) {
        const m = /^\s*([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?\s*$/.exec(
                String(text),
        );
        if (!m || (!m[2] && !m[3])) throw bad(kind, text);
        const exponent = Number(m[4] ?? 0) + scale - (m[3] ?? '').length;
        let n = BigInt((m[2] || '') + (m[3] || '') || '0');
        if (exponent >= 0) {
                n *= 10n ** BigInt(exponent);
        } else {
                const d = 10n ** BigInt(-exponent);
                n = (n + d / 2n) / d;
        }
        return bigintToBytes(m[1] === '-' ? -n : n);
}

function printDecimal(buf, scale) {
        const n = bytesToBigint(buf);
        const digits = (n < 0n ? -n : n).toString().padStart(scale + 1, '0');
        const whole = digits.slice(0, -scale);
        const part = digits.slice(-scale).replace(/0+$/, '');
        return (n < 0n ? '-' : '') + whole + (part ? '.' + part : '');
}

const pad = (n, w = 2) => String(n).padStart(w, '0');

function parseDate(text) {
        const m = /^\s*(\d{4})-(\d{1,2})-(\d{1,2})\s*$/.exec(String(text));
        const d = new Date(0);
        if (m)
                d.setUTCFullYear(
                        +m[1],
                        +m[2] - 1,
                        +m[3],
                ); /* Date.UTC takes year 1 for 1901 */
        if (
                !m ||
                +m[1] === 0 ||
                d.getUTCMonth() !== m[2] - 1 ||
                d.getUTCDate() !== +m[3]
        )
                throw bad('DATE', text);
        return d.getTime() / 86400000;
}

function printDate(days) {
        const d = new Date(days * 86400000);
        return `${pad(d.getUTCFullYear(), 4)}-${pad(d.getUTCMonth() + 1)}-${pad(d.getUTCDate())}`;
}

function parseClock(text) {
        const m = /^(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,6}))?$/.exec(text);
        if (!m || +m[1] > 23 || +m[2] > 59 || +m[3] > 60) return null;
        return {
                h: +m[1],
                m: +m[2],
                s: +m[3],
                micros: Number((m[4] ?? '').padEnd(6, '0')),
        };
}

const fraction = (micros) => (micros ? '.' + pad(micros, 6) : '');

function parseTime(text) {
        const c = parseClock(String(text).trim());
        if (!c) throw bad('TIME', text);
        const seconds = BigInt((c.h << 12) | (c.m << 6) | c.s);
        return ((seconds << 30n) | BigInt(c.micros * 1000)).toString();
}

function printTime(packed) {
        const n = BigInt(packed);
        const s = Number(n >> 30n);
        const micros = Math.floor(Number(n & 0x3fffffffn) / 1000);
        return `${pad(s >> 12)}:${pad((s >> 6) & 63)}:${pad(s & 63)}${fraction(micros)}`;
}

function parseDatetime(text) {
        const m = /^\s*(\d{4}-\d{1,2}-\d{1,2})(?:[T ](\S+))?\s*$/i.exec(String(text));
        const c = m && parseClock(m[2] ?? '00:00:00');
        if (!c) throw bad('DATETIME', text);
        const [y, mo, d] = printDate(parseDate(m[1])).split('-').map(BigInt);
        const bits =
                (y << 26n) |
                (mo << 22n) |
                (d << 17n) |
                BigInt((c.h << 12) | (c.m << 6) | c.s);
        return { bit_field_datetime_seconds: bits.toString(), nanos: c.micros * 1000 };
}

function printDatetime(v) {
        const n = BigInt(v.bit_field_datetime_seconds ?? 0);
        const at = (shift, bits) =>
                Number((n >> BigInt(shift)) & ((1n << BigInt(bits)) - 1n));
        return (
                `${pad(at(26, 14), 4)}-${pad(at(22, 4))}-${pad(at(17, 5))}` +
                `T${pad(at(12, 5))}:${pad(at(6, 6))}:${pad(at(0, 6))}` +
                fraction(Math.floor((v.nanos ?? 0) / 1000))
        );
}

/* Accepts what BigQuery accepts for a TIMESTAMP: ISO text with an offset, a zone
 * name of UTC, or seconds since the epoch as a number. */
function parseTimestamp(text) {
        const s = String(text).trim();
        let micros;
        if (/^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(s)) {
                const scaled = bytesToBigint(parseDecimal('TIMESTAMP', s, 6));
                micros = scaled;
        } else {
                const m =
                        /^(\d{4}-\d{1,2}-\d{1,2})(?:[Tt ](\d[\d:.]*))?\s*(Z|UTC|[+-]\d{1,2}(?::?\d{2})?)?$/i.exec(
                                s,
                        );
                const c = m && parseClock(m[2] ?? '00:00:00');
                if (!c) throw bad('TIMESTAMP', text);
                const zone = /^([+-])(\d{1,2}):?(\d{2})?$/.exec(m[3] ?? '');
                const shift = zone
                        ? (zone[1] === '-' ? -1 : 1) * (zone[2] * 60 + +(zone[3] ?? 0))
                        : 0;
                const seconds =
                        parseDate(m[1]) * 86400 +
                        c.h * 3600 +
                        c.m * 60 +
                        c.s -
                        shift * 60;
                micros = BigInt(seconds) * 1000000n + BigInt(c.micros);
        }
        let seconds = micros / 1000000n;
        let rest = micros % 1000000n;
        if (rest < 0n) {
                rest += 1000000n;
                seconds -= 1n;
        }
        return { seconds: seconds.toString(), nanos: Number(rest) * 1000 };
}

function timestampMicros(v) {
        return (
                BigInt(v.seconds ?? 0) * 1000000n +
                BigInt(Math.floor((v.nanos ?? 0) / 1000))
        );
}

/* Without useInt64Timestamp the API sends seconds as a floating-point text; the
 * digits are placed by hand because a double does not hold every microsecond. */
function printTimestampFloat(v) {
        const micros = timestampMicros(v);
        if (micros === 0n) return '0.0';
        const digits = (micros < 0n ? -micros : micros).toString();
        const exponent = digits.length - 1 - 6;
        const mantissa = digits.slice(1).replace(/0+$/, '') || '0';
        return `${micros < 0n ? '-' : ''}${digits[0]}.${mantissa}E${exponent}`;
}

function parseFloat64(text) {
        if (typeof text === 'number') return text;
        const s = String(text).trim();
        const named = {
                nan: NaN,
                inf: Infinity,
                '+inf': Infinity,
                '-inf': -Infinity,
                infinity: Infinity,
                '+infinity': Infinity,
                '-infinity': -Infinity,
        };
        const n = s.toLowerCase() in named ? named[s.toLowerCase()] : Number(s);
        if (s === '' || (Number.isNaN(n) && s.toLowerCase() !== 'nan'))
                throw bad('FLOAT64', text);
        return n;
}

/* The text has a point and an upper-case exponent, as the real service prints doubles. */
function printFloat64(n) {
        if (!Number.isFinite(n))
                return Number.isNaN(n) ? 'NaN' : n > 0 ? 'Infinity' : '-Infinity';
        const size = Math.abs(n);
        if (n === 0 || (size >= 1e-3 && size < 1e7))
                return Number.isInteger(n)
                        ? Object.is(n, -0)
                                ? '-0.0'
                                : n.toFixed(1)
                        : String(n);
        const [mantissa, exponent] = n.toExponential().split('e');
        return `${mantissa.includes('.') ? mantissa : mantissa + '.0'}E${Number(exponent)}`;
}

function parseInt64(text) {
        const s = String(text).trim();
        if (!/^[+-]?\d+$/.test(s) || BigInt.asIntN(64, BigInt(s)) !== BigInt(s))
                throw bad('INT64', text);
        return BigInt(s).toString();
}

function parseBool(text) {
        const s = String(text).trim().toLowerCase();
        if (s !== 'true' && s !== 'false') throw bad('BOOL', text);
        return s === 'true';
}

function parseBytes(text) {
        const s = String(text).replace(/-/g, '+').replace(/_/g, '/').replace(/\s/g, '');
        if (!/^[A-Za-z0-9+/]*={0,2}$/.test(s)) throw bad('BYTES', text);
        return Buffer.from(s, 'base64');
}

function parseJson(text) {
        try {
                return JSON.stringify(
                        typeof text === 'string' ? JSON.parse(text) : text,
                );
        } catch {
                throw bad('JSON', text);
        }
}

/* 16 bytes: microseconds i64, days i32, months and nanosecond fraction u32. */
function printInterval(buf) {
        const micros = buf.readBigInt64LE(0);
        const days = buf.readInt32LE(8);
        const packed = buf.readUInt32LE(12);
        const months = ((packed >>> 13) & 0x3ffff) * (packed >>> 31 ? -1 : 1);
        const m = micros < 0n ? -micros : micros;
        const s = m / 1000000n;
        return (
                `${months < 0 ? '-' : ''}${Math.trunc(Math.abs(months) / 12)}-${Math.abs(months) % 12}` +
                ` ${days} ${micros < 0n ? '-' : ''}${s / 3600n}:${(s / 60n) % 60n}:${s % 60n}` +
                fraction(Number(m % 1000000n))
        );
}

/* kind → [ValueProto field, parse, print] */
const SCALARS = {
        INT64: ['int64_value', parseInt64, String],
        FLOAT64: ['double_value', parseFloat64, printFloat64],
        BOOL: ['bool_value', parseBool, String],
        STRING: ['string_value', String, String],
        BYTES: ['bytes_value', parseBytes, (v) => v.toString('base64')],
        DATE: ['date_value', parseDate, printDate],
        TIME: ['time_value', parseTime, printTime],
        DATETIME: ['datetime_value', parseDatetime, printDatetime],
        TIMESTAMP: ['timestamp_value', parseTimestamp, printTimestampFloat],
        NUMERIC: [
                'numeric_value',
                (t) => parseDecimal('NUMERIC', t, NUMERIC_DIGITS),
                (v) => printDecimal(v, NUMERIC_DIGITS),
        ],
        BIGNUMERIC: [
                'bignumeric_value',
                (t) => parseDecimal('BIGNUMERIC', t, BIGNUMERIC_DIGITS),
                (v) => printDecimal(v, BIGNUMERIC_DIGITS),
        ],
        JSON: ['json_value', parseJson, String],
        INTERVAL: [
                'interval_value',
                () => {
                        throw new RangeError(
                                'INTERVAL values cannot be given from outside',
                        );
                },
                printInterval,
        ],
};

/* What one value counts in totalBytesProcessed: the sizes BigQuery documents for its
 * data types. */
function byteSize(kind, value) {
        switch (kind) {
                case 'BOOL':
                        return 1;
                case 'STRING':
                        return 2 + Buffer.byteLength(value.string_value);
                case 'BYTES':
                        return 2 + value.bytes_value.length;
                case 'JSON':
                        return Buffer.byteLength(value.json_value);
                case 'NUMERIC':
                case 'INTERVAL':
                        return 16;
                case 'BIGNUMERIC':
                        return 32;
                default:
                        return 8;
        }
}

module.exports = { SCALARS, byteSize, timestampMicros };
