/* bench/black.c: what does a European option cost: its price, and its price with all eight derivatives, beside
 * QuantLib, which takes one at a time. One thread.
 *
 * Options as a chain has them: moneyness 0.6 to 1.6, a day to two years, volatilities of 10 to 80 %, half of them puts,
 * each with its own rate. 10 k stay in the second cache, 1 M do not. "mixed" has any volatility and strike: chains with
 * options far out, and years of 200 %. */
#include "bench/common.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <quern/black.h>

#if BENCH_HAVE_QUANTLIB
#include "bench/options_quantlib.h"
#endif

enum {
    COLUMNS = 5,
    RESULTS = 9
};

typedef struct task {
    int64_t n;
    double *columns; /* (COLUMNS, n) */
    int8_t *types;
    double *results; /* (RESULTS, n) */
    int wanted;      /* results */
    bool spot;
} task;

static void *must(void *block)
{
    if (block == NULL) {
        fputs("bench_black: no memory\n", stderr);
        exit(1);
    }
    return block;
}

static double unit(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(*state >> 11) * 0x1p-53;
}

static task fresh(int64_t n, bool mixed)
{
    task t = {.n = n,
              .columns = must(malloc((size_t)n * COLUMNS * sizeof(double))),
              .types = must(malloc((size_t)n)),
              .results = must(malloc((size_t)n * RESULTS * sizeof(double))),
              .wanted = 1};
    uint64_t state = 1;
    for (int64_t i = 0; i < n; i++) {
        double spread = mixed ? 4 : 0.5;
        t.columns[i] = 100;
        t.columns[n + i] = 100 * exp(spread * (2 * unit(&state) - 1));
        t.columns[2 * n + i] = 1.0 / 365 + 2 * unit(&state);
        t.columns[3 * n + i] = 0.05 * unit(&state);
        t.columns[4 * n + i] = 0.1 + (mixed ? 2 : 0.7) * unit(&state);
        t.types[i] = unit(&state) < 0.5 ? QN_CALL : QN_PUT;
    }
    memset(t.results, 0, (size_t)n * RESULTS * sizeof(double));
    return t;
}

static void release(task *t)
{
    free(t->columns);
    free(t->types);
    free(t->results);
}

static void ours(void *user)
{
    task *t = user;
    int64_t n = t->n;
    qn_option_batch b;
    qn_option_results r;
    qn_option_batch_init(&b, (int64_t)sizeof b);
    qn_option_results_init(&r, (int64_t)sizeof r);
    b.count = n;
    b.types = t->types;
    *(t->spot ? &b.spot : &b.forward) = (qn_numbers){t->columns, 1};
    b.strike = (qn_numbers){t->columns + n, 1};
    b.years = (qn_numbers){t->columns + 2 * n, 1};
    b.rate = (qn_numbers){t->columns + 3 * n, 1};
    b.sigma = (qn_numbers){t->columns + 4 * n, 1};
    double **fields[RESULTS] = {&r.price, &r.delta, &r.gamma, &r.vega, &r.theta, &r.rho, &r.vanna, &r.volga, &r.charm};
    for (int k = 0; k < t->wanted; k++)
        *fields[k] = t->results + k * n;
    if (qn_black_price(&r, &b, NULL) != QN_OK) {
        fputs("bench_black: no prices\n", stderr);
        exit(1);
    }
    bench_keep(t->results);
}

static void one_by_one(void *user)
{
    task *t = user;
    int64_t n = t->n;
    for (int64_t i = 0; i < n; i++)
        t->results[i] = qn_black(t->columns[i], t->columns[n + i], t->columns[2 * n + i], t->columns[4 * n + i],
                                 (qn_option_type)t->types[i]);
    bench_keep(t->results);
}

#if BENCH_HAVE_QUANTLIB
static void peer(void *user)
{
    task *t = user;
    int64_t n = t->n;
    quantlib_options o = {.n = n,
                          .forward = t->columns,
                          .strike = t->columns + n,
                          .years = t->columns + 2 * n,
                          .rate = t->columns + 3 * n,
                          .sigma = t->columns + 4 * n,
                          .type = t->types};
    if (t->wanted == 1)
        quantlib_prices(t->results, &o);
    else
        quantlib_greeks(t->results, &o);
    bench_keep(t->results);
}
#endif

static void compare(bench *b, const char *name, task *t)
{
    bench_side side = {"quern", ours, t};
#if BENCH_HAVE_QUANTLIB
    bench_side other = {t->wanted == 1 ? "QuantLib" : "QuantLib, 5 greeks", peer, t};
    bench_compare(b, name, side, other, (double)t->n, "options");
#else
    bench_measure(b, name, side, (double)t->n, "options");
#endif
}

static void measure(bench *b, int64_t n, bool mixed, const char *size)
{
    char name[64];
    task t = fresh(n, mixed);
    snprintf(name, sizeof name, "price, %s", size);
    compare(b, name, &t);
    t.wanted = RESULTS;
    snprintf(name, sizeof name, "price and greeks, %s", size);
    compare(b, name, &t);
    t.spot = true;
    snprintf(name, sizeof name, "price and greeks by spot, %s", size);
    bench_measure(b, name, (bench_side){"quern", ours, &t}, (double)n, "options");
    release(&t);
}

int main(int argc, char **argv)
{
    bench b;
    bench_begin(&b, "black", argc, argv);
#if !BENCH_HAVE_QUANTLIB
    bench_no_peer("QuantLib", "libquantlib0-dev");
#endif
    measure(&b, 10000, false, "10 k");
    measure(&b, 10000, true, "10 k mixed");
    if (!b.quick)
        measure(&b, 1000000, false, "1 M");
    task t = fresh(10000, false);
    bench_measure(&b, "price, one by one", (bench_side){"quern", one_by_one, &t}, (double)t.n, "options");
    release(&t);
    return bench_end(&b);
}
