/* Any bytes as an earnings calendar and as a list of sectors, their beginning as a timing. The first byte chooses the
 * options; a calendar that comes out is in order, each ticker's day once. */
#include <quern/earnings.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                         \
    do {                                                                           \
        if (!(condition)) {                                                        \
            (void)fprintf(stderr, "fuzz_calendar:%d: %s\n", __LINE__, #condition); \
            abort();                                                               \
        }                                                                          \
    } while (0)

static void require_sound(const qn_calendar *calendar, size_t size)
{
    REQUIRE(calendar->count > 0 && calendar->count <= (int64_t)size);
    for (int64_t i = 0; i < calendar->count; i++) {
        const qn_earnings *e = &calendar->reports[i], *first;
        REQUIRE(e->ticker[0] != '\0' && strlen(e->ticker) < 16 && e->timing <= QN_TIMING_DURING && e->line > 1);
        REQUIRE(e->fiscal_end == INT32_MIN || (e->fiscal_end > -30000 && e->fiscal_end < 400000));
        int order = i > 0 ? strcmp(e[-1].ticker, e->ticker) : -1;
        REQUIRE(order < 0 || (order == 0 && e[-1].day < e->day));
        int64_t count = qn_calendar_find(&first, calendar, e->ticker);
        REQUIRE(count > 0 && first <= e && e < first + count);
    }
    REQUIRE(calendar->warning_count == 0 || calendar->warnings[0][0] != '\0');
}

static void require_error(qn_status s, const qn_error *err)
{
    REQUIRE(err->code == s && err->message[0] != '\0' && memchr(err->message, '\0', sizeof err->message) != NULL);
}

static void read_sectors(const char *bytes, int64_t size)
{
    qn_error err = qn_error_none();
    qn_sectors *sectors = NULL;
    qn_status s = qn_sectors_read_bytes(&sectors, bytes, size, "f", NULL, &err);
    REQUIRE((s == QN_OK) == (sectors != NULL));
    if (s != QN_OK) {
        require_error(s, &err);
        return;
    }
    for (int64_t i = 0; i < qn_sectors_count(sectors); i++) {
        const char *ticker, *sector;
        qn_sectors_at(&ticker, &sector, sectors, i);
        REQUIRE(qn_sectors_find(sectors, ticker) == sector);
    }
    qn_sectors_free(sectors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    const char *bytes = (const char *)data + 1;
    char text[48];
    size_t count = size - 1 < sizeof text - 1 ? size - 1 : sizeof text - 1;
    memcpy(text, bytes, count);
    text[count] = '\0';
    qn_timing timing;
    REQUIRE(!qn_timing_from_text(&timing, text) || timing <= QN_TIMING_DURING);
    qn_calendar_options options;
    qn_calendar_options_init(&options, sizeof options);
    if (data[0] & 1)
        options.ticker = "XYZ";
    if (data[0] & 2)
        options.map = "day=a b,timing=c";
    qn_error err = qn_error_none();
    qn_calendar *calendar = NULL;
    qn_status s = qn_calendar_read_bytes(&calendar, bytes, (int64_t)size - 1, "f", &options, &err);
    REQUIRE((s == QN_OK) == (calendar != NULL));
    if (s == QN_OK)
        require_sound(calendar, size);
    else
        require_error(s, &err);
    qn_calendar_free(calendar);
    read_sectors(bytes, (int64_t)size - 1);
    return 0;
}
