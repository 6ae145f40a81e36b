/* lang/kernels_avx2.c: the kernels for processors with AVX2 and FMA. */
#include "lang/ops_int.h"

#ifdef __x86_64__
#define QNI_SIMD_LEVEL 1
#define QNI_KERNELS    qni_kernels_avx2
extern const qni_kernels QNI_KERNELS;
#include "lang/kernels.inc"
#endif
