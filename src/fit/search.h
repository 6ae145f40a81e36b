/* fit/search.h: the best of many points from which a fit may start.
 *
 * A point is completed by linear least squares in the parameters that the model is linear in (variable projection,
 * Golub and Pereyra 1973), so that only the others are searched; points are compared by what is left of the residuals,
 * on a sample of the rows where these are many. Nothing allocates but making a search. One thread. */
#ifndef QNI_FIT_SEARCH_H
#define QNI_FIT_SEARCH_H

#include "fit/fit_int.h"
#include "lang/shape.h"

/* Where a parameter may be. */
typedef struct qni_fit_box {
    double size;      /* typical absolute value */
    double spread;    /* powers of ten up and down from it */
    double low, high; /* a range that it is likely in; low > high: none */
} qni_fit_box;

typedef struct qni_fit_search {
    qni_fit_solver *s;               /* borrowed: bounds, weights, ties; refines points */
    const qni_fit_rows *whole;       /* the problem to solve */
    qni_shape *shape;                /* NULL: the problem is a function */
    qni_fit_rows sample;             /* what is looked at: some or all rows, correlations of their errors left aside:
                                        these take as many operations as there are pairs of rows */
    struct qni_fit_sample *gathered; /* the rows of a sample; NULL: the sample is all rows */
    qni_fit_eval eval;               /* of the sample */
    double unit;                     /* a power of two: residuals times this have squares */

    /* (p) each */
    bool *given;      /* the caller said where to start */
    bool *missing;    /* to be found */
    bool *linear;     /* by linear least squares */
    double *start;    /* what was given; 0 elsewhere */
    double *point;    /* scratch */
    double *trial;    /* scratch */
    double *ratio;    /* of the quasi-random sequence */
    double *shift;    /* of the quasi-random sequence */
    qni_fit_box *box; /* where to look for a missing one */

    int64_t *solved; /* (solved_count of p) which ones are linear */
    int64_t solved_count;
    double *panel;  /* (solved_count + 1, QNI_FIT_PANEL) */
    double *factor; /* (solved_count + 1, solved_count + 1) */
    double *all;    /* (all) scratch */

    double *kept;      /* (QNI_FIT_KEPT, p) the best points so far, best first */
    double *kept_rest; /* (QNI_FIT_KEPT) the norms of their residuals, times `unit` */
    int64_t kept_count;
    int64_t tried;       /* points */
    int64_t evaluations; /* of the sample */
    int64_t limit;       /* of these */
    bool stopped;        /* by options.should_stop */

    const qni_fit_memory *memory;
    double *block; /* all arrays of numbers */
    int64_t block_size;
    double *curve; /* what estimating takes; NULL: nothing to estimate */
    int64_t curve_size;
    bool *flags; /* (3, p) */
} qni_fit_search;

/* Makes a search for the problem of `s`, whose bounds are set; `given` starts are in s->x, NaN where missing. Errors:
 * QN_NOMEM, QN_BUDGET. qni_fit_search_fini in any case. */
QN_MUST_USE qn_status qni_fit_search_init(qni_fit_search *search, qni_fit_solver *s, const qni_fit_memory *memory,
                                          qn_error *err);
void qni_fit_search_fini(qni_fit_search *search);

/* Tries a point (p); its linear parameters are replaced. The best that are not alike are kept. */
void qni_fit_search_try(qni_fit_search *search, const double *x);
/* Tries what the formula's shape and the data suggest; false: nothing came of it. */
bool qni_fit_search_estimate(qni_fit_search *search);
/* Tries `count` quasi-random points, from number `first` of the sequence on. */
void qni_fit_search_sweep(qni_fit_search *search, int64_t first, int64_t count);
/* Moves one parameter at a time of the best points over its box. */
void qni_fit_search_scan(qni_fit_search *search, int64_t points, int64_t steps);
/* Short fits from the kept points, to at most `evaluations` each. The solver's x := the point whose fit ended best; of
 * a sample, where it ended, which saves the steps over all rows. Whether that fit had converged by then, or all is
 * linear so that another start would not help. */
bool qni_fit_search_refine(qni_fit_search *search, int64_t points, int64_t evaluations);
/* Every free parameter is to be found, whatever was given; nothing is kept yet. */
void qni_fit_search_forget(qni_fit_search *search);

/* x within lower … upper (p) of the solver, strictly. */
double qni_fit_inside(double x, double lower, double upper);

/* sample.c: every so many rows of a formula's data, as a problem of its own; *out NULL: there are few enough. */
typedef struct qni_fit_sample qni_fit_sample;
QN_MUST_USE qn_status qni_fit_sample_new(qni_fit_sample **out, qni_fit_rows *rows, const qni_fit_rows *problem,
                                         const qni_panel_kernels *kernels, const qni_fit_memory *memory, qn_error *err);
void qni_fit_sample_free(qni_fit_sample *sample); /* NULL is fine */

#endif
