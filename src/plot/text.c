/* plot/text.c: a figure as lines of text: braille dots (two by four a character) or ASCII, axes with ticks on the left
 * and below.
 *
 * Everything is drawn into one grid of characters, which is then written line by line. Every character counts as one
 * column wide. */
#include "plot/view_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/options.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    INK_PLAIN = QN_PLOT_BLACK,
    INK_FRAME = QN_PLOT_GREY,
    INK_BOLD = QN_PLOT_GREY + 1,
    CELL_BYTES = 24, /* at most: a change of colour (11), a character (4), the reset (4) */
    LABEL_SIZE = QNI_PLOT_TEXT_SIZE + 128,
};

typedef struct cell {
    uint32_t code; /* 0: empty */
    uint8_t bits;  /* braille dots, shown where code is 0 */
    uint8_t ink;
} cell;

typedef struct page {
    cell *cells; /* (height, width) */
    int64_t width, height;
    bool ascii, colour;
    const qn_plot *plot;
    int64_t left; /* column of the y axes */
    qni_axis x;
} page;

static void put(page *p, int64_t row, int64_t column, uint32_t code, int ink)
{
    if (row < 0 || row >= p->height || column < 0 || column >= p->width)
        return;
    cell *c = &p->cells[row * p->width + column];
    c->code = code;
    c->ink = (uint8_t)ink;
}

static uint32_t to_ascii(uint32_t code)
{
    if (code < 0x80)
        return code;
    if (qni_raised(code) != '\0')
        return (uint32_t)qni_raised(code);
    return code == 0x2212 ? '-' : code == 0xD7 ? 'x' : '?';
}

static int64_t length(const char *text)
{
    int64_t count = 0;
    for (uint32_t code; *text != '\0'; count++)
        text = qni_utf8_next(text, &code);
    return count;
}

/* Writes from `column` up to `end`; what is longer ends with an ellipsis. Returns the column after it. */
static int64_t put_text(page *p, int64_t row, int64_t column, int64_t end, const char *text, int ink)
{
    while (*text != '\0' && column < end) {
        uint32_t code;
        text = qni_utf8_next(text, &code);
        if (column == end - 1 && *text != '\0')
            code = p->ascii ? '~' : 0x2026;
        put(p, row, column++, p->ascii ? to_ascii(code) : code, ink);
    }
    return column;
}

/* ---- series ---- */

/* A panel's part of the page. Its view is measured in dots: two by four a character, whole numbers in their middles. */
typedef struct area {
    int64_t left, top, columns, rows;
    qni_view view;
    bool marks; /* few points: each is a character */
} area;

static void put_dot(page *p, const area *a, int64_t x, int64_t y, int ink)
{
    static const uint8_t bit[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    if (x < 0 || y < 0 || x >= 2 * a->columns || y >= 4 * a->rows)
        return;
    cell *c = &p->cells[(a->top + y / 4) * p->width + a->left + x / 2];
    c->bits |= bit[y % 4][x % 2];
    if (c->code == 0)
        c->ink = (uint8_t)ink;
}

static bool place(const area *a, double x, double y, qni_point *at)
{
    return qni_view_place(&a->view, x, y, at) && qni_box_has(&a->view.box, *at);
}

static void draw_points(page *p, const area *a, const qni_series *s)
{
    qni_point at;
    for (int64_t i = 0; i < s->n; i++) {
        if (!place(a, s->x[i], s->y[i], &at))
            continue;
        int64_t x = (int64_t)floor(at.x + 0.5), y = (int64_t)floor(at.y + 0.5);
        if (a->marks)
            put(p, a->top + y / 4, a->left + x / 2, 'o', s->colour);
        else
            put_dot(p, a, x, y, s->colour);
    }
}

static void draw_segment(page *p, const area *a, qni_point from, qni_point to, int ink)
{
    if (qni_is_pole(&a->view.box, from, to) || !qni_box_clip(&a->view.box, &from, &to))
        return;
    int64_t steps = (int64_t)ceil(fmax(fabs(to.x - from.x), fabs(to.y - from.y))); /* both lie in the box */
    for (int64_t k = 0; k <= steps; k++) {
        double t = steps > 0 ? (double)k / (double)steps : 0.0;
        put_dot(p, a, (int64_t)floor(from.x + t * (to.x - from.x) + 0.5),
                (int64_t)floor(from.y + t * (to.y - from.y) + 0.5), ink);
    }
}

/* (x, y) or (x, y2) of a series, joined. */
static void draw_line(page *p, const area *a, const qni_series *s, const double *y)
{
    qni_point before = {0}, at;
    bool joined = false;
    for (int64_t i = 0; i < s->n; i++) {
        bool drawn = qni_view_place(&a->view, s->x[i], y[i], &at);
        if (drawn)
            draw_segment(p, a, joined ? before : at, at, s->colour);
        joined = drawn;
        before = at;
    }
}

static void draw_level(page *p, const area *a, const qni_series *s)
{
    qni_point at;
    if (!qni_view_place(&a->view, a->view.x.lo, s->level, &at) || !qni_box_has(&a->view.box, at))
        return;
    for (int64_t column = 0; column < a->columns; column++)
        put(p, a->top + (int64_t)floor(at.y + 0.5) / 4, a->left + column, p->ascii ? '-' : 0x2508, s->colour);
}

static void draw_series(page *p, const area *a, int64_t panel)
{
    static const qn_plot_kind below_first[] = {QN_PLOT_BAND, QN_PLOT_LINE, QN_PLOT_LEVEL, QN_PLOT_POINTS};
    for (int layer = 0; layer < 4; layer++) {
        for (int64_t k = 0; k < p->plot->series_count; k++) {
            const qni_series *s = &p->plot->series[k];
            if (s->panel != panel || s->kind != below_first[layer])
                continue;
            switch (s->kind) {
            case QN_PLOT_POINTS:
                draw_points(p, a, s);
                break;
            case QN_PLOT_LEVEL:
                draw_level(p, a, s);
                break;
            case QN_PLOT_BAND:
                draw_line(p, a, s, s->y2);
                draw_line(p, a, s, s->y);
                break;
            case QN_PLOT_LINE:
                draw_line(p, a, s, s->y);
                break;
            }
        }
    }
}

static int64_t point_count(const page *p, int64_t panel)
{
    int64_t count = 0;
    for (int64_t k = 0; k < p->plot->series_count; k++)
        if (p->plot->series[k].panel == panel && p->plot->series[k].kind == QN_PLOT_POINTS)
            count += p->plot->series[k].n;
    return count;
}

/* ---- axes ---- */

static int64_t place_tick(const qni_axis *axis, double value, int64_t dots, int64_t dots_a_cell)
{
    return (int64_t)floor(qni_axis_place(axis, value) * (double)(dots - 1) + 0.5) / dots_a_cell;
}

static void draw_y_axis(page *p, const area *a, const qni_ticks *ticks)
{
    for (int64_t row = 0; row < a->rows; row++)
        put(p, a->top + row, p->left, p->ascii ? '|' : 0x2502, INK_FRAME);
    int64_t used = -1;
    for (int i = 0; i < ticks->count; i++) {
        double up = qni_axis_place(&a->view.y, ticks->tick[i].value);
        int64_t row = (int64_t)floor((1.0 - up) * (double)(4 * a->rows - 1) + 0.5) / 4;
        if (row == used || row < 0 || row >= a->rows)
            continue;
        used = row;
        put(p, a->top + row, p->left, p->ascii ? '+' : 0x2524, INK_FRAME);
        int64_t size = length(ticks->tick[i].label);
        put_text(p, a->top + row, p->left - 1 - size, p->left, ticks->tick[i].label, INK_PLAIN);
    }
}

/* The first and the last column of a tick's label. */
static void label_columns(const page *p, const qni_tick *tick, int64_t *from, int64_t *to)
{
    int64_t columns = p->width - p->left - 1, size = length(tick->label);
    int64_t middle = p->left + 1 + place_tick(&p->x, tick->value, 2 * columns, 2);
    *from = middle - size / 2;
    if (*from + size > p->width)
        *from = p->width - size;
    *to = *from + size - 1;
}

/* As many ticks as have room for their labels. */
static void make_x_ticks(const page *p, qni_ticks *ticks)
{
    int64_t columns = p->width - p->left - 1;
    for (int target = columns / 8 > 12 ? 12 : (int)(columns / 8);; target--) {
        qni_ticks_make(ticks, &p->x, target, p->ascii);
        bool fits = true;
        int64_t from, to, before = -2;
        for (int i = 0; i < ticks->count; i++) {
            label_columns(p, &ticks->tick[i], &from, &to);
            fits = fits && from > before + 1;
            before = to;
        }
        if (fits || target <= 2)
            return;
    }
}

static void draw_x_axis(page *p, int64_t row)
{
    qni_ticks ticks;
    make_x_ticks(p, &ticks);
    int64_t columns = p->width - p->left - 1, before = -2;
    put(p, row, p->left, p->ascii ? '+' : 0x2514, INK_FRAME);
    for (int64_t column = 0; column < columns; column++)
        put(p, row, p->left + 1 + column, p->ascii ? '-' : 0x2500, INK_FRAME);
    for (int i = 0; i < ticks.count; i++) {
        int64_t from, to;
        label_columns(p, &ticks.tick[i], &from, &to);
        put(p, row, p->left + 1 + place_tick(&p->x, ticks.tick[i].value, 2 * columns, 2), p->ascii ? '+' : 0x252C,
            INK_FRAME);
        if (from > before + 1)
            put_text(p, row + 1, from, p->width, ticks.tick[i].label, INK_PLAIN);
        before = to;
    }
    char label[LABEL_SIZE];
    (void)qni_ticks_axis_label(label, sizeof label, &ticks, p->plot->x.label, p->ascii);
    int64_t size = length(label), from = p->left + 1 + (columns - size) / 2;
    put_text(p, row + 2, from > 0 ? from : 0, p->width, label, INK_PLAIN);
}

/* ---- the page ---- */

/* The legend, right-aligned in a row. */
static void draw_legend(page *p, int64_t row, int64_t from)
{
    int64_t needed = -2;
    for (int64_t k = 0; k < p->plot->series_count; k++)
        if (p->plot->series[k].label != NULL)
            needed += length(p->plot->series[k].label) + (p->plot->series[k].kind == QN_PLOT_POINTS ? 2 : 3) + 2;
    int64_t column = p->width - needed > from ? p->width - needed : from;
    for (int64_t k = 0; k < p->plot->series_count; k++) {
        const qni_series *s = &p->plot->series[k];
        if (s->label == NULL)
            continue;
        bool points = s->kind == QN_PLOT_POINTS;
        if (column + 4 < p->width) {
            put(p, row, column, points ? 'o' : p->ascii ? '-' : 0x2500, s->colour);
            put(p, row, column + 1, points ? ' ' : p->ascii ? '-' : 0x2500, s->colour);
        }
        column = put_text(p, row, column + (points ? 2 : 3), p->width, s->label, INK_PLAIN) + 2;
    }
}

/* Rows of each panel's area, from what is left for all. */
static void share_rows(const qn_plot *plot, int64_t rows, int64_t *out)
{
    double heights = 0.0, before = 0.0;
    for (int64_t i = 0; i < plot->panel_count; i++)
        heights += plot->panels[i].height;
    int64_t spare = rows - 2 * plot->panel_count, given = 0;
    for (int64_t i = 0; i < plot->panel_count; i++) {
        before += plot->panels[i].height;
        int64_t upto = (int64_t)floor(before / heights * (double)spare + 0.5);
        out[i] = 2 + upto - given;
        given = upto;
    }
}

static bool has_legend(const qn_plot *plot)
{
    for (int64_t k = 0; k < plot->series_count; k++)
        if (plot->series[k].label != NULL)
            return true;
    return false;
}

static void draw_page(page *p)
{
    const qn_plot *plot = p->plot;
    qni_ticks ticks[QNI_PLOT_PANELS];
    int64_t rows[QNI_PLOT_PANELS], row = plot->title != NULL ? 1 : 0;
    area areas[QNI_PLOT_PANELS];
    qni_axis_x(&p->x, plot);
    share_rows(plot, p->height - row - plot->panel_count - 3, rows);
    for (int64_t i = 0; i < plot->panel_count; i++) {
        areas[i] = (area){.rows = rows[i], .top = row + 1, .view.x = p->x};
        qni_axis_y(&areas[i].view.y, plot, i, &p->x);
        qni_ticks_make(&ticks[i], &areas[i].view.y, rows[i] > 16 ? 6 : (int)((rows[i] + 2) / 3), p->ascii);
        for (int k = 0; k < ticks[i].count; k++)
            p->left = length(ticks[i].tick[k].label) + 1 > p->left ? length(ticks[i].tick[k].label) + 1 : p->left;
        row += 1 + rows[i];
    }
    if (plot->title != NULL)
        put_text(p, 0, 0, p->width, plot->title, INK_BOLD);
    for (int64_t i = 0; i < plot->panel_count; i++) {
        area *a = &areas[i];
        char label[LABEL_SIZE];
        (void)qni_ticks_axis_label(label, sizeof label, &ticks[i], plot->panels[i].y.label, p->ascii);
        int64_t size = length(label), from = p->left - size / 2;
        bool legend = i == 0 && has_legend(plot);
        int64_t end = put_text(p, a->top - 1, from > 0 ? from : 0, legend ? p->width / 2 : p->width, label, INK_PLAIN);
        if (legend)
            draw_legend(p, a->top - 1, end + 2);
        a->left = p->left + 1;
        a->columns = p->width - a->left;
        a->view.box = (qni_box){0.0, 0.0, (double)(2 * a->columns - 1), (double)(4 * a->rows - 1)};
        a->marks = point_count(p, i) <= a->columns * a->rows / 6;
        draw_y_axis(p, a, &ticks[i]);
        draw_series(p, a, i);
    }
    draw_x_axis(p, row);
}

/* ---- writing ---- */

static uint32_t ascii_of_bits(uint8_t bits)
{
    const bool row[4] = {bits & 0x09, bits & 0x12, bits & 0x24, bits & 0xC0};
    int count = row[0] + row[1] + row[2] + row[3];
    if (count >= 3)
        return '|';
    if (!row[2] && !row[3])
        return '\'';
    if (!row[0] && !row[1])
        return '.';
    return row[1] && row[2] ? '-' : ':';
}

static int64_t put_code(char *out, uint32_t code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    int64_t size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const uint8_t first[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (int64_t i = size - 1; i > 0; i--, code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3F));
    out[0] = (char)(first[size] | code);
    return size;
}

static int64_t put_ink(char *out, int ink)
{
    static const char *const code[] = {
        [QN_PLOT_AUTO] = "0",
        [QN_PLOT_BLUE] = "38;5;32",
        [QN_PLOT_VERMILION] = "38;5;166",
        [QN_PLOT_GREEN] = "38;5;36",
        [QN_PLOT_PURPLE] = "38;5;175",
        [QN_PLOT_ORANGE] = "38;5;172",
        [QN_PLOT_SKY] = "38;5;74",
        [INK_PLAIN] = "0",
        [INK_FRAME] = "38;5;244",
        [INK_BOLD] = "1",
    };
    return snprintf(out, CELL_BYTES, "\x1b[%sm", code[ink]);
}

static bool is_blank(const cell *c)
{
    return (c->code == 0 || c->code == ' ') && c->bits == 0;
}

static uint32_t shown(const page *p, const cell *c)
{
    if (c->code != 0 || c->bits == 0)
        return c->code != 0 ? c->code : ' ';
    return p->ascii ? ascii_of_bits(c->bits) : 0x2800u + c->bits;
}

/* One line with its end; the bytes that it has. */
static int64_t format_line(char *out, const page *p, int64_t row)
{
    const cell *cells = &p->cells[row * p->width];
    int64_t end = p->width, size = 0;
    while (end > 0 && is_blank(&cells[end - 1]))
        end--;
    int ink = INK_PLAIN;
    for (int64_t i = 0; i < end; i++) {
        const cell *c = &cells[i];
        if (p->colour && !is_blank(c) && c->ink != ink) {
            if (ink == INK_BOLD)
                size += put_ink(out + size, INK_PLAIN);
            ink = c->ink;
            size += put_ink(out + size, ink);
        }
        size += put_code(out + size, shown(p, c));
    }
    if (ink != INK_PLAIN)
        size += put_ink(out + size, INK_PLAIN);
    out[size++] = '\n';
    return size;
}

static qn_status write_page(const page *p, qn_plot_sink *sink, void *user, qn_error *err)
{
    int64_t capacity = (p->width + 2) * CELL_BYTES;
    char *line = qni_alloc(p->plot->allocator, capacity, 1);
    if (line == NULL)
        return qni_error(err, QN_NOMEM, "no memory for a line of a plot");
    qn_status s = QN_OK;
    for (int64_t row = 0; row < p->height && s == QN_OK; row++)
        if (!sink(user, line, format_line(line, p, row)))
            s = qni_error(err, QN_IO, "the plot could not be written");
    qni_free(p->plot->allocator, line, capacity, 1);
    return s;
}

static qn_status check_text_options(qn_plot_text_options *o, const qn_plot *plot, const qn_plot_text_options *options,
                                    qn_error *err)
{
    qn_status s = qni_options_copy(o, sizeof *o, options, "qn_plot_text_options", err);
    if (s != QN_OK)
        return s;
    o->width = o->width == 0 ? 80 : o->width;
    o->height = o->height == 0 ? 24 : o->height;
    int64_t least =
        QNI_PANEL_ROWS * plot->panel_count > QNI_ROWS_MIN ? QNI_PANEL_ROWS * plot->panel_count : QNI_ROWS_MIN;
    if (plot->panel_count == 0)
        return qni_error(err, QN_INVALID, "a plot without panels cannot be drawn: add one");
    if (o->width < QNI_COLUMNS_MIN || o->width > QNI_COLUMNS_MAX)
        return qni_error(err, QN_INVALID, "a plot as text must be %d to %d columns wide", QNI_COLUMNS_MIN,
                         QNI_COLUMNS_MAX);
    if (o->height < least || o->height > QNI_ROWS_MAX)
        return qni_error(err, QN_INVALID, "this plot as text must be %" PRId64 " to %d lines high", least,
                         QNI_ROWS_MAX);
    return QN_OK;
}

qn_status qn_plot_text(const qn_plot *plot, const qn_plot_text_options *options, qn_plot_sink *sink, void *user,
                       qn_error *err)
{
    qn_plot_text_options o;
    qn_status s = check_text_options(&o, plot, options, err);
    if (s != QN_OK)
        return s;
    page p = {.width = o.width, .height = o.height, .ascii = o.ascii, .colour = o.colour, .plot = plot};
    p.cells = qni_alloc_zeroed(plot->allocator, p.width * p.height, (int64_t)sizeof *p.cells);
    if (p.cells == NULL)
        return qni_error(err, QN_NOMEM, "no memory for a plot of %" PRId64 " lines", p.height);
    draw_page(&p);
    s = write_page(&p, sink, user, err);
    qni_free(plot->allocator, p.cells, p.width * p.height, (int64_t)sizeof *p.cells);
    return s;
}
