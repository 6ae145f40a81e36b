/* cli/made_scan.h: scans made by hand, for the tests of what is written of them. */
#ifndef QUERN_TEST_CLI_MADE_SCAN_H
#define QUERN_TEST_CLI_MADE_SCAN_H

#include <quern/scan.h>

typedef struct made_scan made_scan;

/* What its tickers are like.
 *   MADE_WHOLE    every number is there, the kinds of trade and timing change from ticker to ticker
 *   MADE_EMPTY    nothing is known: every number NaN, every list empty
 *   MADE_HOSTILE  as whole; texts try to break the page */
typedef enum made_kind {
    MADE_WHOLE,
    MADE_EMPTY,
    MADE_HOSTILE
} made_kind;

made_scan *made_scan_new(made_kind kind, int64_t tickers);
const qn_scan *made_scan_get(const made_scan *made);
void made_scan_free(made_scan *made);

#endif
