/* math/vector_log.h: logarithms, inverse hyperbolic functions and softplus.
 *
 * x = 2^k (1 + f) with 1 + f between sqrt(1/2) and sqrt(2); s = f / (2 + f), z = s^2; log(1 + f) = 2 atanh(s) =
 * f - s (f - z P(z)) with P a minimax fit that leaves a relative error of 2^-57.6 (Sollya's fpminimax; Brisebarre and
 * Chevillard, "Efficient polynomial L-infinity approximations", 2007). k ln 2 + f is summed without error: the high
 * part of ln 2 has 42 bits. Logarithms of other bases scale f as a sum of two doubles.
 *
 * Largest errors seen against MPFR in millions of points each, in ULP: log 0.89, log2 1.13, log10 1.05, log1p 0.89,
 * asinh 1.68, acosh 2.08, atanh 1.55, softplus 1.62. log2 and log10 are exact where the result is an integer. */
#ifndef QNI_MATH_VECTOR_LOG_H
#define QNI_MATH_VECTOR_LOG_H

#include "math/vector_dd.h"
#include "math/vector_exp.h"
#include "math/vector_poly.h"

/* QNI_LOG2_E + QNI_LOG2_E_LOW is 1 / ln 2, and so on. */
#define QNI_LOG2_E_LOW   0x1.777d0ffda0d24p-56
#define QNI_LOG10_E      0x1.bcb7b1526e50ep-2
#define QNI_LOG10_E_LOW  0x1.95355baaafad3p-57
#define QNI_LOG10_2_HIGH 0x1.34413509f7800p-2 /* 42 bits */
#define QNI_LOG10_2_LOW  0x1.fef311f12b358p-46

/* What k is counted from; n more for the argument 2^n x. */
#define QNI_LOG_BIAS  (0x1p52 + 1023)
#define QNI_SQRT_HALF INT64_C(0x3fe6a09e667f3bcd)

/* Where x is no positive normal number below 2^limit. */
static inline vm qni_log_special(vd x, int limit)
{
    vi above_least = i_sub(v_as_i(x), i_set(INT64_MIN + (INT64_C(1) << 52))); /* wraps for what is below */
    return i_gt(above_least, i_set(INT64_MIN + ((INT64_C(1022) + limit) << 52) - 1));
}

/* x = 2^k (1 + f), k + 1023 in *exponent. */
static inline vd qni_log_split(vd x, vi *exponent)
{
    vi t = i_add(v_as_i(x), i_set((INT64_C(1023) << 52) - QNI_SQRT_HALF));
    *exponent = i_shr(t, 52);
    vi mantissa = i_and(t, i_set((INT64_C(1) << 52) - 1));
    return v_sub(i_as_v(i_add(mantissa, i_set(QNI_SQRT_HALF))), v_set(1));
}

static inline vd qni_log_power(vi exponent, double bias)
{
    return v_sub(i_as_v(i_or(exponent, v_as_i(v_set(0x1p52)))), v_set(bias));
}

/* P(z) */
static inline vd qni_log_series(vd z)
{
    static const double c[] = {0x1.5555555555558p-1, 0x1.99999999952d1p-2, 0x1.2492492df8654p-2, 0x1.c71c62dab0eccp-3,
                               0x1.7462b7d8cf48ap-3, 0x1.39fdf803b5068p-3, 0x1.2b5d2f4bf6902p-3};
    return v_poly6(z, v_mul(z, z), c);
}

/* f - log(1 + f) - low */
static inline vd qni_log_curve(vd f, vd low)
{
    vd s = v_div(f, v_add(f, v_set(2)));
    vd z = v_mul(s, s);
    return v_fms(s, v_fnma(z, qni_log_series(z), f), low);
}

static inline vd qni_log_near(vd x, double bias)
{
    vi exponent;
    vd f = qni_log_split(x, &exponent);
    vd k = qni_log_power(exponent, bias);
    vd sum = v_fma(k, v_set(QNI_LN2_HIGH), f);
    vd lost = v_add(f, v_fms(k, v_set(QNI_LN2_HIGH), sum));
    return v_sub(sum, qni_log_curve(f, v_fma(k, v_set(QNI_LN2_LOW), lost)));
}

/* The logarithm whose unit is the given multiple of the natural one and that of 2. */
static inline vd qni_log_unit(vd x, double bias, double unit, double unit_low, double of_2, double of_2_low)
{
    vi exponent;
    vd f = qni_log_split(x, &exponent);
    vd k = qni_log_power(exponent, bias);
    vdd scaled = dd_product(f, v_set(unit));
    vd sum = v_fma(k, v_set(of_2), scaled.high);
    vd lost = v_add(scaled.high, v_fms(k, v_set(of_2), sum));
    vd low = v_add(v_fma(k, v_set(of_2_low), lost), v_fma(f, v_set(unit_low), scaled.low));
    return v_add(sum, v_fnma(qni_log_curve(f, v_set(0)), v_set(unit), low));
}

static inline vd qni_log2_near(vd x, double bias)
{
    return qni_log_unit(x, bias, QNI_LOG2_E, QNI_LOG2_E_LOW, 1, 0);
}

static inline vd qni_log10_near(vd x, double bias)
{
    return qni_log_unit(x, bias, QNI_LOG10_E, QNI_LOG10_E_LOW, QNI_LOG10_2_HIGH, QNI_LOG10_2_LOW);
}

/* Where x is special; the logarithm of a subnormal x is given. */
static inline vd qni_log_edges(vd x, vd subnormal)
{
    vd y = v_select(v_lt(x, v_set(0x1p-1022)), subnormal, x);
    y = v_select(v_eq(x, v_set(0)), v_set(-(double)INFINITY), y);
    return v_select(v_lt(x, v_set(0)), v_set((double)NAN), y);
}

QNI_RARE vd qni_log_far(vd x)
{
    return qni_log_edges(x, qni_log_near(v_mul(x, v_set(0x1p54)), QNI_LOG_BIAS + 54));
}

QNI_RARE vd qni_log2_far(vd x)
{
    return qni_log_edges(x, qni_log2_near(v_mul(x, v_set(0x1p54)), QNI_LOG_BIAS + 54));
}

QNI_RARE vd qni_log10_far(vd x)
{
    return qni_log_edges(x, qni_log10_near(v_mul(x, v_set(0x1p54)), QNI_LOG_BIAS + 54));
}

static inline vd v_log(vd a)
{
    vd y = qni_log_near(a, QNI_LOG_BIAS);
    vm far = qni_log_special(a, 1024);
    if (m_rare(far))
        y = v_select(far, qni_log_far(a), y);
    return y;
}

static inline vd v_log2(vd a)
{
    vd y = qni_log2_near(a, QNI_LOG_BIAS);
    vm far = qni_log_special(a, 1024);
    if (m_rare(far))
        y = v_select(far, qni_log2_far(a), y);
    return y;
}

static inline vd v_log10(vd a)
{
    vd y = qni_log10_near(a, QNI_LOG_BIAS);
    vm far = qni_log_special(a, 1024);
    if (m_rare(far))
        y = v_select(far, qni_log10_far(a), y);
    return y;
}

/* log(1 + x) where 1 + x is not positive, or so large that 1 does not matter. */
QNI_RARE vd qni_log1p_far(vd x)
{
    vd large = qni_log_near(x, QNI_LOG_BIAS);
    vm finite = v_lt(x, v_set((double)INFINITY));
    vd y = qni_log_edges(v_add(x, v_set(1)), x);
    return v_select(m_and(finite, v_gt(x, v_set(1))), large, y);
}

/* 1 + x = u + c without error; f is then increased by c / 2^k, and what that sum loses counts with the slope there.
 * For u above 0 and below 2^1000. */
static inline vd qni_log1p_near(vd x, vdd u)
{
    vi exponent;
    vd f_u = qni_log_split(u.high, &exponent);
    vd k = qni_log_power(exponent, QNI_LOG_BIAS);
    vd c = v_mul(u.low, i_as_v(i_shl(i_sub(i_set(2046), exponent), 52)));
    vd f = v_add(f_u, c);
    vd rest = v_sub(c, v_sub(f, f_u));
    vd sum = v_fma(k, v_set(QNI_LN2_HIGH), f);
    vd lost = v_add(f, v_fms(k, v_set(QNI_LN2_HIGH), sum));
    vd low = v_fma(k, v_set(QNI_LN2_LOW), v_add(lost, v_fnma(rest, f, rest)));
    return v_or(v_sub(sum, qni_log_curve(f, low)), v_and(x, v_set(-0.0))); /* of -0, -0 */
}

static inline vd v_log1p(vd a)
{
    vdd u = dd_sum(v_set(1), a);
    vd y = qni_log1p_near(a, u);
    vm far = qni_log_special(u.high, 1000);
    if (m_rare(far))
        y = v_select(far, qni_log1p_far(a), y);
    return y;
}

/* log(1 + x) for 0 <= x < 2^1000. */
static inline vd qni_log1p_inside(vd x)
{
    return qni_log1p_near(x, dd_sum(v_set(1), x));
}

/* log(2 |x|) where x^2 may overflow. */
QNI_RARE vd qni_log_twice(vd x)
{
    vd positive = v_abs(x);
    vd y = qni_log_near(positive, QNI_LOG_BIAS - 1);
    return v_select(v_lt(positive, v_set((double)INFINITY)), y, positive);
}

/* sign(x) log1p(|x| + x^2 / (1 + sqrt(1 + x^2))) */
static inline vd v_asinh(vd a)
{
    vd x = v_abs(a);
    vd square = v_mul(x, x);
    vd root = v_sqrt(v_add(square, v_set(1)));
    vd y = qni_log1p_inside(v_add(x, v_div(square, v_add(root, v_set(1)))));
    vm far = v_beyond(a, 0x1p500);
    if (m_rare(far))
        y = v_select(far, qni_log_twice(a), y);
    return v_copysign(y, a);
}

/* log1p(t + sqrt(t^2 + 2 t)), t = x - 1 */
static inline vd v_acosh(vd a)
{
    vd t = v_sub(a, v_set(1));
    vd y = qni_log1p_inside(v_add(t, v_sqrt(v_fma(t, t, v_add(t, t)))));
    vm far = v_beyond(a, 0x1p500);
    if (m_rare(far))
        y = v_select(far, qni_log_twice(a), y);
    return v_select(v_lt(a, v_set(1)), v_set((double)NAN), y);
}

/* sign(x) log1p(2 |x| + 2 |x| |x| / (1 - |x|)) / 2 */
static inline vd v_atanh(vd a)
{
    vd x = v_abs(a);
    vd twice = v_add(x, x);
    vd t = v_add(twice, v_div(v_mul(twice, x), v_sub(v_set(1), x)));
    vd y = v_mul(v_set(0.5), qni_log1p_inside(t));
    vm far = v_ge(x, v_set(1));
    if (m_rare(far))
        y = v_select(far, v_select(v_eq(x, v_set(1)), v_set((double)INFINITY), v_set((double)NAN)), y);
    return v_copysign(y, a);
}

/* log(1 + exp(x)) */
static inline vd v_softplus(vd a)
{
    vd tail = qni_log1p_inside(v_exp(v_or(a, v_set(-0.0))));
    return v_add(v_where(v_gt(a, v_set(0)), a), tail);
}

#endif
