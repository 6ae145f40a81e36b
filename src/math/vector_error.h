/* math/vector_error.h: the error function and its complement. */
#ifndef QNI_MATH_VECTOR_ERROR_H
#define QNI_MATH_VECTOR_ERROR_H

#include "math/vector_lanes.h"

QNI_LANES_1(v_erf, erf(x))
QNI_LANES_1(v_erfc, erfc(x))

#endif
