/* cli/html.h: HTML, with SVG in it, written to a file that appears whole or not at all.
 *
 * Always: what others wrote (qni_html_foreign) can neither begin nor end an element or an attribute's value, nor turn
 * the direction of what stands beside it, and is no longer than it is allowed to be. After the first failure nothing
 * more is written, and qni_html_finish says why. Everything written is well-formed XML too where its caller's tags are.
 * One thread. */
#ifndef QNI_CLI_HTML_H
#define QNI_CLI_HTML_H

#include "base/file.h"

typedef struct qni_html {
    qni_file_writer *writer; /* NULL after the end */
    qn_status status;        /* of the first failure, whose sentence is in `error` */
    qn_error error;
} qni_html;

/* Begins to write to `path`. Errors: those of qni_file_open. */
QN_MUST_USE qn_status qni_html_begin(qni_html *html, const char *path, const qn_allocator *allocator, qn_error *err);

/* Ends the writing, on failure too. Only after QN_OK is there a new file. */
QN_MUST_USE qn_status qni_html_finish(qni_html *html, qn_error *err);

/* Text of ours with its tags, as it stands. The second for whole numbers and names of ours: nothing that follows the
 * locale, at most 1000 bytes. */
void qni_html_raw(qni_html *html, const char *text);
void qni_html_printf(qni_html *html, const char *format, ...) QN_PRINTF(2, 3);

/* Text that somebody else wrote (NULL: ""), in an element or in a quoted attribute: at most `limit` bytes of it, an
 * ellipsis where there were more. What is not UTF-8, what controls something, and what XML does not allow become
 * U+FFFD. */
void qni_html_foreign(qni_html *html, const char *text, int64_t limit);

/* A number for people, with so many digits after the point, a true minus, and commas between thousands; NaN: an en
 * dash. The second in per cent of a fraction, with the sign; the third always with its sign. */
void qni_html_number(qni_html *html, double value, int decimals);
void qni_html_percent(qni_html *html, double fraction, int decimals);
void qni_html_signed(qni_html *html, double value, int decimals);

/* A coordinate or length of SVG and CSS: two digits after the point at most; 0 for what is not finite or absurd. */
void qni_html_coordinate(qni_html *html, double value);

#endif
