/* quern/option.h: what all of option pricing shares: kinds of options, columns of numbers, how each one ended.
 *
 * Units everywhere: times in years, rates and yields continuously compounded per year, volatilities as standard
 * deviations of the logarithm per square root of a year (0.2, not 20), prices per share. Any thread may call
 * anything here; what is passed in is only read.
 */
#ifndef QUERN_OPTION_H
#define QUERN_OPTION_H

#include <quern/base.h>

QN_BEGIN_DECLS

/* A call is worth max(S - K, 0) at expiry, a put max(K - S, 0). Columns hold them as int8_t. */
typedef enum qn_option_type {
    QN_CALL = 1,
    QN_PUT = -1,
} qn_option_type;

/* `text` "call", "c", "put", "p" in any case, or 1 or -1: true and *out; false: it is neither. Any thread. */
QN_API bool qn_option_type_from_text(qn_option_type *out, const char *text);

/* How one option of a batch ended: X(NAME, value, what tables and JSON say). Only ever appended to. */
#define QN_OPTION_STATUS_LIST(X)             \
    X(OK, 0, "ok")                           \
    X(BELOW_INTRINSIC, 1, "below_intrinsic") \
    X(AT_INTRINSIC, 2, "at_intrinsic")       \
    X(ABOVE_MAXIMUM, 3, "above_maximum")     \
    X(BAD_PRICE, 4, "bad_price")             \
    X(EXPIRED, 5, "expired")                 \
    X(BAD_INPUT, 6, "bad_input")             \
    X(NOT_CONVERGED, 7, "not_converged")

/*   BELOW_INTRINSIC  the price is below what exercise (European: of the forward) is worth: no volatility gives it
 *   AT_INTRINSIC     it is exactly that: the volatility is 0, or any that is small enough
 *   ABOVE_MAXIMUM    it is not below the discounted forward (call) or strike (put): no finite volatility gives it
 *   BAD_PRICE        it is negative, NaN or infinite
 *   EXPIRED          the time to expiry is 0 or less, and a volatility was asked for; less, and a price was
 *   BAD_INPUT        another input is NaN, infinite or absurd (a time, rate or volatility beyond 2^300), a forward,
 *                    spot or strike is not above 0 (numbers below 2^-1022 count as 0) or overflows when discounted,
 *                    sigma is below 0, a type is neither of both
 *   NOT_CONVERGED    a numerical method did not reach its accuracy (American exercise only) */
typedef enum qn_option_status {
#define QN_OPTION_STATUS_ENUMERATOR(name, value, text) QN_OPTION_##name = value,
    QN_OPTION_STATUS_LIST(QN_OPTION_STATUS_ENUMERATOR)
#undef QN_OPTION_STATUS_ENUMERATOR
} qn_option_status;

QN_API const char *qn_option_status_name(qn_option_status status); /* "ok"; static; "?" for an unknown one */

/* A number for each option, or one for all: option i has values[i * step], step 1 or 0. Borrowed during a call. */
typedef struct qn_numbers {
    const double *values; /* NULL: not given */
    int64_t step;
} qn_numbers;

/* n options, column by column. The forward is given, or follows from spot, rate and yield: S exp((r - q) T). Borrowed
 * during a call. */
typedef struct qn_option_batch {
    int64_t size;        /* sizeof(qn_option_batch) */
    int64_t count;       /* n, the options */
    const int8_t *types; /* (n) QN_CALL or QN_PUT; NULL: all of them `type` */
    qn_option_type type; /* of all where types is NULL; 0: QN_CALL */
    qn_numbers forward;  /* of the underlying for the day of expiry; or */
    qn_numbers spot;     /* its price now: one of both is given */
    qn_numbers strike;   /* per share */
    qn_numbers years;    /* to expiry */
    qn_numbers rate;     /* not given: 0 */
    qn_numbers yield;    /* of dividends, or cost of borrowing; only with spot. Not given: 0 */
    qn_numbers sigma;    /* volatility; implied volatilities do not read it */
} qn_option_batch;

/* A batch with every field 0 but the size, which is sizeof *out as the caller knows it. Any thread. */
QN_API void qn_option_batch_init(qn_option_batch *out, int64_t size);

/* Where results are written: each (n), the caller's, or NULL where it is not wanted; NaN where the status is not OK.
 * With a spot, derivatives are those of Black, Scholes and Merton by S at constant rate and yield; with a forward,
 * those of Black (1976) by F at constant F. */
typedef struct qn_option_results {
    int64_t size;    /* sizeof(qn_option_results) */
    double *price;   /* discounted */
    double *delta;   /* by S or F */
    double *gamma;   /* twice by S or F */
    double *vega;    /* by sigma: for 1.00, not for one per cent */
    double *theta;   /* by the passing of time: per year, not per day */
    double *rho;     /* by the rate: for 1.00; with a forward, -T price */
    double *vanna;   /* delta by sigma */
    double *volga;   /* vega by sigma */
    double *charm;   /* delta by the passing of time, per year */
    uint8_t *status; /* qn_option_status of each */
} qn_option_results;

/* Results with every field 0 but the size, which is sizeof *out as the caller knows it. Any thread. */
QN_API void qn_option_results_init(qn_option_results *out, int64_t size);

QN_END_DECLS
#endif
