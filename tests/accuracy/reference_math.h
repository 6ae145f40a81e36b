/* accuracy/reference_math.h: the functions over the reals to which operations are compared (accuracy/reference.h). */
#ifndef QUERN_TEST_REFERENCE_MATH_H
#define QUERN_TEST_REFERENCE_MATH_H

#include "accuracy/reference.h"

/* clang-format off */
#define REFERENCE_PLAIN(X) \
    X(sqrt) X(cbrt) X(exp) X(exp2) X(expm1) X(log) X(log2) X(log10) X(log1p) X(sin) X(cos) X(tan) X(asin) X(acos) \
    X(atan) X(sinh) X(cosh) X(tanh) X(asinh) X(acosh) X(atanh) X(erf) X(erfc) X(gamma) X(lgamma) X(digamma) X(j0) \
    X(j1) X(sigmoid) X(softplus) X(trigamma) X(sinc) X(sinc_d) X(j1_ratio) X(pow) X(hypot) X(atan2) X(pow_dx) \
    X(pow4)
/* clang-format on */

#define REFERENCE_DECLARE(name) reference_real real_##name;
REFERENCE_PLAIN(REFERENCE_DECLARE)
#undef REFERENCE_DECLARE

#endif
