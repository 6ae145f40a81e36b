/* The event's move of real chains: NVIDIA's quotes of 2026-02-13 before its report of 2026-02-25 after the close, whose
 * straddle and event have been worked out by others and by hand; and the chains of shares that had no report then,
 * which must show none. */
#include "base/time.h"
#include "harness/harness.h"
#include "options/made_event.h"
#include "scan/event_int.h"

#include <math.h>
#include <stdio.h>

typedef struct real {
    qn_chain *chain;
    made_subject m;
} real;

static int32_t date(int month, int day)
{
    return qni_date_days(2026, month, day);
}

/* False: there are no data. */
static bool open_real(real *out, const char *ticker, int32_t report, qn_clock clock)
{
    const char *folder = test_shared_data("events in real chains");
    char path[512];
    if (folder == NULL)
        return false;
    snprintf(path, sizeof path, "%s/options/yfinance_%s_2026-02-13.csv", folder, ticker);
    qn_error err;
    assert_ok(qn_chain_read(&out->chain, path, NULL, &err), &err);
    made_subject_init(&out->m, out->chain, report, QN_TIMING_AFTER_CLOSE, clock, NULL);
    assert_ok(made_subject_run(&out->m, &err), &err);
    return true;
}

static void close_real(real *r)
{
    made_subject_free(&r->m);
    qn_chain_free(r->chain);
}

static void show(const char *ticker, const qn_event_move *e, qn_clock clock)
{
    print_message("%s, %-8s event %.2f %% (error %.2f), strips %.2f %%, move %.2f %%, straddle %.2f %% (error %.2f), "
                  "diffusive %.1f %% a year (error %.1f)\n",
                  ticker, qn_clock_name(clock), 100 * e->sigma, 100 * e->sigma_error, 100 * e->strip_sigma,
                  100 * e->implied_move, 100 * e->straddle_move, 100 * e->straddle_error, 100 * e->diffusive_vol,
                  100 * e->diffusive_error);
}

/* By hand, with volatilities of .418 to 02-20 and .549 to 02-27: 6.3 to 7.4 %, by the clock; the straddle 8.85 %. */
static void nvidias_event_is_what_others_find(void **state)
{
    (void)state;
    for (int clock = 0; clock < 3; clock++) {
        real r;
        if (!open_real(&r, "NVDA", date(2, 25), (qn_clock)clock))
            skip();
        const qn_event_move *e = &r.m.result.event;
        const qn_smile *smiles = r.m.subject.surface->smiles;
        assert_null(r.m.subject.reject);
        show("NVDA", e, (qn_clock)clock);
        assert_string_equal(e->method, "before and after");
        assert_int_equal(smiles[e->before].expiry, date(2, 20));
        assert_int_equal(smiles[e->first].expiry, date(2, 27));
        assert_int_equal(smiles[e->second].expiry, date(3, 6));
        assert_close(e->straddle_move, 0.0885, 0, 0.0015);
        assert_true(e->sigma > 0.062 && e->sigma < 0.076);
        assert_true(e->strip_sigma > 0.062 && e->strip_sigma < 0.076);
        assert_true(e->implied_move > 0.055 && e->implied_move < 0.065);
        assert_true(e->sigma_error > 0.0005 && e->sigma_error < 0.005);
        qn_error err;
        assert_ok(qni_liquidity(&r.m.subject, &err), &err);
        assert_int_equal(r.m.result.liquidity.tier, QN_TIER_EXCELLENT);
        close_real(&r);
    }
}

/* They report in January or February, and in April: 2026-02-25 is no more than a day among others. */
static void shares_without_a_report_show_none(void **state)
{
    (void)state;
    const char *const tickers[] = {"AAPL", "AMZN", "TSLA"};
    for (int i = 0; i < 3; i++) {
        qn_clock clock = (qn_clock)i; /* each of them once */
        real r;
        if (!open_real(&r, tickers[i], date(2, 25), clock))
            skip();
        const qn_event_move *e = &r.m.result.event;
        show(tickers[i], e, clock);
        assert_true(r.m.subject.reject != NULL || (e->sigma < 2 * e->sigma_error && e->sigma < 0.02));
        close_real(&r);
    }
}

/* The levels at the money of the small chain beside those of the same expiries among all of the whole chain. */
static void few_expiries_and_strikes_change_no_level(void **state)
{
    (void)state;
    test_not_short();
    const char *const tickers[] = {"NVDA", "AAPL"};
    for (int i = 0; i < 2; i++) {
        real r;
        if (!open_real(&r, tickers[i], date(2, 25), QN_CLOCK_TRADING))
            skip();
        qn_surface_options options;
        qn_surface_options_init(&options, sizeof options);
        options.clock = QN_CLOCK_TRADING;
        qn_surface *all;
        qn_error err;
        assert_ok(qn_surface_new(&all, r.chain, &options, &err), &err);
        const qn_surface *few = r.m.subject.surface;
        for (int64_t j = 0, k = 0; j < few->smile_count; j++) {
            while (all->smiles[k].expiry != few->smiles[j].expiry)
                k++;
            qni_event_level small, whole;
            assert_true(qni_event_level_of(&small, &few->smiles[j]));
            assert_true(qni_event_level_of(&whole, &all->smiles[k]));
            assert_close(small.variance, whole.variance, 0.01, 0);
            assert_true(fabs(small.variance - whole.variance) < small.error);
            assert_close(few->smiles[j].atm_vol, all->smiles[k].atm_vol, 0.02, 0);
            assert_close(few->smiles[j].strip_variance, all->smiles[k].strip_variance, 0.08, 0);
            print_message("%s: total variance %.6f of the small chain, %.6f of all\n", tickers[i], small.variance,
                          whole.variance);
        }
        qn_surface_free(all);
        close_real(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nvidias_event_is_what_others_find),
        cmocka_unit_test(shares_without_a_report_show_none),
        cmocka_unit_test(few_expiries_and_strikes_change_no_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
