/* The kernels of plain arrays for AVX-512 once more, for any processor: property/numerics_levels.c compares them. */
#include "math/numerics_int.h"

#define QNI_SIMD_LEVEL       2
#define QNI_SIMD_EMULATED    "property/avx512_emulated.h"
#define QNI_NUMERICS_KERNELS test_numerics_emulated
extern const qni_numerics_kernels QNI_NUMERICS_KERNELS;
#include "math/numerics.inc"
