/* cli/fit_plot.c: what a fit looks like: the data and the curve over the one independent column, or, where there are
 * several, the response over the fitted response; the residuals below.
 *
 * All numbers lie in one block: response, fitted, residual, x (n each), grid and curve (points each), and columns that
 * are not float64. */
#include "cli/fit_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/utf8.h"
#include "cli/digits.h"
#include "cli/report.h"
#include "cli/text.h"

#include <quern/plot.h>

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct picture {
    const fit_job *job;
    int64_t n, column_count, points;
    double *block;
    int64_t block_count;
    double *response, *fitted, *residual; /* (n) in the block */
    double *grid, *curve;                 /* (points) in the block */
    const double **columns;               /* (column_count) of the model */
    int64_t independent;                  /* the model's column on the x axis; -1: the fitted response is there */
    const double *x;                      /* (n) */
    char title[QNI_TITLE_SIZE + 8];
    char note[QNI_NOTE_PARAMETERS * 128 + 64];
} picture;

/* The one column that the right side reads; -1 where there is none or are several. */
static int64_t find_independent(const qn_model *model)
{
    int64_t found = -1;
    for (int64_t i = 0; i < qn_model_column_count(model); i++) {
        if (!qn_model_column_is_predictor(model, i))
            continue;
        if (found >= 0)
            return -1;
        found = i;
    }
    return found;
}

static double cell(const qn_table *table, int64_t column, int64_t row)
{
    const void *values = qn_table_values(table, column);
    switch (qn_table_column_type(table, column)) {
    case QN_TYPE_F32:
        return (double)((const float *)values)[row];
    case QN_TYPE_I64:
        return (double)((const int64_t *)values)[row];
    case QN_TYPE_BOOL:
        return ((const uint8_t *)values)[row / 8] >> (row % 8) & 1;
    default:
        return NAN;
    }
}

/* Makes every column of the model a run of doubles; those that are not go to `to`. */
static void take_columns(picture *p, double *to)
{
    const qn_table *table = p->job->table;
    for (int64_t i = 0; i < p->column_count; i++) {
        int64_t column = qn_table_column_find(table, qn_model_column_name(p->job->model, i));
        p->columns[i] = qn_table_f64(table, column);
        if (p->columns[i] != NULL)
            continue;
        for (int64_t row = 0; row < p->n; row++)
            to[row] = cell(table, column, row);
        p->columns[i] = to;
        to += p->n;
    }
}

static int64_t foreign_columns(const fit_job *job)
{
    int64_t count = 0;
    for (int64_t i = 0; i < qn_model_column_count(job->model); i++) {
        int64_t column = qn_table_column_find(job->table, qn_model_column_name(job->model, i));
        count += qn_table_column_type(job->table, column) != QN_TYPE_F64;
    }
    return count;
}

/* Fills grid and curve: evenly over the range of the independent column; without one, the diagonal. */
static void draw_curve(picture *p, qn_model_workspace *workspace, const double *parameters)
{
    double low = INFINITY, high = -INFINITY;
    for (int64_t i = 0; i < p->n; i++) {
        low = p->x[i] < low ? p->x[i] : low;
        high = p->x[i] > high ? p->x[i] : high;
    }
    for (int64_t i = 0; i < p->points; i++) {
        double share = (double)i / (double)(p->points - 1);
        p->grid[i] = low * (1 - share) + high * share;
        p->curve[i] = p->grid[i];
    }
    if (p->independent < 0)
        return;
    for (int64_t i = 0; i < p->column_count; i++)
        p->columns[i] = p->grid; /* the right side reads no other */
    qn_model_eval(p->job->model, workspace, p->columns, 0, p->points, parameters, p->curve, NULL, p->points);
}

static qn_status evaluate(picture *p, qn_error *err)
{
    const fit_job *job = p->job;
    const qn_allocator *allocator = qni_run_allocator(job->run, QNI_HOLDER_PLOT);
    qn_model_workspace *workspace = NULL;
    double *parameters = qni_alloc(allocator, job->p, (int64_t)sizeof *parameters);
    qn_status s = parameters != NULL ? QN_OK : qni_error(err, QN_NOMEM, "no memory for the figure");
    if (s == QN_OK)
        s = qn_model_workspace_new(&workspace, job->model, allocator, err);
    if (s == QN_OK) {
        for (int64_t i = 0; i < job->p; i++)
            parameters[i] = job->result->parameters[i].value;
        qn_model_eval(job->model, workspace, p->columns, 0, p->n, parameters, p->fitted, NULL, p->n);
        qn_model_eval_response(job->model, workspace, p->columns, 0, p->n, p->response);
        for (int64_t i = 0; i < p->n; i++)
            p->residual[i] = p->response[i] - p->fitted[i];
        p->x = p->independent >= 0 ? p->columns[p->independent] : p->fitted;
        draw_curve(p, workspace, parameters);
    }
    qn_model_workspace_free(workspace);
    qni_free(allocator, parameters, job->p, (int64_t)sizeof *parameters);
    return s;
}

static void picture_free(picture *p)
{
    const qn_allocator *allocator = qni_run_allocator(p->job->run, QNI_HOLDER_PLOT);
    qni_free(allocator, p->block, p->block_count, (int64_t)sizeof *p->block);
    qni_free(allocator, p->columns, p->column_count, (int64_t)sizeof *p->columns);
}

static qn_status picture_init(picture *p, const fit_job *job, int64_t points, qn_error *err)
{
    *p = (picture){.job = job, .points = points};
    p->n = qn_table_row_count(job->table);
    p->column_count = qn_model_column_count(job->model);
    p->independent = find_independent(job->model);
    const qn_allocator *allocator = qni_run_allocator(job->run, QNI_HOLDER_PLOT);
    int64_t rows;
    if (qni_size_mul(&rows, p->n, 3 + foreign_columns(job)) && qni_size_add(&p->block_count, rows, 2 * points))
        p->block = qni_alloc(allocator, p->block_count, (int64_t)sizeof *p->block);
    p->columns = qni_alloc(allocator, p->column_count, (int64_t)sizeof *p->columns);
    qn_status s = QN_OK;
    if (p->block == NULL || p->columns == NULL) {
        s = qni_error(err, QN_NOMEM, "no memory for a figure of %" PRId64 " rows", p->n);
    } else {
        p->grid = p->block;
        p->curve = p->grid + points;
        p->response = p->curve + points;
        p->fitted = p->response + p->n;
        p->residual = p->fitted + p->n;
        take_columns(p, p->residual + p->n);
        s = evaluate(p, err);
    }
    if (s != QN_OK)
        picture_free(p);
    return s;
}

/* As much of the formula as a title has room for, on a line. */
static void write_title(picture *p)
{
    int64_t size = qni_utf8_cut(p->job->formula, p->job->formula_size, QNI_TITLE_SIZE);
    memcpy(p->title, p->job->formula, (size_t)size);
    for (int64_t i = 0; i < size; i++)
        p->title[i] = (unsigned char)p->title[i] < ' ' ? ' ' : p->title[i];
    memcpy(p->title + size, "\xE2\x80\xA6", size < p->job->formula_size ? 4 : 0);
}

static void append(char *out, size_t capacity, const char *text)
{
    size_t used = strlen(out), size = strlen(text);
    if (size < capacity - used)
        memcpy(out + used, text, size + 1);
}

/* name TAB value ± error, a line a parameter. */
static void write_note(picture *p)
{
    const qn_fit_result *r = p->job->result;
    for (int64_t i = 0; i < r->p && i < QNI_NOTE_PARAMETERS; i++) {
        const qn_fit_parameter *q = &r->parameters[i];
        char text[QNI_DIGITS_SIZE];
        append(p->note, sizeof p->note, i > 0 ? "\n" : "");
        append(p->note, sizeof p->note, strlen(q->name) < 32 ? q->name : "\xE2\x80\xA6");
        append(p->note, sizeof p->note, "\t");
        (void)qni_digits_write(text, q->value, qni_digits_place(q->value, q->stderr_));
        append(p->note, sizeof p->note, text);
        if (isnan(q->stderr_))
            continue;
        append(p->note, sizeof p->note, "\t\xC2\xB1 ");
        (void)qni_digits_write_count(text, q->stderr_, 2);
        append(p->note, sizeof p->note, text);
    }
    if (r->p > QNI_NOTE_PARAMETERS)
        append(p->note, sizeof p->note, "\n\xE2\x80\xA6");
}

static qn_status add_series(qn_plot *plot, qn_plot_kind kind, int64_t panel, const char *label, int64_t n,
                            const double *x, const double *y, qn_error *err)
{
    qn_plot_series series;
    qn_plot_series_init(&series, sizeof series);
    series.kind = kind;
    series.panel = panel;
    series.label = label;
    series.n = n;
    series.x = x;
    series.y = y;
    series.colour = kind == QN_PLOT_POINTS ? QN_PLOT_BLUE : kind == QN_PLOT_LINE ? QN_PLOT_VERMILION : QN_PLOT_GREY;
    return qn_plot_add(plot, &series, err);
}

static qn_status add_fit_panel(const picture *p, qn_plot *plot, const char *note, qn_error *err)
{
    bool over_x = p->independent >= 0;
    qn_plot_panel panel;
    qn_plot_panel_init(&panel, sizeof panel);
    panel.label = qn_model_response_text(p->job->model);
    panel.height = 2.6;
    panel.note = note;
    qn_status s = qn_plot_add_panel(plot, &panel, err);
    if (s == QN_OK)
        s = add_series(plot, QN_PLOT_POINTS, 0, over_x ? "data" : "observed", p->n, p->x, p->response, err);
    if (s == QN_OK)
        s = add_series(plot, QN_PLOT_LINE, 0, over_x ? "fit" : "observed = fitted", p->points, p->grid, p->curve, err);
    return s;
}

static qn_status add_residual_panel(const picture *p, qn_plot *plot, qn_error *err)
{
    qn_plot_panel panel;
    qn_plot_panel_init(&panel, sizeof panel);
    panel.label = "residual";
    panel.symmetric = true;
    qn_status s = qn_plot_add_panel(plot, &panel, err);
    if (s == QN_OK)
        s = add_series(plot, QN_PLOT_LEVEL, 1, NULL, 0, NULL, NULL, err);
    if (s == QN_OK)
        s = add_series(plot, QN_PLOT_POINTS, 1, NULL, p->n, p->x, p->residual, err);
    return s;
}

static qn_status new_plot(const picture *p, qn_plot **out, const char *title, qn_error *err)
{
    qn_plot_options options;
    qn_plot_options_init(&options, sizeof options);
    options.title = title;
    options.x_label = p->independent >= 0 ? qn_model_column_name(p->job->model, p->independent) : "fitted";
    options.allocator = qni_run_allocator(p->job->run, QNI_HOLDER_PLOT);
    return qn_plot_new(out, &options, err);
}

qn_status qni_fit_plot_file(const fit_job *job, const char *path, qn_error *err)
{
    picture p;
    qn_plot *plot = NULL;
    qn_status s = picture_init(&p, job, QNI_CURVE_POINTS, err);
    if (s != QN_OK)
        return s;
    write_title(&p);
    write_note(&p);
    s = new_plot(&p, &plot, p.title, err);
    if (s == QN_OK)
        s = add_fit_panel(&p, plot, p.note, err);
    if (s == QN_OK)
        s = add_residual_panel(&p, plot, err);
    if (s == QN_OK)
        s = qn_plot_write(plot, path, err);
    qn_plot_free(plot);
    picture_free(&p);
    return s;
}

static bool to_out(void *user, const char *bytes, int64_t size)
{
    qni_out *out = user;
    qni_out_bytes(out, bytes, size);
    return out->failed == 0;
}

static int between(int low, int value, int high)
{
    return value < low ? low : value > high ? high : value;
}

qn_status qni_fit_plot_terminal(const fit_job *job, qn_error *err)
{
    picture p;
    qn_plot *plot = NULL;
    qni_out *out = job->run->out;
    int columns, lines;
    qni_out_terminal_size(out, &columns, &lines);
    if (columns < QNI_TERMINAL_PLOT_MIN_WIDTH || lines < QNI_TERMINAL_PLOT_MIN_HEIGHT)
        return QN_OK; /* no room */
    qn_status s = picture_init(&p, job, QNI_CURVE_POINTS_TERMINAL, err);
    if (s != QN_OK)
        return s;
    qn_plot_text_options options;
    qn_plot_text_options_init(&options, sizeof options);
    options.width = between(QNI_TERMINAL_PLOT_MIN_WIDTH, columns - 1, QNI_TERMINAL_PLOT_WIDTH);
    options.height = between(QNI_TERMINAL_PLOT_MIN_HEIGHT, lines / 2, QNI_TERMINAL_PLOT_MAX_HEIGHT);
    options.ascii = !out->utf8;
    options.colour = out->colour;
    s = new_plot(&p, &plot, NULL, err);
    if (s == QN_OK)
        s = add_fit_panel(&p, plot, NULL, err);
    if (s == QN_OK)
        s = qn_plot_text(plot, &options, to_out, out, err);
    qni_out_text(out, s == QN_OK ? "\n" : "");
    qn_plot_free(plot);
    picture_free(&p);
    return s == QN_IO ? QN_OK : s; /* the command reports what could not be written */
}
