/* cli/fit_input.c: from words of the command line to a model and a table.
 *
 * The data is opened first: a name in the formula is data where the data has such a column. Only the columns that
 * formula, --where and --sigma name are read. Nothing here prints but errors. */
#include "cli/fit_int.h"

#include "base/error.h"
#include "base/log.h"
#include "base/nearest.h"
#include "base/utf8.h"
#include "cli/report.h"

#include <inttypes.h>
#include <string.h>

const char *qni_fit_option_text(const fit_job *job, int option)
{
    return qni_args_text(job->args, &qni_fit_options_table[option]);
}

const char *qni_fit_data_path(const qni_args *args)
{
    int64_t last = args->form->argument_count - 1;
    return args->form->options == NULL ? args->arguments[last] : NULL;
}

/* The formula as it stands on the command line, or in the file that @ names. */
static qn_status take_formula(fit_job *job, const char *text, qn_error *err)
{
    if (qni_args_has(job->args, &qni_fit_options_table[FIT_NIST_START]))
        return qni_error(err, QN_INVALID, "--nist-start goes with \"quern fit nist FILE\"");
    job->formula = text;
    job->formula_size = (int64_t)strlen(text);
    if (text[0] != '@')
        return QN_OK;
    const char *query = qni_fit_option_text(job, FIT_QUERY);
    bool standard = job->data_path != NULL ? strcmp(job->data_path, "-") == 0 : qni_sql_is_standard_input(query);
    if (strcmp(text, "@-") == 0 && standard)
        return qni_error(err, QN_INVALID, "formula and data cannot both come from standard input");
    job->formula_file = qni_file_name(text + 1);
    qn_status s = qni_file_read_all(&job->formula_bytes, text + 1, QNI_FORMULA_FILE_SIZE, job->run->allocator, err);
    job->formula = job->formula_bytes.bytes;
    job->formula_size = job->formula_bytes.size;
    while (job->formula_size > 0 && strchr(" \t\r\n", job->formula[job->formula_size - 1]) != NULL)
        job->formula_size--;
    return s;
}

static qn_status open_data(fit_job *job, qn_error *err)
{
    const qni_option *table = qni_fit_options_table;
    qni_data_options options = {.args = job->args,
                                .no_header = &table[FIT_NO_HEADER],
                                .delimiter = &table[FIT_DELIMITER],
                                .types = &table[FIT_TYPES],
                                .from = &table[FIT_FROM],
                                .query = &table[FIT_QUERY],
                                .param = &table[FIT_PARAM],
                                .password = &table[FIT_PASSWORD],
                                .nist = job->certified,
                                .allocator = qni_run_allocator(job->run, QNI_HOLDER_TABLE)};
    qn_status s = qni_data_open(&job->data, job->data_path, &options, err);
    job->nist = job->data.nist;
    job->table = job->data.table;
    return s;
}

/* Compiles `text` against the data's columns. response: --y, or NULL. */
static qn_status compile(const fit_job *job, qn_model **out, const char *text, int64_t size, const char *response,
                         qn_error *err)
{
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.columns = job->data.names;
    options.column_count = job->data.column_count;
    options.response = response;
    options.allocator = qni_run_allocator(job->run, QNI_HOLDER_MODEL);
    return qn_model_new(out, text, size, &options, err);
}

static qn_status check_model(const fit_job *job, qn_error *err)
{
    if (!qn_model_has_response(job->model))
        return qni_error(err, QN_INVALID,
                         "the formula has no left side: write \"COLUMN = ...\", or name the column with --y COLUMN");
    if (qn_model_parameter_count(job->model) == 0)
        return qni_error(err, QN_INVALID, "the formula has no parameter to fit: all its names are columns of the data");
    return QN_OK;
}

/* An option's name that should be a column of the data, and is none. */
static qn_status no_column(const fit_job *job, const char *option, const char *name, qn_error *err)
{
    int size = (int)qni_utf8_cut(name, (int64_t)strlen(name), QNI_ECHO_SIZE);
    int64_t near = qni_nearest(name, job->data.names, job->data.column_count);
    return near >= 0 ? qni_error(err, QN_NAME, "--%s: the data has no column \"%.*s\": did you mean \"%s\"?", option,
                                 size, name, job->data.names[near])
                     : qni_error(err, QN_NAME, "--%s: the data has no column \"%.*s\"", option, size, name);
}

static qn_status select_sigma(fit_job *job, qn_error *err)
{
    const char *name = qni_fit_option_text(job, FIT_SIGMA);
    for (int64_t i = 0; name != NULL && i < job->data.column_count; i++)
        if (strcmp(job->data.names[i], name) == 0)
            return qni_data_select(&job->data, name, err);
    return name == NULL ? QN_OK : no_column(job, "sigma", name, err);
}

/* What --where must be: an expression of columns alone. */
static qn_status check_where(const fit_job *job, const qn_model *where, const char *text, qn_error *err)
{
    if (qn_model_has_response(where))
        return qni_error(err, QN_INVALID, "--where: \"%.*s\" is an equation: compare with ==",
                         (int)qni_utf8_cut(text, (int64_t)strlen(text), QNI_ECHO_SIZE), text);
    if (qn_model_parameter_count(where) > 0)
        return no_column(job, "where", qn_model_parameter_name(where, 0), err);
    if (qn_model_column_count(where) == 0)
        return qni_error(err, QN_INVALID, "--where: it names no column of the data");
    return QN_OK;
}

/* Reads what --where names, too. The library compiles the text once more against the table. */
static qn_status select_where(fit_job *job, const char *text, qn_error *err)
{
    qn_model *where = NULL;
    qn_error why;
    if (text == NULL)
        return QN_OK;
    qn_status s = compile(job, &where, text, -1, NULL, &why);
    if (s != QN_OK)
        return qni_error_at(err, s, NULL, why.line, why.column, "--where: %s", why.message);
    s = check_where(job, where, text, err);
    for (int64_t i = 0; s == QN_OK && i < qn_model_column_count(where); i++)
        s = qni_data_select(&job->data, qn_model_column_name(where, i), err);
    qn_model_unref(where);
    return s;
}

static qn_status read_table(fit_job *job, qn_error *err)
{
    qn_status s = QN_OK;
    for (int64_t i = 0; s == QN_OK && i < qn_model_column_count(job->model); i++)
        s = qni_data_select(&job->data, qn_model_column_name(job->model, i), err);
    if (s == QN_OK)
        s = select_sigma(job, err);
    if (s == QN_OK)
        s = qni_data_read(&job->data, err);
    job->table = job->data.table;
    job->data_path = job->data.path;
    return s;
}

static int read_model(fit_job *job)
{
    qn_error err = qn_error_none();
    qn_status s = compile(job, &job->model, job->formula, job->formula_size, qni_fit_option_text(job, FIT_Y), &err);
    if (s == QN_OK)
        s = check_model(job, &err);
    if (s != QN_OK)
        return qni_report_formula(&err, job->formula, job->formula_size, job->formula_file);
    job->p = qn_model_parameter_count(job->model);
    const char *where = qni_fit_option_text(job, FIT_WHERE);
    s = select_where(job, where, &err);
    return s == QN_OK ? 0 : qni_report_formula(&err, where, (int64_t)strlen(where), NULL);
}

int qni_fit_read(fit_job *job)
{
    qn_error err = qn_error_none();
    job->certified = job->args->form->word != NULL;
    job->data_path = qni_fit_data_path(job->args);
    if (job->data_path != NULL)
        qni_log(QN_LOG_DEBUG, "fit", "opening \"%s\"", job->data_path);
    qn_status s = job->certified ? QN_OK : take_formula(job, job->args->arguments[0], &err);
    if (s != QN_OK)
        return s == QN_INVALID ? qni_report_usage(&err, job->args->verb->name) : qni_report(&err);
    if (open_data(job, &err) != QN_OK)
        return qni_data_report(&job->data, &err);
    if (job->certified) {
        job->formula = job->nist->formula;
        job->formula_size = (int64_t)strlen(job->formula);
    }
    int code = read_model(job);
    if (code != 0)
        return code;
    if (read_table(job, &err) != QN_OK)
        return qni_report(&err);
    qni_log(QN_LOG_INFO, "fit", "%" PRId64 " rows of %" PRId64 " columns", qn_table_row_count(job->table),
            qn_model_column_count(job->model));
    return 0;
}

void qni_fit_free(fit_job *job)
{
    qn_fit_result_free(job->result);
    qni_fit_settings_free(job);
    qn_model_unref(job->model);
    qni_data_free(&job->data);
    qni_file_bytes_free(&job->formula_bytes, job->run->allocator);
}
