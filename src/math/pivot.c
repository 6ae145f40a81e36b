/* math/pivot.c: QR with column pivoting (Businger and Golub, "Linear least squares solutions by Householder
 * transformations", 1965). Each step takes the column of which most is left, its length computed anew, so that nothing
 * cancels. Small matrices; any thread. */
#include "math/panel.h"

#include <math.h>
#include <string.h>

static void swap_columns(double *a, int64_t lda, int64_t m, int64_t j, int64_t k)
{
    for (int64_t i = 0; i < m; i++) {
        double kept = a[j * lda + i];
        a[j * lda + i] = a[k * lda + i];
        a[k * lda + i] = kept;
    }
}

/* The column from j on with the longest rest below row j. */
static int64_t longest(const double *a, int64_t lda, int64_t m, int64_t p, int64_t j, double *length)
{
    int64_t best = j;
    *length = -1;
    for (int64_t k = j; k < p; k++) {
        double rest = qni_norm(a + k * lda + j, m - j);
        if (rest > *length) {
            *length = rest;
            best = k;
        }
    }
    return best;
}

void qni_qr_pivoted(const qni_panel_kernels *kernels, double *a, int64_t lda, int64_t m, int64_t p, int64_t *pivot)
{
    for (int64_t j = 0; j < p; j++)
        pivot[j] = j;
    for (int64_t j = 0; j < p; j++) {
        double length;
        int64_t k = longest(a, lda, m, p, j, &length), kept = pivot[j];
        pivot[j] = pivot[k];
        pivot[k] = kept;
        if (k != j)
            swap_columns(a, lda, m, j, k);
        double *v = a + j * lda + j, alpha = v[0];
        if (length > 0) {
            double beta = -copysign(length, alpha), scale = alpha - beta, tau = -scale / beta;
            kernels->divide(v + 1, scale, m - j - 1); /* the reflection's vector is (1, v / scale) */
            for (k = j + 1; k < p; k++) {
                double *c = a + k * lda + j;
                double w = tau * (c[0] + kernels->dot(v + 1, c + 1, m - j - 1));
                c[0] -= w;
                kernels->subtract_multiple(c + 1, v + 1, w, m - j - 1);
            }
            v[0] = beta;
        }
        memset(v + 1, 0, (size_t)(m - j - 1) * sizeof *v);
    }
}
