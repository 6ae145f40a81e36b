/* scan/event_int.h: how the event's move is found.
 *
 *   chain ──event_chain.c──► the expiries around the report ──(surface)──► smiles
 *   smile ──event_level.c──► total variance at the money and its error
 *   total variances and times ──event_split.c──► what diffuses, and what the event adds
 *   event.c chooses the smiles and the method, and writes what comes of it. */
#ifndef QNI_SCAN_EVENT_INT_H
#define QNI_SCAN_EVENT_INT_H

#include "scan/scan_int.h"

/* When news comes: after `from_us`, a close, and before or at `to_us`, an open. What expires at `from_us` or before
 * knows nothing of it, what expires at `to_us` or later all. */
typedef struct qni_event_window {
    int64_t from_us, to_us;
} qni_event_window;

/* event_chain.c: of a report; of one whose timing is unknown, the narrowest that surely has it. */
qni_event_window qni_event_window_of(int32_t day, qn_timing timing);

/* What the quotes near the money say of an expiry. */
typedef struct qni_event_level {
    double variance;    /* total, at k = 0 */
    double error;       /* its standard error */
    double half_spread; /* of volatilities, near the money */
} qni_event_level;

/* event_level.c: false: the smile has no shape. */
bool qni_event_level_of(qni_event_level *out, const qn_smile *smile);

/* A total variance: of what diffuses at d a year, and where `after` of the event: w = d years + v. */
typedef struct qni_event_term {
    double variance, error; /* standard error by the quotes; infinity: unknown */
    double years;           /* by the clock */
    double doubt;           /* of years, relative to those of the first expiry after the event: by how much clocks
                               differ about them */
    bool after;
} qni_event_term;

/* d and v with their standard errors. */
typedef struct qni_event_split {
    double diffusive, diffusive_error; /* variance a year */
    double event, event_error;         /* variance; the event's may come out below 0 */
    double misfit; /* of three terms, how many standard errors they are apart, if more than 1, by which errors are
                      grown; else 1 */
} qni_event_split;

/* event_split.c: by least squares from two or three terms (count), at least one of them after the event, and years
 * not all in one proportion. */
qni_event_split qni_event_split_of(const qni_event_term *terms, int64_t count);

/* event_split.c: from one term after the event, where the variance a year of what diffuses is known otherwise. */
qni_event_split qni_event_split_past(const qni_event_term *term, double diffusive, double error);

/* event_split.c: half the range over all clocks of the ratio of the years from `as_of_us` to `us` to those to
 * `first_us`, relative to its middle. */
double qni_event_doubt(int64_t as_of_us, int64_t us, int64_t first_us);

/* event_past.c: variance a year by the daily closes before `day`, days of reactions to reports left out, and its
 * standard error. False: there are too few of them. Scratch from the arena. */
QN_MUST_USE qn_status qni_event_past(bool *found, double *variance, double *error, const qn_scan_input *input,
                                     int32_t day, qn_arena *arena, qn_error *err);

/* E |exp(x) - 1| of a normal x with standard deviation sigma and mean -sigma^2 / 2: 2 (2 Phi(sigma / 2) - 1); also the
 * price of a straddle at the forward by the forward. */
double qni_event_mean_move(double sigma);

#endif
