/* cli/scan_html_int.h: what the files of the report share: scan_html.c makes the page, scan_html_ticker.c a ticker's
 * section, scan_html_words.c what both are made of, scan_html_trade.c its trades, scan_html_style.c says how it
 * looks, scan_chart*.c draw. */
#ifndef QNI_CLI_SCAN_HTML_INT_H
#define QNI_CLI_SCAN_HTML_INT_H

#include "cli/html.h"
#include "cli/limits.h"
#include "plot/ticks.h"

#include <quern/scan.h>

/* ---- words ---- */

void qni_page_day(qni_html *html, int32_t day);                       /* 2026-02-25, as a <time> */
void qni_page_day_text(qni_html *html, int32_t day);                  /* the same without a tag */
void qni_page_moment(qni_html *html, int64_t us);                     /* 2026-02-13 16:00 in New York */
void qni_page_timing(qni_html *html, uint8_t timing, bool inferred);  /* after the close (inferred) */
void qni_page_plus_minus(qni_html *html, double value, double error); /* of fractions: 5.43 ± 0.31 % */
void qni_page_strike(qni_html *html, double strike);                  /* 187.50, 190 */
void qni_page_plain(qni_html *html, double value);                    /* the shortest text: 0.85, 100,000 */
void qni_page_name(qni_html *html, const char *name);                 /* of ours: "one sided" of one_sided */
void qni_page_tier(qni_html *html, qn_tier tier, const char *none);   /* a badge; `none`: what a REJECT is called */
void qni_page_contracts(qni_html *html, int64_t contracts);           /* 1 contract */
const char *qni_page_strategy(qn_strategy strategy);                  /* "iron condor" */

/* One of a list of facts: its name, with the value to follow until the end. */
void qni_page_fact(qni_html *html, const char *name);
void qni_page_fact_end(qni_html *html);

/* A table in a box that scrolls, with its head: names separated by '|', of which those that begin with '<' are texts,
 * the others numbers. The label (of ours) says to screen readers what it is. Ends with qni_page_table_end. */
void qni_page_table(qni_html *html, const char *label, const char *heads);
void qni_page_table_end(qni_html *html);

/* ---- parts ---- */

extern const char qni_page_style[]; /* CSS */

/* scan_html_ticker.c: the section of ticker `index`. */
void qni_page_ticker(qni_html *html, const qn_scan *scan, int64_t index);

/* scan_html_trade.c: the best trade with its legs, or that there is none; all strategies, each with its reason. */
void qni_page_best(qni_html *html, const qn_scan *scan, const qn_scan_ticker *ticker);
void qni_page_strategies(qni_html *html, const qn_scan_ticker *ticker);

/* ---- charts ---- */

/* A chart's frame, in SVG's units: the box of the data, and what its sides mean. */
typedef struct qni_chart {
    qni_html *html;
    double left, top, right, bottom;
    qni_axis x, y;
} qni_chart;

/* A name at the right side of the box, at the height of what it names. */
typedef struct qni_chart_name {
    double y;
    const char *style; /* class */
    char text[48];     /* ours */
} qni_chart_name;

enum {
    QNI_CHART_NAMES = 4
};

/* A <figure> with its heading (of ours). What follows, written by the caller, is what the chart shows in words, for who
 * cannot see it, up to qni_chart_frame: the box begins, `right` away from the side. Then what is drawn. After
 * qni_chart_end a sentence below, written by the caller up to qni_chart_close. `kind` is a word that tells this chart
 * from others of ticker `index`, whose name is `ticker`. */
void qni_chart_begin(qni_chart *chart, qni_html *html, const char *kind, int64_t index, const char *ticker,
                     const char *heading);
void qni_chart_frame(qni_chart *chart, double right);
void qni_chart_end(const qni_chart *chart);
void qni_chart_close(const qni_chart *chart);

/* Horizontal lines with labels at ticks of y; the unit of y above them. */
void qni_chart_y_axis(const qni_chart *chart, const char *unit);
/* Ticks with labels along x; what x is below them. */
void qni_chart_x_axis(const qni_chart *chart, const char *what);

/* Where values lie, kept within the box. */
double qni_chart_x(const qni_chart *chart, double value);
double qni_chart_y(const qni_chart *chart, double value);

/* A point of a path: "12.5,80". */
void qni_chart_point(const qni_chart *chart, double x, double y);
/* A line between two places of the chart, of that class. */
void qni_chart_line(const qni_chart *chart, const char *style, double x1, double y1, double x2, double y2);
/* Text of ours; `anchor` start, middle or end. */
void qni_chart_text(const qni_chart *chart, const char *style, const char *anchor, double x, double y,
                    const char *text);
/* Names at the right side (count <= QNI_CHART_NAMES), moved apart where they would touch. Sorts them. */
void qni_chart_names(const qni_chart *chart, qni_chart_name *names, int count);

/* Nothing where there is nothing to draw. */
void qni_chart_smile(qni_html *html, const qn_scan_ticker *ticker, int64_t index);
void qni_chart_history(qni_html *html, const qn_scan_ticker *ticker, int64_t index);
void qni_chart_payoff(qni_html *html, const qn_scan_ticker *ticker, int64_t index);

/* A row's ratio and its interval on the scale of all rows, as a small picture without words. */
void qni_chart_ratio(qni_html *html, const qn_vrp *vrp, double least, double most);

#endif
