/* Every allocation of making and reading a source fails in turn: nothing leaks. Once it has given records, a source
 * asks for nothing more. */
#include "harness/harness.h"

#include <quern/feeds.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    ROWS = 20000
};

static const char plain[] = "/tmp/quern-feeds-XXXXXX";
static char path[64];

/* A file that is longer than a window. */
static int write_file(void **state)
{
    (void)state;
    memcpy(path, plain, sizeof plain);
    int fd = mkstemp(path);
    FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (out == NULL)
        return -1;
    (void)fputs("time,symbol,price,size,seq\n", out);
    for (int i = 0; i < ROWS; i++)
        (void)fprintf(out, "2024-03-01T14:30:00.%09d,S%d,%d.25,%d,%d\n", i, i % 7, i, i % 100, i);
    return fclose(out);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static qn_status read_all(qn_stream_source *source, const test_allocator *counted)
{
    static qn_tick ticks[100];
    int64_t count, after_first = -1;
    qn_status s;
    do {
        s = source->read(source->self, ticks, 100, &count, NULL);
        if (counted != NULL && after_first >= 0)
            assert_int_equal(counted->allocations, after_first);
        if (counted != NULL)
            after_first = counted->allocations;
    } while (s == QN_OK && count > 0);
    return s;
}

static qn_status read_file(const qn_allocator *allocator, void *user)
{
    qn_symbols *symbols = NULL;
    qn_stream_source source = {0};
    qn_csv_source_options o;
    qn_csv_source_options_init(&o, sizeof o);
    o.allocator = allocator;
    o.map = "size=size";
    o.symbol = "X";
    o.sequence_by_symbol = true;
    qn_status s = qn_symbols_new(&symbols, 16, allocator, NULL);
    if (s == QN_OK)
        s = qn_csv_source(&source, path, symbols, &o, NULL);
    assert_true((source.self != NULL) == (s == QN_OK));
    if (s == QN_OK)
        s = read_all(&source, user);
    if (source.free != NULL)
        source.free(source.self);
    qn_symbols_free(symbols);
    return s;
}

/* gzip.compress(b"time,price\n1,2\n2,3\n", 6, mtime=0) */
static const unsigned char compressed[] = {
    0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x2B, 0xC9, 0xCC,
    0x4D, 0xD5, 0x29, 0x28, 0xCA, 0x4C, 0x4E, 0xE5, 0x32, 0xD4, 0x31, 0xE2, 0x32,
    0xD2, 0x31, 0xE6, 0x02, 0x00, 0xFD, 0xA2, 0x4C, 0x68, 0x13, 0x00, 0x00, 0x00,
};

static qn_status read_compressed(const qn_allocator *allocator, void *user)
{
    (void)user;
    int ends[2];
    char name[64];
    qn_symbols *symbols = NULL;
    qn_stream_source source = {0};
    qn_csv_source_options o;
    qn_csv_source_options_init(&o, sizeof o);
    o.allocator = allocator;
    o.columns = "time,price";
    o.symbol = "X";
    o.skip_bad = true;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], compressed, sizeof compressed), (ssize_t)sizeof compressed);
    assert_int_equal(close(ends[1]), 0);
    (void)snprintf(name, sizeof name, "/dev/fd/%d", ends[0]);
    qn_status s = qn_symbols_new(&symbols, 16, allocator, NULL);
    if (s == QN_OK)
        s = qn_csv_source(&source, name, symbols, &o, NULL);
    assert_int_equal(close(ends[0]), 0);
    if (s == QN_OK)
        s = read_all(&source, NULL);
    if (source.free != NULL)
        source.free(source.self);
    qn_symbols_free(symbols);
    return s;
}

static qn_status generate(const qn_allocator *allocator, void *user)
{
    qn_symbols *symbols = NULL;
    qn_stream_source source = {0};
    qn_generated_options o;
    qn_generated_options_init(&o, sizeof o);
    o.allocator = allocator;
    qn_status s = qn_symbols_new(&symbols, 16, allocator, NULL);
    if (s == QN_OK)
        s = qn_generated_source(&source, 1000, symbols, &o, NULL);
    assert_true((source.self != NULL) == (s == QN_OK));
    if (s == QN_OK)
        s = read_all(&source, user);
    if (source.free != NULL)
        source.free(source.self);
    qn_symbols_free(symbols);
    return s;
}

static void sources_survive_every_failed_allocation(void **state)
{
    (void)state;
    assert_true(test_fault_sweep(read_file, NULL, 100) > 8);
    assert_true(test_fault_sweep(generate, NULL, 100) > 4);
    if (qn_has("zlib"))
        assert_true(test_fault_sweep(read_compressed, NULL, 100) > 10);
}

static void a_source_that_has_given_records_asks_for_no_more_memory(void **state)
{
    (void)state;
    test_allocator counted;
    test_allocator_init(&counted);
    assert_int_equal(read_file(&counted.allocator, &counted), QN_OK);
    assert_int_equal(generate(&counted.allocator, &counted), QN_OK);
    assert_true(counted.peak_bytes < 1 << 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sources_survive_every_failed_allocation),
        cmocka_unit_test(a_source_that_has_given_records_asks_for_no_more_memory),
    };
    return cmocka_run_group_tests(tests, write_file, remove_file);
}
