/* cli/scan_chart_smile.c: volatilities by strike of the expiries around the report: quotes from bid to ask with a dot
 * in the middle, and the curve through them. */
#include "cli/scan_html_int.h"

#include "base/time.h"

#include <math.h>
#include <string.h>

enum {
    SMILES = 3,
    NAMES_ROOM = 58
};

static const char *const colours[SMILES] = {"blue", "vermilion", "green"};

typedef struct smiles {
    const qn_smile *smile[SMILES]; /* (count) earliest first */
    int count;
    double low, high;      /* strikes that are shown */
    double floor, ceiling; /* volatilities, per cent */
} smiles;

static bool is_shown(const smiles *s, const qn_smile_point *p)
{
    return p->weight > 0 && isfinite(p->mid_vol) && p->strike >= s->low && p->strike <= s->high;
}

static void collect(smiles *s, const qn_scan_ticker *ticker)
{
    const int64_t wanted[SMILES] = {ticker->event.before, ticker->event.first, ticker->event.second};
    *s = (smiles){.count = 0};
    for (int i = 0; i < SMILES; i++) {
        if (ticker->surface == NULL || wanted[i] < 0 || wanted[i] >= ticker->surface->smile_count)
            continue;
        const qn_smile *smile = &ticker->surface->smiles[wanted[i]];
        if (smile->shape != QN_SMILE_NONE && smile->used > 0 && smile->forward > 0 && smile->years > 0)
            s->smile[s->count++] = smile;
    }
}

static double volatility(const qn_smile *smile, double strike)
{
    return 100 * sqrt(qn_smile_variance(smile, log(strike / smile->forward)) / smile->years);
}

/* The strikes that were used, as far as the price may come. */
static void choose_strikes(smiles *s)
{
    const qn_smile *last = s->smile[s->count - 1];
    double reach = QNI_PAGE_REACH * last->atm_vol * sqrt(last->years), low = INFINITY, high = -INFINITY;
    reach = reach > QNI_PAGE_REACH_LEAST ? reach : QNI_PAGE_REACH_LEAST;
    for (int i = 0; i < s->count; i++)
        for (int64_t k = 0; k < s->smile[i]->point_count; k++) {
            const qn_smile_point *p = &s->smile[i]->points[k];
            if (p->weight > 0 && fabs(log(p->strike / last->forward)) <= reach) {
                low = fmin(low, p->strike);
                high = fmax(high, p->strike);
            }
        }
    s->low = low <= high ? low : last->forward * exp(-reach);
    s->high = low < high ? high : last->forward * exp(reach);
}

static void include(smiles *s, double value)
{
    if (isfinite(value)) {
        s->floor = fmin(s->floor, value);
        s->ceiling = fmax(s->ceiling, value);
    }
}

/* Curves and middles decide; of bars, which may reach far, only what is near. */
static void choose_volatilities(smiles *s)
{
    s->floor = INFINITY;
    s->ceiling = -INFINITY;
    for (int i = 0; i < s->count; i++) {
        include(s, volatility(s->smile[i], s->low));
        include(s, volatility(s->smile[i], s->high));
        include(s, 100 * s->smile[i]->atm_vol);
        for (int64_t k = 0; k < s->smile[i]->point_count; k++)
            if (is_shown(s, &s->smile[i]->points[k]))
                include(s, 100 * s->smile[i]->points[k].mid_vol);
    }
    double pad = 0.06 * (s->ceiling - s->floor);
    s->floor = fmax(s->floor - pad, 0);
    s->ceiling += pad;
}

/* Evenly thinned, where there are more points than pixels. */
static int64_t stride_of(const qn_smile *smile)
{
    return smile->point_count / QNI_PAGE_POINTS + 1;
}

static void draw_quotes(const qni_chart *c, const smiles *s, int which)
{
    const qn_smile *smile = s->smile[which];
    qni_html_printf(c->html, "<path class=\"bar %s\" d=\"", colours[which]);
    for (int64_t k = 0; k < smile->point_count; k += stride_of(smile)) {
        const qn_smile_point *p = &smile->points[k];
        if (!is_shown(s, p))
            continue;
        qni_html_raw(c->html, "M");
        qni_chart_point(c, qni_chart_x(c, p->strike), qni_chart_y(c, 100 * (isfinite(p->bid_vol) ? p->bid_vol : 0)));
        qni_html_raw(c->html, "V");
        qni_html_coordinate(c->html, qni_chart_y(c, 100 * (isfinite(p->ask_vol) ? p->ask_vol : p->mid_vol)));
    }
    qni_html_printf(c->html, "\"/><path class=\"dot %s\" d=\"", colours[which]);
    for (int64_t k = 0; k < smile->point_count; k += stride_of(smile)) {
        const qn_smile_point *p = &smile->points[k];
        if (!is_shown(s, p))
            continue;
        qni_html_raw(c->html, "M");
        qni_chart_point(c, qni_chart_x(c, p->strike), qni_chart_y(c, 100 * p->mid_vol));
        qni_html_raw(c->html, "h0");
    }
    qni_html_raw(c->html, "\"/>");
}

/* The curve between two strikes; how high its end is. */
static double draw_curve(const qni_chart *c, const smiles *s, int which, const char *style, double from, double to)
{
    double y = NAN;
    qni_html_printf(c->html, "<path class=\"%s %s\" d=\"", style, colours[which]);
    for (int i = 0; i < QNI_PAGE_CURVE; i++) {
        double share = (double)i / (QNI_PAGE_CURVE - 1), strike = from * (1 - share) + to * share;
        y = qni_chart_y(c, volatility(s->smile[which], strike));
        qni_html_raw(c->html, i == 0 ? "M" : " ");
        qni_chart_point(c, qni_chart_x(c, strike), y);
    }
    qni_html_raw(c->html, "\"/>");
    return y;
}

/* Solid between the strikes that it was fitted to, faint beyond. */
static double draw_smile(const qni_chart *c, const smiles *s, int which)
{
    const qn_smile *smile = s->smile[which];
    double low = INFINITY, high = -INFINITY;
    for (int64_t k = 0; k < smile->point_count; k++)
        if (is_shown(s, &smile->points[k])) {
            low = fmin(low, smile->points[k].strike);
            high = fmax(high, smile->points[k].strike);
        }
    if (low < high)
        (void)draw_curve(c, s, which, "curve", low, high);
    return draw_curve(c, s, which, "beyond", s->low, s->high);
}

static void draw(const qni_chart *c, const smiles *s, double spot)
{
    static const char *const styles[SMILES] = {"name blue", "name vermilion", "name green"};
    qni_chart_name names[SMILES];
    if (spot > s->low && spot < s->high) {
        double x = qni_chart_x(c, spot);
        qni_chart_line(c, "spot", x, c->top, x, c->bottom);
        qni_chart_text(c, "tick", "middle", x, c->top - 4, "spot");
    }
    for (int i = 0; i < s->count; i++)
        draw_quotes(c, s, i);
    for (int i = 0; i < s->count; i++) {
        char day[QNI_TIME_TEXT_SIZE];
        names[i] = (qni_chart_name){.y = draw_smile(c, s, i), .style = styles[i]};
        if (qni_date_text(day, s->smile[i]->expiry) == 10)
            memcpy(names[i].text, day + 5, 6);
    }
    qni_chart_names(c, names, s->count);
}

void qni_chart_smile(qni_html *html, const qn_scan_ticker *ticker, int64_t index)
{
    smiles s;
    qni_chart c;
    collect(&s, ticker);
    if (s.count == 0)
        return;
    choose_strikes(&s);
    choose_volatilities(&s);
    qni_chart_begin(&c, html, "smile", index, ticker->ticker, "Smiles around the report");
    for (int i = 0; i < s.count; i++) {
        qni_page_day_text(html, s.smile[i]->expiry);
        qni_html_raw(html, ": ");
        qni_html_percent(html, s.smile[i]->atm_vol, 1);
        qni_html_raw(html, " at the money. ");
    }
    qni_chart_frame(&c, NAMES_ROOM);
    qni_axis_init(&c.x, false, s.low, s.high);
    qni_axis_init(&c.y, false, s.floor, s.ceiling);
    qni_chart_y_axis(&c, "volatility, % a year");
    qni_chart_x_axis(&c, "strike, $");
    draw(&c, &s, ticker->spot);
    qni_chart_end(&c);
    qni_html_raw(html, "Quotes from bid to ask and the curve through them, dashed where there are none, by expiry; "
                       "the report is on ");
    qni_page_day(html, ticker->event.day);
    qni_html_raw(html, ".");
    qni_chart_close(&c);
}
