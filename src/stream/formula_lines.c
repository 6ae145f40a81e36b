/* stream/formula_lines.c: formulas as they lie in a file, one a line. Nothing is copied: a formula that goes on over
 * several lines is its bytes in the file, for line breaks are blanks in a formula; so each of its bytes has its place.
 *
 * Always: at <= size. Linear in the text. One thread. */
#include "stream/formula_int.h"

#include "base/error.h"

#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Blanks out a comment in the line of bytes first … end - 1: from a # that is not in backticks. */
static void drop_comment(char *bytes, int64_t first, int64_t end)
{
    bool quoted = false;
    for (int64_t i = first; i < end; i++) {
        quoted ^= bytes[i] == '`';
        if (bytes[i] == '#' && !quoted) {
            memset(bytes + i, ' ', (size_t)(end - i));
            return;
        }
    }
}

/* Steps over the next line: its bytes without blanks around them are first … end - 1. False: the text has ended. */
static bool next_line(qni_formula_lines *lines, int64_t *first, int64_t *end)
{
    if (lines->line == 0 && lines->size >= 3 && memcmp(lines->bytes, "\xEF\xBB\xBF", 3) == 0)
        lines->at = 3; /* a byte order mark */
    if (lines->at == lines->size)
        return false;
    const char *newline = memchr(lines->bytes + lines->at, '\n', (size_t)(lines->size - lines->at));
    const int64_t after = newline == NULL ? lines->size : newline - lines->bytes;
    drop_comment(lines->bytes, lines->at, after);
    *first = lines->start = lines->at;
    *end = after;
    while (*first < *end && is_blank(lines->bytes[*first]))
        ++*first;
    while (*end > *first && is_blank(lines->bytes[*end - 1]))
        --*end;
    lines->at = after + (newline != NULL);
    lines->line++;
    return true;
}

qn_status qni_formula_next(qni_formula_text *out, qni_formula_lines *lines, qn_error *err)
{
    char *bytes = lines->bytes;
    int64_t first, end;
    bool goes_on = false; /* by a "\" */
    *out = (qni_formula_text){.text = NULL};
    for (;;) {
        if (!next_line(lines, &first, &end))
            break;
        if (first == end && !goes_on)
            continue; /* empty, also after a ; */
        if (out->text == NULL) {
            *out = (qni_formula_text){.text = bytes + first, .line = lines->line, .column = first - lines->start + 1};
        }
        out->size = bytes + end - out->text;
        goes_on = end > first && bytes[end - 1] == '\\';
        if (goes_on)
            bytes[end - 1] = ' ';
        else if (end == first || bytes[end - 1] != ';')
            return QN_OK;
    }
    if (goes_on) {
        int64_t line, column;
        qni_formula_place(&line, &column, out, out->size);
        *out = (qni_formula_text){.text = NULL};
        return qni_error_at(err, QN_SYNTAX, NULL, line, column,
                            "by its \\ at the end this line goes on, but the file ends here");
    }
    return QN_OK;
}

void qni_formula_place(int64_t *line, int64_t *text_column, const qni_formula_text *formula, int64_t column)
{
    const int64_t last = column - 1 < formula->size ? column - 1 : formula->size;
    *line = formula->line;
    *text_column = formula->column + last;
    for (int64_t i = 0; i < last; i++)
        if (formula->text[i] == '\n') {
            ++*line;
            *text_column = last - i;
        }
}
