/* cli/verb_fit.c: `quern fit`: its table, and the order of its work: read, fit, show, draw. */
#include "cli/fit_int.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "cli/cache_int.h"
#include "cli/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int run_fit(qni_run *run, const qni_args *args);

const qni_option qni_fit_options_table[FIT_OPTION_COUNT] = {
    [FIT_START] = {.name = "start",
                   .letter = 's',
                   .type = QNI_OPTION_LIST,
                   .argument = "NAME=NUMBER,...",
                   .absent = "estimated from the data, or many points",
                   .group = "The parameters",
                   .help = "Where parameters start."},
    [FIT_BOUNDS] = {.name = "bounds",
                    .letter = 'b',
                    .type = QNI_OPTION_LIST,
                    .argument = "NAME=LOW:HIGH,...",
                    .absent = "none",
                    .group = "The parameters",
                    .help = "Limits of parameters; either number may be left out (b2=:1)."},
    [FIT_FIX] = {.name = "fix",
                 .type = QNI_OPTION_LIST,
                 .argument = "NAME=NUMBER,...",
                 .absent = "none",
                 .group = "The parameters",
                 .help = "Parameters that stay at a number instead of being fitted."},
    [FIT_TIE] = {.name = "tie",
                 .type = QNI_OPTION_LIST,
                 .argument = "NAME=EXPRESSION",
                 .absent = "none",
                 .group = "The parameters",
                 .help = "A parameter that is a function of others, such as 'b = 2*a'; once for each."},
    [FIT_Y] = {.name = "y",
               .letter = 'y',
               .type = QNI_OPTION_STRING,
               .argument = "COLUMN",
               .absent = "the formula's left side",
               .group = "The parameters",
               .help = "The column that a formula without a left side describes."},
    [FIT_LOSS] = {.name = "loss",
                  .type = QNI_OPTION_CHOICE,
                  .argument = "LOSS",
                  .choices = "linear|soft_l1|huber|cauchy|arctan",
                  .otherwise = "linear",
                  .configurable = true,
                  .group = "The fit",
                  .help = "How much a large residual counts: linear is least squares, the others let go of outliers."},
    [FIT_LOSS_SCALE] = {.name = "loss-scale",
                        .type = QNI_OPTION_NUMBER,
                        .argument = "S",
                        .absent = "1",
                        .refuse = qni_fit_positive_refuse,
                        .group = "The fit",
                        .help = "The residual (in units of sigma, where there is one) from which on the loss lets go."},
    [FIT_METHOD] = {.name = "method",
                    .letter = 'm',
                    .type = QNI_OPTION_CHOICE,
                    .argument = "METHOD",
                    .choices = "trf|lm|dogbox",
                    .otherwise = "trf",
                    .configurable = true,
                    .group = "The fit",
                    .help = "The solver: trust-region reflective, Levenberg-Marquardt (takes no bounds) or dogbox."},
    [FIT_X_SCALE] = {.name = "x-scale",
                     .type = QNI_OPTION_LIST,
                     .argument = "jac|NAME=NUMBER,...",
                     .absent = "jac: from the derivatives",
                     .group = "The fit",
                     .help = "Typical sizes of the parameters, which shape the solver's steps."},
    [FIT_STARTS] = {.name = "starts",
                    .type = QNI_OPTION_INTEGER,
                    .argument = "N",
                    .absent = "1, or many where no start is known",
                    .least = 1,
                    .most = QNI_STARTS_MOST,
                    .configurable = true,
                    .group = "The fit",
                    .help = "Points from which to fit; the best end counts."},
    [FIT_SEED] = {.name = "seed",
                  .type = QNI_OPTION_INTEGER,
                  .argument = "N",
                  .absent = "0",
                  .least = 0,
                  .group = "The fit",
                  .help = "Which quasi-random points: the same seed, the same points."},
    [FIT_MAX_EVALS] = {.name = "max-evals",
                       .type = QNI_OPTION_INTEGER,
                       .argument = "N",
                       .absent = "200 for each parameter, at least 2000",
                       .least = 1,
                       .configurable = true,
                       .group = "The fit",
                       .help = "Evaluations of the model after which each fit ends, without the search for a start."},
    [FIT_FTOL] = {.name = "ftol",
                  .type = QNI_OPTION_NUMBER,
                  .argument = "X",
                  .absent = "8.9e-16",
                  .refuse = qni_fit_share_refuse,
                  .configurable = true,
                  .group = "The fit",
                  .help = "Ends where the sum of squares can fall by no larger share."},
    [FIT_XTOL] = {.name = "xtol",
                  .type = QNI_OPTION_NUMBER,
                  .argument = "X",
                  .absent = "8.9e-16",
                  .refuse = qni_fit_share_refuse,
                  .configurable = true,
                  .group = "The fit",
                  .help = "Ends where no parameter would change by a larger share."},
    [FIT_GTOL] = {.name = "gtol",
                  .type = QNI_OPTION_NUMBER,
                  .argument = "X",
                  .absent = "8.9e-16",
                  .refuse = qni_fit_share_refuse,
                  .configurable = true,
                  .group = "The fit",
                  .help = "Ends where the cosine between residuals and derivatives is no larger."},
    [FIT_NIST_START] = {.name = "nist-start",
                        .type = QNI_OPTION_CHOICE,
                        .argument = "1|2",
                        .choices = "1|2",
                        .otherwise = "1",
                        .group = "The fit",
                        .help = "Which of the file's two starting points to take (with nist)."},
    [FIT_SIGMA] = {.name = "sigma",
                   .type = QNI_OPTION_STRING,
                   .argument = "COLUMN",
                   .absent = "all the same",
                   .group = "The data",
                   .help = "The column with the standard deviations of the data."},
    [FIT_COV] = {.name = "cov",
                 .type = QNI_OPTION_FILE,
                 .argument = "FILE.npy",
                 .files = "npy",
                 .absent = "none",
                 .group = "The data",
                 .help = "The covariance of the data's rows, an array of NumPy's; instead of --sigma."},
    [FIT_ABSOLUTE_SIGMA] = {.name = "absolute-sigma",
                            .type = QNI_OPTION_FLAG,
                            .configurable = true,
                            .group = "The data",
                            .help = "Sigma or covariance hold as they stand, not only up to a factor."},
    [FIT_WHERE] = {.name = "where",
                   .letter = 'w',
                   .type = QNI_OPTION_STRING,
                   .argument = "EXPRESSION",
                   .absent = "all rows",
                   .group = "The data",
                   .help = "Use the rows for which this holds, such as 'x > 3 && y < 10'."},
    [FIT_NAN] = {.name = "nan",
                 .type = QNI_OPTION_CHOICE,
                 .argument = "raise|omit",
                 .choices = "raise|omit",
                 .otherwise = "raise",
                 .configurable = true,
                 .group = "The data",
                 .help = "What to do with rows that lack a number: raise names the first one, omit leaves them out."},
    [FIT_NO_HEADER] = QNI_DATA_OPTION_NO_HEADER,
    [FIT_DELIMITER] = QNI_DATA_OPTION_DELIMITER,
    [FIT_TYPES] = QNI_DATA_OPTION_TYPES,
    [FIT_FROM] = QNI_DATA_OPTION_FROM,
    [FIT_QUERY] = QNI_DATA_OPTION_QUERY,
    [FIT_PARAM] = QNI_DATA_OPTION_PARAM,
    [FIT_PASSWORD] = QNI_DATA_OPTION_PASSWORD,
    [FIT_FORMAT] = {.name = "format",
                    .letter = 'f',
                    .type = QNI_OPTION_CHOICE,
                    .argument = "FORMAT",
                    .choices = "text|json|csv",
                    .otherwise = "text",
                    .configurable = true,
                    .group = "The result",
                    .help = "text is for people, json for programs, csv has one row a parameter."},
    [FIT_CONFIDENCE] = {.name = "confidence",
                        .type = QNI_OPTION_NUMBER,
                        .argument = "P",
                        .otherwise = "0.95",
                        .refuse = qni_fit_share_refuse,
                        .configurable = true,
                        .group = "The result",
                        .help = "The probability that intervals are made for."},
    [FIT_PROFILE] = {.name = "profile",
                     .type = QNI_OPTION_FLAG,
                     .configurable = true,
                     .group = "The result",
                     .help = "Intervals by the profile likelihood, too: right where the model is curved, and slower."},
    [FIT_PLOT] = {.name = "plot",
                  .letter = 'p',
                  .type = QNI_OPTION_FILE,
                  .argument = "FILE",
                  .files = "svg|png",
                  .absent = "none",
                  .group = "The result",
                  .help = "Draw data, curve, band and residuals into FILE.svg or FILE.png."},
    [FIT_RESIDUALS] = {.name = "residuals",
                       .letter = 'r',
                       .type = QNI_OPTION_FILE,
                       .argument = "FILE",
                       .files = "csv",
                       .absent = "none",
                       .group = "The result",
                       .help = "Write a CSV file of the rows: fitted values, residuals, leverages."},
    [FIT_SAVE] = {.name = "save",
                  .letter = 'o',
                  .type = QNI_OPTION_FILE,
                  .argument = "FILE",
                  .files = "json",
                  .absent = "none",
                  .group = "The result",
                  .help = "Write the object of --format json, which quern predict reads."},
    [FIT_CACHE] = {.name = "cache",
                   .type = QNI_OPTION_FLAG,
                   .group = "The result",
                   .help =
                       "Take the result of an earlier run from the cache, if formula, data, options and version are "
                       "the same, and keep it there; see quern cache."},
    [FIT_VERBOSE] = {.name = "verbose",
                     .letter = 'v',
                     .type = QNI_OPTION_FLAG,
                     .configurable = true,
                     .group = "The result",
                     .help = "Show each iteration on standard error."},
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
    {"DATA", "The data: " QNI_DATA_ARGUMENT_HELP, QNI_DATA_ARGUMENT_FILES},
};

static const qni_argument nist_arguments[] = {
    {"FILE",
     "A file of NIST's reference datasets for nonlinear regression: formula, data and starts come from it, and the "
     "result is shown beside its certified values.",
     "dat"},
};

static const qni_form forms[] = {
    {.arguments = curve_arguments, .argument_count = 2},
    {.arguments = curve_arguments, .argument_count = 1, .options = QNI_DATA_FORM_OPTIONS},
    {.word = "nist", .arguments = nist_arguments, .argument_count = 1},
};

static const qni_example examples[] = {
    {"quern fit 'volume = a*(1 - exp(-b*pressure))' examples/adsorption.csv --start a=500,b=1e-4",
     "A curve with two parameters:"},
    {"quern fit 'b*pressure/(1 + c*pressure)' examples/adsorption.csv --y volume --bounds b=0:,c=0: --format json",
     "Bounds, and a result for a program:"},
    {"tail -n +3 examples/adsorption.csv | quern fit 'log(volume) = a + b*log(pressure)' - --format csv",
     "A transformed response, data from another command:"},
    {"quern fit 'count = a*exp(-k*t) + c' examples/decay.csv --sigma sd --absolute-sigma --where 't != 11' --profile",
     "Known errors of the data, some of its rows, and intervals that follow the model's curvature:"},
    {"quern fit 'count = a*exp(-k*t) + c' examples/decay.csv --fix c=25 --loss soft_l1 --loss-scale 15",
     "A parameter that is known, and outliers that count less:"},
    {"quern fit 'y = a + b*x' --from memory: --query 'SELECT 1 AS x, 2.5 AS y UNION ALL SELECT 2, 4.5 UNION ALL SELECT "
     "3, 6.4'",
     "Data from a database:"},
};

const qni_verb qni_verb_fit = {
    .name = "fit",
    .summary = "fit a formula to data by nonlinear least squares",
    .description =
        "Finds the parameters that bring a formula closest to data, in the sense of least squares, and says how sure "
        "they are. Exits with 0 where the fit converged and 1 where it did not; then the result is shown as well. "
        "Ctrl-C ends a long fit and shows what is found so far; "
        "the exit code is then 130 (143 where another request ended it).",
    .answer_no = "The fit did not converge. The result is shown as well.",
    .forms = forms,
    .form_count = sizeof forms / sizeof forms[0],
    .options = qni_fit_options_table,
    .option_count = FIT_OPTION_COUNT,
    .examples = examples,
    .example_count = sizeof examples / sizeof examples[0],
    .run = run_fit,
};

static bool should_stop(void *stop)
{
    return qni_stop_requested(stop);
}

/* A tie that the library refuses is quoted first in its sentence: the option belongs before it. */
static void name_tie(const fit_job *job, qn_error *err)
{
    char message[sizeof err->message];
    for (int64_t i = 0; i < job->settings.tie_count; i++) {
        size_t size = strnlen(job->settings.ties[i], 100);
        if (err->message[0] != '"' || strncmp(err->message + 1, job->settings.ties[i], size) != 0)
            continue;
        memcpy(message, err->message, sizeof message);
        (void)qni_error_at(err, err->code, NULL, err->line, err->column, "--tie %s", message);
        return;
    }
}

/* What is wrong with the numbers in the file of --cov. */
static void name_covariance(const fit_job *job, qn_error *err)
{
    static const char subject[] = "the covariance of the data";
    char message[sizeof err->message];
    const char *path = qni_fit_option_text(job, FIT_COV);
    if (path == NULL || err->code != QN_DATA || strncmp(err->message, subject, sizeof subject - 1) != 0)
        return;
    memcpy(message, err->message, sizeof message);
    (void)qni_error_at(err, err->code, qni_file_name(path), 0, 0, "--cov: %s", message);
}

static void warn_of_cache(const qn_error *why)
{
    char sentence[sizeof why->file + sizeof why->message + 40];
    (void)snprintf(sentence, sizeof sentence, "the cache is not used: %s%s%s", why->file,
                   why->file[0] != '\0' ? ": " : "", why->message);
    qni_report_warning(sentence);
}

/* The cache, if one is asked for. Without it a fit takes longer, and no fit fails for want of it. */
static qn_cache *open_cache(const fit_job *job)
{
    qn_error why = qn_error_none();
    qn_cache *cache = NULL;
    char *folder = NULL;
    if (!qni_args_flag(job->args, &qni_fit_options_table[FIT_CACHE]))
        return NULL;
    qn_status s = qni_cache_folder(&folder, job->run, job->args, &why);
    if (s == QN_OK)
        s = qni_cache_open(&cache, job->run, job->args, folder, false, &why);
    if (s != QN_OK)
        warn_of_cache(&why);
    if (folder != NULL)
        qni_free(job->run->allocator, folder, (int64_t)strlen(folder) + 1, 1);
    return cache;
}

static void close_cache(qn_cache *cache)
{
    qn_error why = qn_error_none();
    if (qn_cache_close(cache, -1, &why) != QN_OK)
        warn_of_cache(&why);
}

static int fit(fit_job *job)
{
    qn_error err = qn_error_none();
    qn_fit_options options;
    fit_watch watch;
    qn_status s = qni_fit_settings(job, &options, &err);
    if (s != QN_OK)
        return s == QN_INVALID ? qni_report_usage(&err, job->args->verb->name) : qni_report(&err);
    options.should_stop = should_stop;
    options.should_stop_user = job->run->stop;
    options.allocator = qni_run_allocator(job->run, QNI_HOLDER_FIT);
    if (qni_args_flag(job->args, &qni_fit_options_table[FIT_VERBOSE])) {
        qni_fit_watch_init(&watch, job->model);
        options.on_iteration = qni_fit_watch;
        options.on_iteration_user = &watch;
    }
    qni_log(QN_LOG_INFO, "fit", "fitting %" PRId64 " parameters", job->p);
    options.cache = open_cache(job);
    int64_t begin = qni_clock_monotonic_ns();
    s = qn_fit_table(&job->result, job->model, job->table, &options, &err);
    job->seconds = (double)(qni_clock_monotonic_ns() - begin) * 1e-9;
    close_cache(options.cache);
    if (s == QN_OK && qni_args_has(job->args, &qni_fit_options_table[FIT_SEED]) && job->result->starts <= 1)
        qni_report_warning("--seed says nothing here: the fit has one start, and no point was drawn");
    if (s == QN_OK)
        return 0;
    name_tie(job, &err);
    name_covariance(job, &err);
    return qni_report(&err);
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

/* Shows the result, whatever becomes of the files. */
static int finish(fit_job *job)
{
    qn_error err = qn_error_none();
    int code = job->result->status == QN_FIT_CONVERGED ? 0 : QNI_EXIT_NO;
    if (show(job, &err) != QN_OK)
        code = qni_report(&err);
    (void)!qni_out_flush(job->run->out, "standard output", NULL); /* the command asks again, and reports */
    return qni_fit_write_files(job, code);
}

static int run_fit(qni_run *run, const qni_args *args)
{
    fit_job job = {.run = run, .args = args};
    int code = qni_fit_check_files(args);
    if (code == 0)
        code = qni_fit_read(&job);
    if (code == 0) {
        atomic_store_explicit(run->patient, true, memory_order_relaxed);
        code = fit(&job);
        atomic_store_explicit(run->patient, false, memory_order_relaxed);
    }
    if (code == 0)
        code = finish(&job);
    qni_fit_free(&job);
    return code;
}
