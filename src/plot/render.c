/* plot/render.c: a figure drawn by cairo into the bytes of an SVG or PNG. */
#include "plot/render_int.h"

#include "plot/draw_int.h"

#include "base/alloc.h"
#include "base/error.h"

#include <math.h>
#include <string.h>

typedef struct output {
    qni_bytes *bytes;
    const qn_allocator *allocator;
    bool out_of_memory;
} output;

/* What cairo calls with each piece of the file. */
static cairo_status_t take(void *user, const unsigned char *data, unsigned int size)
{
    output *o = user;
    int64_t needed;
    if (o->out_of_memory || !qni_size_add(&needed, o->bytes->size, size) ||
        !qni_grow(o->allocator, (void **)&o->bytes->bytes, &o->bytes->capacity, needed, 1)) {
        o->out_of_memory = true;
        return CAIRO_STATUS_WRITE_ERROR;
    }
    memcpy(o->bytes->bytes + o->bytes->size, data, size);
    o->bytes->size = needed;
    return CAIRO_STATUS_SUCCESS;
}

/* cairo numbers its surfaces through the whole process and writes the number into an SVG (id="surface12"), so that the
 * second figure would differ from the first. The digits become one 0; the file shrinks in place. */
static void forget_surface_numbers(qni_bytes *b)
{
    static const char mark[] = "surface";
    const int64_t mark_size = (int64_t)sizeof mark - 1;
    int64_t out = 0;
    for (int64_t i = 0; i < b->size;) {
        bool found =
            b->bytes[i] == 's' && i + mark_size < b->size && memcmp(b->bytes + i, mark, (size_t)mark_size) == 0;
        if (!found) {
            b->bytes[out++] = b->bytes[i++];
            continue;
        }
        int64_t digits = i + mark_size;
        while (digits < b->size && b->bytes[digits] >= '0' && b->bytes[digits] <= '9')
            digits++;
        memcpy(b->bytes + out, mark, (size_t)mark_size);
        out += mark_size;
        if (digits > i + mark_size)
            b->bytes[out++] = '0';
        i = digits;
    }
    b->size = out;
}

/* Lays out and draws the plot on a fresh surface. */
static qn_status draw_on(const qni_cairo *api, cairo_surface_t *surface, const qn_plot *plot, double scale,
                         qn_error *err)
{
    qni_canvas canvas = {.api = api, .cr = api->create(surface), .font = plot->font_size, .scale = scale};
    cairo_font_options_t *options = api->font_options_create();
    api->font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF); /* the same widths in both formats */
    api->font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    api->font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    api->set_font_options(canvas.cr, options);
    api->font_options_destroy(options);
    api->scale(canvas.cr, scale, scale);
    qni_layout layout;
    qni_layout_make(&layout, plot, &canvas);
    qn_status s = qni_draw(&canvas, plot, &layout, err);
    cairo_status_t status = api->status(canvas.cr);
    api->destroy(canvas.cr);
    if (s == QN_OK && status == CAIRO_STATUS_NO_MEMORY)
        return qni_error(err, QN_NOMEM, "no memory for drawing a plot");
    if (s == QN_OK && status != CAIRO_STATUS_SUCCESS && status != CAIRO_STATUS_WRITE_ERROR)
        return qni_error(err, QN_INTERNAL, "cairo cannot draw the plot: %s", api->status_to_string(status));
    return s;
}

static qn_status finish(const output *o, cairo_status_t status, const qni_cairo *api, qn_error *err)
{
    if (o->out_of_memory || status == CAIRO_STATUS_NO_MEMORY)
        return qni_error(err, QN_NOMEM, "no memory for the file of a plot");
    if (status != CAIRO_STATUS_SUCCESS)
        return qni_error(err, QN_INTERNAL, "cairo cannot make the picture: %s", api->status_to_string(status));
    return QN_OK;
}

static qn_status render_svg(output *o, const qn_plot *plot, const qni_cairo *api, qn_error *err)
{
    cairo_surface_t *surface = api->svg_surface_create_for_stream(take, o, plot->width, plot->height);
    api->svg_surface_set_document_unit(surface, CAIRO_SVG_UNIT_PX);
    qn_status s = draw_on(api, surface, plot, 1.0, err);
    api->surface_finish(surface);
    if (s == QN_OK)
        s = finish(o, api->surface_status(surface), api, err);
    api->surface_destroy(surface);
    if (s == QN_OK)
        forget_surface_numbers(o->bytes);
    return s;
}

static qn_status render_png(output *o, const qn_plot *plot, const qni_cairo *api, qn_error *err)
{
    double width = ceil(plot->width * plot->png_scale), height = ceil(plot->height * plot->png_scale);
    if (width * height > QNI_PLOT_PIXELS_MAX)
        return qni_error(err, QN_INVALID, "a PNG of %d by %d pixels is too large: draw it smaller, or as SVG",
                         (int)width, (int)height);
    cairo_surface_t *surface = api->image_surface_create(CAIRO_FORMAT_RGB24, (int)width, (int)height);
    qn_status s = draw_on(api, surface, plot, plot->png_scale, err);
    if (s == QN_OK)
        s = finish(o, api->surface_write_to_png_stream(surface, take, o), api, err);
    api->surface_destroy(surface);
    return s;
}

qn_status qni_render(qni_bytes *out, const qn_plot *plot, qni_format format, qn_error *err)
{
    *out = (qni_bytes){0};
    qni_cairo api;
    qn_status s = qni_cairo_open(&api, err);
    if (s != QN_OK)
        return s;
    output o = {.bytes = out, .allocator = plot->allocator};
    s = format == QNI_FORMAT_SVG ? render_svg(&o, plot, &api, err) : render_png(&o, plot, &api, err);
    if (s != QN_OK) {
        qni_free(plot->allocator, out->bytes, out->capacity, 1);
        *out = (qni_bytes){0};
    }
    return s;
}
