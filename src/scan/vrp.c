/* scan/vrp.c: how many times the past expected move the options ask. Its interval joins both errors as if they were
 * independent: each end is as far from the ratio, in logarithms, as the root of the sum of the squares of what the one
 * and the other may be off. One thread. */
#include "base/error.h"
#include "math/student.h"
#include "scan/scan_int.h"

#include <math.h>

/* Ratios from which a tier begins. */
typedef struct steps {
    double excellent, good, marginal;
} steps;

static steps fixed_steps(qn_tiers tiers)
{
    switch (tiers) {
    case QN_TIERS_CONSERVATIVE:
        return (steps){2, 1.5, 1.2};
    case QN_TIERS_AGGRESSIVE:
        return (steps){1.5, 1.3, 1.1};
    case QN_TIERS_LEGACY:
        return (steps){7, 4, 1.5};
    case QN_TIERS_PERCENTILE:
    case QN_TIERS_BALANCED:
        break;
    }
    return (steps){1.8, 1.4, 1.2};
}

static qn_tier tier_of(double x, steps from)
{
    return x >= from.excellent  ? QN_TIER_EXCELLENT
           : x >= from.good     ? QN_TIER_GOOD
           : x >= from.marginal ? QN_TIER_MARGINAL
                                : QN_TIER_REJECT;
}

/* The interval of the ratio of two numbers that are above 0 or, the first, 0. */
static void join(qn_vrp *vrp, const qn_event_move *event, const qn_history *history, double z)
{
    double implied = event->implied_move, expected = history->expected, off = z * event->implied_move_error;
    double least = history->low > 0 ? history->low : expected * exp(-z * history->error / expected);
    double most = history->high >= expected ? history->high : expected * exp(z * history->error / expected);
    double implied_down = implied > off ? log(implied / (implied - off)) : INFINITY;
    vrp->low = vrp->ratio * exp(-hypot(implied_down, log(most / expected)));
    vrp->high = implied > 0 ? vrp->ratio * exp(hypot(log1p(off / implied), log(expected / fmin(least, expected))))
                            : off / fmin(least, expected);
}

qn_status qni_vrp(qni_subject *subject, qn_error *err)
{
    const qn_scan_settings *set = subject->settings;
    const qn_scan_options *options = subject->options;
    const qn_history *history = &subject->result->history;
    const qn_event_move *event = &subject->result->event;
    qn_vrp *vrp = &subject->result->vrp;
    *vrp = (qn_vrp){.ratio = NAN, .low = NAN, .high = NAN, .percentile = NAN, .tier = QN_TIER_REJECT};
    if (!(history->expected > 0) || !(event->implied_move >= 0))
        return qni_subject_reject(subject, err,
                                  "past reports did not move the share: there is nothing to compare with");
    vrp->ratio = event->implied_move / history->expected;
    join(vrp, event, history, qni_student_two_sided(set->confidence, 1e12));
    vrp->percentile = qn_reference_percentile(options->reference, vrp->ratio);
    vrp->tier = options->tiers == QN_TIERS_PERCENTILE
                    ? tier_of(vrp->percentile, (steps){set->tier_excellent, set->tier_good, set->tier_marginal})
                    : tier_of(vrp->ratio, fixed_steps(options->tiers));
    if (!(vrp->ratio < set->vrp_least))
        return QN_OK;
    vrp->tier = QN_TIER_REJECT;
    return qni_subject_reason(subject, err,
                              "the options ask %.2f times the expected move: less than %.6g, from which on there is "
                              "trading",
                              vrp->ratio, set->vrp_least);
}
