/* The rules of a risk gate, each at its edge: a limit may be reached and not exceeded. Numbers are worked out by hand
 * beside each case. */
#include "harness/harness.h"

#include <quern/gate.h>

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#define UNIT   INT64_C(100000000)
#define SECOND INT64_C(1000000000)
#define DAY    (86400 * SECOND)
/* 2026-02-13T00:00:00Z */
#define TODAY (20497 * DAY)

static qn_gate_options defaults(void)
{
    qn_gate_options o;
    qn_gate_options_init(&o, sizeof o);
    return o;
}

static qn_gate *make(const qn_gate_options *o)
{
    qn_gate *gate;
    qn_error err = qn_error_none();
    assert_ok(qn_gate_new(&gate, o, 4, &err), &err);
    return gate;
}

/* Prices and sizes in units, exactly: they are whole or have few digits. */
static void trade(qn_gate *gate, int64_t time_ns, int32_t symbol, double price)
{
    qn_tick t = {.time_ns = time_ns, .symbol = symbol, .price = llround(price * (double)UNIT)};
    qn_gate_mark(gate, &t);
}

static qn_gate_rule order(qn_gate *gate, int64_t time_ns, int32_t symbol, double size, double price)
{
    qn_tick t = {.time_ns = time_ns,
                 .kind = QN_TICK_ORDER,
                 .symbol = symbol,
                 .side = size < 0 ? -1 : 1,
                 .size = llround(fabs(size) * (double)UNIT),
                 .price = llround(price * (double)UNIT)};
    return qn_gate_decide(gate, &t);
}

static qn_gate_stats stats_of(const qn_gate *gate)
{
    qn_gate_stats s = {.size = sizeof s};
    qn_gate_get_stats(gate, &s);
    assert_int_equal(s.orders, s.accepted + s.refused);
    return s;
}

static double position_of(const qn_gate *gate, int32_t symbol)
{
    qn_gate_position p = {.size = sizeof p};
    qn_gate_get_position(gate, symbol, &p);
    return (double)p.position / (double)UNIT;
}

static void without_limits_every_order_passes(void **state)
{
    (void)state;
    qn_gate *g = make(NULL);
    assert_int_equal(order(g, TODAY, 0, 1e6, 123.45), QN_GATE_ACCEPTED);
    assert_int_equal(order(g, TODAY, 1, -1e6, 0.00000001), QN_GATE_ACCEPTED);
    assert_int_equal(order(g, TODAY - DAY, 1, 2e9, 5), QN_GATE_ACCEPTED);
    qn_gate_stats s = stats_of(g);
    assert_int_equal(s.orders, 3);
    assert_int_equal(s.refused, 0);
    assert_int_equal(qn_gate_refused(g, QN_GATE_ACCEPTED), 3);
    qn_gate_free(g);
}

static void what_is_no_order_is_refused(void **state)
{
    (void)state;
    qn_gate *g = make(NULL);
    qn_tick t = {.kind = QN_TICK_ORDER, .price = UNIT, .size = UNIT};
    assert_int_equal(qn_gate_decide(g, &t), QN_GATE_ORDER); /* no side */
    t.side = 1;
    t.size = 0;
    assert_int_equal(qn_gate_decide(g, &t), QN_GATE_ORDER);
    t.size = -UNIT;
    assert_int_equal(qn_gate_decide(g, &t), QN_GATE_ORDER);
    t.size = UNIT;
    t.symbol = 4;
    assert_int_equal(qn_gate_decide(g, &t), QN_GATE_SYMBOL);
    t.symbol = -1;
    assert_int_equal(qn_gate_decide(g, &t), QN_GATE_SYMBOL);
    t.symbol = 3;
    t.price = 0;
    assert_int_equal(qn_gate_decide(g, &t), QN_GATE_PRICE);
    trade(g, 1, 3, 7);
    assert_int_equal(qn_gate_decide(g, &t), QN_GATE_ACCEPTED); /* filled at the mark */
    assert_close(stats_of(g).cash, -7, 0, 0);
    assert_int_equal(qn_gate_refused(g, QN_GATE_ORDER), 3);
    assert_int_equal(qn_gate_refused(g, QN_GATE_SYMBOL), 2);
    assert_int_equal(qn_gate_refused(g, QN_GATE_PRICE), 1);
    assert_int_equal(stats_of(g).refused, 6);
    qn_gate_free(g);
}

static void a_position_may_be_as_large_as_its_limit_either_way(void **state)
{
    (void)state;
    qn_gate_options o = defaults();
    o.max_position = 100.5;
    qn_gate *g = make(&o);
    assert_int_equal(order(g, TODAY, 0, 100.50000001, 10), QN_GATE_POSITION);
    assert_int_equal(order(g, TODAY, 0, 100.5, 10), QN_GATE_ACCEPTED);
    assert_int_equal(order(g, TODAY, 0, 0.00000001, 10), QN_GATE_POSITION);
    assert_int_equal(order(g, TODAY, 1, 100, 10), QN_GATE_ACCEPTED); /* each symbol has its own */
    assert_int_equal(order(g, TODAY, 0, -201.00000001, 10), QN_GATE_POSITION);
    assert_int_equal(order(g, TODAY, 0, -201, 10), QN_GATE_ACCEPTED);
    assert_close(position_of(g, 0), -100.5, 0, 0);
    assert_int_equal(order(g, TODAY, 0, -1, 10), QN_GATE_POSITION);
    qn_gate_free(g);
}

static void an_order_has_a_greatest_size_and_value(void **state)
{
    (void)state;
    qn_gate_options o = defaults();
    o.max_order_size = 10;
    o.max_order_value = 1000.01;
    qn_gate *g = make(&o);
    assert_int_equal(order(g, TODAY, 0, 10.00000001, 1), QN_GATE_ORDER_SIZE);
    assert_int_equal(order(g, TODAY, 0, 10, 100.001), QN_GATE_ACCEPTED); /* 1000.01 exactly */
    assert_int_equal(order(g, TODAY, 0, -10, 100.00100001), QN_GATE_ORDER_VALUE);
    assert_int_equal(order(g, TODAY, 0, -10.1, 100.002), QN_GATE_ORDER_SIZE); /* the first rule is named */
    qn_gate_free(g);
}

static void a_limit_price_far_from_the_mark_is_a_slip(void **state)
{
    (void)state;
    qn_gate_options o = defaults();
    o.price_band = 0.05;
    qn_gate *g = make(&o);
    assert_int_equal(order(g, TODAY, 1, 1, 5000), QN_GATE_ACCEPTED); /* nothing to be far from */
    trade(g, TODAY, 0, 100);
    assert_int_equal(order(g, TODAY, 0, 1, 105), QN_GATE_ACCEPTED);
    assert_int_equal(order(g, TODAY, 0, 1, 95), QN_GATE_ACCEPTED);
    assert_int_equal(order(g, TODAY, 0, 1, 105.00000001), QN_GATE_PRICE_BAND);
    assert_int_equal(order(g, TODAY, 0, -1, 94.99999999), QN_GATE_PRICE_BAND);
    trade(g, TODAY, 0, 200);
    assert_int_equal(order(g, TODAY, 0, -1, 105), QN_GATE_PRICE_BAND);
    assert_int_equal(order(g, TODAY, 0, -1, 0), QN_GATE_ACCEPTED);
    qn_gate_free(g);
}

static void exposure_is_the_worth_of_all_positions_at_their_marks(void **state)
{
    (void)state;
    qn_gate_options o = defaults();
    o.max_exposure = 1000;
    qn_gate *g = make(&o);
    assert_int_equal(order(g, TODAY, 0, 5, 100), QN_GATE_ACCEPTED);
    assert_int_equal(order(g, TODAY, 1, -5, 100), QN_GATE_ACCEPTED); /* short counts as much as long */
    qn_gate_stats s = stats_of(g);
    assert_close(s.gross, 1000, 0, 0);
    assert_close(s.net, 0, 0, 0);
    assert_int_equal(order(g, TODAY, 2, 0.00000001, 1), QN_GATE_EXPOSURE);
    trade(g, TODAY, 0, 150); /* gross is 1250: only what reduces passes */
    assert_int_equal(order(g, TODAY, 1, -1, 100), QN_GATE_EXPOSURE);
    assert_int_equal(order(g, TODAY, 1, 1, 100), QN_GATE_ACCEPTED);
    assert_int_equal(order(g, TODAY, 0, -1, 150), QN_GATE_ACCEPTED);
    assert_close(stats_of(g).gross, 4 * 150 + 4 * 100, 0, 0);
    /* Through 0 to the other side is no reducing order, however small what is left: 300 + 400 is within, though. */
    assert_int_equal(order(g, TODAY, 0, -6, 150), QN_GATE_ACCEPTED);
    assert_close(position_of(g, 0), -2, 0, 0);
    qn_gate_free(g);
}

static void leverage_is_exposure_by_equity_after_the_fill(void **state)
{
    (void)state;
    qn_gate_options o = defaults();
    o.equity = 1000;
    o.max_leverage = 2;
    qn_gate *g = make(&o);
    assert_int_equal(order(g, TODAY, 0, 20.00000001, 100), QN_GATE_LEVERAGE);
    assert_int_equal(order(g, TODAY, 0, 20, 100), QN_GATE_ACCEPTED);
    trade(g, TODAY, 0, 90); /* equity 800, exposure 1800 */
    assert_int_equal(order(g, TODAY, 1, 1, 1), QN_GATE_LEVERAGE);
    assert_int_equal(order(g, TODAY, 0, -4, 90), QN_GATE_ACCEPTED); /* 1440 / 800 */
    assert_int_equal(order(g, TODAY, 1, 160, 1), QN_GATE_ACCEPTED); /* 1600 / 800 */
    trade(g, TODAY, 0, 30);                                         /* equity -160 */
    assert_close(stats_of(g).equity, -160, 0, 0);
    assert_int_equal(order(g, TODAY, 1, 0.001, 1), QN_GATE_LEVERAGE);
    assert_int_equal(order(g, TODAY, 1, -160, 1), QN_GATE_ACCEPTED);
    qn_gate_free(g);
}

static void a_loss_of_the_day_ends_the_day(void **state)
{
    (void)state;
    qn_gate_options o = defaults();
    o.max_daily_loss = 100;
    qn_gate *g = make(&o);
    assert_int_equal(order(g, TODAY, 0, 10, 50), QN_GATE_ACCEPTED);
    trade(g, TODAY + 1, 0, 40); /* 100 lost: reached, not exceeded */
    assert_false(stats_of(g).day_halted);
    assert_int_equal(order(g, TODAY + 2, 1, 1, 10), QN_GATE_ACCEPTED);
    trade(g, TODAY + 3, 0, 39.9);
    assert_true(stats_of(g).day_halted);
    assert_close(stats_of(g).day_loss, 101, 1e-15, 0);
    trade(g, TODAY + 4, 0, 60); /* won back, but the day is over */
    assert_int_equal(order(g, TODAY + 5, 1, 1, 10), QN_GATE_DAILY_LOSS);
    assert_int_equal(order(g, TODAY + 6, 0, -4, 60), QN_GATE_ACCEPTED);   /* it reduces */
    assert_int_equal(order(g, TODAY + 7, 0, -7, 60), QN_GATE_DAILY_LOSS); /* it goes beyond 0 */
    assert_int_equal(order(g, TODAY + DAY - 1, 1, 1, 10), QN_GATE_DAILY_LOSS);
    assert_int_equal(order(g, TODAY + DAY, 1, 1, 10), QN_GATE_ACCEPTED);
    assert_false(stats_of(g).day_halted);
    /* The new day begins at the equity that there was, and the old loss counts no more. */
    assert_close(stats_of(g).day_loss, 0, 0, 0);
    trade(g, TODAY + DAY + 1, 0, 45);
    assert_close(stats_of(g).day_loss, 90, 0, 0);
    qn_gate_free(g);
}

static void an_order_that_would_lose_too_much_at_once_is_refused(void **state)
{
    (void)state;
    qn_gate_options o = defaults();
    o.max_daily_loss = 100;
    o.equity = 1000;
    o.max_drawdown = 0.08;
    qn_gate *g = make(&o);
    trade(g, TODAY, 0, 50);
    assert_int_equal(order(g, TODAY, 0, 10, 60.1), QN_GATE_DAILY_LOSS); /* 101 above the mark */
    assert_int_equal(order(g, TODAY, 0, 10, 58.1), QN_GATE_DRAWDOWN);   /* 81 of 1000 */
    assert_false(stats_of(g).day_halted);                               /* nothing is lost yet */
    assert_int_equal(order(g, TODAY, 0, 10, 58), QN_GATE_ACCEPTED);
    assert_int_equal(order(g, TODAY, 0, 0.01, 51), QN_GATE_DRAWDOWN);
    qn_gate_free(g);
}

static void a_day_begins_when_the_options_say(void **state)
{
    (void)state;
    qn_gate_options o = defaults();
    o.max_daily_loss = 10;
    o.day_start = -2 * 3600; /* 22:00 UTC of the day before */
    qn_gate *g = make(&o);
    assert_int_equal(order(g, TODAY - 3 * 3600 * SECOND, 0, 1, 100), QN_GATE_ACCEPTED);
    trade(g, TODAY - 3 * 3600 * SECOND, 0, 80);
    assert_int_equal(order(g, TODAY - 2 * 3600 * SECOND - 1, 1, 1, 1), QN_GATE_DAILY_LOSS);
    assert_int_equal(order(g, TODAY - 2 * 3600 * SECOND, 1, 1, 1), QN_GATE_ACCEPTED);
    trade(g, TODAY + 1, 0, 60); /* midnight is nothing */
    assert_int_equal(order(g, TODAY + 22 * 3600 * SECOND - 1, 1, 1, 1), QN_GATE_DAILY_LOSS);
    assert_int_equal(order(g, TODAY + 22 * 3600 * SECOND, 1, 1, 1), QN_GATE_ACCEPTED);
    qn_gate_free(g);
}

static void days_before_1970_are_days_too(void **state)
{
    (void)state;
    qn_gate_options o = defaults();
    o.max_daily_loss = 10;
    qn_gate *g = make(&o);
    assert_int_equal(order(g, -DAY / 2, 0, 1, 100), QN_GATE_ACCEPTED);
    trade(g, -DAY / 2 + 1, 0, 80);
    assert_int_equal(order(g, -1, 1, 1, 1), QN_GATE_DAILY_LOSS);
    assert_int_equal(order(g, 0, 1, 1, 1), QN_GATE_ACCEPTED);
    trade(g, INT64_MAX - 1, 0, 60); /* the last day of all ends with the numbers */
    assert_int_equal(order(g, INT64_MAX, 1, 1, 1), QN_GATE_DAILY_LOSS);
    qn_gate_free(g);
}

static void a_drawdown_halts_for_good(void **state)
{
    (void)state;
    qn_gate_options o = defaults();
    o.equity = 1000;
    o.max_drawdown = 0.1;
    qn_gate *g = make(&o);
    assert_int_equal(order(g, TODAY, 0, 10, 100), QN_GATE_ACCEPTED);
    trade(g, TODAY, 0, 200); /* the peak: 2000 */
    trade(g, TODAY, 0, 180); /* 1800: a tenth, reached */
    assert_int_equal(order(g, TODAY, 1, 1, 1), QN_GATE_ACCEPTED);
    assert_close(stats_of(g).drawdown, 0.1, 1e-15, 0);
    trade(g, TODAY, 0, 179.99999999);
    trade(g, TODAY, 0, 500);
    assert_int_equal(order(g, TODAY + 400 * DAY, 1, 1, 1), QN_GATE_DRAWDOWN);
    assert_int_equal(order(g, TODAY + 400 * DAY, 0, -10, 500), QN_GATE_ACCEPTED);
    qn_gate_stats s = stats_of(g);
    assert_true(s.halted);
    assert_close(s.drawdown_max, (2000 - 1799.9999999) / 2000, 1e-12, 0);
    assert_close(s.peak, 5000, 0, 0);
    assert_close(s.drawdown, 0, 0, 0);
    qn_gate_free(g);
}

static void the_deepest_drawdown_is_remembered(void **state)
{
    (void)state;
    qn_gate_options o = defaults();
    o.equity = 1000;
    qn_gate *g = make(&o);
    assert_int_equal(order(g, TODAY, 0, 10, 100), QN_GATE_ACCEPTED);
    static const double prices[] = {50, 110, 99, 120};
    for (int i = 0; i < 4; i++)
        trade(g, TODAY, 0, prices[i]);
    assert_close(stats_of(g).drawdown_max, 0.5, 0, 0);
    assert_close(stats_of(g).drawdown, 0, 0, 0);
    trade(g, TODAY, 0, 30);
    assert_close(stats_of(g).drawdown_max, 0.75, 0, 0);
    assert_close(stats_of(g).drawdown, 0.75, 0, 0);
    qn_gate_free(g);
}

static void reducing_orders_may_be_refused_after_a_loss(void **state)
{
    (void)state;
    qn_gate_options o = defaults();
    o.max_daily_loss = 10;
    o.refuse_reducing = true;
    qn_gate *g = make(&o);
    assert_int_equal(order(g, TODAY, 0, 1, 100), QN_GATE_ACCEPTED);
    trade(g, TODAY, 0, 80);
    assert_int_equal(order(g, TODAY, 0, -1, 80), QN_GATE_DAILY_LOSS);
    qn_gate_free(g);
}

static void a_rate_counts_what_passed_within_any_window(void **state)
{
    (void)state;
    qn_gate_options o = defaults();
    o.max_rate = 3;
    o.max_order_size = 5;
    qn_gate *g = make(&o);
    assert_int_equal(order(g, TODAY, 0, 1, 1), QN_GATE_ACCEPTED);
    assert_int_equal(order(g, TODAY + 1, 0, 9, 1), QN_GATE_ORDER_SIZE); /* what is refused does not count */
    assert_int_equal(order(g, TODAY + SECOND / 2, 1, 1, 1), QN_GATE_ACCEPTED);
    assert_int_equal(order(g, TODAY + SECOND / 2, 2, 1, 1), QN_GATE_ACCEPTED);
    assert_int_equal(order(g, TODAY + SECOND - 1, 0, 1, 1), QN_GATE_RATE);
    assert_int_equal(order(g, TODAY + SECOND, 0, 1, 1), QN_GATE_ACCEPTED); /* the first is a second ago */
    assert_int_equal(order(g, TODAY + SECOND, 0, 1, 1), QN_GATE_RATE);
    assert_int_equal(order(g, TODAY + 3 * SECOND / 2, 0, 1, 1), QN_GATE_ACCEPTED);
    assert_int_equal(order(g, TODAY + 3 * SECOND / 2, 0, -1, 1), QN_GATE_ACCEPTED); /* reducing ones count, too */
    assert_int_equal(order(g, TODAY + 3 * SECOND / 2, 0, -1, 1), QN_GATE_RATE);
    qn_gate_free(g);
}

static void a_clock_that_goes_back_opens_nothing(void **state)
{
    (void)state;
    qn_gate_options o = defaults();
    o.max_rate = 1;
    o.max_daily_loss = 10;
    qn_gate *g = make(&o);
    assert_int_equal(order(g, TODAY, 0, 1, 100), QN_GATE_ACCEPTED);
    assert_int_equal(order(g, TODAY - 5 * SECOND, 0, 1, 100), QN_GATE_RATE);
    assert_int_equal(order(g, INT64_MIN, 0, 1, 100), QN_GATE_RATE);
    trade(g, TODAY - DAY, 0, 80);
    assert_int_equal(order(g, TODAY + 2 * SECOND, 0, 1, 80), QN_GATE_DAILY_LOSS);
    assert_int_equal(order(g, TODAY - 3 * DAY, 0, 1, 80), QN_GATE_DAILY_LOSS);
    assert_int_equal(order(g, INT64_MAX, 0, 1, 80), QN_GATE_ACCEPTED);
    assert_int_equal(order(g, INT64_MIN, 0, 1, 80), QN_GATE_RATE);
    qn_gate_free(g);
}

static void a_symbol_may_have_limits_of_its_own(void **state)
{
    (void)state;
    qn_gate_options o = defaults();
    o.max_position = 10;
    o.max_order_size = 8;
    o.max_symbol_rate = 2;
    o.rate_window = 60;
    qn_gate *g = make(&o);
    qn_gate_limits l;
    qn_gate_limits_init(&l, sizeof l);
    l.max_position = 2;
    l.max_symbol_rate = 1;
    qn_error err = qn_error_none();
    assert_ok(qn_gate_limit(g, 1, &l, &err), &err);
    assert_int_equal(order(g, TODAY, 1, 2.5, 1), QN_GATE_POSITION);
    assert_int_equal(order(g, TODAY, 1, 9, 1), QN_GATE_ORDER_SIZE); /* as all others */
    assert_int_equal(order(g, TODAY, 1, 1, 1), QN_GATE_ACCEPTED);
    assert_int_equal(order(g, TODAY + 60 * SECOND - 1, 1, 1, 1), QN_GATE_SYMBOL_RATE);
    assert_int_equal(order(g, TODAY + 60 * SECOND, 1, 1, 1), QN_GATE_ACCEPTED);
    assert_int_equal(order(g, TODAY + 60 * SECOND, 0, 5, 1), QN_GATE_ACCEPTED);
    assert_int_equal(order(g, TODAY + 60 * SECOND, 0, 5, 1), QN_GATE_ACCEPTED);
    assert_int_equal(order(g, TODAY + 60 * SECOND, 0, -1, 1), QN_GATE_SYMBOL_RATE);
    qn_gate_free(g);
}

static void symbols_are_closed_or_must_be_listed(void **state)
{
    (void)state;
    qn_gate_options o = defaults();
    o.only_listed = true;
    qn_gate *g = make(&o);
    qn_gate_limits l;
    qn_gate_limits_init(&l, sizeof l);
    assert_ok(qn_gate_limit(g, 0, &l, NULL), NULL);
    l.closed = true;
    assert_ok(qn_gate_limit(g, 1, &l, NULL), NULL);
    assert_int_equal(order(g, TODAY, 0, 1, 1), QN_GATE_ACCEPTED);
    assert_int_equal(order(g, TODAY, 1, 1, 1), QN_GATE_SYMBOL);
    assert_int_equal(order(g, TODAY, 2, 1, 1), QN_GATE_SYMBOL);
    qn_gate_free(g);
}

static void marks_are_last_prices_or_mids(void **state)
{
    (void)state;
    qn_tick both = {.price = 10 * UNIT, .bid = 11 * UNIT, .ask = 14 * UNIT, .flags = QN_TICK_HAS_BID | QN_TICK_HAS_ASK};
    qn_tick one = {.price = 9 * UNIT, .bid = 1, .flags = QN_TICK_HAS_BID, .symbol = 1};
    qn_tick quote = {.bid = 5 * UNIT, .ask = 7 * UNIT, .flags = QN_TICK_HAS_BID | QN_TICK_HAS_ASK, .symbol = 2};
    qn_tick nothing = {.bid = 5 * UNIT, .flags = QN_TICK_HAS_BID, .symbol = 3};
    static const int64_t last[] = {10 * UNIT, 9 * UNIT, 6 * UNIT, 0}, mid[] = {25 * UNIT / 2, 9 * UNIT, 6 * UNIT, 0};
    for (int m = 0; m < 2; m++) {
        qn_gate_options o = defaults();
        o.mark = m == 0 ? QN_GATE_MARK_LAST : QN_GATE_MARK_MID;
        qn_gate *g = make(&o);
        qn_gate_mark(g, &both);
        qn_gate_mark(g, &one);
        qn_gate_mark(g, &quote);
        qn_gate_mark(g, &nothing);
        for (int32_t i = 0; i < 4; i++) {
            qn_gate_position p = {.size = sizeof p};
            qn_gate_get_position(g, i, &p);
            assert_int_equal(p.mark, m == 0 ? last[i] : mid[i]);
        }
        qn_tick an_order = {.kind = QN_TICK_ORDER, .price = 99 * UNIT};
        qn_gate_mark(g, &an_order); /* an order moves no mark */
        qn_gate_position p = {.size = sizeof p};
        qn_gate_get_position(g, 0, &p);
        assert_int_equal(p.mark, m == 0 ? last[0] : mid[0]);
        qn_gate_free(g);
    }
}

static void profits_are_by_average_cost(void **state)
{
    (void)state;
    qn_gate_options o = defaults();
    o.equity = 10000;
    qn_gate *g = make(&o);
    assert_int_equal(order(g, TODAY, 0, 10, 100), QN_GATE_ACCEPTED);
    assert_int_equal(order(g, TODAY, 0, 30, 120), QN_GATE_ACCEPTED); /* 40 at 115 */
    trade(g, TODAY, 0, 130);
    qn_gate_position p = {.size = sizeof p};
    qn_gate_get_position(g, 0, &p);
    assert_close(p.cost, 4600, 0, 0);
    assert_close(p.value, 5200, 0, 0);
    assert_int_equal(order(g, TODAY, 0, -10, 140), QN_GATE_ACCEPTED); /* 250 won */
    qn_gate_stats s = stats_of(g);
    assert_close(s.realised, 250, 0, 0);
    assert_close(s.unrealised, 30 * (130 - 115), 0, 0);
    assert_close(s.cash, 10000 - 1000 - 3600 + 1400, 0, 0);
    assert_close(s.equity, 10700, 0, 0);
    assert_int_equal(order(g, TODAY, 0, -50, 110), QN_GATE_ACCEPTED); /* 30 lose 5 each, 20 are short at 110 */
    s = stats_of(g);
    assert_close(s.realised, 100, 0, 0);
    assert_close(s.unrealised, -20 * (130 - 110), 0, 0);
    assert_int_equal(order(g, TODAY, 0, 20, 100), QN_GATE_ACCEPTED);
    s = stats_of(g);
    assert_close(s.realised, 300, 0, 0);
    assert_close(s.unrealised, 0, 0, 0);
    assert_close(s.equity, 10300, 0, 0);
    qn_gate_free(g);
}

/* 0.1 is no binary fraction: a million of them are 100000 all the same. */
static void money_is_exact(void **state)
{
    (void)state;
    qn_gate_options o = defaults();
    o.max_exposure = 30000.3;
    qn_gate *g = make(&o);
    for (int i = 0; i < 100001; i++)
        assert_int_equal(order(g, TODAY, i % 4, 0.1, 3), QN_GATE_ACCEPTED);
    assert_int_equal(order(g, TODAY, 0, 0.00000001, 3), QN_GATE_EXPOSURE);
    assert_close(stats_of(g).gross, 30000.3, 0, 0);
    qn_gate_free(g);
}

/* What people write as decimals is meant so, whatever is next to it in binary. */
static void limits_are_the_decimals_that_were_written(void **state)
{
    (void)state;
    for (int64_t cents = 1; cents < 3000; cents++) {
        qn_gate_options o = defaults();
        o.max_order_value = o.max_order_size = (double)cents / 100;
        o.max_daily_loss = (double)cents / 10;
        qn_gate *g = make(&o);
        qn_tick t = {.kind = QN_TICK_ORDER, .side = 1, .size = cents * (UNIT / 100), .price = UNIT};
        assert_int_equal(qn_gate_decide(g, &t), QN_GATE_ACCEPTED);
        t.size++;
        assert_int_equal(qn_gate_decide(g, &t), QN_GATE_ORDER_SIZE);
        t.size--;
        t.price++;
        assert_int_equal(qn_gate_decide(g, &t), QN_GATE_ORDER_VALUE);
        /* What is held was bought at 1: at -9 it has lost 10 a unit, the limit of the day. */
        trade(g, TODAY, 0, -9);
        assert_false(stats_of(g).day_halted);
        trade(g, TODAY, 0, -9.00000001);
        assert_true(stats_of(g).day_halted);
        qn_gate_free(g);
    }
}

/* 3e10 + 1 of 1e-8 is no double, and neither is 1e15. */
static void great_limits_are_exact(void **state)
{
    (void)state;
    qn_gate_options o = defaults();
    o.max_position = 3e10 + 1;
    o.max_order_value = o.equity = 1e15;
    qn_gate *g = make(&o);
    assert_true(stats_of(g).equity == 1e15);
    qn_tick t = {.kind = QN_TICK_ORDER, .side = 1, .size = (INT64_C(30000000001)) * UNIT + 1, .price = 1};
    assert_int_equal(qn_gate_decide(g, &t), QN_GATE_POSITION);
    t.size--;
    assert_int_equal(qn_gate_decide(g, &t), QN_GATE_ACCEPTED);
    t = (qn_tick){.kind = QN_TICK_ORDER, .symbol = 1, .side = 1, .size = 1000000 * UNIT, .price = 1000000000 * UNIT};
    assert_int_equal(qn_gate_decide(g, &t), QN_GATE_ACCEPTED);
    t.price++;
    assert_int_equal(qn_gate_decide(g, &t), QN_GATE_ORDER_VALUE);
    qn_gate_free(g);
}

static void what_cannot_be_counted_is_refused(void **state)
{
    (void)state;
    qn_gate *g = make(NULL);
    qn_tick t = {.kind = QN_TICK_ORDER, .side = 1, .size = INT64_MAX, .price = INT64_MAX};
    assert_int_equal(qn_gate_decide(g, &t), QN_GATE_RANGE);
    t.price = INT64_MIN;
    assert_int_equal(qn_gate_decide(g, &t), QN_GATE_RANGE);
    t.price = 1;
    assert_int_equal(qn_gate_decide(g, &t), QN_GATE_ACCEPTED);
    assert_int_equal(qn_gate_decide(g, &t), QN_GATE_RANGE); /* 2^64 units of 1e-8 */
    qn_tick half = {.kind = QN_TICK_ORDER, .side = -1, .size = INT64_C(1) << 62, .price = 1, .symbol = 3};
    assert_int_equal(qn_gate_decide(g, &half), QN_GATE_ACCEPTED);
    assert_int_equal(qn_gate_decide(g, &half), QN_GATE_RANGE); /* -2^63 has no other side */
    /* A price at which the position is worth more than can be counted is not taken; orders wait for a better one. */
    qn_tick wild = {.price = INT64_MAX};
    qn_gate_mark(g, &wild);
    t.side = -1;
    assert_int_equal(qn_gate_decide(g, &t), QN_GATE_RANGE);
    assert_int_equal(order(g, 0, 1, 1, 1), QN_GATE_ACCEPTED); /* others are not concerned */
    wild.price = 2;
    qn_gate_mark(g, &wild);
    assert_int_equal(qn_gate_decide(g, &t), QN_GATE_ACCEPTED);
    assert_close(position_of(g, 0), 0, 0, 0);
    qn_gate_free(g);
}

/* An order that buys 2^40 at 2^63 - 1 and sells at 1 loses 2^103 - 2^41: cash, below 2^124, bears 2^21 of them. */
static void cash_has_a_bound(void **state)
{
    (void)state;
    test_not_short();
    qn_gate *g = make(NULL);
    qn_tick buy = {.kind = QN_TICK_ORDER, .side = 1, .size = INT64_C(1) << 40, .price = INT64_MAX}, sell = buy;
    sell.side = -1;
    sell.price = 1;
    qn_tick cheap = {.price = 1};
    qn_gate_mark(g, &cheap);
    int64_t count = 0;
    for (; qn_gate_decide(g, &buy) == QN_GATE_ACCEPTED; count++)
        assert_int_equal(qn_gate_decide(g, &sell), QN_GATE_ACCEPTED);
    assert_int_equal(count, 1 << 21);
    assert_int_equal(qn_gate_refused(g, QN_GATE_RANGE), 1);
    qn_gate_free(g);
}

/* Far above the mark: what is held is worth little, but what it cost must be counted, too: below 2^104. */
static void a_cost_has_a_bound(void **state)
{
    (void)state;
    qn_gate *g = make(NULL);
    qn_tick buy = {.kind = QN_TICK_ORDER, .side = 1, .size = INT64_C(1) << 40, .price = INT64_MAX},
            cheap = {.price = 1};
    qn_gate_mark(g, &cheap);
    assert_int_equal(qn_gate_decide(g, &buy), QN_GATE_ACCEPTED); /* 2^103 - 2^40 */
    assert_int_equal(qn_gate_decide(g, &buy), QN_GATE_ACCEPTED);
    assert_int_equal(qn_gate_decide(g, &buy), QN_GATE_RANGE);
    qn_gate_free(g);
}

/* A price in 1e-8. */
static void mark_of(qn_gate *gate, int32_t symbol, int64_t price)
{
    qn_tick t = {.symbol = symbol, .price = price};
    qn_gate_mark(gate, &t);
}

static qn_gate_rule buy(qn_gate *gate, int32_t symbol, int64_t size, int64_t price)
{
    qn_tick t = {.kind = QN_TICK_ORDER, .symbol = symbol, .side = 1, .size = size, .price = price};
    return qn_gate_decide(gate, &t);
}

/* 2^104 of 1e-16 is the first worth that is too much: by a position of 2^53 at 2^51, or of 2^51 at 2^53. */
static void a_price_that_makes_a_position_worth_too_much_waits_for_a_better_one(void **state)
{
    (void)state;
    for (int bits = 51; bits <= 53; bits++) {
        qn_gate *g = make(NULL);
        assert_int_equal(buy(g, 0, INT64_C(1) << bits, 1), QN_GATE_ACCEPTED);
        mark_of(g, 0, INT64_C(1) << (104 - bits));
        assert_true(stats_of(g).gross < 1e15 / UNIT); /* not taken */
        assert_int_equal(buy(g, 0, 1, 1), QN_GATE_RANGE);
        mark_of(g, 0, 5);
        assert_int_equal(buy(g, 0, 1, 1), QN_GATE_ACCEPTED);
        qn_gate_free(g);
        g = make(NULL);
        assert_int_equal(buy(g, 0, (INT64_C(1) << bits) - 1, 1), QN_GATE_ACCEPTED);
        mark_of(g, 0, INT64_C(1) << (104 - bits));
        assert_true(stats_of(g).gross > 2.02e15);
        assert_int_equal(buy(g, 0, 1, 1), QN_GATE_RANGE); /* one more would be */
        assert_int_equal(buy(g, 1, 1, 1), QN_GATE_ACCEPTED);
        qn_gate_free(g);
    }
}

static void prices_may_go_through_zero(void **state)
{
    (void)state;
    for (int side = -1; side <= 1; side += 2) {
        qn_gate *g = make(NULL);
        assert_int_equal(order(g, TODAY, 0, 2 * side, 3), QN_GATE_ACCEPTED);
        static const double prices[] = {-1, -4, 5, 2, -6};
        for (int i = 0; i < 5; i++) {
            trade(g, TODAY, 0, prices[i]);
            assert_true(stats_of(g).net == 2 * side * prices[i]);
            assert_true(stats_of(g).gross == 2 * fabs(prices[i]));
        }
        qn_gate_free(g);
    }
}

static void negative_prices_are_prices(void **state)
{
    (void)state;
    qn_gate_options o = defaults();
    o.max_exposure = 100;
    o.max_order_value = 80;
    o.price_band = 0.1;
    qn_gate *g = make(&o);
    trade(g, TODAY, 0, -37);
    assert_int_equal(order(g, TODAY, 0, 2, -41), QN_GATE_ORDER_VALUE);
    assert_int_equal(order(g, TODAY, 0, 1, -41), QN_GATE_PRICE_BAND);
    assert_int_equal(order(g, TODAY, 0, 2, -37), QN_GATE_ACCEPTED);
    assert_close(stats_of(g).cash, 74, 0, 0);
    assert_int_equal(order(g, TODAY, 0, 1, -37), QN_GATE_EXPOSURE);
    trade(g, TODAY, 0, 10);
    assert_close(stats_of(g).equity, 94, 0, 0);
    qn_gate_free(g);
}

/* ---- the switch ---- */

static void the_kill_switch_stops_everything_until_it_is_lifted(void **state)
{
    (void)state;
    qn_gate *g = make(NULL);
    assert_int_equal(order(g, TODAY, 0, 5, 1), QN_GATE_ACCEPTED);
    qn_gate_kill(g);
    assert_true(qn_gate_is_killed(g));
    assert_true(stats_of(g).killed);
    assert_int_equal(order(g, TODAY, 0, 5, 1), QN_GATE_KILL);
    assert_int_equal(order(g, TODAY, 0, -5, 1), QN_GATE_KILL);
    trade(g, TODAY + 1, 0, 2); /* marks go on */
    assert_close(stats_of(g).equity, 5, 0, 0);
    qn_gate_revive(g);
    assert_int_equal(order(g, TODAY, 0, -5, 1), QN_GATE_ACCEPTED);
    assert_int_equal(qn_gate_refused(g, QN_GATE_KILL), 2);
    qn_gate_free(g);
}

static qn_gate *signalled;

static void on_signal(int number)
{
    (void)number;
    qn_gate_kill(signalled);
}

static void a_signal_handler_may_kill(void **state)
{
    (void)state;
    signalled = make(NULL);
    struct sigaction action = {.sa_handler = on_signal}, before;
    assert_int_equal(sigaction(SIGUSR1, &action, &before), 0);
    assert_int_equal(order(signalled, TODAY, 0, 1, 1), QN_GATE_ACCEPTED);
    assert_int_equal(raise(SIGUSR1), 0);
    assert_int_equal(order(signalled, TODAY, 0, 1, 1), QN_GATE_KILL);
    assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
    qn_gate_free(signalled);
}

static void *kill_it(void *gate)
{
    qn_gate_kill(gate);
    return NULL;
}

static void another_thread_may_kill_while_orders_pass(void **state)
{
    (void)state;
    qn_gate *g = make(NULL);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, kill_it, g), 0);
    while (order(g, TODAY, 0, 0.00000001, 1) == QN_GATE_ACCEPTED)
        ; /* until it is seen */
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(order(g, TODAY, 0, 1, 1), QN_GATE_KILL);
    assert_int_equal(qn_gate_refused(g, QN_GATE_KILL), 2);
    qn_gate_free(g);
}

/* ---- what may be asked for ---- */

static void refuses_options(const qn_gate_options *o, const char *piece)
{
    qn_gate *gate = (qn_gate *)1;
    qn_error err = qn_error_none();
    assert_int_equal(qn_gate_new(&gate, o, 4, &err), QN_INVALID);
    assert_null(gate);
    assert_contains(err.message, piece);
}

static void options_are_checked(void **state)
{
    (void)state;
    qn_gate_options o = defaults();
    o.max_position = -1;
    refuses_options(&o, "max_position is -1: it must be a number of units from 1e-8 to 9e10, or 0 for no limit");
    o.max_position = 1e11;
    refuses_options(&o, "max_position is 1e+11");
    o = defaults();
    o.max_exposure = NAN;
    refuses_options(&o, "max_exposure is nan");
    o.max_exposure = INFINITY;
    refuses_options(&o, "max_exposure is inf");
    o = defaults();
    o.max_rate = 1.5;
    refuses_options(&o, "max_rate is 1.5: it must be a whole number of orders from 1 to 100000");
    o = defaults();
    o.max_leverage = 2;
    refuses_options(&o, "max_leverage is a part of equity");
    o.equity = 100;
    o.max_drawdown = 1.1;
    refuses_options(&o, "max_drawdown is 1.1");
    o = defaults();
    o.day_start = 86400;
    refuses_options(&o, "day_start is 86400");
    o = defaults();
    o.mark = (qn_gate_mark_from)7;
    refuses_options(&o, "7 is no qn_gate_mark_from");
    qn_gate *gate;
    assert_int_equal(qn_gate_new(&gate, NULL, 0, NULL), QN_INVALID);
    assert_int_equal(qn_gate_new(&gate, NULL, (1 << 20) + 1, NULL), QN_INVALID);
}

static void limits_of_a_symbol_are_checked(void **state)
{
    (void)state;
    qn_gate *g = make(NULL);
    qn_gate_limits l;
    qn_gate_limits_init(&l, sizeof l);
    qn_error err = qn_error_none();
    assert_int_equal(qn_gate_limit(g, 4, &l, &err), QN_INVALID);
    assert_contains(err.message, "symbols 0 to 3, not 4");
    l.price_band = -0.1;
    assert_int_equal(qn_gate_limit(g, 0, &l, &err), QN_INVALID);
    assert_contains(err.message, "price_band is -0.1");
    l.price_band = 0.1;
    assert_ok(qn_gate_limit(g, 0, &l, &err), &err);
    assert_int_equal(qn_gate_limit(g, 0, &l, &err), QN_INVALID);
    assert_contains(err.message, "already");
    trade(g, TODAY, 0, 1);
    assert_int_equal(qn_gate_limit(g, 1, &l, &err), QN_INVALID);
    assert_contains(err.message, "before the first record");
    qn_gate_free(g);
    qn_gate_free(NULL);
}

static void every_rule_has_a_name_of_its_own(void **state)
{
    (void)state;
    assert_string_equal(qn_gate_rule_name(QN_GATE_ACCEPTED), "accepted");
    assert_string_equal(qn_gate_rule_name(QN_GATE_DAILY_LOSS), "max_daily_loss");
    assert_string_equal(qn_gate_rule_text(QN_GATE_KILL), "the kill switch is on");
    for (int i = 0; i < (int)QN_GATE_RULE_END; i++) {
        assert_non_null(qn_gate_rule_text((qn_gate_rule)i));
        for (int j = 0; j < i; j++)
            assert_string_not_equal(qn_gate_rule_name((qn_gate_rule)i), qn_gate_rule_name((qn_gate_rule)j));
    }
    assert_null(qn_gate_rule_name(QN_GATE_RULE_END));
    assert_null(qn_gate_rule_text((qn_gate_rule)-1));
    qn_gate *g = make(NULL);
    assert_int_equal(qn_gate_refused(g, QN_GATE_RULE_END), 0);
    qn_gate_position p = {.size = sizeof p, .mark = 5};
    qn_gate_get_position(g, 99, &p);
    assert_int_equal(p.mark, 0);
    qn_gate_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_limits_every_order_passes),
        cmocka_unit_test(what_is_no_order_is_refused),
        cmocka_unit_test(a_position_may_be_as_large_as_its_limit_either_way),
        cmocka_unit_test(an_order_has_a_greatest_size_and_value),
        cmocka_unit_test(a_limit_price_far_from_the_mark_is_a_slip),
        cmocka_unit_test(exposure_is_the_worth_of_all_positions_at_their_marks),
        cmocka_unit_test(leverage_is_exposure_by_equity_after_the_fill),
        cmocka_unit_test(a_loss_of_the_day_ends_the_day),
        cmocka_unit_test(an_order_that_would_lose_too_much_at_once_is_refused),
        cmocka_unit_test(a_day_begins_when_the_options_say),
        cmocka_unit_test(days_before_1970_are_days_too),
        cmocka_unit_test(a_drawdown_halts_for_good),
        cmocka_unit_test(the_deepest_drawdown_is_remembered),
        cmocka_unit_test(reducing_orders_may_be_refused_after_a_loss),
        cmocka_unit_test(a_rate_counts_what_passed_within_any_window),
        cmocka_unit_test(a_clock_that_goes_back_opens_nothing),
        cmocka_unit_test(a_symbol_may_have_limits_of_its_own),
        cmocka_unit_test(symbols_are_closed_or_must_be_listed),
        cmocka_unit_test(marks_are_last_prices_or_mids),
        cmocka_unit_test(profits_are_by_average_cost),
        cmocka_unit_test(money_is_exact),
        cmocka_unit_test(limits_are_the_decimals_that_were_written),
        cmocka_unit_test(great_limits_are_exact),
        cmocka_unit_test(what_cannot_be_counted_is_refused),
        cmocka_unit_test(cash_has_a_bound),
        cmocka_unit_test(a_cost_has_a_bound),
        cmocka_unit_test(a_price_that_makes_a_position_worth_too_much_waits_for_a_better_one),
        cmocka_unit_test(prices_may_go_through_zero),
        cmocka_unit_test(negative_prices_are_prices),
        cmocka_unit_test(the_kill_switch_stops_everything_until_it_is_lifted),
        cmocka_unit_test(a_signal_handler_may_kill),
        cmocka_unit_test(another_thread_may_kill_while_orders_pass),
        cmocka_unit_test(options_are_checked),
        cmocka_unit_test(limits_of_a_symbol_are_checked),
        cmocka_unit_test(every_rule_has_a_name_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
