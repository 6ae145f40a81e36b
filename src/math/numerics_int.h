/* math/numerics_int.h: what is done to plain arrays (quern/numerics.h), by processor level. Every level gives the same
 * bits. Arguments are good: counts are at least 0, nothing is NULL. Nothing allocates. Any thread. */
#ifndef QNI_MATH_NUMERICS_INT_H
#define QNI_MATH_NUMERICS_INT_H

#include <quern/numerics.h>

typedef struct qni_numerics_kernels {
    /* Those of a block: 1 <= n <= QNI_MOMENTS_BLOCK. Right where no difference nor square of one over- or underflows;
     * where one overflows, or a number is not finite, m2 is not finite. */
    void (*moments)(qn_moments *out, const double *x, int64_t n);
    /* x = (x - mean - mean_low) factor */
    void (*standardize)(double *x, double mean, double mean_low, double factor, int64_t n);
    void (*tanh_of)(double *x, int64_t n);
    void (*sigmoid_of)(double *x, int64_t n);
    void (*clip)(double *x, double low, double high, int64_t n);
    void (*score_columns)(double *scores, const double *const *columns, int64_t column_count, const double *weights,
                          double bias, int64_t n);
} qni_numerics_kernels;

extern const qni_numerics_kernels qni_numerics_baseline;

/* Those of a processor level (base/cpu.h), which this machine must have. */
const qni_numerics_kernels *qni_numerics_kernels_of(int level);

/* The processor level at which `x` (count) is worked on. Errors: QN_INVALID (no such array), QN_CONFIG (QUERN_CPU). */
QN_MUST_USE qn_status qni_numerics_level(int *out, const void *x, int64_t count, qn_error *err);

#endif
