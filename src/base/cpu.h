/* base/cpu.h: which kernels the processor can run. */
#ifndef QNI_BASE_CPU_H
#define QNI_BASE_CPU_H

#include <quern/base.h>

/* Processor levels, each with all of those before it. */
enum {
    QNI_CPU_BASELINE,
    QNI_CPU_AVX2,   /* AVX2 and FMA */
    QNI_CPU_AVX512, /* AVX-512 F, DQ and VL */
    QNI_CPU_COUNT
};

/* The name of a level, as in QUERN_CPU. */
const char *qni_cpu_name(int level);

/* The highest level that this processor and its operating system have. Any thread. */
int qni_cpu_best(void);

/* The level to be used: the best one, or what the environment's QUERN_CPU asks for. Any thread, while none changes the
 * environment. Errors: QN_CONFIG (QUERN_CPU names no level, or one that this processor lacks). */
QN_MUST_USE qn_status qni_cpu_level(int *out, qn_error *err);

#endif
