/* math/dense.c: QR by panels, triangular solves and products. Any thread.
 *
 * Reflections: Golub and Van Loan, Matrix Computations, 4th ed., 5.1; factorisation by panels: Demmel, Grigori, Hoemmen
 * and Langou, "Communication-optimal parallel and sequential QR and LU factorizations", 2012. */
#include "math/panel.h"

#include "math/limits.h"

#include <assert.h>
#include <float.h>
#include <math.h>

/* A reflection I - tau u u' / u_0^2, u = (u_0, v), that makes (alpha, v) a multiple of the first unit vector. v stays
 * as it is: to divide it by u_0 would be one more pass over it. */
typedef struct reflection {
    double tau;     /* 0: there is nothing to reflect */
    double inverse; /* 1 / u_0 */
    bool rescaled;  /* v was multiplied by a power of two: products with it are to be had again */
} reflection;

/* Of (*alpha, v), which become (*alpha, 0); v (m) with its sum of squares. */
static reflection reflection_of(const qni_panel_kernels *kernels, double *alpha, double *v, int64_t m, double squares)
{
    const reflection none = {0};
    double a = *alpha, nothing = QNI_QR_NOTHING * fabs(a);
    if (squares < QNI_NORM_SAFE_LOW && nothing * nothing > QNI_NORM_SAFE_LOW)
        return none; /* seen without the careful norm */
    double below = qni_norm_of_squares(squares, v, m);
    if (below <= nothing)
        return none;
    double both = a * a + squares;
    bool safe = both >= QNI_NORM_SAFE_LOW && both <= QNI_NORM_SAFE_HIGH;
    double beta = -copysign(safe ? sqrt(both) : hypot(a, below), a), first = a - beta;
    *alpha = beta;
    if (fabs(beta) < DBL_MIN)
        return none; /* the reflection of a subnormal column would not be orthogonal */
    reflection h = {.tau = -first / beta, .inverse = 1 / first};
    h.rescaled = isfinite(below) && (squares < QNI_NORM_SAFE_LOW || below > QNI_QR_LARGE);
    if (h.rescaled) {
        int exponent;
        (void)frexp(below, &exponent);
        double half = ldexp(1, -(exponent / 2)), other = ldexp(1, exponent / 2 - exponent);
        kernels->scale(v, half, m); /* in two steps: one factor could be beyond the range of numbers */
        kernels->scale(v, other, m);
        h.inverse = 1 / (first * half * other);
    }
    return h;
}

/* Reflects the top of a column whose product with v is given; returns by how much of v the rest of it changes. */
static double reflect_top(reflection h, double *top, double product)
{
    double w = h.tau * (*top + product * h.inverse);
    *top -= w;
    return w * h.inverse;
}

/* Products with the next column are gathered while a reflection is applied, for the columns up to `edge`: each of them
 * is read and written once a reflection. */
void qni_qr_append(const qni_panel_kernels *kernels, double *r, int64_t ldr, double *b, int64_t ldb, int64_t rows,
                   int64_t p, int64_t columns, bool triangle)
{
    assert(columns >= p && ldr >= p && ldb >= rows);
    double product[QNI_QR_LOOK], w[QNI_QR_LOOK];
    for (int64_t j = 0, edge = 0; j < p; j++) {
        /* Elements that are not 0 of this column and of the next. */
        int64_t m = triangle && j + 1 < rows ? j + 1 : rows, next = m < rows ? m + 1 : rows;
        double *v = b + j * ldb, *after = v + ldb;
        if (j == edge) {
            edge = columns - j < QNI_QR_LOOK ? columns : j + QNI_QR_LOOK;
            kernels->dots(product, v, v, ldb, edge - j, m);
        }
        int64_t near = edge - j - 1;
        reflection h = reflection_of(kernels, &r[j * ldr + j], v, m, product[0]);
        if (h.tau == 0) {
            kernels->dots(product, after, after, ldb, near, next);
            continue;
        }
        if (h.rescaled)
            kernels->dots(product + 1, v, after, ldb, near, m);
        for (int64_t k = 0; k < near; k++)
            w[k] = reflect_top(h, &r[(j + 1 + k) * ldr + j], product[1 + k]);
        kernels->reflect(product, after, ldb, near, v, w, next);
        for (int64_t k = edge; k < columns; k++) {
            double *c = b + k * ldb;
            kernels->subtract_multiple(c, v, reflect_top(h, &r[k * ldr + j], kernels->dot(v, c, m)), m);
        }
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
