/* A file without a name: what was written is read back from anywhere, and no name is ever left. */
#include "harness/harness.h"

#include "base/scratch.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static char folder[] = "/tmp/quern-scratch-XXXXXX";

static int files(void)
{
    DIR *d = opendir(folder);
    assert_non_null(d);
    int count = -2; /* itself and the one above */
    while (readdir(d) != NULL)
        count++;
    (void)closedir(d);
    return count;
}

static void what_was_written_is_read_from_anywhere(void **state)
{
    (void)state;
    qn_error err = qn_error_none();
    qni_scratch s;
    assert_ok(qni_scratch_open(&s, folder, &err), &err);
    assert_int_equal(files(), 0);
    assert_ok(qni_scratch_write(&s, "hello, ", 7, &err), &err);
    assert_ok(qni_scratch_write(&s, "", 0, &err), &err);
    assert_ok(qni_scratch_write(&s, "world", 5, &err), &err);
    assert_int_equal(s.size, 12);
    char text[13] = "";
    assert_ok(qni_scratch_read(&s, text, 7, 5, &err), &err);
    assert_string_equal(text, "world");
    assert_ok(qni_scratch_read(&s, text, 0, 12, &err), &err);
    assert_string_equal(text, "hello, world");
    qni_scratch_close(&s);
    qni_scratch_close(&s);
    assert_int_equal(files(), 0);
}

static void a_folder_that_is_not_there_is_named(void **state)
{
    (void)state;
    qn_error err = qn_error_none();
    qni_scratch s;
    assert_int_equal(qni_scratch_open(&s, "/tmp/no/such/folder", &err), QN_CREATE);
    assert_contains(err.message, "/tmp/no/such/folder");
    assert_int_equal(s.fd, -1);
    qni_scratch_close(&s);
    assert_int_equal(qni_scratch_open(&s, "/dev/null", &err), QN_CREATE); /* no folder */
}

/* /proc makes no files at all, so that the other way is tried as well. */
static void where_no_file_can_be_made_it_is_said(void **state)
{
    (void)state;
    qn_error err = qn_error_none();
    qni_scratch s;
    assert_true(qni_scratch_open(&s, "/proc", &err) != QN_OK);
    assert_contains(err.message, "/proc");
}

static void a_full_disk_keeps_what_was_there(void **state)
{
    (void)state;
    static char block[8192];
    struct rlimit before, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = (struct rlimit){10000, before.rlim_max};
    qn_error err = qn_error_none();
    qni_scratch s;
    assert_ok(qni_scratch_open(&s, folder, &err), &err);
    memset(block, 'a', sizeof block);
    assert_ok(qni_scratch_write(&s, block, sizeof block, &err), &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_int_equal(qni_scratch_write(&s, block, sizeof block, &err), QN_IO);
    assert_int_equal(err.native, EFBIG);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(s.size, sizeof block);
    char last = 0;
    assert_ok(qni_scratch_read(&s, &last, sizeof block - 1, 1, &err), &err);
    assert_int_equal(last, 'a');
    qni_scratch_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read_from_anywhere),
        cmocka_unit_test(a_folder_that_is_not_there_is_named),
        cmocka_unit_test(where_no_file_can_be_made_it_is_said),
        cmocka_unit_test(a_full_disk_keeps_what_was_there),
    };
    (void)signal(SIGXFSZ, SIG_IGN);
    if (mkdtemp(folder) == NULL)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return failed + (rmdir(folder) != 0);
}
