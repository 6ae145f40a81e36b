/* bench/implied.c: what does an implied volatility cost: many at once beside one a call, and beside QuantLib, which
 * takes one at a time. One thread.
 *
 * Quotes as a chain has them: moneyness 0.75 to 1.33, a day to two years, volatilities of 10 to 60 %, out of the money,
 * to a hundredth of a cent. "all regions" has them in and out of the money, any strike, s = sigma sqrt(T) from 0.01 to
 * 6, prices to the last bit. Prices are not discounted. Accuracies differ: ours is a few units in the last place,
 * QuantLib's 1e-6 of its own default. */
#include "bench/common.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <quern/black.h>

#if BENCH_HAVE_QUANTLIB
#include "bench/options_quantlib.h"
#endif

enum {
    FORWARD,
    STRIKE,
    YEARS,
    RATE,
    SIGMA, /* that made the price */
    PRICE,
    FOUND,
    COLUMNS
};

typedef struct task {
    int64_t n;
    double *column[COLUMNS];
    int8_t *types;
    uint8_t *status;
} task;

static void *must(void *block)
{
    if (block == NULL) {
        fputs("bench_implied: no memory\n", stderr);
        exit(1);
    }
    return block;
}

static double unit(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(*state >> 11) * 0x1p-53;
}

static void quote(task *t, int64_t i, bool all, uint64_t *state)
{
    double years, sigma, strike, price;
    bool call;
    do {
        years = 1.0 / 365 + 2 * unit(state);
        sigma = all ? 0.01 * exp(log(600) * unit(state)) / sqrt(years) : 0.1 + 0.5 * unit(state);
        strike = 100 * exp((all ? 4 : 0.29) * (2 * unit(state) - 1));
        call = all ? unit(state) < 0.5 : strike > 100;
        price = qn_black(100, strike, years, sigma, call ? QN_CALL : QN_PUT);
        if (!all)
            price = rint(price * 1e4) / 1e4;
    } while (price <= (call ? fmax(100 - strike, 0) : fmax(strike - 100, 0)) || price >= (call ? 100 : strike));
    t->column[FORWARD][i] = 100;
    t->column[STRIKE][i] = strike;
    t->column[YEARS][i] = years;
    t->column[RATE][i] = 0;
    t->column[SIGMA][i] = sigma;
    t->column[PRICE][i] = price;
    t->types[i] = call ? QN_CALL : QN_PUT;
}

static task fresh(int64_t n, bool all)
{
    task t = {.n = n, .types = must(malloc((size_t)n)), .status = must(malloc((size_t)n))};
    uint64_t state = 1;
    for (int k = 0; k < COLUMNS; k++)
        t.column[k] = must(malloc((size_t)n * sizeof(double)));
    for (int64_t i = 0; i < n; i++)
        quote(&t, i, all, &state);
    return t;
}

static void release(task *t)
{
    for (int k = 0; k < COLUMNS; k++)
        free(t->column[k]);
    free(t->types);
    free(t->status);
}

static void ours(void *user)
{
    task *t = user;
    qn_option_batch b;
    qn_option_batch_init(&b, (int64_t)sizeof b);
    b.count = t->n;
    b.types = t->types;
    b.forward = (qn_numbers){t->column[FORWARD], 1};
    b.strike = (qn_numbers){t->column[STRIKE], 1};
    b.years = (qn_numbers){t->column[YEARS], 1};
    if (qn_black_implied(t->column[FOUND], t->status, &b, t->column[PRICE], false, NULL) != QN_OK) {
        fputs("bench_implied: no volatilities\n", stderr);
        exit(1);
    }
    bench_keep(t->column[FOUND]);
}

static void one_by_one(void *user)
{
    task *t = user;
    for (int64_t i = 0; i < t->n; i++)
        t->status[i] =
            (uint8_t)qn_black_implied_one(&t->column[FOUND][i], t->column[PRICE][i], t->column[FORWARD][i],
                                          t->column[STRIKE][i], t->column[YEARS][i], (qn_option_type)t->types[i]);
    bench_keep(t->column[FOUND]);
}

#if BENCH_HAVE_QUANTLIB
static int64_t failed;

static void peer(void *user)
{
    task *t = user;
    quantlib_options o = {.n = t->n,
                          .forward = t->column[FORWARD],
                          .strike = t->column[STRIKE],
                          .years = t->column[YEARS],
                          .rate = t->column[RATE],
                          .sigma = t->column[SIGMA],
                          .type = t->types};
    failed = quantlib_implied(t->column[FOUND], t->column[PRICE], &o);
    bench_keep(t->column[FOUND]);
}
#endif

static void measure(bench *b, int64_t n, bool all, const char *size)
{
    char name[64];
    task t = fresh(n, all);
    snprintf(name, sizeof name, "beside QuantLib, %s", size);
    bench_side side = {"quern", ours, &t};
#if BENCH_HAVE_QUANTLIB
    bench_compare(b, name, side, (bench_side){"QuantLib", peer, &t}, (double)n, "quotes");
    printf("  QuantLib gave up on %lld of %lld quotes\n", (long long)failed, (long long)n);
#endif
    snprintf(name, sizeof name, "beside one a call, %s", size);
    bench_compare(b, name, side, (bench_side){"quern, one a call", one_by_one, &t}, (double)n, "quotes");
    release(&t);
}

int main(int argc, char **argv)
{
    bench b;
    bench_begin(&b, "implied", argc, argv);
#if !BENCH_HAVE_QUANTLIB
    bench_no_peer("QuantLib", "libquantlib0-dev");
#endif
    measure(&b, 10000, false, "10 k");
    measure(&b, 10000, true, "10 k, all regions");
    if (!b.quick)
        measure(&b, 1000000, false, "1 M");
    return bench_end(&b);
}
