/* The kernels of options for AVX-512 once more, for any processor: property/option_levels.c compares them. */
#include "options/kernels.h"

#define QNI_SIMD_LEVEL     2
#define QNI_SIMD_EMULATED  "property/avx512_emulated.h"
#define QNI_OPTION_KERNELS test_options_emulated
extern const qni_option_kernels QNI_OPTION_KERNELS;
#include "options/kernels.inc"
