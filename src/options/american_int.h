/* options/american_int.h: American exercise, what its files share.
 *
 *   american_batch.c: a batch is checked and split over threads
 *     ─► american.c: prices and derivatives ─┐
 *     ─► american_implied.c: volatilities ───┴► american_value.c: what kind of option each one is
 *          ─► american_put.c: puts on a constant yield, by american.inc at the rungs of american_rungs.c
 *          ─► american_grid.c: dividends in cash, two boundaries */
#ifndef QNI_OPTIONS_AMERICAN_INT_H
#define QNI_OPTIONS_AMERICAN_INT_H

#include <quern/american.h>

#include "options/limits.h"

/* A rung of the ladder: the boundary at `rows` nodes beside the one at expiry, and rules for integrals, the same for
 * every option. With places 0 = x_0 < … < x_rows = 1 (Chebyshev's extrema), node i is at time x_i^2 T before expiry.
 * Integrals from there to expiry are over an angle: at angle a the time before expiry is x_i^2 T cos^2 a. */
typedef struct qni_american_rung {
    int rows;
    int terms;            /* of an integral of the boundary's equation */
    int sweeps;           /* over the nodes one by one */
    int steps;            /* of Newton's method for all nodes */
    int last_terms;       /* of the price's integral */
    int rows_before;      /* of the rung before; 0: this is the first */
    double *place;        /* (rows): x_1 … x_rows */
    double *angles;       /* (terms, 4): sine, its inverse, cosine, weight times twice the cosine */
    double *shares;       /* (rows, terms, rows): of each node in H at each angle */
    double *last_angles;  /* (last_terms, 4) */
    double *last_shares;  /* (last_terms, rows) */
    double *start_shares; /* (rows, rows_before): of each node of the rung before in H here */
    double first_before;  /* x_1 of the rung before */
    double *numbers;      /* (number_count), all of these */
    int64_t number_count;
} qni_american_rung;

/* Puts in units of their strike, r > 0 or q < r = 0, sigma > 0, T > 0, and what is found of them. */
typedef struct qni_american_puts {
    double x[QNI_AMERICAN_PIECE]; /* log(S / K) */
    double years[QNI_AMERICAN_PIECE];
    double rate[QNI_AMERICAN_PIECE];
    double yield[QNI_AMERICAN_PIECE];
    double sigma[QNI_AMERICAN_PIECE];
    double accuracy[QNI_AMERICAN_PIECE];             /* of f */
    double h[QNI_AMERICAN_ROWS][QNI_AMERICAN_PIECE]; /* at the nodes: log(B / B(0))^2 */
    double price[QNI_AMERICAN_PIECE];                /* f = P / K */
    double slope[QNI_AMERICAN_PIECE];                /* df/dx */
    double bend[QNI_AMERICAN_PIECE];                 /* d2f/dx2 */
} qni_american_puts;

/* Solves the `count` puts at the places `index` on a rung; h is that of the rung before. scratch: vectors,
 * rows (terms + rows) of them. */
typedef void qni_american_solve(qni_american_puts *puts, const qni_american_rung *rung, const int32_t *index,
                                int64_t count, double *scratch);

/* Premiums of the calls or of the puts of one expiry; a call is a put with rate and yield, spot and strike exchanged
 * (american_value.c). */
typedef struct qni_premium {
    bool call;
    double spot, years;
    double rate, yield; /* of the put */
    int64_t count;      /* of volatilities */
    double log_sigma[QNI_PREMIUM_NODES];
    double shape[QNI_PREMIUM_NODES][QNI_PREMIUM_ROWS]; /* H / sigma^2 */
    bool solved; /* false: the boundary needs to be computed more finely than here */
} qni_premium;

/* Into out: premiums at `count` strikes and sigmas, in the unit of prices, from boundaries on this rung. NaN: exercised
 * now. */
typedef void qni_american_premiums(double *out, const qni_premium *premium, const qni_american_rung *rung,
                                   const double *strikes, const double *sigmas, int64_t count);

/* Into out: what these premiums are at most: interest on the strike, and what the share costs to hold, for as long as
 * exercise may pay. Boundaries need not be solved for. */
typedef void qni_american_bounds(double *out, const qni_premium *premium, const double *strikes, const double *sigmas,
                                 int64_t count);

/* One option. */
typedef struct qni_american_option {
    double spot, strike, years, rate, yield, sigma;
    double passed; /* time since the dividends' years were counted */
    bool call;
} qni_american_option;

/* How an option is computed: the rung of the ladder, or the level of the grid, between which logarithms of the spot
 * it lies and how many nodes its first level has. 0: as finely as the accuracy asks for, and written then. */
typedef struct qni_american_plan {
    int rung;
    int level;
    double low, high, nodes;
} qni_american_plan;

/* What is found of it. status other than OK: numbers are NaN. */
typedef struct qni_american_result {
    double price, delta, gamma;
    bool exercised; /* now */
    uint8_t status; /* qn_option_status */
} qni_american_result;

/* What one thread works with. */
typedef struct qni_american_work {
    const qn_allocator *allocator;
    const qn_dividend *dividends;
    int64_t dividend_count;
    double accuracy;      /* with a yield alone */
    double cash_accuracy; /* with dividends */
    qni_american_solve *solve;
    qni_american_premiums *premiums;
    qni_american_bounds *bounds;
    qni_american_rung rungs[QNI_AMERICAN_RUNGS]; /* rows 0: not made yet */
    double *scratch;                             /* (scratch_count), for solve and for grids */
    int64_t scratch_count;
    qni_american_puts puts;
} qni_american_work;

/* Everything 0 but what is given; *work is to be ended whatever has become of it. Errors: QN_CONFIG. */
QN_MUST_USE qn_status qni_american_work_init(qni_american_work *work, const qn_american_options *options,
                                             qn_error *err);
void qni_american_work_end(qni_american_work *work);

/* american_rungs.c: makes sure of rung k. Errors: QN_NOMEM, QN_BUDGET. */
QN_MUST_USE qn_status qni_american_rung_make(qni_american_work *work, int k, qn_error *err);
void qni_american_rung_end(qni_american_rung *rung, const qn_allocator *allocator);

/* Makes sure of `count` doubles of scratch. Errors as above. */
QN_MUST_USE qn_status qni_american_scratch(qni_american_work *work, int64_t count, qn_error *err);

/* american_put.c: the `count` <= QNI_AMERICAN_PIECE puts of work->puts; plans as above (rung), converged (count).
 * Errors as above. */
QN_MUST_USE qn_status qni_american_climb(bool *converged, qni_american_plan *plans, qni_american_work *work,
                                         int64_t count, qn_error *err);

/* american_grid.c: one option, sigma > 0, T > 0, on a grid. Errors as above. */
QN_MUST_USE qn_status qni_american_grid(qni_american_result *out, qni_american_plan *plan,
                                        const qni_american_option *option, qni_american_work *work, qn_error *err);

/* american_value.c: `count` <= QNI_AMERICAN_PIECE options. Errors as above. */
QN_MUST_USE qn_status qni_american_values(qni_american_result *out, qni_american_plan *plans,
                                          const qni_american_option *options, qni_american_work *work, int64_t count,
                                          qn_error *err);

/* The dividends that count for an option: those after now and not after expiry. */
typedef struct qni_american_dividends {
    const qn_dividend *first;
    int64_t count;
} qni_american_dividends;
qni_american_dividends qni_american_dividends_of(const qni_american_option *option, const qni_american_work *work);

/* Whether its exercise is never due before expiry. */
bool qni_american_is_european(const qni_american_option *option, const qni_american_work *work);

/* The price where nothing is uncertain, that of exercise at the best time, which is *when. */
double qni_american_certain(double *when, const qni_american_option *option, const qni_american_work *work);

/* american_batch.c: option i of a batch. */
qn_option_status qni_american_read(qni_american_option *out, const qn_option_batch *batch, int64_t i, bool sigma);

/* Checks batch and options and splits [0, count) into pieces for the threads. Errors: QN_INVALID, QN_NOMEM, QN_BUDGET,
 * QN_CONFIG. */
typedef qn_status qni_american_piece(void *user, qni_american_work *work, const qn_option_batch *batch, int64_t first,
                                     int64_t count, qn_error *err);
QN_MUST_USE qn_status qni_american_run(const qn_option_batch *batch, bool sigma, const qn_american_options *options,
                                       qni_american_piece *piece, void *user, qn_error *err);

#endif
