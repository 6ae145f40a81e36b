/* math/panel.h: what solvers do to the columns of a panel of rows, by processor level. Every level gives the same bits.
 *
 * Matrices are column-major, as in math/dense.h. Sums run in eight lanes that meet in a fixed tree. Nothing allocates.
 * Any thread. */
#ifndef QNI_MATH_PANEL_H
#define QNI_MATH_PANEL_H

#include <stdbool.h>
#include <stdint.h>

#include "math/dense.h"

struct qni_panel_kernels {
    double (*dot)(const double *a, const double *b, int64_t n);
    /* out[k] = u'c_k, as dot has it, of the columns k = 0 … count - 1. */
    void (*dots)(double *out, const double *u, const double *c, int64_t ldc, int64_t count, int64_t n);
    /* c_k -= w[k] v, then out[k] = c_0'c_k: a reflection applied, and what the next one asks for, in one pass. */
    void (*reflect)(double *out, double *c, int64_t ldc, int64_t count, const double *v, const double *w, int64_t n);
    void (*subtract_multiple)(double *restrict c, const double *v, double w, int64_t n); /* c -= w v */
    void (*subtract)(double *restrict a, const double *b, int64_t n);                    /* a -= b */
    void (*multiply)(double *restrict a, const double *b, int64_t n);                    /* a *= b, each by each */
    void (*divide)(double *a, double divisor, int64_t n);
    void (*scale)(double *a, double factor, int64_t n);
    /* The sum of squares, each lane compensated. May over- or underflow: see qni_norm. */
    double (*sum_squares)(const double *a, int64_t n);
    bool (*all_finite)(const double *a, int64_t n);
    /* G += B'B, the upper triangle: g (columns, columns), ldg; b (rows, columns), ldb. With b = (J | r) it gathers J'J,
     * J'r and r'r, panel by panel. */
    void (*gram)(double *g, int64_t ldg, const double *b, int64_t ldb, int64_t rows, int64_t columns);
};

extern const qni_panel_kernels qni_panel_baseline;

/* Those of a processor level (base/cpu.h), which this machine must have. */
const qni_panel_kernels *qni_panel_kernels_of(int level);

#endif
