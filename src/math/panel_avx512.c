/* math/panel_avx512.c: the kernels of math/panel.h for processors with AVX-512 F, DQ and VL. */
#include "math/panel.h"

#ifdef __x86_64__
#define QNI_SIMD_LEVEL    2
#define QNI_PANEL_KERNELS qni_panel_avx512
extern const qni_panel_kernels QNI_PANEL_KERNELS;
#include "math/panel.inc"
#endif
