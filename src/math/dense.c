/* math/dense.c: QR by panels, triangular solves and products. Any thread.
 *
 * Reflections: Golub and Van Loan, Matrix Computations, 4th ed., 5.1; factorisation by panels: Demmel, Grigori, Hoemmen
 * and Langou, "Communication-optimal parallel and sequential QR and LU factorizations", 2012. */
#include "math/panel.h"

#include <assert.h>
#include <float.h>
#include <math.h>

/* Applies the reflection (1, v) to column k of r, which begins at `top`, and of b. */
static void reflect(const qni_panel_kernels *kernels, double *top, double *c, const double *v, int64_t m, double tau,
                    double product)
{
    double w = tau * (*top + product);
    *top -= w;
    kernels->subtract_multiple(c, v, w, m);
}

void qni_qr_append(const qni_panel_kernels *kernels, double *r, int64_t ldr, double *b, int64_t ldb, int64_t rows,
                   int64_t p, int64_t columns, bool triangle)
{
    assert(columns >= p && ldr >= p && ldb >= rows);
    for (int64_t j = 0; j < p; j++) {
        int64_t m = triangle && rows > j + 1 ? j + 1 : rows; /* elements of column j that are not 0 */
        double *v = b + j * ldb;
        double below = qni_norm_of_squares(kernels->dot(v, v, m), v, m);
        if (below == 0)
            continue;
        double alpha = r[j * ldr + j];
        double beta = -copysign(hypot(alpha, below), alpha);
        r[j * ldr + j] = beta;
        if (fabs(beta) < DBL_MIN)
            continue;                /* the reflection of a subnormal column would not be orthogonal */
        double scale = alpha - beta; /* the reflection's vector is (1, v / scale) */
        kernels->divide(v, scale, m);
        double tau = -scale / beta;
        int64_t k = j + 1;
        for (; k + 2 <= columns; k += 2) {
            double *c = b + k * ldb, product[2];
            kernels->dot_pair(product, v, c, c + ldb, m);
            reflect(kernels, &r[k * ldr + j], c, v, m, tau, product[0]);
            reflect(kernels, &r[(k + 1) * ldr + j], c + ldb, v, m, tau, product[1]);
        }
        if (k < columns)
            reflect(kernels, &r[k * ldr + j], b + k * ldb, v, m, tau, kernels->dot(v, b + k * ldb, m));
    }
}

bool qni_solve_upper(const double *r, int64_t ldr, int64_t p, double *x)
{
    for (int64_t j = p - 1; j >= 0; j--) {
        const double *column = r + j * ldr;
        if (column[j] == 0)
            return false;
        x[j] /= column[j];
        for (int64_t i = 0; i < j; i++)
            x[i] -= x[j] * column[i];
    }
    return qni_all_finite(x, p);
}

bool qni_solve_upper_transposed(const double *r, int64_t ldr, int64_t p, double *x)
{
    for (int64_t j = 0; j < p; j++) {
        const double *column = r + j * ldr;
        if (column[j] == 0)
            return false;
        x[j] = (x[j] - qni_dot(column, x, j)) / column[j];
    }
    return qni_all_finite(x, p);
}

void qni_multiply_upper(const double *r, int64_t ldr, int64_t p, const double *x, double *y)
{
    for (int64_t i = 0; i < p; i++)
        y[i] = 0;
    for (int64_t j = 0; j < p; j++)
        for (int64_t i = 0; i <= j; i++)
            y[i] += r[j * ldr + i] * x[j];
}

void qni_multiply_upper_transposed(const double *r, int64_t ldr, int64_t p, const double *x, double *y)
{
    for (int64_t j = 0; j < p; j++)
        y[j] = qni_dot(r + j * ldr, x, j + 1);
}
