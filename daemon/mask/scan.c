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

/* The loop around a block of 64: `mark` makes one bit a byte, `list` writes their offsets. The last
 * block is a copy: what lies behind the input may belong to nobody. */
#define DEFINE_SCAN(name, attributes, mark, list)                                      \
        attributes static size_t name(const char *p, size_t n, uint16_t *ret)          \
        {                                                                              \
                char last[BLOCK] = { 0 };                                              \
                uint16_t *to = ret;                                                    \
                size_t i = 0;                                                          \
                                                                                       \
                for (; i + BLOCK <= n; i += BLOCK)                                     \
                        to = list(mark(p + i), (unsigned)i, to);                       \
                memcpy(last, p + i, n - i);                                            \
                to = list(mark(last) & ~(~UINT64_C(0) << (n - i)), (unsigned)i, to);   \
                for (unsigned k = 0; k < SP_SCAN_ENDS; k++)                            \
                        to[k] = SP_SCAN_NONE;                                          \
                return (size_t)(to - ret);                                             \
        }

/* ---- without vectors ---- */

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* 0x80 in each byte of x that is not zero; exact: no carry leaves a byte. The low bits of
 * the result mean nothing. */
static inline uint64_t not_zero(uint64_t x)
{
        return ((x & EACH(0x7f)) + EACH(0x7f)) | x;
}

static inline uint64_t mark_8(const char *p)
{
        uint64_t x, none;

        memcpy(&x, p, sizeof(x));
        none = not_zero(x ^ EACH('"')) & not_zero(x ^ EACH('\\')) &
               not_zero(x & EACH(0xe0));
        /* the top bits of eight bytes, side by side */
        return ((~none & EACH(0x80)) >> 7) * UINT64_C(0x0102040810204080) >> 56;
}

static inline uint64_t mark_scalar(const char *p)
{
        uint64_t w = 0;

        for (unsigned i = 0; i < 8; i++)
                w |= mark_8(p + (size_t)8 * i) << 8 * i;
        return w;
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

static inline uint64_t mark_16(const char *p)
{
        const __m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
        const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(0x1f)), x);
        const __m128i quote = _mm_cmpeq_epi8(x, _mm_set1_epi8('"'));
        const __m128i backslash = _mm_cmpeq_epi8(x, _mm_set1_epi8('\\'));
        const __m128i any = _mm_or_si128(_mm_or_si128(quote, backslash), control);

        return (uint32_t)_mm_movemask_epi8(any);
}

static inline uint64_t mark_sse2(const char *p)
{
        return mark_16(p) | mark_16(p + 16) << 16 | mark_16(p + 32) << 32 |
               mark_16(p + 48) << 48;
}

DEFINE_SCAN(scan_sse2, , mark_sse2, list_places)

/* ---- AVX2 ---- */

#define AVX2 __attribute__((target("avx2,popcnt")))

AVX2 static inline uint64_t mark_32(const char *p)
{
        const __m256i x = _mm256_loadu_si256((const __m256i *)(const void *)p);
        const __m256i control =
                _mm256_cmpeq_epi8(_mm256_min_epu8(x, _mm256_set1_epi8(0x1f)), x);
        const __m256i quote = _mm256_cmpeq_epi8(x, _mm256_set1_epi8('"'));
        const __m256i backslash = _mm256_cmpeq_epi8(x, _mm256_set1_epi8('\\'));
        const __m256i any = _mm256_or_si256(_mm256_or_si256(quote, backslash), control);

        return (uint32_t)_mm256_movemask_epi8(any);
}

AVX2 static inline uint64_t mark_avx2(const char *p)
{
        return mark_32(p) | mark_32(p + 32) << 32;
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

AVX512 static inline uint64_t mark_avx512(const char *p)
{
        const __m512i x = _mm512_loadu_si512(p);

        return _mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8('"')) |
               _mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8('\\')) |
               _mm512_cmplt_epu8_mask(x, _mm512_set1_epi8(0x20));
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
