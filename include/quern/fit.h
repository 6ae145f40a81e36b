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

/* What is asked of a fit of p parameters. Zero or NULL in a field means its default. */
typedef struct qn_fit_options {
    int64_t size;        /* sizeof(qn_fit_options) */
    const double *start; /* (p) NaN: none, it is 1 moved inside the bounds; NULL: none at all */
    const double *lower; /* (p) -infinity where there is none; NULL: none at all */
    const double *upper; /* (p) */
    int64_t max_evals;   /* evaluations of the model with or without derivatives; 0: 200 (p + 1), at least 2000 */
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
} qn_fit_options;

/* Options with every field at its default; `size` is sizeof *out as the caller knows it. Any thread. */
QN_API void qn_fit_options_init(qn_fit_options *out, int64_t size);

/* A parameter: where it began, where it ended, how sure that is. */
typedef struct qn_fit_parameter {
    const char *name; /* borrowed from the result */
    double start;     /* as given, or 1 moved inside the bounds */
    double value;     /* where the fit ended: the best point so far, converged or not */
    double stderr_;   /* standard error; NaN where it cannot be had (no degrees of freedom, singular, not converged) */
    double ci_low, ci_high; /* t interval at options.confidence; NaN likewise */
    bool at_bound;          /* value is lower or upper itself */
} qn_fit_parameter;

/* What a fit found. All that it points to is its own and lives until qn_fit_result_free. */
typedef struct qn_fit_result {
    qn_fit_status status;               /* how it ended: look here first */
    const char *message;                /* one sentence for a person */
    const char *method;                 /* "trf" */
    int64_t n;                          /* rows used */
    int64_t omitted;                    /* rows left out */
    int64_t p;                          /* parameters */
    int64_t dof;                        /* n - p */
    const qn_fit_parameter *parameters; /* (p) */
    const double *covariance;           /* (p, p) row-major; NaN where it cannot be had */
    double rss;                         /* residual sum of squares */
    double residual_sd;                 /* sqrt(rss / dof); NaN without degrees of freedom */
    double confidence;                  /* of the intervals */
    int64_t evaluations;                /* of the model's value */
    int64_t iterations;                 /* steps taken */
    int64_t loop_allocations;           /* calls of the allocator between first and last iteration: 0 */
    const char *const *warnings;        /* (warning_count) */
    int64_t warning_count;              /* of warnings, each one sentence for a person */
} qn_fit_result;

/* Residuals and Jacobian of a problem that is not a formula: eval(user, x, r, jacobian), in the calling thread.
 *   x (p); r (n): residuals to write; jacobian (p, n): derivative of residual i by parameter j at [j * n + i], NULL
 *   when not wanted.
 * Returns false to end the fit as not_finite at this point (the solver tries a shorter step first). */
typedef struct qn_fit_problem {
    int64_t n, p;
    bool (*eval)(void *user, const double *x, double *r, double *jacobian);
    void *user;
    const char *const *names; /* (p) NULL: p1, p2, … */
} qn_fit_problem;

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
