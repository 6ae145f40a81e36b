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

#endif
