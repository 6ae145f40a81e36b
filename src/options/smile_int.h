/* options/smile_int.h: how a chain becomes a surface.
 *
 *   chain ──parity.c──► forward, discount ──points.c──► k, implied volatilities, weights      (each expiry by itself)
 *         ──svi_fit.c──► SVI of each, none crossing the one before ──delta.c──► volatilities at deltas, errors
 *   surface.c drives and owns: every text and array of a surface lies in its arenas and is freed with it. */
#ifndef QNI_OPTIONS_SMILE_INT_H
#define QNI_OPTIONS_SMILE_INT_H

#include <quern/arena.h>
#include <quern/smile.h>

/* A number y at x, with its standard deviation. */
typedef struct qni_sample {
    double x, y, deviation;
} qni_sample;

/* A call and a put of the same strike: where they stand in the chain. */
typedef struct qni_pair {
    int64_t call, put;
} qni_pair;

/* An expiry on its way from quotes to a smile; one thread at a time. */
typedef struct qni_expiry {
    const qn_chain *chain;
    int64_t from, to; /* its quotes there are [from, to) */
    const qn_surface_options *options;
    bool american;
    qn_arena *arena;   /* of this expiry alone, which the surface keeps */
    qn_arena *scratch; /* of its place in a wave */
    qn_smile *smile;   /* its expiry, settlement, years and calendar_years are set before all else */
    double rate_error; /* standard error of smile->rate; 0: it was given */
    qni_pair *pairs;   /* (smile->pairs) of good quotes, strikes ascending */
    qni_sample *gaps;  /* (smile->pairs) of each, by strike: price of the call less that of the put, middle of bid and
                          ask, and what their spreads leave open */
    /* What options are priced with, per year of the surface's clock. These and the dividends make the forward; the spot
     * is what it was when this expiry was quoted, which may not be the chain's. */
    double spot, rate, yield;
    struct qni_american_work *work; /* of its thread; NULL: European */
    double change;                  /* of the forward by the last step towards it, relative to it */
} qni_expiry;

/* surface.c: how its American options are priced; borrows what the surface's options do. */
qn_american_options qni_expiry_american_options(const qni_expiry *expiry);

/* surface.c: `count` elements of `size` bytes, cleared: from the expiry's arena, what the surface keeps; and from its
 * scratch, to be rewound by whoever takes it. */
QN_MUST_USE qn_status qni_expiry_take(void **out, const qni_expiry *expiry, int64_t count, int64_t size, qn_error *err);
QN_MUST_USE qn_status qni_expiry_scratch(void **out, const qni_expiry *expiry, int64_t count, int64_t size,
                                         qn_error *err);

typedef struct qni_weighted {
    double value, weight;
    int64_t index; /* of what it is of; the functions' own */
} qni_weighted;

/* robust.c: the weighted median of n > 0 numbers, which it sorts. */
double qni_median(qni_weighted *x, int64_t n);

/* A line y = level + slope (x - center), and standard errors of slope and level at `center`. */
typedef struct qni_line {
    double center, level, slope, slope_error, level_error;
} qni_line;

/* robust.c: the line on which most of n > 1 samples lie, x ascending. Scratch (n). */
qni_line qni_line_fit(qni_weighted *scratch, const qni_sample *samples, int64_t n);

/* robust.c: the number on which most of n > 0 agree, whatever their x, and its standard error. Scratch (n). */
void qni_level_fit(double *level, double *error, qni_weighted *scratch, const qni_sample *samples, int64_t n);

/* parity.c: fills pairs and gaps. */
QN_MUST_USE qn_status qni_expiry_pairs(qni_expiry *expiry, qn_error *err);

/* parity.c: the rate that pairs of European options tell by the slope of C - P in K, and its standard error. Infinity:
 * they tell nothing. */
QN_MUST_USE qn_status qni_expiry_rate(double *rate, double *error, const qni_expiry *expiry, qn_error *err);

/* parity.c: with smile->rate and discount set, fills forward, forward_error, forward_source. No forward: NaN, and
 * smile->reason says why. */
QN_MUST_USE qn_status qni_expiry_forward(qni_expiry *expiry, qn_error *err);

/* parity.c: fills forward and forward_error from n > 0 gaps, which must obey parity. */
QN_MUST_USE qn_status qni_expiry_agree(qni_expiry *expiry, const qni_sample *gaps, int64_t n, qn_error *err);

/* parity_american.c: a step from a forward to that of American options: the premium of early exercise that they have at
 * that forward and the expiry's yield is taken out. */
QN_MUST_USE qn_status qni_expiry_american_forward(qni_expiry *expiry, qn_error *err);

/* parity_american.c: the first of the pairs that are nearest to the forward; *n: how many. */
int64_t qni_expiry_near_pairs(int64_t *n, const qni_expiry *expiry);

/* parity_premium.c: such steps of `count` expiries together, by premiums where these say it all. All memory is of
 * `arena`, which must not be used for what lasts longer until they are over. */
typedef struct qni_forwards qni_forwards;
QN_MUST_USE qn_status qni_forwards_begin(qni_forwards **out, qni_expiry *expiries, int64_t count, qn_arena *arena,
                                         qn_error *err);
QN_MUST_USE qn_status qni_forwards_step(qni_forwards *forwards, struct qni_american_work *work, qn_error *err);

/* A rate of an expiry as one of many. */
typedef struct qni_rate {
    double years;
    double rate, error; /* and its standard error; infinity: nothing is known */
    double mean, precision;
    int64_t first; /* these three are the functions' own */
} qni_rate;

/* rates.c: one curve through what each of `count` expiries, in order of time, tells by itself: one that tells little
 * takes what its neighbours tell. The rate may change by `wander` where time grows by a factor of e. */
void qni_rates_smooth(qni_rate *rates, int64_t count, double wander);

/* rates.c: the nearest rates whose discount factors do not rise with time. */
void qni_rates_monotone(qni_rate *rates, int64_t count);

/* carry.c: rates and discounts of all expiries, in order of time: given, from pairs of European options, or 0. *told:
 * they are not the last. */
QN_MUST_USE qn_status qni_expiries_rates(bool *told, qni_expiry *expiries, int64_t count, qn_arena *arena,
                                         qn_error *err);

/* carry.c: the forward that a spot makes with the expiry's rate and yield, and dividends. */
double qni_expiry_forward_of(const qni_expiry *expiry, double spot);

/* The spot that all expiries have in common. */
typedef struct qni_spot {
    double price; /* that of the quotes, where the chain's does not fit them; else the chain's */
    double error; /* its standard error, relative */
    bool held;    /* it stays as it is */
} qni_spot;

/* carry.c: with forwards, spots and yields of all expiries, and the spot where it is not held. *change: the most that
 * one of them has changed, relative to the forward. */
QN_MUST_USE qn_status qni_expiries_yields(qni_spot *spot, double *change, qni_expiry *expiries, int64_t count,
                                          qn_arena *arena, qn_error *err);

/* points.c: with a forward, fills points, their volatilities and weights, used. */
QN_MUST_USE qn_status qni_expiry_points(qni_expiry *expiry, qn_error *err);

/* exercise.c: whether the options of a root or ticker, as CBOE names it, can be exercised at expiry alone. */
bool qni_exercise_european(const char *ticker);

/* svi_fit.c: shapes, svi, reasons, least_density and errors of `count` smiles in order of time, those of shape SVI free
 * of calendar arbitrage among themselves; and the fitted volatilities of their points. */
QN_MUST_USE qn_status qni_smiles_fit(qn_smile *smiles, int64_t count, const qn_surface_options *options,
                                     qn_arena *arena, qn_error *err);

/* delta.c: what follows from the shape: volatilities at the money and at deltas. */
void qni_smile_derive(qn_smile *smile);

/* delta.c: least_calendar and least_calendar_smile of a surface whose smiles are fitted. */
void qni_surface_calendar(qn_surface *surface);

#endif
