/* scan/event_split.c: total variances w of expiries at times t: w = d t before the event, w = d t + v after it.
 *
 * An expiry counts by its error: that of its quotes, and what is not known of d t, since nobody knows by which clock
 * the share diffuses: clocks differ about how the time to one expiry compares to that to another. */
#include "scan/event_int.h"
#include "scan/limits.h"

#include <math.h>

double qni_event_doubt(int64_t as_of_us, int64_t us, int64_t first_us)
{
    double least = INFINITY, most = 0;
#define RATIO(name, value, text)                                                                                 \
    {                                                                                                            \
        double ratio =                                                                                           \
            qn_clock_years(QN_CLOCK_##name, as_of_us, us) / qn_clock_years(QN_CLOCK_##name, as_of_us, first_us); \
        least = fmin(least, ratio);                                                                              \
        most = fmax(most, ratio);                                                                                \
    }
    QN_CLOCK_LIST(RATIO)
#undef RATIO
    return most > 0 && isfinite(most) ? (most - least) / (most + least) : 1;
}

/* d and v by least squares with weights; errors by the covariance. */
static qni_event_split solve(const qni_event_term *terms, const double *errors, int64_t count)
{
    double tt = 0, ta = 0, aa = 0, tw = 0, aw = 0;
    for (int64_t i = 0; i < count; i++) {
        double g = 1 / (errors[i] * errors[i]), t = terms[i].years, a = terms[i].after;
        tt += g * t * t, ta += g * t * a, aa += g * a;
        tw += g * t * terms[i].variance, aw += g * a * terms[i].variance;
    }
    double determinant = tt * aa - ta * ta, misfit = 0;
    qni_event_split s = {
        .diffusive = (tw * aa - aw * ta) / determinant,
        .event = (aw * tt - tw * ta) / determinant,
        .diffusive_error = sqrt(aa / determinant),
        .event_error = sqrt(tt / determinant),
        .misfit = 1,
    };
    if (s.diffusive < 0) { /* nothing diffuses backwards */
        s.diffusive = 0;
        s.event = aw / aa;
    }
    for (int64_t i = 0; i < count; i++) {
        double off = terms[i].variance - s.diffusive * terms[i].years - (terms[i].after ? s.event : 0);
        misfit += off * off / (errors[i] * errors[i]);
    }
    if (count == 3)
        s.misfit = fmax(1, sqrt(misfit));
    s.diffusive_error *= s.misfit;
    s.event_error *= s.misfit;
    return s;
}

qni_event_split qni_event_split_of(const qni_event_term *terms, int64_t count)
{
    double errors[3];
    qni_event_split s = {.diffusive = NAN};
    for (int round = 0; round < 2; round++) { /* first as if all of each variance were diffusion */
        for (int64_t i = 0; i < count; i++) {
            double diffusion = s.diffusive >= 0 ? s.diffusive * terms[i].years : terms[i].variance;
            double least = QNI_EVENT_ERROR_LEAST * terms[i].variance;
            errors[i] = fmax(hypot(terms[i].error, terms[i].doubt * diffusion), least);
        }
        s = solve(terms, errors, count);
    }
    return s;
}

qni_event_split qni_event_split_past(const qni_event_term *term, double diffusive, double error)
{
    return (qni_event_split){
        .diffusive = diffusive,
        .diffusive_error = error,
        .event = term->variance - diffusive * term->years,
        .event_error = hypot(term->error, error * term->years),
        .misfit = 1,
    };
}
