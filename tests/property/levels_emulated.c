/* The kernels for AVX-512 once more, for any processor: property/levels.c compares them. */
#include "lang/ops_int.h"
#include "math/panel.h"

#define QNI_SIMD_LEVEL    2
#define QNI_SIMD_EMULATED "property/avx512_emulated.h"
#define QNI_KERNELS       test_kernels_emulated
#define QNI_PANEL_KERNELS test_panel_emulated
extern const qni_kernels QNI_KERNELS;
extern const qni_panel_kernels QNI_PANEL_KERNELS;
#include "lang/kernels.inc"
#include "math/panel.inc"
