/* math/numerics_baseline.c: the kernels of math/numerics_int.h for every processor. */
#include "math/numerics_int.h"

#define QNI_SIMD_LEVEL       0
#define QNI_NUMERICS_KERNELS qni_numerics_baseline
#include "math/numerics.inc"
