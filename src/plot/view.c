/* plot/view.c: see view_int.h. Memory is bounded by the limits, not by the data. */
#include "plot/view_int.h"

#include "base/alloc.h"

#include <math.h>
#include <string.h>

#define FAR 1e6 /* boxes; beyond, positions are cut: a line still leaves the box in the right direction */

static double cut(double place)
{
    return fmax(fmin(place, FAR), -FAR);
}

bool qni_view_place(const qni_view *view, double x, double y, qni_point *out)
{
    double across = qni_axis_place(&view->x, x), up = qni_axis_place(&view->y, y);
    if (isnan(across) || isnan(up))
        return false;
    out->x = view->box.left + cut(across) * view->box.width;
    out->y = view->box.top + (1.0 - cut(up)) * view->box.height;
    return true;
}

bool qni_box_has(const qni_box *box, qni_point p)
{
    const double slack = 1e-6; /* pixels; a value on the end of its axis is in */
    return p.x >= box->left - slack && p.x <= box->left + box->width + slack && p.y >= box->top - slack &&
           p.y <= box->top + box->height + slack;
}

/* One side of Liang and Barsky's clipping: from + t * along >= 0 for t in [*t0, *t1]. */
static bool clip_side(double from, double along, double *t0, double *t1)
{
    if (along == 0.0)
        return from >= 0.0;
    double t = -from / along;
    if (along > 0.0)
        *t0 = fmax(*t0, t);
    else
        *t1 = fmin(*t1, t);
    return *t0 <= *t1;
}

bool qni_box_clip(const qni_box *box, qni_point *a, qni_point *b)
{
    double dx = b->x - a->x, dy = b->y - a->y, t0 = 0.0, t1 = 1.0;
    if (!clip_side(a->x - box->left, dx, &t0, &t1) || !clip_side(box->left + box->width - a->x, -dx, &t0, &t1) ||
        !clip_side(a->y - box->top, dy, &t0, &t1) || !clip_side(box->top + box->height - a->y, -dy, &t0, &t1))
        return false;
    qni_point from = *a;
    if (t1 < 1.0)
        *b = (qni_point){from.x + t1 * dx, from.y + t1 * dy};
    if (t0 > 0.0)
        *a = (qni_point){from.x + t0 * dx, from.y + t0 * dy};
    return true;
}

bool qni_is_pole(const qni_box *box, qni_point a, qni_point b)
{
    double bottom = box->top + box->height;
    return fabs(a.x - b.x) < 0.02 * box->width &&
           ((a.y < box->top && b.y > bottom) || (a.y > bottom && b.y < box->top));
}

/* ---- dots ---- */

static bool visible(const qni_view *view, const qni_series *s, int64_t i, qni_point *p)
{
    return qni_view_place(view, s->x[i], s->y[i], p) && qni_box_has(&view->box, *p);
}

static int64_t count_visible(const qni_view *view, const qni_series *s)
{
    int64_t count = 0;
    qni_point p;
    for (int64_t i = 0; i < s->n; i++)
        count += visible(view, s, i, &p);
    return count;
}

static float eighth(float pixels) /* few digits in an SVG, no grid that could be seen */
{
    return floorf(8.0f * pixels + 0.5f) / 8.0f;
}

static void take_all(qni_dots *out, const qni_view *view, const qni_series *s)
{
    qni_point p;
    for (int64_t i = 0; i < s->n; i++)
        if (visible(view, s, i, &p))
            out->dots[out->count++] = (qni_dot){(float)p.x, (float)p.y, 1};
    out->max_count = 1;
}

/* Fills the grid; returns how many cells are occupied. */
static int64_t fill_cells(qni_dots *out, int64_t columns, const qni_view *view, const qni_series *s)
{
    int64_t occupied = 0;
    qni_point p;
    memset(out->dots, 0, (size_t)out->capacity * sizeof *out->dots);
    for (int64_t i = 0; i < s->n; i++) {
        if (!visible(view, s, i, &p))
            continue;
        int64_t column = (int64_t)fmax((p.x - view->box.left) / out->cell, 0.0);
        int64_t row = (int64_t)fmax((p.y - view->box.top) / out->cell, 0.0);
        qni_dot *dot = &out->dots[row * columns + column];
        occupied += dot->count == 0;
        if (dot->count < UINT32_MAX)
            dot->count++;
        dot->x += ((float)p.x - dot->x) / (float)dot->count;
        dot->y += ((float)p.y - dot->y) / (float)dot->count;
        if (dot->count > out->max_count)
            out->max_count = dot->count;
    }
    return occupied;
}

static bool take_cells(qni_dots *out, const qni_view *view, const qni_series *s, const qn_allocator *allocator)
{
    const qni_box *box = &view->box;
    for (out->cell = fmax(1.0, sqrt(box->width * box->height / QNI_DOT_CELLS));;) {
        int64_t columns = (int64_t)(box->width / out->cell) + 2, rows = (int64_t)(box->height / out->cell) + 2;
        qni_dots_free(out, allocator);
        out->capacity = columns * rows;
        out->max_count = 0;
        out->dots = qni_alloc(allocator, out->capacity, (int64_t)sizeof *out->dots);
        if (out->dots == NULL)
            return false;
        int64_t occupied = fill_cells(out, columns, view, s);
        if (occupied <= QNI_DOTS_MAX)
            break;
        out->cell *= fmax(1.1, sqrt((double)occupied / QNI_DOTS_MAX));
    }
    out->count = 0;
    for (int64_t i = 0; i < out->capacity; i++) {
        qni_dot dot = out->dots[i];
        if (dot.count > 0)
            out->dots[out->count++] = (qni_dot){eighth(dot.x), eighth(dot.y), dot.count};
    }
    return true;
}

bool qni_dots_make(qni_dots *out, const qni_view *view, const qni_series *series, const qn_allocator *allocator)
{
    *out = (qni_dots){0};
    int64_t count = count_visible(view, series);
    if (count > QNI_DOTS_SINGLE)
        return take_cells(out, view, series, allocator);
    out->dots = qni_alloc(allocator, count, (int64_t)sizeof *out->dots);
    if (out->dots == NULL)
        return false;
    out->capacity = count;
    take_all(out, view, series);
    return true;
}

void qni_dots_free(qni_dots *dots, const qn_allocator *allocator)
{
    qni_free(allocator, dots->dots, dots->capacity, (int64_t)sizeof *dots->dots);
    dots->dots = NULL;
    dots->capacity = 0;
}

/* ---- paths ---- */

typedef struct tracer {
    qni_path *path;
    const qn_allocator *allocator;
    int64_t stride, skipped; /* of the points that come, every stride-th is kept; 1 until the path is full */
    double column_width, column;
    qni_point seen[4]; /* of this column: first, lowest, highest, last */
    int64_t order[4], next;
    bool open, starts; /* there are points in this column; the next vertex starts a piece */
} tracer;

/* A full path keeps every second vertex and from then on takes half as many. */
static void halve(tracer *t)
{
    int64_t kept = 0;
    bool starts = false;
    for (int64_t i = 0; i < t->path->count; i++) {
        qni_vertex v = t->path->vertices[i];
        starts = starts || v.starts;
        if (i % 2 != 0)
            continue;
        v.starts = starts;
        starts = false;
        t->path->vertices[kept++] = v;
    }
    t->path->count = kept;
    t->starts = t->starts || starts;
    t->stride *= 2;
}

static bool keep(tracer *t, qni_point p)
{
    if (!t->starts && ++t->skipped < t->stride)
        return true;
    t->skipped = 0;
    if (t->path->count == QNI_LINE_POINTS)
        halve(t);
    if (!qni_grow(t->allocator, (void **)&t->path->vertices, &t->path->capacity, t->path->count + 1,
                  (int64_t)sizeof(qni_vertex)))
        return false;
    t->path->vertices[t->path->count++] = (qni_vertex){p, t->starts};
    t->starts = false;
    return true;
}

/* Ends the column: its four points in the order in which they came, each once. */
static bool flush(tracer *t)
{
    if (!t->open)
        return true;
    t->open = false;
    int64_t last = -1;
    for (int round = 0; round < 4; round++) {
        int best = -1;
        for (int i = 0; i < 4; i++)
            if (t->order[i] > last && (best < 0 || t->order[i] < t->order[best]))
                best = i;
        if (best < 0)
            break;
        last = t->order[best];
        if (!keep(t, t->seen[best]))
            return false;
    }
    return true;
}

static bool trace(tracer *t, qni_point p)
{
    double column = floor(p.x / t->column_width);
    if (t->open && column != t->column && !flush(t))
        return false;
    int64_t order = t->next++;
    for (int i = 0; i < 4; i++) {
        bool better = !t->open || i == 3 || (i == 1 && p.y > t->seen[1].y) || (i == 2 && p.y < t->seen[2].y);
        if (better) {
            t->seen[i] = p;
            t->order[i] = order;
        }
    }
    t->open = true;
    t->column = column;
    return true;
}

bool qni_path_make(qni_path *out, const qni_view *view, const qni_series *series, const qn_allocator *allocator)
{
    *out = (qni_path){0};
    tracer t = {.path = out, .allocator = allocator, .stride = 1, .starts = true};
    t.column_width = fmax(1.0, view->box.width * 5.0 / QNI_LINE_POINTS);
    bool ok = true;
    for (int64_t i = 0; ok && i < series->n; i++) {
        qni_point p;
        if (qni_view_place(view, series->x[i], series->y[i], &p)) {
            ok = trace(&t, p);
        } else {
            ok = flush(&t);
            t.starts = true;
        }
    }
    return ok && flush(&t);
}

void qni_path_free(qni_path *path, const qn_allocator *allocator)
{
    qni_free(allocator, path->vertices, path->capacity, (int64_t)sizeof *path->vertices);
    *path = (qni_path){0};
}
