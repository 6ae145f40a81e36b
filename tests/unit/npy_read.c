/* Reading and writing .npy files: what the format's description says (numpy.lib.format), and what must be refused. */
#include "harness/harness.h"

#include <quern/npy.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/quern-npy-XXXXXX";

static const char *path_of(const char *name)
{
    static char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* A file of version `major` with that header and data, as few bytes as they need. */
static int64_t make(uint8_t *out, int major, const char *header, const void *data, size_t data_size)
{
    size_t header_size = strlen(header), at = 8;
    memcpy(out, "\x93NUMPY", 6);
    out[6] = (uint8_t)major;
    out[7] = 0;
    for (int i = 0; i < (major == 1 ? 2 : 4); i++)
        out[at++] = (uint8_t)(header_size >> 8 * i);
    memcpy(out + at, header, header_size);
    if (data_size > 0)
        memcpy(out + at + header_size, data, data_size);
    return (int64_t)(at + header_size + data_size);
}

static qn_status read_header(qn_array *out, const char *header, const void *data, size_t data_size, qn_error *err)
{
    uint8_t bytes[4096];
    *err = qn_error_none();
    return qn_npy_read_bytes(out, bytes, make(bytes, 1, header, data, data_size), "a.npy", NULL, err);
}

static double at2(const qn_array *a, int64_t i, int64_t k)
{
    double value;
    qn_error err;
    const int64_t index[] = {i, k};
    assert_ok(qn_array_get(&value, a, index, &err), &err);
    return value;
}

static double at1(const qn_array *a, int64_t i)
{
    double value;
    qn_error err;
    assert_ok(qn_array_get(&value, a, &i, &err), &err);
    return value;
}

static void every_type_is_read_in_both_byte_orders(void **state)
{
    (void)state;
    static const struct {
        const char *descr;
        qn_dtype dtype;
        const char *data; /* two elements */
        double first, second;
    } cases[] = {
        {"<f8", QN_DTYPE_F64, "\0\0\0\0\0\0\xF8\x3F\0\0\0\0\0\0\x00\xC0", 1.5, -2},
        {"=f8", QN_DTYPE_F64, "\0\0\0\0\0\0\xF8\x3F\0\0\0\0\0\0\x00\xC0", 1.5, -2},
        {">f8", QN_DTYPE_F64, "\x3F\xF8\0\0\0\0\0\0\xC0\0\0\0\0\0\0\0", 1.5, -2},
        {"<f4", QN_DTYPE_F32, "\0\0\xC0\x3F\0\0\0\xC0", 1.5, -2},
        {">f4", QN_DTYPE_F32, "\x3F\xC0\0\0\xC0\0\0\0", 1.5, -2},
        {"<f2", QN_DTYPE_F16, "\0\x3E\0\xC0", 1.5, -2},
        {">f2", QN_DTYPE_F16, "\x3E\0\xC0\0", 1.5, -2},
        {"|i1", QN_DTYPE_I8, "\x7F\xFE", 127, -2},
        {">i1", QN_DTYPE_I8, "\x7F\xFE", 127, -2},
        {"i2", QN_DTYPE_I16, "\x01\x02\xFE\xFF", 513, -2},
        {">i2", QN_DTYPE_I16, "\x02\x01\xFF\xFE", 513, -2},
        {"<i4", QN_DTYPE_I32, "\1\2\0\0\xFE\xFF\xFF\xFF", 513, -2},
        {">i4", QN_DTYPE_I32, "\0\0\2\1\xFF\xFF\xFF\xFE", 513, -2},
        {"<i8", QN_DTYPE_I64, "\1\2\0\0\0\0\0\0\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 513, -2},
        {">i8", QN_DTYPE_I64, "\0\0\0\0\0\0\2\1\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFE", 513, -2},
        {"<M8[D]", QN_DTYPE_I64, "\1\2\0\0\0\0\0\0\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 513, -2},
        {">M8[us]", QN_DTYPE_I64, "\0\0\0\0\0\0\2\1\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFE", 513, -2},
        {"|u1", QN_DTYPE_U8, "\xFF\x00", 255, 0},
        {"|b1", QN_DTYPE_U8, "\x01\x00", 1, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char header[200];
        snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': (2,), }  \n", cases[i].descr);
        qn_array a;
        qn_error err;
        size_t size = 2 * (size_t)qn_dtype_size(cases[i].dtype);
        assert_ok(read_header(&a, header, cases[i].data, size, &err), &err);
        assert_int_equal(a.dtype, cases[i].dtype);
        assert_int_equal(a.ndim, 1);
        assert_int_equal(a.shape[0], 2);
        assert_true(at1(&a, 0) == cases[i].first && at1(&a, 1) == cases[i].second);
        qn_array_fini(&a);
    }
}

static void fortran_order_is_a_view_with_ascending_strides(void **state)
{
    (void)state;
    static const int16_t data[] = {11, 21, 12, 22, 13, 23};
    qn_array a;
    qn_error err;
    assert_ok(read_header(&a, "{'descr': '<i2', 'fortran_order': True, 'shape': (2, 3)}\n", data, sizeof data, &err),
              &err);
    assert_int_equal(a.strides[0], 2);
    assert_int_equal(a.strides[1], 4);
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < 3; k++)
            assert_true(at2(&a, i, k) == 10 * (i + 1) + k + 1);
    qn_array_fini(&a);
}

static void all_versions_and_ways_to_print_the_header_are_read(void **state)
{
    (void)state;
    static const char *const headers[] = {
        "{'descr': '<i2', 'fortran_order': False, 'shape': (2, 1), }\n",
        "{\"shape\":(2,1),\"descr\":\"<i2\",\"fortran_order\":False}",
        "{ 'shape' : ( 2L , 1L , ) , 'fortran_order' : False ,\t'descr' : \"<i2\" , }          \n",
    };
    for (int major = 1; major <= 3; major++) {
        for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
            uint8_t bytes[500];
            qn_array a;
            qn_error err;
            int64_t size = make(bytes, major, headers[i], "\5\0\6\0", 4);
            assert_ok(qn_npy_read_bytes(&a, bytes, size, "a", NULL, &err), &err);
            assert_true(at2(&a, 0, 0) == 5 && at2(&a, 1, 0) == 6);
            qn_array_fini(&a);
            for (int64_t cut = 0; cut < size; cut++) {
                assert_int_equal(qn_npy_read_bytes(&a, bytes, cut, "a", NULL, &err), QN_DATA);
                assert_null(a.data);
            }
        }
    }
}

static void scalars_and_empty_arrays_are_arrays(void **state)
{
    (void)state;
    qn_array a;
    qn_error err;
    assert_ok(read_header(&a, "{'descr': '|u1', 'fortran_order': False, 'shape': ()}\n", "\7", 1, &err), &err);
    assert_int_equal(a.ndim, 0);
    assert_true(at1(&a, 0) == 7);
    qn_array_fini(&a);
    for (int order = 0; order < 2; order++) {
        const char *header = order != 0 ? "{'descr': '<f8', 'fortran_order': True, 'shape': (3, 0, 2)}\n"
                                        : "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 0, 2)}\n";
        assert_ok(read_header(&a, header, NULL, 0, &err), &err);
        assert_int_equal(qn_array_count(&a), 0);
        assert_int_equal(a.shape[2], 2);
        qn_array_fini(&a);
    }
}

typedef struct refusal {
    const char *header;
    qn_status status;
    const char *message;
} refusal;

static void what_is_no_array_of_numbers_is_refused_by_name(void **state)
{
    (void)state;
    static const refusal cases[] = {
        {"{'descr': '|O', 'fortran_order': False, 'shape': (2,)}", QN_DATA, "Python objects \"|O\" are not read"},
        {"{'descr': '<u4', 'fortran_order': False, 'shape': (2,)}", QN_DATA, "elements of type \"<u4\" are not read"},
        {"{'descr': '<c16', 'fortran_order': False, 'shape': (2,)}", QN_DATA, "complex numbers \"<c16\""},
        {"{'descr': '<U5', 'fortran_order': False, 'shape': (2,)}", QN_DATA, "\"<U5\""},
        {"{'descr': '<M8[ns]', 'fortran_order': False, 'shape': (2,)}", QN_DATA, "\"<M8[ns]\""},
        {"{'descr': '<f16', 'fortran_order': False, 'shape': (2,)}", QN_DATA, "\"<f16\""},
        {"{'descr': '<f', 'fortran_order': False, 'shape': (2,)}", QN_DATA, "\"<f\""},
        {"{'descr': '', 'fortran_order': False, 'shape': (2,)}", QN_DATA, "\"\""},
        {"{'descr': '<<f8', 'fortran_order': False, 'shape': (2,)}", QN_DATA, "\"<<f8\""},
        {"{'descr': [('x', '<f8')], 'fortran_order': False, 'shape': (2,)}", QN_DATA, "named fields"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1)}", QN_LIMIT, "more than 8 axes"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (4611686018427387904, 4)}", QN_DATA, "larger than any"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (0, 4611686018427387904, 4)}", QN_DATA, "larger than any"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,)}", QN_DATA, "larger than any"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (9223372036854775808,)}", QN_DATA, "larger than any"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (9223372036854775807,)}", QN_DATA, "cut off"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (4294967296, 2147483648)}", QN_DATA, "larger than any"},
        {"{'descr': '<f8', 'fortran_order': True, 'shape': (2147483648, 536870912)}", QN_DATA, "larger than any"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,)}", QN_DATA, "cut off"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        qn_array a;
        qn_error err;
        assert_int_equal(read_header(&a, cases[i].header, "0123456789abcdef", 16, &err), cases[i].status);
        assert_contains(err.message, cases[i].message);
        assert_string_equal(err.file, "a.npy");
        assert_null(a.data);
    }
}

static void a_header_that_is_damaged_is_refused_with_the_place(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        int64_t byte;
    } cases[] = {
        {"", 1},
        {"[]", 1},
        {"{}", 3},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (2)}", 54},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (2,,)}", 54},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (-2,)}", 52},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (0x2,)}", 53},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (02,)}", 54},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': 2}", 51},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (2,)", 55},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (2,)} x", 57},
        {"{'descr': '<f8', 'fortran_order': False}", 41},
        {"{'descr': '<f8', 'fortran_order': 0, 'shape': (2,)}", 35},
        {"{'descr': '<f8', 'fortran_order': true, 'shape': (2,)}", 35},
        {"{'descr': 8, 'fortran_order': False, 'shape': (2,)}", 11},
        {"{'descr': '\\x3cf8', 'fortran_order': False, 'shape': (2,)}", 11},
        {"{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (2,)}", 25},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (2,), 'more': 1}", 63},
        {"{'descr': '<f8' 'fortran_order': False, 'shape': (2,)}", 17},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (2,)", 55},
        {"{descr: '<f8'}", 2},
        {"{'descr", 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        qn_array a;
        qn_error err;
        char place[40];
        assert_int_equal(read_header(&a, cases[i].header, "0123456789abcdef", 16, &err), QN_DATA);
        snprintf(place, sizeof place, "at its byte %" PRId64, cases[i].byte);
        if (strstr(err.message, place) == NULL)
            print_error("%s\n", cases[i].header);
        assert_contains(err.message, place);
    }
}

static void what_is_around_the_header_is_checked_too(void **state)
{
    (void)state;
    static const char header[] = "{'descr': '<i2', 'fortran_order': False, 'shape': (2,)}\n";
    uint8_t bytes[500];
    qn_array a;
    qn_error err;
    int64_t size = make(bytes, 1, header, "\5\0\6\0", 4);
    bytes[size] = 0;
    assert_int_equal(qn_npy_read_bytes(&a, bytes, size + 1, "a", NULL, &err), QN_DATA);
    assert_contains(err.message, "more bytes follow");
    bytes[6] = 4;
    assert_int_equal(qn_npy_read_bytes(&a, bytes, size, "a", NULL, &err), QN_DATA);
    assert_contains(err.message, "version 4.0");
    bytes[6] = 1;
    bytes[7] = 1;
    assert_int_equal(qn_npy_read_bytes(&a, bytes, size, "a", NULL, &err), QN_DATA);
    assert_contains(err.message, "version 1.1");
    memcpy(bytes, "\x93NUMPY\2\0\xFF\xFF\xFF\x7F", 12);
    assert_int_equal(qn_npy_read_bytes(&a, bytes, size, "a", NULL, &err), QN_LIMIT);
    assert_int_equal(qn_npy_read_bytes(&a, "x,y\n1,2\n", 8, "a", NULL, &err), QN_DATA);
    assert_contains(err.message, "no .npy file");
    assert_int_equal(qn_npy_read_bytes(&a, NULL, 0, NULL, NULL, &err), QN_DATA);
    assert_int_equal(qn_npy_read_bytes(&a, NULL, -1, NULL, NULL, &err), QN_INVALID);
    assert_int_equal(read_header(&a, "{'descr': '|b1', 'fortran_order': False, 'shape': (2,)}", "\1\2", 2, &err),
                     QN_DATA);
    assert_contains(err.message, "element 1 of an array of bools is 2");
    assert_int_equal(qn_npy_read(&a, "/nowhere/a.npy", NULL, &err), QN_NO_INPUT);
    assert_int_equal(qn_npy_read(&a, "/", NULL, &err), QN_NO_INPUT);
}

/* A header that promises a terabyte behind a pipe. */
static void what_a_header_promises_costs_no_memory(void **state)
{
    (void)state;
    uint8_t bytes[500];
    int64_t size =
        make(bytes, 1, "{'descr': '<f8', 'fortran_order': False, 'shape': (125000000000,)}\n", "12345678", 8);
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], bytes, (size_t)size), size);
    assert_int_equal(close(ends[1]), 0);
    char path[40];
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    test_allocator memory;
    test_allocator_init(&memory);
    qn_array a;
    qn_error err;
    assert_int_equal(qn_npy_read(&a, path, &memory.allocator, &err), QN_DATA);
    assert_contains(err.message, "cut off after");
    assert_true(memory.peak_bytes < 3 << 20);
    assert_int_equal(memory.live_bytes, 0);
    assert_int_equal(close(ends[0]), 0);
}

static void a_file_reads_back_as_it_was_written(void **state)
{
    (void)state;
    qn_error err;
    qn_array a, b, t;
    const int64_t shape[] = {3, 4};
    assert_ok(qn_array_init(&a, QN_DTYPE_F64, 2, shape, NULL, &err), &err);
    for (int i = 0; i < 12; i++)
        ((double *)a.data)[i] = i + 0.25;
    assert_ok(qn_array_transpose(&t, &a, NULL, &err), &err);
    assert_ok(qn_npy_write(&t, path_of("t.npy"), NULL, &err), &err);
    assert_ok(qn_npy_read(&b, path_of("t.npy"), NULL, &err), &err);
    assert_int_equal(b.shape[0], 4);
    assert_int_equal(b.strides[0], 8); /* still in Fortran order */
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 3; k++)
            assert_true(at2(&b, i, k) == k * 4 + i + 0.25);
    qn_array_fini(&b);
    qn_array_fini(&t);

    uint8_t bytes[512];
    FILE *file = fopen(path_of("t.npy"), "rb");
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    assert_int_equal(size, 128 + 96);
    static const char beginning[] = "\x93NUMPY\1\0\x76\0{'descr': '<f8', 'fortran_order': True, 'shape': (4, 3), } ";
    assert_memory_equal(bytes, beginning, sizeof beginning - 1);
    assert_int_equal(bytes[127], '\n');
    qn_array_fini(&a);
}

static void what_cannot_be_written_gives_no_bytes(void **state)
{
    (void)state;
    qn_error err;
    qn_array a;
    void *bytes;
    int64_t size = 1;
    assert_ok(qn_array_init(&a, QN_DTYPE_BF16, 1, (int64_t[]){2}, NULL, &err), &err);
    assert_int_equal(qn_npy_write_bytes(&bytes, &size, &a, NULL, &err), QN_INVALID);
    assert_null(bytes);
    assert_int_equal(size, 0);
    qn_npy_bytes_free(bytes, size, NULL);
    qn_array_fini(&a);
}

static void what_cannot_be_written_leaves_no_file(void **state)
{
    (void)state;
    qn_error err;
    qn_array a;
    const int64_t shape[] = {2};
    assert_ok(qn_array_init(&a, QN_DTYPE_BF16, 1, shape, NULL, &err), &err);
    assert_int_equal(qn_npy_write(&a, path_of("b.npy"), NULL, &err), QN_INVALID);
    assert_contains(err.message, "bf16");
    qn_array_fini(&a);
    assert_int_equal(qn_npy_write(&a, path_of("b.npy"), NULL, &err), QN_INVALID);
    assert_int_equal(access(path_of("b.npy"), F_OK), -1);
    assert_ok(qn_array_init(&a, QN_DTYPE_F32, 1, shape, NULL, &err), &err);
    assert_int_equal(qn_npy_write(&a, "/nowhere/b.npy", NULL, &err), QN_CREATE);
    if (access("/dev/full", W_OK) == 0)
        assert_int_equal(qn_npy_write(&a, "/dev/full", NULL, &err), QN_IO);
    qn_array_fini(&a);
}

static void one_or_two_axes_become_a_table(void **state)
{
    (void)state;
    static const int32_t data[] = {1, 2, 3, 4, 5, 6};
    qn_error err;
    qn_array a;
    qn_table *table;
    for (int order = 0; order < 2; order++) {
        const char *header = order != 0 ? "{'descr': '<i4', 'fortran_order': True, 'shape': (3, 2)}\n"
                                        : "{'descr': '<i4', 'fortran_order': False, 'shape': (3, 2)}\n";
        assert_ok(read_header(&a, header, data, sizeof data, &err), &err);
        assert_ok(qn_npy_write(&a, path_of("table.npy"), NULL, &err), &err);
        qn_array_fini(&a);
        assert_ok(qn_npy_read_table(&table, path_of("table.npy"), NULL, &err), &err);
        assert_int_equal(qn_table_column_count(table), 2);
        assert_int_equal(qn_table_row_count(table), 3);
        assert_string_equal(qn_table_column_name(table, 1), "c2");
        assert_string_equal(qn_table_source(table), path_of("table.npy"));
        assert_int_equal(qn_table_row_line(table, 1), 0);
        for (int c = 0; c < 2; c++)
            for (int r = 0; r < 3; r++)
                assert_true(qn_table_f64(table, c)[r] == (order != 0 ? c * 3 + r + 1 : r * 2 + c + 1));
        qn_table_free(table);
    }
    assert_ok(read_header(&a, "{'descr': '<i4', 'fortran_order': False, 'shape': (6,)}\n", data, sizeof data, &err),
              &err);
    assert_ok(qn_table_from_array(&table, &a, NULL, NULL, &err), &err);
    assert_int_equal(qn_table_column_count(table), 1);
    assert_true(qn_table_f64(table, 0)[5] == 6);
    qn_table_free(table);
    qn_array_fini(&a);
    assert_ok(
        read_header(&a, "{'descr': '<i4', 'fortran_order': False, 'shape': (1, 2, 3)}\n", data, sizeof data, &err),
        &err);
    assert_int_equal(qn_table_from_array(&table, &a, NULL, NULL, &err), QN_INVALID);
    assert_ok(qn_npy_write(&a, path_of("cube.npy"), NULL, &err), &err);
    assert_int_equal(qn_npy_read_table(&table, path_of("cube.npy"), NULL, &err), QN_DATA);
    assert_contains(err.message, "3 axes");
    qn_array_fini(&a);
    uint8_t bytes[200];
    FILE *file = fopen(path_of("times.npy"), "wb");
    assert_non_null(file);
    int64_t size = make(bytes, 1, "{'descr': '<M8[D]', 'fortran_order': False, 'shape': (1,)}\n", "12345678", 8);
    assert_int_equal(fwrite(bytes, 1, (size_t)size, file), size);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(qn_npy_read_table(&table, path_of("times.npy"), NULL, &err), QN_DATA);
    assert_contains(err.message, "times (datetime64) are no numbers");
    assert_null(table);
    const int64_t wide[] = {0, INT64_C(1) << 40};
    assert_ok(qn_array_init(&a, QN_DTYPE_U8, 2, wide, NULL, &err), &err);
    assert_int_equal(qn_table_from_array(&table, &a, NULL, NULL, &err), QN_LIMIT);
    qn_array_fini(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_is_read_in_both_byte_orders),
        cmocka_unit_test(fortran_order_is_a_view_with_ascending_strides),
        cmocka_unit_test(all_versions_and_ways_to_print_the_header_are_read),
        cmocka_unit_test(scalars_and_empty_arrays_are_arrays),
        cmocka_unit_test(what_is_no_array_of_numbers_is_refused_by_name),
        cmocka_unit_test(a_header_that_is_damaged_is_refused_with_the_place),
        cmocka_unit_test(what_is_around_the_header_is_checked_too),
        cmocka_unit_test(what_a_header_promises_costs_no_memory),
        cmocka_unit_test(a_file_reads_back_as_it_was_written),
        cmocka_unit_test(what_cannot_be_written_gives_no_bytes),
        cmocka_unit_test(what_cannot_be_written_leaves_no_file),
        cmocka_unit_test(one_or_two_axes_become_a_table),
    };
    if (mkdtemp(folder) == NULL)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    char command[400];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command) != 0 ? 1 : failed;
}
