/* quern/plot.h: figures: data and curves in panels that share their x axis, as SVG, as PNG, or as text in a terminal.
 *
 * Caveats first:
 *  - A series' numbers are borrowed until the plot is freed; texts (labels, title, notes) are copied.
 *  - Values that are not finite, and values that are not positive on a logarithmic axis, are not drawn; a line has a
 *    gap there.
 *  - A plot belongs to one thread at a time. Different plots may be drawn at once in any threads.
 *  - SVG and PNG need cairo 1.16 or newer, which is opened the first time: qn_has("cairo"). Text needs nothing.
 *  - Texts are UTF-8; bytes that are not become U+FFFD. Raised digits and minus (⁻⁰¹²³…) are drawn raised in any font.
 *
 *     qn_plot_options options;
 *     qn_plot_options_init(&options, sizeof options);
 *     options.title = "y = b1 * (1 - exp(-b2 * x))";
 *     options.x_label = "x";
 *     qn_plot_new(&plot, &options, &err);
 *     qn_plot_panel panel;
 *     qn_plot_panel_init(&panel, sizeof panel);
 *     panel.label = "y";
 *     qn_plot_add_panel(plot, &panel, &err);
 *     qn_plot_series data;
 *     qn_plot_series_init(&data, sizeof data);
 *     data.label = "data", data.n = n, data.x = x, data.y = y;
 *     qn_plot_add(plot, &data, &err);
 *     qn_plot_write(plot, "fit.svg", &err);
 *     qn_plot_free(plot);
 */
#ifndef QUERN_PLOT_H
#define QUERN_PLOT_H

#include <quern/base.h>

QN_BEGIN_DECLS

typedef struct qn_plot qn_plot;

/* How an axis runs. */
typedef enum qn_plot_scale {
    QN_PLOT_LINEAR = 0,
    QN_PLOT_LOG = 1, /* base 10 */
} qn_plot_scale;

/* How a series is drawn. */
typedef enum qn_plot_kind {
    QN_PLOT_POINTS = 0, /* dots at (x, y); many are thinned to what can be seen, darker where they are dense */
    QN_PLOT_LINE = 1,   /* (x, y) joined in their order */
    QN_PLOT_BAND = 2,   /* the area between (x, y) and (x, y2) */
    QN_PLOT_LEVEL = 3,  /* a horizontal line at `level` */
} qn_plot_kind;

/* The palette of Okabe and Ito, which colour-blind readers can tell apart. */
typedef enum qn_plot_colour {
    QN_PLOT_AUTO = 0, /* the next one that the plot has not given yet; grey for a level */
    QN_PLOT_BLUE = 1,
    QN_PLOT_VERMILION = 2,
    QN_PLOT_GREEN = 3,
    QN_PLOT_PURPLE = 4,
    QN_PLOT_ORANGE = 5,
    QN_PLOT_SKY = 6,
    QN_PLOT_BLACK = 7,
    QN_PLOT_GREY = 8,
} qn_plot_colour;

/* A figure as a whole. Zero or NULL in a field means its default. */
typedef struct qn_plot_options {
    int64_t size;                  /* sizeof(qn_plot_options) */
    double width;                  /* pixels (of SVG as well), 160 to 8192; 0: 760 */
    double height;                 /* pixels, 120 to 8192; 0: 560 */
    double font_size;              /* pixels, 4 to 200; 0: 13 */
    double png_scale;              /* a PNG has png_scale times as many pixels each way, 0.25 to 8; 0: 1 */
    const char *title;             /* NULL: none */
    const char *x_label;           /* NULL: none */
    qn_plot_scale x_scale;         /* of the x axis */
    double x_min, x_max;           /* x_min < x_max: exactly this part is shown; both 0: all data */
    const qn_allocator *allocator; /* NULL: the default. Borrowed, must outlive the plot */
} qn_plot_options;

/* One of the pictures that stand below each other. Zero or NULL in a field means its default. */
typedef struct qn_plot_panel {
    int64_t size;        /* sizeof(qn_plot_panel) */
    const char *label;   /* of the y axis; NULL: none */
    qn_plot_scale scale; /* of the y axis */
    double min, max; /* min < max: exactly this part is shown; both 0: all points, and lines as far as they stay near */
    double height;   /* of this panel, relative to that of the others; 0: 1 */
    bool symmetric;  /* zero in the middle (linear scale only) */
    const char *note; /* a box of text, lines end with \n, columns with \t: in a corner without data, else beside */
} qn_plot_panel;

/* What is drawn into a panel, `n` points of it. Zero or NULL in a field means its default. */
typedef struct qn_plot_series {
    int64_t size;          /* sizeof(qn_plot_series) */
    qn_plot_kind kind;     /* how */
    int64_t panel;         /* 0: the panel added first, at the top */
    qn_plot_colour colour; /* of points, line or area */
    const char *label;     /* in the legend; NULL: not there */
    int64_t n;
    const double *x, *y; /* (n) borrowed until the plot is freed */
    const double *y2;    /* (n) QN_PLOT_BAND only */
    double level;        /* QN_PLOT_LEVEL only */
} qn_plot_series;

/* Each with every field at its default; `size` is sizeof *out as the caller knows it. Any thread. */
QN_API void qn_plot_options_init(qn_plot_options *out, int64_t size);
QN_API void qn_plot_panel_init(qn_plot_panel *out, int64_t size);
QN_API void qn_plot_series_init(qn_plot_series *out, int64_t size);

/* Makes a figure without panels. Errors: QN_INVALID (a size out of range, crossed limits), QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_plot_new(qn_plot **out, const qn_plot_options *options, qn_error *err);

/* Adds a panel below those that are there; eight at most. Errors: QN_INVALID, QN_LIMIT, QN_NOMEM; the plot is then
 * unchanged. */
QN_API QN_MUST_USE qn_status qn_plot_add_panel(qn_plot *plot, const qn_plot_panel *panel, qn_error *err);

/* Adds a series to a panel. Bands are drawn lowest (over many points, which would hide them, as outlines), then
 * points, then lines. Errors: QN_INVALID, QN_NOMEM; the plot is then unchanged. */
QN_API QN_MUST_USE qn_status qn_plot_add(qn_plot *plot, const qn_plot_series *series, qn_error *err);

/* Writes the figure to `path`, which must end in .svg or .png. The file appears whole or not at all; one that was there
 * stays until then. The same plot gives the same SVG byte for byte (with the same cairo and fonts). Errors: QN_INVALID
 * (another ending, a plot without panels), QN_UNAVAILABLE (no cairo), QN_CREATE (no such folder), QN_PERMISSION, QN_IO
 * (a full disk), QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_plot_write(const qn_plot *plot, const char *path, qn_error *err);

/* A figure in a terminal. Zero in a field means its default. */
typedef struct qn_plot_text_options {
    int64_t size;   /* sizeof(qn_plot_text_options) */
    int64_t width;  /* columns, 20 to 400; 0: 80 */
    int64_t height; /* lines in all, 8 to 200 and at least 5 for each panel; 0: 24 */
    bool ascii;     /* nothing but ASCII: no braille, no box drawing */
    bool colour;    /* ANSI colours */
} qn_plot_text_options;

/* Options with every field at its default; `size` is sizeof *out as the caller knows it. Any thread. */
QN_API void qn_plot_text_options_init(qn_plot_text_options *out, int64_t size);

/* Takes `size` bytes of text; false where it cannot. */
typedef bool qn_plot_sink(void *user, const char *bytes, int64_t size);

/* Draws the figure as lines of text, each ending with \n, and hands them to `sink` in the calling thread, one call a
 * line. Notes are left out. Errors: QN_INVALID (no panels, a size out of range), QN_IO (the sink said no), QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_plot_text(const qn_plot *plot, const qn_plot_text_options *options, qn_plot_sink *sink,
                                          void *user, qn_error *err);

QN_API void qn_plot_free(qn_plot *plot); /* NULL is fine */

QN_END_DECLS
#endif
