/* cli/html.c: tags as they stand, and all else escaped. */
#include "cli/html.h"

#include "cli/digits.h"
#include "cli/text.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PLAIN_BELOW 1e7  /* where digits.h goes over to exponents */
#define WHOLE_BELOW 1e15 /* whole numbers of which every digit is known */

static const char minus[] = "\xE2\x88\x92", en_dash[] = "\xE2\x80\x93";

qn_status qni_html_begin(qni_html *html, const char *path, const qn_allocator *allocator, qn_error *err)
{
    *html = (qni_html){.status = QN_OK};
    return qni_file_open(&html->writer, path, allocator, err);
}

qn_status qni_html_finish(qni_html *html, qn_error *err)
{
    qni_file_writer *writer = html->writer;
    html->writer = NULL;
    if (html->status == QN_OK)
        return qni_file_commit(writer, err);
    qni_file_abandon(writer);
    if (err != NULL)
        *err = html->error;
    return html->status;
}

static void put(qni_html *html, const char *bytes, int64_t size)
{
    if (html->status == QN_OK)
        html->status = qni_file_write(html->writer, bytes, size, &html->error);
}

void qni_html_raw(qni_html *html, const char *text)
{
    put(html, text, (int64_t)strlen(text));
}

void qni_html_printf(qni_html *html, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    assert(n >= 0 && n < (int)sizeof text);
    put(html, text, n < (int)sizeof text ? n : (int)sizeof text - 1);
}

/* What stands for a character; NULL: itself. */
static const char *escape_of(int32_t code)
{
    switch (code) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return code < 0 || qni_text_is_control(code) || code == 0xFFFE || code == 0xFFFF ? "\xEF\xBF\xBD" : NULL;
    }
}

void qni_html_foreign(qni_html *html, const char *text, int64_t limit)
{
    if (text == NULL)
        return;
    const char *end = text + strlen(text), *from = text, *at = text;
    while (at < end) {
        int32_t code;
        int size = qni_text_next(&code, at, end);
        if (at + size - text > limit)
            break;
        const char *escape = escape_of(code);
        if (escape != NULL) {
            put(html, from, at - from);
            qni_html_raw(html, escape);
            from = at + size;
        }
        at += size;
    }
    put(html, from, at - from);
    if (at < end)
        qni_html_raw(html, "\xE2\x80\xA6");
}

/* The digits of |value| without an exponent where that can be. */
static void write_digits(char out[QNI_DIGITS_SIZE], double magnitude, int decimals)
{
    if (magnitude >= PLAIN_BELOW && magnitude < WHOLE_BELOW)
        (void)snprintf(out, QNI_DIGITS_SIZE, "%" PRId64, (int64_t)llround(magnitude));
    else
        (void)qni_digits_write(out, magnitude, -decimals);
}

void qni_html_number(qni_html *html, double value, int decimals)
{
    char digits[QNI_DIGITS_SIZE];
    if (isnan(value)) {
        qni_html_raw(html, en_dash);
        return;
    }
    write_digits(digits, fabs(value), decimals);
    if (value < 0 && strspn(digits, "0.") != strlen(digits))
        qni_html_raw(html, minus);
    if (isinf(value)) {
        qni_html_raw(html, "\xE2\x88\x9E");
        return;
    }
    size_t whole = strcspn(digits, ".e");
    for (size_t i = 0; i < whole; i++) {
        if (i > 0 && (whole - i) % 3 == 0)
            put(html, ",", 1);
        put(html, digits + i, 1);
    }
    qni_html_raw(html, digits + whole);
}

void qni_html_percent(qni_html *html, double fraction, int decimals)
{
    qni_html_number(html, 100 * fraction, decimals);
    if (!isnan(fraction))
        qni_html_raw(html, "\xE2\x80\xAF%");
}

void qni_html_signed(qni_html *html, double value, int decimals)
{
    if (value > 0)
        qni_html_raw(html, "+");
    qni_html_number(html, value, decimals);
}

void qni_html_coordinate(qni_html *html, double value)
{
    char text[32];
    bool usable = fabs(value) < 1e6;
    int64_t hundredths = usable ? (int64_t)llround(100 * value) : 0, size = hundredths < 0 ? -hundredths : hundredths;
    int n = snprintf(text, sizeof text, "%s%" PRId64 ".%02d", hundredths < 0 ? "-" : "", size / 100, (int)(size % 100));
    while (text[n - 1] == '0')
        n--;
    put(html, text, text[n - 1] == '.' ? n - 1 : n);
}
