/* Any bytes as an option chain. The first byte chooses the options; a chain that comes out is in order, has a class for
 * each quote, and came from no fewer bytes than it has quotes. Symbols, dates and times are read by themselves as well.
 */
#include <quern/chain.h>

#include "options/chain_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                      \
    do {                                                                        \
        if (!(condition)) {                                                     \
            (void)fprintf(stderr, "fuzz_chain:%d: %s\n", __LINE__, #condition); \
            abort();                                                            \
        }                                                                       \
    } while (0)

static void require_order(const qn_quote *a, const qn_quote *b)
{
    REQUIRE(a->expiry <= b->expiry);
    if (a->expiry != b->expiry)
        return;
    REQUIRE(a->settlement <= b->settlement);
    if (a->settlement != b->settlement)
        return;
    REQUIRE(a->strike <= b->strike);
    if (a->strike < b->strike)
        return;
    REQUIRE(a->type >= b->type);
    REQUIRE(a->type != b->type ||
            (a->line <= b->line && (b->quote_class == QN_QUOTE_DUPLICATE || b->quote_class == QN_QUOTE_EXPIRED)));
}

static void require_sound(const qn_chain *chain, size_t size)
{
    int64_t sum = 0;
    for (int i = 0; i < QN_QUOTE_CLASS_COUNT; i++)
        sum += chain->classes[i];
    REQUIRE(sum == chain->count && chain->count <= (int64_t)size * 2);
    REQUIRE(chain->warning_count == 0 || chain->warnings[0][0] != '\0');
    REQUIRE(isnan(chain->spot) || (chain->spot > 0 && !isinf(chain->spot)));
    for (int64_t i = 0; i < chain->count; i++) {
        const qn_quote *q = &chain->quotes[i];
        REQUIRE(q->strike > 0 && !isinf(q->strike) && (q->type == QN_CALL || q->type == QN_PUT) && q->line > 0);
        REQUIRE(q->quote_class != QN_QUOTE_GOOD || (q->bid > 0 && q->bid <= q->ask && !isinf(q->ask)));
        if (i > 0)
            require_order(q - 1, q);
    }
}

/* The beginning of the bytes as one text. */
static void read_texts(const char *bytes, size_t size)
{
    char text[64];
    size_t count = size < sizeof text - 1 ? size : sizeof text - 1;
    memcpy(text, bytes, count);
    text[count] = '\0';
    int32_t day;
    int64_t us;
    bool has_time;
    qni_symbol symbol;
    if (qni_symbol_parse(&symbol, text))
        REQUIRE(symbol.strike > 0 && strlen(symbol.root) <= 6 && symbol.root[0] != '\0');
    if (qni_chain_date(&day, text))
        REQUIRE(day > -30000 && day < 400000);
    if (qni_chain_time(&us, &has_time, text))
        REQUIRE(has_time || us % 3600000000 == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    const char *bytes = (const char *)data + 1;
    qn_chain_options options;
    qn_chain_options_init(&options, sizeof options);
    if (data[0] & 1)
        options.as_of_us = INT64_C(1771000000000000);
    if (data[0] & 2)
        options.ticker = "XYZ";
    if (data[0] & 4)
        options.map = "bid=best,type=,call_ask=a b";
    qn_error err = qn_error_none();
    qn_chain *chain = NULL;
    qn_status s = qn_chain_read_bytes(&chain, bytes, (int64_t)size - 1, "f", &options, &err);
    REQUIRE((s == QN_OK) == (chain != NULL));
    if (s == QN_OK)
        require_sound(chain, size);
    else
        REQUIRE(err.code == s && err.message[0] != '\0' && memchr(err.message, '\0', sizeof err.message) != NULL);
    qn_chain_free(chain);
    read_texts(bytes, size - 1);
    return 0;
}
