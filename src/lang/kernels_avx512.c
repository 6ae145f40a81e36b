/* lang/kernels_avx512.c: the kernels for processors with AVX-512 F, DQ and VL. */
#include "lang/ops_int.h"

#ifdef __x86_64__
#define QNI_SIMD_LEVEL 2
#define QNI_KERNELS    qni_kernels_avx512
extern const qni_kernels QNI_KERNELS;
#include "lang/kernels.inc"
#endif
