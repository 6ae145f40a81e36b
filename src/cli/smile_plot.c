/* cli/smile_plot.c: smiles as a figure: implied volatility over log-moneyness. Of one expiry the quotes with their
 * spreads, the curve, and below how far the curve is from the middle in half spreads; of several, some that are spread
 * over time, with the middles of their quotes. */
#include "cli/smile_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/time.h"

#include <quern/plot.h>

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

/* One smile's numbers, all in one block. */
typedef struct drawing {
    const qn_smile *smile;
    double *block;
    int64_t block_count;
    int64_t n;                  /* points with a volatility */
    double *k, *mid, *distance; /* (n) */
    double *bar_x, *bar_y;      /* (3 n) bid, ask, a gap */
    double *grid, *curve;       /* (QNI_CURVE_POINTS) */
    char label[QNI_TIME_TEXT_SIZE + 8];
} drawing;

typedef struct figure {
    const smile_job *job;
    const qn_allocator *allocator;
    int64_t count;
    drawing drawings[QNI_SMILES_DRAWN];
} figure;

static const qn_plot_colour colours[] = {QN_PLOT_BLUE,   QN_PLOT_VERMILION, QN_PLOT_GREEN,
                                         QN_PLOT_PURPLE, QN_PLOT_ORANGE,    QN_PLOT_SKY};

static_assert(sizeof colours / sizeof colours[0] == QNI_SMILES_DRAWN, "a colour for each");

static void take_points(drawing *d)
{
    for (int64_t i = 0; i < d->smile->point_count; i++) {
        const qn_smile_point *p = &d->smile->points[i];
        if (!(p->weight > 0) || !isfinite(p->mid_vol))
            continue;
        double half = (p->ask_vol - p->bid_vol) / 2;
        d->k[d->n] = p->k;
        d->mid[d->n] = p->mid_vol;
        d->distance[d->n] = half > 0 ? (p->fitted_vol - p->mid_vol) / half : NAN;
        d->bar_x[3 * d->n] = d->bar_x[3 * d->n + 1] = p->k;
        d->bar_x[3 * d->n + 2] = NAN;
        d->bar_y[3 * d->n] = p->bid_vol;
        d->bar_y[3 * d->n + 1] = p->ask_vol;
        d->bar_y[3 * d->n + 2] = NAN;
        d->n++;
    }
}

/* The curve over the strikes that were used. */
static void take_curve(drawing *d)
{
    double low = INFINITY, high = -INFINITY;
    for (int64_t i = 0; i < d->n; i++) {
        low = fmin(low, d->k[i]);
        high = fmax(high, d->k[i]);
    }
    for (int64_t i = 0; i < QNI_CURVE_POINTS; i++) {
        double share = (double)i / (QNI_CURVE_POINTS - 1);
        d->grid[i] = low * (1 - share) + high * share;
        d->curve[i] = sqrt(qn_smile_variance(d->smile, d->grid[i]) / d->smile->years);
    }
}

static qn_status drawing_init(drawing *d, const qn_smile *smile, const qn_allocator *allocator, qn_error *err)
{
    int64_t count = smile->point_count;
    *d = (drawing){.smile = smile, .block_count = 9 * count + INT64_C(2) * QNI_CURVE_POINTS};
    d->block = qni_alloc(allocator, d->block_count, (int64_t)sizeof *d->block);
    if (d->block == NULL)
        return qni_error(err, QN_NOMEM, "no memory for a figure of %" PRId64 " strikes", count);
    d->k = d->block;
    d->mid = d->k + count;
    d->distance = d->mid + count;
    d->bar_x = d->distance + count;
    d->bar_y = d->bar_x + 3 * count;
    d->grid = d->bar_y + 3 * count;
    d->curve = d->grid + QNI_CURVE_POINTS;
    int64_t size = qni_date_text(d->label, smile->expiry);
    memcpy(d->label + size, " am", smile->settlement == QN_SETTLEMENT_AM ? 4 : 0);
    take_points(d);
    take_curve(d);
    return QN_OK;
}

/* Whether the curve and its points say something. */
static bool can_be_drawn(const qn_smile *smile)
{
    return smile->shape != QN_SMILE_NONE && smile->used > 0;
}

/* The first, the last, and others evenly between. */
static qn_status choose(figure *f, qn_error *err)
{
    const smile_job *job = f->job;
    int64_t candidates = 0, seen = 0;
    qn_status s = QN_OK;
    for (int64_t i = 0; i < job->smile_count; i++)
        if (can_be_drawn(&job->smiles[i]))
            candidates++;
    int64_t wanted = candidates < QNI_SMILES_DRAWN ? candidates : QNI_SMILES_DRAWN;
    for (int64_t i = 0; s == QN_OK && i < job->smile_count && f->count < wanted; i++) {
        if (!can_be_drawn(&job->smiles[i]))
            continue;
        if (seen * (wanted - 1) >= f->count * (candidates - 1)) {
            s = drawing_init(&f->drawings[f->count], &job->smiles[i], f->allocator, err);
            f->count += s == QN_OK;
        }
        seen++;
    }
    if (s == QN_OK && f->count == 0)
        s = qni_error(err, QN_DATA, "no expiry is fitted: there is nothing to draw");
    return s;
}

static qn_status add(qn_plot *plot, qn_plot_kind kind, int64_t panel, qn_plot_colour colour, const char *label,
                     int64_t n, const double *x, const double *y, qn_error *err)
{
    qn_plot_series series;
    qn_plot_series_init(&series, sizeof series);
    series.kind = kind;
    series.panel = panel;
    series.colour = colour;
    series.label = label;
    series.n = n;
    series.x = x;
    series.y = y;
    return qn_plot_add(plot, &series, err);
}

static qn_status add_levels(qn_plot *plot, qn_error *err)
{
    qn_status s = QN_OK;
    for (int level = -1; s == QN_OK && level <= 1; level++) {
        qn_plot_series series;
        qn_plot_series_init(&series, sizeof series);
        series.kind = QN_PLOT_LEVEL;
        series.panel = 1;
        series.level = level;
        series.colour = QN_PLOT_GREY;
        s = qn_plot_add(plot, &series, err);
    }
    return s;
}

static qn_status draw_one(const figure *f, qn_plot *plot, qn_error *err)
{
    const drawing *d = &f->drawings[0];
    qn_plot_panel panel;
    qn_plot_panel_init(&panel, sizeof panel);
    panel.label = "half spreads off";
    panel.symmetric = true;
    qn_status s = add(plot, QN_PLOT_LINE, 0, QN_PLOT_BLUE, "bid to ask", 3 * d->n, d->bar_x, d->bar_y, err);
    if (s == QN_OK)
        s = add(plot, QN_PLOT_LINE, 0, QN_PLOT_VERMILION, "fit", QNI_CURVE_POINTS, d->grid, d->curve, err);
    if (s == QN_OK)
        s = qn_plot_add_panel(plot, &panel, err);
    if (s == QN_OK)
        s = add_levels(plot, err);
    return s == QN_OK ? add(plot, QN_PLOT_POINTS, 1, QN_PLOT_BLUE, NULL, d->n, d->k, d->distance, err) : s;
}

static qn_status draw_many(const figure *f, qn_plot *plot, qn_error *err)
{
    qn_status s = QN_OK;
    for (int64_t i = 0; s == QN_OK && i < f->count; i++) {
        const drawing *d = &f->drawings[i];
        s = add(plot, QN_PLOT_POINTS, 0, colours[i], NULL, d->n, d->k, d->mid, err);
        if (s == QN_OK)
            s = add(plot, QN_PLOT_LINE, 0, colours[i], d->label, QNI_CURVE_POINTS, d->grid, d->curve, err);
    }
    return s;
}

static qn_status draw(const figure *f, const char *path, qn_error *err)
{
    char title[128] = "";
    qn_plot *plot = NULL;
    qn_plot_options options;
    qn_plot_panel panel;
    qn_plot_options_init(&options, sizeof options);
    qn_plot_panel_init(&panel, sizeof panel);
    bool one = f->count == 1;
    strncat(title, f->job->chain->ticker, 40);
    strncat(title, one && title[0] != '\0' ? ", " : "", 3);
    strncat(title, one ? f->drawings[0].label : "", sizeof f->drawings[0].label);
    options.title = title[0] != '\0' ? title : NULL;
    options.x_label = "log-moneyness log(K / F)";
    options.allocator = f->allocator;
    panel.label = "implied volatility";
    panel.height = 2.6;
    qn_status s = qn_plot_new(&plot, &options, err);
    if (s == QN_OK)
        s = qn_plot_add_panel(plot, &panel, err);
    if (s == QN_OK)
        s = one ? draw_one(f, plot, err) : draw_many(f, plot, err);
    if (s == QN_OK)
        s = qn_plot_write(plot, path, err);
    qn_plot_free(plot);
    return s;
}

qn_status qni_smile_plot(const smile_job *job, const char *path, qn_error *err)
{
    figure f = {.job = job, .allocator = qni_run_allocator(job->run, QNI_HOLDER_PLOT)};
    qn_status s = choose(&f, err);
    if (s == QN_OK)
        s = draw(&f, path, err);
    for (int64_t i = 0; i < f.count; i++)
        qni_free(f.allocator, f.drawings[i].block, f.drawings[i].block_count, (int64_t)sizeof(double));
    return s;
}
