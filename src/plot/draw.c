/* plot/draw.c: a figure, laid out, as strokes and fills. From below: grid, bands, levels, points, lines, frame, ticks,
 * texts. */
#include "plot/draw_int.h"

#include "base/error.h"

#include <math.h>
#include <stddef.h>

#define LINE_WIDTH 0.14  /* of the font's size: a curve */
#define BAND_WIDTH 0.075 /* the same: the outline of a band */
#define HAIR       1.0   /* pixels: frame, ticks, grid */
#define EDGE       1.0   /* pixels that a stroke may reach over the frame before it is cut */

typedef struct pen {
    const qni_canvas *c;
    const qn_plot *plot;
    const qni_layout *l;
} pen;

static double x_of(const qni_view *view, double value)
{
    return view->box.left + qni_axis_place(&view->x, value) * view->box.width;
}

static double y_of(const qni_view *view, double value)
{
    return view->box.top + (1.0 - qni_axis_place(&view->y, value)) * view->box.height;
}

/* ---- series ---- */

static bool is_dense(const pen *p, int64_t panel)
{
    int64_t count = 0;
    for (int64_t k = 0; k < p->plot->series_count; k++)
        if (p->plot->series[k].panel == panel && p->plot->series[k].kind == QN_PLOT_POINTS)
            count += p->plot->series[k].n;
    return count > QNI_DOTS_SINGLE;
}

/* So many dots, so large and so opaque is each: single ones stand out, many show where they are dense. */
static double dot_radius(const pen *p, int64_t count)
{
    return p->c->font * (count <= 40 ? 0.26 : count <= 200 ? 0.21 : 0.165);
}

static double dot_alpha(int64_t count)
{
    return count <= 40 ? 0.9 : count <= 200 ? 0.7 : 0.5;
}

static void draw_dot(const pen *p, qni_point at, double radius)
{
    p->c->api->arc(p->c->cr, at.x, at.y, radius, 0.0, 6.283185307179586);
    p->c->api->close_path(p->c->cr);
    p->c->api->fill(p->c->cr);
}

/* Dots that stand for many points: a round-capped stroke of no length each, one stroke a class of density. They are so
 * wide that a full area has no holes. */
static void draw_dense(const pen *p, const qni_dots *dots, qn_plot_colour colour)
{
    const qni_cairo *api = p->c->api;
    bool sparse = dots->count <= INT64_C(4) * QNI_DOTS_SINGLE;
    double logarithm = log(fmax((double)dots->max_count, 8.0)), least = sparse ? 0.5 : 0.3;
    api->set_line_cap(p->c->cr, CAIRO_LINE_CAP_ROUND);
    api->set_line_width(p->c->cr, fmax((sparse ? 0.28 : 0.2) * p->c->font, 1.45 * dots->cell));
    for (int class = 0; class < QNI_DOT_CLASSES; class ++) {
        for (int64_t i = 0; i < dots->count; i++) {
            const qni_dot *dot = &dots->dots[i];
            int own = (int)(log((double)dot->count) / logarithm * QNI_DOT_CLASSES);
            if ((own < QNI_DOT_CLASSES ? own : QNI_DOT_CLASSES - 1) != class)
                continue;
            api->move_to(p->c->cr, (double)dot->x, (double)dot->y);
            api->line_to(p->c->cr, (double)dot->x, (double)dot->y);
        }
        qni_canvas_colour(p->c, colour, least + (0.9 - least) * class / (QNI_DOT_CLASSES - 1));
        api->stroke(p->c->cr);
    }
}

static bool draw_points(const pen *p, const qni_view *view, const qni_series *s)
{
    qni_dots dots;
    bool ok = qni_dots_make(&dots, view, s, p->plot->allocator);
    if (ok && dots.cell > 0.0) {
        draw_dense(p, &dots, s->colour);
    } else if (ok) {
        qni_canvas_colour(p->c, s->colour, dot_alpha(dots.count));
        for (int64_t i = 0; i < dots.count; i++)
            draw_dot(p, (qni_point){(double)dots.dots[i].x, (double)dots.dots[i].y}, dot_radius(p, dots.count));
    }
    qni_dots_free(&dots, p->plot->allocator);
    return ok;
}

static qni_box widened(const qni_box *box, double by)
{
    return (qni_box){box->left - by, box->top - by, box->width + 2.0 * by, box->height + 2.0 * by};
}

static bool draw_line(const pen *p, const qni_view *view, const qni_series *s)
{
    const qni_cairo *api = p->c->api;
    qni_path path;
    bool ok = qni_path_make(&path, view, s, p->plot->allocator), joined = false;
    qni_box box = widened(&view->box, 4.0 * EDGE + p->c->font);
    for (int64_t i = 0; ok && i < path.count; i++) {
        const qni_vertex *v = &path.vertices[i];
        bool alone = v->starts && (i + 1 == path.count || path.vertices[i + 1].starts);
        qni_point from = v->starts ? v->at : path.vertices[i - 1].at, to = v->at, end = to;
        if ((v->starts && !alone) || qni_is_pole(&view->box, from, to) || !qni_box_clip(&box, &from, &to)) {
            joined = false;
            continue;
        }
        if (!joined)
            api->move_to(p->c->cr, from.x, from.y);
        api->line_to(p->c->cr, to.x, to.y);
        joined = to.x == end.x && to.y == end.y;
    }
    qni_canvas_colour(p->c, s->colour, 1.0);
    api->set_line_width(p->c->cr, LINE_WIDTH * p->c->font);
    api->set_line_cap(p->c->cr, CAIRO_LINE_CAP_ROUND);
    api->set_line_join(p->c->cr, CAIRO_LINE_JOIN_ROUND);
    api->stroke(p->c->cr);
    qni_path_free(&path, p->plot->allocator);
    return ok;
}

/* A point of a band's edge, cut to just outside the panel, where cairo's coordinates still reach. */
static bool band_point(const qni_view *view, double x, double y, qni_point *at)
{
    if (!qni_view_place(view, x, y, at))
        return false;
    qni_box box = widened(&view->box, view->box.width + view->box.height);
    at->x = fmax(fmin(at->x, box.left + box.width), box.left);
    at->y = fmax(fmin(at->y, box.top + box.height), box.top);
    return true;
}

/* The band between two gaps: along y from `first` to before `end`, back along y2. */
static void trace_run(const pen *p, const qni_view *view, const qni_series *s, int64_t first, int64_t end, int64_t step)
{
    qni_point at;
    int64_t last = first;
    for (int64_t i = first; i < end; i += step) {
        (void)band_point(view, s->x[i], s->y[i], &at);
        p->c->api->line_to(p->c->cr, at.x, at.y);
        last = i;
    }
    for (int64_t i = last; i >= first; i -= step) {
        (void)band_point(view, s->x[i], s->y2[i], &at);
        p->c->api->line_to(p->c->cr, at.x, at.y);
    }
    p->c->api->close_path(p->c->cr);
}

/* As an area, or, where that would lie below too many points to be seen, as its outline. */
static void draw_band(const pen *p, const qni_view *view, const qni_series *s)
{
    int64_t step = s->n / QNI_LINE_POINTS + 1, first = 0;
    for (int64_t i = 0; i <= s->n; i++) {
        qni_point at;
        if (i < s->n && band_point(view, s->x[i], s->y[i], &at) && band_point(view, s->x[i], s->y2[i], &at))
            continue;
        if (i > first)
            trace_run(p, view, s, first, i, step);
        first = i + 1;
    }
    if (!is_dense(p, s->panel)) {
        qni_canvas_colour(p->c, s->colour, 0.2);
        p->c->api->fill(p->c->cr);
        return;
    }
    qni_canvas_colour(p->c, s->colour, 0.9);
    p->c->api->set_line_join(p->c->cr, CAIRO_LINE_JOIN_ROUND);
    p->c->api->set_line_width(p->c->cr, BAND_WIDTH * p->c->font);
    p->c->api->stroke(p->c->cr);
}

static void draw_level(const pen *p, const qni_view *view, const qni_series *s)
{
    double place = qni_axis_place(&view->y, s->level);
    if (!(place >= 0.0 && place <= 1.0))
        return;
    double y = y_of(view, s->level);
    qni_canvas_colour(p->c, s->colour, 1.0);
    p->c->api->set_line_cap(p->c->cr, CAIRO_LINE_CAP_BUTT);
    qni_canvas_rule(p->c, (qni_point){view->box.left, y}, (qni_point){view->box.left + view->box.width, y}, HAIR);
}

static bool draw_one(const pen *p, const qni_view *view, const qni_series *s)
{
    switch (s->kind) {
    case QN_PLOT_POINTS:
        return draw_points(p, view, s);
    case QN_PLOT_LINE:
        return draw_line(p, view, s);
    case QN_PLOT_BAND:
        draw_band(p, view, s);
        return true;
    case QN_PLOT_LEVEL:
        draw_level(p, view, s);
        return true;
    }
    return true;
}

static bool draw_series(const pen *p, int64_t panel)
{
    static const qn_plot_kind few[] = {QN_PLOT_BAND, QN_PLOT_LEVEL, QN_PLOT_POINTS, QN_PLOT_LINE};
    static const qn_plot_kind many[] = {QN_PLOT_POINTS, QN_PLOT_BAND, QN_PLOT_LEVEL,
                                        QN_PLOT_LINE}; /* they would hide a band */
    const qn_plot_kind *lowest_first = is_dense(p, panel) ? many : few;
    const qni_view *view = &p->l->views[panel];
    qni_box box = widened(&view->box, EDGE);
    bool ok = true;
    p->c->api->save(p->c->cr);
    p->c->api->rectangle(p->c->cr, box.left, box.top, box.width, box.height);
    p->c->api->clip(p->c->cr);
    for (int layer = 0; layer < 4; layer++)
        for (int64_t k = 0; k < p->plot->series_count && ok; k++)
            if (p->plot->series[k].panel == panel && p->plot->series[k].kind == lowest_first[layer])
                ok = draw_one(p, view, &p->plot->series[k]);
    p->c->api->restore(p->c->cr);
    return ok;
}

/* ---- axes ---- */

static void draw_grid(const pen *p, int64_t panel)
{
    const qni_view *view = &p->l->views[panel];
    const qni_box *box = &view->box;
    qni_canvas_shade(p->c, QNI_SHADE_GRID, 1.0);
    for (int i = 0; i < p->l->x_ticks.count; i++) {
        double x = x_of(view, p->l->x_ticks.tick[i].value);
        qni_canvas_rule(p->c, (qni_point){x, box->top}, (qni_point){x, box->top + box->height}, HAIR);
    }
    for (int i = 0; i < p->l->y_ticks[panel].count; i++) {
        double y = y_of(view, p->l->y_ticks[panel].tick[i].value);
        qni_canvas_rule(p->c, (qni_point){box->left, y}, (qni_point){box->left + box->width, y}, HAIR);
    }
}

static void draw_ticks(const pen *p, int64_t panel)
{
    const qni_view *view = &p->l->views[panel];
    const qni_ticks *xs = &p->l->x_ticks, *ys = &p->l->y_ticks[panel];
    double bottom = view->box.top + view->box.height, left = view->box.left, length = p->l->tick_length;
    for (int i = 0; i < xs->count + xs->minor_count; i++) {
        double x = x_of(view, i < xs->count ? xs->tick[i].value : xs->minor[i - xs->count]);
        qni_canvas_rule(p->c, (qni_point){x, bottom}, (qni_point){x, bottom + (i < xs->count ? 1.0 : 0.55) * length},
                        HAIR);
    }
    for (int i = 0; i < ys->count + ys->minor_count; i++) {
        double y = y_of(view, i < ys->count ? ys->tick[i].value : ys->minor[i - ys->count]);
        qni_canvas_rule(p->c, (qni_point){left - (i < ys->count ? 1.0 : 0.55) * length, y}, (qni_point){left, y}, HAIR);
    }
}

static void draw_y_labels(const pen *p, int64_t panel)
{
    const qni_view *view = &p->l->views[panel];
    const qni_ticks *ticks = &p->l->y_ticks[panel];
    double right = view->box.left - p->l->tick_length - p->l->tick_gap;
    double drop = 0.36 * qni_canvas_type_size(p->c, QNI_TYPE_SMALL); /* from the middle of a digit to its baseline */
    for (int i = 0; i < ticks->count; i++)
        qni_canvas_text(p->c, (qni_point){right, y_of(view, ticks->tick[i].value) + drop}, ticks->tick[i].label, 1.0,
                        QNI_TYPE_SMALL);
    char label[QNI_FITTED_SIZE], fitted[QNI_FITTED_SIZE];
    (void)qni_ticks_axis_label(label, sizeof label, ticks, p->plot->panels[panel].y.label, false);
    qni_canvas_fit(p->c, fitted, label, view->box.height + 0.2 * p->c->font, QNI_TYPE_NORMAL);
    qni_canvas_text_upwards(p->c,
                            (qni_point){p->l->y_label_left + 0.36 * p->c->font, view->box.top + 0.5 * view->box.height},
                            fitted, QNI_TYPE_NORMAL);
}

static void draw_x_labels(const pen *p)
{
    const qni_view *view = &p->l->views[p->plot->panel_count - 1];
    const qni_ticks *ticks = &p->l->x_ticks;
    for (int i = 0; i < ticks->count; i++)
        qni_canvas_text(p->c, (qni_point){x_of(view, ticks->tick[i].value), p->l->x_tick_baseline},
                        ticks->tick[i].label, 0.5, QNI_TYPE_SMALL);
    char label[QNI_FITTED_SIZE], fitted[QNI_FITTED_SIZE];
    (void)qni_ticks_axis_label(label, sizeof label, ticks, p->plot->x.label, false);
    qni_canvas_fit(p->c, fitted, label, view->box.width, QNI_TYPE_NORMAL);
    qni_canvas_text(p->c, (qni_point){view->box.left + 0.5 * view->box.width, p->l->x_label_baseline}, fitted, 0.5,
                    QNI_TYPE_NORMAL);
}

static bool draw_panel(const pen *p, int64_t panel)
{
    p->c->api->set_line_cap(p->c->cr, CAIRO_LINE_CAP_BUTT);
    draw_grid(p, panel);
    if (!draw_series(p, panel))
        return false;
    p->c->api->set_line_cap(p->c->cr, CAIRO_LINE_CAP_BUTT);
    p->c->api->set_line_join(p->c->cr, CAIRO_LINE_JOIN_MITER);
    qni_canvas_shade(p->c, QNI_SHADE_FRAME, 1.0);
    qni_canvas_frame(p->c, &p->l->views[panel].box, HAIR);
    draw_ticks(p, panel);
    if (p->plot->panels[panel].note != NULL)
        qni_note_draw(&p->l->notes[panel], p->plot->panels[panel].note, &p->l->note_boxes[panel], p->c);
    qni_canvas_shade(p->c, QNI_SHADE_TEXT, 1.0);
    draw_y_labels(p, panel);
    return true;
}

/* ---- around the panels ---- */

static void draw_sign(const pen *p, const qni_series *s, qni_point at)
{
    const qni_cairo *api = p->c->api;
    double width = qni_legend_sign_width(p->c, s), middle = at.y - 0.35 * p->c->font;
    qni_canvas_colour(p->c, s->colour, s->kind == QN_PLOT_BAND ? 0.25 : 1.0);
    if (s->kind == QN_PLOT_POINTS) {
        qni_canvas_colour(p->c, s->colour, 0.9);
        draw_dot(p, (qni_point){at.x + 0.5 * width, middle}, 0.26 * p->c->font);
    } else if (s->kind == QN_PLOT_BAND) {
        api->rectangle(p->c->cr, at.x, middle - 0.32 * p->c->font, width, 0.64 * p->c->font);
        api->fill(p->c->cr);
    } else {
        api->set_line_cap(p->c->cr, CAIRO_LINE_CAP_BUTT);
        api->set_line_width(p->c->cr, s->kind == QN_PLOT_LEVEL ? HAIR : LINE_WIDTH * p->c->font);
        api->move_to(p->c->cr, at.x, middle);
        api->line_to(p->c->cr, at.x + width, middle);
        api->stroke(p->c->cr);
    }
}

static void draw_legend(const pen *p)
{
    qni_legend_flow flow = qni_legend_start(p->l, p->plot, p->c);
    for (int64_t k = 0; k < p->plot->series_count; k++) {
        const qni_series *s = &p->plot->series[k];
        if (s->label == NULL)
            continue;
        char fitted[QNI_FITTED_SIZE];
        qni_point at = qni_legend_next(&flow, s);
        double text = at.x + qni_legend_sign_width(p->c, s) + QNI_LEGEND_GAP * p->c->font;
        draw_sign(p, s, at);
        qni_canvas_shade(p->c, QNI_SHADE_TEXT, 1.0);
        qni_canvas_fit(p->c, fitted, s->label, flow.right - text, QNI_TYPE_NORMAL);
        qni_canvas_text(p->c, (qni_point){text, at.y}, fitted, 0.0, QNI_TYPE_NORMAL);
    }
}

/* Bold where that fits, else in smaller types, else cut. */
static void draw_title(const pen *p)
{
    static const qni_type_style largest_first[] = {QNI_TYPE_TITLE, QNI_TYPE_NORMAL, QNI_TYPE_SMALL};
    char fitted[QNI_FITTED_SIZE];
    qni_point at = {p->l->views[0].box.left, p->l->title_baseline};
    double room = p->plot->width - p->l->margin - at.x;
    int i = 0;
    while (i < 2 && qni_canvas_text_width(p->c, p->plot->title, largest_first[i]) > room)
        i++;
    qni_canvas_fit(p->c, fitted, p->plot->title, room, largest_first[i]);
    qni_canvas_shade(p->c, QNI_SHADE_TEXT, 1.0);
    qni_canvas_text(p->c, at, fitted, 0.0, largest_first[i]);
}

qn_status qni_draw(const qni_canvas *canvas, const qn_plot *plot, const qni_layout *layout, qn_error *err)
{
    pen p = {canvas, plot, layout};
    qni_canvas_shade(canvas, QNI_SHADE_PAPER, 1.0);
    canvas->api->rectangle(canvas->cr, 0.0, 0.0, plot->width, plot->height);
    canvas->api->fill(canvas->cr);
    for (int64_t i = 0; i < plot->panel_count; i++)
        if (!draw_panel(&p, i))
            return qni_error(err, QN_NOMEM, "no memory for the points of a plot");
    draw_x_labels(&p);
    draw_legend(&p);
    if (plot->title != NULL)
        draw_title(&p);
    return QN_OK;
}
