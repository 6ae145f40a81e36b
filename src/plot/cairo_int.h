/* plot/cairo_int.h: cairo as a table of functions, opened at run time, so that a program that draws nothing does not
 * load it.
 *
 * Only files that are compiled where cairo's headers are may include this. */
#ifndef QNI_PLOT_CAIRO_INT_H
#define QNI_PLOT_CAIRO_INT_H

#include <quern/base.h>

#include <cairo-svg.h>
#include <cairo.h>

/* Every function of cairo that is used: X(name without cairo_). */
#define QNI_CAIRO_FUNCTIONS(X)       \
    X(arc)                           \
    X(clip)                          \
    X(close_path)                    \
    X(create)                        \
    X(destroy)                       \
    X(fill)                          \
    X(font_options_create)           \
    X(font_options_destroy)          \
    X(font_options_set_antialias)    \
    X(font_options_set_hint_metrics) \
    X(font_options_set_hint_style)   \
    X(image_surface_create)          \
    X(line_to)                       \
    X(move_to)                       \
    X(new_path)                      \
    X(paint)                         \
    X(rectangle)                     \
    X(restore)                       \
    X(rotate)                        \
    X(save)                          \
    X(scale)                         \
    X(select_font_face)              \
    X(set_dash)                      \
    X(set_font_options)              \
    X(set_font_size)                 \
    X(set_line_cap)                  \
    X(set_line_join)                 \
    X(set_line_width)                \
    X(set_source_rgba)               \
    X(show_text)                     \
    X(status)                        \
    X(status_to_string)              \
    X(stroke)                        \
    X(surface_destroy)               \
    X(surface_finish)                \
    X(surface_status)                \
    X(surface_write_to_png_stream)   \
    X(svg_surface_create_for_stream) \
    X(svg_surface_set_document_unit) \
    X(text_extents)                  \
    X(translate)

typedef struct qni_cairo {
#define QNI_CAIRO_FIELD(name) __typeof__(cairo_##name) *name;
    QNI_CAIRO_FUNCTIONS(QNI_CAIRO_FIELD)
#undef QNI_CAIRO_FIELD
} qni_cairo;

/* Fills in the table, opening cairo where nobody has yet. Errors: QN_UNAVAILABLE. Any thread. */
QN_MUST_USE qn_status qni_cairo_open(qni_cairo *out, qn_error *err);

#endif
