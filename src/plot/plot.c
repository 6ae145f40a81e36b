/* plot/plot.c: building a figure. Everything that a caller says is checked here, so that drawing cannot meet nonsense.
 *
 * A plot changes only when the whole call succeeds. One thread at a time. */
#include "plot/plot_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/options.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

void qn_plot_options_init(qn_plot_options *out, int64_t size)
{
    qni_options_init(out, size);
}

void qn_plot_panel_init(qn_plot_panel *out, int64_t size)
{
    qni_options_init(out, size);
}

void qn_plot_series_init(qn_plot_series *out, int64_t size)
{
    qni_options_init(out, size);
}

void qn_plot_text_options_init(qn_plot_text_options *out, int64_t size)
{
    qni_options_init(out, size);
}

static qn_status check_number(double *value, double otherwise, double least, double most, const char *what,
                              qn_error *err)
{
    if (*value == 0.0)
        *value = otherwise;
    if (*value >= least && *value <= most)
        return QN_OK;
    return qni_error(err, QN_INVALID, "the %s of a plot must be between %d and %d", what, (int)ceil(least), (int)most);
}

static qn_status check_limits(double min, double max, qn_plot_scale scale, const char *which, qn_error *err)
{
    if (scale != QN_PLOT_LINEAR && scale != QN_PLOT_LOG)
        return qni_error(err, QN_INVALID, "the %s axis of a plot is neither linear nor logarithmic", which);
    if (min == 0.0 && max == 0.0)
        return QN_OK;
    if (!isfinite(min) || !isfinite(max) || !(min < max))
        return qni_error(err, QN_INVALID,
                         "the limits of a plot's %s axis must be finite and the lower one less than the upper one",
                         which);
    if (scale == QN_PLOT_LOG && min <= 0.0)
        return qni_error(err, QN_INVALID, "the limits of a plot's logarithmic %s axis must be positive", which);
    return QN_OK;
}

/* *out is NULL where there is no text. */
static bool copy_text(char **out, const qn_allocator *allocator, const char *text, bool lines)
{
    *out = NULL;
    if (text == NULL || *text == '\0')
        return true;
    *out = qni_plot_text_copy(allocator, text, lines ? QNI_PLOT_NOTE_SIZE : QNI_PLOT_TEXT_SIZE, lines);
    return *out != NULL;
}

static void free_text(const qn_allocator *allocator, char *text)
{
    if (text != NULL)
        qni_free(allocator, text, (int64_t)strlen(text) + 1, 1);
}

static qn_status check_options(qn_plot_options *o, const qn_plot_options *options, qn_error *err)
{
    qn_status s = qni_options_copy(o, sizeof *o, options, "qn_plot_options", err);
    if (s != QN_OK)
        return s;
    if ((s = check_number(&o->width, 760, QNI_PLOT_WIDTH_MIN, QNI_PLOT_SIZE_MAX, "width", err)) != QN_OK ||
        (s = check_number(&o->height, 560, QNI_PLOT_HEIGHT_MIN, QNI_PLOT_SIZE_MAX, "height", err)) != QN_OK ||
        (s = check_number(&o->font_size, 13, 4, 200, "font size", err)) != QN_OK ||
        (s = check_number(&o->png_scale, 1, 0.25, 8, "PNG scale", err)) != QN_OK ||
        (s = check_limits(o->x_min, o->x_max, o->x_scale, "x", err)) != QN_OK)
        return s;
    return QN_OK;
}

qn_status qn_plot_new(qn_plot **out, const qn_plot_options *options, qn_error *err)
{
    *out = NULL;
    qn_plot_options o;
    qn_status s = check_options(&o, options, err);
    if (s != QN_OK)
        return s;
    qn_plot *plot = qni_new(o.allocator, qn_plot);
    if (plot == NULL)
        return qni_error(err, QN_NOMEM, "no memory for a plot");
    plot->allocator = o.allocator;
    plot->width = o.width;
    plot->height = o.height;
    plot->font_size = o.font_size;
    plot->png_scale = o.png_scale;
    plot->x = (qni_axis_spec){.scale = o.x_scale, .min = o.x_min, .max = o.x_max};
    if (!copy_text(&plot->title, o.allocator, o.title, false) ||
        !copy_text(&plot->x.label, o.allocator, o.x_label, false)) {
        qn_plot_free(plot);
        return qni_error(err, QN_NOMEM, "no memory for a plot's title");
    }
    *out = plot;
    return QN_OK;
}

qn_status qn_plot_add_panel(qn_plot *plot, const qn_plot_panel *panel, qn_error *err)
{
    qn_plot_panel p;
    qn_status s = qni_options_copy(&p, sizeof p, panel, "qn_plot_panel", err);
    if (s != QN_OK)
        return s;
    if (plot->panel_count == QNI_PLOT_PANELS)
        return qni_error(err, QN_LIMIT, "a plot has at most %d panels", QNI_PLOT_PANELS);
    if ((s = check_limits(p.min, p.max, p.scale, "y", err)) != QN_OK)
        return s;
    if (p.height == 0.0)
        p.height = 1.0;
    if (!(p.height >= 0.05 && p.height <= 20.0))
        return qni_error(err, QN_INVALID, "the relative height of a panel must be between 0.05 and 20");
    if (p.symmetric && p.scale == QN_PLOT_LOG)
        return qni_error(err, QN_INVALID, "a logarithmic axis has no zero to be symmetric about");
    qni_panel fresh = {.y = {.scale = p.scale, .min = p.min, .max = p.max, .symmetric = p.symmetric},
                       .height = p.height};
    if (!copy_text(&fresh.y.label, plot->allocator, p.label, false) ||
        !copy_text(&fresh.note, plot->allocator, p.note, true)) {
        free_text(plot->allocator, fresh.y.label);
        return qni_error(err, QN_NOMEM, "no memory for a panel's texts");
    }
    plot->panels[plot->panel_count++] = fresh;
    return QN_OK;
}

static qn_status check_series(const qn_plot *plot, const qn_plot_series *s, qn_error *err)
{
    if (s->panel < 0 || s->panel >= plot->panel_count)
        return qni_error(err, QN_INVALID, "a series names panel %" PRId64 ", but the plot has %" PRId64, s->panel,
                         plot->panel_count);
    if ((int)s->kind < QN_PLOT_POINTS || s->kind > QN_PLOT_LEVEL)
        return qni_error(err, QN_INVALID, "a series is of the unknown kind %d", (int)s->kind);
    if ((int)s->colour < QN_PLOT_AUTO || s->colour > QN_PLOT_GREY)
        return qni_error(err, QN_INVALID, "a series has the unknown colour %d", (int)s->colour);
    if (s->kind == QN_PLOT_LEVEL)
        return QN_OK;
    if (s->n < 0 || s->n > INT64_MAX / (int64_t)sizeof(double))
        return qni_error(err, QN_INVALID, "a series cannot have %" PRId64 " points", s->n);
    if (s->n > 0 && (s->x == NULL || s->y == NULL || (s->kind == QN_PLOT_BAND && s->y2 == NULL)))
        return qni_error(err, QN_INVALID, "a series of %" PRId64 " points lacks its x, y or y2", s->n);
    return QN_OK;
}

static qn_plot_colour choose_colour(qn_plot *plot, const qn_plot_series *s)
{
    if (s->colour != QN_PLOT_AUTO)
        return s->colour;
    if (s->kind == QN_PLOT_LEVEL)
        return QN_PLOT_GREY;
    return (qn_plot_colour)(QN_PLOT_BLUE + plot->next_colour++ % (QN_PLOT_SKY - QN_PLOT_BLUE + 1));
}

qn_status qn_plot_add(qn_plot *plot, const qn_plot_series *series, qn_error *err)
{
    qn_plot_series s;
    qn_status status = qni_options_copy(&s, sizeof s, series, "qn_plot_series", err);
    if (status != QN_OK)
        return status;
    if ((status = check_series(plot, &s, err)) != QN_OK)
        return status;
    char *label;
    if (!qni_grow(plot->allocator, (void **)&plot->series, &plot->series_capacity, plot->series_count + 1,
                  (int64_t)sizeof *plot->series) ||
        !copy_text(&label, plot->allocator, s.label, false))
        return qni_error(err, QN_NOMEM, "no memory for a plot's series");
    plot->series[plot->series_count++] = (qni_series){
        .kind = s.kind,
        .panel = s.panel,
        .colour = choose_colour(plot, &s),
        .label = label,
        .n = s.kind == QN_PLOT_LEVEL ? 0 : s.n,
        .x = s.x,
        .y = s.y,
        .y2 = s.y2,
        .level = s.level,
    };
    return QN_OK;
}

void qn_plot_free(qn_plot *plot)
{
    if (plot == NULL)
        return;
    const qn_allocator *a = plot->allocator;
    for (int64_t i = 0; i < plot->series_count; i++)
        free_text(a, plot->series[i].label);
    qni_free(a, plot->series, plot->series_capacity, (int64_t)sizeof *plot->series);
    for (int64_t i = 0; i < plot->panel_count; i++) {
        free_text(a, plot->panels[i].y.label);
        free_text(a, plot->panels[i].note);
    }
    free_text(a, plot->title);
    free_text(a, plot->x.label);
    qni_delete(a, plot);
}
