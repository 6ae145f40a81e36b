/* math/vector_dd.h: numbers as sums of two doubles, high + low, for what one double would round away.
 *
 * Dekker, "A floating-point technique for extending the available precision", 1971; Joldes, Muller and Popescu,
 * "Tight and rigorous error bounds for basic building blocks of double-word arithmetic", 2017. */
#ifndef QNI_MATH_VECTOR_DD_H
#define QNI_MATH_VECTOR_DD_H

#include "math/simd.h"

typedef struct vdd {
    vd high, low;
} vdd;

/* a + b without error; |a| >= |b| or a = 0. */
static inline vdd dd_fast_sum(vd a, vd b)
{
    vd s = v_add(a, b);
    return (vdd){s, v_sub(b, v_sub(s, a))};
}

/* a + b without error. */
static inline vdd dd_sum(vd a, vd b)
{
    vd s = v_add(a, b);
    vd b_part = v_sub(s, a);
    return (vdd){s, v_add(v_sub(a, v_sub(s, b_part)), v_sub(b, b_part))};
}

/* a b without error, but where it or its low part underflows. */
static inline vdd dd_product(vd a, vd b)
{
    vd p = v_mul(a, b);
    return (vdd){p, v_fms(a, b, p)};
}

/* a b, where b is one double. */
static inline vdd dd_scale(vdd a, vd b)
{
    vdd p = dd_product(a.high, b);
    return dd_fast_sum(p.high, v_fma(a.low, b, p.low));
}

/* a b */
static inline vdd dd_multiply(vdd a, vdd b)
{
    vdd p = dd_product(a.high, b.high);
    return dd_fast_sum(p.high, v_fma(a.low, b.high, v_fma(a.high, b.low, p.low)));
}

/* a / b */
static inline vdd dd_divide(vdd a, vdd b)
{
    vd inverse = v_div(v_set(1), b.high);
    vd q = v_mul(a.high, inverse);
    vd rest = v_fnma(q, b.low, v_add(v_fnma(q, b.high, a.high), a.low));
    return dd_fast_sum(q, v_mul(rest, inverse));
}

#endif
