/* scan/size.c: how many contracts: a part of Kelly's fraction of the account, under limits for a trade and for trades
 * that may go wrong together: reports of a day, of a sector, of a week. The better scored come first. One thread. */
#include "scan/scan_int.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "scan/limits.h"

/* What ties two tickers together. */
typedef enum tie {
    TRADE, /* nothing: each is by itself */
    DAY,
    SECTOR,
    WEEK,
    TIES
} tie;

static const char *const tie_words[TIES] = {"one trade", "the reports of a day", "a sector", "the reports of a week"};

/* Monday to Sunday; 1970-01-01 was a Thursday. */
static int32_t week_of(int32_t day)
{
    int32_t since = day + 3;
    return (since - (since % 7 + 7) % 7) / 7;
}

static bool tied(tie t, const qn_scan_ticker *a, const qn_scan_ticker *b)
{
    switch (t) {
    case DAY:
        return a->event.day == b->event.day;
    case SECTOR:
        return a->sector != NULL && b->sector != NULL && *a->sector != 0 && strcmp(a->sector, b->sector) == 0;
    case WEEK:
        return week_of(a->event.day) == week_of(b->event.day);
    case TRADE:
    case TIES:
        break;
    }
    return false;
}

/* What is at risk in trades of the first `count` subjects that are tied to `one`. */
static double at_risk(qni_subject *const *subjects, int64_t count, tie t, const qn_scan_ticker *one)
{
    double sum = 0;
    for (int64_t i = 0; i < count; i++) {
        const qn_scan_ticker *other = subjects[i]->result;
        if (other->best >= 0 && subjects[i]->trades[other->best].risk > 0 && tied(t, one, other))
            sum += subjects[i]->trades[other->best].risk;
    }
    return sum;
}

/* Contracts that an amount is enough for, each risking `unit`. */
static int64_t contracts_for(double amount, double unit)
{
    double contracts = floor(amount / unit * (1 + QNI_SIZE_ROUNDING));
    return contracts >= QNI_SIZE_MOST ? (int64_t)QNI_SIZE_MOST : contracts > 0 ? (int64_t)contracts : 0;
}

/* Says why there are no more contracts, after what the reason says already. */
static qn_status say(qni_subject *subject, qn_trade *trade, const char *why, qn_error *err)
{
    bool first = trade->reason == NULL || *trade->reason == 0;
    return qni_subject_text(&trade->reason, subject, err, "%s%s%s", first ? "" : trade->reason, first ? "" : "; ", why);
}

/* Why a trade can have no size at all; NULL: it may have one. */
static qn_status never_sized(const char **why, const qni_subject *subject, const qn_trade *trade, qn_error *err)
{
    *why = NULL;
    if (!trade->built || trade->undefined_risk || !isfinite(trade->payoff.max_loss))
        *why = "0 contracts: its loss has no bound that is known";
    else if (trade->liquidity.tier == QN_TIER_REJECT || subject->result->liquidity.tier == QN_TIER_REJECT)
        *why = "0 contracts: its options are not traded enough";
    else if (!(trade->payoff.max_loss > 0))
        *why = "0 contracts: by its quotes it cannot lose, so that they cannot be right";
    else if (!(trade->kelly_fraction > 0))
        return qni_subject_text(why, subject, err, "0 contracts: its expected value is %.3g a share",
                                trade->expected_value);
    return QN_OK;
}

static qn_status size_one(qni_subject *const *subjects, int64_t i, qn_error *err)
{
    qni_subject *subject = subjects[i];
    const qn_scan_settings *set = subject->settings;
    qn_trade *trade = &subject->trades[subject->result->best];
    const char *why;
    qn_status s = never_sized(&why, subject, trade, err);
    if (s != QN_OK)
        return s;
    if (why != NULL)
        return say(subject, trade, why, err);

    double unit = trade->payoff.max_loss * QN_CONTRACT_SHARES;
    double amount = set->kelly * trade->kelly_fraction * set->account;
    int64_t wanted = contracts_for(amount, unit), allowed = wanted;
    const double caps[TIES] = {set->cap_trade, set->cap_day, set->cap_sector, set->cap_week};
    tie by = TIES;
    for (int t = TRADE; t < TIES && wanted > 0; t++) {
        double left = caps[t] * set->account - at_risk(subjects, i, (tie)t, subject->result);
        int64_t most = contracts_for(left, unit);
        if (most < allowed) {
            allowed = most;
            by = (tie)t;
        }
    }
    trade->contracts = allowed;
    trade->risk = (double)allowed * unit;
    if (wanted == 0)
        s = qni_subject_text(&why, subject, err,
                             "0 contracts: one would risk %.0f, and %g of Kelly's fraction, %.2f %%, allows %.0f", unit,
                             set->kelly, 100 * trade->kelly_fraction, amount);
    else if (by != TIES)
        s = qni_subject_text(&why, subject, err,
                             "%" PRId64 " of %" PRId64 " contracts, of which one risks %.0f: the limit of %g %% of the "
                             "account for %s",
                             allowed, wanted, unit, 100 * caps[by], tie_words[by]);
    return s != QN_OK || why == NULL ? s : say(subject, trade, why, err);
}

qn_status qni_sizes(qni_subject *const *subjects, int64_t count, qn_error *err)
{
    for (int64_t i = 0; i < count; i++) {
        qn_status s = subjects[i]->result->best >= 0 ? size_one(subjects, i, err) : QN_OK;
        if (s != QN_OK)
            return s;
    }
    return QN_OK;
}
