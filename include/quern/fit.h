/* quern/fit.h: nonlinear least squares: the parameters that make a model closest to data, and how sure they are.
 *
 * Caveats first:
 *  - A fit that did not converge is a result, not an error: look at qn_fit_result.status.
 *  - A result is the caller's, whole and independent of its inputs; one call frees it.
 *  - Calls with different results may run at once in any threads; nothing is shared but what is borrowed and immutable,
 *    and the workspace, which any threads may use at once.
 */
#ifndef QUERN_FIT_H
#define QUERN_FIT_H

#include <quern/base.h>
#include <quern/cache.h>
#include <quern/model.h>
#include <quern/table.h>
#include <quern/workspace.h>

QN_BEGIN_DECLS

/* How a fit ended: X(NAME, value, what JSON says). Only ever appended to. */
#define QN_FIT_STATUS_LIST(X)      \
    X(CONVERGED, 0, "converged")   \
    X(MAX_EVALS, 1, "max_evals")   \
    X(STALLED, 2, "stalled")       \
    X(NOT_FINITE, 3, "not_finite") \
    X(INTERRUPTED, 4, "interrupted")

typedef enum qn_fit_status {
#define QN_FIT_STATUS_ENUMERATOR(name, value, text) QN_FIT_##name = value,
    QN_FIT_STATUS_LIST(QN_FIT_STATUS_ENUMERATOR)
#undef QN_FIT_STATUS_ENUMERATOR
} qn_fit_status;

QN_API const char *qn_fit_status_name(qn_fit_status status); /* "converged"; static; "?" for an unknown one */

/* Which solver: X(NAME, value, name). Only ever appended to. */
#define QN_FIT_METHOD_LIST(X) \
    X(TRF, 0, "trf")          \
    X(LM, 1, "lm")            \
    X(DOGBOX, 2, "dogbox")

/*   TRF     trust-region reflective (Branch, Coleman and Li 1999), with bounds or without
 *   LM      Levenberg-Marquardt as in MINPACK (Moré 1978); refuses bounds
 *   DOGBOX  dogleg in a rectangular region (Voglis and Lagaris 2004), with bounds or without */
typedef enum qn_fit_method {
#define QN_FIT_METHOD_ENUMERATOR(name, value, text) QN_FIT_##name = value,
    QN_FIT_METHOD_LIST(QN_FIT_METHOD_ENUMERATOR)
#undef QN_FIT_METHOD_ENUMERATOR
} qn_fit_method;

QN_API const char *qn_fit_method_name(qn_fit_method method); /* "trf"; static; "?" for an unknown one */

/* What is summed: scale^2 rho((residual / scale)^2), residuals divided by sigma. X(NAME, value, name). Only ever
 * appended to. */
#define QN_FIT_LOSS_LIST(X)  \
    X(LINEAR, 0, "linear")   \
    X(SOFT_L1, 1, "soft_l1") \
    X(HUBER, 2, "huber")     \
    X(CAUCHY, 3, "cauchy")   \
    X(ARCTAN, 4, "arctan")

/*   LINEAR   z: least squares
 *   SOFT_L1  2 (sqrt(1 + z) - 1)
 *   HUBER    z up to 1, 2 sqrt(z) - 1 beyond
 *   CAUCHY   log(1 + z)
 *   ARCTAN   atan(z) */
typedef enum qn_fit_loss {
#define QN_FIT_LOSS_ENUMERATOR(name, value, text) QN_FIT_LOSS_##name = value,
    QN_FIT_LOSS_LIST(QN_FIT_LOSS_ENUMERATOR)
#undef QN_FIT_LOSS_ENUMERATOR
} qn_fit_loss;

QN_API const char *qn_fit_loss_name(qn_fit_loss loss); /* "linear"; static; "?" for an unknown one */

/* What to do with rows in which a number that the fit reads is missing, NaN or infinite. */
typedef enum qn_fit_nan {
    QN_FIT_NAN_RAISE = 0, /* an error that names the first one */
    QN_FIT_NAN_OMIT = 1,  /* leave those rows out and count them: qn_fit_result.omitted */
} qn_fit_nan;

/* What a solver is at, shown after each of its steps. Borrowed during the call. */
typedef struct qn_fit_iteration {
    int64_t size;             /* sizeof(qn_fit_iteration) as the library knows it */
    int64_t start;            /* which of several starting points, from 0 */
    int64_t iteration;        /* steps from this point so far; 0: the start itself */
    int64_t evaluations;      /* of the model, from this point */
    double rss;               /* what is minimised: the weighted sum of squares, or with a loss that sum */
    double gradient;          /* the greatest cosine between residuals and a column of the Jacobian */
    double radius;            /* of the trust region, in the solver's own scale */
    int64_t p;                /* parameters */
    const double *parameters; /* (p) all of them, fixed and tied ones too */
} qn_fit_iteration;

/* What is asked of a fit of p parameters to n rows. Zero or NULL in a field means its default. Borrowed during the
 * call. */
typedef struct qn_fit_options {
    int64_t size;        /* sizeof(qn_fit_options) */
    const double *start; /* (p) NaN: none; NULL: none at all. Then a formula of a known shape has its start estimated
                            from the data, any other problem is begun from many points */
    const double *lower; /* (p) -infinity where there is none; NULL: none at all */
    const double *upper; /* (p) */
    int64_t max_evals;   /* evaluations of the model with or without derivatives; 0: 200 (p + 1), at least 2000. With
                            several starts: for each */
    double ftol;         /* relative reduction of the residual sum of squares; 0: 4 times the machine epsilon */
    double xtol;         /* step relative to the parameters; 0: the same */
    double gtol;         /* cosine between residual and a column of the Jacobian; 0: the same */
    double confidence;   /* of the intervals; 0: 0.95 */
    bool (*should_stop)(void *user); /* asked once an iteration; true ends the fit as interrupted. May be NULL */
    void *should_stop_user;          /* its argument */
    const qn_allocator *allocator;   /* of the result, and of all else without a workspace. NULL: the default */
    qn_workspace *workspace; /* where the solver's own memory comes from and goes back to (residuals, Jacobian, factors,
                                steps, converted columns): then fits of about the same size ask no allocator for it.
                                Borrowed, may be shared by fits in any threads. NULL: `allocator` */

    const double *fixed;     /* (p) a number: the parameter is held there; NaN: it is not. NULL: none is */
    const char *const *ties; /* (tie_count) "b = 2*a": b is that function of other parameters, no freedom of its own */
    int64_t tie_count;       /* of ties */
    int64_t starts; /* starting points in all: the given or estimated one and quasi-random ones within the bounds, the
                       best end counts. 0: 1 where a start is given or estimated, else as many as it seems to need */
    uint64_t seed;  /* of the quasi-random ones: the same seed, the same points */

    qn_fit_method method;  /* which solver */
    qn_fit_loss loss;      /* what is summed */
    double loss_scale;     /* residual (divided by sigma) from which on the loss lets go; 0: 1 */
    const double *x_scale; /* (p) typical sizes of the parameters, > 0 (of fixed and tied ones not used); NULL: from the
                              Jacobian's columns as it goes */

    const double *sigma;      /* (n) standard deviations of the data, > 0; NULL: all the same, unknown. qn_fit_table:
                                 of all rows of the table, also of those that are left out; so is the covariance */
    const char *sigma_column; /* qn_fit_table: the column that holds them; NULL: none */
    const double *covariance; /* (n, n) of the data, symmetric and positive definite; NULL: none. Not with sigma. Takes
                                 n^3 / 3 operations once and n^2 p an evaluation */
    bool absolute_sigma; /* sigma or covariance are known as they stand; false: only up to a factor, which the residuals
                            tell */
    qn_fit_nan nan;      /* qn_fit_table */
    const char *where;   /* qn_fit_table: an expression of columns; rows are used where it is neither 0 nor NaN. NULL:
                            all rows */

    bool profile;     /* profile-likelihood intervals, too: some dozen further fits a parameter */
    bool diagnostics; /* the rows' residuals, leverages and what follows from them: qn_fit_result.diagnostics */
    bool (*on_iteration)(void *user, const qn_fit_iteration *now); /* called after each step, in the calling thread;
                                                                      false ends the fit as interrupted. May be NULL */
    void *on_iteration_user;                                       /* its argument */

    qn_cache *cache; /* qn_fit_table: where a result of the same model, data and options is looked for, by the same
                        version of Quern, and kept; borrowed, may be shared by fits in any threads. What fails there is
                        logged, and the fit made as without. NULL: none. Warnings that name a row call its file by name:
                        so another name of the data is another fit. Not kept: what was interrupted */
} qn_fit_options;

/* Options with every field at its default; `size` is sizeof *out as the caller knows it. Any thread. */
QN_API void qn_fit_options_init(qn_fit_options *out, int64_t size);

/* What became of a parameter's freedom. */
typedef enum qn_fit_role {
    QN_FIT_FREE = 0,
    QN_FIT_FIXED = 1, /* options.fixed: no error of its own */
    QN_FIT_TIED = 2,  /* options.ties: its error follows from those it is tied to */
} qn_fit_role;

/* A parameter: where it began, where it ended, how sure that is. */
typedef struct qn_fit_parameter {
    const char *name; /* borrowed from the result */
    double start;     /* where the fit that is shown began */
    double value;     /* where the fit ended: the best point so far, converged or not */
    double stderr_; /* standard error; NaN where it cannot be had (no degrees of freedom, not converged, or the data do
                         not determine this parameter); 0 of a fixed one */
    double ci_low, ci_high; /* interval at options.confidence, by Student's t with dof degrees of freedom; with
                               options.absolute_sigma, where no scale is estimated, by the normal distribution. NaN
                               likewise */
    bool at_bound;          /* value is lower or upper itself */
    qn_fit_role role;       /* free, fixed or tied */
    const char *tie;        /* "2*a"; NULL: not tied */
    double profile_low, profile_high; /* options.profile: where the residual sum of squares, minimised over all other
                                         parameters, has grown by what the confidence allows (F distribution; Bates and
                                         Watts 1988). Infinite: it never does; a bound, or where the model ceases to
                                         have a value: it ends there. NaN: not had; a fixed or tied one has none. With
                                         a loss, what is minimised takes the place of that sum */
} qn_fit_parameter;

/* A combination of parameters that the data hardly determine. */
typedef struct qn_fit_direction {
    double singular_value; /* of the Jacobian with columns of length 1, relative to the largest one */
    bool singular;         /* not determined at all; false: sloppy, some 1e6 times worse than the best */
    const double *weights; /* (p) the share of each parameter in units of its own column (of what changes the weighted
                              residuals by a vector of length 1); squares sum to 1, 0 of fixed and tied ones. Several
                              singular directions are shown in the basis with many zeros, not orthogonal ones */
} qn_fit_direction;

/* What the rows say; all arrays (n), in the order of the rows used. */
typedef struct qn_fit_diagnostics {
    const int64_t *row;         /* in the table, from 0 */
    const double *fitted;       /* the model's value; NaN: the data are not known */
    const double *residual;     /* data minus model, not weighted; with a transformed response on that scale */
    const double *standardized; /* weighted residual / (its standard deviation, with the leverage): internally
                                    studentized. NaN: leverage 1, or no degrees of freedom. With a covariance, here and
                                    below, of the whitened rows (L^-1 of them, L the covariance's Cholesky factor) */
    const double *leverage;     /* diagonal of the hat matrix of the weighted Jacobian: they sum to the rank. With a
                                    loss: of its Gauss-Newton model's */
    double mae;                 /* mean of the absolute residuals */
    double durbin_watson; /* of weighted residuals in the order of the rows: near 2 where they do not go together */
    int64_t runs;         /* of residuals of one sign */
    double runs_p;        /* two-sided probability of so many or fewer, so few or more, were their order random
                                    (Wald and Wolfowitz, normal approximation); NaN where all have one sign */
    /* Rows whose |standardized| is beyond Bonferroni's limit at 5 % (t of the externally studentized residual, dof - 1
     * degrees of freedom; with absolute_sigma normal). */
    int64_t outliers;
} qn_fit_diagnostics;

/* What a fit found. All that it points to is its own and lives until qn_fit_result_free. */
typedef struct qn_fit_result {
    qn_fit_status status;               /* how it ended: look here first */
    const char *message;                /* one sentence for a person */
    const char *method;                 /* "trf" */
    int64_t n;                          /* rows used */
    int64_t omitted;                    /* rows left out: options.nan */
    int64_t p;                          /* parameters */
    int64_t dof;                        /* n - rank: n - free, where the data determine all free parameters */
    const qn_fit_parameter *parameters; /* (p) */
    const double *covariance;           /* (p, p) row-major, rows of fixed ones 0; NaN where it cannot be had. (J'J)^-1
                                           rss / dof, J weighted; with absolute_sigma (J'J)^-1; with a loss, as SciPy's
                                           curve_fit has it, J of its Gauss-Newton model and cost / dof */
    double rss;                         /* residual sum of squares, weighted, whatever the loss */
    double residual_sd;                 /* sqrt(rss / dof); NaN without degrees of freedom */
    double confidence;                  /* of the intervals */
    int64_t evaluations;         /* of the model's value, from all starts; not those of statistics and profiles */
    int64_t iterations;          /* steps taken */
    int64_t loop_allocations;    /* calls of the allocator between first and last iteration: 0 */
    const char *const *warnings; /* (warning_count) */
    int64_t warning_count;       /* of warnings, each one sentence for a person */

    int64_t free;        /* parameters that are neither fixed nor tied */
    int64_t filtered;    /* rows left out: options.where */
    const char *started; /* where it began: "as given", "estimated: Gaussian", "as given, and estimated: line", "the
                            best of 128 points", "the best of 40 points (12 ended there); the first as given" */
    int64_t starts;      /* points from which it was begun */
    const char *loss;    /* "linear" */
    double loss_scale;   /* 1 with linear */
    double cost;         /* what was minimised; rss with linear */
    bool weighted;       /* sigma or a covariance was given */
    bool absolute_sigma; /* options.absolute_sigma */
    const char *sigma_column; /* options.sigma_column; NULL: none */
    /* Which decomposition of the Jacobian, columns of length 1, gave the covariance: the first of these that serves:
     * "qr" (condition up to 1e6), "pivoted qr" (not singular), "svd" (singular: what is determined), "damped"
     * (singular, and too large for an svd); "none". */
    const char *factorization;
    const double *correlation;          /* (p, p); NaN where a parameter is fixed or has no error */
    double condition;                   /* of that Jacobian, to some three digits; infinite: singular; NaN: not had */
    int64_t rank;                       /* of that Jacobian, <= free; -1: not had */
    const qn_fit_direction *directions; /* (direction_count) that the data do not determine well, the worst first; with
                                           more than 200 free parameters only the worst */
    int64_t direction_count;            /* of directions */
    double r_squared, adjusted_r_squared; /* 1 - rss / that of the best constant, weighted alike; NaN: data not known */
    double rmse;                          /* sqrt(mean of squared residuals), not weighted */
    /* Gaussian, with sigma's own scale or, without absolute_sigma, the likeliest; NaN with a loss other than linear. As
     * R's logLik of an nls with weights 1 / sigma^2. */
    double log_likelihood;
    double aic, aicc, bic; /* from it; parameters counted: rank, and 1 for an unknown scale. aicc NaN: n too small */
    const qn_fit_diagnostics *diagnostics; /* NULL: options.diagnostics was not set, or the fit has no finite point */
    bool profiled;                         /* options.profile, the fit converged, and nobody stopped the profiles */
    bool cached;                           /* it was not computed now: options.cache had it */
} qn_fit_result;

/* Where the derivatives of a problem come from. Differences stay within the bounds: at one of them, and at the edge of
 * the function's domain, both steps go to the other side. Their steps are shares of the parameter's size, of x_scale or
 * start where it is near 0. */
typedef enum qn_fit_derivatives {
    QN_FIT_EXACT = 0,   /* eval writes the Jacobian */
    QN_FIT_CENTRAL = 1, /* central differences: eval is never asked for a Jacobian; 2 p evaluations each, which
                           qn_fit_result.evaluations counts and max_evals does not */
    QN_FIT_FORWARD = 2, /* forward differences, half as many and half the digits */
} qn_fit_derivatives;

/* Residuals and Jacobian of a problem that is not a formula: eval(user, x, r, jacobian), in the calling thread.
 *   x (p); r (n): residuals (model minus data) to write; jacobian (p, n): derivative of residual i by parameter j at
 *   [j * n + i], NULL when not wanted.
 * Returns false where the function has no value (the solver tries a shorter step, and ends as not_finite at the start).
 */
typedef struct qn_fit_problem {
    int64_t size; /* sizeof(qn_fit_problem) */
    int64_t n, p;
    bool (*eval)(void *user, const double *x, double *r, double *jacobian);
    void *user;
    const char *const *names;       /* (p) NULL: p1, p2, … */
    qn_fit_derivatives derivatives; /* where they come from */
    const double *y;                /* (n) the data, for R^2 and for what rounding does; NULL: not known */
} qn_fit_problem;

/* A problem with every field 0 but the size, which is sizeof *out as the caller knows it. Any thread. */
QN_API void qn_fit_problem_init(qn_fit_problem *out, int64_t size);

/* Fits a problem given by a function. Errors: QN_INVALID (sizes; a start outside its bounds, crossed bounds: named),
 * QN_DATA (fewer residuals than parameters), QN_CONFIG (QUERN_CPU names no processor level), QN_NOMEM, QN_BUDGET. */
QN_API QN_MUST_USE qn_status qn_fit_solve(qn_fit_result **out, const qn_fit_problem *problem,
                                          const qn_fit_options *options, qn_error *err);

/* Fits `model` to the columns of `table` that it names (all borrowed during the call). Errors as above and: QN_NAME (a
 * column is not in the table), QN_DATA (a column is not numbers; a missing or infinite value in a used column, with its
 * file and line; too few rows). */
QN_API QN_MUST_USE qn_status qn_fit_table(qn_fit_result **out, const qn_model *model, const qn_table *table,
                                          const qn_fit_options *options, qn_error *err);

QN_API void qn_fit_result_free(qn_fit_result *result); /* NULL is fine */

QN_END_DECLS
#endif
