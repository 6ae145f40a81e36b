/* The kernels of indicators for AVX-512 once more, for any processor: property/indicator_ways.c compares them. */
#include "stream/indicator_int.h"

#define QNI_SIMD_LEVEL        2
#define QNI_SIMD_EMULATED     "property/avx512_emulated.h"
#define QNI_INDICATOR_KERNELS test_indicators_emulated
extern const qni_indicator_kernels QNI_INDICATOR_KERNELS;
#include "stream/indicator.inc"
