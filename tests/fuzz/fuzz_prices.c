/* Any bytes as daily prices. The first byte chooses the options; prices that come out are in order, above 0, and came
 * from no fewer bytes than they have rows. */
#include <quern/market.h>
#include <quern/prices.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                       \
    do {                                                                         \
        if (!(condition)) {                                                      \
            (void)fprintf(stderr, "fuzz_prices:%d: %s\n", __LINE__, #condition); \
            abort();                                                             \
        }                                                                        \
    } while (0)

static void require_price(double price)
{
    REQUIRE(isnan(price) || (price > 0 && !isinf(price)));
}

static void require_daily(const qn_daily *d)
{
    REQUIRE(d->ticker[0] != '\0' && strlen(d->ticker) < 16 && d->count > 0);
    for (int64_t i = 0; i < d->count; i++) {
        REQUIRE(i == 0 || d->days[i] > d->days[i - 1]);
        REQUIRE(qn_market_session(NULL, NULL, d->days[i]));
        REQUIRE(d->close[i] > 0 && !isinf(d->close[i]));
        require_price(d->open[i]);
        require_price(d->high[i]);
        require_price(d->low[i]);
        REQUIRE(isnan(d->volume[i]) || (d->volume[i] >= 0 && !isinf(d->volume[i])));
    }
}

static void require_sound(const qn_prices *prices, size_t size)
{
    int64_t rows = 0;
    for (int64_t i = 0; i < prices->ticker_count; i++) {
        require_daily(&prices->tickers[i]);
        REQUIRE(i == 0 || strcmp(prices->tickers[i - 1].ticker, prices->tickers[i].ticker) < 0);
        REQUIRE(qn_prices_find(prices, prices->tickers[i].ticker) == &prices->tickers[i]);
        rows += prices->tickers[i].count;
    }
    REQUIRE(rows == prices->row_count && rows > 0 && rows <= (int64_t)size);
    REQUIRE(prices->warning_count == 0 || prices->warnings[0][0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    qn_prices_options options;
    qn_prices_options_init(&options, sizeof options);
    if (data[0] & 1)
        options.ticker = "XYZ";
    if (data[0] & 2)
        options.map = "close=c,day=a b,open=";
    qn_error err = qn_error_none();
    qn_prices *prices = NULL;
    qn_status s = qn_prices_read_bytes(&prices, (const char *)data + 1, (int64_t)size - 1, "f", &options, &err);
    REQUIRE((s == QN_OK) == (prices != NULL));
    if (s == QN_OK)
        require_sound(prices, size);
    else
        REQUIRE(err.code == s && err.message[0] != '\0' && memchr(err.message, '\0', sizeof err.message) != NULL);
    qn_prices_free(prices);
    return 0;
}
