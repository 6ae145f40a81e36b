/* Every allocation of reading and writing archives of arrays fails in turn: nothing leaks, no file is left behind. */
#include "harness/harness.h"

#include <quern/npz.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/quern-npz-XXXXXX";

static qn_status make(qn_array *whole, qn_array *slice, const qn_allocator *allocator)
{
    qn_status s = qn_array_init(whole, QN_DTYPE_I16, 2, (int64_t[]){4, 2}, allocator, NULL);
    *slice = (qn_array){0};
    for (int i = 0; s == QN_OK && i < 8; i++)
        ((int16_t *)whole->data)[i] = (int16_t)i;
    return s == QN_OK ? qn_array_slice(slice, whole, 1, 1, 1, 1, NULL) : s; /* contiguous in no order: copied */
}

/* Members of both kinds, stored and deflated, by way of memory. */
static qn_status write_and_read_bytes(const qn_allocator *allocator, void *user)
{
    const qn_npz_write_options *options = user;
    qn_array whole, slice;
    void *bytes = NULL;
    int64_t size = 0;
    qn_npz *npz = NULL;
    qn_status s = make(&whole, &slice, allocator);
    const qn_npz_member members[] = {
        {.name = "whole", .array = &whole},
        {.name = "slice", .array = &slice},
        {.name = "text", .bytes = "hello", .byte_count = 5},
    };
    if (s == QN_OK)
        s = qn_npz_write_bytes(&bytes, &size, members, 3, options, allocator, NULL);
    if (s == QN_OK)
        s = qn_npz_read_bytes(&npz, bytes, size, "a.npz", NULL, allocator, NULL);
    assert_true((npz != NULL) == (s == QN_OK));
    if (s == QN_OK) {
        assert_int_equal(((const int16_t *)qn_npz_array(npz, 1)->data)[3], 7);
        int64_t length;
        assert_memory_equal(qn_npz_bytes(&length, npz, 2), "hello", 5);
    }
    qn_npz_free(npz);
    qn_npy_bytes_free(bytes, size, allocator);
    qn_array_fini(&slice);
    qn_array_fini(&whole);
    return s;
}

static qn_status write_and_read_a_table(const qn_allocator *allocator, void *user)
{
    (void)user;
    qn_array whole, slice, column;
    qn_table *table = NULL;
    qn_status s = make(&whole, &slice, allocator);
    if (s == QN_OK)
        s = qn_array_pick(&column, &slice, 1, 0, NULL);
    else
        column = (qn_array){0};
    const qn_npz_member members[] = {{.name = "x", .array = &column}, {.name = "y", .array = &column}};
    if (s == QN_OK)
        s = qn_npz_write(members, 2, path, NULL, allocator, NULL);
    if (s == QN_OK)
        s = qn_npz_read_table(&table, path, allocator, NULL);
    assert_true((table != NULL) == (s == QN_OK));
    if (s == QN_OK)
        assert_true(qn_table_f64(table, 1)[3] == 7);
    qn_table_free(table);
    qn_array_fini(&column);
    qn_array_fini(&slice);
    qn_array_fini(&whole);
    return s;
}

static void memory_survives_every_failed_allocation(void **state)
{
    (void)state;
    for (int64_t level = 0; level < 2; level++) {
        qn_npz_write_options options = {.size = sizeof options, .level = level};
        assert_true(test_fault_sweep(write_and_read_bytes, &options, 500) > 20);
    }
}

static void a_table_survives_every_failed_allocation(void **state)
{
    (void)state;
    assert_true(test_fault_sweep(write_and_read_a_table, NULL, 500) > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_survives_every_failed_allocation),
        cmocka_unit_test(a_table_survives_every_failed_allocation),
    };
    if (!qn_has("zip")) {
        printf("SKIPPED: failing allocations of archives: libzip is not here\n");
        return 0;
    }
    int fd = mkstemp(path);
    if (fd < 0)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return (int)(unlink(path) != 0) + (int)(close(fd) != 0) + failed;
}
