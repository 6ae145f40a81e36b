/* math/vector_basic.h: functions that are exact or rounded once or twice, with the conventions of NumPy; and the
 * arithmetic of derivatives. Truth is 1, falsehood 0; every number but 0 is true, NaN included. */
#ifndef QNI_MATH_VECTOR_BASIC_H
#define QNI_MATH_VECTOR_BASIC_H

#include "math/vector_modulo.h"
#include "math/vector_power.h"

static inline vd v_truth(vm m)
{
    return v_where(m, v_set(1));
}

static inline vm v_true(vd a)
{
    return v_ne(a, v_set(0));
}

/* -1, 0 or 1; NaN of NaN. */
static inline vd v_sign(vd a)
{
    return v_select(v_isnan(a), a, v_unless(v_eq(a, v_set(0)), v_copysign(v_set(1), a)));
}

/* The smaller and the larger, b where they are equal (0 and -0 are); NaN where either is. */
static inline vd v_minimum(vd a, vd b)
{
    return v_select(m_or(v_lt(a, b), v_isnan(a)), a, b);
}

static inline vd v_maximum(vd a, vd b)
{
    return v_select(m_or(v_gt(a, b), v_isnan(a)), a, b);
}

/* 1 where a is above b, 1/2 where they are equal: how much of a derivative goes to the larger of two. */
static inline vd v_above(vd a, vd b)
{
    vd whole = v_where(v_gt(a, b), v_set(1));
    return v_select(v_eq(a, b), v_set(0.5), whole);
}

/* Products and quotients in which a zero factor wins over everything, infinities and NaN included, and dividing by an
 * infinity is such a factor; the sign is the product of signs even then, so that signs can be moved between factors.
 * Only a NaN can be such a case. */
static inline vd v_sign_of_product(vd a, vd b)
{
    vd signs = v_xor(v_unless(v_isnan(a), a), v_unless(v_isnan(b), b)); /* the sign of a NaN is anything */
    return v_and(signs, v_set(-0.0));
}

static inline vd qni_zero_wins(vd result, vm gone, vd a, vd b)
{
    return v_select(m_and(gone, v_isnan(result)), v_sign_of_product(a, b), result);
}

static inline vd v_zmul(vd a, vd b)
{
    vd product = v_mul(a, b);
    if (m_any(v_isnan(product)))
        product = qni_zero_wins(product, m_or(v_eq(a, v_set(0)), v_eq(b, v_set(0))), a, b);
    return product;
}

static inline vd v_zdiv(vd a, vd b)
{
    vd quotient = v_div(a, b);
    if (m_any(v_isnan(quotient)))
        quotient = qni_zero_wins(quotient, m_or(v_eq(a, v_set(0)), v_isinf(b)), a, b);
    return quotient;
}

/* zmul(zmul(a, b), c) */
static inline vd v_zmul3(vd a, vd b, vd c)
{
    vd product = v_mul(v_mul(a, b), c);
    if (m_any(v_isnan(product)))
        product = v_zmul(v_zmul(a, b), c);
    return product;
}

/* a^4, to within 0.6 units in the last place, 1 where the result is subnormal: the square's own error is carried on. */
static inline vd v_pow4(vd a)
{
    vd square = v_mul(a, a), rest = v_fms(a, a, square), plain = v_mul(square, square);
    vd fourth = v_fma(square, square, v_mul(v_add(square, square), rest));
    return v_select(v_lt(plain, v_set((double)INFINITY)), fourth, plain);
}

/* a x^(a-1) where p = x^a or p / x is no normal number: by the power of half the exponent, which is, where it matters.
 * The signs of p and x say the result's. */
QNI_RARE vd qni_pow_dx_far(vd x, vd a, vd p)
{
    vd size = v_abs(x), root = v_pow(size, v_mul(v_set(0.5), a));
    vd r = v_mul(v_div(v_mul(a, root), size), root);
    vd inside = v_select(v_isnan(p), p, v_xor(r, v_and(v_xor(p, x), v_set(-0.0))));
    vm edge = m_or(v_eq(x, v_set(0)), v_isinf(x));
    return v_select(edge, v_mul(a, v_pow(x, v_sub(a, v_set(1)))), inside);
}

/* d/dx x^a = a x^(a-1), given p = x^a. x^0 has the derivative 0 even at 0. Dividing p by x saves a second power. */
static inline vd v_pow_dx(vd x, vd a, vd p)
{
    vd ratio = v_div(p, x), least = v_set(0x1p-1022), infinity = v_set((double)INFINITY);
    vd smaller = v_select(v_lt(v_abs(p), v_abs(ratio)), v_abs(p), v_abs(ratio));
    vd larger = v_select(v_lt(v_abs(p), v_abs(ratio)), v_abs(ratio), v_abs(p));
    vm plain = m_and(v_ge(smaller, least), v_lt(larger, infinity));
    vd r = v_mul(a, ratio);
    if (m_rare(m_not(plain)))
        r = v_select(plain, r, qni_pow_dx_far(x, a, p));
    return v_unless(v_eq(a, v_set(0)), r);
}

/* d/da x^a = x^a log x, given p = x^a and l = log x. At x = 0 it is 0 for a > 0, and by convention for a = 0. */
static inline vd v_pow_da(vd p, vd l)
{
    vm gone = m_and(v_eq(p, v_set(0)), v_eq(l, l));
    vm start = m_and(v_eq(p, v_set(1)), v_eq(l, v_set((double)-INFINITY)));
    return v_unless(m_or(gone, start), v_mul(p, l));
}

#endif
