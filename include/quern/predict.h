/* quern/predict.h: a fit kept as JSON, read back, and what it says of new data.
 *
 * Caveats first:
 *  - Nothing in a file is ever run: its formula is compiled by quern/model.h, all else is numbers and names.
 *  - A band says how sure the curve is, an interval where one new observation may lie. Both are those of the linear
 *    model in the parameters at the solution (the delta method), and of Gaussian errors.
 *  - With a loss other than linear the residual standard deviation counts the outliers, so intervals are wide.
 *  - Calls with different results may run at once in any threads; nothing is shared but what is borrowed and immutable.
 */
#ifndef QUERN_PREDICT_H
#define QUERN_PREDICT_H

#include <quern/base.h>
#include <quern/fit.h>
#include <quern/model.h>
#include <quern/nist.h>
#include <quern/table.h>

QN_BEGIN_DECLS

/* ---- a fit as JSON ---- */

/* What is written beside a result. Zero or NULL in a field means that there is none. Borrowed during the call. */
typedef struct qn_fit_json_options {
    int64_t size;             /* sizeof(qn_fit_json_options) */
    const qn_nist *certified; /* the reference dataset that was fitted: its certified values */
    bool cached;              /* the result was known before */
} qn_fit_json_options;

/* Options with every field at its default; `size` is sizeof *out as the caller knows it. Any thread. */
QN_API void qn_fit_json_options_init(qn_fit_json_options *out, int64_t size);

/* Writes a result as one line of JSON, schema "quern.fit/1", whose keys docs/fit.md lists; keys are only ever added.
 * Numbers read back to the same double, what is not finite is null. `model` is the one that was fitted (NULL: a
 * function; such a fit cannot be read back). `options` may be NULL. `sink` takes `size` bytes of `text`, not
 * zero-terminated, as often as there are some; a failure of it ends the writing. Errors: the sink's, QN_INVALID
 * (options.size; a model with other parameters). */
QN_API QN_MUST_USE qn_status qn_fit_write_json(
    const qn_fit_result *result, const qn_model *model, const qn_fit_json_options *options,
    qn_status (*sink)(void *user, const char *text, int64_t size, qn_error *err), void *user, qn_error *err);

/* The same into the file `path` ("-": standard output), which appears whole or not at all. Errors: as above and
 * QN_CREATE, QN_PERMISSION, QN_IO, QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_fit_save(const char *path, const qn_fit_result *result, const qn_model *model,
                                         const qn_fit_json_options *options, const qn_allocator *allocator,
                                         qn_error *err);

/* A fit read back. All that it points to is its own and lives until qn_fit_saved_free; immutable. */
typedef struct qn_fit_saved {
    const qn_model *model;       /* of its formula */
    const qn_fit_result *result; /* what the file says, as qn_fit_table gave it; numbers that were not finite are NaN,
                                    what the file does not have is NaN, NULL or 0. Of the diagnostics only the summary:
                                    its arrays are NULL. Not for qn_fit_result_free */
} qn_fit_saved;

/* Reads what qn_fit_write_json wrote from the file `path` ("-": standard input), or from `size` bytes in memory
 * (borrowed during the call; `name` is what complaints call them, NULL: nothing). Keys that are not known are passed
 * over; those that predictions need must be there. `allocator` (NULL: the default) is borrowed until the fit is freed;
 * while reading, memory of some ten times the file's size comes from the system. Errors: QN_SYNTAX (no JSON; a formula
 * that does not compile), QN_DATA (another schema; a key that is missing, of another type, of another size, or says
 * what cannot be: named), QN_NAME (names that are not the formula's), QN_LIMIT (256 MiB), QN_NO_INPUT, QN_PERMISSION,
 * QN_IO, QN_NOMEM, QN_BUDGET. */
QN_API QN_MUST_USE qn_status qn_fit_saved_read(qn_fit_saved **out, const char *path, const qn_allocator *allocator,
                                               qn_error *err);
QN_API QN_MUST_USE qn_status qn_fit_saved_read_bytes(qn_fit_saved **out, const char *bytes, int64_t size,
                                                     const char *name, const qn_allocator *allocator, qn_error *err);
QN_API void qn_fit_saved_free(qn_fit_saved *saved); /* NULL is fine */

/* ---- predictions ---- */

/* What is asked of a prediction for a table of n rows. Zero or NULL in a field means its default. Borrowed during the
 * call. */
typedef struct qn_predict_options {
    int64_t size;                  /* sizeof(qn_predict_options) */
    bool band;                     /* standard errors, confidence band and prediction interval, too */
    double confidence;             /* of both; 0: the fit's */
    const double *sigma;           /* (n) standard deviations of the new observations, > 0; NULL: sigma_column */
    const char *sigma_column;      /* the column that holds them; NULL: the one that the fit was weighted by */
    qn_fit_nan nan;                /* rows in which a predictor has no finite number: an error, or NaN throughout */
    const qn_allocator *allocator; /* NULL: the default. Of the prediction, too; borrowed until that is freed */
} qn_predict_options;

/* Options with every field at its default; `size` is sizeof *out as the caller knows it. Any thread. */
QN_API void qn_predict_options_init(qn_predict_options *out, int64_t size);

/* What a fit says of the rows of a table. All that it points to is its own and lives until qn_prediction_free. Arrays
 * are (n), in the order of the rows; NaN where there is no such number. With a transformed response, log(y), all is on
 * that scale. */
typedef struct qn_prediction {
    int64_t n;
    const double *fitted;   /* the model's value */
    const double *observed; /* the response; NULL: the table has no such column */
    const double *residual; /* observed minus fitted, as in a fit; NULL likewise */
    double confidence;      /* of band and interval */
    const double *stderr_; /* of the fitted value: sqrt(g' C g), g its derivative by the parameters, C their covariance.
                               NULL, as those below: options.band was not set */
    const double *ci_low, *ci_high; /* confidence band: fitted -+ t stderr, t as in the fit: of Student's
                                       distribution with dof degrees of freedom, of the normal one where sigma is
                                       absolute */
    const double *pi_low, *pi_high; /* prediction interval: fitted -+ t sqrt(stderr^2 + the new observation's variance).
                                       That is residual_sd^2 of an unweighted fit, (residual_sd sigma)^2 of a weighted
                                       one, sigma^2 where sigma is absolute */
    int64_t omitted;                /* rows in which a predictor has no finite number: options.nan */
    int64_t not_finite;             /* further rows in which the model's value or a derivative is not finite */
    int64_t undetermined;           /* further rows without a standard error: the curve depends there on a parameter
                                that has none, or on parameters so strongly correlated that it would have no correct
                                digit */
    int64_t too_large;              /* further rows in which a standard error or an end of band or interval is beyond
                                       the range of double precision: NaN */
    int64_t no_response;            /* rows that lack nothing, but have a response that is not finite: log(y) at y <= 0.
                                       observed and residual are NaN */
    const char *no_band;            /* why there are no standard errors, a sentence; NULL: there are */
    const char *no_interval; /* why there is no prediction interval where there is a band, a sentence; NULL: there is */
} qn_prediction;

/* Predicts the rows of `table` from a fit and its model (all borrowed during the call): those of a qn_fit_saved, or
 * what qn_fit_table took and gave. The table needs the columns that the formula's right side names. Errors: QN_INVALID
 * (options; a model with other parameters; sigma given twice), QN_NAME (a column is not in the table, with the nearest
 * name), QN_DATA (a column is not numbers; a missing or infinite value in a predictor, a sigma that is not positive,
 * with file and line; a covariance that is none), QN_NOMEM, QN_BUDGET. */
QN_API QN_MUST_USE qn_status qn_predict(qn_prediction **out, const qn_model *model, const qn_fit_result *result,
                                        const qn_table *table, const qn_predict_options *options, qn_error *err);
QN_API void qn_prediction_free(qn_prediction *prediction); /* NULL is fine */

QN_END_DECLS
#endif
