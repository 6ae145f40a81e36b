/* cli/fit_files.c: the files that a fit writes beside its result: that none of them takes the place of an input or of
 * another output, and that a signal leaves nothing half written behind. */
#include "cli/fit_int.h"

#include "base/error.h"
#include "base/log.h"
#include "cli/plot_check.h"
#include "cli/report.h"

#include <quern/plot.h>
#include <quern/predict.h>

#include <limits.h>
#include <string.h>

static const int outputs[] = {FIT_PLOT, FIT_RESIDUALS, FIT_SAVE};

enum {
    OUTPUTS = sizeof outputs / sizeof outputs[0]
};

/* Whether the data, standard input or not, is what the path leads to. */
static bool is_input(const char *input, const char *path)
{
    return input != NULL && qni_data_same_file(strcmp(input, "-") == 0 ? "/dev/stdin" : input, path);
}

/* An output that would replace what is read. */
static qn_status check_inputs(const qni_args *args, const char *name, const char *path, qn_error *err)
{
    bool certified = args->form->word != NULL;
    const char *formula = certified ? NULL : args->arguments[0], *data = qni_fit_data_path(args);
    const char *cov = qni_args_text(args, &qni_fit_options_table[FIT_COV]);
    const char *url = qni_args_text(args, &qni_fit_options_table[FIT_FROM]);
    char database[PATH_MAX];
    if (url != NULL && qni_sql_file(database, sizeof database, url))
        data = database;
    const char *role = is_input(data, path)                                                  ? "the data"
                       : formula != NULL && formula[0] == '@' && is_input(formula + 1, path) ? "the formula's file"
                       : is_input(cov, path)                                                 ? "the file of --cov"
                                                                                             : NULL;
    return role == NULL ? QN_OK : qni_error(err, QN_INVALID, "--%s: \"%.200s\" is %s", name, path, role);
}

int qni_fit_check_files(const qni_args *args)
{
    const char *paths[OUTPUTS];
    qn_error err = qn_error_none();
    qn_status s = qni_plot_check(qni_args_text(args, &qni_fit_options_table[FIT_PLOT]), &err);
    for (int i = 0; s == QN_OK && i < OUTPUTS; i++) {
        const char *name = qni_fit_options_table[outputs[i]].name;
        paths[i] = qni_args_text(args, &qni_fit_options_table[outputs[i]]);
        if (paths[i] == NULL)
            continue;
        if (paths[i][0] == '\0' || strcmp(paths[i], "-") == 0)
            s = qni_error(&err, QN_INVALID, "--%s: standard output holds the result: name a file", name);
        for (int k = 0; s == QN_OK && k < i; k++)
            if (paths[k] != NULL && qni_data_same_file(paths[k], paths[i]))
                s = qni_error(&err, QN_INVALID, "--%s: \"%.200s\" is the file of --%s already", name, paths[i],
                              qni_fit_options_table[outputs[k]].name);
        if (s == QN_OK)
            s = check_inputs(args, name, paths[i], &err);
    }
    return s == QN_OK ? 0 : qni_report(&err);
}

bool qni_fit_gives_up(const fit_job *job)
{
    return !job->ending && qni_stop_requested(job->run->stop);
}

static qn_status save(const fit_job *job, const char *path, qn_error *err)
{
    qn_fit_json_options options;
    qn_fit_json_options_init(&options, sizeof options);
    options.certified = job->certified ? job->nist : NULL;
    return qn_fit_save(path, job->result, job->model, &options, qni_run_allocator(job->run, QNI_HOLDER_FIT), err);
}

/* A signal waits until a regular file is whole or gone again. With any other, a reader may never come. */
static int write_file(const fit_job *job, int option, qn_status (*produce)(const fit_job *, const char *, qn_error *),
                      int code)
{
    qn_error err = qn_error_none();
    const char *path = qni_fit_option_text(job, option);
    if (path == NULL)
        return code;
    atomic_store_explicit(job->run->patient, qni_data_is_regular(path), memory_order_relaxed);
    qni_log(QN_LOG_INFO, "fit", "writing \"%s\"", path);
    qn_status s = qni_fit_gives_up(job) ? qni_error(&err, QN_IO, "interrupted: \"%.200s\" was not written", path)
                                        : produce(job, path, &err);
    atomic_store_explicit(job->run->patient, false, memory_order_relaxed);
    return s == QN_OK ? code : qni_report(&err);
}

int qni_fit_write_files(fit_job *job, int code)
{
    job->ending = qni_stop_requested(job->run->stop);
    code = write_file(job, FIT_SAVE, save, code);
    if (job->result->diagnostics != NULL)
        code = write_file(job, FIT_RESIDUALS, qni_fit_residuals, code);
    else if (qni_fit_option_text(job, FIT_RESIDUALS) != NULL)
        qni_report_warning("--residuals: the fit has no finite point, so there are none");
    return write_file(job, FIT_PLOT, qni_fit_plot_file, code);
}
