/* scan/outlook.c: the distribution of the share's price when the first expiry after the report ends.
 *
 * The logarithm of the price is that of the forward, plus the reaction to the report, from close to close, plus
 * diffusion on all other days with the volatility that options imply apart from the event. There is no view on the
 * direction: the mean of the price is the forward. The reaction is normal with a standard deviation sigma that is
 * itself not known. Sigma is lognormal:
 *   - its mean is that of an expected |move| of w implied + (1 - w) past;
 *   - it has the variance of a mixture, in these parts, of both opinions of that, each normal about its own mean with
 *     its own error: so it is wide where they are unsure, and where they disagree;
 *   - and it varies from report to report, which is what makes tails fat, however well its mean is known.
 * So the price is a mixture of lognormal ones, one for each node of a Gauss-Hermite rule, and an option's expected
 * payoff is a mixture of Black's prices. From these the discretisation follows (Breeden and Litzenberger, "Prices of
 * state-contingent claims implicit in option prices", 1978): the weight of a price is the expected payoff of the
 * butterfly between its neighbours, which is 1 there. All that is linear between neighbouring prices has its
 * expectation exactly; a kink between two that are h apart adds at most h^2 / 8 of the density there.
 *
 * Same bits everywhere: elementary functions are those of src/math. One thread a ticker. */
#include "scan/scan_int.h"

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include <quern/black.h>

#include "math/vector_exp.h"
#include "math/vector_log.h"
#include "scan/limits.h"

#define ROOT_HALF_PI 0x1.40d931ff62706p+0 /* a standard deviation by its mean absolute move */

enum {
    RULE = 7,                                /* nodes of the rule */
    NODES = 2 * QNI_OUTLOOK_NODES_A_SIDE + 1 /* prices: the forward and as many on either side */
};

/* Gauss-Hermite for a standard normal variable: exact for polynomials of degree 13. */
static const double rule_node[RULE] = {-3.7504397177257425, -2.3667594107345415, -1.1544053947399682, 0,
                                       1.1544053947399682,  2.3667594107345415,  3.7504397177257425};
static const double rule_weight[RULE] = {0.00054826885597221781, 0.030757123967586496, 0.24012317860501271,
                                         0.45714285714285713,    0.24012317860501271,  0.030757123967586496,
                                         0.00054826885597221781};

/* What is expected of the reaction. */
typedef struct level {
    double move;  /* |move| */
    double error; /* relative, of what is known of it */
    double tau;   /* standard deviation of log sigma: of that and of how reports differ */
} level;

/* The mean of a mixture of two opinions with weights w and 1 - w, and its standard deviation. With a sigma that varies,
 * the reaction and the diffusion together move the share by more than the same mean of sigma would, by a half of the
 * variance times the curvature of sqrt(sigma^2 + diffusive^2). The implied move is smaller by as much, so that what it
 * is from, the price of options at the money, stays what it is. */
static level mix(const qn_event_move *e, const qn_history *h, double w, double diffusive)
{
    double apart = e->implied_move - h->expected, past = (1 - w) * h->expected;
    double variance =
        w * e->implied_move_error * e->implied_move_error + (1 - w) * h->error * h->error + w * (1 - w) * apart * apart;
    level l = {.move = w * e->implied_move + past};
    l.error = l.move > 0 ? sqrt(variance) / l.move : 0;
    double square = v_log(1 + l.error * l.error) + QNI_OUTLOOK_SPREAD * QNI_OUTLOOK_SPREAD;
    double sigma = e->implied_move * ROOT_HALF_PI, total = sigma * sigma + diffusive * diffusive;
    double share = total > 0 ? diffusive * diffusive / total : 0;
    l.tau = sqrt(square);
    l.move = w * e->implied_move / (1 + (v_exp(square) - 1) / 2 * share) + past;
    return l;
}

/* Standard deviations (RULE) of the reaction's log move, ascending, whose mean is that of level.move. Returns the
 * standard deviation of all together. */
static double deviations(double sigma[RULE], const level *l)
{
    double mean = 0, square = 0;
    for (int k = 0; k < RULE; k++) {
        sigma[k] = v_exp(l->tau * rule_node[k]);
        mean += rule_weight[k] * sigma[k];
    }
    for (int k = 0; k < RULE; k++) {
        sigma[k] *= l->move * ROOT_HALF_PI / mean;
        square += rule_weight[k] * sigma[k] * sigma[k];
    }
    return sqrt(square);
}

/* Strikes on both sides of the forward and what the option out of the money is expected to pay. */
typedef struct grid {
    double forward;
    double *strike; /* (NODES) the outlook's prices */
    double value[NODES], part[NODES];
    int8_t type[NODES];
} grid;

/* Strikes whose logarithms lie as sinh has it about that of the forward: in the middle a fraction of the deviation
 * `usual` apart, and ever further until the widest distribution has nothing beyond. */
static void place(grid *g, double usual, double widest)
{
    enum {
        MIDDLE = QNI_OUTLOOK_NODES_A_SIDE
    };
    double reach = QNI_OUTLOOK_REACH * widest + widest * widest / 2;
    double ratio = v_exp(v_asinh(reach / usual) / MIDDLE), power = 1; /* of exponentials of neighbours' arguments */
    g->strike[MIDDLE] = g->forward;
    g->type[MIDDLE] = QN_CALL;
    for (int i = 1; i <= MIDDLE; i++) {
        power *= ratio;
        double away = v_exp(usual * (power - 1 / power) / 2);
        g->strike[MIDDLE + i] = g->forward * away;
        g->strike[MIDDLE - i] = g->forward / away;
        g->type[MIDDLE + i] = QN_CALL;
        g->type[MIDDLE - i] = QN_PUT;
    }
    memset(g->value, 0, sizeof g->value);
}

/* Adds Black's values of a lognormal price with deviation `total` of its logarithm. */
static qn_status add_values(grid *g, double total, double weight, qn_error *err)
{
    const double one = 1;
    qn_option_batch batch;
    qn_option_results results;
    qn_option_batch_init(&batch, sizeof batch);
    qn_option_results_init(&results, sizeof results);
    batch.count = NODES;
    batch.types = g->type;
    batch.forward = (qn_numbers){&g->forward, 0};
    batch.strike = (qn_numbers){g->strike, 1};
    batch.years = (qn_numbers){&one, 0};
    batch.sigma = (qn_numbers){&total, 0};
    results.price = g->part;
    qn_status s = qn_black_price(&results, &batch, err);
    for (int i = 0; s == QN_OK && i < NODES; i++)
        g->value[i] += weight * g->part[i];
    return s;
}

/* The weights: differences of slopes, of puts below the forward and of calls from there on; what lies beyond the ends
 * goes to the ends. Then makes up for rounding, which is much beside tiny weights: they add up to 1, and the mean of
 * the strikes is the forward. */
static void weigh(double *weight, grid *g)
{
    double before = 0, sum = 0, mean = 0;
    for (int i = 0; i < NODES; i++) {
        double after = i + 1 < NODES ? (g->value[i + 1] - g->value[i]) / (g->strike[i + 1] - g->strike[i]) : 0;
        double kink = i == QNI_OUTLOOK_NODES_A_SIDE ? 1 : 0; /* the put's slope is 1 more than the call's */
        weight[i] = fmax(after - before + kink, 0);
        sum += weight[i];
        mean += weight[i] * g->strike[i];
        before = after;
    }
    for (int i = 0; i < NODES; i++) {
        weight[i] /= sum;
        g->strike[i] *= g->forward * sum / mean;
    }
}

static qn_status fill(qn_outlook *out, double *weight, grid *g, const double sigma[RULE], qn_error *err)
{
    double total[RULE];
    for (int k = 0; k < RULE; k++)
        total[k] = sqrt(sigma[k] * sigma[k] + out->diffusive * out->diffusive);
    place(g, total[RULE / 2], total[RULE - 1]);
    for (int k = 0; k < RULE; k++) {
        qn_status s = add_values(g, total[k], rule_weight[k], err);
        if (s != QN_OK)
            return s;
    }
    weigh(weight, g);
    out->count = NODES;
    out->price = g->strike;
    out->weight = weight;
    out->mean_abs_move = 2 * g->value[QNI_OUTLOOK_NODES_A_SIDE] / g->forward; /* put and call at the forward */
    return QN_OK;
}

/* What is missing; NULL: nothing. Static. */
static const char *missing(const qn_event_move *e, const qn_history *h, double years)
{
    const struct {
        double value;
        const char *name;
    } needed[] = {
        {e->forward - DBL_MIN, "the forward"},
        {years, "the time to the first expiry after the report"},
        {e->diffusive_vol, "the volatility without the report"},
        {e->implied_move, "the move that options imply"},
        {e->implied_move_error, "the error of the move that options imply"},
        {h->expected, "the move that past reports let expect"},
        {h->error, "the error of the move that past reports let expect"},
    };
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
        if (!(needed[i].value >= 0) || isinf(needed[i].value))
            return needed[i].name;
    return NULL;
}

static qn_status make(qn_outlook *out, const double sigma[RULE], const qni_subject *subject, qn_error *err)
{
    void *memory;
    qn_status s = qn_arena_take(&memory, subject->arena, INT64_C(2) * NODES * (int64_t)sizeof(double), err);
    if (s != QN_OK)
        return s;
    double *kept = memory;
    qn_arena_mark before = qn_arena_mark_now(subject->arena);
    s = qn_arena_take(&memory, subject->arena, (int64_t)sizeof(grid), err);
    if (s != QN_OK)
        return s;
    grid *scratch = memory;
    scratch->forward = subject->result->event.forward;
    scratch->strike = kept;
    s = fill(out, kept + NODES, scratch, sigma, err);
    qn_arena_rewind(subject->arena, before);
    return s;
}

qn_status qni_outlook(qni_subject *subject, qn_error *err)
{
    const qn_event_move *e = &subject->result->event;
    qn_outlook *out = &subject->result->outlook;
    double years = subject->surface->smiles[e->first].years, sigma[RULE];
    *out = (qn_outlook){0};
    const char *name = missing(e, &subject->result->history, years);
    if (name != NULL)
        return qni_subject_reject(subject, err, "nothing can be expected of the report: %s is not known", name);
    out->diffusive = e->diffusive_vol * sqrt(fmax(years - e->ordinary_years, 0));
    level l = mix(e, &subject->result->history, subject->settings->implied_weight, out->diffusive);
    out->sigma = deviations(sigma, &l);
    out->sigma_error = l.error * out->sigma;
    double widest = sqrt(sigma[RULE - 1] * sigma[RULE - 1] + out->diffusive * out->diffusive);
    if (!(widest >= QNI_OUTLOOK_LEAST && widest <= QNI_OUTLOOK_MOST))
        return qni_subject_reject(subject, err,
                                  "nothing can be expected of the report: a move of %.3g %%, known to %.0f %% of "
                                  "itself, and a diffusion of %.3g %% are no distribution of a share's price",
                                  100 * l.move, 100 * l.error, 100 * out->diffusive);
    return make(out, sigma, subject, err);
}
