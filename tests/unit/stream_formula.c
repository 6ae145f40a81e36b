/* Formulas in a stream: what their columns hold, record by record; how they share what they call; formulas from a file;
 * what is refused, and where. */
#include "stream/formula_kit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <quern/budget.h>

#include "base/file.h"
#include "lang/hoist.h"
#include "stream/formula_int.h"
#include "stream/stream_int.h"

enum {
    RECORDS = 1000,
    SYMBOLS = 5
};

static qn_tick ticks[RECORDS];
static double out[4 * RECORDS], again[4 * RECORDS];

static formula_run run_of(const char *const *formulas, int64_t count)
{
    uint64_t seed = 11;
    random_ticks(ticks, RECORDS, SYMBOLS, &seed);
    return (formula_run){
        .ticks = ticks, .count = RECORDS, .symbols = SYMBOLS, .formulas = formulas, .formula_count = count};
}

static void must_run(double *to, formula_run *run)
{
    qn_error err;
    assert_ok(run_formulas(to, run, &err), &err);
    assert_int_equal(run->rows, run->count);
    assert_int_equal(run->columns, run->formula_count); /* hidden ones are not shown */
}

/* A symbol's values one after another: the last n of them up to record i, oldest first; fewer where there are fewer. */
static int window(double *values, const double *x, int64_t i, int n)
{
    int count = 0;
    for (int64_t k = i; k >= 0 && count < n; k--)
        if (ticks[k].symbol == ticks[i].symbol)
            values[count++] = x[k];
    for (int a = 0; a < count / 2; a++) {
        const double swap = values[a];
        values[a] = values[count - 1 - a];
        values[count - 1 - a] = swap;
    }
    return count;
}

static double mean(const double *values, int count)
{
    double sum = 0;
    for (int i = 0; i < count; i++)
        sum += values[i];
    return sum / count;
}

static double deviation(const double *values, int count)
{
    const double middle = mean(values, count);
    double sum = 0;
    for (int i = 0; i < count; i++)
        sum += (values[i] - middle) * (values[i] - middle);
    return sqrt(sum / (count - 1));
}

static double average(const double *values, int count, int n)
{
    double e = values[0];
    for (int i = 1; i < count; i++)
        e += (values[i] - e) * 2 / (n + 1);
    return e;
}

static void stateless_formulas_are_their_expressions(void **state)
{
    (void)state;
    const char *const formulas[] = {"half = (ask - bid)/2", "m = price*size; turnover = m + m",
                                    "big = size > 5 && side == 1", "three = 3"};
    formula_run run = run_of(formulas, 4);
    must_run(out, &run);
    int64_t missing = 0;
    for (int64_t i = 0; i < RECORDS; i++) {
        const double price = (double)ticks[i].price / 1e8, size = (double)ticks[i].size / 1e8;
        if ((ticks[i].flags & (QN_TICK_HAS_BID | QN_TICK_HAS_ASK)) == (QN_TICK_HAS_BID | QN_TICK_HAS_ASK))
            assert_close(out[i], 0.015, 0, 1e-12);
        else
            missing += isnan(out[i]) != 0;
        assert_true(out[RECORDS + i] == price * size + price * size);
        assert_true(out[2 * RECORDS + i] == (size > 5 && ticks[i].side == 1));
        assert_true(out[3 * RECORDS + i] == 3);
    }
    assert_in_range(missing, RECORDS / 4, RECORDS / 2 + 50);
}

/* Worked by hand: n = 3 has the factor 1/2. */
static void each_symbol_has_a_state_of_its_own(void **state)
{
    (void)state;
    static const int prices[] = {8, 100, 16, 100, 8, 200, 24};
    static const double expected[] = {8, 100, 12, 100, 10, 150, 17}, before[] = {NAN, NAN, 8, 100, 16, 100, 8};
    enum {
        COUNT = 7
    };
    qn_tick few[COUNT] = {{.sequence = 0}};
    for (int i = 0; i < COUNT; i++) {
        few[i].price = prices[i] * (int64_t)QN_TICK_SCALE;
        few[i].symbol = i % 2;
    }
    const char *const formulas[] = {"e = ema(price, 3)", "l = lag(price)"};
    formula_run run = {.ticks = few, .count = COUNT, .symbols = 2, .formulas = formulas, .formula_count = 2};
    must_run(out, &run);
    for (int i = 0; i < COUNT; i++) {
        assert_true(out[i] == expected[i]);
        assert_true(isnan(before[i]) ? isnan(out[COUNT + i]) : out[COUNT + i] == before[i]);
    }
}

/* Worked by hand as well: the third record is an order. */
static void what_is_not_known_is_passed_over(void **state)
{
    (void)state;
    static const int prices[] = {8, 16, 1000, 8};
    static const double expected[] = {8, 12, NAN, 10};
    enum {
        COUNT = 4
    };
    qn_tick few[COUNT] = {{.sequence = 0}};
    for (int i = 0; i < COUNT; i++)
        few[i].price = prices[i] * (int64_t)QN_TICK_SCALE;
    few[2].kind = QN_TICK_ORDER;
    const char *const formulas[] = {"e = ema(order ? 0/0 : price, 3)"};
    formula_run run = {.ticks = few, .count = COUNT, .symbols = 1, .formulas = formulas, .formula_count = 1};
    must_run(out, &run);
    for (int i = 0; i < COUNT; i++)
        assert_true(isnan(expected[i]) ? isnan(out[i]) : out[i] == expected[i]);
}

static void the_distance_from_the_average_is_what_its_definition_says(void **state)
{
    (void)state;
    const char *const formulas[] = {"z = (price - ema(price,20)) / sd(price,20)",
                                    "n = 4*5; r = sd(price - sma(price, n), 7)"};
    static double price[RECORDS], off[RECORDS], values[RECORDS];
    formula_run run = run_of(formulas, 2);
    must_run(out, &run);
    assert_true(tick_column(price, "price", ticks, RECORDS));
    int64_t known = 0;
    for (int64_t i = 0; i < RECORDS; i++) {
        int count = window(values, price, i, RECORDS);
        const double ema = average(values, count, 20);
        count = window(values, price, i, 20);
        off[i] = count == 20 ? price[i] - mean(values, 20) : NAN;
        if (count < 20) {
            assert_true(isnan(out[i]));
        } else {
            assert_close(out[i], (price[i] - ema) / deviation(values, 20), 1e-9, 1e-9);
            known++;
        }
        count = window(values, off, i, 7);
        const double expected = count == 7 ? deviation(values, 7) : NAN;
        assert_int_equal(isnan(expected), isnan(out[RECORDS + i]));
        if (!isnan(expected))
            assert_close(out[RECORDS + i], expected, 1e-9, 1e-9);
    }
    assert_true(known > RECORDS / 2);
}

static void results_do_not_depend_on_spans_and_threads(void **state)
{
    (void)state;
    const char *const formulas[] = {"z = (price - ema(price,20)) / sd(price,20)", "w = lag(z, 3) + vwap(mid, size, 4)",
                                    "v = rsi(z, 5)*realized_vol(price, 9)",
                                    "u = macd(price, 3, 6, 4) + bollinger(price, 5, 2)"};
    formula_run run = run_of(formulas, 4);
    must_run(out, &run);
    static const int64_t batches[] = {1, 7, 256, 33};
    for (int i = 0; i < 4; i++) {
        run.batch = batches[i];
        run.threads = i;
        must_run(again, &run);
        assert_memory_equal(out, again, sizeof out);
    }
}

static void a_running_stream_asks_for_no_memory(void **state)
{
    (void)state;
    const char *const formulas[] = {"z = (price - ema(price,20)) / sd(log(price),20)",
                                    "m = mid; w = ema(m, 3)*vwap(m + 1, size)"};
    test_allocator counting;
    test_allocator_init(&counting);
    formula_run run = run_of(formulas, 2);
    run.allocator = &counting.allocator;
    run.counted = &counting;
    run.batch = 32;
    must_run(out, &run);
    assert_true(counting.allocations > 20);
    assert_int_equal(run.allocations, 0);
    assert_int_equal(counting.live_bytes, 0);
}

/* ---- what a stream has ---- */

typedef struct bed {
    qn_symbols *symbols;
    qn_stream *stream;
} bed;

static bed make_bed(int64_t symbols, const qn_allocator *allocator)
{
    bed b;
    qn_error err;
    qn_stream_options options;
    qn_stream_options_init(&options, sizeof options);
    options.allocator = allocator;
    options.capacity = 64;
    assert_ok(qn_symbols_new(&b.symbols, symbols, NULL, &err), &err);
    assert_ok(qn_stream_new(&b.stream, b.symbols, &options, &err), &err);
    return b;
}

static void free_bed(bed *b)
{
    qn_stream_free(b->stream);
    qn_symbols_free(b->symbols);
}

static int64_t all_columns(const bed *b)
{
    int64_t count;
    (void)qni_stream_columns(b->stream, &count);
    return count;
}

static void what_is_called_twice_is_computed_once(void **state)
{
    (void)state;
    bed b = make_bed(3, NULL);
    qn_error err;
    const int64_t fields = all_columns(&b);
    assert_ok(qn_stream_add_formula(b.stream, "z = (price - ema(price,20))/sd(price,20)", &err), &err);
    assert_int_equal(all_columns(&b), fields + 3);
    assert_ok(qn_stream_add_formula(b.stream, "up = price > ema( price, 2*10 )", &err), &err);
    assert_int_equal(all_columns(&b), fields + 4);
    assert_ok(qn_stream_add_formula(b.stream, "a = ema(bid*ask, 5)", &err), &err);
    assert_int_equal(all_columns(&b), fields + 7);
    assert_ok(qn_stream_add_formula(b.stream, "m = ask*bid; b = ema(m, 5) + sd(m, 5)", &err), &err);
    assert_int_equal(all_columns(&b), fields + 9);
    assert_int_equal(qn_stream_column_count(b.stream), 4);
    assert_string_equal(qn_stream_column_name(b.stream, 0), "z");
    assert_string_equal(qn_stream_column_name(b.stream, 3), "b");
    free_bed(&b);
}

static void assert_refused(const char *formula, qn_status code, int64_t column, const char *piece)
{
    bed b = make_bed(3, NULL);
    qn_error err;
    assert_ok(qn_stream_add_formula(b.stream, "first = price", &err), &err);
    const qn_status status = qn_stream_add_formula(b.stream, formula, &err);
    if (status != code || err.column != column || strstr(err.message, piece) == NULL)
        print_message("%s\n  -> %s, column %lld: %s\n", formula, qn_status_name(status), (long long)err.column,
                      status == QN_OK ? "" : err.message);
    assert_int_equal(status, code);
    assert_int_equal(err.column, column);
    assert_contains(err.message, piece);
    assert_int_equal(qn_stream_column_count(b.stream), 1);
    assert_int_equal(qn_stream_add_formula(b.stream, formula, NULL), code);
    free_bed(&b);
}

static void wrong_formulas_are_refused_where_they_are_wrong(void **state)
{
    (void)state;
    assert_refused("z = prise", QN_NAME, 5, "did you mean \"price\"?");
    assert_refused("first = price", QN_NAME, 1, "there is a column \"first\" already");
    assert_refused("z = frist", QN_NAME, 5, "did you mean \"first\"?");
    assert_refused("z = price +", QN_SYNTAX, 12, "ends after");
    assert_refused("z = a*price", QN_NAME, 5, "no parameters");
    assert_refused("z = 1 + sma(price, 0)", QN_INVALID, 9, "n is a whole number");
    assert_refused("z = 1 + sma(price, 2.5)", QN_INVALID, 9, "n is a whole number");
    assert_refused("z = 1 + sma(price, 1e9)", QN_INVALID, 9, "n is a whole number");
    assert_refused("z = price; y = 2 + sd(log(price), 1)", QN_INVALID, 20, "n is a whole number");
    assert_refused("z = 1 + ema(price, 0)", QN_INVALID, 9, "1 value or more");
}

static void a_state_that_does_not_fit_is_said(void **state)
{
    (void)state;
    qn_budget *budget;
    qn_error err;
    qn_budget_options options;
    qn_budget_options_init(&options, sizeof options);
    options.limit = 1 << 20;
    assert_ok(qn_budget_new(&budget, NULL, "stream", &options, &err), &err);
    bed b = make_bed(100, qn_budget_allocator(budget));
    assert_int_equal(qn_stream_add_formula(b.stream, "z = 1 + sma(price, 100000)", &err), QN_BUDGET);
    assert_int_equal(err.column, 9);
    assert_true(strlen(err.message) > 20);
    free_bed(&b);
    qn_budget_free(budget);
}

static void null_is_refused(void **state)
{
    (void)state;
    qn_error err;
    assert_int_equal(qn_stream_add_formula(NULL, "z = price", &err), QN_INVALID);
    assert_int_equal(qn_stream_read_formulas(NULL, "file", &err), QN_INVALID);
    bed b = make_bed(3, NULL);
    assert_int_equal(qn_stream_add_formula(b.stream, NULL, &err), QN_INVALID);
    assert_int_equal(qn_stream_read_formulas(b.stream, NULL, &err), QN_INVALID);
    assert_int_equal(qn_stream_read_formulas(b.stream, "-", &err), QN_INVALID);
    free_bed(&b);
}

static void every_indicator_has_the_name_that_formulas_call(void **state)
{
    (void)state;
    static const char *const names[] = {
        [QN_INDICATOR_EMA] = "ema",   [QN_INDICATOR_SMA] = "sma",
        [QN_INDICATOR_SD] = "sd",     [QN_INDICATOR_VWAP] = "vwap",
        [QN_INDICATOR_RSI] = "rsi",   [QN_INDICATOR_BOLLINGER] = "bollinger",
        [QN_INDICATOR_MACD] = "macd", [QN_INDICATOR_REALIZED_VOL] = "realized_vol",
        [QN_INDICATOR_LAG] = "lag",   [QN_INDICATOR_DIFF] = "diff",
    };
    assert_int_equal(sizeof names / sizeof names[0], QNI_STATEFUL_COUNT);
    for (int i = 0; i < QNI_STATEFUL_COUNT; i++) {
        assert_string_equal(qn_indicator_name((qn_indicator_kind)i), names[i]);
        assert_int_equal(qni_stateful_find(names[i], (int64_t)strlen(names[i])), i);
    }
}

/* ---- formulas in a file ---- */

/* All formulas of a text, each with where it starts, "line:column{formula}". */
static void assert_lines(const char *text, const char *expected)
{
    char bytes[512], got[1024] = "";
    qni_formula_lines lines = {.bytes = bytes, .size = (int64_t)strlen(text)};
    memcpy(bytes, text, strlen(text));
    for (;;) {
        qni_formula_text formula;
        qn_error err;
        const qn_status status = qni_formula_next(&formula, &lines, &err);
        if (status != QN_OK) {
            assert_null(formula.text);
            sprintf(got + strlen(got), "%lld:%lld %s", (long long)err.line, (long long)err.column,
                    qn_status_name(status));
            break;
        }
        if (formula.text == NULL)
            break;
        sprintf(got + strlen(got), "%lld:%lld{%.*s}", (long long)formula.line, (long long)formula.column,
                (int)formula.size, formula.text);
    }
    assert_string_equal(got, expected);
}

static void a_file_has_a_formula_a_line(void **state)
{
    (void)state;
    assert_lines("", "");
    assert_lines("\n\n \t\n", "");
    assert_lines("z = 1", "1:1{z = 1}");
    assert_lines("z = 1\n  y = 2 \r\n\nx = 3\n", "1:1{z = 1}2:3{y = 2}4:1{x = 3}");
    assert_lines("\xEF\xBB\xBFz = 1\n", "1:1{z = 1}");
    assert_lines("# nothing\nz = 1 # one\n #\n", "2:1{z = 1}");
    assert_lines("z = `a # b` # c", "1:1{z = `a # b`}");
}

static void a_formula_goes_on_in_the_next_line(void **state)
{
    (void)state;
    assert_lines("z = 1 + \\\n  2\ny = 3", "1:1{z = 1 +  \n  2}3:1{y = 3}");
    assert_lines("m = 1;\n\n# why\nz = m\n", "1:1{m = 1;\n\n     \nz = m}");
    assert_lines("m = 1; # one\r\nz = m;\n", "1:1{m = 1;       \nz = m;}");
    assert_lines("z = 1 \\ # more\n + 1", "1:1{z = 1         \n + 1}");
    assert_lines("z = 1 + \\\n\ny = 2", "1:1{z = 1 +  \n}3:1{y = 2}");
    assert_lines("y = 2\nz = 1 + \\", "1:1{y = 2}2:9 SYNTAX");
    assert_lines("z = 1 + \\\n\\\n", "2:1 SYNTAX");
}

static void a_byte_of_a_formula_has_a_place_in_the_file(void **state)
{
    (void)state;
    const qni_formula_text formula = {.text = "ab\ncd\n\ne", .size = 8, .line = 7, .column = 3};
    static const int64_t expected[][2] = {{7, 3}, {7, 4}, {7, 5}, {8, 1}, {8, 2}, {8, 3}, {9, 1}, {10, 1}, {10, 2}};
    for (int64_t i = 0; i < 9; i++) {
        int64_t line, column;
        qni_formula_place(&line, &column, &formula, i + 1);
        assert_int_equal(line, expected[i][0]);
        assert_int_equal(column, expected[i][1]);
    }
}

static char path[] = "/tmp/quern-formulas-XXXXXX";

static int make_file(void **state)
{
    (void)state;
    const int file = mkstemp(path);
    return file < 0 ? -1 : close(file);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static qn_status read_text(bed *b, const char *text, qn_error *err)
{
    *b = make_bed(3, NULL);
    assert_ok(qni_file_write_all(path, text, (int64_t)strlen(text), NULL, err), err);
    return qn_stream_read_formulas(b->stream, path, err);
}

/* The example of docs/replay.md. */
static void a_file_adds_its_formulas_in_order(void **state)
{
    (void)state;
    bed b;
    qn_error err;
    const char *text = "# how far from the average, in standard deviations\n"
                       "mean = ema(price, 20)\n"
                       "d = price - mean;       # a line that ends in ; goes on: d is an intermediate\n"
                       "z = d / sd(d, 20)\n"
                       "far = z > 2 || \\\n"
                       "      z < -2\n";
    assert_ok(read_text(&b, text, &err), &err);
    assert_int_equal(qn_stream_column_count(b.stream), 3);
    assert_string_equal(qn_stream_column_name(b.stream, 0), "mean");
    assert_string_equal(qn_stream_column_name(b.stream, 1), "z");
    assert_string_equal(qn_stream_column_name(b.stream, 2), "far");
    free_bed(&b);
}

static void assert_file_refused(const char *text, qn_status code, int64_t line, int64_t column, const char *piece)
{
    bed b;
    qn_error err;
    const qn_status status = read_text(&b, text, &err);
    if (status != code || (err.line != line || err.column != column))
        print_message("%s\n  -> %lld:%lld: %s\n", text, (long long)err.line, (long long)err.column, err.message);
    assert_int_equal(status, code);
    assert_string_equal(err.file, path);
    assert_int_equal(err.line, line);
    assert_int_equal(err.column, column);
    assert_contains(err.message, piece);
    free_bed(&b);
    b = make_bed(3, NULL);
    assert_int_equal(qn_stream_read_formulas(b.stream, path, NULL), code);
    free_bed(&b);
}

static void errors_in_a_file_have_line_and_column(void **state)
{
    (void)state;
    assert_file_refused("", QN_DATA, 0, 0, "no formula");
    assert_file_refused("# none\n", QN_DATA, 0, 0, "no formula");
    assert_file_refused("a = 1\n\n  z = prise\n", QN_NAME, 3, 7, "did you mean \"price\"?");
    assert_file_refused("m = price; # the price\n\nz = m + \\\n  ema(m, 0)\n", QN_INVALID, 4, 3, "1 value or more");
    assert_file_refused("a = 1\nz = price +   # what?\n", QN_SYNTAX, 2, 12, "ends after");
    assert_file_refused("z = 1 \\", QN_SYNTAX, 1, 7, "goes on");
    assert_file_refused("a = 1\na = 2\n", QN_NAME, 2, 1, "already");
    assert_file_refused("\xFF\xFEz", QN_SYNTAX, 1, 1, "not UTF-8");
    qn_error err;
    bed b = make_bed(3, NULL);
    assert_int_equal(qn_stream_read_formulas(b.stream, "no such file", &err), QN_NO_INPUT);
    free_bed(&b);
}

/* A zero byte does not end a formula unseen. */
static void a_zero_byte_in_a_file_is_refused(void **state)
{
    (void)state;
    bed b = make_bed(3, NULL);
    qn_error err;
    assert_ok(qni_file_write_all(path, "z = price\0 + 1\n", 15, NULL, &err), &err);
    assert_int_equal(qn_stream_read_formulas(b.stream, path, &err), QN_SYNTAX);
    assert_int_equal(err.column, 10);
    free_bed(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stateless_formulas_are_their_expressions),
        cmocka_unit_test(each_symbol_has_a_state_of_its_own),
        cmocka_unit_test(what_is_not_known_is_passed_over),
        cmocka_unit_test(the_distance_from_the_average_is_what_its_definition_says),
        cmocka_unit_test(results_do_not_depend_on_spans_and_threads),
        cmocka_unit_test(a_running_stream_asks_for_no_memory),
        cmocka_unit_test(what_is_called_twice_is_computed_once),
        cmocka_unit_test(wrong_formulas_are_refused_where_they_are_wrong),
        cmocka_unit_test(a_state_that_does_not_fit_is_said),
        cmocka_unit_test(null_is_refused),
        cmocka_unit_test(every_indicator_has_the_name_that_formulas_call),
        cmocka_unit_test(a_file_has_a_formula_a_line),
        cmocka_unit_test(a_formula_goes_on_in_the_next_line),
        cmocka_unit_test(a_byte_of_a_formula_has_a_place_in_the_file),
        cmocka_unit_test(a_file_adds_its_formulas_in_order),
        cmocka_unit_test(errors_in_a_file_have_line_and_column),
        cmocka_unit_test(a_zero_byte_in_a_file_is_refused),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
