/* quern/model.h: a formula, compiled once: its value, its exact derivatives, its names.
 *
 * Caveats first:
 *  - A model is immutable and may be used by any number of threads, each with a workspace of its own.
 *  - Columns and parameters are numbered in the order in which the formula first names them, not in the order of the
 *    data.
 *  - Derivatives come from automatic differentiation, never from differences. At a kink the derivative is the mean of
 *    both sides (abs at 0: 0); where one has the form 0 * infinity (d/da 0^a, d/dx x^0, d/da sqrt(a*x) at x = 0) it
 *    is 0.
 *  - Values and derivatives have the same bits at every processor level (QUERN_CPU=baseline|avx2|avx512 forces one) and
 *    however rows are cut into calls; of NaNs, only that they are.
 *  - Evaluation never fails: what is outside the domain of a function is NaN or infinite as in IEEE 754.
 *
 * The language: see docs/formulas.md.
 */
#ifndef QUERN_MODEL_H
#define QUERN_MODEL_H

#include <quern/base.h>

QN_BEGIN_DECLS

typedef struct qn_model qn_model;
typedef struct qn_model_workspace qn_model_workspace;

/* What surrounds a formula: the names that are data. */
typedef struct qn_model_options {
    int64_t size;               /* sizeof(qn_model_options) */
    const char *const *columns; /* (column_count) names of the data; all others are parameters. Borrowed in the call */
    int64_t column_count;       /* of columns */
    const char *response; /* the column that a bare expression describes (`--y`); NULL: only a left side says it */
    const qn_allocator *allocator; /* NULL: the default. Borrowed, must outlive the model */
    bool second_derivatives;       /* compile what qn_model_eval_second needs */
} qn_model_options;

/* Options with every field at its default; `size` is sizeof *out as the caller knows it. Any thread. */
QN_API void qn_model_options_init(qn_model_options *out, int64_t size);

/* Compiles `formula` (`size` bytes; -1: up to the terminating zero; copied). The model has one reference, the caller's.
 * The formula is `y = expr`, `f(column) = expr` (the response is transformed) or, with options->response, `expr`; any
 * number of intermediates, `name = expr;`, stand before it.
 * Errors, with their column in `formula` where they have one: QN_SYNTAX; QN_NAME (unknown function, response that is no
 * column, with the nearest known name; a quoted name that is no column; an intermediate that is a column, a constant,
 * defined twice or used before); QN_INVALID (a left side and another options->response; second derivatives of sinc,
 * digamma or besselj1); QN_LIMIT (length, depth, operations, names, statements; parameters, with second derivatives);
 * QN_CONFIG (QUERN_CPU names no level, or one that this processor lacks); QN_NOMEM. `options` may be NULL: no columns.
 */
QN_API QN_MUST_USE qn_status qn_model_new(qn_model **out, const char *formula, int64_t size,
                                          const qn_model_options *options, qn_error *err);

/* One more reference, one fewer. The last one frees. NULL is fine for unref. Any thread. */
QN_API qn_model *qn_model_ref(qn_model *model);
QN_API void qn_model_unref(qn_model *model);

/* What the formula says. All strings are borrowed from the model. An `index` counts from 0 and is below the count;
 * `name` is looked for as it is spelled, without backticks. */
QN_API const char *qn_model_formula(const qn_model *model); /* as it was given */
/* The formula in its normal spelling: statements joined by "; ", a space around operators but ^, no parentheses that it
 * can do without, numbers in the shortest form that reads back as the same double, names in backticks only where they
 * need them. It is the same formula, and its own normal spelling; only its length may exceed what qn_model_new takes,
 * where that of the given one nearly does. */
QN_API const char *qn_model_text(const qn_model *model);
QN_API int64_t qn_model_parameter_count(const qn_model *model);
QN_API const char *qn_model_parameter_name(const qn_model *model, int64_t index);
QN_API int64_t qn_model_parameter_find(const qn_model *model, const char *name); /* -1: no such parameter */
QN_API int64_t qn_model_column_count(const qn_model *model);                     /* those that either side reads */
QN_API const char *qn_model_column_name(const qn_model *model, int64_t index);
QN_API bool qn_model_column_is_predictor(const qn_model *model, int64_t index); /* the right side names it */
/* Whether there is a left side: false only for a bare expression without options->response. */
QN_API bool qn_model_has_response(const qn_model *model);
QN_API const char *qn_model_response_text(const qn_model *model); /* the left side, "log(y)"; "" without one */
QN_API int64_t qn_model_warning_count(const qn_model *model);
QN_API const char *qn_model_warning(const qn_model *model, int64_t index); /* one sentence */

#define QN_MODEL_DIGEST_SIZE 65 /* bytes of a digest with its zero */

/* Writes the digest of what the formula means: 64 hexadecimal digits and a zero, equal for formulas that differ only in
 * spelling, white space, intermediates and the order of commutative operands. Names of parameters and columns are part
 * of the meaning, also of those that the result does not depend on; their order is not. The same from run to run and
 * machine to machine. It is computed anew each time, in about the time that compiling takes. On failure `out` is "".
 * Any thread. Errors: QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_model_digest(char out[QN_MODEL_DIGEST_SIZE], const qn_model *model, qn_error *err);

/* Scratch memory for evaluating `model` (borrowed; must outlive the workspace). One thread at a time.
 * Errors: QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_model_workspace_new(qn_model_workspace **out, const qn_model *model,
                                                    const qn_allocator *allocator, qn_error *err);
QN_API void qn_model_workspace_free(qn_model_workspace *workspace);

/* Evaluates the right side at rows first … first + count - 1.
 *   columns     (column_count): the data of each of the model's columns, indexed by row; NULL is fine where the right
 *               side reads none
 *   parameters  (parameter_count)
 *   value       (count): written; may be NULL
 *   jacobian    (parameter_count, count): derivative by parameter p of row i at [p * stride + i]; written; may be NULL
 *   stride      doubles from one parameter's derivatives to the next, >= count
 * What is written overlaps nothing that is read. An element's bits do not depend on first and count.
 * Allocates nothing. */
QN_API void qn_model_eval(const qn_model *model, qn_model_workspace *workspace, const double *const *columns,
                          int64_t first, int64_t count, const double *parameters, double *value, double *jacobian,
                          int64_t stride);

/* Evaluates the right side with first and second derivatives; the model was made with options->second_derivatives.
 *   derivatives  (p + p (p + 1) / 2, count), p parameters: by parameter i at [i * stride + row]; by parameters i >= j
 *                at [(p + i (i + 1) / 2 + j) * stride + row]; written
 * All else as in qn_model_eval. At a kink the second derivative is that of the smooth pieces. */
QN_API void qn_model_eval_second(const qn_model *model, qn_model_workspace *workspace, const double *const *columns,
                                 int64_t first, int64_t count, const double *parameters, double *value,
                                 double *derivatives, int64_t stride);

/* Evaluates the left side at those rows: the transformed response. value (count): written. Allocates nothing. */
QN_API void qn_model_eval_response(const qn_model *model, qn_model_workspace *workspace, const double *const *columns,
                                   int64_t first, int64_t count, double *value);

QN_END_DECLS
#endif
