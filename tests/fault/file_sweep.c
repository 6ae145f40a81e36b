/* Writing and reading a file, with every allocation failing in turn: the old file stays, nothing is left in the folder.
 */
#include "harness/harness.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/stop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static char path[80];

static qn_status write_file(const qn_allocator *allocator, void *user)
{
    static const char big[3 * QNI_FILE_BUFFER_SIZE];
    (void)user;
    qn_error err;
    qn_status status = qni_file_write_all(path, big, sizeof big, allocator, &err);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_size, status == QN_OK ? sizeof big : 3);
    assert_int_equal(rmdir(folder), -1);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0); /* there was nothing else in it */
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_ok(qni_file_write_all(path, "old", 3, NULL, &err), &err);
    return status;
}

static qn_status read_file(const qn_allocator *allocator, void *user)
{
    qni_file_bytes bytes;
    qn_status status = qni_file_read_all(&bytes, user, 1 << 20, allocator, NULL);
    assert_true((status == QN_OK) == (bytes.bytes != NULL));
    qni_file_bytes_free(&bytes, allocator);
    return status;
}

static void a_file_that_cannot_be_written_stays_as_it_was(void **state)
{
    (void)state;
    qn_error err;
    snprintf(folder, sizeof folder, "/tmp/quern-sweep-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/f", folder);
    assert_ok(qni_file_write_all(path, "old", 3, NULL, &err), &err);
    assert_true(test_fault_sweep(write_file, NULL, 50) > 4);
    assert_true(test_fault_sweep(read_file, path, 50) >= 2);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static qn_status nothing(void *user, qn_error *err)
{
    (void)user;
    (void)err;
    return QN_OK;
}

static qn_status push_many(const qn_allocator *allocator, void *user)
{
    (void)user;
    qni_stop stop;
    qni_stop_init(&stop, allocator);
    qn_status status = QN_OK;
    for (int i = 0; i < 20 && status == QN_OK; i++)
        status = qni_stop_push(&stop, nothing, NULL, NULL);
    assert_int_equal(qni_stop_finish(&stop, 0), 0);
    return status;
}

static void clean_ups_that_cannot_be_pushed_leave_the_others(void **state)
{
    (void)state;
    assert_true(test_fault_sweep(push_many, NULL, 50) > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_that_cannot_be_written_stays_as_it_was),
        cmocka_unit_test(clean_ups_that_cannot_be_pushed_leave_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
