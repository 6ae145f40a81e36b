/* fit/fit_int.h: what the files of this folder share.
 *
 * A fit goes: problem (callback.c for a function, table.c for a formula and data) → eval.c, which asks it for panels of
 * rows, weighs them, folds fixed and tied parameters away (map.c), applies the loss, and keeps a triangular factor →
 * a solver (trf.c with bounds.c, lm.c, dogbox.c, what they share in solver.c) → result.c and the statistics. solve.c
 * puts them together. One thread a fit.
 *
 * Two countings of parameters: all of them (`all`, as the caller numbers them) and the free ones (`p`), which are what
 * solvers see.
 */
#ifndef QNI_FIT_INT_H
#define QNI_FIT_INT_H

#include <quern/fit.h>

#include "fit/limits.h"
#include "math/panel.h"

/* A problem, asked for by rows. Residuals are model minus data, not weighted. */
typedef struct qni_fit_rows {
    int64_t n, all;                 /* rows; parameters */
    double magnitude;               /* the norm of the weighted data, with which residuals are compared; 0: unknown */
    const double *response;         /* (n) the data, not weighted by `weight`; NULL: not known */
    const double *weight;           /* (n) 1 / sigma; NULL: all 1 */
    bool weighted;                  /* sigma or a covariance was given */
    const double *ones;             /* (n) what the best constant is made of; NULL: all 1 */
    const struct qni_fit_rows *raw; /* the same rows as the caller knows them, where whitening hides them; NULL: these.
                                       Valid after `begin` at the same point */
    double log_sigma;               /* the sum of log(sigma), half the log-determinant of a covariance; 0 without */
    int64_t omitted, filtered;
    /* Called before the rows of an evaluation at x (all) are asked for; false: there is nothing finite here. May be
     * NULL. */
    bool (*begin)(void *user, const double *x, bool derivatives);
    /* r (count); jacobian (all, count): derivative by parameter j of row first + i at [j * stride + i], or NULL. */
    void (*rows)(void *user, const double *x, int64_t first, int64_t count, double *r, double *jacobian,
                 int64_t stride);
    void *user;
    /* The name of a parameter; where a row stands in a file (writes file and line; none: "" and 0); its index in the
     * table. place and index may be NULL. */
    const char *(*name)(void *user, int64_t parameter, char *buffer, int64_t size);
    void (*place)(void *user, int64_t row, const char **file, int64_t *line);
    int64_t (*index)(void *user, int64_t row);
    /* For start values: the formula and its data columns (as the model numbers them, n each); NULL: a function. */
    const qn_model *model;
    const double *const *columns;
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

/* ---- map.c: which parameters are free, and what the others are ---- */

/* A parameter that is a function of others. */
typedef struct qni_fit_tie {
    int64_t parameter;
    const char *text; /* "2*a", borrowed from the options */
    qn_model *model;  /* of the function; its parameters are the sources */
    qn_model_workspace *workspace;
    int64_t count;
    int64_t *sources; /* (count) parameters */
    double *values;   /* (2, count) of the sources; derivatives by them */
} qni_fit_tie;

typedef struct qni_fit_map {
    int64_t all, p;
    int64_t *free;     /* (p) which parameters are free, ascending */
    double *fixed;     /* (all) NaN: not fixed */
    qni_fit_tie *ties; /* (tie_count) each after those that it depends on */
    int64_t tie_count, tie_capacity;
    bool borrowed_ties; /* another map's */
    double *x;          /* (all) the last point */
    double *slopes;     /* (tie_count, p) derivative of a tied parameter by a free one at x */
    bool identity;      /* all are free */
    const qn_allocator *allocator;
} qni_fit_map;

/* From options.fixed and options.ties (all: how many parameters `problem` has). Errors: QN_INVALID (nothing is free; a
 * tie that is no equation; one parameter fixed and tied, or twice; ties in a circle; bounds or a start for one that is
 * fixed or tied), QN_NAME, QN_SYNTAX (with the tie's text), QN_NOMEM. */
QN_MUST_USE qn_status qni_fit_map_init(qni_fit_map *map, const qni_fit_rows *problem, const qn_fit_options *options,
                                       const qni_fit_memory *memory, qn_error *err);
/* A copy in which `parameter` (free in `from`) is fixed at `value`, for profiles. Shares the ties with `from`, which
 * must outlive it and cannot be used at the same time. */
QN_MUST_USE qn_status qni_fit_map_fix(qni_fit_map *map, const qni_fit_map *from, int64_t parameter, double value,
                                      const qn_allocator *allocator, qn_error *err);
void qni_fit_map_fini(qni_fit_map *map);
/* map->x (and slopes, if wanted) for a point of the free parameters (p); false: a tied one is not finite. */
bool qni_fit_map_at(qni_fit_map *map, const double *x, bool slopes);
/* In place: the columns of all parameters (all, stride) become those of the free ones (p, stride). */
void qni_fit_map_fold(const qni_fit_map *map, const qni_panel_kernels *kernels, double *panel, int64_t stride,
                      int64_t count);
/* out (all, p): the derivative of each parameter by each free one at map->x, [i * p + k]. */
void qni_fit_map_jacobian(const qni_fit_map *map, double *out);

/* ---- loss.c ---- */

/* What a loss does to a row: rho = scale^2 rho(z), slope = rho'(z), curvature = rho'(z) + 2 z rho''(z), z =
 * (r / scale)^2. */
typedef struct qni_fit_loss_value {
    double rho, slope, curvature;
} qni_fit_loss_value;

qni_fit_loss_value qni_fit_loss_at(qn_fit_loss loss, double scale, double r);

/* ---- eval.c: a problem evaluated at a point of the free parameters ---- */

/* The factor is (p, p + 1), leading dimension p: R of the Jacobian's QR factorisation and, last column, Q'r. Residuals
 * and derivatives are weighted and multiplied by `unit`, a power of two. With a loss they are those of the Gauss-Newton
 * model of its sum: R'R is its Hessian's half, R'Q'r its gradient's half. */
typedef enum qni_fit_outcome {
    QNI_FIT_FINITE,
    QNI_FIT_NOT_FINITE,
    QNI_FIT_STOPPED
} qni_fit_outcome;

typedef struct qni_fit_eval {
    const qni_fit_rows *problem; /* borrowed */
    qni_fit_map *map;            /* borrowed */
    const qni_panel_kernels *kernels;
    const qn_fit_options *options;
    double unit;
    double least_curvature; /* with a loss: the least share of rho' that a row's curvature counts */
    int64_t evaluations;
    int64_t bad_row; /* the first row of the panel that was not finite in the last evaluation; -1: none */
    double *panel;   /* (all + 1, QNI_FIT_PANEL) */
} qni_fit_eval;

/* rss: what is minimised, in units of `unit` squared. factor NULL: values only. */
qni_fit_outcome qni_fit_eval_at(qni_fit_eval *eval, const double *x, double *rss, double *factor);
/* Begins an evaluation at x, and hands out one panel of it: weighted residuals in eval->panel + all * QNI_FIT_PANEL,
 * derivatives by the free parameters in front, before loss and unit. False: not finite at x. For who goes through the
 * rows once more. */
bool qni_fit_eval_begin(qni_fit_eval *eval, const double *x, bool derivatives);
void qni_fit_eval_panel(qni_fit_eval *eval, int64_t first, int64_t count, bool derivatives);
static inline double *qni_fit_eval_residuals(const qni_fit_eval *eval)
{
    return eval->panel + eval->problem->all * QNI_FIT_PANEL;
}
/* Chooses the unit from the residuals at x. */
void qni_fit_eval_choose_unit(qni_fit_eval *eval, const double *x);
/* The first row at x that is not finite (with derivatives if those are wanted); -1: all are. */
int64_t qni_fit_eval_find_bad(qni_fit_eval *eval, const double *x, bool derivatives);

/* ---- solvers ---- */

/* A solver's state. Everything is in units of `eval.unit`. Arrays are (p) unless they say otherwise. */
typedef struct qni_fit_solver {
    qni_fit_eval eval;
    qn_fit_options options; /* resolved: no zeros left */
    int64_t p;
    int64_t start;         /* which of several starting points */
    const double *x_scale; /* (p) options.x_scale of the free ones; NULL */
    const double *lower, *upper;
    double *x, *x_trial, *x_step;
    double *factor, *factor_trial; /* (p, p + 1) at x, at x_trial */
    double *gradient;              /* of half the residual sum of squares */
    double *norm;                  /* of the Jacobian's columns */
    double *scale;                 /* the largest norm so far, or 1 / x_scale: a parameter times this is comparable */
    double *shape; /* x = shape * hat: the variables in which the trust region is a ball; 0: held at its bound */
    double *share; /* 1, or where the parameter's own step would cross the bound: the part of it that fits */
    double *hat;   /* (p, p + 1) the factor in hat variables, with the rows that curve it near bounds */
    double *step, *other, *best; /* hat steps */
    double *image;               /* (2, p) a hat step seen by `hat`; a direction */
    double *work;                /* max(qni_trust_work(p), p (p + 1)) */
    double rss, rss_trial;       /* what is minimised */
    double measure;              /* the greatest cosine between residuals and a column, times share: 0 at a solution */
    double reach;                /* the reduction of rss that the linear model promises if nothing limits the step */
    double noise;                /* the norm of what rounding does to the residuals */
    double radius, lambda;
    bool bounded;
    bool full_step;  /* the step is the linear model's minimum: neither region nor bound cut it */
    bool last_taken; /* the last trial was taken: its derivatives are asked for at once */
    bool snapped;    /* parameters were tried on their bounds, in vain, since the last step */
    bool at_start;   /* no finite point has been seen */
    int64_t iterations;
    qn_fit_status status;
    const char *message; /* a static string */
} qni_fit_solver;

/* The scale of a parameter; 1 while its column has always been 0. */
static inline double qni_fit_scale(const qni_fit_solver *s, int64_t j)
{
    return s->scale[j] > 0 ? s->scale[j] : 1;
}

/* Fits from x, which is within the bounds, by options.method; leaves solution, status and message. May be run again
 * from another x. Allocates nothing. */
void qni_fit_solver_run(qni_fit_solver *s);
/* How many doubles the arrays of a solver take (-1: too many), and pointing the arrays into such a block. The panel is
 * that of `all` parameters. */
int64_t qni_fit_solver_doubles(int64_t p, int64_t all);
void qni_fit_solver_place(qni_fit_solver *s, double *block, int64_t p);

/* The methods. */
void qni_fit_trf_run(qni_fit_solver *s);

/* bounds.c. Shape, share and the rows that curve the model, from gradient, norm, scale and x. */
void qni_fit_bounds_shape(qni_fit_solver *s, double *curvature);
/* Makes the hat step `s->step` one that stays within the bounds, reflected or turned where that promises more; its
 * promise (the reduction of rss) is returned. */
double qni_fit_bounds_step(qni_fit_solver *s);
/* The reduction of rss that the linear model promises for a hat step. */
double qni_fit_promise(qni_fit_solver *s, const double *step);
/* x_trial := x with the parameters whose share is below `share`, or that lie a rounding from a bound that they push
 * against, put on it; false: there are none. */
bool qni_fit_bounds_snap(qni_fit_solver *s, double share);

/* ---- results ---- */

/* A result under construction. */
typedef struct qni_fit_result {
    qn_fit_result head; /* first: what the caller sees */
    qn_allocator allocator;
    qn_fit_parameter *parameters; /* (all) */
    double *covariance;           /* (all, all) */
    double *correlation;          /* (all, all) */
    char **names;                 /* (all) */
    char **ties;                  /* (all) NULL: not tied */
    char *sigma_column;
    char **warnings;
    int64_t warning_capacity;
    qn_fit_direction *directions; /* (direction_count) */
    double *direction_weights;    /* (direction_count, all) */
    qn_fit_diagnostics diagnostics;
    double *diagnostic_values; /* (4, n) */
    int64_t *diagnostic_rows;  /* (n) */
    char message[320];
    char started[128];
} qni_fit_result;

qn_status qni_fit_result_new(qni_fit_result **out, const qni_fit_rows *problem, const qni_fit_map *map,
                             const qn_fit_options *options, const qn_allocator *allocator, qn_error *err);
qn_status qni_fit_result_warn(qni_fit_result *result, qn_error *err, const char *format, ...) QN_PRINTF(3, 4);
/* Statistics from the solver's last point. work: 2 p (p + 1) doubles. */
qn_status qni_fit_result_fill(qni_fit_result *result, qni_fit_solver *s, double *work, qn_error *err);

/* ---- solve.c: the fit of any problem ---- */
/* Errors: QN_INVALID, QN_LIMIT, QN_DATA (fewer rows than parameters is for later: some may be fixed). */
qn_status qni_fit_check_sizes(int64_t n, int64_t p, qn_error *err);
qn_status qni_fit_rows_solve(qn_fit_result **out, const qni_fit_rows *problem, const qn_fit_options *options,
                             qni_fit_memory *memory, qn_error *err);

/* weights.c: the same with sigma (n, of the rows used; NULL: none) or options.covariance (total, total: of the rows that
 * problem->index counts). options are resolved. */
qn_status qni_fit_weighted_solve(qn_fit_result **out, const qni_fit_rows *problem, const double *sigma, int64_t total,
                                 const qn_fit_options *options, qni_fit_memory *memory, qn_error *err);

/* options.c: options with every zero resolved, checked. */
qn_status qni_fit_options_resolve(qn_fit_options *out, const qn_fit_options *options, int64_t p, qn_error *err);

/* start.c: checks bounds and starts of the free parameters, and leaves s->x at the point to fit from, strictly inside
 * lower and upper (p), which it writes; and says in the result where that came from. */
qn_status qni_fit_start(qni_fit_solver *s, double *lower, double *upper, qni_fit_result *result, qn_error *err);

#endif
