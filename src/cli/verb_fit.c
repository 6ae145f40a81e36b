/* cli/verb_fit.c: `quern fit`: its table, and the order of its work: read, fit, show, draw. */
#include "cli/fit_int.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "cli/report.h"

#include <quern/plot.h>

#include <inttypes.h>
#include <string.h>

static int run_fit(qni_run *run, const qni_args *args);

const qni_option qni_fit_options_table[FIT_OPTION_COUNT] = {
    [FIT_START] = {.name = "start",
                   .letter = 's',
                   .type = QNI_OPTION_LIST,
                   .argument = "NAME=NUMBER,...",
                   .absent = "1, moved inside the bounds",
                   .group = "The fit",
                   .help = "Where parameters start."},
    [FIT_BOUNDS] = {.name = "bounds",
                    .letter = 'b',
                    .type = QNI_OPTION_LIST,
                    .argument = "NAME=LOW:HIGH,...",
                    .absent = "none",
                    .group = "The fit",
                    .help = "Limits of parameters; either number may be left out (b2=:1)."},
    [FIT_MAX_EVALS] = {.name = "max-evals",
                       .type = QNI_OPTION_INTEGER,
                       .argument = "N",
                       .absent = "200 for each parameter, at least 2000",
                       .least = 1,
                       .configurable = true,
                       .group = "The fit",
                       .help = "Evaluations of the model after which the fit ends in any case."},
    [FIT_Y] = {.name = "y",
               .letter = 'y',
               .type = QNI_OPTION_STRING,
               .argument = "COLUMN",
               .absent = "the formula's left side",
               .group = "The fit",
               .help = "The column that a formula without a left side describes."},
    [FIT_NIST_START] = {.name = "nist-start",
                        .type = QNI_OPTION_CHOICE,
                        .argument = "1|2",
                        .choices = "1|2",
                        .otherwise = "1",
                        .group = "The fit",
                        .help = "Which of the file's two starting points to take (with nist)."},
    [FIT_NO_HEADER] = {.name = "no-header",
                       .type = QNI_OPTION_FLAG,
                       .configurable = true,
                       .group = "The data",
                       .help = "The first line is data; the columns are called c1, c2, and so on."},
    [FIT_DELIMITER] = {.name = "delimiter",
                       .letter = 'd',
                       .type = QNI_OPTION_STRING,
                       .argument = "CHARACTER",
                       .absent = "found from the first lines",
                       .refuse = qni_fit_delimiter_refuse,
                       .configurable = true,
                       .group = "The data",
                       .help = "What stands between cells: a character, tab or space."},
    [FIT_TYPES] = {.name = "types",
                   .type = QNI_OPTION_STRING,
                   .argument = "NAME=TYPE,...",
                   .absent = "f64 for the columns of the formula",
                   .group = "The data",
                   .help = "Types of columns: f64, f32, i64, bool, string, date or timestamp."},
    [FIT_FORMAT] = {.name = "format",
                    .letter = 'f',
                    .type = QNI_OPTION_CHOICE,
                    .argument = "FORMAT",
                    .choices = "text|json|csv",
                    .otherwise = "text",
                    .configurable = true,
                    .group = "The result",
                    .help = "text is for people, json for programs, csv has one row a parameter."},
    [FIT_PLOT] = {.name = "plot",
                  .letter = 'p',
                  .type = QNI_OPTION_FILE,
                  .argument = "FILE",
                  .files = "svg|png",
                  .absent = "none",
                  .group = "The result",
                  .help = "Draw data, curve and residuals into FILE.svg or FILE.png."},
};

enum {
    FORMAT_TEXT,
    FORMAT_JSON,
    FORMAT_CSV
}; /* in the order of the choices */

static const qni_argument curve_arguments[] = {
    {"FORMULA",
     "The model, in quotes: 'y = a*exp(-b*x)', 'log(y) = a + b*x', or only its right side with --y. Names that are "
     "columns of the data are data, all others are parameters. @FILE reads the formula from a file, @- from standard "
     "input. One that begins with - goes after --.",
     NULL},
    {"DATA",
     "The data: a CSV file (compressed by gzip or not); an array of NumPy's (.npy), whose columns are c1, c2 and so "
     "on; "
     "a file of NIST's reference datasets; or - for CSV from standard input.",
     "csv|tsv|gz|npy|dat"},
};

static const qni_argument nist_arguments[] = {
    {"FILE",
     "A file of NIST's reference datasets for nonlinear regression: formula, data and starts come from it, and the "
     "result is shown beside its certified values.",
     "dat"},
};

static const qni_form forms[] = {
    {NULL, curve_arguments, 2},
    {"nist", nist_arguments, 1},
};

static const qni_example examples[] = {
    {"quern fit 'volume = a*(1 - exp(-b*pressure))' examples/adsorption.csv --start a=500,b=1e-4",
     "A curve with two parameters:"},
    {"quern fit 'b*pressure/(1 + c*pressure)' examples/adsorption.csv --y volume --bounds b=0:,c=0: --format json",
     "Bounds, and a result for a program:"},
    {"tail -n +3 examples/adsorption.csv | quern fit 'log(volume) = a + b*log(pressure)' - --format csv",
     "A transformed response, data from another command:"},
};

const qni_verb qni_verb_fit = {
    .name = "fit",
    .summary = "fit a formula to data by nonlinear least squares",
    .description =
        "Finds the parameters that bring a formula closest to data, in the sense of least squares, and says how sure "
        "they are. Exits with 0 where the fit converged and 1 where it did not; then the result is shown as well. "
        "Ctrl-C ends a long fit and shows what is found so far.",
    .answer_no = "The fit did not converge. The result is shown as well.",
    .forms = forms,
    .form_count = sizeof forms / sizeof forms[0],
    .options = qni_fit_options_table,
    .option_count = FIT_OPTION_COUNT,
    .examples = examples,
    .example_count = sizeof examples / sizeof examples[0],
    .run = run_fit,
};

/* A figure that cannot be drawn should be known before a long fit. */
static int check_plot(const char *path)
{
    qn_error err = qn_error_none();
    const char *end = path != NULL ? strrchr(path, '.') : NULL;
    if (path == NULL)
        return 0;
    if (end == NULL || (strcmp(end, ".svg") != 0 && strcmp(end, ".png") != 0))
        (void)qni_error(&err, QN_INVALID, "--plot: \"%.200s\" ends neither in .svg nor in .png", path);
    else if (!qn_has("cairo"))
        (void)qni_error(&err, QN_UNAVAILABLE,
                        "--plot: the cairo library is not here: install libcairo2, or leave --plot out");
    return err.code == QN_OK ? 0 : qni_report(&err);
}

static bool should_stop(void *stop)
{
    return qni_stop_requested(stop);
}

static int fit(fit_job *job)
{
    qn_error err = qn_error_none();
    qn_status s = qni_fit_settings(job, &err);
    if (s != QN_OK)
        return s == QN_INVALID ? qni_report_usage(&err, job->args->verb->name) : qni_report(&err);
    qn_fit_options options;
    qn_fit_options_init(&options, sizeof options);
    options.start = job->settings;
    options.lower = job->settings + job->p;
    options.upper = job->settings + 2 * job->p;
    options.max_evals = qni_args_integer(job->args, &qni_fit_options_table[FIT_MAX_EVALS], 0);
    options.should_stop = should_stop;
    options.should_stop_user = job->run->stop;
    options.allocator = qni_run_allocator(job->run, QNI_HOLDER_FIT);
    qni_log(QN_LOG_INFO, "fit", "fitting %" PRId64 " parameters", job->p);
    int64_t begin = qni_clock_monotonic_ns();
    s = qn_fit_table(&job->result, job->model, job->table, &options, &err);
    job->seconds = (double)(qni_clock_monotonic_ns() - begin) * 1e-9;
    return s == QN_OK ? 0 : qni_report(&err);
}

const char *qni_fit_warning(const fit_job *job, int64_t index)
{
    int64_t count = qn_model_warning_count(job->model);
    if (index < count)
        return qn_model_warning(job->model, index);
    index -= count;
    return index < job->result->warning_count ? job->result->warnings[index] : NULL;
}

/* A row a parameter has no room for what the fit says besides: that goes to standard error. */
static void show_csv(const fit_job *job)
{
    qni_fit_csv(job);
    if (job->result->status != QN_FIT_CONVERGED)
        qni_report_warning(job->result->message);
    const char *warning;
    for (int64_t i = 0; (warning = qni_fit_warning(job, i)) != NULL; i++)
        qni_report_warning(warning);
}

static qn_status show(const fit_job *job, qn_error *err)
{
    qn_status s = QN_OK;
    switch (qni_args_choice(job->args, &qni_fit_options_table[FIT_FORMAT])) {
    case FORMAT_JSON:
        return qni_fit_json(job, err);
    case FORMAT_CSV:
        show_csv(job);
        return QN_OK;
    default:
        if (job->run->out->terminal)
            s = qni_fit_plot_terminal(job, err);
        qni_fit_text(job);
        return s;
    }
}

/* Shows the result, whatever becomes of the figure. */
static int finish(const fit_job *job, const char *plot)
{
    qn_error err = qn_error_none();
    int code = job->result->status == QN_FIT_CONVERGED ? 0 : QNI_EXIT_NO;
    if (show(job, &err) != QN_OK)
        code = qni_report(&err);
    (void)!qni_out_flush(job->run->out, "standard output", NULL); /* the command asks again, and reports */
    if (plot != NULL && qni_fit_plot_file(job, plot, &err) != QN_OK)
        code = qni_report(&err);
    return code;
}

static int run_fit(qni_run *run, const qni_args *args)
{
    fit_job job = {.run = run, .args = args};
    const char *plot = qni_args_text(args, &qni_fit_options_table[FIT_PLOT]);
    int code = check_plot(plot);
    if (code == 0)
        code = qni_fit_read(&job);
    if (code == 0) {
        atomic_store_explicit(run->patient, true, memory_order_relaxed);
        code = fit(&job);
        atomic_store_explicit(run->patient, false, memory_order_relaxed);
    }
    if (code == 0)
        code = finish(&job, plot);
    qni_fit_free(&job);
    return code;
}
