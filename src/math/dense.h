/* math/dense.h: small dense linear algebra: sums and norms, an updating QR factorisation, triangular solves, singular
 * values, the trust-region step.
 *
 * Matrices are column-major: element (i, j) of a matrix with leading dimension ld is at [j * ld + i]. Every sum has a
 * fixed order, so that the same numbers give the same bits everywhere. Nothing allocates; scratch memory is the
 * caller's. Any thread. */
#ifndef QNI_MATH_DENSE_H
#define QNI_MATH_DENSE_H

#include <stdbool.h>
#include <stdint.h>

/* A sum of many numbers, kept as high + low (Neumaier 1974): as accurate as if it were done in twice the precision. */
typedef struct qni_sum {
    double high, low;
} qni_sum;

/* Inline: it is called once a row. */
static inline void qni_sum_add(qni_sum *sum, double value)
{
    double total = sum->high + value, part = total - sum->high;
    sum->low += (sum->high - (total - part)) + (value - part);
    sum->high = total;
}

double qni_sum_value(qni_sum sum);

/* The kernels of a processor level (math/panel.h), for those who do much of this. */
typedef struct qni_panel_kernels qni_panel_kernels;

double qni_dot(const double *a, const double *b, int64_t n);

/* The Euclidean norm of a (n), without under- or overflow on the way. NaN and infinity come through. */
double qni_norm(const double *a, int64_t n);
/* The same where the sum of squares is known, over- or underflown as it may be. */
double qni_norm_of_squares(double squares, const double *a, int64_t n);

/* Whether all of a (n) are finite. */
bool qni_all_finite(const double *a, int64_t n);

/* Appends rows to a triangular factor: the QR factorisation of [R; B] by Householder reflections, whose R replaces r.
 *   r (p, columns), ldr: upper triangular in its first p columns; the further ones are right sides, which Q' is
 *     applied to
 *   b (rows, columns), ldb: destroyed
 *   triangle: the first p columns of b (p, columns) are upper triangular as well (a diagonal, for example), zeros
 *     included, which saves two thirds of the work
 * Starting from r = 0, panel by panel, this factorises a matrix that never exists as a whole. */
void qni_qr_append(const qni_panel_kernels *kernels, double *r, int64_t ldr, double *b, int64_t ldb, int64_t rows,
                   int64_t p, int64_t columns, bool triangle);

/* x := R^-1 x for an upper triangular r (p, p); false, x spoilt, where a diagonal element is 0 or the solution is not
 * finite. */
bool qni_solve_upper(const double *r, int64_t ldr, int64_t p, double *x);
/* x := R^-T x, likewise. */
bool qni_solve_upper_transposed(const double *r, int64_t ldr, int64_t p, double *x);

/* y := R x and y := R' x for an upper triangular r (p, p). y is not x. */
void qni_multiply_upper(const double *r, int64_t ldr, int64_t p, const double *x, double *y);
void qni_multiply_upper_transposed(const double *r, int64_t ldr, int64_t p, const double *x, double *y);

/* The QR factorisation of a (m, p), m >= p, with its columns in the order in which most of them is left: a becomes R,
 * zeros below, whose column j comes from a's column pivot[j]. |R| falls along the diagonal, and what is left of a
 * column that depends on those before is small. */
void qni_qr_pivoted(const qni_panel_kernels *kernels, double *a, int64_t lda, int64_t m, int64_t p, int64_t *pivot);

/* Singular values by one-sided Jacobi rotations (Hestenes 1958; Demmel and Veselić 1992: accurate in a relative sense
 * also where columns differ in size). a (m, p), m >= p: becomes U diag(s). s (p): descending. v (p, p), leading
 * dimension p: right vectors. False: the rotations have not come to an end. */
bool qni_svd(double *a, int64_t lda, int64_t m, int64_t p, double *s, double *v);

/* Minimises |A step + q| subject to |step| <= radius (Moré 1978): A upper triangular (p, p), lda; q (p). radius > 0.
 * Where the unconstrained minimum is inside (within 10 %), it is the step and 0 is returned. Otherwise returns lambda >
 * 0 with (A'A + lambda I) step = -A'q and |step| within 10 % of the radius. `lambda` is a guess (0: none). work:
 * qni_trust_work(p) doubles. */
double qni_trust_step(const qni_panel_kernels *kernels, double *step, const double *a, int64_t lda, const double *q,
                      int64_t p, double radius, double lambda, double *work);
int64_t qni_trust_work(int64_t p);

#endif
