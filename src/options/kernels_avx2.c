/* options/kernels_avx2.c: the kernels of options/kernels.h for processors with AVX2 and FMA. */
#include "options/kernels.h"

#ifdef __x86_64__
#define QNI_SIMD_LEVEL     1
#define QNI_OPTION_KERNELS qni_option_avx2
extern const qni_option_kernels QNI_OPTION_KERNELS;
#include "options/kernels.inc"
#endif
