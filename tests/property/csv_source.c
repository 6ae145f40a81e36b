/* Random records written as CSV in a random dialect are read back: the same records, counts and first lines, however
 * the bytes arrive and however many records are asked for at once. */
#include "stream/feed_kit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    RECORDS = 60,
    TEXT = 64 << 10,
    COLUMNS = 16
};

/* What a column holds, in the order of the dialect. */
typedef enum what {
    TIME,
    SYMBOL,
    PRICE,
    SIZE,
    BID,
    ASK,
    SIDE,
    KIND,
    ORDER,
    SEQUENCE,
    WHATS, /* columns that there may be; more than these are noise */
} what;

typedef struct dialect {
    char delimiter;
    const char *line_end;
    int column_count;
    int columns[COLUMNS];
    bool there[WHATS];
    int time; /* 0: text, 1: nanoseconds, 2: seconds with decimals */
    bool quotes, blanks, passed_lines, bad_lines, ends_without_line;
} dialect;

typedef struct writer {
    char text[TEXT];
    size_t size;
    uint64_t seed;
    int64_t line;
    dialect d;
} writer;

static const char *const symbols[] = {"AAPL", "BTC-USD", "S", "\xC3\xA4", "A \"quoted\" one", "x,y;z|w", " G "};

static bool chance(writer *w, int64_t of)
{
    return test_random_below(&w->seed, of) == 0;
}

static void put(writer *w, const char *text)
{
    size_t size = strlen(text);
    assert_true(w->size + size < TEXT);
    memcpy(w->text + w->size, text, size);
    w->size += size;
}

static void put_cell(writer *w, const char *cell)
{
    char quoted[128];
    size_t at = 0;
    bool must = strpbrk(cell, ",;|\t\"") != NULL || cell[0] == ' ';
    if (w->d.blanks && chance(w, 3))
        put(w, "  ");
    if (!must && !(w->d.quotes && chance(w, 3))) {
        put(w, cell);
    } else {
        quoted[at++] = '"';
        for (const char *p = cell; *p != '\0'; p++) {
            if (*p == '"')
                quoted[at++] = '"';
            quoted[at++] = *p;
        }
        quoted[at++] = '"';
        quoted[at] = '\0';
        put(w, quoted);
    }
    if (w->d.blanks && chance(w, 3))
        put(w, "  ");
}

/* A number of 1e-8, with as many zeros behind it as come. */
static void show_number(char text[64], writer *w, int64_t value)
{
    const uint64_t large = value < 0 ? (uint64_t)-value : (uint64_t)value;
    if (chance(w, 8)) {
        (void)snprintf(text, 64, "%s%" PRIu64 "e-8", value < 0 ? "-" : "", large);
        return;
    }
    (void)snprintf(text, 64, "%s%" PRIu64 ".%08" PRIu64, value < 0 ? "-" : "", large / 100000000, large % 100000000);
    for (size_t n = strlen(text); chance(w, 2) && (text[n - 1] == '0' || text[n - 1] == '.');) {
        bool point = text[n - 1] == '.';
        text[--n] = '\0';
        if (point)
            break;
    }
}

/* Days since 1970 as a date, by counting them. */
static void show_day(char text[64], int64_t days)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = 1970, month = 0;
    for (;; year++) {
        int length = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 366 : 365;
        if (days < length)
            break;
        days -= length;
    }
    for (;; month++) {
        int length = lengths[month] + (month == 1 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
        if (days < length)
            break;
        days -= length;
    }
    (void)snprintf(text, 64, "%04d-%02d-%02d", year, month + 1, (int)days + 1);
}

static void show_time(char text[64], writer *w, int64_t ns)
{
    const int64_t second = 1000000000, day = 86400 * second;
    if (w->d.time == 1) {
        (void)snprintf(text, 64, "%" PRId64, ns);
    } else if (w->d.time == 2) {
        (void)snprintf(text, 64, "%" PRId64 ".%09" PRId64, ns / second, ns % second);
    } else {
        show_day(text, ns / day);
        int64_t s = ns % day / second;
        (void)snprintf(text + 10, 54, "%c%02d:%02d:%02d.%09d%s", chance(w, 2) ? 'T' : ' ', (int)(s / 3600),
                       (int)(s / 60 % 60), (int)(s % 60), (int)(ns % second), chance(w, 2) ? "Z" : "");
    }
}

static void put_value(writer *w, what column, const qn_tick *t, int64_t number)
{
    char text[64] = "noise";
    switch (column) {
    case TIME:
        show_time(text, w, t->time_ns);
        break;
    case SYMBOL:
        (void)snprintf(text, sizeof text, "%s", symbols[t->symbol]);
        break;
    case PRICE:
        show_number(text, w, t->price);
        break;
    case SIZE:
        show_number(text, w, t->size);
        break;
    case BID:
        text[0] = '\0';
        if (t->flags & QN_TICK_HAS_BID)
            show_number(text, w, t->bid);
        break;
    case ASK:
        text[0] = '\0';
        if (t->flags & QN_TICK_HAS_ASK)
            show_number(text, w, t->ask);
        break;
    case SIDE:
        (void)snprintf(text, sizeof text, "%s", t->side > 0 ? "Buy" : t->side < 0 ? "S" : "");
        break;
    case KIND:
        (void)snprintf(text, sizeof text, "%s", t->kind == QN_TICK_ORDER ? "order" : "Trade");
        break;
    case ORDER:
        (void)snprintf(text, sizeof text, "%" PRIu32, t->order);
        break;
    case SEQUENCE:
        (void)snprintf(text, sizeof text, "%" PRId64, number);
        break;
    default:
        break;
    }
    put_cell(w, text);
}

static void end_line(writer *w)
{
    put(w, w->d.line_end);
    w->line++;
}

/* Lines that are no records. */
static void put_others(writer *w, qn_csv_source_stats *stats)
{
    while (w->d.passed_lines && chance(w, 4)) {
        put(w, chance(w, 2) ? "# a \"comment, of some" : "  ");
        end_line(w);
    }
    if (w->d.bad_lines && chance(w, 6)) {
        put(w, chance(w, 2) ? "\"open" : "1");
        end_line(w);
        if (stats->bad++ == 0)
            stats->bad_line = w->line;
    }
}

static void choose(writer *w)
{
    dialect *d = &w->d;
    static const char *const ends[] = {"\n", "\r\n"};
    *d = (dialect){.delimiter = ",;\t|"[test_random_below(&w->seed, 4)],
                   .line_end = ends[test_random_below(&w->seed, 2)],
                   .time = (int)test_random_below(&w->seed, 3),
                   .quotes = chance(w, 3),
                   .blanks = chance(w, 3),
                   .passed_lines = chance(w, 3),
                   .bad_lines = chance(w, 3),
                   .ends_without_line = chance(w, 2)};
    for (int i = 0; i < WHATS; i++) {
        d->there[i] = i <= PRICE || chance(w, 2);
        if (d->there[i])
            d->columns[d->column_count++] = i;
    }
    for (int64_t noise = test_random_below(&w->seed, 4); noise > 0 || d->column_count < 3; noise--)
        d->columns[d->column_count++] = WHATS;
    for (int i = d->column_count - 1; i > 0; i--) {
        int64_t j = test_random_below(&w->seed, i + 1);
        int swapped = d->columns[i];
        d->columns[i] = d->columns[j];
        d->columns[j] = swapped;
    }
}

static void put_names(writer *w)
{
    static const char *const names[] = {"Time Stamp", "Symbol", "price", "Qty",      "best_bid", "ASK",
                                        "side",       "kind",   "order", "Sequence", "whatever"};
    if (chance(w, 4))
        put(w, "\xEF\xBB\xBF");
    for (int i = 0; i < w->d.column_count; i++) {
        if (i > 0)
            put(w, (char[]){w->d.delimiter, '\0'});
        put_cell(w, names[w->d.columns[i]]);
    }
    end_line(w);
}

static int64_t some_number(writer *w)
{
    const int64_t large = (int64_t)(test_random(&w->seed) >> 1);
    return large >> test_random_below(&w->seed, 63);
}

static qn_tick some_tick(writer *w, int64_t *time_ns)
{
    const bool *there = w->d.there;
    if (chance(w, 10))
        *time_ns -= test_random_below(&w->seed, 1000000000000);
    else
        *time_ns += test_random_below(&w->seed, 2000000000000);
    qn_tick t = {.time_ns = *time_ns,
                 .symbol = (int32_t)test_random_below(&w->seed, sizeof symbols / sizeof symbols[0]),
                 .price = some_number(w) * (chance(w, 4) ? -1 : 1),
                 .size = there[SIZE] ? some_number(w) : 0,
                 .side = there[SIDE] ? (int8_t)(test_random_below(&w->seed, 3) - 1) : 0,
                 .order = there[ORDER] && chance(w, 3) ? (uint32_t)test_random(&w->seed) : 0};
    t.kind = there[KIND] ? chance(w, 3) : t.order != 0;
    if (there[BID] && chance(w, 2)) {
        t.flags |= QN_TICK_HAS_BID;
        t.bid = some_number(w);
    }
    if (there[ASK] && chance(w, 2)) {
        t.flags |= QN_TICK_HAS_ASK;
        t.ask = some_number(w);
    }
    return t;
}

/* What a record and its number add to the counts. */
static void count_up(const writer *w, qn_csv_source_stats *stats, int64_t back, int64_t step)
{
    if (back > 0 && stats->backwards++ == 0)
        stats->backwards_line = w->line;
    stats->backwards_most_ns = back > stats->backwards_most_ns ? back : stats->backwards_most_ns;
    if (!w->d.there[SEQUENCE])
        return;
    if (step > 1 && stats->gaps++ == 0)
        stats->gap_line = w->line;
    stats->missing += step > 1 ? step - 1 : 0;
    if (step < 1 && stats->repeats++ == 0)
        stats->repeat_line = w->line;
}

/* A text, and what should come of it. */
static void write_case(writer *w, qn_tick expected[RECORDS], qn_csv_source_stats *stats)
{
    int64_t number = some_number(w) / 2, time_ns = INT64_C(1700000000123456789);
    w->size = 0;
    w->line = 0;
    *stats = (qn_csv_source_stats){.size = sizeof *stats, .records = RECORDS};
    choose(w);
    put_names(w);
    for (int i = 0; i < RECORDS; i++) {
        put_others(w, stats);
        expected[i] = some_tick(w, &time_ns);
        const int64_t step = i == 0 || !chance(w, 8) ? 1 : test_random_below(&w->seed, 9) - 4;
        number += step;
        for (int c = 0; c < w->d.column_count; c++) {
            if (c > 0)
                put(w, (char[]){w->d.delimiter, '\0'});
            put_value(w, (what)w->d.columns[c], &expected[i], number);
        }
        if (i + 1 < RECORDS || !w->d.ends_without_line)
            put(w, w->d.line_end);
        w->line++;
        count_up(w, stats, i > 0 ? expected[i - 1].time_ns - expected[i].time_ns : 0, step);
    }
    stats->lines = w->line;
}

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    static writer w;
    static feed f;
    static qn_tick expected[RECORDS];
    w.seed = test_seed(2024);
    for (int64_t i = 0, cases = test_effort(400, 40000); i < cases; i++) {
        qn_csv_source_stats stats;
        qn_symbols *table;
        int32_t number;
        write_case(&w, expected, &stats);
        assert_int_equal(qn_symbols_new(&table, 16, NULL, NULL), QN_OK);
        for (size_t s = 0; s < sizeof symbols / sizeof symbols[0]; s++)
            assert_int_equal(qn_symbols_add(&number, table, symbols[s], -1, NULL), QN_OK);
        feed_how how = {.size = (int64_t)w.size, .symbols = table};
        how.piece = test_random_below(&w.seed, 100);
        how.wanted = 1 + test_random_below(&w.seed, 100);
        how.line_max = chance(&w, 2) ? 1000 : 0;
        qn_csv_source_options_init(&how.o, sizeof how.o);
        how.o.skip_bad = true;
        if (chance(&w, 2))
            how.o.delimiter = w.d.delimiter;
        feed_read(&f, w.text, how);
        if (f.status != QN_OK || f.count != RECORDS || memcmp(f.ticks, expected, sizeof expected) != 0 ||
            memcmp(&f.stats, &stats, sizeof stats) != 0)
            printf("case %" PRId64 " (%s):\n%.*s\n", i, f.status != QN_OK ? f.err.message : f.first_bad.message,
                   (int)w.size, w.text);
        assert_ok(f.status, &f.err);
        assert_int_equal(f.count, RECORDS);
        for (int r = 0; r < RECORDS; r++)
            assert_memory_equal(&f.ticks[r], &expected[r], sizeof expected[r]);
        assert_memory_equal(&f.stats, &stats, sizeof stats);
        qn_symbols_free(table);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
