/* bench/model_libmvec.c: the formulas in plain C, compiled with -O3 -march=native -ffast-math: what gcc needs to make
 * vectors of the loops and to call the vector functions of the C library (libmvec). What value and derivatives share is
 * written once. */
#include "bench/model_formulas.h"

#include <math.h>

#ifdef __clang__
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define INDEPENDENT _Pragma("GCC ivdep")
#endif

#define TWO_OVER_SQRT_PI 1.12837916709551257390

static void cubic(int64_t n, const double *restrict x, const double *restrict p, double *restrict v, double *restrict j)
{
    double a = p[0], b = p[1], c = p[2], d = p[3];
    INDEPENDENT
    for (int64_t i = 0; i < n; i++) {
        double t = x[i], t2 = t * t;
        v[i] = a + t * (b + t * (c + t * d));
        j[i] = 1;
        j[n + i] = t;
        j[2 * n + i] = t2;
        j[3 * n + i] = t * t2;
    }
}

static void rational(int64_t n, const double *restrict x, const double *restrict p, double *restrict v,
                     double *restrict j)
{
    double a = p[0], b = p[1], c = p[2], d = p[3];
    INDEPENDENT
    for (int64_t i = 0; i < n; i++) {
        double t = x[i], q = 1 / (1 + t * (c + t * d)), y = (a + b * t) * q, yqt = y * q * t;
        v[i] = y;
        j[i] = q;
        j[n + i] = t * q;
        j[2 * n + i] = -yqt;
        j[3 * n + i] = -yqt * t;
    }
}

static void exponential(int64_t n, const double *restrict x, const double *restrict p, double *restrict v,
                        double *restrict j)
{
    double a = p[0], b = p[1], c = p[2];
    INDEPENDENT
    for (int64_t i = 0; i < n; i++) {
        double e = exp(-b * x[i]);
        v[i] = a * e + c;
        j[i] = e;
        j[n + i] = -a * e * x[i];
        j[2 * n + i] = 1;
    }
}

static void gaussians(int64_t n, const double *restrict x, const double *restrict p, double *restrict v,
                      double *restrict j)
{
    double a1 = p[0], m1 = p[1], w1 = 1 / p[2], a2 = p[3], m2 = p[4], w2 = 1 / p[5];
    INDEPENDENT
    for (int64_t i = 0; i < n; i++) {
        double z1 = (x[i] - m1) * w1, z2 = (x[i] - m2) * w2, e1 = exp(-z1 * z1), e2 = exp(-z2 * z2);
        double d1 = 2 * a1 * w1 * e1 * z1, d2 = 2 * a2 * w2 * e2 * z2;
        v[i] = a1 * e1 + a2 * e2;
        j[i] = e1;
        j[n + i] = d1;
        j[2 * n + i] = d1 * z1;
        j[3 * n + i] = e2;
        j[4 * n + i] = d2;
        j[5 * n + i] = d2 * z2;
    }
}

/* In two loops: gcc computes a sine and a cosine of the same number by sincos, of which it makes no vectors. */
static void damped_sine(int64_t n, const double *restrict x, const double *restrict p, double *restrict v,
                        double *restrict j)
{
    double a = p[0], b = p[1], w = p[2], phase = p[3];
    INDEPENDENT
    for (int64_t i = 0; i < n; i++)
        j[3 * n + i] = cos(w * x[i] + phase);
    INDEPENDENT
    for (int64_t i = 0; i < n; i++) {
        double t = x[i], e = exp(-b * t), es = e * sin(w * t + phase), aec = a * e * j[3 * n + i];
        v[i] = a * es;
        j[i] = es;
        j[n + i] = -a * es * t;
        j[2 * n + i] = aec * t;
        j[3 * n + i] = aec;
    }
}

static void logistic(int64_t n, const double *restrict x, const double *restrict p, double *restrict v,
                     double *restrict j)
{
    double a = p[0], k = p[1], m = p[2];
    INDEPENDENT
    for (int64_t i = 0; i < n; i++) {
        double t = x[i] - m, e = exp(-k * t), q = 1 / (1 + e), y = a * q, s = y * q * e;
        v[i] = y;
        j[i] = q;
        j[n + i] = s * t;
        j[2 * n + i] = -s * k;
    }
}

static void power(int64_t n, const double *restrict x, const double *restrict p, double *restrict v, double *restrict j)
{
    double a = p[0], b = p[1], c = p[2];
    INDEPENDENT
    for (int64_t i = 0; i < n; i++) {
        double r = pow(x[i], b);
        v[i] = a * r + c;
        j[i] = r;
        j[n + i] = a * r * log(x[i]);
        j[2 * n + i] = 1;
    }
}

/* In two loops: the C library has no vector lgamma, which would keep all of it from becoming vectors. */
static void special(int64_t n, const double *restrict x, const double *restrict p, double *restrict v,
                    double *restrict j)
{
    double a = p[0], m = p[1], w = 1 / p[2], b = p[3];
    for (int64_t i = 0; i < n; i++)
        j[3 * n + i] = lgamma(x[i] + 1);
    INDEPENDENT
    for (int64_t i = 0; i < n; i++) {
        double z = (x[i] - m) * w, s = 1 + erf(z), d = -a * w * TWO_OVER_SQRT_PI * exp(-z * z);
        v[i] = a * s + b * j[3 * n + i];
        j[i] = s;
        j[n + i] = d;
        j[2 * n + i] = d * z;
    }
}

#define ENTRY(NAME, ...) [MODEL_##NAME] = NAME,
model_loop *const model_libmvec[MODEL_COUNT] = {MODEL_FORMULAS(ENTRY)};
