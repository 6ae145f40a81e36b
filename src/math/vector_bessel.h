/* math/vector_bessel.h: Bessel functions of the first kind, of orders 0 and 1.
 *
 * Up to |x| = 6 a polynomial in x^2 about its middle, 18: J0 = 1 + x^2 P, J1 = x Q. Beyond, amplitude and phase (Watson,
 * "A treatise on the theory of Bessel functions", 1922, 13.75): with s = 1 / x^2,
 *   J(x) = sqrt(2 / (pi x)) (1 + s M(s)) cos(x - pi/4 - order pi/2 + F(s) / x),
 * where x is reduced as the sine's argument is. The polynomials M and F are fits on 0 <= s <= 1/36 of what J^2 + Y^2 and
 * atan(Y / J) give. All are minimax with coefficients rounded to doubles on the way (Brisebarre and Chevillard,
 * "Efficient polynomial L-infinity approximations", 2007).
 *
 * What counts is the absolute error. The largest seen against MPFR for |x| <= 10000: @ERR. Beyond, errors fall with the
 * amplitude, to the largest double. */
#ifndef QNI_MATH_VECTOR_BESSEL_H
#define QNI_MATH_VECTOR_BESSEL_H

#include "math/vector_trig.h"

enum {
    QNI_BESSEL_TERMS = 15
};

/* P: of J0 2^-54.4 on |x| <= 6. */
static const double qni_j0_near_terms[] = {-0x1.37d3d45ac8b65p-4,  0x1.56df4eefe2e03p-8,   -0x1.704f7d346363dp-13,
                                           0x1.aa4a15d6b0701p-19,  -0x1.2ffedf9248d2ap-25, 0x1.254845d68d4ffp-32,
                                           -0x1.984dd47ad9dc4p-40, 0x1.adac015d84e7fp-48,  -0x1.61f06bad19de3p-56,
                                           0x1.d5058576f703p-65,   -0x1.fee87a68dac24p-74, 0x1.d1c26993eafffp-83,
                                           -0x1.6349342079794p-92, 0x1.b04c97be40d3fp-102, -0x1.395554c09d0aap-108};

/* Q: of J1 2^-57.4. */
static const double qni_j1_near_terms[] = {-0x1.279d91cc5a17bp-5,  -0x1.0f653104d5f07p-7,  0x1.749ffa9802a75p-11,
                                           -0x1.54ca66f58be6ep-16, 0x1.4870e330240a7p-22,  -0x1.8cdc3358e9d8ap-29,
                                           0x1.4ad4c4d6022acp-36,  -0x1.94c919bc58fb1p-44, 0x1.7ba1a1785a428p-52,
                                           -0x1.19e9ac3179e0dp-60, 0x1.53fcd88a01a0fp-69,  -0x1.53bd9ff0f4ee5p-78,
                                           0x1.1e21abda3f868p-87,  -0x1.9b1ae1b4a0531p-97, 0x1.8442dc7e4d7dfp-107};

/* An order at |x| >= 6: M and F, errors of J below 2^-55; the phase at the origin in half turns, as a sine's. */
typedef struct qni_bessel_order {
    double amplitude[QNI_BESSEL_TERMS];
    double phase[QNI_BESSEL_TERMS];
    double offset;
} qni_bessel_order;

static const qni_bessel_order qni_bessel_0 = {
    .amplitude = {-0x1.fffffffffff25p-5, 0x1.a7fffffe1d573p-4, -0x1.15effd3b813d3p-1, 0x1.764f79b519fddp2,
                  -0x1.ab4b91c7c8395p6, 0x1.6fe8ec9b86b95p11, -0x1.ad1a3e91c99dbp16, 0x1.269af6f102a2cp22,
                  -0x1.970ca71c5d1bcp27, 0x1.f0d9c24b8c03ap32, -0x1.e839d960db5f8p37, 0x1.66f2a6cefb86dp42,
                  -0x1.6d027487a004ap46, 0x1.c6263ad1d17acp49, -0x1.03394a669ad71p52},
    .phase = {-0x1.ffffffffffff4p-4, 0x1.0aaaaaaa74c36p-4, -0x1.ad3331f6fd548p-3, 0x1.a357910a776b9p0,
              -0x1.777da4f80020fp4, 0x1.0a75e83b8a36ap9, -0x1.0b6c9dfc00758p14, 0x1.4a6c4b9431af3p19,
              -0x1.ab169d5647a2bp24, 0x1.f4b952d3ec13ep29, -0x1.e003266a163a7p34, 0x1.5b58caca26d3dp39,
              -0x1.5d6f7655027c7p43, 0x1.af768bf8e30e5p46, -0x1.e9c4e8eff1b0dp48},
    .offset = 0.25,
};

static const qni_bessel_order qni_bessel_1 = {
    .amplitude = {0x1.7ffffffffffc3p-3, -0x1.8bfffffef2b62p-3, 0x1.9c4ffce99382p-1, -0x1.ef599a089270ap2,
                  0x1.09621d5327d4dp7, -0x1.b77403b83511cp11, 0x1.f3d71ee4cf038p16, -0x1.51f037551fa3ap22,
                  0x1.cecd21814510bp27, -0x1.19065c6feb507p33, 0x1.13519c9d94609p38, -0x1.9411eeaf2b749p42,
                  0x1.9a606ae838a9dp46, -0x1.fe24adadcfcfcp49, 0x1.22fea733364aep52},
    .phase = {0x1.7fffffffffffdp-2, -0x1.4fffffffe29dap-3, 0x1.7bcccc1dcd695p-2, -0x1.2f48073e19ab4p1,
              0x1.e9dc2b0e3cd7cp4, -0x1.4812d3a98b43bp9, 0x1.3df668432d62bp14, -0x1.80cec2205da19p19,
              0x1.eba468833d2acp24, -0x1.1e61057af6ddp30, 0x1.118e5118413f7p35, -0x1.8b11289a21d72p39,
              0x1.8cead9968cbcap43, -0x1.e9a9b31373b9cp46, 0x1.15bfa6b92ff62p49},
    .offset = -0.25,
};

/* The polynomial of these terms, of rising power. */
static inline vd qni_bessel_terms(const double *terms, vd x)
{
    vd p = v_set(terms[QNI_BESSEL_TERMS - 1]);
    for (int k = QNI_BESSEL_TERMS - 2; k >= 0; k--)
        p = v_fma(p, x, v_set(terms[k]));
    return p;
}

/* sin(x + offset pi + shift) where x > QNI_TRIG_FAR. */
QNI_RARE vd qni_bessel_wave_rare(vd x, vd shift, double offset)
{
    qni_reduced reduced = qni_reduce_far(qni_far_only(x), offset);
    vd r = v_add(qni_times_pi(reduced.turns).high, shift);
    return v_xor(qni_sin_near(r), qni_sign_of_turns(reduced.n));
}

/* For x > 6; 0 at infinity. */
static inline vd qni_bessel_far(vd x, const qni_bessel_order *order)
{
    vd inverse = v_div(v_set(1), x), s = v_mul(inverse, inverse);
    vd shift = v_mul(inverse, qni_bessel_terms(order->phase, s));
    vd sum = v_add(v_fma(x, v_set(QNI_1_PI), v_set(order->offset)), v_set(QNI_SIMD_SHIFT));
    vd n = v_sub(v_sub(sum, v_set(QNI_SIMD_SHIFT)), v_set(order->offset));
    vd wave = v_xor(qni_sin_near(v_add(qni_less_pi(x, n), shift)), i_as_v(i_shl(v_as_i(sum), 63)));
    vm far = v_beyond(x, QNI_TRIG_FAR);
    if (m_rare(far))
        wave = v_select(far, qni_bessel_wave_rare(x, shift, order->offset), wave);
    vd size = v_sqrt(v_mul(inverse, v_set(2 * QNI_1_PI)));
    vd amplitude = v_fma(v_mul(size, s), qni_bessel_terms(order->amplitude, s), size);
    return v_unless(v_isinf(x), v_mul(amplitude, wave));
}

/* J0 or, where order is 1, J1(x) / x for |x| <= 6 */
static inline vd qni_bessel_near(vd x, int order)
{
    vd middle = v_fms(x, x, v_set(18));
    if (order == 1)
        return qni_bessel_terms(qni_j1_near_terms, middle);
    return v_fma(v_mul(x, x), qni_bessel_terms(qni_j0_near_terms, middle), v_set(1));
}

static inline vd v_besselj0(vd a)
{
    vd x = v_abs(a), y = v_set(0);
    vm near = v_le(x, v_set(6));
    if (m_any(near))
        y = qni_bessel_near(x, 0);
    if (m_any(m_not(near)))
        y = v_select(near, y, qni_bessel_far(x, &qni_bessel_0));
    return y;
}

static inline vd v_besselj1(vd a)
{
    vd x = v_abs(a), y = v_set(0);
    vm near = v_le(x, v_set(6));
    if (m_any(near))
        y = v_mul(x, qni_bessel_near(x, 1));
    if (m_any(m_not(near)))
        y = v_select(near, y, qni_bessel_far(x, &qni_bessel_1));
    return v_xor(y, v_and(a, v_set(-0.0)));
}

/* J1(x) / x, 1/2 at 0. */
static inline vd v_besselj1_ratio(vd a)
{
    vd x = v_abs(a), y = v_set(0);
    vm near = v_le(x, v_set(6));
    if (m_any(near))
        y = qni_bessel_near(x, 1);
    if (m_any(m_not(near)))
        y = v_select(near, y, v_div(qni_bessel_far(x, &qni_bessel_1), x));
    return y;
}

#endif
