/* bench/fit_models.c: the peers' models in plain C, compiled with -O3 -march=native -ffast-math, so that gcc makes
 * vectors of the loops and calls the vector functions of the C library (libmvec). */
#include "bench/fit_models.h"

#include <math.h>
#include <stddef.h>

#ifdef __clang__
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define INDEPENDENT _Pragma("GCC ivdep")
#endif

/* y = a*exp(-k*x) + c */
void fit_decay(int64_t n, int64_t p, const double *restrict x, const double *restrict y, const double *restrict q,
               double *restrict r, double *restrict j)
{
    (void)p;
    double a = q[0], k = q[1], c = q[2];
    if (r != NULL && j != NULL) {
        INDEPENDENT
        for (int64_t i = 0; i < n; i++) {
            double e = exp(-k * x[i]);
            r[i] = a * e + c - y[i];
            j[i] = e;
            j[n + i] = -a * e * x[i];
            j[2 * n + i] = 1;
        }
    } else if (r != NULL) {
        INDEPENDENT
        for (int64_t i = 0; i < n; i++)
            r[i] = a * exp(-k * x[i]) + c - y[i];
    } else {
        INDEPENDENT
        for (int64_t i = 0; i < n; i++) {
            double e = exp(-k * x[i]);
            j[i] = e;
            j[n + i] = -a * e * x[i];
            j[2 * n + i] = 1;
        }
    }
}

/* r += a*exp(-((x - m)/s)^2/2) and its derivatives by a, m and s. */
static void add_peak(int64_t n, const double *restrict x, const double *restrict q, double *restrict r,
                     double *restrict j)
{
    double a = q[0], m = q[1], w = 1 / q[2], aw = a * w;
    if (r != NULL && j != NULL) {
        INDEPENDENT
        for (int64_t i = 0; i < n; i++) {
            double z = (x[i] - m) * w, e = exp(-0.5 * z * z), d = aw * e * z;
            r[i] += a * e;
            j[i] = e;
            j[n + i] = d;
            j[2 * n + i] = d * z;
        }
    } else if (r != NULL) {
        INDEPENDENT
        for (int64_t i = 0; i < n; i++) {
            double z = (x[i] - m) * w;
            r[i] += a * exp(-0.5 * z * z);
        }
    } else {
        INDEPENDENT
        for (int64_t i = 0; i < n; i++) {
            double z = (x[i] - m) * w, e = exp(-0.5 * z * z), d = aw * e * z;
            j[i] = e;
            j[n + i] = d;
            j[2 * n + i] = d * z;
        }
    }
}

/* y = a*exp(-0.5*((x - m)/s)^2) + c; the parameters are a, m, s, c. */
void fit_peak(int64_t n, int64_t p, const double *restrict x, const double *restrict y, const double *restrict q,
              double *restrict r, double *restrict j)
{
    (void)p;
    double c = q[3];
    for (int64_t i = 0; r != NULL && i < n; i++)
        r[i] = c - y[i];
    for (int64_t i = 0; j != NULL && i < n; i++)
        j[3 * n + i] = 1;
    add_peak(n, x, q, r, j);
}

/* y = a1*exp(-k1*x) + a2*exp(-k2*x) + c; the parameters are a1, k1, a2, k2, c. */
void fit_two_decays(int64_t n, int64_t p, const double *restrict x, const double *restrict y, const double *restrict q,
                    double *restrict r, double *restrict j)
{
    (void)p;
    double a1 = q[0], k1 = q[1], a2 = q[2], k2 = q[3], c = q[4];
    if (r != NULL && j != NULL) {
        INDEPENDENT
        for (int64_t i = 0; i < n; i++) {
            double e1 = exp(-k1 * x[i]), e2 = exp(-k2 * x[i]);
            r[i] = a1 * e1 + a2 * e2 + c - y[i];
            j[i] = e1;
            j[n + i] = -a1 * e1 * x[i];
            j[2 * n + i] = e2;
            j[3 * n + i] = -a2 * e2 * x[i];
            j[4 * n + i] = 1;
        }
    } else if (r != NULL) {
        INDEPENDENT
        for (int64_t i = 0; i < n; i++)
            r[i] = a1 * exp(-k1 * x[i]) + a2 * exp(-k2 * x[i]) + c - y[i];
    } else {
        INDEPENDENT
        for (int64_t i = 0; i < n; i++) {
            double e1 = exp(-k1 * x[i]), e2 = exp(-k2 * x[i]);
            j[i] = e1;
            j[n + i] = -a1 * e1 * x[i];
            j[2 * n + i] = e2;
            j[3 * n + i] = -a2 * e2 * x[i];
            j[4 * n + i] = 1;
        }
    }
}

/* A line and peaks: b0, b1 and then a, m and s of each. */
void fit_peaks(int64_t n, int64_t p, const double *restrict x, const double *restrict y, const double *restrict q,
               double *restrict r, double *restrict j)
{
    double b0 = q[0], b1 = q[1];
    for (int64_t i = 0; r != NULL && i < n; i++)
        r[i] = b0 + b1 * x[i] - y[i];
    for (int64_t i = 0; j != NULL && i < n; i++) {
        j[i] = 1;
        j[n + i] = x[i];
    }
    for (int64_t k = 2; k + 3 <= p; k += 3)
        add_peak(n, x, q + k, r, j != NULL ? j + k * n : NULL);
}

/* By 8 columns at a time, so that what is written of a row lies side by side. */
void fit_transpose(int64_t n, int64_t p, const double *restrict columns, double *restrict rows)
{
    for (int64_t first = 0; first < p; first += 8) {
        int64_t last = first + 8 < p ? first + 8 : p;
        for (int64_t i = 0; i < n; i++)
            for (int64_t k = first; k < last; k++)
                rows[i * p + k] = columns[k * n + i];
    }
}
