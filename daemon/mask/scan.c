/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/mask/scan.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#define HAS_X86 1
#endif

#define BLOCK 64

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "the first byte is the lowest");
_Static_assert(SP_SCAN_MAX < SP_SCAN_NONE, "offsets have 16 bits");

/* One bit a byte of a block, the first the lowest. */
struct block {
        uint64_t quotes, backslashes, controls;
};

/* Which bytes of a block are escaped. In a run of backslashes every other one escapes what stands behind
 * it. Those that may begin to, taken from every second bit, borrow along their run: what is left is the
 * places of one parity in runs that begin at that parity, and of the other in the others. No branch: which
 * blocks have a backslash cannot be foretold. The borrow is how simdjson does it (json_escape_scanner). */
static inline uint64_t escaped_in(uint64_t backslashes, uint64_t *escape)
{
        const uint64_t odd = UINT64_C(0xaaaaaaaaaaaaaaaa);
        uint64_t may = backslashes & ~*escape;
        uint64_t codes = ((may << 1 | odd) - may) ^ odd;
        uint64_t escaped = codes ^ (backslashes | *escape);

        *escape = (codes & backslashes) >> 63;
        return escaped;
}

/* The loop around a block of 64: `mark` makes its bits, `list` writes their offsets. The last block is a
 * copy: what lies behind the input may belong to nobody. */
#define DEFINE_SCAN(name, attributes, mark, list)                                      \
        attributes static size_t name(const char *p, size_t n, bool *is_escaped,       \
                                      uint16_t *ret)                                   \
        {                                                                              \
                uint64_t escape = *is_escaped, escaped;                                \
                char last[BLOCK] = { 0 };                                              \
                uint16_t *to = ret;                                                    \
                struct block b;                                                        \
                size_t i = 0;                                                          \
                                                                                       \
                for (; i + BLOCK <= n; i += BLOCK) {                                   \
                        b = mark(p + i);                                               \
                        escaped = escaped_in(b.backslashes, &escape);                  \
                        to = list((b.quotes & ~escaped) | b.controls, (unsigned)i,     \
                                  to);                                                 \
                }                                                                      \
                memcpy(last, p + i, n - i);                                            \
                b = mark(last);                                                        \
                escaped = escaped_in(b.backslashes, &escape);                          \
                to = list(((b.quotes & ~escaped) | b.controls) &                       \
                                  ~(~UINT64_C(0) << (n - i)),                          \
                          (unsigned)i, to);                                            \
                for (unsigned k = 0; k < SP_SCAN_ENDS; k++)                            \
                        to[k] = SP_SCAN_NONE;                                          \
                *is_escaped = escaped >> (n - i) & 1;                                  \
                return (size_t)(to - ret);                                             \
        }

/* ---- without vectors ---- */

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* One bit for each byte of x that is zero. Exact: no carry leaves a byte. */
static inline uint64_t zero_bytes(uint64_t x)
{
        uint64_t not_zero = ((x & EACH(0x7f)) + EACH(0x7f)) | x;

        /* the top bits of eight bytes, side by side */
        return ((~not_zero & EACH(0x80)) >> 7) * UINT64_C(0x0102040810204080) >> 56;
}

static inline struct block mark_scalar(const char *p)
{
        struct block b = { 0 };

        for (unsigned i = 0; i < 8; i++) {
                uint64_t x;

                memcpy(&x, p + (size_t)8 * i, sizeof(x));
                b.quotes |= zero_bytes(x ^ EACH('"')) << 8 * i;
                b.backslashes |= zero_bytes(x ^ EACH('\\')) << 8 * i;
                b.controls |= zero_bytes(x & EACH(0xe0)) << 8 * i;
        }
        return b;
}

static inline uint16_t *list_scalar(uint64_t w, unsigned base, uint16_t *to)
{
        for (; w; w &= w - 1)
                *to++ = (uint16_t)(base + (unsigned)__builtin_ctzll(w));
        return to;
}

DEFINE_SCAN(scan_scalar, , mark_scalar, list_scalar)

#ifdef HAS_X86
/* ---- eight bits to the places of those that are set ---- */

/* The places of the bits of `m`, one a byte, the lowest first. */
#define STEP(list, m, i)                                                               \
        ((list) << 8 * ((m) >> (i)&1) | UINT64_C(1) * (i) * ((m) >> (i)&1))
#define HALF(m) STEP(STEP(STEP(STEP(UINT64_C(0), m, 7), m, 6), m, 5), m, 4)
#define PLACES(m) STEP(STEP(STEP(STEP(HALF(m), m, 3), m, 2), m, 1), m, 0)
#define PLACES_4(m) PLACES(m), PLACES((m) + 1), PLACES((m) + 2), PLACES((m) + 3)
#define PLACES_16(m)                                                                   \
        PLACES_4(m), PLACES_4((m) + 4), PLACES_4((m) + 8), PLACES_4((m) + 12)
#define PLACES_64(m)                                                                   \
        PLACES_16(m), PLACES_16((m) + 16), PLACES_16((m) + 32), PLACES_16((m) + 48)

static const uint64_t places[256] = { PLACES_64(0), PLACES_64(64), PLACES_64(128),
                                      PLACES_64(192) };

/* How many bits are set in the bytes of w up to each, that one included. */
static inline uint64_t counts_up_to(uint64_t w)
{
        w -= w >> 1 & EACH(0x55);
        w = (w & EACH(0x33)) + (w >> 2 & EACH(0x33));
        return ((w + (w >> 4)) & EACH(0x0f)) * EACH(1);
}

/* Eight places are written for each byte, whether there are so many or not, over the nonsense of the
 * byte before: how many there are cannot be predicted, and nothing here waits to know it. */
static inline uint16_t *list_places(uint64_t w, unsigned base, uint16_t *to)
{
        const __m128i eight = _mm_set1_epi16(8), zero = _mm_setzero_si128();
        uint64_t counts = counts_up_to(w), before = counts << 8;
        __m128i from = _mm_set1_epi16((short)base);

#pragma GCC unroll 8
        for (unsigned i = 0; i < 64; i += 8) {
                const __m128i p = _mm_loadl_epi64(
                        (const __m128i *)(const void *)&places[w >> i & 0xff]);

                _mm_storeu_si128((__m128i *)(void *)(to + (before >> i & 0xff)),
                                 _mm_add_epi16(_mm_unpacklo_epi8(p, zero), from));
                from = _mm_add_epi16(from, eight);
        }
        return to + (counts >> 56);
}

/* ---- SSE2: every x86-64 ---- */

static inline uint64_t bits_16(__m128i x)
{
        return (uint32_t)_mm_movemask_epi8(x);
}

static inline struct block mark_sse2(const char *p)
{
        struct block b = { 0 };

#pragma GCC unroll 4
        for (unsigned i = 0; i < BLOCK; i += 16) {
                const __m128i x =
                        _mm_loadu_si128((const __m128i *)(const void *)(p + i));

                b.quotes |= bits_16(_mm_cmpeq_epi8(x, _mm_set1_epi8('"'))) << i;
                b.backslashes |= bits_16(_mm_cmpeq_epi8(x, _mm_set1_epi8('\\'))) << i;
                b.controls |=
                        bits_16(_mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(0x1f)), x))
                        << i;
        }
        return b;
}

DEFINE_SCAN(scan_sse2, , mark_sse2, list_places)

/* ---- AVX2 ---- */

#define AVX2 __attribute__((target("avx2,popcnt")))

AVX2 static inline uint64_t bits_64(__m256i low, __m256i high)
{
        return (uint32_t)_mm256_movemask_epi8(low) |
               (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

AVX2 static inline __m256i controls_32(__m256i x)
{
        return _mm256_cmpeq_epi8(_mm256_min_epu8(x, _mm256_set1_epi8(0x1f)), x);
}

AVX2 static inline struct block mark_avx2(const char *p)
{
        const __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)p);
        const __m256i high =
                _mm256_loadu_si256((const __m256i *)(const void *)(p + 32));
        const __m256i quote = _mm256_set1_epi8('"'), backslash = _mm256_set1_epi8('\\');

        return (struct block){
                .quotes = bits_64(_mm256_cmpeq_epi8(low, quote),
                                  _mm256_cmpeq_epi8(high, quote)),
                .backslashes = bits_64(_mm256_cmpeq_epi8(low, backslash),
                                       _mm256_cmpeq_epi8(high, backslash)),
                .controls = bits_64(controls_32(low), controls_32(high)),
        };
}

/* As list_places, where an instruction counts. */
AVX2 static inline uint16_t *list_avx2(uint64_t w, unsigned base, uint16_t *to)
{
        const __m128i eight = _mm_set1_epi16(8);
        __m128i from = _mm_set1_epi16((short)base);

#pragma GCC unroll 8
        for (unsigned i = 0; i < 8; i++, w >>= 8) {
                const __m128i p = _mm_cvtepu8_epi16(_mm_loadl_epi64(
                        (const __m128i *)(const void *)&places[w & 0xff]));

                _mm_storeu_si128((__m128i *)(void *)to, _mm_add_epi16(p, from));
                from = _mm_add_epi16(from, eight);
                to += _mm_popcnt_u64(w & 0xff);
        }
        return to;
}

DEFINE_SCAN(scan_avx2, AVX2, mark_avx2, list_avx2)

/* ---- AVX-512, where bytes can be compressed: a block's offsets in one instruction ---- */

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vbmi2,popcnt")))

AVX512 static inline struct block mark_avx512(const char *p)
{
        const __m512i x = _mm512_loadu_si512(p);

        return (struct block){
                .quotes = _mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8('"')),
                .backslashes = _mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8('\\')),
                .controls = _mm512_cmplt_epu8_mask(x, _mm512_set1_epi8(0x20)),
        };
}

AVX512 static inline uint16_t *list_avx512(uint64_t w, unsigned base, uint16_t *to)
{
        static const uint8_t all[BLOCK] __attribute__((aligned(BLOCK))) = {
                0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
                32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47,
                48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63,
        };
        unsigned n = (unsigned)_mm_popcnt_u64(w);
        const __m512i offsets = _mm512_maskz_compress_epi8(w, _mm512_load_si512(all));
        const __m512i from = _mm512_set1_epi16((short)base);
        const __m512i low = _mm512_cvtepu8_epi16(_mm512_castsi512_si256(offsets));

        _mm512_storeu_si512(to, _mm512_add_epi16(low, from));
        if (n > 32) {
                const __m512i high =
                        _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64(offsets, 1));

                _mm512_storeu_si512(to + 32, _mm512_add_epi16(high, from));
        }
        return to + n;
}

DEFINE_SCAN(scan_avx512, AVX512, mark_avx512, list_avx512)
#endif

const char *sp_scan_name(enum sp_scan_kind kind)
{
        static const char *const names[] = { "scalar", "SSE2", "AVX2", "AVX-512" };

        return (unsigned)kind < SP_ARRAY_SIZE(names) ? names[kind] : NULL;
}

sp_scan_fn sp_scan_of(enum sp_scan_kind kind)
{
        switch (kind) {
        case SP_SCAN_SCALAR:
                return scan_scalar;
#ifdef HAS_X86
        case SP_SCAN_SSE2:
                return scan_sse2;
        case SP_SCAN_AVX2:
                return __builtin_cpu_supports("avx2") &&
                                       __builtin_cpu_supports("popcnt")
                               ? scan_avx2
                               : NULL;
        case SP_SCAN_AVX512:
                return __builtin_cpu_supports("avx512bw") &&
                                       __builtin_cpu_supports("avx512vbmi2") &&
                                       __builtin_cpu_supports("popcnt")
                               ? scan_avx512
                               : NULL;
#endif
        default:
                return NULL;
        }
}

sp_scan_fn sp_scan_best(void)
{
        for (unsigned k = SP_SCAN_KINDS_; k-- > SP_SCAN_SCALAR + 1;) {
                sp_scan_fn f = sp_scan_of((enum sp_scan_kind)k);

                if (f)
                        return f;
        }
        return scan_scalar;
}
