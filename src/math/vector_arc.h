/* math/vector_arc.h: inverse trigonometric functions.
 *
 * The arc tangent of |t| <= 1 is one odd polynomial; beyond, it is pi/2 less that of the inverse. The arc sine of
 * |x| <= 1/2 is another; beyond, with s^2 = (1 - |x|) / 2, it is pi/2 less twice that of s. Polynomials are minimax
 * fits with coefficients rounded to doubles on the way (Brisebarre and Chevillard, "Efficient polynomial L-infinity
 * approximations", 2007).
 *
 * Largest errors seen against MPFR, in ULP: atan 1.36, atan2 1.49, asin 1.15, acos 1.11. */
#ifndef QNI_MATH_VECTOR_ARC_H
#define QNI_MATH_VECTOR_ARC_H

#include "math/vector_poly.h"

#define QNI_HALF_PI     0x1.921fb54442d18p+0
#define QNI_HALF_PI_LOW 0x1.1a62633145c07p-54

/* (atan(t) - t) / t^3 for 0 <= t <= 1, z = t^2; error of atan 2^-57.5. */
static inline vd qni_atan_tail(vd z)
{
    vd z2 = v_mul(z, z);
    vd z4 = v_mul(z2, z2);
    vd c0 = v_fma(v_set(0x1.99999999955b4p-3), z, v_set(-0x1.5555555555526p-2));
    vd c2 = v_fma(v_set(0x1.c71c717fcf76dp-4), z, v_set(-0x1.249249237f57dp-3));
    vd q0 = v_fma(c2, z2, c0);
    vd c4 = v_fma(v_set(0x1.3b13669a2a047p-4), z, v_set(-0x1.745d11ae74c7ap-4));
    vd c6 = v_fma(v_set(0x1.e1bba66c1a4b8p-5), z, v_set(-0x1.110e5126fd02dp-4));
    vd q4 = v_fma(c6, z2, c4);
    vd c8 = v_fma(v_set(0x1.82dad79d1736p-5), z, v_set(-0x1.ae5e72c0e6984p-5));
    vd c10 = v_fma(v_set(0x1.2c2e5ccfd4e26p-5), z, v_set(-0x1.59a3ff2ac6667p-5));
    vd q8 = v_fma(c10, z2, c8);
    vd c12 = v_fma(v_set(0x1.683cc98472e13p-6), z, v_set(-0x1.e9fa0da6643e9p-6));
    vd c14 = v_fma(v_set(0x1.d7b927bbdceedp-8), z, v_set(-0x1.c78fcd542af16p-7));
    vd q12 = v_fma(c14, z2, c12);
    vd c16 = v_fma(v_set(0x1.b3facbcd7bb8ap-11), z, v_set(-0x1.7a399ad4364a2p-9));
    vd c18 = v_fma(v_set(0x1.bbed9f7b04237p-17), z, v_set(-0x1.3f364d4b9695cp-13));
    vd q16 = v_fma(c18, z2, c16);
    return v_fma(v_fma(v_fma(v_fma(q16, z4, q12), z4, q8), z4, q4), z4, q0);
}

/* base + atan(t) or, where side is a sign bit, base - atan(t); t >= 0. The low part of base comes with the sign that
 * the arc tangent then has. */
static inline vd qni_atan_from(vd t, vd side, vd base, vd base_low)
{
    vd z = v_mul(t, t);
    vd small = v_fma(v_mul(t, z), qni_atan_tail(z), base_low);
    return v_add(base, v_xor(v_add(t, small), side));
}

static inline vd v_atan(vd a)
{
    vd x = v_abs(a);
    vm beyond = v_gt(x, v_set(1));
    vd t = v_select(beyond, v_div(v_set(1), x), x);
    vd side = v_where(beyond, v_set(-0.0));
    vd y = qni_atan_from(t, side, v_where(beyond, v_set(QNI_HALF_PI)), v_where(beyond, v_set(-QNI_HALF_PI_LOW)));
    return v_xor(y, v_and(a, v_set(-0.0)));
}

/* The angle of the point (x, y), of the signs and infinities of C99: -0 as x is to the left of the origin, and an
 * infinite x and y make odd multiples of pi/4. */
static inline vd v_atan2(vd y, vd x)
{
    vd up = v_abs(y), along = v_abs(x);
    vm steep = v_gt(up, along);
    vd least = v_select(steep, along, up), most = v_select(steep, up, along);
    vd t = v_div(least, most);
    t = v_select(v_eq(least, most), v_where(v_gt(most, v_set(0)), v_set(1)), t);
    vm left = i_gt(i_set(0), v_as_i(x));
    vd side = v_xor(v_where(steep, v_set(-0.0)), v_where(left, v_set(-0.0)));
    vd quarters = v_select(steep, v_set(1), v_where(left, v_set(2)));
    vd base = v_mul(quarters, v_set(QNI_HALF_PI)), low = v_mul(quarters, v_set(QNI_HALF_PI_LOW));
    return v_xor(qni_atan_from(t, side, base, v_xor(low, side)), v_and(y, v_set(-0.0)));
}

/* (asin(s) - s) / s^3 for |s| <= 1/2, z = s^2; error of asin 2^-58. */
static inline vd qni_asin_tail(vd z)
{
    vd z2 = v_mul(z, z);
    vd z4 = v_mul(z2, z2);
    vd c0 = v_fma(v_set(0x1.3333333332da2p-4), z, v_set(0x1.5555555555556p-3));
    vd c2 = v_fma(v_set(0x1.f1c71c11deeadp-6), z, v_set(0x1.6db6db6e48603p-5));
    vd q0 = v_fma(c2, z2, c0);
    vd c4 = v_fma(v_set(0x1.1c4d112cf67d3p-6), z, v_set(0x1.6e8bb3752168fp-6));
    vd c6 = v_fma(v_set(0x1.7801022f1be58p-7), z, v_set(0x1.c9d30ac27c391p-7));
    vd q4 = v_fma(c6, z2, c4);
    vd c8 = v_fma(v_set(0x1.5e2919d3753a9p-8), z, v_set(0x1.532a90dc073eep-7));
    vd c10 = v_fma(v_set(-0x1.f58c4e797bf33p-7), z, v_set(0x1.22053f1b0db7dp-6));
    vd q8 = v_fma(c10, z2, c8);
    return v_fma(v_fma(v_fma(v_set(0x1.dc181a1e43fdap-6), z4, q8), z4, q4), z4, q0);
}

/* s and z = s^2 such that asin(|a|) is asin(s) where |a| <= 1/2, and pi/2 - 2 asin(s) elsewhere; NaN where |a| > 1. */
typedef struct qni_arc {
    vd s, z;
} qni_arc;

static inline vm qni_arc_beyond(vd a)
{
    return v_gt(v_abs(a), v_set(0.5));
}

static inline qni_arc qni_arc_of(vd a)
{
    vd x = v_abs(a);
    vm beyond = qni_arc_beyond(a);
    vd half = v_fma(v_set(-0.5), x, v_set(0.5)); /* no error there */
    vd z = v_select(beyond, half, v_mul(x, x));
    return (qni_arc){v_select(beyond, v_sqrt(half), x), z};
}

static inline vd v_asin(vd a)
{
    qni_arc arc = qni_arc_of(a);
    vd tail = v_mul(v_mul(arc.s, arc.z), qni_asin_tail(arc.z));
    vd double_s = v_add(arc.s, arc.s);
    vd beyond = v_sub(v_set(QNI_HALF_PI), double_s);
    vd low = v_sub(v_sub(v_set(QNI_HALF_PI), beyond), double_s);
    beyond = v_add(beyond, v_add(low, v_fma(v_set(-2), tail, v_set(QNI_HALF_PI_LOW))));
    return v_copysign(v_select(qni_arc_beyond(a), beyond, v_add(arc.s, tail)), a);
}

/* pi/2 - asin(a); 2 asin(s) beyond 1/2, and pi less that on the other side. */
static inline vd v_acos(vd a)
{
    qni_arc arc = qni_arc_of(a);
    vd sign = v_and(a, v_set(-0.0));
    vd tail = v_mul(v_mul(arc.s, arc.z), qni_asin_tail(arc.z));
    vd times = v_select(qni_arc_beyond(a), v_set(2), v_set(-1));
    vm left = i_gt(i_set(0), v_as_i(a));
    vd base = v_select(qni_arc_beyond(a), v_where(left, v_set(2 * QNI_HALF_PI)), v_set(QNI_HALF_PI));
    vd base_low = v_select(qni_arc_beyond(a), v_where(left, v_set(2 * QNI_HALF_PI_LOW)), v_set(QNI_HALF_PI_LOW));
    vd part = v_xor(v_mul(times, arc.s), sign);
    vd sum = v_add(base, part);
    vd low = v_add(v_sub(base, sum), part);
    return v_add(sum, v_add(low, v_fma(v_xor(times, sign), tail, base_low)));
}

#endif
