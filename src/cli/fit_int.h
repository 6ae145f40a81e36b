/* cli/fit_int.h: one run of `quern fit`: what was asked for, what was read, what came out; and the files that show it.
 */
#ifndef QNI_CLI_FIT_INT_H
#define QNI_CLI_FIT_INT_H

#include "base/file.h"
#include "cli/command.h"

#include <quern/fit.h>
#include <quern/nist.h>
#include <quern/npy.h>

/* Options of the verb, in the order of help. */
enum {
    FIT_START,
    FIT_BOUNDS,
    FIT_MAX_EVALS,
    FIT_Y,
    FIT_NIST_START,
    FIT_NO_HEADER,
    FIT_DELIMITER,
    FIT_TYPES,
    FIT_FORMAT,
    FIT_PLOT,
    FIT_OPTION_COUNT
};
extern const qni_option qni_fit_options_table[FIT_OPTION_COUNT];

typedef struct fit_job {
    qni_run *run;
    const qni_args *args;
    const char *data_path; /* borrowed */
    const char *formula;   /* (formula_size) borrowed from argv, formula_bytes or nist */
    int64_t formula_size;
    const char *formula_file; /* "model.txt" of @model.txt; NULL: the command line */
    bool certified;           /* `quern fit nist`: nist's certified values are shown */

    qni_file_bytes formula_bytes;
    qn_nist *nist;         /* NULL: the data is none of NIST's files */
    qn_csv *csv;           /* open until the table is read */
    qn_table *own_table;   /* from CSV or .npy */
    const qn_table *table; /* nist's or own_table */
    qn_model *model;
    double *settings; /* start, lower, upper: (p) each, one block */
    int64_t p;
    qn_fit_result *result;
    double seconds; /* of the fit alone */
} fit_job;

/* fit_input.c: formula, data and model; then the table. On failure the error has been reported and the exit code is
 * given; 0: done. */
int qni_fit_read(fit_job *job);
void qni_fit_free(fit_job *job);

/* What is wrong with a --delimiter; NULL: nothing. */
const char *qni_fit_delimiter_refuse(const char *text);

/* fit_settings.c: --start and --bounds for the model's parameters: job->settings. Errors: QN_INVALID, QN_NAME,
 * QN_NOMEM. */
QN_MUST_USE qn_status qni_fit_settings(fit_job *job, qn_error *err);

/* What a result looks like; written to job->run->out. */
void qni_fit_text(const fit_job *job);
void qni_fit_csv(const fit_job *job);
QN_MUST_USE qn_status qni_fit_json(const fit_job *job, qn_error *err);

/* fit_plot.c: the figure in a file, and small in the terminal. Errors: those of quern/plot.h, QN_NOMEM. */
QN_MUST_USE qn_status qni_fit_plot_file(const fit_job *job, const char *path, qn_error *err);
QN_MUST_USE qn_status qni_fit_plot_terminal(const fit_job *job, qn_error *err);

/* What model and fit warn of, one after the other; NULL after the last. */
const char *qni_fit_warning(const fit_job *job, int64_t index);

/* Correct digits of `value` beside a certified one: -log10 of the relative error, 0 to 11 (NIST certifies eleven). */
double qni_fit_agreement(double value, double certified);

#endif
