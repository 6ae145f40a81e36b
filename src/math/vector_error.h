/* math/vector_error.h: the error function and its complement.
 *
 * |x| < 1: erf(x) = x + x P(x^2), erfc(x) = 1 - x - x P(x^2), where 1 - x is kept without error. |x| >= 1:
 * erfc(x) = exp(-x^2) Q(t) / (1 + 2 x) with t = (x - 3) / (x + 3), which turns all that is left of the line into a short
 * interval on which Q hardly bends (Shepherd and Laframboise, "Chebyshev approximation of (1 + 2x) exp(x^2) erfc x in
 * 0 <= x < infinity", 1981); x^2 goes into the exponential as a sum of two doubles. P (error 2^-56.2) and Q (2^-54.5)
 * are minimax fits with coefficients rounded to doubles on the way (fpminimax; Brisebarre and Chevillard, 2007).
 *
 * Largest errors seen against MPFR, in ULP: erf ?, erfc ?. */
#ifndef QNI_MATH_VECTOR_ERROR_H
#define QNI_MATH_VECTOR_ERROR_H

#include "math/vector_dd.h"
#include "math/vector_poly.h"
#include "math/vector_power.h"

/* c[0] + c[1] x + … of count >= 3 constants: pairs of terms, then Horner's scheme in x^2; c[0] is added last. */
static inline __attribute__((always_inline)) vd qni_series(vd x, const double *c, int count)
{
    vd square = v_mul(x, x);
    int k = count % 2 == 1 ? count - 2 : count - 1;
    vd sum = k == count - 1 ? v_set(c[k]) : v_fma(v_set(c[k + 1]), x, v_set(c[k]));
#pragma GCC unroll 16
    for (k -= 2; k > 0; k -= 2)
        sum = v_fma(sum, square, v_fma(v_set(c[k + 1]), x, v_set(c[k])));
    return v_fma(sum, x, v_set(c[0]));
}

/* That of a whole table. */
#define QNI_SERIES(x, table) qni_series(x, table, (int)(sizeof(table) / sizeof *(table)))

/* erf(x) / x - 1 in x^2 <= 1. */
static const double qni_erf_small[] = {0x1.06eba8214db69p-3,   -0x1.812746b0379fdp-2,  0x1.ce2f21a04362dp-4,
                                       -0x1.b82ce312abf03p-6,  0x1.565bcd1299007p-8,   -0x1.c02db49b01882p-11,
                                       0x1.f9a335375a61dp-14,  -0x1.f4d3336b97c27p-17, 0x1.b9ee93d075b6fp-20,
                                       -0x1.5f98182f5cbefp-23, 0x1.fc7803dfd7b9dp-27,  -0x1.4676a764f5b84p-30,
                                       0x1.29705f98b066p-34};

/* (1 + 2 x) exp(x^2) erfc(x) in t = (x - 3) / (x + 3) for 1 <= x <= 27.4. */
static const double qni_erfc_large[] = {
    0x1.40c522d7e4987p0,   -0x1.15c084bb9e8ffp-3,  -0x1.85a15c58aa2a8p-5,  0x1.098366a5b4e51p-3,
    -0x1.e88b803a4ce26p-4, 0x1.17ca2877c41acp-4,   -0x1.8574c40aa63cfp-6,  0x1.4b884ebeee788p-9,
    0x1.ef1bdc2cf38ecp-10, -0x1.98db67cebe588p-11, -0x1.b911a218bae22p-14, 0x1.065ca28f83bc4p-13,
    0x1.4bbbf2944d99fp-18, -0x1.51862f4b86ca6p-16, -0x1.7899f6148be3p-21,  0x1.d696870ae7948p-19,
    0x1.294bbf397ddc6p-22, -0x1.5420c3cf9528bp-21, -0x1.55d3fc7693b4ep-25, 0x1.3e32086edda75p-24};

/* erfc(x) / 2^n of 1 <= x <= 28. */
static inline vd qni_erfc_tail(vd x, vi *n)
{
    vd t = v_div(v_sub(x, v_set(3)), v_add(x, v_set(3)));
    vd q = QNI_SERIES(t, qni_erfc_large);
    vdd square = dd_product(x, x);
    vi shifted;
    vd near = qni_pow_exp((vdd){v_neg(square.high), v_neg(square.low)}, &shifted);
    *n = i_sub(shifted, v_as_i(v_set(QNI_SIMD_SHIFT)));
    return v_div(v_mul(near, q), v_fma(v_set(2), x, v_set(1)));
}

/* The lesser of both, NaN of NaN. */
static inline vd qni_at_most(vd x, double limit)
{
    return v_select(v_gt(x, v_set(limit)), v_set(limit), x);
}

static inline vd v_erf(vd a)
{
    vd x = v_abs(a);
    vd y = v_fma(x, QNI_SERIES(v_mul(x, x), qni_erf_small), x);
    vm small = v_lt(x, v_set(1));
    if (m_any(m_not(small))) {
        vi n;
        vd tail = qni_erfc_tail(qni_at_most(x, 6), &n); /* erfc(6) is 2^-55 */
        y = v_select(small, y, v_fnma(tail, v_pow2(n), v_set(1)));
    }
    return v_copysign(y, a);
}

static inline vd v_erfc(vd a)
{
    vd x = v_abs(a);
    vdd rest = dd_sum(v_set(1), v_neg(a));
    vd p = QNI_SERIES(v_mul(x, x), qni_erf_small);
    vd y = v_add(rest.high, v_fnma(a, p, rest.low));
    vm small = v_lt(x, v_set(1));
    if (m_any(m_not(small))) {
        vi n;
        vd tail = qni_erfc_tail(qni_at_most(x, 28), &n); /* erfc(28) is 2^-1137 */
        vd scaled = v_mul(tail, v_pow2(n));
        vm far = v_beyond(x, 26);
        if (m_rare(far))
            scaled = v_select(far, v_scale(tail, n), scaled);
        y = v_select(small, y, v_select(v_lt(a, v_set(0)), v_sub(v_set(2), scaled), scaled));
    }
    return y;
}

#endif
