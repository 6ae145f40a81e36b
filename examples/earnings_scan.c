/* A scan from a program: one company's chain, past prices and reports, and the trade that is recommended.
 *
 *     cc earnings_scan.c $(pkg-config --cflags --libs quern) -o earnings_scan
 *     ./earnings_scan scan/chains/QRN.csv scan/daily.csv scan/reports.csv
 */
#include <quern/quern.h>

#include <stdio.h>

static void show(const qn_scan *scan)
{
    for (int64_t i = 0; i < scan->rejected_count; i++)
        printf("%s is rejected: %s\n", scan->rejected[i].ticker, scan->rejected[i].reason);
    for (int64_t i = 0; i < scan->ticker_count; i++) {
        const qn_scan_ticker *t = &scan->tickers[i];
        printf("%s: implied move %.1f %%, expected %.1f %%, ratio %.2f (%.2f to %.2f)\n", t->ticker,
               100 * t->event.implied_move, 100 * t->history.expected, t->vrp.ratio, t->vrp.low, t->vrp.high);
        if (t->best < 0)
            continue;
        const qn_trade *best = &t->trades[t->best];
        printf("%s, %lld contracts:\n", qn_strategy_name(best->strategy), (long long)best->contracts);
        for (int64_t k = 0; k < best->leg_count; k++)
            printf("  %+d %s %g at %.2f\n", (int)best->legs[k].quantity, best->legs[k].type == QN_CALL ? "call" : "put",
                   best->legs[k].strike, best->legs[k].price);
        printf("at most %.2f lost a share, %.0f %% probability of profit\n", best->payoff.max_loss, 100 * best->pop);
    }
}

int main(int argc, char **argv)
{
    qn_error err = qn_error_none();
    qn_chain *chain = NULL;
    qn_prices *prices = NULL;
    qn_calendar *calendar = NULL;
    qn_scan *scan = NULL;
    qn_scan_input input;
    qn_scan_settings settings;
    qn_scan_options options;

    if (argc != 4) {
        fprintf(stderr, "usage: earnings_scan CHAIN PRICES REPORTS\n");
        return 2;
    }
    qn_status s = qn_chain_read(&chain, argv[1], NULL, &err);
    if (s == QN_OK)
        s = qn_prices_read(&prices, argv[2], NULL, &err);
    if (s == QN_OK)
        s = qn_calendar_read(&calendar, argv[3], NULL, &err);
    if (s == QN_OK) {
        qn_scan_input_init(&input, sizeof input);
        input.ticker = chain->ticker;
        input.chain = chain;
        input.daily = qn_prices_find(prices, chain->ticker);
        input.report_count = qn_calendar_find(&input.reports, calendar, chain->ticker);

        qn_scan_settings_init(&settings, sizeof settings);
        settings.account = 25000;
        qn_scan_options_init(&options, sizeof options);
        options.settings = &settings;
        options.threads = qn_threads_default();
        s = qn_scan_run(&scan, &input, 1, &options, &err);
    }
    if (s == QN_OK)
        show(scan);
    else
        fprintf(stderr, "%s\n", err.message);

    qn_scan_free(scan); /* independent of what it was made from */
    qn_calendar_free(calendar);
    qn_prices_free(prices);
    qn_chain_free(chain);
    return s == QN_OK ? 0 : 1;
}
