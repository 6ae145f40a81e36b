/* cli/scan_chart_history.c: past moves as bars, the newest at the right; lines for what is expected of the next one and
 * for what the options imply, with its error. */
#include "cli/scan_html_int.h"

#include "base/time.h"

#include <math.h>
#include <string.h>

enum {
    NAMES_ROOM = 86,
    LABEL_ROOM = 52, /* between labels of reports, each 40 wide */
    DAY_TEXT = 7     /* 2025-11 */
};

typedef struct bars {
    const qn_move *moves[QNI_PAGE_MOVES]; /* (count) newest first */
    int count;
    double heaviest;
} bars;

static void collect(bars *b, const qn_history *history)
{
    *b = (bars){.count = 0};
    for (int64_t i = 0; i < history->count && b->count < QNI_PAGE_MOVES; i++) {
        const qn_move *move = &history->moves[i];
        if (move->status != QN_MOVE_OK || !isfinite(move->close))
            continue;
        b->moves[b->count++] = move;
        b->heaviest = fmax(b->heaviest, move->weight);
    }
}

static double top_of(const bars *b, const qn_scan_ticker *ticker)
{
    double top = 0.001;
    for (int i = 0; i < b->count; i++)
        top = fmax(top, fabs(b->moves[i]->close));
    const double others[] = {ticker->event.implied_move + ticker->event.implied_move_error, ticker->event.implied_move,
                             ticker->history.expected};
    for (int i = 0; i < 3; i++)
        if (isfinite(others[i]))
            top = fmax(top, others[i]);
    return 106 * top;
}

/* The rectangle of bar i; what weighs less is paler. */
static void draw_bar(const qni_chart *c, const bars *b, int i)
{
    const qn_move *move = b->moves[i];
    double step = (c->right - c->left) / b->count, width = fmin(0.72 * step, 22);
    double middle = c->right - (i + 0.5) * step, top = qni_chart_y(c, 100 * fabs(move->close));
    double share = b->heaviest > 0 && move->weight >= 0 ? move->weight / b->heaviest : 1;
    qni_html_printf(c->html, "<rect class=\"%s\" x=\"", move->close < 0 ? "fell" : "rose");
    qni_html_coordinate(c->html, middle - width / 2);
    qni_html_raw(c->html, "\" y=\"");
    qni_html_coordinate(c->html, top);
    qni_html_raw(c->html, "\" width=\"");
    qni_html_coordinate(c->html, width);
    qni_html_raw(c->html, "\" height=\"");
    qni_html_coordinate(c->html, fmax(c->bottom - top, 0.5));
    qni_html_raw(c->html, "\" opacity=\"");
    qni_html_coordinate(c->html, 0.35 + 0.65 * fmin(share, 1));
    qni_html_raw(c->html, "\"/>");
}

static void draw_days(const qni_chart *c, const bars *b)
{
    double step = (c->right - c->left) / b->count;
    int each = (int)ceil(LABEL_ROOM / step);
    for (int i = 0; i < b->count; i += each) {
        char day[QNI_TIME_TEXT_SIZE];
        double middle = c->right - (i + 0.5) * step;
        if (qni_date_text(day, b->moves[i]->day) <= DAY_TEXT)
            continue;
        day[DAY_TEXT] = '\0';
        qni_chart_line(c, "mark", middle, c->bottom, middle, c->bottom + 4);
        qni_chart_text(c, "tick", "middle", fmax(middle, c->left + 4), c->bottom + 16, day);
    }
    qni_chart_text(c, "unit", "end", c->right, c->bottom + 36, "report");
}

/* The band around the implied move, and both lines. */
static void draw_lines(const qni_chart *c, const qn_scan_ticker *ticker)
{
    const qn_event_move *event = &ticker->event;
    double implied = 100 * event->implied_move, error = 100 * event->implied_move_error;
    qni_chart_name names[QNI_CHART_NAMES];
    int count = 0;
    if (isfinite(implied) && isfinite(error)) {
        double high = qni_chart_y(c, implied + error), low = qni_chart_y(c, implied - error);
        qni_html_raw(c->html, "<path class=\"band\" d=\"M");
        qni_chart_point(c, c->left, high);
        qni_html_raw(c->html, "H");
        qni_html_coordinate(c->html, c->right);
        qni_html_raw(c->html, "V");
        qni_html_coordinate(c->html, low);
        qni_html_raw(c->html, "H");
        qni_html_coordinate(c->html, c->left);
        qni_html_raw(c->html, "z\"/>");
    }
    if (isfinite(implied)) {
        names[count] = (qni_chart_name){.y = qni_chart_y(c, implied), .style = "name vermilion", .text = "implied"};
        qni_chart_line(c, "curve vermilion", c->left, names[count].y, c->right, names[count].y);
        count++;
    }
    if (isfinite(ticker->history.expected)) {
        double y = qni_chart_y(c, 100 * ticker->history.expected);
        names[count] = (qni_chart_name){.y = y, .style = "name ink", .text = "expected"};
        qni_chart_line(c, "curve dashed", c->left, y, c->right, y);
        count++;
    }
    qni_chart_names(c, names, count);
}

static void write_words(qni_html *html, const bars *b, const qn_scan_ticker *ticker)
{
    qni_html_printf(html, "Absolute moves from close to close at %d past reports, the newest at the right. ", b->count);
    qni_html_raw(html, "Expected of the next one: ");
    qni_html_percent(html, ticker->history.expected, 2);
    qni_html_raw(html, "; implied by the options: ");
    qni_page_plus_minus(html, ticker->event.implied_move, ticker->event.implied_move_error);
    qni_html_raw(html, ".");
}

void qni_chart_history(qni_html *html, const qn_scan_ticker *ticker, int64_t index)
{
    bars b;
    qni_chart c;
    collect(&b, &ticker->history);
    if (b.count == 0)
        return;
    qni_chart_begin(&c, html, "history", index, ticker->ticker, "Past moves and the implied one");
    write_words(html, &b, ticker);
    qni_chart_frame(&c, NAMES_ROOM);
    qni_axis_init(&c.x, false, 0, 1);
    qni_axis_init(&c.y, false, 0, top_of(&b, ticker));
    qni_chart_y_axis(&c, "move, %");
    for (int i = 0; i < b.count; i++)
        draw_bar(&c, &b, i);
    draw_days(&c, &b);
    draw_lines(&c, ticker);
    qni_chart_end(&c);
    qni_html_raw(html, "The share <span class=\"key\"><i class=\"rose\"></i>rose</span> or "
                       "<span class=\"key\"><i class=\"fell\"></i>fell</span>; paler bars count less. The band is the "
                       "implied move ± its error.");
    qni_chart_close(&c);
}
