/* scan/build_kit.h: a ticker with quotes around a coming report, whose smiles are known, for the tests of trades. */
#ifndef QUERN_TEST_SCAN_BUILD_KIT_H
#define QUERN_TEST_SCAN_BUILD_KIT_H

#include "harness/harness.h"
#include "options/made.h"
#include "scan/scan_int.h"

enum {
    KIT_QUOTES = 512,
    KIT_FIRST = 20510, /* 2026-02-26 */
    KIT_SECOND = 20545
};

/* Smiles are flat; everything may be changed before kit_build. */
typedef struct kit {
    qn_quote quotes[KIT_QUOTES];
    qn_chain chain;
    qn_smile smiles[2]; /* the first expiry after the report, and the second */
    qn_surface surface;
    qn_scan_settings settings;
    qn_scan_ticker result;
    qn_arena *arena;
    qni_subject subject;
} kit;

/* Forward 100 and an expected move of 7 % until the first expiry, four days away; the volatility without the report is
 * 0.3; strikes from 70 to 130, 2.5 apart; a rate of 4 %. Quotes are Black's prices, their spreads 4 % of them and at
 * least two cents; 1000 contracts of each are open. */
void kit_make(kit *k, const qn_allocator *allocator);
void kit_free(kit *k);

/* Sets the quote of an option that there is. */
void kit_quote(kit *k, int32_t expiry, qn_option_type type, double strike, double bid, double ask);

/* Makes all quotes of a strike and type, or of a type (strike 0), of that class. */
void kit_class(kit *k, int32_t expiry, qn_option_type type, double strike, qn_quote_class quote_class);

/* Builds, and gives one of the trades. */
const qn_trade *kit_build(kit *k, qn_strategy strategy);

#endif
