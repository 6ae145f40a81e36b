/* plot/limits.h: every limit of this folder, with its reason. */
#ifndef QNI_PLOT_LIMITS_H
#define QNI_PLOT_LIMITS_H

#define QNI_PLOT_PANELS 8 /* more would be too low to read on any page */

#define QNI_PLOT_WIDTH_MIN  160.0 /* pixels; below, axes and labels leave no room for the data */
#define QNI_PLOT_HEIGHT_MIN 120.0
#define QNI_PLOT_SIZE_MAX   8192.0
#define QNI_PLOT_PIXELS_MAX 67108864.0 /* of a PNG: 256 MiB in cairo's memory */

#define QNI_PLOT_TEXT_SIZE 400  /* bytes of a label or title; more could not be read and ends in an ellipsis */
#define QNI_PLOT_NOTE_SIZE 8000 /* bytes of a note: more than the lines and columns below fill a page with */
#define QNI_NOTE_LINES     64
#define QNI_NOTE_COLUMNS   8

#define QNI_TICKS       16  /* labelled ticks of an axis; no request is for more than 12 */
#define QNI_TICKS_MINOR 128 /* nine a labelled one, at most */
#define QNI_TICK_TEXT   32  /* bytes of a label: minus, point, some seven digits or a raised exponent */

#define QNI_DOTS_SINGLE  1000      /* so many points are drawn one by one, each some 300 bytes of SVG */
#define QNI_DOTS_MAX     10000     /* more are thinned to so many dots of some 35 bytes: 350 KB a series */
#define QNI_DOT_CELLS    1048576.0 /* cells in which points are counted: 12 MiB */
#define QNI_DOT_CLASSES  5         /* opacities that say how dense; more cannot be told apart */
#define QNI_LINE_POINTS  12000     /* of a line after what lies within one pixel column was merged */
#define QNI_PLACE_POINTS 4096      /* points of a series that are looked at when a free corner is sought */

#define QNI_COLUMNS_MIN 20  /* characters of a text plot: axis labels and a dozen for the data */
#define QNI_COLUMNS_MAX 400 /* wider than any terminal in use */
#define QNI_ROWS_MIN    8   /* title, label, two of data, axis with its labels, and one to spare */
#define QNI_ROWS_MAX    200
#define QNI_PANEL_ROWS  5 /* for each panel: its label, two of data, its share of the rest */

#endif
