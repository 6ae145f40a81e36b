/* math/vector_basic.h: functions that are exact or rounded once or twice, with the conventions of NumPy; and the
 * arithmetic of derivatives. Truth is 1, falsehood 0; every number but 0 is true, NaN included. */
#ifndef QNI_MATH_VECTOR_BASIC_H
#define QNI_MATH_VECTOR_BASIC_H

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

/* The smaller and the larger; NaN where either is. */
static inline vd v_minimum(vd a, vd b)
{
    return v_select(m_or(v_le(a, b), v_isnan(a)), a, b);
}

static inline vd v_maximum(vd a, vd b)
{
    return v_select(m_or(v_ge(a, b), v_isnan(a)), a, b);
}

/* The remainder with the sign of b, and the quotient rounded down that belongs to it: a = b v_floordiv(a, b) + v_mod(a,
 * b) but for rounding. */
static inline vd v_floordiv(vd a, vd b)
{
    return v_floor(v_div(a, b));
}

static inline vd v_mod(vd a, vd b)
{
    return v_fnma(v_floor(v_div(a, b)), b, a);
}

/* 1 where a is above b, 1/2 where they are equal: how much of a derivative goes to the larger of two. */
static inline vd v_above(vd a, vd b)
{
    vd whole = v_where(v_gt(a, b), v_set(1));
    return v_select(v_eq(a, b), v_set(0.5), whole);
}

/* Products and quotients in which a zero factor wins over everything, NaN included. */
static inline vd v_zmul(vd a, vd b)
{
    vd zero = v_set(0);
    return v_unless(m_or(v_eq(a, zero), v_eq(b, zero)), v_mul(a, b));
}

static inline vd v_zdiv(vd a, vd b)
{
    return v_unless(v_eq(a, v_set(0)), v_div(a, b));
}

/* d/dx x^a = a x^(a-1), given p = x^a. x^0 has the derivative 0 even at 0. Dividing p by x saves a second power and is
 * as exact where nothing overflows or underflows. */
static inline vd v_pow_dx(vd x, vd a, vd p)
{
    vd zero = v_set(0), size = v_abs(p);
    vm plain = m_and(m_and(v_ge(size, v_set(0x1p-1022)), v_lt(size, v_set((double)INFINITY))),
                     m_and(v_ne(x, zero), v_lt(v_abs(x), v_set((double)INFINITY))));
    vd r = v_mul(a, v_div(p, x));
    if (m_any(m_not(plain)))
        r = v_select(plain, r, v_mul(a, v_pow(x, v_sub(a, v_set(1)))));
    return v_unless(v_eq(a, zero), r);
}

/* d/da x^a = x^a log x, given p = x^a and l = log x. At x = 0 it is 0 for a > 0, and by convention for a = 0. */
static inline vd v_pow_da(vd p, vd l)
{
    vm gone = m_and(v_eq(p, v_set(0)), v_eq(l, l));
    vm start = m_and(v_eq(p, v_set(1)), v_eq(l, v_set((double)-INFINITY)));
    return v_unless(m_or(gone, start), v_mul(p, l));
}

#endif
