/* cli/scan_explain.c: one ticker of a scan with every number and what it is made of. */
#include "base/time.h"
#include "cli/scan_int.h"
#include "cli/sheet.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- words ---- */

static void percent(qni_out *out, double value, int digits)
{
    qni_scan_number(out, 100 * value, digits);
    qni_out_text(out, isfinite(value) ? " %" : "");
}

static void day(qni_out *out, int32_t value)
{
    char text[QNI_TIME_TEXT_SIZE];
    qni_out_bytes(out, text, qni_date_text(text, value));
}

static void title(qni_out *out, const char *text)
{
    qni_out_text(out, "\n");
    qni_out_style(out, QNI_STYLE_BOLD);
    qni_out_text(out, text);
    qni_out_style(out, QNI_STYLE_PLAIN);
    qni_out_text(out, "\n");
}

/* "  what   " with what is in a column of its own. */
static void label(qni_out *out, const char *text)
{
    qni_out_text(out, "  ");
    qni_out_text(out, text);
    qni_out_spaces(out, QNI_SCAN_LABEL_WIDTH - (int64_t)strlen(text));
}

/* ---- the chain and the report ---- */

static void write_head(qni_out *out, const qn_scan_ticker *t)
{
    int32_t date;
    int64_t seconds;
    qn_market_local(&date, &seconds, t->as_of_us);
    qni_out_style(out, QNI_STYLE_BOLD);
    qni_out_foreign(out, t->ticker, -1);
    qni_out_style(out, QNI_STYLE_PLAIN);
    qni_out_text(out, ", ");
    day(out, date);
    qni_out_printf(out, " %02" PRId64 ":%02" PRId64 " in New York, ", seconds / 3600, seconds / 60 % 60);
    qni_out_text(out, t->spot_from_parity ? "spot by parity " : "spot ");
    qni_scan_number(out, t->spot, 2);
    if (t->sector[0] != 0) {
        qni_out_text(out, ", ");
        qni_out_foreign(out, t->sector, -1);
    }
    qni_out_text(out, "\n");
    qni_out_foreign(out, t->source, -1);
    qni_out_text(out, ":");
    for (int i = 0, any = 0; i < QN_QUOTE_CLASS_COUNT; i++)
        if (t->classes[i] > 0)
            qni_out_printf(out, "%s %" PRId64 " %s", any++ > 0 ? "," : "", t->classes[i],
                           qn_quote_class_name((qn_quote_class)i));
    qni_out_text(out, "\n");
    for (int64_t i = 0; i < t->reason_count; i++) {
        qni_out_text(out, "- ");
        qni_out_foreign(out, t->reasons[i], -1);
        qni_out_text(out, "\n");
    }
}

static void write_smile_line(qni_out *out, const char *what, const qn_scan_ticker *t, int64_t index)
{
    if (index < 0)
        return;
    const qn_smile *smile = &t->surface->smiles[index];
    label(out, what);
    day(out, smile->expiry);
    qni_out_text(out, ", in ");
    qni_scan_number(out, smile->years, 5);
    qni_out_text(out, " years, forward ");
    qni_scan_number(out, smile->forward, 2);
    qni_out_text(out, ", volatility at the money ");
    percent(out, smile->atm_vol, 1);
    qni_out_text(out, ", total variance ");
    qni_scan_number(out, qn_smile_variance(smile, 0), 6);
    qni_out_text(out, "\n");
}

static void write_event(qni_out *out, const qn_scan_ticker *t)
{
    const qn_event_move *e = &t->event;
    title(out, "The move that options imply");
    label(out, "report");
    day(out, e->day);
    qni_out_printf(out, " %s%s\n", qn_timing_name((qn_timing)e->timing),
                   e->timing_inferred ? ", inferred from its past reports" : "");
    write_smile_line(out, "expiry before", t, e->before);
    write_smile_line(out, "expiry after", t, e->first);
    write_smile_line(out, "the next", t, e->second);
    label(out, "isolated by");
    qni_out_text(out, e->method);
    qni_out_text(out, "\n");
    label(out, "without the event");
    qni_out_text(out, "volatility ");
    percent(out, e->diffusive_vol, 1);
    qni_out_text(out, " ± ");
    percent(out, e->diffusive_error, 1);
    qni_out_text(out, "\n");
    label(out, "the event");
    qni_out_text(out, "standard deviation ");
    percent(out, e->sigma, 2);
    qni_out_text(out, " ± ");
    percent(out, e->sigma_error, 2);
    qni_out_text(out, "; from the variance strips ");
    percent(out, e->strip_sigma, 2);
    qni_out_text(out, "\n");
    label(out, "reaction");
    percent(out, e->implied_move, 2);
    qni_out_text(out, " ± ");
    percent(out, e->implied_move_error, 2);
    qni_out_text(out, " expected, up or down, from close to close: the event and an ordinary day\n");
    label(out, "straddle");
    percent(out, e->straddle_move, 2);
    qni_out_text(out, " ± ");
    percent(out, e->straddle_error, 2);
    qni_out_text(out, " of the forward, event and days until expiry together\n");
}

/* ---- history ---- */

enum {
    MOVE_COLUMNS = 8
};

static void move_row(qni_sheet *sheet, const qn_move *m)
{
    bool ok = m->status == QN_MOVE_OK;
    const char *timing = qn_timing_name((qn_timing)m->timing);
    qni_sheet_day(sheet, m->day);
    qni_sheet_bytes(sheet, timing, (int64_t)strlen(timing));
    qni_sheet_bytes(sheet, "?", m->timing_inferred);
    qni_sheet_cell(sheet, QNI_CELL_TEXT);
    if (ok)
        qni_sheet_day(sheet, m->after_day);
    else
        qni_sheet_text(sheet, qn_move_status_name((qn_move_status)m->status));
    qni_sheet_number(sheet, ok ? 100 * m->close : NAN, 2);
    qni_sheet_number(sheet, ok ? 100 * m->gap : NAN, 2);
    qni_sheet_number(sheet, ok ? 100 * m->intraday : NAN, 2);
    qni_sheet_number(sheet, ok ? 100 * m->other_close : NAN, 2);
    qni_sheet_number(sheet, ok ? 100 * m->weight : NAN, 1);
}

static qn_status write_moves(const scan_job *job, const qn_history *h, qn_error *err)
{
    static const char *const heads[MOVE_COLUMNS] = {"report", "timing",     "reaction",       "close %",
                                                    "gap %",  "intraday %", "other timing %", "weight %"};
    qni_sheet sheet;
    qni_sheet_init(&sheet, job->run->out, MOVE_COLUMNS, job->run->allocator);
    for (int64_t c = 0; c < MOVE_COLUMNS; c++)
        qni_sheet_text(&sheet, heads[c]);
    for (int64_t c = 3; c < MOVE_COLUMNS; c++)
        qni_sheet_numbers(&sheet, c);
    for (int64_t i = 0; i < h->count; i++)
        move_row(&sheet, &h->moves[i]);
    qn_status s = qni_sheet_finish(&sheet, err);
    qni_sheet_free(&sheet);
    return s;
}

static void write_expected(qni_out *out, const qn_history *h, double confidence)
{
    label(out, "by recency");
    percent(out, h->recent_mean, 2);
    qni_out_text(out, ", newest first\n");
    label(out, "peers");
    if (h->peers > 0) {
        percent(out, h->peer_mean, 2);
        qni_out_printf(out, ", %" PRId64 " of ", h->peers);
        qni_out_foreign(out, h->peer_group, -1);
        qni_out_text(out, "\n");
    } else {
        qni_out_text(out, "none\n");
    }
    label(out, "expected");
    percent(out, h->expected, 2);
    qni_out_text(out, ", ");
    percent(out, confidence, 0);
    qni_out_text(out, " interval ");
    percent(out, h->low, 2);
    qni_out_text(out, " to ");
    percent(out, h->high, 2);
    qni_out_text(out, "\n");
}

static qn_status write_history(const scan_job *job, const qn_history *h, qn_error *err)
{
    qni_out *out = job->run->out;
    title(out, "Past reactions, close to close");
    qn_status s = write_moves(job, h, err);
    label(out, "absolute");
    qni_out_printf(out, "%" PRId64 ": mean ", h->used);
    percent(out, h->mean, 2);
    qni_out_text(out, ", median ");
    percent(out, h->median, 2);
    qni_out_text(out, ", standard deviation ");
    percent(out, h->sd, 2);
    qni_out_text(out, ", greatest ");
    percent(out, h->max, 2);
    qni_out_text(out, "\n");
    write_expected(out, h, job->scan->settings.confidence);
    if (h->inferred > 0) {
        label(out, "other timing");
        qni_out_text(out, "the mean would be ");
        percent(out, h->other_mean, 2);
        qni_out_printf(out, "; the timing of %" PRId64 " is inferred\n", h->inferred);
    }
    label(out, "consistency");
    qni_scan_number(out, h->consistency, 0);
    qni_out_text(out, " of 100, trust ");
    qni_scan_number(out, h->trust, 2);
    qni_out_text(out, ", trend ");
    qni_scan_number(out, h->trend, 2);
    qni_out_text(out, " % a report, greatest by mean ");
    qni_scan_number(out, h->tail_ratio, 1);
    qni_out_text(out, "\n");
    return s;
}

/* ---- judgement ---- */

static void write_premium(const scan_job *job, const qn_scan_ticker *t)
{
    qni_out *out = job->run->out;
    title(out, "Premium and liquidity");
    label(out, "ratio");
    qni_scan_number(out, t->vrp.ratio, 3);
    qni_out_text(out, " implied by expected, ");
    percent(out, job->scan->settings.confidence, 0);
    qni_out_text(out, " interval ");
    qni_scan_number(out, t->vrp.low, 3);
    qni_out_text(out, " to ");
    qni_scan_number(out, t->vrp.high, 3);
    qni_out_text(out, "\n");
    label(out, "premium");
    qni_out_text(out, t->vrp.tier == QN_TIER_REJECT ? "none" : qn_tier_name(t->vrp.tier));
    qni_out_text(out, ": percentile ");
    qni_scan_number(out, 100 * t->vrp.percentile, 0);
    qni_out_text(out, " of ");
    qni_out_foreign(out, job->scan->reference_name, -1);
    qni_out_printf(out, "; tiers by %s\n", qn_tiers_name(job->scan->tiers));
    label(out, "liquidity");
    qni_out_text(out, qn_tier_name(t->liquidity.tier));
    qni_out_text(out, ": median open interest ");
    qni_scan_number(out, t->liquidity.open_interest, 0);
    qni_out_text(out, ", median spread ");
    qni_scan_number(out, t->liquidity.spread_pct, 1);
    qni_out_printf(out, " %% of %" PRId64 " options near the money\n", t->liquidity.options);
    label(out, "skew");
    qni_scan_number(out, 100 * t->skew, 2);
    qni_out_text(out, " points, 25-delta call less put\n");
    label(out, "price at expiry");
    qni_out_text(out, "reaction ");
    percent(out, t->outlook.sigma, 2);
    qni_out_text(out, " ± ");
    percent(out, t->outlook.sigma_error, 2);
    qni_out_text(out, ", other days ");
    percent(out, t->outlook.diffusive, 2);
    qni_out_text(out, ", expected absolute move ");
    percent(out, t->outlook.mean_abs_move, 2);
    qni_out_text(out, "\n");
    label(out, "score");
    qni_scan_number(out, t->score.total, 1);
#define PART(field, text)             \
    qni_out_text(out, ", " text " "); \
    qni_scan_number(out, t->score.field, 1);
    QN_SCORE_LIST(PART)
#undef PART
    qni_out_text(out, "\n");
}

static void write_strategy(const scan_job *job, const qn_scan_ticker *t, const qn_trade *trade, bool best)
{
    qni_out *out = job->run->out;
    qni_out_text(out, "  ");
    qni_out_style(out, best ? QNI_STYLE_GOOD : QNI_STYLE_BOLD);
    qni_out_text(out, qn_strategy_words(trade->strategy));
    qni_out_style(out, QNI_STYLE_PLAIN);
    if (trade->built) {
        qni_out_text(out, trade->undefined_risk ? ", undefined risk" : "");
        qni_out_text(out, best ? ", the best one" : "");
        qni_out_text(out, ", score ");
        qni_scan_number(out, trade->score, 1);
        if (trade->tradable) {
            qni_out_text(out, ", Kelly ");
            percent(out, trade->kelly_fraction, 2);
            qni_out_printf(out, " of the account, %" PRId64 " contracts", trade->contracts);
        }
        qni_out_text(out, "\n");
        qni_scan_write_trade(job, t, trade);
        return;
    }
    qni_out_text(out, ": ");
    qni_out_foreign(out, trade->reason != NULL ? trade->reason : "", -1);
    qni_out_text(out, "\n");
}

static qn_status explain(const scan_job *job, const qn_scan_ticker *t, qn_error *err)
{
    qni_out *out = job->run->out;
    write_head(out, t);
    write_event(out, t);
    qn_status s = write_history(job, &t->history, err);
    write_premium(job, t);
    title(out, "Strategies");
    for (int64_t i = 0; i < QN_STRATEGY_COUNT; i++)
        write_strategy(job, t, &t->trades[i], i == t->best);
    return s;
}

qn_status qni_scan_show_explanation(const scan_job *job, qn_error *err)
{
    qn_status s = QN_OK;
    int64_t shown = 0;
    for (int64_t i = 0; i < job->scan->ticker_count && s == QN_OK; i++) {
        if (!qni_scan_is_shown(job, job->scan->tickers[i].ticker))
            continue;
        qni_out_text(job->run->out, shown++ > 0 ? "\n" : "");
        s = explain(job, &job->scan->tickers[i], err);
    }
    qni_scan_write_rejected(job);
    return s;
}
