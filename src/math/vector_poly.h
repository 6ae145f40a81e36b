/* math/vector_poly.h: what the vector functions share: polynomials, and how rare arguments are treated.
 *
 * A function computes the common range for all lanes; behind one m_rare test it computes the rest, apart and for all
 * lanes again, and selects it in where its mask says so: a lane's result never depends on the others. */
#ifndef QNI_MATH_VECTOR_POLY_H
#define QNI_MATH_VECTOR_POLY_H

#include "math/simd.h"

/* A function for rare arguments: kept out of the loops, whose registers it would take. */
#define QNI_RARE static __attribute__((noinline, cold, unused))

/* Whether a lane is set, which it seldom is. */
static inline bool m_rare(vm m)
{
    return __builtin_expect(m_any(m), 0);
}

/* |a| > limit, or a is NaN. */
static inline vm v_beyond(vd a, double limit)
{
    return i_gt(v_as_i(v_abs(a)), v_as_i(v_set(limit)));
}

/* v_polyN(x, x^2, c) = c[0] + c[1] x + ... + c[N] x^N, as a polynomial in x^2 whose coefficients are pairs
 * c[k] + c[k+1] x: as few operations as Horner's form in a chain half as long. */
static inline vd v_poly0(vd x, vd x2, const double *c)
{
    (void)x;
    (void)x2;
    return v_set(c[0]);
}

static inline vd v_poly1(vd x, vd x2, const double *c)
{
    (void)x2;
    return v_fma(v_set(c[1]), x, v_set(c[0]));
}

#define QNI_POLY(N, N_LESS_2)                                                \
    static inline vd v_poly##N(vd x, vd x2, const double *c)                 \
    {                                                                        \
        return v_fma(v_poly##N_LESS_2(x, x2, c + 2), x2, v_poly1(x, x2, c)); \
    }
QNI_POLY(2, 0)
QNI_POLY(3, 1)
QNI_POLY(4, 2)
QNI_POLY(5, 3)
QNI_POLY(6, 4)
QNI_POLY(7, 5)
QNI_POLY(8, 6)
QNI_POLY(9, 7)
QNI_POLY(10, 8)

/* c[0] + c[1] x + … of count >= 3 constants: pairs of terms, then Horner's scheme in x^2; c[0] is added last, so
 * that it alone is rounded much. */
static inline __attribute__((always_inline)) vd v_series(vd x, const double *c, int count)
{
    vd square = v_mul(x, x);
    int k = count % 2 == 1 ? count - 2 : count - 1;
    vd sum = k == count - 1 ? v_set(c[k]) : v_fma(v_set(c[k + 1]), x, v_set(c[k]));
#pragma GCC unroll 16
    for (k -= 2; k > 0; k -= 2)
        sum = v_fma(sum, square, v_fma(v_set(c[k + 1]), x, v_set(c[k])));
    return v_fma(sum, x, v_set(c[0]));
}

/* That of a whole table. */
#define QNI_SERIES(x, table) v_series(x, table, (int)(sizeof(table) / sizeof *(table)))

#endif
