/* cli/predict_show.c: predictions as CSV or JSON, as many rows at a time as there are. */
#include "cli/predict_int.h"

#include "cli/fit_int.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* A number of a row: its name, and (n) values; NULL: not there. */
typedef struct series {
    const char *name;
    const double *values;
} series;

enum {
    SERIES_COUNT = 8
};

/* The curve's name says its scale where the response is transformed. */
static void list_series(series out[SERIES_COUNT], const predict_job *job, const qn_prediction *p)
{
    series all[SERIES_COUNT] = {{"fitted", p->fitted},     {"stderr", p->stderr_},   {"ci_low", p->ci_low},
                                {"ci_high", p->ci_high},   {"pi_low", p->pi_low},    {"pi_high", p->pi_high},
                                {"observed", p->observed}, {"residual", p->residual}};
    const qn_model *model = job->fit->model;
    const char *response = qn_model_response_text(model);
    bool plain = response[0] == '`';
    for (int64_t c = 0; c < qn_model_column_count(model); c++)
        plain = plain || strcmp(qn_model_column_name(model, c), response) == 0;
    if (!plain && !job->json)
        all[0].name = response;
    memcpy(out, all, sizeof all);
}

static void to_out(void *out, const char *bytes, int64_t size)
{
    qni_out_bytes(out, bytes, size);
}

/* A cell of the table as a number that reads back to it; false: there is none. */
static bool cell(double *number, int64_t *whole, const qn_table *table, int64_t column, int64_t row)
{
    const void *values = qn_table_values(table, column);
    *whole = 0;
    switch (qn_table_column_type(table, column)) {
    case QN_TYPE_F64:
        *number = ((const double *)values)[row];
        break;
    case QN_TYPE_F32:
        *number = (double)((const float *)values)[row];
        break;
    case QN_TYPE_I64:
        *whole = ((const int64_t *)values)[row];
        *number = (double)*whole;
        break;
    case QN_TYPE_BOOL:
        *number = ((const uint8_t *)values)[row / 8] >> (row % 8) & 1;
        break;
    default:
        return false;
    }
    return !qn_table_is_missing(table, column, row) && !isnan(*number);
}

static void csv_predictor(qni_out *out, const qn_table *table, int64_t column, int64_t row)
{
    double number;
    int64_t whole;
    if (!cell(&number, &whole, table, column, row))
        return;
    if (qn_table_column_type(table, column) == QN_TYPE_BOOL)
        qni_out_text(out, number != 0 ? "true" : "false");
    else if (qn_table_column_type(table, column) == QN_TYPE_I64)
        qni_out_printf(out, "%" PRId64, whole);
    else
        qni_out_number(out, number);
}

static void csv_header(const predict_job *job, const series *all)
{
    qni_out *out = job->run->out;
    const qn_model *model = job->fit->model;
    const char *comma = "";
    for (int64_t c = 0; c < qn_model_column_count(model); c++) {
        if (!qn_model_column_is_predictor(model, c))
            continue;
        qni_out_text(out, comma);
        qni_fit_csv_text(to_out, out, qn_model_column_name(model, c));
        comma = ",";
    }
    for (int i = 0; i < SERIES_COUNT; i++) {
        if (all[i].values == NULL)
            continue;
        qni_out_text(out, comma);
        qni_fit_csv_text(to_out, out, all[i].name);
        comma = ",";
    }
    qni_out_text(out, "\n");
}

static void csv_row(const predict_job *job, const qn_table *table, const series *all, int64_t row)
{
    qni_out *out = job->run->out;
    const qn_model *model = job->fit->model;
    const char *comma = "";
    for (int64_t c = 0; c < qn_model_column_count(model); c++) {
        if (!qn_model_column_is_predictor(model, c))
            continue;
        qni_out_text(out, comma);
        csv_predictor(out, table, qn_table_column_find(table, qn_model_column_name(model, c)), row);
        comma = ",";
    }
    for (int i = 0; i < SERIES_COUNT; i++) {
        if (all[i].values == NULL)
            continue;
        qni_out_text(out, comma);
        if (!isnan(all[i].values[row]))
            qni_out_number(out, all[i].values[row]);
        comma = ",";
    }
    qni_out_text(out, "\n");
}

static void json_begin(predict_job *job, const qn_prediction *p)
{
    qni_json_writer *w = &job->writer;
    qni_json_writer_init(w, qni_out_json_sink, job->run->out, 0);
    qni_json_object_begin(w);
    qni_json_key(w, "schema");
    qni_json_string(w, "quern.predict/1", -1);
    qni_json_key(w, "formula");
    qni_json_string(w, qn_model_formula(job->fit->model), -1);
    qni_json_key(w, "response");
    qni_json_string(w, qn_model_response_text(job->fit->model), -1);
    qni_json_key(w, "confidence");
    qni_json_double(w, p->confidence);
    qni_json_key(w, "rows");
    qni_json_array_begin(w);
}

static void json_predictor(qni_json_writer *w, const qn_table *table, int64_t column, int64_t row)
{
    double number;
    int64_t whole;
    if (!cell(&number, &whole, table, column, row))
        qni_json_null(w);
    else if (qn_table_column_type(table, column) == QN_TYPE_BOOL)
        qni_json_bool(w, number != 0);
    else if (qn_table_column_type(table, column) == QN_TYPE_I64)
        qni_json_int64(w, whole);
    else
        qni_json_double(w, number);
}

static void json_row(predict_job *job, const qn_table *table, const series *all, int64_t row)
{
    qni_json_writer *w = &job->writer;
    const qn_model *model = job->fit->model;
    qni_json_object_begin(w);
    qni_json_key(w, "at");
    qni_json_object_begin(w);
    for (int64_t c = 0; c < qn_model_column_count(model); c++) {
        if (!qn_model_column_is_predictor(model, c))
            continue;
        qni_json_key(w, qn_model_column_name(model, c));
        json_predictor(w, table, qn_table_column_find(table, qn_model_column_name(model, c)), row);
    }
    qni_json_object_end(w);
    for (int i = 0; i < SERIES_COUNT; i++) {
        if (all[i].values == NULL)
            continue;
        qni_json_key(w, all[i].name);
        qni_json_double(w, all[i].values[row]);
    }
    qni_json_object_end(w);
}

void qni_predict_show(predict_job *job, const qn_table *table, const qn_prediction *p)
{
    predict_total *total = &job->total;
    series all[SERIES_COUNT];
    list_series(all, job, p);
    if (!job->begun && job->json)
        json_begin(job, p);
    else if (!job->begun)
        csv_header(job, all);
    job->begun = true;
    for (int64_t i = 0; i < p->n && job->run->out->failed == 0; i++)
        if (job->json)
            json_row(job, table, all, i);
        else
            csv_row(job, table, all, i);
    total->n += p->n;
    total->omitted += p->omitted;
    total->not_finite += p->not_finite;
    total->undetermined += p->undetermined;
    total->too_large += p->too_large;
    total->no_response += p->no_response;
    (void)snprintf(total->no_band, sizeof total->no_band, "%s", p->no_band != NULL ? p->no_band : "");
    (void)snprintf(total->no_interval, sizeof total->no_interval, "%s", p->no_interval != NULL ? p->no_interval : "");
}

qn_status qni_predict_show_end(predict_job *job, qn_error *err)
{
    qni_json_writer *w = &job->writer;
    char text[PREDICT_WARNING_SIZE];
    const char *warning;
    if (!job->json)
        return QN_OK;
    qni_json_array_end(w);
    qni_json_key(w, "n");
    qni_json_int64(w, job->total.n);
    qni_json_key(w, "omitted");
    qni_json_int64(w, job->total.omitted);
    qni_json_key(w, "warnings");
    qni_json_array_begin(w);
    for (int64_t i = 0; (warning = qni_predict_warning(text, job, i)) != NULL; i++)
        qni_json_string(w, warning, -1);
    qni_json_array_end(w);
    qni_json_object_end(w);
    return qni_out_json_finish(w, err);
}

static const char *counted(char text[PREDICT_WARNING_SIZE], int64_t count, const char *what)
{
    (void)snprintf(text, PREDICT_WARNING_SIZE, "%" PRId64 " %s%s", count, count == 1 ? "row: " : "rows: ", what);
    return text;
}

const char *qni_predict_warning(char text[PREDICT_WARNING_SIZE], const predict_job *job, int64_t i)
{
    const predict_total *total = &job->total;
    if (job->fit->result->status != QN_FIT_CONVERGED && i-- == 0)
        return "the fit did not converge: the curve is that of the best parameters so far";
    if (total->no_band[0] != '\0' && i-- == 0)
        return total->no_band;
    if (total->no_interval[0] != '\0' && i-- == 0)
        return total->no_interval;
    if (total->not_finite > 0 && i-- == 0)
        return counted(text, total->not_finite, "the formula or its derivatives are not finite there");
    if (total->undetermined > 0 && i-- == 0)
        return counted(text, total->undetermined,
                       "the fit does not determine its parameters well enough for a standard error there");
    if (total->too_large > 0 && i-- == 0)
        return counted(text, total->too_large,
                       "a standard error, band or interval is beyond the range of double precision there: other units "
                       "of the data help");
    if (total->no_response > 0 && i == 0)
        return counted(text, total->no_response, "the response is not finite there, so it has no residual");
    return NULL;
}
