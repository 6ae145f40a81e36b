/* scan/event_past.c: how much a share moves without reports, by its past closes: the median absolute logarithmic return
 * of a day, which a few wild days (or splits that prices are not adjusted for) do not change, as the standard deviation
 * of a normal distribution; times 252 days. One thread. */
#include "scan/event_int.h"
#include "scan/limits.h"

#include <math.h>
#include <stdlib.h>

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Whether the return that ends on `day` has a report in it. */
static bool has_report(const qn_scan_input *input, int32_t day)
{
    for (int64_t i = 0; i < input->report_count; i++) {
        const qn_earnings *r = &input->reports[i];
        qni_event_window w = qni_event_window_of(r->day, (qn_timing)r->timing);
        int64_t close;
        if (qn_market_session(NULL, &close, day) && close > w.from_us &&
            close <= w.to_us + INT64_C(86400000000)) /* the session that `to_us` opens */
            return true;
    }
    return false;
}

qn_status qni_event_past(bool *found, double *variance, double *error, const qn_scan_input *input, int32_t day,
                         qn_arena *arena, qn_error *err)
{
    const qn_daily *d = input->daily;
    void *list;
    *found = false;
    *variance = *error = NAN;
    if (d == NULL)
        return QN_OK;
    qn_arena_mark mark = qn_arena_mark_now(arena);
    qn_status s = qn_arena_take(&list, arena, QNI_EVENT_PAST_DAYS * (int64_t)sizeof(double), err);
    if (s != QN_OK)
        return s;
    double *moves = list;
    int64_t n = 0;
    for (int64_t i = d->count - 1; i > 0 && n < QNI_EVENT_PAST_DAYS; i--)
        if (d->days[i] < day && d->days[i - 1] >= qn_market_previous_day(d->days[i]) && !has_report(input, d->days[i]))
            moves[n++] = fabs(log(d->close[i] / d->close[i - 1]));
    if (n >= QNI_EVENT_PAST_LEAST) {
        qsort(moves, (size_t)n, sizeof *moves, ascending);
        double median = 0.5 * (moves[n / 2] + moves[(n - 1) / 2]), sd = median / 0.67448975019608171;
        *found = true;
        *variance = 252 * sd * sd;
        /* The deviation has a relative error of 1.17 / sqrt(n) (Rousseeuw and Croux 1993), its square twice that. */
        *error = *variance * hypot(QNI_EVENT_PAST_ERROR, 2 * 1.17 / sqrt((double)n));
    }
    qn_arena_rewind(arena, mark);
    return QN_OK;
}
