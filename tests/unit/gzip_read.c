/* CSV inside gzip: files that gzip and Python's gzip module made, whole, cut short, damaged, one after the other, and
 * far larger inside than outside. */
#include "harness/harness.h"

#include <quern/table.h>

#include "array/csv_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* gzip -9 t.csv: the text of plain_text(), with the file's name. */
static const uint8_t by_gzip[] = {
    0x1F, 0x8B, 0x08, 0x08, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x74, 0x2E, 0x63, 0x73, 0x76, 0x00, 0x5D, 0x52, 0xBB,
    0x92, 0x03, 0x31, 0x08, 0xEB, 0xF7, 0x5B, 0x34, 0x3B, 0x16, 0x18, 0x3F, 0x3E, 0x27, 0xA9, 0xAE, 0x4A, 0xCA, 0x4B,
    0xFE, 0xFE, 0xD8, 0xCD, 0xEC, 0xC4, 0x3A, 0x77, 0x18, 0x81, 0x84, 0xE0, 0x85, 0x37, 0x7E, 0x7F, 0x9E, 0x1B, 0x51,
    0x76, 0x56, 0x1B, 0xD1, 0x71, 0x7B, 0x3C, 0x6E, 0x9B, 0x65, 0x1C, 0x3D, 0x7F, 0xE6, 0x27, 0x76, 0x70, 0x3F, 0xB2,
    0xAC, 0xB8, 0x3F, 0xEF, 0x5B, 0x85, 0x5D, 0xE1, 0x99, 0x0E, 0xB8, 0xC0, 0x1B, 0xE2, 0x6A, 0x77, 0xC0, 0x3B, 0xFA,
    0x5E, 0xCE, 0xF7, 0x49, 0x0F, 0x4C, 0x61, 0x9B, 0x20, 0xAF, 0xFA, 0x03, 0xCF, 0x02, 0x56, 0x21, 0x20, 0xC1, 0xAE,
    0x3F, 0x06, 0x2B, 0x52, 0xE4, 0xB0, 0x2A, 0x6D, 0x13, 0x6A, 0x43, 0x88, 0x99, 0x42, 0x6D, 0x55, 0xC6, 0x06, 0x6F,
    0x22, 0x9D, 0x1D, 0x95, 0xCA, 0x34, 0x50, 0xDB, 0x3A, 0x3D, 0x27, 0x82, 0x52, 0x64, 0x05, 0xD1, 0xD5, 0x40, 0xA2,
    0xF9, 0xC5, 0x7D, 0x14, 0x99, 0xA1, 0xE9, 0xD4, 0xE6, 0xE8, 0xA1, 0x6D, 0x2A, 0x86, 0xAD, 0x4C, 0x16, 0x18, 0x53,
    0xC4, 0x58, 0xC3, 0x54, 0xC1, 0xD6, 0xC1, 0x52, 0xD7, 0xA1, 0x6C, 0xA4, 0x9F, 0x26, 0x83, 0x27, 0x98, 0xA6, 0x2B,
    0xF6, 0x34, 0x39, 0xED, 0x59, 0x1C, 0xF4, 0x34, 0xD9, 0xD5, 0x65, 0xB7, 0xDC, 0x44, 0xD3, 0xAF, 0xBC, 0x85, 0x08,
    0xA9, 0xAB, 0x60, 0x0B, 0x6D, 0x1E, 0xB9, 0xAF, 0x10, 0x09, 0xDE, 0xC0, 0x21, 0x67, 0xE1, 0xA9, 0x7C, 0xAA, 0x03,
    0x3E, 0x72, 0xAB, 0xFF, 0xF8, 0x26, 0xEC, 0xBB, 0xFB, 0xF3, 0xFA, 0x0A, 0xEC, 0xAB, 0xFC, 0x04, 0xFD, 0x01, 0x75,
    0x1C, 0x9C, 0xAC, 0xC8, 0x02, 0x00, 0x00,
};

/* gzip.compress(text[:300], 1, mtime=0) + gzip.compress(text[300:], 6, mtime=0) */
static const uint8_t first_member[] = {
    0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0x03, 0x55, 0x4F, 0x39, 0x0E, 0xC4, 0x20, 0x10, 0xEB, 0x79,
    0x8B, 0x85, 0xF0, 0x30, 0x5C, 0xCF, 0x49, 0xAA, 0x54, 0x49, 0xB9, 0xBB, 0xBF, 0x5F, 0x18, 0x44, 0x24, 0xE8, 0xEC,
    0xF1, 0xC5, 0x17, 0x3F, 0x7C, 0xAE, 0xC7, 0x11, 0xC1, 0x53, 0xA5, 0xA6, 0x82, 0xE3, 0xBE, 0x0F, 0x27, 0x1D, 0xA7,
    0xD2, 0x99, 0x36, 0x71, 0x04, 0xFD, 0xB8, 0x52, 0x71, 0x3E, 0xA7, 0x53, 0xC8, 0x82, 0x26, 0x4F, 0x88, 0x9B, 0x3C,
    0x23, 0xAD, 0xB8, 0x21, 0x2F, 0x28, 0x3E, 0xD8, 0x9B, 0x69, 0x15, 0x6D, 0x9D, 0xCD, 0xDE, 0x40, 0x2E, 0xFF, 0xD0,
    0x33, 0x80, 0xBA, 0x15, 0x90, 0x60, 0xD9, 0x19, 0x81, 0xBC, 0x1B, 0xCD, 0x14, 0x21, 0xBA, 0xC5, 0xF6, 0xB1, 0x52,
    0xB7, 0x62, 0xF6, 0xA1, 0xB2, 0x34, 0x66, 0xCA, 0x88, 0x79, 0x55, 0xDB, 0x16, 0x16, 0xE8, 0xFB, 0xD7, 0xC9, 0x54,
    0x68, 0xEE, 0xDD, 0x7F, 0x3E, 0x23, 0x45, 0xBD, 0x2C, 0x01, 0x00, 0x00,
};

static const uint8_t second_member[] = {
    0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x5D, 0x50, 0x49, 0x12, 0xC4, 0x20, 0x08, 0xBC, 0xE7,
    0x2D, 0x5D, 0x96, 0x0D, 0xA2, 0xF2, 0x9C, 0xE4, 0x01, 0x99, 0xFF, 0xDF, 0xC6, 0x98, 0x58, 0x13, 0x86, 0x1B, 0x5D,
    0xBD, 0x81, 0x35, 0x16, 0x1C, 0x9F, 0x63, 0xA3, 0xC3, 0x98, 0x6C, 0xAC, 0xE2, 0xD8, 0xCF, 0x73, 0xDF, 0x24, 0xC3,
    0x5A, 0x1A, 0x7B, 0xB7, 0xF6, 0x20, 0x44, 0xD5, 0x94, 0xE7, 0x4C, 0x91, 0x08, 0xAA, 0x47, 0x8A, 0xA2, 0x59, 0xB4,
    0x29, 0xE8, 0x92, 0x2E, 0xC6, 0x93, 0x24, 0x86, 0xEE, 0x0B, 0xB8, 0x29, 0x15, 0x5E, 0xA3, 0xA8, 0x81, 0xB9, 0x2C,
    0xE7, 0xA9, 0xEA, 0x20, 0x65, 0x85, 0xDF, 0x24, 0x07, 0x25, 0x87, 0x78, 0xCD, 0x03, 0xEA, 0xCB, 0xEA, 0xD2, 0x29,
    0x41, 0x6D, 0x21, 0x4E, 0x05, 0x2C, 0x35, 0x42, 0x0A, 0x9A, 0x05, 0x5D, 0x01, 0xAB, 0x45, 0x73, 0x03, 0xC7, 0x71,
    0xEF, 0x0A, 0x5A, 0xC1, 0x6E, 0xEF, 0x9E, 0x3A, 0x9A, 0x7B, 0xFC, 0x80, 0x76, 0x48, 0xFE, 0xCB, 0x73, 0x08, 0xDB,
    0xFB, 0x2B, 0x25, 0x43, 0x7E, 0xCD, 0x27, 0xE9, 0x0B, 0x4B, 0x7E, 0x96, 0xDE, 0x9C, 0x01, 0x00, 0x00,
};

/* "a\n1\n2\n" as a stored block after all that a header may have: an extra field, a name, a comment, its checksum. */
static const uint8_t all_header_fields[] = {
    0x1F, 0x8B, 0x08, 0x1F, 0x00, 0x00, 0x00, 0x00, 0x00, 0xFF, 0x06, 0x00, 0x41, 0x42, 0x02, 0x00, 0x78,
    0x79, 0x6E, 0x2E, 0x63, 0x73, 0x76, 0x00, 0x68, 0x65, 0x6C, 0x6C, 0x6F, 0x00, 0x22, 0x36, 0x01, 0x06,
    0x00, 0xF9, 0xFF, 0x61, 0x0A, 0x31, 0x0A, 0x32, 0x0A, 0x80, 0xC2, 0x7F, 0x70, 0x06, 0x00, 0x00, 0x00,
};

/* gzip.compress(b"1\\n" * 50000, 9, mtime=0) */
static const uint8_t hundred_thousand_bytes[] = {
    0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xED, 0xC2, 0x31, 0x0D, 0x00, 0x00, 0x00,
    0x02, 0xA0, 0xDF, 0x36, 0xF6, 0x2F, 0x67, 0x0D, 0x0F, 0x06, 0x4D, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x80, 0x53, 0x03, 0x09, 0x62, 0x48, 0xD6, 0xA0, 0x86, 0x01, 0x00,
};

enum {
    ROWS = 40,
    TEXT_SIZE = 4096
};

static int64_t plain_text(char *out)
{
    char *p = out;
    p += snprintf(p, TEXT_SIZE, "x,y,who\n");
    for (int i = 1; i <= ROWS; i++)
        p += snprintf(p, (size_t)(out + TEXT_SIZE - p), "%d,%.6f,%s\n", i, i * i / 7.0, i % 3 != 0 ? "anna" : "bob");
    return p - out;
}

static qn_status read_bytes(qn_table **out, const void *bytes, size_t size, qn_error *err)
{
    qn_csv *csv;
    *out = NULL;
    qn_status s = qn_csv_open_bytes(&csv, bytes, (int64_t)size, "t.csv.gz", NULL, err);
    if (s == QN_OK)
        s = qn_csv_read(out, csv, -1, err);
    qn_csv_close(csv);
    return s;
}

static void assert_same_table(const qn_table *a, const qn_table *b)
{
    assert_int_equal(qn_table_row_count(a), qn_table_row_count(b));
    assert_int_equal(qn_table_column_count(a), qn_table_column_count(b));
    for (int64_t c = 0; c < qn_table_column_count(a); c++) {
        assert_string_equal(qn_table_column_name(a, c), qn_table_column_name(b, c));
        assert_int_equal(qn_table_column_type(a, c), qn_table_column_type(b, c));
        size_t size = qn_table_column_type(a, c) == QN_TYPE_STRING ? 4 : 8;
        assert_memory_equal(qn_table_values(a, c), qn_table_values(b, c), size * (size_t)qn_table_row_count(a));
    }
}

static qn_table *plain_table(void)
{
    char text[TEXT_SIZE];
    qn_table *table;
    qn_error err;
    assert_ok(read_bytes(&table, text, (size_t)plain_text(text), &err), &err);
    assert_int_equal(qn_table_row_count(table), ROWS);
    return table;
}

/* The members one after the other, `padding` zero bytes behind each. */
static size_t join(uint8_t *out, size_t padding)
{
    size_t size = 0;
    memset(out, 0, sizeof first_member + sizeof second_member + 2 * padding);
    memcpy(out, first_member, sizeof first_member);
    size += sizeof first_member + padding;
    memcpy(out + size, second_member, sizeof second_member);
    return size + sizeof second_member + padding;
}

static void what_gzip_and_python_compress_reads_as_the_plain_text(void **state)
{
    (void)state;
    qn_error err;
    qn_table *plain = plain_table(), *table;
    assert_ok(read_bytes(&table, by_gzip, sizeof by_gzip, &err), &err);
    assert_same_table(table, plain);
    qn_table_free(table);
    for (size_t padding = 0; padding < 600; padding += 299) {
        uint8_t joined[2048];
        assert_ok(read_bytes(&table, joined, join(joined, padding), &err), &err);
        assert_same_table(table, plain);
        qn_table_free(table);
    }
    qn_table_free(plain);
    assert_ok(read_bytes(&table, all_header_fields, sizeof all_header_fields, &err), &err);
    assert_int_equal(qn_table_row_count(table), 2);
    assert_int_equal(((const int64_t *)qn_table_values(table, 0))[1], 2);
    qn_table_free(table);
}

typedef struct trickle {
    const uint8_t *next, *end;
} trickle;

static int64_t one_byte(void *user, char *into, int64_t size)
{
    trickle *t = user;
    (void)size;
    if (t->next == t->end)
        return 0;
    *into = (char)*t->next++;
    return 1;
}

static void bytes_that_arrive_one_by_one_give_the_same(void **state)
{
    (void)state;
    uint8_t joined[2048];
    size_t size = join(joined, 3);
    trickle t = {joined, joined + size};
    qni_input input = {.read = one_byte, .user = &t, .total_size = -1};
    qni_csv_sizes sizes = {.chunk = 1};
    qn_error err;
    qn_csv *csv;
    qn_table *plain = plain_table(), *table;
    assert_ok(qni_csv_open_input(&csv, input, &sizes, "t", NULL, &err), &err);
    assert_ok(qn_csv_read(&table, csv, -1, &err), &err);
    assert_same_table(table, plain);
    qn_table_free(table);
    qn_csv_close(csv);
    qn_table_free(plain);
}

static void a_file_that_is_cut_off_anywhere_says_so(void **state)
{
    (void)state;
    for (size_t size = 3; size < sizeof by_gzip; size++) {
        qn_error err = qn_error_none();
        qn_table *table;
        assert_int_equal(read_bytes(&table, by_gzip, size, &err), QN_DATA);
        assert_null(table);
        assert_contains(err.message, "cut off");
        assert_string_equal(err.file, "t.csv.gz");
    }
}

static void a_bit_that_is_wrong_never_changes_the_data_unnoticed(void **state)
{
    (void)state;
    qn_table *plain = plain_table();
    int unnoticed = 0;
    for (size_t bit = 24; bit < sizeof by_gzip * 8; bit++) {
        uint8_t damaged[sizeof by_gzip];
        memcpy(damaged, by_gzip, sizeof damaged);
        damaged[bit / 8] ^= (uint8_t)(1 << bit % 8);
        qn_error err = qn_error_none();
        qn_table *table;
        qn_status s = read_bytes(&table, damaged, sizeof damaged, &err);
        if (s == QN_OK) {
            assert_same_table(table, plain);
            unnoticed++; /* time, system, name, what fills up the last byte of the data */
        } else {
            assert_int_equal(s, QN_DATA);
        }
        qn_table_free(table);
    }
    assert_in_range(unnoticed, 1, 120);
    qn_table_free(plain);
}

static void damage_is_told_with_its_place_and_kind(void **state)
{
    (void)state;
    uint8_t damaged[sizeof by_gzip + 1];
    memcpy(damaged, by_gzip, sizeof by_gzip);
    damaged[sizeof by_gzip - 5] ^= 1;
    qn_error err = qn_error_none();
    qn_table *table;
    assert_int_equal(read_bytes(&table, damaged, sizeof by_gzip, &err), QN_DATA);
    assert_contains(err.message, "damaged before byte 250 (incorrect data check)");
    memcpy(damaged, by_gzip, sizeof by_gzip);
    damaged[sizeof by_gzip] = '!';
    assert_int_equal(read_bytes(&table, damaged, sizeof damaged, &err), QN_DATA);
    assert_contains(err.message, "cut off");
}

static void what_is_inside_is_held_to_the_same_rules(void **state)
{
    (void)state;
    uint8_t stored[sizeof all_header_fields];
    memcpy(stored, all_header_fields, sizeof stored);
    stored[sizeof stored - 8 - 2] = 'q'; /* the checksum would complain later: what comes first is said first */
    qn_error err = qn_error_none();
    qn_csv_options options;
    qn_csv_options_init(&options, sizeof options);
    options.types = "a=f64";
    qn_csv *csv;
    qn_table *table;
    assert_ok(qn_csv_open_bytes(&csv, (const char *)stored, sizeof stored, "t", &options, &err), &err);
    assert_int_equal(qn_csv_read(&table, csv, -1, &err), QN_DATA);
    assert_int_equal(err.line, 3);
    assert_contains(err.message, "\"q\" is not a number");
    qn_csv_close(csv);
}

/* 20 MB of rows from 27 kB: only time grows with them. */
static void a_small_file_with_much_inside_needs_no_more_memory(void **state)
{
    (void)state;
    test_not_short();
    enum {
        MEMBERS = 200
    };
    uint8_t *bytes = malloc(MEMBERS * sizeof hundred_thousand_bytes);
    for (int i = 0; i < MEMBERS; i++)
        memcpy(bytes + (size_t)i * sizeof hundred_thousand_bytes, hundred_thousand_bytes,
               sizeof hundred_thousand_bytes);
    test_allocator memory;
    test_allocator_init(&memory);
    qn_csv_options options;
    qn_csv_options_init(&options, sizeof options);
    options.allocator = &memory.allocator;
    options.no_header = true;
    qn_error err;
    qn_csv *csv;
    qn_table *table;
    assert_ok(qn_csv_open_bytes(&csv, (const char *)bytes, MEMBERS * (int64_t)sizeof hundred_thousand_bytes, "t",
                                &options, &err),
              &err);
    int64_t rows = 0;
    do {
        assert_ok(qn_csv_read(&table, csv, 10000, &err), &err);
        rows += table != NULL ? qn_table_row_count(table) : 0;
        qn_table_free(table);
    } while (table != NULL);
    assert_int_equal(rows, MEMBERS * 50000);
    qn_csv_close(csv);
    assert_int_equal(memory.live_bytes, 0);
    assert_true(memory.peak_bytes < 4 << 20);
    free(bytes);
}

static void other_kinds_of_file_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        const char *what;
    } cases[] = {
        {"PK\x03\x04\x14\x00\x06\x00", 8, "zip archive or a spreadsheet"},
        {"\xFD"
         "7zXZ\0\0\4",
         8, "xz"},
        {"BZh91AY&SY\xF1", 11, "bzip2"},
        {"\x28\xB5\x2F\xFD\x24\x06", 6, "zstd"},
        {"\x93NUMPY\1\0v\0{", 11, "NumPy"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        qn_error err = qn_error_none();
        qn_table *table;
        assert_int_equal(read_bytes(&table, cases[i].bytes, cases[i].size, &err), QN_DATA);
        assert_contains(err.message, cases[i].what);
    }
}

static void without_zlib_it_says_what_to_install(void **state)
{
    (void)state;
    qn_error err = qn_error_none();
    qn_table *table;
    assert_int_equal(read_bytes(&table, by_gzip, sizeof by_gzip, &err), QN_UNAVAILABLE);
    assert_contains(err.message, "zlib1g");
    qn_table_free(plain_table());
}

int main(void)
{
    const struct CMUnitTest with[] = {
        cmocka_unit_test(what_gzip_and_python_compress_reads_as_the_plain_text),
        cmocka_unit_test(bytes_that_arrive_one_by_one_give_the_same),
        cmocka_unit_test(a_file_that_is_cut_off_anywhere_says_so),
        cmocka_unit_test(a_bit_that_is_wrong_never_changes_the_data_unnoticed),
        cmocka_unit_test(damage_is_told_with_its_place_and_kind),
        cmocka_unit_test(what_is_inside_is_held_to_the_same_rules),
        cmocka_unit_test(a_small_file_with_much_inside_needs_no_more_memory),
        cmocka_unit_test(other_kinds_of_file_are_named),
    };
    const struct CMUnitTest without[] = {
        cmocka_unit_test(without_zlib_it_says_what_to_install),
        cmocka_unit_test(other_kinds_of_file_are_named),
    };
    return qn_has("zlib") ? cmocka_run_group_tests(with, NULL, NULL) : cmocka_run_group_tests(without, NULL, NULL);
}
