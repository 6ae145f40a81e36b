/* math/vector_exp.h: exponentials, hyperbolic functions and their kin. */
#ifndef QNI_MATH_VECTOR_EXP_H
#define QNI_MATH_VECTOR_EXP_H

#include "math/vector_lanes.h"

QNI_LANES_1(v_exp, exp(x))
QNI_LANES_1(v_exp2, exp2(x))
QNI_LANES_1(v_expm1, expm1(x))
QNI_LANES_1(v_sinh, sinh(x))
QNI_LANES_1(v_cosh, cosh(x))
QNI_LANES_1(v_tanh, tanh(x))
QNI_LANES_1(v_sigmoid, x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x)))

#endif
