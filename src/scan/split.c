/* scan/split.c: splits for which prices are not adjusted, told from prices that fell or rose. Any thread.
 *
 * A price that opens at a half of the last close was split or has crashed. The ratio alone does not tell: a crash may
 * end up anywhere. The day does: a share that was split is traded as on any day, in money and between high and low,
 * while after news that moves it by a quarter several times as much is. On some 30000 days of 15 companies the six that
 * had a split saw 0.5 to 1.4 times the usual money and ranges 0.7 to 1.7 times as wide; of the twelve that fell or rose
 * by a fifth or more overnight, eleven saw 2.6 to 17 times the usual money.
 *
 *   fits   close to open and close to close are both near a ratio n : m in use, by what is an ordinary day for the
 *   share busy   the larger of money and range, each by its usual
 *
 *                        fits, quiet   fits, some   fits, busy   not known how busy
 *   5 : 4                split         no           no           no
 *   to 3 : 1, 1 : 2      split         unclear      no           unclear
 *   beyond               split         split        unclear      split
 *
 * What fits no ratio is none, but unclear where it is beyond a factor of three, or of 1.4 on a quiet day, as when a
 * part of a company is spun off. Not found are smaller ratios, and a split of 2 : 1 or 3 : 2 on the very day of a
 * reaction, which looks like a crash. */
#include "scan/scan_int.h"

#include "base/time.h"
#include "scan/limits.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>

/* Shares after for shares before. */
typedef struct ratio {
    int after, before;
} ratio;

static const ratio ratios[] = {
    {5, 4},  {3, 2},  {2, 1},  {3, 1},  {4, 1},  {5, 1},  {6, 1},  {7, 1},  {8, 1},  {10, 1}, {12, 1}, {15, 1},
    {20, 1}, {25, 1}, {30, 1}, {50, 1}, {1, 2},  {1, 3},  {1, 4},  {1, 5},  {1, 6},  {1, 7},  {1, 8},  {1, 10},
    {1, 12}, {1, 15}, {1, 18}, {1, 20}, {1, 25}, {1, 30}, {1, 35}, {1, 40}, {1, 50}, {1, 60}, {1, 75}, {1, 100},
};

enum {
    RATIOS = sizeof ratios / sizeof *ratios
};

/* How far a factor is from 1, either way: >= 1. */
static double factor(double x)
{
    return x < 1 ? 1 / x : x;
}

static ratio nearest(double x)
{
    ratio best = ratios[0];
    double least = INFINITY;
    for (int64_t i = 0; i < RATIOS; i++) {
        double off = factor(x * ratios[i].before / ratios[i].after);
        if (off < least) {
            least = off;
            best = ratios[i];
        }
    }
    return best;
}

static double value_of(ratio r)
{
    return (double)r.after / r.before;
}

/* By how much the price of an ordinary day may be off a ratio. */
static double tolerance(double deviation)
{
    return 1 + fmin(fmax(QNI_SPLIT_DEVIATIONS * deviation, QNI_SPLIT_OFF_LEAST), QNI_SPLIT_OFF_MOST); /* NaN: least */
}

/* The larger of the two that are known; NaN: neither is. */
static double how_busy(const qn_daily *d, int64_t i, const qni_usual *usual)
{
    double range = qni_day_range(d, i) / usual->range, money = qni_day_money(d, i) / usual->money;
    return fmax(range, money); /* of one that is NaN the other */
}

/* Of a day that fits the ratio. */
static double decide(double value, double busy)
{
    double size = factor(value);
    if (size < QNI_SPLIT_SMALL)
        return busy <= QNI_SPLIT_QUIETEST ? value : 1;
    if (size < QNI_SPLIT_LARGE)
        return busy <= QNI_SPLIT_QUIET ? value : busy > QNI_SPLIT_BUSY ? 1 : NAN;
    return busy > QNI_SPLIT_BUSIEST ? NAN : value;
}

double qni_split_at(const qn_daily *daily, int64_t i)
{
    if (i < 1 || i >= daily->count)
        return 1;
    double last = daily->close[i - 1], by_close = last / daily->close[i];
    double by_open = daily->open[i] > 0 ? last / daily->open[i] : by_close;
    double size = factor(by_open);
    if (size < QNI_SPLIT_LEAST)
        return 1;
    qni_usual usual = qni_usual_before(daily, i);
    double busy = how_busy(daily, i, &usual), value = value_of(nearest(by_open));
    if (fmax(factor(by_open / value), factor(by_close / value)) <= tolerance(usual.deviation))
        return decide(value, busy);
    return size >= QNI_SPLIT_LARGE || (size >= QNI_SPLIT_SPUN_OFF && busy <= QNI_SPLIT_QUIET) ? NAN : 1;
}

/* ---- between prices and options ---- */

/* From the last close before the quotes to the chain. */
typedef struct step {
    int32_t day;
    double last, by_spot;
    int64_t sessions; /* from the one to the other */
    double deviation; /* of a session; NaN: not known */
    double spread;    /* in that time */
    double reach;     /* as far as the share moves in that time, as a factor */
} step;

/* False: there is nothing to compare. */
static bool step_of(step *out, const qn_daily *daily, int64_t as_of_us, double spot)
{
    qn_daily known = qni_daily_known(daily, as_of_us);
    if (known.count == 0 || !(spot > 0))
        return false;
    int64_t row = known.count - 1;
    *out = (step){.day = known.days[row], .last = known.close[row], .by_spot = known.close[row] / spot};
    int32_t until = qni_day_known(as_of_us);
    for (int32_t day = out->day; day < until; day = qn_market_next_day(day))
        out->sessions++;
    out->deviation = qni_usual_before(&known, known.count).deviation;
    out->spread = out->deviation * sqrt(1 + (double)out->sessions);
    out->reach = 1 + fmax(QNI_SPLIT_DEVIATIONS * out->spread, QNI_SPLIT_REACH_LEAST);
    return true;
}

/* A ratio that is met as by an ordinary day is one, however late the chain is; else it may be a move, where there was
 * time enough for it. */
static double split_of_step(const step *s)
{
    double size = factor(s->by_spot), value = value_of(nearest(s->by_spot)), off = factor(s->by_spot / value);
    if (size < QNI_SPLIT_CHAIN_LEAST)
        return 1;
    if (off > tolerance(s->deviation) && size <= s->reach)
        return 1;
    return off <= tolerance(s->spread) ? value : NAN;
}

double qni_split_of_chain(const qn_daily *daily, int64_t as_of_us, double spot)
{
    step s;
    return step_of(&s, daily, as_of_us, spot) ? split_of_step(&s) : 1;
}

qn_status qni_split_note(qni_subject *subject, qn_error *err)
{
    const qn_scan_ticker *r = subject->result;
    step s;
    if (!step_of(&s, subject->input->daily, r->as_of_us, r->spot))
        return QN_OK;
    double value = split_of_step(&s);
    char day[QNI_TIME_TEXT_SIZE];
    (void)qni_date_text(day, s.day);
    if (isnan(value))
        return qni_subject_reject(
            subject, err,
            "its prices are not of the share that its options are on: the close of %s is %.6g, the "
            "chain has it at %.6g, and no split is like that",
            day, s.last, r->spot);
    ratio split = nearest(value);
    if (value != 1)
        return qni_subject_reason(
            subject, err,
            "its prices end on %s at %.6g, the chain has the share at %.6g, as after a split of %d "
            "for %d: past moves stay as they are",
            day, s.last, r->spot, split.after, split.before);
    if (factor(s.by_spot) > s.reach)
        return qni_subject_reason(
            subject, err,
            "its prices end on %s at %.6g, the chain has the share at %.6g: it has moved more than "
            "usual since, or its prices are others",
            day, s.last, r->spot);
    if (s.sessions > QNI_SPLIT_STALE)
        return qni_subject_reason(subject, err, "its prices end on %s, %" PRId64 " sessions before the quotes", day,
                                  s.sessions);
    return QN_OK;
}
