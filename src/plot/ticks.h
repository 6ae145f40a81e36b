/* plot/ticks.h: where a value lies on an axis, and where the axis has ticks that say what. For whoever draws by itself.
 *
 * Nothing here allocates or fails; any thread. */
#ifndef QNI_PLOT_TICKS_H
#define QNI_PLOT_TICKS_H

#include "plot/limits.h"

#include <stdbool.h>
#include <stdint.h>

/* A range lo < hi, both finite, positive where logarithmic, wide enough for distinct ticks. */
typedef struct qni_axis {
    bool log;
    double lo, hi;
    double from, span; /* of v / 2, or of log10(v) */
} qni_axis;

void qni_axis_init(qni_axis *axis, bool log, double lo, double hi);

/* Where a value lies: 0 at lo, 1 at hi, less or more outside; NaN where it cannot be drawn. */
double qni_axis_place(const qni_axis *axis, double value);

typedef struct qni_tick {
    double value;
    char label[QNI_TICK_TEXT];
} qni_tick;

/* Ticks at whole multiples of a step of 1, 2 or 5 times a power of ten (logarithmic: at powers of ten, or 1, 2, 5 times
 * one). What a label says is exact: value = label * 10^exponent + offset * 10^offset_exponent, `value` being the
 * nearest double. */
typedef struct qni_ticks {
    int count, minor_count;
    qni_tick tick[QNI_TICKS];
    double minor[QNI_TICKS_MINOR];
    int exponent;
    int64_t offset;
    int offset_exponent;
} qni_ticks;

/* About `target` (2 to 12) ticks, never more than the greater of it and 5. ASCII or with true minus signs and raised
 * exponents. */
void qni_ticks_make(qni_ticks *ticks, const qni_axis *axis, int target, bool ascii);

/* The axis label with what the ticks leave out: "y − 1000000 (×10⁻³)". Returns its length. */
int qni_ticks_axis_label(char *out, int64_t capacity, const qni_ticks *ticks, const char *label, bool ascii);

#endif
