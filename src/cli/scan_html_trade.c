/* cli/scan_html_trade.c: the trade that is recommended, leg by leg, and all others with what was said of them. */
#include "cli/scan_html_int.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>

#define DAYS_A_YEAR 365.0

static void number_cell(qni_html *html, double value, int decimals)
{
    qni_html_raw(html, "<td>");
    qni_html_number(html, value, decimals);
    qni_html_raw(html, "</td>");
}

static void percent_cell(qni_html *html, double fraction, int decimals)
{
    qni_html_raw(html, "<td>");
    qni_html_percent(html, fraction, decimals);
    qni_html_raw(html, "</td>");
}

static void write_leg(qni_html *html, const qn_leg *leg)
{
    bool sold = leg->quantity < 0;
    qni_html_printf(html, "<tr><th scope=\"row\" class=\"%s\">%s</th><td>%d</td><td class=\"text\">%s</td>",
                    sold ? "sell" : "buy", sold ? "sell" : "buy", sold ? -leg->quantity : leg->quantity,
                    leg->type == QN_CALL ? "call" : "put");
    qni_html_raw(html, "<td>");
    qni_page_strike(html, leg->strike);
    qni_html_raw(html, "</td><td class=\"text\">");
    qni_page_day(html, leg->expiry);
    qni_html_raw(html, leg->settlement == QN_SETTLEMENT_AM ? " am</td>" : "</td>");
    number_cell(html, leg->price, 2);
    number_cell(html, leg->bid, 2);
    number_cell(html, leg->ask, 2);
    percent_cell(html, leg->sigma, 1);
    number_cell(html, leg->delta, 2);
    number_cell(html, leg->open_interest, 0);
    qni_html_raw(html, "</tr>\n");
}

static void write_legs(qni_html *html, const qn_trade *trade)
{
    qni_page_table(html, "Legs of the best trade",
                   "<Leg|Quantity|<Type|Strike|<Expiry|Price|Bid|Ask|Volatility|Delta|Open interest");
    for (int64_t i = 0; i < trade->leg_count; i++)
        write_leg(html, &trade->legs[i]);
    qni_page_table_end(html);
}

static void fact_money(qni_html *html, const char *name, double value, int decimals, const char *more)
{
    qni_page_fact(html, name);
    qni_html_number(html, value, decimals);
    qni_html_printf(html, " <small>%s</small>", more);
    qni_page_fact_end(html);
}

static void write_breakevens(qni_html *html, const qn_payoff *payoff)
{
    for (int64_t i = 0; i < payoff->breakeven_count; i++) {
        qni_html_raw(html, i == 0 ? "" : i + 1 < payoff->breakeven_count ? ", " : " and ");
        qni_html_number(html, payoff->breakevens[i], 2);
    }
    if (payoff->breakeven_count == 0)
        qni_html_raw(html, "–");
}

static void write_trade_facts(qni_html *html, const qn_scan *scan, const qn_trade *trade)
{
    qni_html_raw(html, "<dl class=\"facts\">");
    fact_money(html, trade->credit < 0 ? "Paid" : "Credit", fabs(trade->credit), 2, "$ per share");
    fact_money(html, "At most", trade->payoff.max_profit, 2, "$ per share");
    fact_money(html, "At worst", -trade->payoff.max_loss, 2, "$ per share");
    qni_page_fact(html, "Break-even");
    write_breakevens(html, &trade->payoff);
    qni_html_raw(html, " <small>$</small>");
    qni_page_fact_end(html);
    qni_page_fact(html, "Probability of profit");
    qni_html_percent(html, trade->pop, 1);
    qni_page_fact_end(html);
    fact_money(html, "Expected profit", trade->expected_value, 3, "$ per share");
    qni_page_fact(html, "Worst outcomes");
    qni_html_number(html, -trade->cvar, 2);
    qni_html_raw(html, " <small>$ per share, mean of ");
    qni_html_percent(html, 1 - scan->settings.tail, 1);
    qni_html_raw(html, "</small>");
    qni_page_fact_end(html);
    qni_page_fact(html, "Kelly fraction");
    qni_html_percent(html, trade->kelly_fraction, 2);
    qni_html_raw(html, " <small>of the account, of which ");
    qni_html_percent(html, scan->settings.kelly, 0);
    qni_html_raw(html, "</small>");
    qni_page_fact_end(html);
    qni_page_fact(html, "Size");
    qni_page_contracts(html, trade->contracts);
    qni_html_raw(html, " <small>$");
    qni_html_number(html, trade->risk, 0);
    qni_html_raw(html, " at risk</small>");
    qni_page_fact_end(html);
    fact_money(html, "Commission", trade->commission, 4, "$ per share");
    fact_money(html, "Delta", trade->delta, 3, "shares");
    fact_money(html, "Gamma", trade->gamma, 4, "delta per $");
    fact_money(html, "Vega", trade->vega / 100, 3, "$ per point of volatility");
    fact_money(html, "Theta", trade->theta / DAYS_A_YEAR, 3, "$ a day");
    qni_html_raw(html, "</dl>\n");
}

void qni_page_best(qni_html *html, const qn_scan *scan, const qn_scan_ticker *ticker)
{
    if (ticker->best < 0) {
        qni_html_raw(html, "<h3>No trade is recommended</h3>\n");
        return;
    }
    const qn_trade *trade = &ticker->trades[ticker->best];
    qni_html_printf(html, "<h3>Best trade: %s, ", qni_page_strategy(trade->strategy));
    qni_page_contracts(html, trade->contracts);
    qni_html_raw(html, "</h3>\n<p class=\"said\">");
    qni_html_foreign(html, trade->reason, QNI_PAGE_SENTENCE);
    qni_html_raw(html, "</p>\n");
    write_trade_facts(html, scan, trade);
    write_legs(html, trade);
}

static void write_strategy(qni_html *html, const qn_trade *trade, bool best)
{
    qni_html_printf(html, "<tr%s><th scope=\"row\">%s%s</th>", best ? " class=\"best\"" : "",
                    qni_page_strategy(trade->strategy), trade->undefined_risk ? " <small>undefined risk</small>" : "");
    number_cell(html, trade->credit, 2);
    number_cell(html, trade->payoff.max_profit, 2);
    number_cell(html, -trade->payoff.max_loss, 2);
    qni_html_raw(html, "<td>");
    write_breakevens(html, &trade->payoff);
    qni_html_raw(html, "</td>");
    percent_cell(html, trade->pop, 1);
    number_cell(html, trade->expected_value, 3);
    number_cell(html, -trade->cvar, 2);
    percent_cell(html, trade->edge, 1);
    percent_cell(html, trade->kelly_fraction, 2);
    qni_html_printf(html, "<td>%" PRId64 "</td><td class=\"text\">", trade->contracts);
    qni_page_tier(html, trade->liquidity.tier, qn_tier_name(QN_TIER_REJECT));
    qni_html_raw(html, "</td>");
    number_cell(html, trade->score, 0);
    qni_html_raw(html, "</tr>\n");
}

void qni_page_strategies(qni_html *html, const qn_scan_ticker *ticker)
{
    if (ticker->trades == NULL)
        return;
    qni_html_raw(html, "<h3>All strategies</h3>\n");
    qni_page_table(html, "All strategies that could be built, amounts in $ per share",
                   "<Strategy|Credit|At most|At worst|Break-even|Profit|Expected|Worst|Edge|Kelly|"
                   "Contracts|<Liquidity|Score");
    for (int64_t i = 0; i < QN_STRATEGY_COUNT; i++)
        if (ticker->trades[i].built)
            write_strategy(html, &ticker->trades[i], i == ticker->best);
    qni_page_table_end(html);
    qni_html_raw(html,
                 "<p class=\"more\">Amounts in $ per share. Profit: its probability. Worst: the mean of the worst "
                 "outcomes. Edge: expected profit by the most that can be lost.</p>\n<dl class=\"reasons\">\n");
    for (int64_t i = 0; i < QN_STRATEGY_COUNT; i++) {
        qni_html_printf(html, "<div><dt>%s</dt><dd>", qni_page_strategy(ticker->trades[i].strategy));
        qni_html_foreign(html, ticker->trades[i].reason, QNI_PAGE_SENTENCE);
        qni_html_raw(html, "</dd></div>\n");
    }
    qni_html_raw(html, "</dl>\n");
}
