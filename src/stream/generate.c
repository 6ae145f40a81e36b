/* stream/generate.c: records made up from a seed, in whole numbers alone, so that they are the same everywhere.
 *
 * Record i draws its bits from a counter, as splitmix64 does (Steele, Lea, Flood: Fast Splittable Pseudorandom Number
 * Generators, 2014): from mix(key + (3i + 1) G), and of 3i + 2 and 3i + 3. A symbol's price steps by a sum of four
 * uniform bytes times its 2^-20th part, and is drawn to its level by the 2^21st part of its distance: it lies some 15 %
 * around the level, and never beyond a factor of 16. tests/interop/generate.py says all of it once more.
 *
 * One thread at a time. */
#include <quern/feeds.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/options.h"
#include "mem/refuse.h"
#include "stream/limits.h"

#include <inttypes.h>
#include <stdio.h>

__extension__ typedef unsigned __int128 u128;

/* A symbol's price, in 1 / QN_TICK_SCALE. */
typedef struct walk {
    int64_t price, level;
    int32_t symbol;
} walk;

typedef struct generator {
    const qn_allocator *allocator;
    uint64_t key;
    int64_t made, count; /* records; count -1: without end */
    int64_t time_ns;
    uint64_t gaps;         /* different gaps: 0 … gaps - 1 */
    uint64_t orders_below; /* of 2^32 */
    uint32_t order;        /* number of the last one */
    walk *walks;           /* (walk_count) */
    int64_t walk_count;
} generator;

enum {
    CENT = QN_TICK_SCALE / 100,
    LEVEL_CENTS = 1000, /* levels are 10.00 … */
    LEVELS = 99000,     /* … 999.99 */
    PRICE_RANGE = 16,   /* the factor within which a price stays around its level */
    STEP_MEAN = 510,    /* of four bytes */
    STEP_SHIFT = 20,
    RETURN_SHIFT = 21,
};

static const int64_t default_start_ns = INT64_C(1704205800) * 1000000000; /* 2024-01-02T14:30:00Z */
static const uint64_t golden = 0x9E3779B97F4A7C15;

static inline uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
}

void qn_generated_options_init(qn_generated_options *out, int64_t size)
{
    qni_options_init(out, size);
}

/* The price after one more step. */
static inline int64_t step(const walk *w, uint64_t bits)
{
    const int64_t sum =
        (int64_t)((bits & 0xFF) + (bits >> 8 & 0xFF) + (bits >> 16 & 0xFF) + (bits >> 24 & 0xFF)) - STEP_MEAN;
    const int64_t least = w->level / PRICE_RANGE, most = w->level * PRICE_RANGE;
    const int64_t price = w->price + (w->level - w->price) / (1 << RETURN_SHIFT) + w->price / (1 << STEP_SHIFT) * sum;
    return price < least ? least : price > most ? most : price;
}

static void make_order(generator *g, qn_tick *t, uint64_t bits)
{
    g->order += g->order == UINT32_MAX ? 2 : 1; /* 0 is none */
    const int64_t further = ((int64_t)(bits & 3) - 1) * CENT;
    t->kind = QN_TICK_ORDER;
    t->order = g->order;
    t->price += t->side * further;
}

static inline void make(generator *g, qn_tick *t)
{
    const uint64_t at = g->key + (uint64_t)g->made * 3 * golden;
    const uint64_t a = mix(at + golden), b = mix(at + 2 * golden);
    walk *w = &g->walks[(a >> 32) * (uint64_t)g->walk_count >> 32];
    if (__builtin_add_overflow(g->time_ns, (int64_t)((u128)(a << 32) * g->gaps >> 64), &g->time_ns))
        g->time_ns = INT64_MAX;
    w->price = step(w, b);
    const int64_t price = w->price / CENT * CENT;
    const bool buys = (b >> 34 & 1) != 0;
    *t = (qn_tick){.time_ns = g->time_ns,
                   .bid = price - (int64_t)(1 + (b >> 32 & 1)) * CENT,
                   .ask = price + (int64_t)(1 + (b >> 33 & 1)) * CENT,
                   .size = (int64_t)(1 + (b >> 36 & 63) * (b >> 42 & 63)) * QN_TICK_SCALE,
                   .symbol = w->symbol,
                   .side = buys ? 1 : -1,
                   .flags = QN_TICK_HAS_BID | QN_TICK_HAS_ASK};
    t->price = buys ? t->ask : t->bid;
    if (g->orders_below > 0) {
        const uint64_t c = mix(at + 3 * golden);
        if (c >> 32 < g->orders_below)
            make_order(g, t, c);
    }
    g->made++;
}

static qn_status read_generated(void *self, qn_tick *records, int64_t wanted, int64_t *count, qn_error *err)
{
    (void)err;
    generator *g = self;
    const int64_t left = g->count < 0 ? wanted : g->count - g->made;
    *count = left < wanted ? left : wanted;
    for (int64_t i = 0; i < *count; i++)
        make(g, &records[i]);
    return QN_OK;
}

static void free_generated(void *self)
{
    generator *g = self;
    qni_free(g->allocator, g->walks, g->walk_count, sizeof *g->walks);
    qni_delete(g->allocator, g);
}

static qn_status check_options(const qn_generated_options *o, int64_t count, qn_error *err)
{
    if (count < -1)
        return qni_error(err, QN_INVALID, "a source cannot make %" PRId64 " records", count);
    if (o->symbols < 0 || o->symbols > QNI_SYMBOLS_MAX)
        return qni_error(err, QN_INVALID, "made up are 1 to %d symbols, not %" PRId64, QNI_SYMBOLS_MAX, o->symbols);
    if (o->mean_gap_ns < 0 || o->mean_gap_ns > QNI_GENERATED_GAP_MAX_NS)
        return qni_error(err, QN_INVALID, "the mean gap between records is 1 to %" PRId64 " ns, not %" PRId64,
                         QNI_GENERATED_GAP_MAX_NS, o->mean_gap_ns);
    if (!(o->orders >= 0 && o->orders <= 1))
        return qni_error(err, QN_INVALID, "the fraction of orders is from 0 to 1, not %g", o->orders);
    return QN_OK;
}

/* Names and levels. */
static qn_status prepare(generator *g, qn_symbols *symbols, qn_error *err)
{
    for (int64_t i = 0; i < g->walk_count; i++) {
        char name[QN_SYMBOL_NAME_MAX + 1];
        (void)snprintf(name, sizeof name, "S%04" PRId64, i + 1);
        walk *w = &g->walks[i];
        qn_status s = qn_symbols_add(&w->symbol, symbols, name, -1, err);
        if (s != QN_OK)
            return s;
        w->level = (LEVEL_CENTS + (int64_t)(mix(g->key ^ mix((uint64_t)i + 1)) % LEVELS)) * CENT;
        w->price = w->level;
    }
    return QN_OK;
}

qn_status qn_generated_source(qn_stream_source *out, int64_t count, qn_symbols *symbols,
                              const qn_generated_options *options, qn_error *err)
{
    qn_generated_options o;
    *out = (qn_stream_source){0};
    qn_status s = qni_options_copy(&o, sizeof o, options, "qn_generated_options", err);
    if (s == QN_OK)
        s = check_options(&o, count, err);
    if (s != QN_OK)
        return s;
    const int64_t walk_count = o.symbols > 0 ? o.symbols : QNI_GENERATED_SYMBOLS;
    const int64_t mean = o.mean_gap_ns > 0 ? o.mean_gap_ns : QNI_GENERATED_GAP_NS;
    generator *g = qni_new(o.allocator, generator);
    walk *walks = qni_alloc(o.allocator, walk_count, sizeof *walks);
    if (g == NULL || walks == NULL) {
        qni_free(o.allocator, walks, walk_count, sizeof *walks);
        qni_delete(o.allocator, g);
        return qni_refused(err, o.allocator, walk_count * (int64_t)sizeof *walks, "%" PRId64 " made-up symbols",
                           walk_count);
    }
    *g = (generator){.allocator = o.allocator,
                     .key = mix(o.seed + golden),
                     .count = count,
                     .time_ns = o.start_ns != 0 ? o.start_ns : default_start_ns,
                     .gaps = 2 * (uint64_t)mean + 1,
                     .orders_below = (uint64_t)(o.orders * 4294967296.0),
                     .walks = walks,
                     .walk_count = walk_count};
    s = prepare(g, symbols, err);
    if (s != QN_OK) {
        free_generated(g);
        return s;
    }
    *out = (qn_stream_source){.self = g, .name = "generate", .read = read_generated, .free = free_generated};
    return QN_OK;
}
