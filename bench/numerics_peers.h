/* bench/numerics_peers.h: what quern/numerics.h does, in plain C as it is usually written: with the flags of the
 * library at -O3, and with those that let the compiler use the whole of this machine and reorder sums. */
#ifndef QUERN_BENCH_NUMERICS_PEERS_H
#define QUERN_BENCH_NUMERICS_PEERS_H

#include <stdint.h>

typedef struct numerics_peers {
    const char *name;
    /* Mean and sample variance: Welford's way, and in two passes. */
    void (*welford)(double *mean, double *variance, const double *x, int64_t n);
    void (*two_pass)(double *mean, double *variance, const double *x, int64_t n);
    void (*zscore)(double *x, int64_t n);
    void (*tanh_of)(double *to, const double *x, int64_t n);
    void (*sigmoid_of)(double *to, const double *x, int64_t n);
    void (*clip)(double *x, double low, double high, int64_t n);
    void (*score_columns)(double *restrict scores, const double *const *columns, int64_t column_count,
                          const double *weights, double bias, int64_t n);
    void (*score_rows)(double *restrict scores, const double *matrix, int64_t rows, int64_t columns,
                       const double *weights, double bias);
} numerics_peers;

extern const numerics_peers numerics_plain, numerics_native;

#endif
