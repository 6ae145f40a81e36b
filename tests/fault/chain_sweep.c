/* Every allocation of reading a chain fails in turn: nothing leaks, nothing is half done. */
#include "harness/harness.h"

#include <quern/chain.h>

#include <string.h>

static const char cboe[] = "Some Index,Last: 3856.28\n\"Date: July 12, 2022, 11:55 AM EDT\"\n"
                           "Expiration Date,Calls,Bid,Ask,Strike,Puts,Bid,Ask\n"
                           "Fri Jul 15 2022,SPX220715C03800000,70.8,71.9,3800,SPX220715P03800000,14.5,14.9\n"
                           "Fri Jul 15 2022,SPX220715C03700000,170.8,171.9,3700,SPX220715P03700000,4.5,4.9\n";

/* Every kind of warning that one file can have. */
static const char odd[] = "a listing\nsymbol,contract,date,expiry,type,strike,bid,ask,spot,last_time\n"
                          "XYZ,Feb 95,2026-02-13,2026-02-20,c,95,5,5.2,99,2026-02-13 15:00\n"
                          "XYZ,Feb 96,2026-02-12,2026-02-20,c,96,5,5.2,100,\n"
                          "ABC,Feb 96,2026-02-13,2026-02-20,c,96,5,5.2,100,\n"
                          "XYZ,Feb 97,2026-02-13,2026-02-20,p,97,5,5.2,100,";

/* gzip.compress(b"expiry,type,strike,bid,ask,last_time\n2026-02-20,c,95,5,6,2026-02-13 15:00\n", 9, mtime=0) */
static const uint8_t compressed[] = {
    0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x4B, 0xAD, 0x28, 0xC8, 0x2C, 0xAA, 0xD4, 0x29,
    0xA9, 0x2C, 0x48, 0xD5, 0x29, 0x2E, 0x29, 0xCA, 0xCC, 0x4E, 0xD5, 0x49, 0xCA, 0x4C, 0xD1, 0x49, 0x2C, 0xCE,
    0xD6, 0xC9, 0x49, 0x2C, 0x2E, 0x89, 0x2F, 0xC9, 0xCC, 0x4D, 0xE5, 0x32, 0x32, 0x30, 0x32, 0xD3, 0x35, 0x30,
    0xD2, 0x35, 0x32, 0xD0, 0x49, 0xD6, 0xB1, 0x34, 0xD5, 0x31, 0xD5, 0x31, 0xD3, 0x81, 0x89, 0x19, 0x1A, 0x2B,
    0x18, 0x9A, 0x5A, 0x19, 0x18, 0x70, 0x01, 0x00, 0x02, 0x5E, 0xF9, 0xEE, 0x4A, 0x00, 0x00, 0x00,
};

typedef struct source {
    const char *bytes;
    int64_t size;
    qn_chain_options options;
} source;

static qn_status read_bytes(const qn_allocator *allocator, void *user)
{
    const source *from = user;
    qn_chain_options options = from->options;
    options.allocator = allocator;
    qn_chain *chain;
    qn_status s = qn_chain_read_bytes(&chain, from->bytes, from->size, "t.csv", &options, NULL);
    assert_true((chain != NULL) == (s == QN_OK));
    qn_chain_free(chain);
    return s;
}

static qn_status read_file(const qn_allocator *allocator, void *user)
{
    (void)user;
    qn_chain_options options;
    qn_chain_options_init(&options, sizeof options);
    options.allocator = allocator;
    qn_chain *chain;
    qn_status s = qn_chain_read(&chain, "examples/chain.csv", &options, NULL);
    qn_chain_free(chain);
    return s;
}

static qn_status make(const qn_allocator *allocator, void *user)
{
    (void)user;
    qn_chain_options options;
    qn_chain_options_init(&options, sizeof options);
    options.allocator = allocator;
    const qn_quote quotes[] = {{.type = QN_PUT, .strike = 1, .last_us = 5},
                               {.type = QN_CALL, .strike = 1, .last_us = 5}};
    qn_chain *chain;
    qn_status s = qn_chain_from_quotes(&chain, "XYZ", quotes, 2, &options, NULL);
    qn_chain_free(chain);
    return s;
}

static void reading_survives_every_failed_allocation(void **state)
{
    (void)state;
    source from = {.bytes = cboe, .size = sizeof cboe - 1};
    qn_chain_options_init(&from.options, sizeof from.options);
    assert_true(test_fault_sweep(read_bytes, &from, 1000) > 20);
    from.bytes = odd;
    from.size = sizeof odd - 1;
    from.options.ticker = "XYZ";
    from.options.as_of_us = INT64_C(1771012800000000); /* 2026-02-13 15:00 in New York */
    assert_true(test_fault_sweep(read_bytes, &from, 1000) > 20);
    assert_true(test_fault_sweep(read_file, NULL, 1000) > 20);
    if (qn_has("zlib")) {
        from.bytes = (const char *)compressed;
        from.size = sizeof compressed;
        assert_true(test_fault_sweep(read_bytes, &from, 1000) > 20);
    }
}

static void making_survives_every_failed_allocation(void **state)
{
    (void)state;
    assert_true(test_fault_sweep(make, NULL, 1000) > 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reading_survives_every_failed_allocation),
        cmocka_unit_test(making_survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
