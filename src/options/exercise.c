/* options/exercise.c: which options can be exercised at expiry alone. Any thread. */
#include "options/smile_int.h"

#include <string.h>

/* Options on indices, settled in cash, that their exchanges specify as European: Cboe's product specifications
 * (cboe.com, "Index Options Product Specifications") and Nasdaq PHLX's (NDX, XND). Options on the S&P 100 come in both
 * kinds: OEX is American, XEO European. All options on shares and funds in the United States are American. */
static const char *const european[] = {
    "CBTX", "DJX", "MBTX", "MRUT", "MXACW", "MXEA", "MXEF",  "MXUSA", "MXWLD", "NANOS", "NDX", "NDXP", "NQX", "RLG",
    "RLV",  "RUI", "RUT",  "RUTW", "SPESG", "SPX",  "SPXPM", "SPXW",  "VIX",   "VIXW",  "XEO", "XND",  "XSP", "XSPAM",
};

bool qni_exercise_european(const char *ticker)
{
    ticker += strspn(ticker, "^$_."); /* as some providers mark an index: ^SPX, $SPX, _SPX, .SPX */
    for (size_t i = 0; i < sizeof european / sizeof european[0]; i++) {
        if (strcmp(ticker, european[i]) == 0)
            return true;
    }
    return false;
}
