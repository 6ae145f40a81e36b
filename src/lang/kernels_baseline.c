/* lang/kernels_baseline.c: the kernels for every processor. */
#include "lang/ops_int.h"

#define QNI_SIMD_LEVEL 0
#define QNI_KERNELS    qni_kernels_baseline
extern const qni_kernels QNI_KERNELS;
#include "lang/kernels.inc"
