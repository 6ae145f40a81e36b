/* options/points.c: the strikes of an expiry seen through their out-of-the-money options: the put below the forward,
 * the call from there on. What quotes of the other kind add is in the forward already. One thread. */
#include <quern/black.h>

#include "options/premium_int.h"

#include <math.h>
#include <stddef.h>

/* Prices and what follows from them, a column each: (3 n) for bid, middle and ask of n points. */
typedef struct columns {
    int64_t count; /* n */
    double *price, *strike, *sigma, *vega, *slack;
    int8_t *type;
    uint8_t *status;
} columns;

/* The quote that a strike, whose quotes are [from, to), is seen through; -1: none. */
static int64_t seen_through(const qni_expiry *expiry, int64_t from, int64_t to)
{
    const qn_quote *quotes = expiry->chain->quotes;
    int8_t type = quotes[from].strike < expiry->smile->forward ? QN_PUT : QN_CALL;
    for (int64_t i = from; i < to; i++) {
        if (quotes[i].type == type && quotes[i].quote_class != QN_QUOTE_DUPLICATE)
            return i;
    }
    return -1;
}

/* A point for every strike; returns how many. `out` NULL: only counts. */
static int64_t list_points(qn_smile_point *out, const qni_expiry *expiry)
{
    const qn_quote *quotes = expiry->chain->quotes;
    int64_t n = 0;
    for (int64_t from = expiry->from, to; from < expiry->to; from = to) {
        to = from + 1;
        while (to < expiry->to && quotes[to].strike == quotes[from].strike)
            to++;
        int64_t quote = seen_through(expiry, from, to);
        if (quote < 0 || !(quotes[from].strike > 0) || isinf(quotes[from].strike))
            continue;
        if (out != NULL)
            out[n] = (qn_smile_point){
                .strike = quotes[from].strike,
                .k = log(quotes[from].strike / expiry->smile->forward),
                .type = quotes[quote].type,
                .bid = quotes[quote].bid,
                .ask = quotes[quote].ask,
                .bid_vol = NAN,
                .mid_vol = NAN,
                .ask_vol = NAN,
                .fitted_vol = NAN,
                .quote = quote,
            };
        n++;
    }
    return n;
}

static qn_status take_columns(columns *c, const qni_expiry *expiry, qn_error *err)
{
    int64_t n = 3 * c->count;
    qn_status s = qni_expiry_scratch((void **)&c->price, expiry, n, sizeof *c->price, err);
    if (s == QN_OK)
        s = qni_expiry_scratch((void **)&c->strike, expiry, n, sizeof *c->strike, err);
    if (s == QN_OK)
        s = qni_expiry_scratch((void **)&c->sigma, expiry, n, sizeof *c->sigma, err);
    if (s == QN_OK)
        s = qni_expiry_scratch((void **)&c->vega, expiry, n, sizeof *c->vega, err);
    if (s == QN_OK)
        s = qni_expiry_scratch((void **)&c->slack, expiry, n, sizeof *c->slack, err);
    if (s == QN_OK)
        s = qni_expiry_scratch((void **)&c->type, expiry, n, sizeof *c->type, err);
    if (s == QN_OK)
        s = qni_expiry_scratch((void **)&c->status, expiry, n, sizeof *c->status, err);
    return s;
}

/* Only a side that is above 0 has a volatility, and only a good quote has a middle. */
static void fill_columns(columns *c, const qni_expiry *expiry)
{
    int64_t n = c->count;
    for (int64_t i = 0; i < n; i++) {
        const qn_smile_point *point = &expiry->smile->points[i];
        bool good = expiry->chain->quotes[point->quote].quote_class == QN_QUOTE_GOOD;
        c->price[i] = point->bid > 0 ? point->bid : NAN;
        c->price[n + i] = good ? 0.5 * (point->bid + point->ask) : NAN;
        c->price[2 * n + i] = point->ask > 0 ? point->ask : NAN;
        double half = point->bid >= 0 && point->ask > point->bid ? 0.5 * (point->ask - point->bid) : 0;
        for (int64_t j = i; j < 3 * n; j += n) {
            c->slack[j] = fmax(QNI_PREMIUM_SLACK * point->strike, QNI_PREMIUM_SLACK_SPREAD * half);
            c->strike[j] = point->strike;
            c->type[j] = point->type;
        }
    }
}

/* Volatilities of all prices, and the vegas of the middles. */
static qn_status find_volatilities(columns *c, const qni_expiry *expiry, qn_error *err)
{
    const qn_smile *smile = expiry->smile;
    qn_status s =
        expiry->american
            ? qni_expiry_implied(c->sigma, c->status, expiry, c->type, c->strike, c->price, c->slack, c->count, err)
            : qni_expiry_implied_european(c->sigma, c->status, expiry, c->type, c->strike, c->price, 3 * c->count, err);
    if (s != QN_OK)
        return s;
    qn_option_batch batch;
    qn_option_batch_init(&batch, sizeof batch);
    batch.count = c->count;
    batch.types = c->type;
    batch.forward = (qn_numbers){&smile->forward, 0};
    batch.strike = (qn_numbers){c->strike, 1};
    batch.years = (qn_numbers){&smile->years, 0};
    batch.rate = (qn_numbers){&expiry->rate, 0};
    batch.sigma = (qn_numbers){c->sigma + c->count, 1};
    qn_option_results results;
    qn_option_results_init(&results, sizeof results);
    results.vega = c->vega;
    return qn_black_price(&results, &batch, err);
}

/* Two strikes in a row without a bid, going out from the forward, end what is used, as in the VIX: a bid beyond them is
 * no market. */
static void cut_wing(qn_smile_point *points, int64_t from, int64_t to, int64_t step)
{
    int without = 0;
    for (int64_t i = from; i != to; i += step) {
        if (without >= 2)
            points[i].weight = 0;
        else
            without = points[i].bid > 0 ? 0 : without + 1;
    }
}

/* Weights: vega over spread, which is one over the spread in volatility; the largest is 1. */
static void weigh(qn_smile *smile, qn_smile_point *points, const columns *c)
{
    double most = 0;
    int64_t n = c->count, calls = 0;
    for (int64_t i = 0; i < n; i++) {
        double spread = fmax(points[i].ask - points[i].bid, QNI_PARITY_LEAST_SPREAD * smile->forward);
        double weight = c->vega[i] / spread;
        points[i].weight = points[i].status == QN_OPTION_OK && isfinite(weight) ? weight : 0;
        calls += points[i].type == QN_PUT; /* in the end: where the calls begin */
    }
    cut_wing(points, calls - 1, -1, -1);
    cut_wing(points, calls, n, 1);
    for (int64_t i = 0; i < n; i++)
        most = fmax(most, points[i].weight);
    for (int64_t i = 0; i < n && most > 0; i++) {
        double weight = points[i].weight / most;
        points[i].weight = weight >= QNI_POINTS_WEIGHT_LEAST ? weight : 0;
        smile->used += points[i].weight > 0;
    }
    if (smile->used == 0)
        smile->reason = smile->years > 0 ? "no out-of-the-money option has a bid, an ask and a volatility"
                                         : "no time is left until expiry by this clock";
}

static qn_status find_strip(const qni_expiry *expiry, qn_error *err)
{
    qn_smile *smile = expiry->smile;
    double variance, forward, strike, years = smile->calendar_years;
    qn_status s = qn_variance_strip(&variance, &forward, &strike, expiry->chain->quotes + expiry->from,
                                    expiry->to - expiry->from, years, smile->rate, err);
    if (s == QN_DATA)
        return QN_OK; /* too few quotes: there is none */
    if (s == QN_OK && smile->years > 0 && variance > 0)
        smile->strip_variance = variance * years / smile->years;
    return s;
}

qn_status qni_expiry_points(qni_expiry *expiry, qn_error *err)
{
    qn_smile *smile = expiry->smile;
    if (isnan(smile->forward))
        return QN_OK; /* its reason says why */
    columns c = {.count = list_points(NULL, expiry)};
    qn_smile_point *points;
    qn_status s = qni_expiry_take((void **)&points, expiry, c.count, sizeof *points, err);
    if (s != QN_OK)
        return s;
    smile->points = points;
    smile->point_count = list_points(points, expiry);
    qn_arena_mark mark = qn_arena_mark_now(expiry->scratch);
    s = take_columns(&c, expiry, err);
    if (s != QN_OK)
        return s;
    fill_columns(&c, expiry);
    s = find_volatilities(&c, expiry, err);
    if (s != QN_OK)
        return s;
    for (int64_t i = 0; i < c.count; i++) {
        points[i].bid_vol = c.sigma[i];
        points[i].mid_vol = c.sigma[c.count + i];
        points[i].ask_vol = c.sigma[2 * c.count + i];
        points[i].status = c.status[c.count + i];
    }
    weigh(smile, points, &c);
    qn_arena_rewind(expiry->scratch, mark);
    return find_strip(expiry, err);
}
