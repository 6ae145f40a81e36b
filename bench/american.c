/* bench/american.c: what do an American option and its volatility cost, beside QuantLib? One thread.
 *
 * A thousand options as chains have them: moneyness 0.74 to 1.35, a week to two years, volatilities of 10 to 60 %, each
 * with its own rate and yield, half of them puts. QuantLib's engines are measured with their errors: beside each stands
 * the largest and the root mean square distance from its own highest precision, relative to the strike, on the same
 * options. A million volatilities are measured as such for Quern; for QuantLib they are a thousand times the thousand
 * here. */
#include "bench/common.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <quern/american.h>

#if BENCH_HAVE_QUANTLIB
#include "bench/american_quantlib.h"
#endif

enum {
    COUNT = 1000,
    FEW = 50, /* options with dividends */
    MILLION = 1000000,
    DIVIDENDS = 3
};

static const int32_t dividend_days[DIVIDENDS] = {30, 121, 212};
static const double amounts[DIVIDENDS] = {1, 2, 1.5};

typedef struct task {
    int64_t n;
    int8_t *type;
    int32_t *days;
    double *spot, *strike, *years, *rate, *yield, *sigma, *price, *result;
    const qn_dividend *dividends;
    int64_t dividend_count;
    int engine;
} task;

static void *must(void *block)
{
    if (block == NULL) {
        fputs("bench_american: no memory\n", stderr);
        exit(1);
    }
    return block;
}

static double unit(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(*state >> 11) * 0x1p-53;
}

static task fresh(int64_t n)
{
    task t = {.n = n};
    double **columns[] = {&t.spot, &t.strike, &t.years, &t.rate, &t.yield, &t.sigma, &t.price, &t.result};
    for (size_t k = 0; k < sizeof columns / sizeof columns[0]; k++)
        *columns[k] = must(calloc((size_t)n, sizeof(double)));
    t.type = must(malloc((size_t)n));
    t.days = must(malloc((size_t)n * sizeof *t.days));
    uint64_t state = 1;
    for (int64_t i = 0; i < n; i++) {
        t.type[i] = unit(&state) < 0.5 ? QN_CALL : QN_PUT;
        t.days[i] = 7 + (int32_t)(723 * unit(&state));
        t.years[i] = t.days[i] / 365.0;
        t.strike[i] = 100;
        t.spot[i] = 100 * exp(0.6 * unit(&state) - 0.3);
        t.sigma[i] = 0.1 + 0.5 * unit(&state);
        t.rate[i] = 0.001 + 0.08 * unit(&state);
        t.yield[i] = unit(&state) < 0.3 ? 0 : 0.06 * unit(&state);
    }
    return t;
}

static void release(task *t)
{
    double *columns[] = {t->spot, t->strike, t->years, t->rate, t->yield, t->sigma, t->price, t->result};
    for (size_t k = 0; k < sizeof columns / sizeof columns[0]; k++)
        free(columns[k]);
    free(t->type);
    free(t->days);
}

static qn_option_batch batch_of(const task *t)
{
    qn_option_batch b;
    qn_option_batch_init(&b, (int64_t)sizeof b);
    b.count = t->n;
    b.types = t->type;
    b.spot = (qn_numbers){t->spot, 1};
    b.strike = (qn_numbers){t->strike, 1};
    b.years = (qn_numbers){t->years, 1};
    b.rate = (qn_numbers){t->rate, 1};
    b.yield = (qn_numbers){t->yield, 1};
    b.sigma = (qn_numbers){t->sigma, 1};
    return b;
}

static qn_american_options options_of(const task *t)
{
    qn_american_options o;
    qn_american_options_init(&o, (int64_t)sizeof o);
    o.dividends = t->dividends;
    o.dividend_count = t->dividend_count;
    return o;
}

static void ours_price(void *user)
{
    task *t = user;
    qn_option_batch b = batch_of(t);
    qn_american_options o = options_of(t);
    qn_option_results r;
    qn_option_results_init(&r, (int64_t)sizeof r);
    r.price = t->result;
    if (qn_american_price(&r, &b, &o, NULL) != QN_OK)
        exit(1);
    bench_keep(t->result);
}

static void ours_implied(void *user)
{
    task *t = user;
    qn_option_batch b = batch_of(t);
    qn_american_options o = options_of(t);
    if (qn_american_implied(t->result, NULL, &b, t->price, true, &o, NULL) != QN_OK)
        exit(1);
    bench_keep(t->result);
}

/* The distance of t->result from t->price. */
static void show_error(const task *t, const char *name)
{
    double most = 0, squares = 0;
    for (int64_t i = 0; i < t->n; i++) {
        double error = fabs(t->result[i] - t->price[i]) / t->strike[i];
        if (isnan(error))
            continue;
        most = fmax(most, error);
        squares += error * error;
    }
    printf("  %-24s error at most %.1e, root mean square %.1e of the strike\n", name, most,
           sqrt(squares / (double)t->n));
}

#if BENCH_HAVE_QUANTLIB
static quantlib_american peer_of(const task *t)
{
    return (quantlib_american){.n = t->n,
                               .type = t->type,
                               .spot = t->spot,
                               .strike = t->strike,
                               .rate = t->rate,
                               .yield = t->yield,
                               .sigma = t->sigma,
                               .days = t->days};
}

static void peer_price(void *user)
{
    task *t = user;
    quantlib_american peer = peer_of(t);
    quantlib_american_prices(t->result, &peer, t->engine);
}

static void peer_dividends(void *user)
{
    task *t = user;
    quantlib_american peer = peer_of(t);
    quantlib_american_dividends(t->result, &peer, dividend_days, amounts, DIVIDENDS, t->engine);
}

static void peer_implied(void *user)
{
    task *t = user;
    quantlib_american peer = peer_of(t);
    quantlib_american_implied(t->result, t->price, &peer);
}
#endif

static void measure_prices(bench *b, task *t)
{
#if BENCH_HAVE_QUANTLIB
    static const struct {
        int engine;
        const char *name;
    } peers[] = {{QUANTLIB_FAST, "QdFp fast"},
                 {QUANTLIB_ACCURATE, "QdFp accurate"},
                 {QUANTLIB_BJERKSUND, "Bjerksund-Stensland"},
                 {QUANTLIB_BINOMIAL, "binomial, 801 steps"}};
    task small = *t;
    small.n = b->quick ? 20 : COUNT;
    quantlib_american peer = peer_of(&small);
    quantlib_american_prices(small.price, &peer, QUANTLIB_HIGH);
    ours_price(&small);
    show_error(&small, "quern");
    for (size_t k = 0; k < sizeof peers / sizeof peers[0]; k++) {
        task some = small;
        some.n = peers[k].engine == QUANTLIB_BINOMIAL ? small.n / 20 : small.n;
        some.engine = peers[k].engine;
        char name[64];
        snprintf(name, sizeof name, "price, %s", peers[k].name);
        bench_compare(b, name, (bench_side){"quern", ours_price, &some}, (bench_side){"QuantLib", peer_price, &some},
                      (double)some.n, "options");
        peer_price(&some);
        show_error(&some, peers[k].name);
    }
#else
    bench_measure(b, "price", (bench_side){"quern", ours_price, t}, (double)t->n, "options");
#endif
}

static void measure_dividends(bench *b, const task *t)
{
    static qn_dividend dividends[DIVIDENDS];
    for (int k = 0; k < DIVIDENDS; k++)
        dividends[k] = (qn_dividend){dividend_days[k] / 365.0, amounts[k]};
    task few = *t;
    few.n = b->quick ? 5 : FEW;
    few.dividends = dividends;
    few.dividend_count = DIVIDENDS;
#if BENCH_HAVE_QUANTLIB
    task fine = few;
    fine.result = few.price;
    fine.engine = 1600;
    peer_dividends(&fine);
    ours_price(&few);
    show_error(&few, "quern");
    few.engine = 100;
    bench_compare(b, "3 dividends, FD 100 x 200", (bench_side){"quern", ours_price, &few},
                  (bench_side){"QuantLib", peer_dividends, &few}, (double)few.n, "options");
    peer_dividends(&few);
    show_error(&few, "FD 100 x 200");
#else
    bench_measure(b, "3 dividends", (bench_side){"quern", ours_price, &few}, (double)few.n, "options");
#endif
}

static void measure_implied(bench *b, task *t)
{
    double *prices = t->result;
    t->result = t->price; /* prices first */
    ours_price(t);
    t->price = t->result;
    t->result = prices;
#if BENCH_HAVE_QUANTLIB
    task small = *t;
    small.n = b->quick ? 20 : COUNT;
    bench_compare(b, "implied volatility", (bench_side){"quern", ours_implied, &small},
                  (bench_side){"QuantLib, Brent on QdFp fast", peer_implied, &small}, (double)small.n, "options");
#endif
    double start = bench_now();
    ours_implied(t);
    double seconds = bench_now() - start;
    bench_report(b, b->quick ? "implied volatilities" : "a million implied volatilities", "quern", &seconds, 1,
                 (double)t->n, "options");
}

int main(int argc, char **argv)
{
    bench b;
    bench_begin(&b, "american", argc, argv);
#if !BENCH_HAVE_QUANTLIB
    bench_no_peer("QuantLib", "libquantlib0-dev");
#endif
    task t = fresh(b.quick ? COUNT : MILLION), sample = t;
    sample.n = COUNT;
    measure_prices(&b, &sample);
    measure_dividends(&b, &sample);
    measure_implied(&b, &t);
    release(&t);
    return bench_end(&b);
}
