/* plot/canvas.c: see canvas_int.h. Raised digits are drawn by us: few fonts have them all. */
#include "plot/canvas_int.h"

#include <math.h>
#include <string.h>

#define RAISED_SIZE  0.72 /* of the text */
#define RAISED_SHIFT 0.36

double qni_canvas_type_size(const qni_canvas *c, qni_type_style style)
{
    return style == QNI_TYPE_SMALL ? 0.9 * c->font : style == QNI_TYPE_TITLE ? 1.12 * c->font : c->font;
}

static void choose_font(const qni_canvas *c, qni_type_style style)
{
    c->api->select_font_face(c->cr, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                             style == QNI_TYPE_TITLE ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    c->api->set_font_size(c->cr, qni_canvas_type_size(c, style));
}

/* The next piece of `text` that is all raised or all not, raised characters as plain ones. Returns what is left. */
static const char *next_piece(char *out, size_t capacity, const char *text, bool *raised)
{
    uint32_t code;
    size_t size = 0;
    (void)qni_utf8_next(text, &code);
    *raised = qni_raised(code) != '\0';
    while (*text != '\0') {
        const char *after = qni_utf8_next(text, &code);
        char plain = qni_raised(code);
        if ((plain != '\0') != *raised || size + 5 > capacity)
            break;
        const char *from = plain == '-' ? "\xE2\x88\x92" : plain != '\0' ? &plain : text;
        size_t bytes = plain == '-' ? 3 : plain != '\0' ? 1 : (size_t)(after - text);
        memcpy(out + size, from, bytes);
        size += bytes;
        text = after;
    }
    out[size] = '\0';
    return text;
}

/* Draws the text from `at`, or only measures it. Returns its width. */
static double run(const qni_canvas *c, qni_point at, const char *text, qni_type_style style, bool draw)
{
    double width = 0.0, size = qni_canvas_type_size(c, style);
    choose_font(c, style);
    while (*text != '\0') {
        char piece[256];
        bool raised;
        cairo_text_extents_t extents;
        text = next_piece(piece, sizeof piece, text, &raised);
        c->api->set_font_size(c->cr, raised ? RAISED_SIZE * size : size);
        c->api->text_extents(c->cr, piece, &extents);
        if (draw) {
            c->api->move_to(c->cr, at.x + width, at.y - (raised ? RAISED_SHIFT * size : 0.0));
            c->api->show_text(c->cr, piece);
        }
        width += extents.x_advance;
    }
    if (draw)
        c->api->new_path(c->cr);
    return width;
}

double qni_canvas_text_width(const qni_canvas *c, const char *text, qni_type_style style)
{
    return run(c, (qni_point){0}, text, style, false);
}

void qni_canvas_fit(const qni_canvas *c, char *out, const char *text, double width, qni_type_style style)
{
    size_t size = strlen(text);
    size = size < QNI_FITTED_SIZE - 4 ? size : QNI_FITTED_SIZE - 4;
    memcpy(out, text, size);
    out[size] = '\0';
    while (size > 0 && qni_canvas_text_width(c, out, style) > width) {
        do
            size--;
        while (size > 0 && ((unsigned char)text[size] & 0xC0u) == 0x80u);
        memcpy(out + size, "\xE2\x80\xA6", 4);
    }
}

void qni_canvas_text(const qni_canvas *c, qni_point at, const char *text, double align, qni_type_style style)
{
    double left = align > 0.0 ? align * qni_canvas_text_width(c, text, style) : 0.0;
    (void)run(c, (qni_point){at.x - left, at.y}, text, style, true);
}

void qni_canvas_text_upwards(const qni_canvas *c, qni_point at, const char *text, qni_type_style style)
{
    c->api->save(c->cr);
    c->api->translate(c->cr, at.x, at.y);
    c->api->rotate(c->cr, -1.57079632679489662);
    qni_canvas_text(c, (qni_point){0}, text, 0.5, style);
    c->api->restore(c->cr);
}

void qni_canvas_shade(const qni_canvas *c, qni_shade shade, double alpha)
{
    static const double grey[] = {
        [QNI_SHADE_TEXT] = 0.13, [QNI_SHADE_FRAME] = 0.3, [QNI_SHADE_GRID] = 0.91, [QNI_SHADE_PAPER] = 1.0};
    c->api->set_source_rgba(c->cr, grey[shade], grey[shade], grey[shade], alpha);
}

void qni_canvas_colour(const qni_canvas *c, qn_plot_colour colour, double alpha)
{
    /* Okabe and Ito, "Color Universal Design", 2008; 0 … 255. */
    static const uint8_t rgb[][3] = {
        [QN_PLOT_AUTO] = {0, 0, 0},      [QN_PLOT_BLUE] = {0, 114, 178},     [QN_PLOT_VERMILION] = {213, 94, 0},
        [QN_PLOT_GREEN] = {0, 158, 115}, [QN_PLOT_PURPLE] = {204, 121, 167}, [QN_PLOT_ORANGE] = {230, 159, 0},
        [QN_PLOT_SKY] = {86, 180, 233},  [QN_PLOT_BLACK] = {0, 0, 0},        [QN_PLOT_GREY] = {110, 110, 110},
    };
    const uint8_t *one = rgb[colour];
    c->api->set_source_rgba(c->cr, one[0] / 255.0, one[1] / 255.0, one[2] / 255.0, alpha);
}

/* The nearest place at which a line of `width` covers whole device pixels. */
static double snap(const qni_canvas *c, double place, double width)
{
    double half = 0.5 * fmod(floor(width * c->scale + 0.5), 2.0);
    return (floor(place * c->scale - half + 0.5) + half) / c->scale;
}

void qni_canvas_rule(const qni_canvas *c, qni_point from, qni_point to, double width)
{
    c->api->set_line_width(c->cr, width);
    c->api->move_to(c->cr, snap(c, from.x, width), snap(c, from.y, width));
    c->api->line_to(c->cr, snap(c, to.x, width), snap(c, to.y, width));
    c->api->stroke(c->cr);
}

void qni_canvas_frame(const qni_canvas *c, const qni_box *box, double width)
{
    double left = snap(c, box->left, width), top = snap(c, box->top, width);
    c->api->set_line_width(c->cr, width);
    c->api->rectangle(c->cr, left, top, snap(c, box->left + box->width, width) - left,
                      snap(c, box->top + box->height, width) - top);
    c->api->stroke(c->cr);
}
