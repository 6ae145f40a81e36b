/* fit/fit_int.h: what the files of this folder share.
 *
 * A fit goes: problem (solve.c for a function, table.c) → rows on demand → eval.c (panels into a triangular factor) →
 * trf.c (the solver, with bounds.c and its point) → result.c (statistics, warnings). solve.c puts them together. One
 * thread a fit.
 */
#ifndef QNI_FIT_INT_H
#define QNI_FIT_INT_H

#include <quern/fit.h>

#include "math/panel.h"

/* A problem, asked for by rows. Residuals are model minus data. */
typedef struct qni_fit_rows {
    int64_t n, p;
    double magnitude; /* the norm of the data, with which residuals are compared; 0: unknown */
    /* Called before the rows of an evaluation at x (p) are asked for; false: there is nothing finite here. May be NULL.
     */
    bool (*begin)(void *user, const double *x, bool derivatives);
    /* r (count); jacobian (p, count): derivative by parameter j of row first + i at [j * stride + i], or NULL. */
    void (*rows)(void *user, const double *x, int64_t first, int64_t count, double *r, double *jacobian,
                 int64_t stride);
    void *user;
    /* The name of a parameter, and where a row stands in a file (writes file and line; none: "" and 0). */
    const char *(*name)(void *user, int64_t parameter, char *buffer, int64_t size);
    void (*place)(void *user, int64_t row, const char **file, int64_t *line);
} qni_fit_rows;

/* Where the memory of a fit comes from: an allocator for all but the result, which counts the calls that pass through
 * it to the workspace's or the caller's. */
typedef struct qni_fit_memory {
    qn_allocator allocator;
    const qn_allocator *inner;
    const qn_allocator *source;  /* on what `inner` draws, for qni_refused; NULL: the default */
    const qn_allocator *results; /* not NULL */
    int64_t calls;
} qni_fit_memory;

/* Errors: QN_INVALID (options.size). */
QN_MUST_USE qn_status qni_fit_memory_init(qni_fit_memory *memory, const qn_fit_options *options, qn_error *err);

/* Evaluation at a point. The factor is (p, p + 1), leading dimension p: R of the Jacobian's QR factorisation and, last
 * column, Q'r. Residuals and derivatives are multiplied by `unit`, a power of two. */
typedef enum qni_fit_outcome {
    QNI_FIT_FINITE,
    QNI_FIT_NOT_FINITE,
    QNI_FIT_STOPPED
} qni_fit_outcome;

typedef struct qni_fit_eval {
    const qni_fit_rows *problem; /* borrowed */
    const qni_panel_kernels *kernels;
    const qn_fit_options *options;
    double unit;
    int64_t evaluations;
    int64_t bad_row; /* the first row of the panel that was not finite in the last evaluation; -1: none */
    double *panel;   /* (p + 1, QNI_FIT_PANEL) */
} qni_fit_eval;

/* rss: in units of `unit` squared. factor NULL: values only. */
qni_fit_outcome qni_fit_eval_at(qni_fit_eval *eval, const double *x, double *rss, double *factor);
/* Chooses the unit from the residuals at x. */
void qni_fit_eval_choose_unit(qni_fit_eval *eval, const double *x);
/* The first row at x that is not finite (with derivatives if those are wanted); -1: all are. */
int64_t qni_fit_eval_find_bad(qni_fit_eval *eval, const double *x, bool derivatives);

/* The solver's state. Everything is in units of `eval.unit`. Arrays are (p) unless they say otherwise. */
typedef struct qni_fit_trf {
    qni_fit_eval eval;
    qn_fit_options options; /* resolved: no zeros left */
    int64_t p;
    const double *lower, *upper;
    double *x, *x_trial, *x_step;
    double *factor, *factor_trial; /* (p, p + 1) at x, at x_trial */
    double *gradient;              /* of half the residual sum of squares */
    double *norm;                  /* of the Jacobian's columns */
    double *scale;                 /* the largest norm so far: a parameter times this is comparable with the others */
    double *shape; /* x = shape * hat: the variables in which the trust region is a ball; 0: held at its bound */
    double *share; /* 1, or where the parameter's own step would cross the bound: the part of it that fits */
    double *hat;   /* (p, p + 1) the factor in hat variables, with the rows that curve it near bounds */
    double *step, *other, *best; /* hat steps */
    double *image;               /* (2, p) a hat step seen by `hat`; a direction */
    double *work;                /* max(qni_trust_work(p), p (p + 1)) */
    double rss, rss_trial;
    double measure; /* the greatest cosine between residuals and a column, times share: 0 at a solution */
    double reach;   /* the reduction of rss that the linear model promises if nothing limits the step */
    double noise;   /* the norm of what rounding does to the residuals */
    double radius, lambda;
    bool bounded;
    bool full_step;  /* the step is the linear model's minimum: neither region nor bound cut it */
    bool last_taken; /* the last trial was taken: its derivatives are asked for at once */
    bool snapped;    /* parameters were tried on their bounds, in vain, since the last step */
    bool at_start;   /* no finite point has been seen */
    int64_t iterations;
    qn_fit_status status;
    const char *message; /* a static string */
} qni_fit_trf;

/* The scale of a parameter; 1 while its column has always been 0. */
static inline double qni_fit_scale(const qni_fit_trf *t, int64_t j)
{
    return t->scale[j] > 0 ? t->scale[j] : 1;
}

/* Fits from x, which is strictly inside the bounds; leaves solution, status and message. Allocates nothing. */
void qni_fit_trf_run(qni_fit_trf *t);
/* How many doubles the arrays of a solver take (-1: too many), and pointing the arrays into such a block. */
int64_t qni_fit_trf_doubles(int64_t p);
void qni_fit_trf_place(qni_fit_trf *t, double *block, int64_t p);

/* bounds.c. Shape, share and the rows that curve the model, from gradient, norm, scale and x. */
void qni_fit_bounds_shape(qni_fit_trf *t, double *curvature);
/* Makes the hat step `t->step` one that stays within the bounds, reflected or turned where that promises more; its
 * promise (the reduction of rss) is returned. */
double qni_fit_bounds_step(qni_fit_trf *t);
/* The reduction of rss that the linear model promises for a hat step. */
double qni_fit_promise(qni_fit_trf *t, const double *step);
/* x_trial := x with the parameters whose share is below `share`, or that lie a rounding from a bound that they push
 * against, put on it; false: there are none. */
bool qni_fit_bounds_snap(qni_fit_trf *t, double share);

/* result.c: a result under construction. */
typedef struct qni_fit_result {
    qn_fit_result head; /* first: what the caller sees */
    qn_allocator allocator;
    qn_fit_parameter *parameters; /* (p) */
    double *covariance;           /* (p, p) */
    char **names;                 /* (p) */
    char **warnings;
    int64_t warning_capacity;
    char message[320];
} qni_fit_result;

qn_status qni_fit_result_new(qni_fit_result **out, const qni_fit_rows *problem, const qn_allocator *allocator,
                             qn_error *err);
qn_status qni_fit_result_warn(qni_fit_result *result, qn_error *err, const char *format, ...) QN_PRINTF(3, 4);
/* Statistics from the solver's last point. work: 2 p (p + 1) doubles. */
qn_status qni_fit_result_fill(qni_fit_result *result, qni_fit_trf *t, double *work, qn_error *err);

/* solve.c: the fit of any problem. */
qn_status qni_fit_rows_solve(qn_fit_result **out, const qni_fit_rows *problem, const qn_fit_options *options,
                             qni_fit_memory *memory, qn_error *err);

/* start.c: options with every zero resolved; checks them, the bounds and the start, and writes x (p) inside the bounds.
 */
qn_status qni_fit_options_resolve(qn_fit_options *out, const qn_fit_options *options, int64_t p, qn_error *err);
qn_status qni_fit_start(double *x, double *lower, double *upper, const qni_fit_rows *problem,
                        const qn_fit_options *options, qni_fit_result *result, qn_error *err);

#endif
