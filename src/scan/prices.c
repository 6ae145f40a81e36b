/* scan/prices.c: daily prices; see prices.h.
 *
 * Rows are gathered ticker by ticker, put in order of their days, and copied into columns. Always: all that prices hold
 * lies in their arena, they themselves too. */
#include <quern/prices.h>

#include "base/error.h"
#include "base/options.h"
#include "base/time.h"
#include "mem/notes.h"
#include "options/chain_text.h"
#include "scan/prices_int.h"
#include "scan/listing.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* X(ENUMERATOR, name in maps, whether it is a number, what a map says where it must be there, known names). */
#define COLUMN_LIST(X)                                                                                                 \
    X(DAY, "day", false, "name it with a map, day=NAME",                                                               \
      "date day datetime timestamp tradedate tradingday tradingdate pricedate tsevent dt time t windowstart unnamed0 " \
      "c1")                                                                                                            \
    X(TICKER, "ticker", false, "name it with a map, ticker=NAME, or give the ticker",                                  \
      "ticker symbol code actsymbol tic sym instrument")                                                               \
    X(OPEN, "open", true, NULL, "open openprice priceopen openprc 1open o")                                            \
    X(HIGH, "high", true, NULL, "high highprice pricehigh askhi 2high h")                                              \
    X(LOW, "low", true, NULL, "low lowprice pricelow bidlo 3low l")                                                    \
    X(CLOSE, "close", true, "name it with a map, close=NAME",                                                          \
      "close closelast closeprice priceclose closingprice 4close last lastprice price prc adjclose adjustedclose "     \
      "adjcloseprice closeadj c")                                                                                      \
    X(VOLUME, "volume", true, NULL, "volume vol tradevolume totalvolume sharevolume 5volume v")

enum {
#define ENUMERATOR(column, name, number, needed, known) column,
    COLUMN_LIST(ENUMERATOR)
#undef ENUMERATOR
    COLUMN_COUNT,
    NUMBER_COUNT = VOLUME - OPEN + 1
};

static const qni_heading headings[COLUMN_COUNT] = {
#define HEADING(column, text, is_number, map, plain) {.name = (text), .known = (plain)},
    COLUMN_LIST(HEADING)
#undef HEADING
};

static const qni_listing_column columns[COLUMN_COUNT] = {
#define COLUMN(column, text, is_number, map, plain) {.number = (is_number), .needed = (map)},
    COLUMN_LIST(COLUMN)
#undef COLUMN
};

const qni_listing_kind qni_prices_kind = {
    .what = "prices", .headings = headings, .columns = columns, .count = COLUMN_COUNT, .ticker = TICKER, .wide = true};

typedef struct held_prices {
    qn_prices p; /* first: what callers hold is a pointer to it */
    qn_arena *arena;
    qn_daily *tickers;
    qni_notes notes;
} held_prices;

void qn_prices_options_init(qn_prices_options *out, int64_t size)
{
    qni_options_init(out, size);
}

void qn_prices_free(qn_prices *p)
{
    if (p != NULL)
        qn_arena_free(((held_prices *)p)->arena); /* p itself lies there */
}

static qn_status make(held_prices **out, const char *source, int64_t ticker_count, const qn_allocator *allocator,
                      qn_error *err)
{
    qni_listing_home home;
    *out = NULL;
    qn_status s = qni_listing_home_new(&home, (int64_t)sizeof **out, ticker_count, (int64_t)sizeof *(*out)->tickers,
                                       source, allocator, err);
    if (s != QN_OK)
        return s;
    held_prices *p = home.result;
    *p = (held_prices){.arena = home.arena, .tickers = home.rows, .notes = home.notes};
    p->p = (qn_prices){
        .size = (int64_t)sizeof p->p, .source = home.source, .tickers = home.rows, .warnings = home.notes.texts};
    *out = p;
    return QN_OK;
}

/* Columns of a ticker while they are filled. */
typedef struct columns_of {
    int32_t *days;
    double *numbers[NUMBER_COUNT];
} columns_of;

/* Room for so many days of a further ticker. */
static qn_status add_ticker(columns_of *out, held_prices *p, const char *ticker, int64_t count, qn_error *err)
{
    void *block;
    qn_daily *d = &p->tickers[p->p.ticker_count];
    *d = (qn_daily){.count = count};
    qn_status s = qni_arena_text(&d->ticker, p->arena, ticker, -1, err);
    if (s == QN_OK)
        s = qn_arena_take(&block, p->arena, count * (int64_t)sizeof *out->days, err);
    if (s != QN_OK)
        return s;
    d->days = out->days = block;
    const double **const fields[NUMBER_COUNT] = {&d->open, &d->high, &d->low, &d->close, &d->volume};
    for (int i = 0; i < NUMBER_COUNT; i++) {
        s = qn_arena_take(&block, p->arena, count * (int64_t)sizeof(double), err);
        if (s != QN_OK)
            return s;
        *fields[i] = out->numbers[i] = block;
    }
    p->p.ticker_count++;
    p->p.row_count += count;
    return QN_OK;
}

/* ---- from a file ---- */

/* Rows of some kind. */
typedef struct tally {
    int64_t count, line; /* of the first one */
} tally;

typedef struct reading {
    const qni_listing *listing;
    held_prices *p;
    const int32_t *days;                 /* by the code of a text; CLOSED: the exchange was closed */
    const double *numbers[NUMBER_COUNT]; /* (rows); NULL: no such column */
    int64_t *keys;                       /* day and row of all rows that count, ticker by ticker */
    int64_t *starts;                     /* (tickers + 1) of each in keys */
    tally closed, without_close, wrong, other;
    int64_t wrong_row; /* the last one */
    qn_error *err;
} reading;

enum {
    CLOSED = INT32_MIN
};

static void note(tally *t, const reading *r, int64_t row)
{
    if (t->count++ == 0)
        t->line = qni_listing_line(r->listing, row);
}

/* Of milli-, micro- or nanoseconds since 1970 the seconds; other texts stay as they are. */
static const char *cut_fraction(char seconds[11], const char *text, size_t size)
{
    if ((size != 13 && size != 16 && size != 19) || strspn(text, "0123456789") != size)
        return text;
    memcpy(seconds, text, 10);
    seconds[10] = '\0';
    return seconds;
}

static bool parse_day(void *out, const char *text)
{
    int32_t day;
    char seconds[11];
    size_t size = strlen(text);
    bool before_time = size > 10 && (text[10] == ' ' || text[10] == 'T');
    text = cut_fraction(seconds, text, size);
    if (!(before_time && qni_date_parse(&day, text, 10)) && !qni_chain_date(&day, text))
        return false;
    if (qn_market_holiday(day)[0] != '\0')
        day = CLOSED;
    memcpy(out, &day, sizeof day);
    return true;
}

static double number(const reading *r, int column, int64_t row)
{
    const double *numbers = r->numbers[column - OPEN];
    return numbers != NULL ? numbers[row] : (double)NAN;
}

/* Day and ticker of a row that counts; INT32_MIN: it does not. */
static qn_status place(int32_t *day, int32_t *ticker, reading *r, int64_t row)
{
    *day = CLOSED;
    qn_status s = qni_listing_ticker(ticker, r->listing, row, r->err);
    if (s != QN_OK || *ticker < 0)
        return s;
    int32_t code = qni_listing_code(r->listing, DAY, row);
    if (code < 0)
        return qni_error_at(r->err, QN_DATA, r->listing->file, qni_listing_line(r->listing, row), 0,
                            "column \"%s\" is empty", qn_table_column_name(r->listing->table, r->listing->column[DAY]));
    double close = number(r, CLOSE, row);
    if (close > 0 && !isinf(close))
        *day = r->days[code];
    return QN_OK;
}

/* Counts why a row does not count. */
static void note_left_out(reading *r, int32_t ticker, int64_t row)
{
    double close = number(r, CLOSE, row);
    note(ticker < 0 ? &r->other : close > 0 && !isinf(close) ? &r->closed : &r->without_close, r, row);
}

/* Days and rows, ticker by ticker, in the order of the file. */
static qn_status gather(reading *r)
{
    const int64_t count = r->listing->row_count, tickers = r->listing->ticker_count;
    int32_t day, ticker;
    memset(r->starts, 0, (size_t)(tickers + 1) * sizeof *r->starts);
    for (int64_t row = 0; row < count; row++) {
        qn_status s = place(&day, &ticker, r, row);
        if (s != QN_OK)
            return s;
        if (day == CLOSED)
            note_left_out(r, ticker, row);
        else
            r->starts[ticker + 1]++;
    }
    for (int64_t i = 0; i < tickers; i++)
        r->starts[i + 1] += r->starts[i];
    for (int64_t row = 0; row < count; row++) {
        if (place(&day, &ticker, r, row) == QN_OK && day != CLOSED)
            r->keys[r->starts[ticker]++] = (int64_t)day * (INT64_C(1) << 32) + row;
    }
    for (int64_t i = tickers; i > 0; i--)
        r->starts[i] = r->starts[i - 1];
    r->starts[0] = 0;
    return QN_OK;
}

static int ascending(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int32_t day_of(int64_t key)
{
    return (int32_t)(key >> 32);
}

static int64_t row_of(int64_t key)
{
    return key & INT64_C(0xFFFFFFFF);
}

/* Newest first is turned round, any other order sorted. */
static void sort(int64_t *keys, int64_t count)
{
    int64_t rising = 0;
    for (int64_t i = 1; i < count; i++)
        rising += keys[i] > keys[i - 1];
    if (rising == 0) {
        for (int64_t i = 0; i < count / 2; i++) {
            int64_t key = keys[i];
            keys[i] = keys[count - 1 - i];
            keys[count - 1 - i] = key;
        }
    } else if (rising < count - 1) {
        qsort(keys, (size_t)count, sizeof *keys, ascending);
    }
}

static bool are_equal(const reading *r, int64_t a, int64_t b)
{
    for (int c = OPEN; c <= VOLUME; c++) {
        double x = number(r, c, a), y = number(r, c, b);
        if (x != y && !(isnan(x) && isnan(y)))
            return false;
    }
    return true;
}

/* Drops rows that say the same again; returns how many are left in *count. */
static qn_status drop_equal(int64_t *count, const reading *r, int64_t *keys, const char *ticker)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < *count; i++) {
        if (kept > 0 && day_of(keys[i]) == day_of(keys[kept - 1])) {
            int64_t a = row_of(keys[kept - 1]), b = row_of(keys[i]);
            if (are_equal(r, a, b))
                continue;
            char date[QNI_TIME_TEXT_SIZE];
            (void)qni_date_text(date, day_of(keys[i]));
            return qni_error_at(r->err, QN_DATA, r->listing->file, qni_listing_line(r->listing, b), 0,
                                "%s of %s stands in line %" PRId64 " with other prices: one row a day is wanted",
                                ticker[0] != '\0' ? ticker : "the share", date, qni_listing_line(r->listing, a));
        }
        keys[kept++] = keys[i];
    }
    *count = kept;
    return QN_OK;
}

/* A number of a row as prices have it: NaN where it cannot be. */
static double sound(reading *r, int column, int64_t row)
{
    double value = number(r, column, row);
    bool good = column == VOLUME ? value >= 0 : value > 0;
    if (isnan(value) || (good && !isinf(value)))
        return value;
    if (r->wrong_row != row)
        note(&r->wrong, r, row);
    r->wrong_row = row;
    return (double)NAN;
}

static qn_status fill(reading *r, int64_t ticker)
{
    int64_t *keys = r->keys + r->starts[ticker];
    int64_t count = r->starts[ticker + 1] - r->starts[ticker];
    const char *name = r->listing->tickers[ticker];
    columns_of to;
    sort(keys, count);
    qn_status s = drop_equal(&count, r, keys, name);
    if (s != QN_OK || count == 0)
        return s;
    s = add_ticker(&to, r->p, name, count, r->err);
    for (int64_t i = 0; i < count && s == QN_OK; i++) {
        int64_t row = row_of(keys[i]);
        to.days[i] = day_of(keys[i]);
        for (int c = OPEN; c <= VOLUME; c++)
            to.numbers[c - OPEN][i] = sound(r, c, row);
    }
    return s;
}

static qn_status warn(reading *r)
{
    const struct {
        const tally *rows;
        const char *before, *what, *behind;
    } kinds[] = {
        {&r->other, "left out: ", "of other tickers", ""},
        {&r->without_close, "left out: ", "without a close above 0", ""},
        {&r->closed, "left out: ", "of days on which the exchange was closed", ": are days shifted by a time zone?"},
        {&r->wrong, "left out: an open, high, low or volume that cannot be, of ", "", ""},
    };
    qn_status s = QN_OK;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0] && s == QN_OK; i++) {
        const tally *t = kinds[i].rows;
        if (t->count > 0)
            s = qni_notes_add(&r->p->notes, r->err, "%s%" PRId64 " row%s%s%s, the first in line %" PRId64 "%s",
                              kinds[i].before, t->count, t->count == 1 ? "" : "s", kinds[i].what[0] != '\0' ? " " : "",
                              kinds[i].what, t->line, kinds[i].behind);
    }
    if (s == QN_OK && r->listing->line_is_cut)
        s = qni_notes_add(&r->p->notes, r->err, "the last line has no end: the file may be cut off");
    r->p->p.warning_count = r->p->notes.count;
    return s;
}

static qn_status read_columns(reading *r)
{
    void *block;
    const qni_listing *listing = r->listing;
    qn_status s =
        qni_listing_values(&block, listing, DAY, (int64_t)sizeof(int32_t), parse_day, "date (2026-02-13)", r->err);
    r->days = block;
    for (int c = OPEN; c <= VOLUME && s == QN_OK; c++)
        s = qni_listing_numbers(&r->numbers[c - OPEN], listing, c, "number (190.50, decimals after a point)", r->err);
    if (s == QN_OK)
        s = qn_arena_take(&block, listing->arena, listing->row_count * (int64_t)sizeof *r->keys, r->err);
    if (s != QN_OK)
        return s;
    r->keys = block;
    s = qn_arena_take(&block, listing->arena, (listing->ticker_count + 1) * (int64_t)sizeof *r->starts, r->err);
    r->starts = block;
    return s;
}

static qn_status read_rows(reading *r)
{
    qn_status s = read_columns(r);
    if (s == QN_OK)
        s = gather(r);
    for (int64_t i = 0; i < r->listing->ticker_count && s == QN_OK; i++)
        s = fill(r, i);
    if (s == QN_OK && r->p->p.row_count == 0)
        s = qni_error_at(r->err, QN_DATA, r->listing->file, 0, 0,
                         "there are no prices: no row has a close above 0 on a day of trading");
    return s == QN_OK ? warn(r) : s;
}

static qn_status read_from(qn_prices **out, const qni_listing_source *source, qn_error *err)
{
    qni_listing listing;
    reading r = {.listing = &listing, .wrong_row = -1, .err = err};
    qn_status s = qni_listing_open(&listing, &qni_prices_kind, source, err);
    if (s == QN_OK)
        s = make(&r.p, listing.file, listing.ticker_count, source->allocator, err);
    if (s == QN_OK)
        s = read_rows(&r);
    qni_listing_close(&listing);
    if (s != QN_OK && r.p != NULL)
        qn_prices_free(&r.p->p);
    else if (s == QN_OK)
        *out = &r.p->p;
    return s;
}

static qn_status read_source(qn_prices **out, qni_listing_source *source, const qn_prices_options *options,
                             qn_error *err)
{
    *out = NULL;
    qn_prices_options o;
    qn_status s = qni_options_copy(&o, (int64_t)sizeof o, options, "qn_prices_options", err);
    if (s != QN_OK)
        return s;
    source->ticker = o.ticker;
    source->map = o.map;
    source->allocator = o.allocator;
    return read_from(out, source, err);
}

qn_status qn_prices_read(qn_prices **out, const char *path, const qn_prices_options *options, qn_error *err)
{
    return read_source(out, &(qni_listing_source){.path = path}, options, err);
}

qn_status qn_prices_read_bytes(qn_prices **out, const char *bytes, int64_t size, const char *name,
                               const qn_prices_options *options, qn_error *err)
{
    return read_source(out, &(qni_listing_source){.bytes = bytes, .size = size, .name = name}, options, err);
}

/* ---- from a program ---- */

static qn_status check_daily(const qn_daily *d, qn_error *err)
{
    char plain[16];
    int letters = d->ticker != NULL ? qn_ticker_plain(plain, d->ticker) : 0;
    if (letters < 1 || letters >= (int)sizeof plain)
        return qni_error(err, QN_INVALID, "\"%.40s\" is no ticker (AAPL)", d->ticker != NULL ? d->ticker : "");
    if (d->count < 1 || d->days == NULL || d->close == NULL)
        return qni_error(err, QN_INVALID, "%s: days and closes are wanted, one at least", plain);
    for (int64_t i = 0; i < d->count; i++) {
        if (i > 0 && d->days[i] <= d->days[i - 1])
            return qni_error(err, QN_INVALID, "%s: days must ascend, that of row %" PRId64 " does not", plain, i);
        if (!(d->close[i] > 0) || isinf(d->close[i]))
            return qni_error(err, QN_INVALID, "%s: a close is above 0, that of row %" PRId64 " is %g", plain, i,
                             d->close[i]);
    }
    return QN_OK;
}

static qn_status add_daily(held_prices *p, const qn_daily *d, qn_error *err)
{
    char plain[16];
    columns_of to;
    (void)qn_ticker_plain(plain, d->ticker);
    qn_status s = add_ticker(&to, p, plain, d->count, err);
    if (s != QN_OK)
        return s;
    const double *const from[NUMBER_COUNT] = {d->open, d->high, d->low, d->close, d->volume};
    memcpy(to.days, d->days, (size_t)d->count * sizeof *to.days);
    for (int c = 0; c < NUMBER_COUNT; c++) {
        double *column = to.numbers[c];
        for (int64_t i = 0; i < d->count; i++)
            column[i] = from[c] != NULL ? from[c][i] : (double)NAN;
    }
    return QN_OK;
}

static int by_ticker(const void *a, const void *b)
{
    return strcmp(((const qn_daily *)a)->ticker, ((const qn_daily *)b)->ticker);
}

static qn_status sort_tickers(held_prices *p, qn_error *err)
{
    const int64_t count = p->p.ticker_count;
    qsort(p->tickers, (size_t)count, sizeof *p->tickers, by_ticker);
    for (int64_t i = 1; i < count; i++) {
        if (strcmp(p->tickers[i].ticker, p->tickers[i - 1].ticker) == 0)
            return qni_error(err, QN_INVALID, "%s is given twice", p->tickers[i].ticker);
    }
    return QN_OK;
}

qn_status qn_prices_from_daily(qn_prices **out, const qn_daily *tickers, int64_t count, const qn_allocator *allocator,
                               qn_error *err)
{
    *out = NULL;
    held_prices *p;
    if (count < 0 || (count > 0 && tickers == NULL))
        return qni_error(err, QN_INVALID, "there cannot be %" PRId64 " tickers%s", count,
                         count > 0 ? " where none are given" : "");
    qn_status s = QN_OK;
    for (int64_t i = 0; i < count && s == QN_OK; i++)
        s = check_daily(&tickers[i], err);
    if (s == QN_OK)
        s = make(&p, "", count, allocator, err);
    if (s != QN_OK)
        return s;
    for (int64_t i = 0; i < count && s == QN_OK; i++)
        s = add_daily(p, &tickers[i], err);
    if (s == QN_OK)
        s = sort_tickers(p, err);
    if (s != QN_OK) {
        qn_prices_free(&p->p);
        return s;
    }
    *out = &p->p;
    return QN_OK;
}

qn_status qni_prices_make(qn_prices **out, qn_daily **tickers, qn_arena **arena, int64_t count,
                          const qn_allocator *allocator, qn_error *err)
{
    held_prices *p;
    *out = NULL;
    qn_status s = make(&p, "", count, allocator, err);
    if (s != QN_OK)
        return s;
    *out = &p->p;
    *tickers = p->tickers;
    *arena = p->arena;
    return QN_OK;
}

qn_status qni_prices_settle(qn_prices *prices, int64_t count, qn_error *err)
{
    held_prices *p = (held_prices *)prices;
    qn_status s = QN_OK;
    for (int64_t i = 0; i < count && s == QN_OK; i++) {
        s = check_daily(&p->tickers[i], err);
        p->p.row_count += p->tickers[i].count;
    }
    p->p.ticker_count = count;
    return s == QN_OK ? sort_tickers(p, err) : s;
}

const qn_daily *qn_prices_find(const qn_prices *prices, const char *ticker)
{
    char plain[16];
    if (qn_ticker_plain(plain, ticker) >= (int)sizeof plain || prices->ticker_count == 0)
        return NULL;
    const qn_daily wanted = {.ticker = plain};
    return bsearch(&wanted, prices->tickers, (size_t)prices->ticker_count, sizeof wanted, by_ticker);
}
