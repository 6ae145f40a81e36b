/* Records and columns as arrays of an .npz file. The archive is taken apart here by hand, by PKWARE's APPNOTE and
 * numpy.lib.format; what NumPy makes of it is asked in tests/interop/replay_npz.py. */
#include "stream/sink_kit.h"

#include "array/npz_stream.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const names[] = {"ABC", "größe", "日本"};
static qn_symbols *symbols;

/* ---- an archive, taken apart ---- */

static uint64_t number_at(const char *bytes, int64_t at, int size)
{
    uint64_t value = 0;
    for (int i = size - 1; i >= 0; i--)
        value = value << 8 | (uint8_t)bytes[at + i];
    return value;
}

/* CRC-32 bit by bit, as its definition says. */
static uint32_t plain_crc(const char *bytes, int64_t size)
{
    uint32_t crc = ~0u;
    for (int64_t i = 0; i < size; i++) {
        crc ^= (uint8_t)bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xEDB88320u : crc >> 1;
    }
    return ~crc;
}

typedef struct member {
    const char *header; /* of the .npy file, behind its first ten bytes */
    const char *data;
    int64_t size; /* bytes of data */
} member;

static uint64_t wide_field(const char *extra, int64_t size, int64_t index)
{
    for (int64_t at = 0; at < size; at += 4 + (int64_t)number_at(extra, at + 2, 2))
        if (number_at(extra, at, 2) == 1)
            return number_at(extra, at + 4 + 8 * index, 8);
    fail_msg("there is no zip64 field");
    return 0;
}

/* The directory: where it begins, and how many members it has. */
static int64_t directory_of(const char *bytes, int64_t size, int64_t *count)
{
    int64_t end = size - 22;
    assert_int_equal(number_at(bytes, end, 4), 0x06054B50);
    int64_t at = (int64_t)number_at(bytes, end + 16, 4);
    *count = (int64_t)number_at(bytes, end + 10, 2);
    if (at != UINT32_MAX)
        return at;
    assert_int_equal(number_at(bytes, end - 20, 4), 0x07064B50);
    int64_t wide = (int64_t)number_at(bytes, end - 20 + 8, 8);
    assert_int_equal(number_at(bytes, wide, 4), 0x06064B50);
    *count = (int64_t)number_at(bytes, wide + 32, 8);
    assert_int_equal(wide, number_at(bytes, wide + 48, 8) + number_at(bytes, wide + 40, 8));
    return (int64_t)number_at(bytes, wide + 48, 8);
}

static member find_member(const char *bytes, int64_t size, const char *name)
{
    int64_t count, at = directory_of(bytes, size, &count), length = (int64_t)strlen(name);
    for (int64_t i = 0; i < count; i++) {
        assert_int_equal(number_at(bytes, at, 4), 0x02014B50);
        int64_t name_size = (int64_t)number_at(bytes, at + 28, 2), extra_size = (int64_t)number_at(bytes, at + 30, 2);
        const char *extra = bytes + at + 46 + name_size;
        uint64_t length_of = number_at(bytes, at + 24, 4), offset = number_at(bytes, at + 42, 4);
        if (name_size == length + 4 && memcmp(bytes + at + 46, name, (size_t)length) == 0) {
            bool wide = length_of == UINT32_MAX;
            if (offset == UINT32_MAX)
                offset = wide_field(extra, extra_size, wide ? 2 : 0);
            if (wide)
                length_of = wide_field(extra, extra_size, 0);
            int64_t local = (int64_t)offset;
            assert_int_equal(number_at(bytes, local, 4), 0x04034B50);
            assert_memory_equal(bytes + local + 4 + 2, bytes + at + 6 + 2, 20); /* flags to the sizes */
            int64_t local_extra = (int64_t)number_at(bytes, local + 28, 2);
            if (wide)
                assert_int_equal(wide_field(bytes + local + 30 + name_size, local_extra, 1), length_of);
            const char *npy = bytes + local + 30 + name_size + local_extra;
            assert_int_equal((npy - bytes) % 64, 0);
            assert_int_equal(plain_crc(npy, (int64_t)length_of), number_at(bytes, at + 16, 4));
            assert_memory_equal(npy, "\x93NUMPY\1\0", 8);
            int64_t header = (int64_t)number_at(npy, 8, 2) + 10;
            assert_int_equal(header % 64, 0);
            return (member){npy + 10, npy + header, (int64_t)length_of - header};
        }
        at += 46 + name_size + extra_size;
    }
    fail_msg("there is no member %s", name);
    return (member){0};
}

static const char *archive;
static int64_t archive_size;

static member must_find(const char *name, const char *type, int64_t rows, int64_t row_size)
{
    member m = find_member(archive, archive_size, name);
    char expected[128];
    (void)snprintf(expected, sizeof expected, "{'descr': '%s', 'fortran_order': False, 'shape': (%lld,), }", type,
                   (long long)rows);
    assert_memory_equal(m.header, expected, strlen(expected));
    assert_int_equal(m.size, rows * row_size);
    return m;
}

/* ---- the sink ---- */

static qn_stream_sink must_make(const char *path)
{
    qn_error err = qn_error_none();
    qn_stream_sink sink;
    assert_ok(qn_npz_sink(&sink, path, symbols, NULL, &err), &err);
    return sink;
}

static void drive(const qn_tick *records, int64_t count, const kit_columns *columns, int64_t cut)
{
    qn_error err = qn_error_none();
    qn_stream_sink sink = must_make(kit_path("a.npz"));
    assert_ok(kit_drive(&sink, records, count, columns, cut, &err), &err);
    sink.free(sink.self);
    archive = kit_read(kit_path("a.npz"), &archive_size);
    assert_int_equal(kit_folder_count(), 1);
}

static void each_field_is_an_array(void **state)
{
    (void)state;
    const qn_tick records[] = {{.sequence = 10,
                                .time_ns = 1770993000 * SECOND_NS + 1,
                                .symbol = 2,
                                .price = 10050000000,
                                .size = 250000000,
                                .bid = 1,
                                .ask = 10051000000,
                                .kind = QN_TICK_ORDER,
                                .side = -1,
                                .flags = QN_TICK_HAS_ASK,
                                .order = UINT32_MAX},
                               {.sequence = 11, .price = -100000000, .side = 1}};
    double values[] = {0.1, NAN}, *const columns[] = {values};
    drive(records, 2, &(kit_columns){(const char *const[]){"fast"}, columns, 1}, 1);
    assert_memory_equal(must_find("sequence", "<i8", 2, 8).data, ((int64_t[]){10, 11}), 16);
    assert_memory_equal(must_find("time_ns", "<i8", 2, 8).data, ((int64_t[]){INT64_C(1770993000000000001), 0}), 16);
    assert_memory_equal(must_find("symbol", "<i4", 2, 4).data, ((int32_t[]){2, 0}), 8);
    assert_memory_equal(must_find("price", "<f8", 2, 8).data, ((double[]){100.5, -1}), 16);
    assert_memory_equal(must_find("size", "<f8", 2, 8).data, ((double[]){2.5, 0}), 16);
    const double *bid = (const void *)must_find("bid", "<f8", 2, 8).data;
    const double *ask = (const void *)must_find("ask", "<f8", 2, 8).data;
    assert_true(isnan(bid[0]) && isnan(bid[1]) && ask[0] == 100.51 && isnan(ask[1]));
    assert_memory_equal(must_find("side", "|i1", 2, 1).data, ((int8_t[]){-1, 1}), 2);
    assert_memory_equal(must_find("kind", "|u1", 2, 1).data, ((uint8_t[]){1, 0}), 2);
    assert_memory_equal(must_find("order", "<i8", 2, 8).data, ((int64_t[]){UINT32_MAX, 0}), 16);
    const double *fast = (const void *)must_find("fast", "<f8", 2, 8).data;
    assert_true(fast[0] == 0.1 && isnan(fast[1]));
    /* UTF-32, as wide as the longest name */
    const uint32_t text[3][5] = {{'A', 'B', 'C'}, {'g', 'r', 0xF6, 0xDF, 'e'}, {0x65E5, 0x672C}};
    assert_memory_equal(must_find("symbols", "<U5", 3, 20).data, text, sizeof text);
}

static void a_stream_without_records_gives_empty_arrays(void **state)
{
    (void)state;
    drive(NULL, 0, NULL, 1);
    (void)must_find("price", "<f8", 0, 8);
    (void)must_find("symbols", "<U5", 3, 20);
}

/* Three blocks go to the disk, and a rest does not; cuts of 1000 and 7 do not divide them. */
static void columns_are_whole_however_many_blocks_they_took(void **state)
{
    (void)state;
    enum {
        RECORDS = 3 * 8192 + 1234
    };
    static qn_tick records[RECORDS];
    static double values[RECORDS];
    for (int64_t i = 0; i < RECORDS; i++) {
        records[i] =
            (qn_tick){.sequence = i, .symbol = (int32_t)(i % 3), .price = i * 100000000, .side = (int8_t)(i % 2)};
        values[i] = (double)i / 8;
    }
    double *const columns[] = {values};
    static const int64_t cuts[] = {1000, 7, 8192, RECORDS};
    for (size_t k = 0; k < sizeof cuts / sizeof cuts[0]; k++) {
        drive(records, RECORDS, &(kit_columns){(const char *const[]){"eighth"}, columns, 1}, cuts[k]);
        const double *price = (const void *)must_find("price", "<f8", RECORDS, 8).data;
        const double *eighth = (const void *)must_find("eighth", "<f8", RECORDS, 8).data;
        const int8_t *side = (const void *)must_find("side", "|i1", RECORDS, 1).data;
        const int32_t *symbol = (const void *)must_find("symbol", "<i4", RECORDS, 4).data;
        for (int64_t i = 0; i < RECORDS; i++)
            if (price[i] != (double)i || eighth[i] != values[i] || side[i] != i % 2 || symbol[i] != i % 3)
                fail_msg("record %lld", (long long)i);
    }
}

static void a_pipe_gets_the_archive_too(void **state)
{
    (void)state;
    qn_error err = qn_error_none();
    const qn_tick record = {.price = 100000000};
    /* A device takes what a pipe does, and needs no reader in a thread of its own. */
    qn_stream_sink sink = must_make("/dev/null");
    assert_ok(kit_drive(&sink, &record, 1, NULL, 1, &err), &err);
    sink.free(sink.self);
    if (access("/dev/full", W_OK) == 0) {
        sink = must_make("/dev/full");
        assert_int_equal(kit_drive(&sink, &record, 1, NULL, 1, &err), QN_IO);
        assert_contains(err.message, "/dev/full");
        sink.free(sink.self);
    }
}

static void names_that_an_archive_has_already_or_cannot_have_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"symbols", "time_ns", "..", ""};
    kit_write(kit_path("a.npz"), "before");
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        qn_error err = qn_error_none();
        double *const none[] = {NULL};
        qn_stream_sink sink = must_make(kit_path("a.npz"));
        assert_int_equal(kit_drive(&sink, NULL, 0, &(kit_columns){&wrong[i], none, 1}, 1, &err), QN_NAME);
        assert_contains(err.message, wrong[i]);
        sink.free(sink.self);
    }
    assert_string_equal(kit_read(kit_path("a.npz"), NULL), "before");
    assert_int_equal(kit_folder_count(), 1);
}

static void a_full_disk_takes_nothing_away(void **state)
{
    (void)state;
    enum {
        RECORDS = 20000
    };
    static qn_tick records[RECORDS];
    kit_write(kit_path("a.npz"), "before");
    struct rlimit before, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    /* While records come (a block has 500 KB), and when the file is put together (the whole has 1.2 MB). */
    static const rlim_t limits[] = {100000, 1100000};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        qn_error err = qn_error_none();
        small = (struct rlimit){limits[i], before.rlim_max};
        qn_stream_sink sink = must_make(kit_path("a.npz"));
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        assert_int_equal(kit_drive(&sink, records, RECORDS, NULL, 512, &err), QN_IO);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_contains(err.message, kit_path("a.npz"));
        sink.free(sink.self);
    }
    assert_string_equal(kit_read(kit_path("a.npz"), NULL), "before");
    assert_int_equal(kit_folder_count(), 1);
}

/* Descriptors that are open. */
static int open_files(void)
{
    int count = 0;
    for (int fd = 0; fd < 64; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void what_is_not_closed_leaves_nothing(void **state)
{
    (void)state;
    int before = open_files();
    qn_stream_sink sink = must_make(kit_path("a.npz"));
    assert_ok(sink.open(sink.self, NULL, 0, NULL), NULL);
    assert_int_equal(open_files(), before + 2);
    sink.free(sink.self);
    assert_int_equal(open_files(), before);
    assert_int_equal(kit_folder_count(), 0);
}

static void wrong_folders_are_refused_at_once(void **state)
{
    (void)state;
    qn_error err = qn_error_none();
    qn_stream_sink sink;
    assert_int_equal(qn_npz_sink(&sink, "/tmp/no/such/folder/a.npz", symbols, NULL, &err), QN_CREATE);
    assert_contains(err.message, "/tmp/no/such/folder/a.npz");
    qn_sink_options options = {.size = sizeof options, .scratch = "/tmp/no/such/scratch"};
    assert_int_equal(qn_npz_sink(&sink, kit_path("a.npz"), symbols, &options, &err), QN_CREATE);
    assert_contains(err.message, "/tmp/no/such/scratch");
    assert_null(sink.self);
    assert_int_equal(kit_folder_count(), 0);
}

/* ---- the archive below it ---- */

/* As beyond 4 GiB: every size and place in zip64's fields. */
static void large_sizes_and_places_have_64_bits(void **state)
{
    (void)state;
    qn_error err = qn_error_none();
    static const int64_t from[] = {UINT32_MAX, 0, 400};
    static const char text[] = "0123456789abcdef0123456789abcdef";
    for (size_t i = 0; i < sizeof from / sizeof from[0]; i++) {
        qni_npz_stream *s;
        assert_ok(qni_npz_stream_open(&s, kit_path("b.npz"), 2, NULL, &err), &err);
        qni_npz_stream_set_wide_from(s, from[i]);
        qni_npz_stream_array a = {.name = "first", .type = "|u1", .rows = 32, .row_size = 1};
        a.crc = qni_crc32(qni_npz_stream_table(s), 0, text, 32);
        assert_ok(qni_npz_stream_begin(s, &a, &err), &err);
        assert_ok(qni_npz_stream_write(s, text, 7, &err), &err);
        assert_ok(qni_npz_stream_write(s, text + 7, 25, &err), &err);
        a.name = "größe";
        a.type = "<i2";
        a.rows = 16;
        a.row_size = 2;
        assert_ok(qni_npz_stream_begin(s, &a, &err), &err);
        assert_ok(qni_npz_stream_write(s, text, 32, &err), &err);
        assert_ok(qni_npz_stream_close(s, &err), &err);
        archive = kit_read(kit_path("b.npz"), &archive_size);
        assert_int_equal(number_at(archive, archive_size - 6, 4) == UINT32_MAX, from[i] < UINT32_MAX);
        assert_memory_equal(must_find("first", "|u1", 32, 1).data, text, 32);
        assert_memory_equal(must_find("größe", "<i2", 16, 2).data, text, 32);
    }
}

static void arrays_larger_than_any_disk_are_refused(void **state)
{
    (void)state;
    qn_error err = qn_error_none();
    qni_npz_stream *s;
    assert_ok(qni_npz_stream_open(&s, kit_path("b.npz"), 1, NULL, &err), &err);
    const qni_npz_stream_array a = {.name = "a", .type = "<f8", .rows = INT64_MAX / 2, .row_size = 8};
    assert_int_equal(qni_npz_stream_begin(s, &a, &err), QN_LIMIT);
    qni_npz_stream_abandon(s);
}

static void checksums_have_their_known_value_and_can_be_joined(void **state)
{
    (void)state;
    static const char text[] = "123456789";
    qni_crc32_table table;
    qni_crc32_init(&table);
    assert_int_equal(qni_crc32(&table, 0, text, 9), 0xCBF43926u); /* the check value of CRC-32 (ITU-T V.42) */
    assert_int_equal(qni_crc32(&table, 0, text, 0), 0);
    char bytes[1000];
    for (int i = 0; i < 1000; i++)
        bytes[i] = (char)(i * i * 7 + i);
    uint32_t whole = plain_crc(bytes, 1000);
    for (int64_t cut = 0; cut <= 1000; cut += 37) {
        uint32_t first = qni_crc32(&table, 0, bytes, cut);
        assert_int_equal(qni_crc32(&table, first, bytes + cut, 1000 - cut), whole);
        uint32_t second = qni_crc32(&table, 0, bytes + cut, 1000 - cut);
        assert_int_equal(qni_crc32_join(first, second, 1000 - cut), whole);
    }
}

static int make(void **state)
{
    (void)state;
    kit_folder_make();
    return 0;
}

static int drop(void **state)
{
    (void)state;
    kit_folder_drop();
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_field_is_an_array),
        TEST(a_stream_without_records_gives_empty_arrays),
        TEST(columns_are_whole_however_many_blocks_they_took),
        TEST(a_pipe_gets_the_archive_too),
        TEST(names_that_an_archive_has_already_or_cannot_have_are_refused),
        TEST(a_full_disk_takes_nothing_away),
        TEST(what_is_not_closed_leaves_nothing),
        TEST(wrong_folders_are_refused_at_once),
        TEST(large_sizes_and_places_have_64_bits),
        TEST(arrays_larger_than_any_disk_are_refused),
        TEST(checksums_have_their_known_value_and_can_be_joined),
    };
    (void)signal(SIGXFSZ, SIG_IGN);
    symbols = kit_symbols(names, 3, 8);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    qn_symbols_free(symbols);
    return failed;
}
