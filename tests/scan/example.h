/* scan/example.h: the shipped example (examples/scan) as the inputs of a scan. */
#ifndef QUERN_TEST_SCAN_EXAMPLE_H
#define QUERN_TEST_SCAN_EXAMPLE_H

#include <quern/scan.h>

enum {
    EXAMPLE_TICKERS = 3 /* OAT, QRN, STN */
};

typedef struct example {
    qn_chain *chains[EXAMPLE_TICKERS];
    qn_prices *prices;
    qn_calendar *calendar;
    qn_scan_input inputs[EXAMPLE_TICKERS]; /* borrow the above */
} example;

void example_read(example *out);
void example_free(example *e);

#endif
