/* math/numerics_avx2.c: the kernels of math/numerics_int.h for processors with AVX2 and FMA. */
#include "math/numerics_int.h"

#ifdef __x86_64__
#define QNI_SIMD_LEVEL       1
#define QNI_NUMERICS_KERNELS qni_numerics_avx2
extern const qni_numerics_kernels QNI_NUMERICS_KERNELS;
#include "math/numerics.inc"
#endif
