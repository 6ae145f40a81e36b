/* scan/usual.c: what a share usually does on a day: medians of the days before, which a few unusual ones do not move.
 * Any thread. */
#include "scan/scan_int.h"

#include "scan/limits.h"

#include <math.h>

static double median(double *x, int64_t n)
{
    for (int64_t i = 1; i < n; i++) {
        double value = x[i];
        int64_t at = i;
        for (; at > 0 && x[at - 1] > value; at--)
            x[at] = x[at - 1];
        x[at] = value;
    }
    return 0.5 * (x[(n - 1) / 2] + x[n / 2]);
}

static double median_enough(double *x, int64_t n)
{
    return n >= QNI_USUAL_DAYS_LEAST ? median(x, n) : NAN;
}

double qni_day_move(const qn_daily *d, int64_t i)
{
    return d->close[i] / d->close[i - 1] - 1;
}

double qni_day_range(const qn_daily *d, int64_t i)
{
    return d->low[i] > 0 && d->high[i] > 0 ? d->high[i] / d->low[i] - 1 : NAN;
}

double qni_day_money(const qn_daily *d, int64_t i)
{
    return d->volume[i] > 0 ? d->close[i] * d->volume[i] : NAN;
}

qni_usual qni_usual_before(const qn_daily *d, int64_t i)
{
    double moves[QNI_USUAL_DAYS], ranges[QNI_USUAL_DAYS], money[QNI_USUAL_DAYS];
    int64_t n = 0, with_range = 0, with_money = 0;
    for (int64_t j = i - 1; j > 0 && n < QNI_USUAL_DAYS; j--) {
        moves[n++] = fabs(qni_day_move(d, j));
        ranges[with_range] = qni_day_range(d, j);
        with_range += !isnan(ranges[with_range]);
        money[with_money] = qni_day_money(d, j);
        with_money += !isnan(money[with_money]);
    }
    return (qni_usual){.deviation = QNI_USUAL_DEVIATION * median_enough(moves, n),
                       .range = median_enough(ranges, with_range),
                       .money = median_enough(money, with_money)};
}
