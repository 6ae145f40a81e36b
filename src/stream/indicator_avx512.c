/* stream/indicator_avx512.c: the kernels of indicators for processors with AVX-512 F, DQ and VL. */
#include "stream/indicator_int.h"

#ifdef __x86_64__
#define QNI_SIMD_LEVEL        2
#define QNI_INDICATOR_KERNELS qni_indicator_avx512
extern const qni_indicator_kernels QNI_INDICATOR_KERNELS;
#include "stream/indicator.inc"
#endif
