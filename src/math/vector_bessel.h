/* math/vector_bessel.h: Bessel functions of the first kind, of orders 0 and 1.
 *
 * Up to |x| = 5 a polynomial in x^2 about its middle, 12.5: J0 = 1 + x^2 P, J1 = x Q. Beyond, amplitude and phase
 * (Watson, "A treatise on the theory of Bessel functions", 1922, 13.75): with s = 1 / x^2,
 *   J(x) = sqrt(2 / (pi x)) (1 + s M(s)) cos(x - pi/4 - order pi/2 + F(s) / x),
 * where x is reduced as the argument of a sine is. M and F are fitted on 0 <= s <= 1/25 to what J^2 + Y^2 and
 * atan(Y / J) are there. All polynomials are minimax with coefficients rounded to doubles on the way (Brisebarre and
 * Chevillard, "Efficient polynomial L-infinity approximations", 2007).
 *
 * What counts is the absolute error. The largest seen for |x| <= 10000: J0 3.4e-16, J1 2.5e-16, J1(x) / x 1.5e-16.
 * Beyond, errors fall with the amplitude, to the largest double; what is left of it at infinity is 0. */
#ifndef QNI_MATH_VECTOR_BESSEL_H
#define QNI_MATH_VECTOR_BESSEL_H

#include "math/vector_trig.h"

#define QNI_BESSEL_FAR 5 /* from here on by amplitude and phase */

enum {
    QNI_BESSEL_NEAR_TERMS = 14,
    QNI_BESSEL_FAR_TERMS = 18
};

/* P: error of J0 2^-54.7, for |x| <= QNI_BESSEL_FAR. */
static const double qni_j0_near_terms[] = {-0x1.c5c0c9ea3296p-4,   0x1.e9feb7bfe2837p-8,   -0x1.eca854cf871f8p-13,
                                           0x1.0f255dc850061p-18,  -0x1.74f7ef90933e8p-25, 0x1.5e487b281fd88p-32,
                                           -0x1.ddb2be38d5038p-40, 0x1.ee8ee4e3aa7c6p-48,  -0x1.9208e300f657ap-56,
                                           0x1.077af8073943dp-64,  -0x1.1c57a970f60b3p-73, 0x1.0063222c43853p-82,
                                           -0x1.af89c951f6a24p-92, 0x1.ff711cf2074f1p-100};

/* Q: error of J1 2^-56. */
static const double qni_j1_near_terms[] = {0x1.1bc72971267d4p-5,   -0x1.298cf69ed1bafp-6,  0x1.220e4d21f5e5fp-10,
                                           -0x1.d5724ec6635f4p-16, 0x1.a773926c11fe9p-22,  -0x1.ea6fe14d6e3bep-29,
                                           0x1.8cdb2b8aaadefp-36,  -0x1.daed75fe43067p-44, 0x1.b5d0cc7b27ca9p-52,
                                           -0x1.40abeb248072bp-60, 0x1.7e62ed5736e4ep-69,  -0x1.79ffec9af845ap-78,
                                           0x1.3be93fab077acp-87,  -0x1.dbf5e0f70ae31p-96};

/* An order at x > QNI_BESSEL_FAR: M and F, errors of J below 2^-55.5; and the phase at the origin, in half turns and as
 * that of a sine. */
typedef struct qni_bessel_order {
    double amplitude[QNI_BESSEL_FAR_TERMS];
    double phase[QNI_BESSEL_FAR_TERMS];
    double offset;
} qni_bessel_order;

static const qni_bessel_order qni_bessel_0 = {
    .amplitude = {-0x1.fffffffffff74p-5, 0x1.a7fffffec71fap-4, -0x1.15effe2d54866p-1, 0x1.7650019e419b3p2,
                  -0x1.ab5f92c6a7d36p6, 0x1.70cc04a5f43b1p11, -0x1.b3af4fffe9dadp16, 0x1.3765812391a5bp22,
                  -0x1.d3df757cdfb5bp27, 0x1.482971125749bp33, -0x1.8cd5d6dbcf8a4p38, 0x1.89318fcba762ap43,
                  -0x1.33c0e3949cc26p48, 0x1.6fd8798d14fe4p52, -0x1.420dc8a88ce0ep56, 0x1.83f49bdaaeccap59,
                  -0x1.1ea5bc68508aap62, 0x1.8715057b0c5e5p63},
    .phase = {-0x1.ffffffffffff8p-4, 0x1.0aaaaaaa880dep-4, -0x1.ad333266f59e3p-3, 0x1.a357d057746f6p0,
              -0x1.7786fa5aa4b26p4, 0x1.0adfde20e18e7p9, -0x1.0e7e2d863f254p14, 0x1.5a0ecb673c8e3p19,
              -0x1.e3a1bc4806e12p24, 0x1.445b15a2f4e24p30, -0x1.7d7561a67cbbap35, 0x1.73377f184a812p40,
              -0x1.1f0705261d42cp45, 0x1.541bf092b3f82p49, -0x1.27dcdff0d71cep53, 0x1.62a7094b8b84ap56,
              -0x1.0505d42eff0a9p59, 0x1.6300623fe2c1cp60},
    .offset = 0.25,
};

static const qni_bessel_order qni_bessel_1 = {
    .amplitude = {0x1.7ffffffffffd9p-3, -0x1.8bffffff51d5ep-3, 0x1.9c4ffdf8c9a23p-1, -0x1.ef5a327c33324p2,
                  0x1.096d5544a2a88p7, -0x1.b872b0decb2f3p11, 0x1.fb3879821f475p16, -0x1.64c2d07d6a737p22,
                  0x1.097bdf63ea33p28, -0x1.725ddfb6b9ee4p33, 0x1.be65ba09b2a03p38, -0x1.b962139180f2ap43,
                  0x1.58fe60aa6c48dp48, -0x1.9bf4f925ced7ep52, 0x1.686ab8bed80aap56, -0x1.b1eee09f56323p59,
                  0x1.407b6a6ab3302p62, -0x1.b518001fc3ep63},
    .phase = {0x1.7fffffffffffep-2, -0x1.4fffffffed37dp-3, 0x1.7bcccc5c441c3p-2, -0x1.2f482ac28e7a9p1,
              0x1.e9e6ac2ccce92p4, -0x1.488a46eeff0aep9, 0x1.416cdf07ca5cp14, -0x1.92763d8343748p19,
              0x1.15c1e46a3fa2cp25, -0x1.71fc054e42e59p30, 0x1.b167767c9ea18p35, -0x1.a4c7286369d74p40,
              0x1.44de7c6eb58b8p45, -0x1.8092ed601d9f9p49, 0x1.4e512b6019de1p53, -0x1.908d7d690ce51p56,
              0x1.26b2ae1df519dp59, -0x1.90b06adcd152dp60},
    .offset = -0.25,
};

/* The polynomial of these terms, of rising power. One after the other, which is what errs least. */
static inline vd qni_bessel_near_terms(const double *terms, vd x)
{
    vd p = v_set(terms[QNI_BESSEL_NEAR_TERMS - 1]);
    for (int k = QNI_BESSEL_NEAR_TERMS - 2; k >= 0; k--)
        p = v_fma(p, x, v_set(terms[k]));
    return p;
}

/* The same by even and odd terms, which is faster. */
static inline vd qni_bessel_far_terms(const double *terms, vd x)
{
    vd square = v_mul(x, x), even = v_set(terms[QNI_BESSEL_FAR_TERMS - 2]),
       odd = v_set(terms[QNI_BESSEL_FAR_TERMS - 1]);
    for (int k = QNI_BESSEL_FAR_TERMS - 4; k >= 0; k -= 2) {
        even = v_fma(even, square, v_set(terms[k]));
        odd = v_fma(odd, square, v_set(terms[k + 1]));
    }
    return v_fma(odd, x, even);
}

/* sin(x + offset pi + shift) where x > QNI_TRIG_FAR. */
QNI_RARE vd qni_bessel_wave_rare(vd x, vd shift, double offset)
{
    qni_reduced reduced = qni_reduce_far(qni_far_only(x), offset);
    vd r = v_add(qni_times_pi(reduced.turns).high, shift);
    return v_xor(qni_sin_near(r), qni_sign_of_turns(reduced.n));
}

/* For x > QNI_BESSEL_FAR; 0 at infinity. */
static inline vd qni_bessel_far(vd x, const qni_bessel_order *order)
{
    vd inverse = v_div(v_set(1), x), s = v_mul(inverse, inverse);
    vd shift = v_mul(inverse, qni_bessel_far_terms(order->phase, s));
    vd sum = v_add(v_fma(x, v_set(QNI_1_PI), v_set(order->offset)), v_set(QNI_SIMD_SHIFT));
    vd n = v_sub(v_sub(sum, v_set(QNI_SIMD_SHIFT)), v_set(order->offset));
    vd wave = v_xor(qni_sin_near(v_add(qni_less_pi(x, n), shift)), i_as_v(i_shl(v_as_i(sum), 63)));
    vm far = v_beyond(x, QNI_TRIG_FAR);
    if (m_rare(far))
        wave = v_select(far, qni_bessel_wave_rare(x, shift, order->offset), wave);
    vd size = v_sqrt(v_mul(inverse, v_set(2 * QNI_1_PI)));
    vd amplitude = v_fma(v_mul(size, s), qni_bessel_far_terms(order->amplitude, s), size);
    return v_unless(v_isinf(x), v_mul(amplitude, wave));
}

/* J0 or, where order is 1, J1(x) / x, for x <= QNI_BESSEL_FAR. */
static inline vd qni_bessel_near(vd x, int order)
{
    vd middle = v_fms(x, x, v_set(12.5));
    if (order == 1)
        return qni_bessel_near_terms(qni_j1_near_terms, middle);
    vd p = qni_bessel_near_terms(qni_j0_near_terms, middle);
    vdd square = dd_product(x, x);
    return v_fma(square.low, p, v_fma(square.high, p, v_set(1)));
}

static inline vd v_besselj0(vd a)
{
    vd x = v_abs(a), y = v_set(0);
    vm near = v_le(x, v_set(QNI_BESSEL_FAR));
    if (m_any(near))
        y = qni_bessel_near(x, 0);
    if (m_any(m_not(near)))
        y = v_select(near, y, qni_bessel_far(x, &qni_bessel_0));
    return y;
}

static inline vd v_besselj1(vd a)
{
    vd x = v_abs(a), y = v_set(0);
    vm near = v_le(x, v_set(QNI_BESSEL_FAR));
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
    vm near = v_le(x, v_set(QNI_BESSEL_FAR));
    if (m_any(near))
        y = qni_bessel_near(x, 1);
    if (m_any(m_not(near)))
        y = v_select(near, y, v_div(qni_bessel_far(x, &qni_bessel_1), x));
    return y;
}

#endif
