/* cli/scan_text.c: a scan for a terminal: a line a ticker, the best trade in full, what was rejected and why. */
#include "base/number.h"
#include "base/time.h"
#include "cli/digits.h"
#include "cli/scan_int.h"
#include "cli/sheet.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- cells ---- */

static void add_number(qni_sheet *sheet, double value, int digits)
{
    char text[QNI_DIGITS_SIZE];
    qni_sheet_bytes(sheet, text, isfinite(value) ? qni_digits_write(text, value, -digits) : 0);
}

/* ---- the table ---- */

enum {
    COLUMNS = 12
};

static void event_cell(qni_sheet *sheet, const qn_event_move *e)
{
    char day[QNI_TIME_TEXT_SIZE];
    qni_sheet_bytes(sheet, day, qni_date_text(day, e->day));
    qni_sheet_bytes(sheet, " ", 1);
    const char *timing = qn_timing_name((qn_timing)e->timing);
    qni_sheet_bytes(sheet, timing, (int64_t)strlen(timing));
    qni_sheet_bytes(sheet, "?", e->timing_inferred);
    qni_sheet_cell(sheet, QNI_CELL_TEXT);
}

static void ticker_row(qni_sheet *sheet, const qn_scan_ticker *t)
{
    const qn_trade *best = t->best >= 0 ? &t->trades[t->best] : NULL;
    qni_sheet_text(sheet, t->ticker);
    event_cell(sheet, &t->event);
    qni_sheet_number(sheet, 100 * t->event.implied_move, 1);
    qni_sheet_number(sheet, 100 * t->event.implied_move_error, 1);
    qni_sheet_number(sheet, 100 * t->history.expected, 1);
    qni_sheet_number(sheet, (double)t->history.used, 0);
    qni_sheet_number(sheet, t->vrp.ratio, 2);
    add_number(sheet, t->vrp.low, 2);
    qni_sheet_bytes(sheet, " to ", 4);
    add_number(sheet, t->vrp.high, 2);
    qni_sheet_cell(sheet, QNI_CELL_TEXT);
    qni_sheet_text(sheet, t->vrp.tier == QN_TIER_REJECT ? "none" : qn_tier_name(t->vrp.tier));
    qni_sheet_text(sheet, qn_tier_name(t->liquidity.tier));
    qni_sheet_number(sheet, t->score.total, 1);
    qni_sheet_text(sheet, best != NULL ? qn_strategy_words(best->strategy) : "-");
}

static qn_status write_table(const scan_job *job, qn_error *err)
{
    static const char *const heads[COLUMNS] = {"ticker", "report",   "implied %", "±",         "past %", "n",
                                               "ratio",  "interval", "premium",   "liquidity", "score",  "best trade"};
    qni_sheet sheet;
    qni_sheet_init(&sheet, job->run->out, COLUMNS, job->run->allocator);
    for (int64_t c = 0; c < COLUMNS; c++)
        qni_sheet_text(&sheet, heads[c]);
    for (int64_t i = 0; i < job->scan->ticker_count; i++)
        ticker_row(&sheet, &job->scan->tickers[i]);
    qn_status s = qni_sheet_finish(&sheet, err);
    qni_sheet_free(&sheet);
    return s;
}

/* ---- a trade ---- */

void qni_scan_number(qni_out *out, double value, int digits)
{
    char text[QNI_DIGITS_SIZE];
    if (isinf(value))
        qni_out_text(out, "unbounded");
    else if (isnan(value))
        qni_out_text(out, "not known");
    else
        qni_out_bytes(out, text, qni_digits_write(text, value, -digits));
}

static void write_leg(qni_out *out, const qn_leg *leg)
{
    char text[QNI_NUMBER_SIZE], day[QNI_TIME_TEXT_SIZE];
    (void)qni_number_format_digits(text, leg->strike, QNI_SCAN_STRIKE_DIGITS);
    (void)qni_date_text(day, leg->expiry);
    int64_t n = leg->quantity > 0 ? leg->quantity : -leg->quantity;
    qni_out_printf(out, "    %s %" PRId64 " %s %s, %s, at ", leg->quantity > 0 ? "buy " : "sell", n, text,
                   leg->type == QN_CALL ? "call" : "put", day);
    qni_scan_number(out, leg->price, 2);
    qni_out_text(out, " (");
    qni_scan_number(out, leg->bid, 2);
    qni_out_text(out, " to ");
    qni_scan_number(out, leg->ask, 2);
    qni_out_text(out, ", delta ");
    qni_scan_number(out, leg->delta, 2);
    qni_out_text(out, ")\n");
}

void qni_scan_write_trade(const scan_job *job, const qn_scan_ticker *ticker, const qn_trade *t)
{
    qni_out *out = job->run->out;
    (void)ticker;
    for (int64_t i = 0; i < t->leg_count; i++)
        write_leg(out, &t->legs[i]);
    qni_out_text(out, t->credit >= 0 ? "    credit " : "    cost ");
    qni_scan_number(out, fabs(t->credit), 2);
    qni_out_text(out, " a share, commission ");
    qni_scan_number(out, t->commission, 3);
    qni_out_text(out, "; most profit ");
    qni_scan_number(out, t->payoff.max_profit, 2);
    qni_out_text(out, ", most loss ");
    qni_scan_number(out, t->payoff.max_loss, 2);
    for (int64_t i = 0; i < t->payoff.breakeven_count; i++) {
        qni_out_text(out, i == 0 ? ", even at " : " and ");
        qni_scan_number(out, t->payoff.breakevens[i], 2);
    }
    qni_out_text(out, "\n    probability of profit ");
    qni_scan_number(out, 100 * t->pop, 0);
    qni_out_text(out, " %, expected profit ");
    qni_scan_number(out, t->expected_value, 3);
    qni_out_text(out, " a share");
    if (isfinite(t->edge)) {
        qni_out_text(out, " (");
        qni_scan_number(out, 100 * t->edge, 1);
        qni_out_text(out, " % of the risk)");
    }
    qni_out_text(out, ", mean of the worst cases ");
    qni_scan_number(out, -t->cvar, 2);
    qni_out_text(out, "\n    ");
    qni_out_foreign(out, t->reason != NULL ? t->reason : "", -1);
    qni_out_text(out, "\n");
}

/* The first of the ranking that has a trade. */
static const qn_scan_ticker *with_trade(const qn_scan *scan)
{
    for (int64_t i = 0; i < scan->ticker_count; i++)
        if (scan->tickers[i].best >= 0)
            return &scan->tickers[i];
    return NULL;
}

static void write_best(const scan_job *job)
{
    qni_out *out = job->run->out;
    const qn_scan_ticker *t = with_trade(job->scan);
    if (t == NULL) {
        qni_out_text(out, job->scan->ticker_count > 0 ? "\nno trade is recommended\n" : "");
        return;
    }
    const qn_trade *best = &t->trades[t->best];
    qni_out_text(out, "\n");
    qni_out_style(out, QNI_STYLE_BOLD);
    qni_out_foreign(out, t->ticker, -1);
    qni_out_style(out, QNI_STYLE_PLAIN);
    qni_out_printf(out, ": %s, %" PRId64 " %s", qn_strategy_words(best->strategy), best->contracts,
                   best->contracts == 1 ? "contract" : "contracts");
    if (best->contracts > 0) {
        qni_out_text(out, ", ");
        qni_scan_number(out, best->risk, 0);
        qni_out_text(out, " at risk");
    }
    qni_out_text(out, "\n");
    qni_scan_write_trade(job, t, best);
}

/* ---- the rest ---- */

static void write_head(const scan_job *job)
{
    const qn_scan *scan = job->scan;
    qni_out *out = job->run->out;
    qni_out_printf(out, "%" PRId64 " %s judged, %" PRId64 " rejected; %s time; premium by %s", scan->ticker_count,
                   scan->ticker_count == 1 ? "ticker" : "tickers", scan->rejected_count, qn_clock_name(scan->clock),
                   scan->tiers == QN_TIERS_PERCENTILE ? "percentile in " : qn_tiers_name(scan->tiers));
    if (scan->tiers == QN_TIERS_PERCENTILE)
        qni_out_foreign(out, scan->reference_name, -1);
    qni_out_text(out, scan->interrupted ? "; interrupted: what was done until then\n" : "\n");
    qni_out_text(out, scan->ticker_count > 0 ? "\n" : "");
}

void qni_scan_write_rejected(const scan_job *job)
{
    qni_out *out = job->run->out;
    const qn_scan *scan = job->scan;
    for (int64_t i = 0; i < scan->rejected_count; i++) {
        if (!qni_scan_is_shown(job, scan->rejected[i].ticker))
            continue;
        qni_out_text(out, i == 0 && job->shown.count == 0 ? "\nrejected:\n" : "");
        qni_out_text(out, "  ");
        qni_out_foreign(out, scan->rejected[i].ticker, -1);
        qni_out_text(out, ": ");
        qni_out_foreign(out, scan->rejected[i].reason, -1);
        qni_out_text(out, "\n");
    }
}

static bool any_inferred(const qn_scan *scan)
{
    for (int64_t i = 0; i < scan->ticker_count; i++)
        if (scan->tickers[i].event.timing_inferred)
            return true;
    return false;
}

qn_status qni_scan_show_text(const scan_job *job, qn_error *err)
{
    write_head(job);
    qn_status s = job->scan->ticker_count > 0 ? write_table(job, err) : QN_OK;
    if (any_inferred(job->scan))
        qni_out_text(job->run->out, "?: before the open or after the close as its past reports seem to have come\n");
    write_best(job);
    qni_scan_write_rejected(job);
    return s;
}
