/* scan/reference.c: what ratios of implied to past moves have been seen.
 *
 * The default says what is known of 250 reports, and no more: the mean of their ratios was about 1.15, one in twenty
 * was 1.8 or more, one in a hundred 4 or more. Between those lies the lognormal distribution whose upper twentieth
 * begins at 1.8 and with which the mean comes to 1.15 (median 1.02, standard deviation of the logarithm 0.35), rounded
 * to what three figures can carry; the ends are where its 200th part is and, of the tail, of which nothing else is
 * known, twice the last figure. Apple's reports, which tests/accuracy/scan_reference.c works out, agree. Any thread. */
#include "scan/scan_int.h"

#include <math.h>

static const double p[] = {0, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1};
static const double ratio[] = {0.4, 0.6, 0.8, 1, 1.3, 1.8, 4, 8};
static const qn_reference events_250 = {
    .name = "events-250",
    .source = "250 past reports: mean about 1.15, one in twenty from 1.8 on, one in a hundred from 4 on; lognormal "
              "between",
    .count = sizeof p / sizeof *p,
    .p = p,
    .ratio = ratio,
};

const qn_reference *qn_reference_default(void)
{
    return &events_250;
}

double qn_reference_percentile(const qn_reference *reference, double x)
{
    const double *r = reference->ratio, *q = reference->p;
    int64_t n = reference->count;
    if (isnan(x) || n < 1)
        return NAN;
    if (x < r[0])
        return 0;
    if (x > r[n - 1])
        return 1;
    int64_t i = 0;
    while (i + 1 < n && x >= r[i + 1])
        i++;
    return i + 1 == n ? q[i] : q[i] + (q[i + 1] - q[i]) * log(x / r[i]) / log(r[i + 1] / r[i]);
}
