/* cli/verb_predict.c: `quern predict`: what a saved fit says of new data. CSV is read, predicted and written some rows
 * at a time, so that a file may be larger than memory. */
#include "cli/predict_int.h"

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/fit_int.h"
#include "cli/report.h"
#include "cli/verbs.h"

#include <inttypes.h>
#include <string.h>

static int run_predict(qni_run *run, const qni_args *args);

enum {
    PREDICT_BAND,
    PREDICT_CONFIDENCE,
    PREDICT_FORMAT,
    PREDICT_NAN,
    PREDICT_NO_HEADER,
    PREDICT_DELIMITER,
    PREDICT_TYPES,
    PREDICT_FROM,
    PREDICT_QUERY,
    PREDICT_PARAM,
    PREDICT_PASSWORD,
    PREDICT_OPTION_COUNT
};

enum {
    FORMAT_CSV,
    FORMAT_JSON
}; /* in the order of the choices */

enum {
    NAN_RAISE,
    NAN_OMIT
};

static const qni_option options[PREDICT_OPTION_COUNT] = {
    [PREDICT_BAND] = {.name = "band",
                      .letter = 'b',
                      .type = QNI_OPTION_FLAG,
                      .configurable = true,
                      .group = "The result",
                      .help =
                          "Show how sure the curve is (stderr, ci_low, ci_high) and where a new observation may lie "
                          "(pi_low, pi_high), too."},
    [PREDICT_CONFIDENCE] = {.name = "confidence",
                            .type = QNI_OPTION_NUMBER,
                            .argument = "P",
                            .absent = "that of the fit",
                            .refuse = qni_fit_share_refuse,
                            .configurable = true,
                            .group = "The result",
                            .help = "The probability that band and interval are made for."},
    [PREDICT_FORMAT] = {.name = "format",
                        .letter = 'f',
                        .type = QNI_OPTION_CHOICE,
                        .argument = "FORMAT",
                        .choices = "csv|json",
                        .otherwise = "csv",
                        .configurable = true,
                        .group = "The result",
                        .help = "csv has one line a row, json one object with all rows."},
    [PREDICT_NAN] = {.name = "nan",
                     .type = QNI_OPTION_CHOICE,
                     .argument = "raise|omit",
                     .choices = "raise|omit",
                     .otherwise = "raise",
                     .configurable = true,
                     .group = "The data",
                     .help = "What to do with rows that lack a number: raise names the first one, omit leaves what "
                             "depends on it empty."},
    [PREDICT_NO_HEADER] = QNI_DATA_OPTION_NO_HEADER,
    [PREDICT_DELIMITER] = QNI_DATA_OPTION_DELIMITER,
    [PREDICT_TYPES] = QNI_DATA_OPTION_TYPES,
    [PREDICT_FROM] = QNI_DATA_OPTION_FROM,
    [PREDICT_QUERY] = QNI_DATA_OPTION_QUERY,
    [PREDICT_PARAM] = QNI_DATA_OPTION_PARAM,
    [PREDICT_PASSWORD] = QNI_DATA_OPTION_PASSWORD,
};

static const qni_argument arguments[] = {
    {"FIT.json", "A fit: what quern fit wrote with --save or --format json. - reads it from standard input.", "json"},
    {"DATA",
     "New data with the columns that the formula's right side names: " QNI_DATA_ARGUMENT_HELP
     " Where it has the response as well, that is shown beside the prediction.",
     QNI_DATA_ARGUMENT_FILES},
};

static const qni_form forms[] = {
    {.arguments = arguments, .argument_count = 2},
    {.arguments = arguments, .argument_count = 1, .options = QNI_DATA_FORM_OPTIONS},
};

static const qni_example examples[] = {
    {"quern fit 'volume = a*(1 - exp(-b*pressure))' examples/adsorption.csv --format json | quern predict - "
     "examples/pressures.csv --band",
     "A curve at other places than the data's, with a band and an interval:"},
    {"quern fit 'count = a*exp(-k*t) + c' examples/decay.csv --sigma sd --format json | quern predict - "
     "examples/decay.csv --band --format json",
     "A weighted fit beside its data, whose errors make the intervals, for a program:"},
};

const qni_verb qni_verb_predict = {
    .name = "predict",
    .summary = "say what a fit predicts for new data",
    .description =
        "Evaluates the curve of a fit at the rows of new data. With --band it says how sure the curve is there, and "
        "between which limits a new observation lies with the same probability. The latter needs to know the error of "
        "a new observation. It is that of the fit's residuals or, where the fit was weighted by a column, follows from "
        "the same column in the new data, without which there is no interval. With a transformed response, log(y), all "
        "numbers are on that scale, and the curve's column has its name.",
    .forms = forms,
    .form_count = sizeof forms / sizeof forms[0],
    .options = options,
    .option_count = PREDICT_OPTION_COUNT,
    .examples = examples,
    .example_count = sizeof examples / sizeof examples[0],
    .run = run_predict,
};

static bool has_column(const predict_job *job, const char *name)
{
    for (int64_t i = 0; i < job->data.column_count; i++)
        if (strcmp(job->data.names[i], name) == 0)
            return true;
    return false;
}

/* Of a CSV file only what is predicted from is read: the predictors; the response and sigma where they are there. */
static qn_status select_columns(predict_job *job, qn_error *err)
{
    const qn_model *model = job->fit->model;
    const char *sigma = job->fit->result->sigma_column;
    bool observed = true;
    qn_status s = QN_OK;
    for (int64_t c = 0; c < qn_model_column_count(model); c++)
        observed =
            observed && (qn_model_column_is_predictor(model, c) || has_column(job, qn_model_column_name(model, c)));
    for (int64_t c = 0; s == QN_OK && c < qn_model_column_count(model); c++)
        if (observed || qn_model_column_is_predictor(model, c))
            s = qni_data_select(&job->data, qn_model_column_name(model, c), err);
    if (s == QN_OK && job->options.band && sigma != NULL && has_column(job, sigma))
        s = qni_data_select(&job->data, sigma, err);
    return s;
}

static qn_status open_fit(predict_job *job, qn_error *err)
{
    const char *fit = job->args->arguments[0], *query = qni_args_text(job->args, &options[PREDICT_QUERY]);
    const char *data = job->args->form->options == NULL ? job->args->arguments[1] : NULL;
    bool standard = data != NULL ? strcmp(data, "-") == 0 : qni_sql_is_standard_input(query);
    if (strcmp(fit, "-") == 0 && standard)
        return qni_error(err, QN_INVALID, "fit and data cannot both come from standard input");
    if (qni_args_has(job->args, &options[PREDICT_CONFIDENCE]) && !job->options.band)
        return qni_error(err, QN_INVALID, "--confidence says nothing without --band");
    return qn_fit_saved_read(&job->fit, fit, qni_run_allocator(job->run, QNI_HOLDER_MODEL), err);
}

static qn_status open_data(predict_job *job, qn_error *err)
{
    const char *data = job->args->form->options == NULL ? job->args->arguments[1] : NULL;
    qni_data_options how = {.args = job->args,
                            .no_header = &options[PREDICT_NO_HEADER],
                            .delimiter = &options[PREDICT_DELIMITER],
                            .types = &options[PREDICT_TYPES],
                            .from = &options[PREDICT_FROM],
                            .query = &options[PREDICT_QUERY],
                            .param = &options[PREDICT_PARAM],
                            .password = &options[PREDICT_PASSWORD],
                            .allocator = qni_run_allocator(job->run, QNI_HOLDER_TABLE)};
    if (data != NULL)
        qni_log(QN_LOG_DEBUG, "predict", "opening \"%s\"", data);
    return qni_data_open(&job->data, data, &how, err);
}

static qn_status predict_table(predict_job *job, const qn_table *table, qn_error *err)
{
    qn_prediction *prediction;
    qn_status s = qn_predict(&prediction, job->fit->model, job->fit->result, table, &job->options, err);
    if (s == QN_OK)
        qni_predict_show(job, table, prediction);
    qn_prediction_free(prediction);
    return s;
}

static qn_status predict_all(predict_job *job, qn_error *err)
{
    qn_status s = select_columns(job, err);
    if (s == QN_OK && !qni_data_is_stream(&job->data))
        s = predict_table(job, job->data.table, err);
    for (bool more = qni_data_is_stream(&job->data); s == QN_OK && more && job->run->out->failed == 0;) {
        qn_table *table = NULL;
        s = qni_data_next(&table, &job->data, QNI_PREDICT_ROWS, err);
        more = table != NULL;
        if (s == QN_OK && more && !job->begun)
            qni_data_warn_of_types(&job->data, table);
        if (s == QN_OK && more)
            s = predict_table(job, table, err);
        if (s != QN_OK && err != NULL)
            qni_data_renumber(&job->data, table, err);
        qn_table_free(table);
    }
    return s == QN_OK ? qni_predict_show_end(job, err) : s;
}

static void set_options(predict_job *job)
{
    const qni_args *args = job->args;
    qn_predict_options_init(&job->options, sizeof job->options);
    job->options.band = qni_args_flag(args, &options[PREDICT_BAND]);
    job->options.confidence = qni_args_number(args, &options[PREDICT_CONFIDENCE], 0);
    job->options.nan = qni_args_choice(args, &options[PREDICT_NAN]) == NAN_OMIT ? QN_FIT_NAN_OMIT : QN_FIT_NAN_RAISE;
    job->options.allocator = qni_run_allocator(job->run, QNI_HOLDER_FIT);
    job->json = qni_args_choice(args, &options[PREDICT_FORMAT]) == FORMAT_JSON;
}

static int run_predict(qni_run *run, const qni_args *args)
{
    qn_error err = qn_error_none();
    predict_job job = {.run = run, .args = args};
    char text[PREDICT_WARNING_SIZE];
    const char *warning;
    int code = 0;
    set_options(&job);
    qn_status s = open_fit(&job, &err);
    if (s != QN_OK)
        code = s == QN_INVALID ? qni_report_usage(&err, args->verb->name) : qni_report(&err);
    else if (open_data(&job, &err) != QN_OK)
        code = qni_data_report(&job.data, &err);
    else if (predict_all(&job, &err) != QN_OK)
        code = qni_report(&err);
    for (int64_t i = 0; code == 0 && (warning = qni_predict_warning(text, &job, i)) != NULL; i++)
        qni_report_warning(warning);
    qni_data_free(&job.data);
    qn_fit_saved_free(job.fit);
    return code;
}
