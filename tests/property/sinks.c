/* Random records through the sinks: what is written is the same however a stream cuts its spans, reads back as the same
 * records, and agrees with sums that are worked out another way. */
#include "stream/sink_kit.h"

#include "stream/sink_text.h"

#include <quern/feeds.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {"ABC", "D, E", "\"F\"", "größe", " G ", "#H", "I;J", "K|L"};
enum {
    NAMES = sizeof names / sizeof names[0],
    RECORDS = 20000,
    COLUMNS = 3
};
static qn_symbols *symbols;
static qn_tick records[RECORDS];
static double values[COLUMNS][RECORDS];
static double *const pointers[COLUMNS] = {values[0], values[1], values[2]};
static const kit_columns columns = {(const char *const[]){"x", "y", "z"}, pointers, COLUMNS};

/* A whole number of random length and sign. */
static int64_t random_number(uint64_t *random, int64_t most)
{
    int64_t bits = test_random_below(random, 63) + 1;
    int64_t value = (int64_t)(test_random(random) >> 1) >> (63 - bits);
    value = value < most ? value : most;
    return test_random_below(random, 4) == 0 ? -value : value;
}

static double random_double(uint64_t *random)
{
    switch (test_random_below(random, 8)) {
    case 0:
        return NAN;
    case 1:
        return INFINITY;
    case 2:
        return (double)test_random_below(random, 1000);
    default:
        return ldexp(test_random_unit(random) - 0.5, (int)test_random_below(random, 40));
    }
}

/* Times go on; prices are such as a text of 18 digits holds, so that who reads needs no luck. */
static void make_records(uint64_t *random, int64_t count)
{
    int64_t time_ns = INT64_C(1700000000) * SECOND_NS;
    for (int64_t i = 0; i < count; i++) {
        time_ns += test_random_below(random, 3) * test_random_below(random, 3) * test_random_below(random, SECOND_NS);
        qn_tick r = {.sequence = i, .time_ns = time_ns, .symbol = (int32_t)test_random_below(random, NAMES)};
        r.price = random_number(random, INT64_MAX);
        r.size = llabs(random_number(random, INT64_MAX));
        r.side = (int8_t)(test_random_below(random, 3) - 1);
        if (test_random_below(random, 2) == 0) {
            r.bid = random_number(random, INT64_MAX);
            r.flags |= QN_TICK_HAS_BID;
        }
        if (test_random_below(random, 2) == 0) {
            r.ask = random_number(random, INT64_MAX);
            r.flags |= QN_TICK_HAS_ASK;
        }
        if (test_random_below(random, 5) == 0) {
            r.kind = QN_TICK_ORDER;
            r.order = (uint32_t)test_random(random);
            r.side = r.side == 0 ? 1 : r.side;
        }
        records[i] = r;
        for (int c = 0; c < COLUMNS; c++)
            values[c][i] = random_double(random);
    }
}

/* ---- text of numbers ---- */

/* `value` / 10^8, by long division of its decimal digits. */
static void plain_sum(char *out, qni_i128 value)
{
    char digits[64];
    int count = 0;
    bool negative = value < 0;
    for (; value != 0 || count < 9; value /= 10)
        digits[count++] = (char)('0' + (value < 0 ? -(int)(value % 10) : (int)(value % 10)));
    if (negative)
        *out++ = '-';
    while (count > 8)
        *out++ = digits[--count];
    int end = 0;
    while (end < 8 && digits[end] == '0')
        end++;
    if (end < 8)
        *out++ = '.';
    while (count > end)
        *out++ = digits[--count];
    *out = '\0';
}

static void numbers_are_the_digits_that_division_by_ten_gives(void **state)
{
    (void)state;
    uint64_t random = test_seed(11);
    for (int64_t i = test_effort(200000, 5000000); i > 0; i--) {
        int64_t value = random_number(&random, INT64_MAX);
        value = value < 0 && i % 1000 == 0 ? INT64_MIN : value;
        char got[64], expected[64];
        *qni_text_decimal(got, value) = '\0';
        plain_sum(expected, value);
        assert_string_equal(got, expected);
        *qni_text_integer(got, value) = '\0';
        (void)snprintf(expected, sizeof expected, "%" PRId64, value);
        assert_string_equal(got, expected);
        qni_i128 wide = (qni_i128)value * (random_number(&random, INT64_MAX) >> test_random_below(&random, 63));
        char *end = qni_text_sum(got, wide);
        assert_true(end - got <= QNI_TEXT_SUM);
        *end = '\0';
        plain_sum(expected, wide);
        assert_string_equal(got, expected);
    }
}

/* ---- spans ---- */

typedef struct made {
    char *bytes; /* of all files, one behind the other */
    int64_t size;
    qn_symbol_aggregate sums[NAMES + 1];
    qn_column_aggregate moments[NAMES + 1][COLUMNS];
} made;

static void add_file(made *m, const char *path)
{
    int64_t size;
    const char *bytes = kit_read(path, &size);
    assert_non_null(bytes);
    m->bytes = realloc(m->bytes, (size_t)(m->size + size + 1));
    assert_non_null(m->bytes);
    memcpy(m->bytes + m->size, bytes, (size_t)size + 1);
    m->size += size;
}

static void drive(const qn_stream_sink *sink, int64_t count, int64_t cut)
{
    qn_error err = qn_error_none();
    assert_ok(kit_drive(sink, records, count, &columns, cut, &err), &err);
    if (sink->free != NULL)
        sink->free(sink->self);
}

static made write_all(int64_t count, int64_t cut)
{
    made m = {.bytes = NULL};
    qn_error err = qn_error_none();
    qn_stream_sink sink;
    assert_ok(qn_csv_sink(&sink, kit_path("a"), symbols, NULL, &err), &err);
    drive(&sink, count, cut);
    add_file(&m, kit_path("a"));
    assert_ok(qn_npz_sink(&sink, kit_path("a"), symbols, NULL, &err), &err);
    drive(&sink, count, cut);
    add_file(&m, kit_path("a"));
    assert_ok(qn_bars_sink(&sink, kit_path("a"), symbols, 60 * SECOND_NS, NULL, &err), &err);
    drive(&sink, count, cut);
    add_file(&m, kit_path("a"));
    qn_aggregates *sums;
    assert_ok(qn_aggregates_new(&sums, symbols, NULL, &err), &err);
    qn_aggregates_sink(&sink, sums);
    drive(&sink, count, cut);
    for (int32_t s = -1; s < NAMES; s++) {
        m.sums[s + 1].size = sizeof m.sums[0];
        assert_ok(qn_aggregates_symbol(&m.sums[s + 1], sums, s, &err), &err);
        for (int64_t c = 0; c < COLUMNS; c++) {
            m.moments[s + 1][c].size = sizeof m.moments[0][0];
            assert_ok(qn_aggregates_column(&m.moments[s + 1][c], sums, s, c, &err), &err);
        }
    }
    qn_aggregates_free(sums);
    return m;
}

static void the_cuts_of_spans_leave_no_trace(void **state)
{
    (void)state;
    uint64_t random = test_seed(12);
    for (int64_t i = test_effort(4, 50); i > 0; i--) {
        int64_t count = test_random_below(&random, RECORDS) + 1;
        make_records(&random, count);
        made a = write_all(count, count), b = write_all(count, test_random_below(&random, 600) + 1);
        assert_int_equal(a.size, b.size);
        assert_memory_equal(a.bytes, b.bytes, (size_t)a.size);
        assert_memory_equal(a.sums, b.sums, sizeof a.sums);
        assert_memory_equal(a.moments, b.moments, sizeof a.moments);
        free(a.bytes);
        free(b.bytes);
    }
}

/* ---- sums ---- */

/* In two passes and with more digits than a double has. */
static void check_moments(const qn_column_aggregate *got, int32_t symbol, int64_t column, int64_t count)
{
    int64_t n = 0;
    long double sum = 0, squares = 0, size = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int64_t i = 0; i < count; i++) {
            double x = values[column][i];
            if ((symbol >= 0 && records[i].symbol != symbol) || !isfinite(x))
                continue;
            if (pass == 0) {
                n++;
                sum += x;
                size = fabsl(x) > size ? fabsl(x) : size;
            } else {
                squares += (x - sum / n) * (x - sum / n);
            }
        }
    assert_int_equal(got->finite, n);
    if (n < 2)
        return;
    /* Chan, Golub and LeVeque (1983), table 2: Welford's relative error is of the order n κ u, κ the length of the
     * values by their deviation; what means are off by is small beside the largest value. */
    assert_close(got->mean, (double)(sum / n), 0, 1e-16 * (double)size * (double)n);
    assert_close(got->sd, (double)sqrtl(squares / (n - 1)), 1e-16 * (double)n * 100, 0);
}

static void moments_agree_with_two_passes_in_long_doubles(void **state)
{
    (void)state;
    uint64_t random = test_seed(13);
    for (int64_t i = test_effort(5, 100); i > 0; i--) {
        int64_t count = test_random_below(&random, RECORDS) + 1;
        make_records(&random, count);
        made m = write_all(count, 512);
        for (int32_t s = -1; s < NAMES; s++)
            for (int64_t c = 0; c < COLUMNS; c++)
                check_moments(&m.moments[s + 1][c], s, c, count);
        free(m.bytes);
    }
}

/* ---- back again ---- */

static void a_csv_file_gives_its_records_back(void **state)
{
    (void)state;
    uint64_t random = test_seed(14);
    static qn_tick back[RECORDS + 1];
    for (int64_t i = test_effort(5, 100); i > 0; i--) {
        qn_error err = qn_error_none();
        int64_t count = test_random_below(&random, RECORDS) + 1, got = 0, size;
        make_records(&random, count);
        qn_stream_sink sink;
        assert_ok(qn_csv_sink(&sink, kit_path("a.csv"), symbols, NULL, &err), &err);
        drive(&sink, count, 512);
        qn_stream_source source;
        qn_symbols *table = kit_symbols(names, NAMES, NAMES);
        assert_ok(qn_csv_source(&source, kit_path("a.csv"), table, NULL, &err), &err);
        memset(back, 0, sizeof back);
        do {
            assert_ok(
                source.read(source.self, back + got, 300 < RECORDS + 1 - got ? 300 : RECORDS + 1 - got, &size, &err),
                &err);
            got += size;
        } while (size > 0);
        source.free(source.self);
        assert_int_equal(got, count);
        for (int64_t k = 0; k < count; k++) {
            back[k].sequence = k; /* the stream sets it */
            if (memcmp(&back[k], &records[k], sizeof back[k]) != 0)
                fail_msg("record %" PRId64 ": price %" PRId64 " not %" PRId64 ", time %" PRId64 " not %" PRId64, k,
                         back[k].price, records[k].price, back[k].time_ns, records[k].time_ns);
        }
        qn_symbols_free(table);
    }
}

static int make(void **state)
{
    (void)state;
    kit_folder_make();
    return 0;
}

static int drop(void **state)
{
    (void)state;
    kit_folder_drop();
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_the_digits_that_division_by_ten_gives),
        TEST(the_cuts_of_spans_leave_no_trace),
        TEST(moments_agree_with_two_passes_in_long_doubles),
        TEST(a_csv_file_gives_its_records_back),
    };
    symbols = kit_symbols(names, NAMES, NAMES);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    qn_symbols_free(symbols);
    return failed;
}
