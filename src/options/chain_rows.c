/* options/chain_rows.c: rows of a table as quotes.
 *
 * Texts that repeat (dates, types) are read once for each distinct one. A row makes one quote, or in a two-sided file
 * one for the call and one for the put. Where a symbol and a column tell the same thing, they must agree. */
#include "options/chain_int.h"

#include "base/error.h"
#include "base/time.h"
#include "options/chain_text.h"
#include "options/limits.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

typedef struct rows {
    qni_chain *c;
    const qn_table *table;
    const qni_chain_layout *file;                             /* by the file's columns, for messages */
    const char *const *names;                                 /* of the file's columns */
    qni_chain_layout at;                                      /* by the table's columns */
    int64_t *values[QNI_CHAIN_SIDES][QNI_CHAIN_COLUMN_COUNT]; /* of each distinct text; NULL: not read so */
    bool *has_time;                                           /* of each distinct as_of */
    qn_arena *scratch;
    const qni_chain_head *head;
    const qn_chain_options *options;
    const char *name;
    qn_error *err;

    bool part;       /* what does not count here is another chain's */
    bool choose_day; /* only rows whose as_of lies in as_of_day count */
    bool has_as_of;
    int32_t as_of_day;
    int64_t other_days; /* rows that do not count */
    int64_t odd_symbols, odd_line;
    qni_chain_names underlyings;
    double spot; /* of the first row that tells */
    double spot_least, spot_most;
    bool days_agree; /* every row's expiry less its days is days_from */
    int32_t days_from;
} rows;

static int64_t line_of(const rows *r, int64_t row)
{
    return qn_table_row_line(r->table, row) + r->head->lines_before;
}

/* What the file calls a column. */
static const char *title(const rows *r, int side, int column)
{
    return r->names[r->file->column[side][column]];
}

static double number(const rows *r, int side, int column, int64_t row)
{
    int64_t at = r->at.column[side][column];
    return at < 0 ? (double)NAN : qn_table_f64(r->table, at)[row];
}

/* -1: there is none. */
static int32_t code(const rows *r, int side, int column, int64_t row)
{
    int64_t at = r->at.column[side][column];
    if (at < 0 || qn_table_is_missing(r->table, at, row))
        return -1;
    return ((const int32_t *)qn_table_values(r->table, at))[row];
}

/* NULL: there is none. */
static const char *text(const rows *r, int side, int column, int64_t row)
{
    int32_t c = code(r, side, column, row);
    return c < 0 ? NULL : qn_table_string(r->table, r->at.column[side][column], c);
}

/* The value of a time, or of a text that was read beforehand. False: there is none. */
static bool value(int64_t *out, const rows *r, int side, int column, int64_t row)
{
    int64_t at = r->at.column[side][column];
    if (at >= 0 && qn_table_column_type(r->table, at) == QN_TYPE_TIMESTAMP) {
        *out = ((const int64_t *)qn_table_values(r->table, at))[row];
        return !qn_table_is_missing(r->table, at, row);
    }
    int32_t c = code(r, side, column, row);
    if (c < 0 || r->values[side][column][c] == INT64_MIN)
        return false;
    *out = r->values[side][column][c];
    return true;
}

static bool read_type(int64_t *out, const char *text)
{
    qn_option_type type;
    char word[8];
    size_t size = strlen(text);
    if (size >= sizeof word)
        return false;
    memcpy(word, text, size + 1);
    if (size > 3 && (word[size - 1] | 0x20) == 's')
        word[size - 1] = '\0';
    bool ok = qn_option_type_from_text(&type, word);
    *out = ok ? (int64_t)type : 0;
    return ok;
}

/* am, pm, or whether it is am: 1, 0. */
static bool read_settlement(int64_t *out, const char *text)
{
    static const char *const words[] = {"pm", "am", "0", "1"};
    for (int i = 0; i < 4; i++) {
        *out = i % 2 == 1 ? QN_SETTLEMENT_AM : QN_SETTLEMENT_PM;
        if (strcasecmp(text, words[i]) == 0)
            return true;
    }
    return false;
}

/* The value of one distinct text of a column. False: it is none. */
static bool read_text(int64_t *out, rows *r, int column, int64_t c, const char *text)
{
    int32_t day = 0;
    bool has_time, ok;
    switch (column) {
    case QNI_CHAIN_EXPIRY:
        ok = qni_chain_date(&day, text);
        *out = day;
        return ok;
    case QNI_CHAIN_TYPE:
        return read_type(out, text);
    case QNI_CHAIN_SETTLEMENT:
        return read_settlement(out, text);
    case QNI_CHAIN_LAST_TIME:
        *out = INT64_MIN;
        return *text == '\0' || strcmp(text, "-") == 0 || qni_chain_time(out, &has_time, text);
    default:
        return qni_chain_time(out, &r->has_time[c], text);
    }
}

/* Which row has the distinct text first. */
static int64_t row_of_code(const rows *r, int64_t at, int64_t c)
{
    const int32_t *codes = qn_table_values(r->table, at);
    int64_t row = 0;
    while (codes[row] != c || qn_table_is_missing(r->table, at, row))
        row++;
    return row;
}

static qn_status read_texts(rows *r, int side, int column)
{
    static const char *const wanted[QNI_CHAIN_COLUMN_COUNT] = {[QNI_CHAIN_EXPIRY] = "no date (2026-02-13)",
                                                               [QNI_CHAIN_TYPE] = "neither call nor put",
                                                               [QNI_CHAIN_SETTLEMENT] = "neither am nor pm",
                                                               [QNI_CHAIN_AS_OF] = "no time (2026-02-13 15:45)",
                                                               [QNI_CHAIN_LAST_TIME] = "no time (2026-02-13 15:45)"};
    int64_t at = r->at.column[side][column];
    if (at < 0 || qn_table_column_type(r->table, at) != QN_TYPE_STRING)
        return QN_OK;
    int64_t count = qn_table_string_count(r->table, at);
    void *block;
    qn_status s = qn_arena_take(&block, r->scratch, count * (int64_t)sizeof(int64_t), r->err);
    if (s != QN_OK)
        return s;
    r->values[side][column] = block;
    if (column == QNI_CHAIN_AS_OF) {
        s = qn_arena_take(&block, r->scratch, count * (int64_t)sizeof(bool), r->err);
        if (s != QN_OK)
            return s;
        r->has_time = block;
    }
    for (int64_t i = 0; i < count; i++) {
        const char *t = qn_table_string(r->table, at, i);
        if (!read_text(&r->values[side][column][i], r, column, i, t))
            return qni_error_at(r->err, QN_DATA, r->name, line_of(r, row_of_code(r, at, i)), 0,
                                "column \"%s\": \"%.40s\" is %s", title(r, side, column), t, wanted[column]);
    }
    return QN_OK;
}

/* Whether the first text of a column is an option's symbol. */
static bool holds_symbols(const rows *r, int64_t at)
{
    qni_symbol symbol;
    return at >= 0 && qn_table_string_count(r->table, at) > 0 &&
           qni_symbol_parse(&symbol, qn_table_string(r->table, at, 0));
}

/* Where the file has only one of the columns "symbol" and "ticker", what stands in it tells which of the two it is. */
static void look_at_symbols(rows *r)
{
    int64_t *symbol = &r->at.column[QNI_CHAIN_ONE][QNI_CHAIN_SYMBOL];
    int64_t *ticker = &r->at.column[QNI_CHAIN_ONE][QNI_CHAIN_TICKER];
    bool swap = *symbol < 0 ? holds_symbols(r, *ticker)
                            : *ticker < 0 && r->at.column[QNI_CHAIN_ONE][QNI_CHAIN_STRIKE] >= 0 &&
                                  qn_table_string_count(r->table, *symbol) > 0 && !holds_symbols(r, *symbol);
    if (!swap)
        return;
    int64_t column = *symbol;
    *symbol = *ticker;
    *ticker = column;
}

static qn_status prepare(rows *r)
{
    static const int texts[] = {QNI_CHAIN_EXPIRY, QNI_CHAIN_TYPE, QNI_CHAIN_SETTLEMENT, QNI_CHAIN_AS_OF,
                                QNI_CHAIN_LAST_TIME};
    for (int side = 0; side < QNI_CHAIN_SIDES; side++) {
        for (int c = 0; c < QNI_CHAIN_COLUMN_COUNT; c++) {
            int64_t column = r->file->column[side][c];
            r->at.column[side][c] = column < 0 ? -1 : qn_table_column_find(r->table, r->names[column]);
        }
    }
    look_at_symbols(r);
    qn_status s = QN_OK;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        for (int side = 0; side < QNI_CHAIN_SIDES && s == QN_OK; side++)
            s = read_texts(r, side, texts[i]);
    }
    return s;
}

static int32_t day_of(int64_t us)
{
    int32_t day;
    int64_t seconds;
    qn_market_local(&day, &seconds, us);
    return day;
}

/* A date that has no time of its own stands for the close of that day. */
static qn_status take_date(rows *r, int64_t us, bool has_time)
{
    int64_t close;
    r->has_as_of = true;
    r->as_of_day = day_of(us);
    r->c->chain.as_of_us = us;
    if (has_time)
        return QN_OK;
    r->c->chain.as_of_us =
        qn_market_session(NULL, &close, r->as_of_day) ? close : qn_market_time(r->as_of_day, QNI_CHAIN_CLOSE_S);
    r->c->chain.as_of_inferred = true;
    char date[QNI_TIME_TEXT_SIZE];
    (void)qni_date_text(date, r->as_of_day);
    return qni_chain_warn(r->c, r->err, "the quotes are taken to be of the close of %s: the file tells the day alone",
                          date);
}

/* The days that a file has quotes of, and the latest time. */
typedef struct days {
    int32_t seen[QNI_CHAIN_NAMES_SHOWN];
    int64_t count; /* of changes, at least that of days where it is above 1 */
    int64_t latest;
    bool has_time, has_wanted;
} days;

static qn_status collect_days(days *d, const rows *r, int32_t wanted)
{
    *d = (days){.latest = INT64_MIN};
    for (int64_t row = 0; row < qn_table_row_count(r->table); row++) {
        int32_t c = code(r, QNI_CHAIN_ONE, QNI_CHAIN_AS_OF, row);
        if (c < 0)
            return qni_error_at(r->err, QN_DATA, r->name, line_of(r, row), 0, "column \"%s\" is empty",
                                title(r, QNI_CHAIN_ONE, QNI_CHAIN_AS_OF));
        int64_t us = r->values[QNI_CHAIN_ONE][QNI_CHAIN_AS_OF][c];
        int32_t day = day_of(us);
        d->has_wanted |= day == wanted;
        if (us > d->latest) {
            d->latest = us;
            d->has_time = r->has_time[c];
        }
        bool known = false;
        for (int64_t i = 0; i < d->count && i < QNI_CHAIN_NAMES_SHOWN; i++)
            known |= d->seen[i] == day;
        if (!known && d->count++ < QNI_CHAIN_NAMES_SHOWN)
            d->seen[d->count - 1] = day;
    }
    return QN_OK;
}

static void list_days(char out[QNI_CHAIN_SENTENCE / 2], const days *d)
{
    size_t at = 0;
    char date[QNI_TIME_TEXT_SIZE];
    for (int64_t i = 0; i < d->count && i < QNI_CHAIN_NAMES_SHOWN; i++) {
        (void)qni_date_text(date, d->seen[i]);
        at += (size_t)snprintf(out + at, QNI_CHAIN_SENTENCE / 2 - at, "%s%s", i > 0 ? ", " : "", date);
    }
    if (d->count > QNI_CHAIN_NAMES_SHOWN)
        (void)snprintf(out + at, QNI_CHAIN_SENTENCE / 2 - at, ", ...");
}

/* When the quotes held, as the caller, a column or the lines above the header tell. */
static qn_status find_as_of(rows *r)
{
    const int64_t given = r->options->as_of_us;
    if (r->at.column[QNI_CHAIN_ONE][QNI_CHAIN_AS_OF] >= 0) {
        char list[QNI_CHAIN_SENTENCE / 2];
        days d;
        qn_status s = collect_days(&d, r, given != 0 ? day_of(given) : INT32_MIN);
        if (s != QN_OK)
            return s;
        list_days(list, &d);
        if (given == 0 && d.count > 1)
            return qni_error_at(r->err, QN_DATA, r->name, 0, 0,
                                "there are quotes of several days (%s): choose one of them by as_of", list);
        if (given != 0 && !d.has_wanted)
            return qni_error_at(r->err, QN_DATA, r->name, 0, 0, "no quote is of the day that as_of gives, but of %s",
                                list);
        r->choose_day = true;
        if (given == 0)
            return take_date(r, d.latest, d.has_time);
    }
    if (given != 0)
        return take_date(r, given, true);
    int64_t us;
    bool has_time;
    if (r->head->date[0] == '\0')
        return QN_OK;
    if (!qni_chain_time(&us, &has_time, r->head->date))
        return qni_error_at(r->err, QN_DATA, r->name, r->head->lines_before, 0,
                            "\"Date: %s\" is no time (Date: July 12, 2022, 11:55 AM EDT)", r->head->date);
    return take_date(r, us, has_time);
}

/* A quote while it is read. */
typedef struct draft {
    qn_quote q;
    int64_t row;
    int side;
    bool has_symbol;
    qni_symbol symbol;
    char underlying[16];
} draft;

static qn_status refuse(const rows *r, const draft *d, const char *what, const char *of_columns)
{
    return qni_error_at(r->err, QN_DATA, r->name, d->q.line, 0, "\"%s\" says another %s than the row: %s",
                        text(r, d->side, QNI_CHAIN_SYMBOL, d->row), what, of_columns);
}

/* The symbol of a draft, if it has one. */
static qn_status take_symbol(rows *r, draft *d)
{
    const char *symbol = text(r, d->side, QNI_CHAIN_SYMBOL, d->row);
    if (symbol == NULL || *symbol == '\0')
        return QN_OK;
    d->has_symbol = qni_symbol_parse(&d->symbol, symbol);
    if (!d->has_symbol && r->odd_symbols++ == 0)
        r->odd_line = d->q.line;
    return QN_OK;
}

/* By a column for it, else by the root. */
static qn_status take_settlement(rows *r, draft *d)
{
    int64_t settlement;
    const char *root = d->has_symbol ? d->symbol.root : text(r, QNI_CHAIN_ONE, QNI_CHAIN_ROOT, d->row);
    if (!value(&settlement, r, QNI_CHAIN_ONE, QNI_CHAIN_SETTLEMENT, d->row))
        settlement = root != NULL ? (int64_t)qni_root_settlement(root) : QN_SETTLEMENT_PM;
    d->q.settlement = (uint8_t)settlement;
    return QN_OK;
}

static qn_status take_type(rows *r, draft *d)
{
    int64_t type = d->side == QNI_CHAIN_CALL ? QN_CALL : QN_PUT;
    if (d->side != QNI_CHAIN_ONE || value(&type, r, QNI_CHAIN_ONE, QNI_CHAIN_TYPE, d->row)) {
        d->q.type = (int8_t)type;
        if (d->has_symbol && d->symbol.type != d->q.type)
            return refuse(r, d, "type", type == QN_CALL ? "a call" : "a put");
    } else if (d->has_symbol) {
        d->q.type = d->symbol.type;
    } else {
        return qni_error_at(r->err, QN_DATA, r->name, d->q.line, 0, "nothing says whether this is a call or a put");
    }
    return QN_OK;
}

static qn_status take_strike(rows *r, draft *d)
{
    double strike = number(r, QNI_CHAIN_ONE, QNI_CHAIN_STRIKE, d->row) / (r->file->thousandths ? 1000 : 1);
    if (isnan(strike) && d->has_symbol)
        strike = d->symbol.strike;
    if (isnan(strike))
        return qni_error_at(r->err, QN_DATA, r->name, d->q.line, 0, "the strike is missing");
    if (!(strike > 0) || isinf(strike))
        return qni_error_at(r->err, QN_DATA, r->name, d->q.line, 0, "a strike is above 0, this is %g", strike);
    if (d->has_symbol && fabs(strike - d->symbol.strike) > QNI_CHAIN_STRIKE_DIGITS) {
        char shown[64];
        (void)snprintf(shown, sizeof shown, "%.10g", strike);
        return refuse(r, d, "strike", shown);
    }
    d->q.strike = strike;
    return QN_OK;
}

/* The day of expiry from a number of days. */
static qn_status add_days(const rows *r, draft *d)
{
    double count = number(r, QNI_CHAIN_ONE, QNI_CHAIN_DAYS, d->row);
    if (isnan(count))
        return qni_error_at(r->err, QN_DATA, r->name, d->q.line, 0, "the expiry is missing");
    if (!r->has_as_of)
        return qni_error_at(r->err, QN_DATA, r->name, d->q.line, 0,
                            "an expiry in days needs the day from which they count: give as_of");
    if (!(fabs(count) <= QNI_CHAIN_DAYS_MOST) || count != (double)(int32_t)count)
        return qni_error_at(r->err, QN_DATA, r->name, d->q.line, 0, "%g is no number of days", count);
    d->q.expiry = r->as_of_day + (int32_t)count;
    return QN_OK;
}

/* From which day the file's own days count, where all rows agree. */
static void note_days(rows *r, const draft *d)
{
    double count = number(r, QNI_CHAIN_ONE, QNI_CHAIN_DAYS, d->row);
    bool whole = fabs(count) <= QNI_CHAIN_DAYS_MOST && count == (double)(int32_t)count;
    int32_t from = whole ? d->q.expiry - (int32_t)count : INT32_MIN;
    if (r->c->chain.count == 0)
        r->days_from = from;
    r->days_agree = whole && from == r->days_from && (r->c->chain.count == 0 || r->days_agree);
}

static qn_status take_expiry(rows *r, draft *d)
{
    int64_t day;
    if (!value(&day, r, QNI_CHAIN_ONE, QNI_CHAIN_EXPIRY, d->row)) {
        if (!d->has_symbol)
            return add_days(r, d);
        day = d->symbol.expiry;
    }
    d->q.expiry = (int32_t)day;
    note_days(r, d);
    /* Of old a symbol gave the Saturday after the last day of trading: that is no contradiction. */
    if (d->has_symbol && day != d->symbol.expiry &&
        qn_market_expiry((int32_t)day, QN_SETTLEMENT_PM) != qn_market_expiry(d->symbol.expiry, QN_SETTLEMENT_PM)) {
        char date[QNI_TIME_TEXT_SIZE];
        (void)qni_date_text(date, day);
        return refuse(r, d, "expiry", date);
    }
    return QN_OK;
}

/* Of what this is an option: by its symbol, else by a column. */
static qn_status take_underlying(const rows *r, draft *d)
{
    const char *ticker = text(r, QNI_CHAIN_ONE, QNI_CHAIN_TICKER, d->row);
    char told[16] = "";
    if (ticker == NULL)
        ticker = text(r, QNI_CHAIN_ONE, QNI_CHAIN_ROOT, d->row);
    if (ticker != NULL) {
        (void)qn_ticker_plain(told, ticker);
        (void)qn_ticker_plain(told, qni_root_ticker(told));
    }
    (void)qn_ticker_plain(d->underlying, d->has_symbol ? qni_root_ticker(d->symbol.root) : told);
    size_t size = strlen(told);
    bool adjusted = strlen(d->underlying) == size + 1 && memcmp(told, d->underlying, size) == 0 &&
                    d->underlying[size] >= '0' && d->underlying[size] <= '9'; /* after a merger or a split */
    if (size > 0 && strcmp(told, d->underlying) != 0 && !adjusted)
        return refuse(r, d, "underlying", ticker);
    return QN_OK;
}

static void take_spot(rows *r, int64_t row)
{
    double spot = number(r, QNI_CHAIN_ONE, QNI_CHAIN_SPOT, row);
    if (!(spot > 0) || isinf(spot))
        return;
    if (isnan(r->spot))
        r->spot = r->spot_least = r->spot_most = spot;
    r->spot_least = spot < r->spot_least ? spot : r->spot_least;
    r->spot_most = spot > r->spot_most ? spot : r->spot_most;
}

/* One quote of a row into the chain, unless it is of another underlying. */
static qn_status take_quote(rows *r, int64_t row, int side)
{
    static qn_status (*const steps[])(rows *, draft *) = {take_symbol, take_settlement, take_type, take_strike,
                                                          take_expiry};
    draft d = {.row = row, .side = side, .q = {.line = line_of(r, row), .last_us = INT64_MIN}};
    qn_status s = QN_OK;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && s == QN_OK; i++)
        s = steps[i](r, &d);
    if (s == QN_OK)
        s = take_underlying(r, &d);
    if (s != QN_OK)
        return s;
    if (!qni_chain_names_take(&r->underlyings, d.underlying))
        return QN_OK;
    d.q.bid = number(r, side, QNI_CHAIN_BID, row);
    d.q.ask = number(r, side, QNI_CHAIN_ASK, row);
    d.q.last = number(r, side, QNI_CHAIN_LAST, row);
    d.q.volume = number(r, side, QNI_CHAIN_VOLUME, row);
    d.q.open_interest = number(r, side, QNI_CHAIN_OPEN_INTEREST, row);
    d.q.provider_implied = number(r, side, QNI_CHAIN_IMPLIED, row);
    if (!value(&d.q.last_us, r, side, QNI_CHAIN_LAST_TIME, row))
        d.q.last_us = INT64_MIN;
    take_spot(r, row);
    r->c->quotes[r->c->chain.count++] = d.q;
    return QN_OK;
}

static qn_status take_rows(rows *r)
{
    const int first = r->file->two_sided ? QNI_CHAIN_CALL : QNI_CHAIN_ONE;
    const int last = r->file->two_sided ? QNI_CHAIN_PUT : QNI_CHAIN_ONE;
    for (int64_t row = 0; row < qn_table_row_count(r->table); row++) {
        int64_t us;
        if (r->choose_day && value(&us, r, QNI_CHAIN_ONE, QNI_CHAIN_AS_OF, row) && day_of(us) != r->as_of_day) {
            r->other_days++;
            continue;
        }
        for (int side = first; side <= last; side++) {
            qn_status s = take_quote(r, row, side);
            if (s != QN_OK)
                return s;
        }
    }
    if (r->part)
        r->other_days = r->underlyings.others = 0;
    return QN_OK;
}

static qn_status name_chain(rows *r)
{
    return qni_chain_name(r->c, &r->underlyings, r->name, r->err);
}

/* As a last resort. */
static qn_status infer_as_of(rows *r)
{
    if (r->has_as_of)
        return QN_OK;
    qn_status s = qni_chain_infer_as_of(&r->has_as_of, r->c, r->err);
    if (s != QN_OK || r->has_as_of)
        return s;
    if (r->days_agree)
        return take_date(r, qn_market_time(r->days_from, 0), false);
    return qni_error_at(r->err, QN_DATA, r->name, 0, 0, "nothing in the file says when these quotes held: give as_of");
}

static qn_status warn(rows *r)
{
    qn_status s = QN_OK;
    if (r->other_days > 0)
        s = qni_chain_warn(r->c, r->err, "%" PRId64 " rows are of other days and were left out", r->other_days);
    if (s == QN_OK && r->odd_symbols > 0)
        s = qni_chain_warn(r->c, r->err,
                           "%" PRId64 " symbols, the first in line %" PRId64 ", are none of the OSI and were not read",
                           r->odd_symbols, r->odd_line);
    if (s == QN_OK && r->options->spot == 0 && r->spot_most > r->spot_least * (1 + QNI_CHAIN_SPOT_SPREAD))
        s = qni_chain_warn(r->c, r->err, "the price of the underlying is between %.10g and %.10g, taken as %.10g",
                           r->spot_least, r->spot_most, r->spot);
    if (s == QN_OK && r->head->lines_unread > 0)
        s = qni_chain_warn(r->c, r->err, "%" PRId64 " lines above the header were not read", r->head->lines_unread);
    if (s == QN_OK && r->head->line_is_cut)
        s = qni_chain_warn(r->c, r->err, "the last line has no end: the file may be cut off");
    return s;
}

static qn_status read_rows(rows *r)
{
    static qn_status (*const steps[])(rows *) = {prepare, find_as_of, take_rows, name_chain, infer_as_of, warn};
    qn_status s = QN_OK;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && s == QN_OK; i++)
        s = steps[i](r);
    if (s != QN_OK)
        return s;
    r->c->chain.spot = r->options->spot > 0 ? r->options->spot : !isnan(r->spot) ? r->spot : r->head->spot;
    r->c->chain.format = r->file->yfinance ? "yfinance" : r->head->cboe ? "cboe" : "csv";
    return qni_chain_finish(r->c, r->err);
}

static rows rows_of(const qni_chain_rows *of, const qn_chain_options *options, qn_error *err)
{
    return (rows){.table = of->table,
                  .file = of->file,
                  .names = of->names,
                  .head = of->head,
                  .name = of->name,
                  .part = of->part,
                  .options = options,
                  .err = err,
                  .spot = (double)NAN};
}

qn_status qni_chain_read_rows(qni_chain **out, const qni_chain_rows *of, int64_t most, const qn_chain_options *options,
                              qn_error *err)
{
    rows r = rows_of(of, options, err);
    *out = NULL;
    qni_chain_names_init(&r.underlyings, options->ticker);
    if (most > QNI_CHAIN_QUOTES_MOST)
        return qni_error_at(err, QN_LIMIT, r.name, 0, 0, "more than %" PRId64 " quotes", QNI_CHAIN_QUOTES_MOST);
    qn_status s = qni_chain_new(&r.c, options->allocator, most, err);
    if (s == QN_OK)
        s = qni_arena_text(&r.c->chain.source, r.c->arena, r.name, -1, err);
    if (s == QN_OK)
        s = qn_arena_new(&r.scratch, options->allocator, 0, err);
    if (s == QN_OK)
        s = read_rows(&r);
    qn_arena_free(r.scratch);
    if (s != QN_OK) {
        qni_chain_free(r.c);
        return s;
    }
    *out = r.c;
    return QN_OK;
}

/* ---- which chains there are ---- */

typedef struct parts {
    qni_chain_part *items; /* (most), count of them found */
    int64_t count, most, last;
} parts;

static bool is_part(const qni_chain_part *part, const char *ticker, int32_t day)
{
    return part->day == day && strcmp(part->ticker, ticker) == 0;
}

/* The part of that underlying and day; NULL: there are too many. Rows of one stand together as a rule. */
static qni_chain_part *part_of(parts *p, const char *ticker, int32_t day)
{
    if (p->count > 0 && is_part(&p->items[p->last], ticker, day))
        return &p->items[p->last];
    for (p->last = 0; p->last < p->count; p->last++) {
        if (is_part(&p->items[p->last], ticker, day))
            return &p->items[p->last];
    }
    if (p->count == p->most)
        return NULL;
    qni_chain_part *part = &p->items[p->count++];
    *part = (qni_chain_part){.day = day};
    memcpy(part->ticker, ticker, strlen(ticker) + 1);
    return part;
}

static void note_time(qni_chain_part *part, int64_t us, bool has_time)
{
    int64_t close;
    if (!has_time)
        us = qn_market_session(NULL, &close, part->day) ? close : qn_market_time(part->day, QNI_CHAIN_CLOSE_S);
    if (part->as_of_us == 0 || us > part->as_of_us) {
        part->as_of_us = us;
        part->inferred = !has_time;
    }
}

static qn_status note_row(parts *p, rows *r, int64_t row, int side)
{
    draft d = {.row = row, .side = side, .q.line = line_of(r, row)};
    const int32_t c = code(r, QNI_CHAIN_ONE, QNI_CHAIN_AS_OF, row);
    const int64_t us = c >= 0 ? r->values[QNI_CHAIN_ONE][QNI_CHAIN_AS_OF][c] : 0;
    qn_status s = take_symbol(r, &d);
    if (s == QN_OK)
        s = take_underlying(r, &d);
    if (s != QN_OK)
        return s;
    qni_chain_part *part = part_of(p, d.underlying, c >= 0 ? day_of(us) : 0);
    if (part == NULL)
        return qni_error_at(r->err, QN_LIMIT, r->name, 0, 0,
                            "there are quotes of more than %" PRId64 " underlyings and days: choose one of them",
                            p->most);
    part->count++;
    if (c >= 0)
        note_time(part, us, r->has_time[c]);
    return QN_OK;
}

static qn_status find_parts(parts *p, rows *r)
{
    const int first = r->file->two_sided ? QNI_CHAIN_CALL : QNI_CHAIN_ONE;
    const int last = r->file->two_sided ? QNI_CHAIN_PUT : QNI_CHAIN_ONE;
    qn_status s = prepare(r);
    for (int64_t row = 0; s == QN_OK && row < qn_table_row_count(r->table); row++) {
        for (int side = first; s == QN_OK && side <= last; side++)
            s = note_row(p, r, row, side);
    }
    return s;
}

qn_status qni_chain_find_parts(qni_chain_part *items, int64_t most, int64_t *count, const qni_chain_rows *of,
                               const qn_chain_options *options, qn_error *err)
{
    rows r = rows_of(of, options, err);
    parts p = {.items = items, .most = most};
    *count = 0;
    qn_status s = qn_arena_new(&r.scratch, options->allocator, 0, err);
    if (s != QN_OK)
        return s;
    s = find_parts(&p, &r);
    qn_arena_free(r.scratch);
    *count = p.count;
    return s;
}
