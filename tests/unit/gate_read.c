/* Risk files: what they say becomes the gate's limits, and what is wrong in one is refused where it stands. */
#include "harness/harness.h"

#include <quern/gate.h>

#include "stream/gate_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UNIT   INT64_C(100000000)
#define SECOND INT64_C(1000000000)

static qn_symbols *table_of(int64_t capacity)
{
    qn_symbols *symbols;
    qn_error err = qn_error_none();
    assert_ok(qn_symbols_new(&symbols, capacity, NULL, &err), &err);
    return symbols;
}

static qn_gate_rule order(qn_gate *gate, int64_t time_ns, int32_t symbol, int64_t size, int64_t price)
{
    qn_tick t = {.time_ns = time_ns,
                 .kind = QN_TICK_ORDER,
                 .symbol = symbol,
                 .side = size < 0 ? -1 : 1,
                 .size = (size < 0 ? -size : size) * UNIT,
                 .price = price * UNIT};
    return qn_gate_decide(gate, &t);
}

static void every_key_becomes_its_limit(void **state)
{
    (void)state;
    static const char text[] = "equity = 1000.5\nrate_window = 0.5\nday_start = '17:00-05:00'\nmark = 'mid'\n"
                               "refuse_reducing = true\nonly_listed = true\n"
                               "[limits]\nmax_position = 1\nmax_order_size = 2.5\nmax_order_value = 3\n"
                               "price_band = 0.25\nmax_symbol_rate = 4\nmax_rate = 5\nmax_exposure = 6\n"
                               "max_leverage = 1.5\nmax_daily_loss = 0.1\nmax_drawdown = 1\n"
                               "[a]\nsymbols = ['A', 'B/C']\nmax_position = 7\n"
                               "[b]\nsymbols = ['D']\nmax_order_size = 8\nmax_order_value = 9\nprice_band = 0.5\n"
                               "max_symbol_rate = 10\nclosed = true\n";
    qn_symbols *symbols = table_of(8);
    qn_gate *g;
    qn_error err = qn_error_none();
    assert_ok(qni_gate_parse(&g, text, sizeof text - 1, "risk.toml", symbols, NULL, &err), &err);
    const qni_money one = (qni_money)UNIT * UNIT;
    assert_true(g->cash == one * 1000 + one / 2);
    assert_int_equal(g->window_ns, SECOND / 2);
    assert_int_equal(g->day_start_ns, 22 * 3600 * SECOND);
    assert_true(g->mid && g->refuse_reducing && g->only_listed);
    assert_int_equal(g->bounds.position, UNIT);
    assert_int_equal(g->bounds.order_size, 5 * UNIT / 2);
    assert_true(g->bounds.order_value == 3 * one);
    assert_int_equal(g->bounds.band, 250000000);
    assert_int_equal(g->symbol_rate, 4);
    assert_int_equal(g->rate.capacity, 5);
    assert_true(g->exposure == 6 * one);
    assert_int_equal(g->leverage, 1500000000);
    assert_true(g->daily_loss == one / 10);
    assert_int_equal(g->drawdown, 1000000000);
    assert_int_equal(g->capacity, 8);
    assert_int_equal(qn_symbols_count(symbols), 3);
    const qni_gate_symbol *b = &g->symbols[qn_symbols_find(symbols, "B/C", -1)];
    assert_true(b->listed && !b->bounds->closed);
    assert_int_equal(b->bounds->position, 7 * UNIT);
    assert_int_equal(b->bounds->order_size, 5 * UNIT / 2);
    assert_int_equal(b->rate.capacity, 4);
    const qni_gate_symbol *d = &g->symbols[qn_symbols_find(symbols, "D", -1)];
    assert_true(d->bounds->closed);
    assert_int_equal(d->bounds->position, UNIT);
    assert_int_equal(d->bounds->order_size, 8 * UNIT);
    assert_true(d->bounds->order_value == 9 * one);
    assert_int_equal(d->bounds->band, 500000000);
    assert_int_equal(d->rate.capacity, 10);
    assert_false(g->symbols[3].listed);
    qn_gate_free(g);
    qn_symbols_free(symbols);
}

static void a_file_that_says_nothing_limits_nothing(void **state)
{
    (void)state;
    qn_symbols *symbols = table_of(2);
    qn_gate *g;
    qn_error err = qn_error_none();
    assert_ok(qni_gate_parse(&g, "# nothing\n[limits]\n", 19, NULL, symbols, NULL, &err), &err);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(order(g, 0, 1, 1000, 1000), QN_GATE_ACCEPTED);
    qn_gate_free(g);
    qn_symbols_free(symbols);
}

static void refuses(const char *text, qn_status code, int64_t line, int64_t column, const char *piece)
{
    qn_symbols *symbols = table_of(3);
    qn_gate *gate = (qn_gate *)1;
    qn_error err = qn_error_none();
    qn_status s = qni_gate_parse(&gate, text, (int64_t)strlen(text), "risk.toml", symbols, NULL, &err);
    if (s != code || err.line != line || err.column != column || strstr(err.message, piece) == NULL)
        print_error("%s\n-> %s:%d:%d: %s\n", text, err.file, (int)err.line, (int)err.column, err.message);
    assert_int_equal(s, code);
    assert_null(gate);
    assert_contains(err.message, piece);
    assert_string_equal(err.file, "risk.toml");
    assert_int_equal(err.line, line);
    assert_int_equal(err.column, column);
    qn_symbols_free(symbols);
}

static void a_key_that_nobody_knows_is_refused(void **state)
{
    (void)state;
    refuses("[limits]\nmax_postion = 5\n", QN_CONFIG, 2, 1,
            "unknown key \"max_postion\": did you mean \"max_position\"?");
    refuses("[limits]\n\n  zzz = 5\n", QN_CONFIG, 3, 3, "unknown key \"zzz\"");
    refuses("max_position = 5\n", QN_CONFIG, 1, 1,
            "the key \"max_position\" stands below [limits] or the name of a group");
    refuses("max_rate = 5\n", QN_CONFIG, 1, 1, "the key \"max_rate\" stands below [limits]");
    refuses("[limits]\nequity = 5\n", QN_CONFIG, 2, 1, "the key \"equity\" stands above all tables");
    refuses("[limits]\nclosed = true\n", QN_CONFIG, 2, 1, "the key \"closed\" stands below the name of a group");
    refuses("[a]\nsymbols = ['X']\nmax_exposure = 5\n", QN_CONFIG, 3, 1, "\"max_exposure\" stands below [limits]");
    refuses("[a]\nsymbols = ['X']\nmark = 'mid'\n", QN_CONFIG, 3, 1, "\"mark\" stands above all tables");
}

static void a_value_must_be_what_its_key_wants(void **state)
{
    (void)state;
    refuses("[limits]\nmax_position = 'ten'\n", QN_CONFIG, 2, 1,
            "max_position must be a number of units from 1e-8 to 9e10, without quotes, not a string");
    refuses("[limits]\nmax_position = [1]\n", QN_CONFIG, 2, 1, "not a list");
    refuses("[limits]\nmax_position = true\n", QN_CONFIG, 2, 1, "not true or false");
    refuses("[limits]\nmax_position = -1\n", QN_CONFIG, 2, 16, "max_position is -1: it must be");
    refuses("[limits]\nmax_position = 0\n", QN_CONFIG, 2, 16, "(leave the key out for no limit)");
    refuses("[limits]\nmax_position = inf\n", QN_CONFIG, 2, 16, "max_position is inf");
    refuses("[limits]\nmax_exposure = nan\n", QN_CONFIG, 2, 16, "max_exposure is nan");
    refuses("[limits]\nmax_exposure = 1e16\n", QN_CONFIG, 2, 16, "an amount from 1e-8 to 1e15");
    refuses("[limits]\nmax_rate = 2.5\n", QN_CONFIG, 2, 12, "a whole number of orders from 1 to 100000");
    refuses("[limits]\nmax_rate = 100001\n", QN_CONFIG, 2, 12, "max_rate is 100001");
    refuses("[limits]\nmax_drawdown = 10\n", QN_CONFIG, 2, 16, "(0.1: 10 %) to 1");
    refuses("[limits]\nmax_drawdown = 0.1\n", QN_CONFIG, 2, 1, "max_drawdown is a part of equity");
    refuses("[limits]\n\nmax_leverage = 2\n", QN_CONFIG, 3, 1, "max_leverage is a part of equity");
    refuses("equity = 0\n", QN_CONFIG, 1, 10, "equity is 0");
    refuses("rate_window = 1e6\n", QN_CONFIG, 1, 15, "seconds from 1e-9 to 86400");
    refuses("mark = 'middle'\n", QN_CONFIG, 1, 1, "mark must be \"last\" or \"mid\"");
    refuses("mark = 1\n", QN_CONFIG, 1, 1, "mark must be");
    refuses("day_start = '25:00'\n", QN_CONFIG, 1, 1, "day_start must be the time");
    refuses("day_start = ''\n", QN_CONFIG, 1, 1, "day_start must be");
    refuses("day_start = 17\n", QN_CONFIG, 1, 1, "day_start must be");
    refuses("day_start = '17:00 and much too long to be a time of day'\n", QN_CONFIG, 1, 1, "day_start must be");
    refuses("only_listed = 1\n", QN_CONFIG, 1, 1, "only_listed must be true or false, not a whole number");
    refuses("refuse_reducing = [true]\n", QN_CONFIG, 1, 1, "refuse_reducing must be true or false, not a list");
    refuses("equity = \n", QN_CONFIG, 1, 10, "a value is missing"); /* what is no TOML */
}

static void a_group_names_its_symbols(void **state)
{
    (void)state;
    refuses("[limt]\nmax_position = 5\n", QN_CONFIG, 1, 1,
            "the group [limt] names no symbols: write symbols = [\"ABC\"] below it, or did you mean [limits]?");
    refuses("[tech]\n", QN_CONFIG, 1, 1, "the group [tech] names no symbols");
    refuses("[tech]\nsymbols = 'X'\n", QN_CONFIG, 2, 1, "symbols must be a list");
    refuses("[tech]\nsymbols = []\n", QN_CONFIG, 2, 1, "symbols must be a list of at least one");
    refuses("[tech]\nsymbols = ['X', 5]\n", QN_CONFIG, 2, 17, "a symbol stands in quotes");
    refuses("[tech]\nsymbols = ['X', 'X']\n", QN_CONFIG, 2, 17, "the symbol \"X\" is listed twice");
    refuses("[a]\nsymbols = ['X']\n[b]\nsymbols = [\n'Y',\n'X']\n", QN_CONFIG, 6, 1, "listed twice");
    refuses("[a]\nsymbols = ['']\n", QN_CONFIG, 2, 12, "a symbol is empty");
    refuses("[a]\nsymbols = ['A', 'B', 'C', 'D']\n", QN_CONFIG, 2, 27, "more than 3 symbols");
}

static void a_closed_table_knows_its_symbols(void **state)
{
    (void)state;
    qn_symbols *symbols = table_of(3);
    int32_t number;
    assert_ok(qn_symbols_add(&number, symbols, "AAPL", -1, NULL), NULL);
    qn_symbols_close(symbols);
    qn_gate *g;
    qn_error err = qn_error_none();
    static const char right[] = "[a]\nsymbols = ['AAPL']\n", wrong[] = "[a]\nsymbols = ['AAPLE']\n";
    assert_ok(qni_gate_parse(&g, right, sizeof right - 1, NULL, symbols, NULL, &err), &err);
    assert_true(g->symbols[0].listed);
    qn_gate_free(g);
    assert_int_equal(qni_gate_parse(&g, wrong, sizeof wrong - 1, NULL, symbols, NULL, &err), QN_NAME);
    assert_contains(err.message, "did you mean");
    assert_int_equal(err.column, 12);
    qn_symbols_free(symbols);
}

static void day_starts_are_utc_or_have_an_offset(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds;
    } cases[] = {{"00:00", 0},           {"22:00", 79200},      {"17:00-05:00", 79200}, {"00:00+09:00", 54000},
                 {"23:30-05:00", 16200}, {"09:30:15.5", 34215}, {"00:00Z", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[64];
        int size = snprintf(text, sizeof text, "day_start = \"%s\"\n", cases[i].text);
        qn_symbols *symbols = table_of(1);
        qn_gate *g;
        qn_error err = qn_error_none();
        assert_ok(qni_gate_parse(&g, text, size, NULL, symbols, NULL, &err), &err);
        assert_int_equal(g->day_start_ns / SECOND, cases[i].seconds);
        qn_gate_free(g);
        qn_symbols_free(symbols);
    }
}

static void a_file_is_read_from_its_path(void **state)
{
    (void)state;
    char path[] = "/tmp/quern-gate-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    static const char text[] = "[limits]\nmax_order_size = 5\n";
    assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
    assert_int_equal(close(fd), 0);
    qn_symbols *symbols = table_of(2);
    qn_gate *g;
    qn_error err = qn_error_none();
    assert_ok(qn_gate_read(&g, path, symbols, NULL, &err), &err);
    assert_int_equal(order(g, 0, 0, 6, 1), QN_GATE_ORDER_SIZE);
    assert_int_equal(order(g, 0, 0, 5, 1), QN_GATE_ACCEPTED);
    qn_gate_free(g);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(qn_gate_read(&g, path, symbols, NULL, &err), QN_NO_INPUT);
    assert_null(g);
    qn_symbols_free(symbols);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_becomes_its_limit),
        cmocka_unit_test(a_file_that_says_nothing_limits_nothing),
        cmocka_unit_test(a_key_that_nobody_knows_is_refused),
        cmocka_unit_test(a_value_must_be_what_its_key_wants),
        cmocka_unit_test(a_group_names_its_symbols),
        cmocka_unit_test(a_closed_table_knows_its_symbols),
        cmocka_unit_test(day_starts_are_utc_or_have_an_offset),
        cmocka_unit_test(a_file_is_read_from_its_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
