/* cli/fit_plot.c: what a fit looks like: the data with its errors and the curve with its bands over the one independent
 * column, or, where there are several, the response over the fitted response; the standardized residuals below.
 *
 * What lies in rows are those that were used. All numbers but the curve's lie in one block. */
#include "cli/fit_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/number.h"
#include "base/utf8.h"
#include "cli/digits.h"
#include "cli/report.h"
#include "cli/text.h"

#include <quern/plot.h>
#include <quern/predict.h>

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct picture {
    const fit_job *job;
    const qn_allocator *allocator;
    const qn_fit_diagnostics *diagnostics; /* NULL: there are none */
    fit_columns columns;
    int64_t n, total, points; /* rows used, rows of the table, points of the curve */
    double *block;
    int64_t block_count;
    double *response, *fitted, *residual; /* (n, room for total) in the block */
    double *x;                            /* (n) in the block */
    double *bar_x, *bar_y;                /* (3, bars) in the block: low, high, a gap */
    int64_t bars;                         /* n, or 0: no errors are known, or too many to be seen */
    double *grid;                         /* (points) in the block */
    qn_prediction *curve;                 /* at the grid; NULL: there is no curve */
    int64_t independent;                  /* the model's column on the x axis; -1: the fitted response is there */
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

/* The standard deviation of a row of the table; NaN: not known. */
static double sigma_at(const picture *p, int64_t row)
{
    const double *column = p->columns.column[p->columns.count], *covariance = p->job->settings.covariance.data;
    if (column != NULL)
        return column[row];
    return covariance != NULL ? sqrt(covariance[row * p->total + row]) : NAN;
}

static int64_t row_at(const picture *p, int64_t i)
{
    return p->diagnostics != NULL ? p->diagnostics->row[i] : i;
}

static void set_bar(const picture *p, int64_t i, double sigma)
{
    p->bar_x[3 * i] = p->bar_x[3 * i + 1] = p->x[i];
    p->bar_x[3 * i + 2] = NAN;
    p->bar_y[3 * i] = p->response[i] - sigma;
    p->bar_y[3 * i + 1] = p->response[i] + sigma;
    p->bar_y[3 * i + 2] = NAN;
}

/* Moves the rows used together and puts the rest beside them. */
static void take_rows(picture *p)
{
    const double *over = p->independent >= 0 ? p->columns.column[p->independent] : NULL;
    for (int64_t i = 0; i < p->n; i++) {
        int64_t row = row_at(p, i);
        p->response[i] = p->response[row];
        p->fitted[i] = p->fitted[row];
        p->x[i] = over != NULL ? over[row] : p->fitted[i];
        p->residual[i] = p->diagnostics != NULL ? p->diagnostics->standardized[i] : p->response[i] - p->fitted[i];
        if (p->bars > 0)
            set_bar(p, i, sigma_at(p, row));
    }
}

static qn_status evaluate(picture *p, qn_error *err)
{
    const fit_job *job = p->job;
    qn_model_workspace *workspace = NULL;
    double *parameters = qni_alloc(p->allocator, job->p, (int64_t)sizeof *parameters);
    qn_status s = parameters != NULL ? QN_OK : qni_error(err, QN_NOMEM, "no memory for the figure");
    if (s == QN_OK)
        s = qn_model_workspace_new(&workspace, job->model, p->allocator, err);
    if (s == QN_OK) {
        for (int64_t i = 0; i < job->p; i++)
            parameters[i] = job->result->parameters[i].value;
        qn_model_eval(job->model, workspace, p->columns.column, 0, p->total, parameters, p->fitted, NULL, p->total);
        qn_model_eval_response(job->model, workspace, p->columns.column, 0, p->total, p->response);
        take_rows(p);
    }
    qn_model_workspace_free(workspace);
    qni_free(p->allocator, parameters, job->p, (int64_t)sizeof *parameters);
    return s;
}

/* The curve with its bands, evenly over the range of the independent column; without one, the diagonal. */
static qn_status draw_curve(picture *p, qn_error *err)
{
    double low = INFINITY, high = -INFINITY;
    for (int64_t i = 0; i < p->n; i++) {
        low = p->x[i] < low ? p->x[i] : low;
        high = p->x[i] > high ? p->x[i] : high;
    }
    for (int64_t i = 0; i < p->points; i++) {
        double share = (double)i / (double)(p->points - 1);
        p->grid[i] = low * (1 - share) + high * share;
    }
    if (p->independent < 0 || !(low <= high))
        return QN_OK;
    const char *name = qn_model_column_name(p->job->model, p->independent);
    const double *values = p->grid;
    qn_table *table;
    qn_status s = qn_table_from_f64(&table, &name, &values, 1, p->points, p->allocator, err);
    if (s != QN_OK)
        return s;
    qn_predict_options options;
    qn_predict_options_init(&options, sizeof options);
    options.band = p->job->result->status == QN_FIT_CONVERGED;
    options.nan = QN_FIT_NAN_OMIT;
    options.allocator = p->allocator;
    s = qn_predict(&p->curve, p->job->model, p->job->result, table, &options, err);
    qn_table_free(table);
    return s;
}

static void picture_free(picture *p)
{
    qn_prediction_free(p->curve);
    qni_fit_columns_free(&p->columns, p->allocator);
    qni_free(p->allocator, p->block, p->block_count, (int64_t)sizeof *p->block);
}

/* Whether there are errors of the data to show, and few enough of them. */
static bool has_bars(const picture *p)
{
    return p->n <= QNI_ERROR_BARS &&
           (p->columns.column[p->columns.count] != NULL || p->job->settings.covariance.data != NULL);
}

static qn_status take_block(picture *p, qn_error *err)
{
    int64_t rows;
    p->bars = has_bars(p) ? p->n : 0;
    if (qni_size_mul(&rows, p->total, 4) && qni_size_add(&p->block_count, rows, 6 * p->bars + p->points))
        p->block = qni_alloc(p->allocator, p->block_count, (int64_t)sizeof *p->block);
    if (p->block == NULL)
        return qni_error(err, QN_NOMEM, "no memory for a figure of %" PRId64 " rows", p->n);
    p->response = p->block;
    p->fitted = p->response + p->total;
    p->residual = p->fitted + p->total;
    p->x = p->residual + p->total;
    p->bar_x = p->x + p->total;
    p->bar_y = p->bar_x + 3 * p->bars;
    p->grid = p->bar_y + 3 * p->bars;
    return QN_OK;
}

static qn_status picture_init(picture *p, const fit_job *job, int64_t points, qn_error *err)
{
    *p = (picture){.job = job, .points = points, .diagnostics = job->result->diagnostics};
    p->allocator = qni_run_allocator(job->run, QNI_HOLDER_PLOT);
    p->total = qn_table_row_count(job->table);
    p->n = p->diagnostics != NULL ? job->result->n : p->total;
    p->independent = find_independent(job->model);
    qn_status s = qni_fit_columns_init(&p->columns, job, p->allocator, err);
    if (s == QN_OK)
        s = take_block(p, err);
    if (s == QN_OK)
        s = evaluate(p, err);
    if (s == QN_OK)
        s = draw_curve(p, err);
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
        if (isnan(q->stderr_) || q->role == QN_FIT_FIXED)
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
    series.colour = kind == QN_PLOT_POINTS ? QN_PLOT_BLUE : QN_PLOT_VERMILION;
    return qn_plot_add(plot, &series, err);
}

static qn_status add_level(qn_plot *plot, double level, qn_error *err)
{
    qn_plot_series series;
    qn_plot_series_init(&series, sizeof series);
    series.kind = QN_PLOT_LEVEL;
    series.panel = 1;
    series.level = level;
    series.colour = QN_PLOT_GREY;
    return qn_plot_add(plot, &series, err);
}

static bool any_finite(const double *values, int64_t n)
{
    for (int64_t i = 0; values != NULL && i < n; i++)
        if (isfinite(values[i]))
            return true;
    return false;
}

/* "95 % prediction interval": the area between low and high, where it is known. */
static qn_status add_band(const picture *p, qn_plot *plot, const char *what, qn_plot_colour colour, const double *low,
                          const double *high, qn_error *err)
{
    char label[80];
    qn_plot_series series;
    if (!any_finite(low, p->points))
        return QN_OK;
    int size = qni_number_format_digits(label, 100 * p->curve->confidence, 4);
    memcpy(label + size, what, strlen(what) + 1);
    qn_plot_series_init(&series, sizeof series);
    series.kind = QN_PLOT_BAND;
    series.label = label;
    series.n = p->points;
    series.x = p->grid;
    series.y = low;
    series.y2 = high;
    series.colour = colour;
    return qn_plot_add(plot, &series, err);
}

static qn_status add_bands(const picture *p, qn_plot *plot, qn_error *err)
{
    const qn_prediction *c = p->curve;
    if (c == NULL)
        return QN_OK;
    qn_status s = add_band(p, plot, " % of new data", QN_PLOT_SKY, c->pi_low, c->pi_high, err);
    if (s == QN_OK)
        s = add_band(p, plot, " % band of the fit", QN_PLOT_VERMILION, c->ci_low, c->ci_high, err);
    return s;
}

/* whole: with what only a file has room for. */
static qn_status add_fit_panel(const picture *p, qn_plot *plot, const char *note, bool whole, qn_error *err)
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
        s = add_series(plot, QN_PLOT_LINE, 0, over_x ? "fit" : "observed = fitted", p->points, p->grid,
                       p->curve != NULL ? p->curve->fitted : p->grid, err);
    return s == QN_OK && whole ? add_bands(p, plot, err) : s;
}

/* A bar a row: the data and its standard deviation. */
static qn_status add_bars(const picture *p, qn_plot *plot, qn_error *err)
{
    qn_plot_series series;
    if (p->bars == 0)
        return QN_OK;
    qn_plot_series_init(&series, sizeof series);
    series.kind = QN_PLOT_LINE;
    series.n = 3 * p->bars;
    series.x = p->bar_x;
    series.y = p->bar_y;
    series.colour = QN_PLOT_BLUE;
    return qn_plot_add(plot, &series, err);
}

static qn_status add_residual_panel(const picture *p, qn_plot *plot, qn_error *err)
{
    static const double levels[] = {0, -2, 2}; /* where noise is Gaussian, 95 % lie between the outer ones */
    qn_plot_panel panel;
    qn_plot_panel_init(&panel, sizeof panel);
    panel.label = p->diagnostics != NULL ? "residual / s.d." : "residual";
    panel.symmetric = true;
    qn_status s = qn_plot_add_panel(plot, &panel, err);
    for (int i = 0; s == QN_OK && i < (p->diagnostics != NULL ? 3 : 1); i++)
        s = add_level(plot, levels[i], err);
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
    options.allocator = p->allocator;
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
        s = add_fit_panel(&p, plot, p.note, true, err);
    if (s == QN_OK)
        s = add_bars(&p, plot, err);
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
        s = add_fit_panel(&p, plot, NULL, false, err);
    if (s == QN_OK)
        s = qn_plot_text(plot, &options, to_out, out, err);
    qni_out_text(out, s == QN_OK ? "\n" : "");
    qn_plot_free(plot);
    picture_free(&p);
    return s == QN_IO ? QN_OK : s; /* the command reports what could not be written */
}
