/* options/kernels_baseline.c: the kernels of options/kernels.h for every processor. */
#include "options/kernels.h"

#define QNI_SIMD_LEVEL     0
#define QNI_OPTION_KERNELS qni_option_baseline
#include "options/kernels.inc"
