/* math/vector_trig.h: trigonometric functions.
 *
 * An argument is reduced to x = (n - offset) pi + r with |r| <= pi/2. Up to 2^30 by three parts of pi, each
 * subtracted by a fused multiply-add: the first difference has no error (Cody and Waite, "Software manual for the
 * elementary functions", 1980), and r is right to an ULP even beside the multiples of pi. Beyond, by the 265 bits
 * of 1/pi that matter, to a sum of two (Payne and Hanek, "Radian reduction for trigonometric functions", 1983).
 * sin(r) is one odd polynomial on the whole of |r| <= pi/2, and cos(x) = sin(x + pi/2). Polynomials are minimax
 * fits with coefficients rounded to doubles on the way (Brisebarre and Chevillard, "Efficient polynomial L-infinity
 * approximations", 2007).
 *
 * Largest errors seen against MPFR, in ULP: sin 1.50, cos 1.58, tan 3.12, sinc 1.96; of the derivative of sinc
 * 3.26, where it is small in ULP of 1/x. */
#ifndef QNI_MATH_VECTOR_TRIG_H
#define QNI_MATH_VECTOR_TRIG_H

#include "math/vector_dd.h"
#include "math/vector_poly.h"

/* pi in three parts; halves of them are the parts of pi/2. */
#define QNI_PI_1     0x1.921fb54442d18p+1
#define QNI_PI_2     0x1.1a62633145c06p-53
#define QNI_PI_3     0x1.c1cd129024e09p-106
#define QNI_1_PI     0x1.45f306dc9c883p-2
#define QNI_TRIG_FAR 0x1p30 /* from here on reduced by Payne and Hanek */

/* 1/pi, 53 binary digits an entry, the first of them the integer part. */
static const double qni_1_pi_digits[] = {
    0x0p0,
    0xa2f9836e4e441p0,
    0xa53f84eafa3eap0,
    0xd377036d8a566p0,
    0x9e21c820ff28bp0,
    0x3abdebbc561b7p0,
    0x48dc74849ba5cp0,
    0x1924bba82746p0,
    0x90e7f0ef58e58p0,
    0x129a73ee88235fp0,
    0xa5d768909d338p0,
    0x1c09ad17df904ep0,
    0xc8eb1cc1a99cfp0,
    0x149c845f8bbdf9p0,
    0x50763ff12fffbp0,
    0x1816603fbcbc46p0,
    0x5ad05368fb69bp0,
    0x7ecf27cb09b74p0,
    0x1e8c7ecd3cbfd4p0,
    0xb5d49eeb1faf9p0,
    0xf8bd9e839cfbcp0,
    0xa5292ea6bfb5fp0,
    0x1623f1aba10ac0p0,
    0xcc11bf1edaeafp0,
};

/* (sin(r) - r) / r^3 for |r| <= pi/2, z = r^2; error of sin 2^-61. */
static inline vd qni_sin_tail(vd z)
{
    vd z2 = v_mul(z, z);
    vd c57 = v_fma(v_set(-0x1.a01a01a014eb7p-13), z, v_set(0x1.11111111110c9p-7));
    vd c9b = v_fma(v_set(-0x1.ae6454d968bc9p-26), z, v_set(0x1.71de3a52aac66p-19));
    vd cdf = v_fma(v_set(-0x1.ae43dd4e11725p-41), z, v_set(0x1.6123ce53a32c2p-33));
    vd high = v_fma(v_fma(v_fma(v_set(0x1.883c30681583dp-49), z2, cdf), z2, c9b), z2, c57);
    return v_fma(high, z, v_set(-0x1.5555555555555p-3));
}

/* sin(r) for |r| <= pi/2. The cube of r is rounded once, so that what is added to r is right to 2^-53 and no value is
 * above 1. Of -0 the cube is 0, and the sum therefore -0. */
static inline vd qni_sin_near(vd r)
{
    vd z = v_mul(r, r);
    vd cube = v_fms(r, z, v_mul(r, v_fnma(r, r, z)));
    return v_fma(cube, qni_sin_tail(z), r);
}

/* The same of a sum of two. */
static inline vd qni_sin_near_dd(vdd r)
{
    vd z = v_mul(r.high, r.high);
    vd cube = v_fms(r.high, z, v_mul(r.high, v_fnma(r.high, r.high, z)));
    vd low = v_mul(r.low, v_fma(v_fma(v_set(1.0 / 24), z, v_set(-0.5)), z, v_set(1))); /* cos(r), about */
    return v_add(r.high, v_fma(cube, qni_sin_tail(z), low));
}

/* x = n pi + r for |x| <= QNI_TRIG_FAR, where n is an integer less an offset. */
static inline vd qni_less_pi(vd x, vd n)
{
    vd r = v_fnma(n, v_set(QNI_PI_1), x);
    return v_fnma(n, v_set(QNI_PI_3), v_fnma(n, v_set(QNI_PI_2), r));
}

/* t less its multiple of 2 nearest by. */
static inline vd qni_mod_2(vd t)
{
    return v_fnma(v_set(2), v_round(v_mul(v_set(0.5), t)), t);
}

/* What is left of a number of half turns: x / pi + offset = n + turns but for multiples of 2, |turns| <= 1/2. */
typedef struct qni_reduced {
    vdd turns;
    vd n;
} qni_reduced;

/* parts: of falling size, below 2, of which the sum is wanted */
static inline qni_reduced qni_reduce_sum(const vd *parts, double offset)
{
    vdd a = dd_sum(parts[0], parts[1]);
    vdd b = dd_sum(a.high, parts[2]);
    vdd c = dd_sum(b.high, parts[3]);
    vd n = v_round(v_add(c.high, v_set(offset)));
    vdd d = dd_sum(c.high, v_sub(v_set(offset), n));
    vdd sum = dd_sum(a.low, b.low);
    vd last = sum.low;
    const vd left[] = {c.low, d.low, parts[4], parts[5]};
    for (int k = 0; k < 4; k++) {
        sum = dd_sum(sum.high, left[k]);
        last = v_add(last, sum.low);
    }
    last = v_add(last, v_add(parts[6], parts[7]));
    vdd turns = dd_sum(d.high, sum.high);
    turns = dd_fast_sum(turns.high, v_add(turns.low, last));
    return (qni_reduced){turns, n};
}

/* x 2^-53k times the digit of 1/pi that stands k after the q-th, which weighs `weight`. */
static inline vdd qni_digit_product(vd x, vi q, int k, double weight)
{
    vd digit = v_lookup(qni_1_pi_digits, i_add(q, i_set(k)));
    return dd_product(x, v_mul(digit, v_set(weight)));
}

/* Of |x| >= QNI_TRIG_FAR. With x = X 2^53q, 2^53 <= X < 2^106, the digits of 1/pi before the (q+1)-th give multiples of
 * 2 only, and what follows the (q+5)-th is below 2^-159; no double is nearer to a multiple of pi/2 than 2^-61. */
static inline qni_reduced qni_reduce_far(vd x, double offset)
{
    vd exponent = i_to_v(i_shr(v_as_i(v_abs(x)), 52));
    vi q = v_to_i(v_floor(v_mul(v_sub(exponent, v_set(1023 + 52.5)), v_set(1.0 / 53))));
    vi shift = i_sub(i_set(0), i_add(i_add(i_shl(q, 5), i_shl(q, 4)), i_add(i_shl(q, 2), q)));
    vd scaled = v_scale(x, shift);
    vdd a = qni_digit_product(scaled, q, 1, 0x1p-53), b = qni_digit_product(scaled, q, 2, 0x1p-106);
    vdd c = qni_digit_product(scaled, q, 3, 0x1p-159), d = qni_digit_product(scaled, q, 4, 0x1p-212);
    vdd e = qni_digit_product(scaled, q, 5, 0x1p-265);
    vd first = qni_mod_2(v_add(qni_mod_2(a.high), qni_mod_2(a.low)));
    const vd parts[] = {first, qni_mod_2(b.high), b.low, c.high, c.low, d.high, d.low, e.high};
    return qni_reduce_sum(parts, offset);
}

/* The sum of two that is pi times another. */
static inline vdd qni_times_pi(vdd a)
{
    vdd p = dd_product(a.high, v_set(QNI_PI_1));
    vd low = v_fma(a.high, v_set(QNI_PI_2), v_fma(a.low, v_set(QNI_PI_1), p.low));
    return dd_fast_sum(p.high, low);
}

/* -1 to the n, as a sign bit; |n| < 2^51 */
static inline vd qni_sign_of_turns(vd n)
{
    return i_as_v(i_shl(v_as_i(v_add(n, v_set(QNI_SIMD_SHIFT))), 63));
}

/* |a|, where that is what the far reduction takes, or else its least argument. */
static inline vd qni_far_only(vd a)
{
    vd x = v_abs(a);
    vm far = m_and(v_ge(x, v_set(QNI_TRIG_FAR)), v_lt(x, v_set((double)INFINITY)));
    return v_select(far, x, v_set(QNI_TRIG_FAR));
}

/* NaN of NaN and of infinities, of other numbers y. */
static inline vd qni_nan_if_endless(vd y, vd a)
{
    return v_add(y, v_sub(a, a));
}

/* sin(|a| + offset pi) where |a| > QNI_TRIG_FAR. */
static inline vd qni_sin_far(vd a, double offset)
{
    qni_reduced reduced = qni_reduce_far(qni_far_only(a), offset);
    vd y = v_xor(qni_sin_near_dd(qni_times_pi(reduced.turns)), qni_sign_of_turns(reduced.n));
    return qni_nan_if_endless(y, a);
}

QNI_RARE vd qni_sin_rare(vd a)
{
    return v_xor(qni_sin_far(a, 0), v_and(a, v_set(-0.0)));
}

QNI_RARE vd qni_cos_rare(vd a)
{
    return qni_sin_far(a, 0.5);
}

static inline vd v_sin(vd a)
{
    vd sum = v_fma(a, v_set(QNI_1_PI), v_set(QNI_SIMD_SHIFT));
    vd y = qni_sin_near(qni_less_pi(a, v_sub(sum, v_set(QNI_SIMD_SHIFT))));
    y = v_xor(y, i_as_v(i_shl(v_as_i(sum), 63)));
    vm far = v_beyond(a, QNI_TRIG_FAR);
    if (m_rare(far))
        y = v_select(far, qni_sin_rare(a), y);
    return y;
}

/* The half-integer next to x / pi is found in 20 bits of its fraction, which are then cleared. */
#define QNI_COS_SHIFT 0x1.80000001p32 /* odd: below the first half-integer the sine's sign is turned */

static inline vd v_cos(vd a)
{
    vd x = v_abs(a);
    vi sum = v_as_i(v_fma(x, v_set(QNI_1_PI), v_set(QNI_COS_SHIFT)));
    sum = i_and(sum, i_set(-0x100000));
    vd n = v_sub(i_as_v(sum), v_set(QNI_COS_SHIFT - 0.5));
    vd y = v_xor(qni_sin_near(qni_less_pi(x, n)), i_as_v(i_shl(sum, 43)));
    vm far = v_beyond(a, QNI_TRIG_FAR);
    if (m_rare(far))
        y = v_select(far, qni_cos_rare(a), y);
    return y;
}

/* tan(r) for |r| <= pi/4; where odd, of r + pi/2: sine and cosine to 2^-57, and their quotient. */
static inline vd qni_tan_near(vd r, vm odd)
{
    vd z = v_mul(r, r);
    vd z2 = v_mul(z, z);
    vd s = v_fma(v_set(0x1.5d8e61c8e8e57p-33), z, v_set(-0x1.ae5e54fed77afp-26));
    s = v_fma(s, z2, v_fma(v_set(0x1.71de355fa39ccp-19), z, v_set(-0x1.a01a019bf2b73p-13)));
    s = v_fma(s, z2, v_fma(v_set(0x1.111111110f76p-7), z, v_set(-0x1.5555555555548p-3)));
    vd c = v_fma(v_set(-0x1.8fb15614c9485p-37), z, v_set(0x1.1ee9f197f4ff1p-29));
    c = v_fma(c, z2, v_fma(v_set(-0x1.27e4f8131569dp-22), z, v_set(0x1.a01a019cbfd2dp-16)));
    c = v_fma(c, z2, v_fma(v_set(-0x1.6c16c16c15222p-10), z, v_set(0x1.555555555554cp-5)));
    vd cosine = v_fma(v_fma(c, z, v_set(-0.5)), z, v_set(1));
    vd sine = v_fma(v_mul(r, z), s, r);
    return v_div(v_select(odd, v_neg(cosine), sine), v_select(odd, sine, cosine));
}

QNI_RARE vd qni_tan_rare(vd a)
{
    vdd turns = qni_reduce_far(qni_far_only(a), 0).turns;
    vd half = v_mul(v_set(0.5), v_round(v_add(turns.high, turns.high)));
    turns = dd_fast_sum(v_sub(turns.high, half), turns.low);
    vd y = qni_tan_near(qni_times_pi(turns).high, v_ne(half, v_set(0)));
    return qni_nan_if_endless(y, a);
}

static inline vd v_tan(vd a)
{
    vd x = v_abs(a);
    vd sum = v_fma(x, v_set(2 * QNI_1_PI), v_set(QNI_SIMD_SHIFT));
    vd n = v_mul(v_set(0.5), v_sub(sum, v_set(QNI_SIMD_SHIFT)));
    vd y = qni_tan_near(qni_less_pi(x, n), i_eq(i_and(v_as_i(sum), i_set(1)), i_set(1)));
    vm far = v_beyond(a, QNI_TRIG_FAR);
    if (m_rare(far))
        y = v_select(far, qni_tan_rare(x), y);
    return v_xor(y, v_and(a, v_set(-0.0)));
}

/* x = n + f for an integer n and |f| <= 1/2, without error; sign: that of (-1)^n. */
typedef struct qni_half_turns {
    vd f, sign;
} qni_half_turns;

static inline qni_half_turns qni_half_turns_of(vd x)
{
    vd n = v_round(x);
    vm odd = v_ne(qni_mod_2(n), v_set(0));
    return (qni_half_turns){v_sub(x, n), v_where(odd, v_set(-0.0))};
}

/* sin(pi f) / pi for |f| <= 1/2; error 2^-61. */
static inline vd qni_sin_turns(vd f)
{
    vd z = v_mul(f, f);
    vd z2 = v_mul(z, z);
    vd c57 = v_fma(v_set(-0x1.86a8e4720a12p-3), z, v_set(0x1.9f9cb402bc428p-1));
    vd c9b = v_fma(v_set(-0x1.33816995daaafp-9), z, v_set(0x1.ac6805cc8300bp-6));
    vd cdf = v_fma(v_set(-0x1.d3e67626a2a9fp-18), z, v_set(0x1.3746a0f292486p-13));
    vd high = v_fma(v_fma(v_fma(v_set(0x1.074097837b121p-22), z2, cdf), z2, c9b), z2, c57);
    return v_fma(v_mul(f, z), v_fma(high, z, v_set(-0x1.a51a6625307d3p0)), f);
}

/* cos(pi f) for |f| <= 1/2; absolute error 2^-57. */
static inline vd qni_cos_turns(vd f)
{
    vd z = v_mul(f, f);
    vd z2 = v_mul(z, z);
    vd c46 = v_fma(v_set(-0x1.55d3c7e3c0267p0), z, v_set(0x1.03c1f081b59a7p2));
    vd c8a = v_fma(v_set(-0x1.a6d1efd02a059p-6), z, v_set(0x1.e1f506815e383p-3));
    vd cce = v_fma(v_set(-0x1.b695b65460cc4p-14), z, v_set(0x1.f9d2561ed9436p-10));
    vd high = v_fma(v_fma(v_fma(v_set(0x1.167c2ba2d2477p-18), z2, cce), z2, c8a), z2, c46);
    return v_fma(v_fma(high, z, v_set(-0x1.3bd3cc9be45dcp2)), z, v_set(1));
}

/* sin(pi x) / (pi x): 1 at 0, 0 at the other integers; NaN at infinity, as NumPy has it. */
static inline vd v_sinc(vd a)
{
    qni_half_turns t = qni_half_turns_of(a);
    vd y = v_add(v_xor(v_div(qni_sin_turns(t.f), a), t.sign), v_set(0)); /* no -0 */
    return v_select(v_eq(a, v_set(0)), v_set(1), y);
}

/* The derivative of sinc for |x| <= 1/2, where the difference below would cancel; error 2^-55. */
static inline vd qni_sinc_d_near(vd x)
{
    vd z = v_mul(x, x);
    vd z2 = v_mul(z, z);
    vd c13 = v_fma(v_set(0x1.9f9cb402bc423p1), z, v_set(-0x1.a51a6625307d3p1));
    vd c57 = v_fma(v_set(0x1.ac6805cc416e9p-3), z, v_set(-0x1.24feab55874ccp0));
    vd c9b = v_fma(v_set(0x1.d2e9e4c8fa9f2p-10), z, v_set(-0x1.8061c3de3a1cep-6));
    vd cdf = v_fma(v_set(0x1.070a3b55be22fp-18), z, v_set(-0x1.9967035ac65b5p-14));
    vd p = v_fma(v_fma(v_fma(cdf, z2, c9b), z2, c57), z2, c13);
    return v_mul(x, p);
}

/* (cos(pi x) - sinc(x)) / x */
static inline vd v_sinc_d(vd a)
{
    qni_half_turns t = qni_half_turns_of(a);
    vd sinc = v_div(qni_sin_turns(t.f), a);
    vd y = v_div(v_xor(v_sub(qni_cos_turns(t.f), sinc), t.sign), a);
    return v_select(v_le(v_abs(a), v_set(0.5)), v_add(qni_sinc_d_near(a), v_set(0)), y); /* no -0 */
}

#endif
