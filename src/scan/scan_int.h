/* scan/scan_int.h: how a ticker becomes a ranked trade.
 *
 *   prices, reports ──reaction.c, timing.c──► moves ──history.c──► statistics ──peers.c──► what is expected
 *   chain ──event.c──► expiries around the report, their surface ──► move that the options imply
 *     both ──vrp.c──► ratio, tier      chain ──liquidity.c──► liquidity
 *     both ──outlook.c──► distribution of the price when the first expiry after the report ends
 *   chain, surface ──build.c, payoff.c──► legs, fills, payoffs ──value.c──► probability, expectation, Kelly
 *     all ──score.c──► score ──size.c──► contracts under the caps
 *   subject.c takes one ticker through these; scan.c drives and owns: history of all, then peers, then all else
 *   ticker by ticker in any thread, then ranks and sizes. Every text and array of a ticker lies in its arena, which
 *   the scan keeps. */
#ifndef QNI_SCAN_SCAN_INT_H
#define QNI_SCAN_SCAN_INT_H

#include <quern/arena.h>
#include <quern/scan.h>

/* A ticker on its way; one thread at a time. */
typedef struct qni_subject {
    const qn_scan_input *input;
    const qn_scan_options *options;   /* whole: no field is at "default" any more */
    const qn_scan_settings *settings; /* likewise */
    qn_arena *arena;                  /* of all that the result points to */
    qn_scan_ticker *result;           /* in the scan; filled step by step */
    const qn_chain *chain;     /* of the expiries that are needed at least; borrowed until its trades are built */
    qn_surface *surface;       /* of these */
    const qn_earnings *report; /* the coming one */
    qn_trade *trades;          /* (QN_STRATEGY_COUNT) what result->trades are; build.c makes them */
    const char **reasons;      /* (QNI_SCAN_REASONS) what result->reasons are; NULL: none yet */
    bool has_history;          /* its past reactions count for its peers, whatever becomes of it */
    const char *reject;        /* why this ticker cannot be judged; NULL: nothing so far. Static, or the arena's */
} qni_subject;

/* subject.c: loads the chain, works out history, the coming report and the chain of its expiries; later, with peers
 * known, all else. Errors: QN_NOMEM, QN_BUDGET; whatever else goes wrong rejects the subject. `stages`: nanoseconds
 * of each, in the order of QN_SCAN_STAGE_LIST, are added. */
QN_MUST_USE qn_status qni_subject_prepare(qni_subject *subject, int64_t *stages, qn_error *err);
QN_MUST_USE qn_status qni_subject_judge(qni_subject *subject, int64_t *stages, qn_error *err);

/* subject.c: a sentence in the arena; and that the subject is rejected for that reason, or has one more reason for or
 * against it. */
QN_MUST_USE qn_status qni_subject_text(const char **out, const qni_subject *subject, qn_error *err, const char *format,
                                       ...) QN_PRINTF(4, 5);
QN_MUST_USE qn_status qni_subject_reject(qni_subject *subject, qn_error *err, const char *format, ...) QN_PRINTF(3, 4);
QN_MUST_USE qn_status qni_subject_reason(qni_subject *subject, qn_error *err, const char *format, ...) QN_PRINTF(3, 4);

/* ---- history ---- */

/* reaction.c: the row of a day; -1: there is none. The last day whose close is known at a time, and the prices until
 * then (borrowed; 0: all of them). */
int64_t qni_daily_row(const qn_daily *daily, int32_t day);
int32_t qni_day_known(int64_t as_of_us);
qn_daily qni_daily_known(const qn_daily *daily, int64_t as_of_us);

/* timing.c: whether a ticker that has reports of unknown timing reports before the open or after the close: by where
 * moves and volumes stand out, all its reports together, those whose timing is told included; UNKNOWN where prices do
 * not tell. Reports later than the prices do not count. *odds: log likelihood ratio of the one habit against the
 * other. */
qn_timing qni_timing_infer(double *odds, const qn_daily *daily, const qn_earnings *reports, int64_t count);

/* reaction.c: the reaction to a report with a known (or inferred) timing. `as_of_day`: the last day whose close is
 * known. */
void qni_reaction(qn_move *out, const qn_daily *daily, const qn_earnings *report, qn_timing timing, int32_t as_of_day);

/* usual.c: the move, the range between high and low as a fraction, and the volume in money of row i > 0; NaN: not told.
 * And what is usual by the days before row i: standard deviation of moves, medians of the others; NaN: too few days. */
typedef struct qni_usual {
    double deviation, range, money;
} qni_usual;
double qni_day_move(const qn_daily *d, int64_t i);
double qni_day_range(const qn_daily *d, int64_t i);
double qni_day_money(const qn_daily *d, int64_t i);
qni_usual qni_usual_before(const qn_daily *d, int64_t i);

/* split.c: the ratio (2: two for one; 0.1: one for ten) by which the share was split between the close of daily row
 * i - 1 and row i, where prices are not adjusted for it; 1: it was not; NaN: that is not clear. And between prices and
 * options: from the last close before the quotes (of daily, at `as_of_us`) to the chain's spot; 1: none, or both are as
 * near as prices may be; NaN: they cannot be of one share. */
double qni_split_at(const qn_daily *daily, int64_t i);
double qni_split_of_chain(const qn_daily *daily, int64_t as_of_us, double spot);

/* split.c: compares the prices with the spot of a subject that has a history: a reason that names a split since, which
 * changes no past move, that prices end early, or that they are far from the chain's; rejects it where they cannot be
 * of one share. */
QN_MUST_USE qn_status qni_split_note(qni_subject *subject, qn_error *err);

/* history.c: fills result->history but what needs peers (expected, peer_mean, peers, peer_group, low, high, error) from
 * daily and reports; rejects the subject where there are fewer than settings->events_least. `as_of_us` of the quotes; 0
 * (not known yet): all prices count. */
QN_MUST_USE qn_status qni_history(qni_subject *subject, int64_t as_of_us, qn_error *err);

/* bootstrap.c: what each of a ticker's own moves counts, sum 1, and that times it (padded: with zeros), together as
 * much as `count` equal ones; by how much samples of their mean lie too near together, and the degrees of freedom that
 * their scatter is known with; and the means of a group, its own at `self`, of which the others count for `prior`
 * moves; 0: there are none. Fills error, low and high from `expected`. The table (QNI_BOOTSTRAP_TABLE) has
 * exponential weights, the means of an ordered sample (Renyi): no logarithm. Scratch: samples (settings->resamples). */
typedef struct qni_estimate {
    const double *part, *weight;
    int64_t padded;
    double count, narrow, freedom;
    const double *group;
    int64_t group_count, self;
    double prior;
} qni_estimate;
void qni_bootstrap_table(double *table);
void qni_bootstrap(qn_history *h, const qni_estimate *e, const qni_subject *subject, const double *table,
                   double *samples);

/* peers.c: of all subjects (count) at once: peers by sector, else all; then the shrunk mean and its bootstrap interval,
 * split over threads (NULL: this one alone), which changes no bit. Scratch from the first one's arena. */
QN_MUST_USE qn_status qni_history_peers(qni_subject *subjects, int64_t count, qn_threads *threads, qn_error *err);

/* ---- event ---- */

/* event_chain.c: a chain of at most three expiries around the report, chosen of QN_SCAN_EXPIRIES_*, and of strikes that
 * matter: in the arena, quotes copied. Rejects: no expiry after the report, or all of them without good quotes. */
QN_MUST_USE qn_status qni_event_chain(qn_chain *out, qni_subject *subject, qn_error *err);

/* event.c: fills result->event from surface and chain; rejects where nothing can be isolated. */
QN_MUST_USE qn_status qni_event(qni_subject *subject, qn_error *err);

/* vrp.c: fills result->vrp from history and event. */
QN_MUST_USE qn_status qni_vrp(qni_subject *subject, qn_error *err);

/* liquidity.c: fills result->liquidity; and that of single quotes, the worst of `quotes` (count) of the chain. */
QN_MUST_USE qn_status qni_liquidity(qni_subject *subject, qn_error *err);
qn_liquidity qni_liquidity_of(const qn_chain *chain, const int64_t *quotes, int64_t count,
                              const qn_scan_settings *settings);

/* ---- trades ---- */

/* outlook.c: fills result->outlook from history, event and surface. */
QN_MUST_USE qn_status qni_outlook(qni_subject *subject, qn_error *err);

/* build.c: fills result->trades (QN_STRATEGY_COUNT): legs, fills, payoff, greeks; those that cannot be built say why.
 * */
QN_MUST_USE qn_status qni_trades_build(qni_subject *subject, qn_error *err);

/* The profit of a trade per share, commissions included, where the share stands at `price` when its first leg expires:
 * exact for legs of one expiry; of a calendar the later leg counts at its value by the diffusive volatility. */
double qni_trade_profit(const qn_trade *trade, const qni_subject *subject, double price);

/* The same bits at `count` finite prices; scratch (count). Errors: QN_CONFIG. */
QN_MUST_USE qn_status qni_trade_profits(double *out, const qn_trade *trade, const qni_subject *subject,
                                        const double *prices, double *scratch, int64_t count, qn_error *err);

/* value.c: fills pop, expected_value, cvar, edge, kelly_fraction of a built trade under the outlook. */
QN_MUST_USE qn_status qni_trade_value(qn_trade *trade, const qni_subject *subject, qn_error *err);

/* ---- ranking ---- */

/* score.c: scores and reasons of trades, result->best and result->score. */
QN_MUST_USE qn_status qni_score(qni_subject *subject, qn_error *err);

/* What qni_score weighs; each part by itself in [0, 1], monotone in what it is made of. */
typedef struct qni_score_input {
    double percentile; /* of the ratio in the reference */
    qn_tier liquidity;
    double probability, edge, consistency;
} qni_score_input;
void qni_score_parts(qn_score *out, const qni_score_input *in, const qn_scan_settings *settings);

/* size.c: contracts and risk of the best trades of all tickers (count, best score first) under the caps, one thread;
 * what was cut says so in its trade's reason. */
QN_MUST_USE qn_status qni_sizes(qni_subject *const *subjects, int64_t count, qn_error *err);

#endif
