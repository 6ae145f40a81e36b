/* stream/indicator_baseline.c: the kernels of indicators for every processor, and those for records one by one. */
#include "stream/indicator_int.h"

#define QNI_SIMD_LEVEL        0
#define QNI_INDICATOR_KERNELS qni_indicator_baseline
#include "stream/indicator.inc"
