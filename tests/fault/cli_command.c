/* The whole command with its n-th allocation failing: from the command line over data, formula and fit to the output.
 * It must say that memory is out, give back all it holds, and never write half a result as if it were whole. */
#include "harness/harness.h"

#include "cli/command.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char data_path[64];

static int write_data(void **state)
{
    (void)state;
    strcpy(data_path, "/tmp/quern-cli-XXXXXX");
    int fd = mkstemp(data_path);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (file == NULL)
        return -1;
    fputs("x,y\n1,2.1\n2,3.9\n3,6.2\n4,7.8\n5,10.1\n", file);
    if (fclose(file) != 0)
        return -1;
    return setenv("QUERN_CONFIG", "", 1); /* nobody's own configuration */
}

static int remove_data(void **state)
{
    (void)state;
    return unlink(data_path);
}

/* Runs the words with standard output and error out of the way. */
static int run_quietly(const char *const *words, int count, const qn_allocator *allocator)
{
    char *argv[16];
    assert_true(count < 16);
    for (int i = 0; i < count; i++)
        argv[i] = strdup(words[i]);
    argv[count] = NULL;
    int out = dup(STDOUT_FILENO), errors = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY);
    assert_true(out >= 0 && errors >= 0 && null >= 0);
    fflush(stdout);
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    qni_stop stop;
    atomic_bool patient = false;
    qni_stop_init(&stop, allocator);
    int code = qni_stop_finish(&stop, qni_command(count, argv, &stop, &patient, allocator));
    dup2(out, STDOUT_FILENO);
    dup2(errors, STDERR_FILENO);
    close(out);
    close(errors);
    close(null);
    for (int i = 0; i < count; i++)
        free(argv[i]);
    return code;
}

typedef struct line {
    const char *words[12];
    int count;
} line;

static qn_status call(const qn_allocator *allocator, void *user)
{
    const line *l = user;
    int code = run_quietly(l->words, l->count, allocator);
    assert_true(code == 0 || code == 71);
    return code == 0 ? QN_OK : QN_NOMEM;
}

static void a_fit_shown_as_text_survives_every_failing_allocation(void **state)
{
    (void)state;
    line l = {{"quern", "fit", "y = a*x + b", data_path, "--start", "a=1,b=0", "--bounds", "a=0:10"}, 8};
    assert_true(test_fault_sweep(call, &l, 10000) > 5);
}

static void a_fit_shown_as_json_survives_every_failing_allocation(void **state)
{
    (void)state;
    line l = {{"quern", "fit", "--format=json", "-y", "y", "--", "-a*x", data_path}, 8};
    assert_true(test_fault_sweep(call, &l, 10000) > 5);
}

static void a_counted_fit_survives_every_failing_allocation(void **state)
{
    (void)state;
    line l = {{"quern", "fit", "y = a*x + b", data_path, "--start", "a=1,b=0", "--memory"}, 7};
    assert_true(test_fault_sweep(call, &l, 10000) > 5);
}

static void info_survives_every_failing_allocation(void **state)
{
    (void)state;
    line l = {{"quern", "info", "--format", "json"}, 4};
    assert_true(test_fault_sweep(call, &l, 100) > 1);
}

static void a_configured_command_survives_every_failing_allocation(void **state)
{
    (void)state;
    line l = {{"quern", "config", "show", "--memory"}, 4};
    char path[80];
    snprintf(path, sizeof path, "%s.conf", data_path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("log-level = 'error'\n[fit]\nformat = 'csv'\n", file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(setenv("QUERN_CONFIG", path, 1), 0);
    assert_true(test_fault_sweep(call, &l, 100) > 5);
    assert_int_equal(setenv("QUERN_CONFIG", "", 1), 0);
    assert_int_equal(unlink(path), 0);
}

static void help_survives_every_failing_allocation(void **state)
{
    (void)state;
    line l = {{"quern", "fit", "--help"}, 3};
    assert_true(test_fault_sweep(call, &l, 100) > 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fit_shown_as_text_survives_every_failing_allocation),
        cmocka_unit_test(a_fit_shown_as_json_survives_every_failing_allocation),
        cmocka_unit_test(a_counted_fit_survives_every_failing_allocation),
        cmocka_unit_test(info_survives_every_failing_allocation),
        cmocka_unit_test(a_configured_command_survives_every_failing_allocation),
        cmocka_unit_test(help_survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, write_data, remove_data);
}
