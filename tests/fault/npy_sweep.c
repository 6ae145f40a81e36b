/* Every allocation of reading and writing .npy files fails in turn: nothing leaks, no file is left behind. */
#include "harness/harness.h"

#include <quern/npy.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char file[] =
    "\x93NUMPY\1\0\x38\0{'descr': '>i2', 'fortran_order': False, 'shape': (2,2)}\0\1\0\2\0\3\0\4";

static char path[] = "/tmp/quern-npy-XXXXXX";

static qn_status read_bytes(const qn_allocator *allocator, void *user)
{
    (void)user;
    qn_array a;
    qn_status s = qn_npy_read_bytes(&a, file, sizeof file - 1, "a.npy", allocator, NULL);
    assert_true((a.data != NULL) == (s == QN_OK));
    if (s == QN_OK)
        assert_int_equal(((const int16_t *)a.data)[3], 4);
    qn_array_fini(&a);
    return s;
}

static qn_status write_and_read_a_view(const qn_allocator *allocator, void *user)
{
    (void)user;
    qn_array a, b = {0};
    qn_table *table = NULL;
    qn_status s = qn_npy_read_bytes(&a, file, sizeof file - 1, "a.npy", allocator, NULL);
    if (s == QN_OK)
        s = qn_array_slice(&b, &a, 1, 1, 1, 1, NULL); /* contiguous in no order: copied */
    if (s == QN_OK)
        s = qn_npy_write(&b, path, allocator, NULL);
    if (s == QN_OK)
        s = qn_npy_read_table(&table, path, allocator, NULL);
    assert_true((table != NULL) == (s == QN_OK));
    if (s == QN_OK)
        assert_true(qn_table_f64(table, 0)[1] == 4);
    qn_table_free(table);
    qn_array_fini(&b);
    qn_array_fini(&a);
    return s;
}

static void reading_survives_every_failed_allocation(void **state)
{
    (void)state;
    assert_true(test_fault_sweep(read_bytes, NULL, 100) > 4);
}

static void writing_survives_every_failed_allocation(void **state)
{
    (void)state;
    assert_true(test_fault_sweep(write_and_read_a_view, NULL, 200) > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reading_survives_every_failed_allocation),
        cmocka_unit_test(writing_survives_every_failed_allocation),
    };
    int fd = mkstemp(path);
    if (fd < 0)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return (int)(unlink(path) != 0) + (int)(close(fd) != 0) + failed;
}
