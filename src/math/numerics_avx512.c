/* math/numerics_avx512.c: the kernels of math/numerics_int.h for processors with AVX-512 F, DQ and VL. */
#include "math/numerics_int.h"

#ifdef __x86_64__
#define QNI_SIMD_LEVEL       2
#define QNI_NUMERICS_KERNELS qni_numerics_avx512
extern const qni_numerics_kernels QNI_NUMERICS_KERNELS;
#include "math/numerics.inc"
#endif
