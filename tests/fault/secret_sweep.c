/* Every allocation of fetching a secret fails in turn: from a file, from systemd, from a program. */
#include "harness/harness.h"

#include "base/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static qn_status fetch(const qn_allocator *allocator, void *user)
{
    qni_secret secret;
    qn_status s = qni_secret_read(&secret, user, allocator, NULL);
    if (s == QN_OK)
        assert_string_equal(secret.bytes, "open sesame");
    else
        assert_null(secret.block);
    qni_secret_fini(&secret);
    return s;
}

static void fetching_survives_every_failed_allocation(void **state)
{
    (void)state;
    char path[] = "/tmp/quern-secret-XXXXXX", file[64], command[64] = "command:printf 'open sesame\\n'", credential[64];
    int fd = mkstemp(path); /* mode 0600 */
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "open sesame\n", 12), 12);
    assert_int_equal(close(fd), 0);
    (void)snprintf(file, sizeof file, "file:%s", path);
    (void)snprintf(credential, sizeof credential, "credential:%s", path + 5);
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", "/tmp", 1), 0);
    assert_true(test_fault_sweep(fetch, file, 100) > 1);
    assert_true(test_fault_sweep(fetch, credential, 100) > 1);
    assert_true(test_fault_sweep(fetch, command, 100) > 1);
    assert_int_equal(unlink(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(fetching_survives_every_failed_allocation)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
