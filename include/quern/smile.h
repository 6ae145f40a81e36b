/* quern/smile.h: forwards, implied volatilities and smiles of a chain, expiry by expiry, and the surface through them.
 *
 * Caveats first:
 *  - An expiry that cannot be fitted is not an error: its `shape` and `reason` say what there is instead, and why.
 *  - A surface is the caller's, whole and independent of its chain; one call frees it. It is immutable,
 *    and any threads may read it at once; different surfaces may be made at once.
 *  - k is log-moneyness, log(K / F); total variance is w = sigma^2 T.
 */
#ifndef QUERN_SMILE_H
#define QUERN_SMILE_H

#include <quern/american.h>
#include <quern/chain.h>
#include <quern/workspace.h>

QN_BEGIN_DECLS

/* w(k) = a + b (rho (k - m) + sqrt((k - m)^2 + sigma^2)) (Gatheral, "A parsimonious arbitrage-free implied volatility
 * parameterization", 2004). */
typedef struct qn_svi {
    double a, b, rho, m, sigma;
} qn_svi;

/* w(k). Any thread, as all that follows. */
QN_API double qn_svi_variance(const qn_svi *svi, double k);

/* Gatheral and Jacquier's g(k), which is the density of the price at expiry up to a positive factor: below 0 at some k,
 * a butterfly spread there costs less than nothing ("Arbitrage-free SVI volatility surfaces", 2014). */
QN_API double qn_svi_density(const qn_svi *svi, double k);

/* What stands for the smile of an expiry: X(NAME, value, name). Only ever appended to. */
#define QN_SMILE_SHAPE_LIST(X) \
    X(NONE, 0, "none")         \
    X(SVI, 1, "svi")           \
    X(FLAT, 2, "flat")

/*   NONE  nothing: no forward, or no usable quote
 *   SVI   five parameters, free of butterfly arbitrage
 *   FLAT  one volatility: too few strikes for more */
typedef enum qn_smile_shape {
#define QN_SMILE_SHAPE_ENUMERATOR(name, value, text) QN_SMILE_##name = value,
    QN_SMILE_SHAPE_LIST(QN_SMILE_SHAPE_ENUMERATOR)
#undef QN_SMILE_SHAPE_ENUMERATOR
} qn_smile_shape;

QN_API const char *qn_smile_shape_name(qn_smile_shape shape); /* "svi"; static; "?" for an unknown one */

/* A strike of an expiry, seen through its out-of-the-money option. */
typedef struct qn_smile_point {
    double strike;                    /* per share */
    double k;                         /* its log-moneyness */
    int8_t type;                      /* of the option that is used: a put below the forward, a call above */
    double bid, ask;                  /* of that option */
    double bid_vol, mid_vol, ask_vol; /* implied, early exercise taken into account; NaN: none */
    double weight; /* of its volatility's residual: vega over spread, scaled so that the largest is 1; 0: not used */
    double fitted_vol; /* NaN: no shape */
    uint8_t status;    /* qn_option_status of mid_vol */
    int64_t quote;     /* its index in the chain */
} qn_smile_point;

/* One expiry. NaN: not had. */
typedef struct qn_smile {
    int32_t expiry;             /* day since 1970-01-01 */
    uint8_t settlement;         /* qn_settlement */
    double years;               /* by the surface's clock, of variance */
    double calendar_years;      /* of interest */
    double forward;             /* by put-call parity, weighted by spreads, robust */
    double forward_error;       /* its standard error, from the spreads of the pairs */
    double discount;            /* factor: exp(-rate calendar_years) */
    double rate;                /* of that factor */
    double yield;               /* of dividends and borrowing: what makes spot and forward agree, all expiries together,
                                     for a spot is seldom as old as the quotes; NaN without one */
    int64_t pairs;              /* strikes, from 1e-30 to 1e30, with a good call and a good put; 0: the forward is from
                                     spot and rate */
    const char *forward_source; /* "parity of 41 pairs", "spot and rate"; "": none; static or the surface's */
    const qn_smile_point *points; /* (point_count), strikes ascending */
    int64_t point_count;          /* of points */
    int64_t used;                 /* points with a weight above 0 */
    qn_smile_shape shape;         /* what stands for its smile */
    qn_svi svi;                   /* SVI: its parameters; FLAT: a = w, all others 0 */
    const char *reason;           /* why the shape is not SVI, or what was changed to be free of arbitrage; "" */
    double atm_vol;               /* at k = 0 */
    double put25_vol, call25_vol; /* where the forward delta is -0.25 and 0.25 */
    double risk_reversal;         /* call25_vol - put25_vol */
    double butterfly;             /* (call25_vol + put25_vol) / 2 - atm_vol */
    double rms_error;             /* weighted, of volatilities */
    double median_spread_error; /* median of |fitted - mid| / (half spread), of volatilities; below 1: within quotes */
    double least_density;       /* the least g(k) over all k: not below 0 is free of butterfly arbitrage */
    double strip_variance;      /* per year, as the VIX has it: sum over out-of-the-money quotes; NaN: none */
} qn_smile;

/* All expiries of a chain. */
typedef struct qn_surface {
    int64_t size;           /* sizeof(qn_surface) as the library knows it */
    const char *ticker;     /* of the chain */
    int64_t as_of_us;       /* of the chain */
    double spot;            /* NaN: not known */
    qn_clock clock;         /* how time of variance was counted */
    bool american;          /* how exercise was taken */
    const qn_smile *smiles; /* (smile_count), earliest first */
    int64_t smile_count;    /* of smiles */
    /* The least w(next) - w(this) over all k and consecutive expiries of shape SVI: not below 0 is free of calendar
     * arbitrage. -infinity: wings cross. */
    double least_calendar;
    int64_t least_calendar_smile; /* which one begins that pair; -1: fewer than two */
    const char *const *warnings;  /* (warning_count), each one sentence for a person */
    int64_t warning_count;        /* of warnings */
} qn_surface;

/* When options may be exercised.
 *   AUTO      European where they are on an index whose options are (SPX, XSP, NDX, RUT, VIX, DJX …), else American
 *   EUROPEAN  at expiry
 *   AMERICAN  at any time */
typedef enum qn_exercise {
    QN_EXERCISE_AUTO = 0,
    QN_EXERCISE_EUROPEAN = 1,
    QN_EXERCISE_AMERICAN = 2,
} qn_exercise;

/* How a chain is made into a surface. Zero or NULL in a field means its default. Borrowed during the call. */
typedef struct qn_surface_options {
    int64_t size;                    /* sizeof(qn_surface_options) */
    int32_t expiry;                  /* only this day; 0: all */
    qn_exercise exercise;            /* when they may be exercised */
    qn_clock clock;                  /* how time of variance is counted */
    double rate;                     /* where rate_given */
    bool rate_given;                 /* false: of European options from parity where it tells, else 0 */
    const qn_dividend *dividends;    /* (dividend_count) in cash, of American options; years from as_of */
    int64_t dividend_count;          /* of dividends */
    qn_threads *threads;             /* NULL: the calling thread alone. Results do not depend on it */
    qn_workspace *workspace;         /* of the fits; NULL: the allocator */
    const qn_allocator *allocator;   /* of the surface and all else; NULL: the default. Must outlive it */
    bool (*should_stop)(void *user); /* asked between expiries: true ends the call with QN_INTERRUPTED. May be NULL */
    void *should_stop_user;          /* its argument */
} qn_surface_options;

/* Options with every field at its default; `size` is sizeof *out as the caller knows it. Any thread. */
QN_API void qn_surface_options_init(qn_surface_options *out, int64_t size);

/* Makes the surface of a chain (borrowed during the call). Errors: QN_INVALID, QN_DATA (no quote that is not expired),
 * QN_INTERRUPTED, QN_NOMEM, QN_BUDGET. */
QN_API QN_MUST_USE qn_status qn_surface_new(qn_surface **out, const qn_chain *chain, const qn_surface_options *options,
                                            qn_error *err);

/* Total variance of one of its expiries at log-moneyness k. NaN: its shape is none. */
QN_API double qn_smile_variance(const qn_smile *smile, double k);

/* Total variance at a time of `years` from as_of: linear in time between expiries at equal k, from 0 at 0 to the
 * first, and beyond the last as its variance per year. Free of calendar arbitrage where the expiries are. NaN:
 * nothing is fitted. */
QN_API double qn_surface_variance(const qn_surface *surface, double years, double k);

QN_API void qn_surface_free(qn_surface *surface); /* NULL is fine */

/* The variance strip of the CBOE's VIX white paper (2009) over one expiry: quotes (count) of one expiry, ascending
 * strikes, both types, as chains hold them, `years` to it and the interest `rate`; good ones count, and those without
 * a bid where they end a wing. Out: the variance per year, its forward and the strike just below it; NaN where it
 * fails. Errors: QN_INVALID (years not above 0), QN_DATA (no pair with both sides, fewer than two usable strikes, a
 * sum that is not finite). */
QN_API QN_MUST_USE qn_status qn_variance_strip(double *variance, double *forward, double *strike,
                                               const qn_quote *quotes, int64_t count, double years, double rate,
                                               qn_error *err);

/* 100 times the volatility of 30 days, interpolated between two expiries' variances per year, near_variance and
 * next_variance, to which there are near_minutes and next_minutes. */
QN_API double qn_vix(double near_variance, double near_minutes, double next_variance, double next_minutes);

QN_END_DECLS
#endif
