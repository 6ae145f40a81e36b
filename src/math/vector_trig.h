/* math/vector_trig.h: trigonometric functions. */
#ifndef QNI_MATH_VECTOR_TRIG_H
#define QNI_MATH_VECTOR_TRIG_H

#include "math/vector_lanes.h"

QNI_LANES_1(v_sin, sin(x))
QNI_LANES_1(v_cos, cos(x))
QNI_LANES_1(v_tan, tan(x))
QNI_LANES_1(v_sinc, x == 0 ? 1 : sin(M_PI * x) / (M_PI * x))
QNI_LANES_1(v_sinc_d, x == 0 ? 0 : (cos(M_PI * x) - sin(M_PI * x) / (M_PI * x)) / x)

#endif
