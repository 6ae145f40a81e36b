/* fit/solver.c: what the methods have in common: a solver's memory, and the choice between them. One thread a fit. */
#include "fit/fit_int.h"

#include "base/alloc.h"
#include "math/dense.h"

int64_t qni_fit_solver_doubles(int64_t p, int64_t all)
{
    int64_t square, total;
    if (all > QNI_FIT_PARAMETERS || !qni_size_mul(&square, p, p + 1) || !qni_size_mul(&total, 5, square) ||
        !qni_size_add(&total, total, 17 * p + (all + 1) * QNI_FIT_PANEL))
        return -1;
    return total;
}

void qni_fit_solver_place(qni_fit_solver *s, double *block, int64_t p)
{
    int64_t square = p * (p + 1);
    double **vectors[] = {&s->x,     &s->x_trial, &s->x_step, &s->gradient, &s->norm, &s->scale,
                          &s->shape, &s->share,   &s->step,   &s->other,    &s->best};
    double **squares[] = {&s->factor, &s->factor_trial, &s->hat};
    s->p = p;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++, block += p)
        *vectors[i] = block;
    for (size_t i = 0; i < sizeof squares / sizeof *squares; i++, block += square)
        *squares[i] = block;
    s->image = block;
    s->work = block + 2 * p;
    s->eval.panel = s->work + qni_trust_work(p);
}

void qni_fit_solver_run(qni_fit_solver *s)
{
    qni_fit_trf_run(s);
}
