/* cli/scan_chart.c: what all charts of the report are made of: a frame with axes, places, names of curves. SVG in the
 * page, 400 units wide, which is what they measure on most screens, so that text keeps its size; colours are the
 * style's, by class. */
#include "cli/scan_html_int.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum {
    WIDTH = 400,
    HEIGHT = 262,
    LEFT = 40,
    TOP = 26,
    BOTTOM = 40,    /* below the box: labels, and what x is */
    NAME_STEP = 13, /* between names, which are 11 high */
    Y_TICKS = 5,
    X_TICKS = 6
};

void qni_chart_begin(qni_chart *chart, qni_html *html, const char *kind, int64_t index, const char *ticker,
                     const char *heading)
{
    *chart = (qni_chart){.html = html, .left = LEFT, .top = TOP, .right = WIDTH, .bottom = HEIGHT - BOTTOM};
    int at = (int)index;
    qni_html_printf(html, "<figure><figcaption>%s</figcaption>\n", heading);
    qni_html_printf(html, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"%s%d %s%dw\">", WIDTH, HEIGHT,
                    kind, at, kind, at);
    qni_html_printf(html, "<title id=\"%s%d\">", kind, at);
    qni_html_foreign(html, ticker, QNI_PAGE_NAME);
    qni_html_printf(html, ": %s</title><desc id=\"%s%dw\">", heading, kind, at);
}

void qni_chart_frame(qni_chart *chart, double right)
{
    qni_html_raw(chart->html, "</desc>");
    chart->right = WIDTH - right;
}

void qni_chart_end(const qni_chart *chart)
{
    qni_html_raw(chart->html, "</svg>\n<p class=\"more\">");
}

void qni_chart_close(const qni_chart *chart)
{
    qni_html_raw(chart->html, "</p></figure>\n");
}

static double within(double value, double low, double high)
{
    return value > low ? fmin(value, high) : low;
}

double qni_chart_x(const qni_chart *chart, double value)
{
    double place = within(qni_axis_place(&chart->x, value), 0, 1);
    return chart->left + place * (chart->right - chart->left);
}

double qni_chart_y(const qni_chart *chart, double value)
{
    double place = within(qni_axis_place(&chart->y, value), 0, 1);
    return chart->bottom - place * (chart->bottom - chart->top);
}

void qni_chart_point(const qni_chart *chart, double x, double y)
{
    qni_html_coordinate(chart->html, x);
    qni_html_raw(chart->html, ",");
    qni_html_coordinate(chart->html, y);
}

void qni_chart_line(const qni_chart *chart, const char *style, double x1, double y1, double x2, double y2)
{
    qni_html_printf(chart->html, "<path class=\"%s\" d=\"M", style);
    qni_chart_point(chart, x1, y1);
    qni_html_raw(chart->html, "L");
    qni_chart_point(chart, x2, y2);
    qni_html_raw(chart->html, "\"/>");
}

void qni_chart_text(const qni_chart *chart, const char *style, const char *anchor, double x, double y, const char *text)
{
    qni_html_raw(chart->html, "<text x=\"");
    qni_html_coordinate(chart->html, x);
    qni_html_raw(chart->html, "\" y=\"");
    qni_html_coordinate(chart->html, y);
    qni_html_printf(chart->html, "\" class=\"%s\" text-anchor=\"%s\">%s</text>", style, anchor, text);
}

void qni_chart_y_axis(const qni_chart *chart, const char *unit)
{
    qni_ticks ticks;
    char label[80];
    qni_ticks_make(&ticks, &chart->y, Y_TICKS, false);
    for (int i = 0; i < ticks.count; i++) {
        double y = qni_chart_y(chart, ticks.tick[i].value);
        qni_chart_line(chart, ticks.tick[i].value == 0 ? "zero" : "grid", chart->left, y, chart->right, y);
        qni_chart_text(chart, "tick", "end", chart->left - 6, y + 4, ticks.tick[i].label);
    }
    (void)qni_ticks_axis_label(label, sizeof label, &ticks, unit, false);
    qni_chart_text(chart, "unit", "start", 2, 12, label);
}

void qni_chart_x_axis(const qni_chart *chart, const char *what)
{
    qni_ticks ticks;
    char label[80];
    qni_ticks_make(&ticks, &chart->x, X_TICKS, false);
    for (int i = 0; i < ticks.count; i++) {
        double x = qni_chart_x(chart, ticks.tick[i].value);
        qni_chart_line(chart, "mark", x, chart->bottom, x, chart->bottom + 4);
        qni_chart_text(chart, "tick", "middle", x, chart->bottom + 16, ticks.tick[i].label);
    }
    (void)qni_ticks_axis_label(label, sizeof label, &ticks, what, false);
    qni_chart_text(chart, "unit", "end", chart->right, HEIGHT - 4, label);
}

void qni_chart_names(const qni_chart *chart, qni_chart_name *names, int count)
{
    assert(count <= QNI_CHART_NAMES);
    for (int i = 1; i < count; i++) /* from above */
        for (int j = i; j > 0 && names[j].y < names[j - 1].y; j--) {
            qni_chart_name lower = names[j];
            names[j] = names[j - 1];
            names[j - 1] = lower;
        }
    for (int i = 1; i < count; i++)
        names[i].y = fmax(names[i].y, names[i - 1].y + NAME_STEP);
    double over = count > 0 ? names[count - 1].y - chart->bottom : 0;
    for (int i = count - 1; i >= 0 && over > 0; i--) {
        double least = i > 0 ? names[i - 1].y + NAME_STEP : -INFINITY;
        names[i].y -= over;
        over = least - names[i].y;
    }
    for (int i = 0; i < count; i++)
        qni_chart_text(chart, names[i].style, "start", chart->right + 6, names[i].y + 4, names[i].text);
}

void qni_chart_ratio(qni_html *html, const qn_vrp *vrp, double least, double most)
{
    enum {
        LONG = 120
    };
    qni_axis axis;
    if (!(isfinite(vrp->ratio) && vrp->ratio > 0 && least < most))
        return;
    qni_axis_init(&axis, true, least, most);
    qni_chart chart = {.html = html, .left = 5, .right = LONG - 5, .x = axis};
    double low = isfinite(vrp->low) && vrp->low > 0 ? vrp->low : vrp->ratio, high = vrp->high;
    qni_html_printf(html, "<svg class=\"ratio\" viewBox=\"0 0 %d 14\" aria-hidden=\"true\">", LONG);
    qni_chart_line(&chart, "grid", 0, 7, LONG, 7);
    qni_chart_line(&chart, "one", qni_chart_x(&chart, 1), 0, qni_chart_x(&chart, 1), 14);
    qni_chart_line(&chart, "span", qni_chart_x(&chart, low), 7, qni_chart_x(&chart, isfinite(high) ? high : vrp->ratio),
                   7);
    qni_chart_line(&chart, "dot blue", qni_chart_x(&chart, vrp->ratio), 7, qni_chart_x(&chart, vrp->ratio), 7);
    qni_html_raw(html, "</svg>");
}
