/* math/panel.c: the kernels of panels by processor level. Any thread. */
#include "math/panel.h"

#include "base/cpu.h"

#ifdef __x86_64__
extern const qni_panel_kernels qni_panel_avx2, qni_panel_avx512;
#endif

const qni_panel_kernels *qni_panel_kernels_of(int level)
{
#ifdef __x86_64__
    if (level == QNI_CPU_AVX512)
        return &qni_panel_avx512;
    if (level == QNI_CPU_AVX2)
        return &qni_panel_avx2;
#endif
    (void)level;
    return &qni_panel_baseline;
}
