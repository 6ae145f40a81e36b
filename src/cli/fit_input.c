/* cli/fit_input.c: from words of the command line to a model and a table.
 *
 * The data is opened first: a name in the formula is data where the data has such a column. Only the columns that the
 * model names are read. Nothing here prints but errors. */
#include "cli/fit_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/log.h"
#include "cli/report.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

static const char *option_text(const fit_job *job, int option)
{
    return qni_args_text(job->args, &qni_fit_options_table[option]);
}

/* The formula as it stands on the command line, or in the file that @ names. */
static qn_status take_formula(fit_job *job, const char *text, qn_error *err)
{
    job->formula = text;
    job->formula_size = (int64_t)strlen(text);
    if (text[0] != '@')
        return QN_OK;
    if (strcmp(text, "@-") == 0 && strcmp(job->data_path, "-") == 0)
        return qni_error(err, QN_INVALID, "formula and data cannot both come from standard input");
    job->formula_file = qni_file_name(text + 1);
    qn_status s = qni_file_read_all(&job->formula_bytes, text + 1, QNI_FORMULA_FILE_SIZE, job->run->allocator, err);
    job->formula = job->formula_bytes.bytes;
    job->formula_size = job->formula_bytes.size;
    while (job->formula_size > 0 && strchr(" \t\r\n", job->formula[job->formula_size - 1]) != NULL)
        job->formula_size--;
    return s;
}

/* What a file's first bytes say it is. */
typedef enum data_kind {
    DATA_CSV,
    DATA_NIST,
    DATA_NPY
} data_kind;

/* What cannot be looked into without taking from it (a pipe) is CSV. */
static data_kind kind_of(const char *path)
{
    static const char nist[] = "NIST/ITL StRD", npy[] = QN_NPY_MAGIC;
    char bytes[QNI_PROBE_SIZE];
    bool standard = strcmp(path, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return DATA_CSV; /* which will say why */
    off_t at = lseek(fd, 0, SEEK_CUR);
    ssize_t n = at < 0 ? -1 : pread(fd, bytes, sizeof bytes, at);
    if (!standard)
        (void)close(fd);
    if (n >= (ssize_t)sizeof nist - 1 && memcmp(bytes, nist, sizeof nist - 1) == 0)
        return DATA_NIST;
    return n >= (ssize_t)sizeof npy - 1 && memcmp(bytes, npy, sizeof npy - 1) == 0 ? DATA_NPY : DATA_CSV;
}

/* A delimiter by its name, or the character itself; 0: it is none. */
static char delimiter_of(const char *text)
{
    if (strcmp(text, "tab") == 0 || strcmp(text, "\\t") == 0)
        return '\t';
    if (strcmp(text, "space") == 0)
        return ' ';
    return text[0] != '\0' && text[1] == '\0' && strchr(",;\t |:", text[0]) != NULL ? text[0] : '\0';
}

const char *qni_fit_delimiter_refuse(const char *text)
{
    return delimiter_of(text) == '\0' ? "none of , ; | : tab space" : NULL;
}

/* Options about the shape of a CSV file would be ignored with another kind of data. */
static qn_status refuse_csv_options(const fit_job *job, data_kind kind, qn_error *err)
{
    static const int options[] = {FIT_NO_HEADER, FIT_DELIMITER, FIT_TYPES};
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        const qni_option *option = &qni_fit_options_table[options[i]];
        if (qni_args_has(job->args, option))
            return qni_error(err, QN_INVALID, "--%s is for CSV data, and \"%.200s\" is a file of %s", option->name,
                             job->data_path, kind == DATA_NPY ? "NumPy's" : "NIST's");
    }
    return QN_OK;
}

static qn_status open_csv(fit_job *job, qn_error *err)
{
    qn_csv_options options;
    qn_csv_options_init(&options, sizeof options);
    options.no_header = qni_args_flag(job->args, &qni_fit_options_table[FIT_NO_HEADER]);
    options.types = option_text(job, FIT_TYPES);
    options.allocator = qni_run_allocator(job->run, QNI_HOLDER_TABLE);
    const char *delimiter = option_text(job, FIT_DELIMITER);
    options.delimiter = delimiter != NULL ? delimiter_of(delimiter) : '\0';
    return qn_csv_open(&job->csv, job->data_path, &options, err);
}

static qn_status open_data(fit_job *job, qn_error *err)
{
    bool nist_start = qni_args_has(job->args, &qni_fit_options_table[FIT_NIST_START]);
    if (!job->certified && nist_start)
        return qni_error(err, QN_INVALID, "--nist-start goes with \"quern fit nist FILE\"");
    data_kind kind = job->certified ? DATA_NIST : kind_of(job->data_path);
    if (kind == DATA_CSV)
        return open_csv(job, err);
    qn_status s = refuse_csv_options(job, kind, err);
    const qn_allocator *allocator = qni_run_allocator(job->run, QNI_HOLDER_TABLE);
    if (s == QN_OK && kind == DATA_NPY)
        s = qn_npy_read_table(&job->own_table, job->data_path, allocator, err);
    else if (s == QN_OK)
        s = qn_nist_read(&job->nist, job->data_path, allocator, err);
    if (s == QN_OK)
        job->table = kind == DATA_NPY ? job->own_table : job->nist->table;
    return s;
}

/* Compiles the formula against `names` (count). */
static qn_status compile(fit_job *job, const char *const *names, int64_t count, qn_error *err)
{
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.columns = names;
    options.column_count = count;
    options.response = option_text(job, FIT_Y);
    options.allocator = qni_run_allocator(job->run, QNI_HOLDER_MODEL);
    return qn_model_new(&job->model, job->formula, job->formula_size, &options, err);
}

static qn_status compile_for_table(fit_job *job, qn_error *err)
{
    int64_t count = qn_table_column_count(job->table);
    const char **names = qni_alloc(job->run->allocator, count, (int64_t)sizeof *names);
    if (names == NULL)
        return qni_error(err, QN_NOMEM, "no memory for the names of %" PRId64 " columns", count);
    for (int64_t i = 0; i < count; i++)
        names[i] = qn_table_column_name(job->table, i);
    qn_status s = compile(job, names, count, err);
    qni_free(job->run->allocator, names, count, (int64_t)sizeof *names);
    return s;
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

/* Whether --types speaks of this column, in its list of NAME=TYPE. */
static bool has_type(const char *types, const char *name)
{
    size_t size = strlen(name);
    for (; types != NULL; types = strchr(types, ','), types = types != NULL ? types + 1 : NULL) {
        types += strspn(types, " ");
        if (strncmp(types, name, size) == 0 && types[size + strspn(types + size, " ")] == '=')
            return true;
    }
    return false;
}

static qn_status read_columns(fit_job *job, qn_error *err)
{
    const char *types = option_text(job, FIT_TYPES);
    qn_status s = QN_OK;
    for (int64_t i = 0; s == QN_OK && i < qn_model_column_count(job->model); i++) {
        const char *name = qn_model_column_name(job->model, i);
        s = qn_csv_select(job->csv, name, has_type(types, name) ? QN_TYPE_AUTO : QN_TYPE_F64, err);
    }
    if (s == QN_OK)
        s = qn_csv_read(&job->own_table, job->csv, -1, err);
    if (s == QN_OK && job->own_table == NULL)
        s = qni_error_at(err, QN_DATA, qni_file_name(job->data_path), 0, 0, "there is a header but no row of data");
    qn_csv_close(job->csv);
    job->csv = NULL;
    job->table = job->own_table;
    return s;
}

int qni_fit_read(fit_job *job)
{
    qn_error err = qn_error_none();
    job->certified = job->args->form->word != NULL;
    job->data_path = job->args->arguments[job->certified ? 0 : 1];
    qni_log(QN_LOG_DEBUG, "fit", "opening \"%s\"", job->data_path);
    qn_status s = job->certified ? QN_OK : take_formula(job, job->args->arguments[0], &err);
    if (s == QN_OK)
        s = open_data(job, &err);
    if (s != QN_OK)
        return s == QN_INVALID ? qni_report_usage(&err, job->args->verb->name) : qni_report(&err);
    if (job->certified) {
        job->formula = job->nist->formula;
        job->formula_size = (int64_t)strlen(job->formula);
    }
    s = job->csv != NULL ? compile(job, qn_csv_column_names(job->csv), qn_csv_column_count(job->csv), &err)
                         : compile_for_table(job, &err);
    if (s == QN_OK)
        s = check_model(job, &err);
    if (s != QN_OK)
        return qni_report_formula(&err, job->formula, job->formula_size, job->formula_file);
    job->p = qn_model_parameter_count(job->model);
    if (job->csv != NULL)
        s = read_columns(job, &err);
    if (s != QN_OK)
        return qni_report(&err);
    qni_log(QN_LOG_INFO, "fit", "%" PRId64 " rows of %" PRId64 " columns", qn_table_row_count(job->table),
            qn_model_column_count(job->model));
    return 0;
}

void qni_fit_free(fit_job *job)
{
    const qn_allocator *allocator = job->run->allocator;
    qn_fit_result_free(job->result);
    if (job->settings != NULL)
        qni_free(allocator, job->settings, 3 * job->p, (int64_t)sizeof *job->settings);
    qn_model_unref(job->model);
    qn_table_free(job->own_table);
    qn_csv_close(job->csv);
    qn_nist_free(job->nist);
    qni_file_bytes_free(&job->formula_bytes, allocator);
}
