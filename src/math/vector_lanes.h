/* math/vector_lanes.h: a function of the C library, lane by lane. */
#ifndef QNI_MATH_VECTOR_LANES_H
#define QNI_MATH_VECTOR_LANES_H

#include "math/simd.h"

#define QNI_LANES_1(name, value)              \
    static inline vd name(vd a)               \
    {                                         \
        double x_[VWIDTH], r_[VWIDTH];        \
        v_store(x_, a);                       \
        for (int k_ = 0; k_ < VWIDTH; k_++) { \
            double x = x_[k_];                \
            r_[k_] = (value);                 \
        }                                     \
        return v_load(r_);                    \
    }

#define QNI_LANES_2(name, value)                   \
    static inline vd name(vd a, vd b)              \
    {                                              \
        double x_[VWIDTH], y_[VWIDTH], r_[VWIDTH]; \
        v_store(x_, a);                            \
        v_store(y_, b);                            \
        for (int k_ = 0; k_ < VWIDTH; k_++) {      \
            double x = x_[k_], y = y_[k_];         \
            r_[k_] = (value);                      \
        }                                          \
        return v_load(r_);                         \
    }

#endif
