/* math/vector_exp.h: exponentials, hyperbolic functions and their kin.
 *
 * exp(x) = 2^n exp(r) with n the integer nearest to x / ln 2 and r = x - n ln 2, |r| <= 0.3466: the high part of ln 2
 * has 42 bits, so that its product is subtracted without error. What leaves the common range is computed apart and
 * selected in. Polynomials are minimax fits with coefficients rounded to doubles on the way (Sollya's fpminimax;
 * Brisebarre and Chevillard, "Efficient polynomial L-infinity approximations", 2007).
 *
 * Largest errors seen against MPFR in millions of points each, in ULP: exp 1.00, exp2 0.87, expm1 1.15, sinh 1.31,
 * cosh 1.41, tanh 0.90, sigmoid 2.30. exp2 is exact where the result is. */
#ifndef QNI_MATH_VECTOR_EXP_H
#define QNI_MATH_VECTOR_EXP_H

#include "math/vector_dd.h"
#include "math/vector_poly.h"

#define QNI_LN2_HIGH 0x1.62e42fefa3800p-1 /* 42 bits */
#define QNI_LN2_LOW  0x1.ef35793c76730p-45
#define QNI_LOG2_E   0x1.71547652b82fep+0

/* (exp(r) - 1 - r) / r^2 for |r| <= 0.3466, so that exp(r) has a relative error of 2^-57.8. */
static inline vd qni_exp_tail(vd r)
{
    static const double c[] = {0x1.000000000000ap-1,  0x1.55555555554fep-3,  0x1.55555555506bap-5,
                               0x1.1111111126b3p-7,   0x1.6c16c18477aefp-10, 0x1.a01a012ff2942p-13,
                               0x1.a019995cdc802p-16, 0x1.71df18e254781p-19, 0x1.28adfefa69a53p-22,
                               0x1.ad9303ff16be2p-26};
    return v_poly9(r, v_mul(r, r), c);
}

/* exp(x) / 2^n; n in the low bits of *shifted. */
static inline vd qni_exp_near(vd x, vi *shifted)
{
    vd sum = v_fma(x, v_set(QNI_LOG2_E), v_set(QNI_SIMD_SHIFT));
    vd n = v_sub(sum, v_set(QNI_SIMD_SHIFT));
    vd r = v_fnma(n, v_set(QNI_LN2_LOW), v_fnma(n, v_set(QNI_LN2_HIGH), x));
    *shifted = v_as_i(sum);
    return v_add(v_set(1), v_fma(v_mul(r, r), qni_exp_tail(r), r));
}

/* exp(x) / 2^halvings where 2^n may be no normal number. */
static inline vd qni_exp_scaled(vd x, int halvings)
{
    vi shifted;
    vd above = v_select(v_lt(x, v_set(-760)), v_set(-760), x);
    vd near = qni_exp_near(v_select(v_gt(above, v_set(720)), v_set(720), above), &shifted);
    return v_scale(near, i_sub(shifted, i_add(v_as_i(v_set(QNI_SIMD_SHIFT)), i_set(halvings))));
}

QNI_RARE vd qni_exp_far(vd x)
{
    return qni_exp_scaled(x, 0);
}

static inline vd v_exp(vd a)
{
    vi shifted;
    vd near = qni_exp_near(a, &shifted);
    vd y = i_as_v(i_add(v_as_i(near), i_shl(shifted, 52)));
    vm far = v_beyond(a, 708);
    if (m_rare(far))
        y = v_select(far, qni_exp_far(a), y);
    return y;
}

/* 2^r, |r| <= 1/2, by a polynomial of relative error 2^-57.2; n = a - r as in qni_exp_near. */
static inline vd qni_exp2_near(vd a, vi *shifted)
{
    static const double c[] = {0x1.ebfbdff82c5a6p-3,  0x1.c6b08d704a12cp-5,  0x1.3b2ab6fb9fda6p-7,
                               0x1.5d87fe789e96fp-10, 0x1.4309130f6cbdbp-13, 0x1.ffcbfc6685ee5p-17,
                               0x1.62bfc6596be6ap-20, 0x1.b52522bc20bcdp-24, 0x1.e61d4332035bap-28,
                               0x1.e9731780488cp-32};
    vd sum = v_add(a, v_set(QNI_SIMD_SHIFT));
    vd r = v_sub(a, v_sub(sum, v_set(QNI_SIMD_SHIFT)));
    vd r2 = v_mul(r, r);
    vd curved = v_mul(v_poly9(r, r2, c), r2);
    *shifted = v_as_i(sum);
    return v_add(v_set(1), v_fma(v_set(0x1.62e42fefa39efp-1), r, curved));
}

QNI_RARE vd qni_exp2_far(vd x)
{
    vi shifted;
    vd above = v_select(v_lt(x, v_set(-1100)), v_set(-1100), x);
    vd near = qni_exp2_near(v_select(v_gt(above, v_set(1100)), v_set(1100), above), &shifted);
    return v_scale(near, i_sub(shifted, v_as_i(v_set(QNI_SIMD_SHIFT))));
}

static inline vd v_exp2(vd a)
{
    vi shifted;
    vd near = qni_exp2_near(a, &shifted);
    vd y = i_as_v(i_add(v_as_i(near), i_shl(shifted, 52)));
    vm far = v_beyond(a, 1021);
    if (m_rare(far))
        y = v_select(far, qni_exp2_far(a), y);
    return y;
}

/* (exp(r) - 1 - r) / r^2, with an error of 2^-61 relative to exp(r) - 1. */
static inline vd qni_expm1_tail(vd r)
{
    static const double c[] = {0.5,
                               0x1.5555555555559p-3,
                               0x1.555555555554dp-5,
                               0x1.111111110f659p-7,
                               0x1.6c16c16c1aafap-10,
                               0x1.a01a01b000a1dp-13,
                               0x1.a01a018e0fb83p-16,
                               0x1.71ddf819194fp-19,
                               0x1.27e5133c92adap-22,
                               0x1.af5f17c2ca417p-26,
                               0x1.1f1a283d45d38p-29};
    return v_poly10(r, v_mul(r, r), c);
}

/* exp(x) - 1 as a sum of two for |x| <= 708: 2^n - 1 + 2^n r without error, and the rest. */
static inline vdd qni_expm1_near(vd x)
{
    vd sum = v_fma(x, v_set(QNI_LOG2_E), v_set(QNI_SIMD_SHIFT));
    vd n = v_sub(sum, v_set(QNI_SIMD_SHIFT));
    vd power = i_as_v(i_shl(i_add(v_as_i(sum), i_set(1023)), 52));
    vd high = v_fnma(n, v_set(QNI_LN2_HIGH), x);
    vd low = v_mul(n, v_set(-QNI_LN2_LOW));
    vd r = v_add(high, low);
    low = v_fma(v_mul(r, r), qni_expm1_tail(r), low);
    vd base = v_sub(power, v_set(1));
    vd y = v_fma(power, high, base);
    return (vdd){y, v_fma(power, low, v_fma(power, high, v_sub(base, y)))};
}

QNI_RARE vd qni_expm1_far(vd x)
{
    return v_select(v_lt(x, v_set(0)), v_set(-1), qni_exp_scaled(x, 0));
}

static inline vd v_expm1(vd a)
{
    vdd near = qni_expm1_near(a);
    vd y = v_or(v_add(near.high, near.low), v_and(a, v_set(-0.0))); /* of -0, -0 */
    vm far = v_beyond(a, 708);
    if (m_rare(far))
        y = v_select(far, qni_expm1_far(a), y);
    return y;
}

/* cosh(r) - 1 and sinh(r) - r, by polynomials in r^2 of errors 2^-68 and 2^-60 relative to cosh(r) and sinh(r). With
 * x = n ln 2 + r, 2 sinh(x) = (2^n - 2^-n) cosh(r) + (2^n + 2^-n) sinh(r), and 2 cosh(x) = (2^n + 2^-n) cosh(r) +
 * (2^n - 2^-n) sinh(r). */
typedef struct qni_hyperbolic {
    vd plus, minus; /* (2^n + 2^-n) / 2, (2^n - 2^-n) / 2 */
    vd r;           /* without its low part, which is in sinh_less_r */
    vd cosh_less_1, sinh_less_r;
} qni_hyperbolic;

static inline qni_hyperbolic qni_hyperbolic_parts(vd x)
{
    static const double even[] = {0.5,
                                  0x1.5555555555556p-5,
                                  0x1.6c16c16c15ffbp-10,
                                  0x1.a01a01a8182edp-16,
                                  0x1.27e4d818e1871p-22,
                                  0x1.1f78e08a0160ep-29};
    static const double odd[] = {0x1.5555555555556p-3, 0x1.111111111070bp-7, 0x1.a01a01a9024bfp-13,
                                 0x1.71de0a3c2ae7cp-19, 0x1.af3f08b1e7843p-26};
    vd sum = v_fma(x, v_set(QNI_LOG2_E), v_set(QNI_SIMD_SHIFT));
    vd n = v_sub(sum, v_set(QNI_SIMD_SHIFT));
    vi bits = v_as_i(sum);
    vd up = i_as_v(i_shl(i_add(bits, i_set(1022)), 52));
    vd down = i_as_v(i_shl(i_sub(i_set(1022), bits), 52));
    vd high = v_fnma(n, v_set(QNI_LN2_HIGH), x);
    vd low = v_mul(n, v_set(-QNI_LN2_LOW));
    vd r = v_add(high, low);
    vd z = v_mul(r, r);
    vd z2 = v_mul(z, z);
    vd sinh_less_r = v_fma(v_mul(v_poly4(z, z2, odd), z), r, low);
    return (qni_hyperbolic){v_add(up, down), v_sub(up, down), high, v_mul(v_poly5(z, z2, even), z), sinh_less_r};
}

/* Both functions of x >= 708, and NaN. */
QNI_RARE vd qni_hyperbolic_far(vd x)
{
    return qni_exp_scaled(x, 1);
}

static inline vd v_sinh(vd a)
{
    vd x = v_abs(a);
    qni_hyperbolic h = qni_hyperbolic_parts(x);
    vd high = v_fma(h.plus, h.r, h.minus);
    vd lost = v_fma(h.plus, h.r, v_sub(h.minus, high));
    vd y = v_add(high, v_fma(h.plus, h.sinh_less_r, v_fma(h.minus, h.cosh_less_1, lost)));
    vm far = v_beyond(a, 708);
    if (m_rare(far))
        y = v_select(far, qni_hyperbolic_far(x), y);
    return v_copysign(y, a);
}

static inline vd v_cosh(vd a)
{
    vd x = v_abs(a);
    qni_hyperbolic h = qni_hyperbolic_parts(x);
    vd high = v_fma(h.minus, h.r, h.plus);
    vd lost = v_fma(h.minus, h.r, v_sub(h.plus, high));
    vd y = v_add(high, v_fma(h.minus, h.sinh_less_r, v_fma(h.plus, h.cosh_less_1, lost)));
    vm far = v_beyond(a, 708);
    if (m_rare(far))
        y = v_select(far, qni_hyperbolic_far(x), y);
    return y;
}

/* t / (t + 2), t = exp(2 |x|) - 1; from 20 on, 1. */
static inline vd v_tanh(vd a)
{
    vd x = v_abs(a);
    x = v_select(v_gt(x, v_set(20)), v_set(20), x);
    vdd t = qni_expm1_near(v_add(x, x));
    t = dd_fast_sum(t.high, t.low);
    vdd below = dd_sum(t.high, v_set(2));
    vd inverse = v_div(v_set(1), below.high);
    vd y = v_mul(t.high, inverse);
    vd left = v_fnma(y, v_add(below.low, t.low), v_add(v_fnma(y, below.high, t.high), t.low));
    return v_copysign(v_fma(left, inverse, y), a);
}

/* 1 / (1 + exp(-x)), by the exponential that does not overflow. */
static inline vd v_sigmoid(vd a)
{
    vd e = v_exp(v_or(a, v_set(-0.0)));
    return v_div(v_select(v_lt(a, v_set(0)), e, v_set(1)), v_add(v_set(1), e));
}

#endif
