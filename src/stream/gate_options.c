/* stream/gate_options.c: a gate from options: doubles are checked, and become whole numbers once and for all.
 *
 * One thread. */
#include "stream/gate_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/options.h"
#include "mem/refuse.h"
#include "stream/limits.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#define OPTION(field) (int64_t) offsetof(qn_gate_options, field)
#define LIMITS(field) (int64_t) offsetof(qn_gate_limits, field)

#define UNITS "a number of units from 1e-8 to 9e10"
#define MONEY "an amount from 1e-8 to 1e15"
#define RATE  "a whole number of orders from 1 to 100000"

const qni_gate_number qni_gate_numbers[QNI_GATE_NUMBER_COUNT] = {
    {"max_position", UNITS, 1e-8, QNI_GATE_UNITS_MAX, false, false, OPTION(max_position), LIMITS(max_position)},
    {"max_order_size", UNITS, 1e-8, QNI_GATE_UNITS_MAX, false, false, OPTION(max_order_size), LIMITS(max_order_size)},
    {"max_order_value", MONEY, 1e-8, QNI_GATE_MONEY_MAX, false, false, OPTION(max_order_value),
     LIMITS(max_order_value)},
    {"price_band", "a part of the price from 1e-9 (0.05: 5 %) to 1e6", 1e-9, 1e6, false, false, OPTION(price_band),
     LIMITS(price_band)},
    {"max_symbol_rate", RATE, 1, QNI_GATE_RATE_MAX, true, false, OPTION(max_symbol_rate), LIMITS(max_symbol_rate)},
    {"max_rate", RATE, 1, QNI_GATE_RATE_MAX, true, false, OPTION(max_rate), -1},
    {"max_exposure", MONEY, 1e-8, QNI_GATE_MONEY_MAX, false, false, OPTION(max_exposure), -1},
    {"max_leverage", "a multiple of equity from 1e-9 to 1e6", 1e-9, 1e6, false, false, OPTION(max_leverage), -1},
    {"max_daily_loss", MONEY, 1e-8, QNI_GATE_MONEY_MAX, false, false, OPTION(max_daily_loss), -1},
    {"max_drawdown", "a part of the greatest equity from 1e-9 (0.1: 10 %) to 1", 1e-9, 1, false, false,
     OPTION(max_drawdown), -1},
    {"equity", MONEY, 1e-8, QNI_GATE_MONEY_MAX, false, true, OPTION(equity), -1},
    {"rate_window", "a number of seconds from 1e-9 to 86400", 1e-9, 86400, false, true, OPTION(rate_window), -1},
};

bool qni_gate_number_fits(const qni_gate_number *number, double value)
{
    return value >= number->least && value <= number->most && (!number->whole || value == floor(value));
}

void qn_gate_options_init(qn_gate_options *out, int64_t size)
{
    qni_options_init(out, size);
}

void qn_gate_limits_init(qn_gate_limits *out, int64_t size)
{
    qni_options_init(out, size);
}

/* All numbers of a struct: `limits` says of which. */
static qn_status check_numbers(const void *of, bool limits, qn_error *err)
{
    for (int i = 0; i < QNI_GATE_NUMBER_COUNT; i++) {
        const qni_gate_number *number = &qni_gate_numbers[i];
        int64_t offset = limits ? number->limits : number->option;
        double value = 0;
        if (offset >= 0)
            memcpy(&value, (const char *)of + offset, sizeof value);
        if (value != 0 && !qni_gate_number_fits(number, value))
            return qni_error(err, QN_INVALID, "%s is %g: it must be %s, or 0 for %s", number->name, value,
                             number->wants, number->account ? "its default" : "no limit");
    }
    return QN_OK;
}

static qn_status check_options(const qn_gate_options *o, int64_t capacity, qn_error *err)
{
    if (capacity < 1 || capacity > QNI_SYMBOLS_MAX)
        return qni_error(err, QN_INVALID, "a gate is for 1 to %d symbols, not for %" PRId64, QNI_SYMBOLS_MAX, capacity);
    if (!(fabs(o->day_start) < 86400))
        return qni_error(err, QN_INVALID, "day_start is %g: it must be seconds within a day before or after midnight",
                         o->day_start);
    if (o->mark != QN_GATE_MARK_LAST && o->mark != QN_GATE_MARK_MID)
        return qni_error(err, QN_INVALID, "%d is no qn_gate_mark_from", (int)o->mark);
    if (o->equity == 0 && (o->max_leverage > 0 || o->max_drawdown > 0))
        return qni_error(err, QN_INVALID, "%s is a part of equity: say the equity at the start, too",
                         o->max_leverage > 0 ? "max_leverage" : "max_drawdown");
    return check_numbers(o, false, err);
}

/* ---- from doubles to whole numbers; 0: no limit ---- */

/* Of 1e-8, to the nearest: what people write is meant exactly, and 0.1 is no binary fraction. Whole numbers apart, for
 * a product of a great one and 1e8 is not always a double. */
static qni_money scaled(double value)
{
    double whole = floor(value);
    return (qni_money)whole * QN_TICK_SCALE + llround((value - whole) * QN_TICK_SCALE);
}

static int64_t units(double value)
{
    return value == 0 ? INT64_MAX : (int64_t)scaled(value);
}

static qni_money money(double value)
{
    return scaled(value) * QN_TICK_SCALE;
}

static qni_money money_limit(double value)
{
    return value == 0 ? (qni_money)1 << 126 : money(value);
}

static uint64_t parts(double value)
{
    return value == 0 ? UINT64_MAX : (uint64_t)llround(value * 1e9);
}

static qni_gate_bounds bounds_of(double position, double order_size, double order_value, double band)
{
    return (qni_gate_bounds){.position = units(position),
                             .order_size = units(order_size),
                             .order_value = money_limit(order_value),
                             .band = parts(band)};
}

static void set_options(qn_gate *g, const qn_gate_options *o)
{
    g->cash = g->first_cash = g->peak = g->trough = g->day_equity = g->day_trough = money(o->equity);
    g->exposure = money_limit(o->max_exposure);
    g->daily_loss = money_limit(o->max_daily_loss);
    g->leverage = parts(o->max_leverage);
    g->drawdown = parts(o->max_drawdown);
    g->window_ns = llround((o->rate_window == 0 ? 1 : o->rate_window) * 1e9);
    g->day_start_ns = llround(o->day_start * 1e9);
    g->mid = o->mark == QN_GATE_MARK_MID;
    g->refuse_reducing = o->refuse_reducing;
    g->only_listed = o->only_listed;
    g->bounds = bounds_of(o->max_position, o->max_order_size, o->max_order_value, o->price_band);
    g->rate.capacity = (int32_t)o->max_rate;
    g->symbol_rate = (int32_t)o->max_symbol_rate;
}

_Static_assert(sizeof(qni_gate_symbol) == 80, "quern/gate.h says what a symbol takes");

qn_status qn_gate_new(qn_gate **out, const qn_gate_options *options, int64_t capacity, qn_error *err)
{
    assert(out != NULL);
    *out = NULL;
    qn_gate_options o;
    qn_status s = qni_options_copy(&o, sizeof o, options, "qn_gate_options", err);
    if (s == QN_OK)
        s = check_options(&o, capacity, err);
    if (s != QN_OK)
        return s;
    qn_gate *g = qni_new(o.allocator, qn_gate);
    if (g == NULL)
        return qni_refused(err, o.allocator, sizeof *g, "a risk gate");
    g->allocator = o.allocator;
    g->capacity = capacity;
    set_options(g, &o);
    int64_t rate = g->symbol_rate;
    g->symbols = qni_alloc_zeroed(g->allocator, capacity, sizeof *g->symbols);
    if (g->rate.capacity > 0)
        g->rate.times = qni_alloc(g->allocator, g->rate.capacity, sizeof *g->rate.times);
    if (rate > 0)
        g->times = qni_alloc(g->allocator, capacity * rate, sizeof *g->times);
    if (g->symbols == NULL || (g->rate.capacity > 0 && g->rate.times == NULL) || (rate > 0 && g->times == NULL)) {
        qn_gate_free(g);
        return qni_refused(err, o.allocator, capacity * ((int64_t)sizeof *g->symbols + rate * 8),
                           "a risk gate of %" PRId64 " symbols%s", capacity,
                           rate > 0 ? " with the times of max_symbol_rate orders each" : "");
    }
    for (int64_t i = 0; i < capacity; i++) {
        g->symbols[i].bounds = &g->bounds;
        if (rate > 0)
            g->symbols[i].rate = (qni_gate_rate){.times = g->times + i * rate, .capacity = (int32_t)rate};
    }
    *out = g;
    return QN_OK;
}

/* ---- limits of a symbol ---- */

static qn_status check_limit(const qn_gate *gate, int32_t symbol, const qn_gate_limits *l, qn_error *err)
{
    if (symbol < 0 || symbol >= gate->capacity)
        return qni_error(err, QN_INVALID, "the gate has symbols 0 to %" PRId64 ", not %" PRId32, gate->capacity - 1,
                         symbol);
    if (gate->symbols[symbol].listed)
        return qni_error(err, QN_INVALID, "symbol %" PRId32 " has limits of its own already", symbol);
    if (gate->begun)
        return qni_error(err, QN_INVALID, "limits are set before the first record");
    return check_numbers(l, true, err);
}

/* What it says itself, and all else as of the others. */
static qni_gate_bounds merged(const qni_gate_bounds *others, const qn_gate_limits *l)
{
    qni_gate_bounds b = bounds_of(l->max_position, l->max_order_size, l->max_order_value, l->price_band);
    b.position = l->max_position == 0 ? others->position : b.position;
    b.order_size = l->max_order_size == 0 ? others->order_size : b.order_size;
    b.order_value = l->max_order_value == 0 ? others->order_value : b.order_value;
    b.band = l->price_band == 0 ? others->band : b.band;
    b.closed = l->closed;
    b.own = true;
    return b;
}

qn_status qn_gate_limit(qn_gate *gate, int32_t symbol, const qn_gate_limits *limits, qn_error *err)
{
    assert(gate != NULL);
    qn_gate_limits l;
    qn_status s = qni_options_copy(&l, sizeof l, limits, "qn_gate_limits", err);
    if (s == QN_OK)
        s = check_limit(gate, symbol, &l, err);
    if (s != QN_OK)
        return s;
    qni_gate_bounds *own = qni_new(gate->allocator, qni_gate_bounds);
    int64_t *times = NULL;
    if (own != NULL && l.max_symbol_rate > 0)
        times = qni_alloc(gate->allocator, (int64_t)l.max_symbol_rate, sizeof *times);
    if (own == NULL || (l.max_symbol_rate > 0 && times == NULL)) {
        qni_free(gate->allocator, own, 1, sizeof *own);
        return qni_refused(err, gate->allocator, sizeof *own + (int64_t)l.max_symbol_rate * 8,
                           "the limits of symbol %" PRId32, symbol);
    }
    *own = merged(&gate->bounds, &l);
    qni_gate_symbol *y = &gate->symbols[symbol];
    y->bounds = own;
    y->listed = true;
    if (times != NULL)
        y->rate = (qni_gate_rate){.times = times, .capacity = (int32_t)l.max_symbol_rate};
    return QN_OK;
}

/* A ring of the symbol's own lies outside the one block of all. */
static void free_symbol(const qn_gate *g, const qni_gate_symbol *y, const int64_t *shared)
{
    if (y->bounds == NULL || !y->bounds->own)
        return;
    if (y->rate.times != shared)
        qni_free(g->allocator, y->rate.times, y->rate.capacity, sizeof *y->rate.times);
    qni_free(g->allocator, y->bounds, 1, sizeof *y->bounds);
}

void qn_gate_free(qn_gate *gate)
{
    if (gate == NULL)
        return;
    for (int64_t i = 0; gate->symbols != NULL && i < gate->capacity; i++)
        free_symbol(gate, &gate->symbols[i], gate->times == NULL ? NULL : gate->times + i * gate->symbol_rate);
    qni_free(gate->allocator, gate->times, gate->capacity * gate->symbol_rate, sizeof *gate->times);
    qni_free(gate->allocator, gate->rate.times, gate->rate.capacity, sizeof *gate->rate.times);
    qni_free(gate->allocator, gate->symbols, gate->capacity, sizeof *gate->symbols);
    qni_delete(gate->allocator, gate);
}
