/* cli/scan_html.c: the page around the tickers: what was scanned, their table, what was rejected, the settings that
 * held, where the time went. */
#include "cli/scan_html.h"

#include "base/error.h"
#include "base/time.h"
#include "cli/scan_html_int.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

qn_status qni_scan_html_check(const char *path, qn_error *err)
{
    const char *end = path != NULL ? strrchr(path, '.') : NULL;
    if (path == NULL || (end != NULL && (strcmp(end, ".html") == 0 || strcmp(end, ".htm") == 0)))
        return QN_OK;
    return qni_error(err, QN_INVALID, "--report: \"%.200s\" does not end in .html", path);
}

/* ---- the head ---- */

static void write_begin(qni_html *html, const qn_scan *scan)
{
    qni_html_raw(html, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
                       "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
                       "<meta name=\"color-scheme\" content=\"light dark\"/>\n<title>Earnings scan, ");
    qni_page_moment(html, scan->as_of_us);
    qni_html_raw(html, "</title>\n<style>");
    qni_html_raw(html, qni_page_style);
    qni_html_raw(html, "</style>\n</head>\n<body>\n<main>\n<header>\n<h1>Earnings volatility scan</h1>\n<p>As of ");
    qni_page_moment(html, scan->as_of_us);
    qni_html_raw(html, ". Where options ask more for a coming report than past reports have moved the share, and which "
                       "trade of limited risk says so. Nothing here is advice: every probability and size follows from "
                       "a model whose numbers are on this page.</p>\n");
}

static void write_facts(qni_html *html, const qn_scan *scan)
{
    int64_t contracts = 0;
    double risk = 0;
    for (int64_t i = 0; i < scan->ticker_count; i++)
        if (scan->tickers[i].best >= 0 && scan->tickers[i].trades[scan->tickers[i].best].contracts > 0) {
            contracts++;
            risk += scan->tickers[i].trades[scan->tickers[i].best].risk;
        }
    qni_html_raw(html, "<dl class=\"facts\">");
    qni_page_fact(html, "Judged");
    qni_html_printf(html, "%" PRId64 " <small>and %" PRId64 " rejected</small>", scan->ticker_count,
                    scan->rejected_count);
    qni_page_fact_end(html);
    qni_page_fact(html, "Trades with contracts");
    qni_html_printf(html, "%" PRId64, contracts);
    qni_page_fact_end(html);
    qni_page_fact(html, "At risk in all");
    qni_html_raw(html, "$");
    qni_html_number(html, risk, 0);
    qni_html_raw(html, " <small>of $");
    qni_html_number(html, scan->settings.account, 0);
    qni_html_raw(html, "</small>");
    qni_page_fact_end(html);
    qni_page_fact(html, "Clock");
    qni_html_raw(html, qn_clock_name(scan->clock));
    qni_page_fact_end(html);
    qni_page_fact(html, "Kelly");
    qni_html_percent(html, scan->settings.kelly, 0);
    qni_html_raw(html, " <small>of the full fraction</small>");
    qni_page_fact_end(html);
    qni_html_raw(html, "</dl>\n");
}

static void write_notes(qni_html *html, const qn_scan *scan)
{
    if (scan->interrupted)
        qni_html_raw(html, "<p class=\"note\">The scan was interrupted: this is what was done until then.</p>\n");
    for (int64_t i = 0; i < scan->warning_count; i++) {
        qni_html_raw(html, "<p class=\"note\">");
        qni_html_foreign(html, scan->warnings[i], QNI_PAGE_SENTENCE);
        qni_html_raw(html, "</p>\n");
    }
}

/* How ratios became tiers, a sentence. */
static void write_tiers(qni_html *html, const qn_scan *scan)
{
    qni_html_printf(html, "<p class=\"more\">Tiers: %s", qn_tiers_name(scan->tiers));
    if (scan->tiers == QN_TIERS_PERCENTILE) {
        qni_html_raw(html, " in the reference distribution <b>");
        qni_html_foreign(html, scan->reference_name, QNI_PAGE_NAME);
        qni_html_raw(html, "</b>: excellent from the ");
        qni_html_number(html, 100 * scan->settings.tier_excellent, 0);
        qni_html_raw(html, "th, good from the ");
        qni_html_number(html, 100 * scan->settings.tier_good, 0);
        qni_html_raw(html, "th, marginal from the ");
        qni_html_number(html, 100 * scan->settings.tier_marginal, 0);
        qni_html_raw(html, "th percentile. ");
        qni_html_foreign(html, scan->reference_source, QNI_PAGE_SENTENCE);
    } else {
        qni_html_raw(html, ": fixed ratios");
    }
    qni_html_raw(html, "</p>\n");
}

/* ---- the table ---- */

/* The intervals of all ratios on one scale, with 1 on it. */
static void ratio_scale(double *least, double *most, const qn_scan *scan)
{
    *least = 0.8;
    *most = 1.25;
    for (int64_t i = 0; i < scan->ticker_count; i++) {
        const qn_vrp *vrp = &scan->tickers[i].vrp;
        const double ends[] = {vrp->low, vrp->ratio, vrp->high};
        for (int e = 0; e < 3; e++)
            if (isfinite(ends[e]) && ends[e] > 0) {
                *least = fmax(fmin(*least, ends[e]), 0.1);
                *most = fmin(fmax(*most, ends[e]), 10);
            }
    }
}

static void cell(qni_html *html, const char *style, const char *name)
{
    qni_html_printf(html, "<td role=\"cell\" class=\"%s\" data-name=\"%s\"><span>", style, name);
}

static void cell_end(qni_html *html)
{
    qni_html_raw(html, "</span></td>");
}

static void write_trade_cell(qni_html *html, const qn_scan_ticker *ticker)
{
    cell(html, "text", "Best trade");
    if (ticker->best < 0) {
        qni_html_raw(html, "none");
    } else {
        const qn_trade *trade = &ticker->trades[ticker->best];
        qni_html_printf(html, "%s <small>", qni_page_strategy(trade->strategy));
        qni_page_contracts(html, trade->contracts);
        qni_html_raw(html, "</small>");
    }
    cell_end(html);
}

static void write_ratio_cell(qni_html *html, const qn_vrp *vrp, double least, double most)
{
    cell(html, "", "Ratio");
    qni_html_raw(html, "<b>");
    qni_html_number(html, vrp->ratio, 2);
    qni_html_raw(html, "</b> <small>");
    qni_html_number(html, vrp->low, 2);
    qni_html_raw(html, "–");
    qni_html_number(html, vrp->high, 2);
    qni_html_raw(html, "</small>");
    qni_chart_ratio(html, vrp, least, most);
    cell_end(html);
}

static void write_row(qni_html *html, const qn_scan *scan, int64_t i, double least, double most)
{
    const qn_scan_ticker *ticker = &scan->tickers[i];
    qni_html_printf(html, "<tr role=\"row\"><td role=\"cell\" class=\"rank\">%" PRId64 "</td>", i + 1);
    qni_html_printf(html, "<th role=\"rowheader\" scope=\"row\"><a href=\"#t%" PRId64 "\"><bdi>", i);
    qni_html_foreign(html, ticker->ticker, QNI_PAGE_NAME);
    qni_html_raw(html, "</bdi></a> <small>");
    qni_html_foreign(html, ticker->sector, QNI_PAGE_NAME);
    qni_html_raw(html, "</small></th>");
    cell(html, "text", "Report");
    qni_page_day(html, ticker->event.day);
    qni_html_raw(html, " <small>");
    qni_page_timing(html, ticker->event.timing, ticker->event.timing_inferred);
    qni_html_raw(html, "</small>");
    cell_end(html);
    cell(html, "", "Implied move");
    qni_page_plus_minus(html, ticker->event.implied_move, ticker->event.implied_move_error);
    cell_end(html);
    cell(html, "", "Past moves");
    qni_html_percent(html, ticker->history.expected, 2);
    qni_html_printf(html, " <small>of %" PRId64 "</small>", ticker->history.used);
    cell_end(html);
    write_ratio_cell(html, &ticker->vrp, least, most);
    cell(html, "text", "Premium");
    qni_page_tier(html, ticker->vrp.tier, "none");
    cell_end(html);
    cell(html, "text", "Liquidity");
    qni_page_tier(html, ticker->liquidity.tier, qn_tier_name(QN_TIER_REJECT));
    cell_end(html);
    cell(html, "", "Score");
    qni_html_number(html, ticker->score.total, 0);
    cell_end(html);
    write_trade_cell(html, ticker);
    qni_html_raw(html, "</tr>\n");
}

static void write_overview(qni_html *html, const qn_scan *scan)
{
    static const char *const heads[] = {"#text",  "Ticker|text",  "Report|text",    "Implied move|", "Past moves|",
                                        "Ratio|", "Premium|text", "Liquidity|text", "Score|",        "Best trade|text"};
    double least, most;
    ratio_scale(&least, &most, scan);
    if (scan->ticker_count == 0) {
        qni_html_raw(html, "<p class=\"note\">No ticker could be judged.</p>\n");
        return;
    }
    qni_html_raw(
        html, "<table class=\"overview\" id=\"tickers\" role=\"table\" aria-label=\"Tickers, best score first\"><thead "
              "role=\"rowgroup\"><tr role=\"row\">");
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        int size = (int)strcspn(heads[i], i == 0 ? "t" : "|");
        qni_html_printf(html, "<th role=\"columnheader\" scope=\"col\" class=\"%s\">%.*s</th>",
                        heads[i] + size + (i > 0), size, heads[i]);
    }
    qni_html_raw(html, "</tr></thead><tbody role=\"rowgroup\">\n");
    for (int64_t i = 0; i < scan->ticker_count; i++)
        write_row(html, scan, i, least, most);
    qni_html_raw(html, "</tbody></table>\n");
    write_tiers(html, scan);
}

/* ---- the rest ---- */

static void write_rejected(qni_html *html, const qn_scan *scan)
{
    if (scan->rejected_count == 0)
        return;
    qni_html_raw(html, "<section aria-labelledby=\"rejected\"><h2 id=\"rejected\">Rejected</h2>\n"
                       "<dl class=\"reasons\">\n");
    for (int64_t i = 0; i < scan->rejected_count; i++) {
        const char *ticker = scan->rejected[i].ticker;
        qni_html_raw(html, "<div><dt><bdi>");
        qni_html_foreign(html, ticker != NULL && ticker[0] != '\0' ? ticker : "not told", QNI_PAGE_NAME);
        qni_html_raw(html, "</bdi></dt><dd>");
        qni_html_foreign(html, scan->rejected[i].reason, QNI_PAGE_SENTENCE);
        qni_html_raw(html, "</dd></div>\n");
    }
    qni_html_raw(html, "</dl></section>\n");
}

static void write_setting(qni_html *html, const char **heading, const char *group, const char *name, double value,
                          double otherwise, const char *help)
{
    if (*heading == NULL || strcmp(*heading, group) != 0)
        qni_html_printf(html, "<tr><th colspan=\"4\" scope=\"rowgroup\" class=\"group\">%s</th></tr>", group);
    *heading = group;
    qni_html_printf(html, "<tr%s><th scope=\"row\">%s</th><td>", value == otherwise ? "" : " class=\"changed\"", name);
    qni_page_plain(html, value);
    qni_html_raw(html, "</td><td>");
    qni_page_plain(html, otherwise);
    qni_html_printf(html, "</td><td class=\"text\">%s</td></tr>\n", help);
}

/* Those that are not at their default, a sentence. */
static void write_changed(qni_html *html, const qn_scan *scan)
{
    const char *between = "What was set: ";
#define CHANGED(field, name, otherwise, least, most, group, help) \
    if (scan->settings.field != (otherwise)) {                    \
        qni_html_printf(html, "%s<b>%s</b> ", between, name);     \
        qni_page_plain(html, scan->settings.field);               \
        between = ", ";                                           \
    }
    QN_SCAN_SETTING_LIST(CHANGED)
#undef CHANGED
    qni_html_raw(html, between[0] == ',' ? "; all else is at its default." : "All are at their defaults.");
}

static void write_settings(qni_html *html, const qn_scan *scan)
{
    const char *heading = NULL;
    qni_html_raw(html, "<section aria-labelledby=\"settings\"><h2 id=\"settings\">Settings that held</h2>\n<p>");
    write_changed(html, scan);
    qni_html_printf(html, " Time is counted by the %s clock.</p>\n<details><summary>All settings</summary>\n",
                    qn_clock_name(scan->clock));
    qni_page_table(html, "Settings", "<Setting|Value|Default|<What it is");
#define SETTING(field, name, otherwise, least, most, group, help) \
    write_setting(html, &heading, group, name, scan->settings.field, otherwise, help);
    QN_SCAN_SETTING_LIST(SETTING)
#undef SETTING
    qni_page_table_end(html);
    qni_html_raw(html, "</details></section>\n");
}

static void write_stage(qni_html *html, const char *name, double seconds, double all)
{
    qni_html_printf(html, "<tr><th scope=\"row\">%s</th><td>", name);
    qni_html_number(html, 1000 * seconds, 2);
    qni_html_raw(html, "</td><td>");
    qni_html_percent(html, all > 0 ? seconds / all : NAN, 1);
    qni_html_raw(html, "</td><td class=\"text share\"><i style=\"width:");
    qni_html_coordinate(html, all > 0 ? fmin(fmax(100 * seconds / all, 0), 100) : 0);
    qni_html_raw(html, "%\"></i></td></tr>\n");
}

static void write_times(qni_html *html, const qn_scan *scan)
{
    double all = 0;
#define ADD(field, name) all += scan->field##_seconds;
    QN_SCAN_STAGE_LIST(ADD)
#undef ADD
    qni_html_raw(html, "<section aria-labelledby=\"times\"><h2 id=\"times\">Where the time went</h2>\n<p>");
    qni_html_number(html, 1000 * scan->total_seconds, 1);
    qni_html_raw(html, " ms by the clock on the wall; below, all threads together.</p>\n");
    qni_page_table(html, "Time by stage", "<Stage|ms|Share|<");
#define STAGE(field, name) write_stage(html, name, scan->field##_seconds, all);
    QN_SCAN_STAGE_LIST(STAGE)
#undef STAGE
    qni_page_table_end(html);
    qni_html_raw(html, "</section>\n");
}

qn_status qni_scan_html(const qn_scan *scan, const char *path, const qn_allocator *allocator, qn_error *err)
{
    qni_html html;
    qn_status s = qni_html_begin(&html, path, allocator, err);
    if (s != QN_OK)
        return s;
    write_begin(&html, scan);
    write_facts(&html, scan);
    write_notes(&html, scan);
    qni_html_raw(&html, "</header>\n");
    write_overview(&html, scan);
    for (int64_t i = 0; i < scan->ticker_count; i++)
        qni_page_ticker(&html, scan, i);
    write_rejected(&html, scan);
    write_settings(&html, scan);
    write_times(&html, scan);
    qni_html_raw(&html, "<footer><p>Made by <b>quern scan</b> ");
    qni_html_raw(&html, qn_version());
    qni_html_raw(&html, ". Nothing on this page is advice.</p></footer>\n</main>\n</body>\n</html>\n");
    return qni_html_finish(&html, err);
}
