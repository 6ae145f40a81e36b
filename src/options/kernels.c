/* options/kernels.c: the kernels of options by processor level. Any thread. */
#include "options/kernels.h"

#include "base/cpu.h"

#ifdef __x86_64__
extern const qni_option_kernels qni_option_avx2, qni_option_avx512;
#endif

const qni_option_kernels *qni_option_kernels_of(int level)
{
#ifdef __x86_64__
    if (level == QNI_CPU_AVX512)
        return &qni_option_avx512;
    if (level == QNI_CPU_AVX2)
        return &qni_option_avx2;
#endif
    (void)level;
    return &qni_option_baseline;
}
