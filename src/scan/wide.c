/* scan/wide.c: see wide.h. Cells are never quoted in such tables; one that is is taken as it stands. */
#include "scan/wide.h"

#include "base/error.h"
#include "base/headings.h"
#include "scan/limits.h"

#include <inttypes.h>
#include <string.h>

enum {
    HEADER_LINES = 3
};

/* A line without its end, or a cell. */
typedef struct span {
    const char *text;
    int64_t size;
} span;

static const char *take_line(span *line, const char *p, const char *end)
{
    const char *stop = memchr(p, '\n', (size_t)(end - p));
    const char *next = stop != NULL ? stop + 1 : end;
    stop = stop != NULL ? stop : end;
    if (stop > p && stop[-1] == '\r')
        stop--;
    *line = (span){p, stop - p};
    return next;
}

/* The next cell off the front of a line; false: there was none left. */
static bool take_cell(span *cell, span *line)
{
    if (line->text == NULL)
        return false;
    const char *comma = line->size > 0 ? memchr(line->text, ',', (size_t)line->size) : NULL;
    if (comma == NULL) {
        *cell = *line;
        *line = (span){NULL, 0};
        return true;
    }
    *cell = (span){line->text, comma - line->text};
    *line = (span){comma + 1, line->size - cell->size - 1};
    return true;
}

static int64_t count_cells(span line)
{
    span cell;
    int64_t count = 0;
    while (take_cell(&cell, &line))
        count++;
    return count;
}

static bool is_equal(span a, span b)
{
    return a.size == b.size && memcmp(a.text, b.text, (size_t)a.size) == 0;
}

/* Whether the first cell is that word, and how many of the others are. */
static bool begins(span line, const char *word, int64_t *others)
{
    char plain[QNI_HEADING_SIZE];
    span cell = {line.text, 0};
    *others = 0;
    (void)take_cell(&cell, &line);
    qni_heading_plain(plain, cell.text, cell.size);
    bool first = strcmp(plain, word) == 0;
    while (take_cell(&cell, &line)) {
        qni_heading_plain(plain, cell.text, cell.size);
        *others += strcmp(plain, word) == 0;
    }
    return first;
}

typedef struct table {
    span header[HEADER_LINES];
    const char *rows, *end;
    int64_t cells;     /* of a row, the day included */
    span *names[2];    /* tickers, then prices: each once */
    int64_t counts[2]; /* of them */
    int64_t *column;   /* (tickers, prices): which cell of a row; 0: none */
    span *row;         /* (cells) */
    bool too_many;     /* prices, or bytes of a ticker: it is something else */
} table;

/* Whether this is such a table; then its header's lines with the tickers' first. */
static bool find_header(table *t, const char *bytes, int64_t size)
{
    int64_t ignored, empty, closes;
    t->rows = bytes;
    t->end = bytes + size;
    while (t->end > bytes && (t->end[-1] == '\n' || t->end[-1] == '\r'))
        t->end--;
    for (int i = 0; i < HEADER_LINES; i++)
        t->rows = take_line(&t->header[i], t->rows, t->end);
    t->cells = count_cells(t->header[0]);
    if (t->cells < 2 || t->cells > QNI_WIDE_CELLS || count_cells(t->header[1]) != t->cells ||
        count_cells(t->header[2]) != t->cells)
        return false;
    bool dated = begins(t->header[2], "date", &ignored) || begins(t->header[2], "datetime", &ignored);
    (void)begins(t->header[2], "", &empty);
    if (!dated || empty != t->cells - 1)
        return false;
    (void)begins(t->header[0], "close", &closes);
    if (closes > 0) {
        span line = t->header[0];
        t->header[0] = t->header[1];
        t->header[1] = line;
    }
    (void)begins(t->header[1], "close", &closes);
    return closes > 0;
}

/* The place of a name among those of its line, to which it is added where it is new. */
static int64_t place_of(table *t, int line, span name)
{
    int64_t i = 0;
    while (i < t->counts[line] && !is_equal(t->names[line][i], name))
        i++;
    if (i == t->counts[line])
        t->names[line][t->counts[line]++] = name;
    return i;
}

static qn_status take_names(table *t, qn_arena *arena, qn_error *err)
{
    void *blocks[4];
    const int64_t sizes[4] = {sizeof(span), sizeof(span), sizeof(span), 2 * sizeof(int64_t)};
    for (int i = 0; i < 4; i++) {
        qn_status s = qn_arena_take(&blocks[i], arena, t->cells * sizes[i], err);
        if (s != QN_OK)
            return s;
    }
    t->names[0] = blocks[0];
    t->names[1] = blocks[1];
    t->row = blocks[2];
    int64_t *places = blocks[3]; /* of each cell's two names */
    span lines[2] = {t->header[0], t->header[1]}, cell;
    for (int line = 0; line < 2; line++) {
        (void)take_cell(&cell, &lines[line]);
        for (int64_t i = 1; take_cell(&cell, &lines[line]); i++)
            places[2 * i + line] = place_of(t, line, cell);
        t->too_many |= t->counts[1] > QNI_WIDE_PRICES;
    }
    for (int64_t i = 0; i < t->counts[0]; i++)
        t->too_many |= t->names[0][i].size > QNI_WIDE_TICKER;
    if (t->too_many)
        return QN_OK;
    void *block;
    const int64_t count = t->counts[0] * t->counts[1];
    qn_status s = qn_arena_take(&block, arena, count * (int64_t)sizeof *t->column, err);
    if (s != QN_OK)
        return s;
    t->column = block;
    memset(t->column, 0, (size_t)count * sizeof *t->column);
    for (int64_t i = 1; i < t->cells; i++)
        t->column[places[2 * i] * t->counts[1] + places[2 * i + 1]] = i;
    return QN_OK;
}

static char *put(char *at, span text)
{
    memcpy(at, text.text, (size_t)text.size);
    return at + text.size;
}

/* One line of the result; an empty one where a ticker has no price on that day. */
static char *put_ticker(char *at, const table *t, int64_t ticker)
{
    char *begin = at;
    bool any = false;
    at = put(at, t->row[0]);
    *at++ = ',';
    at = put(at, t->names[0][ticker]);
    for (int64_t i = 0; i < t->counts[1]; i++) {
        int64_t column = t->column[ticker * t->counts[1] + i];
        *at++ = ',';
        if (column > 0)
            at = put(at, t->row[column]);
        any |= column > 0 && t->row[column].size > 0;
    }
    at = any ? at : begin;
    *at++ = '\n';
    return at;
}

static char *put_header(char *at, const table *t)
{
    static const char day[] = "date,ticker";
    at = put(at, (span){day, sizeof day - 1});
    for (int64_t i = 0; i < t->counts[1]; i++) {
        *at++ = ',';
        at = put(at, t->names[1][i]);
    }
    *at++ = '\n';
    return at;
}

/* Bytes that are enough for the result: each cell comes at most once, day, ticker and commas on every line. */
static qn_status measure(int64_t *size, const table *t, const char *file, qn_error *err)
{
    int64_t each = 0, number = HEADER_LINES;
    span line, day = {NULL, 0};
    *size = 64 + t->header[1].size;
    for (int64_t i = 0; i < t->counts[0]; i++)
        each += t->names[0][i].size + t->counts[1] + 2;
    for (const char *p = t->rows; p < t->end;) {
        p = take_line(&line, p, t->end);
        number++;
        const int64_t count = count_cells(line);
        if (count != t->cells)
            return qni_error_at(err, QN_DATA, file, number, 0,
                                "this row has %" PRId64 " fields, the header has %" PRId64, count, t->cells);
        *size += line.size + each;
        (void)take_cell(&day, &line);
        if (day.size > QNI_WIDE_DAY)
            return qni_error_at(err, QN_DATA, file, number, 0, "\"%.40s...\" is no date (2026-02-13)", day.text);
        *size += day.size * t->counts[0];
    }
    return QN_OK;
}

static char *put_rows(char *at, const table *t)
{
    span line, cell;
    for (const char *p = t->rows; p < t->end;) {
        p = take_line(&line, p, t->end);
        for (int64_t i = 0; take_cell(&cell, &line); i++)
            t->row[i] = cell;
        for (int64_t i = 0; i < t->counts[0]; i++)
            at = put_ticker(at, t, i);
    }
    return at;
}

qn_status qni_wide_read(qni_wide *out, const char *bytes, int64_t size, const char *file, qn_arena *arena,
                        qn_error *err)
{
    table t = {0};
    void *block;
    int64_t enough;
    *out = (qni_wide){.bytes = bytes, .size = size};
    if (!find_header(&t, bytes, size))
        return QN_OK;
    qn_status s = take_names(&t, arena, err);
    if (s == QN_OK && t.too_many)
        return QN_OK;
    if (s == QN_OK)
        s = measure(&enough, &t, file, err);
    if (s == QN_OK)
        s = qn_arena_take(&block, arena, enough, err);
    if (s != QN_OK)
        return s;
    const char *at = put_rows(put_header(block, &t), &t);
    *out = (qni_wide){.bytes = block, .size = at - (const char *)block, .tickers = t.counts[0]};
    return QN_OK;
}
