/* cli/scan_html_words.c: days, times, tiers, facts and tables, as all parts of the report write them. */
#include "cli/scan_html_int.h"

#include "base/number.h"
#include "base/time.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

void qni_page_day_text(qni_html *html, int32_t day)
{
    char text[QNI_TIME_TEXT_SIZE];
    qni_html_raw(html, qni_date_text(text, day) > 0 ? text : "–");
}

void qni_page_day(qni_html *html, int32_t day)
{
    char text[QNI_TIME_TEXT_SIZE];
    if (qni_date_text(text, day) > 0)
        qni_html_printf(html, "<time datetime=\"%s\">%s</time>", text, text);
    else
        qni_html_raw(html, "–");
}

void qni_page_moment(qni_html *html, int64_t us)
{
    int32_t day;
    int64_t seconds;
    if (us == 0) {
        qni_html_raw(html, "a time that is not known");
        return;
    }
    qn_market_local(&day, &seconds, us);
    qni_page_day_text(html, day);
    qni_html_printf(html, " %02d:%02d in New York", (int)(seconds / 3600), (int)(seconds / 60 % 60));
}

void qni_page_timing(qni_html *html, uint8_t timing, bool inferred)
{
    static const char *const words[] = {[QN_TIMING_UNKNOWN] = "time not known",
                                        [QN_TIMING_BEFORE_OPEN] = "before the open",
                                        [QN_TIMING_AFTER_CLOSE] = "after the close",
                                        [QN_TIMING_DURING] = "during the session"};
    qni_html_raw(html, timing < sizeof words / sizeof words[0] ? words[timing] : words[0]);
    if (inferred)
        qni_html_raw(html, " <abbr title=\"not told by the calendar: inferred from past reactions\">inferred</abbr>");
}

void qni_page_plus_minus(qni_html *html, double value, double error)
{
    qni_html_number(html, 100 * value, 2);
    if (!isnan(value) && !isnan(error)) {
        qni_html_raw(html, " ± ");
        qni_html_number(html, 100 * error, 2);
    }
    if (!isnan(value))
        qni_html_raw(html, "\xE2\x80\xAF%");
}

void qni_page_strike(qni_html *html, double strike)
{
    qni_html_number(html, strike, strike == floor(strike) ? 0 : 2);
}

void qni_page_plain(qni_html *html, double value)
{
    char text[QNI_NUMBER_SIZE];
    bool whole = value == floor(value) && fabs(value) < 1e15;
    (void)qni_number_format(text, value);
    if (whole)
        qni_html_number(html, value, 0);
    else
        qni_html_raw(html, text);
}

void qni_page_name(qni_html *html, const char *name)
{
    for (size_t size; *name != '\0'; name += size + (name[size] != '\0')) {
        size = strcspn(name, "_");
        qni_html_printf(html, name[size] != '\0' ? "%.*s " : "%.*s", (int)size, name);
    }
}

void qni_page_tier(qni_html *html, qn_tier tier, const char *none)
{
    const char *name = qn_tier_name(tier);
    qni_html_printf(html, "<span class=\"tier %s\">%s</span>", name[0] == '?' ? "" : name,
                    tier == QN_TIER_REJECT ? none : name);
}

void qni_page_contracts(qni_html *html, int64_t contracts)
{
    qni_html_printf(html, "%" PRId64 " contract%s", contracts, contracts == 1 ? "" : "s");
}

const char *qni_page_strategy(qn_strategy strategy)
{
    static const char *const words[] = {
#define WORDS(name, value, text, words) [value] = words,
        QN_STRATEGY_LIST(WORDS)
#undef WORDS
    };
    return (size_t)strategy < sizeof words / sizeof words[0] ? words[strategy] : "?";
}

void qni_page_fact(qni_html *html, const char *name)
{
    qni_html_printf(html, "<div><dt>%s</dt><dd>", name);
}

void qni_page_fact_end(qni_html *html)
{
    qni_html_raw(html, "</dd></div>");
}

void qni_page_table(qni_html *html, const char *label, const char *heads)
{
    qni_html_printf(html, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"%s\"><table><thead><tr>",
                    label);
    for (;;) {
        bool text = heads[0] == '<';
        int size = (int)strcspn(heads += text, "|");
        qni_html_printf(html, "<th scope=\"col\"%s>%.*s</th>", text ? " class=\"text\"" : "", size, heads);
        heads += size;
        if (*heads++ == '\0')
            break;
    }
    qni_html_raw(html, "</tr></thead><tbody>\n");
}

void qni_page_table_end(qni_html *html)
{
    qni_html_raw(html, "</tbody></table></div>\n");
}
