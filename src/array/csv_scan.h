/* array/csv_scan.h: finding the bytes that matter, sixteen at a time where the processor has SSE2 (all of x86-64),
 * else one by one.
 *
 * All loads may run up to 15 bytes over the window's end, where padding stands; every search ends at the zero byte
 * there. */
#ifndef QNI_ARRAY_CSV_SCAN_H
#define QNI_ARRAY_CSV_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#if defined(__SSE2__) && !defined(QUERN_CSV_SCALAR)
#include <emmintrin.h>

typedef __m128i qni_bytes;

static inline qni_bytes qni_bytes_load(const char *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}
/* Bit i: byte i is c. */
static inline uint32_t qni_bytes_equal(qni_bytes v, char c)
{
    return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8(c)));
}
/* Bit i: byte i is at most '\r': zero, tab, line ends, and controls that are rare. */
static inline uint32_t qni_bytes_control(qni_bytes v)
{
    return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8('\r')), v));
}
#else

typedef struct qni_bytes {
    uint8_t byte[16];
} qni_bytes;

static inline qni_bytes qni_bytes_load(const char *p)
{
    qni_bytes v;
    __builtin_memcpy(v.byte, p, sizeof v.byte);
    return v;
}
static inline uint32_t qni_bytes_equal(qni_bytes v, char c)
{
    uint32_t mask = 0;
    for (int i = 0; i < 16; i++)
        mask |= (uint32_t)(v.byte[i] == (uint8_t)c) << i;
    return mask;
}
static inline uint32_t qni_bytes_control(qni_bytes v)
{
    uint32_t mask = 0;
    for (int i = 0; i < 16; i++)
        mask |= (uint32_t)(v.byte[i] <= '\r') << i;
    return mask;
}
#endif

/* The first byte from p on that is c or a control up to '\r'. */
static inline const char *qni_scan_control(const char *p, char c)
{
    for (;; p += 16) {
        qni_bytes v = qni_bytes_load(p);
        uint32_t mask = qni_bytes_equal(v, c) | qni_bytes_control(v);
        if (mask != 0)
            return p + __builtin_ctz(mask);
    }
}

/* The first byte from p on that is c or 0. */
static inline const char *qni_scan_byte(const char *p, char c)
{
    for (;; p += 16) {
        qni_bytes v = qni_bytes_load(p);
        uint32_t mask = qni_bytes_equal(v, c) | qni_bytes_equal(v, '\0');
        if (mask != 0)
            return p + __builtin_ctz(mask);
    }
}

/* Ones in the low sixteen bits. */
static inline int qni_count_ones16(uint32_t x)
{
    x -= x >> 1 & 0x5555;
    x = (x & 0x3333) + (x >> 2 & 0x3333);
    x = (x + (x >> 4)) & 0x0F0F;
    return (int)((x + (x >> 8)) & 0x1F);
}

#endif
