/* math/vector_log.h: logarithms, inverse hyperbolic functions and softplus. */
#ifndef QNI_MATH_VECTOR_LOG_H
#define QNI_MATH_VECTOR_LOG_H

#include "math/vector_lanes.h"

QNI_LANES_1(v_log, log(x))
QNI_LANES_1(v_log2, log2(x))
QNI_LANES_1(v_log10, log10(x))
QNI_LANES_1(v_log1p, log1p(x))
QNI_LANES_1(v_asinh, asinh(x))
QNI_LANES_1(v_acosh, acosh(x))
QNI_LANES_1(v_atanh, atanh(x))
QNI_LANES_1(v_softplus, x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)))

#endif
