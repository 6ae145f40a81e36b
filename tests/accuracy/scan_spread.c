/* How much the moves after reports of one company differ in size, beyond what a normal distribution has: the spread of
 * log sigma in outlooks, beside real reactions. `test_accuracy_scan_spread` prints what docs/scan.md says of it.
 *
 * A company's moves are normal with a sigma of their own each, lognormal about a mean that is the company's and not
 * known: the likelihood of the spread is integrated over that, evenly in its logarithm. */
#include "harness/harness.h"
#include "scan/limits.h"
#include "scan/scan_int.h"

#include <math.h>
#include <stdio.h>

enum {
    MOVES_MOST = 100,
    NODES = 41,
    LEVELS = 121
};

typedef struct company {
    double moves[MOVES_MOST]; /* (count) logarithms, by the mean of their sizes */
    int64_t count;
} company;

/* Sums for the kurtosis of moves by the mean of the company's others. */
typedef struct moments {
    double square, fourth;
    int64_t count;
} moments;

static void add_moments(moments *m, const company *c)
{
    double all = 0;
    for (int64_t i = 0; i < c->count; i++)
        all += fabs(c->moves[i]);
    for (int64_t i = 0; i < c->count; i++) {
        double by = c->moves[i] / (all - fabs(c->moves[i])) * (double)(c->count - 1);
        m->square += by * by;
        m->fourth += by * by * by * by;
        m->count++;
    }
}

static double log_likelihood(const company *c, double spread)
{
    double sigma[NODES], weight[NODES], sum = 0, by_level[LEVELS], most = -INFINITY;
    for (int k = 0; k < NODES; k++) {
        double z = (k - NODES / 2) * 10.0 / NODES;
        weight[k] = exp(-z * z / 2);
        sigma[k] = exp(spread * z - spread * spread / 2) * sqrt(acos(-1) / 2);
        sum += weight[k];
    }
    for (int l = 0; l < LEVELS; l++) {
        double level = exp(log(0.3) + log(10) * l / (LEVELS - 1)); /* 0.3 to 3 times the mean of what was seen */
        by_level[l] = 0;
        for (int64_t i = 0; i < c->count; i++) {
            double density = 0;
            for (int k = 0; k < NODES; k++) {
                double s = sigma[k] * level, z = c->moves[i] / s;
                density += weight[k] / sum * exp(-z * z / 2) / s;
            }
            by_level[l] += log(density);
        }
        most = fmax(most, by_level[l]);
    }
    double integral = 0;
    for (int l = 0; l < LEVELS; l++)
        integral += exp(by_level[l] - most);
    return most + log(integral);
}

/* The reactions of a ticker whose reports (count) come after the close. */
static void read_company(company *out, const qn_daily *daily, const qn_earnings *reports, int64_t count)
{
    double sum = 0;
    out->count = 0;
    for (int64_t i = 0; i < count && out->count < MOVES_MOST; i++) {
        qn_move move;
        qni_reaction(&move, daily, &reports[i], QN_TIMING_AFTER_CLOSE, daily->days[daily->count - 1]);
        if (move.status == QN_MOVE_OK)
            out->moves[out->count++] = log1p(move.close);
    }
    for (int64_t i = 0; i < out->count; i++)
        sum += fabs(out->moves[i]) / (double)out->count;
    for (int64_t i = 0; i < out->count; i++)
        out->moves[i] /= sum;
}

static void the_spread_of_outlooks_is_that_of_real_reactions(void **state)
{
    (void)state;
    /* How far each lies below the likeliest of these, by NumPy over the same files, with a rule of 41 nodes. */
    static const struct {
        double spread, below;
    } known[] = {{.1, 1.05}, {.22, 0}, {QNI_OUTLOOK_SPREAD, .10}, {.35, 1.97}, {.5, 9.37}};
    enum {
        KNOWN = sizeof known / sizeof *known
    };
    const char *data = test_shared_data("the spread of reactions");
    char path[512];
    qn_error err;
    qn_prices *prices;
    qn_calendar *calendar;
    if (data == NULL || !qn_has("zlib"))
        skip();
    (void)snprintf(path, sizeof path, "%s/earnings/daily_prices.csv.gz", data);
    assert_ok(qn_prices_read(&prices, path, NULL, &err), &err);
    (void)snprintf(path, sizeof path, "%s/earnings/earnings_dates.csv", data);
    assert_ok(qn_calendar_read(&calendar, path, NULL, &err), &err);
    double likelihood[KNOWN] = {0};
    moments m = {0};
    for (int64_t i = 0; i < prices->ticker_count; i++) {
        const qn_earnings *reports;
        company c;
        int64_t count = qn_calendar_find(&reports, calendar, prices->tickers[i].ticker);
        read_company(&c, &prices->tickers[i], reports, count);
        for (int k = 0; k < KNOWN; k++)
            likelihood[k] += log_likelihood(&c, known[k].spread);
        add_moments(&m, &c);
    }
    double kurtosis = m.fourth / m.square / m.square * (double)m.count;
    printf("%d reactions by the mean of their company's others: kurtosis %.2f\n", (int)m.count, kurtosis);
    for (int k = 0; k < KNOWN; k++) {
        double below = likelihood[1] - likelihood[k];
        printf("spread %.2f: log likelihood %.2f below the most; kurtosis %.2f\n", known[k].spread, below,
               3 * exp(4 * known[k].spread * known[k].spread));
        assert_close(below, known[k].below, 0, .02);
    }
    assert_int_equal(m.count, 420);
    assert_close(kurtosis, 3 * exp(4 * QNI_OUTLOOK_SPREAD * QNI_OUTLOOK_SPREAD), .05, 0);
    qn_calendar_free(calendar);
    qn_prices_free(prices);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_spread_of_outlooks_is_that_of_real_reactions)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
