/* options/chain_head.c: finds the header of a file, and reads what stands above it.
 *
 * CBOE's tables begin with lines of their own, which say when the quotes held and what the index was, and name the
 * columns of calls and puts alike. There the header is written anew, with names that differ ("Calls Bid", "Puts Bid"),
 * before a copy of the rows, so that one reader and one search for columns do for all files. */
#include "options/chain_int.h"

#include "base/headings.h"
#include "base/number.h"
#include "options/limits.h"

#include <math.h>
#include <string.h>
#include <strings.h>

/* A line without its end, or a cell without its quotes and the blanks around it. */
typedef struct span {
    const char *text;
    int64_t size;
} span;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static span trim(span s)
{
    while (s.size > 0 && is_blank(*s.text)) {
        s.text++;
        s.size--;
    }
    while (s.size > 0 && is_blank(s.text[s.size - 1]))
        s.size--;
    return s;
}

/* The line at p, and where the next one begins. */
static const char *take_line(span *line, const char *p, const char *end)
{
    const char *stop = p;
    while (stop < end && *stop != '\n' && *stop != '\r')
        stop++;
    *line = (span){p, stop - p};
    if (stop < end && *stop == '\r' && stop + 1 < end && stop[1] == '\n')
        stop++;
    return stop < end ? stop + 1 : stop;
}

/* The next cell of a line, taken off its front; false at the end. Doubled quotes stay as they are: no name has any. */
static bool take_cell(span *cell, span *line, char delimiter)
{
    if (line->text == NULL)
        return false;
    const char *p = line->text, *end = p + line->size;
    bool quoted = false;
    while (p < end && (quoted || *p != delimiter)) {
        quoted ^= *p == '"';
        p++;
    }
    *cell = trim((span){line->text, p - line->text});
    if (cell->size >= 2 && *cell->text == '"' && cell->text[cell->size - 1] == '"')
        *cell = trim((span){cell->text + 1, cell->size - 2});
    *line = p < end ? (span){p + 1, end - p - 1} : (span){NULL, 0};
    return true;
}

static bool is_word(span cell, const char *word)
{
    return cell.size == (int64_t)strlen(word) && strncasecmp(cell.text, word, (size_t)cell.size) == 0;
}

/* Whether the map names the text as a column: "…=text" up to a comma or its end. */
static bool is_mapped(span cell, const char *map)
{
    for (const char *equals = map != NULL ? strchr(map, '=') : NULL; equals != NULL; equals = strchr(equals + 1, '=')) {
        const char *end = strchr(equals, ',');
        span value = trim((span){equals + 1, end != NULL ? end - equals - 1 : (int64_t)strlen(equals + 1)});
        if (value.size == cell.size && memcmp(value.text, cell.text, (size_t)cell.size) == 0)
            return cell.size > 0;
    }
    return false;
}

/* How a line looks as a header. */
typedef struct look {
    char delimiter;
    int64_t known; /* cells that name a column */
    int64_t count;
    int64_t calls, puts, strike; /* cells that say just that; -1: none */
} look;

static look look_at(span line, const char *map)
{
    look l = {.delimiter = qni_headings_delimiter(line.text, line.size), .calls = -1, .puts = -1, .strike = -1};
    span cell;
    for (; l.count < QNI_CHAIN_HEADER_CELLS && take_cell(&cell, &line, l.delimiter); l.count++) {
        l.known += qni_chain_is_column(cell.text, cell.size) || is_mapped(cell, map);
        if (is_word(cell, "calls"))
            l.calls = l.count;
        else if (is_word(cell, "puts"))
            l.puts = l.count;
        else if (is_word(cell, "strike"))
            l.strike = l.count;
    }
    return l;
}

/* The price in "3,856.28"; NaN: there is none. */
static double price_of(span text)
{
    char number[QNI_NUMBER_SIZE];
    int64_t size = 0;
    for (int64_t i = 0; i < text.size && size < (int64_t)sizeof number; i++) {
        if (text.text[i] != ',' && !is_blank(text.text[i]))
            number[size++] = text.text[i];
    }
    double value;
    bool is_price = qni_number_parse(&value, number, number + size) == number + size && value > 0 && !isinf(value);
    return is_price ? value : (double)NAN;
}

/* Whether the cell begins with a word; what follows it is *rest. */
static bool take_label(span *rest, span cell, const char *label)
{
    int64_t size = (int64_t)strlen(label);
    if (cell.size <= size || strncasecmp(cell.text, label, (size_t)size) != 0)
        return false;
    *rest = trim((span){cell.text + size, cell.size - size});
    return true;
}

/* Looks for "Last:" and "Date:" in a line above the header. */
static void read_above(qni_chain_head *head, span line)
{
    span cell, rest;
    char delimiter = qni_headings_delimiter(line.text, line.size);
    while (take_cell(&cell, &line, delimiter == ' ' ? ',' : delimiter)) {
        if (take_label(&rest, cell, "Last:") && isnan(head->spot)) {
            head->spot = price_of(rest);
        } else if (take_label(&rest, cell, "Date:")) {
            int64_t size = rest.size < (int64_t)sizeof head->date ? rest.size : (int64_t)sizeof head->date - 1;
            memcpy(head->date, rest.text, (size_t)size);
            head->date[size] = '\0';
        }
    }
}

/* The header with "Calls " before the names left of the strike and "Puts " before those right of it. */
static int64_t write_header(char *into, span line, const look *l)
{
    char *at = into;
    span cell;
    for (int64_t i = 0; i < l->count && take_cell(&cell, &line, l->delimiter); i++) {
        if (i > 0)
            *at++ = l->delimiter;
        const char *side = i > l->puts ? "Puts " : i > l->calls && i < l->strike ? "Calls " : "";
        *at++ = '"';
        memcpy(at, side, strlen(side));
        at += strlen(side);
        memcpy(at, cell.text, (size_t)cell.size);
        at += cell.size;
        *at++ = '"';
    }
    *at++ = '\n';
    return at - into;
}

static qn_status copy_renamed(qni_chain_head *head, span line, const look *l, const char *rows, int64_t rows_size,
                              qn_arena *arena, qn_error *err)
{
    void *block;
    qn_status s = qn_arena_take(&block, arena, line.size + l->count * 8 + 1 + rows_size, err);
    if (s != QN_OK)
        return s;
    int64_t size = write_header(block, line, l);
    memcpy((char *)block + size, rows, (size_t)rows_size);
    head->bytes = block;
    head->size = size + rows_size;
    return QN_OK;
}

qn_status qni_chain_find_head(qni_chain_head *out, const char *bytes, int64_t size, const char *name, const char *map,
                              qn_arena *arena, qn_error *err)
{
    const int64_t mark = qni_headings_mark_size(bytes, size);
    bytes += mark;
    size -= mark;
    *out = (qni_chain_head){.bytes = bytes, .size = size, .spot = (double)NAN};
    qn_status s = qni_headings_check_text(bytes, size, "quotes", name, err);
    if (s != QN_OK)
        return s;
    out->line_is_cut = bytes[size - 1] != '\n' && bytes[size - 1] != '\r';
    const char *end = bytes + size, *p = bytes, *next;
    qni_chain_head above = *out;
    for (int64_t i = 0; i < QNI_CHAIN_LINES_ABOVE && p < end; i++, p = next) {
        span line;
        next = take_line(&line, p, end);
        if (line.size > 0 && *line.text == '#')
            continue;
        look l = look_at(line, map);
        bool sides = l.calls >= 0 && l.calls < l.strike && l.strike < l.puts;
        if (l.known >= 3 || sides) {
            *out = above;
            out->cboe = sides;
            out->lines_unread = sides ? 0 : above.lines_unread;
            out->lines_before = i;
            out->delimiter = l.delimiter;
            out->bytes = p;
            out->size = end - p;
            return sides ? copy_renamed(out, line, &l, next, end - next, arena, err) : QN_OK;
        }
        read_above(&above, line);
        above.lines_unread += trim(line).size > 0;
    }
    return QN_OK; /* the first line is the header, and what it lacks will be said */
}
