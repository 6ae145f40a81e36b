/* base/cpu.c: processor levels. */
#include "base/cpu.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

static const char *const names[QNI_CPU_COUNT] = {
    [QNI_CPU_BASELINE] = "baseline",
    [QNI_CPU_AVX2] = "avx2",
    [QNI_CPU_AVX512] = "avx512",
};

const char *qni_cpu_name(int level)
{
    return names[level];
}

int qni_cpu_best(void)
{
#ifdef __x86_64__
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
        return QNI_CPU_BASELINE;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512dq") ||
        !__builtin_cpu_supports("avx512vl"))
        return QNI_CPU_AVX2;
    return QNI_CPU_AVX512;
#else
    return QNI_CPU_BASELINE;
#endif
}

qn_status qni_cpu_level(int *out, qn_error *err)
{
    int best = *out = qni_cpu_best();
    const char *asked = getenv("QUERN_CPU");
    if (asked == NULL || *asked == '\0')
        return QN_OK;
    for (int level = 0; level < QNI_CPU_COUNT; level++) {
        if (strcmp(asked, names[level]) != 0)
            continue;
        if (level > best)
            return qni_error(err, QN_CONFIG, "QUERN_CPU=%s: this processor has only %s", asked, names[best]);
        *out = level;
        return QN_OK;
    }
    return qni_error(err, QN_CONFIG, "QUERN_CPU=%.40s: the levels are baseline, avx2 and avx512", asked);
}
