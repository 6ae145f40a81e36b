/* math/vector_error.h: the error function and its complement.
 *
 * erf(x) = x + x P(x^2) for |x| < 1, and for |x| < 3/4 erfc(x) = 1 - x - x P(x^2), where 1 - x is kept without error.
 * Beyond, erf(x) = 1 - exp(-L(x - 1)), and erfc(x) = exp(-x^2) Q(t) / (A (x + 1/2)) with t = (x - 3) / (x + 3), which
 * turns the rest of the line into a short interval on which Q hardly bends (Shepherd and Laframboise, "Chebyshev
 * approximation of (1 + 2x) exp(x^2) erfc x in 0 <= x < infinity", 1981); x^2 goes into the exponential as a sum of two
 * doubles. The polynomials are minimax fits with coefficients rounded to doubles, P and Q on the way (fpminimax;
 * Brisebarre and Chevillard, "Efficient polynomial L-infinity approximations", 2007).
 *
 * Largest errors seen, in ULP: erf 1.2, erfc 2.5. */
#ifndef QNI_MATH_VECTOR_ERROR_H
#define QNI_MATH_VECTOR_ERROR_H

#include "math/vector_dd.h"
#include "math/vector_exp.h"
#include "math/vector_poly.h"

/* erf(x) / x - 1 in x^2 <= 1: error 2^-56.2. */
static const double qni_erf_small[] = {0x1.06eba8214db69p-3,   -0x1.812746b0379fdp-2,  0x1.ce2f21a04362dp-4,
                                       -0x1.b82ce312abf03p-6,  0x1.565bcd1299007p-8,   -0x1.c02db49b01882p-11,
                                       0x1.f9a335375a61dp-14,  -0x1.f4d3336b97c27p-17, 0x1.b9ee93d075b6fp-20,
                                       -0x1.5f98182f5cbefp-23, 0x1.fc7803dfd7b9dp-27,  -0x1.4676a764f5b84p-30,
                                       0x1.29705f98b066p-34};

/* -log(erfc(1 + s)), 0 <= s <= 4.8: error of erf 2^-55.9. */
static const double qni_erf_large[] = {0x1.d97fbf27aa2a1p0,    0x1.51c9b0006c21ap1,    0x1.afabc11a2afd9p-1,
                                       0x1.5477f099b6c88p-5,   -0x1.48c9d37fc20bdp-7,  0x1.033f5a12fc724p-9,
                                       -0x1.f1b04a8f3a2fcp-13, -0x1.b92dd97868d91p-16, 0x1.c852aa0bc4cfbp-16,
                                       -0x1.4484644644deap-17, 0x1.1e24736eb7a44p-19,  -0x1.b7cf22835ef0bp-23,
                                       -0x1.f25cbb1376416p-25, 0x1.1ed8cee8f486fp-25,  -0x1.24b8fb932aa6ep-27,
                                       0x1.6a9ee8238a809p-30,  -0x1.066cb51747341p-33, 0x1.5661e25a16d3dp-38};

/* (A x + A / 2) exp(x^2) erfc(x) - 1 in t = (x - 3) / (x + 3), 3/4 <= x <= 27.3: error 2^-56.5. A makes it 0 at 3. */
#define QNI_ERFC_A 0x1.989ddf1e3089ep+0

static const double qni_erfc_large[] = {0x1.d0430fbe51e13p-55,  -0x1.bb561cafe09e5p-4,  -0x1.36f4b95c3a107p-5,
                                        0x1.a7cd2896d20abp-4,   -0x1.85e5cddad51p-4,    0x1.be96bb53d199cp-5,
                                        -0x1.36d1223ead398p-6,  0x1.0896d875d2f9cp-9,   0x1.8b22ddc1f32ccp-10,
                                        -0x1.464ce4502abc2p-11, -0x1.60025876866d8p-14, 0x1.a2c47c343603p-14,
                                        0x1.08e3d48035a35p-18,  -0x1.0d50dac85259p-16,  -0x1.31f4c8d0a1faap-21,
                                        0x1.7725a43254707p-19,  0x1.08303697a2db5p-22,  -0x1.163fe6c2f105fp-21,
                                        -0x1.cbe23cd806c56p-25, 0x1.711c50328b518p-24,  -0x1.2827ec04a51c9p-27};

/* erfc(x) / 2^n of 3/4 <= x <= 28. The exponential is one + rest, Q is 1 + q; neither is rounded before the product. */
static inline vd qni_erfc_tail(vd x, vi *n)
{
    vd t = v_div(v_sub(x, v_set(3)), v_add(x, v_set(3)));
    vd q = QNI_SERIES(t, qni_erfc_large);
    vdd square = dd_product(x, x);
    vd shifted = v_fnma(square.high, v_set(QNI_LOG2_E), v_set(QNI_SIMD_SHIFT));
    vd k = v_sub(shifted, v_set(QNI_SIMD_SHIFT));
    vd high = v_fnma(k, v_set(QNI_LN2_HIGH), v_neg(square.high));
    vd low = v_fnma(k, v_set(QNI_LN2_LOW), v_neg(square.low));
    vd r = v_add(high, low);
    vdd one = dd_fast_sum(v_set(1), high);
    vd rest = v_add(one.low, v_fma(v_mul(r, r), qni_exp_tail(r), low));
    *n = i_sub(v_as_i(shifted), v_as_i(v_set(QNI_SIMD_SHIFT)));
    vd product = v_add(one.high, v_fma(one.high, q, v_fma(rest, q, rest)));
    return v_div(product, v_fma(v_set(QNI_ERFC_A), x, v_set(QNI_ERFC_A / 2)));
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
        vd above = v_sub(qni_at_most(x, 6), v_set(1)); /* erfc(6) is 2^-55 */
        vi shifted;
        vd near = qni_exp_near(v_neg(QNI_SERIES(above, qni_erf_large)), &shifted);
        vd scale = v_pow2(i_sub(shifted, v_as_i(v_set(QNI_SIMD_SHIFT))));
        y = v_select(small, y, v_fnma(near, scale, v_set(1)));
    }
    return v_copysign(y, a);
}

static inline vd v_erfc(vd a)
{
    vd x = v_abs(a);
    vdd rest = dd_sum(v_set(1), v_neg(a));
    vd p = QNI_SERIES(v_mul(x, x), qni_erf_small);
    vd y = v_add(rest.high, v_fnma(a, p, rest.low));
    vm small = v_lt(x, v_set(0.75));
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
