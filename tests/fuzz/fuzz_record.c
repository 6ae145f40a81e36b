/* Any bytes as a record. What is read is written and read again, and then written as the same text. */
#include <quern/records.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                       \
    do {                                                                         \
        if (!(condition)) {                                                      \
            (void)fprintf(stderr, "fuzz_record:%d: %s\n", __LINE__, #condition); \
            abort();                                                             \
        }                                                                        \
    } while (0)

static char *write_record(int64_t *size, const qn_record *r)
{
    char *text = NULL;
    qn_error err = qn_error_none();
    qn_status s = r->kind == QN_RECORD_CHAIN      ? qn_chain_to_json(&text, size, r->chain, NULL, &err)
                  : r->kind == QN_RECORD_PRICES   ? qn_prices_to_json(&text, size, r->prices, NULL, &err)
                  : r->kind == QN_RECORD_CALENDAR ? qn_calendar_to_json(&text, size, r->calendar, NULL, &err)
                  : r->kind == QN_RECORD_TRADE    ? qn_trade_to_json(&text, size, r->trade, NULL, &err)
                                                  : qn_history_to_json(&text, size, r->history, NULL, &err);
    REQUIRE(s == QN_OK && text != NULL);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    qn_record *record, *again;
    qn_error err = qn_error_none();
    qn_status s = qn_record_read(&record, (const char *)data, (int64_t)size, "f", NULL, &err);
    REQUIRE((s == QN_OK) == (record != NULL));
    if (s != QN_OK) {
        REQUIRE(err.code == s && err.message[0] != '\0' && memchr(err.message, '\0', sizeof err.message) != NULL);
        return 0;
    }
    int64_t first_size, second_size;
    char *first = write_record(&first_size, record);
    REQUIRE(qn_record_read(&again, first, first_size, "f", NULL, &err) == QN_OK && again->kind == record->kind);
    char *second = write_record(&second_size, again);
    REQUIRE(first_size == second_size && memcmp(first, second, (size_t)first_size) == 0);
    qn_record_text_free(second, second_size, NULL);
    qn_record_text_free(first, first_size, NULL);
    qn_record_free(again);
    qn_record_free(record);
    return 0;
}
