/* math/panel_avx2.c: the kernels of math/panel.h for processors with AVX2 and FMA. */
#include "math/panel.h"

#ifdef __x86_64__
#define QNI_SIMD_LEVEL    1
#define QNI_PANEL_KERNELS qni_panel_avx2
extern const qni_panel_kernels QNI_PANEL_KERNELS;
#include "math/panel.inc"
#endif
