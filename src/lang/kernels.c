/* lang/kernels.c: what is known of each operation, and its kernels by processor level. Any thread. */
#include "lang/ops_int.h"

#include <stddef.h>
#include <string.h>

#include "base/cpu.h"

#define INFO(NAME, arity_, kind_, text_, ...) \
    [QNI_OP_##NAME] = {.text = (text_), .arity = (arity_), .kind = QNI_OP_##kind_},
#define DEFINED(NAME, arity_, text_, ...) \
    [QNI_OP_##NAME] = {.text = (text_), .arity = (arity_), .kind = QNI_OP_DEFINED},
const qni_op_info qni_op_infos[QNI_OP_COUNT] = {[QNI_OP_CONST] = {.text = "const"},
                                                [QNI_OP_PARAMETER] = {.text = "parameter"},
                                                [QNI_OP_COLUMN] = {.text = "column"},
                                                QNI_OP_LIST(INFO) QNI_DEFINED_LIST(DEFINED)};

extern const qni_kernels qni_kernels_baseline;
#ifdef __x86_64__
extern const qni_kernels qni_kernels_avx2, qni_kernels_avx512;
#endif

const qni_kernels *qni_kernels_of(int level)
{
    switch (level) {
    case QNI_CPU_BASELINE:
        return &qni_kernels_baseline;
#ifdef __x86_64__
    case QNI_CPU_AVX2:
        return &qni_kernels_avx2;
    case QNI_CPU_AVX512:
        return &qni_kernels_avx512;
#endif
    default:
        return NULL;
    }
}

void qni_kernel_copy(double *restrict d, const double *a, const double *b, const double *c, int64_t n)
{
    (void)b;
    (void)c;
    memcpy(d, a, (size_t)n * sizeof *d);
}

double qni_op_value(qni_op op, double a, double b, double c)
{
    double d;
    qni_kernels_baseline.table[op][QNI_FORM_ALL](&d, &a, &b, &c, 1);
    return d;
}
