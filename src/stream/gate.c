/* stream/gate.c: the gate: what a record does to marks and losses, and whether an order may pass.
 *
 * Every decision is a plan of what would be after the fill, looked at by one rule after another; only a plan that
 * breaks none is carried out. Sums are kept as differences, exactly, so that each record costs the same however many
 * symbols are held, and no order of summing matters. gate_int.h has what always holds. One thread; the switch: any. */
#include "stream/gate_int.h"

#include "base/options.h"
#include "stream/limits.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

__extension__ typedef unsigned __int128 u128;
typedef qni_money money;

#define NS_PER_DAY INT64_C(86400000000000)
#define PARTS      UINT64_C(1000000000) /* of parts of 1e-9 */

static money absolute(money value)
{
    return value < 0 ? -value : value;
}

static bool is_below(money value, int bits)
{
    return absolute(value) < (money)1 << bits;
}

/* a * m > b * n, in 192 bits: nothing is rounded or lost. */
static bool product_exceeds(u128 a, uint64_t m, u128 b, uint64_t n)
{
    u128 a_low = (u128)(uint64_t)a * m, b_low = (u128)(uint64_t)b * n;
    u128 a_high = (u128)(uint64_t)(a >> 64) * m + (a_low >> 64);
    u128 b_high = (u128)(uint64_t)(b >> 64) * n + (b_low >> 64);
    return a_high != b_high ? a_high > b_high : (uint64_t)a_low > (uint64_t)b_low;
}

/* value > of * parts / 1e9, where neither is below 0; no limit: never. */
static bool exceeds_parts(money value, money of, uint64_t parts)
{
    return parts != UINT64_MAX && product_exceeds((u128)value, PARTS, (u128)of, parts);
}

static money worth(const qni_gate_symbol *y)
{
    return (money)y->position * y->mark;
}

static money equity_of(const qn_gate *g)
{
    return g->cash + g->net;
}

/* To the nearest 1e-8: what is shown is then what people would write, 30000.3 and not 30000.300000000003. */
static double shown(money value)
{
    money half = value < 0 ? -QN_TICK_SCALE / 2 : QN_TICK_SCALE / 2;
    money whole = (value + half) / QN_TICK_SCALE; /* of 1e-8 */
    /* A double, so that only the quotient is rounded. */
    if (is_below(whole, DBL_MANT_DIG))
        return (double)whole / QN_TICK_SCALE;
    money units = whole / QN_TICK_SCALE, rest = whole % QN_TICK_SCALE;
    return (double)units + (double)rest / QN_TICK_SCALE;
}

static double parts_lost(money peak, money equity)
{
    return peak > 0 ? (double)(peak - equity) / (double)peak : NAN;
}

/* ---- what time and marks do ---- */

static void begin_day(qn_gate *g)
{
    /* Days are counted from day_start; floor, not truncation, before 1970. */
    money since = (money)g->now_ns - g->day_start_ns;
    money day = since / NS_PER_DAY - (since % NS_PER_DAY < 0);
    money last = (day + 1) * NS_PER_DAY + g->day_start_ns - 1;
    g->day_last_ns = last > INT64_MAX ? INT64_MAX : (int64_t)last;
    g->day_equity = g->day_trough = equity_of(g);
    g->day_halted = false;
}

static inline void go_to(qn_gate *g, int64_t time_ns)
{
    if (g->begun && time_ns <= g->now_ns)
        return;
    g->now_ns = time_ns;
    if (!g->begun || time_ns > g->day_last_ns)
        begin_day(g);
    g->begun = true;
}

/* Equity has changed: peak, and losses that halt. */
static void look_at_losses(qn_gate *g)
{
    money equity = equity_of(g);
    if (equity > g->peak) {
        double lost = parts_lost(g->peak, g->trough);
        g->drawdown_max = lost > g->drawdown_max ? lost : g->drawdown_max;
        g->peak = g->trough = equity;
    }
    if (equity < g->trough)
        g->trough = equity;
    if (equity < g->day_trough)
        g->day_trough = equity;
    g->day_halted |= g->day_equity - equity > g->daily_loss;
    g->halted |= exceeds_parts(g->peak - equity, g->peak, g->drawdown);
}

/* A mark whose value may be out of range, or below 0. */
static __attribute__((noinline)) void move_mark_with_care(qn_gate *g, qni_gate_symbol *y, int64_t mark)
{
    money before = worth(y), after = (money)y->position * mark;
    y->lost = !is_below(after, QNI_GATE_VALUE_BITS);
    if (y->lost || before == after)
        return;
    y->mark = mark;
    g->net += after - before;
    g->gross += absolute(after) - absolute(before);
    look_at_losses(g);
}

/* Whether a product of two such numbers is in range, however it is. */
static inline bool is_small(int64_t value)
{
    return (uint64_t)value + (UINT64_C(1) << QNI_GATE_SMALL_BITS) < UINT64_C(2) << QNI_GATE_SMALL_BITS;
}

static inline void move_mark(qn_gate *g, qni_gate_symbol *y, int64_t mark)
{
    if (y->position == 0) {
        y->mark = mark;
        return;
    }
    if (y->lost || mark <= 0 || y->mark <= 0 || !is_small(mark) || !is_small(y->mark) || !is_small(y->position)) {
        move_mark_with_care(g, y, mark);
        return;
    }
    money change = (money)y->position * (mark - y->mark);
    y->mark = mark;
    g->net += change;
    g->gross += y->position < 0 ? -change : change;
    money equity = equity_of(g);
    /* Between what it was at most and at least nothing can be exceeded that was not. */
    if (equity > g->peak || equity < g->trough || equity < g->day_trough)
        look_at_losses(g);
}

/* What a trade or quote says a unit is worth; 0: nothing. */
static int64_t price_of(const qn_gate *g, const qn_tick *tick)
{
    bool both = (tick->flags & (QN_TICK_HAS_BID | QN_TICK_HAS_ASK)) == (QN_TICK_HAS_BID | QN_TICK_HAS_ASK);
    if (!both || (!g->mid && tick->price != 0))
        return tick->price;
    return (int64_t)(((money)tick->bid + tick->ask) / 2);
}

void qn_gate_mark(qn_gate *gate, const qn_tick *tick)
{
    go_to(gate, tick->time_ns);
    if (tick->kind == QN_TICK_ORDER || tick->symbol < 0 || tick->symbol >= gate->capacity)
        return;
    int64_t price = price_of(gate, tick);
    if (price != 0)
        move_mark(gate, &gate->symbols[tick->symbol], price);
}

/* ---- an order ---- */

/* What would be after the fill. */
typedef struct plan {
    qni_gate_symbol *symbol;
    const qni_gate_bounds *bounds;
    int64_t quantity, price, mark; /* quantity < 0: sold */
    int64_t position;
    money paid; /* quantity * price */
    money cash, net, gross;
    bool reducing;
} plan;

/* Which symbol, how much, at which price. */
static qn_gate_rule begin_plan(plan *p, qn_gate *g, const qn_tick *order)
{
    if (order->size <= 0 || (order->side != 1 && order->side != -1))
        return QN_GATE_ORDER;
    if (order->symbol < 0 || order->symbol >= g->capacity)
        return QN_GATE_SYMBOL;
    qni_gate_symbol *y = &g->symbols[order->symbol];
    if (y->bounds->closed || (g->only_listed && !y->listed))
        return QN_GATE_SYMBOL;
    p->symbol = y;
    p->bounds = y->bounds;
    p->price = order->price != 0 ? order->price : y->mark;
    p->mark = y->mark != 0 ? y->mark : order->price;
    p->quantity = order->side > 0 ? order->size : -order->size;
    return p->price == 0 ? QN_GATE_PRICE : QN_GATE_ACCEPTED;
}

/* Everything that could leave its range is looked at before it is used. */
static qn_gate_rule count_plan(plan *p, const qn_gate *g)
{
    const qni_gate_symbol *y = p->symbol;
    p->paid = (money)p->quantity * p->price;
    if (y->lost || !is_below(p->paid, QNI_GATE_VALUE_BITS) ||
        __builtin_add_overflow(y->position, p->quantity, &p->position) || p->position == INT64_MIN)
        return QN_GATE_RANGE;
    money before = worth(y), after = (money)p->position * p->mark;
    p->cash = g->cash - p->paid;
    bool adds = y->position == 0 || (y->position > 0) == (p->quantity > 0);
    if (!is_below(after, QNI_GATE_VALUE_BITS) || !is_below(p->cash, QNI_GATE_CASH_BITS) ||
        (adds && !is_below(y->cost + p->paid, QNI_GATE_VALUE_BITS)))
        return QN_GATE_RANGE;
    p->net = g->net + after - before;
    p->gross = g->gross + absolute(after) - absolute(before);
    p->reducing = !adds && (p->position == 0 || (p->position > 0) == (y->position > 0));
    return QN_GATE_ACCEPTED;
}

/* Whether one more would be too many: `capacity` orders passed less than a window ago. */
static bool is_full(const qni_gate_rate *r, int64_t now_ns, int64_t window_ns)
{
    return r->times != NULL && r->count == r->capacity &&
           (uint64_t)now_ns - (uint64_t)r->times[r->next] < (uint64_t)window_ns;
}

static qn_gate_rule check_order(const plan *p, const qn_gate *g)
{
    const qni_gate_bounds *b = p->bounds;
    if (is_full(&g->rate, g->now_ns, g->window_ns))
        return QN_GATE_RATE;
    if (is_full(&p->symbol->rate, g->now_ns, g->window_ns))
        return QN_GATE_SYMBOL_RATE;
    if ((p->quantity < 0 ? -p->quantity : p->quantity) > b->order_size)
        return QN_GATE_ORDER_SIZE;
    if (absolute(p->paid) > b->order_value)
        return QN_GATE_ORDER_VALUE;
    if (exceeds_parts(absolute((money)p->price - p->mark), absolute(p->mark), b->band))
        return QN_GATE_PRICE_BAND;
    return QN_GATE_ACCEPTED;
}

static qn_gate_rule check_positions(const plan *p, const qn_gate *g)
{
    if ((p->position < 0 ? -p->position : p->position) > p->bounds->position)
        return QN_GATE_POSITION;
    if (p->gross > g->exposure)
        return QN_GATE_EXPOSURE;
    money equity = p->cash + p->net;
    if (exceeds_parts(p->gross, equity > 0 ? equity : 0, g->leverage))
        return QN_GATE_LEVERAGE;
    return QN_GATE_ACCEPTED;
}

static qn_gate_rule check_losses(const plan *p, const qn_gate *g)
{
    money equity = p->cash + p->net;
    if (g->day_halted || g->day_equity - equity > g->daily_loss)
        return QN_GATE_DAILY_LOSS;
    if (g->halted || (equity < g->peak && exceeds_parts(g->peak - equity, g->peak, g->drawdown)))
        return QN_GATE_DRAWDOWN;
    return QN_GATE_ACCEPTED;
}

static void note_time(qni_gate_rate *r, int64_t now_ns)
{
    if (r->times == NULL)
        return;
    r->times[r->next] = now_ns;
    r->next = r->next + 1 == r->capacity ? 0 : r->next + 1;
    r->count += r->count < r->capacity;
}

/* The cost of what is left, by average cost: cost - trunc(cost * sold / position), without a product of three. */
static money cost_after(const plan *p)
{
    const qni_gate_symbol *y = p->symbol;
    if (p->position == 0)
        return 0;
    if (y->position == 0 || (y->position > 0) == (p->quantity > 0))
        return y->cost + p->paid;
    if (!p->reducing)
        return (money)p->position * p->price;
    money position = y->position, closed = -(money)p->quantity;
    return y->cost - y->cost / position * closed - y->cost % position * closed / position;
}

static void fill(qn_gate *g, const plan *p)
{
    qni_gate_symbol *y = p->symbol;
    money cost = cost_after(p);
    g->cost += cost - y->cost;
    y->cost = cost;
    y->position = p->position;
    y->units = (double)p->position / QN_TICK_SCALE;
    y->mark = p->mark;
    g->cash = p->cash;
    g->net = p->net;
    g->gross = p->gross;
    note_time(&g->rate, g->now_ns);
    note_time(&y->rate, g->now_ns);
    look_at_losses(g);
}

static qn_gate_rule decide(qn_gate *g, const qn_tick *order)
{
    if (atomic_load_explicit(&g->killed, memory_order_acquire))
        return QN_GATE_KILL;
    plan p;
    qn_gate_rule rule = begin_plan(&p, g, order);
    if (rule == QN_GATE_ACCEPTED)
        rule = count_plan(&p, g);
    if (rule == QN_GATE_ACCEPTED)
        rule = check_order(&p, g);
    if (rule == QN_GATE_ACCEPTED && !p.reducing)
        rule = check_positions(&p, g);
    if (rule == QN_GATE_ACCEPTED && (!p.reducing || g->refuse_reducing))
        rule = check_losses(&p, g);
    if (rule == QN_GATE_ACCEPTED)
        fill(g, &p);
    return rule;
}

qn_gate_rule qn_gate_decide(qn_gate *gate, const qn_tick *order)
{
    go_to(gate, order->time_ns);
    qn_gate_rule rule = decide(gate, order);
    gate->counts[rule]++;
    return rule;
}

/* ---- the switch ---- */

void qn_gate_kill(qn_gate *gate)
{
    atomic_store_explicit(&gate->killed, true, memory_order_release);
}

void qn_gate_revive(qn_gate *gate)
{
    atomic_store_explicit(&gate->killed, false, memory_order_release);
}

bool qn_gate_is_killed(const qn_gate *gate)
{
    return atomic_load_explicit(&gate->killed, memory_order_acquire);
}

/* ---- what there is to see ---- */

static const struct {
    const char *name, *text;
} rules[QN_GATE_RULE_END] = {{"accepted", "it keeps all rules"},
#define ROW(name, value, text, why) [value] = {(text), (why)},
                             QN_GATE_RULE_LIST(ROW)
#undef ROW
};

static bool is_rule(qn_gate_rule rule)
{
    return (int)rule >= 0 && (int)rule < (int)QN_GATE_RULE_END;
}

const char *qn_gate_rule_name(qn_gate_rule rule)
{
    return is_rule(rule) ? rules[rule].name : NULL;
}

const char *qn_gate_rule_text(qn_gate_rule rule)
{
    return is_rule(rule) ? rules[rule].text : NULL;
}

int64_t qn_gate_refused(const qn_gate *gate, qn_gate_rule rule)
{
    return is_rule(rule) ? gate->counts[rule] : 0;
}

void qn_gate_get_stats(const qn_gate *gate, qn_gate_stats *out)
{
    const qn_gate *g = gate;
    money equity = equity_of(g);
    double worst = parts_lost(g->peak, g->trough);
    qn_gate_stats stats = {.accepted = g->counts[QN_GATE_ACCEPTED],
                           .cash = shown(g->cash),
                           .realised = shown(g->cash - g->first_cash + g->cost),
                           .unrealised = shown(g->net - g->cost),
                           .equity = shown(equity),
                           .peak = shown(g->peak),
                           .drawdown = parts_lost(g->peak, equity),
                           .drawdown_max = worst < g->drawdown_max ? g->drawdown_max : worst,
                           .day_loss = shown(g->day_equity - equity),
                           .gross = shown(g->gross),
                           .net = shown(g->net),
                           .killed = qn_gate_is_killed(g),
                           .day_halted = g->day_halted,
                           .halted = g->halted};
    for (int i = 1; i < (int)QN_GATE_RULE_END; i++)
        stats.refused += g->counts[i];
    stats.orders = stats.accepted + stats.refused;
    qni_stats_copy(out, &stats, sizeof stats);
}

void qn_gate_get_position(const qn_gate *gate, int32_t symbol, qn_gate_position *out)
{
    qn_gate_position held = {0};
    if (symbol >= 0 && symbol < gate->capacity) {
        const qni_gate_symbol *y = &gate->symbols[symbol];
        held.position = y->position;
        held.mark = y->mark;
        held.value = shown(worth(y));
        held.cost = shown(y->cost);
    }
    qni_stats_copy(out, &held, sizeof held);
}
