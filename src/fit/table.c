/* fit/table.c: the problem that a formula and a table of data give. One thread a fit.
 *
 * The model and float64 columns are borrowed during the call; other number columns are converted once, and the response
 * is transformed once. Every number that the model reads is finite before the solver begins. */
#include "fit/fit_int.h"

#include "base/alloc.h"
#include "base/cpu.h"
#include "base/error.h"
#include "math/dense.h"
#include "mem/refuse.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

typedef struct data {
    const qn_model *model;
    const qn_table *table;
    const qn_allocator *allocator;
    const qn_allocator *source; /* on what that one draws, for qni_refused */
    qn_model_workspace *workspace;
    const qni_panel_kernels *kernels;
    int64_t n, columns;
    const double **column; /* (columns) what the model reads */
    double **converted;    /* (columns) NULL: the column is the table's own */
    double *response;      /* (n) */
} data;

static void rows(void *user, const double *x, int64_t first, int64_t count, double *r, double *jacobian, int64_t stride)
{
    const data *d = user;
    qn_model_eval(d->model, d->workspace, d->column, first, count, x, r, jacobian, stride);
    d->kernels->subtract(r, d->response + first, count);
}

static const char *name(void *user, int64_t parameter, char *buffer, int64_t size)
{
    (void)buffer;
    (void)size;
    return qn_model_parameter_name(((const data *)user)->model, parameter);
}

static void place(void *user, int64_t row, const char **file, int64_t *line)
{
    const data *d = user;
    *file = qn_table_source(d->table);
    *line = qn_table_row_line(d->table, row);
}

static void data_fini(data *d)
{
    qn_model_workspace_free(d->workspace);
    for (int64_t c = 0; d->converted != NULL && c < d->columns; c++)
        qni_free(d->allocator, d->converted[c], d->n, sizeof **d->converted);
    qni_free(d->allocator, d->converted, d->columns, sizeof *d->converted);
    qni_free(d->allocator, d->column, d->columns, sizeof *d->column);
    qni_free(d->allocator, d->response, d->n, sizeof *d->response);
}

static void convert(double *out, const qn_table *table, int64_t column, int64_t n)
{
    const void *values = qn_table_values(table, column);
    const float *f32 = values;
    const int64_t *i64 = values;
    const uint8_t *bits = values;
    qn_type type = qn_table_column_type(table, column);
    for (int64_t i = 0; i < n; i++)
        out[i] = type == QN_TYPE_F32   ? (double)f32[i]
                 : type == QN_TYPE_I64 ? (double)i64[i]
                                       : bits[i / 8] >> (i % 8) & 1;
}

/* A complaint about a row, with its place in the file where that is known. */
static qn_status bad_row(const data *d, int64_t row, const char *what, const char *subject, const char *why,
                         qn_error *err)
{
    int64_t line = qn_table_row_line(d->table, row);
    return qni_error_at(err, QN_DATA, qn_table_source(d->table), line, 0, "row %" PRId64 ": %s%s %s", row + 1, what,
                        subject, why);
}

static qn_status check_cells(const data *d, int64_t c, int64_t column, const char *column_name, qn_error *err)
{
    char subject[160];
    if (qn_table_missing_count(d->table, column) == 0 && qni_all_finite(d->column[c], d->n))
        return QN_OK;
    snprintf(subject, sizeof subject, "\"%s\"", column_name);
    for (int64_t i = 0; i < d->n; i++) {
        if (qn_table_is_missing(d->table, column, i))
            return bad_row(d, i, "column ", subject, "has no value: fill it in or leave the row out", err);
        if (isnan(d->column[c][i]))
            return bad_row(d, i, "column ", subject, "is not a number (NaN)", err);
        if (isinf(d->column[c][i]))
            return bad_row(d, i, "column ", subject, "is infinite", err);
    }
    return QN_OK;
}

static qn_status open_column(data *d, int64_t c, qn_error *err)
{
    const char *column_name = qn_model_column_name(d->model, c);
    int64_t column = qn_table_column_find(d->table, column_name);
    if (column < 0)
        return qni_error(err, QN_NAME, "the table has no column \"%s\"", column_name);
    qn_type type = qn_table_column_type(d->table, column);
    if (type == QN_TYPE_F64) {
        d->column[c] = qn_table_f64(d->table, column);
    } else if (type == QN_TYPE_F32 || type == QN_TYPE_I64 || type == QN_TYPE_BOOL) {
        d->converted[c] = qni_alloc(d->allocator, d->n, sizeof **d->converted);
        if (d->converted[c] == NULL)
            return qni_refused(err, d->source, d->n * (int64_t)sizeof **d->converted, "column \"%s\" as numbers",
                               column_name);
        convert(d->converted[c], d->table, column, d->n);
        d->column[c] = d->converted[c];
    } else {
        return qni_error_at(err, QN_DATA, qn_table_source(d->table), 0, 0, "column \"%s\" holds %s values, not numbers",
                            column_name, type == QN_TYPE_STRING ? "text" : qn_type_name(type));
    }
    return check_cells(d, c, column, column_name, err);
}

static qn_status transform_response(data *d, qn_error *err)
{
    qn_model_eval_response(d->model, d->workspace, d->column, 0, d->n, d->response);
    for (int64_t i = 0; i < d->n; i++)
        if (!isfinite(d->response[i]))
            return bad_row(d, i, "the response ", qn_model_response_text(d->model),
                           "is not finite here: a value is outside the function's domain", err);
    return QN_OK;
}

static qn_status data_init(data *d, const qn_model *model, const qn_table *table, const qni_fit_memory *memory,
                           qn_error *err)
{
    const qn_allocator *allocator = &memory->allocator;
    *d = (data){.model = model, .table = table, .allocator = allocator, .source = memory->source};
    int level;
    qn_status status = qni_cpu_level(&level, err);
    if (status != QN_OK)
        return status;
    d->kernels = qni_panel_kernels_of(level);
    d->n = qn_table_row_count(table);
    d->columns = qn_model_column_count(model);
    d->column = qni_alloc_zeroed(allocator, d->columns, sizeof *d->column);
    d->converted = qni_alloc_zeroed(allocator, d->columns, sizeof *d->converted);
    d->response = qni_alloc(allocator, d->n, sizeof *d->response);
    if (d->column == NULL || d->converted == NULL || d->response == NULL)
        return qni_refused(err, d->source, d->n * (int64_t)sizeof *d->response, "%" PRId64 " rows of data", d->n);
    status = qn_model_workspace_new(&d->workspace, model, allocator, err);
    for (int64_t c = 0; status == QN_OK && c < d->columns; c++)
        status = open_column(d, c, err);
    return status == QN_OK ? transform_response(d, err) : status;
}

/* What can be said before any data is looked at. */
static qn_status check(const qn_model *model, const qn_table *table, qn_error *err)
{
    if (model == NULL || table == NULL)
        return qni_error(err, QN_INVALID, "a fit needs a model and a table");
    if (!qn_model_has_response(model))
        return qni_error(err, QN_INVALID,
                         "the formula has no left side: write y = …, or name the column that it describes");
    int64_t n = qn_table_row_count(table), p = qn_model_parameter_count(model);
    if (p == 0)
        return qni_error(err, QN_INVALID, "the formula has no parameters: there is nothing to fit");
    if (n == 0)
        return qni_error_at(err, QN_DATA, qn_table_source(table), 0, 0, "the table has no rows");
    if (n < p)
        return qni_error_at(err, QN_DATA, qn_table_source(table), 0, 0,
                            "%" PRId64 " %s too few for %" PRId64 " parameters", n, n == 1 ? "row is" : "rows are", p);
    return QN_OK;
}

qn_status qn_fit_table(qn_fit_result **out, const qn_model *model, const qn_table *table, const qn_fit_options *options,
                       qn_error *err)
{
    *out = NULL;
    qni_fit_memory memory;
    qn_status status = check(model, table, err);
    if (status == QN_OK)
        status = qni_fit_memory_init(&memory, options, err);
    if (status != QN_OK)
        return status;
    data d;
    status = data_init(&d, model, table, &memory, err);
    if (status == QN_OK) {
        qni_fit_rows problem = {.n = d.n,
                                .p = qn_model_parameter_count(model),
                                .rows = rows,
                                .user = &d,
                                .name = name,
                                .place = place,
                                .magnitude = qni_norm(d.response, d.n)};
        status = qni_fit_rows_solve(out, &problem, options, &memory, err);
    }
    data_fini(&d);
    return status;
}
