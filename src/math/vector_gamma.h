/* math/vector_gamma.h: the gamma function, the logarithm of its magnitude, and the derivatives of that. */
#ifndef QNI_MATH_VECTOR_GAMMA_H
#define QNI_MATH_VECTOR_GAMMA_H

#include "math/vector_lanes.h"

QNI_LANES_1(v_gamma, tgamma(x))
QNI_LANES_1(v_lgamma, lgamma(x))
QNI_LANES_1(v_digamma, (lgamma(x * (1 + 1e-6)) - lgamma(x * (1 - 1e-6))) / (2e-6 * x))
QNI_LANES_1(v_trigamma, (lgamma(x * (1 + 1e-4)) + lgamma(x * (1 - 1e-4)) - 2 * lgamma(x)) / (1e-8 * x * x))

#endif
