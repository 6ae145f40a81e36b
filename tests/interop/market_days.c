/* Prints what the calendar says, for another program to compare: "days": each day from 1990 to 2030 with the times of
 * its session, 0 where there is none; "clocks": times read from standard input and what clocks in New York show. */
#include <quern/market.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    FIRST = 7305, /* 1990-01-01 */
    LAST = 22279, /* 2030-12-31 */
};

int main(int count, char **words)
{
    if (count == 2 && strcmp(words[1], "days") == 0) {
        for (int32_t day = FIRST; day <= LAST; day++) {
            int64_t open, close;
            (void)qn_market_session(&open, &close, day);
            (void)printf("%" PRId32 " %" PRId64 " %" PRId64 "\n", day, open, close);
        }
        return 0;
    }
    int64_t us;
    while (scanf("%" SCNd64, &us) == 1) {
        int32_t day;
        int64_t seconds;
        qn_market_local(&day, &seconds, us);
        (void)printf("%" PRId64 " %" PRId32 " %" PRId64 " %" PRId64 "\n", us, day, seconds,
                     qn_market_time(day, seconds));
    }
    return 0;
}
