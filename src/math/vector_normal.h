/* math/vector_normal.h: the normal distribution, by Mills' ratio Y(z) = Phi(z) / phi(z), and differences of that ratio
 * which do not cancel.
 *
 * Phi and phi are the distribution and the density of the standard normal. With w = (z + 2) / (6 - z) the half line
 * z <= 1/2 becomes the short interval -1 < w <= 5/11 on which Y hardly bends (Shepherd and Laframboise, "Chebyshev
 * approximation of (1 + 2x) exp(x^2) erfc x in 0 <= x < infinity", 1981). A polynomial in w is evaluated together
 * with its divided difference: Horner's scheme at w2 also yields the coefficients of (f(w) - f(w2)) / (w - w2), which
 * is evaluated at w1 on the way. Since w1 - w2 = 8 (z1 - z2) / ((6 - z1) (6 - z2)), Y(z1) - Y(z2) is as accurate as
 * z1 - z2 is given, however close both are. The polynomial is the integral of a minimax fit of dY/dw, which is
 * positive, so that its mean, the divided difference, has no more than its relative error: (1 + z^2 / 64) 2^-56,
 * before rounding. */
#ifndef QNI_MATH_VECTOR_NORMAL_H
#define QNI_MATH_VECTOR_NORMAL_H

#include "math/vector_exp.h"
#include "math/vector_poly.h"

#define QNI_MILLS_MOST      0.5 /* the largest z */
#define QNI_MILLS_POLE      6.0
#define QNI_MILLS_MIDDLE    2.0 /* w is 0 at z less this */
#define QNI_MILLS_STRETCH   8.0 /* the sum of both */
#define QNI_INV_SQRT_TWO_PI 0x1.9884533d43651p-2

static const double qni_mills[] = {
    0x1.af7b6a4d54e8dp-2,   0x1.421256caac5cdp+0,   0x1.149b22a54c01bp+1,  0x1.8317e233df568p+1,
    0x1.bcc55b2a14a82p+1,   0x1.a1f7d8006ef62p+1,   0x1.3b93ab35a44bp+1,   0x1.6eede8a6656e2p+0,
    0x1.26a2c4209910ep-1,   0x1.945cc7e4a69b4p-4,   -0x1.7eb80e10fec3fp-5, -0x1.1c19553810ecep-5,
    -0x1.48d1c27b44f4bp-9,  0x1.866132a8424e1p-8,   0x1.bccab5a11df29p-10, -0x1.00de7cf5f45fbp-10,
    -0x1.e9be2a9a39446p-12, 0x1.8d790bfcb8703p-13,  0x1.cd662f84cd891p-14, -0x1.93cfbbd7a9c6bp-15,
    -0x1.816bf0c353a95p-16, 0x1.3976003c57369p-16,  0x1.e3eb773c658fdp-18, -0x1.17b9ed1b4dcfcp-17,
    -0x1.e18696c60c3b7p-18, -0x1.2080d0394b899p-19, -0x1.fc979db935823p-23};

/* Y of two numbers. */
typedef struct qni_mills_pair {
    vd first, second; /* Y(z1), Y(z2) */
    vd difference;    /* Y(z1) - Y(z2) */
} qni_mills_pair;

/* Of z2 <= z1 <= QNI_MILLS_MOST, which may be far out, but not so far that (6 - z1) (6 - z2) overflows; apart = z1 - z2
 * is better known to the caller than from both. Relative errors are a few 2^-53 for the difference down to z1 = -3, and
 * less than (1 + z^2) 2^-53 beyond. */
static inline qni_mills_pair v_mills_pair(vd z1, vd z2, vd apart)
{
    enum {
        LAST = sizeof qni_mills / sizeof *qni_mills - 1
    };
    const double *c = qni_mills;
    vd below1 = v_sub(v_set(QNI_MILLS_POLE), z1), below2 = v_sub(v_set(QNI_MILLS_POLE), z2);
    vd product = v_div(v_set(1), v_mul(below1, below2));
    vd w1 = v_mul(v_add(z1, v_set(QNI_MILLS_MIDDLE)), v_mul(product, below2));
    vd w2 = v_mul(v_add(z2, v_set(QNI_MILLS_MIDDLE)), v_mul(product, below1));
    vd sum = v_add(w1, w2), square1 = v_mul(w1, w1), square2 = v_mul(w2, w2);
    vd value = v_fma(v_set(c[LAST]), w2, v_set(c[LAST - 1]));
    vd slope = v_set(c[LAST]);
#pragma GCC unroll 16
    for (int k = LAST - 3; k > 0; k -= 2) {
        slope = v_fma(slope, square1, v_fma(sum, value, v_set(c[k + 1])));
        value = v_fma(value, square2, v_fma(v_set(c[k + 1]), w2, v_set(c[k])));
    }
    slope = v_fma(slope, w1, value);
    vd second = v_fma(value, w2, v_set(c[0]));
    vd difference = v_mul(v_mul(v_mul(apart, v_set(QNI_MILLS_STRETCH)), product), slope);
    return (qni_mills_pair){v_add(second, difference), second, difference};
}

/* Y(z), z <= QNI_MILLS_MOST: relative error below 2 (1 + z^2) 2^-53, 4 ULP near 0. */
static inline vd v_mills(vd z)
{
    return QNI_SERIES(v_div(v_add(z, v_set(QNI_MILLS_MIDDLE)), v_sub(v_set(QNI_MILLS_POLE), z)), qni_mills);
}

/* phi(z): relative error of 2 (1 + z^2) 2^-53. */
static inline vd v_normal_density(vd z)
{
    return v_mul(v_exp(v_mul(v_mul(z, z), v_set(-0.5))), v_set(QNI_INV_SQRT_TWO_PI));
}

#endif
