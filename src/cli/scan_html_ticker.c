/* cli/scan_html_ticker.c: all that is known of one ticker: what speaks for and against a trade, its numbers with their
 * units, charts, trades, past reactions, quotes. */
#include "cli/scan_html_int.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>

static void write_head(qni_html *html, const qn_scan_ticker *ticker, int64_t index)
{
    qni_html_printf(html, "<section class=\"ticker\" aria-labelledby=\"t%" PRId64 "\">\n<h2 id=\"t%" PRId64 "\"><bdi>",
                    index, index);
    qni_html_foreign(html, ticker->ticker, QNI_PAGE_NAME);
    qni_html_raw(html, "</bdi>");
    if (ticker->sector != NULL && ticker->sector[0] != '\0') {
        qni_html_raw(html, " <small>");
        qni_html_foreign(html, ticker->sector, QNI_PAGE_NAME);
        qni_html_raw(html, "</small>");
    }
    qni_html_raw(html, "</h2>\n<p class=\"up\"><a href=\"#tickers\">all tickers</a></p>\n<p>Reports ");
    qni_page_day(html, ticker->event.day);
    qni_html_raw(html, " ");
    qni_page_timing(html, ticker->event.timing, ticker->event.timing_inferred);
    qni_html_raw(html, ". Premium ");
    qni_page_tier(html, ticker->vrp.tier, "none");
    qni_html_raw(html, " liquidity ");
    qni_page_tier(html, ticker->liquidity.tier, qn_tier_name(QN_TIER_REJECT));
    qni_html_raw(html, "</p>\n");
}

static void write_reasons(qni_html *html, const qn_scan_ticker *ticker)
{
    if (ticker->reason_count == 0)
        return;
    qni_html_raw(html, "<h3>What speaks for it, and against</h3>\n<ul>\n");
    for (int64_t i = 0; i < ticker->reason_count; i++) {
        qni_html_raw(html, "<li>");
        qni_html_foreign(html, ticker->reasons[i], QNI_PAGE_SENTENCE);
        qni_html_raw(html, "</li>\n");
    }
    qni_html_raw(html, "</ul>\n");
}

static void fact_percent(qni_html *html, const char *name, double value, double error, const char *more)
{
    qni_page_fact(html, name);
    qni_page_plus_minus(html, value, error);
    if (more[0] != '\0')
        qni_html_printf(html, " <small>%s</small>", more);
    qni_page_fact_end(html);
}

static void write_implied(qni_html *html, const qn_scan_ticker *ticker)
{
    const qn_event_move *event = &ticker->event;
    fact_percent(html, "Implied move", event->implied_move, event->implied_move_error, "expected, close to close");
    fact_percent(html, "Event volatility", event->sigma, event->sigma_error, "standard deviation");
    qni_page_fact(html, "Isolated from");
    qni_html_foreign(html, event->method, QNI_PAGE_SENTENCE);
    qni_page_fact_end(html);
    fact_percent(html, "Straddle", event->straddle_move, event->straddle_error, "of the forward, to expiry");
    fact_percent(html, "By the variance strip", event->strip_sigma, NAN, "standard deviation");
    fact_percent(html, "Without the event", event->diffusive_vol, event->diffusive_error, "volatility a year");
    fact_percent(html, "Skew", ticker->skew, NAN, "25-delta risk reversal");
    qni_page_fact(html, "Share");
    qni_html_raw(html, "$");
    qni_html_number(html, ticker->spot, 2);
    qni_html_raw(html, ticker->spot_from_parity ? " <small>from parity</small>" : "");
    qni_page_fact_end(html);
    qni_page_fact(html, "Forward");
    qni_html_raw(html, "$");
    qni_html_number(html, event->forward, 2);
    qni_html_raw(html, " <small>of the first expiry after it</small>");
    qni_page_fact_end(html);
}

static void write_past(qni_html *html, const qn_scan *scan, const qn_scan_ticker *ticker)
{
    const qn_history *h = &ticker->history;
    qni_page_fact(html, "Expected past move");
    qni_html_percent(html, h->expected, 2);
    qni_html_raw(html, " <small>");
    qni_html_number(html, 100 * h->low, 2);
    qni_html_raw(html, "–");
    qni_html_number(html, 100 * h->high, 2);
    qni_html_raw(html, " in ");
    qni_html_percent(html, scan->settings.confidence, 0);
    qni_html_raw(html, "</small>");
    qni_page_fact_end(html);
    qni_page_fact(html, "Past reactions");
    qni_html_printf(html, "%" PRId64 " <small>%" PRId64 " with an inferred time</small>", h->used, h->inferred);
    qni_page_fact_end(html);
    fact_percent(html, "Mean", h->mean, NAN, "");
    fact_percent(html, "Median", h->median, NAN, "");
    fact_percent(html, "Standard deviation", h->sd, NAN, "");
    fact_percent(html, "Largest", h->max, NAN, "");
    fact_percent(html, "By recency", h->recent_mean, NAN, "");
    qni_page_fact(html, "Peers");
    qni_html_percent(html, h->peer_mean, 2);
    qni_html_printf(html, " <small>%" PRId64 " peers: ", h->peers);
    qni_html_foreign(html, h->peer_group, QNI_PAGE_NAME);
    qni_html_raw(html, "</small>");
    qni_page_fact_end(html);
    fact_percent(html, "With the other time", h->other_mean, NAN, "mean");
    qni_page_fact(html, "Consistency");
    qni_html_number(html, h->consistency, 0);
    qni_html_raw(html, " <small>of 100; trust ");
    qni_html_number(html, h->trust, 2);
    qni_html_raw(html, "</small>");
    qni_page_fact_end(html);
    qni_page_fact(html, "Trend");
    qni_html_signed(html, h->trend, 2);
    qni_html_raw(html, " <small>% a report</small>");
    qni_page_fact_end(html);
    qni_page_fact(html, "Tail");
    qni_html_number(html, h->tail_ratio, 2);
    qni_html_raw(html, " <small>largest by mean</small>");
    qni_page_fact_end(html);
}

static void write_judgement(qni_html *html, const qn_scan *scan, const qn_scan_ticker *ticker)
{
    qni_page_fact(html, "Ratio");
    qni_html_number(html, ticker->vrp.ratio, 2);
    qni_html_raw(html, " <small>");
    qni_html_number(html, ticker->vrp.low, 2);
    qni_html_raw(html, "–");
    qni_html_number(html, ticker->vrp.high, 2);
    qni_html_raw(html, " in ");
    qni_html_percent(html, scan->settings.confidence, 0);
    qni_html_raw(html, "</small>");
    qni_page_fact_end(html);
    qni_page_fact(html, "Percentile");
    qni_html_number(html, 100 * ticker->vrp.percentile, 0);
    qni_html_raw(html, " <small>of ");
    qni_html_foreign(html, scan->reference_name, QNI_PAGE_NAME);
    qni_html_raw(html, "</small>");
    qni_page_fact_end(html);
    qni_page_fact(html, "Score");
    qni_html_number(html, ticker->score.total, 1);
    qni_html_raw(html, " <small>of 100</small>");
    qni_page_fact_end(html);
    qni_page_fact(html, "Open interest");
    qni_html_number(html, ticker->liquidity.open_interest, 0);
    qni_html_raw(html, " <small>contracts, median</small>");
    qni_page_fact_end(html);
    qni_page_fact(html, "Spread");
    qni_html_number(html, ticker->liquidity.spread_pct, 1);
    qni_html_raw(html, "\xE2\x80\xAF% <small>of the middle, median</small>");
    qni_page_fact_end(html);
}

/* "= 24.8 vrp + 20.0 liquidity …" */
static void write_score(qni_html *html, const qn_score *score)
{
    const struct {
        double points;
        const char *name;
    } parts[] = {
#define PART(field, name) {score->field, name},
        QN_SCORE_LIST(PART)
#undef PART
    };
    qni_html_raw(html, "<p class=\"more\">Score ");
    qni_html_number(html, score->total, 1);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        qni_html_raw(html, i == 0 ? " = " : " + ");
        qni_html_number(html, parts[i].points, 1);
        qni_html_printf(html, " %s", parts[i].name);
    }
    qni_html_raw(html, "</p>\n");
}

static void write_numbers(qni_html *html, const qn_scan *scan, const qn_scan_ticker *ticker)
{
    qni_html_raw(html, "<h3>Judgement</h3>\n<dl class=\"facts\">");
    write_judgement(html, scan, ticker);
    qni_html_raw(html, "</dl>\n");
    write_score(html, &ticker->score);
    qni_html_raw(html, "<h3>What the options imply</h3>\n<dl class=\"facts\">");
    write_implied(html, ticker);
    qni_html_raw(html, "</dl>\n<h3>What past reports did</h3>\n<dl class=\"facts\">");
    write_past(html, scan, ticker);
    qni_html_raw(html, "</dl>\n");
}

static void write_move(qni_html *html, const qn_move *move)
{
    qni_html_raw(html, "<tr><th scope=\"row\">");
    qni_page_day(html, move->day);
    qni_html_raw(html, "</th><td class=\"text\">");
    qni_page_timing(html, move->timing, move->timing_inferred);
    const double moves[] = {move->close, move->gap, move->intraday, move->other_close};
    for (int i = 0; i < 4; i++) {
        qni_html_raw(html, "</td><td>");
        qni_html_signed(html, 100 * moves[i], 2);
    }
    qni_html_raw(html, "</td><td>");
    qni_html_number(html, move->status == QN_MOVE_OK ? move->weight : NAN, 3);
    qni_html_raw(html, "</td><td class=\"text\">");
    qni_page_name(html, move->status == QN_MOVE_OK ? "" : qn_move_status_name((qn_move_status)move->status));
    qni_html_raw(html, "</td></tr>\n");
}

static void write_moves(qni_html *html, const qn_history *history)
{
    if (history->count == 0)
        return;
    qni_html_printf(html, "<details><summary>Past reports, one by one (%" PRId64 ")</summary>\n", history->count);
    qni_page_table(html, "Past reports",
                   "<Report|<Time|Close to close, %|Gap, %|Intraday, %|"
                   "With the other time, %|Weight|<Not used");
    for (int64_t i = 0; i < history->count; i++)
        write_move(html, &history->moves[i]);
    qni_page_table_end(html);
    qni_html_raw(html, "</details>\n");
}

static void write_source(qni_html *html, const qn_scan_ticker *ticker)
{
    const char *between = ": ";
    qni_html_raw(html, "<p class=\"more\">Quotes of ");
    qni_page_moment(html, ticker->as_of_us);
    qni_html_raw(html, " from <bdi>");
    qni_html_foreign(html, ticker->source, 120);
    qni_html_raw(html, "</bdi>");
    for (int i = 0; i < QN_QUOTE_CLASS_COUNT; i++) {
        if (ticker->classes[i] == 0)
            continue;
        qni_html_raw(html, between);
        qni_html_number(html, (double)ticker->classes[i], 0);
        qni_html_raw(html, " ");
        qni_page_name(html, qn_quote_class_name((qn_quote_class)i));
        between = ", ";
    }
    qni_html_raw(html, ".</p>\n");
}

void qni_page_ticker(qni_html *html, const qn_scan *scan, int64_t index)
{
    const qn_scan_ticker *ticker = &scan->tickers[index];
    write_head(html, ticker, index);
    write_reasons(html, ticker);
    qni_page_best(html, scan, ticker);
    qni_html_raw(html, "<div class=\"charts\">\n");
    qni_chart_payoff(html, ticker, index);
    qni_chart_history(html, ticker, index);
    qni_chart_smile(html, ticker, index);
    qni_html_raw(html, "</div>\n");
    write_numbers(html, scan, ticker);
    qni_page_strategies(html, ticker);
    write_moves(html, &ticker->history);
    write_source(html, ticker);
    qni_html_raw(html, "</section>\n");
}
