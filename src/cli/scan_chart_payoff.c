/* cli/scan_chart_payoff.c: what the best trade brings when its first leg expires, over the price of the share then;
 * behind it how likely the outlook takes these prices to be. */
#include "cli/scan_html_int.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define TAIL         0.004 /* of the outlook at either side, that is not shown */
#define DENSITY_PART 0.8   /* of the box's height, that the likeliest price reaches */

enum {
    RIGHT = 12,
    HEAD = 30, /* above the box's data: names of strikes */
    ROW = 13,  /* between them */
    CORNERS = QNI_PAGE_CURVE + 2 * QN_LEGS_MAX + 3
};

typedef struct picture {
    const qn_scan_ticker *ticker;
    const qn_trade *trade;
    double low, high; /* prices that are shown */
    double x[CORNERS], y[CORNERS];
    int count; /* corners of the payoff */
} picture;

static bool one_expiry(const qn_trade *trade)
{
    for (int64_t i = 1; i < trade->leg_count; i++)
        if (trade->legs[i].expiry != trade->legs[0].expiry)
            return false;
    return true;
}

static double profit_at(const picture *p, double price)
{
    return qn_trade_profit(p->ticker, p->trade, price);
}

static void widen(picture *p, double price)
{
    if (isfinite(price) && price > 0) {
        p->low = fmin(p->low, price);
        p->high = fmax(p->high, price);
    }
}

/* Strikes, break-evens and all prices but the unlikeliest. */
static void choose_prices(picture *p)
{
    const qn_outlook *outlook = &p->ticker->outlook;
    double below = 0;
    p->low = INFINITY;
    p->high = -INFINITY;
    for (int64_t i = 0; i < p->trade->leg_count; i++)
        widen(p, p->trade->legs[i].strike);
    for (int64_t i = 0; i < p->trade->payoff.breakeven_count; i++)
        widen(p, p->trade->payoff.breakevens[i]);
    for (int64_t i = 0; i < outlook->count; below += outlook->weight[i], i++)
        if (below + outlook->weight[i] > TAIL && below < 1 - TAIL)
            widen(p, outlook->price[i]);
    double pad = 0.03 * (p->high - p->low);
    pad = pad > 0 ? pad : 0.05 * p->high;
    p->low = fmax(p->low - pad, 0);
    p->high += pad;
}

static void add_corner(picture *p, double price)
{
    int at = p->count;
    for (; at > 0 && p->x[at - 1] >= price; at--)
        if (p->x[at - 1] == price)
            return;
    assert(p->count < CORNERS);
    memmove(p->x + at + 1, p->x + at, (size_t)(p->count - at) * sizeof *p->x);
    p->x[at] = price;
    p->count++;
}

/* Ends, strikes, and where the sign changes: between them everything is straight. Of legs that expire on several days,
 * whose payoff is a curve, points of it as well. */
static void find_corners(picture *p)
{
    int pieces = one_expiry(p->trade) ? 1 : QNI_PAGE_CURVE;
    for (int i = 0; i <= pieces; i++)
        add_corner(p, p->low + (p->high - p->low) * i / pieces);
    for (int64_t i = 0; i < p->trade->leg_count; i++)
        add_corner(p, p->trade->legs[i].strike);
    const int corners = p->count;
    double crossings[CORNERS];
    int crossing_count = 0;
    for (int i = 1; i < corners; i++) {
        double a = profit_at(p, p->x[i - 1]), b = profit_at(p, p->x[i]);
        if ((a < 0) != (b < 0) && a != b)
            crossings[crossing_count++] = p->x[i - 1] + (p->x[i] - p->x[i - 1]) * a / (a - b);
    }
    for (int i = 0; i < crossing_count && p->count < CORNERS; i++)
        add_corner(p, crossings[i]);
    for (int i = 0; i < p->count; i++)
        p->y[i] = profit_at(p, p->x[i]);
}

static bool is_known(const picture *p)
{
    for (int i = 0; i < p->count; i++)
        if (!isfinite(p->y[i]))
            return false;
    return p->count >= 2;
}

/* The share of the outlook below a price: the weight of each point is spread from halfway to the one before to halfway
 * to the one after. `*i` and `*below` go on from the price before. */
static double share_below(const qn_outlook *o, double price, int64_t *i, double *below)
{
    for (; *i < o->count; ++*i) {
        double here = o->price[*i], before = *i > 0 ? o->price[*i - 1] : here;
        double after = *i + 1 < o->count ? o->price[*i + 1] : here, from = (before + here) / 2, to = (here + after) / 2;
        if (price < to)
            return *below + (price > from ? o->weight[*i] * (price - from) / (to - from) : 0);
        *below += o->weight[*i];
    }
    return *below;
}

static void draw_density(const qni_chart *c, const picture *p)
{
    double bins[QNI_PAGE_BINS], smooth[QNI_PAGE_BINS], below = 0, last = 0, most = 0;
    int64_t at = 0;
    if (p->ticker->outlook.count < 2)
        return;
    last = share_below(&p->ticker->outlook, p->low, &at, &below);
    for (int i = 0; i < QNI_PAGE_BINS; i++) {
        double to = p->low + (p->high - p->low) * (i + 1) / QNI_PAGE_BINS;
        double share = share_below(&p->ticker->outlook, to, &at, &below);
        bins[i] = share - last;
        last = share;
    }
    for (int i = 0; i < QNI_PAGE_BINS; i++) {
        int before = i > 0 ? i - 1 : i, after = i + 1 < QNI_PAGE_BINS ? i + 1 : i;
        smooth[i] = (bins[before] + 2 * bins[i] + bins[after]) / 4;
        most = fmax(most, smooth[i]);
    }
    if (!(most > 0))
        return;
    qni_html_raw(c->html, "<path class=\"density\" d=\"M");
    qni_chart_point(c, c->left, c->bottom);
    for (int i = 0; i < QNI_PAGE_BINS; i++) {
        double x = c->left + (c->right - c->left) * (i + 0.5) / QNI_PAGE_BINS;
        qni_html_raw(c->html, " ");
        qni_chart_point(c, x, c->bottom - DENSITY_PART * (c->bottom - c->top) * smooth[i] / most);
    }
    qni_html_raw(c->html, " ");
    qni_chart_point(c, c->right, c->bottom);
    qni_html_raw(c->html, "z\"/>");
}

/* The area between the payoff and nothing, above (sign 1) or below it. */
static void draw_payoff(const qni_chart *c, const picture *p, int sign)
{
    qni_html_printf(c->html, "<path class=\"%s\" d=\"M", sign > 0 ? "gain" : "loss");
    qni_chart_point(c, qni_chart_x(c, p->low), qni_chart_y(c, 0));
    for (int i = 0; i < p->count; i++) {
        qni_html_raw(c->html, " ");
        qni_chart_point(c, qni_chart_x(c, p->x[i]), qni_chart_y(c, sign * p->y[i] > 0 ? p->y[i] : 0));
    }
    qni_html_raw(c->html, " ");
    qni_chart_point(c, qni_chart_x(c, p->high), qni_chart_y(c, 0));
    qni_html_raw(c->html, "z\"/>");
}

static void draw_curve(const qni_chart *c, const picture *p)
{
    qni_html_raw(c->html, "<path class=\"curve ink\" d=\"");
    for (int i = 0; i < p->count; i++) {
        qni_html_raw(c->html, i == 0 ? "M" : " ");
        qni_chart_point(c, qni_chart_x(c, p->x[i]), qni_chart_y(c, p->y[i]));
    }
    qni_html_raw(c->html, "\"/>");
}

/* The name of a strike over the box, to the right of what stands there already, up to *end. */
static void draw_strike(const qni_chart *c, double strike, int row, double *end)
{
    double half = strike == floor(strike) ? 2.0 + 3.3 * (strike >= 1000 ? 5 : 3) : 22;
    double x = fmin(fmax(qni_chart_x(c, strike), *end + half), c->right + 10 - half);
    *end = x + half;
    qni_html_raw(c->html, "<text class=\"tick\" text-anchor=\"middle\" x=\"");
    qni_html_coordinate(c->html, x);
    qni_html_raw(c->html, "\" y=\"");
    qni_html_coordinate(c->html, c->top - HEAD + ROW * (row + 1) - 3);
    qni_html_raw(c->html, "\">");
    qni_page_strike(c->html, strike);
    qni_html_raw(c->html, "</text>");
}

/* Whether a leg of that strike is sold (row 0) or bought (row 1). */
static bool stands_in_row(const qn_trade *trade, double strike, int row)
{
    for (int64_t i = 0; i < trade->leg_count; i++)
        if (trade->legs[i].strike == strike && (trade->legs[i].quantity < 0) == (row == 0))
            return true;
    return false;
}

/* The least strike above another; infinity: none. */
static double strike_after(const qn_trade *trade, double other)
{
    double next = INFINITY;
    for (int64_t i = 0; i < trade->leg_count; i++)
        if (trade->legs[i].strike > other)
            next = fmin(next, trade->legs[i].strike);
    return next;
}

/* A line at each strike; what is sold in one row above the box, what is bought in another. */
static void draw_strikes(const qni_chart *c, const picture *p)
{
    static const char *const names[] = {"sold", "bought"};
    double ends[2] = {c->left + 4, c->left + 4};
    double k = -INFINITY;
    while (isfinite(k = strike_after(p->trade, k))) {
        qni_chart_line(c, "strike", qni_chart_x(c, k), c->top, qni_chart_x(c, k), c->bottom);
        for (int row = 0; row < 2; row++) {
            if (!stands_in_row(p->trade, k, row))
                continue;
            if (ends[row] == c->left + 4) /* the first one */
                qni_chart_text(c, "tick", "start", 0, c->top - HEAD + ROW * (row + 1) - 3, names[row]);
            draw_strike(c, k, row, &ends[row]);
        }
    }
}

/* A dot at each break-even, its price where the payoff leaves room: a single one on the side that loses; of several
 * outside of them, above nothing where the trade loses there, else below. */
static void draw_breakevens(const qni_chart *c, const picture *p)
{
    const int64_t count = p->trade->payoff.breakeven_count;
    const bool begins_with_loss = p->y[0] < 0, ends_with_loss = p->y[p->count - 1] < 0;
    const double y = qni_chart_y(c, 0);
    for (int64_t i = 0; i < count; i++) {
        double price = p->trade->payoff.breakevens[i], x = qni_chart_x(c, price);
        bool left = count == 1 ? begins_with_loss : 2 * i < count;
        bool above = count == 1 || (left ? begins_with_loss : ends_with_loss);
        qni_chart_line(c, "dot ink", x, y, x, y);
        qni_html_raw(c->html, "<text class=\"strong\" x=\"");
        qni_html_coordinate(c->html, left ? x - 6 : x + 6);
        qni_html_raw(c->html, "\" y=\"");
        qni_html_coordinate(c->html, above ? y - 6 : y + 14);
        qni_html_printf(c->html, "\" text-anchor=\"%s\">", left ? "end" : "start");
        qni_html_number(c->html, price, 2);
        qni_html_raw(c->html, "</text>");
    }
}

static void make_axes(qni_chart *c, const picture *p)
{
    double low = 0, high = 0;
    for (int i = 0; i < p->count; i++) {
        low = fmin(low, p->y[i]);
        high = fmax(high, p->y[i]);
    }
    double pad = 0.08 * (high - low);
    qni_axis_init(&c->x, false, p->low, p->high);
    qni_axis_init(&c->y, false, low - pad, high + pad);
}

static void write_words(qni_html *html, const picture *p)
{
    const qn_payoff *payoff = &p->trade->payoff;
    qni_html_raw(html, "Profit per share over the price of the share at expiry. At most ");
    qni_html_number(html, payoff->max_profit, 2);
    qni_html_raw(html, ", at worst ");
    qni_html_number(html, -payoff->max_loss, 2);
    qni_html_raw(html, ". Break-even at");
    for (int64_t i = 0; i < payoff->breakeven_count; i++) {
        qni_html_raw(html, i > 0 ? " and " : " ");
        qni_html_number(html, payoff->breakevens[i], 2);
    }
    qni_html_raw(html, payoff->breakeven_count > 0 ? "." : " no price.");
}

static void draw(qni_chart *c, const picture *p)
{
    c->top += HEAD;
    make_axes(c, p);
    draw_density(c, p);
    draw_payoff(c, p, 1);
    draw_payoff(c, p, -1);
    qni_chart_y_axis(c, "profit per share, $");
    qni_chart_x_axis(c, "price of the share, $");
    draw_strikes(c, p);
    draw_curve(c, p);
    draw_breakevens(c, p);
}

void qni_chart_payoff(qni_html *html, const qn_scan_ticker *ticker, int64_t index)
{
    picture p = {.ticker = ticker};
    qni_chart c;
    char heading[64];
    if (ticker->best < 0 || ticker->trades == NULL || ticker->trades[ticker->best].leg_count == 0)
        return;
    p.trade = &ticker->trades[ticker->best];
    choose_prices(&p);
    if (!(p.low < p.high))
        return;
    find_corners(&p);
    if (!is_known(&p))
        return;
    (void)snprintf(heading, sizeof heading, "Payoff of the %s at expiry", qni_page_strategy(p.trade->strategy));
    qni_chart_begin(&c, html, "payoff", index, ticker->ticker, heading);
    write_words(html, &p);
    qni_chart_frame(&c, RIGHT);
    draw(&c, &p);
    qni_chart_end(&c);
    qni_html_raw(html, "Commissions included. The grey hill is how likely the outlook takes each price to be; dots are "
                       "break-evens.");
    qni_chart_close(&c);
}
