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

#include <quern/predict.h>

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
    const struct qni_fit_rows *raw; /* the same rows as the caller knows them, where whitening hides them, with weights
                                       as if they were not correlated; NULL: these. Valid after `begin` at the same
                                       point */
    double log_sigma;               /* the sum of log(sigma), half the log-determinant of a covariance; 0 without */
    double blur;                    /* relative error of the derivatives' columns, where it is more than rounding; 0 */
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
 * fixed or tied), QN_NAME, QN_SYNTAX (with the tie's text), QN_LIMIT (a longer chain of ties), QN_NOMEM. */
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

/* The factor is (p, p + 1), or with eval.compares (p, p + 2), leading dimension p: R of the Jacobian's QR factorisation
 * and, next column, Q'r. Residuals and derivatives are weighted and multiplied by `unit`, a power of two. With a loss
 * they are those of the Gauss-Newton model of its sum: R'R is its Hessian's half, R'Q'r its gradient's half. */
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
    double *panel;   /* (all + 2, QNI_FIT_PANEL) */
    /* Weighted residuals times unit, before any loss: (n) at an earlier point and in the last evaluation with
     * derivatives. NULL: there is no room for them. */
    double *earlier, *current;
    bool keeps;    /* current is to be written */
    bool compares; /* the factor is to have a further column, Q'(earlier - current) */
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
    double *x_begin;               /* where the run began */
    double *factor, *factor_trial; /* (p, p + 2) at x, at x_trial */
    double *gradient;              /* of half of what is minimised */
    double *norm;                  /* of the Jacobian's columns */
    double *peak;                  /* the largest norm so far */
    double *scale;                 /* 1 / x_scale, or the peak: a parameter times this is comparable */
    double
        *shape; /* x = shape * hat: the variables in which the trust region is a ball or a cube; 0: held where it is */
    double *share; /* 1, or where the parameter's own step would cross the bound: the part of it that fits */
    double *hat;   /* (p, p + 1) the factor in hat variables, with the rows that curve it near bounds */
    double *step, *other, *best; /* hat steps */
    double *image;               /* (2, p) a hat step seen by `hat`; a direction */
    double *work;                /* max(qni_trust_work(p), p (p + 1)) and room for history.c */
    /* What is remembered of the points before (history.c). */
    double *x_before, *newton; /* the point before x; the last Gauss-Newton step */
    double *ring;              /* (2, QNI_FIT_MIXED, p) the last moves from point to point; the turns of newton there */
    double *back, *bend;       /* the hat step to x_before; half the residuals' second derivative along it */
    int64_t moves;             /* that went into the ring; -1: newton is not known either */
    double rss, rss_trial;     /* what is minimised */
    double measure; /* the greatest cosine between residuals and a column, times share: 0 at a solution. With a loss,
                       too, its square is the share of rss that a parameter by itself promises to take away */
    double contraction; /* of measure by the last step, if that was a full one; else 1 */
    double reach;       /* the reduction of rss that the linear model promises if nothing limits the step */
    double noise;       /* the norm of what rounding does to the residuals */
    double radius, lambda;
    double length; /* of the step, as the radius measures it */
    int64_t onto;  /* the parameter that the step takes onto its bound; -1: none */
    int64_t idle;  /* the parameter that has lost all influence (status stalled); -1: none */
    bool bounded;
    bool full_step; /* the step is the linear model's minimum: neither region nor bound cut it */
    bool at_edge;   /* the region cut it */
    bool plain;     /* hat is the factor in other variables, without further rows */
    bool curved;    /* bounds bend hat */
    bool mixed;     /* the step was changed by what is remembered */
    bool asked;     /* the Gauss-Newton step at x is in newton already */
    bool bend_known;
    bool last_taken; /* the last trial was taken: its derivatives are asked for at once */
    bool snapped;    /* parameters were tried on their bounds, in vain, since the last step */
    bool at_start;   /* no finite point has been seen */
    bool ending;     /* the caller said stop before: the start is evaluated, to be shown, and no step is taken */
    int64_t iterations;
    int64_t evaluations_before, iterations_before; /* this run */
    qn_fit_status status;
    const char *message; /* a static string */
} qni_fit_solver;

/* The scale of a parameter; 1 while its column has always been 0. */
static inline double qni_fit_scale(const qni_fit_solver *s, int64_t j)
{
    return s->scale[j] > 0 ? s->scale[j] : 1;
}

/* Fits from x, which is within the bounds, by options.method; leaves solution, status and message. May be run again
 * from another x, with other bounds or fewer parameters: iterations and eval.evaluations go on counting, max_evals
 * starts anew. Allocates nothing. */
void qni_fit_solver_run(qni_fit_solver *s);
/* After a run that ended at a finite point: factor and norm := those for the covariance, in which a loss counts with
 * its own curvature however small. Not counted as an evaluation. The factor does not suit further steps. */
qni_fit_outcome qni_fit_solver_refactor(qni_fit_solver *s);
/* How many doubles the arrays of a solver take (-1: too many), and pointing the arrays into such a block. The panel is
 * that of `all` parameters. */
int64_t qni_fit_solver_doubles(int64_t p, int64_t all);
void qni_fit_solver_place(qni_fit_solver *s, double *block, int64_t p);

/* history.c. Forgets what was; goes on from a point that was taken (x and x_before); reads the bend off its factor;
 * makes s->step a better one where what is remembered allows (ball: the method's region is one). */
void qni_fit_history_clear(qni_fit_solver *s);
void qni_fit_history_take(qni_fit_solver *s);
void qni_fit_history_look(qni_fit_solver *s);
void qni_fit_history_improve(qni_fit_solver *s, bool ball);

/* What tells one method from another; solver.c has all that they share. */
typedef struct qni_fit_stepper {
    double first_radius; /* in lengths of the scaled start */
    bool ball;           /* the region is one, in hat variables */
    /* shape, share and the diagonal `curvature` (p) that bounds add to hat, from x, gradient, norm and scale. */
    void (*shape)(qni_fit_solver *s, double *curvature);
    /* s->step := a step within region and bounds, with lambda, length, onto, full_step and at_edge; its promise. */
    double (*step)(qni_fit_solver *s);
    /* The next radius from what a step promised and what was had (NaN: not finite). `first`: nothing was taken yet. */
    void (*adapt)(qni_fit_solver *s, double promise, double had, bool first);
} qni_fit_stepper;

extern const qni_fit_stepper qni_fit_trf, qni_fit_lm, qni_fit_dogbox;

/* The step in the ball, without a look at bounds: s->step, lambda, length, full_step, at_edge. */
void qni_fit_ball_step(qni_fit_solver *s);
/* After a failed step: the minimum of the parabola through both values of rss with the slope at x, as a share of the
 * step in [0.1, 0.5]. */
double qni_fit_cut(const qni_fit_solver *s, double had);

/* bounds.c. The reduction of rss that the linear model promises for a hat step. */
double qni_fit_promise(qni_fit_solver *s, const double *step);
/* The multiple in [low, high] of `direction` that promises most when added to `from` (NULL: to nothing). */
double qni_fit_best_multiple(qni_fit_solver *s, const double *from, const double *direction, double low, double high);
/* Distance from x to the bound towards which the gradient pushes parameter j; infinite where there is none. */
double qni_fit_distance_ahead(const qni_fit_solver *s, int64_t j);
/* Shape, share and the rows that curve the model, as trf has them. */
void qni_fit_bounds_shape(qni_fit_solver *s, double *curvature);
/* Makes the hat step `s->step` one that stays within the bounds, reflected or turned where that promises more; its
 * promise is returned. */
double qni_fit_bounds_step(qni_fit_solver *s);
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
    int64_t worst_row;         /* the outlier to be warned of; -1: none */
    int64_t ignored;           /* rows so far beyond the loss's scale that it hardly looks at them */
    char message[320];
    char started[128];
    qn_fit_saved *saved; /* of a result out of a cache: what the head points to, but for the rows; else NULL */
    qn_datum *kept;      /* and what the rows point to */
} qni_fit_result;

qn_status qni_fit_result_new(qni_fit_result **out, const qni_fit_rows *problem, const qni_fit_map *map,
                             const qn_fit_options *options, const qn_allocator *allocator, qn_error *err);
/* cached.c: of a result whose `saved` is set. */
void qni_fit_cached_free(qni_fit_result *result);
qn_status qni_fit_result_warn(qni_fit_result *result, qn_error *err, const char *format, ...) QN_PRINTF(3, 4);
/* Statistics and warnings from the solver's last point. The solver's factor is no longer fit for steps. */
qn_status qni_fit_result_fill(qni_fit_result *result, qni_fit_solver *s, const qni_fit_memory *memory, qn_error *err);

/* identify.c: what the data determine. */
typedef struct qni_fit_identity {
    int64_t p, rank;
    double *inverse; /* (p, p) row-major W: W W' is the (pseudo)inverse of J'J with columns of length 1 */
    double *norm;    /* (p) of the Jacobian's columns, in the solver's unit; 0: no influence */
    double condition;
    double damping;            /* delta, or 0 */
    const char *factorization; /* which decomposition gave W; static */
    double *work;              /* for the covariance */
    double *block;             /* (size) all of these */
    int64_t size;
    const qn_allocator *allocator;
} qni_fit_identity;

/* From the solver's factor; rank, condition and directions to the result. Errors: QN_NOMEM, QN_BUDGET. fini in any
 * case. */
qn_status qni_fit_identify(qni_fit_identity *of, qni_fit_result *result, const qni_fit_solver *s,
                           const qni_fit_memory *memory, qn_error *err);
void qni_fit_identity_fini(qni_fit_identity *of);

/* covariance.c. Standard errors, intervals, covariance, correlation; the map is at the solution. */
void qni_fit_covariance(qni_fit_result *result, const qni_fit_identity *of, const qni_fit_solver *s);
void qni_fit_no_covariance(qni_fit_result *result);
/* The standard deviation of a weighted residual in the solver's unit: estimated, or known with absolute_sigma. NaN: it
 * cannot be had. */
double qni_fit_deviation(const qni_fit_solver *s, int64_t dof);

/* diagnostics.c. Norms of the residuals, weighted and as they are; goes through the rows where that is needed. */
typedef struct qni_fit_norms {
    double weighted, raw;
} qni_fit_norms;

qn_status qni_fit_diagnose(qni_fit_norms *norms, qni_fit_result *result, qni_fit_solver *s, const qni_fit_identity *of,
                           qn_error *err);

/* statistics.c. R^2, likelihood and what follows from it. */
void qni_fit_statistics(qni_fit_result *result, const qni_fit_solver *s, const qni_fit_norms *norms);

/* profile.c. Needs the covariance. */
qn_status qni_fit_profile(qni_fit_result *result, const qni_fit_solver *s, const qni_fit_memory *memory, qn_error *err);

/* advice.c: warnings. */
qn_status qni_fit_advise(qni_fit_result *result, const qni_fit_solver *s, qn_error *err);

/* ---- solve.c: the fit of any problem ---- */
/* Errors: QN_INVALID, QN_LIMIT, QN_DATA (fewer rows than parameters is for later: some may be fixed). */
qn_status qni_fit_check_sizes(int64_t n, int64_t p, qn_error *err);
qn_status qni_fit_rows_solve(qn_fit_result **out, const qni_fit_rows *problem, const qn_fit_options *options,
                             qni_fit_memory *memory, qn_error *err);

/* weights.c: the same with sigma (n, of the rows used; NULL: none) or options.covariance (total, total: of the rows
 * that problem->index counts). options are resolved. */
qn_status qni_fit_weighted_solve(qn_fit_result **out, const qni_fit_rows *problem, const double *sigma, int64_t total,
                                 const qn_fit_options *options, qni_fit_memory *memory, qn_error *err);

/* options.c: options with every zero resolved, checked. */
qn_status qni_fit_options_resolve(qn_fit_options *out, const qn_fit_options *options, int64_t p, qn_error *err);

/* start.c: checks bounds and starts of the free parameters, and leaves s->x at the point to fit from, strictly inside
 * lower and upper (p), which it writes; and says in the result where that came from. */
qn_status qni_fit_start(qni_fit_solver *s, double *lower, double *upper, qni_fit_result *result,
                        const qni_fit_memory *memory, qn_error *err);

#endif
