/* quern/scan.h: where options ask more for a coming report than past reports have moved the share, which trade of
 * limited risk says so, how many contracts of it, and why.
 *
 * Caveats first:
 *  - A ticker that cannot be judged is not an error: it is rejected, with a reason. No number is made up.
 *  - A scan is the caller's, whole and independent of what it was made from; one call frees it. It is immutable, and
 *    any threads may read it at once.
 *  - Moves are fractions, 0.05 for 5 %. Past and implied moves are of the same kind: close to close, absolute.
 *  - Nothing here is advice: probabilities and sizes follow from a model whose every number is in the result.
 */
#ifndef QUERN_SCAN_H
#define QUERN_SCAN_H

#include <quern/chain.h>
#include <quern/earnings.h>
#include <quern/market.h>
#include <quern/prices.h>
#include <quern/smile.h>
#include <quern/strategy.h>
#include <quern/threads.h>

QN_BEGIN_DECLS

/* ---- what may be set ---- */

/* Every threshold: X(field, name in the configuration, default, least, most, heading, what it is). Only ever appended
 * to. */
#define QN_SCAN_SETTING_LIST(X)                                                                                        \
    X(window, "window", 45, 1, 400, "Reports", "Days from the quotes to a report, at most")                            \
    X(events_least, "min-events", 4, 2, 100, "History", "Past reactions that there must be")                           \
    X(events_most, "max-events", 40, 2, 400, "History", "Past reactions that count, the newest ones")                  \
    X(decay, "decay", 0.85, 0.01, 1, "History", "What a reaction counts beside the one after it")                      \
    X(resamples, "resamples", 2000, 100, 100000, "History", "Samples of the bootstrap")                                \
    X(seed, "seed", 1, 0, 9007199254740992.0, "History", "Where the bootstrap's random numbers begin")                 \
    X(confidence, "confidence", 0.9, 0.5, 0.999, "History", "What an interval covers")                                 \
    X(peer_weight, "peer-weight", 4, 0, 100, "History", "Reactions that the mean of the peers counts for")             \
    X(vrp_least, "min-vrp", 0, 0, 100, "Premium", "The ratio of implied to past moves below which nothing is traded")  \
    X(tier_excellent, "tier-excellent", 0.9, 0, 1, "Premium", "Percentile from which a ratio is excellent")            \
    X(tier_good, "tier-good", 0.7, 0, 1, "Premium", "Percentile from which a ratio is good")                           \
    X(tier_marginal, "tier-marginal", 0.5, 0, 1, "Premium", "Percentile from which a ratio is marginal")               \
    X(interest_good, "good-interest", 200, 0, 1e9, "Liquidity", "Open interest below which it is good at best")        \
    X(interest_warning, "warning-interest", 100, 0, 1e9, "Liquidity", "Open interest below which it is a warning")     \
    X(interest_reject, "reject-interest", 50, 0, 1e9, "Liquidity", "Open interest below which nothing is traded")      \
    X(spread_good, "good-spread", 12, 0, 200, "Liquidity",                                                             \
      "Spread in per cent of the middle from which it is good at best")                                                \
    X(spread_warning, "warning-spread", 18, 0, 200, "Liquidity", "Spread in per cent from which it is a warning")      \
    X(spread_reject, "reject-spread", 25, 0, 200, "Liquidity", "Spread in per cent above which nothing is traded")     \
    X(short_delta, "short-delta", 0.25, 0.01, 0.5, "Strategies", "Delta of what is sold, at most")                     \
    X(long_delta, "long-delta", 0.2, 0.005, 0.5, "Strategies", "Delta of what is bought as a wing, at most")           \
    X(outside, "outside", 1, 0, 5, "Strategies",                                                                       \
      "Implied moves that what is sold lies away from the forward, at least")                                          \
    X(credit_least, "min-credit", 0.2, 0, 1e6, "Strategies", "What a trade that is sold brings per share, at least")   \
    X(fill, "fill", 0.25, 0, 1, "Strategies", "Where orders are filled: 0 in the middle, 1 at the other side's price") \
    X(commission, "commission", 0.65, 0, 1000, "Strategies", "Commission for a contract of a leg, when it is opened")  \
    X(implied_weight, "implied-weight", 0.5, 0, 1, "Outlook",                                                          \
      "What the implied move counts beside past ones in what is expected")                                             \
    X(tail, "tail", 0.95, 0.5, 0.999, "Outlook", "Level of the conditional value at risk")                             \
    X(account, "account", 100000, 0, 1e15, "Size", "What the account holds")                                           \
    X(kelly, "kelly", 0.5, 0, 1, "Size", "Part of the Kelly fraction that is used")                                    \
    X(cap_trade, "max-trade", 0.05, 0, 1, "Size", "Part of the account at risk in one trade, at most")                 \
    X(cap_day, "max-day", 0.1, 0, 1, "Size", "The same of all reports of a day")                                       \
    X(cap_sector, "max-sector", 0.15, 0, 1, "Size", "The same of a sector")                                            \
    X(cap_week, "max-week", 0.2, 0, 1, "Size", "The same of all reports of a week, which move together")               \
    X(weight_vrp, "weight-vrp", 40, 0, 1000, "Score", "Weight of the ratio of implied to past moves")                  \
    X(weight_liquidity, "weight-liquidity", 20, 0, 1000, "Score", "Weight of the liquidity")                           \
    X(weight_probability, "weight-probability", 25, 0, 1000, "Score",                                                  \
      "Weight of the best trade's probability of profit")                                                              \
    X(weight_edge, "weight-edge", 10, 0, 1000, "Score", "Weight of its expected profit by its risk")                   \
    X(weight_consistency, "weight-consistency", 5, 0, 1000, "Score", "Weight of how alike past moves were")

/* All thresholds. Borrowed during a call. */
typedef struct qn_scan_settings {
    int64_t size; /* sizeof(qn_scan_settings) */
#define QN_SCAN_SETTING_FIELD(field, name, otherwise, least, most, heading, help) double field;
    QN_SCAN_SETTING_LIST(QN_SCAN_SETTING_FIELD)
#undef QN_SCAN_SETTING_FIELD
} qn_scan_settings;

/* Every setting at its default, which unlike those of other options may not be 0; `size` is sizeof *out as the caller
 * knows it. Any thread. */
QN_API void qn_scan_settings_init(qn_scan_settings *out, int64_t size);

/* How ratios become tiers: X(NAME, value, name). Only ever appended to.
 *   PERCENTILE    by where they lie in a reference distribution
 *   BALANCED …    by fixed ratios for excellent, good and marginal: 1.8 1.4 1.2; 2 1.5 1.2; 1.5 1.3 1.1; 7 4 1.5 */
#define QN_TIERS_LIST(X)               \
    X(PERCENTILE, 0, "percentile")     \
    X(BALANCED, 1, "balanced")         \
    X(CONSERVATIVE, 2, "conservative") \
    X(AGGRESSIVE, 3, "aggressive")     \
    X(LEGACY, 4, "legacy")

typedef enum qn_tiers {
#define QN_TIERS_ENUMERATOR(name, value, text) QN_TIERS_##name = value,
    QN_TIERS_LIST(QN_TIERS_ENUMERATOR)
#undef QN_TIERS_ENUMERATOR
} qn_tiers;

QN_API const char *qn_tiers_name(qn_tiers tiers); /* "percentile"; static; "?" for an unknown one */

/* Tiers of ratios and of liquidity, worst first: X(NAME, value, name). Only ever appended to. */
#define QN_TIER_LIST(X)        \
    X(REJECT, 0, "reject")     \
    X(WARNING, 1, "warning")   \
    X(MARGINAL, 2, "marginal") \
    X(GOOD, 3, "good")         \
    X(EXCELLENT, 4, "excellent")

typedef enum qn_tier {
#define QN_TIER_ENUMERATOR(name, value, text) QN_TIER_##name = value,
    QN_TIER_LIST(QN_TIER_ENUMERATOR)
#undef QN_TIER_ENUMERATOR
} qn_tier;

QN_API const char *qn_tier_name(qn_tier tier); /* "good"; static; "?" for an unknown one */

/* Ratios of implied to past moves that were seen elsewhere: percentile p[i] is ratio[i]; both ascend (count). */
typedef struct qn_reference {
    const char *name;        /* "events-250" */
    const char *source;      /* where it comes from, one sentence */
    int64_t count;           /* of moves */
    const double *p, *ratio; /* p from 0 to 1 */
} qn_reference;

/* The one that is used where no other is given. Static. */
QN_API const qn_reference *qn_reference_default(void);

/* Where a ratio lies in it, 0 to 1; between points linear in the logarithm of the ratio; NaN of NaN. */
QN_API double qn_reference_percentile(const qn_reference *reference, double ratio);

/* ---- what comes of it ---- */

/* Past reactions. */

/* Why a report has no reaction: X(NAME, value, name). Only ever appended to. */
#define QN_MOVE_STATUS_LIST(X)   \
    X(OK, 0, "ok")               \
    X(NO_PRICES, 1, "no_prices") \
    X(SPLIT, 2, "split")         \
    X(FUTURE, 3, "future")       \
    X(TOO_OLD, 4, "too_old")     \
    X(TIMING, 5, "timing")

/*   NO_PRICES  one of the two closes is missing
 *   SPLIT      the prices are not adjusted for what may be a split between them: not clearly one, which would be
 *              taken out
 *   FUTURE     not yet over when the quotes held
 *   TOO_OLD    more than events_most are newer
 *   TIMING     before the open or after the close: neither told nor to be inferred */
typedef enum qn_move_status {
#define QN_MOVE_STATUS_ENUMERATOR(name, value, text) QN_MOVE_##name = value,
    QN_MOVE_STATUS_LIST(QN_MOVE_STATUS_ENUMERATOR)
#undef QN_MOVE_STATUS_ENUMERATOR
} qn_move_status;

QN_API const char *qn_move_status_name(qn_move_status status); /* "ok"; static; "?" for an unknown one */

/* The reaction to one report. Moves are signed, NaN: not known. */
typedef struct qn_move {
    int32_t day;          /* of the report */
    uint8_t timing;       /* qn_timing, told or inferred */
    bool timing_inferred; /* from the moves and volumes of all its reports */
    uint8_t status;       /* qn_move_status */
    int32_t before_day;   /* the close before the news */
    int32_t after_day;    /* the close after it */
    double before, after; /* these closes; before a split that is taken out: by what a share is after it */
    double close;         /* after / before - 1 */
    double gap;           /* the open after the news / before - 1 */
    double intraday;      /* after / that open - 1 */
    double other_close;   /* what `close` would be were the timing the other one (before the open, after the close) */
    double weight;        /* by recency; those of status OK add up to 1 */
} qn_move;

/* All past reactions, and what they have in common. NaN: not known. */
typedef struct qn_history {
    const qn_move *moves;           /* (count), newest first */
    int64_t count;                  /* of moves */
    int64_t used;                   /* of status OK */
    int64_t inferred;               /* of these, whose timing is inferred */
    double mean, median, sd, max;   /* of |close|, equal weights; sd with n - 1 */
    double recent_mean;             /* by recency */
    double expected;                /* recent_mean shrunk toward peer_mean: what a reaction is expected to be */
    double peer_mean;               /* of the peers' recent_mean; NaN: no peers */
    int64_t peers;                  /* other tickers in it */
    const char *peer_group;         /* "semiconductors", "all tickers"; "" */
    double low, high;               /* bootstrap interval of `expected` */
    double error;                   /* its standard error by the bootstrap */
    double other_mean;              /* mean with the other timing wherever it is inferred: what that may change */
    double gap_mean, intraday_mean; /* of |gap|, |intraday|, equal weights */
    double consistency;             /* 0 to 100: 100 (1 - sd / mean) with recency weights, within 0 and 100 */
    double trust;                   /* consistency / 100 n / (n + 4), times 0.7 where the moves grow by more than half a
                             per cent a report */
    double trend;                   /* slope of |close| in per cent a report, oldest to newest */
    double tail_ratio;              /* max / mean */
    double rms;                     /* sqrt of the recency-weighted mean of close^2 */
} qn_history;

/* The coming report's move as the options price it. */
typedef struct qn_event_move {
    int32_t day;          /* of the report */
    uint8_t timing;       /* qn_timing, told or inferred */
    bool timing_inferred; /* as past reports came */
    int64_t event_us;     /* when it becomes known: the close after which, or the open before which, it comes */
    int64_t before, first, second; /* smiles of the surface: the last expiry before it, the first two after it; -1 */
    const char *method;     /* "before and after", "two after", "one after, past volatility": what was isolated how */
    double forward;         /* of `first` */
    double diffusive_vol;   /* a year, by the clock: without the event */
    double diffusive_error; /* its standard error */
    double sigma;           /* standard deviation of the logarithm of the event's move */
    double sigma_error;     /* standard error, from quote widths and the diffusive part's */
    double ordinary_years;  /* by the clock, from the close before the news to the close after it */
    double implied_move; /* expected |move| between these closes, to compare with past ones: E |exp(x) - 1| of a normal
                              x with the variance of the event and of what diffuses besides */
    double implied_move_error; /* its standard error */
    double straddle_move;      /* price of the straddle of `first` at its forward by the forward: event and diffusion */
    double straddle_error;     /* half its spread */
    double strip_sigma;        /* the same as sigma from the variance strips; NaN */
} qn_event_move;

/* How dear the coming move is. */
typedef struct qn_vrp {
    double ratio;      /* implied_move / expected past move */
    double low, high;  /* interval, from both errors */
    double percentile; /* in the reference; NaN */
    qn_tier tier;      /* MARGINAL and above, else REJECT: no premium */
} qn_vrp;

/* How well options can be traded. */
typedef struct qn_liquidity {
    qn_tier tier;         /* the worse of both; never MARGINAL */
    double open_interest; /* median of the options near the money of `first`, or that of a trade's worst leg */
    double spread_pct;    /* median of 100 (ask - bid) / middle of the same, or of the worst leg */
    double volume;        /* contracts today, of the same; NaN: not told */
    int64_t options;      /* that were looked at */
} qn_liquidity;

/* What strategies there are: X(NAME, value, name, text). Only ever appended to. */
#define QN_STRATEGY_LIST(X)                             \
    X(STRADDLE, 0, "short_straddle", "short straddle")  \
    X(STRANGLE, 1, "short_strangle", "short strangle")  \
    X(BULL_PUT, 2, "bull_put", "bull put spread")       \
    X(BEAR_CALL, 3, "bear_call", "bear call spread")    \
    X(CONDOR, 4, "iron_condor", "iron condor")          \
    X(BUTTERFLY, 5, "iron_butterfly", "iron butterfly") \
    X(CALENDAR, 6, "calendar", "calendar spread")       \
    X(LONG_STRADDLE, 7, "long_straddle", "long straddle")

typedef enum qn_strategy {
#define QN_STRATEGY_ENUMERATOR(name, value, text, words) QN_STRATEGY_##name = value,
    QN_STRATEGY_LIST(QN_STRATEGY_ENUMERATOR)
#undef QN_STRATEGY_ENUMERATOR
    QN_STRATEGY_COUNT = 8
} qn_strategy;

QN_API const char *qn_strategy_words(qn_strategy strategy); /* "iron condor" */
QN_API const char *qn_strategy_name(qn_strategy strategy);  /* "iron_condor"; static; "?" for an unknown one */

/* One strategy for a ticker, whether it is traded or not. Amounts are per share and for one unit, unless they say
 * otherwise. NaN: not known. */
typedef struct qn_trade {
    qn_strategy strategy;
    bool built;          /* there are legs; else `reason` says why not */
    bool tradable;       /* nothing forbids it: built, enough credit, bounded risk, liquid; else `reason` says what */
    bool undefined_risk; /* its loss has no bound: shown, never sized */
    const qn_leg *legs;  /* (leg_count), by expiry, puts before calls, by strike: as bought and sold */
    int64_t leg_count;   /* of legs */
    double credit;       /* received for all legs, fills at the stated fraction of spreads; below 0: paid */
    double commission;   /* per share */
    qn_payoff payoff;    /* with commissions: what it brings, at most loses, and where it breaks even. A calendar's
                              is with the later option at its value by the diffusive volatility */
    double delta, gamma, vega, theta; /* of the position */
    double pop;                       /* probability of profit under the outlook */
    double expected_value;            /* of its profit under the outlook */
    double cvar;                      /* mean of the worst outcomes beyond the level `tail`, as a loss >= 0 */
    double edge;                      /* expected_value / max_loss */
    double kelly_fraction;            /* of the account, that maximises expected log growth; 0: no edge */
    int64_t contracts;                /* units; 0 is a normal answer */
    double risk;                      /* in money: contracts * max_loss * 100 */
    qn_liquidity liquidity;           /* of its worst leg */
    double score;                     /* by which it was chosen, 0 to 100 */
    const char *reason;               /* why it was or was not chosen, or has no contracts: one sentence */
} qn_trade;

/* The distribution of the share's price when `first` expires, as expected: past moves, shrunk, and implied ones. */
typedef struct qn_outlook {
    int64_t count;        /* of prices */
    const double *price;  /* (count), ascending */
    const double *weight; /* (count), sum 1 */
    double sigma;         /* standard deviation of the reaction's log move, from close to close, in it */
    double sigma_error;   /* what is not known of it, and is mixed in */
    double diffusive;     /* standard deviation of the diffusion on all other days until then */
    double mean_abs_move; /* E |price / forward - 1| */
} qn_outlook;

/* Parts of a score: X(field, "name"). */
#define QN_SCORE_LIST(X)          \
    X(vrp, "vrp")                 \
    X(liquidity, "liquidity")     \
    X(probability, "probability") \
    X(edge, "edge")               \
    X(consistency, "consistency")

/* Points of each part; their sum is the score, 0 to 100. */
typedef struct qn_score {
    double total; /* of all parts */
#define QN_SCORE_FIELD(field, text) double field;
    QN_SCORE_LIST(QN_SCORE_FIELD)
#undef QN_SCORE_FIELD
} qn_score;

/* A ticker that was judged. */
typedef struct qn_scan_ticker {
    const char *ticker, *sector;           /* sector "": not told */
    const char *source;                    /* of its chain */
    int64_t as_of_us;                      /* when its chain held */
    double spot;                           /* price of the share */
    bool spot_from_parity;                 /* the chain tells none */
    int64_t classes[QN_QUOTE_CLASS_COUNT]; /* quotes of the chain by class */
    qn_history history;                    /* past reactions */
    qn_event_move event;                   /* the coming one, as options price it */
    qn_vrp vrp;                            /* the one by the other */
    qn_liquidity liquidity;                /* of its options near the money */
    double skew;                /* 25-delta risk reversal of `first`: volatility of the call less that of the put */
    const qn_surface *surface;  /* of the expiries that were looked at */
    qn_outlook outlook;         /* what is expected of the price */
    const qn_trade *trades;     /* (QN_STRATEGY_COUNT) in order of the list */
    int64_t best;               /* index of the one that is recommended; -1: none */
    qn_score score;             /* that of its best trade; without one, no points for it */
    const char *const *reasons; /* (reason_count): what speaks for it, what against it; one sentence each */
    int64_t reason_count;       /* of reasons */
} qn_scan_ticker;

/* The profit of a trade of a ticker, per share and commissions included, where the share stands at `price` when its
 * first leg expires: exact for legs of one expiry; of a calendar the later leg counts at its value by the diffusive
 * volatility. NaN: it is not built. Any thread. */
QN_API double qn_trade_profit(const qn_scan_ticker *ticker, const qn_trade *trade, double price);

/* A ticker that could not be judged. */
typedef struct qn_scan_reject {
    const char *ticker; /* "" where not even that is known */
    const char *reason; /* one sentence */
} qn_scan_reject;

/* Where the time went: X(field, "name"). */
#define QN_SCAN_STAGE_LIST(X) \
    X(load, "load")           \
    X(history, "history")     \
    X(surface, "surface")     \
    X(event, "event")         \
    X(trades, "trades")       \
    X(rank, "rank")

/* What a scan came to. */
typedef struct qn_scan {
    int64_t size;                                  /* sizeof(qn_scan) as the library knows it */
    int64_t as_of_us;                              /* the latest of all chains */
    const qn_scan_ticker *tickers;                 /* (ticker_count), best score first */
    int64_t ticker_count;                          /* of tickers */
    const qn_scan_reject *rejected;                /* (rejected_count), by ticker */
    int64_t rejected_count;                        /* of rejected */
    qn_scan_settings settings;                     /* as they held */
    qn_clock clock;                                /* how time was counted */
    qn_tiers tiers;                                /* how ratios became tiers */
    const char *reference_name, *reference_source; /* of the distribution that percentiles are of */
    bool interrupted;                              /* should_stop said so: what was done until then is there */
    double total_seconds;                          /* by the clock on the wall */
#define QN_SCAN_STAGE_FIELD(field, text) double field##_seconds; /* all threads together */
    QN_SCAN_STAGE_LIST(QN_SCAN_STAGE_FIELD)
#undef QN_SCAN_STAGE_FIELD
    const char *const *warnings; /* (warning_count), each one sentence for a person */
    int64_t warning_count;       /* of warnings */
} qn_scan;

/* ---- running it ---- */

/* Days of expiry among which a scan chooses: the last before the day of the report, and the first from it on. Of these
 * it takes the one before the news that tells most, and the first two after it that have quotes. */
#define QN_SCAN_EXPIRIES_BEFORE 3
#define QN_SCAN_EXPIRIES_AFTER  4

/* What is known of one ticker. Borrowed until qn_scan_run returns. */
typedef struct qn_scan_input {
    int64_t size; /* sizeof(qn_scan_input) */
    const char *ticker;
    const char *sector;    /* NULL or "": not told */
    const qn_chain *chain; /* or NULL, and */
    int64_t as_of_us;      /* when the chain held, where that is known before it is loaded; 0: not known */
    /* Gives the chain when it is needed, in any thread, several at once; *out is freed by the scan. Of the expiries
     * those will do that qn_archive_load_chain gives for `around` (the day of the report; 0: not known yet),
     * QN_SCAN_EXPIRIES_BEFORE and QN_SCAN_EXPIRIES_AFTER. */
    qn_status (*load)(void *user, qn_chain **out, const struct qn_scan_input *input, int32_t around,
                      const qn_allocator *allocator /* of the chain */, qn_error *err);
    void *load_user;            /* its argument */
    const qn_daily *daily;      /* NULL: no prices */
    const qn_earnings *reports; /* (report_count), past and coming, by day */
    int64_t report_count;       /* of reports */
    bool peer_only; /* its past reactions, until as_of_us, count for its peers: neither judged nor rejected itself */
    const qn_earnings *event; /* the coming report; NULL: the first of `reports` after the quotes */
} qn_scan_input;

/* How a scan is run. Zero or NULL in a field means its default. Borrowed during the call. */
typedef struct qn_scan_options {
    int64_t size;                     /* sizeof(qn_scan_options) */
    const qn_scan_settings *settings; /* NULL: defaults */
    qn_tiers tiers;                   /* how ratios become tiers */
    const qn_reference *reference;    /* NULL: qn_reference_default() */
    qn_clock clock;                   /* how time of variance is counted */
    double rate;                      /* where rate_given: interest a year */
    bool rate_given;                  /* false: as quern/smile.h finds it */
    qn_threads *threads;              /* NULL: the calling thread alone. Results do not depend on it */
    const qn_allocator *allocator;    /* of the scan and all else; NULL: the default. Must outlive it */
    bool (*should_stop)(void *user);  /* asked between tickers, by any thread: true ends early, keeping what is done */
    void *should_stop_user;           /* its argument */
    void (*progress)(void *user, int64_t done); /* told after each ticker, by any thread; NULL */
    void *progress_user;                        /* its argument */
} qn_scan_options;

/* Options with every field at its default; `size` is sizeof *out as the caller knows it. Any thread. */
QN_API void qn_scan_options_init(qn_scan_options *out, int64_t size);
QN_API void qn_scan_input_init(qn_scan_input *out, int64_t size);

/* Scans tickers (count; each name once). Errors: QN_INVALID (a setting out of its bounds, a name twice, tiers out of
 * order), QN_NOMEM, QN_BUDGET. A chain that cannot be loaded, or anything that is missing, rejects its ticker. */
QN_API QN_MUST_USE qn_status qn_scan_run(qn_scan **out, const qn_scan_input *inputs, int64_t count,
                                         const qn_scan_options *options, qn_error *err);

QN_API void qn_scan_free(qn_scan *scan); /* NULL is fine */

QN_END_DECLS
#endif
