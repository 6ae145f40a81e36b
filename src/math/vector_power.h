/* math/vector_power.h: powers and roots.
 *
 * pow(x, y) = exp(y log x), log x as a sum of two doubles good to 2^-66: with s = f / (2 + f) as in vector_log.h and
 * z = s^2, log(1 + f) = 2 s (1 + z (1/3 + z Q(z))), where only z Q is left to single doubles. Q is a minimax fit of
 * absolute error 2^-70.5 / z^2 (Sollya's fpminimax; Brisebarre and Chevillard, "Efficient polynomial L-infinity
 * approximations", 2007). Special cases are those of C99, Annex F; those of hypot, too.
 *
 * Largest errors seen against MPFR in millions of points each, in ULP: pow 0.79, cbrt 0.51, hypot 1.20. Powers and
 * cube roots that are doubles are exact. */
#ifndef QNI_MATH_VECTOR_POWER_H
#define QNI_MATH_VECTOR_POWER_H

#include "math/vector_dd.h"
#include "math/vector_exp.h"
#include "math/vector_log.h"
#include "math/vector_poly.h"

#define QNI_THIRD_LOW 0x1.5555555555555p-56 /* 1/3 less the double next to it */

/* (atanh(s) / s - 1 - z / 3) / z */
static inline vd qni_pow_poly(vd z)
{
    static const double c[] = {0x1.999999999999ap-3, 0x1.2492492492205p-3, 0x1.c71c71c7b4698p-4,
                               0x1.745d16c6c8757p-4, 0x1.3b13e997e24cbp-4, 0x1.1102dc0fcb5efp-4,
                               0x1.e5f93d5217543p-5, 0x1.5e8eb3f4da623p-5, 0x1.0985adcad2707p-3};
    return v_mul(v_poly8(z, v_mul(z, z), c), z);
}

/* log(x) of a positive normal x; the low part may be as large as 2^-45 of the high one. */
static inline vdd qni_pow_log(vd x, double bias)
{
    vi exponent;
    vd f = qni_log_split(x, &exponent);
    vd k = qni_log_power(exponent, bias);
    vdd below = dd_fast_sum(v_set(2), f);
    vd inverse = v_div(v_set(1), below.high);
    vd s = v_mul(f, inverse);
    vd s_low = v_mul(v_fnma(s, below.low, v_fnma(s, below.high, f)), inverse);
    vdd z = dd_product(s, s);
    z.low = v_fma(v_add(s, s), s_low, z.low);
    vdd a = dd_fast_sum(v_set(0x1.5555555555555p-2), qni_pow_poly(z.high));
    a.low = v_add(a.low, v_fma(z.low, v_set(0.2), v_set(QNI_THIRD_LOW)));
    vdd za = dd_product(z.high, a.high);
    za.low = v_fma(z.high, a.low, v_fma(z.low, a.high, za.low));
    vdd sza = dd_product(s, za.high);
    sza.low = v_fma(s, za.low, v_fma(s_low, za.high, sza.low));
    vdd half = dd_fast_sum(s, sza.high);
    half.low = v_add(half.low, v_add(s_low, sza.low));
    vd k_ln2 = v_mul(k, v_set(QNI_LN2_HIGH));
    vdd sum = dd_fast_sum(k_ln2, v_add(half.high, half.high));
    sum.low = v_fma(half.low, v_set(2), v_fma(k, v_set(QNI_LN2_LOW), sum.low));
    return sum;
}

/* exp(a) / 2^n; n in the low bits of *shifted. */
static inline vd qni_pow_exp(vdd a, vi *shifted)
{
    vd sum = v_fma(a.high, v_set(QNI_LOG2_E), v_set(QNI_SIMD_SHIFT));
    vd n = v_sub(sum, v_set(QNI_SIMD_SHIFT));
    vd high = v_fnma(n, v_set(QNI_LN2_HIGH), a.high);
    vd low = v_fnma(n, v_set(QNI_LN2_LOW), a.low);
    vd r = v_add(high, low);
    vdd one = dd_fast_sum(v_set(1), high);
    *shifted = v_as_i(sum);
    return v_add(one.high, v_add(one.low, v_fma(v_mul(r, r), qni_exp_tail(r), low)));
}

static inline vdd qni_pow_times(vd y, vdd a)
{
    vd p = v_mul(y, a.high);
    return (vdd){p, v_fma(y, a.low, v_fms(y, a.high, p))};
}

/* x^y of a positive finite x where x or the result may be no normal number. */
static inline vd qni_pow_magnitude(vd x, vd y)
{
    vm subnormal = v_lt(x, v_set(0x1p-1022));
    vdd a = qni_pow_log(v_select(subnormal, v_mul(x, v_set(0x1p54)), x), QNI_LOG_BIAS);
    vd scale = v_where(subnormal, v_set(-54));
    vdd part = dd_sum(v_mul(scale, v_set(QNI_LN2_HIGH)), a.high);
    a = dd_fast_sum(part.high, v_fma(scale, v_set(QNI_LN2_LOW), v_add(part.low, a.low)));
    a = qni_pow_times(y, a);
    vm above = v_gt(a.high, v_set(720)), below = v_lt(a.high, v_set(-760));
    a.high = v_select(above, v_set(720), v_select(below, v_set(-760), a.high));
    a.low = v_unless(m_or(above, below), a.low);
    vi shifted;
    vd near = qni_pow_exp(a, &shifted);
    return v_scale(near, i_sub(shifted, v_as_i(v_set(QNI_SIMD_SHIFT))));
}

/* Zeros, infinities, NaN, and magnitudes that qni_pow_magnitude knows; x not negative. */
QNI_RARE vd qni_pow_far(vd x, vd y)
{
    vd zero = v_set(0), one = v_set(1), infinity = v_set((double)INFINITY), size_y = v_abs(y);
    vd r = qni_pow_magnitude(x, y);
    vm up = v_gt(y, zero);
    vd grown = v_select(up, infinity, zero), shrunk = v_select(up, zero, infinity);
    r = v_select(v_eq(size_y, infinity), v_select(v_lt(x, one), shrunk, grown), r);
    r = v_select(v_eq(x, zero), shrunk, v_select(v_eq(x, infinity), grown, r));
    r = v_select(m_or(v_isnan(x), v_isnan(y)), v_add(x, y), r);
    return v_select(m_or(v_eq(x, one), v_eq(y, zero)), one, r);
}

/* From |x|^y to x^y where the sign of x is set. */
QNI_RARE vd qni_pow_sign(vd x, vd y, vd r)
{
    vd half = v_mul(y, v_set(0.5)), infinity = v_set((double)INFINITY);
    vm integer = v_eq(v_trunc(y), y); /* infinities, too */
    vm odd = m_and(m_and(integer, v_ne(v_trunc(half), half)), v_lt(v_abs(y), infinity));
    vm outside = m_and(m_and(v_lt(x, v_set(0)), v_ne(x, v_neg(infinity))), m_not(integer));
    return v_select(outside, v_set((double)NAN), v_xor(r, v_where(odd, v_set(-0.0))));
}

static inline vd v_pow(vd a, vd b)
{
    vd x = v_abs(a);
    vdd t = qni_pow_times(b, qni_pow_log(x, QNI_LOG_BIAS));
    vi shifted;
    vd near = qni_pow_exp(t, &shifted);
    vd y = i_as_v(i_add(v_as_i(near), i_shl(shifted, 52)));
    vm far = m_or(qni_log_special(x, 1024), v_beyond(t.high, 708));
    if (m_rare(far))
        y = v_select(far, qni_pow_far(x, b), y);
    vm signed_x = i_gt(i_set(0), v_as_i(a));
    if (m_rare(signed_x))
        y = v_select(signed_x, qni_pow_sign(a, b, y), y);
    return y;
}

/* x = 2^(3 q) v, 1 <= v < 8: y^3 = 1/v by a polynomial of relative error 2^-14.6 for the mantissa times a cube root
 * of 1, 1/2 or 1/4, and a step of third order; then cbrt(v) = v y^2 with one step that knows the cube to twice the
 * precision. */
static inline vd qni_cbrt_near(vd x)
{
    vi bits = v_as_i(v_abs(x));
    vd exponent = v_sub(i_as_v(i_or(i_shr(bits, 52), v_as_i(v_set(0x1p52)))), v_set(0x1p52));
    vd q = v_floor(v_fma(exponent, v_set(1.0 / 3), v_set(1.0 / 6))); /* 1023 = 3 * 341 */
    vd left = v_fnma(q, v_set(3), exponent);
    vd m = i_as_v(i_or(i_and(bits, i_set((INT64_C(1) << 52) - 1)), v_as_i(v_set(1))));
    vd y = v_fma(v_set(0x1.d46f7d335b43fp-6), m, v_set(-0x1.c5186105fc79cp-3));
    y = v_fma(v_fma(v_fma(y, m, v_set(0x1.6416505a18e9fp-1)), m, v_set(-0x1.2c41e23e1e43cp0)), m,
              v_set(0x1.ab859043fa5a5p0));
    vm two = v_gt(left, v_set(0.5)), four = v_gt(left, v_set(1.5));
    vd root = v_select(four, v_set(0x1.428a2f98d728bp-1), v_select(two, v_set(0x1.965fea53d6e3dp-1), v_set(1)));
    vd v = v_mul(m, v_select(four, v_set(4), v_select(two, v_set(2), v_set(1))));
    y = v_mul(y, root);
    vd error = v_fnma(v_mul(v, y), v_mul(y, y), v_set(1));
    y = v_fma(v_mul(y, error), v_fma(error, v_set(2.0 / 9), v_set(1.0 / 3)), y);
    vd y2 = v_mul(y, y);
    vd t = v_mul(v, y2);
    vdd t2 = dd_product(t, t);
    vd cube_error = v_fma(t2.low, t, v_fms(t2.high, t, v));
    t = v_fnma(cube_error, v_mul(y2, v_set(1.0 / 3)), t);
    return v_mul(t, v_pow2(i_sub(v_to_i(q), i_set(341))));
}

/* Zeros, subnormals, infinities, NaN. */
QNI_RARE vd qni_cbrt_far(vd x)
{
    vd y = v_mul(qni_cbrt_near(v_mul(x, v_set(0x1p54))), v_set(0x1p-18));
    return v_select(m_and(v_lt(v_abs(x), v_set(0x1p-1022)), v_ne(x, v_set(0))), y, v_add(x, x));
}

static inline vd v_cbrt(vd a)
{
    vd y = qni_cbrt_near(a);
    vm far = qni_log_special(v_abs(a), 1024);
    if (m_rare(far))
        y = v_select(far, qni_cbrt_far(a), y);
    return v_copysign(y, a);
}

/* Where a square may overflow, or lose what counts to underflow. An infinity wins over NaN. */
QNI_RARE vd qni_hypot_far(vd a, vd b)
{
    vm small = m_and(v_lt(a, v_set(0x1p-400)), v_lt(b, v_set(0x1p-400)));
    vd scale = v_select(small, v_set(0x1p600), v_set(0x1p-600));
    vd unscale = v_select(small, v_set(0x1p-600), v_set(0x1p600));
    vd x = v_mul(a, scale), y = v_mul(b, scale);
    vd r = v_mul(v_sqrt(v_fma(x, x, v_mul(y, y))), unscale);
    vd infinity = v_set((double)INFINITY);
    return v_select(m_or(v_eq(a, infinity), v_eq(b, infinity)), infinity, r);
}

static inline vd v_hypot(vd a, vd b)
{
    vd x = v_abs(a), y = v_abs(b);
    vd square = v_fma(x, x, v_mul(y, y));
    vd r = v_sqrt(square);
    vm far = qni_log_special(v_mul(square, v_set(0x1p-100)), 900);
    if (m_rare(far))
        r = v_select(far, qni_hypot_far(x, y), r);
    return r;
}

#endif
