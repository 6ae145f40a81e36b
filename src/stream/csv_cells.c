/* stream/csv_cells.c: the cells of a line, and the record that they make. */
#include "stream/csv_int.h"

#include "array/csv_scan.h"
#include "base/error.h"
#include "base/number.h"
#include "base/time.h"
#include "base/utf8.h"
#include "stream/decimal.h"
#include "stream/limits.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    PRICE_DECIMALS = 8, /* of QN_TICK_SCALE */
    DAY_TEXT = 10,      /* 2024-02-29 */
};

static const int64_t day_ns = INT64_C(86400000000000);

/* ---- complaints ---- */

typedef struct shown {
    char text[QNI_FEED_SHOWN_MAX + 4];
} shown;

/* A piece of a cell that is UTF-8 without controls, for a message. */
static shown show(const char *text, int64_t size)
{
    shown s;
    int64_t count = size < QNI_FEED_SHOWN_MAX ? size : QNI_FEED_SHOWN_MAX;
    while (count > 0 && count < size && (text[count] & 0xC0) == 0x80)
        count--;
    bool valid = qni_utf8_valid(text, count);
    for (int64_t i = 0; i < count; i++) {
        unsigned char c = (unsigned char)text[i];
        s.text[i] = (char)(c < ' ' || c == 0x7F || (c >= 0x80 && !valid) ? '?' : c);
    }
    (void)snprintf(s.text + count, sizeof s.text - (size_t)count, "%s", count < size ? "…" : "");
    return s;
}

static int64_t column_of(const qni_feed *f, const char *p)
{
    return p - f->line_text + 1;
}

qn_status qni_feed_complain(const qni_feed *f, qni_feed_role role, qn_error *err, const char *what)
{
    const qni_feed_cell *cell = &f->cells[role];
    return qni_error_at(err, QN_DATA, f->name, f->line, column_of(f, cell->text), "column \"%s\": \"%s\" %s",
                        f->names[role], show(cell->text, cell->size).text, what);
}

/* ---- cells ---- */

static inline bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static inline qni_feed_cell trimmed(const char *p, const char *end)
{
    while (p < end && is_blank(*p))
        p++;
    while (end > p && is_blank(end[-1]))
        end--;
    return (qni_feed_cell){p, end - p};
}

static qn_status wrong_count(const qni_feed *f, int64_t count, const char *at, qn_error *err)
{
    return qni_error_at(err, QN_DATA, f->name, f->line, column_of(f, at),
                        "this line has %" PRId64 " cells where there are %" PRId64 " columns", count, f->column_count);
}

/* The text between quotes that begin at p, with doubled ones made single in place. Returns what is behind the closing
 * quote; NULL: it is not closed. */
static char *unquote(qni_feed_cell *cell, char *p, const char *end)
{
    char *into = p + 1, *from = p + 1;
    for (;; from++) {
        if (from == end)
            return NULL;
        if (*from == '"') {
            if (from + 1 == end || from[1] != '"')
                break;
            from++;
        }
        *into++ = *from;
    }
    *cell = (qni_feed_cell){p + 1, into - p - 1};
    return from + 1;
}

char *qni_feed_next(const qni_feed *f, qni_feed_cell *cell, char *p, char *end, qn_error *err)
{
    while (p < end && is_blank(*p) && *p != f->delimiter)
        p++;
    if (p == end || *p != '"') {
        char *stop = memchr(p, f->delimiter, (size_t)(end - p));
        stop = stop != NULL ? stop : end;
        *cell = trimmed(p, stop);
        return stop;
    }
    char *behind = unquote(cell, p, end);
    if (behind == NULL) {
        (void)qni_error_at(err, QN_DATA, f->name, f->line, column_of(f, p),
                           "the quote opened here is not closed on this line");
        return NULL;
    }
    while (behind < end && is_blank(*behind) && *behind != f->delimiter)
        behind++;
    if (behind == end || *behind == f->delimiter)
        return behind;
    (void)qni_error_at(err, QN_DATA, f->name, f->line, column_of(f, behind),
                       "text behind a closing quote: a quote in a cell is written twice");
    return NULL;
}

/* The cells of a line (p to end) in which there are quotes. */
static qn_status split_quoted(qni_feed *f, char *p, char *end, qn_error *err)
{
    for (int64_t column = 0;; column++) {
        qni_feed_cell cell;
        char *stop = qni_feed_next(f, &cell, p, end, err);
        if (stop == NULL)
            return QN_DATA;
        if (f->roles[column] >= 0)
            f->cells[f->roles[column]] = cell;
        if (stop == end)
            return column + 1 == f->column_count ? QN_OK : wrong_count(f, column + 1, end, err);
        if (column + 1 == f->column_count) /* said here: the rest may be long */
            return wrong_count(f, column + 2, stop + 1, err);
        p = stop + 1;
    }
}

char *qni_feed_split(qni_feed *f, qn_status *status, qn_error *err)
{
    char *cell = f->at, *line = f->at;
    const char delimiter = f->delimiter;
    int64_t column = 0;
    bool quoted = false;
    for (char *p = f->at; p < f->end; p += 16) {
        const qni_bytes block = qni_bytes_load(p);
        for (uint32_t mask =
                 qni_bytes_equal(block, '\n') | qni_bytes_equal(block, delimiter) | qni_bytes_equal(block, '"');
             mask != 0; mask &= mask - 1) {
            char *at = p + __builtin_ctz(mask);
            assert(at < f->end); /* zeros follow */
            if (*at == '"') {
                quoted = true;
                continue;
            }
            char *end = *at == '\n' && at > line && at[-1] == '\r' ? at - 1 : at;
            if (column < f->column_count && f->roles[column] >= 0)
                f->cells[f->roles[column]] = (qni_feed_cell){cell, end > cell ? end - cell : 0};
            column++;
            cell = at + 1;
            if (*at != '\n')
                continue;
            f->line_text = line;
            if (quoted)
                *status = split_quoted(f, line, end, err);
            else if (column != f->column_count)
                *status = wrong_count(f, column, end, err);
            else if (f->columns[QNI_FEED_SYMBOL] >= 0) /* in quotes its blanks are its own */
                f->cells[QNI_FEED_SYMBOL] = trimmed(f->cells[QNI_FEED_SYMBOL].text,
                                                    f->cells[QNI_FEED_SYMBOL].text + f->cells[QNI_FEED_SYMBOL].size);
            return at + 1;
        }
    }
    return NULL;
}

/* ---- what they say ---- */

static qn_status wrong_number(const qni_feed *f, qni_feed_role role, qni_decimal why, qn_error *err)
{
    const qni_feed_cell *cell = &f->cells[role];
    bool comma = cell->size > 0 && memchr(cell->text, ',', (size_t)cell->size) != NULL;
    return qni_feed_complain(f, role, err,
                             why == QNI_DECIMAL_RANGE ? "is too large: at most 92233720368.54775807"
                             : comma                  ? "is not a number (decimal comma?)"
                                                      : "is not a number");
}

/* The index of a cell among words, in any case, blanks between them; -1: it is none. */
static int find_word(const char *words, const qni_feed_cell *cell)
{
    int index = 0;
    for (const char *p = words; *p != '\0' && cell->size > 0; index++) {
        int64_t length = (int64_t)strcspn(p, " "), i = 0;
        while (i < length && length == cell->size &&
               (cell->text[i] >= 'A' && cell->text[i] <= 'Z' ? cell->text[i] | 0x20 : cell->text[i]) == p[i])
            i++;
        if (i == length)
            return index;
        p += length;
        p += *p == ' ';
    }
    return -1;
}

/* A price or a size; *there false: the cell is empty or says that it is missing, or there is no such column. */
static inline qn_status take_number(const qni_feed *f, qni_feed_role role, int64_t *out, bool *there, qn_error *err)
{
    const qni_feed_cell *cell = &f->cells[role];
    *there = cell->size > 0;
    if (!*there)
        return QN_OK;
    qni_decimal result = qni_decimal_parse(out, cell->text, cell->size, PRICE_DECIMALS);
    if (result == QNI_DECIMAL_OK)
        return QN_OK;
    *there = find_word("na n/a nan null none", cell) < 0; /* what tables call missing */
    return *there ? wrong_number(f, role, result, err) : QN_OK;
}

/* A bare number of seconds, milliseconds, … since 1970; the first one decides which, where nobody said. */
static qni_decimal take_epoch(qni_feed *f, int64_t *ns, const char *text, int64_t size)
{
    static const int decimals[] = {
        [QN_TIME_UNIT_S] = 9, [QN_TIME_UNIT_MS] = 6, [QN_TIME_UNIT_US] = 3, [QN_TIME_UNIT_NS] = 0};
    const int64_t smallest = INT64_C(100000000000); /* milliseconds: 1973 */
    if (f->options.time_unit == QN_TIME_UNIT_FOUND) {
        int64_t whole;
        qni_decimal result = qni_decimal_parse(&whole, text, size, 0);
        if (result != QNI_DECIMAL_OK)
            return result;
        int64_t large = whole < 0 ? -whole : whole;
        f->options.time_unit = large < smallest             ? QN_TIME_UNIT_S
                               : large / 1000 < smallest    ? QN_TIME_UNIT_MS
                               : large / 1000000 < smallest ? QN_TIME_UNIT_US
                                                            : QN_TIME_UNIT_NS;
    }
    return qni_decimal_parse(ns, text, size, decimals[f->options.time_unit]);
}

/* 20240229 as one: only where nobody said what numbers count. */
static bool take_compact_day(int64_t *ns, const char *t, int64_t size)
{
    if (size != 8)
        return false;
    const char text[DAY_TEXT] = {t[0], t[1], t[2], t[3], '-', t[4], t[5], '-', t[6], t[7]};
    return memcmp(text, "19", 2) >= 0 && qni_timestamp_parse_ns(ns, text, DAY_TEXT);
}

/* Two digits; what is none makes *wrong true. */
static inline int64_t two(const char *p, bool *wrong)
{
    const int64_t high = (unsigned char)(p[0] - '0'), low = (unsigned char)(p[1] - '0');
    *wrong |= high > 9 || low > 9;
    return high * 10 + low;
}

/* hh:mm:ss[.f…][Z] on the day of the time before it: what nearly all lines have. False: something else. */
static inline bool take_same_day(const qni_feed *f, int64_t *ns, const char *text, int64_t size)
{
    if (size < 19 || !f->has_day || memcmp(text, f->day, DAY_TEXT) != 0)
        return false;
    bool wrong = (text[10] != 'T' && text[10] != ' ') || text[13] != ':' || text[16] != ':';
    int64_t hour = two(text + 11, &wrong), minute = two(text + 14, &wrong), second = two(text + 17, &wrong);
    const char *p = text + 19, *end = text + size;
    end -= end[-1] == 'Z';
    int64_t fraction = 0;
    if (p < end) {
        wrong |= *p != '.' || end - p > 10 || end - p == 1;
        int64_t unit = 100000000;
        for (p++; p < end; p++, unit /= 10) {
            unsigned digit = (unsigned char)(*p - '0');
            wrong |= digit > 9;
            fraction += unit * (int64_t)digit;
        }
    }
    *ns = f->day_ns + ((hour * 60 + minute) * 60 + second) * 1000000000 + fraction;
    return !wrong && hour < 24 && minute < 60 && second < 60;
}

static qn_status wrong_time(const qni_feed *f, qni_feed_role role, qn_error *err)
{
    return qni_feed_complain(
        f, role, err,
        f->cells[role].size == 0
            ? "is no time: the cell is empty"
            : "is not a time between 1677 and 2262 (2024-02-29T14:30:00.5 or a number since 1970)");
}

/* A day and a time, a day alone, a number. */
static bool parse_time(qni_feed *f, int64_t *ns, const char *text, int64_t size)
{
    if (take_same_day(f, ns, text, size))
        return true;
    if (size >= DAY_TEXT && text[4] == '-') {
        if (!qni_timestamp_parse_ns(ns, text, size))
            return false;
        int64_t midnight; /* of the nanoseconds that fit, not that of every day */
        f->has_day = qni_timestamp_parse_ns(&midnight, text, DAY_TEXT) && midnight < INT64_MAX - day_ns;
        f->day_ns = f->has_day ? midnight : 0;
        memcpy(f->day, text, DAY_TEXT);
        return true;
    }
    if (f->options.time_unit == QN_TIME_UNIT_FOUND && take_compact_day(ns, text, size))
        return true;
    return take_epoch(f, ns, text, size) == QNI_DECIMAL_OK;
}

/* The day of two columns. */
static bool parse_day(const qni_feed_cell *date, int64_t *midnight)
{
    return (date->size == DAY_TEXT && qni_timestamp_parse_ns(midnight, date->text, date->size)) ||
           take_compact_day(midnight, date->text, date->size);
}

/* A number beside a day counts since 1970 where it is near that day; 093000 is not, and would be a time of 1970. */
static bool agrees(const qni_feed_cell *date, int64_t ns)
{
    const int64_t most = QNI_FEED_DAYS_APART * day_ns;
    int64_t midnight, apart;
    return parse_day(date, &midnight) && !__builtin_sub_overflow(ns, midnight, &apart) && apart >= -most &&
           apart <= most;
}

static qn_status take_time(qni_feed *f, int64_t *ns, qn_error *err)
{
    const qni_feed_cell *time = &f->cells[QNI_FEED_TIME], *date = &f->cells[QNI_FEED_DATE];
    if (date->size > 0 && time->size > 2 && time->text[2] == ':') { /* two columns */
        int64_t midnight;
        if (!qni_time_of_day_parse_ns(ns, time->text, time->size))
            return wrong_time(f, QNI_FEED_TIME, err);
        if (!parse_day(date, &midnight))
            return wrong_time(f, QNI_FEED_DATE, err);
        return !__builtin_add_overflow(midnight, *ns, ns) ? QN_OK : wrong_time(f, QNI_FEED_DATE, err);
    }
    if (!parse_time(f, ns, time->text, time->size))
        return wrong_time(f, QNI_FEED_TIME, err);
    const bool number = time->size < DAY_TEXT || time->text[4] != '-';
    if (number && date->size > 0 && !agrees(date, *ns))
        return qni_feed_complain(f, QNI_FEED_TIME, err,
                                 "is not of the day beside it (a time of day is 09:30:00.5; a map, date=, leaves the "
                                 "day out)");
    return QN_OK;
}

static qn_status take_symbol(qni_feed *f, int32_t *out, qn_error *err)
{
    *out = f->symbol;
    if (f->columns[QNI_FEED_SYMBOL] < 0)
        return QN_OK;
    const qni_feed_cell *cell = &f->cells[QNI_FEED_SYMBOL];
    *out = qn_symbols_find(f->symbols, cell->text, cell->size);
    if (*out >= 0)
        return QN_OK;
    qn_status s = qn_symbols_add(out, f->symbols, cell->text, cell->size, err);
    if (s != QN_OK && err != NULL) {
        qn_error inner = *err;
        return qni_error_at(err, s, f->name, f->line, column_of(f, cell->text), "column \"%s\": %s",
                            f->names[QNI_FEED_SYMBOL], inner.message);
    }
    return s;
}

static qn_status take_side(const qni_feed *f, int8_t *side, qn_error *err)
{
    static const char words[] = "b s buy sell 1 -1 bid ask bought sold buyer seller long short + - +1 offer 0 n none "
                                "unknown";
    static const int8_t sides[] = {1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 0, 0, 0, 0};
    if (f->cells[QNI_FEED_SIDE].size == 0)
        return QN_OK;
    int index = find_word(words, &f->cells[QNI_FEED_SIDE]);
    if (index < 0)
        return qni_feed_complain(f, QNI_FEED_SIDE, err, "is no side (buy, sell, b, s, 1, -1, bid, ask)");
    *side = sides[index];
    return QN_OK;
}

/* What a record is, and an order's number. */
static qn_status take_kind(const qni_feed *f, qn_tick *out, qn_error *err)
{
    const qni_feed_cell *kind = &f->cells[QNI_FEED_KIND], *order = &f->cells[QNI_FEED_ORDER];
    int64_t number = 0;
    if (order->size > 0) {
        const char *end = order->text + order->size;
        if (qni_integer_parse(&number, order->text, end) != end || number < 0 || number > UINT32_MAX)
            return qni_feed_complain(
                f, QNI_FEED_ORDER, err,
                "is not an order's number (0 to 4294967295; a map, order=, leaves the column out)");
    }
    out->order = (uint32_t)number;
    out->kind = number != 0 ? QN_TICK_ORDER : QN_TICK_TRADE;
    if (kind->size > 0) {
        int index = find_word("trade quote order t q o 0 1", kind);
        if (index < 0)
            return qni_feed_complain(f, QNI_FEED_KIND, err, "is no kind (trade, quote, order)");
        out->kind = index == 2 || index == 5 || index == 7 ? QN_TICK_ORDER : QN_TICK_TRADE;
    }
    return QN_OK;
}

/* The middle, rounded half to even. */
static int64_t middle(int64_t a, int64_t b)
{
    int64_t low = (a & b) + ((a ^ b) >> 1);
    return low + (((a ^ b) & 1) != 0 && (low & 1) != 0);
}

/* The price of a tick that has none itself: the middle of its quotes, or the one that there is. */
static qn_status take_middle(const qni_feed *f, qn_tick *out, bool bid, bool ask, qn_error *err)
{
    if (!bid && !ask) {
        qni_feed_role role = f->columns[QNI_FEED_PRICE] >= 0 ? QNI_FEED_PRICE : QNI_FEED_BID;
        return qni_feed_complain(f, role, err, "is no price");
    }
    out->price = !bid ? out->ask : !ask ? out->bid : middle(out->bid, out->ask);
    return QN_OK;
}

/* Price, size, bid and ask of a record whose kind is known. */
static qn_status take_numbers(const qni_feed *f, qn_tick *out, qn_error *err)
{
    bool price, size, bid, ask;
    qn_status s = take_number(f, QNI_FEED_PRICE, &out->price, &price, err);
    if (s == QN_OK)
        s = take_number(f, QNI_FEED_SIZE, &out->size, &size, err);
    if (s == QN_OK)
        s = take_number(f, QNI_FEED_BID, &out->bid, &bid, err);
    if (s == QN_OK)
        s = take_number(f, QNI_FEED_ASK, &out->ask, &ask, err);
    if (s != QN_OK)
        return s;
    out->flags = (uint16_t)((bid ? QN_TICK_HAS_BID : 0) | (ask ? QN_TICK_HAS_ASK : 0));
    if (size && out->size < 0)
        return qni_feed_complain(f, QNI_FEED_SIZE, err, "is below 0");
    if (price || out->kind == QN_TICK_ORDER) /* one without a limit */
        return QN_OK;
    return take_middle(f, out, bid, ask, err);
}

qn_status qni_feed_record(qni_feed *f, qn_tick *out, int64_t *sequence, bool *has_sequence, qn_error *err)
{
    *out = (qn_tick){0};
    *has_sequence = false;
    qn_status s;
    for (int i = 0; i < QNI_FEED_ROLES; i++)
        if (f->columns[i] >= 0 && i != QNI_FEED_SYMBOL)
            f->cells[i] = trimmed(f->cells[i].text, f->cells[i].text + f->cells[i].size);
    const qni_feed_cell *number = &f->cells[QNI_FEED_SEQUENCE];
    if (number->size > 0) {
        *has_sequence = true;
        if (qni_integer_parse(sequence, number->text, number->text + number->size) != number->text + number->size)
            return qni_feed_complain(f, QNI_FEED_SEQUENCE, err, "is not a whole number");
    }
    if ((s = take_time(f, &out->time_ns, err)) != QN_OK)
        return s;
    if ((f->columns[QNI_FEED_ORDER] >= 0 || f->columns[QNI_FEED_KIND] >= 0) && (s = take_kind(f, out, err)) != QN_OK)
        return s;
    if ((s = take_numbers(f, out, err)) != QN_OK)
        return s;
    if (f->columns[QNI_FEED_SIDE] >= 0 && (s = take_side(f, &out->side, err)) != QN_OK)
        return s;
    return take_symbol(f, &out->symbol, err);
}
