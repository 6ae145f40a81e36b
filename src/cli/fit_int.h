/* cli/fit_int.h: one run of `quern fit`: what was asked for, what was read, what came out; and the files that show it.
 */
#ifndef QNI_CLI_FIT_INT_H
#define QNI_CLI_FIT_INT_H

#include "base/file.h"
#include "cli/command.h"
#include "cli/data_input.h"

#include <quern/fit.h>
#include <quern/nist.h>

/* Options of the verb, in the order of help. */
enum {
    FIT_START,
    FIT_BOUNDS,
    FIT_FIX,
    FIT_TIE,
    FIT_Y,
    FIT_LOSS,
    FIT_LOSS_SCALE,
    FIT_METHOD,
    FIT_X_SCALE,
    FIT_STARTS,
    FIT_SEED,
    FIT_MAX_EVALS,
    FIT_FTOL,
    FIT_XTOL,
    FIT_GTOL,
    FIT_NIST_START,
    FIT_SIGMA,
    FIT_COV,
    FIT_ABSOLUTE_SIGMA,
    FIT_WHERE,
    FIT_NAN,
    FIT_NO_HEADER,
    FIT_DELIMITER,
    FIT_TYPES,
    FIT_FROM,
    FIT_QUERY,
    FIT_PARAM,
    FIT_PASSWORD,
    FIT_FORMAT,
    FIT_CONFIDENCE,
    FIT_PROFILE,
    FIT_PLOT,
    FIT_RESIDUALS,
    FIT_SAVE,
    FIT_CACHE,
    FIT_VERBOSE,
    FIT_OPTION_COUNT
};
extern const qni_option qni_fit_options_table[FIT_OPTION_COUNT];

/* What the options say of the parameters, as qn_fit_options takes it. */
typedef struct fit_settings {
    double *block;                                   /* (5, p) what the next five point into */
    double *start, *lower, *upper, *fixed, *x_scale; /* (p); x_scale NULL: not given */
    const char **ties;                               /* (tie_capacity) borrowed from argv */
    int64_t tie_count, tie_capacity;
    qn_array covariance; /* (rows, rows) f64, row-major; all zero: none */
} fit_settings;

typedef struct fit_job {
    qni_run *run;
    const qni_args *args;
    const char *data_path; /* borrowed; once the data is read what the result calls it */
    const char *formula;   /* (formula_size) borrowed from argv, formula_bytes or nist */
    int64_t formula_size;
    const char *formula_file; /* "model.txt" of @model.txt; NULL: the command line */
    bool certified;           /* `quern fit nist`: nist's certified values are shown */

    qni_file_bytes formula_bytes;
    qni_data data;
    const qn_nist *nist;   /* data's; NULL: the data is none of NIST's files */
    const qn_table *table; /* data's, once it is read */
    qn_model *model;
    fit_settings settings;
    int64_t p;
    qn_fit_result *result;
    double seconds; /* of the fit alone */
    bool ending;    /* the end was asked for before files were written: they are written all the same */
} fit_job;

/* The text of an option of the fit; NULL: it says nothing. */
const char *qni_fit_option_text(const fit_job *job, int option);

/* The file with the data, as it was typed; NULL: a database has it. */
const char *qni_fit_data_path(const qni_args *args);

/* fit_input.c: formula, data and model; then the table. On failure the error has been reported and the exit code is
 * given; 0: done. */
int qni_fit_read(fit_job *job);
void qni_fit_free(fit_job *job);

/* fit_settings.c: what the options say, as the library takes it; out borrows from the job. Errors: QN_INVALID and
 * QN_NAME (each names its option), QN_DATA (--cov), those of quern/npy.h, QN_NOMEM. */
QN_MUST_USE qn_status qni_fit_settings(fit_job *job, qn_fit_options *out, qn_error *err);
void qni_fit_settings_free(fit_job *job);
/* What is wrong with a value of these options; NULL: nothing. */
const char *qni_fit_share_refuse(const char *text);
const char *qni_fit_positive_refuse(const char *text);

/* fit_watch.c: on_iteration of --verbose: a line of a table on standard error. */
typedef struct fit_watch {
    const qn_model *model;
    qni_out out;
    bool begun;
} fit_watch;
void qni_fit_watch_init(fit_watch *watch, const qn_model *model);
bool qni_fit_watch(void *watch, const qn_fit_iteration *now);

/* What a result looks like; written to job->run->out. */
void qni_fit_text(const fit_job *job);
void qni_fit_text_table(const fit_job *job);      /* fit_table.c: its parameters */
bool qni_fit_has_profile(const qn_fit_result *r); /* whether any of them has an end by its profile */
void qni_fit_csv(const fit_job *job);
/* A cell of text, quoted where RFC 4180 asks for it. */
void qni_fit_csv_text(void (*put)(void *to, const char *bytes, int64_t size), void *to, const char *text);
QN_MUST_USE qn_status qni_fit_json(const fit_job *job, qn_error *err);

/* fit_columns.c: the columns of the model (and that of --sigma) as doubles, over all rows of the table. */
typedef struct fit_columns {
    const fit_job *job;
    int64_t n, count;      /* rows; the model's columns */
    const double **column; /* (count + 1) the last: sigma, NULL without */
    double *block;         /* (block_count) those that are no doubles in the table */
    int64_t block_count;
} fit_columns;
/* Errors: QN_NOMEM. */
QN_MUST_USE qn_status qni_fit_columns_init(fit_columns *out, const fit_job *job, const qn_allocator *allocator,
                                           qn_error *err);
void qni_fit_columns_free(fit_columns *columns, const qn_allocator *allocator);

/* fit_residuals.c: --residuals: what the rows say, as CSV, whole or not at all. The result has diagnostics. Errors:
 * those of base/file.h, QN_NOMEM, QN_IO (qni_fit_gives_up). */
QN_MUST_USE qn_status qni_fit_residuals(const fit_job *job, const char *path, qn_error *err);

/* fit_plot.c: the figure in a file, and small in the terminal. Errors: those of quern/plot.h, QN_NOMEM. */
QN_MUST_USE qn_status qni_fit_plot_file(const fit_job *job, const char *path, qn_error *err);
QN_MUST_USE qn_status qni_fit_plot_terminal(const fit_job *job, qn_error *err);

/* fit_files.c: the files beside the result. */
/* Each file that is written is one of its own: neither an input nor another output. Returns the exit code; 0: so it is.
 */
int qni_fit_check_files(const qni_args *args);
/* Writes those that were asked for, whatever becomes of the others; `code`, or that of the last failure. */
int qni_fit_write_files(fit_job *job, int code);
/* Whether the end was asked for while files are written: what is not whole yet is given up. */
bool qni_fit_gives_up(const fit_job *job);

/* What model and fit warn of, one after the other; NULL after the last. */
const char *qni_fit_warning(const fit_job *job, int64_t index);

/* Correct digits of `value` beside a certified one: -log10 of the relative error, 0 to 11 (NIST certifies eleven). */
double qni_fit_agreement(double value, double certified);

#endif
