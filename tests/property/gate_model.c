/* A risk gate beside a model that keeps nothing but the list of what happened, and works out everything anew from it at
 * each order: positions, cash, marks, the equity after every record, the peak, the day, the orders of the last window.
 * Prices, sizes and limits are of a coarse grid, so that limits are met exactly, and often. */
#include "harness/harness.h"

#include <quern/gate.h>

#include <math.h>
#include <string.h>

__extension__ typedef __int128 wide;

#define UNIT   INT64_C(100000000)
#define SECOND INT64_C(1000000000)
#define DAY    (86400 * SECOND)

enum {
    SYMBOLS = 3,
    EVENTS = 250
};

typedef struct event {
    int64_t time; /* the greatest so far */
    int32_t symbol;
    int64_t mark;            /* of a trade */
    int64_t quantity, price; /* of a fill */
    bool filled;
} event;

typedef struct world {
    qn_gate_options o;
    qn_gate_limits l[SYMBOLS];
    bool listed[SYMBOLS];
    event events[EVENTS];
    int count;
} world;

/* What holds after the first n events. */
typedef struct state {
    int64_t position[SYMBOLS], mark[SYMBOLS];
    wide cash, net, gross;
} state;

static wide magnitude(wide value)
{
    return value < 0 ? -value : value;
}

static wide money(double value)
{
    return (wide)llround(value * 1e8) * UNIT;
}

static state state_after(const world *w, int n)
{
    state s = {.cash = money(w->o.equity)};
    for (int i = 0; i < n; i++) {
        const event *e = &w->events[i];
        if (e->filled) {
            s.position[e->symbol] += e->quantity;
            s.cash -= (wide)e->quantity * e->price;
            if (s.mark[e->symbol] == 0)
                s.mark[e->symbol] = e->price;
        } else if (e->mark != 0) {
            s.mark[e->symbol] = e->mark;
        }
    }
    for (int i = 0; i < SYMBOLS; i++) {
        s.net += (wide)s.position[i] * s.mark[i];
        s.gross += magnitude((wide)s.position[i] * s.mark[i]);
    }
    return s;
}

static wide equity_after(const world *w, int n)
{
    state s = state_after(w, n);
    return s.cash + s.net;
}

static int64_t day_of(const world *w, int64_t time)
{
    return (int64_t)floorl(((long double)time - (long double)(w->o.day_start * 1e9)) / (long double)DAY);
}

/* Equity as the day of `time` began: after the last event of a day before. */
static wide day_equity(const world *w, int64_t time)
{
    for (int i = w->count; i > 0; i--)
        if (day_of(w, w->events[i - 1].time) < day_of(w, time))
            return equity_after(w, i);
    return money(w->o.equity);
}

static bool day_lost(const world *w, int64_t time, wide equity)
{
    return w->o.max_daily_loss > 0 && day_equity(w, time) - equity > money(w->o.max_daily_loss);
}

/* Whether an earlier event of this day exceeded the loss. */
static bool day_was_lost(const world *w, int64_t time)
{
    for (int i = 0; i < w->count; i++)
        if (day_of(w, w->events[i].time) == day_of(w, time) && day_lost(w, time, equity_after(w, i + 1)))
            return true;
    return false;
}

static bool falls_too_far(const world *w, wide peak, wide equity)
{
    return w->o.max_drawdown > 0 && (peak - equity) * SECOND > peak * llround(w->o.max_drawdown * 1e9);
}

static bool drawn_down(const world *w, wide equity)
{
    wide peak = money(w->o.equity);
    for (int i = 0; i < w->count; i++) {
        wide then = equity_after(w, i + 1);
        peak = then > peak ? then : peak;
        if (falls_too_far(w, peak, then))
            return true;
    }
    return falls_too_far(w, peak, equity);
}

static int passed_lately(const world *w, int64_t time, int32_t symbol)
{
    int count = 0;
    for (int i = 0; i < w->count; i++)
        if (w->events[i].filled && (symbol < 0 || w->events[i].symbol == symbol) &&
            w->events[i].time > time - llround(w->o.rate_window * 1e9))
            count++;
    return count;
}

static double own(double of_symbol, double of_all)
{
    return of_symbol > 0 ? of_symbol : of_all;
}

/* What would be after the fill. */
typedef struct outcome {
    int64_t price, mark, before, after;
    wide gross, equity;
    bool reducing;
} outcome;

static outcome outcome_of(const state *s, const qn_tick *order)
{
    int32_t y = order->symbol;
    outcome n = {.before = s->position[y], .after = s->position[y] + order->side * order->size};
    n.price = order->price != 0 ? order->price : s->mark[y];
    n.mark = s->mark[y] != 0 ? s->mark[y] : n.price;
    n.gross = s->gross - magnitude((wide)n.before * n.mark) + magnitude((wide)n.after * n.mark);
    n.equity = s->cash + s->net + (wide)order->side * order->size * (n.mark - n.price);
    n.reducing = n.before != 0 && magnitude(n.after) < magnitude(n.before) && (wide)n.after * n.before >= 0;
    return n;
}

static qn_gate_rule expected_of_order(const world *w, int64_t time, const qn_tick *order, const outcome *n)
{
    const qn_gate_limits *l = &w->l[order->symbol];
    const qn_gate_options *o = &w->o;
    double rate = own(l->max_symbol_rate, o->max_symbol_rate), band = own(l->price_band, o->price_band);
    double size = own(l->max_order_size, o->max_order_size), value = own(l->max_order_value, o->max_order_value);
    if (o->max_rate > 0 && passed_lately(w, time, -1) >= (int)o->max_rate)
        return QN_GATE_RATE;
    if (rate > 0 && passed_lately(w, time, order->symbol) >= (int)rate)
        return QN_GATE_SYMBOL_RATE;
    if (size > 0 && order->size > llround(size * 1e8))
        return QN_GATE_ORDER_SIZE;
    if (value > 0 && (wide)order->size * n->price > money(value))
        return QN_GATE_ORDER_VALUE;
    if (band > 0 && magnitude((wide)n->price - n->mark) * SECOND > (wide)n->mark * llround(band * 1e9))
        return QN_GATE_PRICE_BAND;
    return QN_GATE_ACCEPTED;
}

static qn_gate_rule expected_of_positions(const world *w, const qn_tick *order, const outcome *n)
{
    const qn_gate_options *o = &w->o;
    double most = own(w->l[order->symbol].max_position, o->max_position);
    if (most > 0 && magnitude(n->after) > llround(most * 1e8))
        return QN_GATE_POSITION;
    if (o->max_exposure > 0 && n->gross > money(o->max_exposure))
        return QN_GATE_EXPOSURE;
    wide equity = n->equity > 0 ? n->equity : 0;
    if (o->max_leverage > 0 && n->gross * SECOND > equity * llround(o->max_leverage * 1e9))
        return QN_GATE_LEVERAGE;
    return QN_GATE_ACCEPTED;
}

/* The first rule that the order breaks. */
static qn_gate_rule expected(const world *w, int64_t time, const qn_tick *order)
{
    int32_t y = order->symbol;
    if (w->l[y].closed || (w->o.only_listed && !w->listed[y]))
        return QN_GATE_SYMBOL;
    state s = state_after(w, w->count);
    if (order->price == 0 && s.mark[y] == 0)
        return QN_GATE_PRICE;
    outcome n = outcome_of(&s, order);
    qn_gate_rule rule = expected_of_order(w, time, order, &n);
    if (rule == QN_GATE_ACCEPTED && !n.reducing)
        rule = expected_of_positions(w, order, &n);
    if (rule != QN_GATE_ACCEPTED || (n.reducing && !w->o.refuse_reducing))
        return rule;
    if (day_was_lost(w, time) || day_lost(w, time, n.equity))
        return QN_GATE_DAILY_LOSS;
    return drawn_down(w, n.equity) ? QN_GATE_DRAWDOWN : QN_GATE_ACCEPTED;
}

/* ---- random worlds ---- */

/* 0 half of the time. */
static double maybe(uint64_t *random, const double *values, int count)
{
    return test_random_below(random, 2) == 0 ? 0 : values[test_random_below(random, count)];
}

#define MAYBE(random, ...) \
    maybe((random), (const double[]){__VA_ARGS__}, (int)(sizeof(double[]){__VA_ARGS__} / sizeof(double)))

static qn_gate *random_gate(world *w, uint64_t *random)
{
    *w = (world){0};
    qn_gate_options_init(&w->o, sizeof w->o);
    w->o.max_position = MAYBE(random, 2, 5, 9.5);
    w->o.max_order_size = MAYBE(random, 2, 3);
    w->o.max_order_value = MAYBE(random, 6, 12);
    w->o.price_band = MAYBE(random, 0.2, 0.5);
    w->o.max_symbol_rate = MAYBE(random, 1, 2, 5);
    w->o.max_rate = MAYBE(random, 1, 3, 8);
    w->o.max_exposure = MAYBE(random, 10, 25, 40);
    w->o.max_daily_loss = MAYBE(random, 2, 6, 15);
    w->o.equity = 1 + (double)test_random_below(random, 40);
    w->o.max_leverage = MAYBE(random, 0.5, 1, 3);
    w->o.max_drawdown = MAYBE(random, 0.1, 0.25, 0.6);
    w->o.rate_window = 1 + (double)test_random_below(random, 3);
    w->o.day_start = (double)(test_random_below(random, 3) - 1) * 3600;
    w->o.refuse_reducing = test_random_below(random, 4) == 0;
    w->o.only_listed = test_random_below(random, 8) == 0;
    qn_gate *gate;
    qn_error err = qn_error_none();
    assert_ok(qn_gate_new(&gate, &w->o, SYMBOLS, &err), &err);
    for (int32_t i = 0; i < SYMBOLS; i++) {
        qn_gate_limits_init(&w->l[i], sizeof w->l[i]);
        w->listed[i] = test_random_below(random, 3) == 0;
        if (!w->listed[i])
            continue;
        w->l[i].max_position = MAYBE(random, 1, 7);
        w->l[i].max_order_value = MAYBE(random, 4, 20);
        w->l[i].max_symbol_rate = MAYBE(random, 1, 4);
        w->l[i].price_band = MAYBE(random, 0.1);
        w->l[i].closed = test_random_below(random, 10) == 0;
        assert_ok(qn_gate_limit(gate, i, &w->l[i], &err), &err);
    }
    return gate;
}

/* Mostly forward by halves of seconds, sometimes back, sometimes by hours. */
static int64_t random_time(int64_t last, uint64_t *random)
{
    switch (test_random_below(random, 12)) {
    case 0:
        return last - test_random_below(random, 10) * SECOND;
    case 1:
        return last + test_random_below(random, 20) * 3600 * SECOND;
    default:
        return last + test_random_below(random, 4) * SECOND / 2;
    }
}

static void check_state(const qn_gate *gate, const world *w, int64_t orders, int64_t accepted)
{
    state s = state_after(w, w->count);
    qn_gate_stats got = {.size = sizeof got};
    qn_gate_get_stats(gate, &got);
    assert_int_equal(got.orders, orders);
    assert_int_equal(got.accepted, accepted);
    assert_int_equal(got.refused, orders - accepted);
    int64_t refused = 0;
    for (int i = 1; i < (int)QN_GATE_RULE_END; i++)
        refused += qn_gate_refused(gate, (qn_gate_rule)i);
    assert_int_equal(refused, got.refused);
    assert_close(got.cash, (double)s.cash / 1e16, 1e-14, 1e-8);
    assert_close(got.net, (double)s.net / 1e16, 1e-14, 1e-8);
    assert_close(got.gross, (double)s.gross / 1e16, 1e-14, 1e-8);
    assert_close(got.equity, (double)(s.cash + s.net) / 1e16, 1e-14, 1e-8);
    assert_close(got.realised + got.unrealised, got.equity - w->o.equity, 1e-14, 1e-7);
    for (int32_t i = 0; i < SYMBOLS; i++) {
        qn_gate_position p = {.size = sizeof p};
        qn_gate_get_position(gate, i, &p);
        assert_int_equal(p.position, s.position[i]);
        assert_int_equal(p.mark, s.mark[i]);
    }
}

static void the_gate_decides_as_the_list_of_what_happened(void **unused)
{
    (void)unused;
    uint64_t random = test_seed(20260213);
    int64_t met[QN_GATE_RULE_END] = {0};
    for (int64_t round = 0, rounds = test_effort(150, 5000); round < rounds; round++) {
        static world w;
        qn_gate *gate = random_gate(&w, &random);
        int64_t time = 20497 * DAY - 10 * SECOND, now = INT64_MIN, orders = 0, accepted = 0;
        while (w.count < EVENTS) {
            time = random_time(now == INT64_MIN ? time : now, &random);
            now = time > now ? time : now;
            qn_tick t = {.time_ns = time,
                         .symbol = (int32_t)test_random_below(&random, SYMBOLS),
                         .price = (1 + test_random_below(&random, 6)) * UNIT};
            event e = {.time = now, .symbol = t.symbol};
            if (test_random_below(&random, 3) == 0) {
                e.mark = t.price;
                qn_gate_mark(gate, &t);
            } else {
                t.kind = QN_TICK_ORDER;
                t.price = test_random_below(&random, 3) == 0 ? 0 : t.price;
                t.side = test_random_below(&random, 2) == 0 ? 1 : -1;
                t.size = (1 + test_random_below(&random, 8)) * UNIT / 2;
                qn_gate_rule want = expected(&w, now, &t);
                int64_t mark = state_after(&w, w.count).mark[t.symbol];
                assert_int_equal(qn_gate_decide(gate, &t), want);
                met[want]++;
                orders++;
                e.filled = want == QN_GATE_ACCEPTED;
                accepted += e.filled;
                e.quantity = t.side * t.size;
                e.price = t.price != 0 ? t.price : mark;
            }
            w.events[w.count++] = e;
        }
        check_state(gate, &w, orders, accepted);
        qn_gate_free(gate);
    }
    for (int i = QN_GATE_SYMBOL; i < (int)QN_GATE_RULE_END; i++)
        if (i != QN_GATE_RANGE)
            assert_true(met[i] > 0); /* what is never refused is not tested */
}

/* Average cost by the book, in long double. */
static void realised_profit_is_by_average_cost(void **unused)
{
    (void)unused;
    uint64_t random = test_seed(7);
    for (int64_t round = 0, rounds = test_effort(200, 5000); round < rounds; round++) {
        qn_gate *gate;
        assert_ok(qn_gate_new(&gate, NULL, 1, NULL), NULL);
        long double held = 0, average = 0, realised = 0, price = 0;
        for (int i = 0; i < 200; i++) {
            qn_tick t = {.kind = QN_TICK_ORDER,
                         .side = test_random_below(&random, 2) == 0 ? 1 : -1,
                         .size = 1 + test_random_below(&random, 1000 * UNIT),
                         .price = 1 + test_random_below(&random, 1000 * UNIT)};
            assert_int_equal(qn_gate_decide(gate, &t), QN_GATE_ACCEPTED);
            long double quantity = (long double)(t.side * t.size) / UNIT;
            price = (long double)t.price / UNIT;
            if (held * quantity >= 0) {
                average = (average * held + price * quantity) / (held + quantity);
                held += quantity;
                continue;
            }
            long double closed = fminl(fabsl(quantity), fabsl(held));
            realised += closed * (price - average) * (held > 0 ? 1 : -1);
            bool beyond = fabsl(quantity) > fabsl(held);
            held += quantity;
            average = beyond ? price : average;
        }
        qn_gate_stats got = {.size = sizeof got};
        qn_gate_get_stats(gate, &got);
        /* 200 fills of up to 1e6 in arithmetic of 2^-64 */
        assert_close(got.realised, (double)realised, 1e-12, 1e-6);
        qn_gate_free(gate);
    }
}

/* Any bytes: decided without a fault (sanitizers look), and counted. What passes without limits is what is an order. */
static void any_bytes_are_decided(void **unused)
{
    (void)unused;
    uint64_t random = test_seed(11);
    for (int64_t round = 0, rounds = test_effort(300, 20000); round < rounds; round++) {
        qn_gate_options o;
        qn_gate_options_init(&o, sizeof o);
        bool limited = round % 2 == 0;
        o.equity = 1e15;
        if (limited) {
            o.max_drawdown = o.max_leverage = o.price_band = 0.5;
            o.max_rate = o.max_symbol_rate = 3;
            o.max_exposure = o.max_daily_loss = o.max_order_value = 1e15;
            o.max_position = o.max_order_size = 9e10;
        }
        qn_gate *gate;
        assert_ok(qn_gate_new(&gate, &o, SYMBOLS, NULL), NULL);
        for (int i = 0; i < 300; i++) {
            qn_tick t;
            int shift = (int)test_random_below(&random, 64);
            for (size_t j = 0; j < sizeof t; j += 8) {
                uint64_t word = test_random(&random) >> shift;
                memcpy((char *)&t + j, &word, 8);
            }
            t.symbol = (int32_t)test_random_below(&random, SYMBOLS + 2) - 1;
            t.side = (int8_t)(test_random_below(&random, 4) == 0 ? t.side : t.side < 0 ? -1 : 1);
            qn_gate_mark(gate, &t);
            qn_gate_rule rule = qn_gate_decide(gate, &t);
            bool is_order = t.size > 0 && (t.side == 1 || t.side == -1);
            assert_true(is_order ? rule != QN_GATE_ORDER : rule == QN_GATE_ORDER);
            if (!limited)
                assert_true(rule <= QN_GATE_RANGE);
        }
        qn_gate_stats s = {.size = sizeof s};
        qn_gate_get_stats(gate, &s);
        assert_int_equal(s.orders, 300);
        assert_true(isfinite(s.equity) && isfinite(s.realised) && s.peak >= s.equity && s.gross >= fabs(s.net));
        qn_gate_free(gate);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_gate_decides_as_the_list_of_what_happened),
        cmocka_unit_test(realised_profit_is_by_average_cost),
        cmocka_unit_test(any_bytes_are_decided),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
