/* scan/timing.c: whether a company reports before the open or after the close, from where its prices and volumes stand
 * out. Any thread.
 *
 * A habit is a hypothesis about all reports together: the news is in the move of the report's own day, or in that of
 * the day after; each single report keeps it with the probability QNI_TIMING_KEPT. A day with news is told from an
 * ordinary one by the likelihood ratio of its move and of its volume in money, each by what the share did on the days
 * before: densities of Student's t, wide ones with news. As no report's ratio is beyond that of breaking the habit, no
 * single day decides. A report whose timing is told is one that was seen for certain.
 *
 * Prices speak only where they speak at all: where neither habit is likelier than days without news, as with dates that
 * are not those of reports, they count for nothing. */
#include "scan/scan_int.h"

#include "scan/limits.h"

#include <math.h>
#include <stddef.h>

/* Density of Student's t with three degrees of freedom about `center`, but for a constant. */
static double density(double x, double center, double scale)
{
    double u = (x - center) / scale, v = 1 + u * u / 3;
    return 1 / (scale * v * v);
}

/* How much likelier row i is with news than without; at least QNI_TIMING_SILENT, for news may move nothing. */
static double news_ratio(const qn_daily *d, int64_t i, const qni_usual *usual, double split)
{
    double move = ((1 + qni_day_move(d, i)) * split - 1) / usual->deviation;
    double money = log(qni_day_money(d, i) / usual->money);
    double ratio = density(move, 0, QNI_TIMING_NEWS_MOVE) / density(move, 0, 1);
    if (!isnan(money))
        ratio *= density(money, QNI_TIMING_NEWS_MONEY, QNI_TIMING_NEWS_MONEY_SCALE) /
                 density(money, 0, QNI_TIMING_MONEY_SCALE);
    return QNI_TIMING_SILENT + (1 - QNI_TIMING_SILENT) * ratio;
}

/* What a report says: how likely it is by each habit, as a ratio to days without news. */
typedef struct evidence {
    double after, before;
} evidence;

static evidence mixed(double after, double before)
{
    return (evidence){.after = QNI_TIMING_KEPT * after + (1 - QNI_TIMING_KEPT) * before,
                      .before = QNI_TIMING_KEPT * before + (1 - QNI_TIMING_KEPT) * after};
}

/* False: prices say nothing about that report. */
static bool look_at(evidence *out, const qn_daily *d, int32_t day)
{
    if (!qn_market_session(NULL, NULL, day))
        return false;
    int64_t i = qni_daily_row(d, day), next = qni_daily_row(d, qn_market_next_day(day));
    if (i < 1 || next != i + 1 || d->days[i - 1] != qn_market_previous_day(day))
        return false;
    double split = qni_split_at(d, i), next_split = qni_split_at(d, next);
    qni_usual usual = qni_usual_before(d, i);
    if (isnan(split) || isnan(next_split) || !(usual.deviation > 0))
        return false;
    *out = mixed(news_ratio(d, next, &usual, next_split), news_ratio(d, i, &usual, split));
    return isfinite(out->after) && isfinite(out->before); /* prices beyond what squares hold say nothing */
}

qn_timing qni_timing_infer(double *odds, const qn_daily *daily, const qn_earnings *reports, int64_t count)
{
    double told = 0, after = 0, before = 0;
    for (int64_t i = 0; i < count; i++) {
        evidence e;
        if (daily->count == 0 || reports[i].day > daily->days[daily->count - 1])
            continue;
        if (reports[i].timing != QN_TIMING_UNKNOWN) {
            e = mixed(reports[i].timing == QN_TIMING_AFTER_CLOSE, reports[i].timing != QN_TIMING_AFTER_CLOSE);
            told += log(e.after / e.before);
        } else if (look_at(&e, daily, reports[i].day)) {
            after += log(e.after);
            before += log(e.before);
        }
    }
    double seen = fmax(after, before) >= QNI_TIMING_ODDS ? after - before : 0;
    double both = told + seen;
    *odds = fabs(both);
    if (*odds < QNI_TIMING_ODDS)
        return QN_TIMING_UNKNOWN;
    return both > 0 ? QN_TIMING_AFTER_CLOSE : QN_TIMING_BEFORE_OPEN;
}
