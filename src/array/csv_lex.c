/* array/csv_lex.c: lines into records, records into cells. RFC 4180, and beyond it: blanks around a cell count for
 * nothing; a quote inside a cell that does not begin with one is a plain character; CR alone ends a line. */
#include "array/csv_int.h"

#include "array/csv_scan.h"
#include "array/limits.h"
#include "base/alloc.h"
#include "base/error.h"
#include "mem/refuse.h"

#include <inttypes.h>
#include <string.h>

static inline uint8_t kind_at(const qn_csv *csv, const char *p)
{
    return csv->kind[(uint8_t)*p];
}

/* Line ends in [p, end), and the place after the last one. */
static int64_t count_lines(const char *p, const char *end, const char **line)
{
    int64_t count = 0;
    *line = p;
    while ((p = qni_scan_control(p, '\n')) < end) {
        char c = *p++;
        if (c == '\n' || (c == '\r' && *p != '\n')) {
            count++;
            *line = p;
        }
    }
    return count;
}

int64_t qni_csv_line_of(const qn_csv *csv, const char *where)
{
    const char *line;
    return csv->line + count_lines(csv->at, where, &line);
}

int64_t qni_csv_column_of(const qn_csv *csv, const char *where)
{
    const char *line;
    (void)count_lines(csv->at, where, &line);
    return where - line + 1;
}

const char *qni_csv_lex_line_end(const qn_csv *csv, const char *p)
{
    if (*p == '\n')
        return p + 1;
    if (*p == '\r') {
        if (p[1] == '\n')
            return p + 2;
        return p[1] == '\0' && !csv->input_ended ? NULL : p + 1;
    }
    return csv->input_ended ? p : NULL;
}

const char *qni_csv_lex_line_to_skip(qn_csv *csv, const char *p)
{
    const char *q = p;
    if (*q == '#') {
        while (kind_at(csv, q) < QNI_CSV_LINE_END)
            q = qni_scan_control(q + 1, '\n');
    } else {
        while (kind_at(csv, q) == QNI_CSV_BLANK || (csv->runs && kind_at(csv, q) == QNI_CSV_DELIMITER))
            q++;
        if (kind_at(csv, q) < QNI_CSV_LINE_END)
            return p;
    }
    return qni_csv_lex_line_end(csv, q);
}

const char *qni_csv_lex_indent(const qn_csv *csv, const char *p)
{
    while (csv->runs && kind_at(csv, p) == QNI_CSV_DELIMITER)
        p++;
    return p;
}

/* The cell that begins with the quote at p. */
static const char *lex_quoted(qn_csv *csv, const char *p, qni_csv_cell *cell)
{
    csv->lines_inside = true;
    bool doubled = false;
    const char *q = p + 1;
    for (;; doubled = true, q += 2) {
        q = qni_scan_byte(q, '"');
        if (*q == '\0' && csv->input_ended)
            return qni_csv_fail(csv, QN_DATA, p, "the quote opened here is never closed");
        if (*q == '\0') {
            csv->open_quote = p;
            return NULL;
        }
        if (q[1] != '"')
            break;
    }
    *cell = (qni_csv_cell){.text = p + 1, .size = q - p - 1, .quoted = true, .doubled = doubled};
    for (q++; kind_at(csv, q) == QNI_CSV_BLANK;)
        q++;
    if (kind_at(csv, q) < QNI_CSV_STOP)
        return qni_csv_fail(csv, QN_DATA, q,
                            "text after a closing quote (a quote inside a quoted cell is written twice)");
    return *q == '\0' && !csv->input_ended ? NULL : q;
}

const char *qni_csv_lex_cell(qn_csv *csv, const char *p, qni_csv_cell *cell)
{
    while (kind_at(csv, p) == QNI_CSV_BLANK)
        p++;
    if (*p == '"')
        return lex_quoted(csv, p, cell);
    const char *q = p;
    while (kind_at(csv, q) < QNI_CSV_STOP) /* a rare control is passed over one by one */
        q = qni_scan_control(q + 1, csv->delimiter);
    if (*q == '\0' && !csv->input_ended)
        return NULL;
    const char *end = q;
    while (end > p && kind_at(csv, end - 1) == QNI_CSV_BLANK)
        end--;
    *cell = (qni_csv_cell){.text = p, .size = end - p};
    return q;
}

const char *qni_csv_lex_next(const qn_csv *csv, const char *p, bool *last)
{
    if (kind_at(csv, p) == QNI_CSV_DELIMITER) {
        p++;
        while (csv->runs && kind_at(csv, p) == QNI_CSV_DELIMITER)
            p++;
        *last = csv->runs && kind_at(csv, p) >= QNI_CSV_LINE_END;
    } else {
        *last = true;
    }
    return *last && *p == '\0' && !csv->input_ended ? NULL : p;
}

const char *qni_csv_lex_skip(qn_csv *csv, const char *p, int64_t count, int64_t *passed, bool *last)
{
    int64_t left = count;
    *last = false;
    while (left > 0 && !*last) {
        if (!csv->runs) { /* sixteen bytes at a time up to the last delimiter among them, while there is nothing special
                           */
            qni_bytes v = qni_bytes_load(p);
            uint32_t delimiters = qni_bytes_equal(v, csv->delimiter);
            uint32_t special = (qni_bytes_control(v) & ~delimiters) | qni_bytes_equal(v, '"');
            int ones = qni_count_ones16(delimiters);
            if (special == 0 && ones > 0 && ones <= left) {
                left -= ones;
                p += 32 - __builtin_clz(delimiters);
                continue;
            }
        }
        qni_csv_cell cell;
        if ((p = qni_csv_lex_cell(csv, p, &cell)) == NULL || (p = qni_csv_lex_next(csv, p, last)) == NULL)
            return NULL;
        left--;
    }
    *passed = count - left;
    return p;
}

const char *qni_csv_lex_check_count(qn_csv *csv, const char *p)
{
    bool last;
    int64_t count;
    const char *extra = NULL; /* the first cell too many */
    p = qni_csv_lex_indent(csv, p);
    const char *end = qni_csv_lex_skip(csv, p, csv->column_count, &count, &last);
    if (end != NULL && !last) {
        int64_t rest;
        extra = end;
        end = qni_csv_lex_skip(csv, end, INT64_MAX, &rest, &last);
        count += end != NULL ? rest : 0;
    }
    if (end == NULL)
        return NULL;
    if (count != csv->column_count)
        return qni_csv_fail(csv, QN_DATA, extra != NULL ? extra : end,
                            "this row has %" PRId64 " field%s, the %s has %" PRId64, count, count == 1 ? "" : "s",
                            csv->no_header ? "first row" : "header", csv->column_count);
    return end;
}

void qni_csv_advance(qn_csv *csv, const char *next)
{
    if (csv->lines_inside) {
        const char *line;
        csv->line += count_lines(csv->at, next, &line);
        csv->lines_inside = false;
    } else {
        csv->line += next > csv->at;
    }
    csv->consumed += next - csv->at;
    csv->at += next - csv->at;
}

bool qni_csv_undouble(qn_csv *csv, qni_csv_cell *cell)
{
    if (!cell->doubled)
        return true;
    if (!qni_grow(csv->allocator, (void **)&csv->scratch, &csv->scratch_capacity, cell->size, 1)) {
        csv->status = qni_refused(csv->err, csv->allocator, cell->size, "a cell of %" PRId64 " bytes", cell->size);
        return false;
    }
    int64_t size = 0;
    for (int64_t i = 0; i < cell->size; i++) {
        csv->scratch[size++] = cell->text[i];
        i += cell->text[i] == '"'; /* inside a quoted cell quotes come in pairs */
    }
    cell->text = csv->scratch;
    cell->size = size;
    cell->doubled = false;
    return true;
}
