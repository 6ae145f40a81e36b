/* plot/layout.c: margins that fit the labels, ticks that have room, notes where no data are.
 *
 * From the top: title, legend, panels, tick labels, label of the x axis. Heights do not depend on widths, so: heights,
 * y ticks, left margin, x ticks. Lengths are in units of the font's size. */
#include "plot/layout_int.h"

#include <math.h>
#include <stddef.h>

#define MARGIN      0.9
#define PANEL_GAP   0.95
#define TICK_LENGTH 0.38
#define TICK_GAP    0.3
#define Y_TICK_ROOM 2.7 /* height a y tick should have */
#define X_TICK_ROOM 4.5 /* width an x tick should have; more where its label is wide */
#define LEGEND_ROWS 6   /* the most that the panels make room for below the first */
#define NOTE_INSET  0.7 /* between a note and the frame */
#define NOTE_SHARE  0.4 /* of the page's width: the most that notes beside the panels may take */

double qni_line_height(const qni_canvas *canvas, qni_type_style style)
{
    return 1.35 * qni_canvas_type_size(canvas, style);
}

double qni_legend_sign_width(const qni_canvas *canvas, const qni_series *series)
{
    return (series->kind == QN_PLOT_POINTS ? 0.6 : 1.6) * canvas->font;
}

qni_legend_flow qni_legend_start(const qni_layout *l, const qn_plot *plot, const qni_canvas *canvas)
{
    double left = l->views[0].box.left;
    return (qni_legend_flow){
        .at = {left, l->legend_baseline}, .left = left, .right = plot->width - l->margin, .canvas = canvas};
}

qni_point qni_legend_next(qni_legend_flow *flow, const qni_series *series)
{
    double width = qni_legend_sign_width(flow->canvas, series) + QNI_LEGEND_GAP * flow->canvas->font +
                   qni_canvas_text_width(flow->canvas, series->label, QNI_TYPE_NORMAL);
    if (flow->at.x > flow->left && flow->at.x + width > flow->right) {
        flow->at.x = flow->left;
        flow->at.y += qni_line_height(flow->canvas, QNI_TYPE_NORMAL);
        flow->rows++;
    }
    qni_point here = flow->at;
    flow->at.x += width + 1.6 * flow->canvas->font;
    return here;
}

/* Rows below the first. */
static int extra_legend_rows(const qni_layout *l, const qn_plot *plot, const qni_canvas *c)
{
    qni_legend_flow flow = qni_legend_start(l, plot, c);
    for (int64_t k = 0; k < plot->series_count; k++)
        if (plot->series[k].label != NULL)
            (void)qni_legend_next(&flow, &plot->series[k]);
    return flow.rows < LEGEND_ROWS ? flow.rows : LEGEND_ROWS;
}

static bool has_legend(const qn_plot *plot)
{
    for (int64_t k = 0; k < plot->series_count; k++)
        if (plot->series[k].label != NULL)
            return true;
    return false;
}

static bool has_y_label(const qn_plot *plot, const qni_layout *l)
{
    for (int64_t i = 0; i < plot->panel_count; i++)
        if (plot->panels[i].y.label != NULL || l->y_ticks[i].exponent != 0 || l->y_ticks[i].offset != 0)
            return true;
    return false;
}

/* The vertical places of everything. */
static void place_rows(qni_layout *l, const qn_plot *plot, const qni_canvas *c, int extra_rows)
{
    double f = c->font, top = l->margin, bottom = plot->height - l->margin;
    if (plot->title != NULL) {
        l->title_baseline = top + qni_canvas_type_size(c, QNI_TYPE_TITLE);
        top += 1.5 * qni_canvas_type_size(c, QNI_TYPE_TITLE);
    }
    if (has_legend(plot)) {
        l->legend_baseline = top + 0.95 * f;
        top += 1.55 * f + extra_rows * qni_line_height(c, QNI_TYPE_NORMAL);
    } else if (plot->title == NULL) {
        top += 0.3 * f;
    }
    l->x_label_baseline = bottom - 0.3 * f;
    bottom -= qni_line_height(c, QNI_TYPE_NORMAL) + 0.15 * f;
    l->x_tick_baseline = bottom - 0.2 * f;
    bottom -= qni_canvas_type_size(c, QNI_TYPE_SMALL) + l->tick_length + l->tick_gap;
    double gap = PANEL_GAP * f, heights = 0.0;
    for (int64_t i = 0; i < plot->panel_count; i++)
        heights += plot->panels[i].height;
    double room = fmax(bottom - top - gap * (double)(plot->panel_count - 1), 4.0 * (double)plot->panel_count);
    for (int64_t i = 0; i < plot->panel_count; i++) {
        l->views[i].box.top = top;
        l->views[i].box.height = room * plot->panels[i].height / heights;
        top += l->views[i].box.height + gap;
    }
}

static double widest(const qni_ticks *ticks, const qni_canvas *c)
{
    double width = 0.0;
    for (int i = 0; i < ticks->count; i++)
        width = fmax(width, qni_canvas_text_width(c, ticks->tick[i].label, QNI_TYPE_SMALL));
    return width;
}

static bool labels_fit(const qni_ticks *ticks, const qni_view *view, const qni_canvas *c)
{
    double before = -INFINITY;
    for (int i = 0; i < ticks->count; i++) {
        double half = 0.5 * qni_canvas_text_width(c, ticks->tick[i].label, QNI_TYPE_SMALL);
        double middle = qni_axis_place(&view->x, ticks->tick[i].value) * view->box.width;
        if (middle - half < before + 0.8 * c->font)
            return false;
        before = middle + half;
    }
    return true;
}

/* The horizontal places, with `beside` pixels kept free on the right. */
static void place_columns(qni_layout *l, const qn_plot *plot, const qni_canvas *c, double beside)
{
    double f = c->font, labels = 0.0;
    for (int64_t i = 0; i < plot->panel_count; i++)
        labels = fmax(labels, widest(&l->y_ticks[i], c));
    l->y_label_left = l->margin + 0.5 * f;
    double left = l->margin + (has_y_label(plot, l) ? 1.5 * f : 0.0) + labels + l->tick_gap + l->tick_length;
    double right = l->margin + 0.5 * f + beside;
    for (int round = 0; round < 2; round++) { /* the second knows how far the last label reaches */
        double width = fmax(plot->width - left - right, 8.0);
        for (int64_t i = 0; i < plot->panel_count; i++) {
            l->views[i].box.left = left;
            l->views[i].box.width = width;
        }
        int target = (int)fmin(width / (X_TICK_ROOM * f), 10.0);
        do
            qni_ticks_make(&l->x_ticks, &l->views[0].x, target, false);
        while (!labels_fit(&l->x_ticks, &l->views[0], c) && --target >= 2);
        const qni_tick *last = &l->x_ticks.tick[l->x_ticks.count - 1];
        double reach = qni_axis_place(&l->views[0].x, last->value) * width +
                       0.5 * qni_canvas_text_width(c, last->label, QNI_TYPE_SMALL);
        right = fmax(right, l->margin + fmax(reach - width, 0.0));
    }
}

/* ---- notes ---- */

static bool overlaps(const qni_box *box, qni_point a, qni_point b)
{
    return qni_box_clip(box, &a, &b);
}

/* How much of a series lies in the box: dots, or pieces of a line. */
static int64_t count_in_box(const qni_box *box, const qni_view *view, const qni_series *s)
{
    int64_t step = s->n / QNI_PLACE_POINTS + 1, count = 0;
    qni_point before = {0}, at;
    bool joined = false;
    if (s->kind == QN_PLOT_LEVEL)
        return qni_view_place(view, view->x.lo, s->level, &at) && at.y >= box->top && at.y <= box->top + box->height;
    for (int64_t i = 0; i < s->n; i += step) {
        bool drawn = qni_view_place(view, s->x[i], s->y[i], &at);
        if (drawn)
            count += overlaps(box, joined && s->kind != QN_PLOT_POINTS ? before : at, at);
        if (s->kind == QN_PLOT_BAND && qni_view_place(view, s->x[i], s->y2[i], &before))
            count += drawn && overlaps(box, at, before);
        joined = drawn;
        before = at;
    }
    return count;
}

/* The place in the panel where a box covers the least: corners first, then the middles of the sides. Returns how much
 * it covers. */
static int64_t find_place(qni_box *out, const qn_plot *plot, int64_t panel, const qni_view *view, double inset,
                          double width, double height)
{
    static const double places[][2] = {{1, 0}, {0, 0}, {1, 1}, {0, 1}, {0.5, 0}, {0.5, 1}, {1, 0.5}, {0, 0.5}};
    int64_t least = INT64_MAX;
    const qni_box *box = &view->box;
    *out = (qni_box){box->left + inset, box->top + inset, width, height};
    if (width + 2.0 * inset > 0.8 * box->width || height + 2.0 * inset > 0.9 * box->height)
        return least;
    for (size_t i = 0; i < sizeof places / sizeof places[0] && least > 0; i++) {
        qni_box here = {box->left + inset + places[i][0] * (box->width - 2.0 * inset - width),
                        box->top + inset + places[i][1] * (box->height - 2.0 * inset - height), width, height};
        qni_box around = {here.left - 0.5 * inset, here.top - 0.5 * inset, width + inset, height + inset};
        int64_t covered = 0;
        for (int64_t k = 0; k < plot->series_count; k++)
            if (plot->series[k].panel == panel)
                covered += count_in_box(&around, view, &plot->series[k]);
        if (covered < least) {
            least = covered;
            *out = here;
        }
    }
    return least;
}

/* Places the notes that find a free corner; returns the width that the others need beside the panels. */
static double place_notes(qni_layout *l, const qn_plot *plot, const qni_canvas *c)
{
    double beside = 0.0, space = qni_note_space(c);
    for (int64_t i = 0; i < plot->panel_count; i++) {
        if (plot->panels[i].note == NULL)
            continue;
        double width = l->notes[i].width + 2.0 * space, height = l->notes[i].height + 2.0 * space - 0.35 * c->font;
        l->note_covers[i] =
            find_place(&l->note_boxes[i], plot, i, &l->views[i], NOTE_INSET * c->font, width, height) > 0;
        if (l->note_covers[i])
            beside = fmax(beside, width);
    }
    return beside;
}

/* Puts the notes that found no free corner beside their panels, which are narrower now, so that the others move. */
static void put_notes_beside(qni_layout *l, const qn_plot *plot, const qni_canvas *c)
{
    double inset = NOTE_INSET * c->font;
    for (int64_t i = 0; i < plot->panel_count; i++) {
        const qni_box *box = &l->views[i].box;
        qni_box *note = &l->note_boxes[i];
        if (plot->panels[i].note == NULL)
            continue;
        if (l->note_covers[i])
            *note = (qni_box){box->left + box->width + inset, box->top, note->width, note->height};
        else
            l->note_covers[i] = find_place(note, plot, i, &l->views[i], inset, note->width, note->height) > 0;
    }
}

static void make_axes(qni_layout *l, const qn_plot *plot, const qni_canvas *c)
{
    qni_axis x;
    qni_axis_x(&x, plot);
    for (int64_t i = 0; i < plot->panel_count; i++) {
        l->views[i].x = x;
        qni_axis_y(&l->views[i].y, plot, i, &x);
        if (plot->panels[i].note != NULL)
            qni_note_measure(&l->notes[i], plot->panels[i].note, c);
    }
}

static void place_panels(qni_layout *l, const qn_plot *plot, const qni_canvas *c, int extra_rows)
{
    place_rows(l, plot, c, extra_rows);
    for (int64_t i = 0; i < plot->panel_count; i++) {
        const qni_view *view = &l->views[i];
        qni_ticks_make(&l->y_ticks[i], &view->y, (int)fmin(view->box.height / (Y_TICK_ROOM * c->font), 8.0), false);
    }
    place_columns(l, plot, c, 0.0);
}

void qni_layout_make(qni_layout *l, const qn_plot *plot, const qni_canvas *c)
{
    double f = c->font;
    *l = (qni_layout){.margin = MARGIN * f, .tick_length = TICK_LENGTH * f, .tick_gap = TICK_GAP * f};
    make_axes(l, plot, c);
    place_panels(l, plot, c, 0);
    int extra_rows = extra_legend_rows(l, plot, c);
    if (extra_rows > 0)
        place_panels(l, plot, c, extra_rows);
    double beside = place_notes(l, plot, c);
    if (beside > 0.0 && beside <= NOTE_SHARE * plot->width) {
        place_columns(l, plot, c, beside + (NOTE_INSET - 0.5) * f);
        put_notes_beside(l, plot, c);
    }
}
