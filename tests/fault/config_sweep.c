/* Every allocation of reading a configuration fails in turn: of a text alone, and of a file with the environment. */
#include "harness/harness.h"

#include "base/config.h"
#include "cli/configure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char text[] =
    "a = 1\nb = [1, 2, 3, 4, 5, 6, 7, 8, 9, 'ten', 11, 12]\n[t]\nc = \"x\"\nd = 1\ne = 2\nf = 3\n"
    "g = 4\nh = 5\n[u]\n[v]\n[w]\n[x]\n[y]\n[z]\ni = 6\nj = true\n";

static qn_status read_text(const qn_allocator *allocator, void *user)
{
    (void)user;
    qni_config config;
    qn_status s = qni_config_read(&config, text, sizeof text - 1, "x.conf", allocator, NULL);
    if (s == QN_OK)
        assert_int_equal(config.entry_count, 10);
    else
        assert_null(config.texts);
    qni_config_free(&config);
    return s;
}

static void reading_survives_every_failed_allocation(void **state)
{
    (void)state;
    assert_true(test_fault_sweep(read_text, NULL, 100) > 4);
}

static qn_status read_settings(const qn_allocator *allocator, void *user)
{
    qni_settings settings;
    qn_status s = qni_settings_read(&settings, &qni_command_tables, user, allocator, NULL);
    if (s == QN_OK) {
        assert_true(settings.present);
        assert_int_equal(settings.count, 3);
    } else {
        assert_null(settings.path);
    }
    qni_settings_free(&settings);
    return s;
}

static void file_and_environment_survive_every_failed_allocation(void **state)
{
    (void)state;
    char path[] = "/tmp/quern-config-XXXXXX", variable[64];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *file = fdopen(fd, "w");
    assert_non_null(file);
    fputs("memory = false\n[fit]\nformat = 'csv'\nmax-evals = 7\n", file);
    assert_int_equal(fclose(file), 0);
    snprintf(variable, sizeof variable, "QUERN_CONFIG=%s", path);
    char quiet[] = "QUERN_MEMORY=1";
    char *environment[] = {variable, quiet, NULL};
    assert_true(test_fault_sweep(read_settings, environment, 100) > 5);
    assert_int_equal(unlink(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reading_survives_every_failed_allocation),
        cmocka_unit_test(file_and_environment_survive_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
