/* math/vector_arc.h: inverse trigonometric functions. */
#ifndef QNI_MATH_VECTOR_ARC_H
#define QNI_MATH_VECTOR_ARC_H

#include "math/vector_lanes.h"

QNI_LANES_1(v_asin, asin(x))
QNI_LANES_1(v_acos, acos(x))
QNI_LANES_1(v_atan, atan(x))
QNI_LANES_2(v_atan2, atan2(x, y))

#endif
