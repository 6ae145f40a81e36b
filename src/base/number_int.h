/* base/number_int.h: what parsing and printing numbers share: powers of ten to 128 bits, a product that knows its
 * error, and the exact comparison that decides where that error leaves a doubt. */
#ifndef QNI_BASE_NUMBER_INT_H
#define QNI_BASE_NUMBER_INT_H

#include <stdbool.h>
#include <stdint.h>

__extension__ typedef unsigned __int128 qni_u128;

enum {
    QNI_POWER_FIRST = -342,
    QNI_POWER_LAST = 341,
    QNI_POWER_EXACT_LAST = 55, /* 5^55 is the largest power of five below 2^128 */
};

/* 10^k = (high, low) * 2^(qni_log2_power(k) - 127), rounded down: the true value is less than 1 in `low` above, and
 * equal for k = 0 … 55. */
typedef struct qni_power {
    uint64_t high, low;
} qni_power;

extern const qni_power qni_powers[QNI_POWER_LAST - QNI_POWER_FIRST + 1];

static inline qni_power qni_power_of_ten(int k)
{
    return qni_powers[k - QNI_POWER_FIRST];
}

static inline bool qni_power_is_exact(int k)
{
    return 0 <= k && k <= QNI_POWER_EXACT_LAST;
}

/* floor(log2(10^k)), floor(log10(2^e)), floor(log10(3/4 * 2^e)). scripts/number_powers.py verifies the constants for k
 * in the table and |e| <= 1100. */
static inline int qni_log2_power(int k)
{
    return k * 1741647 >> 19;
}
static inline int qni_log10_of_power2(int e)
{
    return e * 1262611 >> 22;
}
static inline int qni_log10_of_three_quarters_power2(int e)
{
    return (e * 1262611 - 524031) >> 22;
}

/* A positive number v = p * 2^exponent, or, where not exact, p * 2^exponent < v < (p + 2) * 2^exponent. p is at least
 * 2^126. */
typedef struct qni_product {
    qni_u128 p;
    int exponent;
    bool exact;
} qni_product;

/* w * 10^k; w > 0, k in the table. The table's error is below 1 in its last place, so the whole product's is below
 * 2^64, and dropping the lowest 64 bits adds less than as much again. */
static inline qni_product qni_scale(uint64_t w, int k)
{
    int zeros = __builtin_clzll(w);
    w <<= zeros;
    qni_power t = qni_power_of_ten(k);
    qni_u128 low = (qni_u128)w * t.low;
    qni_product r = {.p = (qni_u128)w * t.high + (uint64_t)(low >> 64), .exponent = qni_log2_power(k) - 63 - zeros};
    r.exact = (uint64_t)low == 0 && qni_power_is_exact(k);
    return r;
}

/* Which way a number cut off after some bits rounds to nearest, ties to even. */
typedef enum qni_rounding {
    QNI_ROUND_DOWN,
    QNI_ROUND_UP,
    QNI_ROUND_UNDECIDED, /* below a half by less than the error */
} qni_rounding;

/* The rounding of v when the lowest `shift` (1 … 127) bits of p are cut off. */
static inline qni_rounding qni_product_rounding(const qni_product *v, int shift)
{
    qni_u128 half = (qni_u128)1 << (shift - 1);
    qni_u128 rest = v->p & (half + (half - 1));
    if (rest > half)
        return QNI_ROUND_UP;
    if (rest == half) {
        bool odd = (v->p >> shift & 1) != 0;
        return v->exact && !odd ? QNI_ROUND_DOWN : QNI_ROUND_UP;
    }
    return rest + 1 == half && !v->exact ? QNI_ROUND_UNDECIDED : QNI_ROUND_DOWN;
}

/* Exact integers of bounded size. The largest compared have 769 digits times a power of two, or a power of five up to
 * 5^1111 times a mantissa: below 2700 bits. */
enum {
    QNI_BIG_LIMBS = 48
};

typedef struct qni_big {
    int count; /* limbs in use; the highest is not 0 */
    uint64_t limbs[QNI_BIG_LIMBS];
} qni_big;

void qni_big_set(qni_big *a, uint64_t value);
void qni_big_mul_add(qni_big *a, uint64_t factor, uint64_t addend); /* a = a * factor + addend */

/* Compares digits * 10^k with m * 2^e: below 0, 0, above 0. Exact. `digits` is used up. Their sizes must be alike (a
 * few bits), so that both sides fit. */
int qni_big_compare(qni_big *digits, int k, uint64_t m, int e);

#endif
