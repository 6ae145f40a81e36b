/* stream/indicator_avx2.c: the kernels of indicators for processors with AVX2 and FMA. */
#include "stream/indicator_int.h"

#ifdef __x86_64__
#define QNI_SIMD_LEVEL        1
#define QNI_INDICATOR_KERNELS qni_indicator_avx2
extern const qni_indicator_kernels QNI_INDICATOR_KERNELS;
#include "stream/indicator.inc"
#endif
