/* The byte-by-byte form of the scanning functions, which processors without SSE2 use, against plain loops. Everything
 * else in the suite runs the other form. */
#define QUERN_CSV_SCALAR
#include "array/csv_scan.h"

#include "harness/harness.h"

static void masks_and_searches_agree_with_plain_loops(void **state)
{
    (void)state;
    uint64_t random = test_seed(5);
    static const char alphabet[] = "ab,\"\n\r\t ;\x0E\x80\xFF";
    for (int round = 0; round < 20000; round++) {
        char text[96] = {0};
        int64_t size = test_random_below(&random, 60);
        for (int64_t i = 0; i < size; i++)
            text[i] = alphabet[test_random_below(&random, sizeof alphabet - 1)];
        const char *control = text, *quote = text;
        while (*control != ',' && (unsigned char)*control > '\r')
            control++;
        while (*quote != '"' && *quote != '\0')
            quote++;
        assert_ptr_equal(qni_scan_control(text, ','), control);
        assert_ptr_equal(qni_scan_byte(text, '"'), quote);
        uint32_t commas = qni_bytes_equal(qni_bytes_load(text), ',');
        int count = 0;
        for (int i = 0; i < 16; i++) {
            assert_int_equal(commas >> i & 1, text[i] == ',');
            count += text[i] == ',';
        }
        assert_int_equal(qni_count_ones16(commas), count);
    }
    for (uint32_t x = 0; x < 0x10000; x++)
        assert_int_equal(qni_count_ones16(x), __builtin_popcount(x));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(masks_and_searches_agree_with_plain_loops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
