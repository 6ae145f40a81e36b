/* math/panel_baseline.c: the kernels of math/panel.h for every processor. */
#include "math/panel.h"

#define QNI_SIMD_LEVEL    0
#define QNI_PANEL_KERNELS qni_panel_baseline
#include "math/panel.inc"
