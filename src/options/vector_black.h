/* options/vector_black.h: the Black function of options that are out of the money.
 *
 * With x = -|ln(F/K)| and s = sigma sqrt(T) the undiscounted price of the option out of the money, in units of the
 * smaller of F and K, is
 *
 *   B(x, s) = Phi(d1) - exp(-x) Phi(d2),   d1 = x/s + s/2,   d2 = x/s - s/2,
 *
 * and exp(-x) phi(d2) = phi(d1) makes of it phi(d1) (Y(d1) - Y(d2)), Y = Phi / phi: the density is also dB/ds, and the
 * difference is taken without cancellation (math/vector_normal.h). Where d1 is above 1/2 it is 1 - phi(d1) (Y(-d1) +
 * Y(d2)). That is all: no region of its own for small s or far strikes. Jäckel's normalised price ("Let's be rational",
 * 2015), in units of sqrt(F K), is b = exp(x/2) B. */
#ifndef QNI_OPTIONS_VECTOR_BLACK_H
#define QNI_OPTIONS_VECTOR_BLACK_H

#include "math/vector_log.h"
#include "math/vector_normal.h"

/* Both numbers of a ratio are within 2^-500 … 2^500, so that products and quotients of two are normal. */
#define QNI_RATIO_POWER 500

/* Where x is no number from 2^low to 2^high. */
static inline vm qni_outside(vd x, int low, int high)
{
    const int64_t least = (int64_t)(1023 + low) << 52, range = (int64_t)(high - low) << 52;
    return i_gt(i_sub(v_as_i(x), i_set(INT64_MIN + least)), i_set(INT64_MIN + range)); /* wraps for what is below */
}

static inline vm qni_extreme(vd x)
{
    return qni_outside(x, -QNI_RATIO_POWER, QNI_RATIO_POWER);
}

/* exp(x) by the parts of v_expm1(x), which a compiler computes once where both are wanted. 1 + expm1(x) would have the
 * error of 1, which is large beside a small factor. */
static inline vd v_exp_by_expm1(vd x)
{
    vd sum = v_fma(x, v_set(QNI_LOG2_E), v_set(QNI_SIMD_SHIFT));
    vd n = v_sub(sum, v_set(QNI_SIMD_SHIFT));
    vd power = i_as_v(i_shl(i_add(v_as_i(sum), i_set(1023)), 52));
    vd high = v_fnma(n, v_set(QNI_LN2_HIGH), x);
    vd low = v_mul(n, v_set(-QNI_LN2_LOW));
    vd r = v_add(high, low);
    low = v_fma(v_mul(r, r), qni_expm1_tail(r), low);
    vd y = v_fma(power, v_add(high, low), power);
    vm far = v_beyond(x, 708);
    if (m_rare(far))
        y = v_select(far, qni_exp_far(x), y);
    return y;
}

/* growth a - discount b: by the changes of both factors, which do not cancel near a = b,
 * but where a factor is small, so that the change hardly differs from -1, the difference itself. */
static inline vd v_carried_gap(vd a, vd growth, vd change_a, vd b, vd discount, vd change_b)
{
    vm small = m_or(v_lt(growth, v_set(0.5)), v_lt(discount, v_set(0.5)));
    vd slow = v_add(v_sub(a, b), v_fms(a, change_a, v_mul(b, change_b)));
    return v_select(small, v_fms(a, growth, v_mul(b, discount)), slow);
}

/* ln(a / b) of positive numbers which are not extreme; relative error below 1 ULP, also near a = b, where it is 0.
 *
 * With 2^k b between 2 a / 3 and 3 a / 2 it is k ln 2 + 2 atanh(t / 2), t = (a - 2^k b) / ((a + 2^k b) / 2), for which
 * no quotient of a and b is needed. The difference of both is exact, the mean a sum of two. 2 atanh(t / 2) is
 * t + t^3 P(t^2), P a Chebyshev fit that leaves a relative error of 2^-60. */
static inline vd v_log_ratio(vd a, vd b)
{
    static const double c[] = {0x1.5555555555555p-4,  0x1.9999999999f1dp-7,  0x1.24924923ddbdap-9,
                               0x1.c71c72e03f075p-12, 0x1.745cabfcd8faep-14, 0x1.3b29db5d09c0ep-16,
                               0x1.0e8b7b16a2806p-18, 0x1.16a2cb1fffb11p-20};
    const int64_t one = INT64_C(1) << 52;
    vi apart = i_add(i_sub(v_as_i(a), v_as_i(b)), i_set(1023 * one + one / 2)); /* k + 1023 above the lower bits */
    vd k = qni_log_power(i_shr(apart, 52), QNI_LOG_BIAS);
    vd near = i_as_v(i_add(v_as_i(b), i_sub(i_and(apart, i_set(-one)), i_set(1023 * one))));
    vd difference = v_sub(a, near);
    vdd mean = dd_fast_sum(near, v_mul(v_set(0.5), difference));
    vd inverse = v_div(v_set(1), mean.high);
    vd t = v_mul(difference, inverse);
    vd t_low = v_mul(v_fnma(t, mean.low, v_fnma(t, mean.high, difference)), inverse);
    vd z = v_mul(t, t);
    vd sum = v_fma(k, v_set(QNI_LN2_HIGH), t);
    vd lost = v_add(t, v_fms(k, v_set(QNI_LN2_HIGH), sum));
    vd low = v_fma(k, v_set(QNI_LN2_LOW), v_add(lost, t_low));
    return v_add(sum, v_fma(v_mul(t, z), v_poly7(z, v_mul(z, z), c), low));
}

/* That of all positive numbers. */
QNI_RARE vd qni_log_ratio_far(vd a, vd b)
{
    vd up = v_set(0x1p600), down = v_set(0x1p-600);
    vm small = m_and(v_lt(a, v_set(0x1p-400)), v_lt(b, v_set(0x1p-400)));
    vm large = m_and(v_gt(a, v_set(0x1p400)), v_gt(b, v_set(0x1p400)));
    vd scale = v_select(small, up, v_select(large, down, v_set(1)));
    vd a_near = v_mul(a, scale), b_near = v_mul(b, scale);
    vd near = v_log_ratio(a_near, b_near);
    vm apart = m_or(qni_extreme(a_near), qni_extreme(b_near));
    return v_select(apart, v_sub(v_log(a), v_log(b)), near);
}

/* B(x, s) in parts that do not over- or underflow where it does. */
typedef struct qni_black_parts {
    vd d1, d2;
    vm high;  /* d1 > 1/2 */
    vd y1;    /* Y(d1); where high, Y(-d1) */
    vd y2;    /* Y(d2) */
    vd ratio; /* B / (dB/ds) = Y(d1) - Y(d2); where high, Y(-d1) + Y(d2), which is (1 - B) / (dB/ds) */
} qni_black_parts;

/* Of x <= 0 and 0 <= s <= 2^300, given h = x / s, at least -2^400. Relative error of the ratio: a few 2^-53 (1 + d1^2 +
 * s), if h has at most a few 2^-53. */
static inline qni_black_parts v_black_parts(vd h, vd s)
{
    qni_black_parts p;
    vd t = v_mul(v_set(0.5), s);
    p.d1 = v_add(h, t);
    p.d2 = v_sub(h, t);
    p.high = v_gt(p.d1, v_set(QNI_MILLS_MOST));
    vd z1 = v_select(p.high, v_neg(p.d1), p.d1);
    vd apart = v_select(p.high, v_mul(v_set(-2), h), s);
    qni_mills_pair y = v_mills_pair(z1, p.d2, apart);
    p.y1 = y.first;
    p.y2 = y.second;
    p.ratio = v_select(p.high, v_add(y.first, y.second), y.difference);
    return p;
}

/* x / s, rounded but for 2^-104, given the inverse of s > 0. */
static inline vd v_black_h(vd x, vd s, vd inverse_s)
{
    vd h = v_mul(x, inverse_s);
    return v_fma(v_fnma(h, s, x), inverse_s, h);
}

/* B, given the density phi(d1) = dB/ds. */
static inline vd v_black_value(const qni_black_parts *p, vd density)
{
    vd part = v_mul(density, p->ratio);
    return v_select(p->high, v_sub(v_set(1), part), part);
}

#endif
