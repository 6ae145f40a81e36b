/* bench/model_sleef.c: the formulas in AVX2 intrinsics with SLEEF's functions of 1.0 units in the last place. */
#include "bench/model_formulas.h"

#include <stddef.h>

#if BENCH_HAVE_SLEEF && defined __AVX2__

#include <immintrin.h>
#include <sleef.h>

typedef __m256d vec;

#define SET(a)       _mm256_set1_pd(a)
#define LOAD(p)      _mm256_loadu_pd(p)
#define STORE(p, a)  _mm256_storeu_pd((p), (a))
#define ADD(a, b)    _mm256_add_pd((a), (b))
#define SUB(a, b)    _mm256_sub_pd((a), (b))
#define MUL(a, b)    _mm256_mul_pd((a), (b))
#define DIV(a, b)    _mm256_div_pd((a), (b))
#define FMA(a, b, c) _mm256_fmadd_pd((a), (b), (c))
#define EXP          Sleef_expd4_u10avx2
#define NEG(a)       _mm256_xor_pd((a), _mm256_set1_pd(-0.0))

#define TWO_OVER_SQRT_PI 1.12837916709551257390

static void cubic(int64_t n, const double *restrict x, const double *restrict p, double *restrict v, double *restrict j)
{
    vec a = SET(p[0]), b = SET(p[1]), c = SET(p[2]), d = SET(p[3]);
    for (int64_t i = 0; i < n; i += 4) {
        vec t = LOAD(x + i), t2 = MUL(t, t);
        STORE(v + i, FMA(t, FMA(t, FMA(t, d, c), b), a));
        STORE(j + i, SET(1));
        STORE(j + n + i, t);
        STORE(j + 2 * n + i, t2);
        STORE(j + 3 * n + i, MUL(t, t2));
    }
}

static void rational(int64_t n, const double *restrict x, const double *restrict p, double *restrict v,
                     double *restrict j)
{
    vec a = SET(p[0]), b = SET(p[1]), c = SET(p[2]), d = SET(p[3]), one = SET(1);
    for (int64_t i = 0; i < n; i += 4) {
        vec t = LOAD(x + i), q = DIV(one, FMA(t, FMA(t, d, c), one)), y = MUL(FMA(b, t, a), q);
        vec yqt = NEG(MUL(MUL(y, q), t));
        STORE(v + i, y);
        STORE(j + i, q);
        STORE(j + n + i, MUL(t, q));
        STORE(j + 2 * n + i, yqt);
        STORE(j + 3 * n + i, MUL(yqt, t));
    }
}

static void exponential(int64_t n, const double *restrict x, const double *restrict p, double *restrict v,
                        double *restrict j)
{
    vec a = SET(p[0]), minus_a = SET(-p[0]), minus_b = SET(-p[1]), c = SET(p[2]);
    for (int64_t i = 0; i < n; i += 4) {
        vec t = LOAD(x + i), e = EXP(MUL(minus_b, t));
        STORE(v + i, FMA(a, e, c));
        STORE(j + i, e);
        STORE(j + n + i, MUL(MUL(minus_a, e), t));
        STORE(j + 2 * n + i, SET(1));
    }
}

static void gaussians(int64_t n, const double *restrict x, const double *restrict p, double *restrict v,
                      double *restrict j)
{
    vec a1 = SET(p[0]), m1 = SET(p[1]), w1 = SET(1 / p[2]), f1 = SET(2 * p[0] / p[2]);
    vec a2 = SET(p[3]), m2 = SET(p[4]), w2 = SET(1 / p[5]), f2 = SET(2 * p[3] / p[5]);
    for (int64_t i = 0; i < n; i += 4) {
        vec t = LOAD(x + i), z1 = MUL(SUB(t, m1), w1), z2 = MUL(SUB(t, m2), w2);
        vec e1 = EXP(NEG(MUL(z1, z1))), e2 = EXP(NEG(MUL(z2, z2)));
        vec d1 = MUL(MUL(f1, e1), z1), d2 = MUL(MUL(f2, e2), z2);
        STORE(v + i, FMA(a1, e1, MUL(a2, e2)));
        STORE(j + i, e1);
        STORE(j + n + i, d1);
        STORE(j + 2 * n + i, MUL(d1, z1));
        STORE(j + 3 * n + i, e2);
        STORE(j + 4 * n + i, d2);
        STORE(j + 5 * n + i, MUL(d2, z2));
    }
}

static void damped_sine(int64_t n, const double *restrict x, const double *restrict p, double *restrict v,
                        double *restrict j)
{
    vec a = SET(p[0]), minus_a = SET(-p[0]), minus_b = SET(-p[1]), w = SET(p[2]), phase = SET(p[3]);
    for (int64_t i = 0; i < n; i += 4) {
        vec t = LOAD(x + i), e = EXP(MUL(minus_b, t));
        Sleef___m256d_2 both = Sleef_sincosd4_u10avx2(FMA(w, t, phase));
        vec es = MUL(e, both.x), aec = MUL(MUL(a, e), both.y);
        STORE(v + i, MUL(a, es));
        STORE(j + i, es);
        STORE(j + n + i, MUL(MUL(minus_a, es), t));
        STORE(j + 2 * n + i, MUL(aec, t));
        STORE(j + 3 * n + i, aec);
    }
}

static void logistic(int64_t n, const double *restrict x, const double *restrict p, double *restrict v,
                     double *restrict j)
{
    vec a = SET(p[0]), minus_k = SET(-p[1]), m = SET(p[2]), one = SET(1);
    for (int64_t i = 0; i < n; i += 4) {
        vec t = SUB(LOAD(x + i), m), e = EXP(MUL(minus_k, t)), q = DIV(one, ADD(one, e)), y = MUL(a, q);
        vec s = MUL(MUL(y, q), e);
        STORE(v + i, y);
        STORE(j + i, q);
        STORE(j + n + i, MUL(s, t));
        STORE(j + 2 * n + i, MUL(s, minus_k));
    }
}

static void power(int64_t n, const double *restrict x, const double *restrict p, double *restrict v, double *restrict j)
{
    vec a = SET(p[0]), b = SET(p[1]), c = SET(p[2]);
    for (int64_t i = 0; i < n; i += 4) {
        vec t = LOAD(x + i), r = Sleef_powd4_u10avx2(t, b);
        STORE(v + i, FMA(a, r, c));
        STORE(j + i, r);
        STORE(j + n + i, MUL(MUL(a, r), Sleef_logd4_u10avx2(t)));
        STORE(j + 2 * n + i, SET(1));
    }
}

static void special(int64_t n, const double *restrict x, const double *restrict p, double *restrict v,
                    double *restrict j)
{
    vec a = SET(p[0]), m = SET(p[1]), w = SET(1 / p[2]), b = SET(p[3]), one = SET(1);
    vec f = SET(-p[0] / p[2] * TWO_OVER_SQRT_PI);
    for (int64_t i = 0; i < n; i += 4) {
        vec t = LOAD(x + i), z = MUL(SUB(t, m), w), s = ADD(one, Sleef_erfd4_u10avx2(z));
        vec g = Sleef_lgammad4_u10avx2(ADD(t, one)), d = MUL(f, EXP(NEG(MUL(z, z))));
        STORE(v + i, FMA(a, s, MUL(b, g)));
        STORE(j + i, s);
        STORE(j + n + i, d);
        STORE(j + 2 * n + i, MUL(d, z));
        STORE(j + 3 * n + i, g);
    }
}

#define ENTRY(NAME, ...) [MODEL_##NAME] = NAME,
model_loop *const model_sleef[MODEL_COUNT] = {MODEL_FORMULAS(ENTRY)};

#else

model_loop *const model_sleef[MODEL_COUNT] = {NULL};

#endif
