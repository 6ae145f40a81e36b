/* A whole scan of the shipped example: who is judged and who is rejected, what one ticker owes to others, what is
 * refused, and that a scan can be stopped. */
#include "harness/harness.h"
#include "scan/example.h"

#include <math.h>
#include <string.h>

static qn_scan *run(const qn_scan_input *inputs, int64_t count, const qn_scan_options *options)
{
    qn_scan *scan;
    qn_error err = qn_error_none();
    assert_ok(qn_scan_run(&scan, inputs, count, options, &err), &err);
    return scan;
}

static const qn_scan_ticker *find(const qn_scan *scan, const char *ticker)
{
    for (int64_t i = 0; i < scan->ticker_count; i++)
        if (strcmp(scan->tickers[i].ticker, ticker) == 0)
            return &scan->tickers[i];
    return NULL;
}

static void the_example_is_judged_as_it_was_made(void **state)
{
    const example *e = *state;
    qn_scan *scan = run(e->inputs, EXAMPLE_TICKERS, NULL);
    assert_int_equal(scan->ticker_count, 2);
    assert_int_equal(scan->rejected_count, 1);
    assert_string_equal(scan->rejected[0].ticker, "OAT");
    assert_non_null(strstr(scan->rejected[0].reason, "liquid"));
    const qn_scan_ticker *dear = find(scan, "QRN"), *cheap = find(scan, "STN");
    assert_true(fabs(dear->event.sigma - 0.095) < 2 * dear->event.sigma_error);
    assert_true(fabs(cheap->event.sigma - 0.045) < 2 * cheap->event.sigma_error);
    assert_true(dear->vrp.low > 1 && cheap->vrp.high < 1);
    assert_true(dear->score.total > cheap->score.total);
    assert_ptr_equal(dear, &scan->tickers[0]);
    assert_int_equal(cheap->trades[cheap->best].strategy, QN_STRATEGY_LONG_STRADDLE);
    qn_scan_free(scan);
}

static void a_result_outlives_what_it_was_made_from(void **state)
{
    (void)state;
    example e;
    example_read(&e);
    qn_scan *scan = run(e.inputs, EXAMPLE_TICKERS, NULL);
    example_free(&e);
    const qn_scan_ticker *t = find(scan, "QRN");
    assert_string_equal(t->source, "examples/scan/chains/QRN.csv");
    assert_int_equal(t->history.used, 12);
    assert_true(qn_trade_profit(t, &t->trades[QN_STRATEGY_CONDOR], 120) > 0);
    assert_true(t->surface->smile_count > 0 && t->surface->smiles[0].point_count > 0);
    qn_scan_free(scan);
}

static void the_order_of_tickers_and_threads_change_nothing(void **state)
{
    const example *e = *state;
    qn_threads *threads;
    qn_error err = qn_error_none();
    assert_ok(qn_threads_new(&threads, 3, NULL, &err), &err);
    qn_scan_options options;
    qn_scan_options_init(&options, sizeof options);
    options.threads = threads;
    qn_scan_input turned[EXAMPLE_TICKERS] = {e->inputs[2], e->inputs[0], e->inputs[1]};
    qn_scan *one = run(e->inputs, EXAMPLE_TICKERS, NULL), *other = run(turned, EXAMPLE_TICKERS, &options);
    assert_int_equal(one->ticker_count, other->ticker_count);
    for (int64_t i = 0; i < one->ticker_count; i++) {
        const qn_scan_ticker *a = &one->tickers[i], *b = &other->tickers[i];
        assert_string_equal(a->ticker, b->ticker);
        assert_memory_equal(&a->vrp, &b->vrp, sizeof a->vrp);
        assert_memory_equal(&a->score, &b->score, sizeof a->score);
        assert_true(a->history.low == b->history.low && a->history.high == b->history.high);
        for (int k = 0; k < QN_STRATEGY_COUNT; k++)
            assert_int_equal(a->trades[k].contracts, b->trades[k].contracts);
    }
    qn_scan_free(one);
    qn_scan_free(other);
    qn_threads_free(threads);
}

static void a_peer_is_neither_judged_nor_rejected(void **state)
{
    const example *e = *state;
    qn_scan_input inputs[EXAMPLE_TICKERS] = {e->inputs[1], e->inputs[2], e->inputs[0]};
    qn_scan *alone = run(inputs, 1, NULL);
    for (int i = 1; i < EXAMPLE_TICKERS; i++) {
        inputs[i].chain = NULL;
        inputs[i].peer_only = true;
        inputs[i].as_of_us = e->chains[1]->as_of_us;
    }
    qn_scan *scan = run(inputs, EXAMPLE_TICKERS, NULL);
    assert_int_equal(scan->ticker_count, 1);
    assert_int_equal(scan->rejected_count, 0);
    assert_int_equal(alone->tickers[0].history.peers, 0);
    assert_int_equal(scan->tickers[0].history.peers, 2);
    assert_true(alone->tickers[0].history.expected == alone->tickers[0].history.recent_mean);
    assert_true(scan->tickers[0].history.expected > alone->tickers[0].history.expected); /* they move more */
    qn_scan_free(alone);
    qn_scan_free(scan);
}

/* QRN reports after the close, which prices tell; what a calendar tells of the report after the coming one is not
 * known to be so of the coming one. */
static void the_timing_of_a_later_report_is_not_that_of_the_coming_one(void **state)
{
    const example *e = *state;
    qn_earnings reports[64];
    qn_scan_input input = e->inputs[1];
    int64_t n = input.report_count;
    assert_in_range(n, 4, 63);
    memcpy(reports, input.reports, (size_t)n * sizeof *reports);
    for (int64_t i = 0; i < n; i++)
        reports[i].timing = QN_TIMING_UNKNOWN;
    reports[n] = reports[n - 1];
    reports[n].day += 91;
    reports[n].timing = QN_TIMING_BEFORE_OPEN;
    input.reports = reports;
    input.report_count = n + 1;
    qn_scan *scan = run(&input, 1, NULL);
    assert_int_equal(scan->ticker_count, 1);
    assert_int_equal(scan->tickers[0].event.day, reports[n - 1].day);
    assert_int_equal(scan->tickers[0].event.timing, QN_TIMING_AFTER_CLOSE);
    assert_true(scan->tickers[0].event.timing_inferred);
    qn_scan_free(scan);
}

static void a_ticker_without_a_chain_is_rejected(void **state)
{
    const example *e = *state;
    qn_scan_input in = e->inputs[1];
    in.chain = NULL;
    qn_scan *scan = run(&in, 1, NULL);
    assert_int_equal(scan->rejected_count, 1);
    assert_non_null(strstr(scan->rejected[0].reason, "no option chain"));
    qn_scan_free(scan);
}

static qn_status fail_to_load(void *user, qn_chain **out, const qn_scan_input *input, int32_t around,
                              const qn_allocator *allocator, qn_error *err)
{
    (void)input, (void)around, (void)allocator;
    *out = NULL;
    return qn_chain_read_bytes(out, "a,b\n1,2\n", 8, user, NULL, err);
}

static void what_a_loader_complains_of_is_the_reason(void **state)
{
    const example *e = *state;
    qn_scan_input in = e->inputs[1];
    in.chain = NULL;
    in.load = fail_to_load;
    static char name[] = "odd.csv";
    in.load_user = name;
    qn_scan *scan = run(&in, 1, NULL);
    assert_int_equal(scan->rejected_count, 1);
    assert_non_null(strstr(scan->rejected[0].reason, "odd.csv"));
    qn_scan_free(scan);
}

static void wrong_settings_are_refused_by_name(void **state)
{
    const example *e = *state;
    qn_scan *scan;
    qn_error err = qn_error_none();
    qn_scan_settings settings;
    qn_scan_options options;
    qn_scan_options_init(&options, sizeof options);
    qn_scan_settings_init(&settings, sizeof settings);
    options.settings = &settings;
    settings.short_delta = 0.6;
    assert_int_equal(qn_scan_run(&scan, e->inputs, 1, &options, &err), QN_INVALID);
    assert_null(scan);
    assert_non_null(strstr(err.message, "short-delta"));
    settings.short_delta = (double)NAN;
    assert_int_equal(qn_scan_run(&scan, e->inputs, 1, &options, &err), QN_INVALID);
    qn_scan_settings_init(&settings, sizeof settings);
    settings.spread_good = 30;
    assert_int_equal(qn_scan_run(&scan, e->inputs, 1, &options, &err), QN_INVALID);
    qn_scan_settings_init(&settings, sizeof settings);
    settings.events_most = 3;
    assert_int_equal(qn_scan_run(&scan, e->inputs, 1, &options, &err), QN_INVALID);
    qn_scan_settings_init(&settings, sizeof settings);
    options.rate = 5; /* five per cent, meant as 0.05 */
    options.rate_given = true;
    assert_int_equal(qn_scan_run(&scan, e->inputs, 1, &options, &err), QN_INVALID);
    assert_non_null(strstr(err.message, "rate"));
}

static void settings_of_an_older_caller_are_filled_up_with_defaults(void **state)
{
    const example *e = *state;
    qn_scan_settings settings;
    qn_scan_options options;
    qn_scan_options_init(&options, sizeof options);
    memset(&settings, 0xff, sizeof settings); /* what is not known to that caller is anything */
    qn_scan_settings_init(&settings, (int64_t)offsetof(qn_scan_settings, account));
    settings.decay = 0.5;
    options.settings = &settings;
    qn_scan *scan = run(e->inputs, EXAMPLE_TICKERS, &options);
    assert_true(scan->settings.decay == 0.5);
    assert_true(scan->settings.account == 100000 && scan->settings.weight_consistency == 5);
    qn_scan_free(scan);
}

static void a_name_twice_is_refused(void **state)
{
    const example *e = *state;
    qn_scan_input inputs[2] = {e->inputs[1], e->inputs[1]};
    qn_scan *scan;
    qn_error err = qn_error_none();
    assert_int_equal(qn_scan_run(&scan, inputs, 2, NULL, &err), QN_INVALID);
    assert_non_null(strstr(err.message, "QRN"));
    inputs[1].ticker = "";
    assert_int_equal(qn_scan_run(&scan, inputs, 2, NULL, &err), QN_INVALID);
}

static void nothing_to_scan_is_a_scan_of_nothing(void **state)
{
    (void)state;
    qn_scan *scan = run(NULL, 0, NULL);
    assert_int_equal(scan->ticker_count + scan->rejected_count, 0);
    assert_string_equal(scan->reference_name, qn_reference_default()->name);
    qn_scan_free(scan);
    qn_scan_free(NULL);
}

/* Asked before each ticker's first part, and before its second. */
static bool stop_at(void *user)
{
    return --*(int *)user < 0;
}

static void a_stopped_scan_keeps_what_is_done(void **state)
{
    const example *e = *state;
    for (int after = 0; after <= 2 * EXAMPLE_TICKERS; after++) {
        int left = after;
        qn_scan_options options;
        qn_scan_options_init(&options, sizeof options);
        options.should_stop = stop_at;
        options.should_stop_user = &left;
        qn_scan *scan = run(e->inputs, EXAMPLE_TICKERS, &options);
        int64_t judged = after - EXAMPLE_TICKERS; /* each asked once more in the second part */
        assert_true(scan->interrupted == (after < 2 * EXAMPLE_TICKERS));
        assert_int_equal(scan->ticker_count + scan->rejected_count, judged > 0 ? judged : 0);
        qn_scan_free(scan);
    }
}

static void count_progress(void *user, int64_t done)
{
    int64_t *last = user;
    assert_int_equal(done, *last + 1);
    *last = done;
}

static void progress_counts_every_ticker_once(void **state)
{
    const example *e = *state;
    int64_t last = 0;
    qn_scan_options options;
    qn_scan_options_init(&options, sizeof options);
    options.progress = count_progress;
    options.progress_user = &last;
    qn_scan_free(run(e->inputs, EXAMPLE_TICKERS, &options));
    assert_int_equal(last, EXAMPLE_TICKERS);
}

static int set_up(void **state)
{
    static example e;
    example_read(&e);
    *state = &e;
    return 0;
}

static int tear_down(void **state)
{
    example_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_is_judged_as_it_was_made),
        cmocka_unit_test(a_result_outlives_what_it_was_made_from),
        cmocka_unit_test(the_order_of_tickers_and_threads_change_nothing),
        cmocka_unit_test(a_peer_is_neither_judged_nor_rejected),
        cmocka_unit_test(the_timing_of_a_later_report_is_not_that_of_the_coming_one),
        cmocka_unit_test(a_ticker_without_a_chain_is_rejected),
        cmocka_unit_test(what_a_loader_complains_of_is_the_reason),
        cmocka_unit_test(wrong_settings_are_refused_by_name),
        cmocka_unit_test(settings_of_an_older_caller_are_filled_up_with_defaults),
        cmocka_unit_test(a_name_twice_is_refused),
        cmocka_unit_test(nothing_to_scan_is_a_scan_of_nothing),
        cmocka_unit_test(a_stopped_scan_keeps_what_is_done),
        cmocka_unit_test(progress_counts_every_ticker_once),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
