/* math/vector_power.h: powers and roots. */
#ifndef QNI_MATH_VECTOR_POWER_H
#define QNI_MATH_VECTOR_POWER_H

#include "math/vector_lanes.h"

QNI_LANES_2(v_pow, pow(x, y))
QNI_LANES_1(v_cbrt, cbrt(x))
QNI_LANES_2(v_hypot, hypot(x, y))

#endif
