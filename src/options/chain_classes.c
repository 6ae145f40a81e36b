/* options/chain_classes.c: the order of a chain's quotes, and what each is good for; see chain.h.
 *
 * A stale quote is one that cannot have been valid beside this price of the underlying, whatever the rates: bid and ask
 * are both below what the option is worth exercised, or both above the most it can be worth, by more than the spread
 * between them. A European option may be worth less than exercised: by interest on the strike of a put, by dividends
 * and borrowing on the shares of a call. Both are allowed as much as QNI_CHAIN_STALE_RATE a year, and the price of the
 * underlying, which is seldom of the same second, may be off by QNI_CHAIN_STALE_SPOT of itself. */
#include "options/chain_int.h"

#include "base/error.h"
#include "options/limits.h"

#include <math.h>
#include <string.h>

static int compare_int(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* By what the option is; 0: the same option. */
static int compare_option(const qn_quote *a, const qn_quote *b)
{
    int order = compare_int(a->expiry, b->expiry);
    if (order == 0)
        order = compare_int(a->settlement, b->settlement);
    if (order == 0)
        order = (a->strike > b->strike) - (a->strike < b->strike);
    return order != 0 ? order : compare_int(b->type, a->type);
}

static bool is_after(const qn_quote *a, const qn_quote *b)
{
    int order = compare_option(a, b);
    return order != 0 ? order > 0 : a->line > b->line;
}

static int64_t run_end(const qn_quote *const *order, int64_t from, int64_t count)
{
    for (from++; from < count && !is_after(order[from - 1], order[from]);)
        from++;
    return from;
}

/* Merges two runs of `from` into `to`. */
static void merge(const qn_quote **to, const qn_quote *const *from, int64_t begin, int64_t middle, int64_t end)
{
    int64_t a = begin, b = middle;
    for (int64_t i = begin; i < end; i++)
        to[i] = a < middle && (b == end || !is_after(from[a], from[b])) ? from[a++] : from[b++];
}

/* Merge sort of natural runs, stable: files are sorted already, or nearly. Returns the one of both arrays that holds
 * the result. */
static const qn_quote **sort(const qn_quote **order, const qn_quote **other, int64_t count)
{
    while (run_end(order, 0, count) < count) {
        for (int64_t begin = 0, end; begin < count; begin = end) {
            int64_t middle = run_end(order, begin, count);
            end = middle < count ? run_end(order, middle, count) : middle;
            merge(other, order, begin, middle, end);
        }
        const qn_quote **sorted = other;
        other = order;
        order = sorted;
    }
    return order;
}

static qn_status sort_in(qni_chain *c, qn_arena *scratch, qn_error *err)
{
    const int64_t count = c->chain.count;
    void *order, *other, *copies;
    qn_status s = qn_arena_take(&order, scratch, count * (int64_t)sizeof(qn_quote *), err);
    if (s == QN_OK)
        s = qn_arena_take(&other, scratch, count * (int64_t)sizeof(qn_quote *), err);
    if (s == QN_OK)
        s = qn_arena_take(&copies, scratch, count * (int64_t)sizeof(qn_quote), err);
    if (s != QN_OK || count == 0)
        return s;
    memcpy(copies, c->quotes, (size_t)count * sizeof(qn_quote));
    for (int64_t i = 0; i < count; i++)
        ((const qn_quote **)order)[i] = (const qn_quote *)copies + i;
    const qn_quote **sorted = sort(order, other, count);
    for (int64_t i = 0; i < count; i++)
        c->quotes[i] = *sorted[i];
    return QN_OK;
}

static qn_status sort_quotes(qni_chain *c, qn_error *err)
{
    qn_arena *scratch;
    qn_status s = qn_arena_new(&scratch, c->allocator, 0, err);
    if (s == QN_OK)
        s = sort_in(c, scratch, err);
    qn_arena_free(scratch);
    return s;
}

/* What all quotes of one expiry share. */
typedef struct moment {
    bool expired;
    double growth; /* 1 + the rate that staleness allows, over the time to expiry */
} moment;

static moment moment_of(const qn_chain *chain, const qn_quote *q)
{
    int64_t expiry_us = qn_market_expiry(q->expiry, (qn_settlement)q->settlement);
    double years = qn_clock_years(QN_CLOCK_CALENDAR, chain->as_of_us, expiry_us);
    return (moment){.expired = expiry_us <= chain->as_of_us, .growth = 1 + QNI_CHAIN_STALE_RATE * years};
}

static bool is_stale(const qn_quote *q, double spot, double growth)
{
    double spread = q->ask - q->bid;
    double low = spot * (1 - QNI_CHAIN_STALE_SPOT), high = spot * (1 + QNI_CHAIN_STALE_SPOT);
    bool call = q->type == QN_CALL;
    double least = call ? low / growth - q->strike : q->strike / growth - high;
    return q->ask + spread < least || q->bid - spread > (call ? high : q->strike);
}

static qn_quote_class class_of(const qn_quote *q, const qn_quote *before, const moment *m, double spot)
{
    if (m->expired)
        return QN_QUOTE_EXPIRED;
    if (before != NULL && compare_option(before, q) == 0)
        return QN_QUOTE_DUPLICATE;
    if (q->bid < 0 || q->ask < 0 || isinf(q->bid) || isinf(q->ask))
        return QN_QUOTE_BAD;
    bool bid = q->bid > 0, ask = q->ask > 0; /* NaN: there is none */
    if (!bid && !ask)
        return QN_QUOTE_ZERO;
    if (!bid || !ask)
        return QN_QUOTE_ONE_SIDED;
    if (q->bid > q->ask)
        return QN_QUOTE_CROSSED;
    return spot > 0 && is_stale(q, spot, m->growth) ? QN_QUOTE_STALE : QN_QUOTE_GOOD;
}

qn_status qni_chain_finish(qni_chain *c, qn_error *err)
{
    qn_status s = sort_quotes(c, err);
    if (s != QN_OK)
        return s;
    moment m = {0};
    memset(c->chain.classes, 0, sizeof c->chain.classes);
    for (int64_t i = 0; i < c->chain.count; i++) {
        qn_quote *q = &c->quotes[i];
        const qn_quote *before = i > 0 ? q - 1 : NULL;
        if (before == NULL || before->expiry != q->expiry || before->settlement != q->settlement)
            m = moment_of(&c->chain, q);
        q->quote_class = (uint8_t)class_of(q, before, &m, c->chain.spot);
        c->chain.classes[q->quote_class]++;
    }
    return QN_OK;
}
