/* options/kernels_avx512.c: the kernels of options/kernels.h for processors with AVX-512 F, DQ and VL. */
#include "options/kernels.h"

#ifdef __x86_64__
#define QNI_SIMD_LEVEL     2
#define QNI_OPTION_KERNELS qni_option_avx512
extern const qni_option_kernels QNI_OPTION_KERNELS;
#include "options/kernels.inc"
#endif
