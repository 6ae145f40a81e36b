/* options/american_implied.c: volatilities from prices of American options.
 *
 * The secant through the last two points, kept between bounds that always enclose the volatility: where it leaves them,
 * or it takes long, the next point halves them. It starts from the European option's volatility for that price, which
 * is somewhat too high, and its vega. All options of a piece go on together, each at the rung or grid that its first
 * price needed; where the volatility turns out to be quite another, what is needed there is found once more. */
#include <math.h>
#include <stddef.h>

#include <quern/black.h>

#include "math/vector_log.h"
#include "options/american_int.h"

/* The search for one volatility. */
typedef struct search {
    int32_t place; /* in the piece */
    int rounds;
    double planned;   /* the volatility for which the plan was made */
    double spot;      /* less the dividends to come */
    double price;     /* wanted */
    double accuracy;  /* of prices */
    double close;     /* prices that close to it are it */
    double low, high; /* bounds */
    double before, error_before;
} search;

typedef struct searches {
    int64_t count;
    search at[QNI_AMERICAN_PIECE];
    qni_american_option options[QNI_AMERICAN_PIECE]; /* sigma: the one tried now */
    qni_american_plan plans[QNI_AMERICAN_PIECE];
    qni_american_result found[QNI_AMERICAN_PIECE];
} searches;

typedef struct request {
    double *sigma;
    uint8_t *status;
    const double *price;
    bool bound;
} request;

static void write_one(const request *r, int64_t i, double sigma, qn_option_status status)
{
    if (status == QN_OPTION_BELOW_INTRINSIC || status == QN_OPTION_AT_INTRINSIC)
        sigma = r->bound ? 0 : NAN;
    else if (status == QN_OPTION_ABOVE_MAXIMUM)
        sigma = r->bound ? INFINITY : NAN;
    else if (status != QN_OPTION_OK)
        sigma = NAN;
    r->sigma[i] = sigma;
    if (r->status != NULL)
        r->status[i] = (uint8_t)status;
}

/* Whether there is a volatility for the price: what none at all and an infinite one would give. */
static qn_option_status classify(const qni_american_option *o, double price, const qni_american_work *work)
{
    if (!isfinite(price) || price < 0)
        return QN_OPTION_BAD_PRICE;
    if (o->years <= 0)
        return QN_OPTION_EXPIRED;
    double when;
    double least = qni_american_certain(&when, o, work);
    double scale = fmax(o->spot, o->strike) * QNI_AMERICAN_ROUNDING;
    if (fabs(price - least) <= scale)
        return QN_OPTION_AT_INTRINSIC;
    if (price < least)
        return QN_OPTION_BELOW_INTRINSIC;
    double most =
        o->call ? o->spot * fmax(1, v_exp(-o->yield * o->years)) : o->strike * fmax(1, v_exp(-o->rate * o->years));
    return price < most ? QN_OPTION_OK : QN_OPTION_ABOVE_MAXIMUM;
}

/* The first volatility to try. */
static double first_guess(const qni_american_option *o, double spot, double price)
{
    double forward = spot * v_exp((o->rate - o->yield) * o->years);
    double sigma;
    qn_option_status s = qn_black_implied_one(&sigma, price * v_exp(o->rate * o->years), forward, o->strike, o->years,
                                              o->call ? QN_CALL : QN_PUT);
    if (s != QN_OPTION_OK)
        sigma = fmax(sqrt(2 * fabs(v_log(forward / o->strike)) / o->years), 0.5 / sqrt(o->years));
    return sigma;
}

/* The European option's vega, at most that of a forward at the strike. */
static double slope_of(const qni_american_option *o, double spot, double sigma)
{
    double root = sigma * sqrt(o->years);
    double d = (v_log(spot / o->strike) + (o->rate - o->yield) * o->years) / root + root / 2;
    return spot * v_exp(-o->yield * o->years - d * d / 2) * sqrt(o->years) * 0.39894228040143267794;
}

static void begin(searches *all, int32_t place, const qni_american_option *o, double price,
                  const qni_american_work *work)
{
    qni_american_dividends d = qni_american_dividends_of(o, work);
    double accuracy = d.count > 0 ? work->cash_accuracy : work->accuracy;
    int64_t k = all->count++;
    double root = sqrt(o->years);
    all->options[k] = *o;
    all->plans[k] = (qni_american_plan){0};
    search *s = &all->at[k];
    *s = (search){.place = place, .price = price, .accuracy = accuracy * o->strike};
    s->close = QNI_AMERICAN_CLOSE * s->accuracy;
    s->spot = o->spot;
    for (int64_t i = 0; i < d.count; i++)
        s->spot -= d.first[i].amount * v_exp(-(o->rate - o->yield) * d.first[i].years);
    s->spot = fmax(s->spot, QNI_AMERICAN_LEAST_SPOT * o->spot);
    s->low = QNI_AMERICAN_LEAST_DEVIATION / root;
    s->high = QNI_AMERICAN_MOST_DEVIATION / root;
    s->before = NAN;
    double sigma = first_guess(o, s->spot, price);
    sigma = fmin(fmax(sigma, 2 * s->low), s->high / 2);
    s->planned = sigma;
    all->options[k].sigma = sigma;
}

/* The next volatility to try, after one whose price was off by `error`. */
static double next_sigma(search *s, const qni_american_option *o, double error)
{
    double sigma = o->sigma;
    if (error > 0)
        s->high = sigma;
    else
        s->low = sigma;
    double slope = isnan(s->before) ? slope_of(o, s->spot, sigma) : (error - s->error_before) / (sigma - s->before);
    double next = sigma - error / slope;
    bool slow = s->rounds > QNI_AMERICAN_PATIENCE && s->rounds % 2 == 0;
    if (slow || !(next > s->low && next < s->high))
        next = sqrt(s->low) * sqrt(s->high);
    s->before = sigma;
    s->error_before = error;
    s->rounds++;
    return next;
}

/* What a price means for the search k; true: it has ended, with *status. */
static bool judge(searches *all, int64_t k, qn_option_status *status)
{
    search *s = &all->at[k];
    qni_american_option *o = &all->options[k];
    const qni_american_result *f = &all->found[k];
    *status = QN_OPTION_NOT_CONVERGED;
    if (f->status != QN_OPTION_OK)
        return true;
    double error = f->price - s->price;
    bool narrow = s->high - s->low <= QNI_AMERICAN_NARROW * s->high;
    if (fabs(error) <= s->close || narrow) {
        *status = QN_OPTION_OK;
        if (fabs(o->sigma - s->planned) <= QNI_AMERICAN_NEAR * s->planned)
            return true;
        all->plans[k] = (qni_american_plan){0};
        s->planned = o->sigma;
        s->close = fmax(s->close, QNI_AMERICAN_AGREED * s->accuracy);
        double root = sqrt(o->years);
        s->low = fmax(QNI_AMERICAN_LEAST_DEVIATION / root, 0.5 * o->sigma);
        s->high = fmin(QNI_AMERICAN_MOST_DEVIATION / root, 2 * o->sigma);
        s->before = NAN;
        return false;
    }
    o->sigma = next_sigma(s, o, error);
    return s->rounds > QNI_AMERICAN_ROUNDS;
}

static qn_status search_all(searches *all, const request *r, int64_t first, qni_american_work *work, qn_error *err)
{
    while (all->count > 0) {
        qn_status s = qni_american_values(all->found, all->plans, all->options, work, all->count, err);
        if (s != QN_OK)
            return s;
        int64_t kept = 0;
        for (int64_t k = 0; k < all->count; k++) {
            qn_option_status status;
            if (judge(all, k, &status)) {
                write_one(r, first + all->at[k].place, all->options[k].sigma, status);
                continue;
            }
            all->at[kept] = all->at[k];
            all->options[kept] = all->options[k];
            all->plans[kept++] = all->plans[k];
        }
        all->count = kept;
    }
    return QN_OK;
}

static qn_status imply_piece(void *user, qni_american_work *work, const qn_option_batch *batch, int64_t first,
                             int64_t count, qn_error *err)
{
    const request *r = user;
    searches all = {0};
    for (int64_t i = 0; i < count; i++) {
        qni_american_option o;
        qn_option_status status = qni_american_read(&o, batch, first + i, false);
        double price = r->price[first + i];
        if (status == QN_OPTION_OK)
            status = classify(&o, price, work);
        if (status != QN_OPTION_OK)
            write_one(r, first + i, NAN, status);
        else
            begin(&all, (int32_t)i, &o, price, work);
    }
    return search_all(&all, r, first, work, err);
}

qn_status qn_american_implied(double *sigma, uint8_t *status, const qn_option_batch *batch, const double *price,
                              bool bound, const qn_american_options *options, qn_error *err)
{
    request r = {.sigma = sigma, .status = status, .price = price, .bound = bound};
    return qni_american_run(batch, false, options, imply_piece, &r, err);
}
