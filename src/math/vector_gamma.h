/* math/vector_gamma.h: the gamma function, the logarithm of its magnitude, and the derivatives of that.
 *
 * gamma: log gamma(y) = (y - 1/2) log y - y + log(2 pi) / 2 + M(1/y^2) / y (Stirling) for y >= 7.5 as a sum of two
 * doubles; smaller arguments are increased by 8 and the result divided by x (x + 1) … (x + 7), four factors in
 * w = x (x + 7), again in sums of two doubles; below -1/2 gamma(x) gamma(-x) = -pi / (x sin(pi x)).
 *
 * lgamma, digamma: from 4.5 on asymptotic series, with a minimax fit for the terms in 1/y^2. Below, polynomials about 2
 * on 3/2 … 5/2 (lgamma: from 5/4 on), into which the recurrence leads with at most two factors, so that little
 * cancels near lgamma's zeros 1 and 2. Below -1/2 reflection: lgamma in sums of two doubles, as its zeros there lie
 * between large terms. trigamma: the asymptotic series from 4 on; smaller arguments are increased by 4, negative ones
 * reflected.
 *
 * All polynomials are minimax fits with coefficients rounded to doubles on the way (fpminimax; Brisebarre and
 * Chevillard, "Efficient polynomial L-infinity approximations", 2007); their errors stand beside them.
 *
 * Largest errors seen, in ULP: gamma 2.3, and none of the factorials that are doubles; lgamma 3.3, but 1.9e-16 absolute
 * where it is below 1 between the poles, for its zeros there are no doubles; digamma 3.3, in ULP of 1/4 where it is
 * below that, and in ULP of 1 + log(1 - x), the size of what cancels, for negative x; trigamma 2.9. */
#ifndef QNI_MATH_VECTOR_GAMMA_H
#define QNI_MATH_VECTOR_GAMMA_H

#include "math/vector_dd.h"
#include "math/vector_error.h"
#include "math/vector_log.h"
#include "math/vector_poly.h"
#include "math/vector_power.h"

#define QNI_LOG_ROOT_2PI     0x1.d67f1c864beb5p-1
#define QNI_LOG_ROOT_2PI_LOW -0x1.65b5a1b7ff5dfp-55
#define QNI_LOG_ROOT_2PI_E   0x1.acfe390c97d69p-2 /* log(2 pi) / 2 - 1/2 */
#define QNI_PI_SQUARED       0x1.3bd3cc9be45dep+3
#define QNI_EULER_REST       0x1.b0ee6072093cep-2 /* 1 - Euler's constant: digamma(2) */

/* First what the asymptotic series have beyond the terms written out, as polynomials in 1/y^2.
 *
 * y (log gamma(y) - (y - 1/2) log y + y - log(2 pi) / 2), y >= 7.5: error of log gamma 2^-62.5. */
static const double qni_stirling_far[] = {0x1.5555555555555p-4,   -0x1.6c16c16c0f8efp-9, 0x1.a01a014e509bcp-11,
                                          -0x1.38131f724b496p-11, 0x1.b91741cb32ce2p-11, -0x1.ed4d4991358b5p-10,
                                          0x1.404511590fee6p-8};

/* The same, y >= 4.5: 2^-60.2. */
static const double qni_stirling[] = {0x1.5555555555555p-4,   -0x1.6c16c16c0fb6dp-9, 0x1.a01a016594251p-11,
                                      -0x1.381350c3c06c2p-11, 0x1.b93d6155ec1bap-11, -0x1.f42ca835d5d03p-10,
                                      0x1.8c70c7b55c9a3p-8,   -0x1.5761e1306bc5p-6,  0x1.8d36e22c8f79dp-5};

/* y^2 (log y - 1 / (2 y) - digamma(y)), y >= 4.5: error of digamma 2^-58.3. */
static const double qni_digamma_far[] = {0x1.5555555555551p-4,  -0x1.11111110f6588p-7, 0x1.04104090875ep-8,
                                         -0x1.1110af7923662p-8, 0x1.f0523d7461fe2p-8,  -0x1.57016cb2043a7p-6,
                                         0x1.3c82e8c476e11p-4,  -0x1.2f2836b9d0e71p-2, 0x1.732cedb8ad584p-1};

/* y^3 (trigamma(y) - 1 / y - 1 / (2 y^2)), y >= 4: error of trigamma 2^-59.9. */
static const double qni_trigamma_far[] = {0x1.5555555555553p-3,  -0x1.111111110884bp-5, 0x1.86186159cce1dp-6,
                                          -0x1.1110fa58876b1p-5, 0x1.364784ea697e7p-4,  -0x1.02b56c0a9694dp-2,
                                          0x1.246d5a74f4b67p0,   -0x1.8f1cdf73ef641p2,  0x1.0e7d6a99b6c13p5,
                                          -0x1.180e09beb64e8p7,  0x1.2b2606f552731p8};

/* log gamma(2 + z) / z, -3/4 <= z <= 1/2: relative error 2^-57.4. */
static const double qni_lgamma_near[] = {
    0x1.b0ee6072093cep-2,   0x1.4a34cc4a60fa6p-2,  -0x1.13e001a5575a5p-4,  0x1.51322ac7d8a94p-6,
    -0x1.e404fc21ab103p-8,  0x1.7add6eaccb702p-9,  -0x1.38ac5c1ed69f4p-10, 0x1.0b36afffc41d3p-11,
    -0x1.d3fd528336db5p-13, 0x1.a1276ed1c6a3dp-14, -0x1.78ddb4ac4a73ep-15, 0x1.5818259572bf3p-16,
    -0x1.3cbfbae349f8ap-17, 0x1.24a49ef6d2bcp-18,  -0x1.12d43fc39b28dp-19, 0x1.0cebe0d8f080ep-20,
    -0x1.a5305af57a15fp-22, 0x1.2f9bf8829bc4p-23,  -0x1.0cf214f4bb99dp-22, 0x1.8ed0ee5954d46p-25,
    0x1.08189a1f25a8dp-23,  0x1.b6928a188f8a5p-24};

/* (digamma(2 + z) - digamma(2)) / z, |z| <= 1/2: error of digamma 2^-55.8. */
static const double qni_digamma_near[] = {
    0x1.4a34cc4a60fa6p-1,  -0x1.9dd002780311p-3,   0x1.51322ac7d86bdp-4,  -0x1.2e831d94f81e4p-5,
    0x1.1c2613021ebbap-6,  -0x1.1196d0a81ed2fp-7,  0x1.0b36af9d2dc94p-8,  -0x1.073e7a3091919p-9,
    0x1.04b8c7cb361edp-10, -0x1.031917cd0d0bp-11,  0x1.020b8e3f1269ep-12, -0x1.01504be86634dp-13,
    0x1.00c315b6543a9p-14, -0x1.0170297fdbeddp-15, 0x1.02adaaf76a79ap-16, -0x1.e874acd61aafbp-18,
    0x1.d0d6132fd374ap-19, -0x1.5b1e708752209p-19, 0x1.832ff42a9c329p-20};

/* (sin(pi r) / (pi r) - 1) / r^2 in r^2 <= 1/4: error of the first quotient 2^-61.1. */
static const double qni_sine_of_pi[] = {-0x1.a51a6625307d3p0,   0x1.9f9cb402bc439p-1,  -0x1.86a8e4720af1cp-3,
                                        0x1.ac6805cd0d68dp-6,   -0x1.338169c014521p-9, 0x1.3746ae9273158p-13,
                                        -0x1.d3eaebf664836p-18, 0x1.078b4d2a88618p-22};

/* (cos(pi r) - 1) / r^2 in r^2 <= 1/4: error of the cosine 2^-56.2. */
static const double qni_cosine_of_pi[] = {-0x1.3bd3cc9be45dep2,  0x1.03c1f081b5a75p2,   -0x1.55d3c7e3c739ap0,
                                          0x1.e1f506850eaabp-3,  -0x1.a6d1f0d72a406p-6, 0x1.f9d2a6760df65p-10,
                                          -0x1.b6a2683a1fe3p-14, 0x1.174bce74e7013p-18};

/* x less the nearest integer; NaN of an infinity. */
static inline vd qni_from_integer(vd x)
{
    return v_sub(x, v_round(x));
}

/* sin(pi r) / pi, |r| <= 1/2. */
static inline vdd qni_sine(vd r)
{
    vd square = v_mul(r, r);
    return dd_fast_sum(r, v_mul(v_mul(r, square), QNI_SERIES(square, qni_sine_of_pi)));
}

/* log gamma(y), y.high >= 7.5; what y.low adds is digamma(y) times that. */
static inline vdd qni_stirling_sum(vdd y)
{
    vd inverse = v_div(v_set(1), y.high);
    vdd l = qni_pow_log(y.high, QNI_LOG_BIAS);
    vdd product = dd_scale(l, v_sub(y.high, v_set(0.5)));
    vdd less = dd_fast_sum(product.high, v_neg(y.high));
    vdd sum = dd_fast_sum(less.high, v_set(QNI_LOG_ROOT_2PI));
    vd low = v_fma(y.low, v_fnma(v_set(0.5), inverse, l.high), v_add(product.low, less.low));
    low = v_add(low, v_add(sum.low, v_set(QNI_LOG_ROOT_2PI_LOW)));
    return dd_fast_sum(sum.high, v_fma(inverse, QNI_SERIES(v_mul(inverse, inverse), qni_stirling_far), low));
}

/* w + c, which is positive. */
static inline vdd qni_dd_plus(vdd w, double c)
{
    vdd s = dd_sum(w.high, v_set(c));
    return dd_fast_sum(s.high, v_add(s.low, w.low));
}

/* x (x + 1) … (x + 7), x >= -1/2: w (w + 6) (w + 10) (w + 12). */
static inline vdd qni_eight_factors(vd x)
{
    vdd square = dd_product(x, x), seven = dd_product(x, v_set(7));
    vdd w = dd_sum(seven.high, square.high);
    w = dd_fast_sum(w.high, v_add(w.low, v_add(seven.low, square.low)));
    return dd_multiply(dd_multiply(w, qni_dd_plus(w, 6)), dd_multiply(qni_dd_plus(w, 10), qni_dd_plus(w, 12)));
}

/* Where x < 8, log gamma(x + 8) and those factors; log gamma(x) and 1 above. */
static inline vdd qni_gamma_shifted(vd x, vdd *factors)
{
    vm below = v_lt(x, v_set(8));
    vdd p = qni_eight_factors(x);
    *factors = (vdd){v_select(below, p.high, v_set(1)), v_where(below, p.low)};
    return qni_stirling_sum(dd_sum(x, v_where(below, v_set(8))));
}

/* exp(a) b */
static inline vd qni_gamma_scaled(vdd a, vdd b)
{
    vi shifted;
    vd near = qni_pow_exp(a, &shifted);
    vd y = v_fma(near, b.high, v_mul(near, b.low));
    return v_scale(y, i_sub(shifted, v_as_i(v_set(QNI_SIMD_SHIFT))));
}

/* a < -1/2 */
QNI_RARE vd qni_gamma_mirrored(vd a)
{
    vd x = v_neg(a);
    vd r = qni_from_integer(x);
    vd half = v_mul(v_round(x), v_set(0.5));
    vm even = v_eq(v_floor(half), half);
    x = qni_at_most(x, 200); /* gamma(-200) is 2^-1245 */
    vdd factors;
    vdd sum = qni_gamma_shifted(x, &factors);
    vdd ratio = dd_divide(factors, dd_scale(qni_sine(r), x));
    vd y = qni_gamma_scaled((vdd){v_neg(sum.high), v_neg(sum.low)}, ratio);
    y = v_xor(y, v_where(even, v_set(-0.0)));
    return v_select(v_eq(r, v_set(0)), v_set((double)NAN), y);
}

static inline vd v_gamma(vd a)
{
    vdd factors;
    vdd sum = qni_gamma_shifted(qni_at_most(a, 200), &factors);
    vd y = qni_gamma_scaled(sum, dd_divide((vdd){v_set(1), v_set(0)}, factors));
    vm tiny = v_lt(v_abs(a), v_set(0x1p-60));
    if (m_rare(tiny))
        y = v_select(tiny, v_div(v_set(1), a), y);
    vm mirrored = v_lt(a, v_set(-0.5));
    if (m_rare(mirrored))
        y = v_select(mirrored, qni_gamma_mirrored(a), y);
    return y;
}

/* a < -1/2: log(factors / (x sin(pi x) / pi)) - log gamma(x + 8 or 0), x = -a. */
QNI_RARE vd qni_lgamma_mirrored(vd a)
{
    vd x = v_neg(a);
    vd r = v_abs(qni_from_integer(x));
    vdd factors;
    vdd sum = qni_gamma_shifted(x, &factors);
    vdd ratio = dd_divide(factors, dd_scale(qni_sine(r), x));
    vdd l = qni_pow_log(ratio.high, QNI_LOG_BIAS);
    vdd y = dd_sum(l.high, v_neg(sum.high));
    vd low = v_add(v_div(ratio.low, ratio.high), v_sub(l.low, sum.low));
    vm pole = m_or(v_eq(r, v_set(0)), v_eq(x, v_set((double)INFINITY)));
    return v_select(pole, v_set((double)INFINITY), v_add(y.high, v_add(y.low, low)));
}

static inline vd v_lgamma(vd a)
{
    vm between = m_and(v_ge(a, v_set(1.25)), v_lt(a, v_set(1.5)));
    vd n = v_select(between, v_set(2), v_round(a)), z = v_sub(a, n);
    vm large = v_ge(a, v_set(4.5)), down = v_lt(n, v_set(2)), two = v_eq(n, v_set(2));
    vd first = v_select(down, a, v_sub(a, v_set(1)));
    vd second = v_select(v_eq(n, v_set(0)), v_add(a, v_set(1)), v_set(1));
    second = v_select(v_eq(n, v_set(4)), v_sub(a, v_set(2)), second);
    vd product = v_select(two, v_set(1), v_mul(first, second));
    vd l = v_log(v_select(large, a, v_abs(product)));
    vd y = v_fma(z, QNI_SERIES(z, qni_lgamma_near), v_xor(l, v_where(down, v_set(-0.0))));
    if (m_any(large)) {
        vd inverse = v_div(v_set(1), a);
        vd rest = v_fma(inverse, QNI_SERIES(v_mul(inverse, inverse), qni_stirling), v_set(QNI_LOG_ROOT_2PI_E));
        y = v_select(large, v_fma(v_sub(a, v_set(0.5)), v_sub(l, v_set(1)), rest), y);
    }
    vm mirrored = v_lt(a, v_set(-0.5));
    if (m_rare(mirrored))
        y = v_select(mirrored, qni_lgamma_mirrored(a), y);
    return y;
}

/* a < -1/2: digamma(1 - a) - pi cot(pi a), the cotangent from the angle to the next multiple of pi / 2; NaN at the
 * poles. */
QNI_RARE vd qni_digamma_mirrored(vd a, vd other)
{
    vd r = qni_from_integer(a), size = v_abs(r), sign = v_and(r, v_set(-0.0));
    vm far = v_gt(size, v_set(0.25));
    vd angle = v_select(far, v_sub(v_set(0.5), size), size);
    vd square = v_mul(angle, angle);
    vdd cosine = dd_fast_sum(v_set(1), v_mul(square, QNI_SERIES(square, qni_cosine_of_pi)));
    vdd sine = qni_sine(angle);
    vdd scaled = dd_scale(sine, v_set(QNI_PI_SQUARED));
    vdd top = {v_select(far, scaled.high, cosine.high), v_select(far, scaled.low, cosine.low)};
    vdd bottom = {v_select(far, cosine.high, sine.high), v_select(far, cosine.low, sine.low)};
    vdd cotangent = dd_divide(top, bottom);
    vd y = v_sub(v_sub(other, v_xor(cotangent.high, sign)), v_xor(cotangent.low, sign));
    return v_select(v_eq(r, v_set(0)), v_set((double)NAN), y);
}

/* Of 0 <= n <= 4 the recurrence's terms, which are one quotient: -1 / x - 1 / (x + 1), -1 / x, 0, 1 / (x - 1),
 * 1 / (x - 1) + 1 / (x - 2). That of 1 matters at the zero 1.46…, and its rounding is undone. */
static inline vd v_digamma(vd a)
{
    vm mirrored = v_lt(a, v_set(-0.5));
    vd x = v_select(mirrored, v_sub(v_set(1), a), a);
    vd n = v_round(x), z = v_sub(x, n), one = v_set(1);
    vm large = v_ge(x, v_set(4.5)), at_1 = v_eq(n, one), at_3 = v_eq(n, v_set(3));
    vd less_1 = v_sub(x, one), less_2 = v_sub(x, v_set(2));
    vd over = v_select(at_1, v_set(-1), v_fnma(v_set(2), x, v_set(-1)));
    over = v_select(at_3, one, v_select(v_eq(n, v_set(4)), v_add(less_1, less_2), over));
    over = v_select(large, one, v_unless(v_eq(n, v_set(2)), over));
    vd under = v_select(v_eq(n, v_set(0)), v_or(v_fma(x, x, x), v_and(x, v_set(-0.0))), x);
    under = v_select(at_3, less_1, v_select(v_eq(n, v_set(4)), v_mul(less_1, less_2), under));
    under = v_select(large, x, under);
    vd q = v_div(over, under);
    vd lost = v_where(at_1, v_mul(v_fnma(q, under, over), v_neg(q)));
    vd y = v_add(v_add(v_fma(z, QNI_SERIES(z, qni_digamma_near), v_set(QNI_EULER_REST)), q), lost);
    if (m_any(large)) {
        vd rest = v_fma(q, QNI_SERIES(v_mul(q, q), qni_digamma_far), v_set(0.5));
        y = v_select(large, v_fnma(q, rest, v_log(x)), y);
    }
    if (m_rare(mirrored))
        y = v_select(mirrored, qni_digamma_mirrored(a, y), y);
    return y;
}

/* 1 / (x.high + x.low)^2 */
static inline vd qni_inverse_square(vdd x)
{
    vd inverse = v_div(v_set(1), x.high);
    vd rest = v_fnma(inverse, x.low, v_fnma(x.high, inverse, v_set(1)));
    vd y = v_fma(v_mul(inverse, rest), v_add(inverse, inverse), v_mul(inverse, inverse));
    return v_select(v_le(v_abs(x.high), v_set(0x1p-512)), v_set((double)INFINITY), y);
}

/* trigamma(x) - trigamma(x + 4), x >= 0: 1 / x^2 is added to a quotient for the other three squares. */
static inline vd qni_four_squares(vd x)
{
    vd last = v_add(x, v_set(3)), v = v_mul(x, last), middle = v_add(v, v_set(2)); /* (x + 1) (x + 2) */
    vd square = v_mul(middle, middle), last_square = v_mul(last, last);
    vd over = v_fma(v_fma(v_set(2), v, v_set(5)), last_square, square);
    return v_add(qni_inverse_square((vdd){x, v_set(0)}), v_div(over, v_mul(square, last_square)));
}

/* a < 0: (pi / sin(pi a))^2 - trigamma(1 - a); infinite at the poles. */
QNI_RARE vd qni_trigamma_mirrored(vd a, vd other)
{
    return v_sub(qni_inverse_square(qni_sine(qni_from_integer(a))), other);
}

static inline vd v_trigamma(vd a)
{
    vm mirrored = v_lt(a, v_set(0));
    vd x = v_select(mirrored, v_sub(v_set(1), a), a);
    vm small = v_lt(x, v_set(4));
    vd inverse = v_div(v_set(1), v_add(x, v_where(small, v_set(4))));
    vd square = v_mul(inverse, inverse);
    vd rest = v_fma(inverse, QNI_SERIES(square, qni_trigamma_far), v_set(0.5));
    vd y = v_fma(square, rest, inverse);
    if (m_any(small))
        y = v_add(y, v_where(small, qni_four_squares(x)));
    if (m_rare(mirrored))
        y = v_select(mirrored, qni_trigamma_mirrored(a, y), y);
    return y;
}

#endif
