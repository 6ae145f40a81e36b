/* fit/table.c: the problem that a formula and a table of data give. One thread a fit.
 *
 * The model and float64 columns are borrowed during the call; other number columns are converted once, the response is
 * transformed once, and where rows are left out those that are used move together. Every number that the model reads is
 * finite before the solver begins. */
#include "fit/cached.h"
#include "fit/column.h"
#include "fit/fit_int.h"

#include "base/alloc.h"
#include "base/cpu.h"
#include "base/error.h"
#include "base/nearest.h"
#include "math/dense.h"
#include "mem/refuse.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

typedef struct data {
    const qn_model *model;
    const qn_table *table;
    const qn_fit_options *options; /* resolved */
    const qn_allocator *allocator;
    const qn_allocator *source; /* on what that one draws, for qni_refused */
    qn_model_workspace *workspace;
    const qni_panel_kernels *kernels;
    int64_t total;         /* rows of the table */
    int64_t n;             /* rows used */
    int64_t columns;       /* that the model reads, and one more: sigma */
    const double **column; /* (columns) */
    double **converted;    /* (columns) of (total); NULL: the column is the table's own */
    double *response;      /* (total) */
    uint8_t *left_out;     /* (total) NULL: all rows are used */
    int64_t *row;          /* (n of total) where a row used is in the table; NULL: at its own index */
    int64_t omitted, filtered;
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
    *line = qn_table_row_line(d->table, d->row != NULL ? d->row[row] : row);
}

static int64_t row_index(void *user, int64_t row)
{
    const data *d = user;
    return d->row != NULL ? d->row[row] : row;
}

static void data_fini(data *d)
{
    qn_model_workspace_free(d->workspace);
    for (int64_t c = 0; d->converted != NULL && c < d->columns; c++)
        qni_free(d->allocator, d->converted[c], d->total, sizeof **d->converted);
    qni_free(d->allocator, d->converted, d->columns, sizeof *d->converted);
    qni_free(d->allocator, d->column, d->columns, sizeof *d->column);
    qni_free(d->allocator, d->response, d->total, sizeof *d->response);
    qni_free(d->allocator, d->left_out, d->total, sizeof *d->left_out);
    qni_free(d->allocator, d->row, d->total, sizeof *d->row);
}

/* A complaint about a row, with its place in the file where that is known. */
static qn_status bad_row(const data *d, int64_t row, const char *what, const char *subject, const char *why,
                         qn_error *err)
{
    int64_t line = qn_table_row_line(d->table, row);
    return qni_error_at(err, QN_DATA, qn_table_source(d->table), line, 0, "row %" PRId64 ": %s%s %s", row + 1, what,
                        subject, why);
}

/* Whether a row is used so far. */
static bool used(const data *d, int64_t row)
{
    return d->left_out == NULL || d->left_out[row] == 0;
}

/* A row that cannot be used: the error, or one row fewer. */
static qn_status drop(data *d, int64_t row, const char *what, const char *subject, const char *why, qn_error *err)
{
    if (d->options->nan == QN_FIT_NAN_RAISE)
        return bad_row(d, row, what, subject, why, err);
    if (d->left_out == NULL) {
        d->left_out = qni_alloc_zeroed(d->allocator, d->total, sizeof *d->left_out);
        if (d->left_out == NULL)
            return qni_refused(err, d->source, d->total, "marks of %" PRId64 " rows", d->total);
    }
    d->left_out[row] = 1;
    d->omitted++;
    return QN_OK;
}

static qn_status check_cells(data *d, int64_t c, int64_t column, const char *column_name, qn_error *err)
{
    char subject[160];
    qn_status status = QN_OK;
    if (qn_table_missing_count(d->table, column) == 0 && qni_all_finite(d->column[c], d->total))
        return QN_OK;
    snprintf(subject, sizeof subject, "\"%s\"", column_name);
    for (int64_t i = 0; status == QN_OK && i < d->total; i++) {
        const char *fault = used(d, i) ? qni_fit_cell_fault(d->table, column, i, d->column[c][i]) : NULL;
        if (fault != NULL)
            status = drop(d, i, "column ", subject, fault, err);
    }
    return status;
}

static qn_status open_numbers(const data *d, const char *column_name, const double **out, double **copy,
                              int64_t *column, qn_error *err)
{
    return qni_fit_column(out, copy, column, d->table, column_name, d->allocator, d->source, err);
}

static qn_status open_column(data *d, int64_t c, const char *column_name, qn_error *err)
{
    int64_t column;
    qn_status status = open_numbers(d, column_name, &d->column[c], &d->converted[c], &column, err);
    return status == QN_OK ? check_cells(d, c, column, column_name, err) : status;
}

static qn_status transform_response(data *d, qn_error *err)
{
    qn_status status = QN_OK;
    qn_model_eval_response(d->model, d->workspace, d->column, 0, d->total, d->response);
    for (int64_t i = 0; status == QN_OK && i < d->total; i++)
        if (!isfinite(d->response[i]) && used(d, i))
            status = drop(d, i, "the response ", qn_model_response_text(d->model),
                          "is not finite here: a value is outside the function's domain", err);
    return status;
}

/* Marks the rows in which options.where is 0 or NaN; a missing value is NaN. */
static qn_status apply_where(data *d, const qn_model *where, qn_model_workspace *workspace, double *value,
                             const double **column, double **converted, qn_error *err)
{
    qn_status status = QN_OK;
    for (int64_t c = 0; status == QN_OK && c < qn_model_column_count(where); c++) {
        int64_t k;
        status = open_numbers(d, qn_model_column_name(where, c), &column[c], &converted[c], &k, err);
        for (int64_t i = 0; status == QN_OK && qn_table_missing_count(d->table, k) > 0 && i < d->total; i++)
            if (qn_table_is_missing(d->table, k, i))
                d->left_out[i] = 1;
    }
    if (status != QN_OK)
        return status;
    qn_model_eval(where, workspace, column, 0, d->total, NULL, value, NULL, 0);
    for (int64_t i = 0; i < d->total; i++) {
        d->left_out[i] |= value[i] == 0 || isnan(value[i]);
        d->filtered += d->left_out[i];
    }
    return QN_OK;
}

static qn_status compile_where(const data *d, qn_model **where, qn_error *err)
{
    int64_t count = qn_table_column_count(d->table);
    const char **names = qni_alloc(d->allocator, count, sizeof *names);
    if (names == NULL)
        return qni_refused(err, d->source, count * (int64_t)sizeof *names, "the names of %" PRId64 " columns", count);
    for (int64_t c = 0; c < count; c++)
        names[c] = qn_table_column_name(d->table, c);
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.columns = names;
    options.column_count = count;
    options.allocator = d->allocator;
    qn_error why;
    qn_status status = qn_model_new(where, d->options->where, -1, &options, &why);
    if (status != QN_OK)
        (void)qni_error(err, status, "where \"%.100s\": %s", d->options->where, why.message);
    if (status == QN_OK && qn_model_parameter_count(*where) > 0) {
        const char *unknown = qn_model_parameter_name(*where, 0);
        int64_t near = qni_nearest(unknown, names, count);
        status =
            near >= 0
                ? qni_error(err, QN_NAME, "where \"%.100s\": there is no column \"%s\": did you mean \"%s\"?",
                            d->options->where, unknown, names[near])
                : qni_error(err, QN_NAME, "where \"%.100s\": there is no column \"%s\"", d->options->where, unknown);
    }
    if (status == QN_OK && qn_model_has_response(*where))
        status =
            qni_error(err, QN_INVALID, "where \"%.100s\" is an equation: compare with == instead", d->options->where);
    qni_free(d->allocator, names, count, sizeof *names);
    return status;
}

static qn_status filter(data *d, qn_error *err)
{
    qn_model *where = NULL;
    qn_model_workspace *workspace = NULL;
    qn_status status = compile_where(d, &where, err);
    if (status != QN_OK) {
        qn_model_unref(where);
        return status;
    }
    int64_t columns = qn_model_column_count(where);
    const double **column = qni_alloc_zeroed(d->allocator, columns, sizeof *column);
    double **converted = qni_alloc_zeroed(d->allocator, columns, sizeof *converted);
    d->left_out = qni_alloc_zeroed(d->allocator, d->total, sizeof *d->left_out);
    if (column == NULL || converted == NULL || d->left_out == NULL)
        status = qni_refused(err, d->source, d->total, "marks of %" PRId64 " rows", d->total);
    if (status == QN_OK)
        status = qn_model_workspace_new(&workspace, where, d->allocator, err);
    if (status == QN_OK)
        status = apply_where(d, where, workspace, d->response, column, converted, err);
    for (int64_t c = 0; converted != NULL && c < columns; c++)
        qni_free(d->allocator, converted[c], d->total, sizeof **converted);
    qni_free(d->allocator, converted, columns, sizeof *converted);
    qni_free(d->allocator, column, columns, sizeof *column);
    qn_model_workspace_free(workspace);
    qn_model_unref(where);
    if (status == QN_OK && d->filtered == d->total)
        status = qni_error_at(err, QN_DATA, qn_table_source(d->table), 0, 0, "no row satisfies where \"%.100s\"",
                              d->options->where);
    return status;
}

/* Moves the rows that are used together. */
static qn_status compact(data *d, qn_error *err)
{
    if (d->omitted + d->filtered == 0)
        return QN_OK;
    d->row = qni_alloc(d->allocator, d->total, sizeof *d->row);
    if (d->row == NULL)
        return qni_refused(err, d->source, d->total * (int64_t)sizeof *d->row, "the places of %" PRId64 " rows",
                           d->total);
    d->n = 0;
    for (int64_t i = 0; i < d->total; i++)
        if (used(d, i))
            d->row[d->n++] = i;
    for (int64_t c = 0; c < d->columns; c++) {
        if (d->column[c] == NULL)
            continue;
        if (d->converted[c] == NULL)
            d->converted[c] = qni_alloc(d->allocator, d->total, sizeof **d->converted);
        if (d->converted[c] == NULL)
            return qni_refused(err, d->source, d->total * (int64_t)sizeof **d->converted, "the rows used");
        for (int64_t i = 0; i < d->n; i++)
            d->converted[c][i] = d->column[c][d->row[i]];
        d->column[c] = d->converted[c];
    }
    for (int64_t i = 0; i < d->n; i++)
        d->response[i] = d->response[d->row[i]];
    return QN_OK;
}

/* Sigma as numbers of the table's rows: the option's or a column's. */
static qn_status open_sigma(data *d, qn_error *err)
{
    const qn_fit_options *o = d->options;
    int64_t c = d->columns - 1;
    if (o->sigma != NULL && o->sigma_column != NULL)
        return qni_error(err, QN_INVALID, "sigma is given twice: as numbers and as a column");
    if (o->sigma_column != NULL)
        return open_column(d, c, o->sigma_column, err);
    d->column[c] = o->sigma;
    qn_status status = QN_OK;
    for (int64_t i = 0; o->sigma != NULL && status == QN_OK && i < d->total; i++)
        if (!isfinite(o->sigma[i]) && used(d, i))
            status = drop(d, i, "", "sigma", isnan(o->sigma[i]) ? "is not a number (NaN)" : "is infinite", err);
    return status;
}

static qn_status read_columns(data *d, qn_error *err)
{
    qn_status status = qn_model_workspace_new(&d->workspace, d->model, d->allocator, err);
    if (status == QN_OK && d->options->where != NULL)
        status = filter(d, err);
    for (int64_t c = 0; status == QN_OK && c < d->columns - 1; c++)
        status = open_column(d, c, qn_model_column_name(d->model, c), err);
    if (status == QN_OK)
        status = open_sigma(d, err);
    if (status == QN_OK)
        status = transform_response(d, err);
    return status == QN_OK ? compact(d, err) : status;
}

static qn_status data_init(data *d, const qn_model *model, const qn_table *table, const qn_fit_options *options,
                           const qni_fit_memory *memory, qn_error *err)
{
    const qn_allocator *allocator = &memory->allocator;
    *d = (data){.model = model, .table = table, .options = options, .allocator = allocator, .source = memory->source};
    int level;
    qn_status status = qni_cpu_level(&level, err);
    if (status != QN_OK)
        return status;
    d->kernels = qni_panel_kernels_of(level);
    d->n = d->total = qn_table_row_count(table);
    d->columns = qn_model_column_count(model) + 1;
    d->column = qni_alloc_zeroed(allocator, d->columns, sizeof *d->column);
    d->converted = qni_alloc_zeroed(allocator, d->columns, sizeof *d->converted);
    d->response = qni_alloc(allocator, d->total, sizeof *d->response);
    if (d->column == NULL || d->converted == NULL || d->response == NULL)
        return qni_refused(err, d->source, d->total * (int64_t)sizeof *d->response, "%" PRId64 " rows of data",
                           d->total);
    return read_columns(d, err);
}

/* What can be said before any data is looked at. */
static qn_status check(const qn_model *model, const qn_table *table, qn_error *err)
{
    if (model == NULL || table == NULL)
        return qni_error(err, QN_INVALID, "a fit needs a model and a table");
    if (!qn_model_has_response(model))
        return qni_error(err, QN_INVALID,
                         "the formula has no left side: write y = …, or name the column that it describes");
    if (qn_model_parameter_count(model) == 0)
        return qni_error(err, QN_INVALID, "the formula has no parameters: there is nothing to fit");
    if (qn_table_row_count(table) == 0)
        return qni_error_at(err, QN_DATA, qn_table_source(table), 0, 0, "the table has no rows");
    return QN_OK;
}

/* The result that the cache has, else one that it then has. */
static qn_status solve_or_find(qn_fit_result **out, const qni_fit_asked *asked, qni_fit_memory *memory, qn_error *err)
{
    char key[QNI_FIT_KEY_SIZE];
    qn_status s = qni_fit_key(key, asked, err);
    if (s == QN_OK)
        s = qni_fit_cached_get(out, key, asked, memory->results, err);
    if (s != QN_OK || *out != NULL)
        return s;
    s = qni_fit_weighted_solve(out, asked->problem, asked->sigma, asked->total, asked->options, memory, err);
    if (s == QN_OK)
        qni_fit_cached_put(key, asked, *out, memory->results);
    return s;
}

static qn_status solve(qn_fit_result **out, data *d, qni_fit_memory *memory, qn_error *err)
{
    qni_fit_rows problem = {.n = d->n,
                            .all = qn_model_parameter_count(d->model),
                            .rows = rows,
                            .user = d,
                            .name = name,
                            .place = place,
                            .index = row_index,
                            .omitted = d->omitted,
                            .filtered = d->filtered,
                            .response = d->response,
                            .model = d->model,
                            .columns = d->column,
                            .magnitude = qni_norm(d->response, d->n)};
    if (d->n == 0)
        return qni_error_at(err, QN_DATA, qn_table_source(d->table), 0, 0, "every row was left out: nothing is left");
    const double *sigma = d->column[d->columns - 1];
    if (d->options->cache == NULL)
        return qni_fit_weighted_solve(out, &problem, sigma, d->total, d->options, memory, err);
    qni_fit_asked asked = {
        .model = d->model, .problem = &problem, .sigma = sigma, .total = d->total, .options = d->options};
    return solve_or_find(out, &asked, memory, err);
}

qn_status qn_fit_table(qn_fit_result **out, const qn_model *model, const qn_table *table, const qn_fit_options *options,
                       qn_error *err)
{
    *out = NULL;
    qni_fit_memory memory;
    qn_fit_options resolved;
    qn_status status = check(model, table, err);
    if (status == QN_OK)
        status = qni_fit_memory_init(&memory, options, err);
    if (status == QN_OK)
        status = qni_fit_check_sizes(qn_table_row_count(table), qn_model_parameter_count(model), err);
    if (status == QN_OK)
        status = qni_fit_options_resolve(&resolved, options, qn_model_parameter_count(model), err);
    if (status != QN_OK)
        return status;
    data d;
    status = data_init(&d, model, table, &resolved, &memory, err);
    if (status == QN_OK)
        status = solve(out, &d, &memory, err);
    data_fini(&d);
    return status;
}
