/* options/rates.c: one curve of rates from what each expiry says by itself: short ones can hardly tell, since a small
 * error of the discount factor is a large one of the rate.
 *
 * The rate is taken to wander with the logarithm of time; the curve is the most likely one given that and each expiry's
 * error: two passes of a Kalman filter of a random walk, one from either end, in means and
 * precisions, so that nothing known is a precision of 0. One thread. */
#include "options/limits.h"
#include "options/smile_int.h"

#include <math.h>

typedef struct belief {
    double mean, precision;
} belief;

static belief both(belief a, belief b)
{
    double precision = a.precision + b.precision;
    if (!(precision > 0))
        return (belief){0, 0};
    return (belief){(a.mean * a.precision + b.mean * b.precision) / precision, precision};
}

static belief told(const qni_rate *r)
{
    double precision = 1 / (r->error * r->error);
    return (belief){precision > 0 ? r->rate : 0, fmin(precision, 1 / (QNI_RATES_LEAST * QNI_RATES_LEAST))};
}

/* What is believed of one expiry's rate, at another one. */
static belief moved(belief b, const qni_rate *from, const qni_rate *to, double wander)
{
    double variance = wander * wander * fabs(log(to->years / from->years));
    return (belief){b.mean, b.precision / (1 + b.precision * variance)};
}

/* Into mean and precision: what expiries before say. */
static void from_before(qni_rate *rates, int64_t count, double wander)
{
    belief b = {0, 0};
    for (int64_t i = 0; i < count; i++) {
        if (i > 0)
            b = moved(both(b, told(&rates[i - 1])), &rates[i - 1], &rates[i], wander);
        rates[i].mean = b.mean;
        rates[i].precision = b.precision;
    }
}

/* Into mean and precision: what expiries on both sides say, with its own if `own`. */
static void from_all(qni_rate *rates, int64_t count, double wander, bool own)
{
    from_before(rates, count, wander);
    belief b = {0, 0};
    for (int64_t i = count - 1; i >= 0; i--) {
        qni_rate *r = &rates[i];
        belief all = both(b, (belief){r->mean, r->precision});
        if (own)
            all = both(all, told(r));
        r->mean = all.mean;
        r->precision = all.precision;
        if (i > 0)
            b = moved(both(b, told(r)), r, r - 1, wander);
    }
}

/* An expiry that contradicts all others is less sure than it said. */
static void doubt(qni_rate *rates, int64_t count, double wander)
{
    from_all(rates, count, wander, false);
    for (int64_t i = 0; i < count; i++) {
        qni_rate *r = &rates[i];
        if (!(r->precision > 0) || isinf(r->error))
            continue;
        double deviations = fabs(r->rate - r->mean) / sqrt(r->error * r->error + 1 / r->precision);
        if (deviations > QNI_RATES_OUTLIER)
            r->error *= deviations * deviations / QNI_RATES_OUTLIER;
    }
}

void qni_rates_smooth(qni_rate *rates, int64_t count, double wander)
{
    for (int round = 0; round < QNI_RATES_ROUNDS; round++)
        doubt(rates, count, wander);
    from_all(rates, count, wander, true);
    for (int64_t i = 0; i < count; i++) {
        rates[i].rate = rates[i].mean;
        rates[i].error = 1 / sqrt(rates[i].precision);
    }
}

/* The nearest in the mean square: neighbours that rise are pooled. */
void qni_rates_monotone(qni_rate *rates, int64_t count)
{
    int64_t pools = 0; /* pool j: mean and precision of rate times years, and the first expiry in it, in rates[j] */
    for (int64_t i = 0; i < count; i++) {
        double error = rates[i].error * rates[i].years;
        belief pool = {rates[i].rate * rates[i].years, 1 / (error * error)};
        int64_t first = i;
        while (pools > 0 && rates[pools - 1].mean > pool.mean) {
            pools--;
            pool = both(pool, (belief){rates[pools].mean, rates[pools].precision});
            first = rates[pools].first;
        }
        rates[pools].mean = pool.mean;
        rates[pools].precision = pool.precision;
        rates[pools++].first = first;
    }
    for (int64_t i = count - 1; i >= 0; i--) {
        while (rates[pools - 1].first > i)
            pools--;
        rates[i].rate = fmax(0, rates[pools - 1].mean) / rates[i].years;
    }
}
