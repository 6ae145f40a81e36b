/* options/chain_text.h: the texts of foreign files: dates, times, symbols of options. Any thread, no memory. */
#ifndef QNI_OPTIONS_CHAIN_TEXT_H
#define QNI_OPTIONS_CHAIN_TEXT_H

#include <quern/chain.h>
#include <quern/market.h>

/* A date as people and programs write it, whatever time follows: 2026-02-13, 20260213, 2/13/2026 (month first), Fri Feb
 * 13 2026, February 13, 2026, 13-Feb-26; or ten digits, seconds since 1970 (the day in New York). False: it is none. */
bool qni_chain_date(int32_t *day, const char *text);

/* A date and a time of day, by New York's clock where no zone is given. EST, EDT, CST, CDT, ET, CT, UTC, GMT, Z and
 * offsets are known; ET and CT follow summer time. *has_time false: a date alone, *us is its midnight in New York. */
bool qni_chain_time(int64_t *us, bool *has_time, const char *text);

/* The parts of an option's symbol (OCC's Options Symbology Initiative, 2010): root, yymmdd, C or P, eight digits of
 * strike times 1000. */
typedef struct qni_symbol {
    char root[8];
    int32_t expiry;
    int8_t type;
    double strike;
} qni_symbol;

/* Blanks after the root and "O:" before it count for nothing; after blanks the strike may have fewer digits, as
 * OptionMetrics writes it ("SPXW 210115C3000000"). False: it is none. */
bool qni_symbol_parse(qni_symbol *out, const char *text);

/* The underlying that a root belongs to ("SPXW": "SPX"), and how its options are settled. Static or the root itself. */
const char *qni_root_ticker(const char *root);
qn_settlement qni_root_settlement(const char *root);

#endif
