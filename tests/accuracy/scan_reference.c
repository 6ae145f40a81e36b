/* The default reference beside ratios that can be worked out here: Apple's, from straddles quoted on the eve of its
 * reports and from the moves after earlier ones, none of them later than the quotes. */
#include "base/time.h"
#include "harness/harness.h"
#include "scan/event_int.h"

#include <quern/black.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    REPORTS_MOST = 100,
    EARLIER_LEAST = 4
};

/* By recency, as scans weigh them by default. */
static const double decay = 0.85;

typedef struct apple {
    qn_prices *prices;
    const qn_daily *daily;
    qn_earnings reports[REPORTS_MOST]; /* (report_count), by day */
    int64_t report_count;
    double ratios[REPORTS_MOST], straddles[REPORTS_MOST];
    int64_t count;
    char quotes[512]; /* path */
} apple;

static int64_t row_of(const qn_daily *d, int32_t day)
{
    for (int64_t i = 0; i < d->count; i++)
        if (d->days[i] == day)
            return i;
    return -1;
}

/* The mean of the moves after the reports before that of `report`; NaN: too few. */
static double past_mean(const apple *a, int64_t report)
{
    double sum = 0, weights = 0, weight = 1;
    int64_t n = 0;
    for (int64_t i = report - 1; i >= 0; i--) {
        int64_t row = row_of(a->daily, a->reports[i].day);
        if (row < 0 || row + 1 >= a->daily->count)
            continue;
        sum += weight * fabs(a->daily->close[row + 1] / a->daily->close[row] - 1);
        weights += weight;
        weight *= decay;
        n++;
    }
    return n < EARLIER_LEAST ? NAN : sum / weights;
}

/* Standard deviation until expiry by the call and the put of a strike that is not 6 % off the forward; NaN: it is. */
static double deviation_of(const qn_chain *chain)
{
    const qn_quote *call = &chain->quotes[0], *put = &chain->quotes[1];
    if (chain->count != 2 || call->type != QN_CALL || put->type != QN_PUT || call->strike != put->strike)
        return NAN;
    double c = 0.5 * (call->bid + call->ask), p = 0.5 * (put->bid + put->ask), forward = call->strike + c - p;
    if (!(c > 0 && p > 0 && fabs(log(call->strike / forward)) < 0.06))
        return NAN;
    double low = 1e-4, high = 3, price = fmin(c, p), k = log(call->strike / forward);
    for (int i = 0; i < 60; i++) { /* of the one out of the money, by Black's formula */
        double s = 0.5 * (low + high), x = fabs(k), near = fmin(call->strike, forward),
               far = fmax(call->strike, forward);
        double value = near * 0.5 * erfc((x / s - 0.5 * s) / sqrt(2)) - far * 0.5 * erfc((x / s + 0.5 * s) / sqrt(2));
        *(value < price ? &low : &high) = s;
    }
    return low;
}

/* What a report adds to the lists, if anything. */
static void add_report(apple *a, int64_t report)
{
    const qn_earnings *r = &a->reports[report];
    int64_t row = row_of(a->daily, r->day);
    double mean = row > 0 ? past_mean(a, report) : NAN, variance, error;
    if (isnan(mean))
        return;
    qn_chain_options options;
    qn_chain_options_init(&options, sizeof options);
    int32_t eve = a->daily->days[row - 1];
    (void)qn_market_session(NULL, &options.as_of_us, eve);
    qn_chain *chain;
    qn_error err;
    if (qn_chain_read(&chain, a->quotes, &options, &err) != QN_OK)
        return; /* no quotes of that day */
    double deviation = deviation_of(chain);
    int32_t expiry = chain->quotes[0].expiry;
    qn_chain_free(chain);
    int64_t last = row_of(a->daily, expiry);
    if (isnan(deviation) || last < 0)
        return;
    qn_scan_input input;
    qn_scan_input_init(&input, sizeof input);
    input.daily = a->daily;
    input.reports = a->reports;
    input.report_count = a->report_count;
    qn_arena *arena;
    bool found;
    assert_ok(qn_arena_new(&arena, NULL, 0, &err), &err);
    assert_ok(qni_event_past(&found, &variance, &error, &input, eve + 1, arena, &err), &err);
    qn_arena_free(arena);
    assert_true(found);
    double event = deviation * deviation - variance * (double)(last - row) / 252; /* a reaction has a day of it */
    a->straddles[a->count] = qni_event_mean_move(deviation) / mean;
    a->ratios[a->count++] = qni_event_mean_move(sqrt(fmax(event, 0))) / mean;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double mean_of(const double *x, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += x[i];
    return sum / (double)n;
}

static void the_default_is_no_stranger_to_apples_reports(void **state)
{
    (void)state;
    const char *folder = test_shared_data("ratios of implied to past moves");
    if (folder == NULL || !qn_has("zlib"))
        skip();
    static apple a;
    char path[512];
    qn_error err;
    snprintf(path, sizeof path, "%s/earnings/daily_prices.csv.gz", folder);
    assert_ok(qn_prices_read(&a.prices, path, NULL, &err), &err);
    a.daily = qn_prices_find(a.prices, "AAPL");
    assert_non_null(a.daily);
    qn_calendar_options options;
    qn_calendar_options_init(&options, sizeof options);
    options.ticker = "AAPL";
    options.map = "day=reportedDate";
    snprintf(path, sizeof path, "%s/earnings/near_earnings_AAPL.csv", folder);
    qn_calendar *calendar;
    assert_ok(qn_calendar_read(&calendar, path, &options, &err), &err);
    assert_in_range(calendar->count, 1, REPORTS_MOST);
    for (; a.report_count < calendar->count; a.report_count++) {
        a.reports[a.report_count] = calendar->reports[a.report_count];
        a.reports[a.report_count].timing = QN_TIMING_AFTER_CLOSE; /* as Apple does */
    }
    snprintf(a.quotes, sizeof a.quotes, "%s/options/near_earnings_AAPL.csv", folder);
    for (int64_t i = 0; i < a.report_count; i++)
        add_report(&a, i);
    assert_in_range(a.count, 15, 25);
    qsort(a.ratios, (size_t)a.count, sizeof *a.ratios, ascending);
    int64_t n = a.count;
    double low = a.ratios[n / 4], median = a.ratios[n / 2], high = a.ratios[3 * n / 4];
    print_message(
        "%lld reports of AAPL: mean ratio %.2f (straddles alone %.2f), quartiles %.2f %.2f %.2f, from %.2f to "
        "%.2f\n",
        (long long)n, mean_of(a.ratios, n), mean_of(a.straddles, n), low, median, high, a.ratios[0], a.ratios[n - 1]);
    /* Of 19 the median's percentile has a standard error of 0.11, the quartiles' of 0.10: three of them. */
    const qn_reference *r = qn_reference_default();
    assert_close(qn_reference_percentile(r, median), 0.5, 0, 0.34);
    assert_close(qn_reference_percentile(r, low), 0.25, 0, 0.3);
    assert_close(qn_reference_percentile(r, high), 0.75, 0, 0.3);
    assert_close(mean_of(a.straddles, n), 1.15, 0, 0.2);
    qn_calendar_free(calendar);
    qn_prices_free(a.prices);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_is_no_stranger_to_apples_reports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
