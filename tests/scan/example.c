/* scan/example.c: reads the shipped example's chains, prices and reports. */
#include "example.h"

#include "harness/harness.h"

#include <stdio.h>

void example_read(example *out)
{
    static const char *const tickers[EXAMPLE_TICKERS] = {"OAT", "QRN", "STN"};
    qn_error err = qn_error_none();
    assert_ok(qn_prices_read(&out->prices, "examples/scan/daily.csv", NULL, &err), &err);
    assert_ok(qn_calendar_read(&out->calendar, "examples/scan/reports.csv", NULL, &err), &err);
    for (int i = 0; i < EXAMPLE_TICKERS; i++) {
        char path[64];
        (void)snprintf(path, sizeof path, "examples/scan/chains/%s.csv", tickers[i]);
        assert_ok(qn_chain_read(&out->chains[i], path, NULL, &err), &err);
        qn_scan_input *in = &out->inputs[i];
        qn_scan_input_init(in, sizeof *in);
        in->ticker = tickers[i];
        in->chain = out->chains[i];
        in->daily = qn_prices_find(out->prices, tickers[i]);
        in->report_count = qn_calendar_find(&in->reports, out->calendar, tickers[i]);
    }
}

void example_free(example *e)
{
    for (int i = 0; i < EXAMPLE_TICKERS; i++)
        qn_chain_free(e->chains[i]);
    qn_prices_free(e->prices);
    qn_calendar_free(e->calendar);
}
