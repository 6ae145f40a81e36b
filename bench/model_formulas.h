/* bench/model_formulas.h: the eight formulas that bench/model.c measures, and the shape of a peer's loop.
 *
 * A loop computes the value and the derivatives by every parameter at `rows` points, all in one pass, as one would
 * write it by hand for this formula: value (rows), derivative by parameter p of row i at jacobian[p * rows + i]. Rows
 * are a multiple of 8. */
#ifndef QUERN_BENCH_MODEL_FORMULAS_H
#define QUERN_BENCH_MODEL_FORMULAS_H

#include <stdint.h>

enum {
    MODEL_PARAMETERS_MAX = 6
};

/* M(NAME, "text", parameter count, first x, last x, parameters…), from cheap arithmetic to special functions. The
 * parameters are in the order in which the text names them. */
#define MODEL_FORMULAS(M)                                                                               \
    M(cubic, "a + b*x + c*x^2 + d*x^3", 4, -2, 2, 0.5, -1.5, 0.25, 2)                                   \
    M(rational, "(a + b*x)/(1 + c*x + d*x^2)", 4, 0, 3, 1.5, 2, 0.5, 0.75)                              \
    M(exponential, "a*exp(-b*x) + c", 3, 0, 3, 2.5, 1.3, 0.5)                                           \
    M(gaussians, "a1*exp(-((x - m1)/s1)^2) + a2*exp(-((x - m2)/s2)^2)", 6, 0, 6, 1, 2, 0.5, 3, 4, 0.75) \
    M(damped_sine, "a*exp(-b*x)*sin(w*x + p)", 4, 0, 3, 2, 0.7, 9, 0.4)                                 \
    M(logistic, "a/(1 + exp(-k*(x - m)))", 3, -5, 5, 2, 1.5, 0.3)                                       \
    M(power, "a*x^b + c", 3, 0.01, 10, 2, 1.7, -1)                                                      \
    M(special, "a*(1 + erf((x - m)/s)) + b*lgamma(x + 1)", 4, 0, 5, 2, 2.5, 0.8, 0.3)

enum {
#define MODEL_ENUMERATOR(NAME, ...) MODEL_##NAME,
    MODEL_FORMULAS(MODEL_ENUMERATOR)
#undef MODEL_ENUMERATOR
    MODEL_COUNT
};

typedef void model_loop(int64_t rows, const double *restrict x, const double *restrict parameters,
                        double *restrict value, double *restrict jacobian);

extern model_loop *const model_libmvec[MODEL_COUNT]; /* C that gcc makes vectors of (model_libmvec.c) */
extern model_loop *const model_sleef[MODEL_COUNT];   /* intrinsics and SLEEF; NULL where it is not here */

#endif
