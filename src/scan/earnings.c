/* scan/earnings.c: earnings calendars; see earnings.h.
 *
 * Reports are sorted by ticker and day; those of one ticker and day become one. Always: all that a calendar holds lies
 * in its arena, it itself too. */
#include <quern/earnings.h>

#include "base/error.h"
#include "base/options.h"
#include "base/time.h"
#include "mem/notes.h"
#include "options/chain_text.h"
#include "options/hours.h"
#include "scan/listing.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- timing ---- */

const char *qn_timing_name(qn_timing timing)
{
    switch (timing) {
#define TIMING_NAME(name, value, text) \
    case QN_TIMING_##name:             \
        return text;
        QN_TIMING_LIST(TIMING_NAME)
#undef TIMING_NAME
    }
    return "?";
}

static bool take_digits(const char **p, int count, int *value)
{
    *value = 0;
    for (int i = 0; i < count; i++, ++*p) {
        if (**p < '0' || **p > '9')
            return i > 0 && count == 2 && i == 1;
        *value = *value * 10 + (**p - '0');
    }
    return true;
}

/* ":05" behind an hour or a minute. */
static bool take_sixtieth(const char **p, int *value)
{
    if (**p != ':' || (*p)[1] < '0' || (*p)[1] > '5' || (*p)[2] < '0' || (*p)[2] > '9')
        return false;
    *value = ((*p)[1] - '0') * 10 + ((*p)[2] - '0');
    *p += 3;
    return true;
}

/* "16:05", "4:05:00 PM EST": seconds after midnight in New York. */
static bool take_time(int32_t *seconds, const char *text)
{
    const char *p = text;
    int hour, minute, second = 0;
    char rest[QNI_HEADING_SIZE];
    if (!take_digits(&p, 2, &hour) || !take_sixtieth(&p, &minute))
        return false;
    (void)take_sixtieth(&p, &second);
    qni_heading_plain(rest, p, (int64_t)strlen(p));
    p = rest;
    if (strncmp(p, "am", 2) == 0 || strncmp(p, "pm", 2) == 0) {
        if (hour < 1 || hour > 12)
            return false;
        hour = hour % 12 + (*p == 'p' ? 12 : 0);
        p += 2;
    }
    *seconds = (hour * 60 + minute) * 60 + second;
    return hour <= 23 && (*p == '\0' || strcmp(p, "et") == 0 || strcmp(p, "est") == 0 || strcmp(p, "edt") == 0);
}

/* Midnight is what a time that nobody knows is written as. */
static qn_timing timing_at(int64_t seconds)
{
    return seconds == 0                  ? QN_TIMING_UNKNOWN
           : seconds < QNI_OPEN_SECOND   ? QN_TIMING_BEFORE_OPEN
           : seconds >= QNI_CLOSE_SECOND ? QN_TIMING_AFTER_CLOSE
                                         : QN_TIMING_DURING;
}

bool qn_timing_from_text(qn_timing *out, const char *text)
{
    /* plain names, a blank between two */
    static const struct {
        const char *words;
        qn_timing timing;
    } known[] = {
        {"unknown timenotsupplied tns tas unspecified unconfirmed notsupplied na none null", QN_TIMING_UNKNOWN},
        {"bmo beforeopen beforemarketopen beforemarket premarket premarketopen pre timepremarket befmkt "
         "beforethebell beforebell beforemarkethours beforetheopen beforetrading beforehours",
         QN_TIMING_BEFORE_OPEN},
        {"amc afterclose aftermarketclose aftermarket afterhours aftermarkethours postmarket postmarketclose post "
         "timeafterhours aftmkt afterthebell afterbell aftertheclose aftertrading",
         QN_TIMING_AFTER_CLOSE},
        {"dmh dmt during duringmarket duringmarkethours duringmarkettrading duringtrading duringhours intraday "
         "timeduringmarkethours",
         QN_TIMING_DURING},
    };
    char plain[QNI_HEADING_SIZE];
    int32_t seconds;
    *out = QN_TIMING_UNKNOWN;
    if (take_time(&seconds, text)) {
        *out = timing_at(seconds);
        return true;
    }
    qni_heading_plain(plain, text, (int64_t)strlen(text));
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        const qni_heading words = {.name = "", .known = known[i].words};
        if (qni_heading_rank(&words, plain) >= 0) {
            *out = known[i].timing;
            return true;
        }
    }
    return text[strspn(text, " -")] == '\0';
}

/* ---- a calendar ---- */

/* X(ENUMERATOR, name in maps, whether it is a number, what a map says where it must be there, known names). */
#define COLUMN_LIST(X)                                                                                              \
    X(TICKER, "ticker", false, "name it with a map, ticker=NAME, or give the ticker",                               \
      "ticker symbol code actsymbol tic sym instrument")                                                            \
    X(DAY, "day", false, "name it with a map, day=NAME",                                                            \
      "earningsdate earningdate reporteddate reportdate datereported announcementdate announcedate anndats "        \
      "startdatetime earningsdatetime epsreportdate reportday eventdate date day dt datetime c1")                   \
    X(TIMING, "timing", false, NULL,                                                                                \
      "timing when hour timeoftheday reporttime earningscalltime earningstime startdatetimetype beforeaftermarket " \
      "calltime anntims session eventtime time")                                                                    \
    X(FISCAL_END, "fiscal_end", false, NULL,                                                                        \
      "fiscaldateending fiscalend fiscalquarterending fiscalqtrend fiscalperiodend fiscalenddate periodending "     \
      "periodend quarterend")                                                                                       \
    X(EPS, "eps", true, NULL, "reportedeps epsactual actualeps epsreported actual eps")                             \
    X(ESTIMATE, "estimate", true, NULL,                                                                             \
      "estimatedeps epsestimate epsestimated estimate epsforecast consensuseps consensusforecast epsest "           \
      "consensus epsconsensus")

enum {
#define ENUMERATOR(column, name, number, needed, known) column,
    COLUMN_LIST(ENUMERATOR)
#undef ENUMERATOR
    COLUMN_COUNT
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

const qni_listing_kind qni_calendar_kind = {
    .what = "reports", .headings = headings, .columns = columns, .count = COLUMN_COUNT, .ticker = TICKER};

typedef struct held_calendar {
    qn_calendar c; /* first: what callers hold is a pointer to it */
    qn_arena *arena;
    qn_earnings *reports; /* (capacity) */
    qni_notes notes;
} held_calendar;

void qn_calendar_options_init(qn_calendar_options *out, int64_t size)
{
    qni_options_init(out, size);
}

void qn_calendar_free(qn_calendar *c)
{
    if (c != NULL)
        qn_arena_free(((held_calendar *)c)->arena); /* c itself lies there */
}

static qn_status make(held_calendar **out, const char *source, int64_t capacity, const qn_allocator *allocator,
                      qn_error *err)
{
    qni_listing_home home;
    *out = NULL;
    qn_status s = qni_listing_home_new(&home, (int64_t)sizeof **out, capacity, (int64_t)sizeof *(*out)->reports, source,
                                       allocator, err);
    if (s != QN_OK)
        return s;
    held_calendar *c = home.result;
    *c = (held_calendar){.arena = home.arena, .reports = home.rows, .notes = home.notes};
    c->c = (qn_calendar){
        .size = (int64_t)sizeof c->c, .source = home.source, .reports = home.rows, .warnings = home.notes.texts};
    *out = c;
    return QN_OK;
}

static int by_ticker_and_day(const void *a, const void *b)
{
    const qn_earnings *x = a, *y = b;
    int order = strcmp(x->ticker, y->ticker);
    if (order == 0)
        order = (x->day > y->day) - (x->day < y->day);
    return order != 0 ? order : (x->line > y->line) - (x->line < y->line);
}

/* ---- from a file ---- */

/* A date, and the time of day behind it where there is one. */
typedef struct moment {
    int32_t day;
    qn_timing timing; /* by that time */
} moment;

/* The day as it is written, unless a time other than midnight follows it: then day and time in New York. */
static bool parse_moment(void *out, const char *text)
{
    moment m = {.timing = QN_TIMING_UNKNOWN};
    int64_t us, seconds, written;
    bool has_time = false;
    int32_t day;
    if (!qni_chain_date(&m.day, text))
        return false;
    if (qni_chain_time(&us, &has_time, text) && has_time) {
        qn_market_local(&day, &seconds, us);
        bool stamped = qni_timestamp_parse(&written, text, (int64_t)strcspn(text, "Z+"));
        if (!stamped || written % (QNI_DAY_SECONDS * INT64_C(1000000)) != 0) {
            m.day = day;
            m.timing = timing_at(seconds);
        }
    }
    memcpy(out, &m, sizeof m);
    return true;
}

static bool parse_timing(void *out, const char *text)
{
    qn_timing timing;
    if (!qn_timing_from_text(&timing, text))
        return false;
    memcpy(out, &timing, sizeof timing);
    return true;
}

/* A date, or "Dec/2025": the last day of that month. */
static bool parse_fiscal_end(void *out, const char *text)
{
    int32_t day = INT32_MIN;
    char first[16];
    size_t size = strlen(text);
    if (text[strspn(text, " -")] != '\0' && !qni_chain_date(&day, text)) {
        if (size < 8 || size >= sizeof first - 3)
            return false;
        memcpy(first, "1 ", 2);
        memcpy(first + 2, text, size + 1);
        for (char *p = first; *p != '\0'; p++)
            *p = *p == '/' || *p == '-' ? ' ' : *p;
        if (!qni_chain_date(&day, first))
            return false;
        int32_t year;
        int month, of_month;
        qni_date_split(&year, &month, &of_month, day);
        day = qni_date_days(month == 12 ? year + 1 : year, month == 12 ? 1 : month + 1, 1) - 1;
    }
    memcpy(out, &day, sizeof day);
    return true;
}

typedef struct reading {
    const qni_listing *listing;
    held_calendar *c;
    const moment *moments;         /* by the code of a text, as those that follow */
    const qn_timing *timings;      /* NULL: no such column */
    const int32_t *fiscal_ends;    /* likewise */
    const double *eps, *estimates; /* (rows) likewise */
    int64_t other_rows;
    qn_error *err;
} reading;

static qn_status take_row(reading *r, int64_t row)
{
    const qni_listing *listing = r->listing;
    int32_t ticker, code = qni_listing_code(listing, DAY, row);
    qn_status s = qni_listing_ticker(&ticker, listing, row, r->err);
    if (s != QN_OK || ticker < 0) {
        r->other_rows += ticker < 0;
        return s;
    }
    if (code < 0)
        return qni_error_at(r->err, QN_DATA, listing->file, qni_listing_line(listing, row), 0, "column \"%s\" is empty",
                            qn_table_column_name(listing->table, listing->column[DAY]));
    qn_earnings *e = &r->c->reports[r->c->c.count++];
    const moment *m = &r->moments[code];
    *e = (qn_earnings){.ticker = listing->tickers[ticker],
                       .day = m->day,
                       .timing = (uint8_t)m->timing,
                       .fiscal_end = INT32_MIN,
                       .eps = r->eps != NULL ? r->eps[row] : (double)NAN,
                       .estimate = r->estimates != NULL ? r->estimates[row] : (double)NAN,
                       .line = qni_listing_line(listing, row)};
    code = qni_listing_code(listing, TIMING, row);
    if (code >= 0 && r->timings[code] != QN_TIMING_UNKNOWN)
        e->timing = (uint8_t)r->timings[code];
    code = qni_listing_code(listing, FISCAL_END, row);
    if (code >= 0)
        e->fiscal_end = r->fiscal_ends[code];
    return QN_OK;
}

/* What a says, and where it says nothing what b says. */
static void add_report(qn_earnings *a, const qn_earnings *b)
{
    if (a->timing == QN_TIMING_UNKNOWN)
        a->timing = b->timing;
    if (a->fiscal_end == INT32_MIN)
        a->fiscal_end = b->fiscal_end;
    if (isnan(a->eps))
        a->eps = b->eps;
    if (isnan(a->estimate))
        a->estimate = b->estimate;
}

/* Reports of one ticker and day become one. */
static qn_status merge(reading *r)
{
    qn_earnings *reports = r->c->reports;
    int64_t kept = 0;
    for (int64_t i = 0; i < r->c->c.count; i++) {
        qn_earnings *e = &reports[i], *last = &reports[kept - (kept > 0)];
        if (kept == 0 || strcmp(last->ticker, e->ticker) != 0 || last->day != e->day) {
            reports[kept++] = *e;
            continue;
        }
        if (last->timing != e->timing && last->timing != QN_TIMING_UNKNOWN && e->timing != QN_TIMING_UNKNOWN) {
            char date[QNI_TIME_TEXT_SIZE];
            (void)qni_date_text(date, e->day);
            return qni_error_at(r->err, QN_DATA, r->listing->file, e->line, 0,
                                "%s reports on %s %s here, but %s in line %" PRId64, e->ticker, date,
                                qn_timing_name((qn_timing)e->timing), qn_timing_name((qn_timing)last->timing),
                                last->line);
        }
        add_report(last, e);
    }
    r->c->c.count = kept;
    return QN_OK;
}

/* The tickers' names lie in the listing: the calendar gets its own, one for each. */
static qn_status own_tickers(reading *r)
{
    const char *before = NULL, *own = NULL;
    for (int64_t i = 0; i < r->c->c.count; i++) {
        qn_earnings *e = &r->c->reports[i];
        if (before == NULL || strcmp(before, e->ticker) != 0) {
            before = e->ticker;
            qn_status s = qni_arena_text(&own, r->c->arena, before, -1, r->err);
            if (s != QN_OK)
                return s;
        }
        e->ticker = own;
    }
    return QN_OK;
}

static qn_status warn(reading *r)
{
    const qn_earnings *near = NULL;
    int64_t count = 0;
    qn_status s = QN_OK;
    for (int64_t i = 1; i < r->c->c.count; i++) {
        const qn_earnings *e = &r->c->reports[i];
        if (strcmp(e->ticker, e[-1].ticker) == 0 && e->day - e[-1].day < QNI_CALENDAR_NEAR && count++ == 0)
            near = e;
    }
    if (near != NULL)
        s = qni_notes_add(&r->c->notes, r->err,
                          "%" PRId64 " %s less than %d days after the one before, the first that of %s in lines "
                          "%" PRId64 " and %" PRId64 ": one of both dates may be wrong",
                          count, count == 1 ? "report is" : "reports are", QNI_CALENDAR_NEAR, near->ticker,
                          near[-1].line, near->line);
    if (s == QN_OK && r->other_rows > 0)
        s = qni_notes_add(&r->c->notes, r->err, "left out: %" PRId64 " row%s of other tickers", r->other_rows,
                          r->other_rows == 1 ? "" : "s");
    if (s == QN_OK && r->listing->line_is_cut)
        s = qni_notes_add(&r->c->notes, r->err, "the last line has no end: the file may be cut off");
    r->c->c.warning_count = r->c->notes.count;
    return s;
}

static qn_status read_columns(reading *r)
{
    void *block = NULL;
    qn_status s =
        qni_listing_values(&block, r->listing, DAY, (int64_t)sizeof(moment), parse_moment, "date (2026-02-13)", r->err);
    r->moments = block;
    if (s == QN_OK)
        s = qni_listing_values(&block, r->listing, TIMING, (int64_t)sizeof(qn_timing), parse_timing,
                               "timing (bmo, amc, dmh or a time of day)", r->err);
    r->timings = block;
    if (s == QN_OK)
        s = qni_listing_values(&block, r->listing, FISCAL_END, (int64_t)sizeof(int32_t), parse_fiscal_end,
                               "date (2026-02-13)", r->err);
    r->fiscal_ends = block;
    if (s == QN_OK)
        s = qni_listing_numbers(&r->eps, r->listing, EPS, "number (1.85, decimals after a point)", r->err);
    return s == QN_OK ? qni_listing_numbers(&r->estimates, r->listing, ESTIMATE,
                                            "number (1.85, decimals after a point)", r->err)
                      : s;
}

static qn_status read_rows(reading *r)
{
    qn_status s = read_columns(r);
    for (int64_t row = 0; row < r->listing->row_count && s == QN_OK; row++)
        s = take_row(r, row);
    if (s != QN_OK)
        return s;
    qsort(r->c->reports, (size_t)r->c->c.count, sizeof *r->c->reports, by_ticker_and_day);
    s = merge(r);
    if (s == QN_OK)
        s = own_tickers(r);
    return s == QN_OK ? warn(r) : s;
}

static qn_status read_source(qn_calendar **out, qni_listing_source *source, const qn_calendar_options *options,
                             qn_error *err)
{
    *out = NULL;
    qn_calendar_options o;
    qn_status s = qni_options_copy(&o, (int64_t)sizeof o, options, "qn_calendar_options", err);
    if (s != QN_OK)
        return s;
    source->ticker = o.ticker;
    source->map = o.map;
    source->allocator = o.allocator;
    qni_listing listing;
    reading r = {.listing = &listing, .err = err};
    s = qni_listing_open(&listing, &qni_calendar_kind, source, err);
    if (s == QN_OK)
        s = make(&r.c, listing.file, listing.row_count, o.allocator, err);
    if (s == QN_OK)
        s = read_rows(&r);
    qni_listing_close(&listing);
    if (s == QN_OK)
        *out = &r.c->c;
    else if (r.c != NULL)
        qn_calendar_free(&r.c->c);
    return s;
}

qn_status qn_calendar_read(qn_calendar **out, const char *path, const qn_calendar_options *options, qn_error *err)
{
    return read_source(out, &(qni_listing_source){.path = path}, options, err);
}

qn_status qn_calendar_read_bytes(qn_calendar **out, const char *bytes, int64_t size, const char *name,
                                 const qn_calendar_options *options, qn_error *err)
{
    return read_source(out, &(qni_listing_source){.bytes = bytes, .size = size, .name = name}, options, err);
}

/* ---- from a program ---- */

static qn_status copy_report(qn_earnings *to, held_calendar *c, const qn_earnings *from, int64_t index, qn_error *err)
{
    char plain[16];
    int letters = from->ticker != NULL ? qn_ticker_plain(plain, from->ticker) : 0;
    if (letters < 1 || letters >= (int)sizeof plain)
        return qni_error(err, QN_INVALID, "report %" PRId64 ": \"%.40s\" is no ticker (AAPL)", index,
                         from->ticker != NULL ? from->ticker : "");
    if (from->timing > QN_TIMING_DURING)
        return qni_error(err, QN_INVALID, "report %" PRId64 ": there is no timing %d", index, from->timing);
    *to = *from;
    return qni_arena_text(&to->ticker, c->arena, plain, -1, err);
}

/* A report and how many came before it. */
typedef struct placed {
    qn_earnings report;
    int64_t at;
} placed;

static int by_place(const void *a, const void *b)
{
    const placed *x = a, *y = b;
    int order = strcmp(x->report.ticker, y->report.ticker);
    if (order == 0)
        order = (x->report.day > y->report.day) - (x->report.day < y->report.day);
    return order != 0 ? order : (x->at > y->at) - (x->at < y->at);
}

/* Copies in order; of the same ticker and day the last. */
static qn_status take_reports(held_calendar *c, const qn_earnings *reports, int64_t count, qn_arena *scratch,
                              qn_error *err)
{
    void *block;
    qn_status s = qn_arena_take(&block, scratch, count * (int64_t)sizeof(placed), err);
    if (s != QN_OK || count == 0)
        return s;
    placed *list = block;
    for (int64_t i = 0; i < count && s == QN_OK; i++) {
        s = copy_report(&list[i].report, c, &reports[i], i, err);
        list[i].at = i;
    }
    if (s != QN_OK)
        return s;
    qsort(list, (size_t)count, sizeof *list, by_place);
    for (int64_t i = 0; i < count; i++) {
        const qn_earnings *next = i + 1 < count ? &list[i + 1].report : NULL;
        if (next == NULL || strcmp(next->ticker, list[i].report.ticker) != 0 || next->day != list[i].report.day)
            c->reports[c->c.count++] = list[i].report;
    }
    return QN_OK;
}

qn_status qn_calendar_from_reports(qn_calendar **out, const qn_earnings *reports, int64_t count,
                                   const qn_allocator *allocator, qn_error *err)
{
    *out = NULL;
    if (count < 0 || (count > 0 && reports == NULL))
        return qni_error(err, QN_INVALID, "there cannot be %" PRId64 " reports%s", count,
                         count > 0 ? " where none are given" : "");
    held_calendar *c;
    qn_arena *scratch;
    qn_status s = make(&c, "", count, allocator, err);
    if (s != QN_OK)
        return s;
    s = qn_arena_new(&scratch, allocator, 0, err);
    if (s == QN_OK)
        s = take_reports(c, reports, count, scratch, err);
    qn_arena_free(scratch);
    if (s != QN_OK) {
        qn_calendar_free(&c->c);
        return s;
    }
    *out = &c->c;
    return QN_OK;
}

int64_t qn_calendar_find(const qn_earnings **first, const qn_calendar *calendar, const char *ticker)
{
    char plain[16];
    *first = NULL;
    if (qn_ticker_plain(plain, ticker) >= (int)sizeof plain)
        return 0;
    int64_t low = 0, high = calendar->count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (strcmp(calendar->reports[middle].ticker, plain) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    int64_t count = 0;
    while (low + count < calendar->count && strcmp(calendar->reports[low + count].ticker, plain) == 0)
        count++;
    if (count > 0)
        *first = &calendar->reports[low];
    return count;
}
