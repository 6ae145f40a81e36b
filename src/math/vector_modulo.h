/* math/vector_modulo.h: remainder and floor division, to the bit as NumPy's remainder and floor_divide.
 *
 * The remainder of truncated division is exact, as C's fmod: where the quotient is below 2^53 it is cut to an integer q
 * and a - q b is a double; larger quotients are taken away 53 bits at a time. */
#ifndef QNI_MATH_VECTOR_MODULO_H
#define QNI_MATH_VECTOR_MODULO_H

#include "math/vector_poly.h"

/* x - y floor(x / y) for 0 <= x, 0 < y, x / y < 2^53. The rounded quotient may be 1 too large, where x is just below a
 * multiple of y; x - q y is then above -y, and exact in both cases. */
static inline vd qni_mod_step(vd x, vd y)
{
    vd r = v_fnma(v_trunc(v_div(x, y)), y, x);
    return v_select(v_lt(r, v_set(0)), v_add(r, y), r);
}

/* The exponent of a > 0, subnormal numbers included. */
static inline vi qni_mod_exponent(vd a)
{
    vm small = v_lt(a, v_set(0x1p-1022));
    vi biased = i_shr(v_as_i(v_select(small, v_mul(a, v_set(0x1p54)), a)), 52);
    return i_sub(biased, i_select(small, i_set(1023 + 54), i_set(1023)));
}

/* The remainder where the quotient is large, or an operand infinite, 0 or NaN. */
QNI_RARE vd qni_mod_far(vd x, vd y)
{
    vd infinity = v_set((double)INFINITY), r = x;
    vm finite = m_and(v_lt(x, infinity), m_and(v_gt(y, v_set(0)), v_lt(y, infinity)));
    vm busy = m_and(finite, v_ge(x, y));
    while (m_any(busy)) {
        vi above = i_sub(i_sub(qni_mod_exponent(r), qni_mod_exponent(y)), i_set(52));
        vd multiple = v_scale(y, i_select(m_and(busy, i_gt(above, i_set(0))), above, i_set(0)));
        r = v_select(busy, qni_mod_step(r, multiple), r);
        busy = m_and(busy, v_ge(r, y));
    }
    vm same = m_and(v_lt(x, infinity), v_eq(y, infinity));
    return v_select(m_or(finite, same), r, v_sub(v_set((double)NAN), x));
}

/* C's fmod: exact, with the sign of a; NaN where a is infinite or b is 0. */
static inline vd v_fmod(vd a, vd b)
{
    vd x = v_abs(a), y = v_abs(b);
    vd r = qni_mod_step(x, y);
    vm plain = m_and(v_le(v_div(x, y), v_set(0x1p52)), v_lt(y, v_set((double)INFINITY)));
    if (m_rare(m_not(plain)))
        r = v_select(plain, r, qni_mod_far(x, y));
    return v_copysign(r, a);
}

/* The remainder with the sign of b. */
static inline vd v_mod(vd a, vd b)
{
    vd r = v_fmod(a, b), zero = v_set(0);
    vd moved = v_select(v_lt(v_mul(v_copysign(v_set(1), r), v_copysign(v_set(1), b)), zero), v_add(r, b), r);
    return v_select(v_eq(r, zero), v_copysign(zero, b), moved);
}

/* The quotient rounded down that belongs to it: a = b v_floordiv(a, b) + v_mod(a, b) but for rounding. a / b where b
 * is 0. */
static inline vd v_floordiv(vd a, vd b)
{
    vd r = v_fmod(a, b), zero = v_set(0), one = v_set(1), ratio = v_div(a, b);
    vm opposite = v_lt(v_mul(v_copysign(one, r), v_copysign(one, b)), zero);
    vd quotient = v_sub(v_div(v_sub(a, r), b), v_where(m_and(opposite, v_ne(r, zero)), one));
    vd below = v_floor(quotient);
    vd nearest = v_add(below, v_where(v_gt(v_sub(quotient, below), v_set(0.5)), one));
    vd whole = v_select(v_eq(quotient, zero), v_copysign(zero, ratio), nearest);
    return v_select(v_eq(b, zero), ratio, whole);
}

#endif
