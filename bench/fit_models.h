/* bench/fit_models.h: what bench/fit.c gives the peers to fit, and the peers that are not C.
 *
 * A model computes residuals (model minus data) at n points and the derivatives by its p parameters, written by hand as
 * one would for this formula and compiled so that the compiler makes vectors of it (fit_models.c). */
#ifndef QUERN_BENCH_FIT_MODELS_H
#define QUERN_BENCH_FIT_MODELS_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* r (n) or NULL; jacobian (p, n), derivative by parameter j of row i at [j * n + i], or NULL. x grows in even steps: no
 * model may make use of that. */
typedef void fit_model(int64_t n, int64_t p, const double *x, const double *y, const double *parameters, double *r,
                       double *jacobian);

fit_model fit_decay, fit_peak, fit_two_decays, fit_peaks;

/* rows (n, p), row by row := columns (p, n), column by column. */
void fit_transpose(int64_t n, int64_t p, const double *columns, double *rows);

/* A problem as a peer gets it. */
typedef struct fit_task {
    fit_model *model;
    int64_t n, p;
    const double *x, *y;
    double tolerance; /* ftol, xtol and gtol */
} fit_task;

/* fit_ceres.cc: Ceres' Levenberg-Marquardt with DENSE_QR, in Eigen or in LAPACK. parameters (p): the start, then the
 * end. scratch: n p doubles. Returns how often residuals and derivatives were evaluated; -1: it did not converge. */
int64_t fit_ceres(const fit_task *task, bool lapack, double *parameters, double *scratch);

#ifdef __cplusplus
}
#endif

#endif
