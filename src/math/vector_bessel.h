/* math/vector_bessel.h: Bessel functions of the first kind, of orders 0 and 1. */
#ifndef QNI_MATH_VECTOR_BESSEL_H
#define QNI_MATH_VECTOR_BESSEL_H

#include "math/vector_lanes.h"

QNI_LANES_1(v_besselj0, j0(x))
QNI_LANES_1(v_besselj1, j1(x))
QNI_LANES_1(v_besselj1_ratio, x == 0 ? 0.5 : j1(x) / x)

#endif
